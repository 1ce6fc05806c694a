/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/file.h"

#include <fcntl.h>
#include <poll.h>
#include <string.h>

#include "backends/change.h"
#include "base/stamp.h"
#include "fs/attr.h"
#include "fs/change.h"
#include "fs/content.h"
#include "fs/control.h"
#include "fs/events.h"
#include "fs/session.h"
#include "fs/write.h"

enum { TRIES_MAX = 3 };

/** handle_of() - the open file of a request, NULL if there is none. */
struct handle *handle_of(const struct task *task) {
        return (struct handle *)(uintptr_t)task->fi.fh;
}

/* Direct handles have bytes of their own, so pages are never of two versions. */
static bool is_direct(const struct node *node) {
        return node->is_volatile || node->is_live;
}

/* A version that waited for its readers to leave is shown from now on. Tree locked. */
static void tell_settled(struct session *session, const struct node *node) {
        watch_wake(&session->watch, node);
        if (!node->branch->is_local)
                events_changed(session, node);
        if (content_misleads(node->content, stamp_monotonic_ms()))
                notify_inode(&session->notify, node->id);
}

/**
 * file_ready() - the file of the request with a version that may be shown; with its bytes if
 * @with_bytes; newer than its time to live says if @must_be_usable.
 * Returns 1 and the tree locked; 0 if the task waits, negative errno.
 */
int file_ready(struct task *task, bool with_bytes, bool must_be_usable, struct node **ret) {
        struct session *session = task->session;
        int64_t now = stamp_monotonic_ms();
        struct content *content;
        struct node *node;
        bool waited = task_waited(task, WANT_BODY), is_missing;
        int r;

        pthread_mutex_lock(&session->tree.lock);
        node = tree_node(&session->tree, task->node);
        if (!node || node->type != ENTRY_FILE) {
                pthread_mutex_unlock(&session->tree.lock);
                return node ? -EINVAL : -ESTALE;
        }
        content = node->content;
        if (content && content_settle(content, now))
                tell_settled(session, node);
        is_missing = !content || !content->has_version || (with_bytes && !content->published);
        if (must_be_usable && !waited)
                is_missing = is_missing || !content_is_usable(content, now);
        if (is_missing && task->tries++ >= TRIES_MAX) {
                pthread_mutex_unlock(&session->tree.lock);
                return -EIO; /* let go each time between the answer and now */
        }
        if (is_missing) {
                ahead_needed(session, node, true);
                node_ref(node);
                pthread_mutex_unlock(&session->tree.lock);
                r = wait_for(task, node, WANT_BODY);
                return r < 0 ? r : 0;
        }
        ahead_needed(session, node, false);
        if (content_is_ageing(content, now) && !node->branch->is_local)
                ahead_again(session, node, WANT_BODY);
        content->was_used |= with_bytes;
        *ret = node;
        return 1;
}

/**
 * file_look_live() - the bytes of a file that is made anew for each look: nothing of it is shared,
 * as it may depend on who looks. The tree must not be locked.
 * Returns 1 and a document, 0 and nothing if the file is no such, negative errno.
 */
int file_look_live(struct task *task, struct document **ret) {
        struct session *session = task->session;
        struct node *node;
        int r;

        pthread_mutex_lock(&session->tree.lock);
        node = tree_node(&session->tree, task->node);
        if (node && node->type == ENTRY_FILE && node->is_live)
                node_ref(node);
        else
                node = NULL;
        pthread_mutex_unlock(&session->tree.lock);
        if (!node)
                return 0;
        r = node->branch->ops->read(node->branch, &task->op, node, ret);
        pthread_mutex_lock(&session->tree.lock);
        node_unref(&session->tree, node);
        pthread_mutex_unlock(&session->tree.lock);
        return r < 0 ? r : 1;
}

/* Of a live file: size and time of what it says at this moment. */
static int reply_live_attributes(struct task *task, const struct document *document) {
        struct session *session = task->session;
        const struct node *node;
        struct stat st = { 0 };
        double timeout = 0;

        pthread_mutex_lock(&session->tree.lock);
        node = tree_node(&session->tree, task->node);
        if (node)
                attr_fill(session, node, stamp_monotonic_ms(), &st, &timeout);
        pthread_mutex_unlock(&session->tree.lock);
        if (!node)
                return -ESTALE;
        st.st_size = (off_t)document->len;
        st.st_blocks = (blkcnt_t)((document->len + 511) / 512);
        st.st_mtim = stamp_mark(document->fetched_ms, document->hash);
        fuse_reply_attr(task->req, &st, 0);
        return task_end(task);
}

static int reply_attributes(struct task *task, const struct node *node) {
        const struct handle *handle = handle_of(task);
        struct stat st;
        double timeout;

        attr_fill(task->session, node, stamp_monotonic_ms(), &st, &timeout);
        attr_told(task, node, timeout);
        if (handle && handle->editing) { /* who writes sees what he writes (file rule 4) */
                st.st_size = (off_t)handle->editing->text.len;
                timeout = 0;
        } else if (handle && !handle->is_ours && write_made_again(task->session, node)) {
                st.st_size = (off_t)node->content->len; /* who still reads what was removed */
        }
        pthread_mutex_unlock(&task->session->tree.lock);
        fuse_reply_attr(task->req, &st, timeout);
        return task_end(task);
}

static bool is_open(const struct session *session, const struct node *node) {
        const struct handle *handle = session->handles;

        while (handle && handle->node != node)
                handle = handle->next;
        return handle != NULL;
}

/* What we say of ourselves is looked at anew after each opening; for who asks for its size, unless
 * somebody has it open, whose size it may be. The tree must not be locked. */
static void look_anew(const struct task *task, bool is_size) {
        struct session *session = task->session;
        const struct node *node;

        pthread_mutex_lock(&session->tree.lock);
        node = tree_node(&session->tree, task->node);
        if (node && node->content && node->is_volatile && node->branch->is_local &&
            !task_waited(task, WANT_BODY) && !(is_size && is_open(session, node)))
                content_look_anew(node->content);
        pthread_mutex_unlock(&session->tree.lock);
}

/* Files wait for their body, because a size must be exact; directories never wait. */
static int serve_getattr(struct task *task) {
        _cleanup_(document_unrefp) struct document *document = NULL;
        struct session *session = task->session;
        struct node *node;
        int r;

        pthread_mutex_lock(&session->tree.lock);
        node = tree_node(&session->tree, task->node);
        if (node && (node->type != ENTRY_FILE || node->overlay))
                return reply_attributes(task, node);
        pthread_mutex_unlock(&session->tree.lock);
        r = file_look_live(task, &document);
        if (r != 0)
                return r < 0 ? r : reply_live_attributes(task, document);
        look_anew(task, true);
        r = file_ready(task, false, true, &node);
        if (r <= 0)
                return r;
        if (is_direct(node))
                content_hold(node->content, stamp_monotonic_ms());
        return reply_attributes(task, node);
}

/** file_on_getattr() - attributes of any node. */
void file_on_getattr(fuse_req_t req, fuse_ino_t node, struct fuse_file_info *fi) {
        struct task *task = task_new(req, OPERATION_GETATTR, node, serve_getattr);

        if (!task)
                return;
        if (fi)
                task->fi = *fi;
        task_run(task);
}

static int serve_readlink(struct task *task) {
        struct session *session = task->session;
        const struct node *node;
        char *target = NULL;

        pthread_mutex_lock(&session->tree.lock);
        node = tree_node(&session->tree, task->node);
        if (node && node->type == ENTRY_LINK)
                target = strdup(node->target);
        pthread_mutex_unlock(&session->tree.lock);
        if (!target)
                return node ? -EINVAL : -ESTALE;
        fuse_reply_readlink(task->req, target);
        free(target);
        return task_end(task);
}

/** file_on_readlink() - a link's target never changes: another target is another node. */
void file_on_readlink(fuse_req_t req, fuse_ino_t node) {
        struct task *task = task_new(req, OPERATION_READLINK, node, serve_readlink);

        if (task)
                task_run(task);
}

/** handle_drop() - a handle ends. Tree locked. */
void handle_drop(struct session *session, struct handle *handle) {
        struct node *node = handle->node;

        watch_remove(&session->watch, handle);
        if (!handle->is_direct && content_close(node->content, stamp_monotonic_ms()))
                tell_settled(session, node);
        if (handle->is_ours)
                write_handle_done(session, handle);
        document_unref(handle->snapshot);
        node_unref(&session->tree, node);
        *handle->link = handle->next;
        if (handle->next)
                handle->next->link = handle->link;
        free(handle);
}

/** handle_end() - the same; the tree must not be locked. */
void handle_end(struct session *session, struct handle *handle) {
        pthread_mutex_lock(&session->tree.lock);
        handle_drop(session, handle);
        pthread_mutex_unlock(&session->tree.lock);
}

/** file_end_all() - the mount ends: what is still open, the kernel will not close any more. */
void file_end_all(struct session *session) {
        while (session->handles)
                handle_end(session, session->handles);
}

/** handle_new() - an open file of a node; tree locked. NULL without memory. */
struct handle *handle_new(struct session *session, struct node *node) {
        struct handle *handle = calloc(1, sizeof(*handle));

        if (!handle)
                return NULL;
        handle->node = node_ref(node);
        handle->next = session->handles;
        handle->link = &session->handles;
        if (handle->next)
                handle->next->link = &handle->next;
        session->handles = handle;
        return handle;
}

/* Tree locked; unlocks it. @document: what a live file says now, taken over; NULL for others. */
static int reply_open(struct task *task, struct node *node, struct handle *handle,
                      struct document *document) {
        struct session *session = task->session;
        int64_t now = stamp_monotonic_ms();
        bool is_told = true;

        handle->snapshot = document;
        handle->begin = document ? document->cut : 0;
        handle->is_direct = handle->can_write || is_direct(node);
        task->fi.noflush = !handle->can_write;
        if (!handle->is_direct) {
                content_open(node->content, now);
                task->fi.keep_cache = content_keep(node->content);
                is_told = node->content->told_hash == node->content->hash;
        } else {
                task->fi.direct_io = 1;
                if (!document && !handle->can_write) {
                        handle->snapshot = document_ref(node->content->published);
                        content_hold(node->content, now);
                        node->content->was_opened = true;
                }
        }
        pthread_mutex_unlock(&session->tree.lock);
        /* The kernel has the attributes of an older version: it asks for them before it reads. */
        if (!is_told)
                notify_attributes_now(&session->notify, node->id);
        task->fi.fh = (uint64_t)(uintptr_t)handle;
        if (fuse_reply_open(task->req, &task->fi) < 0)
                handle_end(session, handle); /* nobody got it */
        return task_end(task);
}

static bool is_writing(const struct task *task) {
        return (task->fi.flags & O_ACCMODE) != O_RDONLY || (task->fi.flags & O_TRUNC);
}

/**
 * file_ready_to_open() - file_ready() for who opens it, or reads from its beginning again: what we
 * say of ourselves (`metrics`) is what is true then.
 */
int file_ready_to_open(struct task *task, struct node **ret) {
        look_anew(task, false);
        return file_ready(task, true, true, ret);
}

/* Lets it be opened: returns as ready(). @ret_document as reply_open() wants it. */
static int admit(struct task *task, struct node **ret, struct document **ret_document) {
        struct tree *tree = &task->session->tree;
        int r = 0;

        if (is_writing(task)) {
                pthread_mutex_lock(&tree->lock);
                r = change_may_open(task, tree_node(tree, task->node));
                pthread_mutex_unlock(&tree->lock);
        }
        if (r == 0)
                r = file_look_live(task, ret_document);
        if (r < 0)
                return r;
        if (r == 0)
                return file_ready_to_open(task, ret);
        pthread_mutex_lock(&tree->lock);
        *ret = tree_node(tree, task->node);
        if (*ret)
                return 1;
        pthread_mutex_unlock(&tree->lock);
        return -ESTALE;
}

/* Who reads a document is likely to save it: then that is what he has read (file rule 16). */
static void note_reader(const struct task *task, const struct node *node) {
        if ((node->can & CAN_SAVE) && node->content->published && node->place)
                readers_note(&task->session->readers, task->op.pid, place_ino(node->place),
                             node->content->published);
}

/* Is it for fs/write.c: to be written, or not of the cloud, or not yet again? */
static bool is_for_write(const struct task *task) {
        struct tree *tree = &task->session->tree;
        const struct node *node;
        bool is;

        pthread_mutex_lock(&tree->lock);
        node = tree_node(tree, task->node);
        is = node && (node->overlay || (is_writing(task) && node->place) ||
                      write_made_again(task->session, node));
        pthread_mutex_unlock(&tree->lock);
        return is;
}

static int serve_open(struct task *task) {
        _cleanup_(document_unrefp) struct document *document = NULL;
        struct handle *handle;
        struct node *node;
        int r;

        if (is_for_write(task))
                return write_open(task);
        r = admit(task, &node, &document);
        if (r <= 0)
                return r;
        handle = handle_new(task->session, node);
        if (!handle) {
                pthread_mutex_unlock(&task->session->tree.lock);
                return -ENOMEM;
        }
        handle->can_write = is_writing(task);
        if (!document)
                note_reader(task, node);
        return reply_open(task, node, handle, STEAL(document));
}

/** file_on_open() - here a version is chosen; a read-only mount does without (file rule 26). */
void file_on_open(fuse_req_t req, fuse_ino_t node, struct fuse_file_info *fi) {
        struct session *session = fuse_req_userdata(req);
        struct task *task;

        if (session->options.is_read_only) {
                fuse_reply_err(req, ENOSYS);
                return;
        }
        task = task_new(req, OPERATION_OPEN, node, serve_open);
        if (!task)
                return;
        task->fi = *fi;
        task_run(task);
}

static int serve_flush(struct task *task) {
        return write_flush(task, handle_of(task));
}

/** file_on_flush() - somebody closes it; of what is only read nothing is left to be done. */
void file_on_flush(fuse_req_t req, fuse_ino_t node, struct fuse_file_info *fi) {
        struct session *session = fuse_req_userdata(req);
        struct task *task;

        if (session->options.is_read_only) {
                fuse_reply_err(req, ENOSYS);
                return;
        }
        task = task_new(req, OPERATION_FLUSH, node, serve_flush);
        if (!task)
                return;
        task->fi = *fi;
        task_run(task);
}

static int serve_fsync(struct task *task) {
        return write_fsync(task, handle_of(task));
}

/** file_on_fsync() - what was written is to be where it belongs. */
void file_on_fsync(fuse_req_t req, fuse_ino_t node, int datasync, struct fuse_file_info *fi) {
        struct task *task = task_new(req, OPERATION_FSYNC, node, serve_fsync);

        (void)datasync;
        if (!task)
                return;
        task->fi = *fi;
        task_run(task);
}

static int serve_release(struct task *task) {
        return write_release(task, handle_of(task));
}

/** file_on_release() - a handle ends. */
void file_on_release(fuse_req_t req, fuse_ino_t node, struct fuse_file_info *fi) {
        struct task *task = task_new(req, OPERATION_RELEASE, node, serve_release);

        if (!task)
                return;
        task->fi = *fi;
        task_run(task);
}

/* Is there something that the handle has not read yet? Tree locked. */
static bool has_news(struct session *session, const struct handle *handle) {
        const struct control_row *row = control_row(handle->node);
        const struct content *content = handle->node->content;

        if (row)
                return row->trail && trail_end(row->trail(session)) != handle->read_end;
        return content && handle->has_seen && content->hash != handle->seen_hash;
}

/* Files that change by themselves, and logs. Tree locked. */
static bool can_be_awaited(const struct handle *handle) {
        const struct control_row *row = control_row(handle->node);

        if (row)
                return row->trail;
        return handle->node->is_volatile && !handle->node->branch->is_local;
}

/* Like sysfs: a file that changes by itself says so when it is not what was read last. */
static int serve_poll(struct task *task) {
        struct session *session = task->session;
        struct handle *handle = handle_of(task);
        unsigned events = POLLIN | POLLRDNORM | POLLOUT | POLLWRNORM;
        int r = 0;

        pthread_mutex_lock(&session->tree.lock);
        if (handle && can_be_awaited(handle)) {
                if (has_news(session, handle))
                        events |= POLLPRI | POLLERR;
                if (task->poll)
                        r = watch_add(&session->watch, handle, STEAL(task->poll));
        }
        pthread_mutex_unlock(&session->tree.lock);
        if (r < 0)
                return r;
        fuse_reply_poll(task->req, events);
        return task_end(task);
}

/** file_on_poll() - every file can be polled (file rule 25). @waker: owned. */
void file_on_poll(fuse_req_t req, fuse_ino_t node, struct fuse_file_info *fi,
                  struct fuse_pollhandle *waker) {
        struct task *task = task_new(req, OPERATION_POLL, node, serve_poll);

        if (!task) {
                if (waker)
                        fuse_pollhandle_destroy(waker);
                return;
        }
        task->fi = *fi;
        task->poll = waker;
        task_run(task);
}
