/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a service file needs: requests, responses, handlers, events, seeds, and how they are
 * registered.
 *
 * Adding a service file: write `const struct handler x_handlers[]` (and events and a seed function
 * where needed), add the file to meson.build and one row to the table in services.c. A handler
 * sees a request that was authenticated and validated by the contract; what it answers is
 * validated too. Operations without a handler answer the contract's example.
 */
#pragma once

#include "contrib/emulator/identity.h"
#include "contrib/emulator/js.h"
#include "contrib/emulator/reply.h"
#include "contrib/emulator/world.h"

/* Names and values in order of arrival. Header names are compared without regard to case. */
struct pair {
        char *name, *value;
};
struct pairs {
        struct pair *items;
        size_t count;
};

struct request {
        struct world *world;
        const char *service;       /* the contract's file name: "dws", "servicecomb", … */
        const char *operation_id;  /* also of the extensions, see extensions.c */
        const char *method, *path; /* path as received, still percent-encoded, without the query */
        const char *host;          /* without port, lower case */
        const char *instance; /* from the host: engine or fleet name, "" where hosts have none */
        const char *region;   /* from the host, or of the instance; "" if unknown */
        const char *project;  /* {project_id} of the path, else the caller's project, else "" */
        const struct caller *caller;
        const struct operation *operation;
        struct pairs path_params, query, headers; /* decoded */
        struct json_object *body; /* parsed JSON, a form's fields as strings, or NULL */
        const char *raw;          /* the body as it came; multipart and YAML bodies are only here */
        size_t raw_size;
        int64_t first_ms; /* when the request arrived (emulator time): base for waits */
        unsigned round;   /* 0, then +1 for each call again after response_wait() */
};

/*
 * Look-ups; NULL when absent. path_param() never returns NULL for a placeholder of the operation.
 */
const char *path_param(const struct request *req, const char *name);
const char *query_param(const struct request *req, const char *name);
const char *header(const struct request *req, const char *name);
/* The query parameter as integer or boolean; the fallback when it is absent (it was validated). */
int64_t query_int(const struct request *req, const char *name, int64_t fallback);
bool query_bool(const struct request *req, const char *name, bool fallback);

/*
 * Answers one request with the world lock held; must not block. Exactly one reply_…() or
 * response_wait() of reply.h is to be called; with none the client gets 500 and the emulator
 * reports a fault of its own.
 */
typedef void (*handler_fn)(const struct request *req, struct response *resp);

struct handler {
        const char *operation_id;
        handler_fn run;
};

/*
 * A named thing that happens later: see life_event(). Names are global: begin them with "service."
 */
struct event {
        const char *name;
        void (*run)(struct world *world, struct json_object *argument); /* argument borrowed */
};

enum seed_kind { SEED_EMPTY, SEED_DEMO, SEED_SCALE };

/*
 * Fills the world at start. SEED_EMPTY: what every account has (versions, flavors, quotas,
 * defaults). SEED_DEMO: a small believable company on top, in several projects, with every state
 * once. SEED_SCALE: `scale` objects in the large collections of project cn-north-4, little
 * elsewhere. World ids made here are the same on every start. Not called when --state brought a
 * world back.
 */
typedef void (*seed_fn)(struct world *world, enum seed_kind kind, int64_t scale);

/* One row of the table in services.c: tables end with a row of NULLs; any member may be NULL. */
struct service_part {
        const char *service;
        const struct handler *handlers;
        const struct event *events;
        seed_fn seed;
};
extern const struct service_part service_parts[]; /* ends with service NULL */
