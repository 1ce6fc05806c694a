/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `echo PATH > .hcloudfs/refresh`: answers from before do not serve any more at PATH and below.
 *
 * The kernel asks for attributes and bytes again once it is told to, but names it believes for as
 * long as it was told when it looked them up, and it can be told of a name only that it is none any
 * more: who works in a directory of that name has none from then on. So the lists of which it
 * believes names are asked for anew, and it is told of what has vanished or appeared.
 */
#include <string.h>

#include "base/stamp.h"
#include "base/text.h"
#include "fs/content.h"
#include "fs/control.h"
#include "fs/directory.h"
#include "fs/fetch.h"
#include "fs/session.h"
#include "fs/walk.h"

enum {
        DRAIN_MS = 2000,
        LISTS_MAX = 1024, /* asked for anew at once; further ones when they are next used */
        LIST_THREADS = 16,
};

/* Lists that are asked for anew, by several threads. */
struct relist {
        struct session *session;
        struct op *op;      /* of who waits for all; only looked at */
        struct node **dirs; /* referenced */
        size_t count;
        atomic_size_t next;
        atomic_bool is_over;   /* the mount ends */
        pthread_mutex_t lock;  /* protects what follows */
        struct branch *silent; /* the account whose rest would fail as well; NULL: none */
        struct op_fault fault; /* why a list could not be had; the first that was wanted in vain */
};

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

/* The first node from @id on that is @above or below it; NULL: there is none. Tree locked. */
static struct node *next_below(struct tree *tree, uint64_t id, const struct node *above) {
        for (; id < tree->next_id; id++) {
                struct node *node = tree_node(tree, id);

                if (!node && !tree->chunks[id / NODE_CHUNK])
                        id |= NODE_CHUNK - 1;
                if (node && node_is_below(node, above))
                        return node;
        }
        return NULL;
}

/* The kernel may believe that this name is there. Tree locked. */
static void mark_believed(const struct node *node) {
        if (node->lookups > 0 && node->is_named && node->parent->directory)
                node->parent->directory->is_believed = true;
}

/* Tree locked. */
static void expire_below(struct session *session, struct node *above, int64_t now_ms) {
        struct tree *tree = &session->tree;

        for (struct node *node = next_below(tree, NODE_ROOT, above); node;
             node = next_below(tree, node->id + 1, above)) {
                expire(session, node);
                mark_believed(node);
        }
        if (above->type != ENTRY_DIRECTORY)
                return;
        if (!above->directory)
                above->directory = directory_new();
        if (above->directory)
                above->directory->refreshed_ms = now_ms;
}

/* Does the kernel believe of names in it that they are there, or that they are not? Tree locked. */
static bool take_believed(struct node *node, int64_t now_ms) {
        bool is_believed;

        if (node->type != ENTRY_DIRECTORY || !node->directory)
                return false;
        is_believed = node->directory->is_believed || node->directory->negative_until_ms > now_ms;
        node->directory->is_believed = false;
        return is_believed && !node->branch->is_local && node->directory->snapshot;
}

/* The lists below @above, outer ones first: they have been seen first. Tree locked. */
static int collect(struct session *session, struct node *above, struct relist *relist) {
        struct tree *tree = &session->tree;
        int64_t now_ms = stamp_monotonic_ms();

        relist->dirs = calloc(LISTS_MAX, sizeof(*relist->dirs));
        if (!relist->dirs)
                return -ENOMEM;
        for (struct node *node = next_below(tree, NODE_ROOT, above); node;
             node = next_below(tree, node->id + 1, above))
                if (take_believed(node, now_ms) && node != above && relist->count < LISTS_MAX)
                        relist->dirs[relist->count++] = node_ref(node);
        return 0;
}

/* Has it, or what it was in, gone by now? */
static bool has_gone(struct session *session, const struct node *node) {
        bool has_gone = false;

        pthread_mutex_lock(&session->tree.lock);
        for (; node->parent && !has_gone; node = node->parent)
                has_gone = !node->is_named;
        pthread_mutex_unlock(&session->tree.lock);
        return has_gone;
}

static bool is_silent(struct relist *relist, const struct node *dir) {
        bool is;

        pthread_mutex_lock(&relist->lock);
        is = dir->branch == relist->silent;
        pthread_mutex_unlock(&relist->lock);
        return is;
}

/* What has gone meanwhile needs no list. */
static void note_failure(struct relist *relist, const struct node *dir, int r,
                         const struct op_fault *fault) {
        pthread_mutex_lock(&relist->lock);
        if (r != -EIO && op_is_silence(r))
                relist->silent = dir->branch;
        if (r != -ENOENT && !relist->fault.error) {
                relist->fault = *fault;
                relist->fault.error = r;
        }
        pthread_mutex_unlock(&relist->lock);
}

static void list_anew(struct relist *relist, struct node *dir) {
        struct session *session = relist->session;
        struct op_fault fault = { 0 };
        struct op op;
        int r;

        pthread_mutex_lock(&session->tree.lock);
        node_ref(dir);
        pthread_mutex_unlock(&session->tree.lock);
        r = wait_ahead_or_why(session, dir, WANT_LIST, OP_INTERACTIVE, relist->op->fresh_since_ms,
                              &fault);
        if (r == -EALREADY) { /* asked for by somebody else, maybe before */
                op_init(&op, OP_INTERACTIVE, session->options.timeout_ms);
                op.must_be_fresh = true;
                op.fresh_since_ms = relist->op->fresh_since_ms;
                r = fetch(session, &op, dir, WANT_LIST, NULL, NULL);
                fault = op.fault;
        }
        if (r == -ECANCELED)
                atomic_store(&relist->is_over, true);
        else if (r < 0)
                note_failure(relist, dir, r, &fault);
}

static void *list_all(void *data) {
        struct relist *relist = data;
        size_t at;

        while (!atomic_load(&relist->is_over) && !atomic_load(&relist->op->cancelled) &&
               op_left_ms(relist->op) > 0) {
                at = atomic_fetch_add(&relist->next, 1);
                if (at >= relist->count)
                        break;
                if (!is_silent(relist, relist->dirs[at]) &&
                    !has_gone(relist->session, relist->dirs[at]))
                        list_anew(relist, relist->dirs[at]);
        }
        return NULL;
}

/* A list that cannot be had now is asked for when it is next used; here it is told why. */
static int relist(struct session *session, struct op *op, struct node *above) {
        struct relist relist = { .session = session, .op = op, .lock = PTHREAD_MUTEX_INITIALIZER };
        pthread_t threads[LIST_THREADS - 1];
        size_t n_threads = 0;
        int r;

        pthread_mutex_lock(&session->tree.lock);
        r = collect(session, above, &relist);
        pthread_mutex_unlock(&session->tree.lock);
        if (r < 0)
                return op_fail(op, -r, "out of memory");
        while (n_threads < ELEMENTSOF(threads) && n_threads + 1 < relist.count &&
               pthread_create(&threads[n_threads], NULL, list_all, &relist) == 0)
                n_threads++;
        (void)list_all(&relist);
        while (n_threads > 0)
                pthread_join(threads[--n_threads], NULL);
        pthread_mutex_lock(&session->tree.lock);
        for (size_t i = 0; i < relist.count; i++)
                node_unref(&session->tree, relist.dirs[i]);
        pthread_mutex_unlock(&session->tree.lock);
        free(relist.dirs);
        if (relist.fault.error)
                op->fault = relist.fault;
        return relist.fault.error;
}

/* What is not known may be there since: then the way to it is asked for anew. */
static int find(struct session *session, struct op *op, const char *path, struct node **ret) {
        int r = walk(session, op, NULL, path, ret);

        if (r != -ENOENT)
                return r;
        op_clear(op);
        op->must_be_fresh = true;
        op->fresh_since_ms = stamp_now_ms();
        return walk(session, op, NULL, path, ret);
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
        r = find(session, op, path, &node);
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
        if (r == 0)
                r = relist(session, op, node);
        walk_let_go(session, node);
        notify_drain(&session->notify, DRAIN_MS);
        return r;
}

/** refresh_all() - everything: what the kernel believes soon, the rest when it is next used. */
void refresh_all(struct session *session) {
        struct tree *tree = &session->tree;
        int64_t now_ms = stamp_now_ms();
        struct node *root;

        pthread_mutex_lock(&tree->lock);
        root = tree_node(tree, NODE_ROOT);
        expire_below(session, root, now_ms);
        for (struct node *node = root; node; node = next_below(tree, node->id + 1, root))
                if (take_believed(node, stamp_monotonic_ms()))
                        ahead_renew(session, node, now_ms);
        pthread_mutex_unlock(&tree->lock);
}
