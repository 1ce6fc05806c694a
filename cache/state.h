/* SPDX-License-Identifier: Apache-2.0 */
/* The cache's own state, for the files of this folder. */
#pragma once

#include <pthread.h>

#include "cache/cache.h"
#include "cache/flight.h"
#include "cache/memory.h"
#include "cache/seen.h"

struct counters {
        atomic_ullong hits, misses, joined, stale, calls, failures;
};

struct cache {
        struct source source;
        struct source *next;    /* owned */
        int64_t max_stale_ms;
        pthread_mutex_t lock;   /* never held across a call of `next` */
        struct memory memory;   /* under the lock, as are those below */
        struct flights flights;
        struct seen_table seen;
        struct counters counters;
};

static inline void count(atomic_ullong *counter) {
        (void)atomic_fetch_add_explicit(counter, 1, memory_order_relaxed);
}
