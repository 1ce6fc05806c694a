/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/change.h"

#include <string.h>

#include "base/stamp.h"
#include "fs/attr.h"
#include "fs/control.h"
#include "fs/session.h"

/* The one place that says why. */
static int refuse(struct task *task) {
        return op_fail(&task->op, EROFS,
                       "hcloudfs %s shows what is in the cloud and does not change it",
                       HCLOUDFS_VERSION);
}

static bool is_writable(const struct node *node) {
        const struct control_row *row = control_row(node);

        return row && row->write;
}

/** change_may_open() - may it be opened for writing? 0 or negative errno. Tree locked. */
int change_may_open(struct task *task, const struct node *node) {
        if (!node || node->type != ENTRY_FILE)
                return node ? -EISDIR : -ESTALE;
        return node->branch == &task->session->control && is_writable(node) ? 0 : refuse(task);
}

static int write_control(struct task *task, struct op *op) {
        const struct control_row *row;
        struct node *node;

        pthread_mutex_lock(&task->session->tree.lock);
        node = tree_node(&task->session->tree, task->node);
        row = node ? control_row(node) : NULL;
        pthread_mutex_unlock(&task->session->tree.lock);
        if (!row || !row->write)
                return op_fail(op, EBADF, "not open for writing");
        return control_write(task->session, op, row, task->data, task->size);
}

static int serve_write(struct task *task) {
        if (!task_waited(task, WANT_WORK))
                return wait_work(task, write_control);
        fuse_reply_write(task->req, task->size);
        return task_end(task);
}

/** change_on_write() - of a control file: replies when what it asks for is done. */
void change_on_write(fuse_req_t req, fuse_ino_t node, const char *data, size_t size, off_t offset,
                     struct fuse_file_info *fi) {
        struct task *task = task_new(req, OPERATION_WRITE, node, serve_write);

        (void)fi;
        if (!task)
                return;
        task->offset = offset;
        task->size = size;
        task->data = malloc(size + 1);
        if (!task->data) {
                task_fail(task, -ENOMEM);
                return;
        }
        memcpy(task->data, data, size);
        task->data[size] = '\0';
        task_run(task);
}

/* `echo … >` truncates and `touch` sets times: of a control file both mean nothing. */
static int serve_setattr(struct task *task) {
        struct session *session = task->session;
        const int harmless = FUSE_SET_ATTR_SIZE | FUSE_SET_ATTR_ATIME | FUSE_SET_ATTR_MTIME |
                             FUSE_SET_ATTR_ATIME_NOW | FUSE_SET_ATTR_MTIME_NOW |
                             FUSE_SET_ATTR_CTIME;
        struct node *node;
        struct stat st;
        double timeout;

        pthread_mutex_lock(&session->tree.lock);
        node = tree_node(&session->tree, task->node);
        if (!node || node->branch != &session->control || !is_writable(node) ||
            (task->changes & ~harmless)) {
                pthread_mutex_unlock(&session->tree.lock);
                return node ? refuse(task) : -ESTALE;
        }
        attr_fill(session, node, stamp_monotonic_ms(), &st, &timeout);
        pthread_mutex_unlock(&session->tree.lock);
        fuse_reply_attr(task->req, &st, timeout);
        return task_end(task);
}

/** change_on_setattr() - truncate, chmod, chown, utimens. */
void change_on_setattr(fuse_req_t req, fuse_ino_t node, struct stat *attr, int to_set,
                       struct fuse_file_info *fi) {
        struct task *task = task_new(req, OPERATION_SETATTR, node, serve_setattr);

        (void)attr;
        (void)fi;
        if (!task)
                return;
        task->changes = to_set;
        task_run(task);
}

static void refuse_name(fuse_req_t req, enum operation operation, fuse_ino_t parent,
                        const char *name) {
        struct task *task = task_new(req, operation, parent, refuse);

        if (!task)
                return;
        if (task_set_name(task, name) < 0)
                task_fail(task, -ENOMEM);
        else
                task_run(task);
}

/** change_on_create() - a new file. */
void change_on_create(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode,
                      struct fuse_file_info *fi) {
        (void)mode;
        (void)fi;
        refuse_name(req, OPERATION_CREATE, parent, name);
}

/** change_on_mknod() - a new file, pipe, socket or device. */
void change_on_mknod(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode,
                     dev_t device) {
        (void)mode;
        (void)device;
        refuse_name(req, OPERATION_MKNOD, parent, name);
}

/** change_on_mkdir() - a new directory. */
void change_on_mkdir(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode) {
        (void)mode;
        refuse_name(req, OPERATION_MKDIR, parent, name);
}

/** change_on_symlink() - a new link. */
void change_on_symlink(fuse_req_t req, const char *target, fuse_ino_t parent, const char *name) {
        (void)target;
        refuse_name(req, OPERATION_SYMLINK, parent, name);
}

/** change_on_link() - a second name. */
void change_on_link(fuse_req_t req, fuse_ino_t node, fuse_ino_t parent, const char *name) {
        (void)node;
        refuse_name(req, OPERATION_LINK, parent, name);
}

/** change_on_unlink() - remove a file or link. */
void change_on_unlink(fuse_req_t req, fuse_ino_t parent, const char *name) {
        refuse_name(req, OPERATION_UNLINK, parent, name);
}

/** change_on_rmdir() - remove a directory. */
void change_on_rmdir(fuse_req_t req, fuse_ino_t parent, const char *name) {
        refuse_name(req, OPERATION_RMDIR, parent, name);
}

/** change_on_rename() - another name. */
void change_on_rename(fuse_req_t req, fuse_ino_t parent, const char *name, fuse_ino_t to_parent,
                      const char *to_name, unsigned flags) {
        (void)to_parent;
        (void)to_name;
        (void)flags;
        refuse_name(req, OPERATION_RENAME, parent, name);
}
