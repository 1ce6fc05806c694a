/* SPDX-License-Identifier: Apache-2.0 */
/* What stat(2) shows of a node, and for how long the kernel may believe it. Tree locked. */
#pragma once

#include <fuse_lowlevel.h>

#include "fs/node.h"

struct session;
struct task;

enum { ATTR_FOR_EVER_S = 86400, ATTR_NEGATIVE_MS = 5000 };

double attr_seconds(int64_t until_ms, int64_t now_ms);
struct timespec attr_directory_time(const struct session *session, const struct node *node);
void attr_fill(const struct session *session, const struct node *node, int64_t now_ms,
               struct stat *ret, double *ret_timeout);
void attr_entry(const struct session *session, const struct node *node, double entry_timeout,
                int64_t now_ms, struct fuse_entry_param *ret);
void attr_told(const struct task *task, const struct node *node, double timeout);
