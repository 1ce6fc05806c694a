/* SPDX-License-Identifier: Apache-2.0 */
/* One call for many who wait, and each its own end. */
#include "base/stamp.h"
#include "base/text.h"
#include "tests/unit/cache/directory.h"
#include "tests/unit/cache/fake.h"
#include "tests/unit/unit.h"

enum { MANY = 16 };

static struct fake fake;
static struct source *cache;

/* Somebody who asks in a thread of its own. */
struct asker {
        pthread_t thread;
        struct fake_request made;
        struct op op;
        struct answer *answer;
        int result;
};

static struct asker askers[MANY];

static void *ask(void *data) {
        struct asker *asker = data;

        asker->result = source_fetch(cache, &asker->op, &asker->made.request, &asker->answer);
        return NULL;
}

static void prepare(struct asker *asker, const struct call *call, const char *id) {
        *asker = (struct asker){ 0 };
        op_init(&asker->op, OP_INTERACTIVE, 20000);
        (void)request_of(&asker->made, call, id);
}

static void start(struct asker *asker) {
        ck_assert_int_eq(pthread_create(&asker->thread, NULL, ask, asker), 0);
}

static int finish(struct asker *asker) {
        ck_assert_int_eq(pthread_join(asker->thread, NULL), 0);
        (void)answer_unref(STEAL(asker->answer));
        return asker->result;
}

/* Until so many wait for somebody else's call. */
static void await_joined(int64_t wanted) {
        int64_t joined = 0;

        while (joined < wanted) {
                struct json *state;

                ck_assert_int_eq(cache_describe(cache, &state), 0);
                ck_assert_int_eq(json_int64(state, "/joined", &joined), 0);
                (void)json_free(state);
        }
}

static void begin(void) {
        fake_init(&fake);
        cache = cache_above(&fake, NULL);
}

static void end(void) {
        (void)source_free(cache);
        fake_done(&fake);
}

static void start_many(void) {
        fake_shut(&fake, true);
        for (size_t i = 0; i < MANY; i++) {
                prepare(&askers[i], &call_object, "c1");
                start(&askers[i]);
        }
        await_joined(MANY - 1);
}

START_TEST(many_who_want_the_same_cause_one_call) {
        unsigned calls = 0;

        begin();
        start_many();
        fake_shut(&fake, false);
        for (size_t i = 0; i < MANY; i++) {
                ck_assert_int_eq(finish(&askers[i]), 0);
                calls += askers[i].op.calls;
        }
        ck_assert_uint_eq(fake.fetches, 1);
        ck_assert_uint_eq(calls, 1);
        end();
}
END_TEST

START_TEST(each_gets_the_error_and_its_reason) {
        begin();
        fake.error = EACCES;
        fake.status = 403;
        start_many();
        fake_shut(&fake, false);
        for (size_t i = 0; i < MANY; i++) {
                ck_assert_int_eq(finish(&askers[i]), -EACCES);
                ck_assert_str_eq(askers[i].op.fault.reason, "told to fail");
                ck_assert_str_eq(askers[i].op.fault.request_id, "req-failed");
                ck_assert_int_eq(askers[i].op.fault.status, 403);
        }
        ck_assert_uint_eq(fake.fetches, 1);
        end();
}
END_TEST

START_TEST(who_waits_may_leave) {
        begin();
        fake_shut(&fake, true);
        prepare(&askers[0], &call_object, "c1");
        start(&askers[0]);
        fake_await(&fake, 1);
        prepare(&askers[1], &call_object, "c1");
        start(&askers[1]);
        prepare(&askers[2], &call_object, "c1");
        op_init(&askers[2].op, OP_INTERACTIVE, 20);
        start(&askers[2]);
        await_joined(2);
        atomic_store(&askers[1].op.cancelled, true);
        ck_assert_int_eq(finish(&askers[1]), -EINTR);
        ck_assert_int_eq(finish(&askers[2]), -ETIMEDOUT);
        fake_shut(&fake, false);
        ck_assert_int_eq(finish(&askers[0]), 0);
        ck_assert_uint_eq(fake.fetches, 1);
        end();
}
END_TEST

START_TEST(who_waits_too_long_gets_the_old_answer) {
        struct fake_request made;

        begin();
        (void)ask_for(cache, request_of(&made, &call_object, "c1"));
        clock_move(61000);
        fake_shut(&fake, true);
        prepare(&askers[0], &call_object, "c1");
        start(&askers[0]);
        fake_await(&fake, 1);
        prepare(&askers[1], &call_object, "c1");
        op_init(&askers[1].op, OP_INTERACTIVE, 20);
        start(&askers[1]);
        ck_assert_int_eq(pthread_join(askers[1].thread, NULL), 0);
        ck_assert_int_eq(askers[1].result, 0);
        ck_assert(askers[1].answer->is_stale);
        (void)answer_unref(askers[1].answer);
        fake_shut(&fake, false);
        ck_assert_int_eq(finish(&askers[0]), 0);
        end();
}
END_TEST

/* The asker is interrupted, or has less time than the others: one of them asks in its place. */
START_TEST(when_the_asker_leaves_another_asks) {
        begin();
        fake_shut(&fake, true);
        prepare(&askers[0], &call_object, "c1");
        if (_i)
                op_init(&askers[0].op, OP_INTERACTIVE, 1000);
        start(&askers[0]);
        fake_await(&fake, 1);
        for (size_t i = 1; i < MANY; i++) {
                prepare(&askers[i], &call_object, "c1");
                start(&askers[i]);
        }
        if (!_i) {
                await_joined(MANY - 1);
                atomic_store(&askers[0].op.cancelled, true);
        }
        ck_assert_int_eq(finish(&askers[0]), _i ? -ETIMEDOUT : -EINTR);
        fake_await_fetches(&fake, 2);
        fake_shut(&fake, false);
        for (size_t i = 1; i < MANY; i++)
                ck_assert_int_eq(finish(&askers[i]), 0);
        ck_assert_uint_eq(fake.fetches, 2);
        end();
}
END_TEST

START_TEST(who_needs_it_fresh_does_not_join_an_earlier_call) {
        begin();
        fake_shut(&fake, true);
        prepare(&askers[0], &call_object, "c1");
        start(&askers[0]);
        fake_await(&fake, 1);
        prepare(&askers[1], &call_object, "c1");
        askers[1].op.must_be_fresh = true;
        askers[1].op.fresh_since_ms = stamp_now_ms();
        start(&askers[1]);
        fake_await(&fake, 2);
        clock_move(5);
        prepare(&askers[2], &call_object, "c1");
        askers[2].op.must_be_fresh = true;
        askers[2].op.fresh_since_ms = askers[1].op.fresh_since_ms - 1;
        start(&askers[2]);
        await_joined(1);
        fake_shut(&fake, false);
        for (size_t i = 0; i < 3; i++)
                ck_assert_int_eq(finish(&askers[i]), 0);
        ck_assert_uint_eq(fake.fetches, 2);
        end();
}
END_TEST

START_TEST(what_a_change_overtook_serves_only_who_waited) {
        struct fake_request change;
        struct answer *answer;
        struct op op;

        begin();
        fake_shut(&fake, true);
        prepare(&askers[0], &call_object, "c1");
        start(&askers[0]);
        fake_await(&fake, 1);
        op_init(&op, OP_INTERACTIVE, 10000);
        ck_assert_int_eq(source_send(cache, &op, request_of(&change, &call_change, "c1"), &answer),
                         0);
        answer_unref(answer);
        prepare(&askers[1], &call_object, "c1");
        start(&askers[1]);
        fake_await(&fake, 2);
        fake_shut(&fake, false);
        ck_assert_int_eq(finish(&askers[0]), 0);
        ck_assert_int_eq(finish(&askers[1]), 0);
        (void)ask_for(cache, &askers[0].made.request);
        ck_assert_uint_eq(fake.fetches, 2);
        end();
}
END_TEST

START_TEST(absence_that_a_change_overtook_is_not_remembered) {
        struct fake_request change;
        struct answer *answer;
        struct op op;

        begin();
        fake_shut(&fake, true);
        fake.error = ENOENT;
        prepare(&askers[0], &call_object, "c1");
        start(&askers[0]);
        fake_await(&fake, 1);
        op_init(&op, OP_INTERACTIVE, 10000);
        ck_assert_int_eq(source_send(cache, &op, request_of(&change, &call_change, "c1"), &answer),
                         0);
        answer_unref(answer);
        fake_shut(&fake, false);
        ck_assert_int_eq(finish(&askers[0]), -ENOENT);
        fake.error = 0;
        ck_assert_int_eq(ask_for(cache, &askers[0].made.request).error, 0);
        end();
}
END_TEST

/* Who wants one item waits for the list that is under way. */
START_TEST(a_list_under_way_serves_its_items) {
        begin();
        fake.items[0] = (struct fake_item){ "a", "{}" };
        fake_shut(&fake, true);
        prepare(&askers[0], &call_list, NULL);
        start(&askers[0]);
        fake_await(&fake, 1);
        prepare(&askers[1], &call_list, NULL);
        askers[1].made.request.only = "a";
        start(&askers[1]);
        await_joined(1);
        fake_shut(&fake, false);
        ck_assert_int_eq(finish(&askers[0]), 0);
        ck_assert_int_eq(finish(&askers[1]), 0);
        ck_assert_uint_eq(fake.fetches, 1);
        end();
}
END_TEST

START_TEST(an_answer_getting_old_is_refreshed_behind_the_scenes) {
        struct fake_request made;
        const struct request *request = request_of(&made, &call_object, "c1");
        struct outcome outcome;

        begin();
        (void)ask_for(cache, request);
        clock_move(46000);
        fake.body = "{\"n\":2}";
        fake_shut(&fake, true);
        outcome = ask_for(cache, request);
        ck_assert_str_eq(outcome.body, "{\"n\":1}");
        ck_assert(!outcome.is_stale);
        fake_await(&fake, 1);
        ck_assert_str_eq(ask_for(cache, request).body, "{\"n\":1}");
        (void)pthread_mutex_lock(&fake.lock);
        ck_assert_int_eq(fake.last_priority, OP_POLL);
        (void)pthread_mutex_unlock(&fake.lock);
        fake_shut(&fake, false);
        while (!text_eq(ask_for(cache, request).body, "{\"n\":2}"))
                continue;
        ck_assert_uint_eq(fake_fetches(&fake), 2);
        end();
}
END_TEST

START_TEST(a_refresh_that_fails_hides_nothing) {
        struct fake_request made;
        const struct request *request = request_of(&made, &call_object, "c1");

        begin();
        (void)ask_for(cache, request);
        clock_move(46000);
        (void)pthread_mutex_lock(&fake.lock);
        fake.error = ENETUNREACH;
        (void)pthread_mutex_unlock(&fake.lock);
        (void)ask_for(cache, request);
        fake_await_fetches(&fake, 2);
        for (int i = 0; i < 100; i++)
                ck_assert(!ask_for(cache, request).is_stale);
        ck_assert_uint_eq(fake_fetches(&fake), 2);
        end();
}
END_TEST

static void set_failure(int error, int64_t takes_ms) {
        (void)pthread_mutex_lock(&fake.lock);
        fake.error = error;
        fake.takes_ms = takes_ms;
        (void)pthread_mutex_unlock(&fake.lock);
}

/* Nobody waits twice for a server that does not answer, unless there is nothing else to show. */
START_TEST(a_silent_server_keeps_nobody_waiting) {
        struct fake_request one, two, elsewhere;

        begin();
        (void)ask_for(cache, request_of(&one, &call_object, "c1"));
        (void)ask_for(cache, request_of(&two, &call_object, "c2"));
        (void)ask_for(cache, request_of(&elsewhere, &call_other, "c1"));
        clock_move(61000);
        set_failure(ETIMEDOUT, 5000);
        ck_assert(ask_for(cache, &one.request).is_stale);
        ck_assert_uint_eq(fake_fetches(&fake), 4);
        fake_shut(&fake, true);
        ck_assert(ask_for(cache, &two.request).is_stale);
        fake_await(&fake, 1);
        for (int i = 0; i < 100; i++)
                ck_assert(ask_for(cache, &two.request).is_stale);
        ck_assert_uint_eq(fake_fetches(&fake), 5);
        set_failure(0, 0);
        fake_shut(&fake, false);
        while (ask_for(cache, &two.request).is_stale)
                continue;
        ck_assert(!ask_for(cache, &one.request).is_stale);
        ck_assert(!ask_for(cache, &elsewhere.request).is_stale);
        ck_assert_uint_eq(fake_fetches(&fake), 7);
        end();
}
END_TEST

START_TEST(a_server_that_fails_at_once_is_asked_each_time) {
        struct fake_request made;
        const struct request *request = request_of(&made, &call_object, "c1");

        begin();
        (void)ask_for(cache, request);
        clock_move(61000);
        set_failure(ECONNREFUSED, 0);
        ck_assert(ask_for(cache, request).is_stale);
        set_failure(0, 0);
        ck_assert(!ask_for(cache, request).is_stale);
        end();
}
END_TEST

START_TEST(the_end_interrupts_a_refresh) {
        struct fake_request made[8];
        char ids[8][4];

        begin();
        for (unsigned i = 0; i < 8; i++) {
                (void)snprintf(ids[i], sizeof(ids[i]), "c%u", i);
                (void)ask_for(cache, request_of(&made[i], &call_object, ids[i]));
        }
        clock_move(46000);
        fake_shut(&fake, true);
        for (unsigned i = 0; i < 8; i++)
                (void)ask_for(cache, &made[i].request);
        fake_await(&fake, 2);
        end();
}
END_TEST

/* Everything at once, for the thread sanitizer: readers, changes, first times, a small memory. */
static void *do_much(void *data) {
        struct asker *asker = data;
        unsigned seed = (unsigned)(asker - askers) + 1;
        char id[8];

        for (int i = 0; i < 300; i++) {
                struct answer *answer = NULL;
                struct fake_request made;
                struct json *state;
                int64_t ms;

                seed = seed * 1103515245 + 12345;
                (void)snprintf(id, sizeof(id), "c%u", seed >> 16 & 15);
                (void)request_of(&made, seed >> 20 & 1 ? &call_object : &call_list, id);
                op_init(&asker->op, OP_INTERACTIVE, 20000);
                asker->op.must_be_fresh = (seed >> 21 & 7) == 0;
                asker->op.fresh_since_ms = stamp_now_ms();
                if ((seed >> 24 & 15) == 0)
                        (void)source_send(cache, &asker->op, request_of(&made, &call_change, id),
                                          &answer);
                else
                        (void)source_fetch(cache, &asker->op, &made.request, &answer);
                (void)answer_unref(answer);
                ck_assert_int_eq(source_seen(cache, id, seed >> 28, i + 1, &ms), 0);
                if ((seed >> 24 & 31) == 2) {
                        (void)request_of(&made, &call_list, id);
                        source_note(cache, &made.request, "a", "{\"n\":1}", 7, stamp_now_ms());
                }
                if ((seed >> 24 & 63) == 1) {
                        clock_move(40000);
                        ck_assert_int_eq(cache_explain(cache, &made.request, &state), 0);
                        (void)json_free(state);
                }
        }
        return NULL;
}

START_TEST(many_threads_do_everything_at_once) {
        struct cache_options options = { .memory_bytes = 3000 };
        struct op op;

        disk_begin();
        options.path = _i ? disk_path() : NULL;
        fake_init(&fake);
        fake.items[0] = (struct fake_item){ "a", "{}" };
        op_init(&op, OP_INTERACTIVE, 1000);
        ck_assert_int_eq(cache_new(&op, &options, &fake.source, &cache), 0);
        for (size_t i = 0; i < MANY; i++)
                ck_assert_int_eq(pthread_create(&askers[i].thread, NULL, do_much, &askers[i]), 0);
        for (size_t i = 0; i < MANY; i++)
                ck_assert_int_eq(pthread_join(askers[i].thread, NULL), 0);
        end();
        disk_end();
}
END_TEST

int main(void) {
        const struct unit_case cases[] = {
                { "one call", many_who_want_the_same_cause_one_call, 0 },
                { "error", each_gets_the_error_and_its_reason, 0 },
                { "leave", who_waits_may_leave, 0 },
                { "old", who_waits_too_long_gets_the_old_answer, 0 },
                { "asker", when_the_asker_leaves_another_asks, 2 },
                { "fresh", who_needs_it_fresh_does_not_join_an_earlier_call, 0 },
                { "overtaken", what_a_change_overtook_serves_only_who_waited, 0 },
                { "absence", absence_that_a_change_overtook_is_not_remembered, 0 },
                { "item", a_list_under_way_serves_its_items, 0 },
                { "refresh", an_answer_getting_old_is_refreshed_behind_the_scenes, 0 },
                { "failed", a_refresh_that_fails_hides_nothing, 0 },
                { "silent", a_silent_server_keeps_nobody_waiting, 0 },
                { "at once", a_server_that_fails_at_once_is_asked_each_time, 0 },
                { "end", the_end_interrupts_a_refresh, 0 },
                { "everything", many_threads_do_everything_at_once, 2 },
                { 0 },
        };

        return unit_main("cache-flight", cases);
}
