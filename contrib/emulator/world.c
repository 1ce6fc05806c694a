/* SPDX-License-Identifier: Apache-2.0 */
#include "contrib/emulator/world-internal.h"

#include "contrib/emulator/handler.h"

#include <string.h>
#include <sys/random.h>

struct world *world_new(void) {
        struct world *world = x_alloc(sizeof(*world));
        pthread_condattr_t attributes;

        pthread_mutex_init(&world->lock, NULL);
        pthread_condattr_init(&attributes);
        pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
        pthread_cond_init(&world->changed, &attributes);
        pthread_condattr_destroy(&attributes);
        world->speed = 1;
        world->token_life_s = 24 * 3600;
        world->random =
                0x6863656d756c6174; /* any constant: ids of seeds are the same on every start */
        world->now_ms = wall_ms();
        return world;
}

static void entry_free(struct entry *entry) {
        json_object_put(entry->object);
        free(entry->id);
        free(entry);
}

static void collection_clear(struct collection *c) {
        struct entry *entry, *next;

        HASH_ITER (hh, c->entries, entry, next) {
                HASH_DEL(c->entries, entry);
                entry_free(entry);
        }
}

struct world *world_free(struct world *world) {
        struct collection *c, *next;

        if (!world)
                return NULL;
        HASH_ITER (hh, world->collections, c, next) {
                collection_clear(c);
                HASH_DEL(world->collections, c);
                free(c->key);
                free(c);
        }
        while (world->timers) {
                struct timer *timer = world->timers;

                world->timers = timer->next;
                timer_free(timer);
        }
        free(world->authority);
        pthread_cond_destroy(&world->changed);
        pthread_mutex_destroy(&world->lock);
        free(world);
        return NULL;
}

const char *entry_id(const struct entry *entry) {
        return entry->id;
}

struct json_object *entry_object(const struct entry *entry) {
        return entry->object;
}

static struct collection *collection_by_key(struct world *world, const char *key, bool make) {
        struct collection *c;

        HASH_FIND_STR(world->collections, key, c);
        if (!c && make) {
                c = x_alloc(sizeof(*c));
                c->key = x_strdup(key);
                HASH_ADD_KEYPTR(hh, world->collections, c->key, strlen(c->key), c);
        }
        return c;
}

struct collection *world_collection(struct world *world, const char *kind, const char *scope) {
        _cleanup_(freep) char *key = x_printf("%s\n%s", kind, scope ? scope : "");

        return collection_by_key(world, key, true);
}

void world_drop(struct world *world, const char *kind, const char *scope) {
        _cleanup_(freep) char *key = x_printf("%s\n%s", kind, scope ? scope : "");
        struct collection *c = collection_by_key(world, key, false);

        if (c)
                collection_clear(c);
}

static struct entry *find(const struct collection *c, const char *id) {
        struct entry *entry;

        HASH_FIND_STR(c->entries, id, entry);
        return entry;
}

struct json_object *collection_get(const struct collection *c, const char *id) {
        struct entry *entry = id ? find(c, id) : NULL;

        return entry ? entry->object : NULL;
}

struct json_object *collection_put(struct collection *c, const char *id,
                                   struct json_object *object) {
        struct entry *entry = find(c, id);

        if (!entry) {
                entry = x_alloc(sizeof(*entry));
                entry->id = x_strdup(id);
                HASH_ADD_KEYPTR(hh, c->entries, entry->id, strlen(entry->id), entry);
        } else if (entry->object != object) {
                json_object_put(entry->object);
        }
        entry->object = object;
        return object;
}

bool collection_remove(struct collection *c, const char *id) {
        struct entry *entry = find(c, id);

        if (!entry)
                return false;
        HASH_DEL(c->entries, entry);
        entry_free(entry);
        return true;
}

size_t collection_count(const struct collection *c) {
        return HASH_COUNT(c->entries);
}

struct entry *collection_find(const struct collection *c, const char *pointer, const char *text) {
        struct entry *entry = c->entries;

        while (entry && !(text && str_eq(js_str(entry->object, pointer), text)))
                entry = entry->hh.next;
        return entry;
}

struct entry *collection_first(const struct collection *c) {
        return c->entries;
}

struct entry *entry_next(const struct entry *entry) {
        return entry->hh.next;
}

struct json_object *collection_array(const struct collection *c) {
        struct json_object *array = json_object_new_array();

        for (struct entry *entry = c->entries; entry; entry = entry->hh.next)
                json_object_array_add(array, json_object_get(entry->object));
        return array;
}

int64_t world_now(const struct world *world) {
        return world->now_ms;
}

static uint64_t random_bits(struct world *world) {
        uint64_t bits;

        if (!world->seeding && getrandom(&bits, sizeof(bits), 0) == (ssize_t)sizeof(bits))
                return bits;
        /* splitmix64 */
        bits = world->random += 0x9e3779b97f4a7c15;
        bits = (bits ^ (bits >> 30)) * 0xbf58476d1ce4e5b9;
        bits = (bits ^ (bits >> 27)) * 0x94d049bb133111eb;
        return bits ^ (bits >> 31);
}

const char *world_hex(struct world *world, char *buf, size_t digits) {
        uint64_t bits = 0;

        for (size_t i = 0; i < digits; i++) {
                if (i % 16 == 0)
                        bits = random_bits(world);
                buf[i] = "0123456789abcdef"[bits & 15];
                bits >>= 4;
        }
        buf[digits] = 0;
        return buf;
}

const char *world_uuid(struct world *world, char *buf) {
        char hex[33];

        world_hex(world, hex, 32);
        hex[12] = '4'; /* version: random */
        hex[16] = 'a'; /* variant of RFC 4122 */
        snprintf(buf, UUID_SIZE, "%.8s-%.4s-%.4s-%.4s-%.12s", hex, hex + 8, hex + 12, hex + 16,
                 hex + 20);
        return buf;
}

int64_t world_counter_peek(struct world *world, const char *name) {
        return js_int(collection_get(world_collection(world, "emulator/counters", ""), name),
                      "/value", 0);
}

int64_t world_counter(struct world *world, const char *name) {
        int64_t value = world_counter_peek(world, name) + 1;

        collection_put(world_collection(world, "emulator/counters", ""), name,
                       js_pack("{'value': i}", value));
        return value;
}

void world_leave(struct world *world, bool changed) {
        if (changed) {
                world->version++;
                pthread_cond_broadcast(&world->changed);
        }
        pthread_mutex_unlock(&world->lock);
}

void world_stop(struct world *world) {
        pthread_mutex_lock(&world->lock);
        world->stopping = true;
        world_leave(world, true);
}

static struct timespec monotonic_time(int64_t ms) {
        return (struct timespec){ .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 };
}

void world_pause(struct world *world, int64_t ms) {
        struct timespec end = monotonic_time(monotonic_ms() + ms);

        if (ms <= 0)
                return;
        pthread_mutex_lock(&world->lock);
        while (!world->stopping)
                if (pthread_cond_timedwait(&world->changed, &world->lock, &end) == ETIMEDOUT)
                        break;
        pthread_mutex_unlock(&world->lock);
}

void world_wait(struct world *world, uint64_t version, int64_t until_ms) {
        struct timespec end;
        int64_t now = wall_ms() + world->offset_ms, due;

        if (world->timers && world->timers->due_ms < until_ms)
                until_ms = world->timers->due_ms;
        due = monotonic_ms() + (until_ms > now ? until_ms - now : 0);
        end = monotonic_time(due);
        while (!world->stopping && world->version == version)
                if (pthread_cond_timedwait(&world->changed, &world->lock, &end) == ETIMEDOUT)
                        break;
}

const char *world_url(struct world *world, const char *host, char *buf, size_t size) {
        snprintf(buf, size, "%s://%s:%u", world->plain ? "http" : "https", host, world->port);
        return buf;
}

const char *world_authority(const struct world *world) {
        return world->authority;
}
