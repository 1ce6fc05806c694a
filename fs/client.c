/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/client.h"

#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"
#include "fs/connection.h"

enum { MOUNTS_MAX = 16 * 1024 * 1024, LINKS_MAX = 16 };

/** spot_done() - frees what it owns; may be called again. */
void spot_done(struct spot *spot) {
        free(spot->mountpoint);
        free(spot->below);
        *spot = (struct spot){ 0 };
}

/** spot_say() - a line on standard error. Returns EXIT_FAILURE. */
int spot_say(const char *path, const char *text) {
        fprintf(stderr, "hcloudfs: %s: %s\n", path, text);
        return EXIT_FAILURE;
}

/* All of a file that says how long it is only at its end. */
static int read_all(const char *path, size_t max, struct buf *buf) {
        int fd = open(path, O_RDONLY | O_CLOEXEC), r = 0;
        char data[4096];
        ssize_t n = 1;

        if (fd < 0)
                return -errno;
        while (r == 0 && n > 0 && buf->len < max) {
                n = read(fd, data, sizeof(data));
                if (n < 0 && errno == EINTR)
                        n = 1;
                else
                        r = n < 0 ? -errno : buf_add(buf, data, (size_t)n);
        }
        close(fd);
        return r;
}

static int full_path(const char *path, char **ret) {
        char here[PATH_MAX];

        if (*path == '/')
                return text_format(ret, "%s", path);
        if (!getcwd(here, sizeof(here)))
                return -errno;
        return text_format(ret, "%s/%s", here, path);
}

/* Without links but a last one, which is itself asked about. The file is not looked at: that would
 * be a request already. */
static int resolve(const char *path, char **ret) {
        _cleanup_(freep) char *full = NULL, *above = NULL;
        char *slash, *name;
        int r = full_path(path, &full);

        if (r < 0)
                return r;
        name = strrchr(full, '/') + 1;
        if (!*name || text_eq(name, ".") || text_eq(name, "..")) {
                *ret = realpath(full, NULL);
                return *ret ? 0 : -errno;
        }
        slash = name - 1;
        *slash = '\0';
        above = realpath(*full ? full : "/", NULL);
        if (!above)
                return -errno;
        return text_format(ret, "%s/%s", text_eq(above, "/") ? "" : above, name);
}

static bool is_below(const char *path, const char *above) {
        size_t len = text_eq(above, "/") ? 0 : strlen(above);

        return strncmp(path, above, len) == 0 && (!path[len] || path[len] == '/');
}

/* Looks whether the path is below: what is mounted deeper or later hides the others. */
static int look_at(char *line, const char *path, struct spot *spot, bool *is_ours) {
        struct mounted_line parts;
        char *copy;

        if (!mounted_line_split(line, &parts) || !is_below(path, parts.mountpoint) ||
            (spot->mountpoint && strlen(parts.mountpoint) < strlen(spot->mountpoint)))
                return 0;
        copy = strdup(parts.mountpoint);
        if (!copy)
                return -ENOMEM;
        free(spot->mountpoint);
        spot->mountpoint = copy;
        *is_ours = mounted_line_is_ours(&parts);
        return 0;
}

/* As spot_locate(), of what resolve() gave. */
static int locate(const char *real, struct spot *ret) {
        struct buf mounts = BUF_INIT(0);
        bool is_ours = false;
        char *cursor;
        int r = read_all("/proc/self/mountinfo", MOUNTS_MAX, &mounts);

        cursor = mounts.data;
        while (r == 0 && cursor && *cursor)
                r = look_at(strsep(&cursor, "\n"), real, ret, &is_ours);
        buf_done(&mounts);
        if (r == 0 && !is_ours)
                r = -ENOTTY;
        if (r == 0) {
                ret->below = strdup(real +
                                    (text_eq(ret->mountpoint, "/") ? 0 : strlen(ret->mountpoint)));
                r = ret->below ? 0 : -ENOMEM;
        }
        if (r < 0)
                spot_done(ret);
        return r;
}

/* What a link leads to, resolved; -ENOTTY if it is none. @real: in no mount of ours. */
static int follow(const char *real, char **ret) {
        _cleanup_(freep) char *path = NULL;
        char target[PATH_MAX];
        ssize_t n = readlink(real, target, sizeof(target) - 1);

        if (n < 0)
                return -ENOTTY;
        target[n] = '\0';
        if (text_format(&path, "%.*s%s", *target == '/' ? 0 : (int)(strrchr(real, '/') + 1 - real),
                        real, target) < 0)
                return -ENOMEM;
        return resolve(path, ret);
}

/**
 * spot_locate() - of a path; of a link outside that leads into a mount, of what it leads to.
 * Returns 0, -ENOTTY if it is in no mount of ours, or other negative errno; @ret then owns nothing.
 */
int spot_locate(const char *path, struct spot *ret) {
        _cleanup_(freep) char *real = NULL;
        int r = resolve(path, &real);

        if (r == 0)
                r = locate(real, ret);
        for (unsigned links = 0; r == -ENOTTY && links < LINKS_MAX; links++) {
                char *next;

                r = follow(real, &next);
                if (r < 0)
                        break;
                free(real);
                real = next;
                r = locate(real, ret);
        }
        return r;
}

static bool is_dead(int r) {
        return r == -ENOTCONN || r == -ECONNABORTED;
}

/** spot_say_lost() - why a path cannot be located. Returns EXIT_FAILURE. */
int spot_say_lost(const char *path, int r) {
        if (r == -ENOTTY)
                return spot_say(path, "is not inside a mount of hcloudfs");
        if (is_dead(r))
                return spot_say(path, "its mount is dead; mount again, which clears it away");
        return spot_say(path, strerror(-r));
}

static int control_path(const struct spot *spot, const char *name, const char *below, char **ret) {
        return text_format(ret, "%s/.hcloudfs/%s%s", spot->mountpoint, name, below);
}

/** spot_read() - append what a control file says. 0 or negative errno. */
int spot_read(const struct spot *spot, const char *name, const char *below, struct buf *buf) {
        _cleanup_(freep) char *path = NULL;
        int r = control_path(spot, name, below, &path);

        return r < 0 ? r : read_all(path, ANSWER_MAX, buf);
}

/** spot_say_refused() - the reason behind the errno of what was just tried. EXIT_FAILURE. */
int spot_say_refused(const struct spot *spot, const char *path, int r) {
        struct buf reason = BUF_INIT(ANSWER_MAX + 4096);

        if (is_dead(r))
                return spot_say_lost(path, r);
        if (spot_read(spot, "last_error", "", &reason) == 0 && reason.len)
                fprintf(stderr, "hcloudfs: %s: %s\n%s", path, strerror(-r), buf_str(&reason));
        else
                (void)spot_say(path, strerror(-r));
        buf_done(&reason);
        return EXIT_FAILURE;
}

static bool is_hcloudfs(pid_t pid) {
        struct buf name = BUF_INIT(4096);
        char path[64];
        bool is;

        (void)snprintf(path, sizeof(path), "/proc/%d/comm", (int)pid);
        is = read_all(path, 256, &name) == 0 && text_starts(buf_str(&name), "hcloudfs");
        buf_done(&name);
        return is;
}

/** spot_daemon() - the process that serves the mount, 0 if it is not on this machine. */
pid_t spot_daemon(const struct spot *spot) {
        struct buf status = BUF_INIT(ANSWER_MAX + 4096);
        const char *line;
        unsigned pid = 0;
        char number[16];
        int r = spot_read(spot, "status", "", &status);

        line = r == 0 ? strstr(buf_str(&status), "\npid: ") : NULL;
        if (line) {
                line += strlen("\npid: ");
                (void)snprintf(number, sizeof(number), "%.*s", (int)strspn(line, "0123456789"),
                               line);
                r = text_uint(number, INT_MAX, &pid);
        }
        buf_done(&status);
        return r == 0 && pid > 1 && is_hcloudfs((pid_t)pid) ? (pid_t)pid : 0;
}

/** spot_write() - a line to a control file. 0 or negative errno. */
int spot_write(const struct spot *spot, const char *name, const char *text) {
        _cleanup_(freep) char *path = NULL, *line = NULL;
        int r = control_path(spot, name, "", &path), fd;
        ssize_t written;

        if (r == 0)
                r = text_format(&line, "%s\n", text);
        if (r < 0)
                return r;
        fd = open(path, O_WRONLY | O_CLOEXEC);
        if (fd < 0)
                return -errno;
        written = write(fd, line, strlen(line));
        r = written < 0 ? -errno : 0;
        if (close(fd) < 0 && r == 0)
                r = -errno;
        return r;
}
