/* SPDX-License-Identifier: Apache-2.0 */
/* UCS: clusters, fleets, policies, federations and their kubeconfigs. */
#include "tests/emulator/wire.h"

#include <string.h>

#define PRODUCTION "f1ee7000-0000-4000-a000-000000000001"
#define STAGING    "f1ee7000-0000-4000-a000-000000000002"
#define CCE        "c1057e00-0000-4000-a000-000000000001"
#define EDGE       "c1057e00-0000-4000-a000-000000000003"
#define ACK        "c1057e00-0000-4000-a000-000000000004"
#define AWS        "c1057e00-0000-4000-a000-000000000005"
#define CANDIDATE  "c1057e00-0000-4000-a000-000000000006"

static char *token_header;
static struct wire ucs = { .host = "ucs" };

static void start(const char *seed) {
        cloud_start(seed);
        token_header = x_printf("X-Auth-Token: %s", wire_login(NULL));
        ucs.headers[0] = token_header;
}

static void stop(void) {
        free(STEAL(token_header));
        wire_done();
        cloud_stop();
}

static struct json_object *clusters(const char *query) {
        return expect(&ucs, 200, NULL, "GET /v1/clusters%s", query);
}

static struct json_object *cluster(const char *id) {
        return expect(&ucs, 200, NULL, "GET /v1/clusters/%s", id);
}

static struct json_object *fleet(const char *id) {
        return expect(&ucs, 200, NULL, "GET /v1/clustergroups/%s", id);
}

START_TEST(lists_are_filtered_and_cut) {
        struct json_object *list;

        start("demo");
        assert_number(clusters(""), "/total", 5);
        ck_assert_uint_eq(js_len(clusters("?category=self"), "/items"), 2);
        ck_assert_uint_eq(js_len(clusters("?managetype=discrete"), "/items"), 2);
        ck_assert_uint_eq(js_len(clusters("?clustergroupid=" PRODUCTION), "/items"), 2);
        ck_assert_uint_eq(js_len(clusters("?clusterids=" EDGE "," AWS), "/items"), 2);
        list = clusters("?enablestatus=false&limit=2&offset=1");
        assert_number(list, "/total", 5);
        ck_assert_uint_eq(js_len(list, "/items"), 2);
        ck_assert_ptr_null(js_get(list, "/items/0/status"));
        assert_text(clusters("?order_by=create_at&order=desc"), "/items/0/metadata/name",
                    "aws-frankfurt");
        ck_assert_uint_eq(js_len(expect(&ucs, 200, NULL, "GET /v1/managedclusters"), ""), 4);
        list = expect(&ucs, 200, NULL, "GET /v1/managedclusters?unregister=true");
        ck_assert_uint_eq(js_len(list, ""), 2);
        ck_assert_uint_gt(
                js_len(expect(&ucs, 200, NULL, "GET /v1/config/registeredclusterversions"),
                       "/versions"),
                3);
        expect_error(&ucs, 404, "UCS.01030001", NULL, "GET /v1/clusters/" UNKNOWN);
        stop();
}
END_TEST

#define REGISTER_CCE                                                             \
        "{\"metadata\":{\"uid\":\"" CANDIDATE "\"},\"spec\":{\"region\":\"%s\"," \
        "\"category\":\"self\",\"type\":\"cce\",\"projectID\":\"" PROJECT "\","  \
        "\"manageType\":\"discrete\"}}"
#define REGISTER_ATTACHED                                                                          \
        "{\"kind\":\"Cluster\",\"apiVersion\":\"v1\",\"metadata\":{\"name\":\"%s\","               \
        "\"annotations\":{\"kubeconfig\":\"%s\"}},\"spec\":{\"category\":\"attachedcluster\","     \
        "\"type\":\"ack\",\"provider\":\"aliyun\",\"manageType\":\"discrete\",\"country\":\"CN\"}" \
        "}"
#define KUBECONFIG "{\\\"clusters\\\":[{}],\\\"users\\\":[{}]}"

START_TEST(clusters_are_registered) {
        _cleanup_(freep) char *wrong = x_printf(REGISTER_CCE, "ap-southeast-3");
        _cleanup_(freep) char *right = x_printf(REGISTER_CCE, "cn-north-4");
        _cleanup_(freep) char *broken = x_printf(REGISTER_ATTACHED, "fresh", "no json");
        _cleanup_(freep) char *taken = x_printf(REGISTER_ATTACHED, "ack-shanghai", KUBECONFIG);
        _cleanup_(freep) char *fresh = x_printf(REGISTER_ATTACHED, "fresh", KUBECONFIG);
        struct json_object *row;
        const char *id;

        start("demo");
        expect_error(&ucs, 400, "UCS.01030012", wrong, "POST /v1/clusters");
        expect(&ucs, 201, right, "POST /v1/clusters");
        expect_error(&ucs, 409, "UCS.01030003", right, "POST /v1/clusters");
        assert_text(cluster(CANDIDATE), "/metadata/name", "test-cce");
        expect_error(&ucs, 400, "UCS.01030008", broken, "POST /v1/clusters");
        expect_error(&ucs, 409, "UCS.01030003", taken, "POST /v1/clusters");
        id = js_str(expect(&ucs, 201, fresh, "POST /v1/clusters"), "/uid");
        row = cluster(id);
        assert_text(row, "/status/phase", "Registering");
        ck_assert_ptr_null(js_get(row, "/metadata/annotations"));
        cloud_advance(MINUTE);
        row = cluster(id);
        assert_text(row, "/status/phase", "Available");
        assert_text(row, "/status/nodeSummary/totalNum", "3");
        expect(&ucs, 200,
               "{\"kind\":\"Cluster\",\"apiVersion\":\"v1\",\"spec\":{\"country\":\"DE\",\"city\":"
               "\"AL\"}}",
               "PUT /v1/clusters/%s", id);
        assert_text(cluster(id), "/spec/country", "DE");
        expect_error(&ucs, 400, "UCS.01030011",
                     "{\"kind\":\"Cluster\",\"apiVersion\":\"v1\",\"spec\":{\"country\":\"DE\"}}",
                     "PUT /v1/clusters/" CCE);
        expect(&ucs, 200,
               "{\"kind\":\"Cluster\",\"apiVersion\":\"v1\",\"spec\":{\"workerConfig\":{"
               "\"replicas\":4}}}",
               "PUT /v1/clusters/" AWS);
        expect(&ucs, 200, NULL, "DELETE /v1/clusters/%s", id);
        expect_error(&ucs, 404, "UCS.01030001", NULL, "DELETE /v1/clusters/%s", id);
        expect_error(&ucs, 400, "UCS.01030009", NULL, "DELETE /v1/clusters/" CCE);
        stop();
}
END_TEST

START_TEST(access_is_told_once) {
        struct json_object *answer;

        start("demo");
        expect_error(&ucs, 400, "UCS.01030011", NULL, "GET /v1/clusters/" CCE "/accessinfo");
        answer = expect(&ucs, 200, NULL, "GET /v1/clusters/" EDGE "/accessinfo");
        ck_assert_uint_eq(js_len(answer, ""), 2);
        ck_assert(js_bool(cluster(EDGE), "/spec/isDownloadedCert", false));
        answer = expect(&ucs, 200, NULL, "GET /v1/clusters/" EDGE "/accessinfo");
        assert_text(answer, "", "Downloaded");
        assert_text(cluster(EDGE), "/status/phase", "Pending");
        expect(&ucs, 200, NULL, "PUT /v1/clusters/" EDGE "/activation");
        cloud_advance(MINUTE);
        assert_text(cluster(EDGE), "/status/phase", "Available");
        stop();
}
END_TEST

#define JOIN(id) "{\"clusterGroupID\":\"" id "\"}"

START_TEST(membership) {
        start("demo");
        expect(&ucs, 200, "{\"clustergroupID\":\"" STAGING "\"}",
               "POST /v1/clusters/" EDGE "/join");
        assert_text(cluster(EDGE), "/spec/clusterGroupID", STAGING);
        assert_text(cluster(EDGE), "/spec/manageType", "grouped");
        expect_error(&ucs, 400, "UCS.01100002", JOIN(PRODUCTION),
                     "POST /v1/clusters/" EDGE "/join");
        expect(&ucs, 200, NULL, "POST /v1/clusters/" EDGE "/unjoin");
        expect_error(&ucs, 400, "UCS.01100007", NULL, "POST /v1/clusters/" EDGE "/unjoin");
        expect_error(&ucs, 400, "UCS.01100005", JOIN(UNKNOWN), "POST /v1/clusters/" EDGE "/join");
        /* A member of a federation is marked as such. */
        expect(&ucs, 200, JOIN(PRODUCTION), "POST /v1/clusters/" EDGE "/join");
        assert_text(cluster(EDGE), "/status/conditions/0/type", "Federation");
        expect(&ucs, 200, "{\"clusterids\":[\"" AWS "\"]}",
               "PUT /v1/clustergroups/" STAGING "/associatedclusters");
        ck_assert_uint_eq(js_len(clusters("?clustergroupid=" STAGING), "/items"), 2);
        expect_error(&ucs, 400, "UCS.01100007", "{\"clusterids\":[\"" AWS "\"]}",
                     "PUT /v1/clustergroups/" STAGING "/associatedclusters");
        stop();
}
END_TEST

START_TEST(a_fleet_lives) {
        struct json_object *row;
        const char *id;

        start("demo");
        id = js_str(expect(&ucs, 201,
                           "{\"metadata\":{\"name\":\"fresh\"},\"spec\":{\"clusterIds\":[\"" EDGE
                           "\"]}}",
                           "POST /v1/clustergroups"),
                    "/uid");
        row = fleet(id);
        ck_assert_ptr_null(js_get(row, "/spec/description"));
        ck_assert_ptr_nonnull(strstr(js_str(row, "/metadata/creationTimestamp"), " +0000 UTC"));
        expect_error(&ucs, 409, "UCS.01100004", "{\"metadata\":{\"name\":\"fresh\"}}",
                     "POST /v1/clustergroups");
        expect(&ucs, 200, "{\"description\":\"text\"}", "PUT /v1/clustergroups/%s/description", id);
        assert_text(fleet(id), "/spec/description", "text");
        expect_error(&ucs, 400, "UCS.01080006", "{\"dnsSuffix\":[\"a.b\"]}",
                     "PUT /v1/clustergroups/%s/associatedzones", id);
        expect_error(&ucs, 400, "UCS.01100007", NULL, "DELETE /v1/clustergroups/%s", id);
        expect(&ucs, 200, NULL, "POST /v1/clusters/" EDGE "/unjoin");
        expect(&ucs, 200, NULL, "DELETE /v1/clustergroups/%s", id);
        expect_error(&ucs, 404, "UCS.01100005", NULL, "GET /v1/clustergroups/%s", id);
        expect_error(&ucs, 400, "UCS.01080002", NULL, "DELETE /v1/clustergroups/" PRODUCTION);
        expect(&ucs, 200, "{\"dnsSuffix\":[\"a.b\"]}",
               "PUT /v1/clustergroups/" PRODUCTION "/associatedzones");
        assert_text(fleet(PRODUCTION), "/spec/dnsSuffix/0", "a.b");
        stop();
}
END_TEST

static struct json_object *rules(void) {
        return js_get(expect(&ucs, 200, NULL, "GET /v1/permissions/rules"), "/items");
}

/* The policy of that id. */
static struct json_object *rule(const char *id) {
        struct json_object *list = rules();

        for (size_t i = 0; i < js_len(list, ""); i++)
                if (str_eq(js_str(js_at(list, i), "/metadata/uid"), id))
                        return js_at(list, i);
        return NULL;
}

START_TEST(policies) {
        _cleanup_(freep) char *body = NULL;
        struct json_object *list;
        const char *id;
        size_t twins = 0;

        start("demo");
        list = rules();
        for (size_t i = 0; i < js_len(list, ""); i++)
                twins += str_eq(js_str(js_at(list, i), "/metadata/name"), "developers");
        ck_assert_uint_eq(twins, 2);
        id = js_str(expect(&ucs, 201,
                           "{\"metadata\":{\"name\":\"developers\"},\"spec\":{\"type\":\"admin\","
                           "\"iamuserids\":[\"u\"],\"description\":\"d\"}}",
                           "POST /v1/permissions/rules"),
                    "/uid");
        assert_text(rule(id), "/spec/iamUserIDs/0", "u");
        assert_text(rule(id), "/spec/contents/0/verbs/0", "*");
        expect(&ucs, 200, "{\"spec\":{\"type\":\"custom\",\"contents\":[]}}",
               "PUT /v1/permissions/rules/%s", id);
        assert_text(rule(id), "/spec/type", "custom");
        ck_assert_ptr_null(js_get(rule(id), "/spec/description"));
        body = x_printf("{\"ruleIDNamespaces\":[{\"ruleIDs\":[\"%s\"],\"namespaces\":[\"a\"]}]}",
                        id);
        expect(&ucs, 200, body, "PUT /v1/clusters/" ACK "/associatedrules");
        assert_text(cluster(ACK), "/spec/ruleNamespaces/0/rules/0/ruleName", "developers");
        ck_assert_uint_eq(js_len(cluster(ACK), "/spec/ruleNamespaces"),
                          1); /* replaced, not added */
        expect(&ucs, 200, body, "PUT /v1/clustergroups/" STAGING "/associatedrules");
        assert_text(fleet(STAGING), "/spec/ruleNamespaces/0", "a");
        assert_text(fleet(STAGING), "/spec/policyId", id);
        expect(&ucs, 200, NULL, "DELETE /v1/permissions/rules/%s", id);
        ck_assert_ptr_null(rule(id));
        ck_assert_uint_eq(js_len(cluster(ACK), "/spec/ruleNamespaces"), 0);
        expect_error(&ucs, 400, "UCS.01000013", NULL, "DELETE /v1/permissions/rules/" UNKNOWN);
        expect_error(&ucs, 400, "UCS.01100003", body, "PUT /v1/clusters/" ACK "/associatedrules");
        stop();
}
END_TEST

#define FEDERATIONS(id) "/v1/clustergroups/" id "/federations"

START_TEST(a_federation_takes_its_time) {
        struct json_object *job;

        start("demo");
        ck_assert(json_object_is_type(
                expect(&ucs, 404, NULL, "GET " FEDERATIONS(STAGING) "/progress"),
                json_type_string));
        expect(&ucs, 201, NULL, "POST " FEDERATIONS(STAGING));
        expect_error(&ucs, 400, "UCS.01080002", NULL, "POST " FEDERATIONS(STAGING));
        job = expect(&ucs, 200, NULL, "GET " FEDERATIONS(STAGING) "/progress");
        assert_text(job, "/status/phase", "Running");
        ck_assert_ptr_null(js_get(fleet(STAGING), "/spec/federationId"));
        cloud_advance(20 * SECOND);
        job = expect(&ucs, 200, NULL, "GET " FEDERATIONS(STAGING) "/progress");
        assert_text(job, "/spec/subJobs/0/status/phase", "Success");
        assert_text(job, "/spec/subJobs/1/status/phase", "Running");
        cloud_advance(50 * SECOND);
        job = expect(&ucs, 200, NULL, "GET " FEDERATIONS(STAGING) "/progress");
        assert_text(job, "/status/phase", "Success");
        assert_text(fleet(STAGING), "/status/conditions/0/status", "Available");
        ck_assert_ptr_nonnull(js_get(fleet(STAGING), "/spec/federationId"));
        expect(&ucs, 201, NULL, "POST " FEDERATIONS(STAGING) "?retryjoinall=true");
        expect(&ucs, 200, NULL, "DELETE " FEDERATIONS(STAGING));
        expect_error(&ucs, 400, "UCS.01080006", NULL, "DELETE " FEDERATIONS(STAGING));
        cloud_advance(MINUTE);
        ck_assert_int_eq(json_object_object_length(js_get(fleet(STAGING), "/spec")), 0);
        expect_error(&ucs, 400, "UCS.01080006", NULL,
                     "POST " FEDERATIONS(STAGING) "?retryjoinall=true");
        stop();
}
END_TEST

START_TEST(a_federation_can_fail) {
        struct json_object *job;
        const char *id;

        start("empty");
        id = js_str(expect(&ucs, 201, "{\"metadata\":{\"name\":\"fail-me\"}}",
                           "POST /v1/clustergroups"),
                    "/uid");
        expect(&ucs, 201, NULL, "POST /v1/clustergroups/%s/federations", id);
        cloud_advance(2 * MINUTE);
        job = expect(&ucs, 200, NULL, "GET /v1/clustergroups/%s/federations/progress", id);
        assert_text(job, "/status/phase", "Failed");
        ck_assert_ptr_nonnull(js_str(job, "/status/reason"));
        ck_assert_ptr_nonnull(js_str(job, "/status/completionTime"));
        expect(&ucs, 200, NULL, "DELETE /v1/clustergroups/%s/federations", id);
        stop();
}
END_TEST

#define VPC "{\"projectID\":\"" PROJECT "\",\"vpcID\":\"v\",\"subnetID\":\"s\"}"
#define VPC_DAYS \
        "{\"projectID\":\"" PROJECT "\",\"vpcID\":\"v\",\"subnetID\":\"s\",\"duration\":30}"

/* A kubeconfig's token works at its server. */
static void use(struct json_object *config) {
        _cleanup_(freep) char *header =
                x_printf("Authorization: Bearer %s", js_str(config, "/users/0/user/token"));
        const char *server = js_str(config, "/clusters/0/cluster/server");
        _cleanup_(freep) char *host =
                x_strndup(server + strlen("http://"),
                          strcspn(server + strlen("http://"), ":") - strlen(".localhost"));
        struct wire wire = { .host = host, .headers = { header } };

        assert_text(expect(&wire, 200, NULL, "GET /api/v1/namespaces"), "/kind", "NamespaceList");
        wire.headers[0] = NULL;
        expect_error(&wire, 401, "Unauthorized", NULL, "GET /api/v1/namespaces");
}

START_TEST(kubeconfigs_come_in_shapes) {
        struct json_object *config = NULL, *parts;
        _cleanup_(freep) char *text = NULL;
        const struct answer *answer;

        start("demo");
        expect_error(&ucs, 400, "UCS.01080006", VPC,
                     "POST /v1/clustergroups/" STAGING "/connection");
        expect_error(&ucs, 400, "UCS.01080004", "{\"duration\":30}",
                     "POST /v1/clustergroups/" PRODUCTION "/kubeconfig");
        ck_assert_ptr_nonnull(js_str(
                expect(&ucs, 201, VPC, "POST /v1/clustergroups/" PRODUCTION "/connection"), "/id"));
        use(expect(&ucs, 201, "{\"duration\":30}",
                   "POST /v1/clustergroups/" PRODUCTION "/kubeconfig"));
        use(expect(&ucs, 201, VPC_DAYS, "POST /v1/clustergroups/" PRODUCTION "/cert"));
        expect(&ucs, 201, NULL, "POST " FEDERATIONS(STAGING));
        cloud_advance(2 * MINUTE);
        parts = expect(&ucs, 201, VPC_DAYS, "POST /v1/clustergroups/" STAGING "/cert");
        ck_assert_uint_eq(js_len(parts, ""), 2);
        text = x_printf("%s%s", js_str(parts, "/0"), js_str(parts, "/1"));
        ck_assert_int_eq(js_parse(text, strlen(text), &config), 0);
        use(config);
        json_object_put(config);
        answer =
                send_to(&ucs, "{\"duration\":30}", "POST /v1/clustergroups/" STAGING "/kubeconfig");
        ck_assert_int_eq(answer->status, 201);
        ck_assert_ptr_nonnull(strcasestr(answer->headers, "application/octet-stream"));
        use(answer->json);
        stop();
}
END_TEST

START_TEST(many) {
        struct json_object *list;

        start("scale:350");
        list = clusters("?limit=100&offset=300");
        assert_number(list, "/total", 350);
        ck_assert_uint_eq(js_len(list, "/items"), 50);
        ck_assert_uint_eq(js_len(expect(&ucs, 200, NULL, "GET /v1/clustergroups"), "/items"), 10);
        ck_assert_uint_eq(
                js_len(clusters("?clustergroupid=f1ee7000-0000-4000-b000-000000000000"), "/items"),
                20);
        stop();
}
END_TEST

START_TEST(odd_names) {
        struct json_object *list;

        start(ODD_NAMES);
        list = rules();
        assert_text(js_at(list, 0), "/metadata/name", "a/b");
        ck_assert_uint_eq(js_len(list, ""), 24);
        list = js_get(clusters(""), "/items");
        ck_assert_uint_eq(strlen(js_str(js_at(list, 24), "/metadata/name")), 300);
        stop();
}
END_TEST

int main(void) {
        const struct unit_case cases[] = {
                { "lists are filtered and cut", lists_are_filtered_and_cut, 0 },
                { "clusters are registered", clusters_are_registered, 0 },
                { "access is told once", access_is_told_once, 0 },
                { "membership", membership, 0 },
                { "a fleet lives", a_fleet_lives, 0 },
                { "policies", policies, 0 },
                { "a federation takes its time", a_federation_takes_its_time, 0 },
                { "a federation can fail", a_federation_can_fail, 0 },
                { "kubeconfigs come in shapes", kubeconfigs_come_in_shapes, 0 },
                { "many", many, 0 },
                { "odd names", odd_names, 0 },
                { 0 },
        };

        return unit_main("emulator-ucs", cases);
}
