/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/demo.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "base/stamp.h"
#include "base/text.h"

enum { START_TIMEOUT_MS = 30 * 1000, LINE_BYTES_MAX = 256, ARGUMENTS_MAX = 16, PORT_MAX = 65535 };

struct demo {
        pid_t child;
        int input; /* its standard input: it ends when that does */
        unsigned port;
        char *directory; /* private; its certificate and what it says; owned */
};

static int join(const char *directory, const char *name, char **ret) {
        return text_format(ret, "%s/%s", directory, name);
}

/* Beside this program, in the tree it was built in, or wherever the shell would find it. */
static int find_program(char **ret) {
        static const char *const places[] = { "hcloud-emulator",
                                              "../contrib/emulator/hcloud-emulator" };
        char own[PATH_MAX];
        ssize_t n = readlink("/proc/self/exe", own, sizeof(own) - 1);
        char *slash;

        own[n > 0 ? n : 0] = '\0';
        slash = strrchr(own, '/');
        for (size_t i = 0; slash && i < ELEMENTSOF(places); i++) {
                int r;

                *slash = '\0';
                r = join(own, places[i], ret);
                if (r < 0)
                        return r;
                if (access(*ret, X_OK) == 0)
                        return 0;
                free(*ret);
                *ret = NULL;
        }
        *ret = strdup("hcloud-emulator");
        return *ret ? 0 : -ENOMEM;
}

static int make_directory(char **ret) {
        const char *base = getenv("XDG_RUNTIME_DIR");
        _cleanup_(freep) char *path = NULL;
        int r = join(text_is_empty(base) ? "/tmp" : base, "hcloudfs-demo-XXXXXX", &path);

        if (r < 0)
                return r;
        if (!mkdtemp(path))
                return -errno;
        *ret = STEAL(path);
        return 0;
}

static void remove_directory(const char *path) {
        const struct dirent *entry;
        DIR *dir = opendir(path);

        if (!dir)
                return;
        while ((entry = readdir(dir)))
                (void)unlinkat(dirfd(dir), entry->d_name, 0);
        closedir(dir);
        (void)rmdir(path);
}

/* Standard input and output are pipes to us, what it complains of goes to a file. */
static int spawn(struct demo *demo, const char *program, const char *const *arguments, int input,
                 int output) {
        posix_spawn_file_actions_t actions;
        posix_spawnattr_t attributes;
        _cleanup_(freep) char *log = NULL;
        sigset_t none;
        int r = join(demo->directory, "log", &log);

        if (r < 0)
                return r;
        sigemptyset(&none);
        posix_spawnattr_init(&attributes);
        posix_spawnattr_setsigmask(&attributes, &none);
        posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
        posix_spawn_file_actions_init(&actions);
        posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO);
        posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
        posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, log,
                                         O_WRONLY | O_CREAT | O_APPEND, 0600);
        r = posix_spawnp(&demo->child, program, &actions, &attributes,
                         (char *const *)(uintptr_t)arguments, environ);
        posix_spawn_file_actions_destroy(&actions);
        posix_spawnattr_destroy(&attributes);
        return -r;
}

/* Reads `listening on https://127.0.0.1:PORT`. */
static int read_port(int fd, unsigned *ret) {
        int64_t until = stamp_monotonic_ms() + START_TIMEOUT_MS;
        char line[LINE_BYTES_MAX];
        size_t len = 0;
        char *colon;

        while (len < sizeof(line) - 1 && !memchr(line, '\n', len)) {
                struct pollfd wanted = { .fd = fd, .events = POLLIN };
                int64_t left = until - stamp_monotonic_ms();
                ssize_t n;

                if (left <= 0)
                        return -ETIMEDOUT;
                if (poll(&wanted, 1, (int)left) < 0 && errno != EINTR)
                        return -errno;
                if (!wanted.revents)
                        continue;
                n = read(fd, line + len, sizeof(line) - 1 - len);
                if (n <= 0)
                        return -EPIPE;
                len += (size_t)n;
        }
        line[len] = '\0';
        line[strcspn(line, "\n")] = '\0';
        colon = strrchr(line, ':');
        return colon ? text_uint(colon + 1, PORT_MAX, ret) : -EPROTO;
}

static int launch(struct demo *demo, int input, int output) {
        _cleanup_(freep) char *program = NULL;
        const char *request_log = getenv("HCLOUDFS_DEMO_LOG");
        const char *arguments[ARGUMENTS_MAX] = {
                "hcloud-emulator", "--listen", "127.0.0.1:0",        "--seed", "demo",
                "--tls-dir",       NULL,       "--exit-with-parent", NULL,
        };
        int r = find_program(&program);

        if (r < 0)
                return r;
        arguments[6] = demo->directory;
        if (!text_is_empty(request_log)) {
                arguments[8] = "--request-log";
                arguments[9] = request_log;
        }
        r = spawn(demo, program, arguments, input, output);
        if (r < 0)
                log_error("cannot start %s: %s", program, strerror(-r));
        return r;
}

static void show_log(const struct demo *demo) {
        _cleanup_(freep) char *path = NULL;
        char text[1024];
        ssize_t n = 0;
        int fd = join(demo->directory, "log", &path) == 0 ? open(path, O_RDONLY | O_CLOEXEC) : -1;

        if (fd >= 0) {
                n = read(fd, text, sizeof(text) - 1);
                close(fd);
        }
        text[n > 0 ? n : 0] = '\0';
        log_error("the emulator did not start%s%s", n > 0 ? ": " : "", text);
}

/**
 * demo_start() - start the emulator, wait until it listens. Fails with a line in the log.
 * Its requests are logged to $HCLOUDFS_DEMO_LOG where that is set.
 */
int demo_start(struct demo **ret) {
        _cleanup_(demo_stopp) struct demo *demo = calloc(1, sizeof(*demo));
        int input[2], output[2], r;

        if (!demo)
                return -ENOMEM;
        demo->input = -1;
        r = make_directory(&demo->directory);
        if (r < 0)
                return r;
        if (pipe2(input, O_CLOEXEC) < 0)
                return -errno;
        demo->input = input[1];
        if (pipe2(output, O_CLOEXEC) < 0) {
                r = -errno;
                close(input[0]);
                return r;
        }
        r = launch(demo, input[0], output[1]);
        close(input[0]);
        close(output[1]);
        if (r == 0) {
                r = read_port(output[0], &demo->port);
                if (r < 0)
                        show_log(demo);
        }
        close(output[0]);
        if (r < 0)
                return r;
        *ret = STEAL(demo);
        return 0;
}

/** demo_directory() - a private one that goes when the demonstration ends; borrowed. */
const char *demo_directory(const struct demo *demo) {
        return demo->directory;
}

/** demo_stop() - end it and remove what it left. Returns NULL. */
struct demo *demo_stop(struct demo *demo) {
        int status;

        if (!demo)
                return NULL;
        if (demo->input >= 0)
                close(demo->input);
        if (demo->child > 0) {
                (void)kill(demo->child, SIGTERM);
                while (waitpid(demo->child, &status, 0) < 0 && errno == EINTR)
                        continue;
        }
        if (demo->directory)
                remove_directory(demo->directory);
        free(demo->directory);
        free(demo);
        return NULL;
}

static int set_endpoint(struct setting *setting, const char *service, const char *host,
                        unsigned port) {
        setting->name = strdup(service);
        if (!setting->name)
                return -ENOMEM;
        return text_format(&setting->value, "https://%s.localhost:%u", host, port);
}

static int set_endpoints(const struct demo *demo, struct account *account) {
        static const struct {
                const char *service, *host;
        } rows[] = {
                { "iam", "iam" },          { "dws", "dws.{region}" }, { "cse", "cse.{region}" },
                { "ems", "ems.{region}" }, { "ucs", "ucs" },
        };
        int r = 0;

        account->endpoints = calloc(ELEMENTSOF(rows), sizeof(*account->endpoints));
        if (!account->endpoints)
                return -ENOMEM;
        for (size_t i = 0; r == 0 && i < ELEMENTSOF(rows); i++) {
                account->n_endpoints = i + 1;
                r = set_endpoint(&account->endpoints[i], rows[i].service, rows[i].host, demo->port);
        }
        return r;
}

/** demo_config() - a configuration with the account `demo`, whose keys are no secret. */
int demo_config(const struct demo *demo, struct config **ret) {
        _cleanup_(config_freep) struct config *config = calloc(1, sizeof(*config));
        struct account *account;
        int r;

        if (!config)
                return -ENOMEM;
        config->accounts = calloc(1, sizeof(*config->accounts));
        if (!config->accounts)
                return -ENOMEM;
        config->n_accounts = 1;
        account = &config->accounts[0];
        account->type = ACCOUNT_CLOUD;
        account->allow_delete = ALLOW_DOCUMENTS;
        account->allow_create = ALLOW_ALL;
        account->name = strdup("demo");
        account->origin = strdup("the demo's emulator");
        account->ak = strdup("HCLOUDFSDEMOACCESSKEY");
        account->sk = strdup("demo-secret-key-not-a-secret");
        account->cloud = strdup("myhuaweicloud.com");
        if (!account->name || !account->origin || !account->ak || !account->sk || !account->cloud)
                return -ENOMEM;
        r = join(demo->directory, "ca.pem", &account->ca_file);
        if (r == 0)
                r = set_endpoints(demo, account);
        if (r < 0)
                return r;
        *ret = STEAL(config);
        return 0;
}
