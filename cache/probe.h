/* SPDX-License-Identifier: Apache-2.0 */
/*
 * While a server cannot be reached, one call at a time looks whether it can be again: further and
 * further apart. Whoever wants to know is told when the first has gone and when the last is back.
 */
#pragma once

#include "cache/cache.h"

enum { PROBE_MIN_MS = 1000, PROBE_MAX_MS = 60 * 1000 };

struct cache;
struct probe;

int probe_new(struct cache *cache, const struct cache_options *options, struct probe **ret);
struct probe *probe_free(struct probe *probe);

/* Something changed among the outages. With the cache's lock. */
void probe_look(struct probe *probe);
