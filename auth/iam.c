/* SPDX-License-Identifier: Apache-2.0 */
/* Logins at IAM by user and password, and what IAM tells of the account. */
#include "auth/auth-internal.h"

#include "auth/endpoint.h"
#include "auth/keys.h"
#include "auth/secret.h"
#include "base/stamp.h"
#include "base/text.h"

/* One login, as tokens_get() hands it on. */
struct login {
        struct auth *auth;
        const struct account *account;
        const char *region;  /* whose IAM is asked */
        const char *project; /* id, NULL: a token for the whole account */
};

/** auth_iam_region() - the region whose IAM is asked for what belongs to none; NULL: any. */
const char *auth_iam_region(const struct auth *auth) {
        const struct account *account = auth->account;

        if (account->region)
                return account->region;
        for (char **name = account->projects; name && *name; name++)
                if (key_is_region(*name))
                        return *name;
        return NULL;
}

/**
 * auth_add_json() - append a text as a JSON string literal.
 *
 * For secrets, which a JSON tree would leave behind in memory: with enough room reserved before,
 * the buffer is the only copy. Errors as buf_reserve().
 */
int auth_add_json(struct buf *buf, const char *text) {
        (void)buf_add_char(buf, '"');
        for (; *text; text++) {
                if ((unsigned char)*text < 0x20)
                        (void)buf_printf(buf, "\\u%04x", (unsigned)(unsigned char)*text);
                else if (*text == '"' || *text == '\\')
                        (void)buf_printf(buf, "\\%c", *text);
                else
                        (void)buf_add_char(buf, *text);
        }
        return buf_add_char(buf, '"');
}

static void add_object(struct buf *buf, const char *name, const char *value) {
        (void)buf_printf(buf, "{\"%s\":", name);
        (void)auth_add_json(buf, value);
        (void)buf_add_char(buf, '}');
}

/* The account goes by its name: IAM wants that, and takes no id in its place. */
static int make_body(const struct login *login, struct buf *buf) {
        const struct account *account = login->account;
        const char *domain = account->domain ? account->domain : "";
        int r;

        r = buf_reserve(buf, 32 * 1024);
        if (r < 0)
                return r;
        (void)buf_add_str(buf, "{\"auth\":{\"identity\":{\"methods\":[\"password\"],\"password\":"
                               "{\"user\":{\"name\":");
        (void)auth_add_json(buf, account->user);
        (void)buf_add_str(buf, ",\"password\":");
        (void)auth_add_json(buf, account->password);
        (void)buf_add_str(buf, ",\"domain\":");
        add_object(buf, "name", domain);
        (void)buf_printf(buf, "}}},\"scope\":{\"%s\":", login->project ? "project" : "domain");
        if (login->project)
                add_object(buf, "id", login->project);
        else
                add_object(buf, "name", domain);
        return buf_add_str(buf, "}}}");
}

/**
 * auth_fail_login() - a login was answered with something else than a token.
 * 401 and 403 are refusals (-EACCES); what else it is says nothing about the credentials.
 */
int auth_fail_login(struct op *op, const struct http_response *response, const char *what) {
        int error = response->status == 401 || response->status == 403 ? EACCES
                    : response->status == 429                          ? EBUSY
                    : response->status == 400                          ? EINVAL
                                                                       : EIO;
        struct buf text = BUF_INIT(OP_REASON_SIZE);
        struct http_fault fault = { 0 };
        int r;

        (void)http_fault_parse(response, &fault);
        (void)buf_printf(&text, "%s: %s (HTTP %d): %.600s", what,
                         error == EACCES ? "refused" : "no login", response->status,
                         fault.message ? fault.message : "no reason given");
        r = op_fail_answer(op, error, response->status, fault.code, fault.request_id,
                           buf_str(&text));
        buf_done(&text);
        http_fault_done(&fault);
        return r;
}

/* By the server's clock, if it told: ours may be wrong. */
static int64_t life_of(const struct http_response *response, const struct json *json) {
        int64_t now_s = response->date_s ? response->date_s : response->received_ms / 1000, life;
        struct timespec end;

        if (stamp_parse(json_string(json, "/token/expires_at"), &end) < 0)
                return LOGIN_LIFE_MAX_MS / 2;
        life = ((int64_t)end.tv_sec - now_s) * 1000;
        if (life > LOGIN_LIFE_MAX_MS)
                return LOGIN_LIFE_MAX_MS;
        return life > 0 ? life : 0;
}

static void learn(struct auth *auth, const struct json *json) {
        static const char *const places[] = { "/token/domain", "/token/user/domain",
                                              "/token/project/domain" };

        for (size_t i = 0; i < ELEMENTSOF(places); i++) {
                const struct json *domain = json_at(json, places[i]);

                if (json_string(domain, "/id")) {
                        auth_learn_domain(auth, json_string(domain, "/id"),
                                          json_string(domain, "/name"));
                        return;
                }
        }
}

static int read_grant(const struct login *login, struct op *op,
                      const struct http_response *response, struct token_grant *ret) {
        const char *token = http_headers_get(&response->headers, "X-Subject-Token");
        _cleanup_(json_freep) struct json *json = NULL;

        if (text_is_empty(token))
                return op_fail(op, EIO, "the login at IAM was answered without a token");
        (void)json_parse(response->body, response->len, &json, NULL);
        learn(login->auth, json);
        ret->value = strdup(token);
        ret->life_ms = life_of(response, json);
        return ret->value ? 0 : op_fail(op, ENOMEM, "out of memory");
}

static int post(const struct login *login, struct op *op, const char *url, const struct buf *body,
                struct http_response **ret) {
        _cleanup_(freep) char *bucket = NULL;
        struct http_request request = {
                .method = METHOD_POST,
                .url = url,
                .body = body->data,
                .body_len = body->len,
                .ca_file = login->auth->account->ca_file,
                .allow_plain = login->auth->account->allow_plain,
                .repeat = REPEAT_SAFE, /* one more token hurts nobody */
        };
        int r;

        if (text_format(&bucket, "%s/iam", login->auth->account->name) < 0)
                return op_fail(op, ENOMEM, "out of memory");
        request.bucket = bucket;
        r = http_headers_set(&request.headers, "Content-Type", "application/json;charset=utf8");
        r = r < 0 ? op_fail(op, -r, "out of memory")
                  : http_send(login->auth->http, op, &request, ret);
        http_request_done(&request);
        return r;
}

/* POST {iam}/v3/auth/tokens: 201, the token is in a header, good for 24 hours. */
static int fetch(void *data, struct op *op, struct token_grant *ret) {
        _cleanup_(http_response_freep) struct http_response *response = NULL;
        _cleanup_(freep) char *address = NULL, *url = NULL;
        const struct login *login = data;
        struct buf body = BUF_INIT(256 * 1024);
        char what[160], user[8];
        int r;

        r = endpoint_find(op, login->auth->account, "iam", login->region, &address);
        if (r == 0 && text_format(&url, "%s/v3/auth/tokens?nocatalog=true", address) < 0)
                r = -ENOMEM;
        if (r == 0)
                r = make_body(login, &body);
        if (r == 0)
                r = post(login, op, url, &body, &response);
        if (body.data)
                explicit_bzero(body.data, body.size);
        buf_done(&body);
        if (r < 0)
                return r == -ENOMEM ? op_fail(op, ENOMEM, "out of memory") : r;
        auth_observe(login->auth, response);
        if (response->status == 201 || response->status == 200)
                return read_grant(login, op, response, ret);
        secret_shorten(login->account->user, user);
        (void)snprintf(what, sizeof(what), "login of user %s of account `%.64s` at IAM", user,
                       login->auth->account->name);
        return auth_fail_login(op, response, what);
}

/**
 * auth_iam_token() - a token of the configured user for a project, or for the account.
 * @region: of the service that is called: its own IAM issues the tokens that it takes.
 * @project: id, NULL for the account. @ret_key, @ret: the caller's own.
 */
int auth_iam_token(struct auth *auth, struct op *op, const struct identity *identity,
                   const char *region, const char *project, char **ret_key, char **ret) {
        struct login login = {
                .auth = auth,
                .account = identity->account,
                .region = region ? region : auth_iam_region(auth),
                .project = project,
        };
        _cleanup_(freep) char *key = NULL;
        int r;

        if (text_format(&key, "iam/%s", project ? project : "") < 0)
                return op_fail(op, ENOMEM, "out of memory");
        r = tokens_get(auth->tokens, op, key, fetch, &login, ret);
        if (r == 0)
                *ret_key = STEAL(key);
        return r;
}

static int get(struct auth *auth, struct op *op, const char *path, struct http_response **ret) {
        struct auth_target target = {
                .service = "iam",
                .endpoint = ENDPOINT_SERVICE,
                .scope = SCOPE_DOMAIN,
        };

        return auth_get(auth, op, &target, path, ret);
}

/** auth_has_project() - is there a project of this name in IAM's answer? One that is a part of the
 * list only does not tell: then true. */
bool auth_has_project(const struct json *answer, const char *name) {
        const struct json *projects = json_at(answer, "/projects");

        for (size_t i = 0; i < json_count(projects); i++)
                if (text_eq(json_string(json_item(projects, i), "/name"), name))
                        return true;
        return !projects || json_string(answer, "/links/next");
}

/* A name in `projects` that is misspelt would just not be there. */
static void note_missing(struct auth *auth, const struct json *answer) {
        struct buf text = BUF_INIT(OP_REASON_SIZE);
        char *missing;

        if (!json_at(answer, "/projects"))
                return;
        for (char **name = auth->account->projects; name && *name; name++)
                if (!auth_has_project(answer, *name))
                        (void)buf_printf(&text, "%s`%s`", text.len ? ", " : "", *name);
        missing = text.len ? buf_steal(&text, NULL) : NULL;
        buf_done(&text);
        (void)pthread_mutex_lock(&auth->lock);
        free(auth->missing);
        auth->missing = missing;
        (void)pthread_mutex_unlock(&auth->lock);
}

char *auth_missing_projects(struct auth *auth) {
        char *missing;

        (void)pthread_mutex_lock(&auth->lock);
        missing = auth->missing ? strdup(auth->missing) : NULL;
        (void)pthread_mutex_unlock(&auth->lock);
        return missing;
}

/* The account's id from one of its lists. 0, -ENOENT if the list does not tell, or the failure. */
static int learn_from(struct auth *auth, struct op *op, const char *path, const char *pointer) {
        _cleanup_(http_response_freep) struct http_response *response = NULL;
        _cleanup_(json_freep) struct json *json = NULL;
        int r;

        r = get(auth, op, path, &response);
        if (r < 0)
                return r;
        if (response->status == 403)
                return -ENOENT; /* known, but may not see this */
        if (response->status != 200)
                return auth_fail_login(op, response, "look-up of the account at IAM");
        if (json_parse(response->body, response->len, &json, NULL) < 0)
                return op_fail(op, EIO, "the answer of IAM is no JSON");
        note_missing(auth, json);
        if (!json_string(json, pointer))
                return -ENOENT;
        auth_learn_domain(auth, json_string(json, pointer), NULL);
        return 0;
}

/**
 * auth_learn() - prove the credentials at IAM and learn the account's id.
 *
 * Its lists of projects tell the id to anybody who may see one; a user without that right is known
 * all the same, and global services then do without X-Domain-Id.
 */
int auth_learn(struct auth *auth, struct op *op) {
        static const struct {
                const char *path, *pointer;
        } lists[] = {
                { "/v3/projects", "/projects/0/domain_id" },
                { "/v3/auth/projects", "/projects/0/domain_id" },
                { "/v3/auth/domains", "/domains/0/id" },
        };
        int r = -ENOENT;

        for (size_t i = 0; r == -ENOENT && i < ELEMENTSOF(lists); i++)
                r = learn_from(auth, op, lists[i].path, lists[i].pointer);
        return r == -ENOENT ? 0 : r;
}
