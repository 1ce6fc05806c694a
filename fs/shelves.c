/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/shelves.h"

#include "base/stamp.h"
#include "base/text.h"
#include "fs/directory.h"
#include "fs/session.h"

enum { NAME_SIZE = 256 };

static struct shelf_record *find(struct shelves *shelves, enum shelf shelf, const char *path,
                                 const char *name) {
        for (size_t i = 0; i < shelves->count; i++) {
                struct shelf_record *record = &shelves->list[i];

                if (record->shelf == shelf && text_eq(record->name, name) &&
                    text_eq(record->path, path))
                        return record;
        }
        return NULL;
}

static int remember(struct shelves *shelves, const struct shelf_record *new) {
        struct shelf_record *record = find(shelves, new->shelf, new->path, new->name);
        char *path, *name;
        int r;

        if (record) {
                record->len = new->len;
                record->stored_ms = new->stored_ms;
                return 0;
        }
        r = array_grow(&shelves->list, &shelves->capacity, shelves->count, SHELVES_MAX,
                       sizeof(*shelves->list));
        if (r < 0)
                return r;
        path = strdup(new->path);
        name = strdup(new->name);
        if (!path || !name) {
                free(path);
                free(name);
                return -ENOMEM;
        }
        record = &shelves->list[shelves->count++];
        *record = *new;
        record->path = path;
        record->name = name;
        return 0;
}

static int visit(void *data, const struct shelved *item) {
        const struct shelf_record record = {
                .shelf = item->shelf,
                .path = (char *)(uintptr_t)item->path,
                .name = (char *)(uintptr_t)item->name,
                .len = item->len,
                .stored_ms = item->stored_ms,
        };

        return remember(data, &record);
}

/** shelves_load() - what an account's journal kept over the restart. 0 or negative errno. */
int shelves_load(struct session *session, struct journal *journal) {
        int r = journal_browse(journal, SHELF_RESULT, NULL, visit, &session->shelves);

        return r < 0 ? r : journal_browse(journal, SHELF_SECRET, NULL, visit, &session->shelves);
}

/** shelves_done() - frees the list. */
void shelves_done(struct shelves *shelves) {
        for (size_t i = 0; i < shelves->count; i++) {
                free(shelves->list[i].path);
                free(shelves->list[i].name);
        }
        free(shelves->list);
        *shelves = (struct shelves){ 0 };
}

/* Has the file stand in its directory, unless something real has its name. */
static int show(struct session *session, struct node *dir, const struct shelf_record *record) {
        const struct directory *directory = dir->directory;
        struct overlay *overlay = overlay_find(dir, record->name);
        char name[NAME_SIZE];
        int r = 0;

        if (overlay && overlay->role != OVERLAY_SHELVED)
                return -EEXIST;
        if (!overlay && directory && directory->snapshot &&
            listing_find(directory->snapshot->listing, record->name))
                return -EEXIST;
        (void)snprintf(name, sizeof(name), "%s", record->name);
        if (!overlay)
                r = overlay_add(session, dir,
                                &(struct entry){
                                        .name = name,
                                        .type = ENTRY_FILE,
                                        .mode = record->shelf == SHELF_SECRET ? 0400 : 0444,
                                },
                                OVERLAY_SHELVED, &overlay);
        if (r < 0)
                return r;
        if (!overlay->path)
                overlay->path = strdup(record->path);
        if (!overlay->path)
                return -ENOMEM;
        overlay->shelf = record->shelf;
        overlay->len = record->len;
        overlay->modified.tv_sec = (time_t)(record->stored_ms / 1000);
        overlay->modified.tv_nsec = (long)(record->stored_ms % 1000 * 1000000);
        return 0;
}

/**
 * shelves_put() - keep a file and show it. @dir: held by the caller; the tree must not be locked.
 * Returns as journal_put().
 */
int shelves_put(struct session *session, struct op *op, struct journal *journal, struct node *dir,
                enum shelf shelf, const char *name, const char *data, size_t len) {
        struct buf path = BUF_INIT(64 * 1024);
        struct overlay *overlay;
        int r;

        pthread_mutex_lock(&session->tree.lock);
        r = node_path(dir, &path);
        pthread_mutex_unlock(&session->tree.lock);
        if (r == 0)
                r = journal_put(journal, op,
                                &(struct shelved){
                                        .shelf = shelf,
                                        .path = buf_str(&path),
                                        .name = name,
                                        .data = data,
                                        .len = len,
                                });
        if (r == 0) {
                const struct shelf_record record = {
                        .shelf = shelf,
                        .path = path.data,
                        .name = (char *)(uintptr_t)name,
                        .len = len,
                        .stored_ms = stamp_now_ms(),
                };

                pthread_mutex_lock(&session->tree.lock);
                (void)remember(&session->shelves, &record);
                (void)show(session, dir, &record);
                overlay = overlay_find(dir, name);
                if (overlay && overlay->node->lookups > 0)
                        notify_inode(&session->notify, overlay->node->id);
                notify_inode(&session->notify, dir->id);
                notify_entry(&session->notify, dir->id, name); /* it may be known as missing */
                pthread_mutex_unlock(&session->tree.lock);
        }
        buf_done(&path);
        return r;
}

/** shelves_attach() - a directory is listed: what is kept for it stands there. Tree locked. */
void shelves_attach(struct session *session, struct node *dir) {
        struct buf path = BUF_INIT(64 * 1024);

        if (!session->shelves.count || dir->branch->is_local)
                return;
        (void)node_path(dir, &path);
        for (size_t i = 0; i < session->shelves.count; i++)
                if (text_eq(session->shelves.list[i].path, buf_str(&path)))
                        (void)show(session, dir, &session->shelves.list[i]);
        buf_done(&path);
}

/**
 * shelves_remove() - rm of such a file: nobody wants it any more. The tree must not be locked.
 * @node: held by the caller. Returns as journal_drop().
 */
int shelves_remove(struct session *session, struct op *op, struct journal *journal,
                   struct node *node) {
        struct overlay *overlay;
        struct shelf_record *record;
        char *path, *name;
        enum shelf shelf;
        int r;

        pthread_mutex_lock(&session->tree.lock);
        overlay = node->overlay;
        path = overlay && overlay->path ? strdup(overlay->path) : NULL;
        name = strdup(node->name);
        shelf = overlay ? overlay->shelf : SHELF_RESULT;
        pthread_mutex_unlock(&session->tree.lock);
        r = path && name ? journal_drop(journal, op, shelf, path, name) : -ENOENT;
        if (r == -ENOENT)
                r = 0;
        pthread_mutex_lock(&session->tree.lock);
        record = r == 0 && path && name ? find(&session->shelves, shelf, path, name) : NULL;
        if (record) {
                free(record->path);
                free(record->name);
                *record = session->shelves.list[--session->shelves.count];
        }
        if (r == 0 && node->overlay && node->overlay->link)
                overlay_remove(session, node->overlay);
        pthread_mutex_unlock(&session->tree.lock);
        free(path);
        free(name);
        return r;
}
