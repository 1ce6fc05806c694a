/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/watch.h"

#include "base/stamp.h"
#include "fs/content.h"
#include "fs/file.h"
#include "fs/session.h"

enum { INTERVAL_MIN_MS = 1000, IDLE_MS = 60 * 1000 };

/** watch_init() - nobody polls yet; the timer's thread starts with the first. 0 or -ENOMEM. */
int watch_init(struct watch *watch, struct session *session) {
        pthread_condattr_t attributes;
        int r;

        *watch = (struct watch){ .session = session };
        pthread_condattr_init(&attributes);
        pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
        r = pthread_cond_init(&watch->changed, &attributes);
        pthread_condattr_destroy(&attributes);
        return r ? -ENOMEM : 0;
}

/* The polled file whose time is up first, and when. Tree locked. */
static struct node *first_due(const struct watch *watch, int64_t now_ms, int64_t *ret_ms) {
        struct node *node = NULL;

        *ret_ms = now_ms + IDLE_MS;
        for (struct handle *handle = watch->handles; handle; handle = handle->poll_next) {
                const struct content *content = handle->node->content;
                int64_t due = content ? content->fresh_until_ms : now_ms;

                if (!handle->waker)
                        continue; /* was woken already */
                if (due < handle->polled_ms + INTERVAL_MIN_MS)
                        due = handle->polled_ms + INTERVAL_MIN_MS;
                if (due >= *ret_ms)
                        continue;
                *ret_ms = due;
                node = handle->node;
        }
        return node;
}

static void mark_polled(struct watch *watch, const struct node *node, int64_t now_ms) {
        for (struct handle *handle = watch->handles; handle; handle = handle->poll_next)
                if (handle->node == node)
                        handle->polled_ms = now_ms;
}

static void *loop(void *data) {
        struct watch *watch = data;
        pthread_mutex_t *lock = &watch->session->tree.lock;

        pthread_mutex_lock(lock);
        while (!watch->is_stopping) {
                int64_t now = stamp_monotonic_ms(), due;
                struct node *node = first_due(watch, now, &due);
                struct timespec until = { .tv_sec = (time_t)(due / 1000),
                                          .tv_nsec = (long)(due % 1000 * 1000000) };

                if (due > now) {
                        (void)pthread_cond_timedwait(&watch->changed, lock, &until);
                        continue;
                }
                mark_polled(watch, node, now);
                node_ref(node);
                pthread_mutex_unlock(lock);
                (void)wait_ahead(watch->session, node, WANT_BODY, OP_POLL, 0);
                pthread_mutex_lock(lock);
        }
        pthread_mutex_unlock(lock);
        return NULL;
}

/** watch_stop() - ends the timer; after wait_stop(), so that it does not wait for the cloud. */
void watch_stop(struct watch *watch) {
        pthread_mutex_lock(&watch->session->tree.lock);
        watch->is_stopping = true;
        pthread_cond_broadcast(&watch->changed);
        pthread_mutex_unlock(&watch->session->tree.lock);
        if (watch->is_running)
                pthread_join(watch->thread, NULL);
        watch->is_running = false;
        pthread_cond_destroy(&watch->changed);
}

static void set_waker(struct handle *handle, struct fuse_pollhandle *waker) {
        if (handle->waker)
                fuse_pollhandle_destroy(handle->waker);
        handle->waker = waker;
}

/** watch_add() - wake @waker (taken over) when the handle's file changes. Tree locked. */
int watch_add(struct watch *watch, struct handle *handle, struct fuse_pollhandle *waker) {
        set_waker(handle, waker);
        if (!handle->is_polled) {
                handle->is_polled = true;
                handle->polled_ms = 0;
                handle->poll_next = watch->handles;
                watch->handles = handle;
        }
        if (!watch->is_running && !watch->is_stopping) {
                if (pthread_create(&watch->thread, NULL, loop, watch))
                        return -EAGAIN;
                watch->is_running = true;
        }
        pthread_cond_broadcast(&watch->changed);
        return 0;
}

/** watch_remove() - the handle ends. Tree locked. */
void watch_remove(struct watch *watch, struct handle *handle) {
        struct handle **p = &watch->handles;

        set_waker(handle, NULL);
        if (!handle->is_polled)
                return;
        while (*p != handle)
                p = &(*p)->poll_next;
        *p = handle->poll_next;
        handle->is_polled = false;
}

/** watch_wake() - the visible version of the file changed. Tree locked. */
void watch_wake(struct watch *watch, const struct node *node) {
        for (struct handle *handle = watch->handles; handle; handle = handle->poll_next)
                if (handle->node == node && handle->waker)
                        notify_poll(&watch->session->notify, STEAL(handle->waker));
}
