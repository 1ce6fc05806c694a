/* SPDX-License-Identifier: Apache-2.0 */
/* The calls of ucs: changes, the reads that serve them, and the lists that both need. */
#pragma once

#include "base/kind.h"

extern const struct call ucs_list_clusters;
extern const struct call ucs_list_fleets;
extern const struct call ucs_list_rules;
extern const struct call ucs_list_managed_clusters;

extern const struct call ucs_register_cluster;
extern const struct call ucs_get_cluster;
extern const struct call ucs_update_cluster;
extern const struct call ucs_deregister_cluster;
extern const struct call ucs_get_cluster_access_info;
extern const struct call ucs_activate_cluster;
extern const struct call ucs_update_cluster_associated_rules;
extern const struct call ucs_join_cluster_to_fleet;
extern const struct call ucs_remove_cluster_from_fleet;
extern const struct call ucs_create_fleet;
extern const struct call ucs_delete_fleet;
extern const struct call ucs_get_fleet;
extern const struct call ucs_add_clusters_to_fleet;
extern const struct call ucs_update_fleet_description;
extern const struct call ucs_update_fleet_associated_rules;
extern const struct call ucs_update_fleet_associated_zones;
extern const struct call ucs_enable_fleet_federation;
extern const struct call ucs_retry_fleet_federation;
extern const struct call ucs_disable_fleet_federation;
extern const struct call ucs_create_federation_cert;
extern const struct call ucs_create_federation_connection;
extern const struct call ucs_download_federation_kubeconfig;
extern const struct call ucs_create_permission_rule;
extern const struct call ucs_delete_permission_rule;
extern const struct call ucs_update_permission_rule;

/* Those that are not part of browsing, NULL-terminated. */
extern const struct call *const ucs_calls[];
