/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Karmada: a new federation's objects, those of the demonstration, and the cluster
 * kubernetes.localhost, which belongs to no fleet and takes a published token.
 */
#include "contrib/emulator/karmada.h"

#include "base/digest.h"
#include "contrib/emulator/util.h"

#include <string.h>

enum { SCALE_OBJECTS = 100 };

/* Nothing secret: the published token of the demonstration. */
#define DEMO_TOKEN "demo-kubernetes-token"

static struct json_object *add(struct world *world, const char *fleet, const char *group,
                               const char *plural, const char *namespace, const char *name,
                               struct json_object *object) {
        if (namespace)
                js_set_str(object, "/metadata/namespace", namespace);
        js_set_str(object, "/metadata/name", name);
        return kube_add(world, fleet, kube_find_kind(group, plural), object);
}

static void add_namespace(struct world *world, const char *fleet, const char *name) {
        add(world, fleet, "", "namespaces", NULL, name, json_object_new_object());
        add(world, fleet, "", "serviceaccounts", name, "default", json_object_new_object());
}

void karmada_open(struct world *world, const char *fleet) {
        static const char *const names[] = { "default", "kube-system", "kube-public",
                                             "karmada-system", "karmada-cluster" };

        for (size_t i = 0; i < ELEMENTSOF(names); i++)
                add_namespace(world, fleet, names[i]);
        add(world, fleet, "rbac.authorization.k8s.io", "clusterroles", NULL, "cluster-admin",
            js_pack("{'rules': [{'verbs': [s], 'apiGroups': [s], 'resources': [s]}]}", "*", "*",
                    "*"));
        add(world, fleet, "rbac.authorization.k8s.io", "clusterrolebindings", NULL, "cluster-admin",
            js_pack("{'roleRef': {'apiGroup': s, 'kind': s, 'name': s}, "
                    "'subjects': [{'kind': s, 'apiGroup': s, 'name': s}]}",
                    "rbac.authorization.k8s.io", "ClusterRole", "cluster-admin", "Group",
                    "rbac.authorization.k8s.io", "system:masters"));
}

void karmada_close(struct world *world, const char *fleet) {
        for (size_t i = 0; i < kube_kind_count; i++) {
                _cleanup_(freep) char *kind =
                        x_printf("karmada/%s.%s", kube_kinds[i].plural, kube_kinds[i].group);

                world_drop(world, kind, fleet);
        }
        world_drop(world, "karmada/log", fleet);
}

static bool holds(struct json_object *names, const char *name) {
        for (size_t i = 0; i < js_len(names, ""); i++)
                if (str_eq(json_object_get_string(js_at(names, i)), name))
                        return true;
        return false;
}

void karmada_set_members(struct world *world, const char *fleet, struct json_object *names) {
        const struct kube_kind *kind = kube_find_kind("cluster.karmada.io", "clusters");
        struct collection *c = kube_collection(world, fleet, kind);
        struct entry *e = collection_first(c), *next;

        for (; e; e = next) {
                next = entry_next(e);
                if (holds(names, entry_id(e)))
                        continue;
                kube_log(world, fleet, kind, "DELETED", entry_object(e));
                collection_remove(c, entry_id(e));
        }
        for (size_t i = 0; i < js_len(names, ""); i++) {
                const char *name = json_object_get_string(js_at(names, i));

                if (!collection_get(c, name))
                        add(world, fleet, "cluster.karmada.io", "clusters", NULL, name,
                            js_pack("{'spec': {'syncMode': s}}", "Push"));
        }
}

static void add_deployment(struct world *world, const char *fleet, const char *namespace,
                           const char *name, int64_t replicas) {
        _cleanup_(freep) char *image = x_printf("registry.example/shop/%s:1.4", name);
        struct json_object *spec = js_pack(
                "{'metadata': {'labels': {'app': s}}, 'spec': {'replicas': i, "
                "'selector': {'matchLabels': {'app': s}}, 'template': {'metadata': {'labels': "
                "{'app': s}}, "
                "'spec': {'containers': [{'name': s, 'image': s, 'resources': {"
                "'limits': {'cpu': s, 'memory': s}}}]}}}}",
                name, replicas, name, name, name, image, "100m", "200Mi");

        kube_roll_out(world, fleet,
                      add(world, fleet, "apps", "deployments", namespace, name, spec));
}

static void add_policy(struct world *world, const char *fleet, const char *namespace,
                       const char *name, const char *cluster) {
        add(world, fleet, "policy.karmada.io", "propagationpolicies", namespace, name,
            js_pack("{'spec': {'resourceSelectors': [{'apiVersion': s, 'kind': s, 'name': s}], "
                    "'placement': {'clusterAffinity': {'clusterNames': [s]}}}}",
                    "apps/v1", "Deployment", name, cluster));
}

static void fill_demo(struct world *world, const char *fleet) {
        add_namespace(world, fleet, "shop");
        add_deployment(world, fleet, "default", "nginx", 2);
        add_deployment(world, fleet, "shop", "cart", 3);
        add_deployment(world, fleet, "shop", "catalog", 2);
        add_policy(world, fleet, "default", "nginx", "prod-cce");
        add_policy(world, fleet, "shop", "cart", "prod-turbo");
        add(world, fleet, "", "configmaps", "shop", "settings",
            js_pack("{'data': {'application.yaml': s, 'motd': s}}", "server:\n  port: 8080\n",
                    "hello"));
        add(world, fleet, "", "events", "shop", "cart.17a2",
            js_pack("{'reason': s, 'message': s, 'type': s, 'involvedObject': {'kind': s, 'name': "
                    "s}}",
                    "ScheduleBindingSucceed", "bound to prod-turbo", "Normal", "Deployment",
                    "cart"));
        add(world, fleet, "events.k8s.io", "events", "shop", "cart.17a2",
            js_pack("{'reason': s, 'note': s, 'type': s, 'eventTime': n}", "ScheduleBindingSucceed",
                    "bound to prod-turbo", "Normal"));
}

/* N deployments in namespaces of a hundred. */
static void fill_scale(struct world *world, const char *fleet, int64_t scale) {
        for (int64_t i = 0; i < scale; i++) {
                _cleanup_(freep) char *namespace =
                        x_printf("scale-%02lld", (long long)(i / SCALE_OBJECTS));
                _cleanup_(freep) char *name = x_printf("app-%04lld", (long long)i);

                if (i % SCALE_OBJECTS == 0)
                        add_namespace(world, fleet, namespace);
                add_deployment(world, fleet, namespace, name, 1);
        }
}

/* The token is stored as all are: by its hash. */
static void add_token(struct world *world, const char *fleet) {
        char hash[DIGEST_HEX_SIZE];

        digest_sha256_hex(DEMO_TOKEN, strlen(DEMO_TOKEN), hash);
        collection_put(world_collection(world, "emulator/tokens", ""), hash,
                       js_pack("{'kind': s, 'user': s, 'instance': s, 'expires_ms': i}",
                               "kubernetes", "demo-admin", fleet, INT64_MAX));
}

void karmada_seed(struct world *world, enum seed_kind kind, int64_t scale) {
        static const char own[] = "kubernetes";

        instance_put(world, INSTANCE_FLEET, own, own, "", "", true);
        add_token(world, own);
        karmada_open(world, own);
        if (kind == SEED_DEMO) {
                fill_demo(world, own);
                fill_demo(world, "production"); /* the federated fleet of ucs_seed.c */
        }
        if (kind == SEED_SCALE)
                fill_scale(world, own, scale);
}
