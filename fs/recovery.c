/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/recovery.h"

#include <string.h>

#include "base/digest.h"
#include "base/log.h"
#include "fs/change.h"
#include "fs/note.h"
#include "fs/resume.h"
#include "fs/session.h"

enum {
        TIMEOUT_MS = 60 * 1000,
        RETRY_MS = 1000, /* the first time; twice as long after each, … */
        RETRY_MAX_MS = 30 * 1000,
        EDITS_MAX = 1024,
};

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
        r = resume_run(&it, &op);
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
        resume_done(&it);
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
                r = op_fail(op, EINVAL,
                            "what was sent is kept nowhere: do it again yourself, "
                            "and write forget here");
        if (r == 0) {
                doubts_remove(&session->commits.doubts, account->journal, id);
                journal_finish(account->journal, id, EDIT_ACCEPTED, NULL);
                it.edit.state = EDIT_ACCEPTED;
                r = resume_run(&it, op);
        }
        resume_done(&it);
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
                resume_finish(&it, EDIT_REJECTED, op);
                op_clear(op);
                r = journal_forget(account->journal, op, id);
        }
        if (r == 0) {
                pthread_mutex_lock(&session->tree.lock);
                (void)reasons_drop(session, it.edit.path);
                pthread_mutex_unlock(&session->tree.lock);
        }
        if (r == 0 && resume_find(&it, op) == 0)
                (void)note_drop(session, it.subject.dir, it.subject.name, ".error");
        if (r == 0)
                op_clear(op);
        resume_done(&it);
        return r;
}

enum { SHOWN_MAX = 16 };

struct listed {
        struct session *session;
        const struct listing *listing;
        char *names[SHOWN_MAX]; /* decided by it; owned */
        size_t count;
};

/* Does the list show what was to be made? Then it happened. */
static bool is_shown(void *data, const struct doubt *doubt) {
        struct listed *listed = data;

        if (doubt->act != EDIT_CREATE && doubt->act != EDIT_MKDIR && doubt->act != EDIT_LINK)
                return false;
        if (!doubt->name || !listing_find(listed->listing, doubt->name))
                return false;
        if (listed->count == SHOWN_MAX)
                return false; /* the next list decides it */
        listed->names[listed->count] = strdup(doubt->name);
        listed->count += listed->names[listed->count] != NULL;
        journal_finish(doubt->journal, doubt->id, EDIT_DONE, NULL);
        atomic_fetch_add(&listed->session->commits.version, 1);
        return true;
}

/** recovery_listed() - a new list may decide what is in doubt. The tree must not be locked. */
void recovery_listed(struct session *session, struct node *node, const struct listing *listing) {
        struct listed listed = { .session = session, .listing = listing };

        if (node->place && !listing->is_stale)
                doubts_settle(&session->commits.doubts, place_identity(node->place), is_shown,
                              &listed);
        while (listed.count) { /* what was said of the doubt is over */
                (void)note_drop(session, node, listed.names[--listed.count], ".error");
                free(listed.names[listed.count]);
        }
}
