/* SPDX-License-Identifier: Apache-2.0 */
/* Secrets in memory and in files: they are wiped when they go, and a file that others can read
 * gives none. */
#pragma once

#include <sys/stat.h>

#include "base/op.h"

enum { SECRET_FILE_MAX = 32 * 1024 };

char *secret_free(char *text);
DEFINE_CLEANUP(char *, secret_free)

void secret_shorten(const char *text, char ret[8]);
int secret_file_check(struct op *op, const char *path, const struct stat *st);
int secret_file_load(struct op *op, const char *path, size_t max, char **ret, size_t *ret_len,
                     struct stat *ret_stat);
int secret_file_value(struct op *op, const char *path, char **ret);
