/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The clusters, fleets and policies of the demonstration. Fleet "production" is federated, its
 * kubeconfig comes as an object; "staging" would give an array.
 */
#include "contrib/emulator/ucs.h"

#include "contrib/emulator/cse.h"
#include "contrib/emulator/util.h"

#include <string.h>

enum { FLEET_SIZE = 20, FLEETS_MAX = 10 };

#define HOUR_MS          ((int64_t)3600 * 1000)
#define FLEET_PRODUCTION "f1ee7000-0000-4000-a000-000000000001"
#define FLEET_STAGING    "f1ee7000-0000-4000-a000-000000000002"

static const struct row {
        const char *id, *name, *category, *type, *provider, *fleet, *phase, *version;
        bool is_downloaded;
} clusters[] = {
        { "c1057e00-0000-4000-a000-000000000001", "prod-cce", "self", "cce", "huaweicloud",
          FLEET_PRODUCTION, "Available", "v1.28", false },
        { "c1057e00-0000-4000-a000-000000000002", "prod-turbo", "self", "turbo", "huaweicloud",
          FLEET_PRODUCTION, "Available", "v1.27", false },
        { "c1057e00-0000-4000-a000-000000000003", "edge-onprem", "onpremises", "baremetal",
          "huaweicloud", NULL, "Pending", NULL, false },
        { "c1057e00-0000-4000-a000-000000000004", "ack-shanghai", "attachedcluster", "ack",
          "aliyun", FLEET_STAGING, "Available", "v1.26", true },
        { "c1057e00-0000-4000-a000-000000000005", "aws-frankfurt", "multicloud", "aws",
          "huaweicloud", NULL, "Unavailable", "v1.28", true },
};

/* CCE clusters: those above that are, and two that nobody has registered. */
static const struct row candidates[] = {
        { "c1057e00-0000-4000-a000-000000000001", "prod-cce", "self", "cce", "huaweicloud", NULL,
          "Available", "v1.28", false },
        { "c1057e00-0000-4000-a000-000000000002", "prod-turbo", "self", "turbo", "huaweicloud",
          NULL, "Available", "v1.27", false },
        { "c1057e00-0000-4000-a000-000000000006", "test-cce", "self", "cce", "huaweicloud", NULL,
          "Available", "v1.28", false },
        { "c1057e00-0000-4000-a000-000000000007", "batch-turbo", "self", "turbo", "huaweicloud",
          NULL, "Available", "v1.29", false },
};

static struct json_object *cluster_object(struct world *world, const struct row *row,
                                          int64_t created) {
        const char *project = identity_project(world, "cn-north-4");
        bool is_cce = str_eq(row->category, "self");
        struct json_object *cluster = js_pack(
                "{'kind': s, 'apiVersion': s, 'metadata': {'name': s, 'uid': s, "
                "'creationTimestamp': o, "
                "'labels': {'FeatureGates': s}, 'annotations': {'vpcid': s}}, "
                "'spec': {'syncMode': s, 'provider': s, 'type': s, 'category': s, 'region': S, "
                "'country': s, 'city': s, 'projectId': S, 'projectName': S}, 'status': {'phase': "
                "s, "
                "'kubernetesVersion': S}}",
                "Cluster", "v1", row->name, row->id, time_json(TIME_RFC3339, created),
                "elbv3,SupportClientCertificateRevocation", "11c9fe72-5a90-4295-bcfe-774726fb9066",
                "", row->provider, row->type, row->category, is_cce ? "cn-north-4" : NULL, "CN",
                "150900", is_cce ? project : NULL, is_cce ? "cn-north-4" : NULL, row->phase,
                row->version);

        if (!str_eq(row->phase, "Pending")) {
                bool good = str_eq(row->phase, "Available");

                ucs_set_condition(cluster, "Ready", good ? "True" : "False",
                                  good ? "ClusterAvailable" : "ClusterUnreachable", NULL,
                                  ucs_condition_time(created + HOUR_MS, 0));
                ucs_set_condition(cluster, "Cluster", row->phase,
                                  good ? "ClusterAvailable" : "ClusterUnreachable", NULL,
                                  ucs_condition_time(created + HOUR_MS, 9));
                js_set(cluster, "/status/endpoints",
                       js_pack("[{'url': s, 'type': s}]", "https://192.168.1.251:5443",
                               "Internal"));
        }
        return cluster;
}

static void add_cluster(struct world *world, const struct row *row, int64_t created) {
        struct json_object *cluster = cluster_object(world, row, created);
        struct json_object *fleet = collection_get(ucs_collection(world, "fleets"), row->fleet);

        js_set(cluster, "/spec/isDownloadedCert", json_object_new_boolean(row->is_downloaded));
        js_set_str(cluster, "/status/arrearFreeze", "false");
        js_set_str(cluster, "/status/policeFreeze", "false");
        collection_put(ucs_collection(world, "clusters"), row->id, cluster);
        ucs_move(world, cluster, fleet);
}

/* Candidates spell one member with another capital, as in the document. */
static void add_candidate(struct world *world, const struct row *row, int64_t created) {
        struct json_object *cluster = cluster_object(world, row, created);

        js_set(cluster, "/spec/IsDownloadedCert", json_object_new_boolean(false));
        collection_put(ucs_collection(world, "candidates"), row->id, cluster);
}

static struct json_object *add_fleet(struct world *world, const char *id, const char *name,
                                     const char *description, int64_t created) {
        struct json_object *fleet = js_pack(
                "{'kind': s, 'apiVersion': s, 'metadata': {'name': s, 'uid': s, "
                "'creationTimestamp': o, 'updateTimestamp': o}, 'spec': {'description': S}, "
                "'status': {}}",
                "ClusterGroup", "v1", name, id, time_json(TIME_GO, created),
                time_json(TIME_GO, created + HOUR_MS + 446), description);

        return collection_put(ucs_collection(world, "fleets"), id, fleet);
}

static void add_rule(struct world *world, const char *id, const char *name, const char *type,
                     const char *description, struct json_object *contents, int64_t created) {
        collection_put(ucs_collection(world, "rules"), id,
                       js_pack("{'metadata': {'name': s, 'uid': s, 'creationTimestamp': o, "
                               "'updateTimestamp': o}, 'spec': {'iamUserIDs': [s], 'type': s, "
                               "'contents': [o], 'description': S}}",
                               name, id, time_json(TIME_GO, created),
                               time_json(TIME_GO, created + 780),
                               "7116d09f88fa41908676fdd4b039e95b", type, contents, description));
}

static struct json_object *content(const char *verb, const char *resource) {
        return js_pack("{'verbs': [s], 'resources': [s]}", verb, resource);
}

static void add_rules(struct world *world) {
        add_rule(world, "9011c700-0000-4000-a000-000000000001", "admins", "admin", NULL,
                 content("*", "*"), SEED_TIME_MS);
        add_rule(world, "9011c700-0000-4000-a000-000000000002", "viewers", "readonly",
                 "look, do not touch", content("get", "*"), SEED_TIME_MS + HOUR_MS);
        add_rule(world, "9011c700-0000-4000-a000-000000000003", "developers", "develop",
                 "of the shop", content("*", "deployments"), SEED_TIME_MS + 2 * HOUR_MS);
        add_rule(world, "9011c700-0000-4000-a000-000000000004", "developers", "custom",
                 "the same name again, of the bank", content("get", "pods"),
                 SEED_TIME_MS + 3 * HOUR_MS);
}

static void associate(struct world *world, const char *cluster, const char *rule,
                      const char *namespace) {
        struct json_object *body =
                js_pack("{'ruleIDNamespaces': [{'ruleIDs': [s], 'namespaces': [s s]}]}", rule,
                        "default", namespace);

        js_set(collection_get(ucs_collection(world, "clusters"), cluster), "/spec/ruleNamespaces",
               ucs_associations(world, body));
        json_object_put(body);
}

static void seed_demo(struct world *world) {
        struct json_object *production;

        production = add_fleet(world, FLEET_PRODUCTION, "production", "what customers see",
                               SEED_TIME_MS + 558);
        add_fleet(world, FLEET_STAGING, "staging", NULL, SEED_TIME_MS + 12 * HOUR_MS);
        for (size_t i = 0; i < ELEMENTSOF(clusters); i++)
                add_cluster(world, &clusters[i], SEED_TIME_MS + (int64_t)i * 24 * HOUR_MS);
        for (size_t i = 0; i < ELEMENTSOF(candidates); i++)
                add_candidate(world, &candidates[i], SEED_TIME_MS + (int64_t)i * 24 * HOUR_MS);
        ucs_federate(world, production);
        /* All of this was long ago. */
        for (size_t i = 0; i < 2; i++)
                js_set(ucs_condition(
                               collection_get(ucs_collection(world, "clusters"), clusters[i].id),
                               "Federation"),
                       "/lastTransitionTime",
                       ucs_condition_time(SEED_TIME_MS + 14 * HOUR_MS + 215, 6));
        js_set(production, "/metadata/updateTimestamp",
               time_json(TIME_GO, SEED_TIME_MS + 13 * HOUR_MS + 446));
        js_set(ucs_condition(production, "Federation"), "/lastTransitionTime",
               json_object_new_string("0001-01-01T00:00:00Z"));
        js_set(production, "/spec/dnsSuffix", js_pack("[s]", "shop.example"));
        collection_put(ucs_collection(world, "settings"), FLEET_STAGING,
                       js_pack("{'shape': s}", "array"));
        add_rules(world);
        associate(world, clusters[0].id, "9011c700-0000-4000-a000-000000000001", "shop");
        associate(world, clusters[3].id, "9011c700-0000-4000-a000-000000000003", "tests");
}

/* N clusters, the first two hundred of them in fleets of twenty. */
static void seed_scale(struct world *world, int64_t scale) {
        collection_put(ucs_collection(world, "settings"), "quota",
                       js_pack("{'clusters': i, 'fleets': i, 'rules': i}", scale + 50, (int64_t)50,
                               (int64_t)50));
        for (int64_t i = 0; i < scale; i++) {
                int64_t number = i / FLEET_SIZE;
                _cleanup_(freep) char *id =
                        x_printf("c1057e00-0000-4000-b000-%012llx", (long long)i);
                _cleanup_(freep) char *name = x_printf("cluster-%04lld", (long long)i);
                _cleanup_(freep) char *fleet =
                        x_printf("f1ee7000-0000-4000-b000-%012llx", (long long)number);
                _cleanup_(freep) char *fleet_name = x_printf("fleet-%02lld", (long long)number);
                struct row row = clusters[i % (int64_t)ELEMENTSOF(clusters)];

                if (number < FLEETS_MAX && i % FLEET_SIZE == 0)
                        add_fleet(world, fleet, fleet_name, NULL, SEED_TIME_MS + number);
                row.id = id;
                row.name = name;
                row.fleet = number < FLEETS_MAX ? fleet : NULL;
                add_cluster(world, &row, SEED_TIME_MS + i * 60000);
        }
}

void ucs_seed(struct world *world, enum seed_kind kind, int64_t scale) {
        if (kind == SEED_DEMO)
                seed_demo(world);
        if (kind == SEED_SCALE)
                seed_scale(world, scale);
}
