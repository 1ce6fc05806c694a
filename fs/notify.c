/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/notify.h"

#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#define HASH_NONFATAL_OOM 1
#include <uthash.h>

#include "base/stamp.h"

/* FUSE_DEV_IOC_CLONE of <linux/fuse.h>, where members have names that base/banned.h forbids. */
#define CONNECTION_CLONE _IOR(229, 0, uint32_t)

/* The hash's key: what and where; @poll for those that are to wake somebody. */
struct notice {
        UT_hash_handle hh;
        struct fuse_pollhandle *poll; /* owned */
        uint64_t node;                /* nodeid, of the directory where there is a name */
        uint64_t number;              /* in the order of the queue */
        size_t key_len;
        char key[]; /* nodeid and name, or the handle's address */
};

/* Before it is told: what the kernel asked for earlier, it does not believe any more. */
static void mark(struct notify *notify, uint64_t node) {
        struct notify_mark *mark = &notify->marks[node % NOTIFY_MARKS];

        atomic_store(&mark->us, stamp_monotonic_us());
        atomic_store(&mark->node, node);
}

static void tell_inode(struct notify *notify, uint64_t node, off_t offset) {
        mark(notify, node);
        (void)fuse_lowlevel_notify_inval_inode(notify->fuse, node, offset, 0);
}

static void tell(struct notify *notify, struct notice *notice) {
        const char *name = notice->key + sizeof(notice->node);

        if (notice->poll)
                (void)fuse_lowlevel_notify_poll(notice->poll);
        else if (*name)
                (void)fuse_lowlevel_notify_inval_entry(notify->fuse, notice->node, name,
                                                       strlen(name));
        else
                tell_inode(notify, notice->node, 0);
}

static void notice_free(struct notice *notice) {
        if (notice->poll)
                fuse_pollhandle_destroy(notice->poll);
        free(notice);
}

/* A directory that the kernel keeps locked until something is replied. */
struct hold {
        UT_hash_handle hh;
        uint64_t node;
        unsigned count;
};

static bool is_name(const struct notice *notice) {
        return !notice->poll && notice->key[sizeof(notice->node)];
}

/* Locked. */
static struct hold *find_hold(struct notify *notify, uint64_t node) {
        struct hold *hold = NULL;

        HASH_FIND(hh, notify->holds, &node, sizeof(node), hold);
        return hold;
}

/* The end of a queue that is in order by number. Locked. Frees what there is no memory for. */
static void append(struct notify *notify, struct notice **queue, struct notice *notice) {
        HASH_ADD(hh, *queue, key[0], notice->key_len, notice);
        if (!notice->hh.tbl)
                notice_free(notice);
        else
                pthread_cond_broadcast(&notify->changed);
}

/* The next that can be told; what has to wait goes aside. NULL: there is none. Locked. */
static struct notice *pop(struct notify *notify) {
        struct notice *notice = notify->queue;

        while (notice) {
                HASH_DEL(notify->queue, notice);
                if (!is_name(notice) || !find_hold(notify, notice->node))
                        return notice;
                append(notify, &notify->deferred, notice);
                notice = notify->queue;
        }
        return NULL;
}

/* Locked. NULL without memory. */
static struct hold *add_hold(struct notify *notify, uint64_t node) {
        struct hold *hold = calloc(1, sizeof(*hold));

        if (!hold)
                return NULL;
        hold->node = node;
        HASH_ADD(hh, notify->holds, node, sizeof(hold->node), hold);
        if (hold->hh.tbl)
                return hold;
        free(hold);
        return NULL;
}

/**
 * notify_hold() - nothing is told of the names in this directory until notify_release(); as often
 * as wanted. Returns whether it is held: not without memory.
 */
bool notify_hold(struct notify *notify, uint64_t node) {
        struct hold *hold;

        pthread_mutex_lock(&notify->lock);
        hold = find_hold(notify, node);
        if (!hold)
                hold = add_hold(notify, node);
        if (hold)
                hold->count++;
        pthread_mutex_unlock(&notify->lock);
        return hold != NULL;
}

/* Locked. */
static void resume(struct notify *notify, uint64_t node) {
        struct notice *notice, *next;

        HASH_ITER (hh, notify->deferred, notice, next) {
                if (notice->node != node)
                        continue;
                HASH_DEL(notify->deferred, notice);
                notice->number = ++notify->queued;
                append(notify, &notify->queue, notice);
        }
}

/** notify_release() - what had to wait for it is told now, unless somebody else holds it. */
void notify_release(struct notify *notify, uint64_t node) {
        struct hold *hold;

        pthread_mutex_lock(&notify->lock);
        hold = find_hold(notify, node);
        if (hold && --hold->count == 0) {
                HASH_DEL(notify->holds, hold);
                free(hold);
                resume(notify, node);
        }
        pthread_mutex_unlock(&notify->lock);
}

/* A second connection to the kernel, for the thread; -1 where that fails: it shares the first. */
static int open_connection(struct fuse_session *fuse) {
        uint32_t other = (uint32_t)fuse_session_fd(fuse);
        int fd = open("/dev/fuse", O_RDWR | O_CLOEXEC);

        if (fd < 0 || ioctl(fd, CONNECTION_CLONE, &other) == 0)
                return fd;
        close(fd);
        return -1;
}

/* From now on the thread has nothing open but its connection. What the caller has given us would
 * stay open in here when the others let go of it: who reads our output would wait for its end. */
static void part(const struct notify *notify) {
        if (notify->fd < 0 || unshare(CLONE_FILES) < 0)
                return;
        if (notify->fd > 0)
                (void)close_range(0, (unsigned)notify->fd - 1, 0);
        (void)close_range((unsigned)notify->fd + 1, UINT_MAX, 0);
}

/**
 * notify_connection() - the descriptor through which the calling thread talks to the kernel.
 * @fd: that of the session, and of all other threads.
 */
int notify_connection(const struct notify *notify, int fd) {
        bool is_own = notify->is_running && pthread_equal(pthread_self(), notify->thread);

        return is_own && notify->fd >= 0 ? notify->fd : fd;
}

static void *loop(void *data) {
        struct notify *notify = data;

        pthread_mutex_lock(&notify->lock); /* after who has started it */
        pthread_mutex_unlock(&notify->lock);
        part(notify);
        pthread_mutex_lock(&notify->lock);
        while (!notify->is_stopping) {
                struct notice *notice = pop(notify);

                if (!notice) {
                        pthread_cond_broadcast(&notify->changed); /* what is aside is not awaited */
                        pthread_cond_wait(&notify->changed, &notify->lock);
                        continue;
                }
                notify->telling = notice->number;
                pthread_mutex_unlock(&notify->lock);
                tell(notify, notice);
                notice_free(notice);
                pthread_mutex_lock(&notify->lock);
                notify->telling = 0;
                pthread_cond_broadcast(&notify->changed);
        }
        notify->has_ended = true;
        pthread_cond_broadcast(&notify->changed);
        pthread_mutex_unlock(&notify->lock);
        return NULL;
}

/** notify_init() - nobody is told anything yet; what is to be told is forgotten. 0 or -ENOMEM. */
int notify_init(struct notify *notify) {
        pthread_condattr_t attributes;
        int r;

        *notify = (struct notify){ .fd = -1 };
        if (pthread_mutex_init(&notify->lock, NULL))
                return -ENOMEM;
        pthread_condattr_init(&attributes);
        pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
        r = pthread_cond_init(&notify->changed, &attributes);
        pthread_condattr_destroy(&attributes);
        if (!r)
                return 0;
        pthread_mutex_destroy(&notify->lock);
        return -ENOMEM;
}

/** notify_start() - begin to tell @fuse's kernel. Returns 0 or -EAGAIN. */
int notify_start(struct notify *notify, struct fuse_session *fuse) {
        int fd = open_connection(fuse), r;

        pthread_mutex_lock(&notify->lock);
        notify->fuse = fuse;
        notify->fd = fd;
        r = pthread_create(&notify->thread, NULL, loop, notify) ? -EAGAIN : 0;
        notify->is_running = r == 0;
        pthread_mutex_unlock(&notify->lock);
        return r;
}

static void clear(struct notice **queue) {
        struct notice *notice, *next;

        HASH_ITER (hh, *queue, notice, next) {
                HASH_DEL(*queue, notice);
                notice_free(notice);
        }
}

/* On the monotonic clock. */
static struct timespec in(int64_t timeout_ms) {
        int64_t at_ms = stamp_monotonic_ms() + timeout_ms;

        return (struct timespec){ .tv_sec = (time_t)(at_ms / 1000),
                                  .tv_nsec = (long)(at_ms % 1000 * 1000000) };
}

/* Locked. Returns whether the thread has come to its end within that time. */
static bool await_end(struct notify *notify, int64_t timeout_ms) {
        const struct timespec until = in(timeout_ms);
        int r = 0;

        while (!notify->has_ended && r == 0)
                r = pthread_cond_timedwait(&notify->changed, &notify->lock, &until);
        return notify->has_ended;
}

/**
 * notify_stop() - what was not told yet is forgotten, as is what comes after this.
 * Returns false if the thread still waits in the kernel after @timeout_ms, for a program that waits
 * for us: to be called again when the connection has ended.
 */
bool notify_stop(struct notify *notify, int64_t timeout_ms) {
        bool has_ended;

        if (!notify->is_running)
                return true;
        pthread_mutex_lock(&notify->lock);
        notify->is_stopping = true;
        pthread_cond_broadcast(&notify->changed);
        has_ended = await_end(notify, timeout_ms);
        pthread_mutex_unlock(&notify->lock);
        if (!has_ended)
                return false;
        pthread_join(notify->thread, NULL);
        pthread_mutex_lock(&notify->lock);
        notify->is_running = false;
        clear(&notify->queue);
        clear(&notify->deferred);
        pthread_mutex_unlock(&notify->lock);
        return true;
}

/** notify_done() - after the last who might tell something. */
void notify_done(struct notify *notify) {
        struct hold *hold, *next;

        HASH_ITER (hh, notify->holds, hold, next) {
                HASH_DEL(notify->holds, hold);
                free(hold);
        }
        if (notify->fd >= 0)
                close(notify->fd);
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
        if (notify->is_running &&
            HASH_COUNT(notify->queue) + HASH_COUNT(notify->deferred) < NOTIFY_QUEUE_MAX) {
                HASH_FIND(hh, notify->queue, notice->key, notice->key_len, other);
                if (!other)
                        HASH_FIND(hh, notify->deferred, notice->key, notice->key_len, other);
        } else {
                other = notice;
        }
        if (!other) {
                notice->number = ++notify->queued;
                append(notify, &notify->queue, notice);
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
                tell_inode(notify, node, -1);
}

/**
 * notify_overtook() - was the kernel told that the node's attributes are out of date after it asked
 * for them? It does not take the answer then (fuse_change_attributes() compares versions).
 * @began_us: when the question came (stamp_monotonic_us()).
 */
bool notify_overtook(const struct notify *notify, uint64_t node, int64_t began_us) {
        const struct notify_mark *mark = &notify->marks[node % NOTIFY_MARKS];

        return atomic_load(&mark->node) == node && atomic_load(&mark->us) >= began_us;
}

/* Is anything queued or being told that had been queued by then? Locked. */
static bool is_behind(const struct notify *notify, uint64_t wanted) {
        return (notify->queue && notify->queue->number <= wanted) ||
               (notify->telling && notify->telling <= wanted);
}

/** notify_drain() - wait until what is queued now has been told, but for what has to wait for a
 * reply, or the time is up. */
void notify_drain(struct notify *notify, int64_t timeout_ms) {
        const struct timespec until = in(timeout_ms);
        uint64_t wanted;
        int r = 0;

        if (!notify->is_running)
                return;
        pthread_mutex_lock(&notify->lock);
        wanted = notify->queued;
        while (is_behind(notify, wanted) && !notify->is_stopping && r == 0)
                r = pthread_cond_timedwait(&notify->changed, &notify->lock, &until);
        pthread_mutex_unlock(&notify->lock);
}
