/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/storage.h"

#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "cache/lock.h"

/* Where each is by default (XDG base directory specification), and what to set to move it. */
static const struct {
        const char *variable, *below_home, *what, *key;
} rows[] = {
        [STORAGE_CACHE] = { "XDG_CACHE_HOME", ".cache", "the cache", "cache_dir" },
        [STORAGE_STATE] = { "XDG_STATE_HOME", ".local/state", "the journal", "state_dir" },
};

static int find(enum storage storage, const char *wanted, char **ret) {
        const char *base = getenv(rows[storage].variable), *home = getenv("HOME");

        if (wanted)
                return text_format(ret, "%s", wanted);
        if (!text_is_empty(base) && *base == '/')
                return text_format(ret, "%s/hcloudfs", base);
        if (!text_is_empty(home) && *home == '/')
                return text_format(ret, "%s/%s/hcloudfs", home, rows[storage].below_home);
        return -ENXIO;
}

/* Links may lead inside, so the real place counts: of as much of the path as there is. */
static bool is_below(const char *path, const char *mountpoint) {
        _cleanup_(freep) char *part = strdup(path);
        size_t len = strlen(mountpoint);
        char real[PATH_MAX];

        while (part && *part && !realpath(part, real))
                *strrchr(part, '/') = '\0';
        if (!part || !*part)
                return false;
        return strncmp(real, mountpoint, len) == 0 && (!real[len] || real[len] == '/');
}

static int prepare(struct op *op, const char *path) {
        _cleanup_(freep) char *inside = NULL;
        int r;

        if (text_format(&inside, "%s/.", path) < 0)
                return op_fail(op, ENOMEM, "out of memory");
        r = place_prepare(op, inside);
        if (r == 0 && access(path, R_OK | W_OK | X_OK) < 0)
                r = op_fail(op, errno, "%s: %s", path, strerror(errno));
        return r;
}

/**
 * storage_prepare() - have the directory, and see that it can be used.
 * @mountpoint: absolute; what is inside of it would wait for itself; NULL: nothing is mounted.
 * Returns 0 and the path, owned by the caller; -ENXIO if nothing says where it is to be; -EINVAL
 * inside the mount; or why it cannot be used. All with a reason that says what to set.
 */
int storage_prepare(struct op *op, enum storage storage, const char *wanted, const char *mountpoint,
                    char **ret) {
        _cleanup_(freep) char *path = NULL, *reason = NULL;
        int r = find(storage, wanted, &path);

        if (r == -ENXIO)
                return op_fail(op, ENXIO, "neither %s nor HOME says where %s should be: set %s",
                               rows[storage].variable, rows[storage].what, rows[storage].key);
        if (r < 0)
                return op_fail(op, -r, "out of memory");
        if (mountpoint && is_below(path, mountpoint))
                return op_fail(op, EINVAL,
                               "%s, the directory of %s, would be inside the mount; set another %s",
                               path, rows[storage].what, rows[storage].key);
        r = prepare(op, path);
        if (r < 0) {
                reason = strdup(op->fault.reason);
                return op_fail(op, -r, "%s: %.900s; set another %s", rows[storage].what,
                               reason ? reason : "?", rows[storage].key);
        }
        *ret = STEAL(path);
        return 0;
}
