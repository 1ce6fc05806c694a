/* SPDX-License-Identifier: Apache-2.0 */
/* What does not exist yet is created: documents from a new file, resources from a draft or by their
 * name alone. */
#pragma once

#include "backends/change.h"
#include "fs/editing.h"
#include "fs/overlay.h"

struct session;

int creating_send(struct session *session, struct op *op, struct node *node,
                  struct editing *editing);
int creating_text(struct session *session, struct op *op, struct node *dir, const char *name,
                  const char *text, size_t len, struct change_result *ret);
int creating_done(struct session *session, struct overlay *overlay, const struct entry *entry,
                  struct branch *branch);
int creating_learn(struct session *session, struct op *op, struct node *node, pid_t process,
                   const struct timespec *modified, struct document **ret);
int creating_draft(struct session *session, struct node *dir, const char *name,
                   const struct draft *draft, struct overlay **ret);
void creating_discard(struct session *session, struct overlay *draft);
