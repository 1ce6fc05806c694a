/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Karmada: the kinds that there are, what a path means, who may, and discovery.
 */
#include "contrib/emulator/karmada.h"
#include "contrib/emulator/util.h"

#include <stdarg.h>
#include <string.h>

#define CORE ""

const struct kube_kind kube_kinds[] = {
        { CORE, "v1", "configmaps", "configmap", "ConfigMap", true, false, false },
        { CORE, "v1", "events", "event", "Event", true, false, false },
        { CORE, "v1", "namespaces", "namespace", "Namespace", false, true, false },
        { CORE, "v1", "secrets", "secret", "Secret", true, false, false },
        { CORE, "v1", "serviceaccounts", "serviceaccount", "ServiceAccount", true, false, false },
        { CORE, "v1", "services", "service", "Service", true, true, false },
        { "apps", "v1", "daemonsets", "daemonset", "DaemonSet", true, true, false },
        { "apps", "v1", "deployments", "deployment", "Deployment", true, true, false },
        { "apps", "v1", "statefulsets", "statefulset", "StatefulSet", true, true, false },
        { "batch", "v1", "cronjobs", "cronjob", "CronJob", true, true, false },
        { "batch", "v1", "jobs", "job", "Job", true, true, false },
        { "events.k8s.io", "v1", "events", "event", "Event", true, false, false },
        { "networking.k8s.io", "v1", "ingresses", "ingress", "Ingress", true, true, false },
        { "rbac.authorization.k8s.io", "v1", "clusterrolebindings", "clusterrolebinding",
          "ClusterRoleBinding", false, false, false },
        { "rbac.authorization.k8s.io", "v1", "clusterroles", "clusterrole", "ClusterRole", false,
          false, false },
        { "rbac.authorization.k8s.io", "v1", "rolebindings", "rolebinding", "RoleBinding", true,
          false, false },
        { "rbac.authorization.k8s.io", "v1", "roles", "role", "Role", true, false, false },
        { "cluster.karmada.io", "v1alpha1", "clusters", "cluster", "Cluster", false, true, true },
        { "policy.karmada.io", "v1alpha1", "clusterpropagationpolicies", "clusterpropagationpolicy",
          "ClusterPropagationPolicy", false, false, true },
        { "policy.karmada.io", "v1alpha1", "overridepolicies", "overridepolicy", "OverridePolicy",
          true, false, true },
        { "policy.karmada.io", "v1alpha1", "propagationpolicies", "propagationpolicy",
          "PropagationPolicy", true, false, true },
        { "work.karmada.io", "v1alpha2", "resourcebindings", "resourcebinding", "ResourceBinding",
          true, true, true },
};
const size_t kube_kind_count = ELEMENTSOF(kube_kinds);

const struct kube_kind *kube_find_kind(const char *group, const char *plural) {
        for (size_t i = 0; i < kube_kind_count; i++)
                if (str_eq(kube_kinds[i].group, group) && str_eq(kube_kinds[i].plural, plural))
                        return &kube_kinds[i];
        return NULL;
}

struct collection *kube_collection(struct world *world, const char *fleet,
                                   const struct kube_kind *kind) {
        _cleanup_(freep) char *name = x_printf("karmada/%s.%s", kind->plural, kind->group);

        return world_collection(world, name, fleet);
}

char *kube_id(const char *namespace, const char *name) {
        return namespace ? x_printf("%s/%s", namespace, name) : x_strdup(name);
}

char *kube_api_version(const struct kube_kind *kind) {
        return *kind->group ? x_printf("%s/%s", kind->group, kind->version)
                            : x_strdup(kind->version);
}

void kube_fail(const struct request *req, struct response *resp, int status, const char *reason,
               const char *format, ...) {
        _cleanup_(freep) char *text = NULL;
        va_list args;

        va_start(args, format);
        if (vasprintf(&text, format, args) < 0)
                die("out of memory");
        va_end(args);
        reply_error(req, resp, status, reason, "%s", text);
}

void kube_target_clear(struct kube_target *target) {
        free(STEAL(target->namespace));
        free(STEAL(target->name));
        free(STEAL(target->sub));
}

/* The next segment of a path, decoded; NULL at its end. Owned. */
static char *segment(char **rest) {
        char *text;

        do
                text = *rest ? strsep(rest, "/") : NULL;
        while (text && !*text);
        text = x_strdup(text);
        if (text)
                percent_decode(text, false);
        return text;
}

/* "/api/v1/…" or "/apis/GROUP/VERSION/…", then [namespaces/NAMESPACE/]PLURAL[/NAME[/SUB]]. */
static int take_apart(const char *path, struct kube_target *ret) {
        _cleanup_(freep) char *copy = x_strdup(path);
        char *rest = copy;
        _cleanup_(freep) char *root = segment(&rest);
        _cleanup_(freep) char *group = str_eq(root, "apis") ? segment(&rest) : x_strdup(CORE);
        _cleanup_(freep) char *version = segment(&rest), *plural = segment(&rest);

        ret->name = segment(&rest);
        ret->sub = segment(&rest);
        /*
         * A third part below namespaces/NAME is a resource there, except for its own subresources.
         */
        if (str_eq(plural, "namespaces") && ret->sub &&
            !word_in("status finalize", ret->sub, false)) {
                free(STEAL(plural));
                ret->namespace = STEAL(ret->name);
                plural = STEAL(ret->sub);
                ret->name = segment(&rest);
                ret->sub = segment(&rest);
        }
        ret->kind = plural ? kube_find_kind(group, plural) : NULL;
        if (!ret->kind || !str_eq(ret->kind->version, version) ||
            (ret->namespace && !ret->kind->is_namespaced) ||
            (ret->name && ret->kind->is_namespaced && !ret->namespace))
                return -ENOENT;
        return 0;
}

/* Whether a cluster role binding makes the account an administrator. */
static bool binds(struct json_object *binding, const char *namespace, const char *name) {
        struct json_object *subjects = js_get(binding, "/subjects");

        if (!str_eq(js_str(binding, "/roleRef/name"), "cluster-admin"))
                return false;
        for (size_t i = 0; i < js_len(subjects, ""); i++) {
                struct json_object *subject = js_at(subjects, i);

                if (str_eq(js_str(subject, "/kind"), "ServiceAccount") &&
                    str_eq(js_str(subject, "/namespace"), namespace) &&
                    str_eq(js_str(subject, "/name"), name))
                        return true;
        }
        return false;
}

/* Service accounts need the role cluster-admin, other users (of kubeconfigs) have it. */
static bool is_allowed(const struct request *req) {
        static const char prefix[] = "system:serviceaccount:";
        const char *user = req->caller->user_name, *colon;
        _cleanup_(freep) char *namespace = NULL;
        struct entry *e;

        if (!str_begins(user, prefix))
                return true;
        user += strlen(prefix);
        colon = strchr(user, ':');
        namespace = x_strndup(user, colon ? (size_t)(colon - user) : 0);
        e = collection_first(kube_collection(
                req->world, req->instance,
                kube_find_kind("rbac.authorization.k8s.io", "clusterrolebindings")));
        for (; colon && e; e = entry_next(e))
                if (binds(entry_object(e), namespace, colon + 1))
                        return true;
        return false;
}

int kube_target(const struct request *req, struct response *resp, struct kube_target *ret) {
        struct kube_target target = { 0 };

        if (take_apart(req->path, &target) < 0) {
                kube_target_clear(&target);
                kube_fail(req, resp, 404, "NotFound",
                          "the server could not find the requested resource");
                return -ENOENT;
        }
        if (!is_allowed(req)) {
                kube_fail(req, resp, 403, "Forbidden",
                          "%s is forbidden: User \"%s\" cannot use resource \"%s\" in API group "
                          "\"%s\"",
                          target.kind->plural, req->caller->user_name, target.kind->plural,
                          target.kind->group);
                kube_target_clear(&target);
                return -EACCES;
        }
        *ret = target;
        return 0;
}

static void get_version(const struct request *req, struct response *resp) {
        (void)req;
        reply_json(resp, 200,
                   js_pack("{'major': s, 'minor': s, 'gitVersion': s, 'gitTreeState': s, "
                           "'buildDate': s, "
                           "'goVersion': s, 'compiler': s, 'platform': s}",
                           "1", "25", "v1.25.4", "clean", "2023-11-09T03:20:00Z", "go1.19.4", "gc",
                           "linux/amd64"));
}

static void get_health(const struct request *req, struct response *resp) {
        (void)req;
        reply_bytes(resp, 200, "text/plain; charset=utf-8", "ok", 2);
}

static void list_core_versions(const struct request *req, struct response *resp) {
        reply_json(resp, 200,
                   js_pack("{'kind': s, 'versions': [s], "
                           "'serverAddressByClientCIDRs': [{'clientCIDR': s, 'serverAddress': s}]}",
                           "APIVersions", "v1", "0.0.0.0/0", req->host));
}

static struct json_object *group_object(const char *group, const char *version) {
        _cleanup_(freep) char *both = x_printf("%s/%s", group, version);

        return js_pack("{'name': s, 'versions': [{'groupVersion': s, 'version': s}], "
                       "'preferredVersion': {'groupVersion': s, 'version': s}}",
                       group, both, version, both, version);
}

/* Kinds of a group stand together in the table. */
static void list_groups(const struct request *req, struct response *resp) {
        struct json_object *groups = json_object_new_array();

        (void)req;
        for (size_t i = 0; i < kube_kind_count; i++)
                if (*kube_kinds[i].group &&
                    (i == 0 || strcmp(kube_kinds[i].group, kube_kinds[i - 1].group) != 0))
                        json_object_array_add(
                                groups, group_object(kube_kinds[i].group, kube_kinds[i].version));
        reply_json(
                resp, 200,
                js_pack("{'kind': s, 'apiVersion': s, 'groups': o}", "APIGroupList", "v1", groups));
}

static void no_such_path(const struct request *req, struct response *resp) {
        kube_fail(req, resp, 404, "NotFound", "the server could not find the requested resource");
}

static void get_group(const struct request *req, struct response *resp) {
        const char *group = path_param(req, "group");

        for (size_t i = 0; i < kube_kind_count; i++)
                if (str_eq(kube_kinds[i].group, group)) {
                        struct json_object *object = group_object(group, kube_kinds[i].version);

                        js_set_str(object, "/kind", "APIGroup");
                        js_set_str(object, "/apiVersion", "v1");
                        reply_json(resp, 200, object);
                        return;
                }
        no_such_path(req, resp);
}

static struct json_object *verbs(void) {
        return js_pack("[s s s s s s s s]", "create", "delete", "deletecollection", "get", "list",
                       "patch", "update", "watch");
}

static void add_resource(struct json_object *list, const struct kube_kind *kind) {
        json_object_array_add(list,
                              js_pack("{'name': s, 'singularName': s, 'namespaced': b, 'kind': s, "
                                      "'verbs': o}",
                                      kind->plural, kind->singular, kind->is_namespaced, kind->kind,
                                      verbs()));
        if (kind->has_status) {
                _cleanup_(freep) char *name = x_printf("%s/status", kind->plural);

                json_object_array_add(list,
                                      js_pack("{'name': s, 'singularName': s, 'namespaced': b, "
                                              "'kind': s, 'verbs': [s s s]}",
                                              name, "", kind->is_namespaced, kind->kind, "get",
                                              "patch", "update"));
        }
        if (str_eq(kind->plural, "serviceaccounts"))
                json_object_array_add(
                        list, js_pack("{'name': s, 'singularName': s, 'namespaced': b, "
                                      "'group': s, 'version': s, 'kind': s, 'verbs': [s]}",
                                      "serviceaccounts/token", "", true, "authentication.k8s.io",
                                      "v1", "TokenRequest", "create"));
}

static void list_resources(const struct request *req, struct response *resp, const char *group,
                           const char *version) {
        struct json_object *list = json_object_new_array();
        _cleanup_(freep) char *both =
                *group ? x_printf("%s/%s", group, version) : x_strdup(version);

        for (size_t i = 0; i < kube_kind_count; i++)
                if (str_eq(kube_kinds[i].group, group) && str_eq(kube_kinds[i].version, version))
                        add_resource(list, &kube_kinds[i]);
        if (js_len(list, "") == 0) {
                json_object_put(list);
                no_such_path(req, resp);
                return;
        }
        reply_json(resp, 200,
                   js_pack("{'kind': s, 'apiVersion': s, 'groupVersion': s, 'resources': o}",
                           "APIResourceList", "v1", both, list));
}

static void list_core_resources(const struct request *req, struct response *resp) {
        list_resources(req, resp, CORE, "v1");
}

static void list_group_resources(const struct request *req, struct response *resp) {
        list_resources(req, resp, path_param(req, "group"), path_param(req, "version"));
}

const struct handler karmada_handlers[] = {
        { "getVersion", get_version },
        { "getHealth", get_health },
        { "listCoreVersions", list_core_versions },
        { "listGroups", list_groups },
        { "getGroup", get_group },
        { "listCoreResources", list_core_resources },
        { "listGroupResources", list_group_resources },
        { 0 },
};
