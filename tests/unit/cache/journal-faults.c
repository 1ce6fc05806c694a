/* SPDX-License-Identifier: Apache-2.0 */
/* The n-th write fails, or the n-th synchronization, once or from then on: what was said to be kept
 * is kept, what was refused is not there. */
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/cache/directory.h"
#include "tests/unit/cache/journal-model.h"
#include "tests/unit/cache/journal-shim.h"
#include "tests/unit/unit.h"

enum { DEEDS_A_ROUND = 14 };

static struct model model;
static struct op op;

static void make_journal(void) {
        char path[] = "a", text[] = "text";
        struct edit edit = { .act = EDIT_SAVE, .path = path, .text = text, .len = 4 };
        struct journal *journal = open_journal();
        int64_t id;

        op_init(&op, OP_INTERACTIVE, 10000);
        ck_assert_int_eq(journal_accept(journal, &op, &edit, &id), 0);
        journal_finish(journal, id, EDIT_DONE, NULL);
        (void)journal_close(journal);
}

static void tell_nobody(void *data, const struct report *report) {
        (void)data;
        (void)report;
}

static void tell(void *data, const struct report *report) {
        const int *fd = data;

        if (write(*fd, report, sizeof(*report)) != (ssize_t)sizeof(*report))
                _exit(1);
}

static bool is_explained(int r) {
        return r >= 0 || r == -ENOSPC || r == -EIO;
}

static void work(struct journal *journal, void (*to)(void *data, const struct report *report),
                 void *data) {
        for (unsigned i = 0; i < DEEDS_A_ROUND; i++) {
                int r = model_work(&model, journal, to, data);

                ck_assert_msg(is_explained(r), "%d", r);
        }
}

/* The file opens and is whole, and nothing was taken for damage. */
static void check_file(void) {
        struct journal *journal = open_journal();
        struct journal_state state;

        model_check(&model, journal);
        journal_describe(journal, &state);
        ck_assert_uint_eq(state.mended, 0);
        (void)journal_close(journal);
        ck_assert_uint_eq(disk_count("cache.db.damaged"), 0);
        disk_expect("PRAGMA integrity_check", "ok");
}

/* Once the disk is well again, what was owed is written, at the latest at the end. */
static bool fail_at(enum shim_fault fault, unsigned n, bool stays) {
        struct journal *journal = NULL;
        unsigned failures;

        disk_begin();
        make_journal();
        model_init(&model, n / 4);
        shim_set(fault, n, stays);
        if (journal_open(&op, disk_path(), &journal) == 0)
                work(journal, tell_nobody, NULL);
        else
                ck_assert(is_explained(op.fault.error));
        failures = shim.failures;
        shim_set(SHIM_NONE, 0, false);
        (void)journal_close(journal);
        for (unsigned i = 0; i < model.count; i++)
                model.told[i].may_lag = false;
        check_file();
        disk_end();
        return failures > 0;
}

/* Or the process is killed before that: only the ends of edits may be missing. */
static bool fail_and_die_at(enum shim_fault fault, unsigned n, bool stays) {
        struct report report;
        int fds[2], status;
        pid_t pid;

        disk_begin();
        make_journal();
        model_init(&model, n / 4);
        ck_assert_int_eq(pipe2(fds, O_CLOEXEC), 0);
        pid = fork();
        ck_assert_int_ge(pid, 0);
        if (pid == 0) {
                struct journal *journal = NULL;

                shim_set(fault, n, stays);
                if (journal_open(&op, disk_path(), &journal) == 0)
                        work(journal, tell, &fds[1]);
                _exit(shim.failures > 0);
        }
        (void)close(fds[1]);
        while (read(fds[0], &report, sizeof(report)) > 0)
                model_note(&model, &report);
        (void)close(fds[0]);
        ck_assert_int_eq(waitpid(pid, &status, 0), pid);
        ck_assert(WIFEXITED(status));
        check_file();
        disk_end();
        return WEXITSTATUS(status) > 0;
}

static const enum shim_fault faults[] = { SHIM_FULL, SHIM_WRITE, SHIM_SYNC };

/* _i: which fault, twice. */
static void fail_at_each(bool (*run)(enum shim_fault fault, unsigned n, bool stays), int which) {
        enum shim_fault fault = faults[which / 2];
        unsigned n = 1;

        shim_install();
        while (run(fault, n, which % 2))
                n++;
        ck_assert_uint_gt(n, 12);
}

START_TEST(what_fails_is_refused_and_the_rest_is_kept) {
        fail_at_each(fail_at, _i);
}
END_TEST

START_TEST(what_failed_is_not_there_after_a_crash) {
        fail_at_each(fail_and_die_at, _i);
}
END_TEST

/* A disk that is sick for a while: ends count at once, and are written when it is well. */
START_TEST(ends_are_owed_to_a_sick_disk) {
        char path[] = "a", text[] = "text";
        struct edit edit = { .act = EDIT_SAVE, .path = path, .text = text, .len = 4 };
        struct op_step step = { .number = 1, .count = 1, .is_once = true };
        const struct op_fault fault = { .error = -EINVAL, .reason = "no" };
        struct journal_state state;
        struct journal *journal;
        int64_t done, refused, sent;

        shim_install();
        disk_begin();
        make_journal();
        journal = open_journal();
        ck_assert_int_eq(journal_accept(journal, &op, &edit, &done), 0);
        ck_assert_int_eq(journal_accept(journal, &op, &edit, &refused), 0);
        ck_assert_int_eq(journal_accept(journal, &op, &edit, &sent), 0);
        ck_assert_int_eq(journal_step_begin(journal, &op, sent, &step), 0);
        shim_set(SHIM_WRITE, 1, true);
        journal_finish(journal, done, EDIT_DONE, NULL);
        journal_finish(journal, refused, EDIT_REJECTED, &fault);
        journal_step_end(journal, sent, &step, 0);
        ck_assert_int_eq(journal_accept(journal, &op, &edit, &done), -EIO);
        ck_assert_int_ne(op.fault.reason[0], '\0');
        journal_describe(journal, &state);
        ck_assert_uint_eq(state.owed, 3);
        ck_assert_int_eq(state.error, -EIO);
        ck_assert_uint_eq(journal_pending(journal), 1);
        ck_assert_int_eq(journal_get(journal, done, &edit), -ENOENT);
        ck_assert_int_eq(journal_get(journal, refused, &edit), 0);
        ck_assert_int_eq(edit.state, EDIT_REJECTED);
        ck_assert_int_eq(edit.error, EINVAL);
        edit_done(&edit);
        ck_assert_int_eq(journal_get(journal, sent, &edit), 0);
        ck_assert(edit.step_answered);
        edit_done(&edit);
        shim.fail_at = 0;
        ck_assert_int_eq(journal_step_begin(journal, &op, sent, &step), 0);
        journal_describe(journal, &state);
        ck_assert_uint_eq(state.owed, 0);
        ck_assert_int_eq(state.error, 0);
        ck_assert_uint_eq(state.rejected, 1);
        (void)journal_close(journal);
        disk_expect("SELECT count(*) FROM edit", "2");
        disk_expect("SELECT count(*) FROM shelf", "1");
        disk_end();
}
END_TEST

int main(void) {
        const struct unit_case cases[] = {
                { "refused", what_fails_is_refused_and_the_rest_is_kept, 6 },
                { "crash", what_failed_is_not_there_after_a_crash, 6 },
                { "owed", ends_are_owed_to_a_sick_disk, 0 },
                { 0 },
        };

        return unit_main("cache-journal-faults", cases);
}
