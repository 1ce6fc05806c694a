/* SPDX-License-Identifier: Apache-2.0 */
/* A source around a source: remembers answers with their age, asks once for many who wait, and
 * serves what it knows when nothing newer can be had. */
#pragma once

#include "base/source.h"

struct cache_options {
        const char *path;       /* database file; NULL: memory only */
        uint64_t max_bytes;     /* of the file, 0: 1 GiB */
        uint64_t memory_bytes;  /* of answers in memory, 0: 64 MiB */
        int64_t max_stale_ms;   /* older answers do not serve even offline, 0: 30 days */
};

/* @next is taken over. -EBUSY with the holder's pid in @op's reason when another daemon has it. */
int cache_new(struct op *op, const struct cache_options *options, struct source *next,
              struct source **ret);

/* How well it does, as JSON for control files. -EINVAL for a source that is no cache. */
int cache_describe(struct source *source, struct json **ret);

/* Why an answer is what it is: its age, where it is kept, how the last call ended. As above. */
int cache_explain(struct source *source, const struct request *request, struct json **ret);
