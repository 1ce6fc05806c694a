/* SPDX-License-Identifier: Apache-2.0 */
/* Whose a journal is: its changes go only to the servers, and for the cloud account, that they were
 * made for. */
#pragma once

#include "auth/auth.h"
#include "cache/journal.h"

/* After the log-in and before anything is sent. @path: the journal's, for people. 0: the journal is
 * this account's, or has become it, there being nothing in it that would be sent. -EPERM: it holds
 * changes of another owner and must not be used. Other errnos: it cannot be told. The reason is in
 * @op. */
int owner_settle(struct op *op, struct journal *journal, struct auth *auth, const char *path,
                 bool is_logged_in);
