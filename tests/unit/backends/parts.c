/* SPDX-License-Identifier: Apache-2.0 */
/* What the rows of changes are made of: conditions, bodies from templates, forms, queries. */
#include <check.h>

#include "backends/planner.h"
#include "backends/select.h"
#include "backends/template.h"
#include "backends/upload.h"
#include "base/text.h"
#include "tests/unit/backends/changing.h"
#include "tests/unit/unit.h"

static struct json *parse(const char *text) {
        struct json *json = NULL;

        ck_assert_msg(json_parse(text, strlen(text), &json, NULL) == 0, "no JSON: %s", text);
        return json;
}

static bool holds(const struct when *when, const char *text) {
        _cleanup_(json_freep) struct json *json = parse(text);

        return when_holds(when, json);
}

START_TEST(conditions_look_at_all_elements) {
        static const struct when two = { .at = "/b", .is = "2" };
        const struct when retry = { .at = "/list/*", .is = "Retry" };
        const struct when type = { .at = "/list/*/type", .is = "x", .negate = true };
        const struct when either = { .at = "/a", .is = "1", .or = &two };
        const struct when both = { .at = "/a", .is = "1", .and = &two };

        ck_assert(holds(&retry, "{\"list\":[\"Noting\",\"Retry\"]}"));
        ck_assert(!holds(&retry, "{\"list\":[]}"));
        ck_assert(!holds(&retry, "{\"list\":\"Retry\"}"));
        ck_assert(!holds(&type, "{\"list\":[{\"type\":\"x\"}]}"));
        ck_assert(!holds(&type, "{\"list\":{\"a\":{\"type\":\"x\"}}}"));
        ck_assert(holds(&type, "{}"));
        ck_assert(holds(&either, "{\"a\":1}"));
        ck_assert(holds(&either, "{\"b\":2}"));
        ck_assert(!holds(&either, "{\"a\":2}"));
        ck_assert(!holds(&both, "{\"a\":1}"));
        ck_assert(holds(&both, "{\"a\":1,\"b\":2}"));
        ck_assert(when_holds(NULL, NULL));
}
END_TEST

/* Fills a template over one document, resource and set of parameters. */
static void check_body(const char *template, const char *wanted, const char *covered) {
        static const char *const members[] = { "/secret", NULL };
        struct planner planner;
        struct json *body = NULL, *told = NULL, *expected;

        changing_begin(&changing_account);
        planner_init(&planner, changing_view(), changing_op(), view_root(changing_view()));
        planner.mine = parse("{\"a\":1,\"b\":{\"c\":\"x\",\"d\":null},\"secret\":\"s\"}");
        planner.item = parse("{\"e\":[1,2]}");
        planner.name = "new";
        planner.text = "abc";
        planner.len = 3;
        planner.secret_members = members;
        ck_assert_int_eq(planner_param(&planner, "p", "7"), 0);
        ck_assert_int_eq(planner_param(&planner, "empty", ""), 0);
        ck_assert_int_eq(planner_secret(&planner, "pwd", "hidden"), 0);
        ck_assert_int_eq(planner_body(&planner, template, &body), 0);
        expected = parse(wanted);
        ck_assert_msg(json_equal(body, expected), "%s", template);
        (void)json_free(expected);
        ck_assert_int_eq(planner_covered_body(&planner, template, &told), 0);
        expected = parse(covered ? covered : wanted);
        ck_assert_msg(json_equal(told, expected), "covered: %s", template);
        (void)json_free(expected);
        (void)json_free(body);
        (void)json_free(told);
        planner.name = NULL;
        planner_done(&planner);
        changing_end();
}

START_TEST(templates_become_bodies) {
        check_body("{\"x\":\"=/a\",\"y\":\"=@/e\",\"z\":\"={p}\",\"n\":\"=#{p}\"}",
                   "{\"x\":1,\"y\":[1,2],\"z\":\"7\",\"n\":7}", NULL);
        check_body("{\"x\":\"=/none\",\"y\":\"={empty}\",\"z\":{\"q\":\"=/none\"},\"k\":{}}",
                   "{\"k\":{}}", NULL);
        check_body("{\"t\":\"=$text\",\"n\":\"=$name\",\"w\":\"plain\",\"l\":[\"=/none\",\"=/a\"]}",
                   "{\"t\":\"abc\",\"n\":\"new\",\"w\":\"plain\",\"l\":[1]}", NULL);
        check_body("{\"x\":{\"=\":\"/none\",\"else\":[]},\"y\":{\"=\":\"/a\",\"else\":0},"
                   "\"z\":{\"=\":\"@/e\",\"else\":0}}",
                   "{\"x\":[],\"y\":1,\"z\":[1,2]}", NULL);
        check_body(
                "{\"a\":9,\"...\":\"=\",\"secret\":null,\"b\":{\"...\":\"=/b\",\"c\":\"=/none\"}}",
                "{\"a\":1,\"b\":{\"d\":null}}", NULL);
        check_body("{\"s\":\"=$sha256\"}",
                   "{\"s\":\"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad\"}",
                   NULL);
}
END_TEST

START_TEST(secrets_are_covered) {
        check_body("{\"p\":\"={pwd}\",\"q\":\"=/secret\"}", "{\"p\":\"hidden\",\"q\":\"s\"}",
                   "{\"p\":\"<write-only: enter again>\",\"q\":\"<write-only: enter again>\"}");
        check_body("=", "{\"a\":1,\"b\":{\"c\":\"x\",\"d\":null},\"secret\":\"s\"}",
                   "{\"a\":1,\"b\":{\"c\":\"x\",\"d\":null},\"secret\":\"<write-only: enter "
                   "again>\"}");
}
END_TEST

START_TEST(a_file_goes_in_a_form) {
        struct buf form = BUF_INIT(0);
        char type[UPLOAD_TYPE_SIZE];

        ck_assert_int_eq(upload_form("upload_file", "abc", 3, &form, type), 0);
        ck_assert_str_eq(type, "multipart/form-data; boundary="
                               "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        ck_assert_str_eq(
                buf_str(&form),
                "--ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad\r\n"
                "Content-Disposition: form-data; name=\"upload_file\"; "
                "filename=\"upload_file.json\"\r\n"
                "Content-Type: application/json\r\n\r\nabc\r\n"
                "--ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad--\r\n");
        buf_done(&form);
}
END_TEST

START_TEST(what_is_empty_may_be_left_out_of_a_query) {
        static const struct call call = { .path = "/x", .query = "a={a}&b={b?}&c={c?}&d={d}&e=1" };
        static const struct param params[] = { { "a", "" }, { "b", "" }, { "c", "x y" } };
        const struct request request = { .call = &call, .params = params, .n_params = 3 };
        struct buf query = BUF_INIT(0);

        ck_assert_int_eq(template_query(&request, &query), 0);
        ck_assert_str_eq(buf_str(&query), "a=&c=x%20y&e=1");
        buf_done(&query);
}
END_TEST

int main(void) {
        const struct unit_case cases[] = {
                { .name = "conditions", .test = conditions_look_at_all_elements },
                { .name = "templates", .test = templates_become_bodies },
                { .name = "secrets", .test = secrets_are_covered },
                { .name = "form", .test = a_file_goes_in_a_form },
                { .name = "query", .test = what_is_empty_may_be_left_out_of_a_query },
                {},
        };

        return unit_main("parts", cases);
}
