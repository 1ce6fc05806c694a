/* SPDX-License-Identifier: Apache-2.0 */
/* What the cache says of itself, for control files. */
#include "base/stamp.h"
#include "cache/known.h"

/* An object that is being filled; remembers its first error. */
struct sheet {
        struct json *object; /* owned */
        int error;
};

static void sheet_init(struct sheet *sheet) {
        *sheet = (struct sheet){ .object = json_new_object() };
        if (!sheet->object)
                sheet->error = -ENOMEM;
}

/* Takes the value over. */
static void put(struct sheet *sheet, const char *name, struct json *value) {
        if (sheet->error || !value) {
                (void)json_free(value);
                sheet->error = -ENOMEM;
                return;
        }
        sheet->error = json_set(sheet->object, name, value);
}

static void put_int(struct sheet *sheet, const char *name, int64_t value) {
        put(sheet, name, json_new_int(value));
}

static void put_count(struct sheet *sheet, const char *name, const atomic_ullong *counter) {
        put_int(sheet, name, (int64_t)atomic_load(counter));
}

static void put_bool(struct sheet *sheet, const char *name, bool value) {
        put(sheet, name, json_new_bool(value));
}

/* What is not known is left out. */
static void put_text(struct sheet *sheet, const char *name, const char *text) {
        if (text && *text)
                put(sheet, name, json_new_string(text, strlen(text)));
}

static void put_time(struct sheet *sheet, const char *name, int64_t ms) {
        char text[STAMP_TEXT_SIZE];

        if (!ms)
                return;
        stamp_format(ms / 1000, text);
        put_text(sheet, name, text);
}

/* Puts one sheet into another. */
static void put_sheet(struct sheet *sheet, const char *name, struct sheet *part) {
        if (part->error && !sheet->error)
                sheet->error = part->error;
        put(sheet, name, part->object);
        part->object = NULL;
}

static int finish(struct sheet *sheet, struct json **ret) {
        if (sheet->error) {
                (void)json_free(sheet->object);
                return sheet->error;
        }
        *ret = sheet->object;
        return 0;
}

static void put_failure(struct sheet *sheet, const struct failure *failure) {
        struct sheet part;

        if (!failure->at_ms)
                return;
        sheet_init(&part);
        put_time(&part, "time", failure->at_ms);
        put_text(&part, "error", strerrorname_np(-failure->fault.error));
        if (failure->fault.status)
                put_int(&part, "status", failure->fault.status);
        put_text(&part, "code", failure->fault.code);
        put_text(&part, "request_id", failure->fault.request_id);
        put_text(&part, "reason", failure->fault.reason);
        put_sheet(sheet, "last_failure", &part);
}

static void put_writer(struct sheet *sheet, struct cache *cache) {
        struct writer_state state;

        writer_describe(cache->writer, &state);
        put_int(sheet, "waiting", (int64_t)state.waiting);
        put_int(sheet, "kept", (int64_t)state.kept);
        put_int(sheet, "lost", (int64_t)state.lost);
        if (state.error)
                put_text(sheet, "error", strerrorname_np(-state.error));
        put_bool(sheet, "resting", state.is_resting);
}

static void put_disk(struct sheet *sheet, struct cache *cache) {
        struct store_state state;
        struct sheet part;

        if (!cache->store && !cache->disk_error)
                return;
        sheet_init(&part);
        if (!cache->store) {
                put_text(&part, "error", strerrorname_np(-cache->disk_error));
        } else {
                put_text(&part, "path", store_path(cache->store));
                if (store_describe(cache->store, &state) == 0) {
                        put_int(&part, "answers", state.answers);
                        put_int(&part, "bytes", (int64_t)state.bytes);
                        put_int(&part, "max_bytes", (int64_t)state.max_bytes);
                        put_int(&part, "renewals", state.renewals);
                }
                put_writer(&part, cache);
        }
        put_sheet(sheet, "disk", &part);
}

static size_t count_flights(const struct flights *flights) {
        size_t n = 0;

        for (const struct flight *flight = flights->latest; flight; flight = flight->next)
                n++;
        return n;
}

static void put_counters(struct sheet *sheet, const struct counters *counters) {
        put_count(sheet, "hits", &counters->hits);
        put_count(sheet, "disk_hits", &counters->disk_hits);
        put_count(sheet, "misses", &counters->calls);
        put_count(sheet, "confirmed", &counters->confirmed);
        put_count(sheet, "joined", &counters->joined);
        put_count(sheet, "stale_served", &counters->stale);
        put_count(sheet, "failures", &counters->failures);
}

/** cache_describe() - counters and sizes, as an object of the caller's. -EINVAL, -ENOMEM. */
int cache_describe(struct source *source, struct json **ret) {
        struct cache *cache = cache_from(source);
        struct failure failure;
        struct memory memory;
        struct sheet sheet;
        size_t flights;

        if (!cache_is(source))
                return -EINVAL;
        (void)pthread_mutex_lock(&cache->lock);
        failure = cache->failures[(cache->next_failure + FAILURES_MAX - 1) % FAILURES_MAX];
        memory = cache->memory;
        flights = count_flights(&cache->flights);
        (void)pthread_mutex_unlock(&cache->lock);
        sheet_init(&sheet);
        put_counters(&sheet, &cache->counters);
        put_int(&sheet, "under_way", (int64_t)flights);
        put_int(&sheet, "entries", (int64_t)memory.count);
        put_int(&sheet, "bytes", (int64_t)memory.bytes);
        put_int(&sheet, "max_bytes", (int64_t)memory.max_bytes);
        put_int(&sheet, "absent", (int64_t)memory.n_negatives);
        put_disk(&sheet, cache);
        put_failure(&sheet, &failure);
        return finish(&sheet, ret);
}

/* Is something known? An empty file is as good as none. */
static bool has_answers(struct cache *cache) {
        struct store_state state;

        if (cache->store && store_describe(cache->store, &state) == 0 && state.answers > 0)
                return true;
        return cache->memory.count > 0;
}

/** cache_state() - see the header. 0 or -EINVAL. */
int cache_state(struct source *source, struct cache_state *ret) {
        struct cache *cache = cache_from(source);
        const struct outage *outage;
        int64_t last_ms;

        if (!cache_is(source))
                return -EINVAL;
        *ret = (struct cache_state){ .stale = atomic_load(&cache->counters.stale) };
        (void)pthread_mutex_lock(&cache->lock);
        outage = outage_first(&cache->outages);
        ret->outages = cache->outages.count;
        if (outage) {
                ret->outage_since_ms = outage->since_ms;
                (void)snprintf(ret->reason, sizeof(ret->reason), "%s", outage->fault.reason);
        }
        ret->has_answers = has_answers(cache);
        ret->was_others = cache->store && store_was_others(cache->store);
        (void)pthread_mutex_unlock(&cache->lock);
        last_ms = atomic_load(&cache->stale_last_ms);
        if (!last_ms || (!outage && stamp_now_ms() - last_ms > STALE_APART_MS))
                return 0;
        ret->stale_last_ms = last_ms;
        ret->stale_since_ms = atomic_load(&cache->stale_since_ms);
        return 0;
}

/* With the lock: the latest failure of a request, if it is still remembered. */
static void find_failure(const struct cache *cache, const struct ask *ask, struct failure *ret) {
        *ret = (struct failure){ 0 };
        for (size_t i = 0; i < FAILURES_MAX; i++) {
                const struct failure *failure = &cache->failures[i];
                bool is_its = failure->hash == ask->whole.hash ||
                              (ask->part.text && failure->hash == ask->part.hash);

                if (is_its && failure->at_ms > ret->at_ms)
                        *ret = *failure;
        }
}

static void put_known(struct sheet *sheet, const struct known *known, const struct ask *ask) {
        const struct answer *answer = known->answer;
        int64_t max_ms = ask->request->max_age_ms;
        bool is_forever = max_ms > INT64_MAX - answer->fetched_ms;

        put_int(sheet, "age_s", (stamp_now_ms() - answer->fetched_ms) / 1000);
        put_time(sheet, "fetched", answer->fetched_ms);
        put_time(sheet, "changed", answer->changed_ms);
        put_int(sheet, "status", answer->status);
        put_text(sheet, "request_id", answer->request_id);
        put_text(sheet, "revision", answer->revision);
        put_bool(sheet, "outdated", known->is_outdated);
        if (is_forever)
                return;
        put_time(sheet, "refresh_ahead", answer->fetched_ms + max_ms - max_ms / 4);
        put_time(sheet, "fresh_until", answer->fetched_ms + max_ms);
}

static void put_answer(struct sheet *sheet, struct cache *cache, const struct ask *ask) {
        const struct negative *negative;
        const char *from = "API";
        struct known known;

        (void)pthread_mutex_lock(&cache->lock);
        known_in_memory(cache, ask, &known);
        negative = memory_denied(&cache->memory, &ask->whole);
        if (negative)
                put_time(sheet, "absent_since", negative->asked_ms);
        (void)pthread_mutex_unlock(&cache->lock);
        if (known.answer)
                from = "memory";
        else if (known_on_disk(cache, ask, &known) == 0)
                from = "disk";
        put_text(sheet, "source", from);
        if (known.answer)
                put_known(sheet, &known, ask);
        known_done(&known);
}

static void put_outage(struct sheet *sheet, const struct outage *outage) {
        if (!outage)
                return;
        put_time(sheet, "silent_since", outage->since_ms);
        put_text(sheet, "silent_reason", outage->fault.reason);
}

/**
 * cache_explain() - what is known of an answer and of the last call for it, as an object of the
 * caller's. `source` is where it is kept; API: nowhere. -EINVAL, -ENOMEM.
 */
int cache_explain(struct source *source, const struct request *request, struct json **ret) {
        struct cache *cache = cache_from(source);
        struct failure failure;
        struct sheet sheet;
        struct ask ask;
        int r;

        if (!cache_is(source))
                return -EINVAL;
        r = ask_init(&ask, request);
        if (r == 0) {
                sheet_init(&sheet);
                put_answer(&sheet, cache, &ask);
                (void)pthread_mutex_lock(&cache->lock);
                find_failure(cache, &ask, &failure);
                put_bool(&sheet, "under_way", flight_of(&cache->flights, &ask.whole));
                put_outage(&sheet, outage_find(&cache->outages, silence_server(request)));
                (void)pthread_mutex_unlock(&cache->lock);
                put_failure(&sheet, &failure);
                r = finish(&sheet, ret);
        }
        ask_done(&ask);
        return r;
}
