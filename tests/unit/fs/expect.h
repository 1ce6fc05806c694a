/* SPDX-License-Identifier: Apache-2.0 */
/* Commands in a mount of the fake view, and what must come of them. */
#pragma once

#include "tests/unit/fs/mounted.h"

void expect_run(const struct mounted *mounted, const char *command);
void expect_fails(const struct mounted *mounted, const char *command, const char *part);
void expect_output(const struct mounted *mounted, const char *command, const char *output);
void expect_part(const struct mounted *mounted, const char *command, const char *part);
void expect_changes(const struct mounted *mounted, const char *changes);
void expect_await(const struct mounted *mounted, const char *command, const char *output);
