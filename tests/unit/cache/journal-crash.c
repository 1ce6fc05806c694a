/* SPDX-License-Identifier: Apache-2.0 */
/* The process is killed, or the power fails, at any moment: nothing that was accepted is lost. */
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/cache/directory.h"
#include "tests/unit/cache/journal-model.h"
#include "tests/unit/cache/journal-shim.h"
#include "tests/unit/unit.h"

static void tell(void *data, const struct report *report) {
        const int *fd = data;

        if (write(*fd, report, sizeof(*report)) != (ssize_t)sizeof(*report))
                _exit(1);
}

/* In the process that will die. Deeds are random, but the same for a seed. */
static void work(int fd, uint64_t seed, unsigned deeds) {
        struct journal *journal = open_journal();
        static struct model model;

        model_init(&model, seed);
        for (unsigned i = 0; i < deeds; i++)
                (void)model_work(&model, journal, tell, &fd);
        (void)journal_close(journal);
        _exit(0);
}

static void hear(int fd, struct model *model, unsigned limit) {
        struct report report;

        for (unsigned i = 0; i < limit && read(fd, &report, sizeof(report)) > 0; i++)
                model_note(model, &report);
}

static void check_after(const struct model *model) {
        struct journal *journal = open_journal();
        struct journal_state state;

        model_check(model, journal);
        journal_describe(journal, &state);
        ck_assert_uint_eq(state.mended, 0);
        (void)journal_close(journal);
        ck_assert_uint_eq(disk_count("cache.db.damaged"), 0);
        disk_expect("PRAGMA integrity_check", "ok");
}

/* The first edit of a journal takes hundreds of writes that are all alike, for the free pages. */
static void make_journal(void) {
        char path[] = "a", text[] = "text";
        struct edit edit = { .act = EDIT_SAVE, .path = path, .text = text, .len = 4 };
        struct journal *journal = open_journal();
        struct op op;
        int64_t id;

        op_init(&op, OP_INTERACTIVE, 10000);
        ck_assert_int_eq(journal_accept(journal, &op, &edit, &id), 0);
        journal_finish(journal, id, EDIT_DONE, NULL);
        (void)journal_close(journal);
}

/* Returns whether the process died before its work was done. */
static bool die_at(enum shim_fault fault, unsigned n, unsigned deeds, bool is_new) {
        static struct model model;
        int fds[2], status;
        pid_t pid;

        model_init(&model, n);
        disk_begin();
        if (!is_new)
                make_journal();
        ck_assert_int_eq(pipe2(fds, O_CLOEXEC), 0);
        pid = fork();
        ck_assert_int_ge(pid, 0);
        if (pid == 0) {
                shim_install();
                shim_set(fault, n, false);
                work(fds[1], n / 8, deeds);
        }
        (void)close(fds[1]);
        hear(fds[0], &model, UINT32_MAX);
        (void)close(fds[0]);
        ck_assert_int_eq(waitpid(pid, &status, 0), pid);
        check_after(&model);
        disk_end();
        return WIFSIGNALED(status);
}

START_TEST(killed_at_each_write) {
        unsigned n = 1;

        while (die_at(SHIM_KILL, n, 14, false))
                n++;
        ck_assert_uint_gt(n, 80);
}
END_TEST

START_TEST(killed_in_the_midst_of_each_write) {
        unsigned n = 1;

        while (die_at(SHIM_KILL_TORN, n, 14, false))
                n++;
}
END_TEST

START_TEST(the_power_fails_at_each_write) {
        unsigned n = 1;

        while (die_at(SHIM_POWER, n, 14, false))
                n++;
}
END_TEST

START_TEST(the_power_fails_and_some_of_what_was_written_stays) {
        unsigned n = 1;

        while (die_at(SHIM_POWER_SOME, n, 14, false))
                n++;
}
END_TEST

START_TEST(killed_while_the_file_is_made) {
        unsigned n = 1;

        while (die_at(SHIM_POWER_SOME, n, 1, true))
                n += n < 50 ? 1 : 17;
}
END_TEST

/* What is 0 is durable: at each return nothing waits to be synchronized but what nobody needs. */
START_TEST(what_was_accepted_is_synchronized) {
        char path[] = "a", text[] = "text";
        struct edit edit = { .act = EDIT_SAVE, .path = path, .text = text, .len = 4 };
        struct op_step step = { .number = 1,
                                .count = 1,
                                .service = "s",
                                .call = "c",
                                .method = "POST",
                                .target = "/" };
        struct journal *journal;
        int64_t id;
        struct op op;

        shim_install();
        disk_begin();
        op_init(&op, OP_INTERACTIVE, 10000);
        journal = open_journal();
        for (unsigned i = 0; i < 100; i++) {
                unsigned calls = shim.calls;

                ck_assert_int_eq(journal_accept(journal, &op, &edit, &id), 0);
                ck_assert_uint_gt(shim.calls, calls);
                ck_assert_uint_eq(shim.unsynced, 0);
                calls = shim.calls;
                ck_assert_int_eq(journal_step_begin(journal, &op, id, &step), 0);
                ck_assert_uint_gt(shim.calls, calls);
                ck_assert_uint_eq(shim.unsynced, 0);
                journal_step_end(journal, id, &step, 0);
                ck_assert_uint_eq(shim.unsynced, 0);
                journal_finish(journal, id, EDIT_DONE, NULL);
                ck_assert_uint_eq(shim.unsynced, 0);
        }
        (void)journal_close(journal);
        disk_end();
}
END_TEST

/* One after the other on one journal would hide what a round leaves behind: each has its own. */
static void kill_at_random(uint64_t seed) {
        static struct model model;
        struct model random;
        int fds[2], status;
        unsigned reports;
        uint64_t turns;
        pid_t pid;

        model_init(&random, seed + 77);
        model_init(&model, seed);
        reports = (unsigned)(model_random(&random) % 120);
        turns = model_random(&random) % 400000;
        disk_begin();
        ck_assert_int_eq(pipe2(fds, O_CLOEXEC), 0);
        pid = fork();
        ck_assert_int_ge(pid, 0);
        if (pid == 0)
                work(fds[1], seed, 400);
        (void)close(fds[1]);
        hear(fds[0], &model, reports);
        /* Not a wait for something: each round kills at another moment. */
        for (volatile uint64_t i = 0; i < turns; i++)
                continue;
        ck_assert_int_eq(kill(pid, SIGKILL), 0);
        hear(fds[0], &model, UINT32_MAX);
        (void)close(fds[0]);
        ck_assert_int_eq(waitpid(pid, &status, 0), pid);
        check_after(&model);
        disk_end();
}

START_TEST(killed_at_any_moment) {
        for (unsigned i = 0; i < 30; i++)
                kill_at_random((uint64_t)_i * 1000 + i);
}
END_TEST

START_TEST(the_holder_is_named_while_it_lives) {
        char path[] = "a", text[] = "text";
        struct edit edit = { .act = EDIT_SAVE, .path = path, .text = text, .len = 4 };
        struct journal *journal = NULL;
        char byte, expected[48];
        int fds[2], status;
        struct op op;
        int64_t id;
        pid_t pid;

        disk_begin();
        op_init(&op, OP_INTERACTIVE, 10000);
        ck_assert_int_eq(pipe2(fds, O_CLOEXEC), 0);
        pid = fork();
        ck_assert_int_ge(pid, 0);
        if (pid == 0) {
                journal = open_journal();
                if (journal_accept(journal, &op, &edit, &id) < 0 || write(fds[1], "x", 1) != 1)
                        _exit(1);
                for (;;)
                        (void)pause();
        }
        ck_assert_int_eq(read(fds[0], &byte, 1), 1);
        ck_assert_int_eq(journal_open(&op, disk_path(), &journal), -EBUSY);
        (void)snprintf(expected, sizeof(expected), "process %ld:", (long)pid);
        ck_assert_ptr_nonnull(strstr(op.fault.reason, expected));
        ck_assert_ptr_null(journal);
        ck_assert_int_eq(kill(pid, SIGKILL), 0);
        ck_assert_int_eq(waitpid(pid, &status, 0), pid);
        journal = open_journal();
        ck_assert_uint_eq(journal_pending(journal), 1);
        (void)journal_close(journal);
        disk_end();
}
END_TEST

int main(void) {
        const struct unit_case cases[] = {
                { "kill", killed_at_each_write, 0 },
                { "torn", killed_in_the_midst_of_each_write, 0 },
                { "power", the_power_fails_at_each_write, 0 },
                { "some", the_power_fails_and_some_of_what_was_written_stays, 0 },
                { "made", killed_while_the_file_is_made, 0 },
                { "synchronized", what_was_accepted_is_synchronized, 0 },
                { "random", killed_at_any_moment, 10 },
                { "holder", the_holder_is_named_while_it_lives, 0 },
                { 0 },
        };

        return unit_main("cache-journal-crash", cases);
}
