/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/connection.h"

#include <fcntl.h>
#include <limits.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/text.h"

enum { WORDS = 5 };

/* The kernel writes blanks and the like as `\040`. */
static void unescape(char *text) {
        char *to = text;

        for (; *text; text++) {
                if (text[0] == '\\' && text[1] >= '0' && text[1] <= '3' && text[2] >= '0' &&
                    text[2] <= '7' && text[3] >= '0' && text[3] <= '7') {
                        *to++ = (char)((text[1] - '0') << 6 | (text[2] - '0') << 3 |
                                       (text[3] - '0'));
                        text += 3;
                } else {
                        *to++ = *text;
                }
        }
        *to = '\0';
}

/**
 * mounted_line_split() - `ID PARENT DEVICE ROOT MOUNTPOINT OPTIONS [TAG…] - TYPE SOURCE …`.
 * @line: is changed, and is what @ret's parts are in. Returns whether it is such a line.
 */
bool mounted_line_split(char *line, struct mounted_line *ret) {
        char *words[WORDS], *save = line, *type = strstr(line, " - ");

        for (size_t i = 0; i < ELEMENTSOF(words); i++) {
                words[i] = strsep(&save, " ");
                if (!save || !type)
                        return false;
        }
        unescape(words[4]);
        *ret = (struct mounted_line){
                .device = words[2],
                .root = words[3],
                .mountpoint = words[4],
                .type = type + strlen(" - "),
        };
        return true;
}

/** mounted_line_is_ours() - is it a mount of hcloudfs, as a whole? */
bool mounted_line_is_ours(const struct mounted_line *line) {
        return text_starts(line->type, "fuse.hcloudfs ") && text_eq(line->root, "/");
}

/**
 * connection_find() - the number of the connection of what is mounted there, if that is ours: of
 * several the one on top. Returns 0 or -ENOENT.
 */
int connection_find(const char *mountpoint, unsigned *ret) {
        FILE *file = fopen("/proc/self/mountinfo", "re");
        struct mounted_line parts;
        char *line = NULL;
        size_t size = 0;
        int r = -ENOENT;

        while (file && getline(&line, &size, file) > 0) {
                const char *minor;

                if (!mounted_line_split(line, &parts) || !text_eq(parts.mountpoint, mountpoint))
                        continue;
                minor = strchr(parts.device, ':');
                r = mounted_line_is_ours(&parts) && minor &&
                                    text_uint(minor + 1, UINT_MAX, ret) == 0
                            ? 0
                            : -ENOENT;
        }
        free(line);
        if (file)
                fclose(file);
        return r;
}

static bool abort_by_number(unsigned number) {
        char control[64];
        bool is_done;
        int fd;

        (void)snprintf(control, sizeof(control), "/sys/fs/fuse/connections/%u/abort", number);
        fd = open(control, O_WRONLY | O_CLOEXEC);
        is_done = fd >= 0 && write(fd, "1", 1) == 1;
        if (fd >= 0)
                close(fd);
        return is_done;
}

/**
 * connection_abort() - frees everybody who waits for an answer from what is mounted there: by the
 * file that its owner may write to, or as root. Returns whether it could.
 */
bool connection_abort(const char *mountpoint) {
        unsigned number;

        if (connection_find(mountpoint, &number) == 0 && abort_by_number(number))
                return true;
        return umount2(mountpoint, MNT_FORCE | MNT_DETACH) == 0;
}

/**
 * connection_unmount() - what nobody answers for any more: as root by the system call, else by the
 * helper that may do it for us. Returns 0 or negative errno, -EBUSY if the helper could not.
 */
int connection_unmount(const char *mountpoint) {
        char program[] = "fusermount3", u[] = "-u", z[] = "-z", end[] = "--";
        char *copy, *argv[] = { program, u, z, end, NULL, NULL };
        int status = -1;
        pid_t child;
        int r;

        if (geteuid() == 0)
                return umount2(mountpoint, MNT_FORCE | MNT_DETACH) < 0 ? -errno : 0;
        copy = strdup(mountpoint);
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
