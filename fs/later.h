/* SPDX-License-Identifier: Apache-2.0 */
/* Work that is done without anybody waiting for it, at once or after a while: by a few threads that
 * start when they are needed. Thread-safe; the lock is a leaf. */
#pragma once

#include <pthread.h>

#include "base/mem.h"

enum { LATER_THREADS = 8, LATER_QUEUE_MAX = 65536 };

struct later_job {
        struct later_job *next;
        int64_t due_ms;          /* monotonic clock */
        void (*run)(void *data); /* must end by itself when the op's time is up */
        void *data;
        bool is_idle_work; /* nobody need wait for it at the end */
};

struct later {
        pthread_mutex_t lock;
        pthread_cond_t changed;
        struct later_job *first; /* by due time */
        size_t queued;
        unsigned n_threads, n_waiting, n_running;
        pthread_t threads[LATER_THREADS];
        bool is_hurrying, is_stopping;
};

int later_init(struct later *later);
void later_done(struct later *later);
int later_add(struct later *later, int64_t delay_ms, void (*run)(void *data), void *data);
int later_add_idle(struct later *later, int64_t delay_ms, void (*run)(void *data), void *data);
bool later_cancel(struct later *later, const void *data);
bool later_hurry(struct later *later, int64_t until_ms);
