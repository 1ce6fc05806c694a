/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Short ways of building, reading and changing JSON values of json-c.
 *
 * "Pointer" is a JSON pointer (RFC 6901): "" is the value itself, "/a/b/0" goes down.
 * Reading functions borrow: what they return belongs to the value read. They take NULL for a value.
 * Nothing here locks; the caller holds the world lock or owns the value.
 */
#pragma once

#include <json-c/json.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Builds a value from a pattern in which blanks and commas do not count:
 *   {…} [….]  object, array; a member name is a literal in quotes:  {'name': s, 'count': i}
 *   s         const char * (NULL makes null)      i  int64_t        b  int (boolean)    f  double
 *   o         struct json_object *, taken over (NULL makes null)    n  null
 *   S, O      as s and o, but a NULL argument leaves the member or element out
 * Example: js_pack("{'cluster': {'id': s, 'tags': [s s], 'extra': O}}", id, a, b, extra)
 * Integers must really be passed as int64_t. A wrong pattern is a programming error: aborts.
 */
struct json_object *js_pack(const char *pattern, ...);

/* The value at a pointer, or NULL. Borrowed. */
struct json_object *js_get(struct json_object *value, const char *pointer);

/* The string at a pointer; NULL when it is missing or no string. Borrowed. */
const char *js_str(struct json_object *value, const char *pointer);

/* The integer (or boolean) at a pointer; fallback when it is missing or of another type. */
int64_t js_int(struct json_object *value, const char *pointer, int64_t fallback);
bool js_bool(struct json_object *value, const char *pointer, bool fallback);

/* Number of elements of the array at a pointer; 0 when it is missing or no array. */
size_t js_len(struct json_object *value, const char *pointer);

/* Element i of an array, NULL behind its end. Borrowed. */
struct json_object *js_at(struct json_object *array, size_t i);

/*
 * Sets the value at a pointer, takes the value over (NULL makes null) and makes missing objects on
 * the way; "/list/-" appends to an array. Returns 0, or -EINVAL (value released) when the way
 * leads through a value that is neither object nor array, or to an element that does not exist.
 */
int js_set(struct json_object *root, const char *pointer, struct json_object *value);
int js_set_str(struct json_object *root, const char *pointer, const char *text);
int js_set_int(struct json_object *root, const char *pointer, int64_t number);

/* Removes the member or element at a pointer. Returns whether there was one. */
bool js_remove(struct json_object *root, const char *pointer);

/* A deep copy, owned by the caller; NULL (null) for NULL. */
struct json_object *js_clone(struct json_object *value);

/*
 * Copies each member of `from` that stands in the list of names (blank-separated; NULL: all) into
 * `to`.
 */
void js_copy_members(struct json_object *to, struct json_object *from, const char *names);

/* Applies an RFC 7386 merge patch to an object in place. */
void js_merge_patch(struct json_object *target, struct json_object *patch);

/*
 * Parses exactly one JSON text; text[size] must be NUL. Returns 0, or -EBADMSG; null gives 0 and
 * NULL.
 */
int js_parse(const char *text, size_t size, struct json_object **ret);

/* Reads and parses a file. Returns 0, -EBADMSG, or another negative errno of reading. */
int js_parse_file(const char *path, struct json_object **ret);

#define js_each_member(object, key, value) json_object_object_foreach(object, key, value)
