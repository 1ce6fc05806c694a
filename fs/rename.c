/* SPDX-License-Identifier: Apache-2.0 */
/* rename(2): how most editors and tools save (file rules 11 and 13). */
#include <fcntl.h>
#include <string.h>

#include "backends/change.h"
#include "base/stamp.h"
#include "fs/branch.h"
#include "fs/carry.h"
#include "fs/change.h"
#include "fs/content.h"
#include "fs/creating.h"
#include "fs/decide.h"
#include "fs/directory.h"
#include "fs/file.h"
#include "fs/leaving.h"
#include "fs/names.h"
#include "fs/note.h"
#include "fs/process.h"
#include "fs/saving.h"
#include "fs/session.h"
#include "fs/times.h"

/* RENAME_NOREPLACE of linux/fs.h; the others mean what cannot be done here. */
enum { NO_REPLACE = 1 };

/* One end of a rename. Valid while the tree is locked. */
struct end {
        struct node *dir;
        const char *name;
        const struct entry *entry;
        struct overlay *overlay;
        struct rename_end what;
};

static int reply(struct task *task) {
        fuse_reply_err(task->req, 0);
        return task_end(task);
}

static void look(struct task *task, struct node *dir, const char *name, struct end *ret) {
        struct session *session = task->session;
        unsigned can = names_abilities(dir), own = 0;
        struct end end = { .dir = dir, .name = name };

        end.what.standing = names_standing(session, dir, name, &end.entry, &end.overlay);
        if (end.entry && end.entry->place && dir->branch->ops->abilities)
                own = dir->branch->ops->abilities(dir->branch, end.entry->place);
        end.what.can_save =
                (own & CAN_SAVE) || (end.overlay && end.overlay->role == OVERLAY_DRAFT_DOCUMENT);
        end.what.can_create = can & CAN_CREATE_FILE;
        end.what.is_of_cloud = !(dir->overlay && dir->is_apart);
        end.what.is_scratch_name = names_is_scratch(session, dir, name, false);
        *ret = end;
}

/* A name that is on its way out was the first half of this save: it stays, unless no call changes
 * what has it. Tree locked, but not while that is sent. */
static struct leaving *take_back(struct task *task, struct end *from, struct end *to) {
        struct session *session = task->session;
        struct leaving *leaving = leaving_take_back(session, to->dir, to->name);

        if (leaving && !(leaving_can(leaving) & CAN_SAVE))
                leaving_hurry(session, STEAL(leaving));
        look(task, from->dir, from->name, from);
        look(task, to->dir, to->name, to);
        return leaving;
}

/* Both ends. Returns 1 and the tree locked; 0 if the task waits, negative errno. */
static int look_at_both(struct task *task, struct end *from, struct end *to) {
        struct session *session = task->session;
        struct node *dir, *to_dir;
        int r = change_ready(task, task->node, &dir);

        if (r <= 0)
                return r;
        pthread_mutex_unlock(&session->tree.lock);
        r = change_ready(task, task->to, &to_dir);
        if (r <= 0)
                return r;
        dir = tree_node(&session->tree, task->node);
        if (!dir) {
                pthread_mutex_unlock(&session->tree.lock);
                return -ESTALE;
        }
        look(task, dir, task->name, from);
        look(task, to_dir, task->to_name, to);
        aways_end(&session->aways, to_dir, task->to_name);
        return 1;
}

/* The bytes of what is renamed, copied. Tree locked. */
static char *copy_bytes(const struct end *from, size_t *ret_len) {
        const struct blob *blob = from->overlay->scratch ? &from->overlay->scratch->blob
                                                         : &from->overlay->editing->text;
        char *copy = malloc(blob->len + 1);

        if (!copy)
                return NULL;
        if (blob->len)
                memcpy(copy, blob->data, blob->len);
        copy[blob->len] = '\0';
        *ret_len = blob->len;
        return copy;
}

/* The time that was set on it: it goes with the bytes. NULL where none was. Tree locked. */
static bool copy_time(const struct end *from, struct timespec *ret) {
        const struct overlay *overlay = from->overlay;

        if (overlay->scratch) {
                *ret = overlay->scratch->modified;
                return overlay->scratch->is_time_set;
        }
        *ret = overlay->editing->modified;
        return overlay->editing->has_time;
}

/* What is sent, and where it came from: held on to while it is sent. */
struct replacing {
        struct subject subject; /* of the new name */
        struct node *source;    /* referenced */
        char *text;
        size_t len;
        struct timespec modified;
        bool has_time;
        struct document *base; /* of a save; referenced */
        bool may_replace;      /* as in struct saving */
};

static void replacing_done(struct session *session, struct replacing *replacing) {
        subject_done(&replacing->subject);
        pthread_mutex_lock(&session->tree.lock);
        node_unref(&session->tree, replacing->source);
        pthread_mutex_unlock(&session->tree.lock);
        if (replacing->base)
                document_unref(replacing->base);
        free(replacing->text);
}

/* Who still writes it writes into the document from now on. Tree locked. */
static void turn_handles(struct session *session, struct node *node,
                         const struct replacing *replacing, struct document *now) {
        for (struct handle *handle = session->handles; handle; handle = handle->next) {
                struct editing *editing;

                if (handle->node != node || !handle->scratch)
                        continue;
                if (editing_new(&session->blobs, now, handle->process, &editing) < 0)
                        continue;
                (void)blob_set(&editing->text, replacing->text, replacing->len);
                handle->editing = editing;
                handle->scratch = NULL;
                if (subject_of_node(session, node, &handle->subject) < 0)
                        handle->subject = (struct subject){ 0 };
        }
}

/*
 * The kernel shows the source's node under the new name: it becomes the document. The document's
 * former node lives on for those who have it open. Tree locked.
 */
static int become(struct session *session, struct replacing *replacing, const struct entry *entry,
                  struct document *now) {
        struct node *node = replacing->source, *before = tree_find(&session->tree, entry->place);
        struct overlay *overlay = node->overlay;
        int r;

        if (!overlay || !overlay->link)
                return 0;
        r = overlay_move(session, overlay, replacing->subject.dir, entry->name);
        if (r < 0)
                return r;
        if (overlay->scratch)
                turn_handles(session, node, replacing, now);
        r = overlay_become(session, overlay, entry, replacing->subject.branch);
        if (r < 0)
                return r;
        if (!node->content)
                node->content = content_new();
        if (!node->content)
                return -ENOMEM;
        (void)content_commit(node->content, document_ref(now), stamp_monotonic_ms());
        if (before && before != node && before->content)
                content_replaces(node->content, before->content);
        if (replacing->has_time)
                times_set(session, node, &replacing->modified);
        return 0;
}

/* A fresh entry for what stands under the subject's name, owned by the caller. Tree locked. */
static int copy_entry(struct session *session, struct node *dir, const char *name,
                      struct entry *ret) {
        const struct entry *entry = names_entry(session, dir, name);

        if (!entry)
                return -ENOENT;
        *ret = *entry;
        ret->name = strdup(entry->name);
        ret->target = NULL;
        if (!ret->name)
                return -ENOMEM;
        ret->place = place_ref(entry->place);
        return 0;
}

/* rename(scratch -> document) is one update. */
static int save(struct task *task, struct op *op, struct replacing *replacing) {
        struct session *session = task->session;
        struct document *now = NULL;
        struct entry entry = { 0 };
        struct saving saving = {
                .subject = &replacing->subject,
                .process = task->process,
                .text = replacing->text,
                .len = replacing->len,
                .base = replacing->base,
                .modified = replacing->has_time ? &replacing->modified : NULL,
                .may_replace = replacing->may_replace,
        };
        int r = saving_run(session, op, &saving, &now);

        if (r < 0)
                return r;
        pthread_mutex_lock(&session->tree.lock);
        if (replacing->source->overlay && replacing->source->overlay->link)
                reasons_end_soon(session, replacing->source->parent, replacing->source->name);
        if (saving.is_replaced)
                entry = saving.made;
        else if (now)
                r = copy_entry(session, replacing->subject.dir, replacing->subject.name, &entry);
        if (now && r == 0 && entry.name)
                (void)become(session, replacing, &entry, now);
        else if (replacing->source->overlay && replacing->source->overlay->link)
                overlay_remove(session, replacing->source->overlay);
        pthread_mutex_unlock(&session->tree.lock);
        entry_done(&entry);
        if (now)
                document_unref(now);
        return 0; /* it is saved, whatever is shown of it */
}

/* A copy of a note is nothing to be kept. */
static int drop(struct session *session, struct node *source) {
        pthread_mutex_lock(&session->tree.lock);
        if (source->overlay && source->overlay->link)
                overlay_remove(session, source->overlay);
        pthread_mutex_unlock(&session->tree.lock);
        return 0;
}

/* rename(scratch -> new name) creates the document. */
static int create(struct task *task, struct op *op, struct replacing *replacing) {
        struct session *session = task->session;
        struct change_result result;
        struct document *now = NULL;
        int r;

        if (note_is_copy(replacing->subject.name, replacing->text, replacing->len))
                return drop(session, replacing->source);
        r = creating_text(session, op, replacing->subject.dir, replacing->subject.name,
                          replacing->text, replacing->len, &result);
        pthread_mutex_lock(&session->tree.lock);
        if (r == 0 && replacing->source->overlay && replacing->source->overlay->link) {
                struct overlay *overlay = replacing->source->overlay;

                reasons_end_soon(session, overlay->node->parent, overlay->node->name);
                r = overlay_move(session, overlay, replacing->subject.dir, replacing->subject.name);
                if (r == 0 && !session->commits.is_plan_only)
                        r = creating_done(session, overlay, &result.entry,
                                          replacing->subject.branch);
        }
        pthread_mutex_unlock(&session->tree.lock);
        if (r == 0 && !session->commits.is_plan_only)
                (void)creating_learn(session, op, replacing->source, task->process,
                                     replacing->has_time ? &replacing->modified : NULL, &now);
        if (now)
                document_unref(now);
        change_result_done(&result);
        return r;
}

/* rename(scratch -> a draft's document) is a save of that. */
static int fill_draft(struct task *task, struct op *op, struct replacing *replacing) {
        struct session *session = task->session;
        struct node *dir, *node = NULL;
        struct overlay *overlay = NULL;
        int r = -ENOENT;

        pthread_mutex_lock(&session->tree.lock);
        dir = tree_node(&session->tree, task->to);
        if (dir)
                overlay = overlay_find(dir, task->to_name);
        if (overlay && overlay->editing) {
                node = node_ref(overlay->node);
                r = blob_set(&overlay->editing->text, replacing->text, replacing->len);
                overlay->editing->changes++;
                overlay->editing->opener = task->process;
        }
        pthread_mutex_unlock(&session->tree.lock);
        if (r == 0)
                r = creating_send(session, op, node, overlay->editing);
        pthread_mutex_lock(&session->tree.lock);
        if (node)
                node_unref(&session->tree, node);
        if (r == 0 && replacing->source->overlay && replacing->source->overlay->link)
                overlay_remove(session, replacing->source->overlay);
        pthread_mutex_unlock(&session->tree.lock);
        return r;
}

/* Of a node that is held no longer than that. Tree locked. */
static int take_subject(struct session *session, struct node *node, struct subject *ret) {
        int r = subject_of_node(session, node, ret);

        tree_forget(&session->tree, node, 0);
        return r;
}

/* What the service itself renames, or moves from one owner to another. */
static int call(struct task *task, struct op *op) {
        struct session *session = task->session;
        struct subject subject = { 0 };
        struct place *other = NULL;
        struct change_result result = { 0 };
        struct end from, to;
        struct node *node, *related = NULL;
        bool is_over;
        int r;

        task->waited |= 1U << WANT_LIST; /* a flight waits for no other */
        r = look_at_both(task, &from, &to);

        if (r <= 0)
                return r < 0 ? r : -EIO;
        r = from.entry ? tree_adopt(&session->tree, from.dir, from.entry, &node) : -ENOENT;
        if (r == 0)
                r = take_subject(session, node, &subject);
        is_over = to.entry;
        if (r == 0 && from.entry->target)
                related = change_leads_to(session, from.dir, from.entry->target);
        if (related)
                node_ref(related);
        if (r == 0 && to.dir->place)
                other = place_ref(to.dir->place);
        pthread_mutex_unlock(&session->tree.lock);
        if (r == 0 && !other)
                r = op_fail(op, EXDEV, "it cannot be moved there");
        if (r == 0)
                r = carry_out(session, op,
                              &(struct carry){
                                      .subject = &subject,
                                      .act = EDIT_RENAME,
                                      .other = other,
                                      .name = task->to_name,
                                      .target = task->to_name,
                              },
                              &result);
        if (r == -EEXIST && is_over) /* mv copies then: an update of what is there, and rm */
                r = op_fail(op, EXDEV, "no call renames it over another");
        pthread_mutex_lock(&session->tree.lock);
        if (r == 0 && !session->commits.is_plan_only) {
                struct node *dir = tree_node(&session->tree, task->to);

                change_outdates(session, subject.dir);
                reasons_end_soon(session, subject.dir, subject.name);
                (void)leaving_hide(session, subject.dir, subject.name);
                if (dir) {
                        leaving_end(session, dir, task->to_name, NULL);
                        change_outdates(session, dir);
                }
                change_relates(session, related);
                notify_entry(&session->notify, task->to, task->to_name);
        }
        node_unref(&session->tree, related);
        pthread_mutex_unlock(&session->tree.lock);
        if (other)
                place_unref(other);
        change_result_done(&result);
        subject_done(&subject);
        return r;
}

/* Has the target's bytes, where a save needs them as its base. Tree not locked. */
static int find_base(struct task *task, struct op *op, struct replacing *replacing) {
        struct session *session = task->session;
        struct node *node;
        int r;

        replacing->base = saving_base(session, replacing->subject.place, task->process, NULL);
        if (replacing->base)
                return 0;
        pthread_mutex_lock(&session->tree.lock);
        node = tree_find(&session->tree, replacing->subject.place);
        if (node && node->content && node->content->published)
                replacing->base = document_ref(node->content->published);
        pthread_mutex_unlock(&session->tree.lock);
        if (replacing->base)
                return 0;
        r = view_read(replacing->subject.view, op, replacing->subject.place, &replacing->base);
        return r;
}

static int prepare(struct task *task, enum rename_way way, struct end *from, struct end *to,
                   struct replacing *replacing) {
        struct session *session = task->session;
        struct node *node;
        int r = 0;

        replacing->source = node_ref(from->overlay->node);
        replacing->text = copy_bytes(from, &replacing->len);
        replacing->has_time = copy_time(from, &replacing->modified);
        if (!replacing->text)
                return -ENOMEM;
        if (way == RENAME_SAVE) {
                r = tree_adopt(&session->tree, to->dir, to->entry, &node);
                return r < 0 ? r : take_subject(session, node, &replacing->subject);
        }
        return way == RENAME_CREATE
                       ? subject_of_name(session, to->dir, to->name, &replacing->subject)
                       : 0;
}

static int work(struct task *task, struct op *op) {
        struct session *session = task->session;
        struct leaving *leaving;
        struct replacing replacing = { 0 };
        struct end from, to;
        enum rename_way way;
        int error = 0, r;

        task->waited |= 1U << WANT_LIST;
        r = look_at_both(task, &from, &to);
        if (r <= 0)
                return r < 0 ? r : -EIO;
        leaving = take_back(task, &from, &to);
        replacing.may_replace = leaving;
        /* What was removed is not there, for whoever asks for a free name. */
        way = decide_rename(&from.what, &to.what, task->flags & NO_REPLACE && !leaving, &error);
        if (way == RENAME_REFUSE)
                r = op_fail(op, error, "it cannot be renamed so");
        else if (!from.overlay)
                r = -ESTALE;
        else
                r = prepare(task, way, &from, &to, &replacing);
        if (r < 0 && leaving)
                leaving_go_on(session, STEAL(leaving));
        pthread_mutex_unlock(&session->tree.lock);
        leaving_forget(session, op, leaving);
        r = r < 0 ? r : 0;
        if (r == 0 && way == RENAME_SAVE)
                r = find_base(task, op, &replacing);
        if (r == 0 && way == RENAME_SAVE)
                r = save(task, op, &replacing);
        else if (r == 0 && way == RENAME_CREATE)
                r = create(task, op, &replacing);
        else if (r == 0 && way == RENAME_DRAFT)
                r = fill_draft(task, op, &replacing);
        replacing_done(session, &replacing);
        return r;
}

/* Beside the cloud: a local matter. Tree locked; unlocks it. */
static int move(struct task *task, struct end *from, struct end *to) {
        struct session *session = task->session;
        struct overlay *other = to->overlay;
        int r;

        if (other && other != from->overlay)
                overlay_discard(session, other);
        reasons_end_soon(session, from->dir, from->name);
        r = overlay_move(session, from->overlay, to->dir, to->name);
        if (from->overlay->scratch)
                scratch_touch(from->overlay->scratch);
        pthread_mutex_unlock(&session->tree.lock);
        return r < 0 ? r : reply(task);
}

/* The document stays; its bytes are put aside. Tree locked; unlocks it. */
static int put_aside(struct task *task, struct end *from, struct end *to) {
        struct session *session = task->session;
        struct overlay *overlay;
        struct node *node;
        int r = tree_adopt(&session->tree, from->dir, from->entry, &node);

        if (r == 0 && !(node->content && node->content->published)) {
                node_ref(node);
                pthread_mutex_unlock(&session->tree.lock);
                if (task->tries++ > 3) {
                        pthread_mutex_lock(&session->tree.lock);
                        node_unref(&session->tree, node);
                        pthread_mutex_unlock(&session->tree.lock);
                        return -EIO;
                }
                r = wait_for(task, node, WANT_BODY);
                return r < 0 ? r : 0;
        }
        if (r == 0 && to->overlay)
                overlay_remove(session, to->overlay);
        if (r == 0) {
                r = overlay_part(session, node, to->dir, to->name, &overlay);
                tree_forget(&session->tree, node, 0);
        }
        if (r == 0)
                aways_add(&session->aways, task->process, from->dir, from->name,
                          stamp_monotonic_ms());
        pthread_mutex_unlock(&session->tree.lock);
        return r < 0 ? r : reply(task);
}

static int serve_rename(struct task *task) {
        struct session *session = task->session;
        struct end from, to;
        int error = 0, r;

        if (task_waited(task, WANT_WORK))
                return reply(task);
        if (task->flags & ~(unsigned)NO_REPLACE)
                return -EINVAL;
        if (!task->process)
                task->process = process_of(task->op.pid);
        r = look_at_both(task, &from, &to);
        if (r <= 0)
                return r;
        if (from.overlay && !to.entry && !to.overlay && names_listed(to.dir, to.name)) {
                pthread_mutex_unlock(&session->tree.lock); /* of a name on its way out */
                return wait_change(task, work);
        }
        switch (decide_rename(&from.what, &to.what, task->flags & NO_REPLACE, &error)) {
        case RENAME_MOVE:
                return move(task, &from, &to);
        case RENAME_COPY:
                return put_aside(task, &from, &to);
        case RENAME_CALL:
                pthread_mutex_unlock(&session->tree.lock);
                return wait_change(task, call);
        case RENAME_REFUSE:
                pthread_mutex_unlock(&session->tree.lock);
                return op_fail(&task->op, error, "it cannot be renamed so");
        case RENAME_SAVE:
        case RENAME_CREATE:
        case RENAME_DRAFT:
                break;
        }
        pthread_mutex_unlock(&session->tree.lock);
        return wait_change(task, work);
}

/** change_on_rename() - a save, a copy, or a move. */
void change_on_rename(fuse_req_t req, fuse_ino_t parent, const char *name, fuse_ino_t to_parent,
                      const char *to_name, unsigned flags) {
        struct task *task = task_new(req, OPERATION_RENAME, parent, serve_rename);

        if (!task)
                return;
        task_hold(task, to_parent);
        task_hold_name(task, parent, name);
        task_hold_name(task, to_parent, to_name);
        task->to = to_parent;
        task->flags = flags;
        task->to_name = strdup(to_name);
        if (!task->to_name || task_set_name(task, name) < 0)
                task_fail(task, -ENOMEM);
        else
                task_run(task);
}
