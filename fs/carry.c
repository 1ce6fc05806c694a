/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/carry.h"

#include <string.h>

#include "base/stamp.h"
#include "base/text.h"
#include "fs/arriving.h"
#include "fs/change.h"
#include "fs/note.h"
#include "fs/recovery.h"
#include "fs/session.h"

/* No document holds a secret, and what stands where one was cut out of a text is no value (file
 * rule 21). */
static int check_text(struct op *op, const struct carry *carry) {
        const struct secret_member *secret = carry->withheld.secret;

        if (carry->text && memmem(carry->text, carry->len, withheld_mark, strlen(withheld_mark)))
                return op_fail(op, EINVAL,
                               "%s stands for a secret that is kept nowhere: write the value "
                               "itself, or leave the member out",
                               withheld_mark);
        if (!secret || (carry->act == EDIT_CREATE && text_eq(carry->withheld.at, secret->at)))
                return 0; /* creations look there themselves */
        if (carry->act == EDIT_CREATE && secret->at)
                return op_fail(op, EINVAL,
                               "%s must not stand in the document: write it to the file %s "
                               "beside it",
                               carry->withheld.at, secret->file);
        return op_fail(op, EINVAL, "%s must not stand in the document: it is a secret",
                       carry->withheld.at);
}

/* The text is that of another document: the one that is there goes, as it was asked to before. */
static int replace(struct carry *carry, struct op *op, struct change_result *ret) {
        const struct subject *subject = carry->subject;
        int r = view_remove(subject->view, op, subject->place, false, ret);

        if (r < 0 && r != -ENOENT)
                return r;
        op_clear(op);
        change_result_done(ret);
        carry->is_replaced = !op->plan_only;
        return view_create(subject->view, op, carry->other, subject->name, carry->text, carry->len,
                           NULL, 0, ret);
}

static int save(struct carry *carry, struct op *op, struct change_result *ret) {
        const struct subject *subject = carry->subject;
        struct op_fault fault;
        int r = view_save(subject->view, op, subject->place, carry->base ? carry->base->data : NULL,
                          carry->base ? carry->base->len : 0, carry->text, carry->len, ret);

        if (r != -EINVAL || op->fault.status || !carry->may_replace)
                return r;
        fault = op->fault;
        op_clear(op);
        if (view_may_create(subject->view, op, carry->other, subject->name, carry->text,
                            carry->len) < 0) {
                op->fault = fault;
                return r;
        }
        change_result_done(ret);
        return replace(carry, op, ret);
}

/* A promised removal met nothing: an attempt that was cut short has done it, or somebody else has.
 * Servers say so for other reasons too: gone is what cannot be read. Returns 0, or -ENOENT with the
 * reason as it was. */
static int look_whether_gone(struct op *op, const struct subject *subject) {
        const struct op_fault fault = op->fault;
        struct document *document = NULL;
        int r;

        op->must_be_fresh = true;
        op->fresh_since_ms = stamp_now_ms();
        r = view_read(subject->view, op, subject->place, &document);
        op->must_be_fresh = false;
        if (document)
                document_unref(document);
        if (r == -ENOENT) {
                op_clear(op);
                return 0;
        }
        op->fault = fault;
        return -ENOENT;
}

static int call(struct commit *commit, struct op *op, struct change_result *ret) {
        struct carry *carry = commit->data;
        const struct subject *subject = carry->subject;
        struct view *view = subject->view;
        int r = check_text(op, carry);

        if (r == 0 && carry->act == EDIT_CREATE)
                r = note_check(subject->session, op, subject->dir, subject->name);
        if (r < 0)
                return r;
        switch (carry->act) {
        case EDIT_SAVE:
                return save(carry, op, ret);
        case EDIT_CREATE:
        case EDIT_MKDIR:
                return view_create(view, op, subject->place, subject->name, carry->text, carry->len,
                                   carry->secrets, carry->n_secrets, ret);
        case EDIT_REMOVE:
                r = view_remove(view, op, subject->place, carry->is_paid, ret);
                return r == -ENOENT && carry->is_patient ? look_whether_gone(op, subject) : r;
        case EDIT_LINK:
                return view_link(view, op, subject->place, subject->name, carry->other, ret);
        case EDIT_UNLINK:
                return view_unlink(view, op, subject->place, ret);
        case EDIT_RENAME:
                return view_rename(view, op, subject->place, carry->other, carry->name, ret);
        case EDIT_ACTION:
                return view_act(view, op, subject->place, carry->text, carry->len, ret);
        }
        return op_fail(op, EINVAL, "an unknown change");
}

/* Is the subject's place that of a directory, in which the name is to be made? */
static bool is_making(enum edit_act act) {
        return act == EDIT_CREATE || act == EDIT_MKDIR || act == EDIT_LINK;
}

static struct node *note_directory(const struct carry *carry) {
        return carry->beside ? carry->beside->parent : carry->subject->dir;
}

static const char *note_name(const struct carry *carry) {
        return carry->beside ? carry->beside->name : carry->subject->name;
}

/* A success ends what was said of earlier failures; the texts stay on their shelf. */
static void end_notes(struct session *session, struct op *op, const struct carry *carry) {
        const struct subject *subject = carry->subject;
        bool was_there;

        pthread_mutex_lock(&session->tree.lock);
        was_there = reasons_drop(session, subject->path);
        pthread_mutex_unlock(&session->tree.lock);
        if (note_drop(session, note_directory(carry), note_name(carry), ".error") || was_there)
                reasons_forget(subject->journal, op, subject->path);
}

/* What the resource of a changed document tells by the same answer is asked for anew. */
static void doubt_sharers(struct session *session, const struct subject *subject) {
        pthread_mutex_lock(&session->tree.lock);
        if (subject->dir->parent && subject->place)
                change_is_told_with(session, subject->dir->parent, subject->place);
        pthread_mutex_unlock(&session->tree.lock);
}

/* Where the reason of a refusal is looked for: beside files, not beside directories. */
static bool has_note(const struct carry *carry) {
        return carry->text || (carry->act == EDIT_REMOVE && !carry->is_directory) ||
               (carry->is_late && atomic_load(carry->is_late));
}

static int commit_of(struct op *op, struct carry *carry, struct commit *ret) {
        const struct subject *subject = carry->subject;
        int r = carry->is_secret ? 0
                                 : withhold(view_secrets(subject->place), carry->text, carry->len,
                                            &carry->withheld);

        if (r < 0)
                return op_fail(op, -r, "out of memory");
        *ret = (struct commit){
                .journal = subject->journal,
                .account = subject->account,
                .act = carry->act,
                .path = subject->path,
                .identity = place_identity(subject->place),
                .name = is_making(carry->act) ? subject->name : carry->name,
                .target = carry->target,
                .text = carry->text,
                .len = carry->len,
                .kept_text = carry->withheld.text,
                .kept_len = carry->withheld.len,
                .is_secret = carry->is_secret,
                .is_patient = carry->is_patient,
                .base = carry->base,
                .before = carry->before ? carry->before->data : NULL,
                .before_len = carry->before ? carry->before->len : 0,
                .call = call,
                .data = carry,
                .id = carry->id,
        };
        return 0;
}

static void end_commit(struct carry *carry, struct commit *commit) {
        withheld_done(&carry->withheld);
        commit_done(commit);
}

/* The path of a resource whose action's is given: without `/actions/<verb>`. */
static char *resource_path(const char *path) {
        size_t len = strlen(path);

        for (int i = 0; i < 2; i++)
                while (len > 0 && path[--len] != '/')
                        ;
        return strndup(path, len);
}

/* What was set to work by the change is watched until it is at an end. */
static void note_work(struct session *session, const struct carry *carry,
                      const struct change_result *result) {
        const struct subject *subject = carry->subject;
        const char *act = commit_act_name(carry->act);
        _cleanup_(freep) char *path = NULL;

        switch (carry->act) {
        case EDIT_CREATE:
        case EDIT_MKDIR:
                if (result->entry.place)
                        jobs_note(session, subject, result->entry.place, subject->path, act, false);
                break;
        case EDIT_REMOVE:
                if (carry->is_directory)
                        jobs_note(session, subject, subject->place, subject->path, act, true);
                break;
        case EDIT_ACTION:
                path = resource_path(subject->path);
                if (path)
                        jobs_note(session, subject, subject->place, path, subject->name, false);
                break;
        case EDIT_SAVE:
        case EDIT_LINK:
        case EDIT_UNLINK:
        case EDIT_RENAME:
                return;
        }
        pthread_mutex_lock(&session->tree.lock);
        change_sets_to_work(session, subject->dir);
        pthread_mutex_unlock(&session->tree.lock);
}

/* What an earlier mount was to remove there is not removed any more. */
static void supersede(struct session *session, const struct carry *carry,
                      const struct commit *commit) {
        if (carry->act != EDIT_REMOVE && carry->act != EDIT_ACTION &&
            !session->commits.is_plan_only)
                recovery_supersede(session, commit->identity, commit->path);
}

/** carry_accept() - make it durable, to be carried out later by its id. As commit_accept(). */
int carry_accept(struct session *session, struct op *op, struct carry *carry, int64_t *ret_id) {
        struct commit commit;
        int r = commit_of(op, carry, &commit);

        if (r < 0)
                return r;
        supersede(session, carry, &commit);
        r = commit_accept(&session->commits, op, &commit);
        if (r == 0)
                *ret_id = commit.id;
        end_commit(carry, &commit);
        return r;
}

/* Done in part, or perhaps: what is shown of it is asked for anew, since who is told to look must
 * see what there is. A save does so itself. */
static void doubt_shown(struct session *session, const struct carry *carry) {
        const struct subject *subject = carry->subject;
        struct node *other = NULL;

        pthread_mutex_lock(&session->tree.lock);
        if (carry->other)
                other = tree_find(&session->tree, carry->other);
        if (carry->act == EDIT_ACTION && subject->dir->parent)
                change_acts_on(session, subject->dir->parent);
        else if (carry->act != EDIT_SAVE)
                change_acts_on(session, subject->dir);
        if (carry->act == EDIT_REMOVE || carry->act == EDIT_UNLINK)
                arriving_forget(session, subject->dir, subject->name);
        if (carry->act == EDIT_RENAME && other)
                change_acts_on(session, other);
        else if (carry->act == EDIT_LINK)
                change_relates(session, other);
        pthread_mutex_unlock(&session->tree.lock);
}

/**
 * carry_out() - do it, wait for the outcome, keep what must be kept and say why it failed.
 * @ret: to be ended with change_result_done() in any case.
 * Returns as commit_run(). The tree must not be locked.
 */
int carry_out(struct session *session, struct op *op, struct carry *carry,
              struct change_result *ret) {
        struct commit commit;
        int r = commit_of(op, carry, &commit);

        *ret = (struct change_result){ 0 };
        if (r < 0)
                return r;
        if (!carry->id)
                supersede(session, carry, &commit);
        r = commit_run(&session->commits, op, &commit, ret);
        carry->id = commit.id;
        carry->is_unknown = commit.is_unknown;
        carry->is_begun = commit.is_begun;
        carry->may_have_changed = commit.may_have_changed;
        carry->is_waiting = commit.is_waiting;
        if (r == 0 && !session->commits.is_plan_only)
                note_work(session, carry, ret);
        if (r == 0 && !session->commits.is_plan_only && carry->act != EDIT_ACTION)
                doubt_sharers(session, carry->subject);
        if (r < 0 && commit.may_have_changed)
                doubt_shown(session, carry);
        if (r < 0 && has_note(carry) && !commit.is_waiting)
                (void)note_put(session, note_directory(carry), note_name(carry), ".error",
                               &commit.report);
        else if (r == 0 && has_note(carry) && !session->commits.is_plan_only)
                end_notes(session, op, carry);
        end_commit(carry, &commit);
        return r;
}
