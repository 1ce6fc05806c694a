/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/model/model.h"

enum { RANGES_MAX = 4096, TRIES_MAX = 80 };

static struct {
        struct {
                unsigned long long from, to;
        } list[RANGES_MAX];
        size_t count;
        bool is_given;
} only;

static const char *read_number(const char *text, unsigned long long *ret) {
        *ret = 0;
        for (; *text >= '0' && *text <= '9'; text++)
                *ret = *ret * 10 + (unsigned long long)(*text - '0');
        return text;
}

void only_read(const char *text) {
        only.is_given = text;
        while (text && *text && only.count < RANGES_MAX) {
                unsigned long long from, to;

                text = read_number(text, &from);
                to = from;
                if (*text == '-')
                        text = read_number(text + 1, &to);
                only.list[only.count].from = from;
                only.list[only.count++].to = to;
                if (*text && *text++ != ',')
                        die("ONLY must be like 3,7-9");
        }
}

bool only_has(unsigned long long number) {
        for (size_t i = 0; i < only.count; i++)
                if (number >= only.list[i].from && number <= only.list[i].to)
                        return true;
        return !only.is_given;
}

/* Operations by their numbers. */
struct wanted {
        unsigned long long *list;
        size_t count;
};

static char *wanted_text(const struct wanted *wanted) {
        char *text = x_strdup("");

        for (size_t i = 0; i < wanted->count;) {
                size_t j = i;
                char *longer;

                while (j + 1 < wanted->count && wanted->list[j + 1] == wanted->list[j] + 1)
                        j++;
                longer = i == j ? x_printf("%s%s%llu", text, *text ? "," : "", wanted->list[i])
                                : x_printf("%s%s%llu-%llu", text, *text ? "," : "", wanted->list[i],
                                           wanted->list[j]);
                free(text);
                text = longer;
                i = j + 1;
        }
        return text;
}

/* Does it fail with these alone? */
static bool fails(char **argv, const struct wanted *wanted) {
        _cleanup_(freep) char *text = wanted_text(wanted);
        int status = 0;
        pid_t child = fork();

        if (child == 0) {
                int null = open("/dev/null", O_WRONLY | O_CLOEXEC);

                if (null < 0 || dup2(null, STDOUT_FILENO) < 0 || setenv("ONLY", text, 1) < 0 ||
                    setenv("SHRINK", "0", 1) < 0)
                        _exit(2);
                execv("/proc/self/exe", argv);
                _exit(2);
        }
        if (child < 0 || waitpid(child, &status, 0) < 0)
                die("no child");
        return WIFEXITED(status) && WEXITSTATUS(status) == 1;
}

/* The shortest end of what was done that fails, by doubling. */
static void find_end(char **argv, struct wanted *wanted, unsigned *tries) {
        for (size_t count = 2; count < wanted->count && *tries < TRIES_MAX; count *= 4) {
                struct wanted end = { wanted->list + (wanted->count - count), count };

                ++*tries;
                if (!fails(argv, &end))
                        continue;
                memmove(wanted->list, end.list, count * sizeof(*wanted->list));
                wanted->count = count;
                return;
        }
}

/* All but a part; whether that fails as well, and so is all that is wanted from now on. */
static bool leave_out(char **argv, struct wanted *wanted, size_t from, size_t count) {
        struct wanted less = { x_alloc(wanted->count * sizeof(*less.list)), 0 };
        bool is_needless;

        for (size_t i = 0; i < wanted->count; i++)
                if (i < from || i >= from + count)
                        less.list[less.count++] = wanted->list[i];
        is_needless = fails(argv, &less);
        if (!is_needless) {
                free(less.list);
                return false;
        }
        free(wanted->list);
        *wanted = less;
        return true;
}

void shrink(char **argv, unsigned long long failed) {
        struct wanted wanted = { x_alloc((failed + 1) * sizeof(*wanted.list)), 0 };
        _cleanup_(freep) char *text = NULL;
        unsigned tries = 0;

        for (unsigned long long i = 0; i <= failed; i++)
                if (only_has(i))
                        wanted.list[wanted.count++] = i;
        find_end(argv, &wanted, &tries);
        for (size_t part = wanted.count / 2; part > 0; part /= 2)
                for (size_t from = 0; from < wanted.count && tries < TRIES_MAX;) {
                        tries++;
                        if (!leave_out(argv, &wanted, from, part))
                                from += part;
                }
        text = wanted_text(&wanted);
        printf("# %zu operations are enough: ONLY=%s\n", wanted.count, text);
        free(wanted.list);
}
