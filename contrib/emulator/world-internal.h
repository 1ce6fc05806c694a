/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The inside of the world, for the emulator's core only (server, state, seeding, identity).
 */
#pragma once

#include "contrib/emulator/hash.h"
#include "contrib/emulator/util.h"
#include "contrib/emulator/world.h"

#include <pthread.h>

struct entry {
        char *id;
        struct json_object *object; /* owned */
        UT_hash_handle hh;          /* keeps the order of insertion */
};

struct collection {
        char *key; /* kind, LF, scope */
        struct entry *entries;
        UT_hash_handle hh;
};

enum timer_kind { TIMER_SET, TIMER_REMOVE, TIMER_EVENT };

/* One scheduled change; a list sorted by due time, equal times in order of scheduling. */
struct timer {
        struct timer *next;
        int64_t due_ms;
        enum timer_kind kind;
        char *name;                /* event name, or key of the collection */
        char *id, *pointer;        /* for TIMER_SET and TIMER_REMOVE */
        struct json_object *value; /* value or argument, owned */
};

struct world {
        pthread_mutex_t lock;   /* guards everything below */
        pthread_cond_t changed; /* broadcast after each change and when stopping */
        uint64_t version;       /* grows with each change */
        bool stopping;
        bool seeding; /* ids come from `random`, not from the kernel */
        uint64_t random;
        double speed;
        int64_t offset_ms; /* emulator time minus wall clock */
        int64_t now_ms;    /* of the current request, event or seed */
        struct collection *collections;
        struct timer *timers;
        unsigned port; /* with `plain`: the address of this emulator, for world_url() */
        bool plain;
        char *authority;      /* owned: what world_authority() tells, or NULL */
        int64_t token_life_s; /* of IAM tokens; no other token lives longer */
};

void timer_free(struct timer *timer);

struct world *world_new(void);
struct world *world_free(struct world *world);

/* Takes the lock, sets the time of this request and lets happen what is due. */
void world_enter(struct world *world);
/* Gives the lock back; changed: wakes those who wait for a change. */
void world_leave(struct world *world, bool changed);

/*
 * Waits (lock held, given up meanwhile) until the world's version differs from `version`, a timer
 * is due, the emulator time is until_ms, or the world stops.
 */
void world_wait(struct world *world, uint64_t version, int64_t until_ms);

/* Waits that long, or until the world stops. Takes the lock itself, and gives it up meanwhile. */
void world_pause(struct world *world, int64_t ms);

/*
 * Makes all waiting requests come back at once and those that come not wait. Takes the lock
 * itself.
 */
void world_stop(struct world *world);

/*
 * The whole world as JSON, and back into an empty world. load: -EBADMSG when it is no such
 * document.
 */
struct json_object *world_save(struct world *world);
int world_load(struct world *world, struct json_object *document);
