/* SPDX-License-Identifier: Apache-2.0 */
#include "cache/journal.h"

#include <string.h>

#include "cache/journal-image.h"
#include "cache/journal-mend.h"
#include "cache/journal-path.h"
#include "cache/journal-state.h"
#include "cache/lock.h"

enum {
        /* What a change needs beside its texts: pages of tables, indexes and chains. */
        CHANGE_BYTES = 64 * 1024,
        /* Free pages for what must be written on a full disk: a part for all, a part for each
         * edit's refusal with its place on the shelf; filled up in steps. */
        RESERVE_BYTES = 256 * 1024,
        EDIT_RESERVE = 4 * 1024,
        RESERVE_STEP = 256 * 1024,
        OWED_FIRST = 16,
};

/* Reads every edit with its bytes: what must not be sent when it is damaged. */
static int check_edits(struct book *book) {
        struct entry entry;
        int64_t id = 0;
        int r;

        for (;;) {
                r = book_number(book, BOOK_EACH + TABLE_EDIT, id, &id);
                if (r < 0)
                        return r == -ENOENT ? 0 : r;
                r = entry_load(book, id, &entry);
                if (r == -ENOENT)
                        r = -EBADMSG;
                if (r < 0)
                        return r;
                r = entry_load_bodies(book, &entry);
                entry_clear(&entry);
                if (r < 0)
                        return r;
        }
}

/* What a crash left is put in order; that it cannot be yet, on a full disk, does not matter. */
static int open_file(struct journal *journal) {
        int r;

        r = book_open(journal->path, &journal->book);
        if (r == 0)
                r = book_check(journal->book);
        if (r == 0)
                r = check_edits(journal->book);
        if (r == 0)
                r = room_open(&journal->room, journal->path);
        if (r < 0)
                return r;
        journal->has_leftovers = true;
        journal->must_wipe = book_wipe_log(journal->book) < 0;
        return 0;
}

static void close_file(struct journal *journal) {
        journal->book = book_close(journal->book);
        room_close(&journal->room);
}

static int finish_mending(struct journal *journal) {
        _cleanup_(freep) char *aside = NULL;
        int r;

        r = path_finish_mending(journal->path, &aside);
        if (r < 0 || !aside)
                return r;
        journal->state.mended++;
        (void)snprintf(journal->state.aside, sizeof(journal->state.aside), "%s", aside);
        return 0;
}

/**
 * journal_mend() - write what can be read of a damaged file to a new one, and use that.
 * Under the lock, outside transactions. Returns 0 or negative errno; then the file is not open.
 */
int journal_mend(struct journal *journal) {
        struct mending mending = { 0 };
        struct journal_state *state = &journal->state;
        int r;

        close_file(journal);
        r = mend_write(journal->path, &mending);
        if (r == 0)
                r = finish_mending(journal);
        if (r == 0) {
                state->edits = mending.edits;
                state->rejected_edits = mending.rejected_edits;
                state->items = mending.items;
                state->damaged_items = mending.damaged_items;
                state->lost_rows = mending.lost_rows;
                r = open_file(journal);
        }
        if (r < 0)
                close_file(journal);
        return r;
}

/* A sector that cannot be read is damage like any other, a disk that does not answer is none. */
static bool is_damage(struct journal *journal, int error) {
        bool is_unreadable = false;

        return error == -EBADMSG ||
               (error == -EIO && image_is_unreadable(journal->path, &is_unreadable) == 0 &&
                is_unreadable);
}

/** journal_reopen() - open the file, mended if need be; under the lock. 0 or negative errno. */
int journal_reopen(struct journal *journal) {
        bool is_cut = false;
        int r;

        r = finish_mending(journal);
        if (r == 0)
                r = path_remove_mending(journal->path);
        if (r == 0)
                r = image_is_cut(journal->path, &is_cut);
        if (r == 0)
                r = is_cut ? -EBADMSG : open_file(journal);
        if (r < 0)
                close_file(journal);
        return is_damage(journal, r) ? journal_mend(journal) : r;
}

/* The least that must be free in the file. */
static int64_t reserve_of(struct journal *journal) {
        return RESERVE_BYTES + (int64_t)(atomic_load(&journal->pending) + 1) * EDIT_RESERVE;
}

/**
 * journal_hold() - hold room on the disk for something new of @bytes, before it is written in a
 * transaction. Returns 0, -ENOSPC, or another negative errno.
 */
int journal_hold(struct journal *journal, size_t bytes) {
        int64_t pages;
        int r;

        r = book_number(journal->book, BOOK_PAGES, 0, &pages);
        if (r < 0)
                return r;
        journal->new_bytes += (int64_t)(bytes + bytes / 64 + CHANGE_BYTES);
        return room_hold(&journal->room,
                         pages * PAGE_BYTES + journal->new_bytes + reserve_of(journal) +
                                 RESERVE_STEP,
                         LOG_KEPT_BYTES + journal->new_bytes + reserve_of(journal) + RESERVE_STEP);
}

/**
 * journal_reserve() - see that there are enough free pages in the file, after something new was
 * written in a transaction that journal_hold() allowed. Returns 0 or negative errno.
 */
int journal_reserve(struct journal *journal) {
        int64_t free_pages, ignored;
        int r;

        r = book_number(journal->book, BOOK_FREE_PAGES, 0, &free_pages);
        if (r < 0 || free_pages * PAGE_BYTES >= reserve_of(journal))
                return r;
        r = book_number(journal->book, BOOK_FILL, reserve_of(journal) + RESERVE_STEP, &ignored);
        return r == -ENOENT ? row_drop(journal->book, TABLE_BODY, FILLING) : r;
}

static int open_journal(struct op *op, struct journal *journal) {
        int r;

        r = place_prepare(op, journal->path);
        if (r == 0)
                r = lock_take(op, journal->path, &journal->lock_fd);
        if (r < 0)
                return r;
        r = journal_reopen(journal);
        if (r == -EPROTO)
                return op_fail(op, EPROTO, "the journal %s was made by a later version of hcloudfs",
                               journal->path);
        if (r == -EBADMSG || r == -EMFILE)
                return journal_fail(op, r);
        if (r < 0)
                return op_fail(op, -r, "cannot open the journal %s: %s", journal->path,
                               strerror(-r));
        journal_count(journal);
        return 0;
}

/** journal_open() - see journal.h. Closed by journal_close(). */
int journal_open(struct op *op, const char *path, struct journal **ret) {
        _cleanup_(journal_closep) struct journal *journal = calloc(1, sizeof(*journal));
        int r;

        if (!journal)
                return op_fail(op, ENOMEM, "out of memory");
        journal->lock_fd = journal->room.file_fd = journal->room.log_fd = -1;
        (void)pthread_mutex_init(&journal->lock, NULL);
        (void)pthread_mutex_init(&journal->queue_lock, NULL);
        journal->path = strdup(path);
        /* So that what memory is missing for can be remembered. */
        journal->owed = calloc(OWED_FIRST, sizeof(*journal->owed));
        journal->owed_capacity = OWED_FIRST;
        r = journal->path && journal->owed ? open_journal(op, journal)
                                           : op_fail(op, ENOMEM, "out of memory");
        if (r < 0)
                return r;
        *ret = STEAL(journal);
        return 0;
}

/** journal_close() - nobody may use the journal any more. NULL is fine. Returns NULL. */
struct journal *journal_close(struct journal *journal) {
        if (!journal)
                return NULL;
        if (journal->book) {
                (void)journal_settle(journal);
                if (journal->book)
                        (void)book_wipe_log(journal->book);
        }
        close_file(journal);
        if (journal->lock_fd >= 0)
                lock_release(journal->lock_fd);
        (void)pthread_mutex_destroy(&journal->queue_lock);
        (void)pthread_mutex_destroy(&journal->lock);
        free(journal->owed);
        free(journal->path);
        free(journal);
        return NULL;
}

/** journal_pending() - see journal.h. */
unsigned journal_pending(struct journal *journal) {
        return atomic_load(&journal->pending);
}

static int describe_run(struct journal *journal, void *data) {
        struct journal_state *state = data;
        int64_t unknown, rejected, bytes;
        int r;

        r = book_number(journal->book, BOOK_PENDING, 1 << EDIT_UNKNOWN, &unknown);
        if (r == 0)
                r = book_number(journal->book, BOOK_PENDING, 1 << EDIT_REJECTED, &rejected);
        if (r == 0)
                r = book_number(journal->book, BOOK_KEPT_BYTES, SHELF_REJECTED, &bytes);
        if (r < 0)
                return r;
        *state = journal->state;
        state->unknown = (unsigned)unknown;
        state->rejected = (unsigned)rejected;
        state->bytes = (uint64_t)bytes;
        journal->new_bytes = 0;
        (void)journal_hold(journal, 0);
        state->is_full = !journal->room.is_held;
        state->owed = (unsigned)journal->n_owed;
        return 0;
}

/** journal_describe() - see journal.h. While the file cannot be read, only its error is told. */
void journal_describe(struct journal *journal, struct journal_state *ret) {
        struct journal_state state = { 0 };
        int r;

        r = journal_read(journal, describe_run, &state);
        if (r < 0)
                state.error = r;
        state.pending = journal_pending(journal);
        *ret = state;
}
