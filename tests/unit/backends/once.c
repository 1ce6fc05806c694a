/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every row that changes something, sent over an open connection to a server that reads it and then
 * closes or resets that connection without a word. The rows are those of the tables; a new one
 * needs nothing here. libcurl sends a request again by itself when a used connection ends so; what
 * must not happen twice has to arrive once all the same.
 */
#include <dirent.h>
#include <stdio.h>
#include <unistd.h>

#include "auth/auth.h"
#include "backends/service.h"
#include "backends/view.h"
#include "base/text.h"
#include "tests/unit/http/server.h"
#include "tests/unit/unit.h"

enum { ROWS_MAX = 1024, PARAMS_MAX = 32 };

/* Does for every login and every reading request that comes before. */
#define FINE                                                      \
        "{\"token\":\"t1\",\"expires_at\":\"2099-01-01T00:00Z\"," \
        "\"projects\":[{\"id\":\"p1\",\"name\":\"cn-north-4\",\"domain_id\":\"d1\"}]}"

/* The rows of the tables that change something, each once. */
static const struct call *rows[ROWS_MAX];
static size_t n_rows;

static void add_row(void *data, const struct call *call) {
        (void)data;
        for (size_t i = 0; i < n_rows; i++)
                if (rows[i] == call)
                        return;
        ck_assert_msg(call->method == METHOD_GET || call->risk != RISK_READ ||
                              call->repeat == REPEAT_SAFE,
                      "%s only reads", call->id);
        if (call->risk == RISK_READ)
                return;
        ck_assert_uint_lt(n_rows, ROWS_MAX);
        rows[n_rows++] = call;
}

static void find_rows(void) {
        n_rows = 0;
        ck_assert_int_eq(view_each_call(add_row, NULL), 0);
}

/* An account whose services, registry and configurations are all at one server. */
struct stand {
        struct server *server;
        char url[64];
        struct setting endpoints[8];
        struct account account;
        struct http *http;
        struct auth *auth;
        struct source *source;
        struct param params[PARAMS_MAX];
        size_t n_params;
};

static void stand_init(struct stand *stand) {
        static char names[][4] = { "iam", "dws", "cse", "ems", "ucs" };
        static const struct reply fine = { .status = 200, .body = FINE };
        static char name[] = "work", origin[] = "a test", token[] = "T0";
        const struct http_options options = {
                .connect_ms = 5000, .request_ms = 20000, .retries = 3, .rate = 1000, .burst = 1000
        };

        *stand = (struct stand){ .server = server_new(&fine, 1) };
        (void)snprintf(stand->url, sizeof(stand->url), "%s", server_url(stand->server, ""));
        for (size_t i = 0; i < ELEMENTSOF(names); i++)
                stand->endpoints[i] = (struct setting){ names[i], stand->url };
        stand->account = (struct account){ .name = name,
                                           .origin = origin,
                                           .token = token,
                                           .endpoints = stand->endpoints,
                                           .n_endpoints = ELEMENTSOF(names) };
        ck_assert_int_eq(http_new(&options, &stand->http), 0);
        ck_assert_int_eq(auth_new(stand->http, &stand->account, &stand->auth), 0);
        ck_assert_int_eq(service_new(stand->auth, &stand->source), 0);
}

static void stand_done(struct stand *stand) {
        for (size_t i = 0; i < stand->n_params; i++)
                free((char *)(uintptr_t)stand->params[i].name);
        (void)source_free(stand->source);
        (void)auth_free(stand->auth);
        (void)http_free(stand->http);
        (void)server_free(stand->server);
}

static void add_param(struct stand *stand, const char *name, size_t len, const char *value) {
        for (size_t i = 0; i < stand->n_params; i++)
                if (strlen(stand->params[i].name) == len &&
                    strncmp(stand->params[i].name, name, len) == 0)
                        return;
        ck_assert_uint_lt(stand->n_params, PARAMS_MAX);
        stand->params[stand->n_params++] = (struct param){ strndup(name, len), value };
}

/* Whatever the row's path, query and headers ask for. */
static void fill_params(struct stand *stand, const struct call *call) {
        const char *const templates[] = { call->path, call->query, call->headers };

        add_param(stand, "registry_address", strlen("registry_address"), stand->url);
        add_param(stand, "config_address", strlen("config_address"), stand->url);
        add_param(stand, "region", strlen("region"), "cn-north-4");
        add_param(stand, "cloud_project", strlen("cloud_project"), "p1");
        for (size_t i = 0; i < ELEMENTSOF(templates); i++) {
                const char *at = templates[i] ? templates[i] : "";

                for (; (at = strchr(at, '{')); at++)
                        add_param(stand, at + 1, strcspn(at + 1, "?}"), "x1");
        }
}

static int ask(struct stand *stand, struct op *op, const struct call *call, bool is_change) {
        static const char body[] = "{\"name\":\"x1\"}";
        _cleanup_(answer_unrefp) struct answer *answer = NULL;
        struct request request = { .call = call,
                                   .params = stand->params,
                                   .n_params = stand->n_params };

        op_init(op, OP_INTERACTIVE, 20000);
        if (!is_change)
                return source_fetch(stand->source, op, &request, &answer);
        if (call->method != METHOD_GET && call->method != METHOD_DELETE) {
                request.body = body;
                request.body_len = strlen(body);
        }
        return source_send(stand->source, op, &request, &answer);
}

/* A read of the same server with the same login; its connection stays open, and nothing else. */
static void open_connection(struct stand *stand, const struct call *call) {
        const struct call reading = { .id = "read",
                                      .service = call->service,
                                      .path = "/read",
                                      .endpoint = call->endpoint,
                                      .scope = call->scope,
                                      .wants_engine_token = call->wants_engine_token };
        struct op op;

        ck_assert_msg(ask(stand, &op, &reading, false) == 0, "%s: %s", call->id, op.fault.reason);
        ck_assert_msg(server_connections(stand->server) == 1, "%s: %u connections", call->id,
                      server_connections(stand->server));
}

/* How often the row's request arrives, and nothing but it. */
static unsigned count_arrivals(const struct call *call, enum manner manner) {
        const struct reply silence = { .manner = manner };
        unsigned before, arrived;
        struct stand stand;
        struct op op;
        int r;

        stand_init(&stand);
        fill_params(&stand, call);
        open_connection(&stand, call);
        before = server_requests(stand.server);
        server_play(stand.server, &silence, 1);
        r = ask(&stand, &op, call, true);
        ck_assert_msg(r < 0, "%s: %d", call->id, r);
        ck_assert_msg(op.fault.is_unknown, "%s: told as if it were known: %s", call->id,
                      op.fault.reason);
        arrived = server_requests(stand.server) - before;
        for (unsigned i = 0; i < arrived; i++) {
                const char *line = server_request(stand.server, before + i);

                ck_assert_msg(text_starts(line, method_name(call->method)) &&
                                      !text_starts(strchr(line, ' '), " /read"),
                              "%s: %.80s", call->id, line);
        }
        stand_done(&stand);
        return arrived;
}

static const enum manner manners[] = { MANNER_RESET, MANNER_HANG_UP };

START_TEST(what_may_not_happen_twice_arrives_once) {
        unsigned once = 0;

        find_rows();
        for (size_t i = 0; i < n_rows; i++) {
                struct call careless = *rows[i];
                unsigned n;

                if (rows[i]->repeat != REPEAT_ONCE)
                        continue;
                once++;
                n = count_arrivals(rows[i], manners[_i]);
                ck_assert_msg(n == 1, "%s/%s arrived %u times", rows[i]->service, rows[i]->id, n);
                /* The same request would arrive again, did the row not say so. */
                careless.repeat = REPEAT_SAME;
                n = count_arrivals(&careless, manners[_i]);
                ck_assert_msg(n == 2, "%s/%s: no repetition to guard against", rows[i]->service,
                              rows[i]->id);
        }
        printf("# %u of %zu changing rows must arrive once, and did\n", once, n_rows);
        ck_assert_uint_gt(once, 50);
}
END_TEST

/* What hands out a secret again, and changes nothing by it: method and path in the contract. */
static bool is_harmless(const struct call *call) {
        static const char *const ids[] = {
                "exportKieConfigs",         /* a download; nothing is made by it */
                "createToken",              /* one more token hurts nobody, all end by themselves */
                "createTemporaryAccessKey", /* so do keys */
                NULL
        };

        for (const char *const *id = ids; *id; id++)
                if (text_eq(*id, call->id))
                        return true;
        return call->method == METHOD_GET;
}

/* A second arrival must make no difference: the methods that HTTP promises that of. */
START_TEST(what_may_arrive_twice_is_idempotent) {
        unsigned same = 0, safe = 0;

        find_rows();
        for (size_t i = 0; i < n_rows; i++) {
                const struct call *call = rows[i];
                unsigned n;

                if (call->repeat == REPEAT_ONCE)
                        continue;
                if (call->repeat == REPEAT_SAFE) {
                        safe++;
                        ck_assert_msg(call->risk == RISK_SECRET && is_harmless(call),
                                      "%s/%s may be repeated at will", call->service, call->id);
                        continue;
                }
                same++;
                ck_assert_msg(call->method == METHOD_PUT || call->method == METHOD_DELETE,
                              "%s/%s: %s is not idempotent", call->service, call->id,
                              method_name(call->method));
                n = count_arrivals(call, manners[_i]);
                ck_assert_msg(n == 2, "%s/%s arrived %u times", call->service, call->id, n);
        }
        printf("# %u rows may arrive twice, %u hand out secrets at will\n", same, safe);
        ck_assert_uint_gt(same, 40);
}
END_TEST

/* Lines of a file that say that a row changes something. */
static unsigned count_in(const char *path) {
        _cleanup_(freep) char *line = NULL;
        FILE *file = fopen(path, "re");
        size_t size = 0;
        unsigned n = 0;

        ck_assert_ptr_nonnull(file);
        while (getline(&line, &size, file) >= 0)
                n += strstr(line, ".risk = RISK_") && !strstr(line, "RISK_READ");
        (void)fclose(file);
        return n;
}

START_TEST(no_row_is_left_out) {
        DIR *dir = opendir(TABLES_DIR);
        const struct dirent *entry;
        unsigned written = 0;

        ck_assert_ptr_nonnull(dir);
        while ((entry = readdir(dir))) {
                _cleanup_(freep) char *path = NULL;

                ck_assert_int_gt(asprintf(&path, "%s/%s", TABLES_DIR, entry->d_name), 0);
                if (text_ends(entry->d_name, ".c"))
                        written += count_in(path);
        }
        (void)closedir(dir);
        find_rows();
        printf("# %zu changing rows found, %u written\n", n_rows, written);
        ck_assert_uint_eq(n_rows, written);
}
END_TEST

int main(void) {
        const struct unit_case cases[] = {
                { .name = "what may not happen twice arrives once",
                  .test = what_may_not_happen_twice_arrives_once,
                  .rounds = ELEMENTSOF(manners) },
                { .name = "what may arrive twice is idempotent",
                  .test = what_may_arrive_twice_is_idempotent,
                  .rounds = ELEMENTSOF(manners) },
                { .name = "no row is left out", .test = no_row_is_left_out },
                {},
        };

        return unit_main("once", cases);
}
