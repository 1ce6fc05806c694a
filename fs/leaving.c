/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/leaving.h"

#include "backends/change.h"
#include "base/log.h"
#include "base/stamp.h"
#include "base/text.h"
#include "fs/arriving.h"
#include "fs/carry.h"
#include "fs/change.h"
#include "fs/content.h"
#include "fs/directory.h"
#include "fs/levels.h"
#include "fs/session.h"

enum {
        TIMEOUT_MS = 60 * 1000,
        AGAIN_MS = 1000, /* after a failure that may pass; twice as long after each, … */
        AGAIN_MAX_MS = 60 * 1000,
};

/* The names in the directory are others, and in that of what is told of them. */
static void touch_directory(struct session *session, struct node *dir) {
        struct node *told = tree_child(&session->tree, dir, ".meta");

        overlay_touched(session, dir);
        if (told && told->type == ENTRY_DIRECTORY && told->directory)
                overlay_touched(session, told);
}

/* Also in one that was made anew in its place meanwhile. */
static void touch(struct session *session, const struct leaving *leaving) {
        struct node *dir = leaving->subject.dir;
        struct node *now = dir->place ? tree_find(&session->tree, dir->place) : NULL;

        touch_directory(session, dir);
        if (now && now != dir && now->type == ENTRY_DIRECTORY && now->directory)
                touch_directory(session, now);
}

/* Tree locked, but for what is of the subject. */
static void enter(struct session *session, struct leaving *leaving) {
        leaving->next = session->leavings;
        leaving->link = &session->leavings;
        if (leaving->next)
                leaving->next->link = &leaving->next;
        session->leavings = leaving;
        /* Of what no list tells, this alone knows that it is there: until it has gone. */
        if (leaving->until_ms || !arriving_is_unlisted(leaving->subject.dir))
                arriving_forget(session, leaving->subject.dir, leaving->subject.name);
        touch(session, leaving);
}

static void leave(struct session *session, struct leaving *leaving) {
        *leaving->link = leaving->next;
        if (leaving->next)
                leaving->next->link = leaving->link;
        touch(session, leaving);
}

/* Tree locked. */
static void leaving_free(struct leaving *leaving) {
        subject_let_go(&leaving->subject);
        if (leaving->before)
                document_unref(leaving->before);
        free(leaving);
}

/* Whoever lists the directory sees it otherwise from now on. Tree locked. */
static void tell(struct session *session, const struct leaving *leaving) {
        notify_entry(&session->notify, leaving->subject.dir->id, leaving->subject.name);
        notify_inode(&session->notify, leaving->subject.dir->id);
}

/* The document as it is now, for the history; what is known of it will do. */
static struct document *read_before(struct leaving *leaving, struct op *op) {
        struct document *document = NULL;

        if (leaving->before)
                return leaving->before;
        if (view_read(leaving->subject.view, op, leaving->subject.place, &document) < 0) {
                op_clear(op);
                return NULL;
        }
        leaving->before = document;
        return document;
}

static void log_failure(struct session *session, const struct leaving *leaving, const struct op *op,
                        int r) {
        const struct record_entry entry = {
                .operation = OPERATION_UNLINK,
                .path = leaving->subject.path,
                .uid = op->uid,
                .result = r,
                .calls = op->calls,
        };

        record_failed(&session->record, &entry, &op->fault);
}

static void run(void *data);

/* The servers could not do it now: it stays on its way out, and what was promised is tried again.
 * Where that cannot be, the next mount does it. Tree locked. Returns whether it is tried. */
static bool try_again(struct session *session, struct leaving *leaving) {
        if (leaving->delay_ms < AGAIN_MAX_MS)
                leaving->delay_ms = leaving->delay_ms ? leaving->delay_ms * 2 : AGAIN_MS;
        return later_add_idle(&session->later, leaving->delay_ms, run, leaving) == 0;
}

/* Tree locked. */
static void settle(struct session *session, struct leaving *leaving, int r, bool is_waiting) {
        change_outdates(session, leaving->subject.dir);
        if (!is_waiting || !try_again(session, leaving)) {
                leaving->until_ms = stamp_monotonic_ms() + LEAVING_SETTLE_MS;
                if (r < 0) {
                        leave(session, leaving);
                        tell(session, leaving);
                        leaving_free(leaving);
                } else {
                        arriving_forget(session, leaving->subject.dir, leaving->subject.name);
                        levels_left(session, leaving->subject.dir);
                }
        }
        pthread_cond_broadcast(&session->sent);
}

/* Its second is over: it is sent. */
static void run(void *data) {
        struct leaving *leaving = data;
        struct session *session = leaving->subject.session;
        struct change_result result;
        struct carry carry;
        struct op op;
        int r;

        op_init(&op, OP_INTERACTIVE, TIMEOUT_MS);
        carry = (struct carry){
                .subject = &leaving->subject,
                .act = EDIT_REMOVE,
                .id = leaving->id,
                .is_paid = true,
                .is_patient = true,
                .before = leaving->is_begun ? NULL : read_before(leaving, &op),
        };
        r = carry_out(session, &op, &carry, &result);
        change_result_done(&result);
        leaving->is_begun |= carry.is_begun;
        if (r < 0)
                log_failure(session, leaving, &op, r);
        if (r < 0 && carry.is_waiting)
                log_warning("remove %s: %s; it is tried again", leaving->subject.path,
                            op.fault.reason);
        pthread_mutex_lock(&session->tree.lock);
        settle(session, leaving, r, carry.is_waiting);
        pthread_mutex_unlock(&session->tree.lock);
}

/* It is out of the budget, and in the journal. */
static int accept(struct session *session, struct op *op, struct subject *subject,
                  struct document *before, int64_t *ret_id) {
        int r = view_pay_removal(subject->view, op, subject->place);

        if (r < 0)
                return r;
        r = carry_accept(session, op,
                         &(struct carry){
                                 .subject = subject,
                                 .act = EDIT_REMOVE,
                                 .base = before && !before->is_sent ? before : NULL,
                                 .target = "rm", /* it was promised: see fs/recovery.c */
                         },
                         ret_id);
        if (r < 0)
                view_refund_removal(subject->view, subject->place);
        return r;
}

/**
 * leaving_begin() - durable in the journal, hidden, to be sent later. The tree must not be locked.
 * @subject: taken over on success. @before: referenced, or NULL.
 * Returns 0, or why it cannot be accepted.
 */
int leaving_begin(struct session *session, struct op *op, struct subject *subject,
                  struct document *before) {
        struct leaving *leaving = calloc(1, sizeof(*leaving));
        int r;

        if (!leaving)
                return op_fail(op, ENOMEM, "out of memory");
        r = accept(session, op, subject, before, &leaving->id);
        if (r < 0) {
                free(leaving);
                return r;
        }
        leaving->subject = *subject;
        *subject = (struct subject){ 0 };
        leaving->before = before ? document_ref(before) : NULL;
        pthread_mutex_lock(&session->tree.lock);
        enter(session, leaving);
        pthread_mutex_unlock(&session->tree.lock);
        if (later_add(&session->later, LEAVING_DELAY_MS, run, leaving) < 0)
                run(leaving); /* no thread to be had: at once then */
        return 0;
}

/** leaving_hide() - a name has gone by another way: lists may still tell of it. 0 or -ENOMEM. */
int leaving_hide(struct session *session, struct node *dir, const char *name) {
        struct leaving *leaving = calloc(1, sizeof(*leaving));

        if (!leaving)
                return -ENOMEM;
        leaving->subject.name = strdup(name);
        if (!leaving->subject.name) {
                free(leaving);
                return -ENOMEM;
        }
        leaving->subject.session = session;
        leaving->subject.dir = node_ref(dir);
        leaving->until_ms = stamp_monotonic_ms() + LEAVING_SETTLE_MS;
        enter(session, leaving);
        return 0;
}

/* A level that was removed and made again is another node in the same place. */
static bool is_same_directory(const struct node *a, const struct node *b) {
        return a == b || (a->place && b->place &&
                          text_eq(place_identity(a->place), place_identity(b->place)));
}

static bool is_of(const struct leaving *leaving, const struct node *dir, const char *name) {
        return text_eq(leaving->subject.name, name) && is_same_directory(leaving->subject.dir, dir);
}

/* Is it the same document, perhaps in another directory's words? */
static bool is_same(const struct leaving *leaving, const struct place *place) {
        return leaving->subject.place && place && place_is_same_item(leaving->subject.place, place);
}

/** leaving_hides() - is this entry of a list not to be shown? */
bool leaving_hides(struct session *session, const struct node *dir, const struct entry *entry) {
        int64_t now_ms = session->leavings ? stamp_monotonic_ms() : 0;

        for (const struct leaving *leaving = session->leavings; leaving; leaving = leaving->next) {
                if (leaving->until_ms && leaving->until_ms <= now_ms)
                        continue;
                if (!leaving->is_missing && is_of(leaving, dir, entry->name))
                        return true;
                if (is_same(leaving, entry->place))
                        return true;
        }
        return false;
}

static struct leaving *find(struct session *session, const struct node *dir, const char *name) {
        struct leaving *leaving = session->leavings;

        while (leaving && !is_of(leaving, dir, name))
                leaving = leaving->next;
        return leaving;
}

/**
 * leaving_take_back() - the name is made again: it was no leaving but the first half of a save.
 * Waits, with the tree unlocked, while it is being sent.
 * Returns one that had not been sent, for leaving_forget(), else NULL.
 */
struct leaving *leaving_take_back(struct session *session, struct node *dir, const char *name) {
        struct leaving *leaving = find(session, dir, name);

        while (leaving && !leaving->until_ms) {
                if (later_cancel(&session->later, leaving)) {
                        leave(session, leaving);
                        levels_made(session, dir); /* the level that it is in stays as well */
                        return leaving;
                }
                pthread_cond_wait(&session->sent, &session->tree.lock);
                leaving = find(session, dir, name);
        }
        return NULL;
}

/** leaving_hurry() - of one that was taken back: it is sent now after all. Tree locked; not while
 * it is sent. */
void leaving_hurry(struct session *session, struct leaving *leaving) {
        enter(session, leaving);
        pthread_mutex_unlock(&session->tree.lock);
        run(leaving);
        pthread_mutex_lock(&session->tree.lock);
}

/** leaving_go_on() - of one that was taken back: it leaves after all. */
void leaving_go_on(struct session *session, struct leaving *leaving) {
        if (later_add(&session->later, LEAVING_DELAY_MS, run, leaving) == 0)
                enter(session, leaving);
        else
                leaving_hurry(session, leaving);
}

/** leaving_can() - what may be done with what is leaving; a set of enum ability. */
unsigned leaving_can(const struct leaving *leaving) {
        const struct subject *subject = &leaving->subject;

        return subject->branch->ops->abilities(subject->branch, subject->place);
}

/**
 * leaving_forget() - of one that was taken back; NULL allowed. The tree must not be locked. Should
 * the journal keep it after all, the next mount compares before it sends anything.
 */
void leaving_forget(struct session *session, struct op *op, struct leaving *leaving) {
        const struct op_fault fault = op->fault;

        if (!leaving)
                return;
        (void)journal_forget(leaving->subject.journal, op, leaving->id);
        view_refund_removal(leaving->subject.view, leaving->subject.place);
        op->fault = fault;
        pthread_mutex_lock(&session->tree.lock);
        leaving_free(leaving);
        pthread_mutex_unlock(&session->tree.lock);
}

/**
 * leaving_end() - the name was made anew: what is listed under it is not what has gone.
 * @place: of what was made, which may have the id of what has gone; NULL: not known.
 */
void leaving_end(struct session *session, const struct node *dir, const char *name,
                 const struct place *place) {
        struct leaving *leaving = session->leavings, *next;

        for (; leaving; leaving = next) {
                next = leaving->next;
                if (!leaving->until_ms || !(is_of(leaving, dir, name) || is_same(leaving, place)))
                        continue;
                leave(session, leaving);
                leaving_free(leaving);
        }
}

/** leaving_settle() - a list is about to be published: what it does not tell of has gone. An older
 * one may come after it; a thing of that name is another one, unless it has that id. */
void leaving_settle(struct session *session, struct node *dir, const struct listing *listing) {
        int64_t now_ms = stamp_monotonic_ms();
        struct leaving *leaving = session->leavings, *next;

        for (; leaving; leaving = next) {
                next = leaving->next;
                if (!leaving->until_ms)
                        continue;
                if (leaving->until_ms > now_ms && !is_same_directory(leaving->subject.dir, dir))
                        continue;
                if (leaving->until_ms > now_ms && listing_find(listing, leaving->subject.name))
                        continue;
                leaving->is_missing = true;
                if (leaving->until_ms > now_ms && leaving->subject.place)
                        continue;
                leave(session, leaving);
                leaving_free(leaving);
        }
}

/** leaving_free_all() - at the end. Tree locked. */
void leaving_free_all(struct session *session) {
        while (session->leavings) {
                struct leaving *leaving = session->leavings;

                leave(session, leaving);
                leaving_free(leaving);
        }
}
