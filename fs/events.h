/* SPDX-License-Identifier: Apache-2.0 */
/* `.hcloudfs/events`: what was learnt of changes, a line each, whoever made them. */
#pragma once

#include "fs/node.h"

struct session;

void events_names(struct session *session, const struct node *dir, const struct listing *before,
                  const struct listing *after);
void events_changed(struct session *session, const struct node *node);
void events_say(struct session *session, const char *word, const char *account, const char *reason);
