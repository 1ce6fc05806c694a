/* SPDX-License-Identifier: Apache-2.0 */
/*
 * EMS: the world at start.
 */
#include "contrib/emulator/ems.h"

#include "contrib/emulator/util.h"

enum { MINUTE_MS = 60 * 1000 };

#define K8S_INFERENCE "6d5c4b3a-1111-4222-a333-444455556666"
#define K8S_TRAINING  "7e6d5c4b-2222-4333-a444-555566667777"

static int64_t at(const char *text) {
        int64_t ms;

        if (time_parse(text, &ms) < 0)
                die("a time of the seed is wrong: %s", text);
        return ms;
}

/*
 * A cluster of the past; deleted ones keep lying about under the name that another may have taken.
 */
static const char *build(struct world *world, const char *project, const char *name,
                         const char *k8s, int64_t nodes, const char *created, const char *updated,
                         const char *status) {
        struct json_object *spec, *cluster;
        char id[UUID_SIZE];

        world_uuid(world, id);
        spec = js_pack(
                "{'name': s, 'description': s, 'charge_mode': i, 'k8s_cluster_specification':"
                "{'k8s_cluster_id': s, 'namespace': s, 'label': {'key': s, 'value': s}, "
                "'node_count': i,"
                "'flavor': s, 'version': s, 'lts_enable': b, 'lts_connect_type': i, "
                "'monitor_enable': b,"
                "'node_type': i}, 'memory_specification': {'huge_page_num': i, 'huge_page_flavor': "
                "i}}",
                name, "Cache for inference", (int64_t)0, k8s, "ems", "ems", "true", nodes,
                "ems.standard", "25.12.0", true, (int64_t)0, true, (int64_t)0, (int64_t)131072,
                (int64_t)2);
        cluster = ems_cluster_new(world, project, id, spec);
        json_object_put(spec);
        ems_cluster_state(world, cluster, status, "The cluster was deleted.");
        js_set_str(cluster, "/cluster_metadata/created_at", created);
        js_set_str(cluster, "/cluster_metadata/updated_at", updated);
        return js_str(cluster, "/cluster_metadata/id");
}

static void add_credential(struct world *world, const char *project) {
        char key[33];

        world_hex(world, key, 32);
        collection_put(world_collection(world, "ems/credentials", project), key,
                       js_pack("{'projectId': s, 'cdKey': s, 'createAt': i}", project, key,
                               at("2025-02-03T09:00:00Z")));
}

static void seed_demo(struct world *world, const char *project) {
        const char *cache, *training, *ghost;

        ghost = build(world, project, "kv-cache", K8S_INFERENCE, 3, "2024-12-01T08:00:00Z",
                      "2025-01-31T17:20:00Z", "DELETED");
        cache = build(world, project, "kv-cache", K8S_INFERENCE, 6, "2025-02-03T09:10:00Z",
                      "2025-02-10T11:04:00Z", "RUNNING");
        training = build(world, project, "training-cache", K8S_TRAINING, 12, "2025-02-17T02:00:00Z",
                         "2025-02-17T02:06:10Z", "RUNNING");
        ems_job_seed(world, project, ghost, EMS_CREATE, "COMPLETED", at("2024-12-01T08:00:05Z"),
                     at("2024-12-01T08:06:05Z"), NULL);
        ems_job_seed(world, project, ghost, EMS_DELETE, "COMPLETED", at("2025-01-31T17:18:00Z"),
                     at("2025-01-31T17:20:00Z"), NULL);
        ems_job_seed(world, project, cache, EMS_ENROLL, "COMPLETED", at("2025-02-03T09:10:05Z"),
                     at("2025-02-03T09:11:05Z"), NULL);
        ems_job_seed(world, project, cache, EMS_EXPAND, "STOPPED", at("2025-02-09T10:00:00Z"),
                     at("2025-02-09T10:01:30Z"), NULL);
        ems_job_seed(world, project, cache, EMS_EXPAND, "COMPLETED", at("2025-02-10T11:00:00Z"),
                     at("2025-02-10T11:04:00Z"), NULL);
        ems_job_seed(world, project, training, EMS_SHRINK, "FAILED", at("2025-02-20T06:00:00Z"),
                     at("2025-02-20T06:02:00Z"), "ems.0002");
        add_credential(world, project);
}

/* A page holds 1000 jobs at most and no list says how many there are. */
static void seed_scale(struct world *world, const char *project, int64_t scale) {
        const char *cluster = build(world, project, "kv-cache", K8S_INFERENCE, 3,
                                    "2025-02-03T09:10:00Z", "2025-02-03T09:10:00Z", "RUNNING");

        for (int64_t i = 0; i < scale; i++) {
                int64_t begin = at("2025-02-03T10:00:00Z") + i * MINUTE_MS;

                ems_job_seed(world, project, cluster, i % 2 ? EMS_EXPAND : EMS_ENROLL, "COMPLETED",
                             begin, begin + MINUTE_MS, NULL);
        }
}

void ems_seed(struct world *world, enum seed_kind kind, int64_t scale) {
        const char *project = identity_project(world, "cn-north-4");

        if (!project)
                return;
        if (kind == SEED_DEMO)
                seed_demo(world, project);
        else if (kind == SEED_SCALE)
                seed_scale(world, project, scale);
}
