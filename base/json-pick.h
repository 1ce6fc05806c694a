/* SPDX-License-Identifier: Apache-2.0 */
/* A few members of an object, found in its text: who wants to know the names of a hundred thousand
 * items need not make trees of all that they hold. */
#pragma once

#include "base/buf.h"

enum { JSON_NAMES_MAX = 16 };

/* Members of an object, by name. Zeroed at first. */
struct json_names {
        const char *names[JSON_NAMES_MAX]; /* borrowed, not terminated */
        size_t lens[JSON_NAMES_MAX];
        size_t count;
        bool is_all; /* more than can be told here */
};

/* A value as it stands in a text. */
struct json_span {
        const char *text; /* borrowed, not terminated; NULL: the object does not have it */
        size_t len;
};

const char *json_skip_string(const char *at, const char *end);
void json_names_add(struct json_names *names, const char *pointer);
int json_names_find(const struct json_names *names, const char *pointer);
int json_find(const char *text, size_t len, const struct json_names *names,
              struct json_span ret[JSON_NAMES_MAX]);
bool json_span_equal(const struct json_span *a, const struct json_span *b);
bool json_span_text(const struct json_span *span, struct buf *buf);
int json_pick(const struct json_names *names, const struct json_span spans[JSON_NAMES_MAX],
              struct buf *buf);
