/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ServiceComb registry: discovery across the versions of a service, and the dependencies it leaves
 * behind.
 */
#include "contrib/emulator/servicecomb_instances.h"
#include "contrib/emulator/util.h"

#include <string.h>

enum { DEPENDENCY_DELAY_MS = 2000 };

void instances_collect(struct world *world, const char *registry, struct json_object *service,
                       struct json_object *list, int64_t *newest) {
        struct entry *e =
                collection_first(instances_alive(world, registry, js_str(service, "/serviceId")));

        for (; e; e = entry_next(e)) {
                int64_t revision = js_int(entry_object(e), "/revision", 0);

                if (revision > *newest)
                        *newest = revision;
                json_object_array_add(list, json_object_get(js_get(entry_object(e), "/instance")));
        }
}

struct json_object *instances_body(struct json_object *list) {
        if (js_len(list, "") == 0) {
                json_object_put(list);
                list = NULL;
        }
        return js_pack("{'instances': O}", list);
}

/* What is looked for; environment "" is one of its own. */
struct key {
        const char *environment, *app, *name;
};

/* Returns the code of an error, or NULL; then the instances of all versions are in the list. */
static const char *find(const struct request *req, struct json_object *consumer,
                        const struct key *key, const char *tags, struct json_object *list,
                        char revision[REVISION_SIZE]) {
        const char *registry = registry_name(req);
        struct entry *e =
                collection_first(world_collection(req->world, "servicecomb/services", registry));
        bool found = false;
        int64_t newest = 0;

        for (; e; e = entry_next(e)) {
                struct json_object *service = js_get(entry_object(e), "/service");

                if (!registry_has_key(service, key->environment, key->app, key->name, NULL) ||
                    !instances_visible(consumer, service) ||
                    (tags && !registry_has_tags(req->world, registry, entry_id(e), tags)))
                        continue;
                found = true;
                instances_collect(req->world, registry, service, list, &newest);
        }
        instances_revision(newest, js_len(list, ""), revision);
        if (found && consumer)
                registry_depend(req->world, registry, js_str(consumer, "/serviceId"),
                                key->environment, key->app, key->name, true);
        return found ? NULL : "400012";
}

static void find_instances(const struct request *req, struct response *resp) {
        struct key key = { query_param(req, "env"), query_param(req, "appId"),
                           query_param(req, "serviceName") };
        struct json_object *list, *consumer;
        char revision[REVISION_SIZE];
        const char *code;

        if (instances_consumer(req, resp, &consumer) < 0)
                return;
        if (consumer)
                key.environment = js_str(consumer, "/environment");
        if (!key.environment)
                key.environment = "";
        list = json_object_new_array();
        code = find(req, consumer, &key, query_param(req, "tags"), list, revision);
        if (code) {
                json_object_put(list);
                registry_fail(req, resp, code);
                return;
        }
        instances_reply(req, resp, revision, instances_body(list));
}

/* One of the two halves of a batch answer; parts that are empty are left out. */
struct batch {
        struct json_object *failed, *unchanged, *updated;
};

static void batch_add_failure(struct batch *batch, size_t index, const char *code) {
        static const struct {
                const char *code, *message;
        } texts[] = {
                { "400012", "Micro-service does not exist" },
                { "400017", "Instance does not exist" },
        };
        const char *message = texts[str_eq(code, "400017")].message;

        for (size_t i = 0; i < js_len(batch->failed, ""); i++) {
                struct json_object *old = js_at(batch->failed, i);

                if (str_eq(js_str(old, "/error/errorCode"), code)) {
                        js_set_int(old, "/indexes/-", (int64_t)index);
                        return;
                }
        }
        json_object_array_add(
                batch->failed,
                js_pack("{'indexes': [i], 'error': {'errorCode': s, 'errorMessage': s, "
                        "'detail': s}}",
                        (int64_t)index, code, message, message));
}

static void batch_add(struct batch *batch, size_t index, const char *known, const char *revision,
                      struct json_object *list) {
        if (str_eq(known, revision)) {
                json_object_array_add(batch->unchanged, json_object_new_int64((int64_t)index));
                json_object_put(list);
        } else {
                json_object_array_add(batch->updated,
                                      js_pack("{'index': i, 'rev': s, 'instances': o}",
                                              (int64_t)index, revision, list));
        }
}

static struct json_object *if_any(struct json_object *list) {
        if (js_len(list, "") > 0)
                return list;
        json_object_put(list);
        return NULL;
}

static struct json_object *batch_body(struct batch *batch) {
        return js_pack("{'failed': O, 'notModified': O, 'updated': O}", if_any(batch->failed),
                       if_any(batch->unchanged), if_any(batch->updated));
}

static struct batch batch_new(void) {
        return (struct batch){ json_object_new_array(), json_object_new_array(),
                               json_object_new_array() };
}

static struct json_object *batch_services(const struct request *req, struct json_object *consumer,
                                          struct json_object *wanted) {
        struct batch batch = batch_new();

        for (size_t i = 0; i < js_len(wanted, ""); i++) {
                struct json_object *item = js_at(wanted, i), *list = json_object_new_array();
                struct key key = { js_str(item, "/service/environment"),
                                   js_str(item, "/service/appId"),
                                   js_str(item, "/service/serviceName") };
                char revision[REVISION_SIZE];
                const char *code = find(req, consumer, &key, NULL, list, revision);

                if (code) {
                        json_object_put(list);
                        batch_add_failure(&batch, i, code);
                } else {
                        batch_add(&batch, i, js_str(item, "/rev"), revision, list);
                }
        }
        return batch_body(&batch);
}

static struct json_object *batch_instances(const struct request *req, struct json_object *wanted) {
        const char *registry = registry_name(req);
        struct batch batch = batch_new();

        for (size_t i = 0; i < js_len(wanted, ""); i++) {
                struct json_object *item = js_at(wanted, i), *list, *entry;
                const char *service = js_str(item, "/instance/serviceId");
                const char *id = js_str(item, "/instance/instanceId");
                char revision[REVISION_SIZE];

                if (!service || !registry_service(req->world, registry, service)) {
                        batch_add_failure(&batch, i, "400012");
                        continue;
                }
                entry = collection_get(instances_alive(req->world, registry, service), id);
                if (!entry) {
                        batch_add_failure(&batch, i, "400017");
                        continue;
                }
                list = json_object_new_array();
                json_object_array_add(list, json_object_get(js_get(entry, "/instance")));
                instances_revision(js_int(entry, "/revision", 0), 1, revision);
                batch_add(&batch, i, js_str(item, "/rev"), revision, list);
        }
        return batch_body(&batch);
}

static void batch_find(const struct request *req, struct response *resp) {
        struct json_object *services = js_get(req->body, "/services");
        struct json_object *instances = js_get(req->body, "/instances"), *consumer;

        if (instances_consumer(req, resp, &consumer) < 0)
                return;
        reply_json(resp, 200,
                   js_pack("{'services': O, 'instances': O}",
                           services ? batch_services(req, consumer, services) : NULL,
                           instances ? batch_instances(req, instances) : NULL));
}

static void add_dependency(struct world *world, struct json_object *argument) {
        const char *registry = js_str(argument, "/registry"),
                   *consumer = js_str(argument, "/consumer");
        _cleanup_(freep) char *id = NULL;

        if (!registry_service(world, registry, consumer))
                return;
        id = x_printf("%s/%s/%s/%s", consumer, js_str(argument, "/environment"),
                      js_str(argument, "/appId"), js_str(argument, "/serviceName"));
        collection_put(world_collection(world, "servicecomb/dependencies", registry), id,
                       js_clone(argument));
}

void registry_depend(struct world *world, const char *registry, const char *consumer,
                     const char *environment, const char *app, const char *name, bool later) {
        struct json_object *argument = js_pack(
                "{'registry': s, 'consumer': s, 'environment': s, 'appId': s, 'serviceName': s}",
                registry, consumer, environment, app, name);

        if (later) {
                life_event(world, DEPENDENCY_DELAY_MS, "servicecomb.depend", argument);
        } else {
                add_dependency(world, argument);
                json_object_put(argument);
        }
}

static bool depends_on(struct json_object *dependency, struct json_object *service) {
        return registry_has_key(service, js_str(dependency, "/environment"),
                                js_str(dependency, "/appId"), js_str(dependency, "/serviceName"),
                                NULL);
}

bool registry_has_consumers(struct world *world, const char *registry,
                            struct json_object *service) {
        struct entry *e =
                collection_first(world_collection(world, "servicecomb/dependencies", registry));

        for (; e; e = entry_next(e))
                if (depends_on(entry_object(e), service) &&
                    !str_eq(js_str(entry_object(e), "/consumer"), js_str(service, "/serviceId")))
                        return true;
        return false;
}

/* Whether a service depends on another by any of its dependencies. */
static bool is_provider(struct world *world, const char *registry, const char *consumer,
                        struct json_object *service) {
        struct entry *e =
                collection_first(world_collection(world, "servicecomb/dependencies", registry));

        for (; e; e = entry_next(e))
                if (str_eq(js_str(entry_object(e), "/consumer"), consumer) &&
                    depends_on(entry_object(e), service))
                        return true;
        return false;
}

/*
 * noSelf leaves the consumer itself out, as service-center does (the document says the opposite).
 */
static void list_providers(const struct request *req, struct response *resp) {
        struct json_object *consumer = registry_service_of(req, resp, "consumer_id"), *list;
        const char *registry = registry_name(req), *id = path_param(req, "consumer_id");
        bool without_self = query_int(req, "noSelf", 0) == 1;
        struct entry *e;

        if (!consumer)
                return;
        list = json_object_new_array();
        e = collection_first(world_collection(req->world, "servicecomb/services", registry));
        for (; e; e = entry_next(e)) {
                struct json_object *service = js_get(entry_object(e), "/service");

                if (is_provider(req->world, registry, id, service) &&
                    !(without_self && str_eq(entry_id(e), id)))
                        json_object_array_add(list, json_object_get(service));
        }
        reply_json(resp, 200, js_pack("{'providers': O}", if_any(list)));
}

const struct handler servicecomb_find_handlers[] = {
        { "findInstances", find_instances },
        { "batchFindInstances", batch_find },
        { "listProviders", list_providers },
        { 0 },
};

const struct event servicecomb_events[] = {
        { "servicecomb.depend", add_dependency },
        { 0 },
};
