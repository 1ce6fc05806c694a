/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What we made a moment ago stays where it is, although a list of a part of the cloud that has not
 * heard of it yet lacks it (file rule 18): until a list that is young enough to decide tells
 * otherwise, until it is removed, renamed or read in vain. So does what was made or found by its
 * name in a directory that cannot be listed. Protected by the tree's lock.
 */
#pragma once

#include "backends/view.h"

struct node;
struct op;
struct overlay;
struct session;

enum {
        ARRIVING_MS = 5000,        /* a list that is so much younger than the creation decides */
        ARRIVING_SOON_MS = 1000,   /* for so long rm waits for a list */
        ARRIVING_BACKOFF_MS = 250, /* before the first further look, doubled with each */
        ARRIVING_KEPT_MS = 600000, /* where no list can be had */
        ARRIVALS_MAX = 1024,
};

struct arrival {
        struct arrival *next, **link;
        struct node *dir;   /* referenced */
        struct entry entry; /* as a list would tell of it; owned */
        int64_t decided_ms; /* realtime clock: lists from then on decide … */
        bool is_unlisted;   /* … but not here: no list of this directory tells of anything */
};

/* A list as it is to be shown. */
struct arrived {
        struct listing *listing; /* reference */
        bool is_doubted;         /* it lacked something: another look is due */
};

void arriving_note(struct session *session, struct node *dir, const struct entry *entry);
void arriving_found(struct session *session, struct node *dir, const struct entry *entry);
bool arriving_is_unlisted(const struct node *dir);
void arriving_forget(struct session *session, const struct node *dir, const char *name);
int arriving_merge(struct session *session, struct node *dir, struct listing *listing,
                   struct arrived *ret);
void arriving_doubt(struct node *dir, bool is_doubted);
bool arriving_decides(const struct listing *listing, int64_t decided_ms);
int arriving_await(struct session *session, struct op *op, struct node *node, int64_t wait_ms);
void arriving_end(struct session *session);
