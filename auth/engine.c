/* SPDX-License-Identifier: Apache-2.0 */
/* Logins at microservice engines: POST /v4/token gives a bearer token for 12 hours. */
#include "auth/auth-internal.h"

#include "auth/secret.h"
#include "base/text.h"

enum {
        LIFE_MS = 12 * 3600 * 1000,
        NO_LOGIN_MS = 10 * 60 * 1000, /* an engine without logins is not asked again so long */
};

struct engine_login {
        struct auth *auth;
        const char *user, *password;
        const char *address;
};

static void remember(struct auth *auth, const char *engine, const char *address) {
        struct setting *list;
        size_t i = 0;

        (void)pthread_mutex_lock(&auth->lock);
        list = auth->engines;
        while (i < auth->n_engines && !text_eq(list[i].name, engine))
                i++;
        if (i == auth->n_engines && array_grow(&auth->engines, &auth->engines_capacity,
                                               auth->n_engines, ENGINES_MAX, sizeof(*list)) == 0) {
                auth->engines[i] = (struct setting){ .name = strdup(engine) };
                auth->n_engines += auth->engines[i].name ? 1 : 0;
        }
        if (i < auth->n_engines && !text_eq(auth->engines[i].value, address)) {
                free(auth->engines[i].value);
                auth->engines[i].value = strdup(address);
        }
        (void)pthread_mutex_unlock(&auth->lock);
}

static char *recall(struct auth *auth, const char *engine) {
        char *address = NULL;

        (void)pthread_mutex_lock(&auth->lock);
        for (size_t i = 0; i < auth->n_engines; i++)
                if (text_eq(auth->engines[i].name, engine) && auth->engines[i].value)
                        address = strdup(auth->engines[i].value);
        (void)pthread_mutex_unlock(&auth->lock);
        return address;
}

/*
 * Registries issue the tokens, for the configuration server next to them as well: so it is asked
 * where the caller says, else where this engine's registry was seen, else where it was configured.
 */
static char *login_address(struct auth *auth, const struct auth_target *target) {
        const char *address = target->login;
        char *known;

        if (!address && target->endpoint == ENDPOINT_REGISTRY)
                address = target->address;
        if (address && target->engine)
                remember(auth, target->engine, address);
        if (address)
                return strdup(address);
        known = target->engine ? recall(auth, target->engine) : NULL;
        if (known)
                return known;
        if (auth->account->registry)
                return strdup(auth->account->registry);
        address = target->address ? target->address : auth->account->config_url;
        return address ? strdup(address) : NULL;
}

static int make_body(const struct engine_login *login, struct buf *buf) {
        int r;

        r = buf_reserve(buf, 32 * 1024);
        if (r < 0)
                return r;
        (void)buf_add_str(buf, "{\"name\":");
        (void)auth_add_json(buf, login->user);
        (void)buf_add_str(buf, ",\"password\":");
        (void)auth_add_json(buf, login->password);
        return buf_add_char(buf, '}');
}

static int post(const struct engine_login *login, struct op *op, const struct buf *body,
                struct http_response **ret) {
        const struct account *account = login->auth->account;
        _cleanup_(freep) char *url = NULL, *bucket = NULL;
        struct http_request request = {
                .method = METHOD_POST,
                .body = body->data,
                .body_len = body->len,
                .ca_file = account->ca_file,
                .allow_plain = account->allow_plain,
                .verify_not = !account->verify_engine,
                .repeat = REPEAT_SAFE,
        };
        int r;

        if (text_format(&url, "%s/v4/token", login->address) < 0 ||
            text_format(&bucket, "%s/servicecomb", account->name) < 0 ||
            http_headers_set(&request.headers, "Content-Type", "application/json") < 0) {
                r = op_fail(op, ENOMEM, "out of memory");
        } else {
                request.url = url;
                request.bucket = bucket;
                r = http_send(login->auth->http, op, &request, ret);
        }
        http_request_done(&request);
        return r;
}

static int read_grant(struct op *op, struct http_response *response, struct token_grant *ret) {
        _cleanup_(json_freep) struct json *json = NULL;
        const char *token;
        int r;

        r = json_parse(response->body, response->len, &json, NULL);
        explicit_bzero(response->body, response->len);
        token = r < 0 ? NULL : json_string(json, "/token");
        if (text_is_empty(token))
                return op_fail(op, EIO, "the login at the engine was answered without a token");
        ret->value = strdup(token);
        ret->life_ms = LIFE_MS;
        return ret->value ? 0 : op_fail(op, ENOMEM, "out of memory");
}

static int fetch(void *data, struct op *op, struct token_grant *ret) {
        _cleanup_(http_response_freep) struct http_response *response = NULL;
        const struct engine_login *login = data;
        struct buf body = BUF_INIT(256 * 1024);
        char what[300], user[8];
        int r;

        r = make_body(login, &body);
        r = r < 0 ? op_fail(op, -r, "out of memory") : post(login, op, &body, &response);
        if (body.data)
                explicit_bzero(body.data, body.size);
        buf_done(&body);
        if (r < 0)
                return r;
        if (response->status == 200)
                return read_grant(op, response, ret);
        if (response->status == 404 || response->status == 405 || response->status == 501) {
                ret->value = strdup(""); /* an engine without security has no logins */
                ret->life_ms = NO_LOGIN_MS;
                return ret->value ? 0 : op_fail(op, ENOMEM, "out of memory");
        }
        secret_shorten(login->user, user);
        (void)snprintf(what, sizeof(what), "login of user %s at the engine %.200s", user,
                       login->address);
        return auth_fail_login(op, response, what);
}

/**
 * auth_engine_token() - a bearer token of the configured user at an engine.
 * @ret: "" if the engine has no logins; @ret_key, @ret: the caller's own.
 */
int auth_engine_token(struct auth *auth, struct op *op, const struct identity *identity,
                      const struct auth_target *target, char **ret_key, char **ret) {
        const struct account *account = identity->account;
        bool own = account->type == ACCOUNT_SERVICECOMB;
        struct engine_login login = {
                .auth = auth,
                .user = own ? account->user : account->engine_user,
                .password = own ? account->password : account->engine_password,
        };
        _cleanup_(freep) char *address = login_address(auth, target), *key = NULL;
        int r;

        if (!address)
                return op_fail(op, ENOENT, "no address is known to log in at the engine");
        login.address = address;
        if (text_format(&key, "engine/%s", address) < 0)
                return op_fail(op, ENOMEM, "out of memory");
        r = tokens_get(auth->tokens, op, key, fetch, &login, ret);
        if (r == 0)
                *ret_key = STEAL(key);
        return r;
}

/* One kind of server of a [servicecomb] account, and a question of its contract that costs it
 * little. */
static const struct kind_of_server {
        const char *name, *path;
        const char *members[2]; /* a good answer has one of them */
} registry = {
        "microservice registry",
        "/v4/default/registry/existence?type=microservice&appId=default"
        "&serviceName=SERVICECENTER&version=0.0.1",
        { "/serviceId", "/summary" },
}, config = {
        "configuration server",
        "/v1/default/kie/kv?label=hcloudfs%3Acheck&match=exact",
        { "/data", "/total" },
};

/* Codes of these servers are six digits; gateways and others have their own. */
static bool has_code(const struct json *json) {
        static const char *const places[] = { "/errorCode", "/error_code" };
        bool has = false;

        for (size_t i = 0; i < ELEMENTSOF(places); i++) {
                _cleanup_(freep) char *code = NULL;

                if (json_text_at(json, places[i], &code) == 0)
                        has |= strlen(code) == 6 && strspn(code, "0123456789") == 6;
        }
        return has;
}

/* Any web server answers something. "There is no such service" is a good answer; it has a code. */
static bool is_answer_of(const struct kind_of_server *kind, const struct http_response *response) {
        _cleanup_(json_freep) struct json *json = NULL;

        if (json_parse(response->body, response->len, &json, NULL) < 0)
                return false;
        if (response->status != 200)
                return has_code(json);
        return json_at(json, kind->members[0]) || json_at(json, kind->members[1]);
}

static int check_answer(struct op *op, const struct kind_of_server *kind, const char *address,
                        const struct http_response *response) {
        const char *elsewhere = http_headers_get(&response->headers, "Location");
        struct buf text = BUF_INIT(OP_REASON_SIZE);
        int r;

        if (is_answer_of(kind, response))
                return 0;
        (void)buf_printf(&text, "%.300s is no %s: it answers HTTP %d", address, kind->name,
                         response->status);
        if (response->status >= 300 && response->status < 400 && elsewhere)
                (void)buf_printf(&text, " and sends to %.300s", elsewhere);
        r = op_fail_answer(op, EPROTO, response->status, NULL, response->request_id,
                           buf_str(&text));
        buf_done(&text);
        return r;
}

/**
 * auth_login_server() - prove that one server of a [servicecomb] account is of its kind and lets us
 * in. Returns 0, -EACCES if it does not let us in, -EPROTO if it is something else, or another
 * negative errno, with the reason.
 */
int auth_login_server(struct auth *auth, struct op *op, enum endpoint endpoint) {
        const struct kind_of_server *kind = endpoint == ENDPOINT_REGISTRY ? &registry : &config;
        struct auth_target target = {
                .service = "servicecomb",
                .endpoint = endpoint,
                .scope = SCOPE_ENGINE,
        };
        _cleanup_(http_response_freep) struct http_response *response = NULL;
        const struct account *account = auth->account;
        _cleanup_(freep) char *address = NULL;
        int r;

        r = auth_address(auth, op, &target, &address);
        if (r == 0)
                r = auth_get(auth, op, &target, kind->path, &response);
        if (r < 0)
                return r;
        if (response->status == 401 && !account->user)
                return op_fail_answer(op, EACCES, 401, NULL, response->request_id,
                                      "the server wants a login: set `user` and `password`");
        if (response->status == 401 || response->status == 403 || response->status >= 500)
                return auth_fail_login(op, response, address);
        return check_answer(op, kind, address, response);
}

/** auth_login_engine() - prove that all servers of a [servicecomb] account let us in. */
int auth_login_engine(struct auth *auth, struct op *op) {
        int r = 0;

        if (auth->account->registry)
                r = auth_login_server(auth, op, ENDPOINT_REGISTRY);
        if (r == 0 && auth->account->config_url)
                r = auth_login_server(auth, op, ENDPOINT_CONFIG);
        return r;
}
