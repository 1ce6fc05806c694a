/* SPDX-License-Identifier: Apache-2.0 */
#include "auth/secret.h"

#include <fcntl.h>
#include <unistd.h>

#include "base/text.h"

/** secret_free() - overwrite a text and free it; NULL is fine. Returns NULL. */
char *secret_free(char *text) {
        if (text)
                explicit_bzero(text, strlen(text));
        free(text);
        return NULL;
}

/** secret_shorten() - the first four bytes of an access key or user, enough to tell which it is. */
void secret_shorten(const char *text, char ret[8]) {
        size_t len = strnlen(text, 4);

        while (len > 0 && len < strlen(text) && ((unsigned char)text[len] & 0xc0) == 0x80)
                len--; /* never half a character */
        (void)snprintf(ret, 8, "%.*s…", (int)len, text);
}

/* systemd guards its credentials by their directory and gives access to them by ACL, which shows as
 * group bits (systemd.exec(5), LoadCredential=). */
static bool is_service_credential(const char *path) {
        const char *directory = getenv("CREDENTIALS_DIRECTORY");

        return directory && *directory == '/' && text_starts(path, directory) &&
               path[strlen(directory)] == '/' && !strstr(path, "/../");
}

/**
 * secret_file_check() - may a file with secrets be used?
 * Returns 0, or -EACCES with the remedy if others can read or write it or it is somebody else's.
 */
int secret_file_check(struct op *op, const char *path, const struct stat *st) {
        if (is_service_credential(path))
                return 0;
        if (st->st_uid != geteuid() && st->st_uid != 0)
                return op_fail(
                        op, EACCES,
                        "%s: it holds secrets but belongs to user %u; make it yours or root's",
                        path, (unsigned)st->st_uid);
        if (st->st_mode & 0077)
                return op_fail(op, EACCES,
                               "%s: it holds secrets but others may use it (mode %04o); run: "
                               "chmod 600 %s",
                               path, (unsigned)(st->st_mode & 07777), path);
        return 0;
}

static int read_all(int fd, char *text, size_t size, size_t *ret_len) {
        size_t len = 0;

        while (len < size) {
                ssize_t n = read(fd, text + len, size - len);

                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return -errno;
                if (n == 0)
                        break;
                len += (size_t)n;
        }
        *ret_len = len;
        return 0;
}

static int load(int fd, size_t max, char **ret, size_t *ret_len, struct stat *ret_stat) {
        char *text;
        size_t len = 0;
        int r;

        if (fstat(fd, ret_stat) < 0)
                return -errno;
        if (!S_ISREG(ret_stat->st_mode))
                return S_ISDIR(ret_stat->st_mode) ? -EISDIR : -EINVAL;
        text = malloc(max + 2);
        if (!text)
                return -ENOMEM;
        r = read_all(fd, text, max + 1, &len);
        if (r == 0 && len > max)
                r = -EFBIG;
        if (r < 0) {
                explicit_bzero(text, max + 2);
                free(text);
                return r;
        }
        text[len] = '\0';
        *ret = text;
        *ret_len = len;
        return 0;
}

/**
 * secret_file_load() - read a file that may hold secrets.
 * @max: bytes it may have. @ret: its text, terminated, owned by the caller, to be wiped; @ret_stat:
 * what the file is, for secret_file_check().
 * Returns 0; -ENOENT if there is none, -EFBIG and others, with the reason.
 */
int secret_file_load(struct op *op, const char *path, size_t max, char **ret, size_t *ret_len,
                     struct stat *ret_stat) {
        int fd, r;

        fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
        if (fd < 0)
                return op_fail(op, errno, "%s: %s", path, strerror(errno));
        r = load(fd, max, ret, ret_len, ret_stat);
        (void)close(fd);
        if (r < 0)
                return op_fail(op, -r, "%s: %s", path, strerror(-r));
        return 0;
}

/**
 * secret_file_value() - the one secret that a file holds, without the newline at its end.
 * Returns 0, -EINVAL for an empty file or one of several lines, -EACCES if others can read it.
 */
int secret_file_value(struct op *op, const char *path, char **ret) {
        _cleanup_(secret_freep) char *text = NULL;
        struct stat st;
        size_t len;
        int r;

        r = secret_file_load(op, path, SECRET_FILE_MAX, &text, &len, &st);
        if (r < 0)
                return r;
        r = secret_file_check(op, path, &st);
        if (r < 0)
                return r;
        while (len > 0 && (text[len - 1] == '\n' || text[len - 1] == '\r'))
                text[--len] = '\0';
        if (len == 0 || strlen(text) != len || strpbrk(text, "\r\n"))
                return op_fail(op, EINVAL, "%s: expected one line with the secret", path);
        *ret = STEAL(text);
        return 0;
}
