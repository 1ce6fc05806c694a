/* SPDX-License-Identifier: Apache-2.0 */
/* Who asks: the kernel names the thread; what belongs together is the process (rules 14, 16). */
#pragma once

#include <sys/types.h>

#include "base/mem.h"

pid_t process_of(pid_t thread);
int64_t process_began_ms(pid_t process);
int64_t process_now_ms(void);
