/* SPDX-License-Identifier: Apache-2.0 */
#include "cache/flight.h"

#include <utlist.h>

#include "base/stamp.h"
#include "base/text.h"

/* An op is cancelled by a flag that wakes nobody: it is looked at this often. */
enum { LOOK_MS = 50 };

static int condition_init(pthread_cond_t *condition) {
        pthread_condattr_t attributes;
        int r;

        r = pthread_condattr_init(&attributes);
        if (r != 0)
                return -r;
        (void)pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
        r = pthread_cond_init(condition, &attributes);
        (void)pthread_condattr_destroy(&attributes);
        return -r;
}

/** flight_begin() - the caller is going to ask; it calls flight_end(). Returns 0 or -ENOMEM. */
int flight_begin(struct flights *flights, const struct key *key, const struct call *call,
                 struct flight **ret) {
        struct flight *flight = calloc(1, sizeof(*flight));

        if (!flight)
                return -ENOMEM;
        if (condition_init(&flight->ended) < 0) {
                free(flight);
                return -ENOMEM;
        }
        flight->key = key;
        flight->call = call;
        flight->users = 1;
        flight->asked_ms = stamp_now_ms();
        flight->turn = ++flights->turns;
        DL_PREPEND(flights->latest, flight);
        *ret = flight;
        return 0;
}

/** flight_find() - a flight whose outcome will do for this op, NULL if there is none. */
struct flight *flight_find(struct flights *flights, const struct key *key, const struct op *op) {
        struct flight *flight;

        if (!key->text)
                return NULL;
        DL_FOREACH (flights->latest, flight)
                if (flight->key->hash == key->hash && text_eq(flight->key->text, key->text) &&
                    !flight->is_outdated &&
                    (!op->must_be_fresh || flight->asked_ms > op->fresh_since_ms))
                        return flight;
        return NULL;
}

/** flight_of() - is somebody asking for this? */
bool flight_of(const struct flights *flights, const struct key *key) {
        for (const struct flight *flight = flights->latest; flight; flight = flight->next)
                if (flight->key->hash == key->hash)
                        return true;
        return false;
}

static struct timespec next_look(const struct op *op) {
        int64_t left_ms = op_left_ms(op), at_ms;

        at_ms = stamp_monotonic_ms() + (left_ms < LOOK_MS ? left_ms : LOOK_MS);
        return (struct timespec){ .tv_sec = at_ms / 1000, .tv_nsec = at_ms % 1000 * 1000000 };
}

/**
 * flight_wait() - wait for the outcome as one of its users, until flight_leave().
 * Returns 0 when it is there, -EINTR or -ETIMEDOUT when the op's own end comes first.
 */
int flight_wait(struct flight *flight, pthread_mutex_t *lock, struct op *op) {
        int r;

        flight->users++;
        while (!flight->is_done) {
                struct timespec until = next_look(op);

                (void)pthread_cond_timedwait(&flight->ended, lock, &until);
                if (flight->is_done)
                        break;
                r = op_check(op);
                if (r < 0)
                        return r;
        }
        return 0;
}

/** flight_end() - the outcome is in the flight: tell who waits. */
void flight_end(struct flights *flights, struct flight *flight) {
        DL_DELETE(flights->latest, flight);
        flight->key = NULL;
        flight->is_done = true;
        (void)pthread_cond_broadcast(&flight->ended);
}

/** flight_leave() - a user is done with the flight; the last one frees it. */
void flight_leave(struct flight *flight) {
        if (--flight->users > 0)
                return;
        (void)answer_unref(flight->answer);
        (void)answer_unref(flight->known);
        (void)pthread_cond_destroy(&flight->ended);
        free(flight);
}

/** flights_outdate() - what is under way for a key may or may not know what was learnt now. */
void flights_outdate(struct flights *flights, const struct key *key) {
        struct flight *flight;

        DL_FOREACH (flights->latest, flight)
                if (flight->key->hash == key->hash)
                        flight->is_outdated = true;
}

/** flights_change() - what is under way may or may not have seen a change. */
void flights_change(struct flights *flights, const struct change *change) {
        struct flight *flight;

        DL_FOREACH (flights->latest, flight)
                if (text_eq(flight->call->service, change->service) &&
                    change_touches(change, flight->key->text, call_is_list(flight->call)))
                        flight->is_outdated = true;
}
