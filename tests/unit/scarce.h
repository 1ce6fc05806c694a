/* SPDX-License-Identifier: Apache-2.0 */
/* Memory that runs out: for tests that are linked with the options of `scarce` in meson.build,
 * which put these functions in place of the C library's. */
#pragma once

#include <stdbool.h>

/* Of the thread that uses it; the checks themselves need memory. */
extern _Thread_local int scarce_allowed;     /* allocations that still succeed; negative: all */
extern _Thread_local bool scarce_is_once;    /* after the one that is refused, all do */
extern _Thread_local bool scarce_has_failed; /* one was refused */
