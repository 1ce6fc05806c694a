/* SPDX-License-Identifier: Apache-2.0 */
/* What hangs on a warehouse: tags, parameters, external data sources, audit records. */
#include "tests/emulator/cloud.h"

#include <string.h>

#define CLUSTER "/v1.0/" PROJECT "/clusters/%s"

static struct json_object *tags(const char *id) {
        return js_get(ask(200, NULL, "GET " CLUSTER "/tags", id), "/tags");
}

START_TEST(tags_come_and_go) {
        const char *id;

        cloud_start("demo");
        id = warehouse_id("dws-reporting");
        ck_assert_uint_eq(js_len(tags(id), ""), 1);
        ck_assert_ptr_null(ask(200,
                               "{\"tags\":[{\"key\":\"a\",\"value\":\"1\"},"
                               "{\"key\":\"b\",\"value\":\"\"}]}",
                               "POST " CLUSTER "/tags/batch-create", id));
        ck_assert_uint_eq(js_len(tags(id), ""), 3);
        ck_assert_uint_eq(js_len(warehouse(id), "/tags"), 3);
        ask(200, "{\"tags\":[{\"key\":\"a\",\"value\":\"1\"}]}",
            "POST " CLUSTER "/tags/batch-create", id);
        refused(400, "DWS.5197",
                "{\"tags\":[{\"key\":\"c\",\"value\":\"1\"},{\"key\":\"a\",\"value\":\"2\"}]}",
                "POST " CLUSTER "/tags/batch-create", id);
        ck_assert(!has_element(tags(id), "/key", "c"));
        refused(400, "DWS.5197", "{\"tags\":[{\"key\":\"x=y\",\"value\":\"1\"}]}",
                "POST " CLUSTER "/tags/batch-create", id);
        refused(400, "DWS.5191", "{\"tags\":[{\"key\":\"a\",\"value\":\"2\"}]}",
                "POST " CLUSTER "/tags/batch-delete", id);
        refused(400, "DWS.5191",
                "{\"tags\":[{\"key\":\"a\",\"value\":\"1\"},{\"key\":\"z\",\"value\":\"\"}]}",
                "POST " CLUSTER "/tags/batch-delete", id);
        ck_assert_uint_eq(js_len(tags(id), ""), 3);
        ask(200,
            "{\"tags\":[{\"key\":\"a\",\"value\":\"1\"},{\"key\":\"b\",\"value\":\"\"},"
            "{\"key\":\"environment\",\"value\":\"production\"}]}",
            "POST " CLUSTER "/tags/batch-delete", id);
        ck_assert_uint_eq(js_len(tags(id), ""), 0);
        ck_assert_ptr_null(js_get(warehouse(id), "/tags"));
        cloud_stop();
}
END_TEST

START_TEST(too_many_tags) {
        struct json_object *body = js_pack("{'tags': []}");
        const char *id;

        cloud_start("demo");
        id = warehouse_id("dws-reporting");
        for (int i = 0; i < 20; i++) {
                _cleanup_(freep) char *key = x_printf("key-%d", i);

                (void)js_set(body, "/tags/-", js_pack("{'key': s, 'value': s}", key, ""));
        }
        refused(400, "DWS.5194", json_object_to_json_string(body),
                "POST " CLUSTER "/tags/batch-create", id);
        js_remove(body, "/tags/19");
        ask(200, json_object_to_json_string(body), "POST " CLUSTER "/tags/batch-create", id);
        ck_assert_uint_eq(js_len(tags(id), ""), 20);
        json_object_put(body);
        cloud_stop();
}
END_TEST

static struct json_object *template_row(const char *cluster, const char *type) {
        struct json_object *list = ask(200, NULL, "GET " CLUSTER "/configurations", cluster);

        ck_assert_uint_eq(js_len(list, "/configurations"), 5);
        return element(js_get(list, "/configurations"), "/type", type);
}

static struct json_object *parameter(const char *cluster, const char *configuration,
                                     const char *name) {
        struct json_object *list =
                ask(200, NULL, "GET " CLUSTER "/configurations/%s", cluster, configuration);

        return element(js_get(list, "/configurations"), "/name", name);
}

#define CHANGE(node, name, value)                                                              \
        "{\"configurations\":[{\"type\":\"" node "\",\"name\":\"" name "\",\"value\":\"" value \
        "\"}]}"

START_TEST(parameters_change) {
        struct json_object *row, *one;
        const char *cluster, *id;

        cloud_start("demo");
        cluster = warehouse_id("dws-production");
        row = template_row(cluster, "parameterGroup");
        id = js_str(row, "/id");
        assert_text(row, "/name", "Default-Parameter-Template-DWS-8_2_0");
        assert_text(row, "/status", "In-Sync");
        assert_text(row, "/fail_reason", "null");
        assert_text(warehouse(cluster), "/parameter_group/id", id);
        one = parameter(cluster, id, "session_timeout");
        assert_text(one, "/values/0/type", "cn");
        assert_text(one, "/values/0/value", "600");
        assert_text(one, "/unit", "s");
        ck_assert_ptr_null(ask(200, CHANGE("cn", "session_timeout", "900"),
                               "PUT /v2/" PROJECT "/clusters/%s/configurations/%s", cluster, id));
        assert_text(template_row(cluster, "parameterGroup"), "/status", "Applying");
        assert_text(warehouse(cluster), "/parameter_group/status", "Applying");
        assert_text(warehouse(cluster), "/task_status", "SETTING_CONFIGURATION");
        refused(403, "DWS.7023", CHANGE("cn", "session_timeout", "901"),
                "PUT /v2/" PROJECT "/clusters/%s/configurations/%s", cluster, id);
        cloud_advance(30 * SECOND);
        assert_text(template_row(cluster, "parameterGroup"), "/status", "In-Sync");
        one = parameter(cluster, id, "session_timeout");
        assert_text(one, "/values/0/value", "900");
        assert_text(one, "/values/0/default_value", "600");
        assert_text(one, "/values/1/value", "600");
        cloud_stop();
}
END_TEST

/* One that needs a restart waits for it, also through another change. */
START_TEST(parameters_wait_for_a_restart) {
        const char *cluster, *id;

        cloud_start("demo");
        cluster = warehouse_id("dws-production");
        id = js_str(template_row(cluster, "parameterGroup"), "/id");
        ask(200, CHANGE("dn", "max_connections", "6000"),
            "PUT /v2/" PROJECT "/clusters/%s/configurations/%s", cluster, id);
        cloud_advance(30 * SECOND);
        assert_text(template_row(cluster, "parameterGroup"), "/status", "Pending-Reboot");
        assert_text(warehouse(cluster), "/parameter_group/status", "Pending-Reboot");
        ask(200, CHANGE("dn", "autovacuum", "off"),
            "PUT /v2/" PROJECT "/clusters/%s/configurations/%s", cluster, id);
        cloud_advance(30 * SECOND);
        assert_text(template_row(cluster, "parameterGroup"), "/status", "Pending-Reboot");
        ask(200, "{\"restart\":{}}", "POST " CLUSTER "/restart", cluster);
        cloud_advance(5 * MINUTE);
        assert_text(template_row(cluster, "parameterGroup"), "/status", "In-Sync");
        cloud_stop();
}
END_TEST

START_TEST(parameters_fail_and_are_refused) {
        struct json_object *one;
        const char *cluster, *id;

        cloud_start("demo");
        cluster = warehouse_id("dws-production");
        id = js_str(template_row(cluster, "parameterGroup"), "/id");
        ask(200, CHANGE("dn", "max_process_memory", "2147483647"),
            "PUT /v2/" PROJECT "/clusters/%s/configurations/%s", cluster, id);
        cloud_advance(30 * SECOND);
        one = template_row(cluster, "parameterGroup");
        assert_text(one, "/status", "Sync-Failure");
        ck_assert_str_ne(js_str(one, "/fail_reason"), "null");
        assert_text(parameter(cluster, id, "max_process_memory"), "/values/0/value", "12582912");
        refused(400, "DWS.5037", CHANGE("cn", "no_such_parameter", "1"),
                "PUT /v2/" PROJECT "/clusters/%s/configurations/%s", cluster, id);
        refused(400, "DWS.5037", CHANGE("dn", "enable_resource_track", "on"),
                "PUT /v2/" PROJECT "/clusters/%s/configurations/%s", cluster, id);
        refused(400, "DWS.5038", CHANGE("cn", "session_timeout", "86401"),
                "PUT /v2/" PROJECT "/clusters/%s/configurations/%s", cluster, id);
        refused(400, "DWS.5038", CHANGE("cn", "session_timeout", "1.5"),
                "PUT /v2/" PROJECT "/clusters/%s/configurations/%s", cluster, id);
        refused(400, "DWS.5038", CHANGE("cn", "autovacuum", "maybe"),
                "PUT /v2/" PROJECT "/clusters/%s/configurations/%s", cluster, id);
        refused(400, "DWS.5038", CHANGE("cn", "server_version", "10"),
                "PUT /v2/" PROJECT "/clusters/%s/configurations/%s", cluster, id);
        refused(400, "DWS.5039",
                "{\"configurations\":[{\"type\":\"cn\",\"name\":\"autovacuum\",\"value\":\"on\"},"
                "{\"type\":\"cn\",\"name\":\"autovacuum\",\"value\":\"off\"}]}",
                "PUT /v2/" PROJECT "/clusters/%s/configurations/%s", cluster, id);
        refused(400, "DWS.5054", NULL, "GET " CLUSTER "/configurations/" UNKNOWN, cluster);
        refused(400, "DWS.5054", CHANGE("cn", "autovacuum", "on"),
                "PUT /v2/" PROJECT "/clusters/%s/configurations/" UNKNOWN, cluster);
        ask(200, CHANGE("cn", "autovacuum_vacuum_scale_factor", "0.05"),
            "PUT /v2/" PROJECT "/clusters/%s/configurations/%s", cluster, id);
        cloud_stop();
}
END_TEST

static struct json_object *sources(const char *id) {
        return js_get(ask(200, NULL, "GET " CLUSTER "/ext-data-sources", id), "/data_sources");
}

START_TEST(data_sources) {
        struct json_object *answer, *one;
        const char *cluster, *id;

        cloud_start("demo");
        cluster = warehouse_id("dws-production");
        ck_assert_uint_eq(js_len(sources(cluster), ""), 3);
        assert_text(js_at(sources(cluster), 0), "/name", "lake");
        assert_text(js_at(sources(cluster), 1), "/name", "lake");
        assert_text(js_at(sources(cluster), 0), "/created", "2024-04-02T07:38:33");
        answer = ask(200,
                     "{\"type\":\"OBS\",\"data_source_name\":\"lake\",\"user_name\":"
                     "\"DWSAccessOBS\",\"connect_info\":\"gaussdb\",\"reboot\":true}",
                     "POST " CLUSTER "/ext-data-sources", cluster);
        id = js_str(answer, "/id");
        ck_assert_uint_eq(strlen(js_str(answer, "/job_id")), 32);
        assert_text(warehouse(cluster), "/task_status", "CONFIGURING_EXT_DATASOURCE");
        assert_text(element(sources(cluster), "/id", id), "/configure_status", "100");
        cloud_advance(3 * MINUTE);
        assert_text(element(sources(cluster), "/id", id), "/configure_status", "300");
        assert_text(warehouse(cluster), "/task_status", "REBOOTING");
        cloud_advance(5 * MINUTE);
        answer = ask(200, "{\"reconfigure\":{\"agency\":\"Other\",\"reboot\":false}}",
                     "PUT " CLUSTER "/ext-data-sources/%s", cluster, id);
        assert_text(answer, "/data_source_id", id);
        cloud_advance(3 * MINUTE);
        one = element(sources(cluster), "/id", id);
        assert_text(one, "/user_name", "Other");
        ck_assert_str_gt(js_str(one, "/updated"), js_str(one, "/created"));
        ask(200, NULL, "DELETE " CLUSTER "/ext-data-sources/%s", cluster, id);
        assert_text(warehouse(cluster), "/task_status", "DELETING_EXT_DATASOURCE");
        ck_assert_ptr_null(js_get(warehouse(cluster), "/action_progress"));
        ck_assert(has_element(sources(cluster), "/id", id));
        cloud_advance(MINUTE);
        ck_assert(!has_element(sources(cluster), "/id", id));
        cloud_stop();
}
END_TEST

START_TEST(data_sources_are_refused) {
        struct json_object *answer, *mrs;
        const char *cluster;

        cloud_start("demo");
        cluster = warehouse_id("dws-production");
        mrs = element(sources(cluster), "/type", "MRS");
        refused(400, "DWS.5065",
                "{\"type\":\"OBS\",\"data_source_name\":\"a\",\"user_name\":\"agency\"}",
                "POST " CLUSTER "/ext-data-sources", cluster);
        refused(400, "DWS.5065",
                "{\"type\":\"MRS\",\"data_source_name\":\"a\",\"user_name\":\"user\"}",
                "POST " CLUSTER "/ext-data-sources", cluster);
        refused(400, "DWS.5089",
                "{\"type\":\"FTP\",\"data_source_name\":\"a\",\"user_name\":\"user\"}",
                "POST " CLUSTER "/ext-data-sources", cluster);
        refused(400, "DWS.5089", "{\"reconfigure\":{\"agency\":\"Other\"}}",
                "PUT " CLUSTER "/ext-data-sources/%s", cluster, js_str(mrs, "/id"));
        refused(400, "DWS.0001", "{\"reconfigure\":{}}",
                "PUT " CLUSTER "/ext-data-sources/" UNKNOWN, cluster);
        refused(400, "DWS.0001", NULL, "DELETE " CLUSTER "/ext-data-sources/" UNKNOWN, cluster);
        answer = ask(200,
                     "{\"type\":\"MRS\",\"data_source_name\":\"gone\",\"user_name\":\"user\","
                     "\"user_pwd\":\"Secret-12\",\"data_source_id\":\"" NIL "\"}",
                     "POST " CLUSTER "/ext-data-sources", cluster);
        cloud_advance(3 * MINUTE);
        answer = element(sources(cluster), "/id", js_str(answer, "/id"));
        assert_text(answer, "/fail_reason", "The MRS cluster does not exist.");
        ck_assert_ptr_null(js_get(answer, "/user_pwd"));
        cloud_stop();
}
END_TEST

START_TEST(audit_records) {
        struct json_object *list;

        cloud_start("demo");
        list = ask(200, NULL, "GET " CLUSTER "/audit-log-records", warehouse_id("dws-production"));
        assert_number(list, "/count", 2);
        assert_text(list, "/records/0/executor_time", "2024-10-27T00:00:00");
        list = ask(200, NULL, "GET " CLUSTER "/audit-log-records", warehouse_id("dws-staging"));
        assert_number(list, "/count", 0);
        cloud_stop();
}
END_TEST

int main(void) {
        const struct unit_case cases[] = {
                { "tags come and go", tags_come_and_go, 0 },
                { "too many tags", too_many_tags, 0 },
                { "parameters change", parameters_change, 0 },
                { "parameters wait for a restart", parameters_wait_for_a_restart, 0 },
                { "parameters fail and are refused", parameters_fail_and_are_refused, 0 },
                { "data sources", data_sources, 0 },
                { "data sources are refused", data_sources_are_refused, 0 },
                { "audit records", audit_records, 0 },
                { 0 },
        };

        return unit_main("dws-parts", cases);
}
