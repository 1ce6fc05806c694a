/* SPDX-License-Identifier: Apache-2.0 */
/*
 * UCS: fleets and their members. A fleet does not list its members; each cluster names its fleet.
 */
#include "contrib/emulator/ucs.h"
#include "contrib/emulator/util.h"

#include <string.h>

enum { FLEET_SIZE_MAX = 20 };

static size_t member_count(struct world *world, const char *fleet) {
        size_t count = 0;

        for (struct entry *e = collection_first(ucs_collection(world, "clusters")); e;
             e = entry_next(e))
                count += str_eq(ucs_fleet_of(entry_object(e)), fleet);
        return count;
}

static void set_federated(struct world *world, struct json_object *cluster, bool federated) {
        if (federated)
                ucs_set_condition(cluster, "Federation", "Federalized", "ClusterFederalized", NULL,
                                  ucs_condition_time(world_now(world), 6));
        else
                ucs_remove_condition(cluster, "Federation");
}

void ucs_move(struct world *world, struct json_object *cluster, struct json_object *fleet) {
        struct json_object *old =
                collection_get(ucs_collection(world, "fleets"), ucs_fleet_of(cluster));
        const char *id = js_str(fleet, "/metadata/uid");

        js_set_str(cluster, "/spec/clusterGroupID", id ? id : "");
        js_set_str(cluster, "/spec/manageType", id ? "grouped" : "discrete");
        set_federated(world, cluster, fleet && ucs_is_federated(fleet));
        if (old && ucs_is_federated(old))
                ucs_sync_members(world, old);
        if (fleet && ucs_is_federated(fleet))
                ucs_sync_members(world, fleet);
}

static void list_fleets(const struct request *req, struct response *resp) {
        ucs_reply_list(req, resp, collection_array(ucs_collection(req->world, "fleets")));
}

static void get_fleet(const struct request *req, struct response *resp) {
        struct json_object *fleet = ucs_fleet(req, resp);

        if (fleet)
                reply_json(resp, 200, json_object_get(fleet));
}

/* Whether all of these clusters may join a fleet: NULL, or the code of what stands against it. */
static const char *join_problem(struct world *world, struct json_object *ids, const char *fleet) {
        size_t count = js_len(ids, "");

        for (size_t i = 0; i < count; i++) {
                const char *id = json_object_get_string(js_at(ids, i));
                struct json_object *cluster =
                        id ? collection_get(ucs_collection(world, "clusters"), id) : NULL;

                if (!cluster || ucs_fleet_of(cluster))
                        return "UCS.01100007";
        }
        if (count + (fleet ? member_count(world, fleet) : 0) > FLEET_SIZE_MAX)
                return "UCS.01100006";
        return NULL;
}

static void join_all(struct world *world, struct json_object *ids, struct json_object *fleet) {
        for (size_t i = 0; i < js_len(ids, ""); i++)
                ucs_move(world,
                         collection_get(ucs_collection(world, "clusters"),
                                        json_object_get_string(js_at(ids, i))),
                         fleet);
}

static void create_fleet(const struct request *req, struct response *resp) {
        const char *name = js_str(req->body, "/metadata/name"), *code;
        const char *description = js_str(req->body, "/spec/description");
        struct json_object *ids = js_get(req->body, "/spec/clusterIds"), *fleet;
        struct collection *c = ucs_collection(req->world, "fleets");
        char uid[UUID_SIZE];

        if (!ucs_has_quota(req, resp, "fleets"))
                return;
        code = !*name ? "UCS.01000012" : join_problem(req->world, ids, NULL);
        if (code) {
                ucs_fail(req, resp, 400, code);
                return;
        }
        if (collection_find(c, "/metadata/name", name)) {
                ucs_fail(req, resp, 409, "UCS.01100004");
                return;
        }
        world_uuid(req->world, uid);
        fleet = js_pack("{'kind': s, 'apiVersion': s, 'metadata': {'name': s, 'uid': s, "
                        "'creationTimestamp': o}, 'spec': {'description': S}, 'status': {}}",
                        "ClusterGroup", "v1", name, uid, time_json(TIME_GO, world_now(req->world)),
                        description && *description ? description : NULL);
        ucs_touch(req->world, fleet);
        collection_put(c, uid, fleet);
        join_all(req->world, ids, fleet);
        reply_json(resp, 201, js_pack("{'uid': s}", uid));
}

/* Only an empty fleet without a federation can go. */
static void delete_fleet(const struct request *req, struct response *resp) {
        struct json_object *fleet = ucs_fleet(req, resp);
        const char *id = path_param(req, "clustergroupid");

        if (!fleet)
                return;
        if (ucs_is_federated(fleet) || ucs_is_federating(req->world, fleet)) {
                ucs_fail(req, resp, 400, "UCS.01080002");
        } else if (member_count(req->world, id) > 0) {
                ucs_fail(req, resp, 400, "UCS.01100007");
        } else {
                world_drop(req->world, "ucs/connections", id);
                collection_remove(ucs_collection(req->world, "jobs"), id);
                collection_remove(ucs_collection(req->world, "fleets"), id);
                reply_empty(resp, 200);
        }
}

static void describe_fleet(const struct request *req, struct response *resp) {
        struct json_object *fleet = ucs_fleet(req, resp);
        const char *description = js_str(req->body, "/description");

        if (!fleet)
                return;
        if (*description)
                js_set_str(fleet, "/spec/description", description);
        else
                js_remove(fleet, "/spec/description");
        ucs_touch(req->world, fleet);
        reply_empty(resp, 200);
}

/* Adds only: a cluster that is left out of the list stays. */
static void add_clusters(const struct request *req, struct response *resp) {
        struct json_object *fleet = ucs_fleet(req, resp), *ids = js_get(req->body, "/clusterIds");
        const char *code;

        if (!fleet)
                return;
        code = join_problem(req->world, ids, path_param(req, "clustergroupid"));
        if (code) {
                ucs_fail(req, resp, 400, code);
                return;
        }
        join_all(req->world, ids, fleet);
        ucs_touch(req->world, fleet);
        reply_empty(resp, 200);
}

static void join_fleet(const struct request *req, struct response *resp) {
        struct json_object *cluster = ucs_cluster(req, resp), *fleet;
        const char *id = js_str(req->body, "/clusterGroupID");

        if (!cluster)
                return;
        fleet = id ? collection_get(ucs_collection(req->world, "fleets"), id) : NULL;
        if (!fleet) {
                ucs_missing(req, resp, "UCS.01100005", "UCS.01100005");
        } else if (ucs_fleet_of(cluster)) {
                ucs_fail(req, resp, 400, "UCS.01100002");
        } else if (member_count(req->world, id) >= FLEET_SIZE_MAX) {
                ucs_fail(req, resp, 400, "UCS.01100006");
        } else {
                ucs_move(req->world, cluster, fleet);
                ucs_touch(req->world, fleet);
                reply_empty(resp, 200);
        }
}

static void leave_fleet(const struct request *req, struct response *resp) {
        struct json_object *cluster = ucs_cluster(req, resp);

        if (!cluster)
                return;
        if (!ucs_fleet_of(cluster)) {
                ucs_fail(req, resp, 400, "UCS.01100007");
                return;
        }
        ucs_move(req->world, cluster, NULL);
        reply_empty(resp, 200);
}

/* A fleet shows of its associations one policy and the namespaces, not the pairs that were sent. */
static void associate_rules(const struct request *req, struct response *resp) {
        struct json_object *fleet = ucs_fleet(req, resp), *associations, *names;
        const char *first;

        if (!fleet)
                return;
        associations = ucs_associations(req->world, req->body);
        if (!associations) {
                ucs_fail(req, resp, 400, "UCS.01100003");
                return;
        }
        names = json_object_new_array();
        for (size_t i = 0; i < js_len(associations, ""); i++) {
                struct json_object *list = js_get(js_at(associations, i), "/namespaces");

                for (size_t j = 0; j < js_len(list, ""); j++)
                        json_object_array_add(names, json_object_get(js_at(list, j)));
        }
        first = js_str(associations, "/0/rules/0/ruleID");
        js_set(fleet, "/spec/ruleNamespaces", names);
        js_set_str(fleet, "/spec/policyId", first ? first : "");
        ucs_touch(req->world, fleet);
        json_object_put(associations);
        reply_empty(resp, 200);
}

static void set_zones(const struct request *req, struct response *resp) {
        struct json_object *fleet = ucs_fleet(req, resp), *suffix = js_get(req->body, "/dnsSuffix");

        if (!fleet)
                return;
        if (!ucs_is_federated(fleet)) {
                ucs_fail(req, resp, 400, "UCS.01080006");
                return;
        }
        if (js_len(suffix, "") > 0)
                js_set(fleet, "/spec/dnsSuffix", js_clone(suffix));
        else
                js_remove(fleet, "/spec/dnsSuffix");
        ucs_touch(req->world, fleet);
        reply_empty(resp, 200);
}

const struct handler ucs_fleet_handlers[] = {
        { "listFleets", list_fleets },
        { "getFleet", get_fleet },
        { "createFleet", create_fleet },
        { "deleteFleet", delete_fleet },
        { "updateFleetDescription", describe_fleet },
        { "addClustersToFleet", add_clusters },
        { "joinClusterToFleet", join_fleet },
        { "removeClusterFromFleet", leave_fleet },
        { "updateFleetAssociatedRules", associate_rules },
        { "updateFleetAssociatedZones", set_zones },
        { 0 },
};
