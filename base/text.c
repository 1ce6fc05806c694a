/* SPDX-License-Identifier: Apache-2.0 */
#include "base/text.h"

#include <inttypes.h>
#include <stdarg.h>
#include <strings.h>

/** text_starts() - does @text begin with @prefix? */
bool text_starts(const char *text, const char *prefix) {
        return strncmp(text, prefix, strlen(prefix)) == 0;
}

/** text_ends() - does @text end in @suffix? */
bool text_ends(const char *text, const char *suffix) {
        size_t len = strlen(text), tail = strlen(suffix);

        return len >= tail && strcmp(text + len - tail, suffix) == 0;
}

/* Bytes of the UTF-8 sequence that begins with @lead, 0 if none does (RFC 3629, section 4). */
static size_t sequence_length(unsigned char lead) {
        if (lead < 0x80)
                return 1;
        if (lead >= 0xc2 && lead < 0xe0)
                return 2;
        if (lead >= 0xe0 && lead < 0xf0)
                return 3;
        if (lead >= 0xf0 && lead < 0xf5)
                return 4;
        return 0;
}

/* Overlong forms, surrogates and code points beyond U+10FFFF show in the second byte. */
static bool second_is_valid(unsigned char lead, unsigned char second) {
        switch (lead) {
        case 0xe0:
                return second >= 0xa0;
        case 0xed:
                return second < 0xa0;
        case 0xf0:
                return second >= 0x90;
        case 0xf4:
                return second < 0x90;
        default:
                return true;
        }
}

/* Is there a whole well-formed sequence at @p, and how long is it? 0 if there is none. */
static size_t sequence_at(const unsigned char *p, size_t len) {
        size_t n = sequence_length(*p);

        if (n > len || (n > 1 && !second_is_valid(p[0], p[1])))
                return 0;
        for (size_t i = 1; i < n; i++)
                if ((p[i] & 0xc0) != 0x80)
                        return 0;
        return n;
}

/** text_utf8_span() - how many bytes from the beginning are well-formed UTF-8 (RFC 3629). */
size_t text_utf8_span(const char *text, size_t len) {
        const unsigned char *p = (const unsigned char *)text;
        size_t at = 0, n;

        for (; at < len; at += n) {
                n = sequence_at(p + at, len - at);
                if (n == 0)
                        break;
        }
        return at;
}

/** text_is_utf8() - are these bytes well-formed UTF-8 (RFC 3629)? */
bool text_is_utf8(const char *text, size_t len) {
        return text_utf8_span(text, len) == len;
}

/** text_format() - print into a new text, owned by the caller: asprintf() by our rules, so that a
 * failure leaves *@ret as it was. Returns 0 or -ENOMEM. */
int text_format(char **ret, const char *format, ...) {
        va_list args;
        char *text;
        int len;

        va_start(args, format);
        len = vasprintf(&text, format, args);
        va_end(args);
        if (len < 0)
                return -ENOMEM;
        *ret = text;
        return 0;
}

/**
 * text_int64() - read a decimal number, optional sign, nothing around it.
 * Returns 0, -EINVAL for anything else, -ERANGE beyond 64 bits.
 */
int text_int64(const char *text, int64_t *ret) {
        char *end;
        intmax_t value;

        if (!text ||
            !((*text >= '0' && *text <= '9') || ((*text == '-' || *text == '+') && text[1])))
                return -EINVAL;
        errno = 0;
        value = strtoimax(text, &end, 10);
        if (errno == ERANGE)
                return -ERANGE;
        if (end == text || *end)
                return -EINVAL;
        *ret = value;
        return 0;
}

/** text_uint() - read a decimal number from 0 to @max. Returns 0, -EINVAL or -ERANGE. */
int text_uint(const char *text, unsigned max, unsigned *ret) {
        int64_t value;
        int r = text_int64(text, &value);

        if (r < 0)
                return r;
        if (value < 0 || value > (int64_t)max)
                return -ERANGE;
        *ret = (unsigned)value;
        return 0;
}

/** text_bool() - read yes/no, true/false, on/off, 1/0 in any case. Returns 0 or -EINVAL. */
int text_bool(const char *text, bool *ret) {
        static const char *const yes[] = { "yes", "true", "on", "1" };
        static const char *const no[] = { "no", "false", "off", "0" };

        for (size_t i = 0; text && i < ELEMENTSOF(yes); i++) {
                if (strcasecmp(text, yes[i]) == 0) {
                        *ret = true;
                        return 0;
                }
                if (strcasecmp(text, no[i]) == 0) {
                        *ret = false;
                        return 0;
                }
        }
        return -EINVAL;
}

static bool is_unreserved(char c) {
        return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
               c == '-' || c == '_' || c == '.' || c == '~';
}

/**
 * text_percent_encode() - append @text with everything but RFC 3986's unreserved characters as %XX.
 * @keep: further characters that stay as they are, may be NULL.
 * Errors as buf_reserve().
 */
int text_percent_encode(struct buf *buf, const char *text, size_t len, const char *keep) {
        for (size_t i = 0; i < len; i++) {
                if (is_unreserved(text[i]) || (keep && text[i] && strchr(keep, text[i])))
                        (void)buf_add_char(buf, text[i]);
                else
                        (void)buf_printf(buf, "%%%02X", (unsigned)(unsigned char)text[i]);
        }
        return buf->error;
}

static int hex_digit(char c) {
        if (c >= '0' && c <= '9')
                return c - '0';
        if (c >= 'a' && c <= 'f')
                return c - 'a' + 10;
        if (c >= 'A' && c <= 'F')
                return c - 'A' + 10;
        return -1;
}

/** text_percent_decode() - append @text with %XX decoded; a % that begins none stays. */
int text_percent_decode(struct buf *buf, const char *text, size_t len) {
        for (size_t i = 0; i < len; i++) {
                int high = -1, low = -1;

                if (text[i] == '%' && len - i > 2) {
                        high = hex_digit(text[i + 1]);
                        low = hex_digit(text[i + 2]);
                }
                if (high >= 0 && low >= 0) {
                        (void)buf_add_char(buf, (char)(high * 16 + low));
                        i += 2;
                } else {
                        (void)buf_add_char(buf, text[i]);
                }
        }
        return buf->error;
}

/**
 * text_word() - the next run of characters that are no separators.
 * @cursor: where to go on, moved behind the word.
 * Returns false at the end of the text; the word is borrowed and not terminated.
 */
bool text_word(const char **cursor, const char *separators, const char **ret_word,
               size_t *ret_len) {
        const char *word = *cursor + strspn(*cursor, separators);
        size_t len = strcspn(word, separators);

        *cursor = word + len;
        if (!len)
                return false;
        *ret_word = word;
        *ret_len = len;
        return true;
}
