/* SPDX-License-Identifier: Apache-2.0 */
#include "base/arena.h"

#include <stdalign.h>
#include <stdint.h>

#include "tests/unit/unit.h"

START_TEST(texts_stay_where_they_are) {
        struct arena arena = { 0 };
        enum { TEXTS = 5000 };
        char *texts[TEXTS];

        for (size_t i = 0; i < TEXTS; i++) {
                char text[32];
                int len = snprintf(text, sizeof(text), "text %zu", i);

                texts[i] = arena_text(&arena, text, (size_t)len);
                ck_assert_ptr_nonnull(texts[i]);
        }
        for (size_t i = 0; i < TEXTS; i++) {
                char text[32];

                (void)snprintf(text, sizeof(text), "text %zu", i);
                ck_assert_str_eq(texts[i], text);
        }
        ck_assert_str_eq(arena_text(&arena, NULL, 0), "");
        arena_done(&arena);
}
END_TEST

START_TEST(pieces_are_aligned_and_apart) {
        struct arena arena = { 0 };
        uint64_t *before = NULL;

        for (size_t i = 0; i < 1000; i++) {
                uint64_t *number;

                ck_assert_ptr_nonnull(arena_text(&arena, "odd", i % 4));
                number = arena_take(&arena, sizeof(*number), alignof(uint64_t));
                ck_assert_ptr_nonnull(number);
                ck_assert_uint_eq((uintptr_t)number % alignof(uint64_t), 0);
                *number = i;
                if (before)
                        ck_assert_uint_eq(*before, i - 1);
                before = number;
        }
        arena_done(&arena);
}
END_TEST

START_TEST(what_is_larger_than_a_block_has_one_of_its_own) {
        enum { LARGE = 3 * 1024 * 1024 };
        struct arena arena = { 0 };
        char *large = arena_take(&arena, LARGE, 1), *small = arena_text(&arena, "small", 5);

        ck_assert_ptr_nonnull(large);
        memset(large, 'x', LARGE);
        ck_assert_str_eq(small, "small");
        ck_assert_ptr_null(arena_take(&arena, SIZE_MAX, 1));
        ck_assert_ptr_null(arena_text(&arena, "x", SIZE_MAX));
        ck_assert_str_eq(small, "small");
        arena_done(&arena);
        ck_assert_ptr_nonnull(arena_text(&arena, "again", 5));
        arena_done(&arena);
}
END_TEST

int main(void) {
        const struct unit_case cases[] = {
                { .name = "texts", .test = texts_stay_where_they_are },
                { .name = "alignment", .test = pieces_are_aligned_and_apart },
                { .name = "large", .test = what_is_larger_than_a_block_has_one_of_its_own },
                {},
        };

        return unit_main("arena", cases);
}
