/* SPDX-License-Identifier: Apache-2.0 */
/* A source around a source: remembers answers with their age, asks once for many who wait, and
 * serves what it knows when nothing newer can be had. */
#pragma once

#include "base/source.h"

struct cache_options {
        const char *path;       /* database file; NULL: memory only */
        const char *owner;      /* of the answers in the file: servers and credentials, as a hash;
                                   those of another owner are dropped. NULL: nobody's */
        uint64_t max_bytes;     /* of the file, 0: 1 GiB */
        uint64_t memory_bytes;  /* of answers in memory, 0: 64 MiB */
        int64_t max_stale_ms;   /* older answers do not serve even offline, 0: 30 days */
        bool probes;            /* servers that cannot be reached are asked until they can be */
        /* With `probes`: told when the first server cannot be reached (and why) and when all can be
         * again, in a thread of the cache's own; may be NULL. */
        void (*on_reach)(void *data, bool is_reached, const char *reason);
        void *data;
};

/* How far what it hands out can be trusted at this moment. */
struct cache_state {
        bool has_answers;         /* some are known, in memory or in the file */
        bool was_others;          /* the file held another owner's when it was opened */
        size_t outages;           /* servers that cannot be reached */
        int64_t outage_since_ms;  /* realtime clock, as the others; 0: none */
        char reason[OP_REASON_SIZE];
        int64_t stale_since_ms;   /* older answers than asked for are handed out since; 0: none */
        int64_t stale_last_ms;    /* … the last time */
        uint64_t stale;           /* … so many */
};

/* @next is taken over. -EBUSY with the holder's pid in @op's reason when another daemon has it. */
int cache_new(struct op *op, const struct cache_options *options, struct source *next,
              struct source **ret);

/* How well it does, as JSON for control files. -EINVAL for a source that is no cache. */
int cache_describe(struct source *source, struct json **ret);

/* As above. */
int cache_state(struct source *source, struct cache_state *ret);

/* Why an answer is what it is: its age, where it is kept, how the last call ended. As above. */
int cache_explain(struct source *source, const struct request *request, struct json **ret);
