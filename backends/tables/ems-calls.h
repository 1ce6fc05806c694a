/* SPDX-License-Identifier: Apache-2.0 */
/* The calls of ems that are not part of browsing: changes, and reads that serve them. */
#pragma once

#include "base/kind.h"

extern const struct call ems_create_cluster;
extern const struct call ems_delete_cluster_by_id;
extern const struct call ems_authorize_cluster;
extern const struct call ems_enroll_cluster;
extern const struct call ems_expand_cluster;
extern const struct call ems_shrink_cluster;
extern const struct call ems_create_credential_info;
extern const struct call ems_show_credential_info;
extern const struct call ems_cancel_jobs;

/* All of them, NULL-terminated. */
extern const struct call *const ems_calls[];
