/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/mountpoint.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/text.h"

static int say(int error, const char *path, const char *text) {
        fprintf(stderr, "hcloudfs: %s: %s\n", path, text);
        return -error;
}

/* What a daemon left behind that died: nobody answers there. */
static bool is_dead(int error) {
        return error == ENOTCONN || error == ECONNABORTED;
}

/* As root by the system call, else by the helper that may do it for us. */
static int unmount_dead(const char *path) {
        char program[] = "fusermount3", u[] = "-u", z[] = "-z", end[] = "--";
        char *copy, *argv[] = { program, u, z, end, NULL, NULL };
        int status = -1;
        pid_t child;
        int r;

        if (geteuid() == 0)
                return umount2(path, MNT_DETACH) < 0 ? -errno : 0;
        copy = strdup(path);
        if (!copy)
                return -ENOMEM;
        argv[4] = copy;
        r = posix_spawnp(&child, program, NULL, NULL, argv, environ);
        free(copy);
        if (r)
                return -r;
        while (waitpid(child, &status, 0) < 0 && errno == EINTR)
                continue;
        return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : -EBUSY;
}

/* The kernel may remember what it was told before the daemon died, but opening asks. */
static int look(const char *path, struct stat *ret) {
        int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

        if (fd < 0 && is_dead(errno))
                return -errno;
        if (fd >= 0)
                close(fd);
        return stat(path, ret) < 0 ? -errno : 0;
}

static int check_empty(const char *path) {
        const struct dirent *entry;
        DIR *dir = opendir(path);
        bool is_empty = true;

        if (!dir)
                return say(errno, path, strerror(errno));
        while (is_empty && (entry = readdir(dir)))
                is_empty = text_eq(entry->d_name, ".") || text_eq(entry->d_name, "..");
        if (!is_empty && faccessat(dirfd(dir), ".hcloudfs/version", F_OK, 0) == 0) {
                closedir(dir);
                return say(EBUSY, path, "hcloudfs is mounted there already");
        }
        closedir(dir);
        return is_empty ? 0 : say(ENOTEMPTY, path, "is not empty; mount at an empty directory");
}

/**
 * mountpoint_prepare() - check the directory; a dead mount there is cleared away first.
 * @ret: its absolute path, owned by the caller.
 * Returns 0 or negative errno, with a line on standard error.
 */
int mountpoint_prepare(const char *path, char **ret) {
        _cleanup_(freep) char *absolute = NULL;
        struct stat st;
        int r = look(path, &st);

        if (is_dead(-r)) {
                r = unmount_dead(path);
                if (r < 0)
                        return say(-r, path, "a dead mount is there and cannot be unmounted");
                fprintf(stderr, "hcloudfs: %s: cleared a dead mount away\n", path);
                r = look(path, &st);
        }
        if (r < 0)
                return say(-r, path, r == -ENOENT ? "there is no such directory" : strerror(-r));
        if (!S_ISDIR(st.st_mode))
                return say(ENOTDIR, path, "is not a directory");
        r = check_empty(path);
        if (r < 0)
                return r;
        absolute = realpath(path, NULL);
        if (!absolute)
                return say(errno, path, strerror(errno));
        *ret = STEAL(absolute);
        return 0;
}

/** mountpoint_check_device() - can this kernel mount FUSE, as far as we may see? */
int mountpoint_check_device(void) {
        int fd = open("/dev/fuse", O_RDWR | O_CLOEXEC);

        if (fd >= 0) {
                close(fd);
                return 0;
        }
        if (errno == ENOENT || errno == ENODEV || errno == ENXIO)
                return say(errno, "/dev/fuse", "not there; load the module: modprobe fuse");
        if (geteuid() == 0)
                return say(errno, "/dev/fuse", strerror(errno));
        return 0; /* fusermount3 opens it for us */
}
