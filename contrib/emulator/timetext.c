/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Times as the services write them.
 */
#include "contrib/emulator/util.h"
#include "contrib/emulator/world.h"

#include <string.h>
#include <time.h>

/* "2016-02-10T14:26:14", with that character between date and time. Returns the length. */
static int put_seconds(char *buf, const struct tm *tm, char between) {
        return snprintf(buf, TIME_SIZE, "%04d-%02d-%02d%c%02d:%02d:%02d", tm->tm_year + 1900,
                        tm->tm_mon + 1, tm->tm_mday, between, tm->tm_hour, tm->tm_min, tm->tm_sec);
}

/* Go's time.String(): the fraction without trailing zeros, and none at all for a whole second. */
static void put_go(char *buf, const struct tm *tm, int ms) {
        size_t len = (size_t)put_seconds(buf, tm, ' ');

        if (ms > 0) {
                len += (size_t)snprintf(buf + len, TIME_SIZE - len, ".%03d", ms);
                while (buf[len - 1] == '0')
                        len--;
        }
        snprintf(buf + len, TIME_SIZE - len, " +0000 UTC");
}

const char *time_text(enum time_form form, int64_t ms, char *buf) {
        int rest = (int)((ms % 1000 + 1000) % 1000);
        time_t seconds = (time_t)((ms - rest) / 1000);
        struct tm tm;
        int len;

        gmtime_r(&seconds, &tm);
        switch (form) {
        case TIME_RFC3339:
                len = put_seconds(buf, &tm, 'T');
                snprintf(buf + len, TIME_SIZE - (size_t)len, "Z");
                break;
        case TIME_NO_ZONE:
                put_seconds(buf, &tm, 'T');
                break;
        case TIME_MICRO:
                len = put_seconds(buf, &tm, 'T');
                snprintf(buf + len, TIME_SIZE - (size_t)len, ".%03d000Z", rest);
                break;
        case TIME_GO:
                put_go(buf, &tm, rest);
                break;
        case TIME_BLANK:
                put_seconds(buf, &tm, ' ');
                break;
        case TIME_DAY:
                strftime(buf, TIME_SIZE, "%Y-%m-%d", &tm);
                break;
        case TIME_SDK:
                strftime(buf, TIME_SIZE, "%Y%m%dT%H%M%SZ", &tm);
                break;
        }
        return buf;
}

struct json_object *time_json(enum time_form form, int64_t ms) {
        char buf[TIME_SIZE];

        return json_object_new_string(time_text(form, ms, buf));
}

int time_parse(const char *text, int64_t *ret_ms) {
        struct tm tm = { 0 };
        const char *rest = strptime(text, "%Y-%m-%dT%H:%M:%S", &tm);
        int64_t ms = 0, scale = 100;

        if (!rest) {
                memset(&tm, 0, sizeof(tm));
                rest = strptime(text, "%Y%m%dT%H%M%SZ", &tm);
                if (!rest || *rest)
                        return -EINVAL;
        }
        if (*rest == '.')
                for (rest++; *rest >= '0' && *rest <= '9'; rest++, scale /= 10)
                        ms += (*rest - '0') * scale;
        if (*rest && strcmp(rest, "Z") != 0)
                return -EINVAL;
        *ret_ms = (int64_t)timegm(&tm) * 1000 + ms;
        return 0;
}
