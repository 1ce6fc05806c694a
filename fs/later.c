/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/later.h"

#include <time.h>

#include "base/stamp.h"

enum { WAIT_MAX_MS = 60 * 1000 };

/** later_init() - nothing to do; threads start with work. Returns 0 or -ENOMEM. */
int later_init(struct later *later) {
        pthread_condattr_t attributes;
        int r;

        *later = (struct later){ 0 };
        if (pthread_mutex_init(&later->lock, NULL))
                return -ENOMEM;
        pthread_condattr_init(&attributes);
        pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
        r = pthread_cond_init(&later->changed, &attributes);
        pthread_condattr_destroy(&attributes);
        if (!r)
                return 0;
        pthread_mutex_destroy(&later->lock);
        return -ENOMEM;
}

static struct timespec at(int64_t ms) {
        return (struct timespec){ .tv_sec = (time_t)(ms / 1000),
                                  .tv_nsec = (long)(ms % 1000 * 1000000) };
}

/* Is it to be done now? At the end nobody waits for what is not due, but for what matters. */
static bool is_due(const struct later *later, const struct later_job *job, int64_t now_ms) {
        return job->due_ms <= now_ms || (later->is_hurrying && !job->is_idle_work);
}

/* The first that is due, taken out of the queue. Locked. */
static struct later_job *pop(struct later *later) {
        int64_t now_ms = stamp_monotonic_ms();

        for (struct later_job **p = &later->first; *p; p = &(*p)->next) {
                struct later_job *job = *p;

                if (!is_due(later, job, now_ms))
                        continue;
                *p = job->next;
                later->queued--;
                return job;
        }
        return NULL;
}

/* Locked. */
static void wait_for_work(struct later *later) {
        int64_t until_ms = stamp_monotonic_ms() + WAIT_MAX_MS;
        struct timespec until;

        if (later->first && later->first->due_ms < until_ms)
                until_ms = later->first->due_ms;
        until = at(until_ms);
        later->n_waiting++;
        (void)pthread_cond_timedwait(&later->changed, &later->lock, &until);
        later->n_waiting--;
}

static void *loop(void *data) {
        struct later *later = data;

        pthread_mutex_lock(&later->lock);
        while (!later->is_stopping) {
                struct later_job *job = pop(later);

                if (!job) {
                        wait_for_work(later);
                        continue;
                }
                later->n_running += !job->is_idle_work;
                pthread_mutex_unlock(&later->lock);
                job->run(job->data);
                pthread_mutex_lock(&later->lock);
                later->n_running -= !job->is_idle_work;
                free(job);
                pthread_cond_broadcast(&later->changed);
        }
        pthread_mutex_unlock(&later->lock);
        return NULL;
}

/** later_done() - waits for what runs; what has not begun is not done any more. */
void later_done(struct later *later) {
        pthread_mutex_lock(&later->lock);
        later->is_stopping = true;
        pthread_cond_broadcast(&later->changed);
        pthread_mutex_unlock(&later->lock);
        for (unsigned i = 0; i < later->n_threads; i++)
                pthread_join(later->threads[i], NULL);
        while (later->first) {
                struct later_job *next = later->first->next;

                free(later->first);
                later->first = next;
        }
        pthread_cond_destroy(&later->changed);
        pthread_mutex_destroy(&later->lock);
}

static int add(struct later *later, int64_t delay_ms, void (*run)(void *data), void *data,
               bool is_idle_work) {
        struct later_job *job = calloc(1, sizeof(*job)), **p = &later->first;
        int r = 0;

        if (!job)
                return -ENOMEM;
        *job = (struct later_job){
                .due_ms = stamp_monotonic_ms() + delay_ms,
                .run = run,
                .data = data,
                .is_idle_work = is_idle_work,
        };
        pthread_mutex_lock(&later->lock);
        if (later->is_stopping)
                r = -ESHUTDOWN;
        else if (later->queued >= LATER_QUEUE_MAX)
                r = -EAGAIN;
        else if (later->queued >= later->n_waiting && later->n_threads < LATER_THREADS &&
                 pthread_create(&later->threads[later->n_threads], NULL, loop, later) == 0)
                later->n_threads++;
        if (r == 0 && !later->n_threads)
                r = -EAGAIN;
        if (r == 0) {
                while (*p && (*p)->due_ms <= job->due_ms)
                        p = &(*p)->next;
                job->next = *p;
                *p = job;
                later->queued++;
                pthread_cond_broadcast(&later->changed);
        }
        pthread_mutex_unlock(&later->lock);
        if (r < 0)
                free(job);
        return r;
}

/**
 * later_add() - have @run called in another thread.
 * Returns 0, -ENOMEM, -EAGAIN if there is no thread or too much to do, -ESHUTDOWN at the end.
 */
int later_add(struct later *later, int64_t delay_ms, void (*run)(void *data), void *data) {
        return add(later, delay_ms, run, data, false);
}

/** later_add_idle() - the same for what need not be done before the end. */
int later_add_idle(struct later *later, int64_t delay_ms, void (*run)(void *data), void *data) {
        return add(later, delay_ms, run, data, true);
}

/** later_cancel() - take the job with this data back. Returns whether it had not begun. */
bool later_cancel(struct later *later, const void *data) {
        struct later_job *job = NULL;

        pthread_mutex_lock(&later->lock);
        for (struct later_job **p = &later->first; *p; p = &(*p)->next) {
                if ((*p)->data != data)
                        continue;
                job = *p;
                *p = job->next;
                later->queued--;
                break;
        }
        pthread_mutex_unlock(&later->lock);
        free(job);
        return job != NULL;
}

/* Is anything left that has to be done? Locked. */
static bool is_busy(const struct later *later) {
        if (later->n_running)
                return true;
        for (const struct later_job *job = later->first; job; job = job->next)
                if (!job->is_idle_work)
                        return true;
        return false;
}

/**
 * later_hurry() - the end is near: what waits for its time is done now.
 * @until_ms: monotonic clock: how long to wait for it.
 * Returns whether all is done.
 */
bool later_hurry(struct later *later, int64_t until_ms) {
        struct timespec until = at(until_ms);
        bool is_done;
        int r = 0;

        pthread_mutex_lock(&later->lock);
        later->is_hurrying = true;
        pthread_cond_broadcast(&later->changed);
        while (is_busy(later) && r == 0)
                r = pthread_cond_timedwait(&later->changed, &later->lock, &until);
        is_done = !is_busy(later);
        later->is_hurrying = false;
        pthread_mutex_unlock(&later->lock);
        return is_done;
}
