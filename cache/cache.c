/* SPDX-License-Identifier: Apache-2.0 */
#include "cache/cache.h"

#include "base/digest.h"
#include "base/stamp.h"
#include "cache/state.h"

#define DEFAULT_MEMORY   (UINT64_C(64) << 20)
#define DEFAULT_FILE     (UINT64_C(1) << 30)
#define DEFAULT_STALE_MS (INT64_C(30) * 24 * 3600 * 1000)

/* Whatever its outcome: the server may have done it. */
static int cache_send(struct source *source, struct op *op, const struct request *request,
                      struct answer **ret) {
        struct cache *cache = cache_from(source);
        _cleanup_(change_freep) struct change *change = NULL;
        int r;

        r = change_new(request, &change);
        if (r < 0)
                return op_fail(op, -r, "the request is too large");
        r = source_send(cache->next, op, request, ret);
        (void)pthread_mutex_lock(&cache->lock);
        cache->changes++;
        cache->changed_ms = stamp_now_ms();
        memory_change(&cache->memory, change);
        flights_change(&cache->flights, change);
        if (cache->writer)
                writer_change(cache->writer, STEAL(change));
        (void)pthread_mutex_unlock(&cache->lock);
        return r;
}

/* With the lock. A full table begins anew with what the file does not have yet. */
static int put_seen(struct cache *cache, const struct seen *seen) {
        int r;

        r = seen_put(&cache->seen, seen);
        if (r != -E2BIG)
                return r;
        seen_clear(&cache->seen);
        if (cache->writer)
                (void)writer_unwritten(cache->writer, &cache->seen);
        return seen_put(&cache->seen, seen);
}

/* With the lock: is this content known? Then it has its time. */
static bool find_seen(const struct cache *cache, struct seen *seen) {
        const struct seen *known = seen_find(&cache->seen, seen->key);

        if (!known || known->hash != seen->hash)
                return false;
        seen->ms = known->ms;
        return true;
}

/* What the file knows of a key comes into the table. */
static void load_from_disk(struct cache *cache, uint64_t key) {
        struct seen known;

        if (!cache->store || store_seen(cache->store, key, &known) < 0)
                return;
        (void)pthread_mutex_lock(&cache->lock);
        if (!seen_find(&cache->seen, key))
                (void)put_seen(cache, &known);
        (void)pthread_mutex_unlock(&cache->lock);
}

static int cache_seen(struct source *source, const char *key, uint64_t hash, int64_t now_ms,
                      int64_t *ret_ms) {
        struct cache *cache = cache_from(source);
        struct seen seen = { .key = digest_hash64(key, strlen(key)), .hash = hash, .ms = now_ms };
        bool is_in_table;
        int r = 0;

        (void)pthread_mutex_lock(&cache->lock);
        is_in_table = seen_find(&cache->seen, seen.key);
        (void)pthread_mutex_unlock(&cache->lock);
        if (!is_in_table)
                load_from_disk(cache, seen.key);
        (void)pthread_mutex_lock(&cache->lock);
        if (!find_seen(cache, &seen)) {
                r = put_seen(cache, &seen);
                if (r == 0 && cache->writer)
                        writer_seen(cache->writer, &seen);
        }
        (void)pthread_mutex_unlock(&cache->lock);
        if (r == 0)
                *ret_ms = seen.ms;
        return r;
}

static void cache_free(struct source *source) {
        struct cache *cache = cache_from(source);

        (void)probe_free(cache->probe);
        (void)refresh_free(cache->refresh);
        (void)writer_free(cache->writer);
        (void)store_close(cache->store);
        memory_done(&cache->memory);
        outages_done(&cache->outages);
        seen_clear(&cache->seen);
        (void)pthread_mutex_destroy(&cache->noting);
        (void)pthread_mutex_destroy(&cache->lock);
        (void)source_free(cache->next);
        free(cache);
}

/* Puts the members of one object into another; those that are there stay. */
static int add_members(struct json *into, const struct json *from) {
        struct json_cursor cursor = { 0 };
        int r = 0;

        while (r == 0 && json_next(from, &cursor))
                if (!json_member(into, cursor.name))
                        r = json_set(into, cursor.name, json_share(cursor.value));
        return r;
}

static int explain(struct source *source, const struct request *request, struct json *into) {
        _cleanup_(json_freep) struct json *own = NULL;
        int r;

        r = cache_explain(source, request, &own);
        if (r == 0)
                r = add_members(into, own);
        return r == 0 ? source_explain(cache_from(source)->next, request, into) : r;
}

static const struct source_ops cache_ops = {
        .fetch = cache_fetch,
        .send = cache_send,
        .seen = cache_seen,
        .note = cache_note,
        .learn = cache_learn,
        .watch = cache_watch,
        .explain = explain,
        .free = cache_free,
};

/** cache_is() - is this source a cache? */
bool cache_is(const struct source *source) {
        return source->ops == &cache_ops;
}

static void on_written(void *data, const struct key *key, uint64_t turn) {
        struct cache *cache = data;

        (void)pthread_mutex_lock(&cache->lock);
        memory_unpin(&cache->memory, key, turn);
        (void)pthread_mutex_unlock(&cache->lock);
}

/* A full disk is no reason to show nothing: it goes on in memory. */
static int open_store(struct op *op, const struct cache_options *options, struct cache *cache) {
        int r;

        if (!options->path)
                return 0;
        r = store_open(op, options->path, options->max_bytes ? options->max_bytes : DEFAULT_FILE,
                       options->owner ? options->owner : "", &cache->store);
        if (r == -ENOSPC || r == -EDQUOT) {
                op_clear(op);
                cache->disk_error = r;
                return 0;
        }
        if (r < 0)
                return r;
        r = writer_new(cache->store, on_written, cache, &cache->writer);
        return r < 0 ? op_fail(op, -r, "cannot start the thread that writes the cache") : 0;
}

static int start(struct op *op, const struct cache_options *options, struct cache *cache) {
        int r;

        r = open_store(op, options, cache);
        if (r < 0)
                return r;
        cache->memory.keeps_latest = !cache->store;
        r = refresh_new(&cache->source, &cache->refresh);
        if (r == 0 && options->probes)
                r = probe_new(cache, options, &cache->probe);
        return r < 0 ? op_fail(op, -r, "cannot start the threads of the cache") : 0;
}

/**
 * cache_new() - a cache around @next, which is taken over, also on failure. It starts threads and
 * holds a lock that goes by process: a daemon goes into the background before.
 * Returns 0, -EBUSY when another process has the file, -EOPNOTSUPP when it would be on a network
 * file system, or another negative errno; the reason is in @op.
 */
int cache_new(struct op *op, const struct cache_options *options, struct source *next,
              struct source **ret) {
        struct cache *cache = calloc(1, sizeof(*cache));
        int r;

        if (!cache) {
                (void)source_free(next);
                return op_fail(op, ENOMEM, "out of memory");
        }
        cache->source.ops = &cache_ops;
        cache->next = next;
        cache->max_stale_ms = options->max_stale_ms ? options->max_stale_ms : DEFAULT_STALE_MS;
        cache->memory.max_bytes = options->memory_bytes ? options->memory_bytes : DEFAULT_MEMORY;
        (void)pthread_mutex_init(&cache->lock, NULL);
        (void)pthread_mutex_init(&cache->noting, NULL);
        r = start(op, options, cache);
        if (r < 0) {
                cache_free(&cache->source);
                return r;
        }
        *ret = &cache->source;
        return 0;
}
