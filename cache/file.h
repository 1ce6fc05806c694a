/* SPDX-License-Identifier: Apache-2.0 */
/* The database file itself: made with its tables, recognized, moved aside when damaged. */
#pragma once

#include "cache/connection.h"

/* Opens or makes the file for writing. @owner: whose answers it may hold. 1: it was another owner's
 * and is begun anew. -EBADMSG: there is one, but it is damaged or no cache. */
int file_open(const char *path, uint64_t max_bytes, const char *owner, struct connection **ret);

/* Renames it to `<path>.damaged-<time>`, of which only the latest one is kept. */
int file_set_aside(const char *path);
