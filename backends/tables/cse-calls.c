/* SPDX-License-Identifier: Apache-2.0 */
#include "backends/tables/cse-calls.h"

#define ENTERPRISE "X-Enterprise-Project-ID: {enterprise_project}"
#define ENGINE     "x-engine-id: {engine_id}\n" ENTERPRISE

const struct call cse_import_kie_configs = {
        .id = "importKieConfigs",
        .service = "cse",
        .method = METHOD_POST,
        .path = "/v1/{project_id}/kie/file",
        .query = "override={override}&label={label}",
        .headers = ENGINE,
        .scope = SCOPE_PROJECT,
        .risk = RISK_CHANGE,
        .repeat = REPEAT_ONCE,
        .upload = "upload_file",
        .success = "/failure/*/key",
};

const struct call cse_export_kie_configs = {
        .id = "exportKieConfigs",
        .service = "cse",
        .method = METHOD_POST,
        .path = "/v1/{project_id}/kie/download",
        .query = "label={label}&match={match}",
        .headers = ENGINE,
        .scope = SCOPE_PROJECT,
        .risk = RISK_SECRET,
        .repeat = REPEAT_SAFE,
};

const struct call cse_delete_config_scope = {
        .id = "deleteConfigScope",
        .service = "cse",
        .method = METHOD_DELETE,
        .path = "/v3/{project_id}/govern/configs/{dimension}",
        .headers = ENGINE "\nX-ENVIRONMENT: {environment}",
        .scope = SCOPE_PROJECT,
        .risk = RISK_DELETE,
        .repeat = REPEAT_SAME,
};

const struct call cse_create_engine = {
        .id = "createEngine",
        .service = "cse",
        .method = METHOD_POST,
        .path = "/v2/{project_id}/enginemgr/engines",
        .headers = CSE_ACCOUNT_ENTERPRISE,
        .scope = SCOPE_PROJECT,
        .risk = RISK_CHANGE,
        .repeat = REPEAT_ONCE,
};

const struct call cse_delete_engine = {
        .id = "deleteEngine",
        .service = "cse",
        .method = METHOD_DELETE,
        .path = "/v2/{project_id}/enginemgr/engines/{engine_id}",
        .headers = ENTERPRISE,
        .scope = SCOPE_PROJECT,
        .risk = RISK_DELETE,
        .repeat = REPEAT_SAME,
};

const struct call cse_update_engine = {
        .id = "updateEngine",
        .service = "cse",
        .method = METHOD_PUT,
        .path = "/v2/{project_id}/enginemgr/engines/{engine_id}",
        .headers = ENTERPRISE,
        .scope = SCOPE_PROJECT,
        .risk = RISK_CHANGE,
        .repeat = REPEAT_SAME,
};

const struct call cse_upgrade_engine = {
        .id = "upgradeEngine",
        .service = "cse",
        .method = METHOD_PUT,
        .path = "/v2/{project_id}/enginemgr/engines/{engine_id}/upgrade",
        .headers = ENTERPRISE,
        .scope = SCOPE_PROJECT,
        .risk = RISK_CHANGE,
        .repeat = REPEAT_SAME,
};

const struct call cse_update_engine_config = {
        .id = "updateEngineConfig",
        .service = "cse",
        .method = METHOD_PUT,
        .path = "/v2/{project_id}/enginemgr/engines/{engine_id}/config",
        .headers = ENTERPRISE,
        .scope = SCOPE_PROJECT,
        .risk = RISK_CHANGE,
        .repeat = REPEAT_SAME,
};

const struct call cse_resize_engine = {
        .id = "resizeEngine",
        .service = "cse",
        .method = METHOD_PUT,
        .path = "/v2/{project_id}/enginemgr/engines/{engine_id}/resize",
        .headers = ENTERPRISE,
        .scope = SCOPE_PROJECT,
        .risk = RISK_CHANGE,
        .repeat = REPEAT_SAME,
};

const struct call cse_retry_engine_job = {
        .id = "retryEngineJob",
        .service = "cse",
        .method = METHOD_PUT,
        .path = "/v2/{project_id}/enginemgr/engines/{engine_id}/actions",
        .headers = ENTERPRISE,
        .scope = SCOPE_PROJECT,
        .risk = RISK_CHANGE,
        .repeat = REPEAT_ONCE,
};

const struct call cse_restore_engine_backup = {
        .id = "restoreEngineBackup",
        .service = "cse",
        .method = METHOD_POST,
        .path = "/cseengine/v1/engines/{engine_id}/backups/{backup_id}/recovery",
        .headers = ENTERPRISE,
        .scope = SCOPE_PROJECT,
        .risk = RISK_CHANGE,
        .repeat = REPEAT_ONCE,
};

const struct call cse_create_backup_strategy = {
        .id = "createBackupStrategy",
        .service = "cse",
        .method = METHOD_POST,
        .path = "/cseengine/v1/engines/{engineId}/backup-strategies",
        .headers = ENTERPRISE,
        .scope = SCOPE_PROJECT,
        .risk = RISK_CHANGE,
        .repeat = REPEAT_ONCE,
};

const struct call cse_create_engine_tags = {
        .id = "createEngineTags",
        .service = "cse",
        .method = METHOD_POST,
        .path = "/v2/{project_id}/{resource_type}/{resource_id}/tags/create",
        .headers = ENTERPRISE,
        .scope = SCOPE_PROJECT,
        .risk = RISK_CHANGE,
        .repeat = REPEAT_ONCE,
};

const struct call cse_put_route_rule = {
        .id = "putRouteRule",
        .service = "cse",
        .method = METHOD_PUT,
        .path = "/v3/{project_id}/govern/route-rule/microservices/{service_name}",
        .query = "environment={env}&app_id={app}",
        .headers = ENGINE,
        .scope = SCOPE_PROJECT,
        .risk = RISK_CHANGE,
        .repeat = REPEAT_SAME,
};

const struct call cse_delete_route_rule = {
        .id = "deleteRouteRule",
        .service = "cse",
        .method = METHOD_DELETE,
        .path = "/v3/{project_id}/govern/route-rule/microservices/{service_name}",
        .query = "environment={env}&app_id={app}",
        .headers = ENGINE,
        .scope = SCOPE_PROJECT,
        .risk = RISK_DELETE,
        .repeat = REPEAT_SAME,
};

const struct call cse_update_governance_policy = {
        .id = "updateGovernancePolicy",
        .service = "cse",
        .method = METHOD_PUT,
        .path = "/v3/{project_id}/govern/governance/{kind}/{policy_id}",
        .headers = ENGINE,
        .scope = SCOPE_PROJECT,
        .risk = RISK_CHANGE,
        .repeat = REPEAT_SAME,
};

const struct call cse_delete_governance_policy = {
        .id = "deleteGovernancePolicy",
        .service = "cse",
        .method = METHOD_DELETE,
        .path = "/v3/{project_id}/govern/governance/{kind}/{policy_id}",
        .headers = ENGINE,
        .scope = SCOPE_PROJECT,
        .risk = RISK_DELETE,
        .repeat = REPEAT_SAME,
};

const struct call cse_get_governance_policy = {
        .id = "getGovernancePolicy",
        .service = "cse",
        .method = METHOD_GET,
        .path = "/v3/{project_id}/govern/governance/{kind}/{policy_id}",
        .headers = ENGINE,
        .scope = SCOPE_PROJECT,
        .risk = RISK_READ,
        .repeat = REPEAT_SAFE,
};

const struct call cse_create_governance_policy = {
        .id = "createGovernancePolicy",
        .service = "cse",
        .method = METHOD_POST,
        .path = "/v3/{project_id}/govern/governance/{kind}",
        .headers = ENGINE,
        .scope = SCOPE_PROJECT,
        .risk = RISK_CHANGE,
        .repeat = REPEAT_ONCE,
};

const struct call cse_list_governance_policies_by_kind = {
        .id = "listGovernancePoliciesByKind",
        .service = "cse",
        .method = METHOD_GET,
        .path = "/v3/{project_id}/govern/governance/{kind}",
        .headers = ENGINE "\nx-environment: {env}",
        .scope = SCOPE_PROJECT,
        .risk = RISK_READ,
        .repeat = REPEAT_SAFE,
};

const struct call cse_update_account = {
        .id = "updateAccount",
        .service = "cse",
        .method = METHOD_PUT,
        .path = "/v3/{project_id}/accounts/{name}",
        .headers = ENGINE,
        .scope = SCOPE_PROJECT,
        .risk = RISK_CHANGE,
        .repeat = REPEAT_SAME,
        .wants_engine_token = true,
};

const struct call cse_delete_account = {
        .id = "deleteAccount",
        .service = "cse",
        .method = METHOD_DELETE,
        .path = "/v3/{project_id}/accounts/{name}",
        .headers = ENGINE,
        .scope = SCOPE_PROJECT,
        .risk = RISK_DELETE,
        .repeat = REPEAT_SAME,
        .wants_engine_token = true,
};

const struct call cse_change_account_password = {
        .id = "changeAccountPassword",
        .service = "cse",
        .method = METHOD_POST,
        .path = "/v3/{project_id}/accounts/{name}/password",
        .headers = ENGINE,
        .scope = SCOPE_PROJECT,
        .risk = RISK_CHANGE,
        .repeat = REPEAT_ONCE,
        .wants_engine_token = true,
};

const struct call cse_create_nacos_namespace = {
        .id = "createNacosNamespace",
        .service = "cse",
        .method = METHOD_POST,
        .path = "/v1/{project_id}/nacos/v1/console/namespaces",
        .query = "customNamespaceId={name}&namespaceName={name}&"
                 "custom_namespace_id={name}&namespace_name={name}",
        .headers = ENGINE,
        .scope = SCOPE_PROJECT,
        .risk = RISK_CHANGE,
        .repeat = REPEAT_ONCE,
        .success = "",
        .success_is = "true",
};

const struct call cse_update_nacos_namespace = {
        .id = "updateNacosNamespace",
        .service = "cse",
        .method = METHOD_PUT,
        .path = "/v1/{project_id}/nacos/v1/console/namespaces",
        .query = "namespace={namespace_id}&namespaceShowName={show_name}&"
                 "namespaceDesc={description}&namespace_show_name={show_name}&"
                 "namespace_desc={description}",
        .headers = ENGINE,
        .scope = SCOPE_PROJECT,
        .risk = RISK_CHANGE,
        .repeat = REPEAT_SAME,
        .success = "",
        .success_is = "true",
};

const struct call cse_delete_nacos_namespace = {
        .id = "deleteNacosNamespace",
        .service = "cse",
        .method = METHOD_DELETE,
        .path = "/v1/{project_id}/nacos/v1/console/namespaces",
        .query = "namespaceId={namespace_id}&namespace_id={namespace_id}",
        .headers = ENGINE,
        .scope = SCOPE_PROJECT,
        .risk = RISK_DELETE,
        .repeat = REPEAT_SAME,
        .success = "",
        .success_is = "true",
};

const struct call *const cse_calls[] = {
        &cse_import_kie_configs,
        &cse_export_kie_configs,
        &cse_delete_config_scope,
        &cse_create_engine,
        &cse_delete_engine,
        &cse_update_engine,
        &cse_upgrade_engine,
        &cse_update_engine_config,
        &cse_resize_engine,
        &cse_retry_engine_job,
        &cse_restore_engine_backup,
        &cse_create_backup_strategy,
        &cse_create_engine_tags,
        &cse_put_route_rule,
        &cse_delete_route_rule,
        &cse_update_governance_policy,
        &cse_delete_governance_policy,
        &cse_get_governance_policy,
        &cse_create_governance_policy,
        &cse_list_governance_policies_by_kind,
        &cse_update_account,
        &cse_delete_account,
        &cse_change_account_password,
        &cse_create_nacos_namespace,
        &cse_update_nacos_namespace,
        &cse_delete_nacos_namespace,
        NULL,
};
