/* SPDX-License-Identifier: Apache-2.0 */
#include "base/stamp.h"

#include <string.h>

#include "base/text.h"

/* A number from this on counts milliseconds: as seconds it would be the year 5138. */
#define FIRST_MILLISECONDS INT64_C(100000000000)
/* The end of the year 9999, the last that the other forms can tell. */
#define LAST_MILLISECONDS INT64_C(253402300799999)

static int64_t clock_ms(clockid_t id) {
        struct timespec now;

        (void)clock_gettime(id, &now);
        return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/** stamp_now_ms() - milliseconds since 1970, for what people and servers see. */
int64_t stamp_now_ms(void) {
        return clock_ms(CLOCK_REALTIME);
}

/** stamp_monotonic_ms() - milliseconds of a clock that never jumps, for deadlines and ages. */
int64_t stamp_monotonic_ms(void) {
        return clock_ms(CLOCK_MONOTONIC);
}

/** stamp_monotonic_us() - the same clock in microseconds, for what is measured or put in order. */
int64_t stamp_monotonic_us(void) {
        struct timespec now;

        (void)clock_gettime(CLOCK_MONOTONIC, &now);
        return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

/* Days from 1970-01-01 to a date of the proleptic Gregorian calendar. */
static int64_t days_from_date(int64_t year, int month, int day) {
        int64_t era, of_era, of_year;

        year -= month <= 2;
        era = (year >= 0 ? year : year - 399) / 400;
        of_era = year - era * 400;
        of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
        return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

static bool is_date(int year, int month, int day) {
        static const int8_t days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
        bool is_leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

        return month >= 1 && month <= 12 && day >= 1 &&
               day <= days[month - 1] + (month == 2 && is_leap);
}

/* Reads exactly @digits digits and moves the cursor. */
static bool take_number(const char **cursor, int digits, int *ret) {
        int value = 0;

        for (int i = 0; i < digits; i++) {
                char c = (*cursor)[i];

                if (c < '0' || c > '9')
                        return false;
                value = value * 10 + (c - '0');
        }
        *cursor += digits;
        *ret = value;
        return true;
}

static bool take_char(const char **cursor, char c) {
        if (**cursor != c)
                return false;
        (*cursor)++;
        return true;
}

/* `.` and one to any number of digits; what is finer than a nanosecond is cut. */
static bool take_fraction(const char **cursor, long *ret_ns) {
        long ns = 0, unit = 100000000;

        if (!take_char(cursor, '.'))
                return true;
        if (**cursor < '0' || **cursor > '9')
                return false;
        for (; **cursor >= '0' && **cursor <= '9'; (*cursor)++) {
                ns += (**cursor - '0') * unit;
                unit /= 10;
        }
        *ret_ns = ns;
        return true;
}

/* Nothing or Z is UTC; `+08:00`, `+0800`, and Go's ` +0000 UTC` give the distance from it. */
static bool take_zone(const char **cursor, int *ret_seconds) {
        int sign, hours, minutes;

        if (take_char(cursor, 'Z') || !**cursor)
                return !**cursor;
        (void)take_char(cursor, ' ');
        if (**cursor != '+' && **cursor != '-')
                return false;
        sign = **cursor == '-' ? -1 : 1;
        (*cursor)++;
        if (!take_number(cursor, 2, &hours))
                return false;
        (void)take_char(cursor, ':');
        if (!take_number(cursor, 2, &minutes) || hours > 23 || minutes > 59)
                return false;
        *ret_seconds = sign * (hours * 3600 + minutes * 60);
        /* Go prints the zone's name, and a monotonic part that never reaches a server's JSON. */
        if (take_char(cursor, ' '))
                *cursor += strspn(*cursor, "ABCDEFGHIJKLMNOPQRSTUVWXYZ+-0123456789");
        return !**cursor;
}

static bool take_clock(const char **cursor, int *ret_seconds, long *ret_ns) {
        int hour, minute, second;

        if (!take_number(cursor, 2, &hour) || !take_char(cursor, ':') ||
            !take_number(cursor, 2, &minute) || !take_char(cursor, ':') ||
            !take_number(cursor, 2, &second))
                return false;
        if (hour > 23 || minute > 59 || second > 60)
                return false;
        *ret_seconds = hour * 3600 + minute * 60 + second;
        return take_fraction(cursor, ret_ns);
}

/**
 * stamp_from_number() - a time given as a number of seconds or milliseconds since 1970.
 * Decided by size, as the services do not say. Returns 0, or -EINVAL for a negative number and one
 * beyond the year 9999: whatever it counts, it is nothing that tools could make a date of.
 */
int stamp_from_number(int64_t number, struct timespec *ret) {
        if (number < 0 || number > LAST_MILLISECONDS)
                return -EINVAL;
        if (number < FIRST_MILLISECONDS)
                *ret = (struct timespec){ .tv_sec = number };
        else
                *ret = (struct timespec){ .tv_sec = number / 1000,
                                          .tv_nsec = number % 1000 * 1000000 };
        return 0;
}

/**
 * stamp_parse() - read a time in any form that the services print.
 *
 * RFC 3339 with or without fraction and zone, with a blank for the T; Go's time.String(); a date
 * alone; digits alone as seconds or milliseconds. Without a zone it is UTC. The year 1 is Go's
 * "never" and no time. Forms: the contract's conventions, section 5.
 *
 * Returns 0, or -EINVAL for anything else.
 */
int stamp_parse(const char *text, struct timespec *ret) {
        int year, month, day, seconds = 0, zone = 0;
        const char *cursor = text;
        int64_t number;
        long ns = 0;

        if (!text)
                return -EINVAL;
        if (text_int64(text, &number) == 0 && strlen(text) > 4)
                return stamp_from_number(number, ret);
        if (!take_number(&cursor, 4, &year) || !take_char(&cursor, '-') ||
            !take_number(&cursor, 2, &month) || !take_char(&cursor, '-') ||
            !take_number(&cursor, 2, &day))
                return -EINVAL;
        if (year < 2 || !is_date(year, month, day))
                return -EINVAL;
        if (*cursor) {
                if (!take_char(&cursor, 'T') && !take_char(&cursor, ' '))
                        return -EINVAL;
                if (!take_clock(&cursor, &seconds, &ns) || !take_zone(&cursor, &zone))
                        return -EINVAL;
        }
        *ret = (struct timespec){
                .tv_sec = days_from_date(year, month, day) * 86400 + seconds - zone,
                .tv_nsec = ns,
        };
        return 0;
}

/**
 * stamp_mark() - a time for bytes of that hash that nobody tells the time of: its nanoseconds come
 * from the hash, and it is the last such time that is not after @ms (realtime clock).
 */
struct timespec stamp_mark(int64_t ms, uint64_t hash) {
        int64_t ns = (int64_t)(hash % 1000000000U), left = ms % 1000 * 1000000 - ns;

        return (struct timespec){ .tv_sec = (time_t)(ms / 1000 - (left < 0)), .tv_nsec = (long)ns };
}

/** stamp_format() - `2026-01-02T03:04:05Z`; an unrepresentable time becomes `-`. */
void stamp_format(int64_t seconds, char ret[STAMP_TEXT_SIZE]) {
        time_t t = (time_t)seconds;
        struct tm tm;

        if (!gmtime_r(&t, &tm) || !strftime(ret, STAMP_TEXT_SIZE, "%Y-%m-%dT%H:%M:%SZ", &tm))
                (void)snprintf(ret, STAMP_TEXT_SIZE, "-");
}

/** stamp_format_compact() - `20260102T030405Z`, the form of X-Sdk-Date. */
void stamp_format_compact(int64_t seconds, char ret[STAMP_TEXT_SIZE]) {
        time_t t = (time_t)seconds;
        struct tm tm;

        if (!gmtime_r(&t, &tm) || !strftime(ret, STAMP_TEXT_SIZE, "%Y%m%dT%H%M%SZ", &tm))
                (void)snprintf(ret, STAMP_TEXT_SIZE, "-");
}
