/* SPDX-License-Identifier: Apache-2.0 */
/*
 * usage: outcome open FILE | mkdir DIR | rmdir DIR | unlink NAME | symlink NAME TARGET
 *        outcome close FILE TEXT | fsync FILE TEXT
 * Makes the system call and prints the name of its errno, `0` where there is none. `open` reads to
 * the end. `close` and `fsync` write what the file TEXT holds over FILE, and print what each of
 * write, fsync (of `fsync` only) and close said.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"

enum { TEXT_MAX = 1024 * 1024 };

static const char *name_of(int r) {
        const char *name = r < 0 ? strerrorname_np(errno) : "0";

        return name ? name : "?";
}

static int put(int r) {
        printf("%s\n", name_of(r));
        return EXIT_SUCCESS;
}

static int read_all(const char *path) {
        int fd = open(path, O_RDONLY | O_CLOEXEC), error;
        char data[4096];
        ssize_t n = fd;

        while (fd >= 0 && (n = read(fd, data, sizeof(data))) > 0)
                ;
        error = errno;
        if (fd >= 0)
                (void)close(fd);
        errno = error;
        return n < 0 ? -1 : 0;
}

static int save(const char *path, const char *text_path, bool is_synced) {
        _cleanup_(freep) char *text = malloc(TEXT_MAX);
        int from = open(text_path, O_RDONLY | O_CLOEXEC), fd;
        ssize_t len = text && from >= 0 ? read(from, text, TEXT_MAX) : -1;

        if (from >= 0)
                (void)close(from);
        if (len < 0)
                return EXIT_FAILURE;
        fd = open(path, O_WRONLY | O_TRUNC | O_CREAT | O_CLOEXEC, 0644);
        if (fd < 0) {
                printf("open %s\n", name_of(fd));
                return EXIT_FAILURE;
        }
        printf("%s", name_of(write(fd, text, (size_t)len) == len ? 0 : -1));
        if (is_synced)
                printf(" %s", name_of(fsync(fd)));
        printf(" %s\n", name_of(close(fd)));
        return EXIT_SUCCESS;
}

int main(int argc, char **argv) {
        const char *what = argc > 2 ? argv[1] : "", *path = argc > 2 ? argv[2] : "";

        if (text_eq(what, "open"))
                return put(read_all(path));
        if (text_eq(what, "mkdir"))
                return put(mkdir(path, 0755));
        if (text_eq(what, "rmdir"))
                return put(rmdir(path));
        if (text_eq(what, "unlink"))
                return put(unlink(path));
        if (text_eq(what, "symlink") && argc > 3)
                return put(symlink(argv[3], path));
        if ((text_eq(what, "close") || text_eq(what, "fsync")) && argc > 3)
                return save(path, argv[3], text_eq(what, "fsync"));
        (void)fprintf(stderr, "usage: outcome CALL PATH [TEXT]\n");
        return 2;
}
