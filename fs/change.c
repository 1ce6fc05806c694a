/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/change.h"

#include <limits.h>
#include <string.h>

#include "base/stamp.h"
#include "base/text.h"
#include "fs/branch.h"
#include "fs/content.h"
#include "fs/control.h"
#include "fs/directory.h"
#include "fs/fetch.h"
#include "fs/session.h"
#include "fs/write.h"

static bool is_writable(const struct node *node) {
        const struct control_row *row = control_row(node);

        return row && row->write;
}

/** change_may_open() - may a file of no account be opened for writing? Tree locked. */
int change_may_open(struct task *task, const struct node *node) {
        if (!node || node->type != ENTRY_FILE)
                return node ? -EISDIR : -ESTALE;
        if (node->branch == &task->session->control && is_writable(node))
                return 0;
        if (node->branch == &task->session->queue_branch)
                return 0;
        return op_fail(&task->op, EACCES, "this file is only read");
}

/**
 * change_refuse() - what the task wants cannot be done with this node: @reason, but where the
 * account's own setting forbids every change that is why. Tree locked.
 * @error: positive. Returns -@error.
 */
int change_refuse(struct op *op, const struct node *node, int error, const char *reason) {
        struct branch *branch = node->branch;

        if (branch_is_read_only(branch))
                return op_fail(op, error, "account %s has access = read-only",
                               branch_account(branch));
        return op_fail(op, error, "%s", reason);
}

/**
 * change_ready() - a directory in which names may be changed, with its list within its time.
 * Returns 1 and the tree locked; 0 if the task waits, negative errno.
 */
int change_ready(struct task *task, uint64_t id, struct node **ret) {
        struct session *session = task->session;
        struct node *node;
        int r = 0;

        pthread_mutex_lock(&session->tree.lock);
        node = tree_node(&session->tree, id);
        if (!node)
                r = -ESTALE;
        else if (node->type != ENTRY_DIRECTORY)
                r = -ENOTDIR;
        else if (!node->place && !node->overlay)
                r = op_fail(&task->op, EPERM, "nothing can be made or removed here");
        if (r < 0) {
                pthread_mutex_unlock(&session->tree.lock);
                return r;
        }
        if (!directory_is_fresh(node->directory, stamp_monotonic_ms()) &&
            !task_waited(task, WANT_LIST)) {
                node_ref(node);
                pthread_mutex_unlock(&session->tree.lock);
                r = wait_for(task, node, WANT_LIST);
                return r < 0 ? r : 0;
        }
        *ret = node;
        return 1;
}

static void outdate(const struct node *node) {
        if (!node || node->type != ENTRY_DIRECTORY || !node->directory)
                return;
        node->directory->fresh_until_ms = 0;
        node->directory->outdated_ms = stamp_monotonic_ms();
}

/* What stands for something that was made is looked for in the next list. */
static void look_again(struct session *session, const struct node *dir) {
        const struct overlay *overlay = dir && dir->directory ? dir->directory->overlays : NULL;

        for (; overlay; overlay = overlay->next)
                if (overlay->is_created)
                        notify_entry(&session->notify, dir->id, overlay->node->name);
}

/**
 * change_outdates() - something was made or removed in a directory: what is known of its list is
 * outdated, of what is told of its entries, and of the links by id in its collection. Tree locked.
 */
void change_outdates(struct session *session, struct node *dir) {
        const struct node *meta = tree_child(&session->tree, dir, ".meta");

        outdate(dir);
        tree_outdate_others(&session->tree, dir);
        outdate(meta);
        look_again(session, meta);
        for (const struct node *node = dir; node; node = node->parent) {
                const struct node *links = tree_child(&session->tree, node, ".by-id");

                if (!links)
                        continue;
                outdate(links);
                return;
        }
}

/* The documents that stand in a directory. @by: those alone that one answer tells with this place;
 * NULL: all. Tree locked. */
static void refresh_files(struct session *session, struct node *dir, const struct place *by,
                          void (*forget)(struct content *content)) {
        const struct listing *listing =
                dir->type == ENTRY_DIRECTORY && dir->directory && dir->directory->snapshot
                        ? dir->directory->snapshot->listing
                        : NULL;

        for (size_t i = 0; listing && i < listing->count; i++) {
                struct node *child = tree_child(&session->tree, dir, listing->entries[i].name);

                if (!child || child->type != ENTRY_FILE || child->overlay || !child->content)
                        continue;
                if (by && !(child->place && view_shares_answer(by, child->place)))
                        continue;
                forget(child->content);
                if (child->lookups > 0)
                        notify_inode(&session->notify, child->id);
        }
}

/** change_refreshes() - something happens to a resource: its documents are looked at anew, and what
 * its actions propose. @forget: by what they are known no longer. Tree locked. */
void change_refreshes(struct session *session, struct node *dir,
                      void (*forget)(struct content *content)) {
        struct node *actions = tree_child(&session->tree, dir, "actions");

        refresh_files(session, dir, NULL, forget);
        if (actions)
                refresh_files(session, actions, NULL, forget);
}

/** change_is_told_with() - what stands in a directory and is told by the same answer as @place, of
 * which something was changed, is asked for anew. Tree locked. */
void change_is_told_with(struct session *session, struct node *dir, const struct place *place) {
        refresh_files(session, dir, place, content_doubt);
}

/** change_sets_to_work() - something was begun at or below a directory: the jobs that the service
 * tells of, beside it or above, are others. Tree locked. */
void change_sets_to_work(struct session *session, const struct node *dir) {
        enum { LEVELS = 4 }; /* actions, the resource, its collection, the service */

        for (int i = 0; i < LEVELS && dir; i++, dir = dir->parent) {
                const struct node *jobs =
                        dir->branch->is_local ? NULL : tree_child(&session->tree, dir, "jobs");

                outdate(jobs);
                if (jobs && jobs->type == ENTRY_DIRECTORY && jobs->directory)
                        jobs->directory->doubted_ms = stamp_now_ms();
        }
}

/**
 * change_relates() - a resource was brought into a relation, or out of one: what it tells of itself
 * and the links in its directory are others. @node: of its directory; of anything else, or NULL:
 * nothing happens. Tree locked.
 */
void change_relates(struct session *session, struct node *node) {
        const struct listing *listing;

        if (!node || node->type != ENTRY_DIRECTORY || !node->directory)
                return;
        change_refreshes(session, node, content_doubt);
        change_outdates(session, node);
        node->directory->doubted_ms = stamp_now_ms();
        listing = node->directory->snapshot ? node->directory->snapshot->listing : NULL;
        for (size_t i = 0; listing && i < listing->count; i++)
                if (listing->entries[i].type == ENTRY_LINK) /* another target is another node */
                        notify_entry(&session->notify, node->id, listing->entries[i].name);
        if (node->lookups > 0)
                notify_inode(&session->notify, node->id);
}

/** change_leads_to() - what a relative link in a directory leads to, as far as it is known; NULL.
 * Tree locked. */
struct node *change_leads_to(struct session *session, struct node *dir, const char *target) {
        char name[NAME_MAX + 1];

        while (dir && *target) {
                size_t len = strcspn(target, "/");

                if (len > NAME_MAX)
                        return NULL;
                memcpy(name, target, len);
                name[len] = '\0';
                dir = text_eq(name, "..") ? dir->parent : tree_child(&session->tree, dir, name);
                target += len + (target[len] == '/');
        }
        return dir;
}

/** change_acts_on() - we did something to the resource of a directory, or to all that stand in it:
 * its documents, its list, and the list that it stands in itself are asked for anew. Tree
 * locked. */
void change_acts_on(struct session *session, struct node *dir) {
        int64_t now_ms = stamp_now_ms();

        change_refreshes(session, dir, content_doubt);
        for (int i = 0; i < 2 && dir; i++, dir = dir->parent) {
                change_outdates(session, dir);
                if (dir->directory && !dir->branch->is_local)
                        dir->directory->doubted_ms = now_ms;
        }
}

/**
 * change_work_for() - in a flight of the task's own: have the list of @dir, held by the caller.
 * @must_be_new: newer than this moment. Returns 0 or negative errno. The tree must not be locked.
 */
int change_work_for(struct session *session, struct op *op, struct node *dir, bool must_be_new) {
        bool was_fresh = op->must_be_fresh, is_there;
        int64_t since_ms = op->fresh_since_ms;
        int r;

        pthread_mutex_lock(&session->tree.lock);
        is_there = directory_is_fresh(dir->directory, stamp_monotonic_ms());
        pthread_mutex_unlock(&session->tree.lock);
        if (is_there && !must_be_new)
                return 0;
        if (must_be_new) {
                op->must_be_fresh = true;
                op->fresh_since_ms = stamp_now_ms();
        }
        r = fetch(session, op, dir, WANT_LIST, NULL, NULL);
        op->must_be_fresh = was_fresh;
        op->fresh_since_ms = since_ms;
        return r;
}

/* A decision about what waits in the queue. */
static int write_queue(struct task *task, struct op *op, struct node *node) {
        int r;

        task->data[strcspn(task->data, "\n")] = '\0';
        r = queue_write(task->session, op, node, task->data);
        pthread_mutex_lock(&task->session->tree.lock);
        node_unref(&task->session->tree, node);
        pthread_mutex_unlock(&task->session->tree.lock);
        return r;
}

static int write_control(struct task *task, struct op *op) {
        const struct control_row *row;
        struct node *node;
        bool is_queue;

        pthread_mutex_lock(&task->session->tree.lock);
        node = tree_node(&task->session->tree, task->node);
        is_queue = node && node->branch == &task->session->queue_branch;
        if (is_queue)
                node_ref(node);
        row = node ? control_row(node) : NULL;
        pthread_mutex_unlock(&task->session->tree.lock);
        if (is_queue)
                return write_queue(task, op, node);
        if (!row || !row->write)
                return op_fail(op, EBADF, "not open for writing");
        return control_write(task->session, op, row, task->data, task->size);
}

static int serve_write(struct task *task) {
        struct handle *handle = handle_of(task);

        if (handle && handle->is_ours)
                return write_write(task, handle);
        if (!task_waited(task, WANT_WORK))
                return wait_work(task, write_control);
        fuse_reply_write(task->req, task->size);
        return task_end(task);
}

/** change_on_write() - into an edit; of a control file: replies when what it asks for is done. */
void change_on_write(fuse_req_t req, fuse_ino_t node, const char *data, size_t size, off_t offset,
                     struct fuse_file_info *fi) {
        struct task *task = task_new(req, OPERATION_WRITE, node, serve_write);

        if (!task)
                return;
        task->fi = *fi;
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
