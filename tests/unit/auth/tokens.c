/* SPDX-License-Identifier: Apache-2.0 */
/* Tokens by the clock and among threads: how often one logs in, and who gets what. */
#include "auth/tokens.h"

#include <pthread.h>
#include <sched.h>

#include "auth/secret.h"
#include "base/text.h"
#include "tests/unit/unit.h"

enum { THREADS = 16, LIFE_MS = 90000 };

static atomic_llong now_ms = 1000000;

static int64_t fake_clock(void) {
        return atomic_load(&now_ms);
}

/* A server that logs people in. */
struct world {
        struct tokens *tokens;
        atomic_uint logins;
        atomic_int error;      /* what the login fails with, positive; 0: it works */
        atomic_bool is_closed; /* a login waits until it opens, or until it is cancelled */
        int64_t life_ms;
};

static void world_init(struct world *world) {
        *world = (struct world){ .life_ms = LIFE_MS };
        ck_assert_int_eq(tokens_new(&world->tokens), 0);
        tokens_set_clock(world->tokens, fake_clock);
}

static void world_done(struct world *world) {
        world->tokens = tokens_free(world->tokens);
}

static int login(void *data, struct op *op, struct token_grant *ret) {
        struct world *world = data;
        unsigned n = atomic_fetch_add(&world->logins, 1) + 1;
        int error;

        while (atomic_load(&world->is_closed)) {
                if (atomic_load(&op->cancelled))
                        return op_fail(op, EINTR, "interrupted");
                (void)sched_yield();
        }
        error = atomic_load(&world->error);
        if (error)
                return op_fail(op, error, "login %u failed", n);
        ret->life_ms = world->life_ms;
        return asprintf(&ret->value, "token-%u", n) < 0 ? -ENOMEM : 0;
}

static int get(struct world *world, const char *key, char **ret) {
        struct op op;

        op_init(&op, OP_INTERACTIVE, 10000);
        return tokens_get(world->tokens, &op, key, login, world, ret);
}

static void expect(struct world *world, const char *wanted) {
        char *value = NULL;

        ck_assert_int_eq(get(world, "k", &value), 0);
        ck_assert_str_eq(value, wanted);
        (void)secret_free(value);
}

START_TEST(a_token_is_kept_and_renewed_before_its_end) {
        struct world world;

        world_init(&world);
        expect(&world, "token-1");
        atomic_fetch_add(&now_ms, LIFE_MS * 59 / 100);
        expect(&world, "token-1");
        ck_assert_int_eq(tokens_left_ms(world.tokens, "k"), LIFE_MS - LIFE_MS * 59 / 100);
        ck_assert_int_eq(tokens_left_ms(world.tokens, "other"), -1);
        atomic_fetch_add(&now_ms, LIFE_MS * 9 / 100);
        expect(&world, "token-2");
        ck_assert_uint_eq(atomic_load(&world.logins), 2);
        world_done(&world);
}
END_TEST

START_TEST(a_failed_renewal_leaves_the_old_token) {
        char *value = NULL;
        struct world world;

        world_init(&world);
        expect(&world, "token-1");
        atomic_store(&world.error, ENETUNREACH);
        atomic_fetch_add(&now_ms, LIFE_MS * 7 / 10);
        expect(&world, "token-1");
        expect(&world, "token-1");
        ck_assert_uint_eq(atomic_load(&world.logins), 2); /* not again at once */
        atomic_fetch_add(&now_ms, LIFE_MS);
        ck_assert_int_eq(get(&world, "k", &value), -ENETUNREACH);
        ck_assert_int_eq(get(&world, "k", &value), -ENETUNREACH);
        atomic_store(&world.error, 0);
        expect(&world, "token-5"); /* no network is no refusal: nothing is held */
        world_done(&world);
}
END_TEST

START_TEST(a_refusal_counts_for_a_while) {
        char *value = NULL;
        struct world world;

        world_init(&world);
        atomic_store(&world.error, EACCES);
        ck_assert_int_eq(get(&world, "k", &value), -EACCES);
        ck_assert_int_eq(get(&world, "k", &value), -EACCES);
        ck_assert_uint_eq(atomic_load(&world.logins), 1);
        atomic_fetch_add(&now_ms, TOKENS_HOLD_MS);
        ck_assert_int_eq(get(&world, "k", &value), -EACCES);
        ck_assert_uint_eq(atomic_load(&world.logins), 2);
        tokens_clear(world.tokens); /* other credentials: at once */
        atomic_store(&world.error, 0);
        expect(&world, "token-3");
        world_done(&world);
}
END_TEST

START_TEST(a_refused_token_is_fetched_anew_if_it_is_not_fresh) {
        struct world world;

        world_init(&world);
        expect(&world, "token-1");
        ck_assert(!tokens_reject(world.tokens, "k", "token-1"));
        expect(&world, "token-1");
        atomic_fetch_add(&now_ms, 11000);
        ck_assert(tokens_reject(world.tokens, "k", "token-1"));
        expect(&world, "token-2");
        ck_assert(tokens_reject(world.tokens, "k", "token-1")); /* there is another already */
        expect(&world, "token-2");
        world_done(&world);
}
END_TEST

/* How long an engine's token lasts is not told: it may be over soon. */
START_TEST(a_token_that_worked_is_fetched_anew_however_fresh) {
        struct world world;

        world_init(&world);
        expect(&world, "token-1");
        tokens_worked(world.tokens, "k", "token-1");
        ck_assert(!tokens_reject(world.tokens, "k", "token-1")); /* a moment ago it was good */
        atomic_fetch_add(&now_ms, 1000);
        ck_assert(tokens_reject(world.tokens, "k", "token-1"));
        expect(&world, "token-2");
        atomic_fetch_add(&now_ms, 1000);
        ck_assert(!tokens_reject(world.tokens, "k", "token-2"));
        tokens_worked(world.tokens, "k", "token-1"); /* says nothing of the new one */
        ck_assert(!tokens_reject(world.tokens, "k", "token-2"));
        tokens_worked(world.tokens, "k", "token-2");
        ck_assert(tokens_reject(world.tokens, "k", "token-2"));
        expect(&world, "token-3");
        world_done(&world);
}
END_TEST

struct caller {
        struct world *world;
        struct op op;
        char *value;
        int result;
        pthread_t thread;
};

static void *call(void *data) {
        struct caller *caller = data;

        caller->result = tokens_get(caller->world->tokens, &caller->op, "k", login, caller->world,
                                    &caller->value);
        return NULL;
}

static void start(struct caller *caller, struct world *world) {
        *caller = (struct caller){ .world = world };
        op_init(&caller->op, OP_INTERACTIVE, 30000);
        ck_assert_int_eq(pthread_create(&caller->thread, NULL, call, caller), 0);
}

static void join(struct caller *caller) {
        ck_assert_int_eq(pthread_join(caller->thread, NULL), 0);
}

static void wait_logins(struct world *world, unsigned count) {
        while (atomic_load(&world->logins) < count)
                (void)sched_yield();
}

START_TEST(many_who_ask_make_one_login) {
        struct caller callers[THREADS];
        struct world world;

        world_init(&world);
        atomic_store(&world.is_closed, true);
        for (size_t i = 0; i < THREADS; i++)
                start(&callers[i], &world);
        wait_logins(&world, 1);
        atomic_store(&world.is_closed, false);
        for (size_t i = 0; i < THREADS; i++) {
                join(&callers[i]);
                ck_assert_int_eq(callers[i].result, 0);
                ck_assert_str_eq(callers[i].value, "token-1");
                (void)secret_free(callers[i].value);
        }
        ck_assert_uint_eq(atomic_load(&world.logins), 1);
        world_done(&world);
}
END_TEST

START_TEST(many_who_ask_get_one_refusal) {
        struct caller callers[THREADS];
        struct world world;

        world_init(&world);
        atomic_store(&world.is_closed, true);
        atomic_store(&world.error, EACCES);
        for (size_t i = 0; i < THREADS; i++)
                start(&callers[i], &world);
        wait_logins(&world, 1);
        atomic_store(&world.is_closed, false);
        for (size_t i = 0; i < THREADS; i++) {
                join(&callers[i]);
                ck_assert_int_eq(callers[i].result, -EACCES);
                ck_assert_str_eq(callers[i].op.fault.reason, "login 1 failed");
        }
        ck_assert_uint_eq(atomic_load(&world.logins), 1);
        world_done(&world);
}
END_TEST

START_TEST(the_old_token_serves_while_one_renews) {
        struct caller renewer;
        struct world world;

        world_init(&world);
        expect(&world, "token-1");
        atomic_fetch_add(&now_ms, LIFE_MS * 7 / 10);
        atomic_store(&world.is_closed, true);
        start(&renewer, &world);
        wait_logins(&world, 2);
        expect(&world, "token-1");
        atomic_store(&world.is_closed, false);
        join(&renewer);
        ck_assert_str_eq(renewer.value, "token-2");
        (void)secret_free(renewer.value);
        expect(&world, "token-2");
        world_done(&world);
}
END_TEST

START_TEST(who_gives_up_leaves_the_login_to_the_next) {
        struct caller first, second;
        struct world world;

        world_init(&world);
        atomic_store(&world.is_closed, true);
        start(&first, &world);
        wait_logins(&world, 1);
        start(&second, &world);
        atomic_store(&first.op.cancelled, true);
        join(&first);
        ck_assert_int_eq(first.result, -EINTR);
        wait_logins(&world, 2);
        atomic_store(&world.is_closed, false);
        join(&second);
        ck_assert_int_eq(second.result, 0);
        ck_assert_str_eq(second.value, "token-2");
        (void)secret_free(second.value);
        world_done(&world);
}
END_TEST

START_TEST(who_waits_may_give_up) {
        struct caller first, second;
        struct world world;

        world_init(&world);
        atomic_store(&world.is_closed, true);
        start(&first, &world);
        wait_logins(&world, 1);
        start(&second, &world);
        atomic_store(&second.op.cancelled, true);
        join(&second);
        ck_assert_int_eq(second.result, -EINTR);
        atomic_store(&world.is_closed, false);
        join(&first);
        ck_assert_int_eq(first.result, 0);
        (void)secret_free(first.value);
        world_done(&world);
}
END_TEST

START_TEST(a_login_from_before_a_change_does_not_last) {
        struct caller old;
        struct world world;

        world_init(&world);
        atomic_store(&world.is_closed, true);
        start(&old, &world);
        wait_logins(&world, 1);
        tokens_clear(world.tokens);
        atomic_store(&world.is_closed, false);
        join(&old);
        ck_assert_str_eq(old.value, "token-1");
        (void)secret_free(old.value);
        expect(&world, "token-2");
        world_done(&world);
}
END_TEST

START_TEST(the_store_is_bounded) {
        struct world world;

        world_init(&world);
        for (int i = 0; i < TOKENS_MAX + 8; i++) {
                char key[32], *value = NULL;

                (void)snprintf(key, sizeof(key), "k%d", i);
                ck_assert_int_eq(get(&world, key, &value), 0);
                (void)secret_free(value);
                atomic_fetch_add(&now_ms, 1);
        }
        ck_assert_int_eq(tokens_left_ms(world.tokens, "k0"), -1);
        ck_assert_int_gt(tokens_left_ms(world.tokens, "k8"), 0);
        world_done(&world);
}
END_TEST

int main(void) {
        const struct unit_case cases[] = {
                { "renewal", a_token_is_kept_and_renewed_before_its_end, 0 },
                { "failed renewal", a_failed_renewal_leaves_the_old_token, 0 },
                { "refusal", a_refusal_counts_for_a_while, 0 },
                { "reject", a_refused_token_is_fetched_anew_if_it_is_not_fresh, 0 },
                { "worked", a_token_that_worked_is_fetched_anew_however_fresh, 0 },
                { "one login", many_who_ask_make_one_login, 0 },
                { "one refusal", many_who_ask_get_one_refusal, 0 },
                { "old serves", the_old_token_serves_while_one_renews, 0 },
                { "cancelled leader", who_gives_up_leaves_the_login_to_the_next, 0 },
                { "cancelled waiter", who_waits_may_give_up, 0 },
                { "change", a_login_from_before_a_change_does_not_last, 0 },
                { "bound", the_store_is_bounded, 0 },
                { NULL, NULL, 0 },
        };

        return unit_main("tokens", cases);
}
