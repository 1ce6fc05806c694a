/* SPDX-License-Identifier: Apache-2.0 */
#include "cache/file.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/stamp.h"
#include "base/text.h"
#include "cache/keep.h"

/* "hcca": tells the file from other databases. A file of another version is begun anew. */
enum { APPLICATION_ID = 0x68636361, VERSION = 2, PAGE_BYTES = 4096, PAGES_MIN = 64 };

static const char schema[] =
        "CREATE TABLE answer("
        " number INTEGER PRIMARY KEY, hash INTEGER NOT NULL UNIQUE, key TEXT NOT NULL,"
        " service TEXT NOT NULL, is_list INTEGER NOT NULL, is_partial INTEGER NOT NULL,"
        " is_outdated INTEGER NOT NULL, asked INTEGER NOT NULL, fetched INTEGER NOT NULL,"
        " changed INTEGER NOT NULL, used INTEGER NOT NULL, status INTEGER NOT NULL,"
        " count INTEGER NOT NULL, body_sum INTEGER, revision TEXT, request_id TEXT, places BLOB);"
        "CREATE INDEX answer_used ON answer(used);"
        "CREATE TABLE item("
        " row INTEGER PRIMARY KEY, answer INTEGER NOT NULL, id TEXT, sum INTEGER NOT NULL,"
        " body BLOB NOT NULL);"
        "CREATE INDEX item_id ON item(answer, id, sum) WHERE id NOT NULL;"
        "CREATE TABLE seen(key INTEGER PRIMARY KEY, hash INTEGER NOT NULL, first INTEGER NOT "
        "NULL);"
        "CREATE TABLE owner(mark TEXT NOT NULL);";

/* Makes the file private before SQLite, which goes by the umask, can make it. */
static int make_private(const char *path) {
        int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600), r = 0;

        if (fd < 0)
                return -errno;
        if (fchmod(fd, 0600) < 0)
                r = -errno;
        (void)close(fd);
        return r;
}

static int pragma(struct connection *connection, const char *text, int64_t *ret) {
        sqlite3_stmt *statement;
        int rc, r;

        rc = sqlite3_prepare_v2(connection->db, text, -1, &statement, NULL);
        if (rc != SQLITE_OK)
                return connection_error(connection, rc);
        r = statement_step(statement);
        if (r > 0)
                *ret = sqlite3_column_int64(statement, 0);
        (void)sqlite3_finalize(statement);
        return r < 0 ? r : 0;
}

static int make_tables(struct connection *connection, const char *owner) {
        char *text;
        int rc;

        text = sqlite3_mprintf("BEGIN IMMEDIATE; PRAGMA application_id = %d;"
                               "PRAGMA user_version = %d; %s INSERT INTO owner VALUES(%Q); COMMIT;",
                               APPLICATION_ID, VERSION, schema, owner);
        if (!text)
                return -ENOMEM;
        rc = sqlite3_exec(connection->db, text, NULL, NULL, NULL);
        sqlite3_free(text);
        return connection_error(connection, rc);
}

/* Returns 0 if the answers are this owner's, -EOWNERDEAD if another's, -ESTALE if it is another's
 * without any, or a negative errno. */
static int check_owner(struct connection *connection, const char *owner) {
        sqlite3_stmt *statement;
        bool is_ours = false;
        int64_t answers = 0;
        int rc, r;

        rc = sqlite3_prepare_v2(connection->db, "SELECT mark FROM owner", -1, &statement, NULL);
        if (rc != SQLITE_OK)
                return connection_error(connection, rc);
        r = statement_step(statement);
        if (r > 0)
                is_ours = text_eq((const char *)sqlite3_column_text(statement, 0), owner);
        (void)sqlite3_finalize(statement);
        if (r <= 0)
                return r < 0 ? r : -EBADMSG; /* there is always one */
        if (is_ours)
                return 0;
        r = pragma(connection, "SELECT count(*) FROM answer", &answers);
        if (r < 0)
                return r;
        return answers > 0 ? -EOWNERDEAD : -ESTALE;
}

/* Returns 1 if the tables are those of this version, 0 if there are none, -EBADMSG. */
static int recognize(struct connection *connection) {
        int64_t application = 0, version = 0, schema_version = 0;
        int r;

        r = pragma(connection, "PRAGMA application_id", &application);
        if (r == 0)
                r = pragma(connection, "PRAGMA user_version", &version);
        if (r == 0)
                r = pragma(connection, "PRAGMA schema_version", &schema_version);
        if (r < 0)
                return r;
        if (!application && !version && !schema_version)
                return 0;
        if (application != APPLICATION_ID)
                return -EBADMSG;
        return version == VERSION ? 1 : -ESTALE;
}

static int limit_pages(struct connection *connection, uint64_t max_bytes) {
        uint64_t pages = max_bytes / PAGE_BYTES * 5 / 4;
        char text[64];
        int rc;

        if (pages < PAGES_MIN)
                pages = PAGES_MIN;
        (void)snprintf(text, sizeof(text), "PRAGMA max_page_count = %llu",
                       (unsigned long long)pages);
        rc = sqlite3_exec(connection->db, text, NULL, NULL, NULL);
        return connection_error(connection, rc);
}

static int join(const char *a, const char *b, char **ret) {
        struct buf text = BUF_INIT(PATH_MAX);

        (void)buf_add_str(&text, a);
        (void)buf_add_str(&text, b);
        *ret = buf_steal(&text, NULL);
        return *ret ? 0 : -ENOMEM;
}

static int with_suffix(const char *path, const char *suffix, int (*act)(const char *path)) {
        _cleanup_(freep) char *name = NULL;
        int r;

        r = join(path, suffix, &name);
        if (r < 0)
                return r;
        return act(name) < 0 && errno != ENOENT ? -errno : 0;
}

static int remove_file(const char *path) {
        int r;

        r = with_suffix(path, "-wal", unlink);
        if (r == 0)
                r = with_suffix(path, "-shm", unlink);
        return r == 0 ? with_suffix(path, "", unlink) : r;
}

static int open_once(const char *path, uint64_t max_bytes, const char *owner,
                     struct connection **ret) {
        _cleanup_(connection_closep) struct connection *connection = NULL;
        int r;

        r = make_private(path);
        if (r == 0)
                r = connection_open(path, true, &connection);
        if (r == 0)
                r = recognize(connection);
        if (r > 0)
                r = check_owner(connection, owner);
        else if (r == 0)
                r = make_tables(connection, owner);
        if (r >= 0)
                r = limit_pages(connection, max_bytes);
        if (r >= 0)
                r = keep_prepare(connection);
        if (r < 0)
                return r;
        *ret = STEAL(connection);
        return 0;
}

/**
 * file_open() - open the file for writing; one of another version or another owner is removed, one
 * that is not there is made.
 * Returns 0, 1 when another owner's answers went, -EBADMSG when it is damaged or no cache at all,
 * or another negative errno.
 */
int file_open(const char *path, uint64_t max_bytes, const char *owner, struct connection **ret) {
        bool is_others;
        int r;

        r = open_once(path, max_bytes, owner, ret);
        is_others = r == -EOWNERDEAD;
        if (r != -ESTALE && !is_others)
                return r;
        r = remove_file(path);
        if (r == 0)
                r = open_once(path, max_bytes, owner, ret);
        return r < 0 ? r : is_others;
}

/* Deletes those that were set aside before: one is kept. */
static void remove_earlier(const char *path) {
        const char *slash = strrchr(path, '/');
        _cleanup_(freep) char *prefix = NULL, *directory = NULL;
        struct dirent *entry;
        DIR *dir;

        directory = slash ? strndup(path, (size_t)(slash - path) + 1) : strdup(".");
        if (!directory || join(slash ? slash + 1 : path, ".damaged-", &prefix) < 0)
                return;
        dir = opendir(directory);
        if (!dir)
                return;
        for (entry = readdir(dir); entry; entry = readdir(dir))
                if (text_starts(entry->d_name, prefix))
                        (void)unlinkat(dirfd(dir), entry->d_name, 0);
        (void)closedir(dir);
}

static int rename_with(const char *path, const char *to, const char *suffix) {
        _cleanup_(freep) char *from_name = NULL, *to_name = NULL;
        int r;

        r = join(path, suffix, &from_name);
        if (r == 0)
                r = join(to, suffix, &to_name);
        if (r < 0)
                return r;
        return rename(from_name, to_name) < 0 && errno != ENOENT ? -errno : 0;
}

/** file_set_aside() - get a damaged file out of the way. Returns 0 or negative errno. */
int file_set_aside(const char *path) {
        char suffix[STAMP_TEXT_SIZE + 16], time[STAMP_TEXT_SIZE];
        _cleanup_(freep) char *to = NULL;
        int r;

        remove_earlier(path);
        stamp_format_compact(stamp_now_ms() / 1000, time);
        (void)snprintf(suffix, sizeof(suffix), ".damaged-%s", time);
        r = join(path, suffix, &to);
        if (r == 0)
                r = rename_with(path, to, "-wal");
        if (r == 0)
                r = rename_with(path, to, "");
        return r == 0 ? with_suffix(path, "-shm", unlink) : r;
}
