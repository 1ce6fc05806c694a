/* SPDX-License-Identifier: Apache-2.0 */
/* The one growing byte buffer. It is always terminated by a NUL that is not counted, never grows
 * beyond its bound, and remembers its first error, so that a run of additions needs one check. */
#pragma once

#include <stdarg.h>

#include "base/mem.h"

struct buf {
        char *data;   /* owned; NULL while empty */
        size_t len;   /* bytes in use, without the NUL */
        size_t size;  /* bytes allocated */
        size_t max;   /* bound for len; 0 means BUF_MAX */
        int error;    /* first failure as negative errno, 0 while all is well */
};

enum { BUF_MAX = 64 * 1024 * 1024 };

#define BUF_INIT(bound)                                                                            \
        { .max = (bound) }

int buf_add(struct buf *buf, const void *data, size_t len);
int buf_add_str(struct buf *buf, const char *text);
int buf_add_char(struct buf *buf, char c);
int buf_printf(struct buf *buf, const char *format, ...) _printf_(2, 3);
int buf_vprintf(struct buf *buf, const char *format, va_list args) _printf_(2, 0);
int buf_reserve(struct buf *buf, size_t more);
void buf_truncate(struct buf *buf, size_t len);
const char *buf_str(const struct buf *buf);
char *buf_steal(struct buf *buf, size_t *ret_len);
void buf_done(struct buf *buf);
