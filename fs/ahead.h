/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is asked for before anybody needs it: bodies of the files that follow in a directory once a
 * third one of it was needed, lists and bodies that a walk is about to come to, and what is in the
 * last quarter of its time. Walkers are sequential, the network need not be.
 */
#pragma once

#include <pthread.h>
#include <stdatomic.h>

#include "fs/node.h"

struct ahead_job;
struct session;

enum {
        AHEAD_THREADS = 32,
        AHEAD_QUEUE_MAX = 4096,
        AHEAD_BODY_NEEDS = 3,  /* files of a directory needed before a sweep begins */
        AHEAD_WINDOW_MIN = 16, /* how far ahead of the reader, growing … */
        AHEAD_WINDOW_GROWTH = 4,
        AHEAD_WINDOW_MAX = 256, /* … up to that */
        AHEAD_PAUSE_MS = 5000,  /* after a failure */
        AHEAD_WALKS = 256,      /* walks remembered */
        AHEAD_LEVELS = 3,       /* between what walks have in common and the list they come to */
};

/* Somebody listed or read `name` below one child of `top`, `levels` further down; the children
 * themselves where that is 0. */
struct ahead_walk {
        uint64_t top, child; /* nodeids */
        uint64_t used;       /* the older goes first */
        uint32_t levels, window;
        uint32_t position, next; /* in the list of `top`: of the child, of what comes ahead then */
        bool is_backward;
        uint32_t run; /* of `levels` 0: how many neighbours in a row */
        char *name;   /* owned */
};

struct ahead {
        struct session *session;
        pthread_mutex_t lock; /* a leaf; protects the queue */
        pthread_cond_t changed;
        struct ahead_job *first, **last;
        size_t queued;
        unsigned n_threads, n_idle;
        pthread_t threads[AHEAD_THREADS];
        _Atomic int64_t paused_until_ms;
        bool is_stopping;
        struct ahead_walk walks[AHEAD_WALKS]; /* the tree's lock */
        uint64_t clock;
};

int ahead_init(struct ahead *ahead, struct session *session);
void ahead_stop(struct ahead *ahead);
void ahead_needed(struct session *session, struct node *file, bool is_missing);
void ahead_entered(struct session *session, struct node *node, bool was_missing);
void ahead_again(struct session *session, struct node *node, unsigned want);
void ahead_renew(struct session *session, struct node *dir, int64_t fresh_since_ms);
size_t ahead_queued(struct ahead *ahead);
