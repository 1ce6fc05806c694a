/* SPDX-License-Identifier: Apache-2.0 */
#include "base/arena.h"

#include <stdalign.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct arena_block {
        struct arena_block *next;
        size_t used, size;
        alignas(max_align_t) char data[];
};

enum { BLOCK_MIN = 512, BLOCK_MAX = 256 * 1024 };

/* A new block, each twice as large as the one before; or as large as it has to be. */
static struct arena_block *add_block(struct arena *arena, size_t wanted) {
        struct arena_block *block = arena->blocks;
        size_t size = BLOCK_MIN;

        if (block)
                size = block->size >= BLOCK_MAX / 2 ? BLOCK_MAX : block->size * 2;
        if (size < wanted)
                size = wanted;
        if (size > SIZE_MAX - sizeof(*block))
                return NULL;
        block = malloc(sizeof(*block) + size);
        if (!block)
                return NULL;
        *block = (struct arena_block){ .next = arena->blocks, .size = size };
        arena->blocks = block;
        return block;
}

/**
 * arena_take() - a piece that lives until arena_done(), its bytes undefined.
 * @alignment: a power of two, at most that of max_align_t.
 * Returns NULL when memory is out.
 */
void *arena_take(struct arena *arena, size_t size, size_t alignment) {
        struct arena_block *block = arena->blocks;
        size_t begin = block ? (block->used + alignment - 1) & ~(alignment - 1) : 0;

        if (!block || begin > block->size || block->size - begin < size) {
                block = add_block(arena, size);
                begin = 0;
        }
        if (!block)
                return NULL;
        block->used = begin + size;
        return block->data + begin;
}

/** arena_text() - a terminated copy of @len bytes. Returns NULL when memory is out. */
char *arena_text(struct arena *arena, const char *text, size_t len) {
        char *copy = len < SIZE_MAX ? arena_take(arena, len + 1, 1) : NULL;

        if (!copy)
                return NULL;
        if (len)
                memcpy(copy, text, len);
        copy[len] = '\0';
        return copy;
}

/** arena_done() - frees all of it; it may be filled again. */
void arena_done(struct arena *arena) {
        while (arena->blocks) {
                struct arena_block *block = arena->blocks;

                arena->blocks = block->next;
                free(block);
        }
}
