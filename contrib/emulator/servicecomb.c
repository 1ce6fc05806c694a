/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ServiceComb registry: services. Behaviour of service-center where the documents are silent:
 * absent members get its defaults, an empty environment is a key value of its own, the id is the
 * SHA-1 of the key, a second creation of a key answers the first id.
 */
#include "contrib/emulator/servicecomb.h"

#include "contrib/emulator/util.h"

#include <openssl/evp.h>
#include <stdarg.h>
#include <string.h>

enum { SHA1_HEX_SIZE = 41, PROPERTIES_MAX = 3 * 1024, VERSION_PART_MAX = 32767 };

const char *registry_name(const struct request *req) {
        return req->instance;
}

static int status_of(const char *code) {
        return (code[0] - '0') * 100 + (code[1] - '0') * 10 + (code[2] - '0');
}

void registry_fail(const struct request *req, struct response *resp, const char *code) {
        reply_error_code(req, resp, status_of(code), code);
}

void registry_fail_text(const struct request *req, struct response *resp, const char *code,
                        const char *format, ...) {
        _cleanup_(freep) char *text = NULL;
        va_list args;

        va_start(args, format);
        if (vasprintf(&text, format, args) < 0)
                die("out of memory");
        va_end(args);
        reply_error(req, resp, status_of(code), code, "%s", text);
}

struct json_object *registry_time(struct world *world) {
        char text[32];

        snprintf(text, sizeof(text), "%lld", (long long)(world_now(world) / 1000));
        return json_object_new_string(text);
}

bool registry_setting(struct world *world, const char *registry, const char *name) {
        struct collection *c = world_collection(world, "servicecomb/settings", registry);

        return collection_get(c, name) != NULL;
}

void registry_set(struct world *world, const char *registry, const char *name) {
        collection_put(world_collection(world, "servicecomb/settings", registry), name,
                       js_pack("{'is_set': b}", true));
}

static struct collection *services(struct world *world, const char *registry) {
        return world_collection(world, "servicecomb/services", registry);
}

struct json_object *registry_service(struct world *world, const char *registry, const char *id) {
        return js_get(collection_get(services(world, registry), id), "/service");
}

struct json_object *registry_service_of(const struct request *req, struct response *resp,
                                        const char *param) {
        struct json_object *service =
                registry_service(req->world, registry_name(req), path_param(req, param));

        if (!service)
                registry_fail(req, resp, "400012");
        return service;
}

static struct collection *of_service(struct world *world, const char *kind, const char *registry,
                                     const char *service_id) {
        _cleanup_(freep) char *scope = x_printf("%s/%s", registry, service_id);

        return world_collection(world, kind, scope);
}

struct collection *registry_schemas(struct world *world, const char *registry,
                                    const char *service_id) {
        return of_service(world, "servicecomb/schemas", registry, service_id);
}

struct collection *registry_instances(struct world *world, const char *registry,
                                      const char *service_id) {
        return of_service(world, "servicecomb/instances", registry, service_id);
}

/* Absent and empty are the same. */
static bool same(const char *a, const char *b) {
        return str_eq(a ? a : "", b ? b : "");
}

bool registry_has_key(struct json_object *service, const char *environment, const char *app,
                      const char *name, const char *version) {
        return (!environment || same(js_str(service, "/environment"), environment)) &&
               str_eq(js_str(service, "/appId"), app) &&
               str_eq(js_str(service, "/serviceName"), name) &&
               (!version || str_eq(js_str(service, "/version"), version));
}

bool registry_has_tags(struct world *world, const char *registry, const char *id,
                       const char *tags) {
        struct json_object *have = js_get(collection_get(services(world, registry), id), "/tags");
        _cleanup_(freep) char *copy = x_strdup(tags);
        char *rest = copy;

        while (rest)
                if (!json_object_object_get_ex(have, strsep(&rest, ","), NULL))
                        return false;
        return true;
}

static struct json_object *find_key(struct world *world, const char *registry,
                                    struct json_object *key) {
        struct entry *e = collection_first(services(world, registry));

        for (; e; e = entry_next(e)) {
                struct json_object *service = js_get(entry_object(e), "/service");
                const char *environment = js_str(key, "/environment");

                if (registry_has_key(service, environment ? environment : "", js_str(key, "/appId"),
                                     js_str(key, "/serviceName"), js_str(key, "/version")))
                        return service;
        }
        return NULL;
}

static void key_id(struct json_object *key, char buf[SHA1_HEX_SIZE]) {
        const char *environment = js_str(key, "/environment");
        _cleanup_(freep) char *text = x_printf(
                "default/default/%s/%s/%s/%s", environment ? environment : "",
                js_str(key, "/appId"), js_str(key, "/serviceName"), js_str(key, "/version"));
        unsigned char digest[EVP_MAX_MD_SIZE];
        unsigned size = 0;

        if (!EVP_Digest(text, strlen(text), digest, &size, EVP_sha1(), NULL))
                die("no SHA-1");
        for (unsigned i = 0; i < size; i++)
                snprintf(buf + 2 * i, 3, "%02x", digest[i]);
}

/* Members that are empty do not come back. */
static void drop_empty(struct json_object *object) {
        static const char *const names[] = { "environment", "description", "schemas",  "paths",
                                             "properties",  "alias",       "serviceId" };

        for (size_t i = 0; i < ELEMENTSOF(names); i++) {
                struct json_object *member = NULL;

                json_object_object_get_ex(object, names[i], &member);
                if ((json_object_is_type(member, json_type_string) &&
                     json_object_get_string_len(member) == 0) ||
                    (json_object_is_type(member, json_type_array) &&
                     json_object_array_length(member) == 0) ||
                    (json_object_is_type(member, json_type_object) &&
                     json_object_object_length(member) == 0))
                        json_object_object_del(object, names[i]);
        }
}

static void set_default(struct json_object *object, const char *pointer, const char *value) {
        const char *have = js_str(object, pointer);

        if (!have || !*have)
                js_set_str(object, pointer, value);
}

/* A client's description, completed by the defaults; the id in it only if the client chose one. */
static struct json_object *described(struct json_object *body) {
        struct json_object *service = js_clone(js_get(body, "/service"));

        set_default(service, "/appId", "default");
        set_default(service, "/version", "0.0.1");
        set_default(service, "/level", "BACK");
        set_default(service, "/status", "UP");
        if (js_get(service, "/framework"))
                set_default(service, "/framework/name", "UNKNOWN");
        drop_empty(service);
        return service;
}

/* Stores a service (taken over) under the id that it brings, else under that of its key. */
static struct json_object *store(struct world *world, const char *registry,
                                 struct json_object *described_service, struct json_object *tags) {
        const char *given = js_str(described_service, "/serviceId");
        struct json_object *service;
        char id[SHA1_HEX_SIZE];

        key_id(described_service, id);
        service = js_pack("{'serviceId': s}", given ? given : id);
        js_copy_members(service, described_service, NULL);
        json_object_put(described_service);
        js_set(service, "/timestamp", registry_time(world));
        js_set(service, "/modTimestamp", registry_time(world));
        collection_put(services(world, registry), js_str(service, "/serviceId"),
                       js_pack("{'service': o, 'tags': o}", service,
                               tags ? js_clone(tags) : json_object_new_object()));
        return service;
}

struct json_object *registry_add(struct world *world, const char *registry,
                                 struct json_object *body) {
        struct json_object *service = described(body), *old = find_key(world, registry, service);

        if (old) {
                json_object_put(service);
                return old;
        }
        return store(world, registry, service, js_get(body, "/tags"));
}

/* Up to four numbers of at most 32767. */
static bool is_version(const char *version) {
        _cleanup_(freep) char *copy = x_strdup(version);
        char *rest = copy;
        int parts = 0;

        while (rest) {
                int64_t number;

                if (parse_int(strsep(&rest, "."), &number) < 0 || number < 0 ||
                    number > VERSION_PART_MAX)
                        return false;
                parts++;
        }
        return parts <= 4;
}

static void create_microservice(const struct request *req, struct response *resp) {
        const char *registry = registry_name(req);
        struct json_object *service = described(req->body),
                           *instances = js_get(req->body, "/instances");
        struct json_object *old = find_key(req->world, registry, service);
        const char *id = js_str(service, "/serviceId");

        if (!is_version(js_str(service, "/version")))
                registry_fail_text(req, resp, "400001", "Invalid parameter(s): version");
        else if (id && (old ? !str_eq(id, js_str(old, "/serviceId"))
                            : registry_service(req->world, registry, id) != NULL))
                registry_fail(req, resp, "400010");
        else {
                if (!old) {
                        old = store(req->world, registry, json_object_get(service),
                                    js_get(req->body, "/tags"));
                        for (size_t i = 0; i < js_len(instances, ""); i++)
                                registry_register(req->world, registry, js_str(old, "/serviceId"),
                                                  js_at(instances, i), false);
                }
                reply_json(resp, 200, js_pack("{'serviceId': s}", js_str(old, "/serviceId")));
        }
        json_object_put(service);
}

static void get_microservice(const struct request *req, struct response *resp) {
        struct json_object *service = registry_service_of(req, resp, "service_id");

        if (service)
                reply_json(resp, 200, js_pack("{'service': o}", json_object_get(service)));
}

static void list_microservices(const struct request *req, struct response *resp) {
        struct json_object *list = json_object_new_array();
        struct entry *e = collection_first(services(req->world, registry_name(req)));

        for (; e; e = entry_next(e))
                json_object_array_add(list, json_object_get(js_get(entry_object(e), "/service")));
        if (js_len(list, "") == 0) {
                json_object_put(list);
                list = NULL;
        }
        reply_json(resp, 200, js_pack("{'services': O}", list));
}

void registry_remove(struct world *world, const char *registry, const char *id) {
        _cleanup_(freep) char *scope = x_printf("%s/%s", registry, id);
        struct collection *dependencies =
                world_collection(world, "servicecomb/dependencies", registry);
        struct entry *e = collection_first(dependencies), *next;

        for (; e; e = next) {
                next = entry_next(e);
                if (str_eq(js_str(entry_object(e), "/consumer"), id))
                        collection_remove(dependencies, entry_id(e));
        }
        world_drop(world, "servicecomb/schemas", scope);
        world_drop(world, "servicecomb/instances", scope);
        collection_remove(services(world, registry), id);
}

void registry_drop(struct world *world, const char *registry) {
        struct entry *e = collection_first(services(world, registry)), *next;

        for (; e; e = next) {
                next = entry_next(e);
                registry_remove(world, registry, entry_id(e));
        }
        world_drop(world, "servicecomb/settings", registry);
}

/* Why a service cannot go, as a code; NULL when it can, and then it is gone. */
static const char *try_remove(const struct request *req, const char *id, bool force) {
        const char *registry = registry_name(req);
        struct json_object *service = registry_service(req->world, registry, id);

        if (!service)
                return "400012";
        if (!force && collection_count(registry_instances(req->world, registry, id)) > 0)
                return "400013";
        if (!force && registry_has_consumers(req->world, registry, service))
                return "400023";
        registry_remove(req->world, registry, id);
        return NULL;
}

static void delete_microservice(const struct request *req, struct response *resp) {
        const char *code =
                try_remove(req, path_param(req, "service_id"), query_bool(req, "force", false));

        if (code)
                registry_fail(req, resp, code);
        else
                reply_empty(resp, 200);
}

/* The document has force in the query, service-center reads it from the body: either will do. */
static void delete_microservices(const struct request *req, struct response *resp) {
        bool force = query_bool(req, "force", false) || js_bool(req->body, "/force", false);
        struct json_object *ids = js_get(req->body, "/serviceIds"), *done = json_object_new_array();

        for (size_t i = js_len(ids, ""); i-- > 0;) { /* the order is not kept */
                const char *id = json_object_get_string(js_at(ids, i));
                const char *code = try_remove(req, id, force);

                json_object_array_add(
                        done, js_pack("{'serviceId': s, 'errMessage': S}", id,
                                      !code                    ? NULL
                                      : str_eq(code, "400012") ? "Micro-service does not exist"
                                      : str_eq(code, "400013")
                                              ? "Micro-service has deployed instance(s)"
                                              : "Consumer(s) depends on this micro-service"));
        }
        reply_json(resp, 200, js_pack("{'services': o}", done));
}

static void update_properties(const struct request *req, struct response *resp) {
        struct json_object *service = registry_service_of(req, resp, "service_id");

        if (!service)
                return;
        if (req->raw_size > PROPERTIES_MAX) {
                registry_fail_text(req, resp, "400001", "request body too large");
                return;
        }
        js_set(service, "/properties", js_clone(js_get(req->body, "/properties")));
        js_set(service, "/modTimestamp", registry_time(req->world));
        drop_empty(service);
        reply_empty(resp, 200);
}

static void service_exists(const struct request *req, struct response *resp) {
        const char *env = query_param(req, "env"), *app = query_param(req, "appId");
        const char *name = query_param(req, "serviceName"), *version = query_param(req, "version");
        struct entry *e = collection_first(services(req->world, registry_name(req)));
        bool other_version = false;

        if (!name || !version) {
                registry_fail_text(req, resp, "400001",
                                   "Invalid parameter(s): serviceName and version");
                return;
        }
        for (; e; e = entry_next(e)) {
                struct json_object *service = js_get(entry_object(e), "/service");

                if (!registry_has_key(service, env ? env : "", app ? app : "default", name, NULL))
                        continue;
                if (str_eq(js_str(service, "/version"), version)) {
                        reply_json(resp, 200, js_pack("{'serviceId': s}", entry_id(e)));
                        return;
                }
                other_version = true;
        }
        registry_fail(req, resp, other_version ? "400026" : "400012");
}

static void schema_exists(const struct request *req, struct response *resp) {
        const char *id = query_param(req, "serviceId"), *schema_id = query_param(req, "schemaId");
        const char *registry = registry_name(req), *summary;
        struct json_object *schema;

        if (!id || !schema_id) {
                registry_fail_text(req, resp, "400001",
                                   "Invalid parameter(s): serviceId and schemaId");
                return;
        }
        if (!registry_service(req->world, registry, id)) {
                registry_fail(req, resp, "400012");
                return;
        }
        schema = collection_get(registry_schemas(req->world, registry, id), schema_id);
        if (!schema) {
                registry_fail(req, resp, "400016");
                return;
        }
        reply_json(resp, 200, js_pack("{'serviceId': s, 'schemaId': s}", id, schema_id));
        summary = js_str(schema, "/summary");
        if (summary)
                reply_header(resp, "X-Schema-Summary", summary);
}

static void check_existence(const struct request *req, struct response *resp) {
        if (str_eq(query_param(req, "type"), "schema"))
                schema_exists(req, resp);
        else
                service_exists(req, resp);
}

const struct handler servicecomb_handlers[] = {
        { "createMicroservice", create_microservice },
        { "getMicroservice", get_microservice },
        { "listMicroservices", list_microservices },
        { "deleteMicroservice", delete_microservice },
        { "deleteMicroservices", delete_microservices },
        { "updateMicroserviceProperties", update_properties },
        { "checkExistence", check_existence },
        { 0 },
};
