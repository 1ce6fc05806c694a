/* SPDX-License-Identifier: Apache-2.0 */
#include "base/buf.h"

#include <string.h>

static int fail(struct buf *buf, int error) {
        if (!buf->error)
                buf->error = error;
        return buf->error;
}

/**
 * buf_reserve() - make room for @more bytes and the NUL behind them.
 * Returns 0, -EFBIG beyond the buffer's bound, -ENOMEM, or an earlier error of the buffer.
 */
int buf_reserve(struct buf *buf, size_t more) {
        size_t max = buf->max ? buf->max : BUF_MAX;
        size_t size;
        char *data;

        if (buf->error)
                return buf->error;
        if (more > max || buf->len > max - more)
                return fail(buf, -EFBIG);
        if (buf->size > buf->len + more)
                return 0;
        size = buf->size ? buf->size : 64;
        while (size <= buf->len + more)
                size *= 2;
        data = realloc(buf->data, size);
        if (!data)
                return fail(buf, -ENOMEM);
        buf->data = data;
        buf->size = size;
        return 0;
}

/** buf_add() - append bytes. Errors as buf_reserve(). */
int buf_add(struct buf *buf, const void *data, size_t len) {
        int r = buf_reserve(buf, len);

        if (r < 0)
                return r;
        if (len)
                memcpy(buf->data + buf->len, data, len);
        buf->len += len;
        buf->data[buf->len] = '\0';
        return 0;
}

/** buf_add_str() - append a terminated string. Errors as buf_reserve(). */
int buf_add_str(struct buf *buf, const char *text) {
        return buf_add(buf, text, strlen(text));
}

/** buf_add_char() - append one byte. Errors as buf_reserve(). */
int buf_add_char(struct buf *buf, char c) {
        return buf_add(buf, &c, 1);
}

/** buf_vprintf() - append formatted text. Errors as buf_reserve(), or -EINVAL for a bad format. */
int buf_vprintf(struct buf *buf, const char *format, va_list args) {
        va_list again;
        int len, r;

        va_copy(again, args);
        len = vsnprintf(NULL, 0, format, again);
        va_end(again);
        if (len < 0)
                return fail(buf, -EINVAL);
        r = buf_reserve(buf, (size_t)len);
        if (r < 0)
                return r;
        (void)vsnprintf(buf->data + buf->len, (size_t)len + 1, format, args);
        buf->len += (size_t)len;
        return 0;
}

/** buf_printf() - append formatted text. Errors as buf_vprintf(). */
int buf_printf(struct buf *buf, const char *format, ...) {
        va_list args;
        int r;

        va_start(args, format);
        r = buf_vprintf(buf, format, args);
        va_end(args);
        return r;
}

/** buf_truncate() - forget all but the first @len bytes; nothing changes if there are no more. */
void buf_truncate(struct buf *buf, size_t len) {
        if (len >= buf->len)
                return;
        buf->len = len;
        buf->data[len] = '\0';
}

/** buf_str() - the content as a terminated string, never NULL; valid until the next change. */
const char *buf_str(const struct buf *buf) {
        return buf->data ? buf->data : "";
}

/**
 * buf_steal() - hand the content over; the buffer is empty afterwards.
 * @ret_len: where the length goes, may be NULL.
 * Returns a terminated block owned by the caller, NULL if the buffer has failed or memory is out.
 */
char *buf_steal(struct buf *buf, size_t *ret_len) {
        size_t len = buf->len;
        char *data;

        if (buf_reserve(buf, 0) < 0) {
                buf_done(buf);
                return NULL;
        }
        data = buf->data;
        data[len] = '\0';
        if (ret_len)
                *ret_len = len;
        *buf = (struct buf){ .max = buf->max };
        return data;
}

/** buf_done() - free the content; the buffer may be used again. */
void buf_done(struct buf *buf) {
        free(buf->data);
        *buf = (struct buf){ .max = buf->max };
}
