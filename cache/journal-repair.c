/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The second half of mending: edits that can no longer be relied on become refusals, the others
 * wait for a decision, since what was sent is not known for sure; bytes without a description go
 * to the shelf of refused texts.
 */
#include <string.h>

#include "cache/journal-mend.h"
#include "cache/journal-state.h"

/* Numbers that were given to edits and are lost must not be given again: more than there can be. */
enum { SKIPPED_NUMBERS = 4 * JOURNAL_EDITS_MAX };

static const char edit_is_damaged[] = "the journal was damaged on the disk: this text may not be "
                                      "what was saved, and was not sent "
                                      "again";
static const char outcome_is_unknown[] =
        "the journal was damaged on the disk: whether this change was sent is not known";
static const char item_is_damaged[] =
        "the journal was damaged on the disk: this may not be what was stored";
static const char bytes_are_lost[] = "the journal was damaged on the disk: these bytes are lost";
static const char is_nameless[] =
        "the journal was damaged on the disk: what this text belongs to is lost";

/* 1: the bytes are as they were written; 0: not; -1 is never returned, only errno. */
static int body_is_sound(struct mending *mending, int64_t number, bool is_secret, size_t *ret_len,
                         bool *ret_is_there) {
        char *data = NULL;
        size_t len = 0;
        int r;

        r = body_get(mending->book, number, is_secret, &data, &len);
        free(data);
        *ret_is_there = r == 0;
        if (r < 0)
                return r == -ENOENT || r == -EBADMSG ? 0 : r;
        *ret_len = len;
        return !numbers_have(&mending->damaged[TABLE_BODY], number);
}

/* A body of an edit: what is not there is left out. Returns 1 if it is as it was, 0, or errno. */
static int check_body(struct mending *mending, int64_t *number, bool is_secret, size_t *len) {
        size_t real = 0;
        bool is_there;
        int r;

        if (!*number)
                return 1;
        r = body_is_sound(mending, *number, is_secret, &real, &is_there);
        if (r == 1 && real != *len)
                r = 0;
        if (r == 0) {
                *len = real;
                if (!is_there)
                        *number = 0;
        }
        return r;
}

static int check_bodies(struct mending *mending, struct entry *entry) {
        int text, base, secret;

        text = check_body(mending, &entry->text, false, &entry->edit.len);
        if (text < 0)
                return text;
        base = check_body(mending, &entry->base, false, &entry->edit.base_len);
        if (base < 0)
                return base;
        secret = check_body(mending, &entry->secret, true, &entry->edit.secret_len);
        return secret < 0 ? secret : text && base && secret;
}

/* An edit whose text has gone gets an empty one, so that it stands on the shelf with its reason. */
static int reject(struct mending *mending, struct entry *entry, bool had_text) {
        int r = 0;

        entry->edit.reason = (char *)(uintptr_t)edit_is_damaged;
        entry->edit.error = EIO;
        if (had_text && !entry->text)
                r = body_put(mending->book, "", 0, false, &entry->text);
        mending->rejected_edits++;
        return r == 0 ? entry_reject(mending->book, entry) : r;
}

static int decide(struct mending *mending, struct entry *entry) {
        bool is_damaged = numbers_have(&mending->damaged[TABLE_EDIT], entry->edit.id);
        bool had_text = entry->text != 0;
        int r;

        r = check_bodies(mending, entry);
        if (r < 0)
                return r;
        if (r == 0 || is_damaged)
                return reject(mending, entry, had_text);
        mending->edits++;
        if (entry->edit.state != EDIT_ACCEPTED && entry->edit.state != EDIT_SENDING)
                return 0;
        entry->edit.state = EDIT_UNKNOWN;
        entry->edit.reason = (char *)(uintptr_t)outcome_is_unknown;
        entry->edit.error = EIO;
        return entry_store(mending->book, entry, NULL);
}

static int repair_edits(struct mending *mending) {
        int64_t id = 0;
        int r;

        for (;;) {
                struct entry entry, changed;

                r = book_number(mending->book, BOOK_EACH + TABLE_EDIT, id, &id);
                if (r == 0)
                        r = entry_load(mending->book, id, &entry);
                if (r < 0)
                        return r == -ENOENT ? 0 : r;
                changed = entry;
                r = decide(mending, &changed);
                entry_clear(&entry);
                if (r < 0)
                        return r;
        }
}

static int repair_item(struct mending *mending, struct row *row) {
        struct cell *cells = row->cells;
        bool is_secret = cells[SHELF_SHELF].number == SHELF_SECRET, is_there;
        bool is_damaged = numbers_have(&mending->damaged[TABLE_SHELF], row->number);
        int64_t body = cells[SHELF_BODY].number;
        size_t len = 0;
        int r;

        r = body_is_sound(mending, body, is_secret, &len, &is_there);
        if (r < 0)
                return r;
        if (r > 0 && !is_damaged && (int64_t)len == cells[SHELF_LEN].number) {
                mending->items++;
                return 0;
        }
        mending->damaged_items++;
        cells[SHELF_ERROR] = cell_text(is_there ? item_is_damaged : bytes_are_lost);
        cells[SHELF_LEN] = cell_number((int64_t)len);
        cells[SHELF_STORED].type = cells[SHELF_EXPIRES].type = CELL_NUMBER;
        r = is_there ? 0 : body_put(mending->book, "", 0, is_secret, &body);
        cells[SHELF_BODY] = cell_number(body);
        return r == 0 ? row_put(mending->book, TABLE_SHELF, row, NULL) : r;
}

static int repair_shelves(struct mending *mending) {
        int64_t number = 0;
        int r;

        for (;;) {
                sqlite3_stmt *statement;
                struct row row;

                r = book_number(mending->book, BOOK_EACH + TABLE_SHELF, number, &number);
                if (r == 0)
                        r = row_get(mending->book, TABLE_SHELF, number, &statement, &row);
                if (r < 0)
                        return r == -ENOENT ? 0 : r;
                r = repair_item(mending, &row);
                statement_end(&statement);
                if (r < 0)
                        return r;
        }
}

/* Bytes that belong to nothing any more. Those that begin with a secret's pad are one. */
static int keep_nameless(struct mending *mending, int64_t number) {
        static const char pad[SECRET_PAD];
        char name[48], *data = NULL;
        struct shelved item = {
                .shelf = SHELF_REJECTED,
                .path = "/",
                .name = name,
                .error = is_nameless,
        };
        int r;

        r = body_get(mending->book, number, false, &data, &item.len);
        if (r < 0)
                return r;
        if (item.len > SECRET_PAD && memcmp(data, pad, SECRET_PAD) == 0) {
                item.shelf = SHELF_SECRET;
                item.len -= SECRET_PAD;
        }
        free(data);
        (void)snprintf(name, sizeof(name), "lost-%lld", (long long)number);
        mending->damaged_items++;
        return shelf_add(mending->book, &item, number);
}

static int is_named(struct mending *mending, int64_t number) {
        char text[256];
        int64_t count = 0;
        int r;

        (void)snprintf(text, sizeof(text),
                       "SELECT (SELECT count(*) FROM edit WHERE %lld IN (text, base, secret))"
                       " + (SELECT count(*) FROM shelf WHERE body = %lld)",
                       (long long)number, (long long)number);
        r = book_pragma(mending->book, text, &count);
        return r < 0 ? r : count > 0;
}

static int repair_bodies(struct mending *mending) {
        int64_t number = 0;
        int r;

        for (;;) {
                r = book_number(mending->book, BOOK_EACH + TABLE_BODY, number, &number);
                if (r < 0)
                        return r == -ENOENT ? 0 : r;
                r = is_named(mending, number);
                if (r == 0)
                        r = keep_nameless(mending, number);
                if (r < 0)
                        return r;
        }
}

static int skip_table(struct book *book, const char *table, int64_t last) {
        char text[160];
        int64_t ignored;

        (void)snprintf(text, sizeof(text),
                       "UPDATE sqlite_sequence SET seq = max(seq, %lld) + %d WHERE name = '%s'",
                       (long long)last, SKIPPED_NUMBERS, table);
        return book_pragma(book, text, &ignored);
}

/* What is put from now on gets numbers that no row has, and none speaks of. */
static int skip_numbers(struct book *book) {
        int64_t last = 0;
        int r;

        r = book_pragma(book,
                        "INSERT INTO sqlite_sequence(name, seq) SELECT column1, 0"
                        " FROM (VALUES('edit'), ('body'))"
                        " WHERE column1 NOT IN (SELECT name FROM sqlite_sequence)",
                        &last);
        if (r == 0)
                r = book_pragma(
                        book,
                        "SELECT max(coalesce((SELECT max(max(text, base,"
                        " secret)) FROM edit), 0), coalesce((SELECT max(body) FROM shelf), 0))",
                        &last);
        if (r == 0)
                r = skip_table(book, "body", last);
        return r == 0 ? skip_table(book, "edit", 0) : r;
}

/** repair_run() - make the best of what came over, in one transaction. 0 or negative errno. */
int repair_run(struct mending *mending) {
        int r;

        r = skip_numbers(mending->book);
        if (r == 0)
                r = repair_edits(mending);
        if (r == 0)
                r = repair_shelves(mending);
        return r == 0 ? repair_bodies(mending) : r;
}
