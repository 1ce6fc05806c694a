/* SPDX-License-Identifier: Apache-2.0 */
#include "auth/auth-internal.h"

#include <strings.h>

#include "auth/endpoint.h"
#include "auth/secret.h"
#include "base/stamp.h"
#include "base/text.h"

/**
 * auth_new() - who we are in one account. No request is made.
 * @http, @account: borrowed, must outlive it. Returns 0 or -ENOMEM.
 */
int auth_new(struct http *http, const struct account *account, struct auth **ret) {
        _cleanup_(auth_freep) struct auth *auth = calloc(1, sizeof(*auth));
        int r;

        if (!auth)
                return -ENOMEM;
        auth->http = http;
        auth->account = account;
        (void)pthread_mutex_init(&auth->lock, NULL);
        (void)pthread_mutex_init(&auth->reload, NULL);
        r = tokens_new(&auth->tokens);
        if (r == 0)
                r = identity_new(NULL, account, &auth->identity);
        if (r < 0)
                return r;
        auth_learn_domain(auth, account->domain_id, account->domain);
        *ret = STEAL(auth);
        return 0;
}

/** auth_free() - forget all, wiping what is secret; no request may be under way. Returns NULL. */
struct auth *auth_free(struct auth *auth) {
        if (!auth)
                return NULL;
        (void)tokens_free(auth->tokens);
        (void)identity_unref(auth->identity);
        (void)pthread_mutex_destroy(&auth->lock);
        (void)pthread_mutex_destroy(&auth->reload);
        for (size_t i = 0; i < auth->n_engines; i++) {
                free(auth->engines[i].name);
                free(auth->engines[i].value);
        }
        free(auth->engines);
        free(auth->domain_id);
        free(auth->domain_name);
        free(auth->missing);
        free(auth);
        return NULL;
}

/** auth_account() - the account; borrowed. */
const struct account *auth_account(const struct auth *auth) {
        return auth->account;
}

/* Learns whose the account is; what could not be learnt now is before the first call that needs
 * it. */
static int learn(struct auth *auth, struct op *op) {
        int r = auth_learn(auth, op);

        (void)pthread_mutex_lock(&auth->lock);
        auth->must_learn = r < 0 && r != -EACCES;
        (void)pthread_mutex_unlock(&auth->lock);
        return r;
}

/* Global services want to be told the account's id. */
static int learn_late(struct auth *auth, struct op *op, const struct auth_target *target) {
        bool must;

        if (target->scope != SCOPE_DOMAIN || text_eq(target->service, "iam"))
                return 0;
        (void)pthread_mutex_lock(&auth->lock);
        must = auth->must_learn && !auth->domain_id;
        (void)pthread_mutex_unlock(&auth->lock);
        return must ? learn(auth, op) : 0;
}

/**
 * auth_login() - prove that the credentials work, and learn whose they are.
 *
 * Returns 0; -EACCES with the reason if the cloud refuses them; anything else (-ENETUNREACH,
 * -ETIMEDOUT, …) says nothing about the credentials.
 */
int auth_login(struct auth *auth, struct op *op) {
        switch (auth->account->type) {
        case ACCOUNT_CLOUD:
                return learn(auth, op);
        case ACCOUNT_SERVICECOMB:
                return auth_login_engine(auth, op);
        case ACCOUNT_KUBERNETES:
                break;
        }
        return 0;
}

int64_t auth_wait_ms(struct auth *auth, const char *service, enum op_priority priority) {
        _cleanup_(freep) char *bucket = NULL;

        if (text_format(&bucket, "%s/%s", auth->account->name, service) < 0)
                return 0;
        return http_wait_ms(auth->http, bucket, priority);
}

static int configured(struct op *op, const struct account *account, const char *what,
                      const char *url, char **ret) {
        if (!url)
                return op_fail(op, ENOENT, "account `%s` has no address of a %s", account->name,
                               what);
        *ret = strdup(url);
        return *ret ? 0 : op_fail(op, ENOMEM, "out of memory");
}

int auth_address(struct auth *auth, struct op *op, const struct auth_target *target, char **ret) {
        const struct account *account = auth->account;
        const char *region;

        if (target->address)
                return configured(op, account, "server", target->address, ret);
        switch (target->endpoint) {
        case ENDPOINT_REGISTRY:
                return configured(op, account, "registry", account->registry, ret);
        case ENDPOINT_CONFIG:
                return configured(op, account, "configuration server", account->config_url, ret);
        case ENDPOINT_KUBE:
                return configured(op, account, "Kubernetes API server", NULL, ret);
        case ENDPOINT_SERVICE:
                break;
        }
        region = target->region;
        if (!region && text_eq(target->service, "iam"))
                region = auth_iam_region(auth);
        return endpoint_find(op, account, target->service, region, ret);
}

/* The request's own copies go as well; their lengths stay. */
static void wipe_headers(struct http_request *request) {
        static const char *const names[] = { "Authorization", "X-Auth-Token", "X-Security-Token" };

        for (size_t i = 0; i < request->headers.count; i++) {
                struct http_header *header = &request->headers.list[i];

                for (size_t j = 0; j < ELEMENTSOF(names); j++)
                        if (strcasecmp(header->name, names[j]) == 0)
                                explicit_bzero(header->value, strlen(header->value));
        }
}

static void set_transport(const struct auth *auth, const struct auth_target *target,
                          struct http_request *request) {
        const struct account *account = auth->account;
        bool is_engine =
                target->endpoint == ENDPOINT_REGISTRY || target->endpoint == ENDPOINT_CONFIG;

        if (!request->ca_file && !request->ca_pem)
                request->ca_file = account->ca_file;
        request->allow_plain |= account->allow_plain;
        if (is_engine)
                request->verify_not |= !account->verify_engine;
}

static void look_at(struct auth_call *call, const struct http_response *response) {
        if (call->token && response->status != 401 && response->status < 500)
                tokens_worked(call->auth->tokens, call->key, call->token);
        if (call->target->endpoint != ENDPOINT_SERVICE)
                return;
        auth_observe(call->auth, response);
        if (call->is_signed && response->status != 401)
                auth_gate_worked(call->auth);
}

/**
 * auth_send() - send a request with the account's credentials.
 * @request: its method, url, headers, body, repeat and max_size are the caller's; `ca_file`,
 * `allow_plain`, `verify_not` and `bucket` are filled where the caller left them open, credentials
 * and their renewal always. The caller ends it with http_request_done().
 *
 * Returns 0 with any answer (a 401 only if it is about something else than our credentials),
 * -EACCES with the reason if the credentials were refused, else as http_send().
 */
int auth_send(struct auth *auth, struct op *op, const struct auth_target *target,
              struct http_request *request, struct http_response **ret) {
        _cleanup_(http_response_freep) struct http_response *response = NULL;
        struct auth_call call = { .auth = auth, .target = target };
        _cleanup_(freep) char *bucket = NULL;
        int r = learn_late(auth, op, target);

        if (r < 0)
                return r;
        set_transport(auth, target, request);
        if (!request->bucket) {
                if (text_format(&bucket, "%s/%s", auth->account->name, target->service) < 0)
                        return op_fail(op, ENOMEM, "out of memory");
                request->bucket = bucket;
        }
        request->authorize = auth_authorize;
        request->renew = auth_renew;
        request->auth_data = &call;
        r = http_send(auth->http, op, request, &response);
        if (r == 0)
                look_at(&call, response);
        if (r == 0 && response->status == 401)
                r = auth_refused(&call, op, response);
        if (bucket)
                request->bucket = NULL;
        request->auth_data = NULL;
        wipe_headers(request);
        auth_call_done(&call);
        if (r < 0)
                return r;
        *ret = STEAL(response);
        return 0;
}

/** auth_get() - auth_send() of a GET to where @target is. Returns as it does, or -ENOMEM. */
int auth_get(struct auth *auth, struct op *op, const struct auth_target *target, const char *path,
             struct http_response **ret) {
        struct http_request request = { .method = METHOD_GET, .repeat = REPEAT_SAFE };
        _cleanup_(freep) char *address = NULL, *url = NULL;
        int r;

        r = auth_address(auth, op, target, &address);
        if (r < 0)
                return r;
        if (text_format(&url, "%s%s", address, path) < 0)
                return op_fail(op, ENOMEM, "out of memory");
        request.url = url;
        r = auth_send(auth, op, target, &request, ret);
        http_request_done(&request);
        return r;
}
