/* SPDX-License-Identifier: Apache-2.0 */
/* A source that counts, fails and blocks as a test tells it; and a clock that can be set. */
#pragma once

#include <pthread.h>

#include "base/source.h"
#include "cache/cache.h"

/* One item of the lists it answers. */
struct fake_item {
        const char *id, *body;
};

enum { FAKE_ITEMS_MAX = 8 };

/* Set members before a call, read them after it; while others call, under the lock. */
struct fake {
        struct source source;
        pthread_mutex_t lock;
        pthread_cond_t changed;
        /* What it answers. */
        const char *body;
        struct fake_item items[FAKE_ITEMS_MAX]; /* up to the first without an id */
        bool honours_only;                      /* answers the one item that was wanted */
        const char *request_id;
        int error, status;                      /* fails in place of an answer: positive errno */
        unsigned fail_at;                       /* only the call with this number, 0: each */
        int64_t takes_ms;                       /* so much later a call ends, by the clock above */
        int (*make)(struct fake *fake, const struct request *request, struct answer **ret);
        /* What it counts. */
        unsigned fetches, sends, at_gate, freed;
        enum op_priority last_priority;
        bool is_shut; /* calls wait at the gate until they are cancelled */
};

void fake_init(struct fake *fake);
void fake_done(struct fake *fake);
int fake_answer(struct fake *fake, const struct request *request, struct answer **ret);
void fake_shut(struct fake *fake, bool is_shut);
void fake_await(struct fake *fake, unsigned at_gate);
unsigned fake_fetches(struct fake *fake);
void fake_await_fetches(struct fake *fake, unsigned fetches);

/* Moves the realtime or the monotonic clock, for the code under test too. */
void clock_move(int64_t ms);
void clock_move_monotonic(int64_t ms);

/* Rows of calls to ask with. */
extern const struct call call_object, call_list, call_moving, call_other, call_change;

/* A cache above the fake one; memory only where @path is NULL. */
struct source *cache_above(struct fake *fake, const char *path);

/* A request for @call with `cluster_id` set to @id (NULL: none), good for a minute. */
struct fake_request {
        struct request request;
        struct param params[3];
};
struct request *request_of(struct fake_request *made, const struct call *call, const char *id);

/* Fetches with a fresh op of ten seconds; the op's fault goes to @fault if that is not NULL. */
int fetch(struct source *source, const struct request *request, struct answer **ret,
          struct op_fault *fault);

/* Fetches what must be there, and gives it back at once but for its body, status and marks. */
struct outcome {
        char body[64];
        size_t count;
        bool is_stale, is_partial;
        int64_t fetched_ms, changed_ms;
        int error;
};
struct outcome ask_for(struct source *source, const struct request *request);
