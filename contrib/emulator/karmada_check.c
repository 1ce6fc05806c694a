/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Karmada: whether an object of a client is one.
 */
#include "contrib/emulator/karmada.h"
#include "contrib/emulator/util.h"

#include <string.h>

enum { NAME_MAX_LENGTH = 253 };

bool kube_is_deployment(const struct kube_kind *kind) {
        return str_eq(kind->plural, "deployments");
}

/* Whether a body says the same as the path about what it is. */
bool kube_fits_path(const struct request *req, struct response *resp,
                    const struct kube_target *target) {
        _cleanup_(freep) char *version = kube_api_version(target->kind);
        const char *kind = js_str(req->body, "/kind"), *given = js_str(req->body, "/apiVersion");
        const char *namespace = js_str(req->body, "/metadata/namespace");
        const char *name = js_str(req->body, "/metadata/name");

        if (!json_object_is_type(js_get(req->body, "/metadata"), json_type_object))
                kube_fail(req, resp, 400, "BadRequest", "the object has no metadata");
        else if ((kind && !str_eq(kind, target->kind->kind)) || (given && !str_eq(given, version)))
                kube_fail(req, resp, 400, "BadRequest",
                          "the API version or kind in the data does not match the expected %s, "
                          "Kind=%s",
                          version, target->kind->kind);
        else if (namespace && !str_eq(namespace, target->namespace ? target->namespace : ""))
                kube_fail(req, resp, 400, "BadRequest",
                          "the namespace of the provided object does not match the namespace sent "
                          "on the "
                          "request");
        else if (target->name && !str_eq(name, target->name))
                kube_fail(req, resp, 400, "BadRequest",
                          "the name of the object (%s) does not match the name on the URL (%s)",
                          name ? name : "", target->name);
        else
                return true;
        return false;
}

/* Lower-case letters, digits, '-' and '.', as names of most kinds are; roles may have ':' too. */
static bool is_name(const struct kube_kind *kind, const char *name) {
        const char *allowed = str_begins(kind->group, "rbac.")
                                      ? "abcdefghijklmnopqrstuvwxyz0123456789-.:"
                                      : "abcdefghijklmnopqrstuvwxyz0123456789-.";
        size_t len = strlen(name);

        return len > 0 && len <= NAME_MAX_LENGTH && strspn(name, allowed) == len &&
               !strchr("-.", name[0]) && !strchr("-.", name[len - 1]);
}

/* Whether a member is absent or a map of texts. */
static bool is_map(struct json_object *object, const char *pointer) {
        struct json_object *map = js_get(object, pointer);

        if (!map)
                return true;
        if (!json_object_is_type(map, json_type_object))
                return false;
        js_each_member(map, name, value) {
                (void)name;
                if (!json_object_is_type(value, json_type_string))
                        return false;
        }
        return true;
}

static bool is_type(struct json_object *object, const char *pointer, json_type type) {
        return json_object_is_type(js_get(object, pointer), type);
}

static bool are_containers(struct json_object *list) {
        for (size_t i = 0; i < js_len(list, ""); i++)
                if (!js_str(js_at(list, i), "/name"))
                        return false;
        return !list || json_object_is_type(list, json_type_array);
}

/* The member of an object whose type the server cannot take; NULL if there is none. */
static const char *wrong_type(const struct kube_kind *kind, struct json_object *object) {
        if (!is_map(object, "/metadata/labels"))
                return "metadata.labels";
        if (!is_map(object, "/metadata/annotations"))
                return "metadata.annotations";
        if (js_get(object, "/metadata/finalizers") &&
            !is_type(object, "/metadata/finalizers", json_type_array))
                return "metadata.finalizers";
        if (js_get(object, "/spec") && !is_type(object, "/spec", json_type_object))
                return "spec";
        if (!kube_is_deployment(kind))
                return NULL;
        if (!is_type(object, "/spec/selector", json_type_object) ||
            !is_map(object, "/spec/selector/matchLabels"))
                return "spec.selector";
        if (!is_type(object, "/spec/template", json_type_object) ||
            !is_map(object, "/spec/template/metadata/labels") ||
            (js_get(object, "/spec/template/spec") &&
             !is_type(object, "/spec/template/spec", json_type_object)) ||
            !are_containers(js_get(object, "/spec/template/spec/containers")))
                return "spec.template";
        if (js_get(object, "/spec/replicas") && !is_type(object, "/spec/replicas", json_type_int))
                return "spec.replicas";
        return NULL;
}

/* A deployment's pods have to be its own. */
static bool selects_itself(struct json_object *object) {
        struct json_object *wanted = js_get(object, "/spec/selector/matchLabels");
        struct json_object *labels = js_get(object, "/spec/template/metadata/labels");

        if (!wanted)
                return true;
        js_each_member(wanted, label, value) {
                struct json_object *have = NULL;

                json_object_object_get_ex(labels, label, &have);
                if (!have || !json_object_equal(have, value))
                        return false;
        }
        return true;
}

bool kube_is_valid(const struct request *req, struct response *resp, const struct kube_kind *kind,
                   struct json_object *object) {
        const char *name = js_str(object, "/metadata/name"), *wrong = wrong_type(kind, object);

        if (wrong)
                kube_fail(req, resp, 400, "BadRequest",
                          "%s in version \"%s\" cannot be handled as a %s: cannot unmarshal %s",
                          kind->kind, kind->version, kind->kind, wrong);
        else if (!is_name(kind, name ? name : ""))
                kube_fail(req, resp, 422, "Invalid",
                          "%s \"%s\" is invalid: metadata.name: a lowercase RFC 1123 subdomain is "
                          "needed",
                          kind->kind, name ? name : "");
        else if (kube_is_deployment(kind) && !selects_itself(object))
                kube_fail(req, resp, 422, "Invalid",
                          "Deployment.apps \"%s\" is invalid: spec.template.metadata.labels: "
                          "`selector` "
                          "does not match template `labels`",
                          name);
        else
                return true;
        return false;
}
