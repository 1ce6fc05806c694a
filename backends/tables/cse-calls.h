/* SPDX-License-Identifier: Apache-2.0 */
/* The calls of cse that are not part of browsing: changes, and reads that serve them. */
#pragma once

#include "base/kind.h"

/* No place knows the parameter: what is sent is the account's setting. */
#define CSE_ACCOUNT_ENTERPRISE "X-Enterprise-Project-ID: {account_enterprise}"

extern const struct call cse_import_kie_configs;
extern const struct call cse_export_kie_configs;
extern const struct call cse_delete_config_scope;
extern const struct call cse_create_engine;
extern const struct call cse_delete_engine;
extern const struct call cse_update_engine;
extern const struct call cse_upgrade_engine;
extern const struct call cse_update_engine_config;
extern const struct call cse_resize_engine;
extern const struct call cse_retry_engine_job;
extern const struct call cse_restore_engine_backup;
extern const struct call cse_create_backup_strategy;
extern const struct call cse_create_engine_tags;
extern const struct call cse_put_route_rule;
extern const struct call cse_delete_route_rule;
extern const struct call cse_update_governance_policy;
extern const struct call cse_delete_governance_policy;
extern const struct call cse_get_governance_policy;
extern const struct call cse_create_governance_policy;
extern const struct call cse_list_governance_policies_by_kind;
extern const struct call cse_update_account;
extern const struct call cse_delete_account;
extern const struct call cse_change_account_password;
extern const struct call cse_create_nacos_namespace;
extern const struct call cse_update_nacos_namespace;
extern const struct call cse_delete_nacos_namespace;

/* All of them, NULL-terminated. */
extern const struct call *const cse_calls[];
