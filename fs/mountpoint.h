/* SPDX-License-Identifier: Apache-2.0 */
/* Is this a place to mount at? Says why not on standard error. */
#pragma once

#include "base/mem.h"

int mountpoint_prepare(const char *path, char **ret);
int mountpoint_check_device(void);
