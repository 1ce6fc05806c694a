/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Carries a change out so that nothing is lost: durable in the journal before the first byte goes
 * out, each request written down before and after, what was there before put into the history, what
 * is refused kept with its reason, what nobody knows remembered. Thread-safe.
 */
#pragma once

#include "backends/change.h"
#include "cache/journal.h"
#include "fs/doubts.h"
#include "fs/plan.h"

struct commits {
        struct doubts doubts;
        struct plan plan;
        bool is_plan_only;  /* `-o plan`; constant */
        atomic_uint version; /* of the shelves: moves when something was put there */
        atomic_uint stored; /* documents put into the history since it was trimmed */
};

/* One change. Everything is borrowed but what is marked as a result. */
struct commit {
        struct journal *journal;
        const char *account; /* part of the names below .hcloudfs/queue */
        enum edit_act act;
        const char *path;     /* below the mount */
        const char *identity; /* of the place; of the directory for creations */
        const char *name, *target;
        const char *text; /* as sent; NULL: none */
        size_t len;
        const char *kept_text; /* in place of `text` where that holds secrets; NULL: the same */
        size_t kept_len;
        bool is_secret; /* nothing of the text may be kept anywhere */
        bool is_patient; /* it was promised: what fails for a while stays in the journal */
        const struct document *base;
        const char *before; /* for the history; NULL: nothing was there */
        size_t before_len;
        int (*call)(struct commit *commit, struct op *op, struct change_result *ret);
        void *data;

        int64_t id;        /* in the journal; set beforehand to go on with one that is there */
        struct buf report; /* result: text for `<file>.error`, empty after a success */
        bool is_kept;    /* result: the text is below .hcloudfs/rejected */
        bool is_unknown;   /* result: nobody knows whether it happened */
        bool may_have_changed; /* result: a request was done, or may have been */
        bool is_waiting;   /* result: it failed for a while, and the journal has it still */

        struct commits *commits; /* for the watch */
        struct buf steps;
        bool is_begun, is_once; /* a request was written down; one that must not be repeated */
};

int commits_init(struct commits *commits);
void commits_done(struct commits *commits);
int commit_accept(struct commits *commits, struct op *op, struct commit *commit);
int commit_run(struct commits *commits, struct op *op, struct commit *commit,
               struct change_result *ret);
void commit_done(struct commit *commit);
const char *commit_act_name(enum edit_act act);
int commit_shelve(struct commits *commits, struct journal *journal, struct op *op,
                  const char *path, const char *data, size_t len, const char *reason);
int commit_queue_name(const char *account, int64_t id, char **ret);
