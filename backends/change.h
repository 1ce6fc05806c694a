/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Changing the tree. Each function computes the change as a plan of requests first, checks it
 * against the account's settings and a fresh answer, then sends step by step, telling `op->watch`
 * of each (with `op->plan_only` it stops before the first). All may block until the op's deadline;
 * a step that was sent is never given up for an interrupt. Changes of one document, and of all that
 * belongs to a resource which works on one thing only, wait for each other.
 *
 * Common errors, the reason always in the op: -EPERM what no call can do, or the account's own
 * settings forbid (the reason names the setting); -EACCES, -EEXIST, -EBUSY, … what the service
 * answered; -EIO a partial success, with what was done and what was not; -ETIMEDOUT an unknown
 * outcome (`op->fault.is_unknown`).
 */
#pragma once

#include "backends/view.h"
#include "base/kind-change.h"

/* What came of a change. */
struct change_result {
        unsigned steps;            /* requests sent (planned, with `plan_only`) */
        struct document *document; /* save: the version now, NULL if it could not be read back;
                                      with -ESTALE: the one that stood in the way. Owned. */
        struct entry entry;        /* create, mkdir, link: what is new; name NULL: unknown */
        char *answer;              /* action: the answer's body, no secret in it; owned, or NULL */
        char *secret;              /* action: what it issued; owned, or NULL */
        const char *secret_file;   /* name that the tree gives it */
        bool secret_adds;          /* to what that file holds: a list */
        const char *warning;       /* create: it was made, but …; of the tables, or NULL */
        bool is_remade;            /* save: what was there is gone, and made again if it could be */
        int status;                /* HTTP, of the last step */
};
void change_result_done(struct change_result *result);

/* What may be done with a place; decides modes and what fs refuses without asking. */
enum ability {
        CAN_SAVE = 1 << 0,        /* file: its document can be updated */
        CAN_CREATE_FILE = 1 << 1, /* directory: a new document makes a resource */
        CAN_MKDIR = 1 << 2,       /* directory: mkdir creates at once */
        CAN_DRAFT = 1 << 3,       /* directory: mkdir makes a draft */
        CAN_REMOVE = 1 << 4,      /* rm of the document, rmdir of the resource */
        CAN_LINK = 1 << 5,        /* directory: ln -s joins */
        CAN_ACT = 1 << 6,         /* file: writing it sends a call */
        CAN_GROUP = 1 << 7,       /* directory: mkdir makes a local level */
        IS_SECRET = 1 << 8,       /* action: what is written to it must be kept nowhere */
        ANY_NAME = 1 << 9,        /* directory: a new document may be called anything */
};
unsigned view_abilities(const struct view *view, const struct place *place);
bool view_is_read_only(const struct view *view);
/* An item of its own, not a resource's attribute. */
bool place_is_document(const struct place *place);
bool place_is_same_item(const struct place *a, const struct place *b); /* files of one document */

/*
 * Saves a document. @base: the bytes the editor read, NULL if none were; differs from the service's
 * present version: -ESTALE. -EINVAL: no JSON (line and column), empty, or a member that no call
 * changes (named). The same value sends nothing.
 */
int view_save(struct view *view, struct op *op, struct place *place, const char *base,
              size_t base_len, const char *text, size_t len, struct change_result *ret);

/* A write-only member of a creation. */
struct change_secret {
        const char *file; /* name in the draft */
        const char *value;
};

/* Creates the document or resource @name in a collection from its text (NULL with mkdir). */
int view_create(struct view *view, struct op *op, struct place *directory, const char *name,
                const char *text, size_t len, const struct change_secret *secrets, size_t n_secrets,
                struct change_result *ret);

/* Would that text be sent, if the name were free? Checks all but that; 0 or the reason why not. */
int view_may_create(struct view *view, struct op *op, struct place *directory, const char *name,
                    const char *text, size_t len);

/* What a draft holds at first: the document's name and template, the secret files, a README. */
struct draft {
        const char *document;
        char *text;
        char *readme;
        const struct secret_member *secrets; /* ends with a NULL file */
};
int view_draft(struct view *view, struct op *op, struct place *directory, const char *name,
               struct draft *ret);
void draft_done(struct draft *draft);

/* Members that no document of a place, or made in it, may hold; ends with a NULL file. NULL: there
 * are none. */
const struct secret_member *view_secrets(const struct place *place);

/*
 * A level of a tree (environment, application, label set) that mkdir makes: a directory without a
 * call, empty until something is created in it. @ret: the new entry, owned by the caller.
 */
int view_level(struct view *view, struct op *op, struct place *directory, const char *name,
               struct entry *ret);

/*
 * rm of a document, rmdir of a resource. -ENOTEMPTY, -EBUSY: what blocks it, on fresh answers.
 * -EDQUOT: the deletion budget is used up. @is_paid: view_pay_removal() has taken it out of that.
 */
int view_remove(struct view *view, struct op *op, struct place *place, bool is_paid,
                struct change_result *ret);

/*
 * For a removal that is answered before it is sent: checks all of it that needs no request, and
 * takes it out of the budget. 0, -EPERM or -EDQUOT. What is taken back is paid back.
 */
int view_pay_removal(struct view *view, struct op *op, const struct place *place);
void view_refund_removal(struct view *view, const struct place *place);

/* ln -s and rm of a relation. @target: the item that is joined. */
int view_link(struct view *view, struct op *op, struct place *directory, const char *name,
              struct place *target, struct change_result *ret);
int view_unlink(struct view *view, struct op *op, struct place *link, struct change_result *ret);

/* mv of a document within its collection, where its row's save can carry a new name; of a member's
 * link from one owner to another. -EXDEV where a copy is the way, -EPERM where it is not. */
int view_rename(struct view *view, struct op *op, struct place *place, struct place *directory,
                const char *name, struct change_result *ret);

/* Sends an action with the text written to it. */
int view_act(struct view *view, struct op *op, struct place *place, const char *text, size_t len,
             struct change_result *ret);

/*
 * utimens: the document shows this time, to the second, as long as the hash of its bytes is @hash,
 * over restarts where the source remembers anything. Thread-safe; may read from disk.
 */
void view_set_time(struct view *view, struct place *place, uint64_t hash, time_t modified);

/* Where a resource is in its life. */
enum life_phase {
        LIFE_NONE,  /* its kind has none */
        LIFE_BUSY,  /* something is under way */
        LIFE_GOOD,  /* it is at an end, and well */
        LIFE_BAD,   /* it is at an end, and not well */
        LIFE_OTHER, /* a state that is not known: shown as it is, never taken for a success */
};

struct life_state {
        enum life_phase phase;
        char *state; /* as the service says it; owned, NULL with LIFE_NONE */
        char *work;  /* what is under way; owned, or NULL */
        int percent; /* of it, -1: not told */
};

/* Of the resource at or above a place. -ENOENT: it has gone. */
bool view_has_life(const struct place *place);
bool view_shares_answer(const struct place *changed, const struct place *file);
int view_life(struct view *view, struct op *op, struct place *place, struct life_state *ret);
void life_state_done(struct life_state *state);

/* The deletion budget: how it stands, and the acknowledgement that clears it. */
int view_budget(struct view *view, struct json **ret);
void view_acknowledge(struct view *view);
