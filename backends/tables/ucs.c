/* SPDX-License-Identifier: Apache-2.0 */
/* UCS: clusters, fleets and their federations, permission policies. Facts: the contract's notes on
 * UCS. Everything belongs to the whole account, not to a project. */
#include "backends/rows.h"
#include "backends/select.h"
#include "backends/tables/helpers.h"
#include "backends/tables/ucs-calls.h"
#include "backends/tables/ucs-change.h"
#include "base/text.h"

#define LIST(...) ((const char *const[]){ __VA_ARGS__, NULL })

#define UCS_GET(name, template) \
        .id = (name), .service = "ucs", .path = (template), .scope = SCOPE_DOMAIN

static const struct call list_versions = { UCS_GET("listRegisteredClusterVersions",
                                                   "/v1/config/registeredclusterversions"),
                                           .ttl_s = 3600 };
static const struct call get_progress = {
        UCS_GET("getFederationProgress", "/v1/clustergroups/{clustergroupid}/federations/progress"),
        .ttl_s = 10, .is_volatile = true
};
static int compose_list(struct composer *composer, const struct json *value, struct json **ret) {
        struct json *list = value ? json_share(value) : json_new_array();

        (void)composer;
        if (!list)
                return -ENOMEM;
        *ret = list;
        return 0;
}

/* The condition of a kind in a fleet's status, NULL if it has none. */
static const struct json *condition(const struct json *fleet, const char *type) {
        const struct json *conditions = json_at(fleet, "/status/conditions");

        for (size_t i = 0; i < json_count(conditions); i++)
                if (text_eq(json_string(json_item(conditions, i), "/type"), type))
                        return json_item(conditions, i);
        return NULL;
}

/* The job that switches a federation on; *@ret NULL where the service does not know one (any
 * more). */
static int read_progress(struct composer *composer, struct json **ret) {
        int r = composer_value(composer, &get_progress, ret);

        if (r != -ENOENT)
                return r;
        op_clear(composer->op);
        *ret = NULL;
        return 0;
}

static int compose_progress(struct composer *composer, const struct json *value,
                            struct json **ret) {
        struct json *progress;
        int r = read_progress(composer, &progress);

        (void)value;
        if (r == 0 && !progress)
                progress = json_new_object();
        if (r == 0)
                *ret = progress;
        return r;
}

/* What tells when switching on has ended: the job's state, and the fleet's own condition. */
static int compose_federation_status(struct composer *composer, const struct json *value,
                                     struct json **ret) {
        static const char *const shown[] = { "/phase", "/reason", "/startTime", "/completionTime",
                                             NULL };
        _cleanup_(json_freep) struct json *fleet = NULL;
        _cleanup_(json_freep) struct json *progress = NULL;
        _cleanup_(json_freep) struct json *status = NULL;
        const struct json *federation;
        int r;

        (void)value;
        r = composer_item(composer, &fleet);
        if (r == 0)
                r = read_progress(composer, &progress);
        if (r == 0)
                r = select_only(json_at(progress, "/status"), shown, &status);
        if (r < 0)
                return r;
        federation = condition(fleet, "Federation");
        if (federation)
                r = put_copy(status, "condition", federation);
        if (r < 0)
                return r;
        *ret = STEAL(status);
        return 0;
}

/* Only Success is documented as an end; any other phase with a completion time is a failure. */
static const struct life cluster_life = {
        .at = "/status/phase",
        .busy = LIST("Waiting", "Creating", "Deleting", "Registering", "Unregistering", "Joining"),
        .good = LIST("Available"),
        .bad = LIST("Unavailable", "Abnormal"),
};

static const struct kind fleet;

static const struct kind cluster = {
        .name = "cluster", .service = "ucs", .list = &ucs_list_clusters,
        .refresh = &ucs_get_cluster, .label = "/metadata/name", .params = LIST("clusterid"),
        .modified = LIST("/metadata/updateTimestamp", "/status/conditions/0/lastTransitionTime",
                         "/metadata/creationTimestamp"),
        .created = LIST("/metadata/creationTimestamp"), .life = &cluster_life,
        .create = &ucs_cluster_create, .removal = &ucs_cluster_removal,
        .content = {
                .files = (const struct file[]){
                        { .name = "cluster.json", .from = FROM_ITEM, .save = &ucs_cluster_save,
                          .without = LIST("/status", "/spec/ruleNamespaces",
                                          "/metadata/annotations/kubeconfig",
                                          "/metadata/updateTimestamp") },
                        { .name = "policies.json", .from = FROM_ITEM, .at = "/spec/ruleNamespaces",
                          .compose = compose_list, .save = &ucs_cluster_policies_save },
                        { .name = "status.json", .from = FROM_ITEM, .at = "/status",
                          .is_volatile = true },
                        { 0 },
                },
                .links = (const struct link[]){
                        { .name = "fleet", .from = FROM_ITEM, .at = "/spec/clusterGroupID",
                          .target = &fleet },
                        { 0 },
                },
                .actions = ucs_cluster_actions,
        },
};

static const struct kind candidate = {
        .name = "candidate",
        .service = "ucs",
        .shape = SHAPE_DOCUMENT,
        .list = &ucs_list_managed_clusters,
        .label = "/metadata/name",
        .modified = LIST("/metadata/updateTimestamp", "/metadata/creationTimestamp"),
        .created = LIST("/metadata/creationTimestamp"),
        .content.files =
                (const struct file[]){
                        { .name = "*.json", .from = FROM_ITEM, .without = LIST("/status") },
                        { 0 },
                },
};

/* One list of clusters fills the members of all fleets. */
static const struct kind member = {
        .name = "member",
        .service = "ucs",
        .shape = SHAPE_LINK,
        .list = &ucs_list_clusters,
        .label = "/metadata/name",
        .filter = "/spec/clusterGroupID",
        .filter_param = "clustergroupid",
        .target = &cluster,
        .relation = &ucs_membership,
};

/* Of the job that switches it on only Success is documented: any other end is a bad one. Where the
 * job is known no longer, the fleet's condition tells. */
static const struct life federation_life = {
        .at = "/phase",
        .or_at = "/condition/reason",
        .ended_at = "/completionTime",
        .busy = LIST("Pending", "Running", "FederationCreating", "FederationDeleting"),
        .good = LIST("Success", "FederationAvailable"),
        .bad = LIST("Failed"),
};

static const struct place_row federation_row = {
        .life = &federation_life,
        .create = &ucs_federation_create,
        .removal = &ucs_federation_removal,
        .actions = ucs_federation_actions,
        .files =
                (const struct file[]){
                        { .name = "progress.json",
                          .from = FROM_NOWHERE,
                          .compose = compose_progress,
                          .further = &get_progress,
                          .is_volatile = true },
                        { .name = "status.json",
                          .from = FROM_NOWHERE,
                          .compose = compose_federation_status,
                          .further = &get_progress,
                          .is_volatile = true },
                        { 0 },
                },
};

/* While it is being switched on, the fleet's condition is all that tells. */
static const struct when is_federating = { .at = "/status/conditions/*/type", .is = "Federation" };

static const struct kind fleet = {
        .name = "fleet", .service = "ucs", .list = &ucs_list_fleets, .refresh = &ucs_get_fleet,
        .label = "/metadata/name", .params = LIST("clustergroupid"),
        .modified = LIST("/metadata/updateTimestamp", "/metadata/creationTimestamp"),
        .created = LIST("/metadata/creationTimestamp"),
        .create = &ucs_fleet_create, .removal = &ucs_fleet_removal,
        .content = {
                .files = (const struct file[]){
                        { .name = "fleet.json", .from = FROM_ITEM,
                          .without = LIST("/status", "/metadata/updateTimestamp"),
                          .save = &ucs_fleet_save },
                        { .name = "status.json", .from = FROM_ITEM, .at = "/status",
                          .is_volatile = true },
                        { 0 },
                },
                .actions = ucs_fleet_actions,
                .children = (const struct child[]){
                        { .name = "clusters", .kind = &member },
                        { .name = "federation", .row = &federation_row,
                          .when = { .at = "/spec/federationId", .or = &is_federating } },
                        { 0 },
                },
        },
};

static const struct kind policy = {
        .name = "policy",
        .service = "ucs",
        .shape = SHAPE_DOCUMENT,
        .list = &ucs_list_rules,
        .label = "/metadata/name",
        .params = LIST("ruleid"),
        .modified = LIST("/metadata/updateTimestamp", "/metadata/creationTimestamp"),
        .created = LIST("/metadata/creationTimestamp"),
        .create = &ucs_policy_create,
        .removal = &ucs_policy_removal,
        .content.files =
                (const struct file[]){
                        { .name = "*.json", .from = FROM_ITEM, .save = &ucs_policy_save },
                        { 0 },
                },
};

const struct service ucs_service = {
        .name = "ucs",
        .title = "Ubiquitous Cloud Native Service",
        .calls = ucs_calls,
        .content = {
                .files = (const struct file[]){
                        { .name = "versions.json", .from = FROM_CALL, .call = &list_versions,
                          .at = "/versions" },
                        { 0 },
                },
                .children = (const struct child[]){
                        { .name = "clusters", .kind = &cluster },
                        { .name = "candidates", .kind = &candidate },
                        { .name = "fleets", .kind = &fleet },
                        { .name = "policies", .kind = &policy },
                        { 0 },
                },
        },
};
