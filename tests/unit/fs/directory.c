/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/directory.h"

#include <string.h>

#include "fs/local.h"
#include "tests/unit/unit.h"

/* A listing of one-letter names. */
static struct listing *listing_of(const char *names, int64_t changed_ms) {
        struct listing *listing;

        ck_assert_int_eq(local_listing_new(changed_ms, 1000, &listing), 0);
        for (; *names; names++) {
                const char name[] = { *names, '\0' };

                ck_assert_int_eq(local_listing_add(listing, name, ENTRY_FILE, 0444), 0);
        }
        local_listing_end(listing);
        return listing;
}

static struct snapshot *next(const char *names, struct snapshot *before) {
        struct snapshot *snapshot;

        ck_assert_int_eq(snapshot_new(listing_of(names, 1), before, &snapshot), 0);
        snapshot_unref(before);
        return snapshot;
}

/* Reads up to @count names above @offset as READDIR would; answers the offset it came to. */
static uint64_t read_names(const struct snapshot *snapshot, uint64_t offset, size_t count,
                           struct buf *ret) {
        for (size_t at = snapshot_after(snapshot, offset); count > 0; at++, count--) {
                const struct entry *entry = snapshot_at(snapshot, at, &offset);

                if (!entry)
                        break;
                (void)buf_add_str(ret, entry->name);
        }
        return offset;
}

START_TEST(names_are_read_in_order_and_once) {
        struct snapshot *snapshot = next("dbca", NULL);
        struct buf buf = BUF_INIT(0);
        uint64_t offset;

        offset = read_names(snapshot, 2, 3, &buf);
        offset = read_names(snapshot, offset, 3, &buf);
        ck_assert_uint_eq(read_names(snapshot, offset, 3, &buf), offset);
        ck_assert_str_eq(buf_str(&buf), "abcd");
        buf_done(&buf);
        snapshot_unref(snapshot);
}
END_TEST

START_TEST(what_stays_is_seen_once_while_others_come_and_go) {
        struct snapshot *snapshot = next("bdfh", NULL);
        struct buf buf = BUF_INIT(0);
        uint64_t offset = read_names(snapshot, 0, 2, &buf);

        snapshot = next("acefh", snapshot); /* b and d went, a, c and e came */
        offset = read_names(snapshot, offset, 1, &buf);
        snapshot = next("bfh", snapshot); /* b is back, as somebody new */
        (void)read_names(snapshot, offset, 10, &buf);
        ck_assert_str_eq(buf_str(&buf), "bdfhb");
        buf_done(&buf);
        snapshot_unref(snapshot);
}
END_TEST

START_TEST(removing_while_reading_misses_nothing) {
        char names[] = "abcdefghij";
        struct snapshot *snapshot = next(names, NULL);
        struct buf buf = BUF_INIT(0);
        uint64_t offset = 0;

        while (*names) { /* as `rm -r` does, two at a time */
                size_t before = buf.len;

                offset = read_names(snapshot, offset, 2, &buf);
                ck_assert_uint_eq(buf.len, before + 2);
                memmove(names, names + 2, strlen(names) - 1);
                snapshot = next(names, snapshot);
        }
        ck_assert_str_eq(buf_str(&buf), "abcdefghij");
        buf_done(&buf);
        snapshot_unref(snapshot);
}
END_TEST

START_TEST(a_number_is_never_given_again) {
        struct snapshot *snapshot = next("a", NULL);
        uint64_t last = 0, ordinal;

        for (int i = 0; i < 100; i++) {
                ck_assert_ptr_nonnull(snapshot_at(snapshot, 0, &ordinal));
                ck_assert_uint_gt(ordinal, last);
                ck_assert_uint_ge(ordinal, SNAPSHOT_FIRST);
                last = ordinal;
                snapshot = next(i % 2 ? "a" : "b", snapshot);
        }
        snapshot_unref(snapshot);
}
END_TEST

START_TEST(an_empty_directory_is_read_to_its_end) {
        struct snapshot *snapshot = next("", NULL);
        uint64_t ordinal;

        ck_assert_uint_eq(snapshot_after(snapshot, 0), 0);
        ck_assert_ptr_null(snapshot_at(snapshot, 0, &ordinal));
        snapshot_unref(snapshot);
}
END_TEST

static void publish(struct directory *directory, const char *names, int64_t changed_ms,
                    int64_t now_ms) {
        struct snapshot *snapshot;

        ck_assert_int_eq(
                snapshot_new(listing_of(names, changed_ms), directory->snapshot, &snapshot), 0);
        directory_publish(directory, snapshot, now_ms);
}

START_TEST(the_kernel_keeps_a_list_that_has_not_changed) {
        struct directory *directory = directory_new();

        publish(directory, "ab", 1000, 0);
        ck_assert(!directory_keep(directory));
        ck_assert(directory_keep(directory));
        publish(directory, "ab", 1000, 10);
        ck_assert(directory_keep(directory));
        publish(directory, "abc", 2000, 20);
        ck_assert(!directory_keep(directory));
        directory_free(directory);
}
END_TEST

START_TEST(a_directory_changes_when_its_names_do) {
        struct directory *directory = directory_new();
        struct timespec first;

        publish(directory, "ab", 1500, 0);
        first = directory->modified;
        ck_assert_int_eq(first.tv_sec, 1);
        ck_assert_int_eq(first.tv_nsec / 1000000, 500);
        publish(directory, "ac", 1500, 10); /* within the same millisecond */
        ck_assert_int_ne(directory->modified.tv_nsec, first.tv_nsec);
        ck_assert(directory_is_fresh(directory, 999));
        ck_assert(!directory_is_fresh(directory, 1000));
        ck_assert(!directory_is_ageing(directory, 752));
        ck_assert(directory_is_ageing(directory, 754));
        ck_assert(!directory_is_fresh(NULL, 0));
        directory_free(directory);
}
END_TEST

START_TEST(a_list_that_is_out_of_date_serves_for_a_moment) {
        struct directory *directory = directory_new();
        struct listing *listing = listing_of("a", 1);
        struct snapshot *snapshot;

        listing->is_stale = true;
        listing->fresh_until_ms = 0;
        ck_assert_int_eq(snapshot_new(listing, NULL, &snapshot), 0);
        directory_publish(directory, snapshot, 5000);
        ck_assert(directory_is_fresh(directory, 5999));
        ck_assert(!directory_is_fresh(directory, 6000));
        directory_free(directory);
}
END_TEST

int main(void) {
        const struct unit_case cases[] = {
                { .name = "order", .test = names_are_read_in_order_and_once },
                { .name = "stay", .test = what_stays_is_seen_once_while_others_come_and_go },
                { .name = "remove", .test = removing_while_reading_misses_nothing },
                { .name = "number", .test = a_number_is_never_given_again },
                { .name = "empty", .test = an_empty_directory_is_read_to_its_end },
                { .name = "keep", .test = the_kernel_keeps_a_list_that_has_not_changed },
                { .name = "time", .test = a_directory_changes_when_its_names_do },
                { .name = "stale", .test = a_list_that_is_out_of_date_serves_for_a_moment },
                { 0 },
        };

        return unit_main("directory", cases);
}
