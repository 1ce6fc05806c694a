/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/watch.h"

#include "base/stamp.h"
#include "fs/content.h"
#include "fs/control.h"
#include "fs/file.h"
#include "fs/session.h"

enum { IDLE_MS = 60 * 1000 };

/* What is to be looked at next. */
struct due {
        struct node *node; /* NULL: nothing */
        struct watched *watched;
        bool is_confirmed; /* by a question that costs next to nothing */
        int64_t at_ms;     /* monotonic clock */
};

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

static bool confirms(const struct node *node) {
        return node->branch->ops->confirms && node->branch->ops->confirms(node);
}

/* When a polled file is due: its time is up, or it costs next to nothing to ask. Tree locked. */
static int64_t due_of(const struct handle *handle, int64_t now_ms) {
        const struct content *content = handle->node->content;
        int64_t due = content ? content->fresh_until_ms : now_ms;

        if (confirms(handle->node) && handle->polled_ms + WATCH_CONFIRM_MS < due)
                return handle->polled_ms + WATCH_CONFIRM_MS;
        if (due < handle->polled_ms + WATCH_MIN_MS)
                return handle->polled_ms + WATCH_MIN_MS;
        return due;
}

/* Tree locked. */
static void find_due(const struct watch *watch, int64_t now_ms, struct due *ret) {
        *ret = (struct due){ .at_ms = now_ms + IDLE_MS };
        for (struct handle *handle = watch->handles; handle; handle = handle->poll_next) {
                int64_t at_ms;

                if (!handle->waker || handle->node->branch->is_local)
                        continue; /* was woken already, or is told */
                at_ms = due_of(handle, now_ms);
                if (at_ms < ret->at_ms)
                        *ret = (struct due){ .node = handle->node,
                                             .at_ms = at_ms,
                                             .is_confirmed = confirms(handle->node) };
        }
        for (struct watched *watched = watch->directories; watched; watched = watched->next)
                if (watched->looked_ms + WATCH_CONFIRM_MS < ret->at_ms)
                        *ret = (struct due){ .node = watched->node,
                                             .watched = watched,
                                             .at_ms = watched->looked_ms + WATCH_CONFIRM_MS,
                                             .is_confirmed = true };
}

/* Tree locked. */
static void mark(struct watch *watch, const struct due *due, int64_t now_ms) {
        if (due->watched)
                due->watched->looked_ms = now_ms;
        for (struct handle *handle = watch->handles; handle; handle = handle->poll_next)
                if (handle->node == due->node)
                        handle->polled_ms = now_ms;
}

/* Takes the reference of the node over. */
static void look(struct session *session, struct node *node, bool is_confirmed) {
        int64_t since_ms = is_confirmed ? stamp_now_ms() : 0;

        if (node->type != ENTRY_DIRECTORY) {
                (void)wait_ahead(session, node, WANT_BODY, OP_POLL, since_ms);
                return;
        }
        pthread_mutex_lock(&session->tree.lock);
        node_ref(node);
        pthread_mutex_unlock(&session->tree.lock);
        if (wait_ahead(session, node, WANT_LIST, OP_POLL, since_ms) == 0)
                republish(session, node);
        pthread_mutex_lock(&session->tree.lock);
        node_unref(&session->tree, node);
        pthread_mutex_unlock(&session->tree.lock);
}

static void *loop(void *data) {
        struct watch *watch = data;
        pthread_mutex_t *lock = &watch->session->tree.lock;

        pthread_mutex_lock(lock);
        while (!watch->is_stopping) {
                int64_t now = stamp_monotonic_ms();
                struct timespec until;
                struct due due;

                find_due(watch, now, &due);
                until = (struct timespec){ .tv_sec = (time_t)(due.at_ms / 1000),
                                           .tv_nsec = (long)(due.at_ms % 1000 * 1000000) };
                if (due.at_ms > now) {
                        (void)pthread_cond_timedwait(&watch->changed, lock, &until);
                        continue;
                }
                mark(watch, &due, now);
                node_ref(due.node);
                pthread_mutex_unlock(lock);
                look(watch->session, due.node, due.is_confirmed);
                pthread_mutex_lock(lock);
        }
        pthread_mutex_unlock(lock);
        return NULL;
}

/* Tree locked. Takes the directory out of the list. */
static void drop(struct watch *watch, struct watched **p) {
        struct watched *watched = *p;

        *p = watched->next;
        watch->n_directories--;
        node_unref(&watch->session->tree, watched->node);
        free(watched);
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
        pthread_mutex_lock(&watch->session->tree.lock);
        while (watch->directories)
                drop(watch, &watch->directories);
        pthread_mutex_unlock(&watch->session->tree.lock);
        pthread_cond_destroy(&watch->changed);
}

/* The log that a handle is of, or NULL. */
static const struct trail *trail_of(const struct watch *watch, const struct handle *handle) {
        const struct control_row *row = control_row(handle->node);

        return row && row->trail ? row->trail(watch->session) : NULL;
}

/* Who writes a log need not look for followers where there are none, and what is followed for their
 * sake need not be where nobody hears of it. Tree locked. */
static void note_followers(struct watch *watch) {
        bool log = false, events = false;

        for (struct handle *handle = watch->handles; handle; handle = handle->poll_next) {
                const struct trail *trail = trail_of(watch, handle);

                log |= trail == &watch->session->record.access;
                events |= trail == &watch->session->events;
        }
        atomic_store(&watch->follows_log, log);
        atomic_store(&watch->follows_events, events);
}

static void set_waker(struct handle *handle, struct fuse_pollhandle *waker) {
        if (handle->waker)
                fuse_pollhandle_destroy(handle->waker);
        handle->waker = waker;
}

/* The timer's thread starts with the first who needs it. Tree locked. */
static int run(struct watch *watch) {
        if (!watch->is_running && !watch->is_stopping) {
                if (pthread_create(&watch->thread, NULL, loop, watch))
                        return -EAGAIN;
                watch->is_running = true;
        }
        pthread_cond_broadcast(&watch->changed);
        return 0;
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
        note_followers(watch);
        return run(watch);
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
        note_followers(watch);
}

/** watch_wake() - the visible version of the file changed. Tree locked. */
void watch_wake(struct watch *watch, const struct node *node) {
        for (struct handle *handle = watch->handles; handle; handle = handle->poll_next)
                if (handle->node == node && handle->waker)
                        notify_poll(&watch->session->notify, STEAL(handle->waker));
}

/** watch_wake_trail() - the log has grown. Tree locked. */
void watch_wake_trail(struct watch *watch, const struct trail *trail) {
        for (struct handle *handle = watch->handles; handle; handle = handle->poll_next)
                if (handle->waker && trail_of(watch, handle) == trail)
                        notify_poll(&watch->session->notify, STEAL(handle->waker));
}

/** watch_opened() - somebody holds the directory open: its list is looked at, if that is cheap and
 * no feed tells of it. Tree locked. */
void watch_opened(struct watch *watch, struct node *dir) {
        const struct branch_ops *ops = dir->branch->ops;
        struct watched *watched = watch->directories;

        if (dir->branch->is_local || !confirms(dir) || (ops->has_feed && ops->has_feed(dir)))
                return;
        while (watched && watched->node != dir)
                watched = watched->next;
        if (!watched && watch->n_directories < WATCH_DIRECTORIES_MAX)
                watched = calloc(1, sizeof(*watched));
        if (!watched)
                return;
        if (!watched->opens++) {
                watched->node = node_ref(dir);
                watched->looked_ms = stamp_monotonic_ms();
                watched->next = watch->directories;
                watch->directories = watched;
                watch->n_directories++;
                (void)run(watch);
        }
}

/** watch_closed() - one holds it open no longer. Tree locked. */
void watch_closed(struct watch *watch, const struct node *dir) {
        struct watched **p = &watch->directories;

        while (*p && (*p)->node != dir)
                p = &(*p)->next;
        if (*p && !--(*p)->opens)
                drop(watch, p);
}
