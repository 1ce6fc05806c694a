/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the parts of the ServiceComb registry (service-center) share. Collections, by registry (see
 * registry_name()): servicecomb/services {service, tags}, servicecomb/dependencies
 * {consumer, environment, appId, serviceName}; by "registry/serviceId": servicecomb/schemas
 * {schemaId, schema, summary}, servicecomb/instances {instance, deadline, revision}.
 * Everything here runs with the world lock held.
 */
#pragma once

#include "contrib/emulator/handler.h"

/*
 * The registry that a request is for: the engine's name, "standalone" or "secure" outside the
 * cloud.
 */
const char *registry_name(const struct request *req);

/*
 * Answers with the six-digit code (its first three digits are the status) and the contract's text.
 */
void registry_fail(const struct request *req, struct response *resp, const char *code);
/* The same with a text of our own. */
__attribute__((format(printf, 4, 5))) void registry_fail_text(const struct request *req,
                                                              struct response *resp,
                                                              const char *code, const char *format,
                                                              ...);

/* The public part of a service, or NULL. Borrowed. */
struct json_object *registry_service(struct world *world, const char *registry, const char *id);
/* The same for a path parameter; answers 400012 and returns NULL when there is none. */
struct json_object *registry_service_of(const struct request *req, struct response *resp,
                                        const char *param);

/* Collections that hang on a service. */
struct collection *registry_schemas(struct world *world, const char *registry,
                                    const char *service_id);
struct collection *registry_instances(struct world *world, const char *registry,
                                      const char *service_id);

/* Whether a service has this key; NULL for environment or version means any. */
bool registry_has_key(struct json_object *service, const char *environment, const char *app,
                      const char *name, const char *version);

/* Whether its tags hold all keys of a comma-separated list (NULL: no demand). */
bool registry_has_tags(struct world *world, const char *registry, const char *id, const char *tags);

/*
 * Adds a service as a client's (or a seed's) body describes it, which is checked by the contract.
 * Returns the public part, borrowed; with a key that exists, that service unchanged.
 */
struct json_object *registry_add(struct world *world, const char *registry,
                                 struct json_object *body);
void registry_remove(struct world *world, const char *registry, const char *id);
/* Empties a registry. */
void registry_drop(struct world *world, const char *registry);

/* Stores a text and lists its id in the service. */
void registry_put_schema(struct world *world, const char *registry, const char *service_id,
                         const char *schema_id, const char *text, const char *summary);

/*
 * Registers an instance (body: its members as in the contract) and returns its id, borrowed. An id
 * that exists has only its lease renewed. `forever`: a seed's, that somebody keeps alive.
 */
const char *registry_register(struct world *world, const char *registry, const char *service_id,
                              struct json_object *body, bool forever);

/* Notes that a service looks for another; seen a little later, as with the real thing. */
void registry_depend(struct world *world, const char *registry, const char *consumer,
                     const char *environment, const char *app, const char *name, bool later);
/* Whether some other service depends on this one. */
bool registry_has_consumers(struct world *world, const char *registry, struct json_object *service);

/* Seconds since 1970 as the registry writes them: a string. */
struct json_object *registry_time(struct world *world);

/*
 * How a registry differs from the newest: {"schemas_frozen": true} refuses other texts for schemas
 * of production services (before engine 2.3.33), {"schemas_stay": true} knows no DELETE of a
 * schema.
 */
bool registry_setting(struct world *world, const char *registry, const char *name);
void registry_set(struct world *world, const char *registry, const char *name);

extern const struct handler servicecomb_handlers[];
extern const struct handler servicecomb_schema_handlers[];
extern const struct handler servicecomb_instance_handlers[];
extern const struct handler servicecomb_find_handlers[];
extern const struct event servicecomb_events[];
void servicecomb_seed(struct world *world, enum seed_kind kind, int64_t scale);
