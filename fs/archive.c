/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/archive.h"

#include <string.h>

#include "base/stamp.h"
#include "base/text.h"
#include "fs/change.h"
#include "fs/local.h"
#include "fs/session.h"

enum { ITEMS_MAX = 1000000, PATH_BYTES_MAX = 64 * 1024, DEPTH = 2, REST_MS = 60 * 1000 };

/** archive_init() - not looked at yet. Returns 0 or -ENOMEM. */
int archive_init(struct archive *archive) {
        *archive = (struct archive){ 0 };
        return pthread_mutex_init(&archive->lock, NULL) ? -ENOMEM : 0;
}

static void clear(struct archive *archive) {
        for (size_t i = 0; i < archive->count; i++) {
                free(archive->list[i].path);
                free(archive->list[i].name);
        }
        archive->count = 0;
}

/** archive_done() - frees what it holds. */
void archive_done(struct archive *archive) {
        clear(archive);
        free(archive->list);
        for (size_t i = 0; i < archive->n_rests; i++)
                free(archive->rests[i].path);
        free(archive->rests);
        pthread_mutex_destroy(&archive->lock);
}

static struct session *session_of(struct branch *branch) {
        return (struct session *)((char *)branch - offsetof(struct session, archive_branch));
}

struct visit {
        struct archive *archive;
        struct journal *journal;
};

static int visit(void *data, const struct shelved *item) {
        const struct visit *visit = data;
        struct archive *archive = visit->archive;
        struct archive_item new = {
                .shelf = item->shelf,
                .journal = visit->journal,
                .len = item->len,
                .stored_ms = item->stored_ms,
        };
        const char *path = item->path + (*item->path == '/');
        int r = array_grow(&archive->list, &archive->capacity, archive->count, ITEMS_MAX,
                           sizeof(*archive->list));

        if (r < 0)
                return r;
        new.path = strdup(path);
        new.name = strdup(item->name);
        if (!new.path || !new.name) {
                free(new.path);
                free(new.name);
                return -ENOMEM;
        }
        archive->list[archive->count++] = new;
        return 0;
}

/* Looks the shelves over if something was put there since. Locked. */
static int look_over(struct session *session) {
        struct archive *archive = &session->archive;
        unsigned version = atomic_load(&session->commits.version);
        int r = 0;

        if (archive->is_built && archive->version == version)
                return 0;
        clear(archive);
        for (size_t i = 0; r == 0 && i < session->options.n_accounts; i++) {
                struct visit data = {
                        .archive = archive,
                        .journal = session->options.accounts[i].journal,
                };

                if (data.journal)
                        r = journal_browse(data.journal, SHELF_REJECTED, NULL, visit, &data);
                if (r == 0 && data.journal)
                        r = journal_browse(data.journal, SHELF_HISTORY, NULL, visit, &data);
        }
        archive->is_built = r == 0;
        archive->version = version;
        return r;
}

/* Which shelf a node is of, and the path below it. */
static int locate(struct session *session, const struct node *node, enum shelf *ret_shelf,
                  struct buf *ret_path) {
        struct buf whole = BUF_INIT(PATH_BYTES_MAX);
        const char *path;
        int r;

        pthread_mutex_lock(&session->tree.lock);
        r = node_path(node, &whole);
        pthread_mutex_unlock(&session->tree.lock);
        path = buf_str(&whole);
        if (text_starts(path, "/.hcloudfs/rejected"))
                *ret_shelf = SHELF_REJECTED;
        else
                *ret_shelf = SHELF_HISTORY;
        for (int i = 0; i < DEPTH && path; i++)
                path = strchr(path + 1, '/');
        if (r == 0 && path)
                r = buf_add_str(ret_path, path + 1);
        buf_done(&whole);
        return r;
}

/* The part of a path below @above, NULL if it is not below it. */
static const char *below(const char *path, const char *above) {
        size_t len = strlen(above);

        if (!len)
                return path;
        if (strncmp(path, above, len) != 0 || (path[len] && path[len] != '/'))
                return NULL;
        return path + len + (path[len] == '/');
}

static int add_once(struct listing *listing, const char *name, size_t len, enum entry_type type) {
        _cleanup_(freep) char *copy = strndup(name, len);

        if (!copy)
                return -ENOMEM;
        if (listing->count && text_eq(listing->entries[listing->count - 1].name, copy))
                return 0; /* items come by path */
        for (size_t i = 0; i < listing->count; i++)
                if (text_eq(listing->entries[i].name, copy))
                        return 0;
        return local_listing_add(listing, copy, type, type == ENTRY_DIRECTORY ? 0755 : 0444);
}

static void drop_rest(struct archive *archive, size_t i) {
        free(archive->rests[i].path);
        archive->rests[i] = archive->rests[--archive->n_rests];
}

/* A text of this directory is removed: rm -r finds the directory when it comes to it. Without
 * memory it does not. Locked. */
static void leave_rest(struct archive *archive, enum shelf shelf, const char *path) {
        int64_t now_ms = stamp_monotonic_ms();
        struct archive_rest rest = { .shelf = shelf, .until_ms = now_ms + REST_MS };

        for (size_t i = archive->n_rests; i-- > 0;)
                if (archive->rests[i].until_ms <= now_ms ||
                    (archive->rests[i].shelf == shelf && text_eq(archive->rests[i].path, path)))
                        drop_rest(archive, i);
        if (array_grow(&archive->rests, &archive->rests_capacity, archive->n_rests, ITEMS_MAX,
                       sizeof(*archive->rests)) < 0)
                return;
        rest.path = strdup(path);
        if (rest.path)
                archive->rests[archive->n_rests++] = rest;
}

/* rmdir: the directory is no more, the one above stays as it would on a disk. Locked. */
static void take_rest(struct archive *archive, enum shelf shelf, const char *path) {
        const char *slash = strrchr(path, '/');
        _cleanup_(freep) char *above = slash ? strndup(path, (size_t)(slash - path)) : NULL;

        for (size_t i = archive->n_rests; i-- > 0;)
                if (archive->rests[i].shelf == shelf && text_eq(archive->rests[i].path, path))
                        drop_rest(archive, i);
        if (above)
                leave_rest(archive, shelf, above);
}

/* Directories right below a path in which no text is left. Locked. */
static int add_rests(const struct archive *archive, enum shelf shelf, const char *above,
                     struct listing *listing) {
        int64_t now_ms = stamp_monotonic_ms();
        int r = 0;

        for (size_t i = 0; r == 0 && i < archive->n_rests; i++) {
                const struct archive_rest *rest = &archive->rests[i];
                const char *part = rest->shelf == shelf ? below(rest->path, above) : NULL;

                if (part && *part && rest->until_ms > now_ms)
                        r = add_once(listing, part, strcspn(part, "/"), ENTRY_DIRECTORY);
        }
        return r;
}

/* The names right below a path. Locked. */
static int add_names(const struct archive *archive, enum shelf shelf, const char *above,
                     struct listing *listing) {
        int r = 0;

        for (size_t i = 0; r == 0 && i < archive->count; i++) {
                const struct archive_item *item = &archive->list[i];
                const char *rest = item->shelf == shelf ? below(item->path, above) : NULL;

                if (!rest)
                        continue;
                if (*rest)
                        r = add_once(listing, rest, strcspn(rest, "/"), ENTRY_DIRECTORY);
                else
                        r = add_once(listing, item->name, strlen(item->name), ENTRY_FILE);
        }
        return r;
}

static int list(struct branch *branch, struct op *op, struct node *node, struct listing **ret) {
        struct session *session = session_of(branch);
        _cleanup_(listing_unrefp) struct listing *listing = NULL;
        struct buf above = BUF_INIT(PATH_BYTES_MAX);
        enum shelf shelf;
        int r = locate(session, node, &shelf, &above);

        if (r == 0)
                r = local_listing_new(stamp_now_ms(), stamp_monotonic_ms(), &listing);
        pthread_mutex_lock(&session->archive.lock);
        if (r == 0)
                r = look_over(session);
        if (r == 0)
                r = add_names(&session->archive, shelf, buf_str(&above), listing);
        if (r == 0)
                r = add_rests(&session->archive, shelf, buf_str(&above), listing);
        pthread_mutex_unlock(&session->archive.lock);
        buf_done(&above);
        if (r < 0)
                return op_fail(op, -r, "cannot list what is kept: %s", strerror(-r));
        local_listing_end(listing);
        *ret = STEAL(listing);
        return 0;
}

/* A copy of the item that a file stands for. Locked. */
static const struct archive_item *find(const struct archive *archive, enum shelf shelf,
                                       const char *path) {
        const char *slash = strrchr(path, '/');

        for (size_t i = 0; slash && i < archive->count; i++) {
                const struct archive_item *item = &archive->list[i];

                if (item->shelf == shelf && text_eq(item->name, slash + 1) &&
                    strlen(item->path) == (size_t)(slash - path) &&
                    strncmp(item->path, path, (size_t)(slash - path)) == 0)
                        return item;
        }
        return NULL;
}

static int take(const struct archive_item *item, char **ret_path, char **ret_name) {
        if (text_format(ret_path, "/%s", item->path) < 0)
                return -ENOMEM;
        *ret_name = strdup(item->name);
        return *ret_name ? 0 : -ENOMEM;
}

/* Journal, path and name of a file; owned by the caller. */
static int look_up(struct session *session, const struct node *node, enum shelf *ret_shelf,
                   struct journal **ret_journal, char **ret_path, char **ret_name,
                   int64_t *ret_stored_ms) {
        struct buf path = BUF_INIT(PATH_BYTES_MAX);
        const struct archive_item *item = NULL;
        int r = locate(session, node, ret_shelf, &path);

        pthread_mutex_lock(&session->archive.lock);
        if (r == 0)
                r = look_over(session);
        if (r == 0)
                item = find(&session->archive, *ret_shelf, buf_str(&path));
        if (r == 0)
                r = item ? take(item, ret_path, ret_name) : -ENOENT;
        if (item) {
                *ret_journal = item->journal;
                *ret_stored_ms = item->stored_ms;
        }
        pthread_mutex_unlock(&session->archive.lock);
        buf_done(&path);
        return r;
}

static int read_file(struct branch *branch, struct op *op, struct node *node,
                     struct document **ret) {
        struct session *session = session_of(branch);
        _cleanup_(freep) char *path = NULL, *name = NULL, *data = NULL;
        struct buf text = BUF_INIT(0);
        struct journal *journal = NULL;
        enum shelf shelf;
        int64_t stored_ms = 0;
        size_t len = 0;
        int r = look_up(session, node, &shelf, &journal, &path, &name, &stored_ms);

        if (r == 0)
                r = journal_fetch(journal, shelf, path, name, &data, &len);
        if (r == 0)
                r = buf_add(&text, data, len);
        if (r == 0)
                r = local_document_new(&text, INT64_MAX, ret);
        buf_done(&text);
        if (r < 0)
                return op_fail(op, -r, "it is not kept any more");
        (*ret)->modified = stamp_mark(stored_ms, (*ret)->hash);
        return 0;
}

const struct branch_ops archive_ops = { .list = list, .read = read_file };

static int drop(struct task *task, struct op *op) {
        struct session *session = task->session;
        _cleanup_(freep) char *path = NULL, *name = NULL;
        struct journal *journal = NULL;
        struct node *dir, *node = NULL;
        enum shelf shelf;
        int64_t stored_ms;
        int r;

        pthread_mutex_lock(&session->tree.lock);
        dir = tree_node(&session->tree, task->node);
        if (dir)
                node = tree_child(&session->tree, dir, task->name);
        if (node)
                node_ref(node);
        pthread_mutex_unlock(&session->tree.lock);
        if (!node)
                return -ENOENT;
        r = look_up(session, node, &shelf, &journal, &path, &name, &stored_ms);
        if (r == 0)
                r = journal_drop(journal, op, shelf, path, name);
        if (r == 0) {
                pthread_mutex_lock(&session->archive.lock);
                leave_rest(&session->archive, shelf, path + 1); /* behind its slash */
                pthread_mutex_unlock(&session->archive.lock);
                atomic_fetch_add(&session->commits.version, 1);
        }
        pthread_mutex_lock(&session->tree.lock);
        if (r == 0)
                tree_detach(&session->tree, node);
        node_unref(&session->tree, node);
        pthread_mutex_unlock(&session->tree.lock);
        return r;
}

static int done(struct task *task) {
        fuse_reply_err(task->req, 0);
        return task_end(task);
}

/* rmdir of a directory of texts, @node, held by the caller. */
static int drop_directory(struct session *session, struct op *op, struct node *node) {
        _cleanup_(listing_unrefp) struct listing *listing = NULL;
        struct buf path = BUF_INIT(PATH_BYTES_MAX);
        enum shelf shelf;
        int r = list(&session->archive_branch, op, node, &listing);

        if (r == 0 && listing->count)
                r = -ENOTEMPTY;
        if (r == 0)
                r = locate(session, node, &shelf, &path);
        if (r == 0) {
                pthread_mutex_lock(&session->archive.lock);
                take_rest(&session->archive, shelf, buf_str(&path));
                pthread_mutex_unlock(&session->archive.lock);
        }
        buf_done(&path);
        return r;
}

/**
 * archive_remove() - rm of a text that nobody wants any more; rmdir of a directory of them. One in
 * which nothing is left goes by itself after a while. Serves the task.
 */
int archive_remove(struct task *task, bool is_directory) {
        struct session *session = task->session;
        struct node *dir, *node = NULL;
        int r = -ENOENT;

        if (task_waited(task, WANT_WORK))
                return done(task);
        if (!is_directory)
                return wait_change(task, drop);
        pthread_mutex_lock(&session->tree.lock);
        dir = tree_node(&session->tree, task->node);
        if (dir)
                node = tree_child(&session->tree, dir, task->name);
        if (node)
                node_ref(node);
        pthread_mutex_unlock(&session->tree.lock);
        if (node)
                r = drop_directory(session, &task->op, node);
        pthread_mutex_lock(&session->tree.lock);
        node_unref(&session->tree, node);
        pthread_mutex_unlock(&session->tree.lock);
        return r < 0 ? r : done(task);
}
