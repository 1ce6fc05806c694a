/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What must never be lost: the texts that people saved, until the cloud has them or said no; what was
 * refused; what stood there before; secrets that are told once; work that goes on. A database of its
 * own beside the cache (synchronous=FULL), never dropped: a damaged one is moved aside and said so.
 *
 * All functions are thread-safe. Unless said otherwise they return 0 or negative errno with a reason
 * in the op: -ENOSPC when the disk is full (nothing that was stored is given up for it), -EIO.
 * What is 0 here is durable.
 */
#pragma once

#include "base/op.h"

struct journal;

enum edit_act {
        EDIT_SAVE,
        EDIT_CREATE,
        EDIT_MKDIR,
        EDIT_REMOVE,
        EDIT_LINK,
        EDIT_UNLINK,
        EDIT_RENAME,
        EDIT_ACTION,
};

enum edit_state {
        EDIT_ACCEPTED, /* durable, no request of it was sent */
        EDIT_SENDING,  /* the first byte of a step may have left */
        EDIT_DONE,     /* answered; kept no longer than it takes to say so */
        EDIT_REJECTED, /* refused, or given up: the text is in `rejected` */
        EDIT_UNKNOWN,  /* sent, no answer, and a look did not decide */
};

/* One change that was accepted. Strings borrowed when put, owned by the copy when got. */
struct edit {
        int64_t id;             /* 0 when put: the journal gives it */
        enum edit_act act;
        enum edit_state state;
        char *path;             /* below the mount, as the person saw it */
        char *identity;         /* of the place; of the directory for creations */
        char *name;             /* creations, links and renames: the new name, or NULL */
        char *target;           /* links and renames: path, or NULL */
        char *text;             /* the new bytes, secrets cut out; NULL: none */
        size_t len;
        char *base;             /* the bytes the editor read, or NULL */
        size_t base_len;
        int64_t accepted_ms;    /* realtime */
        uid_t uid;
        /* The last step told: what recovery looks at. */
        unsigned step, steps;   /* from 1; 0: none yet */
        bool step_answered, step_is_once;
        char *step_call;        /* operationId, or NULL */
        /* Refusals. */
        int error;              /* positive errno, 0: none */
        char *reason;           /* or NULL */
        char *request_id;
};
void edit_done(struct edit *edit);

/* @path: the database. -EBUSY with the holder's pid when another daemon has it. */
int journal_open(struct op *op, const char *path, struct journal **ret);
struct journal *journal_close(struct journal *journal);
DEFINE_CLEANUP(struct journal *, journal_close)

int journal_accept(struct journal *journal, struct op *op, const struct edit *edit, int64_t *ret_id);
int journal_step_begin(struct journal *journal, struct op *op, int64_t id, const struct op_step *step);
void journal_step_end(struct journal *journal, int64_t id, const struct op_step *step, int result);
void journal_finish(struct journal *journal, int64_t id, enum edit_state state,
                    const struct op_fault *fault);
int journal_get(struct journal *journal, int64_t id, struct edit *ret);
int journal_forget(struct journal *journal, struct op *op, int64_t id);

/* Calls @visit for each edit in a set of states (1 << enum edit_state), oldest first, until it
 * returns other than 0. The edit is valid during the call only. */
int journal_each(struct journal *journal, unsigned states,
                 int (*visit)(void *data, const struct edit *edit), void *data);

/* Named blobs by path: what a document was before each update or delete, refused texts with their
 * base and the other side, one-shot secrets, results of actions. */
enum shelf { SHELF_HISTORY, SHELF_REJECTED, SHELF_SECRET, SHELF_RESULT };

struct shelved {
        enum shelf shelf;
        const char *path;   /* below the mount */
        const char *name;   /* of the file on the shelf */
        const char *data;
        size_t len;
        int64_t stored_ms;  /* realtime */
        int64_t expires_ms; /* realtime, 0: unknown */
        const char *error;  /* reason, or NULL */
};

int journal_put(struct journal *journal, struct op *op, const struct shelved *item);
/* @ret is owned by the caller (free()), wiped by it where it is a secret. -ENOENT. */
int journal_fetch(struct journal *journal, enum shelf shelf, const char *path, const char *name,
                  char **ret, size_t *ret_len);
int journal_drop(struct journal *journal, struct op *op, enum shelf shelf, const char *path,
                 const char *name);
int journal_browse(struct journal *journal, enum shelf shelf, const char *path,
                   int (*visit)(void *data, const struct shelved *item), void *data);
/* Keeps at most @versions of each path and nothing older than @days. */
void journal_trim_history(struct journal *journal, unsigned versions, unsigned days);

/* Long work: resources whose life cycle is watched, over restarts. */
struct job {
        char *path, *identity, *started_by; /* the call that began it */
        char *state;
        int64_t started_ms, polled_ms, ended_ms; /* realtime, 0: not yet */
};
int journal_job_put(struct journal *journal, struct op *op, const struct job *job);
int journal_jobs(struct journal *journal, int (*visit)(void *data, const struct job *job), void *data);
int journal_job_drop(struct journal *journal, const char *identity);

/* How many edits are not yet done, for draining at unmount. */
unsigned journal_pending(struct journal *journal);
