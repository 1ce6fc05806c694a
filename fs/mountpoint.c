/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/mountpoint.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/text.h"
#include "fs/connection.h"

enum {
        ANSWER_MS = 5000, /* for how long an answer from memory may take */
        END_MS = 2000,
        THREADS_WORD = 18, /* behind the name in proc(5)'s stat */
};

static int say(int error, const char *path, const char *text) {
        fprintf(stderr, "hcloudfs: %s: %s\n", path, text);
        return -error;
}

/* What a daemon left behind that died: nobody answers there. */
static bool is_dead(int error) {
        return error == ENOTCONN || error == ECONNABORTED;
}

static const char *next_word(const char *line) {
        line += strcspn(line, " ");
        return line + strspn(line, " ");
}

/* Is it a daemon of ours of which nothing is left but a thread that the kernel does not let go? */
static bool is_remnant(const char *pid) {
        char path[64], line[512];
        const char *word;
        unsigned threads = 0;
        FILE *file;
        bool is;

        (void)snprintf(path, sizeof(path), "/proc/%.16s/stat", pid);
        file = fopen(path, "re");
        if (!file)
                return false;
        is = fgets(line, sizeof(line), file);
        fclose(file);
        word = is ? strstr(line, "(hcloudfs) Z ") : NULL;
        for (int i = 0; word && i < THREADS_WORD; i++)
                word = next_word(word);
        for (; word && *word >= '0' && *word <= '9'; word++)
                threads = threads * 10 + (unsigned)(*word - '0');
        return threads > 1;
}

/* Returns its process id, 0 if there is none. */
static pid_t find_remnant(void) {
        DIR *dir = opendir("/proc");
        const struct dirent *entry;
        unsigned pid = 0;

        while (dir && !pid && (entry = readdir(dir)))
                if (text_uint(entry->d_name, INT_MAX, &pid) < 0 || !is_remnant(entry->d_name))
                        pid = 0;
        if (dir)
                closedir(dir);
        return (pid_t)pid;
}

/* A process ends, with what it holds; not waited for much longer than that takes. */
static bool await_end(pid_t pid, int timeout_ms) {
        struct pollfd ended = { .fd = pidfd_open(pid, 0), .events = POLLIN };
        int n = ended.fd >= 0 ? poll(&ended, 1, timeout_ms) : 1;

        if (ended.fd >= 0)
                close(ended.fd);
        return n != 0;
}

/* Does a mount answer? What it shows of its root it knows by heart. */
static bool answers(const char *path, pid_t *ret_child) {
        struct stat st;
        pid_t child = fork();
        bool is_done;

        if (child == 0)
                _exit(stat(path, &st) < 0);
        if (child < 0)
                return true; /* nobody can tell */
        is_done = await_end(child, ANSWER_MS);
        if (is_done)
                (void)waitpid(child, NULL, 0);
        else
                (void)kill(child, SIGKILL);
        *ret_child = child;
        return is_done;
}

/* A daemon that was killed may have left a thread in the kernel, that waits for a program, that
 * waits for the daemon. They are all let go; then the mount is dead as others are. */
static int free_hanging(const char *path) {
        unsigned number;
        pid_t child, remnant;

        if (connection_find(path, &number) < 0 || answers(path, &child))
                return 0;
        remnant = find_remnant();
        if (!remnant || !connection_abort(path))
                return say(EBUSY, path, "what is mounted there does not answer");
        (void)waitpid(child, NULL, 0);
        (void)await_end(remnant, END_MS); /* it may hold the journal */
        fprintf(stderr, "hcloudfs: %s: let go who waited for a dead mount\n", path);
        return 0;
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
        _cleanup_(freep) char *absolute = realpath(path, NULL);
        struct stat st;
        int r = absolute ? free_hanging(absolute) : 0;

        if (r < 0)
                return r;
        r = look(path, &st);
        if (is_dead(-r)) {
                r = connection_unmount(path);
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
        free(absolute); /* the mount that it was the name of may have gone */
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
