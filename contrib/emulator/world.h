/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The state of the emulated cloud: collections of JSON objects, scheduled events, a clock.
 *
 * One lock guards all of it. Handlers, events and seeds run with the lock held, so nothing here
 * locks, and objects borrowed from a collection stay good until that entry is removed or put anew.
 * Everything in collections and events outlives a restart with --state; keep no state elsewhere.
 */
#pragma once

#include "contrib/emulator/js.h"

enum { UUID_SIZE = 37, TIME_SIZE = 48 };

struct world;

/* One object of a collection. Read-only; change `object` in place through js_set() and friends. */
struct entry;
const char *entry_id(const struct entry *entry);
struct json_object *entry_object(const struct entry *entry);

/* An ordered map from id to object, in the order of first insertion. Belongs to the world. */
struct collection;

/*
 * The collection of that kind in that scope, made (empty) when new. Never NULL.
 * kind:  "service/what", e.g. "dws/clusters".
 * scope: what it hangs on, e.g. a project id, or the id of a parent; "" for the whole account.
 */
struct collection *world_collection(struct world *world, const char *kind, const char *scope);

/* Empties a collection, e.g. the snapshots of a removed cluster. */
void world_drop(struct world *world, const char *kind, const char *scope);

struct json_object *collection_get(const struct collection *c,
                                   const char *id); /* borrowed or NULL */
/* Adds or replaces (at its place) an object; takes the object over and returns it, borrowed. */
struct json_object *collection_put(struct collection *c, const char *id,
                                   struct json_object *object);
bool collection_remove(struct collection *c, const char *id); /* whether it was there */
size_t collection_count(const struct collection *c);
/* The first entry whose string at the pointer equals the text; NULL if none. */
struct entry *collection_find(const struct collection *c, const char *pointer, const char *text);

/* Walking; the current entry (only that) may be removed if next was taken before. */
struct entry *collection_first(const struct collection *c);
struct entry *entry_next(const struct entry *entry);

/* A new array holding references (no copies) to all objects, in order: for paging and answers. */
struct json_object *collection_array(const struct collection *c);

/*
 * Emulator time in ms since 1970, with --clock-offset; constant within one request, event or seed.
 */
int64_t world_now(const struct world *world);

enum time_form {
        TIME_RFC3339, /* 2016-02-10T14:26:14Z */
        TIME_NO_ZONE, /* 2016-02-10T14:26:14 */
        TIME_MICRO,   /* 2019-02-13T06:52:13.855000Z */
        TIME_GO,      /* 2023-11-14 06:20:20.446 +0000 UTC */
        TIME_BLANK,   /* 2022-10-27 08:11:29 */
        TIME_DAY,     /* 2022-10-27 */
        TIME_SDK,     /* 20160210T142614Z */
};

/* Writes a time into buf (TIME_SIZE bytes) and returns buf. */
const char *time_text(enum time_form form, int64_t ms, char *buf);
struct json_object *time_json(enum time_form form, int64_t ms);

/* Reads TIME_RFC3339, TIME_NO_ZONE, TIME_MICRO or TIME_SDK. Returns 0 or -EINVAL. */
int time_parse(const char *text, int64_t *ret_ms);

/*
 * A new random id, 8-4-4-4-12, into buf (UUID_SIZE bytes); the same ones on every start while
 * seeding.
 */
const char *world_uuid(struct world *world, char *buf);
/* The same randomness as `digits` lower-case hex digits (buf: digits + 1 bytes). */
const char *world_hex(struct world *world, char *buf, size_t digits);
/* A number that grows by one with each call, from 1, per name: kie revisions, resourceVersions. */
int64_t world_counter(struct world *world, const char *name);
int64_t world_counter_peek(struct world *world, const char *name);

/*
 * Life cycles. After `cloud_ms` (divided by --speed) something happens, before the first request
 * that comes later; world_now() is then the moment at which it was due, and events run in order of
 * time. With --speed 0 everything happens at once, i.e. before the next request.
 */
/* Sets a member (value taken over) of an object, if that still exists. */
void life_set(struct world *world, int64_t cloud_ms, const char *kind, const char *scope,
              const char *id, const char *pointer, struct json_object *value);
/* Removes an object, if it still exists. */
void life_remove(struct world *world, int64_t cloud_ms, const char *kind, const char *scope,
                 const char *id);
/*
 * Runs the event of that name (see struct event in handler.h) with an argument, which is taken
 * over.
 */
void life_event(struct world *world, int64_t cloud_ms, const char *event,
                struct json_object *argument);
/* Forgets all scheduled events of an object that were made by life_set() and life_remove(). */
void life_cancel(struct world *world, const char *kind, const char *scope, const char *id);
