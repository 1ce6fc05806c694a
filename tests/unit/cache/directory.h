/* SPDX-License-Identifier: Apache-2.0 */
/* A directory of the test's own for the database, and a look into that from outside. */
#pragma once

#include <stdbool.h>

void disk_begin(void);
void disk_end(void);

/* Where the database is; its directory does not exist at first. */
const char *disk_path(void);

/* SQL on the closed file. */
void disk_run(const char *sql);
void disk_expect(const char *sql, const char *value);

/* Is this descriptor one of a file in the directory? */
bool disk_is_ours(int fd);

/* How many files in the directory have names that begin so? */
unsigned disk_count(const char *prefix);
