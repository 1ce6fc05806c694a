/* SPDX-License-Identifier: Apache-2.0 */
/* Lists and parts of them, what stays equal over a refetch, what a change outdates, bounds. */
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
        fake.items[0] = (struct fake_item){ "a", "{\"id\":\"a\",\"n\":1}" };
        fake.items[1] = (struct fake_item){ "b", "{\"id\":\"b\",\"n\":1}" };
}

static void end(void) {
        (void)source_free(cache);
        fake_done(&fake);
}

static struct answer *get(const struct request *request) {
        struct answer *answer = NULL;

        ck_assert_int_eq(fetch(cache, request, &answer, NULL), 0);
        return answer;
}

START_TEST(an_item_is_served_from_the_whole_list) {
        struct request *request = request_of(&made, &call_list, NULL);
        struct answer *answer;

        begin();
        (void)ask_for(cache, request);
        request->only = "b";
        answer = get(request);
        ck_assert_str_eq(answer_find(answer, "b")->body, "{\"id\":\"b\",\"n\":1}");
        answer_unref(answer);
        ck_assert_uint_eq(fake.fetches, 1);
        end();
}
END_TEST

START_TEST(a_part_never_stands_for_the_whole) {
        struct request *request = request_of(&made, &call_list, NULL);
        struct answer *answer;

        begin();
        fake.honours_only = true;
        request->only = "b";
        answer = get(request);
        ck_assert(answer->is_partial);
        ck_assert_uint_eq(answer->count, 1);
        answer_unref(answer);
        ck_assert(ask_for(cache, request).is_partial);
        ck_assert_uint_eq(fake.fetches, 1);
        request->only = "a";
        (void)ask_for(cache, request);
        ck_assert_uint_eq(fake.fetches, 2);
        request->only = NULL;
        ck_assert_uint_eq(ask_for(cache, request).count, 2);
        ck_assert_uint_eq(fake.fetches, 3);
        end();
}
END_TEST

START_TEST(a_partial_answer_to_the_whole_question_is_not_kept) {
        struct request *request = request_of(&made, &call_list, NULL);
        struct fake_request item;

        begin();
        fake.honours_only = true;
        (void)request_of(&item, &call_list, NULL);
        item.request.only = "a";
        (void)ask_for(cache, &item.request);
        request->reach = REACH_CACHED;
        ck_assert_int_eq(ask_for(cache, request).error, -ENODATA);
        end();
}
END_TEST

START_TEST(an_item_asked_for_alone_is_newer_than_the_list) {
        struct request *request = request_of(&made, &call_list, NULL);
        struct answer *answer;
        struct op op;

        begin();
        fake.honours_only = true;
        (void)ask_for(cache, request);
        clock_move(10);
        request->only = "a";
        fake.items[0].body = "{\"id\":\"a\",\"n\":2}";
        op_init(&op, OP_INTERACTIVE, 10000);
        op.must_be_fresh = true;
        op.fresh_since_ms = stamp_now_ms();
        ck_assert_int_eq(source_fetch(cache, &op, request, &answer), 0);
        answer_unref(answer);
        answer = get(request);
        ck_assert_str_eq(answer_find(answer, "a")->body, "{\"id\":\"a\",\"n\":2}");
        answer_unref(answer);
        request->only = NULL;
        answer = get(request);
        ck_assert_str_eq(answer_find(answer, "a")->body, "{\"id\":\"a\",\"n\":1}");
        answer_unref(answer);
        ck_assert_uint_eq(fake.fetches, 2);
        end();
}
END_TEST

START_TEST(an_absent_item_leaves_the_list) {
        struct request *request = request_of(&made, &call_list, NULL);

        begin();
        (void)ask_for(cache, request);
        clock_move(61000);
        request->only = "x";
        fake.error = ENOENT;
        ck_assert_int_eq(ask_for(cache, request).error, -ENOENT);
        request->only = NULL;
        request->reach = REACH_CACHED;
        ck_assert_uint_eq(ask_for(cache, request).count, 2);
        end();
}
END_TEST

START_TEST(an_empty_list_is_an_answer) {
        const struct request *request = request_of(&made, &call_list, NULL);

        begin();
        fake.items[0].id = NULL;
        ck_assert_uint_eq(ask_for(cache, request).count, 0);
        ck_assert_int_eq(ask_for(cache, request).error, 0);
        ck_assert_uint_eq(fake.fetches, 1);
        end();
}
END_TEST

START_TEST(what_is_equal_keeps_its_bytes_and_its_time) {
        const struct request *request = request_of(&made, &call_list, NULL);
        struct answer *first, *second;

        begin();
        first = get(request);
        ck_assert_int_eq(first->changed_ms, first->fetched_ms);
        clock_move(61000);
        fake.body = "{ \"n\" : 1 }";
        fake.items[0].body = "{\"n\":1, \"id\":\"a\"}";
        second = get(request);
        ck_assert_int_eq(second->changed_ms, first->changed_ms);
        ck_assert_int_gt(second->fetched_ms, first->fetched_ms);
        ck_assert_str_eq(second->body, first->body);
        ck_assert_str_eq(second->items[0].body, first->items[0].body);
        ck_assert_ptr_eq(second->items, first->items);
        answer_unref(second);
        clock_move(61000);
        fake.items[1].body = "{\"id\":\"b\",\"n\":2}";
        second = get(request);
        ck_assert_int_eq(second->changed_ms, second->fetched_ms);
        ck_assert_str_eq(second->body, first->body);
        ck_assert_str_eq(second->items[0].body, first->items[0].body);
        ck_assert_str_eq(second->items[1].body, "{\"id\":\"b\",\"n\":2}");
        answer_unref(second);
        answer_unref(first);
        end();
}
END_TEST

START_TEST(a_text_is_equal_only_byte_by_byte) {
        const struct request *request = request_of(&made, &call_object, "c1");
        struct outcome first;

        begin();
        fake.items[0].id = NULL;
        fake.body = "a: 1";
        first = ask_for(cache, request);
        clock_move(61000);
        ck_assert_int_eq(ask_for(cache, request).changed_ms, first.changed_ms);
        clock_move(61000);
        fake.body = "a:  1";
        ck_assert_int_ne(ask_for(cache, request).changed_ms, first.changed_ms);
        end();
}
END_TEST

START_TEST(another_order_is_another_list) {
        const struct request *request = request_of(&made, &call_list, NULL);
        const struct fake_item a = { "a", "{\"id\":\"a\",\"n\":1}" };
        struct answer *answer;
        int64_t changed_ms;

        begin();
        changed_ms = ask_for(cache, request).changed_ms;
        clock_move(61000);
        fake.items[0] = fake.items[1];
        fake.items[1] = a;
        answer = get(request);
        ck_assert_str_eq(answer->items[0].id, "b");
        ck_assert_int_ne(answer->changed_ms, changed_ms);
        answer_unref(answer);
        end();
}
END_TEST

START_TEST(what_moves_by_itself_is_not_compared) {
        const struct request *request = request_of(&made, &call_moving, "c1");

        begin();
        fake.items[0].id = NULL;
        fake.body = "{\"a\":1,\"b\":2}";
        (void)ask_for(cache, request);
        clock_move(61000);
        fake.body = "{\"b\":2,\"a\":1}";
        ck_assert_str_eq(ask_for(cache, request).body, "{\"b\":2,\"a\":1}");
        end();
}
END_TEST

static void change(const char *id, const char *body) {
        struct fake_request request;
        struct answer *answer;
        struct op op;

        op_init(&op, OP_INTERACTIVE, 10000);
        (void)request_of(&request, &call_change, id);
        request.request.body = body;
        request.request.body_len = body ? strlen(body) : 0;
        ck_assert_int_eq(source_send(cache, &op, &request.request, &answer), 0);
        answer_unref(answer);
}

static unsigned calls_for(const struct request *request) {
        unsigned before = fake.fetches;

        (void)ask_for(cache, request);
        return fake.fetches - before;
}

START_TEST(a_change_outdates_what_it_may_have_touched) {
        struct fake_request one, two, other, list;

        begin();
        (void)ask_for(cache, request_of(&one, &call_object, "cluster-1"));
        (void)ask_for(cache, request_of(&two, &call_object, "cluster-2"));
        (void)ask_for(cache, request_of(&other, &call_other, "cluster-1"));
        (void)ask_for(cache, request_of(&list, &call_list, NULL));
        change("cluster-1", NULL);
        ck_assert_uint_eq(calls_for(&one.request), 1);
        ck_assert_uint_eq(calls_for(&two.request), 0);
        ck_assert_uint_eq(calls_for(&other.request), 0);
        ck_assert_uint_eq(calls_for(&list.request), 1);
        ck_assert_uint_eq(calls_for(&one.request), 0);
        change("fleet-1", "{\"members\":[\"cluster-2\"]}");
        ck_assert_uint_eq(calls_for(&one.request), 0);
        ck_assert_uint_eq(calls_for(&two.request), 1);
        end();
}
END_TEST

START_TEST(a_change_makes_absence_unknown) {
        const struct request *request = request_of(&made, &call_object, "c1");

        begin();
        fake.error = ENOENT;
        (void)ask_for(cache, request);
        fake.error = 0;
        change("c1", NULL);
        ck_assert_int_eq(ask_for(cache, request).error, 0);
        end();
}
END_TEST

START_TEST(what_was_outdated_stands_in_when_the_network_fails) {
        const struct request *request = request_of(&made, &call_object, "c1");

        begin();
        (void)ask_for(cache, request);
        change("c1", NULL);
        fake.error = ENETUNREACH;
        ck_assert(ask_for(cache, request).is_stale);
        end();
}
END_TEST

START_TEST(memory_is_bounded_by_use) {
        struct cache_options options = { .memory_bytes = 100000 };
        struct fake_request requests[12];
        char body[10001], ids[12][4];
        struct json *state;
        int64_t bytes;
        struct op op;

        fake_init(&fake);
        memset(body, 'x', sizeof(body) - 1);
        body[sizeof(body) - 1] = '\0';
        fake.body = body;
        op_init(&op, OP_INTERACTIVE, 1000);
        ck_assert_int_eq(cache_new(&op, &options, &fake.source, &cache), 0);
        for (unsigned i = 0; i < 12; i++) {
                (void)snprintf(ids[i], sizeof(ids[i]), "%u", i);
                (void)ask_for(cache, request_of(&requests[i], &call_object, ids[i]));
                (void)ask_for(cache, &requests[0].request);
        }
        ck_assert_uint_eq(fake.fetches, 12);
        ck_assert_uint_eq(calls_for(&requests[11].request), 0);
        ck_assert_uint_eq(calls_for(&requests[0].request), 0);
        ck_assert_uint_eq(calls_for(&requests[1].request), 1);
        ck_assert_int_eq(cache_describe(cache, &state), 0);
        ck_assert_int_eq(json_int64(state, "/bytes", &bytes), 0);
        ck_assert_int_le(bytes, 100000);
        (void)json_free(state);
        end();
}
END_TEST

START_TEST(first_times_are_kept_in_memory) {
        int64_t ms;

        begin();
        ck_assert_int_eq(source_seen(cache, "key", 1, 1000, &ms), 0);
        ck_assert_int_eq(source_seen(cache, "key", 1, 2000, &ms), 0);
        ck_assert_int_eq(ms, 1000);
        for (int64_t i = 0; i < 5000; i++) {
                char key[24];

                (void)snprintf(key, sizeof(key), "%lld", (long long)i);
                ck_assert_int_eq(source_seen(cache, key, 7, i + 1, &ms), 0);
                ck_assert_int_eq(ms, i + 1);
        }
        for (int64_t i = 0; i < 5000; i++) {
                char key[24];

                (void)snprintf(key, sizeof(key), "%lld", (long long)i);
                ck_assert_int_eq(source_seen(cache, key, 7, 9999, &ms), 0);
                ck_assert_int_eq(ms, i + 1);
        }
        end();
}
END_TEST

static void note(const struct request *list, const char *id, const char *body) {
        source_note(cache, list, id, body, body ? strlen(body) : 0, stamp_now_ms());
}

static void expect_list(const struct request *request, const char *expected) {
        struct answer *answer = get(request);
        char text[128] = "";

        for (size_t i = 0; i < answer->count; i++) {
                size_t len = strlen(text);

                (void)snprintf(text + len, sizeof(text) - len, "%s=%s ", answer->items[i].id,
                               answer->items[i].body);
        }
        ck_assert_str_eq(text, expected);
        answer_unref(answer);
}

START_TEST(what_is_learnt_of_an_item_goes_into_its_list) {
        struct request *request = request_of(&made, &call_list, NULL);
        struct outcome before, after;

        begin();
        note(request, "a", "0");
        fake.items[0].body = "[1,2]";
        fake.items[1].body = "2";
        before = ask_for(cache, request);
        clock_move(10000);
        note(request, "a", "[1, 2]");
        note(request, "x", NULL);
        expect_list(request, "a=[1,2] b=2 ");
        ck_assert_int_eq(ask_for(cache, request).changed_ms, before.changed_ms);
        note(request, "a", "3");
        expect_list(request, "a=3 b=2 ");
        after = ask_for(cache, request);
        ck_assert_int_eq(after.fetched_ms, before.fetched_ms);
        ck_assert_int_gt(after.changed_ms, before.changed_ms);
        note(request, "c", "4");
        expect_list(request, "a=3 b=2 c=4 ");
        note(request, "b", NULL);
        expect_list(request, "a=3 c=4 ");
        ck_assert_uint_eq(fake.fetches, 1);
        clock_move(51000);
        expect_list(request, "a=[1,2] b=2 ");
        ck_assert_uint_eq(fake.fetches, 2);
        end();
}
END_TEST

START_TEST(what_is_learnt_of_an_item_hides_what_was_known_of_it_alone) {
        struct request *request = request_of(&made, &call_list, NULL);
        struct fake_request item;
        struct answer *answer;
        struct op op;

        begin();
        fake.honours_only = true;
        (void)ask_for(cache, request);
        clock_move(10);
        op_init(&op, OP_INTERACTIVE, 10000);
        op.must_be_fresh = true;
        op.fresh_since_ms = stamp_now_ms();
        (void)request_of(&item, &call_list, NULL);
        item.request.only = "a";
        ck_assert_int_eq(source_fetch(cache, &op, &item.request, &answer), 0);
        answer_unref(answer);
        note(request, "a", "5");
        answer = get(&item.request);
        ck_assert_str_eq(answer_find(answer, "a")->body, "5");
        answer_unref(answer);
        fake.error = ENOENT;
        clock_move(61000);
        item.request.only = "n";
        ck_assert_int_eq(ask_for(cache, &item.request).error, -ENOENT);
        note(request, "n", "6");
        fake.error = EIO;
        answer = get(&item.request);
        ck_assert_str_eq(answer_find(answer, "n")->body, "6");
        answer_unref(answer);
        end();
}
END_TEST

START_TEST(it_says_how_it_does_and_why) {
        const struct request *request = request_of(&made, &call_object, "c1");
        struct json *state;
        int64_t number;

        begin();
        fake.request_id = "req-1";
        ck_assert_int_eq(cache_explain(cache, request, &state), 0);
        ck_assert_str_eq(json_string(state, "/source"), "API");
        (void)json_free(state);
        (void)ask_for(cache, request);
        (void)ask_for(cache, request);
        clock_move(90000);
        fake.error = EIO;
        fake.status = 503;
        (void)ask_for(cache, request);
        ck_assert_int_eq(cache_explain(cache, request, &state), 0);
        ck_assert_str_eq(json_string(state, "/source"), "memory");
        ck_assert_str_eq(json_string(state, "/request_id"), "req-1");
        ck_assert_int_eq(json_int64(state, "/age_s", &number), 0);
        ck_assert_int_eq(number, 90);
        ck_assert_str_eq(json_string(state, "/last_failure/error"), "EIO");
        ck_assert_str_eq(json_string(state, "/last_failure/request_id"), "req-failed");
        ck_assert_int_eq(json_int64(state, "/last_failure/status", &number), 0);
        ck_assert_int_eq(number, 503);
        (void)json_free(state);
        ck_assert_int_eq(cache_describe(cache, &state), 0);
        ck_assert_int_eq(json_int64(state, "/hits", &number), 0);
        ck_assert_int_eq(number, 1);
        ck_assert_int_eq(json_int64(state, "/misses", &number), 0);
        ck_assert_int_eq(number, 2);
        ck_assert_int_eq(json_int64(state, "/stale_served", &number), 0);
        ck_assert_int_eq(number, 1);
        ck_assert_str_eq(json_string(state, "/last_failure/reason"), "told to fail");
        (void)json_free(state);
        ck_assert_int_eq(cache_describe(&fake.source, &state), -EINVAL);
        ck_assert_int_eq(cache_explain(&fake.source, request, &state), -EINVAL);
        end();
}
END_TEST

int main(void) {
        const struct unit_case cases[] = {
                { "item", an_item_is_served_from_the_whole_list, 0 },
                { "part", a_part_never_stands_for_the_whole, 0 },
                { "whole", a_partial_answer_to_the_whole_question_is_not_kept, 0 },
                { "alone", an_item_asked_for_alone_is_newer_than_the_list, 0 },
                { "absent", an_absent_item_leaves_the_list, 0 },
                { "empty", an_empty_list_is_an_answer, 0 },
                { "equal", what_is_equal_keeps_its_bytes_and_its_time, 0 },
                { "text", a_text_is_equal_only_byte_by_byte, 0 },
                { "order", another_order_is_another_list, 0 },
                { "moving", what_moves_by_itself_is_not_compared, 0 },
                { "change", a_change_outdates_what_it_may_have_touched, 0 },
                { "absence", a_change_makes_absence_unknown, 0 },
                { "outdated", what_was_outdated_stands_in_when_the_network_fails, 0 },
                { "bound", memory_is_bounded_by_use, 0 },
                { "first times", first_times_are_kept_in_memory, 0 },
                { "note", what_is_learnt_of_an_item_goes_into_its_list, 0 },
                { "alone too", what_is_learnt_of_an_item_hides_what_was_known_of_it_alone, 0 },
                { "why", it_says_how_it_does_and_why, 0 },
                { 0 },
        };

        return unit_main("cache-list", cases);
}
