/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rm of documents: answered when it is durable, sent a second later, unless the name is made again
 * within that time: then it was the first half of a save (file rule 17). What the servers cannot do
 * just then is tried again; what they refuse shows again, with the reason. Names that are going,
 * and those that have gone while lists may still tell of them (file rule 18), are not shown.
 * Protected by the tree's lock.
 */
#pragma once

#include "fs/subject.h"

struct op;

enum {
        LEAVING_DELAY_MS = 1000,
        LEAVING_SETTLE_MS = 5000, /* for how long a list may still tell of what has gone */
};

struct leaving {
        struct leaving *next, **link;
        struct subject subject;  /* its directory and name; its place NULL: a name alone */
        struct document *before; /* referenced, or NULL */
        int64_t id;              /* in the journal */
        int64_t until_ms;        /* monotonic clock: shown again, if it is there; 0: not sent yet */
        bool is_missing;         /* a list did not tell of it: its name may be another's */
        int64_t delay_ms;        /* before the next attempt; 0: there was none that failed */
        bool is_begun;           /* a request was sent: the history has what was there */
};

int leaving_begin(struct session *session, struct op *op, struct subject *subject,
                  struct document *before);
int leaving_hide(struct session *session, struct node *dir, const char *name);
bool leaving_hides(struct session *session, const struct node *dir, const struct entry *entry);
struct leaving *leaving_take_back(struct session *session, struct node *dir, const char *name);
void leaving_forget(struct session *session, struct op *op, struct leaving *leaving);
void leaving_go_on(struct session *session, struct leaving *leaving);
void leaving_hurry(struct session *session, struct leaving *leaving);
unsigned leaving_can(const struct leaving *leaving);
void leaving_end(struct session *session, const struct node *dir, const char *name,
                 const struct place *place);
void leaving_settle(struct session *session, struct node *dir, const struct listing *listing);
void leaving_free_all(struct session *session);
