/* SPDX-License-Identifier: Apache-2.0 */
/* `echo PATH > .hcloudfs/refresh`: answers from before do not serve any more at PATH and below. */
#include <string.h>

#include "base/stamp.h"
#include "base/text.h"
#include "fs/content.h"
#include "fs/control.h"
#include "fs/directory.h"
#include "fs/fetch.h"
#include "fs/session.h"
#include "fs/walk.h"

enum { DRAIN_MS = 2000 };

static bool is_below(const struct node *node, const struct node *above) {
        while (node && node != above)
                node = node->parent;
        return node != NULL;
}

/* What is known of it no longer serves; the kernel forgets what it knows. Tree locked. */
static void expire(struct session *session, struct node *node) {
        if (node->branch->is_local)
                return;
        if (node->type == ENTRY_DIRECTORY && node->directory)
                node->directory->fresh_until_ms = 0;
        else if (node->type == ENTRY_FILE && node->content)
                content_expire(node->content);
        else
                return;
        if (node->lookups > 0)
                notify_inode(&session->notify, node->id);
}

/* Tree locked. */
static void expire_below(struct session *session, struct node *above, int64_t now_ms) {
        struct tree *tree = &session->tree;

        for (uint64_t id = NODE_ROOT; id < tree->next_id; id++) {
                struct node *node = tree_node(tree, id);

                if (!node && !tree->chunks[id / NODE_CHUNK])
                        id |= NODE_CHUNK - 1;
                if (node && is_below(node, above))
                        expire(session, node);
        }
        if (above->type != ENTRY_DIRECTORY)
                return;
        if (!above->directory)
                above->directory = directory_new();
        if (above->directory)
                above->directory->refreshed_ms = now_ms;
}

/**
 * refresh_path() - see the table of control files. May block.
 * @path: inside the mount, or absolute below its mount point; empty for everything.
 * Returns 0 when the data is new, or negative errno with a reason.
 */
int refresh_path(struct session *session, struct op *op, const char *path) {
        const char *mountpoint = session->options.mountpoint;
        size_t len = mountpoint ? strlen(mountpoint) : 0;
        struct node *node = NULL;
        int r;

        if (len && strncmp(path, mountpoint, len) == 0 && (!path[len] || path[len] == '/'))
                path += len;
        r = walk(session, op, NULL, path, &node);
        if (r < 0)
                return r;
        op->must_be_fresh = true;
        op->fresh_since_ms = stamp_now_ms();
        pthread_mutex_lock(&session->tree.lock);
        expire_below(session, node, op->fresh_since_ms);
        pthread_mutex_unlock(&session->tree.lock);
        if (!node->branch->is_local)
                r = fetch(session, op, node, node->type == ENTRY_DIRECTORY ? WANT_LIST : WANT_BODY,
                          NULL, NULL);
        walk_let_go(session, node);
        notify_drain(&session->notify, DRAIN_MS);
        return r;
}

/** refresh_all() - everything, when it is next used. */
void refresh_all(struct session *session) {
        pthread_mutex_lock(&session->tree.lock);
        expire_below(session, tree_node(&session->tree, NODE_ROOT), stamp_now_ms());
        pthread_mutex_unlock(&session->tree.lock);
}
