/* SPDX-License-Identifier: Apache-2.0 */
/* Credentials for each attempt of a request, and what to do when a server does not take them. */
#include "auth/auth-internal.h"

#include <strings.h>

#include "auth/refusal.h"
#include "auth/secret.h"
#include "auth/sign.h"
#include "base/source.h"
#include "base/stamp.h"
#include "base/text.h"

/** auth_call_done() - let go of what the attempts went out with. */
void auth_call_done(struct auth_call *call) {
        call->identity = identity_unref(call->identity);
        call->token = secret_free(call->token);
        free(call->key);
        call->key = NULL;
        call->is_signed = false;
}

/* Headers that count when they are there. Gateways change or drop others, so those stay unsigned:
 * a signed X-Language makes a 401 (conventions, 1.1). */
static bool is_signed(const char *name, const char *value) {
        static const char *const names[] = {
                "x-sdk-date",       "x-project-id",
                "x-domain-id",      "x-engine-id",
                "x-environment",    "x-sdk-content-sha256",
                "x-security-token", "x-enterprise-project-id",
        };

        if (strcasecmp(name, "content-type") == 0)
                return text_starts(value, "application/json");
        for (size_t i = 0; i < ELEMENTSOF(names); i++)
                if (strcasecmp(name, names[i]) == 0)
                        return true;
        return false;
}

/* Bodies that are no JSON go out unsigned, as the vendor's clients send them. */
static bool is_unsigned_payload(const struct http_request *request) {
        const char *type = http_headers_get(&request->headers, "Content-Type");

        return request->body && request->body_len > 0 && type &&
               !text_starts(type, "application/json");
}

static int set_signed_headers(struct auth_call *call, const struct account *account,
                              struct http_request *request, const char *date) {
        const struct auth_target *target = call->target;
        struct http_headers *headers = &request->headers;
        char domain[128] = "";
        int r;

        (void)pthread_mutex_lock(&call->auth->lock);
        if (call->auth->domain_id)
                (void)snprintf(domain, sizeof(domain), "%s", call->auth->domain_id);
        (void)pthread_mutex_unlock(&call->auth->lock);
        r = http_headers_set(headers, "X-Sdk-Date", date);
        if (r == 0 && target->scope == SCOPE_PROJECT && target->project)
                r = http_headers_set(headers, "X-Project-Id", target->project);
        if (r == 0 && target->scope == SCOPE_DOMAIN && *domain)
                r = http_headers_set(headers, "X-Domain-Id", domain);
        if (r == 0)
                r = http_headers_set(headers, "X-Security-Token", account->security_token);
        if (r == 0 && is_unsigned_payload(request))
                r = http_headers_set(headers, "X-Sdk-Content-Sha256", SIGN_UNSIGNED_PAYLOAD);
        return r;
}

static int add_authorization(const struct account *account, struct http_request *request,
                             const char *date) {
        _cleanup_(freep) char *host = NULL, *authorization = NULL;
        struct sign_header headers[SIGN_HEADERS_MAX];
        struct sign_input input = {
                .ak = account->ak,
                .sk = account->sk,
                .date = date,
                .method = method_name(request->method),
                .url = request->url,
                .headers = headers,
                .body = request->body,
                .body_len = request->body_len,
        };
        int r;

        r = sign_host(request->url, &host);
        if (r < 0)
                return r;
        headers[input.n_headers++] = (struct sign_header){ "Host", host };
        for (size_t i = 0; i < request->headers.count; i++) {
                const struct http_header *header = &request->headers.list[i];

                if (!is_signed(header->name, header->value))
                        continue;
                if (input.n_headers == SIGN_HEADERS_MAX)
                        return -E2BIG;
                headers[input.n_headers++] = (struct sign_header){ header->name, header->value };
        }
        r = sign_authorization(&input, &authorization);
        if (r < 0)
                return r;
        return http_headers_set(&request->headers, "Authorization", authorization);
}

static int sign(struct auth_call *call, struct op *op, struct http_request *request) {
        const struct account *account = call->identity->account;
        char date[STAMP_TEXT_SIZE];
        int r;

        if (request->body_len > SIGN_BODY_MAX)
                return op_fail(op, EFBIG,
                               "%zu bytes are more than the 12 MB that a request signed "
                               "with an access key may have",
                               request->body_len);
        if (call->target->token)
                return op_fail(
                        op, EACCES,
                        "this call needs a token of the cloud beside that of the engine: set "
                        "`user`, `password` and `domain` for account `%s`",
                        call->auth->account->name);
        stamp_format_compact(auth_now_s(call->auth, &call->offset_s), date);
        call->is_signed = true;
        r = set_signed_headers(call, account, request, date);
        if (r == 0)
                r = add_authorization(account, request, date);
        return r < 0 ? op_fail(op, -r, "the request cannot be signed: %s", strerror(-r)) : 0;
}

/* A known token, or one of a login; other credentials on the disk are worth one more try. */
static int fetch_token(struct auth_call *call, struct op *op) {
        const struct auth_target *target = call->target;
        const char *project = target->scope == SCOPE_PROJECT ? target->project : NULL;
        int r;

        r = auth_iam_token(call->auth, op, call->identity, target->region, project, &call->key,
                           &call->token);
        if (r != -EACCES || auth_reload(call->auth, op, call->identity) <= 0)
                return r;
        call->identity = identity_unref(call->identity);
        call->identity = auth_identity(call->auth);
        return auth_iam_token(call->auth, op, call->identity, target->region, project, &call->key,
                              &call->token);
}

/* An engine's accounts are kept behind the cloud's address: both want to know who comes. */
static int set_token_headers(struct auth_call *call, struct http_request *request,
                             const char *token) {
        _cleanup_(secret_freep) char *engine = NULL;
        int r;

        r = http_headers_set(&request->headers, "X-Auth-Token", token);
        if (r < 0 || !call->target->token)
                return r;
        if (text_format(&engine, "Bear %s", call->target->token) < 0)
                return -ENOMEM;
        return http_headers_set(&request->headers, "Authorization", engine);
}

static int authorize_cloud(struct auth_call *call, struct op *op, struct http_request *request) {
        const struct account *account = call->identity->account;
        const char *token = account->token;
        int r;

        if (account->ak && !(call->target->token && account->user))
                return sign(call, op, request);
        if (account->user) {
                r = fetch_token(call, op);
                if (r < 0)
                        return r;
                token = call->token;
        }
        if (!token)
                return op_fail(op, EACCES, "account `%s` has no credentials",
                               call->auth->account->name);
        r = set_token_headers(call, request, token);
        return r < 0 ? op_fail(op, -r, "the token cannot be sent: %s", strerror(-r)) : 0;
}

static bool has_engine_user(const struct account *account) {
        return account->type == ACCOUNT_SERVICECOMB ? account->user : account->engine_user;
}

/* The configured user's token, else what the caller found, else nothing: not every engine asks. */
static int authorize_bearer(struct auth_call *call, struct op *op, struct http_request *request) {
        const char *token = call->target->token;
        _cleanup_(secret_freep) char *value = NULL;
        int r;

        if (call->target->scope == SCOPE_ENGINE && has_engine_user(call->identity->account)) {
                r = auth_engine_token(call->auth, op, call->identity, call->target, &call->key,
                                      &call->token);
                if (r < 0)
                        return r;
                token = call->token;
        }
        if (text_is_empty(token))
                return http_headers_set(&request->headers, "Authorization", NULL);
        if (text_format(&value, "Bearer %s", token) < 0)
                return op_fail(op, ENOMEM, "out of memory");
        r = http_headers_set(&request->headers, "Authorization", value);
        return r < 0 ? op_fail(op, -r, "the token cannot be sent: %s", strerror(-r)) : 0;
}

/* What is in force, unless that is nothing: then the sources may have some by now. */
static int take_identity(struct auth_call *call, struct op *op) {
        call->identity = auth_identity(call->auth);
        if (!call->identity->account->failure)
                return 0;
        if (auth_reload(call->auth, op, call->identity) <= 0)
                return op_fail(op, EACCES, "%s", call->identity->account->failure);
        call->identity = identity_unref(call->identity);
        call->identity = auth_identity(call->auth);
        return 0;
}

/** auth_authorize() - give one attempt its credentials; @data is a struct auth_call. */
int auth_authorize(void *data, struct op *op, struct http_request *request) {
        struct auth_call *call = data;
        enum scope scope = call->target->scope;
        int r;

        if (scope == SCOPE_NONE)
                return 0;
        if (scope == SCOPE_PROJECT || scope == SCOPE_DOMAIN) {
                r = auth_gate(call->auth, op);
                if (r < 0)
                        return r;
        }
        auth_call_done(call);
        r = take_identity(call, op);
        if (r < 0)
                return r;
        if (scope == SCOPE_PROJECT || scope == SCOPE_DOMAIN)
                return authorize_cloud(call, op, request);
        return authorize_bearer(call, op, request);
}

/* What a person should know; the gateway's own words may hold the whole request. */
static void explain(const struct auth_call *call, enum refusal refusal,
                    const struct http_fault *fault, int64_t skew_s, struct buf *buf) {
        const struct account *account = call->identity->account;
        const char *origin = account->origin ? account->origin : "?";
        char key[8] = "";

        if (account->ak)
                secret_shorten(account->ak, key);
        if (refusal == REFUSAL_SIGNATURE)
                (void)buf_printf(buf, "the secret key does not fit access key %s (%s)", key,
                                 origin);
        else if (refusal == REFUSAL_UNKNOWN_KEY)
                (void)buf_printf(buf, "access key %s (%s) does not exist or is disabled", key,
                                 origin);
        else if (refusal == REFUSAL_LOCKED)
                (void)buf_printf(buf,
                                 "access key %s (%s) is locked for five minutes after too many "
                                 "wrong signatures",
                                 key, origin);
        else if (refusal == REFUSAL_CLOCK)
                (void)buf_printf(buf,
                                 "this machine's clock is %lld seconds off and signing with the "
                                 "server's time did not help",
                                 (long long)-skew_s);
        else if (refusal == REFUSAL_TOKEN && call->is_signed)
                (void)buf_printf(buf,
                                 "the security token of access key %s (%s) is over, missing or "
                                 "another key's",
                                 key, origin);
        else
                (void)buf_printf(buf, "the credentials (%s) were not accepted: %.600s", origin,
                                 fault->message ? fault->message : "no reason given");
}

static int fail(struct auth_call *call, struct op *op, enum refusal refusal,
                const struct http_fault *fault) {
        struct buf text = BUF_INIT(OP_REASON_SIZE);
        bool is_corrected;
        int64_t skew;
        int r;

        (void)auth_skew(call->auth, &skew, &is_corrected);
        explain(call, refusal, fault, skew, &text);
        if (refusal != REFUSAL_CLOCK && !call->token)
                auth_gate_failed(call->auth, refusal == REFUSAL_LOCKED, buf_str(&text));
        r = op_fail_answer(op, EACCES, 401, fault->code, fault->request_id, buf_str(&text));
        buf_done(&text);
        return r;
}

static bool is_cloud(const struct auth_call *call) {
        return call->target->scope == SCOPE_PROJECT || call->target->scope == SCOPE_DOMAIN;
}

/**
 * auth_refused() - the answer that stands is a 401: is it about our credentials?
 * Returns 0 if it is the caller's business, -EACCES with the reason.
 */
int auth_refused(struct auth_call *call, struct op *op, const struct http_response *response) {
        struct http_fault fault;
        enum refusal refusal;
        int r;

        if (!is_cloud(call) || !call->identity)
                return 0;
        r = http_fault_parse(response, &fault);
        if (r < 0)
                return op_fail(op, -r, "out of memory");
        refusal = refusal_of(&fault);
        if (refusal != REFUSAL_NONE)
                r = fail(call, op, refusal, &fault);
        http_fault_done(&fault);
        return r;
}

/* A token that we fetched: another one may do. */
static int renew_token(struct auth_call *call) {
        return tokens_reject(call->auth->tokens, call->key, call->token) ? 1 : 0;
}

static int renew_cloud(struct auth_call *call, struct op *op, const struct http_response *response,
                       const struct http_fault *fault) {
        enum refusal refusal = refusal_of(fault);

        if (refusal == REFUSAL_NONE)
                return 0;
        if (call->token)
                return renew_token(call);
        if (call->is_signed && refusal == REFUSAL_CLOCK &&
            auth_correct_clock(call->auth, fault->message, response, call->offset_s))
                return 1;
        return auth_reload(call->auth, op, call->identity) > 0 ? 1 : 0;
}

/**
 * auth_renew() - what to do about a 401; @data is a struct auth_call.
 * Returns 1 if another attempt will carry other credentials, 0 if this answer stands.
 */
int auth_renew(void *data, struct op *op, const struct http_response *response) {
        struct auth_call *call = data;
        enum scope scope = call->target->scope;
        struct http_fault fault;
        int r;

        if (scope == SCOPE_ENGINE)
                return call->token ? renew_token(call) : 0;
        if (!is_cloud(call))
                return 0;
        r = http_fault_parse(response, &fault);
        if (r < 0)
                return op_fail(op, -r, "out of memory");
        r = renew_cloud(call, op, response, &fault);
        http_fault_done(&fault);
        return r;
}
