/* SPDX-License-Identifier: Apache-2.0 */
/*
 * usage: await-change [-l] [-n TIMES] FILE [COMMAND]
 * Reads FILE to its end, runs COMMAND, then waits with poll(2) until the file says that it is
 * another one, and prints what it says then: all of it, or with -l what was added. TIMES times;
 * gives up after half a minute without a change, with status 1.
 */
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/text.h"

enum { PATIENCE_MS = 30000 };

static int fail(const char *what) {
        perror(what);
        return EXIT_FAILURE;
}

/* From the position on, to the end. */
static int read_on(int fd, bool print) {
        char data[4096];
        ssize_t n;

        while ((n = read(fd, data, sizeof(data))) > 0)
                if (print && write(STDOUT_FILENO, data, (size_t)n) != n)
                        return fail("write");
        return n < 0 ? fail("read") : 0;
}

static int run(const char *command) {
        pid_t child = fork();
        int status;

        if (child == 0) {
                (void)execl("/bin/bash", "bash", "-c", command, (char *)NULL);
                _exit(127);
        }
        if (child < 0 || waitpid(child, &status, 0) < 0)
                return fail("fork");
        return status;
}

static int await(int fd) {
        struct pollfd polled = { .fd = fd, .events = POLLPRI };
        int r = poll(&polled, 1, PATIENCE_MS);

        if (r < 0)
                return fail("poll");
        if (r == 0) {
                (void)fprintf(stderr, "nothing changed\n");
                return EXIT_FAILURE;
        }
        if ((polled.revents & (POLLPRI | POLLERR)) == (POLLPRI | POLLERR))
                return 0;
        (void)fprintf(stderr, "woken by %#x\n", (unsigned)polled.revents);
        return EXIT_FAILURE;
}

int main(int argc, char **argv) {
        bool is_log = false;
        unsigned times = 1;
        int option, fd, r;

        while ((option = getopt(argc, argv, "ln:")) != -1) {
                if (option == 'l')
                        is_log = true;
                else if (option != 'n' || text_uint(optarg, 1000, &times) < 0)
                        return EXIT_FAILURE;
        }
        if (optind >= argc)
                return EXIT_FAILURE;
        fd = open(argv[optind], O_RDONLY | O_CLOEXEC);
        if (fd < 0)
                return fail(argv[optind]);
        r = read_on(fd, false);
        if (r == 0 && optind + 1 < argc)
                r = run(argv[optind + 1]);
        while (r == 0 && times-- > 0) {
                r = await(fd);
                if (r == 0 && !is_log && lseek(fd, 0, SEEK_SET) < 0)
                        r = fail("lseek");
                if (r == 0)
                        r = read_on(fd, true);
        }
        return r == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
