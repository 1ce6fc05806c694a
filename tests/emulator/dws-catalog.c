/* SPDX-License-Identifier: Apache-2.0 */
/* What there is before anything was done: catalogues, seeds, and who is who. */
#include "tests/emulator/cloud.h"

#include <string.h>

START_TEST(catalogues) {
        struct json_object *answer;

        cloud_start("empty");
        answer = ask(200, NULL, "GET /v1.0/" PROJECT "/availability-zones");
        assert_number(answer, "/count", 4);
        assert_text(answer, "/availability_zones/0/code", "cn-north-4a");
        assert_text(answer, "/availability_zones/3/status", "unavailable");
        answer = ask(200, NULL, "GET /v1.0/" SINGAPORE "/availability-zones");
        assert_text(answer, "/availability_zones/1/code", "ap-southeast-3b");
        answer = ask(200, NULL, "GET /v2/" PROJECT "/node-types");
        assert_number(answer, "/count", (int64_t)js_len(answer, "/node_types"));
        element(js_get(answer, "/node_types"), "/spec_name", "dws.m3.xlarge");
        answer = ask(200, NULL, "GET /v1.0/" PROJECT "/dss-pools");
        assert_number(answer, "/count", 0);
        answer = ask(200, NULL, "GET /v1.0/" PROJECT "/tags");
        ck_assert_uint_eq(js_len(answer, "/tags"), 0);
        answer = ask(200, NULL, "GET /v1.0/" PROJECT "/quotas");
        assert_text(answer, "/quotas/resources/0/type", "instances");
        assert_text(answer, "/quotas/resources/0/used", "0");
        assert_text(answer, "/quotas/resources/0/quota", "100");
        answer = ask(200, NULL, "GET /v1.0/" PROJECT "/clusters");
        ck_assert_uint_eq(js_len(answer, "/clusters"), 0);
        cloud_stop();
}
END_TEST

/* Two flavors and two pools have one name: nothing forbids it. */
START_TEST(the_demo_has_names_twice) {
        struct json_object *pools, *flavors;
        size_t twins = 0;

        cloud_start("demo");
        pools = ask(200, NULL, "GET /v1.0/" PROJECT "/dss-pools");
        assert_text(pools, "/pools/0/name", "pool-1");
        assert_text(pools, "/pools/1/name", "pool-1");
        assert_text(pools, "/pools/0/created_at", "2024-12-18T15:57:56.299000");
        flavors = js_get(ask(200, NULL, "GET /v2/" PROJECT "/node-types"), "/node_types");
        for (size_t i = 0; i < js_len(flavors, ""); i++)
                twins += str_eq(js_str(js_at(flavors, i), "/spec_name"), "dws.d2.xlarge");
        ck_assert_uint_eq(twins, 2);
        cloud_stop();
}
END_TEST

START_TEST(the_demo_has_three_warehouses) {
        struct json_object *list, *one;

        cloud_start("demo");
        list = js_get(ask(200, NULL, "GET /v1.0/" PROJECT "/clusters"), "/clusters");
        ck_assert_uint_eq(js_len(list, ""), 3);
        one = element(list, "/name", "dws-production");
        assert_text(one, "/status", "AVAILABLE");
        assert_text(one, "/created", "2024-03-18T06:30:00Z");
        ck_assert_uint_eq(js_len(one, "/nodes"), 6);
        ck_assert_ptr_null(js_get(one, "/parameter_group"));
        assert_text(element(list, "/name", "dws-reporting"), "/sub_status", "READONLY");
        assert_text(element(list, "/name", "dws-staging"), "/status", "CREATING");
        ck_assert_ptr_null(js_get(element(list, "/name", "dws-staging"), "/tags"));
        one = warehouse(js_str(one, "/id"));
        assert_text(one, "/parameter_group/status", "In-Sync");
        assert_text(one, "/order_id", "");
        assert_text(one, "/maintain_window/day", "Wed");
        ck_assert_uint_eq(js_len(one, "/private_ip"), 6);
        cloud_advance(10 * MINUTE);
        assert_text(warehouse(warehouse_id("dws-staging")), "/status", "AVAILABLE");
        list = ask(200, NULL, "GET /v1.0/" SINGAPORE "/clusters");
        ck_assert_uint_eq(js_len(list, "/clusters"), 1);
        list = ask(200, NULL, "GET /v1.0/" ANALYTICS "/clusters");
        ck_assert_uint_eq(js_len(list, "/clusters"), 0);
        list = ask(200, NULL, "GET /v1.0/" PROJECT "/tags");
        ck_assert_uint_eq(js_len(element(js_get(list, "/tags"), "/key", "environment"), "/values"),
                          1);
        cloud_stop();
}
END_TEST

/* Ids and times of the demo do not change from start to start. */
START_TEST(the_demo_is_always_the_same) {
        char *first;

        cloud_start("demo");
        first = x_strdup(
                json_object_to_json_string(ask(200, NULL, "GET /v1.0/" PROJECT "/snapshots")));
        cloud_stop();
        cloud_start("demo");
        ck_assert_str_eq(first, json_object_to_json_string(
                                        ask(200, NULL, "GET /v1.0/" PROJECT "/snapshots")));
        free(first);
        cloud_stop();
}
END_TEST

/* The list can be narrowed to an enterprise project. */
START_TEST(enterprise_projects) {
        struct json_object *list;

        cloud_start("demo");
        list = ask(200, NULL,
                   "GET /v1.0/" PROJECT "/clusters?enterprise_project_id=all_granted_eps");
        ck_assert_uint_eq(js_len(list, "/clusters"), 3);
        list = ask(200, NULL, "GET /v1.0/" PROJECT "/clusters?enterprise_project_id=0");
        ck_assert_uint_eq(js_len(list, "/clusters"), 3);
        list = ask(200, NULL, "GET /v1.0/" PROJECT "/clusters?enterprise_project_id=x");
        ck_assert_uint_eq(js_len(list, "/clusters"), 0);
        cloud_stop();
}
END_TEST

/* The service has a code of its own for each way in which a cluster can be missing. */
START_TEST(a_cluster_is_not_there) {
        struct json_object *list;
        const char *id;

        cloud_start("demo");
        refused(404, "DWS.0047", NULL, "GET /v1.0/" PROJECT "/clusters/" UNKNOWN);
        refused(400, "DWS.0001", NULL,
                "GET /v1.0/" PROJECT "/clusters/not-a-uuid-but-thirty-six-letters-xx");
        refused(404, "DWS.3027", NULL,
                "GET /v1.0/" PROJECT "/clusters/44b277eb-39be-4921-be31-3d61b43651d7");
        list = ask(200, NULL, "GET /v1.0/" SINGAPORE "/clusters");
        id = js_str(list, "/clusters/0/id");
        refused(403, "DWS.0015", NULL, "GET /v1.0/" PROJECT "/clusters/%s", id);
        refused(404, "DWS.0047", "{\"restart\":{}}",
                "POST /v1.0/" PROJECT "/clusters/" UNKNOWN "/restart");
        refused(404, "DWS.0047", NULL, "GET /v1.0/" PROJECT "/clusters/" UNKNOWN "/tags");
        cloud_stop();
}
END_TEST

START_TEST(many) {
        struct json_object *list;

        cloud_start("scale:1200");
        list = js_get(ask(200, NULL, "GET /v1.0/" PROJECT "/clusters"), "/clusters");
        ck_assert_uint_eq(js_len(list, ""), 1200);
        assert_text(js_at(list, 1199), "/name", "warehouse-001200");
        list = ask(200, NULL, "GET /v1.0/" PROJECT "/snapshots");
        assert_number(list, "/count", 1200);
        list = ask(200, NULL, "GET /v2/" PROJECT "/alarm-subs?limit=1000&offset=1");
        assert_number(list, "/count", 1200);
        ck_assert_uint_eq(js_len(list, "/alarm_subscriptions"), 200);
        list = ask(200, NULL, "GET /v2/" PROJECT "/event-subs?offset=1");
        assert_text(list, "/event_subscriptions/0/name", "subscription-001001");
        list = ask(200, NULL, "GET /v1/jobs?job_type=long&limit=100&offset=550");
        ck_assert_uint_eq(js_len(list, "/jobs"), 50);
        cloud_stop();
}
END_TEST

int main(void) {
        const struct unit_case cases[] = {
                { "catalogues", catalogues, 0 },
                { "names twice", the_demo_has_names_twice, 0 },
                { "three warehouses", the_demo_has_three_warehouses, 0 },
                { "always the same", the_demo_is_always_the_same, 0 },
                { "enterprise projects", enterprise_projects, 0 },
                { "a cluster is not there", a_cluster_is_not_there, 0 },
                { "many", many, 0 },
                { 0 },
        };

        return unit_main("dws-catalog", cases);
}
