/* SPDX-License-Identifier: Apache-2.0 */
#include "cache/known.h"

#include "base/stamp.h"
#include "cache/merge.h"

/* The time of use in the file is brought up to date when it is that old. */
enum { USE_MS = 3600 * 1000 };

/** known_done() - give the reference back. */
void known_done(struct known *known) {
        (void)answer_unref(known->answer);
        *known = (struct known){ 0 };
}

static bool serves(const struct op *op, const struct request *request, int64_t asked_ms,
                   int64_t fetched_ms) {
        int64_t age_ms = stamp_now_ms() - fetched_ms;

        if (op->must_be_fresh && asked_ms < op->fresh_since_ms)
                return false;
        /* Where the clock was set back, the age is unknown. */
        return age_ms >= 0 && age_ms < request->max_age_ms;
}

/** known_serves() - is it there and as fresh as it must be? */
bool known_serves(const struct known *known, const struct op *op, const struct request *request) {
        return known->answer && !known->is_outdated &&
               serves(op, request, known->asked_ms, known->answer->fetched_ms);
}

/** known_entry() - the later of the two entries that may have what is asked for, or NULL. */
struct entry *known_entry(struct cache *cache, const struct ask *ask) {
        struct entry *whole = memory_find(&cache->memory, &ask->whole);
        struct entry *part = memory_find(&cache->memory, &ask->part);

        if (whole && part)
                return part->asked_ms > whole->asked_ms ? part : whole;
        return whole ? whole : part;
}

/** known_in_memory() - what is known without looking into the file. */
void known_in_memory(struct cache *cache, const struct ask *ask, struct known *ret) {
        struct entry *entry = known_entry(cache, ask);

        *ret = (struct known){ 0 };
        if (entry)
                *ret = (struct known){ .answer = answer_ref(entry->answer),
                                       .asked_ms = entry->asked_ms,
                                       .is_outdated = entry->is_outdated };
}

/**
 * known_keep() - keep an answer, of which references are taken.
 * @is_confirmed: the content is the one kept before. What cannot be kept is not known.
 */
void known_keep(struct cache *cache, const struct key *key, const struct origin *origin,
                struct answer *answer, bool is_confirmed) {
        const struct record record = { .key = key,
                                       .service = origin->call->service,
                                       .is_list = call_is_list(origin->call),
                                       .is_outdated = origin->is_outdated,
                                       .is_confirmed = is_confirmed,
                                       .asked_ms = origin->asked_ms,
                                       .answer = answer };
        bool is_pinned = false;

        if (memory_has_later(&cache->memory, key, origin->turn))
                return;
        if (cache->writer)
                is_pinned = writer_put(cache->writer, &record, origin->turn) > 0;
        (void)memory_put(&cache->memory, key, origin, answer, is_pinned);
}

/* Where the file has what is asked for. */
struct place {
        const struct key *key;
        const char *only; /* one item of a whole list */
        struct head head;
        uint64_t changes; /* when it was looked at */
        bool is_outdated;
};

static uint64_t count_changes(struct cache *cache) {
        uint64_t changes;

        (void)pthread_mutex_lock(&cache->lock);
        changes = cache->changes;
        (void)pthread_mutex_unlock(&cache->lock);
        return changes;
}

/* The part, where it is there and later than the whole or alone. 1, 0 if not, or negative errno. */
static int find_part(struct cache *cache, const struct ask *ask, const struct head *whole,
                     struct head *ret) {
        struct head part;
        int r;

        if (!ask->part.text)
                return 0;
        r = store_head(cache->store, &ask->part, &part);
        if (r < 0)
                return r == -ENOENT ? 0 : r;
        if (whole && whole->asked_ms >= part.asked_ms)
                return 0;
        *ret = part;
        return 1;
}

/* Returns 0, -ENOENT, or another negative errno when the file cannot be read. */
static int find_place(struct cache *cache, const struct ask *ask, struct place *ret) {
        struct place place = { .key = &ask->whole, .changes = count_changes(cache) };
        bool has_whole;
        int r;

        r = store_head(cache->store, &ask->whole, &place.head);
        if (r < 0 && r != -ENOENT)
                return r;
        has_whole = r == 0;
        if (ask->part.text)
                place.only = ask->request->only;
        r = find_part(cache, ask, has_whole ? &place.head : NULL, &place.head);
        if (r > 0) {
                place.key = &ask->part;
                place.only = NULL;
        }
        if (r < 0 || (r == 0 && !has_whole))
                return r < 0 ? r : -ENOENT;
        place.is_outdated = place.head.is_outdated || writer_is_behind(cache->writer);
        *ret = place;
        return 0;
}

/* Keeps in memory what was read, unless it knows better. */
static void keep(struct cache *cache, const struct ask *ask, const struct place *place,
                 struct known *known) {
        const struct key *key = known->answer->is_partial ? &ask->part : &ask->whole;
        struct origin origin = { .call = ask->request->call,
                                 .asked_ms = known->asked_ms,
                                 .bytes = answer_bytes(known->answer) };

        (void)pthread_mutex_lock(&cache->lock);
        if (cache->changes != place->changes)
                known->is_outdated = true;
        origin.is_outdated = known->is_outdated;
        (void)memory_put(&cache->memory, key, &origin, known->answer, false);
        (void)pthread_mutex_unlock(&cache->lock);
        if (stamp_now_ms() - place->head.used_ms > USE_MS)
                writer_use(cache->writer, place->key);
}

static int load(struct cache *cache, const struct ask *ask, const struct place *place,
                struct known *ret) {
        struct known known = { .is_outdated = place->is_outdated };
        struct head head;
        int r;

        r = store_load(cache->store, place->key, place->only, &head, &known.answer);
        if (r < 0)
                return r;
        known.asked_ms = head.asked_ms;
        known.is_outdated |= head.is_outdated;
        keep(cache, ask, place, &known);
        *ret = known;
        return 0;
}

/** known_on_disk() - what the file knows, of any age. 0, -ENOENT, or another negative errno. */
int known_on_disk(struct cache *cache, const struct ask *ask, struct known *ret) {
        struct place place;
        int r;

        if (!cache->store)
                return -ENOENT;
        r = find_place(cache, ask, &place);
        return r == 0 ? load(cache, ask, &place, ret) : r;
}

/** known_fresh_on_disk() - the same, but nothing that would not serve: that is not even read. */
int known_fresh_on_disk(struct cache *cache, const struct op *op, const struct ask *ask,
                        struct known *ret) {
        struct place place;
        int r;

        if (!cache->store)
                return -ENOENT;
        r = find_place(cache, ask, &place);
        if (r < 0)
                return r;
        if (place.is_outdated ||
            !serves(op, ask->request, place.head.asked_ms, place.head.fetched_ms))
                return -ENOENT;
        r = load(cache, ask, &place, ret);
        if (r == 0 && !known_serves(ret, op, ask->request)) {
                known_done(ret);
                return -ENOENT;
        }
        return r;
}

/**
 * known_anywhere() - what is known in memory, else in the file.
 * Returns 0, also when nothing is known; -ENOMEM when that could not be found out.
 */
int known_anywhere(struct cache *cache, const struct ask *ask, struct known *ret) {
        (void)pthread_mutex_lock(&cache->lock);
        known_in_memory(cache, ask, ret);
        (void)pthread_mutex_unlock(&cache->lock);
        if (ret->answer)
                return 0;
        return known_on_disk(cache, ask, ret) == -ENOMEM ? -ENOMEM : 0;
}

/**
 * known_confirmable() - the complete answer that is known, if the service can be asked whether it
 * still holds. After a change of ours it is not asked that: a server that lags would confirm what
 * was before.
 */
void known_confirmable(struct cache *cache, const struct ask *ask, struct known *ret) {
        const struct ask whole = { .request = ask->request, .whole = ask->whole };

        *ret = (struct known){ 0 };
        if (!ask->request->call->revision_query)
                return;
        (void)known_anywhere(cache, &whole, ret);
        if (ret->answer && (ret->is_outdated || !ret->answer->revision))
                known_done(ret);
}

/**
 * known_serve_stale() - hand out an old answer with its mark.
 * @known: NULL: none. Returns 0, -ENODATA when it is older than anything served, -ENOMEM.
 */
int known_serve_stale(struct cache *cache, struct answer *known, struct answer **ret) {
        _cleanup_(answer_unrefp) struct answer *answer = NULL;
        int r;

        if (!known || stamp_now_ms() - known->fetched_ms > cache->max_stale_ms)
                return -ENODATA;
        r = answer_alias(known, &answer);
        if (r < 0)
                return r;
        answer->is_stale = true;
        *ret = STEAL(answer);
        return 0;
}
