/* SPDX-License-Identifier: Apache-2.0 */
/* Memory runs out at each place in turn: no crash, no leak, no wrong answer, and the next request
 * works. */
#include "base/stamp.h"
#include "base/text.h"
#include "tests/unit/cache/directory.h"
#include "tests/unit/cache/fake.h"
#include "tests/unit/scarce.h"
#include "tests/unit/unit.h"

static struct fake fake;
static struct source *cache;
static struct fake_request list, item, object, change;

/* The fake source itself never runs out. */
static int make(struct fake *from, const struct request *request, struct answer **ret) {
        int before = scarce_allowed, r;

        scarce_allowed = -1;
        r = fake_answer(from, request, ret);
        scarce_allowed = before;
        return r;
}

static void set_up(bool has_file) {
        fake_init(&fake);
        cache = cache_above(&fake, has_file ? disk_path() : NULL);
        fake.make = make;
        fake.items[0] = (struct fake_item){ "a", "{\"a\":1,\"b\":2}" };
        fake.items[1] = (struct fake_item){ "b", "{}" };
        fake.request_id = "req-1";
        (void)request_of(&list, &call_list, NULL);
        (void)request_of(&item, &call_list, NULL);
        item.request.only = "b";
        (void)request_of(&object, &call_object, "c1");
        (void)request_of(&change, &call_change, "c1");
}

static void fetch_one(const struct request *request) {
        struct answer *answer = NULL;
        int r = fetch(cache, request, &answer, NULL), before = scarce_allowed;

        scarce_allowed = -1; /* the checks themselves need memory */
        ck_assert_msg(r == 0 || (r == -ENOMEM && scarce_has_failed), "%d", r);
        if (r == 0)
                ck_assert_str_eq(answer_find(answer, "b")->body, "{}");
        (void)answer_unref(answer);
        scarce_allowed = before;
}

/* One of everything. */
static void use(void) {
        struct answer *answer = NULL;
        struct json *state = NULL;
        int64_t ms;
        struct op op;

        fetch_one(&list.request);
        fetch_one(&item.request);
        fetch_one(&object.request);
        fake.items[0].body = "{\"b\":2,\"a\":1}";
        clock_move(61000);
        fetch_one(&list.request);
        op_init(&op, OP_INTERACTIVE, 1000);
        if (source_send(cache, &op, &change.request, &answer) == 0)
                (void)answer_unref(answer);
        fetch_one(&object.request);
        (void)source_seen(cache, "key", 1, 1, &ms);
        source_note(cache, &list.request, "a", "{}", 2, stamp_now_ms());
        if (cache_describe(cache, &state) == 0)
                state = json_free(state);
        if (cache_explain(cache, &list.request, &state) == 0)
                state = json_free(state);
        clock_move(46000);
        fetch_one(&list.request);
        fake.error = ENETUNREACH;
        clock_move(61000);
        if (fetch(cache, &list.request, &answer, NULL) == 0)
                (void)answer_unref(answer);
        fake.error = 0;
}

/* _i: with a file or without. */
START_TEST(no_place_is_left_out) {
        int n = 0;

        do {
                disk_begin();
                set_up(_i != 0);
                scarce_has_failed = false;
                scarce_allowed = n++;
                use();
                scarce_allowed = -1;
                use();
                (void)source_free(cache);
                fake_done(&fake);
                disk_end();
        } while (scarce_has_failed);
        ck_assert_int_gt(n, 50);
}
END_TEST

START_TEST(what_was_written_is_read) {
        int n = 0;

        disk_begin();
        set_up(true);
        use();
        (void)source_free(cache);
        fake_done(&fake);
        do {
                set_up(true);
                scarce_has_failed = false;
                scarce_allowed = n++;
                list.request.reach = item.request.reach = REACH_CACHED;
                list.request.max_age_ms = item.request.max_age_ms = INT64_MAX;
                fetch_one(&item.request);
                fetch_one(&list.request);
                scarce_allowed = -1;
                fetch_one(&list.request);
                (void)source_free(cache);
                fake_done(&fake);
        } while (scarce_has_failed);
        ck_assert_int_gt(n, 20);
        disk_end();
}
END_TEST

START_TEST(a_cache_is_begun_or_not) {
        int n = 0, r;

        do {
                struct source *source = NULL;
                struct cache_options options = { 0 };
                struct op op;

                disk_begin();
                options.path = disk_path();
                fake_init(&fake);
                op_init(&op, OP_INTERACTIVE, 1000);
                scarce_has_failed = false;
                scarce_allowed = n++;
                r = cache_new(&op, &options, &fake.source, &source);
                scarce_allowed = -1;
                ck_assert(r == 0 || (r == -ENOMEM && scarce_has_failed && *op.fault.reason));
                (void)source_free(source);
                fake_done(&fake);
                disk_end();
        } while (scarce_has_failed);
        ck_assert_int_gt(n, 5);
}
END_TEST

int main(void) {
        const struct unit_case cases[] = {
                { "use", no_place_is_left_out, 2 },
                { "read", what_was_written_is_read, 0 },
                { "begin", a_cache_is_begun_or_not, 0 },
                { 0 },
        };

        return unit_main("cache-allocations", cases);
}
