/* SPDX-License-Identifier: Apache-2.0 */
/* The journal's own state, for its files. */
#pragma once

#include <pthread.h>

#include "cache/journal-book.h"
#include "cache/journal-room.h"
#include "cache/journal.h"

/* What becomes of an edit, as it is written or, while it cannot be, remembered. */
struct turn {
        int64_t id;
        enum { TURN_STEP_END, TURN_FINISH } what;
        unsigned step;
        int result;
        enum edit_state state;
        struct op_fault fault;
};

/* Locks are taken in the order: lock, queue_lock. */
struct journal {
        char *path;
        int lock_fd;               /* -1: not held */
        pthread_mutex_t lock;      /* protects what follows; held while the file is used */
        struct book *book;         /* NULL: it could not be opened again after a failure */
        struct room room;
        int64_t new_bytes;         /* put by the transaction that is open */
        bool must_wipe;            /* the log holds what must not stay */
        bool must_cut;             /* behind its end there may be a commit that failed */
        bool has_leftovers;        /* edits that are done, but could not be deleted */
        struct turn *owed;         /* in their order */
        size_t n_owed, owed_capacity;
        struct journal_state state;
        pthread_mutex_t queue_lock; /* protects the queue */
        struct write *queue;       /* the last one first */
        atomic_uint pending;
};

/* Part of a transaction. May be run again when the transaction failed, so it must not leave
 * anything behind outside the database but its results. */
typedef int (*run_fn)(struct journal *journal, void *data);

int journal_write(struct journal *journal, run_fn run, void *data);
int journal_read(struct journal *journal, run_fn run, void *data);
int journal_settle(struct journal *journal);
void journal_count(struct journal *journal);
int journal_fail(struct op *op, int error);

/* journal.c */
int journal_reopen(struct journal *journal);
int journal_mend(struct journal *journal);
int journal_hold(struct journal *journal, size_t bytes);
int journal_reserve(struct journal *journal);

/* journal-edit.c: an edit and where its bytes are. */
struct entry {
        struct edit edit;
        int64_t text, base, secret; /* numbers of bodies, 0: none */
};
void entry_clear(struct entry *entry);
int entry_load(struct book *book, int64_t id, struct entry *ret);
int entry_parse(const struct row *row, struct entry *ret);
int entry_store(struct book *book, const struct entry *entry, int64_t *ret_id);
int entry_load_bodies(struct book *book, struct entry *entry);
int entry_drop(struct journal *journal, const struct entry *entry);
int entry_reject(struct book *book, struct entry *entry);
int turn_run(struct journal *journal, void *data);
int leftovers_run(struct journal *journal, void *data);

/* journal-shelf.c */
enum { SECRET_PAD = 4096 };
int body_put(struct book *book, const char *data, size_t len, bool is_secret, int64_t *ret);
int body_get(struct book *book, int64_t number, bool is_secret, char **ret, size_t *ret_len);
int shelf_add(struct book *book, const struct shelved *item, int64_t body);
int shelf_find(struct book *book, enum shelf shelf, const char *path, const char *name,
               int64_t *ret);
