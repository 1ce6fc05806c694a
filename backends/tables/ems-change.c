/* SPDX-License-Identifier: Apache-2.0 */
#include "backends/tables/ems-change.h"

#include "backends/tables/ems-calls.h"

#define LIST(...)  ((const char *const[]){ __VA_ARGS__, NULL })
#define NEEDS(...) ((const struct need[]){ __VA_ARGS__, { 0 } })

const struct create ems_cluster_create = {
        .how = CREATE_DRAFT,
        .weight = WEIGHT_ALL,
        .call = &ems_create_cluster,
        .body = "{\"...\":\"=\",\"name\":\"=$name\"}",
        .name_rule = "^[a-z][A-Za-z0-9-]{2,126}[A-Za-z0-9]$",
        .name_hint = "4 to 128 letters, digits and `-`, a small letter first and no `-` last",
        .document = "cluster.json",
        .draft = "{\"description\":\"\",\"charge_mode\":0,\"k8s_cluster_specification\":"
                 "{\"k8s_cluster_id\":\"\",\"node_count\":3,\"flavor\":\"\",\"lts_enable\":true,"
                 "\"monitor_enable\":true}}",
        .needs = NEEDS({ .at = "/k8s_cluster_specification/k8s_cluster_id" },
                       { .at = "/k8s_cluster_specification/node_count" },
                       { .at = "/k8s_cluster_specification/flavor" }),
};

const struct removal ems_cluster_removal = { .call = &ems_delete_cluster_by_id,
                                             .weight = WEIGHT_ALL };

#define NODES .form = "{\"node_name_list\":[\"\"]}", .needs = NEEDS({ .at = "/node_name_list/0" })

const struct action ems_cluster_actions[] = {
        { .verb = "authorize", .call = &ems_authorize_cluster,
          .hint = "What it grants cannot be read or undone" },
        { .verb = "expand", .call = &ems_expand_cluster, .body = "=", NODES,
          .hint = "At most 48 names of nodes" },
        { .verb = "shrink", .call = &ems_shrink_cluster, .body = "=", NODES, .weight = WEIGHT_ALL,
          .hint = "At most 48 names of nodes, which no call here lists" },
        { 0 },
};

const struct action ems_clusters_actions[] = {
        { .verb = "enroll", .call = &ems_enroll_cluster, .body = "=",
          .form = "{\"name\":\"\",\"k8s_cluster_specification\":{\"k8s_cluster_id\":\"\","
                  "\"namespace\":\"\"}}",
          .needs = NEEDS({ .at = "/name" }, { .at = "/k8s_cluster_specification/k8s_cluster_id" }),
          .is_creation = true, .weight = WEIGHT_ALL,
          .hint = "It takes over a cluster of a release before 25.12.0" },
        { 0 },
};

const struct action ems_jobs_actions[] = {
        { .verb = "cancel", .call = &ems_cancel_jobs, .body = "=",
          .form = "{\"job_ids\":[\"\"]}", .needs = NEEDS({ .at = "/job_ids/0" }),
          .hint = "Only jobs that expand or shrink can be cancelled" },
        { 0 },
};

const struct action ems_actions[] = {
        { .verb = "issue-credential", .call = &ems_create_credential_info,
          .issues = "credentials.json",
          .hint = "What a second call does to the first credential is not known" },
        { .verb = "fetch-credentials", .call = &ems_show_credential_info,
          .issues = "credentials.json" },
        { 0 },
};
