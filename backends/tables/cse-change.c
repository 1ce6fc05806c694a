/* SPDX-License-Identifier: Apache-2.0 */
#include "backends/tables/cse-change.h"

#include "backends/planner.h"
#include "backends/rows.h"
#include "backends/tables/cse-calls.h"
#include "base/text.h"

#define LIST(...)  ((const char *const[]){ __VA_ARGS__, NULL })
#define CALLS(...) ((const struct call *const[]){ __VA_ARGS__, NULL })
#define NEEDS(...) ((const struct need[]){ __VA_ARGS__, { 0 } })

/* Engines. */

#define OF_CSE2 .when = { .at = "/specType", .is = "CSE2" }

const struct create cse_engine_create = {
        .how = CREATE_DRAFT,
        .weight = WEIGHT_ALL,
        .call = &cse_create_engine,
        .body = "{\"...\":\"=\",\"name\":\"=$name\",\"auth_cred\":{\"pwd\":\"={auth_cred.pwd}\"}}",
        .name_rule = "^[A-Za-z][A-Za-z0-9-]{1,22}[A-Za-z0-9]$",
        .name_hint = "3 to 24 letters, digits and `-`, a letter first and no `-` last",
        .document = "engine.json",
        .draft = "{\"payment\":\"1\",\"flavor\":\"\",\"specType\":\"CSE2\",\"azList\":[\"\"],"
                 "\"authType\":\"NONE\",\"vpc\":\"\",\"vpcId\":\"\",\"networkId\":\"\","
                 "\"subnetCidr\":\"\"}",
        .needs = NEEDS({ .at = "/payment" }, { .at = "/flavor" }, { .at = "/specType" },
                       { .at = "/vpc" }, { .at = "/vpcId" }, { .at = "/networkId" },
                       { .at = "/subnetCidr" }, { .at = "/azList/0", OF_CSE2 },
                       { .at = "/authType", OF_CSE2 },
                       { .file = "auth_cred.pwd", .when = { .at = "/authType", .is = "RBAC" } }),
        .secrets = (const struct secret_member[]){ { "auth_cred.pwd", "/auth_cred/pwd" }, { 0 } },
};

const struct removal cse_engine_removal = {
        .call = &cse_delete_engine,
        .weight = WEIGHT_ALL,
        .allowed = { .when = { .at = "/status",
                               .among = LIST("Available", "Unavailable", "CreateFailed") },
                     .error = EBUSY,
                     .hint = "an engine can be deleted in the states Available, Unavailable and "
                             "CreateFailed only" },
};

/* An empty description is taken for none, and the alias, which nothing tells, must not get lost. */
static int plan_engine(struct planner *planner) {
        _cleanup_(freep) char *alias = planner_recall(planner, "alias");
        int r = 0;

        if (text_is_empty(json_string(planner->mine, "/description")))
                return op_fail(planner->composer.op, EINVAL,
                               "an empty description is no change to the service");
        if (alias)
                r = planner_param(planner, "alias", alias);
        if (r < 0)
                return r;
        return planner_add_row(planner, &cse_update_engine,
                               "{\"description\":\"=/description\",\"alias\":\"={alias}\"}", NULL);
}

const struct save cse_engine_save = {
        .editable = LIST("/description"),
        .plan = plan_engine,
        .calls = CALLS(&cse_update_engine),
        .hint = "only /description can; actions change the rest",
};

static int plan_alias(struct planner *planner) {
        const char *alias = json_string(planner->mine, "/alias");
        int r = alias ? planner_remember(planner, "alias", alias) : 0;

        return r < 0 ? r : planner_add_row(planner, &cse_update_engine, "=", NULL);
}

#define OF_CSE  .when = { .at = "/type", .is = "CSE" }
#define OF_RBAC .when = { .at = "/authType", .is = "RBAC" }

const struct action cse_engine_actions[] = {
        { .verb = "upgrade", .call = &cse_upgrade_engine, .body = "=",
          .form = "{\"version\":\"=@/latestVersion\"}", .needs = NEEDS({ .at = "/version" }) },
        { .verb = "resize", .call = &cse_resize_engine, .body = "=",
          .form = "{\"flavor\":\"=@/flavor\"}", .needs = NEEDS({ .at = "/flavor" }) },
        { .verb = "configure", .call = &cse_update_engine_config, .body = "=",
          .form = "{\"authType\":\"=@/authType\"}", .needs = NEEDS({ .at = "/authType" }) },
        { .verb = "retry", .call = &cse_retry_engine_job, .body = "{\"action\":\"Retry\"}",
          .allowed = { .when = { .at = "/engineAdditionalActions/*", .is = "Retry" },
                       .hint = "the engine does not offer to retry its last job" } },
        { .verb = "set-alias", .call = &cse_update_engine, .form = "{\"alias\":\"\"}",
          .plan = plan_alias, .needs = NEEDS({ .at = "/alias" }),
          .hint = "No call tells it; maintenanceConfig.time may be given too" },
        { .verb = "restore", .call = &cse_restore_engine_backup,
          .form = "{\"backup_id\":\"\",\"name\":\"\",\"description\":\"\"}",
          .params = LIST("backup_id=/backup_id"),
          .body = "{\"name\":\"=/name\",\"description\":\"=/description\"}",
          .needs = NEEDS({ .at = "/backup_id" }, { .at = "/name" }),
          .hint = "Its progress cannot be read again" },
        { .verb = "create-backup-policy", .call = &cse_create_backup_strategy, .body = "=",
          .form = "{\"schedule\":\"\",\"reserve\":10,\"maxFiles\":10}",
          .needs = NEEDS({ .at = "/schedule" }), .is_creation = true, .weight = WEIGHT_ALL,
          .hint = "No call lists, changes or deletes such policies" },
        { .verb = "add-tags", .call = &cse_create_engine_tags,
          .form = "{\"tags\":[{\"key\":\"\",\"value\":\"\"}]}",
          .params = LIST("resource_type=cseEngines", "resource_id={engine_id}"),
          .body = "{\"tags\":\"=/tags\",\"sys_tags\":{\"=\":\"/sys_tags\",\"else\":[]},"
                  "\"action\":\"create\",\"engineId\":\"={engine_id}\"}",
          .needs = NEEDS({ .at = "/tags/0" }),
          .hint = "No call reads or removes them" },
        { .verb = "issue-token", .call = &create_engine_token, OF_RBAC, .issues = "token",
          .secret = "/token" },
        { .verb = "set-account-roles", .call = &cse_update_account, OF_RBAC,
          .form = "{\"name\":\"\",\"roles\":[\"\"]}", .params = LIST("name=/name"),
          .body = "{\"roles\":\"=/roles\"}", .needs = NEEDS({ .at = "/name" }, { .at = "/roles" }),
          .hint = "It replaces the roles; needs a login with a password" },
        { .verb = "set-account-password", .call = &cse_change_account_password, OF_RBAC,
          .form = "{\"name\":\"\",\"currentPassword\":\"\",\"password\":\"\"}",
          .params = LIST("name=/name"),
          .body = "{\"currentPassword\":\"=/currentPassword\",\"password\":\"=/password\"}",
          .needs = NEEDS({ .at = "/name" }, { .at = "/password" }),
          .secrets = LIST("/currentPassword", "/password"),
          .hint = "It needs a login with a password" },
        { .verb = "delete-account", .call = &cse_delete_account, OF_RBAC, .form = "{\"name\":\"\"}",
          .params = LIST("name=/name"), .needs = NEEDS({ .at = "/name" }), .weight = WEIGHT_ALL,
          .hint = "It needs a login with a password" },
        /* The service's own default is to overwrite. */
        { .verb = "import-config", .call = &cse_import_kie_configs, OF_CSE,
          .form = "{\"override\":\"abort\",\"data\":[]}",
          .params = LIST("override=abort", "override=/override", "label=/label"),
          .body = "{\"...\":\"=\",\"override\":null,\"label\":null}",
          .needs = NEEDS({ .at = "/data" }), .is_creation = true,
          .hint = "What export-config made, with two members of its own: override (force, abort or "
                  "skip) and label (key:value, for all)" },
        { .verb = "export-config", .call = &cse_export_kie_configs, OF_CSE,
          .form = "{\"ids\":[],\"label\":\"\",\"match\":\"\"}",
          .params = LIST("label=/label", "match=/match"),
          .body = "{\"ids\":{\"=\":\"/ids\",\"else\":[]}}", .issues = "config-export.json" },
        { .verb = "delete-config-scope", .call = &cse_delete_config_scope, OF_CSE,
          .form = "{\"dimension\":\"\",\"environment\":\"\",\"dimensionInfo\":\"\","
                  "\"flush\":\"true\",\"keys\":[]}",
          .params = LIST("dimension=/dimension", "environment=/environment"),
          .body = "{\"dimensionInfo\":\"=/dimensionInfo\",\"flush\":\"=/flush\","
                  "\"keys\":\"=/keys\"}",
          .needs = NEEDS({ .at = "/dimension" }), .weight = WEIGHT_ALL,
          .hint = "Of engines 1.x; no call lists scopes" },
        { 0 },
};

/* Governance: scenes can only be read. */

const char *const cse_policy_kinds[] = {
        "retry",           "rate-limiting", "loadbalance", "circuit-breaker", "instance-isolation",
        "fault-injection", "bulkhead",      NULL,
};

static bool is_policy_kind(const char *word) {
        for (const char *const *kind = cse_policy_kinds; *kind; kind++)
                if (text_eq(*kind, word))
                        return true;
        return false;
}

/** cse_policy_check_level() - environments and applications are free, kinds of policies are not. */
int cse_policy_check_level(struct op *op, unsigned depth, const char *value) {
        if (depth < 2 || is_policy_kind(value))
                return 0;
        return op_fail(op, EINVAL, "%s is no kind of policy", value);
}

static const struct save_step policy_steps[] = {
        { .call = &cse_update_governance_policy,
          .body = "{\"name\":\"=@/name\",\"selector\":\"=/selector\",\"spec\":\"=/spec\"}" },
        { 0 },
};

static const struct rename policy_rename = {
        .call = &cse_update_governance_policy,
        .body = "{\"name\":\"=$name\",\"selector\":{\"...\":\"=@/object/selector\","
                "\"environment\":\"={env}\",\"app\":\"={app}\"},\"spec\":\"=@/object/spec\"}",
        .levels = LIST("env", "app"),
};

const struct save cse_policy_save = {
        .editable = LIST("/spec", "/selector/service"),
        .steps = policy_steps,
        .rename = &policy_rename,
        .hint = "mv changes name, environment and application",
};

static int plan_new_policy(struct planner *planner) {
        const char *kind = composer_param(&planner->composer, "kind");

        if (!kind || !is_policy_kind(kind))
                return op_fail(planner->composer.op, EPERM, "no call creates %s",
                               kind ? kind : "this");
        return planner_add_row(planner, &cse_create_governance_policy,
                               "{\"name\":\"=$name\",\"selector\":{\"...\":\"=/selector\","
                               "\"environment\":\"={env}\",\"app\":\"={app}\"},"
                               "\"spec\":\"=/spec\"}",
                               NULL);
}

const struct create cse_policy_create = {
        .how = CREATE_DOCUMENT,
        .call = &cse_create_governance_policy,
        .plan = plan_new_policy,
        .needs = NEEDS({ .at = "/spec" }),
};

const struct removal cse_policy_removal = { .call = &cse_delete_governance_policy };

/* Route rules: a list; what came in another form is shown as it is and left alone. */

static int plan_route_rule(struct planner *planner) {
        struct op *op = planner->composer.op;

        if (planner->theirs && !json_is(planner->theirs, JSON_ARRAY))
                return op_fail(op, EPERM, "the rules have a form that is not known: only rm does");
        if (!json_is(planner->mine, JSON_ARRAY))
                return op_fail(op, EINVAL, "route rules are a list");
        return planner_add_row(planner, &cse_put_route_rule, "=", NULL);
}

const struct save cse_route_rule_save = {
        .plan = plan_route_rule,
        .calls = CALLS(&cse_put_route_rule),
};

const struct create cse_route_rule_create = {
        .how = CREATE_DOCUMENT,
        .call = &cse_put_route_rule,
        .plan = plan_route_rule,
        .id_is_name = true,
};

const struct removal cse_route_rule_removal = { .call = &cse_delete_route_rule };

/* Namespaces of Nacos: everything goes by the query. */

const struct create cse_namespace_create = {
        .how = CREATE_AT_ONCE,
        .weight = WEIGHT_ALL,
        .call = &cse_create_nacos_namespace,
        .name_rule = "^[A-Za-z0-9_-]{1,128}$",
        .name_hint = "1 to 128 letters, digits, `_` and `-`",
};

/* Both members are overwritten, and the description is told by no call. */
static int plan_namespace(struct planner *planner) {
        const char *name = json_string(planner->mine, "/namespaceShowName");
        const char *description = json_string(planner->mine, "/namespaceDesc");
        int r;

        if (text_is_empty(name))
                return op_fail(planner->composer.op, EINVAL, "/namespaceShowName is missing");
        if (!description)
                return op_fail(planner->composer.op, EINVAL,
                               "/namespaceDesc would be overwritten and no call tells it: write it "
                               "out (\"\" for none)");
        r = planner_param(planner, "show_name", name);
        if (r == 0)
                r = planner_param(planner, "description", description);
        if (r == 0)
                r = planner_remember(planner, "namespaceDesc", description);
        return r < 0 ? r : planner_add_row(planner, &cse_update_nacos_namespace, NULL, NULL);
}

const struct save cse_namespace_save = {
        .editable = LIST("/namespaceShowName", "/namespaceDesc"),
        .plan = plan_namespace,
        .calls = CALLS(&cse_update_nacos_namespace),
};

static int check_namespace(struct planner *planner) {
        if (!text_is_empty(composer_param(&planner->composer, "namespace_id")))
                return 0;
        return op_fail(planner->composer.op, EPERM, "the reserved namespace cannot be deleted");
}

const struct removal cse_namespace_removal = {
        .call = &cse_delete_nacos_namespace,
        .weight = WEIGHT_ALL,
        .allowed = { .when = { .at = "/configCount", .is = "0" }, .error = ENOTEMPTY,
                     .hint = "the namespace still has configurations" },
        .blocked = check_namespace,
};
