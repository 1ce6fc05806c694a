/* SPDX-License-Identifier: Apache-2.0 */
/* Which answers serve, which are asked for again, and what is remembered of them. */
#include "base/stamp.h"
#include "base/text.h"
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

START_TEST(a_young_answer_serves_without_a_call) {
        const struct request *request = request_of(&made, &call_object, "c1");

        begin();
        ck_assert_str_eq(ask_for(cache, request).body, "{\"n\":1}");
        fake.body = "{\"n\":2}";
        clock_move(44000);
        ck_assert_str_eq(ask_for(cache, request).body, "{\"n\":1}");
        ck_assert_uint_eq(fake.fetches, 1);
        clock_move(17000);
        ck_assert_str_eq(ask_for(cache, request).body, "{\"n\":2}");
        end();
}
END_TEST

START_TEST(requests_for_different_things_are_told_apart) {
        struct fake_request other;

        begin();
        (void)ask_for(cache, request_of(&made, &call_object, "c1"));
        (void)ask_for(cache, request_of(&other, &call_object, "c2"));
        ck_assert_uint_eq(fake.fetches, 2);
        (void)request_of(&other, &call_object, "c1");
        other.params[1].value = "r2";
        (void)ask_for(cache, &other.request);
        ck_assert_uint_eq(fake.fetches, 3);
        (void)request_of(&other, &call_object, "c1");
        other.request.body = "{}";
        other.request.body_len = 2;
        (void)ask_for(cache, &other.request);
        ck_assert_uint_eq(fake.fetches, 4);
        end();
}
END_TEST

START_TEST(an_answer_of_the_future_does_not_serve) {
        begin();
        (void)ask_for(cache, request_of(&made, &call_object, "c1"));
        clock_move(-3600000);
        (void)ask_for(cache, &made.request);
        ck_assert_uint_eq(fake.fetches, 2);
        clock_move(3600000);
        end();
}
END_TEST

START_TEST(who_needs_a_fresh_answer_gets_one) {
        const struct request *request = request_of(&made, &call_object, "c1");
        struct answer *answer;
        struct op op;

        begin();
        (void)ask_for(cache, request);
        clock_move(10);
        op_init(&op, OP_INTERACTIVE, 10000);
        op.must_be_fresh = true;
        op.fresh_since_ms = stamp_now_ms();
        fake.body = "{\"n\":2}";
        ck_assert_int_eq(source_fetch(cache, &op, request, &answer), 0);
        ck_assert_str_eq(answer->body, "{\"n\":2}");
        answer_unref(answer);
        ck_assert_int_eq(source_fetch(cache, &op, request, &answer), 0);
        answer_unref(answer);
        ck_assert_uint_eq(fake.fetches, 2);
        clock_move(10);
        op.fresh_since_ms = stamp_now_ms();
        fake.error = ENETUNREACH;
        ck_assert_int_eq(source_fetch(cache, &op, request, &answer), -ENETUNREACH);
        ck_assert_str_eq(op.fault.reason, "told to fail");
        end();
}
END_TEST

START_TEST(only_what_is_known_is_served_without_reaching_out) {
        struct request *request = request_of(&made, &call_object, "c1");
        struct outcome outcome;

        begin();
        request->reach = REACH_CACHED;
        ck_assert_int_eq(ask_for(cache, request).error, -ENODATA);
        request->reach = REACH_ANY;
        (void)ask_for(cache, request);
        request->reach = REACH_CACHED;
        ck_assert(!ask_for(cache, request).is_stale);
        clock_move(61000);
        outcome = ask_for(cache, request);
        ck_assert_int_eq(outcome.error, 0);
        ck_assert(outcome.is_stale);
        ck_assert_uint_eq(fake.fetches, 1);
        clock_move(INT64_C(31) * 24 * 3600 * 1000);
        ck_assert_int_eq(ask_for(cache, request).error, -ENODATA);
        end();
}
END_TEST

START_TEST(absence_is_remembered_for_five_seconds) {
        struct request *request = request_of(&made, &call_object, "c1");
        struct op_fault fault;
        struct answer *answer;

        begin();
        fake.error = ENOENT;
        fake.status = 404;
        ck_assert_int_eq(fetch(cache, request, &answer, NULL), -ENOENT);
        ck_assert_int_eq(fetch(cache, request, &answer, &fault), -ENOENT);
        ck_assert_uint_eq(fake.fetches, 1);
        ck_assert_str_eq(fault.reason, "told to fail");
        ck_assert_int_eq(fault.status, 404);
        request->reach = REACH_CACHED;
        ck_assert_int_eq(fetch(cache, request, &answer, NULL), -ENOENT);
        request->reach = REACH_ANY;
        fake.error = 0;
        clock_move(4900);
        ck_assert_int_eq(ask_for(cache, request).error, -ENOENT);
        clock_move(200);
        ck_assert_int_eq(ask_for(cache, request).error, 0);
        end();
}
END_TEST

START_TEST(what_has_gone_is_not_shown_when_the_network_fails) {
        struct request *request = request_of(&made, &call_object, "c1");

        begin();
        (void)ask_for(cache, request);
        clock_move(61000);
        fake.error = ENOENT;
        ck_assert_int_eq(ask_for(cache, request).error, -ENOENT);
        clock_move(6000);
        fake.error = ENETUNREACH;
        ck_assert_int_eq(ask_for(cache, request).error, -ENETUNREACH);
        request->reach = REACH_CACHED;
        ck_assert_int_eq(ask_for(cache, request).error, -ENODATA);
        end();
}
END_TEST

/* error, status, and whether the older answer stands in */
static const struct {
        int error, status;
        bool is_silence;
} failures[] = {
        { ENETUNREACH, 0, true }, { EHOSTUNREACH, 0, true }, { ECONNRESET, 0, true },
        { ETIMEDOUT, 0, true },   { EIO, 500, true },        { EIO, 503, true },
        { EBUSY, 429, true },     { ECONNREFUSED, 0, true }, { ENOENT, 404, false },
        { EACCES, 403, false },   { EPERM, 403, false },     { EACCES, 401, false },
        { EPERM, 0, false },      { EINVAL, 400, false },    { EBUSY, 409, false },
        { ENOMEM, 0, false },     { ENOENT, 400, false },    { EFBIG, 0, false },
};

START_TEST(an_old_answer_stands_in_where_none_came) {
        const struct request *request = request_of(&made, &call_object, "c1");
        struct op_fault fault;
        struct answer *answer;
        int r;

        begin();
        (void)ask_for(cache, request);
        clock_move(61000);
        fake.error = failures[_i].error;
        fake.status = failures[_i].status;
        r = fetch(cache, request, &answer, &fault);
        if (failures[_i].is_silence) {
                ck_assert_int_eq(r, 0);
                ck_assert(answer->is_stale);
                ck_assert_str_eq(answer->body, "{\"n\":1}");
                ck_assert_int_eq(fault.error, 0);
                answer_unref(answer);
        } else {
                ck_assert_int_eq(r, -failures[_i].error);
                ck_assert_str_eq(fault.reason, "told to fail");
        }
        fake.error = 0;
        clock_move(6000);
        ck_assert(!ask_for(cache, request).is_stale);
        end();
}
END_TEST

START_TEST(what_is_too_old_does_not_stand_in) {
        const struct request *request = request_of(&made, &call_object, "c1");

        begin();
        (void)ask_for(cache, request);
        clock_move(INT64_C(31) * 24 * 3600 * 1000);
        fake.error = ENETUNREACH;
        ck_assert_int_eq(ask_for(cache, request).error, -ENETUNREACH);
        end();
}
END_TEST

START_TEST(failures_are_not_remembered) {
        const struct request *request = request_of(&made, &call_object, "c1");

        begin();
        fake.error = EACCES;
        fake.status = 403;
        ck_assert_int_eq(ask_for(cache, request).error, -EACCES);
        fake.error = EIO;
        fake.status = 500;
        ck_assert_int_eq(ask_for(cache, request).error, -EIO);
        fake.error = 0;
        ck_assert_int_eq(ask_for(cache, request).error, 0);
        ck_assert_uint_eq(fake.fetches, 3);
        end();
}
END_TEST

/* Each call fails once, in turn; what the others brought stands. */
START_TEST(the_nth_call_fails) {
        struct fake_request requests[5];

        begin();
        fake.error = EIO;
        fake.status = 502;
        fake.fail_at = (unsigned)_i + 1;
        for (size_t i = 0; i < 5; i++) {
                char id[2] = { (char)('a' + i), '\0' };
                int r = ask_for(cache, request_of(&requests[i], &call_object, id)).error;

                ck_assert_int_eq(r, i == (size_t)_i ? -EIO : 0);
        }
        for (size_t i = 0; i < 5; i++) {
                char id[2] = { (char)('a' + i), '\0' };

                ck_assert_int_eq(ask_for(cache, request_of(&requests[i], &call_object, id)).error,
                                 0);
        }
        ck_assert_uint_eq(fake.fetches, 6);
        end();
}
END_TEST

int main(void) {
        const struct unit_case cases[] = {
                { "young", a_young_answer_serves_without_a_call, 0 },
                { "apart", requests_for_different_things_are_told_apart, 0 },
                { "future", an_answer_of_the_future_does_not_serve, 0 },
                { "fresh", who_needs_a_fresh_answer_gets_one, 0 },
                { "reach", only_what_is_known_is_served_without_reaching_out, 0 },
                { "absence", absence_is_remembered_for_five_seconds, 0 },
                { "gone", what_has_gone_is_not_shown_when_the_network_fails, 0 },
                { "stands in", an_old_answer_stands_in_where_none_came, ELEMENTSOF(failures) },
                { "too old", what_is_too_old_does_not_stand_in, 0 },
                { "failures", failures_are_not_remembered, 0 },
                { "nth", the_nth_call_fails, 5 },
                { 0 },
        };

        return unit_main("cache-memory", cases);
}
