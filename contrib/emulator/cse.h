/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the parts of the CSE service share. Collections: cse/engines by project; by engine id:
 * cse/jobs, cse/governance, cse/scenes, cse/route-rules, cse/namespaces, cse/accounts, cse/backups.
 * An engine object is our own record; cse_view.c makes from it what clients see:
 *   id, name, host (name of its registry and kie), project, type (CSE, NACOS), specType,
 *   description, alias, flavor, payment, authType, status, version, latestVersion, createTime,
 *   createUser, latestJobId, actions[], enterpriseProjectId, vpc, vpcId, networkId, subnetCidr,
 *   azList[], elbId, publicIpId, inputs, tags[], split (the two addresses stand in different
 *   answers).
 * Everything here runs with the world lock held.
 */
#pragma once

#include "contrib/emulator/handler.h"

enum { CSE_ENGINE_QUOTA = 10 }; /* in a project */

/* When what the seeds describe came about: 2025-11-03T08:15:00Z, the same on every start. */
#define SEED_TIME_MS ((int64_t)1762157700000)

struct collection *cse_engines(struct world *world, const char *project);

/* The engine of a path parameter; answers SVCSTG.00501116 and returns NULL when there is none. */
struct json_object *cse_engine(const struct request *req, struct response *resp, const char *param);

/*
 * The engine of the header x-engine-id (or x_engine_id), which must be of that type ("CSE",
 * "NACOS") and at work; without the header the first such engine of the project. Answers
 * SVCSTG.00401116 if none.
 */
struct json_object *cse_engine_routed(const struct request *req, struct response *resp,
                                      const char *type);

/* The name under which the engine's registry and configurations are kept. Borrowed. */
const char *cse_host(struct json_object *engine);
/* A name for a new engine's hosts: its own, unless another project's engine has that. Owned. */
char *cse_free_host(struct world *world, const char *name, const char *id);

/* Makes the hosts of an engine exist, if it is a ServiceComb engine. */
void cse_open(struct world *world, struct json_object *engine);
/* Forgets an engine with all that hangs on it. */
void cse_remove(struct world *world, struct json_object *engine);

/* The two views of an engine, new. */
struct json_object *cse_listed(struct world *world, struct json_object *engine);
struct json_object *cse_detailed(struct world *world, struct json_object *engine);

/* Flavors: how many instances one allows; -1 for one that the spec type does not have. */
int64_t cse_flavor_limit(const char *spec_type, const char *flavor);

/*
 * Starts a job on an engine, which changes state until it ends. type: Create, Delete, Upgrade,
 * Configure, Modify; target (taken over, may be NULL): what the engine's members are when the job
 * has ended. A job of an engine whose name begins with "fail-" ends in Error the first time; a
 * retry succeeds. Returns the job's id.
 */
int64_t cse_job_start(struct world *world, struct json_object *engine, const char *type,
                      const char *user, struct json_object *target);

/* Seeds: a job that ended long ago, with that end ("Finished", "Error", "Timeout"). */
int64_t cse_job_past(struct world *world, struct json_object *engine, const char *type,
                     const char *status, int64_t start_ms, int64_t duration_ms);

extern const struct handler cse_engine_handlers[];
extern const struct handler cse_change_handlers[];
extern const struct handler cse_job_handlers[];
extern const struct handler cse_govern_handlers[];
extern const struct handler cse_route_handlers[];
extern const struct handler cse_nacos_handlers[];
extern const struct handler cse_monitor_handlers[];
extern const struct handler cse_config_handlers[];
extern const struct handler cse_account_handlers[];
extern const struct event cse_job_events[];
void cse_seed(struct world *world, enum seed_kind kind, int64_t scale);
