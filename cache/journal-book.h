/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The journal's database: opened, made, brought to this version; and its rows. Each row carries a
 * sum of everything in it, so that a flipped bit is noticed before it is believed, and a tag that
 * says which table it is of, so that it is found even when nothing else of the file can be read.
 * Belongs to one thread at a time.
 */
#pragma once

#include "cache/connection.h"

enum table { TABLE_BODY, TABLE_EDIT, TABLE_SHELF, TABLE_JOB, TABLES };

/* The first column of each row after its number. */
enum { TAG_FIRST = 0x686a0001 };

enum cell_type { CELL_NULL, CELL_NUMBER, CELL_TEXT, CELL_BLOB };

/* One value of a row; text and bytes are borrowed. */
struct cell {
        enum cell_type type;
        int64_t number;
        const void *data;
        size_t len;
};

enum { CELLS_MAX = 32 };

enum { PAGE_BYTES = 4096 }; /* SQLite's own choice since 2016 */

/* The number of the row that BOOK_FILL adds. */
enum { FILLING = -1 };

/* A row: its number and what follows tag and sum. */
struct row {
        int64_t number;
        size_t count;
        struct cell cells[CELLS_MAX];
};

/* Columns of the tables after number, tag and sum, in their order. */
enum { BODY_DATA, BODY_COLUMNS };
enum {
        SHELF_SHELF,
        SHELF_PATH,
        SHELF_NAME,
        SHELF_BODY,
        SHELF_LEN,
        SHELF_STORED,
        SHELF_EXPIRES,
        SHELF_ERROR,
        SHELF_COLUMNS
};
enum { JOB_PATH, JOB_IDENTITY, JOB_BEGUN_BY, JOB_STATE, JOB_STARTED, JOB_POLLED, JOB_ENDED,
       JOB_COLUMNS };
enum { EDIT_COLUMNS = 28 }; /* what they are stands in journal-edit.c */

extern const unsigned table_columns[TABLES];

/* All statements; their texts stand in journal-book.c. */
enum book_statement {
        BOOK_PUT,                        /* … and the like: one for each table */
        BOOK_GET = BOOK_PUT + TABLES,
        BOOK_DROP = BOOK_GET + TABLES,
        BOOK_EACH = BOOK_DROP + TABLES,  /* the next row after number ?1 */
        BOOK_NEXT = BOOK_EACH + TABLES,  /* a number that no row had */
        BOOK_PENDING = BOOK_NEXT + TABLES,
        BOOK_KEPT_BYTES,
        BOOK_SHELF_FIND,
        BOOK_SHELF_LIST,
        BOOK_SHELF_LIST_PATH,
        BOOK_SHELF_ITEMS,
        BOOK_SHELF_BYTES,
        BOOK_SHELF_OLDEST,
        BOOK_SHELF_OVER,
        BOOK_JOB_FIND,
        BOOK_JOBS,
        BOOK_JOB_ENDED,
        BOOK_PAGES,
        BOOK_FREE_PAGES,
        BOOK_FILL,                       /* adds a row of ?1 bytes that means nothing */
        BOOK_STATEMENTS
};

struct book {
        struct connection *connection; /* owned */
        sqlite3_stmt *statements[BOOK_STATEMENTS];
};

int book_open(const char *path, struct book **ret);
struct book *book_close(struct book *book);
DEFINE_CLEANUP(struct book *, book_close)
int book_migrate(struct book *book, const char *const *steps, unsigned count);
int book_check(struct book *book);
int book_wipe_log(struct book *book);
int book_cut_log(struct book *book);
bool book_log_is_large(struct book *book);
int book_pragma(struct book *book, const char *text, int64_t *ret);

int book_get(struct book *book, enum book_statement which, sqlite3_stmt **ret);
int book_number(struct book *book, enum book_statement which, int64_t argument, int64_t *ret);

int row_put(struct book *book, enum table table, const struct row *row, int64_t *ret_number);
int row_get(struct book *book, enum table table, int64_t number, sqlite3_stmt **ret_statement,
            struct row *ret);
int row_drop(struct book *book, enum table table, int64_t number);
bool row_is_sound(enum table table, const struct row *row, int64_t sum);

struct cell cell_number(int64_t number);
struct cell cell_text(const char *text);
struct cell cell_blob(const void *data, size_t len);
int cell_copy(const struct cell *cell, char **ret);
