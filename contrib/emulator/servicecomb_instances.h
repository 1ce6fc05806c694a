/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Instances as lists of the registry show them: alive, visible to the consumer, with a revision.
 */
#pragma once

#include "contrib/emulator/servicecomb.h"

enum { REVISION_SIZE = 41 };

/* The instances of a service whose leases have not run out; the others are removed first. */
struct collection *instances_alive(struct world *world, const char *registry,
                                   const char *service_id);

/* Adds them to a list (as references) and raises *newest to the newest revision among them. */
void instances_collect(struct world *world, const char *registry, struct json_object *service,
                       struct json_object *list, int64_t *newest);

/* The revision of a set of instances: a function of its newest change and of its size. */
void instances_revision(int64_t newest, size_t count, char buf[REVISION_SIZE]);

/* {"instances": list}, the member left out when there are none; takes the list over. */
struct json_object *instances_body(struct json_object *list);

/* Answers 304 when the client's rev is current, else 200 with the body (taken over). */
void instances_reply(const struct request *req, struct response *resp, const char *revision,
                     struct json_object *body);

/* The service of X-ConsumerId (NULL without the header). Answers and returns -ENOENT if unknown. */
int instances_consumer(const struct request *req, struct response *resp, struct json_object **ret);
bool instances_visible(struct json_object *consumer, struct json_object *provider);
