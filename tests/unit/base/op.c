/* SPDX-License-Identifier: Apache-2.0 */
#include "base/op.h"

#include <string.h>

#include "base/log.h"
#include "base/stamp.h"
#include "tests/unit/unit.h"

START_TEST(without_a_deadline_time_is_endless) {
        struct op op;

        op_init(&op, OP_AHEAD, 0);
        ck_assert_int_eq(op.priority, OP_AHEAD);
        ck_assert_int_eq(op_left_ms(&op), INT64_MAX);
        ck_assert_int_eq(op_check(&op), 0);
        ck_assert_int_eq(op.fault.error, 0);
}
END_TEST

START_TEST(a_deadline_counts_down) {
        struct op op;

        op_init(&op, OP_INTERACTIVE, 60000);
        ck_assert_int_gt(op_left_ms(&op), 0);
        ck_assert_int_le(op_left_ms(&op), 60000);
        ck_assert_int_eq(op_check(&op), 0);
}
END_TEST

START_TEST(what_is_late_fails_with_a_reason) {
        struct op op;

        op_init(&op, OP_INTERACTIVE, 60000);
        op.deadline_ms = stamp_monotonic_ms() - 1;
        ck_assert_int_eq(op_left_ms(&op), 0);
        ck_assert_int_eq(op_check(&op), -ETIMEDOUT);
        ck_assert_int_eq(op.fault.error, -ETIMEDOUT);
        ck_assert_str_ne(op.fault.reason, "");
}
END_TEST

START_TEST(what_is_cancelled_is_interrupted_even_when_late) {
        struct op op;

        op_init(&op, OP_INTERACTIVE, 60000);
        op.deadline_ms = stamp_monotonic_ms() - 1;
        atomic_store(&op.cancelled, true);
        ck_assert_int_eq(op_check(&op), -EINTR);
        ck_assert_int_eq(op.fault.error, -EINTR);
}
END_TEST

START_TEST(a_failure_says_why) {
        struct op op;

        op_init(&op, OP_INTERACTIVE, 0);
        ck_assert_int_eq(op_fail(&op, ENOTEMPTY, "%s has %d snapshots", "shop", 3), -ENOTEMPTY);
        ck_assert_int_eq(op.fault.error, -ENOTEMPTY);
        ck_assert_str_eq(op.fault.reason, "shop has 3 snapshots");
        op_clear(&op);
        ck_assert_int_eq(op.fault.error, 0);
        ck_assert_str_eq(op.fault.reason, "");
}
END_TEST

START_TEST(a_later_failure_replaces_all_of_an_earlier_one) {
        struct op op;

        op_init(&op, OP_INTERACTIVE, 0);
        ck_assert_int_eq(op_fail_answer(&op, EACCES, 403, "DWS.0015", "req-1", "not yours"),
                         -EACCES);
        ck_assert_int_eq(op.fault.status, 403);
        ck_assert_str_eq(op.fault.code, "DWS.0015");
        ck_assert_str_eq(op.fault.request_id, "req-1");
        ck_assert_str_eq(op.fault.reason, "not yours");
        (void)op_fail(&op, EIO, "other");
        ck_assert_int_eq(op.fault.status, 0);
        ck_assert_str_eq(op.fault.code, "");
        ck_assert_str_eq(op.fault.request_id, "");
        ck_assert_str_eq(op.fault.reason, "other");
}
END_TEST

START_TEST(a_reason_may_quote_the_one_before) {
        struct op op;

        op_init(&op, OP_INTERACTIVE, 0);
        (void)op_fail(&op, EIO, "the cause");
        (void)op_fail(&op, EINVAL, "shop: %s", op.fault.reason);
        ck_assert_str_eq(op.fault.reason, "shop: the cause");
        (void)op_fail_answer(&op, EIO, 500, op.fault.code, NULL, op.fault.reason);
        ck_assert_str_eq(op.fault.reason, "shop: the cause");
}
END_TEST

START_TEST(texts_that_are_too_long_are_cut) {
        char text[2 * OP_REASON_SIZE];
        struct op op;

        memset(text, 'x', sizeof(text));
        text[sizeof(text) - 1] = '\0';
        op_init(&op, OP_INTERACTIVE, 0);
        (void)op_fail_answer(&op, EIO, 500, text, text, text);
        ck_assert_uint_eq(strlen(op.fault.code), OP_CODE_SIZE - 1);
        ck_assert_uint_eq(strlen(op.fault.request_id), OP_REQUEST_ID_SIZE - 1);
        ck_assert_uint_eq(strlen(op.fault.reason), OP_REASON_SIZE - 1);
        (void)op_fail(&op, EIO, "%s", text);
        ck_assert_uint_eq(strlen(op.fault.reason), OP_REASON_SIZE - 1);
}
END_TEST

START_TEST(absent_words_of_an_answer_are_empty) {
        struct op op;

        op_init(&op, OP_INTERACTIVE, 0);
        (void)op_fail_answer(&op, EIO, 500, NULL, NULL, NULL);
        ck_assert_str_eq(op.fault.code, "");
        ck_assert_str_eq(op.fault.request_id, "");
        ck_assert_str_eq(op.fault.reason, "");
}
END_TEST

START_TEST(log_levels_have_names) {
        enum log_level level;

        for (int i = LOG_LEVEL_ERROR; i <= LOG_LEVEL_DEBUG; i++) {
                ck_assert_int_eq(log_level_parse(log_level_name((enum log_level)i), &level), 0);
                ck_assert_int_eq((int)level, i);
        }
        ck_assert_int_eq(log_level_parse("loud", &level), -EINVAL);
        log_set_level(LOG_LEVEL_DEBUG);
        ck_assert_int_eq(log_get_level(), LOG_LEVEL_DEBUG);
}
END_TEST

int main(void) {
        const struct unit_case cases[] = {
                { "endless", without_a_deadline_time_is_endless, 0 },
                { "deadline", a_deadline_counts_down, 0 },
                { "late", what_is_late_fails_with_a_reason, 0 },
                { "cancelled", what_is_cancelled_is_interrupted_even_when_late, 0 },
                { "fail", a_failure_says_why, 0 },
                { "replaced", a_later_failure_replaces_all_of_an_earlier_one, 0 },
                { "quoted", a_reason_may_quote_the_one_before, 0 },
                { "cut", texts_that_are_too_long_are_cut, 0 },
                { "absent", absent_words_of_an_answer_are_empty, 0 },
                { "log", log_levels_have_names, 0 },
                {},
        };

        return unit_main("op", cases);
}
