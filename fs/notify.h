/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the kernel is told without having asked: one thread that does nothing else and holds no
 * lock, a queue without duplicates. Nothing depends on it for correctness: times to live do that
 * (file rule 23).
 *
 * To be told of a name, the kernel takes the directory's lock, which it holds for whoever changes
 * the directory until we have replied. So what is to be told of a directory's names waits until
 * nobody holds it. That leaves the moment in which a change has begun of which we do not know yet;
 * and a thread that waits for a lock in the kernel cannot be killed, and would keep the connection
 * alive for those who wait for the rest of us. Therefore the thread has open files of its own, with
 * a connection of its own among them: when the daemon is killed, the other connection closes, which
 * ends what was asked through it, and with that the wait for the lock.
 */
#pragma once

#include <pthread.h>
#include <stdatomic.h>
#include <fuse_lowlevel.h>

#include "base/mem.h"

struct notice;
struct hold;

enum { NOTIFY_QUEUE_MAX = 65536, NOTIFY_MARKS = 1024 };

/* When the kernel was last told that something of a node is out of date. */
struct notify_mark {
        _Atomic uint64_t node;
        _Atomic int64_t us; /* monotonic clock */
};

struct notify {
        pthread_mutex_t lock; /* a leaf: may be taken under the tree's lock */
        pthread_cond_t changed;
        pthread_t thread;
        struct fuse_session *fuse;
        int fd;                  /* of its own to the kernel; -1: the session's. Constant */
        struct notice *queue;    /* in order, a hash as well */
        struct notice *deferred; /* names of directories that are held; the same */
        struct hold *holds;      /* a hash */
        uint64_t queued;         /* number of the last that was queued */
        uint64_t telling;        /* number of the one that is being told; 0: none */
        atomic_bool is_running;
        bool is_stopping, has_ended;
        struct notify_mark marks[NOTIFY_MARKS]; /* by nodeid; the latest of each place */
};

int notify_init(struct notify *notify);
int notify_start(struct notify *notify, struct fuse_session *fuse);
bool notify_stop(struct notify *notify, int64_t timeout_ms);
void notify_done(struct notify *notify);
bool notify_hold(struct notify *notify, uint64_t node);
void notify_release(struct notify *notify, uint64_t node);
int notify_connection(const struct notify *notify, int fd);
void notify_inode(struct notify *notify, uint64_t node);
void notify_entry(struct notify *notify, uint64_t parent, const char *name);
void notify_poll(struct notify *notify, struct fuse_pollhandle *poll);
void notify_attributes_now(struct notify *notify, uint64_t node);
bool notify_overtook(const struct notify *notify, uint64_t node, int64_t began_us);
void notify_drain(struct notify *notify, int64_t timeout_ms);
