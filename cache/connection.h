/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One SQLite connection with its statements, each prepared when first used and kept. Belongs to
 * one thread at a time.
 */
#pragma once

#include <sqlite3.h>

#include "base/mem.h"

/* All there are; their texts stand in connection.c. */
enum statement {
        STATEMENT_BEGIN_READ,
        STATEMENT_BEGIN,
        STATEMENT_COMMIT,
        STATEMENT_ROLLBACK,
        STATEMENT_FIND,
        STATEMENT_HEAD,
        STATEMENT_ITEMS,
        STATEMENT_ITEM,
        STATEMENT_ITEM_BY_ID,
        STATEMENT_ITEM_SUMS,
        STATEMENT_ADD,
        STATEMENT_SET,
        STATEMENT_CONFIRM,
        STATEMENT_USE,
        STATEMENT_ADD_ITEM,
        STATEMENT_SET_ITEM,
        STATEMENT_DROP_ITEM,
        STATEMENT_DROP_ITEMS,
        STATEMENT_DROP,
        STATEMENT_CHANGE,
        STATEMENT_CHANGE_ALL,
        STATEMENT_SEEN,
        STATEMENT_ADD_SEEN,
        STATEMENT_DROP_SEEN,
        STATEMENT_OLDEST,
        STATEMENT_COUNT,
        STATEMENT_PAGES,
        STATEMENT_FREE_PAGES,
        STATEMENTS
};

struct connection {
        sqlite3 *db;
        sqlite3_stmt *statements[STATEMENTS];
        struct connection *next; /* of the idle ones */
};

int connection_open(const char *path, bool is_writer, struct connection **ret);
struct connection *connection_close(struct connection *connection);
DEFINE_CLEANUP(struct connection *, connection_close)

int connection_get(struct connection *connection, enum statement which, sqlite3_stmt **ret);
int statement_step(sqlite3_stmt *statement);
int statement_run(sqlite3_stmt *statement);
void statement_end(sqlite3_stmt **statement);
int connection_run(struct connection *connection, enum statement which);
int connection_number(struct connection *connection, enum statement which, int64_t *ret);
int connection_error(struct connection *connection, int rc);
