/* SPDX-License-Identifier: Apache-2.0 */
/* One attempt: what goes out, what comes back, what goes wrong. */
#include <pthread.h>

#include "base/stamp.h"
#include "base/text.h"
#include "http/http.h"
#include "tests/unit/http/server.h"
#include "tests/unit/unit.h"

#define SERVE(...)                                                                                 \
        static const struct reply replies[] = { __VA_ARGS__ };                                     \
        _cleanup_(server_freep) struct server *server = server_new(replies, ELEMENTSOF(replies))

static struct http *make(void) {
        struct http *http;

        ck_assert_int_eq(http_new(NULL, &http), 0);
        return http;
}

START_TEST(answer_comes_back_whole) {
        SERVE({ .status = 404,
                .headers = "X-Request-Id: abc\r\nDate: Thu, 01 Jan 2026 00:00:00 GMT\r\n",
                .body = "{\"a\":1}" });
        _cleanup_(http_freep) struct http *http = make();
        _cleanup_(http_response_freep) struct http_response *response = NULL;
        struct http_request request = { .url = server_url(server, "/v1/things?a=b%2Fc") };
        struct op op;

        op_init(&op, OP_INTERACTIVE, 10000);
        ck_assert_int_eq(http_headers_set(&request.headers, "X-Thing", "one"), 0);
        ck_assert_int_eq(http_headers_set(&request.headers, "X-Empty", ""), 0);
        ck_assert_int_eq(http_send(http, &op, &request, &response), 0);
        ck_assert_int_eq(response->status, 404);
        ck_assert_str_eq(response->body, "{\"a\":1}");
        ck_assert_uint_eq(response->len, 7);
        ck_assert_str_eq(response->request_id, "abc");
        ck_assert_int_eq(response->date_s, 1767225600);
        ck_assert_uint_eq(response->attempts, 1);
        ck_assert_uint_eq(op.calls, 1);
        ck_assert(text_starts(server_request(server, 0), "GET /v1/things?a=b%2Fc HTTP/1.1\r\n"));
        ck_assert_ptr_nonnull(strstr(server_request(server, 0), "X-Thing: one\r\n"));
        ck_assert_ptr_nonnull(strstr(server_request(server, 0), "X-Empty:\r\n"));
        ck_assert_ptr_nonnull(strstr(server_request(server, 0), "User-Agent: hcloudfs/"));
        ck_assert_ptr_nonnull(strstr(server_request(server, 0), "Accept-Encoding: "));
        http_request_done(&request);
}
END_TEST

int main(void) {
        const struct unit_case cases[] = {
                { "an answer of any status comes back whole", answer_comes_back_whole },
                { NULL, NULL },
        };

        return unit_main("http/send", cases);
}
