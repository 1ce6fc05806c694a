/* SPDX-License-Identifier: Apache-2.0 */
/* Saves documents: what was written becomes the version that everybody sees, or is refused. */
#pragma once

#include "fs/editing.h"
#include "fs/subject.h"

/* One save. Everything is borrowed. */
struct saving {
        struct subject *subject;
        pid_t process;                   /* that saves */
        const char *text;
        size_t len;
        struct document *base;           /* NULL: whatever is there */
        const struct timespec *modified; /* set by utimens, or NULL */
        int64_t id;                      /* of a save that the journal has already, else 0 */
};

int saving_run(struct session *session, struct op *op, struct saving *saving,
               struct document **ret);
int saving_editing(struct session *session, struct op *op, struct subject *subject,
                 struct editing *editing);
struct document *saving_base(struct session *session, const struct place *place, pid_t process,
                           struct document *published);
