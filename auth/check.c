/* SPDX-License-Identifier: Apache-2.0 */
/* What `hcloudfs check` looks at: does each part that a mount needs work, and if not, why? */
#include "auth/auth-internal.h"

#include "auth/keys.h"
#include "auth/secret.h"
#include "base/stamp.h"
#include "base/text.h"

struct check {
        struct auth *auth;
        struct op *op;
        auth_check_fn fn;
        void *data;
        int64_t patience_ms; /* of each part: one that is silent takes no time from the others */
        int bad;
};

/* A reading call of each service that costs little and needs no resource. */
static const struct probe {
        const char *service;
        enum scope scope;
        const char *path; /* `%s` is the project's id */
} probes[] = {
        { "ucs", SCOPE_DOMAIN, "/v1/config/registeredclusterversions" },
        { "dws", SCOPE_PROJECT, "/v1.0/%s/quotas" },
        { "cse", SCOPE_PROJECT, "/v2/%s/enginemgr/quotas" },
        { "ems", SCOPE_PROJECT, "/v1/features?limit=1" },
};

static void tell(struct check *check, const char *what, bool is_well, const char *text) {
        check->bad += !is_well;
        check->fn(check->data, what, is_well, text);
        if (check->patience_ms)
                check->op->deadline_ms = stamp_monotonic_ms() + check->patience_ms;
}

/* What was wrong, and what to do about it: a refusal wants something else than silence. */
static void tell_failure(struct check *check, const char *what, const char *if_refused,
                         const char *if_silent) {
        const struct op_fault *fault = &check->op->fault;
        struct buf text = BUF_INIT(OP_REASON_SIZE + 256);

        (void)buf_printf(&text, "%s; %s", fault->reason,
                         fault->error == -EACCES || fault->status ? if_refused : if_silent);
        tell(check, what, false, buf_str(&text));
        buf_done(&text);
        op_clear(check->op);
}

static bool is_wanted(char *const *names, const char *name) {
        if (!names)
                return true;
        for (; *names; names++)
                if (text_eq(*names, name))
                        return true;
        return false;
}

static void check_configuration(struct check *check) {
        const struct account *account = check->auth->account;
        struct buf text = BUF_INIT(4096);

        (void)buf_printf(&text, "account `%s` of %s", account->name,
                         account->source ? account->source : "the environment");
        if (account->origin)
                (void)buf_printf(&text, ", credentials from %s", account->origin);
        tell(check, "configuration", true, buf_str(&text));
        buf_done(&text);
}

static bool check_credentials(struct check *check) {
        const struct account *account = check->auth->account;
        char text[160], who[8] = "";

        if (auth_login(check->auth, check->op) < 0) {
                tell_failure(
                        check, "credentials",
                        "see `Where credentials come from` in docs/configuration.md",
                        "look at the network, a proxy, and the account's endpoints and region");
                return false;
        }
        if (account->ak || account->user)
                secret_shorten(account->ak ? account->ak : account->user, who);
        (void)snprintf(text, sizeof(text), "accepted: %s%s",
                       account->ak     ? "access key "
                       : account->user ? "user "
                                       : "token",
                       who);
        tell(check, "credentials", true, text);
        return true;
}

static void check_clock(struct check *check) {
        bool is_corrected;
        int64_t skew;
        char text[160];

        if (!auth_skew(check->auth, &skew, &is_corrected))
                return;
        (void)snprintf(text, sizeof(text), "%lld seconds %s the server's%s%s",
                       (long long)llabs(skew), skew > 0 ? "behind" : "before",
                       is_corrected ? "; requests are signed with the server's time" : "",
                       llabs(skew) > SKEW_WARN_S ? "; set it, e.g. by timedatectl set-ntp true"
                                                 : "");
        tell(check, "clock", llabs(skew) <= SKEW_WARN_S, skew ? text : "exact");
}

/* Asks a service: whatever it answers but a refusal, it is there. */
static int probe(struct check *check, const struct probe *row, struct auth_target *target,
                 int *ret_status) {
        struct http_request request = { .method = METHOD_GET, .repeat = REPEAT_SAFE };
        _cleanup_(http_response_freep) struct http_response *response = NULL;
        _cleanup_(freep) char *address = NULL;
        struct buf url = BUF_INIT(4096);
        const char *hole = strstr(row->path, "%s");
        int r;

        r = auth_address(check->auth, check->op, target, &address);
        if (r < 0)
                return r;
        (void)buf_add_str(&url, address);
        (void)buf_add(&url, row->path, hole ? (size_t)(hole - row->path) : strlen(row->path));
        if (hole)
                (void)buf_printf(&url, "%s%s", target->project, hole + 2);
        request.url = buf_str(&url);
        r = url.error;
        if (r == 0)
                r = http_headers_set(&request.headers, "Content-Type", "application/json");
        if (r == 0)
                r = auth_send(check->auth, check->op, target, &request, &response);
        http_request_done(&request);
        buf_done(&url);
        if (r == 0)
                *ret_status = response->status;
        return r;
}

static void check_service(struct check *check, const struct probe *row, const char *region,
                          const char *project) {
        struct auth_target target = {
                .service = row->service,
                .endpoint = ENDPOINT_SERVICE,
                .scope = row->scope,
                .region = region,
                .project = project,
        };
        char what[128], text[160];
        int status = 0, r;

        (void)snprintf(what, sizeof(what), "%s%s%s", row->service, region ? " in " : "",
                       region ? region : "");
        r = probe(check, row, &target, &status);
        if (r == -ENOENT) { /* a service that is not in this region is no fault */
                op_clear(check->op);
                return;
        }
        if (r < 0) {
                tell_failure(check, what, "ask whoever administers the account for the right",
                             "look at the network, a proxy, and its endpoint in the configuration");
                return;
        }
        if (status == 403)
                (void)snprintf(text, sizeof(text),
                               "reachable, but you may not read it (403); ask whoever administers "
                               "the account for the right, or leave %s out of `services`",
                               row->service);
        else
                (void)snprintf(text, sizeof(text), "reachable (%d)%s", status,
                               status < 400 || status == 404 ? ""
                                                             : "; the service has trouble, later "
                                                               "may be better");
        tell(check, what, status < 400 || status == 404, text);
}

static int list_projects(struct check *check, struct json **ret) {
        struct auth_target target = {
                .service = "iam",
                .scope = SCOPE_DOMAIN,
        };
        static const struct probe row = { "iam", SCOPE_DOMAIN, "/v3/projects" };
        struct http_request request = { .method = METHOD_GET, .repeat = REPEAT_SAFE };
        _cleanup_(http_response_freep) struct http_response *response = NULL;
        _cleanup_(freep) char *address = NULL, *url = NULL;
        int r;

        r = auth_address(check->auth, check->op, &target, &address);
        if (r == 0 && text_format(&url, "%s%s", address, row.path) < 0)
                r = -ENOMEM;
        if (r < 0)
                return r;
        request.url = url;
        r = auth_send(check->auth, check->op, &target, &request, &response);
        http_request_done(&request);
        if (r < 0)
                return r;
        if (response->status != 200)
                return auth_fail_login(check->op, response, "list of projects");
        r = json_parse(response->body, response->len, ret, NULL);
        return r < 0 ? op_fail(check->op, EIO, "the list of projects is no JSON") : 0;
}

static void check_names(struct check *check, const struct json *answer) {
        char what[160];

        for (char **name = check->auth->account->projects; name && *name; name++) {
                if (auth_has_project(answer, *name))
                        continue;
                (void)snprintf(what, sizeof(what), "project %.100s", *name);
                tell(check, what, false,
                     "the account has no project of this name; look at `projects`");
        }
}

/* Sub-projects are in their region as well: one look at a region is enough. */
static void check_projects(struct check *check) {
        const struct account *account = check->auth->account;
        _cleanup_(json_freep) struct json *json = NULL;
        const struct json *projects;

        if (list_projects(check, &json) < 0) {
                tell_failure(check, "projects", "ask whoever administers the account for the right",
                             "look at the network, a proxy, and `endpoint.iam`");
                return;
        }
        check_names(check, json);
        projects = json_at(json, "/projects");
        for (size_t i = 0; i < json_count(projects); i++) {
                const char *name = json_string(json_item(projects, i), "/name");
                const char *id = json_string(json_item(projects, i), "/id");

                if (!name || !id || !key_is_region(name) || !is_wanted(account->projects, name))
                        continue;
                for (size_t j = 0; j < ELEMENTSOF(probes); j++)
                        if (probes[j].scope == SCOPE_PROJECT &&
                            is_wanted(account->services, probes[j].service))
                                check_service(check, &probes[j], name, id);
        }
}

static void check_server(struct check *check, const char *what, const char *url,
                         enum endpoint endpoint) {
        struct buf text = BUF_INIT(4096);
        int r;

        if (!url)
                return;
        r = auth_login_server(check->auth, check->op, endpoint);
        if (r < 0) {
                tell_failure(check, what,
                             r == -EACCES ? "look at `user` and `password`" : "look at its address",
                             "look at its address, the network and `ca_file`");
                return;
        }
        (void)buf_printf(&text, "%s lets us in", url);
        tell(check, what, true, buf_str(&text));
        buf_done(&text);
}

static void check_cloud(struct check *check) {
        bool is_let_in = check_credentials(check);

        check_clock(check);
        if (!is_let_in)
                return;
        if (is_wanted(check->auth->account->services, "ucs"))
                check_service(check, &probes[0], NULL, NULL);
        check_projects(check);
}

/**
 * auth_check() - look at all that a mount of this account needs, one finding at a time.
 * @op: its deadline is that of each part. @fn: called for each, in this thread.
 * Returns the number of findings that are not well.
 */
int auth_check(struct auth *auth, struct op *op, auth_check_fn fn, void *data) {
        struct check check = {
                .auth = auth,
                .op = op,
                .fn = fn,
                .data = data,
                .patience_ms = op->deadline_ms ? op_left_ms(op) : 0,
        };
        const struct account *account = auth->account;

        check_configuration(&check);
        if (account->type == ACCOUNT_CLOUD)
                check_cloud(&check);
        check_server(&check, "registry", account->registry, ENDPOINT_REGISTRY);
        check_server(&check, "config", account->config_url, ENDPOINT_CONFIG);
        return check.bad;
}
