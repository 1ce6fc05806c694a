/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the kernel is told without having asked: one thread that does nothing else and holds no
 * lock, a queue without duplicates. Nothing depends on it for correctness: times to live do that
 * (file rule 23).
 */
#pragma once

#include <pthread.h>
#include <fuse_lowlevel.h>

#include "base/mem.h"

struct notice;

struct notify {
        pthread_mutex_t lock;       /* a leaf: may be taken under the tree's lock */
        pthread_cond_t changed;
        pthread_t thread;
        struct fuse_session *fuse;
        struct notice *queue;       /* in order, a hash as well */
        uint64_t queued, sent;      /* in all */
        bool is_running, is_stopping;
};

enum { NOTIFY_QUEUE_MAX = 65536 };

int notify_start(struct notify *notify, struct fuse_session *fuse);
void notify_stop(struct notify *notify);
void notify_done(struct notify *notify);
void notify_inode(struct notify *notify, uint64_t node);
void notify_entry(struct notify *notify, uint64_t parent, const char *name);
void notify_poll(struct notify *notify, struct fuse_pollhandle *poll);
void notify_attributes_now(struct notify *notify, uint64_t node);
void notify_drain(struct notify *notify, int64_t timeout_ms);
