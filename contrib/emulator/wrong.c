/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the fault rules do to requests and answers. World lock held. The faults of the wire (cut,
 * reset, wrong length, huge) are left to server.c, which finds them in x->fault.
 */
#include "contrib/emulator/emulator.h"

#include <string.h>

static const char *gateway_code(int status) {
        static const struct {
                int status;
                const char *code;
        } codes[] = {
                { 400, "APIGW.0602" }, { 401, "APIGW.0301" }, { 403, "APIGW.0302" },
                { 404, "APIGW.0101" }, { 413, "APIGW.0201" }, { 429, "APIGW.0308" },
                { 500, "APIGW.0601" }, { 502, "APIGW.0610" }, { 503, "APIGW.0613" },
                { 504, "APIGW.0201" },
        };

        for (size_t i = 0; i < ELEMENTSOF(codes); i++)
                if (codes[i].status == status)
                        return codes[i].code;
        return "APIGW.0601";
}

static void reply_html(struct exchange *x, int status) {
        _cleanup_(freep) char *page = x_printf(
                "<html>\r\n<head><title>%d Error</title></head>\r\n<body>\r\n<center><h1>%d "
                "Error</h1></center>\r\n<hr><center>gateway</center>\r\n</body>\r\n</html>\r\n",
                status, status);

        reply_bytes(&x->resp, status, "text/html", page, strlen(page));
}

/* Engines and fleets have no gateway in front: there the error is their own. */
static void reply_status(struct exchange *x, int status, const char *code) {
        bool is_instance =
                str_eq(x->req.service, "servicecomb") || str_eq(x->req.service, "karmada");

        if (*code)
                reply_error(&x->req, &x->resp, status, code, "Fault by rule");
        else if (is_instance)
                reply_error(&x->req, &x->resp, status, gateway_code(status), "Fault by rule");
        else if (status == 429)
                gateway_error(x, status, gateway_code(status),
                              "The throttling threshold has been reached: policy user over "
                              "ratelimit,limit:200,time:1 second");
        else
                gateway_error(x, status, gateway_code(status), "Fault by rule");
}

/* The first page, whatever page was asked for. */
static void forget_page(struct pairs *query) {
        size_t kept = 0;

        for (size_t i = 0; i < query->count; i++) {
                if (word_in("offset page pageNum pageNo continue marker", query->items[i].name,
                            false)) {
                        free(query->items[i].name);
                        free(query->items[i].value);
                        continue;
                }
                query->items[kept++] = query->items[i];
        }
        query->count = kept;
}

bool fault_before(struct exchange *x) {
        const struct fault_hit *fault = &x->fault;
        bool in_front = fault->body == FAULT_BODY_GATEWAY || fault->body == FAULT_BODY_HTML;
        int status = fault->status ? fault->status : 502;

        if (!fault->hit)
                return false;
        if (fault->repeat_page)
                forget_page(&x->req.query);
        if (!fault->status && !in_front && !fault->reset)
                return false;
        if (fault->body == FAULT_BODY_HTML)
                reply_html(x, status);
        else if (fault->body == FAULT_BODY_EMPTY)
                reply_empty(&x->resp, status);
        else
                reply_status(x, status, fault->code);
        x->resp.is_gateway = true;
        return true;
}

static void make_states_unknown(struct json_object *value) {
        if (json_object_is_type(value, json_type_array))
                for (size_t i = 0; i < json_object_array_length(value); i++)
                        make_states_unknown(js_at(value, i));
        if (!json_object_is_type(value, json_type_object))
                return;
        js_each_member(value, name, member) {
                if (json_object_is_type(member, json_type_string) &&
                    word_in("status sub_status state phase", name, false))
                        json_object_set_string(member, "EMULATOR_UNKNOWN");
                else
                        make_states_unknown(member);
        }
}

void fault_after(struct emulator *emulator, struct exchange *x) {
        struct response *resp = &x->resp;
        const char *kept;
        char seconds[24];
        size_t size;

        if (!x->fault.hit)
                return;
        if (x->fault.stale &&
            (kept = stale_find(emulator->stale, x->host, x->target, &size)) != NULL)
                reply_bytes(resp, 200, "application/json", kept, size);
        if (x->fault.unknown_state && resp->body) {
                struct json_object *changed = js_clone(resp->body);

                make_states_unknown(changed);
                json_object_put(resp->body);
                resp->body = changed;
        }
        if (x->fault.body == FAULT_BODY_EMPTY)
                reply_empty(resp, resp->status);
        if (x->fault.retry_after >= 0) {
                snprintf(seconds, sizeof(seconds), "%d", x->fault.retry_after);
                reply_header(resp, "Retry-After", seconds);
        }
}
