/* SPDX-License-Identifier: Apache-2.0 */
/* The bearer tokens of microservice engines, issued by the cloud's own call for an account that has
 * no user of the engine configured. Kept in memory, one an engine. */
#pragma once

#include "auth/auth.h"

struct engine_tokens;

int engine_tokens_new(struct auth *auth, struct engine_tokens **ret);
struct engine_tokens *engine_tokens_free(struct engine_tokens *tokens);
int engine_tokens_get(struct engine_tokens *tokens, struct op *op, const struct auth_target *target,
                      const char *enterprise_project, const char **ret);
void engine_tokens_forget(struct engine_tokens *tokens, const struct auth_target *target);
