/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The inside of an OpenAPI document, for document.c and schema.c.
 */
#pragma once

#include "contrib/emulator/hash.h"
#include "contrib/emulator/schema.h"

#include <regex.h>

struct document {
        struct json_object *root;
        struct pattern *patterns; /* every pattern of the document, by its text */
};

/* Whether a text matches a pattern of the document. */
bool document_matches(const struct document *document, const char *pattern, const char *text);
