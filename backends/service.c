/* SPDX-License-Identifier: Apache-2.0 */
#include "backends/service.h"

#include <pthread.h>
#include <uthash.h>

#include "backends/engine-token.h"
#include "backends/fault.h"
#include "backends/pages.h"
#include "backends/records.h"
#include "backends/select.h"
#include "backends/template.h"
#include "backends/upload.h"
#include "base/stamp.h"
#include "base/text.h"

struct service_source {
        struct source source;
        struct auth *auth; /* borrowed */
        struct engine_tokens *tokens;
        char *account; /* name, for rate buckets */
};

/* An id that was seen while pages are read. */
struct seen {
        UT_hash_handle hh;
        char id[];
};

/* One list being read. */
struct reading {
        struct op *op;
        const struct call *call;
        struct answer *answer;
        struct seen *seen;
        struct pages pages;
};

static void target_of(const struct service_source *service, const struct request *request,
                      struct auth_target *target) {
        (void)service;
        *target = (struct auth_target){
                .service = request->call->service,
                .endpoint = request->call->endpoint,
                .scope = request->call->scope,
                .region = request_param(request, "region"),
                .project = request_param(request, "project_id"),
                .cloud_project = request_param(request, "cloud_project"),
                .engine = request_param(request, "engine_id"),
        };
        target->login = request_param(request, "registry_address");
        if (target->endpoint == ENDPOINT_REGISTRY)
                target->address = request_param(request, "registry_address");
        if (target->endpoint == ENDPOINT_CONFIG)
                target->address = request_param(request, "config_address");
}

static int add_url(struct service_source *service, struct op *op, const struct request *request,
                   const struct auth_target *target, const struct pages *pages, struct buf *url) {
        struct buf query = BUF_INIT(64 * 1024);
        _cleanup_(freep) char *address = NULL;
        int r;

        r = auth_address(service->auth, op, target, &address);
        if (r < 0)
                return r;
        (void)buf_add_str(url, address);
        r = template_path(request, url);
        if (r < 0)
                return op_fail(op, -r, "%s: an id cannot stand in a path", request->call->id);
        r = template_query(request, &query);
        if (r == 0)
                r = pages_query(request->call, pages, &query);
        if (r == 0)
                r = template_known(request, &query);
        if (r == 0 && query.len)
                r = buf_printf(url, "?%s", buf_str(&query));
        buf_done(&query);
        return r < 0 ? op_fail(op, -r, "%s: a query too long", request->call->id) : r;
}

/* Below an engine with security, every call of its own servers carries its token; calls about its
 * accounts carry one beside the cloud's own, which an access key cannot (CSE notes, section 1). */
static int add_token(struct service_source *service, struct op *op, const struct request *request,
                     struct auth_target *target) {
        const struct account *account = auth_account(service->auth);
        const char *project = request_param(request, "enterprise_project");

        if (request->call->wants_engine_token && !account->user && !account->token)
                return op_fail(op, EACCES,
                               "%s needs a token of the cloud beside that of the engine: an access "
                               "key does not do; set `user`, `password` and `domain`",
                               request->call->id);
        if (request->call->wants_engine_token && target->engine)
                return engine_tokens_get(service->tokens, op, target, project, &target->token);
        if (target->scope != SCOPE_ENGINE || !target->engine ||
            !text_eq(request_param(request, "engine_auth"), "RBAC"))
                return 0;
        return engine_tokens_get(service->tokens, op, target, project, &target->token);
}

/* Where nothing tells the enterprise project, it is the account's; a change is for one of them. */
static int add_enterprise(const struct account *account, const struct request *request,
                          struct http_request *http) {
        static const char name[] = "X-Enterprise-Project-ID";
        const char *rows = request->call->headers, *project = account->enterprise;

        if (!project || !rows || !strstr(rows, name) || http_headers_get(&http->headers, name))
                return 0;
        if (request->call->method != METHOD_GET && text_eq(project, "all_granted_eps"))
                return 0;
        return http_headers_set(&http->headers, name, project);
}

/* The body as it goes out, and what it is. Services want to be told, with every request. */
static int add_body(const struct account *account, struct op *op, const struct request *request,
                    struct http_request *http, struct buf *form) {
        char type[UPLOAD_TYPE_SIZE] = "application/json";
        int r = 0;

        if (text_eq(request->call->service, "cse"))
                (void)snprintf(type, sizeof(type), "application/json;charset=UTF-8");
        http->body = request->body;
        http->body_len = request->body_len;
        if (request->call->upload && request->body) {
                r = upload_form(request->call->upload, request->body, request->body_len, form,
                                type);
                http->body = buf_str(form);
                http->body_len = form->len;
        }
        if (r == 0)
                r = template_headers(request, &http->headers);
        if (r == 0)
                r = add_enterprise(account, request, http);
        if (r == 0 && !http_headers_get(&http->headers, "Content-Type"))
                r = http_headers_set(&http->headers, "Content-Type", type);
        return r < 0 ? op_fail(op, ENOMEM, "out of memory") : 0;
}

/* Does it say that what was known still holds? Only who asked that is answered so. */
static bool is_unchanged(const struct request *request, const struct http_response *response) {
        return response->status == 304 && request->known_revision && request->call->revision_query;
}

/* Sends, and holds the answer's status against what a success is. */
static int send_once(struct service_source *service, struct op *op, const struct request *request,
                     const struct auth_target *target, struct http_request *http,
                     struct http_response **ret) {
        _cleanup_(http_response_freep) struct http_response *response = NULL;
        int r = auth_send(service->auth, op, target, http, &response);

        if (r < 0) {
                op->fault.is_unknown = http->is_unknown && request->call->risk != RISK_READ;
                return r;
        }
        if ((response->status >= 200 && response->status < 300) ||
            is_unchanged(request, response)) {
                *ret = STEAL(response);
                return 0;
        }
        if (response->status == 401 && target->token)
                engine_tokens_forget(service->tokens, target);
        r = fault_fail(op, request->call, response);
        /* A server that broke on the way may have done it (file rule 20). */
        if (r == -EIO && response->status >= 500 && request->call->risk != RISK_READ)
                op->fault.is_unknown = true;
        return r;
}

/* One HTTP exchange; the answer is a success, or the reason why not is in the op. */
static int exchange(struct service_source *service, struct op *op, const struct request *request,
                    const struct pages *pages, struct http_response **ret) {
        _cleanup_(freep) char *bucket = NULL;
        struct http_request http = { .method = request->call->method,
                                     .repeat = request->call->repeat,
                                     .held_ms = request->wait_s * 1000 };
        struct buf url = BUF_INIT(64 * 1024), form = BUF_INIT(0);
        struct auth_target target;
        int r;

        target_of(service, request, &target);
        r = add_token(service, op, request, &target);
        if (r == 0)
                r = add_url(service, op, request, &target, pages, &url);
        if (r == 0 && text_format(&bucket, "%s/%s", service->account, request->call->service) < 0)
                r = op_fail(op, ENOMEM, "out of memory");
        if (r == 0)
                r = add_body(auth_account(service->auth), op, request, &http, &form);
        http.url = buf_str(&url);
        http.bucket = bucket;
        if (r == 0)
                r = send_once(service, op, request, &target, &http, ret);
        http_request_done(&http);
        buf_done(&form);
        buf_done(&url);
        free((void *)(uintptr_t)target.token);
        return r;
}

/* Is this text at the place of the result a failure? */
static bool tells_failure(const struct json *value, const void *data) {
        const struct call *call = data;
        _cleanup_(freep) char *text = NULL;

        if (json_text_at(value, "", &text) < 0)
                return false;
        return call->failure_is ? text_eq(text, call->failure_is)
                                : !text_eq(text, call->success_is);
}

static int fail_inside(struct op *op, const struct call *call, const struct http_response *response,
                       const struct http_fault *fault) {
        struct buf text = BUF_INIT(OP_REASON_SIZE);
        int r;

        (void)buf_printf(&text, "%s: HTTP %d with a failure inside", call->id, response->status);
        if (fault->message)
                (void)buf_printf(&text, ": %.600s", fault->message);
        r = op_fail_answer(op, call->failure ? call->failure : EIO, response->status, fault->code,
                           response->request_id, buf_str(&text));
        buf_done(&text);
        return r;
}

/* A 2xx may carry a failure inside (contract conventions, 4.3). */
static int check_success(struct op *op, const struct call *call,
                         const struct http_response *response, const struct json *body) {
        struct http_fault fault = { 0 };
        int r;

        if (!call->success || !select_any(body, call->success, tells_failure, call))
                return 0;
        (void)http_fault_parse(response, &fault);
        r = fail_inside(op, call, response, &fault);
        http_fault_done(&fault);
        return r;
}

static int fail_without_list(struct op *op, const struct http_response *response) {
        return op_fail_answer(op, EIO, response->status, NULL, response->request_id,
                              "the server's answer has no list where it belongs");
}

/* What tells of a failure, or is no list, must not look like an empty list. */
static int check_list(struct op *op, const struct call *call, const struct http_response *response,
                      const struct json *body) {
        struct http_fault fault = { 0 };
        const struct json *list;
        int r = 0;

        if (!call->items || call->split)
                return 0;
        list = json_at(body, call->items);
        if (list ? !json_is(list, JSON_ARRAY) : *call->items && !json_is(body, JSON_OBJECT))
                return fail_without_list(op, response);
        if (!list && http_fault_parse(response, &fault) == 0 && fault.code)
                r = fail_inside(op, call, response, &fault);
        http_fault_done(&fault);
        return r;
}

static int parse_body(struct op *op, const struct call *call, const struct http_response *response,
                      struct json **ret) {
        struct json_error error;
        int r;

        if (!response->len && response->status == 204) {
                *ret = NULL;
                return 0;
        }
        if (!response->len) /* a list that was lost on the way must not look like an empty one */
                return op_fail_answer(op, EIO, response->status, NULL, response->request_id,
                                      "the server's answer is empty");
        r = json_parse(response->body, response->len, ret, &error);
        if (r == -EBADMSG)
                return op_fail_answer(op, EIO, response->status, NULL, response->request_id,
                                      "the server's answer is no JSON");
        if (r < 0)
                return op_fail(op, -r, "%s: the answer cannot be read", call->id);
        r = check_success(op, call, response, *ret);
        return r < 0 ? r : check_list(op, call, response, *ret);
}

/* The revision of a list in pages would be that of its first page only: such rows have none. */
static int note_revision(struct answer *answer, const struct call *call,
                         const struct http_response *response) {
        const char *value = NULL;

        if (call->revision_header && !answer->revision)
                value = http_headers_get(&response->headers, call->revision_header);
        if (value && *value)
                answer->revision = strdup(value);
        return value && *value && !answer->revision ? -ENOMEM : 0;
}

static int note_meta(struct answer *answer, const struct call *call,
                     const struct http_response *response) {
        int r = note_revision(answer, call, response);

        if (r < 0)
                return r;
        answer->status = response->status;
        answer->fetched_ms = response->received_ms;
        if (response->request_id && !answer->request_id &&
            !(answer->request_id = strdup(response->request_id)))
                return -ENOMEM;
        return 0;
}

static int take_unchanged(struct op *op, const struct request *request,
                          const struct http_response *response, struct answer *answer) {
        answer->is_unchanged = true;
        if (note_meta(answer, request->call, response) < 0)
                return op_fail(op, ENOMEM, "out of memory");
        return 0;
}

static int read_single(struct service_source *service, struct op *op, const struct request *request,
                       struct answer *answer) {
        _cleanup_(http_response_freep) struct http_response *response = NULL;
        _cleanup_(json_freep) struct json *body = NULL;
        const struct pages first = { 0 };
        int r;

        r = exchange(service, op, request, &first, &response);
        if (r < 0)
                return r;
        if (is_unchanged(request, response))
                return take_unchanged(op, request, response, answer);
        r = parse_body(op, request->call, response, &body);
        if (r < 0)
                return r;
        r = answer_set_body(answer, response->body, response->len);
        if (r == 0)
                r = note_meta(answer, request->call, response);
        return r < 0 ? op_fail(op, -r, "out of memory") : 0;
}

/* True if the id is new; remembers it. */
static bool remember(struct reading *reading, const char *id) {
        size_t len = strlen(id);
        struct seen *seen;

        HASH_FIND(hh, reading->seen, id, len, seen);
        if (seen)
                return false;
        seen = calloc(1, sizeof(*seen) + len + 1);
        if (!seen)
                return false;
        memcpy(seen->id, id, len + 1);
        HASH_ADD(hh, reading->seen, id, len, seen);
        return true;
}

static void forget(struct reading *reading) {
        struct seen *seen, *next;

        HASH_ITER (hh, reading->seen, seen, next) {
                HASH_DEL(reading->seen, seen);
                free(seen);
        }
}

/* Adds what a page holds to the answer, and notes what of it is new. */
static int add_records(struct reading *reading, const struct answer *split, struct page *page) {
        page->received = split->count;
        for (size_t i = 0; i < split->count; i++) {
                const struct answer_item *item = &split->items[i];
                int r;

                if (i == 0)
                        page->first_id = item->id;
                page->last_id = item->id;
                if (!remember(reading, item->id))
                        continue;
                page->added++;
                r = answer_add(reading->answer, item->id, item->body, item->len);
                if (r < 0)
                        return r;
        }
        return 0;
}

/* -EBADMSG, without a reason: it has no list. */
static int take_page(struct reading *reading, struct json *body, enum pages_next *ret_next) {
        _cleanup_(answer_unrefp) struct answer *split = NULL;
        struct page page = { 0 };
        int r;

        r = answer_new(&split);
        if (r == 0)
                r = records_split(reading->call, body, split);
        if (r == 0)
                r = add_records(reading, split, &page);
        if (r < 0)
                return r == -EBADMSG
                               ? r
                               : op_fail(reading->op, -r, "%s: a page of the list cannot be read",
                                         reading->call->id);
        *ret_next = pages_advance(reading->call, &reading->pages, body, &page);
        if (reading->call->most && reading->answer->count >= reading->call->most)
                *ret_next = PAGES_DONE;
        r = records_envelope(reading->call, body, reading->answer);
        return r < 0 ? op_fail(reading->op, -r, "out of memory") : 0;
}

/* Begins anew: what was read so far may miss records. */
static int start_over(struct reading *reading) {
        struct answer *answer;
        int r = answer_new(&answer);

        if (r < 0)
                return op_fail(reading->op, -r, "out of memory");
        (void)answer_unref(reading->answer);
        reading->answer = answer;
        forget(reading);
        return 0;
}

static int read_pages(struct service_source *service, struct reading *reading,
                      const struct request *request) {
        enum pages_next next = PAGES_MORE;

        while (next != PAGES_DONE) {
                _cleanup_(http_response_freep) struct http_response *response = NULL;
                _cleanup_(json_freep) struct json *body = NULL;
                int r;

                if (next == PAGES_RESTART) {
                        r = start_over(reading);
                        if (r < 0)
                                return r;
                }
                r = op_check(reading->op);
                if (r == 0)
                        r = exchange(service, reading->op, request, &reading->pages, &response);
                if (r == 0 && is_unchanged(request, response))
                        return take_unchanged(reading->op, request, response, reading->answer);
                if (r == 0)
                        r = parse_body(reading->op, request->call, response, &body);
                if (r == 0)
                        r = take_page(reading, body, &next);
                if (r == -EBADMSG)
                        r = fail_without_list(reading->op, response);
                if (r == 0 && note_meta(reading->answer, request->call, response) < 0)
                        r = op_fail(reading->op, ENOMEM, "out of memory");
                if (r < 0)
                        return r;
        }
        return 0;
}

/* Reads a list, and the one that its row names beside it, into one answer. */
static int read_list(struct service_source *service, struct op *op, const struct request *request,
                     struct answer **answer) {
        struct reading reading = { .op = op, .call = request->call, .answer = STEAL(*answer) };
        struct request also = *request;
        int r;

        r = read_pages(service, &reading, request);
        if (r == 0 && request->call->also) {
                pages_done(&reading.pages);
                also.call = reading.call = request->call->also;
                r = read_pages(service, &reading, &also);
        }
        forget(&reading);
        pages_done(&reading.pages);
        *answer = reading.answer;
        return r;
}

static int perform(struct service_source *service, struct op *op, const struct request *request,
                   struct answer **ret) {
        _cleanup_(answer_unrefp) struct answer *answer = NULL;
        bool is_list = request->call->items || request->call->split;
        int r;

        r = answer_new(&answer);
        if (r < 0)
                return op_fail(op, -r, "out of memory");
        r = is_list ? read_list(service, op, request, &answer)
                    : read_single(service, op, request, answer);
        if (r < 0)
                return r;
        r = answer_seal(answer);
        if (r < 0)
                return op_fail(op, -r, "out of memory");
        *ret = STEAL(answer);
        return 0;
}

static int service_fetch(struct source *source, struct op *op, const struct request *request,
                         struct answer **ret) {
        struct service_source *service = (struct service_source *)source;
        struct request otherwise = *request;
        int r;

        if (request->reach == REACH_CACHED)
                return -ENODATA;
        r = perform(service, op, request, ret);
        if (r == -EACCES && op->fault.status == 403 && request->call->otherwise) {
                op_clear(op);
                otherwise.call = request->call->otherwise;
                r = perform(service, op, &otherwise, ret);
        }
        return r;
}

/* A change: one exchange; an answer without a body, or with one that is no JSON, is fine. */
static int service_send(struct source *source, struct op *op, const struct request *request,
                        struct answer **ret) {
        struct service_source *service = (struct service_source *)source;
        _cleanup_(http_response_freep) struct http_response *response = NULL;
        _cleanup_(answer_unrefp) struct answer *answer = NULL;
        _cleanup_(json_freep) struct json *body = NULL;
        const struct pages first = { 0 };
        int r;

        r = exchange(service, op, request, &first, &response);
        if (r < 0)
                return r;
        if (json_parse(response->body, response->len, &body, NULL) == 0)
                r = check_success(op, request->call, response, body);
        if (r == 0 && answer_new(&answer) < 0)
                r = op_fail(op, ENOMEM, "out of memory");
        if (r < 0)
                return r;
        if (answer_set_body(answer, response->body, response->len) < 0 ||
            note_meta(answer, request->call, response) < 0 || answer_seal(answer) < 0)
                return op_fail(op, ENOMEM, "out of memory");
        *ret = STEAL(answer);
        return 0;
}

/* What asking would meet. */
static int service_explain(struct source *source, const struct request *request,
                           struct json *into) {
        struct service_source *service = (struct service_source *)source;
        int64_t wait = auth_wait_ms(service->auth, request->call->service, OP_INTERACTIVE);

        return json_set_int(into, "rate_limit_wait_ms", wait);
}

static void service_free(struct source *source) {
        struct service_source *service = (struct service_source *)source;

        (void)engine_tokens_free(service->tokens);
        free(service->account);
        free(service);
}

/**
 * service_new() - the source that asks the cloud with an account's credentials.
 * @auth: borrowed, must outlive the source.
 * Returns 0 or -ENOMEM.
 */
int service_new(struct auth *auth, struct source **ret) {
        static const struct source_ops ops = { .fetch = service_fetch,
                                               .send = service_send,
                                               .explain = service_explain,
                                               .free = service_free };
        struct service_source *service = calloc(1, sizeof(*service));
        const struct account *account = auth_account(auth);

        if (!service)
                return -ENOMEM;
        service->source.ops = &ops;
        service->auth = auth;
        service->account = strdup(account->name);
        if (!service->account || engine_tokens_new(auth, &service->tokens) < 0) {
                service_free(&service->source);
                return -ENOMEM;
        }
        *ret = &service->source;
        return 0;
}
