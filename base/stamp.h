/* SPDX-License-Identifier: Apache-2.0 */
/* Points in time: the clocks, one tolerant reader for every form the services print, one writer. */
#pragma once

#include <time.h>

#include "base/mem.h"

enum { STAMP_TEXT_SIZE = 32 };

int64_t stamp_now_ms(void);
int64_t stamp_monotonic_ms(void);
int64_t stamp_monotonic_us(void);
int stamp_parse(const char *text, struct timespec *ret);
int stamp_from_number(int64_t number, struct timespec *ret);
struct timespec stamp_mark(int64_t ms, uint64_t hash);
void stamp_format(int64_t seconds, char ret[STAMP_TEXT_SIZE]);
void stamp_format_compact(int64_t seconds, char ret[STAMP_TEXT_SIZE]);
