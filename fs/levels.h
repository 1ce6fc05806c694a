/* SPDX-License-Identifier: Apache-2.0 */
/* Levels of a tree, which are there as long as something is in them: environments, applications,
 * label sets. One that mkdir made is local until then. Protected by the tree's lock. */
#pragma once

#include <stdbool.h>

struct node;
struct op;
struct session;

enum { LOOKS_MAX = 64 };

/* Nodes that were listed to know whether a level is empty; held. */
struct looks {
        struct node *nodes[LOOKS_MAX];
        unsigned count;
};

bool levels_is_deserted(struct session *session, struct node *level);
int levels_look(struct session *session, struct op *op, struct node *level, struct looks *ret);
void levels_let_go(struct session *session, struct looks *looks);
void levels_made(struct session *session, struct node *dir);
void levels_left(struct session *session, struct node *dir);
