/* SPDX-License-Identifier: Apache-2.0 */
/* Feeds: a request that the service answers when there is something new; what that makes known. */
#include "base/text.h"
#include "cache/known.h"
#include "cache/merge.h"

/* So that nobody who wants an answer now joins a flight that waits for a change. */
#define WATCH_HASH UINT64_C(0x77617463685f5f5f)

/* Somebody waiting for a change. */
struct vigil {
        struct cache *cache;
        struct ask ask; /* of the complete answer */
        struct key key; /* borrows the text of the ask's */
        struct request request;
        struct answer *received; /* owned reference */
        struct known known;      /* when the waiting began */
        bool is_outdated;        /* a change of ours came in between */
        bool is_behind;          /* what is known is later than what the caller has seen */
};

static int replace_text(char **text, const char *with) {
        char *copy = strdup(with);

        if (!copy)
                return -ENOMEM;
        free(*text);
        *text = copy;
        return 0;
}

/* The first revision is that of what is known, which is asked for where there is nothing. */
static int begin(struct vigil *vigil, struct op *op, char **revision) {
        struct request now = *vigil->ask.request;
        struct answer *answer;
        int r;

        known_confirmable(vigil->cache, &vigil->ask, &vigil->known);
        if (*revision) {
                vigil->is_behind =
                        vigil->known.answer && !text_eq(vigil->known.answer->revision, *revision);
                return 0;
        }
        if (vigil->known.answer) {
                r = replace_text(revision, vigil->known.answer->revision);
                return r < 0 ? op_fail(op, ENOMEM, "out of memory") : 0;
        }
        now.wait_s = 0;
        r = cache_fetch(&vigil->cache->source, op, &now, &answer);
        if (r < 0)
                return r;
        if (answer->is_stale)
                r = op_fail(op, EIO, "%s could not be asked", now.call->id);
        else if (!answer->revision)
                r = -EOPNOTSUPP;
        else if (replace_text(revision, answer->revision) < 0)
                r = op_fail(op, ENOMEM, "out of memory");
        (void)answer_unref(answer);
        return r < 0 ? r : 1;
}

/* Waits at the service, counted among those who would have seen a change of ours. */
static int wait_for_change(struct vigil *vigil, struct op *op, const char *revision) {
        struct cache *cache = vigil->cache;
        struct flight *flight;
        int r;

        vigil->request = *vigil->ask.request;
        vigil->request.known_revision = revision;
        vigil->key = (struct key){ .text = vigil->ask.whole.text,
                                   .hash = vigil->ask.whole.hash ^ WATCH_HASH };
        (void)pthread_mutex_lock(&cache->lock);
        r = flight_begin(&cache->flights, &vigil->key, vigil->request.call, &flight);
        (void)pthread_mutex_unlock(&cache->lock);
        if (r < 0)
                return op_fail(op, ENOMEM, "out of memory");
        count(&cache->counters.calls);
        r = source_fetch(cache->next, op, &vigil->request, &vigil->received);
        (void)pthread_mutex_lock(&cache->lock);
        vigil->is_outdated = flight->is_outdated;
        flight_end(&cache->flights, flight);
        flight_leave(flight);
        (void)pthread_mutex_unlock(&cache->lock);
        return r;
}

/* With the lock: is something else known by now? Which of both is newer, nobody can say. */
static bool is_overtaken(struct vigil *vigil) {
        const struct entry *entry = memory_find(&vigil->cache->memory, &vigil->ask.whole);

        if (!entry || !vigil->known.answer || answer_shares(entry->answer, vigil->known.answer))
                return false;
        return !text_eq(entry->answer->revision, vigil->received->revision);
}

/* What came is known from now on. 0, -EALREADY if it is what was known, -ESTALE, -ENOMEM. */
static int learn(struct vigil *vigil) {
        struct cache *cache = vigil->cache;
        struct origin origin = { .call = vigil->request.call,
                                 .asked_ms = vigil->received->fetched_ms };
        struct answer *merged;
        bool is_known;
        int r;

        r = merge_answers(origin.call, vigil->known.answer, vigil->received, &merged);
        if (r < 0)
                return r;
        origin.bytes = answer_bytes(merged);
        is_known = vigil->known.answer && answer_shares(merged, vigil->known.answer);
        if (is_known && !vigil->is_behind)
                r = -EALREADY;
        (void)pthread_mutex_lock(&cache->lock);
        origin.turn = ++cache->flights.turns;
        if (is_overtaken(vigil)) {
                r = -ESTALE;
        } else {
                memory_allow(&cache->memory, &vigil->ask.whole);
                known_keep(cache, &vigil->ask.whole, &origin, merged, is_known);
        }
        (void)pthread_mutex_unlock(&cache->lock);
        (void)answer_unref(merged);
        return r;
}

/* Statuses by which servers say that they do not know the parameter. */
static bool is_refusal(const struct op *op) {
        int status = op->fault.status;

        return status == 400 || status == 404 || status == 405 || status == 501;
}

static int take(struct vigil *vigil, struct op *op, char **revision) {
        int r;

        if (vigil->received->is_unchanged)
                return -EALREADY;
        if (!vigil->received->revision)
                return -EOPNOTSUPP;
        if (replace_text(revision, vigil->received->revision) < 0)
                return op_fail(op, ENOMEM, "out of memory");
        if (vigil->is_outdated)
                return -ESTALE;
        r = learn(vigil);
        return r == -ENOMEM ? op_fail(op, ENOMEM, "out of memory") : r;
}

/** cache_watch() - see struct source_ops. What a time-out without a change says is believed by
 * nobody: events get lost, the next request finds that out (ServiceComb notes, 7.3). */
int cache_watch(struct source *source, struct op *op, const struct request *request,
                char **revision) {
        struct vigil vigil = { .cache = cache_from(source) };
        int r;

        if (!request->call->wait_query || !request->call->revision_query)
                return -EOPNOTSUPP;
        r = ask_init(&vigil.ask, request);
        if (r < 0)
                return op_fail(op, -r, "the request is too large");
        r = begin(&vigil, op, revision);
        if (r == 0) {
                r = wait_for_change(&vigil, op, *revision);
                if (r < 0 && is_refusal(op))
                        r = -EOPNOTSUPP;
                else if (r == 0)
                        r = take(&vigil, op, revision);
        }
        (void)answer_unref(vigil.received);
        known_done(&vigil.known);
        ask_done(&vigil.ask);
        return r > 0 ? 0 : r;
}
