/* SPDX-License-Identifier: Apache-2.0 */
/* From a path to its node, in this thread. */
#pragma once

#include "base/op.h"
#include "fs/node.h"

struct session;

int walk(struct session *session, struct op *op, struct node *from, const char *path,
         struct node **ret);
void walk_let_go(struct session *session, struct node *node);
