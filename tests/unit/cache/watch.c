/* SPDX-License-Identifier: Apache-2.0 */
/* Following what a service tells of changes. */
#include "base/stamp.h"
#include "base/text.h"
#include "tests/unit/cache/fake.h"
#include "tests/unit/unit.h"

static const struct call call_followed = { .id = "listConfigs",
                                           .service = "dws",
                                           .method = METHOD_GET,
                                           .path = "/v1/{project_id}/kv",
                                           .items = "/data",
                                           .key = "/id",
                                           .revision_query = "revision={}",
                                           .revision_header = "X-Kie-Revision",
                                           .wait_query = "wait={}s" };

static struct fake fake;
static struct source *cache;
static struct fake_request made;
static const char *revision; /* of what the service has */
static char asked[16];
static unsigned waited_s;

static int make(struct fake *from, const struct request *request, struct answer **ret) {
        int r;

        (void)snprintf(asked, sizeof(asked), "%s",
                       request->known_revision ? request->known_revision : "-");
        waited_s = request->wait_s;
        if (request->known_revision && text_eq(request->known_revision, revision)) {
                r = answer_new(ret);
                (*ret)->is_unchanged = true;
                (*ret)->fetched_ms = stamp_now_ms();
                return r;
        }
        r = fake_answer(from, request, ret);
        if (r == 0 && revision)
                (*ret)->revision = strdup(revision);
        return r;
}

static void begin(void) {
        fake_init(&fake);
        fake.make = make;
        fake.items[0] = (struct fake_item){ "k1", "{\"id\":\"k1\",\"value\":\"a\"}" };
        revision = "7";
        cache = cache_above(&fake, NULL);
}

static void end(void) {
        (void)source_free(cache);
        fake_done(&fake);
}

static struct request *request(void) {
        return request_of(&made, &call_followed, NULL);
}

static int watch(char **seen, struct op_fault *fault) {
        struct request *wanted = request();
        struct op op;
        int r;

        wanted->wait_s = 30;
        op_init(&op, OP_POLL, 10000);
        r = source_watch(cache, &op, wanted, seen);
        if (fault)
                *fault = op.fault;
        return r;
}

START_TEST(a_change_is_known_at_once) {
        _cleanup_(freep) char *seen = NULL;
        int64_t first;

        begin();
        first = ask_for(cache, request()).changed_ms;
        clock_move(1000);
        seen = strdup("7");
        revision = "8";
        fake.items[1] = (struct fake_item){ "k2", "{\"id\":\"k2\",\"value\":\"b\"}" };
        ck_assert_int_eq(watch(&seen, NULL), 0);
        ck_assert_str_eq(asked, "7");
        ck_assert_uint_eq(waited_s, 30);
        ck_assert_str_eq(seen, "8");
        ck_assert_uint_eq(ask_for(cache, request()).count, 2);
        ck_assert_int_gt(ask_for(cache, request()).changed_ms, first);
        ck_assert_uint_eq(fake.fetches, 2);
        end();
}
END_TEST

START_TEST(it_begins_with_what_is_known) {
        _cleanup_(freep) char *seen = NULL;

        begin();
        (void)ask_for(cache, request());
        ck_assert_int_eq(watch(&seen, NULL), -EALREADY);
        ck_assert_str_eq(asked, "7");
        ck_assert_str_eq(seen, "7");
        ck_assert_uint_eq(fake.fetches, 2);
        end();
}
END_TEST

START_TEST(where_nothing_is_known_it_is_asked_first) {
        _cleanup_(freep) char *seen = NULL;

        begin();
        ck_assert_int_eq(watch(&seen, NULL), 0);
        ck_assert_str_eq(asked, "-");
        ck_assert_uint_eq(waited_s, 0);
        ck_assert_str_eq(seen, "7");
        ck_assert_uint_eq(fake.fetches, 1);
        end();
}
END_TEST

/* Events get lost: only an answer to a question is believed. */
START_TEST(silence_confirms_nothing) {
        _cleanup_(freep) char *seen = NULL;
        int64_t first;

        begin();
        first = ask_for(cache, request()).fetched_ms;
        clock_move(30000);
        ck_assert_int_eq(watch(&seen, NULL), -EALREADY);
        ck_assert_int_eq(ask_for(cache, request()).fetched_ms, first);
        end();
}
END_TEST

START_TEST(services_without_revisions_have_no_feed) {
        _cleanup_(freep) char *seen = NULL;

        begin();
        revision = NULL;
        (void)ask_for(cache, request());
        ck_assert_int_eq(watch(&seen, NULL), -EOPNOTSUPP);
        ck_assert_uint_eq(fake.fetches, 1);
        end();
}
END_TEST

START_TEST(rows_without_a_feed_have_none) {
        _cleanup_(freep) char *seen = NULL;
        struct op op;

        begin();
        op_init(&op, OP_POLL, 1000);
        ck_assert_int_eq(source_watch(cache, &op, request_of(&made, &call_list, NULL), &seen),
                         -EOPNOTSUPP);
        ck_assert_uint_eq(fake.fetches, 0);
        end();
}
END_TEST

START_TEST(services_that_refuse_to_wait_have_no_feed) {
        _cleanup_(freep) char *seen = NULL;

        begin();
        (void)ask_for(cache, request());
        fake.error = EINVAL;
        fake.status = 400;
        ck_assert_int_eq(watch(&seen, NULL), -EOPNOTSUPP);
        end();
}
END_TEST

START_TEST(a_failure_has_its_reason) {
        _cleanup_(freep) char *seen = NULL;
        struct op_fault fault;

        begin();
        (void)ask_for(cache, request());
        fake.error = EHOSTUNREACH;
        ck_assert_int_eq(watch(&seen, &fault), -EHOSTUNREACH);
        ck_assert_str_eq(fault.reason, "told to fail");
        end();
}
END_TEST

/* Somebody else has asked since: what he learnt is news for who follows all the same. */
START_TEST(what_others_learnt_is_told) {
        _cleanup_(freep) char *seen = strdup("6");

        begin();
        (void)ask_for(cache, request());
        ck_assert_int_eq(watch(&seen, NULL), 0);
        ck_assert_str_eq(seen, "7");
        ck_assert_int_eq(watch(&seen, NULL), -EALREADY);
        end();
}
END_TEST

static void *wait_aside(void *data) {
        _cleanup_(freep) char *seen = strdup("7");
        int *r = data;

        *r = watch(&seen, NULL);
        return NULL;
}

/* As if another request had been answered meanwhile. */
static void store_another(const char *with_revision) {
        struct answer *answer;

        ck_assert_int_eq(answer_new(&answer), 0);
        ck_assert_int_eq(answer_add(answer, "k1", "{\"id\":\"k1\",\"value\":\"z\"}", 24), 0);
        ck_assert_int_eq(answer_set_body(answer, fake.body, strlen(fake.body)), 0);
        ck_assert_int_eq(answer_seal(answer), 0);
        answer->revision = strdup(with_revision);
        clock_move(10);
        answer->fetched_ms = stamp_now_ms();
        source_learn(cache, request(), answer);
        (void)answer_unref(answer);
}

/* Two answers that crossed: which is newer, nobody can say. */
START_TEST(who_was_overtaken_looks_again) {
        _cleanup_(freep) char *seen = NULL;
        pthread_t thread;
        int r = 1;

        begin();
        (void)ask_for(cache, request());
        fake_shut(&fake, true);
        ck_assert_int_eq(pthread_create(&thread, NULL, wait_aside, &r), 0);
        fake_await(&fake, 1);
        store_another("9");
        (void)pthread_mutex_lock(&fake.lock);
        revision = "8";
        (void)pthread_mutex_unlock(&fake.lock);
        fake_shut(&fake, false);
        (void)pthread_join(thread, NULL);
        ck_assert_int_eq(r, -ESTALE);
        revision = "9";
        seen = strdup("8");
        fake.items[0].body = "{\"id\":\"k1\",\"value\":\"z\"}";
        ck_assert_int_eq(watch(&seen, NULL), 0);
        end();
}
END_TEST

/* A change of ours while it waits: the answer may be from before. */
START_TEST(our_own_changes_are_not_undone) {
        static const struct call change_kv = { .id = "updateConfig",
                                               .service = "dws",
                                               .method = METHOD_PUT,
                                               .path = "/v1/{project_id}/kv/{cluster_id}",
                                               .risk = RISK_CHANGE };
        struct fake_request change;
        struct answer *answer;
        pthread_t thread;
        struct op op;
        int r = 1;

        begin();
        (void)ask_for(cache, request());
        fake_shut(&fake, true);
        ck_assert_int_eq(pthread_create(&thread, NULL, wait_aside, &r), 0);
        fake_await(&fake, 1);
        op_init(&op, OP_INTERACTIVE, 1000);
        ck_assert_int_eq(source_send(cache, &op, request_of(&change, &change_kv, "k1"), &answer),
                         0);
        (void)answer_unref(answer);
        (void)pthread_mutex_lock(&fake.lock);
        revision = "8";
        (void)pthread_mutex_unlock(&fake.lock);
        fake_shut(&fake, false);
        (void)pthread_join(thread, NULL);
        ck_assert_int_eq(r, -ESTALE);
        (void)ask_for(cache, request());
        ck_assert_uint_eq(fake.fetches, 3);
        end();
}
END_TEST

/* Others are served and may ask while somebody waits for a change. */
START_TEST(nobody_waits_with_the_feed) {
        struct request *wanted;
        pthread_t thread;
        struct op op;
        struct answer *answer;
        int r = 1;

        begin();
        (void)ask_for(cache, request());
        fake_shut(&fake, true);
        ck_assert_int_eq(pthread_create(&thread, NULL, wait_aside, &r), 0);
        fake_await(&fake, 1);
        wanted = request();
        op_init(&op, OP_INTERACTIVE, 1000);
        ck_assert_int_eq(source_fetch(cache, &op, wanted, &answer), 0);
        (void)answer_unref(answer);
        fake_shut(&fake, false);
        (void)pthread_join(thread, NULL);
        ck_assert_int_eq(r, -EALREADY);
        end();
}
END_TEST

int main(void) {
        const struct unit_case cases[] = {
                { .name = "change", .test = a_change_is_known_at_once },
                { .name = "known", .test = it_begins_with_what_is_known },
                { .name = "unknown", .test = where_nothing_is_known_it_is_asked_first },
                { .name = "silence", .test = silence_confirms_nothing },
                { .name = "no revision", .test = services_without_revisions_have_no_feed },
                { .name = "no feed", .test = rows_without_a_feed_have_none },
                { .name = "refused", .test = services_that_refuse_to_wait_have_no_feed },
                { .name = "failure", .test = a_failure_has_its_reason },
                { .name = "behind", .test = what_others_learnt_is_told },
                { .name = "overtaken", .test = who_was_overtaken_looks_again },
                { .name = "own", .test = our_own_changes_are_not_undone },
                { .name = "others", .test = nobody_waits_with_the_feed },
                {},
        };

        return unit_main("watch", cases);
}
