/* SPDX-License-Identifier: Apache-2.0 */
/* Shelves: named bytes by path. The bytes are rows of their own, so that they can be handed over
 * from an edit, and listed without being read. */
#include <string.h>

#include "base/stamp.h"
#include "base/text.h"
#include "cache/journal-state.h"

static const struct bound {
        int64_t items, bytes;
        bool gives_way; /* the oldest goes; else nothing new comes */
        const char *refusal;
} bounds[] = {
        [SHELF_HISTORY] = { 65536, 256 << 20, true, NULL },
        [SHELF_REJECTED] = { 8192, 256 << 20, false,
                             "the shelf of refused texts is full: delete what is not needed any "
                             "more" },
        [SHELF_SECRET] = { 4096, 16 << 20, false,
                           "the shelf of secrets is full: delete what is not needed any more" },
        [SHELF_RESULT] = { 4096, 64 << 20, true, NULL },
        [SHELF_SENT] = { 4096, 4 << 20, true, NULL },
        [SHELF_OWNER] = { 16, 64 << 10, true, NULL },
};

/**
 * body_put() - write bytes as a row of their own. Those of a secret begin behind a pad that fills
 * the row's own page: what SQLite leaves behind when it moves rows between pages is then only pad,
 * while the pages behind are never moved, and overwritten when they are given up.
 * Returns 0 or negative errno.
 */
int body_put(struct book *book, const char *data, size_t len, bool is_secret, int64_t *ret) {
        struct row row = { .count = BODY_COLUMNS, .cells[BODY_DATA] = cell_blob(data, len) };
        char *padded;
        int r;

        if (!is_secret)
                return row_put(book, TABLE_BODY, &row, ret);
        padded = calloc(1, SECRET_PAD + len);
        if (!padded)
                return -ENOMEM;
        if (len)
                memcpy(padded + SECRET_PAD, data, len);
        row.cells[BODY_DATA] = cell_blob(padded, SECRET_PAD + len);
        r = row_put(book, TABLE_BODY, &row, ret);
        explicit_bzero(padded, SECRET_PAD + len);
        free(padded);
        return r;
}

/** body_get() - a copy of the bytes, terminated. Returns 0, -ENOENT, or another negative errno. */
int body_get(struct book *book, int64_t number, bool is_secret, char **ret, size_t *ret_len) {
        size_t pad = is_secret ? SECRET_PAD : 0;
        sqlite3_stmt *statement;
        struct cell *cell;
        struct row row;
        int r;

        r = row_get(book, TABLE_BODY, number, &statement, &row);
        if (r < 0)
                return r;
        cell = &row.cells[BODY_DATA];
        if (cell->type != CELL_BLOB || cell->len < pad) {
                r = -EBADMSG;
        } else {
                cell->data = (const char *)cell->data + pad;
                cell->len -= pad;
                r = cell_copy(cell, ret);
        }
        if (r == 0)
                *ret_len = cell->len;
        statement_end(&statement);
        return r;
}

/** shelf_add() - put a body on a shelf, in a transaction. Returns 0 or negative errno. */
int shelf_add(struct book *book, const struct shelved *item, int64_t body) {
        struct row row = {
                .count = SHELF_COLUMNS,
                .cells = {
                        [SHELF_SHELF] = cell_number(item->shelf),
                        [SHELF_PATH] = cell_text(item->path),
                        [SHELF_NAME] = cell_text(item->name),
                        [SHELF_BODY] = cell_number(body),
                        [SHELF_LEN] = cell_number((int64_t)item->len),
                        [SHELF_STORED] = cell_number(item->stored_ms ? item->stored_ms
                                                                     : stamp_now_ms()),
                        [SHELF_EXPIRES] = cell_number(item->expires_ms),
                        [SHELF_ERROR] = cell_text(item->error),
                },
        };

        return row_put(book, TABLE_SHELF, &row, NULL);
}

/** shelf_find() - the number of an item's row. Returns 0, -ENOENT, or another negative errno. */
int shelf_find(struct book *book, enum shelf shelf, const char *path, const char *name,
               int64_t *ret) {
        _cleanup_(statement_end) sqlite3_stmt *statement = NULL;
        int r;

        r = book_get(book, BOOK_SHELF_FIND, &statement);
        if (r < 0)
                return r;
        (void)sqlite3_bind_int64(statement, 1, shelf);
        (void)sqlite3_bind_text(statement, 2, path, -1, SQLITE_STATIC);
        (void)sqlite3_bind_text(statement, 3, name, -1, SQLITE_STATIC);
        r = statement_step(statement);
        if (r <= 0)
                return r < 0 ? r : -ENOENT;
        *ret = sqlite3_column_int64(statement, 0);
        return 0;
}

static bool row_is_shelf(const struct row *row) {
        const struct cell *cells = row->cells;

        return cells[SHELF_SHELF].type == CELL_NUMBER && cells[SHELF_SHELF].number >= 0 &&
               cells[SHELF_SHELF].number < (int64_t)ELEMENTSOF(bounds) &&
               cells[SHELF_PATH].type == CELL_TEXT && cells[SHELF_NAME].type == CELL_TEXT &&
               cells[SHELF_BODY].type == CELL_NUMBER;
}

/* Where an item's bytes are. */
static int find_body(struct book *book, int64_t number, int64_t *ret) {
        sqlite3_stmt *statement;
        struct row row;
        int r;

        r = row_get(book, TABLE_SHELF, number, &statement, &row);
        if (r < 0)
                return r;
        if (row_is_shelf(&row))
                *ret = row.cells[SHELF_BODY].number;
        else
                r = -EBADMSG;
        statement_end(&statement);
        return r;
}

static int drop_item(struct journal *journal, enum shelf shelf, int64_t number) {
        int64_t body;
        int r;

        r = find_body(journal->book, number, &body);
        if (r == 0)
                r = row_drop(journal->book, TABLE_BODY, body);
        if (r == 0)
                r = row_drop(journal->book, TABLE_SHELF, number);
        if (shelf == SHELF_SECRET)
                journal->must_wipe = true;
        return r;
}

struct placing {
        const struct shelved *item;
        bool is_refused;
};

static int make_place(struct journal *journal, struct placing *placing) {
        enum shelf shelf = placing->item->shelf;
        const struct bound *bound = &bounds[shelf];
        int64_t items, bytes, oldest;
        int r;

        for (;;) {
                r = book_number(journal->book, BOOK_SHELF_ITEMS, shelf, &items);
                if (r == 0)
                        r = book_number(journal->book, BOOK_SHELF_BYTES, shelf, &bytes);
                if (r < 0)
                        return r;
                if (items < bound->items && bytes + (int64_t)placing->item->len <= bound->bytes)
                        return 0;
                placing->is_refused = !bound->gives_way;
                if (placing->is_refused)
                        return -EDQUOT;
                r = book_number(journal->book, BOOK_SHELF_OLDEST, shelf, &oldest);
                if (r == 0)
                        r = drop_item(journal, shelf, oldest);
                if (r < 0)
                        return r;
        }
}

static int put_run(struct journal *journal, void *data) {
        struct placing *placing = data;
        const struct shelved *item = placing->item;
        bool is_secret = item->shelf == SHELF_SECRET, may_use_reserve = false;
        int64_t number, body;
        int r;

        r = shelf_find(journal->book, item->shelf, item->path, item->name, &number);
        if (r == 0)
                r = drop_item(journal, item->shelf, number);
        if (r == 0 || r == -ENOENT)
                r = make_place(journal, placing);
        if (r == 0)
                r = journal_hold(journal, item->len);
        if (r == -ENOSPC && is_secret) { /* it is told once */
                may_use_reserve = true;
                r = 0;
        }
        if (r == 0)
                r = body_put(journal->book, item->data, item->len, is_secret, &body);
        if (r == 0)
                r = shelf_add(journal->book, item, body);
        return r == 0 && !may_use_reserve ? journal_reserve(journal) : r;
}

/** journal_put() - see journal.h. */
int journal_put(struct journal *journal, struct op *op, const struct shelved *item) {
        struct placing placing = { .item = item };
        int r;

        if (item->shelf > SHELF_LAST || !item->path || text_is_empty(item->name))
                return op_fail(op, EINVAL, "something to be kept has no name");
        if (item->len > JOURNAL_BLOB_MAX)
                return op_fail(op, EFBIG, "%s is larger than %d MiB", item->name,
                               JOURNAL_BLOB_MAX >> 20);
        if (strlen(item->path) > JOURNAL_STRING_MAX || strlen(item->name) > JOURNAL_STRING_MAX)
                return op_fail(op, ENAMETOOLONG, "a name is longer than %d bytes",
                               JOURNAL_STRING_MAX);
        r = journal_write(journal, put_run, &placing);
        if (r == -EDQUOT && placing.is_refused)
                return op_fail(op, ENOSPC, "%s", bounds[item->shelf].refusal);
        return r < 0 ? journal_fail(op, r) : 0;
}

/* An item by its name, and what is read of it. */
struct choice {
        enum shelf shelf;
        const char *path, *name;
        char *data;
        size_t len;
};

static int fetch_run(struct journal *journal, void *data) {
        struct choice *choice = data;
        int64_t number, body;
        int r;

        r = shelf_find(journal->book, choice->shelf, choice->path, choice->name, &number);
        if (r < 0)
                return r;
        r = find_body(journal->book, number, &body);
        if (r == 0)
                r = body_get(journal->book, body, choice->shelf == SHELF_SECRET, &choice->data,
                             &choice->len);
        return r == -ENOENT ? -EBADMSG : r;
}

/** journal_fetch() - see journal.h. */
int journal_fetch(struct journal *journal, enum shelf shelf, const char *path, const char *name,
                  char **ret, size_t *ret_len) {
        struct choice choice = { .shelf = shelf, .path = path, .name = name };
        int r;

        r = journal_read(journal, fetch_run, &choice);
        if (r < 0)
                return r;
        *ret = choice.data;
        *ret_len = choice.len;
        return 0;
}

static int drop_run(struct journal *journal, void *data) {
        const struct choice *choice = data;
        int64_t number;
        int r;

        r = shelf_find(journal->book, choice->shelf, choice->path, choice->name, &number);
        return r == 0 ? drop_item(journal, choice->shelf, number) : r;
}

/** journal_drop() - see journal.h. */
int journal_drop(struct journal *journal, struct op *op, enum shelf shelf, const char *path,
                 const char *name) {
        struct choice choice = { .shelf = shelf, .path = path, .name = name };
        int r;

        r = journal_write(journal, drop_run, &choice);
        if (r == -ENOENT)
                return op_fail(op, ENOENT, "there is no %s for %s", name, path);
        return r < 0 ? journal_fail(op, r) : 0;
}

/* The items of a shelf, and the one that is shown. */
struct browse {
        enum shelf shelf;
        const char *path;
        int64_t *numbers;
        size_t count, capacity, next;
        struct shelved item;
        char *item_path, *item_name, *item_error;
};

static void browse_clear(struct browse *browse) {
        free(browse->item_path);
        free(browse->item_name);
        free(browse->item_error);
        browse->item_path = browse->item_name = browse->item_error = NULL;
}

static int list_run(struct journal *journal, void *data) {
        _cleanup_(statement_end) sqlite3_stmt *statement = NULL;
        struct browse *browse = data;
        int r;

        browse->count = 0;
        r = book_get(journal->book, browse->path ? BOOK_SHELF_LIST_PATH : BOOK_SHELF_LIST,
                     &statement);
        if (r < 0)
                return r;
        (void)sqlite3_bind_int64(statement, 1, browse->shelf);
        if (browse->path)
                (void)sqlite3_bind_text(statement, 2, browse->path, -1, SQLITE_STATIC);
        for (;;) {
                r = statement_step(statement);
                if (r <= 0)
                        return r;
                r = array_grow(&browse->numbers, &browse->capacity, browse->count, 1 << 20,
                               sizeof(*browse->numbers));
                if (r < 0)
                        return r;
                browse->numbers[browse->count++] = sqlite3_column_int64(statement, 0);
        }
}

static int copy_item(const struct row *row, struct browse *browse) {
        const struct cell *cells = row->cells;
        int r;

        if (!row_is_shelf(row))
                return -EBADMSG;
        r = cell_copy(&cells[SHELF_PATH], &browse->item_path);
        if (r == 0)
                r = cell_copy(&cells[SHELF_NAME], &browse->item_name);
        if (r == 0)
                r = cell_copy(&cells[SHELF_ERROR], &browse->item_error);
        browse->item = (struct shelved){
                .shelf = browse->shelf,
                .path = browse->item_path,
                .name = browse->item_name,
                .len = (size_t)cells[SHELF_LEN].number,
                .stored_ms = cells[SHELF_STORED].number,
                .expires_ms = cells[SHELF_EXPIRES].number,
                .error = browse->item_error,
        };
        return r;
}

static int item_run(struct journal *journal, void *data) {
        struct browse *browse = data;
        sqlite3_stmt *statement;
        struct row row;
        int r;

        browse_clear(browse);
        r = row_get(journal->book, TABLE_SHELF, browse->numbers[browse->next], &statement, &row);
        if (r < 0)
                return r;
        r = copy_item(&row, browse);
        statement_end(&statement);
        return r;
}

/** journal_browse() - see journal.h. What is dropped meanwhile may be missing. */
int journal_browse(struct journal *journal, enum shelf shelf, const char *path,
                   int (*visit)(void *data, const struct shelved *item), void *data) {
        struct browse browse = { .shelf = shelf, .path = path };
        int r;

        r = journal_read(journal, list_run, &browse);
        for (; r == 0 && browse.next < browse.count; browse.next++) {
                r = journal_read(journal, item_run, &browse);
                if (r == 0)
                        r = visit(data, &browse.item);
                else if (r == -ENOENT)
                        r = 0;
        }
        browse_clear(&browse);
        free(browse.numbers);
        return r;
}

struct trim {
        int64_t versions, oldest_ms;
        unsigned dropped;
};

enum { TRIM_STEP = 64 };

/* Collects first: deleting what a statement runs over would move it. */
static int trim_run(struct journal *journal, void *data) {
        _cleanup_(statement_end) sqlite3_stmt *statement = NULL;
        struct trim *trim = data;
        int64_t numbers[TRIM_STEP];
        unsigned count = 0;
        int r;

        r = book_get(journal->book, BOOK_SHELF_OVER, &statement);
        if (r < 0)
                return r;
        (void)sqlite3_bind_int64(statement, 1, SHELF_HISTORY);
        (void)sqlite3_bind_int64(statement, 2, trim->versions);
        (void)sqlite3_bind_int64(statement, 3, trim->oldest_ms);
        (void)sqlite3_bind_int64(statement, 4, TRIM_STEP);
        for (r = statement_step(statement); r > 0 && count < TRIM_STEP;
             r = statement_step(statement))
                numbers[count++] = sqlite3_column_int64(statement, 0);
        (void)sqlite3_reset(statement);
        for (unsigned i = 0; r == 0 && i < count; i++)
                r = drop_item(journal, SHELF_HISTORY, numbers[i]);
        trim->dropped = count;
        return r;
}

/** journal_trim_history() - see journal.h. In small parts, so that nobody waits long behind it. */
void journal_trim_history(struct journal *journal, unsigned versions, unsigned days) {
        struct trim trim = {
                .versions = versions,
                .oldest_ms = stamp_now_ms() - days * INT64_C(86400000),
        };

        do
                trim.dropped = 0;
        while (journal_write(journal, trim_run, &trim) == 0 && trim.dropped == TRIM_STEP);
}
