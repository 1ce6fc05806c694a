/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether a request may come in: signatures and IAM tokens at the gateway, bearer tokens of
 * engines and fleets behind it. Texts are the gateway's own, as clients read them.
 */
#include "contrib/emulator/contract.h"
#include "contrib/emulator/identity-internal.h"
#include "contrib/emulator/signature.h"

#include <string.h>
#include <strings.h>

enum {
        SIGNATURE_WINDOW_MS = 15 * 60 * 1000,
        BAD_SIGNATURES_MAX = 5,
        LOCK_MS = 5 * 60 * 1000,
        SIGNED_BODY_MAX = 12 * 1024 * 1024,
};

#define IAM_WRONG "Incorrect IAM authentication information: "

static bool refuse(struct exchange *x, const char *text) {
        gateway_error(x, 401, "APIGW.0301", IAM_WRONG "%s", text);
        return false;
}

static struct json_object *user_object(struct exchange *x, const char *name) {
        return collection_get(world_collection(x->req.world, "emulator/users", ""), name);
}

static void set_caller(struct exchange *x, enum caller_kind kind, const char *user,
                       const char *project) {
        struct collection *domains = world_collection(x->req.world, "emulator/domain", "");

        x->caller = (struct caller){
                .kind = kind,
                .domain_id = keep(x, identity_domain_id(x->req.world)),
                .domain_name = keep(x, js_str(collection_get(domains, "domain"), "/name")),
                .user_id = keep(x, user ? js_str(user_object(x, user), "/id") : NULL),
                .user_name = keep(x, user),
                .project_id = keep(x, project),
        };
}

static bool is_locked(struct exchange *x, struct json_object *key) {
        return js_int(key, "/locked_until_ms", 0) > world_now(x->req.world);
}

static void count_bad_signature(struct exchange *x, struct json_object *key) {
        int64_t bad = js_int(key, "/bad", 0) + 1;

        js_set_int(key, "/bad", bad % BAD_SIGNATURES_MAX);
        if (bad >= BAD_SIGNATURES_MAX)
                js_set_int(key, "/locked_until_ms", world_now(x->req.world) + LOCK_MS);
}

/* The gateway shows what it computed, with '|' for line feeds. */
static bool refuse_signature(struct exchange *x, struct json_object *key, char *canonical) {
        count_bad_signature(x, key);
        for (char *p = canonical; p && *p; p++)
                if (*p == '\n')
                        *p = '|';
        gateway_error(x, 401, "APIGW.0301",
                      IAM_WRONG "verify aksk signature fail, canonicalRequest:%s",
                      canonical ? canonical : "");
        return false;
}

static bool check_date(struct exchange *x, const char *date) {
        char server[TIME_SIZE];
        int64_t ms, now = world_now(x->req.world);

        if (!date || time_parse(date, &ms) < 0)
                return refuse(x, "X-Sdk-Date is missing or wrong");
        if (ms - now <= SIGNATURE_WINDOW_MS && now - ms <= SIGNATURE_WINDOW_MS)
                return true;
        gateway_error(x, 401, "APIGW.0301",
                      IAM_WRONG "signature expired, signature time:%s,server time:%s", date,
                      time_text(TIME_SDK, now, server));
        return false;
}

/* Temporary keys need their security token, and end. */
static bool check_temporary(struct exchange *x, struct json_object *key) {
        const char *wanted = js_str(key, "/token"), *given = header(&x->req, "X-Security-Token");

        if (!wanted)
                return !given || refuse(x, "security token does not belong to the access key");
        if (!given || strcmp(given, wanted) != 0)
                return refuse(x, given ? "decrypt token fail" : "X-Security-Token is missing");
        if (js_int(key, "/expires_ms", 0) <= world_now(x->req.world))
                return refuse(x, "security token expires");
        return true;
}

static bool check_key(struct exchange *x, struct json_object *key,
                      const struct signature *signature) {
        _cleanup_(freep) char *canonical = NULL;
        const char *date = header(&x->req, "X-Sdk-Date");
        struct signed_request signed_request = {
                .method = x->method,
                .target = x->target,
                .headers = &x->req.headers,
                .body = x->req.raw,
                .body_size = x->req.raw_size,
        };

        if (!check_date(x, date))
                return false;
        canonical = signature_canonical(&signed_request, signature->signed_headers);
        if (!canonical ||
            !signature_matches(canonical, date, js_str(key, "/secret"), signature->value))
                return refuse_signature(x, key, canonical);
        js_set_int(key, "/bad", 0);
        return check_temporary(x, key);
}

/* A hash that the client gives stands in for the body, so it has to be the body's. */
static bool check_payload_hash(struct exchange *x) {
        const char *given = header(&x->req, "X-Sdk-Content-Sha256");
        char hash[65];

        if (!given || str_eq(given, "UNSIGNED-PAYLOAD"))
                return true;
        sha256_hex(x->req.raw ? x->req.raw : "", x->req.raw_size, hash);
        return str_eq(given, hash) || refuse(x, "X-Sdk-Content-Sha256 is not the hash of the body");
}

static bool check_signature(struct exchange *x, const char *authorization) {
        struct signature signature;
        struct json_object *key;
        bool good = false;

        if (x->req.raw_size > SIGNED_BODY_MAX) {
                gateway_error(x, 413, "APIGW.0201", "Request entity too large");
                return false;
        }
        if (signature_parse(authorization, &signature) < 0)
                return refuse(x, "Authorization format is incorrect");
        key = collection_get(world_collection(x->req.world, "emulator/keys", ""), signature.access);
        if (!key)
                gateway_error(x, 401, "APIGW.0301", IAM_WRONG "ak %.64s not exist",
                              signature.access);
        else if (is_locked(x, key))
                gateway_error(x, 401, "APIGW.0301",
                              "AK access failed to reach the limit,forbidden");
        else
                good = check_key(x, key, &signature) && check_payload_hash(x);
        if (good)
                set_caller(x, CALLER_KEY, js_str(key, "/user"), header(&x->req, "X-Project-Id"));
        signature_clear(&signature);
        return good;
}

static bool check_iam_token(struct exchange *x, const char *text) {
        struct json_object *token = token_find(x->req.world, text);

        if (!token || !str_eq(js_str(token, "/kind"), "iam"))
                return refuse(x, "decrypt token fail");
        if (js_int(token, "/expires_ms", 0) <= world_now(x->req.world))
                return refuse(x, "token expires");
        set_caller(x, CALLER_IAM_TOKEN, js_str(token, "/user"), js_str(token, "/project_id"));
        return true;
}

static bool forbid(struct exchange *x, const char *code, const char *text) {
        gateway_error(x, str_eq(code, "APIGW.0307") ? 401 : 403, code, "%s", text);
        return false;
}

/*
 * A project may be used on the hosts of its region, by a token of its own or by a key that names
 * it.
 */
static bool check_project(struct exchange *x, const char *path_project) {
        struct json_object *project = identity_project_object(x->req.world, x->req.project);
        bool is_token = x->caller.kind == CALLER_IAM_TOKEN;
        const char *region = js_str(project, "/region");

        if (!project || !js_bool(project, "/enabled", true))
                return forbid(x, "APIGW.0310", "The project is unavailable");
        if (*x->req.region && !str_eq(region, x->req.region))
                return is_token ? forbid(x, "APIGW.0307", "The token must be updated")
                                : forbid(x, "APIGW.0310", "The project is unavailable");
        if (!path_project || str_eq(path_project, x->caller.project_id))
                return true;
        if (is_token || *x->caller.project_id)
                return forbid(x, "APIGW.0302",
                              "The project of the path is not that of the credentials");
        if (strchr(js_str(project, "/name"), '_'))
                return forbid(x, "APIGW.0302",
                              "X-Project-Id is missing: the project is a sub-project");
        return true;
}

/* Sets the project of the request, for services that live in one. */
static bool resolve_project(struct exchange *x) {
        const char *path_project = path_param(&x->req, "project_id");
        const char *own = identity_region_project(x->req.world, x->req.region);

        if (x->caller.kind == CALLER_IAM_TOKEN && !*x->caller.project_id)
                return forbid(x, "APIGW.0302", "The token is not scoped to a project");
        if (path_project)
                x->req.project = path_project;
        else if (*x->caller.project_id)
                x->req.project = x->caller.project_id;
        else
                x->req.project = keep(x, own);
        return check_project(x, path_project);
}

static bool check_domain(struct exchange *x) {
        const char *domain = header(&x->req, "X-Domain-Id");

        if (domain && !str_eq(domain, x->caller.domain_id))
                return forbid(x, "APIGW.0302", "X-Domain-Id is not the account of the credentials");
        if (str_eq(x->req.service, "ucs") && x->caller.kind == CALLER_IAM_TOKEN &&
            *x->caller.project_id)
                return forbid(x, "APIGW.0302", "The token is not scoped to the account");
        return true;
}

static bool authenticate_cloud(struct exchange *x) {
        const char *authorization = header(&x->req, "Authorization");
        const char *token = header(&x->req, "X-Auth-Token");
        bool good;

        if (token)
                good = check_iam_token(x, token);
        else if (authorization)
                good = check_signature(x, authorization);
        else
                good = refuse(x, "x-auth-token not found");
        if (!good || str_eq(x->req.service, "iam"))
                return good;
        return check_domain(x) && (str_eq(x->req.service, "ucs") || resolve_project(x));
}

static const char *bearer_token(const struct exchange *x) {
        const char *authorization = header(&x->req, "Authorization");

        if (!authorization || strncasecmp(authorization, "Bearer ", 7) != 0)
                return NULL;
        return authorization + 7;
}

static bool refuse_bearer(struct exchange *x, const char *engine_code, const char *engine_text) {
        bool is_engine = str_eq(x->req.service, "servicecomb");

        reply_error(&x->req, &x->resp, 401, is_engine ? engine_code : "Unauthorized", "%s",
                    is_engine ? engine_text : "Unauthorized");
        x->resp.is_gateway = true;
        return false;
}

static bool authenticate_instance(struct exchange *x, enum instance_kind kind) {
        struct json_object *instance = instance_find(x->req.world, kind, x->req.instance), *token;
        const char *text = bearer_token(x), *project = js_str(instance, "/project");

        x->req.project = keep(x, project);
        set_caller(x, CALLER_NONE, NULL, NULL);
        if (!js_bool(instance, "/needs_login", false) ||
            (kind == INSTANCE_ENGINE && str_eq(x->req.operation_id, "createToken")))
                return true;
        if (!text)
                return refuse_bearer(x, "401204", "No authorization header");
        token = token_find(x->req.world, text);
        if (!token || !str_eq(js_str(token, "/kind"), instance_token_kind(kind)) ||
            !str_eq(js_str(token, "/instance"), x->req.instance) ||
            js_int(token, "/expires_ms", 0) <= world_now(x->req.world))
                return refuse_bearer(x, "401201", "Request unauthorized");
        set_caller(x, kind == INSTANCE_ENGINE ? CALLER_ENGINE : CALLER_KUBERNETES,
                   js_str(token, "/user"), NULL);
        return true;
}

bool authenticate(struct exchange *x) {
        if (str_eq(x->req.service, "servicecomb"))
                return authenticate_instance(x, INSTANCE_ENGINE);
        if (str_eq(x->req.service, "karmada"))
                return authenticate_instance(x, INSTANCE_FLEET);
        if (str_eq(x->req.service, "iam") && str_eq(x->req.operation_id, "createToken")) {
                set_caller(x, CALLER_NONE, NULL, NULL);
                return true;
        }
        return authenticate_cloud(x);
}
