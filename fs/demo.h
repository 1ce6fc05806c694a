/* SPDX-License-Identifier: Apache-2.0 */
/* `--demo`: an emulated cloud as a child of the daemon, and the account to use it with. */
#pragma once

#include "auth/config.h"

struct demo;

int demo_start(struct demo **ret);
struct demo *demo_stop(struct demo *demo);
DEFINE_CLEANUP(struct demo *, demo_stop)
const char *demo_directory(const struct demo *demo);
int demo_config(const struct demo *demo, struct config **ret);
