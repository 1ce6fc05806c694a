/* SPDX-License-Identifier: Apache-2.0 */
/* What stands under a name: in a directory's list, beside it, or hidden. Tree locked. */
#pragma once

#include "fs/decide.h"
#include "fs/overlay.h"

unsigned names_abilities(const struct node *dir);
bool names_listed(const struct node *dir, const char *name);
const struct entry *names_entry(struct session *session, struct node *dir, const char *name);
bool names_is_scratch(struct session *session, const struct node *dir, const char *name,
                      bool is_private);
enum standing names_standing(struct session *session, struct node *dir, const char *name,
                             const struct entry **ret_entry, struct overlay **ret_overlay);
