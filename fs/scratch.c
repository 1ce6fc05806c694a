/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/scratch.h"

#include <ctype.h>

#include "base/stamp.h"
#include "base/text.h"

static bool is_word(const char *text, size_t len) {
        for (size_t i = 0; i < len; i++)
                if (!isalnum((unsigned char)text[i]) && text[i] != '_')
                        return false;
        return text[len] == '\0';
}

/* `prefix` and so many letters or digits, nothing else. */
static bool is_random(const char *name, const char *prefix, size_t len) {
        return text_starts(name, prefix) && strlen(name) == strlen(prefix) + len &&
               is_word(name + strlen(prefix), len);
}

/* The name of an entry of the cloud with @len bytes of a suffix behind it. */
static bool is_beside(const char *name, size_t len, const struct scratch_where *where) {
        size_t whole = strlen(name);
        _cleanup_(freep) char *stem = whole > len ? strndup(name, whole - len) : NULL;

        return stem && where->exists && where->exists(where->data, stem);
}

/* Whatever the directory holds: resources never have such names, theirs are encoded. */
static bool is_always(const char *name) {
        size_t len = strlen(name);

        return name[0] == '.' || (len > 1 && name[len - 1] == '~') ||
               (len > 2 && name[0] == '#' && name[len - 1] == '#');
}

/* patch(1): `f.oXXXXXX`, or a letter more. */
static bool is_of_patch(const char *name, const struct scratch_where *where) {
        const char *dot = strrchr(name, '.');
        size_t tail = dot ? strlen(dot) : 0;

        return (tail == 8 || tail == 9) && dot[1] == 'o' && is_word(dot + 2, tail - 2) &&
               is_beside(name, tail, where);
}

/* Copies that tools leave beside a file. */
static bool is_copy(const char *name, const struct scratch_where *where) {
        static const char *const suffixes[] = { ".bak", ".orig", ".rej", ".tmp", ".new", ".swp" };

        for (size_t i = 0; i < ELEMENTSOF(suffixes); i++)
                if (text_ends(name, suffixes[i]) && is_beside(name, strlen(suffixes[i]), where))
                        return true;
        return false;
}

/* What programs make by mkstemp(3): perl -i, Python's tempfile, LibreOffice, KDE's QSaveFile. */
static bool is_private_copy(const char *name, const struct scratch_where *where) {
        size_t len = strlen(name);

        return is_random(name, "XX", 6) || is_random(name, "tmp", 8) ||
               (text_starts(name, "lu") && text_ends(name, ".tmp")) ||
               (len > 7 && name[len - 7] == '.' && is_word(name + len - 6, 6) &&
                is_beside(name, 7, where));
}

/**
 * scratch_is_name() - is it one that tools give to temporary files? To be asked for names only that
 * no entry of the cloud has.
 */
bool scratch_is_name(const char *name, const struct scratch_where *where) {
        if (is_always(name))
                return true;
        if (text_eq(name, "4913") || is_random(name, "sed", 6) || is_of_patch(name, where))
                return true;
        if (where->is_private && is_private_copy(name, where))
                return true;
        if (where->is_strict)
                return false;
        return is_random(name, "XX", 6) || is_copy(name, where) ||
               (text_starts(name, "lu") && text_ends(name, ".tmp"));
}

/** scratch_store_init() - nothing in it. @blobs: outlives the store. */
void scratch_store_init(struct scratch_store *store, struct blob_store *blobs) {
        *store = (struct scratch_store){ .blobs = blobs, .last = &store->first };
}

static void link_last(struct scratch *scratch) {
        struct scratch_store *store = scratch->store;

        scratch->link = store->last;
        scratch->next = NULL;
        *store->last = scratch;
        store->last = &scratch->next;
}

static void leave(struct scratch *scratch) {
        *scratch->link = scratch->next;
        if (scratch->next)
                scratch->next->link = scratch->link;
        else
                scratch->store->last = scratch->link;
}

static struct timespec now(void) {
        int64_t ms = stamp_now_ms();

        return (struct timespec){ .tv_sec = (time_t)(ms / 1000),
                                  .tv_nsec = (long)(ms % 1000 * 1000000) };
}

/**
 * scratch_new() - an empty file, or a link to @target.
 * Returns 0, -ENOSPC if there are too many, -ENOMEM.
 */
int scratch_new(struct scratch_store *store, const char *target, mode_t mode,
                struct scratch **ret) {
        struct scratch *scratch;

        if (store->count >= SCRATCH_COUNT_MAX)
                return -ENOSPC;
        scratch = calloc(1, sizeof(*scratch));
        if (!scratch)
                return -ENOMEM;
        scratch->target = target ? strdup(target) : NULL;
        if (target && !scratch->target) {
                free(scratch);
                return -ENOMEM;
        }
        scratch->store = store;
        scratch->mode = mode & 07777;
        scratch->modified = now();
        scratch->touched_ms = stamp_monotonic_ms();
        blob_init(&scratch->blob, store->blobs);
        link_last(scratch);
        store->count++;
        *ret = scratch;
        return 0;
}

/** scratch_free() - and what it holds. Returns NULL. */
struct scratch *scratch_free(struct scratch *scratch) {
        if (!scratch)
                return NULL;
        leave(scratch);
        scratch->store->count--;
        blob_done(&scratch->blob);
        free(scratch->target);
        free(scratch);
        return NULL;
}

/** scratch_touch() - somebody uses it: its hour begins anew. */
void scratch_touch(struct scratch *scratch) {
        scratch->touched_ms = stamp_monotonic_ms();
        leave(scratch);
        link_last(scratch);
}

/** scratch_unlink() - its name is gone: so are the bytes, unless somebody has it open. */
void scratch_unlink(struct scratch *scratch) {
        scratch->is_unlinked = true;
        if (!scratch->handles)
                blob_done(&scratch->blob);
}

static void note_change(struct scratch *scratch) {
        scratch->changes++;
        scratch->modified = now();
        scratch->is_time_set = false;
        scratch_touch(scratch);
}

/** scratch_write() - returns as blob_write(). */
int scratch_write(struct scratch *scratch, const char *data, size_t len, off_t offset) {
        int r = blob_write(&scratch->blob, data, len, offset);

        if (r == 0)
                note_change(scratch);
        return r;
}

/** scratch_truncate() - returns as blob_truncate(). */
int scratch_truncate(struct scratch *scratch, off_t len) {
        int r = blob_truncate(&scratch->blob, len);

        if (r == 0)
                note_change(scratch);
        return r;
}

/** scratch_set_time() - utimens. @modified: NULL for now. */
void scratch_set_time(struct scratch *scratch, const struct timespec *modified) {
        scratch->modified = modified ? *modified : now();
        scratch->is_time_set = modified != NULL;
        scratch_touch(scratch);
}

/** scratch_expired() - one that is not open and was not touched for an hour; NULL: none. */
struct scratch *scratch_expired(struct scratch_store *store, int64_t now_ms) {
        for (struct scratch *scratch = store->first; scratch; scratch = scratch->next) {
                if (now_ms - scratch->touched_ms < SCRATCH_IDLE_MS)
                        return NULL;
                if (!scratch->handles && !scratch->is_unlinked)
                        return scratch;
        }
        return NULL;
}
