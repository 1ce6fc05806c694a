/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Credentials, for the emulator's core: who is behind a key or a token, and issuing both. Same
 * locking as world.h. Collections:
 *   emulator/domain    "domain"  {id, name}
 *   emulator/projects  id        {id, name, domain_id, parent_id, region, enabled, …}
 *   emulator/users     name      {id, name, password}
 *   emulator/keys      AK        {secret, user, token?, expires_ms?, bad, locked_until_ms?}
 *   emulator/tokens    SHA-256   {kind, user, project_id?, instance?, expires_ms}
 *   emulator/agencies  name      {}
 *   emulator/engines, emulator/fleets       name    {id, name, project, region, needs_login}
 *   emulator/engine-accounts (engine name)  account {password}
 */
#pragma once

#include "contrib/emulator/exchange.h"
#include "contrib/emulator/identity.h"

/* Fills an account from JSON: {domain, users, keys, projects, agencies}; see the manual page. */
int identity_load(struct world *world, struct json_object *account);

/* The demo account, which every seed but a file's own begins with. */
void identity_seed(struct world *world);

/* Issues a token: kind "iam", "engine" or "kubernetes"; project and instance may be NULL. */
const char *token_issue(struct world *world, const char *kind, const char *user,
                        const char *project, const char *instance, int64_t life_s, char *buf);
/* The kind of an instance's tokens. */
const char *instance_token_kind(enum instance_kind kind);
/* What a token stands for, expired or not; NULL if unknown. Borrowed. */
struct json_object *token_find(struct world *world, const char *token);

/* The project named like the region, or NULL. */
const char *identity_region_project(struct world *world, const char *region);
struct json_object *identity_project_object(struct world *world, const char *id);

/*
 * The instance {id, name, project, region, needs_login} of a name; NULL if there is none.
 * Borrowed.
 */
struct json_object *instance_find(struct world *world, enum instance_kind kind, const char *name);

/* The same by the name in a host, which has no case. */
struct json_object *instance_by_host(struct world *world, enum instance_kind kind,
                                     const char *name);

/*
 * Checks the credentials of a request to an operation and fills x->caller and x->req.project.
 * Returns whether it may go on; if not, the answer is in x->resp.
 */
bool authenticate(struct exchange *x);

extern const struct handler iam_handlers[];
extern const struct handler engine_login_handlers[]; /* service cse */
extern const struct handler login_handlers[];        /* service servicecomb */
