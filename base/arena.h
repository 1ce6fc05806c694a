/* SPDX-License-Identifier: Apache-2.0 */
/* Many small pieces of memory in few blocks, all of which end together: a list has hundreds of
 * thousands of texts, and each would cost as much again by itself. Of one thread at a time. */
#pragma once

#include <stddef.h>

struct arena_block;

/* Zeroed at first. */
struct arena {
        struct arena_block *blocks; /* the one that is being filled comes first */
};

void *arena_take(struct arena *arena, size_t size, size_t alignment);
char *arena_text(struct arena *arena, const char *text, size_t len);
void arena_done(struct arena *arena);
