/* SPDX-License-Identifier: Apache-2.0 */
/*
 * DWS: snapshot policies and the backup settings of a warehouse. One PUT stores all of it: a policy
 * that is not in it is gone afterwards.
 */
#include "contrib/emulator/dws.h"
#include "contrib/emulator/util.h"

#include <string.h>

/* How many snapshots a warehouse may have: read-only members of the answer. */
enum { CLUSTER_LIMIT = 10, SCHEMA_LIMIT = 50, KEEP_DEFAULT = 3 };

static struct json_object *policy_new(struct world *world, const char *name, const char *cron,
                                      const char *type) {
        char id[UUID_SIZE];

        return js_pack(
                "{'policy_id': s, 'policy_name': s, 'backup_strategy': s, 'backup_type': s,"
                "'backup_level': s, 'next_fire_time': s, 'update_time': o, 'time_zone_offset': i}",
                world_uuid(world, id), name, cron, type, "cluster", "0",
                time_json(TIME_NO_ZONE, world_now(world)), (int64_t)0);
}

void dws_policies_default(const struct warehouse *w) {
        static const char *const defaults[][3] = {
                { "default-full-strategy", "0 0 2 ? * 1", "full" },
                { "default-increment-strategy", "0 7 2/8 ? * 2,3,4,5,6,7", "increment" },
        };
        struct collection *policies = world_collection(w->world, DWS_POLICIES, w->id);

        (void)js_set(w->hidden, "/backup",
                     js_pack("{'keep_day': i, 'device_name': s, 'server_ips': n, 'server_port': n,"
                             "'backup_param': n, 'auto_backup': b}",
                             (int64_t)KEEP_DEFAULT, "OBS", true));
        for (size_t i = 0; i < ELEMENTSOF(defaults); i++) {
                struct json_object *policy =
                        policy_new(w->world, defaults[i][0], defaults[i][1], defaults[i][2]);

                collection_put(policies, js_str(policy, "/policy_id"), policy);
        }
}

static void show_policies(const struct request *req, struct response *resp) {
        struct json_object *answer, *list;
        struct collection *policies;
        struct warehouse w;

        if (!warehouse_of(req, resp, &w))
                return;
        policies = world_collection(w.world, DWS_POLICIES, w.id);
        list = json_object_new_array();
        for (struct entry *entry = collection_first(policies); entry; entry = entry_next(entry)) {
                struct json_object *policy = js_clone(entry_object(entry));
                int64_t next = 0;
                char text[24];

                (void)dws_cron_next(js_str(policy, "/backup_strategy"), world_now(w.world), &next);
                snprintf(text, sizeof(text), "%lld", (long long)next);
                js_set_str(policy, "/next_fire_time", text);
                json_object_array_add(list, policy);
        }
        answer = js_pack("{'backup_strategies': o, 'backup_strategy_cluster_type_limit_num': i,"
                         "'backup_strategy_schema_type_limit_num': i}",
                         list, (int64_t)CLUSTER_LIMIT, (int64_t)SCHEMA_LIMIT);
        js_copy_members(answer, js_get(w.hidden, "/backup"), NULL);
        reply_json(resp, 200, answer);
}

/*
 * Whether a policy of the list, other than number `except`, has that name; the case does not count.
 */
static bool name_is_taken(struct json_object *list, const char *name, size_t except) {
        for (size_t i = 0; i < js_len(list, ""); i++)
                if (i != except && strcasecmp(js_str(js_at(list, i), "/policy_name"), name) == 0)
                        return true;
        return false;
}

/* What is to be stored for one policy of the request; NULL after an answer. */
static struct json_object *policy_wanted(const struct request *req, struct response *resp,
                                         const struct warehouse *w, struct json_object *wanted) {
        const char *id = js_str(wanted, "/policy_id"), *type = js_str(wanted, "/backup_type");
        struct json_object *old =
                collection_get(world_collection(w->world, DWS_POLICIES, w->id), id);
        struct json_object *policy;

        if (id && !old) {
                dws_unknown(req, resp, "snapshot policy", id);
                return NULL;
        }
        if (!old && (!js_str(wanted, "/policy_name") || !js_str(wanted, "/backup_strategy"))) {
                dws_invalid(req, resp, "A new policy needs policy_name and backup_strategy.");
                return NULL;
        }
        policy = old ? js_clone(old)
                     : policy_new(w->world, js_str(wanted, "/policy_name"),
                                  js_str(wanted, "/backup_strategy"), type ? type : "full");
        js_copy_members(policy, wanted, "policy_name backup_strategy backup_type backup_level");
        if (old && !json_object_equal(old, policy))
                (void)js_set(policy, "/update_time", time_json(TIME_NO_ZONE, world_now(w->world)));
        return policy;
}

/* All policies of the request; NULL after an answer. */
static struct json_object *policies_wanted(const struct request *req, struct response *resp,
                                           const struct warehouse *w, struct json_object *wanted) {
        struct json_object *list = json_object_new_array();
        bool good = true;

        for (size_t i = 0; good && i < js_len(wanted, ""); i++) {
                struct json_object *policy = policy_wanted(req, resp, w, js_at(wanted, i));
                int64_t next;

                good = policy != NULL;
                if (policy && dws_cron_next(js_str(policy, "/backup_strategy"), 0, &next) < 0) {
                        reply_error_code(req, resp, 400, "DWS.5018");
                        good = false;
                }
                if (policy)
                        json_object_array_add(list, policy);
        }
        for (size_t i = 0; good && i < js_len(list, ""); i++)
                if (name_is_taken(list, js_str(js_at(list, i), "/policy_name"), i)) {
                        reply_error(req, resp, 409, "DWS.5050", "The policy name already exists.");
                        good = false;
                }
        if (good)
                return list;
        json_object_put(list);
        return NULL;
}

static bool settings_are_good(const struct request *req, struct response *resp) {
        const char *device = js_str(req->body, "/device_name");

        if (!device || str_eq(device, "OBS"))
                return true;
        if (js_len(req->body, "/server_ips") == 0)
                dws_invalid(req, resp, "This device_name needs server_ips.");
        else if (str_eq(device, "NBU") &&
                 (!js_str(req->body, "/server_port") || !js_str(req->body, "/backup_param")))
                dws_invalid(req, resp, "NBU needs server_port and backup_param.");
        else
                return true;
        return false;
}

static void store_settings(const struct request *req, const struct warehouse *w) {
        struct json_object *settings = js_get(w->hidden, "/backup");

        js_copy_members(settings, req->body,
                        "keep_day device_name server_ips server_port backup_param");
        if (str_eq(js_str(settings, "/device_name"), "OBS")) {
                (void)js_set(settings, "/server_ips", NULL);
                (void)js_set(settings, "/server_port", NULL);
                (void)js_set(settings, "/backup_param", NULL);
        }
}

static void set_policies(const struct request *req, struct response *resp) {
        struct json_object *wanted = js_get(req->body, "/backup_strategies"), *list = NULL;
        struct collection *policies;
        struct warehouse w;

        if (!warehouse_idle(req, resp, &w) || !settings_are_good(req, resp))
                return;
        if (wanted) {
                list = policies_wanted(req, resp, &w, wanted);
                if (!list)
                        return;
                policies = world_collection(w.world, DWS_POLICIES, w.id);
                world_drop(w.world, DWS_POLICIES, w.id);
                for (size_t i = 0; i < js_len(list, ""); i++)
                        collection_put(policies, js_str(js_at(list, i), "/policy_id"),
                                       json_object_get(js_at(list, i)));
                json_object_put(list);
        }
        store_settings(req, &w);
        reply_json(resp, 200, json_object_new_object());
}

static void delete_policy(const struct request *req, struct response *resp) {
        const char *id = path_param(req, "id");
        struct warehouse w;

        if (!warehouse_idle(req, resp, &w))
                return;
        if (!collection_remove(world_collection(w.world, DWS_POLICIES, w.id), id))
                dws_unknown(req, resp, "snapshot policy", id);
        else
                reply_empty(resp, 200);
}

const struct handler dws_policy_handlers[] = {
        { "showSnapshotPolicies", show_policies },
        { "setSnapshotPolicies", set_policies },
        { "deleteSnapshotPolicy", delete_policy },
        { 0 },
};
