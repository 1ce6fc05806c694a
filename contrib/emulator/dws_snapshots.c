/* SPDX-License-Identifier: Apache-2.0 */
/*
 * DWS: snapshots. One object is kept for each; the three forms in which the API shows it are
 * subsets.
 */
#include "contrib/emulator/dws.h"
#include "contrib/emulator/util.h"

#include <string.h>

enum {
        SNAPSHOT_MS = 4 * MINUTE_MS,
        COPY_MS = 3 * MINUTE_MS,
        RESTORE_MS = 15 * MINUTE_MS,
        REMOVAL_MS = 30 * SECOND_MS,
};

#define SHORT_FORM "id name description started finished size status type cluster_id"
#define LONG_FORM                                                                              \
        "id name description started size status cluster_id datastore cluster_name type "      \
        "bak_expected_start_time bak_keep_day bak_period db_user progress backup_key "         \
        "prior_backup_key base_backup_key backup_device total_backup_size base_backup_name "   \
        "support_inplace_restore fine_grained_backup backup_level fine_grained_backup_detail " \
        "guest_agent_version "

static struct collection *snapshots_of(struct world *world, const char *project) {
        return world_collection(world, DWS_SNAPSHOTS, project);
}

static struct json_object *long_view(struct world *world, const char *project,
                                     struct json_object *snapshot, const char *names) {
        struct json_object *view = dws_view(snapshot, names);
        struct warehouse w;

        if (warehouse_find(world, project, js_str(snapshot, "/cluster_id"), &w))
                js_set_str(view, "/cluster_status", js_str(w.list, "/status"));
        else
                js_set_str(view, "/cluster_status", "DELETED");
        return view;
}

static void list_snapshots(const struct request *req, struct response *resp) {
        struct collection *snapshots = snapshots_of(req->world, req->project);
        struct json_object *list = json_object_new_array();

        for (struct entry *entry = collection_first(snapshots); entry; entry = entry_next(entry))
                json_object_array_add(list, dws_view(entry_object(entry), SHORT_FORM));
        reply_json(resp, 200,
                   js_pack("{'snapshots': o, 'count': i}", list, (int64_t)js_len(list, "")));
}

/* How the rows of a list are ordered. */
struct order {
        const char *pointer;
        int direction;
};

static int compare(const void *a, const void *b, void *arg) {
        const struct order *order = arg;
        struct json_object *left = js_get(*(struct json_object *const *)a, order->pointer);
        struct json_object *right = js_get(*(struct json_object *const *)b, order->pointer);
        double x, y;

        if (json_object_is_type(left, json_type_string) &&
            json_object_is_type(right, json_type_string))
                return order->direction *
                       strcmp(json_object_get_string(left), json_object_get_string(right));
        x = json_object_get_double(left);
        y = json_object_get_double(right);
        return order->direction * ((x > y) - (x < y));
}

/* Sorts an array of owned objects; json-c's own sort has no room for the order. */
static struct json_object *sorted(struct json_object *list, struct order order) {
        size_t count = js_len(list, "");
        _cleanup_(freep) struct json_object **rows =
                x_alloc((count + 1) * sizeof(struct json_object *));
        struct json_object *result = json_object_new_array();

        for (size_t i = 0; i < count; i++)
                rows[i] = js_at(list, i);
        qsort_r(rows, count, sizeof(struct json_object *), compare, &order);
        for (size_t i = 0; i < count; i++)
                json_object_array_add(result, json_object_get(rows[i]));
        json_object_put(list);
        return result;
}

/* RESTORING is a state of this list only. */
static struct json_object *row(const struct warehouse *w, struct json_object *snapshot) {
        struct json_object *view = long_view(w->world, w->project, snapshot, LONG_FORM "updated");

        if (js_bool(snapshot, "/_restoring", false))
                js_set_str(view, "/status", "RESTORING");
        return view;
}

static void list_cluster_snapshots(const struct request *req, struct response *resp) {
        const char *key = query_param(req, "sort_key"), *direction = query_param(req, "sort_dir");
        struct collection *snapshots = snapshots_of(req->world, req->project);
        struct json_object *list;
        struct warehouse w;
        int64_t count;

        if (!warehouse_of(req, resp, &w))
                return;
        if (key && !word_in("id name description started updated size status type", key, false)) {
                dws_invalid(req, resp, "sort_key is unknown.");
                return;
        }
        list = json_object_new_array();
        for (struct entry *entry = collection_first(snapshots); entry; entry = entry_next(entry))
                if (str_eq(js_str(entry_object(entry), "/cluster_id"), w.id))
                        json_object_array_add(list, row(&w, entry_object(entry)));
        count = (int64_t)js_len(list, "");
        if (key || direction) {
                _cleanup_(freep) char *pointer = x_printf("/%s", key ? key : "started");

                list = sorted(list, (struct order){ pointer, str_eq(direction, "desc") ? -1 : 1 });
        }
        reply_json(resp, 200,
                   js_pack("{'snapshots': o, 'project_id': s, 'cluster_id': s, 'count': i}",
                           page_cut(page_by_page(req, -1, 0), list), w.project, w.id, count));
}

/* The snapshot of the path; if there is none, answers so and returns NULL. */
static struct json_object *snapshot_of(const struct request *req, struct response *resp,
                                       const char *code) {
        const char *id = path_param(req, "snapshot_id");
        struct json_object *snapshot = collection_get(snapshots_of(req->world, req->project), id);

        if (!snapshot && !dws_is_uuid(id))
                reply_error(req, resp, 400, "DWS.0001", "The snapshot ID is not a UUID.");
        else if (!snapshot)
                reply_error_code(req, resp, 400, code);
        return snapshot;
}

static void show_snapshot(const struct request *req, struct response *resp) {
        struct json_object *snapshot = snapshot_of(req, resp, "DWS.5149");

        if (snapshot)
                reply_json(resp, 200,
                           js_pack("{'snapshot': o}", long_view(req->world, req->project, snapshot,
                                                                LONG_FORM "finished")));
}

/* The scope of uniqueness is not printed: here it is the project. The case does not count. */
static bool name_is_taken(struct world *world, const char *project, const char *name) {
        struct collection *snapshots = snapshots_of(world, project);

        for (struct entry *entry = collection_first(snapshots); entry; entry = entry_next(entry))
                if (strcasecmp(js_str(entry_object(entry), "/name"), name) == 0)
                        return true;
        return false;
}

/* No code is printed for this; 5050 is that of a taken cluster name. */
static void refuse_name(const struct request *req, struct response *resp) {
        reply_error(req, resp, 409, "DWS.5050", "The snapshot name already exists.");
}

/* The time as the service builds it into backup keys: 20221027_041552. */
static const char *backup_key(int64_t now_ms, char *buf) {
        char text[TIME_SIZE];

        time_text(TIME_SDK, now_ms, text);
        snprintf(buf, TIME_SIZE, "%.8s_%.6s", text, text + 9);
        return buf;
}

struct json_object *snapshot_new(const struct warehouse *w, const char *name, const char *type,
                                 const char *description) {
        char id[UUID_SIZE], key[TIME_SIZE];
        int64_t now = world_now(w->world);

        world_uuid(w->world, id);
        return collection_put(
                snapshots_of(w->world, w->project), id,
                js_pack("{'id': s, 'name': s, 'description': s, 'started': o, 'size': f, 'status': "
                        "s,"
                        "'type': s, 'cluster_id': s, 'datastore': {'type': s, 'version': s},"
                        "'cluster_name': s, 'updated': o, 'bak_keep_day': i, 'db_user': s, "
                        "'progress': s,"
                        "'backup_key': s, 'base_backup_key': s, 'backup_device': s, "
                        "'total_backup_size': i,"
                        "'base_backup_name': s, 'support_inplace_restore': b, "
                        "'fine_grained_backup': b,"
                        "'backup_level': s, 'guest_agent_version': s}",
                        id, name, description ? description : "", time_json(TIME_RFC3339, now), 0.0,
                        "CREATING", type, w->id, "dws", js_str(w->list, "/version"),
                        js_str(w->list, "/name"), time_json(TIME_NO_ZONE, now), (int64_t)3,
                        js_str(w->list, "/user_name"), "0%", backup_key(now, key), key, "OBS",
                        (int64_t)0, name, true, false, "cluster", js_str(w->list, "/version")));
}

void snapshot_finish(struct json_object *snapshot, int64_t now_ms, double size) {
        js_set_str(snapshot, "/status", "AVAILABLE");
        js_set_str(snapshot, "/progress", "100%");
        (void)js_set(snapshot, "/finished", time_json(TIME_RFC3339, now_ms));
        (void)js_set(snapshot, "/updated", time_json(TIME_NO_ZONE, now_ms));
        (void)js_set(snapshot, "/size", json_object_new_double(size));
        js_set_int(snapshot, "/total_backup_size", (int64_t)(size * 1024));
}

/* The size that a full backup of this cluster has: some of each disk. */
static double size_of(const struct warehouse *w) {
        const struct flavor *flavor = flavor_by_name(js_str(w->list, "/node_type"));

        return (double)(js_int(w->list, "/number_of_node", 0) * (flavor ? flavor->disk : 100)) / 8;
}

/* Lets the percentage of a snapshot grow. */
static void grow(struct world *world, const char *project, struct json_object *snapshot,
                 int64_t cloud_ms) {
        for (int percent = 20; percent < 100; percent += 20) {
                char text[16];

                snprintf(text, sizeof(text), "%d%%", percent);
                life_set(world, cloud_ms * percent / 100, DWS_SNAPSHOTS, project,
                         js_str(snapshot, "/id"), "/progress", json_object_new_string(text));
        }
}

static void start(const struct warehouse *w, struct json_object *snapshot) {
        struct json_object *argument = warehouse_argument(w);

        js_set_str(argument, "/snapshot", js_str(snapshot, "/id"));
        grow(w->world, w->project, snapshot, SNAPSHOT_MS);
        warehouse_task(w, "SNAPSHOTTING", "SNAPSHOTTING", SNAPSHOT_MS, "dws.snapshot-made",
                       argument);
}

static void create_snapshot(const struct request *req, struct response *resp) {
        struct json_object *body = js_get(req->body, "/snapshot"), *snapshot;
        const char *name = js_str(body, "/name"), *cluster = js_str(body, "/cluster_id");
        struct warehouse w;

        if (!dws_is_uuid(cluster))
                reply_error_code(req, resp, 400, "DWS.5064");
        else if (!warehouse_find(req->world, req->project, cluster, &w))
                reply_error(req, resp, 404, "DWS.0047", "The cluster %s does not exist.", cluster);
        else if (!warehouse_is_idle(&w))
                dws_refuse_busy(req, resp);
        else if (name_is_taken(w.world, w.project, name))
                refuse_name(req, resp);
        else {
                snapshot = snapshot_new(&w, name, "MANUAL", js_str(body, "/description"));
                start(&w, snapshot);
                reply_json(resp, 200, js_pack("{'snapshot': {'id': s}}", js_str(snapshot, "/id")));
        }
}

static struct json_object *snapshot_of_event(struct world *world, struct json_object *argument) {
        return collection_get(snapshots_of(world, js_str(argument, "/project")),
                              js_str(argument, "/snapshot"));
}

static void snapshot_made(struct world *world, struct json_object *argument) {
        struct json_object *snapshot = snapshot_of_event(world, argument);
        struct warehouse w;

        if (!warehouse_of_event(world, argument, &w))
                return;
        if (snapshot) {
                snapshot_finish(snapshot, world_now(world), size_of(&w));
                dws_event(world, w.project, "backup", snapshot, "createBackupSuccess",
                          "Snapshot created", "normal", "Snapshot %s created");
        }
        warehouse_task_end(&w, NULL);
}

static void copied(struct world *world, struct json_object *argument) {
        struct json_object *source = collection_get(
                snapshots_of(world, js_str(argument, "/project")), js_str(argument, "/source"));
        struct json_object *snapshot = snapshot_of_event(world, argument);

        if (source)
                (void)js_remove(source, "/_busy");
        if (snapshot)
                snapshot_finish(snapshot, world_now(world),
                                json_object_get_double(js_get(argument, "/size")));
}

/* One of them that nothing is done with at present. */
static bool is_free(const struct request *req, struct response *resp,
                    struct json_object *snapshot) {
        if (str_eq(js_str(snapshot, "/status"), "AVAILABLE") && !js_bool(snapshot, "/_busy", false))
                return true;
        dws_refuse_busy(req, resp);
        return false;
}

static void delete_snapshot(const struct request *req, struct response *resp) {
        struct json_object *snapshot = snapshot_of(req, resp, "DWS.5149");
        const char *id = js_str(snapshot, "/id");

        if (!snapshot)
                return;
        if (!str_eq(js_str(snapshot, "/type"), "MANUAL")) {
                reply_error(req, resp, 400, "DWS.5089", "Automatic snapshots cannot be deleted.");
                return;
        }
        if (!str_eq(js_str(snapshot, "/status"), "UNAVAILABLE") && !is_free(req, resp, snapshot))
                return;
        (void)js_set(snapshot, "/_busy", json_object_new_boolean(true));
        life_remove(req->world, REMOVAL_MS, DWS_SNAPSHOTS, req->project, id);
        dws_event(req->world, req->project, "backup", snapshot, "deleteBackupSuccess",
                  "Snapshot deleted", "normal", "Snapshot %s deleted");
        reply_empty(resp, 202);
}

/*
 * A cluster that a kept snapshot came from need not exist any more: what is needed is remembered.
 */
static struct json_object *origin_of(const struct request *req, struct json_object *snapshot) {
        struct warehouse w;

        if (warehouse_find(req->world, req->project, js_str(snapshot, "/cluster_id"), &w))
                return w.list;
        return js_get(snapshot, "/_origin");
}

static const char *either(const char *wanted, const char *otherwise) {
        return wanted && *wanted ? wanted : otherwise;
}

static void restore(const struct request *req, struct response *resp) {
        struct json_object *snapshot = snapshot_of(req, resp, "DWS.5111"), *argument, *origin;
        struct json_object *body = js_get(req->body, "/restore");
        struct wish wish;
        struct warehouse w;

        if (!snapshot || !is_free(req, resp, snapshot))
                return;
        origin = origin_of(req, snapshot);
        wish = (struct wish){
                .name = js_str(body, "/name"),
                .zone = either(js_str(body, "/availability_zone"),
                               js_str(origin, "/availability_zone")),
                .vpc = either(js_str(body, "/vpc_id"), js_str(origin, "/vpc_id")),
                .subnet = either(js_str(body, "/subnet_id"), js_str(origin, "/subnet_id")),
                .group = either(js_str(body, "/security_group_id"),
                                js_str(origin, "/security_group_id")),
                .user = js_str(origin, "/user_name"),
                .enterprise = js_str(body, "/enterprise_project_id"),
                .bind = js_str(body, "/public_ip/public_bind_type"),
                .eip = js_str(body, "/public_ip/eip_id"),
                .flavor = flavor_by_name(js_str(origin, "/node_type")),
                .nodes = js_int(origin, "/number_of_node", 3),
                .port = js_int(body, "/port", js_int(origin, "/port", 0)),
        };
        if (!wish.flavor) {
                reply_error_code(req, resp, 400, "DWS.5006");
                return;
        }
        if (!wish_check(req, resp, &wish))
                return;
        wish_build(req->world, req->project, &wish, &w);
        warehouse_create(&w, "RESTORING", RESTORE_MS);
        (void)js_set(snapshot, "/_busy", json_object_new_boolean(true));
        (void)js_set(snapshot, "/_restoring", json_object_new_boolean(true));
        argument = warehouse_argument(&w);
        js_set_str(argument, "/snapshot", js_str(snapshot, "/id"));
        life_event(req->world, RESTORE_MS, "dws.restored", argument);
        reply_json(resp, 200, js_pack("{'cluster': {'id': s}}", w.id));
}

static void restored(struct world *world, struct json_object *argument) {
        struct json_object *snapshot = snapshot_of_event(world, argument);

        if (!snapshot)
                return;
        (void)js_remove(snapshot, "/_busy");
        (void)js_remove(snapshot, "/_restoring");
}

static bool name_is_good(const char *name) {
        size_t len = strlen(name);

        return len >= 4 && len <= 64 && strspn(name, "0123456789_-") == 0 &&
               strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-") ==
                       len;
}

static struct json_object *copy_of(const struct request *req, struct json_object *source) {
        struct json_object *copy = js_clone(source);
        int64_t now = world_now(req->world);
        const char *description = js_str(req->body, "/description");
        char id[UUID_SIZE];

        world_uuid(req->world, id);
        js_set_str(copy, "/id", id);
        js_set_str(copy, "/name", js_str(req->body, "/backup_name"));
        js_set_str(copy, "/description", description ? description : "");
        js_set_str(copy, "/type", "MANUAL");
        js_set_str(copy, "/status", "CREATING");
        js_set_str(copy, "/progress", "0%");
        (void)js_set(copy, "/started", time_json(TIME_RFC3339, now));
        (void)js_set(copy, "/updated", time_json(TIME_NO_ZONE, now));
        (void)js_set(copy, "/size", json_object_new_double(0));
        (void)js_remove(copy, "/finished");
        (void)js_remove(copy, "/bak_expected_start_time");
        (void)js_remove(copy, "/bak_period");
        return collection_put(snapshots_of(req->world, req->project), id, copy);
}

static void copy_snapshot(const struct request *req, struct response *resp) {
        struct json_object *source = snapshot_of(req, resp, "DWS.5111"), *copy, *argument;
        const char *name = js_str(req->body, "/backup_name");

        if (!source)
                return;
        if (!str_eq(js_str(source, "/type"), "AUTO")) {
                reply_error(req, resp, 400, "DWS.5089", "Only automatic snapshots can be copied.");
                return;
        }
        if (!is_free(req, resp, source))
                return;
        if (!name_is_good(name)) {
                dws_invalid(req, resp, "backup_name breaks the rule for names.");
                return;
        }
        if (name_is_taken(req->world, req->project, name)) {
                refuse_name(req, resp);
                return;
        }
        copy = copy_of(req, source);
        grow(req->world, req->project, copy, COPY_MS);
        (void)js_set(source, "/_busy", json_object_new_boolean(true));
        argument = js_pack("{'project': s, 'snapshot': s, 'source': s, 'size': o}", req->project,
                           js_str(copy, "/id"), js_str(source, "/id"),
                           js_clone(js_get(source, "/size")));
        life_event(req->world, COPY_MS, "dws.snapshot-copied", argument);
        reply_json(resp, 200, js_pack("{'snapshot_id': s}", js_str(copy, "/id")));
}

/* Remembers in what is kept what a restore will need. */
static void keep_origin(struct collection *snapshots, const struct warehouse *w) {
        for (struct entry *entry = collection_first(snapshots); entry; entry = entry_next(entry))
                if (str_eq(js_str(entry_object(entry), "/cluster_id"), w->id))
                        (void)js_set(
                                entry_object(entry), "/_origin",
                                js_pack("{'availability_zone': s, 'vpc_id': s, 'subnet_id': s,"
                                        "'security_group_id': s, 'user_name': s, 'node_type': s,"
                                        "'number_of_node': i, 'port': i}",
                                        js_str(w->list, "/availability_zone"),
                                        js_str(w->list, "/vpc_id"), js_str(w->list, "/subnet_id"),
                                        js_str(w->list, "/security_group_id"),
                                        js_str(w->list, "/user_name"),
                                        js_str(w->list, "/node_type"),
                                        js_int(w->list, "/number_of_node", 3),
                                        js_int(w->list, "/port", 8000)));
}

/* Removes the automatic snapshots of a cluster and returns the manual ones, oldest first. */
static struct json_object *manual_ones(struct collection *snapshots, const char *cluster) {
        struct json_object *list = json_object_new_array();
        struct entry *entry = collection_first(snapshots);

        while (entry) {
                struct entry *next = entry_next(entry);
                struct json_object *snapshot = entry_object(entry);

                if (str_eq(js_str(snapshot, "/cluster_id"), cluster)) {
                        if (str_eq(js_str(snapshot, "/type"), "MANUAL"))
                                json_object_array_add(list, json_object_get(snapshot));
                        else
                                collection_remove(snapshots, entry_id(entry));
                }
                entry = next;
        }
        return sorted(list, (struct order){ "/started", 1 });
}

void snapshots_reduce(struct world *world, const char *project, const char *cluster, int64_t keep) {
        struct collection *snapshots = snapshots_of(world, project);
        struct json_object *list = manual_ones(snapshots, cluster);
        int64_t count = (int64_t)js_len(list, "");
        struct warehouse w;

        for (int64_t i = 0; i < count - keep; i++)
                collection_remove(snapshots, js_str(js_at(list, (size_t)i), "/id"));
        json_object_put(list);
        if (warehouse_find(world, project, cluster, &w))
                keep_origin(snapshots, &w);
}

const struct handler dws_snapshot_handlers[] = {
        { "createSnapshot", create_snapshot },
        { "listSnapshots", list_snapshots },
        { "listClusterSnapshots", list_cluster_snapshots },
        { "showSnapshot", show_snapshot },
        { "deleteSnapshot", delete_snapshot },
        { "restoreCluster", restore },
        { "copySnapshot", copy_snapshot },
        { 0 },
};

const struct event dws_snapshot_events[] = {
        { "dws.snapshot-made", snapshot_made },
        { "dws.snapshot-copied", copied },
        { "dws.restored", restored },
        { 0 },
};
