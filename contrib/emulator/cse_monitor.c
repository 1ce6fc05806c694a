/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CSE: monitoring. The figures are a function of the service and of the minute, so that they move
 * and two reads within a minute agree.
 */
#include "contrib/emulator/cse.h"

#include "contrib/emulator/servicecomb_instances.h"
#include "contrib/emulator/util.h"

#include <string.h>

enum { PAGE_SIZE = 10 };

/* FNV-1a over a text and a number. */
static uint64_t mix(const char *text, int64_t number) {
        uint64_t hash = 0xcbf29ce484222325;

        for (; *text; text++)
                hash = (hash ^ (unsigned char)*text) * 0x100000001b3;
        for (int i = 0; i < 8; i++)
                hash = (hash ^ (uint64_t)(number >> (8 * i) & 0xff)) * 0x100000001b3;
        return hash;
}

/* A number below `bound` that belongs to the service, the figure and the minute. */
static int64_t figure(const struct request *req, const char *service, const char *what,
                      int64_t bound) {
        _cleanup_(freep) char *text = x_printf("%s/%s", service, what);

        return (int64_t)(mix(text, world_now(req->world) / 60000) % (uint64_t)bound);
}

static bool is_named(const char *list, const char *name) {
        _cleanup_(freep) char *copy = x_strdup(list);
        char *rest = copy;

        while (rest)
                if (str_eq(strsep(&rest, ","), name))
                        return true;
        return false;
}

typedef struct json_object *(*row_fn)(const struct request *req, struct json_object *service);

/* A row for each service of the engine whose name stands in the list. */
static struct json_object *rows(const struct request *req, struct json_object *engine,
                                const char *names, row_fn make) {
        struct json_object *all = json_object_new_array();
        struct entry *e = collection_first(
                world_collection(req->world, "servicecomb/services", cse_host(engine)));

        for (; e; e = entry_next(e)) {
                struct json_object *service = js_get(entry_object(e), "/service");

                if (is_named(names, js_str(service, "/serviceName")))
                        json_object_array_add(all, make(req, service));
        }
        return all;
}

static const char *environment_of(struct json_object *service) {
        const char *environment = js_str(service, "/environment");

        return environment ? environment : "";
}

static struct json_object *threshold(const struct request *req, struct json_object *service) {
        const char *name = js_str(service, "/serviceName");

        return js_pack(
                "{'serviceName': s, 'appId': s, 'environment': s, 'throughput': i, 'avgDelay': i, "
                "'failureRate': f, '$timestamp': i}",
                name, js_str(service, "/appId"), environment_of(service),
                figure(req, name, "throughput", 1000), figure(req, name, "delay", 200),
                (double)figure(req, name, "failures", 20) / 2, world_now(req->world));
}

static void list_thresholds(const struct request *req, struct response *resp) {
        struct json_object *engine = cse_engine_routed(req, resp, "CSE");

        if (engine)
                reply_json(resp, 200, rows(req, engine, query_param(req, "services"), threshold));
}

static struct json_object *metric(const struct request *req, struct json_object *service) {
        const char *name = js_str(service, "/serviceName");
        int64_t total = figure(req, name, "throughput", 1000) * 60;
        double delay = (double)figure(req, name, "delay", 200);

        return js_pack(
                "{'time': i, 'appId': s, 'version': s, 'qps': f, 'latency': f, 'failureRate': f, "
                "'total': i, 'breakerRateAgg': f, 'circuitBreakerOpen': b, 'failure': i, "
                "'shortCircuited': i, 'semaphoreRejected': i, 'threadPoolRejected': i, "
                "'countTimeout': i, 'l995': f, 'l99': f, 'l90': f, 'l50': f, 'l5': f, 'name': s, "
                "'serviceId': s, 'instanceCount': i, 'environment': s, "
                "'diagnosis': {'instanceCache': n}}",
                world_now(req->world), js_str(service, "/appId"), js_str(service, "/version"),
                (double)total / 60, delay, (double)figure(req, name, "failures", 20) / 2, total,
                0.0, false, figure(req, name, "failed", 20), (int64_t)0, (int64_t)0, (int64_t)0,
                figure(req, name, "timeouts", 5), delay * 4, delay * 3, delay * 2, delay, delay / 4,
                name, js_str(service, "/serviceId"), figure(req, name, "instances", 4) + 1,
                environment_of(service));
}

/* An array in an array: one row for each service asked for. */
static void get_metrics(const struct request *req, struct response *resp) {
        struct json_object *engine = cse_engine_routed(req, resp, "CSE");

        if (engine)
                reply_json(resp, 200,
                           js_pack("[o]", rows(req, engine, query_param(req, "service"), metric)));
}

static struct json_object *metric_key(const struct request *req, struct json_object *service) {
        const char *name = js_str(service, "/serviceName");
        _cleanup_(freep) char *key =
                x_printf("%s@%s#%s", name, js_str(service, "/appId"), js_str(service, "/version"));

        return js_pack("{'key': s, 'serviceId': s, 'serviceName': s, 'appId': s, 'version': s, "
                       "'environment': s, 'custom': {'qps': f, 'latency': f, 'total': f}}",
                       key, js_str(service, "/serviceId"), name, js_str(service, "/appId"),
                       js_str(service, "/version"), environment_of(service),
                       (double)figure(req, name, "throughput", 1000),
                       (double)figure(req, name, "delay", 200),
                       (double)figure(req, name, "throughput", 1000) * 60);
}

static bool is_wanted(const struct request *req, struct json_object *service) {
        const char *apps = query_param(req, "appIds"), *filter = query_param(req, "nameFilter");

        return (!apps || !*apps || is_named(apps, js_str(service, "/appId"))) &&
               (!filter || strstr(js_str(service, "/serviceName"), filter));
}

static int compare_keys(const void *a, const void *b) {
        struct json_object *const *left = a, *const *right = b;

        return strcmp(js_str(*left, "/key"), js_str(*right, "/key"));
}

static int compare_keys_down(const void *a, const void *b) {
        return compare_keys(b, a);
}

/* Each application once. */
static void note_app(struct json_object *apps, const char *app) {
        for (size_t i = 0; i < js_len(apps, ""); i++)
                if (str_eq(json_object_get_string(js_at(apps, i)), app))
                        return;
        json_object_array_add(apps, json_object_new_string(app));
}

static void list_metrics(const struct request *req, struct response *resp) {
        struct json_object *engine = cse_engine_routed(req, resp, "CSE"), *all, *apps;
        struct page page = page_by_number(req, "page", "number", PAGE_SIZE);
        struct entry *e;
        int64_t total;

        if (!engine)
                return;
        all = json_object_new_array();
        apps = json_object_new_array();
        e = collection_first(
                world_collection(req->world, "servicecomb/services", cse_host(engine)));
        for (; e; e = entry_next(e)) {
                struct json_object *service = js_get(entry_object(e), "/service");

                note_app(apps, js_str(service, "/appId"));
                if (is_wanted(req, service))
                        json_object_array_add(all, metric_key(req, service));
        }
        json_object_array_sort(all, str_eq(query_param(req, "sortType"), "decrease")
                                            ? compare_keys_down
                                            : compare_keys);
        total = (int64_t)js_len(all, "");
        if (page.limit == 0)
                page.limit = -1;
        reply_json(resp, 200,
                   js_pack("{'list': o, 'appIds': o, 'page': i, 'number': i, 'total': i}",
                           page_cut(page, all), apps, query_int(req, "page", 1),
                           query_int(req, "number", PAGE_SIZE), total));
}

const struct handler cse_monitor_handlers[] = {
        { "listMicroserviceThresholds", list_thresholds },
        { "getMicroserviceMetrics", get_metrics },
        { "listMicroserviceMetrics", list_metrics },
        { 0 },
};
