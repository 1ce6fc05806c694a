/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tokens of ServiceComb engines: by password at the engine, by the cloud's identity at the CSE
 * service.
 */
#include "contrib/emulator/identity-internal.h"
#include "contrib/emulator/world-internal.h"

#include <string.h>

enum {
        LIFE_S = 12 * 3600,
        LIFE_MIN_S = 15 * 60,
        LIFE_MAX_S = 24 * 3600,
        FAILURES_MAX = 3,
        LOCK_MS = 15 * 60 * 1000,
};

/* A Go duration of hours, minutes and seconds ("1h30m"). Returns seconds, or -EINVAL. */
static int64_t duration_s(const char *text) {
        int64_t total = 0;

        while (*text) {
                size_t digits = strspn(text, "0123456789");
                _cleanup_(freep) char *number = x_strndup(text, digits);
                int64_t value, unit;

                unit = text[digits] == 'h'   ? 3600
                       : text[digits] == 'm' ? 60
                       : text[digits] == 's' ? 1
                                             : 0;
                if (parse_int(number, &value) < 0 || value > LIFE_MAX_S || !unit)
                        return -EINVAL;
                total += value * unit;
                text += digits + 1;
        }
        return total;
}

static int64_t engine_life(const struct request *req) {
        const char *wanted = js_str(req->body, "/tokenExpirationTime");
        int64_t life = wanted ? duration_s(wanted) : LIFE_S;

        if (life < LIFE_MIN_S || life > LIFE_MAX_S)
                return -EINVAL;
        return life < req->world->token_life_s ? life : req->world->token_life_s;
}

/* The third failure locks the name for a quarter of an hour. */
static bool count_failure(const struct request *req, struct json_object *account) {
        int64_t failures = js_int(account, "/failures", 0) + 1;

        js_set_int(account, "/failures", failures % FAILURES_MAX);
        if (failures < FAILURES_MAX)
                return false;
        js_set_int(account, "/locked_until_ms", world_now(req->world) + LOCK_MS);
        return true;
}

static void create_token(const struct request *req, struct response *resp) {
        struct collection *c =
                world_collection(req->world, "emulator/engine-accounts", req->instance);
        struct json_object *account = collection_get(c, js_str(req->body, "/name"));
        const char *password = js_str(req->body, "/password");
        int64_t life = engine_life(req);
        char token[TOKEN_SIZE];

        if (life < 0) {
                reply_error(req, resp, 400, "400001", "Invalid parameter(s)");
        } else if (js_int(account, "/locked_until_ms", 0) > world_now(req->world)) {
                reply_error(req, resp, 403, "403201", "Account is blocked");
        } else if (!account || !str_eq(js_str(account, "/password"), password)) {
                if (account && count_failure(req, account))
                        reply_error(req, resp, 403, "403201", "Account is blocked");
                else
                        reply_error(req, resp, 401, "401202", "User name or password is wrong");
        } else {
                js_set_int(account, "/failures", 0);
                instance_token(req->world, INSTANCE_ENGINE, req->instance,
                               js_str(req->body, "/name"), life, token);
                reply_json(resp, 200, js_pack("{'token': s}", token));
        }
}

/* The name of the engine with that id, or NULL. */
static const char *engine_name(struct world *world, const char *id) {
        struct entry *entry =
                collection_find(world_collection(world, "emulator/engines", ""), "/id", id);

        return entry ? entry_id(entry) : NULL;
}

static void create_engine_token(const struct request *req, struct response *resp) {
        const char *name = engine_name(req->world, path_param(req, "engine_id"));
        int64_t life = req->world->token_life_s < LIFE_S ? req->world->token_life_s : LIFE_S;
        char token[TOKEN_SIZE];

        if (!name) {
                reply_error_code(req, resp, 400, "SVCSTG.00501116");
                return;
        }
        instance_token(req->world, INSTANCE_ENGINE, name, req->caller->user_name, life, token);
        reply_json(resp, 200, js_pack("{'token': s}", token));
}

const struct handler engine_login_handlers[] = {
        { "createEngineToken", create_engine_token },
        { 0 },
};

const struct handler login_handlers[] = {
        { "createToken", create_token },
        { 0 },
};
