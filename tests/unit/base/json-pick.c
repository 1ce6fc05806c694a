/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json-pick.h"

#include "base/json.h"
#include "base/text.h"
#include "tests/unit/unit.h"

static struct json_names names;
static struct json_span spans[JSON_NAMES_MAX];

static struct json_names names_of(const char *const *pointers) {
        struct json_names made = { 0 };

        for (; *pointers; pointers++)
                json_names_add(&made, *pointers);
        return made;
}

static int find(const char *text) {
        return json_find(text, strlen(text), &names, spans);
}

/* What is picked of a text. */
static const char *picked(const char *text) {
        static char ret[256];
        struct buf buf = BUF_INIT(0);

        ck_assert_int_eq(find(text), 0);
        ck_assert_int_eq(json_pick(&names, spans, &buf), 0);
        (void)snprintf(ret, sizeof(ret), "%s", buf_str(&buf));
        buf_done(&buf);
        return ret;
}

START_TEST(wanted_members_are_found) {
        names = names_of((const char *const[]){ "/b", "/d/x", "/d/y", NULL });
        ck_assert_uint_eq(names.count, 2);
        ck_assert(!names.is_all);
        ck_assert_str_eq(picked("{\"a\":1,\"b\":\"two\",\"c\":[{\"b\":0}],\"d\":{\"x\":[1,2]}}"),
                         "{\"b\":\"two\",\"d\":{\"x\":[1,2]}}");
        ck_assert_str_eq(picked("{\"d\":null,\"b\":-1.5e3}"), "{\"b\":-1.5e3,\"d\":null}");
        ck_assert_str_eq(picked("{\"a\":{\"b\":1}}"), "{}");
        ck_assert_str_eq(picked("{}"), "{}");
        ck_assert_int_eq(json_names_find(&names, "/b"), 0);
        ck_assert_int_eq(json_names_find(&names, "/d"), 1);
        ck_assert_int_eq(json_names_find(&names, "/d/x"), -ENOENT);
        ck_assert_int_eq(json_names_find(&names, "/e"), -ENOENT);
        ck_assert_int_eq(json_names_find(&names, ""), -ENOENT);
}
END_TEST

START_TEST(brackets_and_quotes_in_strings_are_text) {
        names = names_of((const char *const[]){ "/b", NULL });
        ck_assert_str_eq(picked("{\"a\":\"}]\\\",\\\\\",\"b\":\"{\\\"b\\\":\"}"),
                         "{\"b\":\"{\\\"b\\\":\"}");
        ck_assert_str_eq(picked("{\"a\\\"\":1,\"bb\":2,\"b\":\",\"}"), "{\"b\":\",\"}");
}
END_TEST

START_TEST(what_cannot_be_told_by_names_is_all) {
        static const char *const whole[] = { "", "/*", "/*/x", "/a~1b" };
        static const char *const more[] = { "/b", "/c", "/d", "/e", "/f", "/g", "/h", "/i",
                                            "/j", "/k", "/l", "/m", "/n", "/o", "/p" };

        for (size_t i = 0; i < ELEMENTSOF(whole); i++) {
                names = names_of((const char *const[]){ whole[i], NULL });
                ck_assert_msg(names.is_all, "%s", whole[i]);
        }
        names = names_of((const char *const[]){ "/a", NULL });
        json_names_add(&names, NULL);
        ck_assert(!names.is_all && names.count == 1);
        for (size_t i = 0; i < ELEMENTSOF(more); i++)
                json_names_add(&names, more[i]);
        ck_assert(!names.is_all && names.count == JSON_NAMES_MAX);
        json_names_add(&names, "/a");
        ck_assert(!names.is_all);
        json_names_add(&names, "/z");
        ck_assert(names.is_all);
}
END_TEST

START_TEST(other_texts_are_refused) {
        static const char *const bad[] = {
                "",       "[]",      "x",          "{",          "{\"b\"}", "{\"b\":1",
                "{\"b:1", "{b:1}",   "{\"b\":1}}", "{\"b\":[1}", "{,}",     "{\"b\":\"\\",
                "{}x",    "{\"b\":", "{\"b\":1,}", "{ \"b\":1}",
        };

        names = names_of((const char *const[]){ "/b", NULL });
        for (size_t i = 0; i < ELEMENTSOF(bad); i++)
                ck_assert_msg(find(bad[i]) == -EINVAL, "%s", bad[i]);
}
END_TEST

/* Whatever is told without a tree is what the tree tells. */
START_TEST(texts_are_those_of_the_tree) {
        static const struct {
                const char *value;
                bool needs_tree;
        } values[] = {
                { "\"text\"", false },
                { "\"\"", false },
                { "12", false },
                { "-3.50", false },
                { "true", false },
                { "false", false },
                { "null", false },
                { "\"a\\nb\"", true },
                { "\"\\u00e4\"", true },
                { "{}", true },
                { "[1]", true },
                { "\"ä\"", false },
                { "1e3", false },
                { "18446744073709551615", false },
                { "-111111111111111111111111", false },
        };

        names = names_of((const char *const[]){ "/b", NULL });
        for (size_t i = 0; i < ELEMENTSOF(values); i++) {
                struct buf text = BUF_INIT(0), own = BUF_INIT(0), tree = BUF_INIT(0);
                struct json *json;

                ck_assert_int_eq(buf_printf(&text, "{\"a\":0,\"b\":%s}", values[i].value), 0);
                ck_assert_int_eq(json_find(text.data, text.len, &names, spans), 0);
                ck_assert_msg(json_span_text(&spans[0], &own) == !values[i].needs_tree, "%s",
                              values[i].value);
                ck_assert_int_eq(json_parse(text.data, text.len, &json, NULL), 0);
                (void)json_scalar(json_at(json, "/b"), &tree);
                if (!values[i].needs_tree)
                        ck_assert_str_eq(buf_str(&own), buf_str(&tree));
                (void)json_free(json);
                buf_done(&text);
                buf_done(&own);
                buf_done(&tree);
        }
}
END_TEST

START_TEST(spans_are_compared_by_their_text) {
        struct json_span none = { 0 }, one = { "abc", 2 }, same = { "abd", 2 },
                         other = { "abd", 3 };

        ck_assert(json_span_equal(&none, &none));
        ck_assert(json_span_equal(&one, &same));
        ck_assert(!json_span_equal(&one, &other));
        ck_assert(!json_span_equal(&one, &none));
        ck_assert(!json_span_equal(&none, &one));
}
END_TEST

int main(void) {
        const struct unit_case cases[] = {
                { .name = "found", .test = wanted_members_are_found },
                { .name = "strings", .test = brackets_and_quotes_in_strings_are_text },
                { .name = "all", .test = what_cannot_be_told_by_names_is_all },
                { .name = "refused", .test = other_texts_are_refused },
                { .name = "texts", .test = texts_are_those_of_the_tree },
                { .name = "equal", .test = spans_are_compared_by_their_text },
                {},
        };

        return unit_main("json-pick", cases);
}
