/* SPDX-License-Identifier: Apache-2.0 */
/* Services that can say that what is known still holds are asked just that. */
#include "base/stamp.h"
#include "base/text.h"
#include "tests/unit/cache/directory.h"
#include "tests/unit/cache/fake.h"
#include "tests/unit/unit.h"

static const struct call call_revised = { .id = "listInstances",
                                          .service = "servicecomb",
                                          .method = METHOD_GET,
                                          .path = "/v4/{project_id}/instances/{cluster_id}",
                                          .items = "/instances",
                                          .key = "/id",
                                          .revision_query = "rev={}",
                                          .revision_header = "X-Resource-Revision" };

static struct fake fake;
static struct source *cache;
static struct fake_request made;
static const char *revision; /* of what the service has */
static char asked[16];       /* what the last call named as known, "-": nothing */
static unsigned confirmations;

static int make(struct fake *from, const struct request *request, struct answer **ret) {
        int r;

        (void)snprintf(asked, sizeof(asked), "%s",
                       request->known_revision ? request->known_revision : "-");
        if (request->known_revision && text_eq(request->known_revision, revision)) {
                confirmations++;
                r = answer_new(ret);
                (*ret)->is_unchanged = true;
                (*ret)->status = 304;
                (*ret)->fetched_ms = stamp_now_ms();
                (*ret)->request_id = strdup("req-confirmed");
                return r;
        }
        r = fake_answer(from, request, ret);
        if (r == 0 && revision)
                (*ret)->revision = strdup(revision);
        return r;
}

static void begin(const char *path) {
        if (path)
                disk_begin();
        fake_init(&fake);
        fake.make = make;
        fake.items[0] = (struct fake_item){ "i1", "{\"id\":\"i1\"}" };
        fake.items[1] = (struct fake_item){ "i2", "{\"id\":\"i2\"}" };
        revision = "r1";
        confirmations = 0;
        cache = cache_above(&fake, path);
}

static void end(void) {
        (void)source_free(cache);
        fake_done(&fake);
}

static struct request *request(void) {
        return request_of(&made, &call_revised, "c1");
}

START_TEST(a_confirmation_moves_the_age_and_nothing_else) {
        struct answer *first, *second;

        begin(NULL);
        ck_assert_int_eq(fetch(cache, request(), &first, NULL), 0);
        ck_assert_str_eq(asked, "-");
        clock_move(61000);
        ck_assert_int_eq(fetch(cache, request(), &second, NULL), 0);
        ck_assert_str_eq(asked, "r1");
        ck_assert_uint_eq(confirmations, 1);
        ck_assert_int_ge(second->fetched_ms, first->fetched_ms + 61000);
        ck_assert_int_eq(second->changed_ms, first->changed_ms);
        ck_assert_ptr_eq(second->items, first->items);
        ck_assert_str_eq(second->revision, "r1");
        ck_assert_str_eq(second->request_id, "req-confirmed");
        ck_assert_int_eq(second->status, 200);
        ck_assert(!second->is_unchanged && !second->is_stale);
        (void)answer_unref(first);
        (void)answer_unref(second);
        /* It serves as long as any other. */
        clock_move(40000);
        ck_assert_uint_eq(ask_for(cache, request()).count, 2);
        ck_assert_uint_eq(fake.fetches, 2);
        end();
}
END_TEST

START_TEST(what_changed_comes_whole) {
        begin(NULL);
        (void)ask_for(cache, request());
        revision = "r2";
        fake.items[1] = (struct fake_item){ 0 };
        clock_move(61000);
        ck_assert_uint_eq(ask_for(cache, request()).count, 1);
        ck_assert_str_eq(asked, "r1");
        clock_move(61000);
        ck_assert_uint_eq(ask_for(cache, request()).count, 1);
        ck_assert_str_eq(asked, "r2");
        ck_assert_uint_eq(confirmations, 1);
        end();
}
END_TEST

START_TEST(an_answer_without_a_revision_is_asked_for_whole) {
        begin(NULL);
        revision = NULL;
        (void)ask_for(cache, request());
        clock_move(61000);
        (void)ask_for(cache, request());
        ck_assert_str_eq(asked, "-");
        end();
}
END_TEST

START_TEST(other_rows_name_no_revision) {
        begin(NULL);
        (void)ask_for(cache, request_of(&made, &call_list, "c1"));
        clock_move(61000);
        (void)ask_for(cache, request_of(&made, &call_list, "c1"));
        ck_assert_str_eq(asked, "-");
        end();
}
END_TEST

/* A server that lags behind a change of ours would confirm what was before it. */
START_TEST(after_a_change_it_is_asked_for_whole) {
        struct fake_request change;
        struct answer *answer;
        struct op op;
        static const struct call call_register = {
                .id = "registerInstance",
                .service = "servicecomb",
                .method = METHOD_POST,
                .path = "/v4/{project_id}/instances/{cluster_id}",
                .risk = RISK_CHANGE,
        };

        begin(NULL);
        (void)ask_for(cache, request());
        op_init(&op, OP_INTERACTIVE, 1000);
        ck_assert_int_eq(
                source_send(cache, &op, request_of(&change, &call_register, "c1"), &answer), 0);
        (void)answer_unref(answer);
        (void)ask_for(cache, request());
        ck_assert_str_eq(asked, "-");
        end();
}
END_TEST

/* One item is wanted, all are known: the confirmation is about all. */
START_TEST(a_part_is_confirmed_by_the_whole) {
        struct request *part = request();
        struct answer *answer;

        begin(NULL);
        (void)ask_for(cache, part);
        clock_move(61000);
        part->only = "i2";
        ck_assert_int_eq(fetch(cache, part, &answer, NULL), 0);
        ck_assert_uint_eq(confirmations, 1);
        ck_assert_ptr_nonnull(answer_find(answer, "i2"));
        (void)answer_unref(answer);
        part->only = NULL;
        ck_assert_uint_eq(ask_for(cache, part).count, 2);
        ck_assert_uint_eq(fake.fetches, 2);
        end();
}
END_TEST

START_TEST(the_file_keeps_the_revision) {
        begin(disk_path());
        (void)ask_for(cache, request());
        end();
        fake_init(&fake);
        fake.make = make;
        cache = cache_above(&fake, disk_path());
        clock_move(61000);
        ck_assert_uint_eq(ask_for(cache, request()).count, 2);
        ck_assert_str_eq(asked, "r1");
        ck_assert_uint_eq(confirmations, 1);
        end();
        disk_end();
}
END_TEST

START_TEST(a_failure_serves_what_is_known) {
        struct outcome outcome;

        begin(NULL);
        (void)ask_for(cache, request());
        clock_move(61000);
        fake.error = EHOSTUNREACH;
        outcome = ask_for(cache, request());
        ck_assert_int_eq(outcome.error, 0);
        ck_assert(outcome.is_stale);
        end();
}
END_TEST

int main(void) {
        const struct unit_case cases[] = {
                { .name = "age", .test = a_confirmation_moves_the_age_and_nothing_else },
                { .name = "changed", .test = what_changed_comes_whole },
                { .name = "unnamed", .test = an_answer_without_a_revision_is_asked_for_whole },
                { .name = "other rows", .test = other_rows_name_no_revision },
                { .name = "own change", .test = after_a_change_it_is_asked_for_whole },
                { .name = "part", .test = a_part_is_confirmed_by_the_whole },
                { .name = "file", .test = the_file_keeps_the_revision },
                { .name = "failure", .test = a_failure_serves_what_is_known },
                {},
        };

        return unit_main("confirm", cases);
}
