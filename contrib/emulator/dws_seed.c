/* SPDX-License-Identifier: Apache-2.0 */
/*
 * DWS: the world at start. What belongs to the past has fixed times, so that the documents are the
 * same on every start; what goes on (a creation, alarms) counts from now.
 */
#include "contrib/emulator/dws.h"
#include "contrib/emulator/util.h"

#include <string.h>

enum { HOUR_MS = 60 * MINUTE_MS, ALARMS_MAX = 500 };

#define VPC    "85b20d7e-9eb7-4b2a-98f3-3c8843ea3574"
#define SUBNET "374eca02-cfc4-4de7-8ab5-dbebf7d9a720"
#define GROUP  "dc3ec145-9029-4b39-b5a3-ace5a01f772b"
/* The cluster that is gone, and of which a snapshot was kept. */
#define LEGACY "44b277eb-39be-4921-be31-3d61b43651d7"

/* A time text of the seed in ms; a wrong one is a programming error. */
static int64_t at(const char *text) {
        int64_t ms;

        if (time_parse(text, &ms) < 0)
                die("a time of the seed is wrong: %s", text);
        return ms;
}

static void add_tag(const struct warehouse *w, const char *key, const char *value) {
        if (!js_get(w->list, "/tags"))
                (void)js_set(w->list, "/tags", json_object_new_array());
        (void)js_set(w->list, "/tags/-", js_pack("{'key': s, 'value': s}", key, value));
}

static void build(struct world *world, const char *project, const char *name, const char *flavor,
                  int64_t nodes, struct warehouse *ret) {
        char region[REGION_SIZE];
        struct wish wish = {
                .name = name,
                .vpc = VPC,
                .subnet = SUBNET,
                .group = GROUP,
                .user = "dbadmin",
                .bind = "not_use",
                .flavor = flavor_by_name(flavor),
                .nodes = nodes,
                .cns = 3,
                .port = 8000,
        };

        snprintf(wish.zone_buf, sizeof(wish.zone_buf), "%sa", dws_region(world, project, region));
        wish.zone = wish.zone_buf;
        wish_build(world, project, &wish, ret);
}

/* An AVAILABLE warehouse with a past. */
static void build_ready(struct world *world, const char *project, const char *name,
                        const char *flavor, int64_t nodes, const char *created,
                        struct warehouse *ret) {
        struct collection *policies;

        build(world, project, name, flavor, nodes, ret);
        warehouse_ready(ret);
        js_set_str(ret->list, "/created", created);
        js_set_str(ret->list, "/updated", created);
        policies = world_collection(world, DWS_POLICIES, ret->id);
        for (struct entry *entry = collection_first(policies); entry; entry = entry_next(entry))
                (void)js_set(entry_object(entry), "/update_time",
                             time_json(TIME_NO_ZONE, at(created)));
}

/* A finished snapshot. AUTO ones carry the schedule that made them. */
static struct json_object *snapshot(const struct warehouse *w, const char *name, const char *type,
                                    const char *started, const char *finished, double size,
                                    const char *description) {
        struct json_object *snapshot = snapshot_new(w, name, type, description);
        char text[TIME_SIZE];

        js_set_str(snapshot, "/started", started);
        snapshot_finish(snapshot, at(finished), size);
        time_text(TIME_SDK, at(started), text);
        text[8] = '_';
        text[15] = 0;
        js_set_str(snapshot, "/backup_key", text);
        js_set_str(snapshot, "/base_backup_key", text);
        if (str_eq(type, "AUTO")) {
                _cleanup_(freep) char *expected = x_printf("%lld", (long long)at(started));

                js_set_str(snapshot, "/bak_expected_start_time", expected);
                js_set_str(snapshot, "/bak_period", "0 0 2 ? * 1");
        }
        return snapshot;
}

static void add_source(const struct warehouse *w, const char *name, const char *type,
                       const char *user, const char *created, const char *description) {
        bool is_obs = str_eq(type, "OBS");
        char id[UUID_SIZE], outside[UUID_SIZE];

        world_uuid(w->world, id);
        collection_put(
                world_collection(w->world, DWS_SOURCES, w->id), id,
                js_pack("{'id': s, 'name': s, 'type': s, 'connect_info': S, 'user_name': s,"
                        "'version': s, 'configure_status': s, 'status': s, 'data_source_id': S,"
                        "'created': s, 'updated': s, 'extend_properties': {}, 'description': s,"
                        "'fail_reason': s}",
                        id, name, type, is_obs ? "gaussdb" : NULL, user, "1.0", "300", "200",
                        is_obs ? NULL : dws_derived_uuid(id, "mrs", outside), created, created,
                        description, ""));
}

static void add_queue(const struct warehouse *w, const char *name) {
        _cleanup_(freep) char *key = x_printf("\n%s", name);

        collection_put(world_collection(w->world, DWS_QUEUES, w->id), key,
                       js_pack("{'workload_queue_name': s, 'workload_resource_item_list':"
                               "[{'resource_name': s, 'resource_value': i}]}",
                               name, "memory", (int64_t)0));
}

static void add_audit(const struct warehouse *w, const char *begin, const char *end,
                      const char *result) {
        char id[UUID_SIZE];

        collection_put(
                world_collection(w->world, DWS_AUDIT, w->id), world_uuid(w->world, id),
                js_pack("{'cluster_id': s, 'executor_time': s, 'begin_time': s, 'end_time': s,"
                        "'bucket_name': s, 'location_prefix': s, 'result': s, 'failed_reason': s}",
                        w->id, end, begin, end, "dws-audit-logs", "prod/", result,
                        str_eq(result, "FAILED") ? "The bucket does not exist." : ""));
}

static void add_event(const struct warehouse *w, const char *time, const char *name,
                      const char *display, const char *template) {
        struct entry *last;

        warehouse_event(w, name, display, "normal", template);
        last = collection_first(world_collection(w->world, DWS_EVENTS, w->project));
        while (entry_next(last))
                last = entry_next(last);
        js_set_int(entry_object(last), "/occur_time", at(time));
}

static void add_alarm(const struct warehouse *w, const char *id, const char *name,
                      const char *level, int64_t time) {
        const char *cluster = js_str(w->list, "/name");
        const char *domain = identity_domain_id(w->world);
        _cleanup_(freep) char *message =
                x_printf("CloudService=DWS, resourceId: %s, resourceIdName: %s, "
                         "domain_name=, domain_id=%s",
                         w->id, cluster, domain);
        _cleanup_(freep) char *location =
                x_printf("cluster_id: %s,cluster_name: %s,cluster type: dws, "
                         "domain_name: , domain_id: %s",
                         w->id, cluster, domain);
        char key[UUID_SIZE];

        collection_put(
                world_collection(w->world, "dws/alarms", w->project), world_uuid(w->world, key),
                js_pack("{'alarm_id': s, 'alarm_name': s, 'alarm_level': s, 'alarm_source': s,"
                        "'alarm_message': s, 'alarm_location': s, 'resource_id': s,"
                        "'resource_id_name': s, 'alarm_status': s, '_time': i}",
                        id, name, level, "DWS", message, location, w->id, cluster, "0", time));
}

/* A topic of the message service. */
static char *topic(struct world *world, const char *project, const char *name) {
        char region[REGION_SIZE];

        return x_printf("urn:smn:%s:%s:%s", dws_region(world, project, region), project, name);
}

static void add_alarm_sub(struct world *world, const char *project, const char *name, int enable,
                          const char *levels) {
        _cleanup_(freep) char *target = topic(world, project, "dws-alarms");
        char id[UUID_SIZE];

        world_uuid(world, id);
        collection_put(
                world_collection(world, "dws/alarm-subs", project), id,
                js_pack("{'id': s, 'name': s, 'enable': i, 'language': s, 'alarm_level': s,"
                        "'project_id': s, 'notification_target': s, 'notification_target_name': s,"
                        "'notification_target_type': s, 'time_zone': s}",
                        id, name, (int64_t)enable, "zh-cn", levels, project, target, "dws-alarms",
                        "SMN", "GMT+08:00"));
}

static void add_event_sub(struct world *world, const char *project, const char *name,
                          const char *source_id, const char *severity) {
        _cleanup_(freep) char *target = topic(world, project, "dws-events");
        char id[UUID_SIZE];

        world_uuid(world, id);
        collection_put(
                world_collection(world, "dws/event-subs", project), id,
                js_pack("{'id': s, 'name': s, 'category': s, 'severity': s, 'tag': s, 'enable': i,"
                        "'language': s, 'source_type': s, 'source_id': s, 'project_id': s,"
                        "'notification_target': s, 'notification_target_name': s,"
                        "'notification_target_type': s, 'time_zone': s}",
                        id, name, *source_id ? "management" : "", severity, "", (int64_t)1, "zh-cn",
                        *source_id ? "cluster" : "", source_id, project, target, "dws-events",
                        "SMN", "GMT+08:00"));
}

static void add_pool(struct world *world, const char *project, const char *name, const char *status,
                     const char *created) {
        char id[UUID_SIZE];

        world_uuid(world, id);
        collection_put(
                world_collection(world, "dws/pools", project), id,
                js_pack("{'id': s, 'name': s, 'type': s, 'project_id': s, 'availability_zone': s,"
                        "'capacity': s, 'status': s, 'created_at': s}",
                        id, name, "SSD", project, "AZ1", "1000", status, created));
}

/* The main warehouse: everything that there can be. Two data sources have one name. */
static void seed_production(struct world *world, const char *project) {
        struct warehouse w;

        build_ready(world, project, "dws-production", "dws.m3.xlarge", 6, "2024-03-18T06:30:00Z",
                    &w);
        js_set_str(w.list, "/updated", "2024-10-02T09:12:40Z");
        warehouse_eip(&w, "bind_existing", "1923e8b0-cd40-4469-8cb1-64546c7b530c");
        add_tag(&w, "environment", "production");
        add_tag(&w, "owner", "data-platform");
        add_tag(&w, "cost_center", "4711");
        snapshot(&w, "before-upgrade-9", "MANUAL", "2024-09-28T20:00:00Z", "2024-09-28T20:41:12Z",
                 512, "Before the upgrade to 9.1");
        snapshot(&w, "quarter-end-2024Q3", "MANUAL", "2024-09-30T22:00:00Z", "2024-09-30T22:44:03Z",
                 536.5, "");
        snapshot(&w, "automatic-20241020", "AUTO", "2024-10-20T02:00:05Z", "2024-10-20T02:38:51Z",
                 540, "");
        snapshot(&w, "automatic-20241027", "AUTO", "2024-10-27T02:00:04Z", "2024-10-27T02:40:17Z",
                 544.25, "");
        add_source(&w, "lake", "OBS", "DWSAccessOBS", "2024-04-02T07:38:33", "Raw data");
        add_source(&w, "lake", "OBS", "DWSArchive", "2024-06-11T10:05:20",
                   "Archive, same name by history");
        add_source(&w, "hive_cluster", "MRS", "dwsmrs", "2024-07-01T08:00:00", "");
        add_queue(&w, "etl");
        add_queue(&w, "reports/daily");
        add_queue(&w, ".internal");
        add_queue(&w, "ad hoc ");
        add_audit(&w, "2024-10-26T00:00:00", "2024-10-27T00:00:00", "SUCCESS");
        add_audit(&w, "2024-10-27T00:00:00", "2024-10-28T00:00:00", "FAILED");
        add_event(&w, "2024-03-18T06:30:00Z", "createClusterSuccess", "Cluster created",
                  "Cluster %s created");
        add_event(&w, "2024-10-02T09:12:40Z", "resizeClusterSuccess", "Cluster scaled out",
                  "Cluster %s scaled out");
}

/* One whose disks are full, with a parameter that waits for a restart. */
static void seed_reporting(struct world *world, const char *project) {
        struct json_object *broken;
        struct warehouse w;
        int64_t now = world_now(world);

        build_ready(world, project, "dws-reporting", "dws.m1.xlarge.ultrahigh", 4,
                    "2023-11-06T01:15:30Z", &w);
        js_set_str(w.list, "/sub_status", "READONLY");
        js_set_str(w.detail, "/parameter_group/status", "In-Sync");
        add_tag(&w, "environment", "production");
        snapshot(&w, "automatic-20241027", "AUTO", "2024-10-27T02:10:00Z", "2024-10-27T02:31:40Z",
                 190, "");
        broken = snapshot(&w, "broken-backup", "MANUAL", "2024-05-01T12:00:00Z",
                          "2024-05-01T12:03:00Z", 0, "Stopped by a full bucket");
        js_set_str(broken, "/status", "UNAVAILABLE");
        add_queue(&w, "dashboards");
        add_event(&w, "2024-10-25T18:44:02Z", "clusterReadonly", "Cluster read-only",
                  "Cluster %s became read-only");
        add_alarm(&w, "DWS_01010", "Cluster Status Fault", "1", now - 2 * HOUR_MS);
        for (int i = 0; i < 11; i++)
                add_alarm(&w, "DWS_2000000006", "Node Disk Usage Exceeds the Threshold",
                          i % 3 ? "2" : "3", now - (3 + 11 * i) * (int64_t)HOUR_MS);
}

/* Only its snapshot is left; what a restore needs is remembered with it. */
static void seed_legacy(struct world *world, const char *project) {
        struct warehouse w;
        struct json_object *kept;

        build(world, project, "dws-legacy", "dws.d1.xlarge.ultrahigh", 3, &w);
        kept = snapshot(&w, "final-before-shutdown", "MANUAL", "2023-12-29T16:00:00Z",
                        "2023-12-29T16:22:45Z", 88, "Kept when dws-legacy was deleted");
        snapshots_reduce(world, project, w.id, 1);
        js_set_str(kept, "/cluster_id", LEGACY);
        collection_put(world_collection(world, DWS_GONE, project), LEGACY,
                       json_object_new_object());
        world_drop(world, DWS_POLICIES, w.id);
        collection_remove(world_collection(world, DWS_DETAILS, project), w.id);
        collection_remove(world_collection(world, DWS_HIDDEN, project), w.id);
        collection_remove(world_collection(world, DWS_CLUSTERS, project), w.id);
}

/*
 * Names without a rule: the same twice, with '/', blanks, a leading dot, more than a file name can
 * have.
 */
static void seed_subscriptions(struct world *world, const char *project) {
        char name[301];
        struct entry *first = collection_first(world_collection(world, DWS_CLUSTERS, project));

        memset(name, 'n', sizeof(name));
        name[sizeof(name) - 1] = 0;
        add_alarm_sub(world, project, "on-call", 1, "urgent,important");
        add_alarm_sub(world, project, "on-call", 0, "minor,prompt");
        add_alarm_sub(world, project, "ops/all alarms", 1, "urgent,important,minor,prompt");
        add_alarm_sub(world, project, ".hidden", 0, "prompt");
        add_alarm_sub(world, project, "报警通知", 1, "urgent");
        add_alarm_sub(world, project, name, 1, "urgent");
        add_event_sub(world, project, "operations", "", "normal,warning");
        add_event_sub(world, project, " padded ", "", "warning");
        add_event_sub(world, project, "production only", entry_id(first), "warning");
        add_event_sub(world, project, "production only", entry_id(first), "normal");
}

static void seed_demo(struct world *world) {
        const char *project = identity_project(world, "cn-north-4");
        const char *other = identity_project(world, "ap-southeast-3");
        struct warehouse w;

        if (project) {
                seed_production(world, project);
                seed_reporting(world, project);
                build(world, project, "dws-staging", "dwsx2.rt.xlarge.m6", 3, &w);
                warehouse_create(&w, NULL, 10 * MINUTE_MS);
                seed_legacy(world, project);
                seed_subscriptions(world, project);
                add_pool(world, project, "pool-1", "available", "2024-12-18T15:57:56.299000");
                add_pool(world, project, "pool-1", "deploying", "2025-01-07T08:11:02.004000");
        }
        if (other) {
                build_ready(world, other, "dws-singapore", "dws.m3.xlarge", 3,
                            "2025-01-20T03:05:00Z", &w);
                snapshot(&w, "golden-image", "MANUAL", "2025-02-01T04:00:00Z",
                         "2025-02-01T04:20:00Z", 96, "");
        }
}

/* Many of everything that a directory can hold, under names that are always the same. */
static void seed_scale(struct world *world, int64_t scale) {
        const char *project = identity_project(world, "cn-north-4");
        struct warehouse w, first = { 0 };

        if (!project)
                return;
        dws_quota_set(world, project, 3 * scale + 100);
        for (int64_t i = 1; i <= scale; i++) {
                _cleanup_(freep) char *name = x_printf("warehouse-%06lld", (long long)i);
                _cleanup_(freep) char *snapshot_name = x_printf("snapshot-%06lld", (long long)i);
                _cleanup_(freep) char *sub_name = x_printf("subscription-%06lld", (long long)i);

                build_ready(world, project, name, "dws.m3.xlarge", 3, "2024-03-18T06:30:00Z", &w);
                if (i == 1)
                        first = w;
                snapshot(&first, snapshot_name, "MANUAL", "2024-09-28T20:00:00Z",
                         "2024-09-28T20:41:12Z", 96, "");
                add_alarm_sub(world, project, sub_name, 1, "urgent");
                add_event_sub(world, project, sub_name, "", "warning");
                if (i <= ALARMS_MAX) /* all of them are one document */
                        add_alarm(&w, "DWS_2000000006", "Node Disk Usage Exceeds the Threshold",
                                  "2", world_now(world) - i * MINUTE_MS);
        }
}

void dws_seed(struct world *world, enum seed_kind kind, int64_t scale) {
        const char *small = identity_project(world, "cn-north-4_analytics");

        if (small)
                dws_quota_set(world, small, 6); /* so little that a second cluster uses it up */
        if (kind == SEED_DEMO)
                seed_demo(world);
        else if (kind == SEED_SCALE)
                seed_scale(world, scale);
}
