/* SPDX-License-Identifier: Apache-2.0 */
/* Threads that wait for their turn: the most urgent first, then the one that came first. The
 * queue's owner has a lock, held around every call here; it is given up only in waiter_sleep(). */
#pragma once

#include <pthread.h>

#include "base/op.h"

/* How long a cancellation may go unnoticed if nobody calls http_wake(). */
enum { WAIT_TICK_MS = 50 };

/* Stands on the stack of the thread that waits. */
struct waiter {
        enum op_priority priority;
        pthread_cond_t cond;
        struct waiter *next;
};

struct queue {
        struct waiter *first;
        unsigned count;
};

void queue_join(struct queue *queue, struct waiter *waiter, enum op_priority priority);
void queue_leave(struct queue *queue, struct waiter *waiter);
unsigned queue_ahead(const struct queue *queue, const struct waiter *waiter);
void queue_wake_first(struct queue *queue);
void queue_wake_all(struct queue *queue);
int waiter_sleep(struct waiter *waiter, pthread_mutex_t *lock, struct op *op, int64_t until_ms);
