/* SPDX-License-Identifier: Apache-2.0 */
/* Servers that cannot be reached: known, told of, and asked until they can be again. */
#include "base/stamp.h"
#include "base/text.h"
#include "tests/unit/cache/directory.h"
#include "tests/unit/cache/fake.h"
#include "tests/unit/unit.h"

static struct fake fake;
static struct source *cache;
static struct fake_request made;

/* What was told last. */
static struct {
        pthread_mutex_t lock;
        pthread_cond_t changed;
        unsigned lost, found;
        char reason[OP_REASON_SIZE];
} told = { .lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER };

static void on_reach(void *data, bool is_reached, const char *reason) {
        ck_assert_ptr_eq(data, &told);
        (void)pthread_mutex_lock(&told.lock);
        if (is_reached)
                told.found++;
        else
                told.lost++;
        (void)snprintf(told.reason, sizeof(told.reason), "%s", reason);
        (void)pthread_cond_broadcast(&told.changed);
        (void)pthread_mutex_unlock(&told.lock);
}

static void await_told(unsigned lost, unsigned found) {
        (void)pthread_mutex_lock(&told.lock);
        while (told.lost < lost || told.found < found)
                (void)pthread_cond_wait(&told.changed, &told.lock);
        (void)pthread_mutex_unlock(&told.lock);
}

static void begin_at(const char *path) {
        const struct cache_options options = {
                .path = path, .probes = true, .on_reach = on_reach, .data = &told
        };
        struct op op;

        fake_init(&fake);
        op_init(&op, OP_INTERACTIVE, 1000);
        ck_assert_int_eq(cache_new(&op, &options, &fake.source, &cache), 0);
}

static void begin(void) {
        begin_at(NULL);
}

static void end(void) {
        (void)source_free(cache);
        fake_done(&fake);
}

static void set_error(int error, int status, int64_t takes_ms) {
        (void)pthread_mutex_lock(&fake.lock);
        fake.error = error;
        fake.status = status;
        fake.takes_ms = takes_ms;
        (void)pthread_mutex_unlock(&fake.lock);
}

static struct cache_state state_now(void) {
        struct cache_state state;

        ck_assert_int_eq(cache_state(cache, &state), 0);
        return state;
}

START_TEST(a_server_is_asked_until_it_is_back) {
        struct request *request = request_of(&made, &call_object, "c1");
        unsigned before;

        begin();
        (void)ask_for(cache, request);
        clock_move(61000);
        set_error(EHOSTUNREACH, 0, 0);
        ck_assert(ask_for(cache, request).is_stale);
        await_told(1, 0);
        ck_assert_str_eq(told.reason, "told to fail");
        ck_assert_uint_eq(state_now().outages, 1);
        ck_assert_int_gt(state_now().outage_since_ms, 0);
        ck_assert_int_gt(state_now().stale_since_ms, 0);
        before = fake_fetches(&fake);
        fake_await_fetches(&fake, before + 1);
        set_error(0, 0, 0);
        await_told(1, 1);
        ck_assert_uint_eq(state_now().outages, 0);
        ck_assert_int_eq(state_now().outage_since_ms, 0);
        /* What it was asked with is known by now. */
        before = fake_fetches(&fake);
        ck_assert(!ask_for(cache, request).is_stale);
        ck_assert_uint_eq(fake_fetches(&fake), before);
        ck_assert_int_eq(fake.last_priority, OP_POLL);
        end();
}
END_TEST

START_TEST(whoever_gets_through_ends_it) {
        struct request *request = request_of(&made, &call_object, "c1");

        begin();
        set_error(ENETUNREACH, 0, 0);
        ck_assert_int_eq(ask_for(cache, request).error, -ENETUNREACH);
        await_told(1, 0);
        set_error(0, 0, 0);
        ck_assert_int_eq(ask_for(cache, request).error, 0);
        await_told(1, 1);
        end();
}
END_TEST

/* Who cannot wait is served from what is known, as long as it lasts. */
START_TEST(nobody_waits_for_a_server_that_is_not_there) {
        struct fake_request other;

        begin();
        (void)ask_for(cache, request_of(&made, &call_object, "c1"));
        (void)ask_for(cache, request_of(&other, &call_object, "c2"));
        clock_move(61000);
        set_error(ETIMEDOUT, 0, 5000);
        ck_assert(ask_for(cache, &made.request).is_stale);
        clock_move_monotonic(60000);
        fake_shut(&fake, true);
        ck_assert(ask_for(cache, &other.request).is_stale);
        ck_assert(ask_for(cache, &made.request).is_stale);
        fake_shut(&fake, false);
        end();
}
END_TEST

/* The same for what only the file has: a mount that begins without the network. */
START_TEST(the_file_stands_in_for_a_server_that_is_not_there) {
        struct fake_request other;

        disk_begin();
        begin_at(disk_path());
        (void)ask_for(cache, request_of(&made, &call_object, "c1"));
        (void)ask_for(cache, request_of(&other, &call_object, "c2"));
        end();
        clock_move(61000);
        begin_at(disk_path());
        set_error(ETIMEDOUT, 0, 5000);
        ck_assert(ask_for(cache, &made.request).is_stale);
        fake_shut(&fake, true);
        ck_assert(ask_for(cache, &other.request).is_stale);
        ck_assert_str_eq(ask_for(cache, &other.request).body, "{\"n\":1}");
        /* Nothing can stand in for what was never seen. */
        fake_shut(&fake, false);
        ck_assert_int_eq(ask_for(cache, request_of(&other, &call_object, "c3")).error, -ETIMEDOUT);
        end();
        disk_end();
}
END_TEST

START_TEST(answers_are_no_outage) {
        static const struct {
                int error, status;
                bool is_outage;
        } cases[] = { { EIO, 500, false },    { EIO, 503, true },        { EIO, 502, true },
                      { EACCES, 403, false }, { ENOENT, 404, false },    { EBUSY, 429, false },
                      { EBUSY, 0, false },    { ECONNREFUSED, 0, true }, { EPROTO, 0, true } };
        struct request *request = request_of(&made, &call_object, "c1");

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                begin();
                set_error(cases[i].error, cases[i].status, 0);
                ck_assert_int_lt(ask_for(cache, request).error, 0);
                ck_assert_msg((state_now().outages > 0) == cases[i].is_outage,
                              "error %d, status %d", cases[i].error, cases[i].status);
                end();
        }
}
END_TEST

START_TEST(servers_are_told_apart) {
        struct fake_request other;

        begin();
        set_error(EHOSTUNREACH, 0, 0);
        (void)ask_for(cache, request_of(&made, &call_object, "c1"));
        (void)ask_for(cache, request_of(&other, &call_other, "c1"));
        ck_assert_uint_eq(state_now().outages, 2);
        set_error(0, 0, 0);
        ck_assert_int_eq(ask_for(cache, &other.request).error, 0);
        ck_assert_uint_le(state_now().outages, 1);
        await_told(1, 1);
        end();
}
END_TEST

START_TEST(it_says_whether_it_knows_anything) {
        begin();
        ck_assert(!state_now().has_answers);
        (void)ask_for(cache, request_of(&made, &call_object, "c1"));
        ck_assert(state_now().has_answers);
        end();
}
END_TEST

int main(void) {
        const struct unit_case cases[] = {
                { .name = "back", .test = a_server_is_asked_until_it_is_back },
                { .name = "through", .test = whoever_gets_through_ends_it },
                { .name = "waiting", .test = nobody_waits_for_a_server_that_is_not_there },
                { .name = "file", .test = the_file_stands_in_for_a_server_that_is_not_there },
                { .name = "answers", .test = answers_are_no_outage },
                { .name = "apart", .test = servers_are_told_apart },
                { .name = "known", .test = it_says_whether_it_knows_anything },
                {},
        };

        return unit_main("probe", cases);
}
