/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A log of lines that grows at its end and is cut at its beginning. Positions count from its very
 * first byte, so that who follows it goes on where he was. Thread-safe; the lock is a leaf.
 */
#pragma once

#include <pthread.h>

#include "base/buf.h"

enum { TRAIL_MAX = 1024 * 1024 }; /* bytes, then the older half goes */

struct trail {
        pthread_mutex_t lock;
        struct buf text;
        uint64_t cut; /* bytes that went */
};

int trail_init(struct trail *trail);
void trail_done(struct trail *trail);
void trail_add(struct trail *trail, const char *lines, size_t len);
int trail_copy(struct trail *trail, struct buf *buf, uint64_t *ret_cut);
uint64_t trail_end(struct trail *trail);
