/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes of the file are not what was written: nothing wrong is believed, all that can be read comes
 * over, and the damaged file is kept. */
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/text.h"
#include "tests/unit/cache/directory.h"
#include "tests/unit/cache/journal-model.h"
#include "tests/unit/cache/journal-shim.h"
#include "tests/unit/unit.h"

/* Few enough for a file of some hundred pages, large enough for a page to hold few. */
enum { EDITS = 24, TEXT_LEN = 1500, PAGE = 4096, TEXTS_A_PAGE = 4 };

static struct op op;
static int64_t ids[EDITS];

static char *text_of(unsigned key, size_t *ret_len) {
        size_t len = TEXT_LEN + key * 400;
        char *text = malloc(len + 1);

        for (size_t i = 0; i < len; i++)
                text[i] = (char)('a' + (key * 7 + i * (key + 3)) % 26);
        text[len] = '\0';
        *ret_len = len;
        return text;
}

static void accept(struct journal *journal, unsigned key) {
        char path[32];
        struct edit edit = { .act = EDIT_SAVE, .path = path, .identity = path };

        (void)snprintf(path, sizeof(path), "account/%u", key);
        edit.text = text_of(key, &edit.len);
        ck_assert_int_eq(journal_accept(journal, &op, &edit, &ids[key]), 0);
        free(edit.text);
}

static const struct op_step step = { .number = 1,
                                     .count = 1,
                                     .service = "dws",
                                     .call = "Create",
                                     .method = "POST",
                                     .target = "/v1",
                                     .is_once = true };

static void fill(struct journal *journal) {
        const struct op_fault fault = { .error = -EINVAL, .reason = "no" };
        char identity[] = "id", path[] = "account/1";
        const struct job job = { .path = path, .identity = identity };

        for (unsigned key = 0; key < EDITS; key++) {
                accept(journal, key);
                if (key % 4 == 1)
                        ck_assert_int_eq(journal_step_begin(journal, &op, ids[key], &step), 0);
                else if (key % 4 == 2)
                        journal_finish(journal, ids[key], EDIT_REJECTED, &fault);
                else if (key % 4 == 3)
                        journal_finish(journal, ids[key], EDIT_UNKNOWN, &fault);
        }
        ck_assert_int_eq(journal_job_put(journal, &op, &job), 0);
}

static void begin(void) {
        struct journal *journal;

        disk_begin();
        op_init(&op, OP_INTERACTIVE, 10000);
        journal = open_journal();
        fill(journal);
        (void)journal_close(journal);
}

static char *read_file(const char *suffix, size_t *ret_len) {
        char name[256], *data;
        struct stat st;
        int fd;

        (void)snprintf(name, sizeof(name), "%s%s", disk_path(), suffix);
        fd = open(name, O_RDONLY | O_CLOEXEC);
        ck_assert_int_ge(fd, 0);
        ck_assert_int_eq(fstat(fd, &st), 0);
        data = malloc((size_t)st.st_size + 1);
        ck_assert_int_eq(pread(fd, data, (size_t)st.st_size, 0), st.st_size);
        (void)close(fd);
        *ret_len = (size_t)st.st_size;
        return data;
}

static void write_file(const char *suffix, const char *data, size_t len) {
        char name[256];
        int fd;

        (void)snprintf(name, sizeof(name), "%s%s", disk_path(), suffix);
        fd = open(name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
        ck_assert_int_ge(fd, 0);
        ck_assert_int_eq(write(fd, data, len), (ssize_t)len);
        (void)close(fd);
}

static void remove_file(const char *suffix) {
        char name[256];

        (void)snprintf(name, sizeof(name), "%s%s", disk_path(), suffix);
        (void)unlink(name);
}

/* What is found of the texts, wherever it is. */
struct found {
        struct journal *journal;
        bool texts[EDITS];
        unsigned edits, unsure;
        bool was_mended;
};

static void note_text(struct found *found, const char *data, size_t len) {
        for (unsigned key = 0; key < EDITS; key++) {
                size_t text_len;
                char *text = text_of(key, &text_len);

                if (text_len == len && memcmp(text, data, len) == 0)
                        found->texts[key] = true;
                free(text);
        }
}

static bool is_whole(const struct edit *edit) {
        struct found found = { 0 };
        unsigned key = 0;

        while (key < EDITS && ids[key] != edit->id)
                key++;
        if (key == EDITS)
                return false;
        note_text(&found, edit->text, edit->len);
        return found.texts[key];
}

static int see_edit(void *data, const struct edit *edit) {
        struct found *found = data;

        found->edits++;
        if (edit->state == EDIT_REJECTED)
                return 0;
        ck_assert_msg(is_whole(edit), "edit %lld is not as it was", (long long)edit->id);
        note_text(found, edit->text, edit->len);
        if (found->was_mended) {
                ck_assert_int_eq(edit->state, EDIT_UNKNOWN);
                ck_assert_ptr_nonnull(edit->reason);
        }
        return 0;
}

static int see_item(void *data, const struct shelved *item) {
        struct found *found = data;
        char *bytes = NULL;
        size_t len;

        ck_assert_int_eq(
                journal_fetch(found->journal, item->shelf, item->path, item->name, &bytes, &len),
                0);
        ck_assert_uint_eq(len, item->len);
        note_text(found, bytes, len);
        free(bytes);
        return 0;
}

static unsigned look(struct journal *journal, struct found *found) {
        struct journal_state state;
        unsigned count = 0;

        journal_describe(journal, &state);
        *found = (struct found){ .journal = journal, .was_mended = state.mended > 0 };
        ck_assert_int_eq(journal_each(journal, ~0u, see_edit, found), 0);
        ck_assert_int_eq(journal_browse(journal, SHELF_REJECTED, NULL, see_item, found), 0);
        for (unsigned key = 0; key < EDITS; key++)
                count += found->texts[key];
        return count;
}

/* Opens the damaged file. Returns how many of the texts are whole. */
static unsigned survivors(struct found *found) {
        struct journal *journal = open_journal();
        unsigned count = look(journal, found);

        (void)journal_close(journal);
        disk_expect("PRAGMA integrity_check", "ok");
        return count;
}

/* Each page in turn: _i says how it is damaged. */
START_TEST(a_spoilt_page_costs_no_more_than_what_is_in_it) {
        size_t len, aside_len;
        unsigned mended = 0;
        char *data, *good;

        begin();
        data = read_file("", &len);
        good = malloc(len);
        memcpy(good, data, len);
        for (size_t page = 0; page < len / PAGE; page++) {
                struct found found;
                char *aside;

                memcpy(data, good, len);
                if (_i == 0)
                        memset(data + page * PAGE, 0xa5, PAGE);
                else if (_i == 1)
                        memset(data + page * PAGE, 0, PAGE);
                else if (_i == 2)
                        memset(data + page * PAGE + 1200, 0x5a, 1500);
                else
                        data[page * PAGE + 2500] ^= 4;
                write_file("", data, len);
                ck_assert_uint_ge(survivors(&found), EDITS - TEXTS_A_PAGE);
                if (found.was_mended) {
                        mended++;
                        aside = read_file(".damaged-1", &aside_len);
                        ck_assert_uint_eq(aside_len, len);
                        ck_assert(memcmp(aside, data, len) == 0);
                        free(aside);
                }
                remove_file(".damaged-1");
                remove_file(".damaged-1-wal");
                remove_file("-wal");
                remove_file("-shm");
        }
        ck_assert_uint_gt(mended, 10);
        free(data);
        free(good);
        disk_end();
}
END_TEST

START_TEST(numbers_that_were_told_are_not_given_again) {
        struct journal *journal;
        struct found found;
        size_t len;
        char *data;

        begin();
        data = read_file("", &len);
        data[0] = 'X';
        write_file("", data, len);
        free(data);
        journal = open_journal();
        ck_assert_uint_eq(look(journal, &found), EDITS);
        ck_assert_uint_eq(found.edits, EDITS);
        ck_assert(found.was_mended);
        accept(journal, 0);
        ck_assert_int_gt(ids[0], ids[EDITS - 1]);
        (void)journal_close(journal);
        disk_end();
}
END_TEST

START_TEST(the_damage_is_told) {
        struct journal_state state;
        struct journal *journal;
        char aside[256];
        size_t len;
        char *data;

        begin();
        data = read_file("", &len);
        data[0] = 'X';
        write_file("", data, len);
        free(data);
        journal = open_journal();
        journal_describe(journal, &state);
        ck_assert_uint_eq(state.mended, 1);
        (void)snprintf(aside, sizeof(aside), "%s.damaged-1", disk_path());
        ck_assert_str_eq(state.aside, aside);
        ck_assert_uint_eq(state.edits, EDITS);
        ck_assert_uint_eq(state.rejected_edits, 0);
        ck_assert_uint_eq(state.items, EDITS / 4);
        ck_assert_uint_eq(state.damaged_items, 0);
        ck_assert_uint_eq(state.lost_rows, 0);
        (void)journal_close(journal);
        journal = open_journal();
        journal_describe(journal, &state);
        ck_assert_uint_eq(state.mended, 0);
        (void)journal_close(journal);
        disk_end();
}
END_TEST

/* The file is cut at each page's end; the rest is gone. */
START_TEST(a_cut_file_keeps_what_it_has) {
        struct found found;
        size_t len;
        char *data;

        begin();
        data = read_file("", &len);
        for (size_t pages = len / PAGE; pages-- > 0;) {
                write_file("", data, pages * PAGE);
                (void)survivors(&found);
                ck_assert(found.was_mended);
                remove_file(".damaged-1");
                remove_file(".damaged-1-wal");
                write_file("-wal", "\0\0\0\0", 4);
                remove_file("-shm");
        }
        free(data);
        disk_end();
}
END_TEST

START_TEST(what_is_no_journal_is_set_aside) {
        struct journal_state state;
        struct journal *journal;
        size_t len;
        char *data;

        begin();
        write_file("", "This is no database.", 20);
        remove_file("-wal");
        journal = open_journal();
        journal_describe(journal, &state);
        ck_assert_uint_eq(state.mended, 1);
        (void)journal_close(journal);
        data = read_file(".damaged-1", &len);
        ck_assert_mem_eq(data, "This is no database.", 20);
        free(data);
        disk_run("PRAGMA application_id = 7");
        journal = open_journal();
        journal_describe(journal, &state);
        ck_assert_str_eq(strrchr(state.aside, '-'), "-2");
        (void)journal_close(journal);
        disk_end();
}
END_TEST

START_TEST(damaged_files_are_bounded_and_none_is_dropped) {
        struct journal *journal = NULL;
        char suffix[32];

        begin();
        for (unsigned i = 1; i <= 16; i++) {
                (void)snprintf(suffix, sizeof(suffix), ".damaged-%u", i);
                write_file(suffix, "x", 1);
        }
        write_file("", "This is no database.", 20);
        ck_assert_int_eq(journal_open(&op, disk_path(), &journal), -EIO);
        ck_assert_ptr_nonnull(strstr(op.fault.reason, "too often"));
        ck_assert_uint_eq(disk_count("cache.db.damaged"), 16);
        remove_file(".damaged-3");
        journal = open_journal();
        (void)journal_close(journal);
        ck_assert_uint_eq(disk_count("cache.db.damaged-3"), 2); /* with its log */
        disk_end();
}
END_TEST

/* Leaves a journal whose last changes are in the log only, as a killed process does. */
static void begin_killed(void) {
        struct journal *journal;
        int status;
        pid_t pid;

        disk_begin();
        op_init(&op, OP_INTERACTIVE, 10000);
        journal = open_journal();
        accept(journal, 0);
        (void)journal_forget(journal, &op, ids[0]);
        (void)journal_close(journal);
        pid = fork();
        ck_assert_int_ge(pid, 0);
        if (pid == 0) {
                journal = open_journal();
                for (unsigned key = 0; key < EDITS; key++)
                        accept(journal, key);
                _exit(0);
        }
        ck_assert_int_eq(waitpid(pid, &status, 0), pid);
        for (unsigned key = 0; key < EDITS; key++)
                ids[key] = 2 + key;
}

/* SQLite takes the log for at an end where it is damaged, whatever comes behind. */
START_TEST(a_log_that_is_damaged_in_its_midst_is_noticed) {
        enum { HEAD = 32, FRAME = 24 + PAGE };
        size_t len, file_len, frames = 0;
        char *log, *good, *file;

        begin_killed();
        file = read_file("", &file_len);
        log = read_file("-wal", &len);
        good = malloc(len);
        memcpy(good, log, len);
        while (HEAD + (frames + 1) * FRAME <= len &&
               memcmp(log + HEAD + frames * FRAME + 8, log + 16, 8) == 0)
                frames++;
        ck_assert_uint_gt(frames, 50);
        for (size_t frame = 0; frame < frames; frame += 3) {
                struct found found;
                unsigned count;

                memcpy(log, good, len);
                log[HEAD + frame * FRAME + (_i ? 10 : 1000)] ^= 1;
                write_file("", file, file_len);
                write_file("-wal", log, len);
                remove_file("-shm");
                count = survivors(&found);
                /* In the last transactions damage looks like a crash in the midst of them. */
                if (frame + 16 < frames && !_i)
                        ck_assert_uint_ge(count, EDITS - TEXTS_A_PAGE);
                remove_file(".damaged-1");
                remove_file(".damaged-1-wal");
        }
        free(log);
        free(good);
        free(file);
        disk_end();
}
END_TEST

START_TEST(a_log_whose_head_is_damaged_is_read) {
        struct found found;
        size_t len;
        char *log;

        begin_killed();
        log = read_file("-wal", &len);
        log[_i * 4 + 1] ^= 1;
        write_file("-wal", log, len);
        free(log);
        remove_file("-shm");
        ck_assert_uint_eq(survivors(&found), EDITS);
        ck_assert(found.was_mended);
        disk_end();
}
END_TEST

START_TEST(a_log_without_its_file_is_read) {
        struct found found;

        begin_killed();
        if (_i)
                remove_file("");
        else
                write_file("", "", 0);
        ck_assert_uint_eq(survivors(&found), EDITS);
        ck_assert(found.was_mended);
        disk_end();
}
END_TEST

/* Names are changed outside SQLite: they count as calls too. */
int __real_rename(const char *from, const char *to);
int __wrap_rename(const char *from, const char *to);
int __real_unlink(const char *path);
int __wrap_unlink(const char *path);

int __wrap_rename(const char *from, const char *to) {
        shim_count();
        return __real_rename(from, to);
}

int __wrap_unlink(const char *path) {
        shim_count();
        return __real_unlink(path);
}

ssize_t __real_pread(int fd, void *to, size_t len, off_t at);
ssize_t __wrap_pread(int fd, void *to, size_t len, off_t at);
ssize_t __real_pread64(int fd, void *to, size_t len, off_t at);
ssize_t __wrap_pread64(int fd, void *to, size_t len, off_t at);

static bool is_bad(int fd, size_t len, off_t at) {
        struct stat st;

        return at < shim.bad_to && at + (off_t)len > shim.bad_from && fstat(fd, &st) == 0 &&
               st.st_ino == shim.bad_file;
}

ssize_t __wrap_pread(int fd, void *to, size_t len, off_t at) {
        if (!is_bad(fd, len, at))
                return __real_pread(fd, to, len, at);
        errno = EIO;
        return -1;
}

ssize_t __wrap_pread64(int fd, void *to, size_t len, off_t at) {
        if (!is_bad(fd, len, at))
                return __real_pread64(fd, to, len, at);
        errno = EIO;
        return -1;
}

START_TEST(a_bad_sector_costs_its_page) {
        struct stat st;

        begin();
        ck_assert_int_eq(stat(disk_path(), &st), 0);
        shim_install();
        for (off_t page = 0; page < st.st_size / PAGE; page += 5) {
                struct journal *journal;
                struct found found;

                disk_end();
                begin();
                ck_assert_int_eq(stat(disk_path(), &st), 0);
                shim.bad_file = st.st_ino;
                shim.bad_from = page * PAGE + 512;
                shim.bad_to = page * PAGE + 1024;
                journal = open_journal();
                shim.bad_from = shim.bad_to = 0;
                ck_assert_uint_ge(look(journal, &found), EDITS - TEXTS_A_PAGE);
                (void)journal_close(journal);
        }
        disk_end();
}
END_TEST

/* Returns whether the process died before the file was mended. */
static bool mend_and_die_at(unsigned n, const char *data, size_t len) {
        size_t aside_len;
        int status;
        char *aside;
        pid_t pid;

        write_file("", data, len);
        remove_file("-wal");
        remove_file("-shm");
        pid = fork();
        ck_assert_int_ge(pid, 0);
        if (pid == 0) {
                shim_install();
                shim_set(SHIM_KILL, n, false);
                (void)open_journal();
                _exit(0);
        }
        ck_assert_int_eq(waitpid(pid, &status, 0), pid);
        {
                struct found found;

                ck_assert_uint_eq(survivors(&found), EDITS);
        }
        aside = read_file(".damaged-1", &aside_len);
        ck_assert(aside_len == len && memcmp(aside, data, len) == 0);
        free(aside);
        ck_assert_uint_eq(disk_count("cache.db.damaged-"),
                          1 + disk_count("cache.db.damaged-1-wal"));
        ck_assert_uint_eq(disk_count("cache.db.mend"), 0);
        remove_file(".damaged-1");
        remove_file(".damaged-1-wal");
        return WIFSIGNALED(status);
}

START_TEST(killed_while_it_is_mended) {
        unsigned n = 1;
        size_t len;
        char *data;

        begin();
        data = read_file("", &len);
        data[0] = 'X';
        while (mend_and_die_at(n, data, len))
                n += 1 + n / 40;
        ck_assert_uint_gt(n, 100);
        free(data);
        disk_end();
}
END_TEST

/* Whatever the bytes are, the journal opens. */
START_TEST(any_damage_is_survived) {
        struct model random;
        size_t len, log_len;
        char *data, *log;

        begin_killed();
        data = read_file("", &len);
        log = read_file("-wal", &log_len);
        model_init(&random, (uint64_t)_i + 1);
        for (unsigned round = 0; round < 12; round++) {
                unsigned flips = 1 + (unsigned)(model_random(&random) % 40);
                struct found found;

                for (unsigned i = 0; i < flips; i++) {
                        data[model_random(&random) % len] = (char)model_random(&random);
                        log[model_random(&random) % (round % 2 ? log_len : 100)] =
                                (char)model_random(&random);
                }
                write_file("", data, len - (round % 5 == 4 ? model_random(&random) % len : 0));
                write_file("-wal", log, log_len);
                remove_file("-shm");
                (void)survivors(&found);
                remove_file(".damaged-1");
                remove_file(".damaged-1-wal");
        }
        free(data);
        free(log);
        disk_end();
}
END_TEST

/* Reading is where it is found out, hours after the start. */
START_TEST(damage_is_mended_while_the_journal_is_in_use) {
        enum { ITEMS = 12, LEN = 1 << 20 };
        struct shelved item = { .shelf = SHELF_HISTORY, .path = "p", .len = LEN };
        char *data = malloc(LEN + 1), *found, name[16];
        struct journal_state state;
        struct journal *journal;
        struct edit edit;
        unsigned wrong = 0;
        size_t len;

        disk_begin();
        op_init(&op, OP_INTERACTIVE, 10000);
        journal = open_journal();
        item.data = data;
        item.name = name;
        for (unsigned i = 0; i < ITEMS; i++) {
                (void)snprintf(name, sizeof(name), "%u", i);
                memset(data, 'a' + (int)i, LEN);
                ck_assert_int_eq(journal_put(journal, &op, &item), 0);
        }
        accept(journal, 0);
        for (unsigned i = 0; i < 300; i++) /* until the log is in the file */
                ck_assert_int_eq(
                        journal_job_put(
                                journal, &op,
                                &(struct job){ .path = name, .identity = name, .polled_ms = i }),
                        0);
        {
                int fd = open(disk_path(), O_WRONLY | O_CLOEXEC);

                memset(data, 'Z', 8192);
                ck_assert_int_eq(pwrite(fd, data, 8192, 5 << 20), 8192);
                (void)close(fd);
        }
        for (unsigned i = 0; i < ITEMS; i++) {
                (void)snprintf(name, sizeof(name), "%u", i);
                memset(data, 'a' + (int)i, LEN);
                ck_assert_int_eq(journal_fetch(journal, SHELF_HISTORY, "p", name, &found, &len), 0);
                wrong += len != LEN || memcmp(found, data, LEN) != 0;
                free(found);
        }
        ck_assert_uint_eq(wrong, 1);
        journal_describe(journal, &state);
        ck_assert_uint_eq(state.mended, 1);
        ck_assert_uint_eq(state.items, ITEMS - 1);
        ck_assert_uint_eq(state.damaged_items, 1);
        ck_assert_int_eq(journal_get(journal, ids[0], &edit), 0);
        ck_assert_int_eq(edit.state, EDIT_UNKNOWN);
        edit_done(&edit);
        (void)journal_close(journal);
        free(data);
        disk_end();
}
END_TEST

int main(void) {
        const struct unit_case cases[] = {
                { "page", a_spoilt_page_costs_no_more_than_what_is_in_it, 4 },
                { "numbers", numbers_that_were_told_are_not_given_again, 0 },
                { "told", the_damage_is_told, 0 },
                { "cut", a_cut_file_keeps_what_it_has, 0 },
                { "other", what_is_no_journal_is_set_aside, 0 },
                { "bounded", damaged_files_are_bounded_and_none_is_dropped, 0 },
                { "log", a_log_that_is_damaged_in_its_midst_is_noticed, 2 },
                { "head", a_log_whose_head_is_damaged_is_read, 8 },
                { "alone", a_log_without_its_file_is_read, 2 },
                { "sector", a_bad_sector_costs_its_page, 0 },
                { "any", any_damage_is_survived, 16 },
                { "killed", killed_while_it_is_mended, 0 },
                { "use", damage_is_mended_while_the_journal_is_in_use, 0 },
                { 0 },
        };

        return unit_main("cache-journal-damage", cases);
}
