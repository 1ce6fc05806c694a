/* SPDX-License-Identifier: Apache-2.0 */
/* Saves documents: what was written becomes the version that everybody sees, or is refused. */
#pragma once

#include "fs/editing.h"
#include "fs/subject.h"

/* What the journal keeps as the target of a save that may replace, for fs/recovery.c. */
#define SAVING_REPLACES "new"

/* One save. Everything is borrowed. */
struct saving {
        struct subject *subject;
        pid_t process; /* that saves */
        const char *text;
        size_t len;
        struct document *base;           /* NULL: whatever is there */
        const struct timespec *modified; /* set by utimens, or NULL */
        int64_t id;                      /* of a save that the journal has already, else 0 */
        bool may_replace;                /* what is there was removed, and taken back for this save:
                                            a text that is no version of it, but one of a new
                                            document, lets the removal happen, and that be made */
        bool is_replaced;                /* result: so it was, and the subject is the new one */
        struct entry made;               /* result: its entry, owned by the caller; name NULL: it is
                                            not listed yet */
        bool is_patient;                 /* as of a commit */
};

int saving_run(struct session *session, struct op *op, struct saving *saving,
               struct document **ret);
int saving_editing(struct session *session, struct op *op, struct subject *subject,
                   struct editing *editing);
struct document *saving_base(struct session *session, const struct place *place, pid_t process,
                             struct document *published);
