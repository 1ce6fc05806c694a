/* SPDX-License-Identifier: Apache-2.0 */
/* A source around a source: remembers answers with their age, asks once for many who wait, and
 * serves what it knows when nothing newer can be had. */
#pragma once

#include "base/source.h"

struct cache_options {
        const char *path;       /* database file; NULL: memory only */
        uint64_t max_bytes;     /* of the file, 0: 1 GiB */
        int64_t max_stale_ms;   /* older answers do not serve even offline, 0: 30 days */
};

/* @next is taken over. -EBUSY with the holder's pid in @op's reason when another daemon has it. */
int cache_new(struct op *op, const struct cache_options *options, struct source *next,
              struct source **ret);
