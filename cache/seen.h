/* SPDX-License-Identifier: Apache-2.0 */
/* When contents were first seen: a bounded table of numbers only. Not thread-safe. */
#pragma once

#include "base/mem.h"

enum { SEEN_MAX = 1 << 18 };

struct seen {
        uint64_t key;  /* hash of the key, 0: free */
        uint64_t hash; /* of the content */
        int64_t ms;    /* realtime clock */
};

/* Open addressing, at most seven eighths full. */
struct seen_table {
        struct seen *slots;
        size_t size; /* a power of two, or 0 */
        size_t count;
};

const struct seen *seen_find(const struct seen_table *table, uint64_t key);
int seen_put(struct seen_table *table, const struct seen *seen);
void seen_clear(struct seen_table *table);
