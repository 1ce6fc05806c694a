/* SPDX-License-Identifier: Apache-2.0 */
/* open(2) with O_CREAT of a name that is not there: a tool's file, a new document, or a document
 * that was removed a moment ago and is saved by that (file rules 13, 15, 17). */
#include <fcntl.h>
#include <sys/stat.h>

#include "backends/change.h"
#include "base/stamp.h"
#include "fs/attr.h"
#include "fs/branch.h"
#include "fs/change.h"
#include "fs/content.h"
#include "fs/directory.h"
#include "fs/fetch.h"
#include "fs/leaving.h"
#include "fs/names.h"
#include "fs/process.h"
#include "fs/session.h"
#include "fs/write.h"

/* The work's result is held no longer. Tree locked. */
static void let_go(struct task *task, struct node *node) {
        if (!task->result)
                return;
        task->result = 0;
        node_unref(&task->session->tree, node);
}

/* Tree locked; unlocks it. */
static int reply(struct task *task, struct node *node, struct handle *handle) {
        struct session *session = task->session;
        struct fuse_entry_param entry;
        uint64_t id = node->id;

        node->lookups++;
        let_go(task, node);
        attr_entry(session, node, 0, stamp_monotonic_ms(), &entry);
        attr_told(task, node, entry.attr_timeout);
        pthread_mutex_unlock(&session->tree.lock);
        task->fi.direct_io = 1;
        task->fi.keep_cache = 0;
        task->fi.noflush = !handle->can_write;
        task->fi.fh = (uint64_t)(uintptr_t)handle;
        if (fuse_reply_create(task->req, &entry, &task->fi) < 0) {
                handle_end(session, handle); /* nobody got it */
                pthread_mutex_lock(&session->tree.lock);
                tree_forget(&session->tree, tree_node(&session->tree, id), 1);
                pthread_mutex_unlock(&session->tree.lock);
        }
        return task_end(task);
}

/* Something new beside the cloud, open. Tree locked; unlocks it. */
static int make(struct task *task, struct node *dir, enum overlay_role role) {
        struct session *session = task->session;
        struct handle *handle;
        struct overlay *overlay;
        struct editing *editing = NULL;
        const struct entry entry = {
                .name = task->name,
                .type = ENTRY_FILE,
                .mode = role == OVERLAY_SCRATCH ? task->mode & 07777 : 0644,
        };
        int r = 0;

        if (role == OVERLAY_NEW)
                r = editing_new(&session->blobs, NULL, task->process, &editing);
        if (r == 0)
                r = overlay_add(session, dir, &entry, role, &overlay);
        if (r == 0) {
                overlay->editing = editing;
                r = write_open_node(task, overlay->node, &handle);
                if (r == 0)
                        return reply(task, overlay->node, handle);
                overlay_remove(session, overlay);
        } else {
                editing_unref(editing);
        }
        pthread_mutex_unlock(&session->tree.lock);
        if (r == -ENOSPC)
                return op_fail(&task->op, ENOSPC, "there are too many temporary files");
        return r;
}

/* A document that is on its way out, or that the kernel did not know of, is opened as it is. */
static int reopen(struct task *task, struct op *op) {
        struct session *session = task->session;
        struct leaving *leaving = NULL;
        const struct entry *entry = NULL;
        struct node *dir, *node = NULL;
        int r = -ENOENT;

        pthread_mutex_lock(&session->tree.lock);
        dir = tree_node(&session->tree, task->node);
        if (dir)
                leaving = leaving_take_back(session, dir, task->name);
        if (leaving && !(leaving_can(leaving) & CAN_SAVE)) /* a new one can come after it only */
                leaving_hurry(session, STEAL(leaving));
        if (dir)
                entry = names_entry(session, dir, task->name);
        if (entry)
                r = tree_adopt(&session->tree, dir, entry, &node);
        if (r == 0) {
                node_ref(node);
                task->result = node->id;
                task->takes_back = leaving;
        }
        pthread_mutex_unlock(&session->tree.lock);
        leaving_forget(session, op, leaving);
        if (r == -ENOENT)
                return 0; /* it has gone: a new one is made */
        if (r == 0 && (node->can & CAN_SAVE))
                r = fetch(session, op, node, WANT_BODY, NULL, NULL);
        if (r < 0 && node) {
                pthread_mutex_lock(&session->tree.lock);
                let_go(task, node);
                pthread_mutex_unlock(&session->tree.lock);
        }
        return r;
}

/* Tree locked; unlocks it. */
static int open_again(struct task *task, struct node *node) {
        struct session *session = task->session;
        struct handle *handle;
        int r = 0;

        if (node->type != ENTRY_FILE || !(node->can & (CAN_SAVE | CAN_ACT)))
                r = change_refuse(&task->op, node, EACCES, "no call changes this file");
        else if (!node->overlay && !(node->content && node->content->published))
                r = -EIO;
        task->fi.flags |= O_TRUNC; /* what was removed is empty when it is made again */
        if (r == 0)
                r = write_open_node(task, node, &handle);
        if (r == 0 && task->takes_back && handle->editing)
                handle->editing->may_replace = true;
        if (r == 0)
                return reply(task, node, handle);
        let_go(task, node);
        pthread_mutex_unlock(&session->tree.lock);
        return r;
}

/* Which kind of thing a new name is. 0 or negative errno with a reason. Tree locked. */
static int decide(struct task *task, const struct node *dir, enum overlay_role *ret) {
        bool is_private = (task->fi.flags & (O_EXCL | O_ACCMODE)) == (O_EXCL | O_RDWR) &&
                          (task->mode & 0777) == 0600;

        if (names_is_scratch(task->session, dir, task->name, is_private)) {
                *ret = OVERLAY_SCRATCH;
                return 0;
        }
        if (!(names_abilities(dir) & CAN_CREATE_FILE))
                return change_refuse(&task->op, dir, EPERM, "no file can be made here");
        *ret = OVERLAY_NEW;
        return 0;
}

static int serve_create(struct task *task) {
        struct session *session = task->session;
        enum overlay_role role = OVERLAY_NEW;
        struct overlay *overlay;
        struct node *dir, *node;
        int r;

        if (!task->process)
                task->process = process_of(task->op.pid);
        r = change_ready(task, task->node, &dir);
        if (r <= 0)
                return r;
        if (task->result) {
                node = tree_node(&session->tree, task->result);
                return open_again(task, node);
        }
        aways_end(&session->aways, dir, task->name);
        aways_copied(&session->aways, task->process, dir, task->name, stamp_monotonic_ms());
        overlay = overlay_find(dir, task->name);
        if (overlay && overlay->node->type == ENTRY_FILE)
                return open_again(task, overlay->node);
        if (!overlay && !task_waited(task, WANT_WORK) &&
            names_listed(dir, task->name)) { /* hidden, or new to the kernel */
                pthread_mutex_unlock(&session->tree.lock);
                return wait_change(task, reopen);
        }
        r = overlay ? -EEXIST : decide(task, dir, &role);
        if (r == 0)
                return make(task, dir, role);
        pthread_mutex_unlock(&session->tree.lock);
        return r;
}

/** change_on_create() - a new file, opened. */
void change_on_create(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode,
                      struct fuse_file_info *fi) {
        struct task *task = task_new(req, OPERATION_CREATE, parent, serve_create);

        if (!task)
                return;
        task->mode = mode;
        task->fi = *fi;
        if (task_set_name(task, name) < 0)
                task_fail(task, -ENOMEM);
        else
                task_run(task);
}

static int refuse(struct task *task) {
        return op_fail(&task->op, EPERM, "there are no pipes, sockets or devices here");
}

/** change_on_mknod() - regular files are made by open(2). */
void change_on_mknod(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode,
                     dev_t device) {
        (void)mode;
        (void)device;
        task_on_name(req, OPERATION_MKNOD, parent, name, refuse);
}
