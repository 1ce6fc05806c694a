/* SPDX-License-Identifier: Apache-2.0 */
/* mkdir(2), symlink(2) and link(2). */
#include <string.h>

#include "backends/change.h"
#include "base/stamp.h"
#include "base/text.h"
#include "fs/arriving.h"
#include "fs/branch.h"
#include "fs/carry.h"
#include "fs/change.h"
#include "fs/content.h"
#include "fs/creating.h"
#include "fs/dir.h"
#include "fs/directory.h"
#include "fs/leaving.h"
#include "fs/making.h"
#include "fs/names.h"
#include "fs/process.h"
#include "fs/session.h"
#include "fs/walk.h"

/* The directory that configurations share with what is told of them; it comes with them. */
static const char meta_name[] = ".meta";

/* Names that the tree gives to directories of its own. */
static bool is_of_tree(const char *name) {
        return text_eq(name, ".by-id") || text_eq(name, ".status") || text_eq(name, meta_name);
}

/* Tree locked; unlocks it. */
static int reply_overlay(struct task *task, struct node *dir, const struct entry *entry,
                         enum overlay_role role) {
        struct overlay *overlay;
        int r = overlay_add(task->session, dir, entry, role, &overlay);

        if (r == 0)
                return dir_reply_entry(task, overlay->node, 0);
        pthread_mutex_unlock(&task->session->tree.lock);
        return r;
}

static int refuse(struct task *task, struct op *op) {
        struct tree *tree = &task->session->tree;
        const struct node *dir;
        int r = -ESTALE;

        pthread_mutex_lock(&tree->lock);
        dir = tree_node(tree, task->node);
        if (dir)
                r = change_refuse(op, dir, EPERM, "nothing can be made here");
        pthread_mutex_unlock(&tree->lock);
        return r;
}

/* A level of a tree: local until something is made in it. */
static int make_level(struct session *session, struct op *op, struct subject *subject,
                      struct node **ret) {
        struct entry entry = { 0 };
        struct overlay *overlay;
        int r = view_level(subject->view, op, subject->place, subject->name, &entry);

        if (r < 0)
                return r;
        pthread_mutex_lock(&session->tree.lock);
        leaving_end(session, subject->dir, subject->name, NULL);
        r = overlay_add(session, subject->dir, &entry, OVERLAY_LEVEL, &overlay);
        if (r == 0)
                *ret = node_ref(overlay->node);
        pthread_mutex_unlock(&session->tree.lock);
        entry_done(&entry);
        return r;
}

static int make_draft(struct session *session, struct op *op, struct subject *subject,
                      struct node **ret) {
        struct draft draft = { 0 };
        struct overlay *overlay;
        int r = view_draft(subject->view, op, subject->place, subject->name, &draft);

        if (r < 0)
                return r;
        pthread_mutex_lock(&session->tree.lock);
        r = creating_draft(session, subject->dir, subject->name, &draft, &overlay);
        if (r == 0)
                *ret = node_ref(overlay->node);
        pthread_mutex_unlock(&session->tree.lock);
        draft_done(&draft);
        return r;
}

/* `-o plan`: it is written down, and something stands for it. */
static int make_planned(struct session *session, struct op *op, struct subject *subject,
                        struct node **ret) {
        struct change_result result;
        struct overlay *overlay;
        int r = carry_out(session, op, &(struct carry){ .subject = subject, .act = EDIT_MKDIR },
                          &result);

        change_result_done(&result);
        if (r < 0)
                return r;
        pthread_mutex_lock(&session->tree.lock);
        r = overlay_add(session, subject->dir,
                        &(struct entry){
                                .name = subject->name,
                                .type = ENTRY_DIRECTORY,
                                .mode = 0755,
                        },
                        OVERLAY_DRAFT, &overlay);
        if (r == 0)
                *ret = node_ref(overlay->node);
        pthread_mutex_unlock(&session->tree.lock);
        return r;
}

static int make_directory(struct task *task, struct op *op) {
        struct session *session = task->session;
        struct subject subject = { 0 };
        struct node *dir, *node = NULL;
        unsigned can = 0;
        int r = -ESTALE;

        pthread_mutex_lock(&session->tree.lock);
        dir = tree_node(&session->tree, task->node);
        if (dir)
                r = subject_of_name(session, dir, task->name, &subject);
        if (r == 0)
                can = names_abilities(dir);
        pthread_mutex_unlock(&session->tree.lock);
        if (r < 0)
                return r == -EPERM ? refuse(task, op) : r;
        if (can & CAN_GROUP)
                r = make_level(session, op, &subject, &node);
        else if (can & CAN_DRAFT)
                r = make_draft(session, op, &subject, &node);
        else if ((can & CAN_MKDIR) && session->commits.is_plan_only)
                r = make_planned(session, op, &subject, &node);
        else if (can & CAN_MKDIR)
                r = making_run(session, op, &subject, MAKING_WAIT_MS, &node);
        else
                r = refuse(task, op);
        subject_done(&subject);
        if (r < 0)
                return r;
        task->result = node->id;
        pthread_mutex_lock(&session->tree.lock);
        if ((can & CAN_GROUP) && (names_abilities(node) & ANY_NAME))
                aways_copy(&session->aways, task->process, node, stamp_monotonic_ms());
        pthread_mutex_unlock(&session->tree.lock);
        return 0;
}

/* What the work has made; its reference ends here. Tree locked; unlocks it. */
static int reply_result(struct task *task) {
        struct node *node = tree_node(&task->session->tree, task->result);

        task->result = 0;
        node->lookups++; /* so that letting go does not free it */
        node_unref(&task->session->tree, node);
        node->lookups--;
        return dir_reply_entry(task, node, 0);
}

/* Something of that name is there: no failure for whoever copies a tree. Tree locked; unlocks. */
static int reply_there(struct task *task, struct node *dir, const struct entry *there) {
        struct session *session = task->session;
        struct node *node;

        if (there && there->type == ENTRY_DIRECTORY && text_eq(task->name, meta_name) &&
            tree_adopt(&session->tree, dir, there, &node) == 0) {
                if (aways_copy_into(&session->aways, task->process, dir, node,
                                    stamp_monotonic_ms()))
                        return dir_reply_entry(task, node, 0);
                tree_forget(&session->tree, node, 0);
        }
        pthread_mutex_unlock(&session->tree.lock);
        return -EEXIST;
}

static int serve_mkdir(struct task *task) {
        struct session *session = task->session;
        struct entry entry = { .name = task->name, .type = ENTRY_DIRECTORY, .mode = 0755 };
        const struct entry *there;
        struct overlay *overlay;
        struct node *dir;
        int r;

        if (task->result) {
                pthread_mutex_lock(&session->tree.lock);
                return reply_result(task);
        }
        r = change_ready(task, task->node, &dir);
        if (r <= 0)
                return r;
        if (!task->process)
                task->process = process_of(task->op.pid);
        if (names_standing(session, dir, task->name, &there, &overlay) != STANDS_NOTHING)
                return reply_there(task, dir, there);
        if (text_eq(task->name, meta_name) && (names_abilities(dir) & ANY_NAME))
                return reply_overlay(task, dir, &entry, OVERLAY_LEVEL);
        entry.mode = task->mode & 07777;
        if (!is_of_tree(task->name) && names_is_scratch(session, dir, task->name, false))
                return reply_overlay(task, dir, &entry, OVERLAY_SCRATCH_DIR);
        pthread_mutex_unlock(&session->tree.lock);
        return wait_change(task, make_directory);
}

/** change_on_mkdir() - a resource, a draft of one, a level, or a tool's directory. */
void change_on_mkdir(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode) {
        struct task *task = task_new(req, OPERATION_MKDIR, parent, serve_mkdir);

        if (!task)
                return;
        task->mode = mode;
        if (task_set_name(task, name) < 0)
                task_fail(task, -ENOMEM);
        else
                task_run(task);
}

/* The item that a link is to lead to: inside the mount. */
static int find_target(struct session *session, struct op *op, struct node *dir, const char *target,
                       struct node **ret) {
        const char *mountpoint = session->options.mountpoint;
        size_t len = mountpoint ? strlen(mountpoint) : 0;

        if (*target != '/')
                return walk(session, op, dir, target, ret);
        if (!len || strncmp(target, mountpoint, len) != 0 || target[len] != '/')
                return op_fail(op, EXDEV, "a link here must lead to something in this mount");
        return walk(session, op, NULL, target + len, ret);
}

/* A link that no list tells of yet leads where it was told to lead. Tree locked. */
static struct entry unlisted(const struct subject *subject, char *target) {
        return (struct entry){
                .name = subject->name,
                .type = ENTRY_LINK,
                .target = target,
                .mode = 0777,
        };
}

/* The new link in its directory, as a reference. @other: what it leads to. */
static int adopt(struct session *session, struct subject *subject, const struct entry *made,
                 struct node *other, char *target, struct node **ret) {
        const struct entry entry = made->name ? *made : unlisted(subject, target);
        struct node *node;
        int r;

        pthread_mutex_lock(&session->tree.lock);
        change_refreshes(session, subject->dir, content_doubt);
        change_relates(session, other);
        change_outdates(session, subject->dir);
        arriving_note(session, subject->dir, &entry);
        r = tree_adopt(&session->tree, subject->dir, &entry, &node);
        if (r == 0)
                *ret = node_ref(node);
        pthread_mutex_unlock(&session->tree.lock);
        return r;
}

/* `-o plan`: it is written down, and a link of the mount's own stands for it. */
static int stand_in(struct session *session, struct subject *subject, char *target,
                    struct node **ret) {
        const struct entry entry = unlisted(subject, target);
        struct overlay *overlay;
        int r;

        pthread_mutex_lock(&session->tree.lock);
        r = overlay_add(session, subject->dir, &entry, OVERLAY_SCRATCH, &overlay);
        if (r == 0)
                *ret = node_ref(overlay->node);
        pthread_mutex_unlock(&session->tree.lock);
        return r;
}

static int make_link(struct task *task, struct op *op) {
        struct session *session = task->session;
        struct subject subject = { 0 };
        struct change_result result = { 0 };
        struct node *dir, *target = NULL, *node = NULL;
        int r = -ESTALE;

        pthread_mutex_lock(&session->tree.lock);
        dir = tree_node(&session->tree, task->node);
        if (dir)
                r = subject_of_name(session, dir, task->name, &subject);
        pthread_mutex_unlock(&session->tree.lock);
        if (r == 0)
                r = find_target(session, op, subject.dir, task->to_name, &target);
        if (r == 0)
                r = carry_out(session, op,
                              &(struct carry){
                                      .subject = &subject,
                                      .act = EDIT_LINK,
                                      .other = target->place,
                                      .target = task->to_name,
                              },
                              &result);
        if (r == 0 && session->commits.is_plan_only)
                r = stand_in(session, &subject, task->to_name, &node);
        else if (r == 0)
                r = adopt(session, &subject, &result.entry, target, task->to_name, &node);
        change_result_done(&result);
        if (target)
                walk_let_go(session, target);
        subject_done(&subject);
        if (r == 0)
                task->result = node->id;
        return r;
}

static int serve_symlink(struct task *task) {
        struct session *session = task->session;
        const struct entry entry = {
                .name = task->name,
                .type = ENTRY_LINK,
                .target = task->to_name,
                .mode = 0777,
        };
        const struct entry *there;
        struct overlay *overlay;
        struct node *dir;
        int r;

        if (task->result) {
                pthread_mutex_lock(&session->tree.lock);
                return reply_result(task);
        }
        r = change_ready(task, task->node, &dir);
        if (r <= 0)
                return r;
        r = 0;
        if (names_standing(session, dir, task->name, &there, &overlay) != STANDS_NOTHING)
                r = -EEXIST;
        else if (names_is_scratch(session, dir, task->name, false))
                return reply_overlay(task, dir, &entry, OVERLAY_SCRATCH);
        else if (!(names_abilities(dir) & CAN_LINK))
                r = change_refuse(&task->op, dir, EPERM, "no link can be made here");
        pthread_mutex_unlock(&session->tree.lock);
        return r < 0 ? r : wait_change(task, make_link);
}

/** change_on_symlink() - a relation, or a tool's lock. */
void change_on_symlink(fuse_req_t req, const char *target, fuse_ino_t parent, const char *name) {
        struct task *task = task_new(req, OPERATION_SYMLINK, parent, serve_symlink);

        if (!task)
                return;
        task->to_name = strdup(target);
        if (!task->to_name || task_set_name(task, name) < 0)
                task_fail(task, -ENOMEM);
        else
                task_run(task);
}

static int refuse_link(struct task *task) {
        return op_fail(&task->op, EPERM, "there are no hard links here");
}

/** change_on_link() - a second name. */
void change_on_link(fuse_req_t req, fuse_ino_t node, fuse_ino_t parent, const char *name) {
        (void)node;
        task_on_name(req, OPERATION_LINK, parent, name, refuse_link);
}
