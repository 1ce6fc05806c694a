/* SPDX-License-Identifier: Apache-2.0 */
#include "contrib/emulator/schema.h"

#include <string.h>
#include <unistd.h>

#include "tests/unit/unit.h"

/* A document whose one schema is the given text. */
static struct document *document_of(const char *schema) {
        char path[] = "/tmp/emulator-schema-XXXXXX";
        _cleanup_(freep) char *text =
                x_printf("{\"paths\": {}, \"s\": %s, \"n\": {\"type\": \"string\", "
                         "\"minLength\": 2}}",
                         schema);
        struct document *document = NULL;

        close(mkstemp(path));
        ck_assert_int_eq(write_file(path, text, strlen(text), 0600), 0);
        ck_assert_int_eq(document_load(path, &document), 0);
        unlink(path);
        return document;
}

/* What is wrong with a value; "" if nothing. */
static const char *check(const char *schema, const char *value, unsigned flags) {
        static struct problem problem;
        struct document *document = document_of(schema);
        struct json_object *parsed = NULL;

        problem.text[0] = 0;
        ck_assert_int_eq(js_parse(value, strlen(value), &parsed), 0);
        if (schema_check(document, js_get(document_root(document), "/s"), parsed, flags, "body",
                         &problem))
                ck_assert_str_eq(problem.text, "");
        json_object_put(parsed);
        document_free(document);
        return problem.text;
}

START_TEST(types_and_null) {
        ck_assert_str_eq(check("{\"type\":\"string\"}", "1", 0),
                         "body is of type integer, not string");
        ck_assert_str_eq(check("{\"type\":\"string\"}", "null", 0), "body is null");
        ck_assert_str_eq(check("{\"type\":\"string\",\"nullable\":true}", "null", 0), "");
        ck_assert_str_eq(check("{\"type\":\"integer\"}", "1.5", 0),
                         "body is of type number, not integer");
        ck_assert_str_eq(check("{\"type\":\"integer\"}", "2.0", 0), "");
        ck_assert_str_eq(check("{\"type\":\"number\"}", "2", 0), "");
        ck_assert_str_eq(check("{\"type\":\"boolean\"}", "\"true\"", 0),
                         "body is of type string, not boolean");
        ck_assert_str_eq(check("{}", "null", 0), "");
}
END_TEST

START_TEST(strings) {
        ck_assert_str_eq(check("{\"type\":\"string\",\"maxLength\":2}", "\"äöü\"", 0),
                         "body has 3 characters, more than 2");
        ck_assert_str_eq(check("{\"type\":\"string\",\"maxLength\":3}", "\"äöü\"", 0), "");
        ck_assert_str_eq(check("{\"type\":\"string\",\"pattern\":\"^[a-zA-Z0-9_.\\\\-]+$\"}",
                               "\"a-b.c\"", 0),
                         "");
        ck_assert_ptr_nonnull(strstr(
                check("{\"type\":\"string\",\"pattern\":\"^[a-z\\\\-]+$\"}", "\"a\\\\b\"", 0),
                "does not match"));
        ck_assert_str_eq(check("{\"type\":\"string\",\"format\":\"uuid\"}", "\"x\"", 0),
                         "body is not a UUID");
        ck_assert_str_eq(check("{\"type\":\"string\",\"format\":\"date-time\"}",
                               "\"2023-11-27T12:42:24.18+08:00\"", 0),
                         "");
        ck_assert_str_eq(
                check("{\"type\":\"string\",\"format\":\"date-time\"}", "\"2023-11-27 12:42\"", 0),
                "body is not an RFC 3339 time");
        ck_assert_str_eq(check("{\"type\":\"string\",\"enum\":[\"a\",\"b\"]}", "\"secret\"", 0),
                         "body is none of the allowed values");
}
END_TEST

START_TEST(numbers_and_arrays) {
        ck_assert_str_eq(check("{\"type\":\"integer\",\"minimum\":1,\"maximum\":5}", "0", 0),
                         "body is below the minimum 1");
        ck_assert_str_eq(check("{\"type\":\"integer\",\"minimum\":1,\"maximum\":5}", "6", 0),
                         "body is above the maximum 5");
        ck_assert_str_eq(check("{\"type\":\"integer\",\"format\":\"int32\"}", "3000000000", 0),
                         "body does not fit into 32 bits");
        ck_assert_str_eq(
                check("{\"type\":\"array\",\"maxItems\":1,\"items\":{\"type\":\"string\"}}",
                      "[\"a\",\"b\"]", 0),
                "body has 2 elements, more than 1");
        ck_assert_str_eq(
                check("{\"type\":\"array\",\"items\":{\"$ref\":\"#/n\"}}", "[\"aa\",\"b\"]", 0),
                "body[1] has 1 characters, fewer than 2");
}
END_TEST

static const char object[] =
        "{\"type\":\"object\",\"required\":[\"name\",\"pwd\"],\"properties\":{"
        "\"name\":{\"$ref\":\"#/n\"},\"pwd\":{\"type\":\"string\",\"writeOnly\":true}},"
        "\"additionalProperties\":false}";

START_TEST(objects) {
        ck_assert_str_eq(check(object, "{\"name\":\"ab\",\"pwd\":\"x\"}", 0), "");
        ck_assert_str_eq(check(object, "{\"name\":\"ab\"}", 0), "body lacks the member pwd");
        ck_assert_str_eq(check(object, "{\"name\":\"ab\"}", SCHEMA_RESPONSE), "");
        ck_assert_str_eq(check(object, "{\"name\":\"ab\",\"pwd\":\"x\"}", SCHEMA_RESPONSE),
                         "body shows the write-only member pwd");
        ck_assert_str_eq(check(object, "{\"name\":\"a\",\"pwd\":\"x\"}", 0),
                         "body.name has 1 characters, fewer than 2");
        ck_assert_str_eq(check(object, "{\"name\":\"ab\",\"pwd\":\"x\",\"z\":1}", 0),
                         "body has the unknown member z");
        ck_assert_str_eq(check(object, "{\"Name\":\"ab\",\"PWD\":\"x\"}", SCHEMA_IGNORE_CASE), "");
        ck_assert_str_eq(
                check("{\"type\":\"object\",\"additionalProperties\":{\"type\":\"string\"}}",
                      "{\"a\":1}", 0),
                "body.a is of type integer, not string");
}
END_TEST

START_TEST(choices) {
        const char *any = "{\"anyOf\":[{\"type\":\"string\"},{\"type\":\"integer\"}]}";
        const char *all = "{\"allOf\":[{\"$ref\":\"#/n\"},{\"type\":\"string\",\"maxLength\":3}]}";

        ck_assert_str_eq(check(any, "1", 0), "");
        ck_assert_str_eq(check(any, "true", 0), "body is of type boolean, not integer");
        ck_assert_str_eq(check(all, "\"abc\"", 0), "");
        ck_assert_str_eq(check(all, "\"abcd\"", 0), "body has 4 characters, more than 3");
        ck_assert_str_eq(check(all, "\"a\"", 0), "body has 1 characters, fewer than 2");
}
END_TEST

START_TEST(case_is_mended) {
        struct document *document =
                document_of("{\"properties\":{\"iamUserIDs\":{\"items\":{\"properties\":{"
                            "\"uid\":{}}}}}}");
        const char *text = "{\"iamuserids\":[{\"UID\":1,\"Other\":2}]}";
        struct json_object *value = NULL;

        ck_assert_int_eq(js_parse(text, strlen(text), &value), 0);
        schema_fix_case(document, js_get(document_root(document), "/s"), value);
        ck_assert_str_eq(json_object_to_json_string_ext(value, JSON_C_TO_STRING_PLAIN),
                         "{\"iamUserIDs\":[{\"uid\":1,\"Other\":2}]}");
        json_object_put(value);
        document_free(document);
}
END_TEST

START_TEST(texts_become_what_the_schema_wants) {
        struct document *document = document_of("{\"type\":\"integer\"}");
        struct json_object *schema = js_get(document_root(document), "/s");
        struct json_object *number = schema_from_text(document, schema, "12");
        struct json_object *word = schema_from_text(document, schema, "12x");

        ck_assert_int_eq(js_int(number, "", 0), 12);
        ck_assert_str_eq(js_str(word, ""), "12x");
        json_object_put(number);
        json_object_put(word);
        document_free(document);
}
END_TEST

START_TEST(a_wrong_document_is_refused) {
        struct document *document = NULL;

        ck_assert_int_eq(document_load("/nowhere.json", &document), -ENOENT);
        ck_assert_int_eq(document_load("/dev/null", &document), -EBADMSG);
        ck_assert_ptr_null(document);
}
END_TEST

int main(void) {
        const struct unit_case cases[] = {
                { "types", types_and_null, 0 },
                { "strings", strings, 0 },
                { "numbers and arrays", numbers_and_arrays, 0 },
                { "objects", objects, 0 },
                { "choices", choices, 0 },
                { "case", case_is_mended, 0 },
                { "texts", texts_become_what_the_schema_wants, 0 },
                { "documents", a_wrong_document_is_refused, 0 },
                { 0 },
        };

        return unit_main("emulator-schema", cases);
}
