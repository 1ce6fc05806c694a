/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/digest.h"
#include "cache/journal-book.h"

enum { COLUMN_NUMBER, COLUMN_TAG, COLUMN_SUM, COLUMN_FIRST };

struct cell cell_number(int64_t number) {
        return (struct cell){ .type = CELL_NUMBER, .number = number };
}

/** cell_text() - a text, or nothing for NULL. */
struct cell cell_text(const char *text) {
        if (!text)
                return (struct cell){ .type = CELL_NULL };
        return (struct cell){ .type = CELL_TEXT, .data = text, .len = strlen(text) };
}

struct cell cell_blob(const void *data, size_t len) {
        return (struct cell){ .type = CELL_BLOB, .data = data, .len = len };
}

/** cell_copy() - the bytes, terminated, to be freed by the caller; NULL: no value. 0 or errno. */
int cell_copy(const struct cell *cell, char **ret) {
        char *copy = NULL;

        if (cell->type == CELL_NUMBER)
                return -EBADMSG;
        if (cell->type != CELL_NULL) {
                copy = malloc(cell->len + 1);
                if (!copy)
                        return -ENOMEM;
                if (cell->len)
                        memcpy(copy, cell->data, cell->len);
                copy[cell->len] = '\0';
        }
        *ret = copy;
        return 0;
}

/* Of everything in the row. Columns that later versions add are empty at first and do not count. */
static int64_t sum_of(enum table table, const struct row *row) {
        uint64_t words[2 + 2 * CELLS_MAX];
        size_t count = row->count, n = 0;

        while (count > 0 && row->cells[count - 1].type == CELL_NULL)
                count--;
        words[n++] = (uint64_t)row->number;
        words[n++] = (uint64_t)table;
        for (size_t i = 0; i < count; i++) {
                const struct cell *cell = &row->cells[i];

                words[n++] = (uint64_t)cell->type;
                if (cell->type == CELL_NUMBER)
                        words[n++] = (uint64_t)cell->number;
                else
                        words[n++] = digest_hash64(cell->data, cell->len);
        }
        return (int64_t)digest_hash64(words, n * sizeof(*words));
}

/** row_is_sound() - is @sum the one that was written with this row? */
bool row_is_sound(enum table table, const struct row *row, int64_t sum) {
        return sum_of(table, row) == sum;
}

static void bind(sqlite3_stmt *statement, int column, const struct cell *cell) {
        switch (cell->type) {
        case CELL_NUMBER:
                (void)sqlite3_bind_int64(statement, column, cell->number);
                break;
        case CELL_TEXT:
                (void)sqlite3_bind_text64(statement, column, cell->data, cell->len, SQLITE_STATIC,
                                          SQLITE_UTF8);
                break;
        case CELL_BLOB:
                (void)sqlite3_bind_blob64(statement, column, cell->data ? cell->data : "",
                                          cell->len, SQLITE_STATIC);
                break;
        case CELL_NULL:
                break;
        }
}

/**
 * row_put() - write a row, in place of one with its number; number 0: a new one.
 * Returns 0 or negative errno.
 */
int row_put(struct book *book, enum table table, const struct row *row, int64_t *ret_number) {
        struct row numbered = *row;
        sqlite3_stmt *statement;
        int r = 0;

        if (!numbered.number)
                r = book_number(book, BOOK_NEXT + table, 0, &numbered.number);
        if (r == 0)
                r = book_get(book, BOOK_PUT + table, &statement);
        if (r < 0)
                return r == -ENOENT ? -EBADMSG : r;
        (void)sqlite3_bind_int64(statement, COLUMN_NUMBER + 1, numbered.number);
        (void)sqlite3_bind_int64(statement, COLUMN_TAG + 1, TAG_FIRST + (int)table);
        (void)sqlite3_bind_int64(statement, COLUMN_SUM + 1, sum_of(table, &numbered));
        for (size_t i = 0; i < numbered.count; i++)
                bind(statement, COLUMN_FIRST + 1 + (int)i, &numbered.cells[i]);
        r = statement_run(statement);
        if (r == 0 && ret_number)
                *ret_number = numbered.number;
        return r;
}

static int read_cell(sqlite3_stmt *statement, int column, struct cell *ret) {
        switch (sqlite3_column_type(statement, column)) {
        case SQLITE_NULL:
                *ret = (struct cell){ .type = CELL_NULL };
                return 0;
        case SQLITE_INTEGER:
                *ret = cell_number(sqlite3_column_int64(statement, column));
                return 0;
        case SQLITE_TEXT:
                ret->type = CELL_TEXT;
                ret->data = sqlite3_column_text(statement, column);
                break;
        case SQLITE_BLOB:
                ret->type = CELL_BLOB;
                ret->data = sqlite3_column_blob(statement, column);
                break;
        default:
                return -EBADMSG;
        }
        ret->len = (size_t)sqlite3_column_bytes(statement, column);
        return !ret->data && ret->len ? -ENOMEM : 0;
}

static int read_row(sqlite3_stmt *statement, enum table table, struct row *ret) {
        int r;

        ret->number = sqlite3_column_int64(statement, COLUMN_NUMBER);
        ret->count = table_columns[table];
        if (sqlite3_column_count(statement) < COLUMN_FIRST + (int)ret->count ||
            sqlite3_column_int64(statement, COLUMN_TAG) != TAG_FIRST + (int)table)
                return -EBADMSG;
        for (size_t i = 0; i < ret->count; i++) {
                r = read_cell(statement, COLUMN_FIRST + (int)i, &ret->cells[i]);
                if (r < 0)
                        return r;
        }
        return row_is_sound(table, ret, sqlite3_column_int64(statement, COLUMN_SUM)) ? 0 : -EBADMSG;
}

/**
 * row_get() - a row by its number, whose bytes are valid until the statement is ended, which is
 * the caller's part when this succeeds. Returns 0, -ENOENT, -EBADMSG when it is not what was
 * written, or another negative errno.
 */
int row_get(struct book *book, enum table table, int64_t number, sqlite3_stmt **ret_statement,
            struct row *ret) {
        sqlite3_stmt *statement;
        int r;

        r = book_get(book, BOOK_GET + table, &statement);
        if (r < 0)
                return r;
        (void)sqlite3_bind_int64(statement, 1, number);
        r = statement_step(statement);
        if (r > 0)
                r = read_row(statement, table, ret);
        else if (r == 0)
                r = -ENOENT;
        if (r < 0)
                statement_end(&statement);
        else
                *ret_statement = statement;
        return r;
}

/** row_drop() - delete a row if it is there. Returns 0 or negative errno. */
int row_drop(struct book *book, enum table table, int64_t number) {
        sqlite3_stmt *statement;
        int r;

        r = book_get(book, BOOK_DROP + table, &statement);
        if (r < 0)
                return r;
        (void)sqlite3_bind_int64(statement, 1, number);
        return statement_run(statement);
}
