/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hcloud-emulator: a stand-in for the cloud on the loopback network.
 */
#include "contrib/emulator/emulator.h"
#include "contrib/emulator/world-internal.h"

#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

enum { LOOK_EVERY_MS = 1000 };

/*
 * The directory of the documents: given, else where they were installed, else those of the source.
 */
static const char *contract_directory(const struct options *options) {
        if (options->contract)
                return options->contract;
        return access(CONTRACT_INSTALLED "/dws.openapi.json", R_OK) == 0 ? CONTRACT_INSTALLED
                                                                         : CONTRACT_SOURCE;
}

static char *tls_directory(const struct options *options) {
        const char *runtime = getenv("XDG_RUNTIME_DIR");

        if (options->tls_dir)
                return x_strdup(options->tls_dir);
        return x_printf("%s/hcloud-emulator-%u", runtime && *runtime ? runtime : "/tmp",
                        (unsigned)getuid());
}

static int load_world(struct emulator *emulator) {
        const struct options *options = emulator->options;
        struct json_object *document = NULL;
        int r;

        if (!options->state || access(options->state, F_OK) < 0)
                return seed_world(emulator->world, options->seed);
        r = js_parse_file(options->state, &document);
        if (r == 0)
                r = world_load(emulator->world, document);
        json_object_put(document);
        if (r < 0)
                fprintf(stderr, "hcloud-emulator: cannot read the state in %s: %s\n",
                        options->state,
                        r == -EBADMSG ? "not a state of this program" : strerror(-r));
        return r;
}

static void save_world(struct emulator *emulator, uint64_t *saved) {
        struct json_object *document;
        const char *text, *path = emulator->options->state;
        int r = 0;

        if (!path)
                return;
        world_enter(emulator->world);
        if (emulator->world->version != *saved) {
                *saved = emulator->world->version;
                document = world_save(emulator->world);
                text = json_object_to_json_string_ext(document, JSON_C_TO_STRING_PLAIN);
                r = write_file(path, text, strlen(text), 0600);
                json_object_put(document);
        }
        world_leave(emulator->world, false);
        if (r < 0)
                fprintf(stderr, "hcloud-emulator: cannot write %s: %s\n", path, strerror(-r));
}

/*
 * Blocks the signals that end the program, for all threads, and returns a descriptor that reads
 * them.
 */
static int catch_signals(void) {
        sigset_t set;
        int fd;

        signal(SIGPIPE, SIG_IGN);
        sigemptyset(&set);
        sigaddset(&set, SIGINT);
        sigaddset(&set, SIGTERM);
        sigaddset(&set, SIGHUP);
        pthread_sigmask(SIG_BLOCK, &set, NULL);
        fd = signalfd(-1, &set, SFD_CLOEXEC);
        if (fd < 0)
                die("cannot catch signals: %s", strerror(errno));
        return fd;
}

static bool input_ended(void) {
        char buf[256];

        return read(STDIN_FILENO, buf, sizeof(buf)) <= 0;
}

/* Waits for a signal or the end of the parent; saves the state from time to time meanwhile. */
static void wait_for_end(struct emulator *emulator, int signals) {
        bool with_parent = emulator->options->exit_with_parent;
        struct pollfd fds[] = {
                { .fd = signals, .events = POLLIN },
                { .fd = with_parent ? STDIN_FILENO : -1, .events = POLLIN },
        };
        int timeout = emulator->options->state || with_parent ? LOOK_EVERY_MS : -1;
        uint64_t saved = UINT64_MAX;
        pid_t parent = getppid();

        /* Not by a death signal: that comes already when the thread ends that started us. */
        while (!with_parent || getppid() == parent) {
                if (poll(fds, ELEMENTSOF(fds), timeout) < 0 && errno != EINTR)
                        break;
                if (fds[0].revents || (fds[1].revents && input_ended()))
                        break;
                save_world(emulator, &saved);
        }
        save_world(emulator, &saved);
}

static int serve(struct emulator *emulator, int signals, int fd) {
        _cleanup_(freep) char *directory = tls_directory(emulator->options);
        struct server *server = NULL;
        struct tls *tls = NULL;
        int r = 0;

        if (!emulator->options->plain)
                r = tls_new(directory, &tls);
        if (tls && !emulator->options->tls_dir)
                fprintf(stderr, "hcloud-emulator: the certificate authority is %s/ca.pem\n",
                        directory);
        if (tls)
                emulator->world->authority = tls_authority(tls);
        if (r == 0)
                r = server_start(emulator, tls, fd, &server);
        if (r == 0) {
                printf("listening on %s://127.0.0.1:%u\n",
                       emulator->options->plain ? "http" : "https", emulator->world->port);
                fflush(stdout);
                wait_for_end(emulator, signals);
                world_stop(emulator->world);
                server_stop(server);
        }
        tls_free(tls);
        return r;
}

static int prepare(struct emulator *emulator) {
        const struct options *options = emulator->options;
        int r;

        emulator->world->speed = options->speed;
        emulator->world->token_life_s = options->token_life_s;
        emulator->log = request_log_new(options->request_log);
        if (!emulator->log)
                return -EIO;
        r = contract_load(contract_directory(options), &emulator->contract);
        if (r < 0)
                return r;
        emulator->world->now_ms += options->clock_offset_s * 1000; /* the moment of the seeds */
        r = load_world(emulator);
        if (r < 0)
                return r;
        if (options->clock_offset_s)
                emulator->world->offset_ms = options->clock_offset_s * 1000;
        if (options->faults)
                r = faults_watch(emulator->faults, options->faults);
        if (r < 0)
                fprintf(stderr, "hcloud-emulator: cannot use the fault rules in %s\n",
                        options->faults);
        return r;
}

int main(int argc, char **argv) {
        struct options options;
        struct emulator emulator = { .options = &options };
        int signals, fd = -1, r;

        options_parse(&options, argc, argv);
        signals = catch_signals();
        emulator.world = world_new();
        emulator.faults = faults_new();
        emulator.stale = stale_new();
        emulator.world->plain = options.plain;
        r = server_bind(options.listen, &fd, &emulator.world->port);
        if (r == 0)
                r = prepare(&emulator);
        if (r == 0)
                r = serve(&emulator, signals, fd);
        contract_free(emulator.contract);
        stale_free(emulator.stale);
        faults_free(emulator.faults);
        request_log_free(emulator.log);
        world_free(emulator.world);
        close(signals);
        return r < 0 ? 1 : 0;
}
