/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/walk.h"

#include <string.h>

#include "base/stamp.h"
#include "base/text.h"
#include "fs/directory.h"
#include "fs/fetch.h"
#include "fs/names.h"
#include "fs/session.h"

enum { LINKS_MAX = 16 };

/** walk_let_go() - of a node that was walked to; the tree must not be locked. */
void walk_let_go(struct session *session, struct node *node) {
        pthread_mutex_lock(&session->tree.lock);
        node_unref(&session->tree, node);
        pthread_mutex_unlock(&session->tree.lock);
}

/* The entry of that name in what is known, as a reference in @ret. Tree locked. */
static int look(struct session *session, struct node *dir, const char *name, struct node **ret) {
        struct overlay *overlay = overlay_find(dir, name);
        const struct entry *entry = overlay ? NULL : names_entry(session, dir, name);
        struct node *node;
        int r;

        if (overlay) {
                *ret = node_ref(overlay->node);
                return 0;
        }
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
        is_fresh = dir->type == ENTRY_DIRECTORY && !op->must_be_fresh &&
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
        return r == -ENOENT ? op_fail(op, ENOENT, "there is no %s", name) : r;
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
                walk_let_go(session, *node);
                *node = next;
                return 0;
        }
        if (++*links > LINKS_MAX)
                r = op_fail(op, ELOOP, "too many links");
        else if (buf_printf(&path, "%s/%s", next->target, buf_str(rest)) < 0)
                r = op_fail(op, ENAMETOOLONG, "the path is too long");
        walk_let_go(session, next);
        if (r < 0) {
                buf_done(&path);
                return r;
        }
        buf_done(rest);
        *rest = path;
        return 0;
}

/**
 * walk() - the node at a path inside the mount, as LOOKUPs would find it. May block.
 * @from: where it begins, held by the caller; NULL: the root.
 * @ret: a reference. Returns 0 or negative errno with a reason.
 */
int walk(struct session *session, struct op *op, struct node *from, const char *path,
         struct node **ret) {
        struct buf rest = BUF_INIT(64 * 1024);
        struct node *node;
        unsigned links = 0;
        int r = buf_add_str(&rest, path);

        pthread_mutex_lock(&session->tree.lock);
        node = node_ref(from ? from : tree_node(&session->tree, NODE_ROOT));
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
                walk_let_go(session, node);
        else
                *ret = node;
        return r;
}
