/* SPDX-License-Identifier: Apache-2.0 */
/* `-o plan`: the requests that changes would send, as text, in place of sending them. Thread-safe;
 * the lock is a leaf. */
#pragma once

#include <pthread.h>

#include "base/buf.h"
#include "base/op.h"

enum { PLAN_BYTES_MAX = 8 * 1024 * 1024 };

struct plan {
        pthread_mutex_t lock;
        struct buf text;
        bool is_full;
};

int plan_init(struct plan *plan);
void plan_done(struct plan *plan);
int plan_step(struct buf *steps, const struct op_step *step);
void plan_add(struct plan *plan, const char *act, const char *path, const struct buf *steps);
int plan_render(struct plan *plan, struct buf *buf);
void plan_clear(struct plan *plan);
