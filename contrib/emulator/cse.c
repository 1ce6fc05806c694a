/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CSE: engines as they are read, flavors, quotas.
 */
#include "contrib/emulator/cse.h"

#include "contrib/emulator/kie.h"
#include "contrib/emulator/servicecomb.h"
#include "contrib/emulator/util.h"

#include <string.h>

static const struct {
        const char *spec_type, *flavor, *cpu_memory;
        int64_t limit;
} flavors[] = {
        { "CSE2", "cse.s1.small2", "2-4", 200 },
        { "CSE2", "cse.s1.medium2", "4-8", 500 },
        { "CSE2", "cse.s1.large2", "8-16", 2000 },
        { "CSE2", "cse.s1.xlarge2", "16-32", 5000 },
        { "Nacos2", "cse.nacos2.c1.large.10", "2-4", 500 },
        { "Nacos2", "cse.nacos2.c1.xlarge.20", "4-8", 1000 },
        { "Nacos2", "cse.nacos2.c1.xlarge.60", "4-8", 3000 },
        { "Nacos2", "cse.nacos2.c1.2xlarge.100", "8-16", 5000 },
};

int64_t cse_flavor_limit(const char *spec_type, const char *flavor) {
        for (size_t i = 0; i < ELEMENTSOF(flavors); i++)
                if (str_eq(flavors[i].spec_type, spec_type) && str_eq(flavors[i].flavor, flavor))
                        return flavors[i].limit;
        return -1;
}

struct collection *cse_engines(struct world *world, const char *project) {
        return world_collection(world, "cse/engines", project);
}

struct json_object *cse_engine(const struct request *req, struct response *resp,
                               const char *param) {
        struct json_object *engine =
                collection_get(cse_engines(req->world, req->project), path_param(req, param));

        if (!engine)
                reply_error_code(req, resp, 400, "SVCSTG.00501116");
        return engine;
}

static struct json_object *first_of_type(struct collection *c, const char *type) {
        for (struct entry *e = collection_first(c); e; e = entry_next(e))
                if (str_eq(js_str(entry_object(e), "/type"), type) &&
                    str_eq(js_str(entry_object(e), "/status"), "Available"))
                        return entry_object(e);
        return NULL;
}

struct json_object *cse_engine_routed(const struct request *req, struct response *resp,
                                      const char *type) {
        struct collection *c = cse_engines(req->world, req->project);
        const char *id = header(req, "x-engine-id"), *status;
        struct json_object *engine;

        if (!id)
                id = header(req, "x_engine_id");
        engine = id ? collection_get(c, id) : first_of_type(c, type);
        status = js_str(engine, "/status");
        /*
         * An engine that is being changed goes on working; one that is not there yet, or broken,
         * does not.
         */
        if (engine && str_eq(js_str(engine, "/type"), type) &&
            word_in("Available Upgrading Modifying UpgradeFailed ModifyFailed", status, false))
                return engine;
        reply_error(req, resp, 400, "SVCSTG.00401116",
                    "The engine does not exist or does not work.");
        return NULL;
}

const char *cse_host(struct json_object *engine) {
        return js_str(engine, "/host");
}

static void find_host(struct world *world, const char *id, const char *name, void *arg) {
        char **host = arg;

        (void)name;
        if (*host && collection_find(cse_engines(world, id), "/host", *host))
                free(STEAL(*host));
}

char *cse_free_host(struct world *world, const char *name, const char *id) {
        char *host = x_strdup(name), *plain;

        for (char *p = host; *p; p++)
                if (*p >= 'A' && *p <= 'Z')
                        *p = (char)(*p - 'A' + 'a');
        plain = x_strdup(host);
        if (word_in("standalone secure", host, false))
                free(STEAL(host));
        identity_each_project(world, find_host, &host);
        if (!host)
                host = x_printf("%s-%.8s", plain, id);
        free(plain);
        return host;
}

void cse_open(struct world *world, struct json_object *engine) {
        const char *project = js_str(engine, "/project"),
                   *name = identity_project_name(world, project);
        _cleanup_(freep) char *region = NULL;

        if (!str_eq(js_str(engine, "/type"), "CSE"))
                return;
        region = x_strndup(name, strcspn(name, "_"));
        instance_put(world, INSTANCE_ENGINE, cse_host(engine), js_str(engine, "/id"), project,
                     region, str_eq(js_str(engine, "/authType"), "RBAC"));
}

void cse_remove(struct world *world, struct json_object *engine) {
        static const char *const kinds[] = { "cse/jobs",           "cse/governance",
                                             "cse/scenes",         "cse/route-rules",
                                             "cse/namespaces",     "cse/accounts",
                                             "cse/backups",        "cse/strategies",
                                             "cse/namespace-notes" };
        const char *id = js_str(engine, "/id");

        for (size_t i = 0; i < ELEMENTSOF(kinds); i++)
                world_drop(world, kinds[i], id);
        if (str_eq(js_str(engine, "/type"), "CSE")) {
                instance_remove(world, INSTANCE_ENGINE, cse_host(engine));
                registry_drop(world, cse_host(engine));
                kie_drop(world, cse_host(engine));
        }
        collection_remove(cse_engines(world, js_str(engine, "/project")), id);
}

/* No header means the default enterprise project alone. */
static bool is_wanted(const struct request *req, struct json_object *engine, const char *type) {
        const char *enterprise = header(req, "X-Enterprise-Project-ID");

        if (type && strcmp(type, "ALL") != 0 &&
            !str_eq(js_str(engine, "/type"), str_eq(type, "Nacos") ? "NACOS" : "CSE"))
                return false;
        return str_eq(enterprise, "all_granted_eps") ||
               str_eq(js_str(engine, "/enterpriseProjectId"), enterprise ? enterprise : "0");
}

/*
 * The offset counts records from 1, and 0 means 1: a client that adds what it got sees engines
 * twice, and an offset behind the end by one gives the last engine once more.
 */
static void list_engines(const struct request *req, struct response *resp) {
        struct entry *e = collection_first(cse_engines(req->world, req->project));
        struct json_object *all = json_object_new_array();
        int64_t offset = query_int(req, "offset", 0), limit = query_int(req, "limit", 0), total;

        for (; e; e = entry_next(e))
                if (is_wanted(req, entry_object(e), query_param(req, "type")))
                        json_object_array_add(all, cse_listed(req->world, entry_object(e)));
        total = (int64_t)js_len(all, "");
        all = page_cut((struct page){ offset > 0 ? offset - 1 : 0, limit > 0 ? limit : -1 }, all);
        reply_json(resp, 200, js_pack("{'total': i, 'data': o}", total, all));
}

static void get_engine(const struct request *req, struct response *resp) {
        struct json_object *engine = cse_engine(req, resp, "engine_id");

        if (engine)
                reply_json(resp, 200, cse_detailed(req->world, engine));
}

/*
 * The spec comes as an array for one type and as an object for the other, the flag as either type.
 */
static struct json_object *flavor_spec(size_t i) {
        if (str_eq(flavors[i].spec_type, "CSE2"))
                return js_pack("[{'availableCpuMemory': s, 'linear': b, 'availablePrefix': s}]",
                               flavors[i].cpu_memory, false, "s,c,t");
        return js_pack("{'availableCpuMemory': s, 'linear': s, 'availablePrefix': s}",
                       flavors[i].cpu_memory, "true", "s,c,t");
}

static void list_flavors(const struct request *req, struct response *resp) {
        const char *spec_type = query_param(req, "specType");
        struct json_object *list;

        if (!spec_type || !*spec_type) {
                reply_error_code(req, resp, 400, "SVCSTG.00501134");
                return;
        }
        list = json_object_new_array();
        for (size_t i = 0; i < ELEMENTSOF(flavors); i++) {
                _cleanup_(freep) char *text = NULL;

                if (!str_eq(flavors[i].spec_type, spec_type))
                        continue;
                text = x_printf("up to %lld instances", (long long)flavors[i].limit);
                json_object_array_add(list, js_pack("{'flavor': s, 'description': s, 'spec': o}",
                                                    flavors[i].flavor, text, flavor_spec(i)));
        }
        /* The total is 0 whatever the list has, as in the document. */
        reply_json(resp, 200, js_pack("{'total': i, 'data': o}", (int64_t)0, list));
}

static void get_quotas(const struct request *req, struct response *resp) {
        reply_json(resp, 200,
                   js_pack("{'quotas': {'resources': [{'type': s, 'used': i, 'quota': i}]}}",
                           "Engine",
                           (int64_t)collection_count(cse_engines(req->world, req->project)),
                           (int64_t)CSE_ENGINE_QUOTA));
}

const struct handler cse_engine_handlers[] = {
        { "listEngines", list_engines },
        { "getEngine", get_engine },
        { "listEngineFlavors", list_flavors },
        { "getEngineQuotas", get_quotas },
        { 0 },
};
