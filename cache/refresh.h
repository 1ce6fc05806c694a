/* SPDX-License-Identifier: Apache-2.0 */
/* Asks anew for what is about to become too old, in the background, before anybody waits for it. */
#pragma once

#include "base/source.h"

struct refresh;

int refresh_new(struct source *source, struct refresh **ret);
struct refresh *refresh_free(struct refresh *refresh);

/* Queues a request whose answer was asked for at @asked_ms. Any thread; never waits. */
void refresh_queue(struct refresh *refresh, const struct request *request, int64_t asked_ms);
