/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/backends/example.h"

#include <check.h>

#include "backends/records.h"
#include "backends/template.h"
#include "base/stamp.h"
#include "base/text.h"

/* The contract of a service; read once, kept to the end of the program. */
struct json *contract_document(const char *service) {
        static struct {
                char name[32];
                struct json *json;
        } known[8];
        struct buf text = BUF_INIT(0);
        char path[512], chunk[65536];
        size_t i = 0, n;
        FILE *file;

        for (; i < ELEMENTSOF(known) && known[i].json; i++)
                if (text_eq(known[i].name, service))
                        return known[i].json;
        ck_assert_uint_lt(i, ELEMENTSOF(known));
        (void)snprintf(path, sizeof(path), "%s/%s.openapi.json", CONTRACT_DIR, service);
        file = fopen(path, "re");
        ck_assert_ptr_nonnull(file);
        while ((n = fread(chunk, 1, sizeof(chunk), file)) > 0)
                (void)buf_add(&text, chunk, n);
        (void)fclose(file);
        ck_assert_int_eq(json_parse(text.data, text.len, &known[i].json, NULL), 0);
        (void)snprintf(known[i].name, sizeof(known[i].name), "%s", service);
        buf_done(&text);
        return known[i].json;
}

/* An operation of the contract by its id, borrowed; NULL if there is none. */
struct json *contract_operation(const char *service, const char *id, const char **ret_method,
                                const char **ret_path) {
        struct json_cursor path = { 0 };
        struct json *paths = json_at(contract_document(service), "/paths");

        while (json_next(paths, &path)) {
                struct json_cursor method = { 0 };

                while (json_next(path.value, &method)) {
                        if (!text_eq(json_string(method.value, "/operationId"), id))
                                continue;
                        *ret_method = method.name;
                        *ret_path = path.name;
                        return method.value;
                }
        }
        return NULL;
}

static struct json *follow(struct json *document, struct json *value) {
        const char *reference = json_string(value, "/$ref");

        return reference ? json_at(document, reference + 1) : value;
}

static struct json *first_member(struct json *object) {
        struct json_cursor cursor = { 0 };

        return json_next(object, &cursor) ? cursor.value : NULL;
}

/* The example of an operation's success, borrowed; NULL if the contract prints none. */
struct json *contract_example(const char *service, const char *id) {
        struct json *document = contract_document(service), *operation, *media;
        const char *method, *path;
        struct json_cursor cursor = { 0 };

        operation = contract_operation(service, id, &method, &path);
        while (json_next(json_at(operation, "/responses"), &cursor)) {
                if (*cursor.name != '2')
                        continue;
                media = first_member(json_at(follow(document, cursor.value), "/content"));
                if (json_has(media, "/example"))
                        return json_at(media, "/example");
                return json_at(first_member(json_at(media, "/examples")), "/value");
        }
        return NULL;
}

static int fetch(struct source *source, struct op *op, const struct request *request,
                 struct answer **ret) {
        struct example_source *example = (struct example_source *)source;
        const struct call *call = request->call;
        _cleanup_(json_freep) struct json *body = NULL;
        _cleanup_(answer_unrefp) struct answer *answer = NULL;
        struct buf text = BUF_INIT(0);

        if (request->reach == REACH_CACHED)
                return -ENODATA;
        example->fetches++;
        if (text_eq(example->missing, call->id))
                return op_fail(op, ENOENT, "%s finds nothing", call->id);
        if (example->answer_of)
                body = example->answer_of(request);
        if (!body)
                body = json_copy(contract_example(call->service, call->id));
        if (!body)
                return op_fail(op, ENOENT, "%s has no example", call->id);
        ck_assert_int_eq(answer_new(&answer), 0);
        answer->fetched_ms = stamp_now_ms();
        if (call->items || call->split) {
                ck_assert_int_eq(records_split(call, body, answer), 0);
                ck_assert_int_eq(records_envelope(call, body, answer), 0);
        } else {
                ck_assert_int_eq(json_render(body, JSON_COMPACT, &text), 0);
                ck_assert_int_eq(answer_set_body(answer, text.data, text.len), 0);
        }
        ck_assert_int_eq(answer_seal(answer), 0);
        buf_done(&text);
        *ret = STEAL(answer);
        return 0;
}

static char *sent_target(const struct request *request) {
        struct buf target = BUF_INIT(0), query = BUF_INIT(0);

        ck_assert_int_eq(template_path(request, &target), 0);
        ck_assert_int_eq(template_query(request, &query), 0);
        if (query.len)
                (void)buf_printf(&target, "?%s", buf_str(&query));
        buf_done(&query);
        return buf_steal(&target, NULL);
}

static char *sent_headers(const struct request *request) {
        struct http_headers headers = { 0 };
        struct buf text = BUF_INIT(0);

        ck_assert_int_eq(template_headers(request, &headers), 0);
        for (size_t i = 0; i < headers.count; i++)
                (void)buf_printf(&text, "%s: %s\n", headers.list[i].name, headers.list[i].value);
        http_headers_done(&headers);
        ck_assert_int_eq(buf_reserve(&text, 0), 0);
        return buf_steal(&text, NULL);
}

static int send_change(struct source *source, struct op *op, const struct request *request,
                       struct answer **ret) {
        struct example_source *example = (struct example_source *)source;
        struct example_sent *sent = &example->sent[example->n_sent];
        _cleanup_(answer_unrefp) struct answer *answer = NULL;
        const char *body = NULL;
        int r = 0;

        ck_assert_uint_lt(example->n_sent, EXAMPLE_SENT_MAX);
        example->n_sent++;
        *sent = (struct example_sent){ .call = request->call,
                                       .target = sent_target(request),
                                       .headers = sent_headers(request) };
        if (request->body)
                sent->body = strndup(request->body, request->body_len);
        if (example->send_result)
                r = example->send_result(op, request, &body);
        if (r < 0)
                return r;
        ck_assert_int_eq(answer_new(&answer), 0);
        answer->fetched_ms = stamp_now_ms();
        answer->status = 200;
        ck_assert_int_eq(answer_set_body(answer, body ? body : "", body ? strlen(body) : 0), 0);
        ck_assert_int_eq(answer_seal(answer), 0);
        *ret = STEAL(answer);
        return 0;
}

static void release(struct source *source) {
        (void)source;
}

/* Begins a source on the caller's stack; source_free() does nothing to it. */
void example_init(struct example_source *example) {
        static const struct source_ops ops = { .fetch = fetch,
                                               .send = send_change,
                                               .free = release };

        *example = (struct example_source){ .source = { .ops = &ops } };
}

/* Frees what was recorded. */
void example_done(struct example_source *example) {
        for (size_t i = 0; i < example->n_sent; i++) {
                free(example->sent[i].target);
                free(example->sent[i].headers);
                free(example->sent[i].body);
        }
        example->n_sent = 0;
}
