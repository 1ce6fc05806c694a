/* SPDX-License-Identifier: Apache-2.0 */
/* Requests as they arrive at a server, and what becomes of its refusals. */
#include "auth/auth-internal.h"

#include <strings.h>

#include "auth/sign.h"
#include "base/stamp.h"
#include "base/text.h"
#include "tests/unit/auth/home.h"
#include "tests/unit/http/server.h"
#include "tests/unit/unit.h"

#define SECRET   "PLANTED-SECRET"
#define PROJECTS "{\"projects\":[{\"id\":\"p1\",\"name\":\"cn-north-4\",\"domain_id\":\"d1\"}]}"
#define GATEWAY(text)                                                                  \
        "{\"error_code\":\"APIGW.0301\",\"error_msg\":\"Incorrect IAM authentication " \
        "information: " text "\",\"request_id\":\"r1\"}"
#define TOKEN(value) "X-Subject-Token: " value "\r\n"
#define TOKEN_BODY                                                                         \
        "{\"token\":{\"expires_at\":\"2099-01-01T00:00:00.000000Z\",\"user\":{\"domain\":" \
        "{\"id\":\"d1\",\"name\":\"company\"}}}}"

static struct http *http;
static struct op op;

/* An account whose services are all at one server. */
struct site {
        struct server *server;
        struct account account;
        struct setting endpoints[5];
        struct auth *auth;
        char url[64];
};

static void site_init(struct site *site, const struct reply *replies, size_t count) {
        static const char *const names[] = { "iam", "dws", "cse", "ems", "ucs" };
        static char name[] = "work", origin[] = "a test", ak[] = "AKEXAMPLE", sk[] = SECRET;
        const struct http_options options = {
                .connect_ms = 5000,
                .request_ms = 20000,
                .retries = 1,
                .rate = 1000,
                .burst = 1000,
        };

        *site = (struct site){ .server = server_new(replies, count) };
        (void)snprintf(site->url, sizeof(site->url), "%s", server_url(site->server, ""));
        for (size_t i = 0; i < ELEMENTSOF(names); i++)
                site->endpoints[i] = (struct setting){ strdup(names[i]), site->url };
        site->account = (struct account){
                .name = name,
                .origin = origin,
                .ak = ak,
                .sk = sk,
                .endpoints = site->endpoints,
                .n_endpoints = ELEMENTSOF(names),
        };
        ck_assert_int_eq(http_new(&options, &http), 0);
        ck_assert_int_eq(auth_new(http, &site->account, &site->auth), 0);
        op_init(&op, OP_INTERACTIVE, 20000);
}

static void site_done(struct site *site) {
        for (size_t i = 0; i < ELEMENTSOF(site->endpoints); i++)
                free(site->endpoints[i].name);
        site->auth = auth_free(site->auth);
        http = http_free(http);
        site->server = server_free(site->server);
}

static void use_password(struct site *site) {
        static char user[] = "someone", password[] = SECRET, domain[] = "company";

        site->account.ak = site->account.sk = NULL;
        site->account.user = user;
        site->account.password = password;
        site->account.domain = domain;
}

#define SITE(...)                                       \
        const struct reply replies[] = { __VA_ARGS__ }; \
        struct site site;                               \
        site_init(&site, replies, ELEMENTSOF(replies))

static const struct auth_target dws = {
        .service = "dws",
        .scope = SCOPE_PROJECT,
        .region = "cn-north-4",
        .project = "p1",
};

/* Sends to a target; returns the status or negative errno. */
static int send_to(struct site *site, const struct auth_target *target,
                   struct http_request *request) {
        _cleanup_(http_response_freep) struct http_response *response = NULL;
        char *address, *url;
        int r;

        r = auth_address(site->auth, &op, target, &address);
        ck_assert_int_eq(r, 0);
        ck_assert_int_gt(asprintf(&url, "%s%s", address, request->url), 0);
        request->url = url;
        r = auth_send(site->auth, &op, target, request, &response);
        http_request_done(request);
        free(address);
        free(url);
        return r < 0 ? r : response->status;
}

static int get(struct site *site, const struct auth_target *target) {
        struct http_request request = { .url = "/v1.0/p1/clusters?b=2&a=1" };

        return send_to(site, target, &request);
}

/* A header of the n-th request that arrived; "" if it has none. */
static const char *header(struct site *site, unsigned n, const char *name) {
        static char values[8][20000];
        static size_t next;
        char *value = values[next++ % ELEMENTSOF(values)];
        const char *line = server_request(site->server, n);

        *value = '\0';
        ck_assert_ptr_nonnull(line);
        while ((line = strstr(line, "\r\n")) && line[2] != '\r') {
                size_t len = strlen(name);

                line += 2;
                if (strncasecmp(line, name, len) != 0 || line[len] != ':')
                        continue;
                line += len + 1;
                line += strspn(line, " ");
                (void)snprintf(value, sizeof(values[0]), "%.*s", (int)strcspn(line, "\r"), line);
                break;
        }
        return value;
}

static void expect_reason(const char *part) {
        ck_assert_msg(strstr(op.fault.reason, part), "reason is `%s`", op.fault.reason);
        ck_assert_ptr_null(strstr(op.fault.reason, SECRET));
}

/* The signature is right for what arrived. */
static void expect_signature(struct site *site, unsigned n, const char *names) {
        static const char *const all[] = { "Content-Type", "Host",
                                           "X-Domain-Id",  "X-Engine-Id",
                                           "X-Project-Id", "X-Sdk-Content-Sha256",
                                           "X-Sdk-Date",   "X-Security-Token" };
        const char *request = server_request(site->server, n), *got;
        struct sign_header headers[ELEMENTSOF(all)];
        char url[256], method[8], *wanted, marker[256];
        struct sign_input input = { .ak = site->account.ak,
                                    .sk = site->account.sk,
                                    .method = method,
                                    .url = url,
                                    .headers = headers };
        const char *body = strstr(request, "\r\n\r\n") + 4;

        (void)snprintf(method, sizeof(method), "%.*s", (int)strcspn(request, " "), request);
        request += strlen(method) + 1;
        (void)snprintf(url, sizeof(url), "%s%.*s", site->url, (int)strcspn(request, " "), request);
        for (size_t i = 0; i < ELEMENTSOF(all); i++) {
                (void)snprintf(marker, sizeof(marker), ";%s;", names);
                for (char *c = marker; *c; c++)
                        ck_assert(*c == ';' || *c == '-' || *c < 'A' || *c > 'Z');
                got = header(site, n, all[i]);
                if (*got && strcasestr(marker, all[i]))
                        headers[input.n_headers++] = (struct sign_header){ all[i], strdup(got) };
        }
        input.date = strdup(header(site, n, "X-Sdk-Date"));
        input.body = body;
        input.body_len = strlen(body);
        ck_assert_int_eq(sign_authorization(&input, &wanted), 0);
        ck_assert_str_eq(header(site, n, "Authorization"), wanted);
        (void)snprintf(marker, sizeof(marker), "SignedHeaders=%s,", names);
        ck_assert_msg(strstr(wanted, marker), "%s", wanted);
        free(wanted);
        free((char *)(uintptr_t)input.date);
        for (size_t i = 0; i < input.n_headers; i++)
                free((char *)(uintptr_t)headers[i].value);
}

START_TEST(requests_are_signed_for_their_project) {
        SITE({ .status = 200, .body = "{}" });

        ck_assert_int_eq(get(&site, &dws), 200);
        ck_assert_str_eq(header(&site, 0, "X-Project-Id"), "p1");
        ck_assert_str_eq(header(&site, 0, "X-Domain-Id"), "");
        expect_signature(&site, 0, "host;x-project-id;x-sdk-date");
        site_done(&site);
}
END_TEST

START_TEST(bodies_and_temporary_keys_are_signed) {
        static char security_token[] = "T0";
        struct http_request request = {
                .method = METHOD_POST, .url = "/v2/x", .body = "{\"a\":1}", .body_len = 7
        };
        SITE({ .status = 200, .body = "{}" });

        site.account.security_token = security_token;
        ck_assert_int_eq(http_headers_set(&request.headers, "Content-Type",
                                          "application/json;charset=UTF-8"),
                         0);
        ck_assert_int_eq(http_headers_set(&request.headers, "X-Engine-Id", "e1"), 0);
        ck_assert_int_eq(http_headers_set(&request.headers, "X-Language", "en-us"), 0);
        ck_assert_int_eq(send_to(&site, &dws, &request), 200);
        expect_signature(&site, 0,
                         "content-type;host;x-engine-id;x-project-id;x-sdk-date;x-security-token");

        request = (struct http_request){
                .method = METHOD_POST, .url = "/v2/x", .body = "a: 1", .body_len = 4
        };
        ck_assert_int_eq(http_headers_set(&request.headers, "Content-Type", "text/yaml"), 0);
        ck_assert_int_eq(send_to(&site, &dws, &request), 200);
        ck_assert_str_eq(header(&site, 1, "X-Sdk-Content-Sha256"), "UNSIGNED-PAYLOAD");
        expect_signature(&site, 1,
                         "host;x-project-id;x-sdk-content-sha256;x-sdk-date;x-security-token");
        site_done(&site);
}
END_TEST

START_TEST(a_body_too_large_to_be_signed_is_refused_here) {
        size_t len = SIGN_BODY_MAX + 1;
        char *body = calloc(1, len);
        struct http_request request = {
                .method = METHOD_PUT, .url = "/", .body = body, .body_len = len
        };
        SITE({ .status = 200 });

        ck_assert_int_eq(send_to(&site, &dws, &request), -EFBIG);
        expect_reason("12 MB");
        ck_assert_uint_eq(server_requests(site.server), 0);
        free(body);
        site_done(&site);
}
END_TEST

START_TEST(the_login_learns_the_account) {
        const struct auth_target ucs = { .service = "ucs", .scope = SCOPE_DOMAIN };
        struct json *json = NULL;
        SITE({ .status = 403, .body = "{}" }, { .status = 200, .body = PROJECTS },
             { .status = 200, .body = "{}" });

        ck_assert_int_eq(auth_login(site.auth, &op), 0);
        ck_assert(text_starts(server_request(site.server, 0), "GET /v3/projects "));
        ck_assert(text_starts(server_request(site.server, 1), "GET /v3/auth/projects "));
        ck_assert_int_eq(get(&site, &ucs), 200);
        ck_assert_str_eq(header(&site, 2, "X-Domain-Id"), "d1");
        expect_signature(&site, 2, "host;x-domain-id;x-sdk-date");

        ck_assert_int_eq(auth_describe(site.auth, &json), 0);
        ck_assert_str_eq(json_string(json, "/login"), "access key");
        ck_assert_str_eq(json_string(json, "/access_key"), "AKEX…");
        ck_assert_str_eq(json_string(json, "/origin"), "a test");
        ck_assert_str_eq(json_string(json, "/domain_id"), "d1");
        (void)json_free(json);
        site_done(&site);
}
END_TEST

START_TEST(who_may_see_no_list_is_let_in_all_the_same) {
        SITE({ .status = 403, .body = "{}" });

        ck_assert_int_eq(auth_login(site.auth, &op), 0);
        ck_assert_uint_eq(server_requests(site.server), 3);
        site_done(&site);
}
END_TEST

struct wrong {
        const char *body;
        const char *reason;
};

static const struct wrong wrong[] = {
        { GATEWAY("verify aksk signature fail, canonicalRequest:GET|/|x-security-token:" SECRET
                  "|"),
          "the secret key does not fit access key AKEX… (a test)" },
        { GATEWAY("ak AKEXAMPLE not exist"), "access key AKEX… (a test) does not exist" },
        { GATEWAY("Get secretKey failed,ak:AKEXAMPLE"), "does not exist or is disabled" },
        { GATEWAY("AK access failed to reach the limit,forbidden"), "locked for five minutes" },
        { GATEWAY("decrypt token fail"), "the security token of access key AKEX…" },
        { GATEWAY("something new"), "the credentials (a test) were not accepted: Incorrect IAM" },
        { "", "the credentials (a test) were not accepted: no reason given" },
};

START_TEST(a_refused_key_is_explained_and_rests) {
        struct json *json = NULL;
        SITE({ .status = 401, .body = wrong[_i].body });

        home_enter(); /* nothing else to be found */
        ck_assert_int_eq(auth_login(site.auth, &op), -EACCES);
        expect_reason(wrong[_i].reason);
        ck_assert_int_eq(op.fault.status, 401);
        ck_assert_int_eq(get(&site, &dws), -EACCES);
        expect_reason(wrong[_i].reason);
        expect_reason("(nothing is sent for ");
        ck_assert_uint_eq(server_requests(site.server), 1);
        ck_assert_int_eq(auth_describe(site.auth, &json), 0);
        ck_assert_ptr_nonnull(strstr(json_string(json, "/stopped"), wrong[_i].reason));
        (void)json_free(json);
        home_leave();
        site_done(&site);
}
END_TEST

START_TEST(one_odd_refusal_does_not_stop_a_good_key) {
        SITE({ .status = 200, .body = "{}" },
             { .status = 401, .body = GATEWAY("verify aksk signature fail") },
             { .status = 200, .body = "{}" },
             { .status = 401, .body = GATEWAY("verify aksk signature fail") });

        home_enter();
        ck_assert_int_eq(get(&site, &dws), 200);
        ck_assert_int_eq(get(&site, &dws), -EACCES);
        ck_assert_int_eq(get(&site, &dws), 200);
        for (int i = 0; i < 6; i++)
                ck_assert_int_eq(get(&site, &dws), -EACCES);
        ck_assert_uint_eq(server_requests(site.server), 6); /* three in a row, then none */
        home_leave();
        site_done(&site);
}
END_TEST

START_TEST(a_401_about_something_else_is_the_callers) {
        SITE({ .status = 401,
               .body = "{\"error_code\":\"DWS.0047\",\"error_msg\":\"no cluster\"}" });

        ck_assert_int_eq(get(&site, &dws), 401);
        ck_assert_int_eq(get(&site, &dws), 401);
        ck_assert_uint_eq(server_requests(site.server), 2);
        site_done(&site);
}
END_TEST

START_TEST(a_wrong_clock_is_corrected) {
        char body[300], date[STAMP_TEXT_SIZE];
        int64_t server_s = stamp_now_ms() / 1000 + 20 * 60;
        struct json *json = NULL;
        int64_t skew = 0;
        struct reply replies[] = { { .status = 401, .body = body },
                                   { .status = 200, .body = "{}" } };
        struct site site;

        stamp_format_compact(server_s, date);
        (void)snprintf(body, sizeof(body),
                       GATEWAY("signature expired, signature time:20200101T000000Z,server time:%s"),
                       date);
        site_init(&site, replies, ELEMENTSOF(replies));
        ck_assert_int_eq(get(&site, &dws), 200);
        ck_assert_int_eq(strncmp(header(&site, 1, "X-Sdk-Date"), date, 11), 0);
        ck_assert_str_ge(header(&site, 1, "X-Sdk-Date"), date);
        expect_signature(&site, 1, "host;x-project-id;x-sdk-date");
        ck_assert_int_eq(auth_describe(site.auth, &json), 0);
        ck_assert_int_eq(json_int64(json, "/clock_skew_s", &skew), 0);
        ck_assert_int_ge(skew, 20 * 60 - 5);
        ck_assert_ptr_nonnull(strstr(json_string(json, "/warning"), "the server's time"));
        (void)json_free(json);

        ck_assert_int_eq(get(&site, &dws), 200);
        ck_assert_str_ge(header(&site, 2, "X-Sdk-Date"), date); /* at once from now on */
        ck_assert_uint_eq(server_requests(site.server), 3);
        site_done(&site);
}
END_TEST

START_TEST(a_clock_that_no_correction_helps_is_named) {
        char body[300], date[STAMP_TEXT_SIZE];
        struct reply replies[] = { { .status = 401, .body = body } };
        struct site site;

        stamp_format_compact(stamp_now_ms() / 1000 - 3600, date);
        (void)snprintf(body, sizeof(body), GATEWAY("signature expired, server time:%s"), date);
        site_init(&site, replies, ELEMENTSOF(replies));
        home_enter();
        ck_assert_int_eq(get(&site, &dws), -EACCES);
        expect_reason("this machine's clock is 3600 seconds off");
        ck_assert_uint_eq(server_requests(site.server), 2);
        home_leave();
        site_done(&site);
}
END_TEST

START_TEST(server_times_are_read_in_every_form) {
        int64_t s = 0;

        ck_assert_int_eq(clock_server_time("x,server time:20260102T030405Z", &s), 0);
        ck_assert_int_eq(s, 1767323045);
        ck_assert_int_eq(clock_server_time("Server time: 2026-01-02T03:04:05Z.", &s), 0);
        ck_assert_int_eq(s, 1767323045);
        ck_assert_int_eq(clock_server_time("server time:2026-01-02 03:04:05, and", &s), 0);
        ck_assert_int_eq(s, 1767323045);
        ck_assert_int_eq(clock_server_time("server time:soon", &s), -ENOENT);
        ck_assert_int_eq(clock_server_time("server time:", &s), -ENOENT);
        ck_assert_int_eq(clock_server_time("server time:20260102", &s), -ENOENT);
        ck_assert_int_eq(clock_server_time("no time", &s), -ENOENT);
        ck_assert_int_eq(clock_server_time(NULL, &s), -ENOENT);
}
END_TEST

#define CONFIG ".config/hcloudfs/hcloudfs.conf"

START_TEST(changed_credentials_are_read_again) {
        struct config *config = NULL;
        struct auth *auth;
        struct buf text = BUF_INIT(0);
        SITE({ .status = 401, .body = GATEWAY("ak AKOLD not exist") },
             { .status = 200, .body = PROJECTS });

        home_enter();
        (void)buf_printf(&text, "[account work]\nak = AKOLD\nsk = a\nendpoint.iam = %s\n",
                         site.url);
        (void)home_write(CONFIG, 0600, buf_str(&text));
        ck_assert_int_eq(config_load(&op, NULL, &config), 0);
        ck_assert_int_eq(auth_new(http, &config->accounts[0], &auth), 0);
        buf_truncate(&text, 0);
        (void)buf_printf(&text, "[account work]\nak = AKNEW\nsk = b\nendpoint.iam = %s\n",
                         site.url);
        (void)home_write(CONFIG, 0600, buf_str(&text));
        ck_assert_int_eq(auth_login(auth, &op), 0);
        ck_assert_ptr_nonnull(strstr(header(&site, 0, "Authorization"), "Access=AKOLD,"));
        ck_assert_ptr_nonnull(strstr(header(&site, 1, "Authorization"), "Access=AKNEW,"));
        buf_done(&text);
        (void)auth_free(auth);
        (void)config_free(config);
        home_leave();
        site_done(&site);
}
END_TEST

static atomic_llong now_ms = 1000000;

static int64_t fake_clock(void) {
        return atomic_load(&now_ms);
}

START_TEST(a_password_logs_in_once_a_project) {
        const struct auth_target other = {
                .service = "dws", .scope = SCOPE_PROJECT, .region = "cn-north-4", .project = "p2"
        };
        const char *login;
        struct json *json = NULL;
        SITE({ .status = 201, .headers = TOKEN("T1"), .body = TOKEN_BODY },
             { .status = 200, .body = "{}" }, { .status = 200, .body = "{}" },
             { .status = 201, .headers = TOKEN("T2"), .body = TOKEN_BODY },
             { .status = 200, .body = "{}" });

        use_password(&site);
        ck_assert_int_eq(get(&site, &dws), 200);
        ck_assert_int_eq(get(&site, &dws), 200);
        ck_assert_int_eq(get(&site, &other), 200);
        login = server_request(site.server, 0);
        ck_assert(text_starts(login, "POST /v3/auth/tokens?nocatalog=true "));
        ck_assert_ptr_nonnull(strstr(login, "\r\n\r\n{\"auth\":{\"identity\":{\"methods\":["
                                            "\"password\"],\"password\":{\"user\":{\"name\":"
                                            "\"someone\",\"password\":\"" SECRET "\",\"domain\":{"
                                            "\"name\":\"company\"}}}},\"scope\":{\"project\":{"
                                            "\"id\":\"p1\"}}}}"));
        ck_assert_str_eq(header(&site, 1, "X-Auth-Token"), "T1");
        ck_assert_str_eq(header(&site, 1, "Authorization"), "");
        ck_assert_str_eq(header(&site, 2, "X-Auth-Token"), "T1");
        ck_assert_ptr_nonnull(strstr(server_request(site.server, 3), "{\"id\":\"p2\"}"));
        ck_assert_str_eq(header(&site, 4, "X-Auth-Token"), "T2");
        ck_assert_int_eq(auth_describe(site.auth, &json), 0);
        ck_assert_str_eq(json_string(json, "/login"), "user and password");
        ck_assert_str_eq(json_string(json, "/domain"), "company");
        (void)json_free(json);
        site_done(&site);
}
END_TEST

START_TEST(a_refused_token_is_renewed_once) {
        SITE({ .status = 201, .headers = TOKEN("T1"), .body = TOKEN_BODY },
             { .status = 200, .body = "{}" }, { .status = 401, .body = GATEWAY("token expires") },
             { .status = 201, .headers = TOKEN("T2"), .body = TOKEN_BODY },
             { .status = 200, .body = "{}" },
             { .status = 401, .body = GATEWAY("decrypt token fail") });

        use_password(&site);
        tokens_set_clock(site.auth->tokens, fake_clock);
        ck_assert_int_eq(get(&site, &dws), 200);
        atomic_fetch_add(&now_ms, 60000);
        ck_assert_int_eq(get(&site, &dws), 200);
        ck_assert_str_eq(header(&site, 4, "X-Auth-Token"), "T2");
        ck_assert_int_eq(get(&site, &dws), -EACCES); /* a token this new is not the reason */
        expect_reason("the credentials (a test) were not accepted: Incorrect IAM");
        ck_assert_uint_eq(server_requests(site.server), 6);
        site_done(&site);
}
END_TEST

START_TEST(a_wrong_password_is_tried_once) {
        SITE({ .status = 401,
               .body = "{\"error\":{\"code\":401,\"message\":\"The username or "
                       "password is wrong.\",\"title\":\"Unauthorized\"}}" });

        home_enter();
        use_password(&site);
        ck_assert_int_eq(auth_login(site.auth, &op), -EACCES);
        expect_reason(
                "login of user some… of account `work` at IAM: refused (HTTP 401): The username "
                "or password is wrong.");
        ck_assert_int_eq(get(&site, &dws), -EACCES); /* another scope: once more */
        ck_assert_int_eq(get(&site, &dws), -EACCES);
        ck_assert_uint_eq(server_requests(site.server), 2);
        home_leave();
        site_done(&site);
}
END_TEST

START_TEST(trouble_at_the_login_is_no_refusal) {
        SITE({ .status = 500, .body = "<html><body>oops</body></html>" },
             { .status = 201, .body = TOKEN_BODY },
             { .status = 400, .body = "{\"error_code\":\"IAM.0011\",\"error_msg\":\"bad\"}" },
             { .status = 201, .headers = TOKEN("T1"), .body = "no JSON" },
             { .status = 200, .body = PROJECTS });

        use_password(&site);
        ck_assert_int_eq(auth_login(site.auth, &op), -EIO);
        ck_assert_int_eq(auth_login(site.auth, &op), -EIO);
        expect_reason("without a token");
        ck_assert_int_eq(auth_login(site.auth, &op), -EINVAL);
        ck_assert_int_eq(auth_login(site.auth, &op), 0);
        site_done(&site);
}
END_TEST

START_TEST(no_network_is_no_refusal) {
        SITE({ .status = 200 });

        site.server = server_free(site.server);
        ck_assert_int_eq(auth_login(site.auth, &op), -ECONNREFUSED);
        ck_assert_int_eq(auth_login(site.auth, &op), -ECONNREFUSED);
        use_password(&site);
        ck_assert_int_eq(auth_login(site.auth, &op), -ECONNREFUSED);
        ck_assert_int_eq(auth_login(site.auth, &op), -ECONNREFUSED);
        site_done(&site);
}
END_TEST

START_TEST(a_ready_token_is_sent_as_it_is) {
        static char token[] = "READY";
        SITE({ .status = 200, .body = "{}" }, { .status = 401, .body = GATEWAY("token expires") });

        home_enter();
        site.account.ak = site.account.sk = NULL;
        site.account.token = token;
        ck_assert_int_eq(get(&site, &dws), 200);
        ck_assert_str_eq(header(&site, 0, "X-Auth-Token"), "READY");
        ck_assert_int_eq(get(&site, &dws), -EACCES);
        expect_reason("the credentials (a test) were not accepted");
        home_leave();
        site_done(&site);
}
END_TEST

static void use_engine(struct site *site) {
        static char user[] = "root", password[] = SECRET;

        site->account.type = ACCOUNT_SERVICECOMB;
        site->account.ak = site->account.sk = NULL;
        site->account.user = user;
        site->account.password = password;
        site->account.registry = site->account.config_url = site->url;
}

START_TEST(engines_give_bearer_tokens) {
        const struct auth_target config = { .service = "servicecomb",
                                            .endpoint = ENDPOINT_CONFIG,
                                            .scope = SCOPE_ENGINE };
        SITE({ .status = 200, .body = "{\"token\":\"E1\"}" },
             { .status = 400, .body = "{\"errorCode\":\"400012\"}" },
             { .status = 200, .body = "{}" }, { .status = 401 },
             { .status = 200, .body = "{\"token\":\"E2\"}" }, { .status = 200, .body = "{}" });

        use_engine(&site);
        tokens_set_clock(site.auth->tokens, fake_clock);
        ck_assert_int_eq(auth_login(site.auth, &op), 0);
        ck_assert_ptr_nonnull(strstr(server_request(site.server, 0),
                                     "\r\n\r\n{\"name\":\"root\",\"password\":\"" SECRET "\"}"));
        ck_assert_str_eq(header(&site, 1, "Authorization"), "Bearer E1");
        ck_assert_str_eq(header(&site, 2, "Authorization"), "Bearer E1");
        atomic_fetch_add(&now_ms, 60000);
        ck_assert_int_eq(get(&site, &config), 200);
        ck_assert_str_eq(header(&site, 5, "Authorization"), "Bearer E2");
        site_done(&site);
}
END_TEST

START_TEST(engines_without_logins_need_none) {
        SITE({ .status = 404, .body = "404 page not found" }, { .status = 200, .body = "{}" });

        use_engine(&site);
        ck_assert_int_eq(auth_login(site.auth, &op), 0);
        ck_assert_str_eq(header(&site, 1, "Authorization"), "");
        ck_assert_uint_eq(server_requests(site.server), 3);
        site_done(&site);
}
END_TEST

START_TEST(engines_refuse_wrong_users) {
        SITE({ .status = 403,
               .body = "{\"errorCode\":\"403201\",\"errorMessage\":\"Account is "
                       "blocked\"}" });

        use_engine(&site);
        ck_assert_int_eq(auth_login(site.auth, &op), -EACCES);
        expect_reason("login of user root… at the engine http://127.0.0.1:");
        expect_reason("Account is blocked");
        ck_assert_str_eq(op.fault.code, "403201");
        ck_assert_int_eq(auth_login(site.auth, &op), -EACCES);
        ck_assert_uint_eq(server_requests(site.server), 1);
        site_done(&site);
}
END_TEST

START_TEST(an_engines_user_logs_in_at_its_registry) {
        static char user[] = "root", password[] = SECRET;
        struct auth_target target = { .service = "servicecomb",
                                      .endpoint = ENDPOINT_REGISTRY,
                                      .scope = SCOPE_ENGINE,
                                      .engine = "e1",
                                      .token = "GIVEN" };
        SITE({ .status = 200, .body = "{}" }, { .status = 200, .body = "{\"token\":\"E1\"}" },
             { .status = 200, .body = "{}" });

        target.address = site.url;
        ck_assert_int_eq(get(&site, &target), 200);
        ck_assert_str_eq(header(&site, 0, "Authorization"), "Bearer GIVEN");
        site.account.engine_user = user;
        site.account.engine_password = password;
        ck_assert_int_eq(get(&site, &target), 200);
        ck_assert_str_eq(header(&site, 2, "Authorization"), "Bearer E1");
        target.endpoint = ENDPOINT_CONFIG;
        target.address = server_url(site.server, "/kie");
        ck_assert_int_eq(get(&site, &target), 200); /* the registry's token: no second login */
        ck_assert_str_eq(header(&site, 3, "Authorization"), "Bearer E1");
        site_done(&site);
}
END_TEST

START_TEST(accounts_of_an_engine_need_both_tokens) {
        struct auth_target target = dws;
        SITE({ .status = 201, .headers = TOKEN("T1"), .body = TOKEN_BODY },
             { .status = 200, .body = "{}" });

        target.token = "E1";
        ck_assert_int_eq(get(&site, &target), -EACCES);
        expect_reason("set `user`, `password` and `domain` for account `work`");
        use_password(&site);
        ck_assert_int_eq(get(&site, &target), 200);
        ck_assert_str_eq(header(&site, 1, "X-Auth-Token"), "T1");
        ck_assert_str_eq(header(&site, 1, "Authorization"), "Bear E1");
        site_done(&site);
}
END_TEST

START_TEST(addresses_that_are_not_known_are_named) {
        const struct auth_target kube = { .service = "karmada", .endpoint = ENDPOINT_KUBE };
        const struct auth_target registry = { .endpoint = ENDPOINT_REGISTRY };
        char *url = NULL;
        SITE({ .status = 200 });

        ck_assert_int_eq(auth_address(site.auth, &op, &kube, &url), -ENOENT);
        ck_assert_int_eq(auth_address(site.auth, &op, &registry, &url), -ENOENT);
        expect_reason("account `work` has no address of a registry");
        ck_assert_ptr_null(url);
        ck_assert_ptr_eq(auth_account(site.auth), &site.account);
        site_done(&site);
}
END_TEST

enum { THREADS = 8 };

struct errand {
        struct site *site;
        struct op op;
        int result;
        pthread_t thread;
};

static void *run(void *data) {
        struct errand *errand = data;
        struct http_request request = { .method = METHOD_GET, .url = errand->site->url };
        struct http_response *response = NULL;

        op_init(&errand->op, OP_INTERACTIVE, 20000);
        errand->result = auth_send(errand->site->auth, &errand->op, &dws, &request, &response);
        http_request_done(&request);
        (void)http_response_free(response);
        return NULL;
}

static void run_all(struct site *site) {
        struct errand errands[THREADS];

        for (size_t i = 0; i < THREADS; i++) {
                errands[i] = (struct errand){ .site = site };
                ck_assert_int_eq(pthread_create(&errands[i].thread, NULL, run, &errands[i]), 0);
        }
        for (size_t i = 0; i < THREADS; i++) {
                ck_assert_int_eq(pthread_join(errands[i].thread, NULL), 0);
                ck_assert_int_eq(errands[i].result, 0);
        }
}

START_TEST(threads_share_one_login) {
        SITE({ .status = 201, .headers = TOKEN("T1"), .body = TOKEN_BODY },
             { .status = 200, .body = "{}" });

        use_password(&site);
        run_all(&site);
        ck_assert_uint_eq(server_requests(site.server), THREADS + 1);
        for (unsigned i = 1; i <= THREADS; i++)
                ck_assert_str_eq(header(&site, i, "X-Auth-Token"), "T1");
        site_done(&site);
}
END_TEST

START_TEST(threads_share_one_clock) {
        char body[300], date[STAMP_TEXT_SIZE];
        struct reply replies[] = { { .status = 401, .body = body },
                                   { .status = 200, .body = "{}" } };
        struct site site;

        stamp_format_compact(stamp_now_ms() / 1000 + 1200, date);
        (void)snprintf(body, sizeof(body), GATEWAY("signature expired, server time:%s"), date);
        site_init(&site, replies, ELEMENTSOF(replies));
        run_all(&site);
        ck_assert_uint_eq(server_requests(site.server), THREADS + 1);
        site_done(&site);
}
END_TEST

struct findings {
        struct buf text;
};

static void take(void *data, const char *what, bool is_well, const char *text) {
        struct findings *findings = data;

        (void)buf_printf(&findings->text, "%s %s: %s\n", is_well ? "+" : "-", what, text);
}

START_TEST(a_check_tells_of_every_part) {
        struct findings findings = { .text = BUF_INIT(0) };
        const char *text;
        SITE({ .status = 200, .body = PROJECTS }, { .status = 200, .body = "{}" },
             { .status = 200, .body = PROJECTS }, { .status = 403, .body = "{}" },
             { .status = 200, .body = "{}" });

        ck_assert_int_eq(auth_check(site.auth, &op, take, &findings), 1);
        text = buf_str(&findings.text);
        ck_assert_ptr_nonnull(strstr(text, "+ configuration: account `work` of the environment, "
                                           "credentials from a test\n"));
        ck_assert_ptr_nonnull(strstr(text, "+ credentials: accepted: access key AKEX…\n"));
        ck_assert_ptr_nonnull(strstr(text, "+ ucs: reachable (200)\n"));
        ck_assert_ptr_nonnull(strstr(text, "- dws in cn-north-4: reachable, but you may not"));
        ck_assert_ptr_nonnull(strstr(text, "+ cse in cn-north-4: reachable (200)\n"));
        ck_assert_ptr_nonnull(strstr(text, "+ ems in cn-north-4: reachable (200)\n"));
        ck_assert(text_starts(server_request(site.server, 3), "GET /v1.0/p1/quotas "));
        buf_done(&findings.text);
        site_done(&site);
}
END_TEST

int main(void) {
        const struct unit_case cases[] = {
                { "project", requests_are_signed_for_their_project, 0 },
                { "bodies", bodies_and_temporary_keys_are_signed, 0 },
                { "large body", a_body_too_large_to_be_signed_is_refused_here, 0 },
                { "login", the_login_learns_the_account, 0 },
                { "no lists", who_may_see_no_list_is_let_in_all_the_same, 0 },
                { "refused key", a_refused_key_is_explained_and_rests, ELEMENTSOF(wrong) },
                { "odd refusal", one_odd_refusal_does_not_stop_a_good_key, 0 },
                { "other 401", a_401_about_something_else_is_the_callers, 0 },
                { "wrong clock", a_wrong_clock_is_corrected, 0 },
                { "hopeless clock", a_clock_that_no_correction_helps_is_named, 0 },
                { "server times", server_times_are_read_in_every_form, 0 },
                { "changed credentials", changed_credentials_are_read_again, 0 },
                { "password", a_password_logs_in_once_a_project, 0 },
                { "refused token", a_refused_token_is_renewed_once, 0 },
                { "wrong password", a_wrong_password_is_tried_once, 0 },
                { "trouble", trouble_at_the_login_is_no_refusal, 0 },
                { "no network", no_network_is_no_refusal, 0 },
                { "ready token", a_ready_token_is_sent_as_it_is, 0 },
                { "engines", engines_give_bearer_tokens, 0 },
                { "open engines", engines_without_logins_need_none, 0 },
                { "engine refusal", engines_refuse_wrong_users, 0 },
                { "engine user", an_engines_user_logs_in_at_its_registry, 0 },
                { "engine accounts", accounts_of_an_engine_need_both_tokens, 0 },
                { "addresses", addresses_that_are_not_known_are_named, 0 },
                { "threads, login", threads_share_one_login, 0 },
                { "threads, clock", threads_share_one_clock, 0 },
                { "check", a_check_tells_of_every_part, 0 },
                { NULL, NULL, 0 },
        };

        return unit_main("auth", cases);
}
