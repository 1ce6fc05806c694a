/* SPDX-License-Identifier: Apache-2.0 */
/* The cache's own state, for the files of this folder. */
#pragma once

#include <pthread.h>

#include "cache/cache.h"
#include "cache/flight.h"
#include "cache/memory.h"
#include "cache/outage.h"
#include "cache/probe.h"
#include "cache/refresh.h"
#include "cache/silence.h"
#include "cache/writer.h"

struct counters {
        atomic_ullong hits;      /* served from memory */
        atomic_ullong disk_hits; /* … from the file */
        atomic_ullong calls;     /* asked the next source */
        atomic_ullong confirmed; /* … which said that what was known still holds */
        atomic_ullong joined;    /* waited for somebody else's call */
        atomic_ullong stale;     /* served although older than asked for */
        atomic_ullong failures;  /* calls that failed, absence not counted */
};

enum {
        FAILURES_MAX = 64,
        STALE_APART_MS = 60 * 1000, /* nothing old was shown for so long: it is over */
};

/* A call that failed. */
struct failure {
        uint64_t hash; /* of its key */
        int64_t at_ms; /* realtime clock, 0: none */
        struct op_fault fault;
};

/* Locks are taken in the order: the cache's, then the writer's or the refresher's. */
struct cache {
        struct source source;
        struct source *next;    /* owned */
        int64_t max_stale_ms;
        struct store *store;    /* owned; NULL: memory only */
        struct writer *writer;  /* owned; with a store */
        struct refresh *refresh; /* owned */
        struct probe *probe;     /* owned; NULL: nobody wants it */
        struct counters counters;
        atomic_llong stale_since_ms, stale_last_ms; /* realtime clock, 0: nothing old is shown */
        int disk_error;         /* why there is no store although one was asked for */
        pthread_mutex_t noting; /* one note at a time; taken before the lock */
        pthread_mutex_t lock;   /* protects what follows; never held across a call or the file */
        struct memory memory;
        struct flights flights;
        struct silences silences;
        struct outages outages;
        struct seen_table seen;
        uint64_t changes;       /* counts sends */
        int64_t changed_ms;     /* realtime clock: when the latest one ended */
        struct failure failures[FAILURES_MAX]; /* a ring */
        size_t next_failure;
};

static inline void count(atomic_ullong *counter) {
        (void)atomic_fetch_add_explicit(counter, 1, memory_order_relaxed);
}

/* The cache whose source this is. */
static inline struct cache *cache_from(struct source *source) {
        return (struct cache *)source;
}

bool cache_is(const struct source *source);

int cache_fetch(struct source *source, struct op *op, const struct request *request,
                struct answer **ret);
void cache_note(struct source *source, const struct request *list, const char *id,
                const char *body, size_t len, int64_t now_ms);
int cache_watch(struct source *source, struct op *op, const struct request *request,
                char **revision);
void cache_learn(struct source *source, const struct request *request, struct answer *answer);
