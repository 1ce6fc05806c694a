/* SPDX-License-Identifier: Apache-2.0 */
/* Logins with passwords, at IAM and at engines; many threads; what a check tells. */
#include "base/stamp.h"
#include "base/text.h"
#include "tests/unit/auth/site.h"

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
        struct json *json = NULL;
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
        ck_assert_int_eq(auth_describe(site.auth, &json), 0);
        ck_assert_ptr_nonnull(json_string(json, "/token_until"));
        (void)json_free(json);
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

/* What a log-in without the network could not learn is learnt before the first call that needs it,
 * and only then. */
START_TEST(the_account_is_learnt_when_it_can_be) {
        const struct auth_target ucs = { .service = "ucs", .scope = SCOPE_DOMAIN };
        SITE({ .status = 503 }, { .status = 503 }, { .status = 200, .body = "{}" },
             { .status = 200, .body = PROJECTS }, { .status = 200, .body = "{}" },
             { .status = 200, .body = "{}" });

        ck_assert_int_eq(auth_login(site.auth, &op), -EIO);
        op_clear(&op);
        ck_assert_int_eq(get(&site, &dws), 200);
        ck_assert_int_eq(get(&site, &ucs), 200);
        ck_assert_int_eq(get(&site, &ucs), 200);
        ck_assert(text_starts(server_request(site.server, 3), "GET /v3/projects "));
        ck_assert_str_eq(header(&site, 4, "X-Domain-Id"), "d1");
        ck_assert_str_eq(header(&site, 5, "X-Domain-Id"), "d1");
        ck_assert_uint_eq(server_requests(site.server), 6);
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
             { .status = 200, .body = "{\"total\":0,\"data\":[]}" }, { .status = 401 },
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
        SITE({ .status = 404, .body = "404 page not found" },
             { .status = 200, .body = "{\"serviceId\":\"s1\"}" },
             { .status = 200, .body = "{\"data\":[]}" });

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

static const struct {
        struct reply reply;
        const char *reason; /* NULL: it is a registry */
} servers[] = {
        { { .status = 404, .body = "<html>404</html>" },
          "no microservice registry: it answers HTTP 404" },
        { { .status = 200, .body = "<html>Welcome</html>" },
          "no microservice registry: it answers HTTP 200" },
        { { .status = 302, .headers = "Location: https://example.com/\r\n", .body = "" },
          "it answers HTTP 302 and sends to https://example.com/" },
        { { .status = 200, .body = "{}" }, "it answers HTTP 200" },
        { { .status = 200, .body = "" }, "it answers HTTP 200" },
        { { .status = 200, .body = "{\"data\":[]}" }, "it answers HTTP 200" },
        { { .status = 404, .body = "{\"error_code\":\"APIGW.0101\"}" }, "it answers HTTP 404" },
        { { .status = 404, .body = "{\"errorCode\":404}" }, "it answers HTTP 404" },
        { { .status = 400, .body = "{\"errorCode\":\"400012\"}" }, NULL },
        { { .status = 400, .body = "{\"error_code\":400012}" }, NULL },
        { { .status = 200, .body = "{\"serviceId\":\"s1\"}" }, NULL },
};

START_TEST(any_other_server_is_none) {
        SITE(servers[_i].reply);

        site.account.type = ACCOUNT_SERVICECOMB;
        site.account.ak = site.account.sk = NULL;
        site.account.registry = site.url;
        ck_assert_int_eq(auth_login(site.auth, &op), servers[_i].reason ? -EPROTO : 0);
        if (servers[_i].reason)
                expect_reason(servers[_i].reason);
        site_done(&site);
}
END_TEST

START_TEST(an_engine_that_wants_a_login_says_so) {
        SITE({ .status = 401, .body = "{\"errorCode\":\"401204\"}" });

        site.account.type = ACCOUNT_SERVICECOMB;
        site.account.ak = site.account.sk = NULL;
        site.account.registry = site.url;
        ck_assert_int_eq(auth_login(site.auth, &op), -EACCES);
        expect_reason("the server wants a login: set `user` and `password`");
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
                { "password", a_password_logs_in_once_a_project, 0 },
                { "refused token", a_refused_token_is_renewed_once, 0 },
                { "wrong password", a_wrong_password_is_tried_once, 0 },
                { "trouble", trouble_at_the_login_is_no_refusal, 0 },
                { "no network", no_network_is_no_refusal, 0 },
                { "late", the_account_is_learnt_when_it_can_be, 0 },
                { "ready token", a_ready_token_is_sent_as_it_is, 0 },
                { "engines", engines_give_bearer_tokens, 0 },
                { "open engines", engines_without_logins_need_none, 0 },
                { "engine refusal", engines_refuse_wrong_users, 0 },
                { "engine wants login", an_engine_that_wants_a_login_says_so, 0 },
                { "other servers", any_other_server_is_none, ELEMENTSOF(servers) },
                { "engine user", an_engines_user_logs_in_at_its_registry, 0 },
                { "engine accounts", accounts_of_an_engine_need_both_tokens, 0 },
                { "addresses", addresses_that_are_not_known_are_named, 0 },
                { "threads, login", threads_share_one_login, 0 },
                { "threads, clock", threads_share_one_clock, 0 },
                { "check", a_check_tells_of_every_part, 0 },
                { NULL, NULL, 0 },
        };

        return unit_main("login", cases);
}
