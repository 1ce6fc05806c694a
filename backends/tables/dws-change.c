/* SPDX-License-Identifier: Apache-2.0 */
/* Warehouses and what hangs on them; their settings are in dws-settings.c. */
#include <strings.h>

#include "backends/planner.h"
#include "backends/tables/dws-calls.h"
#include "backends/tables/dws-change.h"
#include "backends/tables/helpers.h"
#include "base/text.h"

#define LIST(...)  ((const char *const[]){ __VA_ARGS__, NULL })
#define CALLS(...) ((const struct call *const[]){ __VA_ARGS__, NULL })
#define NEEDS(...) ((const struct need[]){ __VA_ARGS__, { 0 } })

/* Clusters. There are two creations: the older one, whose document has node_type, is described in
 * full; the newer one has flavor in its place (DWS notes, 5 and 9). */

#define OLDER .when = { .at = "/flavor", .negate = true }
#define NEWER .when = { .at = "/flavor" }

static int plan_cluster(struct planner *planner) {
        if (json_has(planner->mine, "/flavor"))
                return planner_add_row(planner, &dws_create_cluster_v2,
                                       "{\"cluster\":{\"...\":\"=\",\"name\":\"=$name\","
                                       "\"db_password\":\"={db_password}\"}}",
                                       NULL);
        return planner_add_row(planner, &dws_create_cluster,
                               "{\"cluster\":{\"...\":\"=\",\"name\":\"=$name\","
                               "\"user_pwd\":\"={user_pwd}\"}}",
                               NULL);
}

#define PASSWORD .rule = "^.{12,32}$", .hint = "of 12 to 32 characters"
#define NAME_RULE "^[A-Za-z][A-Za-z0-9_-]{3,63}$"
#define NAME_HINT "4 to 64 letters, digits, `_` and `-`, a letter first"

const struct create dws_cluster_create = {
        .how = CREATE_DRAFT,
        .weight = WEIGHT_ALL,
        .call = &dws_create_cluster,
        .calls = CALLS(&dws_create_cluster_v2),
        .plan = plan_cluster,
        .name_rule = NAME_RULE,
        .name_hint = NAME_HINT,
        .document = "cluster.json",
        .draft = "{\"node_type\":\"\",\"number_of_node\":3,\"vpc_id\":\"\",\"subnet_id\":\"\","
                 "\"security_group_id\":\"\",\"port\":8000,\"user_name\":\"dbadmin\"}",
        .needs = NEEDS({ .at = "/node_type", OLDER }, { .at = "/number_of_node", OLDER },
                       { .at = "/security_group_id", OLDER }, { .at = "/user_name", OLDER },
                       { .file = "user_pwd", OLDER, PASSWORD }, { .at = "/num_node", NEWER },
                       { .at = "/datastore_version", NEWER }, { .file = "db_password", NEWER },
                       { .at = "/vpc_id" }, { .at = "/subnet_id" }),
        /* One only could be given; tags.json takes as many as are wanted afterwards. */
        .never = LIST("/tags"),
        .secrets = (const struct secret_member[]){ { "user_pwd", "/user_pwd" },
                                                   { "db_password", "/db_password" },
                                                   { 0 } },
};

/* The service keeps as many of the newest manual snapshots as it is told to: all of them. */
static int plan_cluster_removal(struct planner *planner) {
        const char *id = composer_param(&planner->composer, "cluster_id");
        _cleanup_(json_freep) struct json *answer = NULL;
        const struct json *snapshots;
        int64_t manual = 0;
        int r = planner_fresh(planner, &dws_list_snapshots, &answer);

        if (r < 0)
                return r;
        snapshots = json_at(answer, "/snapshots");
        for (size_t i = 0; i < json_count(snapshots); i++) {
                const struct json *snapshot = json_item(snapshots, i);

                manual += text_eq(json_string(snapshot, "/cluster_id"), id) &&
                          !text_eq(json_string(snapshot, "/type"), "AUTO");
        }
        r = planner_number(planner, "manual", manual);
        if (r < 0)
                return r;
        return planner_add_row(planner, &dws_delete_cluster,
                               "{\"keep_last_manual_snapshot\":\"=#{manual}\"}", NULL);
}

const struct removal dws_cluster_removal = { .call = &dws_delete_cluster,
                                             .weight = WEIGHT_ALL,
                                             .plan = plan_cluster_removal };

/* Only what is bound can be let go: a mistyped id must not reach another's address. */
static int plan_unbind(struct planner *planner) {
        const char *bound = json_string(planner->item, "/public_ip/eip_id");
        const char *wanted = json_string(planner->mine, "/eip_id");

        if (text_is_empty(bound) || !text_eq(bound, wanted))
                return op_fail(planner->composer.op, EINVAL, "%s is not bound to this cluster%s%s",
                               wanted ? wanted : "this", text_is_empty(bound) ? "" : ", but ",
                               text_is_empty(bound) ? "" : bound);
        return planner_add_row(planner, &dws_unbind_cluster_eip, NULL, LIST("eip_id=/eip_id"));
}

#define DNS_FORM  "{\"name\":\"\",\"type\":\"public\",\"ttl\":300}"
#define DNS_NEEDS NEEDS({ .at = "/name" }, { .at = "/type" }, { .at = "/ttl" })
#define EIP_FORM  "{\"eip_id\":{\"=\":\"@/public_ip/eip_id\",\"else\":\"\"}}"

const struct action dws_cluster_actions[] = {
        { .verb = "restart", .call = &dws_restart_cluster, .body = "{\"restart\":{}}" },
        { .verb = "reset-password", .call = &dws_reset_cluster_password, .body = "=",
          .form = "{\"new_password\":\"\"}", .needs = NEEDS({ .at = "/new_password", PASSWORD }),
          .secrets = LIST("/new_password") },
        { .verb = "cancel-readonly", .call = &dws_cancel_cluster_readonly },
        { .verb = "resize", .call = &dws_resize_cluster, .body = "=",
          .form = "{\"scale_out\":{\"count\":3},\"auto_redistribute\":true}",
          .needs = NEEDS({ .at = "/scale_out/count" }),
          .hint = "Without auto_redistribute the cluster stays blocked until the console is used" },
        { .verb = "shrink", .call = &dws_shrink_cluster, .body = "=",
          .form = "{\"shrink_number\":\"\"}", .needs = NEEDS({ .at = "/shrink_number" }),
          .weight = WEIGHT_ALL, .hint = "shrink_number is a number" },
        { .verb = "create-dns", .call = &dws_create_cluster_dns, .body = "=", .form = DNS_FORM,
          .needs = DNS_NEEDS, .hint = "A private name can be made, but only a public one removed" },
        { .verb = "update-dns", .call = &dws_update_cluster_dns, .body = "=", .form = DNS_FORM,
          .needs = DNS_NEEDS },
        { .verb = "delete-dns", .call = &dws_delete_cluster_dns, .form = "{\"type\":\"public\"}",
          .params = LIST("type=/type"), .needs = NEEDS({ .at = "/type" }), .weight = WEIGHT_ALL },
        { .verb = "bind-eip", .call = &dws_bind_cluster_eip, .form = EIP_FORM,
          .params = LIST("eip_id=/eip_id"), .needs = NEEDS({ .at = "/eip_id" }) },
        { .verb = "unbind-eip", .call = &dws_unbind_cluster_eip, .form = EIP_FORM,
          .plan = plan_unbind, .weight = WEIGHT_ALL },
        { .verb = "create-plan", .call = &dws_create_workload_plan, .body = "=",
          .form = "{\"plan_name\":\"\"}", .needs = NEEDS({ .at = "/plan_name" }),
          .is_creation = true, .weight = WEIGHT_ALL,
          .hint = "No call lists, reads, changes or deletes plans" },
        { 0 },
};

/* A version that can be ordered: nothing in the older document tells one. */
static int prefill_version(struct planner *planner) {
        _cleanup_(json_freep) struct json *answer = NULL;
        const char *version = NULL;

        if (composer_value(&planner->composer, &dws_list_node_types, &answer) < 0)
                op_clear(planner->composer.op);
        version = json_string(answer, "/node_types/0/datastores/0/version");
        return version ? planner_param(planner, "version", version) : 0;
}

const struct action dws_clusters_actions[] = {
        { .verb = "precheck", .call = &dws_precheck_cluster, .calls = CALLS(&dws_list_node_types),
          .body = "{\"cluster\":\"=\"}", .prefill = prefill_version,
          .form = "{\"flavor\":\"\",\"num_node\":3,\"availability_zones\":[\"\"],\"vpc_id\":\"\","
                  "\"subnet_id\":\"\",\"security_group_id\":\"\",\"datastore_version\":"
                  "\"={version}\"}",
          .needs = NEEDS({ .at = "/flavor" }, { .at = "/num_node" },
                         { .at = "/availability_zones" }, { .at = "/vpc_id" },
                         { .at = "/subnet_id" }, { .at = "/datastore_version" }),
          .secrets = LIST("/db_password"), .hint = "It creates nothing" },
        { 0 },
};

const struct relation dws_elb_relation = { .join = &dws_bind_cluster_elb,
                                           .leave = &dws_unbind_cluster_elb };

/* Snapshots. Names that differ in case only clash (DWS notes, 5). */

static int plan_snapshot(struct planner *planner) {
        const char *id = composer_param(&planner->composer, "cluster_id");
        _cleanup_(json_freep) struct json *answer = NULL;
        const struct json *snapshots;
        int r = composer_value(&planner->composer, &dws_list_snapshots, &answer);

        if (r < 0)
                return r;
        snapshots = json_at(answer, "/snapshots");
        for (size_t i = 0; i < json_count(snapshots); i++) {
                const char *name = json_string(json_item(snapshots, i), "/name");

                if (name && strcasecmp(name, planner->name) == 0 &&
                    text_eq(json_string(json_item(snapshots, i), "/cluster_id"), id))
                        return op_fail(planner->composer.op, EEXIST,
                                       "there is a snapshot %s: case makes no difference", name);
        }
        return planner_add_row(planner, &dws_create_snapshot,
                               "{\"snapshot\":{\"name\":\"=$name\",\"cluster_id\":"
                               "\"={cluster_id}\"}}",
                               NULL);
}

const struct create dws_snapshot_create = {
        .how = CREATE_AT_ONCE,
        .weight = WEIGHT_ALL,
        .call = &dws_create_snapshot,
        .plan = plan_snapshot,
        .name_rule = NAME_RULE,
        .name_hint = NAME_HINT,
};

const struct removal dws_snapshot_removal = {
        .call = &dws_delete_snapshot,
        .weight = WEIGHT_ALL,
        .allowed = { .when = { .at = "/type", .is = "AUTO", .negate = true },
                     .hint = "an automatic snapshot can be deleted by no call" },
};

const struct action dws_snapshots_actions[] = {
        { .verb = "create", .call = &dws_create_snapshot,
          .body = "{\"snapshot\":{\"name\":\"=/name\",\"cluster_id\":\"={cluster_id}\","
                  "\"description\":\"=/description\"}}",
          .form = "{\"name\":\"\",\"description\":\"\"}", .needs = NEEDS({ .at = "/name" }),
          .is_creation = true, .weight = WEIGHT_ALL,
          .hint = "mkdir makes one without a description, which can never be added later" },
        { 0 },
};

const struct action dws_snapshot_actions[] = {
        { .verb = "restore", .call = &dws_restore_cluster, .body = "{\"restore\":\"=\"}",
          .form = "{\"name\":\"\"}", .needs = NEEDS({ .at = "/name" }), .is_creation = true,
          .weight = WEIGHT_ALL, .hint = "It builds a new cluster, which is paid for" },
        { .verb = "copy", .call = &dws_copy_snapshot, .body = "=",
          .form = "{\"backup_name\":\"\",\"description\":\"\"}",
          .needs = NEEDS({ .at = "/backup_name" }), .is_creation = true, .weight = WEIGHT_ALL,
          .allowed = { .when = { .at = "/type", .is = "AUTO" },
                       .hint = "only an automatic snapshot can be copied" } },
        { 0 },
};

/* Coordinators: several go in one job, and a second job is refused while one runs. */

static int prefill_total(struct planner *planner) {
        struct json *answer = NULL;
        int r = composer_value(&planner->composer, &dws_list_cluster_cns, &answer);

        if (r < 0)
                return r;
        (void)json_free(planner->item);
        planner->item = answer;
        return planner_number(planner, "total",
                              (int64_t)json_count(json_at(planner->item, "/instances")));
}

static const struct json *find_cn(const struct json *known, const char *word) {
        for (size_t i = 0; i < json_count(known); i++)
                if (text_eq(json_string(json_item(known, i), "/id"), word) ||
                    text_eq(json_string(json_item(known, i), "/name"), word))
                        return json_at(json_item(known, i), "/id");
        return NULL;
}

static int plan_remove_cns(struct planner *planner) {
        const struct json *wanted = json_at(planner->mine, "/instances");
        _cleanup_(json_freep) struct json *known = NULL;
        _cleanup_(json_freep) struct json *body = json_new_object();
        struct json *ids = json_new_array();
        int r = body && ids ? planner_fresh(planner, &dws_list_cluster_cns, &known) : -ENOMEM;

        for (size_t i = 0; r == 0 && i < json_count(wanted); i++) {
                const char *word = json_string(json_item(wanted, i), "");
                const struct json *id = find_cn(json_at(known, "/instances"), word);

                r = id ? json_append(ids, json_copy(id))
                       : op_fail(planner->composer.op, EINVAL, "there is no CN %s",
                                 word ? word : "(a text is needed)");
        }
        if (r < 0) {
                (void)json_free(ids);
                return r;
        }
        r = json_set(body, "instances", ids);
        return r < 0 ? r : planner_add(planner, &dws_batch_delete_cluster_cns, STEAL(body), NULL);
}

const struct action dws_cns_actions[] = {
        { .verb = "add", .call = &dws_batch_create_cluster_cns,
          .calls = CALLS(&dws_list_cluster_cns), .prefill = prefill_total,
          .body = "{\"num\":\"=/num\"}", .needs = NEEDS({ .at = "/num" }),
          .form = "{\"num\":\"=#{total}\",\"min_num\":\"=@/min_num\",\"max_num\":\"=@/max_num\"}",
          .hint = "num is how many there shall be, not how many are added" },
        { .verb = "remove", .call = &dws_batch_delete_cluster_cns,
          .calls = CALLS(&dws_list_cluster_cns), .plan = plan_remove_cns,
          .form = "{\"instances\":[\"\"]}", .needs = NEEDS({ .at = "/instances/0" }),
          .weight = WEIGHT_ALL, .hint = "Names or ids" },
        { 0 },
};

/* Data sources. */

#define OF_TYPE(word) .when = { .at = "/type", .is = (word) }

static const struct save_step data_source_steps[] = {
        { .call = &dws_update_ext_data_source,
          .body = "{\"reconfigure\":{\"agency\":\"=/user_name\",\"reboot\":false}}" },
        { 0 },
};

const struct save dws_data_source_save = {
        .editable = LIST("/user_name"),
        .allowed = { OF_TYPE("OBS"), .error = EINVAL,
                     .hint = "only a data source of type OBS can be given another user_name" },
        .steps = data_source_steps,
        .hint = "only /user_name can",
};

const struct create dws_data_source_create = {
        .how = CREATE_DRAFT,
        .weight = WEIGHT_ALL,
        .call = &dws_create_ext_data_source,
        .body = "{\"reboot\":false,\"...\":\"=\",\"data_source_name\":\"=$name\","
                "\"user_pwd\":\"={user_pwd}\",\"id\":null,\"name\":null,\"created\":null,"
                "\"data_source_updated\":null,\"extend_properties\":null}",
        .name_rule = "^[A-Za-z0-9_]{1,64}$",
        .name_hint = "1 to 64 letters, digits and `_`",
        .document = "data-source.json",
        .draft = "{\"type\":\"OBS\",\"user_name\":\"\",\"connect_info\":\"\",\"description\":\"\","
                 "\"reboot\":false}",
        .needs = NEEDS({ .at = "/type" }, { .at = "/user_name" },
                       { .at = "/connect_info", OF_TYPE("OBS") },
                       { .at = "/data_source_id", OF_TYPE("MRS") },
                       { .file = "user_pwd", OF_TYPE("MRS") }),
        .secrets = (const struct secret_member[]){ { "user_pwd", "/user_pwd" }, { 0 } },
};

const struct removal dws_data_source_removal = { .call = &dws_delete_ext_data_source,
                                                 .weight = WEIGHT_ALL };
