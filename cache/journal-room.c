/* SPDX-License-Identifier: Apache-2.0 */
#include "cache/journal-room.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "cache/journal-path.h"

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

/* What is allocated already costs next to nothing. */
static int hold(int fd, int64_t bytes) {
        struct stat st;
        int r;

        do
                r = fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, bytes) < 0 ? -errno : 0;
        while (r == -EINTR);
        if (r == -EOPNOTSUPP || r == -ENOSYS)
                return fstat(fd, &st) < 0 ? -errno : check_free(fd, bytes - st.st_size);
        return r == -EFBIG || r == -EDQUOT ? -ENOSPC : r;
}

/**
 * room_hold() - hold room for the file and the log to grow to. SQLite cuts off what is behind the
 * end of the file whenever all of the log is in it: then what was new has its room in the file.
 * Returns 0, -ENOSPC, or another negative errno.
 */
int room_hold(struct room *room, int64_t file_bytes, int64_t log_bytes) {
        int r;

        r = hold(room->log_fd, log_bytes);
        if (r == 0)
                r = hold(room->file_fd, file_bytes);
        room->is_held = r == 0;
        return r;
}
