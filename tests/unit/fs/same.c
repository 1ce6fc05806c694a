/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/same.h"

#include <string.h>

#include "tests/unit/unit.h"

static bool is(bool (*same)(const struct document *, const char *, size_t), const char *document,
               const char *text) {
        const struct document it = { .data = (char *)(uintptr_t)document, .len = strlen(document) };

        return same(&it, text, strlen(text));
}

START_TEST(bytes_and_values_are_the_same) {
        ck_assert(is(same_value, "plain", "plain"));
        ck_assert(!is(same_value, "plain", "plain\n"));
        ck_assert(is(same_value, "{\"a\": 1, \"b\": [2]}\n", "{\"b\":[2],\"a\":1}"));
        ck_assert(!is(same_value, "{\"a\": 1}", "{\"a\": 2}"));
        ck_assert(!is(same_value, "{\"a\": 1, \"b\": 2}", "{\"a\": 1}"));
        ck_assert(!same_value(&(struct document){ .data = (char *)(uintptr_t) "" }, NULL, 0));
}
END_TEST

START_TEST(what_services_add_does_not_count) {
        ck_assert(is(same_parts, "{\"a\": 1, \"id\": 7}", "{\"a\": 1}"));
        ck_assert(is(same_parts, "{\"a\": {\"b\": [{\"c\": 1, \"at\": 3}]}}",
                     "{\"a\": {\"b\": [{\"c\": 1}]}}"));
        ck_assert(!is(same_parts, "{\"a\": 1}", "{\"a\": 1, \"b\": 2}"));
        ck_assert(!is(same_parts, "{\"a\": [1, 2]}", "{\"a\": [1]}"));
        ck_assert(!is(same_parts, "{\"a\": [2, 1]}", "{\"a\": [1, 2]}"));
        ck_assert(!is(same_parts, "{\"a\": \"1\"}", "{\"a\": 1}"));
        ck_assert(!is(same_parts, "[1]", "{\"a\": 1}"));
        ck_assert(!is(same_parts, "{\"a\": [1]}", "{\"a\": {\"b\": 1}}"));
        ck_assert(!is(same_parts, "text and more", "text"));
        ck_assert(is(same_parts, "text", "text"));
}
END_TEST

int main(void) {
        const struct unit_case cases[] = {
                { .name = "value", .test = bytes_and_values_are_the_same },
                { .name = "parts", .test = what_services_add_does_not_count },
                { 0 },
        };

        return unit_main("same", cases);
}
