/* SPDX-License-Identifier: Apache-2.0 */
/* Open files that are written, and those that are not of the cloud: their handles never share the
 * kernel's pages (file rule 2). */
#pragma once

#include "fs/file.h"

int write_open(struct task *task);
struct editing *write_made_again(const struct session *session, const struct node *node);
int write_open_node(struct task *task, struct node *node, struct handle **ret);
int write_read(struct task *task, struct handle *handle);
int write_fail(struct op *op, int r);
int write_write(struct task *task, struct handle *handle);
int write_flush(struct task *task, struct handle *handle);
int write_fsync(struct task *task, struct handle *handle);
int write_release(struct task *task, struct handle *handle);
void write_handle_done(struct session *session, struct handle *handle);
