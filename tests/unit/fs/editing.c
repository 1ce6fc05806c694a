/* SPDX-License-Identifier: Apache-2.0 */
/* When a text is sent: what shells, editors and copies do with an open file. */
#include "fs/editing.h"

#include <string.h>

#include "tests/unit/unit.h"

enum { OPENER = 100, CHILD = 101 };

static struct blob_store store = { .max = BLOB_STORE_MAX };
static int error;

static struct document *document(const char *text) {
        struct document *new = calloc(1, sizeof(*new));

        atomic_init(&new->refs, 1);
        new->data = strdup(text);
        new->len = strlen(text);
        return new;
}

/* An edit of a document, or of a new one where @text is NULL. */
static struct editing *begin(const char *text) {
        struct document *base = text ? document(text) : NULL;
        struct editing *editing;

        ck_assert_int_eq(editing_new(&store, base, OPENER, &editing), 0);
        if (base)
                document_unref(base);
        return editing;
}

static void append(struct editing *editing, const char *text) {
        ck_assert_int_eq(editing_write(editing, text, strlen(text), 0, true), 0);
}

static void send(struct editing *editing, int result) {
        editing_begin(editing);
        editing_end(editing, editing->changes, result, NULL);
}

/* echo a > f: the shell flushes once after it has truncated, once after it has written. */
START_TEST(a_shell_flushes_before_it_writes) {
        struct editing *editing = begin("old");

        ck_assert_int_eq(editing_truncate(editing, 0), 0);
        ck_assert_int_eq(editing_at_flush(editing, OPENER, &error), EDITING_REST);
        append(editing, "a\n");
        ck_assert_int_eq(editing_at_flush(editing, OPENER, &error), EDITING_SEND);
        send(editing, 0);
        ck_assert_int_eq(editing_at_flush(editing, OPENER, &error), EDITING_REST);
        ck_assert_int_eq(editing_at_release(editing), EDITING_REST);
        editing_unref(editing);
}
END_TEST

/* { echo a; sleep 1; echo b; } > f: the child's end is not the end. */
START_TEST(children_flush_what_is_not_theirs) {
        struct editing *editing = begin("old");

        ck_assert_int_eq(editing_truncate(editing, 0), 0);
        append(editing, "a\n");
        ck_assert_int_eq(editing_at_flush(editing, CHILD, &error), EDITING_REST);
        append(editing, "b\n");
        ck_assert_int_eq(editing_at_flush(editing, OPENER, &error), EDITING_SEND);
        ck_assert_mem_eq(editing->text.data, "a\nb\n", 5);
        editing_unref(editing);
}
END_TEST

START_TEST(what_is_left_is_sent_at_the_end) {
        struct editing *editing = begin("old");

        append(editing, "more");
        ck_assert_int_eq(editing_at_flush(editing, CHILD, &error), EDITING_REST);
        ck_assert_int_eq(editing_at_release(editing), EDITING_SEND);
        ck_assert_mem_eq(editing->text.data, "oldmore", 8);
        editing_unref(editing);
}
END_TEST

START_TEST(fsync_sends_whoever_asks) {
        struct editing *editing = begin("old");

        ck_assert_int_eq(editing_at_fsync(editing, &error), EDITING_REST);
        ck_assert_int_eq(editing_truncate(editing, 0), 0);
        ck_assert_int_eq(editing_at_fsync(editing, &error), EDITING_SEND);
        send(editing, -EINVAL);
        ck_assert_int_eq(editing_at_fsync(editing, &error), EDITING_FAILED);
        ck_assert_int_eq(error, -EINVAL);
        editing_unref(editing);
}
END_TEST

START_TEST(an_error_is_shown_until_it_was_seen_at_a_close) {
        struct editing *editing = begin("old");

        append(editing, "x");
        send(editing, -ESTALE);
        ck_assert_int_eq(editing_at_fsync(editing, &error), EDITING_FAILED);
        ck_assert_int_eq(editing_at_fsync(editing, &error), EDITING_FAILED);
        ck_assert_int_eq(editing_at_flush(editing, CHILD, &error), EDITING_REST);
        error = 0;
        ck_assert_int_eq(editing_at_flush(editing, OPENER, &error), EDITING_FAILED);
        ck_assert_int_eq(error, -ESTALE);
        ck_assert_int_eq(editing_at_flush(editing, OPENER, &error), EDITING_REST);
        ck_assert_int_eq(editing_at_release(editing), EDITING_REST);
        append(editing, "y");
        ck_assert_int_eq(editing_at_flush(editing, OPENER, &error), EDITING_SEND);
        editing_unref(editing);
}
END_TEST

START_TEST(what_is_written_while_it_is_sent_is_sent_again) {
        struct editing *editing = begin("old");
        struct document *now = document("oldx");
        uint64_t changes;

        append(editing, "x");
        changes = editing->changes;
        editing_begin(editing);
        append(editing, "y");
        editing_end(editing, changes, 0, now);
        ck_assert_ptr_eq(editing->base, now);
        ck_assert(editing_is_dirty(editing));
        ck_assert_int_eq(editing_at_release(editing), EDITING_SEND);
        editing_unref(editing);
        document_unref(now);
}
END_TEST

START_TEST(nothing_at_all_is_refused_or_stays_local) {
        struct editing *old = begin("old"), *new = begin(NULL);

        ck_assert_int_eq(editing_truncate(old, 0), 0);
        ck_assert_int_eq(editing_at_release(old), EDITING_SEND); /* … and the view refuses it */
        ck_assert_int_eq(editing_truncate(new, 0), 0);
        ck_assert_int_eq(editing_at_fsync(new, &error), EDITING_REST);
        ck_assert_int_eq(editing_at_release(new), EDITING_REST);
        append(new, "x");
        ck_assert_int_eq(editing_at_flush(new, OPENER, &error), EDITING_SEND);
        editing_unref(old);
        editing_unref(new);
}
END_TEST

START_TEST(an_action_fires_once) {
        struct editing *editing = begin(NULL);

        editing->fires_once = true;
        ck_assert_int_eq(editing_at_release(editing), EDITING_REST);
        append(editing, "{}");
        ck_assert_int_eq(editing_at_flush(editing, OPENER, &error), EDITING_SEND);
        send(editing, 0);
        ck_assert_int_eq(editing_write(editing, "{}", 2, 0, false), -EBUSY);
        ck_assert_int_eq(editing_truncate(editing, 0), -EBUSY);
        ck_assert_int_eq(editing_at_flush(editing, OPENER, &error), EDITING_REST);
        ck_assert_int_eq(editing_at_release(editing), EDITING_REST);
        editing_unref(editing);
}
END_TEST

START_TEST(too_much_is_refused) {
        struct editing *editing = begin("old");

        ck_assert_int_eq(editing_write(editing, "x", 1, BLOB_MAX, false), -EFBIG);
        ck_assert_int_eq(editing_truncate(editing, (off_t)BLOB_MAX + 1), -EFBIG);
        ck_assert(!editing_is_dirty(editing));
        editing_unref(editing);
        ck_assert_uint_eq(atomic_load(&store.used), 0);
}
END_TEST

int main(void) {
        const struct unit_case cases[] = {
                { "a shell flushes before it writes", a_shell_flushes_before_it_writes, 0 },
                { "children flush what is not theirs", children_flush_what_is_not_theirs, 0 },
                { "what is left is sent at the end", what_is_left_is_sent_at_the_end, 0 },
                { "fsync sends whoever asks", fsync_sends_whoever_asks, 0 },
                { "an error is shown until it was seen at a close",
                  an_error_is_shown_until_it_was_seen_at_a_close, 0 },
                { "what is written while it is sent is sent again",
                  what_is_written_while_it_is_sent_is_sent_again, 0 },
                { "nothing at all is refused or stays local",
                  nothing_at_all_is_refused_or_stays_local, 0 },
                { "an action fires once", an_action_fires_once, 0 },
                { "too much is refused", too_much_is_refused, 0 },
                { 0 },
        };

        return unit_main("editing", cases);
}
