/* SPDX-License-Identifier: Apache-2.0 */
#include "backends/tables/ems-calls.h"

const struct call ems_create_cluster = {
        .id = "createCluster",
        .service = "ems",
        .method = METHOD_POST,
        .path = "/v1/clusters",
        .scope = SCOPE_PROJECT,
        .risk = RISK_CHANGE,
        .repeat = REPEAT_ONCE,
};

const struct call ems_delete_cluster_by_id = {
        .id = "deleteClusterById",
        .service = "ems",
        .method = METHOD_DELETE,
        .path = "/v1/clusters/{cluster_id}",
        .scope = SCOPE_PROJECT,
        .risk = RISK_DELETE,
        .repeat = REPEAT_SAME,
};

const struct call ems_authorize_cluster = {
        .id = "authorizeCluster",
        .service = "ems",
        .method = METHOD_POST,
        .path = "/v1/clusters/{cluster_id}/authorization",
        .scope = SCOPE_PROJECT,
        .risk = RISK_CHANGE,
        .repeat = REPEAT_ONCE,
};

const struct call ems_enroll_cluster = {
        .id = "enrollCluster",
        .service = "ems",
        .method = METHOD_POST,
        .path = "/v1/clusters/enroll",
        .scope = SCOPE_PROJECT,
        .risk = RISK_CHANGE,
        .repeat = REPEAT_ONCE,
};

const struct call ems_expand_cluster = {
        .id = "expandCluster",
        .service = "ems",
        .method = METHOD_POST,
        .path = "/v1/clusters/{cluster_id}/expand",
        .scope = SCOPE_PROJECT,
        .risk = RISK_CHANGE,
        .repeat = REPEAT_ONCE,
};

const struct call ems_shrink_cluster = {
        .id = "shrinkCluster",
        .service = "ems",
        .method = METHOD_POST,
        .path = "/v1/clusters/{cluster_id}/shrink",
        .scope = SCOPE_PROJECT,
        .risk = RISK_DELETE,
        .repeat = REPEAT_ONCE,
};

const struct call ems_create_credential_info = {
        .id = "createCredentialInfo",
        .service = "ems",
        .method = METHOD_POST,
        .path = "/v1/ems/{project_id}/credentials",
        .scope = SCOPE_PROJECT,
        .risk = RISK_SECRET,
        .repeat = REPEAT_ONCE,
};

const struct call ems_show_credential_info = {
        .id = "showCredentialInfo",
        .service = "ems",
        .method = METHOD_GET,
        .path = "/v1/ems/{project_id}/credentials",
        .scope = SCOPE_PROJECT,
        .risk = RISK_SECRET,
        .repeat = REPEAT_SAFE,
};

const struct call ems_cancel_jobs = {
        .id = "cancelJobs",
        .service = "ems",
        .method = METHOD_POST,
        .path = "/v1/jobs/cancel",
        .scope = SCOPE_PROJECT,
        .risk = RISK_DELETE,
        .repeat = REPEAT_ONCE,
        .success = "/failed_ids/*",
        .failure = EBUSY,
};

const struct call *const ems_calls[] = {
        &ems_create_cluster,
        &ems_delete_cluster_by_id,
        &ems_authorize_cluster,
        &ems_enroll_cluster,
        &ems_expand_cluster,
        &ems_shrink_cluster,
        &ems_create_credential_info,
        &ems_show_credential_info,
        &ems_cancel_jobs,
        NULL,
};
