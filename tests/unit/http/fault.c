/* SPDX-License-Identifier: Apache-2.0 */
/* Error bodies of all shapes, and what is cut out of them. */
#include "http/failure.h"
#include "tests/unit/http/helper.h"
#include "tests/unit/unit.h"

static const struct {
        const char *body;
        const char *code, *message, *request_id;
} bodies[] = {
        { "{\"error_code\":\"APIGW.0308\",\"error_msg\":\"slow down\",\"request_id\":\"r1\"}",
          "APIGW.0308", "slow down", "r1" },
        { "{\"externalMessage\":\"x\",\"errCode\":\"D.1\",\"error_code\":\"DWS.5149\","
          "\"error_msg\":\"no such snapshot\"}",
          "DWS.5149", "no such snapshot", NULL },
        { "{\"errCode\":\"D.1\",\"externalMessage\":\"outside\"}", "D.1", "outside", NULL },
        { "{\"workload_res_code\":103,\"workload_res_str\":\"no plan\"}", "103", "no plan", NULL },
        { "{\"error_code\":\"SVCSTG.00100400\",\"error_message\":\"bad engine\"}",
          "SVCSTG.00100400", "bad engine", NULL },
        { "{\"error_code\":\"SVCSTG.1\",\"error_msg\":\"bad\",\"detail\":\"field a\"}", "SVCSTG.1",
          "bad: field a", NULL },
        { "{\"errorCode\":\"400012\",\"errorMessage\":\"Micro-service does not exist\","
          "\"detail\":\"provider not exist\"}",
          "400012", "Micro-service does not exist: provider not exist", NULL },
        { "{\"errorCode\":400017,\"errorMsg\":\"instance missing\"}", "400017", "instance missing",
          NULL },
        { "{\"error\":{\"code\":401,\"message\":\"The request you have made requires "
          "authentication.\",\"title\":\"Unauthorized\"}}",
          "401", "The request you have made requires authentication.", NULL },
        { "{\"error\":{\"code\":\"UCS.00000013\",\"message\":\"not found\"},\"request_id\":\"q\"}",
          "UCS.00000013", "not found", "q" },
        { "{\"kind\":\"Status\",\"apiVersion\":\"v1\",\"metadata\":{},\"status\":\"Failure\","
          "\"message\":\"pods \\\"a\\\" not found\",\"reason\":\"NotFound\",\"code\":404}",
          "NotFound", "pods \"a\" not found", NULL },
        { "{\"errors\":[{\"error_code\":\"E.1\",\"error_msg\":\"first\"},{}]}", "E.1", "first",
          NULL },
        { "[{\"error_code\":\"E.2\",\"error_msg\":\"listed\"}]", "E.2", "listed", NULL },
        { "{\"message\":\"only words\"}", NULL, "only words", NULL },
        { "{\"error_code\":\"E.3\"}", "E.3", NULL, NULL },
        { "{\"error_code\":null,\"code\":\"E.4\",\"message\":\"m\"}", "E.4", "m", NULL },
        { "{\"error_code\":{},\"error_msg\":[]}", NULL, "{\"error_code\":{},\"error_msg\":[]}",
          NULL },
        { "{\"strange\":true}", NULL, "{\"strange\":true}", NULL },
        { "eyJlcnJvcl9jb2RlIjoiRFdTLjcxMDciLCJlcnJvcl9tc2ciOiJsb2dnaW5nIG9mZiJ9", "DWS.7107",
          "logging off", NULL },
        { "<html>\r\n<head><title>502 Bad Gateway</title><style>b { }</style></head>\r\n"
          "<body><script>var a = '<b>';</script><h1>502 Bad Gateway</h1></body></html>",
          NULL, "502 Bad Gateway 502 Bad Gateway", NULL },
        { "e", NULL, "e", NULL },
        { "<unclosed", NULL, NULL, NULL },
        { "", NULL, NULL, NULL },
        { " \r\n\t", NULL, NULL, NULL },
        { "null", NULL, "null", NULL },
        { "upstream connect error", NULL, "upstream connect error", NULL },
        { "{\"error_code\":\"E\",\"error_msg\":\"two\\nlines\\u0007 and \\u0000 more\"}", "E",
          "two lines and more", NULL },
        { "broken \xff\xfe bytes", NULL, "broken bytes", NULL },
        { "{\"error_code\":\"E\",\"error_msg\":\"gr\xc3\xbc\xc3\x9f\x65\"}", "E",
          "gr\xc3\xbc\xc3\x9f\x65", NULL },
};

static void check_text(const char *got, const char *wanted, const char *body) {
        ck_assert_msg(text_eq(got, wanted), "%s\n  gives: %s\n  wants: %s", body,
                      got ? got : "NULL", wanted ? wanted : "NULL");
}

START_TEST(shapes_are_known) {
        _cleanup_(freep) char *body = strdup(bodies[_i].body);
        struct http_response response = { .body = body, .len = strlen(body) };
        struct http_fault fault;

        ck_assert_int_eq(http_fault_parse(&response, &fault), 0);
        check_text(fault.code, bodies[_i].code, body);
        check_text(fault.message, bodies[_i].message, body);
        check_text(fault.request_id, bodies[_i].request_id, body);
        http_fault_done(&fault);
}
END_TEST

START_TEST(request_id_comes_from_the_head_too) {
        char body[] = "<html>", id[] = "head-id";
        struct http_response response = { .body = body, .len = 6, .request_id = id };
        struct http_fault fault;

        ck_assert_int_eq(http_fault_parse(&response, &fault), 0);
        ck_assert_str_eq(fault.request_id, "head-id");
        http_fault_done(&fault);
}
END_TEST

START_TEST(lengths_are_bounded) {
        static const size_t sizes[] = { 5000, 100000, 3000000 };
        struct buf body = BUF_INIT(0);
        struct http_response response = { 0 };
        struct http_fault fault;

        (void)buf_add_str(&body, _i % 2 ? "{\"error_code\":\"E\",\"error_msg\":\"" : "words ");
        for (size_t i = 0; i < sizes[_i / 2]; i++)
                (void)buf_add_str(&body, "\xc3\xbc");
        (void)buf_add_str(&body, _i % 2 ? "\"}" : "");
        response.body = body.data;
        response.len = body.len;
        ck_assert_int_eq(http_fault_parse(&response, &fault), 0);
        ck_assert_uint_le(strlen(fault.message), 4096);
        ck_assert_uint_ge(strlen(fault.message), 4000);
        ck_assert(text_is_utf8(fault.message, strlen(fault.message)));
        http_fault_done(&fault);
        buf_done(&body);
}
END_TEST

/* Not secrets: made for these tests. */
#define KEY40   "aB3dE5gH7jK9mN1pQ3sT5vW7yZ9bC1dF3gH5jK7m"
#define TOKEN80 "MIIaB3dE5gH7jK9mN1pQ3sT5vW7yZ9bC1dF3gH5j/K7m+aB3dE5gH7jK9mN1pQ3sT5vW7yZ9bC1dF3g=="
#define HASH    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

static const struct {
        const char *text, *shown;
} secrets[] = {
        { "verify aksk signature fail, canonicalRequest:GET|/v1.0/0123456789abcdef0123456789abcdef/"
          "clusters/||host:dws.cn-north-4.myhuaweicloud.com|x-sdk-date:20260101T000000Z|"
          "x-security-token:" TOKEN80 "||host;x-sdk-date;x-security-token|" HASH,
          "verify aksk signature fail, canonicalRequest:GET|/v1.0/0123456789abcdef0123456789abcdef/"
          "clusters/||host:dws.cn-north-4.myhuaweicloud.com|x-sdk-date:20260101T000000Z|"
          "x-security-token:[redacted]||host;x-sdk-date;x-security-token|" HASH },
        { "X-Auth-Token: short", "X-Auth-Token: [redacted]" },
        { "x-auth-token not found", "x-auth-token not found" },
        { "decrypt token fail", "decrypt token fail" },
        { "signature expired, signature time:20260101T000000Z,server time:20260101T001600Z",
          "signature expired, signature time:20260101T000000Z,server time:20260101T001600Z" },
        { "authorization:SDK-HMAC-SHA256 Access=AKIA, SignedHeaders=host, Signature=" HASH
          "|x-sdk-date:1",
          "authorization:[redacted]|x-sdk-date:1" },
        { "Signature=" HASH ", x", "Signature=[redacted], x" },
        { "Authorization: Bearer abc\nnext: line", "Authorization: [redacted]\nnext: line" },
        { "sent Bearer eyJabcdef.ghi-jkl_mno to", "sent Bearer [redacted] to" },
        { "bearer of news", "bearer of news" },
        { "{\"user_pwd\":\"Passw0rd!\",\"name\":\"dbadmin\"}",
          "{\"user_pwd\":\"[redacted]\",\"name\":\"dbadmin\"}" },
        { "{\\\"password\\\":\\\"a b c\\\",\\\"x\\\":1}",
          "{\\\"password\\\":\\\"[redacted]\\\",\\\"x\\\":1}" },
        { "{\"password\":\"a\\nb \\\" c\",\"x\":1}", "{\"password\":\"[redacted]\",\"x\":1}" },
        { "{\"password\":\"open end", "{\"password\":\"[redacted]" },
        { "password: must have 8 characters", "password: must have 8 characters" },
        { "password: Tr0ub4dor", "password: [redacted]" },
        { "password=hunter", "password=[redacted]" },
        { "secret_access_key = 'abc'", "secret_access_key = '[redacted]'" },
        { "token: invalid", "token: invalid" },
        { "Set-Cookie: a=b; c=d", "Set-Cookie: [redacted]" },
        { "the key " KEY40 " is unknown", "the key [redacted] is unknown" },
        { "got " TOKEN80, "got [redacted]" },
        { "id 8f9f2d6e-0a1b-4c3d-9e8f-0123456789ab", "id 8f9f2d6e-0a1b-4c3d-9e8f-0123456789ab" },
        { "/v1.0/0123456789abcdef0123456789abcdef/clusters/8f9f2d6e-0a1b-4c3d-9e8f-0123456789ab",
          "/v1.0/0123456789abcdef0123456789abcdef/clusters/8f9f2d6e-0a1b-4c3d-9e8f-0123456789ab" },
        { "sk=abc&x=1", "sk=[redacted]&x=1" },
        { "disk=abc&task: 12345678", "disk=abc&task: 12345678" },
        { "token:", "token:" },
        { "", "" },
};

START_TEST(secrets_are_cut_out) {
        struct buf buf = BUF_INIT(0);

        ck_assert_int_eq(http_redact(&buf, secrets[_i].text, strlen(secrets[_i].text)), 0);
        ck_assert_str_eq(buf_str(&buf), secrets[_i].shown);
        buf_done(&buf);
}
END_TEST

static const struct {
        CURLcode code;
        int result;
        bool may_repeat;
        const char *words;
} failures[] = {
        { CURLE_COULDNT_RESOLVE_HOST, -ENETUNREACH, true, "cannot be resolved" },
        { CURLE_COULDNT_CONNECT, -EHOSTUNREACH, true, "no way" },
        { CURLE_OPERATION_TIMEDOUT, -ETIMEDOUT, true, "in time" },
        { CURLE_PEER_FAILED_VERIFICATION, -EPROTO, false, "/etc/own-ca.pem" },
        { CURLE_SSL_CACERT_BADFILE, -EPROTO, false, "/etc/own-ca.pem" },
        { CURLE_SSL_CONNECT_ERROR, -EPROTO, true, "the detail" },
        { CURLE_SSL_CERTPROBLEM, -EPROTO, false, "client certificate" },
        { CURLE_SSL_CLIENTCERT, -EPROTO, false, "wants a client certificate" },
        { CURLE_GOT_NOTHING, -EIO, true, "without an answer" },
        { CURLE_RECV_ERROR, -EIO, true, "broke" },
        { CURLE_SEND_ERROR, -EIO, true, "broke" },
        { CURLE_PARTIAL_FILE, -EIO, true, "cut short" },
        { CURLE_HTTP2, -EIO, true, "HTTP/2" },
        { CURLE_HTTP2_STREAM, -EIO, true, "broke off" },
        { CURLE_UNSUPPORTED_PROTOCOL, -EIO, false, "no HTTP" },
        { CURLE_BAD_CONTENT_ENCODING, -EIO, false, "damaged" },
        { CURLE_OUT_OF_MEMORY, -ENOMEM, false, "memory" },
        { CURLE_TELNET_OPTION_SYNTAX, -EIO, false, "server.example" },
};

START_TEST(failures_are_told_apart) {
        struct http_request request = { .ca_file = "/etc/own-ca.pem" };
        char host[] = "server.example";
        struct target target = { .host = host };
        struct op op;
        struct attempt attempt = { .op = &op, .request = &request, .target = &target };
        CURL *easy = curl_easy_init();

        op_init(&op, OP_INTERACTIVE, 0);
        ck_assert_int_eq(failure_report(&attempt, easy, failures[_i].code, "the detail"),
                         failures[_i].result);
        ck_assert_int_eq(op.fault.error, failures[_i].result);
        ck_assert_int_eq(attempt.may_repeat, failures[_i].may_repeat);
        ck_assert(text_starts(op.fault.reason, "server.example: "));
        ck_assert_msg(strstr(op.fault.reason, failures[_i].words) != NULL, "%s", op.fault.reason);
        curl_easy_cleanup(easy);
}
END_TEST

int main(void) {
        const struct unit_case cases[] = {
                { "shapes are known", shapes_are_known, ELEMENTSOF(bodies) },
                { "the request id comes from the head too", request_id_comes_from_the_head_too },
                { "lengths are bounded", lengths_are_bounded, 6 },
                { "secrets are cut out", secrets_are_cut_out, ELEMENTSOF(secrets) },
                { "failures are told apart", failures_are_told_apart, ELEMENTSOF(failures) },
                { NULL, NULL },
        };

        return unit_main("http/fault", cases);
}
