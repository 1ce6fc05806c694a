/* SPDX-License-Identifier: Apache-2.0 */
/* A home directory and an environment of a test's own. */
#pragma once

#include <sys/stat.h>

#include "base/op.h"

/* Makes an empty home and clears the variables of credentials; home_leave() removes it. */
void home_enter(void);
void home_leave(void);

/* Path below the home; overwritten by the next call but seven. */
const char *home_at(const char *name);

/* Writes a file below the home, its directories included; returns its path as home_at(). */
const char *home_write(const char *name, mode_t mode, const char *text);
