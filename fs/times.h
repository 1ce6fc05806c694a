/* SPDX-License-Identifier: Apache-2.0 */
/* Times that utimens gave to documents: kept while the bytes stay, over restarts too. */
#pragma once

#include <time.h>

struct node;
struct session;

void times_set(struct session *session, struct node *node, const struct timespec *modified);
