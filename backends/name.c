/* SPDX-License-Identifier: Apache-2.0 */
#include "backends/name.h"

#include "base/digest.h"
#include "base/text.h"

static bool is_suffix(const char *text, size_t len) {
        if (len < 8)
                return false;
        for (size_t i = 0; i < len; i++)
                if (!((text[i] >= '0' && text[i] <= '9') || (text[i] >= 'a' && text[i] <= 'f')))
                        return false;
        return true;
}

/* A tilde that would read as our suffix: eight or more hex digits up to the end or to a dot. */
static bool begins_suffix(const char *text, size_t len) {
        const char *dot = memchr(text, '.', len);

        return is_suffix(text, len) || (dot && is_suffix(text, (size_t)(dot - text)));
}

static bool must_encode(const char *text, size_t i, size_t len) {
        unsigned char c = (unsigned char)text[i];

        if (c < 0x20 || c == 0x7f || c == '/' || c == '%')
                return true;
        if (c == '.' && i == 0)
                return true;
        if (c == ' ' && i + 1 == len)
                return true;
        return c == '~' && begins_suffix(text + i + 1, len - i - 1);
}

/**
 * name_encode() - append a resource's name as a file name: `%`, `/`, control characters, a leading
 * dot, a trailing blank and a tilde that would read as a suffix become %XX; so does every byte of a
 * text that is no UTF-8. The result may be longer than a file name: see name_fit().
 * Errors as buf_reserve().
 */
int name_encode(struct buf *buf, const char *text, size_t len) {
        bool is_utf8 = text_is_utf8(text, len);

        for (size_t i = 0; i < len; i++) {
                unsigned char c = (unsigned char)text[i];

                if (must_encode(text, i, len) || (!is_utf8 && c >= 0x80))
                        (void)buf_printf(buf, "%%%02X", (unsigned)c);
                else
                        (void)buf_add_char(buf, text[i]);
        }
        return buf->error;
}

/** name_decode() - append the resource's name that name_encode() wrote. Errors as buf_reserve(). */
int name_decode(struct buf *buf, const char *name) {
        return text_percent_decode(buf, name, strlen(name));
}

/* As much of @text as fits into @room bytes without cutting a character or a %XX in two. */
static size_t cut_length(const char *text, size_t room) {
        size_t len = strlen(text), cut = len < room ? len : room;

        while (cut > 0 && cut < len && ((unsigned char)text[cut] & 0xc0) == 0x80)
                cut--;
        if (cut < len && cut >= 1 && text[cut - 1] == '%')
                cut -= 1;
        else if (cut < len && cut >= 2 && text[cut - 2] == '%')
                cut -= 2;
        return cut;
}

static int add_digest(struct buf *buf, const char *text, size_t digits) {
        char hex[DIGEST_HEX_SIZE];

        digest_sha256_hex(text, strlen(text), hex);
        if (digits > strlen(hex))
                digits = strlen(hex);
        (void)buf_add_char(buf, '~');
        return buf_add(buf, hex, digits);
}

/**
 * name_with_suffix() - append an encoded name and `~` with the first digits of its id's SHA-256,
 * which tell it from siblings of the same name and never change. Errors as buf_reserve().
 */
int name_with_suffix(struct buf *buf, const char *encoded, const char *id, size_t digits) {
        (void)buf_add(buf, encoded, cut_length(encoded, NAME_KEPT));
        return add_digest(buf, id, digits);
}

/**
 * name_fit() - append an encoded name, cut to 200 bytes and marked by `~` and 16 digits of its own
 * SHA-256 if it is longer than @room bytes. Errors as buf_reserve().
 */
int name_fit(struct buf *buf, const char *encoded, size_t room) {
        if (strlen(encoded) <= room)
                return buf_add_str(buf, encoded);
        (void)buf_add(buf, encoded, cut_length(encoded, NAME_KEPT));
        return add_digest(buf, encoded, 16);
}
