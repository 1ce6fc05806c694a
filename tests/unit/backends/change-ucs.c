/* SPDX-License-Identifier: Apache-2.0 */
/* Changes of UCS: the requests that go out, and what is refused before. */
#include <check.h>

#include "base/text.h"
#include "tests/unit/backends/changing.h"
#include "tests/unit/unit.h"

#define CLUSTER "b0d1ecb5-7947-11ee-9467-0255ac1001bf"
#define FLEET   "4557ad49-22bf-11ee-b0c9-0255ac10004b"
#define FEDERAL "bffbb35b-7949-11ee-886c-0255ac100037"

static const char attached[] =
        "{\"items\":[{\"kind\":\"Cluster\",\"metadata\":{\"name\":\"web\",\"uid\":\"c1\"},\"spec\":"
        "{\"category\":\"attachedcluster\",\"country\":\"CN\",\"city\":\"1\",\"clusterGroupID\":"
        "\"f1\",\"ruleNamespaces\":[{\"rules\":[{\"ruleID\":\"r1\",\"ruleName\":\"admin\"}],"
        "\"namespaces\":[\"default\"]}]},\"status\":{\"phase\":\"Available\"}}],\"total\":1}";
static const char fleets[] =
        "{\"items\":[{\"metadata\":{\"name\":\"one\",\"uid\":\"f1\"},\"spec\":{}},"
        "{\"metadata\":{\"name\":\"two\",\"uid\":\"f2\"},\"spec\":{\"federationId\":\"x\","
        "\"description\":\"old\",\"dnsSuffix\":[\"a.org\"]}}],\"total\":2}";

static void begin(void) {
        changing_begin(&changing_account);
        changing_answer("listClusters", attached);
        changing_answer("listFleets", fleets);
}

/* What a document shows, with one piece of text replaced. */
static char *edited(const char *path, const char *from, const char *to) {
        _cleanup_(freep) char *text = changing_read(path);
        const char *at = strstr(text, from);
        char *made;

        ck_assert_msg(at, "no %s in %s", from, text);
        ck_assert_int_gt(asprintf(&made, "%.*s%s%s", (int)(at - text), text, to, at + strlen(from)),
                         0);
        return made;
}

START_TEST(a_cluster_moves_by_its_document) {
        _cleanup_(freep) char *text = NULL;
        _cleanup_(freep) char *wrong = NULL;

        begin();
        text = edited("ucs/clusters/web/cluster.json", "\"city\": \"1\"", "\"city\": \"2\"");
        ck_assert_int_eq(changing_save("ucs/clusters/web/cluster.json", NULL, text), 0);
        changing_sent("PUT", "/v1/clusters/c1",
                      "{\"kind\":\"Cluster\",\"apiVersion\":\"v1\",\"spec\":{\"country\":\"CN\","
                      "\"city\":\"2\"}}");
        changing_nothing();
        wrong = edited("ucs/clusters/web/cluster.json", "\"web\"", "\"net\"");
        ck_assert_int_eq(changing_save("ucs/clusters/web/cluster.json", NULL, wrong), -EINVAL);
        ck_assert(strstr(changing_reason(), "/metadata/name"));
        changing_nothing();
        changing_end();
}
END_TEST

START_TEST(other_clusters_stay_where_they_are) {
        _cleanup_(freep) char *text = NULL;

        changing_begin(&changing_account);
        text = edited("ucs/clusters/test-cluster/cluster.json", "150900", "1");
        ck_assert_int_eq(changing_save("ucs/clusters/test-cluster/cluster.json", NULL, text),
                         -EINVAL);
        ck_assert(strstr(changing_reason(), "attachedcluster"));
        changing_nothing();
        changing_end();
}
END_TEST

START_TEST(policies_go_out_by_their_ids) {
        static const char rules[] = "{\"items\":[{\"metadata\":{\"name\":\"dev\",\"uid\":\"r2\"}},"
                                    "{\"metadata\":{\"name\":\"two\",\"uid\":\"r3\"}},"
                                    "{\"metadata\":{\"name\":\"two\",\"uid\":\"r4\"}}]}";

        begin();
        changing_answer("listPermissionRules", rules);
        ck_assert_int_eq(changing_save("ucs/clusters/web/policies.json", NULL,
                                       "[{\"rules\":[{\"ruleID\":\"r1\",\"ruleName\":\"admin\"},"
                                       "{\"ruleName\":\"dev\"}],\"namespaces\":[\"a\",\"b\"]}]"),
                         0);
        changing_sent("PUT", "/v1/clusters/c1/associatedrules",
                      "{\"ruleIDNamespaces\":[{\"ruleIDs\":[\"r1\",\"r2\"],\"namespaces\":"
                      "[\"a\",\"b\"]}]}");
        ck_assert_int_eq(changing_save("ucs/clusters/web/policies.json", NULL,
                                       "[{\"rules\":[{\"ruleName\":\"two\"}]}]"),
                         -EINVAL);
        ck_assert_int_eq(changing_save("ucs/clusters/web/policies.json", NULL, "[{}]"), -EINVAL);
        ck_assert_int_eq(changing_save("ucs/clusters/web/policies.json", NULL, "[]"), 0);
        changing_sent("PUT", "/v1/clusters/c1/associatedrules", "{\"ruleIDNamespaces\":[]}");
        changing_nothing();
        changing_end();
}
END_TEST

START_TEST(a_fleet_is_described_first) {
        _cleanup_(freep) char *text = NULL;
        _cleanup_(freep) char *both = NULL;

        begin();
        text = edited("ucs/fleets/two/fleet.json", "\"old\"", "\"new\"");
        ck_assert_int_eq(changing_save("ucs/fleets/two/fleet.json", NULL, text), 0);
        changing_sent("PUT", "/v1/clustergroups/f2/description", "{\"description\":\"new\"}");
        ck_assert_int_eq(changing_save("ucs/fleets/two/fleet.json", NULL,
                                       "{\"metadata\":{\"name\":\"two\",\"uid\":\"f2\"},\"spec\":"
                                       "{\"federationId\":\"x\",\"dnsSuffix\":[\"b.org\"]}}"),
                         0);
        changing_sent("PUT", "/v1/clustergroups/f2/description", "{\"description\":\"\"}");
        changing_sent("PUT", "/v1/clustergroups/f2/associatedzones", "{\"dnsSuffix\":[\"b.org\"]}");
        changing_nothing();
        both = edited("ucs/fleets/one/fleet.json", "{}",
                      "{\"description\":\"x\",\"dnsSuffix\":[\"c.org\"]}");
        ck_assert_int_eq(changing_save("ucs/fleets/one/fleet.json", NULL, both), -EINVAL);
        ck_assert(strstr(changing_reason(), "federation"));
        changing_nothing();
        changing_end();
}
END_TEST

START_TEST(fleets_come_and_go) {
        begin();
        ck_assert_int_eq(changing_create("ucs/fleets", "three", NULL), 0);
        changing_sent("POST", "/v1/clustergroups", "{\"metadata\":{\"name\":\"three\"}}");
        ck_assert_int_eq(changing_create("ucs/fleets", "one", NULL), -EEXIST);
        ck_assert_int_eq(changing_remove("ucs/fleets/one"), -ENOTEMPTY);
        ck_assert(strstr(changing_reason(), "web"));
        ck_assert_int_eq(changing_remove("ucs/fleets/two"), -ENOTEMPTY);
        ck_assert(strstr(changing_reason(), "federation"));
        changing_nothing();
        changing_answer("listClusters", "{\"items\":[],\"total\":0}");
        ck_assert_int_eq(changing_remove("ucs/fleets/one"), 0);
        changing_sent("DELETE", "/v1/clustergroups/f1", NULL);
        changing_nothing();
        changing_end();
}
END_TEST

START_TEST(members_join_leave_and_move) {
        begin();
        ck_assert_int_eq(changing_link("ucs/fleets/two/clusters", "other", "ucs/clusters/web"),
                         -EINVAL);
        ck_assert(strstr(changing_reason(), "web"));
        ck_assert_int_eq(changing_link("ucs/fleets/two/clusters", "web", "ucs/fleets/one"),
                         -EINVAL);
        ck_assert_int_eq(changing_link("ucs/fleets/one/clusters", "web", "ucs/clusters/web"),
                         -EEXIST);
        changing_nothing();
        ck_assert_int_eq(changing_link("ucs/fleets/two/clusters", "web", "ucs/clusters/web"), 0);
        changing_sent("POST", "/v1/clusters/c1/join", "{\"clusterGroupID\":\"f2\"}");
        ck_assert_int_eq(changing_unlink("ucs/fleets/one/clusters/web"), 0);
        changing_sent("POST", "/v1/clusters/c1/unjoin", NULL);
        ck_assert_int_eq(
                changing_rename("ucs/fleets/one/clusters/web", "ucs/fleets/two/clusters", "web"),
                0);
        changing_sent("POST", "/v1/clusters/c1/unjoin", NULL);
        changing_sent("POST", "/v1/clusters/c1/join", "{\"clusterGroupID\":\"f2\"}");
        ck_assert_int_eq(
                changing_rename("ucs/fleets/one/clusters/web", "ucs/fleets/two/clusters", "net"),
                -EINVAL);
        ck_assert_int_eq(changing_unlink("ucs/clusters/web/fleet"), -EPERM);
        changing_nothing();
        changing_end();
}
END_TEST

START_TEST(federations_are_switched) {
        begin();
        ck_assert_uint_eq(changing_abilities("ucs/fleets/one") & (CAN_MKDIR | CAN_DRAFT),
                          CAN_MKDIR);
        ck_assert_int_eq(changing_create("ucs/fleets/one", "federation", NULL), 0);
        changing_sent("POST", "/v1/clustergroups/f1/federations", NULL);
        /* It takes a minute: the directory is there at once. */
        ck_assert_int_eq(changing_create("ucs/fleets/one", "federation", NULL), -EEXIST);
        ck_assert_int_eq(changing_remove("ucs/fleets/one/federation"), 0);
        changing_sent("DELETE", "/v1/clustergroups/f1/federations", NULL);
        ck_assert_int_eq(changing_create("ucs/fleets/one", "federation", NULL), 0);
        changing_sent("POST", "/v1/clustergroups/f1/federations", NULL);
        ck_assert_int_eq(changing_create("ucs/fleets/one", "other", NULL), -EPERM);
        ck_assert_int_eq(changing_create("ucs/fleets/two", "federation", NULL), -EEXIST);
        ck_assert_int_eq(changing_remove("ucs/fleets/two/federation"), 0);
        changing_sent("DELETE", "/v1/clustergroups/f2/federations", NULL);
        ck_assert_int_eq(changing_act("ucs/fleets/two/federation/actions/retry-join", "{}"), 0);
        changing_sent("POST", "/v1/clustergroups/f2/federations?retryjoinall=true", NULL);
        changing_reply("{\"kind\":\"Config\"}");
        ck_assert_int_eq(changing_act("ucs/fleets/two/federation/actions/issue-kubeconfig",
                                      "{\"duration\":30}"),
                         0);
        changing_sent("POST", "/v1/clustergroups/f2/kubeconfig", "{\"duration\":30}");
        ck_assert_str_eq(changing_result()->secret_file, "kubeconfig");
        ck_assert_str_eq(changing_result()->secret, "{\"kind\":\"Config\"}");
        ck_assert_ptr_null(changing_result()->answer);
        ck_assert_int_eq(changing_act("ucs/fleets/two/federation/actions/connect",
                                      "{\"projectID\":\"p\",\"vpcID\":\"v\",\"subnetID\":\"\"}"),
                         -EINVAL);
        ck_assert(strstr(changing_reason(), "/subnetID"));
        changing_nothing();
        changing_end();
}
END_TEST

START_TEST(policies_are_documents) {
        static const char spec[] = "{\"metadata\":{\"name\":\"copied\",\"uid\":\"old\"},\"spec\":"
                                   "{\"type\":\"admin\",\"iamUserIDs\":[\"u\"]}}";
        _cleanup_(freep) char *text = NULL;

        begin();
        ck_assert_int_eq(changing_create("ucs/policies", "dev.json", spec), 0);
        changing_sent("POST", "/v1/permissions/rules",
                      "{\"metadata\":{\"name\":\"dev\"},\"spec\":{\"type\":\"admin\","
                      "\"iamUserIDs\":[\"u\"]}}");
        ck_assert_int_eq(changing_create("ucs/policies", "dev", spec), -EINVAL);
        ck_assert_int_eq(changing_create("ucs/policies", "dev.json", "{}"), -EINVAL);
        text = edited("ucs/policies/admin.json", "\"admin\",\n    \"contents\"",
                      "\"custom\",\n    \"contents\"");
        ck_assert_int_eq(changing_save("ucs/policies/admin.json", NULL, text), 0);
        changing_sent("PUT", "/v1/permissions/rules/3dcdef78-65bb-11ee-bdf2-0255ac100033",
                      "{\"spec\":{\"iamUserIDs\":[\"873395a21c8d4d8ba9e37d6d32debc41\"],\"type\":"
                      "\"custom\",\"contents\":[{\"verbs\":[\"*\"],\"resources\":[\"*\"]}]}}");
        ck_assert_int_eq(changing_rename("ucs/policies/admin.json", "ucs/policies", "root.json"),
                         -EPERM);
        ck_assert_int_eq(changing_remove("ucs/policies/admin.json"), 0);
        changing_sent("DELETE", "/v1/permissions/rules/3dcdef78-65bb-11ee-bdf2-0255ac100033", NULL);
        changing_nothing();
        changing_end();
}
END_TEST

START_TEST(a_draft_knows_its_candidate) {
        static const struct change_secret config = { "kubeconfig", "{\"kind\":\"Config\"}" };
        _cleanup_(freep) char *text = NULL;
        _cleanup_(freep) char *other = NULL;

        begin();
        text = changing_draft("ucs/clusters", "cluster-test");
        ck_assert(strstr(text, "57ef11e7-7d72-11ee-a590-0255ac100b05"));
        ck_assert_int_eq(changing_create("ucs/clusters", "cluster-test", text), 0);
        changing_sent("POST", "/v1/clusters",
                      "{\"kind\":\"Cluster\",\"apiVersion\":\"v1\",\"metadata\":{\"uid\":"
                      "\"57ef11e7-7d72-11ee-a590-0255ac100b05\",\"name\":\"cluster-test\"},"
                      "\"spec\":{\"category\":\"self\",\"type\":\"cce\",\"provider\":"
                      "\"huaweicloud\",\"country\":\"CN\",\"city\":\"150900\",\"region\":"
                      "\"cn-north-4\",\"projectID\":\"b6315dd3d0ff4be5b31a963256794989\","
                      "\"manageType\":\"discrete\"}}");
        other = changing_draft("ucs/clusters", "mine");
        ck_assert_int_eq(changing_create("ucs/clusters", "mine", other), -EINVAL);
        ck_assert_int_eq(changing_create("ucs/clusters", "mine",
                                         "{\"spec\":{\"category\":\"attachedcluster\",\"type\":"
                                         "\"eks\",\"manageType\":\"discrete\",\"country\":\"CN\","
                                         "\"city\":\"1\"}}"),
                         -EINVAL);
        ck_assert(strstr(changing_reason(), "kubeconfig"));
        ck_assert_int_eq(changing_create_with("ucs/clusters", "mine",
                                              "{\"spec\":{\"category\":\"attachedcluster\","
                                              "\"type\":\"eks\",\"manageType\":\"discrete\","
                                              "\"country\":\"CN\",\"city\":\"1\"}}",
                                              &config, 1),
                         0);
        changing_sent(
                "POST", "/v1/clusters",
                "{\"kind\":\"Cluster\",\"apiVersion\":\"v1\",\"metadata\":{\"name\":\"mine\","
                "\"annotations\":{\"kubeconfig\":\"{\\\"kind\\\":\\\"Config\\\"}\"}},\"spec\":"
                "{\"category\":\"attachedcluster\",\"type\":\"eks\",\"manageType\":"
                "\"discrete\",\"country\":\"CN\",\"city\":\"1\"}}");
        changing_told("{\"kind\":\"Cluster\",\"apiVersion\":\"v1\",\"metadata\":{\"name\":\"mine\","
                      "\"annotations\":{\"kubeconfig\":\"<write-only: enter again>\"}},\"spec\":"
                      "{\"category\":\"attachedcluster\",\"type\":\"eks\",\"manageType\":"
                      "\"discrete\",\"country\":\"CN\",\"city\":\"1\"}}");
        ck_assert_int_eq(changing_create("ucs/clusters", "mine",
                                         "{\"metadata\":{\"annotations\":{\"kubeconfig\":\"x\"}},"
                                         "\"spec\":{}}"),
                         -EINVAL);
        changing_nothing();
        changing_end();
}
END_TEST

START_TEST(actions_of_a_cluster) {
        _cleanup_(freep) char *text = NULL;

        begin();
        text = changing_read("ucs/clusters/web/actions/fetch-access");
        ck_assert_int_eq(changing_act("ucs/clusters/web/actions/fetch-access", text), -EINVAL);
        changing_reply("[\"cert\"]");
        ck_assert_int_eq(changing_act("ucs/clusters/web/actions/fetch-access", "{}"), 0);
        changing_sent("GET", "/v1/clusters/c1/accessinfo", NULL);
        ck_assert_str_eq(changing_result()->secret, "[\"cert\"]");
        ck_assert_int_eq(changing_act("ucs/clusters/web/actions/activate", "{}"), 0);
        changing_sent("PUT", "/v1/clusters/c1/activation", NULL);
        ck_assert_int_eq(changing_act("ucs/clusters/web/actions/activate", "{\"a\":1}"), -EINVAL);
        ck_assert_int_eq(changing_act("ucs/clusters/web/actions/replace-kubeconfig",
                                      "{\"kubeconfig\":{\"kind\":\"Config\"}}"),
                         0);
        changing_sent("PUT", "/v1/clusters/c1",
                      "{\"kind\":\"Cluster\",\"apiVersion\":\"v1\",\"metadata\":{\"annotations\":"
                      "{\"kubeconfig\":\"{\\\"kind\\\":\\\"Config\\\"}\"}}}");
        changing_told("{\"kind\":\"Cluster\",\"apiVersion\":\"v1\",\"metadata\":{\"annotations\":"
                      "{\"kubeconfig\":\"<write-only: enter again>\"}}}");
        ck_assert(changing_abilities("ucs/clusters/web/actions/replace-kubeconfig") & IS_SECRET);
        ck_assert_int_eq(
                changing_act("ucs/fleets/two/actions/add-clusters", "{\"clusterIds\":[\"web\"]}"),
                0);
        changing_sent("PUT", "/v1/clustergroups/f2/associatedclusters",
                      "{\"clusterIds\":[\"c1\"]}");
        ck_assert_int_eq(changing_act("ucs/fleets/two/actions/add-clusters",
                                      "{\"clusterIds\":[\"nobody\"]}"),
                         -EINVAL);
        changing_nothing();
        changing_end();
}
END_TEST

int main(void) {
        const struct unit_case cases[] = {
                { .name = "cluster", .test = a_cluster_moves_by_its_document },
                { .name = "other cluster", .test = other_clusters_stay_where_they_are },
                { .name = "policies.json", .test = policies_go_out_by_their_ids },
                { .name = "fleet", .test = a_fleet_is_described_first },
                { .name = "fleets", .test = fleets_come_and_go },
                { .name = "members", .test = members_join_leave_and_move },
                { .name = "federation", .test = federations_are_switched },
                { .name = "policies", .test = policies_are_documents },
                { .name = "draft", .test = a_draft_knows_its_candidate },
                { .name = "actions", .test = actions_of_a_cluster },
                {},
        };

        return unit_main("change-ucs", cases);
}
