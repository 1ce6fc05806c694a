/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ServiceComb registry: schemas. The text is stored byte for byte; the digest is whatever the
 * writer sent.
 */
#include "contrib/emulator/servicecomb.h"
#include "contrib/emulator/util.h"

#include <string.h>

enum { SCHEMAS_MAX = 100, SUMMARY_MAX = 128 };

static bool lists(struct json_object *service, const char *schema_id) {
        struct json_object *ids = js_get(service, "/schemas");

        for (size_t i = 0; i < js_len(ids, ""); i++)
                if (str_eq(json_object_get_string(js_at(ids, i)), schema_id))
                        return true;
        return false;
}

static void list_id(struct json_object *service, const char *schema_id) {
        if (lists(service, schema_id))
                return;
        if (!js_get(service, "/schemas"))
                js_set(service, "/schemas", json_object_new_array());
        js_set_str(service, "/schemas/-", schema_id);
}

static void unlist_id(struct json_object *service, const char *schema_id) {
        struct json_object *ids = js_get(service, "/schemas");

        for (size_t i = js_len(ids, ""); i-- > 0;)
                if (str_eq(json_object_get_string(js_at(ids, i)), schema_id))
                        json_object_array_del_idx(ids, i, 1);
        if (ids && js_len(ids, "") == 0)
                js_remove(service, "/schemas");
}

void registry_put_schema(struct world *world, const char *registry, const char *service_id,
                         const char *schema_id, const char *text, const char *summary) {
        struct json_object *service = registry_service(world, registry, service_id);

        list_id(service, schema_id);
        collection_put(registry_schemas(world, registry, service_id), schema_id,
                       js_pack("{'schemaId': s, 'schema': s, 'summary': S}", schema_id, text,
                               summary && *summary ? summary : NULL));
}

static bool is_summary(const char *summary) {
        return strlen(summary) <= SUMMARY_MAX &&
               strspn(summary, "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ") ==
                       strlen(summary);
}

/*
 * Before engine 2.3.33 the text of a schema of a production service stays as it was first written.
 */
static bool is_frozen(const struct request *req, struct json_object *service, const char *schema_id,
                      const char *text) {
        const char *registry = registry_name(req);
        struct collection *c =
                registry_schemas(req->world, registry, js_str(service, "/serviceId"));
        const char *old = js_str(collection_get(c, schema_id), "/schema");

        return old && strcmp(old, text) != 0 &&
               str_eq(js_str(service, "/environment"), "production") &&
               registry_setting(req->world, registry, "schemas_frozen");
}

static void put_schema(const struct request *req, struct response *resp) {
        struct json_object *service = registry_service_of(req, resp, "service_id");
        const char *schema_id = path_param(req, "schema_id");
        const char *text = js_str(req->body, "/schema"), *summary = js_str(req->body, "/summary");

        if (!service)
                return;
        if (summary && !is_summary(summary))
                registry_fail_text(req, resp, "400001", "Invalid parameter(s): summary");
        else if (!lists(service, schema_id) && js_len(service, "/schemas") >= SCHEMAS_MAX)
                registry_fail(req, resp, "400100");
        else if (is_frozen(req, service, schema_id, text))
                registry_fail(req, resp, "400015");
        else {
                registry_put_schema(req->world, registry_name(req), js_str(service, "/serviceId"),
                                    schema_id, text, summary);
                reply_empty(resp, 200);
        }
}

static void get_schema(const struct request *req, struct response *resp) {
        struct json_object *service = registry_service_of(req, resp, "service_id"), *schema;
        const char *summary;

        if (!service)
                return;
        schema = collection_get(
                registry_schemas(req->world, registry_name(req), js_str(service, "/serviceId")),
                path_param(req, "schema_id"));
        if (!schema) {
                registry_fail(req, resp, "400016");
                return;
        }
        reply_json(resp, 200, js_pack("{'schema': s}", js_str(schema, "/schema")));
        summary = js_str(schema, "/summary");
        if (summary)
                reply_header(resp, "X-Schema-Summary", summary);
}

/* Another order with every call, as the real server's: from the middle of a shuffled sequence. */
static void shuffle(struct world *world, struct json_object *list) {
        size_t count = js_len(list, ""), i;

        for (i = count; i > 1; i--) {
                char digits[9];
                size_t j = 0;
                struct json_object *a, *b;

                for (const char *p = world_hex(world, digits, 8); *p; p++)
                        j = j * 16 + (size_t)(*p <= '9' ? *p - '0' : *p - 'a' + 10);
                j %= i;
                a = json_object_get(js_at(list, i - 1));
                b = json_object_get(js_at(list, j));
                json_object_array_put_idx(list, j, a);
                json_object_array_put_idx(list, i - 1, b);
        }
}

static struct json_object *listed(struct json_object *schema, const char *id, bool with_text) {
        return js_pack("{'schemaId': s, 'schema': S, 'summary': S}", id,
                       with_text ? js_str(schema, "/schema") : NULL, js_str(schema, "/summary"));
}

static void list_schemas(const struct request *req, struct response *resp) {
        struct json_object *service = registry_service_of(req, resp, "service_id"), *list, *ids;
        bool with_text = query_int(req, "withSchema", 0) == 1;
        struct collection *c;

        if (!service)
                return;
        c = registry_schemas(req->world, registry_name(req), js_str(service, "/serviceId"));
        list = json_object_new_array();
        ids = js_get(service, "/schemas");
        for (size_t i = 0; i < js_len(ids, ""); i++) {
                const char *id = json_object_get_string(js_at(ids, i));

                json_object_array_add(list, listed(collection_get(c, id), id, with_text));
        }
        shuffle(req->world, list);
        if (js_len(list, "") == 0) {
                json_object_put(list);
                list = NULL;
        }
        reply_json(resp, 200, js_pack("{'schemas': O}", list));
}

static void delete_schema(const struct request *req, struct response *resp) {
        struct json_object *service;
        struct collection *c;

        if (registry_setting(req->world, registry_name(req), "schemas_stay")) {
                reply_bytes(resp, 405, "text/plain; charset=utf-8", "Method Not Allowed\n", 19);
                reply_header(resp, "Allow", "GET, PUT");
                return;
        }
        service = registry_service_of(req, resp, "service_id");
        if (!service)
                return;
        c = registry_schemas(req->world, registry_name(req), js_str(service, "/serviceId"));
        if (!collection_remove(c, path_param(req, "schema_id"))) {
                registry_fail(req, resp, "400016");
                return;
        }
        unlist_id(service, path_param(req, "schema_id"));
        reply_empty(resp, 200);
}

const struct handler servicecomb_schema_handlers[] = {
        { "putSchema", put_schema },
        { "getSchema", get_schema },
        { "listSchemas", list_schemas },
        { "deleteSchema", delete_schema },
        { 0 },
};
