/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/branch.h"

#include <string.h>

#include "backends/change.h"
#include "base/text.h"
#include "fs/local.h"
#include "fs/session.h"

/* An account: its view, or why there is none. */
struct account_branch {
        struct branch branch;
        struct view *view;       /* borrowed */
        struct journal *journal; /* borrowed; NULL: nothing can be changed */
        const char *name;        /* borrowed */
        int error;               /* negative errno */
        char *reason;            /* owned */
};

static struct account_branch *account_of(struct branch *branch) {
        return (struct account_branch *)branch;
}

static int account_list(struct branch *branch, struct op *op, struct node *node,
                        struct listing **ret) {
        struct account_branch *account = account_of(branch);

        if (!account->view)
                return op_fail(op, -account->error, "%s", account->reason);
        return view_list(account->view, op, node->place, ret);
}

static int account_find(struct branch *branch, struct op *op, struct node *node, const char *name,
                        struct entry *ret) {
        return view_find(account_of(branch)->view, op, node->place, name, ret);
}

static int account_read(struct branch *branch, struct op *op, struct node *node,
                        struct document **ret) {
        return view_read(account_of(branch)->view, op, node->place, ret);
}

static int account_certain(const struct node *node, struct listing **ret) {
        return node->place ? view_certain(node->place, ret) : -ENODATA;
}

static bool account_costs_call(const struct node *node) {
        return node->place && view_costs_call(node->place);
}

static bool account_has_feed(const struct node *node) {
        return node->place && node->type == ENTRY_DIRECTORY && view_has_feed(node->place);
}

static int account_watch(struct branch *branch, struct op *op, struct node *node, unsigned wait_s,
                         char **revision) {
        return view_watch(account_of(branch)->view, op, node->place, wait_s, revision);
}

static bool account_confirms(const struct node *node) {
        return node->place && view_confirms(node->place);
}

static int account_explain(struct branch *branch, struct op *op, struct node *node,
                           struct json **ret) {
        struct account_branch *account = account_of(branch);

        if (!account->view)
                return op_fail(op, -account->error, "%s", account->reason);
        return view_explain(account->view, op, node->place, ret);
}

static unsigned account_abilities(struct branch *branch, const struct place *place) {
        return view_abilities(account_of(branch)->view, place);
}

static const struct branch_ops account_ops = {
        .abilities = account_abilities,
        .list = account_list,
        .find = account_find,
        .read = account_read,
        .certain = account_certain,
        .costs_call = account_costs_call,
        .has_feed = account_has_feed,
        .watch = account_watch,
        .confirms = account_confirms,
        .explain = account_explain,
};

/** branch_new() - an account that @view (borrowed) shows. Returns 0 or -ENOMEM. */
int branch_new(struct view *view, struct branch **ret) {
        struct account_branch *account = calloc(1, sizeof(*account));

        if (!account)
                return -ENOMEM;
        account->branch.ops = &account_ops;
        account->view = view;
        *ret = &account->branch;
        return 0;
}

/** branch_new_failed() - an account that answers with a failure. Returns 0 or -ENOMEM. */
int branch_new_failed(int error, const char *reason, struct branch **ret) {
        struct account_branch *account = calloc(1, sizeof(*account));

        if (!account)
                return -ENOMEM;
        account->branch.ops = &account_ops;
        account->error = error;
        account->reason = strdup(reason);
        if (!account->reason) {
                free(account);
                return -ENOMEM;
        }
        *ret = &account->branch;
        return 0;
}

/** branch_set_journal() - where changes of the account are kept. Both are borrowed. */
void branch_set_journal(struct branch *branch, const char *account, struct journal *journal) {
        account_of(branch)->name = account;
        account_of(branch)->journal = journal;
}

/** branch_view() - of an account, NULL for other branches and one that could not be set up. */
struct view *branch_view(struct branch *branch) {
        return branch->ops == &account_ops ? account_of(branch)->view : NULL;
}

/** branch_journal() - of an account, NULL where there is none. */
struct journal *branch_journal(struct branch *branch) {
        return branch->ops == &account_ops ? account_of(branch)->journal : NULL;
}

/** branch_account() - its name, "" for other branches. */
const char *branch_account(struct branch *branch) {
        if (branch->ops != &account_ops || !account_of(branch)->name)
                return "";
        return account_of(branch)->name;
}

/** branch_is_read_only() - of an account whose `access` forbids every change. */
bool branch_is_read_only(struct branch *branch) {
        const struct view *view = branch_view(branch);

        return view && view_is_read_only(view);
}

/** branch_free() - returns NULL. */
struct branch *branch_free(struct branch *branch) {
        if (!branch)
                return NULL;
        free(account_of(branch)->reason);
        free(account_of(branch));
        return NULL;
}

static struct session *session_of_root(struct branch *branch) {
        return (struct session *)((char *)branch - offsetof(struct session, root));
}

static int root_list(struct branch *branch, struct op *op, struct node *node,
                     struct listing **ret) {
        struct session *session = session_of_root(branch);
        _cleanup_(listing_unrefp) struct listing *listing = NULL;
        int r = local_listing_new(session->began_s * 1000, INT64_MAX, &listing);

        (void)op;
        (void)node;
        if (r == 0)
                r = local_listing_add(listing, ".hcloudfs", ENTRY_DIRECTORY, 0555);
        for (size_t i = 0; r == 0 && i < session->options.n_accounts; i++) {
                const struct session_account *account = &session->options.accounts[i];

                r = local_listing_add(listing, account->name, ENTRY_DIRECTORY, 0555);
                if (r == 0)
                        listing->entries[listing->count - 1].modified.tv_sec =
                                (time_t)(account->since_ms / 1000);
        }
        if (r < 0)
                return r;
        local_listing_end(listing);
        *ret = STEAL(listing);
        return 0;
}

/* Below the root each name belongs to another branch. */
static int root_attach(struct branch *branch, struct node *dir, struct node *node) {
        struct session *session = session_of_root(branch);

        (void)dir;
        node->branch = &session->control;
        for (size_t i = 0; i < session->options.n_accounts; i++) {
                const struct session_account *account = &session->options.accounts[i];

                if (!text_eq(account->name, node->name))
                        continue;
                node->branch = account->branch;
                node->place = account->place ? place_ref(account->place) : NULL;
        }
        return 0;
}

const struct branch_ops branch_root_ops = {
        .list = root_list,
        .attach = root_attach,
};
