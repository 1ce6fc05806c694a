/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Changes that were sent and whose outcome nobody knows: the same on the same target is refused
 * until somebody decides (file rule 20). Thread-safe; the lock is a leaf.
 */
#pragma once

#include <pthread.h>
#include <stdatomic.h>

#include "cache/journal.h"

struct doubt {
        struct doubt *next;
        struct journal *journal; /* borrowed */
        int64_t id;
        enum edit_act act;
        char *identity, *name; /* owned; name may be NULL */
};

struct doubts {
        pthread_mutex_t lock;
        struct doubt *first;
        atomic_uint count;
};

int doubts_init(struct doubts *doubts);
void doubts_done(struct doubts *doubts);
int doubts_add(struct doubts *doubts, struct journal *journal, const struct edit *edit);
int64_t doubts_find(struct doubts *doubts, enum edit_act act, const char *identity,
                    const char *name);
void doubts_remove(struct doubts *doubts, const struct journal *journal, int64_t id);
void doubts_settle(struct doubts *doubts, const char *identity,
                   bool (*visit)(void *data, const struct doubt *doubt), void *data);
