/* SPDX-License-Identifier: Apache-2.0 */
/* What is local ends some time: files that nobody touched for an hour, all of it with the mount.
 * Their bytes go to the rejected texts, never to nothing (file rule 13). */
#pragma once

#include "base/mem.h"

struct session;

enum { ENDING_DRAIN_MS = 30 * 1000, ENDING_TICK_MS = 60 * 1000 };

int ending_start(struct session *session);
unsigned ending_pending(struct session *session);
void ending_report(struct session *session);
bool ending_drain(struct session *session, int64_t timeout_ms);
void ending_shelve_all(struct session *session);
