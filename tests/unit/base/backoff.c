/* SPDX-License-Identifier: Apache-2.0 */
#include "base/backoff.h"
#include "tests/unit/unit.h"

enum { ROUNDS = 2000 };

static int64_t longest(int64_t base_ms, int64_t max_ms, unsigned times) {
        int64_t most = 0;

        for (unsigned i = 0; i < ROUNDS; i++) {
                int64_t ms = backoff_jittered_ms(base_ms, max_ms, times);

                ck_assert_int_ge(ms, 1);
                ck_assert_int_le(ms, max_ms);
                if (ms > most)
                        most = ms;
        }
        return most;
}

START_TEST(the_bound_doubles) {
        ck_assert_int_le(longest(10, 1000, 0), 10);
        ck_assert_int_gt(longest(10, 1000, 3), 40);
        ck_assert_int_le(longest(10, 1000, 3), 80);
}
END_TEST

START_TEST(the_bound_has_an_end) {
        ck_assert_int_gt(longest(1000, 60000, 64), 30000);
        ck_assert_int_gt(longest(1000, 60000, UINT32_MAX), 30000);
        ck_assert_int_le(longest(500, 100, 0), 100);
}
END_TEST

int main(void) {
        const struct unit_case cases[] = {
                { .name = "doubles", .test = the_bound_doubles },
                { .name = "end", .test = the_bound_has_an_end },
                {},
        };

        return unit_main("backoff", cases);
}
