/* SPDX-License-Identifier: Apache-2.0 */
/* unlink(2) and rmdir(2). */
#include <limits.h>
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
#include "fs/directory.h"
#include "fs/fetch.h"
#include "fs/leaving.h"
#include "fs/levels.h"
#include "fs/names.h"
#include "fs/process.h"
#include "fs/session.h"

static int reply(struct task *task) {
        fuse_reply_err(task->req, 0);
        return task_end(task);
}

/* Is it about what stands below .hcloudfs? */
static bool is_of(struct task *task, const struct branch *branch) {
        struct session *session = task->session;
        const struct node *dir;
        bool is;

        pthread_mutex_lock(&session->tree.lock);
        dir = tree_node(&session->tree, task->node);
        is = dir && dir->branch == branch;
        pthread_mutex_unlock(&session->tree.lock);
        return is;
}

/* Tree locked; unlocks it. */
static int unlock(struct task *task, int r) {
        pthread_mutex_unlock(&task->session->tree.lock);
        return r;
}

/* The directory, and what stands in it under the task's name; as change_ready(). */
static int look(struct task *task, struct node **ret_dir, enum standing *ret_standing,
                const struct entry **ret_entry, struct overlay **ret_overlay) {
        struct session *session = task->session;
        const struct node *node;
        int r;

        if (!task->process)
                task->process = process_of(task->op.pid);
        r = change_ready(task, task->node, ret_dir);
        if (r <= 0)
                return r;
        node = tree_child(&session->tree, *ret_dir, task->name);
        if (wards_forbid(&session->wards, task->process, node ? node : *ret_dir,
                         stamp_monotonic_ms()))
                return unlock(task, op_fail(&task->op, EPERM,
                                            "a file of this resource could not be removed, so "
                                            "nothing below it is: use rmdir of the resource's own "
                                            "directory"));
        *ret_standing = names_standing(session, *ret_dir, task->name, ret_entry, ret_overlay);
        return 1;
}

/* The subject of an entry, and what is known of its bytes. Tree locked. */
static int take_entry(struct task *task, struct node *dir, const struct entry *entry,
                      struct subject *ret, struct document **ret_before) {
        struct session *session = task->session;
        struct node *node;
        int r = tree_adopt(&session->tree, dir, entry, &node);

        if (r < 0)
                return r;
        r = subject_of_node(session, node, ret);
        if (r == 0 && node->type == ENTRY_FILE && node->content && node->content->published)
                *ret_before = document_ref(node->content->published);
        tree_forget(&session->tree, node, 0);
        return r;
}

/* Subject of the entry that the task is about, and what is known of its bytes. */
static int take_subject(struct task *task, struct subject *ret, struct document **ret_before) {
        struct session *session = task->session;
        const struct entry *entry = NULL;
        struct node *dir;
        int r = -ENOENT;

        *ret = (struct subject){ 0 };
        *ret_before = NULL;
        pthread_mutex_lock(&session->tree.lock);
        dir = tree_node(&session->tree, task->node);
        if (dir)
                entry = names_entry(session, dir, task->name);
        if (entry)
                r = take_entry(task, dir, entry, ret, ret_before);
        pthread_mutex_unlock(&session->tree.lock);
        return r;
}

/* `-o plan`: the requests are written down, nothing else happens. */
static int plan(struct session *session, struct op *op, struct subject *subject,
                enum edit_act act) {
        struct change_result result;
        int r = carry_out(session, op, &(struct carry){ .subject = subject, .act = act }, &result);

        change_result_done(&result);
        return r;
}

/* rm of a document: checked, durable, and a second later sent. */
static int remove_document(struct task *task, struct op *op) {
        struct session *session = task->session;
        struct document *before;
        struct subject subject;
        int r = take_subject(task, &subject, &before);

        if (r == 0 && session->commits.is_plan_only)
                r = plan(session, op, &subject, EDIT_REMOVE);
        else if (r == 0)
                r = leaving_begin(session, op, &subject, before);
        subject_done(&subject);
        document_unref(before);
        return r;
}

/* What is sent at once. @settle: with the status of the answer, the tree locked; not for a plan. */
static int remove_now(struct task *task, struct op *op, enum edit_act act,
                      void (*settle)(struct session *session, const struct subject *subject,
                                     int status)) {
        struct session *session = task->session;
        struct change_result result = { 0 };
        struct document *before;
        struct subject subject;
        int r = take_subject(task, &subject, &before);

        if (r == 0)
                r = carry_out(session, op,
                              &(struct carry){
                                      .subject = &subject,
                                      .act = act,
                                      .is_directory = act == EDIT_REMOVE,
                              },
                              &result);
        if (r == 0 && !session->commits.is_plan_only) {
                pthread_mutex_lock(&session->tree.lock);
                settle(session, &subject, result.status);
                pthread_mutex_unlock(&session->tree.lock);
        }
        change_result_done(&result);
        subject_done(&subject);
        document_unref(before);
        return r;
}

/* Tree locked. */
static void settle_link(struct session *session, const struct subject *subject, int status) {
        (void)status;
        change_refreshes(session, subject->dir, content_doubt);
        change_outdates(session, subject->dir);
        (void)leaving_hide(session, subject->dir, subject->name);
}

/* rm of a link that ln -s made. */
static int remove_link(struct task *task, struct op *op) {
        struct session *session = task->session;
        const struct entry *entry = NULL;
        struct node *dir, *other = NULL;
        int r;

        pthread_mutex_lock(&session->tree.lock);
        dir = tree_node(&session->tree, task->node);
        if (dir)
                entry = names_entry(session, dir, task->name);
        if (entry && entry->target)
                other = change_leads_to(session, dir, entry->target);
        if (other)
                node_ref(other);
        pthread_mutex_unlock(&session->tree.lock);
        r = remove_now(task, op, EDIT_UNLINK, settle_link);
        pthread_mutex_lock(&session->tree.lock);
        if (r == 0 || op->fault.is_unknown)
                change_relates(session, other);
        node_unref(&session->tree, other);
        pthread_mutex_unlock(&session->tree.lock);
        return r;
}

static int remove_shelved(struct task *task, struct op *op) {
        struct session *session = task->session;
        struct overlay *overlay = NULL;
        struct node *dir, *node = NULL;
        struct journal *journal = NULL;
        int r;

        pthread_mutex_lock(&session->tree.lock);
        dir = tree_node(&session->tree, task->node);
        if (dir)
                overlay = overlay_find(dir, task->name);
        if (overlay && overlay->role == OVERLAY_SHELVED) {
                node = node_ref(overlay->node);
                journal = branch_journal(dir->branch);
        }
        pthread_mutex_unlock(&session->tree.lock);
        if (!node || !journal)
                return op_fail(op, ENOENT, "it has gone");
        r = shelves_remove(session, op, journal, node);
        pthread_mutex_lock(&session->tree.lock);
        node_unref(&session->tree, node);
        pthread_mutex_unlock(&session->tree.lock);
        return r;
}

/* rm of the reason of a refusal: it does not come again with the next mount. */
static int remove_note(struct task *task, struct op *op) {
        struct session *session = task->session;
        struct buf path = BUF_INIT(64 * 1024);
        struct journal *journal = NULL;
        struct overlay *overlay = NULL;
        struct node *dir;

        pthread_mutex_lock(&session->tree.lock);
        dir = tree_node(&session->tree, task->node);
        if (dir)
                overlay = overlay_find(dir, task->name);
        if (overlay && overlay->role == OVERLAY_NOTE) {
                journal = branch_journal(dir->branch);
                (void)node_path(dir, &path);
                overlay_remove(session, overlay);
        }
        pthread_mutex_unlock(&session->tree.lock);
        if (journal && text_ends(task->name, ".error") &&
            buf_printf(&path, "/%.*s", (int)(strlen(task->name) - strlen(".error")), task->name) ==
                    0)
                reasons_forget(journal, op, buf_str(&path));
        buf_done(&path);
        return 0;
}

static int remove_resource(struct task *task, struct op *op);

/* The text that a new document or a draft is made from, NULL where there is none. Tree locked. */
static const struct editing *text_of(const struct overlay *overlay) {
        const struct overlay *part;

        if (overlay->role != OVERLAY_DRAFT)
                return overlay->editing;
        part = overlay_after(overlay->node, 0);
        while (part && part->role != OVERLAY_DRAFT_DOCUMENT)
                part = part->next;
        return part ? part->editing : NULL;
}

static bool is_being_sent(const struct overlay *overlay) {
        const struct editing *editing = text_of(overlay);

        return editing && editing->is_sending;
}

/* Is it being made in the cloud, or made and in no list yet? Then it is more than a thing of ours:
 * to let go of what stands for it would leave it there. Tree locked. */
static bool is_in_cloud(const struct overlay *overlay) {
        if (overlay->role != OVERLAY_NEW && overlay->role != OVERLAY_DRAFT)
                return false;
        return overlay->is_created || overlay->is_making || overlay->is_doubted ||
               is_being_sent(overlay);
}

/* Does nobody know yet whether it was made? Tree locked. */
static bool is_in_doubt(struct session *session, const struct node *dir,
                        const struct overlay *overlay) {
        return overlay->is_doubted && dir->place &&
               doubts_find(&session->commits.doubts, EDIT_CREATE, place_identity(dir->place),
                           overlay->node->name);
}

/* Waits while what stands for the task's name is being sent. Tree locked. Returns 1 where a new
 * list has to tell what has become of it, 0 where it never came to be and is gone, or -EBUSY. */
static int await_sent(struct task *task, struct op *op, const struct node *dir) {
        struct session *session = task->session;
        struct overlay *overlay = overlay_find(dir, task->name);

        while (overlay && is_being_sent(overlay)) {
                pthread_cond_wait(&session->sent, &session->tree.lock);
                overlay = overlay_find(dir, task->name);
        }
        if (!overlay || overlay->is_created || is_in_doubt(session, dir, overlay))
                return 1;
        if (overlay->is_making)
                return op_fail(op, EBUSY,
                               "it is still being made: it can be removed when it is there");
        if (overlay->role == OVERLAY_DRAFT) { /* what was to make it has failed */
                creating_discard(session, overlay);
                return 0;
        }
        reasons_end_soon(session, overlay->node->parent, overlay->node->name);
        overlay_discard(session, overlay);
        return 0;
}

/* What the list has under the task's name by now. 1; 0: nothing; -EBUSY. Tree locked. */
static int find_entry(struct task *task, struct op *op, struct node *dir, enum entry_type *ret) {
        const struct entry *entry = names_entry(task->session, dir, task->name);
        const struct overlay *overlay = overlay_find(dir, task->name);

        if (overlay && is_in_doubt(task->session, dir, overlay))
                return op_fail(op, EBUSY,
                               "nobody knows yet whether it was made: it can be removed when a "
                               "list shows it, or when it is forgotten in .hcloudfs/queue");
        if (overlay)
                return op_fail(op, EBUSY, "it was just made, and no list shows it yet");
        if (!entry)
                return 0;
        *ret = entry->type;
        return 1;
}

/* What has become of what was being made? 1 and its type; 0: it never was; negative errno. */
static int find_made(struct task *task, struct op *op, enum entry_type *ret) {
        struct session *session = task->session;
        const struct overlay *overlay;
        struct node *dir, *node;
        int r;

        pthread_mutex_lock(&session->tree.lock);
        dir = tree_node(&session->tree, task->node);
        if (!dir)
                return unlock(task, -ESTALE);
        node_ref(dir);
        r = await_sent(task, op, dir);
        overlay = overlay_find(dir, task->name);
        node = overlay && overlay->is_created ? node_ref(overlay->node) : NULL;
        pthread_mutex_unlock(&session->tree.lock);
        if (r > 0)
                r = node ? arriving_await(session, op, node, ARRIVING_SOON_MS)
                         : change_work_for(session, op, dir, true);
        pthread_mutex_lock(&session->tree.lock);
        node_unref(&session->tree, node);
        if (r == 0)
                r = find_entry(task, op, dir, ret);
        node_unref(&session->tree, dir);
        return unlock(task, r);
}

static int remove_made(struct task *task, struct op *op) {
        enum entry_type type = ENTRY_FILE;
        int r = find_made(task, op, &type);

        if (r <= 0)
                return r;
        if (task->operation == OPERATION_UNLINK)
                return type == ENTRY_FILE ? remove_document(task, op) : -EISDIR;
        return type == ENTRY_DIRECTORY ? remove_resource(task, op) : -ENOTDIR;
}

/* Tree locked; unlocks it. */
static int unlink_overlay(struct task *task, struct overlay *overlay, enum standing standing) {
        if (standing == STANDS_SCRATCH_DIR || standing == STANDS_DRAFT ||
            overlay->node->type == ENTRY_DIRECTORY)
                return unlock(task, -EISDIR);
        if (overlay->role == OVERLAY_SHELVED) {
                pthread_mutex_unlock(&task->session->tree.lock);
                return wait_change(task, remove_shelved);
        }
        if (standing == STANDS_DRAFT_FILE)
                return unlock(task,
                              op_fail(&task->op, EPERM, "a draft is discarded as a whole: rmdir"));
        if (overlay->role == OVERLAY_NOTE) {
                pthread_mutex_unlock(&task->session->tree.lock);
                return wait_change(task, remove_note);
        }
        if (is_in_cloud(overlay)) {
                pthread_mutex_unlock(&task->session->tree.lock);
                return wait_change(task, remove_made);
        }
        if (overlay->role == OVERLAY_NEW)
                reasons_end_soon(task->session, overlay->node->parent, overlay->node->name);
        overlay_discard(task->session, overlay);
        pthread_mutex_unlock(&task->session->tree.lock);
        return reply(task);
}

/* After the answer: is the resource gone, or going? Accepted is not done (202). Tree locked. */
static void settle_resource(struct session *session, const struct subject *subject, int status) {
        enum { ACCEPTED = 202 };
        struct node *node = tree_find(&session->tree, subject->place);

        change_refreshes(session, subject->dir, content_doubt);
        change_outdates(session, subject->dir);
        arriving_forget(session, subject->dir, subject->name);
        if (status != ACCEPTED)
                (void)leaving_hide(session, subject->dir, subject->name);
        if (node && node->type == ENTRY_DIRECTORY && node->directory)
                node->directory->fresh_until_ms = 0;
}

static int remove_resource(struct task *task, struct op *op) {
        return remove_now(task, op, EDIT_REMOVE, settle_resource);
}

/* A resource is not destroyed by removing what is in it. Tree locked; unlocks it. */
static int refuse_attribute(struct task *task, const struct node *dir) {
        if (!branch_is_read_only(dir->branch))
                wards_raise(&task->session->wards, task->process, dir, stamp_monotonic_ms());
        return unlock(task, change_refuse(&task->op, dir, EPERM,
                                          "this is a part of its resource: a resource is removed "
                                          "by rmdir of its own directory"));
}

/* Is what a link by id leads to on its way out? Tree locked. */
static bool leads_to_leaving(struct session *session, struct node *dir, const char *target) {
        char name[NAME_MAX + 1];
        size_t len;

        if (!text_starts(target, "../"))
                return false;
        for (dir = dir->parent, target += strlen("../"); dir; target += len + 1) {
                len = strcspn(target, "/");
                if (len > NAME_MAX)
                        return false;
                memcpy(name, target, len);
                name[len] = '\0';
                if (!target[len])
                        return names_listed(dir, name) && !names_entry(session, dir, name);
                dir = tree_child(&session->tree, dir, name);
        }
        return false;
}

/* A link by id goes with what it leads to. Tree locked; unlocks it. */
static int unlink_by_id(struct task *task, struct node *dir, const struct entry *entry) {
        bool is_leaving = leads_to_leaving(task->session, dir, entry->target);

        if (!is_leaving)
                return unlock(task, change_refuse(&task->op, dir, EPERM,
                                                  "what this link leads to is still there: it goes "
                                                  "with that"));
        pthread_mutex_unlock(&task->session->tree.lock);
        return reply(task);
}

static int serve_unlink(struct task *task) {
        struct session *session = task->session;
        const struct entry *entry;
        struct overlay *overlay;
        enum standing standing;
        struct node *dir;
        unsigned can = 0;
        int r;

        if (is_of(task, &session->archive_branch))
                return archive_remove(task, false);
        if (is_of(task, &session->jobs_branch))
                return jobs_remove(task);
        if (task_waited(task, WANT_WORK))
                return reply(task);
        r = look(task, &dir, &standing, &entry, &overlay);
        if (r <= 0)
                return r;
        if (overlay)
                return unlink_overlay(task, overlay, standing);
        if (!entry && names_listed(dir, task->name)) { /* it goes with what it belongs to */
                pthread_mutex_unlock(&session->tree.lock);
                return reply(task);
        }
        if (!entry)
                return unlock(task, -ENOENT);
        if (entry->type == ENTRY_DIRECTORY)
                return unlock(task, -EISDIR);
        if (entry->place && dir->branch->ops->abilities)
                can = dir->branch->ops->abilities(dir->branch, entry->place);
        if (standing == STANDS_DOCUMENT || (standing == STANDS_LINK && (can & CAN_REMOVE))) {
                pthread_mutex_unlock(&session->tree.lock);
                return wait_change(task, standing == STANDS_LINK ? remove_link : remove_document);
        }
        if (standing == STANDS_LINK && entry->target && text_eq(dir->name, ".by-id"))
                return unlink_by_id(task, dir, entry);
        return refuse_attribute(task, dir);
}

/** change_on_unlink() - rm of a document, a relation, or something beside the cloud. */
void change_on_unlink(fuse_req_t req, fuse_ino_t parent, const char *name) {
        task_on_name(req, OPERATION_UNLINK, parent, name, serve_unlink);
}

/* The node of a level, in the list or beside it, as a reference. Tree locked. */
static int hold_level(struct task *task, struct node *dir, struct node **ret) {
        struct session *session = task->session;
        const struct overlay *overlay = overlay_find(dir, task->name);
        const struct entry *entry = names_entry(session, dir, task->name);
        struct node *node = overlay ? overlay->node : NULL;
        int r = 0;

        if (!node)
                r = entry ? tree_adopt(&session->tree, dir, entry, &node) : -ENOENT;
        if (r == 0)
                *ret = node_ref(node);
        return r;
}

/* Does it tell of what stands beside it? It is there as long as that is. */
static bool is_told(const char *name) {
        return *name == '.' && !text_eq(name, ".by-id");
}

/* rmdir of what has no call of its own: a level of a tree goes when nothing is left in it. */
static int remove_level(struct task *task, struct op *op) {
        struct session *session = task->session;
        struct node *dir, *node = NULL;
        struct looks looks;
        int r = -ESTALE;

        pthread_mutex_lock(&session->tree.lock);
        dir = tree_node(&session->tree, task->node);
        if (dir)
                r = hold_level(task, dir, &node);
        pthread_mutex_unlock(&session->tree.lock);
        if (r < 0)
                return r;
        r = levels_look(session, op, node, &looks);
        pthread_mutex_lock(&session->tree.lock);
        if (r == 0 && !levels_is_deserted(session, node))
                r = op_fail(op, ENOTEMPTY, "something is left in it");
        if (r == 0 && node->overlay && node->overlay->link)
                overlay_remove(session, node->overlay);
        if (r == 0 && !is_told(task->name))
                r = leaving_hide(session, dir, task->name);
        levels_let_go(session, &looks);
        node_unref(&session->tree, node);
        pthread_mutex_unlock(&session->tree.lock);
        return r;
}

/* Tree locked; unlocks it. */
static int rmdir_overlay(struct task *task, struct overlay *overlay) {
        struct node *node = overlay->node;
        int r = 0;

        if (node->type != ENTRY_DIRECTORY) {
                r = -ENOTDIR;
        } else if (is_in_cloud(overlay)) {
                pthread_mutex_unlock(&task->session->tree.lock);
                return wait_change(task, remove_made);
        } else if (overlay->role == OVERLAY_DRAFT) {
                creating_discard(task->session, overlay);
        } else if (!overlay_is_empty(node)) {
                r = -ENOTEMPTY;
        } else {
                overlay_remove(task->session, overlay);
        }
        pthread_mutex_unlock(&task->session->tree.lock);
        return r < 0 ? r : reply(task);
}

static int serve_rmdir(struct task *task) {
        const struct entry *entry;
        struct overlay *overlay;
        enum standing standing;
        struct node *dir;
        unsigned can = 0;
        bool is_level;
        int r;

        if (is_of(task, &task->session->archive_branch))
                return archive_remove(task, true);
        if (task_waited(task, WANT_WORK))
                return reply(task);
        r = look(task, &dir, &standing, &entry, &overlay);
        if (r <= 0)
                return r;
        if (overlay && overlay->role == OVERLAY_LEVEL && overlay->is_created) {
                pthread_mutex_unlock(&task->session->tree.lock);
                return wait_change(task, remove_level);
        }
        if (overlay)
                return rmdir_overlay(task, overlay);
        if (!entry)
                return unlock(task, -ENOENT);
        if (entry->type != ENTRY_DIRECTORY)
                return unlock(task, -ENOTDIR);
        if (entry->place && dir->branch->ops->abilities)
                can = dir->branch->ops->abilities(dir->branch, entry->place);
        is_level = names_abilities(dir) & CAN_GROUP || (is_told(task->name) && !dir->is_apart);
        if (!(can & CAN_REMOVE) && !is_level)
                return refuse_attribute(task, dir);
        pthread_mutex_unlock(&task->session->tree.lock);
        return wait_change(task, can & CAN_REMOVE ? remove_resource : remove_level);
}

/** change_on_rmdir() - of a resource, a draft, a level. */
void change_on_rmdir(fuse_req_t req, fuse_ino_t parent, const char *name) {
        task_on_name(req, OPERATION_RMDIR, parent, name, serve_rmdir);
}
