/* SPDX-License-Identifier: Apache-2.0 */
/*
 * UCS: registering, changing and deregistering clusters, and the certificate that is handed out
 * once.
 */
#include "contrib/emulator/ucs.h"
#include "contrib/emulator/util.h"

#include <string.h>

enum { CONNECT_MS = 30 * 1000 };

static bool is_category(struct json_object *cluster, const char *words) {
        return word_in(words, js_str(cluster, "/spec/category"), false);
}

/* The cluster has been reached: from now on its state is known. */
static void connected(struct world *world, struct json_object *argument) {
        struct json_object *cluster =
                collection_get(ucs_collection(world, "clusters"), js_str(argument, "/cluster"));
        int64_t now = world_now(world);

        if (!cluster)
                return;
        js_set_str(cluster, "/status/phase", "Available");
        js_set_str(cluster, "/status/kubernetesVersion", "v1.28");
        js_set(cluster, "/status/nodeSummary", js_pack("{'totalNum': s, 'readyNum': s}", "3", "3"));
        ucs_set_condition(cluster, "Ready", "True", "ClusterAvailable", NULL,
                          ucs_condition_time(now, 0));
        ucs_set_condition(cluster, "Cluster", "Available", "ClusterAvailable", NULL,
                          ucs_condition_time(now, 9));
}

static void connect_later(struct world *world, struct json_object *cluster) {
        life_event(world, CONNECT_MS, "ucs.connected",
                   js_pack("{'cluster': s}", js_str(cluster, "/metadata/uid")));
}

static struct json_object *find_name(const struct request *req, const char *name) {
        struct entry *e =
                collection_find(ucs_collection(req->world, "clusters"), "/metadata/name", name);

        return e ? entry_object(e) : NULL;
}

/*
 * A CCE cluster comes with what the list of candidates says of it. NULL with an answer if it is
 * wrong.
 */
static struct json_object *from_candidate(const struct request *req, struct response *resp) {
        const char *uid = js_str(req->body, "/metadata/uid");
        struct json_object *candidate =
                collection_get(ucs_collection(req->world, "candidates"), uid);
        struct json_object *cluster;

        if (!candidate ||
            !str_eq(js_str(req->body, "/spec/region"), js_str(candidate, "/spec/region")) ||
            !str_eq(js_str(req->body, "/spec/projectID"), js_str(candidate, "/spec/projectId"))) {
                ucs_fail(req, resp, 400, candidate ? "UCS.01030012" : "UCS.01030010");
                return NULL;
        }
        if (collection_get(ucs_collection(req->world, "clusters"), uid)) {
                ucs_fail(req, resp, 409, "UCS.01030003");
                return NULL;
        }
        cluster = js_clone(candidate);
        js_remove(cluster, "/spec/IsDownloadedCert");
        js_copy_members(js_get(cluster, "/spec"), js_get(req->body, "/spec"), "country city");
        return cluster;
}

/* An attached cluster brings its kubeconfig as JSON in a string. */
static bool is_kubeconfig(const char *text) {
        struct json_object *value = NULL;
        bool good;

        if (!text || js_parse(text, strlen(text), &value) < 0)
                return false;
        good = js_len(value, "/clusters") > 0 && js_len(value, "/users") > 0;
        json_object_put(value);
        return good;
}

static struct json_object *described(const struct request *req, struct response *resp) {
        const char *name = js_str(req->body, "/metadata/name"),
                   *category = js_str(req->body, "/spec/category");
        const char *provider = js_str(req->body, "/spec/provider");
        struct json_object *cluster;
        char uid[UUID_SIZE];

        if (!name || !*name) {
                ucs_fail(req, resp, 400, "UCS.01000012");
                return NULL;
        }
        if (str_eq(category, "attachedcluster") &&
            !is_kubeconfig(js_str(req->body, "/metadata/annotations/kubeconfig"))) {
                ucs_fail(req, resp, 400, "UCS.01030008");
                return NULL;
        }
        world_uuid(req->world, uid);
        cluster = js_pack(
                "{'kind': s, 'apiVersion': s, 'metadata': {'name': s, 'uid': s}, "
                "'spec': {'syncMode': s, 'provider': s, 'isDownloadedCert': b}, 'status': {}}",
                "Cluster", "v1", name, uid, "", provider ? provider : "other", false);
        js_copy_members(js_get(cluster, "/metadata"), js_get(req->body, "/metadata"), "labels");
        js_copy_members(js_get(cluster, "/spec"), js_get(req->body, "/spec"),
                        "type category country city");
        return cluster;
}

/* The fleet that a registration names. Returns 0, or -ENOENT with an answer. */
static int wanted_fleet(const struct request *req, struct response *resp,
                        struct json_object **ret) {
        const char *id = js_str(req->body, "/spec/clusterGroupID");

        *ret = id && *id ? collection_get(ucs_collection(req->world, "fleets"), id) : NULL;
        if (!id || !*id || *ret)
                return 0;
        ucs_missing(req, resp, "UCS.01100005", "UCS.01100005");
        return -ENOENT;
}

static void register_cluster(const struct request *req, struct response *resp) {
        bool is_cce = str_eq(js_str(req->body, "/spec/category"), "self"), is_reachable;
        struct json_object *fleet, *cluster;
        const char *uid;

        if (!ucs_has_quota(req, resp, "clusters") || wanted_fleet(req, resp, &fleet) < 0)
                return;
        cluster = is_cce ? from_candidate(req, resp) : described(req, resp);
        if (!cluster)
                return;
        if (find_name(req, js_str(cluster, "/metadata/name"))) {
                json_object_put(cluster);
                ucs_fail(req, resp, 409, "UCS.01030003");
                return;
        }
        uid = js_str(cluster, "/metadata/uid");
        collection_put(ucs_collection(req->world, "clusters"), uid, cluster);
        js_set(cluster, "/metadata/creationTimestamp",
               time_json(TIME_RFC3339, world_now(req->world)));
        js_set(cluster, "/spec/isDownloadedCert", json_object_new_boolean(false));
        ucs_move(req->world, cluster, fleet);
        /*
         * Others wait until an agent with the certificate of the access information comes up there.
         */
        is_reachable = is_category(cluster, "self attachedcluster");
        js_set(cluster, "/status",
               js_pack("{'phase': s, 'arrearFreeze': s, 'policeFreeze': s}",
                       is_reachable ? "Registering" : "Pending", "false", "false"));
        if (is_reachable)
                connect_later(req->world, cluster);
        reply_json(resp, 201, js_pack("{'uid': s}", uid));
}

/* Country and city of some kinds, the workers (which nothing shows) of another. */
static void update_cluster(const struct request *req, struct response *resp) {
        struct json_object *cluster = ucs_cluster(req, resp);
        const char *kubeconfig = js_str(req->body, "/metadata/annotations/kubeconfig");
        bool has_workers = js_get(req->body, "/spec/workerConfig") != NULL;

        if (!cluster)
                return;
        if (!is_category(cluster, has_workers ? "multicloud" : "attachedcluster onpremises")) {
                ucs_fail(req, resp, 400, "UCS.01030011");
                return;
        }
        if (kubeconfig && !is_kubeconfig(kubeconfig)) {
                ucs_fail(req, resp, 400, "UCS.01030008");
                return;
        }
        js_copy_members(js_get(cluster, "/spec"), js_get(req->body, "/spec"), "country city");
        reply_empty(resp, 200);
}

/* A member of a federation cannot leave in this way. */
static void deregister_cluster(const struct request *req, struct response *resp) {
        struct json_object *cluster = ucs_cluster(req, resp), *fleet;

        if (!cluster)
                return;
        fleet = collection_get(ucs_collection(req->world, "fleets"), ucs_fleet_of(cluster));
        if (fleet && (ucs_is_federated(fleet) || ucs_is_federating(req->world, fleet))) {
                ucs_fail(req, resp, 400, "UCS.01030009");
                return;
        }
        collection_remove(ucs_collection(req->world, "clusters"), path_param(req, "clusterid"));
        reply_empty(resp, 200);
}

static void get_access_info(const struct request *req, struct response *resp) {
        struct json_object *cluster = ucs_cluster(req, resp);
        _cleanup_(freep) char *certificate = NULL, *key = NULL;
        char hex[129];

        if (!cluster)
                return;
        if (is_category(cluster, "self")) {
                ucs_fail(req, resp, 400, "UCS.01030011");
                return;
        }
        if (js_bool(cluster, "/spec/isDownloadedCert", false)) {
                reply_json(resp, 200, json_object_new_string("Downloaded"));
                return;
        }
        js_set(cluster, "/spec/isDownloadedCert", json_object_new_boolean(true));
        certificate = x_printf("-----BEGIN CERTIFICATE-----\n%s\n-----END CERTIFICATE-----\n",
                               world_hex(req->world, hex, 64));
        key = x_printf("-----BEGIN PRIVATE KEY-----\n%s\n-----END PRIVATE KEY-----\n",
                       world_hex(req->world, hex, 128));
        reply_json(resp, 200, js_pack("[s s]", certificate, key));
}

static void activate_cluster(const struct request *req, struct response *resp) {
        struct json_object *cluster = ucs_cluster(req, resp);

        if (!cluster)
                return;
        if (!str_eq(js_str(cluster, "/status/phase"), "Available")) {
                js_set_str(cluster, "/status/phase", "Registering");
                connect_later(req->world, cluster);
        }
        reply_empty(resp, 200);
}

static void associate_rules(const struct request *req, struct response *resp) {
        struct json_object *cluster = ucs_cluster(req, resp), *associations;

        if (!cluster)
                return;
        associations = ucs_associations(req->world, req->body);
        if (!associations) {
                ucs_fail(req, resp, 400, "UCS.01100003");
                return;
        }
        js_set(cluster, "/spec/ruleNamespaces", associations);
        reply_empty(resp, 200);
}

const struct handler ucs_register_handlers[] = {
        { "registerCluster", register_cluster },
        { "updateCluster", update_cluster },
        { "deregisterCluster", deregister_cluster },
        { "getClusterAccessInfo", get_access_info },
        { "activateCluster", activate_cluster },
        { "updateClusterAssociatedRules", associate_rules },
        { 0 },
};

const struct event ucs_events[] = {
        { "ucs.connected", connected },
        { 0 },
};
