/* SPDX-License-Identifier: Apache-2.0 */
/* The place of the database: a private directory on a local disk, held by one process. */
#pragma once

#include "base/op.h"

int place_prepare(struct op *op, const char *path);
bool place_is_remote(unsigned long magic);

/* Takes `<path>.lock`; the process's id stands in it. The lock goes with the descriptor. */
int lock_take(struct op *op, const char *path, int *ret_fd);
void lock_release(int fd);
