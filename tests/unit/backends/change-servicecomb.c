/* SPDX-License-Identifier: Apache-2.0 */
/* Changes of a registry and of configurations: the requests, and what is refused before. */
#include <check.h>

#include "base/text.h"
#include "tests/unit/backends/changing.h"
#include "tests/unit/unit.h"

#define V      "registry/production/shop/cart/1.0.0"
#define S      "/v4/default/registry/microservices"
#define KV     "/v1/default/kie/kv"
#define LABELS "config/app=shop,environment=production"

static const char registered[] =
        "{\"services\":[{\"serviceId\":\"s1\",\"environment\":\"production\",\"appId\":\"shop\","
        "\"serviceName\":\"cart\",\"version\":\"1.0.0\",\"properties\":{\"a\":\"1\"}},"
        "{\"serviceId\":\"s2\",\"appId\":\"shop\",\"serviceName\":\"pay\",\"version\":\"2\"}]}";
static const char schemas[] = "{\"schemas\":[{\"schemaId\":\"cart\",\"schema\":\"swagger: 2\\n\","
                              "\"summary\":\"x\"}]}";
static const char instances[] =
        "{\"instances\":[{\"instanceId\":\"i1\",\"serviceId\":\"s1\",\"hostName\":\"h\","
        "\"status\":\"UP\",\"properties\":{\"a\":\"1\"},\"modTimestamp\":\"1\"}]}";
static const char configs[] =
        "{\"data\":[{\"id\":\"k1\",\"key\":\"log.level\",\"value\":\"info\",\"status\":\"enabled\","
        "\"value_type\":\"text\",\"labels\":{\"environment\":\"production\",\"app\":\"shop\"}},"
        "{\"id\":\"k2\",\"key\":\"a.json\",\"value\":\"{}\",\"status\":\"disabled\","
        "\"value_type\":\"json\"}]}";

static void begin(void) {
        struct view_options options = changing_account;

        options.type = ACCOUNT_SERVICECOMB;
        changing_begin(&options);
        changing_answer("listMicroservices", registered);
        changing_answer("listSchemas", schemas);
        changing_answer("listInstances", instances);
        changing_answer("listConfigs", configs);
        changing_missing("checkExistence");
}

START_TEST(properties_are_sent_whole) {
        begin();
        ck_assert_int_eq(changing_save(V "/properties.json", NULL, "{\"b\":\"2\"}"), 0);
        changing_sent("PUT", S "/s1/properties", "{\"properties\":{\"b\":\"2\"}}");
        ck_assert_int_eq(changing_save(V "/properties.json", NULL, "{}"), 0);
        changing_sent("PUT", S "/s1/properties", "{\"properties\":{}}");
        ck_assert_int_eq(changing_save(V "/properties.json", NULL, "{\"a\": \"1\"}"), 0);
        changing_nothing();
        ck_assert_int_eq(changing_save(V "/service.json", NULL, "{}"), -EPERM);
        changing_nothing();
        changing_end();
}
END_TEST

START_TEST(schemas_are_texts_with_a_digest) {
        begin();
        ck_assert_int_eq(changing_save(V "/schemas/cart.yaml", "swagger: 2\n", "abc"), 0);
        changing_sent("PUT", S "/s1/schemas/cart",
                      "{\"schema\":\"abc\",\"summary\":"
                      "\"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad\"}");
        ck_assert_int_eq(changing_save(V "/schemas/cart.yaml", "swagger: 1\n", "abc"), -ESTALE);
        ck_assert_str_eq(changing_result()->document->data, "swagger: 2\n");
        ck_assert_int_eq(changing_save(V "/schemas/cart.yaml", NULL, ""), -EINVAL);
        ck_assert_int_eq(changing_create(V "/schemas", "order.yaml", "abc"), 0);
        changing_sent("PUT", S "/s1/schemas/order",
                      "{\"schema\":\"abc\",\"summary\":"
                      "\"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad\"}");
        ck_assert_int_eq(changing_create(V "/schemas", "-.yaml", "abc"), -EINVAL);
        ck_assert_int_eq(changing_create(V "/schemas", "order.yaml", ""), -EINVAL);
        ck_assert_int_eq(changing_create(V "/schemas", "order.json", "abc"), -EINVAL);
        ck_assert_int_eq(changing_create(V "/schemas", "cart.yaml", "abc"), -EEXIST);
        ck_assert_int_eq(changing_remove(V "/schemas/cart.yaml"), 0);
        changing_sent("DELETE", S "/s1/schemas/cart", NULL);
        changing_nothing();
        changing_end();
}
END_TEST

START_TEST(instances_change_in_two_steps) {
        static const char edited[] = "{\"instanceId\":\"i1\",\"serviceId\":\"s1\",\"hostName\":"
                                     "\"h\",\"status\":\"DOWN\","
                                     "\"properties\":{\"b\":\"2\"}}";

        begin();
        ck_assert_int_eq(changing_save(V "/instances/i1.json", NULL, edited), 0);
        changing_sent("PUT", S "/s1/instances/i1/properties", "{\"properties\":{\"b\":\"2\"}}");
        changing_sent("PUT", S "/s1/instances/i1/status?value=DOWN", NULL);
        ck_assert_int_eq(changing_save(V "/instances/i1.json", NULL,
                                       "{\"instanceId\":\"i1\",\"serviceId\":\"s1\",\"hostName\":"
                                       "\"h\",\"status\":\"UP\"}"),
                         0);
        changing_sent("PUT", S "/s1/instances/i1/properties", "{\"properties\":{}}");
        ck_assert_int_eq(changing_save(V "/instances/i1.json", NULL,
                                       "{\"instanceId\":\"i1\",\"serviceId\":\"s1\",\"hostName\":"
                                       "\"g\",\"status\":\"UP\",\"properties\":{\"a\":\"1\"}}"),
                         -EINVAL);
        ck_assert(strstr(changing_reason(), "/hostName"));
        ck_assert_int_eq(changing_create(V "/instances", "i2.json", edited), 0);
        changing_sent("POST", S "/s1/instances",
                      "{\"instance\":{\"instanceId\":\"i2\",\"hostName\":\"h\",\"status\":\"DOWN\","
                      "\"properties\":{\"b\":\"2\"}}}");
        ck_assert_int_eq(changing_create(V "/instances", "i1.json", edited), -EEXIST);
        ck_assert_int_eq(changing_create(V "/instances", "i2.json", "{}"), -EINVAL);
        ck_assert_int_eq(changing_remove(V "/instances/i1.json"), 0);
        changing_sent("DELETE", S "/s1/instances/i1", NULL);
        ck_assert_int_eq(changing_act(V "/instances/actions/heartbeat", "{\"instanceId\":\"i1\"}"),
                         0);
        changing_sent("PUT", S "/s1/instances/i1/heartbeat", NULL);
        ck_assert_int_eq(changing_act(V "/instances/actions/heartbeat", "{}"), -EINVAL);
        changing_nothing();
        changing_end();
}
END_TEST

START_TEST(a_version_is_made_from_a_draft) {
        _cleanup_(freep) char *text = NULL;

        begin();
        text = changing_draft("registry/production/shop/cart", "1.1.0");
        ck_assert_int_eq(changing_create("registry/production/shop/cart", "1.1.0", text), 0);
        changing_sent("POST", S,
                      "{\"service\":{\"environment\":\"production\",\"appId\":\"shop\","
                      "\"serviceName\":\"cart\",\"version\":\"1.1.0\",\"description\":\"\","
                      "\"level\":\"BACK\",\"schemas\":[],\"status\":\"UP\"}}");
        ck_assert_int_eq(changing_create("registry/-/shop/new", "3",
                                         "{\"serviceId\":\"old\",\"environment\":\"testing\","
                                         "\"timestamp\":\"1\",\"tags\":{\"a\":\"b\"},\"extra\":1}"),
                         0);
        changing_sent("POST", S,
                      "{\"service\":{\"appId\":\"shop\",\"serviceName\":\"new\",\"version\":\"3\","
                      "\"extra\":1},\"tags\":{\"a\":\"b\"}}");
        ck_assert_int_eq(changing_create("registry/-/shop/new", "v3", "{}"), -EINVAL);
        ck_assert_int_eq(changing_create("registry/-/shop/new", "3", "{\"rules\":[]}"), -EINVAL);
        ck_assert_int_eq(changing_create("registry/-/shop", "3", "{}"), -EPERM);
        changing_missing(NULL);
        changing_answer("checkExistence", "{\"serviceId\":\"s9\"}");
        ck_assert_int_eq(changing_create("registry/-/shop/new", "3", "{}"), -EEXIST);
        ck_assert(strstr(changing_reason(), "s9"));
        changing_nothing();
        changing_end();
}
END_TEST

START_TEST(versions_go) {
        begin();
        ck_assert_int_eq(changing_remove(V), 0);
        changing_sent("DELETE", S "/s1", NULL);
        ck_assert_int_eq(changing_act(V "/actions/force-delete", "{}"), 0);
        changing_sent("DELETE", S "/s1?force=true", NULL);
        ck_assert_int_eq(changing_act("registry/actions/delete-services",
                                      "{\"serviceIds\":[\"s1\",\"s2\"],\"force\":true}"),
                         0);
        changing_sent("DELETE", S "?force=true", "{\"serviceIds\":[\"s1\",\"s2\"],\"force\":true}");
        changing_nothing();
        changing_end();
}
END_TEST

START_TEST(values_keep_their_status) {
        begin();
        ck_assert_int_eq(changing_save(LABELS "/log.level", "info", "debug"), 0);
        changing_sent("PUT", KV "/k1", "{\"value\":\"debug\",\"status\":\"enabled\"}");
        ck_assert_int_eq(changing_save("config/-/a.json", NULL, "[]\n"), 0);
        changing_sent("PUT", KV "/k2", "{\"value\":\"[]\\n\",\"status\":\"disabled\"}");
        ck_assert_int_eq(changing_save("config/-/a.json", NULL, ""), -EINVAL);
        ck_assert_int_eq(changing_save("config/-/a.json", NULL, "\xff"), -EINVAL);
        ck_assert_int_eq(changing_save(LABELS "/.meta/log.level.json", NULL,
                                       "{\"value_type\":\"text\",\"status\":\"disabled\"}"),
                         0);
        changing_sent("PUT", KV "/k1", "{\"value\":\"info\",\"status\":\"disabled\"}");
        ck_assert_int_eq(changing_save(LABELS "/.meta/log.level.json", NULL,
                                       "{\"value_type\":\"json\",\"status\":\"enabled\"}"),
                         -EINVAL);
        ck_assert(strstr(changing_reason(), "/value_type"));
        ck_assert_int_eq(changing_remove(LABELS "/log.level"), 0);
        changing_sent("DELETE", KV "/k1", NULL);
        ck_assert_int_eq(changing_remove(LABELS "/.meta/log.level.json"), -EPERM);
        changing_nothing();
        changing_end();
}
END_TEST

START_TEST(values_are_created_with_the_labels_of_their_directory) {
        begin();
        ck_assert_int_eq(changing_create(LABELS, "routes.yaml", "a: 1\n"), 0);
        changing_sent("POST", KV,
                      "{\"key\":\"routes.yaml\",\"value\":\"a: 1\\n\",\"labels\":{\"app\":\"shop\","
                      "\"environment\":\"production\"},\"status\":\"enabled\",\"value_type\":"
                      "\"yaml\"}");
        ck_assert_int_eq(changing_create("config/-", "x", "1"), 0);
        changing_sent("POST", KV,
                      "{\"key\":\"x\",\"value\":\"1\",\"labels\":{},\"status\":\"enabled\","
                      "\"value_type\":\"text\"}");
        ck_assert_int_eq(changing_create("config/zone=", "x", "1"), 0);
        changing_sent("POST", KV,
                      "{\"key\":\"x\",\"value\":\"1\",\"labels\":{\"zone\":\"\"},\"status\":"
                      "\"enabled\",\"value_type\":\"text\"}");
        ck_assert_int_eq(changing_create("config/-", "a b", "1"), -EINVAL);
        ck_assert_int_eq(changing_create("config/-", "x", ""), -EINVAL);
        ck_assert_int_eq(changing_create("config", "x", "1"), -EPERM);
        ck_assert_int_eq(changing_create("config/-", "a.json", "1"), -EEXIST);
        ck_assert_int_eq(changing_level("config", "environment=production,app=shop"), -EINVAL);
        ck_assert(strstr(changing_reason(), "app=shop,environment=production"));
        ck_assert_int_eq(changing_level("config", "nonsense"), -EINVAL);
        ck_assert_int_eq(changing_level("config", "a=1,a=2"), -EINVAL);
        ck_assert_int_eq(changing_level("config/-", "a=1"), -EPERM);
        ck_assert_int_eq(changing_act("config/actions/delete", "{\"ids\":[\"k1\",\"k2\"]}"), 0);
        changing_sent("DELETE", KV, "{\"ids\":[\"k1\",\"k2\"]}");
        changing_nothing();
        changing_end();
}
END_TEST

enum { VALUE_MOST = 131072 };

/* @extra: characters beyond what the service takes; each of two bytes. */
static char *long_value(size_t extra) {
        size_t chars = VALUE_MOST + extra;
        char *text = malloc(2 * chars + 1);

        ck_assert_ptr_nonnull(text);
        for (size_t i = 0; i < chars; i++)
                memcpy(text + 2 * i, "\xc3\xa9", 2);
        text[2 * chars] = '\0';
        return text;
}

START_TEST(values_too_long_are_not_sent) {
        _cleanup_(freep) char *longest = long_value(0), *longer = long_value(1);

        begin();
        ck_assert_int_eq(changing_save(LABELS "/log.level", NULL, longer), -EFBIG);
        ck_assert(strstr(changing_reason(), "131073 characters, the service takes 131072"));
        ck_assert_int_eq(changing_create("config/-", "x", longer), -EFBIG);
        changing_nothing();
        ck_assert_int_eq(changing_save(LABELS "/log.level", NULL, longest), 0);
        ck_assert_int_eq(changing_create("config/-", "x", longest), 0);
        ck_assert_int_eq(changing_level("config", "a=1,b=2,c=3,d=4,e=5,f=6"), 0);
        ck_assert_int_eq(changing_level("config", "a=1,b=2,c=3,d=4,e=5,f=6,g=7"), -EINVAL);
        changing_end();
}
END_TEST

START_TEST(a_type_may_be_said_before_the_value) {
        begin();
        ck_assert_int_eq(changing_create("config/-/.meta", "x.json",
                                         "{\"value_type\":\"xml\",\"status\":\"disabled\"}"),
                         0);
        ck_assert_int_eq(changing_create("config/-/.meta", "x.json", "{\"value_type\":\"no\"}"),
                         -EINVAL);
        ck_assert_int_eq(changing_create("config/-/.meta", "a.json.json", "{}"), -EEXIST);
        changing_nothing();
        ck_assert_int_eq(changing_create("config/-", "x", "1"), 0);
        changing_sent("POST", KV,
                      "{\"key\":\"x\",\"value\":\"1\",\"labels\":{},\"status\":\"disabled\","
                      "\"value_type\":\"xml\"}");
        /* It was said for that one. */
        ck_assert_int_eq(changing_create("config/-", "x", "1"), 0);
        changing_sent("POST", KV,
                      "{\"key\":\"x\",\"value\":\"1\",\"labels\":{},\"status\":\"enabled\","
                      "\"value_type\":\"text\"}");
        changing_end();
}
END_TEST

static int save_type(const char *revisions) {
        _cleanup_(freep) char *list = NULL;

        ck_assert_int_gt(asprintf(&list,
                                  "{\"data\":[{\"id\":\"k9\",\"key\":\"n0\",\"value\":\"v\","
                                  "\"status\":\"enabled\",\"value_type\":\"text\",%s}]}",
                                  revisions),
                         0);
        changing_answer("listConfigs", list);
        return changing_save("config/-/.meta/n0.json", NULL,
                             "{\"value_type\":\"ini\",\"status\":\"enabled\"}");
}

/* Tools write all values of a directory first. */
START_TEST(a_type_may_be_said_right_after_the_value) {
        enum { MANY = 500 };
        char name[16];

        begin();
        ck_assert_int_eq(save_type("\"create_revision\":3,\"update_revision\":3"), -EINVAL);
        changing_answer("listConfigs", configs);
        for (unsigned i = 0; i < MANY; i++) {
                (void)snprintf(name, sizeof(name), "n%u", i);
                ck_assert_int_eq(changing_create("config/-", name, "v"), 0);
        }
        ck_assert_int_eq(save_type("\"create_revision\":3,\"update_revision\":4"), -EINVAL);
        ck_assert_int_eq(save_type("\"create_revision\":3,\"update_revision\":3"), 0);
        ck_assert_uint_eq(changing_result()->steps, 2);
        ck_assert(changing_result()->is_remade);
        changing_end();
}
END_TEST

int main(void) {
        const struct unit_case cases[] = {
                { .name = "properties", .test = properties_are_sent_whole },
                { .name = "schemas", .test = schemas_are_texts_with_a_digest },
                { .name = "instances", .test = instances_change_in_two_steps },
                { .name = "drafts", .test = a_version_is_made_from_a_draft },
                { .name = "versions", .test = versions_go },
                { .name = "values", .test = values_keep_their_status },
                { .name = "type before", .test = a_type_may_be_said_before_the_value },
                { .name = "type after", .test = a_type_may_be_said_right_after_the_value },
                { .name = "long values", .test = values_too_long_are_not_sent },
                { .name = "new values",
                  .test = values_are_created_with_the_labels_of_their_directory },
                {},
        };

        return unit_main("change-servicecomb", cases);
}
