/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/auth/site.h"

#include <strings.h>

#include "base/text.h"

struct http *http;
struct op op;

void site_init(struct site *site, const struct reply *replies, size_t count) {
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

void site_done(struct site *site) {
        for (size_t i = 0; i < ELEMENTSOF(site->endpoints); i++)
                free(site->endpoints[i].name);
        site->auth = auth_free(site->auth);
        http = http_free(http);
        site->server = server_free(site->server);
}

void use_password(struct site *site) {
        static char user[] = "someone", password[] = SECRET, domain[] = "company";

        site->account.ak = site->account.sk = NULL;
        site->account.user = user;
        site->account.password = password;
        site->account.domain = domain;
}

const struct auth_target dws = {
        .service = "dws",
        .scope = SCOPE_PROJECT,
        .region = "cn-north-4",
        .project = "p1",
};

int send_to(struct site *site, const struct auth_target *target, struct http_request *request) {
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

int get(struct site *site, const struct auth_target *target) {
        struct http_request request = { .url = "/v1.0/p1/clusters?b=2&a=1" };

        return send_to(site, target, &request);
}

const char *header(struct site *site, unsigned n, const char *name) {
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

void expect_reason(const char *part) {
        ck_assert_msg(strstr(op.fault.reason, part), "reason is `%s`", op.fault.reason);
        ck_assert_ptr_null(strstr(op.fault.reason, SECRET));
}
