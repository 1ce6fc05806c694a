/* SPDX-License-Identifier: Apache-2.0 */
#include "cache/refresh.h"

#include <pthread.h>
#include <utlist.h>

#include "cache/copy.h"
#include "cache/thread.h"

enum { THREADS = 2, QUEUE_MAX = 256, TIMEOUT_MS = 60000 };

struct task {
        struct request_copy *request; /* owned */
        int64_t asked_ms;             /* realtime clock: of the answer that gets old */
        struct task *prev, *next;
};

struct worker {
        struct refresh *refresh;
        pthread_t thread;
        struct op op;
};

struct refresh {
        struct source *source; /* borrowed: the cache itself */
        pthread_mutex_t lock;  /* protects what follows */
        pthread_cond_t due;
        struct task *tasks;
        size_t count;
        bool is_ending;
        struct worker workers[THREADS];
        unsigned n_workers;
};

static void task_free(struct task *task) {
        (void)request_copy_free(task->request);
        free(task);
}

static int task_new(const struct request *request, int64_t asked_ms, struct task **ret) {
        struct task *task = calloc(1, sizeof(*task));
        int r;

        if (!task)
                return -ENOMEM;
        task->asked_ms = asked_ms;
        r = request_copy_new(request, &task->request);
        if (r < 0) {
                task_free(task);
                return r;
        }
        *ret = task;
        return 0;
}

/** refresh_queue() - ask anew some time, unless too much is queued: then who needs it asks. */
void refresh_queue(struct refresh *refresh, const struct request *request, int64_t asked_ms) {
        struct task *task;

        if (task_new(request, asked_ms, &task) < 0)
                return;
        (void)pthread_mutex_lock(&refresh->lock);
        if (refresh->count < QUEUE_MAX && !refresh->is_ending) {
                DL_APPEND(refresh->tasks, task);
                refresh->count++;
                (void)pthread_cond_signal(&refresh->due);
                task = NULL;
        }
        (void)pthread_mutex_unlock(&refresh->lock);
        if (task)
                task_free(task);
}

/* The failure stands in the cache's own list; who needs the answer will meet it again. */
static void do_task(struct worker *worker, const struct task *task) {
        struct source *source = worker->refresh->source;
        struct answer *answer = NULL;

        if (source_fetch(source, &worker->op, &task->request->request, &answer) == 0)
                (void)answer_unref(answer);
}

/* With the lock, which is given up in between. */
static void next_task(struct worker *worker) {
        struct refresh *refresh = worker->refresh;
        struct task *task = refresh->tasks;

        DL_DELETE(refresh->tasks, task);
        refresh->count--;
        op_init(&worker->op, OP_POLL, TIMEOUT_MS);
        worker->op.must_be_fresh = true;
        worker->op.fresh_since_ms = task->asked_ms + 1;
        (void)pthread_mutex_unlock(&refresh->lock);
        do_task(worker, task);
        task_free(task);
        (void)pthread_mutex_lock(&refresh->lock);
}

static void *run(void *data) {
        struct worker *worker = data;
        struct refresh *refresh = worker->refresh;

        (void)pthread_mutex_lock(&refresh->lock);
        while (!refresh->is_ending) {
                if (refresh->tasks)
                        next_task(worker);
                else
                        (void)pthread_cond_wait(&refresh->due, &refresh->lock);
        }
        (void)pthread_mutex_unlock(&refresh->lock);
        return NULL;
}

/** refresh_new() - start the threads; @source is the cache that they ask. 0 or negative errno. */
int refresh_new(struct source *source, struct refresh **ret) {
        struct refresh *refresh = calloc(1, sizeof(*refresh));
        int r = 0;

        if (!refresh)
                return -ENOMEM;
        refresh->source = source;
        (void)pthread_mutex_init(&refresh->lock, NULL);
        (void)pthread_cond_init(&refresh->due, NULL);
        for (unsigned i = 0; r == 0 && i < THREADS; i++) {
                refresh->workers[i].refresh = refresh;
                r = thread_start(&refresh->workers[i].thread, "cache-refresh", run,
                                 &refresh->workers[i]);
                if (r == 0)
                        refresh->n_workers++;
        }
        if (r < 0) {
                (void)refresh_free(refresh);
                return r;
        }
        *ret = refresh;
        return 0;
}

/** refresh_free() - give up what is queued or under way and end; NULL is fine. Returns NULL. */
struct refresh *refresh_free(struct refresh *refresh) {
        struct task *task, *later;

        if (!refresh)
                return NULL;
        (void)pthread_mutex_lock(&refresh->lock);
        refresh->is_ending = true;
        for (unsigned i = 0; i < refresh->n_workers; i++)
                atomic_store(&refresh->workers[i].op.cancelled, true);
        (void)pthread_cond_broadcast(&refresh->due);
        (void)pthread_mutex_unlock(&refresh->lock);
        for (unsigned i = 0; i < refresh->n_workers; i++)
                (void)pthread_join(refresh->workers[i].thread, NULL);
        DL_FOREACH_SAFE (refresh->tasks, task, later)
                task_free(task);
        (void)pthread_cond_destroy(&refresh->due);
        (void)pthread_mutex_destroy(&refresh->lock);
        free(refresh);
        return NULL;
}
