/* SPDX-License-Identifier: Apache-2.0 */
/* Changes of CSE: the requests that go out, and what is refused before. */
#include <check.h>

#include "base/text.h"
#include "tests/unit/backends/changing.h"
#include "tests/unit/unit.h"

#define ENGINES "cn-north-4/cse/engines"
#define E       ENGINES "/shop"
#define N       ENGINES "/nacos"
#define V2      "/v2/p1/enginemgr/engines/e1"
#define V3      "/v3/p1/govern"
#define SPACES  "/v1/p1/nacos/v1/console/namespaces"

static const char engines[] =
        "{\"total\":2,\"data\":[{\"id\":\"e1\",\"name\":\"shop\",\"type\":\"CSE\",\"status\":"
        "\"Available\",\"authType\":\"RBAC\",\"enterpriseProjectId\":\"ep1\"},{\"id\":\"e2\","
        "\"name\":\"nacos\",\"type\":\"NACOS\",\"status\":\"Available\",\"authType\":\"NONE\","
        "\"enterpriseProjectId\":\"0\"}]}";
static const char engine[] =
        "{\"id\":\"e1\",\"name\":\"shop\",\"description\":\"old\",\"authType\":\"RBAC\",\"flavor\":"
        "\"f1\",\"version\":\"2.3.1\",\"latestVersion\":\"2.3.4\",\"status\":\"Available\","
        "\"type\":"
        "\"CSE\",\"engineAdditionalActions\":[\"Rollback\"],\"externalEntrypoint\":{"
        "\"serviceEndpoint\":{\"serviceCenter\":{\"masterEntrypoint\":\"https://h:1\"},\"kie\":{"
        "\"masterEntrypoint\":\"https://h:2\"}}}}";
static const char governance[] =
        "[{\"matchGroup\":{\"name\":\"cart\",\"selector\":{\"environment\":\"production\",\"app\":"
        "\"shop\"},\"spec\":{\"matches\":[]}},\"policies\":[{\"id\":\"g1\",\"name\":\"cart\","
        "\"kind\":\"retry\",\"status\":\"enabled\",\"selector\":{\"environment\":\"production\","
        "\"app\":\"shop\"},\"spec\":{\"maxAttempts\":3}}]}]";
static const char registered[] =
        "{\"services\":[{\"serviceId\":\"s1\",\"environment\":\"production\","
        "\"appId\":\"shop\",\"serviceName\":\"cart\",\"version\":\"1\"}]}";
static const char spaces[] =
        "{\"code\":200,\"data\":[{\"namespace\":\"\",\"namespaceShowName\":\"public\","
        "\"configCount\":"
        "0,\"type\":0},{\"namespace\":\"n1\",\"namespaceShowName\":\"one\",\"configCount\":0,"
        "\"type\":1},{\"namespace\":\"n2\",\"namespaceShowName\":\"two\",\"configCount\":3,"
        "\"type\":"
        "1}]}";

static void begin(void) {
        changing_begin(&changing_account);
        changing_answer("listEngines", engines);
        changing_answer("getEngine", engine);
        changing_answer("listGovernancePolicies", governance);
        changing_answer("listMicroservices", registered);
        changing_answer("listNacosNamespaces", spaces);
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

START_TEST(an_engine_has_a_description_and_an_alias) {
        _cleanup_(freep) char *text = NULL;
        _cleanup_(freep) char *empty = NULL;
        _cleanup_(freep) char *other = NULL;

        begin();
        text = edited(E "/engine.json", "\"old\"", "\"new\"");
        ck_assert_int_eq(changing_save(E "/engine.json", NULL, text), 0);
        changing_sent("PUT", V2, "{\"description\":\"new\"}");
        changing_header("X-Enterprise-Project-ID: ep1\n");
        ck_assert_int_eq(changing_act(E "/actions/set-alias", "{\"alias\":\"The shop\"}"), 0);
        changing_sent("PUT", V2, "{\"alias\":\"The shop\"}");
        ck_assert_int_eq(changing_save(E "/engine.json", NULL, text), 0);
        changing_sent("PUT", V2, "{\"description\":\"new\",\"alias\":\"The shop\"}");
        empty = edited(E "/engine.json", "\"old\"", "\"\"");
        ck_assert_int_eq(changing_save(E "/engine.json", NULL, empty), -EINVAL);
        other = edited(E "/engine.json", "\"f1\"", "\"f2\"");
        ck_assert_int_eq(changing_save(E "/engine.json", NULL, other), -EINVAL);
        changing_nothing();
        changing_end();
}
END_TEST

START_TEST(an_engine_is_ordered_from_a_draft) {
        static const struct change_secret secret = { "auth_cred.pwd", "S3cret!" };
        static const char document[] =
                "{\"payment\":\"1\",\"flavor\":\"f\",\"specType\":\"CSE2\",\"azList\":[\"a\"],"
                "\"authType\":\"RBAC\",\"vpc\":\"v\",\"vpcId\":\"vi\",\"networkId\":\"n\","
                "\"subnetCidr\":\"10.0.0.0/24\"}";
        _cleanup_(freep) char *draft = NULL;

        begin();
        draft = changing_draft(ENGINES, "new-one");
        ck_assert_int_eq(changing_create(ENGINES, "new-one", draft), -EINVAL);
        ck_assert_int_eq(changing_create(ENGINES, "new-one", document), -EINVAL);
        ck_assert(strstr(changing_reason(), "auth_cred.pwd"));
        ck_assert_int_eq(changing_create_with(ENGINES, "new-one", document, &secret, 1), 0);
        changing_sent("POST", "/v2/p1/enginemgr/engines",
                      "{\"name\":\"new-one\",\"payment\":\"1\",\"flavor\":\"f\",\"specType\":"
                      "\"CSE2\",\"azList\":[\"a\"],\"authType\":\"RBAC\",\"vpc\":\"v\",\"vpcId\":"
                      "\"vi\",\"networkId\":\"n\",\"subnetCidr\":\"10.0.0.0/24\",\"auth_cred\":"
                      "{\"pwd\":\"S3cret!\"}}");
        changing_told("{\"name\":\"new-one\",\"payment\":\"1\",\"flavor\":\"f\",\"specType\":"
                      "\"CSE2\",\"azList\":[\"a\"],\"authType\":\"RBAC\",\"vpc\":\"v\",\"vpcId\":"
                      "\"vi\",\"networkId\":\"n\",\"subnetCidr\":\"10.0.0.0/24\",\"auth_cred\":"
                      "{\"pwd\":\"<write-only: enter again>\"}}");
        ck_assert_int_eq(changing_create(ENGINES, "9lives", document), -EINVAL);
        changing_nothing();
        changing_end();
}
END_TEST

START_TEST(an_engine_goes_when_it_can) {
        begin();
        ck_assert_int_eq(changing_remove(E), 0);
        changing_sent("DELETE", V2, NULL);
        changing_answer("getEngine", "{\"id\":\"e1\",\"name\":\"shop\",\"status\":\"Upgrading\"}");
        ck_assert_int_eq(changing_remove(E), -EBUSY);
        changing_nothing();
        changing_end();
}
END_TEST

START_TEST(actions_of_an_engine) {
        _cleanup_(freep) char *form = NULL;

        begin();
        form = changing_read(E "/actions/upgrade");
        ck_assert(strstr(form, "\"version\": \"2.3.4\""));
        ck_assert_int_eq(changing_act(E "/actions/upgrade", "{\"version\":\"2.3.4\"}"), 0);
        changing_sent("PUT", V2 "/upgrade", "{\"version\":\"2.3.4\"}");
        ck_assert_int_eq(changing_act(E "/actions/retry", "{}"), -EPERM);
        changing_answer("getEngine", "{\"id\":\"e1\",\"engineAdditionalActions\":[\"Noting\","
                                     "\"Retry\"]}");
        ck_assert_int_eq(changing_act(E "/actions/retry", "{}"), 0);
        changing_sent("PUT", V2 "/actions", "{\"action\":\"Retry\"}");
        ck_assert_int_eq(
                changing_act(E "/actions/restore", "{\"backup_id\":\"b1\",\"name\":\"n\"}"), 0);
        changing_sent("POST", "/cseengine/v1/engines/e1/backups/b1/recovery", "{\"name\":\"n\"}");
        ck_assert_int_eq(changing_act(E "/actions/create-backup-policy", "{\"schedule\":\"x\"}"),
                         0);
        changing_sent("POST", "/cseengine/v1/engines/e1/backup-strategies", "{\"schedule\":\"x\"}");
        ck_assert_int_eq(
                changing_act(E "/actions/add-tags", "{\"tags\":[{\"key\":\"a\",\"value\":\"b\"}]}"),
                0);
        changing_sent("POST", "/v2/p1/cseEngines/e1/tags/create",
                      "{\"tags\":[{\"key\":\"a\",\"value\":\"b\"}],\"sys_tags\":[],\"action\":"
                      "\"create\",\"engineId\":\"e1\"}");
        changing_reply("{\"token\":\"abc\"}");
        ck_assert_int_eq(changing_act(E "/actions/issue-token", "{}"), 0);
        changing_sent("POST", V2 "/tokens", NULL);
        ck_assert_str_eq(changing_result()->secret, "abc");
        ck_assert_str_eq(changing_result()->secret_file, "token");
        changing_nothing();
        changing_end();
}
END_TEST

START_TEST(accounts_are_named_in_the_text) {
        begin();
        ck_assert_int_eq(changing_act(E "/actions/set-account-password",
                                      "{\"name\":\"ann\",\"currentPassword\":\"a\",\"password\":"
                                      "\"b\"}"),
                         0);
        changing_sent("POST", "/v3/p1/accounts/ann/password",
                      "{\"currentPassword\":\"a\",\"password\":\"b\"}");
        changing_told("{\"currentPassword\":\"<write-only: enter again>\",\"password\":"
                      "\"<write-only: enter again>\"}");
        changing_header("x-engine-id: e1\n");
        ck_assert_int_eq(changing_act(E "/actions/set-account-roles",
                                      "{\"name\":\"ann\",\"roles\":[\"admin\"]}"),
                         0);
        changing_sent("PUT", "/v3/p1/accounts/ann", "{\"roles\":[\"admin\"]}");
        ck_assert_int_eq(changing_act(E "/actions/delete-account", "{\"name\":\"ann\"}"), 0);
        changing_sent("DELETE", "/v3/p1/accounts/ann", NULL);
        ck_assert_int_eq(changing_act(E "/actions/delete-account", "{\"name\":\"a/b\"}"), -EINVAL);
        changing_nothing();
        changing_end();
}
END_TEST

START_TEST(configurations_go_in_and_out) {
        begin();
        ck_assert_int_eq(changing_act(E "/actions/import-config",
                                      "{\"label\":\"app:shop\",\"data\":[{\"key\":\"k\",\"value\":"
                                      "\"v\"}]}"),
                         0);
        changing_sent("POST", "/v1/p1/kie/file?override=abort&label=app%3Ashop",
                      "{\"data\":[{\"key\":\"k\",\"value\":\"v\"}]}");
        changing_header("x-engine-id: e1\n");
        ck_assert_int_eq(
                changing_act(E "/actions/import-config", "{\"override\":\"skip\",\"data\":[]}"), 0);
        changing_sent("POST", "/v1/p1/kie/file?override=skip", "{\"data\":[]}");
        changing_reply("{\"data\":[]}");
        ck_assert_int_eq(changing_act(E "/actions/export-config", "{}"), 0);
        changing_sent("POST", "/v1/p1/kie/download", "{\"ids\":[]}");
        ck_assert_str_eq(changing_result()->secret_file, "config-export.json");
        ck_assert_int_eq(changing_act(E "/actions/delete-config-scope",
                                      "{\"dimension\":\"d\",\"environment\":\"production\","
                                      "\"keys\":[\"k\"]}"),
                         0);
        changing_sent("DELETE", V3 "/configs/d", "{\"keys\":[\"k\"]}");
        changing_header("X-ENVIRONMENT: production\n");
        changing_nothing();
        changing_end();
}
END_TEST

#define RETRY E "/governance/production/shop/retry"

START_TEST(policies_are_saved_whole_and_moved) {
        _cleanup_(freep) char *text = NULL;
        _cleanup_(freep) char *wrong = NULL;

        begin();
        text = edited(RETRY "/cart.json", "\"maxAttempts\": 3", "\"maxAttempts\": 5");
        ck_assert_int_eq(changing_save(RETRY "/cart.json", NULL, text), 0);
        changing_sent("PUT", V3 "/governance/retry/g1",
                      "{\"name\":\"cart\",\"selector\":{\"environment\":\"production\",\"app\":"
                      "\"shop\"},\"spec\":{\"maxAttempts\":5}}");
        changing_header("x-engine-id: e1\n");
        changing_header("X-Enterprise-Project-ID: ep1\n");
        wrong = edited(RETRY "/cart.json", "\"app\": \"shop\"", "\"app\": \"net\"");
        ck_assert_int_eq(changing_save(RETRY "/cart.json", NULL, wrong), -EINVAL);
        ck_assert(strstr(changing_reason(), "mv"));
        ck_assert_int_eq(changing_rename(RETRY "/cart.json", RETRY, "pay.json"), 0);
        changing_sent("PUT", V3 "/governance/retry/g1",
                      "{\"name\":\"pay\",\"selector\":{\"environment\":\"production\",\"app\":"
                      "\"shop\"},\"spec\":{\"maxAttempts\":3}}");
        ck_assert_int_eq(
                changing_rename(RETRY "/cart.json", E "/governance/testing/-/retry", "cart.json"),
                0);
        changing_sent("PUT", V3 "/governance/retry/g1",
                      "{\"name\":\"cart\",\"selector\":{\"environment\":\"testing\"},\"spec\":"
                      "{\"maxAttempts\":3}}");
        ck_assert_int_eq(changing_rename(RETRY "/cart.json",
                                         E "/governance/production/shop/bulkhead", "cart.json"),
                         -EXDEV);
        ck_assert_int_eq(changing_remove(RETRY "/cart.json"), 0);
        changing_sent("DELETE", V3 "/governance/retry/g1", NULL);
        changing_nothing();
        changing_end();
}
END_TEST

START_TEST(policies_are_created_where_they_stand) {
        begin();
        ck_assert_int_eq(changing_create(E "/governance/production/shop/bulkhead", "cart.json",
                                         "{\"id\":\"old\",\"selector\":{\"app\":\"x\",\"service\":"
                                         "\"s\"},\"spec\":{\"maxConcurrentCalls\":9}}"),
                         0);
        changing_sent("POST", V3 "/governance/bulkhead",
                      "{\"name\":\"cart\",\"selector\":{\"environment\":\"production\",\"app\":"
                      "\"shop\",\"service\":\"s\"},\"spec\":{\"maxConcurrentCalls\":9}}");
        ck_assert_int_eq(
                changing_create(E "/governance/production/shop/scenes", "x.json", "{\"spec\":{}}"),
                -EPERM);
        ck_assert_int_eq(
                changing_save(E "/governance/production/shop/scenes/cart.json", NULL, "{}"),
                -EPERM);
        ck_assert_int_eq(changing_remove(E "/governance/production/shop/scenes/cart.json"), -EPERM);
        ck_assert_int_eq(changing_level(E "/governance/production/shop", "nonsense"), -EINVAL);
        ck_assert_int_eq(changing_level(E "/governance", "testing"), 0);
        changing_nothing();
        changing_end();
}
END_TEST

#define RULES E "/route-rules/production/shop"
#define RULE                                                                                 \
        "[{\"precedence\":1,\"route\":[{\"name\":\"r\",\"weight\":20,\"tags\":{\"version\":" \
        "\"1\"}}]}]"

START_TEST(route_rules_in_another_form_are_shown_as_they_are) {
        char *text;

        begin();
        changing_answer("getRouteRule", "{\"result\":\"- precedence: 1\\n  weight: 20\\n\"}");
        text = changing_read(RULES "/cart.json");
        ck_assert_str_eq(text, "- precedence: 1\n  weight: 20\n");
        free(text);
        ck_assert_int_eq(changing_save(RULES "/cart.json", NULL, RULE), -EPERM);
        ck_assert_int_eq(changing_save(RULES "/cart.json", "- precedence: 1\n  weight: 20\n", RULE),
                         -EPERM);
        changing_nothing();
        changing_end();
}
END_TEST

START_TEST(route_rules_are_lists) {
        begin();
        changing_answer("getRouteRule", "{\"result\":\"[]\"}");
        ck_assert_int_eq(changing_save(RULES "/cart.json", NULL, RULE), 0);
        changing_sent("PUT", V3 "/route-rule/microservices/cart?environment=production&app_id=shop",
                      RULE);
        ck_assert_int_eq(changing_save(RULES "/cart.json", NULL, "{}"), -EINVAL);
        ck_assert_int_eq(changing_remove(RULES "/cart.json"), 0);
        changing_sent("DELETE",
                      V3 "/route-rule/microservices/cart?environment=production&app_id=shop", NULL);
        ck_assert_int_eq(changing_create(RULES, "cart.json", RULE), -EEXIST);
        changing_answer("getRouteRule", "{\"result\":\"not JSON\"}");
        ck_assert_int_eq(changing_save(RULES "/cart.json", NULL, RULE), -EPERM);
        changing_answer("getRouteRule", "{\"result\":\"\"}");
        ck_assert_int_eq(changing_create(RULES, "pay.json", RULE), 0);
        changing_sent("PUT", V3 "/route-rule/microservices/pay?environment=production&app_id=shop",
                      RULE);
        ck_assert_int_eq(changing_create(RULES, "pay.json", "{}"), -EINVAL);
        changing_nothing();
        changing_end();
}
END_TEST

START_TEST(namespaces_go_by_the_query) {
        _cleanup_(freep) char *text = NULL;
        _cleanup_(freep) char *after = NULL;

        begin();
        changing_reply("true");
        ck_assert_int_eq(changing_create(N "/namespaces", "n3", NULL), 0);
        changing_sent("POST",
                      SPACES "?customNamespaceId=n3&namespaceName=n3&custom_namespace_id=n3"
                             "&namespace_name=n3",
                      NULL);
        changing_header("x-engine-id: e2\n");
        ck_assert_int_eq(changing_create(N "/namespaces", "public", NULL), -EEXIST);
        ck_assert_int_eq(changing_create(N "/namespaces", "a b", NULL), -EINVAL);
        text = changing_read(N "/namespaces/n1/namespace.json");
        ck_assert(strstr(text, "\"namespaceDesc\": null"));
        ck_assert_int_eq(changing_save(N "/namespaces/n1/namespace.json", NULL,
                                       "{\"namespace\":\"n1\",\"namespaceShowName\":\"uno\","
                                       "\"namespaceDesc\":null}"),
                         -EINVAL);
        ck_assert_int_eq(changing_save(N "/namespaces/n1/namespace.json", NULL,
                                       "{\"namespace\":\"n1\",\"namespaceShowName\":\"uno\","
                                       "\"namespaceDesc\":\"the first\"}"),
                         0);
        changing_sent("PUT",
                      SPACES "?namespace=n1&namespaceShowName=uno&namespaceDesc=the%20first"
                             "&namespace_show_name=uno&namespace_desc=the%20first",
                      NULL);
        after = changing_read(N "/namespaces/n1/namespace.json");
        ck_assert(strstr(after, "\"namespaceDesc\": \"the first\""));
        ck_assert_int_eq(changing_remove(N "/namespaces/n2"), -ENOTEMPTY);
        ck_assert_int_eq(changing_remove(N "/namespaces/public"), -EPERM);
        ck_assert_int_eq(changing_remove(N "/namespaces/n1"), 0);
        changing_sent("DELETE", SPACES "?namespaceId=n1&namespace_id=n1", NULL);
        changing_nothing();
        changing_end();
}
END_TEST

int main(void) {
        const struct unit_case cases[] = {
                { .name = "engine", .test = an_engine_has_a_description_and_an_alias },
                { .name = "draft", .test = an_engine_is_ordered_from_a_draft },
                { .name = "removal", .test = an_engine_goes_when_it_can },
                { .name = "actions", .test = actions_of_an_engine },
                { .name = "accounts", .test = accounts_are_named_in_the_text },
                { .name = "configurations", .test = configurations_go_in_and_out },
                { .name = "policies", .test = policies_are_saved_whole_and_moved },
                { .name = "new policies", .test = policies_are_created_where_they_stand },
                { .name = "route rules", .test = route_rules_are_lists },
                { .name = "route rules of another form",
                  .test = route_rules_in_another_form_are_shown_as_they_are },
                { .name = "namespaces", .test = namespaces_go_by_the_query },
                {},
        };

        return unit_main("change-cse", cases);
}
