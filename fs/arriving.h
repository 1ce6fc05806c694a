/* SPDX-License-Identifier: Apache-2.0 */
/* What was just made stays where it is, although a list that has not heard of it yet lacks it (file
 * rule 18). Protected by the tree's lock. */
#pragma once

#include "fs/node.h"

struct session;

enum { ARRIVALS_MAX = 256, ARRIVING_MS = 5000, ARRIVING_BACKOFF_MS = 250 };

struct arrival {
        struct node *node;  /* referenced; NULL: a free place */
        struct entry entry; /* as a list would tell of it; borrows from the node */
        int64_t until_ms;   /* monotonic clock */
        unsigned tries;     /* lists that lacked it */
};

struct arrivals {
        struct arrival list[ARRIVALS_MAX];
        unsigned next;
};

void arriving_note(struct session *session, struct node *node);
int64_t arriving_refuses(struct session *session, struct node *dir, const struct listing *listing,
                         int64_t now_ms);
const struct entry *arriving_find(struct session *session, const struct node *dir,
                                  const char *name);
struct node *arriving_after(struct session *session, const struct node *dir, uint64_t ordinal,
                            uint64_t *ret_ordinal);
void arriving_end(struct session *session);
