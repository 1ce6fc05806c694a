/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/scarce.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

_Thread_local int scarce_allowed = -1;
_Thread_local bool scarce_is_once, scarce_has_failed;

static bool fails(void) {
        if (scarce_allowed < 0)
                return false;
        if (scarce_allowed > 0) {
                scarce_allowed--;
                return false;
        }
        scarce_has_failed = true;
        if (scarce_is_once)
                scarce_allowed = -1;
        return true;
}

#define WRAP(type, name, params, args)                      \
        type __real_##name params;                          \
        type __wrap_##name params;                          \
        type __wrap_##name params {                         \
                return fails() ? NULL : __real_##name args; \
        }

WRAP(void *, malloc, (size_t size), (size))
WRAP(void *, calloc, (size_t count, size_t size), (count, size))
WRAP(void *, realloc, (void *old, size_t size), (old, size))
WRAP(void *, reallocarray, (void *old, size_t count, size_t size), (old, count, size))
WRAP(char *, strdup, (const char *text), (text))
WRAP(char *, strndup, (const char *text, size_t len), (text, len))

int __real_vasprintf(char **ret, const char *format, va_list args) _printf_(2, 0);
int __wrap_vasprintf(char **ret, const char *format, va_list args) _printf_(2, 0);

/* On failure the pointer is left undefined (asprintf(3)): something that must not be freed. */
int __wrap_vasprintf(char **ret, const char *format, va_list args) {
        if (!fails())
                return __real_vasprintf(ret, format, args);
        *ret = (char *)(uintptr_t)8;
        return -1;
}
