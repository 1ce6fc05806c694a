/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CSE: route rules (dark launch). cse/route-rules by engine: "environment/app/service" -> {text}:
 * the rules as the text that a read answers with; JSON once a client stored them, YAML in one
 * seeded set.
 */
#include "contrib/emulator/cse.h"
#include "contrib/emulator/util.h"

/* The key of a request: a blank environment is one of its own, a blank application is "default". */
static char *key_of(const struct request *req) {
        const char *environment = query_param(req, "environment"),
                   *app = query_param(req, "app_id");

        return x_printf("%s/%s/%s", environment ? environment : "", app && *app ? app : "default",
                        path_param(req, "service_name"));
}

static struct collection *rules_of(const struct request *req, struct response *resp) {
        struct json_object *engine = cse_engine_routed(req, resp, "CSE");

        return engine ? world_collection(req->world, "cse/route-rules", js_str(engine, "/id"))
                      : NULL;
}

static void put_rules(const struct request *req, struct response *resp) {
        _cleanup_(freep) char *key = key_of(req);
        struct collection *c = rules_of(req, resp);

        if (!c)
                return;
        if (js_len(req->body, "") == 0)
                collection_remove(c, key);
        else
                collection_put(c, key,
                               js_pack("{'text': s}",
                                       json_object_to_json_string_ext(
                                               req->body, JSON_C_TO_STRING_PLAIN |
                                                                  JSON_C_TO_STRING_NOSLASHESCAPE)));
        reply_json(resp, 200, js_pack("{'result': s}", "Success"));
}

/* A service without rules has an empty text. */
static void get_rules(const struct request *req, struct response *resp) {
        _cleanup_(freep) char *key = key_of(req);
        struct collection *c = rules_of(req, resp);
        const char *text;

        if (!c)
                return;
        text = js_str(collection_get(c, key), "/text");
        reply_json(resp, 200, js_pack("{'result': s}", text ? text : ""));
}

static void delete_rules(const struct request *req, struct response *resp) {
        _cleanup_(freep) char *key = key_of(req);
        struct collection *c = rules_of(req, resp);

        if (!c)
                return;
        collection_remove(c, key);
        reply_json(resp, 200, js_pack("{'Result': s}", "Success"));
}

const struct handler cse_route_handlers[] = {
        { "putRouteRule", put_rules },
        { "getRouteRule", get_rules },
        { "deleteRouteRule", delete_rules },
        { 0 },
};
