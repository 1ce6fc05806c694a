/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Requests against the real contract: what passes, what is a violation, and that every documented
 * example passes its own document.
 */
#include "contrib/emulator/validate.h"

#include <string.h>

#include "contrib/emulator/contract.h"
#include "contrib/emulator/schema.h"
#include "tests/unit/unit.h"

static struct contract *contract;

static void finish(struct exchange *x) {
        json_object_put(x->req.body);
        pairs_clear(&x->req.path_params);
        pairs_clear(&x->req.query);
        pairs_clear(&x->req.headers);
        response_clear(&x->resp);
        buf_done(&x->raw);
        free(x->violation);
        free(x->own_fault);
}

/* The violation of a request; "" if there is none. A body is sent as that media type. */
static const char *violation(const char *service, const char *method, const char *path,
                             const char *query, const char *media, const char *body) {
        static char text[400];
        struct exchange x = { .req = { .service = service } };
        bool known;

        x.req.operation =
                contract_route(contract, service, method, path, &x.req.path_params, &known);
        ck_assert_ptr_nonnull(x.req.operation);
        query_parse(query, &x.req.query);
        pairs_add(&x.req.headers, "x-engine-id", "e");
        pairs_add(&x.req.headers, "x-enterprise-project-id", "0");
        if (media)
                pairs_add(&x.req.headers, "content-type", media);
        if (body)
                buf_add_str(&x.raw, body);
        text[0] = 0;
        if (!validate_request(&x))
                snprintf(text, sizeof(text), "%s", x.violation);
        finish(&x);
        return text;
}

static const char *get(const char *service, const char *path, const char *query) {
        return violation(service, "GET", path, query, NULL, NULL);
}

START_TEST(query_parameters) {
        ck_assert_str_eq(get("ucs", "/v1/clusters", "limit=-1&offset=0&enablestatus=false"), "");
        ck_assert_str_eq(get("ucs", "/v1/clusters", "limits=1"), "unknown query parameter limits");
        ck_assert_str_eq(get("ucs", "/v1/clusters", "limit=x"),
                         "query parameter limit is of type string, not integer");
        ck_assert_str_eq(get("ucs", "/v1/clusters", "limit=1&limit=2"),
                         "query parameter limit is repeated");
        ck_assert_str_eq(get("ucs", "/v1/clusters", "managetype=none"),
                         "query parameter managetype is none of the allowed values");
        ck_assert_str_eq(get("cse", "/v2/p1/enginemgr/engines", "offset=0"),
                         "query parameter limit is missing");
        ck_assert_str_eq(
                get("servicecomb", "/v1/default/kie/kv", "label=a:b&label=c:d&wait=5s&limit=10"),
                "");
        ck_assert_str_eq(get("servicecomb", "/v1/default/kie/kv", "label=nocolon"),
                         "query parameter label[0] does not match the pattern ^[^:]+:[^:]*$");
}
END_TEST

START_TEST(headers) {
        struct exchange x = { .req = { .service = "cse" } };
        bool known;

        x.req.operation = contract_route(contract, "cse", "GET", "/v3/p1/govern/governance/display",
                                         &x.req.path_params, &known);
        ck_assert(!validate_request(&x));
        ck_assert_str_eq(x.violation, "header x-engine-id is missing");
        finish(&x);
}
END_TEST

START_TEST(bodies) {
        const char *group = "/v1/clustergroups/bffbb35b-7949-11ee-886c-0255ac100037/description";

        ck_assert_str_eq(
                violation("ucs", "PUT", group, "", "application/json", "{\"description\":\"a\"}"),
                "");
        ck_assert_str_eq(violation("ucs", "PUT", group, "", "application/json; charset=utf-8",
                                   "{\"Description\":\"a\"}"),
                         "");
        ck_assert_str_eq(violation("ucs", "PUT", group, "", "application/json", NULL),
                         "body is missing");
        ck_assert_str_eq(violation("ucs", "PUT", group, "", "application/json", "{"),
                         "body is not JSON");
        ck_assert_str_eq(
                violation("ucs", "PUT", group, "", "text/plain", "{}"),
                "body has the media type \"text/plain\", which the operation does not take");
        ck_assert_str_eq(violation("ucs", "PUT", group, "", NULL, "{}"),
                         "body has the media type \"\", which the operation does not take");
        ck_assert_str_eq(violation("ucs", "DELETE",
                                   "/v1/clustergroups/bffbb35b-7949-11ee-886c-0255ac100037", "",
                                   "application/json", "{}"),
                         "body of 2 bytes where none belongs");
}
END_TEST

START_TEST(extensions_take_what_they_list) {
        ck_assert_str_eq(
                get("karmada", "/api/v1/namespaces/n/configmaps", "watch=true&resourceVersion=3"),
                "");
        ck_assert_str_eq(get("karmada", "/api/v1/namespaces/n/configmaps", "colour=red"),
                         "unknown query parameter colour");
        ck_assert_str_eq(
                violation("karmada", "POST", "/api/v1/namespaces", "", "application/json", "{}"),
                "");
        ck_assert_str_eq(
                violation("karmada", "POST", "/api/v1/namespaces", "", "application/json", NULL),
                "body is missing");
        ck_assert_str_eq(
                get("servicecomb", "/v4/default/registry/microservices/s/instances", "rev=1"), "");
}
END_TEST

struct tally {
        size_t examples, wrong;
};

static void check_example(const struct operation *op, const char *what, struct json_object *schema,
                          struct json_object *example, unsigned flags, struct tally *tally) {
        struct problem problem;

        if (js_get(document_root(op->document), "/x-name-matching"))
                flags |= SCHEMA_IGNORE_CASE;
        tally->examples++;
        if (schema_check(op->document, schema, example, flags, what, &problem))
                return;
        /*
         * Printed with a password of asterisks that is too short, and with a payment not in the
         * table.
         */
        if (str_eq(what, "body") && word_in("createCluster createEngine", op->id, false))
                return;
        tally->wrong++;
        fprintf(stderr, "%s %s: %s\n", op->service, op->id, problem.text);
}

static void check_media(const struct operation *op, const char *what, struct json_object *content,
                        unsigned flags, struct tally *tally) {
        struct json_object *type = js_get(content, "/application~1json");
        struct json_object *examples = js_get(type, "/examples"), *schema = js_get(type, "/schema");

        if (js_get(type, "/example"))
                check_example(op, what, schema, js_get(type, "/example"), flags, tally);
        if (examples) {
                js_each_member(examples, name, example) {
                        (void)name;
                        check_example(op, what, schema,
                                      js_get(document_resolve(op->document, example), "/value"),
                                      flags, tally);
                }
        }
}

static void check_examples(const struct operation *op, void *arg) {
        if (!op->node)
                return;
        check_media(op, "body", js_get(op->request_body, "/content"), 0, arg);
        js_each_member(js_get(op->node, "/responses"), code, node) {
                struct json_object *response = document_resolve(op->document, node);

                check_media(op, code, js_get(response, "/content"), SCHEMA_RESPONSE, arg);
        }
}

START_TEST(documented_examples_fit_their_schemas) {
        struct tally tally = { 0 };

        contract_each(contract, check_examples, &tally);
        ck_assert_uint_gt(tally.examples, 150);
        ck_assert_uint_eq(tally.wrong, 0);
}
END_TEST

static void answer_example(const struct operation *op, void *arg) {
        struct exchange x = { .req = { .service = op->service, .operation = op } };

        (void)arg;
        if (!op->node || js_bool(op->node, "/x-illustration-only", false))
                return;
        reply_example(&x.req, &x.resp);
        ck_assert_msg(x.resp.status >= 200 && x.resp.status < 300, "%s %s", op->service, op->id);
        x.own_fault = NULL;
        validate_response(&x);
        if (x.own_fault && !strstr(x.own_fault, "lacks the header"))
                ck_abort_msg("%s %s: %s", op->service, op->id, x.own_fault);
        finish(&x);
}

START_TEST(every_operation_can_answer_its_example) {
        contract_each(contract, answer_example, NULL);
}
END_TEST

START_TEST(answers_are_held_against_the_contract) {
        struct exchange x = { .req = { .service = "ucs" } };

        x.req.operation = contract_operation(contract, "ucs", "getCluster");
        reply_json(&x.resp, 200, js_pack("{'kind': i}", (int64_t)1));
        validate_response(&x);
        ck_assert_ptr_nonnull(x.own_fault);
        free(STEAL(x.own_fault));
        reply_empty(&x.resp, 204);
        validate_response(&x);
        ck_assert_str_eq(x.own_fault, "status 204 is not documented");
        free(STEAL(x.own_fault));
        reply_json(&x.resp, 404, js_pack("{'error_code': s, 'error_msg': s}", "UCS.01000013", "x"));
        validate_response(&x);
        ck_assert_ptr_null(x.own_fault);
        finish(&x);
}
END_TEST

int main(void) {
        const struct unit_case cases[] = {
                { "query", query_parameters, 0 },
                { "headers", headers, 0 },
                { "bodies", bodies, 0 },
                { "extensions", extensions_take_what_they_list, 0 },
                { "examples", documented_examples_fit_their_schemas, 0 },
                { "example answers", every_operation_can_answer_its_example, 0 },
                { "answers", answers_are_held_against_the_contract, 0 },
                { 0 },
        };
        int status;

        if (contract_load(CONTRACT, &contract) < 0)
                return 1;
        status = unit_main("emulator-validate", cases);
        contract_free(contract);
        return status;
}
