/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `.error` texts of an earlier mount: what was refused, or is in doubt, and has not been saved
 * since. Each stands beside its file as soon as the directory is listed. Protected by the tree's
 * lock.
 */
#pragma once

#include "cache/journal.h"
#include "fs/node.h"

struct session;
struct session_account;

enum { REASONS_MAX = 2048 };

/* One that is not shown yet. */
struct reason {
        char *path; /* of the file, below the mount; owned */
        struct document *text; /* referenced */
};

struct reasons {
        struct reason *list;
        size_t count, capacity;
};

int reasons_load(struct session *session, const struct session_account *account);
void reasons_done(struct reasons *reasons);
void reasons_attach(struct session *session, struct node *dir);
bool reasons_drop(struct session *session, const char *path);
void reasons_end_soon(struct session *session, struct node *dir, const char *of);
void reasons_forget(struct journal *journal, struct op *op, const char *path);
