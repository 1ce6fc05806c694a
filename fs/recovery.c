/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/recovery.h"

#include <inttypes.h>
#include <string.h>

#include "base/digest.h"
#include "base/log.h"
#include "base/stamp.h"
#include "base/text.h"
#include "fs/branch.h"
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

enum {
        TIMEOUT_MS = 60 * 1000,
        RETRY_MS = 1000, /* the first time; twice as long after each, … */
        RETRY_MAX_MS = 30 * 1000,
        SETTLE_MS = LEAVING_SETTLE_MS, /* for how long a list may lack what was made */
        EDITS_MAX = 1024,
};

/* One change that is taken up again. */
struct resumption {
        struct session *session;
        const struct session_account *account;
        struct edit edit;                 /* owned */
        bool is_told;                     /* somebody decided that it is to be sent */
        const atomic_bool *is_superseded; /* NULL: it cannot be */
        struct subject subject;
        struct node *node; /* what stands at its path, or NULL; referenced */
};

static void resumption_done(struct resumption *it) {
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

static void finish(struct resumption *it, enum edit_state state, const struct op *op) {
        journal_finish(journal_of(it), it->edit.id, state,
                       op && op->fault.error ? &op->fault : NULL);
        atomic_fetch_add(&it->session->commits.version, 1);
}

/* It is not decided: whoever does the same again is told, until somebody says what is to be. */
static int leave(struct resumption *it, struct op *op) {
        (void)op_fail(op, ETIMEDOUT,
                      "it was sent before hcloudfs ended, and nobody knows whether it happened");
        op->fault.is_unknown = true;
        finish(it, EDIT_UNKNOWN, op);
        (void)doubts_add(&it->session->commits.doubts, journal_of(it), &it->edit);
        return -ETIMEDOUT;
}

/* Nobody was told that it would be done, and nothing of it was sent: it is given up. */
static int give_up(struct resumption *it, struct op *op, const char *reason) {
        int r = op_fail(op, ECANCELED, "%s", reason);

        finish(it, EDIT_REJECTED, op);
        if (!it->edit.text)
                (void)journal_forget(journal_of(it), op, it->edit.id);
        return r;
}

/* The directory and what stands in it at the path, as far as it is there. */
static int find(struct resumption *it, struct op *op) {
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
                finish(it, EDIT_DONE, NULL);
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
                finish(it, EDIT_DONE, NULL);
                return 0;
        }
        if (it->node && it->edit.text && it->node->type == ENTRY_FILE) {
                r = is_made(it, op);
                if (r > 0)
                        finish(it, EDIT_DONE, NULL);
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
                finish(it, EDIT_DONE, NULL);
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
        if (it->is_told)
                return op_fail(op, EINVAL,
                               "what was sent is kept nowhere: do it again yourself, "
                               "and write forget here");
        if (is_answered(&it->edit)) {
                finish(it, EDIT_DONE, NULL);
                return 0;
        }
        if (it->edit.act == EDIT_LINK && it->node) {
                finish(it, EDIT_DONE, NULL);
                return 0;
        }
        if (it->edit.act == EDIT_UNLINK && !it->node) {
                finish(it, EDIT_DONE, NULL);
                return 0;
        }
        return is_open(&it->edit) ? leave(it, op)
                                  : give_up(it, op, "hcloudfs ended before it was sent");
}

static int resume(struct resumption *it, struct op *op) {
        int r = find(it, op);

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

/* What an earlier mount left, until it is decided. Belongs to the thread that takes it up. */
struct recovery {
        struct session *session;
        struct {
                const struct session_account *account;
                int64_t id;
                uint64_t identity, path;   /* hashes of those of a removal; 0: it is none */
                atomic_bool is_superseded; /* what was removed was saved or made anew */
        } list[EDITS_MAX];
        size_t count;
        int64_t delay_ms;                      /* before the next attempt */
        const struct session_account *account; /* that is being looked at */
};

/* What the directory showed when it was looked at is outdated. */
static void expire(const struct resumption *it) {
        const struct subject *subject = &it->subject;

        if (!subject->session)
                return;
        pthread_mutex_lock(&it->session->tree.lock);
        change_outdates(it->session, subject->dir);
        notify_entry(&it->session->notify, subject->dir->id, subject->name);
        notify_inode(&it->session->notify, subject->dir->id);
        pthread_mutex_unlock(&it->session->tree.lock);
}

/* Returns whether it is decided by now; a failure of the network decides nothing. */
static bool resume_one(struct recovery *recovery, size_t i) {
        struct session *session = recovery->session;
        const struct session_account *account = recovery->list[i].account;
        struct resumption it = {
                .session = session,
                .account = account,
                .is_superseded = &recovery->list[i].is_superseded,
        };
        int64_t id = recovery->list[i].id;
        struct edit after = { 0 };
        bool is_decided = true;
        struct op op;
        int r;

        op_init(&op, OP_POLL, TIMEOUT_MS);
        op.command = "recovery";
        if (journal_get(account->journal, id, &it.edit) < 0)
                return true;
        op.uid = it.edit.uid;
        r = resume(&it, &op);
        if (r < 0)
                log_warning("%s %s: %s", commit_act_name(it.edit.act), it.edit.path,
                            op.fault.reason[0] ? op.fault.reason : strerror(-r));
        else
                log_info("%s %s: completed", commit_act_name(it.edit.act), it.edit.path);
        if (r < 0 && journal_get(account->journal, id, &after) == 0) {
                is_decided = after.state != EDIT_ACCEPTED && after.state != EDIT_SENDING;
                edit_done(&after);
        }
        expire(&it);
        resumption_done(&it);
        return is_decided;
}

static void run(void *data) {
        struct recovery *recovery = data;
        bool is_left = false;

        for (size_t i = 0; i < recovery->count; i++) {
                if (recovery->list[i].id && resume_one(recovery, i))
                        recovery->list[i].id = 0;
                is_left |= recovery->list[i].id != 0;
        }
        if (!is_left)
                return;
        (void)later_add_idle(&recovery->session->later, recovery->delay_ms, run, recovery);
        if (recovery->delay_ms < RETRY_MAX_MS)
                recovery->delay_ms *= 2;
}

static uint64_t hash_of(const char *text) {
        return text ? digest_hash64(text, strlen(text)) : 0;
}

static int note_edit(void *data, const struct edit *edit) {
        struct recovery *recovery = data;

        if (edit->state == EDIT_UNKNOWN)
                return doubts_add(&recovery->session->commits.doubts, recovery->account->journal,
                                  edit);
        if (recovery->count == EDITS_MAX)
                return 0; /* the next mount finds the rest */
        recovery->list[recovery->count].account = recovery->account;
        recovery->list[recovery->count].id = edit->id;
        if (edit->act == EDIT_REMOVE) {
                recovery->list[recovery->count].identity = hash_of(edit->identity);
                recovery->list[recovery->count].path = hash_of(edit->path);
        }
        recovery->count++;
        return 0;
}

/**
 * recovery_start() - take up what the journals hold; in the background where there is something.
 * Before anything is served, so that only what was left is seen. Returns 0 or negative errno.
 */
int recovery_start(struct session *session) {
        struct recovery *recovery = calloc(1, sizeof(*recovery));
        int r = recovery ? 0 : -ENOMEM;

        session->recovery = recovery;
        if (recovery)
                recovery->delay_ms = RETRY_MS;
        for (size_t i = 0; r == 0 && i < session->options.n_accounts; i++) {
                recovery->session = session;
                recovery->account = &session->options.accounts[i];
                if (recovery->account->journal)
                        r = journal_each(recovery->account->journal,
                                         1U << EDIT_ACCEPTED | 1U << EDIT_SENDING |
                                                 1U << EDIT_UNKNOWN,
                                         note_edit, recovery);
        }
        if (r < 0 || !recovery->count)
                return r;
        log_warning("%zu changes of an earlier mount are not finished: see .hcloudfs/queue",
                    recovery->count);
        return later_add_idle(&session->later, 0, run, recovery);
}

/** recovery_stop() - after the last thread has gone. */
void recovery_stop(struct session *session) {
        free(session->recovery);
        session->recovery = NULL;
}

/**
 * recovery_supersede() - what @identity tells of is being saved, or something is being made at
 * @path: an earlier mount's removal that is not decided yet must not take it.
 */
void recovery_supersede(struct session *session, const char *identity, const char *path) {
        struct recovery *recovery = session->recovery;
        uint64_t identity_hash, path_hash;

        if (!recovery || !recovery->count)
                return;
        identity_hash = hash_of(identity);
        path_hash = hash_of(path);
        for (size_t i = 0; i < recovery->count; i++)
                if (recovery->list[i].path && (recovery->list[i].path == path_hash ||
                                               recovery->list[i].identity == identity_hash))
                        atomic_store(&recovery->list[i].is_superseded, true);
}

/** recovery_can_resend() - does the journal keep all that it takes to send such a change again? Not
 * of what is sent at once and waited for: an action, a link, a new name. */
bool recovery_can_resend(enum edit_act act) {
        return act == EDIT_SAVE || act == EDIT_CREATE || act == EDIT_MKDIR || act == EDIT_REMOVE;
}

/** recovery_resend() - somebody says that a change in doubt is to be sent (again). */
int recovery_resend(struct session *session, struct op *op, const struct session_account *account,
                    int64_t id) {
        struct resumption it = { .session = session, .account = account, .is_told = true };
        int r = journal_get(account->journal, id, &it.edit);

        if (r < 0)
                return op_fail(op, -r, "it is decided by now");
        if (it.edit.state != EDIT_UNKNOWN)
                r = op_fail(op, EBUSY, "it is being sent at this moment");
        else if (!recovery_can_resend(it.edit.act))
                r = resume_other(&it, op);
        if (r == 0) {
                doubts_remove(&session->commits.doubts, account->journal, id);
                journal_finish(account->journal, id, EDIT_ACCEPTED, NULL);
                it.edit.state = EDIT_ACCEPTED;
                r = resume(&it, op);
        }
        resumption_done(&it);
        return r;
}

/** recovery_forget() - somebody says that a change in doubt is not wanted any more. */
int recovery_forget(struct session *session, struct op *op, const struct session_account *account,
                    int64_t id) {
        struct resumption it = { .session = session, .account = account };
        int r = journal_get(account->journal, id, &it.edit);

        if (r < 0)
                return op_fail(op, -r, "it is decided by now");
        if (it.edit.state != EDIT_UNKNOWN) {
                r = op_fail(op, EBUSY, "it is being sent at this moment");
        } else {
                doubts_remove(&session->commits.doubts, account->journal, id);
                (void)op_fail(op, ECANCELED, "given up by hand");
                finish(&it, EDIT_REJECTED, op);
                op_clear(op);
                r = journal_forget(account->journal, op, id);
        }
        if (r == 0) {
                pthread_mutex_lock(&session->tree.lock);
                (void)reasons_drop(session, it.edit.path);
                pthread_mutex_unlock(&session->tree.lock);
        }
        if (r == 0 && find(&it, op) == 0)
                (void)note_drop(session, it.subject.dir, it.subject.name, ".error");
        if (r == 0)
                op_clear(op);
        resumption_done(&it);
        return r;
}

struct listed {
        struct session *session;
        const struct listing *listing;
};

/* Does the list show what was to be made? Then it happened. */
static bool is_shown(void *data, const struct doubt *doubt) {
        const struct listed *listed = data;

        if (doubt->act != EDIT_CREATE && doubt->act != EDIT_MKDIR && doubt->act != EDIT_LINK)
                return false;
        if (!doubt->name || !listing_find(listed->listing, doubt->name))
                return false;
        journal_finish(doubt->journal, doubt->id, EDIT_DONE, NULL);
        atomic_fetch_add(&listed->session->commits.version, 1);
        return true;
}

/** recovery_listed() - a new list may decide what is in doubt. The tree must not be locked. */
void recovery_listed(struct session *session, const struct node *node,
                     const struct listing *listing) {
        struct listed listed = { .session = session, .listing = listing };

        if (node->place && !listing->is_stale)
                doubts_settle(&session->commits.doubts, place_identity(node->place), is_shown,
                              &listed);
}
