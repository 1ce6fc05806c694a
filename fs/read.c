/* SPDX-License-Identifier: Apache-2.0 */
/* Which bytes a READ gets. */
#include "fs/content.h"
#include "fs/control.h"
#include "fs/file.h"
#include "fs/session.h"
#include "fs/write.h"

/* From @offset on, which is the request's but in logs. */
static int reply_bytes(struct task *task, const struct document *document, size_t offset) {
        size_t left = offset < document->len ? document->len - offset : 0;

        fuse_reply_buf(task->req, left ? document->data + offset : NULL,
                       left < task->size ? left : task->size);
        return task_end(task);
}

/*
 * Where the request's offset stands in what the handle reads: in a log, whose beginning goes, not
 * where it did. Who is behind goes on with the first line that is left. Tree locked.
 */
static size_t place_of(const struct task *task, struct handle *handle) {
        uint64_t cut = handle->snapshot->cut, wanted = handle->begin + (uint64_t)task->offset;

        if (wanted < cut) {
                handle->begin += cut - wanted;
                wanted = cut;
        }
        return (size_t)(wanted - cut);
}

/* A direct handle reads on in what it began with, so that nobody gets parts of two texts; at the
 * beginning, or at the end of what grows there, it looks again. Tree locked. */
static bool wants_newer(const struct task *task, struct handle *handle) {
        const struct control_row *row = control_row(handle->node);

        if (task_waited(task, WANT_BODY) || !handle->snapshot)
                return true;
        if (row && row->grows)
                return handle->has_seen && place_of(task, handle) >= handle->snapshot->len;
        return handle->has_seen && task->offset == 0;
}

/* Gives the handle what its file says now. Returns as ready(). */
static int look_again(struct task *task, struct handle *handle) {
        struct document *document = NULL;
        struct node *node;
        int r = file_look_live(task, &document);

        if (r < 0)
                return r;
        if (r > 0) {
                pthread_mutex_lock(&task->session->tree.lock);
        } else {
                r = file_ready_to_open(task, &node);
                if (r <= 0)
                        return r;
                document = document_ref(node->content->published);
        }
        document_unref(handle->snapshot);
        handle->snapshot = document;
        return 1;
}

static int serve_read_direct(struct task *task) {
        struct tree *tree = &task->session->tree;
        struct handle *handle = handle_of(task);
        struct document *document;
        size_t offset, end;
        int r;

        pthread_mutex_lock(&tree->lock);
        if (wants_newer(task, handle)) {
                pthread_mutex_unlock(&tree->lock);
                r = look_again(task, handle);
                if (r <= 0)
                        return r;
        }
        if (task->offset == 0)
                handle->seen_hash = handle->snapshot->hash;
        handle->has_seen = true;
        document = document_ref(handle->snapshot);
        offset = place_of(task, handle);
        end = offset < document->len && document->len - offset > task->size ? offset + task->size
                                                                            : document->len;
        handle->read_end = document->cut + end;
        pthread_mutex_unlock(&tree->lock);
        r = reply_bytes(task, document, offset);
        document_unref(document);
        return r;
}

/* A read-only mount has no handles: a live file is looked at in each read. */
static int serve_read_live(struct task *task, struct document *document) {
        int r = reply_bytes(task, document, (size_t)task->offset);

        document_unref(document);
        return r;
}

/* Was the document renamed to a tool's name since it was opened (file rule 11)? */
static bool is_apart(const struct task *task, const struct handle *handle) {
        bool is;

        pthread_mutex_lock(&task->session->tree.lock);
        is = handle->node->overlay != NULL;
        pthread_mutex_unlock(&task->session->tree.lock);
        return is;
}

/* Whatever the handle: pages are shared, so they are of the published version (file rule 1). */
static int serve_read(struct task *task) {
        struct handle *handle = handle_of(task);
        struct document *document = NULL;
        struct node *node;
        int r;

        if (handle && (handle->is_ours || is_apart(task, handle)))
                return write_read(task, handle);
        if (handle && handle->is_direct)
                return serve_read_direct(task);
        r = file_look_live(task, &document);
        if (r != 0)
                return r < 0 ? r : serve_read_live(task, document);
        r = file_ready(task, true, false, &node);
        if (r <= 0)
                return r;
        document = content_read(node->content);
        pthread_mutex_unlock(&task->session->tree.lock);
        r = reply_bytes(task, document, (size_t)task->offset);
        document_unref(document);
        return r;
}

/** file_on_read() - bytes of one version. */
void file_on_read(fuse_req_t req, fuse_ino_t node, size_t size, off_t offset,
                  struct fuse_file_info *fi) {
        struct task *task = task_new(req, OPERATION_READ, node, serve_read);

        if (!task)
                return;
        task->fi = *fi;
        task->size = size;
        task->offset = offset;
        task_run(task);
}
