/* SPDX-License-Identifier: Apache-2.0 */
/* What an open file holds is sent: an update, a creation, an action. */
#pragma once

#include "fs/file.h"

struct carry;
struct change_result;

int send_at_flush(struct task *task, struct op *op);
int send_at_fsync(struct task *task, struct op *op);
int send_at_release(struct task *task, struct op *op);
int send_show_again(const struct editing *editing, struct op *op, int error);
int send_handle(struct session *session, struct op *op, struct handle *handle);
