/* SPDX-License-Identifier: Apache-2.0 */
/* More and fewer nodes, coordinator nodes, workload management. */
#include "tests/emulator/cloud.h"

#include <string.h>

START_TEST(growing) {
        struct json_object *one;
        const char *id;

        cloud_start("demo");
        id = warehouse_id("dws-production");
        ask(200, "{\"scale_out\":{\"count\":3}}", "POST /v1.0/" PROJECT "/clusters/%s/resize", id);
        one = warehouse(id);
        assert_text(one, "/task_status", "GROWING");
        assert_text(one, "/resize_info/target_node_num", "9");
        assert_text(one, "/resize_info/origin_node_num", "6");
        assert_text(one, "/resize_info/resize_status", "GROWING");
        assert_number(one, "/number_of_node", 6);
        ck_assert_uint_eq(js_len(one, "/nodes"), 9);
        refused(403, "DWS.7023", "{\"scale_out\":{\"count\":3}}",
                "POST /v1.0/" PROJECT "/clusters/%s/resize", id);
        cloud_advance(10 * MINUTE);
        one = warehouse(id);
        assert_text(one, "/task_status", "REDISTRIBUTING");
        assert_text(one, "/sub_status", "REDISTRIBUTING");
        assert_text(one, "/action_progress/REDISTRIBUTING", "0%");
        assert_number(one, "/number_of_node", 9);
        ck_assert_ptr_null(js_get(one, "/resize_info"));
        cloud_advance(15 * MINUTE);
        one = warehouse(id);
        assert_text(one, "/sub_status", "NORMAL");
        ck_assert_ptr_null(js_get(one, "/task_status"));
        assert_text(one, "/nodes/8/status", "200");
        cloud_stop();
}
END_TEST

START_TEST(idle_nodes) {
        const char *id;

        cloud_start("demo");
        id = warehouse_id("dws-production");
        ask(200, "{\"scale_out\":{\"count\":3},\"create_node_only\":true}",
            "POST /v1.0/" PROJECT "/clusters/%s/resize", id);
        assert_text(warehouse(id), "/task_status", "CREATING_NODE");
        cloud_advance(6 * MINUTE);
        assert_text(warehouse(id), "/nodes/8/status", "199");
        assert_number(warehouse(id), "/number_of_node", 6);
        ask(200, "{\"scale_out\":{\"count\":3}}", "POST /v1.0/" PROJECT "/clusters/%s/resize", id);
        cloud_advance(25 * MINUTE);
        ck_assert_uint_eq(js_len(warehouse(id), "/nodes"), 9);
        assert_number(warehouse(id), "/number_of_node", 9);
        cloud_stop();
}
END_TEST

/* Without redistribution the cluster is stuck; only deletion is left. */
START_TEST(waiting_for_redistribution) {
        const char *id;

        cloud_start("demo");
        id = warehouse_id("dws-production");
        ask(200, "{\"scale_out\":{\"count\":3},\"auto_redistribute\":false}",
            "POST /v1.0/" PROJECT "/clusters/%s/resize", id);
        cloud_advance(60 * MINUTE);
        assert_text(warehouse(id), "/task_status", "WAITING_REDISTRIBUTION");
        assert_text(warehouse(id), "/sub_status", "UNBALANCED");
        refused(403, "DWS.7023", "{\"restart\":{}}", "POST /v1.0/" PROJECT "/clusters/%s/restart",
                id);
        ask(202, "{\"keep_last_manual_snapshot\":0}", "DELETE /v1.0/" PROJECT "/clusters/%s", id);
        cloud_stop();
}
END_TEST

START_TEST(growth_is_refused) {
        const char *id;

        cloud_start("demo");
        id = warehouse_id("dws-production");
        refused(400, "DWS.5065", "{}", "POST /v1.0/" PROJECT "/clusters/%s/resize", id);
        refused(400, "DWS.5060", "{\"scale_out\":{\"count\":3},\"waiting_for_killing\":29}",
                "POST /v1.0/" PROJECT "/clusters/%s/resize", id);
        refused(400, "DWS.5091", "{\"scale_out\":{\"count\":89}}",
                "POST /v1.0/" PROJECT "/clusters/%s/resize", id);
        refused(404, "DWS.5022", "{\"scale_out\":{\"count\":3,\"subnet_id\":\"" NIL "\"}}",
                "POST /v1.0/" PROJECT "/clusters/%s/resize", id);
        cloud_stop();
}
END_TEST

START_TEST(shrinking) {
        struct json_object *one;
        const char *id;

        cloud_start("demo");
        id = warehouse_id("dws-production");
        refused(400, "DWS.5065", "{}", "POST /v1.0/" PROJECT "/clusters/%s/cluster-shrink", id);
        refused(400, "DWS.5047", "{\"shrink_number\":4}",
                "POST /v1.0/" PROJECT "/clusters/%s/cluster-shrink", id);
        one = ask(200, "{\"shrink_number\":3}", "POST /v1.0/" PROJECT "/clusters/%s/cluster-shrink",
                  id);
        ck_assert_uint_eq(strlen(js_str(one, "/job_id")), 32);
        assert_text(warehouse(id), "/task_status", "SHRINK_CHECKING");
        cloud_advance(2 * MINUTE);
        assert_text(warehouse(id), "/task_status", "CLUSTER_SHRINKING");
        cloud_advance(10 * MINUTE);
        one = warehouse(id);
        assert_number(one, "/number_of_node", 3);
        ck_assert_uint_eq(js_len(one, "/nodes"), 3);
        ck_assert_uint_eq(js_len(one, "/private_ip"), 3);
        ck_assert_ptr_null(js_get(one, "/task_status"));
        cloud_stop();
}
END_TEST

/* The check fails where disks are full; the failure stays to be seen and refuses nothing. */
START_TEST(shrinking_fails) {
        const char *id;

        cloud_start("demo");
        id = warehouse_id("dws-reporting");
        ask(200, "{\"shrink_number\":1}", "POST /v1.0/" PROJECT "/clusters/%s/cluster-shrink", id);
        cloud_advance(2 * MINUTE);
        assert_text(warehouse(id), "/task_status", "SHRINK_CHECK_FAILED");
        ck_assert_ptr_null(js_get(warehouse(id), "/action_progress"));
        assert_number(warehouse(id), "/number_of_node", 4);
        ask(200, "{\"restart\":{}}", "POST /v1.0/" PROJECT "/clusters/%s/restart", id);
        cloud_advance(5 * MINUTE);
        ck_assert_ptr_null(js_get(warehouse(id), "/task_status"));
        cloud_stop();
}
END_TEST

START_TEST(coordinators) {
        _cleanup_(freep) char *body = NULL;
        struct json_object *cns;
        const char *id;

        cloud_start("demo");
        id = warehouse_id("dws-production");
        cns = ask(200, NULL, "GET /v1.0/" PROJECT "/clusters/%s/cns", id);
        assert_number(cns, "/min_num", 2);
        assert_number(cns, "/max_num", 6);
        ck_assert_uint_eq(js_len(cns, "/instances"), 3);
        refused(400, "DWS.5207", "{\"num\":3}",
                "POST /v1.0/" PROJECT "/clusters/%s/cns/batch-create", id);
        refused(400, "DWS.5207", "{\"num\":7}",
                "POST /v1.0/" PROJECT "/clusters/%s/cns/batch-create", id);
        ask(200, "{\"num\":5}", "POST /v1.0/" PROJECT "/clusters/%s/cns/batch-create", id);
        assert_text(warehouse(id), "/task_status", "ADD_CN_ING");
        refused(403, "DWS.7023", "{\"num\":6}",
                "POST /v1.0/" PROJECT "/clusters/%s/cns/batch-create", id);
        cloud_advance(5 * MINUTE);
        cns = ask(200, NULL, "GET /v1.0/" PROJECT "/clusters/%s/cns", id);
        ck_assert_uint_eq(js_len(cns, "/instances"), 5);
        refused(400, "DWS.5065", "{}", "POST /v1.0/" PROJECT "/clusters/%s/cns/batch-delete", id);
        refused(400, "DWS.5064", "{\"instances\":[\"" UNKNOWN "\"]}",
                "POST /v1.0/" PROJECT "/clusters/%s/cns/batch-delete", id);
        body = x_printf("{\"instances\":[\"%s\",\"%s\"]}", js_str(cns, "/instances/0/id"),
                        js_str(cns, "/instances/4/id"));
        ask(200, body, "POST /v1.0/" PROJECT "/clusters/%s/cns/batch-delete", id);
        assert_text(warehouse(id), "/action_progress/DEL_CN_ING", "0%");
        cloud_advance(5 * MINUTE);
        cns = ask(200, NULL, "GET /v1.0/" PROJECT "/clusters/%s/cns", id);
        ck_assert_uint_eq(js_len(cns, "/instances"), 3);
        cloud_stop();
}
END_TEST

START_TEST(too_few_coordinators) {
        _cleanup_(freep) char *body = NULL;
        struct json_object *cns;
        const char *id;

        cloud_start("demo");
        id = warehouse_id("dws-production");
        cns = ask(200, NULL, "GET /v1.0/" PROJECT "/clusters/%s/cns", id);
        body = x_printf("{\"instances\":[\"%s\",\"%s\"]}", js_str(cns, "/instances/0/id"),
                        js_str(cns, "/instances/1/id"));
        refused(400, "DWS.5207", body, "POST /v1.0/" PROJECT "/clusters/%s/cns/batch-delete", id);
        cloud_stop();
}
END_TEST

/* The outcome stands in the body: a refusal is a 200 as well. */
START_TEST(workload) {
        struct json_object *answer;
        const char *id;

        cloud_start("demo");
        id = warehouse_id("dws-production");
        answer = ask(200, NULL, "GET /v2/" PROJECT "/clusters/%s/workload", id);
        assert_number(answer, "/workload_res_code", 0);
        assert_text(answer, "/workload_status/workload_switch", "on");
        ask(200, "{\"workload_status\":{\"workload_switch\":\"off\",\"max_concurrency_num\":5}}",
            "POST /v2/" PROJECT "/clusters/%s/workload", id);
        answer = ask(200, NULL, "GET /v2/" PROJECT "/clusters/%s/workload", id);
        assert_text(answer, "/workload_status/workload_switch", "off");
        assert_number(answer, "/workload_status/max_concurrency_num", 5);
        answer = ask(200, "{\"workload_status\":{\"workload_switch\":\"on\"}}",
                     "POST /v2/" PROJECT "/clusters/%s/workload", id);
        assert_number(answer, "/workload_res_code", 0);
        answer = ask(200, NULL, "POST /v2/" PROJECT "/clusters/%s/workload", id);
        assert_number(answer, "/workload_res_code", 1);
        ask(200, "{\"plan_name\":\"night\"}", "POST /v2/" PROJECT "/clusters/%s/workload/plans",
            id);
        answer = ask(200, "{\"plan_name\":\"night\"}",
                     "POST /v2/" PROJECT "/clusters/%s/workload/plans", id);
        assert_number(answer, "/workload_res_code", 1);
        cloud_stop();
}
END_TEST

static bool has_queue(const char *id, const char *name) {
        struct json_object *list =
                js_get(ask(200, NULL, "GET /v2/" PROJECT "/clusters/%s/workload/queues", id),
                       "/workload_queue_name_list");

        return has_element(list, "", name);
}

#define QUEUE(name)                                                  \
        "{\"workload_queue\":{\"workload_queue_name\":\"" name "\"," \
        "\"workload_resource_item_list\":[{\"resource_name\":\"memory\",\"resource_value\":0}]}}"

START_TEST(queues) {
        struct json_object *answer;
        const char *id;

        cloud_start("demo");
        id = warehouse_id("dws-production");
        ck_assert(has_queue(id, "reports/daily") && has_queue(id, ".internal"));
        answer =
                ask(200, QUEUE("new queue"), "PUT /v2/" PROJECT "/clusters/%s/workload/queues", id);
        assert_number(answer, "/workload_res_code", 0);
        ck_assert(has_queue(id, "new queue"));
        answer =
                ask(200, QUEUE("new queue"), "PUT /v2/" PROJECT "/clusters/%s/workload/queues", id);
        assert_number(answer, "/workload_res_code", 1);
        answer = ask(200, NULL,
                     "DELETE /v2/" PROJECT
                     "/clusters/%s/workload/queues?workload_queue_name=new%%20queue",
                     id);
        assert_number(answer, "/workload_res_code", 0);
        ck_assert(!has_queue(id, "new queue"));
        refused(500, "DWS.9999", NULL,
                "DELETE /v2/" PROJECT "/clusters/%s/workload/queues?workload_queue_name=none", id);
        ask(200, NULL,
            "DELETE /v2/" PROJECT
            "/clusters/%s/workload/queues?workload_queue_name=reports%%2Fdaily",
            id);
        ck_assert(!has_queue(id, "reports/daily"));
        answer = ask(200, NULL,
                     "GET /v2/" PROJECT "/clusters/%s/workload/queues?logical_cluster_name=x", id);
        ck_assert_uint_eq(js_len(answer, "/workload_queue_name_list"), 0);
        cloud_stop();
}
END_TEST

int main(void) {
        const struct unit_case cases[] = {
                { "growing", growing, 0 },
                { "idle nodes", idle_nodes, 0 },
                { "waiting for redistribution", waiting_for_redistribution, 0 },
                { "growth is refused", growth_is_refused, 0 },
                { "shrinking", shrinking, 0 },
                { "shrinking fails", shrinking_fails, 0 },
                { "coordinators", coordinators, 0 },
                { "too few coordinators", too_few_coordinators, 0 },
                { "workload", workload, 0 },
                { "queues", queues, 0 },
                { 0 },
        };

        return unit_main("dws-scale", cases);
}
