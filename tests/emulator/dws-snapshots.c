/* SPDX-License-Identifier: Apache-2.0 */
/* Snapshots in their three forms, restores, copies, what survives a deletion, and the policies. */
#include "tests/emulator/cloud.h"

#include <string.h>

#define SNAPSHOTS "/v1.0/" PROJECT "/snapshots"

static struct json_object *all_snapshots(void) {
        return js_get(ask(200, NULL, "GET " SNAPSHOTS), "/snapshots");
}

static const char *snapshot_id(const char *name) {
        return js_str(element(all_snapshots(), "/name", name), "/id");
}

static struct json_object *snapshot(const char *id) {
        return js_get(ask(200, NULL, "GET " SNAPSHOTS "/%s", id), "/snapshot");
}

/* Starts a snapshot and returns its id. */
static const char *take(const char *cluster, const char *name) {
        _cleanup_(freep) char *body = x_printf(
                "{\"snapshot\":{\"name\":\"%s\",\"cluster_id\":\"%s\",\"description\":\"d\"}}",
                name, cluster);

        return js_str(ask(200, body, "POST " SNAPSHOTS), "/snapshot/id");
}

START_TEST(life) {
        struct json_object *one, *row;
        const char *cluster, *id;

        cloud_start("demo");
        cluster = warehouse_id("dws-production");
        id = take(cluster, "by-hand");
        one = snapshot(id);
        assert_text(one, "/status", "CREATING");
        assert_text(one, "/progress", "0%");
        ck_assert_ptr_null(js_get(one, "/finished"));
        assert_text(warehouse(cluster), "/task_status", "SNAPSHOTTING");
        assert_text(warehouse(cluster), "/action_progress/SNAPSHOTTING", "0%");
        cloud_advance(2 * MINUTE);
        assert_text(snapshot(id), "/progress", "40%");
        assert_text(warehouse(cluster), "/action_progress/SNAPSHOTTING", "40%");
        refused(403, "DWS.7023", NULL, "DELETE " SNAPSHOTS "/%s", id);
        cloud_advance(2 * MINUTE);
        one = snapshot(id);
        assert_text(one, "/status", "AVAILABLE");
        assert_text(one, "/type", "MANUAL");
        assert_text(one, "/description", "d");
        assert_text(one, "/cluster_status", "AVAILABLE");
        ck_assert_str_gt(js_str(one, "/finished"), js_str(one, "/started"));
        ck_assert_ptr_null(js_get(one, "/updated"));
        ck_assert_ptr_null(js_get(warehouse(cluster), "/task_status"));
        row = element(all_snapshots(), "/id", id);
        ck_assert_int_eq(json_object_object_length(row), 9);
        ck_assert(json_object_get_double(js_get(row, "/size")) > 0);
        ck_assert_ptr_null(ask(202, NULL, "DELETE " SNAPSHOTS "/%s", id));
        refused(403, "DWS.7023", NULL, "DELETE " SNAPSHOTS "/%s", id);
        assert_text(snapshot(id), "/status", "AVAILABLE");
        cloud_advance(30 * SECOND);
        refused(400, "DWS.5149", NULL, "GET " SNAPSHOTS "/%s", id);
        ck_assert(!has_element(all_snapshots(), "/id", id));
        cloud_stop();
}
END_TEST

/* A body for the creation of a snapshot. */
static char *wanted(const char *name, const char *cluster) {
        return x_printf("{\"snapshot\":{\"name\":\"%s\",\"cluster_id\":\"%s\"}}", name, cluster);
}

START_TEST(creations_are_refused) {
        _cleanup_(freep) char *no_uuid = wanted("good-name", "x");
        _cleanup_(freep) char *unknown = wanted("good-name", UNKNOWN);
        _cleanup_(freep) char *creating = NULL, *same = NULL, *other_case = NULL, *elsewhere = NULL;
        _cleanup_(freep) char *second = NULL;

        cloud_start("demo");
        creating = wanted("good-name", warehouse_id("dws-staging"));
        same = wanted("before-upgrade-9", warehouse_id("dws-production"));
        other_case = wanted("Before-Upgrade-9", warehouse_id("dws-production"));
        elsewhere = wanted("before-upgrade-9", warehouse_id("dws-reporting"));
        second = wanted("second", warehouse_id("dws-production"));
        refused(400, "DWS.5064", no_uuid, "POST " SNAPSHOTS);
        refused(404, "DWS.0047", unknown, "POST " SNAPSHOTS);
        refused(403, "DWS.7023", creating, "POST " SNAPSHOTS);
        refused(409, "DWS.5050", same, "POST " SNAPSHOTS);
        refused(409, "DWS.5050", other_case, "POST " SNAPSHOTS);
        refused(409, "DWS.5050", elsewhere, "POST " SNAPSHOTS);
        take(warehouse_id("dws-production"), "first");
        refused(403, "DWS.7023", second, "POST " SNAPSHOTS);
        cloud_stop();
}
END_TEST

START_TEST(a_snapshot_is_not_there) {
        cloud_start("demo");
        refused(400, "DWS.5149", NULL, "GET " SNAPSHOTS "/" UNKNOWN);
        refused(400, "DWS.0001", NULL, "GET " SNAPSHOTS "/x");
        refused(400, "DWS.5149", NULL, "DELETE " SNAPSHOTS "/" UNKNOWN);
        refused(400, "DWS.5111", "{\"restore\":{\"name\":\"dws-again\"}}",
                "POST " SNAPSHOTS "/" UNKNOWN "/actions");
        refused(400, "DWS.5111", "{\"backup_name\":\"copied\"}",
                "POST " SNAPSHOTS "/" UNKNOWN "/linked-copy");
        cloud_stop();
}
END_TEST

START_TEST(the_list_of_a_cluster) {
        struct json_object *list, *row;
        const char *id;

        cloud_start("demo");
        id = warehouse_id("dws-production");
        list = ask(200, NULL, "GET /v1.0/" PROJECT "/clusters/%s/snapshots", id);
        assert_number(list, "/count", 4);
        assert_text(list, "/cluster_id", id);
        row = element(js_get(list, "/snapshots"), "/name", "automatic-20241027");
        assert_text(row, "/updated", "2024-10-27T02:40:17");
        assert_text(row, "/started", "2024-10-27T02:00:04Z");
        assert_text(row, "/backup_key", "20241027_020004");
        assert_text(row, "/bak_expected_start_time", "1729994404000");
        ck_assert_ptr_null(js_get(row, "/finished"));
        list = ask(200, NULL, "GET /v1.0/" PROJECT "/clusters/%s/snapshots?limit=3&offset=1", id);
        assert_number(list, "/count", 4);
        ck_assert_uint_eq(js_len(list, "/snapshots"), 1);
        list = ask(200, NULL, "GET /v1.0/" PROJECT "/clusters/%s/snapshots?limit=3&offset=2", id);
        ck_assert_uint_eq(js_len(list, "/snapshots"), 0);
        list = ask(200, NULL,
                   "GET /v1.0/" PROJECT "/clusters/%s/snapshots?sort_key=size&sort_dir=desc", id);
        assert_text(list, "/snapshots/0/name", "automatic-20241027");
        list = ask(200, NULL, "GET /v1.0/" PROJECT "/clusters/%s/snapshots?sort_key=name", id);
        assert_text(list, "/snapshots/0/name", "automatic-20241020");
        refused(400, "DWS.5065", NULL,
                "GET /v1.0/" PROJECT "/clusters/%s/snapshots?sort_key=colour", id);
        cloud_stop();
}
END_TEST

/* Two automatic ones of different clusters have one name, and one has no cluster any more. */
START_TEST(awkward_ones) {
        struct json_object *list, *one;
        size_t twins = 0;

        cloud_start("demo");
        list = all_snapshots();
        for (size_t i = 0; i < js_len(list, ""); i++)
                twins += str_eq(js_str(js_at(list, i), "/name"), "automatic-20241027");
        ck_assert_uint_eq(twins, 2);
        assert_text(element(list, "/name", "broken-backup"), "/status", "UNAVAILABLE");
        one = snapshot(snapshot_id("final-before-shutdown"));
        assert_text(one, "/cluster_name", "dws-legacy");
        assert_text(one, "/cluster_status", "DELETED");
        refused(404, "DWS.3027", NULL, "GET /v1.0/" PROJECT "/clusters/%s",
                js_str(one, "/cluster_id"));
        ask(202, NULL, "DELETE " SNAPSHOTS "/%s", snapshot_id("broken-backup"));
        cloud_stop();
}
END_TEST

START_TEST(restores) {
        struct json_object *list, *one;
        const char *id, *cluster, *origin;

        cloud_start("demo");
        origin = warehouse_id("dws-production");
        id = snapshot_id("before-upgrade-9");
        refused(409, "DWS.5050", "{\"restore\":{\"name\":\"dws-reporting\"}}",
                "POST " SNAPSHOTS "/%s/actions", id);
        refused(403, "DWS.7023", "{\"restore\":{\"name\":\"dws-again\"}}",
                "POST " SNAPSHOTS "/%s/actions", snapshot_id("broken-backup"));
        cluster = js_str(ask(200, "{\"restore\":{\"name\":\"dws-again\"}}",
                             "POST " SNAPSHOTS "/%s/actions", id),
                         "/cluster/id");
        one = warehouse(cluster);
        assert_text(one, "/status", "CREATING");
        assert_text(one, "/task_status", "RESTORING");
        assert_text(one, "/action_progress/RESTORING", "0%");
        assert_number(one, "/number_of_node", 6);
        list = ask(200, NULL, "GET /v1.0/" PROJECT "/clusters/%s/snapshots", origin);
        assert_text(element(js_get(list, "/snapshots"), "/id", id), "/status", "RESTORING");
        assert_text(snapshot(id), "/status", "AVAILABLE");
        refused(403, "DWS.7023", NULL, "DELETE " SNAPSHOTS "/%s", id);
        refused(403, "DWS.7023", "{\"restore\":{\"name\":\"dws-third\"}}",
                "POST " SNAPSHOTS "/%s/actions", id);
        cloud_advance(15 * MINUTE);
        assert_text(warehouse(cluster), "/status", "AVAILABLE");
        ck_assert_ptr_null(js_get(warehouse(cluster), "/task_status"));
        list = ask(200, NULL, "GET /v1.0/" PROJECT "/clusters/%s/snapshots", origin);
        assert_text(element(js_get(list, "/snapshots"), "/id", id), "/status", "AVAILABLE");
        /* Of a cluster that is gone, and to an address that does not exist. */
        id = snapshot_id("final-before-shutdown");
        refused(404, "DWS.5021", "{\"restore\":{\"name\":\"dws-old\",\"vpc_id\":\"" NIL "\"}}",
                "POST " SNAPSHOTS "/%s/actions", id);
        cluster = js_str(ask(200, "{\"restore\":{\"name\":\"dws-old\",\"port\":9000}}",
                             "POST " SNAPSHOTS "/%s/actions", id),
                         "/cluster/id");
        assert_number(warehouse(cluster), "/port", 9000);
        cloud_stop();
}
END_TEST

START_TEST(copies) {
        const char *source, *copy;

        cloud_start("demo");
        source = snapshot_id("automatic-20241020");
        refused(400, "DWS.5089", "{\"backup_name\":\"copied\"}",
                "POST " SNAPSHOTS "/%s/linked-copy", snapshot_id("before-upgrade-9"));
        refused(409, "DWS.5050", "{\"backup_name\":\"before-upgrade-9\"}",
                "POST " SNAPSHOTS "/%s/linked-copy", source);
        refused(400, "DWS.5065", "{\"backup_name\":\"1 2\"}", "POST " SNAPSHOTS "/%s/linked-copy",
                source);
        copy = js_str(ask(200, "{\"backup_name\":\"copied\",\"description\":\"kept\"}",
                          "POST " SNAPSHOTS "/%s/linked-copy", source),
                      "/snapshot_id");
        assert_text(snapshot(copy), "/status", "CREATING");
        refused(403, "DWS.7023", "{\"backup_name\":\"copied-2\"}",
                "POST " SNAPSHOTS "/%s/linked-copy", source);
        cloud_advance(3 * MINUTE);
        assert_text(snapshot(copy), "/status", "AVAILABLE");
        assert_text(snapshot(copy), "/type", "MANUAL");
        assert_text(snapshot(copy), "/description", "kept");
        ck_assert(json_object_get_double(js_get(snapshot(copy), "/size")) == 540);
        refused(400, "DWS.5089", NULL, "DELETE " SNAPSHOTS "/%s", source);
        cloud_stop();
}
END_TEST

/* The newest manual ones stay, as many as are asked for; automatic ones go. */
START_TEST(deletion_keeps) {
        const char *id;

        cloud_start("demo");
        id = warehouse_id("dws-production");
        ask(202, "{\"keep_last_manual_snapshot\":1}", "DELETE /v1.0/" PROJECT "/clusters/%s", id);
        ck_assert(has_element(all_snapshots(), "/name", "before-upgrade-9"));
        cloud_advance(4 * MINUTE);
        ck_assert(has_element(all_snapshots(), "/name", "quarter-end-2024Q3"));
        ck_assert(!has_element(all_snapshots(), "/name", "before-upgrade-9"));
        ck_assert(!has_element(all_snapshots(), "/name", "automatic-20241020"));
        assert_text(snapshot(snapshot_id("quarter-end-2024Q3")), "/cluster_status", "DELETED");
        ask(200, "{\"restore\":{\"name\":\"dws-production\"}}", "POST " SNAPSHOTS "/%s/actions",
            snapshot_id("quarter-end-2024Q3"));
        refused(400, "DWS.5060", "{\"keep_last_manual_snapshot\":-1}",
                "DELETE /v1.0/" PROJECT "/clusters/%s", warehouse_id("dws-reporting"));
        cloud_stop();
}
END_TEST

static struct json_object *policies(const char *cluster) {
        return ask(200, NULL, "GET /v2/" PROJECT "/clusters/%s/snapshot-policies", cluster);
}

START_TEST(policies_are_a_set) {
        _cleanup_(freep) char *body = NULL, *changed = NULL, *increment = NULL;
        struct json_object *all;
        const char *id;

        cloud_start("demo");
        id = warehouse_id("dws-production");
        all = policies(id);
        ck_assert_uint_eq(js_len(all, "/backup_strategies"), 2);
        assert_number(all, "/keep_day", 3);
        assert_text(all, "/device_name", "OBS");
        ck_assert(js_bool(all, "/auto_backup", false));
        assert_text(all, "/backup_strategies/0/update_time", "2024-03-18T06:30:00");
        ck_assert_uint_eq(strlen(js_str(all, "/backup_strategies/0/next_fire_time")), 13);
        /* One stays as it is, one is changed, one is new. */
        increment = x_strdup(js_str(all, "/backup_strategies/1/policy_id"));
        body = x_printf("{\"keep_day\":7,\"backup_strategies\":[{\"policy_id\":\"%s\"},"
                        "{\"policy_id\":\"%s\",\"backup_strategy\":\"0 30 1 ? * SUN\"},"
                        "{\"policy_name\":\"nightly\",\"backup_strategy\":\"0 0 3 ? * *\"}]}",
                        increment, js_str(all, "/backup_strategies/0/policy_id"));
        ask(200, body, "PUT /v2/" PROJECT "/clusters/%s/snapshot-policies", id);
        all = policies(id);
        assert_number(all, "/keep_day", 7);
        ck_assert_uint_eq(js_len(all, "/backup_strategies"), 3);
        assert_text(all, "/backup_strategies/0/policy_id", increment);
        assert_text(all, "/backup_strategies/0/update_time", "2024-03-18T06:30:00");
        assert_text(all, "/backup_strategies/1/backup_strategy", "0 30 1 ? * SUN");
        ck_assert_str_ne(js_str(all, "/backup_strategies/1/update_time"), "2024-03-18T06:30:00");
        assert_text(all, "/backup_strategies/2/policy_name", "nightly");
        assert_text(all, "/backup_strategies/2/backup_type", "full");
        /* What is left out is gone; what is not said of the settings stays. */
        changed = x_printf("{\"backup_strategies\":[{\"policy_id\":\"%s\"}]}", increment);
        ask(200, changed, "PUT /v2/" PROJECT "/clusters/%s/snapshot-policies", id);
        ck_assert_uint_eq(js_len(policies(id), "/backup_strategies"), 1);
        assert_number(policies(id), "/keep_day", 7);
        ask(200, "{\"keep_day\":9}", "PUT /v2/" PROJECT "/clusters/%s/snapshot-policies", id);
        ck_assert_uint_eq(js_len(policies(id), "/backup_strategies"), 1);
        ck_assert_ptr_null(ask(200, NULL,
                               "DELETE /v1.0/" PROJECT "/clusters/%s/snapshot-policies/%s", id,
                               increment));
        ck_assert_uint_eq(js_len(policies(id), "/backup_strategies"), 0);
        refused(400, "DWS.0001", NULL, "DELETE /v1.0/" PROJECT "/clusters/%s/snapshot-policies/%s",
                id, increment);
        cloud_stop();
}
END_TEST

START_TEST(policies_are_refused) {
        static const struct {
                const char *body;
                int status;
                const char *code;
        } rows[] = {
                { "{\"backup_strategies\":[{\"policy_id\":\"" UNKNOWN "\"}]}", 400, "DWS.0001" },
                { "{\"backup_strategies\":[{\"policy_name\":\"only-a-name\"}]}", 400, "DWS.5065" },
                { "{\"backup_strategies\":[{\"policy_name\":\"test\",\"backup_strategy\":\"daily\"}"
                  "]}",
                  400, "DWS.5018" },
                { "{\"backup_strategies\":[{\"policy_name\":\"test\",\"backup_strategy\":"
                  "\"0 0 25 ? * *\"}]}",
                  400, "DWS.5018" },
                { "{\"backup_strategies\":[{\"policy_name\":\"test\",\"backup_strategy\":"
                  "\"0 0 0 31 2 ?\"}]}",
                  400, "DWS.5018" },
                { "{\"backup_strategies\":[{\"policy_name\":\"test\",\"backup_strategy\":"
                  "\"0 0 3 ? * *\"},{\"policy_name\":\"TEST\",\"backup_strategy\":"
                  "\"0 0 4 ? * *\"}]}",
                  409, "DWS.5050" },
                { "{\"device_name\":\"NFS\"}", 400, "DWS.5065" },
                { "{\"device_name\":\"NBU\",\"server_ips\":[\"10.0.0.1\"]}", 400, "DWS.5065" },
        };
        const char *id;

        cloud_start("demo");
        id = warehouse_id("dws-production");
        for (size_t i = 0; i < ELEMENTSOF(rows); i++)
                refused(rows[i].status, rows[i].code, rows[i].body,
                        "PUT /v2/" PROJECT "/clusters/%s/snapshot-policies", id);
        ck_assert_uint_eq(js_len(policies(id), "/backup_strategies"), 2);
        ask(200, "{\"device_name\":\"NFS\",\"server_ips\":[\"10.0.0.1\"]}",
            "PUT /v2/" PROJECT "/clusters/%s/snapshot-policies", id);
        assert_text(policies(id), "/server_ips/0", "10.0.0.1");
        ask(200, "{\"device_name\":\"OBS\"}", "PUT /v2/" PROJECT "/clusters/%s/snapshot-policies",
            id);
        ck_assert_ptr_null(js_get(policies(id), "/server_ips"));
        cloud_stop();
}
END_TEST

int main(void) {
        const struct unit_case cases[] = {
                { "life", life, 0 },
                { "creations are refused", creations_are_refused, 0 },
                { "a snapshot is not there", a_snapshot_is_not_there, 0 },
                { "the list of a cluster", the_list_of_a_cluster, 0 },
                { "awkward ones", awkward_ones, 0 },
                { "restores", restores, 0 },
                { "copies", copies, 0 },
                { "deletion keeps", deletion_keeps, 0 },
                { "policies are a set", policies_are_a_set, 0 },
                { "policies are refused", policies_are_refused, 0 },
                { 0 },
        };

        return unit_main("dws-snapshots", cases);
}
