/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What must never be lost: the texts that people saved, until the cloud has them or said no; what
 * was refused; what stood there before; secrets that are told once; work that goes on. A database
 * of its own beside the cache (synchronous=FULL), never dropped: a damaged one is moved aside and
 * said so.
 *
 * All functions are thread-safe. Unless said otherwise they return 0 or negative errno, where
 * there is an op with a reason in it: -ENOSPC when the disk or a bound is full (nothing that was
 * stored is given up for it), -EFBIG, -ENAMETOOLONG, -EIO. What is 0 here is durable. No lock is
 * held while a visitor is called: it may use the journal, and may take its time.
 *
 * A full disk stops new texts first. Room is held for the states, steps and refusals of what was
 * accepted, so that those can be written to the end.
 *
 * A damaged file is mended where it is noticed: everything that can still be read is written to a
 * new one, the damaged one is kept beside it as `<path>.damaged-<n>`. After that nothing is sent
 * by itself: edits whose texts are sound are EDIT_UNKNOWN, the others EDIT_REJECTED, with a reason
 * that says so.
 */
#pragma once

#include <limits.h>

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
        EDIT_DONE,     /* answered, and gone: no edit is found in this state */
        EDIT_REJECTED, /* refused, or given up: the text is in `rejected` */
        EDIT_UNKNOWN,  /* sent, no answer, and a look did not decide */
};

enum {
        JOURNAL_TEXT_MAX = 4 * 1024 * 1024,  /* of an edit */
        JOURNAL_BLOB_MAX = 16 * 1024 * 1024, /* of a base, and of an item on a shelf */
        JOURNAL_SECRET_MAX = 64 * 1024,
        JOURNAL_STRING_MAX = 64 * 1024,      /* of each other string */
        JOURNAL_EDITS_MAX = 1024,            /* not yet decided; as many refusals */
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
        char *secret;           /* what was cut out of the text, in any form, or NULL; erased from
                                   the disk when the outcome is known */
        size_t secret_len;
        int64_t accepted_ms;    /* realtime; 0 when put: now */
        uid_t uid;
        /* The last step told: what recovery looks at. */
        unsigned step, steps;   /* from 1; 0: none yet */
        bool step_answered, step_is_once;
        char *step_service;     /* these four NULL without a step */
        char *step_call;        /* operationId */
        char *step_method, *step_target;
        int step_result;        /* once answered: 0 or negative errno */
        /* Refusals and unknown outcomes. */
        int error;              /* positive errno, 0: none */
        int status;             /* HTTP, 0: no answer */
        char *code, *reason, *request_id; /* or NULL */
};
void edit_done(struct edit *edit);

/* @path: the database. -EBUSY with the holder's pid when another daemon has it. */
int journal_open(struct op *op, const char *path, struct journal **ret);
struct journal *journal_close(struct journal *journal);
DEFINE_CLEANUP(struct journal *, journal_close)

/* Stores a new edit as EDIT_ACCEPTED; its step and its refusal do not count. */
int journal_accept(struct journal *journal, struct op *op, const struct edit *edit,
                   int64_t *ret_id);

/* Before a step's first byte goes out. -EBUSY: the last step was one that must never be sent
 * twice, and its answer is not known; who knows that it did not happen, or is told to repeat it,
 * says so by journal_finish(…, EDIT_ACCEPTED, NULL) first. -ENOENT: there is no such edit, or it
 * is decided. */
int journal_step_begin(struct journal *journal, struct op *op, int64_t id,
                       const struct op_step *step);

/* After its answer; not called when the outcome is unknown (`fault.is_unknown`). What cannot be
 * written here and in journal_finish() is held in memory, counts at once, and is tried again. */
void journal_step_end(struct journal *journal, int64_t id, const struct op_step *step, int result);

/* The end of an edit. EDIT_DONE: it is gone. EDIT_REJECTED: its text and base move to
 * SHELF_REJECTED, under its path, as `<id>` and `<id>.base`, with the reason; the edit itself
 * stays, for its reason, until it is forgotten or JOURNAL_EDITS_MAX younger ones were refused.
 * EDIT_UNKNOWN: it stays as it is. EDIT_ACCEPTED: see above. @fault: NULL if there is none. */
void journal_finish(struct journal *journal, int64_t id, enum edit_state state,
                    const struct op_fault *fault);

/* A copy to be ended by edit_done(). -ENOENT. */
int journal_get(struct journal *journal, int64_t id, struct edit *ret);

/* Somebody is going to be told that it will be done, before it is: its target becomes this word.
 * -ENOENT. */
int journal_promise(struct journal *journal, struct op *op, int64_t id, const char *word);

/* Drops an edit with its text, whatever its state. What is on the shelf stays there. -ENOENT. */
int journal_forget(struct journal *journal, struct op *op, int64_t id);

/* Calls @visit for each edit in a set of states (1 << enum edit_state), oldest first, until it
 * returns other than 0, which is then returned. The edit is valid during the call only. */
int journal_each(struct journal *journal, unsigned states,
                 int (*visit)(void *data, const struct edit *edit), void *data);

/* Named blobs by path: what a document was before each update or delete, refused texts with their
 * base and the other side, one-shot secrets, results of actions; and, by the identity of their
 * resource in place of a path, values that were sent and that no call tells; and marks of whose
 * the journal is. */
enum shelf {
        SHELF_HISTORY,
        SHELF_REJECTED,
        SHELF_SECRET,
        SHELF_RESULT,
        SHELF_SENT,
        SHELF_OWNER,
        SHELF_LAST = SHELF_OWNER
};

struct shelved {
        enum shelf shelf;
        const char *path;   /* below the mount */
        const char *name;   /* of the file on the shelf */
        const char *data;   /* NULL while browsing: see journal_fetch() */
        size_t len;
        int64_t stored_ms;  /* realtime; 0 when put: now */
        int64_t expires_ms; /* realtime, 0: unknown */
        const char *error;  /* reason, or NULL */
};

/* Replaces an item of the same name. A full history or result shelf gives up its oldest; the others
 * are -ENOSPC then. A secret is overwritten on the disk when it is replaced or dropped. */
int journal_put(struct journal *journal, struct op *op, const struct shelved *item);
/* @ret is owned by the caller (free()), wiped by it where it is a secret. -ENOENT. */
int journal_fetch(struct journal *journal, enum shelf shelf, const char *path, const char *name,
                  char **ret, size_t *ret_len);
/* -ENOENT. */
int journal_drop(struct journal *journal, struct op *op, enum shelf shelf, const char *path,
                 const char *name);
/* @path: NULL for all. By path, then oldest first; as journal_each(). */
int journal_browse(struct journal *journal, enum shelf shelf, const char *path,
                   int (*visit)(void *data, const struct shelved *item), void *data);
/* Keeps at most @versions of each path and nothing older than @days. Goes over all of it: for now
 * and then, not for each change. */
void journal_trim_history(struct journal *journal, unsigned versions, unsigned days);

/* Long work: resources whose life cycle is watched, over restarts. */
struct job {
        char *path, *identity, *started_by; /* the call that began it */
        char *state;
        int64_t started_ms, polled_ms, ended_ms; /* realtime, 0: not yet */
};
/* One for each identity. When there are too many, the one that ended first goes, else -ENOSPC. */
int journal_job_put(struct journal *journal, struct op *op, const struct job *job);
int journal_jobs(struct journal *journal, int (*visit)(void *data, const struct job *job),
                 void *data);
int journal_job_drop(struct journal *journal, const char *identity); /* -ENOENT */

/* How many edits are accepted or being sent, for draining at unmount. Never waits. */
unsigned journal_pending(struct journal *journal);

/* How the journal is, for status files and the log. */
struct journal_state {
        unsigned pending;       /* as above */
        unsigned unknown, rejected;
        uint64_t bytes;         /* texts that wait for the cloud or for a person */
        bool is_full;           /* new texts would be refused for want of room on the disk */
        unsigned owed;          /* ends of edits that could not be written yet */
        int error;              /* of the last write, negative errno */
        /* Damage that was mended since the journal was opened; the last one is told. */
        unsigned mended;
        char aside[PATH_MAX];   /* where the damaged file is now */
        unsigned edits, rejected_edits, items, damaged_items, lost_rows;
};
void journal_describe(struct journal *journal, struct journal_state *ret);
