/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads files whose contents tell their version, from several processes, by chance, until its
 * standard input ends.
 *
 * usage: watch-versions [--saved] SEED PROCESSES LOG FILE...
 *        watch-versions --write FILE VERSION
 *
 * The second form saves a version and looks at it at once, in every way: whoever changed something
 * never sees anything older. Its status is 3 if the save was refused because of a change by others.
 *
 * A content is `version N\n` and N % 40 further lines `line N\n`. Each process appends to LOG.n
 * what it saw: the number of the file, its version, and the time in milliseconds at which it began
 * to look. It complains and fails if a content is none, if its size is not what fstat told, or if a
 * version is older than one that the same process has seen of that file. With --saved a file may be
 * empty at one look and not at the next: when somebody opens it to write it anew, the kernel lets
 * readers find it cut for a moment, as it does on a disk; and a save that ends between fstat and
 * read is read.
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

enum {
        FILES_MAX = 256,
        CONTENT_MAX = 4096,
        PROCESSES_MAX = 16,
        LINES = 40,
        TRIES = 5,
        WAYS = 3,
        OVERTAKEN = 3, /* exit status */
};

struct reader {
        uint64_t state; /* of the dice */
        FILE *log;
        char *const *files;
        unsigned n_files;
        bool is_saved;
        int64_t seen[FILES_MAX];
};

/* A number below @n: xorshift64*. */
static unsigned throw(struct reader * reader, unsigned n) {
        reader->state ^= reader->state >> 12;
        reader->state ^= reader->state << 25;
        reader->state ^= reader->state >> 27;
        return (unsigned)((reader->state * UINT64_C(0x2545f4914f6cdd1d)) >> 33) % n;
}

static void write_content(struct buf *buf, int64_t version) {
        (void)buf_printf(buf, "version %" PRId64 "\n", version);
        for (int64_t i = 0; i < version % LINES; i++)
                (void)buf_printf(buf, "line %" PRId64 "\n", version);
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
        write_content(&expected, version);
        if (expected.len != len || memcmp(buf_str(&expected), text, len) != 0)
                version = -1;
        buf_done(&expected);
        return version;
}

/* In one call: what one read gives is of one version. */
static ssize_t read_all(int fd, char *text) {
        ssize_t n = pread(fd, text, CONTENT_MAX - 1, 0);

        if (n < 0)
                return -errno;
        text[n] = '\0';
        return n;
}

/* What tools do: some look at the size first and believe it, some when it is open, some read. */
static ssize_t look(unsigned way, const char *path, char *text) {
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
        return way == 1 && n >= 0 && st.st_size != n ? -EBADMSG : n;
}

/* A look that gave no whole content is told of and repeated: it may have met the kernel between its
 * taking a size and its dropping the pages of the size before. */
static int64_t look_for_version(struct reader *reader, const char *path) {
        char text[CONTENT_MAX];
        int64_t version = -1;

        for (unsigned left = TRIES; version < 0 && left > 0; left--) {
                ssize_t n = look(throw(reader, WAYS), path, text);

                if (n >= 0)
                        version = version_of(text, (size_t)n);
                if (version >= 0 || (reader->is_saved && (n == 0 || n == -EBADMSG)))
                        continue;
                if (n < 0 && n != -EBADMSG)
                        fprintf(stderr, "%s: %s\n", path, strerror((int)-n));
                else
                        fprintf(stderr, "torn: %s: %zd bytes: %.20s\n", path, n, text);
        }
        if (version < 0)
                fprintf(stderr, "%s: no content, again and again\n", path);
        return version;
}

static int step(struct reader *reader) {
        unsigned i = throw(reader, reader->n_files);
        int64_t began_ms = stamp_now_ms();
        int64_t version = look_for_version(reader, reader->files[i]);

        if (version < 0)
                return -1;
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

static int write_file(const char *path, int flags, int64_t version) {
        struct buf text = BUF_INIT(CONTENT_MAX);
        int fd = open(path, O_WRONLY | O_CLOEXEC | flags, 0600), r;

        if (fd < 0)
                return -errno;
        write_content(&text, version);
        r = write(fd, text.data, text.len) == (ssize_t)text.len ? 0 : -EIO;
        if (close(fd) < 0)
                r = -errno;
        buf_done(&text);
        return r;
}

/* As shells do, in place, cut to nothing first; or as editors, by another name. Negative errno. */
static int save(const char *path, int64_t version) {
        const char *name = strrchr(path, '/') + 1;
        _cleanup_(freep) char *other = NULL;
        int r;

        if (version % 2)
                return write_file(path, O_TRUNC, version);
        if (asprintf(&other, "%.*s.%s.new", (int)(name - path), path, name) < 0)
                return -ENOMEM;
        r = write_file(other, O_CREAT | O_EXCL, version);
        if (r == 0 && rename(other, path) < 0)
                r = -errno;
        if (r < 0)
                (void)unlink(other);
        return r;
}

static int write_and_look(const char *path, int64_t version) {
        char text[CONTENT_MAX];
        int r = save(path, version);

        if (r == -ESTALE)
                return OVERTAKEN;
        if (r < 0) {
                fprintf(stderr, "%s: not saved: %s\n", path, strerror(-r));
                return EXIT_FAILURE;
        }
        for (unsigned way = 0; way < 2 * WAYS; way++) {
                ssize_t n = look(way % WAYS, path, text);
                int64_t seen = n < 0 ? -1 : version_of(text, (size_t)n);

                if (seen >= version)
                        continue;
                fprintf(stderr, "%s: version %" PRId64 " was saved, then %" PRId64 " was there\n",
                        path, version, seen);
                return EXIT_FAILURE;
        }
        return EXIT_SUCCESS;
}

int main(int argc, char **argv) {
        bool is_saved = argc > 1 && text_eq(argv[1], "--saved");
        struct reader reader = { .is_saved = is_saved };
        unsigned n_processes, seed;
        int failed = 0, status;

        if (argc == 4 && text_eq(argv[1], "--write")) {
                int64_t version;

                return text_int64(argv[3], &version) < 0 ? 2 : write_and_look(argv[2], version);
        }
        argc -= is_saved;
        argv += is_saved;
        reader.files = argv + 4;
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
