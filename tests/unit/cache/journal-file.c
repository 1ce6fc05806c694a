/* SPDX-License-Identifier: Apache-2.0 */
/* The file itself: who may have it, which versions, and what is gone from it when it is gone. */
#include <dirent.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"
#include "cache/journal-book.h"
#include "tests/unit/cache/directory.h"
#include "tests/unit/cache/journal-model.h"
#include "tests/unit/unit.h"

static struct journal *journal;
static struct op op;

static void begin(void) {
        disk_begin();
        op_init(&op, OP_INTERACTIVE, 10000);
        journal = open_journal();
}

static void end(void) {
        (void)journal_close(journal);
        disk_end();
}

static char path[] = "account/a.json", text[] = "text", secret[] = "plugh-xyzzy-0815";

static const struct op_fault refusal = { .error = -EINVAL, .reason = "name: too long" };

static int64_t accept_sample(void) {
        const struct edit edit = { .act = EDIT_SAVE,
                                   .path = path,
                                   .text = text,
                                   .len = 4,
                                   .secret = secret,
                                   .secret_len = 16 };
        int64_t id = 0;

        ck_assert_int_eq(journal_accept(journal, &op, &edit, &id), 0);
        return id;
}

static enum edit_state state_of(int64_t id) {
        struct edit edit = { 0 };
        enum edit_state state;

        ck_assert_int_eq(journal_get(journal, id, &edit), 0);
        state = edit.state;
        edit_done(&edit);
        return state;
}

static void put(enum shelf shelf, const char *of, const char *as, const char *data, int64_t ms) {
        const struct shelved item = { .shelf = shelf,
                                      .path = of,
                                      .name = as,
                                      .data = data,
                                      .len = strlen(data),
                                      .stored_ms = ms };

        ck_assert_int_eq(journal_put(journal, &op, &item), 0);
}

/* Is the text in any file of the directory? */
static bool is_on_disk(const char *needle) {
        char directory[256], file[600];
        struct dirent *entry;
        bool is_there = false;
        DIR *dir;

        (void)snprintf(directory, sizeof(directory), "%s", disk_path());
        *strrchr(directory, '/') = '\0';
        dir = opendir(directory);
        ck_assert_ptr_nonnull(dir);
        for (entry = readdir(dir); entry; entry = readdir(dir)) {
                struct stat st;
                char *data;
                int fd;

                (void)snprintf(file, sizeof(file), "%s/%s", directory, entry->d_name);
                fd = open(file, O_RDONLY | O_CLOEXEC);
                ck_assert_int_ge(fd, 0);
                ck_assert_int_eq(fstat(fd, &st), 0);
                if (S_ISREG(st.st_mode) && st.st_size) {
                        data = malloc((size_t)st.st_size);
                        ck_assert_int_eq(pread(fd, data, (size_t)st.st_size, 0), st.st_size);
                        is_there = is_there ||
                                   memmem(data, (size_t)st.st_size, needle, strlen(needle));
                        free(data);
                }
                (void)close(fd);
        }
        (void)closedir(dir);
        return is_there;
}

/* SQLite moves rows between pages, and leaves copies behind that it does not overwrite. */
START_TEST(a_secret_leaves_no_copies) {
        char as[16], filler[3001];
        bool is_put[300] = { false };
        struct model random;

        begin();
        model_init(&random, (uint64_t)_i + 1);
        memset(filler, 'f', sizeof(filler));
        for (unsigned i = 0; i < 300; i++) {
                unsigned which = (unsigned)(model_random(&random) % (i + 1));
                size_t len = model_random(&random) % (model_random(&random) % 3 ? 300 : 3000);

                (void)snprintf(as, sizeof(as), "%u", i);
                filler[len] = '\0';
                put(i % 3 ? SHELF_HISTORY : SHELF_SECRET, "p", as, i % 3 ? filler : secret, 1);
                filler[len] = 'f';
                is_put[i] = true;
                if (!is_put[which])
                        continue;
                is_put[which] = false;
                (void)snprintf(as, sizeof(as), "%u", which);
                ck_assert_int_eq(journal_drop(journal, &op,
                                              which % 3 ? SHELF_HISTORY : SHELF_SECRET, "p", as),
                                 0);
        }
        ck_assert(is_on_disk(secret));
        for (unsigned i = 0; i < 300; i += 3) {
                (void)snprintf(as, sizeof(as), "%u", i);
                if (is_put[i])
                        ck_assert_int_eq(journal_drop(journal, &op, SHELF_SECRET, "p", as), 0);
        }
        ck_assert(!is_on_disk(secret));
        end();
}
END_TEST

START_TEST(a_secret_is_overwritten_when_it_goes) {
        int64_t id;

        begin();
        put(SHELF_SECRET, "p", "one", secret, 1);
        ck_assert(is_on_disk(secret));
        put(SHELF_SECRET, "p", "one", "other", 1);
        ck_assert(!is_on_disk(secret));
        id = accept_sample();
        ck_assert(is_on_disk(secret));
        journal_finish(journal, id, EDIT_UNKNOWN, &refusal);
        ck_assert(is_on_disk(secret));
        journal_finish(journal, id, EDIT_REJECTED, &refusal);
        ck_assert(!is_on_disk(secret));
        journal_finish(journal, accept_sample(), EDIT_DONE, NULL);
        ck_assert(!is_on_disk(secret));
        ck_assert_int_eq(journal_forget(journal, &op, accept_sample()), 0);
        ck_assert(!is_on_disk(secret));
        end();
}
END_TEST

/* @suffix: NULL for the directory. */
static void expect_mode(const char *suffix, mode_t mode) {
        char file[256];
        struct stat st;

        (void)snprintf(file, sizeof(file), "%s%s", disk_path(), suffix ? suffix : "");
        if (!suffix)
                *strrchr(file, '/') = '\0';
        ck_assert_int_eq(stat(file, &st), 0);
        ck_assert_uint_eq(st.st_mode & 07777, mode);
}

START_TEST(the_files_are_private) {
        mode_t before = umask(0);

        begin();
        (void)accept_sample();
        expect_mode("", 0600);
        expect_mode("-wal", 0600);
        expect_mode("-shm", 0600);
        expect_mode(".lock", 0600);
        expect_mode(NULL, 0700);
        (void)journal_close(journal);
        ck_assert_int_eq(chmod(disk_path(), 0644), 0);
        journal = open_journal();
        expect_mode("", 0600);
        end();
        (void)umask(before);
}
END_TEST

START_TEST(only_one_has_the_file) {
        struct journal *second = NULL;
        char expected[48];

        begin();
        ck_assert_int_eq(journal_open(&op, disk_path(), &second), -EBUSY);
        (void)snprintf(expected, sizeof(expected), "process %ld:", (long)getpid());
        ck_assert_ptr_nonnull(strstr(op.fault.reason, expected));
        ck_assert_ptr_null(second);
        (void)accept_sample();
        end();
}
END_TEST

START_TEST(a_file_of_a_later_version_is_left_alone) {
        struct journal *refused = NULL;
        int64_t id;

        begin();
        id = accept_sample();
        (void)journal_close(journal);
        disk_run("PRAGMA user_version = 99");
        ck_assert_int_eq(journal_open(&op, disk_path(), &refused), -EPROTO);
        ck_assert_ptr_nonnull(strstr(op.fault.reason, "later version"));
        ck_assert_uint_eq(disk_count("cache.db.damaged"), 0);
        disk_run("PRAGMA user_version = 1");
        journal = open_journal();
        ck_assert_int_eq(state_of(id), EDIT_ACCEPTED);
        end();
}
END_TEST

/* Each version in a transaction: one that fails leaves the file at the version before. */
START_TEST(files_of_earlier_versions_are_brought_to_this_one) {
        static const char *const scripts[] = {
                "CREATE TABLE a(x); INSERT INTO a VALUES(1);",
                "ALTER TABLE a ADD COLUMN y DEFAULT 2;",
                "INSERT INTO a VALUES(3, 4); INSERT INTO b VALUES(1);",
        };
        struct connection *connection = NULL;
        struct book book = { 0 };

        begin();
        (void)journal_close(journal);
        ck_assert_int_eq(unlink(disk_path()), 0);
        disk_run("SELECT 1");
        ck_assert_int_eq(connection_open(disk_path(), true, &connection), 0);
        book.connection = connection;
        ck_assert_int_eq(book_migrate(&book, scripts, 1), 0);
        ck_assert_int_eq(book_migrate(&book, scripts, 1), 0);
        ck_assert_int_eq(book_migrate(&book, scripts, 2), 0);
        ck_assert_int_eq(book_migrate(&book, scripts, 1), -EPROTO);
        ck_assert_int_lt(book_migrate(&book, scripts, 3), 0);
        (void)connection_close(connection);
        disk_expect("PRAGMA user_version", "2");
        disk_expect("SELECT group_concat(x || y) FROM a", "12");
        disk_end();
}
END_TEST

START_TEST(a_directory_open_to_others_is_refused) {
        char directory[256];
        struct journal *refused = NULL;

        begin();
        (void)journal_close(journal);
        (void)snprintf(directory, sizeof(directory), "%s", disk_path());
        *strrchr(directory, '/') = '\0';
        ck_assert_int_eq(chmod(directory, 0770), 0);
        ck_assert_int_eq(journal_open(&op, disk_path(), &refused), -EPERM);
        ck_assert_int_eq(chmod(directory, 0700), 0);
        disk_end();
}
END_TEST

int main(void) {
        const struct unit_case cases[] = {
                { "copies", a_secret_leaves_no_copies, 4 },
                { "secret", a_secret_is_overwritten_when_it_goes, 0 },
                { "modes", the_files_are_private, 0 },
                { "one", only_one_has_the_file, 0 },
                { "later", a_file_of_a_later_version_is_left_alone, 0 },
                { "versions", files_of_earlier_versions_are_brought_to_this_one, 0 },
                { "directory", a_directory_open_to_others_is_refused, 0 },
                { 0 },
        };

        return unit_main("cache-journal-file", cases);
}
