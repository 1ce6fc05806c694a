/* SPDX-License-Identifier: Apache-2.0 */
#include "contrib/emulator/validate.h"

#include "contrib/emulator/contract.h"
#include "contrib/emulator/schema.h"

#include <stdarg.h>
#include <string.h>
#include <strings.h>

void query_parse(const char *text, struct pairs *ret) {
        _cleanup_(freep) char *copy = x_strdup(text);
        char *rest = copy;

        while (rest) {
                char *name = strsep(&rest, "&"), *value;

                if (!*name)
                        continue;
                value = strchr(name, '=');
                if (value)
                        *value++ = 0;
                percent_decode(name, true);
                if (value)
                        percent_decode(value, true);
                pairs_add(ret, name, value ? value : "");
        }
}

_printf_(2, 3) static bool violates(struct exchange *x, const char *format, ...) {
        va_list args;

        free(x->violation);
        va_start(args, format);
        if (vasprintf(&x->violation, format, args) < 0)
                die("out of memory");
        va_end(args);
        return false;
}

/* Headers that the documents list although OpenAPI ignores them, or that credentials replace. */
static bool is_free_header(const char *name) {
        return word_in("accept authorization content-type x-auth-token", name, true);
}

static unsigned flags_of(const struct operation *op) {
        return js_get(document_root(op->document), "/x-name-matching") ? SCHEMA_IGNORE_CASE : 0;
}

static bool check_text(struct exchange *x, const struct param *param, const char *what,
                       const char *text) {
        const struct operation *op = x->req.operation;
        struct json_object *value = schema_from_text(op->document, param->schema, text);
        _cleanup_(freep) char *name = x_printf("%s %s", what, param->name);
        struct problem problem;
        bool good = schema_check(op->document, param->schema, value, 0, name, &problem);

        json_object_put(value);
        return good || violates(x, "%s", problem.text);
}

/* The values of an array parameter: one with commas, or one each. */
static struct json_object *array_value(struct exchange *x, const struct param *param) {
        const struct document *document = x->req.operation->document;
        struct json_object *items = js_get(document_resolve(document, param->schema), "/items");
        struct json_object *array = json_object_new_array();

        for (size_t i = 0; i < x->req.query.count; i++) {
                _cleanup_(freep) char *copy = NULL;
                char *rest;

                if (!str_eq(x->req.query.items[i].name, param->name))
                        continue;
                copy = x_strdup(x->req.query.items[i].value);
                rest = copy;
                while (rest) {
                        char *item = param->explode ? rest : strsep(&rest, ",");

                        json_object_array_add(array, schema_from_text(document, items, item));
                        if (param->explode)
                                rest = NULL;
                }
        }
        return array;
}

static bool is_array(const struct operation *op, const struct param *param) {
        return str_eq(js_str(document_resolve(op->document, param->schema), "/type"), "array");
}

static bool check_query_param(struct exchange *x, const struct param *param) {
        const struct operation *op = x->req.operation;
        size_t count = pairs_count(&x->req.query, param->name);
        struct json_object *array;
        struct problem problem;
        bool good;

        if (count == 0)
                return !param->required ||
                       violates(x, "query parameter %s is missing", param->name);
        if (!is_array(op, param))
                return count > 1 ? violates(x, "query parameter %s is repeated", param->name)
                                 : check_text(x, param, "query parameter",
                                              query_param(&x->req, param->name));
        array = array_value(x, param);
        good = schema_check(op->document, param->schema, array, 0, param->name, &problem);
        json_object_put(array);
        return good || violates(x, "query parameter %s", problem.text);
}

static bool check_params(struct exchange *x) {
        const struct operation *op = x->req.operation;

        for (size_t i = 0; i < op->param_count; i++) {
                const struct param *param = &op->params[i];
                const char *value;
                bool good = true;

                if (param->in == PARAM_QUERY) {
                        good = check_query_param(x, param);
                } else if (param->in == PARAM_PATH) {
                        good = check_text(x, param, "path parameter",
                                          path_param(&x->req, param->name));
                } else if (!is_free_header(param->name)) {
                        value = header(&x->req, param->name);
                        if (value)
                                good = check_text(x, param, "header", value);
                        else if (param->required)
                                good = violates(x, "header %s is missing", param->name);
                }
                if (!good)
                        return false;
        }
        return true;
}

static bool is_known_query(const struct operation *op, const char *name) {
        for (size_t i = 0; i < op->param_count; i++)
                if (op->params[i].in == PARAM_QUERY && str_eq(op->params[i].name, name))
                        return true;
        return op->extension && op->extension->query && word_in(op->extension->query, name, false);
}

static bool check_unknown_query(struct exchange *x) {
        for (size_t i = 0; i < x->req.query.count; i++)
                if (!is_known_query(x->req.operation, x->req.query.items[i].name))
                        return violates(x, "unknown query parameter %.60s",
                                        x->req.query.items[i].name);
        return true;
}

/* The media type without its parameters, in lower case; "" without a Content-Type. */
static char *media_type(const struct request *req) {
        const char *type = header(req, "Content-Type");
        char *copy = x_strndup(type ? type : "", type ? strcspn(type, "; ") : 0);

        for (char *p = copy; *p; p++)
                if (*p >= 'A' && *p <= 'Z')
                        *p = (char)(*p - 'A' + 'a');
        return copy;
}

static bool is_json(const char *media) {
        return str_eq(media, "application/json") || str_ends(media, "+json");
}

static struct json_object *parse_form(struct exchange *x, struct json_object *schema) {
        const struct document *document = x->req.operation->document;
        struct json_object *properties = js_get(document_resolve(document, schema), "/properties");
        struct json_object *form = json_object_new_object();
        struct pairs fields = { 0 };

        query_parse(buf_str(&x->raw), &fields);
        for (size_t i = 0; i < fields.count; i++) {
                struct json_object *property = NULL;

                json_object_object_get_ex(properties, fields.items[i].name, &property);
                json_object_object_add(form, fields.items[i].name,
                                       schema_from_text(document, property, fields.items[i].value));
        }
        pairs_clear(&fields);
        return form;
}

static bool parse_json(struct exchange *x) {
        if (js_parse(buf_str(&x->raw), x->raw.len, &x->req.body) == 0)
                return true;
        return violates(x, "body is not JSON");
}

static bool check_body_schema(struct exchange *x, struct json_object *schema) {
        const struct operation *op = x->req.operation;
        unsigned flags = flags_of(op);
        struct problem problem;

        if (!schema_check(op->document, schema, x->req.body, flags, "body", &problem))
                return violates(x, "%s", problem.text);
        if (flags & SCHEMA_IGNORE_CASE)
                schema_fix_case(op->document, schema, x->req.body);
        return true;
}

/* A body of a documented operation that takes one. */
static bool check_documented_body(struct exchange *x, const char *media) {
        const struct operation *op = x->req.operation;
        struct json_object *content = js_get(op->request_body, "/content"), *type = NULL, *schema;

        if (!json_object_object_get_ex(content, media, &type))
                return violates(
                        x, "body has the media type \"%.60s\", which the operation does not take",
                        media);
        schema = js_get(type, "/schema");
        if (is_json(media)) {
                if (!parse_json(x))
                        return false;
        } else if (str_eq(media, "application/x-www-form-urlencoded")) {
                x->req.body = parse_form(x, schema);
        } else {
                return true; /* bytes: for the handler to read */
        }
        return (op->extension && op->extension->body == BODY_FREE) || check_body_schema(x, schema);
}

static bool check_body(struct exchange *x) {
        const struct operation *op = x->req.operation;
        enum extension_body allowed = BODY_NONE;
        _cleanup_(freep) char *media = media_type(&x->req);

        if (op->request_body)
                allowed = js_bool(op->request_body, "/required", false) ? BODY_REQUIRED
                                                                        : BODY_OPTIONAL;
        else if (!op->node)
                allowed = op->extension->body;
        if (x->raw.len == 0)
                return allowed != BODY_REQUIRED || violates(x, "body is missing");
        if (allowed == BODY_NONE)
                return violates(x, "body of %zu bytes where none belongs", x->raw.len);
        if (op->request_body)
                return check_documented_body(x, media);
        return !is_json(media) || parse_json(x);
}

bool validate_request(struct exchange *x) {
        return check_params(x) && check_unknown_query(x) && check_body(x);
}

_printf_(2, 3) static void own_fault(struct exchange *x, const char *format, ...) {
        va_list args;

        free(x->own_fault);
        va_start(args, format);
        if (vasprintf(&x->own_fault, format, args) < 0)
                die("out of memory");
        va_end(args);
}

static void check_response_body(struct exchange *x, struct json_object *content) {
        const struct operation *op = x->req.operation;
        struct json_object *type = NULL;
        struct problem problem;
        bool has_body = x->resp.body || x->resp.bytes;

        if (!content || json_object_object_length(content) == 0) {
                if (has_body)
                        own_fault(x, "answer %d has a body, but none is documented",
                                  x->resp.status);
        } else if (!has_body) {
                if (x->resp.status != 304)
                        own_fault(x, "answer %d lacks its documented body", x->resp.status);
        } else if (!x->resp.content_type ||
                   !json_object_object_get_ex(content, x->resp.content_type, &type)) {
                own_fault(x, "answer %d has an undocumented media type", x->resp.status);
        } else if (x->resp.body &&
                   !schema_check(op->document, js_get(type, "/schema"), x->resp.body,
                                 SCHEMA_RESPONSE | flags_of(op), "answer", &problem)) {
                own_fault(x, "%s", problem.text);
        }
}

static void check_response_headers(struct exchange *x, struct json_object *headers) {
        if (!headers)
                return;
        js_each_member(headers, name, node) {
                if (js_bool(node, "/required", false) && !pairs_get(&x->resp.headers, name, true))
                        own_fault(x, "answer %d lacks the header %s", x->resp.status, name);
        }
}

void validate_response(struct exchange *x) {
        const struct operation *op = x->req.operation;
        struct json_object *documented;

        if (!op || !op->node || x->resp.is_gateway || x->resp.stream)
                return;
        documented = operation_response(op, x->resp.status);
        if (documented) {
                check_response_body(x, js_get(documented, "/content"));
                check_response_headers(x, js_get(documented, "/headers"));
        } else if (x->resp.status < 400 &&
                   !(op->extension && op->extension->status == x->resp.status)) {
                own_fault(x, "status %d is not documented", x->resp.status);
        }
}

/* Puts a path parameter in wherever a member has its name, and as "id" of the object it names. */
static void put_ids(struct json_object *value, const char *name, const char *id) {
        if (json_object_is_type(value, json_type_array))
                for (size_t i = 0; i < json_object_array_length(value); i++)
                        put_ids(js_at(value, i), name, id);
        if (!json_object_is_type(value, json_type_object))
                return;
        js_each_member(value, member, child) {
                if (str_eq(member, name) && json_object_is_type(child, json_type_string))
                        json_object_set_string(child, id);
                else
                        put_ids(child, name, id);
        }
}

static void put_own_id(struct json_object *value, const char *id) {
        if (!json_object_is_type(value, json_type_object))
                return;
        js_each_member(value, member, child) {
                if (word_in("id uid", member, false) &&
                    json_object_is_type(child, json_type_string))
                        json_object_set_string(child, id);
                else if (json_object_object_length(value) == 1 || str_eq(member, "metadata"))
                        put_own_id(child, id);
        }
}

static struct json_object *example_of(const struct operation *op, struct json_object *type) {
        struct json_object *examples = js_get(type, "/examples");

        if (js_get(type, "/example"))
                return js_clone(js_get(type, "/example"));
        if (json_object_is_type(examples, json_type_object)) {
                js_each_member(examples, name, example) {
                        (void)name;
                        return js_clone(js_get(document_resolve(op->document, example), "/value"));
                }
        }
        return schema_sample(op->document, js_get(type, "/schema"));
}

static void put_example(const struct request *req, struct response *resp, int status,
                        struct json_object *documented) {
        const struct operation *op = req->operation;
        struct json_object *type = js_get(documented, "/content/application~1json"), *body;
        bool names_one = op->segment_count > 0 && op->segments[op->segment_count - 1][0] == '{';

        if (!type) {
                reply_empty(resp, status);
                return;
        }
        body = example_of(op, type);
        for (size_t i = 0; i < req->path_params.count; i++) {
                const struct pair *param = &req->path_params.items[i];

                put_ids(body, param->name, param->value);
                if (names_one && i + 1 == req->path_params.count)
                        put_own_id(body, param->value);
        }
        reply_json(resp, status, body);
}

void reply_example(const struct request *req, struct response *resp) {
        const struct operation *op = req->operation;

        if (op->node) {
                js_each_member(js_get(op->node, "/responses"), code, node) {
                        int64_t status;

                        if (code[0] == '2' && parse_int(code, &status) == 0) {
                                put_example(req, resp, (int)status,
                                            document_resolve(op->document, node));
                                return;
                        }
                }
        }
        reply_error(req, resp, 404, op->node ? "404001" : "NotFound",
                    "This call is not available here.");
}
