/* SPDX-License-Identifier: Apache-2.0 */
/* Changes of DWS: the requests that go out, and what is refused before. */
#include <check.h>

#include "base/text.h"
#include "tests/unit/backends/changing.h"
#include "tests/unit/unit.h"

#define D  "cn-north-4/dws"
#define C  D "/clusters/shop"
#define V1 "/v1.0/p1/clusters/c1"
#define V2 "/v2/p1/clusters/c1"

static const char clusters[] = "{\"clusters\":[{\"id\":\"c1\",\"name\":\"shop\",\"status\":"
                               "\"AVAILABLE\"}]}";
static const char cluster[] =
        "{\"cluster\":{\"id\":\"c1\",\"name\":\"shop\",\"status\":\"AVAILABLE\",\"public_ip\":"
        "{\"eip_id\":\"e1\"},\"elb\":{\"id\":\"l1\"}}}";
static const char free_cluster[] = "{\"cluster\":{\"id\":\"c1\",\"name\":\"shop\"}}";
static const char snapshots[] =
        "{\"snapshots\":[{\"id\":\"s1\",\"name\":\"daily\",\"cluster_id\":\"c1\",\"type\":"
        "\"MANUAL\"},{\"id\":\"s2\",\"name\":\"auto1\",\"cluster_id\":\"c1\",\"type\":\"AUTO\"},"
        "{\"id\":\"s3\",\"name\":\"weekly\",\"cluster_id\":\"c1\",\"type\":\"MANUAL\"},"
        "{\"id\":\"s4\",\"name\":\"other\",\"cluster_id\":\"gone\",\"type\":\"MANUAL\"}]}";
static const char elbs[] = "{\"elbs\":[{\"id\":\"l1\",\"name\":\"lb1\"},{\"id\":\"l2\",\"name\":"
                           "\"lb2\"}]}";
static const char tags[] = "{\"tags\":[{\"key\":\"a\",\"value\":\"1\"},{\"key\":\"b\",\"value\":"
                           "\"2\"},{\"key\":\"c\",\"value\":\"3\"}]}";
static const char policies[] =
        "{\"keep_day\":3,\"device_name\":\"OBS\",\"server_ips\":null,\"server_port\":null,"
        "\"backup_param\":null,\"auto_backup\":true,\"backup_strategies\":[{\"policy_id\":\"1\","
        "\"policy_name\":\"full\",\"backup_strategy\":\"0 0 2 ? * 1\",\"backup_type\":\"full\","
        "\"backup_level\":\"cluster\",\"next_fire_time\":\"1747533600000\",\"update_time\":"
        "\"2025-05-11T10:06:16\",\"time_zone_offset\":0},{\"policy_id\":\"2\",\"policy_name\":"
        "\"more\",\"backup_strategy\":\"0 7 2/8 ? * 2\",\"backup_type\":\"increment\","
        "\"backup_level\":\"cluster\"}]}";

#define SENT_FULL                                                                            \
        "{\"policy_id\":\"1\",\"policy_name\":\"full\",\"backup_strategy\":\"0 0 2 ? * 1\"," \
        "\"backup_type\":\"full\",\"backup_level\":\"cluster\"}"
#define SENT_MORE                                                                              \
        "{\"policy_id\":\"2\",\"policy_name\":\"more\",\"backup_strategy\":\"0 7 2/8 ? * 2\"," \
        "\"backup_type\":\"increment\",\"backup_level\":\"cluster\"}"

static void begin(void) {
        changing_begin(&changing_account);
        changing_answer("listClusters", clusters);
        changing_answer("showCluster", cluster);
        changing_answer("listSnapshots", snapshots);
        changing_answer("listClusterElbs", elbs);
        changing_answer("listClusterTags", tags);
        changing_answer("showSnapshotPolicies", policies);
}

START_TEST(tags_change_in_the_order_that_loses_none) {
        begin();
        ck_assert_int_eq(
                changing_save(C "/tags.json", NULL, "{\"a\":\"1\",\"b\":\"x\",\"d\":\"4\"}"), 0);
        changing_sent("POST", V1 "/tags/batch-create",
                      "{\"tags\":[{\"key\":\"d\",\"value\":\"4\"}]}");
        changing_sent("POST", V1 "/tags/batch-delete",
                      "{\"tags\":[{\"key\":\"c\",\"value\":\"3\"}]}");
        changing_sent("POST", V1 "/tags/batch-delete",
                      "{\"tags\":[{\"key\":\"b\",\"value\":\"2\"}]}");
        changing_sent("POST", V1 "/tags/batch-create",
                      "{\"tags\":[{\"key\":\"b\",\"value\":\"x\"}]}");
        ck_assert_int_eq(changing_save(C "/tags.json", NULL, "{\"a\":1}"), -EINVAL);
        ck_assert_int_eq(changing_save(C "/tags.json", NULL, "[]"), -EINVAL);
        changing_nothing();
        changing_end();
}
END_TEST

START_TEST(only_changed_parameters_are_sent) {
        static const char groups[] = "{\"configurations\":[{\"id\":\"g1\",\"name\":\"x\",\"type\":"
                                     "\"main\",\"status\":\"In-Sync\"}]}";
        static const char parameters[] =
                "{\"configurations\":[{\"name\":\"timeout\",\"readonly\":false,\"values\":["
                "{\"type\":\"cn\",\"value\":\"1\"},{\"type\":\"dn\",\"value\":\"2\"}]},{\"name\":"
                "\"fixed\",\"readonly\":true,\"values\":[{\"type\":\"cn\",\"value\":\"1\"}]}]}";

        begin();
        changing_answer("listClusterConfigurations", groups);
        changing_answer("showClusterConfiguration", parameters);
        ck_assert_int_eq(changing_save(C "/parameters/main.json", NULL,
                                       "{\"timeout\":{\"cn\":\"1\",\"dn\":30},\"fixed\":{\"cn\":"
                                       "\"1\"}}"),
                         0);
        changing_sent("PUT", V2 "/configurations/g1",
                      "{\"configurations\":[{\"type\":\"dn\",\"name\":\"timeout\",\"value\":"
                      "\"30\"}]}");
        ck_assert_int_eq(changing_save(C "/parameters/main.json", NULL,
                                       "{\"timeout\":{\"cn\":\"1\",\"dn\":\"2\"},\"fixed\":{\"cn\":"
                                       "\"2\"}}"),
                         -EINVAL);
        ck_assert(strstr(changing_reason(), "fixed"));
        ck_assert_int_eq(changing_save(C "/parameters/main.json", NULL,
                                       "{\"timeout\":{\"cn\":\"1\"},\"fixed\":{\"cn\":\"1\"}}"),
                         -EINVAL);
        ck_assert_int_eq(changing_save(C "/parameters/main.json", NULL,
                                       "{\"timeout\":{\"cn\":\"1\",\"dn\":\"2\"},\"fixed\":{\"cn\":"
                                       "\"1\"},\"new\":{\"cn\":\"1\"}}"),
                         -EINVAL);
        ck_assert_int_eq(changing_save(C "/parameters/main.json", NULL,
                                       "{\"timeout\":{\"cn\":\"1\",\"dn\":\"2\"}}"),
                         -EINVAL);
        changing_nothing();
        changing_end();
}
END_TEST

START_TEST(snapshot_policies_always_go_out_as_a_whole) {
        begin();
        ck_assert_int_eq(
                changing_save(C "/snapshot-settings.json", NULL,
                              "{\"keep_day\":7,\"device_name\":\"OBS\",\"server_ips\":null,"
                              "\"server_port\":null,\"backup_param\":null,\"auto_backup\":"
                              "true}"),
                0);
        changing_sent("PUT", V2 "/snapshot-policies",
                      "{\"keep_day\":7,\"device_name\":\"OBS\",\"backup_strategies\":[" SENT_FULL
                      "," SENT_MORE "]}");
        ck_assert_int_eq(changing_save(C "/snapshot-policies/full.json", NULL,
                                       "{\"policy_id\":\"1\",\"policy_name\":\"full\","
                                       "\"backup_strategy\":\"0 0 3 ? * 1\",\"backup_type\":"
                                       "\"full\",\"backup_level\":\"cluster\",\"update_time\":"
                                       "\"2025-05-11T10:06:16\",\"time_zone_offset\":0}"),
                         0);
        changing_sent(
                "PUT", V2 "/snapshot-policies",
                "{\"keep_day\":3,\"device_name\":\"OBS\",\"backup_strategies\":[{"
                "\"policy_id\":\"1\",\"policy_name\":\"full\",\"backup_strategy\":"
                "\"0 0 3 ? * 1\",\"backup_type\":\"full\",\"backup_level\":\"cluster\"}," SENT_MORE
                "]}");
        ck_assert_int_eq(changing_create(C "/snapshot-policies", "hourly.json",
                                         "{\"policy_id\":\"9\",\"backup_strategy\":\"0 0 * ? * *\","
                                         "\"backup_type\":\"increment\"}"),
                         0);
        changing_sent("PUT", V2 "/snapshot-policies",
                      "{\"keep_day\":3,\"device_name\":\"OBS\",\"backup_strategies\":[" SENT_FULL
                      "," SENT_MORE ",{\"policy_name\":\"hourly\",\"backup_strategy\":"
                      "\"0 0 * ? * *\",\"backup_type\":\"increment\"}]}");
        ck_assert_int_eq(changing_create(C "/snapshot-policies", "x.json", "{}"), -EINVAL);
        ck_assert_int_eq(changing_remove(C "/snapshot-policies/more.json"), 0);
        changing_sent("DELETE", V1 "/snapshot-policies/2", NULL);
        changing_nothing();
        changing_end();
}
END_TEST

START_TEST(workload_and_queues) {
        static const char queues[] = "{\"workload_res_code\":0,\"workload_queue_name_list\":"
                                     "[\"night\"]}";

        begin();
        changing_answer("listWorkloadQueues", queues);
        ck_assert_int_eq(changing_save(C "/workload.json", NULL,
                                       "{\"workload_switch\":\"off\",\"max_concurrency_num\":60}"),
                         0);
        changing_sent("POST", V2 "/workload",
                      "{\"workload_status\":{\"workload_switch\":\"off\",\"max_concurrency_num\":"
                      "60}}");
        ck_assert_int_eq(changing_create(C "/queues", "day.json",
                                         "{\"workload_resource_item_list\":[{\"resource_name\":"
                                         "\"memory\",\"resource_value\":10}]}"),
                         0);
        changing_sent("PUT", V2 "/workload/queues",
                      "{\"workload_queue\":{\"workload_queue_name\":\"day\","
                      "\"workload_resource_item_list\":[{\"resource_name\":\"memory\","
                      "\"resource_value\":10}]}}");
        ck_assert_int_eq(changing_save(C "/queues/night.json", NULL, "{}"), -EPERM);
        ck_assert_int_eq(changing_remove(C "/queues/night.json"), 0);
        changing_sent("DELETE", V2 "/workload/queues?workload_queue_name=night", NULL);
        changing_nothing();
        changing_end();
}
END_TEST

START_TEST(snapshots_come_and_go) {
        begin();
        ck_assert_int_eq(changing_create(C "/snapshots", "before-update", NULL), 0);
        changing_sent("POST", "/v1.0/p1/snapshots",
                      "{\"snapshot\":{\"name\":\"before-update\",\"cluster_id\":\"c1\"}}");
        ck_assert_int_eq(changing_create(C "/snapshots", "DAILY", NULL), -EEXIST);
        ck_assert_int_eq(changing_create(C "/snapshots", "x", NULL), -EINVAL);
        ck_assert(strstr(changing_reason(), "4 to 64"));
        ck_assert_int_eq(changing_create(D "/snapshots", "elsewhere", NULL), -EPERM);
        changing_answer("showSnapshot", "{\"snapshot\":{\"id\":\"s1\",\"type\":\"MANUAL\"}}");
        ck_assert_int_eq(changing_remove(C "/snapshots/daily"), 0);
        changing_sent("DELETE", "/v1.0/p1/snapshots/s1", NULL);
        ck_assert_int_eq(
                changing_act(C "/snapshots/daily/actions/copy", "{\"backup_name\":\"copy\"}"),
                -EPERM);
        changing_answer("showSnapshot", "{\"snapshot\":{\"id\":\"s2\",\"type\":\"AUTO\"}}");
        ck_assert_int_eq(changing_remove(C "/snapshots/auto1"), -EPERM);
        ck_assert(strstr(changing_reason(), "automatic"));
        ck_assert_int_eq(
                changing_act(C "/snapshots/auto1/actions/copy", "{\"backup_name\":\"copy\"}"), 0);
        changing_sent("POST", "/v1.0/p1/snapshots/s2/linked-copy", "{\"backup_name\":\"copy\"}");
        changing_reply("{\"cluster\":{\"id\":\"c9\"}}");
        ck_assert_int_eq(changing_act(C "/snapshots/auto1/actions/restore", "{\"name\":\"back\"}"),
                         0);
        changing_sent("POST", "/v1.0/p1/snapshots/s2/actions", "{\"restore\":{\"name\":\"back\"}}");
        ck_assert_str_eq(changing_result()->answer, "{\"cluster\":{\"id\":\"c9\"}}");
        ck_assert_int_eq(changing_act(C "/snapshots/actions/create",
                                      "{\"name\":\"noted\",\"description\":\"why\"}"),
                         0);
        changing_sent("POST", "/v1.0/p1/snapshots",
                      "{\"snapshot\":{\"name\":\"noted\",\"cluster_id\":\"c1\",\"description\":"
                      "\"why\"}}");
        changing_nothing();
        changing_end();
}
END_TEST

START_TEST(a_cluster_is_ordered_from_a_draft) {
        static const struct change_secret secrets[] = { { "user_pwd", "S3cret-S3cret" },
                                                        { "db_password", "T0psecret" } };
        _cleanup_(freep) char *draft = NULL;

        begin();
        draft = changing_draft(D "/clusters", "dws-2");
        ck_assert(strstr(draft, "node_type") && !strstr(draft, "pwd"));
        ck_assert_int_eq(changing_create_with(D "/clusters", "dws-2", draft, secrets, 2), -EINVAL);
        ck_assert_int_eq(changing_create_with(D "/clusters", "dws-2",
                                              "{\"node_type\":\"t\",\"number_of_node\":3,"
                                              "\"vpc_id\":\"v\",\"subnet_id\":\"s\","
                                              "\"security_group_id\":\"g\",\"user_name\":\"u\"}",
                                              secrets, 2),
                         0);
        changing_sent("POST", "/v1.0/p1/clusters",
                      "{\"cluster\":{\"name\":\"dws-2\",\"node_type\":\"t\",\"number_of_node\":3,"
                      "\"vpc_id\":\"v\",\"subnet_id\":\"s\",\"security_group_id\":\"g\","
                      "\"user_name\":\"u\",\"user_pwd\":\"S3cret-S3cret\"}}");
        changing_told("{\"cluster\":{\"name\":\"dws-2\",\"node_type\":\"t\",\"number_of_node\":3,"
                      "\"vpc_id\":\"v\",\"subnet_id\":\"s\",\"security_group_id\":\"g\","
                      "\"user_name\":\"u\",\"user_pwd\":\"<write-only: enter again>\"}}");
        ck_assert_int_eq(changing_create_with(D "/clusters", "dws-3",
                                              "{\"flavor\":\"f\",\"num_node\":3,\"vpc_id\":\"v\","
                                              "\"subnet_id\":\"s\",\"datastore_version\":\"8\"}",
                                              secrets, 2),
                         0);
        changing_sent("POST", "/v2/p1/clusters",
                      "{\"cluster\":{\"name\":\"dws-3\",\"flavor\":\"f\",\"num_node\":3,\"vpc_id\":"
                      "\"v\",\"subnet_id\":\"s\",\"datastore_version\":\"8\",\"db_password\":"
                      "\"T0psecret\"}}");
        ck_assert_int_eq(changing_create_with(D "/clusters", "dws-4",
                                              "{\"node_type\":\"t\",\"user_pwd\":\"x\"}", secrets,
                                              2),
                         -EINVAL);
        ck_assert(strstr(changing_reason(), "user_pwd"));
        ck_assert_int_eq(changing_create(D "/clusters", "dws-4",
                                         "{\"flavor\":\"f\",\"num_node\":3,"
                                         "\"vpc_id\":\"v\",\"subnet_id\":\"s\","
                                         "\"datastore_version\":\"8\"}"),
                         -EINVAL);
        ck_assert(strstr(changing_reason(), "db_password"));
        changing_nothing();
        changing_end();
}
END_TEST

START_TEST(a_cluster_goes_and_its_manual_snapshots_stay) {
        begin();
        ck_assert_int_eq(changing_remove(C), 0);
        changing_sent("DELETE", V1, "{\"keep_last_manual_snapshot\":2}");
        changing_nothing();
        changing_end();
}
END_TEST

START_TEST(balancers_are_bound_by_links) {
        begin();
        ck_assert_int_eq(changing_link(C, "elb", C "/elbs/lb2.json"), -EEXIST);
        ck_assert_int_eq(changing_unlink(C "/elb"), 0);
        changing_sent("DELETE", V2 "/elbs/l1", NULL);
        changing_answer("showCluster", free_cluster);
        ck_assert_uint_ne(changing_abilities(C) & CAN_LINK, 0);
        ck_assert_int_eq(changing_link(C, "elb", C "/elbs/lb2.json"), 0);
        changing_sent("POST", V2 "/elbs/l2", NULL);
        ck_assert_int_eq(changing_link(C, "other", C "/elbs/lb2.json"), -EPERM);
        ck_assert_int_eq(changing_link(C, "elb", C "/snapshots/daily"), -EINVAL);
        changing_nothing();
        changing_end();
}
END_TEST

START_TEST(actions_of_a_cluster) {
        _cleanup_(freep) char *form = NULL;

        begin();
        ck_assert_int_eq(changing_act(C "/actions/restart", "{}"), 0);
        changing_sent("POST", V1 "/restart", "{\"restart\":{}}");
        ck_assert_int_eq(
                changing_act(C "/actions/reset-password", "{\"new_password\":\"N3w-passw0rd\"}"),
                0);
        changing_sent("POST", V1 "/reset-password", "{\"new_password\":\"N3w-passw0rd\"}");
        changing_told("{\"new_password\":\"<write-only: enter again>\"}");
        ck_assert_int_eq(changing_act(C "/actions/cancel-readonly", "{}"), 0);
        changing_sent("POST", V1 "/cancel-readonly", NULL);
        ck_assert_int_eq(changing_act(C "/actions/shrink", "{}"), -EINVAL);
        ck_assert_int_eq(changing_act(C "/actions/shrink", "{\"shrink_number\":3}"), 0);
        changing_sent("POST", V1 "/cluster-shrink", "{\"shrink_number\":3}");
        ck_assert_int_eq(changing_act(C "/actions/delete-dns", "{\"type\":\"public\"}"), 0);
        changing_sent("DELETE", V1 "/dns?type=public", NULL);
        form = changing_read(C "/actions/unbind-eip");
        ck_assert(strstr(form, "\"eip_id\": \"e1\""));
        ck_assert_int_eq(changing_act(C "/actions/unbind-eip", "{\"eip_id\":\"e2\"}"), -EINVAL);
        ck_assert_int_eq(changing_act(C "/actions/unbind-eip", "{\"eip_id\":\"e1\"}"), 0);
        changing_sent("DELETE", V2 "/eips/e1", NULL);
        ck_assert_int_eq(changing_act(C "/actions/bind-eip", "{\"eip_id\":\"e3\"}"), 0);
        changing_sent("POST", V2 "/eips/e3", NULL);
        changing_nothing();
        changing_end();
}
END_TEST

START_TEST(coordinators_are_counted) {
        _cleanup_(freep) char *form = NULL;

        begin();
        changing_answer("listClusterCns", "{\"min_num\":2,\"max_num\":5,\"instances\":[{\"id\":"
                                          "\"n1\",\"name\":\"cn-1\"},{\"id\":\"n2\",\"name\":"
                                          "\"cn-2\"}]}");
        form = changing_read(C "/cns/actions/add");
        ck_assert(strstr(form, "\"num\": 2") && strstr(form, "\"max_num\": 5"));
        ck_assert_int_eq(changing_act(C "/cns/actions/add", "{\"num\":3,\"max_num\":5}"), 0);
        changing_sent("POST", V1 "/cns/batch-create", "{\"num\":3}");
        ck_assert_int_eq(changing_act(C "/cns/actions/remove", "{\"instances\":[\"cn-1\",\"n2\"]}"),
                         0);
        changing_sent("POST", V1 "/cns/batch-delete", "{\"instances\":[\"n1\",\"n2\"]}");
        ck_assert_int_eq(changing_act(C "/cns/actions/remove", "{\"instances\":[\"n9\"]}"),
                         -EINVAL);
        ck_assert_int_eq(changing_act(C "/cns/actions/remove", "{\"instances\":[]}"), -EINVAL);
        ck_assert_int_eq(changing_remove(C "/cns/cn-1.json"), -EPERM);
        changing_nothing();
        changing_end();
}
END_TEST

START_TEST(data_sources) {
        static const char sources[] = "{\"data_sources\":[{\"id\":\"d1\",\"name\":\"obs1\","
                                      "\"type\":\"OBS\",\"user_name\":\"agency\"}]}";
        static const struct change_secret secret = { "user_pwd", "S3cret!" };

        begin();
        changing_answer("listExtDataSources", sources);
        ck_assert_int_eq(changing_save(C "/data-sources/obs1/data-source.json", NULL,
                                       "{\"id\":\"d1\",\"name\":\"obs1\",\"type\":\"OBS\","
                                       "\"user_name\":\"other\"}"),
                         0);
        changing_sent("PUT", V1 "/ext-data-sources/d1",
                      "{\"reconfigure\":{\"agency\":\"other\",\"reboot\":false}}");
        ck_assert_int_eq(changing_create(C "/data-sources", "obs2",
                                         "{\"type\":\"OBS\",\"user_name\":\"a\",\"connect_info\":"
                                         "\"db\",\"id\":\"old\"}"),
                         0);
        changing_sent("POST", V1 "/ext-data-sources",
                      "{\"reboot\":false,\"type\":\"OBS\",\"user_name\":\"a\",\"connect_info\":"
                      "\"db\",\"data_source_name\":\"obs2\"}");
        ck_assert_int_eq(changing_create(C "/data-sources", "mrs1",
                                         "{\"type\":\"MRS\",\"user_name\":\"a\","
                                         "\"data_source_id\":\"m\"}"),
                         -EINVAL);
        ck_assert_int_eq(changing_create_with(C "/data-sources", "mrs1",
                                              "{\"type\":\"MRS\",\"user_name\":\"a\","
                                              "\"data_source_id\":\"m\",\"reboot\":true}",
                                              &secret, 1),
                         0);
        changing_sent("POST", V1 "/ext-data-sources",
                      "{\"reboot\":true,\"type\":\"MRS\",\"user_name\":\"a\",\"data_source_id\":"
                      "\"m\",\"data_source_name\":\"mrs1\",\"user_pwd\":\"S3cret!\"}");
        ck_assert_int_eq(changing_remove(C "/data-sources/obs1"), 0);
        changing_sent("DELETE", V1 "/ext-data-sources/d1", NULL);
        changing_nothing();
        changing_end();
}
END_TEST

#define TARGET                                                                  \
        "\"notification_target\":\"urn:t\",\"notification_target_name\":\"t\"," \
        "\"notification_target_type\":\"SMN\""

START_TEST(subscriptions_are_renamed_by_mv) {
        static const char alarms[] =
                "{\"count\":1,\"alarm_subscriptions\":[{\"id\":\"a1\",\"name\":\"night\","
                "\"enable\":"
                "1,\"alarm_level\":\"urgent\"," TARGET ",\"time_zone\":\"GMT\"}]}";

        begin();
        changing_answer("listAlarmSubscriptions", alarms);
        ck_assert_int_eq(changing_save(D "/alarm-subscriptions/night.json", NULL,
                                       "{\"id\":\"a1\",\"name\":\"night\",\"enable\":0,"
                                       "\"alarm_level\":\"urgent\"," TARGET
                                       ",\"time_zone\":\"GMT\"}"),
                         0);
        changing_sent("PUT", "/v2/p1/alarm-subs/a1",
                      "{\"name\":\"night\",\"enable\":0,\"alarm_level\":\"urgent\"," TARGET "}");
        ck_assert_int_eq(changing_rename(D "/alarm-subscriptions/night.json",
                                         D "/alarm-subscriptions", "day.json"),
                         0);
        changing_sent("PUT", "/v2/p1/alarm-subs/a1",
                      "{\"name\":\"day\",\"enable\":1,\"alarm_level\":\"urgent\"," TARGET "}");
        ck_assert_int_eq(changing_rename(D "/alarm-subscriptions/night.json",
                                         D "/event-subscriptions", "day.json"),
                         -EXDEV);
        ck_assert_int_eq(changing_rename(C, D "/clusters", "other"), -EPERM);
        ck_assert_int_eq(changing_create(D "/alarm-subscriptions", "new.json",
                                         "{\"id\":\"x\",\"name\":\"old\"," TARGET "}"),
                         -EINVAL);
        ck_assert(strstr(changing_reason(), "/time_zone"));
        ck_assert_int_eq(changing_create(D "/alarm-subscriptions", "new.json",
                                         "{\"id\":\"x\",\"name\":\"old\"," TARGET
                                         ",\"time_zone\":\"GMT\"}"),
                         0);
        changing_sent("POST", "/v2/p1/alarm-subs",
                      "{\"name\":\"new\"," TARGET ",\"time_zone\":\"GMT\"}");
        ck_assert_int_eq(changing_create(D "/event-subscriptions", "new.json", "{" TARGET "}"), 0);
        changing_sent("POST", "/v2/p1/event-subs", "{\"name\":\"new\"," TARGET "}");
        ck_assert_int_eq(changing_remove(D "/alarm-subscriptions/night.json"), 0);
        changing_sent("DELETE", "/v2/p1/alarm-subs/a1", NULL);
        changing_nothing();
        changing_end();
}
END_TEST

int main(void) {
        const struct unit_case cases[] = {
                { .name = "tags", .test = tags_change_in_the_order_that_loses_none },
                { .name = "parameters", .test = only_changed_parameters_are_sent },
                { .name = "policies", .test = snapshot_policies_always_go_out_as_a_whole },
                { .name = "queues", .test = workload_and_queues },
                { .name = "snapshots", .test = snapshots_come_and_go },
                { .name = "draft", .test = a_cluster_is_ordered_from_a_draft },
                { .name = "removal", .test = a_cluster_goes_and_its_manual_snapshots_stay },
                { .name = "elb", .test = balancers_are_bound_by_links },
                { .name = "actions", .test = actions_of_a_cluster },
                { .name = "cns", .test = coordinators_are_counted },
                { .name = "data sources", .test = data_sources },
                { .name = "subscriptions", .test = subscriptions_are_renamed_by_mv },
                {},
        };

        return unit_main("change-dws", cases);
}
