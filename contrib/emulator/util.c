/* SPDX-License-Identifier: Apache-2.0 */
#include "contrib/emulator/util.h"

#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

void die(const char *format, ...) {
        va_list args;

        va_start(args, format);
        fputs("hcloud-emulator: ", stderr);
        vfprintf(stderr, format, args);
        fputc('\n', stderr);
        va_end(args);
        exit(1);
}

void *x_alloc(size_t size) {
        void *p = calloc(1, size ? size : 1);

        if (!p)
                die("out of memory");
        return p;
}

void *x_realloc(void *old, size_t size) {
        void *p = realloc(old, size ? size : 1);

        if (!p)
                die("out of memory");
        return p;
}

char *x_strdup(const char *text) {
        return text ? x_strndup(text, strlen(text)) : NULL;
}

char *x_strndup(const char *text, size_t size) {
        size_t len = strnlen(text, size);
        char *copy = x_alloc(len + 1);

        memcpy(copy, text, len);
        return copy;
}

char *x_printf(const char *format, ...) {
        va_list args;
        char *text;
        int r;

        va_start(args, format);
        r = vasprintf(&text, format, args);
        va_end(args);
        if (r < 0)
                die("out of memory");
        return text;
}

bool str_eq(const char *a, const char *b) {
        return a && b ? strcmp(a, b) == 0 : a == b;
}

bool str_begins(const char *text, const char *prefix) {
        return strncmp(text, prefix, strlen(prefix)) == 0;
}

bool str_ends(const char *text, const char *suffix) {
        size_t a = strlen(text), b = strlen(suffix);

        return a >= b && strcmp(text + a - b, suffix) == 0;
}

bool word_in(const char *list, const char *word, bool ignore_case) {
        size_t size = strlen(word);

        while (list && *list) {
                size_t len = strcspn(list, " ");

                if (len == size &&
                    (ignore_case ? strncasecmp(list, word, len) : strncmp(list, word, len)) == 0)
                        return true;
                list += len;
                list += strspn(list, " ");
        }
        return false;
}

int parse_int(const char *text, int64_t *ret) {
        bool negative = *text == '-';
        const char *p = text + negative;
        int64_t value = 0;

        if (!*p)
                return -EINVAL;
        for (; *p; p++) {
                if (*p < '0' || *p > '9')
                        return -EINVAL;
                if (__builtin_mul_overflow(value, 10, &value) ||
                    __builtin_sub_overflow(value, *p - '0', &value))
                        return -ERANGE;
        }
        /* Gathered as a negative number, whose range is larger by one. */
        if (!negative && value == INT64_MIN)
                return -ERANGE;
        *ret = negative ? value : -value;
        return 0;
}

int parse_number(const char *text, double *ret) {
        double value = 0, unit = 1;
        bool digits = false, fraction = false;

        for (const char *p = text; *p; p++) {
                if (*p == '.' && !fraction) {
                        fraction = true;
                        continue;
                }
                if (*p < '0' || *p > '9')
                        return -EINVAL;
                digits = true;
                if (fraction)
                        unit /= 10;
                value = fraction ? value + unit * (*p - '0') : value * 10 + (*p - '0');
        }
        if (!digits)
                return -EINVAL;
        *ret = value;
        return 0;
}

static int hex_digit(char c) {
        if (c >= '0' && c <= '9')
                return c - '0';
        if (c >= 'a' && c <= 'f')
                return c - 'a' + 10;
        if (c >= 'A' && c <= 'F')
                return c - 'A' + 10;
        return -1;
}

void percent_decode(char *text, bool plus_is_blank) {
        char *out = text;

        for (const char *p = text; *p; p++) {
                int high = *p == '%' ? hex_digit(p[1]) : -1;
                int low = high >= 0 ? hex_digit(p[2]) : -1;

                if (low >= 0) {
                        *out++ = (char)(high * 16 + low);
                        p += 2;
                } else {
                        *out++ = *p == '+' && plus_is_blank ? ' ' : *p;
                }
        }
        *out = 0;
}

static int read_all(int fd, size_t max, char **ret, size_t *ret_size) {
        _cleanup_(freep) char *data = NULL;
        size_t size = 0, capacity = 0;

        for (;;) {
                ssize_t n;

                if (capacity < size + 4096)
                        data = x_realloc(data, capacity = capacity * 2 + 8192);
                n = read(fd, data + size, capacity - size - 1);
                if (n < 0)
                        return -errno;
                if (n == 0)
                        break;
                size += (size_t)n;
                if (size > max)
                        return -EFBIG;
        }
        data[size] = 0;
        *ret = STEAL(data);
        *ret_size = size;
        return 0;
}

int read_file(const char *path, size_t max, char **ret, size_t *ret_size) {
        int fd = open(path, O_RDONLY | O_CLOEXEC);
        int r;

        if (fd < 0)
                return -errno;
        r = read_all(fd, max, ret, ret_size);
        close(fd);
        return r;
}

static int write_all(int fd, const char *data, size_t size) {
        while (size > 0) {
                ssize_t n = write(fd, data, size);

                if (n < 0)
                        return -errno;
                data += n;
                size -= (size_t)n;
        }
        return 0;
}

int write_file(const char *path, const void *data, size_t size, unsigned mode) {
        _cleanup_(freep) char *temporary = x_printf("%s.new", path);
        int fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
        int r;

        if (fd < 0)
                return -errno;
        r = write_all(fd, data, size);
        if (close(fd) < 0 && r == 0)
                r = -errno;
        if (r == 0 && rename(temporary, path) < 0)
                r = -errno;
        if (r < 0)
                (void)unlink(temporary);
        return r;
}

static int64_t clock_ms(clockid_t clock) {
        struct timespec ts;

        clock_gettime(clock, &ts);
        return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

int64_t wall_ms(void) {
        return clock_ms(CLOCK_REALTIME);
}

int64_t monotonic_ms(void) {
        return clock_ms(CLOCK_MONOTONIC);
}
