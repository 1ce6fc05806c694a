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

enum { LINKS_MAX = 16, DRAIN_MS = 2000 };

static void let_go(struct session *session, struct node *node) {
        pthread_mutex_lock(&session->tree.lock);
        node_unref(&session->tree, node);
        pthread_mutex_unlock(&session->tree.lock);
}

/* The entry of that name in what is known, as a reference in @ret. Tree locked. */
static int look(struct session *session, struct node *dir, const char *name, struct node **ret) {
        const struct entry *entry;
        struct node *node;
        int r;

        if (!dir->directory || !dir->directory->snapshot)
                return -ENOENT;
        entry = listing_find(dir->directory->snapshot->listing, name);
        if (!entry)
                return -ENOENT;
        r = tree_adopt(&session->tree, dir, entry, &node);
        if (r == 0)
                *ret = node_ref(node);
        return r;
}

/* As a LOOKUP would find it, waiting in this thread. */
static int find(struct session *session, struct op *op, struct node *dir, const char *name,
                struct node **ret) {
        bool is_fresh, by_name = false;
        int r = 0;

        pthread_mutex_lock(&session->tree.lock);
        is_fresh = dir->type == ENTRY_DIRECTORY &&
                   directory_is_fresh(dir->directory, stamp_monotonic_ms());
        pthread_mutex_unlock(&session->tree.lock);
        if (dir->type != ENTRY_DIRECTORY)
                return op_fail(op, ENOTDIR, "%s is not a directory", dir->name);
        if (!is_fresh)
                r = fetch(session, op, dir, WANT_LIST, NULL, NULL);
        if (r < 0)
                return r;
        pthread_mutex_lock(&session->tree.lock);
        r = look(session, dir, name, ret);
        if (dir->directory && dir->directory->snapshot)
                by_name = dir->directory->snapshot->listing->by_name;
        pthread_mutex_unlock(&session->tree.lock);
        if (r == -ENOENT && by_name) {
                r = fetch(session, op, dir, WANT_FIND, name, ret);
                if (r == 0 && !*ret)
                        r = -ENOENT;
        }
        return r == -ENOENT ? op_fail(op, ENOENT, "there is no %s to refresh", name) : r;
}

/* One step along the path; a link puts its target in front of the rest. @node is replaced. */
static int step(struct session *session, struct op *op, struct node **node, const char *name,
                struct buf *rest, unsigned *links) {
        struct node *next = NULL;
        struct buf path = BUF_INIT(64 * 1024);
        int r = 0;

        if (strcmp(name, ".") == 0)
                return 0;
        if (strcmp(name, "..") == 0) {
                pthread_mutex_lock(&session->tree.lock);
                next = node_ref((*node)->parent ? (*node)->parent : *node);
                pthread_mutex_unlock(&session->tree.lock);
        } else {
                r = find(session, op, *node, name, &next);
        }
        if (r < 0 || !next)
                return r;
        if (next->type != ENTRY_LINK) {
                let_go(session, *node);
                *node = next;
                return 0;
        }
        if (++*links > LINKS_MAX)
                r = op_fail(op, ELOOP, "too many links");
        else if (buf_printf(&path, "%s/%s", next->target, buf_str(rest)) < 0)
                r = op_fail(op, ENAMETOOLONG, "the path is too long");
        let_go(session, next);
        if (r < 0) {
                buf_done(&path);
                return r;
        }
        buf_done(rest);
        *rest = path;
        return 0;
}

/* The node at a path inside the mount, as a reference. */
static int walk(struct session *session, struct op *op, const char *path, struct node **ret) {
        struct buf rest = BUF_INIT(64 * 1024);
        struct node *node;
        unsigned links = 0;
        int r = buf_add_str(&rest, path);

        pthread_mutex_lock(&session->tree.lock);
        node = node_ref(tree_node(&session->tree, NODE_ROOT));
        pthread_mutex_unlock(&session->tree.lock);
        while (r == 0) {
                _cleanup_(freep) char *name = NULL;
                const char *cursor = buf_str(&rest), *word;
                size_t len;

                if (!text_word(&cursor, "/", &word, &len))
                        break;
                name = strndup(word, len);
                if (!name) {
                        r = -ENOMEM;
                        break;
                }
                len = (size_t)(cursor - buf_str(&rest));
                memmove(rest.data, rest.data + len, rest.len - len);
                buf_truncate(&rest, rest.len - len);
                r = step(session, op, &node, name, &rest, &links);
        }
        buf_done(&rest);
        if (r < 0)
                let_go(session, node);
        else
                *ret = node;
        return r;
}

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
        r = walk(session, op, path, &node);
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
        let_go(session, node);
        notify_drain(&session->notify, DRAIN_MS);
        return r;
}

/** refresh_all() - everything, when it is next used. */
void refresh_all(struct session *session) {
        pthread_mutex_lock(&session->tree.lock);
        expire_below(session, tree_node(&session->tree, NODE_ROOT), stamp_now_ms());
        pthread_mutex_unlock(&session->tree.lock);
}
