/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The database file of an account: answers, items, first times. Held by one process; any thread
 * may read at any time, each on a connection of its own; one thread writes. A damaged file is moved
 * aside and begun anew, while the cache goes on without it.
 */
#pragma once

#include "cache/keep.h"

struct store;

/* @owner: whose answers the file may hold, a text; what it holds of another one goes.
 * Returns 0, -EBUSY when another process has the file, other errnos with the reason in @op. */
int store_open(struct op *op, const char *path, uint64_t max_bytes, const char *owner,
               struct store **ret);
struct store *store_close(struct store *store);
DEFINE_CLEANUP(struct store *, store_close)

/* Reading. -EBADMSG while the file is damaged or replaced: what cannot be read is asked for. */
int store_head(struct store *store, const struct key *key, struct head *ret);
int store_load(struct store *store, const struct key *key, const char *only, struct head *ret_head,
               struct answer **ret);
int store_seen(struct store *store, uint64_t key, struct seen *ret);

/* Writing; by one thread. What happens between begin and end is kept together or not at all. */
int store_begin(struct store *store, struct connection **ret);
int store_end(struct store *store, int error);
int store_trim(struct store *store);
int store_halve(struct store *store);
bool store_is_damaged(struct store *store);
int store_renew(struct store *store);

struct store_state {
        uint64_t bytes, max_bytes; /* in use, allowed */
        int64_t answers;
        unsigned renewals;         /* damaged files that were replaced */
};
int store_describe(struct store *store, struct store_state *ret);
const char *store_path(const struct store *store);
bool store_was_others(const struct store *store);
uint64_t store_max_bytes(const struct store *store);
