/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/resume.h"

#include <string.h>

#include "base/stamp.h"
#include "base/text.h"
#include "fs/carry.h"
#include "fs/change.h"
#include "fs/leaving.h"
#include "fs/local.h"
#include "fs/note.h"
#include "fs/report.h"
#include "fs/same.h"
#include "fs/saving.h"
#include "fs/session.h"
#include "fs/walk.h"

enum { SETTLE_MS = LEAVING_SETTLE_MS }; /* for how long a list may lack what was made */

/** resume_done() - frees what it holds. */
void resume_done(struct resumption *it) {
        subject_done(&it->subject);
        if (it->node)
                walk_let_go(it->session, it->node);
        edit_done(&it->edit);
}

static struct journal *journal_of(const struct resumption *it) {
        return it->account->journal;
}

/* Was it sent, and is it unknown whether it arrived? */
static bool is_open(const struct edit *edit) {
        return edit->state == EDIT_SENDING && edit->step && !edit->step_answered;
}

static bool is_answered(const struct edit *edit) {
        return edit->step && edit->step_answered && edit->step == edit->steps &&
               edit->step_result == 0;
}

/** resume_finish() - it is decided; @op: why not, NULL if it was done. */
void resume_finish(struct resumption *it, enum edit_state state, const struct op *op) {
        journal_finish(journal_of(it), it->edit.id, state,
                       op && op->fault.error ? &op->fault : NULL);
        atomic_fetch_add(&it->session->commits.version, 1);
}

/* It is not decided: whoever does the same again is told, until somebody says what is to be. */
static int leave(struct resumption *it, struct op *op) {
        (void)op_fail(op, ETIMEDOUT,
                      "it was sent before hcloudfs ended, and nobody knows whether it happened");
        op->fault.is_unknown = true;
        resume_finish(it, EDIT_UNKNOWN, op);
        (void)doubts_add(&it->session->commits.doubts, journal_of(it), &it->edit);
        return -ETIMEDOUT;
}

/* Nobody was told that it would be done, and nothing of it was sent: it is given up. */
static int give_up(struct resumption *it, struct op *op, const char *reason) {
        int r = op_fail(op, ECANCELED, "%s", reason);

        resume_finish(it, EDIT_REJECTED, op);
        if (!it->edit.text)
                (void)journal_forget(journal_of(it), op, it->edit.id);
        return r;
}

/**
 * resume_find() - the directory and what stands in it at the path, as far as it is there.
 * Returns 0 or negative errno with a reason.
 */
int resume_find(struct resumption *it, struct op *op) {
        const char *slash = strrchr(it->edit.path, '/');
        _cleanup_(freep) char *above = NULL;
        struct node *dir = NULL;
        int r;

        if (!slash)
                return op_fail(op, EINVAL, "a path without a directory: %s", it->edit.path);
        /* What was made just before the end is in no list that was kept. */
        op->must_be_fresh = true;
        op->fresh_since_ms = stamp_now_ms();
        above = strndup(it->edit.path, (size_t)(slash - it->edit.path));
        r = above ? walk(it->session, op, NULL, above, &dir) : -ENOMEM;
        if (r < 0)
                return r;
        pthread_mutex_lock(&it->session->tree.lock);
        r = subject_of_name(it->session, dir, slash + 1, &it->subject);
        pthread_mutex_unlock(&it->session->tree.lock);
        if (r == 0)
                r = walk(it->session, op, dir, slash + 1, &it->node);
        if (r == -ENOENT) { /* any other failure decides nothing */
                it->node = NULL;
                op_clear(op);
                r = 0;
        }
        op->must_be_fresh = false;
        walk_let_go(it->session, dir);
        return r;
}

/* Has the path still the meaning that it had? For changes of something that exists. */
static bool is_same_place(const struct resumption *it) {
        return it->node && it->node->place &&
               text_eq(place_identity(it->node->place), it->edit.identity);
}

static int take_subject(struct resumption *it) {
        int r;

        subject_done(&it->subject);
        pthread_mutex_lock(&it->session->tree.lock);
        r = subject_of_node(it->session, it->node, &it->subject);
        pthread_mutex_unlock(&it->session->tree.lock);
        return r;
}

/* What stands there now, newer than this moment. */
static int read_now(struct resumption *it, struct op *op, struct document **ret) {
        int r;

        op->must_be_fresh = true;
        op->fresh_since_ms = stamp_now_ms();
        r = view_read(it->subject.view, op, it->subject.place, ret);
        op->must_be_fresh = false;
        return r;
}

static int make_document(const char *data, size_t len, struct document **ret) {
        struct buf buf = BUF_INIT(0);
        int r = buf_add(&buf, data, len);

        if (r == 0)
                r = local_document_new(&buf, INT64_MAX, ret);
        buf_done(&buf);
        return r;
}

/* Was it over a removed document, which may have gone before the new one was made? */
static bool may_replace(const struct resumption *it) {
        return it->edit.target && text_eq(it->edit.target, SAVING_REPLACES);
}

static int send_save(struct resumption *it, struct op *op) {
        struct document *base = NULL, *now = NULL;
        struct saving saving = {
                .subject = &it->subject,
                .text = it->edit.text,
                .len = it->edit.len,
                .id = it->edit.id,
                .is_patient = !it->is_told,
                .may_replace = may_replace(it),
        };
        int r = 0;

        if (it->edit.base)
                r = make_document(it->edit.base, it->edit.base_len, &base);
        saving.base = base;
        if (r == 0)
                r = saving_run(it->session, op, &saving, &now);
        entry_done(&saving.made);
        if (base)
                document_unref(base);
        if (now)
                document_unref(now);
        return r;
}

static int resume_create(struct resumption *it, struct op *op);

static int resume_save(struct resumption *it, struct op *op) {
        struct document *now = NULL;
        bool is_there;
        int r;

        if (!is_same_place(it) && may_replace(it)) {
                it->edit.act = EDIT_CREATE;
                return resume_create(it, op);
        }
        if (!is_same_place(it))
                return give_up(it, op, "the document has gone");
        r = take_subject(it);
        if (r == 0)
                r = read_now(it, op, &now);
        if (r < 0)
                return r; /* the next mount tries again */
        is_there = same_value(now, it->edit.text, it->edit.len);
        document_unref(now);
        if (is_there) {
                resume_finish(it, EDIT_DONE, NULL);
                return 0;
        }
        if (is_open(&it->edit) && it->edit.step_is_once && !it->is_told)
                return leave(it, op);
        return send_save(it, op);
}

/* Is it what was to be made? Its name was free before that was sent, but may have been taken by
 * another meanwhile. 1, 0, or negative errno. */
static int is_made(struct resumption *it, struct op *op) {
        struct document *now = NULL;
        int r = take_subject(it);

        if (r == 0)
                r = read_now(it, op, &now);
        if (r < 0)
                return r;
        r = is_open(&it->edit) ? same_parts(now, it->edit.text, it->edit.len)
                               : same_value(now, it->edit.text, it->edit.len);
        document_unref(now);
        return r;
}

/* Was it told to be under way before it was sent? Else mkdir was being waited for. */
static bool is_promised(const struct resumption *it) {
        return it->edit.act != EDIT_MKDIR || it->edit.target || it->is_told;
}

static int resume_create(struct resumption *it, struct op *op) {
        struct change_result result = { 0 };
        int r;

        if ((is_answered(&it->edit) && !may_replace(it)) ||
            (it->node && it->edit.act == EDIT_MKDIR && is_open(&it->edit))) {
                resume_finish(it, EDIT_DONE, NULL);
                return 0;
        }
        if (it->node && it->edit.text && it->node->type == ENTRY_FILE) {
                r = is_made(it, op);
                if (r > 0)
                        resume_finish(it, EDIT_DONE, NULL);
                if (r != 0)
                        return r < 0 ? r : 0;
                return give_up(it, op, "another document has the name by now");
        }
        if (is_open(&it->edit) && it->edit.step_is_once && !it->is_told)
                return leave(it, op);
        if (!is_promised(it))
                return give_up(it, op, "hcloudfs ended before it was sent");
        r = carry_out(it->session, op,
                      &(struct carry){
                              .subject = &it->subject,
                              .act = it->edit.act,
                              .text = it->edit.text,
                              .len = it->edit.len,
                              .id = it->edit.id,
                              .is_patient = !it->is_told,
                      },
                      &result);
        change_result_done(&result);
        return r;
}

/* Which entry of a list is what the change is of, whatever it is called there? NULL: none. */
static const struct entry *entry_of(const struct resumption *it, const struct listing *listing) {
        for (size_t i = 0; i < listing->count; i++)
                if (listing->entries[i].place &&
                    text_eq(place_identity(listing->entries[i].place), it->edit.identity))
                        return &listing->entries[i];
        return NULL;
}

/* What stands at the path is not what was removed. That may stand beside it under another name: a
 * second one of its name makes both be called otherwise. 1 if it does, 0 if it is nowhere. */
static int find_beside(struct resumption *it, struct op *op) {
        _cleanup_(listing_unrefp) struct listing *listing = NULL;
        const struct entry *entry;
        struct node *node = NULL;
        int r;

        op->must_be_fresh = true; /* since what find() has set */
        r = view_list(it->subject.view, op, it->subject.place, &listing);
        op->must_be_fresh = false;
        entry = r == 0 ? entry_of(it, listing) : NULL;
        if (!entry)
                return r;
        pthread_mutex_lock(&it->session->tree.lock);
        r = tree_adopt(&it->session->tree, it->subject.dir, entry, &node);
        if (r == 0) {
                node_unref(&it->session->tree, it->node);
                it->node = node_ref(node);
        }
        pthread_mutex_unlock(&it->session->tree.lock);
        return r < 0 ? r : 1;
}

/* Is what was removed still there? Where nothing tells that the removal was carried out, a list is
 * believed only after the time for which it may lack what was made just before (file rule 18).
 * 1 if it is, 0 if it has gone, negative errno while nobody can tell. */
static int is_left(struct resumption *it, struct op *op) {
        int64_t age_ms = stamp_now_ms() - it->edit.accepted_ms;
        int r;

        if (is_answered(&it->edit))
                return 0;
        r = is_same_place(it) ? 1 : find_beside(it, op);
        if (r == 0 && age_ms >= 0 && age_ms < SETTLE_MS)
                return op_fail(op, EAGAIN, "no list shows it yet");
        return r;
}

/* Somebody has changed it since: it stays, and the reason stands beside it. */
static int keep_changed(struct resumption *it, struct op *op) {
        struct buf text = BUF_INIT(0);
        int r = give_up(it, op, "it was changed since it was removed, so it stays");

        if (report_render(&(struct report){ .act = commit_act_name(it->edit.act),
                                            .path = it->edit.path,
                                            .fault = &op->fault,
                                            .error = r },
                          &text) == 0)
                (void)note_put(it->session, it->subject.dir, it->subject.name, ".error", &text);
        buf_done(&text);
        return r;
}

/* Has it another content than when it was removed? 1, 0, or negative errno. */
static int is_changed(struct resumption *it, struct op *op) {
        struct document *now = NULL;
        int r;

        if (!it->edit.base)
                return 0;
        r = read_now(it, op, &now);
        if (r < 0)
                return r;
        r = !same_value(now, it->edit.base, it->edit.base_len);
        document_unref(now);
        return r;
}

/* Only rm of documents was promised before it was sent; rmdir was being waited for. */
static int resume_remove(struct resumption *it, struct op *op) {
        struct change_result result = { 0 };
        int r;

        if (it->is_superseded && atomic_load(it->is_superseded))
                return give_up(it, op, "it was saved or made anew since it was removed");
        r = is_left(it, op);
        if (r == 0)
                resume_finish(it, EDIT_DONE, NULL);
        if (r <= 0)
                return r;
        if (!it->edit.target && !it->is_told)
                return is_open(&it->edit) ? leave(it, op)
                                          : give_up(it, op, "hcloudfs ended before it was sent");
        r = take_subject(it);
        if (r == 0)
                r = is_changed(it, op);
        if (r != 0)
                return r < 0 ? r : keep_changed(it, op);
        r = carry_out(it->session, op,
                      &(struct carry){
                              .subject = &it->subject,
                              .act = EDIT_REMOVE,
                              .id = it->edit.id,
                              .is_paid = it->edit.target, /* when it was promised */
                              .is_patient = !it->is_told,
                      },
                      &result);
        change_result_done(&result);
        return r;
}

/* Changes of which nobody was told that they would be done. */
static int resume_other(struct resumption *it, struct op *op) {
        if (is_answered(&it->edit)) {
                resume_finish(it, EDIT_DONE, NULL);
                return 0;
        }
        if (it->edit.act == EDIT_LINK && it->node) {
                resume_finish(it, EDIT_DONE, NULL);
                return 0;
        }
        if (it->edit.act == EDIT_UNLINK && !it->node) {
                resume_finish(it, EDIT_DONE, NULL);
                return 0;
        }
        return is_open(&it->edit) ? leave(it, op)
                                  : give_up(it, op, "hcloudfs ended before it was sent");
}

/**
 * resume_run() - completes it, or leaves the decision to people. Asks the cloud; nothing locked.
 * Returns 0, or negative errno with a reason; the journal tells whether that decided it.
 */
int resume_run(struct resumption *it, struct op *op) {
        int r = resume_find(it, op);

        if (r < 0)
                return r;
        switch (it->edit.act) {
        case EDIT_SAVE:
                return resume_save(it, op);
        case EDIT_CREATE:
        case EDIT_MKDIR:
                return resume_create(it, op);
        case EDIT_REMOVE:
                return resume_remove(it, op);
        case EDIT_LINK:
        case EDIT_UNLINK:
        case EDIT_RENAME:
        case EDIT_ACTION:
                break;
        }
        return resume_other(it, op);
}
