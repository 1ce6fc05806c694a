/* SPDX-License-Identifier: Apache-2.0 */
#include "cache/cache.h"

#include "base/digest.h"
#include "base/stamp.h"
#include "cache/merge.h"
#include "cache/state.h"

#define DEFAULT_MEMORY    (UINT64_C(64) << 20)
#define DEFAULT_STALE_MS  (INT64_C(30) * 24 * 3600 * 1000)

static struct cache *cache_of(struct source *source) {
        return (struct cache *)source;
}

/* What is known, in the form in which it is judged. */
struct known {
        struct answer *answer; /* owned reference, NULL: nothing */
        int64_t asked_ms;
        bool is_outdated;
};

static void known_done(struct known *known) {
        (void)answer_unref(known->answer);
        known->answer = NULL;
}

/* A clock that was set back makes an answer of the future: of unknown age. */
static bool is_young(const struct answer *answer, int64_t max_age_ms) {
        int64_t age_ms = stamp_now_ms() - answer->fetched_ms;

        return age_ms >= 0 && age_ms < max_age_ms;
}

static bool is_fresh(const struct known *known, const struct op *op,
                     const struct request *request) {
        if (!known->answer || known->is_outdated)
                return false;
        if (op->must_be_fresh && known->asked_ms < op->fresh_since_ms)
                return false;
        return is_young(known->answer, request->max_age_ms);
}

/* The later of the two answers that may have what is asked for. With the lock. */
static struct entry *find_entry(struct memory *memory, const struct ask *ask) {
        struct entry *whole = memory_find(memory, &ask->whole);
        struct entry *part = memory_find(memory, &ask->part);

        if (whole && part)
                return part->asked_ms > whole->asked_ms ? part : whole;
        return whole ? whole : part;
}

/* With the lock. */
static void find_known(struct cache *cache, const struct ask *ask, struct known *ret) {
        struct entry *entry = find_entry(&cache->memory, ask);

        *ret = (struct known){ 0 };
        if (entry)
                *ret = (struct known){ .answer = answer_ref(entry->answer),
                                       .asked_ms = entry->asked_ms,
                                       .is_outdated = entry->is_outdated };
}

/* The error of others becomes this op's. */
static int fail_as(struct op *op, int error, const struct op_fault *fault) {
        op->fault = *fault;
        return error;
}

/* Hands out an old answer with its mark; -ENODATA if it is too old for anything. */
static int serve_stale(struct cache *cache, struct answer *known, struct answer **ret) {
        _cleanup_(answer_unrefp) struct answer *answer = NULL;
        int r;

        if (!known || stamp_now_ms() - known->fetched_ms > cache->max_stale_ms)
                return -ENODATA;
        r = answer_alias(known, &answer);
        if (r < 0)
                return r;
        answer->is_stale = true;
        count(&cache->counters.stale);
        *ret = STEAL(answer);
        return 0;
}

/* Does a failure leave open what the answer would have been? 4xx are answers, but for 429. */
static bool is_silence(int error, const struct op_fault *fault) {
        if (fault->status)
                return fault->status == 429 || fault->status >= 500;
        switch (-error) {
        case EIO:
        case EPROTO:
        case EBUSY:
        case EAGAIN:
        case EPIPE:
        case ETIMEDOUT:
        case ENETDOWN:
        case ENETUNREACH:
        case ENETRESET:
        case EHOSTDOWN:
        case EHOSTUNREACH:
        case ECONNABORTED:
        case ECONNREFUSED:
        case ECONNRESET:
                return true;
        default:
                return false;
        }
}

/* A failure, or the older answer in its place where that is allowed. */
static int fail_or_stale(struct cache *cache, struct op *op, int error,
                         const struct op_fault *fault, struct answer *known,
                         struct answer **ret) {
        if (!op->must_be_fresh && is_silence(error, fault) &&
            serve_stale(cache, known, ret) == 0) {
                op_clear(op);
                return 0;
        }
        return fail_as(op, error, fault);
}

static int ask_known(struct cache *cache, struct op *op, const struct ask *ask,
                     struct answer **ret) {
        struct known known;
        int r = 0;

        (void)pthread_mutex_lock(&cache->lock);
        find_known(cache, ask, &known);
        (void)pthread_mutex_unlock(&cache->lock);
        if (is_fresh(&known, op, ask->request))
                *ret = STEAL(known.answer);
        else
                r = serve_stale(cache, known.answer, ret);
        known_done(&known);
        if (r == -ENODATA)
                return op_fail(op, ENODATA, "nothing is known of it yet");
        return r < 0 ? op_fail(op, -r, "out of memory") : 0;
}

/* 0 with an answer, -ENOENT where it is known to be absent, -EAGAIN where neither is known. */
static int look_up(struct cache *cache, struct op *op, const struct ask *ask,
                   struct answer **ret) {
        const struct request *request = ask->request;
        const struct negative *negative = memory_denied(&cache->memory, &ask->part);
        struct known known;
        int64_t age_ms;

        if (!negative)
                negative = memory_denied(&cache->memory, &ask->whole);
        if (negative) {
                age_ms = stamp_now_ms() - negative->asked_ms;
                if (age_ms >= 0 && age_ms < NEGATIVE_MS && age_ms < request->max_age_ms &&
                    (!op->must_be_fresh || negative->asked_ms >= op->fresh_since_ms))
                        return fail_as(op, -ENOENT, &negative->fault);
        }
        find_known(cache, ask, &known);
        if (!is_fresh(&known, op, request)) {
                known_done(&known);
                return -EAGAIN;
        }
        *ret = known.answer;
        return 0;
}

/* What a finished flight means to one of its users. -EAGAIN: it must ask again. */
static int take(struct cache *cache, struct op *op, const struct flight *flight,
                struct answer **ret) {
        if (flight->is_abandoned)
                return -EAGAIN;
        if (flight->error < 0)
                return fail_or_stale(cache, op, flight->error, &flight->fault, flight->known, ret);
        *ret = answer_ref(flight->answer);
        return 0;
}

/* A request that goes out. With the lock at the beginning and at the end. */
static int wait_for(struct cache *cache, struct op *op, const struct ask *ask,
                    struct flight *flight, struct answer **ret) {
        struct op_fault fault;
        struct known known;
        int r;

        count(&cache->counters.joined);
        r = flight_wait(flight, &cache->lock, op);
        if (r < 0) {
                fault = op->fault;
                find_known(cache, ask, &known);
                r = fail_or_stale(cache, op, r, &fault, known.answer, ret);
                known_done(&known);
        } else {
                r = take(cache, op, flight, ret);
        }
        flight_leave(flight);
        return r;
}

/* With the lock. The key that an answer is complete for; NULL if it is for none. */
static const struct key *key_of(const struct ask *ask, const struct answer *answer) {
        if (!answer->is_partial)
                return &ask->whole;
        return ask->part.text ? &ask->part : NULL;
}

/* With the lock: what a flight brought stays known. */
static void remember(struct cache *cache, const struct ask *ask, const struct flight *flight) {
        const struct key *key = ask->part.text ? &ask->part : &ask->whole;
        const struct origin origin = { .call = ask->request->call,
                                       .asked_ms = flight->asked_ms,
                                       .turn = flight->turn,
                                       .is_outdated = flight->is_outdated };

        if (flight->error == -ENOENT) {
                memory_forget(&cache->memory, key);
                if (!flight->is_outdated)
                        (void)memory_deny(&cache->memory, key, &origin, &flight->fault);
        } else if (flight->error == 0) {
                key = key_of(ask, flight->answer);
                if (key)
                        (void)memory_put(&cache->memory, key, &origin, flight->answer);
        }
}

/* The asker's own end is no outcome for those who wait with it. */
static bool is_own_end(const struct op *op, int error) {
        return error == -EINTR || (error == -ETIMEDOUT && op_left_ms(op) == 0);
}

/* Asks, and makes the outcome what is remembered. Without the lock; the flight is the caller's. */
static void ask_next(struct cache *cache, struct op *op, const struct ask *ask,
                     struct flight *flight, const struct known *known) {
        _cleanup_(answer_unrefp) struct answer *received = NULL;
        int r;

        count(&cache->counters.calls);
        r = source_fetch(cache->next, op, ask->request, &received);
        if (r == 0 && merge_answers(ask->request->call, known->answer, received,
                                    &flight->answer) < 0)
                r = op_fail(op, ENOMEM, "out of memory");
        flight->error = r;
        flight->fault = op->fault;
        flight->is_abandoned = r < 0 && is_own_end(op, r);
        if (r < 0 && known->answer)
                flight->known = answer_ref(known->answer);
}

/* Asks for all who want it. With the lock at the beginning and at the end. */
static int lead(struct cache *cache, struct op *op, const struct ask *ask, struct answer **ret) {
        const struct key *key = ask->part.text ? &ask->part : &ask->whole;
        struct flight *flight;
        struct known known;
        int r;

        r = flight_begin(&cache->flights, key, ask->request->call, &flight);
        if (r < 0)
                return op_fail(op, -r, "out of memory");
        find_known(cache, ask, &known);
        (void)pthread_mutex_unlock(&cache->lock);
        ask_next(cache, op, ask, flight, &known);
        known_done(&known);
        (void)pthread_mutex_lock(&cache->lock);
        remember(cache, ask, flight);
        flight_end(&cache->flights, flight);
        if (flight->is_abandoned)
                r = fail_or_stale(cache, op, flight->error, &flight->fault, flight->known, ret);
        else
                r = take(cache, op, flight, ret);
        flight_leave(flight);
        return r;
}

/* One round of asking; -EAGAIN when another one is due. */
static int ask_once(struct cache *cache, struct op *op, const struct ask *ask,
                    struct answer **ret) {
        struct flight *flight;
        int r;

        (void)pthread_mutex_lock(&cache->lock);
        r = look_up(cache, op, ask, ret);
        if (r == -EAGAIN) {
                flight = flight_find(&cache->flights, &ask->whole, op);
                if (!flight)
                        flight = flight_find(&cache->flights, &ask->part, op);
                if (flight)
                        r = wait_for(cache, op, ask, flight, ret);
                else
                        r = lead(cache, op, ask, ret);
        } else {
                count(&cache->counters.hits);
        }
        (void)pthread_mutex_unlock(&cache->lock);
        return r;
}

static int cache_fetch(struct source *source, struct op *op, const struct request *request,
                       struct answer **ret) {
        struct cache *cache = cache_of(source);
        struct ask ask;
        int r;

        r = ask_init(&ask, request);
        if (r < 0)
                r = op_fail(op, -r, "the request is too large");
        else if (request->reach == REACH_CACHED)
                r = ask_known(cache, op, &ask, ret);
        else
                do {
                        r = ask_once(cache, op, &ask, ret);
                } while (r == -EAGAIN);
        ask_done(&ask);
        return r;
}

/* Whatever its outcome, known or not: the server may have done it. */
static int cache_send(struct source *source, struct op *op, const struct request *request,
                      struct answer **ret) {
        struct cache *cache = cache_of(source);
        _cleanup_(change_freep) struct change *change = NULL;
        int r;

        r = change_new(request, &change);
        if (r < 0)
                return op_fail(op, -r, "the request is too large");
        r = source_send(cache->next, op, request, ret);
        (void)pthread_mutex_lock(&cache->lock);
        memory_change(&cache->memory, change);
        flights_change(&cache->flights, change);
        (void)pthread_mutex_unlock(&cache->lock);
        return r;
}

static int cache_seen(struct source *source, const char *key, uint64_t hash, int64_t now_ms,
                      int64_t *ret_ms) {
        struct cache *cache = cache_of(source);
        struct seen seen = { .key = digest_hash64(key, strlen(key)), .hash = hash, .ms = now_ms };
        const struct seen *known;
        int r = 0;

        (void)pthread_mutex_lock(&cache->lock);
        known = seen_find(&cache->seen, seen.key);
        if (known && known->hash == hash) {
                seen.ms = known->ms;
        } else {
                r = seen_put(&cache->seen, &seen);
                if (r == -E2BIG) {
                        seen_clear(&cache->seen);
                        r = seen_put(&cache->seen, &seen);
                }
        }
        (void)pthread_mutex_unlock(&cache->lock);
        if (r == 0)
                *ret_ms = seen.ms;
        return r;
}

static void cache_free(struct source *source) {
        struct cache *cache = cache_of(source);

        memory_done(&cache->memory);
        seen_clear(&cache->seen);
        (void)pthread_mutex_destroy(&cache->lock);
        (void)source_free(cache->next);
        free(cache);
}

static const struct source_ops cache_ops = {
        .fetch = cache_fetch,
        .send = cache_send,
        .seen = cache_seen,
        .free = cache_free,
};

/**
 * cache_new() - a cache around @next, which is taken over, also on failure.
 * Returns 0, -EBUSY when another process has the file, other errnos with the reason in @op.
 */
int cache_new(struct op *op, const struct cache_options *options, struct source *next,
              struct source **ret) {
        struct cache *cache = calloc(1, sizeof(*cache));

        if (!cache) {
                (void)source_free(next);
                return op_fail(op, ENOMEM, "out of memory");
        }
        cache->source.ops = &cache_ops;
        cache->next = next;
        cache->max_stale_ms = options->max_stale_ms ? options->max_stale_ms : DEFAULT_STALE_MS;
        cache->memory.max_bytes = DEFAULT_MEMORY;
        (void)pthread_mutex_init(&cache->lock, NULL);
        *ret = &cache->source;
        return 0;
}
