/* SPDX-License-Identifier: Apache-2.0 */
#include "backends/tables/dws-calls.h"

/* A 2xx may carry a failure inside (contract conventions, 4.3). */
#define DWS_SUCCESS      .success = "/error_code", .success_is = "DWS.0000"
#define WORKLOAD_SUCCESS .success = "/workload_res_code", .success_is = "0"

#define DWS_GET(name, template) \
        .id = (name), .service = "dws", .path = (template), .scope = SCOPE_PROJECT, DWS_SUCCESS

const struct call dws_list_node_types = { DWS_GET("listNodeTypes", "/v2/{project_id}/node-types"),
                                          .items = "/node_types", .key = "/id", .ttl_s = 3600 };
const struct call dws_list_cluster_cns = { DWS_GET("listClusterCns",
                                                   "/v1.0/{project_id}/clusters/{cluster_id}/cns"),
                                           .items = "/instances", .key = "/id" };
const struct call dws_list_snapshots = { DWS_GET("listSnapshots", "/v1.0/{project_id}/snapshots"),
                                         .items = "/snapshots", .key = "/id" };
const struct call dws_show_snapshot_policies = {
        DWS_GET("showSnapshotPolicies", "/v2/{project_id}/clusters/{cluster_id}/snapshot-policies"),
        .items = "/backup_strategies", .key = "/policy_id"
};

const struct call dws_create_cluster = {
        .id = "createCluster",
        .service = "dws",
        .method = METHOD_POST,
        .path = "/v1.0/{project_id}/clusters",
        .scope = SCOPE_PROJECT,
        .risk = RISK_CHANGE,
        .repeat = REPEAT_ONCE,
        DWS_SUCCESS,
};

const struct call dws_delete_cluster = {
        .id = "deleteCluster",
        .service = "dws",
        .method = METHOD_DELETE,
        .path = "/v1.0/{project_id}/clusters/{cluster_id}",
        .scope = SCOPE_PROJECT,
        .risk = RISK_DELETE,
        .repeat = REPEAT_SAME,
        DWS_SUCCESS,
};

const struct call dws_precheck_cluster = {
        .id = "precheckCluster",
        .service = "dws",
        .method = METHOD_POST,
        .path = "/v2/{project_id}/cluster-precheck",
        .scope = SCOPE_PROJECT,
        .risk = RISK_READ,
        .repeat = REPEAT_SAFE,
        DWS_SUCCESS,
};

const struct call dws_restart_cluster = {
        .id = "restartCluster",
        .service = "dws",
        .method = METHOD_POST,
        .path = "/v1.0/{project_id}/clusters/{cluster_id}/restart",
        .scope = SCOPE_PROJECT,
        .risk = RISK_CHANGE,
        .repeat = REPEAT_ONCE,
        DWS_SUCCESS,
};

const struct call dws_reset_cluster_password = {
        .id = "resetClusterPassword",
        .service = "dws",
        .method = METHOD_POST,
        .path = "/v1.0/{project_id}/clusters/{cluster_id}/reset-password",
        .scope = SCOPE_PROJECT,
        .risk = RISK_CHANGE,
        .repeat = REPEAT_ONCE,
        DWS_SUCCESS,
};

const struct call dws_cancel_cluster_readonly = {
        .id = "cancelClusterReadonly",
        .service = "dws",
        .method = METHOD_POST,
        .path = "/v1.0/{project_id}/clusters/{cluster_id}/cancel-readonly",
        .scope = SCOPE_PROJECT,
        .risk = RISK_CHANGE,
        .repeat = REPEAT_ONCE,
        DWS_SUCCESS,
};

const struct call dws_batch_create_cluster_cns = {
        .id = "batchCreateClusterCns",
        .service = "dws",
        .method = METHOD_POST,
        .path = "/v1.0/{project_id}/clusters/{cluster_id}/cns/batch-create",
        .scope = SCOPE_PROJECT,
        .risk = RISK_CHANGE,
        .repeat = REPEAT_ONCE,
        DWS_SUCCESS,
};

const struct call dws_batch_delete_cluster_cns = {
        .id = "batchDeleteClusterCns",
        .service = "dws",
        .method = METHOD_POST,
        .path = "/v1.0/{project_id}/clusters/{cluster_id}/cns/batch-delete",
        .scope = SCOPE_PROJECT,
        .risk = RISK_DELETE,
        .repeat = REPEAT_ONCE,
        DWS_SUCCESS,
};

const struct call dws_resize_cluster = {
        .id = "resizeCluster",
        .service = "dws",
        .method = METHOD_POST,
        .path = "/v1.0/{project_id}/clusters/{cluster_id}/resize",
        .scope = SCOPE_PROJECT,
        .risk = RISK_CHANGE,
        .repeat = REPEAT_ONCE,
        DWS_SUCCESS,
};

const struct call dws_shrink_cluster = {
        .id = "shrinkCluster",
        .service = "dws",
        .method = METHOD_POST,
        .path = "/v1.0/{project_id}/clusters/{cluster_id}/cluster-shrink",
        .scope = SCOPE_PROJECT,
        .risk = RISK_DELETE,
        .repeat = REPEAT_ONCE,
        DWS_SUCCESS,
};

const struct call dws_switch_workload = {
        .id = "switchWorkload",
        .service = "dws",
        .method = METHOD_POST,
        .path = "/v2/{project_id}/clusters/{cluster_id}/workload",
        .scope = SCOPE_PROJECT,
        .risk = RISK_CHANGE,
        .repeat = REPEAT_ONCE,
        WORKLOAD_SUCCESS,
};

const struct call dws_create_workload_plan = {
        .id = "createWorkloadPlan",
        .service = "dws",
        .method = METHOD_POST,
        .path = "/v2/{project_id}/clusters/{cluster_id}/workload/plans",
        .scope = SCOPE_PROJECT,
        .risk = RISK_CHANGE,
        .repeat = REPEAT_ONCE,
        WORKLOAD_SUCCESS,
};

const struct call dws_create_workload_queue = {
        .id = "createWorkloadQueue",
        .service = "dws",
        .method = METHOD_PUT,
        .path = "/v2/{project_id}/clusters/{cluster_id}/workload/queues",
        .scope = SCOPE_PROJECT,
        .risk = RISK_CHANGE,
        .repeat = REPEAT_ONCE,
        WORKLOAD_SUCCESS,
};

const struct call dws_delete_workload_queue = {
        .id = "deleteWorkloadQueue",
        .service = "dws",
        .method = METHOD_DELETE,
        .path = "/v2/{project_id}/clusters/{cluster_id}/workload/queues",
        .query = "workload_queue_name={queue}&logical_cluster_name={logical_cluster}",
        .scope = SCOPE_PROJECT,
        .risk = RISK_DELETE,
        .repeat = REPEAT_SAME,
        WORKLOAD_SUCCESS,
};

const struct call dws_create_snapshot = {
        .id = "createSnapshot",
        .service = "dws",
        .method = METHOD_POST,
        .path = "/v1.0/{project_id}/snapshots",
        .scope = SCOPE_PROJECT,
        .risk = RISK_CHANGE,
        .repeat = REPEAT_ONCE,
        DWS_SUCCESS,
};

const struct call dws_set_snapshot_policies = {
        .id = "setSnapshotPolicies",
        .service = "dws",
        .method = METHOD_PUT,
        .path = "/v2/{project_id}/clusters/{cluster_id}/snapshot-policies",
        .scope = SCOPE_PROJECT,
        .risk = RISK_CHANGE,
        .repeat = REPEAT_SAME,
        DWS_SUCCESS,
};

const struct call dws_delete_snapshot = {
        .id = "deleteSnapshot",
        .service = "dws",
        .method = METHOD_DELETE,
        .path = "/v1.0/{project_id}/snapshots/{snapshot_id}",
        .scope = SCOPE_PROJECT,
        .risk = RISK_DELETE,
        .repeat = REPEAT_SAME,
        DWS_SUCCESS,
};

const struct call dws_delete_snapshot_policy = {
        .id = "deleteSnapshotPolicy",
        .service = "dws",
        .method = METHOD_DELETE,
        .path = "/v1.0/{project_id}/clusters/{cluster_id}/snapshot-policies/{id}",
        .scope = SCOPE_PROJECT,
        .risk = RISK_DELETE,
        .repeat = REPEAT_SAME,
        DWS_SUCCESS,
};

const struct call dws_restore_cluster = {
        .id = "restoreCluster",
        .service = "dws",
        .method = METHOD_POST,
        .path = "/v1.0/{project_id}/snapshots/{snapshot_id}/actions",
        .scope = SCOPE_PROJECT,
        .risk = RISK_CHANGE,
        .repeat = REPEAT_ONCE,
        DWS_SUCCESS,
};

const struct call dws_copy_snapshot = {
        .id = "copySnapshot",
        .service = "dws",
        .method = METHOD_POST,
        .path = "/v1.0/{project_id}/snapshots/{snapshot_id}/linked-copy",
        .scope = SCOPE_PROJECT,
        .risk = RISK_CHANGE,
        .repeat = REPEAT_ONCE,
        DWS_SUCCESS,
};

const struct call dws_create_ext_data_source = {
        .id = "createExtDataSource",
        .service = "dws",
        .method = METHOD_POST,
        .path = "/v1.0/{project_id}/clusters/{cluster_id}/ext-data-sources",
        .scope = SCOPE_PROJECT,
        .risk = RISK_CHANGE,
        .repeat = REPEAT_ONCE,
        DWS_SUCCESS,
};

const struct call dws_update_ext_data_source = {
        .id = "updateExtDataSource",
        .service = "dws",
        .method = METHOD_PUT,
        .path = "/v1.0/{project_id}/clusters/{cluster_id}/ext-data-sources/{ext_data_source_id}",
        .scope = SCOPE_PROJECT,
        .risk = RISK_CHANGE,
        .repeat = REPEAT_SAME,
        DWS_SUCCESS,
};

const struct call dws_delete_ext_data_source = {
        .id = "deleteExtDataSource",
        .service = "dws",
        .method = METHOD_DELETE,
        .path = "/v1.0/{project_id}/clusters/{cluster_id}/ext-data-sources/{ext_data_source_id}",
        .scope = SCOPE_PROJECT,
        .risk = RISK_DELETE,
        .repeat = REPEAT_SAME,
        DWS_SUCCESS,
};

const struct call dws_create_cluster_dns = {
        .id = "createClusterDns",
        .service = "dws",
        .method = METHOD_POST,
        .path = "/v1.0/{project_id}/clusters/{cluster_id}/dns",
        .scope = SCOPE_PROJECT,
        .risk = RISK_CHANGE,
        .repeat = REPEAT_ONCE,
        DWS_SUCCESS,
};

const struct call dws_update_cluster_dns = {
        .id = "updateClusterDns",
        .service = "dws",
        .method = METHOD_PUT,
        .path = "/v1.0/{project_id}/clusters/{cluster_id}/dns",
        .scope = SCOPE_PROJECT,
        .risk = RISK_CHANGE,
        .repeat = REPEAT_SAME,
        DWS_SUCCESS,
};

const struct call dws_delete_cluster_dns = {
        .id = "deleteClusterDns",
        .service = "dws",
        .method = METHOD_DELETE,
        .path = "/v1.0/{project_id}/clusters/{cluster_id}/dns",
        .query = "type={type}",
        .scope = SCOPE_PROJECT,
        .risk = RISK_DELETE,
        .repeat = REPEAT_SAME,
        DWS_SUCCESS,
};

const struct call dws_bind_cluster_elb = {
        .id = "bindClusterElb",
        .service = "dws",
        .method = METHOD_POST,
        .path = "/v2/{project_id}/clusters/{cluster_id}/elbs/{elb_id}",
        .scope = SCOPE_PROJECT,
        .risk = RISK_CHANGE,
        .repeat = REPEAT_ONCE,
        DWS_SUCCESS,
};

const struct call dws_unbind_cluster_elb = {
        .id = "unbindClusterElb",
        .service = "dws",
        .method = METHOD_DELETE,
        .path = "/v2/{project_id}/clusters/{cluster_id}/elbs/{elb_id}",
        .scope = SCOPE_PROJECT,
        .risk = RISK_DELETE,
        .repeat = REPEAT_SAME,
        DWS_SUCCESS,
};

const struct call dws_bind_cluster_eip = {
        .id = "bindClusterEip",
        .service = "dws",
        .method = METHOD_POST,
        .path = "/v2/{project_id}/clusters/{cluster_id}/eips/{eip_id}",
        .scope = SCOPE_PROJECT,
        .risk = RISK_CHANGE,
        .repeat = REPEAT_ONCE,
        DWS_SUCCESS,
};

const struct call dws_unbind_cluster_eip = {
        .id = "unbindClusterEip",
        .service = "dws",
        .method = METHOD_DELETE,
        .path = "/v2/{project_id}/clusters/{cluster_id}/eips/{eip_id}",
        .scope = SCOPE_PROJECT,
        .risk = RISK_DELETE,
        .repeat = REPEAT_SAME,
        DWS_SUCCESS,
};

const struct call dws_create_alarm_subscription = {
        .id = "createAlarmSubscription",
        .service = "dws",
        .method = METHOD_POST,
        .path = "/v2/{project_id}/alarm-subs",
        .scope = SCOPE_PROJECT,
        .risk = RISK_CHANGE,
        .repeat = REPEAT_ONCE,
        DWS_SUCCESS,
};

const struct call dws_update_alarm_subscription = {
        .id = "updateAlarmSubscription",
        .service = "dws",
        .method = METHOD_PUT,
        .path = "/v2/{project_id}/alarm-subs/{alarm_sub_id}",
        .scope = SCOPE_PROJECT,
        .risk = RISK_CHANGE,
        .repeat = REPEAT_SAME,
        DWS_SUCCESS,
};

const struct call dws_delete_alarm_subscription = {
        .id = "deleteAlarmSubscription",
        .service = "dws",
        .method = METHOD_DELETE,
        .path = "/v2/{project_id}/alarm-subs/{alarm_sub_id}",
        .scope = SCOPE_PROJECT,
        .risk = RISK_DELETE,
        .repeat = REPEAT_SAME,
        DWS_SUCCESS,
};

const struct call dws_create_event_subscription = {
        .id = "createEventSubscription",
        .service = "dws",
        .method = METHOD_POST,
        .path = "/v2/{project_id}/event-subs",
        .scope = SCOPE_PROJECT,
        .risk = RISK_CHANGE,
        .repeat = REPEAT_ONCE,
        DWS_SUCCESS,
};

const struct call dws_update_event_subscription = {
        .id = "updateEventSubscription",
        .service = "dws",
        .method = METHOD_PUT,
        .path = "/v2/{project_id}/event-subs/{event_sub_id}",
        .scope = SCOPE_PROJECT,
        .risk = RISK_CHANGE,
        .repeat = REPEAT_SAME,
        DWS_SUCCESS,
};

const struct call dws_delete_event_subscription = {
        .id = "deleteEventSubscription",
        .service = "dws",
        .method = METHOD_DELETE,
        .path = "/v2/{project_id}/event-subs/{event_sub_id}",
        .scope = SCOPE_PROJECT,
        .risk = RISK_DELETE,
        .repeat = REPEAT_SAME,
        DWS_SUCCESS,
};

const struct call dws_batch_create_cluster_tags = {
        .id = "batchCreateClusterTags",
        .service = "dws",
        .method = METHOD_POST,
        .path = "/v1.0/{project_id}/clusters/{cluster_id}/tags/batch-create",
        .scope = SCOPE_PROJECT,
        .risk = RISK_CHANGE,
        .repeat = REPEAT_ONCE,
        DWS_SUCCESS,
};

const struct call dws_batch_delete_cluster_tags = {
        .id = "batchDeleteClusterTags",
        .service = "dws",
        .method = METHOD_POST,
        .path = "/v1.0/{project_id}/clusters/{cluster_id}/tags/batch-delete",
        .scope = SCOPE_PROJECT,
        .risk = RISK_DELETE,
        .repeat = REPEAT_ONCE,
        DWS_SUCCESS,
};

const struct call dws_update_cluster_configuration = {
        .id = "updateClusterConfiguration",
        .service = "dws",
        .method = METHOD_PUT,
        .path = "/v2/{project_id}/clusters/{cluster_id}/configurations/{configuration_id}",
        .scope = SCOPE_PROJECT,
        .risk = RISK_CHANGE,
        .repeat = REPEAT_SAME,
        DWS_SUCCESS,
};

const struct call dws_create_cluster_v2 = {
        .id = "createClusterV2",
        .service = "dws",
        .method = METHOD_POST,
        .path = "/v2/{project_id}/clusters",
        .scope = SCOPE_PROJECT,
        .risk = RISK_CHANGE,
        .repeat = REPEAT_ONCE,
        DWS_SUCCESS,
};

const struct call *const dws_calls[] = {
        &dws_create_cluster,
        &dws_delete_cluster,
        &dws_precheck_cluster,
        &dws_restart_cluster,
        &dws_reset_cluster_password,
        &dws_cancel_cluster_readonly,
        &dws_batch_create_cluster_cns,
        &dws_batch_delete_cluster_cns,
        &dws_resize_cluster,
        &dws_shrink_cluster,
        &dws_switch_workload,
        &dws_create_workload_plan,
        &dws_create_workload_queue,
        &dws_delete_workload_queue,
        &dws_create_snapshot,
        &dws_set_snapshot_policies,
        &dws_delete_snapshot,
        &dws_delete_snapshot_policy,
        &dws_restore_cluster,
        &dws_copy_snapshot,
        &dws_create_ext_data_source,
        &dws_update_ext_data_source,
        &dws_delete_ext_data_source,
        &dws_create_cluster_dns,
        &dws_update_cluster_dns,
        &dws_delete_cluster_dns,
        &dws_bind_cluster_elb,
        &dws_unbind_cluster_elb,
        &dws_bind_cluster_eip,
        &dws_unbind_cluster_eip,
        &dws_create_alarm_subscription,
        &dws_update_alarm_subscription,
        &dws_delete_alarm_subscription,
        &dws_create_event_subscription,
        &dws_update_event_subscription,
        &dws_delete_event_subscription,
        &dws_batch_create_cluster_tags,
        &dws_batch_delete_cluster_tags,
        &dws_update_cluster_configuration,
        &dws_create_cluster_v2,
        NULL,
};
