/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/task.h"

#include <limits.h>
#include <string.h>
#include <time.h>

#include "base/log.h"
#include "base/stamp.h"
#include "fs/session.h"

static const char *const names[OPERATION_MAX] = {
        [OPERATION_LOOKUP] = "lookup",
        [OPERATION_GETATTR] = "getattr",
        [OPERATION_READLINK] = "readlink",
        [OPERATION_OPEN] = "open",
        [OPERATION_READ] = "read",
        [OPERATION_FLUSH] = "flush",
        [OPERATION_FSYNC] = "fsync",
        [OPERATION_RELEASE] = "release",
        [OPERATION_POLL] = "poll",
        [OPERATION_OPENDIR] = "opendir",
        [OPERATION_READDIR] = "readdir",
        [OPERATION_READDIRPLUS] = "readdirplus",
        [OPERATION_RELEASEDIR] = "releasedir",
        [OPERATION_STATFS] = "statfs",
        [OPERATION_SETATTR] = "setattr",
        [OPERATION_CREATE] = "create",
        [OPERATION_WRITE] = "write",
        [OPERATION_MKNOD] = "mknod",
        [OPERATION_MKDIR] = "mkdir",
        [OPERATION_SYMLINK] = "symlink",
        [OPERATION_LINK] = "link",
        [OPERATION_UNLINK] = "unlink",
        [OPERATION_RMDIR] = "rmdir",
        [OPERATION_RENAME] = "rename",
        [OPERATION_FORGET] = "forget",
        [OPERATION_MOUNT] = "mount",
};

/** operation_name() - as the kernel's documentation calls it, static. */
const char *operation_name(enum operation operation) {
        return names[operation];
}

/* Does the kernel hold the directory's lock until this is replied? */
static bool is_mutation(enum operation operation) {
        switch (operation) {
        case OPERATION_CREATE:
        case OPERATION_MKNOD:
        case OPERATION_MKDIR:
        case OPERATION_SYMLINK:
        case OPERATION_LINK:
        case OPERATION_UNLINK:
        case OPERATION_RMDIR:
        case OPERATION_RENAME:
                return true;
        default:
                return false;
        }
}

/** task_hold() - the kernel keeps a directory locked until this is replied: nothing is told of its
 * names until then (file rule 23). */
void task_hold(struct task *task, uint64_t directory) {
        for (unsigned i = 0; i < task->n_held; i++)
                if (task->held[i] == directory)
                        return;
        if (task->n_held < TASK_HELD_MAX && notify_hold(&task->session->notify, directory))
                task->held[task->n_held++] = directory;
}

/** task_hold_name() - the same for the directory that is to be removed or replaced, if it is one.
 * The tree must not be locked. */
void task_hold_name(struct task *task, uint64_t directory, const char *name) {
        struct tree *tree = &task->session->tree;
        const struct node *child;
        struct node *dir;
        uint64_t id = 0;

        pthread_mutex_lock(&tree->lock);
        dir = tree_node(tree, directory);
        child = dir ? tree_child(tree, dir, name) : NULL;
        if (child && child->type == ENTRY_DIRECTORY)
                id = child->id;
        pthread_mutex_unlock(&tree->lock);
        if (id)
                task_hold(task, id);
}

/* What was held, to be let go after the reply, when the task is no more. */
struct held {
        struct notify *notify;
        uint64_t nodes[TASK_HELD_MAX];
        unsigned count;
};

static struct held take_held(const struct task *task) {
        struct held held = { .notify = &task->session->notify, .count = task->n_held };

        memcpy(held.nodes, task->held, sizeof(held.nodes));
        return held;
}

static void let_go(const struct held *held) {
        for (unsigned i = 0; i < held->count; i++)
                notify_release(held->notify, held->nodes[i]);
}

/**
 * task_new() - a request begins.
 * @node: the nodeid it is about.
 * NULL without memory: the request has been refused then.
 */
struct task *task_new(fuse_req_t req, enum operation operation, uint64_t node,
                      int (*serve)(struct task *task)) {
        const struct fuse_ctx *context = fuse_req_ctx(req);
        struct task *task = calloc(1, sizeof(*task));

        if (!task) {
                fuse_reply_err(req, ENOMEM);
                return NULL;
        }
        task->session = fuse_req_userdata(req);
        task->req = req;
        task->operation = operation;
        task->serve = serve;
        task->node = node;
        task->began_us = stamp_monotonic_us();
        record_begin(&task->session->record, operation);
        op_init(&task->op, OP_INTERACTIVE, task->session->options.timeout_ms);
        task->op.uid = context->uid;
        task->op.pid = context->pid;
        task->op.command = operation_name(operation);
        if (is_mutation(operation))
                task_hold(task, node);
        return task;
}

/** task_set_name() - a copy of the name it is about. Returns 0 or -ENOMEM. */
int task_set_name(struct task *task, const char *name) {
        task->name = strdup(name);
        return task->name ? 0 : -ENOMEM;
}

/** task_run() - serve it (again); the task belongs to whoever replies. */
void task_run(struct task *task) {
        int r = task->serve(task);

        if (r < 0)
                task_fail(task, r);
}

/**
 * task_on_name() - a request about a name in a directory; served, or refused where the name is too
 * long.
 */
void task_on_name(fuse_req_t req, enum operation operation, fuse_ino_t parent, const char *name,
                  int (*serve)(struct task *task)) {
        struct task *task = task_new(req, operation, parent, serve);

        if (!task)
                return;
        if (operation == OPERATION_RMDIR)
                task_hold_name(task, parent, name);
        if (strlen(name) > NAME_MAX)
                task_fail(task, -ENAMETOOLONG);
        else if (task_set_name(task, name) < 0)
                task_fail(task, -ENOMEM);
        else
                task_run(task);
}

/* What is below `.hcloudfs` is not recorded: reading the log would make it longer. Tree locked. */
static bool is_recorded(const struct session *session, const struct node *node) {
        return node && node->branch != &session->control && node->branch != &session->why;
}

/* Failures with a reason are remembered, but looking for what is not there is none. */
static bool is_failure(const struct task *task, int r) {
        return r < 0 && r != -EINTR && task->op.fault.error &&
               !(task->operation == OPERATION_LOOKUP && r == -ENOENT);
}

static void finish(struct task *task, int r) {
        struct session *session = task->session;
        struct buf path = BUF_INIT(64 * 1024);
        struct record_entry entry = {
                .operation = task->operation,
                .name = task->name,
                .uid = task->op.uid,
                .pid = task->op.pid,
                .result = r,
                .micros = stamp_monotonic_us() - task->began_us,
                .calls = task->op.calls,
        };
        struct node *node;
        bool is_known;

        pthread_mutex_lock(&session->tree.lock);
        node = tree_node(&session->tree, task->node);
        is_known = is_recorded(session, node);
        if (is_known || is_failure(task, r))
                (void)node_path(node ? node : tree_node(&session->tree, NODE_ROOT), &path);
        node_unref(&session->tree, STEAL(task->found));
        pthread_mutex_unlock(&session->tree.lock);

        entry.path = is_known ? buf_str(&path) : NULL;
        record_operation(&session->record, &entry);
        if (is_known && atomic_load(&session->watch.follows_log)) {
                pthread_mutex_lock(&session->tree.lock);
                watch_wake_trail(&session->watch, &session->record.access);
                pthread_mutex_unlock(&session->tree.lock);
        }
        entry.path = buf_str(&path);
        if (is_failure(task, r)) {
                record_failed(&session->record, &entry, &task->op.fault);
                log_info("%s %s: %s", operation_name(task->operation), entry.path,
                         task->op.fault.reason);
        }
        buf_done(&path);
        free(task->name);
        free(task->to_name);
        free(task->data);
        if (task->poll)
                fuse_pollhandle_destroy(task->poll);
        free(task);
}

/* Of an open file: what it is of may have gone, but the name was found. */
static bool is_of_handle(enum operation operation) {
        return operation == OPERATION_READ || operation == OPERATION_FSYNC ||
               operation == OPERATION_FLUSH;
}

/** task_fail() - reply an error and end. @r: negative errno. */
void task_fail(struct task *task, int r) {
        const struct held held = take_held(task);
        fuse_req_t req = task->req;

        if (r == -ENOENT && is_of_handle(task->operation))
                r = -ESTALE;
        finish(task, r);
        fuse_reply_err(req, -r);
        let_go(&held);
}

/** task_end() - after a reply that was no error. Returns 0. */
int task_end(struct task *task) {
        const struct held held = take_held(task);

        finish(task, 0);
        let_go(&held);
        return 0;
}
