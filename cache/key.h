/* SPDX-License-Identifier: Apache-2.0 */
/* What an answer is remembered under, and what a change makes of it. */
#pragma once

#include "base/source.h"

/* The text tells requests apart; its hash finds them, in memory and in the file. */
struct key {
        char *text;    /* owned; NULL: none */
        uint64_t hash; /* digest_hash64() of the text */
};

/* A reading request with its keys. Belongs to one thread. */
struct ask {
        const struct request *request; /* borrowed */
        struct key whole;              /* of the complete answer */
        struct key part;               /* of an answer with the one wanted item; none without it */
};

int ask_init(struct ask *ask, const struct request *request);
void ask_done(struct ask *ask);

/* Is the answer of this call a list? */
static inline bool call_is_list(const struct call *call) {
        return call->items || call->split;
}

enum { CHANGE_VALUES_MAX = 32 };

/* What a change may have changed: everything of its service that one of its ids leads to. */
struct change {
        const char *service;                   /* static */
        char *text;                            /* owned: what the values point into */
        const char *values[CHANGE_VALUES_MAX]; /* not terminated */
        size_t lengths[CHANGE_VALUES_MAX];
        size_t count;
        bool is_everything;                    /* more ids than fit */
        char *body;                            /* owned, or NULL: ids may stand in there */
        size_t body_len;
};

int change_new(const struct request *request, struct change **ret);
struct change *change_free(struct change *change);
DEFINE_CLEANUP(struct change *, change_free)
bool change_touches(const struct change *change, const char *key, bool is_list);
