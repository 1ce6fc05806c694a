/* SPDX-License-Identifier: Apache-2.0 */
/* truncate(2), chmod(2), chown(2), utimensat(2). Modes and owners of what the cloud has are ours to
 * say: to set them is accepted without effect, because cp -p, rsync -a and editors do. */
#include "backends/change.h"
#include "base/stamp.h"
#include "fs/attr.h"
#include "fs/change.h"
#include "fs/content.h"
#include "fs/control.h"
#include "fs/process.h"
#include "fs/saving.h"
#include "fs/session.h"
#include "fs/times.h"
#include "fs/write.h"

enum { TIMES = FUSE_SET_ATTR_MTIME | FUSE_SET_ATTR_MTIME_NOW };

/* The time that is set. */
static struct timespec time_of(const struct task *task) {
        int64_t ms = stamp_now_ms();

        if (!(task->changes & FUSE_SET_ATTR_MTIME_NOW))
                return task->attr.st_mtim;
        return (struct timespec){ .tv_sec = (time_t)(ms / 1000),
                                  .tv_nsec = (long)(ms % 1000 * 1000000) };
}

static int set_scratch(struct task *task, struct scratch *scratch) {
        struct timespec modified = time_of(task);
        int r = 0;

        if (task->changes & FUSE_SET_ATTR_SIZE)
                r = scratch_truncate(scratch, task->attr.st_size);
        if (r == 0 && (task->changes & FUSE_SET_ATTR_MODE))
                scratch->mode = task->attr.st_mode & 07777;
        if (r == 0 && (task->changes & TIMES))
                scratch_set_time(scratch, &modified);
        return r;
}

static int set_editing(struct task *task, struct editing *editing) {
        int r = 0;

        if (task->changes & FUSE_SET_ATTR_SIZE)
                r = editing_truncate(editing, task->attr.st_size);
        if (r == 0 && (task->changes & TIMES)) {
                editing->modified = time_of(task);
                editing->has_time = true;
        }
        return r;
}

static int set_overlay(struct task *task, struct overlay *overlay) {
        const struct handle *handle = handle_of(task);

        overlay->touched_ms = stamp_monotonic_ms();
        if (overlay->scratch)
                return set_scratch(task, overlay->scratch);
        if (handle && handle->editing)
                return set_editing(task, handle->editing);
        if (overlay->editing)
                return set_editing(task, overlay->editing);
        if (task->changes & TIMES)
                overlay->modified = time_of(task);
        if ((task->changes & FUSE_SET_ATTR_SIZE) && overlay->role != OVERLAY_DRAFT_SECRET)
                return op_fail(&task->op, EACCES, "this file is only read");
        return 0;
}

/* truncate(2) by path is an edit of its own, saved at once (file rule 4). */
static int truncate_document(struct task *task, struct op *op) {
        struct session *session = task->session;
        struct subject subject = { 0 };
        struct editing *editing = NULL;
        struct node *node;
        int r;

        pthread_mutex_lock(&session->tree.lock);
        node = tree_node(&session->tree, task->node);
        r = node && node->content && node->content->published ? 0 : -ESTALE;
        if (r == 0)
                r = editing_new(&session->blobs, node->content->published, process_of(op->pid),
                                &editing);
        if (r == 0)
                r = editing_truncate(editing, task->attr.st_size);
        if (r == 0)
                r = subject_of_node(session, node, &subject);
        pthread_mutex_unlock(&session->tree.lock);
        r = r < 0 ? op_fail(op, -r, "this file cannot be cut")
                  : saving_editing(session, op, &subject, editing);
        subject_done(&subject);
        editing_unref(editing);
        return r;
}

static int reply(struct task *task, const struct node *node) {
        struct stat st;
        double timeout;

        attr_fill(task->session, node, stamp_monotonic_ms(), &st, &timeout);
        attr_told(task, node, timeout);
        pthread_mutex_unlock(&task->session->tree.lock);
        fuse_reply_attr(task->req, &st, timeout);
        return task_end(task);
}

/*
 * The edit that this process has under way, NULL if there is none: futimens(2) does not say which
 * open file it means (file rule 5). Tree locked.
 */
static struct editing *own_editing(struct task *task, const struct node *node) {
        struct editing *editing = NULL;

        for (struct handle *handle = task->session->handles; handle; handle = handle->next) {
                if (handle->node != node || !handle->can_write || !handle->editing ||
                    !editing_is_dirty(handle->editing))
                        continue;
                if (!task->process)
                        task->process = process_of(task->op.pid);
                if (handle->process == task->process)
                        editing = handle->editing;
        }
        return editing;
}

/* A file of the cloud, not by a handle that writes it. Tree locked; unlocks it. */
static int serve_cloud(struct task *task, struct node *node) {
        struct timespec modified = time_of(task);
        bool is_cut = (task->changes & FUSE_SET_ATTR_SIZE) && !(node->can & CAN_ACT);
        struct editing *editing;
        int r;

        if (is_cut && !(node->can & CAN_SAVE)) {
                r = change_refuse(&task->op, node, EACCES, "no call changes this file");
                pthread_mutex_unlock(&task->session->tree.lock);
                return r;
        }
        editing = is_cut || !(task->changes & TIMES) ? NULL : own_editing(task, node);
        if (editing) {
                editing->modified = modified;
                editing->has_time = true;
        }
        if (editing || (!is_cut && !(task->changes & TIMES)))
                return reply(task, node);
        pthread_mutex_unlock(&task->session->tree.lock);
        r = file_ready(task, true, true, &node);
        if (r <= 0)
                return r;
        if (is_cut && !task_waited(task, WANT_WORK)) {
                pthread_mutex_unlock(&task->session->tree.lock);
                return wait_change(task, truncate_document);
        }
        if (task->changes & TIMES)
                times_set(task->session, node, &modified);
        return reply(task, node);
}

/* `echo … >` truncates and `touch` sets times: of a control file both mean nothing. */
static int check_control(struct task *task, const struct node *node) {
        const struct control_row *row = control_row(node);
        bool is_queue = node->branch == &task->session->queue_branch && node->type == ENTRY_FILE;

        if (((row && row->write) || is_queue) &&
            !(task->changes & (FUSE_SET_ATTR_MODE | FUSE_SET_ATTR_UID)))
                return 0;
        return op_fail(&task->op, EPERM, "this belongs to hcloudfs itself");
}

static int serve_setattr(struct task *task) {
        struct session *session = task->session;
        struct handle *handle = handle_of(task);
        struct editing *made = NULL;
        struct node *node;
        int r = 0;

        pthread_mutex_lock(&session->tree.lock);
        node = tree_node(&session->tree, task->node);
        if (node)
                made = write_made_again(session, node);
        if (!node)
                r = -ESTALE;
        else if (node->overlay)
                r = set_overlay(task, node->overlay);
        else if (handle && handle->editing)
                r = set_editing(task, handle->editing);
        else if (made)
                r = set_editing(task, made);
        else if (!node->place)
                r = check_control(task, node);
        else if (node->type == ENTRY_FILE)
                return serve_cloud(task, node);
        if (r == 0)
                return reply(task, node);
        pthread_mutex_unlock(&session->tree.lock);
        if (!task->op.fault.error)
                r = write_fail(&task->op, r);
        return task->op.fault.error ? r : op_fail(&task->op, -r, "it cannot be set so");
}

/** change_on_setattr() - truncate, chmod, chown, utimens. */
void change_on_setattr(fuse_req_t req, fuse_ino_t node, struct stat *attr, int to_set,
                       struct fuse_file_info *fi) {
        struct task *task = task_new(req, OPERATION_SETATTR, node, serve_setattr);

        if (!task)
                return;
        task->changes = to_set;
        task->attr = *attr;
        if (fi)
                task->fi = *fi;
        task_run(task);
}
