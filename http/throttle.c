/* SPDX-License-Identifier: Apache-2.0 */
#include "http/throttle.h"

#include <curl/curl.h>

#include "base/backoff.h"
#include "base/text.h"

static int64_t clamp_wait(int64_t ms) {
        if (ms < 0)
                return 0;
        return ms < THROTTLE_WAIT_MAX_MS ? ms : THROTTLE_WAIT_MAX_MS;
}

/* Seconds, or a date: then counted from the server's own clock if it told it (RFC 9110, 10.2.3). */
static int64_t read_retry_after(const struct http_response *response) {
        const char *text = http_headers_get(&response->headers, "Retry-After");
        int64_t seconds, now_s;
        time_t at;

        if (text_is_empty(text))
                return 0;
        if (text_int64(text, &seconds) == 0) {
                if (seconds < 0)
                        return 0;
                return seconds < THROTTLE_WAIT_MAX_MS / 1000 ? seconds * 1000
                                                             : THROTTLE_WAIT_MAX_MS;
        }
        at = curl_getdate(text, NULL);
        if (at == (time_t)-1)
                return 0;
        now_s = response->date_s ? response->date_s : response->received_ms / 1000;
        return clamp_wait(((int64_t)at - now_s) * 1000);
}

/* The decimal number at the cursor, at most nine digits; moves behind it. */
static bool take_digits(const char **cursor, unsigned *ret) {
        size_t len = strspn(*cursor, "0123456789");
        char digits[10];

        if (!len || len >= sizeof(digits))
                return false;
        memcpy(digits, *cursor, len);
        digits[len] = '\0';
        *cursor += len;
        return text_uint(digits, 999999999, ret) == 0;
}

static int64_t unit_ms(const char *text) {
        static const struct {
                const char *name;
                int64_t ms;
        } units[] = {
                { "second", 1000 },
                { "minute", 60 * 1000 },
                { "hour", 3600 * 1000 },
                { "day", 24 * 3600 * 1000 },
        };

        for (size_t i = 0; i < ELEMENTSOF(units); i++)
                if (text_starts(text, units[i].name))
                        return units[i].ms;
        return 0;
}

/*
 * The gateway names its limit in words: `…: policy user over ratelimit,limit:200,time:5 minute`
 * (the contract's conventions, section 4).
 */
static void read_window(const char *text, struct throttle *throttle) {
        const char *cursor = strstr(text, "limit:");
        unsigned limit, count;
        int64_t unit;

        if (!cursor)
                return;
        cursor += strlen("limit:");
        if (!take_digits(&cursor, &limit) || !limit)
                return;
        if (!text_starts(cursor, ",time:"))
                return;
        cursor += strlen(",time:");
        if (!take_digits(&cursor, &count) || !count)
                return;
        cursor += strspn(cursor, " ");
        unit = unit_ms(cursor);
        if (!unit || count > THROTTLE_WAIT_MAX_MS / unit)
                return;
        throttle->limit = limit;
        throttle->window_ms = unit * (int64_t)count;
}

/** throttle_read() - find what the header or the text of a 429 or 503 says. */
void throttle_read(const struct http_response *response, struct throttle *ret) {
        struct throttle throttle = { 0 };

        read_window(response->body, &throttle);
        throttle.wait_ms = read_retry_after(response);
        if (!throttle.wait_ms)
                throttle.wait_ms = throttle.window_ms;
        *ret = throttle;
}

/** backoff_ms() - backoff_jittered_ms() with the bound of all that is sent. */
int64_t backoff_ms(int64_t base_ms, unsigned times) {
        return backoff_jittered_ms(base_ms, BACKOFF_MAX_MS, times);
}
