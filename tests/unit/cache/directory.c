/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <ftw.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"
#include "tests/unit/cache/directory.h"
#include "tests/unit/unit.h"

static char directory[64], path[96];

/* In memory where that is possible: nothing here is about what a power failure leaves. */
void disk_begin(void) {
        const char *parent = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";

        (void)snprintf(directory, sizeof(directory), "%s/hcloudfs-cache-XXXXXX", parent);
        ck_assert_ptr_nonnull(mkdtemp(directory));
        (void)snprintf(path, sizeof(path), "%s/new/cache.db", directory);
}

static int remove_one(const char *name, const struct stat *st, int type, struct FTW *ftw) {
        (void)st;
        (void)type;
        (void)ftw;
        return remove(name);
}

void disk_end(void) {
        (void)nftw(directory, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

const char *disk_path(void) {
        return path;
}

void disk_run(const char *sql) {
        char *error = NULL;
        sqlite3 *db;

        ck_assert_int_eq(sqlite3_open(path, &db), SQLITE_OK);
        ck_assert_msg(sqlite3_exec(db, sql, NULL, NULL, &error) == SQLITE_OK, "%s", error);
        ck_assert_int_eq(sqlite3_close(db), SQLITE_OK);
}

void disk_expect(const char *sql, const char *value) {
        sqlite3_stmt *statement;
        sqlite3 *db;

        ck_assert_int_eq(sqlite3_open(path, &db), SQLITE_OK);
        ck_assert_int_eq(sqlite3_prepare_v2(db, sql, -1, &statement, NULL), SQLITE_OK);
        ck_assert_int_eq(sqlite3_step(statement), SQLITE_ROW);
        ck_assert_str_eq((const char *)sqlite3_column_text(statement, 0), value);
        ck_assert_int_eq(sqlite3_finalize(statement), SQLITE_OK);
        ck_assert_int_eq(sqlite3_close(db), SQLITE_OK);
}

bool disk_is_ours(int fd) {
        char name[64], target[256] = "";

        (void)snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
        return readlink(name, target, sizeof(target) - 1) > 0 && text_starts(target, directory);
}

unsigned disk_count(const char *prefix) {
        char name[128];
        struct dirent *entry;
        unsigned count = 0;
        DIR *dir;

        (void)snprintf(name, sizeof(name), "%s/new", directory);
        dir = opendir(name);
        ck_assert_ptr_nonnull(dir);
        for (entry = readdir(dir); entry; entry = readdir(dir))
                count += text_starts(entry->d_name, prefix);
        (void)closedir(dir);
        return count;
}
