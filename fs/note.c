/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/note.h"

#include <limits.h>
#include <string.h>

#include "base/stamp.h"
#include "base/text.h"
#include "fs/directory.h"
#include "fs/local.h"
#include "fs/report.h"
#include "fs/session.h"

#define NOTE_ERROR ".error"

/* 0, or -ENAMETOOLONG where there is no room for the suffix. */
static int name_of(const char *name, const char *suffix, char ret[NAME_MAX + 1]) {
        int len = snprintf(ret, NAME_MAX + 1, "%s%s", name, suffix);

        return len < 0 || len > NAME_MAX ? -ENAMETOOLONG : 0;
}

static bool is_taken(const struct node *dir, const char *name) {
        const struct directory *directory = dir->directory;

        return directory && directory->snapshot && listing_find(directory->snapshot->listing, name);
}

/* The note of that name, a new one if need be. Tree locked. */
static int find_or_add(struct session *session, struct node *dir, const char *name,
                       struct overlay **ret) {
        char copy[NAME_MAX + 1];
        struct overlay *overlay = overlay_find(dir, name);
        int r;

        if (dir->overlay && !dir->overlay->link)
                return -ENOENT; /* a draft that was discarded meanwhile */
        if (overlay && overlay->role != OVERLAY_NOTE)
                return -EEXIST;
        if (!overlay && is_taken(dir, name))
                return -EEXIST; /* a real name goes before */
        if (!overlay) {
                (void)snprintf(copy, sizeof(copy), "%s", name);
                r = overlay_add(session, dir,
                                &(struct entry){ .name = copy, .type = ENTRY_FILE, .mode = 0444 },
                                OVERLAY_NOTE, &overlay);
                if (r < 0)
                        return r;
                if (dir->lookups > 0)
                        notify_inode(&session->notify, dir->id);
        }
        *ret = overlay;
        return 0;
}

/* Tree locked. */
static void set_text(struct session *session, struct overlay *overlay, struct document *text) {
        if (overlay->text)
                document_unref(overlay->text);
        overlay->text = document_ref(text);
        overlay->modified.tv_sec = text->modified.tv_sec;
        overlay->modified.tv_nsec = (long)(text->hash % 1000000000U);
        if (overlay->node->lookups > 0)
                notify_inode(&session->notify, overlay->node->id);
}

/** note_attach() - as note_put(), with a text that is there already. Tree locked. */
int note_attach(struct session *session, struct node *dir, const char *name, const char *suffix,
                struct document *text) {
        char whole[NAME_MAX + 1];
        struct overlay *overlay;
        int r = name_of(name, suffix, whole);

        if (r == 0)
                r = find_or_add(session, dir, whole, &overlay);
        if (r == 0)
                set_text(session, overlay, text);
        return r;
}

/**
 * note_put() - have a text stand beside @name. The tree must not be locked.
 * Returns 0, -EEXIST where a real entry has the name, -ENOENT where the directory has gone,
 * -ENAMETOOLONG, -ENOMEM.
 */
int note_put(struct session *session, struct node *dir, const char *name, const char *suffix,
             const struct buf *text) {
        struct buf copy = BUF_INIT(0);
        struct document *document = NULL;
        int r = buf_add(&copy, buf_str(text), text->len);

        if (r == 0)
                r = local_document_new(&copy, INT64_MAX, &document);
        buf_done(&copy);
        if (r < 0)
                return r;
        document->modified = stamp_mark(stamp_now_ms(), document->hash);
        pthread_mutex_lock(&session->tree.lock);
        r = note_attach(session, dir, name, suffix, document);
        pthread_mutex_unlock(&session->tree.lock);
        document_unref(document);
        return r;
}

/** note_drop() - the reason is gone. Returns whether there was one. Tree not locked. */
bool note_drop(struct session *session, struct node *dir, const char *name, const char *suffix) {
        char whole[NAME_MAX + 1];
        struct overlay *overlay;
        bool is_there;

        if (name_of(name, suffix, whole) < 0)
                return false;
        pthread_mutex_lock(&session->tree.lock);
        overlay = overlay_find(dir, whole);
        is_there = overlay && overlay->role == OVERLAY_NOTE;
        if (is_there) {
                notify_entry(&session->notify, dir->id, whole);
                notify_inode(&session->notify, dir->id);
                overlay_remove(session, overlay);
        }
        pthread_mutex_unlock(&session->tree.lock);
        return is_there;
}

/* Is there, or is there to be, something that the name is a note's of? Tree not locked. */
static bool is_beside(struct session *session, const struct node *dir, const char *name) {
        _cleanup_(freep) char *stem = strndup(name, strlen(name) - strlen(NOTE_ERROR));
        const struct overlay *overlay;
        bool is;

        if (!stem)
                return true;
        pthread_mutex_lock(&session->tree.lock);
        overlay = overlay_find(dir, stem);
        is = is_taken(dir, stem) || (overlay && overlay->role == OVERLAY_NEW);
        pthread_mutex_unlock(&session->tree.lock);
        return is;
}

/** note_is_copy() - is it what a note said, put back from a copy of its directory? */
bool note_is_copy(const char *name, const char *text, size_t len) {
        return text_ends(name, NOTE_ERROR) && report_is(text, len);
}

/**
 * note_check() - may a document of this name be created? Not where the next refusal is told.
 * @dir: held by the caller; the tree must not be locked. Returns 0, or -EPERM with a reason.
 */
int note_check(struct session *session, struct op *op, const struct node *dir, const char *name) {
        size_t len = strlen(name);

        if (len <= strlen(NOTE_ERROR) || !text_ends(name, NOTE_ERROR) ||
            !is_beside(session, dir, name))
                return 0;
        return op_fail(op, EPERM,
                       "%s is where the reason stands when a change of %.*s is refused: take "
                       "another name",
                       name, (int)(len - strlen(NOTE_ERROR)), name);
}
