/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Kills the daemon at moments that nobody chose, in saves, creations and deletions, while servers
 * fail as well, others look on, and somebody else makes things; mounts anew on the same state, and
 * looks whether anything that was accepted is lost, was made twice, or has bytes that nobody wrote,
 * and whether anybody hangs.
 *
 * usage: [SEED=N] [ROUNDS=N] [KEEP=1] crash HCLOUDFS EMULATOR CONTRACT
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/faults/ledger.h"

enum {
        ROUNDS = 200,
        OPERATIONS = 5,
        SETTLE_MS = 40 * 1000,
        SHORT_TEXT = 100,
        LONG_TEXT = 3000,
        READER_MS = 10,
        READER_END_MS = 5000
};

static const char *const faults[] = {
        "",
        "",
        "POST */kie/kv times=1 processed-then-reset\n",
        "POST * after=1 times=1 processed-then-reset\n",
        "PUT * times=1 processed-then-reset\n",
        "DELETE * times=1 processed-then-reset\n",
        "PUT * after=1 times=1 reset\n",
        "POST * times=2 status=503 gateway\n",
        "* * after=3 times=2 status=500 gateway\n",
        "* * after=2 times=2 reset\n",
        "GET * after=2 times=1 cut\n",
        "POST * times=2 stall=60\nPUT * times=2 stall=60\n",
        "POST * after=2 times=1 stall=80 processed-then-reset\nPUT * times=3 stall=20\n",
        "DELETE * times=2 status=503 gateway\nPUT * after=1 times=1 status=500 gateway\n",
};

static struct {
        struct ledger ledger;
        struct dice dice;
        unsigned serial, kills, operations, hung;
} test;

/* Kills after a time, from another thread. */
struct killer {
        pthread_t thread;
        long after_us;
};

static void *kill_later(void *data) {
        const struct killer *killer = data;
        const struct timespec after = { .tv_sec = killer->after_us / 1000000,
                                        .tv_nsec = killer->after_us % 1000000 * 1000 };

        (void)ppoll(NULL, 0, &after, NULL);
        rig_kill();
        return NULL;
}

/* Mostly within the request, now and then in what is done later. */
static void arm(struct killer *killer) {
        killer->after_us = dice_roll(&test.dice, 8) ? (long)dice_roll(&test.dice, 50000)
                                                    : (long)dice_roll(&test.dice, 1600000);
        if (pthread_create(&killer->thread, NULL, kill_later, killer) != 0)
                die("no thread");
        test.kills++;
}

/* Each text is one of a kind. */
static char *make_text(enum sort sort) {
        char *text = x_printf("text %u", ++test.serial);
        size_t len = strlen(text), more = dice_roll(&test.dice, 3) ? 0 : LONG_TEXT;

        if (sort != SORT_VALUE && sort != SORT_SCHEMA && more)
                more = SHORT_TEXT; /* their members are bounded */

        text = x_realloc(text, len + more + 1);
        memset(text + len, 'a' + (int)(test.serial % 26), more);
        text[len + more] = '\0';
        return text;
}

/* As an editor does: a new file beside it, then over it. */
static int save_by_rename(const char *path, const char *bytes) {
        const char *slash = strrchr(path, '/');
        _cleanup_(freep) char *beside =
                x_printf("%.*s/.%s.new", (int)(slash - path), path, slash + 1);
        int r = rig_write(beside, bytes, strlen(bytes), O_CREAT | O_TRUNC);

        if (r == 0 && rename(beside, path) < 0)
                r = -errno;
        return r;
}

/* As a shell does: opened here, written by a child, closed here at last. */
static int save_by_child(const char *path, const char *bytes) {
        int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644), status = 0, r = 0;
        pid_t pid;

        if (fd < 0)
                return -errno;
        pid = fork();
        if (pid == 0)
                _exit(write(fd, bytes, strlen(bytes)) == (ssize_t)strlen(bytes) ? 0 : 1);
        if (pid < 0 || waitpid(pid, &status, 0) != pid || status != 0)
                r = -EIO;
        if (close(fd) < 0)
                r = -errno;
        return r;
}

/* As install and git do: what is there goes first. Both are one save: when the second half fails,
 * what was there may stay. */
static int save_by_removal(struct thing *thing, const char *path, const char *bytes) {
        int r = unlink(path) < 0 ? -errno : 0;

        if (r == 0)
                r = rig_write(path, bytes, strlen(bytes), O_CREAT | O_EXCL);
        if (r < 0)
                ledger_note(&test.ledger, thing, NULL, r);
        return r;
}

static void save(struct thing *thing, bool is_new) {
        _cleanup_(freep) char *path = thing_path(thing->sort, thing->name);
        char *text = make_text(thing->sort);
        _cleanup_(freep) char *bytes = thing_document(thing->sort, thing->name, text);
        unsigned how = dice_roll(&test.dice, 5);
        int r;

        if (how == 0 && !is_new)
                r = save_by_rename(path, bytes);
        else if (how == 4 && !is_new && thing->sort != SORT_PROPERTIES)
                r = save_by_removal(thing, path, bytes);
        else if (how == 1)
                r = save_by_child(path, bytes);
        else
                r = rig_write(path, bytes, strlen(bytes), O_CREAT | O_TRUNC);
        ledger_note(&test.ledger, thing, text, r);
}

static void make(enum sort sort) {
        _cleanup_(freep) char *name = x_printf("t%u", ++test.serial), *path = NULL;
        struct thing *thing = ledger_new(&test.ledger, sort, name);

        test.ledger.created[sort]++;
        path = thing_path(sort, name);
        if (sort == SORT_FLEET)
                ledger_note(&test.ledger, thing, x_strdup(""), mkdir(path, 0755) < 0 ? -errno : 0);
        else
                save(thing, true);
}

static void take_away(struct thing *thing) {
        _cleanup_(freep) char *path = thing_path(thing->sort, thing->name);
        int r = thing->sort == SORT_FLEET ? rmdir(path) : unlink(path);

        ledger_note(&test.ledger, thing, NULL, r < 0 ? -errno : 0);
}

static void operate(void) {
        static const unsigned char often[] = { SORT_VALUE,      SORT_VALUE,  SORT_SCHEMA,
                                               SORT_PROPERTIES, SORT_POLICY, SORT_POLICY,
                                               SORT_FLEET,      SORT_ALARM };
        enum sort sort = (enum sort)often[dice_roll(&test.dice, sizeof(often))];
        struct thing *thing = ledger_pick(&test.ledger, &test.dice, sort);
        unsigned what = dice_roll(&test.dice, 10);

        test.operations++;
        if (sort == SORT_PROPERTIES && !thing) /* in doubt */
                sort = SORT_VALUE;
        if (sort != SORT_PROPERTIES && (!thing || what < 3))
                make(sort);
        else if (sort == SORT_FLEET || (sort != SORT_PROPERTIES && what < 5))
                take_away(thing);
        else
                save(thing, false);
}

/* Where things stand, each directory once. */
static const enum sort places[] = { SORT_VALUE, SORT_SCHEMA, SORT_POLICY, SORT_ALARM, SORT_FLEET };

/* Lists a directory and looks at what it shows. Returns whether the mount is alive. */
static bool look_around(enum sort sort) {
        _cleanup_(freep) char *path = thing_path(sort, "");
        struct stat st;
        const struct dirent *entry;
        DIR *dir;

        *strrchr(path, '/') = '\0';
        dir = opendir(path);
        if (!dir)
                return errno != ENOTCONN && errno != ECONNABORTED;
        while ((entry = readdir(dir)))
                (void)fstatat(dirfd(dir), entry->d_name, &st, AT_SYMLINK_NOFOLLOW);
        (void)closedir(dir);
        return true;
}

/* A process that looks around until the mount is dead. */
static pid_t start_reader(void) {
        pid_t pid = fork();

        if (pid < 0)
                die("fork: %s", strerror(errno));
        if (pid > 0)
                return pid;
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
        for (size_t i = 0; look_around(places[i % ELEMENTSOF(places)]); i++)
                (void)poll(NULL, 0, READER_MS);
        _exit(0);
}

static bool has_ended(void *data) {
        const pid_t *pid = data;

        return waitpid(*pid, NULL, WNOHANG) == *pid;
}

/* After the daemon was killed: nobody waits for it. */
static void end_reader(pid_t pid) {
        if (rig_await(READER_END_MS, has_ended, &pid))
                return;
        test.hung++;
        printf("# a reader hangs\n");
        (void)kill(pid, SIGKILL);
}

/* Somebody else makes a fleet, so that lists change under way. */
static void make_elsewhere(void) {
        _cleanup_(freep) char *body =
                x_printf("{\"metadata\": {\"name\": \"other-%u\"}, \"spec\": {}}", ++test.serial);

        test.ledger.created[SORT_FLEET]++;
        if (rig_ask("POST", "ucs", "/v1/clustergroups", body, NULL) < 0)
                die("nobody can ask the emulator");
}

/* Nothing in the queue but what waits for a decision. */
static bool is_settled(void *data) {
        _cleanup_(freep) char *dir_path = rig_path(".hcloudfs/queue");
        DIR *dir = opendir(dir_path);
        const struct dirent *entry;
        bool is_busy = !dir;

        (void)data;
        while (dir && (entry = readdir(dir))) {
                _cleanup_(freep) char *path = x_printf("%s/%s", dir_path, entry->d_name);
                _cleanup_(freep) char *text = NULL;
                size_t len;

                if (rig_read(path, &text, &len) == 0)
                        is_busy |= !strstr(text, "nobody knows whether");
        }
        if (dir)
                (void)closedir(dir);
        return !is_busy;
}

static void run_round(void) {
        struct killer killer;
        pid_t reader;

        make_elsewhere();
        reader = start_reader();
        rig_faults(faults[dice_roll(&test.dice, ELEMENTSOF(faults))]);
        for (unsigned i = 1; i < OPERATIONS; i++)
                operate();
        arm(&killer);
        operate();
        (void)pthread_join(killer.thread, NULL);
        end_reader(reader);
        rig_bury();
        rig_faults("");
        rig_mount();
        if (dice_roll(&test.dice, 8) == 0) { /* and while it takes up what was left */
                arm(&killer);
                (void)pthread_join(killer.thread, NULL);
                rig_bury();
                rig_mount();
        }
        if (!rig_await(SETTLE_MS, is_settled, NULL)) {
                test.ledger.lost++;
                printf("# what was accepted is still not decided\n");
        }
        ledger_check(&test.ledger);
}

/* Creations that servers carried out: never more than were asked for, in total. */
static void count_creations(void) {
        static const char *const calls[SORTS] = {
                [SORT_VALUE] = "createConfig",
                [SORT_POLICY] = "createPermissionRule",
                [SORT_ALARM] = "createAlarmSubscription",
                [SORT_FLEET] = "createFleet",
        };
        unsigned counts[SORTS] = { 0 };
        struct json_object *answer, *list;

        (void)rig_ask("GET", "emulator", "/requests", NULL, &answer);
        list = js_get(answer, "/requests");
        for (size_t i = 0; i < js_len(list, ""); i++) {
                const char *id = js_str(js_at(list, i), "/operationId");

                if (js_str(js_at(list, i), "/violation"))
                        printf("# violation: %s: %s\n", id, js_str(js_at(list, i), "/violation"));
                for (size_t sort = 0; sort < SORTS; sort++)
                        counts[sort] += calls[sort] && str_eq(id, calls[sort]);
        }
        for (size_t sort = 0; sort < SORTS; sort++) {
                if (!calls[sort])
                        continue;
                printf("# %s: %u requests, %u wanted\n", calls[sort], counts[sort],
                       test.ledger.created[sort]);
                if (counts[sort] > test.ledger.created[sort])
                        test.ledger.doubled++;
        }
        json_object_put(answer);
}

static uint64_t count_bad(const struct ledger *ledger) {
        return (uint64_t)ledger->lost + ledger->wrong + ledger->doubled + rig_failures() +
               test.hung;
}

int main(int argc, char **argv) {
        static const char *const options[] = { "--speed", "0", "--latency", "2", NULL };
        uint64_t seed = rig_number("SEED", (uint64_t)wall_ms() % 1000000), bad_before = 0;
        unsigned rounds = (unsigned)rig_number("ROUNDS", ROUNDS);
        const struct ledger *ledger = &test.ledger;
        uint64_t bad;

        if (argc != 4 || access("/dev/fuse", R_OK | W_OK) < 0)
                return argc != 4 ? 2 : 77;
        setvbuf(stdout, NULL, _IOLBF, 0);
        printf("# SEED=%llu ROUNDS=%u\n", (unsigned long long)seed, rounds);
        dice_init(&test.dice, seed);
        rig_start(argv[1], argv[2], argv[3], options);
        ledger_new(&test.ledger, SORT_PROPERTIES, "properties")->before = x_strdup("");
        for (unsigned i = 0; i < rounds; i++) {
                run_round();
                bad = count_bad(ledger);
                if (bad > bad_before)
                        printf("# ^^^ round %u\n", i);
                bad_before = bad;
        }
        count_creations();
        bad = count_bad(ledger);
        printf("# %u kills, %u operations: %u accepted, %u refused, %u without an answer; "
               "%u kept aside\n",
               test.kills, test.operations, ledger->accepted, ledger->refused, ledger->untold,
               ledger->kept);
        printf("%s: %u lost, %u doubled, %u with wrong bytes, %u hung\n", bad ? "failed" : "passed",
               ledger->lost, ledger->doubled, ledger->wrong, rig_failures() + test.hung);
        rig_stop(bad && rig_number("KEEP", 0));
        ledger_done(&test.ledger);
        return bad ? 1 : 0;
}
