/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The files beside the journal. While a damaged one is replaced, `<path>.mending` is written, then
 * renamed to `<path>.mended`: from there on it is the journal, whatever happens, and only names
 * have to be put right. The damaged one becomes `<path>.damaged-<n>`, with its log.
 */
#pragma once

#include "base/mem.h"

enum { DAMAGED_MAX = 16 }; /* that are kept; more are no accident */

int path_make_private(const char *path);
void path_sync(const char *path);
int path_join(const char *path, const char *suffix, char **ret);
int path_size(const char *path, const char *suffix, int64_t *ret);

int path_remove_mending(const char *path);
int path_commit_mending(const char *path);
int path_finish_mending(const char *path, char **ret_aside);
