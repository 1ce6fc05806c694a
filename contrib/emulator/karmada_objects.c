/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Karmada: one object. Creation fills in what the server knows, a change with an old
 * resourceVersion is refused, finalizers keep what is deleted, and deployments move by themselves
 * for a while.
 */
#include "contrib/emulator/karmada.h"
#include "contrib/emulator/util.h"

#include <string.h>

enum {
        ROLLOUT_MS = 3000,
        NAMESPACE_END_MS = 5000,
        LOG_MAX = 500,
        TOKEN_LIFE_S = 3600,
        TOKEN_LIFE_MIN_S = 600,
        GENERATED_DIGITS = 5,
};

static char *counter_name(const char *fleet) {
        return x_printf("karmada.%s", fleet);
}

int64_t kube_revision(struct world *world, const char *fleet) {
        _cleanup_(freep) char *name = counter_name(fleet);

        return world_counter_peek(world, name);
}

void kube_log(struct world *world, const char *fleet, const struct kube_kind *kind,
              const char *type, struct json_object *object) {
        struct collection *log = world_collection(world, "karmada/log", fleet);
        _cleanup_(freep) char *name = counter_name(fleet);
        char version[32];

        snprintf(version, sizeof(version), "%lld", (long long)world_counter(world, name));
        js_set_str(object, "/metadata/resourceVersion", version);
        collection_put(log, version,
                       js_pack("{'type': s, 'group': s, 'plural': s, 'object': o}", type,
                               kind->group, kind->plural, js_clone(object)));
        if (collection_count(log) > LOG_MAX)
                collection_remove(log, entry_id(collection_first(log)));
}

static void set_default(struct json_object *object, const char *pointer,
                        struct json_object *value) {
        if (js_get(object, pointer))
                json_object_put(value);
        else
                js_set(object, pointer, value);
}

/* What a server adds to a deployment that does not say it. */
static void complete_deployment(struct json_object *object) {
        set_default(object, "/spec/replicas", json_object_new_int64(1));
        set_default(object, "/spec/revisionHistoryLimit", json_object_new_int64(10));
        set_default(object, "/spec/progressDeadlineSeconds", json_object_new_int64(600));
        set_default(object, "/spec/strategy",
                    js_pack("{'type': s, 'rollingUpdate': {'maxUnavailable': s, 'maxSurge': s}}",
                            "RollingUpdate", "25%", "25%"));
        set_default(object, "/spec/template/spec/restartPolicy", json_object_new_string("Always"));
}

static void roll_out_later(struct world *world, const char *fleet, struct json_object *object) {
        _cleanup_(freep) char *id =
                kube_id(js_str(object, "/metadata/namespace"), js_str(object, "/metadata/name"));

        life_event(world, ROLLOUT_MS, "karmada.rollout",
                   js_pack("{'fleet': s, 'id': s}", fleet, id));
}

/* An object with its members in the order in which servers write them; releases the given one. */
static struct json_object *ordered(struct world *world, const struct kube_kind *kind,
                                   struct json_object *given) {
        _cleanup_(freep) char *version = kube_api_version(kind);
        struct json_object *metadata, *object, *time = time_json(TIME_RFC3339, world_now(world));
        char uid[UUID_SIZE];

        world_uuid(world, uid);
        metadata = js_pack("{'name': s, 'namespace': S, 'uid': s, 'resourceVersion': s, "
                           "'generation': O, 'creationTimestamp': o}",
                           js_str(given, "/metadata/name"), js_str(given, "/metadata/namespace"),
                           uid, "", js_get(given, "/spec") ? json_object_new_int64(1) : NULL, time);
        js_copy_members(metadata, js_get(given, "/metadata"),
                        "labels annotations finalizers generateName ownerReferences");
        js_set(metadata, "/managedFields",
               js_pack("[{'manager': s, 'operation': s, 'apiVersion': s, 'time': o}]", "client",
                       "Update", version, json_object_get(time)));
        object = js_pack("{'kind': s, 'apiVersion': s, 'metadata': o}", kind->kind, version,
                         metadata);
        js_each_member(given, name, value) {
                if (!word_in("kind apiVersion metadata", name, false))
                        json_object_object_add(object, name, js_clone(value));
        }
        json_object_put(given);
        return object;
}

struct json_object *kube_add(struct world *world, const char *fleet, const struct kube_kind *kind,
                             struct json_object *given) {
        struct json_object *object = ordered(world, kind, given);
        _cleanup_(freep) char *id = NULL;

        if (kube_is_deployment(kind))
                complete_deployment(object);
        if (kind->has_status)
                js_set(object, "/status",
                       str_eq(kind->plural, "namespaces") ? js_pack("{'phase': s}", "Active")
                                                          : json_object_new_object());
        id = kube_id(js_str(object, "/metadata/namespace"), js_str(object, "/metadata/name"));
        collection_put(kube_collection(world, fleet, kind), id, object);
        kube_log(world, fleet, kind, "ADDED", object);
        return object;
}

static void not_found(const struct request *req, struct response *resp,
                      const struct kube_kind *kind, const char *name) {
        kube_fail(req, resp, 404, "NotFound", "%s%s%s \"%s\" not found", kind->plural,
                  *kind->group ? "." : "", kind->group, name);
}

/* The object of a target; answers and returns NULL when there is none. */
static struct json_object *find(const struct request *req, struct response *resp,
                                const struct kube_target *target) {
        _cleanup_(freep) char *id = kube_id(target->namespace, target->name);
        struct json_object *object =
                collection_get(kube_collection(req->world, req->instance, target->kind), id);

        if (!object)
                not_found(req, resp, target->kind, target->name);
        return object;
}

static bool is_in_namespace(const struct request *req, struct response *resp,
                            const struct kube_target *target) {
        const struct kube_kind *kind = kube_find_kind("", "namespaces");
        struct json_object *namespace;

        if (!target->namespace)
                return true;
        namespace =
                collection_get(kube_collection(req->world, req->instance, kind), target->namespace);
        if (!namespace) {
                not_found(req, resp, kind, target->namespace);
                return false;
        }
        if (js_get(namespace, "/metadata/deletionTimestamp")) {
                kube_fail(req, resp, 403, "Forbidden",
                          "unable to create new content in namespace %s because it is being "
                          "terminated",
                          target->namespace);
                return false;
        }
        return true;
}

static void name_object(const struct request *req, struct json_object *object) {
        const char *prefix = js_str(object, "/metadata/generateName");
        _cleanup_(freep) char *name = NULL;
        char hex[GENERATED_DIGITS + 1];

        if (js_str(object, "/metadata/name") || !prefix)
                return;
        name = x_printf("%s%s", prefix, world_hex(req->world, hex, GENERATED_DIGITS));
        js_set_str(object, "/metadata/name", name);
}

static void create_in(const struct request *req, struct response *resp,
                      const struct kube_target *target) {
        struct collection *c = kube_collection(req->world, req->instance, target->kind);
        struct json_object *object;
        _cleanup_(freep) char *id = NULL;

        if (target->kind->is_namespaced && !target->namespace) {
                kube_fail(req, resp, 405, "MethodNotAllowed",
                          "the server does not allow this method on the requested resource");
                return;
        }
        if (!kube_fits_path(req, resp, target) || !is_in_namespace(req, resp, target))
                return;
        if (js_str(req->body, "/metadata/resourceVersion")) {
                kube_fail(req, resp, 400, "BadRequest",
                          "resourceVersion should not be set on objects to be created");
                return;
        }
        object = js_clone(req->body);
        name_object(req, object);
        if (target->namespace)
                js_set_str(object, "/metadata/namespace", target->namespace);
        if (!kube_is_valid(req, resp, target->kind, object)) {
                json_object_put(object);
                return;
        }
        id = kube_id(target->namespace, js_str(object, "/metadata/name"));
        if (collection_get(c, id)) {
                kube_fail(req, resp, 409, "AlreadyExists", "%s \"%s\" already exists",
                          target->kind->plural, js_str(object, "/metadata/name"));
                json_object_put(object);
                return;
        }
        object = kube_add(req->world, req->instance, target->kind, object);
        reply_json(resp, 201, json_object_get(object));
        if (kube_is_deployment(target->kind))
                roll_out_later(req->world, req->instance, object);
}

static void create(const struct request *req, struct response *resp) {
        struct kube_target target;

        if (kube_target(req, resp, &target) < 0)
                return;
        create_in(req, resp, &target);
        kube_target_clear(&target);
}

static void get(const struct request *req, struct response *resp) {
        struct kube_target target;
        struct json_object *object;

        if (kube_target(req, resp, &target) < 0)
                return;
        object = find(req, resp, &target);
        if (object)
                reply_json(resp, 200, json_object_get(object));
        kube_target_clear(&target);
}

static void remove_object(struct world *world, const char *fleet, const struct kube_kind *kind,
                          struct json_object *object) {
        _cleanup_(freep) char *id =
                kube_id(js_str(object, "/metadata/namespace"), js_str(object, "/metadata/name"));

        kube_log(world, fleet, kind, "DELETED", object);
        collection_remove(kube_collection(world, fleet, kind), id);
}

/* Whether a change says from which version it comes, and that is not the one there is. */
static bool is_stale(const struct request *req, struct response *resp, const struct kube_kind *kind,
                     struct json_object *old, struct json_object *new) {
        const char *version = js_str(new, "/metadata/resourceVersion"),
                   *uid = js_str(new, "/metadata/uid");

        if ((!version || !*version || str_eq(version, js_str(old, "/metadata/resourceVersion"))) &&
            (!uid || str_eq(uid, js_str(old, "/metadata/uid"))))
                return false;
        kube_fail(req, resp, 409, "Conflict",
                  "Operation cannot be fulfilled on %s \"%s\": the object has been modified; "
                  "please apply "
                  "your changes to the latest version and try again",
                  kind->plural, js_str(old, "/metadata/name"));
        return true;
}

/* The members that the server keeps, whatever a change says; the status is changed on its own. */
static void keep_own(const struct kube_kind *kind, struct json_object *old, struct json_object *new,
                     bool is_status) {
        struct json_object *status = js_get(old, "/status");

        if (!json_object_is_type(js_get(new, "/metadata"), json_type_object))
                js_set(new, "/metadata", json_object_new_object()); /* a patch took it away */
        js_copy_members(js_get(new, "/metadata"), js_get(old, "/metadata"),
                        "uid creationTimestamp resourceVersion generation managedFields "
                        "deletionTimestamp deletionGracePeriodSeconds namespace name");
        js_copy_members(new, old, "kind apiVersion");
        if (is_status) {
                js_copy_members(new, old, "spec data");
        } else if (kind->has_status) {
                if (status)
                        js_set(new, "/status", js_clone(status));
                else
                        js_remove(new, "/status");
        }
}

/* Puts a new version (taken over) in the place of an object and answers with it. */
static void store(const struct request *req, struct response *resp, const struct kube_kind *kind,
                  struct json_object *old, struct json_object *new, bool is_status) {
        bool is_other_spec = !json_object_equal(js_get(old, "/spec"), js_get(new, "/spec"));
        _cleanup_(freep) char *id =
                kube_id(js_str(old, "/metadata/namespace"), js_str(old, "/metadata/name"));

        if (kube_is_deployment(kind))
                complete_deployment(new);
        if (json_object_equal(old, new)) {
                json_object_put(new);
                reply_json(resp, 200, json_object_get(old));
                return;
        }
        if (is_other_spec && js_get(new, "/spec"))
                js_set_int(new, "/metadata/generation", js_int(old, "/metadata/generation", 0) + 1);
        collection_put(kube_collection(req->world, req->instance, kind), id, new);
        kube_log(req->world, req->instance, kind, "MODIFIED", new);
        reply_json(resp, 200, json_object_get(new));
        if (js_get(new, "/metadata/deletionTimestamp") && js_len(new, "/metadata/finalizers") == 0)
                remove_object(req->world, req->instance, kind, new);
        else if (kube_is_deployment(kind) && !is_status && is_other_spec)
                roll_out_later(req->world, req->instance, new);
}

static void replace_in(const struct request *req, struct response *resp,
                       const struct kube_target *target) {
        struct json_object *old, *new;
        bool is_status = str_eq(target->sub, "status");

        if (!kube_fits_path(req, resp, target))
                return;
        old = find(req, resp, target);
        if (!old || is_stale(req, resp, target->kind, old, req->body))
                return;
        new = js_clone(req->body);
        if (!kube_is_valid(req, resp, target->kind, new)) {
                json_object_put(new);
                return;
        }
        keep_own(target->kind, old, new, is_status);
        store(req, resp, target->kind, old, new, is_status);
}

/* Subresources other than the status of kinds that have one do not exist here. */
static bool has_sub(const struct request *req, struct response *resp,
                    const struct kube_target *target) {
        if (!target->sub || (str_eq(target->sub, "status") && target->kind->has_status))
                return true;
        kube_fail(req, resp, 404, "NotFound", "the server could not find the requested resource");
        return false;
}

static void replace(const struct request *req, struct response *resp) {
        struct kube_target target;

        if (kube_target(req, resp, &target) < 0)
                return;
        if (has_sub(req, resp, &target))
                replace_in(req, resp, &target);
        kube_target_clear(&target);
}

static void patch_in(const struct request *req, struct response *resp,
                     const struct kube_target *target) {
        struct json_object *old = find(req, resp, target), *new;
        bool is_status = str_eq(target->sub, "status");

        if (!old || is_stale(req, resp, target->kind, old, req->body))
                return;
        new = js_clone(old);
        if (kube_patch(target->kind, header(req, "Content-Type"), new, req->body) < 0) {
                kube_fail(req, resp, 415, "UnsupportedMediaType",
                          "the body of the request was in an unknown format");
                json_object_put(new);
                return;
        }
        keep_own(target->kind, old, new, is_status);
        if (kube_is_valid(req, resp, target->kind, new))
                store(req, resp, target->kind, old, new, is_status);
        else
                json_object_put(new);
}

static void patch(const struct request *req, struct response *resp) {
        struct kube_target target;

        if (kube_target(req, resp, &target) < 0)
                return;
        if (has_sub(req, resp, &target))
                patch_in(req, resp, &target);
        kube_target_clear(&target);
}

static void get_sub(const struct request *req, struct response *resp) {
        struct kube_target target;
        struct json_object *object;

        if (kube_target(req, resp, &target) < 0)
                return;
        object = has_sub(req, resp, &target) ? find(req, resp, &target) : NULL;
        if (object)
                reply_json(resp, 200, json_object_get(object));
        kube_target_clear(&target);
}

static struct json_object *success(const struct kube_kind *kind, struct json_object *object) {
        return js_pack("{'kind': s, 'apiVersion': s, 'metadata': {}, 'status': s, "
                       "'details': {'name': s, 'group': s, 'kind': s, 'uid': s}}",
                       "Status", "v1", "Success", js_str(object, "/metadata/name"), kind->group,
                       kind->plural, js_str(object, "/metadata/uid"));
}

/* Marks an object as on its way out. */
static void mark_deleted(const struct request *req, const struct kube_kind *kind,
                         struct json_object *object) {
        if (js_get(object, "/metadata/deletionTimestamp"))
                return;
        js_set(object, "/metadata/deletionTimestamp",
               time_json(TIME_RFC3339, world_now(req->world)));
        js_set_int(object, "/metadata/deletionGracePeriodSeconds", 0);
        if (str_eq(kind->plural, "namespaces")) {
                js_set_str(object, "/status/phase", "Terminating");
                life_event(req->world, NAMESPACE_END_MS, "karmada.namespace-end",
                           js_pack("{'fleet': s, 'name': s}", req->instance,
                                   js_str(object, "/metadata/name")));
        }
        kube_log(req->world, req->instance, kind, "MODIFIED", object);
}

/* Returns whether it is gone, not only marked. */
static bool delete_one(const struct request *req, const struct kube_kind *kind,
                       struct json_object *object) {
        if (str_eq(kind->plural, "namespaces") || js_len(object, "/metadata/finalizers") > 0) {
                mark_deleted(req, kind, object);
                return false;
        }
        remove_object(req->world, req->instance, kind, object);
        return true;
}

static void delete_in(const struct request *req, struct response *resp,
                      const struct kube_target *target) {
        struct json_object *object = find(req, resp, target), *answer;
        struct json_object *conditions = js_get(req->body, "/preconditions"), *wrapped;
        bool is_old;

        if (!object)
                return;
        wrapped = js_pack("{'metadata': O}", json_object_get(conditions));
        is_old = is_stale(req, resp, target->kind, object, wrapped);
        json_object_put(wrapped);
        if (is_old)
                return;
        answer = success(target->kind, object);
        reply_json(resp, delete_one(req, target->kind, object) ? 200 : 202, answer);
}

static void delete_object(const struct request *req, struct response *resp) {
        struct kube_target target;

        if (kube_target(req, resp, &target) < 0)
                return;
        delete_in(req, resp, &target);
        kube_target_clear(&target);
}

static void delete_all(const struct request *req, struct response *resp) {
        struct kube_target target;
        struct entry *e, *next;

        if (kube_target(req, resp, &target) < 0)
                return;
        e = collection_first(kube_collection(req->world, req->instance, target.kind));
        for (; e; e = next) {
                next = entry_next(e);
                if (!target.namespace ||
                    str_eq(js_str(entry_object(e), "/metadata/namespace"), target.namespace))
                        (void)delete_one(req, target.kind, entry_object(e));
        }
        reply_json(resp, 200,
                   js_pack("{'kind': s, 'apiVersion': s, 'metadata': {}, 'status': s}", "Status",
                           "v1", "Success"));
        kube_target_clear(&target);
}

/* The document's misprint of a creation: without a namespace there is none. */
static void create_as_printed(const struct request *req, struct response *resp) {
        kube_fail(req, resp, 405, "MethodNotAllowed",
                  "the server does not allow this method on the requested resource");
}

static void issue_token(const struct request *req, struct response *resp,
                        const struct kube_target *target) {
        int64_t life = js_int(req->body, "/spec/expirationSeconds", TOKEN_LIFE_S);
        _cleanup_(freep) char *user = NULL;
        char token[TOKEN_SIZE];

        if (!find(req, resp, target))
                return;
        if (life < TOKEN_LIFE_MIN_S) {
                kube_fail(req, resp, 422, "Invalid",
                          "TokenRequest.authentication.k8s.io \"\" is invalid: "
                          "spec.expirationSeconds: may "
                          "not specify a duration less than 10 minutes");
                return;
        }
        user = x_printf("system:serviceaccount:%s:%s", target->namespace, target->name);
        instance_token(req->world, INSTANCE_FLEET, req->instance, user, life, token);
        reply_json(resp, 201,
                   js_pack("{'kind': s, 'apiVersion': s, 'metadata': {'name': s, 'namespace': s}, "
                           "'spec': {'expirationSeconds': i}, "
                           "'status': {'token': s, 'expirationTimestamp': o}}",
                           "TokenRequest", "authentication.k8s.io/v1", target->name,
                           target->namespace, life, token,
                           time_json(TIME_RFC3339, world_now(req->world) + life * 1000)));
}

static void create_token(const struct request *req, struct response *resp) {
        struct kube_target target;

        if (kube_target(req, resp, &target) < 0)
                return;
        issue_token(req, resp, &target);
        kube_target_clear(&target);
}

void kube_roll_out(struct world *world, const char *fleet, struct json_object *deployment) {
        int64_t replicas = js_int(deployment, "/spec/replicas", 1);

        js_set(deployment, "/status",
               js_pack("{'observedGeneration': i, 'replicas': i, 'updatedReplicas': i, "
                       "'readyReplicas': i, 'availableReplicas': i, 'conditions': "
                       "[{'type': s, 'status': s, 'reason': s, 'lastTransitionTime': o}]}",
                       js_int(deployment, "/metadata/generation", 1), replicas, replicas, replicas,
                       replicas, "Available", "True", "MinimumReplicasAvailable",
                       time_json(TIME_RFC3339, world_now(world))));
        kube_log(world, fleet, kube_find_kind("apps", "deployments"), "MODIFIED", deployment);
}

static void roll_out(struct world *world, struct json_object *argument) {
        const struct kube_kind *kind = kube_find_kind("apps", "deployments");
        const char *fleet = js_str(argument, "/fleet");
        struct json_object *object =
                collection_get(kube_collection(world, fleet, kind), js_str(argument, "/id"));

        if (object)
                kube_roll_out(world, fleet, object);
}

static void end_namespace(struct world *world, struct json_object *argument) {
        const struct kube_kind *namespaces = kube_find_kind("", "namespaces");
        const char *fleet = js_str(argument, "/fleet"), *name = js_str(argument, "/name");
        struct json_object *object =
                collection_get(kube_collection(world, fleet, namespaces), name);

        if (!object || !js_get(object, "/metadata/deletionTimestamp"))
                return;
        for (size_t i = 0; i < kube_kind_count; i++) {
                struct entry *e, *next;

                if (!kube_kinds[i].is_namespaced)
                        continue;
                e = collection_first(kube_collection(world, fleet, &kube_kinds[i]));
                for (; e; e = next) {
                        next = entry_next(e);
                        if (str_eq(js_str(entry_object(e), "/metadata/namespace"), name))
                                remove_object(world, fleet, &kube_kinds[i], entry_object(e));
                }
        }
        remove_object(world, fleet, namespaces, object);
}

const struct handler karmada_object_handlers[] = {
        { "createDeployment", create },
        { "createPropagationPolicy", create },
        { "createServiceAccount", create },
        { "createClusterRoleBinding", create },
        { "createResource", create },
        { "createDeploymentAsPrinted", create_as_printed },
        { "getDeployment", get },
        { "getPropagationPolicy", get },
        { "getResource", get },
        { "replaceDeployment", replace },
        { "replacePropagationPolicy", replace },
        { "replaceResource", replace },
        { "patchDeployment", patch },
        { "patchPropagationPolicy", patch },
        { "patchResource", patch },
        { "deleteDeployment", delete_object },
        { "deletePropagationPolicy", delete_object },
        { "deleteResource", delete_object },
        { "deleteResources", delete_all },
        { "createServiceAccountToken", create_token },
        { "getSubresource", get_sub },
        { "replaceSubresource", replace },
        { "patchSubresource", patch },
        { 0 },
};

const struct event karmada_events[] = {
        { "karmada.rollout", roll_out },
        { "karmada.namespace-end", end_namespace },
        { 0 },
};
