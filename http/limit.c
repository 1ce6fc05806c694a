/* SPDX-License-Identifier: Apache-2.0 */
#include "http/limit.h"

#include <stdio.h>

#include "base/stamp.h"
#include "base/text.h"

/** limiter_init() - no buckets yet, in place. @rate: requests a second; @burst: at once. */
void limiter_init(struct limiter *limiter, double rate, unsigned burst) {
        *limiter = (struct limiter){ .rate = rate, .burst = burst };
        (void)pthread_mutex_init(&limiter->lock, NULL);
}

/** limiter_done() - nobody may be waiting any more. */
void limiter_done(struct limiter *limiter) {
        while (limiter->buckets) {
                struct bucket *bucket = limiter->buckets;

                limiter->buckets = bucket->next;
                free(bucket->name);
                free(bucket);
        }
        (void)pthread_mutex_destroy(&limiter->lock);
}

static struct bucket *find(struct limiter *limiter, const char *name) {
        for (struct bucket *bucket = limiter->buckets; bucket; bucket = bucket->next)
                if (text_eq(bucket->name, name))
                        return bucket;
        return NULL;
}

static void forget_learnt(const struct limiter *limiter, struct bucket *bucket, int64_t now_ms) {
        if (!bucket->learnt_until_ms || bucket->learnt_until_ms > now_ms)
                return;
        bucket->learnt_until_ms = 0;
        bucket->rate = limiter->rate;
        bucket->burst = limiter->burst;
}

/* Nothing flows in during a pause: after it, the requests come one by one again. */
static void refill(const struct limiter *limiter, struct bucket *bucket, int64_t now_ms) {
        int64_t from = bucket->filled_ms;

        if (bucket->paused_until_ms > from)
                from = bucket->paused_until_ms;
        if (now_ms > from) {
                bucket->tokens += bucket->rate * (double)(now_ms - from) / 1000;
                bucket->filled_ms = now_ms;
        }
        forget_learnt(limiter, bucket, now_ms);
        if (bucket->tokens > bucket->burst)
                bucket->tokens = bucket->burst;
}

/* A bucket that is full and not needed can be made again at any time. */
static bool drop_full(struct limiter *limiter, int64_t now_ms) {
        for (struct bucket **at = &limiter->buckets; *at; at = &(*at)->next) {
                struct bucket *bucket = *at;

                refill(limiter, bucket, now_ms);
                if (bucket->waiting.count || bucket->tokens < bucket->burst ||
                    bucket->learnt_until_ms || bucket->paused_until_ms > now_ms)
                        continue;
                *at = bucket->next;
                free(bucket->name);
                free(bucket);
                limiter->n_buckets--;
                return true;
        }
        return false;
}

static struct bucket *find_or_add(struct limiter *limiter, const char *name, int64_t now_ms) {
        struct bucket *bucket = find(limiter, name);

        if (bucket)
                return bucket;
        if (limiter->n_buckets >= LIMIT_BUCKETS_MAX && !drop_full(limiter, now_ms))
                return limiter->buckets; /* too many names: share one rather than fail */
        bucket = calloc(1, sizeof(*bucket));
        if (!bucket)
                return NULL;
        bucket->name = strdup(name);
        if (!bucket->name) {
                free(bucket);
                return NULL;
        }
        bucket->rate = limiter->rate;
        bucket->burst = bucket->tokens = limiter->burst;
        bucket->filled_ms = now_ms;
        bucket->next = limiter->buckets;
        limiter->buckets = bucket;
        limiter->n_buckets++;
        return bucket;
}

/* An eighth of the burst stays for those whom a person waits for. */
static double tokens_needed(const struct bucket *bucket, enum op_priority priority) {
        if (priority == OP_INTERACTIVE)
                return 1;
        return 1 + (double)(unsigned)(bucket->burst / 8);
}

/* Milliseconds until it is this one's turn if nobody more urgent comes; 0: now. */
static int64_t wait_ms(const struct bucket *bucket, const struct waiter *me, int64_t now_ms) {
        unsigned ahead = queue_ahead(&bucket->waiting, me);
        double missing = tokens_needed(bucket, me->priority) + ahead - bucket->tokens;
        int64_t wait = 0;

        if (bucket->paused_until_ms > now_ms)
                wait = bucket->paused_until_ms - now_ms;
        if (missing > 1e-6)
                wait += (int64_t)(missing / bucket->rate * 1000 + 0.999);
        return wait;
}

static int wait_token(struct limiter *limiter, struct op *op, struct bucket *bucket,
                      struct waiter *me) {
        for (;;) {
                int64_t now_ms = stamp_monotonic_ms(), wait;
                int r = op_check(op);

                if (r < 0)
                        return r;
                refill(limiter, bucket, now_ms);
                wait = wait_ms(bucket, me, now_ms);
                if (wait == 0)
                        break;
                if (op->deadline_ms && wait >= op->deadline_ms - now_ms)
                        return op_fail(op, EBUSY, "%s is limited, next slot in %lld s",
                                       bucket->name, (long long)(wait + 999) / 1000);
                r = waiter_sleep(me, &limiter->lock, op, now_ms + wait);
                if (r < 0)
                        return r;
        }
        bucket->tokens -= 1;
        bucket->requests++;
        return 0;
}

/**
 * limiter_take() - wait until one more request may go out.
 * @name: of the bucket; NULL: no limit.
 *
 * The most urgent op is served first. Returns 0; -EBUSY at once if the op's deadline comes before
 * the turn, with the seconds in the reason; -EINTR, -ETIMEDOUT, -ENOMEM. Thread-safe.
 */
int limiter_take(struct limiter *limiter, struct op *op, const char *name) {
        struct bucket *bucket;
        struct waiter me;
        int r;

        if (!name)
                return op_check(op);
        (void)pthread_mutex_lock(&limiter->lock);
        bucket = find_or_add(limiter, name, stamp_monotonic_ms());
        if (!bucket) {
                (void)pthread_mutex_unlock(&limiter->lock);
                return op_fail(op, ENOMEM, "out of memory");
        }
        queue_join(&bucket->waiting, &me, op->priority);
        r = wait_token(limiter, op, bucket, &me);
        queue_leave(&bucket->waiting, &me);
        (void)pthread_mutex_unlock(&limiter->lock);
        return r;
}

/**
 * limiter_wait_ms() - how long a request would wait here if it came now and nobody more urgent
 * followed. 0: not at all. Thread-safe.
 */
int64_t limiter_wait_ms(struct limiter *limiter, const char *name, enum op_priority priority) {
        int64_t now_ms = stamp_monotonic_ms(), wait = 0;
        struct bucket *bucket;
        struct waiter me;

        (void)pthread_mutex_lock(&limiter->lock);
        bucket = find(limiter, name);
        if (bucket) {
                refill(limiter, bucket, now_ms);
                queue_join(&bucket->waiting, &me, priority);
                wait = wait_ms(bucket, &me, now_ms);
                queue_leave(&bucket->waiting, &me);
        }
        (void)pthread_mutex_unlock(&limiter->lock);
        return wait;
}

/*
 * Keeps below a limit that the service named, wherever its window begins: half of it at once, the
 * other half spread over the window. Never faster than configured.
 */
static void learn(const struct limiter *limiter, struct bucket *bucket,
                  const struct throttle *throttle, int64_t now_ms) {
        double half = (double)throttle->limit / 2;
        double rate = half / ((double)throttle->window_ms / 1000);

        bucket->rate = rate < limiter->rate ? rate : limiter->rate;
        bucket->burst = half < limiter->burst ? half : limiter->burst;
        if (bucket->burst < 1)
                bucket->burst = 1;
        bucket->learnt_until_ms = now_ms + LIMIT_LEARNT_MS;
}

/**
 * limiter_refused() - the service answered 429 or 503: pause everything in this bucket.
 * @name: of the bucket; NULL pauses nothing.
 * Returns the milliseconds to wait. Thread-safe.
 */
int64_t limiter_refused(struct limiter *limiter, const char *name,
                        const struct throttle *throttle) {
        int64_t now_ms = stamp_monotonic_ms(), wait = throttle->wait_ms;
        struct bucket *bucket;

        (void)pthread_mutex_lock(&limiter->lock);
        bucket = name ? find(limiter, name) : NULL;
        if (!wait)
                wait = backoff_ms(BACKOFF_READ_MS, bucket ? bucket->refusals : 0);
        if (bucket) {
                refill(limiter, bucket, now_ms);
                bucket->refusals++;
                bucket->refused++;
                if (now_ms + wait > bucket->paused_until_ms)
                        bucket->paused_until_ms = now_ms + wait;
                if (throttle->limit)
                        learn(limiter, bucket, throttle, now_ms);
                /* Those that were refused together come one after the other. */
                bucket->tokens = 1;
                bucket->filled_ms = now_ms;
        }
        (void)pthread_mutex_unlock(&limiter->lock);
        return wait;
}

/** limiter_accepted() - the service took a request: refusals are counted anew. Thread-safe. */
void limiter_accepted(struct limiter *limiter, const char *name) {
        struct bucket *bucket;

        if (!name)
                return;
        (void)pthread_mutex_lock(&limiter->lock);
        bucket = find(limiter, name);
        if (bucket)
                bucket->refusals = 0;
        (void)pthread_mutex_unlock(&limiter->lock);
}

/** limiter_rest() - wait before trying again. Returns 0, -EINTR or -ETIMEDOUT. Thread-safe. */
int limiter_rest(struct limiter *limiter, struct op *op, int64_t delay_ms) {
        int64_t until = stamp_monotonic_ms() + delay_ms;
        struct waiter me;
        int r;

        (void)pthread_mutex_lock(&limiter->lock);
        queue_join(&limiter->resting, &me, op->priority);
        do
                r = waiter_sleep(&me, &limiter->lock, op, until);
        while (r == 0 && stamp_monotonic_ms() < until);
        queue_leave(&limiter->resting, &me);
        (void)pthread_mutex_unlock(&limiter->lock);
        return r;
}

/** limiter_wake() - let everybody who waits here look at his op. Thread-safe. */
void limiter_wake(struct limiter *limiter) {
        (void)pthread_mutex_lock(&limiter->lock);
        queue_wake_all(&limiter->resting);
        for (struct bucket *bucket = limiter->buckets; bucket; bucket = bucket->next)
                queue_wake_all(&bucket->waiting);
        (void)pthread_mutex_unlock(&limiter->lock);
}

/* Two decimals are enough for people. */
static int set_number(struct json *object, const char *name, double value) {
        char text[64];

        (void)snprintf(text, sizeof(text), "%.2f", value);
        return json_set_string(object, name, text);
}

static int describe_bucket(const struct bucket *bucket, int64_t now_ms, struct json *list) {
        int64_t paused = bucket->paused_until_ms - now_ms;
        struct json *item = json_new_object();
        int r;

        if (!item)
                return -ENOMEM;
        r = json_set_string(item, "bucket", bucket->name);
        if (r == 0)
                r = set_number(item, "requests_per_second", bucket->rate);
        if (r == 0)
                r = json_set_int(item, "burst", (int64_t)bucket->burst);
        if (r == 0)
                r = json_set_int(item, "free", (int64_t)bucket->tokens);
        if (r == 0)
                r = json_set_int(item, "waiting", bucket->waiting.count);
        if (r == 0)
                r = json_set_int(item, "paused_s", paused > 0 ? (paused + 999) / 1000 : 0);
        if (r == 0)
                r = json_set_int(item, "requests", (int64_t)bucket->requests);
        if (r == 0)
                r = json_set_int(item, "refused", (int64_t)bucket->refused);
        if (r < 0) {
                (void)json_free(item);
                return r;
        }
        return json_append(list, item);
}

/** limiter_describe() - a JSON array of the buckets as they are now. 0 or -ENOMEM. Thread-safe. */
int limiter_describe(struct limiter *limiter, struct json **ret) {
        _cleanup_(json_freep) struct json *list = json_new_array();
        int64_t now_ms = stamp_monotonic_ms();
        int r = list ? 0 : -ENOMEM;

        (void)pthread_mutex_lock(&limiter->lock);
        for (struct bucket *bucket = limiter->buckets; bucket && r == 0; bucket = bucket->next) {
                refill(limiter, bucket, now_ms);
                r = describe_bucket(bucket, now_ms, list);
        }
        (void)pthread_mutex_unlock(&limiter->lock);
        if (r == 0)
                *ret = STEAL(list);
        return r;
}
