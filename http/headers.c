/* SPDX-License-Identifier: Apache-2.0 */
#include "http/headers.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/text.h"

/* RFC 9110, section 5.6.2: what a header's name is made of. */
static bool is_token(const char *text) {
        static const char allowed[] = "!#$%&'*+-.^_`|~0123456789"
                                      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

        return *text && text[strspn(text, allowed)] == '\0';
}

/* A line break in a value would begin a header of somebody else's making. */
static bool is_value(const char *text) {
        return !strpbrk(text, "\r\n");
}

static struct http_header *find(const struct http_headers *headers, const char *name) {
        for (size_t i = 0; i < headers->count; i++)
                if (strcasecmp(headers->list[i].name, name) == 0)
                        return &headers->list[i];
        return NULL;
}

static void drop(struct http_headers *headers, struct http_header *header) {
        size_t index = (size_t)(header - headers->list);

        free(header->name);
        free(header->value);
        headers->count--;
        memmove(header, header + 1, (headers->count - index) * sizeof(*header));
}

/**
 * headers_add() - add one more header, also when there is one of that name; copies.
 * Returns 0, -E2BIG beyond HTTP_HEADERS_MAX, -ENOMEM.
 */
int headers_add(struct http_headers *headers, const char *name, size_t name_len, const char *value,
                size_t value_len) {
        struct http_header header;
        int r;

        r = array_grow(&headers->list, &headers->capacity, headers->count, HTTP_HEADERS_MAX,
                       sizeof(*headers->list));
        if (r < 0)
                return r;
        header.name = strndup(name, name_len);
        header.value = strndup(value, value_len);
        if (!header.name || !header.value) {
                free(header.name);
                free(header.value);
                return -ENOMEM;
        }
        headers->list[headers->count++] = header;
        return 0;
}

/**
 * http_headers_set() - set a header, in place of one of that name in any case; copies.
 * @value: NULL takes the header away.
 * Returns 0, -EINVAL for what cannot stand in a header, -E2BIG for too many, -ENOMEM.
 */
int http_headers_set(struct http_headers *headers, const char *name, const char *value) {
        struct http_header *header = find(headers, name);
        char *copy;

        if (!value) {
                if (header)
                        drop(headers, header);
                return 0;
        }
        if (!is_token(name) || !is_value(value))
                return -EINVAL;
        if (!header)
                return headers_add(headers, name, strlen(name), value, strlen(value));
        copy = strdup(value);
        if (!copy)
                return -ENOMEM;
        free(header->value);
        header->value = copy;
        return 0;
}

/** http_headers_get() - the first value of a header, case ignored; NULL if absent; borrowed. */
const char *http_headers_get(const struct http_headers *headers, const char *name) {
        const struct http_header *header = find(headers, name);

        return header ? header->value : NULL;
}

/** http_headers_done() - free all headers; the list may be used again. */
void http_headers_done(struct http_headers *headers) {
        for (size_t i = 0; i < headers->count; i++) {
                free(headers->list[i].name);
                free(headers->list[i].value);
        }
        free(headers->list);
        *headers = (struct http_headers){ 0 };
}

static void trim(const char **text, size_t *len) {
        while (*len && strchr(" \t", (*text)[0])) {
                (*text)++;
                (*len)--;
        }
        while (*len && strchr(" \t\r\n", (*text)[*len - 1]))
                (*len)--;
}

/* A line that begins with a blank goes on with the header before it (obsolete, yet seen). */
static int continue_last(struct http_headers *headers, const char *text, size_t len) {
        struct http_header *last;
        char *joined;

        if (!headers->count)
                return 0;
        last = &headers->list[headers->count - 1];
        if (text_format(&joined, "%s %.*s", last->value, (int)len, text) < 0)
                return -ENOMEM;
        free(last->value);
        last->value = joined;
        return 0;
}

/**
 * headers_receive() - take one line of an answer's head, line break included.
 *
 * A status line forgets what came before: it was an interim answer. Lines that are no header are
 * ignored. Errors as headers_add().
 */
int headers_receive(struct http_headers *headers, const char *line, size_t len) {
        const char *colon, *value;
        size_t value_len;

        if (len >= 5 && memcmp(line, "HTTP/", 5) == 0) {
                http_headers_done(headers);
                return 0;
        }
        if (len && strchr(" \t", line[0])) {
                trim(&line, &len);
                return continue_last(headers, line, len);
        }
        colon = memchr(line, ':', len);
        if (!colon || colon == line)
                return 0;
        value = colon + 1;
        value_len = len - (size_t)(value - line);
        trim(&value, &value_len);
        return headers_add(headers, line, (size_t)(colon - line), value, value_len);
}
