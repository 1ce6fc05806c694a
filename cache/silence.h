/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Servers that kept a caller waiting for nothing. For a while after that nobody waits for them who
 * can do with an older answer; one call at a time goes on trying behind the scenes.
 * Not thread-safe: the cache's lock is held.
 */
#pragma once

#include "base/source.h"

enum {
        SILENCE_SLOW_MS = 1000, /* a failure that came faster kept nobody waiting */
        SILENCE_MS = 10000,
        SILENCES_MAX = 32,      /* servers; more than that, and the oldest is tried again */
};

struct silence {
        uint64_t server;   /* silence_server(), 0: free */
        int64_t until_ms;  /* monotonic clock, as both */
        int64_t probe_ms;  /* nobody tries again before */
};

struct silences {
        struct silence list[SILENCES_MAX];
};

uint64_t silence_server(const struct request *request);
void silence_began(struct silences *silences, uint64_t server);
void silence_ended(struct silences *silences, uint64_t server);
bool silence_holds(struct silences *silences, uint64_t server, bool *ret_probe);
