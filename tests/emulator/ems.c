/* SPDX-License-Identifier: Apache-2.0 */
/* EMS: clusters, jobs, credentials. */
#include "tests/emulator/cloud.h"

#include <string.h>

#define K8S            "6d5c4b3a-1111-4222-a333-444455556666"
#define CUSTOM_METRICS "c0570000-3333-4444-a555-666677778888"
#define CREATE(name, more)                                                                \
        "{\"name\":\"" name "\",\"k8s_cluster_specification\":{\"k8s_cluster_id\":\"" K8S \
        "\",\"node_count\":4,\"flavor\":\"ems.standard\"" more "}}"

static struct json_object *clusters(void) {
        return js_get(ask(200, NULL, "GET /v1/clusters"), "/clusters");
}

/* The cluster of that name that is not a ghost. */
static const char *cluster_id(const char *name) {
        struct json_object *list = clusters();

        for (size_t i = 0; i < js_len(list, ""); i++)
                if (str_eq(js_str(js_at(list, i), "/cluster_specification/name"), name) &&
                    !str_eq(js_str(js_at(list, i), "/cluster_metadata/status"), "DELETED"))
                        return js_str(js_at(list, i), "/cluster_metadata/id");
        ck_abort_msg("there is no cluster %s", name);
        return NULL;
}

static struct json_object *cluster(const char *id) {
        return ask(200, NULL, "GET /v1/clusters/%s", id);
}

static struct json_object *job(const char *id) {
        return ask(200, NULL, "GET /v1/jobs/%s", id);
}

#define STATUS "/cluster_metadata/status"
#define NODES  "/cluster_specification/k8s_cluster_specification/node_count"

START_TEST(catalogues) {
        struct json_object *list;

        cloud_start("empty");
        list = ask(200, NULL, "GET /v1/releases");
        assert_number(list, "/total", (int64_t)js_len(list, "/releases"));
        list = ask(200, NULL, "GET /v1/releases?limit=1&offset=1");
        ck_assert_uint_eq(js_len(list, "/releases"), 1);
        assert_text(list, "/releases/0/tag", "PREFERRED_VERSION");
        assert_number(list, "/total", 4);
        list = ask(200, NULL, "GET /v1/features");
        assert_text(list, "/project_id", PROJECT);
        assert_text(list, "/features/0/value", "10");
        list = ask(200, NULL, "GET /v1/clusters/labels?k8s_cluster_id=" K8S);
        ck_assert_uint_gt(js_len(list, "/labels"), 2);
        list = ask(200, NULL, "GET /v1/clusters/labels?k8s_cluster_id=" NIL);
        assert_number(list, "/total", 0);
        ck_assert_uint_eq(js_len(clusters(), ""), 0);
        list = ask(200, NULL, "GET /v1/jobs");
        ck_assert_uint_eq(js_len(list, "/jobs"), 0);
        cloud_stop();
}
END_TEST

/* Two clusters and the ghost of a third, under the name of one of the two. */
START_TEST(the_demo) {
        struct json_object *list;
        size_t ghosts = 0;

        cloud_start("demo");
        list = clusters();
        ck_assert_uint_eq(js_len(list, ""), 3);
        for (size_t i = 0; i < 3; i++)
                ghosts += str_eq(js_str(js_at(list, i), STATUS), "DELETED");
        ck_assert_uint_eq(ghosts, 1);
        ck_assert_ptr_null(js_get(cluster(cluster_id("kv-cache")), "/cluster_metadata/reason"));
        assert_text(cluster(cluster_id("kv-cache")), "/cluster_metadata/created_at",
                    "2025-02-03T09:10:00Z");
        list = js_get(ask(200, NULL, "GET /v1/jobs"), "/jobs");
        ck_assert_uint_eq(js_len(list, ""), 2);
        list = js_get(ask(200, NULL, "GET /v1/jobs?job_type=long"), "/jobs");
        ck_assert_uint_eq(js_len(list, ""), 4);
        assert_text(element(list, "/status", "FAILED"), "/message", "ems.0002");
        list = ask(200, NULL, "GET /v1/jobs?job_type=long&limit=3&offset=3");
        ck_assert_uint_eq(js_len(list, "/jobs"), 1);
        ck_assert_ptr_null(js_get(list, "/total"));
        cloud_stop();
}
END_TEST

START_TEST(life) {
        struct json_object *answer, *one;
        const char *id, *job_id;

        cloud_start("demo");
        answer = ask(202, CREATE("new-cache", ""), "POST /v1/clusters");
        id = js_str(answer, "/cluster_id");
        job_id = js_str(answer, "/job_id");
        ck_assert(str_begins(job_id, "long-"));
        one = cluster(id);
        assert_text(one, STATUS, "CREATING");
        assert_number(one, NODES, 4);
        assert_text(one, "/cluster_specification/k8s_cluster_specification/label/key", "ems");
        assert_number(one, "/cluster_specification/memory_specification/huge_page_num", 131072);
        assert_text(job(job_id), "/status", "INIT");
        ck_assert_ptr_null(js_get(job(job_id), "/begin_at"));
        refused(400, "ems.00030034", NULL, "DELETE /v1/clusters/%s", id);
        refused(400, "ems.00030034", "{\"node_name_list\":[\"n\"]}", "POST /v1/clusters/%s/expand",
                id);
        cloud_advance(5 * SECOND + 90 * SECOND);
        one = job(job_id);
        assert_text(one, "/status", "RUNNING");
        assert_text(one, "/task_list/0/status", "COMPLETED");
        assert_text(one, "/task_list/1/status", "RUNNING");
        ck_assert(json_object_get_double(js_get(one, "/progress")) == 25);
        assert_text(one, "/cluster_id", id);
        cloud_advance(5 * MINUTE);
        one = job(job_id);
        assert_text(one, "/status", "COMPLETED");
        ck_assert(json_object_get_double(js_get(one, "/progress")) == 100);
        ck_assert_str_gt(js_str(one, "/end_at"), js_str(one, "/begin_at"));
        assert_text(cluster(id), STATUS, "RUNNING");
        ck_assert_ptr_null(js_get(cluster(id), "/cluster_metadata/reason"));
        ck_assert_ptr_null(ask(204, NULL, "POST /v1/clusters/%s/authorization", id));
        answer = ask(202, NULL, "DELETE /v1/clusters/%s", id);
        ck_assert(str_begins(js_str(answer, "/job_id"), "short-"));
        assert_text(cluster(id), STATUS, "DELETING");
        cloud_advance(3 * MINUTE);
        assert_text(cluster(id), STATUS, "DELETED");
        assert_text(job(js_str(answer, "/job_id")), "/status", "COMPLETED");
        refused(404, "ems.00030005", NULL, "DELETE /v1/clusters/%s", id);
        ask(202, CREATE("new-cache", ""), "POST /v1/clusters");
        cloud_stop();
}
END_TEST

START_TEST(creations_are_refused) {
        cloud_start("demo");
        refused(400, "ems.00030033", CREATE("kv-cache", ""), "POST /v1/clusters");
        refused(400, "ems.00030002",
                "{\"name\":\"huge-cache\",\"k8s_cluster_specification\":{\"k8s_cluster_id\":\"" K8S
                "\",\"node_count\":300}}",
                "POST /v1/clusters");
        refused(400, "ems.00030002",
                "{\"name\":\"metrics\",\"k8s_cluster_specification\":{\"k8s_cluster_id\":"
                "\"" CUSTOM_METRICS "\"}}",
                "POST /v1/clusters");
        ask(202,
            "{\"name\":\"metrics\",\"k8s_cluster_specification\":{\"k8s_cluster_id\":"
            "\"" CUSTOM_METRICS "\",\"monitor_enable\":false}}",
            "POST /v1/clusters");
        refused(404, "ems.00030005", NULL, "GET /v1/clusters/" UNKNOWN);
        refused(404, "ems.00030005", NULL, "DELETE /v1/clusters/" UNKNOWN);
        refused(404, "ems.00030005", NULL, "POST /v1/clusters/" UNKNOWN "/authorization");
        cloud_stop();
}
END_TEST

/* No state of a cluster stands for a failure: the job tells, and the reason. */
START_TEST(a_creation_fails) {
        struct json_object *answer, *one;
        const char *id;

        cloud_start("empty");
        answer = ask(202,
                     "{\"name\":\"lost-cache\",\"k8s_cluster_specification\":{\"k8s_cluster_id\":"
                     "\"" NIL "\"}}",
                     "POST /v1/clusters");
        id = js_str(answer, "/cluster_id");
        cloud_advance(7 * MINUTE);
        one = job(js_str(answer, "/job_id"));
        assert_text(one, "/status", "FAILED");
        assert_text(one, "/message", "ems.0002");
        assert_text(cluster(id), STATUS, "CREATING");
        assert_text(cluster(id), "/cluster_metadata/reason", "The CCE cluster does not exist.");
        ask(202, NULL, "DELETE /v1/clusters/%s", id);
        cloud_advance(3 * MINUTE);
        assert_text(cluster(id), STATUS, "DELETED");
        cloud_stop();
}
END_TEST

START_TEST(enrolment) {
        struct json_object *answer;

        cloud_start("demo");
        answer = ask(202,
                     "{\"name\":\"old-cache\",\"cluster_id\":\"" UNKNOWN "\","
                     "\"k8s_cluster_specification\":{\"k8s_cluster_id\":\"" K8S
                     "\",\"namespace\":\"ems\"}}",
                     "POST /v1/clusters/enroll");
        assert_text(answer, "/cluster_id", UNKNOWN);
        cloud_advance(2 * MINUTE);
        assert_text(cluster(UNKNOWN), STATUS, "RUNNING");
        assert_text(cluster(UNKNOWN), "/cluster_specification/k8s_cluster_specification/version",
                    "v1");
        assert_text(job(js_str(answer, "/job_id")), "/status", "COMPLETED");
        refused(400, "ems.00030033",
                "{\"name\":\"old-cache\",\"k8s_cluster_specification\":{\"k8s_cluster_id\":\"" K8S
                "\"}}",
                "POST /v1/clusters/enroll");
        refused(400, "EMS.00004000",
                "{\"name\":\"other-cache\",\"cluster_id\":\"" UNKNOWN "\","
                "\"k8s_cluster_specification\":{\"k8s_cluster_id\":\"" K8S "\"}}",
                "POST /v1/clusters/enroll");
        cloud_stop();
}
END_TEST

/* Work on one cluster waits for its turn. */
START_TEST(scaling) {
        struct json_object *first, *second;
        const char *id;

        cloud_start("demo");
        id = cluster_id("kv-cache");
        first = ask(202, "{\"node_name_list\":[\"node-a\",\"node-b\"]}",
                    "POST /v1/clusters/%s/expand", id);
        second = ask(202, "{\"node_name_list\":[\"cce-6d5c4b3a-node-00001\"]}",
                     "POST /v1/clusters/%s/shrink", id);
        cloud_advance(5 * SECOND);
        assert_text(cluster(id), STATUS, "EXPANDING");
        assert_text(job(js_str(second, "/job_id")), "/status", "INIT");
        cloud_advance(4 * MINUTE);
        assert_text(job(js_str(first, "/job_id")), "/status", "COMPLETED");
        assert_number(cluster(id), NODES, 8);
        cloud_advance(5 * SECOND);
        assert_text(cluster(id), STATUS, "SHRINKING");
        assert_text(job(js_str(second, "/job_id")), "/status", "RUNNING");
        cloud_advance(3 * MINUTE);
        assert_text(cluster(id), STATUS, "RUNNING");
        assert_number(cluster(id), NODES, 7);
        assert_number(cluster(id), "/cluster_metadata/available_node_count", 7);
        refused(400, "EMS.00004000", "{\"node_name_list\":[\"node-a\"]}",
                "POST /v1/clusters/%s/expand", id);
        refused(400, "EMS.00004000", "{\"node_name_list\":[]}", "POST /v1/clusters/%s/expand", id);
        refused(400, "EMS.00004000", "{\"node_name_list\":[\"x\",\"x\"]}",
                "POST /v1/clusters/%s/expand", id);
        refused(400, "EMS.00004000", "{\"node_name_list\":[\"unknown\"]}",
                "POST /v1/clusters/%s/shrink", id);
        refused(400, "common.00000400",
                "{\"node_name_list\":[\"node-a\",\"node-b\",\"cce-6d5c4b3a-node-00002\","
                "\"cce-6d5c4b3a-node-00003\",\"cce-6d5c4b3a-node-00004\"]}",
                "POST /v1/clusters/%s/shrink", id);
        cloud_stop();
}
END_TEST

START_TEST(cancelling) {
        _cleanup_(freep) char *body = NULL, *again = NULL;
        struct json_object *running, *waiting, *creation, *answer;
        const char *id;

        cloud_start("demo");
        id = cluster_id("kv-cache");
        creation = ask(202, CREATE("new-cache", ""), "POST /v1/clusters");
        running = ask(202, "{\"node_name_list\":[\"node-a\"]}", "POST /v1/clusters/%s/expand", id);
        waiting = ask(202, "{\"node_name_list\":[\"node-b\"]}", "POST /v1/clusters/%s/expand", id);
        cloud_advance(5 * SECOND);
        body = x_printf("{\"job_ids\":[\"%s\",\"%s\",\"%s\",\"short-unknown\"]}",
                        js_str(waiting, "/job_id"), js_str(creation, "/job_id"),
                        js_str(running, "/job_id"));
        answer = ask(200, body, "POST /v1/jobs/cancel");
        assert_number(answer, "/success_rows", 2);
        assert_number(answer, "/failed_rows", 2);
        assert_text(answer, "/failed_ids/0", js_str(creation, "/job_id"));
        assert_text(answer, "/failed_ids/1", "short-unknown");
        assert_text(job(js_str(running, "/job_id")), "/status", "STOPPED");
        assert_text(job(js_str(running, "/job_id")), "/task_list/0/status", "STOPPED");
        assert_text(job(js_str(waiting, "/job_id")), "/status", "STOPPED");
        assert_text(cluster(id), STATUS, "RUNNING");
        again = x_printf("{\"job_ids\":[\"%s\"]}", js_str(running, "/job_id"));
        answer = ask(200, again, "POST /v1/jobs/cancel");
        assert_number(answer, "/failed_rows", 1);
        cloud_advance(10 * MINUTE);
        assert_number(cluster(id), NODES, 6);
        assert_text(job(js_str(running, "/job_id")), "/status", "STOPPED");
        refused(404, "EMS.00004000", NULL, "GET /v1/jobs/long-unknown");
        cloud_stop();
}
END_TEST

/* The first of two is cancelled while the second waits: then it is its turn, once. */
START_TEST(cancelling_lets_the_next_run) {
        _cleanup_(freep) char *body = NULL;
        struct json_object *first, *second;
        const char *id;

        cloud_start("demo");
        id = cluster_id("kv-cache");
        first = ask(202, "{\"node_name_list\":[\"node-a\"]}", "POST /v1/clusters/%s/expand", id);
        second = ask(202, "{\"node_name_list\":[\"node-b\"]}", "POST /v1/clusters/%s/expand", id);
        body = x_printf("{\"job_ids\":[\"%s\"]}", js_str(first, "/job_id"));
        ask(200, body, "POST /v1/jobs/cancel");
        cloud_advance(5 * MINUTE);
        assert_text(job(js_str(second, "/job_id")), "/status", "COMPLETED");
        assert_number(cluster(id), NODES, 7);
        cloud_stop();
}
END_TEST

START_TEST(credentials) {
        struct json_object *list, *one;

        cloud_start("demo");
        list = ask(200, NULL, "GET /v1/ems/" PROJECT "/credentials");
        ck_assert_uint_eq(js_len(list, ""), 1);
        one = ask(200, NULL, "POST /v1/ems/" PROJECT "/credentials");
        assert_text(one, "/projectId", PROJECT);
        ck_assert_uint_eq(strlen(js_str(one, "/cdKey")), 32);
        list = ask(200, NULL, "GET /v1/ems/" PROJECT "/credentials");
        ck_assert_uint_eq(js_len(list, ""), 2);
        ck_assert(has_element(list, "/cdKey", js_str(one, "/cdKey")));
        list = ask(200, NULL, "GET /v1/ems/" SINGAPORE "/credentials");
        ck_assert_uint_eq(js_len(list, ""), 0);
        cloud_stop();
}
END_TEST

int main(void) {
        const struct unit_case cases[] = {
                { "catalogues", catalogues, 0 },
                { "the demo", the_demo, 0 },
                { "life", life, 0 },
                { "creations are refused", creations_are_refused, 0 },
                { "a creation fails", a_creation_fails, 0 },
                { "enrolment", enrolment, 0 },
                { "scaling", scaling, 0 },
                { "cancelling", cancelling, 0 },
                { "cancelling lets the next run", cancelling_lets_the_next_run, 0 },
                { "credentials", credentials, 0 },
                { 0 },
        };

        return unit_main("ems", cases);
}
