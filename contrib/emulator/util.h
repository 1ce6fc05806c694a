/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Small things that the C library lacks. Allocation never fails here: the emulator is a test tool
 * and ends with a message when memory is gone.
 */
#pragma once

#include "base/mem.h"

#include <stdnoreturn.h>

noreturn _printf_(1, 2) void die(const char *format, ...);

void *x_alloc(size_t size); /* zeroed */
void *x_realloc(void *old, size_t size);
char *x_strdup(const char *text); /* NULL gives NULL */
char *x_strndup(const char *text, size_t size);
_printf_(1, 2) char *x_printf(const char *format, ...);

bool str_eq(const char *a, const char *b); /* NULL equals only NULL */
bool str_begins(const char *text, const char *prefix);
bool str_ends(const char *text, const char *suffix);
/* Whether a blank-separated list holds the word, without regard to case if asked. */
bool word_in(const char *list, const char *word, bool ignore_case);

/* The whole text as a decimal integer. Returns 0, -EINVAL or -ERANGE. */
int parse_int(const char *text, int64_t *ret);
/* The whole text as a non-negative decimal number, e.g. "2.5". Returns 0 or -EINVAL. */
int parse_number(const char *text, double *ret);

/* Decodes %XX (and + as blank if asked) in place; a broken escape stays as it is. */
void percent_decode(char *text, bool plus_is_blank);

/*
 * Reads a file of at most `max` bytes, NUL-terminated. Returns 0 or a negative errno (-EFBIG if
 * larger).
 */
int read_file(const char *path, size_t max, char **ret, size_t *ret_size);
/*
 * Writes a file with that mode under a temporary name and renames it. Returns 0 or a negative
 * errno.
 */
int write_file(const char *path, const void *data, size_t size, unsigned mode);

/* Milliseconds of the wall clock and of the monotonic clock. */
int64_t wall_ms(void);
int64_t monotonic_ms(void);
