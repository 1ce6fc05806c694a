/* SPDX-License-Identifier: Apache-2.0 */
/* Warehouses: how they come, what they refuse, how they go. */
#include "tests/emulator/cloud.h"

#include <string.h>

#define VPC    "85b20d7e-9eb7-4b2a-98f3-3c8843ea3574"
#define SUBNET "374eca02-cfc4-4de7-8ab5-dbebf7d9a720"
#define GROUP  "dc3ec145-9029-4b39-b5a3-ace5a01f772b"

/* A creation that is good, with one member replaced or added; value is JSON, NULL removes it. */
static char *creation(const char *member, const char *value) {
        struct json_object *body = js_pack(
                "{'cluster': {'node_type': s, 'number_of_node': i, 'subnet_id': s,"
                "'security_group_id': s, 'vpc_id': s, 'name': s, 'user_name': s, 'user_pwd': s}}",
                "dws.m3.xlarge", (int64_t)3, SUBNET, GROUP, VPC, "dws-new", "dbadmin",
                "Correct-Horse-1");
        _cleanup_(freep) char *pointer = x_printf("/cluster/%s", member ? member : "");
        struct json_object *parsed = NULL;
        char *text;

        if (member && value) {
                ck_assert_int_eq(js_parse(value, strlen(value), &parsed), 0);
                ck_assert_int_eq(js_set(body, pointer, parsed), 0);
        } else if (member) {
                js_remove(body, pointer);
        }
        text = x_strdup(json_object_to_json_string(body));
        json_object_put(body);
        return text;
}

static const char *create(const char *member, const char *value) {
        _cleanup_(freep) char *body = creation(member, value);

        return js_str(ask(200, body, "POST /v1.0/" PROJECT "/clusters"), "/cluster/id");
}

START_TEST(life) {
        struct json_object *one;
        const char *id;

        cloud_start("empty");
        id = create("public_ip", "{\"public_bind_type\": \"auto_assign\", \"eip_id\": \"\"}");
        one = warehouse(id);
        assert_text(one, "/status", "CREATING");
        assert_text(one, "/action_progress/CREATING", "0%");
        assert_text(one, "/nodes/0/status", "100");
        assert_text(one, "/availability_zone", "cn-north-4a");
        assert_number(one, "/port", 8000);
        ck_assert_uint_eq(js_len(one, "/public_endpoints"), 0);
        refused(403, "DWS.7023", "{\"restart\":{}}", "POST /v1.0/" PROJECT "/clusters/%s/restart",
                id);
        refused(403, "DWS.7023", "{\"keep_last_manual_snapshot\":0}",
                "DELETE /v1.0/" PROJECT "/clusters/%s", id);
        cloud_advance(6 * MINUTE);
        assert_text(warehouse(id), "/action_progress/CREATING", "40%");
        cloud_advance(6 * MINUTE);
        one = warehouse(id);
        assert_text(one, "/status", "AVAILABLE");
        assert_text(one, "/sub_status", "NORMAL");
        ck_assert_ptr_null(js_get(one, "/action_progress"));
        ck_assert_ptr_null(js_get(one, "/task_status"));
        assert_text(one, "/nodes/2/status", "200");
        ck_assert_uint_eq(js_len(one, "/public_endpoints"), 1);
        ck_assert_uint_eq(strlen(js_str(one, "/public_ip/eip_id")), 36);
        ck_assert_str_gt(js_str(one, "/updated"), js_str(one, "/created"));
        ask(202, "{\"keep_last_manual_snapshot\":0}", "DELETE /v1.0/" PROJECT "/clusters/%s", id);
        assert_text(warehouse(id), "/status", "DELETING");
        assert_text(warehouse(id), "/nodes/0/status", "304");
        refused(403, "DWS.7023", "{\"keep_last_manual_snapshot\":0}",
                "DELETE /v1.0/" PROJECT "/clusters/%s", id);
        cloud_advance(4 * MINUTE);
        refused(404, "DWS.3027", NULL, "GET /v1.0/" PROJECT "/clusters/%s", id);
        ck_assert_uint_eq(js_len(ask(200, NULL, "GET /v1.0/" PROJECT "/clusters"), "/clusters"), 0);
        cloud_stop();
}
END_TEST

/* Found out late: the cluster is there, is broken, says why, and can be deleted. */
START_TEST(a_creation_fails) {
        struct json_object *one;
        const char *id;

        cloud_start("empty");
        id = create("node_type", "\"dwsx2.16xlarge.m7\"");
        cloud_advance(12 * MINUTE);
        one = warehouse(id);
        assert_text(one, "/status", "CREATE_FAILED");
        assert_text(one, "/failed_reasons/error_code", "ECS.0319");
        assert_text(one, "/nodes/0/status", "303");
        ask(202, "{\"keep_last_manual_snapshot\":0}", "DELETE /v1.0/" PROJECT "/clusters/%s", id);
        cloud_advance(4 * MINUTE);
        refused(404, "DWS.3027", NULL, "GET /v1.0/" PROJECT "/clusters/%s", id);
        cloud_stop();
}
END_TEST

/* Each row: a member, its value, and what the service says. */
static const struct {
        const char *member, *value;
        int status;
        const char *code;
} refusals[] = {
        { "node_type", "\"no.such.flavor\"", 400, "DWS.5006" },
        { "number_of_node", "2", 400, "DWS.5047" },
        { "number_of_node", "1", 400, "DWS.5047" },
        { "number_of_node", "101", 400, "DWS.5091" },
        { "number_of_cn", "4", 400, "DWS.5207" },
        { "vpc_id", "\"vpc\"", 400, "DWS.5014" },
        { "vpc_id", "\"" NIL "\"", 404, "DWS.5021" },
        { "subnet_id", "\"subnet\"", 400, "DWS.5015" },
        { "subnet_id", "\"" NIL "\"", 404, "DWS.5022" },
        { "security_group_id", "\"group\"", 400, "DWS.5016" },
        { "security_group_id", "\"" NIL "\"", 404, "DWS.5023" },
        { "availability_zone", "\"moon-1a\"", 400, "DWS.5012" },
        { "availability_zone", "\"cn-north-4d\"", 400, "DWS.5052" },
        { "user_name", "\"table\"", 400, "DWS.5082" },
        { "user_pwd", "\"only-small-letters\"", 400, "DWS.5144" },
        { "user_pwd", "\"1-xDBADMINx-1\"", 400, "DWS.5145" },
        { "user_pwd", "\"1-xNIMDABDx-1\"", 400, "DWS.5145" },
        { "public_ip", "{\"public_bind_type\": \"bind_existing\", \"eip_id\": \"x\"}", 400,
          "DWS.5133" },
        { "public_ip", "{\"public_bind_type\": \"bind_existing\", \"eip_id\": \"" NIL "\"}", 400,
          "DWS.5135" },
        { "name", "\"dws-singapore\"", 409, "DWS.5050" },
        { "name", "\"dws-production\"", 409, "DWS.5050" },
};

START_TEST(creations_are_refused) {
        cloud_start("demo");
        for (size_t i = 0; i < ELEMENTSOF(refusals); i++) {
                _cleanup_(freep) char *body = creation(refusals[i].member, refusals[i].value);

                refused(refusals[i].status, refusals[i].code, body,
                        "POST /v1.0/" PROJECT "/clusters");
        }
        ck_assert_uint_eq(js_len(ask(200, NULL, "GET /v1.0/" PROJECT "/clusters"), "/clusters"), 3);
        cloud_stop();
}
END_TEST

/* What the contract itself forbids is a violation, answered in the shape of the service. */
START_TEST(what_the_contract_forbids) {
        _cleanup_(freep) char *no_vpc = creation("vpc_id", NULL);
        _cleanup_(freep) char *bad_name = creation("name", "\"1abc\"");
        _cleanup_(freep) char *bad_port = creation("port", "80");
        struct json_object *answer;

        cloud_start("empty");
        cloud_allow_violations();
        answer = ask(400, no_vpc, "POST /v1.0/" PROJECT "/clusters");
        ck_assert_ptr_nonnull(js_str(answer, "/error_code"));
        ask(400, bad_name, "POST /v1.0/" PROJECT "/clusters");
        ask(400, bad_port, "POST /v1.0/" PROJECT "/clusters");
        ask(400, NULL, "DELETE /v1.0/" PROJECT "/clusters/" UNKNOWN);
        cloud_stop();
}
END_TEST

/* By name or id of the flavor; one node only of the hybrid kind; a tag; a group that is made. */
START_TEST(forms_of_creation) {
        struct json_object *one;
        const char *id;

        cloud_start("empty");
        id = create("node_type", "\"3f0f4b1e-7a2a-4c52-8a5e-0c6b5b9d1f77\"");
        assert_text(warehouse(id), "/node_type", "dws.m3.xlarge");
        {
                _cleanup_(freep) char *body = creation("name", "\"dws-two\"");
                _cleanup_(freep) char *with_tag = NULL;
                struct json_object *parsed = NULL;

                ck_assert_int_eq(js_parse(body, strlen(body), &parsed), 0);
                (void)js_set(parsed, "/cluster/tags",
                             js_pack("{'key': s, 'value': s}", "stage", "test"));
                js_set_str(parsed, "/cluster/security_group_id", "");
                js_set_str(parsed, "/cluster/node_type", "dwsk2.4xlarge.kc1");
                js_set_int(parsed, "/cluster/number_of_node", 1);
                with_tag = x_strdup(json_object_to_json_string(parsed));
                json_object_put(parsed);
                id = js_str(ask(200, with_tag, "POST /v1.0/" PROJECT "/clusters"), "/cluster/id");
        }
        one = warehouse(id);
        assert_text(one, "/tags/0/key", "stage");
        ck_assert_uint_eq(strlen(js_str(one, "/security_group_id")), 36);
        ck_assert_uint_eq(js_len(one, "/nodes"), 1);
        cloud_stop();
}
END_TEST

#define V2                                                                         \
        "\"flavor\": \"dws.m3.xlarge\", \"num_node\": 3, \"subnet_id\": \"" SUBNET \
        "\", \"vpc_id\": \"" VPC "\", \"datastore_version\": \"8.2.0\","           \
        "\"availability_zones\": [\"cn-north-4b\"]"

START_TEST(creation_v2_and_precheck) {
        struct json_object *one;

        cloud_start("empty");
        ask(200, "{\"cluster\": {" V2 "}}", "POST /v2/" PROJECT "/cluster-precheck");
        ask(200, "{\"cluster\": {" V2 ", \"db_port\": \"8001\"}}",
            "POST /v2/" PROJECT "/cluster-precheck");
        refused(400, "DWS.5060", "{\"cluster\": {" V2 ", \"db_port\": \"80\"}}",
                "POST /v2/" PROJECT "/cluster-precheck");
        refused(400, "DWS.5240",
                "{\"cluster\": {" V2 ", \"flavor\": \"3f0f4b1e-7a2a-4c52-8a5e-0c6b5b9d1f77\"}}",
                "POST /v2/" PROJECT "/cluster-precheck");
        refused(400, "DWS.5207", "{\"cluster\": {" V2 ", \"num_cn\": 5}}",
                "POST /v2/" PROJECT "/cluster-precheck");
        refused(400, "DWS.5200", "{\"cluster\": {" V2 ", \"flavor\": \"dwsk2.4xlarge.kc1\"}}",
                "POST /v2/" PROJECT "/cluster-precheck");
        ck_assert_uint_eq(js_len(ask(200, NULL, "GET /v1.0/" PROJECT "/clusters"), "/clusters"), 0);
        refused(400, "DWS.5057", "{\"cluster\": {" V2 ", \"db_password\": \"Correct-Horse-1\"}}",
                "POST /v2/" PROJECT "/clusters");
        one = ask(200,
                  "{\"cluster\": {" V2 ", \"name\": \"dws1\", \"db_port\": 8002, \"num_cn\": 2,"
                  "\"db_password\": \"Correct-Horse-1\"}}",
                  "POST /v2/" PROJECT "/clusters");
        one = warehouse(js_str(one, "/cluster/id"));
        assert_number(one, "/port", 8002);
        assert_text(one, "/availability_zone", "cn-north-4b");
        cloud_advance(12 * MINUTE);
        one = ask(200, NULL, "GET /v1.0/" PROJECT "/clusters/%s/cns", js_str(one, "/id"));
        ck_assert_uint_eq(js_len(one, "/instances"), 2);
        refused(409, "DWS.5050",
                "{\"cluster\": {" V2 ", \"name\": \"dws1\", \"db_password\": \"Correct-Horse-1\"}}",
                "POST /v2/" PROJECT "/clusters");
        cloud_stop();
}
END_TEST

START_TEST(the_quota_is_used_up) {
        _cleanup_(freep) char *first = creation("name", "\"dws-first\"");
        _cleanup_(freep) char *second = creation("name", "\"dws-second\"");
        _cleanup_(freep) char *third = creation("name", "\"dws-third\"");
        struct json_object *quotas;

        cloud_start("empty");
        ask(200, first, "POST /v1.0/" ANALYTICS "/clusters");
        ask(200, second, "POST /v1.0/" ANALYTICS "/clusters");
        refused(400, "DWS.5091", third, "POST /v1.0/" ANALYTICS "/clusters");
        quotas = ask(200, NULL, "GET /v1.0/" ANALYTICS "/quotas");
        assert_text(quotas, "/quotas/resources/0/used", "6");
        assert_text(quotas, "/quotas/resources/0/quota", "6");
        cloud_stop();
}
END_TEST

START_TEST(restart) {
        const char *id;

        cloud_start("demo");
        id = warehouse_id("dws-production");
        ask(200, "{\"restart\":{}}", "POST /v1.0/" PROJECT "/clusters/%s/restart", id);
        assert_text(warehouse(id), "/task_status", "REBOOTING");
        assert_text(warehouse(id), "/action_progress/REBOOTING", "0%");
        refused(403, "DWS.7023", "{\"restart\":{}}", "POST /v1.0/" PROJECT "/clusters/%s/restart",
                id);
        assert_text(ask(403, "{\"restart\":{}}", "POST /v1.0/" PROJECT "/clusters/%s/restart", id),
                    "/errCode", "DWS.7023");
        cloud_advance(5 * MINUTE);
        ck_assert_ptr_null(js_get(warehouse(id), "/task_status"));
        ck_assert_ptr_null(js_get(warehouse(id), "/action_progress"));
        cloud_stop();
}
END_TEST

START_TEST(passwords) {
        const char *id;

        cloud_start("demo");
        id = warehouse_id("dws-production");
        ask(200, "{\"new_password\":\"Battery-Staple-2\"}",
            "POST /v1.0/" PROJECT "/clusters/%s/reset-password", id);
        refused(400, "DWS.5199", "{\"new_password\":\"Battery-Staple-2\"}",
                "POST /v1.0/" PROJECT "/clusters/%s/reset-password", id);
        refused(400, "DWS.5144", "{\"new_password\":\"onlysmallletters\"}",
                "POST /v1.0/" PROJECT "/clusters/%s/reset-password", id);
        refused(400, "DWS.5145", "{\"new_password\":\"Dbadmin-1234567\"}",
                "POST /v1.0/" PROJECT "/clusters/%s/reset-password", id);
        cloud_stop();
}
END_TEST

START_TEST(readonly) {
        const char *id;

        cloud_start("demo");
        id = warehouse_id("dws-reporting");
        assert_text(warehouse(id), "/sub_status", "READONLY");
        ask(200, NULL, "POST /v1.0/" PROJECT "/clusters/%s/cancel-readonly", id);
        assert_text(warehouse(id), "/sub_status", "NORMAL");
        cloud_stop();
}
END_TEST

int main(void) {
        const struct unit_case cases[] = {
                { "life", life, 0 },
                { "a creation fails", a_creation_fails, 0 },
                { "creations are refused", creations_are_refused, 0 },
                { "what the contract forbids", what_the_contract_forbids, 0 },
                { "forms of creation", forms_of_creation, 0 },
                { "creation v2 and precheck", creation_v2_and_precheck, 0 },
                { "the quota is used up", the_quota_is_used_up, 0 },
                { "restart", restart, 0 },
                { "passwords", passwords, 0 },
                { "readonly", readonly, 0 },
                { 0 },
        };

        return unit_main("dws-clusters", cases);
}
