/* SPDX-License-Identifier: Apache-2.0 */
/* Answers that another call told of: they serve as if they had been asked for. */
#include "base/stamp.h"
#include "tests/unit/cache/fake.h"
#include "tests/unit/unit.h"

static struct fake fake;
static struct source *cache;
static struct fake_request made;

static void begin(void) {
        fake_init(&fake);
        cache = cache_above(&fake, NULL);
}

static void end(void) {
        (void)source_free(cache);
        fake_done(&fake);
}

static void learn(const struct request *request, const char *body) {
        struct answer *answer;

        ck_assert_int_eq(answer_new(&answer), 0);
        answer->fetched_ms = stamp_now_ms();
        ck_assert_int_eq(answer_set_body(answer, body, strlen(body)), 0);
        ck_assert_int_eq(answer_seal(answer), 0);
        source_learn(cache, request, answer);
        (void)answer_unref(answer);
}

START_TEST(what_was_learnt_needs_no_call) {
        struct request *request = request_of(&made, &call_object, "c1");

        begin();
        learn(request, "{\"n\":7}");
        ck_assert_str_eq(ask_for(cache, request).body, "{\"n\":7}");
        ck_assert_uint_eq(fake.fetches, 0);
        end();
}
END_TEST

START_TEST(it_is_learnt_for_its_own_request_only) {
        struct fake_request other;

        begin();
        fake.body = "{\"n\":1}";
        learn(request_of(&made, &call_object, "c1"), "{\"n\":7}");
        ck_assert_str_eq(ask_for(cache, request_of(&other, &call_object, "c2")).body, "{\"n\":1}");
        ck_assert_uint_eq(fake.fetches, 1);
        end();
}
END_TEST

START_TEST(what_is_equal_keeps_the_time_it_was_first_seen) {
        struct request *request = request_of(&made, &call_object, "c1");
        int64_t first;

        begin();
        fake.body = "{\"n\":7}";
        first = ask_for(cache, request).changed_ms;
        clock_move(1000);
        learn(request, "{ \"n\": 7 }");
        ck_assert_int_eq(ask_for(cache, request).changed_ms, first);
        ck_assert_str_eq(ask_for(cache, request).body, "{\"n\":7}");
        ck_assert_uint_eq(fake.fetches, 1);
        end();
}
END_TEST

START_TEST(what_is_known_from_later_stays) {
        struct request *request = request_of(&made, &call_object, "c1");

        begin();
        clock_move(-1000);
        fake.body = "{\"n\":2}";
        (void)ask_for(cache, request);
        clock_move(-1000);
        learn(request, "{\"n\":1}");
        clock_move(2000);
        ck_assert_str_eq(ask_for(cache, request).body, "{\"n\":2}");
        end();
}
END_TEST

START_TEST(what_a_change_overtook_is_asked_for) {
        struct request *request = request_of(&made, &call_object, "c1");
        struct fake_request change;
        struct answer *answer;
        struct op op;

        begin();
        op_init(&op, OP_INTERACTIVE, 1000);
        ck_assert_int_eq(source_send(cache, &op, request_of(&change, &call_change, "c1"), &answer),
                         0);
        (void)answer_unref(answer);
        clock_move(-10);
        learn(request, "{\"n\":7}");
        clock_move(10);
        ck_assert_str_eq(ask_for(cache, request).body, "{\"n\":1}");
        ck_assert_uint_eq(fake.fetches, 1);
        end();
}
END_TEST

int main(void) {
        const struct unit_case cases[] = {
                { .name = "serves", .test = what_was_learnt_needs_no_call },
                { .name = "own", .test = it_is_learnt_for_its_own_request_only },
                { .name = "equal", .test = what_is_equal_keeps_the_time_it_was_first_seen },
                { .name = "later", .test = what_is_known_from_later_stays },
                { .name = "overtaken", .test = what_a_change_overtook_is_asked_for },
                {},
        };

        return unit_main("learn", cases);
}
