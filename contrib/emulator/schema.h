/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Checking JSON values against the schemas of an OpenAPI 3.0 document.
 */
#pragma once

#include "contrib/emulator/contract.h"

enum {
        SCHEMA_RESPONSE = 1, /* write-only members must not occur; required ones of them need not */
        SCHEMA_IGNORE_CASE = 2, /* member names may differ in case from the schema's (UCS) */
};

/* Where and how a value breaks its schema. Never holds the value itself: it may be a secret. */
struct problem {
        char text[400];
};

/* Reads a document. Returns 0 or a negative errno, with the reason on stderr. */
int document_load(const char *path, struct document **ret);
struct document *document_free(struct document *document);
struct json_object *document_root(const struct document *document);

/* Follows $ref until something else is there; NULL for a dangling one. */
struct json_object *document_resolve(const struct document *document, struct json_object *node);

/* Whether a value fits; if not, the first problem (`name` is what the value is called in it). */
bool schema_check(const struct document *document, struct json_object *schema,
                  struct json_object *value, unsigned flags, const char *name, struct problem *ret);

/*
 * A text of a query, header, path or form as the type that the schema wants; a string if it cannot
 * be.
 */
struct json_object *schema_from_text(const struct document *document, struct json_object *schema,
                                     const char *text);

/* Renames members that differ only in case from the schema's, all the way down. */
void schema_fix_case(const struct document *document, struct json_object *schema,
                     struct json_object *value);

/*
 * Some value that fits the schema: default, example, first enum value, or the smallest of its
 * type.
 */
struct json_object *schema_sample(const struct document *document, struct json_object *schema);
