/* SPDX-License-Identifier: Apache-2.0 */
/* The two servers of a microservice engine: the registry (service-center) and the configuration
 * (kie). Facts: the contract's notes on ServiceComb, the document's and those of the real
 * servers. */
#include "backends/name.h"
#include "backends/rows.h"
#include "backends/select.h"
#include "backends/tables/servicecomb-calls.h"
#include "backends/tables/servicecomb-change.h"
#include "backends/tables/helpers.h"
#include "base/text.h"

#define LIST(...) ((const char *const[]){ __VA_ARGS__, NULL })

#define REGISTRY_GET(name, template)                                                               \
        .id = (name), .service = "servicecomb", .path = (template), .endpoint = ENDPOINT_REGISTRY, \
        .scope = SCOPE_ENGINE

const struct call list_microservices = { REGISTRY_GET("listMicroservices",
                                                      "/v4/{project_id}/registry/microservices"),
                                         .items = "/services", .key = "/serviceId" };
static const struct call list_schemas = {
        REGISTRY_GET("listSchemas", "/v4/{project_id}/registry/microservices/{service_id}/schemas"),
        .query = "withSchema=1", .items = "/schemas", .key = "/schemaId"
};
static int find_many(struct composer *composer);

static const struct call find_instances = { REGISTRY_GET("findInstances",
                                                         "/v4/{project_id}/registry/instances"),
                                            .query = "appId={app}&serviceName={service}&env={env}",
                                            .items = "/instances",
                                            .key = "/instanceId",
                                            .many = find_many,
                                            .many_by = &servicecomb_batch_find_instances,
                                            .revision_query = "rev={}",
                                            .revision_header = "X-Resource-Revision" };
static const struct call list_instances = {
        REGISTRY_GET("listInstances",
                     "/v4/{project_id}/registry/microservices/{service_id}/instances"),
        .items = "/instances", .key = "/instanceId", .revision_query = "rev={}",
        .revision_header = "X-Resource-Revision"
};
static const struct call list_providers = {
        REGISTRY_GET("listProviders",
                     "/v4/{project_id}/registry/microservices/{consumer_id}/providers"),
        .is_volatile = true
};
static const struct call create_token = { .id = "createToken",
                                          .service = "servicecomb",
                                          .method = METHOD_POST,
                                          .path = "/v4/token",
                                          .endpoint = ENDPOINT_REGISTRY,
                                          .scope = SCOPE_NONE,
                                          .risk = RISK_SECRET };
static const struct call list_configs = { .id = "listConfigs",
                                          .service = "servicecomb",
                                          .path = "/v1/{project_id}/kie/kv",
                                          .endpoint = ENDPOINT_CONFIG,
                                          .scope = SCOPE_ENGINE,
                                          .items = "/data",
                                          .key = "/id",
                                          .revision_query = "revision={}",
                                          .revision_header = "X-Kie-Revision",
                                          .wait_query = "wait={}s" };

enum { FIND_BATCH = 100 };

static int add_search(struct json *searches, const struct index_row *row) {
        static const char *const keys[] = { "environment", "appId", "serviceName" };
        _cleanup_(json_freep) struct json *key = json_new_object();
        struct json *search = json_new_object();
        int r = key && search ? json_set_string(search, "rev", "0") : -ENOMEM;

        for (size_t i = 0; r == 0 && i < ELEMENTSOF(keys); i++) {
                bool is_absent = text_eq(row->levels[i], "-");

                r = json_set_string(key, keys[i], is_absent ? "" : row->levels[i]);
        }
        if (r == 0)
                r = json_set(search, "service", STEAL(key));
        if (r < 0) {
                (void)json_free(search);
                return r;
        }
        return json_append(searches, search);
}

/* Rows are sorted by their levels: the versions of one service stand together. */
static bool is_other_service(const struct index *index, size_t i) {
        for (unsigned level = 0; i > 0 && level < index->n_levels; level++)
                if (!text_eq(index->rows[i - 1]->levels[level], index->rows[i]->levels[level]))
                        return true;
        return i == 0;
}

/* What the search told of one service is what its own call would be answered. */
static int learn_found(struct composer *composer, const struct json *search,
                       const struct json *found, int64_t fetched_ms) {
        static const char *const params[][2] = { { "env", "/service/environment" },
                                                 { "app", "/service/appId" },
                                                 { "service", "/service/serviceName" } };
        _cleanup_(json_freep) struct json *value = json_new_object();
        const struct json *instances = json_at(found, "/instances");
        int r = value ? 0 : -ENOMEM;

        for (size_t i = 0; r == 0 && i < ELEMENTSOF(params); i++)
                r = param_list_set(&composer->extra, params[i][0],
                                   json_string(search, params[i][1]));
        if (r == 0)
                r = json_set(value, "instances",
                             instances ? json_share(instances) : json_new_array());
        return r < 0 ? r
                     : composer_learn(composer, &find_instances, value, json_string(found, "/rev"),
                                      fetched_ms);
}

static int search_batch(struct composer *composer, struct json *searches) {
        _cleanup_(json_freep) struct json *body = json_new_object();
        _cleanup_(json_freep) struct json *answer = NULL;
        const struct json *updated;
        int64_t fetched_ms;
        int r;

        if (!body)
                return -ENOMEM;
        r = json_set(body, "services", json_share(searches));
        if (r == 0)
                r = composer_ask(composer, &servicecomb_batch_find_instances, body, &answer,
                                 &fetched_ms);
        updated = json_at(answer, "/services/updated");
        for (size_t i = 0; r == 0 && i < json_count(updated); i++) {
                const struct json *found = json_item(updated, i);
                int64_t index;

                if (json_int64(found, "/index", &index) == 0 && index >= 0 &&
                    (size_t)index < json_count(searches))
                        r = learn_found(composer, json_item(searches, (size_t)index), found,
                                        fetched_ms);
        }
        return r;
}

/* The instances of all services of the registry, by one search for each hundred. */
static int find_many(struct composer *composer) {
        _cleanup_(index_unrefp) struct index *index = NULL;
        size_t i = 0;
        int r;

        r = composer_index(composer, &microservice, &index);
        while (r == 0 && i < index->count) {
                _cleanup_(json_freep) struct json *searches = json_new_array();

                for (; r == 0 && searches && i < index->count && json_count(searches) < FIND_BATCH;
                     i++)
                        if (is_other_service(index, i))
                                r = add_search(searches, index->rows[i]);
                if (!searches)
                        r = -ENOMEM;
                if (r == 0)
                        r = search_batch(composer, searches);
        }
        return r;
}

/* A map that the server leaves out when it is empty. */
static int compose_map(struct composer *composer, const struct json *value, struct json **ret) {
        struct json *map = value ? json_share(value) : json_new_object();

        (void)composer;
        if (!map)
                return -ENOMEM;
        *ret = map;
        return 0;
}

/* A list that the server leaves out when it is empty. */
static int compose_list(struct composer *composer, const struct json *value, struct json **ret) {
        struct json *list = value ? json_share(value) : json_new_array();

        (void)composer;
        if (!list)
                return -ENOMEM;
        *ret = list;
        return 0;
}

static const struct kind schema = {
        .name = "schema",
        .service = "servicecomb",
        .shape = SHAPE_DOCUMENT,
        .list = &list_schemas,
        .refresh = &servicecomb_get_schema,
        .refresh_is_part = true,
        .params = LIST("schema_id"),
        /* An id that the service announced without storing a text is not shown. */
        .only = { .at = "/schema" },
        .create = &registry_schema_create,
        .removal = &registry_schema_removal,
        .content.files =
                (const struct file[]){
                        { .name = "*.yaml",
                          .from = FROM_ITEM,
                          .at = "/schema",
                          .codec = CODEC_TEXT,
                          .save = &registry_schema_save },
                        { 0 },
                },
};

static const struct kind instance = {
        .name = "instance",
        .service = "servicecomb",
        .shape = SHAPE_DOCUMENT,
        .list = &list_instances,
        .sweep = &find_instances,
        .refresh = &servicecomb_get_instance,
        .refresh_at = "/instance",
        .params = LIST("instance_id"),
        .filter = "/serviceId",
        .filter_param = "service_id",
        .create = &registry_instance_create,
        .removal = &registry_instance_removal,
        .shared.actions = registry_instance_actions,
        .modified = LIST("/modTimestamp"),
        .created = LIST("/timestamp"),
        .content.files =
                (const struct file[]){
                        { .name = "*.json",
                          .from = FROM_ITEM,
                          .without = LIST("/modTimestamp"),
                          .save = &registry_instance_save },
                        { 0 },
                },
};

/* Each version is a resource of its own; environment, application and name are levels above it. */
const struct kind microservice = {
        .name = "microservice", .service = "servicecomb", .list = &list_microservices,
        .refresh = &servicecomb_get_microservice, .refresh_at = "/service",
        .levels = LIST("/environment", "/appId", "/serviceName"),
        .level_params = LIST("env", "app", "service"), .label = "/version",
        .check_level = registry_check_level,
        .params = LIST("service_id", "consumer_id"), .create = &registry_service_create,
        .removal = &registry_service_removal, .shared.actions = registry_actions,
        .modified = LIST("/modTimestamp"), .created = LIST("/timestamp"),
        .content = {
                .files = (const struct file[]){
                        { .name = "service.json", .from = FROM_ITEM,
                          .without = LIST("/properties", "/modTimestamp") },
                        { .name = "properties.json", .from = FROM_ITEM, .at = "/properties",
                          .compose = compose_map, .save = &registry_properties_save },
                        { .name = "providers.json", .from = FROM_CALL, .call = &list_providers,
                          .at = "/providers", .compose = compose_list, .is_volatile = true },
                        { 0 },
                },
                .actions = registry_service_actions,
                .children = (const struct child[]){
                        { .name = "schemas", .kind = &schema },
                        { .name = "instances", .kind = &instance },
                        { 0 },
                },
        },
        .level_files = (const struct file[]){
                { .name = "instances.json", .from = FROM_CALL, .call = &find_instances,
                  .at = "/instances", .compose = compose_list, .is_volatile = true },
                { 0 },
        },
};

static int compare_names(const void *left, const void *right) {
        return strcmp(*(const char *const *)left, *(const char *const *)right);
}

enum { LABELS_MAX = 64 };

/* A label set as one level: `app=shop,environment=prod`, sorted by name; `-` for none. */
static int group_labels(const struct json *item, struct buf *level, size_t count) {
        const struct json *labels = json_at(item, "/labels");
        struct json_cursor cursor = { 0 };
        const char *names[LABELS_MAX];
        size_t n = 0;

        (void)count;
        while (json_next(labels, &cursor) && n < LABELS_MAX)
                names[n++] = cursor.name;
        if (!n)
                return buf_add_char(level, '-');
        qsort(names, n, sizeof(*names), compare_names);
        for (size_t i = 0; i < n; i++) {
                const char *value = json_string(json_member(labels, names[i]), "");

                (void)buf_printf(level, "%s%s=%s", i ? "," : "", names[i], value ? value : "");
        }
        return level->error;
}

static bool is_cut(const char *text) {
        struct buf encoded = BUF_INIT(0);
        bool cut = name_encode(&encoded, text, strlen(text)) < 0 || encoded.len > NAME_LONGEST;

        buf_done(&encoded);
        return cut;
}

/* What a restore needs beside the value; ids, times and revisions would make it refuse itself. */
static int compose_meta(struct composer *composer, const struct json *value, struct json **ret) {
        static const char *const shown[] = { "/value_type", "/status", NULL };
        struct buf labels = BUF_INIT(0);
        struct json *meta = NULL;
        int r;

        (void)composer;
        r = select_only(value, shown, &meta);
        if (r == 0)
                r = group_labels(value, &labels, 1);
        if (r == 0 && json_string(value, "/key") && is_cut(json_string(value, "/key")))
                r = put_copy(meta, "key", json_at(value, "/key"));
        if (r == 0 && is_cut(buf_str(&labels)))
                r = put_copy(meta, "labels", json_at(value, "/labels"));
        buf_done(&labels);
        if (r < 0) {
                (void)json_free(meta);
                return r;
        }
        *ret = meta;
        return 0;
}

const struct kind configuration = {
        .name = "configuration",
        .service = "servicecomb",
        .shape = SHAPE_DOCUMENT,
        .list = &list_configs,
        .refresh = &servicecomb_get_config,
        .group = group_labels,
        .group_at = "/labels",
        .check_level = config_check_level,
        .create = &config_create,
        .removal = &config_removal,
        .shared.actions = config_actions,
        .label = "/key",
        .params = LIST("kv_id"),
        .modified = LIST("/update_time"),
        .created = LIST("/create_time"),
        .content.files =
                (const struct file[]){
                        { .name = "*",
                          .from = FROM_ITEM,
                          .at = "/value",
                          .codec = CODEC_TEXT,
                          .most_chars = 131072, /* ServiceComb notes, 5 and 7.3 */
                          .save = &config_value_save },
                        { .name = ".meta/*.json",
                          .from = FROM_ITEM,
                          .compose = compose_meta,
                          .save = &config_meta_save },
                        { 0 },
                },
};

const struct service servicecomb_service = {
        .name = "servicecomb",
        .title = "ServiceComb registry and configuration",
        .calls = servicecomb_calls,
        .omitted =
                (const struct omitted[]){
                        { &create_token,
                          "internal: the login with the engine's user; never shown" },
                        { 0 },
                },
};
