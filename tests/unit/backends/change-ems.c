/* SPDX-License-Identifier: Apache-2.0 */
/* Changes of EMS: the requests that go out, and what is refused before. */
#include <check.h>

#include "base/text.h"
#include "tests/unit/backends/changing.h"
#include "tests/unit/unit.h"

#define M "cn-north-4/ems"
#define X M "/clusters/cache"

static const char clusters[] =
        "{\"clusters\":[{\"cluster_metadata\":{\"id\":\"c1\",\"status\":\"RUNNING\"},"
        "\"cluster_specification\":{\"name\":\"cache\",\"k8s_cluster_specification\":"
        "{\"k8s_cluster_id\":\"k1\"}}},{\"cluster_metadata\":{\"id\":\"c0\",\"status\":"
        "\"DELETED\"},\"cluster_specification\":{\"name\":\"old-one\"}}]}";

static void begin(void) {
        changing_begin(&changing_account);
        changing_answer("listClusters", clusters);
        changing_answer("listJobs", "{\"jobs\":[]}");
}

START_TEST(a_cluster_is_ordered_from_a_draft) {
        _cleanup_(freep) char *draft = NULL;

        begin();
        draft = changing_draft(M "/clusters", "next");
        ck_assert_int_eq(changing_create(M "/clusters", "next", draft), -EINVAL);
        ck_assert(strstr(changing_reason(), "k8s_cluster_id"));
        ck_assert_int_eq(changing_create(M "/clusters", "old-one",
                                         "{\"k8s_cluster_specification\":{\"k8s_cluster_id\":"
                                         "\"k1\",\"node_count\":3,\"flavor\":\"a.b\"},\"name\":"
                                         "\"other\"}"),
                         0);
        changing_sent("POST", "/v1/clusters",
                      "{\"k8s_cluster_specification\":{\"k8s_cluster_id\":\"k1\",\"node_count\":3,"
                      "\"flavor\":\"a.b\"},\"name\":\"old-one\"}");
        ck_assert_int_eq(changing_create(M "/clusters", "Next", draft), -EINVAL);
        ck_assert_int_eq(changing_create(M "/clusters", "actions", draft), -EEXIST);
        ck_assert_int_eq(changing_remove(X), 0);
        changing_sent("DELETE", "/v1/clusters/c1", NULL);
        ck_assert_int_eq(changing_save(X "/cluster.json", NULL, "{}"), -EPERM);
        changing_nothing();
        changing_end();
}
END_TEST

START_TEST(actions) {
        begin();
        ck_assert_int_eq(changing_act(X "/actions/authorize", "{}"), 0);
        changing_sent("POST", "/v1/clusters/c1/authorization", NULL);
        ck_assert_int_eq(changing_act(X "/actions/expand", "{\"node_name_list\":[\"n1\"]}"), 0);
        changing_sent("POST", "/v1/clusters/c1/expand", "{\"node_name_list\":[\"n1\"]}");
        ck_assert_int_eq(changing_act(X "/actions/shrink", "{\"node_name_list\":[]}"), -EINVAL);
        ck_assert_int_eq(changing_act(X "/actions/shrink", "{\"node_name_list\":[\"n1\"]}"), 0);
        changing_sent("POST", "/v1/clusters/c1/shrink", "{\"node_name_list\":[\"n1\"]}");
        ck_assert_int_eq(changing_act(M "/clusters/actions/enroll",
                                      "{\"name\":\"old\",\"k8s_cluster_specification\":"
                                      "{\"k8s_cluster_id\":\"k1\"}}"),
                         0);
        changing_sent("POST", "/v1/clusters/enroll",
                      "{\"name\":\"old\",\"k8s_cluster_specification\":{\"k8s_cluster_id\":"
                      "\"k1\"}}");
        ck_assert_int_eq(changing_act(M "/jobs/actions/cancel", "{\"job_ids\":[\"long-1\"]}"), 0);
        changing_sent("POST", "/v1/jobs/cancel", "{\"job_ids\":[\"long-1\"]}");
        changing_nothing();
        changing_end();
}
END_TEST

START_TEST(credentials_are_given_by_actions_only) {
        begin();
        changing_reply("{\"cdKey\":\"secret\"}");
        ck_assert_int_eq(changing_act(M "/actions/issue-credential", "{}"), 0);
        changing_sent("POST", "/v1/ems/p1/credentials", NULL);
        ck_assert_str_eq(changing_result()->secret, "{\"cdKey\":\"secret\"}");
        ck_assert_str_eq(changing_result()->secret_file, "credentials.json");
        ck_assert_ptr_null(changing_result()->answer);
        ck_assert_int_eq(changing_act(M "/actions/fetch-credentials", "{}"), 0);
        changing_sent("GET", "/v1/ems/p1/credentials", NULL);
        changing_nothing();
        changing_end();
}
END_TEST

int main(void) {
        const struct unit_case cases[] = {
                { .name = "clusters", .test = a_cluster_is_ordered_from_a_draft },
                { .name = "actions", .test = actions },
                { .name = "credentials", .test = credentials_are_given_by_actions_only },
                {},
        };

        return unit_main("change-ems", cases);
}
