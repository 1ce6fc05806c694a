/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/reasons.h"

#include <inttypes.h>
#include <string.h>

#include "base/stamp.h"
#include "base/text.h"
#include "fs/branch.h"
#include "fs/commit.h"
#include "fs/local.h"
#include "fs/note.h"
#include "fs/recovery.h"
#include "fs/report.h"
#include "fs/session.h"

enum { FORGET_DELAY_MS = 1000, FORGET_MS = 10 * 1000 };

/* Whoever has not looked for so long does not wait for it. */
static const int64_t shown_ms = INT64_C(7) * 24 * 60 * 60 * 1000;

static void reason_done(struct reason *reason) {
        free(reason->path);
        if (reason->text)
                document_unref(reason->text);
        *reason = (struct reason){ 0 };
}

/** reasons_done() - frees the list. */
void reasons_done(struct reasons *reasons) {
        for (size_t i = 0; i < reasons->count; i++)
                reason_done(&reasons->list[i]);
        free(reasons->list);
        *reasons = (struct reasons){ 0 };
}

static struct reason *find(struct reasons *reasons, const char *path) {
        for (size_t i = 0; i < reasons->count; i++)
                if (text_eq(reasons->list[i].path, path))
                        return &reasons->list[i];
        return NULL;
}

/* Of two about one file the later counts. @text: taken over. */
static int remember(struct reasons *reasons, const char *path, struct document *text) {
        struct reason *reason = find(reasons, path);
        int r = 0;

        if (!reason)
                r = array_grow(&reasons->list, &reasons->capacity, reasons->count, REASONS_MAX,
                               sizeof(*reasons->list));
        if (r == 0 && !reason) {
                reason = &reasons->list[reasons->count];
                *reason = (struct reason){ .path = strdup(path) };
                r = reason->path ? 0 : -ENOMEM;
                reasons->count += r == 0;
        }
        if (r < 0) {
                document_unref(text);
                return r;
        }
        if (reason->text)
                document_unref(reason->text);
        reason->text = text;
        return 0;
}

/* Those that had a text beside their file: see fs/carry.c. */
static bool had_note(const struct edit *edit) {
        switch (edit->act) {
        case EDIT_SAVE:
        case EDIT_CREATE:
        case EDIT_ACTION:
                return true;
        case EDIT_REMOVE:
                return edit->target && text_eq(edit->target, "rm");
        case EDIT_MKDIR:
        case EDIT_LINK:
        case EDIT_UNLINK:
        case EDIT_RENAME:
                break;
        }
        return false;
}

struct loading {
        struct session *session;
        const struct session_account *account;
};

static int render(const struct loading *loading, const struct edit *edit, struct buf *buf) {
        _cleanup_(freep) char *queue = NULL;
        struct buf kept = BUF_INIT(0);
        struct op_fault fault = {
                .error = edit->error,
                .status = edit->status,
                .is_unknown = edit->state == EDIT_UNKNOWN,
        };
        int r = 0;

        if (edit->state == EDIT_UNKNOWN)
                r = commit_queue_name(loading->account->name, edit->id, &queue);
        else
                r = buf_printf(&kept, "%s/%" PRId64, edit->path + (*edit->path == '/'), edit->id);
        (void)snprintf(fault.reason, sizeof(fault.reason), "%s", edit->reason ? edit->reason : "");
        (void)snprintf(fault.code, sizeof(fault.code), "%s", edit->code ? edit->code : "");
        (void)snprintf(fault.request_id, sizeof(fault.request_id), "%s",
                       edit->request_id ? edit->request_id : "");
        if (r == 0)
                r = report_render(
                        &(struct report){
                                .act = commit_act_name(edit->act),
                                .path = edit->path,
                                .fault = &fault,
                                .error = -edit->error,
                                .when_ms = edit->accepted_ms,
                                .kept = kept.len ? buf_str(&kept) : NULL,
                                .queue = queue,
                                .can_resend = recovery_can_resend(edit->act),
                        },
                        buf);
        buf_done(&kept);
        return r;
}

static int visit(void *data, const struct edit *edit) {
        const struct loading *loading = data;
        struct document *text = NULL;
        struct buf buf = BUF_INIT(0);
        int r;

        if (!had_note(edit) || !edit->error)
                return 0;
        if (edit->state == EDIT_REJECTED && stamp_now_ms() - edit->accepted_ms > shown_ms)
                return 0; /* the text is on its shelf, and its reason too */
        r = render(loading, edit, &buf);
        if (r == 0)
                r = local_document_new(&buf, INT64_MAX, &text);
        buf_done(&buf);
        if (r < 0)
                return r;
        text->modified = stamp_mark(edit->accepted_ms, text->hash);
        return remember(&loading->session->reasons, edit->path, text);
}

/** reasons_load() - what an account's journal kept over the restart. 0 or negative errno. */
int reasons_load(struct session *session, const struct session_account *account) {
        struct loading loading = { .session = session, .account = account };

        return journal_each(account->journal, 1U << EDIT_REJECTED | 1U << EDIT_UNKNOWN, visit,
                            &loading);
}

/** reasons_attach() - a directory is listed: what was said of its files stands there again. Tree
 * locked. */
void reasons_attach(struct session *session, struct node *dir) {
        struct reasons *reasons = &session->reasons;
        struct buf path = BUF_INIT(64 * 1024);

        if (!reasons->count || dir->branch->is_local)
                return;
        (void)node_path(dir, &path);
        for (size_t i = 0; i < reasons->count;) {
                struct reason *reason = &reasons->list[i];
                const char *name = strrchr(reason->path, '/');
                size_t len = name ? (size_t)(name - reason->path) : 0;

                if (!name || len != path.len || memcmp(reason->path, path.data, len) != 0) {
                        i++;
                        continue;
                }
                (void)note_attach(session, dir, name + 1, ".error", reason->text);
                reason_done(reason);
                *reason = reasons->list[--reasons->count];
        }
        buf_done(&path);
}

/** reasons_drop() - there is something newer to say, or nothing any more. Returns whether there was
 * one that was not shown yet. Tree locked. */
bool reasons_drop(struct session *session, const char *path) {
        struct reasons *reasons = &session->reasons;
        struct reason *reason = find(reasons, path);

        if (!reason)
                return false;
        reason_done(reason);
        *reason = reasons->list[--reasons->count];
        return true;
}

struct forgetting {
        struct journal *journal;
        struct op *op;
        const char *path;
};

static int forget(void *data, const struct edit *edit) {
        const struct forgetting *forgetting = data;

        if (text_eq(edit->path, forgetting->path))
                (void)journal_forget(forgetting->journal, forgetting->op, edit->id);
        return 0;
}

/** reasons_forget() - nobody needs to be told of refusals about this path any more; the texts stay
 * on their shelf. The tree must not be locked; the op's reason is as before. */
void reasons_forget(struct journal *journal, struct op *op, const char *path) {
        const struct op_fault fault = op->fault;

        (void)journal_each(journal, 1U << EDIT_REJECTED, forget,
                           &(struct forgetting){ .journal = journal, .op = op, .path = path });
        op->fault = fault;
}

/* The reason beside a document that is there no longer. */
struct leftover {
        struct session *session;
        struct node *dir;      /* referenced */
        struct document *text; /* referenced: of the reason */
        char name[];           /* of the document */
};

static bool is_still_told(struct leftover *leftover, struct buf *path, struct journal **ret) {
        struct tree *tree = &leftover->session->tree;
        const struct overlay *note;
        char name[NAME_MAX + 1];
        bool is;

        (void)snprintf(name, sizeof(name), "%s.error", leftover->name);
        pthread_mutex_lock(&tree->lock);
        note = overlay_find(leftover->dir, name);
        is = note && note->role == OVERLAY_NOTE && note->text == leftover->text;
        if (is && node_path(leftover->dir, path) == 0)
                (void)buf_printf(path, "/%s", leftover->name);
        *ret = branch_journal(leftover->dir->branch);
        pthread_mutex_unlock(&tree->lock);
        return is;
}

static void end_leftover(void *data) {
        struct leftover *leftover = data;
        struct session *session = leftover->session;
        struct buf path = BUF_INIT(64 * 1024);
        struct journal *journal = NULL;
        struct op op;

        op_init(&op, OP_POLL, FORGET_MS);
        if (is_still_told(leftover, &path, &journal)) {
                (void)note_drop(session, leftover->dir, leftover->name, ".error");
                if (journal && !path.error)
                        reasons_forget(journal, &op, buf_str(&path));
        }
        buf_done(&path);
        pthread_mutex_lock(&session->tree.lock);
        node_unref(&session->tree, leftover->dir);
        pthread_mutex_unlock(&session->tree.lock);
        document_unref(leftover->text);
        free(leftover);
}

/**
 * reasons_end_soon() - a new document is removed before it ever was sent, or has another name now:
 * what was said of its refusals goes with it, a second later as with other documents, so that
 * `rm -r` still finds it.
 * @of: the document's name. Tree locked.
 */
void reasons_end_soon(struct session *session, struct node *dir, const char *of) {
        size_t len = strlen(of);
        char name[NAME_MAX + 1];
        const struct overlay *note = NULL;
        struct leftover *leftover;

        if (snprintf(name, sizeof(name), "%s.error", of) < (int)sizeof(name))
                note = overlay_find(dir, name);
        if (!note || note->role != OVERLAY_NOTE || !note->text)
                return;
        leftover = malloc(sizeof(*leftover) + len + 1);
        if (!leftover)
                return;
        leftover->session = session;
        leftover->dir = node_ref(dir);
        leftover->text = document_ref(note->text);
        memcpy(leftover->name, of, len + 1);
        if (later_add(&session->later, FORGET_DELAY_MS, end_leftover, leftover) == 0)
                return;
        node_unref(&session->tree, leftover->dir);
        document_unref(leftover->text);
        free(leftover);
}
