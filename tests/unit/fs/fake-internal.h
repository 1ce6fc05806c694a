/* SPDX-License-Identifier: Apache-2.0 */
/* What the parts of the fake view share. */
#pragma once

#include <pthread.h>

#include "backends/change.h"
#include "tests/unit/fs/fake-view.h"

struct place {
        atomic_uint refs;
        struct place *parent; /* borrowed */
        char *name, *text, *identity;
        uint64_t ino;
        enum entry_type type;
        struct place **children;
        size_t count, capacity;
        int64_t changed_ms;
        int error;
        char *reason;
        unsigned asked;
        unsigned can;                          /* enum ability */
        int refuse;                            /* positive errno for changes, 0: none */
        char *answer, *secret;                 /* of an action */
        bool is_document, is_unknown, is_late; /* is_late: lists do not tell of it yet */
        unsigned slow; /* so many of its lists do not tell of those that are late */
        bool is_gone, is_volatile, is_by_name, is_costly, has_feed, confirms;
};

struct view {
        pthread_mutex_t lock;
        pthread_cond_t changed;
        struct place *root;
        int64_t ttl_ms;
        unsigned lists, reads, n_held;
        bool is_held;
        unsigned news, watches; /* told by the feed, questions to it */
        int feed_error;
        struct buf changes; /* a line for each that was made */
        unsigned n_changes, n_acknowledged, budget;
        bool has_budget;
        bool is_mute;      /* creations do not tell what they have made */
        bool is_forgetful; /* nothing can be read after a change */
        bool is_lagging;   /* lists do not tell of what is made meanwhile */
};

struct place *fake_place(struct place *parent, const char *name, enum entry_type type,
                         const char *text);
void fake_fill(struct place *place, struct entry *entry);
int fake_pass(struct view *view, struct op *op, struct place *place);
