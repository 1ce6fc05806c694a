/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/saving.h"

#include <string.h>

#include "base/stamp.h"
#include "fs/arriving.h"
#include "fs/carry.h"
#include "fs/change.h"
#include "fs/content.h"
#include "fs/fetch.h"
#include "fs/leaving.h"
#include "fs/local.h"
#include "fs/session.h"
#include "fs/times.h"

enum { PROVISIONAL_MS = 1000 };

/* What was sent, in place of what could not be read back (file rule 18). */
static int make_provisional(const struct saving *saving, struct document **ret) {
        struct buf text = BUF_INIT(0);
        int r = buf_add(&text, saving->text, saving->len);

        if (r == 0)
                r = local_document_new(&text, stamp_monotonic_ms() + PROVISIONAL_MS, ret);
        if (r == 0)
                (*ret)->is_sent = true;
        if (r == 0)
                (*ret)->modified = stamp_mark(stamp_now_ms(), (*ret)->hash);
        buf_done(&text);
        return r;
}

/* Everybody sees it from now on. */
static void publish(struct session *session, const struct saving *saving,
                    struct document *document) {
        struct node *node;
        uint64_t known = 0;

        pthread_mutex_lock(&session->tree.lock);
        node = tree_find(&session->tree, saving->subject->place);
        if (node && node->type == ENTRY_FILE && !node->content)
                node->content = content_new();
        if (node && node->type == ENTRY_FILE && node->content) {
                (void)content_commit(node->content, document_ref(document), stamp_monotonic_ms());
                if (saving->modified)
                        times_set(session, node, saving->modified);
                if (node->lookups > 0)
                        known = node->id;
                watch_wake(&session->watch, node);
        }
        pthread_mutex_unlock(&session->tree.lock);
        if (!known)
                return;
        /* Before anybody hears that it is saved: who reads after that asks for the size first. */
        notify_attributes_now(&session->notify, known);
        pthread_mutex_lock(&session->tree.lock);
        node = tree_node(&session->tree, known);
        if (node && node->content)
                content_forget_former(node->content);
        pthread_mutex_unlock(&session->tree.lock);
}

/**
 * saving_base() - what a save by this process is compared with: the version that it read last, else
 * the one that is published (file rule 16). Returns a reference, NULL if there is neither.
 */
struct document *saving_base(struct session *session, const struct place *place, pid_t process,
                             struct document *published) {
        struct document *base = readers_find(&session->readers, process, place_ino(place));

        if (!base && published)
                base = document_ref(published);
        return base;
}

/*
 * What was there has gone, and this is about what was made in its place, if it was: @error. What is
 * open goes on with that; who looks the name up finds a node of its own.
 */
static void turn_to_new(struct session *session, struct op *op, struct saving *saving, int error,
                        struct change_result *result) {
        struct subject *subject = saving->subject;
        const struct op_fault fault = op->fault;
        struct place *place = result->entry.place;
        struct node *node;

        if (error == 0 && place)
                (void)view_read(subject->view, op, place, &result->document);
        op->fault = fault;
        if (result->document && saving->modified)
                view_set_time(subject->view, place, result->document->hash,
                              saving->modified->tv_sec);
        pthread_mutex_lock(&session->tree.lock);
        node = tree_find(&session->tree, subject->place);
        if (node) {
                if (node->content && result->document)
                        (void)content_commit(node->content, document_ref(result->document),
                                             stamp_monotonic_ms());
                tree_detach(&session->tree, node);
        }
        notify_entry(&session->notify, subject->dir->id, subject->name);
        change_outdates(session, subject->dir);
        if (error == 0 && place)
                arriving_note(session, subject->dir, &result->entry);
        else
                leaving_end(session, subject->dir, subject->name, NULL);
        if (error == 0 && place) {
                place_unref(subject->place);
                subject->place = place_ref(place);
        }
        pthread_mutex_unlock(&session->tree.lock);
        saving->is_replaced = true;
        saving->made = result->entry;
        result->entry = (struct entry){ 0 };
}

/* Refused, or done in part: what is there is what was found (@theirs), or has to be asked for, so
 * that who reads it anew can merge with it. */
static void learn_theirs(struct session *session, const struct saving *saving,
                         bool may_have_changed, struct document *theirs) {
        struct node *node;

        pthread_mutex_lock(&session->tree.lock);
        node = tree_find(&session->tree, saving->subject->place);
        if (node && node->type == ENTRY_FILE && node->content) {
                node_ref(node);
                if (!theirs && may_have_changed)
                        content_doubt(node->content);
        } else {
                node = NULL;
        }
        pthread_mutex_unlock(&session->tree.lock);
        if (!node)
                return;
        if (theirs)
                (void)fetch_learnt(session, node, theirs);
        else if (may_have_changed)
                notify_attributes_now(&session->notify, node->id);
        pthread_mutex_lock(&session->tree.lock);
        node_unref(&session->tree, node);
        pthread_mutex_unlock(&session->tree.lock);
}

/* Lists that were read in between lack it. */
static void look_again(struct session *session, struct node *dir) {
        pthread_mutex_lock(&session->tree.lock);
        change_outdates(session, dir);
        if (dir->parent)
                change_outdates(session, dir->parent);
        pthread_mutex_unlock(&session->tree.lock);
}

/**
 * saving_run() - see the header.
 * @ret: what is there now, a reference; NULL in plan mode.
 * Returns as carry_out(). The tree must not be locked.
 */
int saving_run(struct session *session, struct op *op, struct saving *saving,
               struct document **ret) {
        struct subject *subject = saving->subject;
        struct carry carry = {
                .subject = subject,
                .act = EDIT_SAVE,
                .text = saving->text,
                .len = saving->len,
                .base = saving->base,
                .before = saving->base,
                .id = saving->id,
                .may_replace = saving->may_replace,
                .other = saving->may_replace ? subject->dir->place : NULL,
                .target = saving->may_replace ? SAVING_REPLACES : NULL,
                .is_patient = saving->is_patient,
        };
        struct change_result result;
        struct document *now = NULL;
        int r = carry_out(session, op, &carry, &result);

        if (carry.is_replaced)
                turn_to_new(session, op, saving, r, &result);
        if (result.is_remade)
                look_again(session, subject->dir);
        if (r == 0 && !session->commits.is_plan_only) {
                if (result.document)
                        now = document_ref(result.document);
                else
                        r = make_provisional(saving, &now);
        }
        if (r < 0 && !carry.is_waiting)
                learn_theirs(session, saving, carry.may_have_changed, result.document);
        change_result_done(&result);
        if (r < 0)
                return r;
        if (now) {
                publish(session, saving, now);
                readers_saved(&session->readers, saving->process, place_ino(subject->place), now);
        }
        *ret = now;
        return 0;
}

/* A copy of what is to be sent, and what belongs to it. */
struct attempt {
        char *text;
        size_t len;
        uint64_t changes;
        struct document *base;
        struct timespec modified;
        bool has_time, may_replace;
};

static int begin(struct session *session, struct subject *subject, struct editing *editing,
                 struct attempt *ret) {
        struct attempt attempt;
        struct document *opened;

        pthread_mutex_lock(&session->tree.lock);
        attempt = (struct attempt){
                .len = editing->text.len,
                .changes = editing->changes,
                .modified = editing->modified,
                .has_time = editing->has_time,
                .may_replace = editing->may_replace,
        };
        opened = editing->base ? document_ref(editing->base) : NULL;
        attempt.text = malloc(attempt.len + 1);
        if (attempt.text) {
                if (attempt.len)
                        memcpy(attempt.text, editing->text.data, attempt.len);
                attempt.text[attempt.len] = '\0';
                editing_begin(editing);
        }
        pthread_mutex_unlock(&session->tree.lock);
        if (attempt.text)
                attempt.base = saving_base(session, subject->place, editing->opener, opened);
        if (opened)
                document_unref(opened);
        if (!attempt.text)
                return -ENOMEM;
        *ret = attempt;
        return 0;
}

/**
 * saving_editing() - send what an edit holds now, on behalf of the process that opened it.
 * Returns as saving_run(); the edit remembers it.
 */
int saving_editing(struct session *session, struct op *op, struct subject *subject,
                   struct editing *editing) {
        struct attempt attempt;
        struct document *now = NULL;
        struct saving saving;
        int r = begin(session, subject, editing, &attempt);

        if (r < 0)
                return op_fail(op, -r, "out of memory");
        saving = (struct saving){
                .subject = subject,
                .process = editing->opener,
                .text = attempt.text,
                .len = attempt.len,
                .base = attempt.base,
                .modified = attempt.has_time ? &attempt.modified : NULL,
                .may_replace = attempt.may_replace,
        };
        r = saving_run(session, op, &saving, &now);
        entry_done(&saving.made);
        pthread_mutex_lock(&session->tree.lock);
        editing_end(editing, attempt.changes, r, now);
        pthread_mutex_unlock(&session->tree.lock);
        if (now)
                document_unref(now);
        if (attempt.base)
                document_unref(attempt.base);
        free(attempt.text);
        return r;
}
