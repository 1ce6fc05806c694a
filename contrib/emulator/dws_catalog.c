/* SPDX-License-Identifier: Apache-2.0 */
/*
 * DWS: what there is to order, and how much of it: zones, flavors, storage pools, quotas, tags in
 * use.
 */
#include "contrib/emulator/dws.h"
#include "contrib/emulator/util.h"

#include <string.h>

/* Two flavors share a name: nothing in the documents forbids it. */
static const struct flavor flavors[] = {
        { "dws.m1.xlarge.ultrahigh", "ebe532d6-665f-40e6-a4d4-3c51545b4f71", "dws", "x86",
          "8.1.3.320", NULL, 4, 32, 512, false, false },
        { "dws.d1.xlarge.ultrahigh", "5ddb1071-c5d7-40e0-a874-8a032e81a697", "dws", "x86",
          "8.1.3.320", NULL, 4, 32, 160, false, false },
        { "dws.d2.xlarge", "ebe532d6-665f-40e6-a4d4-3c51545b6a67", "dws", "x86", "9.1.0.200", NULL,
          4, 32, 1675, false, false },
        { "dws.d2.xlarge", "0a8e5a4c-54a1-4b0c-9a51-6a64a1e0c6b2", "hybrid", "arm", "9.1.0.200",
          NULL, 4, 32, 1675, false, false },
        { "dws.m3.xlarge", "3f0f4b1e-7a2a-4c52-8a5e-0c6b5b9d1f77", "dws", "x86", "8.2.0", NULL, 4,
          32, 160, false, false },
        { "dwsx2.rt.xlarge.m6", "c4b0f5c2-6d0b-4b6a-9f0d-1c8e8f6f2a10", "dws", "x86", "9.1.0.200",
          NULL, 4, 16, 100, true, false },
        { "dwsk2.4xlarge.kc1", "7d1e9a34-12bb-4f8e-8f2a-b3c6d8e5a901", "hybrid", "arm", "9.1.0.200",
          "b", 16, 128, 1000, true, false },
        { "dwsx2.16xlarge.m7", "e2c7d9f0-93a4-4d1b-b7c5-58f01a6e4d3c", "dws", "x86", "9.1.0.200",
          NULL, 64, 512, 4000, true, true },
};

/* Quotas other than that of nodes follow from it. */
enum {
        NODES_DEFAULT = 100,
        CORES_PER_NODE = 64,
        RAM_PER_NODE = 512,
        DISKS_PER_NODE = 2,
        DISK_PER_NODE = 32000
};

const struct flavor *flavor_by_name(const char *name) {
        for (size_t i = 0; i < ELEMENTSOF(flavors); i++)
                if (str_eq(flavors[i].name, name))
                        return &flavors[i];
        return NULL;
}

const struct flavor *flavor_by_id(const char *id) {
        for (size_t i = 0; i < ELEMENTSOF(flavors); i++)
                if (str_eq(flavors[i].id, id))
                        return &flavors[i];
        return NULL;
}

/* Each region has zones a to d, the last of which is not usable. */
static const char zone_letters[] = "abcd";

enum zone_state dws_zone(struct world *world, const char *project, const char *code) {
        char region[REGION_SIZE];
        size_t len = strlen(dws_region(world, project, region));

        if (strncmp(code, region, len) != 0 || !code[len] || code[len + 1] ||
            !strchr(zone_letters, code[len]))
                return ZONE_UNKNOWN;
        return code[len] == 'd' ? ZONE_UNAVAILABLE : ZONE_USABLE;
}

static void list_zones(const struct request *req, struct response *resp) {
        struct json_object *zones = json_object_new_array();
        char region[REGION_SIZE];

        dws_region(req->world, req->project, region);
        for (const char *letter = zone_letters; *letter; letter++) {
                _cleanup_(freep) char *code = x_printf("%s%c", region, *letter);
                _cleanup_(freep) char *name = x_printf("AZ%d", (int)(letter - zone_letters) + 1);

                json_object_array_add(zones, js_pack("{'code': s, 'name': s, 'status': s,"
                                                     "'public_border_group': s}",
                                                     code, name,
                                                     *letter == 'd' ? "unavailable" : "available",
                                                     "center"));
        }
        reply_json(resp, 200,
                   js_pack("{'availability_zones': o, 'count': i}", zones,
                           (int64_t)js_len(zones, "")));
}

static struct json_object *zones_of_flavor(const struct flavor *flavor, const char *region) {
        struct json_object *zones = json_object_new_array();

        for (const char *letter = zone_letters; *letter != 'd'; letter++) {
                _cleanup_(freep) char *code = x_printf("%s%c", region, *letter);
                bool sold_out = flavor->sold_out && *flavor->sold_out == *letter;

                json_object_array_add(zones, js_pack("{'code': s, 'status': s}", code,
                                                     sold_out ? "sellout" : "normal"));
        }
        return zones;
}

static struct json_object *flavor_json(const struct flavor *flavor, const char *region) {
        char vcpus[16], ram[16], disk[16];
        struct json_object *volume = NULL, *elastic = NULL;

        snprintf(vcpus, sizeof(vcpus), "%d", flavor->vcpus);
        snprintf(ram, sizeof(ram), "%d", flavor->ram);
        snprintf(disk, sizeof(disk), "%d", flavor->disk);
        if (flavor->elastic)
                elastic = js_pack("[{'type': s, 'step': i, 'min_size': i, 'max_size': i}]", "SSD",
                                  (int64_t)100, (int64_t)flavor->disk, (int64_t)DISK_PER_NODE);
        else
                volume = js_pack("{'type': s, 'size': i}", "SSD", (int64_t)flavor->disk);
        return js_pack("{'spec_name': s, 'id': s, 'datastore_type': s, 'architecture': s,"
                       "'available_zones': o, 'ram': i, 'vcpus': i,"
                       "'datastores': [{'version': s, 'attachments': {'min_cn': i, 'max_cn': i}, "
                       "'role': s}],"
                       "'volume': o, 'elastic_volume_specs': o,"
                       "'detail': [{'type': s, 'value': s} {'value': s, 'type': s, 'unit': s}"
                       "{'type': s, 'value': s, 'unit': s}]}",
                       flavor->name, flavor->id, flavor->type, flavor->architecture,
                       zones_of_flavor(flavor, region), (int64_t)flavor->ram,
                       (int64_t)flavor->vcpus, flavor->version, (int64_t)2, (int64_t)20, "STABLE",
                       volume, elastic, "VCPU", vcpus, disk, flavor->elastic ? "SSD" : "LOCAL_DISK",
                       "GB", "mem", ram, "GB");
}

static void list_flavors(const struct request *req, struct response *resp) {
        struct json_object *list = json_object_new_array();
        char region[REGION_SIZE];

        dws_region(req->world, req->project, region);
        for (size_t i = 0; i < ELEMENTSOF(flavors); i++)
                json_object_array_add(list, flavor_json(&flavors[i], region));
        reply_json(resp, 200,
                   js_pack("{'node_types': o, 'count': i}", list, (int64_t)ELEMENTSOF(flavors)));
}

static void list_pools(const struct request *req, struct response *resp) {
        struct collection *pools = world_collection(req->world, "dws/pools", req->project);

        reply_json(resp, 200,
                   js_pack("{'pools': o, 'count': i}", collection_array(pools),
                           (int64_t)collection_count(pools)));
}

static int64_t nodes_allowed(struct world *world, const char *project) {
        struct json_object *quota =
                collection_get(world_collection(world, DWS_QUOTAS, project), "instances");

        return js_int(quota, "/quota", NODES_DEFAULT);
}

void dws_quota_set(struct world *world, const char *project, int64_t nodes) {
        collection_put(world_collection(world, DWS_QUOTAS, project), "instances",
                       js_pack("{'quota': i}", nodes));
}

/* What the clusters of a project use. */
struct usage {
        int64_t nodes, cores, ram, disk;
};

static struct usage usage_of(struct world *world, const char *project) {
        struct collection *clusters = world_collection(world, DWS_CLUSTERS, project);
        struct usage usage = { 0 };

        for (struct entry *entry = collection_first(clusters); entry; entry = entry_next(entry)) {
                struct json_object *cluster = entry_object(entry);
                const struct flavor *flavor = flavor_by_name(js_str(cluster, "/node_type"));
                int64_t nodes = (int64_t)js_len(cluster, "/nodes");

                usage.nodes += nodes;
                usage.cores += flavor ? nodes * flavor->vcpus : 0;
                usage.ram += flavor ? nodes * flavor->ram : 0;
                usage.disk += flavor ? nodes * flavor->disk : 0;
        }
        return usage;
}

int64_t dws_nodes_left(struct world *world, const char *project) {
        return nodes_allowed(world, project) - usage_of(world, project).nodes;
}

/* Numbers come as text here, unlike the table and like the example. */
static struct json_object *quota(const char *type, int64_t used, int64_t allowed,
                                 const char *unit) {
        char used_text[24], allowed_text[24];

        snprintf(used_text, sizeof(used_text), "%lld", (long long)used);
        snprintf(allowed_text, sizeof(allowed_text), "%lld", (long long)allowed);
        return js_pack("{'type': s, 'used': s, 'quota': s, 'unit': s}", type, used_text,
                       allowed_text, unit);
}

static void list_quotas(const struct request *req, struct response *resp) {
        struct usage usage = usage_of(req->world, req->project);
        int64_t nodes = nodes_allowed(req->world, req->project);

        reply_json(
                resp, 200,
                js_pack("{'quotas': {'resources': [o o o o o]}}",
                        quota("instances", usage.nodes, nodes, NULL),
                        quota("core", usage.cores, nodes * CORES_PER_NODE, NULL),
                        quota("ram", usage.ram, nodes * RAM_PER_NODE, "GB"),
                        quota("disk", usage.nodes * DISKS_PER_NODE, nodes * DISKS_PER_NODE, NULL),
                        quota("disk_capacity", usage.disk, nodes * DISK_PER_NODE, "GB")));
}

/* Adds one tag to the list of keys with their values; each value once. */
static void gather_tag(struct json_object *tags, const char *key, const char *value) {
        struct json_object *found = NULL, *values;

        for (size_t i = 0; !found && i < js_len(tags, ""); i++)
                if (str_eq(js_str(js_at(tags, i), "/key"), key))
                        found = js_at(tags, i);
        if (!found) {
                found = js_pack("{'key': s, 'values': []}", key);
                json_object_array_add(tags, found);
        }
        values = js_get(found, "/values");
        for (size_t i = 0; i < js_len(values, ""); i++)
                if (str_eq(js_str(js_at(values, i), ""), value))
                        return;
        json_object_array_add(values, json_object_new_string(value));
}

static void list_project_tags(const struct request *req, struct response *resp) {
        struct collection *clusters = world_collection(req->world, DWS_CLUSTERS, req->project);
        struct json_object *tags = json_object_new_array();

        for (struct entry *entry = collection_first(clusters); entry; entry = entry_next(entry)) {
                struct json_object *own = js_get(entry_object(entry), "/tags");

                for (size_t i = 0; i < js_len(own, ""); i++)
                        gather_tag(tags, js_str(js_at(own, i), "/key"),
                                   js_str(js_at(own, i), "/value"));
        }
        reply_json(resp, 200, js_pack("{'tags': o}", tags));
}

const struct handler dws_catalog_handlers[] = {
        { "listAvailabilityZones", list_zones },  { "listNodeTypes", list_flavors },
        { "listDssPools", list_pools },           { "listQuotas", list_quotas },
        { "listProjectTags", list_project_tags }, { 0 },
};
