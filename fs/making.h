/* SPDX-License-Identifier: Apache-2.0 */
/* A resource is created by its name alone: mkdir waits for the answer, not for ever (rule 24). */
#pragma once

#include "fs/subject.h"

struct op;

/* What the journal keeps as the target of what goes on alone, for fs/recovery.c. */
#define MAKING_LATE "late"

enum { MAKING_WAIT_MS = 10 * 1000 };

int making_run(struct session *session, struct op *op, struct subject *subject, int64_t wait_ms,
               struct node **ret);
