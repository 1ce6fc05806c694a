/* SPDX-License-Identifier: Apache-2.0 */
/* Gets what a flight is for from its branch and publishes it. */
#pragma once

#include "fs/wait.h"

int fetch(struct session *session, struct op *op, struct node *node, enum want want,
          const char *name, struct node **ret_found);
int fetch_learnt(struct session *session, struct node *node, struct document *document);
