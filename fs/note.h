/* SPDX-License-Identifier: Apache-2.0 */
/* Texts that stand beside a file: why its last save was refused. */
#pragma once

#include "base/buf.h"
#include "fs/node.h"

struct session;

enum { NOTE_DRAIN_MS = 200 };

int note_attach(struct session *session, struct node *dir, const char *name, const char *suffix,
                struct document *text);
int note_put(struct session *session, struct node *dir, const char *name, const char *suffix,
             const struct buf *text);
bool note_is_copy(const char *name, const char *text, size_t len);
int note_check(struct session *session, struct op *op, const struct node *dir, const char *name);
bool note_drop(struct session *session, struct node *dir, const char *name, const char *suffix);
