/* SPDX-License-Identifier: Apache-2.0 */
/*
 * poll(2) on files that change by themselves: whoever polls is woken when the version differs from
 * the one last read; meanwhile a timer asks for it anew whenever its time is up (file rule 25).
 * What costs next to nothing, because the service can say that it still holds, is asked for every
 * few seconds: files that are polled, and lists of directories that are open.
 */
#pragma once

#include <pthread.h>
#include <fuse_lowlevel.h>

#include "fs/node.h"

struct handle;
struct session;
struct trail;

enum {
        WATCH_MIN_MS = 1000,     /* between two looks at one thing */
        WATCH_CONFIRM_MS = 3000, /* the same where it costs next to nothing */
        WATCH_DIRECTORIES_MAX = 64,
};

/* A directory that is open. */
struct watched {
        struct watched *next;
        struct node *node;       /* referenced */
        unsigned opens;
        int64_t looked_ms;       /* monotonic clock */
};

struct watch {
        struct session *session;
        struct handle *handles;  /* that are polled; the tree's lock */
        struct watched *directories; /* the same */
        unsigned n_directories;
        atomic_bool follows_log; /* somebody polls the log of operations … */
        atomic_bool follows_events; /* … or that of changes */
        pthread_cond_t changed;  /* with the tree's lock */
        pthread_t thread;
        bool is_running, is_stopping;
};

int watch_init(struct watch *watch, struct session *session);
void watch_stop(struct watch *watch);
int watch_add(struct watch *watch, struct handle *handle, struct fuse_pollhandle *waker);
void watch_remove(struct watch *watch, struct handle *handle);
void watch_wake(struct watch *watch, const struct node *node);
void watch_wake_trail(struct watch *watch, const struct trail *trail);
void watch_opened(struct watch *watch, struct node *dir);
void watch_closed(struct watch *watch, const struct node *dir);
