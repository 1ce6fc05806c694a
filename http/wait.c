/* SPDX-License-Identifier: Apache-2.0 */
#include "http/wait.h"

#include "base/stamp.h"

static void init_cond(pthread_cond_t *cond) {
        pthread_condattr_t attr;

        (void)pthread_condattr_init(&attr);
        (void)pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
        (void)pthread_cond_init(cond, &attr);
        (void)pthread_condattr_destroy(&attr);
}

/** queue_join() - stand in line, behind those who are as urgent. Ends with queue_leave(). */
void queue_join(struct queue *queue, struct waiter *waiter, enum op_priority priority) {
        struct waiter **place = &queue->first;

        waiter->priority = priority;
        init_cond(&waiter->cond);
        while (*place && (*place)->priority <= priority)
                place = &(*place)->next;
        waiter->next = *place;
        *place = waiter;
        queue->count++;
}

/** queue_leave() - go, served or not; whoever is first then looks whether it is his turn. */
void queue_leave(struct queue *queue, struct waiter *waiter) {
        struct waiter **place = &queue->first;

        while (*place != waiter)
                place = &(*place)->next;
        *place = waiter->next;
        queue->count--;
        (void)pthread_cond_destroy(&waiter->cond);
        queue_wake_first(queue);
}

/** queue_ahead() - how many stand before this one. */
unsigned queue_ahead(const struct queue *queue, const struct waiter *waiter) {
        unsigned ahead = 0;

        for (const struct waiter *w = queue->first; w != waiter; w = w->next)
                ahead++;
        return ahead;
}

/** queue_wake_first() - something came free: let the first one look. */
void queue_wake_first(struct queue *queue) {
        if (queue->first)
                (void)pthread_cond_signal(&queue->first->cond);
}

/** queue_wake_all() - something may have been cancelled: let all look. */
void queue_wake_all(struct queue *queue) {
        for (struct waiter *w = queue->first; w; w = w->next)
                (void)pthread_cond_signal(&w->cond);
}

/**
 * waiter_sleep() - give up the lock until woken, or until a time of the monotonic clock.
 *
 * Returns early after WAIT_TICK_MS to look at the op, so the caller loops. Returns 0, -EINTR when
 * the op was cancelled, -ETIMEDOUT when its deadline passed.
 */
int waiter_sleep(struct waiter *waiter, pthread_mutex_t *lock, struct op *op, int64_t until_ms) {
        int64_t end = stamp_monotonic_ms() + WAIT_TICK_MS;
        struct timespec at;
        int r = op_check(op);

        if (r < 0)
                return r;
        if (op->deadline_ms && op->deadline_ms < end)
                end = op->deadline_ms;
        if (until_ms < end)
                end = until_ms;
        at = (struct timespec){ .tv_sec = end / 1000, .tv_nsec = end % 1000 * 1000000 };
        (void)pthread_cond_timedwait(&waiter->cond, lock, &at);
        return op_check(op);
}
