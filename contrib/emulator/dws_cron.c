/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Cron expressions as DWS prints them, Quartz's form: seconds, minutes, hours, day of month, month,
 * day of week (1 is Sunday), e.g. "0 7 2/8 ? * 2,3,4,5,6,7". Times are UTC, as time_zone_offset is
 * 0 here.
 */
#include "contrib/emulator/dws.h"
#include "contrib/emulator/util.h"

#include <string.h>
#include <time.h>

enum { FIELD_SECOND, FIELD_MINUTE, FIELD_HOUR, FIELD_DAY, FIELD_MONTH, FIELD_WEEKDAY, FIELD_COUNT };
enum { DAYS_MAX = 366 * 2, DAY_S = 24 * 60 * 60, TEXT_MAX = 200 };

/* What each field allows, one bit a value. */
struct cron {
        uint64_t fields[FIELD_COUNT];
};

static const struct {
        int64_t min, max;
} limits[FIELD_COUNT] = { { 0, 59 }, { 0, 59 }, { 0, 23 }, { 1, 31 }, { 1, 12 }, { 1, 7 } };

/* A number, or for the day of week also its name. */
static int parse_value(int field, const char *text, int64_t *ret) {
        static const char *const names[] = { "SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT" };

        for (size_t i = 0; field == FIELD_WEEKDAY && i < ELEMENTSOF(names); i++)
                if (str_eq(text, names[i])) {
                        *ret = (int64_t)i + 1;
                        return 0;
                }
        if (parse_int(text, ret) < 0 || *ret < limits[field].min || *ret > limits[field].max)
                return -EINVAL;
        return 0;
}

/* One element of a list: *, ?, 5, 1-5, 2/8, 1-10/3. Changes the text. */
static int parse_range(int field, char *text, uint64_t *ret_bits) {
        int64_t first = limits[field].min, last = limits[field].max, step = 1;
        char *slash = strchr(text, '/'), *dash;

        if (slash) {
                *slash = 0;
                if (parse_int(slash + 1, &step) < 0 || step < 1)
                        return -EINVAL;
        }
        if (!str_eq(text, "*") && !str_eq(text, "?")) {
                dash = strchr(text, '-');
                if (dash)
                        *dash++ = 0;
                if (parse_value(field, text, &first) < 0)
                        return -EINVAL;
                if (dash && (parse_value(field, dash, &last) < 0 || last < first))
                        return -EINVAL;
                if (!dash && !slash)
                        last = first;
        }
        for (int64_t value = first; value <= last; value += step)
                *ret_bits |= (uint64_t)1 << value;
        return 0;
}

static int parse_field(int field, char *text, uint64_t *ret_bits) {
        char *state, *item = strtok_r(text, ",", &state);

        if (!item)
                return -EINVAL;
        for (; item; item = strtok_r(NULL, ",", &state))
                if (parse_range(field, item, ret_bits) < 0)
                        return -EINVAL;
        return 0;
}

static int parse(const char *expression, struct cron *ret) {
        char text[TEXT_MAX], *at = text;

        if (strlen(expression) >= sizeof(text))
                return -EINVAL;
        memcpy(text, expression, strlen(expression) + 1);
        for (int field = 0; field < FIELD_COUNT; field++) {
                char *end = at + strcspn(at, " ");
                bool more = *end;

                *end = 0;
                if (parse_field(field, at, &ret->fields[field]) < 0)
                        return -EINVAL;
                at = more ? end + 1 + strspn(end + 1, " ") : end;
        }
        return *at ? -EINVAL : 0;
}

static bool allows(const struct cron *cron, int field, int value) {
        return cron->fields[field] >> value & 1;
}

/* The first second of that day, not before `from`, that fits; -1 if there is none. */
static int in_day(const struct cron *cron, int from) {
        for (int hour = from / 3600; hour < 24; hour++) {
                if (!allows(cron, FIELD_HOUR, hour))
                        continue;
                for (int second = hour * 3600; second < (hour + 1) * 3600; second++)
                        if (second >= from && allows(cron, FIELD_MINUTE, second / 60 % 60) &&
                            allows(cron, FIELD_SECOND, second % 60))
                                return second;
        }
        return -1;
}

int dws_cron_next(const char *expression, int64_t from_ms, int64_t *ret_ms) {
        struct cron cron = { 0 };
        int64_t from = from_ms / 1000 + 1, day = from - from % DAY_S;

        if (parse(expression, &cron) < 0)
                return -EINVAL;
        for (int i = 0; i < DAYS_MAX; i++, day += DAY_S) {
                time_t start = (time_t)day;
                struct tm tm;
                int second;

                gmtime_r(&start, &tm);
                if (!allows(&cron, FIELD_MONTH, tm.tm_mon + 1) ||
                    !allows(&cron, FIELD_DAY, tm.tm_mday) ||
                    !allows(&cron, FIELD_WEEKDAY, tm.tm_wday + 1))
                        continue;
                second = in_day(&cron, i == 0 ? (int)(from - day) : 0);
                if (second >= 0) {
                        *ret_ms = (day + second) * 1000;
                        return 0;
                }
        }
        return -EINVAL;
}
