/* SPDX-License-Identifier: Apache-2.0 */
/*
 * DWS: external data sources of a warehouse. Nothing says that their names are unique, so they are
 * not.
 */
#include "contrib/emulator/dws.h"
#include "contrib/emulator/util.h"

enum { CONFIGURE_MS = 3 * MINUTE_MS, REMOVE_MS = MINUTE_MS };

/*
 * The documents print one configure_status, 300, of a source in use; the others follow the node
 * codes.
 */
#define CONFIGURING "100"
#define CONFIGURED  "300"
#define FAILED      "303"

static struct collection *sources_of(const struct warehouse *w) {
        return world_collection(w->world, DWS_SOURCES, w->id);
}

static void list_sources(const struct request *req, struct response *resp) {
        struct collection *sources;
        struct warehouse w;

        if (!warehouse_of(req, resp, &w))
                return;
        sources = sources_of(&w);
        reply_json(resp, 200,
                   js_pack("{'data_sources': o, 'project_id': s, 'cluster_id': s, 'count': i}",
                           collection_array(sources), w.project, w.id,
                           (int64_t)collection_count(sources)));
}

static bool wanted_is_good(const struct request *req, struct response *resp) {
        const char *type = js_str(req->body, "/type");

        if (str_eq(type, "OBS")) {
                if (js_str(req->body, "/connect_info"))
                        return true;
                dws_invalid(req, resp, "OBS needs connect_info.");
        } else if (str_eq(type, "MRS")) {
                if (js_str(req->body, "/data_source_id") && js_str(req->body, "/user_pwd"))
                        return true;
                dws_invalid(req, resp, "MRS needs data_source_id and user_pwd.");
        } else {
                reply_error_code(req, resp, 400, "DWS.5089");
        }
        return false;
}

/* Begins the work on a source that was made or changed. */
static void configure(const struct warehouse *w, struct json_object *source,
                      struct json_object *request) {
        struct json_object *argument = warehouse_argument(w);

        js_set_str(source, "/configure_status", CONFIGURING);
        js_set_str(source, "/status", "100");
        js_set_str(source, "/fail_reason", "");
        js_set_str(argument, "/source", js_str(source, "/id"));
        (void)js_set(argument, "/reboot",
                     json_object_new_boolean(js_bool(request, "/reboot", false)));
        warehouse_task(w, "CONFIGURING_EXT_DATASOURCE", "CONFIGURING_EXT_DATASOURCE", CONFIGURE_MS,
                       "dws.source-configured", argument);
}

static void create_source(const struct request *req, struct response *resp) {
        const char *description = js_str(req->body, "/description");
        struct json_object *source;
        struct warehouse w;
        char id[UUID_SIZE], job[33];

        if (!warehouse_idle(req, resp, &w) || !wanted_is_good(req, resp))
                return;
        world_uuid(req->world, id);
        source = js_pack(
                "{'id': s, 'name': s, 'type': s, 'connect_info': S, 'user_name': s, 'version': s,"
                "'configure_status': n, 'status': n, 'data_source_id': S, 'created': o,"
                "'updated': o, 'extend_properties': {}, 'description': s, 'fail_reason': s}",
                id, js_str(req->body, "/data_source_name"), js_str(req->body, "/type"),
                js_str(req->body, "/connect_info"), js_str(req->body, "/user_name"), "1.0",
                js_str(req->body, "/data_source_id"),
                time_json(TIME_NO_ZONE, world_now(req->world)),
                time_json(TIME_NO_ZONE, world_now(req->world)), description ? description : "", "");
        collection_put(sources_of(&w), id, source);
        configure(&w, source, req->body);
        reply_json(resp, 200,
                   js_pack("{'id': s, 'job_id': s}", id, world_hex(req->world, job, 32)));
}

/* An MRS cluster that does not exist is found out late. */
static void configured(struct world *world, struct json_object *argument) {
        struct json_object *source;
        struct warehouse w;

        if (!warehouse_of_event(world, argument, &w))
                return;
        source = collection_get(sources_of(&w), js_str(argument, "/source"));
        warehouse_task_end(&w, NULL);
        if (source) {
                bool failed = str_eq(js_str(source, "/data_source_id"), DWS_NIL_UUID);

                js_set_str(source, "/configure_status", failed ? FAILED : CONFIGURED);
                js_set_str(source, "/status", failed ? "300" : "200");
                js_set_str(source, "/fail_reason", failed ? "The MRS cluster does not exist." : "");
                (void)js_set(source, "/updated", time_json(TIME_NO_ZONE, world_now(world)));
        }
        if (js_bool(argument, "/reboot", false))
                dws_reboot(&w);
}

/* The source of the path; if there is none, answers so and returns NULL. */
static struct json_object *source_of(const struct request *req, struct response *resp,
                                     const struct warehouse *w) {
        const char *id = path_param(req, "ext_data_source_id");
        struct json_object *source = collection_get(sources_of(w), id);

        if (!source)
                dws_unknown(req, resp, "data source", id);
        return source;
}

static void update_source(const struct request *req, struct response *resp) {
        struct json_object *change = js_get(req->body, "/reconfigure"), *source;
        struct warehouse w;
        char job[33];

        if (!warehouse_idle(req, resp, &w))
                return;
        source = source_of(req, resp, &w);
        if (!source)
                return;
        if (js_str(change, "/agency")) {
                if (!str_eq(js_str(source, "/type"), "OBS")) {
                        reply_error_code(req, resp, 400, "DWS.5089");
                        return;
                }
                if (!*js_str(change, "/agency")) {
                        reply_error_code(req, resp, 400, "DWS.5130");
                        return;
                }
                js_set_str(source, "/user_name", js_str(change, "/agency"));
        }
        configure(&w, source, change);
        reply_json(resp, 200,
                   js_pack("{'job_id': s, 'data_source_id': s}", world_hex(req->world, job, 32),
                           js_str(source, "/id")));
}

static void delete_source(const struct request *req, struct response *resp) {
        struct json_object *source, *argument;
        struct warehouse w;

        if (!warehouse_idle(req, resp, &w))
                return;
        source = source_of(req, resp, &w);
        if (!source)
                return;
        argument = warehouse_argument(&w);
        js_set_str(argument, "/source", js_str(source, "/id"));
        warehouse_task(&w, "DELETING_EXT_DATASOURCE", NULL, REMOVE_MS, "dws.source-deleted",
                       argument);
        dws_reply_job(req, resp);
}

static void deleted(struct world *world, struct json_object *argument) {
        struct warehouse w;

        if (!warehouse_of_event(world, argument, &w))
                return;
        collection_remove(sources_of(&w), js_str(argument, "/source"));
        warehouse_task_end(&w, NULL);
}

const struct handler dws_source_handlers[] = {
        { "listExtDataSources", list_sources },
        { "createExtDataSource", create_source },
        { "updateExtDataSource", update_source },
        { "deleteExtDataSource", delete_source },
        { 0 },
};

const struct event dws_source_events[] = {
        { "dws.source-configured", configured },
        { "dws.source-deleted", deleted },
        { 0 },
};
