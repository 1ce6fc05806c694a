/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The emulator's own interface, for tests: https://emulator.localhost. Needs no credentials and is
 * neither logged nor delayed nor subject to faults.
 */
#include "contrib/emulator/emulator.h"

#include "contrib/emulator/world-internal.h"

static void get_health(struct emulator *emulator, struct exchange *x) {
        (void)emulator;
        reply_json(&x->resp, 200, js_pack("{'status': s, 'version': s}", "ok", HCLOUDFS_VERSION));
}

static void get_requests(struct emulator *emulator, struct exchange *x) {
        size_t size;
        _cleanup_(freep) char *text =
                request_log_since(emulator->log, query_int(&x->req, "since", 0), &size);

        reply_bytes(&x->resp, 200, "application/json", text, size);
}

static void reset_log(struct emulator *emulator, struct exchange *x) {
        request_log_reset(emulator->log);
        reply_empty(&x->resp, 204);
}

static void set_faults(struct emulator *emulator, struct exchange *x) {
        char error[256];

        if (faults_parse(emulator->faults, x->req.raw, error, sizeof(error)) < 0)
                reply_json(&x->resp, 400, js_pack("{'error': s}", error));
        else
                reply_empty(&x->resp, 204);
}

/* {"advance_ms": N} moves the clock on; {"offset_ms": N} sets its distance from the wall clock. */
static void set_clock(struct emulator *emulator, struct exchange *x) {
        struct json_object *body = NULL;
        int64_t now, delta;

        if (js_parse(x->req.raw, x->req.raw_size, &body) < 0) {
                reply_json(&x->resp, 400, js_pack("{'error': s}", "body is not JSON"));
                return;
        }
        world_enter(emulator->world);
        now = js_int(body, "/offset_ms", emulator->world->offset_ms);
        delta = js_int(body, "/advance_ms", 0);
        emulator->world->offset_ms = now + delta;
        reply_json(&x->resp, 200, js_pack("{'offset_ms': i}", emulator->world->offset_ms));
        world_leave(emulator->world, true);
        json_object_put(body);
}

void admin_process(struct emulator *emulator, struct exchange *x) {
        static const struct {
                const char *method, *path;
                void (*run)(struct emulator *emulator, struct exchange *x);
        } calls[] = {
                { "GET", "/health", get_health },    { "GET", "/requests", get_requests },
                { "POST", "/reset-log", reset_log }, { "POST", "/faults", set_faults },
                { "POST", "/clock", set_clock },
        };

        for (size_t i = 0; i < ELEMENTSOF(calls); i++)
                if (str_eq(calls[i].method, x->method) && str_eq(calls[i].path, x->path)) {
                        calls[i].run(emulator, x);
                        return;
                }
        reply_json(&x->resp, 404,
                   js_pack("{'error': s}", "no such call of the emulator's interface"));
}
