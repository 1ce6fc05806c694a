/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The way of a request: faults and latency, then under the world lock limit, route, validation,
 * credentials and handler, then validation of the answer.
 */
#include "contrib/emulator/emulator.h"
#include "contrib/emulator/hosts.h"
#include "contrib/emulator/identity-internal.h"
#include "contrib/emulator/validate.h"
#include "contrib/emulator/world-internal.h"

#include <string.h>

static void refuse_violation(struct exchange *x) {
        static const struct {
                const char *service, *code;
        } codes[] = {
                { "iam", "IAM.0011" },        { "dws", "DWS.5065" },
                { "cse", "SVCSTG.00400100" }, { "ems", "EMS.00004000" },
                { "ucs", "UCS.01000012" },    { "servicecomb", "400001" },
                { "karmada", "BadRequest" },
        };
        const char *code = "APIGW.0602";

        for (size_t i = 0; i < ELEMENTSOF(codes); i++)
                if (str_eq(codes[i].service, x->req.service))
                        code = codes[i].code;
        reply_error(&x->req, &x->resp, 400, code, "%s", x->violation);
        x->resp.is_gateway = true;
}

/* The engine or fleet of a host that has one; its name may differ in case from that in the host. */
static struct json_object *find_instance(struct exchange *x, enum instance_kind kind) {
        struct json_object *instance = instance_by_host(x->req.world, kind, x->instance);

        if (!instance)
                return NULL;
        free(x->instance);
        x->req.instance = x->instance = x_strdup(js_str(instance, "/name"));
        if (!*x->region && js_str(instance, "/region")) {
                free(x->region);
                x->req.region = x->region = x_strdup(js_str(instance, "/region"));
        }
        return instance;
}

/* Instances that do not exist have no host. */
static bool find_host(struct exchange *x, const struct host *host) {
        bool is_known;

        if (str_eq(host->service, "servicecomb"))
                is_known = find_instance(x, INSTANCE_ENGINE);
        else if (str_eq(host->service, "karmada"))
                is_known = find_instance(x, INSTANCE_FLEET);
        else
                is_known = host->service;
        if (is_known)
                return true;
        if (!host->service)
                x->violation = x_strdup("unknown host");
        gateway_error(x, 404, "APIGW.0101",
                      "The API does not exist: no service has the host %.200s", x->host);
        return false;
}

/* Finds the operation, for the log even when a fault or the gateway answers. */
static void route(struct emulator *emulator, struct exchange *x, const struct host *host) {
        bool is_known = false;

        if (host->prefix && str_begins(x->path, host->prefix))
                x->req.operation = contract_route(emulator->contract, x->req.service, x->method,
                                                  x->path, &x->req.path_params, &is_known);
        x->is_path_known = is_known;
        if (x->req.operation)
                x->req.operation_id = x->req.operation->id;
}

/* Runs the handler, again and again while it wants to wait. Gives the lock up while waiting. */
static void run_handler(struct exchange *x) {
        struct world *world = x->req.world;

        for (;;) {
                uint64_t version = world->version;

                x->resp.is_waiting = false;
                if (x->req.operation->run)
                        x->req.operation->run(&x->req, &x->resp);
                else
                        reply_example(&x->req, &x->resp);
                if (!x->resp.is_waiting)
                        return;
                if (world->stopping) {
                        gateway_error(x, 503, "APIGW.0613", "The emulator is stopping");
                        return;
                }
                world_wait(world, version, x->resp.until_ms);
                world_leave(world, false);
                world_enter(world);
                x->req.round++;
        }
}

static bool is_write(const struct exchange *x) {
        return !str_eq(x->method, "GET") && !str_eq(x->method, "HEAD");
}

static void handle(struct emulator *emulator, struct exchange *x, const struct host *host) {
        bool is_valid;

        if (!find_host(x, host) || !rate_allow(emulator, x))
                return;
        if (!x->req.operation) {
                x->violation = x_strdup(x->is_path_known ? "the path does not take this method"
                                                         : "unknown path");
                refuse_violation(x);
                return;
        }
        /* Without valid credentials the refusal differs, but the contract holds all the same. */
        is_valid = validate_request(x);
        if (!authenticate(x))
                return;
        if (!is_valid) {
                refuse_violation(x);
                return;
        }
        run_handler(x);
        if (x->resp.status == 0) {
                x->own_fault = x_strdup("the handler gave no answer");
                reply_error(&x->req, &x->resp, 500, "500", "The emulator has a fault.");
        } else {
                validate_response(x);
        }
        if (is_write(x) && x->resp.status < 400)
                stale_note_write(emulator->stale);
}

/* Turns a JSON body into bytes; done under the lock, as it may hold objects of the world. */
static void serialize(struct exchange *x) {
        struct response *resp = &x->resp;
        size_t size;
        const char *text;

        if (!resp->body)
                return;
        text = json_object_to_json_string_length(
                resp->body, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE, &size);
        resp->bytes = x_alloc(size + 1);
        memcpy(resp->bytes, text, size);
        resp->size = size;
        json_object_put(STEAL(resp->body));
}

static void prepare(struct emulator *emulator, struct exchange *x, const struct host *host) {
        x->instance = x_strdup(host->instance);
        x->region = x_strdup(host->region);
        x->req.world = emulator->world;
        x->req.service = host->service ? host->service : "";
        x->req.operation_id = "";
        x->req.method = x->method;
        x->req.path = x->path;
        x->req.host = x->host;
        x->req.instance = x->instance;
        x->req.region = x->region;
        x->req.project = "";
        x->req.caller = &x->caller;
        x->req.raw = buf_str(&x->raw);
        x->req.raw_size = x->raw.len;
        query_parse(x->raw_query, &x->req.query);
}

static void process_service(struct emulator *emulator, struct exchange *x,
                            const struct host *host) {
        struct world *world = emulator->world;
        bool is_changed;

        x->fault = faults_match(emulator->faults, x->method, x->host, x->path);
        world_pause(world, emulator->options->latency_ms + x->fault.stall_ms);
        world_enter(world);
        x->req.first_ms = world_now(world);
        route(emulator, x, host);
        if (x->too_large)
                gateway_error(x, 413, "APIGW.0201", "Request entity too large");
        else if (!fault_before(x))
                handle(emulator, x, host);
        is_changed = is_write(x) && !x->resp.is_gateway;
        fault_after(emulator, x);
        serialize(x);
        if (!is_write(x) && x->resp.status == 200 && !x->fault.hit && x->resp.bytes)
                stale_keep(emulator->stale, x->host, x->target, x->resp.bytes, x->resp.size);
        world_leave(world, is_changed);
        reply_header(&x->resp, "X-Request-Id", x->request_id);
        if (x->own_fault)
                fprintf(stderr, "hcloud-emulator: fault: %s %s: %s\n", x->req.service,
                        x->req.operation_id, x->own_fault);
        request_log_add(emulator->log, x);
}

void process(struct emulator *emulator, struct exchange *x) {
        struct host host = host_parse(x->host);

        prepare(emulator, x, &host);
        if (str_eq(host.service, "admin")) {
                admin_process(emulator, x);
                serialize(x);
        } else {
                process_service(emulator, x, &host);
        }
        host_clear(&host);
}
