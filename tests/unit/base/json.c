/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json.h"

#include <string.h>

#include "base/text.h"
#include "tests/unit/unit.h"

static struct json *parsed(const char *text) {
        struct json *json = NULL;
        struct json_error error = { 0 };
        int r = json_parse(text, strlen(text), &json, &error);

        ck_assert_msg(r == 0, "%s: %zu:%zu: %s", text, error.line, error.column,
                      error.reason ? error.reason : "-");
        return json;
}

static char *rendered(const struct json *json, enum json_form form) {
        struct buf buf = BUF_INIT(0);

        ck_assert_int_eq(json_render(json, form, &buf), 0);
        return buf_steal(&buf, NULL);
}

/* Texts, and how they are written again; NULL: unchanged. */
static const struct {
        const char *text, *compact;
} good[] = {
        { "null", NULL },
        { "true", NULL },
        { " \t\r\n false \n", "false" },
        { "{}", NULL },
        { "[ ]", "[]" },
        { "\"\"", NULL },
        { "{\"\":1}", NULL },
        { "[[[[]]],{}]", NULL },
        { "{\"b\":1,\"a\":2,\"0\":[null,true]}", NULL }, /* the order stays */
        { "{\"a\":1,\"b\":2,\"a\":3}", "{\"a\":3,\"b\":2}" },
        /* numbers keep their text */
        { "[0,-0.0,1.0,0.10,1e5,1E5,1e+5,1E-2,-1.50,1e400]", NULL },
        { "12345678901234567890.5", NULL },
        { "-0", "0" },
        { "1000000000000000000", NULL },
        { "9223372036854775807", NULL },
        { "-9223372036854775808", NULL },
        { "18446744073709551615", NULL },
        { "18446744073709551616", NULL },
        { "[\n-9223372036854775809]", "[-9223372036854775809]" },
        { "{\"a\":111111111111111111111111111111,\"b\":[-22222222222222222222,3e30,4]}", NULL },
        /* strings */
        { "\"\\\"\\\\\\b\\f\\n\\r\\t\"", NULL },
        { "\"\\u0000\\u001f\\u000b\"", NULL },
        { "\"\\/\"", "\"/\"" },
        { "\"\\u0041\\u00e9\\u4e2d\"", "\"A\xc3\xa9\xe4\xb8\xad\"" },
        { "\"\\ud83d\\ude00\"", "\"\xf0\x9f\x98\x80\"" },
        { "\"\xe4\xb8\xad \xf0\x9f\x98\x80 \x7f\"", NULL },
        { "\"</script>'\"", NULL },
        { "{\"\\\"\\n\":\"NaN Infinity ' 01 .5\"}", NULL },
};

START_TEST(good_texts_are_read_and_written_again) {
        struct json *json = parsed(good[_i].text), *again;
        char *text = rendered(json, JSON_COMPACT);

        ck_assert_str_eq(text, good[_i].compact ? good[_i].compact : good[_i].text);
        again = parsed(text);
        ck_assert(json_equal(json, again));
        free(text);
        json_free(json);
        json_free(again);
}
END_TEST

static const struct {
        const char *text;
        size_t line, column;
} bad[] = {
        { "", 1, 1 },
        { "  \n ", 2, 2 },
        { "[", 1, 2 },
        { "{\"a\"", 1, 5 },
        { "{\"a\":", 1, 6 },
        { "\"abc", 1, 5 },
        { "\"abc\\\"", 1, 7 },
        { "tru", 1, 4 },
        { "True", 1, 1 },
        { "nullx", 1, 5 },
        { "nan", 1, 2 },
        { "NaN", 1, 1 },
        { "[1, Infinity]", 1, 5 },
        { "-Infinity", 1, 2 },
        { "1 2", 1, 3 },
        { "{} x", 1, 4 },
        { "[]]", 1, 3 },
        { "]", 1, 1 },
        { "{a:1}", 1, 2 },
        { "{1:2}", 1, 2 },
        { "{'a':1}", 1, 2 },
        { "['a']", 1, 2 },
        { "{\"a\":}", 1, 6 },
        { "{\"a\" 1}", 1, 6 },
        { "{\"a\":1 \"b\":2}", 1, 8 },
        { "{\"a\":1,}", 1, 8 },
        { "[1,]", 1, 4 },
        { "[1 2]", 1, 4 },
        { "[1,\n 2,\n  x]", 3, 3 },
        { "{\n  \"a\": tru\n}", 2, 11 },
        { "/* no */ 1", 1, 1 },
        { "// no\n1", 1, 1 },
        { "\xef\xbb\xbf{}", 1, 1 }, /* a byte order mark */
        { "\v1", 1, 1 },
        /* numbers */
        { "+1", 1, 1 },
        { ".5", 1, 1 },
        { "-", 1, 2 },
        { "-.5", 1, 2 },
        { "--1", 1, 2 },
        { "1.", 1, 3 },
        { "1.e5", 1, 3 },
        { "1e", 1, 3 },
        { "1e+", 1, 4 },
        { "1.5.5", 1, 4 },
        { "1e5.5", 1, 4 },
        { "0x10", 1, 2 },
        { "[1, 01]", 1, 5 },
        { "-01", 1, 1 },
        { "0111111111111111111111111111111", 1, 1 },
        { "[111111111111111111111111, x]", 1, 28 },
        /* strings */
        { "\"a\nb\"", 1, 3 },
        { "\"a\tb\"", 1, 3 },
        { "\"\\x\"", 1, 3 },
        { "\"\\u12\"", 1, 6 },
        { "\"\xff\"", 1, 2 },
        { "\"\xed\xa0\x80\"", 1, 2 },      /* a surrogate */
        { "[\"\xe4\xb8\xad\", x]", 1, 7 }, /* columns count characters */
        { "{\"\xe4\xb8", 1, 3 },           /* cut in a character */
        { "{\"a\\u0000b\" : 1}", 1, 2 },
};

START_TEST(bad_texts_are_refused_at_their_place) {
        struct json *json = NULL;
        struct json_error error = { 0 };
        int r = json_parse(bad[_i].text, strlen(bad[_i].text), &json, &error);

        ck_assert_msg(r == -EBADMSG, "%s: %d", bad[_i].text, r);
        ck_assert_ptr_null(json);
        ck_assert_ptr_nonnull(error.reason);
        ck_assert_msg(error.line == bad[_i].line && error.column == bad[_i].column,
                      "%s: %zu:%zu: %s", bad[_i].text, error.line, error.column, error.reason);
        ck_assert_int_eq(json_parse(bad[_i].text, strlen(bad[_i].text), &json, NULL), -EBADMSG);
}
END_TEST

START_TEST(names_that_stand_twice_are_found) {
        static const struct {
                const char *text;
                size_t column; /* 0: there are none */
        } texts[] = {
                { "{}", 0 },
                { "7", 0 },
                { "{\"a\": 1, \"b\": {\"a\": 2}, \"c\": [{\"a\": 3}, {\"a\": \"a\"}]}", 0 },
                { "{\"a\": 1, \"a\": 1}", 10 },
                { "{\"ab\": 1, \"a\": {}, \"b\": [], \"a\" : 2, \"b\": 1}", 29 },
                { "[{\"x\\\"\": [{\"y\": 0, \"y\": 1}]}]", 20 },
                { "{\"a\": {\"b\": 1}, \"c\": \"a\", \"a\": 2}", 27 },
        };

        for (size_t i = 0; i < ELEMENTSOF(texts); i++) {
                struct json_error error = { 0 };
                int r = json_check_names(texts[i].text, strlen(texts[i].text), &error);

                ck_assert_int_eq(r, texts[i].column ? -EBADMSG : 0);
                ck_assert_uint_eq(error.column, texts[i].column);
        }
}
END_TEST

START_TEST(nul_bytes_are_no_json) {
        static const char behind[] = "{}\0x", within[] = "\"a\0b\"";
        struct json_error error;
        struct json *json;

        ck_assert_int_eq(json_parse(behind, sizeof(behind) - 1, &json, &error), -EBADMSG);
        ck_assert_uint_eq(error.column, 3);
        ck_assert_int_eq(json_parse(within, sizeof(within) - 1, &json, &error), -EBADMSG);
        ck_assert_uint_eq(error.column, 3);
        ck_assert_int_eq(json_parse("", 1, &json, &error), -EBADMSG);
}
END_TEST

static char *nested(size_t depth) {
        char *text = calloc(2, depth + 1);

        memset(text, '[', depth);
        memset(text + depth, ']', depth);
        return text;
}

START_TEST(nesting_is_bounded) {
        char *most = nested(JSON_MAX_DEPTH), *more = nested(JSON_MAX_DEPTH + 1);
        struct json *json = NULL;

        ck_assert_int_eq(json_parse(most, strlen(most), &json, NULL), 0);
        json_free(json);
        ck_assert_int_eq(json_parse(more, strlen(more), &json, NULL), -EBADMSG);
        free(most);
        free(more);
}
END_TEST

START_TEST(size_is_bounded) {
        struct json *json;

        ck_assert_int_eq(json_parse("1", (size_t)JSON_MAX_SIZE + 1, &json, NULL), -EFBIG);
}
END_TEST

START_TEST(the_indented_form_to_the_byte) {
        struct json *json =
                parsed("{\"a\":1,\"b\":[],\"c\":{},\"d\":[1,{\"e\":null}],\"f\":\"x\"}");
        char *text = rendered(json, JSON_PRETTY);

        ck_assert_str_eq(text, "{\n"
                               "  \"a\": 1,\n"
                               "  \"b\": [],\n"
                               "  \"c\": {},\n"
                               "  \"d\": [\n"
                               "    1,\n"
                               "    {\n"
                               "      \"e\": null\n"
                               "    }\n"
                               "  ],\n"
                               "  \"f\": \"x\"\n"
                               "}");
        free(text);
        json_free(json);
}
END_TEST

START_TEST(a_render_without_room_fails) {
        struct json *json = parsed("[1,2,3]");
        struct buf buf = BUF_INIT(3);

        ck_assert_int_eq(json_render(json, JSON_COMPACT, &buf), -EFBIG);
        buf_done(&buf);
        json_free(json);
}
END_TEST

/* RFC 6901, section 5, and what is beside it. */
static const char document[] = "{\"foo\":[\"bar\",\"baz\"],\"\":0,\"a/b\":1,\"c%d\":2,\"e^f\":3,"
                               "\"g|h\":4,\"i\\\\j\":5,\"k\\\"l\":6,\" \":7,\"m~n\":8,"
                               "\"o\":{\"p\":{\"q\":null,\"r\":9}},\"01\":10}";

static const struct {
        const char *pointer, *value;
} pointers[] = {
        { "/foo", "[\"bar\",\"baz\"]" },
        { "/foo/0", "\"bar\"" },
        { "/foo/1", "\"baz\"" },
        { "/", "0" },
        { "/a~1b", "1" },
        { "/c%d", "2" },
        { "/e^f", "3" },
        { "/g|h", "4" },
        { "/i\\j", "5" },
        { "/k\"l", "6" },
        { "/ ", "7" },
        { "/m~0n", "8" },
        { "/o/p/r", "9" },
        { "/01", "10" },
        { "/o/p/q", NULL },   /* null is nothing */
        { "/o/p/q/r", NULL }, /* nothing is in nothing */
        { "/foo/2", NULL },
        { "/foo/-", NULL },
        { "/foo/-1", NULL },
        { "/foo/00", NULL }, /* an index has no leading zero */
        { "/foo/01", NULL },
        { "/foo/+1", NULL },
        { "/foo/99999999999999999999", NULL },
        { "/foo/0/x", NULL },
        { "/nothing", NULL },
        { "/foo/", NULL },
        { "foo", NULL }, /* a pointer begins with a slash */
};

START_TEST(pointers_lead_to_values) {
        struct json *json = parsed(document), *value = json_at(json, pointers[_i].pointer);
        char *text;

        ck_assert_int_eq(json_has(json, pointers[_i].pointer), pointers[_i].value != NULL);
        if (pointers[_i].value) {
                text = rendered(value, JSON_COMPACT);
                ck_assert_str_eq(text, pointers[_i].value);
                free(text);
        }
        json_free(json);
}
END_TEST

START_TEST(the_empty_pointer_is_the_value_itself) {
        struct json *json = parsed(document);

        ck_assert_ptr_eq(json_at(json, ""), json);
        ck_assert_ptr_eq(json_at(json, NULL), json);
        ck_assert_ptr_null(json_at(NULL, ""));
        ck_assert_ptr_null(json_at(NULL, "/a"));
        json_free(json);
}
END_TEST

START_TEST(numbers_come_as_numbers_or_digits) {
        struct json *json = parsed("{\"n\":-7,\"s\":\"42\",\"max\":9223372036854775807,"
                                   "\"over\":9223372036854775808,\"overs\":\"9223372036854775808\","
                                   "\"f\":1.5,\"w\":\"x\",\"b\":true,\"null\":null}");
        int64_t n = 1;

        ck_assert_int_eq(json_int64(json, "/n", &n), 0);
        ck_assert_int_eq(n, -7);
        ck_assert_int_eq(json_int64(json, "/s", &n), 0);
        ck_assert_int_eq(n, 42);
        ck_assert_int_eq(json_int64(json, "/max", &n), 0);
        ck_assert(n == INT64_MAX);
        ck_assert_int_eq(json_int64(json, "/over", &n), -ERANGE);
        ck_assert_int_eq(json_int64(json, "/overs", &n), -ERANGE);
        ck_assert_int_eq(json_int64(json, "/f", &n), -EINVAL);
        ck_assert_int_eq(json_int64(json, "/w", &n), -EINVAL);
        ck_assert_int_eq(json_int64(json, "/b", &n), -EINVAL);
        ck_assert_int_eq(json_int64(json, "/null", &n), -ENOENT);
        ck_assert_int_eq(json_int64(json, "/nothing", &n), -ENOENT);
        ck_assert(n == INT64_MAX);
        json_free(json);
}
END_TEST

START_TEST(truth_comes_as_a_boolean_or_a_word) {
        struct json *json =
                parsed("{\"a\":true,\"b\":\"true\",\"c\":false,\"d\":1,\"e\":\"True\"}");

        ck_assert(json_is_true(json, "/a"));
        ck_assert(json_is_true(json, "/b"));
        ck_assert(!json_is_true(json, "/c"));
        ck_assert(!json_is_true(json, "/d"));
        ck_assert(!json_is_true(json, "/e"));
        ck_assert(!json_is_true(json, "/f"));
        json_free(json);
}
END_TEST

START_TEST(scalars_become_text) {
        struct json *json = parsed("{\"s\":\"a\\nb\",\"n\":12,\"f\":1.50,\"b\":false,\"o\":{},"
                                   "\"a\":[],\"null\":null}");
        static const char *const wanted[][2] = {
                { "/s", "a\nb" }, { "/n", "12" }, { "/f", "1.50" }, { "/b", "false" }
        };
        char *text = NULL;

        for (size_t i = 0; i < ELEMENTSOF(wanted); i++) {
                ck_assert_int_eq(json_text_at(json, wanted[i][0], &text), 0);
                ck_assert_str_eq(text, wanted[i][1]);
                free(text);
        }
        text = NULL;
        ck_assert_int_eq(json_text_at(json, "/o", &text), -EINVAL);
        ck_assert_int_eq(json_text_at(json, "/a", &text), -EINVAL);
        ck_assert_int_eq(json_text_at(json, "/null", &text), -ENOENT);
        ck_assert_ptr_null(text);
        ck_assert_str_eq(json_string(json, "/s"), "a\nb");
        ck_assert_ptr_null(json_string(json, "/n"));
        json_free(json);
}
END_TEST

static const struct {
        const char *a, *b;
        bool equal;
} equals[] = {
        { "{\"a\":1,\"b\":[1,2]}", "{\"b\":[1,2],\"a\":1}", true },
        { "[1,2]", "[2,1]", false },
        { "{\"a\":null}", "{}", false },
        { "1", "1.0", false },
        { "0.1", "0.10", true },
        { "\"1\"", "1", false },
        { "null", "null", true },
        { "null", "false", false },
        { "9223372036854775807", "9223372036854775808", false },
        { "111111111111111111111111111111", "111111111111111111111111111111", true },
        { "111111111111111111111111111111", "111111111111111111111111111112", false },
        { "{\"a\":[1,{}]}", "{\"a\":[1,{\"b\":null}]}", false },
        { "\"\\u0041\"", "\"A\"", true },
        { "\"a\\u0000b\"", "\"a\\u0000c\"", false },
};

START_TEST(equality_is_of_values) {
        struct json *a = parsed(equals[_i].a), *b = parsed(equals[_i].b);

        ck_assert_int_eq(json_equal(a, b), equals[_i].equal);
        ck_assert_int_eq(json_equal(b, a), equals[_i].equal);
        json_free(a);
        json_free(b);
}
END_TEST

START_TEST(members_are_walked_in_their_order) {
        struct json *json = parsed("{\"z\":1,\"a\":null,\"m\":\"x\"}");
        struct json_cursor cursor = { 0 };
        static const char *const names[] = { "z", "a", "m" };
        size_t n = 0;

        while (json_next(json, &cursor))
                ck_assert_str_eq(cursor.name, names[n++]);
        ck_assert_uint_eq(n, 3);
        json_free(json);
        cursor = (struct json_cursor){ 0 };
        ck_assert(!json_next(NULL, &cursor));
}
END_TEST

START_TEST(values_are_built) {
        struct json *object = json_new_object(), *array = json_new_array();
        char *text;

        ck_assert_int_eq(json_set_string(object, "s", "x"), 0);
        ck_assert_int_eq(json_set_string(object, "none", NULL), 0);
        ck_assert_int_eq(json_set_int(object, "n", INT64_MIN), 0);
        ck_assert_int_eq(json_set(object, "b", json_new_bool(true)), 0);
        ck_assert_int_eq(json_append(array, json_new_int(1)), 0);
        ck_assert_int_eq(json_append(array, json_new_string("a\0b", 3)), 0);
        ck_assert_int_eq(json_append(array, NULL), 0);
        ck_assert_int_eq(json_set(object, "a", array), 0);
        ck_assert_int_eq(json_set_int(object, "s", 2), 0); /* stays in its place */
        text = rendered(object, JSON_COMPACT);
        ck_assert_str_eq(text, "{\"s\":2,\"none\":null,\"n\":-9223372036854775808,\"b\":true,"
                               "\"a\":[1,\"a\\u0000b\",null]}");
        free(text);
        ck_assert_uint_eq(json_count(array), 3);
        ck_assert_uint_eq(json_count(object), 0);
        ck_assert_ptr_null(json_item(array, 3));
        ck_assert_ptr_null(json_item(object, 0));
        ck_assert_ptr_null(json_member(array, "a"));
        json_free(object);
}
END_TEST

START_TEST(members_are_taken_out) {
        struct json *json = parsed("{\"a\":{\"b\":1,\"c/d\":2},\"e\":[{\"f\":3}],\"g\":4}");
        char *text;

        json_remove_at(json, "/a/b");
        json_remove_at(json, "/a/c~1d");
        json_remove_at(json, "/e/0/f");
        json_remove_at(json, "/nothing/here");
        json_remove_at(json, "/e/7");
        json_remove_at(json, "");
        json_remove(json, "g");
        json_remove(json, "h");
        json_remove(NULL, "h");
        text = rendered(json, JSON_COMPACT);
        ck_assert_str_eq(text, "{\"a\":{},\"e\":[{}]}");
        free(text);
        json_free(json);
}
END_TEST

START_TEST(a_copy_shares_nothing_a_share_all) {
        struct json *json = parsed("{\"a\":{\"b\":1.50}}"), *copy = json_copy(json);
        struct json *share = json_share(json_at(json, "/a"));
        char *text;

        json_remove_at(json, "/a/b");
        text = rendered(copy, JSON_COMPACT);
        ck_assert_str_eq(text, "{\"a\":{\"b\":1.50}}");
        free(text);
        json_free(json);
        text = rendered(share, JSON_COMPACT);
        ck_assert_str_eq(text, "{}");
        free(text);
        json_free(share);
        json_free(copy);
        ck_assert_ptr_null(json_copy(NULL));
        ck_assert_ptr_null(json_free(NULL));
}
END_TEST

START_TEST(kinds_have_names) {
        static const struct {
                const char *text;
                enum json_kind kind;
        } kinds[] = {
                { "null", JSON_NULL },
                { "true", JSON_BOOLEAN },
                { "1", JSON_INTEGER },
                { "18446744073709551615", JSON_INTEGER },
                { "1.0", JSON_FRACTION },
                { "1e5", JSON_FRACTION },
                { "18446744073709551616", JSON_FRACTION },
                { "\"x\"", JSON_STRING },
                { "[]", JSON_ARRAY },
                { "{}", JSON_OBJECT },
        };

        for (size_t i = 0; i < ELEMENTSOF(kinds); i++) {
                struct json *json = parsed(kinds[i].text);

                ck_assert_int_eq(json_kind(json), kinds[i].kind);
                ck_assert(json_is(json, kinds[i].kind));
                json_free(json);
        }
}
END_TEST

int main(void) {
        const struct unit_case cases[] = {
                { "good", good_texts_are_read_and_written_again, ELEMENTSOF(good) },
                { "bad", bad_texts_are_refused_at_their_place, ELEMENTSOF(bad) },
                { "nul", nul_bytes_are_no_json, 0 },
                { "twice", names_that_stand_twice_are_found, 0 },
                { "depth", nesting_is_bounded, 0 },
                { "size", size_is_bounded, 0 },
                { "pretty", the_indented_form_to_the_byte, 0 },
                { "room", a_render_without_room_fails, 0 },
                { "pointers", pointers_lead_to_values, ELEMENTSOF(pointers) },
                { "pointer-empty", the_empty_pointer_is_the_value_itself, 0 },
                { "numbers", numbers_come_as_numbers_or_digits, 0 },
                { "truth", truth_comes_as_a_boolean_or_a_word, 0 },
                { "scalars", scalars_become_text, 0 },
                { "equal", equality_is_of_values, ELEMENTSOF(equals) },
                { "order", members_are_walked_in_their_order, 0 },
                { "build", values_are_built, 0 },
                { "remove", members_are_taken_out, 0 },
                { "copy", a_copy_shares_nothing_a_share_all, 0 },
                { "kinds", kinds_have_names, 0 },
                {},
        };

        return unit_main("json", cases);
}
