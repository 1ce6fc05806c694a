/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json-pick.h"

#include <string.h>

static size_t first_step(const char *pointer) {
        return *pointer ? strcspn(pointer + 1, "/") : 0;
}

/* The place of a name; -ENOENT if it is none of them. */
static int find_name(const struct json_names *names, const char *name, size_t len) {
        for (size_t i = 0; i < names->count; i++)
                if (names->lens[i] == len && memcmp(names->names[i], name, len) == 0)
                        return (int)i;
        return -ENOENT;
}

/** json_names_add() - the member in which a JSON pointer begins, which is borrowed; NULL: none. */
void json_names_add(struct json_names *names, const char *pointer) {
        const char *name = pointer ? pointer + 1 : NULL;
        size_t len = pointer ? first_step(pointer) : 0;

        if (!pointer || (len && find_name(names, name, len) >= 0))
                return;
        if (!len || *name == '*' || memchr(name, '~', len) || names->count == JSON_NAMES_MAX) {
                names->is_all = true;
                return;
        }
        names->names[names->count] = name;
        names->lens[names->count++] = len;
}

/** json_names_find() - the place of the member that a pointer is of; -ENOENT if it leads further
 * down, or to none of them. */
int json_names_find(const struct json_names *names, const char *pointer) {
        size_t len = first_step(pointer);

        return len && !pointer[1 + len] ? find_name(names, pointer + 1, len) : -ENOENT;
}

/** json_skip_string() - behind the string that begins at @at; NULL if the text ends before it. */
const char *json_skip_string(const char *at, const char *end) {
        for (at++; at < end && *at != '"'; at++)
                if (*at == '\\' && ++at == end)
                        return NULL;
        return at < end ? at + 1 : NULL;
}

/* Behind the value that begins at @at: the comma or bracket that ends it. */
static const char *skip_value(const char *at, const char *end) {
        size_t depth = 0;

        while (at && at < end) {
                if (*at == '"') {
                        at = json_skip_string(at, end);
                        continue;
                }
                if (depth == 0 && (*at == ',' || *at == '}'))
                        return at;
                if (*at == '{' || *at == '[')
                        depth++;
                else if (*at == '}' || *at == ']')
                        depth--;
                at++;
        }
        return NULL;
}

/**
 * json_find() - where the members of an object stand in its text.
 * @text: an object as JSON_COMPACT renders it. What is not asked for is not looked into.
 * @ret: in the order of @names. Returns 0, or -EINVAL if it is no such object.
 */
int json_find(const char *text, size_t len, const struct json_names *names,
              struct json_span ret[JSON_NAMES_MAX]) {
        const char *at = text, *end = text + len;

        memset(ret, 0, JSON_NAMES_MAX * sizeof(*ret));
        if (len == 2 && memcmp(text, "{}", 2) == 0)
                return 0;
        if (!len || *text != '{')
                return -EINVAL;
        while (at && at < end && (*at == '{' || *at == ',')) {
                const char *name = at + 1, *colon;
                int place;

                colon = name < end && *name == '"' ? json_skip_string(name, end) : NULL;
                if (!colon || colon >= end || *colon != ':')
                        return -EINVAL;
                at = skip_value(colon + 1, end);
                place = find_name(names, name + 1, (size_t)(colon - name) - 2);
                if (at && place >= 0)
                        ret[place] = (struct json_span){ colon + 1, (size_t)(at - colon) - 1 };
        }
        return at && at + 1 == end && *at == '}' ? 0 : -EINVAL;
}

/** json_span_equal() - the same text? Two that are absent are equal. */
bool json_span_equal(const struct json_span *a, const struct json_span *b) {
        return !a->text == !b->text && a->len == b->len &&
               (!a->text || memcmp(a->text, b->text, a->len) == 0);
}

/**
 * json_span_text() - append what json_scalar() would; nothing for null, or if it is absent.
 * Returns whether it can be told without a tree: not for escapes, objects and arrays.
 */
bool json_span_text(const struct json_span *span, struct buf *buf) {
        if (!span->text || (span->len == 4 && memcmp(span->text, "null", 4) == 0))
                return true;
        if (!span->len || *span->text == '{' || *span->text == '[')
                return false;
        if (*span->text != '"')
                return buf_add(buf, span->text, span->len) == 0;
        if (span->len < 2 || memchr(span->text, '\\', span->len))
                return false;
        return buf_add(buf, span->text + 1, span->len - 2) == 0;
}

/** json_pick() - append an object that has the members which were found. 0 or negative errno. */
int json_pick(const struct json_names *names, const struct json_span spans[JSON_NAMES_MAX],
              struct buf *buf) {
        char before = '{';

        for (size_t i = 0; i < names->count; i++) {
                if (!spans[i].text)
                        continue;
                (void)buf_add_char(buf, before);
                (void)buf_add_char(buf, '"');
                (void)buf_add(buf, names->names[i], names->lens[i]);
                (void)buf_add_str(buf, "\":");
                (void)buf_add(buf, spans[i].text, spans[i].len);
                before = ',';
        }
        return buf_add_str(buf, before == '{' ? "{}" : "}");
}
