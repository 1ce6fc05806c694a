/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/process.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/text.h"

enum { STATUS_MAX = 1024, STAT_MAX = 1024, BEGAN_FIELD = 22, MS_PER_S = 1000 };

static ssize_t read_file(pid_t pid, const char *name, char *data, size_t size) {
        char path[64];
        ssize_t n;
        int fd;

        if (pid <= 0)
                return -ESRCH;
        (void)snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
        fd = open(path, O_RDONLY | O_CLOEXEC);
        if (fd < 0)
                return -errno;
        n = read(fd, data, size - 1);
        close(fd);
        if (n < 0)
                return -EIO;
        data[n] = '\0';
        return n;
}

/**
 * process_of() - the process that a thread belongs to. While the kernel waits for our reply the
 * thread exists, even one that is about to end.
 * Returns the thread itself where it cannot be told (it is in another namespace, or has gone).
 */
pid_t process_of(pid_t thread) {
        static const char word[] = "\nTgid:\t";
        char data[STATUS_MAX], *line;
        int64_t process;

        if (read_file(thread, "status", data, sizeof(data)) < 0)
                return thread;
        line = strstr(data, word);
        if (!line)
                return thread;
        line += strlen(word);
        line[strcspn(line, "\n")] = '\0';
        return text_int64(line, &process) == 0 && process > 0 ? (pid_t)process : thread;
}

/** process_now_ms() - the clock by which the kernel tells when processes began. */
int64_t process_now_ms(void) {
        struct timespec now;

        clock_gettime(CLOCK_BOOTTIME, &now);
        return (int64_t)now.tv_sec * MS_PER_S + now.tv_nsec / 1000000;
}

/** process_began_ms() - when a process was started, as process_now_ms(); 0 if nobody can tell. */
int64_t process_began_ms(pid_t process) {
        long per_second = sysconf(_SC_CLK_TCK);
        char data[STAT_MAX], *field;
        int64_t ticks;

        if (per_second <= 0 || read_file(process, "stat", data, sizeof(data)) < 0)
                return 0;
        field = strrchr(data, ')'); /* the name before it may hold anything */
        for (int number = 2; field && number < BEGAN_FIELD; number++)
                field = strchr(field + 1, ' ');
        if (!field)
                return 0;
        field++;
        field[strcspn(field, " \n")] = '\0';
        return text_int64(field, &ticks) == 0 ? ticks * MS_PER_S / per_second : 0;
}
