/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is remembered in memory: answers up to a number of bytes, the least recently used ones go
 * first; and for a short time what does not exist. Not thread-safe: the cache's lock is held.
 */
#pragma once

#include <uthash.h>

#include "cache/key.h"

enum { NEGATIVE_MS = 5000, NEGATIVES_MAX = 1024 };

/* An answer and what decides whom it serves. */
struct entry {
        struct key key;
        const char *service;   /* static */
        bool is_list;
        bool is_outdated;      /* changed since: serves only where nothing newer can be had */
        struct answer *answer; /* owned reference */
        int64_t asked_ms;      /* realtime clock: when the request for it began */
        uint64_t turn;         /* of that request: a later one is never replaced by an earlier */
        int64_t refresh_ms;    /* realtime clock: not asked for ahead before */
        size_t bytes;
        struct entry *prev, *next; /* by use, the latest first */
        UT_hash_handle hh;
};

/* "It does not exist" in the words of the service. */
struct negative {
        struct key key;
        const char *service; /* static */
        int64_t asked_ms;    /* realtime clock */
        struct op_fault fault;
        struct negative *prev, *next; /* the latest first */
        UT_hash_handle hh;
};

struct memory {
        struct entry *entries, *by_use;
        struct negative *negatives, *by_time;
        size_t count, bytes, max_bytes, n_negatives;
};

/* Where an answer came from, for memory_put(). */
struct origin {
        const struct call *call;
        int64_t asked_ms;
        uint64_t turn;
        bool is_outdated;
};

struct entry *memory_find(struct memory *memory, const struct key *key);
int memory_put(struct memory *memory, const struct key *key, const struct origin *origin,
               struct answer *answer);
void memory_forget(struct memory *memory, const struct key *key);
void memory_change(struct memory *memory, const struct change *change);
int memory_deny(struct memory *memory, const struct key *key, const struct origin *origin,
                const struct op_fault *fault);
const struct negative *memory_denied(const struct memory *memory, const struct key *key);
void memory_done(struct memory *memory);
