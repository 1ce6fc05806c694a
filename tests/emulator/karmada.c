/* SPDX-License-Identifier: Apache-2.0 */
/* The Kubernetes API of federations: discovery, objects, lists, watches, who may. */
#include "tests/emulator/wire.h"

#include <string.h>

#define DEPLOYMENTS "/apis/apps/v1/namespaces/%s/deployments"
#define POLICIES    "/apis/policy.karmada.io/v1alpha1/namespaces/default/propagationpolicies"

static struct wire kube = { .host = "kubernetes",
                            .headers = { "Authorization: Bearer demo-kubernetes-token" } };

static void stop(void) {
        wire_done();
        cloud_stop();
}

static struct json_object *get(const char *path) {
        return expect(&kube, 200, NULL, "GET %s", path);
}

START_TEST(discovery) {
        struct json_object *list;

        cloud_start("empty");
        assert_text(get("/version"), "/major", "1");
        assert_text(get("/api"), "/versions/0", "v1");
        list = js_get(get("/apis"), "/groups");
        element(list, "/name", "policy.karmada.io");
        ck_assert_uint_eq(js_len(list, ""), 8);
        list = js_get(get("/api/v1"), "/resources");
        ck_assert(!js_bool(element(list, "/name", "namespaces"), "/namespaced", true));
        element(list, "/name", "serviceaccounts/token");
        list = js_get(get("/apis/apps/v1"), "/resources");
        element(list, "/name", "deployments/status");
        assert_text(get("/apis/apps"), "/preferredVersion/groupVersion", "apps/v1");
        expect_error(&kube, 404, "NotFound", NULL, "GET /apis/none/v1");
        expect_error(&kube, 404, "NotFound", NULL, "GET /api/v1/nonsense");
        ck_assert_int_eq(
                send_to(&(struct wire){ .host = "kubernetes" }, NULL, "GET /version")->status, 401);
        stop();
}
END_TEST

#define NGINX                                                                                   \
        "{\"apiVersion\":\"apps/v1\",\"kind\":\"Deployment\",\"metadata\":{\"name\":\"%s\"%s}," \
        "\"spec\":{\"replicas\":%d,\"selector\":{\"matchLabels\":{\"app\":\"nginx\"}},"         \
        "\"template\":{\"metadata\":{\"labels\":{\"app\":\"nginx\"}},\"spec\":{\"containers\":" \
        "[{\"name\":\"a\",\"image\":\"nginx:1\"}]}}}}"

static char *deployment(const char *name, const char *more_metadata, int replicas) {
        return x_printf(NGINX, name, more_metadata, replicas);
}

START_TEST(a_deployment_lives) {
        _cleanup_(freep) char *body = deployment("web", "", 2), *changed = NULL, *stale = NULL,
                              *meta = NULL;
        struct json_object *made, *one;

        cloud_start("empty");
        made = expect(&kube, 201, body, "POST " DEPLOYMENTS, "default");
        assert_number(made, "/metadata/generation", 1);
        assert_number(made, "/spec/revisionHistoryLimit", 10);
        expect_error(&kube, 409, "AlreadyExists", body, "POST " DEPLOYMENTS, "default");
        expect_error(&kube, 404, "NotFound", body, "POST " DEPLOYMENTS, "nowhere");
        expect_error(&kube, 405, "MethodNotAllowed", body, "POST /apis/apps/v1/deployments");
        /* Its status moves by itself, and with it the resourceVersion. */
        cloud_advance(5 * SECOND);
        one = get("/apis/apps/v1/namespaces/default/deployments/web");
        assert_number(one, "/status/availableReplicas", 2);
        ck_assert_pstr_ne(js_str(one, "/metadata/resourceVersion"),
                          js_str(made, "/metadata/resourceVersion"));
        meta = x_printf(",\"resourceVersion\":\"%s\"", js_str(made, "/metadata/resourceVersion"));
        stale = deployment("web", meta, 3);
        expect_error(&kube, 409, "Conflict", stale, "PUT " DEPLOYMENTS "/web", "default");
        changed = deployment("web", "", 3);
        one = expect(&kube, 200, changed, "PUT " DEPLOYMENTS "/web", "default");
        assert_number(one, "/metadata/generation", 2);
        assert_number(one, "/status/availableReplicas", 2);
        ck_assert_pstr_eq(js_str(one, "/metadata/uid"), js_str(made, "/metadata/uid"));
        expect_error(&kube, 400, "BadRequest", changed, "PUT " DEPLOYMENTS "/other", "default");
        expect(&kube, 200, NULL, "DELETE " DEPLOYMENTS "/web", "default");
        expect_error(&kube, 404, "NotFound", NULL, "DELETE " DEPLOYMENTS "/web", "default");
        expect_error(&kube, 404, "NotFound", NULL, "GET " DEPLOYMENTS "/web", "default");
        stop();
}
END_TEST

START_TEST(what_is_invalid) {
        _cleanup_(freep) char *name = deployment("Not A Name", "", 1);
        _cleanup_(freep) char *elsewhere = deployment("web", ",\"namespace\":\"other\"", 1);
        _cleanup_(freep) char *versioned = deployment("web", ",\"resourceVersion\":\"7\"", 1);

        cloud_start("empty");
        expect_error(&kube, 422, "Invalid", name, "POST " DEPLOYMENTS, "default");
        expect_error(&kube, 400, "BadRequest", elsewhere, "POST " DEPLOYMENTS, "default");
        expect_error(&kube, 400, "BadRequest", versioned, "POST " DEPLOYMENTS, "default");
        expect_error(&kube, 422, "Invalid",
                     "{\"metadata\":{\"name\":\"x\"},\"spec\":{\"selector\":{\"matchLabels\":{"
                     "\"a\":\"1\"}},"
                     "\"template\":{\"metadata\":{\"labels\":{\"a\":\"2\"}},\"spec\":{}}}}",
                     "POST " DEPLOYMENTS, "default");
        expect_error(&kube, 400, "BadRequest",
                     "{\"kind\":\"Secret\",\"metadata\":{\"name\":\"x\"}}",
                     "POST /api/v1/namespaces/default/configmaps");
        stop();
}
END_TEST

START_TEST(patches) {
        _cleanup_(freep) char *body = deployment("web", "", 2);
        struct wire merge = kube, strategic = kube, json = kube;
        struct json_object *one;

        cloud_start("empty");
        merge.headers[1] = "Content-Type: application/merge-patch+json";
        strategic.headers[1] = "Content-Type: application/strategic-merge-patch+json";
        json.headers[1] = "Content-Type: application/json-patch+json";
        expect(&kube, 201, body, "POST " DEPLOYMENTS, "default");
        one = expect(&merge, 200,
                     "{\"spec\":{\"replicas\":5},\"metadata\":{\"labels\":{\"a\":\"b\"}}}",
                     "PATCH " DEPLOYMENTS "/web", "default");
        assert_number(one, "/spec/replicas", 5);
        assert_text(one, "/metadata/labels/a", "b");
        one = expect(&strategic, 200,
                     "{\"spec\":{\"template\":{\"spec\":{\"containers\":[{\"name\":\"a\",\"image\":"
                     "\"x:2\"},"
                     "{\"name\":\"b\",\"image\":\"y\"}]}}}}",
                     "PATCH " DEPLOYMENTS "/web", "default");
        assert_text(one, "/spec/template/spec/containers/0/image", "x:2");
        assert_text(one, "/spec/template/spec/containers/1/name", "b");
        expect(&kube, 201, "{\"metadata\":{\"name\":\"c\"},\"data\":{\"k\":\"v\"}}",
               "POST /api/v1/namespaces/default/configmaps");
        expect_error(&json, 415, "UnsupportedMediaType", "[]",
                     "PATCH /api/v1/namespaces/default/configmaps/c");
        one = expect(&merge, 200, "{\"data\":{\"k\":null,\"l\":\"w\"}}",
                     "PATCH /api/v1/namespaces/default/configmaps/c");
        ck_assert_ptr_null(js_get(one, "/data/k"));
        assert_text(one, "/data/l", "w");
        stop();
}
END_TEST

#define POLICY                                                                                \
        "{\"metadata\":{\"name\":\"p\",\"finalizers\":[%s]},\"spec\":{\"resourceSelectors\":" \
        "[{\"apiVersion\":\"apps/v1\",\"kind\":\"Deployment\"}]}}"

START_TEST(finalizers_hold) {
        _cleanup_(freep) char *held = x_printf(POLICY, "\"karmada.io/hold\""),
                              *freed = x_printf(POLICY, "");

        cloud_start("empty");
        expect(&kube, 201, held, "POST " POLICIES);
        expect(&kube, 202, NULL, "DELETE " POLICIES "/p");
        ck_assert_ptr_nonnull(js_get(get(POLICIES "/p"), "/metadata/deletionTimestamp"));
        expect(&kube, 200, freed, "PUT " POLICIES "/p");
        expect_error(&kube, 404, "NotFound", NULL, "GET " POLICIES "/p");
        stop();
}
END_TEST

START_TEST(namespaces_take_all_along) {
        _cleanup_(freep) char *body = deployment("web", "", 2);

        cloud_start("empty");
        expect(&kube, 201, "{\"metadata\":{\"name\":\"fresh\"}}", "POST /api/v1/namespaces");
        expect(&kube, 201, body, "POST " DEPLOYMENTS, "fresh");
        expect(&kube, 202, NULL, "DELETE /api/v1/namespaces/fresh");
        assert_text(get("/api/v1/namespaces/fresh"), "/status/phase", "Terminating");
        expect_error(&kube, 403, "Forbidden", body, "POST " DEPLOYMENTS, "fresh");
        cloud_advance(10 * SECOND);
        expect_error(&kube, 404, "NotFound", NULL, "GET /api/v1/namespaces/fresh");
        ck_assert_uint_eq(js_len(get("/apis/apps/v1/deployments"), "/items"), 0);
        stop();
}
END_TEST

START_TEST(lists_have_pages_and_selectors) {
        struct json_object *page;

        cloud_start("scale:250");
        page = get("/apis/apps/v1/deployments?limit=100");
        ck_assert_uint_eq(js_len(page, "/items"), 100);
        assert_number(page, "/metadata/remainingItemCount", 150);
        ck_assert_ptr_null(js_get(page, "/items/0/kind"));
        page = expect(&kube, 200, NULL, "GET /apis/apps/v1/deployments?limit=200&continue=%s",
                      js_str(page, "/metadata/continue"));
        ck_assert_uint_eq(js_len(page, "/items"), 150);
        ck_assert_ptr_null(js_get(page, "/metadata/continue"));
        page = get("/apis/apps/v1/namespaces/scale-01/"
                   "deployments?labelSelector=app%20in%20(app-0100,app-0007)");
        ck_assert_uint_eq(js_len(page, "/items"), 1);
        page = get("/apis/apps/v1/deployments?labelSelector=app!%3Dapp-0000");
        ck_assert_uint_eq(js_len(page, "/items"), 249);
        page = get("/apis/apps/v1/deployments?fieldSelector=metadata.name%3Dapp-0042");
        ck_assert_uint_eq(js_len(page, "/items"), 1);
        page = get("/apis/apps/v1/deployments?labelSelector=!app");
        ck_assert_uint_eq(js_len(page, "/items"), 0);
        stop();
}
END_TEST

START_TEST(watches_tell_of_changes) {
        const struct answer *answer;
        const char *version;

        cloud_start("empty");
        version = js_str(get("/api/v1/configmaps"), "/metadata/resourceVersion");
        expect(&kube, 201, "{\"metadata\":{\"name\":\"c\"}}",
               "POST /api/v1/namespaces/default/configmaps");
        expect(&kube, 201, "{\"metadata\":{\"name\":\"s\"}}",
               "POST /api/v1/namespaces/default/secrets");
        expect(&kube, 200, NULL, "DELETE /api/v1/namespaces/default/configmaps/c");
        answer = send_to(&kube, NULL,
                         "GET /api/v1/configmaps?watch=true&timeoutSeconds=1&resourceVersion=%s",
                         version);
        ck_assert_int_eq(answer->status, 200);
        ck_assert_ptr_nonnull(strstr(answer->text, "\"ADDED\""));
        ck_assert_ptr_nonnull(strstr(answer->text, "\"DELETED\""));
        ck_assert_ptr_null(strstr(answer->text, "\"Secret\""));
        answer = send_to(&kube, NULL, "GET /api/v1/namespaces?watch=true&timeoutSeconds=1");
        ck_assert_ptr_nonnull(strstr(answer->text, "kube-system"));
        stop();
}
END_TEST

START_TEST(service_accounts_need_a_role) {
        struct wire account = { .host = "kubernetes" };
        _cleanup_(freep) char *header = NULL;
        struct json_object *token;

        cloud_start("empty");
        expect(&kube, 201, "{\"metadata\":{\"name\":\"admin\"}}",
               "POST /api/v1/namespaces/kube-system/serviceaccounts");
        expect_error(&kube, 422, "Invalid", "{\"spec\":{\"expirationSeconds\":60}}",
                     "POST /api/v1/namespaces/kube-system/serviceaccounts/admin/token");
        token = expect(&kube, 201, "{\"spec\":{\"expirationSeconds\":3600}}",
                       "POST /api/v1/namespaces/kube-system/serviceaccounts/admin/token");
        account.headers[0] = header =
                x_printf("Authorization: Bearer %s", js_str(token, "/status/token"));
        expect_error(&account, 403, "Forbidden", NULL, "GET /api/v1/secrets");
        expect(&kube, 201,
               "{\"metadata\":{\"name\":\"admin\"},\"roleRef\":{\"apiGroup\":\"rbac.authorization."
               "k8s.io\","
               "\"kind\":\"ClusterRole\",\"name\":\"cluster-admin\"},\"subjects\":[{\"kind\":"
               "\"ServiceAccount\",\"name\":\"admin\",\"namespace\":\"kube-system\"}]}",
               "POST /apis/rbac.authorization.k8s.io/v1/clusterrolebindings");
        expect(&account, 200, NULL, "GET /api/v1/secrets");
        cloud_advance(3601 * SECOND);
        expect_error(&account, 401, "Unauthorized", NULL, "GET /api/v1/secrets");
        expect_error(&kube, 404, "NotFound", "{}",
                     "POST /api/v1/namespaces/kube-system/serviceaccounts/none/token");
        stop();
}
END_TEST

int main(void) {
        const struct unit_case cases[] = {
                { "discovery", discovery, 0 },
                { "a deployment lives", a_deployment_lives, 0 },
                { "what is invalid", what_is_invalid, 0 },
                { "patches", patches, 0 },
                { "finalizers hold", finalizers_hold, 0 },
                { "namespaces take all along", namespaces_take_all_along, 0 },
                { "lists have pages and selectors", lists_have_pages_and_selectors, 0 },
                { "watches tell of changes", watches_tell_of_changes, 0 },
                { "service accounts need a role", service_accounts_need_a_role, 0 },
                { 0 },
        };

        return unit_main("emulator-karmada", cases);
}
