/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/cache/journal-shim.h"

#include <check.h>
#include <fcntl.h>
#include <signal.h>
#include <sqlite3.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"

struct shim shim;

/* What a file was where it was written to since it was synchronized. */
struct undo {
        char *path;
        sqlite3_int64 at, old_size;
        size_t len;
        char *bytes; /* those that were there; fewer than `len` at the end of the file */
        size_t bytes_len;
};

enum { UNDO_MAX = 65536 };

static struct undo undo[UNDO_MAX];
static size_t n_undo;

struct file {
        sqlite3_file base;
        char *path;
        sqlite3_file *real;
};

static sqlite3_vfs *real_vfs;

static struct file *of(sqlite3_file *file) {
        return (struct file *)file;
}

static uint64_t next_random(void) {
        shim.seed ^= shim.seed << 13;
        shim.seed ^= shim.seed >> 7;
        shim.seed ^= shim.seed << 17;
        return shim.seed;
}

static void die(void) {
        (void)kill(getpid(), SIGKILL);
        for (;;)
                (void)pause();
}

static void revert(const struct undo *u) {
        int fd = open(u->path, O_WRONLY | O_CLOEXEC);

        if (fd < 0)
                die();
        if (u->bytes_len && pwrite(fd, u->bytes, u->bytes_len, u->at) < 0)
                die();
        if (shim.fault == SHIM_POWER && ftruncate(fd, u->old_size) < 0)
                die();
        (void)close(fd);
}

/* The newest first, so that in the end the oldest bytes are there. */
static void fail_power(void) {
        for (size_t i = n_undo; i > 0; i--)
                if (shim.fault == SHIM_POWER || next_random() & 1)
                        revert(&undo[i - 1]);
        die();
}

static void remember(struct file *file, sqlite3_int64 at, size_t len) {
        struct undo *u = &undo[n_undo];

        ck_assert_uint_lt(n_undo, UNDO_MAX);
        n_undo++;
        shim.unsynced++;
        *u = (struct undo){ .path = strdup(file->path), .at = at, .len = len };
        if (shim.fault != SHIM_POWER && shim.fault != SHIM_POWER_SOME)
                return;
        (void)file->real->pMethods->xFileSize(file->real, &u->old_size);
        if (at >= u->old_size)
                return;
        u->bytes_len = u->old_size - at < (sqlite3_int64)len ? (size_t)(u->old_size - at) : len;
        u->bytes = malloc(u->bytes_len);
        ck_assert_ptr_nonnull(u->bytes);
        (void)file->real->pMethods->xRead(file->real, u->bytes, (int)u->bytes_len, at);
}

static void forget(const struct file *file) {
        size_t kept = 0;

        for (size_t i = 0; i < n_undo; i++) {
                if (strcmp(undo[i].path, file->path) != 0) {
                        undo[kept++] = undo[i];
                } else {
                        free(undo[i].path);
                        free(undo[i].bytes);
                }
        }
        n_undo = kept;
        shim.unsynced = (unsigned)kept;
}

/* Is it this call's turn? Calls that cannot fail in this way do not count. */
static bool is_due(bool is_write, bool is_sync) {
        if ((shim.fault == SHIM_FULL || shim.fault == SHIM_WRITE) && !is_write)
                return false;
        if (shim.fault == SHIM_SYNC && !is_sync)
                return false;
        shim.calls++;
        if (!shim.fail_at || shim.calls < shim.fail_at)
                return false;
        return shim.stays || shim.calls == shim.fail_at;
}

static void die_if_due(bool due) {
        if (!due)
                return;
        if (shim.fault == SHIM_KILL)
                die();
        if (shim.fault == SHIM_POWER || shim.fault == SHIM_POWER_SOME)
                fail_power();
}

static int shim_write(sqlite3_file *file, const void *data, int len, sqlite3_int64 at) {
        sqlite3_file *real = of(file)->real;
        bool due = is_due(true, false);

        die_if_due(due);
        remember(of(file), at, (size_t)len);
        if (due && shim.fault == SHIM_KILL_TORN) {
                (void)real->pMethods->xWrite(real, data, len / 2, at);
                die();
        }
        if (due && (shim.fault == SHIM_FULL || shim.fault == SHIM_WRITE)) {
                shim.failures++;
                (void)real->pMethods->xWrite(real, data, len / 2, at);
                return shim.fault == SHIM_FULL ? SQLITE_FULL : SQLITE_IOERR_WRITE;
        }
        return real->pMethods->xWrite(real, data, len, at);
}

static int shim_truncate(sqlite3_file *file, sqlite3_int64 size) {
        sqlite3_file *real = of(file)->real;
        sqlite3_int64 old_size = 0;
        bool due = is_due(false, false);

        die_if_due(due);
        (void)real->pMethods->xFileSize(real, &old_size);
        if (old_size > size)
                remember(of(file), size, (size_t)(old_size - size));
        if (due && shim.fault == SHIM_KILL_TORN)
                die();
        return real->pMethods->xTruncate(real, size);
}

static int shim_sync(sqlite3_file *file, int flags) {
        sqlite3_file *real = of(file)->real;
        bool due = is_due(false, true);

        die_if_due(due);
        if (due && shim.fault == SHIM_KILL_TORN)
                die();
        if (due && shim.fault == SHIM_SYNC) {
                shim.failures++;
                return SQLITE_IOERR_FSYNC;
        }
        forget(of(file));
        return real->pMethods->xSync(real, flags);
}

static int shim_close(sqlite3_file *file) {
        sqlite3_file *real = of(file)->real;
        int rc = real->pMethods->xClose(real);

        free(real);
        free(of(file)->path);
        return rc;
}

static int shim_read(sqlite3_file *file, void *data, int len, sqlite3_int64 at) {
        struct stat st;

        if (at < shim.bad_to && at + len > shim.bad_from && stat(of(file)->path, &st) == 0 &&
            st.st_ino == shim.bad_file)
                return SQLITE_IOERR_READ;
        return of(file)->real->pMethods->xRead(of(file)->real, data, len, at);
}

static int shim_size(sqlite3_file *file, sqlite3_int64 *ret) {
        return of(file)->real->pMethods->xFileSize(of(file)->real, ret);
}

static int shim_lock(sqlite3_file *file, int level) {
        return of(file)->real->pMethods->xLock(of(file)->real, level);
}

static int shim_unlock(sqlite3_file *file, int level) {
        return of(file)->real->pMethods->xUnlock(of(file)->real, level);
}

static int shim_check_lock(sqlite3_file *file, int *ret) {
        return of(file)->real->pMethods->xCheckReservedLock(of(file)->real, ret);
}

static int shim_control(sqlite3_file *file, int what, void *data) {
        return of(file)->real->pMethods->xFileControl(of(file)->real, what, data);
}

static int shim_sector(sqlite3_file *file) {
        return of(file)->real->pMethods->xSectorSize(of(file)->real);
}

static int shim_traits(sqlite3_file *file) {
        return of(file)->real->pMethods->xDeviceCharacteristics(of(file)->real);
}

static int shim_shm_map(sqlite3_file *file, int page, int size, int extend, void volatile **ret) {
        return of(file)->real->pMethods->xShmMap(of(file)->real, page, size, extend, ret);
}

static int shim_shm_lock(sqlite3_file *file, int offset, int n, int flags) {
        return of(file)->real->pMethods->xShmLock(of(file)->real, offset, n, flags);
}

static void shim_shm_barrier(sqlite3_file *file) {
        of(file)->real->pMethods->xShmBarrier(of(file)->real);
}

static int shim_shm_unmap(sqlite3_file *file, int drop) {
        return of(file)->real->pMethods->xShmUnmap(of(file)->real, drop);
}

static const sqlite3_io_methods methods = {
        .iVersion = 2,
        .xClose = shim_close,
        .xRead = shim_read,
        .xWrite = shim_write,
        .xTruncate = shim_truncate,
        .xSync = shim_sync,
        .xFileSize = shim_size,
        .xLock = shim_lock,
        .xUnlock = shim_unlock,
        .xCheckReservedLock = shim_check_lock,
        .xFileControl = shim_control,
        .xSectorSize = shim_sector,
        .xDeviceCharacteristics = shim_traits,
        .xShmMap = shim_shm_map,
        .xShmLock = shim_shm_lock,
        .xShmBarrier = shim_shm_barrier,
        .xShmUnmap = shim_shm_unmap,
};

static int shim_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags,
                     int *ret_flags) {
        struct file *shimmed = of(file);
        int rc;

        (void)vfs;
        shimmed->real = calloc(1, (size_t)real_vfs->szOsFile);
        ck_assert_ptr_nonnull(shimmed->real);
        shimmed->path = strdup(name ? name : "");
        rc = real_vfs->xOpen(real_vfs, name, shimmed->real, flags, ret_flags);
        if (rc == SQLITE_OK) {
                file->pMethods = &methods;
        } else {
                free(shimmed->real);
                free(shimmed->path);
                file->pMethods = NULL;
        }
        return rc;
}

/** shim_install() - stand before the disk for every database that is opened from now on. */
void shim_install(void) {
        static sqlite3_vfs vfs;

        if (real_vfs)
                return;
        real_vfs = sqlite3_vfs_find(NULL);
        vfs = *real_vfs;
        vfs.zName = "shim";
        vfs.szOsFile = (int)sizeof(struct file);
        vfs.xOpen = shim_open;
        ck_assert_int_eq(sqlite3_vfs_register(&vfs, 1), SQLITE_OK);
}

/** shim_set() - from the next call on; what was not synchronized before counts as if it were. */
void shim_set(enum shim_fault fault, unsigned fail_at, bool stays) {
        for (size_t i = 0; i < n_undo; i++) {
                free(undo[i].path);
                free(undo[i].bytes);
        }
        n_undo = 0;
        shim = (struct shim){
                .fault = fault, .fail_at = fail_at, .stays = stays, .seed = fail_at + 1
        };
}

/** shim_count() - a call that changes files and is none of SQLite's. */
void shim_count(void) {
        die_if_due(is_due(false, false));
}
