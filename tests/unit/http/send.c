/* SPDX-License-Identifier: Apache-2.0 */
/* One attempt: what goes out, what comes back, what goes wrong. */
#include "tests/unit/http/helper.h"
#include "tests/unit/unit.h"

START_TEST(answer_comes_back_whole) {
        SERVE({ .status = 404,
                .headers = "X-Request-Id: abc\r\nDate: Thu, 01 Jan 2026 00:00:00 GMT\r\n"
                           "X-Folded: one\r\n  two\r\n",
                .body = "{\"a\":1}" });
        _cleanup_(http_freep) struct http *http = make_http(NULL);
        struct errand e;

        errand_init(&e, http, server_url(server, "/v1/things?a=b%2Fc"), OP_INTERACTIVE);
        ck_assert_int_eq(http_headers_set(&e.request.headers, "X-Thing", "one"), 0);
        ck_assert_int_eq(http_headers_set(&e.request.headers, "X-Empty", ""), 0);
        ck_assert_int_eq(errand_run(&e), 0);
        ck_assert_int_eq(e.response->status, 404);
        ck_assert_str_eq(e.response->body, "{\"a\":1}");
        ck_assert_uint_eq(e.response->len, 7);
        ck_assert_str_eq(e.response->request_id, "abc");
        ck_assert_str_eq(http_headers_get(&e.response->headers, "x-folded"), "one two");
        ck_assert_int_eq(e.response->date_s, 1767225600);
        ck_assert_uint_eq(e.response->attempts, 1);
        ck_assert_uint_eq(e.op.calls, 1);
        ck_assert(text_starts(server_request(server, 0), "GET /v1/things?a=b%2Fc HTTP/1.1\r\n"));
        ck_assert_ptr_nonnull(strstr(server_request(server, 0), "X-Thing: one\r\n"));
        ck_assert_ptr_nonnull(strstr(server_request(server, 0), "X-Empty:\r\n"));
        ck_assert_ptr_nonnull(strstr(server_request(server, 0), "User-Agent: hcloudfs/"));
        ck_assert_ptr_nonnull(strstr(server_request(server, 0), "Accept-Encoding: "));
        errand_done(&e);
}
END_TEST

START_TEST(body_is_never_null) {
        SERVE({ .status = 204 });
        _cleanup_(http_freep) struct http *http = make_http(NULL);
        struct errand e;

        errand_init(&e, http, server_url(server, "/"), OP_INTERACTIVE);
        ck_assert_int_eq(errand_run(&e), 0);
        ck_assert_str_eq(e.response->body, "");
        ck_assert_ptr_null(e.response->request_id);
        errand_done(&e);
}
END_TEST

static const struct {
        enum method method;
        const char *body;
        const char *line;
        const char *end; /* of the request */
} methods[] = {
        { METHOD_GET, NULL, "GET / ", "\r\n\r\n" },
        { METHOD_DELETE, NULL, "DELETE / ", "\r\n\r\n" },
        { METHOD_DELETE, "{}", "DELETE / ", "Content-Length: 2\r\n\r\n{}" },
        { METHOD_POST, NULL, "POST / ", "Content-Length: 0\r\n\r\n" },
        { METHOD_POST, "{\"b\":2}", "POST / ", "Content-Length: 7\r\n\r\n{\"b\":2}" },
        { METHOD_PUT, "text", "PUT / ", "Content-Length: 4\r\n\r\ntext" },
        { METHOD_PUT, NULL, "PUT / ", "Content-Length: 0\r\n\r\n" },
        { METHOD_PATCH, "p", "PATCH / ", "Content-Length: 1\r\n\r\np" },
};

START_TEST(methods_and_bodies_go_out_as_given) {
        SERVE({ .status = 200 });
        _cleanup_(http_freep) struct http *http = make_http(NULL);
        const char *text;
        struct errand e;

        errand_init(&e, http, server_url(server, "/"), OP_INTERACTIVE);
        e.request.method = methods[_i].method;
        e.request.body = methods[_i].body;
        e.request.body_len = methods[_i].body ? strlen(methods[_i].body) : 0;
        ck_assert_int_eq(errand_run(&e), 0);
        text = server_request(server, 0);
        ck_assert(text_starts(text, methods[_i].line));
        ck_assert_msg(text_ends(text, methods[_i].end), "%s", text);
        ck_assert_ptr_null(strcasestr(text, "expect:"));
        ck_assert_ptr_null(strcasestr(text, "content-type:"));
        ck_assert(methods[_i].body || methods[_i].method == METHOD_POST ||
                  methods[_i].method == METHOD_PUT || !strcasestr(text, "content-length:"));
        errand_done(&e);
}
END_TEST

START_TEST(connection_is_used_again) {
        SERVE({ .status = 200 });
        _cleanup_(http_freep) struct http *http = make_http(NULL);
        struct errand e;

        for (int i = 0; i < 5; i++) {
                errand_init(&e, http, server_url(server, "/"), OP_INTERACTIVE);
                ck_assert_int_eq(errand_run(&e), 0);
                errand_done(&e);
        }
        ck_assert_uint_eq(server_requests(server), 5);
        ck_assert_uint_eq(server_connections(server), 1);
}
END_TEST

START_TEST(request_for_once_takes_a_fresh_connection) {
        SERVE({ .status = 200 });
        _cleanup_(http_freep) struct http *http = make_http(NULL);
        struct errand e;

        for (int i = 0; i < 3; i++) {
                errand_init(&e, http, server_url(server, "/"), OP_INTERACTIVE);
                e.request.repeat = i == 1 ? REPEAT_ONCE : REPEAT_SAFE;
                ck_assert_int_eq(errand_run(&e), 0);
                errand_done(&e);
        }
        ck_assert_uint_eq(server_connection_of(server, 0), 1);
        ck_assert_uint_eq(server_connection_of(server, 1), 2);
        ck_assert_uint_eq(server_connection_of(server, 2), 2); /* which stays for the others */
}
END_TEST

/* 50000 times `x`, by gzip. */
static const char packed[] =
        "\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\xff\xed\xc1\x01\x0d\x00\x00\x00\xc2\xa0\xda\x8f\x6f"
        "\x0f\x07\x14\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
        "\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
        "\x00\x00\x00\x00\x00\x00\x00\x4f\x06\xda\x1f\xee\xb5\x50\xc3\x00\x00";

START_TEST(body_is_bounded) {
        SERVE({ .len = 1000 }, { .len = 1001 },
              { .headers = "Content-Encoding: gzip\r\n",
                .body = packed,
                .size = sizeof(packed) - 1 });
        _cleanup_(http_freep) struct http *http = make_http(NULL);
        struct errand e;

        for (int i = 0; i < 4; i++) {
                errand_init(&e, http, server_url(server, "/?secret=1"), OP_INTERACTIVE);
                e.request.max_size = i == 3 ? 50000 : 1000;
                if (i == 0 || i == 3) {
                        ck_assert_int_eq(errand_run(&e), 0);
                        ck_assert_uint_eq(e.response->len, e.request.max_size);
                } else {
                        ck_assert_int_eq(errand_run(&e), -EFBIG);
                        ck_assert_ptr_nonnull(strstr(e.op.fault.reason, "larger than 1000 bytes"));
                        ck_assert_ptr_null(strstr(e.op.fault.reason, "secret"));
                }
                errand_done(&e);
        }
        ck_assert_uint_eq(server_requests(server), 4); /* too large is not repeated */
}
END_TEST

static const struct {
        const char *url; /* %d: port */
        int result;
} urls[] = {
        { "http://127.0.0.1:%d/", 0 },
        { "http://127.9.8.7:%d/", -ECONNREFUSED },
        { "http://localhost:%d/", 0 },
        { "http://dws.some-region.localhost:%d/", 0 },
        { "http://[::1]:%d/", -ECONNREFUSED },
        { "http://0x7f.1:%d/", 0 },
        { "http://192.0.2.1:%d/", -EPERM },
        { "http://[2001:db8::1]:%d/", -EPERM },
        { "http://localhost.example:%d/", -EPERM },
        { "http://127.0.0.1.example:%d/", -EPERM },
        { "http://xlocalhost:%d/", -EPERM },
        { "http://user:word@127.0.0.1:%d/", -EINVAL },
        { "ftp://127.0.0.1:%d/", -EINVAL },
        { "file:///etc/hostname?%d", -EINVAL },
        { "127.0.0.1:%d/", -EINVAL },
        { "", -EINVAL },
};

START_TEST(plain_text_stays_on_this_machine) {
        SERVE({ .status = 200 });
        _cleanup_(http_freep) struct http *http = make_http(NULL);
        const char *hole = strstr(urls[_i].url, "%d");
        struct errand e;

        errand_init(&e, http, "", OP_INTERACTIVE);
        e.request.repeat = REPEAT_ONCE;
        if (hole)
                (void)snprintf(e.url, sizeof(e.url), "%.*s%d%s", (int)(hole - urls[_i].url),
                               urls[_i].url, server_port(server), hole + 2);
        (void)errand_run(&e);
        ck_assert_msg(e.result == urls[_i].result, "%s: %s", urls[_i].url, e.op.fault.reason);
        ck_assert_uint_eq(server_requests(server), urls[_i].result == 0);
        ck_assert(e.result == 0 || e.op.fault.error == e.result);
        ck_assert(!e.request.is_unknown);
        errand_done(&e);
}
END_TEST

START_TEST(line_breaks_do_not_get_into_headers) {
        struct http_headers headers = { 0 };

        ck_assert_int_eq(http_headers_set(&headers, "X-A", "b\r\nX-C: d"), -EINVAL);
        ck_assert_int_eq(http_headers_set(&headers, "X-A: b\r\nX-C", "d"), -EINVAL);
        ck_assert_int_eq(http_headers_set(&headers, "", "d"), -EINVAL);
        ck_assert_int_eq(http_headers_set(&headers, "X-A", "1"), 0);
        ck_assert_int_eq(http_headers_set(&headers, "x-a", "2"), 0);
        ck_assert_int_eq(http_headers_set(&headers, "X-B", "3"), 0);
        ck_assert_uint_eq(headers.count, 2);
        ck_assert_str_eq(http_headers_get(&headers, "X-a"), "2");
        ck_assert_int_eq(http_headers_set(&headers, "X-A", NULL), 0);
        ck_assert_ptr_null(http_headers_get(&headers, "X-A"));
        ck_assert_str_eq(http_headers_get(&headers, "X-B"), "3");
        http_headers_done(&headers);
}
END_TEST

START_TEST(redirects_are_answers) {
        SERVE({ .status = 302, .headers = "Location: /elsewhere\r\n" });
        _cleanup_(http_freep) struct http *http = make_http(NULL);
        struct errand e;

        errand_init(&e, http, server_url(server, "/"), OP_INTERACTIVE);
        ck_assert_int_eq(errand_run(&e), 0);
        ck_assert_int_eq(e.response->status, 302);
        ck_assert_uint_eq(server_requests(server), 1);
        errand_done(&e);
}
END_TEST

START_TEST(cancelled_reader_goes_at_once) {
        SERVE({ .manner = MANNER_HANG });
        _cleanup_(http_freep) struct http *http = make_http(NULL);
        int64_t begun;
        struct errand e;

        errand_init(&e, http, server_url(server, "/"), OP_INTERACTIVE);
        errand_start(&e);
        server_wait_requests(server, 1);
        begun = stamp_monotonic_ms();
        atomic_store(&e.op.cancelled, true);
        if (_i)
                http_wake(http); /* else it is seen at the next tick */
        ck_assert_int_eq(errand_join(&e), -EINTR);
        ck_assert_int_lt(stamp_monotonic_ms() - begun, 3000);
        ck_assert_int_eq(e.op.fault.error, -EINTR);
        errand_done(&e);
}
END_TEST

START_TEST(change_that_left_is_not_given_up) {
        SERVE({ .status = 201, .manner = MANNER_HANG });
        _cleanup_(http_freep) struct http *http = make_http(NULL);
        struct errand e;

        errand_init(&e, http, server_url(server, "/"), OP_INTERACTIVE);
        e.request.method = METHOD_POST;
        e.request.repeat = _i ? REPEAT_ONCE : REPEAT_SAME;
        errand_start(&e);
        server_wait_requests(server, 1);
        atomic_store(&e.op.cancelled, true);
        http_wake(http);
        server_release(server);
        ck_assert_int_eq(errand_join(&e), 0);
        ck_assert_int_eq(e.response->status, 201);
        errand_done(&e);
}
END_TEST

START_TEST(cancelled_before_it_left_sends_nothing) {
        SERVE({ .status = 201 });
        _cleanup_(http_freep) struct http *http = make_http(NULL);
        struct errand e;

        errand_init(&e, http, server_url(server, "/"), OP_INTERACTIVE);
        e.request.method = METHOD_POST;
        e.request.repeat = REPEAT_ONCE;
        atomic_store(&e.op.cancelled, true);
        ck_assert_int_eq(errand_run(&e), -EINTR);
        ck_assert(!e.request.is_unknown);
        ck_assert_uint_eq(server_requests(server), 0);
        errand_done(&e);
}
END_TEST

START_TEST(deadline_ends_the_wait) {
        SERVE({ .manner = MANNER_HANG });
        _cleanup_(http_freep) struct http *http = make_http(NULL);
        struct errand e;

        errand_init(&e, http, server_url(server, "/"), OP_INTERACTIVE);
        op_init(&e.op, OP_INTERACTIVE, 1000);
        e.request.method = METHOD_POST;
        e.request.repeat = REPEAT_ONCE;
        ck_assert_int_eq(errand_run(&e), -ETIMEDOUT);
        ck_assert(e.request.is_unknown);
        ck_assert_ptr_nonnull(strstr(e.op.fault.reason, "127.0.0.1"));
        ck_assert_ptr_nonnull(strstr(e.op.fault.reason, "no answer in time"));
        errand_done(&e);
}
END_TEST

START_TEST(attempt_has_its_own_time) {
        SERVE({ .manner = MANNER_HANG });
        static const struct http_options options = { .request_ms = 500, .retries = 2 };
        _cleanup_(http_freep) struct http *http = make_http(&options);
        struct errand e;

        errand_init(&e, http, server_url(server, "/"), OP_INTERACTIVE);
        ck_assert_int_eq(errand_run(&e), -ETIMEDOUT);
        ck_assert_uint_eq(e.op.calls, 3); /* it only reads: twice more */
        server_wait_requests(server, 3);
        errand_done(&e);
}
END_TEST

/* The server was asked to wait: it is given the time for that. */
START_TEST(an_answer_may_be_held_back) {
        SERVE({ .manner = MANNER_HANG, .status = 200 });
        static const struct http_options options = { .request_ms = 100, .retries = 1 };
        _cleanup_(http_freep) struct http *http = make_http(&options);
        int64_t began = stamp_monotonic_ms();
        struct errand e;

        errand_init(&e, http, server_url(server, "/"), OP_POLL);
        e.request.held_ms = 400;
        ck_assert_int_eq(errand_run(&e), -ETIMEDOUT);
        ck_assert_int_ge(stamp_monotonic_ms() - began, 490);
        ck_assert_uint_eq(server_requests(server), 1);
        errand_done(&e);
}
END_TEST

static const struct {
        enum manner manner;
        int error;
} damages[] = {
        { MANNER_RESET, -EIO },
        { MANNER_CUT, -EIO },
        { MANNER_GARBAGE, -EIO },
};

START_TEST(damaged_answers_are_failures) {
        const struct reply replies[] = { { .body = "half", .manner = damages[_i].manner } };
        _cleanup_(server_freep) struct server *server = server_new(replies, 1);
        _cleanup_(http_freep) struct http *http = make_http(NULL);
        struct errand e;

        errand_init(&e, http, server_url(server, "/?token=abc"), OP_INTERACTIVE);
        e.request.method = METHOD_PUT;
        e.request.repeat = REPEAT_ONCE;
        ck_assert_int_eq(errand_run(&e), damages[_i].error);
        ck_assert(e.request.is_unknown);
        ck_assert(text_starts(e.op.fault.reason, "127.0.0.1:"));
        ck_assert_ptr_null(strstr(e.op.fault.reason, "token"));
        ck_assert_uint_eq(server_requests(server), 1);
        ck_assert_uint_eq(e.op.calls, 1);
        errand_done(&e);
}
END_TEST

int main(void) {
        const struct unit_case cases[] = {
                { "an answer of any status comes back whole", answer_comes_back_whole },
                { "an empty body is an empty string", body_is_never_null },
                { "methods and bodies go out as given", methods_and_bodies_go_out_as_given,
                  ELEMENTSOF(methods) },
                { "a connection is used again", connection_is_used_again },
                { "what must go out once takes a fresh connection",
                  request_for_once_takes_a_fresh_connection },
                { "a body is bounded, also a compressed one", body_is_bounded },
                { "plain text stays on this machine", plain_text_stays_on_this_machine,
                  ELEMENTSOF(urls) },
                { "line breaks do not get into headers", line_breaks_do_not_get_into_headers },
                { "redirects are answers", redirects_are_answers },
                { "a cancelled reader goes at once", cancelled_reader_goes_at_once, 2 },
                { "a change that left is not given up", change_that_left_is_not_given_up, 2 },
                { "cancelled before it left sends nothing",
                  cancelled_before_it_left_sends_nothing },
                { "the deadline ends the wait", deadline_ends_the_wait },
                { "an attempt has its own time", attempt_has_its_own_time },
                { "an answer may be held back", an_answer_may_be_held_back },
                { "damaged answers are failures", damaged_answers_are_failures,
                  ELEMENTSOF(damages) },
                { NULL, NULL },
        };

        return unit_main("http/send", cases);
}
