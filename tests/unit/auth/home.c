/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/auth/home.h"

#include <fcntl.h>
#include <ftw.h>
#include <unistd.h>

#include "base/text.h"
#include "tests/unit/unit.h"

static char home[64];

/* Every variable that one of the sources reads begins with one of these. */
static void clear_environment(void) {
        static const char *const prefixes[] = {
                "HUAWEICLOUD_SDK_", "HW_", "OS_", "HC_", "XDG_CONFIG_HOME", "CREDENTIALS_DIRECTORY"
        };

        for (size_t i = 0; i < ELEMENTSOF(prefixes); i++) {
                for (char **variable = environ; *variable;) {
                        char name[128];

                        if (!text_starts(*variable, prefixes[i])) {
                                variable++;
                                continue;
                        }
                        (void)snprintf(name, sizeof(name), "%.*s", (int)strcspn(*variable, "="),
                                       *variable);
                        ck_assert_int_eq(unsetenv(name), 0);
                        variable = environ;
                }
        }
}

void home_enter(void) {
        (void)snprintf(home, sizeof(home), "/tmp/hcloudfs-home-XXXXXX");
        ck_assert_ptr_nonnull(mkdtemp(home));
        clear_environment();
        ck_assert_int_eq(setenv("HOME", home, 1), 0);
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw) {
        (void)st;
        (void)type;
        (void)ftw;
        return remove(path);
}

void home_leave(void) {
        ck_assert_int_eq(nftw(home, remove_one, 16, FTW_DEPTH | FTW_PHYS), 0);
}

const char *home_at(const char *name) {
        static char paths[8][256];
        static size_t next;
        char *path = paths[next++ % ELEMENTSOF(paths)];

        (void)snprintf(path, sizeof(paths[0]), "%s/%s", home, name);
        return path;
}

static void make_directories(char *path) {
        for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
                *slash = '\0';
                ck_assert(mkdir(path, 0700) == 0 || errno == EEXIST);
                *slash = '/';
        }
}

const char *home_write(const char *name, mode_t mode, const char *text) {
        const char *path = home_at(name);
        char *copy = strdup(path);
        int fd;

        make_directories(copy);
        free(copy);
        fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
        ck_assert_int_ge(fd, 0);
        ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
        ck_assert_int_eq(fchmod(fd, mode), 0);
        ck_assert_int_eq(close(fd), 0);
        return path;
}
