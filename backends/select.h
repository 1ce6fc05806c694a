/* SPDX-License-Identifier: Apache-2.0 */
/* Parts of JSON values: what a row shows, leaves out, or makes conditional. */
#pragma once

#include "base/json-pick.h"
#include "base/kind.h"

typedef bool (*select_fn)(const struct json *value, const void *data);

bool select_any(const struct json *value, const char *pointer, select_fn fn, const void *data);
bool when_holds(const struct when *when, const struct json *item);
void when_names(const struct when *when, struct json_names *names);
int select_only(const struct json *value, const char *const *pointers, struct json **ret);
void select_without(struct json *value, const char *const *pointers);
