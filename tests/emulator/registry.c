/* SPDX-License-Identifier: Apache-2.0 */
/* ServiceComb registries: services, schemas, instances, discovery, and what is refused. */
#include "tests/emulator/wire.h"

#include <string.h>

#define REGISTRY "/v4/default/registry"

static const struct wire shop = { .host = "registry-shop" };
static const struct wire bank = { .host = "registry-bank" };
static const struct wire lone = { .host = "sc" };

static void stop(void) {
        wire_done();
        cloud_stop();
}

/* The service of that key in a registry's list. */
static struct json_object *service(const struct wire *wire, const char *environment,
                                   const char *name, const char *version) {
        struct json_object *list =
                js_get(expect(wire, 200, NULL, "GET " REGISTRY "/microservices"), "/services");

        for (size_t i = 0; i < js_len(list, ""); i++) {
                const char *have = js_str(js_at(list, i), "/environment");

                if (str_eq(have ? have : "", environment) &&
                    str_eq(js_str(js_at(list, i), "/serviceName"), name) &&
                    str_eq(js_str(js_at(list, i), "/version"), version))
                        return js_at(list, i);
        }
        ck_abort_msg("there is no %s %s in \"%s\"", name, version, environment);
        return NULL;
}

static const char *id_of(const struct wire *wire, const char *environment, const char *name,
                         const char *version) {
        return js_str(service(wire, environment, name, version), "/serviceId");
}

static const char *make(const struct wire *wire, const char *name) {
        _cleanup_(freep) char *body = x_printf("{\"service\":{\"serviceName\":\"%s\",\"version\":"
                                               "\"1.0.0\",\"environment\":\"testing\"}}",
                                               name);

        return js_str(expect(wire, 200, body, "POST " REGISTRY "/microservices"), "/serviceId");
}

START_TEST(the_demo_is_varied) {
        struct json_object *list, *one;

        cloud_start("demo");
        list = js_get(expect(&shop, 200, NULL, "GET " REGISTRY "/microservices"), "/services");
        ck_assert_uint_eq(js_len(list, ""), 11);
        one = service(&shop, "", "inventory", "0.0.1");
        ck_assert_ptr_null(js_get(one, "/environment"));
        assert_text(one, "/appId", "legacy");
        ck_assert_uint_eq(strlen(js_str(one, "/serviceId")), 40);
        /* Seconds, in a string. */
        ck_assert_uint_eq(strspn(js_str(one, "/timestamp"), "0123456789"), 10);
        one = service(&shop, "development", "cart", "1.1.0");
        assert_text(expect(&shop, 200, NULL, "GET " REGISTRY "/microservices/%s",
                           js_str(one, "/serviceId")),
                    "/service/properties/team", "shop");
        ck_assert_ptr_null(
                js_get(service(&shop, "production", "invoices", "3.2.1"), "/description"));
        stop();
}
END_TEST

START_TEST(schema_texts_are_bytes) {
        struct json_object *list, *one;
        const char *id, *text;
        size_t len;

        cloud_start("demo");
        id = id_of(&shop, "development", "catalog", "1.0.0");
        list = js_get(expect(&shop, 200, NULL,
                             "GET " REGISTRY "/microservices/%s/schemas?withSchema=1", id),
                      "/schemas");
        ck_assert_uint_eq(js_len(list, ""), 3);
        ck_assert_uint_gt(strlen(js_str(element(list, "/schemaId", "search"), "/schema")),
                          64 * 1024);
        assert_text(element(list, "/schemaId", "draft"), "/schema", "\n");
        ck_assert_ptr_nonnull(
                strstr(js_str(element(list, "/schemaId", "catalog"), "/schema"), "商品目录"));
        one = js_get(expect(&shop, 200, NULL, "GET " REGISTRY "/microservices/%s/schemas", id),
                     "/schemas/0");
        ck_assert_ptr_null(js_get(one, "/schema"));
        id = id_of(&shop, "development", "cart", "1.1.0");
        text = js_str(expect(&shop, 200, NULL,
                             "GET " REGISTRY "/microservices/%s/schemas/cart.admin", id),
                      "/schema");
        ck_assert_ptr_nonnull(strstr(text, "\r\n"));
        id = id_of(&shop, "development", "cart", "1.0.0");
        text = js_str(expect(&shop, 200, NULL,
                             "GET " REGISTRY "/microservices/%s/schemas/cart.admin", id),
                      "/schema");
        len = strlen(text);
        ck_assert(text[len - 1] != '\n');
        /* Listed by its service, but never stored. */
        id = id_of(&shop, "development", "orders", "1.0.0");
        list = js_get(expect(&shop, 200, NULL,
                             "GET " REGISTRY "/microservices/%s/schemas?withSchema=1", id),
                      "/schemas");
        ck_assert_ptr_null(js_get(element(list, "/schemaId", "planned"), "/schema"));
        expect_error(&shop, 400, "400016", NULL,
                     "GET " REGISTRY "/microservices/%s/schemas/planned", id);
        stop();
}
END_TEST

START_TEST(a_schema_lives) {
        const struct answer *answer;
        _cleanup_(freep) char *summary = NULL;
        const char *id;

        cloud_start("demo");
        id = make(&shop, "fresh");
        expect(&shop, 200, "{\"schema\":\"a: 1\\n\",\"summary\":\"abc123\"}",
               "PUT " REGISTRY "/microservices/%s/schemas/one", id);
        assert_text(expect(&shop, 200, NULL, "GET " REGISTRY "/microservices/%s", id),
                    "/service/schemas/0", "one");
        answer = send_to(&shop, NULL, "GET " REGISTRY "/microservices/%s/schemas/one", id);
        assert_text(answer->json, "/schema", "a: 1\n");
        summary = answer_header(answer, "X-Schema-Summary");
        ck_assert_pstr_eq(summary, "abc123");
        assert_text(expect(&shop, 200, NULL,
                           "GET " REGISTRY "/existence?type=schema&serviceId=%s&schemaId=one", id),
                    "/schemaId", "one");
        expect_error(&shop, 400, "400001", "{\"schema\":\"x\",\"summary\":\"not-good\"}",
                     "PUT " REGISTRY "/microservices/%s/schemas/one", id);
        expect(&shop, 200, NULL, "DELETE " REGISTRY "/microservices/%s/schemas/one", id);
        expect_error(&shop, 400, "400016", NULL, "DELETE " REGISTRY "/microservices/%s/schemas/one",
                     id);
        ck_assert_ptr_null(
                js_get(expect(&shop, 200, NULL, "GET " REGISTRY "/microservices/%s/schemas", id),
                       "/schemas"));
        for (int i = 0; i < 100; i++)
                expect(&shop, 200, "{\"schema\":\"x\"}",
                       "PUT " REGISTRY "/microservices/%s/schemas/s%d", id, i);
        expect_error(&shop, 400, "400100", "{\"schema\":\"x\"}",
                     "PUT " REGISTRY "/microservices/%s/schemas/onemore", id);
        expect_error(&shop, 400, "400012", "{\"schema\":\"x\"}",
                     "PUT " REGISTRY "/microservices/nobody/schemas/one");
        stop();
}
END_TEST

START_TEST(an_older_engine_freezes_production) {
        struct wire in = bank;
        _cleanup_(freep) char *header = NULL;
        const char *id, *token;

        cloud_start("demo");
        expect_error(&bank, 401, "401204", NULL, "GET " REGISTRY "/microservices");
        expect_error(&bank, 401, "401202", "{\"name\":\"root\",\"password\":\"wrong\"}",
                     "POST /v4/token");
        token = js_str(expect(&bank, 200, "{\"name\":\"root\",\"password\":\"Demo-Passw0rd!\"}",
                              "POST /v4/token"),
                       "/token");
        in.headers[0] = header = x_printf("Authorization: Bearer %s", token);
        id = id_of(&in, "production", "ledger", "1.0.0");
        expect_error(&in, 400, "400015", "{\"schema\":\"other\"}",
                     "PUT " REGISTRY "/microservices/%s/schemas/ledger", id);
        expect(&in, 200, "{\"schema\":\"new\"}", "PUT " REGISTRY "/microservices/%s/schemas/more",
               id);
        ck_assert_int_eq(
                send_to(&in, NULL, "DELETE " REGISTRY "/microservices/%s/schemas/more", id)->status,
                405);
        id = id_of(&in, "testing", "ledger", "1.1.0");
        expect(&in, 200, "{\"schema\":\"other\"}",
               "PUT " REGISTRY "/microservices/%s/schemas/ledger", id);
        stop();
}
END_TEST

START_TEST(a_service_lives) {
        const char *id;

        cloud_start("demo");
        id = js_str(expect(&shop, 200,
                           "{\"service\":{\"serviceName\":\"new\",\"appId\":\"shop\"},\"tags\":{"
                           "\"a\":\"b\"}}",
                           "POST " REGISTRY "/microservices"),
                    "/serviceId");
        assert_text(service(&shop, "", "new", "0.0.1"), "/level", "BACK");
        /* The same key once more changes nothing; with another id it is refused. */
        assert_text(expect(&shop, 200,
                           "{\"service\":{\"serviceName\":\"new\",\"appId\":\"shop\",\"level\":"
                           "\"FRONT\"}}",
                           "POST " REGISTRY "/microservices"),
                    "/serviceId", id);
        assert_text(service(&shop, "", "new", "0.0.1"), "/level", "BACK");
        expect_error(
                &shop, 400, "400010",
                "{\"service\":{\"serviceName\":\"new\",\"appId\":\"shop\",\"serviceId\":\"mine\"}}",
                "POST " REGISTRY "/microservices");
        expect_error(&shop, 400, "400001",
                     "{\"service\":{\"serviceName\":\"v\",\"version\":\"1.2.3.4.5\"}}",
                     "POST " REGISTRY "/microservices");
        expect(&shop, 200, "{\"properties\":{\"owner\":\"me\"}}",
               "PUT " REGISTRY "/microservices/%s/properties", id);
        assert_text(service(&shop, "", "new", "0.0.1"), "/properties/owner", "me");
        assert_text(expect(&shop, 200, NULL,
                           "GET " REGISTRY
                           "/existence?type=microservice&appId=shop&serviceName=new&version=0.0.1"),
                    "/serviceId", id);
        expect_error(&shop, 400, "400026", NULL,
                     "GET " REGISTRY
                     "/existence?type=microservice&appId=shop&serviceName=new&version=2.0.0");
        expect_error(&shop, 400, "400012", NULL,
                     "GET " REGISTRY
                     "/existence?type=microservice&appId=shop&serviceName=old&version=2.0.0");
        expect(&shop, 200, NULL, "DELETE " REGISTRY "/microservices/%s", id);
        expect_error(&shop, 400, "400012", NULL, "GET " REGISTRY "/microservices/%s", id);
        /* Made anew it has its old id. */
        assert_text(expect(&shop, 200, "{\"service\":{\"serviceName\":\"new\",\"appId\":\"shop\"}}",
                           "POST " REGISTRY "/microservices"),
                    "/serviceId", id);
        stop();
}
END_TEST

START_TEST(what_blocks_a_deletion) {
        struct json_object *list;
        const char *cart, *payment;

        cloud_start("demo");
        cart = id_of(&shop, "development", "cart", "1.0.0");
        payment = id_of(&shop, "development", "payment", "2.0.0");
        expect_error(&shop, 400, "400013", NULL, "DELETE " REGISTRY "/microservices/%s", cart);
        expect_error(&shop, 400, "400023", NULL, "DELETE " REGISTRY "/microservices/%s", payment);
        list = js_get(expect(&shop, 200, "{\"serviceIds\":[\"gone\",\"gone too\"]}",
                             "DELETE " REGISTRY "/microservices"),
                      "/services");
        assert_text(list, "/0/serviceId", "gone too");
        assert_text(list, "/0/errMessage", "Micro-service does not exist");
        expect(&shop, 200, NULL, "DELETE " REGISTRY "/microservices/%s?force=true", cart);
        list = js_get(expect(&shop, 200, NULL, "GET " REGISTRY "/microservices"), "/services");
        ck_assert(!has_element(list, "/serviceId", cart));
        stop();
}
END_TEST

#define INSTANCE                                                                           \
        "{\"instance\":{\"instanceId\":\"%s\",\"hostName\":\"h\",\"endpoints\":[\"rest://" \
        "%s:80\"]}}"

static void register_instance(const struct wire *wire, const char *service_id, const char *id) {
        _cleanup_(freep) char *body = x_printf(INSTANCE, id, id);

        assert_text(
                expect(wire, 200, body, "POST " REGISTRY "/microservices/%s/instances", service_id),
                "/instanceId", id);
}

START_TEST(an_instance_is_a_lease) {
        struct json_object *one;
        const char *id;

        cloud_start("empty");
        id = make(&lone, "provider");
        register_instance(&lone, id, "i1");
        register_instance(&lone, id, "i2");
        one = expect(&lone, 200, NULL, "GET " REGISTRY "/microservices/%s/instances/i1", id);
        assert_number(one, "/instance/healthCheck/interval", 30);
        assert_text(one, "/instance/version", "1.0.0");
        cloud_advance(100 * SECOND);
        expect(&lone, 200, NULL, "PUT " REGISTRY "/microservices/%s/instances/i1/heartbeat", id);
        cloud_advance(100 * SECOND);
        expect(&lone, 200, NULL, "GET " REGISTRY "/microservices/%s/instances/i1", id);
        expect_error(&lone, 400, "400017", NULL, "GET " REGISTRY "/microservices/%s/instances/i2",
                     id);
        expect_error(&lone, 400, "400017", NULL,
                     "PUT " REGISTRY "/microservices/%s/instances/i2/heartbeat", id);
        expect(&lone, 200, NULL,
               "PUT " REGISTRY "/microservices/%s/instances/i1/status?value=OUTOFSERVICE", id);
        expect(&lone, 200, "{\"properties\":{\"k\":\"v\"}}",
               "PUT " REGISTRY "/microservices/%s/instances/i1/properties", id);
        one = expect(&lone, 200, NULL, "GET " REGISTRY "/microservices/%s/instances", id);
        assert_text(one, "/instances/0/status", "OUTOFSERVICE");
        assert_text(one, "/instances/0/properties/k", "v");
        expect(&lone, 200, NULL, "DELETE " REGISTRY "/microservices/%s/instances/i1", id);
        ck_assert_ptr_null(
                js_get(expect(&lone, 200, NULL, "GET " REGISTRY "/microservices/%s/instances", id),
                       "/instances"));
        stop();
}
END_TEST

/* The revision of a list of instances, as its header has it. Owned. */
static char *revision(const char *id) {
        return answer_header(
                send_to(&lone, NULL, "GET " REGISTRY "/microservices/%s/instances", id),
                "X-Resource-Revision");
}

START_TEST(lists_of_instances_have_revisions) {
        _cleanup_(freep) char *first = NULL, *second = NULL, *third = NULL;
        const struct answer *answer;
        const char *id;

        cloud_start("empty");
        id = make(&lone, "provider");
        register_instance(&lone, id, "i1");
        first = revision(id);
        answer = send_to(&lone, NULL, "GET " REGISTRY "/microservices/%s/instances?rev=%s", id,
                         first);
        ck_assert_int_eq(answer->status, 304);
        ck_assert_uint_eq(answer->size, 0);
        expect(&lone, 200, NULL, "PUT " REGISTRY "/microservices/%s/instances/i1/heartbeat", id);
        second = revision(id);
        ck_assert_pstr_eq(first, second);
        expect(&lone, 200, NULL, "PUT " REGISTRY "/microservices/%s/instances/i1/status?value=DOWN",
               id);
        third = revision(id);
        ck_assert_pstr_ne(second, third);
        expect(&lone, 200, NULL, "GET " REGISTRY "/microservices/%s/instances?rev=%s", id, first);
        stop();
}
END_TEST

START_TEST(discovery_leaves_a_dependency) {
        struct wire consumer = lone;
        _cleanup_(freep) char *header = NULL;
        const char *provider, *id;
        struct json_object *found;

        cloud_start("empty");
        provider = make(&lone, "provider");
        id = make(&lone, "consumer");
        register_instance(&lone, provider, "i1");
        consumer.headers[0] = header = x_printf("X-ConsumerId: %s", id);
        /* The environment is the consumer's. */
        found = expect(&consumer, 200, NULL,
                       "GET " REGISTRY "/instances?appId=default&serviceName=provider");
        assert_text(found, "/instances/0/instanceId", "i1");
        expect_error(&lone, 400, "400012", NULL,
                     "GET " REGISTRY "/instances?appId=default&serviceName=provider");
        expect(&lone, 200, NULL,
               "GET " REGISTRY "/instances?appId=default&serviceName=provider&env=testing");
        ck_assert_ptr_null(
                js_get(expect(&lone, 200, NULL, "GET " REGISTRY "/microservices/%s/providers", id),
                       "/providers"));
        cloud_advance(3 * SECOND);
        found = expect(&lone, 200, NULL, "GET " REGISTRY "/microservices/%s/providers", id);
        assert_text(found, "/providers/0/serviceId", provider);
        expect(&lone, 200, NULL, "DELETE " REGISTRY "/microservices/%s/instances/i1", provider);
        expect_error(&lone, 400, "400023", NULL, "DELETE " REGISTRY "/microservices/%s", provider);
        consumer.headers[0] = "X-ConsumerId: nobody";
        expect_error(&consumer, 400, "400012", NULL,
                     "GET " REGISTRY "/instances?appId=default&serviceName=provider");
        stop();
}
END_TEST

START_TEST(a_batch_reports_each_entry) {
        _cleanup_(freep) char *body = NULL;
        struct json_object *found;
        const char *id;

        cloud_start("empty");
        id = make(&lone, "provider");
        register_instance(&lone, id, "i1");
        found = expect(
                &lone, 200,
                "{\"services\":[{\"service\":{\"environment\":\"testing\",\"appId\":\"default\","
                "\"serviceName\":\"provider\"},\"rev\":\"0\"},{\"service\":{\"environment\":\"\","
                "\"appId\":\"default\",\"serviceName\":\"none\"}}]}",
                "POST " REGISTRY "/instances/action?type=query");
        assert_number(found, "/services/updated/0/index", 0);
        assert_text(found, "/services/updated/0/instances/0/instanceId", "i1");
        assert_number(found, "/services/failed/0/indexes/0", 1);
        assert_text(found, "/services/failed/0/error/errorCode", "400012");
        body = x_printf(
                "{\"services\":[{\"service\":{\"environment\":\"testing\",\"appId\":\"default\","
                "\"serviceName\":\"provider\"},\"rev\":\"%s\"}],\"instances\":[{\"instance\":"
                "{\"serviceId\":\"%s\",\"instanceId\":\"gone\"}}]}",
                js_str(found, "/services/updated/0/rev"), id);
        found = expect(&lone, 200, body, "POST " REGISTRY "/instances/action?type=query");
        assert_number(found, "/services/notModified/0", 0);
        assert_text(found, "/instances/failed/0/error/errorCode", "400017");
        stop();
}
END_TEST

START_TEST(scale_has_many_schemas) {
        struct json_object *list;

        cloud_start("scale:1000");
        list = js_get(expect(&lone, 200, NULL, "GET " REGISTRY "/microservices"), "/services");
        ck_assert_uint_eq(js_len(list, ""), 20);
        assert_text(list, "/0/serviceName", "svc-00");
        list = expect(&lone, 200, NULL, "GET " REGISTRY "/microservices/%s/schemas?withSchema=1",
                      js_str(list, "/19/serviceId"));
        ck_assert_uint_eq(js_len(list, "/schemas"), 50);
        stop();
}
END_TEST

int main(void) {
        const struct unit_case cases[] = {
                { "the demo is varied", the_demo_is_varied, 0 },
                { "schema texts are bytes", schema_texts_are_bytes, 0 },
                { "a schema lives", a_schema_lives, 0 },
                { "an older engine freezes production", an_older_engine_freezes_production, 0 },
                { "a service lives", a_service_lives, 0 },
                { "what blocks a deletion", what_blocks_a_deletion, 0 },
                { "an instance is a lease", an_instance_is_a_lease, 0 },
                { "lists of instances have revisions", lists_of_instances_have_revisions, 0 },
                { "discovery leaves a dependency", discovery_leaves_a_dependency, 0 },
                { "a batch reports each entry", a_batch_reports_each_entry, 0 },
                { "scale has many schemas", scale_has_many_schemas, 0 },
                { 0 },
        };

        return unit_main("emulator-registry", cases);
}
