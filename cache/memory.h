/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is remembered in memory: answers up to a number of bytes, the least recently used ones go
 * first, those that the file does not have yet stay; and for a short time what does not exist.
 * Not thread-safe: the cache's lock is held.
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
        bool is_pinned;        /* on its way to the file: not in `by_use` */
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
        bool keeps_latest;     /* whatever its size: there is no file that has it */
};

/* Where an answer came from, for memory_put(). */
struct origin {
        const struct call *call;
        int64_t asked_ms;
        uint64_t turn;       /* 0: it comes from the file */
        bool is_outdated;
        size_t bytes;        /* answer_bytes() */
};

struct entry *memory_find(struct memory *memory, const struct key *key);
bool memory_has_later(const struct memory *memory, const struct key *key, uint64_t turn);
int memory_put(struct memory *memory, const struct key *key, const struct origin *origin,
               struct answer *answer, bool is_pinned);
void memory_unpin(struct memory *memory, const struct key *key, uint64_t turn);
bool memory_forget(struct memory *memory, const struct key *key);
void memory_change(struct memory *memory, const struct change *change);
int memory_deny(struct memory *memory, const struct key *key, const struct origin *origin,
                const struct op_fault *fault);
void memory_allow(struct memory *memory, const struct key *key);
const struct negative *memory_denied(const struct memory *memory, const struct key *key);
void memory_done(struct memory *memory);
