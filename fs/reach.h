/* SPDX-License-Identifier: Apache-2.0 */
/* When an account's servers cannot be reached, and when they can be again. */
#pragma once

#include "base/mem.h"

struct session;

void session_reached(struct session *session, const char *account, bool is_reached,
                     const char *reason);
