/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CSE: creating, changing and deleting engines. All but the description start a job.
 */
#include "contrib/emulator/cse.h"
#include "contrib/emulator/util.h"

#include <ctype.h>
#include <string.h>

#define NEWEST_CSE   "2.4.8"
#define NEWEST_NACOS "2.2.0.5"

static void refuse(const struct request *req, struct response *resp, const char *text) {
        reply_error(req, resp, 400, "SVCSTG.00400100", "Invalid parameter(s): %s", text);
}

/* 8 to 32 characters of four classes, the first a letter: the rule of the console. */
static bool is_password(const char *text) {
        bool upper = false, lower = false, digit = false, special = false;
        size_t len = text ? strlen(text) : 0;

        for (size_t i = 0; i < len; i++) {
                unsigned char c = (unsigned char)text[i];

                upper |= isupper(c) != 0;
                lower |= islower(c) != 0;
                digit |= isdigit(c) != 0;
                special |= ispunct(c) != 0;
        }
        return len >= 8 && len <= 32 && isalpha((unsigned char)text[0]) && upper && lower &&
               digit && special;
}

/* What is wrong with a creation, as a code; NULL if nothing. */
static const char *problem(const struct request *req) {
        struct json_object *body = req->body, *zones = js_get(body, "/azList");
        const char *type = js_str(body, "/specType"), *name = js_str(body, "/name");
        struct collection *c = cse_engines(req->world, req->project);
        bool is_cse = str_eq(type, "CSE2");

        if (str_eq(name, "default"))
                return "SVCSTG.00501201";
        if (!str_eq(js_str(body, "/payment"), "1"))
                return "SVCSTG.00501103";
        if (cse_flavor_limit(type, js_str(body, "/flavor")) < 0)
                return "SVCSTG.00501104";
        if (is_cse && js_len(zones, "") == 0)
                return "SVCSTG.00501105";
        if (collection_find(c, "/name", name))
                return "SVCSTG.00501111";
        return collection_count(c) >= CSE_ENGINE_QUOTA ? "SVCSTG.00501112" : NULL;
}

static struct json_object *or_text(struct json_object *body, const char *pointer,
                                   const char *fallback) {
        struct json_object *given = js_get(body, pointer);

        return given ? js_clone(given) : json_object_new_string(fallback);
}

static struct json_object *or_array(struct json_object *body, const char *pointer) {
        struct json_object *given = js_get(body, pointer);

        return given ? js_clone(given) : json_object_new_array();
}

static struct json_object *tags_of(struct json_object *body) {
        struct json_object *given = js_get(body, "/tags"), *tags = json_object_new_array();

        for (size_t i = 0; i < js_len(given, ""); i++) {
                const char *text = json_object_get_string(js_at(given, i));
                _cleanup_(freep) char *key = x_strndup(text, strcspn(text, "=:"));

                json_object_array_add(tags,
                                      js_pack("{'key': s, 'value': s}", key,
                                              text[strlen(key)] ? text + strlen(key) + 1 : ""));
        }
        return tags;
}

static struct json_object *new_engine(const struct request *req, const char *id, const char *host) {
        struct json_object *body = req->body;
        const char *enterprise = header(req, "X-Enterprise-Project-ID");
        bool is_cse = str_eq(js_str(body, "/specType"), "CSE2");
        const char *newest = is_cse ? NEWEST_CSE : NEWEST_NACOS;
        struct json_object *engine = js_pack(
                "{'id': s, 'name': s, 'host': s, 'project': s, 'type': s, 'description': o, "
                "'authType': o, 'status': s, 'version': s, 'latestVersion': s, "
                "'createTime': i, 'createUser': s, 'latestJobId': i, 'actions': [], "
                "'enterpriseProjectId': s, 'azList': o, 'elbId': o, 'publicIpId': o, "
                "'inputs': o, 'tags': o}",
                id, js_str(body, "/name"), host, req->project, is_cse ? "CSE" : "NACOS",
                or_text(body, "/description", ""), or_text(body, "/authType", "NONE"), "Creating",
                newest, newest, world_now(req->world), req->caller->user_name, (int64_t)0,
                enterprise ? enterprise : "0", or_array(body, "/azList"),
                or_text(body, "/elbId", ""), or_text(body, "/publicIpId", ""),
                js_get(body, "/inputs") ? js_clone(js_get(body, "/inputs"))
                                        : json_object_new_object(),
                tags_of(body));

        js_copy_members(engine, body, "flavor payment vpc vpcId networkId subnetCidr specType");
        if (js_str(body, "/enterpriseProject/id"))
                js_set_str(engine, "/enterpriseProjectId", js_str(body, "/enterpriseProject/id"));
        return engine;
}

static void add_account(struct world *world, struct json_object *engine, const char *name,
                        const char *password) {
        engine_account_put(world, cse_host(engine), name, password);
        collection_put(
                world_collection(world, "cse/accounts", js_str(engine, "/id")), name,
                js_pack("{'name': s, 'roles': [s], 'password': s}", name, "admin", password));
}

static void reply_job(struct response *resp, struct json_object *engine, const char *member,
                      int64_t job) {
        struct json_object *body =
                js_pack("{'id': s, 'name': s}", js_str(engine, "/id"), js_str(engine, "/name"));

        json_object_object_add(body, member, json_object_new_int64(job));
        reply_json(resp, 200, body);
}

static void create_engine(const struct request *req, struct response *resp) {
        const char *password = js_str(req->body, "/auth_cred/pwd"), *code = problem(req);
        _cleanup_(freep) char *host = NULL;
        struct json_object *engine;
        char id[UUID_SIZE];

        if (code) {
                reply_error_code(req, resp, 400, code);
                return;
        }
        if (str_eq(js_str(req->body, "/authType"), "RBAC") && !is_password(password)) {
                refuse(req, resp, "auth_cred.pwd");
                return;
        }
        world_uuid(req->world, id);
        host = cse_free_host(req->world, js_str(req->body, "/name"), id);
        engine = collection_put(cse_engines(req->world, req->project), id,
                                new_engine(req, id, host));
        if (password)
                add_account(req->world, engine, "root", password);
        reply_job(resp, engine, "jobId",
                  cse_job_start(req->world, engine, "Create", req->caller->user_name, NULL));
}

/* Whether an engine is in one of these states; answers if not. */
static bool is_in(const struct request *req, struct response *resp, struct json_object *engine,
                  const char *states) {
        if (word_in(states, js_str(engine, "/status"), false))
                return true;
        reply_error_code(req, resp, 400, "SVCSTG.00501117");
        return false;
}

static void start(const struct request *req, struct response *resp, struct json_object *engine,
                  const char *type, struct json_object *target) {
        int64_t job = cse_job_start(req->world, engine, type, req->caller->user_name, target);

        reply_job(resp, engine, str_eq(type, "Modify") ? "job_id" : "jobId", job);
}

static void delete_engine(const struct request *req, struct response *resp) {
        struct json_object *engine = cse_engine(req, resp, "engine_id");

        if (engine && is_in(req, resp, engine, "Available Unavailable CreateFailed"))
                start(req, resp, engine, "Delete", NULL);
}

/* An empty description is no change. */
static void update_engine(const struct request *req, struct response *resp) {
        struct json_object *engine = cse_engine(req, resp, "engine_id");
        const char *description = js_str(req->body, "/description"),
                   *alias = js_str(req->body, "/alias");

        if (!engine)
                return;
        if (description && *description)
                js_set_str(engine, "/description", description);
        if (alias)
                js_set_str(engine, "/alias", alias);
        if (js_str(req->body, "/maintenanceConfig/time"))
                js_set_str(engine, "/maintenance", js_str(req->body, "/maintenanceConfig/time"));
        reply_empty(resp, 200);
}

static void upgrade_engine(const struct request *req, struct response *resp) {
        struct json_object *engine = cse_engine(req, resp, "engine_id");
        const char *version = js_str(req->body, "/version");

        if (!engine || !is_in(req, resp, engine, "Available UpgradeFailed"))
                return;
        if (!str_eq(version, js_str(engine, "/latestVersion")) ||
            str_eq(version, js_str(engine, "/version")))
                refuse(req, resp, "version");
        else
                start(req, resp, engine, "Upgrade", js_pack("{'version': s}", version));
}

static void configure_engine(const struct request *req, struct response *resp) {
        struct json_object *engine = cse_engine(req, resp, "engine_id");

        if (!engine || !is_in(req, resp, engine, "Available ModifyFailed"))
                return;
        if (!str_eq(js_str(engine, "/type"), "CSE"))
                refuse(req, resp, "only ServiceComb engines have security authentication");
        else
                start(req, resp, engine, "Configure",
                      js_pack("{'authType': s}", js_str(req->body, "/authType")));
}

static void resize_engine(const struct request *req, struct response *resp) {
        struct json_object *engine = cse_engine(req, resp, "engine_id"), *target;
        const char *flavor = js_str(req->body, "/flavor");

        if (!engine || !is_in(req, resp, engine, "Available ModifyFailed"))
                return;
        if (cse_flavor_limit(js_str(engine, "/specType"), flavor) < 0) {
                reply_error_code(req, resp, 400, "SVCSTG.00501104");
                return;
        }
        if (!str_eq(js_str(engine, "/payment"), "1")) {
                reply_error_code(req, resp, 400, "SVCSTG.00501103");
                return;
        }
        target = js_pack("{'flavor': s}", flavor);
        js_copy_members(target, req->body, "inputs");
        start(req, resp, engine, "Modify", target);
}

static void create_tags(const struct request *req, struct response *resp) {
        struct json_object *given = js_get(req->body, "/tags"), *engine, *tags;

        if (!str_eq(path_param(req, "resource_type"), "cseEngines")) {
                refuse(req, resp, "resource_type");
                return;
        }
        engine = cse_engine(req, resp, "resource_id");
        if (!engine)
                return;
        tags = js_get(engine, "/tags");
        for (size_t i = 0; i < js_len(given, ""); i++) {
                for (size_t j = js_len(tags, ""); j-- > 0;)
                        if (str_eq(js_str(js_at(tags, j), "/key"), js_str(js_at(given, i), "/key")))
                                json_object_array_del_idx(tags, j, 1);
                json_object_array_add(tags, js_clone(js_at(given, i)));
        }
        reply_json(resp, 200, js_clone(req->body));
}

const struct handler cse_change_handlers[] = {
        { "createEngine", create_engine },          { "deleteEngine", delete_engine },
        { "updateEngine", update_engine },          { "upgradeEngine", upgrade_engine },
        { "updateEngineConfig", configure_engine }, { "resizeEngine", resize_engine },
        { "createEngineTags", create_tags },        { 0 },
};
