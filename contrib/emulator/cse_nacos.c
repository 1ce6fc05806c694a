/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CSE: namespaces of Nacos engines. cse/namespaces by engine: id -> {namespace, namespaceShowName,
 * quota, configCount, type}; the description is kept beside it in cse/namespace-notes and never
 * shown.
 */
#include "contrib/emulator/cse.h"
#include "contrib/emulator/util.h"

enum { NAMESPACES_MAX = 50, CONFIGS_MAX = 200 };

static struct collection *namespaces(struct world *world, struct json_object *engine) {
        return world_collection(world, "cse/namespaces", js_str(engine, "/id"));
}

/*
 * A parameter in either spelling, from the query or the form. The same name in both is joined by a
 * comma, as such servers do. Owned; NULL when absent.
 */
static char *parameter(const struct request *req, const char *camel, const char *snake) {
        const char *query = query_param(req, camel), *form = NULL;
        _cleanup_(freep) char *pointer = x_printf("/%s", camel);

        if (!query && snake)
                query = query_param(req, snake);
        form = js_str(req->body, pointer);
        if (query && form)
                return x_printf("%s,%s", query, form);
        return x_strdup(query ? query : form);
}

static void answer(struct response *resp, bool good) {
        reply_json(resp, 200, json_object_new_boolean(good));
}

static void list_namespaces(const struct request *req, struct response *resp) {
        struct json_object *engine = cse_engine_routed(req, resp, "NACOS");
        int64_t limit = query_int(req, "limit", 0);
        struct page page = { query_int(req, "offset", 0), limit > 0 ? limit : -1 };

        if (engine)
                reply_json(
                        resp, 200,
                        js_pack("{'code': i, 'message': n, 'data': o}", (int64_t)200,
                                page_cut(page, collection_array(namespaces(req->world, engine)))));
}

static void remember(struct world *world, struct json_object *engine, const char *id,
                     const char *text) {
        collection_put(world_collection(world, "cse/namespace-notes", js_str(engine, "/id")), id,
                       js_pack("{'description': s}", text ? text : ""));
}

static void create_namespace(const struct request *req, struct response *resp) {
        struct json_object *engine = cse_engine_routed(req, resp, "NACOS");
        _cleanup_(freep) char *id = parameter(req, "customNamespaceId", "custom_namespace_id");
        _cleanup_(freep) char *name = parameter(req, "namespaceName", "namespace_name");
        _cleanup_(freep) char *text = parameter(req, "namespaceDesc", "namespace_desc");
        struct collection *c;

        if (!engine)
                return;
        c = namespaces(req->world, engine);
        if (collection_count(c) >= NAMESPACES_MAX) {
                reply_error(req, resp, 400, "SVCSTG.00400100", "There are too many namespaces.");
                return;
        }
        if (collection_get(c, id)) {
                answer(resp, false);
                return;
        }
        collection_put(
                c, id,
                js_pack("{'namespace': s, 'namespaceShowName': s, 'quota': i, 'configCount': i, "
                        "'type': i}",
                        id, name, (int64_t)CONFIGS_MAX, (int64_t)0, (int64_t)1));
        remember(req->world, engine, id, text);
        answer(resp, true);
}

/* The reserved namespace public, whose id is "", stays as it is. */
static void update_namespace(const struct request *req, struct response *resp) {
        struct json_object *engine = cse_engine_routed(req, resp, "NACOS"), *object;
        _cleanup_(freep) char *id = parameter(req, "namespace", NULL);
        _cleanup_(freep) char *name = parameter(req, "namespaceShowName", "namespace_show_name");
        _cleanup_(freep) char *text = parameter(req, "namespaceDesc", "namespace_desc");

        if (!engine)
                return;
        object = collection_get(namespaces(req->world, engine), id);
        if (!object || js_int(object, "/type", 0) == 0) {
                answer(resp, false);
                return;
        }
        js_set_str(object, "/namespaceShowName", name);
        remember(req->world, engine, id, text);
        answer(resp, true);
}

/* An id that does not exist is as good as one that was deleted. */
static void delete_namespace(const struct request *req, struct response *resp) {
        struct json_object *engine = cse_engine_routed(req, resp, "NACOS"), *object;
        _cleanup_(freep) char *id = parameter(req, "namespaceId", "namespace_id");

        if (!engine)
                return;
        object = collection_get(namespaces(req->world, engine), id);
        if (object && js_int(object, "/type", 0) == 0) {
                answer(resp, false);
                return;
        }
        collection_remove(namespaces(req->world, engine), id);
        answer(resp, true);
}

const struct handler cse_nacos_handlers[] = {
        { "listNacosNamespaces", list_namespaces },
        { "createNacosNamespace", create_namespace },
        { "updateNacosNamespace", update_namespace },
        { "deleteNacosNamespace", delete_namespace },
        { 0 },
};
