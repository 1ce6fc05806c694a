/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/notify.h"

#include <string.h>
#include <time.h>

#define HASH_NONFATAL_OOM 1
#include <uthash.h>

#include "base/stamp.h"

/* The hash's key: what and where; @poll for those that are to wake somebody. */
struct notice {
        UT_hash_handle hh;
        struct fuse_pollhandle *poll; /* owned */
        uint64_t node;                /* nodeid, of the directory where there is a name */
        size_t key_len;
        char key[]; /* nodeid and name, or the handle's address */
};

static void tell(struct notify *notify, struct notice *notice) {
        const char *name = notice->key + sizeof(notice->node);

        if (notice->poll)
                (void)fuse_lowlevel_notify_poll(notice->poll);
        else if (*name)
                (void)fuse_lowlevel_notify_inval_entry(notify->fuse, notice->node, name,
                                                       strlen(name));
        else
                (void)fuse_lowlevel_notify_inval_inode(notify->fuse, notice->node, 0, 0);
}

static void notice_free(struct notice *notice) {
        if (notice->poll)
                fuse_pollhandle_destroy(notice->poll);
        free(notice);
}

static void *loop(void *data) {
        struct notify *notify = data;

        pthread_mutex_lock(&notify->lock);
        while (!notify->is_stopping) {
                struct notice *notice = notify->queue;

                if (!notice) {
                        pthread_cond_wait(&notify->changed, &notify->lock);
                        continue;
                }
                HASH_DEL(notify->queue, notice);
                pthread_mutex_unlock(&notify->lock);
                tell(notify, notice);
                notice_free(notice);
                pthread_mutex_lock(&notify->lock);
                notify->sent++;
                pthread_cond_broadcast(&notify->changed);
        }
        pthread_mutex_unlock(&notify->lock);
        return NULL;
}

/** notify_start() - begin to tell @fuse's kernel. Returns 0 or -ENOMEM, -EAGAIN. */
int notify_start(struct notify *notify, struct fuse_session *fuse) {
        pthread_condattr_t attributes;

        *notify = (struct notify){ .fuse = fuse };
        if (pthread_mutex_init(&notify->lock, NULL))
                return -ENOMEM;
        pthread_condattr_init(&attributes);
        pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
        pthread_cond_init(&notify->changed, &attributes);
        pthread_condattr_destroy(&attributes);
        if (pthread_create(&notify->thread, NULL, loop, notify))
                return -EAGAIN;
        notify->is_running = true;
        return 0;
}

/** notify_stop() - what was not told yet is forgotten, as is what comes after this. */
void notify_stop(struct notify *notify) {
        struct notice *notice, *next;

        if (!notify->is_running)
                return;
        pthread_mutex_lock(&notify->lock);
        notify->is_stopping = true;
        pthread_cond_broadcast(&notify->changed);
        pthread_mutex_unlock(&notify->lock);
        pthread_join(notify->thread, NULL);
        pthread_mutex_lock(&notify->lock);
        notify->is_running = false;
        HASH_ITER (hh, notify->queue, notice, next) {
                HASH_DEL(notify->queue, notice);
                notice_free(notice);
        }
        pthread_mutex_unlock(&notify->lock);
}

/** notify_done() - after the last who might tell something. */
void notify_done(struct notify *notify) {
        if (!notify->is_stopping)
                return; /* it never ran */
        pthread_cond_destroy(&notify->changed);
        pthread_mutex_destroy(&notify->lock);
}

/* Queues a notice under its key unless one is queued. @poll: taken over. */
static void queue(struct notify *notify, uint64_t node, const char *name,
                  struct fuse_pollhandle *poll) {
        size_t len = poll ? sizeof(poll) : strlen(name);
        struct notice *notice = calloc(1, sizeof(*notice) + sizeof(node) + len + 1), *other = NULL;

        if (!notice) {
                if (poll)
                        fuse_pollhandle_destroy(poll);
                return;
        }
        notice->node = node;
        notice->poll = poll;
        notice->key_len = sizeof(node) + len;
        memcpy(notice->key, &node, sizeof(node));
        memcpy(notice->key + sizeof(node), poll ? (const char *)&poll : name, len);

        pthread_mutex_lock(&notify->lock);
        if (notify->is_running && HASH_COUNT(notify->queue) < NOTIFY_QUEUE_MAX)
                HASH_FIND(hh, notify->queue, notice->key, notice->key_len, other);
        else
                other = notice;
        if (!other) {
                HASH_ADD(hh, notify->queue, key[0], notice->key_len, notice);
                if (notice->hh.tbl) {
                        notify->queued++;
                        pthread_cond_broadcast(&notify->changed);
                } else {
                        other = notice; /* out of memory */
                }
        }
        pthread_mutex_unlock(&notify->lock);
        if (other)
                notice_free(notice);
}

/** notify_inode() - attributes, pages or list of this node are out of date. */
void notify_inode(struct notify *notify, uint64_t node) {
        queue(notify, node, "", NULL);
}

/** notify_entry() - this name has vanished, appeared, or stands for something else. */
void notify_entry(struct notify *notify, uint64_t parent, const char *name) {
        queue(notify, parent, name, NULL);
}

/** notify_poll() - wakes who polls. @poll: taken over. */
void notify_poll(struct notify *notify, struct fuse_pollhandle *poll) {
        queue(notify, 0, "", poll);
}

/**
 * notify_attributes_now() - only the attributes of this node are out of date; told in this thread.
 * For OPENDIR, so that the directory's new time is known before the kernel keeps its list under the
 * old one. The kernel takes no lock of the node for it (fuse_reverse_inval_inode() with a negative
 * offset), so a handler may do it.
 */
void notify_attributes_now(struct notify *notify, uint64_t node) {
        if (notify->is_running)
                (void)fuse_lowlevel_notify_inval_inode(notify->fuse, node, -1, 0);
}

/** notify_drain() - wait until what is queued now has been told, or the time is up. */
void notify_drain(struct notify *notify, int64_t timeout_ms) {
        int64_t until_ms = stamp_monotonic_ms() + timeout_ms;
        struct timespec until = { .tv_sec = (time_t)(until_ms / 1000),
                                  .tv_nsec = (long)(until_ms % 1000 * 1000000) };
        uint64_t wanted;
        int r = 0;

        if (!notify->is_running)
                return;
        pthread_mutex_lock(&notify->lock);
        wanted = notify->queued;
        while (notify->sent < wanted && !notify->is_stopping && r == 0)
                r = pthread_cond_timedwait(&notify->changed, &notify->lock, &until);
        pthread_mutex_unlock(&notify->lock);
}
