/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CSE: accounts of engines with security authentication, restoring backups, backup policies.
 * cse/accounts by engine: name -> {name, roles, password}; cse/backups by engine: id -> {id, name}.
 */
#include "contrib/emulator/cse.h"
#include "contrib/emulator/identity-internal.h"
#include "contrib/emulator/util.h"

#include <string.h>
#include <strings.h>

/*
 * The user behind the engine's own token, which comes as "Bear x" or "Bearer x"; NULL if it is no
 * good.
 */
static const char *token_user(const struct request *req, struct json_object *engine) {
        const char *text = header(req, "Authorization");
        struct json_object *token;

        if (!text)
                return NULL;
        if (strncasecmp(text, "Bearer ", 7) == 0)
                text += 7;
        else if (strncasecmp(text, "Bear ", 5) == 0)
                text += 5;
        else
                return NULL;
        token = token_find(req->world, text);
        if (!str_eq(js_str(token, "/kind"), "engine") ||
            !str_eq(js_str(token, "/instance"), cse_host(engine)) ||
            js_int(token, "/expires_ms", 0) <= world_now(req->world))
                return NULL;
        return js_str(token, "/user");
}

/* The account of the path, its engine and who asks. Answers and returns -EINVAL if any is wrong. */
static int find_account(const struct request *req, struct response *resp,
                        struct json_object **ret_engine, struct json_object **ret,
                        const char **ret_user) {
        struct json_object *engine = cse_engine_routed(req, resp, "CSE"), *account;
        const char *user;

        if (!engine)
                return -EINVAL;
        user = token_user(req, engine);
        if (!user || !str_eq(js_str(engine, "/authType"), "RBAC")) {
                reply_error_code(req, resp, 400, "SVCSTG.00300401");
                return -EINVAL;
        }
        account =
                collection_get(world_collection(req->world, "cse/accounts", js_str(engine, "/id")),
                               path_param(req, "name"));
        if (!account) {
                reply_error_code(req, resp, 400, "SVCSTG.00400106");
                return -EINVAL;
        }
        *ret_engine = engine;
        *ret = account;
        *ret_user = user;
        return 0;
}

static void update_account(const struct request *req, struct response *resp) {
        struct json_object *engine, *account;
        const char *user;

        if (find_account(req, resp, &engine, &account, &user) < 0)
                return;
        js_set(account, "/roles",
               js_get(req->body, "/roles") ? js_clone(js_get(req->body, "/roles"))
                                           : json_object_new_array());
        reply_json(resp, 200, js_pack("{'Result': s}", "Success"));
}

static void delete_account(const struct request *req, struct response *resp) {
        struct json_object *engine, *account;
        const char *user, *name = path_param(req, "name");

        if (find_account(req, resp, &engine, &account, &user) < 0)
                return;
        if (str_eq(name, "root") || str_eq(name, user)) {
                reply_error(req, resp, 400, "SVCSTG.00400100", "This account cannot be deleted.");
                return;
        }
        engine_account_put(req->world, cse_host(engine), name, NULL);
        collection_remove(world_collection(req->world, "cse/accounts", js_str(engine, "/id")),
                          name);
        reply_json(resp, 200, js_pack("{'Result': s}", "Success"));
}

/* Who changes the own password has to know it. */
static void change_password(const struct request *req, struct response *resp) {
        const char *current = js_str(req->body, "/currentPassword"), *user;
        const char *password = js_str(req->body, "/password"), *name = path_param(req, "name");
        struct json_object *engine, *account;

        if (find_account(req, resp, &engine, &account, &user) < 0)
                return;
        if ((str_eq(name, user) || current) && !str_eq(current, js_str(account, "/password"))) {
                reply_error(req, resp, 400, "SVCSTG.00400100", "The current password is wrong.");
                return;
        }
        if (!*password) {
                reply_error(req, resp, 400, "SVCSTG.00400100", "The password is empty.");
                return;
        }
        js_set_str(account, "/password", password);
        engine_account_put(req->world, cse_host(engine), name, password);
        reply_json(resp, 200, js_pack("{'Result': s}", "Success"));
}

/* A restoration can be begun and never be looked at again; this one works on nothing. */
static void restore_backup(const struct request *req, struct response *resp) {
        struct json_object *engine = cse_engine(req, resp, "engine_id"), *backup;
        const char *description = js_str(req->body, "/description");
        char id[UUID_SIZE], time[32];

        if (!engine)
                return;
        backup = collection_get(world_collection(req->world, "cse/backups", js_str(engine, "/id")),
                                path_param(req, "backup_id"));
        if (!backup) {
                reply_error_code(req, resp, 400, "SVCSTG.00400106");
                return;
        }
        snprintf(time, sizeof(time), "%lld", (long long)world_now(req->world));
        reply_json(resp, 200,
                   js_pack("{'id': s, 'name': s, 'description': s, 'engineId': s, 'backupId': s, "
                           "'backupName': s, 'status': s, 'progress': s, 'time': s, 'reason': s}",
                           world_uuid(req->world, id), js_str(req->body, "/name"),
                           description ? description : "", js_str(engine, "/id"),
                           js_str(backup, "/id"), js_str(backup, "/name"), "RecoveringData", "0",
                           time, ""));
}

/* A number that comes as one or as a string, as a string; NULL when absent. Borrowed. */
static const char *number_text(struct json_object *body, const char *pointer) {
        struct json_object *value = js_get(body, pointer);

        return value ? json_object_get_string(value) : NULL;
}

static void create_strategy(const struct request *req, struct response *resp) {
        struct json_object *engine = cse_engine(req, resp, "engineId"), *strategy;
        const char *reserve = number_text(req->body, "/reserve");
        const char *files = number_text(req->body, "/maxFiles");
        char id[UUID_SIZE], now[32], next[32];

        if (!engine)
                return;
        if (!*js_str(req->body, "/schedule")) {
                reply_error(req, resp, 400, "SVCSTG.00400100", "Invalid parameter(s): schedule");
                return;
        }
        snprintf(now, sizeof(now), "%lld", (long long)world_now(req->world));
        snprintf(next, sizeof(next), "%lld", (long long)world_now(req->world) + 24 * 3600000LL);
        strategy = js_pack("{'id': s, 'engineId': s, 'schedule': s, 'reserve': s, 'maxFiles': s, "
                           "'createAt': s, 'nextAt': s}",
                           world_uuid(req->world, id), js_str(engine, "/id"),
                           js_str(req->body, "/schedule"), reserve ? reserve : "10",
                           files ? files : "10", now, next);
        collection_put(world_collection(req->world, "cse/strategies", js_str(engine, "/id")), id,
                       strategy);
        reply_json(resp, 200, json_object_get(strategy));
}

const struct handler cse_account_handlers[] = {
        { "updateAccount", update_account },          { "deleteAccount", delete_account },
        { "changeAccountPassword", change_password }, { "restoreEngineBackup", restore_backup },
        { "createBackupStrategy", create_strategy },  { 0 },
};
