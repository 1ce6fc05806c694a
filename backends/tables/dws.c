/* SPDX-License-Identifier: Apache-2.0 */
/* DWS: warehouses, their snapshots and settings. Facts: the contract's notes on DWS. */
#include "backends/rows.h"
#include "backends/select.h"
#include "backends/tables/dws-calls.h"
#include "backends/tables/dws-change.h"
#include "backends/tables/helpers.h"
#include "base/text.h"

#define LIST(...) ((const char *const[]){ __VA_ARGS__, NULL })

/* Calls. A 2xx may carry a failure inside (contract conventions, 4.3). */

#define DWS_CALL(name, template) \
        .id = (name), .service = "dws", .path = (template), .scope = SCOPE_PROJECT
#define DWS_GET(name, template) \
        DWS_CALL(name, template), .success = "/error_code", .success_is = "DWS.0000"

static const struct call list_availability_zones = {
        DWS_GET("listAvailabilityZones", "/v1.0/{project_id}/availability-zones"), .ttl_s = 3600
};
static const struct call list_clusters = { DWS_GET("listClusters", "/v1.0/{project_id}/clusters"),
                                           .query = "enterprise_project_id=all_granted_eps",
                                           .items = "/clusters", .key = "/id" };
static const struct call show_cluster = { DWS_GET("showCluster",
                                                  "/v1.0/{project_id}/clusters/{cluster_id}") };
static const struct call list_dss_pools = { DWS_GET("listDssPools", "/v1.0/{project_id}/dss-pools"),
                                            .items = "/pools", .key = "/id", .ttl_s = 3600 };
static const struct call show_workload = {
        DWS_CALL("showWorkload", "/v2/{project_id}/clusters/{cluster_id}/workload"),
        .success = "/workload_res_code", .success_is = "0"
};
static const struct call list_workload_queues = {
        DWS_CALL("listWorkloadQueues", "/v2/{project_id}/clusters/{cluster_id}/workload/queues"),
        .query = "logical_cluster_name={logical_cluster}",
        .items = "/workload_queue_name_list",
        .key = "",
        .success = "/workload_res_code",
        .success_is = "0"
};
static const struct call list_cluster_snapshots = {
        DWS_GET("listClusterSnapshots", "/v1.0/{project_id}/clusters/{cluster_id}/snapshots"),
        .items = "/snapshots",
        .key = "/id",
        .total = "/count",
        .paging = PAGING_PAGE,
        .page_size = 1000
};
static const struct call show_snapshot = { DWS_GET("showSnapshot",
                                                   "/v1.0/{project_id}/snapshots/{snapshot_id}") };
static const struct call list_ext_data_sources = {
        DWS_GET("listExtDataSources", "/v1.0/{project_id}/clusters/{cluster_id}/ext-data-sources"),
        .items = "/data_sources", .key = "/id"
};
static int split_bound_elb(const struct json *page, struct answer *answer);

/* The list has what can be bound; the one that is bound, if any, the cluster tells. */
static const struct call show_bound_elb = {
        DWS_GET("showCluster", "/v1.0/{project_id}/clusters/{cluster_id}"), .split = split_bound_elb
};
static const struct call list_cluster_elbs = {
        DWS_GET("listClusterElbs", "/v2/{project_id}/clusters/{cluster_id}/elbs"), .items = "/elbs",
        .key = "/id", .also = &show_bound_elb
};
static const struct call list_alarms = {
        DWS_GET("listAlarms", "/v2/{project_id}/alarms"),
        .query = "time_zone=GMT",
        .items = "/alarm_details",
        .key = "/alarm_id,/resource_id,/alarm_generate_date,/alarm_status,/alarm_location",
        .total = "/count",
        .paging = PAGING_PAGE,
        .page_size = 1000,
        .is_volatile = true
};
static const struct call list_alarm_statistics = { DWS_GET("listAlarmStatistics",
                                                           "/v2/{project_id}/alarm-statistic"),
                                                   .query = "time_zone=GMT", .is_volatile = true };
static const struct call list_alarm_subscriptions = { DWS_GET("listAlarmSubscriptions",
                                                              "/v2/{project_id}/alarm-subs"),
                                                      .items = "/alarm_subscriptions",
                                                      .key = "/id",
                                                      .total = "/count",
                                                      .paging = PAGING_PAGE,
                                                      .page_size = 100 };
/* The list has no filter and grows: only its newest records are of use. */
static const struct call list_events = { DWS_GET("listEvents", "/v2/{project_id}/events"),
                                         .items = "/events",
                                         .key = "/event_id",
                                         .total = "/count",
                                         .paging = PAGING_PAGE,
                                         .page_size = 1000,
                                         .most = 1000,
                                         .is_volatile = true };
static const struct call list_event_subscriptions = { DWS_GET("listEventSubscriptions",
                                                              "/v2/{project_id}/event-subs"),
                                                      .items = "/event_subscriptions",
                                                      .key = "/id",
                                                      .total = "/count",
                                                      .paging = PAGING_PAGE,
                                                      .page_size = 100 };
static const struct call list_quotas = { DWS_GET("listQuotas", "/v1.0/{project_id}/quotas") };
static const struct call list_project_tags = { DWS_GET("listProjectTags",
                                                       "/v1.0/{project_id}/tags") };
static const struct call list_cluster_tags = { DWS_GET(
        "listClusterTags", "/v1.0/{project_id}/clusters/{cluster_id}/tags") };
static const struct call list_cluster_configurations = {
        DWS_GET("listClusterConfigurations",
                "/v1.0/{project_id}/clusters/{cluster_id}/configurations"),
        .items = "/configurations", .key = "/id"
};
static const struct call show_cluster_configuration = { DWS_GET(
        "showClusterConfiguration",
        "/v1.0/{project_id}/clusters/{cluster_id}/configurations/{configuration_id}") };
static const struct call list_audit_log_records = { DWS_GET(
        "listAuditLogRecords", "/v1.0/{project_id}/clusters/{cluster_id}/audit-log-records") };

/* Hooks. */

static int split_bound_elb(const struct json *page, struct answer *answer) {
        const struct json *elb = json_at(page, "/cluster/elb");
        const char *id = json_string(elb, "/id");

        return text_is_empty(id) ? 0 : answer_add_json(answer, id, elb);
}

static int compose_tags(struct composer *composer, const struct json *value, struct json **ret) {
        (void)composer;
        return pairs_to_map(value, "key", "value", ret);
}

static int compose_project_tags(struct composer *composer, const struct json *value,
                                struct json **ret) {
        (void)composer;
        return pairs_to_map(value, "key", "values", ret);
}

static int compose_schedule(struct composer *composer, const struct json *value,
                            struct json **ret) {
        (void)composer;
        return pairs_to_map(value, "policy_name", "next_fire_time", ret);
}

/* The value of a parameter for one type of node, and its default. */
static const struct json *value_of(const struct json *parameter, const char *type,
                                   const char *member) {
        const struct json *values = json_at(parameter, "/values");

        for (size_t i = 0; i < json_count(values); i++)
                if (text_eq(json_string(json_item(values, i), "/type"), type))
                        return json_member(json_item(values, i), member);
        return NULL;
}

static int put_node_values(struct json *object, const struct json *parameter, const char *member) {
        static const char *const types[] = { "cn", "dn" };

        for (size_t i = 0; i < ELEMENTSOF(types); i++) {
                const struct json *value = value_of(parameter, types[i], member);
                int r = value ? put_copy(object, types[i], value) : 0;

                if (r < 0)
                        return r;
        }
        return 0;
}

/* What can be edited: parameter → { cn, dn }. */
static int parameter_values(const struct json *parameter, struct json **ret) {
        struct json *values = json_new_object();
        int r = values ? put_node_values(values, parameter, "value") : -ENOMEM;

        if (r < 0) {
                (void)json_free(values);
                return r;
        }
        *ret = values;
        return 0;
}

/* What one must know to edit it: unit, range, defaults, whether a restart is needed. */
static int parameter_info(const struct json *parameter, struct json **ret) {
        static const char *const members[] = { "unit",        "type",
                                               "value_range", "restart_required",
                                               "readonly",    "description" };
        _cleanup_(json_freep) struct json *info = json_new_object();
        struct json *defaults = json_new_object();
        int r = info && defaults ? 0 : -ENOMEM;

        for (size_t i = 0; r == 0 && i < ELEMENTSOF(members); i++)
                r = put_copy(info, members[i], json_member(parameter, members[i]));
        if (r == 0)
                r = put_node_values(defaults, parameter, "default_value");
        if (r < 0) {
                (void)json_free(defaults);
                return r;
        }
        r = json_set(info, "default", defaults);
        if (r < 0)
                return r;
        *ret = STEAL(info);
        return 0;
}

static int compose_parameters(const struct json *list,
                              int (*make)(const struct json *parameter, struct json **ret),
                              struct json **ret) {
        _cleanup_(json_freep) struct json *map = json_new_object();

        if (!map)
                return -ENOMEM;
        for (size_t i = 0; i < json_count(list); i++) {
                const struct json *parameter = json_item(list, i);
                const char *name = json_string(parameter, "/name");
                struct json *made;
                int r;

                if (!name)
                        continue;
                r = make(parameter, &made);
                if (r == 0)
                        r = json_set(map, name, made);
                if (r < 0)
                        return r;
        }
        *ret = STEAL(map);
        return 0;
}

static int compose_parameter_values(struct composer *composer, const struct json *value,
                                    struct json **ret) {
        (void)composer;
        return compose_parameters(value, parameter_values, ret);
}

static int compose_parameter_info(struct composer *composer, const struct json *value,
                                  struct json **ret) {
        (void)composer;
        return compose_parameters(value, parameter_info, ret);
}

/* type → { status, fail_reason }; the service prints "null" for no reason. */
static int compose_parameter_status(struct composer *composer, const struct json *value,
                                    struct json **ret) {
        _cleanup_(json_freep) struct json *map = json_new_object();

        (void)composer;
        if (!map)
                return -ENOMEM;
        for (size_t i = 0; i < json_count(value); i++) {
                static const char *const shown[] = { "/status", "/fail_reason", NULL };
                const struct json *group = json_item(value, i);
                const char *type = json_string(group, "/type");
                struct json *status;
                int r;

                if (!type)
                        continue;
                r = select_only(group, shown, &status);
                if (r == 0)
                        r = json_set(map, type, status);
                if (r < 0)
                        return r;
        }
        *ret = STEAL(map);
        return 0;
}

/* The name of a queue is all that can be read of it. */
static int compose_queue(struct composer *composer, const struct json *value, struct json **ret) {
        _cleanup_(json_freep) struct json *queue = json_new_object();
        int r = queue ? put_copy(queue, "workload_queue_name", value) : -ENOMEM;

        (void)composer;
        if (r < 0)
                return r;
        *ret = STEAL(queue);
        return 0;
}

/* Life cycles. */

static const struct life cluster_life = {
        .at = "/status",
        .busy_at = "/action_progress",
        .busy = LIST("CREATING", "DELETING"),
        .good = LIST("AVAILABLE", "ACTIVE"),
        .bad = LIST("FAILED", "CREATE_FAILED", "CREATION FAILED", "DELETE_FAILED", "FROZEN",
                    "POLICE_FROZEN"),
};
static const struct life snapshot_life = {
        .at = "/status",
        .busy = LIST("CREATING", "RESTORING"),
        .good = LIST("AVAILABLE"),
        .bad = LIST("UNAVAILABLE", "FROZEN", "POLICE_FROZEN"),
};
static const struct life parameter_life = {
        .at = "/status",
        .busy = LIST("Applying"),
        .good = LIST("In-Sync", "Pending-Reboot"),
        .bad = LIST("Sync-Failure"),
};

/* Collections of documents. */

static const struct kind flavor = {
        .name = "flavor",
        .service = "dws",
        .shape = SHAPE_DOCUMENT,
        .list = &dws_list_node_types,
        .label = "/spec_name",
        .content.files = (const struct file[]){ { .name = "*.json", .from = FROM_ITEM }, { 0 } },
};
static const struct kind storage_pool = {
        .name = "storage-pool",
        .service = "dws",
        .shape = SHAPE_DOCUMENT,
        .list = &list_dss_pools,
        .label = "/name",
        .created = LIST("/created_at"),
        .content.files = (const struct file[]){ { .name = "*.json", .from = FROM_ITEM }, { 0 } },
};
static const struct kind alarm_subscription = {
        .name = "alarm-subscription",
        .service = "dws",
        .shape = SHAPE_DOCUMENT,
        .list = &list_alarm_subscriptions,
        .label = "/name",
        .params = LIST("alarm_sub_id"),
        .create = &dws_alarm_subscription_create,
        .removal = &dws_alarm_subscription_removal,
        .content.files =
                (const struct file[]){
                        { .name = "*.json",
                          .from = FROM_ITEM,
                          .save = &dws_alarm_subscription_save },
                        { 0 },
                },
};
static const struct kind event_subscription = {
        .name = "event-subscription",
        .service = "dws",
        .shape = SHAPE_DOCUMENT,
        .list = &list_event_subscriptions,
        .label = "/name",
        .params = LIST("event_sub_id"),
        .create = &dws_event_subscription_create,
        .removal = &dws_event_subscription_removal,
        .content.files =
                (const struct file[]){
                        { .name = "*.json",
                          .from = FROM_ITEM,
                          .save = &dws_event_subscription_save },
                        { 0 },
                },
};
static const struct kind cn = {
        .name = "cn",
        .service = "dws",
        .shape = SHAPE_DOCUMENT,
        .list = &dws_list_cluster_cns,
        .label = "/name",
        .shared.actions = dws_cns_actions,
        .content.files = (const struct file[]){ { .name = "*.json", .from = FROM_ITEM }, { 0 } },
};
static const struct kind queue = {
        .name = "queue",
        .service = "dws",
        .shape = SHAPE_DOCUMENT,
        .list = &list_workload_queues,
        .label = "",
        .params = LIST("queue"),
        .create = &dws_queue_create,
        .removal = &dws_queue_removal,
        .content.files =
                (const struct file[]){
                        { .name = "*.json", .from = FROM_ITEM, .compose = compose_queue },
                        { 0 },
                },
};
static const struct kind elb = {
        .name = "elb",
        .service = "dws",
        .shape = SHAPE_DOCUMENT,
        .list = &list_cluster_elbs,
        .label = "/name",
        .params = LIST("elb_id"),
        .content.files = (const struct file[]){ { .name = "*.json", .from = FROM_ITEM }, { 0 } },
};
static const struct kind snapshot_policy = {
        .name = "snapshot-policy",
        .service = "dws",
        .shape = SHAPE_DOCUMENT,
        .list = &dws_show_snapshot_policies,
        .label = "/policy_name",
        .params = LIST("id"),
        .modified = LIST("/update_time"),
        .create = &dws_snapshot_policy_create,
        .removal = &dws_snapshot_policy_removal,
        .content.files =
                (const struct file[]){
                        { .name = "*.json",
                          .from = FROM_ITEM,
                          .without = LIST("/next_fire_time"),
                          .save = &dws_snapshot_policy_save },
                        { 0 },
                },
};
static const struct kind parameter_group = {
        .name = "parameter-group",
        .service = "dws",
        .shape = SHAPE_DOCUMENT,
        .list = &list_cluster_configurations,
        .get = &show_cluster_configuration,
        .object = "/configurations",
        .label = "/type",
        .params = LIST("configuration_id"),
        .life = &parameter_life,
        .content.files =
                (const struct file[]){
                        { .name = "*.json",
                          .from = FROM_OBJECT,
                          .compose = compose_parameter_values,
                          .save = &dws_parameters_save },
                        { .name = "*.info.json",
                          .from = FROM_OBJECT,
                          .compose = compose_parameter_info },
                        { 0 },
                },
        .shared.files =
                (const struct file[]){
                        { .name = "status.json",
                          .from = FROM_CALL,
                          .call = &list_cluster_configurations,
                          .at = "/configurations",
                          .compose = compose_parameter_status,
                          .is_volatile = true },
                        { 0 },
                },
};

/* Resource directories. */

static const struct kind data_source = {
        .name = "data-source",
        .service = "dws",
        .list = &list_ext_data_sources,
        .label = "/name",
        .params = LIST("ext_data_source_id"),
        .create = &dws_data_source_create,
        .removal = &dws_data_source_removal,
        .modified = LIST("/updated"),
        .created = LIST("/created"),
        .content.files =
                (const struct file[]){
                        { .name = "data-source.json",
                          .from = FROM_ITEM,
                          .without = LIST("/status", "/configure_status", "/fail_reason",
                                          "/version", "/updated"),
                          .save = &dws_data_source_save },
                        { .name = "status.json",
                          .from = FROM_ITEM,
                          .is_volatile = true,
                          .only = LIST("/status", "/configure_status", "/fail_reason", "/version",
                                       "/updated") },
                        { 0 },
                },
};

#define SNAPSHOT_MOVES "/status", "/progress", "/cluster_status"

static const struct kind snapshot = {
        .name = "snapshot",
        .service = "dws",
        .list = &dws_list_snapshots,
        .get = &show_snapshot,
        .object = "/snapshot",
        .label = "/name",
        .params = LIST("snapshot_id"),
        .modified = LIST("/finished", "/started"),
        .created = LIST("/started"),
        .filter = "/cluster_id",
        .filter_param = "cluster_id",
        .life = &snapshot_life,
        .create = &dws_snapshot_create,
        .removal = &dws_snapshot_removal,
        .content.actions = dws_snapshot_actions,
        .shared.actions = dws_snapshots_actions,
        .content.files =
                (const struct file[]){
                        { .name = "snapshot.json",
                          .from = FROM_OBJECT,
                          .without = LIST(SNAPSHOT_MOVES) },
                        { .name = "status.json",
                          .from = FROM_CALL,
                          .call = &list_cluster_snapshots, /* the only one with `updated` */
                          .is_one = true,
                          .only = LIST("/status", "/progress", "/updated", "/cluster_status"),
                          .is_volatile = true },
                        { 0 },
                },
};

#define CLUSTER_MOVES                                                                    \
        "/status", "/sub_status", "/task_status", "/action_progress", "/failed_reasons", \
                "/recent_event", "/nodes/*/status", "/updated"

static const struct kind cluster = {
        .name = "cluster", .service = "dws", .list = &list_clusters, .get = &show_cluster,
        .object = "/cluster", .label = "/name", .params = LIST("cluster_id"),
        .modified = LIST("/updated"), .created = LIST("/created"), .life = &cluster_life,
        .is_serial = true, .create = &dws_cluster_create, .removal = &dws_cluster_removal,
        .shared.actions = dws_clusters_actions,
        .content = {
                .files = (const struct file[]){
                        { .name = "cluster.json", .from = FROM_OBJECT,
                          .without = LIST(CLUSTER_MOVES, "/resize_info", "/parameter_group/status",
                                          "/tags", "/endpoints", "/public_endpoints") },
                        { .name = "status.json", .from = FROM_ITEM, .is_volatile = true,
                          .only = LIST("/status", "/sub_status", "/task_status",
                                       "/action_progress", "/failed_reasons", "/recent_event",
                                       "/nodes/*/id", "/nodes/*/name", "/nodes/*/status",
                                       "/updated") },
                        { .name = "endpoints.json", .from = FROM_OBJECT,
                          .only = LIST("/port", "/endpoints", "/public_endpoints", "/public_ip",
                                       "/private_ip", "/elb") },
                        { .name = "tags.json", .from = FROM_CALL, .call = &list_cluster_tags,
                          .at = "/tags", .compose = compose_tags, .save = &dws_tags_save },
                        { .name = "workload.json", .from = FROM_CALL, .call = &show_workload,
                          .at = "/workload_status", .save = &dws_workload_save },
                        { .name = "audit-log.json", .from = FROM_CALL,
                          .call = &list_audit_log_records, .at = "/records" },
                        { .name = "snapshot-settings.json", .from = FROM_CALL,
                          .call = &dws_show_snapshot_policies,
                          .without = LIST("/backup_strategies"),
                          .save = &dws_snapshot_settings_save },
                        { .name = "snapshot-schedule.json", .from = FROM_CALL,
                          .call = &dws_show_snapshot_policies, .at = "/backup_strategies",
                          .compose = compose_schedule, .is_volatile = true },
                        { 0 },
                },
                .links = (const struct link[]){
                        { .name = "elb", .from = FROM_OBJECT, .at = "/elb/id", .target = &elb,
                          .relation = &dws_elb_relation },
                        { 0 },
                },
                .actions = dws_cluster_actions,
                .children = (const struct child[]){
                        { .name = "snapshots", .kind = &snapshot },
                        { .name = "snapshot-policies", .kind = &snapshot_policy },
                        { .name = "cns", .kind = &cn },
                        { .name = "queues", .kind = &queue },
                        { .name = "data-sources", .kind = &data_source },
                        { .name = "elbs", .kind = &elb },
                        { .name = "parameters", .kind = &parameter_group },
                        { 0 },
                },
        },
};

/* Of the whole project: links to those below their cluster; what outlived it stands here. */
static const struct kind project_snapshot = {
        .name = "kept-snapshot",
        .service = "dws",
        .list = &dws_list_snapshots,
        .get = &show_snapshot,
        .object = "/snapshot",
        .label = "/name",
        .params = LIST("snapshot_id"),
        .modified = LIST("/finished", "/started"),
        .created = LIST("/started"),
        .owner = &cluster,
        .owner_at = "/cluster_id",
        .target = &snapshot,
        .life = &snapshot_life,
        .removal = &dws_snapshot_removal,
        .content.actions = dws_snapshot_actions,
        .content.files =
                (const struct file[]){
                        { .name = "snapshot.json",
                          .from = FROM_OBJECT,
                          .without = LIST(SNAPSHOT_MOVES) },
                        { .name = "status.json",
                          .from = FROM_ITEM,
                          .only = LIST("/status"),
                          .is_volatile = true },
                        { 0 },
                },
};

const struct service dws_service = {
        .name = "dws",
        .title = "Data Warehouse Service",
        .calls = dws_calls,
        .content = {
                .files = (const struct file[]){
                        { .name = "availability-zones.json", .from = FROM_CALL,
                          .call = &list_availability_zones, .at = "/availability_zones" },
                        { .name = "quotas.json", .from = FROM_CALL, .call = &list_quotas,
                          .at = "/quotas/resources" },
                        { .name = "tags.json", .from = FROM_CALL, .call = &list_project_tags,
                          .at = "/tags", .compose = compose_project_tags },
                        { .name = "alarms.json", .from = FROM_CALL, .call = &list_alarms,
                          .at = "/alarm_details", .is_volatile = true },
                        { .name = "alarm-statistics.json", .from = FROM_CALL,
                          .call = &list_alarm_statistics, .at = "/alarm_statistics",
                          .is_volatile = true },
                        { .name = "events.json", .from = FROM_CALL, .call = &list_events,
                          .at = "/events", .is_volatile = true },
                        { 0 },
                },
                .children = (const struct child[]){
                        { .name = "clusters", .kind = &cluster },
                        { .name = "snapshots", .kind = &project_snapshot },
                        { .name = "flavors", .kind = &flavor },
                        { .name = "storage-pools", .kind = &storage_pool },
                        { .name = "alarm-subscriptions", .kind = &alarm_subscription },
                        { .name = "event-subscriptions", .kind = &event_subscription },
                        { 0 },
                },
        },
};
