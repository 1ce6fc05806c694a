/* SPDX-License-Identifier: Apache-2.0 */
/* Memory runs out at each place in turn: an error with a reason, no leak, no crash, and the next
 * request works. */
#include "tests/unit/http/helper.h"
#include "tests/unit/scarce.h"
#include "tests/unit/unit.h"

static int authorize(void *data, struct op *op, struct http_request *request) {
        int r = http_headers_set(&request->headers, "X-Date", "now");

        (void)data;
        return r < 0 ? op_fail(op, -r, "out of memory") : 0;
}

START_TEST(requests_survive) {
        SERVE({ .status = 400,
                .headers = "X-Request-Id: a\r\nX-Folded: b\r\n c\r\n",
                .body = "{\"error_code\":\"E\",\"error_msg\":\"words\"}" });
        int failures = 0;

        for (int n = 0;; n++) {
                _cleanup_(http_freep) struct http *http = make_http(NULL);
                struct errand e;

                errand_init(&e, http, server_url(server, "/"), OP_INTERACTIVE);
                ck_assert_int_eq(http_headers_set(&e.request.headers, "X-A", "b"), 0);
                e.request.bucket = "b";
                e.request.authorize = authorize;
                scarce_has_failed = false;
                scarce_allowed = n;
                (void)errand_run(&e);
                scarce_allowed = -1;
                if (!scarce_has_failed) {
                        ck_assert_int_eq(e.result, 0);
                        errand_done(&e);
                        break;
                }
                failures++;
                ck_assert_msg(e.result < 0, "%d", n);
                ck_assert_int_eq(e.op.fault.error, e.result);
                ck_assert_str_ne(e.op.fault.reason, "");
                ck_assert_int_eq(errand_run(&e), 0);
                ck_assert_int_eq(e.response->status, 400);
                errand_done(&e);
        }
        ck_assert_int_gt(failures, 10);
}
END_TEST

START_TEST(faults_survive) {
        static const char *const texts[] = {
                "{\"error_code\":\"E\",\"error_msg\":\"m\",\"detail\":\"d\",\"request_id\":\"r\"}",
                "<html><b>words</b></html>",
                "eyJlcnJvcl9jb2RlIjoiRFdTLjcxMDciLCJlcnJvcl9tc2ciOiJsb2dnaW5nIG9mZiJ9",
        };
        char body[256], id[] = "id";
        struct http_response response = { .body = body, .request_id = id };
        int failures = 0;

        (void)snprintf(body, sizeof(body), "%s", texts[_i]);
        response.len = strlen(body);
        for (int n = 0;; n++) {
                struct http_fault fault;
                int r;

                scarce_has_failed = false;
                scarce_allowed = n;
                r = http_fault_parse(&response, &fault);
                scarce_allowed = -1;
                if (r == 0)
                        http_fault_done(&fault);
                if (!scarce_has_failed)
                        break;
                failures++;
                ck_assert_int_eq(r, -ENOMEM);
        }
        ck_assert_int_gt(failures, 2);
}
END_TEST

START_TEST(making_and_describing_survive) {
        _cleanup_(http_freep) struct http *whole = make_http(NULL);

        for (int n = 0;; n++) {
                struct http *http = NULL;
                struct json *json = NULL;
                int made, described;

                scarce_has_failed = false;
                scarce_allowed = n;
                made = http_new(NULL, &http);
                described = http_describe(whole, &json);
                scarce_allowed = -1;
                http = http_free(http);
                json = json_free(json);
                if (!scarce_has_failed) {
                        ck_assert_int_eq(made, 0);
                        ck_assert_int_eq(described, 0);
                        break;
                }
        }
}
END_TEST

int main(void) {
        const struct unit_case cases[] = {
                { "requests survive", requests_survive },
                { "error bodies survive", faults_survive, 3 },
                { "making and describing survive", making_and_describing_survive },
                { NULL, NULL },
        };

        return unit_main("http/memory", cases);
}
