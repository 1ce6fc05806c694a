/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CSE: governance policies and the scenes (traffic definitions) that they belong to by name.
 * cse/governance by engine: id -> {id, name, kind, status, selector, spec}; cse/scenes by engine:
 * the match groups as clients see them, which no call changes.
 */
#include "contrib/emulator/cse.h"
#include "contrib/emulator/util.h"

#include <string.h>

static struct collection *policies(struct world *world, struct json_object *engine) {
        return world_collection(world, "cse/governance", js_str(engine, "/id"));
}

/* What a list is cut down to; NULL: no limit. */
struct filter {
        const char *environment, *app, *kind;
};

static bool fits(const char *wanted, const char *have) {
        return !wanted || str_eq(wanted, have ? have : "");
}

static bool is_selected(const struct filter *filter, struct json_object *object) {
        return fits(filter->environment, js_str(object, "/selector/environment")) &&
               fits(filter->app, js_str(object, "/selector/app")) &&
               (!filter->kind || fits(filter->kind, js_str(object, "/kind")));
}

/* The policies of that name, as references. */
static struct json_object *of_name(struct collection *c, const struct filter *filter,
                                   const char *name) {
        struct json_object *list = json_object_new_array();

        for (struct entry *e = collection_first(c); e; e = entry_next(e))
                if (str_eq(js_str(entry_object(e), "/name"), name) &&
                    is_selected(filter, entry_object(e)))
                        json_object_array_add(list, json_object_get(entry_object(e)));
        return list;
}

static bool has_scene(struct collection *scenes, const char *name) {
        return collection_find(scenes, "/name", name) != NULL;
}

/* What stands for the scene of policies that have none. */
static struct json_object *no_scene(struct json_object *policy) {
        return js_pack(
                "{'name': s, 'status': s, 'selector': o, 'spec': {'alias': s, 'matches': []}}", "",
                "enabled", js_clone(js_get(policy, "/selector")), "");
}

/*
 * Policies stand under every scene of their name: one that exists in two environments shows a
 * policy twice. Those without a scene come one by one at the end.
 */
static struct json_object *display(struct world *world, struct json_object *engine,
                                   const struct filter *filter) {
        struct collection *scenes = world_collection(world, "cse/scenes", js_str(engine, "/id"));
        struct collection *c = policies(world, engine);
        struct filter scene_filter = { filter->environment, filter->app, NULL };
        struct json_object *all = json_object_new_array();

        for (struct entry *e = collection_first(scenes); e; e = entry_next(e)) {
                struct json_object *scene = entry_object(e);

                if (is_selected(&scene_filter, scene))
                        json_object_array_add(all,
                                              js_pack("{'matchGroup': o, 'policies': o}",
                                                      json_object_get(scene),
                                                      of_name(c, filter, js_str(scene, "/name"))));
        }
        for (struct entry *e = collection_first(c); e; e = entry_next(e)) {
                struct json_object *policy = entry_object(e);

                if (is_selected(filter, policy) && !has_scene(scenes, js_str(policy, "/name")))
                        json_object_array_add(all,
                                              js_pack("{'matchGroup': o, 'policies': [o]}",
                                                      no_scene(policy), json_object_get(policy)));
        }
        return all;
}

static const char *unless_all(const char *text) {
        return str_eq(text, "all") ? NULL : text;
}

static void list_all(const struct request *req, struct response *resp) {
        struct json_object *engine = cse_engine_routed(req, resp, "CSE");
        struct filter filter = { unless_all(query_param(req, "environment")),
                                 query_param(req, "app"), NULL };

        if (engine)
                reply_json(resp, 200, display(req->world, engine, &filter));
}

static void list_kind(const struct request *req, struct response *resp) {
        struct json_object *engine = cse_engine_routed(req, resp, "CSE");
        struct filter filter = { unless_all(header(req, "x-environment")), NULL,
                                 path_param(req, "kind") };

        if (engine)
                reply_json(resp, 200, display(req->world, engine, &filter));
}

/* The policy of the path, which must be of the path's kind. "Not found" comes as 400. */
static struct json_object *policy_of(const struct request *req, struct response *resp) {
        struct json_object *engine = cse_engine_routed(req, resp, "CSE"), *policy;

        if (!engine)
                return NULL;
        policy = collection_get(policies(req->world, engine), path_param(req, "policy_id"));
        if (policy && str_eq(js_str(policy, "/kind"), path_param(req, "kind")))
                return policy;
        reply_error_code(req, resp, 400, "SVCSTG.00400106");
        return NULL;
}

static void get_policy(const struct request *req, struct response *resp) {
        struct json_object *policy = policy_of(req, resp), *view;

        if (!policy)
                return;
        view = json_object_new_object();
        js_copy_members(view, policy, "name selector spec");
        reply_json(resp, 200, view);
}

static void create_policy(const struct request *req, struct response *resp) {
        struct json_object *engine = cse_engine_routed(req, resp, "CSE"), *policy;
        char id[UUID_SIZE];

        if (!engine)
                return;
        policy = js_pack("{'id': s, 'name': s, 'kind': s, 'status': s, 'selector': {}, 'spec': {}}",
                         world_uuid(req->world, id), "", path_param(req, "kind"), "enabled");
        js_copy_members(policy, req->body, "name selector spec");
        collection_put(policies(req->world, engine), id, policy);
        reply_json(resp, 200, js_pack("{'result': s}", "Success"));
}

static void update_policy(const struct request *req, struct response *resp) {
        struct json_object *policy = policy_of(req, resp);

        if (!policy)
                return;
        js_copy_members(policy, req->body, "name selector spec");
        reply_json(resp, 200, js_pack("{'result': s}", "Success"));
}

static void delete_policy(const struct request *req, struct response *resp) {
        struct json_object *engine = cse_engine_routed(req, resp, "CSE");

        if (!engine || !policy_of(req, resp))
                return;
        collection_remove(policies(req->world, engine), path_param(req, "policy_id"));
        reply_json(resp, 200, js_pack("{'Result': s}", "Success"));
}

const struct handler cse_govern_handlers[] = {
        { "listGovernancePolicies", list_all },
        { "listGovernancePoliciesByKind", list_kind },
        { "getGovernancePolicy", get_policy },
        { "createGovernancePolicy", create_policy },
        { "updateGovernancePolicy", update_policy },
        { "deleteGovernancePolicy", delete_policy },
        { 0 },
};
