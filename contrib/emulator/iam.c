/* SPDX-License-Identifier: Apache-2.0 */
/*
 * IAM: log in, find projects and the account, temporary keys.
 */
#include "contrib/emulator/identity-internal.h"
#include "contrib/emulator/world-internal.h"

#include <string.h>

enum { ACCESS_KEY_DIGITS = 20, SECRET_KEY_DIGITS = 40, DURATION_MIN = 900, DURATION_MAX = 86400 };

/* IAM speaks Keystone's language below /v3/, and that of the other services below /v3.0/. */
static void iam_error(const struct request *req, struct response *resp, int status,
                      const char *title, const char *message) {
        if (str_begins(req->path, "/v3.0/")) {
                reply_error(req, resp, status, status == 400 ? "IAM.0011" : "IAM.0002", "%s",
                            message);
                return;
        }
        reply_json(resp, status,
                   js_pack("{'error': {'code': i, 'message': s, 'title': s}}", (int64_t)status,
                           message, title));
}

static bool is_own_domain(const struct request *req, struct json_object *domain) {
        const char *id = js_str(domain, "/id"), *name = js_str(domain, "/name");

        return (!id || str_eq(id, req->caller->domain_id)) &&
               (!name || str_eq(name, req->caller->domain_name));
}

static struct json_object *find_user(const struct request *req) {
        struct json_object *given = js_get(req->body, "/auth/identity/password/user"), *user;
        const char *password = js_str(given, "/password"), *name = js_str(given, "/name");

        if (!is_own_domain(req, js_get(given, "/domain")))
                return NULL;
        user = collection_get(world_collection(req->world, "emulator/users", ""), name);
        return password && str_eq(password, js_str(user, "/password")) ? user : NULL;
}

/* The project of a scope by id or name, NULL for the account. *ret_bad: there is no such scope. */
static const char *scope_project(const struct request *req, bool *ret_bad) {
        struct json_object *scope = js_get(req->body, "/auth/scope/project");
        const char *name = js_str(scope, "/name"), *id = js_str(scope, "/id");

        if (!id && name)
                id = identity_project(req->world, name);
        if (id && !identity_project_object(req->world, id))
                id = NULL;
        *ret_bad = scope ? !id : !is_own_domain(req, js_get(req->body, "/auth/scope/domain"));
        return id;
}

static struct json_object *token_body(const struct request *req, struct json_object *user,
                                      struct json_object *project, int64_t expires) {
        const char *domain_name = req->caller->domain_name, *domain_id = req->caller->domain_id;
        struct json_object *scope = NULL;

        if (project)
                scope = js_pack("{'id': s, 'name': s, 'domain': {'id': s, 'name': s}}",
                                js_str(project, "/id"), js_str(project, "/name"), domain_id,
                                domain_name);
        return js_pack("{'token': {'expires_at': o, 'methods': [s], 'catalog': [], 'project': O, "
                       "'domain': O, 'roles': [], 'issued_at': o, "
                       "'user': {'id': s, 'name': s, 'domain': {'id': s, 'name': s}}}}",
                       time_json(TIME_MICRO, expires), "password", scope,
                       project ? NULL : js_pack("{'id': s, 'name': s}", domain_id, domain_name),
                       time_json(TIME_MICRO, world_now(req->world)), js_str(user, "/id"),
                       js_str(user, "/name"), domain_id, domain_name);
}

static void create_token(const struct request *req, struct response *resp) {
        struct json_object *user = find_user(req);
        int64_t life = req->world->token_life_s;
        char token[TOKEN_SIZE];
        const char *project;
        bool is_bad;

        if (!user) {
                iam_error(req, resp, 401, "Unauthorized", "The username or password is wrong.");
                return;
        }
        project = scope_project(req, &is_bad);
        if (is_bad) {
                iam_error(req, resp, 401, "Unauthorized", "The scope cannot be found.");
                return;
        }
        token_issue(req->world, "iam", js_str(user, "/name"), project, NULL, life, token);
        reply_json(resp, 201,
                   token_body(req, user,
                              project ? identity_project_object(req->world, project) : NULL,
                              world_now(req->world) + life * 1000));
        reply_header(resp, "X-Subject-Token", token);
}

static char *address(const struct request *req, const char *path) {
        char url[300];

        return x_printf("%s%s", world_url(req->world, req->host, url, sizeof(url)), path);
}

static struct json_object *project_row(const struct request *req, struct json_object *project) {
        struct json_object *row = json_object_new_object();
        _cleanup_(freep) char *path = x_printf("/v3/projects/%s", js_str(project, "/id"));
        _cleanup_(freep) char *self = address(req, path);

        js_copy_members(row, project, "domain_id is_domain parent_id name description id enabled");
        js_set(row, "/links", js_pack("{'next': n, 'previous': n, 'self': s}", self));
        return row;
}

static bool is_wanted(const struct request *req, struct json_object *project, const char *name) {
        const char *wanted = query_param(req, name);
        char pointer[32];

        snprintf(pointer, sizeof(pointer), "/%s", name);
        return !wanted || str_eq(wanted, js_str(project, pointer));
}

static void list_projects(const struct request *req, struct response *resp) {
        struct entry *entry =
                collection_first(world_collection(req->world, "emulator/projects", ""));
        struct json_object *rows = json_object_new_array();
        _cleanup_(freep) char *self = address(req, req->path);

        for (; entry; entry = entry_next(entry)) {
                struct json_object *project = entry_object(entry);
                bool enabled = js_bool(project, "/enabled", true);

                if (is_wanted(req, project, "name") && is_wanted(req, project, "domain_id") &&
                    is_wanted(req, project, "parent_id") &&
                    query_bool(req, "enabled", enabled) == enabled)
                        json_object_array_add(rows, project_row(req, project));
        }
        rows = page_cut(page_by_number(req, "page", "per_page", -1), rows);
        reply_json(resp, 200,
                   js_pack("{'projects': o, 'links': {'next': n, 'previous': n, 'self': s}}", rows,
                           self));
}

static void list_domains(const struct request *req, struct response *resp) {
        _cleanup_(freep) char *self = address(req, req->path);

        reply_json(
                resp, 200,
                js_pack("{'domains': [{'id': s, 'name': s, 'enabled': b, 'description': s, "
                        "'links': {'self': s}}], 'links': {'next': n, 'previous': n, 'self': s}}",
                        req->caller->domain_id, req->caller->domain_name, true, "", self, self));
}

/* For whom temporary keys are asked: a user, or "agency:NAME"; NULL when that may not be. */
static char *temporary_user(const struct request *req) {
        const char *agency = js_str(req->body, "/auth/identity/assume_role/agency_name");
        const char *token = js_str(req->body, "/auth/identity/token/id");
        struct json_object *found;

        if (str_eq(js_str(req->body, "/auth/identity/methods/0"), "assume_role")) {
                struct collection *c = world_collection(req->world, "emulator/agencies", "");

                return agency && collection_get(c, agency) ? x_printf("agency:%s", agency) : NULL;
        }
        if (!token)
                return x_strdup(req->caller->user_name);
        found = token_find(req->world, token);
        if (js_int(found, "/expires_ms", 0) <= world_now(req->world))
                return NULL;
        return x_strdup(js_str(found, "/user"));
}

static int64_t temporary_duration(const struct request *req) {
        int64_t life = js_int(req->body, "/auth/identity/token/duration_seconds", DURATION_MIN);

        return js_int(req->body, "/auth/identity/assume_role/duration_seconds", life);
}

static void create_temporary_key(const struct request *req, struct response *resp) {
        _cleanup_(freep) char *user = temporary_user(req);
        char access[ACCESS_KEY_DIGITS + 1], secret[SECRET_KEY_DIGITS + 1], token[TOKEN_SIZE];
        int64_t life = temporary_duration(req), expires = world_now(req->world) + life * 1000;

        if (life < DURATION_MIN || life > DURATION_MAX) {
                iam_error(req, resp, 400, "Bad Request", "Request body is invalid.");
                return;
        }
        if (!user) {
                iam_error(req, resp, 403, "Forbidden", "You are not authorized for this identity.");
                return;
        }
        world_hex(req->world, access, ACCESS_KEY_DIGITS);
        for (char *p = access; *p; p++)
                if (*p >= 'a')
                        *p = (char)(*p - 'a' + 'A');
        world_hex(req->world, secret, SECRET_KEY_DIGITS);
        world_hex(req->world, token, 400);
        collection_put(world_collection(req->world, "emulator/keys", ""), access,
                       js_pack("{'secret': s, 'user': s, 'token': s, 'expires_ms': i}", secret,
                               user, token, expires));
        reply_json(resp, 201,
                   js_pack("{'credential': {'access': s, 'secret': s, 'securitytoken': s, "
                           "'expires_at': o}}",
                           access, secret, token, time_json(TIME_MICRO, expires)));
}

static void create_user(const struct request *req, struct response *resp) {
        struct collection *users = world_collection(req->world, "emulator/users", "");
        const char *name = js_str(req->body, "/user/name"),
                   *password = js_str(req->body, "/user/password");
        char id[33];

        if (collection_get(users, name)) {
                iam_error(req, resp, 409, "Conflict", "The user exists already.");
                return;
        }
        world_hex(req->world, id, 32);
        collection_put(users, name,
                       js_pack("{'id': s, 'name': s, 'password': S}", id, name, password));
        reply_json(resp, 201,
                   js_pack("{'user': {'id': s, 'name': s, 'domain_id': s, 'enabled': b, "
                           "'description': s, 'create_time': o}}",
                           id, name, identity_domain_id(req->world), true,
                           js_str(req->body, "/user/description")
                                   ? js_str(req->body, "/user/description")
                                   : "",
                           time_json(TIME_NO_ZONE, world_now(req->world))));
}

const struct handler iam_handlers[] = {
        { "createToken", create_token },
        { "listProjects", list_projects },
        { "listAccessibleProjects", list_projects },
        { "listDomains", list_domains },
        { "createTemporaryAccessKey", create_temporary_key },
        { "createIamUser", create_user },
        { 0 },
};
