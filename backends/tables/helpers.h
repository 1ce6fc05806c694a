/* SPDX-License-Identifier: Apache-2.0 */
/* Shapes that several tables' hooks make. */
#pragma once

#include "backends/compose.h"

int pairs_to_map(const struct json *pairs, const char *name, const char *value, struct json **ret);
int put_copy(struct json *object, const char *name, const struct json *value);
