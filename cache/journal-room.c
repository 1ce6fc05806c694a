/* SPDX-License-Identifier: Apache-2.0 */
#include "cache/journal-room.h"

#include <fcntl.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "cache/journal-path.h"

/* For the file: pages of tables and indexes, and, for each edit, a refusal and its shelf. */
enum { FILE_RESERVE = 512 * 1024, EDIT_RESERVE = 8 * 1024 };

static int open_file(const char *path, const char *suffix) {
        _cleanup_(freep) char *name = NULL;
        int fd, r;

        r = path_join(path, suffix, &name);
        if (r < 0)
                return r;
        fd = open(name, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
        return fd < 0 ? -errno : fd;
}

/**
 * room_open() - for the open database at @path. Must be closed after the database: closing a
 * descriptor of it gives up all locks that this process has on the file (fcntl(2)).
 * Returns 0 or negative errno.
 */
int room_open(struct room *room, const char *path) {
        *room = (struct room){ .file_fd = open_file(path, ""), .log_fd = -1 };
        if (room->file_fd < 0)
                return room->file_fd;
        room->log_fd = open_file(path, "-wal");
        return room->log_fd < 0 ? room->log_fd : 0;
}

/** room_close() - stop allocating; what is allocated stays so. */
void room_close(struct room *room) {
        if (room->file_fd >= 0)
                (void)close(room->file_fd);
        if (room->log_fd >= 0)
                (void)close(room->log_fd);
        room->file_fd = room->log_fd = -1;
}

static int check_free(int fd, int64_t bytes) {
        struct statvfs fs;

        if (fstatvfs(fd, &fs) < 0)
                return -errno;
        return fs.f_bavail >= (uint64_t)bytes / fs.f_frsize + 1 ? 0 : -ENOSPC;
}

static int hold(int fd, int64_t bytes, int64_t *held) {
        int64_t missing = bytes - *held;
        int r;

        if (missing <= 0)
                return 0;
        do
                r = fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, bytes) < 0 ? -errno : 0;
        while (r == -EINTR);
        if (r == -EOPNOTSUPP || r == -ENOSYS)
                return check_free(fd, missing);
        if (r == 0)
                *held = bytes;
        return r == -EFBIG || r == -EDQUOT ? -ENOSPC : r;
}

/**
 * room_hold() - hold room for something new and, beyond it, the reserve.
 * @file_bytes, @log_bytes: what the file and a transaction's part of the log grow to.
 * @pending: edits whose end is still to be written.
 * Returns 0, -ENOSPC, or another negative errno.
 */
int room_hold(struct room *room, int64_t file_bytes, int64_t log_bytes, unsigned pending) {
        int r;

        r = hold(room->log_fd, log_bytes + LOG_KEPT_BYTES, &room->log_held);
        if (r == 0)
                r = hold(room->file_fd, file_bytes + FILE_RESERVE + (int64_t)pending * EDIT_RESERVE,
                         &room->file_held);
        /* What is beyond may be cut off the log again. */
        if (room->log_held > LOG_KEPT_BYTES)
                room->log_held = LOG_KEPT_BYTES;
        room->is_held = r == 0;
        return r;
}
