/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Replays how an editor saves, as a trace of it tells: one system call a line. Words are separated
 * by blanks; `@` stands for the name of the document, alone or inside a name.
 *
 *     open SLOT NAME FLAGS [MODE]    FLAGS joined by commas: RDONLY, WRONLY, RDWR, CREAT, EXCL, …
 *     read SLOT                      all of it
 *     write SLOT new|TEXT            the new text of the document, or that word and a newline
 *     truncate SLOT LEN | cut NAME LEN
 *     fsync SLOT | close SLOT
 *     rename A B | unlink A | symlink TARGET A | link A B | mkdir A MODE | rmdir A
 *     chmod A MODE | fchmod SLOT MODE | utimes A | stat A | absent A
 *
 * A line that begins with `?` may fail. With -t each call is made by a thread of its own.
 *
 * usage: replay [-t] TRACE DOCUMENT NEW-TEXT
 */
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/text.h"

enum { SLOTS = 10, WORDS = 5, NAME_SIZE = 512 };

struct replay {
        const char *document;
        struct buf text; /* new */
        int slots[SLOTS];
        char words[WORDS][NAME_SIZE];
        int count;
        int result; /* of the call: negative errno */
};

static int flag_of(const char *word) {
        static const struct {
                const char *name;
                int flag;
        } rows[] = {
                { "RDONLY", O_RDONLY }, { "WRONLY", O_WRONLY },     { "RDWR", O_RDWR },
                { "CREAT", O_CREAT },   { "EXCL", O_EXCL },         { "TRUNC", O_TRUNC },
                { "APPEND", O_APPEND }, { "NOFOLLOW", O_NOFOLLOW },
        };

        for (size_t i = 0; i < ELEMENTSOF(rows); i++)
                if (text_eq(rows[i].name, word))
                        return rows[i].flag;
        fprintf(stderr, "replay: no flag %s\n", word);
        exit(2);
}

static int flags_of(char *list) {
        int flags = 0;

        for (char *save = list, *word = strsep(&save, ","); word; word = strsep(&save, ","))
                flags |= flag_of(word);
        return flags;
}

static unsigned mode_of(const char *word) {
        unsigned mode = 0;

        for (; *word; word++)
                mode = mode * 8 + (unsigned)(*word - '0');
        return mode;
}

static int slot_of(const char *word) {
        unsigned slot = 0;

        if (text_uint(word, SLOTS - 1, &slot) < 0) {
                fprintf(stderr, "replay: no slot %s\n", word);
                exit(2);
        }
        return (int)slot;
}

static int status(int r) {
        return r < 0 ? -errno : 0;
}

static int read_all(int fd) {
        char data[4096];
        ssize_t n;

        do
                n = read(fd, data, sizeof(data));
        while (n > 0);
        return status((int)n);
}

static int write_text(struct replay *it, int fd, const char *word) {
        if (text_eq(word, "new"))
                return status(write(fd, it->text.data, it->text.len) < 0 ? -1 : 0);
        return status(dprintf(fd, "%s\n", word));
}

static int on_slots(struct replay *it) {
        char(*w)[NAME_SIZE] = it->words;
        int *slot = &it->slots[slot_of(w[1])];

        if (text_eq(w[0], "open")) {
                *slot = open(w[2], flags_of(w[3]) | O_CLOEXEC, mode_of(w[4]));
                return status(*slot);
        }
        if (text_eq(w[0], "read"))
                return read_all(*slot);
        if (text_eq(w[0], "write"))
                return write_text(it, *slot, w[2]);
        if (text_eq(w[0], "truncate"))
                return status(ftruncate(*slot, (off_t)mode_of(w[2])));
        if (text_eq(w[0], "fsync"))
                return status(fsync(*slot));
        if (text_eq(w[0], "fchmod"))
                return status(fchmod(*slot, mode_of(w[2])));
        if (text_eq(w[0], "close"))
                return status(close(*slot));
        return -ENOSYS;
}

static int on_names(const struct replay *it) {
        const char(*w)[NAME_SIZE] = it->words;
        struct stat st;

        if (text_eq(w[0], "rename"))
                return status(rename(w[1], w[2]));
        if (text_eq(w[0], "unlink"))
                return status(unlink(w[1]));
        if (text_eq(w[0], "symlink"))
                return status(symlink(w[1], w[2]));
        if (text_eq(w[0], "link"))
                return status(link(w[1], w[2]));
        if (text_eq(w[0], "mkdir"))
                return status(mkdir(w[1], mode_of(w[2])));
        if (text_eq(w[0], "rmdir"))
                return status(rmdir(w[1]));
        if (text_eq(w[0], "chmod"))
                return status(chmod(w[1], mode_of(w[2])));
        if (text_eq(w[0], "cut"))
                return status(truncate(w[1], (off_t)mode_of(w[2])));
        if (text_eq(w[0], "utimes"))
                return status(utimensat(AT_FDCWD, w[1], NULL, 0));
        if (text_eq(w[0], "stat"))
                return status(lstat(w[1], &st));
        if (text_eq(w[0], "absent"))
                return lstat(w[1], &st) < 0 && errno == ENOENT ? 0 : -EEXIST;
        return -ENOSYS;
}

static void *perform(void *data) {
        static const char *const by_slot[] = { "open",  "read",  "write", "truncate",
                                               "fsync", "close", "fchmod" };
        struct replay *it = data;

        it->result = -ENOSYS;
        for (size_t i = 0; i < ELEMENTSOF(by_slot); i++)
                if (text_eq(by_slot[i], it->words[0]))
                        it->result = on_slots(it);
        if (it->result == -ENOSYS)
                it->result = on_names(it);
        return NULL;
}

/* `@` becomes the document's name. */
static void expand(const struct replay *it, const char *word, char ret[NAME_SIZE]) {
        struct buf text = BUF_INIT(NAME_SIZE - 1);

        for (; *word; word++) {
                if (*word == '@')
                        (void)buf_add_str(&text, it->document);
                else
                        (void)buf_add_char(&text, *word);
        }
        (void)snprintf(ret, NAME_SIZE, "%s", buf_str(&text));
        buf_done(&text);
}

static int run_line(struct replay *it, char *line, bool in_threads) {
        bool may_fail = *line == '?';
        char *save = line + may_fail;
        pthread_t thread;

        it->count = 0;
        memset(it->words, 0, sizeof(it->words));
        for (char *word = strsep(&save, " \n"); word; word = strsep(&save, " \n"))
                if (*word && it->count < WORDS)
                        expand(it, word, it->words[it->count++]);
        if (!it->count)
                return 0;
        if (!in_threads)
                (void)perform(it);
        else if (pthread_create(&thread, NULL, perform, it) == 0)
                pthread_join(thread, NULL);
        if (it->result == 0 || may_fail)
                return 0;
        fprintf(stderr, "replay: %s %s %s: %s\n", it->words[0], it->words[1], it->words[2],
                strerror(-it->result));
        return it->result;
}

static int load(const char *path, struct buf *ret) {
        FILE *file = fopen(path, "re");
        char data[4096];
        size_t n;

        if (!file)
                return -errno;
        while ((n = fread(data, 1, sizeof(data), file)) > 0)
                (void)buf_add(ret, data, n);
        fclose(file);
        return ret->error;
}

int main(int argc, char **argv) {
        bool in_threads = argc > 1 && text_eq(argv[1], "-t");
        struct replay it = { 0 };
        char *line = NULL;
        size_t size = 0;
        FILE *trace;
        int r = 0;

        if (argc - in_threads != 4) {
                fputs("usage: replay [-t] TRACE DOCUMENT NEW-TEXT\n", stderr);
                return 2;
        }
        it.document = argv[argc - 2];
        trace = fopen(argv[argc - 3], "re");
        if (!trace || load(argv[argc - 1], &it.text) < 0) {
                perror("replay");
                return 2;
        }
        while (r == 0 && getline(&line, &size, trace) > 0)
                if (*line != '#')
                        r = run_line(&it, line, in_threads);
        free(line);
        fclose(trace);
        buf_done(&it.text);
        return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
