/* SPDX-License-Identifier: Apache-2.0 */
#include "contrib/emulator/js.h"

#include <errno.h>
#include <string.h>

#include "tests/unit/unit.h"

static void expect(struct json_object *value, const char *text) {
        ck_assert_str_eq(json_object_to_json_string_ext(value, JSON_C_TO_STRING_PLAIN), text);
}

static struct json_object *parse(const char *text) {
        struct json_object *value = NULL;

        ck_assert_int_eq(js_parse(text, strlen(text), &value), 0);
        return value;
}

START_TEST(a_pattern_builds_what_it_looks_like) {
        struct json_object *value = js_pack(
                "{'a': s, 'b': {'c': i, 'd': b, 'e': n}, 'f': [s, s], 'g': S, 'h': O, 'i': o}", "x",
                (int64_t)1 << 40, true, "y", "z", NULL, NULL, json_object_new_array());

        expect(value,
               "{\"a\":\"x\",\"b\":{\"c\":1099511627776,\"d\":true,\"e\":null},\"f\":[\"y\",\"z\"],"
               "\"i\":[]}");
        json_object_put(value);
}
END_TEST

START_TEST(pointers_go_through_objects_and_arrays) {
        struct json_object *value = parse("{\"a\":{\"b\":[1,{\"c/d\":\"e\"}]},\"t\":true}");

        ck_assert_str_eq(js_str(value, "/a/b/1/c~1d"), "e");
        ck_assert_int_eq(js_int(value, "/a/b/0", 7), 1);
        ck_assert_int_eq(js_int(value, "/a/b/2", 7), 7);
        ck_assert_int_eq(js_int(value, "/a/b", 7), 7);
        ck_assert(js_bool(value, "/t", false));
        ck_assert_ptr_null(js_str(value, "/t"));
        ck_assert_ptr_null(js_get(NULL, "/t"));
        ck_assert_uint_eq(js_len(value, "/a/b"), 2);
        ck_assert_ptr_eq(js_get(value, ""), value);
        json_object_put(value);
}
END_TEST

START_TEST(setting_makes_the_way_and_refuses_a_wrong_one) {
        struct json_object *value = parse("{\"list\":[1]}");

        ck_assert_int_eq(js_set_str(value, "/a/b", "c"), 0);
        ck_assert_int_eq(js_set_int(value, "/list/-", 2), 0);
        ck_assert_int_eq(js_set_int(value, "/list/0", 3), 0);
        ck_assert_int_eq(js_set_int(value, "/list/9", 3), -EINVAL);
        ck_assert_int_eq(js_set_int(value, "/a/b/c", 3), -EINVAL);
        ck_assert_int_eq(js_set_int(value, "", 3), -EINVAL);
        expect(value, "{\"list\":[3,2],\"a\":{\"b\":\"c\"}}");
        ck_assert(js_remove(value, "/list/0"));
        ck_assert(js_remove(value, "/a/b"));
        ck_assert(!js_remove(value, "/a/b"));
        expect(value, "{\"list\":[2],\"a\":{}}");
        json_object_put(value);
}
END_TEST

START_TEST(a_merge_patch_sets_nests_and_removes) {
        struct json_object *value = parse("{\"a\":1,\"b\":{\"c\":1,\"d\":2},\"e\":\"x\"}");
        struct json_object *patch =
                parse("{\"a\":null,\"b\":{\"c\":null,\"f\":3},\"e\":{\"g\":4}}");

        js_merge_patch(value, patch);
        expect(value, "{\"b\":{\"d\":2,\"f\":3},\"e\":{\"g\":4}}");
        json_object_put(value);
        json_object_put(patch);
}
END_TEST

START_TEST(exactly_one_text_is_parsed) {
        static const char *const wrong[] = { "", "{", "{} x", "{}{}", "'a'", "[1,]", "nul" };
        struct json_object *value = NULL;

        for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
                ck_assert_msg(js_parse(wrong[i], strlen(wrong[i]), &value) == -EBADMSG, "%s",
                              wrong[i]);
        value = parse(" {\"a\" : 1} \n");
        expect(value, "{\"a\":1}");
        json_object_put(value);
        value = parse("12");
        ck_assert_int_eq(js_int(value, "", 0), 12);
        json_object_put(value);
        ck_assert_ptr_null(parse("null"));
}
END_TEST

START_TEST(members_are_copied_by_name) {
        struct json_object *from = parse("{\"a\":[1],\"b\":2,\"c\":3}"),
                           *to = json_object_new_object();

        js_copy_members(to, from, "a c");
        js_set_int(from, "/a/0", 9);
        expect(to, "{\"a\":[1],\"c\":3}");
        json_object_put(from);
        json_object_put(to);
}
END_TEST

int main(void) {
        const struct unit_case cases[] = {
                { "pack", a_pattern_builds_what_it_looks_like, 0 },
                { "get", pointers_go_through_objects_and_arrays, 0 },
                { "set", setting_makes_the_way_and_refuses_a_wrong_one, 0 },
                { "merge patch", a_merge_patch_sets_nests_and_removes, 0 },
                { "parse", exactly_one_text_is_parsed, 0 },
                { "copy", members_are_copied_by_name, 0 },
                { 0 },
        };

        return unit_main("emulator-js", cases);
}
