/* SPDX-License-Identifier: Apache-2.0 */
/* Many at once, slow answers, interrupts, prefetch: what happens while somebody waits. */
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "base/stamp.h"
#include "fs/branch.h"
#include "tests/unit/fs/mounted.h"
#include "tests/unit/unit.h"

enum { MANY = 60, MOST = WAIT_SLOTS - WAIT_SPARE /* of one service */, PATIENCE_MS = 20000 };

static struct mounted mounted;
static struct place *files[MANY];

/* Files `f00` to `f59`, each a call of its own, and the list of them known. */
static void start_many(bool is_costly) {
        struct view *view = fake_new();

        for (int i = 0; i < MANY; i++) {
                char name[16];

                (void)snprintf(name, sizeof(name), "f%02d", i);
                files[i] = fake_add(view, NULL, name, ENTRY_FILE, name);
                if (is_costly)
                        fake_set_costly(view, files[i]);
        }
        mounted_start(&mounted, view, false);
        ck_assert_int_eq(mounted_run(&mounted, "ls demo", NULL), 0);
}

static void start_demo(unsigned clusters) {
        struct view *view = fake_new();

        fake_add_demo(view, clusters);
        mounted_start(&mounted, view, false);
}

/* Waits until the condition holds; the test's time-out ends it otherwise. */
#define AWAIT(condition)                                              \
        do {                                                          \
                int64_t until_ = stamp_monotonic_ms() + PATIENCE_MS;  \
                                                                      \
                while (!(condition) && stamp_monotonic_ms() < until_) \
                        sched_yield();                                \
                ck_assert(condition);                                 \
        } while (0)

static unsigned pending(void) {
        unsigned count;

        pthread_mutex_lock(&mounted.session->wait.lock);
        count = mounted.session->wait.n_pending;
        pthread_mutex_unlock(&mounted.session->wait.lock);
        return count;
}

static unsigned waiting(void) {
        unsigned count;

        pthread_mutex_lock(&mounted.session->wait.lock);
        count = mounted.session->wait.n_waiting;
        pthread_mutex_unlock(&mounted.session->wait.lock);
        return count;
}

START_TEST(whoever_finds_no_slot_is_served_later) {
        pid_t children[MANY];

        start_many(false);
        fake_hold(mounted.view, true);
        for (int i = 0; i < MANY; i++) {
                char command[64];

                (void)snprintf(command, sizeof(command), "exec grep -q '^f%02d$' demo/f%02d", i, i);
                children[i] = mounted_spawn(&mounted, command);
        }
        fake_await_held(mounted.view, MOST);
        AWAIT(pending() == MANY - MOST);
        ck_assert_int_eq(mounted_run(&mounted, "ls demo && cat .hcloudfs/status", NULL), 0);
        ck_assert_uint_eq(fake_reads(mounted.view), MOST);
        fake_hold(mounted.view, false);
        for (int i = 0; i < MANY; i++)
                ck_assert_int_eq(mounted_wait(children[i]), 0);
        ck_assert_uint_eq(fake_reads(mounted.view), MANY);
        ck_assert_uint_eq(pending(), 0);
        mounted_stop(&mounted);
}
END_TEST

START_TEST(who_wants_the_same_waits_for_one_answer) {
        pid_t children[8];

        start_many(false);
        fake_hold(mounted.view, true);
        for (size_t i = 0; i < ELEMENTSOF(children); i++)
                children[i] = mounted_spawn(&mounted, "exec grep -q f07 demo/f07");
        AWAIT(waiting() == ELEMENTSOF(children));
        fake_hold(mounted.view, false);
        for (size_t i = 0; i < ELEMENTSOF(children); i++)
                ck_assert_int_eq(mounted_wait(children[i]), 0);
        ck_assert_uint_eq(fake_asked(mounted.view, files[7]), 1);
        mounted_stop(&mounted);
}
END_TEST

START_TEST(an_interrupt_ends_the_wait_at_once) {
        pid_t child;
        int64_t began;

        start_many(false);
        fake_hold(mounted.view, true);
        child = mounted_spawn(&mounted, "exec cat demo/f03");
        fake_await_held(mounted.view, 1);
        began = stamp_monotonic_ms();
        ck_assert_int_eq(kill(-child, SIGINT), 0);
        ck_assert_int_eq(mounted_wait(child), 128 + SIGINT);
        ck_assert_int_lt(stamp_monotonic_ms() - began, 5000);
        fake_await_held(mounted.view, 0); /* nobody wants it: the question is given up */
        fake_hold(mounted.view, false);
        ck_assert_int_eq(mounted_run(&mounted, "grep -q f03 demo/f03", NULL), 0);
        ck_assert_uint_eq(fake_asked(mounted.view, files[3]), 2);
        mounted_stop(&mounted);
}
END_TEST

START_TEST(an_interrupt_of_one_leaves_the_others) {
        pid_t first, second;

        start_many(false);
        fake_hold(mounted.view, true);
        first = mounted_spawn(&mounted, "exec cat demo/f03");
        fake_await_held(mounted.view, 1);
        second = mounted_spawn(&mounted, "exec grep -q f03 demo/f03");
        AWAIT(waiting() == 2);
        ck_assert_int_eq(kill(-first, SIGINT), 0);
        ck_assert_int_eq(mounted_wait(first), 128 + SIGINT);
        fake_hold(mounted.view, false);
        ck_assert_int_eq(mounted_wait(second), 0);
        mounted_stop(&mounted);
}
END_TEST

START_TEST(an_interrupt_reaches_who_has_no_slot_yet) {
        pid_t children[MOST + 1];

        start_many(false);
        fake_hold(mounted.view, true);
        for (int i = 0; i <= MOST; i++) {
                char command[64];

                (void)snprintf(command, sizeof(command), "exec cat demo/f%02d", i);
                children[i] = mounted_spawn(&mounted, command);
        }
        fake_await_held(mounted.view, MOST);
        AWAIT(pending() == 1);
        for (int i = 0; i <= MOST; i++)
                ck_assert_int_eq(kill(-children[i], SIGINT), 0);
        for (int i = 0; i <= MOST; i++)
                ck_assert_int_eq(mounted_wait(children[i]), 128 + SIGINT);
        fake_await_held(mounted.view, 0);
        AWAIT(pending() == 0);
        fake_hold(mounted.view, false);
        ck_assert_int_eq(mounted_run(&mounted, "cat demo/f00", NULL), 0);
        mounted_stop(&mounted);
}
END_TEST

START_TEST(the_third_body_brings_those_that_follow) {
        start_many(true);
        ck_assert_int_eq(mounted_run(&mounted, "cat demo/f00 demo/f01", NULL), 0);
        ck_assert_uint_eq(fake_reads(mounted.view), 2);
        ck_assert_int_eq(mounted_run(&mounted, "cat demo/f02", NULL), 0);
        AWAIT(fake_reads(mounted.view) == 3 + AHEAD_WINDOW_MIN);
        ck_assert_int_eq(mounted_run(&mounted, "cat demo/f0[0-9]", NULL), 0);
        AWAIT(fake_reads(mounted.view) > 3 + AHEAD_WINDOW_MIN); /* the window moves and grows */
        ck_assert_int_eq(mounted_run(&mounted, "cat demo/f*", NULL), 0);
        ck_assert_uint_eq(fake_reads(mounted.view), MANY);
        ck_assert_uint_eq(fake_asked(mounted.view, files[30]), 1);
        mounted_stop(&mounted);
}
END_TEST

START_TEST(a_failure_ends_the_sweep) {
        start_many(true);
        for (int i = 3; i < MANY; i++)
                fake_fail(mounted.view, files[i], EBUSY, "limited");
        ck_assert_int_eq(mounted_run(&mounted, "cat demo/f00 demo/f01 demo/f02", NULL), 0);
        AWAIT(fake_reads(mounted.view) > 3);
        AWAIT(ahead_queued(&mounted.session->ahead) == 0);
        ck_assert_int_ne(mounted_run(&mounted, "cat demo/f50", NULL), 0);
        ck_assert_uint_eq(fake_asked(mounted.view, files[51]), 0);
        mounted_stop(&mounted);
}
END_TEST

START_TEST(a_walk_brings_the_lists_that_follow) {
        struct place *last, *far;

        start_demo(30);
        last = fake_at(mounted.view, "cn-north-4/dws/clusters/cluster-009/snapshots");
        far = fake_at(mounted.view, "cn-north-4/dws/clusters/cluster-029/snapshots");
        ck_assert_int_eq(mounted_run(&mounted,
                                     "cd demo/cn-north-4/dws/clusters && ls . &&"
                                     "ls cluster-000/snapshots && ls cluster-000/snapshots",
                                     NULL),
                         0);
        ck_assert_uint_eq(fake_asked(mounted.view, last), 0);
        ck_assert_int_eq(mounted_run(&mounted,
                                     "ls demo/cn-north-4/dws/clusters/cluster-001/snapshots", NULL),
                         0);
        AWAIT(fake_asked(mounted.view, last) == 1);
        ck_assert_uint_eq(fake_asked(mounted.view, far), 0);
        ck_assert_int_eq(mounted_run(&mounted, "ls demo/cn-north-4/dws/clusters/*/snapshots", NULL),
                         0);
        AWAIT(fake_asked(mounted.view, far) >= 1);
        mounted_stop(&mounted);
}
END_TEST

/* A registry: below each service a version, below that two collections. */
START_TEST(a_walk_is_recognised_through_levels) {
        struct view *view = fake_new();
        struct place *app = fake_add(view, NULL, "app", ENTRY_DIRECTORY, NULL), *last = NULL;

        for (int i = 0; i < 9; i++) {
                char name[16];
                struct place *version;

                (void)snprintf(name, sizeof(name), "service-%d", i);
                version = fake_add(view, fake_add(view, app, name, ENTRY_DIRECTORY, NULL), "1.0",
                                   ENTRY_DIRECTORY, NULL);
                last = fake_add(view, version, "instances", ENTRY_DIRECTORY, NULL);
                fake_set_costly(view, last);
                last = fake_add(view, version, "schemas", ENTRY_DIRECTORY, NULL);
                fake_set_costly(view, last);
        }
        mounted_start(&mounted, view, false);
        ck_assert_int_eq(mounted_run(&mounted,
                                     "cd demo/app && ls && ls */ && ls service-0/1.0/instances "
                                     "service-0/1.0/schemas",
                                     NULL),
                         0);
        ck_assert_uint_eq(fake_asked(view, last), 0);
        ck_assert_int_eq(mounted_run(&mounted, "ls demo/app/service-1/1.0/instances", NULL), 0);
        AWAIT(fake_asked(view, last) == 1);
        AWAIT(fake_asked(view, fake_at(view, "app/service-1/1.0/schemas")) == 1);
        AWAIT(fake_asked(view, fake_at(view, "app/service-8/1.0/instances")) == 1);
        mounted_stop(&mounted);
}
END_TEST

/* File rule 1: what is read through one handle is of one version, whatever is learnt meanwhile. */
START_TEST(a_reader_sees_one_version) {
        struct buf buf = BUF_INIT(0), path = BUF_INIT(0);
        char data[16];
        int file;

        start_many(false);
        fake_set_ttl(mounted.view, 0);
        ck_assert_int_eq(buf_printf(&path, "%s/demo/f01", mounted.path), 0);
        file = open(buf_str(&path), O_RDONLY | O_CLOEXEC);
        ck_assert_int_eq(pread(file, data, sizeof(data), 0), 3);
        fake_write(mounted.view, files[1], "another");
        ck_assert_int_eq(mounted_run(&mounted, "stat -c %s demo/f01; cat demo/f01", &buf), 0);
        ck_assert_str_eq(buf_str(&buf), "3\nf01");
        ck_assert_int_eq(pread(file, data, sizeof(data), 0), 3);
        ck_assert_mem_eq(data, "f01", 3);
        buf_truncate(&buf, 0);
        close(file);
        mounted_settle(&mounted);
        ck_assert_int_eq(mounted_run(&mounted, "stat -c %s demo/f01; cat demo/f01", &buf), 0);
        ck_assert_str_eq(buf_str(&buf), "7\nanother");
        buf_done(&buf);
        buf_done(&path);
        mounted_stop(&mounted);
}
END_TEST

START_TEST(a_new_version_is_seen_when_its_time_is_up) {
        struct buf buf = BUF_INIT(0);

        start_many(false);
        fake_set_ttl(mounted.view, 0);
        for (int i = 0; i < 5; i++) {
                char text[32];

                (void)snprintf(text, sizeof(text), "version %d\n", i);
                fake_write(mounted.view, files[0], text);
                buf_truncate(&buf, 0);
                mounted_settle(&mounted);
                ck_assert_int_eq(mounted_run(&mounted, "cat demo/f00", &buf), 0);
                ck_assert_str_eq(buf_str(&buf), text);
        }
        buf_done(&buf);
        mounted_stop(&mounted);
}
END_TEST

START_TEST(names_come_and_go) {
        struct buf buf = BUF_INIT(0);

        start_demo(2);
        fake_set_ttl(mounted.view, 0);
        ck_assert_int_eq(mounted_run(&mounted, "ls demo", NULL), 0);
        ck_assert_int_ne(mounted_run(&mounted, "cat demo/new", NULL), 0);
        fake_add(mounted.view, NULL, "new", ENTRY_FILE, "n");
        ck_assert_int_eq(mounted_run(&mounted, "ls demo && cat demo/new", &buf), 0);
        ck_assert_str_eq(buf_str(&buf), "account.json\ncn-north-4\nnew\nn");
        buf_truncate(&buf, 0);
        fake_remove(mounted.view, fake_at(mounted.view, "account.json"));
        ck_assert_int_ne(mounted_run(&mounted, "ls demo; cat demo/account.json", &buf), 0);
        ck_assert_str_eq(buf_str(&buf),
                         "cn-north-4\nnew\ncat: demo/account.json: No such file or directory\n");
        buf_done(&buf);
        mounted_stop(&mounted);
}
END_TEST

START_TEST(names_that_are_not_listed_can_be_found) {
        struct view *view = fake_new();
        struct place *place = fake_add(view, NULL, "by-name", ENTRY_DIRECTORY, NULL);
        struct buf buf = BUF_INIT(0);

        fake_set_by_name(view, place);
        fake_set_by_name(view, fake_add(view, place, "secret.json", ENTRY_FILE, "found\n"));
        mounted_start(&mounted, view, false);
        ck_assert_int_eq(
                mounted_run(&mounted, "ls -A demo/by-name; cat demo/by-name/secret.json", &buf), 0);
        ck_assert_str_eq(buf_str(&buf), "found\n");
        ck_assert_int_ne(mounted_run(&mounted, "cat demo/by-name/nothing.json", NULL), 0);
        buf_done(&buf);
        mounted_stop(&mounted);
}
END_TEST

/* As sysfs: read, poll for POLLPRI, read again from the beginning. */
START_TEST(who_polls_is_woken_by_a_change) {
        static const char program[] = "exec python3 -c '\n"
                                      "import os, select\n"
                                      "f = os.open(\"demo/state\", os.O_RDONLY)\n"
                                      "print(os.pread(f, 100, 0).decode())\n"
                                      "p = select.poll()\n"
                                      "p.register(f, select.POLLPRI)\n"
                                      "assert p.poll(0) == []\n"
                                      "open(\"/proc/self/comm\", \"w\").write(\"polling\")\n"
                                      "print(p.poll(20000) != [])\n"
                                      "print(os.pread(f, 100, 0).decode())\n"
                                      "assert p.poll(0) == []\n"
                                      "'";
        struct view *view = fake_new();
        struct place *state = fake_add(view, NULL, "state", ENTRY_FILE, "BUSY");
        pid_t child;

        fake_set_volatile(view, state);
        fake_set_ttl(view, 200);
        mounted_start(&mounted, view, false);
        child = mounted_spawn(&mounted, program);
        AWAIT(mounted_count(&mounted, OPERATION_POLL) >= 2);
        fake_write(view, state, "DONE");
        ck_assert_int_eq(mounted_wait(child), 0);
        ck_assert_uint_ge(fake_asked(view, state), 2);
        mounted_stop(&mounted);
}
END_TEST

START_TEST(parallel_clients_see_the_same) {
        pid_t children[8];

        start_demo(12);
        fake_set_ttl(mounted.view, 20);
        for (size_t i = 0; i < ELEMENTSOF(children); i++)
                children[i] =
                        mounted_spawn(&mounted, "for i in 1 2 3; do ls -lR demo && "
                                                "find demo -type f -exec cat {} + && "
                                                "tar cf - demo | tar tf - && cat .hcloudfs/* && "
                                                "echo demo > .hcloudfs/refresh || exit 1; done");
        for (size_t i = 0; i < 50; i++)
                fake_write(mounted.view, fake_at(mounted.view, "account.json"),
                           i % 2 ? "{}\n" : "{ }\n");
        for (size_t i = 0; i < ELEMENTSOF(children); i++)
                (void)mounted_wait(children[i]);
        ck_assert_int_eq(mounted_run(&mounted, "ls -lR demo", NULL), 0);
        mounted_stop(&mounted);
}
END_TEST

START_TEST(an_end_does_not_wait_for_the_cloud) {
        pid_t child;
        int64_t began;

        start_many(false);
        fake_hold(mounted.view, true);
        child = mounted_spawn(&mounted, "exec cat demo/f00");
        fake_await_held(mounted.view, 1);
        began = stamp_monotonic_ms();
        session_stop(mounted.session);
        pthread_join(mounted.thread, NULL);
        ck_assert_int_ne(mounted_wait(child), 0);
        ck_assert_int_lt(stamp_monotonic_ms() - began, 10000);
        session_free(mounted.session);
        branch_free(mounted.branch);
        view_free(mounted.view);
        ck_assert_int_eq(rmdir(mounted.path), 0);
}
END_TEST

/* Does the process wait in the kernel for an answer of a file system? */
static bool is_waiting_for_answer(pid_t pid) {
        char path[64], where[64];
        bool is_waiting;
        FILE *file;

        (void)snprintf(path, sizeof(path), "/proc/%d/wchan", (int)pid);
        file = fopen(path, "re");
        if (!file)
                return false;
        is_waiting = fgets(where, sizeof(where), file) && strstr(where, "request_wait_answer");
        fclose(file);
        return is_waiting;
}

static bool is_telling(struct notify *notify) {
        bool is;

        pthread_mutex_lock(&notify->lock);
        is = notify->telling != 0;
        pthread_mutex_unlock(&notify->lock);
        return is;
}

/* The directory is locked by a program whose question nobody reads any more, when the kernel is
 * told of a name in it. */
START_TEST(an_end_frees_who_will_get_no_answer) {
        struct node *demo;
        uint64_t node;
        pid_t child;

        start_demo(1);
        ck_assert_int_eq(mounted_run(&mounted, "ls demo", NULL), 0);
        pthread_mutex_lock(&mounted.session->tree.lock);
        demo = tree_child(&mounted.session->tree, tree_node(&mounted.session->tree, 1), "demo");
        node = demo ? demo->id : 0;
        pthread_mutex_unlock(&mounted.session->tree.lock);
        ck_assert_uint_ne(node, 0);

        session_stop(mounted.session);
        pthread_join(mounted.thread, NULL);
        child = mounted_spawn(&mounted, "exec cat demo/nothing");
        AWAIT(is_waiting_for_answer(child));
        notify_entry(&mounted.session->notify, node, "other");
        AWAIT(is_telling(&mounted.session->notify));
        session_free(mounted.session);
        ck_assert_int_ne(mounted_wait(child), 0);
        branch_free(mounted.branch);
        journal_close(mounted.journal);
        view_free(mounted.view);
        ck_assert_int_eq(rmdir(mounted.path), 0);
}
END_TEST

int main(void) {
        const struct unit_case cases[] = {
                { .name = "slots", .test = whoever_finds_no_slot_is_served_later },
                { .name = "same", .test = who_wants_the_same_waits_for_one_answer },
                { .name = "interrupt", .test = an_interrupt_ends_the_wait_at_once },
                { .name = "interrupt one", .test = an_interrupt_of_one_leaves_the_others },
                { .name = "interrupt parked", .test = an_interrupt_reaches_who_has_no_slot_yet },
                { .name = "sweep", .test = the_third_body_brings_those_that_follow },
                { .name = "sweep's end", .test = a_failure_ends_the_sweep },
                { .name = "walk", .test = a_walk_brings_the_lists_that_follow },
                { .name = "levels", .test = a_walk_is_recognised_through_levels },
                { .name = "version", .test = a_reader_sees_one_version },
                { .name = "time", .test = a_new_version_is_seen_when_its_time_is_up },
                { .name = "names", .test = names_come_and_go },
                { .name = "by name", .test = names_that_are_not_listed_can_be_found },
                { .name = "poll", .test = who_polls_is_woken_by_a_change },
                { .name = "parallel", .test = parallel_clients_see_the_same },
                { .name = "end", .test = an_end_does_not_wait_for_the_cloud },
                { .name = "end in the kernel", .test = an_end_frees_who_will_get_no_answer },
                { 0 },
        };

        if (!mounted_possible()) {
                puts("1..0 # SKIP cannot open /dev/fuse");
                return EXIT_SUCCESS; /* the plan says that all is skipped */
        }
        return unit_main("busy", cases);
}
