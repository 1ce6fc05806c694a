/* SPDX-License-Identifier: Apache-2.0 */
#include "backends/engine-token.h"

#include <pthread.h>

#include "backends/fault.h"
#include "backends/rows.h"
#include "base/stamp.h"
#include "base/text.h"

/* Tokens live 12 h by the contract (ServiceComb notes, section 4); renewed at two thirds of it. */
enum { TOKEN_LIFE_MS = 8 * 60 * 60 * 1000, TOKENS_MAX = 1024 };

struct engine_token {
        char *engine;
        char *token;
        int64_t until_ms; /* monotonic */
};

struct engine_tokens {
        struct auth *auth; /* borrowed */
        pthread_mutex_t lock;
        struct engine_token *list;
        size_t count, capacity;
};

static void wipe(char *secret) {
        if (!secret)
                return;
        explicit_bzero(secret, strlen(secret));
        free(secret);
}

/** engine_tokens_new() - an empty store; @auth is borrowed. 0 or -ENOMEM. */
int engine_tokens_new(struct auth *auth, struct engine_tokens **ret) {
        struct engine_tokens *tokens = calloc(1, sizeof(*tokens));

        if (!tokens)
                return -ENOMEM;
        tokens->auth = auth;
        (void)pthread_mutex_init(&tokens->lock, NULL);
        *ret = tokens;
        return 0;
}

/** engine_tokens_free() - wipe and free; NULL is fine. Returns NULL. */
struct engine_tokens *engine_tokens_free(struct engine_tokens *tokens) {
        if (!tokens)
                return NULL;
        for (size_t i = 0; i < tokens->count; i++) {
                free(tokens->list[i].engine);
                wipe(tokens->list[i].token);
        }
        free(tokens->list);
        (void)pthread_mutex_destroy(&tokens->lock);
        free(tokens);
        return NULL;
}

static struct engine_token *find(struct engine_tokens *tokens, const char *engine) {
        for (size_t i = 0; i < tokens->count; i++)
                if (text_eq(tokens->list[i].engine, engine))
                        return &tokens->list[i];
        return NULL;
}

/* Copies a token that still holds; NULL if there is none. */
static char *copy_known(struct engine_tokens *tokens, const char *engine) {
        struct engine_token *known;
        char *copy = NULL;

        (void)pthread_mutex_lock(&tokens->lock);
        known = find(tokens, engine);
        if (known && known->token && stamp_monotonic_ms() < known->until_ms)
                copy = strdup(known->token);
        (void)pthread_mutex_unlock(&tokens->lock);
        return copy;
}

static int keep(struct engine_tokens *tokens, const char *engine, const char *token) {
        struct engine_token *known;
        int r = 0;

        (void)pthread_mutex_lock(&tokens->lock);
        known = find(tokens, engine);
        if (!known) {
                r = array_grow(&tokens->list, &tokens->capacity, tokens->count, TOKENS_MAX,
                               sizeof(*tokens->list));
                if (r == 0) {
                        known = &tokens->list[tokens->count];
                        *known = (struct engine_token){ .engine = strdup(engine) };
                        r = known->engine ? 0 : -ENOMEM;
                        tokens->count += known->engine != NULL;
                }
        }
        if (r == 0) {
                wipe(known->token);
                known->token = strdup(token);
                known->until_ms = stamp_monotonic_ms() + TOKEN_LIFE_MS;
        }
        (void)pthread_mutex_unlock(&tokens->lock);
        return r;
}

/* Asks the cloud for a token of the engine: the IAM user must be known in it. */
static int issue(struct engine_tokens *tokens, struct op *op, const struct auth_target *engine,
                 const char *enterprise_project, char **ret) {
        _cleanup_(http_response_freep) struct http_response *response = NULL;
        _cleanup_(json_freep) struct json *body = NULL;
        _cleanup_(freep) char *address = NULL;
        struct auth_target target = { .service = "cse",
                                      .scope = SCOPE_PROJECT,
                                      .region = engine->region,
                                      .project = engine->cloud_project };
        struct buf url = BUF_INIT(4096);
        struct http_request request = { .method = METHOD_POST,
                                        .repeat = REPEAT_SAFE,
                                        .bucket = "cse" };
        int r;

        r = auth_address(tokens->auth, op, &target, &address);
        if (r == 0)
                r = buf_printf(&url, "%s/v2/%s/enginemgr/engines/%s/tokens", address,
                               target.project ? target.project : "", engine->engine);
        request.url = buf_str(&url);
        if (r == 0)
                r = http_headers_set(&request.headers, "X-Enterprise-Project-ID",
                                     enterprise_project);
        if (r == 0)
                r = auth_send(tokens->auth, op, &target, &request, &response);
        http_request_done(&request);
        buf_done(&url);
        if (r < 0)
                return r;
        if (response->status < 200 || response->status >= 300)
                return fault_fail(op, &create_engine_token, response);
        r = json_parse(response->body, response->len, &body, NULL);
        if (r == 0)
                r = json_text_at(body, "/token", ret);
        explicit_bzero(response->body, response->len);
        return r < 0 ? op_fail(op, EIO, "the engine's token could not be read") : 0;
}

/**
 * engine_tokens_get() - a token for an engine with security: a known one, or a new one.
 * @enterprise_project: the engine's, NULL if it is not known. @ret: owned by the caller.
 * Returns 0 or the failure of the call that issues tokens.
 */
int engine_tokens_get(struct engine_tokens *tokens, struct op *op, const struct auth_target *target,
                      const char *enterprise_project, const char **ret) {
        char *token = copy_known(tokens, target->engine);
        int r;

        if (!token) {
                r = issue(tokens, op, target, enterprise_project, &token);
                if (r < 0)
                        return r;
                (void)keep(tokens, target->engine, token);
        }
        *ret = token;
        return 0;
}

/** engine_tokens_forget() - a token was refused: the next request asks for a new one. */
void engine_tokens_forget(struct engine_tokens *tokens, const struct auth_target *target) {
        struct engine_token *known;

        (void)pthread_mutex_lock(&tokens->lock);
        known = find(tokens, target->engine);
        if (known)
                known->until_ms = 0;
        (void)pthread_mutex_unlock(&tokens->lock);
}
