/* SPDX-License-Identifier: Apache-2.0 */
/* How UCS is changed: rows that ucs.c hangs on its kinds. */
#pragma once

#include "base/kind-change.h"

extern const struct save ucs_cluster_save;
extern const struct save ucs_cluster_policies_save;
extern const struct create ucs_cluster_create;
extern const struct removal ucs_cluster_removal;
extern const struct action ucs_cluster_actions[];

extern const struct save ucs_fleet_save;
extern const struct create ucs_fleet_create;
extern const struct removal ucs_fleet_removal;
extern const struct action ucs_fleet_actions[];
extern const struct relation ucs_membership;

extern const struct create ucs_federation_create;
extern const struct removal ucs_federation_removal;
extern const struct action ucs_federation_actions[];

extern const struct save ucs_policy_save;
extern const struct create ucs_policy_create;
extern const struct removal ucs_policy_removal;
