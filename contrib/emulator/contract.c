/* SPDX-License-Identifier: Apache-2.0 */
#include "contrib/emulator/contract.h"

#include "contrib/emulator/exchange.h"
#include "contrib/emulator/schema.h"

#include <string.h>
#include <strings.h>

static const char *const services[] = {
        "iam", "dws", "cse", "ems", "ucs", "servicecomb", "karmada"
};

struct contract {
        struct document *documents[ELEMENTSOF(services)];
        struct operation *operations;
        size_t count;
};

static const char *const methods[][2] = {
        { "get", "GET" },       { "put", "PUT" },     { "post", "POST" },
        { "delete", "DELETE" }, { "patch", "PATCH" },
};

static void split_path(struct operation *op) {
        const char *p = op->path;

        while (*p == '/') {
                size_t len = strcspn(++p, "/");

                op->segments = x_realloc(op->segments, (op->segment_count + 1) * sizeof(char *));
                op->segments[op->segment_count++] = x_strndup(p, len);
                p += len;
        }
}

static void add_param(struct operation *op, struct json_object *node) {
        const char *in = js_str(node, "/in");
        struct param *param;

        op->params = x_realloc(op->params, (op->param_count + 1) * sizeof(*op->params));
        param = &op->params[op->param_count++];
        *param = (struct param){
                .name = js_str(node, "/name"),
                .in = str_eq(in, "path")    ? PARAM_PATH
                      : str_eq(in, "query") ? PARAM_QUERY
                                            : PARAM_HEADER,
                .required = js_bool(node, "/required", false),
                .explode = js_bool(node, "/explode", true),
                .schema = js_get(node, "/schema"),
        };
}

static void add_params(struct operation *op, struct json_object *list) {
        for (size_t i = 0; i < js_len(list, ""); i++)
                add_param(op, document_resolve(op->document, js_at(list, i)));
}

static handler_fn find_handler(const char *service, const char *id) {
        for (const struct service_part *part = service_parts; part->service; part++)
                for (const struct handler *h = part->handlers; h && h->operation_id; h++)
                        if (str_eq(part->service, service) && str_eq(h->operation_id, id))
                                return h->run;
        return NULL;
}

static struct operation *add_operation(struct contract *contract, const struct document *document,
                                       const char *service, const char *id, const char *method,
                                       const char *path) {
        struct operation *op;

        contract->operations = x_realloc(contract->operations,
                                         (contract->count + 1) * sizeof(*contract->operations));
        op = &contract->operations[contract->count++];
        *op = (struct operation){ .document = document,
                                  .service = service,
                                  .id = id,
                                  .method = method,
                                  .path = path,
                                  .run = find_handler(service, id) };
        split_path(op);
        return op;
}

static const struct extension *find_extension(const char *service, const char *id) {
        for (const struct extension *e = extensions; e->service; e++)
                if (!e->path && str_eq(e->service, service) && str_eq(e->id, id))
                        return e;
        return NULL;
}

static void add_path_item(struct contract *contract, const struct document *document,
                          const char *service, const char *path, struct json_object *item) {
        for (size_t i = 0; i < ELEMENTSOF(methods); i++) {
                struct json_object *node = NULL;
                struct operation *op;

                if (!json_object_object_get_ex(item, methods[i][0], &node))
                        continue;
                op = add_operation(contract, document, service, js_str(node, "/operationId"),
                                   methods[i][1], path);
                op->node = node;
                op->request_body = document_resolve(document, js_get(node, "/requestBody"));
                op->extension = find_extension(service, op->id);
                add_params(op, js_get(item, "/parameters"));
                add_params(op, js_get(node, "/parameters"));
        }
}

static void add_extensions(struct contract *contract, const struct document *document,
                           const char *service) {
        for (const struct extension *e = extensions; e->service; e++)
                if (e->path && str_eq(e->service, service))
                        add_operation(contract, document, service, e->id, e->method, e->path)
                                ->extension = e;
}

int contract_load(const char *directory, struct contract **ret) {
        _cleanup_(contract_freep) struct contract *contract = x_alloc(sizeof(*contract));

        for (size_t i = 0; i < ELEMENTSOF(services); i++) {
                _cleanup_(freep) char *path =
                        x_printf("%s/%s.openapi.json", directory, services[i]);
                int r = document_load(path, &contract->documents[i]);

                if (r < 0)
                        return r;
                js_each_member(js_get(document_root(contract->documents[i]), "/paths"), name,
                               item) {
                        add_path_item(contract, contract->documents[i], services[i], name, item);
                }
                add_extensions(contract, contract->documents[i], services[i]);
        }
        *ret = STEAL(contract);
        return 0;
}

struct contract *contract_free(struct contract *contract) {
        if (!contract)
                return NULL;
        for (size_t i = 0; i < contract->count; i++) {
                for (size_t s = 0; s < contract->operations[i].segment_count; s++)
                        free(contract->operations[i].segments[s]);
                free(contract->operations[i].segments);
                free(contract->operations[i].params);
        }
        for (size_t i = 0; i < ELEMENTSOF(services); i++)
                document_free(contract->documents[i]);
        free(contract->operations);
        free(contract);
        return NULL;
}

enum { SEGMENTS_MAX = 32 };

struct segments {
        char *text; /* owned copy, cut at slashes and decoded */
        char *items[SEGMENTS_MAX];
        size_t count;
};

/*
 * Cuts a raw path at its slashes and decodes the segments. One final slash does not count: a
 * document prints "/v3/projects/". False if a segment is empty or there are too many.
 */
static bool segments_split(struct segments *segments, const char *path) {
        char *rest = segments->text = x_strdup(path);
        size_t len = strlen(rest);

        if (*rest++ != '/')
                return false;
        if (len > 1 && path[len - 1] == '/')
                segments->text[len - 1] = 0;
        while (rest) {
                char *segment = strsep(&rest, "/");

                if (!*segment || segments->count == SEGMENTS_MAX)
                        return false;
                percent_decode(segment, false);
                segments->items[segments->count++] = segment;
        }
        return true;
}

static bool is_placeholder(const char *segment) {
        return segment[0] == '{';
}

static bool matches(const struct operation *op, const struct segments *segments) {
        if (op->segment_count != segments->count)
                return false;
        for (size_t i = 0; i < segments->count; i++)
                if (!is_placeholder(op->segments[i]) &&
                    strcmp(op->segments[i], segments->items[i]) != 0)
                        return false;
        return true;
}

/* Whether a is nearer to the path than b: the first segment in which only one is fixed decides. */
static bool is_nearer(const struct operation *a, const struct operation *b) {
        for (size_t i = 0; i < a->segment_count; i++)
                if (is_placeholder(a->segments[i]) != is_placeholder(b->segments[i]))
                        return is_placeholder(b->segments[i]);
        return false;
}

static void take_params(const struct operation *op, const struct segments *segments,
                        struct pairs *params) {
        for (size_t i = 0; i < op->segment_count; i++) {
                _cleanup_(freep) char *name = NULL;

                if (!is_placeholder(op->segments[i]))
                        continue;
                name = x_strndup(op->segments[i] + 1, strlen(op->segments[i]) - 2);
                pairs_add(params, name, segments->items[i]);
        }
}

const struct operation *contract_route(const struct contract *contract, const char *service,
                                       const char *method, const char *path, struct pairs *params,
                                       bool *ret_known) {
        const struct operation *best = NULL;
        struct segments segments = { 0 };

        *ret_known = false;
        if (segments_split(&segments, path))
                for (size_t i = 0; i < contract->count; i++) {
                        const struct operation *op = &contract->operations[i];

                        if (!str_eq(op->service, service) || !matches(op, &segments))
                                continue;
                        *ret_known = true;
                        if (str_eq(op->method, method) && (!best || is_nearer(op, best)))
                                best = op;
                }
        if (best)
                take_params(best, &segments, params);
        free(segments.text);
        return best;
}

const struct operation *contract_operation(const struct contract *contract, const char *service,
                                           const char *id) {
        for (size_t i = 0; i < contract->count; i++)
                if (str_eq(contract->operations[i].service, service) &&
                    str_eq(contract->operations[i].id, id))
                        return &contract->operations[i];
        return NULL;
}

void contract_each(const struct contract *contract,
                   void (*fn)(const struct operation *op, void *arg), void *arg) {
        for (size_t i = 0; i < contract->count; i++)
                fn(&contract->operations[i], arg);
}

struct json_object *operation_response(const struct operation *op, int status) {
        char code[16];
        struct json_object *responses = js_get(op->node, "/responses"), *found = NULL;

        snprintf(code, sizeof(code), "%d", status);
        if (!json_object_object_get_ex(responses, code, &found))
                json_object_object_get_ex(responses, "default", &found);
        return document_resolve(op->document, found);
}

/* The schema of the documented JSON answer for a status, with the first of several forms chosen. */
static struct json_object *error_schema(const struct operation *op, int status) {
        struct json_object *response = operation_response(op, status), *schema;

        if (!response)
                response = operation_response(op, 400);
        schema = js_get(response, "/content/application~1json/schema");
        schema = document_resolve(op->document, schema);
        if (js_get(schema, "/oneOf/0"))
                schema = document_resolve(op->document, js_get(schema, "/oneOf/0"));
        return schema;
}

enum error_shape operation_error_shape(const struct operation *op, const char *service,
                                       int status) {
        struct json_object *members =
                op && op->node ? js_get(error_schema(op, status), "/properties") : NULL;

        if (str_eq(service, "karmada"))
                return SHAPE_KUBERNETES;
        if (js_get(members, "/error_message"))
                return SHAPE_ERROR_MESSAGE;
        if (js_get(members, "/errorCode") || (!members && str_eq(service, "servicecomb")))
                return SHAPE_CAMEL;
        return SHAPE_ERROR_MSG;
}

const char *contract_error_message(const struct operation *op, const char *code) {
        struct json_object *codes =
                op ? js_get(document_root(op->document), "/x-error-codes") : NULL;

        for (size_t i = 0; i < js_len(codes, ""); i++) {
                const char *known = js_str(js_at(codes, i), "/code");

                if (known && strcasecmp(known, code) == 0)
                        return js_str(js_at(codes, i), "/message");
        }
        return NULL;
}
