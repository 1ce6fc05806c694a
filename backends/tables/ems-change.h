/* SPDX-License-Identifier: Apache-2.0 */
/* How EMS is changed: rows that ems.c hangs on its kinds. */
#pragma once

#include "base/kind-change.h"

extern const struct create ems_cluster_create;
extern const struct removal ems_cluster_removal;
extern const struct action ems_cluster_actions[];
extern const struct action ems_clusters_actions[];
extern const struct action ems_jobs_actions[];
extern const struct action ems_actions[];
