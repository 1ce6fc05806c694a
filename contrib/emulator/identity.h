/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who may call: the account with its projects, users, keys and tokens; engines and fleets with
 * hosts and tokens of their own. All kept in collections "emulator/…" of the world; same locking
 * as world.h.
 */
#pragma once

#include "contrib/emulator/world.h"

enum caller_kind {
        CALLER_NONE, /* no credentials needed or given */
        CALLER_KEY,  /* signed by AK/SK */
        CALLER_IAM_TOKEN,
        CALLER_ENGINE,     /* bearer token of a ServiceComb engine */
        CALLER_KUBERNETES, /* bearer token of a fleet */
};

/* Who calls; strings are never NULL, "" when unknown. Lives as long as the request. */
struct caller {
        enum caller_kind kind;
        const char *domain_id, *domain_name;
        const char *user_id,
                *user_name;     /* for engines: the account name; for Kubernetes: the user */
        const char *project_id; /* scope of a project token or X-Project-Id, else "" */
};

/*
 * Id of a project by name, e.g. "cn-north-4", "cn-north-4_analytics", "ap-southeast-3"; NULL if
 * none.
 */
const char *identity_project(struct world *world, const char *name);
const char *identity_project_name(struct world *world, const char *id);
const char *identity_domain_id(struct world *world);

/* Calls fn for each project in order. */
void identity_each_project(struct world *world,
                           void (*fn)(struct world *, const char *id, const char *name, void *arg),
                           void *arg);

/* Things with hosts of their own. */
enum instance_kind {
        INSTANCE_ENGINE, /* registry-<name>.localhost, kie-<name>.localhost */
        INSTANCE_FLEET,  /* <name>.fleet.ucs.<region>-dev.localhost */
};

/*
 * Makes a host exist (or changes it). id: the service's id of it (engine id, fleet id); project:
 * its project id, or ""; needs_login: whether calls need a bearer token (fleets always do).
 */
void instance_put(struct world *world, enum instance_kind kind, const char *name, const char *id,
                  const char *project, const char *region, bool needs_login);
void instance_remove(struct world *world, enum instance_kind kind, const char *name);
/* The service's id of the instance, or NULL when there is none of that name. */
const char *instance_id(struct world *world, enum instance_kind kind, const char *name);

/* Sets the password of an account of an engine (made when new); NULL removes the account. */
void engine_account_put(struct world *world, const char *name, const char *account,
                        const char *password);

/*
 * Issues a bearer token for an instance that is accepted for life_s seconds of real time (0: no
 * end) and writes it to buf (TOKEN_SIZE bytes). `user` is what handlers see as caller.user_name.
 */
enum { TOKEN_SIZE = 512 };
const char *instance_token(struct world *world, enum instance_kind kind, const char *name,
                           const char *user, int64_t life_s, char *buf);

/*
 * The address (scheme, host, port of this emulator) of a host name, e.g.
 * "registry-shop.localhost".
 */
const char *world_url(struct world *world, const char *host, char *buf, size_t size);

/*
 * The emulator's certificate authority as PEM in base64, as kubeconfigs have it; NULL with --plain.
 */
const char *world_authority(const struct world *world);
