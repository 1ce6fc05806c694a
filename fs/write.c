/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/write.h"

#include <fcntl.h>
#include <string.h>

#include "backends/change.h"
#include "base/stamp.h"
#include "fs/branch.h"
#include "fs/change.h"
#include "fs/content.h"
#include "fs/local.h"
#include "fs/process.h"
#include "fs/send.h"
#include "fs/session.h"

static bool is_writing(int flags) {
        return (flags & O_ACCMODE) != O_RDONLY || (flags & O_TRUNC);
}

/* The one place that says why a file of the cloud cannot be written. Tree locked. */
static int refuse(struct task *task, const struct node *node) {
        return change_refuse(&task->op, node, EACCES, "no call changes this file");
}

/* Tree locked. */
static int open_document(struct task *task, struct node *node, struct handle *handle) {
        struct session *session = task->session;
        bool is_action = node->can & CAN_ACT;
        struct document *shown = node->content ? node->content->published : NULL;
        struct editing *editing;
        int r = editing_new(&session->blobs, is_action ? NULL : shown, handle->process, &editing);

        if (r < 0)
                return r;
        handle->editing = editing;
        editing->fires_once = is_action;
        if (is_action && shown && (task->fi.flags & O_ACCMODE) == O_RDWR &&
            !(task->fi.flags & O_TRUNC))
                r = blob_set(&editing->text, shown->data, node->content->len);
        if (r == 0 && (task->fi.flags & O_TRUNC) && !is_action)
                r = editing_truncate(editing, 0);
        if (r == 0)
                r = subject_of_node(session, node, &handle->subject);
        return r;
}

/**
 * write_made_again() - the edit that makes a document again which was just removed: until it is
 * sent, what is there is that, as with a new one (file rules 4 and 17). Tree locked. NULL: none.
 */
struct editing *write_made_again(const struct session *session, const struct node *node) {
        const struct handle *handle = node->writers && !node->overlay ? session->handles : NULL;

        while (handle && !(handle->node == node && handle->can_write && handle->editing &&
                           handle->editing->may_replace))
                handle = handle->next;
        return handle ? handle->editing : NULL;
}

/* A document that is being made again, for who only reads it: as far as it was written by now. */
static int open_again(struct task *task, struct node *node, struct handle *handle) {
        const struct editing *made = write_made_again(task->session, node);
        struct buf text = BUF_INIT(BLOB_MAX + 1);
        int r;

        if (!made) { /* sent meanwhile */
                handle->snapshot = document_ref(node->content->published);
                return 0;
        }
        r = buf_add(&text, made->text.data, made->text.len);
        if (r >= 0)
                r = local_document_new(&text, INT64_MAX, &handle->snapshot);
        buf_done(&text);
        return r < 0 ? r : 0;
}

/* The same for who writes it as well: there is one edit for all, as of a new document. */
static int join_again(struct task *task, struct node *node, struct editing *made,
                      struct handle *handle) {
        int r = subject_of_node(task->session, node, &handle->subject);

        if (r == 0 && (task->fi.flags & O_TRUNC))
                r = editing_truncate(made, 0);
        if (r < 0)
                return r;
        handle->editing = editing_ref(made);
        made->opener = handle->process;
        return 0;
}

/* A secret is written anew each time; room for it is taken at once, so that it is nowhere twice. */
static int open_secret(struct task *task, struct handle *handle) {
        struct editing *editing;
        int r;

        if (!is_writing(task->fi.flags))
                return op_fail(&task->op, EACCES, "this file can be written and not be read");
        r = editing_new(&task->session->blobs, NULL, handle->process, &editing);
        if (r < 0)
                return r;
        handle->editing = editing;
        editing->is_secret = true;
        r = blob_truncate(&editing->text, SECRET_MAX);
        return r == 0 ? blob_truncate(&editing->text, 0) : r;
}

static int open_scratch(struct task *task, struct scratch *scratch, struct handle *handle) {
        int r = task->fi.flags & O_TRUNC ? scratch_truncate(scratch, 0) : 0;

        if (r < 0)
                return r;
        scratch_touch(scratch);
        scratch->handles++;
        handle->scratch = scratch;
        return 0;
}

static int open_draft(struct task *task, struct overlay *overlay, struct handle *handle) {
        int r = task->fi.flags & O_TRUNC ? editing_truncate(overlay->editing, 0) : 0;

        if (r < 0)
                return r;
        overlay->touched_ms = stamp_monotonic_ms();
        handle->editing = editing_ref(overlay->editing);
        if (is_writing(task->fi.flags))
                overlay->editing->opener = handle->process;
        return 0;
}

/* A text of ours, or one that the journal has; only for reading. */
static int open_text(struct task *task, struct overlay *overlay, struct handle *handle) {
        if (is_writing(task->fi.flags))
                return op_fail(&task->op, EACCES, "this file tells what happened: it is only read");
        if (overlay->text)
                handle->snapshot = document_ref(overlay->text);
        return 0;
}

/* Tree locked. */
static int open_overlay(struct task *task, struct node *node, struct handle *handle) {
        struct overlay *overlay = node->overlay;

        switch (overlay->role) {
        case OVERLAY_SCRATCH:
                return open_scratch(task, overlay->scratch, handle);
        case OVERLAY_NEW:
        case OVERLAY_DRAFT_DOCUMENT:
                return open_draft(task, overlay, handle);
        case OVERLAY_DRAFT_SECRET:
                return open_secret(task, handle);
        case OVERLAY_NOTE:
        case OVERLAY_SHELVED:
                return open_text(task, overlay, handle);
        case OVERLAY_SCRATCH_DIR:
        case OVERLAY_LEVEL:
        case OVERLAY_DRAFT:
                break;
        }
        return -EISDIR;
}

/**
 * write_open_node() - a handle of a node that is beside the cloud, or of a document with its bytes.
 * Tree locked. Returns 0 or negative errno with a reason.
 */
int write_open_node(struct task *task, struct node *node, struct handle **ret) {
        struct editing *made = write_made_again(task->session, node);
        struct handle *handle = handle_new(task->session, node);
        int r;

        if (!handle)
                return op_fail(&task->op, ENOMEM, "out of memory");
        handle->is_direct = true;
        handle->is_ours = true;
        handle->can_write = is_writing(task->fi.flags);
        if (handle->can_write)
                node_written(node, true);
        handle->process = task->process;
        if (node->overlay)
                r = open_overlay(task, node, handle);
        else if (handle->can_write && made)
                r = join_again(task, node, made, handle);
        else if (handle->can_write)
                r = open_document(task, node, handle);
        else
                r = open_again(task, node, handle);
        if (r < 0) {
                handle_drop(task->session, handle);
                return task->op.fault.error ? r : op_fail(&task->op, -r, "%s", strerror(-r));
        }
        *ret = handle;
        return 0;
}

/* What the journal keeps of an overlay, for one handle. */
static int fetch_shelved(struct task *task, struct handle *handle) {
        struct session *session = task->session;
        struct buf text = BUF_INIT(0);
        char *path, *name, *data = NULL;
        size_t len = 0;
        enum shelf shelf;
        struct journal *journal;
        int r;

        pthread_mutex_lock(&session->tree.lock);
        path = strdup(handle->node->overlay->path);
        name = strdup(handle->node->name);
        shelf = handle->node->overlay->shelf;
        journal = branch_journal(handle->node->parent->branch);
        pthread_mutex_unlock(&session->tree.lock);
        r = path && name && journal ? journal_fetch(journal, shelf, path, name, &data, &len)
                                    : -ENOENT;
        if (r == 0)
                r = buf_add(&text, data, len);
        if (r == 0)
                r = local_document_new(&text, INT64_MAX, &handle->snapshot);
        if (data)
                explicit_bzero(data, len);
        buf_done(&text);
        free(data);
        free(path);
        free(name);
        handle->has_secret = shelf == SHELF_SECRET;
        return r;
}

static int reply(struct task *task, struct handle *handle) {
        task->fi.direct_io = 1;
        task->fi.keep_cache = 0;
        task->fi.noflush = !handle->can_write;
        task->fi.fh = (uint64_t)(uintptr_t)handle;
        /* What it believes was told when nobody wrote it, perhaps of another version, for long. */
        if (handle->can_write)
                notify_attributes_now(&task->session->notify, task->node);
        if (fuse_reply_open(task->req, &task->fi) < 0)
                handle_end(task->session, handle); /* nobody got it */
        return task_end(task);
}

/* Needs the version that is there: as a base, or as what is written into. */
static bool needs_bytes(const struct task *task, const struct node *node) {
        if (node->can & CAN_ACT)
                return (task->fi.flags & O_ACCMODE) == O_RDWR && !(task->fi.flags & O_TRUNC);
        return true;
}

/* The node to be opened, with its bytes where they are needed. Returns as file_ready(). */
static int admit(struct task *task, struct node **ret) {
        struct tree *tree = &task->session->tree;
        struct node *node;
        int r = 1;

        pthread_mutex_lock(&tree->lock);
        node = tree_node(tree, task->node);
        if (!node || (!node->overlay && !node->is_named))
                r = -ESTALE; /* the kernel looks up what has the name now */
        else if (node->type != ENTRY_FILE)
                r = node->type == ENTRY_DIRECTORY ? -EISDIR : -ELOOP;
        else if (!node->overlay && !(node->can & (CAN_SAVE | CAN_ACT)))
                r = refuse(task, node);
        if (r == 1 && (node->overlay || !needs_bytes(task, node))) {
                *ret = node;
                return 1;
        }
        pthread_mutex_unlock(&tree->lock);
        return r < 0 ? r : file_ready(task, true, true, ret);
}

/** write_open() - OPEN of what is written, or of what is not of the cloud. */
int write_open(struct task *task) {
        struct session *session = task->session;
        struct handle *handle = NULL;
        struct node *node;
        bool is_shelved = false;
        int r;

        if (!task->process && is_writing(task->fi.flags))
                task->process = process_of(task->op.pid);
        r = admit(task, &node);
        if (r <= 0)
                return r;
        r = write_open_node(task, node, &handle);
        if (r == 0)
                is_shelved = node->overlay && node->overlay->role == OVERLAY_SHELVED;
        pthread_mutex_unlock(&session->tree.lock);
        if (r == 0 && is_shelved)
                r = fetch_shelved(task, handle);
        if (r < 0) {
                if (handle)
                        handle_end(session, handle);
                return r;
        }
        return reply(task, handle);
}

/** write_handle_done() - of a handle that ends. Tree locked. */
void write_handle_done(struct session *session, struct handle *handle) {
        if (handle->can_write)
                node_written(handle->node, false);
        if (handle->scratch) {
                handle->scratch->handles--;
                if (handle->scratch->is_unlinked && !handle->scratch->handles)
                        blob_done(&handle->scratch->blob);
        }
        if (handle->has_secret && handle->snapshot)
                explicit_bzero(handle->snapshot->data, handle->snapshot->len);
        editing_unref(handle->editing);
        subject_let_go(&handle->subject);
        (void)session;
}

/* A copy of what is read, because replies are sent without the lock. Tree locked; unlocks it. */
static int reply_blob(struct task *task, const struct blob *blob) {
        const char *data;
        size_t n = blob_read(blob, task->size, task->offset, &data);
        _cleanup_(freep) char *copy = malloc(n + 1);

        if (copy && n)
                memcpy(copy, data, n);
        pthread_mutex_unlock(&task->session->tree.lock);
        if (!copy)
                return -ENOMEM;
        fuse_reply_buf(task->req, copy, n);
        return task_end(task);
}

/* Who reads what it writes has seen the version that it began with (file rule 16). */
static void note_reader(struct task *task, const struct handle *handle) {
        const struct editing *editing = handle->editing;

        if (editing->base && !editing->changes && handle->subject.place)
                readers_note(&task->session->readers, handle->process,
                             place_ino(handle->subject.place), editing->base);
}

/** write_read() - READ of such a handle. */
int write_read(struct task *task, struct handle *handle) {
        struct session *session = task->session;
        size_t offset = (size_t)task->offset, left;
        struct document *document;
        struct scratch *scratch = handle->scratch;

        pthread_mutex_lock(&session->tree.lock);
        if (!handle->is_ours && handle->node->overlay)
                scratch = handle->node->overlay->scratch;
        if (handle->editing) {
                note_reader(task, handle);
                return reply_blob(task, &handle->editing->text);
        }
        if (scratch) {
                scratch_touch(scratch);
                return reply_blob(task, &scratch->blob);
        }
        document = handle->snapshot ? document_ref(handle->snapshot) : NULL;
        pthread_mutex_unlock(&session->tree.lock);
        left = document && offset < document->len ? document->len - offset : 0;
        fuse_reply_buf(task->req, left ? document->data + offset : NULL,
                       left < task->size ? left : task->size);
        if (document)
                document_unref(document);
        return task_end(task);
}

/** write_fail() - say why a text cannot be so long, or written at all. @r: a negative errno, which
 * is returned. */
int write_fail(struct op *op, int r) {
        if (r == -EFBIG)
                return op_fail(op, EFBIG, "a document has at most %d bytes", BLOB_MAX);
        if (r == -ENOSPC)
                return op_fail(op, ENOSPC, "too much is being written at once");
        if (r == -EBUSY)
                return op_fail(op, EBUSY, "this action was sent: open it anew to repeat it");
        return r;
}

/** write_write() - WRITE of such a handle. */
int write_write(struct task *task, struct handle *handle) {
        struct session *session = task->session;
        bool is_append = task->fi.flags & O_APPEND;
        int r = -EBADF;

        pthread_mutex_lock(&session->tree.lock);
        if (handle->editing) {
                r = editing_write(handle->editing, task->data, task->size, task->offset, is_append);
        } else if (handle->scratch) {
                r = scratch_write(handle->scratch, task->data, task->size,
                                  is_append ? (off_t)handle->scratch->blob.len : task->offset);
        }
        if (handle->node->overlay)
                handle->node->overlay->touched_ms = stamp_monotonic_ms();
        pthread_mutex_unlock(&session->tree.lock);
        if (r < 0)
                return write_fail(&task->op, r);
        fuse_reply_write(task->req, task->size);
        return task_end(task);
}

static int reply_done(struct task *task) {
        fuse_reply_err(task->req, 0);
        return task_end(task);
}

/** write_flush() - somebody closes it: perhaps the end of the edit (file rule 14). */
int write_flush(struct task *task, struct handle *handle) {
        struct session *session = task->session;
        enum editing_verdict verdict = EDITING_REST;
        int error = 0;

        if (!handle->editing || !handle->can_write || task_waited(task, WANT_WORK))
                return reply_done(task);
        if (!task->process)
                task->process = process_of(task->op.pid);
        pthread_mutex_lock(&session->tree.lock);
        if (handle->process == task->process)
                verdict = editing_at_flush(handle->editing, handle->editing->opener, &error);
        if (verdict == EDITING_FAILED)
                error = send_show_again(handle->editing, &task->op, error);
        pthread_mutex_unlock(&session->tree.lock);
        if (verdict == EDITING_SEND)
                return wait_change(task, send_at_flush);
        return verdict == EDITING_FAILED ? error : reply_done(task);
}

/** write_fsync() - whoever asks wants it done. */
int write_fsync(struct task *task, struct handle *handle) {
        struct session *session = task->session;
        enum editing_verdict verdict;
        int error = 0;

        if (!handle->editing || !handle->can_write || task_waited(task, WANT_WORK))
                return reply_done(task);
        pthread_mutex_lock(&session->tree.lock);
        verdict = editing_at_fsync(handle->editing, &error);
        if (verdict == EDITING_FAILED)
                error = send_show_again(handle->editing, &task->op, error);
        pthread_mutex_unlock(&session->tree.lock);
        if (verdict == EDITING_SEND)
                return wait_change(task, send_at_fsync);
        return verdict == EDITING_FAILED ? error : reply_done(task);
}

/* Is this the last that writes it? The overlay holds on to a new document's text as well. */
static bool is_last(const struct handle *handle) {
        const struct overlay *overlay = handle->node->overlay;
        unsigned others = overlay && overlay->editing == handle->editing ? 1 : 0;

        return handle->editing->refs == 1 + others;
}

/** write_release() - what is left is sent; nobody hears of a failure but by `.error`. */
int write_release(struct task *task, struct handle *handle) {
        struct session *session = task->session;
        bool is_left = false;

        if (handle->editing && handle->can_write && !task_waited(task, WANT_WORK)) {
                pthread_mutex_lock(&session->tree.lock);
                is_left = is_last(handle) && editing_at_release(handle->editing) == EDITING_SEND;
                pthread_mutex_unlock(&session->tree.lock);
        }
        if (is_left)
                return wait_change(task, send_at_release);
        handle_end(session, handle);
        return reply_done(task);
}
