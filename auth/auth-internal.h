/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of struct auth and what its files share. */
#pragma once

#include <pthread.h>

#include "auth/auth.h"
#include "auth/tokens.h"

enum {
        GATE_STOP_MS = 5 * 60 * 1000, /* how long the gateway locks an access key */
        GATE_FAILURES_MAX = 3,        /* it does so after five wrong signatures in a row */
        RELOAD_MS = 10 * 1000,        /* credential files are looked at again at most so often */
        SKEW_NOISE_S = 1, /* of two clocks read to whole seconds, one a little later */
        SKEW_WARN_S = 60,
        ENGINES_MAX = 1024,
};

/* The credentials in force: the account's own, or those read anew from its sources. */
struct identity {
        atomic_uint refs;
        struct config *config; /* owned; NULL: the caller's */
        const struct account *account;
};

struct auth {
        struct http *http;             /* borrowed */
        const struct account *account; /* borrowed: all settings but the credentials */
        struct tokens *tokens;
        pthread_mutex_t reload; /* held while the sources are read; before `lock` */
        int64_t reloaded_ms;    /* monotonic, of the last look at the sources; by `reload` */

        pthread_mutex_t lock; /* protects all below; never held during a request */
        struct identity *identity;
        int64_t stopped_ms; /* monotonic: nothing goes out before */
        char stop_reason[OP_REASON_SIZE];
        unsigned failures;             /* signatures refused in a row */
        bool has_worked;               /* the key in force was accepted once */
        bool must_learn;               /* the log-in met no server: whose the account is, is open */
        char *domain_id, *domain_name; /* learned */
        char *missing;                 /* names in `projects` that IAM has none of; NULL: none */
        int64_t skew_s;                /* the server's clock minus ours, as last seen */
        bool is_skew_known;
        int64_t offset_s;        /* added to our clock in signatures */
        struct setting *engines; /* id of an engine → where its users log in */
        size_t n_engines, engines_capacity;
};

/* One auth_send(): what the attempts went out with. */
struct auth_call {
        struct auth *auth;
        const struct auth_target *target;
        struct identity *identity; /* of the last attempt; a reference */
        int64_t offset_s;
        char *key, *token; /* of `tokens`, if one was used; secret */
        bool is_signed;
};

enum { LOGIN_LIFE_MAX_MS = 24 * 3600 * 1000 };

struct identity *identity_unref(struct identity *identity);
DEFINE_CLEANUP(struct identity *, identity_unref)
int identity_new(struct config *config, const struct account *account, struct identity **ret);

/* identity.c */
struct identity *auth_identity(struct auth *auth);
int auth_reload(struct auth *auth, struct op *op, const struct identity *used);
int auth_gate(struct auth *auth, struct op *op);
void auth_gate_worked(struct auth *auth);
void auth_gate_failed(struct auth *auth, bool is_locked, const char *reason);
void auth_learn_domain(struct auth *auth, const char *id, const char *name);

/* clock.c */
int64_t auth_now_s(struct auth *auth, int64_t *ret_offset_s);
void auth_observe(struct auth *auth, const struct http_response *response);
bool auth_skew(struct auth *auth, int64_t *ret_s, bool *ret_is_corrected);
bool auth_correct_clock(struct auth *auth, const char *text, const struct http_response *response,
                        int64_t used_offset_s);
int clock_server_time(const char *text, int64_t *ret_s);

/* auth.c */
int auth_get(struct auth *auth, struct op *op, const struct auth_target *target, const char *path,
             struct http_response **ret);

/* authorize.c */
int auth_authorize(void *data, struct op *op, struct http_request *request);
int auth_renew(void *data, struct op *op, const struct http_response *response);
int auth_refused(struct auth_call *call, struct op *op, const struct http_response *response);
void auth_call_done(struct auth_call *call);

/* iam.c, engine.c: logins. The caller owns the token and frees it with secret_free(). */
const char *auth_iam_region(const struct auth *auth);
int auth_iam_token(struct auth *auth, struct op *op, const struct identity *identity,
                   const char *region, const char *project, char **ret_key, char **ret);
int auth_engine_token(struct auth *auth, struct op *op, const struct identity *identity,
                      const struct auth_target *target, char **ret_key, char **ret);
int auth_learn(struct auth *auth, struct op *op);
bool auth_has_project(const struct json *answer, const char *name);
int auth_login_engine(struct auth *auth, struct op *op);
int auth_login_server(struct auth *auth, struct op *op, enum endpoint endpoint);

/* Text of a JSON string literal, quotes included, into a buffer with enough room reserved. */
int auth_add_json(struct buf *buf, const char *text);
/* Fails with what an answer to a login says. */
int auth_fail_login(struct op *op, const struct http_response *response, const char *what);
