/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Single flight: requests that are under way, and who waits for them. One of those who want an
 * answer asks, the others wait for the outcome. All functions are called with the cache's lock
 * held; flight_wait() gives it up while it waits.
 */
#pragma once

#include <pthread.h>

#include "cache/key.h"

struct flight {
        struct flight *prev, *next; /* all that are under way, the latest first */
        const struct key *key;      /* borrowed from who asks, while it is under way */
        const struct call *call;
        pthread_cond_t ended;
        unsigned users;             /* the asker and those who wait */
        int64_t asked_ms;           /* realtime clock: when it began */
        uint64_t turn;              /* counts flights */
        bool is_outdated;           /* a change came in between: serves only who waited already */
        bool is_done;
        /* The outcome; constant once it is done. */
        bool is_abandoned;          /* the asker went away: somebody else must ask */
        bool is_from_disk;          /* found in the file … */
        int64_t found_ms;           /* … where it had been asked for then (realtime clock) */
        bool is_confirmed;          /* the content is the one known before */
        size_t bytes;               /* answer_bytes() of the answer */
        int64_t took_ms;            /* the call */
        int error;                  /* negative errno, 0: `answer` is there */
        struct op_fault fault;
        struct answer *answer;      /* owned reference */
        struct answer *known;       /* owned reference: what was known before, of a failed flight */
};

struct flights {
        struct flight *latest;
        uint64_t turns;
};

int flight_begin(struct flights *flights, const struct key *key, const struct call *call,
                 struct flight **ret);
struct flight *flight_find(struct flights *flights, const struct key *key, const struct op *op);
bool flight_of(const struct flights *flights, const struct key *key);
int flight_wait(struct flight *flight, pthread_mutex_t *lock, struct op *op);
void flight_end(struct flights *flights, struct flight *flight);
void flight_leave(struct flight *flight);
void flights_outdate(struct flights *flights, const struct key *key);
void flights_change(struct flights *flights, const struct change *change);
