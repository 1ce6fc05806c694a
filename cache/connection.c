/* SPDX-License-Identifier: Apache-2.0 */
#include "cache/connection.h"

#include <string.h>

enum { BUSY_MS = 2000, READER_CACHE_KIB = 64, WRITER_CACHE_KIB = 4096 };

/*
 * An answer's rows have consecutive numbers, `answer.number << 20 | place`, so that a whole list is
 * one range. 1048575 is the place of the answer's body, which is no item.
 */
static const char *const texts[STATEMENTS] = {
        [STATEMENT_BEGIN_READ] = "BEGIN",
        [STATEMENT_BEGIN] = "BEGIN IMMEDIATE",
        [STATEMENT_COMMIT] = "COMMIT",
        [STATEMENT_ROLLBACK] = "ROLLBACK",
        [STATEMENT_FIND] = "SELECT number, key FROM answer WHERE hash = ?1",
        [STATEMENT_HEAD] = "SELECT number, key, asked, fetched, changed, used, status, is_outdated,"
                           " is_partial, count, body_sum, revision, request_id, places"
                           " FROM answer WHERE hash = ?1",
        [STATEMENT_ITEMS] = "SELECT row & 1048575, id, sum, body FROM item"
                            " WHERE row BETWEEN ?1 << 20 AND ?1 << 20 | 1048574 ORDER BY row",
        [STATEMENT_ITEM] = "SELECT sum, body FROM item WHERE row = ?1 << 20 | ?2",
        [STATEMENT_ITEM_BY_ID] = "SELECT sum, body FROM item INDEXED BY item_id"
                                 " WHERE answer = ?1 AND id = ?2",
        [STATEMENT_ITEM_SUMS] = "SELECT id, sum, row & 1048575 FROM item INDEXED BY item_id"
                                " WHERE answer = ?1 AND id NOT NULL ORDER BY id",
        [STATEMENT_ADD] = "INSERT INTO answer(hash, key, service, is_list, is_partial, is_outdated,"
                          " asked, fetched, changed, used, status, count)"
                          " VALUES(?1, ?2, ?3, ?4, 0, 0, 0, 0, 0, 0, 0, 0)",
        [STATEMENT_SET] = "UPDATE answer SET asked = ?2, fetched = ?3, used = ?3, is_outdated = ?4,"
                          " status = ?5, revision = ?6, request_id = ?7, changed = ?8,"
                          " is_partial = ?9, count = ?10, places = ?11, body_sum = ?12"
                          " WHERE number = ?1",
        [STATEMENT_CONFIRM] = "UPDATE answer SET asked = ?2, fetched = ?3, used = ?3,"
                              " is_outdated = ?4, status = ?5, revision = ?6, request_id = ?7"
                              " WHERE hash = ?1 AND changed = ?8 AND is_partial = ?9"
                              " AND count = ?10 AND key = ?11",
        [STATEMENT_USE] = "UPDATE answer SET used = ?2 WHERE hash = ?1",
        [STATEMENT_ADD_ITEM] = "INSERT OR REPLACE INTO item(row, answer, id, sum, body)"
                               " VALUES(?1 << 20 | ?2, ?1, ?3, ?4, ?5)",
        [STATEMENT_SET_ITEM] = "UPDATE item SET sum = ?4, body = ?5 WHERE row = ?1 << 20 | ?2",
        [STATEMENT_DROP_ITEM] = "DELETE FROM item WHERE row = ?1 << 20 | ?2",
        [STATEMENT_DROP_ITEMS] = "DELETE FROM item"
                                 " WHERE row BETWEEN ?1 << 20 AND ?1 << 20 | 1048575",
        [STATEMENT_DROP] = "DELETE FROM answer WHERE number = ?1",
        [STATEMENT_CHANGE] = "UPDATE answer SET is_outdated = 1 WHERE service = ?1"
                             " AND is_outdated = 0 AND touches(?2, key, is_list)",
        [STATEMENT_CHANGE_ALL] = "UPDATE answer SET is_outdated = 1 WHERE is_outdated = 0",
        [STATEMENT_SEEN] = "SELECT hash, first FROM seen WHERE key = ?1",
        [STATEMENT_ADD_SEEN] = "INSERT OR REPLACE INTO seen(key, hash, first) VALUES(?1, ?2, ?3)",
        [STATEMENT_DROP_SEEN] = "DELETE FROM seen WHERE key IN"
                                " (SELECT key FROM seen ORDER BY key LIMIT ?1)",
        [STATEMENT_OLDEST] = "SELECT number FROM answer ORDER BY used LIMIT 1",
        [STATEMENT_COUNT] = "SELECT count(*) FROM answer",
        [STATEMENT_PAGES] = "PRAGMA page_count",
        [STATEMENT_FREE_PAGES] = "PRAGMA freelist_count",
};

/* The errno of an outcome. -EBADMSG: the file is damaged. */
static int to_errno(sqlite3 *db, int rc) {
        switch (rc & 0xff) {
        case SQLITE_OK:
        case SQLITE_ROW:
        case SQLITE_DONE:
                return 0;
        case SQLITE_CORRUPT:
        case SQLITE_NOTADB:
        case SQLITE_ERROR:      /* the statements are right: the tables are not ours */
        case SQLITE_CONSTRAINT: /* an index does not fit its table */
        case SQLITE_MISMATCH:
                return -EBADMSG;
        case SQLITE_FULL:
                return -ENOSPC;
        case SQLITE_NOMEM:
                return -ENOMEM;
        case SQLITE_BUSY:
        case SQLITE_LOCKED:
                return -EBUSY;
        case SQLITE_CANTOPEN:
                return -EACCES;
        case SQLITE_READONLY:
                return -EROFS;
        case SQLITE_IOERR:
                if (rc == SQLITE_IOERR_CORRUPTFS)
                        return -EBADMSG;
                return db && sqlite3_system_errno(db) == ENOSPC ? -ENOSPC : -EIO;
        default:
                return -EIO;
        }
}

/** connection_error() - the negative errno of SQLite's last result code, 0 for a good one. */
int connection_error(struct connection *connection, int rc) {
        return to_errno(connection->db, rc);
}

static int configure(struct connection *connection, bool is_writer) {
        char text[512];
        int rc;

        (void)sqlite3_extended_result_codes(connection->db, 1);
        (void)sqlite3_busy_timeout(connection->db, BUSY_MS);
        (void)snprintf(text, sizeof(text),
                       "PRAGMA cache_size = -%d; PRAGMA trusted_schema = OFF;"
                       "PRAGMA cell_size_check = ON; PRAGMA temp_store = MEMORY; %s",
                       is_writer ? WRITER_CACHE_KIB : READER_CACHE_KIB,
                       is_writer ? "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;"
                                   "PRAGMA journal_size_limit = 16777216;"
                                 : "PRAGMA query_only = ON;");
        rc = sqlite3_exec(connection->db, text, NULL, NULL, NULL);
        return connection_error(connection, rc);
}

/**
 * connection_open() - a connection to an existing file; memory maps are not used: a disk that
 * fails must not kill the process, and what is mapped counts as its memory.
 * Returns 0, -EBADMSG when the file is damaged, or another negative errno.
 */
int connection_open(const char *path, bool is_writer, struct connection **ret) {
        _cleanup_(connection_closep) struct connection *connection = NULL;
        int rc, r;

        connection = calloc(1, sizeof(*connection));
        if (!connection)
                return -ENOMEM;
        rc = sqlite3_open_v2(path, &connection->db,
                             (is_writer ? SQLITE_OPEN_READWRITE : SQLITE_OPEN_READONLY) |
                                     SQLITE_OPEN_NOMUTEX,
                             NULL);
        r = to_errno(connection->db, rc);
        if (r == 0)
                r = configure(connection, is_writer);
        if (r < 0)
                return r;
        *ret = STEAL(connection);
        return 0;
}

/** connection_close() - end a connection; NULL is fine. Returns NULL. */
struct connection *connection_close(struct connection *connection) {
        if (!connection)
                return NULL;
        for (size_t i = 0; i < STATEMENTS; i++)
                (void)sqlite3_finalize(connection->statements[i]);
        (void)sqlite3_close(connection->db);
        free(connection);
        return NULL;
}

/** connection_get() - a statement to bind and step; the caller ends it with statement_end(). */
int connection_get(struct connection *connection, enum statement which, sqlite3_stmt **ret) {
        sqlite3_stmt **statement = &connection->statements[which];
        int rc, r;

        if (!*statement) {
                rc = sqlite3_prepare_v3(connection->db, texts[which], -1, SQLITE_PREPARE_PERSISTENT,
                                        statement, NULL);
                r = connection_error(connection, rc);
                if (r < 0)
                        return r;
        }
        *ret = *statement;
        return 0;
}

/** statement_step() - 1 with a row, 0 at the end, negative errno. */
int statement_step(sqlite3_stmt *statement) {
        int rc = sqlite3_step(statement);

        return rc == SQLITE_ROW ? 1 : to_errno(sqlite3_db_handle(statement), rc);
}

/** statement_run() - step a statement without rows and end it. Returns 0 or negative errno. */
int statement_run(sqlite3_stmt *statement) {
        int r = statement_step(statement);

        statement_end(&statement);
        return r < 0 ? r : 0;
}

/** statement_end() - leave a statement's rows and parameters; also as a cleanup. */
void statement_end(sqlite3_stmt **statement) {
        if (!*statement)
                return;
        (void)sqlite3_reset(*statement);
        (void)sqlite3_clear_bindings(*statement);
}

/** connection_run() - run a statement without parameters or rows. Returns 0 or negative errno. */
int connection_run(struct connection *connection, enum statement which) {
        sqlite3_stmt *statement = NULL;
        int r;

        r = connection_get(connection, which, &statement);
        return r < 0 ? r : statement_run(statement);
}

/** connection_number() - the one number that a statement without parameters tells. */
int connection_number(struct connection *connection, enum statement which, int64_t *ret) {
        _cleanup_(statement_end) sqlite3_stmt *statement = NULL;
        int r;

        r = connection_get(connection, which, &statement);
        if (r == 0)
                r = statement_step(statement);
        if (r < 0)
                return r;
        *ret = r > 0 ? sqlite3_column_int64(statement, 0) : 0;
        return 0;
}
