/* SPDX-License-Identifier: Apache-2.0 */
/* What was accepted and is not decided: `.hcloudfs/queue/<account>-<id>`. */
#include <inttypes.h>
#include <string.h>

#include "base/stamp.h"
#include "base/text.h"
#include "fs/archive.h"
#include "fs/local.h"
#include "fs/recovery.h"
#include "fs/session.h"

static const unsigned undecided = 1U << EDIT_ACCEPTED | 1U << EDIT_SENDING | 1U << EDIT_UNKNOWN;

static const char *const state_names[] = {
        [EDIT_ACCEPTED] = "accepted, not sent yet",
        [EDIT_SENDING] = "being sent",
        [EDIT_DONE] = "done",
        [EDIT_REJECTED] = "rejected",
        [EDIT_UNKNOWN] = "sent, and nobody knows whether it happened",
};

static struct session *session_of(struct branch *branch) {
        return (struct session *)((char *)branch - offsetof(struct session, queue_branch));
}

struct visit {
        struct listing *listing;
        const char *account;
};

static int visit(void *data, const struct edit *edit) {
        const struct visit *visit = data;
        char *name;
        int r = commit_queue_name(visit->account, edit->id, &name);

        if (r == 0) {
                r = local_listing_add(visit->listing, name, ENTRY_FILE, 0644);
                free(name);
        }
        return r;
}

static int list(struct branch *branch, struct op *op, struct node *node, struct listing **ret) {
        struct session *session = session_of(branch);
        _cleanup_(listing_unrefp) struct listing *listing = NULL;
        int r = local_listing_new(stamp_now_ms(), stamp_monotonic_ms(), &listing);

        (void)node;
        for (size_t i = 0; r == 0 && i < session->options.n_accounts; i++) {
                const struct session_account *account = &session->options.accounts[i];
                struct visit data = { .listing = listing, .account = account->name };

                if (account->journal)
                        r = journal_each(account->journal, undecided, visit, &data);
        }
        if (r < 0)
                return op_fail(op, -r, "cannot list what waits: %s", strerror(-r));
        local_listing_end(listing);
        *ret = STEAL(listing);
        return 0;
}

/* Whose journal a name means, and the number in it. */
static const struct session_account *parse(const struct session *session, const char *name,
                                           int64_t *ret_id) {
        const char *dash = strrchr(name, '-');

        for (size_t i = 0; dash && i < session->options.n_accounts; i++) {
                const struct session_account *account = &session->options.accounts[i];

                if (account->journal && strlen(account->name) == (size_t)(dash - name) &&
                    strncmp(account->name, name, (size_t)(dash - name)) == 0 &&
                    text_int64(dash + 1, ret_id) == 0)
                        return account;
        }
        return NULL;
}

static void add_time(struct buf *buf, const char *word, int64_t ms) {
        char text[STAMP_TEXT_SIZE];

        stamp_format(ms / 1000, text);
        (void)buf_printf(buf, "%s: %s\n", word, text);
}

static int describe(const struct edit *edit, struct buf *buf) {
        bool leads = edit->target && (edit->act == EDIT_LINK || edit->act == EDIT_RENAME);
        bool is_told = edit->target && (edit->act == EDIT_REMOVE || edit->act == EDIT_MKDIR);

        (void)buf_printf(buf, "%s %s%s%s\nstate: %s\n", commit_act_name(edit->act), edit->path,
                         leads ? " -> " : "", leads ? edit->target : "", state_names[edit->state]);
        if (is_told)
                (void)buf_add_str(buf,
                                  "promised: who asked for it was told that it will be done\n");
        add_time(buf, "since", edit->accepted_ms);
        if (edit->step)
                (void)buf_printf(buf, "request: %u of %u, %s%s %s%s\n", edit->step, edit->steps,
                                 edit->step_call ? edit->step_call : "?",
                                 edit->step_method ? ":" : "",
                                 edit->step_method ? edit->step_method : "",
                                 edit->step_answered ? ", answered" : ", not answered");
        if (edit->reason)
                (void)buf_printf(buf, "reason: %s\n", edit->reason);
        if (edit->state == EDIT_UNKNOWN)
                (void)buf_printf(buf, "what to do: look at what is there; write %s\n",
                                 recovery_can_resend(edit->act)
                                         ? "resend to send it again, forget to give it up"
                                         : "forget here, and do it again yourself if it is wanted");
        return buf->error;
}

static char *name_of(struct session *session, const struct node *node) {
        char *name;

        pthread_mutex_lock(&session->tree.lock);
        name = strdup(node->name);
        pthread_mutex_unlock(&session->tree.lock);
        return name;
}

static int read_file(struct branch *branch, struct op *op, struct node *node,
                     struct document **ret) {
        struct session *session = session_of(branch);
        _cleanup_(freep) char *name = name_of(session, node);
        const struct session_account *account;
        struct buf text = BUF_INIT(0);
        struct edit edit = { 0 };
        int64_t id = 0;
        int r;

        account = name ? parse(session, name, &id) : NULL;
        r = account ? journal_get(account->journal, id, &edit) : -ENOENT;
        if (r == 0)
                r = describe(&edit, &text);
        if (r == 0)
                r = local_document_new(&text, stamp_monotonic_ms(), ret);
        edit_done(&edit);
        buf_done(&text);
        return r < 0 ? op_fail(op, -r, "it is decided by now") : 0;
}

static int attach(struct branch *branch, struct node *dir, struct node *node) {
        (void)branch;
        (void)dir;
        node->is_live = node->type == ENTRY_FILE;
        return 0;
}

const struct branch_ops queue_ops = { .list = list, .read = read_file, .attach = attach };

/**
 * queue_write() - what is to become of a change that is not decided.
 * @line: `resend` or `forget`. Returns 0 or negative errno with a reason.
 */
int queue_write(struct session *session, struct op *op, const struct node *node, const char *line) {
        _cleanup_(freep) char *name = name_of(session, node);
        const struct session_account *account;
        int64_t id = 0;

        account = name ? parse(session, name, &id) : NULL;
        if (!account)
                return op_fail(op, ENOENT, "there is no such change");
        if (text_eq(line, "resend"))
                return recovery_resend(session, op, account, id);
        if (text_eq(line, "forget"))
                return recovery_forget(session, op, account, id);
        return op_fail(op, EINVAL, "write resend or forget");
}
