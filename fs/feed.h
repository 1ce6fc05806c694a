/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What services tell of changes. Each directory that can be followed has a thread while somebody
 * uses what is below it: it waits for the next change, and makes anew at once what is shown. Best
 * effort: times to live hold as ever (file rule 10).
 */
#pragma once

#include <pthread.h>

#include "base/op.h"
#include "fs/node.h"

struct session;

enum {
        FEEDS_MAX = 64,
        FEED_WAIT_S = 30,                 /* how long the service is asked to wait */
        FEED_IDLE_MS = 10 * 60 * 1000,    /* nobody used it for so long: it ends */
        FEED_ABSENT_MS = 60 * 60 * 1000,  /* then a server that had none is asked again */
        FEED_PAUSE_MS = 250,              /* between two changes, at least */
        FEED_BACKOFF_MIN_MS = 1000,
        FEED_BACKOFF_MAX_MS = 60 * 1000,
};

enum feed_state {
        FEED_FOLLOWS, /* whatever changes is seen at once */
        FEED_FAILS,   /* … once the server answers again */
        FEED_ABSENT,  /* the server tells nobody: what is used is looked at when its time is up */
};

struct feed {
        struct feed *next;
        struct session *session;
        struct node *node;      /* referenced */
        pthread_t thread;
        struct op op;           /* of what it asks */
        enum feed_state state;
        int64_t since_s;        /* realtime: in this state */
        int64_t used_ms;        /* monotonic clock, as the next */
        int64_t ended_ms;       /* the thread has ended; 0: it runs */
        unsigned changes;       /* that it told of */
        unsigned failures;      /* in a row */
        unsigned hurries;       /* answers that did not wait, in a row */
        char reason[OP_REASON_SIZE];
};

/* `lock` protects everything but `node`; the tree's lock may be taken under it. */
struct feeds {
        pthread_mutex_t lock;
        pthread_cond_t changed;
        struct feed *first;
        unsigned count;
        bool is_stopping;
};

int feeds_init(struct feeds *feeds);
void feeds_stop(struct session *session);
void feed_used(struct session *session, struct node *node);
void feeds_describe(struct session *session, struct buf *buf);

/* fs/republish.c */
void republish(struct session *session, struct node *top);
