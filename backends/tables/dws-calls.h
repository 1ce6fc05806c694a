/* SPDX-License-Identifier: Apache-2.0 */
/* The calls of dws: changes, and the lists that they need as browsing does. */
#pragma once

#include "base/kind.h"

extern const struct call dws_list_node_types;
extern const struct call dws_list_cluster_cns;
extern const struct call dws_list_snapshots;
extern const struct call dws_show_snapshot_policies;

extern const struct call dws_create_cluster;
extern const struct call dws_delete_cluster;
extern const struct call dws_precheck_cluster;
extern const struct call dws_restart_cluster;
extern const struct call dws_reset_cluster_password;
extern const struct call dws_cancel_cluster_readonly;
extern const struct call dws_batch_create_cluster_cns;
extern const struct call dws_batch_delete_cluster_cns;
extern const struct call dws_resize_cluster;
extern const struct call dws_shrink_cluster;
extern const struct call dws_switch_workload;
extern const struct call dws_create_workload_plan;
extern const struct call dws_create_workload_queue;
extern const struct call dws_delete_workload_queue;
extern const struct call dws_create_snapshot;
extern const struct call dws_set_snapshot_policies;
extern const struct call dws_delete_snapshot;
extern const struct call dws_delete_snapshot_policy;
extern const struct call dws_restore_cluster;
extern const struct call dws_copy_snapshot;
extern const struct call dws_create_ext_data_source;
extern const struct call dws_update_ext_data_source;
extern const struct call dws_delete_ext_data_source;
extern const struct call dws_create_cluster_dns;
extern const struct call dws_update_cluster_dns;
extern const struct call dws_delete_cluster_dns;
extern const struct call dws_bind_cluster_elb;
extern const struct call dws_unbind_cluster_elb;
extern const struct call dws_bind_cluster_eip;
extern const struct call dws_unbind_cluster_eip;
extern const struct call dws_create_alarm_subscription;
extern const struct call dws_update_alarm_subscription;
extern const struct call dws_delete_alarm_subscription;
extern const struct call dws_create_event_subscription;
extern const struct call dws_update_event_subscription;
extern const struct call dws_delete_event_subscription;
extern const struct call dws_batch_create_cluster_tags;
extern const struct call dws_batch_delete_cluster_tags;
extern const struct call dws_update_cluster_configuration;
extern const struct call dws_create_cluster_v2;

/* Those that are not part of browsing, NULL-terminated. */
extern const struct call *const dws_calls[];
