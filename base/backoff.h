/* SPDX-License-Identifier: Apache-2.0 */
/* How long to wait before trying again. */
#pragma once

#include "base/mem.h"

int64_t backoff_jittered_ms(int64_t base_ms, int64_t max_ms, unsigned times);
