/* SPDX-License-Identifier: Apache-2.0 */
/* Commands about a path inside a running mount: they ask the mount's own control files. */
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"
#include "fs/program.h"

enum { ANSWER_MAX = 64 * 1024, MOUNTS_MAX = 16 * 1024 * 1024 };

/* A path taken apart: where its mount is, and what stands below. */
struct spot {
        char *mountpoint;
        char *below; /* begins with a slash, or is empty */
};

static void spot_done(struct spot *spot) {
        free(spot->mountpoint);
        free(spot->below);
}

static int say(const char *path, const char *text) {
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
        int n;

        if (*path == '/')
                n = asprintf(ret, "%s", path);
        else if (!getcwd(here, sizeof(here)))
                return -errno;
        else
                n = asprintf(ret, "%s/%s", here, path);
        return n < 0 ? -ENOMEM : 0;
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
        return asprintf(ret, "%s/%s", text_eq(above, "/") ? "" : above, name) < 0 ? -ENOMEM : 0;
}

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

static bool is_below(const char *path, const char *above) {
        size_t len = text_eq(above, "/") ? 0 : strlen(above);

        return strncmp(path, above, len) == 0 && (!path[len] || path[len] == '/');
}

/* `ID PARENT DEVICE ROOT MOUNTPOINT OPTIONS [TAG…] - TYPE SOURCE …` (proc(5)). Looks whether the
 * path is below: what is mounted deeper or later hides the others. */
static int look_at(char *line, const char *path, struct spot *spot, bool *is_ours) {
        char *words[5], *save = line, *type = strstr(line, " - ");
        char *copy;

        for (size_t i = 0; i < ELEMENTSOF(words); i++) {
                words[i] = strsep(&save, " ");
                if (!save)
                        return 0;
        }
        unescape(words[4]);
        if (!type || !is_below(path, words[4]) ||
            (spot->mountpoint && strlen(words[4]) < strlen(spot->mountpoint)))
                return 0;
        copy = strdup(words[4]);
        if (!copy)
                return -ENOMEM;
        free(spot->mountpoint);
        spot->mountpoint = copy;
        *is_ours = text_starts(type, " - fuse.hcloudfs ") && text_eq(words[3], "/");
        return 0;
}

/* -ENOTTY: the path is in no mount of ours. */
static int locate(const char *path, struct spot *ret) {
        _cleanup_(freep) char *real = NULL;
        struct buf mounts = BUF_INIT(0);
        bool is_ours = false;
        char *cursor;
        int r = resolve(path, &real);

        if (r == 0)
                r = read_all("/proc/self/mountinfo", MOUNTS_MAX, &mounts);
        cursor = mounts.data;
        while (r == 0 && cursor && *cursor)
                r = look_at(strsep(&cursor, "\n"), real, ret, &is_ours);
        buf_done(&mounts);
        if (r == 0 && !is_ours)
                r = -ENOTTY;
        if (r < 0)
                return r;
        ret->below = strdup(real + (text_eq(ret->mountpoint, "/") ? 0 : strlen(ret->mountpoint)));
        return ret->below ? 0 : -ENOMEM;
}

static bool is_dead(int r) {
        return r == -ENOTCONN || r == -ECONNABORTED;
}

/* Says why a path cannot be located. */
static int say_lost(const char *path, int r) {
        if (r == -ENOTTY)
                return say(path, "is not inside a mount of hcloudfs");
        if (is_dead(r))
                return say(path, "its mount is dead; mount again, which clears it away");
        return say(path, strerror(-r));
}

static int control_path(const struct spot *spot, const char *name, const char *below, char **ret) {
        return asprintf(ret, "%s/.hcloudfs/%s%s", spot->mountpoint, name, below) < 0 ? -ENOMEM : 0;
}

static int read_control(const struct spot *spot, const char *name, const char *below,
                        struct buf *buf) {
        _cleanup_(freep) char *path = NULL;
        int r = control_path(spot, name, below, &path);

        return r < 0 ? r : read_all(path, ANSWER_MAX, buf);
}

/* The reason that stands behind the errno of what was just tried. */
static int say_refused(const struct spot *spot, const char *path, int r) {
        struct buf reason = BUF_INIT(ANSWER_MAX + 4096);

        if (is_dead(r))
                return say_lost(path, r);
        if (read_control(spot, "last_error", "", &reason) == 0 && reason.len)
                fprintf(stderr, "hcloudfs: %s: %s\n%s", path, strerror(-r), buf_str(&reason));
        else
                (void)say(path, strerror(-r));
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

/* Nothing can be written to a read-only mount: its daemon is told by a signal, and refreshes
 * everything when it is next used. */
static int refresh_by_signal(const struct spot *spot, const char *path) {
        struct buf status = BUF_INIT(ANSWER_MAX + 4096);
        const char *line;
        unsigned pid = 0;
        char number[16];
        int r = read_control(spot, "status", "", &status);

        line = r == 0 ? strstr(buf_str(&status), "\npid: ") : NULL;
        if (line) {
                line += strlen("\npid: ");
                (void)snprintf(number, sizeof(number), "%.*s", (int)strspn(line, "0123456789"),
                               line);
                r = text_uint(number, INT_MAX, &pid);
        }
        buf_done(&status);
        if (r < 0 || pid <= 1 || !is_hcloudfs((pid_t)pid))
                return say(path, "the mount is read-only and its daemon is not on this machine");
        if (kill((pid_t)pid, SIGHUP) < 0)
                return say(path, strerror(errno));
        return EXIT_SUCCESS;
}

static int write_refresh(const struct spot *spot) {
        _cleanup_(freep) char *path = NULL, *line = NULL;
        int r = control_path(spot, "refresh", "", &path), fd, n;
        ssize_t written;

        if (r < 0)
                return r;
        n = asprintf(&line, "%s\n", *spot->below ? spot->below : "/");
        if (n < 0) {
                line = NULL;
                return -ENOMEM;
        }
        fd = open(path, O_WRONLY | O_CLOEXEC);
        if (fd < 0)
                return -errno;
        written = write(fd, line, (size_t)n);
        r = written < 0 ? -errno : 0;
        if (close(fd) < 0 && r == 0)
                r = -errno;
        return r;
}

/** program_refresh() - have a path read anew from the cloud; by default where we are. */
int program_refresh(const struct options *options) {
        const char *path = options->path ? options->path : ".";
        struct spot spot = { 0 };
        int r = locate(path, &spot), status = EXIT_SUCCESS;

        if (r < 0)
                status = say_lost(path, r);
        else if (strchr(spot.below, '\n'))
                status = say(path, "there is no such name");
        else
                r = write_refresh(&spot);
        if (status == EXIT_SUCCESS && r == -EROFS)
                status = refresh_by_signal(&spot, path);
        else if (status == EXIT_SUCCESS && r < 0)
                status = say_refused(&spot, path, r);
        spot_done(&spot);
        return status;
}

/* Of a directory the explanation stands beside those of what it holds. */
static int explain(const struct spot *spot, const char *path, struct buf *buf) {
        _cleanup_(freep) char *below = NULL;
        struct stat st;

        if (lstat(path, &st) < 0)
                return -errno;
        if (asprintf(&below, "%s%s", spot->below, S_ISDIR(st.st_mode) ? "/.list" : "") < 0) {
                below = NULL;
                return -ENOMEM;
        }
        return read_control(spot, "why", below, buf);
}

/** program_stat() - what a path of a mount is, and where what it shows comes from. */
int program_stat(const struct options *options) {
        struct buf text = BUF_INIT(ANSWER_MAX + 4096);
        struct spot spot = { 0 };
        int r = locate(options->path, &spot), status = EXIT_SUCCESS;

        if (r < 0) {
                status = say_lost(options->path, r);
        } else if (text_eq(spot.below, "/.hcloudfs") || text_starts(spot.below, "/.hcloudfs/")) {
                status = say(options->path, "belongs to the mount itself and to no account");
        } else {
                r = explain(&spot, options->path, &text);
                if (r == -ENOENT)
                        status = say(options->path, "there is no such file or directory");
                else if (r < 0)
                        status = say_refused(&spot, options->path, r);
                else
                        fputs(buf_str(&text), stdout);
        }
        buf_done(&text);
        spot_done(&spot);
        return status == EXIT_SUCCESS && fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
