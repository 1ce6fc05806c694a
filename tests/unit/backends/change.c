/* SPDX-License-Identifier: Apache-2.0 */
/* What holds for every change: settings, conflicts, plans, halves and unknown outcomes. */
#include <check.h>

#include "base/text.h"
#include "tests/unit/backends/changing.h"
#include "tests/unit/unit.h"

#define FLEET "ucs/fleets/two/fleet.json"

static const char fleets[] =
        "{\"items\":[{\"metadata\":{\"name\":\"two\",\"uid\":\"f2\"},\"spec\":{\"federationId\":"
        "\"x\",\"description\":\"old\",\"dnsSuffix\":[\"a.org\"]}}],\"total\":1}";
static const char changed_fleets[] =
        "{\"items\":[{\"metadata\":{\"name\":\"two\",\"uid\":\"f2\"},\"spec\":{\"federationId\":"
        "\"x\",\"description\":\"new\",\"dnsSuffix\":[\"a.org\"]}}],\"total\":1}";
static const char two_fleets[] =
        "{\"items\":[{\"metadata\":{\"name\":\"two\",\"uid\":\"f2\"},\"spec\":{}},"
        "{\"metadata\":{\"name\":\"one\",\"uid\":\"f1\"},\"spec\":{}}],\"total\":2}";
static const char was[] =
        "{\"metadata\":{\"name\":\"two\",\"uid\":\"f2\"},\"spec\":{\"federationId\":"
        "\"x\",\"description\":\"old\",\"dnsSuffix\":[\"a.org\"]}}";
static const char described[] =
        "{\"metadata\":{\"name\":\"two\",\"uid\":\"f2\"},\"spec\":{\"federationId\":\"x\","
        "\"description\":\"new\",\"dnsSuffix\":[\"a.org\"]}}";
static const char both[] =
        "{\"metadata\":{\"name\":\"two\",\"uid\":\"f2\"},\"spec\":{\"federationId\":"
        "\"x\",\"description\":\"new\",\"dnsSuffix\":[\"b.org\"]}}";
static const char policy[] = "{\"spec\":{\"type\":\"admin\"}}";

static void begin(void) {
        changing_begin(&changing_account);
        changing_answer("listFleets", fleets);
}

START_TEST(an_equal_value_sends_nothing) {
        begin();
        ck_assert_int_eq(changing_save(FLEET, NULL, was), 0);
        ck_assert_int_eq(changing_save(FLEET, "{\"anything\": \"else\"}", was), 0);
        changing_nothing();
        changing_end();
}
END_TEST

START_TEST(what_others_changed_is_not_overwritten) {
        begin();
        ck_assert_int_eq(changing_save(FLEET, described, both), -ESTALE);
        ck_assert_ptr_nonnull(changing_result()->document);
        ck_assert(strstr(changing_result()->document->data, "\"old\""));
        changing_nothing();
        /* The same value in other bytes is no conflict. */
        ck_assert_int_eq(changing_save(FLEET, was, described), 0);
        changing_sent("PUT", "/v1/clustergroups/f2/description", "{\"description\":\"new\"}");
        changing_nothing();
        changing_end();
}
END_TEST

START_TEST(texts_that_mean_nothing_are_refused) {
        begin();
        ck_assert_int_eq(changing_save(FLEET, NULL, ""), -EINVAL);
        ck_assert_int_eq(changing_save(FLEET, NULL, " \n"), -EINVAL);
        ck_assert_int_eq(changing_save(FLEET, NULL, "{\n  \"a\": }"), -EINVAL);
        ck_assert(strstr(changing_reason(), "line 2"));
        ck_assert_int_eq(changing_save(FLEET, NULL, "[]"), -EINVAL);
        ck_assert_int_eq(changing_save(FLEET, NULL,
                                       "{\"metadata\":{\"name\":\"two\",\"uid\":\"f2\"},\"spec\":"
                                       "{\"description\":\"<write-only: enter again>\"}}"),
                         -EINVAL);
        ck_assert(strstr(changing_reason(), "write-only"));
        ck_assert_int_eq(changing_save("ucs/versions.json", NULL, "{}"), -EPERM);
        changing_nothing();
        changing_end();
}
END_TEST

START_TEST(a_plan_is_told_and_not_sent) {
        begin();
        changing_plan_only();
        ck_assert_int_eq(changing_save(FLEET, NULL, both), 0);
        changing_sent("PUT", "/v1/clustergroups/f2/description", "{\"description\":\"new\"}");
        changing_sent("PUT", "/v1/clustergroups/f2/associatedzones", "{\"dnsSuffix\":[\"b.org\"]}");
        ck_assert_uint_eq(changing_result()->steps, 2);
        ck_assert_int_eq(changing_create("ucs/policies", "p.json", policy), 0);
        changing_sent("POST", "/v1/permissions/rules",
                      "{\"metadata\":{\"name\":\"p\"},\"spec\":{\"type\":\"admin\"}}");
        ck_assert_int_eq(changing_remove("ucs/policies/admin.json"), 0);
        changing_sent("DELETE", "/v1/permissions/rules/3dcdef78-65bb-11ee-bdf2-0255ac100033", NULL);
        changing_nothing();
        changing_end();
}
END_TEST

START_TEST(a_half_is_told_as_a_half) {
        begin();
        changing_fail(1, EACCES, 403, false);
        ck_assert_int_eq(changing_save(FLEET, NULL, both), -EIO);
        ck_assert(strstr(changing_reason(), "sent updateFleetDescription"));
        ck_assert(strstr(changing_reason(), "failed updateFleetAssociatedZones"));
        changing_sent("PUT", "/v1/clustergroups/f2/description", "{\"description\":\"new\"}");
        changing_sent("PUT", "/v1/clustergroups/f2/associatedzones", "{\"dnsSuffix\":[\"b.org\"]}");
        changing_fail(0, EACCES, 403, false);
        ck_assert_int_eq(changing_save(FLEET, NULL, both), -EACCES);
        changing_sent("PUT", "/v1/clustergroups/f2/description", "{\"description\":\"new\"}");
        changing_nothing();
        changing_end();
}
END_TEST

/* A save without an answer: a look shows that it was done, was not, or nobody knows. */
START_TEST(a_save_without_an_answer_is_looked_after) {
        begin();
        changing_fail(0, ECONNRESET, 0, true);
        changing_then("listFleets", changed_fleets);
        ck_assert_int_eq(changing_save(FLEET, NULL, described), 0);
        changing_end();

        begin();
        changing_fail(0, ECONNRESET, 0, true);
        ck_assert_int_eq(changing_save(FLEET, NULL, described), -ETIMEDOUT);
        ck_assert(changing_op()->fault.is_unknown);
        ck_assert(strstr(changing_reason(), "may have happened"));
        changing_end();

        begin();
        changing_fail(0, EIO, 502, true);
        ck_assert_int_eq(changing_save(FLEET, NULL, described), -EIO);
        ck_assert(!changing_op()->fault.is_unknown);
        changing_end();
}
END_TEST

START_TEST(a_creation_without_an_answer_is_looked_after) {
        begin();
        changing_fail(0, ETIMEDOUT, 0, true);
        changing_then("listFleets", two_fleets);
        ck_assert_int_eq(changing_create("ucs/fleets", "one", NULL), 0);
        ck_assert_str_eq(changing_result()->entry.name, "one");
        changing_end();

        begin();
        changing_fail(0, ETIMEDOUT, 0, true);
        ck_assert_int_eq(changing_create("ucs/fleets", "one", NULL), -ETIMEDOUT);
        changing_end();
}
END_TEST

/* A fleet that nothing is in, whose deletion ends like this. */
static void begin_failing_deletion(int error, int status, bool is_unknown) {
        begin();
        changing_answer("listFleets", two_fleets);
        changing_answer("listClusters", "{\"items\":[]}");
        changing_fail(0, error, status, is_unknown);
}

START_TEST(a_deletion_without_an_answer_is_looked_after) {
        begin_failing_deletion(ETIMEDOUT, 0, true);
        changing_then("listFleets", fleets);
        ck_assert_int_eq(changing_remove("ucs/fleets/one"), 0);
        changing_end();

        begin_failing_deletion(ETIMEDOUT, 0, true);
        ck_assert_int_eq(changing_remove("ucs/fleets/one"), -ETIMEDOUT);
        changing_end();
}
END_TEST

/* A request that was sent twice on the way finds nothing the second time. */
START_TEST(a_deletion_that_finds_nothing_is_looked_after) {
        begin_failing_deletion(ENOENT, 404, false);
        changing_then("listFleets", fleets);
        ck_assert_int_eq(changing_remove("ucs/fleets/one"), 0);
        changing_end();

        begin_failing_deletion(ENOENT, 404, false);
        ck_assert_int_eq(changing_remove("ucs/fleets/one"), -ENOENT);
        ck_assert_int_eq(changing_op()->fault.status, 404);
        changing_end();
}
END_TEST

/* A service that tells of a conflict itself has another version. */
START_TEST(a_conflict_that_the_service_tells_is_one) {
        begin();
        changing_fail(0, EEXIST, 409, false);
        ck_assert_int_eq(changing_save(FLEET, was, described), -ESTALE);
        ck_assert_int_eq(changing_op()->fault.status, 409);
        ck_assert_ptr_nonnull(changing_result()->document);
        changing_end();
}
END_TEST

static void check_settings(enum account_access access, enum account_allow allow_delete,
                           enum account_allow allow_create, const int wanted[6]) {
        struct view_options options = changing_account;
        int got[6];

        options.access = access;
        options.allow_delete = allow_delete;
        options.allow_create = allow_create;
        changing_begin(&options);
        changing_answer("listFleets", two_fleets);
        changing_answer("listClusters", "{\"items\":[]}");
        got[0] = changing_create("ucs/fleets", "three", NULL);
        got[1] = changing_create("ucs/policies", "p.json", policy);
        got[2] = changing_remove("ucs/fleets/one");
        got[3] = changing_remove("ucs/policies/admin.json");
        got[4] = changing_save("ucs/fleets/two/fleet.json", NULL,
                               "{\"metadata\":{\"name\":\"two\",\"uid\":\"f2\"},\"spec\":"
                               "{\"description\":\"x\"}}");
        got[5] = changing_act("cn-north-4/dws/clusters/actions/precheck",
                              "{\"flavor\":\"f\",\"num_node\":3,\"availability_zones\":[\"a\"],"
                              "\"vpc_id\":\"v\",\"subnet_id\":\"s\",\"datastore_version\":\"8\"}");
        for (size_t i = 0; i < ELEMENTSOF(got); i++)
                ck_assert_msg(got[i] == wanted[i], "%zu: got %d, wanted %d (%s)", i, got[i],
                              wanted[i], changing_reason());
        changing_end();
}

/* Creations of infrastructure and documents, their deletions, an update, and a harmless POST. */
START_TEST(settings_decide_by_weight) {
        const enum account_access rw = ACCESS_READ_WRITE;
        const int no = -EPERM;

        check_settings(rw, ALLOW_ALL, ALLOW_ALL, (const int[]){ 0, 0, 0, 0, 0, 0 });
        check_settings(rw, ALLOW_DOCUMENTS, ALLOW_DOCUMENTS, (const int[]){ no, 0, no, 0, 0, 0 });
        check_settings(rw, ALLOW_NONE, ALLOW_NONE, (const int[]){ no, no, no, no, 0, 0 });
        check_settings(ACCESS_READ_ONLY, ALLOW_ALL, ALLOW_ALL,
                       (const int[]){ no, no, no, no, no, 0 });
}
END_TEST

START_TEST(the_refusal_names_the_setting) {
        struct view_options options = changing_account;

        options.allow_delete = ALLOW_DOCUMENTS;
        changing_begin(&options);
        changing_answer("listFleets", two_fleets);
        ck_assert_int_eq(changing_remove("ucs/fleets/one"), -EPERM);
        ck_assert(strstr(changing_reason(), "allow_delete = all"));
        ck_assert(strstr(changing_reason(), "allow_delete = documents"));
        changing_end();
}
END_TEST

START_TEST(the_budget_is_kept) {
        struct view_options options = changing_account;

        options.deletions_per_minute = 2;
        changing_begin(&options);
        changing_answer("listFleets", two_fleets);
        ck_assert_int_eq(changing_remove("ucs/policies/admin.json"), 0);
        ck_assert_int_eq(changing_create("ucs/fleets", "three", NULL), 0);
        ck_assert_int_eq(changing_create("ucs/policies", "p.json", policy), 0);
        ck_assert_int_eq(changing_remove("ucs/policies/admin.json"), -EDQUOT);
        ck_assert(strstr(changing_reason(), "acknowledge"));
        ck_assert_int_eq(changing_create("ucs/fleets", "four", NULL), -EDQUOT);
        ck_assert_uint_eq(changing_result()->steps, 0);
        view_acknowledge(changing_view());
        ck_assert_int_eq(changing_remove("ucs/policies/admin.json"), 0);
        changing_end();
}
END_TEST

START_TEST(a_removal_that_was_paid_is_not_paid_again) {
        struct view_options options = changing_account;

        options.deletions_per_minute = 2;
        changing_begin(&options);
        ck_assert_int_eq(changing_pay_removal("ucs/policies/admin.json"), 0);
        ck_assert_int_eq(changing_pay_removal("ucs/policies/admin.json"), 0);
        ck_assert_int_eq(changing_remove_paid("ucs/policies/admin.json"), 0);
        changing_refund_removal("ucs/policies/admin.json");
        ck_assert_int_eq(changing_remove("ucs/policies/admin.json"), 0);
        ck_assert_int_eq(changing_pay_removal("ucs/policies/admin.json"), -EDQUOT);
        ck_assert(strstr(changing_reason(), "acknowledge"));
        view_acknowledge(changing_view());
        ck_assert_int_eq(changing_pay_removal("ucs/policies/admin.json"), 0);
        changing_end();
}
END_TEST

START_TEST(many_at_once_are_many) {
        struct view_options options = changing_account;

        options.type = ACCOUNT_SERVICECOMB;
        options.deletions_per_minute = 3;
        changing_begin(&options);
        ck_assert_int_eq(changing_act("config/actions/delete", "{\"ids\":[\"a\",\"b\"]}"), 0);
        ck_assert_int_eq(changing_act("config/actions/delete", "{\"ids\":[\"a\",\"b\"]}"), -EDQUOT);
        view_acknowledge(changing_view());
        ck_assert_int_eq(
                changing_act("config/actions/delete", "{\"ids\":[\"a\",\"b\",\"c\",\"d\"]}"),
                -EDQUOT);
        ck_assert(strstr(changing_reason(), "at once"));
        changing_end();
}
END_TEST

START_TEST(an_action_must_be_meant) {
        _cleanup_(freep) char *form = NULL;

        begin();
        form = changing_read("ucs/fleets/two/federation/actions/issue-kubeconfig");
        ck_assert(strstr(form, "_comment"));
        ck_assert_int_eq(changing_act("ucs/fleets/two/federation/actions/issue-kubeconfig", form),
                         -EINVAL);
        ck_assert(strstr(changing_reason(), "_comment"));
        ck_assert_int_eq(changing_act("ucs/fleets/two/federation/actions/issue-kubeconfig", ""),
                         -EINVAL);
        ck_assert_int_eq(changing_act("ucs/fleets/two/federation/actions/issue-kubeconfig", "[]"),
                         -EINVAL);
        changing_nothing();
        changing_end();
}
END_TEST

START_TEST(names_must_come_back_as_they_are) {
        begin();
        ck_assert_int_eq(changing_create("ucs/fleets", "a%2Fb", NULL), 0);
        changing_sent("POST", "/v1/clustergroups", "{\"metadata\":{\"name\":\"a/b\"}}");
        ck_assert_int_eq(changing_create("ucs/fleets", "100%", NULL), -EINVAL);
        ck_assert(strstr(changing_reason(), "100%25"));
        ck_assert_int_eq(changing_create("ucs/fleets", "one~0123abcd", NULL), -EINVAL);
        ck_assert_int_eq(changing_create("ucs/fleets/two", "x", NULL), -EPERM);
        ck_assert_int_eq(changing_create("ucs/candidates", "x.json", "{}"), -EPERM);
        changing_nothing();
        changing_end();
}
END_TEST

int main(void) {
        const struct unit_case cases[] = {
                { .name = "equal", .test = an_equal_value_sends_nothing },
                { .name = "conflict", .test = what_others_changed_is_not_overwritten },
                { .name = "refused", .test = texts_that_mean_nothing_are_refused },
                { .name = "plan", .test = a_plan_is_told_and_not_sent },
                { .name = "half", .test = a_half_is_told_as_a_half },
                { .name = "unknown save", .test = a_save_without_an_answer_is_looked_after },
                { .name = "unknown creation",
                  .test = a_creation_without_an_answer_is_looked_after },
                { .name = "deletion of nothing",
                  .test = a_deletion_that_finds_nothing_is_looked_after },
                { .name = "conflict told", .test = a_conflict_that_the_service_tells_is_one },
                { .name = "unknown deletion",
                  .test = a_deletion_without_an_answer_is_looked_after },
                { .name = "settings", .test = settings_decide_by_weight },
                { .name = "refusal", .test = the_refusal_names_the_setting },
                { .name = "budget", .test = the_budget_is_kept },
                { .name = "paid", .test = a_removal_that_was_paid_is_not_paid_again },
                { .name = "many", .test = many_at_once_are_many },
                { .name = "action", .test = an_action_must_be_meant },
                { .name = "names", .test = names_must_come_back_as_they_are },
                {},
        };

        return unit_main("change", cases);
}
