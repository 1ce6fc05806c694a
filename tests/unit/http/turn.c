/* SPDX-License-Identifier: Apache-2.0 */
/* Who is next: slots, rate limits, priorities, many threads. */
#include "http/limit.h"
#include "http/pool.h"
#include "tests/unit/http/helper.h"
#include "tests/unit/unit.h"

/* --- the limiter alone: the clock is real, so only bounds are checked --- */

START_TEST(burst_is_free_then_the_rate_holds) {
        int64_t begun = stamp_monotonic_ms(), took;
        struct limiter limiter;
        struct op op;

        limiter_init(&limiter, 100, 10);
        op_init(&op, OP_INTERACTIVE, 0);
        for (int i = 0; i < 40; i++)
                ck_assert_int_eq(limiter_take(&limiter, &op, "b"), 0);
        took = stamp_monotonic_ms() - begun;
        ck_assert_int_ge(took, 290); /* 30 at 100 a second */
        limiter_done(&limiter);
}
END_TEST

START_TEST(buckets_do_not_share) {
        struct limiter limiter;
        struct op op;

        limiter_init(&limiter, 1e-6, 1);
        op_init(&op, OP_INTERACTIVE, 100000);
        ck_assert_int_eq(limiter_take(&limiter, &op, "a"), 0);
        ck_assert_int_eq(limiter_take(&limiter, &op, "b"), 0);
        ck_assert_int_eq(limiter_take(&limiter, &op, NULL), 0);
        ck_assert_int_eq(limiter_take(&limiter, &op, "a"), -EBUSY);
        ck_assert_int_eq(op.fault.error, -EBUSY);
        ck_assert_msg(text_eq(op.fault.reason, "a is limited, next slot in 1000000 s") ||
                              text_starts(op.fault.reason, "a is limited, next slot in 9999"),
                      "%s", op.fault.reason);
        limiter_done(&limiter);
}
END_TEST

START_TEST(who_asks_is_told_how_long_it_would_be) {
        struct limiter limiter;
        struct op op;

        limiter_init(&limiter, 0.001, 8);
        op_init(&op, OP_INTERACTIVE, 100000);
        ck_assert_int_eq(limiter_wait_ms(&limiter, "a", OP_INTERACTIVE), 0);
        for (int i = 0; i < 8; i++)
                ck_assert_int_eq(limiter_take(&limiter, &op, "a"), 0);
        ck_assert_int_gt(limiter_wait_ms(&limiter, "a", OP_INTERACTIVE), 0);
        ck_assert_int_le(limiter_wait_ms(&limiter, "a", OP_INTERACTIVE), 1000000);
        ck_assert_int_gt(limiter_wait_ms(&limiter, "a", OP_POLL), 1000000);
        ck_assert_int_eq(limiter_wait_ms(&limiter, "b", OP_INTERACTIVE), 0);
        limiter_done(&limiter);
}
END_TEST

START_TEST(cancelled_waiter_leaves) {
        struct limiter limiter;
        struct op op;

        limiter_init(&limiter, 0.001, 1);
        op_init(&op, OP_INTERACTIVE, 0);
        ck_assert_int_eq(limiter_take(&limiter, &op, "a"), 0);
        atomic_store(&op.cancelled, true);
        ck_assert_int_eq(limiter_take(&limiter, &op, "a"), -EINTR);
        ck_assert_int_eq(limiter_rest(&limiter, &op, 100000), -EINTR);
        limiter_done(&limiter);
}
END_TEST

START_TEST(some_tokens_are_for_people) {
        struct limiter limiter;
        struct op person, ahead;
        int taken = 0;

        limiter_init(&limiter, 0.001, 16);
        op_init(&person, OP_INTERACTIVE, 100000);
        op_init(&ahead, OP_AHEAD, 100000);
        while (limiter_take(&limiter, &ahead, "a") == 0)
                taken++;
        ck_assert_int_eq(taken, 14);
        while (limiter_take(&limiter, &person, "a") == 0)
                taken++;
        ck_assert_int_eq(taken, 16);
        limiter_done(&limiter);
}
END_TEST

START_TEST(learnt_limit_is_kept_below) {
        static const struct throttle throttle = { .wait_ms = 1, .limit = 8, .window_ms = 4000 };
        struct limiter limiter;
        struct op op;

        limiter_init(&limiter, 1000, 1000);
        op_init(&op, OP_INTERACTIVE, 0);
        ck_assert_int_eq(limiter_take(&limiter, &op, "a"), 0);
        ck_assert_int_eq(limiter_refused(&limiter, "a", &throttle), 1);
        ck_assert_double_eq_tol(limiter.buckets->rate, 1, 1e-9);
        ck_assert_double_eq_tol(limiter.buckets->burst, 4, 1e-9);
        ck_assert_uint_eq(limiter.buckets->refusals, 1);
        limiter_accepted(&limiter, "a");
        ck_assert_uint_eq(limiter.buckets->refusals, 0);
        limiter_done(&limiter);
}
END_TEST

START_TEST(many_names_do_not_fill_the_memory) {
        struct limiter limiter;
        struct op op;

        limiter_init(&limiter, 100000, 100000);
        op_init(&op, OP_INTERACTIVE, 0);
        for (int i = 0; i < 2000; i++) {
                char name[16];

                (void)snprintf(name, sizeof(name), "n%d", i);
                ck_assert_int_eq(limiter_take(&limiter, &op, name), 0);
        }
        ck_assert_uint_le(limiter.n_buckets, LIMIT_BUCKETS_MAX);
        limiter_done(&limiter);
}
END_TEST

/* --- slots --- */

START_TEST(urgent_go_first) {
        SERVE({ .manner = MANNER_HANG }, { .manner = MANNER_HANG }, { .status = 200 });
        static const struct http_options options = { .max_per_host = 2 };
        static const struct {
                const char *path;
                enum op_priority priority;
        } rows[] = {
                { "/first", OP_INTERACTIVE },
                { "/second", OP_INTERACTIVE },
                { "/poll", OP_POLL },
                { "/ahead", OP_AHEAD },
                { "/person-1", OP_INTERACTIVE },
                { "/person-2", OP_INTERACTIVE },
        };
        static const char *const order[] = { "GET /person-1 ", "GET /person-2 ", "GET /ahead ",
                                             "GET /poll " };
        _cleanup_(http_freep) struct http *http = make_http(&options);
        struct errand errands[ELEMENTSOF(rows)];

        for (unsigned i = 0; i < ELEMENTSOF(rows); i++) {
                errand_init(&errands[i], http, server_url(server, rows[i].path), rows[i].priority);
                errand_start(&errands[i]);
                if (i < 2)
                        server_wait_requests(server, i + 1);
                else
                        wait_for_waiting(http, i - 1);
        }
        server_release(server);
        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                ck_assert_int_eq(errand_join(&errands[i]), 0);
                errand_done(&errands[i]);
        }
        /* The two for people may arrive in either order: there are two slots. */
        for (unsigned i = 2; i < ELEMENTSOF(order); i++)
                ck_assert(text_starts(server_request(server, i + 2), order[i]));
        for (unsigned i = 0; i < 2; i++)
                ck_assert(text_starts(server_request(server, i + 2), "GET /person-"));
        ck_assert_uint_le(server_most_at_once(server), 2);
}
END_TEST

START_TEST(background_leaves_a_slot_for_people) {
        SERVE({ .manner = MANNER_HANG }, { .status = 200 });
        static const struct http_options options = { .max_per_host = 2 };
        _cleanup_(http_freep) struct http *http = make_http(&options);
        struct errand poll, ahead, person;

        errand_init(&poll, http, server_url(server, "/poll"), OP_POLL);
        errand_start(&poll);
        server_wait_requests(server, 1);
        errand_init(&ahead, http, server_url(server, "/ahead"), OP_AHEAD);
        errand_start(&ahead);
        wait_for_waiting(http, 1);
        errand_init(&person, http, server_url(server, "/person"), OP_INTERACTIVE);
        ck_assert_int_eq(errand_run(&person), 0);
        ck_assert(text_starts(server_request(server, 1), "GET /person "));
        ck_assert_uint_eq(server_requests(server), 2);
        server_release(server);
        ck_assert_int_eq(errand_join(&poll), 0);
        ck_assert_int_eq(errand_join(&ahead), 0);
        errand_done(&poll);
        errand_done(&ahead);
        errand_done(&person);
}
END_TEST

START_TEST(wait_for_a_slot_ends) {
        SERVE({ .manner = MANNER_HANG });
        static const struct http_options options = { .max_per_host = 1 };
        _cleanup_(http_freep) struct http *http = make_http(&options);
        struct errand first, second, third;

        errand_init(&first, http, server_url(server, "/"), OP_INTERACTIVE);
        errand_start(&first);
        server_wait_requests(server, 1);

        errand_init(&second, http, server_url(server, "/"), OP_INTERACTIVE);
        errand_start(&second);
        wait_for_waiting(http, 1);
        atomic_store(&second.op.cancelled, true);
        http_wake(http);
        ck_assert_int_eq(errand_join(&second), -EINTR);

        errand_init(&third, http, server_url(server, "/"), OP_INTERACTIVE);
        op_init(&third.op, OP_INTERACTIVE, 80);
        ck_assert_int_eq(errand_run(&third), -ETIMEDOUT);

        atomic_store(&first.op.cancelled, true);
        http_wake(http);
        ck_assert_int_eq(errand_join(&first), -EINTR);
        ck_assert_uint_eq(server_requests(server), 1);
        errand_done(&first);
        errand_done(&second);
        errand_done(&third);
}
END_TEST

START_TEST(one_slow_server_blocks_no_other) {
        SERVE({ .manner = MANNER_HANG });
        static const struct reply quick[] = { { .status = 200 } };
        _cleanup_(server_freep) struct server *other = server_new(quick, 1);
        static const struct http_options options = { .max_per_host = 2 };
        _cleanup_(http_freep) struct http *http = make_http(&options);
        struct errand stuck[2], e;

        for (unsigned i = 0; i < 2; i++) {
                errand_init(&stuck[i], http, server_url(server, "/"), OP_INTERACTIVE);
                errand_start(&stuck[i]);
                server_wait_requests(server, i + 1);
        }
        errand_init(&e, http, server_url(other, "/"), OP_POLL);
        ck_assert_int_eq(errand_run(&e), 0);
        errand_done(&e);
        server_release(server);
        for (unsigned i = 0; i < 2; i++) {
                ck_assert_int_eq(errand_join(&stuck[i]), 0);
                errand_done(&stuck[i]);
        }
}
END_TEST

START_TEST(many_servers_do_not_fill_the_memory) {
        struct pool pool;
        struct op op;

        ck_assert_int_eq(pool_init(&pool, 16), 0);
        ck_assert_uint_eq(pool.kept, 2);
        op_init(&op, OP_INTERACTIVE, 0);
        for (int i = 0; i < 2 * POOL_HOSTS_MAX; i++) {
                const struct slot_use use = { 0 };
                struct slot *slot;
                char origin[32];

                (void)snprintf(origin, sizeof(origin), "https://h%d:443", i);
                ck_assert_int_eq(pool_take(&pool, &op, origin, &slot), 0);
                pool_give(&pool, slot, &use);
        }
        ck_assert_uint_eq(pool.n_hosts, POOL_HOSTS_MAX);
        pool_done(&pool);
}
END_TEST

START_TEST(last_used_slot_is_used_next) {
        const struct slot_use use = { 0 };
        struct slot *one, *two, *again;
        struct pool pool;
        struct op op;

        ck_assert_int_eq(pool_init(&pool, 4), 0);
        op_init(&op, OP_INTERACTIVE, 0);
        ck_assert_int_eq(pool_take(&pool, &op, "o", &one), 0);
        ck_assert_int_eq(pool_take(&pool, &op, "o", &two), 0);
        pool_give(&pool, two, &use);
        pool_give(&pool, one, &use);
        ck_assert_int_eq(pool_take(&pool, &op, "o", &again), 0);
        ck_assert_ptr_eq(again, one);
        pool_give(&pool, again, &use);
        /* What nobody needed for long is closed. */
        two->idle_since_ms -= POOL_IDLE_MS;
        ck_assert_int_eq(pool_take(&pool, &op, "o", &again), 0);
        pool_give(&pool, again, &use);
        ck_assert_uint_eq(pool.hosts->n_idle, 1);
        pool_done(&pool);
}
END_TEST

enum { THREADS = 32, ROUNDS = 20 };

static void *ask_often(void *data) {
        struct errand *errand = data;

        for (int i = 0; i < ROUNDS; i++) {
                ck_assert_int_eq(errand_run(errand), 0);
                ck_assert_int_eq(errand->response->status, 200);
                ck_assert_uint_eq(errand->response->len, 300);
                errand->response = http_response_free(errand->response);
        }
        return NULL;
}

START_TEST(many_threads_ask_at_once) {
        SERVE({ .len = 300 });
        static const struct http_options options = { .max_per_host = 8,
                                                     .rate = 1e6,
                                                     .burst = 1000000 };
        _cleanup_(http_freep) struct http *http = make_http(&options);
        _cleanup_(json_freep) struct json *json = NULL;
        struct errand errands[THREADS];
        int64_t number = 0;

        for (int i = 0; i < THREADS; i++) {
                errand_init(&errands[i], http, server_url(server, "/"), (enum op_priority)(i % 3));
                errands[i].request.bucket = i % 2 ? "one" : "two";
                errands[i].request.repeat = i % 4 ? REPEAT_SAFE : REPEAT_ONCE;
                ck_assert_int_eq(pthread_create(&errands[i].thread, NULL, ask_often, &errands[i]),
                                 0);
        }
        http_wake(http);
        for (int i = 0; i < THREADS; i++) {
                (void)pthread_join(errands[i].thread, NULL);
                ck_assert_uint_eq(errands[i].op.calls, ROUNDS);
                errand_done(&errands[i]);
        }
        ck_assert_uint_eq(server_requests(server), THREADS * ROUNDS);
        ck_assert_uint_le(server_most_at_once(server), 8);
        ck_assert_int_eq(http_describe(http, &json), 0);
        ck_assert_int_eq(json_int64(json, "/hosts/0/requests", &number), 0);
        ck_assert_int_eq(number, THREADS * ROUNDS);
        ck_assert_int_eq(json_int64(json, "/hosts/0/busy", &number), 0);
        ck_assert_int_eq(number, 0);
        ck_assert_str_eq(json_string(json, "/hosts/0/http"), "1.1");
        ck_assert_int_eq(json_int64(json, "/limits/0/requests", &number), 0);
        ck_assert_int_eq(number, THREADS * ROUNDS / 2);
}
END_TEST

int main(void) {
        const struct unit_case cases[] = {
                { "the burst is free, then the rate holds", burst_is_free_then_the_rate_holds },
                { "buckets do not share", buckets_do_not_share },
                { "who asks is told how long it would be", who_asks_is_told_how_long_it_would_be },
                { "a cancelled waiter leaves", cancelled_waiter_leaves },
                { "some tokens are for people", some_tokens_are_for_people },
                { "a learnt limit is kept below", learnt_limit_is_kept_below },
                { "many names do not fill the memory", many_names_do_not_fill_the_memory },
                { "the urgent go first", urgent_go_first },
                { "background leaves a slot for people", background_leaves_a_slot_for_people },
                { "the wait for a slot ends", wait_for_a_slot_ends },
                { "one slow server blocks no other", one_slow_server_blocks_no_other },
                { "many servers do not fill the memory", many_servers_do_not_fill_the_memory },
                { "the slot used last is used next", last_used_slot_is_used_next },
                { "many threads ask at once", many_threads_ask_at_once },
                { NULL, NULL },
        };

        return unit_main("http/turn", cases);
}
