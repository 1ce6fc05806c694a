/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `.hcloudfs/rejected/` and `.hcloudfs/history/`: what the journals keep, as directories like those
 * of the tree. `.hcloudfs/queue/`: what was accepted and is not decided yet, a file each, to which
 * `resend` or `forget` is written.
 */
#pragma once

#include <pthread.h>

#include "cache/journal.h"
#include "fs/node.h"

struct session;
struct task;

/* One text on a shelf. */
struct archive_item {
        enum shelf shelf;
        struct journal *journal; /* borrowed */
        char *path, *name;       /* owned */
        size_t len;
        int64_t stored_ms;       /* realtime */
};

/* A directory whose last text may have gone: it stays until rmdir, or for a minute. */
struct archive_rest {
        enum shelf shelf;
        char *path;       /* owned */
        int64_t until_ms; /* monotonic clock */
};

/* What is on the shelves, as far as it was looked at; the lock is a leaf. */
struct archive {
        pthread_mutex_t lock;
        struct archive_rest *rests;
        size_t n_rests, rests_capacity;
        struct archive_item *list;
        size_t count, capacity;
        unsigned version;        /* of the shelves when they were last looked over */
        bool is_built;
};

extern const struct branch_ops archive_ops, queue_ops;

int archive_init(struct archive *archive);
void archive_done(struct archive *archive);
int archive_remove(struct task *task, bool is_directory);
int queue_write(struct session *session, struct op *op, const struct node *node, const char *line);
