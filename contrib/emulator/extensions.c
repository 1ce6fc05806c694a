/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What real servers answer although the documents do not list it, and clients need: all of it, and
 * nothing else, is allowed beside the contract.
 */
#include "contrib/emulator/contract.h"

#define KUBERNETES_READ                                                                           \
        "pretty limit continue labelSelector fieldSelector resourceVersion resourceVersionMatch " \
        "timeoutSeconds watch allowWatchBookmarks sendInitialEvents"
#define KUBERNETES_GET \
        "pretty container follow previous sinceSeconds sinceTime tailLines limitBytes timestamps"
#define KUBERNETES_WRITE  "pretty dryRun fieldManager fieldValidation force"
#define KUBERNETES_DELETE "pretty dryRun gracePeriodSeconds propagationPolicy orphanDependents"

#define KUBERNETES_CALL(id, method, path, query, body) \
        { "karmada", id, method, path, query, body, 0 }

/* The calls that every resource has, below a base path. */
#define KUBERNETES_RESOURCE(base)                                                                \
        KUBERNETES_CALL("listResource", "GET", base "/{resource}", KUBERNETES_READ, BODY_NONE),  \
                KUBERNETES_CALL("createResource", "POST", base "/{resource}", KUBERNETES_WRITE,  \
                                BODY_REQUIRED),                                                  \
                KUBERNETES_CALL("deleteResources", "DELETE", base "/{resource}",                 \
                                KUBERNETES_DELETE " " KUBERNETES_READ, BODY_OPTIONAL),           \
                KUBERNETES_CALL("getResource", "GET", base "/{resource}/{name}", KUBERNETES_GET, \
                                BODY_NONE),                                                      \
                KUBERNETES_CALL("replaceResource", "PUT", base "/{resource}/{name}",             \
                                KUBERNETES_WRITE, BODY_REQUIRED),                                \
                KUBERNETES_CALL("patchResource", "PATCH", base "/{resource}/{name}",             \
                                KUBERNETES_WRITE, BODY_REQUIRED),                                \
                KUBERNETES_CALL("deleteResource", "DELETE", base "/{resource}/{name}",           \
                                KUBERNETES_DELETE, BODY_OPTIONAL)

/* Below an object of a namespace: pods/x/log, deployments/x/status, deployments/x/scale, … */
#define KUBERNETES_SUBRESOURCE(base)                                                       \
        KUBERNETES_CALL("getSubresource", "GET", base "/{resource}/{name}/{subresource}",  \
                        KUBERNETES_GET, BODY_NONE),                                        \
                KUBERNETES_CALL("createSubresource", "POST",                               \
                                base "/{resource}/{name}/{subresource}", KUBERNETES_WRITE, \
                                BODY_REQUIRED),                                            \
                KUBERNETES_CALL("replaceSubresource", "PUT",                               \
                                base "/{resource}/{name}/{subresource}", KUBERNETES_WRITE, \
                                BODY_REQUIRED),                                            \
                KUBERNETES_CALL("patchSubresource", "PATCH",                               \
                                base "/{resource}/{name}/{subresource}", KUBERNETES_WRITE, \
                                BODY_REQUIRED)

/* Further query parameters of a documented call. */
#define MORE_QUERY(service, id, query) \
        { service, id, NULL, NULL, query, BODY_NONE, 0 }
/* The same, and a status that is not documented for it. */
#define MORE_STATUS(service, id, query, status) \
        { service, id, NULL, NULL, query, BODY_NONE, status }

const struct extension extensions[] = {
        /* Discovery. */
        KUBERNETES_CALL("getVersion", "GET", "/version", "timeout", BODY_NONE),
        KUBERNETES_CALL("getHealth", "GET", "/readyz", "timeout", BODY_NONE),
        KUBERNETES_CALL("listCoreVersions", "GET", "/api", "timeout", BODY_NONE),
        KUBERNETES_CALL("listGroups", "GET", "/apis", "timeout", BODY_NONE),
        KUBERNETES_CALL("listCoreResources", "GET", "/api/v1", "timeout", BODY_NONE),
        KUBERNETES_CALL("getGroup", "GET", "/apis/{group}", "timeout", BODY_NONE),
        KUBERNETES_CALL("listGroupResources", "GET", "/apis/{group}/{version}", "timeout",
                        BODY_NONE),
        /* Objects: in a namespace, and of the whole cluster (namespaces themselves are there). */
        KUBERNETES_RESOURCE("/api/v1/namespaces/{namespace}"),
        KUBERNETES_SUBRESOURCE("/api/v1/namespaces/{namespace}"),
        KUBERNETES_RESOURCE("/apis/{group}/{version}/namespaces/{namespace}"),
        KUBERNETES_SUBRESOURCE("/apis/{group}/{version}/namespaces/{namespace}"),
        KUBERNETES_RESOURCE("/api/v1"),
        KUBERNETES_SUBRESOURCE("/api/v1"),
        KUBERNETES_RESOURCE("/apis/{group}/{version}"),
        KUBERNETES_SUBRESOURCE("/apis/{group}/{version}"),
        /* The documented ones take the general parameters too. */
        MORE_QUERY("karmada", "listDeployments", KUBERNETES_READ),
        MORE_QUERY("karmada", "listAllDeployments", KUBERNETES_READ),
        MORE_QUERY("karmada", "listPropagationPolicies", KUBERNETES_READ),
        MORE_QUERY("karmada", "getDeployment", KUBERNETES_GET),
        MORE_QUERY("karmada", "getPropagationPolicy", KUBERNETES_GET),
        MORE_QUERY("karmada", "createDeployment", KUBERNETES_WRITE),
        MORE_QUERY("karmada", "replaceDeployment", KUBERNETES_WRITE),
        MORE_QUERY("karmada", "patchDeployment", KUBERNETES_WRITE),
        MORE_QUERY("karmada", "createPropagationPolicy", KUBERNETES_WRITE),
        MORE_QUERY("karmada", "replacePropagationPolicy", KUBERNETES_WRITE),
        MORE_QUERY("karmada", "patchPropagationPolicy", KUBERNETES_WRITE),
        MORE_QUERY("karmada", "createServiceAccount", KUBERNETES_WRITE),
        MORE_QUERY("karmada", "createServiceAccountToken", KUBERNETES_WRITE),
        MORE_QUERY("karmada", "createClusterRoleBinding", KUBERNETES_WRITE),
        MORE_QUERY("karmada", "deleteDeployment", KUBERNETES_DELETE),
        MORE_QUERY("karmada", "deletePropagationPolicy", KUBERNETES_DELETE),
        /* service-center: revisions of instance lists, removal of a schema. */
        MORE_STATUS("servicecomb", "listInstances", "rev", 304),
        MORE_STATUS("servicecomb", "getInstance", "rev", 304),
        MORE_STATUS("servicecomb", "findInstances", "rev", 304),
        { "servicecomb", "deleteSchema", "DELETE",
          "/v4/{project_id}/registry/microservices/{service_id}/schemas/{schema_id}", NULL,
          BODY_NONE, 0 },
        /* kie: long poll and paging; PUT of an unknown id. */
        MORE_QUERY("servicecomb", "listConfigs", "wait limit offset key"),
        MORE_STATUS("servicecomb", "updateConfig", NULL, 404),
        /* IAM: the caller's account; keys of an agency (assume_role) beside those for a token. */
        { "iam", "createTemporaryAccessKey", NULL, NULL, NULL, BODY_FREE, 0 },
        { "iam", "listDomains", "GET", "/v3/auth/domains", NULL, BODY_NONE, 0 },
        { 0 },
};
