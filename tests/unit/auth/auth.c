/* SPDX-License-Identifier: Apache-2.0 */
/* Requests signed with an access key, and what becomes of a server's refusals. */
#include "auth/sign.h"
#include "base/stamp.h"
#include "base/text.h"
#include "tests/unit/auth/site.h"

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
        char body[300], date[STAMP_TEXT_SIZE], later[STAMP_TEXT_SIZE];
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
        ck_assert_str_ge(header(&site, 1, "X-Sdk-Date"), date);
        stamp_format_compact(server_s + 60, later);
        ck_assert_str_lt(header(&site, 1, "X-Sdk-Date"), later);
        expect_signature(&site, 1, "host;x-project-id;x-sdk-date");
        ck_assert_int_eq(auth_describe(site.auth, &json), 0);
        ck_assert_int_eq(json_int64(json, "/clock_skew_s", &skew), 0);
        ck_assert_int_ge(skew, 20 * 60 - 60);
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
        expect_reason("this machine's clock is 36"); /* 3600, or what it took until now more */
        expect_reason(" seconds off");
        ck_assert_uint_eq(server_requests(site.server), 2);
        home_leave();
        site_done(&site);
}
END_TEST

/* How far the clocks are apart after an answer whose Date is that far off; tells what is shown. */
static int64_t skew_after(time_t offset_s, struct json **ret_shown) {
        time_t date_s = (time_t)(stamp_now_ms() / 1000) + offset_s;
        char date[64];
        struct reply replies[] = { { .status = 200, .headers = date, .body = "{}" } };
        struct site site;
        bool is_corrected;
        int64_t skew;
        struct tm tm;

        ck_assert_ptr_nonnull(gmtime_r(&date_s, &tm));
        (void)strftime(date, sizeof(date), "Date: %a, %d %b %Y %H:%M:%S GMT\r\n", &tm);
        site_init(&site, replies, ELEMENTSOF(replies));
        ck_assert_int_eq(get(&site, &dws), 200);
        ck_assert(auth_skew(site.auth, &skew, &is_corrected));
        ck_assert(!is_corrected);
        ck_assert_int_eq(auth_describe(site.auth, ret_shown), 0);
        site_done(&site);
        return skew;
}

/* A second is what two clocks that are right may differ by, as a Date has no parts of one; and what
 * is shown to people does not change with each measurement. */
START_TEST(clocks_that_are_right_differ_by_nothing) {
        struct json *shown;
        int64_t skew;

        ck_assert_int_eq(skew_after(1, &shown), 0);
        shown = json_free(shown);
        skew = skew_after(50, &shown);
        ck_assert_msg(skew > 30 && skew <= 50, "%lld", (long long)skew);
        ck_assert_ptr_null(json_at(shown, "/clock_skew_s"));
        shown = json_free(shown);
        (void)skew_after(600, &shown);
        ck_assert_ptr_nonnull(json_at(shown, "/clock_skew_s"));
        ck_assert_str_eq(json_string(shown, "/warning"), "this machine's clock is wrong");
        (void)json_free(shown);
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

START_TEST(credentials_may_come_later) {
        struct config *config = NULL;
        struct auth *auth;
        struct buf text = BUF_INIT(0);
        SITE({ .status = 200, .body = PROJECTS }, { .status = 200, .body = PROJECTS });

        home_enter();
        (void)buf_printf(&text, "[account work]\nak = AKNEW\nsk_file = ~/sk\nendpoint.iam = %s\n",
                         site.url);
        (void)home_write(CONFIG, 0600, buf_str(&text));
        ck_assert_int_eq(config_load(&op, NULL, &config), 0);
        ck_assert_int_eq(auth_new(http, &config->accounts[0], &auth), 0);
        ck_assert_int_eq(auth_login(auth, &op), -EACCES);
        ck_assert_ptr_nonnull(strstr(op.fault.reason, "/sk: No such file or directory"));
        ck_assert_int_eq(auth_reread(auth, &op), -EACCES);
        ck_assert_uint_eq(server_requests(site.server), 0);

        (void)home_write("sk", 0600, "secret\n");
        ck_assert_int_eq(auth_reread(auth, &op), 1);
        ck_assert_int_eq(auth_reread(auth, &op), 0);
        op_clear(&op);
        ck_assert_int_eq(auth_login(auth, &op), 0);
        ck_assert_ptr_nonnull(strstr(header(&site, 0, "Authorization"), "Access=AKNEW,"));

        (void)home_write(CONFIG, 0600, "[account other]\nak = A\nsk = B\n");
        ck_assert_int_eq(auth_reread(auth, &op), -ENOENT);
        ck_assert_ptr_nonnull(strstr(op.fault.reason, "has no account `work` any more"));
        (void)home_write(CONFIG, 0600, "nonsense");
        ck_assert_int_eq(auth_reread(auth, &op), -EINVAL);
        op_clear(&op);
        ck_assert_int_eq(auth_login(auth, &op), 0);
        buf_done(&text);
        (void)auth_free(auth);
        (void)config_free(config);
        home_leave();
        site_done(&site);
}
END_TEST

static struct auth_owner owner_of(const struct account *account) {
        struct auth_owner owner = { 0 };
        struct auth *auth;

        ck_assert_int_eq(auth_new(NULL, account, &auth), 0);
        ck_assert_int_eq(auth_owner(auth, &owner), 0);
        (void)auth_free(auth);
        return owner;
}

/* What of an account says whose its answers are, and what only how it proves that. */
START_TEST(an_owner_is_servers_and_credentials) {
        static const struct {
                const char *here, *there;
                bool is_same; /* for changes that wait */
        } local[] = {
                { "https://localhost:1", "https://localhost:23", true },
                { "http://sc.localhost:1/x", "http://sc.localhost:2/x", true },
                { "http://sc.localhost:1/x", "http://sc.localhost:1/y", false },
                { "http://127.0.0.1:1", "http://127.0.0.1", true },
                { "http://[::1]:1", "http://[::1]:2", true },
                { "http://[::2]:1", "http://[::2]:2", false },
                { "https://notlocalhost:1", "https://notlocalhost:2", false },
                { "https://example.com:1", "https://example.com:2", false },
                { "https://127.example.com:1", "https://127.example.com:2", false },
                { "https://LOCALHOST:1", "https://LOCALHOST:2", true },
                { "https://localhost.example.com:1", "https://localhost.example.com:2", false },
        };
        static char a[] = "a", b[] = "b", ab[] = "a 1 b";
        struct setting endpoints[] = { { a, b }, { b, a } };
        struct account account = { .name = a, .ak = a, .sk = a }, other = account;
        struct auth_owner one = owner_of(&account), two;

        other.sk = other.security_token = other.ca_file = b;
        ck_assert_str_eq(owner_of(&other).all, one.all);
        other.ak = b;
        two = owner_of(&other);
        ck_assert_str_ne(two.all, one.all);
        ck_assert_str_ne(two.key, one.key);
        ck_assert_str_eq(two.place, one.place);
        other = account;
        other.region = b;
        two = owner_of(&other);
        ck_assert_str_ne(two.all, one.all);
        ck_assert_str_eq(two.place, one.place);
        other = (struct account){ .name = a, .ak = a, .endpoints = endpoints, .n_endpoints = 1 };
        ck_assert_str_ne(owner_of(&other).place, one.place);
        other = (struct account){ .name = a, .ak = a, .cloud = b };
        ck_assert_str_ne(owner_of(&other).place, one.place);
        for (size_t i = 0; i < ELEMENTSOF(local); i++) {
                struct account here = { .name = a, .registry = (char *)(uintptr_t)local[i].here };
                struct account there = { .name = a, .registry = (char *)(uintptr_t)local[i].there };

                one = owner_of(&here);
                two = owner_of(&there);
                ck_assert_str_ne(one.all, two.all);
                ck_assert_msg(text_eq(one.place, two.place) == local[i].is_same, "%s",
                              local[i].here);
        }
        other = (struct account){ .name = a, .user = a, .domain = b };
        account = (struct account){ .name = a, .user = ab };
        ck_assert_str_ne(owner_of(&other).key, owner_of(&account).key);
        other = (struct account){ .name = a, .token = a };
        account.user = NULL;
        account.token = b;
        ck_assert_str_ne(owner_of(&other).key, owner_of(&account).key);
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
                { "right clock", clocks_that_are_right_differ_by_nothing, 0 },
                { "server times", server_times_are_read_in_every_form, 0 },
                { "changed credentials", changed_credentials_are_read_again, 0 },
                { "later credentials", credentials_may_come_later, 0 },
                { "owner", an_owner_is_servers_and_credentials, 0 },
                { NULL, NULL, 0 },
        };

        return unit_main("auth", cases);
}
