/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/withhold.h"

#include <string.h>

#include "base/kind-change.h"
#include "tests/unit/unit.h"

static const struct secret_member secrets[] = { { "auth_cred.pwd", "/auth_cred/pwd" }, { 0 } };

/* What is kept of @text is @expected; NULL: all of it. */
static void expect(const char *text, const char *expected) {
        struct withheld withheld;

        ck_assert_int_eq(withhold(secrets, text, strlen(text), &withheld), 0);
        ck_assert_pstr_eq(withheld.text, expected);
        if (expected)
                ck_assert_uint_eq(withheld.len, strlen(expected));
        withheld_done(&withheld);
}

/* Nothing of it is kept, but the word that it is not. */
static void expect_nothing(const char *text) {
        struct withheld withheld;

        ck_assert_int_eq(withhold(secrets, text, strlen(text), &withheld), 0);
        ck_assert_ptr_nonnull(withheld.text);
        ck_assert_ptr_nonnull(strstr(withheld.text, "was not kept"));
        ck_assert_ptr_null(strstr(withheld.text, "s3"));
        withheld_done(&withheld);
}

#define MARK "\"<write-only: enter again>\""

START_TEST(values_are_cut_at_any_depth) {
        expect("{\"a\": 1}", NULL);
        expect("{\"pwds\": \"s3\"}", NULL);
        expect("{\"auth_cred\": {\"pwd\": \"s3\"}}",
               "{\n  \"auth_cred\": {\n    \"pwd\": " MARK "\n  }\n}\n");
        expect("[{\"x\": [{\"User_Pwd\": [\"s3\"]}]}]",
               "[\n  {\n    \"x\": [\n      {\n        \"User_Pwd\": " MARK
               "\n      }\n    ]\n  }\n]\n");
        expect("{\"p\\u0077d\": 53}", "{\n  \"pwd\": " MARK "\n}\n");
        expect("{\"pwd\": \"s3\", \"pwd\": null}", "{\n  \"pwd\": null\n}\n");
}
END_TEST

START_TEST(the_first_is_named) {
        static const char text[] = "{\"a\": [1, {\"pwd\": \"s3\"}], \"kubeconfig\": \"s3\"}";
        static const char empty[] = "{\"pwd\": \"\", \"kubeconfig\": null}";
        struct withheld withheld;

        ck_assert_int_eq(withhold(secrets, text, strlen(text), &withheld), 0);
        ck_assert_str_eq(withheld.at, "/a/1/pwd");
        ck_assert_ptr_eq(withheld.secret, secrets);
        withheld_done(&withheld);
        ck_assert_int_eq(withhold(secrets, empty, strlen(empty), &withheld), 0);
        ck_assert_ptr_null(withheld.at);
        withheld_done(&withheld);
        ck_assert_int_eq(withhold(NULL, text, strlen(text), &withheld), 0);
        ck_assert_ptr_null(withheld.text);
}
END_TEST

START_TEST(a_text_that_is_no_json_is_cut_too) {
        expect("{\"a\": ", NULL);
        expect("{\"pwd\": \"s3\", bad", "{\"pwd\": " MARK ", bad");
        expect("{\"pwd\"\n:\t\"s\\\"3\"\n} x \"auth_cred.pwd\":\"s3\"",
               "{\"pwd\"\n:\t" MARK "\n} x \"auth_cred.pwd\":" MARK);
        expect("{\"pwd2\": \"a\", my_pwd", NULL);
}
END_TEST

START_TEST(what_nobody_can_tell_is_not_kept) {
        expect_nothing("{\"pwd\": \"s3");
        expect_nothing("{\"pwd\": s3, ");
        expect_nothing("{'pwd': 's3'}");
        expect_nothing("{\"pwd\": \"s3\"s3\", bad");
        expect_nothing("{\"pwd\": [\"s3\"], bad");
        expect_nothing("{\"p\\u0077d\": \"s3\", bad");
        expect_nothing("pwd: s3\n");
        expect_nothing("{\"x\": \"{\\\"pwd\\\": \\\"s3\\\"}\", bad");
}
END_TEST

START_TEST(copies_of_a_secret_file_are_not_kept) {
        struct withheld withheld;

        ck_assert_int_eq(withhold_file(secrets, ".auth_cred.pwd.swp", "s3", 2, &withheld), 0);
        ck_assert_ptr_nonnull(strstr(withheld.text, "was not kept"));
        withheld_done(&withheld);
        ck_assert_int_eq(withhold_file(secrets, ".engine.json.swp", "s3", 2, &withheld), 0);
        ck_assert_ptr_null(withheld.text);
        ck_assert_int_eq(withhold_file(NULL, "kubeconfig", "s3", 2, &withheld), 0);
        ck_assert_ptr_null(withheld.text);
}
END_TEST

int main(void) {
        const struct unit_case cases[] = {
                { .name = "depth", .test = values_are_cut_at_any_depth },
                { .name = "first", .test = the_first_is_named },
                { .name = "text", .test = a_text_that_is_no_json_is_cut_too },
                { .name = "doubt", .test = what_nobody_can_tell_is_not_kept },
                { .name = "files", .test = copies_of_a_secret_file_are_not_kept },
                { 0 },
        };

        return unit_main("withhold", cases);
}
