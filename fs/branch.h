/* SPDX-License-Identifier: Apache-2.0 */
/* Branches of the tree: accounts shown through their views, and the root that holds them. */
#pragma once

#include "fs/node.h"

struct journal;
struct session;

int branch_new(struct view *view, struct branch **ret);
int branch_new_failed(int error, const char *reason, struct branch **ret);
struct branch *branch_free(struct branch *branch);
DEFINE_CLEANUP(struct branch *, branch_free)

void branch_set_journal(struct branch *branch, const char *account, struct journal *journal);
struct view *branch_view(struct branch *branch);
struct journal *branch_journal(struct branch *branch);
const char *branch_account(struct branch *branch);
bool branch_is_read_only(struct branch *branch);

extern const struct branch_ops branch_root_ops;
