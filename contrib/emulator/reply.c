/* SPDX-License-Identifier: Apache-2.0 */
#include "contrib/emulator/reply.h"

#include "contrib/emulator/contract.h"
#include "contrib/emulator/exchange.h"

#include <stdarg.h>
#include <string.h>
#include <strings.h>

void pairs_add(struct pairs *pairs, const char *name, const char *value) {
        pairs->items = x_realloc(pairs->items, (pairs->count + 1) * sizeof(*pairs->items));
        pairs->items[pairs->count++] = (struct pair){ x_strdup(name), x_strdup(value) };
}

void pairs_clear(struct pairs *pairs) {
        for (size_t i = 0; i < pairs->count; i++) {
                free(pairs->items[i].name);
                free(pairs->items[i].value);
        }
        free(pairs->items);
        *pairs = (struct pairs){ 0 };
}

const char *pairs_get(const struct pairs *pairs, const char *name, bool ignore_case) {
        for (size_t i = 0; i < pairs->count; i++) {
                const char *have = pairs->items[i].name;

                if ((ignore_case ? strcasecmp(have, name) : strcmp(have, name)) == 0)
                        return pairs->items[i].value;
        }
        return NULL;
}

size_t pairs_count(const struct pairs *pairs, const char *name) {
        size_t count = 0;

        for (size_t i = 0; i < pairs->count; i++)
                count += strcmp(pairs->items[i].name, name) == 0;
        return count;
}

const char *keep(struct exchange *x, const char *text) {
        pairs_add(&x->kept, "", text ? text : "");
        return x->kept.items[x->kept.count - 1].value;
}

const char *path_param(const struct request *req, const char *name) {
        return pairs_get(&req->path_params, name, false);
}

const char *query_param(const struct request *req, const char *name) {
        return pairs_get(&req->query, name, false);
}

const char *header(const struct request *req, const char *name) {
        return pairs_get(&req->headers, name, true);
}

int64_t query_int(const struct request *req, const char *name, int64_t fallback) {
        const char *text = query_param(req, name);
        int64_t value;

        return text && parse_int(text, &value) == 0 ? value : fallback;
}

bool query_bool(const struct request *req, const char *name, bool fallback) {
        const char *text = query_param(req, name);

        return text ? str_eq(text, "true") || str_eq(text, "1") : fallback;
}

void response_clear(struct response *resp) {
        json_object_put(resp->body);
        json_object_put(resp->stream_state);
        free(resp->bytes);
        free(resp->content_type);
        pairs_clear(&resp->headers);
        *resp = (struct response){ 0 };
}

static void start(struct response *resp, int status, const char *content_type) {
        json_object_put(STEAL(resp->body));
        free(STEAL(resp->bytes));
        free(resp->content_type);
        resp->content_type = x_strdup(content_type);
        resp->size = 0;
        resp->status = status;
        resp->is_waiting = false;
}

void reply_json(struct response *resp, int status, struct json_object *body) {
        start(resp, status, body ? "application/json" : NULL);
        resp->body = body;
}

void reply_empty(struct response *resp, int status) {
        start(resp, status, NULL);
}

void reply_bytes(struct response *resp, int status, const char *content_type, const void *data,
                 size_t size) {
        start(resp, status, content_type);
        resp->bytes = x_alloc(size + 1);
        memcpy(resp->bytes, data, size);
        resp->size = size;
}

void reply_header(struct response *resp, const char *name, const char *value) {
        pairs_add(&resp->headers, name, value);
}

void response_wait(struct response *resp, int64_t until_ms) {
        resp->is_waiting = true;
        resp->until_ms = until_ms;
}

void reply_stream(struct response *resp, int status, const char *content_type, int64_t until_ms,
                  stream_fn fn, struct json_object *state) {
        start(resp, status, content_type);
        resp->until_ms = until_ms;
        resp->stream = fn;
        resp->stream_state = state;
}

static const char *kubernetes_reason(int status) {
        switch (status) {
        case 400:
                return "BadRequest";
        case 401:
                return "Unauthorized";
        case 403:
                return "Forbidden";
        case 404:
                return "NotFound";
        case 405:
                return "MethodNotAllowed";
        case 409:
                return "Conflict";
        case 410:
                return "Expired";
        case 422:
                return "Invalid";
        case 429:
                return "TooManyRequests";
        default:
                return "InternalError";
        }
}

/* A code of the gateway or of the validation is no Kubernetes reason. */
static struct json_object *kubernetes_status(int status, const char *code, const char *message) {
        const char *reason = code && !strchr(code, '.') ? code : kubernetes_reason(status);

        return js_pack("{'kind': s, 'apiVersion': s, 'metadata': {}, 'status': s, 'message': s, "
                       "'reason': s, 'code': i}",
                       "Status", "v1", "Failure", message, reason, (int64_t)status);
}

static struct json_object *error_body(const struct request *req, int status, const char *code,
                                      const char *message) {
        switch (operation_error_shape(req->operation, req->service, status)) {
        case SHAPE_ERROR_MESSAGE:
                return js_pack("{'error_code': s, 'error_message': s}", code, message);
        case SHAPE_CAMEL:
                return js_pack("{'errorCode': s, 'errorMessage': s, 'detail': s}", code, message,
                               message);
        case SHAPE_KUBERNETES:
                return kubernetes_status(status, code, message);
        case SHAPE_ERROR_MSG:
                break;
        }
        return js_pack("{'error_code': s, 'error_msg': s}", code, message);
}

void reply_error(const struct request *req, struct response *resp, int status, const char *code,
                 const char *format, ...) {
        _cleanup_(freep) char *message = NULL;
        va_list args;

        va_start(args, format);
        if (vasprintf(&message, format, args) < 0)
                die("out of memory");
        va_end(args);
        reply_json(resp, status, error_body(req, status, code, message));
}

void reply_error_code(const struct request *req, struct response *resp, int status,
                      const char *code) {
        const char *message = contract_error_message(req->operation, code);

        reply_error(req, resp, status, code, "%s", message ? message : "The request failed.");
}

void gateway_error(struct exchange *x, int status, const char *code, const char *format, ...) {
        _cleanup_(freep) char *message = NULL;
        va_list args;

        va_start(args, format);
        if (vasprintf(&message, format, args) < 0)
                die("out of memory");
        va_end(args);
        reply_json(&x->resp, status,
                   js_pack("{'error_code': s, 'error_msg': s, 'request_id': s}", code, message,
                           x->request_id));
        x->resp.is_gateway = true;
}
