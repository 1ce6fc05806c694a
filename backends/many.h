/* SPDX-License-Identifier: Apache-2.0 */
/* When one call answers many requests of another: asked once the second of them is wanted, so
 * that a
 * walk over all costs two calls and a look at one costs one. */
#pragma once

#include "backends/compose.h"

struct many_table;

int many_table_new(struct many_table **ret);
struct many_table *many_table_free(struct many_table *table);
int many_ask(struct composer *composer, const struct request *request);
