/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the parts of UCS share. Collections, all of scope "" (the account): ucs/clusters,
 * ucs/fleets, ucs/rules, ucs/candidates (every CCE cluster) and ucs/jobs (by fleet: the last
 * federation job), their objects as clients see them; ucs/connections by fleet; ucs/settings:
 *   "quota" {clusters, fleets, rules}
 *   "kubeconfig", or the id of a fleet: {shape}: how its kubeconfig comes, see ucs_federation.c.
 * Everything here runs with the world lock held.
 */
#pragma once

#include "contrib/emulator/handler.h"

struct collection *ucs_collection(struct world *world, const char *what);

/* Answers with a code of the contract and its text. */
void ucs_fail(const struct request *req, struct response *resp, int status, const char *code);

/*
 * "Not found": 404 with the first code where the operation documents that, else 400 with the
 * second.
 */
void ucs_missing(const struct request *req, struct response *resp, const char *code_404,
                 const char *code_400);

/* The cluster or fleet of the path; answers and returns NULL when there is none. Borrowed. */
struct json_object *ucs_cluster(const struct request *req, struct response *resp);
struct json_object *ucs_fleet(const struct request *req, struct response *resp);

/* Whether one more fits: what is "clusters", "fleets" or "rules". Answers if not. */
bool ucs_has_quota(const struct request *req, struct response *resp, const char *what);

/*
 * Answers with a list {items, total}, taken over: sorted as order_by and order say, cut by limit
 * and offset.
 */
void ucs_reply_list(const struct request *req, struct response *resp, struct json_object *all);

/* The fleet that a cluster is in, or NULL. */
const char *ucs_fleet_of(struct json_object *cluster);
bool ucs_is_federated(struct json_object *fleet);
/* Whether switching a federation on or off is under way. */
bool ucs_is_federating(struct world *world, struct json_object *fleet);
/* Puts a cluster into a fleet or (NULL) takes it out. */
void ucs_move(struct world *world, struct json_object *cluster, struct json_object *fleet);

/*
 * The associations of a body (ruleIDNamespaces) as clusters show them. Returns NULL when a rule
 * does not exist.
 */
struct json_object *ucs_associations(struct world *world, struct json_object *body);

/*
 * A time in the zone of the clusters' conditions, +08:00, with that many digits of a second (0 to
 * 9).
 */
struct json_object *ucs_condition_time(int64_t ms, int digits);
/* The condition of that type, or NULL. Borrowed. */
struct json_object *ucs_condition(struct json_object *object, const char *type);
/* Sets (or adds) it. */
void ucs_set_condition(struct json_object *object, const char *type, const char *status,
                       const char *reason, const char *message, struct json_object *time);
void ucs_remove_condition(struct json_object *object, const char *type);
/* Notes a change of a fleet or rule. */
void ucs_touch(struct world *world, struct json_object *object);

/* Switches a federation on at once: what the job does at its end. */
void ucs_federate(struct world *world, struct json_object *fleet);
/* Tells the federation that its members are others now. */
void ucs_sync_members(struct world *world, struct json_object *fleet);

extern const struct handler ucs_handlers[];
extern const struct handler ucs_register_handlers[];
extern const struct handler ucs_fleet_handlers[];
extern const struct handler ucs_federation_handlers[];
extern const struct handler ucs_rule_handlers[];
extern const struct event ucs_events[];
extern const struct event ucs_federation_events[];
void ucs_seed(struct world *world, enum seed_kind kind, int64_t scale);
