/* SPDX-License-Identifier: Apache-2.0 */
/* Answers read from the file. Each function is one consistent look at it. */
#pragma once

#include "cache/connection.h"
#include "cache/key.h"
#include "cache/seen.h"

enum {
        PLACE_BITS = 20,
        PLACE_BODY = (1 << PLACE_BITS) - 1, /* of the answer's body among its items */
        PLACES_MAX = PLACE_BODY,
};

/* What stands beside an answer. */
struct head {
        int64_t number;     /* of its row */
        int64_t asked_ms;   /* realtime clock, as all times */
        int64_t fetched_ms;
        int64_t changed_ms;
        int64_t used_ms;    /* for the eviction, not exact */
        int status;
        bool is_outdated;
        bool is_partial;
        size_t count;
};

int load_head(struct connection *connection, const struct key *key, struct head *ret);
int load_answer(struct connection *connection, const struct key *key, const char *only,
                struct head *ret_head, struct answer **ret);
int load_seen(struct connection *connection, uint64_t key, struct seen *ret);
