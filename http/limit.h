/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rate limits: a token bucket for each name, so that we stay below what the services allow, and
 * stop asking when one says that it was too much. All times are of the monotonic clock.
 */
#pragma once

#include "base/json.h"
#include "http/throttle.h"
#include "http/wait.h"

enum {
        LIMIT_BUCKETS_MAX = 256,
        LIMIT_LEARNT_MS = 3600 * 1000, /* how long a limit that a service named is kept */
};

struct bucket {
        char *name;
        double rate;            /* tokens a second */
        double burst;           /* tokens at most */
        double tokens;
        int64_t filled_ms;      /* when `tokens` was right */
        int64_t paused_until_ms;
        int64_t learnt_until_ms; /* until then rate and burst are those that the service named */
        unsigned refusals;      /* in a row */
        uint64_t requests, refused;
        struct queue waiting;
        struct bucket *next;
};

/* `lock` guards everything. */
struct limiter {
        pthread_mutex_t lock;
        struct bucket *buckets;
        unsigned n_buckets;
        double rate, burst;     /* of new buckets */
        struct queue resting;   /* threads that wait before they try again */
};

void limiter_init(struct limiter *limiter, double rate, unsigned burst);
void limiter_done(struct limiter *limiter);
int limiter_take(struct limiter *limiter, struct op *op, const char *name);
int64_t limiter_refused(struct limiter *limiter, const char *name, const struct throttle *throttle);
void limiter_accepted(struct limiter *limiter, const char *name);
int64_t limiter_wait_ms(struct limiter *limiter, const char *name, enum op_priority priority);
int limiter_rest(struct limiter *limiter, struct op *op, int64_t delay_ms);
void limiter_wake(struct limiter *limiter);
int limiter_describe(struct limiter *limiter, struct json **ret);
