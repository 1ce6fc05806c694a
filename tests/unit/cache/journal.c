/* SPDX-License-Identifier: Apache-2.0 */
/* Edits, shelves and jobs over restarts, within their bounds. */
#include "base/stamp.h"
#include "base/text.h"
#include "tests/unit/cache/directory.h"
#include "tests/unit/cache/fake.h"
#include "tests/unit/cache/journal-model.h"
#include "tests/unit/unit.h"

static struct journal *journal;
static struct op op;

static void begin(void) {
        disk_begin();
        op_init(&op, OP_INTERACTIVE, 10000);
        journal = open_journal();
}

static void open_again(void) {
        (void)journal_close(journal);
        journal = open_journal();
}

static void end(void) {
        (void)journal_close(journal);
        disk_end();
}

static char path[] = "account/a.json", text[] = "a\0b\n", base[] = "base", identity[] = "id",
            name[] = "name", target[] = "target", secret[] = "plugh-xyzzy-0815";

static const struct edit sample = {
        .act = EDIT_RENAME,
        .path = path,
        .identity = identity,
        .name = name,
        .target = target,
        .text = text,
        .len = 4,
        .base = base,
        .base_len = 4,
        .secret = secret,
        .secret_len = 16,
        .accepted_ms = 1234567890123,
        .uid = 4000000000,
};
static const struct op_step step = { .number = 1,
                                     .count = 3,
                                     .service = "dws",
                                     .call = "CreateCluster",
                                     .method = "POST",
                                     .target = "/v1/clusters?x=1",
                                     .is_once = true };

static int64_t accept_sample(void) {
        int64_t id = 0;

        ck_assert_int_eq(journal_accept(journal, &op, &sample, &id), 0);
        ck_assert_int_gt(id, 0);
        return id;
}

static struct edit get(int64_t id) {
        struct edit edit = { 0 };

        ck_assert_int_eq(journal_get(journal, id, &edit), 0);
        return edit;
}

static enum edit_state state_of(int64_t id) {
        struct edit edit = get(id);
        enum edit_state state = edit.state;

        edit_done(&edit);
        return state;
}

START_TEST(an_edit_survives_with_all_it_has) {
        struct edit edit;
        int64_t id;

        begin();
        id = accept_sample();
        ck_assert_int_eq(journal_step_begin(journal, &op, id, &step), 0);
        open_again();
        edit = get(id);
        ck_assert_int_eq(edit.id, id);
        ck_assert_int_eq(edit.act, EDIT_RENAME);
        ck_assert_int_eq(edit.state, EDIT_SENDING);
        ck_assert_str_eq(edit.path, path);
        ck_assert_str_eq(edit.identity, identity);
        ck_assert_str_eq(edit.name, name);
        ck_assert_str_eq(edit.target, target);
        ck_assert_uint_eq(edit.len, 4);
        ck_assert_mem_eq(edit.text, text, 5);
        ck_assert_uint_eq(edit.base_len, 4);
        ck_assert_mem_eq(edit.base, base, 5);
        ck_assert_uint_eq(edit.secret_len, 16);
        ck_assert_mem_eq(edit.secret, secret, 17);
        ck_assert_int_eq(edit.accepted_ms, sample.accepted_ms);
        ck_assert_uint_eq(edit.uid, sample.uid);
        ck_assert_uint_eq(edit.step, 1);
        ck_assert_uint_eq(edit.steps, 3);
        ck_assert(!edit.step_answered && edit.step_is_once);
        ck_assert_str_eq(edit.step_service, "dws");
        ck_assert_str_eq(edit.step_call, "CreateCluster");
        ck_assert_str_eq(edit.step_method, "POST");
        ck_assert_str_eq(edit.step_target, "/v1/clusters?x=1");
        ck_assert_ptr_null(edit.reason);
        edit_done(&edit);
        end();
}
END_TEST

START_TEST(no_text_and_an_empty_one_are_two_things) {
        struct edit bare = { .act = EDIT_REMOVE, .path = path };
        struct edit edit;
        int64_t id, empty_id;

        begin();
        ck_assert_int_eq(journal_accept(journal, &op, &bare, &id), 0);
        bare.text = name + 4;
        ck_assert_int_eq(journal_accept(journal, &op, &bare, &empty_id), 0);
        ck_assert_int_gt(empty_id, id);
        open_again();
        edit = get(id);
        ck_assert_ptr_null(edit.text);
        ck_assert_ptr_null(edit.base);
        ck_assert_ptr_null(edit.secret);
        ck_assert_ptr_null(edit.name);
        ck_assert_int_gt(edit.accepted_ms, 1500000000000);
        edit_done(&edit);
        edit = get(empty_id);
        ck_assert_str_eq(edit.text, "");
        ck_assert_uint_eq(edit.len, 0);
        edit_done(&edit);
        end();
}
END_TEST

START_TEST(what_is_no_edit_is_refused) {
        struct edit wrong = sample;
        char *large = calloc(1, JOURNAL_TEXT_MAX + 1);
        int64_t id = 7;

        begin();
        wrong.path = NULL;
        ck_assert_int_eq(journal_accept(journal, &op, &wrong, &id), -EINVAL);
        wrong = sample;
        wrong.text = large;
        wrong.len = JOURNAL_TEXT_MAX + 1;
        ck_assert_int_eq(journal_accept(journal, &op, &wrong, &id), -EFBIG);
        ck_assert_str_eq(op.fault.reason, "a text of more than 4 MiB");
        memset(large, 'x', JOURNAL_TEXT_MAX);
        wrong.name = large;
        wrong.len = 0;
        ck_assert_int_eq(journal_accept(journal, &op, &wrong, &id), -ENAMETOOLONG);
        ck_assert_int_eq(id, 7);
        wrong = sample;
        wrong.text = large;
        wrong.len = JOURNAL_TEXT_MAX;
        ck_assert_int_eq(journal_accept(journal, &op, &wrong, &id), 0);
        end();
        free(large);
}
END_TEST

START_TEST(a_step_for_once_is_never_begun_twice) {
        struct op_step next = step;
        int64_t id;

        begin();
        id = accept_sample();
        ck_assert_int_eq(journal_step_begin(journal, &op, id, &step), 0);
        ck_assert_int_eq(journal_step_begin(journal, &op, id, &step), -EBUSY);
        ck_assert_int_ne(op.fault.reason[0], '\0');
        open_again();
        ck_assert_int_eq(journal_step_begin(journal, &op, id, &step), -EBUSY);
        next.number = 2;
        ck_assert_int_eq(journal_step_begin(journal, &op, id, &next), -EBUSY);
        journal_step_end(journal, id, &next, 0); /* of another step: means nothing */
        ck_assert_int_eq(journal_step_begin(journal, &op, id, &next), -EBUSY);
        journal_step_end(journal, id, &step, 0);
        ck_assert_int_eq(journal_step_begin(journal, &op, id, &next), 0);
        journal_finish(journal, id, EDIT_UNKNOWN, NULL);
        ck_assert_int_eq(journal_step_begin(journal, &op, id, &step), -ENOENT);
        journal_finish(journal, id, EDIT_ACCEPTED, NULL);
        ck_assert_int_eq(journal_step_begin(journal, &op, id, &step), 0);
        end();
}
END_TEST

START_TEST(a_step_that_may_be_repeated_is_begun_again) {
        struct op_step same = step;
        struct edit edit;
        int64_t id;

        begin();
        same.is_once = false;
        id = accept_sample();
        ck_assert_int_eq(journal_step_begin(journal, &op, id, &same), 0);
        ck_assert_int_eq(journal_step_begin(journal, &op, id, &same), 0);
        journal_step_end(journal, id, &same, -EAGAIN);
        open_again();
        edit = get(id);
        ck_assert(edit.step_answered);
        ck_assert_int_eq(edit.step_result, -EAGAIN);
        edit_done(&edit);
        end();
}
END_TEST

static const struct op_fault refusal = {
        .error = -EINVAL,
        .status = 400,
        .code = "DWS.1",
        .request_id = "req-1",
        .reason = "name: too long",
};

static int count_item(void *data, const struct shelved *item) {
        unsigned *count = data;

        ck_assert_ptr_null(item->data);
        ++*count;
        return 0;
}

static unsigned items_on(enum shelf shelf, const char *of) {
        unsigned count = 0;

        ck_assert_int_eq(journal_browse(journal, shelf, of, count_item, &count), 0);
        return count;
}

START_TEST(a_refused_text_is_on_the_shelf) {
        char id_text[32], *data = NULL;
        struct edit edit;
        size_t len = 0;
        int64_t id;

        begin();
        id = accept_sample();
        journal_finish(journal, id, EDIT_REJECTED, &refusal);
        open_again();
        edit = get(id);
        ck_assert_int_eq(edit.state, EDIT_REJECTED);
        ck_assert_ptr_null(edit.text);
        ck_assert_ptr_null(edit.secret);
        ck_assert_int_eq(edit.error, EINVAL);
        ck_assert_int_eq(edit.status, 400);
        ck_assert_str_eq(edit.code, "DWS.1");
        ck_assert_str_eq(edit.request_id, "req-1");
        ck_assert_str_eq(edit.reason, "name: too long");
        edit_done(&edit);
        (void)snprintf(id_text, sizeof(id_text), "%lld", (long long)id);
        ck_assert_int_eq(journal_fetch(journal, SHELF_REJECTED, path, id_text, &data, &len), 0);
        ck_assert_uint_eq(len, 4);
        ck_assert_mem_eq(data, text, 5);
        free(data);
        (void)snprintf(id_text, sizeof(id_text), "%lld.base", (long long)id);
        ck_assert_int_eq(journal_fetch(journal, SHELF_REJECTED, path, id_text, &data, &len), 0);
        ck_assert_str_eq(data, base);
        free(data);
        ck_assert_uint_eq(items_on(SHELF_REJECTED, path), 2);
        ck_assert_int_eq(journal_forget(journal, &op, id), 0);
        ck_assert_uint_eq(items_on(SHELF_REJECTED, path), 2);
        ck_assert_int_eq(journal_drop(journal, &op, SHELF_REJECTED, path, id_text), 0);
        ck_assert_uint_eq(items_on(SHELF_REJECTED, NULL), 1);
        ck_assert_int_eq(journal_drop(journal, &op, SHELF_REJECTED, path, id_text), -ENOENT);
        end();
}
END_TEST

START_TEST(what_is_refused_does_not_come_back) {
        int64_t id;

        begin();
        id = accept_sample();
        journal_finish(journal, id, EDIT_REJECTED, &refusal);
        ck_assert_int_eq(journal_step_begin(journal, &op, id, &step), -ENOENT);
        journal_finish(journal, id, EDIT_ACCEPTED, NULL);
        journal_finish(journal, id, EDIT_UNKNOWN, NULL);
        ck_assert_int_eq(state_of(id), EDIT_REJECTED);
        journal_finish(journal, id, EDIT_DONE, NULL);
        ck_assert_int_eq(journal_forget(journal, &op, id), -ENOENT);
        end();
}
END_TEST

START_TEST(what_is_done_is_gone) {
        struct edit edit;
        int64_t id, other;

        begin();
        id = accept_sample();
        other = accept_sample();
        ck_assert_uint_eq(journal_pending(journal), 2);
        journal_finish(journal, id, EDIT_DONE, NULL);
        ck_assert_uint_eq(journal_pending(journal), 1);
        ck_assert_int_eq(journal_get(journal, id, &edit), -ENOENT);
        journal_finish(journal, id, EDIT_DONE, NULL);
        journal_finish(journal, other, EDIT_DONE, NULL);
        open_again();
        ck_assert_uint_eq(journal_pending(journal), 0);
        ck_assert_int_gt(accept_sample(), other);
        end();
        begin();
        journal_finish(journal, accept_sample(), EDIT_DONE, NULL);
        (void)journal_close(journal);
        disk_expect("SELECT count(*) FROM body", "0");
        journal = open_journal();
        end();
}
END_TEST

/* Uses the journal from within, which must not be locked then. */
static int visit(void *data, const struct edit *edit) {
        int64_t *last = data;

        ck_assert_int_gt(edit->id, *last);
        ck_assert_str_eq(edit->path, path);
        ck_assert_mem_eq(edit->text, text, 5);
        *last = edit->id;
        (void)accept_sample();
        journal_finish(journal, edit->id, EDIT_DONE, NULL);
        return 0;
}

static int stop(void *data, const struct edit *edit) {
        *(int64_t *)data = edit->id;
        return 42;
}

START_TEST(each_edit_is_visited_oldest_first) {
        int64_t first, last = 0, unknown;

        begin();
        first = accept_sample();
        unknown = accept_sample();
        (void)accept_sample();
        journal_finish(journal, unknown, EDIT_UNKNOWN, NULL);
        ck_assert_int_eq(journal_each(journal, 1 << EDIT_ACCEPTED, visit, &last), 0);
        ck_assert_int_eq(last, first + 2);
        ck_assert_int_eq(journal_each(journal, 1 << EDIT_UNKNOWN | 1 << EDIT_ACCEPTED, stop, &last),
                         42);
        ck_assert_int_eq(last, unknown);
        ck_assert_uint_eq(journal_pending(journal), 2);
        end();
}
END_TEST

START_TEST(the_bound_of_edits_holds) {
        struct edit bare = { .act = EDIT_REMOVE, .path = path };
        struct journal_state state;
        int64_t id, first = 0;

        begin();
        for (unsigned i = 0; i < JOURNAL_EDITS_MAX; i++) {
                ck_assert_int_eq(journal_accept(journal, &op, &bare, &id), 0);
                first = first ? first : id;
        }
        ck_assert_int_eq(journal_accept(journal, &op, &bare, &id), -ENOSPC);
        ck_assert_ptr_nonnull(strstr(op.fault.reason, "too many changes"));
        for (int64_t i = first; i < first + JOURNAL_EDITS_MAX; i++)
                journal_finish(journal, i, EDIT_REJECTED, &refusal);
        for (unsigned i = 0; i < 3; i++) {
                ck_assert_int_eq(journal_accept(journal, &op, &sample, &id), 0);
                journal_finish(journal, id, EDIT_REJECTED, &refusal);
        }
        journal_describe(journal, &state);
        ck_assert_uint_eq(state.rejected, JOURNAL_EDITS_MAX);
        ck_assert_int_eq(journal_forget(journal, &op, first), -ENOENT);
        ck_assert_int_eq(state_of(first + 3), EDIT_REJECTED);
        ck_assert_uint_eq(items_on(SHELF_REJECTED, NULL), 6);
        end();
}
END_TEST

START_TEST(refused_texts_are_bounded_and_none_is_dropped) {
        char *large = malloc(JOURNAL_TEXT_MAX);
        struct edit edit = { .act = EDIT_SAVE, .path = path, .text = large };
        unsigned count = 0;
        int64_t id;
        int r;

        begin();
        memset(large, 'x', JOURNAL_TEXT_MAX);
        edit.len = JOURNAL_TEXT_MAX;
        for (;;) {
                r = journal_accept(journal, &op, &edit, &id);
                if (r < 0)
                        break;
                journal_finish(journal, id, EDIT_REJECTED, &refusal);
                count++;
        }
        ck_assert_int_eq(r, -ENOSPC);
        ck_assert_uint_eq(count, 64);
        ck_assert_uint_eq(items_on(SHELF_REJECTED, NULL), 64);
        ck_assert_int_eq(journal_drop(journal, &op, SHELF_REJECTED, path, "1"), 0);
        ck_assert_int_eq(journal_accept(journal, &op, &edit, &id), 0);
        end();
        free(large);
}
END_TEST

static void put(enum shelf shelf, const char *of, const char *as, const char *data, int64_t ms) {
        const struct shelved item = { .shelf = shelf,
                                      .path = of,
                                      .name = as,
                                      .data = data,
                                      .len = strlen(data),
                                      .stored_ms = ms };

        ck_assert_int_eq(journal_put(journal, &op, &item), 0);
}

static void expect(enum shelf shelf, const char *of, const char *as, const char *data) {
        char *found = NULL;
        size_t len;
        int r = journal_fetch(journal, shelf, of, as, &found, &len);

        ck_assert_int_eq(r, data ? 0 : -ENOENT);
        if (!data)
                return;
        ck_assert_str_eq(found, data);
        ck_assert_uint_eq(len, strlen(data));
        free(found);
}

START_TEST(shelves_keep_what_is_put) {
        begin();
        for (enum shelf shelf = SHELF_HISTORY; shelf <= SHELF_LAST; shelf++) {
                put(shelf, "a", "one", "first", 1);
                put(shelf, "a", "two", "second", 2);
                put(shelf, "b", "one", "third", 3);
                put(shelf, "a", "one", "", 4);
        }
        open_again();
        for (enum shelf shelf = SHELF_HISTORY; shelf <= SHELF_LAST; shelf++) {
                expect(shelf, "a", "one", "");
                expect(shelf, "a", "two", "second");
                expect(shelf, "b", "one", "third");
                expect(shelf, "b", "two", NULL);
                ck_assert_uint_eq(items_on(shelf, "a"), 2);
                ck_assert_uint_eq(items_on(shelf, NULL), 3);
                ck_assert_uint_eq(items_on(shelf, "c"), 0);
        }
        end();
}
END_TEST

static int check_item(void *data, const struct shelved *item) {
        static const char *const names[] = { "two", "one", "one" };
        static const int64_t times[] = { 2, 4, 3 };
        unsigned *count = data;

        ck_assert_str_eq(item->name, names[*count]);
        ck_assert_str_eq(item->path, *count < 2 ? "a" : "b");
        ck_assert_int_eq(item->stored_ms, times[*count]);
        ck_assert_int_eq(item->expires_ms, *count == 1 ? 99 : 0);
        if (*count == 1)
                ck_assert_str_eq(item->error, "why");
        else
                ck_assert_ptr_null(item->error);
        ++*count;
        return journal_drop(journal, &op, item->shelf, item->path, item->name);
}

START_TEST(shelves_are_browsed_by_path_and_age) {
        struct shelved item = { .shelf = SHELF_RESULT,
                                .path = "a",
                                .name = "one",
                                .data = "x",
                                .len = 1,
                                .stored_ms = 4,
                                .expires_ms = 99,
                                .error = "why" };
        unsigned count = 0;

        begin();
        put(SHELF_RESULT, "b", "one", "third", 3);
        ck_assert_int_eq(journal_put(journal, &op, &item), 0);
        put(SHELF_RESULT, "a", "two", "second", 2);
        ck_assert_int_eq(journal_browse(journal, SHELF_RESULT, NULL, check_item, &count), 0);
        ck_assert_uint_eq(count, 3);
        ck_assert_uint_eq(items_on(SHELF_RESULT, NULL), 0);
        end();
}
END_TEST

START_TEST(history_is_trimmed_by_versions_and_days) {
        const int64_t day = 86400000, now = stamp_now_ms() + day / 24;
        char version[16];

        begin();
        for (int i = 0; i < 200; i++) {
                (void)snprintf(version, sizeof(version), "%d", i);
                put(SHELF_HISTORY, i % 2 ? "a" : "b", version, version, now - i * day / 4);
        }
        journal_trim_history(journal, 30, 1000);
        ck_assert_uint_eq(items_on(SHELF_HISTORY, "a"), 30);
        ck_assert_uint_eq(items_on(SHELF_HISTORY, "b"), 30);
        expect(SHELF_HISTORY, "b", "58", "58");
        expect(SHELF_HISTORY, "b", "60", NULL);
        journal_trim_history(journal, 30, 5);
        ck_assert_uint_eq(items_on(SHELF_HISTORY, NULL), 21);
        clock_move(10 * day);
        journal_trim_history(journal, 30, 5);
        ck_assert_uint_eq(items_on(SHELF_HISTORY, NULL), 0);
        end();
}
END_TEST

START_TEST(a_full_result_shelf_gives_up_its_oldest) {
        char *large = calloc(1, JOURNAL_BLOB_MAX + 1);
        char as[2] = "a";

        begin();
        memset(large, 'x', JOURNAL_BLOB_MAX);
        for (int i = 0; i < 6; i++, as[0]++)
                put(SHELF_RESULT, "p", as, large, 1 + i);
        ck_assert_uint_eq(items_on(SHELF_RESULT, NULL), 4);
        expect(SHELF_RESULT, "p", "b", NULL);
        put(SHELF_SECRET, "p", "a", large, 1);
        ck_assert_int_eq(journal_put(journal, &op,
                                     &(struct shelved){ .shelf = SHELF_SECRET,
                                                        .path = "p",
                                                        .name = "b",
                                                        .data = "x",
                                                        .len = 1 }),
                         -ENOSPC);
        ck_assert_ptr_nonnull(strstr(op.fault.reason, "secrets is full"));
        expect(SHELF_SECRET, "p", "a", large);
        end();
        free(large);
}
END_TEST

static int check_job(void *data, const struct job *job) {
        unsigned *count = data;

        ck_assert_str_eq(job->path, path);
        ck_assert_str_eq(job->identity, *count ? target : identity);
        if (*count)
                ck_assert_ptr_null(job->state);
        else
                ck_assert_str_eq(job->state, "AVAILABLE");
        ck_assert_int_eq(job->started_ms, 1);
        ck_assert_int_eq(job->ended_ms, *count ? 0 : 3);
        ++*count;
        return 0;
}

START_TEST(jobs_survive) {
        char created[] = "CREATING", available[] = "AVAILABLE";
        struct job job = { .path = path,
                           .identity = identity,
                           .started_by = name,
                           .state = created,
                           .started_ms = 1,
                           .polled_ms = 2 };
        unsigned count = 0;

        begin();
        ck_assert_int_eq(journal_job_put(journal, &op, &job), 0);
        job.identity = target;
        job.state = NULL;
        ck_assert_int_eq(journal_job_put(journal, &op, &job), 0);
        job.identity = identity;
        job.state = available;
        job.ended_ms = 3;
        ck_assert_int_eq(journal_job_put(journal, &op, &job), 0);
        open_again();
        ck_assert_int_eq(journal_jobs(journal, check_job, &count), 0);
        ck_assert_uint_eq(count, 2);
        ck_assert_int_eq(journal_job_drop(journal, identity), 0);
        ck_assert_int_eq(journal_job_drop(journal, identity), -ENOENT);
        job.path = NULL;
        ck_assert_int_eq(journal_job_put(journal, &op, &job), -EINVAL);
        end();
}
END_TEST

int main(void) {
        const struct unit_case cases[] = {
                { "survives", an_edit_survives_with_all_it_has, 0 },
                { "empty", no_text_and_an_empty_one_are_two_things, 0 },
                { "wrong", what_is_no_edit_is_refused, 0 },
                { "once", a_step_for_once_is_never_begun_twice, 0 },
                { "again", a_step_that_may_be_repeated_is_begun_again, 0 },
                { "refused", a_refused_text_is_on_the_shelf, 0 },
                { "decided", what_is_refused_does_not_come_back, 0 },
                { "done", what_is_done_is_gone, 0 },
                { "each", each_edit_is_visited_oldest_first, 0 },
                { "edits", the_bound_of_edits_holds, 0 },
                { "bytes", refused_texts_are_bounded_and_none_is_dropped, 0 },
                { "shelves", shelves_keep_what_is_put, 0 },
                { "browse", shelves_are_browsed_by_path_and_age, 0 },
                { "history", history_is_trimmed_by_versions_and_days, 0 },
                { "results", a_full_result_shelf_gives_up_its_oldest, 0 },
                { "jobs", jobs_survive, 0 },
                { 0 },
        };

        return unit_main("cache-journal", cases);
}
