/* SPDX-License-Identifier: Apache-2.0 */
#include "base/stamp.h"

#include <string.h>

#include "tests/unit/unit.h"

/* Every form that the contract's conventions list in section 5, by the service that prints it. */
static const struct {
        const char *text;
        int64_t seconds;
        long ns;
} good[] = {
        /* DWS */
        { "2016-02-10T14:26:14Z", 1455114374, 0 },
        { "2016-02-10T14:26:14", 1455114374, 0 },
        { "2022-10-27 08:11:29", 1666858289, 0 },
        { "2022-10-27", 1666828800, 0 },
        { "1666858289000", 1666858289, 0 },
        { "1666858289123", 1666858289, 123000000 },
        /* UCS: Go's own print, RFC 3339 with zone and any number of digits */
        { "2023-11-14 06:20:20.446476 +0000 UTC", 1699942820, 446476000 },
        { "2023-11-14 06:20:20.4 +0000 UTC", 1699942820, 400000000 },
        { "2023-11-14 06:20:20 +0000 UTC", 1699942820, 0 },
        { "2023-11-14 06:20:20.446476123 +0000 UTC", 1699942820, 446476123 },
        { "2023-11-14 14:20:20.446476 +0800 CST", 1699942820, 446476000 },
        { "2023-11-14 06:20:20.446476 +0000 UTC m=+0.1", 0, -1 },
        { "2023-11-14T06:20:20Z", 1699942820, 0 },
        { "2023-11-14T14:20:20+08:00", 1699942820, 0 },
        { "2023-11-14T14:20:20.123456789+08:00", 1699942820, 123456789 },
        { "2023-11-14T14:20:20+0800", 1699942820, 0 },
        { "2023-11-14T01:20:20-05:00", 1699942820, 0 },
        { "2023-11-14T11:50:20+05:30", 1699942820, 0 },
        /* CSE: milliseconds; registry: a string of seconds; kie: seconds */
        { "1623139038000", 1623139038, 0 },
        { "1623139038", 1623139038, 0 },
        /* EMS, IAM */
        { "2020-09-25T12:05:00Z", 1601035500, 0 },
        { "2026-01-02T03:04:05.123000Z", 1767323045, 123000000 },
        { "2026-01-02T03:04:05.123456", 1767323045, 123456000 },
        /* finer than a nanosecond is cut */
        { "2026-01-02T03:04:05.1234567899Z", 1767323045, 123456789 },
        /* the calendar */
        { "1970-01-01T00:00:00Z", 0, 0 },
        { "1969-12-31T23:59:59Z", -1, 0 },
        { "2000-02-29T00:00:00Z", 951782400, 0 },
        { "2024-02-29T00:00:00Z", 1709164800, 0 },
        { "2024-12-31T23:59:60Z", 1735689600, 0 }, /* a leap second */
        { "2038-01-19T03:14:08Z", 2147483648, 0 },
        { "9999-12-31T23:59:59Z", 253402300799, 0 },
};

START_TEST(every_form_that_the_services_print) {
        struct timespec t = { .tv_sec = 42 };

        if (good[_i].ns < 0) {
                ck_assert_int_eq(stamp_parse(good[_i].text, &t), -EINVAL);
                ck_assert_int_eq(t.tv_sec, 42);
                return;
        }
        ck_assert_msg(stamp_parse(good[_i].text, &t) == 0, "%s", good[_i].text);
        ck_assert_msg(t.tv_sec == good[_i].seconds, "%s: %jd", good[_i].text, (intmax_t)t.tv_sec);
        ck_assert_msg(t.tv_nsec == good[_i].ns, "%s: %ld", good[_i].text, t.tv_nsec);
}
END_TEST

static const char *const bad[] = {
        NULL,
        "",
        "-",
        "null",
        "0001-01-01T00:00:00Z", /* Go's "never" */
        "2023",                 /* a year is no time */
        "2023-11",
        "2023-11-14T",
        "2023-11-14T06",
        "2023-11-14T06:20",
        "2023-11-14T06:20:20.",
        "2023-11-14T06:20:20.Z",
        "2023-11-14T06:20:20X",
        "2023-11-14T06:20:20Zulu",
        "2023-11-14T06:20:20+",
        "2023-11-14T06:20:20+8",
        "2023-11-14T06:20:20+08:",
        "2023-11-14T06:20:20+08:60",
        "2023-11-14T06:20:20+24:00",
        "2023-11-14T24:00:00Z",
        "2023-11-14T06:60:20Z",
        "2023-11-14T06:20:61Z",
        "2023-00-14T06:20:20Z",
        "2023-13-14T06:20:20Z",
        "2023-11-00T06:20:20Z",
        "2023-11-31T06:20:20Z", /* November has 30 days */
        "2023-11-32T06:20:20Z",
        "2023-02-29T00:00:00Z", /* no leap year */
        "1900-02-29T00:00:00Z", /* neither */
        "2023-2-9T00:00:00Z",
        "2023/11/14 06:20:20",
        "14 Nov 2023",
        "-1623139038",
        "-1623139038000",
        "1623139038.5",
        " 2023-11-14T06:20:20Z",
        "2023-11-14T06:20:20Z ",
        "99999999999999999999",
        "253402300800000", /* milliseconds of the year 10000 */
        "1623139038567000000",
};

START_TEST(everything_else_is_no_time) {
        struct timespec t = { .tv_sec = 42 };

        ck_assert_msg(stamp_parse(bad[_i], &t) == -EINVAL, "%s", bad[_i] ? bad[_i] : "NULL");
        ck_assert_int_eq(t.tv_sec, 42);
}
END_TEST

START_TEST(numbers_are_seconds_or_milliseconds_by_their_size) {
        struct timespec t;

        ck_assert_int_eq(stamp_from_number(1623139038, &t), 0);
        ck_assert_int_eq(t.tv_sec, 1623139038);
        ck_assert_int_eq(t.tv_nsec, 0);
        ck_assert_int_eq(stamp_from_number(1623139038567, &t), 0);
        ck_assert_int_eq(t.tv_sec, 1623139038);
        ck_assert_int_eq(t.tv_nsec, 567000000);
        ck_assert_int_eq(stamp_from_number(0, &t), 0);
        ck_assert_int_eq(t.tv_sec, 0);
        ck_assert_int_eq(stamp_from_number(-1, &t), -EINVAL);
        ck_assert_int_eq(stamp_from_number(253402300799999, &t), 0);
        ck_assert_int_eq(t.tv_sec, 253402300799);
        ck_assert_int_eq(stamp_from_number(253402300800000, &t), -EINVAL);
}
END_TEST

START_TEST(times_are_written_in_two_forms) {
        char text[STAMP_TEXT_SIZE];

        stamp_format(1767323045, text);
        ck_assert_str_eq(text, "2026-01-02T03:04:05Z");
        stamp_format_compact(1767323045, text);
        ck_assert_str_eq(text, "20260102T030405Z");
        stamp_format(0, text);
        ck_assert_str_eq(text, "1970-01-01T00:00:00Z");
        stamp_format(INT64_MAX, text);
        ck_assert_str_eq(text, "-");
        stamp_format_compact(INT64_MIN, text);
        ck_assert_str_eq(text, "-");
}
END_TEST

START_TEST(a_mark_is_never_later_than_its_moment) {
        struct timespec t = stamp_mark(1767323045500, 499999999);

        ck_assert_int_eq(t.tv_sec, 1767323045);
        ck_assert_int_eq(t.tv_nsec, 499999999);
        t = stamp_mark(1767323045500, 7500000001);
        ck_assert_int_eq(t.tv_sec, 1767323044);
        ck_assert_int_eq(t.tv_nsec, 500000001);
        t = stamp_mark(1767323045000, 1000000000);
        ck_assert_int_eq(t.tv_sec, 1767323045);
        ck_assert_int_eq(t.tv_nsec, 0);
}
END_TEST

START_TEST(what_is_written_can_be_read) {
        static const int64_t seconds[] = { 0, -86400, 951782399, 1709164800, 253402300799 };
        char text[STAMP_TEXT_SIZE];
        struct timespec t;

        stamp_format(seconds[_i], text);
        ck_assert_int_eq(stamp_parse(text, &t), 0);
        ck_assert_int_eq(t.tv_sec, seconds[_i]);
}
END_TEST

START_TEST(the_clocks_run) {
        int64_t first = stamp_monotonic_ms();

        ck_assert_int_gt(first, 0);
        ck_assert_int_ge(stamp_monotonic_ms(), first);
        ck_assert_int_gt(stamp_now_ms(), INT64_C(1700000000000));
}
END_TEST

int main(void) {
        const struct unit_case cases[] = {
                { "forms", every_form_that_the_services_print, ELEMENTSOF(good) },
                { "bad", everything_else_is_no_time, ELEMENTSOF(bad) },
                { "numbers", numbers_are_seconds_or_milliseconds_by_their_size, 0 },
                { "format", times_are_written_in_two_forms, 0 },
                { "mark", a_mark_is_never_later_than_its_moment, 0 },
                { "both-ways", what_is_written_can_be_read, 5 },
                { "clocks", the_clocks_run, 0 },
                {},
        };

        return unit_main("stamp", cases);
}
