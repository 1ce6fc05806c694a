/* SPDX-License-Identifier: Apache-2.0 */
#include "cache/journal-path.h"

#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"

/** path_join() - @path with a suffix, to be freed by the caller. 0 or negative errno. */
int path_join(const char *path, const char *suffix, char **ret) {
        struct buf text = BUF_INIT(PATH_MAX);
        int r;

        (void)buf_add_str(&text, path);
        (void)buf_add_str(&text, suffix);
        r = text.error == -E2BIG ? -ENAMETOOLONG : text.error;
        if (r == 0)
                *ret = buf_steal(&text, NULL);
        buf_done(&text);
        return r;
}

/* Makes the names in a directory durable. Returns whether there is a directory above it. */
static bool sync_directory(char *path) {
        char *slash = strrchr(path, '/');
        int fd;

        if (slash)
                *slash = '\0';
        fd = open(!slash ? "." : *path ? path : "/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (fd >= 0) {
                (void)fsync(fd);
                (void)close(fd);
        }
        return slash && *path;
}

/** path_sync() - make the file's name durable; its directory may be new, so those above too. */
void path_sync(const char *path) {
        _cleanup_(freep) char *rest = strdup(path);

        while (rest && sync_directory(rest))
                continue;
}

/** path_make_private() - make the file before SQLite, which goes by the umask, can. 0 or errno. */
int path_make_private(const char *path) {
        int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600), r = 0;
        bool is_new = fd >= 0;

        if (fd < 0 && errno == EEXIST)
                fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
        if (fd < 0)
                return -errno;
        if (fchmod(fd, 0600) < 0)
                r = -errno;
        (void)close(fd);
        if (is_new)
                path_sync(path);
        return r;
}

/** path_size() - of the file @path + @suffix, -1 when there is none. 0 or negative errno. */
int path_size(const char *path, const char *suffix, int64_t *ret) {
        _cleanup_(freep) char *name = NULL;
        struct stat st;
        int r;

        r = path_join(path, suffix, &name);
        if (r < 0)
                return r;
        r = stat(name, &st) < 0 ? -errno : 0;
        if (r < 0 && r != -ENOENT)
                return r;
        *ret = r < 0 ? -1 : (int64_t)st.st_size;
        return 0;
}

static int remove_file(const char *path, const char *suffix) {
        _cleanup_(freep) char *name = NULL;
        int r;

        r = path_join(path, suffix, &name);
        if (r < 0)
                return r;
        return unlink(name) < 0 && errno != ENOENT ? -errno : 0;
}

/* One that is not there counts as renamed. */
static int rename_file(const char *from, const char *from_suffix, const char *to,
                       const char *to_suffix) {
        _cleanup_(freep) char *from_name = NULL, *to_name = NULL;
        int r;

        r = path_join(from, from_suffix, &from_name);
        if (r == 0)
                r = path_join(to, to_suffix, &to_name);
        if (r < 0)
                return r;
        return rename(from_name, to_name) < 0 && errno != ENOENT ? -errno : 0;
}

/** path_remove_mending() - delete what an earlier attempt left. Returns 0 or negative errno. */
int path_remove_mending(const char *path) {
        int r;

        r = remove_file(path, ".mending");
        if (r == 0)
                r = remove_file(path, ".mending-wal");
        return r == 0 ? remove_file(path, ".mending-shm") : r;
}

/** path_commit_mending() - from now on `.mended` is the journal. It is closed and its log empty. */
int path_commit_mending(const char *path) {
        int r;

        r = remove_file(path, ".mending-wal");
        if (r == 0)
                r = remove_file(path, ".mending-shm");
        if (r == 0)
                r = rename_file(path, ".mending", path, ".mended");
        path_sync(path);
        return r;
}

/* The first name that is free. A log alone at it is of a renaming that was interrupted. */
static int name_aside(const char *path, char **ret) {
        for (unsigned i = 1; i <= DAMAGED_MAX; i++) {
                _cleanup_(freep) char *name = NULL;
                char suffix[32];
                int r;

                (void)snprintf(suffix, sizeof(suffix), ".damaged-%u", i);
                r = path_join(path, suffix, &name);
                if (r < 0)
                        return r;
                if (access(name, F_OK) == 0)
                        continue;
                *ret = STEAL(name);
                return 0;
        }
        return -EMFILE;
}

/**
 * path_finish_mending() - if there is a mended file, move the damaged one and its log aside and
 * put the mended one in its place.
 * @ret_aside: where the damaged one is now; NULL if nothing was to do. To be freed by the caller.
 * Returns 0, -EMFILE when there are too many damaged ones already, or another negative errno.
 */
int path_finish_mending(const char *path, char **ret_aside) {
        _cleanup_(freep) char *aside = NULL;
        int64_t size = -1;
        int r;

        r = path_size(path, ".mended", &size);
        if (r < 0)
                return r;
        if (size < 0) {
                *ret_aside = NULL;
                return 0;
        }
        r = name_aside(path, &aside);
        if (r == 0)
                r = rename_file(path, "-wal", aside, "-wal");
        if (r == 0)
                r = rename_file(path, "", aside, "");
        if (r == 0)
                r = remove_file(path, "-shm");
        path_sync(path);
        if (r == 0)
                r = rename_file(path, ".mended", path, "");
        path_sync(path);
        if (r == 0)
                *ret_aside = STEAL(aside);
        return r;
}
