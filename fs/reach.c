/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/reach.h"

#include "base/log.h"
#include "base/text.h"
#include "fs/content.h"
#include "fs/directory.h"
#include "fs/events.h"
#include "fs/session.h"

enum { AHEAD_MAX = 256 };

static const struct branch *branch_of(const struct session *session, const char *account) {
        for (size_t i = 0; i < session->options.n_accounts; i++)
                if (text_eq(session->options.accounts[i].name, account))
                        return session->options.accounts[i].branch;
        return NULL;
}

/* Does it show what is older than it should be? */
static bool is_stale(const struct node *node) {
        if (node->type == ENTRY_DIRECTORY)
                return node->directory && node->directory->snapshot &&
                       node->directory->snapshot->listing->is_stale;
        return node->type == ENTRY_FILE && node->content && node->content->has_version &&
               node->content->is_stale;
}

/* It is asked for at the next look; what was shown last of all is asked for before that. */
static void renew(struct session *session, struct node *node, unsigned *left) {
        bool is_directory = node->type == ENTRY_DIRECTORY;

        if (is_directory)
                node->directory->fresh_until_ms = 0;
        else
                node->content->fresh_until_ms = 0;
        if (node->lookups > 0)
                notify_inode(&session->notify, node->id);
        if (*left == 0)
                return;
        --*left;
        ahead_again(session, node, is_directory ? WANT_LIST : WANT_BODY);
}

static void renew_all(struct session *session, const struct branch *branch) {
        struct tree *tree = &session->tree;
        unsigned left = AHEAD_MAX;

        pthread_mutex_lock(&tree->lock);
        for (uint64_t id = tree->next_id; id-- > NODE_ROOT;) {
                struct node *node = tree_node(tree, id);

                if (node && node->branch == branch && is_stale(node))
                        renew(session, node, &left);
        }
        pthread_cond_broadcast(&session->watch.changed);
        pthread_mutex_unlock(&tree->lock);
}

/**
 * session_reached() - an account's servers can be reached again, or cannot any more.
 * @reason: why not. Any thread.
 */
void session_reached(struct session *session, const char *account, bool is_reached,
                     const char *reason) {
        const struct branch *branch = branch_of(session, account);

        if (!branch)
                return;
        if (is_reached)
                log_info("account `%s` can be reached again", account);
        else
                log_warning("account `%s` cannot be reached: %s", account, reason);
        events_say(session, is_reached ? "online" : "offline", account, reason);
        if (is_reached)
                renew_all(session, branch);
}
