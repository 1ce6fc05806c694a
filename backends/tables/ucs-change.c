/* SPDX-License-Identifier: Apache-2.0 */
#include "backends/tables/ucs-change.h"

#include "backends/planner.h"
#include "backends/tables/helpers.h"
#include "backends/tables/ucs-calls.h"
#include "base/text.h"

#define LIST(...)  ((const char *const[]){ __VA_ARGS__, NULL })
#define CALLS(...) ((const struct call *const[]){ __VA_ARGS__, NULL })

/* Clusters. Only two members of a document can be updated; the other two that the call takes are
 * never told, so they are actions (UCS notes, 2.1). */

static const struct save_step cluster_steps[] = {
        { .call = &ucs_update_cluster,
          .body = "{\"kind\":\"Cluster\",\"apiVersion\":\"v1\",\"spec\":"
                  "{\"country\":\"=/spec/country\",\"city\":\"=/spec/city\"}}" },
        { 0 },
};

const struct save ucs_cluster_save = {
        .editable = LIST("/spec/country", "/spec/city"),
        .allowed = { .when = { .at = "/spec/category", .among = LIST("attachedcluster",
                                                                     "onpremises") },
                     .error = EINVAL,
                     .hint = "only clusters of category attachedcluster or onpremises can be given "
                             "another country or city" },
        .steps = cluster_steps,
        .hint = "only /spec/country and /spec/city can",
};

/* The element of an array that has this text at a pointer; NULL if there are none or several. */
static const struct json *only_one(const struct json *array, const char *at, const char *text) {
        const struct json *found = NULL;

        for (size_t i = 0; i < json_count(array); i++) {
                const struct json *element = json_item(array, i);

                if (!text_eq(json_string(element, at), text))
                        continue;
                if (found)
                        return NULL;
                found = element;
        }
        return found;
}

/* The id of a rule that is named by its id or by a name that only one has. */
static int add_rule(struct planner *planner, const struct json *rule, const struct json *known,
                    struct json *ids) {
        const char *id = json_string(rule, "/ruleID"), *name = json_string(rule, "/ruleName");

        if (text_is_empty(id) && name)
                id = json_string(only_one(json_at(known, "/items"), "/metadata/name", name),
                                 "/metadata/uid");
        if (text_is_empty(id))
                return op_fail(planner->composer.op, EINVAL,
                               "there is no single policy called %s: give its ruleID",
                               name ? name : "so");
        return json_append(ids, json_new_string(id, strlen(id)));
}

/* What is read has rules with names; what is sent has their ids. */
static int add_association(struct planner *planner, const struct json *read,
                           const struct json *known, struct json *list) {
        const struct json *rules = json_at(read, "/rules");
        _cleanup_(json_freep) struct json *association = json_new_object();
        struct json *ids = json_new_array();
        int r = association && ids ? 0 : -ENOMEM;

        if (r == 0 && !json_count(rules))
                r = op_fail(planner->composer.op, EINVAL,
                            "each element needs rules, a list of objects with ruleID");
        for (size_t i = 0; r == 0 && i < json_count(rules); i++)
                r = add_rule(planner, json_item(rules, i), known, ids);
        if (r < 0) {
                (void)json_free(ids);
                return r;
        }
        r = json_set(association, "ruleIDs", ids);
        if (r == 0 && json_has(read, "/namespaces"))
                r = put_copy(association, "namespaces", json_at(read, "/namespaces"));
        return r < 0 ? r : json_append(list, STEAL(association));
}

static int plan_policies(struct planner *planner) {
        _cleanup_(json_freep) struct json *body = json_new_object();
        _cleanup_(json_freep) struct json *known = NULL;
        struct json *list = json_new_array();
        int r = body && list ? 0 : -ENOMEM;

        if (r == 0 && !json_is(planner->mine, JSON_ARRAY))
                r = op_fail(planner->composer.op, EINVAL, "policies.json is a list");
        if (r == 0)
                r = planner_fresh(planner, &ucs_list_rules, &known);
        for (size_t i = 0; r == 0 && i < json_count(planner->mine); i++)
                r = add_association(planner, json_item(planner->mine, i), known, list);
        if (r < 0) {
                (void)json_free(list);
                return r;
        }
        r = json_set(body, "ruleIDNamespaces", list);
        if (r < 0)
                return r;
        return planner_add(planner, &ucs_update_cluster_associated_rules, STEAL(body), NULL);
}

const struct save ucs_cluster_policies_save = {
        .plan = plan_policies,
        .calls = CALLS(&ucs_update_cluster_associated_rules, &ucs_list_rules),
};

/* A draft that is called like a cluster of CCE becomes that one. */
static int prefill_cluster(struct planner *planner) {
        _cleanup_(json_freep) struct json *candidates = NULL;
        int r = planner_fresh(planner, &ucs_list_managed_clusters, &candidates);

        if (r < 0)
                return r;
        planner->item = json_copy(only_one(candidates, "/metadata/name", planner->name));
        return 0;
}

#define WITH_CATEGORY(word) { .at = "/spec/category", .is = (word) }

const struct create ucs_cluster_create = {
        .how = CREATE_DRAFT,
        .weight = WEIGHT_ALL,
        .call = &ucs_register_cluster,
        .calls = CALLS(&ucs_list_managed_clusters),
        .prefill = prefill_cluster,
        .document = "cluster.json",
        .draft = "{\"kind\":\"Cluster\",\"apiVersion\":\"v1\","
                 "\"metadata\":{\"uid\":\"=@/metadata/uid\"},"
                 "\"spec\":{\"category\":{\"=\":\"@/spec/category\",\"else\":\"attachedcluster\"},"
                 "\"type\":{\"=\":\"@/spec/type\",\"else\":\"privatek8s\"},"
                 "\"provider\":{\"=\":\"@/spec/provider\",\"else\":\"privatek8s\"},"
                 "\"country\":{\"=\":\"@/spec/country\",\"else\":\"\"},"
                 "\"city\":{\"=\":\"@/spec/city\",\"else\":\"\"},"
                 "\"region\":\"=@/spec/region\",\"projectID\":\"=@/spec/projectId\","
                 "\"manageType\":\"discrete\"}}",
        .body = "{\"kind\":\"Cluster\",\"apiVersion\":\"v1\",\"metadata\":{\"...\":\"=/metadata\","
                "\"name\":\"=$name\",\"creationTimestamp\":null,\"updateTimestamp\":null,"
                "\"annotations\":{\"...\":\"=/metadata/annotations\","
                "\"kubeconfig\":\"={kubeconfig}\"}},\"spec\":\"=/spec\"}",
        .needs = (const struct need[]){
                { .at = "/spec/category" },
                { .at = "/spec/type" },
                { .at = "/spec/manageType" },
                { .at = "/metadata/uid", .when = WITH_CATEGORY("self") },
                { .at = "/spec/region", .when = WITH_CATEGORY("self") },
                { .at = "/spec/projectID", .when = WITH_CATEGORY("self") },
                { .at = "/spec/country", .when = WITH_CATEGORY("attachedcluster") },
                { .at = "/spec/city", .when = WITH_CATEGORY("attachedcluster") },
                { .file = "kubeconfig", .when = WITH_CATEGORY("attachedcluster") },
                { 0 },
        },
        .secrets = (const struct secret_member[]){
                { "kubeconfig", "/metadata/annotations/kubeconfig" },
                { 0 },
        },
};

const struct removal ucs_cluster_removal = { .call = &ucs_deregister_cluster,
                                             .weight = WEIGHT_ALL };

/* The call wants a text; people have an object. */
static int plan_kubeconfig(struct planner *planner) {
        const struct json *config = json_at(planner->mine, "/kubeconfig");
        struct buf text = BUF_INIT(0);
        int r;

        r = json_is(config, JSON_STRING) ? json_scalar(config, &text)
                                         : json_render(config, JSON_COMPACT, &text);
        if (r == 0)
                r = planner_secret(planner, "kubeconfig", buf_str(&text));
        if (text.data)
                explicit_bzero(text.data, text.len);
        buf_done(&text);
        if (r < 0)
                return op_fail(planner->composer.op, -r, "the kubeconfig cannot be read");
        return planner_add_row(planner, &ucs_update_cluster,
                               "{\"kind\":\"Cluster\",\"apiVersion\":\"v1\",\"metadata\":"
                               "{\"annotations\":{\"kubeconfig\":\"={kubeconfig}\"}}}",
                               NULL);
}

const struct action ucs_cluster_actions[] = {
        { .verb = "activate", .call = &ucs_activate_cluster },
        { .verb = "fetch-access", .call = &ucs_get_cluster_access_info,
          .form = "{\"vpcendpoint\":\"\",\"region\":\"\"}",
          .params = LIST("vpcendpoint=/vpcendpoint", "region=/region"),
          .when = { .at = "/spec/category", .is = "self", .negate = true },
          .issues = "access.json",
          .hint = "The service tells it once in the life of the cluster; it appears as "
                  "access.json. Both members are for private access only" },
        { .verb = "set-workers", .call = &ucs_update_cluster,
          .when = { .at = "/spec/category", .is = "multicloud" },
          .form = "{\"replicas\":1,\"strategy\":{\"type\":\"RollingUpdate\",\"rollingUpdate\":"
                  "{\"maxUnavailable\":1,\"maxSurge\":1,\"deletePolicy\":\"Random\"}}}",
          .body = "{\"kind\":\"Cluster\",\"apiVersion\":\"v1\",\"spec\":{\"workerConfig\":\"=\"}}",
          .hint = "The present numbers are told by no call" },
        { .verb = "replace-kubeconfig", .call = &ucs_update_cluster,
          .form = "{\"kubeconfig\":{}}", .plan = plan_kubeconfig,
          .needs = (const struct need[]){ { .at = "/kubeconfig" }, { 0 } },
          .secrets = LIST("/kubeconfig") },
        { 0 },
};

/* Fleets. */

static const struct save_step fleet_steps[] = {
        { .call = &ucs_update_fleet_description, .members = LIST("/spec/description"),
          .body = "{\"description\":{\"=\":\"/spec/description\",\"else\":\"\"}}" },
        { .call = &ucs_update_fleet_associated_zones, .members = LIST("/spec/dnsSuffix"),
          .body = "{\"dnsSuffix\":{\"=\":\"/spec/dnsSuffix\",\"else\":[]}}",
          .allowed = { .when = { .at = "/spec/federationId" }, .error = EINVAL,
                       .hint = "/spec/dnsSuffix can be set only while the federation is on" } },
        { 0 },
};

const struct save ucs_fleet_save = {
        .editable = LIST("/spec/description", "/spec/dnsSuffix"),
        .steps = fleet_steps,
        .hint = "only /spec/description and, with a federation, /spec/dnsSuffix can",
};

const struct create ucs_fleet_create = {
        .how = CREATE_AT_ONCE,
        .weight = WEIGHT_ALL,
        .call = &ucs_create_fleet,
        .body = "{\"metadata\":{\"name\":\"=$name\"}}",
        /* No rule is told, but the host of its federation is called `<name>.fleet.ucs.…` (UCS
         * notes, 2.3). */
        .wise_rule = "^[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?$",
        .wise_hint = "it was made, but its name can be no part of a host's name (1 to 63 letters, "
                     "digits and hyphens, none of these at an end): a federation of it could not "
                     "be reached by its host's name",
};

/* The fleet itself does not tell its members (UCS notes, 2.3). */
static int check_members(struct planner *planner) {
        _cleanup_(json_freep) struct json *clusters = NULL;
        const struct json *items;
        int r = planner_fresh(planner, &ucs_list_clusters, &clusters);

        if (r < 0)
                return r;
        items = json_at(clusters, "/items");
        for (size_t i = 0; i < json_count(items); i++)
                if (text_eq(json_string(json_item(items, i), "/spec/clusterGroupID"),
                            composer_param(&planner->composer, "clustergroupid")))
                        return op_fail(planner->composer.op, ENOTEMPTY,
                                       "the fleet still has the cluster %s: rm its link first",
                                       json_string(json_item(items, i), "/metadata/name"));
        return 0;
}

const struct removal ucs_fleet_removal = {
        .call = &ucs_delete_fleet,
        .weight = WEIGHT_ALL,
        .allowed = { .when = { .at = "/spec/federationId", .negate = true }, .error = ENOTEMPTY,
                     .hint = "the fleet's federation is on: rmdir federation first" },
        .blocked = check_members,
};

/* Clusters by their names or ids. */
static int plan_add_clusters(struct planner *planner) {
        const struct json *wanted = json_at(planner->mine, "/clusterIds");
        _cleanup_(json_freep) struct json *known = NULL;
        _cleanup_(json_freep) struct json *body = json_new_object();
        struct json *ids = json_new_array();
        int r = body && ids ? planner_fresh(planner, &ucs_list_clusters, &known) : -ENOMEM;

        for (size_t i = 0; r == 0 && i < json_count(wanted); i++) {
                const char *word = json_string(json_item(wanted, i), "");
                const struct json *items = json_at(known, "/items"), *found;

                found = word ? only_one(items, "/metadata/uid", word) : NULL;
                if (!found && word)
                        found = only_one(items, "/metadata/name", word);
                r = found ? json_append(ids, json_copy(json_at(found, "/metadata/uid")))
                          : op_fail(planner->composer.op, EINVAL, "there is no cluster %s",
                                    word ? word : "(a text is needed)");
        }
        if (r == 0 && !json_count(ids))
                r = op_fail(planner->composer.op, EINVAL, "clusterIds names no cluster");
        if (r < 0) {
                (void)json_free(ids);
                return r;
        }
        r = json_set(body, "clusterIds", ids);
        return r < 0 ? r : planner_add(planner, &ucs_add_clusters_to_fleet, STEAL(body), NULL);
}

const struct action ucs_fleet_actions[] = {
        { .verb = "add-clusters", .call = &ucs_add_clusters_to_fleet,
          .calls = CALLS(&ucs_list_clusters), .form = "{\"clusterIds\":[]}",
          .plan = plan_add_clusters, .hint = "Names or ids; it only adds" },
        { .verb = "set-policies", .call = &ucs_update_fleet_associated_rules, .body = "=",
          .form = "{\"ruleIDNamespaces\":[{\"ruleIDs\":[\"\"],\"namespaces\":[\"\"]}]}",
          .needs = (const struct need[]){ { .at = "/ruleIDNamespaces" }, { 0 } },
          .hint = "What was set cannot be read back in pairs" },
        { 0 },
};

const struct relation ucs_membership = {
        .join = &ucs_join_cluster_to_fleet,
        .join_body = "{\"clusterGroupID\":\"={clustergroupid}\"}",
        .leave = &ucs_remove_cluster_from_fleet,
};

/* Federations. */

const struct create ucs_federation_create = {
        .how = CREATE_AT_ONCE,
        .weight = WEIGHT_ALL,
        .call = &ucs_enable_fleet_federation,
};

const struct removal ucs_federation_removal = { .call = &ucs_disable_fleet_federation,
                                                .weight = WEIGHT_ALL };

#define NETWORK "\"projectID\":\"\",\"vpcID\":\"\",\"subnetID\":\"\""
#define NETWORK_NEEDS { .at = "/projectID" }, { .at = "/vpcID" }, { .at = "/subnetID" }

/* Days; a month is the document's own example, and the longest that is sure to be accepted is not
 * known (UCS notes, 2.5). */
const struct action ucs_federation_actions[] = {
        { .verb = "retry-join", .call = &ucs_retry_fleet_federation },
        { .verb = "connect", .call = &ucs_create_federation_connection, .body = "=",
          .form = "{" NETWORK "}", .needs = (const struct need[]){ NETWORK_NEEDS, { 0 } },
          .issues = "connections.json", .adds = true,
          .hint = "It makes a VPC endpoint, which no call lists or removes: its id is kept in "
                  "connections.json" },
        { .verb = "issue-kubeconfig", .call = &ucs_download_federation_kubeconfig, .body = "=",
          .form = "{\"duration\":30}", .issues = "kubeconfig",
          .needs = (const struct need[]){ { .at = "/duration" }, { 0 } },
          .hint = "Duration in days; each call issues a certificate" },
        { .verb = "connect-and-issue", .call = &ucs_create_federation_cert, .body = "=",
          .form = "{" NETWORK ",\"duration\":30}", .issues = "kubeconfig",
          .needs = (const struct need[]){ NETWORK_NEEDS, { .at = "/duration" }, { 0 } },
          .hint = "It makes a VPC endpoint, which no call lists or removes" },
        { 0 },
};

/* Permission policies: an update has the whole spec. Clusters refer to them by their ids, so a new
 * name would be a new policy. */

static const struct save_step policy_steps[] = {
        { .call = &ucs_update_permission_rule, .body = "{\"spec\":\"=/spec\"}" },
        { 0 },
};

static const struct rename never = { 0 };

const struct save ucs_policy_save = {
        .editable = LIST("/spec/iamUserIDs", "/spec/type", "/spec/contents", "/spec/description"),
        .steps = policy_steps,
        .rename = &never,
};

const struct create ucs_policy_create = {
        .how = CREATE_DOCUMENT,
        .weight = WEIGHT_DOCUMENTS,
        .call = &ucs_create_permission_rule,
        .body = "{\"metadata\":{\"name\":\"=$name\"},\"spec\":\"=/spec\"}",
        .name_rule = "^.{1,63}$",
        .name_hint = "1 to 63 characters",
        .needs = (const struct need[]){ { .at = "/spec/type" }, { 0 } },
};

const struct removal ucs_policy_removal = { .call = &ucs_delete_permission_rule };
