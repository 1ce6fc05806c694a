/* SPDX-License-Identifier: Apache-2.0 */
/* How CSE is changed: rows that cse.c hangs on its kinds. */
#pragma once

#include "base/kind-change.h"

extern const struct create cse_engine_create;
extern const struct removal cse_engine_removal;
extern const struct save cse_engine_save;
extern const struct action cse_engine_actions[];

extern const struct save cse_policy_save;
extern const struct create cse_policy_create;
extern const struct removal cse_policy_removal;
extern const char *const cse_policy_kinds[];
int cse_policy_check_level(struct op *op, unsigned depth, const char *value);

extern const struct save cse_route_rule_save;
extern const struct create cse_route_rule_create;
extern const struct removal cse_route_rule_removal;

extern const struct save cse_namespace_save;
extern const struct create cse_namespace_create;
extern const struct removal cse_namespace_removal;
