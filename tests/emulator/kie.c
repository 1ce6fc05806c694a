/* SPDX-License-Identifier: Apache-2.0 */
/* Configurations: how they live, how they are listed, and waiting for a change. */
#include "tests/emulator/wire.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#define KV "/v1/default/kie/kv"

static const struct wire shop = { .host = "kie-shop" };
static const struct wire lone = { .host = "kie" };
static const struct wire secure = { .host = "secure-kie" };

static void stop(void) {
        wire_done();
        cloud_stop();
}

static struct json_object *list(const struct wire *wire, const char *query) {
        return expect(wire, 200, NULL, "GET " KV "%s", query);
}

static struct json_object *find(const struct wire *wire, const char *query, const char *key) {
        return element(js_get(list(wire, query), "/data"), "/key", key);
}

START_TEST(the_demo_is_varied) {
        static const char *const types[] = { "text", "yaml", "json", "properties", "ini", "xml" };
        struct json_object *all, *data;

        cloud_start("demo");
        all = list(&shop, "");
        data = js_get(all, "/data");
        assert_number(all, "/total", (int64_t)js_len(data, ""));
        for (size_t i = 0; i < ELEMENTSOF(types); i++)
                element(data, "/value_type", types[i]);
        element(data, "/key", "..");
        element(data, "/key", ".hidden");
        element(data, "/key", "db:primary:url");
        ck_assert_uint_gt(strlen(js_str(js_at(data, 0), "/id")), 63);
        assert_number(list(&shop, "?match=exact"), "/total", 3);
        assert_number(list(&shop, "?label=app:shop&match=exact"), "/total", 8);
        assert_text(find(&shop, "?label=app:shop&label=environment:production&match=exact", "motd"),
                    "/value", "Schöne Grüße – 你好\nsecond line");
        assert_number(list(&shop, "?label=environment:&match=exact"), "/total", 1);
        /* Newest first. */
        ck_assert_int_gt(js_int(data, "/0/update_revision", 0),
                         js_int(data, "/1/update_revision", 0));
        stop();
}
END_TEST

START_TEST(a_configuration_lives) {
        struct json_object *made, *same;
        const char *id;

        cloud_start("empty");
        made = expect(&lone, 200, "{\"key\":\"a.b\",\"labels\":{\"x\":\"1\"}}", "POST " KV);
        id = js_str(made, "/id");
        assert_text(made, "/status", "disabled");
        assert_text(made, "/value_type", "text");
        assert_text(made, "/value", "");
        assert_number(made, "/create_revision", 1);
        expect_error(&lone, 409, "409001", "{\"key\":\"a.b\",\"labels\":{\"x\":\"1\"}}",
                     "POST " KV);
        expect(&lone, 200, "{\"key\":\"a.b\",\"labels\":{\"x\":\"2\"}}", "POST " KV);
        cloud_advance(10 * SECOND);
        same = expect(&lone, 200, "{\"value\":\"v\",\"status\":\"enabled\"}", "PUT " KV "/%s", id);
        assert_text(same, "/value", "v");
        assert_number(same, "/update_revision", 3);
        ck_assert_int_ge(js_int(same, "/update_time", 0) - js_int(made, "/create_time", 0), 10);
        /* Empty means unchanged. */
        assert_text(expect(&lone, 200, "{\"value\":\"\"}", "PUT " KV "/%s", id), "/value", "v");
        same = expect(&lone, 200, NULL, "GET " KV "/%s", id);
        assert_text(same, "/status", "enabled");
        assert_text(same, "/label_format", "x=1");
        expect(&lone, 204, NULL, "DELETE " KV "/%s", id);
        expect_error(&lone, 404, "404001", NULL, "DELETE " KV "/%s", id);
        expect_error(&lone, 404, "404001", NULL, "GET " KV "/%s", id);
        expect_error(&lone, 404, "404001", "{\"value\":\"x\"}", "PUT " KV "/%s", id);
        /* Made anew it has its old id. */
        assert_text(expect(&lone, 200, "{\"key\":\"a.b\",\"labels\":{\"x\":\"1\"}}", "POST " KV),
                    "/id", id);
        expect(&lone, 204, "{\"ids\":[]}", "DELETE " KV);
        expect(&lone, 204, "{\"ids\":[\"gone\"]}", "DELETE " KV);
        stop();
}
END_TEST

START_TEST(what_is_refused) {
        cloud_start("empty");
        expect_error(&lone, 400, "400001", "{\"key\":\"a/b\"}", "POST " KV);
        expect_error(&lone, 400, "400001", "{\"key\":\"k\",\"labels\":{\"a b\":\"c\"}}",
                     "POST " KV);
        expect_error(
                &lone, 400, "400001",
                "{\"key\":\"k\",\"labels\":{\"a\":\"\",\"b\":\"\",\"c\":\"\",\"d\":\"\",\"e\":\"\","
                "\"f\":\"\",\"g\":\"\"}}",
                "POST " KV);
        expect_error(&lone, 400, "400001", NULL, "GET " KV "?limit=101");
        expect_error(&lone, 400, "400001", NULL, "GET " KV "?wait=soon");
        expect_error(&lone, 400, "400003", NULL, "GET " KV "?wait=6m");
        expect_error(&lone, 400, "400001", NULL, "GET " KV "?wait=5s&key=k");
        ck_assert_int_eq(send_to(&secure, NULL, "GET " KV)->status, 401);
        stop();
}
END_TEST

START_TEST(lists_are_cut_and_filtered) {
        struct json_object *page;

        cloud_start("scale:250");
        page = list(&lone, "?label=set:set-01&limit=30&offset=90");
        assert_number(page, "/total", 100);
        ck_assert_uint_eq(js_len(page, "/data"), 10);
        assert_text(page, "/data/9/key", "key-0100.yaml");
        assert_number(list(&lone, ""), "/total", 250);
        assert_number(list(&lone, "?key=KEY-0007.yaml"), "/total", 1);
        assert_number(list(&lone, "?key=beginWith(key-000)"), "/total", 10);
        assert_number(list(&lone, "?key=wildcard(*5.yaml)"), "/total", 25);
        stop();
}
END_TEST

/* The revision in the header of a list. */
static int64_t revision(void) {
        _cleanup_(freep) char *text =
                answer_header(send_to(&lone, NULL, "GET " KV), "X-Kie-Revision");
        int64_t number = -1;

        ck_assert_ptr_nonnull(text);
        ck_assert_int_eq(parse_int(text, &number), 0);
        return number;
}

START_TEST(revisions_tell_of_changes) {
        const struct answer *answer;
        const char *id;
        int64_t now;

        cloud_start("empty");
        id = js_str(expect(&lone, 200, "{\"key\":\"k\",\"value\":\"v\"}", "POST " KV), "/id");
        now = revision();
        answer = send_to(&lone, NULL, "GET " KV "?revision=%lld", (long long)now);
        ck_assert_int_eq(answer->status, 304);
        ck_assert_uint_eq(answer->size, 0);
        assert_number(expect(&lone, 200, NULL, "GET " KV "?revision=%lld", (long long)now + 5),
                      "/total", 1);
        expect(&lone, 204, NULL, "DELETE " KV "/%s", id);
        /* A deletion moves it, though no update_revision is as large. */
        ck_assert_int_eq(revision(), now + 1);
        expect(&lone, 200, NULL, "GET " KV "?revision=%lld", (long long)now);
        stop();
}
END_TEST

/* A request that waits, on a thread of its own. */
struct waiter {
        pthread_t thread;
        const char *request;
        const struct answer *answer;
        atomic_bool is_back;
};

static void *wait_for_it(void *arg) {
        struct waiter *waiter = arg;

        waiter->answer = send_to(&lone, NULL, "%s", waiter->request);
        atomic_store(&waiter->is_back, true);
        return NULL;
}

static void begin(struct waiter *waiter, const char *request) {
        waiter->request = request;
        atomic_store(&waiter->is_back, false);
        ck_assert_int_eq(pthread_create(&waiter->thread, NULL, wait_for_it, waiter), 0);
}

/* Moves the clock on until the request is back: it may not have begun to wait yet. */
static const struct answer *end(struct waiter *waiter, int64_t step_ms) {
        while (!atomic_load(&waiter->is_back))
                cloud_advance(step_ms);
        pthread_join(waiter->thread, NULL);
        return waiter->answer;
}

START_TEST(waiting_ends_with_a_change) {
        struct waiter waiter;

        cloud_start("empty");
        expect(&lone, 200, "{\"key\":\"k\",\"value\":\"v\",\"labels\":{\"a\":\"1\"}}", "POST " KV);
        begin(&waiter, "GET " KV "?label=a:1&revision=1&wait=50s");
        expect(&lone, 200, "{\"key\":\"k2\",\"value\":\"v\",\"labels\":{\"a\":\"1\"}}", "POST " KV);
        pthread_join(waiter.thread, NULL);
        ck_assert_int_eq(waiter.answer->status, 200);
        assert_number(waiter.answer->json, "/total", 2);
        stop();
}
END_TEST

START_TEST(waiting_ends_with_time) {
        struct waiter waiter;

        cloud_start("empty");
        expect(&lone, 200, "{\"key\":\"k\",\"value\":\"v\",\"labels\":{\"a\":\"1\"}}", "POST " KV);
        begin(&waiter, "GET " KV "?label=a:1&revision=1&wait=50s");
        ck_assert_int_eq(end(&waiter, 51 * SECOND)->status, 304);
        /* Without a revision what is there already does not count. */
        begin(&waiter, "GET " KV "?label=a:1&wait=50s");
        ck_assert_int_eq(end(&waiter, 51 * SECOND)->status, 304);
        stop();
}
END_TEST

/* The document has other error members, another status for a deletion, no revisions and no
 * waiting. */
START_TEST(engines_differ_from_open_source) {
        struct wire bank = { .host = "kie-bank" }, registry = { .host = "registry-bank" };
        _cleanup_(freep) char *header = NULL, *number = NULL;
        const struct answer *answer;

        cloud_start("demo");
        ck_assert_ptr_nonnull(
                js_str(expect(&shop, 404, NULL, "GET " KV "/none"), "/error_message"));
        ck_assert_ptr_nonnull(js_str(expect(&lone, 404, NULL, "GET " KV "/none"), "/errorMessage"));
        expect(&shop, 200, NULL, "DELETE " KV "/%s", js_str(find(&shop, "", "timeout"), "/id"));
        header = x_printf(
                "Authorization: Bearer %s",
                js_str(expect(&registry, 200, "{\"name\":\"root\",\"password\":\"Demo-Passw0rd!\"}",
                              "POST /v4/token"),
                       "/token"));
        bank.headers[0] = header;
        answer = send_to(&bank, NULL, "GET " KV "?wait=60s");
        assert_number(answer->json, "/total", 3);
        number = answer_header(answer, "X-Kie-Revision");
        ck_assert_ptr_null(number);
        stop();
}
END_TEST

int main(void) {
        const struct unit_case cases[] = {
                { "the demo is varied", the_demo_is_varied, 0 },
                { "a configuration lives", a_configuration_lives, 0 },
                { "what is refused", what_is_refused, 0 },
                { "lists are cut and filtered", lists_are_cut_and_filtered, 0 },
                { "revisions tell of changes", revisions_tell_of_changes, 0 },
                { "waiting ends with a change", waiting_ends_with_a_change, 0 },
                { "waiting ends with time", waiting_ends_with_time, 0 },
                { "engines differ from open source", engines_differ_from_open_source, 0 },
                { 0 },
        };

        return unit_main("emulator-kie", cases);
}
