/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/editing.h"

#include <string.h>

/**
 * editing_new() - begin with what stands there, or with nothing.
 * @base: referenced; NULL: a new document. @opener: a process.
 * Returns 0, -EFBIG, -ENOSPC or -ENOMEM as blob_set().
 */
int editing_new(struct blob_store *store, struct document *base, pid_t opener,
                struct editing **ret) {
        struct editing *editing = calloc(1, sizeof(*editing));
        int r;

        if (!editing)
                return -ENOMEM;
        editing->refs = 1;
        editing->opener = opener;
        editing->is_new = !base;
        blob_init(&editing->text, store);
        r = base ? blob_set(&editing->text, base->data, base->len) : 0;
        if (r < 0) {
                free(editing);
                return r;
        }
        editing->base = base ? document_ref(base) : NULL;
        *ret = editing;
        return 0;
}

/** editing_ref() - one more owner. */
struct editing *editing_ref(struct editing *editing) {
        editing->refs++;
        return editing;
}

/** editing_unref() - one owner less; NULL allowed; returns NULL. */
struct editing *editing_unref(struct editing *editing) {
        if (!editing || --editing->refs > 0)
                return NULL;
        if (editing->is_secret && editing->text.data)
                explicit_bzero(editing->text.data, editing->text.size);
        blob_done(&editing->text);
        if (editing->base)
                document_unref(editing->base);
        free(editing->reason);
        free(editing);
        return NULL;
}

/**
 * editing_write() - @is_append: behind what is there, whatever the offset says (file rule 4).
 * Returns as blob_write(), or -EBUSY for an action that was sent already.
 */
int editing_write(struct editing *editing, const char *data, size_t len, off_t offset,
                  bool is_append) {
        int r;

        if (editing->is_fired)
                return -EBUSY;
        r = blob_write(&editing->text, data, len, is_append ? (off_t)editing->text.len : offset);
        if (r == 0)
                editing->changes++;
        return r;
}

/** editing_truncate() - returns as blob_truncate(), or -EBUSY as editing_write(). */
int editing_truncate(struct editing *editing, off_t len) {
        int r;

        if (editing->is_fired)
                return -EBUSY;
        r = blob_truncate(&editing->text, len);
        if (r == 0)
                editing->changes++;
        return r;
}

/** editing_is_dirty() - does it hold what nobody has tried to send? */
bool editing_is_dirty(const struct editing *editing) {
        return editing->changes != editing->tried;
}

/**
 * editing_at_flush() - somebody closes the file: the end of an edit only if it is the process that
 * opened it, and if there is a text at all. A shell flushes after it has truncated and before it
 * writes; what is inherited is flushed by each child.
 * @ret_error: of EDITING_FAILED; told once.
 */
enum editing_verdict editing_at_flush(struct editing *editing, pid_t process, int *ret_error) {
        if (process != editing->opener || editing->is_dropped)
                return EDITING_REST;
        if (!editing_is_dirty(editing)) {
                if (!editing->error)
                        return EDITING_REST;
                *ret_error = editing->error;
                editing->error = 0;
                return EDITING_FAILED;
        }
        return editing->text.len ? EDITING_SEND : EDITING_REST;
}

/* A new name without a byte is a local draft and no failure; one that was removed is nothing. */
static bool is_nothing(const struct editing *editing) {
        if (editing->is_dropped)
                return true;
        return (editing->is_new || editing->fires_once) && !editing->text.len;
}

/** editing_at_fsync() - whoever asks wants to know. As editing_at_flush(), but told every time. */
enum editing_verdict editing_at_fsync(const struct editing *editing, int *ret_error) {
        if (editing_is_dirty(editing))
                return is_nothing(editing) ? EDITING_REST : EDITING_SEND;
        if (!editing->error)
                return EDITING_REST;
        *ret_error = editing->error;
        return EDITING_FAILED;
}

/** editing_at_release() - nobody has it open any more. */
enum editing_verdict editing_at_release(const struct editing *editing) {
        return editing_is_dirty(editing) && !is_nothing(editing) ? EDITING_SEND : EDITING_REST;
}

/** editing_begin() - it is being sent. */
void editing_begin(struct editing *editing) {
        editing->is_sending = true;
}

/**
 * editing_end() - the attempt is over.
 * @changes: how many there were when it began. @error: negative errno or 0.
 * @now: after a success, the version that there is now: referenced; NULL: not known.
 */
void editing_end(struct editing *editing, uint64_t changes, int error, struct document *now) {
        editing->is_sending = false;
        editing->tried = changes;
        editing->error = error;
        if (error < 0)
                return;
        editing->is_new = false;
        editing->may_replace = false;
        editing->is_fired = editing->fires_once;
        if (!now)
                return;
        if (editing->base)
                document_unref(editing->base);
        editing->base = document_ref(now);
}
