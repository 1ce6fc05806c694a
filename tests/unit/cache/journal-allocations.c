/* SPDX-License-Identifier: Apache-2.0 */
/* Memory runs out at each place in turn: nothing that was accepted is lost, nothing leaks, and with
 * memory again everything goes on. */
#include <fcntl.h>
#include <unistd.h>

#include "base/text.h"
#include "tests/unit/cache/directory.h"
#include "tests/unit/cache/journal-model.h"
#include "tests/unit/scarce.h"
#include "tests/unit/unit.h"

static struct op op;
static char path[] = "account/a", text[] = "text", secret[] = "secret";
static const struct edit sample = { .act = EDIT_SAVE,
                                    .path = path,
                                    .identity = path,
                                    .text = text,
                                    .len = 4,
                                    .base = text,
                                    .base_len = 4,
                                    .secret = secret,
                                    .secret_len = 6 };
static const struct op_step step = { .number = 1,
                                     .count = 1,
                                     .service = "dws",
                                     .call = "Create",
                                     .method = "POST",
                                     .target = "/v1",
                                     .is_once = true };

static bool is_well(int r) {
        return r == 0 || (r == -ENOMEM && scarce_has_failed);
}

/* The checks themselves need memory. */
static void check(bool is_right, int line) {
        int before = scarce_allowed;

        scarce_allowed = -1;
        ck_assert_msg(is_right, "line %d", line);
        scarce_allowed = before;
}

#define CHECK(is_right) check(is_right, __LINE__)

static int see_edit(void *data, const struct edit *edit) {
        (void)data;
        CHECK(edit->state == EDIT_REJECTED || memcmp(edit->text, text, 5) == 0);
        return 0;
}

static int see_item(void *data, const struct shelved *item) {
        (void)data;
        CHECK(strcmp(item->path, path) == 0);
        return 0;
}

static int see_job(void *data, const struct job *job) {
        (void)data;
        CHECK(strcmp(job->identity, path) == 0);
        return 0;
}

/* Takes one edit to an end. Returns whether it was accepted. */
static bool use_edit(struct journal *journal, enum edit_state state) {
        const struct op_fault fault = { .error = -EINVAL, .reason = "no" };
        struct edit edit;
        int64_t id;
        int r;

        r = journal_accept(journal, &op, &sample, &id);
        CHECK(is_well(r));
        if (r < 0)
                return false;
        r = journal_step_begin(journal, &op, id, &step);
        CHECK(is_well(r));
        if (r == 0)
                journal_step_end(journal, id, &step, 0);
        r = journal_get(journal, id, &edit);
        CHECK(is_well(r));
        if (r == 0)
                edit_done(&edit);
        journal_finish(journal, id, state, &fault);
        return true;
}

static void use_shelves(struct journal *journal) {
        struct shelved item = { .path = path, .name = "n", .data = "data", .len = 4 };
        const struct job job = { .path = path, .identity = path };
        size_t len;
        char *data;
        int r;

        for (item.shelf = SHELF_HISTORY; item.shelf <= SHELF_LAST; item.shelf++) {
                r = journal_put(journal, &op, &item);
                CHECK(is_well(r));
                if (r < 0)
                        continue;
                r = journal_fetch(journal, item.shelf, path, "n", &data, &len);
                CHECK(is_well(r));
                if (r == 0)
                        free(data);
                CHECK(is_well(journal_browse(journal, item.shelf, NULL, see_item, NULL)));
                CHECK(is_well(journal_drop(journal, &op, item.shelf, path, "n")));
        }
        CHECK(is_well(journal_job_put(journal, &op, &job)));
        CHECK(is_well(journal_jobs(journal, see_job, NULL)));
        CHECK(is_well(journal_each(journal, ~0u, see_edit, NULL)));
}

START_TEST(no_place_is_left_out) {
        int n = 0;

        op_init(&op, OP_INTERACTIVE, 10000);
        do {
                unsigned accepted[EDIT_UNKNOWN + 1] = { 0 };
                struct journal_state state;
                struct journal *journal;

                disk_begin();
                journal = open_journal();
                scarce_has_failed = false;
                scarce_allowed = n++;
                for (enum edit_state end = EDIT_DONE; end <= EDIT_UNKNOWN; end++)
                        accepted[end] += use_edit(journal, end);
                use_shelves(journal);
                journal_trim_history(journal, 1, 1);
                scarce_allowed = -1;
                (void)journal_close(journal);
                journal = open_journal();
                journal_describe(journal, &state);
                ck_assert_uint_eq(state.mended, 0);
                ck_assert_uint_eq(state.pending, 0);
                ck_assert_uint_eq(state.unknown, accepted[EDIT_UNKNOWN]);
                ck_assert_uint_eq(state.rejected, accepted[EDIT_REJECTED]);
                (void)journal_close(journal);
                disk_end();
        } while (scarce_has_failed);
        ck_assert_int_gt(n, 60);
}
END_TEST

static void spoil(void) {
        int fd = open(disk_path(), O_WRONLY | O_CLOEXEC);

        ck_assert_int_ge(fd, 0);
        ck_assert_int_eq(pwrite(fd, "XXXX", 4, 0), 4);
        (void)close(fd);
}

/* _i: of a sound file, or of a damaged one. */
START_TEST(a_journal_is_opened_or_not) {
        int n = 0, r;

        do {
                struct journal *journal = NULL;
                struct journal_state state;
                int64_t id;

                disk_begin();
                op_init(&op, OP_INTERACTIVE, 10000);
                journal = open_journal();
                ck_assert_int_eq(journal_accept(journal, &op, &sample, &id), 0);
                journal_finish(journal, id, EDIT_REJECTED, NULL);
                ck_assert_int_eq(journal_accept(journal, &op, &sample, &id), 0);
                journal = journal_close(journal);
                if (_i)
                        spoil();
                scarce_has_failed = false;
                scarce_allowed = n++;
                r = journal_open(&op, disk_path(), &journal);
                scarce_allowed = -1;
                ck_assert(r == 0 || (r == -ENOMEM && scarce_has_failed && *op.fault.reason));
                if (r < 0)
                        journal = open_journal();
                journal_describe(journal, &state);
                ck_assert_int_eq((int)state.unknown, _i);
                ck_assert_int_eq((int)state.pending, 1 - _i);
                ck_assert_uint_eq(state.rejected, 1);
                ck_assert_uint_eq(disk_count("cache.db.damaged-2"), 0);
                (void)journal_close(journal);
                disk_end();
        } while (scarce_has_failed);
        ck_assert_int_gt(n, 15);
}
END_TEST

int main(void) {
        const struct unit_case cases[] = {
                { "use", no_place_is_left_out, 0 },
                { "open", a_journal_is_opened_or_not, 2 },
                { 0 },
        };

        return unit_main("cache-journal-allocations", cases);
}
