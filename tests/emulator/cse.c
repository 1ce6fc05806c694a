/* SPDX-License-Identifier: Apache-2.0 */
/* CSE: engines and their jobs, governance, route rules, Nacos namespaces, monitoring, accounts. */
#include "tests/emulator/wire.h"

#include <string.h>

#define SHOP       "c5e00000-0000-4000-a000-000000000001"
#define BANK       "c5e00000-0000-4000-a000-000000000002"
#define NACOS      "c5e00000-0000-4000-a000-000000000003"
#define WARMING    "c5e00000-0000-4000-a000-000000000004"
#define OLD        "c5e00000-0000-4000-a000-000000000005"
#define ENGINES    "/v2/" PROJECT "/enginemgr/engines"
#define GOVERN     "/v3/" PROJECT "/govern"
#define NAMESPACES "/v1/" PROJECT "/nacos/v1/console/namespaces"

static char *token_header;

/*
 * The CSE service with the demo user's token and, unless NULL, the header that chooses an engine.
 */
static struct wire cse(const char *engine_header) {
        struct wire wire = { .host = "cse.cn-north-4",
                             .headers = { "Accept: application/json",
                                          "Content-Type: application/json;charset=UTF-8",
                                          "X-Enterprise-Project-ID: 0", NULL, engine_header } };

        if (!token_header)
                token_header = x_printf("X-Auth-Token: %s", wire_login("cn-north-4"));
        wire.headers[3] = token_header;
        return wire;
}

static void stop(void) {
        free(STEAL(token_header));
        wire_done();
        cloud_stop();
}

static struct json_object *engine(const struct wire *wire, const char *id) {
        return expect(wire, 200, NULL, "GET " ENGINES "/%s", id);
}

START_TEST(lists_repeat_themselves) {
        struct wire wire;
        struct json_object *first, *second, *all;

        cloud_start("demo");
        wire = cse(NULL);
        all = expect(&wire, 200, NULL, "GET " ENGINES "?type=ALL&offset=0&limit=100");
        ck_assert_uint_eq(js_len(all, "/data"), 5);
        first = expect(&wire, 200, NULL, "GET " ENGINES "?type=ALL&offset=0&limit=1");
        second = expect(&wire, 200, NULL, "GET " ENGINES "?type=ALL&offset=1&limit=1");
        ck_assert_pstr_eq(js_str(first, "/data/0/id"), js_str(second, "/data/0/id"));
        second = expect(&wire, 200, NULL, "GET " ENGINES "?type=ALL&offset=2&limit=1");
        ck_assert_pstr_ne(js_str(first, "/data/0/id"), js_str(second, "/data/0/id"));
        /* Behind the end by one: the last one again; by two: nothing. */
        ck_assert_uint_eq(
                js_len(expect(&wire, 200, NULL, "GET " ENGINES "?offset=5&limit=100"), "/data"), 1);
        ck_assert_uint_eq(
                js_len(expect(&wire, 200, NULL, "GET " ENGINES "?offset=6&limit=100"), "/data"), 0);
        all = expect(&wire, 200, NULL, "GET " ENGINES "?type=Nacos&offset=0&limit=100");
        assert_number(all, "/total", 1);
        assert_text(all, "/data/0/type", "NACOS");
        expect_error(&wire, 400, "SVCSTG.00501116", NULL, "GET " ENGINES "/" UNKNOWN);
        stop();
}
END_TEST

START_TEST(addresses_stand_in_two_places) {
        static const char kie[] = "/serviceEndpoint/kie/masterEntrypoint";
        static const char center[] =
                "/externalEntrypoint/serviceEndpoint/serviceCenter/masterEntrypoint";
        struct wire wire;
        struct json_object *all, *row;

        cloud_start("demo");
        wire = cse(NULL);
        all = js_get(expect(&wire, 200, NULL, "GET " ENGINES "?type=ALL&offset=0&limit=100"),
                     "/data");
        row = element(all, "/name", "bank");
        ck_assert_ptr_nonnull(strstr(js_str(row, kie), "://kie-bank.localhost:"));
        ck_assert_ptr_null(js_get(row, "/serviceEndpoint/serviceCenter"));
        ck_assert_ptr_nonnull(
                strstr(js_str(engine(&wire, BANK), center), "://registry-bank.localhost:"));
        ck_assert_ptr_nonnull(
                strstr(js_str(engine(&wire, SHOP), center), "://registry-shop.localhost:"));
        assert_text(element(all, "/name", "warming-up"), "/status", "Creating");
        ck_assert_ptr_null(js_get(element(all, "/name", "warming-up"), kie));
        assert_text(element(all, "/name", "shop"), "/reference/vpc", "vpc-default");
        assert_number(element(all, "/name", "shop"), "/reference/serviceLimit", 500);
        assert_text(engine(&wire, SHOP), "/reference/serviceLimit", "500");
        stop();
}
END_TEST

START_TEST(catalogues) {
        struct wire wire;
        struct json_object *list;

        cloud_start("empty");
        wire = cse(NULL);
        list = expect(&wire, 200, NULL, "GET /v2/" PROJECT "/enginemgr/flavors?specType=CSE2");
        assert_number(list, "/total", 0);
        ck_assert_uint_eq(js_len(list, "/data"), 4);
        list = expect(&wire, 200, NULL, "GET /v2/" PROJECT "/enginemgr/flavors?specType=Nacos2");
        assert_text(list, "/data/0/spec/linear", "true");
        expect_error(&wire, 400, "SVCSTG.00501134", NULL, "GET /v2/" PROJECT "/enginemgr/flavors");
        list = expect(&wire, 200, NULL, "GET /v2/" PROJECT "/enginemgr/quotas");
        assert_number(list, "/quotas/resources/0/used", 0);
        stop();
}
END_TEST

#define CREATE                                                                      \
        "{\"name\":\"%s\",\"payment\":\"%s\",\"flavor\":\"%s\",\"azList\":[\"a\"]," \
        "\"authType\":\"RBAC\",\"vpc\":\"v\",\"vpcId\":\"i\",\"networkId\":\"n\","  \
        "\"subnetCidr\":\"10.0.0.0/24\",\"specType\":\"CSE2\",\"auth_cred\":{\"pwd\":\"%s\"}}"

static char *creation(const char *name, const char *payment, const char *flavor,
                      const char *password) {
        return x_printf(CREATE, name, payment, flavor, password);
}

START_TEST(an_engine_lives) {
        _cleanup_(freep) char *body = creation("fresh", "1", "cse.s1.small2", "Secret-123");
        struct wire wire, registry = { .host = "registry-fresh" };
        struct json_object *answer, *job;
        const char *id;
        int64_t number;

        cloud_start("empty");
        wire = cse(NULL);
        answer = expect(&wire, 200, body, "POST " ENGINES);
        id = js_str(answer, "/id");
        number = js_int(answer, "/jobId", 0);
        assert_text(engine(&wire, id), "/status", "Creating");
        assert_number(engine(&wire, id), "/latestJobId", number);
        expect_error(&wire, 400, "SVCSTG.00501117", NULL, "DELETE " ENGINES "/%s", id);
        expect_error(&wire, 400, "SVCSTG.00501111", body, "POST " ENGINES);
        job = expect(&wire, 200, NULL, "GET " ENGINES "/%s/jobs/%lld", id, (long long)number);
        assert_text(job, "/status",
                    "Init"); /* the list says PreInit, the detail does not know that */
        answer = expect(&wire, 200, NULL, "GET " ENGINES "/%s/jobs?offset=0&limit=10", id);
        assert_text(answer, "/data/0/status", "PreInit");
        assert_text(answer, "/data/0/tasks/0/taskName", "resourcePrepareExecutor");
        cloud_advance(3 * MINUTE);
        job = expect(&wire, 200, NULL, "GET " ENGINES "/%s/jobs/%lld", id, (long long)number);
        assert_text(job, "/status", "Executing");
        assert_text(job, "/tasks/0/status", "Finished");
        assert_text(job, "/tasks/1/status", "Executing");
        assert_text(job, "/tasks/1/tasks/0/taskName", "resourceCreateExecutor");
        cloud_advance(6 * MINUTE);
        assert_text(engine(&wire, id), "/status", "Available");
        expect(&registry, 200, "{\"name\":\"root\",\"password\":\"Secret-123\"}", "POST /v4/token");
        expect(&wire, 200, NULL, "DELETE " ENGINES "/%s", id);
        assert_text(engine(&wire, id), "/status", "Deleting");
        cloud_advance(5 * MINUTE);
        expect_error(&wire, 400, "SVCSTG.00501116", NULL, "GET " ENGINES "/%s/jobs/%lld", id,
                     (long long)number);
        ck_assert_int_eq(send_to(&registry, NULL, "GET /v4/default/registry/microservices")->status,
                         404);
        stop();
}
END_TEST

START_TEST(creations_that_are_refused) {
        static const struct {
                const char *name, *payment, *flavor, *password, *code;
        } rows[] = {
                { "default", "1", "cse.s1.small2", "Secret-123", "SVCSTG.00501201" },
                { "fresh", "0", "cse.s1.small2", "Secret-123", "SVCSTG.00501103" },
                { "fresh", "1", "cse.s9.huge", "Secret-123", "SVCSTG.00501104" },
                { "shop", "1", "cse.s1.small2", "Secret-123", "SVCSTG.00501111" },
                { "fresh", "1", "cse.s1.small2", "short", "SVCSTG.00400100" },
        };
        struct wire wire;

        cloud_start("demo");
        wire = cse(NULL);
        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                _cleanup_(freep) char *body =
                        creation(rows[i].name, rows[i].payment, rows[i].flavor, rows[i].password);

                expect_error(&wire, 400, rows[i].code, body, "POST " ENGINES);
        }
        for (int i = 0; i < 5; i++) {
                _cleanup_(freep) char *name = x_printf("engine-%d", i);
                _cleanup_(freep) char *body = creation(name, "1", "cse.s1.small2", "Secret-123");

                expect(&wire, 200, body, "POST " ENGINES);
        }
        {
                _cleanup_(freep) char *body =
                        creation("onemore", "1", "cse.s1.small2", "Secret-123");

                expect_error(&wire, 400, "SVCSTG.00501112", body, "POST " ENGINES);
        }
        stop();
}
END_TEST

START_TEST(engines_change) {
        struct wire wire;
        struct json_object *row;

        cloud_start("demo");
        wire = cse(NULL);
        expect(&wire, 200, "{\"description\":\"new text\",\"alias\":\"x\"}",
               "PUT " ENGINES "/" SHOP);
        expect(&wire, 200, "{\"description\":\"\"}", "PUT " ENGINES "/" SHOP);
        row = engine(&wire, SHOP);
        assert_text(row, "/description", "new text");
        ck_assert_ptr_null(js_get(row, "/alias"));
        expect_error(&wire, 400, "SVCSTG.00400100", "{\"version\":\"2.4.8\"}",
                     "PUT " ENGINES "/" SHOP "/upgrade");
        expect(&wire, 200, "{\"version\":\"2.4.8\"}", "PUT " ENGINES "/" BANK "/upgrade");
        assert_text(engine(&wire, BANK), "/status", "Upgrading");
        row = expect(&wire, 200, "{\"flavor\":\"cse.s1.large2\",\"inputs\":{\"a\":\"b\"}}",
                     "PUT " ENGINES "/" SHOP "/resize");
        ck_assert_int_gt(js_int(row, "/job_id", 0), 0);
        cloud_advance(10 * MINUTE);
        assert_text(engine(&wire, BANK), "/version", "2.4.8");
        assert_text(engine(&wire, SHOP), "/flavor", "cse.s1.large2");
        assert_text(engine(&wire, SHOP), "/reference/inputs/a", "b");
        expect(&wire, 200, "{\"authType\":\"RBAC\"}", "PUT " ENGINES "/" SHOP "/config");
        cloud_advance(10 * MINUTE);
        assert_text(engine(&wire, SHOP), "/authType", "RBAC");
        ck_assert_int_eq(send_to(&(struct wire){ .host = "registry-shop" }, NULL,
                                 "GET /v4/default/registry/microservices")
                                 ->status,
                         401);
        stop();
}
END_TEST

START_TEST(failed_jobs_can_be_retried) {
        _cleanup_(freep) char *body = creation("fail-one", "1", "cse.s1.small2", "Secret-123");
        struct wire wire;
        struct json_object *row;
        const char *id;

        cloud_start("demo");
        wire = cse(NULL);
        assert_text(engine(&wire, OLD), "/engineAdditionalActions/0", "Retry");
        expect(&wire, 200, "{\"action\":\"Retry\"}", "PUT " ENGINES "/" OLD "/actions");
        expect_error(&wire, 400, "SVCSTG.00400100", "{\"action\":\"Retry\"}",
                     "PUT " ENGINES "/" SHOP "/actions");
        id = js_str(expect(&wire, 200, body, "POST " ENGINES), "/id");
        cloud_advance(10 * MINUTE);
        assert_text(engine(&wire, OLD), "/status", "Available");
        row = engine(&wire, id);
        assert_text(row, "/status", "CreateFailed");
        row = expect(&wire, 200, NULL, "GET " ENGINES "/%s/jobs/%lld", id,
                     (long long)js_int(row, "/latestJobId", 0));
        assert_text(row, "/status", "Error");
        assert_text(row, "/tasks/3/status", "Error");
        expect(&wire, 200, "{\"action\":\"Retry\"}", "PUT " ENGINES "/%s/actions", id);
        cloud_advance(10 * MINUTE);
        assert_text(engine(&wire, id), "/status", "Available");
        expect_error(&wire, 400, "SVCSTG.00501152", NULL, "GET " ENGINES "/%s/jobs/x1", id);
        expect_error(&wire, 400, "SVCSTG.00501153", NULL, "GET " ENGINES "/%s/jobs/1", id);
        stop();
}
END_TEST

#define POLICY                                                                                    \
        "{\"name\":\"%s\",\"selector\":{\"environment\":\"testing\",\"app\":\"shop\"},\"spec\":{" \
        "\"rate\":%d}}"

/* The policies of that name in a governance list, in a new array of references. */
static struct json_object *policies(struct json_object *all, const char *name) {
        struct json_object *found = json_object_new_array();

        for (size_t i = 0; i < js_len(all, ""); i++) {
                struct json_object *list = js_get(js_at(all, i), "/policies");

                for (size_t j = 0; j < js_len(list, ""); j++)
                        if (str_eq(js_str(js_at(list, j), "/name"), name))
                                json_object_array_add(found, json_object_get(js_at(list, j)));
        }
        return found;
}

START_TEST(governance) {
        struct wire wire;
        struct json_object *all, *found, *one;
        _cleanup_(freep) char *first = x_printf(POLICY, "mine", 5),
                              *second = x_printf(POLICY, "mine", 6);
        _cleanup_(freep) char *id = NULL;

        cloud_start("demo");
        wire = cse("x-engine-id: " SHOP);
        all = expect(&wire, 200, NULL, "GET " GOVERN "/governance/display?environment=all");
        found = policies(all, "checkout");
        ck_assert_uint_eq(js_len(found, ""), 4); /* two policies in two scenes */
        json_object_put(found);
        one = expect(&wire, 200, first, "POST " GOVERN "/governance/rate-limiting");
        ck_assert_ptr_null(js_get(one, "/id"));
        assert_text(one, "/result", "Success");
        found = policies(expect(&wire, 200, NULL, "GET " GOVERN "/governance/rate-limiting"),
                         "mine");
        ck_assert_uint_eq(js_len(found, ""), 1);
        id = x_strdup(js_str(found, "/0/id"));
        json_object_put(found);
        one = expect(&wire, 200, NULL, "GET " GOVERN "/governance/rate-limiting/%s", id);
        assert_number(one, "/spec/rate", 5);
        ck_assert_ptr_null(js_get(one, "/kind"));
        expect(&wire, 200, second, "PUT " GOVERN "/governance/rate-limiting/%s", id);
        assert_number(expect(&wire, 200, NULL, "GET " GOVERN "/governance/rate-limiting/%s", id),
                      "/spec/rate", 6);
        expect_error(&wire, 400, "SVCSTG.00400106", NULL, "GET " GOVERN "/governance/retry/%s", id);
        assert_text(expect(&wire, 200, NULL, "DELETE " GOVERN "/governance/rate-limiting/%s", id),
                    "/Result", "Success");
        expect_error(&wire, 400, "SVCSTG.00400106", NULL,
                     "DELETE " GOVERN "/governance/rate-limiting/%s", id);
        wire = cse("x-engine-id: " NACOS);
        expect_error(&wire, 400, "SVCSTG.00401116", NULL,
                     "GET " GOVERN "/governance/display?environment=all");
        stop();
}
END_TEST

START_TEST(route_rules) {
        static const char rules[] = "[{\"precedence\":1,\"route\":[{\"weight\":100}]}]";
        struct wire wire;

        cloud_start("demo");
        wire = cse("x-engine-id: " SHOP);
        assert_text(expect(&wire, 200, NULL, "GET " GOVERN "/route-rule/microservices/none"),
                    "/result", "");
        expect(&wire, 200, rules,
               "PUT " GOVERN "/route-rule/microservices/none?environment=testing");
        assert_text(expect(&wire, 200, NULL,
                           "GET " GOVERN
                           "/route-rule/microservices/none?environment=testing&app_id=default"),
                    "/result", rules);
        assert_text(expect(&wire, 200, NULL, "GET " GOVERN "/route-rule/microservices/none"),
                    "/result", "");
        ck_assert_int_eq(
                js_str(expect(&wire, 200, NULL,
                              "GET " GOVERN "/route-rule/microservices/catalog?environment="
                              "production&app_id=shop"),
                       "/result")[0],
                '-');
        expect(&wire, 200, NULL,
               "DELETE " GOVERN "/route-rule/microservices/none?environment=testing");
        assert_text(expect(&wire, 200, NULL,
                           "GET " GOVERN "/route-rule/microservices/none?environment=testing"),
                    "/result", "");
        stop();
}
END_TEST

static struct json_object *namespaces(const struct wire *wire) {
        return js_get(expect(wire, 200, NULL, "GET " NAMESPACES "?offset=0&limit=0"), "/data");
}

static void answers(const struct wire *wire, bool good, const char *request) {
        struct json_object *answer = expect(wire, 200, NULL, "%s", request);

        ck_assert(json_object_is_type(answer, json_type_boolean));
        ck_assert_int_eq(json_object_get_boolean(answer), good);
}

START_TEST(nacos_namespaces) {
        struct wire wire;

        cloud_start("demo");
        wire = cse("x-engine-id: " NACOS);
        assert_text(element(namespaces(&wire), "/namespace", ""), "/namespaceShowName", "public");
        assert_number(element(namespaces(&wire), "/namespace", "prod"), "/configCount", 17);
        answers(&wire, true,
                "POST " NAMESPACES "?customNamespaceId=new&namespaceName=a%20name&namespaceDesc=d");
        answers(&wire, false, "POST " NAMESPACES "?customNamespaceId=new&namespaceName=again");
        assert_text(element(namespaces(&wire), "/namespace", "new"), "/namespaceShowName",
                    "a name");
        answers(&wire, true,
                "PUT " NAMESPACES
                "?namespace=new&namespaceShowName=other&namespace_show_name=other&namespaceDesc=");
        assert_text(element(namespaces(&wire), "/namespace", "new"), "/namespaceShowName", "other");
        answers(&wire, false,
                "PUT " NAMESPACES "?namespace=none&namespaceShowName=x&namespaceDesc=x");
        answers(&wire, true, "DELETE " NAMESPACES "?namespaceId=new&namespace_id=new");
        ck_assert(!has_element(namespaces(&wire), "/namespace", "new"));
        answers(&wire, true, "DELETE " NAMESPACES "?namespaceId=never-was");
        ck_assert_uint_eq(
                js_len(expect(&wire, 200, NULL, "GET " NAMESPACES "?offset=1&limit=2"), "/data"),
                2);
        stop();
}
END_TEST

START_TEST(monitoring) {
        struct wire wire;
        struct json_object *page;

        cloud_start("demo");
        wire = cse("x-engine-id: " SHOP);
        page = expect(&wire, 200, NULL,
                      "GET /v3/" PROJECT "/csemonitor/metric/list?page=2&number=4");
        assert_number(page, "/total", 11);
        ck_assert_uint_eq(js_len(page, "/list"), 4);
        page = expect(&wire, 200, NULL,
                      "GET /v3/" PROJECT "/csemonitor/metric?service=orders,payment");
        ck_assert_uint_eq(js_len(page, "/0"), 2);
        page = expect(&wire, 200, NULL,
                      "GET /v3/" PROJECT "/csemonitor/thresholds?services=orders");
        assert_text(page, "/0/serviceName", "orders");
        stop();
}
END_TEST

/* The multipart body of an import. */
#define FORM(file)                                                                                 \
        "--xxBxx\r\nContent-Disposition: form-data; name=\"upload_file\"; filename=\"c.json\"\r\n" \
        "Content-Type: application/json\r\n\r\n" file "\r\n--xxBxx--\r\n"

START_TEST(import_and_export) {
        static const char file[] =
                "{\"data\":[{\"key\":\"timeout\",\"value\":\"99\"},"
                "{\"key\":\"fresh\",\"value\":\"1\"},{\"key\":\"bad\",\"value\":null}]}";
        _cleanup_(freep) char *form = x_printf(FORM("%s"), file);
        struct wire wire, upload;
        struct json_object *answer;

        cloud_start("demo");
        wire = cse("x-engine-id: " SHOP);
        upload = wire;
        upload.headers[1] = "Content-Type: multipart/form-data; boundary=xxBxx";
        answer = expect(&upload, 200, form, "POST /v1/" PROJECT "/kie/file?override=abort");
        ck_assert_uint_eq(js_len(answer, "/success"), 0);
        assert_text(answer, "/failure/0/error_code", "SVCSTG.00400107");
        answer = expect(&upload, 200, form, "POST /v1/" PROJECT "/kie/file?override=skip");
        assert_text(answer, "/success/0/key", "fresh");
        assert_text(answer, "/failure/1/error_code", "SVCSTG.00400652");
        answer = expect(&upload, 200, form,
                        "POST /v1/" PROJECT "/kie/file?override=force&label=a:b");
        assert_text(answer, "/success/0/labels/a", "b");
        answer = expect(&wire, 200, "{\"ids\":[]}",
                        "POST /v1/" PROJECT "/kie/download?label=a:b&match=exact");
        ck_assert_uint_eq(js_len(answer, "/data"), 2);
        assert_text(element(js_get(answer, "/data"), "/key", "timeout"), "/value", "99");
        expect_error(&upload, 400, "SVCSTG.00400651", FORM("not json"),
                     "POST /v1/" PROJECT "/kie/file");
        expect_error(&upload, 400, "SVCSTG.00400650", FORM("{\"data\":1}"),
                     "POST /v1/" PROJECT "/kie/file");
        stop();
}
END_TEST

START_TEST(accounts_need_both_tokens) {
        struct wire wire, registry = { .host = "registry-bank" };
        _cleanup_(freep) char *header = NULL;

        cloud_start("demo");
        wire = cse("X-Engine-Id: " BANK);
        wire.headers[5] = "Authorization: Bear nonsense";
        expect_error(&wire, 400, "SVCSTG.00300401", "{\"roles\":[\"admin\"]}",
                     "PUT /v3/" PROJECT "/accounts/auditor");
        header = x_printf(
                "Authorization: Bear %s",
                js_str(expect(&wire, 200, NULL, "POST " ENGINES "/" BANK "/tokens"), "/token"));
        wire.headers[5] = header;
        expect(&wire, 200, "{\"roles\":[\"admin\"]}", "PUT /v3/" PROJECT "/accounts/auditor");
        expect(&wire, 200, "{\"password\":\"Other-Passw0rd\"}",
               "POST /v3/" PROJECT "/accounts/auditor/password");
        expect(&registry, 200, "{\"name\":\"auditor\",\"password\":\"Other-Passw0rd\"}",
               "POST /v4/token");
        expect_error(&wire, 400, "SVCSTG.00400106", NULL, "DELETE /v3/" PROJECT "/accounts/nobody");
        expect_error(&wire, 400, "SVCSTG.00400100", NULL, "DELETE /v3/" PROJECT "/accounts/root");
        expect(&wire, 200, NULL, "DELETE /v3/" PROJECT "/accounts/auditor");
        expect_error(&registry, 401, "401202",
                     "{\"name\":\"auditor\",\"password\":\"Other-Passw0rd\"}", "POST /v4/token");
        stop();
}
END_TEST

START_TEST(what_is_write_only) {
        struct wire wire;
        struct json_object *answer;

        cloud_start("demo");
        wire = cse(NULL);
        answer = expect(&wire, 200, "{\"name\":\"back\"}",
                        "POST /cseengine/v1/engines/" BANK
                        "/backups/b0000000-0000-4000-a000-000000000001/recovery");
        assert_text(answer, "/status", "RecoveringData");
        assert_text(answer, "/backupName", "nightly");
        expect_error(&wire, 400, "SVCSTG.00400106", "{\"name\":\"back\"}",
                     "POST /cseengine/v1/engines/" BANK "/backups/" UNKNOWN "/recovery");
        answer = expect(&wire, 200, "{\"schedule\":\"0 0 * * *\",\"reserve\":7}",
                        "POST /cseengine/v1/engines/" BANK "/backup-strategies");
        assert_text(answer, "/reserve", "7");
        expect(&wire, 200,
               "{\"tags\":[{\"key\":\"k\",\"value\":\"v\"}],\"action\":\"create\",\"sys_tags\":[],"
               "\"engineId\":\"" SHOP "\"}",
               "POST /v2/" PROJECT "/cseEngines/" SHOP "/tags/create");
        answer = expect(&wire, 200, NULL, "GET " ENGINES "?type=ALL&offset=0&limit=100");
        assert_text(answer, "/data/0/tags", "[{\"key\":\"k\",\"value\":\"v\"}]");
        assert_text(expect(&wire, 200, "{\"flush\":\"true\"}",
                           "DELETE /v3/" PROJECT "/govern/configs/x"),
                    "/Result", "Success");
        stop();
}
END_TEST

int main(void) {
        const struct unit_case cases[] = {
                { "lists repeat themselves", lists_repeat_themselves, 0 },
                { "addresses stand in two places", addresses_stand_in_two_places, 0 },
                { "catalogues", catalogues, 0 },
                { "an engine lives", an_engine_lives, 0 },
                { "creations that are refused", creations_that_are_refused, 0 },
                { "engines change", engines_change, 0 },
                { "failed jobs can be retried", failed_jobs_can_be_retried, 0 },
                { "governance", governance, 0 },
                { "route rules", route_rules, 0 },
                { "nacos namespaces", nacos_namespaces, 0 },
                { "monitoring", monitoring, 0 },
                { "import and export", import_and_export, 0 },
                { "accounts need both tokens", accounts_need_both_tokens, 0 },
                { "what is write-only", what_is_write_only, 0 },
                { 0 },
        };

        return unit_main("emulator-cse", cases);
}
