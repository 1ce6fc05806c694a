/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/send.h"

#include "fs/acting.h"
#include "fs/arriving.h"
#include "fs/creating.h"
#include "fs/note.h"
#include "fs/saving.h"
#include "fs/session.h"

/* What was written to a draft's secret file; the newline of echo is no part of it. */
static int send_secret(struct op *op, struct handle *handle) {
        struct editing *editing = handle->editing;
        struct overlay *overlay = handle->node->overlay;
        size_t len = editing->text.len;
        int r = 0;

        if (len && editing->text.data[len - 1] == '\n')
                len--;
        if (overlay)
                r = overlay_set_secret(overlay, editing->text.data, len);
        editing_end(editing, editing->changes, r, NULL);
        return r < 0 ? op_fail(op, -r, "a secret has at most %d bytes", SECRET_MAX) : 0;
}

/* Of a document that exists: the one that was opened, or the one that has become of a new one. */
static int send_document(struct session *session, struct op *op, struct handle *handle) {
        struct subject made = { 0 };
        int r = 0;

        if (!handle->subject.session) {
                pthread_mutex_lock(&session->tree.lock);
                r = subject_of_node(session, handle->node, &made);
                pthread_mutex_unlock(&session->tree.lock);
        }
        if (r < 0)
                return op_fail(op, -r, "this document has gone");
        r = saving_editing(session, op, made.session ? &made : &handle->subject, handle->editing);
        subject_done(&made);
        return r;
}

/** send_handle() - send what the handle's edit holds now. Returns 0 or negative errno. */
int send_handle(struct session *session, struct op *op, struct handle *handle) {
        const struct overlay *overlay;
        enum overlay_role role = OVERLAY_NOTE;
        bool is_made;
        int r = 1;

        pthread_mutex_lock(&session->tree.lock);
        overlay = handle->node->overlay;
        if (overlay)
                role = overlay->role;
        is_made = role == OVERLAY_NEW && overlay->is_created;
        if (handle->editing->is_secret)
                r = send_secret(op, handle);
        pthread_mutex_unlock(&session->tree.lock);
        if (r <= 0)
                return r;
        if (is_made) { /* nothing is made twice */
                r = arriving_await(session, op, handle->node, ARRIVING_MS);
                return r < 0 ? r : send_document(session, op, handle);
        }
        if (role == OVERLAY_NEW || role == OVERLAY_DRAFT_DOCUMENT)
                return creating_send(session, op, handle->node, handle->editing);
        if (handle->editing->fires_once)
                return acting_send(session, op, &handle->subject, handle->editing);
        return send_document(session, op, handle);
}

enum moment { AT_FLUSH, AT_FSYNC, AT_RELEASE };

/* Has it become superfluous while another sent it? Waits for that one. Tree locked. */
static bool is_needed(struct session *session, const struct handle *handle, enum moment moment,
                      int *ret_error) {
        struct editing *editing = handle->editing;
        enum editing_verdict verdict;

        while (editing->is_sending)
                pthread_cond_wait(&session->sent, &session->tree.lock);
        if (moment == AT_FLUSH)
                verdict = editing_at_flush(editing, editing->opener, ret_error);
        else if (moment == AT_FSYNC)
                verdict = editing_at_fsync(editing, ret_error);
        else
                verdict = editing_at_release(editing);
        if (verdict == EDITING_SEND)
                editing_begin(editing);
        return verdict == EDITING_SEND;
}

/** send_show_again() - what an earlier attempt failed with is told to whoever asks. Tree locked.
 * Returns @error. */
int send_show_again(const struct editing *editing, struct op *op, int error) {
        return op_fail(op, -error, "%s",
                       editing->reason ? editing->reason
                                       : "the last save was refused: see the file's .error");
}

static int send(struct task *task, struct op *op, enum moment moment) {
        struct session *session = task->session;
        struct handle *handle = handle_of(task);
        bool is_wanted;
        int r = 0;

        pthread_mutex_lock(&session->tree.lock);
        is_wanted = is_needed(session, handle, moment, &r);
        if (!is_wanted && r < 0)
                send_show_again(handle->editing, op, r);
        pthread_mutex_unlock(&session->tree.lock);
        if (!is_wanted)
                return r;
        r = send_handle(session, op, handle);
        pthread_mutex_lock(&session->tree.lock);
        handle->editing->is_sending = false;
        free(handle->editing->reason);
        handle->editing->reason = r < 0 ? strdup(op->fault.reason) : NULL;
        if (moment == AT_FLUSH)
                handle->editing->error = 0; /* shown now */
        pthread_cond_broadcast(&session->sent);
        pthread_mutex_unlock(&session->tree.lock);
        if (r < 0)
                notify_drain(&session->notify, NOTE_DRAIN_MS);
        return r;
}

/** send_at_flush() - as work of a task: close(2) tells its outcome. */
int send_at_flush(struct task *task, struct op *op) {
        return send(task, op, AT_FLUSH);
}

/** send_at_fsync() - as work of a task: fsync(2) tells its outcome. */
int send_at_fsync(struct task *task, struct op *op) {
        return send(task, op, AT_FSYNC);
}

/** send_at_release() - as work of a task: `.error` and `last_error` tell its outcome. Returns 0. */
int send_at_release(struct task *task, struct op *op) {
        struct session *session = task->session;
        struct buf path = BUF_INIT(64 * 1024);
        struct record_entry entry = {
                .operation = OPERATION_RELEASE,
                .uid = op->uid,
                .pid = op->pid,
        };
        int r = send(task, op, AT_RELEASE);

        if (r == 0)
                return 0;
        pthread_mutex_lock(&session->tree.lock);
        (void)node_path(handle_of(task)->node, &path);
        pthread_mutex_unlock(&session->tree.lock);
        entry.path = buf_str(&path);
        entry.result = r;
        record_failed(&session->record, &entry, &op->fault);
        buf_done(&path);
        op_clear(op);
        return 0;
}
