/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/making.h"

#include <string.h>

#include "base/log.h"
#include "base/stamp.h"
#include "fs/arriving.h"
#include "fs/carry.h"
#include "fs/change.h"
#include "fs/content.h"
#include "fs/creating.h"
#include "fs/directory.h"
#include "fs/local.h"
#include "fs/session.h"

enum { TIMEOUT_MS = 60 * 1000 };

/* Belongs to who waits and to who works. Under the tree's lock, but for what is constant. */
struct making {
        struct session *session;
        struct subject subject;
        unsigned refs;
        uid_t uid;
        pid_t pid;
        struct overlay *overlay; /* stands for it since mkdir did not wait any longer; … */
        struct node *node;       /* … its node, referenced */
        struct entry entry;      /* of the view; name NULL: not listed yet */
        int64_t id;              /* in the journal; 0: not there yet */
        bool is_done;
        atomic_bool is_late;
        int result;
        struct op_fault fault;
        unsigned calls;
};

/* Tree locked. */
static void making_unref(struct making *making) {
        if (--making->refs > 0)
                return;
        subject_let_go(&making->subject);
        node_unref(&making->session->tree, making->node);
        entry_done(&making->entry);
        free(making);
}

static void log_failure(struct making *making, const struct op *op, int r) {
        const struct record_entry entry = {
                .operation = OPERATION_MKDIR,
                .path = making->subject.path,
                .uid = op->uid,
                .pid = op->pid,
                .result = r,
        };

        record_failed(&making->session->record, &entry, &op->fault);
}

/* Nobody waits any more: what stands for it becomes it, or goes. Tree locked. */
static void settle_late(struct making *making) {
        struct session *session = making->session;

        making->overlay->is_making = false;
        if (!making->overlay->link)
                return; /* it was moved away */
        if (making->result == 0) {
                (void)creating_done(session, making->overlay, &making->entry,
                                    making->subject.branch);
                return;
        }
        notify_entry(&session->notify, making->subject.dir->id, making->subject.name);
        creating_discard(session, making->overlay);
}

/* It was made, but there is something to know of it: `last_error` is where people look. */
static void tell_warning(struct making *making, struct op *op, const char *warning) {
        const struct op_fault before = op->fault;

        log_warning("mkdir %s: %s", making->subject.path, warning);
        op->fault = (struct op_fault){ 0 };
        (void)snprintf(op->fault.reason, sizeof(op->fault.reason), "%s", warning);
        log_failure(making, op, 0);
        op->fault = before;
}

/* From the journal to its outcome. */
static int make(struct making *making, struct op *op, struct change_result *ret) {
        struct session *session = making->session;
        struct carry carry = {
                .subject = &making->subject,
                .act = EDIT_MKDIR,
                .is_late = &making->is_late,
        };
        int r = carry_accept(session, op, &carry, &carry.id);

        *ret = (struct change_result){ 0 };
        if (r < 0)
                return r;
        pthread_mutex_lock(&session->tree.lock);
        making->id = carry.id;
        pthread_mutex_unlock(&session->tree.lock);
        return carry_out(session, op, &carry, ret);
}

static void run(void *data) {
        struct making *making = data;
        struct session *session = making->session;
        struct change_result result;
        struct op op;
        int r;

        op_init(&op, OP_INTERACTIVE, TIMEOUT_MS);
        op.uid = making->uid;
        op.pid = making->pid;
        op.command = "mkdir";
        r = make(making, &op, &result);
        if (r < 0 && atomic_load(&making->is_late))
                log_failure(making, &op, r);
        else if (r == 0 && result.warning)
                tell_warning(making, &op, result.warning);
        pthread_mutex_lock(&session->tree.lock);
        making->is_done = true;
        making->result = r;
        making->fault = op.fault;
        making->calls = op.calls;
        making->entry = result.entry;
        result.entry = (struct entry){ 0 };
        if (r == 0) /* a part of a resource of which its documents tell */
                change_refreshes(session, making->subject.dir, content_doubt);
        if (making->overlay)
                settle_late(making);
        pthread_cond_broadcast(&session->sent);
        making_unref(making);
        pthread_mutex_unlock(&session->tree.lock);
        change_result_done(&result);
}

/* A directory that says that it is being made. Tree locked. */
static int stand_in(struct making *making) {
        struct session *session = making->session;
        struct buf text = BUF_INIT(0);
        struct document *document = NULL;
        struct overlay *overlay = NULL, *status;
        char name[] = "status.json";
        int r = overlay_add(session, making->subject.dir,
                            &(struct entry){
                                    .name = making->subject.name,
                                    .type = ENTRY_DIRECTORY,
                                    .mode = 0755,
                            },
                            OVERLAY_DRAFT, &overlay);

        if (r < 0)
                return r;
        (void)buf_add_str(&text, "{\n  \"status\": \"creating\"\n}\n");
        r = local_document_new(&text, INT64_MAX, &document);
        buf_done(&text);
        if (r == 0)
                r = overlay_add(session, overlay->node,
                                &(struct entry){ .name = name, .type = ENTRY_FILE, .mode = 0444 },
                                OVERLAY_NOTE, &status);
        if (r == 0)
                status->text = document;
        else if (document)
                document_unref(document);
        making->overlay = overlay;
        overlay->is_making = !making->is_done;
        making->node = node_ref(overlay->node);
        return 0;
}

/* It is done: which node is it? Tree locked. */
static int take(struct making *making, struct op *op, struct node **ret) {
        struct session *session = making->session;
        struct node *dir = making->subject.dir, *node;
        int r = making->result;

        op->calls += making->calls;
        if (r < 0) {
                op->fault = making->fault;
                return r;
        }
        if (!making->entry.name) {
                r = stand_in(making);
                if (r == 0)
                        overlay_created(making->overlay);
                node = making->node;
        } else {
                change_outdates(session, dir);
                arriving_note(session, dir, &making->entry);
                r = tree_adopt(&session->tree, dir, &making->entry, &node);
        }
        if (r == 0)
                *ret = node_ref(node);
        return r;
}

/* Nobody is told otherwise any more, not even by a new mount. Tree locked, but not all the time. */
static void promise(struct making *making, struct op *op) {
        struct session *session = making->session;
        int64_t id = making->id;

        pthread_mutex_unlock(&session->tree.lock);
        if (id && journal_promise(making->subject.journal, op, id, MAKING_LATE) < 0)
                op_clear(op); /* it has ended just now */
        pthread_mutex_lock(&session->tree.lock);
}

static struct timespec after(int64_t ms) {
        int64_t until = stamp_monotonic_ms() + ms;

        return (struct timespec){ .tv_sec = (time_t)(until / 1000),
                                  .tv_nsec = (long)(until % 1000 * 1000000) };
}

/**
 * making_run() - make it; when that takes too long, something stands for it that says so, and it
 * goes on alone. The tree must not be locked.
 * @subject: of the name in its directory, taken over in any case.
 * @ret: a reference. Returns 0 or negative errno with a reason.
 */
int making_run(struct session *session, struct op *op, struct subject *subject, int64_t wait_ms,
               struct node **ret) {
        struct making *making = calloc(1, sizeof(*making));
        struct timespec until = after(wait_ms);
        int r;

        if (!making) {
                subject_done(subject);
                return op_fail(op, ENOMEM, "out of memory");
        }
        *making = (struct making){
                .session = session,
                .subject = *subject,
                .refs = 2,
                .uid = op->uid,
                .pid = op->pid,
        };
        *subject = (struct subject){ 0 };
        if (later_add(&session->later, 0, run, making) < 0)
                run(making);
        pthread_mutex_lock(&session->tree.lock);
        r = 0;
        while (!making->is_done && r != ETIMEDOUT)
                r = pthread_cond_timedwait(&session->sent, &session->tree.lock, &until);
        if (making->is_done) {
                r = take(making, op, ret);
        } else {
                atomic_store(&making->is_late, true);
                r = stand_in(making);
                if (r == 0)
                        *ret = node_ref(making->node);
                if (r == 0)
                        promise(making, op);
        }
        making_unref(making);
        pthread_mutex_unlock(&session->tree.lock);
        if (r < 0 && !op->fault.error)
                return op_fail(op, -r, "%s", strerror(-r));
        return r;
}
