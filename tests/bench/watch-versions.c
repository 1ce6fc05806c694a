/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads files whose contents tell their version, from several processes, by chance, until its
 * standard input ends.
 *
 * usage: watch-versions SEED PROCESSES LOG FILE...
 *
 * A content is `version N\n` and N % 40 further lines `line N\n`. Each process appends to LOG.n
 * what it saw: the number of the file, its version, and the time in milliseconds at which it began
 * to look. It complains and fails if a content is none, if its size is not what fstat told, or if a
 * version is older than one that the same process has seen of that file.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/stamp.h"
#include "base/text.h"

enum { FILES_MAX = 256, CONTENT_MAX = 4096, PROCESSES_MAX = 16, LINES = 40, TRIES = 5 };

struct reader {
        uint64_t state; /* of the dice */
        FILE *log;
        char *const *files;
        unsigned n_files;
        int64_t seen[FILES_MAX];
};

/* A number below @n: xorshift64*. */
static unsigned throw(struct reader * reader, unsigned n) {
        reader->state ^= reader->state >> 12;
        reader->state ^= reader->state << 25;
        reader->state ^= reader->state >> 27;
        return (unsigned)((reader->state * UINT64_C(0x2545f4914f6cdd1d)) >> 33) % n;
}

/* The version that a content is of, in full and nothing else; -1 if it is of none. */
static int64_t version_of(const char *text, size_t len) {
        struct buf expected = BUF_INIT(CONTENT_MAX);
        char number[32] = { 0 };
        int64_t version = -1;
        const char *end = memchr(text, '\n', len);

        if (!end || !text_starts(text, "version ") || end - text >= (int)sizeof(number))
                return -1;
        memcpy(number, text + strlen("version "), (size_t)(end - text) - strlen("version "));
        if (text_int64(number, &version) < 0)
                return -1;
        (void)buf_printf(&expected, "version %" PRId64 "\n", version);
        for (int64_t i = 0; i < version % LINES; i++)
                (void)buf_printf(&expected, "line %" PRId64 "\n", version);
        if (expected.len != len || memcmp(buf_str(&expected), text, len) != 0)
                version = -1;
        buf_done(&expected);
        return version;
}

static ssize_t read_all(int fd, char *text) {
        size_t len = 0;

        while (len < CONTENT_MAX - 1) {
                ssize_t n = pread(fd, text + len, CONTENT_MAX - 1 - len, (off_t)len);

                if (n < 0)
                        return -errno;
                if (n == 0)
                        break;
                len += (size_t)n;
        }
        text[len] = '\0';
        return (ssize_t)len;
}

/* What tools do: some look at the size first and believe it, some when it is open, some read. */
static ssize_t look(struct reader *reader, const char *path, char *text) {
        unsigned way = throw(reader, 3);
        struct stat st = { .st_size = -1 };
        ssize_t n;
        int fd;

        if (way == 0 && stat(path, &st) < 0)
                return -errno;
        fd = open(path, O_RDONLY | O_CLOEXEC);
        if (fd < 0)
                return -errno;
        if (way == 1 && fstat(fd, &st) < 0)
                st.st_size = -1;
        n = read_all(fd, text);
        (void)close(fd);
        /* Between a stat and an open it may change; between fstat and a read it may not. */
        if (way == 1 && n >= 0 && st.st_size != n) {
                fprintf(stderr, "%s: %zd bytes, but fstat told of %jd\n", path, n,
                        (intmax_t)st.st_size);
                return -EBADMSG;
        }
        return n;
}

static int step(struct reader *reader) {
        unsigned i = throw(reader, reader->n_files);
        int64_t began_ms = stamp_now_ms(), version;
        char text[CONTENT_MAX];
        ssize_t n = look(reader, reader->files[i], text);

        if (n < 0) {
                fprintf(stderr, "%s: %s\n", reader->files[i], strerror((int)-n));
                return -1;
        }
        version = version_of(text, (size_t)n);
        if (version < 0) {
                fprintf(stderr, "%s: no content: %zd bytes: %s\n", reader->files[i], n, text);
                return -1;
        }
        if (version < reader->seen[i]) {
                fprintf(stderr, "%s: version %" PRId64 " after %" PRId64 "\n", reader->files[i],
                        version, reader->seen[i]);
                return -1;
        }
        reader->seen[i] = version;
        fprintf(reader->log, "%u %" PRId64 " %" PRId64 "\n", i, version, began_ms);
        return 0;
}

/* Until the other end of standard input is closed; a short rest now and then lets others work. */
static bool goes_on(struct reader *reader) {
        struct pollfd input = { .fd = STDIN_FILENO, .events = POLLIN };

        return poll(&input, 1, (int) throw(reader, TRIES)) == 0;
}

static _Noreturn void run(struct reader *reader, const char *log) {
        int r = 0;

        reader->log = fopen(log, "w");
        while (reader->log && r == 0 && goes_on(reader))
                r = step(reader);
        if (!reader->log || fclose(reader->log) != 0)
                r = -1;
        _exit(r == 0 ? EXIT_SUCCESS : EXIT_FAILURE);
}

int main(int argc, char **argv) {
        struct reader reader = { .files = argv + 4 };
        unsigned n_processes, seed;
        int failed = 0, status;

        if (argc < 5 || argc - 4 > FILES_MAX || text_uint(argv[1], UINT32_MAX, &seed) < 0 ||
            text_uint(argv[2], PROCESSES_MAX, &n_processes) < 0)
                return 2;
        reader.n_files = (unsigned)argc - 4;
        for (unsigned i = 0; i < n_processes; i++) {
                char log[4096];

                reader.state = (uint64_t)seed * PROCESSES_MAX + i + 1;
                (void)snprintf(log, sizeof(log), "%s.%u", argv[3], i);
                if (fork() == 0)
                        run(&reader, log);
        }
        while (wait(&status) > 0)
                failed += !WIFEXITED(status) || WEXITSTATUS(status) != 0;
        return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
