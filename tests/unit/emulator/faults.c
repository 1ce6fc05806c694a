/* SPDX-License-Identifier: Apache-2.0 */
#include "contrib/emulator/faults.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "contrib/emulator/util.h"
#include "tests/unit/unit.h"

static struct faults *rules(const char *text) {
        struct faults *faults = faults_new();
        char error[200];

        ck_assert_int_eq(faults_parse(faults, text, error, sizeof(error)), 0);
        return faults;
}

static struct fault_hit get(struct faults *faults, const char *path) {
        return faults_match(faults, "GET", "dws.cn-north-4.localhost", path);
}

START_TEST(a_rule_lets_some_pass_and_ends) {
        struct faults *faults = rules("GET /a* after=1 times=2 status=503 retry-after=7\n");

        ck_assert(!get(faults, "/abc").hit);
        ck_assert(!get(faults, "/b").hit);
        ck_assert_int_eq(get(faults, "/abc").status, 503);
        ck_assert_int_eq(get(faults, "/a/b/c").retry_after, 7);
        ck_assert(!get(faults, "/abc").hit);
        ck_assert(!faults_match(faults, "POST", "h", "/abc").hit);
        faults_free(faults);
}
END_TEST

START_TEST(rules_for_one_path_follow_one_another) {
        struct faults *faults =
                rules("* /x times=1 status=429\n# a comment\n\n* /x times=1 reset # too\n");

        ck_assert_int_eq(get(faults, "/x").status, 429);
        ck_assert(get(faults, "/x").reset);
        ck_assert(!get(faults, "/x").hit);
        faults_free(faults);
}
END_TEST

START_TEST(a_pattern_may_name_the_host) {
        struct faults *faults = rules("GET dws.*/v1/* html\nget ucs.*/v1/* cut\n");

        ck_assert_int_eq(get(faults, "/v1/clusters").body, FAULT_BODY_HTML);
        ck_assert_int_eq(faults_match(faults, "GET", "ucs.localhost", "/v1/clusters").body,
                         FAULT_BODY_CUT);
        ck_assert(!faults_match(faults, "GET", "ems.r.localhost", "/v1/clusters").hit);
        faults_free(faults);
}
END_TEST

START_TEST(every_action_has_its_word) {
        struct faults *faults =
                rules("GET /1 status=500 gateway\nGET /2 empty\nGET /3 invalid-json\n"
                      "GET /4 huge\nGET /5 stall=250\nGET /6 wrong-length\n"
                      "GET /7 unknown-state stale repeat-page\n"
                      "GET /8 processed-then-reset\n");

        ck_assert_int_eq(get(faults, "/1").body, FAULT_BODY_GATEWAY);
        ck_assert_int_eq(get(faults, "/2").body, FAULT_BODY_EMPTY);
        ck_assert_int_eq(get(faults, "/3").body, FAULT_BODY_INVALID_JSON);
        ck_assert_int_eq(get(faults, "/4").body, FAULT_BODY_HUGE);
        ck_assert_int_eq(get(faults, "/5").stall_ms, 250);
        ck_assert(get(faults, "/6").wrong_length);
        ck_assert(get(faults, "/7").unknown_state && get(faults, "/7").stale &&
                  get(faults, "/7").repeat_page);
        ck_assert(get(faults, "/8").processed_then_reset);
        ck_assert_int_eq(get(faults, "/8").retry_after, -1);
        faults_free(faults);
}
END_TEST

START_TEST(a_wrong_rule_names_its_line_and_changes_nothing) {
        static const struct {
                const char *text, *error;
        } wrong[] = {
                { "GET\n", "line 1: a rule needs" },
                { "\nGET /x\n", "line 2: a rule needs" },
                { "GET /x after=2\n", "line 1: a rule needs" },
                { "GET /x sttus=500\n", "line 1: unknown or wrong word \"sttus" },
                { "GET /x status=99\n", "line 1: unknown or wrong word" },
                { "GET /x status=x\n", "line 1: unknown or wrong word" },
                { "GET /x stall=-1\n", "line 1: unknown or wrong word" },
        };
        struct faults *faults = rules("GET /x status=500\n");

        for (size_t i = 0; i < ELEMENTSOF(wrong); i++) {
                char error[200] = "";

                ck_assert_int_eq(faults_parse(faults, wrong[i].text, error, sizeof(error)),
                                 -EINVAL);
                ck_assert_msg(str_begins(error, wrong[i].error), "%s: %s", wrong[i].text, error);
        }
        ck_assert_int_eq(get(faults, "/x").status, 500);
        faults_free(faults);
}
END_TEST

START_TEST(a_file_is_read_again_when_it_changed) {
        char path[] = "/tmp/emulator-faults-XXXXXX";
        struct faults *faults = faults_new();

        close(mkstemp(path));
        ck_assert_int_eq(write_file(path, "GET /x reset\n", 13, 0600), 0);
        ck_assert_int_eq(faults_watch(faults, path), 0);
        ck_assert(get(faults, "/x").reset);
        ck_assert_int_eq(write_file(path, "GET /x status=404\n", 18, 0600), 0);
        ck_assert_int_eq(get(faults, "/x").status, 404);
        ck_assert_int_eq(write_file(path, "nonsense\n", 9, 0600), 0);
        ck_assert_int_eq(get(faults, "/x").status, 404);
        unlink(path);
        ck_assert_int_eq(get(faults, "/x").status, 404);
        ck_assert_int_eq(faults_watch(faults, "/nowhere/faults"), -ENOENT);
        faults_free(faults);
}
END_TEST

int main(void) {
        const struct unit_case cases[] = {
                { "after and times", a_rule_lets_some_pass_and_ends, 0 },
                { "order", rules_for_one_path_follow_one_another, 0 },
                { "host", a_pattern_may_name_the_host, 0 },
                { "actions", every_action_has_its_word, 0 },
                { "errors", a_wrong_rule_names_its_line_and_changes_nothing, 0 },
                { "file", a_file_is_read_again_when_it_changed, 0 },
                { 0 },
        };

        return unit_main("emulator-faults", cases);
}
