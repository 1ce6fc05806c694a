/* SPDX-License-Identifier: Apache-2.0 */
/* What an earlier mount accepted and did not finish: read and compare first, then complete it, or
 * leave the decision to people. Nothing that must not be sent twice is sent blindly. */
#pragma once

#include "base/op.h"
#include "cache/journal.h"

struct listing;
struct node;
struct session;
struct session_account;

int recovery_start(struct session *session);
void recovery_stop(struct session *session);
bool recovery_can_resend(enum edit_act act);
int recovery_resend(struct session *session, struct op *op, const struct session_account *account,
                    int64_t id);
int recovery_forget(struct session *session, struct op *op, const struct session_account *account,
                    int64_t id);
void recovery_supersede(struct session *session, const char *identity, const char *path);
void recovery_listed(struct session *session, struct node *node, const struct listing *listing);
