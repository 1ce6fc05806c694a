/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The engines of the demonstration. In cn-north-4: "shop" (open), "bank" (with accounts, an older
 * version), "config-nacos" (Nacos), one being created and one whose upgrade failed; in
 * ap-southeast-3 another "shop" and the remaining states.
 */
#include "contrib/emulator/cse.h"
#include "contrib/emulator/util.h"

#include <string.h>

#define DAY_MS        ((int64_t)24 * 3600 * 1000)
#define DEMO_PASSWORD "Demo-Passw0rd!"

static const struct row {
        const char *project, *id, *name, *spec_type, *flavor, *auth, *status, *version,
                *description;
        bool split;
        const char *enterprise;
} demo[] = {
        { "cn-north-4", "c5e00000-0000-4000-a000-000000000001", "shop", "CSE2", "cse.s1.medium2",
          "NONE", "Available", "2.4.8", "engine of the web shop", false, "0" },
        { "cn-north-4", "c5e00000-0000-4000-a000-000000000002", "bank", "CSE2", "cse.s1.large2",
          "RBAC", "Available", "2.3.12", "engine of the bank, with accounts", true, "0" },
        { "cn-north-4", "c5e00000-0000-4000-a000-000000000003", "config-nacos", "Nacos2",
          "cse.nacos2.c1.large.10", "NONE", "Available", "2.1.0.1", "", false, "0" },
        { "cn-north-4", "c5e00000-0000-4000-a000-000000000005", "old-tools", "CSE2",
          "cse.s1.small2", "NONE", "UpgradeFailed", "2.3.1", "waits for somebody to retry", false,
          "0" },
        { "ap-southeast-3", "c5e00000-0000-4000-a000-000000000011", "shop", "CSE2", "cse.s1.small2",
          "NONE", "Available", "2.4.8", "the same name in another region", false, "0" },
        { "ap-southeast-3", "c5e00000-0000-4000-a000-000000000012", "frozen", "CSE2",
          "cse.s1.small2", "NONE", "Freezed", "2.4.8", "", false, "0" },
        { "ap-southeast-3", "c5e00000-0000-4000-a000-000000000013", "broken", "CSE2",
          "cse.s1.small2", "NONE", "Unavailable", "2.4.8", "", false, "0" },
        { "ap-southeast-3", "c5e00000-0000-4000-a000-000000000014", "never-was", "CSE2",
          "cse.s1.small2", "NONE", "CreateFailed", "2.4.8", "", false, "0" },
        { "ap-southeast-3", "c5e00000-0000-4000-a000-000000000015", "operations", "CSE2",
          "cse.s1.small2", "NONE", "Available", "2.4.8", "of another enterprise project", false,
          "f3a1c0de-0000-4000-a000-0000000000e1" },
};

static const struct row scale_row = { "cn-north-4",
                                      "c5e00000-0000-4000-a000-0000000000ff",
                                      "scale",
                                      "CSE2",
                                      "cse.s1.xlarge2",
                                      "NONE",
                                      "Available",
                                      "2.4.8",
                                      "engine with much in it",
                                      false,
                                      "0" };

static struct json_object *zones(void) {
        return js_pack("[s s]", "cn-north-4a", "cn-north-4b");
}

static struct json_object *add_engine(struct world *world, const struct row *row) {
        const char *project = identity_project(world, row->project);
        bool is_cse = str_eq(row->spec_type, "CSE2");
        _cleanup_(freep) char *host = cse_free_host(world, row->name, row->id);
        int64_t created = SEED_TIME_MS;
        struct json_object *engine;

        if (!project)
                return NULL; /* a seed with projects of its own */
        engine = js_pack(
                "{'id': s, 'name': s, 'host': s, 'project': s, 'type': s, 'specType': s, "
                "'description': s, 'flavor': s, 'payment': s, 'authType': s, 'status': s, "
                "'version': s, 'latestVersion': s, 'createTime': i, 'createUser': s, "
                "'latestJobId': i, 'actions': [], 'enterpriseProjectId': s, 'vpc': s, 'vpcId': s, "
                "'networkId': s, 'subnetCidr': s, 'azList': o, 'elbId': s, 'publicIpId': s, "
                "'inputs': {'nodeFlavor': s}, 'tags': [], 'split': b}",
                row->id, row->name, host, project, is_cse ? "CSE" : "NACOS", row->spec_type,
                row->description, row->flavor, "1", row->auth, row->status, row->version,
                is_cse ? "2.4.8" : "2.2.0.5", created, "demo", (int64_t)0, row->enterprise,
                "vpc-default", "11c9fe72-5a90-4295-bcfe-774726fb9066",
                "0de91d89-1e06-4e24-b371-35d5d3d3779b", "192.168.0.0/24", zones(), "", "",
                "s6.large.2", row->split);
        collection_put(cse_engines(world, project), row->id, engine);
        cse_job_past(world, engine, "Create",
                     str_eq(row->status, "CreateFailed") ? "Error" : "Finished", created, 365000);
        if (!str_eq(row->status, "CreateFailed"))
                cse_open(world, engine);
        return engine;
}

static struct json_object *find(struct world *world, const char *id) {
        const char *project = identity_project(world, "cn-north-4");

        return project ? collection_get(cse_engines(world, project), id) : NULL;
}

static void add_account(struct world *world, struct json_object *engine, const char *name,
                        const char *role) {
        engine_account_put(world, cse_host(engine), name, DEMO_PASSWORD);
        collection_put(
                world_collection(world, "cse/accounts", js_str(engine, "/id")), name,
                js_pack("{'name': s, 'roles': [s], 'password': s}", name, role, DEMO_PASSWORD));
}

static void fill_bank(struct world *world, struct json_object *engine) {
        static const char backup[] = "b0000000-0000-4000-a000-000000000001";

        add_account(world, engine, "root", "admin");
        add_account(world, engine, "demo", "developer");
        add_account(world, engine, "auditor", "readonly");
        collection_put(world_collection(world, "cse/backups", js_str(engine, "/id")), backup,
                       js_pack("{'id': s, 'name': s}", backup, "nightly"));
        cse_job_past(world, engine, "Configure", "Finished", SEED_TIME_MS + 30 * DAY_MS, 90000);
}

static void add_policy(struct world *world, struct json_object *engine, const char *kind,
                       const char *name, const char *environment, const char *service,
                       struct json_object *spec) {
        struct collection *c = world_collection(world, "cse/governance", js_str(engine, "/id"));
        char id[UUID_SIZE];

        world_uuid(world, id);
        collection_put(c, id,
                       js_pack("{'id': s, 'name': s, 'kind': s, 'status': s, "
                               "'selector': {'environment': s, 'app': s, 'service': S}, 'spec': o}",
                               id, name, kind, "enabled", environment, "shop", service, spec));
}

static void add_scene(struct world *world, struct json_object *engine, const char *name,
                      const char *environment, const char *prefix) {
        _cleanup_(freep) char *id = x_printf("%s/%s", environment, name);

        collection_put(
                world_collection(world, "cse/scenes", js_str(engine, "/id")), id,
                js_pack("{'name': s, 'status': s, 'selector': {'environment': s, 'app': s}, "
                        "'spec': {'alias': s, 'matches': [{'name': s, 'apiPath': {'prefix': s}, "
                        "'headers': {}, 'method': [s s], 'serviceName': s}]}}",
                        name, "enabled", environment, "shop", name, "match0", prefix, "GET", "POST",
                        "gateway"));
}

/*
 * The policy "checkout" belongs to two scenes, so it is shown twice when all environments are asked
 * for.
 */
static void fill_shop(struct world *world, struct json_object *engine) {
        struct collection *rules =
                world_collection(world, "cse/route-rules", js_str(engine, "/id"));

        add_scene(world, engine, "checkout", "production", "/checkout");
        add_scene(world, engine, "checkout", "development", "/checkout");
        add_scene(world, engine, "search", "production", "/search");
        add_policy(world, engine, "rate-limiting", "checkout", "production", NULL,
                   js_pack("{'rate': i, 'limitRefreshPeriod': s}", (int64_t)100, "1S"));
        add_policy(world, engine, "retry", "checkout", "production", "cart",
                   js_pack("{'maxAttempts': i, 'retryOnSame': i}", (int64_t)3, (int64_t)0));
        add_policy(world, engine, "circuit-breaker", "search", "production", NULL,
                   js_pack("{'failureRateThreshold': i, 'minimumNumberOfCalls': i}", (int64_t)50,
                           (int64_t)20));
        add_policy(world, engine, "bulkhead", "night-jobs", "development", NULL,
                   js_pack("{'maxConcurrentCalls': i, 'maxWaitDuration': s}", (int64_t)10, "100"));
        collection_put(
                rules, "production/shop/cart",
                js_pack("{'text': s}",
                        "[{\"precedence\":1,\"match\":{\"headers\":{\"user\":{\"exact\":\"tester\","
                        "\"caseInsensitive\":false}}},\"route\":[{\"name\":\"new\",\"weight\":100,"
                        "\"tags\":{\"version\":\"1.1.0\"}}]}]"));
        collection_put(rules, "production/shop/catalog",
                       js_pack("{'text': s}",
                               "- precedence: 1\n  route:\n  - weight: 100\n    tags:\n"
                               "      version: 1.0.0\n"));
}

static void add_namespace(struct world *world, struct json_object *engine, const char *id,
                          const char *name, int64_t configs, int64_t type) {
        collection_put(
                world_collection(world, "cse/namespaces", js_str(engine, "/id")), id,
                js_pack("{'namespace': s, 'namespaceShowName': s, 'quota': i, 'configCount': i, "
                        "'type': i}",
                        id, name, (int64_t)200, configs, type));
}

static void fill_nacos(struct world *world, struct json_object *engine) {
        add_namespace(world, engine, "", "public", 2, 0);
        add_namespace(world, engine, "dev", "development", 0, 1);
        add_namespace(world, engine, "prod", "production", 17, 1);
        add_namespace(world, engine, "prod-2", "production", 0, 1);
}

static void seed_demo(struct world *world) {
        struct json_object *engine;
        struct row warm = demo[0];

        for (size_t i = 0; i < ELEMENTSOF(demo); i++)
                add_engine(world, &demo[i]);
        engine = find(world, demo[0].id);
        if (!engine)
                return;
        fill_shop(world, engine);
        fill_bank(world, find(world, demo[1].id));
        fill_nacos(world, find(world, demo[2].id));
        engine = find(world, demo[3].id);
        cse_job_past(world, engine, "Upgrade", "Error", SEED_TIME_MS + 40 * DAY_MS, 200000);
        js_set(engine, "/actions", js_pack("[s s]", "Retry", "ForceDelete"));
        warm.id = "c5e00000-0000-4000-a000-000000000004";
        warm.name = "warming-up";
        warm.status = "CreateFailed"; /* no hosts yet; the job makes it Creating */
        warm.description = "being created";
        engine = add_engine(world, &warm);
        world_drop(world, "cse/jobs", warm.id);
        js_set_int(engine, "/createTime", world_now(world));
        cse_job_start(world, engine, "Create", "demo", NULL);
}

void cse_seed(struct world *world, enum seed_kind kind, int64_t scale) {
        (void)scale;
        if (kind == SEED_DEMO)
                seed_demo(world);
        if (kind == SEED_SCALE)
                add_engine(world, &scale_row);
}
