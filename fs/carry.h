/* SPDX-License-Identifier: Apache-2.0 */
/* Carries out one change of the tree: from the subject and what is done to it to the journal, the
 * view, and what people see of the outcome. */
#pragma once

#include "backends/change.h"
#include "cache/journal.h"
#include "fs/subject.h"
#include "fs/withhold.h"

/* Everything is borrowed. */
struct carry {
        struct subject *subject;
        enum edit_act act;
        const char *text; /* saves, creations, actions; NULL: none */
        size_t len;
        bool is_secret;        /* nothing of it may be kept */
        struct document *base;   /* of a save, or NULL */
        struct document *before; /* what is there now, for the history, or NULL */
        struct place *other;     /* links: what they lead to; renames: the new directory */
        bool may_replace;        /* saves: as in struct saving; `other` is the directory */
        bool is_replaced;        /* result: what was there has gone */
        const char *name;        /* renames: the new name */
        const char *target;      /* path of these two, for the journal */
        const struct change_secret *secrets;
        size_t n_secrets;
        struct node *beside;        /* file that the reason of a refusal stands beside; NULL: the
                                        subject's own name */
        bool is_patient;            /* it was promised: as of a commit; gone is gone */
        bool is_directory;          /* a removal by rmdir: who waits sees its outcome */
        bool is_paid;               /* a removal that is out of the budget already */
        const atomic_bool *is_late; /* nobody waits for the outcome any more: a note tells it */
        int64_t id;                 /* of a change that the journal has already, else 0; result */
        bool is_unknown;            /* result */
        bool is_begun;              /* result: a request was written down, and the history kept */
        bool may_have_changed;      /* result: one was done, or may have been */
        bool is_waiting;            /* result: the journal keeps it, to be carried out again */

        struct withheld withheld; /* of the text; while it is carried out */
};

int carry_accept(struct session *session, struct op *op, struct carry *carry, int64_t *ret_id);
int carry_out(struct session *session, struct op *op, struct carry *carry,
              struct change_result *ret);
