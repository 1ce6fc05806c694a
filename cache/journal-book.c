/* SPDX-License-Identifier: Apache-2.0 */
#include "cache/journal-book.h"

#include <string.h>

#include "base/text.h"
#include "cache/journal-path.h"
#include "cache/journal-room.h"

/* "hcjo": tells the file from other databases. */
enum { APPLICATION_ID = 0x68636a6f };

/* Pages in the log after which they are brought into the file. Small: the log's room on the disk is
 * held even while nothing is written. */
enum { CHECKPOINT_PAGES = 256 };

/* What brings a file from each version to the next. Only ever added to. */
static const char *const scripts[] = {
        "CREATE TABLE body("
        " number INTEGER PRIMARY KEY AUTOINCREMENT, tag INTEGER, sum INTEGER, data BLOB);"
        "CREATE TABLE edit("
        " number INTEGER PRIMARY KEY AUTOINCREMENT, tag INTEGER, sum INTEGER,"
        " act INTEGER, state INTEGER, path TEXT, identity TEXT, name TEXT, target TEXT,"
        " text INTEGER, text_len INTEGER, base INTEGER, base_len INTEGER,"
        " secret INTEGER, secret_len INTEGER, accepted INTEGER, uid INTEGER,"
        " step INTEGER, steps INTEGER, step_answered INTEGER, step_is_once INTEGER,"
        " step_service TEXT, step_call TEXT, step_method TEXT, step_target TEXT,"
        " step_result INTEGER, error INTEGER, status INTEGER, code TEXT, reason TEXT,"
        " request_id TEXT);"
        "CREATE TABLE shelf("
        " number INTEGER PRIMARY KEY, tag INTEGER, sum INTEGER,"
        " shelf INTEGER, path TEXT, name TEXT, body INTEGER, len INTEGER,"
        " stored INTEGER, expires INTEGER, error TEXT);"
        "CREATE UNIQUE INDEX shelf_name ON shelf(shelf, path, name);"
        "CREATE INDEX shelf_stored ON shelf(shelf, stored, len);"
        "CREATE TABLE job("
        " number INTEGER PRIMARY KEY, tag INTEGER, sum INTEGER,"
        " path TEXT, identity TEXT, started_by TEXT, state TEXT,"
        " started INTEGER, polled INTEGER, ended INTEGER);"
        "CREATE UNIQUE INDEX job_identity ON job(identity);",
};

const unsigned table_columns[TABLES] = {
        [TABLE_BODY] = BODY_COLUMNS,
        [TABLE_EDIT] = EDIT_COLUMNS,
        [TABLE_SHELF] = SHELF_COLUMNS,
        [TABLE_JOB] = JOB_COLUMNS,
};

static const char put_edit[] =
        "INSERT OR REPLACE INTO edit VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13,"
        " ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22, ?23, ?24, ?25, ?26, ?27, ?28, ?29, ?30, "
        "?31)";

static const char *const texts[BOOK_STATEMENTS] = {
        [BOOK_PUT + TABLE_BODY] = "INSERT OR REPLACE INTO body VALUES(?1, ?2, ?3, ?4)",
        [BOOK_PUT + TABLE_EDIT] = put_edit,
        [BOOK_PUT + TABLE_SHELF] =
                "INSERT OR REPLACE INTO shelf VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
        [BOOK_PUT + TABLE_JOB] =
                "INSERT OR REPLACE INTO job VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
        [BOOK_GET + TABLE_BODY] = "SELECT * FROM body WHERE number = ?1",
        [BOOK_GET + TABLE_EDIT] = "SELECT * FROM edit WHERE number = ?1",
        [BOOK_GET + TABLE_SHELF] = "SELECT * FROM shelf WHERE number = ?1",
        [BOOK_GET + TABLE_JOB] = "SELECT * FROM job WHERE number = ?1",
        [BOOK_DROP + TABLE_BODY] = "DELETE FROM body WHERE number = ?1",
        [BOOK_DROP + TABLE_EDIT] = "DELETE FROM edit WHERE number = ?1",
        [BOOK_DROP + TABLE_SHELF] = "DELETE FROM shelf WHERE number = ?1",
        [BOOK_DROP + TABLE_JOB] = "DELETE FROM job WHERE number = ?1",
        [BOOK_EACH + TABLE_BODY] = "SELECT min(number) FROM body WHERE number > ?1",
        [BOOK_EACH + TABLE_EDIT] = "SELECT min(number) FROM edit WHERE number > ?1",
        [BOOK_EACH + TABLE_SHELF] = "SELECT min(number) FROM shelf WHERE number > ?1",
        [BOOK_EACH + TABLE_JOB] = "SELECT min(number) FROM job WHERE number > ?1",
        [BOOK_NEXT + TABLE_BODY] =
                "SELECT 1 + coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'body'), 0)",
        [BOOK_NEXT + TABLE_EDIT] =
                "SELECT 1 + coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'edit'), 0)",
        [BOOK_NEXT + TABLE_SHELF] = "SELECT 1 + coalesce(max(number), 0) FROM shelf",
        [BOOK_NEXT + TABLE_JOB] = "SELECT 1 + coalesce(max(number), 0) FROM job",
        [BOOK_PENDING] = "SELECT count(*) FROM edit WHERE 1 << state & ?1",
        /* What waits for the cloud or for a person: texts of edits, and what was refused. */
        [BOOK_KEPT_BYTES] = ("SELECT (SELECT coalesce(sum(text_len + base_len), 0) FROM edit)"
                             " + (SELECT coalesce(sum(len), 0) FROM shelf WHERE shelf = ?1)"),
        [BOOK_SHELF_FIND] = "SELECT number FROM shelf WHERE shelf = ?1 AND path = ?2 AND name = ?3",
        [BOOK_SHELF_LIST] =
                "SELECT number FROM shelf WHERE shelf = ?1 ORDER BY path, stored, number",
        [BOOK_SHELF_LIST_PATH] =
                "SELECT number FROM shelf WHERE shelf = ?1 AND path = ?2 ORDER BY stored, number",
        [BOOK_SHELF_ITEMS] = "SELECT count(*) FROM shelf WHERE shelf = ?1",
        [BOOK_SHELF_BYTES] = "SELECT coalesce(sum(len), 0) FROM shelf WHERE shelf = ?1",
        [BOOK_SHELF_OLDEST] = "SELECT number FROM shelf WHERE shelf = ?1 ORDER BY stored LIMIT 1",
        [BOOK_SHELF_OVER] = ("SELECT number FROM (SELECT number, stored, row_number()"
                             " OVER (PARTITION BY path ORDER BY stored DESC, number DESC) AS place"
                             " FROM shelf WHERE shelf = ?1)"
                             " WHERE place > ?2 OR stored < ?3 LIMIT ?4"),
        [BOOK_JOB_FIND] = "SELECT number FROM job WHERE identity = ?1",
        [BOOK_JOBS] = "SELECT count(*) FROM job",
        [BOOK_JOB_ENDED] = "SELECT number FROM job WHERE ended <> 0 ORDER BY ended LIMIT 1",
        [BOOK_PAGES] = "PRAGMA page_count",
        [BOOK_FREE_PAGES] = "PRAGMA freelist_count",
        [BOOK_FILL] = "INSERT OR REPLACE INTO body(number, data) VALUES(-1, zeroblob(?1))",
};

static int run(struct book *book, const char *text) {
        return connection_error(book->connection,
                                sqlite3_exec(book->connection->db, text, NULL, NULL, NULL));
}

/** book_pragma() - the number in the first row, or @ret untouched without one. 0 or errno. */
int book_pragma(struct book *book, const char *text, int64_t *ret) {
        sqlite3_stmt *statement;
        int r;

        r = connection_error(book->connection,
                             sqlite3_prepare_v2(book->connection->db, text, -1, &statement, NULL));
        if (r < 0)
                return r;
        r = statement_step(statement);
        if (r > 0)
                *ret = sqlite3_column_int64(statement, 0);
        (void)sqlite3_finalize(statement);
        return r < 0 ? r : 0;
}

/* The log stays when the file is closed, with its room on the disk, and SQLite never cuts it: its
 * pages may hold secrets that book_wipe_log() has to overwrite first. */
static int configure(struct book *book) {
        sqlite3 *db = book->connection->db;
        char text[256];
        int on = 1;

        (void)snprintf(text, sizeof(text),
                       "PRAGMA synchronous = FULL; PRAGMA secure_delete = ON;"
                       "PRAGMA journal_size_limit = -1; PRAGMA wal_autocheckpoint = %d;",
                       CHECKPOINT_PAGES);
        (void)sqlite3_file_control(db, "main", SQLITE_FCNTL_PERSIST_WAL, &on);
        (void)sqlite3_db_config(db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
        return run(book, text);
}

/* -EBADMSG: there are tables, but not ours. */
static int recognize(struct book *book, int64_t *ret_version) {
        int64_t application = 0, version = 0, schema_version = 0;
        int r;

        r = book_pragma(book, "PRAGMA application_id", &application);
        if (r == 0)
                r = book_pragma(book, "PRAGMA user_version", &version);
        if (r == 0)
                r = book_pragma(book, "PRAGMA schema_version", &schema_version);
        if (r < 0)
                return r;
        if (application != APPLICATION_ID && (application || version || schema_version))
                return -EBADMSG;
        *ret_version = version;
        return 0;
}

static int upgrade(struct book *book, const char *script, unsigned version) {
        struct buf text = BUF_INIT(16384);
        int r;

        (void)buf_printf(&text,
                         "BEGIN IMMEDIATE; %s PRAGMA application_id = %d;"
                         "PRAGMA user_version = %u; COMMIT;",
                         script, APPLICATION_ID, version);
        r = text.error ? text.error : run(book, text.data);
        buf_done(&text);
        if (r < 0 && !sqlite3_get_autocommit(book->connection->db))
                (void)connection_run(book->connection, STATEMENT_ROLLBACK);
        return r;
}

/**
 * book_migrate() - bring the tables to version @count by the scripts, each in one transaction.
 * Returns 0, -EPROTO when they are of a later version, -EBADMSG when they are none of ours, or
 * another negative errno.
 */
int book_migrate(struct book *book, const char *const *steps, unsigned count) {
        int64_t version;
        int r;

        r = recognize(book, &version);
        if (r < 0)
                return r;
        if (version < 0 || version > count)
                return -EPROTO;
        for (unsigned i = (unsigned)version; r == 0 && i < count; i++)
                r = upgrade(book, steps[i], i + 1);
        return r;
}

/**
 * book_open() - open the file, or make it, and bring it to this version.
 * Returns 0, -EBADMSG when it is damaged or no journal, -EPROTO when it is of a later version, or
 * another negative errno.
 */
int book_open(const char *path, struct book **ret) {
        _cleanup_(book_closep) struct book *book = calloc(1, sizeof(*book));
        int r;

        if (!book)
                return -ENOMEM;
        r = path_make_private(path);
        if (r == 0)
                r = connection_open(path, true, &book->connection);
        if (r == 0)
                r = configure(book);
        if (r == 0)
                r = book_migrate(book, scripts, ELEMENTSOF(scripts));
        if (r < 0)
                return r;
        *ret = STEAL(book);
        return 0;
}

/** book_close() - leave the file as it is; NULL is fine. Returns NULL. */
struct book *book_close(struct book *book) {
        if (!book)
                return NULL;
        for (size_t i = 0; i < BOOK_STATEMENTS; i++)
                (void)sqlite3_finalize(book->statements[i]);
        (void)connection_close(book->connection);
        free(book);
        return NULL;
}

/** book_check() - read the whole file for damage of its structure. 0, -EBADMSG, other errno. */
int book_check(struct book *book) {
        sqlite3_stmt *statement;
        const unsigned char *text;
        int r;

        r = connection_error(book->connection,
                             sqlite3_prepare_v2(book->connection->db, "PRAGMA quick_check(1)", -1,
                                                &statement, NULL));
        if (r < 0)
                return r;
        r = statement_step(statement);
        text = r > 0 ? sqlite3_column_text(statement, 0) : NULL;
        if (r > 0)
                r = text_eq((const char *)text, "ok") ? 0 : -EBADMSG;
        (void)sqlite3_finalize(statement);
        return r;
}

static int overwrite(struct book *book, sqlite3_file *log, sqlite3_int64 from, sqlite3_int64 to) {
        static const char zeros[65536];
        int rc = SQLITE_OK;

        for (sqlite3_int64 at = from; rc == SQLITE_OK && at < to; at += (int)sizeof(zeros))
                rc = log->pMethods->xWrite(
                        log, zeros,
                        to - at < (int)sizeof(zeros) ? (int)(to - at) : (int)sizeof(zeros), at);
        if (rc == SQLITE_OK && from == 0 && to > LOG_KEPT_BYTES)
                rc = log->pMethods->xTruncate(log, LOG_KEPT_BYTES);
        if (rc == SQLITE_OK)
                rc = log->pMethods->xSync(log, SQLITE_SYNC_NORMAL);
        return connection_error(book->connection, rc);
}

/* The log and its size; NULL while there is none. */
static int open_log(struct book *book, sqlite3_file **ret, sqlite3_int64 *ret_size) {
        sqlite3_file *log = NULL;
        int rc;

        (void)sqlite3_file_control(book->connection->db, "main", SQLITE_FCNTL_JOURNAL_POINTER,
                                   &log);
        if (!log || !log->pMethods) {
                *ret = NULL;
                return 0;
        }
        rc = log->pMethods->xFileSize(log, ret_size);
        *ret = log;
        return connection_error(book->connection, rc);
}

/* Frames in the log that count, by its index (https://www.sqlite.org/walformat.html, 2.1). */
static int count_frames(struct book *book, uint32_t *ret) {
        sqlite3_file *file = NULL;
        void volatile *head = NULL;
        int rc;

        (void)sqlite3_file_control(book->connection->db, "main", SQLITE_FCNTL_FILE_POINTER, &file);
        if (!file || !file->pMethods || file->pMethods->iVersion < 2)
                return -EIO;
        rc = file->pMethods->xShmMap(file, 0, 32768, 0, &head);
        if (rc != SQLITE_OK || !head)
                return rc == SQLITE_OK ? -EIO : connection_error(book->connection, rc);
        *ret = ((uint32_t volatile *)head)[4];
        return 0;
}

/**
 * book_cut_log() - overwrite what lies in the log behind the last commit. A commit that failed on
 * its way to the disk may lie there as if it had succeeded, and would be found there after a
 * crash.
 * Returns 0 or negative errno.
 */
int book_cut_log(struct book *book) {
        sqlite3_file *log;
        sqlite3_int64 size = 0, from;
        uint32_t frames = 0;
        int r;

        r = open_log(book, &log, &size);
        if (r == 0 && log)
                r = count_frames(book, &frames);
        if (r < 0 || !log)
                return r;
        from = 32 + (sqlite3_int64)frames * (24 + PAGE_BYTES);
        return from < size ? overwrite(book, log, from, size) : 0;
}

/** book_log_is_large() - does the log take more of the disk than it keeps while empty? */
bool book_log_is_large(struct book *book) {
        sqlite3_file *log;
        sqlite3_int64 size = 0;

        return open_log(book, &log, &size) == 0 && log && size > LOG_KEPT_BYTES;
}

/**
 * book_wipe_log() - bring all pages from the log into the file and overwrite the log, which holds
 * what was deleted for as long as nothing else takes its place. An empty log costs nothing.
 * Returns 0, -EBUSY while somebody else reads the file, or another negative errno.
 */
int book_wipe_log(struct book *book) {
        sqlite3_file *log;
        sqlite3_int64 size = 0;
        unsigned head = 0;
        int rc, r;

        r = open_log(book, &log, &size);
        if (r < 0 || !log)
                return r;
        rc = size < (int)sizeof(head) ? SQLITE_OK
                                      : log->pMethods->xRead(log, &head, sizeof(head), 0);
        if (rc != SQLITE_OK)
                return connection_error(book->connection, rc);
        if (!head)
                return 0;
        /* After a restart nobody looks at the log until the next change begins it anew. */
        rc = sqlite3_wal_checkpoint_v2(book->connection->db, "main", SQLITE_CHECKPOINT_RESTART,
                                       NULL, NULL);
        if (rc != SQLITE_OK)
                return connection_error(book->connection, rc);
        return overwrite(book, log, 0, size);
}

/** book_get() - a statement to bind and step; the caller ends it with statement_end(). */
int book_get(struct book *book, enum book_statement which, sqlite3_stmt **ret) {
        sqlite3_stmt **statement = &book->statements[which];

        if (!*statement) {
                int rc = sqlite3_prepare_v3(book->connection->db, texts[which], -1,
                                            SQLITE_PREPARE_PERSISTENT, statement, NULL);

                if (rc != SQLITE_OK)
                        return connection_error(book->connection, rc);
        }
        *ret = *statement;
        return 0;
}

/** book_number() - the number that a statement tells for @argument; -ENOENT without a row. */
int book_number(struct book *book, enum book_statement which, int64_t argument, int64_t *ret) {
        _cleanup_(statement_end) sqlite3_stmt *statement = NULL;
        int r;

        r = book_get(book, which, &statement);
        if (r < 0)
                return r;
        if (sqlite3_bind_parameter_count(statement))
                (void)sqlite3_bind_int64(statement, 1, argument);
        r = statement_step(statement);
        if (r < 0)
                return r;
        if (r == 0 || sqlite3_column_type(statement, 0) == SQLITE_NULL)
                return -ENOENT;
        *ret = sqlite3_column_int64(statement, 0);
        return 0;
}
