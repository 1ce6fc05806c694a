/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Servers that cannot be reached: since when, why, and what was asked last, to be asked again until
 * an answer comes. Not thread-safe: the cache's lock is held.
 */
#pragma once

#include "cache/copy.h"

enum { OUTAGES_MAX = 32 }; /* servers; of more, those that fell silent last are known */

struct outage {
        uint64_t server;              /* silence_server(), 0: free */
        int64_t since_ms;             /* realtime clock */
        int64_t probed_ms;            /* monotonic clock, 0: not yet */
        bool is_slow;                 /* it kept the last caller waiting */
        struct op_fault fault;        /* of the last call */
        struct request_copy *request; /* owned; the last that failed, NULL without memory */
};

struct outages {
        struct outage list[OUTAGES_MAX];
        size_t count;
};

bool outage_is(int error, const struct op_fault *fault);
void outage_began(struct outages *outages, uint64_t server, const struct request *request,
                  const struct op_fault *fault, bool is_slow);
void outage_ended(struct outages *outages, uint64_t server);
const struct outage *outage_find(const struct outages *outages, uint64_t server);
struct outage *outage_next(struct outages *outages);
const struct outage *outage_first(const struct outages *outages);
void outages_done(struct outages *outages);
