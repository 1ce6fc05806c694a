/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/fetch.h"

#include "base/stamp.h"
#include "fs/arriving.h"
#include "fs/attr.h"
#include "fs/content.h"
#include "fs/directory.h"
#include "fs/events.h"
#include "fs/leaving.h"
#include "fs/recovery.h"
#include "fs/session.h"

/* Bytes of documents held for readers are looked over each time that many were learnt: as many as
 * ten thousand small ones take, so that a second walk over them finds what the first has read. */
enum {
        LOOK_OVER_BYTES = 4 * 1024 * 1024,
        DOCUMENT_BYTES = 256,      /* that one takes beside its text, about */
        ON_ITS_WAY_MS = 60 * 1000, /* what came that long after was not asked for before */
};

/*
 * The user asked for new data here or above, a change of ours was made, or a list lacked what is
 * there: answers from before that do not serve. Where nothing newer can be had, those do that have
 * heard of the change.
 */
static void demand_fresh(struct session *session, struct op *op, const struct node *node,
                         enum want want) {
        int64_t since_ms = 0, doubted_ms = 0;

        pthread_mutex_lock(&session->tree.lock);
        if (want == WANT_LIST && node->type == ENTRY_DIRECTORY && node->directory)
                doubted_ms = node->directory->doubted_ms;
        if (want == WANT_BODY && node->type == ENTRY_FILE && node->content)
                doubted_ms = content_doubted_ms(node->content);
        for (since_ms = doubted_ms; node; node = node->parent)
                if (node->type == ENTRY_DIRECTORY && node->directory &&
                    node->directory->refreshed_ms > since_ms)
                        since_ms = node->directory->refreshed_ms;
        pthread_mutex_unlock(&session->tree.lock);
        if (since_ms <= op->fresh_since_ms)
                return;
        op->may_be_stale = !op->must_be_fresh;
        op->stale_since_ms = doubted_ms ? doubted_ms + ON_ITS_WAY_MS : 0;
        op->must_be_fresh = true;
        op->fresh_since_ms = since_ms;
}

/* Names that vanished or stand for something else: the kernel's copies of them go. Tree locked. */
static void tell_vanished(struct session *session, struct node *node, const struct listing *before,
                          const struct listing *after) {
        for (size_t i = 0; i < before->count; i++) {
                const char *name = before->entries[i].name;
                struct node *child = tree_child(&session->tree, node, name);
                const struct entry *entry = child ? listing_find(after, name) : NULL;

                if (!child || child->overlay || (entry && tree_is_same(child, entry)))
                        continue;
                tree_detach(&session->tree, child);
                notify_entry(&session->notify, node->id, name);
        }
}

/* Has the kernel what the entry stands for? It was made here: overlay_settle() sees to the rest. If
 * it was told of the name it would let go of the directory in which somebody works. Tree locked. */
static bool is_known(struct session *session, const struct node *dir, const struct entry *entry) {
        const struct node *child = tree_child(&session->tree, dir, entry->name);

        return child && child->lookups > 0 && (child->overlay || tree_is_same(child, entry));
}

/* Names that appeared: the kernel may remember that they were missing. Tree locked. */
static void tell_appeared(struct session *session, struct node *node, const struct listing *before,
                          const struct listing *after) {
        if (node->directory->negative_until_ms <= stamp_monotonic_ms())
                return;
        for (size_t i = 0; i < after->count; i++)
                if ((!before || !listing_find(before, after->entries[i].name)) &&
                    !is_known(session, node, &after->entries[i]))
                        notify_entry(&session->notify, node->id, after->entries[i].name);
}

/* Installs @after (taken over) if @before is still there. Returns whether it was. Tree locked. */
static bool install(struct session *session, struct node *node, const struct snapshot *before,
                    struct snapshot *after, bool *ret_has_moved) {
        const struct listing *old = before ? before->listing : NULL;
        struct timespec shown = attr_directory_time(session, node), now_shown;

        if (node->directory->snapshot != before)
                return false;
        if (old && !node->branch->is_local)
                events_names(session, node, old, after->listing);
        if (!old || old->hash != after->listing->hash) {
                if (old)
                        tell_vanished(session, node, old, after->listing);
                tell_appeared(session, node, old, after->listing);
        }
        directory_publish(node->directory, snapshot_ref(after), stamp_monotonic_ms());
        overlay_settle(session, node, after->listing);
        leaving_settle(session, node, after->listing);
        if (!before) {
                shelves_attach(session, node);
                reasons_attach(session, node);
        }
        now_shown = attr_directory_time(session, node);
        *ret_has_moved = node->lookups > 0 &&
                         (shown.tv_sec != now_shown.tv_sec || shown.tv_nsec != now_shown.tv_nsec);
        return true;
}

/* What is there now, and what is to come in its place: the list, and what it lacks. Tree locked. */
static int prepare(struct session *session, struct node *node, struct listing *listing,
                   struct snapshot **ret_before, struct arrived *ret) {
        const struct snapshot *before;
        int r;

        if (!node->directory)
                node->directory = directory_new();
        if (!node->directory)
                return -ENOMEM;
        before = node->directory->snapshot;
        r = arriving_merge(session, node, listing, ret);
        if (r < 0)
                return r;
        /* The same names as before are no change, though this list did not have them all. */
        if (ret->listing != listing && before && before->listing->hash == ret->listing->hash)
                ret->listing->changed_ms = before->listing->changed_ms;
        *ret_before = snapshot_ref(node->directory->snapshot);
        return 0;
}

/* @asked_ms: monotonic clock: a change since then may be missing in it. */
static int publish_list(struct session *session, struct node *node, struct listing *listing,
                        int64_t asked_ms) {
        bool is_done = false, has_moved = false;

        while (!is_done) {
                _cleanup_(snapshot_unrefp) struct snapshot *before = NULL, *after = NULL;
                struct arrived arrived;
                int r;

                pthread_mutex_lock(&session->tree.lock);
                r = prepare(session, node, listing, &before, &arrived);
                pthread_mutex_unlock(&session->tree.lock);
                if (r == 0)
                        r = snapshot_new(arrived.listing, before, &after);
                if (r < 0)
                        return r;
                pthread_mutex_lock(&session->tree.lock);
                is_done = install(session, node, before, after, &has_moved);
                if (is_done)
                        arriving_doubt(node, arrived.is_doubted);
                if (is_done && node->directory->outdated_ms > asked_ms)
                        node->directory->fresh_until_ms = 0;
                pthread_mutex_unlock(&session->tree.lock);
        }
        if (has_moved)
                notify_attributes_now(&session->notify, node->id);
        return 0;
}

static int fetch_list(struct session *session, struct op *op, struct node *node) {
        _cleanup_(listing_unrefp) struct listing *listing = NULL;
        int64_t asked_ms = stamp_monotonic_ms();
        int r = node->branch->ops->list(node->branch, op, node, &listing);

        if (r < 0)
                return r;
        recovery_listed(session, node, listing);
        return publish_list(session, node, listing, asked_ms);
}

/* Lets go of bytes that were not read for a while. Tree locked. */
static void look_over(struct session *session) {
        struct tree *tree = &session->tree;

        for (uint64_t id = NODE_ROOT; id < tree->next_id; id++) {
                struct node *node = tree_node(tree, id);

                if (!node) {
                        if (!tree->chunks[id / NODE_CHUNK])
                                id |= NODE_CHUNK - 1;
                        continue;
                }
                if (node->type != ENTRY_FILE || !node->content)
                        continue;
                if (!node->content->was_used)
                        (void)content_drop(node->content);
                node->content->was_used = false;
        }
        session->learnt_bytes = 0;
}

/* Takes the document in. Returns whether others see a difference. Tree locked. */
static bool learn(struct session *session, struct node *node, struct document *document) {
        bool is_first = !node->content->has_version, is_changed;

        if (session->learnt_bytes > LOOK_OVER_BYTES)
                look_over(session); /* before: who waits for this one has not used it yet */
        session->learnt_bytes += document->len + DOCUMENT_BYTES;
        is_changed = content_learn(node->content, document_ref(document), stamp_monotonic_ms());
        if (is_changed)
                watch_wake(&session->watch, node);
        if (is_changed && !is_first && !node->branch->is_local)
                events_changed(session, node);
        return is_changed;
}

/** fetch_learnt() - the document of a file, held by the caller, as somebody has just read it; it is
 * referenced. 0 or -ENOMEM. */
int fetch_learnt(struct session *session, struct node *node, struct document *document) {
        bool misleads = false;

        pthread_mutex_lock(&session->tree.lock);
        if (!node->content)
                node->content = content_new();
        if (node->content && learn(session, node, document))
                misleads = content_misleads(node->content, stamp_monotonic_ms());
        pthread_mutex_unlock(&session->tree.lock);
        /* Not where it has to ask anyhow: it would not take the answers that are on their way. */
        if (misleads)
                notify_attributes_now(&session->notify, node->id);
        return node->content ? 0 : -ENOMEM;
}

/* The list said that it is there, but it has gone: the list is out of date. */
static void note_gone(struct session *session, struct node *node) {
        pthread_mutex_lock(&session->tree.lock);
        if (node->is_named && node->parent->directory) {
                node->parent->directory->fresh_until_ms = 0;
                arriving_forget(session, node->parent, node->name);
                notify_entry(&session->notify, node->parent->id, node->name);
        }
        pthread_mutex_unlock(&session->tree.lock);
}

static int fetch_body(struct session *session, struct op *op, struct node *node) {
        _cleanup_(document_unrefp) struct document *document = NULL;
        int r = node->branch->ops->read(node->branch, op, node, &document);

        if (r == -ENOENT)
                note_gone(session, node);
        return r < 0 ? r : fetch_learnt(session, node, document);
}

/* No such name is an answer: nothing found. */
static int fetch_find(struct session *session, struct op *op, struct node *node, const char *name,
                      struct node **ret) {
        struct entry entry = { 0 };
        struct node *found = NULL;
        int r = node->branch->ops->find
                        ? node->branch->ops->find(node->branch, op, node, name, &entry)
                        : -ENOENT;

        if (r == -ENOENT) {
                op_clear(op);
                return 0;
        }
        if (r < 0)
                return r;
        pthread_mutex_lock(&session->tree.lock);
        if (!leaving_hides(session, node, &entry)) {
                arriving_found(session, node, &entry);
                r = tree_adopt(&session->tree, node, &entry, &found);
        }
        if (found)
                *ret = node_ref(found);
        pthread_mutex_unlock(&session->tree.lock);
        entry_done(&entry);
        return r;
}

/**
 * fetch() - ask the node's branch, publish the answer. May block until the op's deadline.
 * @node: held by the caller. @name, @ret_found: of WANT_FIND; the result is a reference or NULL.
 * Returns 0 or negative errno with a reason in @op.
 */
int fetch(struct session *session, struct op *op, struct node *node, enum want want,
          const char *name, struct node **ret_found) {
        bool must_be_fresh = op->must_be_fresh;
        int64_t fresh_since_ms = op->fresh_since_ms;
        int r;

        demand_fresh(session, op, node, want);
        if (want == WANT_FIND)
                r = fetch_find(session, op, node, name, ret_found);
        else if (want == WANT_LIST)
                r = fetch_list(session, op, node);
        else
                r = fetch_body(session, op, node);
        /* What is asked next may be a question before a change, which wants no old answer. */
        op->must_be_fresh = must_be_fresh;
        op->fresh_since_ms = fresh_since_ms;
        op->may_be_stale = false;
        if (want == WANT_FIND)
                return r;
        if (r == 0 && op->priority != OP_POLL)
                feed_used(session, node);
        return r;
}
