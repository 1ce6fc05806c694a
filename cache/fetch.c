/* SPDX-License-Identifier: Apache-2.0 */
/* How a request is answered: from memory, by waiting for somebody else's call, or by a call. */
#include <malloc.h>

#include "base/stamp.h"
#include "cache/known.h"
#include "cache/merge.h"

enum {
        AGAIN = 1,                    /* neither an answer nor a failure yet */
        TRIM_BYTES = 2 * 1024 * 1024, /* after an answer that long the system gets memory back */
        REFRESH_AGAIN_MS = 1000, /* a refresh that did not come is not asked for again at once */
};

/* The error of others becomes this op's. */
static int fail_as(struct op *op, int error, const struct op_fault *fault) {
        op->fault = *fault;
        return error;
}

/* Does a failure leave open what the answer would have been? 4xx are answers, but for 429. */
static bool is_silence(int error, const struct op_fault *fault) {
        if (fault->status >= 400)
                return fault->status == 429 || fault->status >= 500;
        return error == -EBUSY || error == -EAGAIN || op_is_silence(error);
}

/* Somebody is shown what is older than he asked for. */
static void count_stale(struct cache *cache) {
        int64_t now_ms = stamp_now_ms(), last_ms = atomic_exchange(&cache->stale_last_ms, now_ms);

        if (last_ms < now_ms - STALE_APART_MS)
                atomic_store(&cache->stale_since_ms, now_ms);
        count(&cache->counters.stale);
}

/* May it be shown what it asked for anew, if nothing newer can be had? */
static bool may_be_stale(const struct op *op, const struct answer *known) {
        return !op->must_be_fresh ||
               (op->may_be_stale && known && known->fetched_ms >= op->stale_since_ms);
}

/* A failure, or the older answer in its place where that is allowed. */
static int fail_or_stale(struct cache *cache, struct op *op, int error,
                         const struct op_fault *fault, struct answer *known, struct answer **ret) {
        if (may_be_stale(op, known) && is_silence(error, fault) &&
            known_serve_stale(cache, known, ret) == 0) {
                count_stale(cache);
                op_clear(op);
                return 0;
        }
        return fail_as(op, error, fault);
}

/* With the lock: what says that it does not exist, NULL if nothing does or that is too old. */
static const struct negative *denied(struct cache *cache, const struct op *op,
                                     const struct ask *ask) {
        const struct negative *negative = memory_denied(&cache->memory, &ask->part);
        int64_t age_ms, max_ms = NEGATIVE_MS;

        if (!negative)
                negative = memory_denied(&cache->memory, &ask->whole);
        if (!negative || (op->must_be_fresh && negative->asked_ms < op->fresh_since_ms))
                return NULL;
        if (ask->request->reach == REACH_ANY && ask->request->max_age_ms < max_ms)
                max_ms = ask->request->max_age_ms;
        age_ms = stamp_now_ms() - negative->asked_ms;
        return age_ms >= 0 && age_ms < max_ms ? negative : NULL;
}

/* An answer in the last quarter of its time serves, and is asked for anew behind the scenes. */
static bool wants_refresh(struct entry *entry, const struct request *request, const struct op *op) {
        int64_t now_ms = stamp_now_ms(), max_ms = request->max_age_ms;
        int64_t age_ms = now_ms - entry->answer->fetched_ms;

        if (op->priority == OP_POLL || age_ms < max_ms - max_ms / 4 || now_ms < entry->refresh_ms)
                return false;
        entry->refresh_ms = now_ms + REFRESH_AGAIN_MS + max_ms / 8;
        return true;
}

/*
 * With the lock. 0 with an answer, -ENOENT where it is known to be absent, AGAIN where neither is
 * known. @ret_refresh: when the answer was asked for, if it wants a refresh.
 */
static int look_up(struct cache *cache, struct op *op, const struct ask *ask, struct answer **ret,
                   int64_t *ret_refresh) {
        const struct negative *negative = denied(cache, op, ask);
        struct known known;

        if (negative)
                return fail_as(op, -ENOENT, &negative->fault);
        known_in_memory(cache, ask, &known);
        if (!known_serves(&known, op, ask->request)) {
                known_done(&known);
                return AGAIN;
        }
        if (wants_refresh(known_entry(cache, ask), ask->request, op))
                *ret_refresh = known.asked_ms;
        *ret = known.answer;
        return 0;
}

/* With the lock: shall nobody wait for this server, because it would be for nothing? A server that
 * the probe looks after needs nobody else to try it. */
static bool keeps_waiting(struct cache *cache, uint64_t server, bool *ret_probe) {
        const struct outage *outage = cache->probe ? outage_find(&cache->outages, server) : NULL;

        *ret_probe = false;
        if (outage && outage->is_slow)
                return true;
        return silence_holds(&cache->silences, server, ret_probe);
}

/*
 * With the lock. Where the server keeps everybody waiting, an older answer serves at once. 0 with
 * it, or AGAIN. @ret_refresh: when it was asked for, if it is up to this caller to try again.
 */
static int look_back(struct cache *cache, struct op *op, const struct ask *ask, struct answer **ret,
                     int64_t *ret_refresh) {
        struct entry *entry = known_entry(cache, ask);
        bool is_probe = false;
        int r;

        if (!entry || !may_be_stale(op, entry->answer) || op->priority == OP_POLL ||
            !keeps_waiting(cache, silence_server(ask->request), &is_probe))
                return AGAIN;
        r = known_serve_stale(cache, entry->answer, ret);
        if (r == 0)
                count_stale(cache);
        if (is_probe)
                *ret_refresh = entry->asked_ms;
        return r < 0 ? AGAIN : 0;
}

/* Only what is known: nobody is asked. */
static int fetch_known(struct cache *cache, struct op *op, const struct ask *ask,
                       struct answer **ret) {
        const struct negative *negative;
        struct known known;
        int r = 0;

        (void)pthread_mutex_lock(&cache->lock);
        negative = denied(cache, op, ask);
        if (negative)
                r = fail_as(op, -ENOENT, &negative->fault);
        (void)pthread_mutex_unlock(&cache->lock);
        if (r < 0)
                return r;
        r = known_anywhere(cache, ask, &known);
        if (known_serves(&known, op, ask->request))
                *ret = STEAL(known.answer);
        else if (r == 0)
                r = known_serve_stale(cache, known.answer, ret);
        known_done(&known);
        if (r == -ENODATA)
                return op_fail(op, ENODATA, "nothing is known of it yet");
        return r < 0 ? op_fail(op, -r, "out of memory") : 0;
}

/* What a finished flight means to one of its users. AGAIN: it must ask itself. */
static int take(struct cache *cache, struct op *op, const struct ask *ask,
                const struct flight *flight, struct answer **ret) {
        const struct known found = { .answer = flight->answer, .asked_ms = flight->found_ms };

        if (flight->is_abandoned)
                return AGAIN;
        if (flight->error < 0)
                return fail_or_stale(cache, op, flight->error, &flight->fault, flight->known, ret);
        if (flight->is_from_disk && !known_serves(&found, op, ask->request))
                return AGAIN;
        *ret = answer_ref(flight->answer);
        return 0;
}

/* Waits for the call of another. With the lock at the beginning and at the end. */
static int join(struct cache *cache, struct op *op, const struct ask *ask, struct flight *flight,
                struct answer **ret) {
        struct op_fault fault;
        struct known known;
        int r;

        count(&cache->counters.joined);
        r = flight_wait(flight, &cache->lock, op);
        if (r == 0) {
                r = take(cache, op, ask, flight, ret);
                flight_leave(flight);
                return r;
        }
        flight_leave(flight);
        (void)pthread_mutex_unlock(&cache->lock);
        fault = op->fault;
        (void)known_anywhere(cache, ask, &known);
        r = fail_or_stale(cache, op, r, &fault, known.answer, ret);
        known_done(&known);
        (void)pthread_mutex_lock(&cache->lock);
        return r;
}

/* The key that an answer is complete for; one without a text if it is for none. */
static const struct key *key_of(const struct ask *ask, const struct answer *answer) {
        return answer->is_partial ? &ask->part : &ask->whole;
}

/* With the lock: what a flight brought stays known, under the key it is complete for. */
static void remember(struct cache *cache, const struct ask *ask, const struct flight *flight,
                     const struct origin *origin) {
        const struct key *key = key_of(ask, flight->answer);

        if (key->text)
                known_keep(cache, key, origin, flight->answer, flight->is_confirmed);
}

/* With the lock: what was known of it is no more. */
static void forget(struct cache *cache, const struct ask *ask, const struct flight *flight,
                   const struct origin *origin) {
        const struct key *key = ask->part.text ? &ask->part : &ask->whole;

        if (memory_has_later(&cache->memory, key, origin->turn))
                return;
        (void)memory_forget(&cache->memory, key);
        if (cache->writer)
                writer_forget(cache->writer, key);
        if (!flight->is_outdated)
                (void)memory_deny(&cache->memory, key, origin, &flight->fault);
}

/* With the lock. */
static void note_failure(struct cache *cache, const struct flight *flight) {
        struct failure *failure = &cache->failures[cache->next_failure];

        count(&cache->counters.failures);
        *failure = (struct failure){ .hash = flight->key->hash,
                                     .at_ms = stamp_now_ms(),
                                     .fault = flight->fault };
        failure->fault.error = flight->error;
        cache->next_failure = (cache->next_failure + 1) % FAILURES_MAX;
}

/* With the lock: who keeps callers waiting for nothing, and who does not any more. */
static void note_silence(struct cache *cache, const struct ask *ask, const struct flight *flight) {
        bool is_silent = flight->error < 0 && is_silence(flight->error, &flight->fault);
        bool is_slow = flight->took_ms >= SILENCE_SLOW_MS;
        uint64_t server = silence_server(ask->request);
        size_t before = cache->outages.count;

        if (is_silent && is_slow)
                silence_began(&cache->silences, server);
        if (is_silent && !flight->is_abandoned && outage_is(flight->error, &flight->fault))
                outage_began(&cache->outages, server, ask->request, &flight->fault, is_slow);
        if (!is_silent && !flight->is_abandoned) {
                silence_ended(&cache->silences, server);
                outage_ended(&cache->outages, server);
        }
        if (cache->probe && cache->outages.count != before)
                probe_look(cache->probe);
}

/* With the lock: the outcome of a call becomes what is known. */
static void settle(struct cache *cache, const struct ask *ask, const struct flight *flight) {
        const struct origin origin = { .call = ask->request->call,
                                       .asked_ms = flight->asked_ms,
                                       .turn = flight->turn,
                                       .is_outdated = flight->is_outdated,
                                       .bytes = flight->bytes };

        if (flight->is_from_disk)
                return;
        note_silence(cache, ask, flight);
        if (flight->is_abandoned)
                return;
        if (flight->error == 0)
                remember(cache, ask, flight, &origin);
        else if (flight->error == -ENOENT)
                forget(cache, ask, flight, &origin);
        else
                note_failure(cache, flight);
}

/* The asker's own end is no outcome for those who wait with it. */
static bool is_own_end(const struct op *op, int error) {
        return error == -EINTR || (error == -ETIMEDOUT && op_left_ms(op) == 0);
}

/* What equals the known answer becomes it; what says that it still holds, is it. 0, -ENOMEM. */
static int merge(struct cache *cache, const struct ask *ask, const struct known *confirmable,
                 struct answer *received, struct flight *flight) {
        struct ask compared = *ask;
        struct known known = { 0 };
        int r = 0;

        if (!received->is_partial)
                compared.part = (struct key){ 0 };
        if (received->is_unchanged)
                known.answer = answer_ref(confirmable->answer);
        else
                r = known_anywhere(cache, &compared, &known);
        if (r == 0 && received->is_unchanged)
                r = merge_unchanged(known.answer, received, &flight->answer);
        else if (r == 0)
                r = merge_answers(ask->request->call, known.answer, received, &flight->answer);
        if (r == 0) {
                flight->bytes = answer_bytes(flight->answer);
                flight->is_confirmed = known.answer && answer_shares(flight->answer, known.answer);
        }
        known_done(&known);
        return r;
}

/* Asks the next source. Without the lock; the flight is the caller's. */
static void ask_next(struct cache *cache, struct op *op, const struct ask *ask,
                     struct flight *flight) {
        _cleanup_(answer_unrefp) struct answer *received = NULL;
        int64_t began_ms = stamp_monotonic_ms();
        struct request request = *ask->request;
        struct known known, confirmable;
        int r;

        count(&cache->counters.calls);
        known_confirmable(cache, ask, &confirmable);
        request.known_revision = confirmable.answer ? confirmable.answer->revision : NULL;
        request.wait_s = 0;
        r = source_fetch(cache->next, op, &request, &received);
        flight->took_ms = stamp_monotonic_ms() - began_ms;
        if (r == 0 && received->is_unchanged)
                count(&cache->counters.confirmed);
        if (r == 0 && merge(cache, ask, &confirmable, received, flight) < 0)
                r = op_fail(op, ENOMEM, "out of memory");
        known_done(&confirmable);
        flight->error = r;
        flight->fault = op->fault;
        flight->is_abandoned = r < 0 && is_own_end(op, r);
        if (r < 0 && is_silence(r, &op->fault)) {
                (void)known_anywhere(cache, ask, &known);
                flight->known = known.answer;
        }
}

/*
 * Without the lock. What the file has, however old, stands in for a server that would keep the
 * caller waiting for nothing: as if it had failed once more. False if there is nothing.
 */
static bool stand_in(struct cache *cache, const struct op *op, const struct ask *ask,
                     struct flight *flight) {
        const struct outage *outage = NULL;
        struct known known;

        if ((op->must_be_fresh && !op->may_be_stale) || op->priority == OP_POLL)
                return false;
        (void)pthread_mutex_lock(&cache->lock);
        if (cache->probe)
                outage = outage_find(&cache->outages, silence_server(ask->request));
        if (outage && outage->is_slow)
                flight->fault = outage->fault;
        (void)pthread_mutex_unlock(&cache->lock);
        if (!flight->fault.error || known_on_disk(cache, ask, &known) < 0) {
                flight->fault = (struct op_fault){ 0 };
                return false;
        }
        flight->error = flight->fault.error;
        flight->known = known.answer;
        flight->is_from_disk = true;
        return true;
}

/* Looks into the file, then asks. Without the lock. */
static void find_or_ask(struct cache *cache, struct op *op, const struct ask *ask,
                        struct flight *flight) {
        struct known known;

        if (known_fresh_on_disk(cache, op, ask, &known) == 0) {
                count(&cache->counters.disk_hits);
                flight->answer = known.answer;
                flight->found_ms = known.asked_ms;
                flight->is_from_disk = true;
        } else if (!stand_in(cache, op, ask, flight)) {
                ask_next(cache, op, ask, flight);
                if (flight->bytes >= TRIM_BYTES)
                        (void)malloc_trim(0);
        }
}

/* Asks for all who want it. With the lock at the beginning and at the end. */
static int lead(struct cache *cache, struct op *op, const struct ask *ask, struct answer **ret) {
        const struct key *key = ask->part.text ? &ask->part : &ask->whole;
        bool is_in_memory = known_entry(cache, ask);
        struct flight *flight;
        int r;

        r = flight_begin(&cache->flights, key, ask->request->call, &flight);
        if (r < 0)
                return op_fail(op, -r, "out of memory");
        (void)pthread_mutex_unlock(&cache->lock);
        if (is_in_memory)
                ask_next(cache, op, ask, flight); /* the file has nothing newer */
        else
                find_or_ask(cache, op, ask, flight);
        (void)pthread_mutex_lock(&cache->lock);
        settle(cache, ask, flight);
        flight_end(&cache->flights, flight);
        if (flight->is_abandoned)
                r = fail_or_stale(cache, op, flight->error, &flight->fault, flight->known, ret);
        else
                r = take(cache, op, ask, flight, ret);
        flight_leave(flight);
        return r;
}

/* One round; AGAIN when another one is due. */
static int fetch_once(struct cache *cache, struct op *op, const struct ask *ask,
                      struct answer **ret) {
        struct flight *flight;
        int64_t refresh = 0;
        int r;

        (void)pthread_mutex_lock(&cache->lock);
        r = look_up(cache, op, ask, ret, &refresh);
        if (r != AGAIN)
                count(&cache->counters.hits);
        else
                r = look_back(cache, op, ask, ret, &refresh);
        if (r == AGAIN) {
                flight = flight_find(&cache->flights, &ask->whole, op);
                if (!flight)
                        flight = flight_find(&cache->flights, &ask->part, op);
                if (flight)
                        r = join(cache, op, ask, flight, ret);
                else
                        r = lead(cache, op, ask, ret);
        }
        (void)pthread_mutex_unlock(&cache->lock);
        if (refresh)
                refresh_queue(cache->refresh, ask->request, refresh);
        return r;
}

/** cache_fetch() - see struct source_ops. What hands out a secret is passed on and not kept. */
int cache_fetch(struct source *source, struct op *op, const struct request *request,
                struct answer **ret) {
        struct cache *cache = cache_from(source);
        struct ask ask;
        int r;

        if (request->call->risk == RISK_SECRET && request->reach == REACH_CACHED)
                return op_fail(op, ENODATA, "secrets are not kept");
        if (request->call->risk == RISK_SECRET)
                return source_fetch(cache->next, op, request, ret);
        r = ask_init(&ask, request);
        if (r < 0)
                r = op_fail(op, -r, "the request is too large");
        else if (request->reach == REACH_CACHED)
                r = fetch_known(cache, op, &ask, ret);
        else
                do {
                        r = fetch_once(cache, op, &ask, ret);
                } while (r == AGAIN);
        ask_done(&ask);
        return r;
}
