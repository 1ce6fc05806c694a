/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/faults/truth.h"

#include <string.h>

#define VERSION "lab/registry/development/default/provider/1.0.0/"
#define PROJECT "0a1b2c3d4e5f60718293a4b5c6d7e8f9"

const char *const sort_names[SORTS] = {
        [SORT_VALUE] = "value",   [SORT_SCHEMA] = "schema", [SORT_PROPERTIES] = "properties",
        [SORT_POLICY] = "policy", [SORT_ALARM] = "alarm",   [SORT_FLEET] = "fleet",
};

char *thing_path(enum sort sort, const char *name) {
        switch (sort) {
        case SORT_VALUE:
                return rig_path("lab/config/app=default/%s", name);
        case SORT_SCHEMA:
                return rig_path(VERSION "schemas/%s.yaml", name);
        case SORT_PROPERTIES:
                return rig_path(VERSION "properties.json");
        case SORT_POLICY:
                return rig_path("demo/ucs/policies/%s.json", name);
        case SORT_ALARM:
                return rig_path("demo/cn-north-4/dws/alarm-subscriptions/%s.json", name);
        case SORT_FLEET:
        case SORTS:
                break;
        }
        return rig_path("demo/ucs/fleets/%s", name);
}

/* What is there, with another text in it; NULL: nothing is there. */
static char *changed(enum sort sort, const char *name, const char *text) {
        _cleanup_(freep) char *path = thing_path(sort, name), *data = NULL, *ret = NULL;
        struct json_object *json = NULL;
        size_t len;

        if (rig_read(path, &data, &len) < 0 || js_parse(data, len, &json) < 0)
                return NULL;
        if (js_set_str(json,
                       sort == SORT_POLICY ? "/spec/description" : "/notification_target_name",
                       text) == 0)
                ret = x_strdup(json_object_to_json_string(json));
        json_object_put(json);
        return STEAL(ret);
}

char *thing_document(enum sort sort, const char *name, const char *text) {
        char *now = sort == SORT_POLICY || sort == SORT_ALARM ? changed(sort, name, text) : NULL;

        if (now)
                return now;
        switch (sort) {
        case SORT_PROPERTIES:
                return x_printf("{\"text\": \"%s\"}\n", text);
        case SORT_POLICY:
                return x_printf("{\"spec\": {\"type\": \"readonly\", \"description\": \"%s\", "
                                "\"iamUserIDs\": [\"7116d09f88fa41908676fdd4b039e95b\"]}}\n",
                                text);
        case SORT_ALARM:
                return x_printf("{\"notification_target\": \"urn:smn:cn-north-4:" PROJECT ":t\", "
                                "\"notification_target_name\": \"%s\", "
                                "\"notification_target_type\": \"SMN\", "
                                "\"time_zone\": \"GMT+08:00\"}\n",
                                text);
        case SORT_VALUE:
        case SORT_SCHEMA:
        case SORT_FLEET:
        case SORTS:
                break;
        }
        return x_strdup(text);
}

/* Reads a list and keeps, of each element, its name and its text. */
static struct json_object *shorten(const char *host, const char *path, const char *at,
                                   const char *name_at, const char *text_at) {
        struct json_object *answer, *list = json_object_new_array();
        long status = rig_ask("GET", host, path, NULL, &answer);

        if (status != 200)
                die("GET %s%s: %ld", host, path, status);
        for (size_t i = 0; i < js_len(answer, at); i++) {
                struct json_object *one = js_at(js_get(answer, at), i);

                json_object_array_add(list, js_pack("{'name': s, 'text': s}", js_str(one, name_at),
                                                    text_at ? js_str(one, text_at) : ""));
        }
        json_object_put(answer);
        return list;
}

static const char *provider_id(struct json_object *services, const char **ret_text) {
        for (size_t i = 0; i < js_len(services, "/services"); i++) {
                struct json_object *one = js_at(js_get(services, "/services"), i);

                if (!str_eq(js_str(one, "/serviceName"), "provider"))
                        continue;
                *ret_text = js_str(one, "/properties/text");
                return js_str(one, "/serviceId");
        }
        die("the service has gone");
}

static void read_registry(struct truth *truth) {
        _cleanup_(freep) char *path = NULL;
        struct json_object *services;
        const char *id, *text = NULL;

        (void)rig_ask("GET", "sc", "/v4/default/registry/microservices", NULL, &services);
        id = provider_id(services, &text);
        truth->lists[SORT_PROPERTIES] = json_object_new_array();
        json_object_array_add(truth->lists[SORT_PROPERTIES],
                              js_pack("{'name': s, 'text': s}", "properties", text ? text : ""));
        path = x_printf("/v4/default/registry/microservices/%s/schemas?withSchema=1", id);
        truth->lists[SORT_SCHEMA] = shorten("sc", path, "/schemas", "/schemaId", "/schema");
        json_object_put(services);
}

void truth_read(struct truth *truth) {
        truth->lists[SORT_VALUE] =
                shorten("kie", "/v1/default/kie/kv?label=app:default", "/data", "/key", "/value");
        read_registry(truth);
        truth->lists[SORT_POLICY] = shorten("ucs", "/v1/permissions/rules", "/items",
                                            "/metadata/name", "/spec/description");
        truth->lists[SORT_FLEET] =
                shorten("ucs", "/v1/clustergroups", "/items", "/metadata/name", NULL);
        truth->lists[SORT_ALARM] =
                shorten("dws.cn-north-4", "/v2/" PROJECT "/alarm-subs?limit=100000&offset=0",
                        "/alarm_subscriptions", "/name", "/notification_target_name");
}

void truth_done(struct truth *truth) {
        for (size_t i = 0; i < SORTS; i++)
                json_object_put(truth->lists[i]);
}

size_t truth_find(const struct truth *truth, enum sort sort, const char *name,
                  const char **ret_text) {
        size_t count = 0;

        for (size_t i = 0; i < js_len(truth->lists[sort], ""); i++) {
                struct json_object *one = js_at(truth->lists[sort], i);

                if (!str_eq(js_str(one, "/name"), name))
                        continue;
                count++;
                if (ret_text)
                        *ret_text = js_str(one, "/text");
        }
        return count;
}
