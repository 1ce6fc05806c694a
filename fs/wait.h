/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where requests wait for the cloud: one flight for each thing that is wanted, shared by all who
 * want it. At most WAIT_SLOTS threads of the kernel's loop are in a flight at once; further flights
 * wait for a slot without a thread, so what is answered from memory never starves (file rule 22).
 * The last slots are for services that answer while others keep all the rest waiting.
 */
#pragma once

#include "fs/task.h"

enum {
        WAIT_SLOTS = 48,
        WAIT_SPARE = 8,      /* of these, for services for which hardly anybody waits: … */
        WAIT_SPARE_EACH = 2, /* … fewer than that */
};

enum want {
        WANT_LIST, /* of a directory */
        WANT_BODY, /* of a file */
        WANT_FIND, /* a name in a directory that does not list all its names */
        WANT_WORK, /* a function that may block, for this task alone */
};

struct wait {
        pthread_mutex_t lock;       /* taken after no other lock; protects what follows */
        struct flight *running;
        struct flight *pending, **pending_end;
        unsigned slots;             /* taken */
        unsigned n_pending;
        unsigned n_waiting;         /* tasks, in all flights */
        bool is_stopping;
};

int wait_init(struct wait *wait);
void wait_done(struct wait *wait);
int wait_for(struct task *task, struct node *node, enum want want);
int wait_work(struct task *task, int (*work)(struct task *task, struct op *op));
int wait_change(struct task *task, int (*work)(struct task *task, struct op *op));
int wait_ahead(struct session *session, struct node *node, enum want want,
               enum op_priority priority, int64_t fresh_since_ms);
int wait_ahead_or_why(struct session *session, struct node *node, enum want want,
                      enum op_priority priority, int64_t fresh_since_ms, struct op_fault *fault);
void wait_stop(struct wait *wait);

static inline bool task_waited(const struct task *task, enum want want) {
        return task->waited & 1U << want;
}
