/* SPDX-License-Identifier: Apache-2.0 */
/* Many at once: nobody waits for somebody who only looks, and those who write together go to the
 * disk together. */
#include <pthread.h>
#include <sqlite3.h>
#include <stdatomic.h>

#include "base/text.h"
#include "tests/unit/cache/directory.h"
#include "tests/unit/cache/journal-model.h"
#include "tests/unit/unit.h"

enum { THREADS = 8, EDITS = 25 };

static struct journal *journal;
static atomic_uint turn, done, refused, unknown;

static char path[] = "account/a.json";

static int64_t accept(const char *text) {
        struct edit edit = {
                .act = EDIT_SAVE, .path = path, .text = strdup(text), .len = strlen(text)
        };
        int64_t id = 0;
        struct op op;

        op_init(&op, OP_INTERACTIVE, 10000);
        ck_assert_int_eq(journal_accept(journal, &op, &edit, &id), 0);
        free(edit.text);
        return id;
}

static void send(int64_t id) {
        const struct op_step step = { .number = 1,
                                      .count = 1,
                                      .service = "dws",
                                      .call = "Create",
                                      .method = "POST",
                                      .target = "/v1",
                                      .is_once = true };
        const struct op_fault fault = { .error = -EINVAL, .reason = "no" };
        struct op op;

        op_init(&op, OP_INTERACTIVE, 10000);
        ck_assert_int_eq(journal_step_begin(journal, &op, id, &step), 0);
        journal_step_end(journal, id, &step, 0);
        switch (atomic_fetch_add(&turn, 1) % 3) {
        case 0:
                journal_finish(journal, id, EDIT_DONE, NULL);
                atomic_fetch_add(&done, 1);
                break;
        case 1:
                journal_finish(journal, id, EDIT_REJECTED, &fault);
                atomic_fetch_add(&refused, 1);
                break;
        default:
                journal_finish(journal, id, EDIT_UNKNOWN, &fault);
                atomic_fetch_add(&unknown, 1);
                break;
        }
}

static void *write_edits(void *data) {
        const unsigned number = *(unsigned *)data;
        char text[64];

        for (unsigned i = 0; i < EDITS; i++) {
                struct edit edit;
                int64_t id;

                (void)snprintf(text, sizeof(text), "thread %u, text %u", number, i);
                id = accept(text);
                ck_assert_int_eq(journal_get(journal, id, &edit), 0);
                ck_assert_str_eq(edit.text, text);
                edit_done(&edit);
                send(id);
        }
        return NULL;
}

static void *write_shelves(void *data) {
        const unsigned number = *(unsigned *)data;
        struct op op;
        char name[32];
        struct shelved item = { .path = path, .name = name, .data = "data", .len = 4 };

        op_init(&op, OP_INTERACTIVE, 10000);
        for (unsigned i = 0; i < EDITS; i++) {
                (void)snprintf(name, sizeof(name), "%u.%u", number, i);
                item.shelf = i % 2 ? SHELF_HISTORY : SHELF_SECRET;
                ck_assert_int_eq(journal_put(journal, &op, &item), 0);
                if (i % 4 == 0)
                        ck_assert_int_eq(journal_drop(journal, &op, item.shelf, path, name), 0);
                journal_trim_history(journal, 10, 100);
        }
        return NULL;
}

static int see_edit(void *data, const struct edit *edit) {
        (void)data;
        ck_assert_str_eq(edit->path, path);
        return 0;
}

static int see_item(void *data, const struct shelved *item) {
        (void)data;
        ck_assert_str_eq(item->path, path);
        return 0;
}

static void *look(void *data) {
        (void)data;
        for (unsigned i = 0; i < EDITS; i++) {
                struct journal_state state;

                ck_assert_int_eq(journal_each(journal, ~0u, see_edit, NULL), 0);
                ck_assert_int_eq(journal_browse(journal, SHELF_REJECTED, NULL, see_item, NULL), 0);
                ck_assert_uint_le(journal_pending(journal), THREADS);
                journal_describe(journal, &state);
                ck_assert_int_eq(state.error, 0);
        }
        return NULL;
}

START_TEST(many_threads_lose_nothing) {
        pthread_t writers[THREADS], keeper, reader;
        unsigned numbers[THREADS];
        struct journal_state state;

        disk_begin();
        journal = open_journal();
        for (unsigned i = 0; i < THREADS; i++) {
                numbers[i] = i;
                ck_assert_int_eq(pthread_create(&writers[i], NULL, write_edits, &numbers[i]), 0);
        }
        ck_assert_int_eq(pthread_create(&keeper, NULL, write_shelves, &numbers[0]), 0);
        ck_assert_int_eq(pthread_create(&reader, NULL, look, NULL), 0);
        for (unsigned i = 0; i < THREADS; i++)
                (void)pthread_join(writers[i], NULL);
        (void)pthread_join(keeper, NULL);
        (void)pthread_join(reader, NULL);
        ck_assert_uint_eq(done + refused + unknown, THREADS * EDITS);
        (void)journal_close(journal);
        journal = open_journal();
        journal_describe(journal, &state);
        ck_assert_uint_eq(state.pending, 0);
        ck_assert_uint_eq(state.rejected, refused);
        ck_assert_uint_eq(state.unknown, unknown);
        (void)journal_close(journal);
        disk_expect("PRAGMA integrity_check", "ok");
        disk_expect("SELECT count(*) FROM shelf WHERE shelf = 0", "10");
        disk_end();
}
END_TEST

static pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t opened = PTHREAD_COND_INITIALIZER;
static bool is_looking, is_accepted;

static void set(bool *flag) {
        (void)pthread_mutex_lock(&gate);
        *flag = true;
        (void)pthread_cond_broadcast(&opened);
        (void)pthread_mutex_unlock(&gate);
}

static void await(const bool *flag) {
        (void)pthread_mutex_lock(&gate);
        while (!*flag)
                (void)pthread_cond_wait(&opened, &gate);
        (void)pthread_mutex_unlock(&gate);
}

/* Ends only when an edit was accepted meanwhile. */
static int look_long(void *data, const struct edit *edit) {
        (void)data;
        (void)edit;
        set(&is_looking);
        await(&is_accepted);
        return 1;
}

static void *look_for_long(void *data) {
        (void)data;
        ck_assert_int_eq(journal_each(journal, ~0u, look_long, NULL), 1);
        return NULL;
}

START_TEST(who_looks_for_long_blocks_nobody) {
        pthread_t reader;

        disk_begin();
        journal = open_journal();
        (void)accept("first");
        ck_assert_int_eq(pthread_create(&reader, NULL, look_for_long, NULL), 0);
        await(&is_looking);
        (void)accept("second");
        set(&is_accepted);
        (void)pthread_join(reader, NULL);
        (void)journal_close(journal);
        disk_end();
}
END_TEST

int main(void) {
        const struct unit_case cases[] = {
                { "many", many_threads_lose_nothing, 0 },
                { "long", who_looks_for_long_blocks_nobody, 0 },
                { 0 },
        };

        return unit_main("cache-journal-threads", cases);
}
