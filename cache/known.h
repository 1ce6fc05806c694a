/* SPDX-License-Identifier: Apache-2.0 */
/* What is known of what somebody asks for, in memory or in the file, and whether it will do. */
#pragma once

#include "cache/state.h"

struct known {
        struct answer *answer; /* owned reference, NULL: nothing is known */
        int64_t asked_ms;      /* realtime clock: when the request for it began */
        bool is_outdated;      /* something was changed since */
};

void known_done(struct known *known);
bool known_serves(const struct known *known, const struct op *op, const struct request *request);

/* With the lock. The latest answer that has what is asked for. */
struct entry *known_entry(struct cache *cache, const struct ask *ask);
void known_in_memory(struct cache *cache, const struct ask *ask, struct known *ret);

/* With the lock. An answer stays in memory and goes to the file, unless a later one is known. */
void known_keep(struct cache *cache, const struct key *key, const struct origin *origin,
                struct answer *answer, bool is_confirmed);

/* Without the lock. */
int known_on_disk(struct cache *cache, const struct ask *ask, struct known *ret);
int known_fresh_on_disk(struct cache *cache, const struct op *op, const struct ask *ask,
                        struct known *ret);
void known_confirmable(struct cache *cache, const struct ask *ask, struct known *ret);
int known_anywhere(struct cache *cache, const struct ask *ask, struct known *ret);

/* What serves where nothing newer can be had. */
int known_serve_stale(struct cache *cache, struct answer *known, struct answer **ret);
