/* SPDX-License-Identifier: Apache-2.0 */
#include "base/buf.h"

#include <string.h>

#include "tests/unit/unit.h"

START_TEST(an_empty_buffer_reads_as_an_empty_string) {
        struct buf buf = BUF_INIT(0);

        ck_assert_str_eq(buf_str(&buf), "");
        buf_truncate(&buf, 0);
        buf_done(&buf);
}
END_TEST

START_TEST(what_is_added_stands_in_order_and_terminated) {
        struct buf buf = BUF_INIT(0);

        ck_assert_int_eq(buf_add_str(&buf, "one "), 0);
        ck_assert_int_eq(buf_add_char(&buf, '2'), 0);
        ck_assert_int_eq(buf_printf(&buf, " %s %d", "three", 4), 0);
        ck_assert_int_eq(buf_add(&buf, "\0five", 5), 0);
        ck_assert_uint_eq(buf.len, 18);
        ck_assert_mem_eq(buf.data, "one 2 three 4\0five", 17);
        ck_assert_int_eq(buf.data[buf.len], '\0');
        buf_done(&buf);
}
END_TEST

START_TEST(the_bound_holds_to_the_byte) {
        struct buf buf = BUF_INIT(4);

        ck_assert_int_eq(buf_add_str(&buf, "abcd"), 0);
        ck_assert_int_eq(buf_add_char(&buf, 'e'), -EFBIG);
        ck_assert_str_eq(buf_str(&buf), "abcd");
        buf_done(&buf);
}
END_TEST

START_TEST(the_first_error_sticks) {
        struct buf buf = BUF_INIT(4);

        ck_assert_int_eq(buf_add_str(&buf, "abcde"), -EFBIG);
        ck_assert_int_eq(buf_add_char(&buf, 'a'), -EFBIG);
        ck_assert_int_eq(buf_printf(&buf, "b"), -EFBIG);
        ck_assert_int_eq(buf.error, -EFBIG);
        ck_assert_ptr_null(buf_steal(&buf, NULL));
        ck_assert_int_eq(buf.error, 0);
        ck_assert_int_eq(buf_add_char(&buf, 'a'), 0);
        buf_done(&buf);
}
END_TEST

START_TEST(a_huge_length_does_not_wrap_around) {
        struct buf buf = BUF_INIT(0);

        ck_assert_int_eq(buf_add_char(&buf, 'a'), 0);
        ck_assert_int_eq(buf_reserve(&buf, SIZE_MAX), -EFBIG);
        buf_done(&buf);
        ck_assert_int_eq(buf_reserve(&buf, SIZE_MAX - 1), -EFBIG);
        buf_done(&buf);
}
END_TEST

START_TEST(it_grows_over_many_sizes) {
        struct buf buf = BUF_INIT(0);

        for (int i = 0; i < 10000; i++)
                ck_assert_int_eq(buf_printf(&buf, "%04d", i), 0);
        ck_assert_uint_eq(buf.len, 40000);
        ck_assert_mem_eq(buf.data + 4 * 9998, "99989999", 9);
        buf_done(&buf);
}
END_TEST

START_TEST(truncation_only_shortens) {
        struct buf buf = BUF_INIT(0);

        (void)buf_add_str(&buf, "abc");
        buf_truncate(&buf, 3);
        buf_truncate(&buf, 10);
        ck_assert_str_eq(buf_str(&buf), "abc");
        buf_truncate(&buf, 1);
        ck_assert_str_eq(buf_str(&buf), "a");
        buf_done(&buf);
}
END_TEST

START_TEST(stealing_leaves_an_empty_buffer_with_its_bound) {
        struct buf buf = BUF_INIT(4);
        size_t len = 0;
        char *data;

        (void)buf_add(&buf, "a\0c", 3);
        data = buf_steal(&buf, &len);
        ck_assert_uint_eq(len, 3);
        ck_assert_mem_eq(data, "a\0c", 4);
        free(data);
        ck_assert_uint_eq(buf.len, 0);
        ck_assert_int_eq(buf_add_str(&buf, "abcde"), -EFBIG);
        buf_done(&buf);
}
END_TEST

START_TEST(an_empty_buffer_is_stolen_as_an_empty_string) {
        struct buf buf = BUF_INIT(0);
        size_t len = 1;
        char *data = buf_steal(&buf, &len);

        ck_assert_ptr_nonnull(data);
        ck_assert_uint_eq(len, 0);
        ck_assert_str_eq(data, "");
        free(data);
}
END_TEST

START_TEST(arrays_grow_to_their_bound) {
        size_t capacity = 0, count = 0;
        int *list = NULL;

        for (; count < 20; count++) {
                ck_assert_int_eq(array_grow(&list, &capacity, count, 20, sizeof(*list)), 0);
                list[count] = (int)count;
        }
        ck_assert_int_eq(array_grow(&list, &capacity, count, 20, sizeof(*list)), -E2BIG);
        ck_assert_uint_eq(capacity, 20);
        ck_assert_int_eq(list[19], 19);
        free(list);
}
END_TEST

START_TEST(a_stolen_pointer_is_gone) {
        char text[] = "x", *p = text;

        ck_assert_ptr_eq(STEAL(p), text);
        ck_assert_ptr_null(p);
}
END_TEST

int main(void) {
        const struct unit_case cases[] = {
                { .name = "empty", .test = an_empty_buffer_reads_as_an_empty_string },
                { .name = "add", .test = what_is_added_stands_in_order_and_terminated },
                { .name = "bound", .test = the_bound_holds_to_the_byte },
                { .name = "error", .test = the_first_error_sticks },
                { .name = "overflow", .test = a_huge_length_does_not_wrap_around },
                { .name = "growth", .test = it_grows_over_many_sizes },
                { .name = "truncate", .test = truncation_only_shortens },
                { .name = "steal", .test = stealing_leaves_an_empty_buffer_with_its_bound },
                { .name = "steal-empty", .test = an_empty_buffer_is_stolen_as_an_empty_string },
                { .name = "array", .test = arrays_grow_to_their_bound },
                { .name = "steal-pointer", .test = a_stolen_pointer_is_gone },
                {},
        };

        return unit_main("buf", cases);
}
