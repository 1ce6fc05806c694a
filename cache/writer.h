/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one thread that writes to the file. Work is queued in the order in which it happened, and
 * done in batches, each a transaction. The queue is bounded: what finds no room is not kept, but no
 * change is lost: if it cannot be written what it touched, nothing in the file counts as fresh.
 */
#pragma once

#include "cache/store.h"

struct writer;

/* Called by the thread when an answer is written or given up; must not call the writer. */
typedef void (*written_fn)(void *data, const struct key *key, uint64_t turn);

int writer_new(struct store *store, written_fn written, void *data, struct writer **ret);
struct writer *writer_free(struct writer *writer);

/* The functions below may be called by any thread; they never wait for the disk. */

/* Returns 1 when it is queued and written_fn will be called, 0 when it will not be kept. */
int writer_put(struct writer *writer, const struct record *record, uint64_t turn);
void writer_use(struct writer *writer, const struct key *key);
void writer_forget(struct writer *writer, const struct key *key);
void writer_change(struct writer *writer, struct change *change); /* takes it over */
void writer_seen(struct writer *writer, const struct seen *seen);

/* Are there changes of which the file does not know yet? Then its answers may be outdated. */
bool writer_is_behind(struct writer *writer);

/* Adds the first times that are not in the file yet. 0 or the errors of seen_put(). */
int writer_unwritten(struct writer *writer, struct seen_table *table);

struct writer_state {
        size_t waiting;            /* jobs in the queue */
        unsigned long long kept;   /* answers written */
        unsigned long long lost;   /* answers and first times that were not kept */
        int error;                 /* of the last batch that failed, negative errno */
        bool is_resting;           /* after a failure, for a while nothing is written */
};
void writer_describe(struct writer *writer, struct writer_state *ret);
