/* SPDX-License-Identifier: Apache-2.0 */
/* Which names are scratch, and what becomes of such files. */
#include "fs/scratch.h"

#include <string.h>

#include "base/stamp.h"
#include "base/text.h"
#include "tests/unit/unit.h"

static bool is_document(const void *data, const char *name) {
        (void)data;
        return text_eq(name, "t.json") || text_eq(name, "key");
}

static bool is_scratch(const char *name, bool is_strict, bool is_private) {
        return scratch_is_name(name, &(struct scratch_where){
                                             .is_strict = is_strict,
                                             .is_private = is_private,
                                             .exists = is_document,
                                     });
}

START_TEST(names_of_tools_are_scratch) {
        static const char *const always[] = {
                ".t.json.swp", ".t.json.swx", ".t.json.Ab12Cd", ".#t.json",
                "#t.json#",    "t.json~",     "t.json.~1~",     ".goutputstream-1A2B3C",
                "._t.json",    ".DS_Store",   ".~lock.t.json#", "4913",
                "sedAb12Cd",
        };

        for (size_t i = 0; i < ELEMENTSOF(always); i++) {
                ck_assert_msg(is_scratch(always[i], false, false), "%s", always[i]);
                ck_assert_msg(is_scratch(always[i], true, false), "%s, strictly", always[i]);
        }
        ck_assert(is_scratch("t.json.oCru73W", false, false));
        ck_assert(is_scratch("key.oCru73W", true, false));
        ck_assert(is_scratch("t.json.bak", false, false));
        ck_assert(is_scratch("t.json.orig", false, false));
        ck_assert(is_scratch("lu12a3.tmp", false, false));
        ck_assert(is_scratch("t.json.Ab12Cd", false, true));
        ck_assert(is_scratch("XXg0w9VD", false, false));
        ck_assert(is_scratch("XXg0w9VD", true, true));
}
END_TEST

START_TEST(names_of_resources_are_not) {
        static const char *const never[] = {
                "t.json", "new.json", "key",        "sedan",  "sedAb12Cd.json", "4913.json",
                "a~b",    "#a",       "x.bak",      "x.orig", "none.oCru73W",   "~",
                "#",      "##",       "t.json.o12", "tmp",
        };

        for (size_t i = 0; i < ELEMENTSOF(never); i++) {
                ck_assert_msg(!is_scratch(never[i], false, false), "%s", never[i]);
                ck_assert_msg(!is_scratch(never[i], true, false), "%s, strictly", never[i]);
        }
        ck_assert(!is_scratch("key.bak", true, false));
        ck_assert(!is_scratch("XXg0w9VD", true, false));
        ck_assert(!is_scratch("database", true, true));
}
END_TEST

static struct blob_store blobs;
static struct scratch_store store;

static void begin(size_t max) {
        blobs = (struct blob_store){ .max = max };
        scratch_store_init(&store, &blobs);
}

START_TEST(bytes_are_written_and_cut) {
        struct scratch *scratch;
        const char *data;

        begin(BLOB_STORE_MAX);
        ck_assert_int_eq(scratch_new(&store, NULL, 0600, &scratch), 0);
        ck_assert_int_eq(scratch_write(scratch, "abc", 3, 0), 0);
        ck_assert_int_eq(scratch_write(scratch, "x", 1, 5), 0);
        ck_assert_uint_eq(blob_read(&scratch->blob, 100, 0, &data), 6);
        ck_assert_mem_eq(data, "abc\0\0x", 6);
        ck_assert_int_eq(scratch_truncate(scratch, 2), 0);
        ck_assert_int_eq(scratch_truncate(scratch, 4), 0);
        ck_assert_uint_eq(blob_read(&scratch->blob, 2, 1, &data), 2);
        ck_assert_mem_eq(data, "b\0", 2);
        ck_assert_uint_eq(blob_read(&scratch->blob, 10, 4, &data), 0);
        ck_assert_uint_eq(scratch->changes, 4);
        scratch_free(scratch);
        ck_assert_uint_eq(atomic_load(&blobs.used), 0);
        ck_assert_uint_eq(store.count, 0);
}
END_TEST

START_TEST(size_is_bounded_one_by_one_and_in_all) {
        struct scratch *a, *b;

        begin(60 * 1024);
        ck_assert_int_eq(scratch_new(&store, NULL, 0600, &a), 0);
        ck_assert_int_eq(scratch_new(&store, NULL, 0600, &b), 0);
        ck_assert_int_eq(scratch_truncate(a, (off_t)BLOB_MAX + 1), -EFBIG);
        ck_assert_int_eq(scratch_write(a, "x", 1, BLOB_MAX), -EFBIG);
        ck_assert_int_eq(scratch_write(a, "x", 1, -1), -EINVAL);
        ck_assert_int_eq(scratch_truncate(a, 40 * 1024), -ENOSPC);
        ck_assert_int_eq(scratch_truncate(a, 20 * 1024), 0);
        ck_assert_int_eq(scratch_truncate(b, 40 * 1024), -ENOSPC);
        ck_assert_uint_eq(b->blob.len, 0);
        scratch_free(a);
        ck_assert_int_eq(scratch_truncate(b, 20 * 1024), 0);
        scratch_free(b);
}
END_TEST

START_TEST(their_number_is_bounded) {
        struct scratch *list[SCRATCH_COUNT_MAX], *more;

        begin(BLOB_STORE_MAX);
        for (size_t i = 0; i < SCRATCH_COUNT_MAX; i++)
                ck_assert_int_eq(scratch_new(&store, NULL, 0600, &list[i]), 0);
        ck_assert_int_eq(scratch_new(&store, NULL, 0600, &more), -ENOSPC);
        scratch_free(list[17]);
        ck_assert_int_eq(scratch_new(&store, "target", 0777, &list[17]), 0);
        ck_assert_str_eq(list[17]->target, "target");
        for (size_t i = 0; i < SCRATCH_COUNT_MAX; i++)
                scratch_free(list[i]);
        ck_assert_ptr_null(store.first);
}
END_TEST

START_TEST(what_is_idle_for_an_hour_expires) {
        struct scratch *a, *b, *c;
        int64_t now = stamp_monotonic_ms();

        begin(BLOB_STORE_MAX);
        ck_assert_int_eq(scratch_new(&store, NULL, 0600, &a), 0);
        ck_assert_int_eq(scratch_new(&store, NULL, 0600, &b), 0);
        ck_assert_int_eq(scratch_new(&store, NULL, 0600, &c), 0);
        a->handles = 1;
        ck_assert_ptr_null(scratch_expired(&store, now));
        ck_assert_ptr_eq(scratch_expired(&store, now + SCRATCH_IDLE_MS + 1000), b);
        scratch_touch(b);
        ck_assert_ptr_eq(scratch_expired(&store, now + SCRATCH_IDLE_MS + 1000), c);
        scratch_free(c);
        b->touched_ms = now + 2000;
        ck_assert_ptr_null(scratch_expired(&store, now + SCRATCH_IDLE_MS + 1000));
        scratch_free(b);
        scratch_free(a);
}
END_TEST

START_TEST(a_time_is_kept_until_the_bytes_change) {
        struct scratch *scratch;
        const struct timespec then = { .tv_sec = 1000000000, .tv_nsec = 5 };

        begin(BLOB_STORE_MAX);
        ck_assert_int_eq(scratch_new(&store, NULL, 0600, &scratch), 0);
        scratch_set_time(scratch, &then);
        ck_assert(scratch->is_time_set);
        ck_assert_int_eq(scratch->modified.tv_sec, then.tv_sec);
        ck_assert_int_eq(scratch_write(scratch, "a", 1, 0), 0);
        ck_assert(!scratch->is_time_set);
        ck_assert_int_gt(scratch->modified.tv_sec, then.tv_sec);
        scratch_free(scratch);
}
END_TEST

int main(void) {
        const struct unit_case cases[] = {
                { "names of tools are scratch", names_of_tools_are_scratch, 0 },
                { "names of resources are not", names_of_resources_are_not, 0 },
                { "bytes are written and cut", bytes_are_written_and_cut, 0 },
                { "size is bounded one by one and in all", size_is_bounded_one_by_one_and_in_all,
                  0 },
                { "their number is bounded", their_number_is_bounded, 0 },
                { "what is idle for an hour expires", what_is_idle_for_an_hour_expires, 0 },
                { "a time is kept until the bytes change", a_time_is_kept_until_the_bytes_change,
                  0 },
                { 0 },
        };

        return unit_main("scratch", cases);
}
