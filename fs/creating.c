/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/creating.h"

#include <limits.h>
#include <string.h>

#include "base/stamp.h"
#include "base/text.h"
#include "fs/arriving.h"
#include "fs/branch.h"
#include "fs/carry.h"
#include "fs/change.h"
#include "fs/content.h"
#include "fs/directory.h"
#include "fs/leaving.h"
#include "fs/levels.h"
#include "fs/local.h"
#include "fs/note.h"
#include "fs/session.h"
#include "fs/times.h"

enum { SECRETS_MAX = 8 };

/* What is to be sent, copied while the tree was locked. */
struct order {
        struct subject subject;
        char *text;
        size_t len;
        struct change_secret secrets[SECRETS_MAX];
        size_t n_secrets;
        uint64_t changes;
        pid_t process;
        struct timespec modified;
        bool has_time;
};

static void order_done(struct order *order) {
        subject_done(&order->subject);
        if (order->text)
                explicit_bzero(order->text, order->len);
        free(order->text);
        for (size_t i = 0; i < order->n_secrets; i++) {
                char *value = (char *)(uintptr_t)order->secrets[i].value;

                explicit_bzero(value, strlen(value));
                free(value);
                free((char *)(uintptr_t)order->secrets[i].file);
        }
        *order = (struct order){ 0 };
}

/* The secret files of a draft that were written. Tree locked. */
static int copy_secrets(const struct node *draft, struct order *order) {
        const struct overlay *overlay = overlay_after(draft, 0);

        for (; overlay && order->n_secrets < SECRETS_MAX; overlay = overlay->next) {
                struct change_secret secret;

                if (overlay->role != OVERLAY_DRAFT_SECRET || !overlay->secret)
                        continue;
                secret = (struct change_secret){
                        .file = strdup(overlay->node->name),
                        .value = strdup(overlay->secret->data),
                };
                if (!secret.file || !secret.value)
                        return -ENOMEM;
                order->secrets[order->n_secrets++] = secret;
        }
        return 0;
}

/* Tree locked. @node: of the new document, or of the draft's. */
static int fill(struct session *session, struct node *node, const struct editing *editing,
                struct order *order) {
        struct node *draft = node->overlay->role == OVERLAY_DRAFT_DOCUMENT ? node->parent : NULL;
        struct node *made = draft ? draft : node;
        int r = made->parent ? subject_of_name(session, made->parent, made->name, &order->subject)
                             : -ESTALE;

        if (r < 0)
                return r;
        order->changes = editing->changes;
        order->process = editing->opener;
        order->modified = editing->modified;
        order->has_time = editing->has_time;
        order->text = malloc(editing->text.len + 1);
        if (!order->text)
                return -ENOMEM;
        order->len = editing->text.len;
        if (order->len)
                memcpy(order->text, editing->text.data, order->len);
        order->text[order->len] = '\0';
        return draft && draft->overlay ? copy_secrets(draft, order) : 0;
}

/* The draft's own files are no more: the resource has its own. Tree locked. */
static void drop_files(struct session *session, struct node *draft) {
        struct overlay *overlay = draft->directory ? draft->directory->overlays : NULL, *next;

        for (; overlay; overlay = next) {
                next = overlay->next;
                if (overlay->role == OVERLAY_SCRATCH || overlay->role == OVERLAY_SCRATCH_DIR)
                        continue;
                notify_entry(&session->notify, draft->id, overlay->node->name);
                overlay_remove(session, overlay);
        }
}

/** creating_discard() - rmdir of a draft: nothing was sent, nothing is kept. Tree locked. */
void creating_discard(struct session *session, struct overlay *draft) {
        struct overlay *part = draft->node->directory ? draft->node->directory->overlays : NULL;

        for (; part; part = part->next)
                if (part->editing) /* who still writes it orders nothing by closing it */
                        part->editing->is_dropped = true;
        drop_files(session, draft->node);
        overlay_remove(session, draft);
}

/* Its list is that of the cloud from now on. Tree locked. */
static void forget_list(struct node *node) {
        if (node->type != ENTRY_DIRECTORY || !node->directory)
                return;
        node->directory->snapshot = snapshot_unref(node->directory->snapshot);
        node->directory->fresh_until_ms = 0;
        node->directory->has_kept = false;
}

/* What is told beside it may be known from one that had its name and its id before. Tree locked. */
static void renew_meta(struct session *session, const struct node *dir, const char *name) {
        const struct node *meta = tree_child(&session->tree, dir, ".meta");
        char beside[NAME_MAX + 1];
        struct node *node = NULL;

        if (snprintf(beside, sizeof(beside), "%s.json", name) < (int)sizeof(beside) && meta)
                node = tree_child(&session->tree, meta, beside);
        if (!node || node->type != ENTRY_FILE || !node->content)
                return;
        node->content->fresh_until_ms = 0;
        notify_inode(&session->notify, node->id);
}

/**
 * creating_done() - it exists: what stood for it becomes an entry of the cloud, at once or, where
 * @entry has no name because no list tells of it yet, when one does. The overlay may be gone then.
 * Tree locked. Returns 0 or -ENOMEM.
 */
int creating_done(struct session *session, struct overlay *overlay, const struct entry *entry,
                  struct branch *branch) {
        struct node *node = overlay->node, *dir = node->parent;
        int r = 0;

        change_outdates(session, dir);
        levels_made(session, dir);
        if (entry->name)
                arriving_note(session, dir, entry);
        else
                leaving_end(session, dir, node->name, NULL);
        renew_meta(session, dir, node->name);
        if (!overlay->link)
                return 0; /* it was removed meanwhile */
        if (!entry->name) {
                overlay_created(overlay);
                return 0;
        }
        if (node->type == ENTRY_DIRECTORY)
                drop_files(session, node);
        if (text_eq(entry->name, node->name) && entry->type == node->type) {
                forget_list(node);
                r = overlay_become(session, overlay, entry, branch);
                if (r == 0 && node->lookups > 0)
                        notify_inode(&session->notify, node->id);
                return r;
        }
        notify_entry(&session->notify, dir->id, node->name); /* the service called it otherwise */
        overlay_remove(session, overlay);
        return 0;
}

/**
 * creating_learn() - have the version of what was just created, so that size and time are right.
 * @node: referenced by the caller. @modified: set by utimens, or NULL.
 * @ret: a reference. Returns 0 or negative errno; the op's reason is as before.
 */
int creating_learn(struct session *session, struct op *op, struct node *node, pid_t process,
                   const struct timespec *modified, struct document **ret) {
        const struct op_fault fault = op->fault;
        struct document *document = NULL;
        struct place *place = NULL;
        struct view *view = NULL;
        int r;

        pthread_mutex_lock(&session->tree.lock);
        if (!node->is_apart && node->place && node->type == ENTRY_FILE) {
                place = place_ref(node->place);
                view = branch_view(node->branch);
        }
        pthread_mutex_unlock(&session->tree.lock);
        if (!view)
                return -ENOENT;
        r = view_read(view, op, place, &document);
        op->fault = fault;
        if (r == 0) {
                pthread_mutex_lock(&session->tree.lock);
                if (!node->content)
                        node->content = content_new();
                if (node->content)
                        (void)content_commit(node->content, document_ref(document),
                                             stamp_monotonic_ms());
                if (node->content && modified)
                        times_set(session, node, modified);
                pthread_mutex_unlock(&session->tree.lock);
                readers_saved(&session->readers, process, place_ino(place), document);
                *ret = document;
        }
        place_unref(place);
        return r;
}

/* After a success: the node, and what is read of it. */
static struct document *finish(struct session *session, struct op *op, struct node *node,
                               const struct order *order, const struct entry *entry) {
        struct document *document = NULL;
        struct overlay *overlay;

        pthread_mutex_lock(&session->tree.lock);
        overlay = node->overlay;
        if (overlay && overlay->role == OVERLAY_DRAFT_DOCUMENT)
                overlay = node->parent->overlay;
        if (overlay && (overlay->role == OVERLAY_NEW || overlay->role == OVERLAY_DRAFT))
                (void)creating_done(session, overlay, entry, order->subject.branch);
        pthread_mutex_unlock(&session->tree.lock);
        (void)creating_learn(session, op, node, order->process,
                             order->has_time ? &order->modified : NULL, &document);
        return document;
}

/* Was it made, or not? What stands for it must not be let go as if it were ours alone. Tree
 * locked. */
static void note_doubt(struct node *node, bool is_unknown) {
        struct overlay *overlay = node->overlay;

        if (overlay && overlay->role == OVERLAY_DRAFT_DOCUMENT)
                overlay = node->parent->overlay;
        if (overlay && is_unknown &&
            (overlay->role == OVERLAY_NEW || overlay->role == OVERLAY_DRAFT))
                overlay->is_doubted = true;
}

/* Somebody else made it meanwhile: his is shown, ours is among the rejected texts. Tree locked. */
static void give_way(struct session *session, struct node *node) {
        if (!node->overlay || node->overlay->role != OVERLAY_NEW || !node->overlay->link)
                return;
        change_outdates(session, node->parent);
        notify_entry(&session->notify, node->parent->id, node->name);
        overlay_remove(session, node->overlay);
}

/* A copy of a note that was put back beside what it was about: nothing is sent, nothing stays. */
static void drop_note(struct session *session, struct node *node, struct editing *editing,
                      const struct order *order) {
        pthread_mutex_lock(&session->tree.lock);
        editing_end(editing, order->changes, 0, NULL);
        if (node->overlay && node->overlay->link) {
                notify_entry(&session->notify, node->parent->id, node->name);
                overlay_remove(session, node->overlay);
        }
        pthread_mutex_unlock(&session->tree.lock);
}

/**
 * creating_send() - a new document, or a draft's, is complete: create what it stands for.
 * @node: of that file, held by the caller. Returns as carry_out(); the edit remembers it.
 */
int creating_send(struct session *session, struct op *op, struct node *node,
                  struct editing *editing) {
        struct order order = { 0 };
        struct change_result result = { 0 };
        struct document *now = NULL;
        bool is_of_draft;
        int r;

        pthread_mutex_lock(&session->tree.lock);
        r = node->overlay ? fill(session, node, editing, &order) : -ESTALE;
        is_of_draft = r == 0 && node->overlay->role == OVERLAY_DRAFT_DOCUMENT;
        pthread_mutex_unlock(&session->tree.lock);
        if (r < 0) {
                order_done(&order);
                return op_fail(op, -r, "%s", strerror(-r));
        }
        if (!is_of_draft && note_is_copy(order.subject.name, order.text, order.len)) {
                drop_note(session, node, editing, &order);
                order_done(&order);
                return 0;
        }
        r = carry_out(session, op,
                      &(struct carry){
                              .subject = &order.subject,
                              .act = EDIT_CREATE,
                              .text = order.text,
                              .len = order.len,
                              .secrets = order.secrets,
                              .n_secrets = order.n_secrets,
                              .beside = is_of_draft ? node : NULL,
                      },
                      &result);
        if (r == 0 && !session->commits.is_plan_only)
                now = finish(session, op, node, &order, &result.entry);
        pthread_mutex_lock(&session->tree.lock);
        note_doubt(node, r < 0 && op->fault.is_unknown);
        if (r == -EEXIST)
                give_way(session, node);
        editing_end(editing, order.changes, r, now);
        if (session->commits.is_plan_only)
                editing->is_new = true;
        pthread_mutex_unlock(&session->tree.lock);
        if (now)
                document_unref(now);
        change_result_done(&result);
        order_done(&order);
        return r;
}

/**
 * creating_text() - a new document from bytes that are there already: rename of a scratch file.
 * @dir: of the cloud, held by the caller. @ret: to be ended by the caller in any case.
 * Returns as carry_out().
 */
int creating_text(struct session *session, struct op *op, struct node *dir, const char *name,
                  const char *text, size_t len, struct change_result *ret) {
        struct subject subject = { 0 };
        int r;

        *ret = (struct change_result){ 0 };
        pthread_mutex_lock(&session->tree.lock);
        r = subject_of_name(session, dir, name, &subject);
        pthread_mutex_unlock(&session->tree.lock);
        if (r < 0)
                return op_fail(op, -r, "%s", strerror(-r));
        r = carry_out(session, op,
                      &(struct carry){
                              .subject = &subject,
                              .act = EDIT_CREATE,
                              .text = text,
                              .len = len,
                      },
                      ret);
        subject_done(&subject);
        return r;
}

static int add_text(struct session *session, struct node *dir, const char *name, const char *text) {
        char copy[256];
        struct buf buf = BUF_INIT(0);
        struct overlay *overlay;
        struct document *document = NULL;
        int r = buf_add_str(&buf, text);

        (void)snprintf(copy, sizeof(copy), "%s", name);
        if (r == 0)
                r = local_document_new(&buf, INT64_MAX, &document);
        buf_done(&buf);
        if (r == 0)
                r = overlay_add(session, dir,
                                &(struct entry){ .name = copy, .type = ENTRY_FILE, .mode = 0444 },
                                OVERLAY_NOTE, &overlay);
        if (r == 0)
                overlay->text = document_ref(document);
        if (document)
                document_unref(document);
        return r;
}

static int add_document(struct session *session, struct node *dir, const struct draft *draft) {
        char copy[256];
        struct overlay *overlay;
        struct editing *editing;
        int r = editing_new(&session->blobs, NULL, 0, &editing);

        if (r < 0)
                return r;
        (void)snprintf(copy, sizeof(copy), "%s", draft->document);
        r = blob_set(&editing->text, draft->text, strlen(draft->text));
        if (r == 0)
                r = overlay_add(session, dir,
                                &(struct entry){ .name = copy, .type = ENTRY_FILE, .mode = 0644 },
                                OVERLAY_DRAFT_DOCUMENT, &overlay);
        if (r < 0) {
                editing_unref(editing);
                return r;
        }
        overlay->editing = editing;
        return 0;
}

static int add_secrets(struct session *session, struct node *dir, const struct draft *draft) {
        int r = 0;

        for (const struct secret_member *secret = draft->secrets; r == 0 && secret && secret->file;
             secret++) {
                char copy[256];
                struct overlay *overlay;

                (void)snprintf(copy, sizeof(copy), "%s", secret->file);
                r = overlay_add(session, dir,
                                &(struct entry){ .name = copy, .type = ENTRY_FILE, .mode = 0200 },
                                OVERLAY_DRAFT_SECRET, &overlay);
        }
        return r;
}

/**
 * creating_draft() - a directory that stands for a resource which does not exist yet. Tree locked.
 * Returns 0 or -ENOMEM, and nothing has changed.
 */
int creating_draft(struct session *session, struct node *dir, const char *name,
                   const struct draft *draft, struct overlay **ret) {
        struct overlay *overlay;
        int r = overlay_add(session, dir,
                            &(struct entry){
                                    .name = (char *)(uintptr_t)name,
                                    .type = ENTRY_DIRECTORY,
                                    .mode = 0755,
                            },
                            OVERLAY_DRAFT, &overlay);

        if (r < 0)
                return r;
        overlay->secrets = draft->secrets;
        r = add_document(session, overlay->node, draft);
        if (r == 0)
                r = add_text(session, overlay->node, "README", draft->readme);
        if (r == 0)
                r = add_secrets(session, overlay->node, draft);
        if (r < 0) {
                creating_discard(session, overlay);
                return r;
        }
        *ret = overlay;
        return 0;
}
