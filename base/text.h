/* SPDX-License-Identifier: Apache-2.0 */
/* Small questions about text: comparison, checked numbers, UTF-8, percent encoding. */
#pragma once

#include <string.h>

#include "base/buf.h"

static inline bool text_eq(const char *a, const char *b) {
        return a == b || (a && b && strcmp(a, b) == 0);
}

static inline bool text_is_empty(const char *text) {
        return !text || !*text;
}

bool text_starts(const char *text, const char *prefix);
bool text_ends(const char *text, const char *suffix);
bool text_is_utf8(const char *text, size_t len);
size_t text_utf8_span(const char *text, size_t len);
int text_format(char **ret, const char *format, ...) _printf_(2, 3);
int text_int64(const char *text, int64_t *ret);
int text_uint(const char *text, unsigned max, unsigned *ret);
int text_bool(const char *text, bool *ret);
int text_percent_encode(struct buf *buf, const char *text, size_t len, const char *keep);
int text_percent_decode(struct buf *buf, const char *text, size_t len);
bool text_word(const char **cursor, const char *separators, const char **ret_word, size_t *ret_len);
