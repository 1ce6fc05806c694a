/* SPDX-License-Identifier: Apache-2.0 */
/* What is learnt of one item by another way than its list goes into the list. */
#include "cache/known.h"
#include "cache/merge.h"

/* With the lock: the list must be asked for anew. */
static void distrust(struct cache *cache, const struct key *list) {
        struct entry *entry = memory_find(&cache->memory, list);

        if (entry)
                entry->is_outdated = true;
        if (cache->writer)
                writer_forget(cache->writer, list);
}

/* With the lock. The list may be another one by now. */
static void replace(struct cache *cache, const struct ask *ask, const struct known *known,
                    struct answer *answer) {
        struct entry *entry = memory_find(&cache->memory, &ask->whole);
        struct origin origin = { .call = ask->request->call,
                                 .asked_ms = known->asked_ms,
                                 .is_outdated = known->is_outdated,
                                 .bytes = answer_bytes(answer) };

        if (entry && entry->answer != known->answer) {
                distrust(cache, &ask->whole);
                return;
        }
        if (entry) {
                origin.turn = entry->turn;
                origin.is_outdated = entry->is_outdated;
        }
        known_keep(cache, &ask->whole, &origin, answer, false);
}

static void note_list(struct cache *cache, const struct ask *ask, const char *id, const char *body,
                      size_t len, int64_t now_ms) {
        struct ask whole = { .request = ask->request, .whole = ask->whole };
        struct answer *answer = NULL;
        struct known known;
        int r;

        r = known_anywhere(cache, &whole, &known);
        if (r == 0 && known.answer)
                r = merge_item(known.answer, id, body, len, now_ms, &answer);
        (void)pthread_mutex_lock(&cache->lock);
        flights_outdate(&cache->flights, &ask->whole);
        if (answer)
                replace(cache, ask, &known, answer);
        else if (r == -ENOMEM)
                distrust(cache, &ask->whole);
        (void)pthread_mutex_unlock(&cache->lock);
        (void)answer_unref(answer);
        known_done(&known);
}

/* An answer with this item alone would hide what is known now. */
static void forget_part(struct cache *cache, const struct ask *ask) {
        struct head head;
        bool is_on_disk;

        is_on_disk = cache->store && store_head(cache->store, &ask->part, &head) != -ENOENT;
        (void)pthread_mutex_lock(&cache->lock);
        flights_outdate(&cache->flights, &ask->part);
        memory_allow(&cache->memory, &ask->part);
        if ((memory_forget(&cache->memory, &ask->part) || is_on_disk) && cache->writer)
                writer_forget(cache->writer, &ask->part);
        (void)pthread_mutex_unlock(&cache->lock);
}

/** cache_note() - see struct source_ops. The list stays as old as it is. */
void cache_note(struct source *source, const struct request *list, const char *id, const char *body,
                size_t len, int64_t now_ms) {
        struct cache *cache = cache_from(source);
        struct request item = *list;
        struct ask ask;

        item.only = id;
        (void)pthread_mutex_lock(&cache->noting);
        if (ask_init(&ask, &item) == 0) {
                note_list(cache, &ask, id, body, len, now_ms);
                forget_part(cache, &ask);
        }
        ask_done(&ask);
        (void)pthread_mutex_unlock(&cache->noting);
}

/* With the lock. What was learnt before the latest change may or may not know of it. */
static void keep_learnt(struct cache *cache, const struct ask *ask, struct answer *answer) {
        const struct origin origin = { .call = ask->request->call,
                                       .asked_ms = answer->fetched_ms,
                                       .turn = ++cache->flights.turns,
                                       .is_outdated = answer->fetched_ms < cache->changed_ms,
                                       .bytes = answer_bytes(answer) };

        memory_allow(&cache->memory, &ask->whole);
        known_keep(cache, &ask->whole, &origin, answer, false);
}

/** cache_learn() - see struct source_ops. What is known from later stays. */
void cache_learn(struct source *source, const struct request *request, struct answer *answer) {
        struct cache *cache = cache_from(source);
        struct answer *merged = NULL;
        struct known known = { 0 };
        struct ask ask;
        int r;

        r = ask_init(&ask, request);
        if (r == 0)
                r = known_anywhere(cache, &ask, &known);
        if (r == 0 && known.answer && known.answer->fetched_ms >= answer->fetched_ms)
                r = -EALREADY;
        if (r == 0)
                r = merge_answers(request->call, known.answer, answer, &merged);
        if (r == 0) {
                (void)pthread_mutex_lock(&cache->lock);
                keep_learnt(cache, &ask, merged);
                (void)pthread_mutex_unlock(&cache->lock);
        }
        (void)answer_unref(merged);
        known_done(&known);
        ask_done(&ask);
}
