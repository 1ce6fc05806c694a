/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/dir.h"

#include <limits.h>
#include <string.h>
#include <sys/statvfs.h>

#include "base/stamp.h"
#include "base/text.h"
#include "fs/attr.h"
#include "fs/directory.h"
#include "fs/leaving.h"
#include "fs/session.h"

enum {
        STATFS_BLOCKS = 1 << 28, /* of 4 KiB: a believable disk that never fills */
        READ_MAX = 1024 * 1024,
};

/*
 * The directory of the request, ready to be used: its list is within its time or was just waited
 * for. Returns 1 and the tree locked; 0 if the task waits, negative errno.
 */
static int ready(struct task *task, struct node **ret) {
        struct tree *tree = &task->session->tree;
        int64_t now = stamp_monotonic_ms();
        struct node *node;
        int r;

        pthread_mutex_lock(&tree->lock);
        node = tree_node(tree, task->node);
        r = !node ? -ESTALE : node->type != ENTRY_DIRECTORY ? -ENOTDIR : 0;
        if (r < 0) {
                pthread_mutex_unlock(&tree->lock);
                return r;
        }
        if (!directory_is_fresh(node->directory, now) && !task_waited(task, WANT_LIST)) {
                ahead_entered(task->session, node, true);
                node_ref(node);
                pthread_mutex_unlock(&tree->lock);
                r = wait_for(task, node, WANT_LIST);
                return r < 0 ? r : 0;
        }
        if (directory_is_ageing(node->directory, now))
                ahead_again(task->session, node, WANT_LIST);
        *ret = node;
        return 1;
}

/** dir_reply_entry() - reply with the node under the name asked for. Tree locked; unlocks it. */
int dir_reply_entry(struct task *task, struct node *node, double timeout) {
        struct session *session = task->session;
        struct fuse_entry_param entry;
        uint64_t id = node->id;

        node->lookups++;
        attr_entry(session, node, timeout, stamp_monotonic_ms(), &entry);
        attr_told(task, node, entry.attr_timeout);
        pthread_mutex_unlock(&session->tree.lock);
        if (fuse_reply_entry(task->req, &entry) < 0) {
                pthread_mutex_lock(&session->tree.lock);
                tree_forget(&session->tree, tree_node(&session->tree, id), 1);
                pthread_mutex_unlock(&session->tree.lock);
        }
        return task_end(task);
}

/* Does what it holds appear by what is made in another directory? */
static bool is_derived(const struct node *dir) {
        return dir->name && (text_eq(dir->name, ".meta") || text_eq(dir->name, ".by-id"));
}

/* For how long may the kernel remember that the name is missing? Not where a list is old, and not
 * for names that appear by what we do. */
static int64_t negative_ms(const struct node *dir, const char *name, int64_t now_ms) {
        const struct directory *directory = dir->directory;
        int64_t left = directory->fresh_until_ms - now_ms;

        if (is_derived(dir) || directory->snapshot->listing->is_stale || left <= 0 ||
            text_ends(name, ".error") || text_ends(name, ".result") ||
            listing_find(directory->snapshot->listing, name) || name[0] == '.' || name[0] == '#' ||
            text_ends(name, "~"))
                return 0;
        return left < ATTR_NEGATIVE_MS ? left : ATTR_NEGATIVE_MS;
}

/* Tree locked; unlocks it. */
static int reply_missing(struct task *task, struct node *dir) {
        struct fuse_entry_param entry = { 0 };
        int64_t now = stamp_monotonic_ms(), ms = negative_ms(dir, task->name, now);

        if (ms > 0 && dir->directory->negative_until_ms < now + ms)
                dir->directory->negative_until_ms = now + ms;
        pthread_mutex_unlock(&task->session->tree.lock);
        if (ms <= 0)
                return -ENOENT;
        entry.entry_timeout = (double)ms / 1000;
        fuse_reply_entry(task->req, &entry);
        return task_end(task);
}

/* What stands beside the cloud needs no list, unless it stands for something that one could tell of
 * by now. Returns as ready(), 1 if there is nothing. */
static int look_beside(struct task *task) {
        struct session *session = task->session;
        const struct overlay *overlay = NULL;
        const struct node *dir;

        pthread_mutex_lock(&session->tree.lock);
        dir = tree_node(&session->tree, task->node);
        if (dir && dir->type == ENTRY_DIRECTORY)
                overlay = overlay_find(dir, task->name);
        if (overlay &&
            (!overlay->is_created || directory_is_fresh(dir->directory, stamp_monotonic_ms())))
                return dir_reply_entry(task, overlay->node, 0);
        pthread_mutex_unlock(&session->tree.lock);
        return 1;
}

/* What is there for certain needs no list either. Tree locked; NULL if it is not such a name. */
static struct node *find_certain(struct task *task, struct node *dir) {
        _cleanup_(listing_unrefp) struct listing *listing = NULL;
        struct session *session = task->session;
        const struct entry *entry = NULL;
        int64_t now = stamp_monotonic_ms();
        struct node *node = NULL;

        if (directory_is_fresh(dir->directory, now) || !dir->branch->ops->certain)
                return NULL;
        if (dir->branch->ops->certain(dir, &listing) == 0)
                entry = listing_find(listing, task->name);
        if (!entry || leaving_hides(session, dir, entry) ||
            aways_has(&session->aways, task->op.pid, dir, task->name, now))
                return NULL;
        return tree_adopt(&session->tree, dir, entry, &node) == 0 ? node : NULL;
}

/* As look_beside(). */
static int look_certain(struct task *task) {
        struct session *session = task->session;
        struct node *dir, *node = NULL;

        pthread_mutex_lock(&session->tree.lock);
        dir = tree_node(&session->tree, task->node);
        if (dir && dir->type == ENTRY_DIRECTORY)
                node = find_certain(task, dir);
        if (node)
                return dir_reply_entry(task, node, (double)ATTR_NEGATIVE_MS / 1000);
        pthread_mutex_unlock(&session->tree.lock);
        return 1;
}

static int serve_lookup(struct task *task) {
        struct session *session = task->session;
        const struct entry *entry;
        const struct overlay *overlay;
        struct listing *listing;
        struct node *dir, *node;
        int r = look_beside(task);

        if (r > 0)
                r = look_certain(task);
        if (r <= 0)
                return r;
        r = ready(task, &dir);
        if (r <= 0)
                return r;
        overlay = overlay_find(dir, task->name); /* the list may have brought it */
        if (overlay)
                return dir_reply_entry(task, overlay->node, 0);
        if (task->found)
                return dir_reply_entry(task, task->found, (double)ATTR_NEGATIVE_MS / 1000);
        listing = dir->directory->snapshot->listing;
        entry = listing_find(listing, task->name);
        if (entry &&
            (leaving_hides(session, dir, entry) ||
             aways_has(&session->aways, task->op.pid, dir, task->name, stamp_monotonic_ms())))
                return reply_missing(task, dir);
        if (entry) {
                r = tree_adopt(&session->tree, dir, entry, &node);
                if (r == 0)
                        return dir_reply_entry(
                                task, node,
                                attr_seconds(dir->directory->fresh_until_ms, stamp_monotonic_ms()));
        } else if (listing->by_name && !task_waited(task, WANT_FIND)) {
                node_ref(dir);
                pthread_mutex_unlock(&session->tree.lock);
                return wait_for(task, dir, WANT_FIND);
        } else {
                return reply_missing(task, dir);
        }
        pthread_mutex_unlock(&session->tree.lock);
        return r;
}

/** dir_on_lookup() - answered from the directory's list. */
void dir_on_lookup(fuse_req_t req, fuse_ino_t parent, const char *name) {
        task_on_name(req, OPERATION_LOOKUP, parent, name, serve_lookup);
}

static void forget(struct session *session, uint64_t id, uint64_t lookups) {
        struct node *node;

        pthread_mutex_lock(&session->tree.lock);
        node = tree_node(&session->tree, id);
        if (node)
                tree_forget(&session->tree, node, lookups);
        pthread_mutex_unlock(&session->tree.lock);
}

/** dir_on_forget() - the kernel gives look-ups back. */
void dir_on_forget(fuse_req_t req, fuse_ino_t node, uint64_t lookups) {
        forget(fuse_req_userdata(req), node, lookups);
        fuse_reply_none(req);
}

/** dir_on_forget_many() - the same, in bulk. */
void dir_on_forget_many(fuse_req_t req, size_t count, struct fuse_forget_data *forgets) {
        struct session *session = fuse_req_userdata(req);

        for (size_t i = 0; i < count; i++)
                forget(session, forgets[i].ino, forgets[i].nlookup);
        fuse_reply_none(req);
}

/* The request's directory is held open by one less. */
static void closed(struct task *task) {
        struct session *session = task->session;
        const struct node *dir;

        pthread_mutex_lock(&session->tree.lock);
        dir = tree_node(&session->tree, task->node);
        if (dir)
                watch_closed(&session->watch, dir);
        pthread_mutex_unlock(&session->tree.lock);
}

/* The place that waits for a list (file rule 7). */
static int serve_open(struct task *task) {
        struct session *session = task->session;
        struct node *dir;
        int r = ready(task, &dir);

        if (r <= 0)
                return r;
        task->fi.cache_readdir = dir->branch != &session->why;
        task->fi.keep_cache = directory_keep(dir->directory);
        if (!task_waited(task, WANT_LIST))
                ahead_entered(session, dir, false);
        watch_opened(&session->watch, dir);
        pthread_mutex_unlock(&session->tree.lock);
        if (fuse_reply_open(task->req, &task->fi) < 0)
                closed(task); /* nobody got it */
        return task_end(task);
}

/** dir_on_open() - replies when the list is there. */
void dir_on_open(fuse_req_t req, fuse_ino_t node, struct fuse_file_info *fi) {
        struct task *task = task_new(req, OPERATION_OPENDIR, node, serve_open);

        if (!task)
                return;
        task->fi = *fi;
        task_run(task);
}

/* A reply under construction, and the nodes that it makes known. */
struct page {
        fuse_req_t req;
        char *data;
        size_t size, used;
        uint64_t *nodes;
        size_t n_nodes;
};

/* Smallest size of an entry with attributes in a reply: bounds the number of nodes. */
enum { ENTRY_PLUS_MIN = 144 };

static bool add_plain(struct page *page, const char *name, uint64_t ino, mode_t mode,
                      uint64_t cookie) {
        struct stat st = { .st_ino = ino, .st_mode = mode };
        size_t n = fuse_add_direntry(page->req, page->data + page->used, page->size - page->used,
                                     name, &st, (off_t)cookie);

        if (n > page->size - page->used)
                return false;
        page->used += n;
        return true;
}

static bool add_plus(struct page *page, const char *name, const struct fuse_entry_param *entry,
                     uint64_t cookie) {
        size_t n = fuse_add_direntry_plus(page->req, page->data + page->used,
                                          page->size - page->used, name, entry, (off_t)cookie);

        if (n > page->size - page->used)
                return false;
        page->used += n;
        if (entry->ino)
                page->nodes[page->n_nodes++] = entry->ino;
        return true;
}

/* `.` or `..`: a name and a number, no node. */
static bool add_dot(struct task *task, struct page *page, const struct node *node, const char *name,
                    uint64_t cookie) {
        struct fuse_entry_param entry = { .attr = { .st_ino = node->ino, .st_mode = S_IFDIR } };

        if (task->operation == OPERATION_READDIR)
                return add_plain(page, name, node->ino, S_IFDIR, cookie);
        return add_plus(page, name, &entry, cookie);
}

static bool add_entry(struct task *task, struct page *page, struct node *dir, struct node *node,
                      const char *name, uint64_t cookie) {
        struct fuse_entry_param entry;
        int64_t now = stamp_monotonic_ms();

        attr_entry(task->session, node,
                   node->overlay ? 0 : attr_seconds(dir->directory->fresh_until_ms, now), now,
                   &entry);
        if (task->operation == OPERATION_READDIR)
                return add_plain(page, name, node->ino, entry.attr.st_mode, cookie);
        if (!add_plus(page, name, &entry, cookie))
                return false;
        attr_told(task, node, entry.attr_timeout);
        node->lookups++;
        return true;
}

/* What stands beside the cloud comes behind the list, in the order in which it came. */
static void fill_beside(struct task *task, struct page *page, struct node *dir) {
        uint64_t offset = (uint64_t)task->offset;
        const struct overlay *overlay = overlay_after(dir, offset);

        while (overlay &&
               add_entry(task, page, dir, overlay->node, overlay->node->name, overlay->ordinal))
                overlay = overlay->next;
}

/* Fills the page with what is above the offset, in the order of the ordinals. Tree locked. */
static int fill(struct task *task, struct page *page, struct node *dir) {
        const struct snapshot *snapshot = dir->directory->snapshot;
        uint64_t offset = (uint64_t)task->offset, cookie;
        const struct node *parent = dir->parent ? dir->parent : dir;
        const struct entry *entry;

        if (offset < 1 && !add_dot(task, page, dir, ".", 1))
                return 0;
        if (offset < 2 && !add_dot(task, page, parent, "..", 2))
                return 0;
        for (size_t at = snapshot_after(snapshot, offset);; at++) {
                struct node *node;
                int r;

                entry = snapshot_at(snapshot, at, &cookie);
                if (!entry) {
                        fill_beside(task, page, dir);
                        return 0;
                }
                if (overlay_find(dir, entry->name) || leaving_hides(task->session, dir, entry))
                        continue;
                r = tree_adopt(&task->session->tree, dir, entry, &node);
                if (r < 0)
                        return page->used ? 0 : r;
                if (!add_entry(task, page, dir, node, entry->name, cookie)) {
                        tree_forget(&task->session->tree, node, 0);
                        return 0;
                }
                if (task->operation == OPERATION_READDIR)
                        tree_forget(&task->session->tree, node, 0);
        }
}

static void unsend(struct session *session, const struct page *page) {
        for (size_t i = 0; i < page->n_nodes; i++)
                forget(session, page->nodes[i], 1);
}

/* Answers from the list as it is: OPENDIR has waited for it. */
static int serve_read(struct task *task) {
        struct session *session = task->session;
        struct page page = { .req = task->req, .size = task->size };
        struct node *dir;
        int r;

        pthread_mutex_lock(&session->tree.lock);
        dir = tree_node(&session->tree, task->node);
        if (!dir || dir->type != ENTRY_DIRECTORY || !dir->directory || !dir->directory->snapshot) {
                pthread_mutex_unlock(&session->tree.lock);
                return -ESTALE;
        }
        page.data = malloc(page.size);
        page.nodes = calloc(page.size / ENTRY_PLUS_MIN + 1, sizeof(*page.nodes));
        r = page.data && page.nodes ? fill(task, &page, dir) : -ENOMEM;
        pthread_mutex_unlock(&session->tree.lock);
        if (r == 0 && fuse_reply_buf(task->req, page.data, page.used) < 0)
                unsend(session, &page);
        free(page.data);
        free(page.nodes);
        return r < 0 ? r : task_end(task);
}

static void read_entries(fuse_req_t req, enum operation operation, fuse_ino_t node, size_t size,
                         off_t offset) {
        struct task *task = task_new(req, operation, node, serve_read);

        if (!task)
                return;
        task->size = size < READ_MAX ? size : READ_MAX;
        task->offset = offset;
        task_run(task);
}

/** dir_on_read() - names only. */
void dir_on_read(fuse_req_t req, fuse_ino_t node, size_t size, off_t offset,
                 struct fuse_file_info *fi) {
        (void)fi;
        read_entries(req, OPERATION_READDIR, node, size, offset);
}

/** dir_on_read_plus() - names with what is known of their attributes. */
void dir_on_read_plus(fuse_req_t req, fuse_ino_t node, size_t size, off_t offset,
                      struct fuse_file_info *fi) {
        (void)fi;
        read_entries(req, OPERATION_READDIRPLUS, node, size, offset);
}

static int serve_release(struct task *task) {
        closed(task);
        fuse_reply_err(task->req, 0);
        return task_end(task);
}

/** dir_on_release() - an open directory has no state but that it is open. */
void dir_on_release(fuse_req_t req, fuse_ino_t node, struct fuse_file_info *fi) {
        struct task *task = task_new(req, OPERATION_RELEASEDIR, node, serve_release);

        (void)fi;
        if (task)
                task_run(task);
}

static int serve_statfs(struct task *task) {
        struct session *session = task->session;
        struct statvfs st = {
                .f_bsize = 4096,
                .f_frsize = 4096,
                .f_blocks = STATFS_BLOCKS,
                .f_bfree = STATFS_BLOCKS / 2,
                .f_bavail = STATFS_BLOCKS / 2,
                .f_files = STATFS_BLOCKS,
                .f_namemax = NAME_MAX,
        };

        pthread_mutex_lock(&session->tree.lock);
        st.f_ffree = STATFS_BLOCKS - session->tree.count;
        pthread_mutex_unlock(&session->tree.lock);
        st.f_favail = st.f_ffree;
        fuse_reply_statfs(task->req, &st);
        return task_end(task);
}

/** dir_on_statfs() - figures that installers and df(1) can live with. */
void dir_on_statfs(fuse_req_t req, fuse_ino_t node) {
        struct task *task = task_new(req, OPERATION_STATFS, node, serve_statfs);

        if (task)
                task_run(task);
}
