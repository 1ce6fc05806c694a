/* SPDX-License-Identifier: Apache-2.0 */
/* `actions/<verb>`: what was written is sent, what came of it can be read. */
#pragma once

#include "fs/editing.h"
#include "fs/subject.h"

struct op;

int acting_send(struct session *session, struct op *op, struct subject *subject,
                struct editing *editing);
