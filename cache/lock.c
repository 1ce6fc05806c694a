/* SPDX-License-Identifier: Apache-2.0 */
#include "cache/lock.h"

#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/text.h"

/* File systems whose locks and shared memory do not hold between machines (statfs(2)). */
static const unsigned long remote_magics[] = {
        0x6969,     /* nfs */
        0x517b,     /* smb */
        0xff534d42, /* cifs */
        0xfe534d42, /* smb2 */
        0x65735546, /* fuse: sshfs, rclone and the like; also this file system itself */
        0x01021997, /* 9p */
        0x5346414f, /* afs */
        0x6b414653, /* kafs */
        0x73757245, /* coda */
        0x00c36400, /* ceph */
        0x0bd00bd0, /* lustre */
        0x19830326, /* fhgfs, beegfs */
        0x47504653, /* gpfs */
        0xaad7aaea, /* panfs */
        0x564c,     /* ncp */
};

/** place_is_remote() - does this f_type of statfs(2) belong to a network file system? */
bool place_is_remote(unsigned long magic) {
        for (size_t i = 0; i < ELEMENTSOF(remote_magics); i++)
                if (remote_magics[i] == magic)
                        return true;
        return false;
}

/* Makes the directory and those above it, private. */
static int make_directories(struct op *op, char *directory) {
        for (char *p = directory + 1;; p++) {
                char end = *p;

                if (end && end != '/')
                        continue;
                *p = '\0';
                if (mkdir(directory, 0700) < 0 && errno != EEXIST)
                        return op_fail(op, errno, "cannot make the directory %s: %s", directory,
                                       strerror(errno));
                *p = end;
                if (!end)
                        return 0;
        }
}

static int check_directory(struct op *op, const char *directory) {
        struct statfs fs;
        struct stat st;

        if (statfs(directory, &fs) < 0 || stat(directory, &st) < 0)
                return op_fail(op, errno, "cannot look at the directory %s: %s", directory,
                               strerror(errno));
        if (place_is_remote((unsigned long)fs.f_type))
                return op_fail(op, EOPNOTSUPP,
                               "%s is on a network file system, where a database "
                               "gets damaged: choose a directory on a local disk",
                               directory);
        if (st.st_uid != geteuid() || (st.st_mode & 022))
                return op_fail(op, EPERM,
                               "%s must belong to the user who mounts and be writable "
                               "by nobody else",
                               directory);
        return 0;
}

/**
 * place_prepare() - make the directory that the file at @path is in, if need be, and refuse one
 * that others may write to or that is on a network file system. Returns 0 or negative errno.
 */
int place_prepare(struct op *op, const char *path) {
        _cleanup_(freep) char *directory = NULL;
        const char *slash = strrchr(path, '/');
        int r;

        if (!slash)
                directory = strdup(".");
        else
                directory = strndup(path, slash == path ? 1 : (size_t)(slash - path));
        if (!directory)
                return op_fail(op, ENOMEM, "out of memory");
        r = make_directories(op, directory);
        return r < 0 ? r : check_directory(op, directory);
}

static int fail_held(struct op *op, const char *path, int fd) {
        char holder[24] = "";

        if (pread(fd, holder, sizeof(holder) - 1, 0) < 0)
                holder[0] = '\0';
        holder[strspn(holder, "0123456789")] = '\0';
        return op_fail(op, EBUSY, "%s is in use by process %s: one mount at a time", path,
                       *holder ? holder : "(unknown)");
}

static int write_holder(int fd) {
        char holder[24];
        int len = snprintf(holder, sizeof(holder), "%ld\n", (long)getpid());

        if (ftruncate(fd, 0) < 0 || pwrite(fd, holder, (size_t)len, 0) != len)
                return errno ? -errno : -EIO;
        return 0;
}

/**
 * lock_take() - hold the database at @path for this process alone, until lock_release().
 * Returns 0, -EBUSY with the holder's process id in @op's reason, or another negative errno.
 */
int lock_take(struct op *op, const char *path, int *ret_fd) {
        struct buf name = BUF_INIT(4096);
        int fd, r;

        r = buf_printf(&name, "%s.lock", path);
        if (r < 0) {
                buf_done(&name);
                return op_fail(op, -r, "the path is too long: %s", path);
        }
        fd = open(name.data, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
        if (fd < 0)
                r = op_fail(op, errno, "cannot open %s: %s", name.data, strerror(errno));
        else if (flock(fd, LOCK_EX | LOCK_NB) < 0)
                r = errno == EWOULDBLOCK
                            ? fail_held(op, path, fd)
                            : op_fail(op, errno, "cannot lock %s: %s", name.data, strerror(errno));
        else
                (void)write_holder(fd); /* a full disk does not matter: the lock holds */
        buf_done(&name);
        if (r < 0) {
                if (fd >= 0)
                        (void)close(fd);
                return r;
        }
        *ret_fd = fd;
        return 0;
}

/** lock_release() - give the database free. The file stays: removing it would race with others. */
void lock_release(int fd) {
        if (ftruncate(fd, 0) == 0)
                (void)fdatasync(fd);
        (void)close(fd);
}
