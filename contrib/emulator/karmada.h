/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The Kubernetes-style API of a federation. Collections, by fleet (host name):
 * "karmada/<plural>.<group>" (core: "karmada/<plural>.") with ids "namespace/name", or "name" where
 * there are no namespaces; and karmada/log: the last changes, for watches. Everything here runs
 * with the world lock held.
 */
#pragma once

#include "contrib/emulator/handler.h"

/* A kind of object that the server knows. */
struct kube_kind {
        const char *group, *version, *plural, *singular, *kind;
        bool is_namespaced;
        bool has_status;  /* a subresource: changes of one leave the other alone */
        bool is_custom;   /* no strategic merge patch; its list items name their kind */
};
extern const struct kube_kind kube_kinds[];
extern const size_t kube_kind_count;

/* What a path names. */
struct kube_target {
        const struct kube_kind *kind;
        char *namespace;  /* owned; NULL: all of them, or none */
        char *name;       /* owned; NULL: the collection */
        char *sub;        /* owned; NULL: the object itself */
};

/*
 * Takes the path of a request apart and checks that the caller may. Returns 0, or a negative errno
 * with an answer (404 for a kind that the server does not have, 403).
 */
int kube_target(const struct request *req, struct response *resp, struct kube_target *ret);
void kube_target_clear(struct kube_target *target);

/* A Status as error: the reason ("NotFound") and a text. */
__attribute__((format(printf, 5, 6)))
void kube_fail(const struct request *req, struct response *resp, int status, const char *reason,
               const char *format, ...);

struct collection *kube_collection(struct world *world, const char *fleet,
                                   const struct kube_kind *kind);
const struct kube_kind *kube_find_kind(const char *group, const char *plural);
/* The id of an object in its collection. Owned. */
char *kube_id(const char *namespace, const char *name);
/* "v1" or "apps/v1". Owned. */
char *kube_api_version(const struct kube_kind *kind);

/* The version of the whole store. */
int64_t kube_revision(struct world *world, const char *fleet);
/* Notes a change: type ADDED, MODIFIED or DELETED; gives the object a new resourceVersion. */
void kube_log(struct world *world, const char *fleet, const struct kube_kind *kind,
              const char *type, struct json_object *object);

/* Adds an object (taken over) with what the server fills in. Returns it, borrowed. */
struct json_object *kube_add(struct world *world, const char *fleet, const struct kube_kind *kind,
                             struct json_object *given);

/*
 * The pods of a deployment have come up: its status, and with it its resourceVersion, moves. A
 * client's deployment gets there after some seconds.
 */
void kube_roll_out(struct world *world, const char *fleet, struct json_object *deployment);

bool kube_is_deployment(const struct kube_kind *kind);
/* Whether a body says the same as the path about what it is. Answers if not. */
bool kube_fits_path(const struct request *req, struct response *resp,
                    const struct kube_target *target);
/* Whether an object has a good name, and members of the right types. Answers if not. */
bool kube_is_valid(const struct request *req, struct response *resp, const struct kube_kind *kind,
                   struct json_object *object);

/*
 * Applies a patch as its media type says. Returns 0, or -EOPNOTSUPP for a type that does not fit.
 */
int kube_patch(const struct kube_kind *kind, const char *media, struct json_object *object,
               struct json_object *patch);

/* The life of a federation's API: made, its member clusters, gone. */
void karmada_open(struct world *world, const char *fleet);
void karmada_set_members(struct world *world, const char *fleet, struct json_object *names);
void karmada_close(struct world *world, const char *fleet);

extern const struct handler karmada_handlers[];
extern const struct handler karmada_object_handlers[];
extern const struct handler karmada_list_handlers[];
extern const struct event karmada_events[];
void karmada_seed(struct world *world, enum seed_kind kind, int64_t scale);
