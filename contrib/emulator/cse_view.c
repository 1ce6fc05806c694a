/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CSE: what clients see of an engine. The list and the detail differ in members, nesting and types.
 */
#include "contrib/emulator/cse.h"

#include "contrib/emulator/servicecomb_instances.h"
#include "contrib/emulator/util.h"

#include <string.h>

/* 2099-12-31: an engine that is paid by use does not end. */
#define DUE_NEVER ((int64_t)4102415999000)

static struct json_object *entrypoint(struct world *world, const char *prefix, const char *host) {
        char url[300] = "", name[200];

        if (host) {
                snprintf(name, sizeof(name), "%s%s.localhost", prefix, host);
                world_url(world, name, url, sizeof(url));
        }
        return js_pack("{'masterEntrypoint': s, 'masterEntrypointIpv6': s, 'slaveEntrypoint': s, "
                       "'slaveEntrypointIpv6': s, 'type': s}",
                       url, "", "", "", "REGISTRY");
}

/* An engine that is not there yet has no addresses. */
static bool has_addresses(struct json_object *engine) {
        return !word_in("Creating CreateFailed Deleted", js_str(engine, "/status"), false);
}

/* The addresses of the components; with `split` each of the two views has only one of them. */
static struct json_object *endpoints(struct world *world, struct json_object *engine, bool detail,
                                     bool public) {
        struct json_object *map = json_object_new_object();
        const char *host = public ? NULL : cse_host(engine);
        bool split = js_bool(engine, "/split", false);

        if (!has_addresses(engine))
                return map;
        if (str_eq(js_str(engine, "/type"), "NACOS")) {
                json_object_object_add(map, "nacos", entrypoint(world, "nacos-", host));
                return map;
        }
        if (!split || detail)
                json_object_object_add(map, "serviceCenter", entrypoint(world, "registry-", host));
        if (!split || !detail)
                json_object_object_add(map, "kie", entrypoint(world, "kie-", host));
        return map;
}

static int64_t used_instances(struct world *world, struct json_object *engine) {
        const char *host = cse_host(engine);
        struct entry *e = collection_first(world_collection(world, "servicecomb/services", host));
        int64_t used = 0;

        for (; e; e = entry_next(e))
                used += (int64_t)collection_count(instances_alive(world, host, entry_id(e)));
        return used;
}

static struct json_object *tags_text(struct json_object *engine) {
        struct json_object *tags = js_get(engine, "/tags");

        return js_len(tags, "") > 0 ? json_object_new_string(json_object_to_json_string_ext(
                                              tags, JSON_C_TO_STRING_PLAIN))
                                    : NULL;
}

static struct json_object *ref(struct json_object *engine, const char *pointer) {
        return json_object_get(js_get(engine, pointer));
}

static int64_t limit_of(struct json_object *engine) {
        return cse_flavor_limit(js_str(engine, "/specType"), js_str(engine, "/flavor"));
}

static struct json_object *listed_reference(struct json_object *engine) {
        return js_pack(
                "{'vpc': O, 'azList': O, 'networkId': O, 'subnetCidr': O, 'subnetCidrV6': s, "
                "'subnetGateway': s, 'publicIpId': O, 'serviceLimit': i, 'instanceLimit': i, "
                "'inputs': O}",
                ref(engine, "/vpc"), ref(engine, "/azList"), ref(engine, "/networkId"),
                ref(engine, "/subnetCidr"), "", "192.168.0.1", ref(engine, "/publicIpId"),
                limit_of(engine), limit_of(engine), ref(engine, "/inputs"));
}

/* Adds the members of an object, which is released, by reference. */
static void add_members(struct json_object *view, struct json_object *more) {
        js_each_member(more, name, value) {
                json_object_object_add(view, name, json_object_get(value));
        }
        json_object_put(more);
}

static const char *enterprise_name(struct json_object *engine) {
        return str_eq(js_str(engine, "/enterpriseProjectId"), "0") ? "default" : "operations";
}

struct json_object *cse_listed(struct world *world, struct json_object *engine) {
        int64_t limit = limit_of(engine), used = used_instances(world, engine);
        struct json_object *view = json_object_new_object();

        js_copy_members(view, engine,
                        "id name enterpriseProjectId type description flavor payment authType "
                        "status version latestVersion createTime latestJobId specType");
        add_members(view,
                    js_pack("{'enterpriseProjectName': s, 'externalAddress': s, "
                            "'serviceEndpoint': o, 'publicAddress': s, 'publicServiceEndpoint': o, "
                            "'totalInstance': i, 'usedInstance': i, 'availableInstance': i, "
                            "'dueTo': i, 'engineAdditionalActions': O, 'reference': o, 'tags': O}",
                            enterprise_name(engine), has_addresses(engine) ? "192.168.0.169" : "",
                            endpoints(world, engine, false, false), "",
                            endpoints(world, engine, false, true), limit, used, limit - used,
                            DUE_NEVER, ref(engine, "/actions"), listed_reference(engine),
                            tags_text(engine)));
        return view;
}

static struct json_object *detailed_reference(struct json_object *engine) {
        char limit[32];

        snprintf(limit, sizeof(limit), "%lld", (long long)limit_of(engine));
        return js_pack("{'vpc': O, 'vpcId': O, 'azList': O, 'networkId': O, 'subnetCidr': O, "
                       "'subnetCidrV6': s, 'subnetGateway': s, 'elbId': O, 'publicIpId': O, "
                       "'serviceLimit': s, 'instanceLimit': s, 'inputs': O}",
                       ref(engine, "/vpc"), ref(engine, "/vpcId"), ref(engine, "/azList"),
                       ref(engine, "/networkId"), ref(engine, "/subnetCidr"), "", "192.168.0.1",
                       ref(engine, "/elbId"), ref(engine, "/publicIpId"), limit, limit,
                       ref(engine, "/inputs"));
}

static struct json_object *nodes(struct json_object *engine) {
        struct json_object *list = json_object_new_array(), *zones = js_get(engine, "/azList");

        for (size_t i = 0; i < js_len(zones, ""); i++) {
                _cleanup_(freep) char *id = x_printf("%.24s%012zx", js_str(engine, "/id"), i + 1);
                _cleanup_(freep) char *ip = x_printf("172.31.25.%zu", 10 + i);

                json_object_array_add(
                        list, js_pack("{'id': s, 'az': s, 'ip': s, 'label': s, 'status': s}", id,
                                      json_object_get_string(js_at(zones, i)), ip, "engine",
                                      has_addresses(engine) ? "Active" : "Build"));
        }
        return list;
}

static struct json_object *cce_spec(struct json_object *engine) {
        return js_pack(
                "{'id': i, 'engineId': s, 'specType': s, 'cluster': s, 'clusterId': s, "
                "'clusterNodes': {'clusterNodes': o}, 'flavor': s, 'region': s, 'version': s, "
                "'extendParam': s}",
                js_int(engine, "/createTime", 0) % 100000, js_str(engine, "/id"), "CCE", "",
                "41115a6f-912f-11eb-9af9-0255ac100188", nodes(engine), js_str(engine, "/flavor"),
                "", "", "");
}

struct json_object *cse_detailed(struct world *world, struct json_object *engine) {
        struct json_object *view = json_object_new_object();

        js_copy_members(view, engine,
                        "id name description authType flavor payment version latestVersion status "
                        "createUser createTime latestJobId enterpriseProjectId specType type");
        add_members(view,
                    js_pack("{'beDefault': b, 'cceSpec': o, 'externalEntrypoint': "
                            "{'externalAddress': s, 'publicAddress': s, 'serviceEndpoint': o, "
                            "'publicServiceEndpoint': o}, 'reference': o, "
                            "'enterpriseProjectName': s, 'engineAdditionalActions': O, "
                            "'projectId': O, 'vmIds': []}",
                            false, cce_spec(engine), has_addresses(engine) ? "192.168.0.169" : "",
                            "", endpoints(world, engine, true, false),
                            endpoints(world, engine, true, true), detailed_reference(engine),
                            enterprise_name(engine), ref(engine, "/actions"),
                            ref(engine, "/project")));
        return view;
}
