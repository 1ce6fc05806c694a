/* SPDX-License-Identifier: Apache-2.0 */
/* What is local ends some time: files that nobody touched for an hour, all of it with the mount.
 * Their bytes go to the rejected texts, never to nothing (file rule 13). */
#pragma once

#include "base/mem.h"

struct session;

enum { ENDING_DRAIN_MS = 30 * 1000, ENDING_TICK_MS = 60 * 1000 };

/* How long was waited in vain for what was accepted, up to when, on the monotonic clock. */
struct ending_waits {
        int64_t spent_ms, ended_ms;
};

int ending_start(struct session *session);
unsigned ending_pending(struct session *session);
void ending_report(struct session *session);
bool ending_drain(struct session *session, int64_t timeout_ms);
bool ending_drain_last(struct session *session);
void ending_shelve_all(struct session *session);
