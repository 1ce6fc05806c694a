/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ServiceComb registry: instances. Each is a lease of interval x (times + 1) seconds of the
 * emulator's clock, whatever the speed: heartbeats come from clients, who live in that time.
 */
#include "contrib/emulator/servicecomb_instances.h"
#include "contrib/emulator/util.h"

#include <openssl/evp.h>
#include <string.h>

enum {
        BODY_MAX = 5 * 1024,
        PROPERTIES_MAX = 3 * 1024,
        HOST_LENGTH_MAX = 64,
        INTERVAL_DEFAULT_S = 30,
        INTERVAL_MIN_S = 5,
        TIMES_MIN = 3,
        LEASE_TIMES_MAX = 100000,
};

/* Marks a change that clients see in X-Resource-Revision. */
static void touch(struct world *world, const char *registry, struct json_object *entry) {
        _cleanup_(freep) char *counter = x_printf("servicecomb.%s", registry);

        js_set_int(entry, "/revision", world_counter(world, counter));
}

static void renew(struct world *world, struct json_object *entry) {
        int64_t interval = js_int(entry, "/instance/healthCheck/interval", INTERVAL_DEFAULT_S);
        int64_t times = js_int(entry, "/instance/healthCheck/times", TIMES_MIN);

        js_set_int(entry, "/deadline", world_now(world) + interval * (times + 1) * 1000);
}

/* A heartbeat is due every interval; push has lower bounds, pull is not negotiable. */
static struct json_object *health_check(struct json_object *given) {
        const char *mode = js_str(given, "/mode");
        int64_t interval = js_int(given, "/interval", INTERVAL_DEFAULT_S);
        int64_t times = js_int(given, "/times", TIMES_MIN);
        bool is_pull = str_eq(mode, "pull");

        if (is_pull || interval <= 0)
                interval = INTERVAL_DEFAULT_S;
        else if (interval < INTERVAL_MIN_S)
                interval = INTERVAL_MIN_S;
        if (is_pull || times < TIMES_MIN)
                times = TIMES_MIN;
        if (times > LEASE_TIMES_MAX)
                times = LEASE_TIMES_MAX;
        if (interval > INT32_MAX)
                interval = INT32_MAX;
        return js_pack("{'mode': s, 'port': O, 'interval': i, 'times': i}", mode ? mode : "push",
                       json_object_get(js_get(given, "/port")), interval, times);
}

/* What is kept of a body; empty members are left out. */
static struct json_object *described(struct json_object *body, const char *id,
                                     struct json_object *service) {
        const char *status = js_str(body, "/status");
        struct json_object *endpoints = js_get(body, "/endpoints"),
                           *properties = js_get(body, "/properties");

        return js_pack(
                "{'instanceId': s, 'serviceId': s, 'endpoints': O, 'hostName': s, 'status': s, "
                "'properties': O, 'healthCheck': o, 'dataCenterInfo': O, 'version': s}",
                id, js_str(service, "/serviceId"),
                js_len(endpoints, "") ? js_clone(endpoints) : NULL, js_str(body, "/hostName"),
                status && *status ? status : "UP",
                properties && json_object_object_length(properties) ? js_clone(properties) : NULL,
                health_check(js_get(body, "/healthCheck")),
                json_object_get(js_get(body, "/dataCenterInfo")), js_str(service, "/version"));
}

/* The id of an instance of that service with exactly these endpoints, or NULL: it keeps its id. */
static const char *same_endpoints(struct collection *c, struct json_object *endpoints) {
        for (struct entry *e = collection_first(c); e; e = entry_next(e))
                if (js_len(endpoints, "") > 0 &&
                    json_object_equal(js_get(entry_object(e), "/instance/endpoints"), endpoints))
                        return entry_id(e);
        return NULL;
}

const char *registry_register(struct world *world, const char *registry, const char *service_id,
                              struct json_object *body, bool forever) {
        struct collection *c = registry_instances(world, registry, service_id);
        struct json_object *entry, *instance;
        const char *id = js_str(body, "/instanceId");
        char hex[33];

        if (!id || !*id)
                id = same_endpoints(c, js_get(body, "/endpoints"));
        entry = collection_get(c, id);
        if (entry) {
                renew(world, entry);
                return js_str(entry, "/instance/instanceId");
        }
        instance = described(body, id ? id : world_hex(world, hex, 32),
                             registry_service(world, registry, service_id));
        js_set(instance, "/timestamp", registry_time(world));
        js_set(instance, "/modTimestamp", registry_time(world));
        id = js_str(instance, "/instanceId");
        entry = collection_put(c, id, js_pack("{'instance': o, 'forever': b}", instance, forever));
        renew(world, entry);
        touch(world, registry, entry);
        return id;
}

struct collection *instances_alive(struct world *world, const char *registry,
                                   const char *service_id) {
        struct collection *c = registry_instances(world, registry, service_id);
        struct entry *e = collection_first(c), *next;

        for (; e; e = next) {
                next = entry_next(e);
                if (!js_bool(entry_object(e), "/forever", false) &&
                    js_int(entry_object(e), "/deadline", 0) <= world_now(world))
                        collection_remove(c, entry_id(e));
        }
        return c;
}

static void register_instance(const struct request *req, struct response *resp) {
        struct json_object *service = registry_service_of(req, resp, "service_id");
        struct json_object *body = js_get(req->body, "/instance");
        const char *host = js_str(body, "/hostName"), *id;

        if (!service)
                return;
        if (req->raw_size > BODY_MAX) {
                registry_fail_text(req, resp, "400001", "request body too large");
                return;
        }
        if (!*host || strlen(host) > HOST_LENGTH_MAX) {
                registry_fail_text(req, resp, "400001", "Invalid parameter(s): hostName");
                return;
        }
        id = js_str(service, "/serviceId");
        (void)instances_alive(req->world, registry_name(req), id);
        id = registry_register(req->world, registry_name(req), id, body, false);
        reply_json(resp, 200, js_pack("{'instanceId': s}", id));
}

/* The entry that the path names; answers and returns NULL when there is none. */
static struct json_object *entry_of(const struct request *req, struct response *resp) {
        struct json_object *service = registry_service_of(req, resp, "service_id"), *entry;

        if (!service)
                return NULL;
        entry = collection_get(
                instances_alive(req->world, registry_name(req), js_str(service, "/serviceId")),
                path_param(req, "instance_id"));
        if (!entry)
                registry_fail(req, resp, "400017");
        return entry;
}

void instances_revision(int64_t newest, size_t count, char buf[REVISION_SIZE]) {
        _cleanup_(freep) char *text = x_printf("%lld/%zu", (long long)newest, count);
        unsigned char digest[EVP_MAX_MD_SIZE];
        unsigned size = 0;

        if (!EVP_Digest(text, strlen(text), digest, &size, EVP_sha1(), NULL))
                die("no SHA-1");
        for (unsigned i = 0; i < size; i++)
                snprintf(buf + 2 * i, 3, "%02x", digest[i]);
}

void instances_reply(const struct request *req, struct response *resp, const char *revision,
                     struct json_object *body) {
        const char *known = query_param(req, "rev");

        if (str_eq(known, revision)) {
                json_object_put(body);
                reply_empty(resp, 304);
        } else {
                reply_json(resp, 200, body);
        }
        reply_header(resp, "X-Resource-Revision", revision);
}

/* A provider of another application or environment does not exist for a consumer. */
bool instances_visible(struct json_object *consumer, struct json_object *provider) {
        const char *mine = js_str(consumer, "/environment"),
                   *other = js_str(provider, "/environment");

        if (!consumer)
                return true;
        return str_eq(mine ? mine : "", other ? other : "") &&
               (str_eq(js_str(consumer, "/appId"), js_str(provider, "/appId")) ||
                str_eq(js_str(provider, "/properties/allowCrossApp"), "true"));
}

int instances_consumer(const struct request *req, struct response *resp, struct json_object **ret) {
        const char *id = header(req, "X-ConsumerId");
        struct json_object *consumer = NULL;

        if (id && *id) {
                consumer = registry_service(req->world, registry_name(req), id);
                if (!consumer) {
                        registry_fail(req, resp, "400012");
                        return -ENOENT;
                }
        }
        *ret = consumer;
        return 0;
}

/* The service of the path, if the consumer and the tags of the request let it be seen. */
static struct json_object *seen_service(const struct request *req, struct response *resp,
                                        const char *hidden_code) {
        const char *tags = query_param(req, "tags");
        struct json_object *service, *consumer;

        if (instances_consumer(req, resp, &consumer) < 0)
                return NULL;
        service = registry_service_of(req, resp, "service_id");
        if (!service)
                return NULL;
        if (!instances_visible(consumer, service) ||
            (tags && !registry_has_tags(req->world, registry_name(req),
                                        js_str(service, "/serviceId"), tags))) {
                registry_fail(req, resp, hidden_code);
                return NULL;
        }
        return service;
}

static void list_instances(const struct request *req, struct response *resp) {
        struct json_object *service = seen_service(req, resp, "400012"), *list;
        char revision[REVISION_SIZE];
        int64_t newest = 0;

        if (!service)
                return;
        list = json_object_new_array();
        instances_collect(req->world, registry_name(req), service, list, &newest);
        instances_revision(newest, js_len(list, ""), revision);
        instances_reply(req, resp, revision, instances_body(list));
}

static void get_instance(const struct request *req, struct response *resp) {
        char revision[REVISION_SIZE];
        struct json_object *entry;

        if (!seen_service(req, resp, "400017"))
                return;
        entry = entry_of(req, resp);
        if (!entry)
                return;
        instances_revision(js_int(entry, "/revision", 0), 1, revision);
        instances_reply(req, resp, revision,
                        js_pack("{'instance': o}", json_object_get(js_get(entry, "/instance"))));
}

static void deregister(const struct request *req, struct response *resp) {
        struct json_object *entry = entry_of(req, resp);

        if (!entry)
                return;
        collection_remove(
                registry_instances(req->world, registry_name(req), path_param(req, "service_id")),
                path_param(req, "instance_id"));
        reply_empty(resp, 200);
}

static void heartbeat(const struct request *req, struct response *resp) {
        struct json_object *entry = entry_of(req, resp);

        if (!entry)
                return;
        renew(req->world, entry);
        reply_empty(resp, 200);
}

static void change(const struct request *req, struct response *resp, struct json_object *entry,
                   const char *pointer, struct json_object *value) {
        if (value)
                js_set(entry, pointer, value);
        else
                js_remove(entry, pointer);
        js_set(entry, "/instance/modTimestamp", registry_time(req->world));
        touch(req->world, registry_name(req), entry);
        reply_empty(resp, 200);
}

static void update_status(const struct request *req, struct response *resp) {
        struct json_object *entry = entry_of(req, resp);

        if (entry)
                change(req, resp, entry, "/instance/status",
                       json_object_new_string(query_param(req, "value")));
}

static void update_properties(const struct request *req, struct response *resp) {
        struct json_object *entry = entry_of(req, resp),
                           *properties = js_get(req->body, "/properties");

        if (!entry)
                return;
        if (req->raw_size > PROPERTIES_MAX) {
                registry_fail_text(req, resp, "400001", "request body too large");
                return;
        }
        change(req, resp, entry, "/instance/properties",
               properties && json_object_object_length(properties) ? js_clone(properties) : NULL);
}

const struct handler servicecomb_instance_handlers[] = {
        { "registerInstance", register_instance },
        { "listInstances", list_instances },
        { "getInstance", get_instance },
        { "deregisterInstance", deregister },
        { "sendHeartbeat", heartbeat },
        { "updateInstanceStatus", update_status },
        { "updateInstanceProperties", update_properties },
        { 0 },
};
