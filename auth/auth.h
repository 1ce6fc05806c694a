/* SPDX-License-Identifier: Apache-2.0 */
/* Who we are to the cloud: one object an account, that knows the addresses of its services and
 * gives each request its credentials: a signature, a token that it renews, an engine's bearer
 * token. Thread-safe but for auth_new() and auth_free(). */
#pragma once

#include "auth/config.h"
#include "base/digest.h"
#include "base/kind.h"
#include "http/http.h"

struct auth;

/* For whom and where a request is, as far as it matters for credentials and addresses. */
struct auth_target {
        const char *service;   /* dws, cse, ems, ucs, iam, servicecomb */
        enum endpoint endpoint;
        enum scope scope;
        const char *region;    /* NULL for global services */
        const char *project;   /* id, NULL for global services */
        const char *cloud_project; /* id of the project that an engine belongs to: below it,
                                      `project` is the engine's own word `default` */
        const char *engine;    /* id, for ENDPOINT_REGISTRY and ENDPOINT_CONFIG below an engine */
        const char *address;   /* base URL of that engine's server, found by the caller; NULL: as
                                  configured */
        const char *login;     /* base URL where that engine's user logs in, its registry; NULL: as
                                  `address` */
        const char *token;     /* bearer token for SCOPE_ENGINE and SCOPE_KUBE found by the caller,
                                  or NULL; with SCOPE_PROJECT one for an engine's accounts, beside
                                  the cloud's own token */
};

int auth_new(struct http *http, const struct account *account, struct auth **ret);
struct auth *auth_free(struct auth *auth);
DEFINE_CLEANUP(struct auth *, auth_free)

/* Logs in: proves that the credentials work, learns the domain. Fails with a reason for people. */
int auth_login(struct auth *auth, struct op *op);

/* After the log-in: the names in `projects` that the account has none of, for people; owned by the
 * caller. NULL: there are none, or nobody knows. */
char *auth_missing_projects(struct auth *auth);

/* Base URL without a final slash, owned by the caller. -ENOENT and a reason if none is known. */
int auth_address(struct auth *auth, struct op *op, const struct auth_target *target, char **ret);

/* Sends with the account's credentials, CA, rate bucket and one renewal after a 401. */
int auth_send(struct auth *auth, struct op *op, const struct auth_target *target,
              struct http_request *request, struct http_response **ret);

/* Reads the sources of the credentials at once: 1 if others are in force now, 0 if not. */
int auth_reread(struct auth *auth, struct op *op);

/* How we are logged in and until when, for account.json; no secret. */
int auth_describe(struct auth *auth, struct json **ret);

/* How long a request to a service would wait for its rate limit if it came now; 0: not at all. */
int64_t auth_wait_ms(struct auth *auth, const char *service, enum op_priority priority);

/* Hashes by which files that outlive a mount tell whose they are; no secret is in them. */
struct auth_owner {
        char all[DIGEST_HEX_SIZE];   /* servers, credentials, region: whose answers */
        char place[DIGEST_HEX_SIZE]; /* servers alone: where changes go */
        char key[DIGEST_HEX_SIZE];   /* credentials alone: access key, or user and domain */
};
int auth_owner(const struct auth *auth, struct auth_owner *ret);
int auth_domain_mark(struct auth *auth, char ret[DIGEST_HEX_SIZE]);

const struct account *auth_account(const struct auth *auth);

/* One finding of auth_check(): what was looked at, whether it is well, and what to know of it. */
typedef void (*auth_check_fn)(void *data, const char *what, bool is_well, const char *text);

/* Looks at configuration, credentials, clock and addresses; returns how many are not well. */
int auth_check(struct auth *auth, struct op *op, auth_check_fn fn, void *data);
