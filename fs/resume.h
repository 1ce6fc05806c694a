/* SPDX-License-Identifier: Apache-2.0 */
/* One change of an earlier mount that is taken up again: what stands there now decides whether it
 * happened. */
#pragma once

#include "cache/journal.h"
#include "fs/subject.h"

/* One change that is taken up again. */
struct resumption {
        struct session *session;
        const struct session_account *account;
        struct edit edit;                 /* owned */
        bool is_told;                     /* somebody decided that it is to be sent */
        const atomic_bool *is_superseded; /* NULL: it cannot be */
        struct subject subject;
        struct node *node; /* what stands at its path, or NULL; referenced */
};

int resume_run(struct resumption *it, struct op *op);
int resume_find(struct resumption *it, struct op *op);
void resume_finish(struct resumption *it, enum edit_state state, const struct op *op);
void resume_done(struct resumption *it);
