/* SPDX-License-Identifier: Apache-2.0 */
/* When a request goes out again, and when it must not. */
#include "http/throttle.h"
#include "tests/unit/http/helper.h"
#include "tests/unit/unit.h"

static const struct {
        int status;
        enum repeat repeat;
        unsigned requests; /* that arrive: the second one is answered 200 */
} statuses[] = {
        { 502, REPEAT_SAFE, 2 }, { 503, REPEAT_SAFE, 2 }, { 504, REPEAT_SAFE, 2 },
        { 502, REPEAT_SAME, 1 }, { 503, REPEAT_SAME, 1 }, { 504, REPEAT_SAME, 1 },
        { 502, REPEAT_ONCE, 1 }, { 503, REPEAT_ONCE, 1 }, { 504, REPEAT_ONCE, 1 },
        { 500, REPEAT_SAFE, 1 }, { 501, REPEAT_SAFE, 1 }, { 404, REPEAT_SAFE, 1 },
        { 401, REPEAT_SAFE, 1 }, { 408, REPEAT_SAFE, 1 }, { 301, REPEAT_SAFE, 1 },
};

START_TEST(status_decides) {
        const struct reply replies[] = { { .status = statuses[_i].status }, { .status = 200 } };
        _cleanup_(server_freep) struct server *server = server_new(replies, 2);
        _cleanup_(http_freep) struct http *http = make_http(NULL);
        struct errand e;

        errand_init(&e, http, server_url(server, "/"), OP_INTERACTIVE);
        e.request.repeat = statuses[_i].repeat;
        ck_assert_int_eq(errand_run(&e), 0);
        ck_assert_uint_eq(server_requests(server), statuses[_i].requests);
        ck_assert_uint_eq(e.response->attempts, statuses[_i].requests);
        ck_assert_int_eq(e.response->status,
                         statuses[_i].requests == 1 ? statuses[_i].status : 200);
        ck_assert_int_eq(e.op.fault.error, 0);
        errand_done(&e);
}
END_TEST

START_TEST(tries_are_counted) {
        SERVE({ .status = 503 });
        static const struct http_options options = { .retries = 2 };
        _cleanup_(http_freep) struct http *http = make_http(&options);
        struct errand e;

        errand_init(&e, http, server_url(server, "/"), OP_INTERACTIVE);
        ck_assert_int_eq(errand_run(&e), 0);
        ck_assert_int_eq(e.response->status, 503);
        ck_assert_uint_eq(e.response->attempts, 3);
        ck_assert_uint_eq(e.op.calls, 3);
        ck_assert_uint_eq(server_requests(server), 3);
        errand_done(&e);
}
END_TEST

/* Polls and probes come again by themselves. */
START_TEST(what_nobody_waits_for_is_not_repeated) {
        SERVE({ .status = 503 }, { .status = 429 }, { .manner = MANNER_CUT, .body = "half" });
        _cleanup_(http_freep) struct http *http = make_http(NULL);
        static const int results[] = { 0, 0, -EIO };

        for (unsigned i = 0; i < ELEMENTSOF(results); i++) {
                struct errand e;

                errand_init(&e, http, server_url(server, "/"), OP_POLL);
                ck_assert_int_eq(errand_run(&e), results[i]);
                ck_assert_uint_eq(server_requests(server), i + 1);
                errand_done(&e);
        }
}
END_TEST

START_TEST(refusal_is_repeated_for_all) {
        SERVE({ .status = 429, .headers = "Retry-After: 1\r\n" }, { .status = 200 });
        static const enum repeat repeats[] = { REPEAT_SAFE, REPEAT_SAME, REPEAT_ONCE };
        _cleanup_(http_freep) struct http *http = make_http(NULL);
        struct errand e;

        errand_init(&e, http, server_url(server, "/"), OP_INTERACTIVE);
        e.request.method = METHOD_POST;
        e.request.repeat = repeats[_i];
        e.request.bucket = "one/dws";
        ck_assert_int_eq(errand_run(&e), 0);
        ck_assert_int_eq(e.response->status, 200);
        ck_assert_uint_eq(server_requests(server), 2);
        ck_assert_int_ge(server_arrival_ms(server, 1) - server_arrival_ms(server, 0), 990);
        errand_done(&e);
}
END_TEST

START_TEST(refusal_without_a_time_is_repeated_later) {
        SERVE({ .status = 429 }, { .status = 200 });
        _cleanup_(http_freep) struct http *http = make_http(NULL);
        struct errand e;

        errand_init(&e, http, server_url(server, "/"), OP_INTERACTIVE);
        e.request.bucket = _i ? "one/dws" : NULL;
        ck_assert_int_eq(errand_run(&e), 0);
        ck_assert_int_eq(e.response->status, 200);
        ck_assert_uint_eq(server_requests(server), 2);
        errand_done(&e);
}
END_TEST

START_TEST(nobody_waits_beyond_the_deadline) {
        SERVE({ .status = 429, .headers = "Retry-After: 100\r\n", .body = "slowly" });
        _cleanup_(http_freep) struct http *http = make_http(NULL);
        int64_t begun = stamp_monotonic_ms();
        struct errand e;

        errand_init(&e, http, server_url(server, "/"), OP_INTERACTIVE);
        e.request.bucket = "one/dws";
        ck_assert_int_eq(errand_run(&e), 0);
        ck_assert_int_eq(e.response->status, 429);
        ck_assert_str_eq(e.response->body, "slowly");
        errand_done(&e);

        /* The next one of this bucket is told so, without asking; others are not concerned. */
        errand_init(&e, http, server_url(server, "/"), OP_INTERACTIVE);
        e.request.bucket = "one/dws";
        ck_assert_int_eq(errand_run(&e), -EBUSY);
        ck_assert_ptr_nonnull(strstr(e.op.fault.reason, "limited, next slot in "));
        errand_done(&e);
        ck_assert_uint_eq(server_requests(server), 1);
        errand_init(&e, http, server_url(server, "/"), OP_INTERACTIVE);
        e.request.bucket = "one/cse";
        ck_assert_int_eq(errand_run(&e), 0);
        ck_assert_uint_eq(server_requests(server), 2);
        errand_done(&e);
        ck_assert_int_lt(stamp_monotonic_ms() - begun, 20000);
}
END_TEST

START_TEST(last_refusal_still_slows_the_bucket) {
        SERVE({ .status = 429, .headers = "Retry-After: 1\r\n" },
              { .status = 429, .headers = "Retry-After: 100\r\n" });
        _cleanup_(http_freep) struct http *http = make_http(NULL);
        struct errand e;

        errand_init(&e, http, server_url(server, "/"), OP_INTERACTIVE);
        e.request.bucket = "b";
        ck_assert_int_eq(errand_run(&e), 0);
        ck_assert_int_eq(e.response->status, 429);
        ck_assert_uint_eq(e.response->attempts, 2);
        ck_assert_int_eq(errand_run(&e), -EBUSY);
        errand_done(&e);
}
END_TEST

START_TEST(window_of_the_text_is_waited_for) {
        SERVE({ .status = 429,
                .body = "{\"error_code\":\"APIGW.0308\",\"error_msg\":\"The throttling threshold "
                        "has been reached: policy user over ratelimit,limit:200,time:1 second\"}" },
              { .status = 200 });
        _cleanup_(http_freep) struct http *http = make_http(NULL);
        _cleanup_(json_freep) struct json *json = NULL;
        struct errand e;

        errand_init(&e, http, server_url(server, "/"), OP_INTERACTIVE);
        e.request.bucket = "b";
        ck_assert_int_eq(errand_run(&e), 0);
        ck_assert_int_eq(e.response->status, 200);
        ck_assert_int_ge(server_arrival_ms(server, 1) - server_arrival_ms(server, 0), 990);
        ck_assert_int_eq(http_describe(http, &json), 0);
        ck_assert_str_eq(json_string(json, "/limits/0/requests_per_second"), "100.00");
        errand_done(&e);
}
END_TEST

START_TEST(unavailable_is_waited_for_as_told) {
        SERVE({ .status = 503, .headers = "Retry-After: 1\r\n" }, { .status = 200 });
        _cleanup_(http_freep) struct http *http = make_http(NULL);
        struct errand e;

        errand_init(&e, http, server_url(server, "/"), OP_INTERACTIVE);
        e.request.bucket = "b";
        ck_assert_int_eq(errand_run(&e), 0);
        ck_assert_int_eq(e.response->status, 200);
        ck_assert_int_ge(server_arrival_ms(server, 1) - server_arrival_ms(server, 0), 990);
        errand_done(&e);
}
END_TEST

/* The server closes the kept connection when the next request arrives on it. */
START_TEST(reset_on_a_used_connection_never_doubles) {
        SERVE({ .status = 200 }, { .manner = MANNER_RESET }, { .status = 200 });
        _cleanup_(http_freep) struct http *http = make_http(NULL);
        struct errand e;

        errand_init(&e, http, server_url(server, "/"), OP_INTERACTIVE);
        ck_assert_int_eq(errand_run(&e), 0);
        errand_done(&e);
        errand_init(&e, http, server_url(server, "/"), OP_INTERACTIVE);
        e.request.method = METHOD_POST;
        e.request.body = "{}";
        e.request.body_len = 2;
        e.request.repeat = REPEAT_ONCE;
        ck_assert_int_eq(errand_run(&e), -EIO);
        ck_assert(e.request.is_unknown);
        ck_assert_uint_eq(e.op.calls, 1);
        ck_assert_uint_eq(server_requests(server), 2);
        errand_done(&e);
}
END_TEST

START_TEST(reset_on_a_used_connection_is_repeated_for_reads) {
        SERVE({ .status = 200 }, { .manner = MANNER_RESET }, { .status = 206 });
        _cleanup_(http_freep) struct http *http = make_http(NULL);
        struct errand e;

        errand_init(&e, http, server_url(server, "/"), OP_INTERACTIVE);
        ck_assert_int_eq(errand_run(&e), 0);
        errand_done(&e);
        errand_init(&e, http, server_url(server, "/"), OP_INTERACTIVE);
        ck_assert_int_eq(errand_run(&e), 0);
        ck_assert_int_eq(e.response->status, 206);
        ck_assert_uint_eq(e.op.calls, 2);
        ck_assert_uint_eq(server_requests(server), 3);
        errand_done(&e);
}
END_TEST

/* Closed while idle: both find out before they send, or take another connection. */
START_TEST(idle_connection_may_be_gone) {
        SERVE({ .status = 200, .manner = MANNER_CLOSE }, { .status = 201 });
        _cleanup_(http_freep) struct http *http = make_http(NULL);
        struct errand e;

        errand_init(&e, http, server_url(server, "/"), OP_INTERACTIVE);
        ck_assert_int_eq(errand_run(&e), 0);
        errand_done(&e);
        errand_init(&e, http, server_url(server, "/"), OP_INTERACTIVE);
        e.request.method = METHOD_POST;
        e.request.repeat = _i ? REPEAT_ONCE : REPEAT_SAFE;
        ck_assert_int_eq(errand_run(&e), 0);
        ck_assert_int_eq(e.response->status, 201);
        ck_assert_uint_eq(server_requests(server), 2);
        errand_done(&e);
}
END_TEST

START_TEST(cut_answers_are_read_again) {
        SERVE({ .body = "half", .manner = MANNER_CUT }, { .body = "whole" });
        _cleanup_(http_freep) struct http *http = make_http(NULL);
        struct errand e;

        errand_init(&e, http, server_url(server, "/"), OP_INTERACTIVE);
        ck_assert_int_eq(errand_run(&e), 0);
        ck_assert_str_eq(e.response->body, "whole");
        ck_assert_int_eq(e.op.fault.error, 0);
        errand_done(&e);
}
END_TEST

START_TEST(nobody_there) {
        SERVE({ .status = 200 });
        _cleanup_(http_freep) struct http *http = make_http(NULL);
        struct errand e;

        errand_init(&e, http, server_url(server, "/?key=secret"), OP_INTERACTIVE);
        server = server_free(server);
        e.request.repeat = REPEAT_ONCE;
        ck_assert_int_eq(errand_run(&e), -ECONNREFUSED);
        ck_assert(!e.request.is_unknown);
        ck_assert_uint_eq(e.op.calls, 0);
        ck_assert_ptr_nonnull(strstr(e.op.fault.reason, "connection refused"));
        ck_assert_ptr_null(strstr(e.op.fault.reason, "secret"));
        errand_done(&e);
}
END_TEST

struct wallet {
        unsigned authorized, renewed;
        int renewal; /* what the renewal returns */
};

static int authorize(void *data, struct op *op, struct http_request *request) {
        struct wallet *wallet = data;
        char value[32];

        (void)op;
        (void)snprintf(value, sizeof(value), "try-%u", ++wallet->authorized);
        return http_headers_set(&request->headers, "X-Proof", value);
}

static int renew(void *data, struct op *op, const struct http_response *response) {
        struct wallet *wallet = data;

        ck_assert_int_eq(response->status, 401);
        wallet->renewed++;
        if (wallet->renewal < 0)
                return op_fail(op, -wallet->renewal, "locked out");
        return wallet->renewal;
}

START_TEST(each_attempt_is_authorized_anew) {
        SERVE({ .status = 503 }, { .status = 200 });
        _cleanup_(http_freep) struct http *http = make_http(NULL);
        struct wallet wallet = { 0 };
        struct errand e;

        errand_init(&e, http, server_url(server, "/"), OP_INTERACTIVE);
        e.request.authorize = authorize;
        e.request.auth_data = &wallet;
        ck_assert_int_eq(errand_run(&e), 0);
        ck_assert_uint_eq(wallet.authorized, 2);
        ck_assert_ptr_nonnull(strstr(server_request(server, 0), "X-Proof: try-1\r\n"));
        ck_assert_ptr_nonnull(strstr(server_request(server, 1), "X-Proof: try-2\r\n"));
        ck_assert_ptr_null(strstr(server_request(server, 1), "try-1"));
        errand_done(&e);
}
END_TEST

static const struct {
        int renewal, result, status;
        unsigned requests;
} renewals[] = {
        { 1, 0, 200, 2 },
        { 0, 0, 401, 1 },
        { -EACCES, -EACCES, 0, 1 },
};

START_TEST(unauthorized_is_renewed_once) {
        SERVE({ .status = 401 }, { .status = 200 });
        _cleanup_(http_freep) struct http *http = make_http(NULL);
        struct wallet wallet = { .renewal = renewals[_i].renewal };
        struct errand e;

        errand_init(&e, http, server_url(server, "/"), OP_INTERACTIVE);
        e.request.repeat = REPEAT_ONCE; /* a 401 did nothing */
        e.request.authorize = authorize;
        e.request.renew = renew;
        e.request.auth_data = &wallet;
        ck_assert_int_eq(errand_run(&e), renewals[_i].result);
        ck_assert_uint_eq(wallet.renewed, 1);
        ck_assert_uint_eq(server_requests(server), renewals[_i].requests);
        if (e.response)
                ck_assert_int_eq(e.response->status, renewals[_i].status);
        errand_done(&e);
}
END_TEST

START_TEST(second_unauthorized_stands) {
        SERVE({ .status = 401 });
        _cleanup_(http_freep) struct http *http = make_http(NULL);
        struct wallet wallet = { .renewal = 1 };
        struct errand e;

        errand_init(&e, http, server_url(server, "/"), OP_INTERACTIVE);
        e.request.renew = renew;
        e.request.auth_data = &wallet;
        ck_assert_int_eq(errand_run(&e), 0);
        ck_assert_int_eq(e.response->status, 401);
        ck_assert_uint_eq(wallet.renewed, 1);
        ck_assert_uint_eq(server_requests(server), 2);
        errand_done(&e);
}
END_TEST

START_TEST(rest_can_be_cancelled) {
        SERVE({ .status = 429, .headers = "Retry-After: 25\r\n" });
        _cleanup_(http_freep) struct http *http = make_http(NULL);
        int64_t begun = stamp_monotonic_ms();
        struct errand e;

        errand_init(&e, http, server_url(server, "/"), OP_INTERACTIVE);
        e.request.repeat = REPEAT_ONCE;
        e.request.bucket = _i ? "b" : NULL;
        errand_start(&e);
        server_wait_requests(server, 1);
        atomic_store(&e.op.cancelled, true);
        http_wake(http);
        ck_assert_int_eq(errand_join(&e), -EINTR);
        ck_assert_int_lt(stamp_monotonic_ms() - begun, 15000);
        ck_assert_uint_eq(server_requests(server), 1);
        errand_done(&e);
}
END_TEST

static const struct {
        const char *header, *body;
        int64_t date_s, wait_ms, window_ms;
        unsigned limit;
} throttles[] = {
        { "3", "", 0, 3000, 0, 0 },
        { "0", "", 0, 0, 0, 0 },
        { "-3", "", 0, 0, 0, 0 },
        { "99999999999999", "", 0, THROTTLE_WAIT_MAX_MS, 0, 0 },
        { "soon", "", 0, 0, 0, 0 },
        { "Thu, 01 Jan 2026 00:00:30 GMT", "", 1767225600, 30000, 0, 0 },
        { "Thu, 01 Jan 2026 00:00:00 GMT", "", 1767225700, 0, 0, 0 },
        { NULL, "policy user over ratelimit,limit:200,time:5 minute", 0, 300000, 300000, 200 },
        { NULL, "policy api over ratelimit,limit:10,time:1 second", 0, 1000, 1000, 10 },
        { NULL, "limit:7,time:2 hours", 0, 7200000, 7200000, 7 },
        { "2", "limit:200,time:1 day", 0, 2000, 86400000, 200 },
        { NULL, "limit:200,time:2 day", 0, 0, 0, 0 },
        { NULL, "limit:0,time:1 second", 0, 0, 0, 0 },
        { NULL, "limit:5,time:1 moon", 0, 0, 0, 0 },
        { NULL, "limit:99999999999,time:1 second", 0, 0, 0, 0 },
        { NULL, "limit:", 0, 0, 0, 0 },
        { NULL, "limit:5,time:", 0, 0, 0, 0 },
        { NULL, "", 0, 0, 0, 0 },
};

START_TEST(answers_say_when_to_come_back) {
        struct http_response response = { .date_s = throttles[_i].date_s };
        _cleanup_(freep) char *body = strdup(throttles[_i].body);
        struct throttle throttle;

        response.body = body;
        if (throttles[_i].header)
                ck_assert_int_eq(
                        http_headers_set(&response.headers, "Retry-After", throttles[_i].header),
                        0);
        throttle_read(&response, &throttle);
        ck_assert_int_eq(throttle.wait_ms, throttles[_i].wait_ms);
        ck_assert_int_eq(throttle.window_ms, throttles[_i].window_ms);
        ck_assert_uint_eq(throttle.limit, throttles[_i].limit);
        http_headers_done(&response.headers);
}
END_TEST

START_TEST(waits_grow_and_scatter) {
        int64_t largest = 0, smallest = INT64_MAX;

        for (int i = 0; i < 1000; i++) {
                int64_t wait = backoff_ms(100, 3);

                ck_assert_int_gt(wait, 0);
                ck_assert_int_le(wait, 800);
                largest = wait > largest ? wait : largest;
                smallest = wait < smallest ? wait : smallest;
        }
        ck_assert_int_gt(largest, 700);
        ck_assert_int_lt(smallest, 100);
        ck_assert_int_le(backoff_ms(100, 1000000), BACKOFF_MAX_MS);
}
END_TEST

int main(void) {
        const struct unit_case cases[] = {
                { "the status decides", status_decides, ELEMENTSOF(statuses) },
                { "tries are counted", tries_are_counted },
                { "what nobody waits for is not repeated", what_nobody_waits_for_is_not_repeated },
                { "a refusal is repeated for all", refusal_is_repeated_for_all, 3 },
                { "a refusal without a time is repeated later",
                  refusal_without_a_time_is_repeated_later, 2 },
                { "nobody waits beyond the deadline", nobody_waits_beyond_the_deadline },
                { "the last refusal still slows the bucket", last_refusal_still_slows_the_bucket },
                { "the window of the text is waited for", window_of_the_text_is_waited_for },
                { "unavailable is waited for as told", unavailable_is_waited_for_as_told },
                { "a reset on a used connection never doubles",
                  reset_on_a_used_connection_never_doubles },
                { "a reset on a used connection is repeated for reads",
                  reset_on_a_used_connection_is_repeated_for_reads },
                { "an idle connection may be gone", idle_connection_may_be_gone, 2 },
                { "cut answers are read again", cut_answers_are_read_again },
                { "nobody is there", nobody_there },
                { "each attempt is authorized anew", each_attempt_is_authorized_anew },
                { "401 is renewed once", unauthorized_is_renewed_once, ELEMENTSOF(renewals) },
                { "a second 401 stands", second_unauthorized_stands },
                { "a rest can be cancelled", rest_can_be_cancelled, 2 },
                { "answers say when to come back", answers_say_when_to_come_back,
                  ELEMENTSOF(throttles) },
                { "waits grow and scatter", waits_grow_and_scatter },
                { NULL, NULL },
        };

        return unit_main("http/retry", cases);
}
