/* SPDX-License-Identifier: Apache-2.0 */
/* The one access layer to JSON (RFC 8259) and JSON pointers (RFC 6901), over json-c, which keeps
 * the order of members and the text of fractional numbers. A parsed tree belongs to one thread: its
 * reference counts are not atomic. What threads share is bytes. */
#pragma once

#include "base/buf.h"

struct json; /* a value; NULL is JSON's null */

enum { JSON_MAX_DEPTH = 64, JSON_MAX_SIZE = 64 * 1024 * 1024 };

enum json_kind {
        JSON_NULL,
        JSON_BOOLEAN,
        JSON_INTEGER,
        JSON_FRACTION,
        JSON_STRING,
        JSON_ARRAY,
        JSON_OBJECT,
};

/* Where and why a text is no JSON; line and column from 1. */
struct json_error {
        size_t line;
        size_t column;
        const char *reason; /* static */
};

enum json_form { JSON_COMPACT, JSON_PRETTY };

int json_parse(const char *text, size_t len, struct json **ret, struct json_error *ret_error);
int json_check_names(const char *text, size_t len, struct json_error *ret_error);
struct json *json_free(struct json *json);
DEFINE_CLEANUP(struct json *, json_free)

enum json_kind json_kind(const struct json *json);
bool json_is(const struct json *json, enum json_kind kind);
struct json *json_at(const struct json *json, const char *pointer);
bool json_has(const struct json *json, const char *pointer);
const char *json_string(const struct json *json, const char *pointer);
int json_int64(const struct json *json, const char *pointer, int64_t *ret);
bool json_is_true(const struct json *json, const char *pointer);
int json_scalar(const struct json *json, struct buf *buf);
int json_text_at(const struct json *json, const char *pointer, char **ret);
bool json_equal(const struct json *a, const struct json *b);

size_t json_count(const struct json *array);
struct json *json_item(const struct json *array, size_t index);
struct json *json_member(const struct json *object, const char *name);

/* Goes through an object's members in their order: zeroed at first, while json_next() is true. */
struct json_cursor {
        const char *name;
        struct json *value;
        void *entry;
        bool began;
};
bool json_next(const struct json *object, struct json_cursor *cursor);

struct json *json_new_object(void);
struct json *json_new_array(void);
struct json *json_new_string(const char *text, size_t len);
struct json *json_new_int(int64_t value);
struct json *json_new_bool(bool value);
struct json *json_copy(const struct json *json);
int json_set(struct json *object, const char *name, struct json *value);
int json_set_string(struct json *object, const char *name, const char *text);
int json_set_int(struct json *object, const char *name, int64_t value);
int json_append(struct json *array, struct json *value);
struct json *json_share(const struct json *json);
void json_remove(struct json *object, const char *name);
void json_remove_at(struct json *json, const char *pointer);

int json_render(const struct json *json, enum json_form form, struct buf *buf);
