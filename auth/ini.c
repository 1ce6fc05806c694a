/* SPDX-License-Identifier: Apache-2.0 */
#include "auth/ini.h"

#include "base/text.h"

struct reader {
        struct op *op;
        const char *path;
        ini_fn fn;
        void *data;
        const char *section;
        unsigned line;
};

static bool is_blank(char c) {
        return c == ' ' || c == '\t' || c == '\r';
}

/* Cuts blanks off both ends, in place. */
static char *trim(char *text) {
        char *end = text + strlen(text);

        while (end > text && is_blank(end[-1]))
                *--end = '\0';
        while (is_blank(*text))
                text++;
        return text;
}

static int fail(struct reader *reader, const char *what) {
        return op_fail(reader->op, EINVAL, "%s:%u: %s", reader->path, reader->line, what);
}

static int tell(struct reader *reader, const char *name, const char *value) {
        struct ini_entry entry = {
                .section = reader->section,
                .name = name,
                .value = value,
                .line = reader->line,
        };

        return reader->fn(reader->data, reader->op, &entry);
}

static int read_head(struct reader *reader, char *line) {
        size_t len = strlen(line);

        if (line[len - 1] != ']')
                return fail(reader, "a section's head ends in ']'");
        line[len - 1] = '\0';
        reader->section = trim(line + 1);
        if (!*reader->section || strlen(reader->section) > INI_NAME_MAX)
                return fail(reader, "a section's name has 1 to 128 bytes");
        return tell(reader, NULL, NULL);
}

static int read_line(struct reader *reader, char *line) {
        const char *name, *value;
        char *equals;

        line = trim(line);
        if (!*line || *line == '#' || *line == ';')
                return 0;
        if (*line == '[')
                return read_head(reader, line);
        equals = strchr(line, '=');
        if (!equals)
                return fail(reader, "expected `name = value`, `[section]` or a comment");
        *equals = '\0';
        name = trim(line);
        value = trim(equals + 1);
        if (!*name || strlen(name) > INI_NAME_MAX)
                return fail(reader, "the name before '=' has 1 to 128 bytes");
        if (strlen(value) > INI_VALUE_MAX)
                return fail(reader, "the value is longer than 20 KiB");
        return tell(reader, name, value);
}

/**
 * ini_read() - go through an INI text.
 * @path: of the file, for messages; the text itself never gets into one.
 * @text: @len bytes and a NUL; it is cut up in place.
 * Returns 0, what @fn returned, -EFBIG for a text over INI_SIZE_MAX, -EINVAL with file and line for
 * one that is no INI.
 */
int ini_read(struct op *op, const char *path, char *text, size_t len, ini_fn fn, void *data) {
        struct reader reader = { .op = op, .path = path, .fn = fn, .data = data, .section = "" };
        int r = 0;

        if (len > INI_SIZE_MAX)
                return op_fail(op, EFBIG, "%s: larger than 256 KiB", path);
        if (strlen(text) != len || !text_is_utf8(text, len))
                return op_fail(op, EINVAL, "%s: not UTF-8 text", path);
        if (text_starts(text, "\xef\xbb\xbf"))
                text += 3;
        while (text && r == 0) {
                char *next = strchr(text, '\n');

                if (next)
                        *next++ = '\0';
                reader.line++;
                r = read_line(&reader, text);
                text = next;
        }
        return r;
}
