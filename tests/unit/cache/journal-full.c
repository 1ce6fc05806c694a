/* SPDX-License-Identifier: Apache-2.0 */
/* A disk that is full to the last block: a small one of its own, which must be mounted. */
#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/text.h"
#include "tests/unit/cache/directory.h"
#include "tests/unit/cache/journal-model.h"
#include "tests/unit/unit.h"

static struct op op;
static char directory[256];

static int write_text(const char *file, const char *text) {
        int fd = open(file, O_WRONLY | O_CLOEXEC), r;

        if (fd < 0)
                return -errno;
        r = write(fd, text, strlen(text)) < 0 ? -errno : 0;
        (void)close(fd);
        return r;
}

/* Mounts of our own, as root or as anybody who may have a namespace. */
static int leave_mounts(void) {
        uid_t uid = geteuid();
        char map[32];

        if (unshare(CLONE_NEWNS) < 0) {
                if (unshare(CLONE_NEWUSER | CLONE_NEWNS) < 0)
                        return -errno;
                (void)snprintf(map, sizeof(map), "0 %u 1", uid);
                if (write_text("/proc/self/uid_map", map) < 0)
                        return -EPERM;
        }
        return mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ? -errno : 0;
}

static int mount_small(const char *where, const char *size) {
        char options[64];

        (void)snprintf(options, sizeof(options), "mode=0700,size=%s", size);
        return mount("none", where, "tmpfs", MS_NOSUID | MS_NODEV, options) < 0 ? -errno : 0;
}

static void begin(const char *size) {
        disk_begin();
        op_init(&op, OP_INTERACTIVE, 10000);
        (void)snprintf(directory, sizeof(directory), "%s", disk_path());
        *strrchr(directory, '/') = '\0';
        ck_assert_int_eq(mkdir(directory, 0700), 0);
        ck_assert_int_eq(leave_mounts(), 0);
        ck_assert_int_eq(mount_small(directory, size), 0);
}

static void end(void) {
        ck_assert_int_eq(umount2(directory, MNT_DETACH), 0);
        disk_end();
}

/* Somebody else takes all that is free. */
static void fill(void) {
        char file[300], block[4096] = "x";
        int fd;

        (void)snprintf(file, sizeof(file), "%s/filling", directory);
        fd = open(file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
        ck_assert_int_ge(fd, 0);
        while (write(fd, block, sizeof(block)) > 0)
                continue;
        ck_assert_int_eq(errno, ENOSPC);
        (void)close(fd);
}

static void make_free(void) {
        char file[300];

        (void)snprintf(file, sizeof(file), "%s/filling", directory);
        ck_assert_int_eq(unlink(file), 0);
}

static char path[] = "account/a.json";
static char bytes[JOURNAL_TEXT_MAX];

static int accept(struct journal *journal, size_t len, int64_t *ret_id) {
        const struct edit edit = { .act = EDIT_SAVE, .path = path, .text = bytes, .len = len };

        return journal_accept(journal, &op, &edit, ret_id);
}

static const struct op_step step = { .number = 1,
                                     .count = 1,
                                     .service = "dws",
                                     .call = "CreateCluster",
                                     .method = "POST",
                                     .target = "/v1/clusters",
                                     .is_once = true };

static void refuse(struct journal *journal, int64_t id) {
        struct op_fault fault = {
                .error = -EINVAL, .status = 400, .code = "DWS.1", .request_id = "req"
        };

        memset(fault.reason, 'r', sizeof(fault.reason) - 1);
        ck_assert_int_eq(journal_step_begin(journal, &op, id, &step), 0);
        journal_step_end(journal, id, &step, -EINVAL);
        journal_finish(journal, id, EDIT_REJECTED, &fault);
}

static struct journal_state describe(struct journal *journal) {
        struct journal_state state;

        journal_describe(journal, &state);
        return state;
}

static void expect_text(struct journal *journal, int64_t id, size_t len) {
        char name[32], *data = NULL;
        size_t found = 0;

        (void)snprintf(name, sizeof(name), "%lld", (long long)id);
        ck_assert_int_eq(journal_fetch(journal, SHELF_REJECTED, path, name, &data, &found), 0);
        ck_assert_uint_eq(found, len);
        ck_assert(memcmp(data, bytes, len) == 0);
        free(data);
}

/* _i: restarted in between or not. */
START_TEST(what_was_accepted_is_carried_to_its_end) {
        enum { EDITS = 250 };
        struct journal *journal;
        int64_t ids[EDITS], id;

        begin("24m");
        journal = open_journal();
        for (int i = 0; i < EDITS; i++)
                ck_assert_int_eq(accept(journal, 1000 + (size_t)i, &ids[i]), 0);
        fill();
        ck_assert_int_eq(accept(journal, sizeof(bytes), &id), -ENOSPC);
        ck_assert_ptr_nonnull(strstr(op.fault.reason, "disk"));
        if (_i) {
                (void)journal_close(journal);
                fill();
                journal = open_journal();
                fill();
        }
        for (int i = 0; i < EDITS; i++) {
                refuse(journal, ids[i]);
                ck_assert_uint_eq(describe(journal).owed, 0);
        }
        ck_assert_int_eq(accept(journal, sizeof(bytes), &id), -ENOSPC);
        while (accept(journal, 100, &id) == 0)
                refuse(journal, id);
        ck_assert(describe(journal).is_full);
        ck_assert_uint_eq(describe(journal).owed, 0);
        fill();
        (void)journal_close(journal);
        journal = open_journal();
        for (int i = 0; i < EDITS; i++)
                expect_text(journal, ids[i], 1000 + (size_t)i);
        make_free();
        ck_assert_int_eq(accept(journal, sizeof(bytes), &id), 0);
        ck_assert(!describe(journal).is_full);
        (void)journal_close(journal);
        end();
}
END_TEST

START_TEST(large_texts_end_on_a_full_disk_too) {
        struct journal *journal;
        int64_t ids[3];

        begin("48m");
        journal = open_journal();
        for (int i = 0; i < 3; i++)
                ck_assert_int_eq(accept(journal, sizeof(bytes), &ids[i]), 0);
        fill();
        refuse(journal, ids[0]);
        ck_assert_int_eq(journal_step_begin(journal, &op, ids[1], &step), 0);
        journal_step_end(journal, ids[1], &step, 0);
        journal_finish(journal, ids[1], EDIT_DONE, NULL);
        journal_finish(journal, ids[2], EDIT_UNKNOWN, NULL);
        ck_assert_uint_eq(describe(journal).owed, 0);
        ck_assert_uint_eq(journal_pending(journal), 0);
        (void)journal_close(journal);
        journal = open_journal();
        ck_assert_uint_eq(journal_pending(journal), 0);
        ck_assert_uint_eq(describe(journal).unknown, 1);
        expect_text(journal, ids[0], sizeof(bytes));
        (void)journal_close(journal);
        end();
}
END_TEST

/* However much is free: an edit is refused as a whole, or it goes to its end. */
START_TEST(on_a_disk_of_any_size) {
        char size[16];

        for (unsigned kib = 1024; kib < 7000; kib += 64) {
                struct journal *journal = NULL;
                int64_t ids[40];
                int count = 0, r;

                (void)snprintf(size, sizeof(size), "%uk", kib);
                begin(size);
                if (journal_open(&op, disk_path(), &journal) == 0) {
                        while (count < 40) {
                                r = accept(journal, 30000, &ids[count]);
                                if (r < 0)
                                        break;
                                count++;
                        }
                        ck_assert(count == 40 || r == -ENOSPC);
                        fill();
                        for (int i = 0; i < count; i++)
                                refuse(journal, ids[i]);
                        ck_assert_uint_eq(describe(journal).owed, 0);
                        (void)journal_close(journal);
                        journal = open_journal();
                        for (int i = 0; i < count; i++)
                                expect_text(journal, ids[i], 30000);
                        (void)journal_close(journal);
                } else {
                        ck_assert_int_eq(op.fault.error, -ENOSPC);
                }
                end();
        }
}
END_TEST

START_TEST(a_secret_may_use_the_last_room) {
        const struct shelved item = { .shelf = SHELF_SECRET,
                                      .path = path,
                                      .name = "kubeconfig",
                                      .data = bytes,
                                      .len = 20000 };
        struct shelved other = item;
        struct journal *journal;
        char *data = NULL;
        int64_t id;
        size_t len;

        begin("16m");
        journal = open_journal();
        ck_assert_int_eq(accept(journal, 100, &id), 0);
        fill();
        other.shelf = SHELF_RESULT;
        other.len = sizeof(bytes);
        ck_assert_int_eq(journal_put(journal, &op, &other), -ENOSPC);
        ck_assert_int_eq(journal_put(journal, &op, &item), 0);
        (void)journal_close(journal);
        journal = open_journal();
        ck_assert_int_eq(journal_fetch(journal, SHELF_SECRET, path, "kubeconfig", &data, &len), 0);
        ck_assert_uint_eq(len, 20000);
        free(data);
        (void)journal_close(journal);
        end();
}
END_TEST

/* In a process of its own, for it cannot be undone. */
static bool may_mount(void) {
        int status = 1;
        pid_t pid = fork();

        if (pid == 0)
                _exit(leave_mounts() < 0 || mount_small("/tmp", "64k") < 0);
        return pid > 0 && waitpid(pid, &status, 0) == pid && status == 0;
}

int main(void) {
        const struct unit_case cases[] = {
                { "carried", what_was_accepted_is_carried_to_its_end, 2 },
                { "large", large_texts_end_on_a_full_disk_too, 0 },
                { "any", on_a_disk_of_any_size, 0 },
                { "secret", a_secret_may_use_the_last_room, 0 },
                { 0 },
        };

        if (!may_mount()) {
                puts("1..0 # SKIP cannot mount a small disk of its own");
                return EXIT_SUCCESS;
        }
        for (size_t i = 0; i < sizeof(bytes); i++)
                bytes[i] = (char)(i * 2654435761u >> 13);
        return unit_main("cache-journal-full", cases);
}
