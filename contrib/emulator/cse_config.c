/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CSE: configurations of an engine as files: import, export, and the scopes of 1.x engines.
 */
#include "contrib/emulator/cse.h"

#include "contrib/emulator/kie.h"
#include "contrib/emulator/util.h"

#include <string.h>

/* The value of a parameter of a header ("boundary=x", quoted or not). Owned; NULL if absent. */
static char *header_part(const char *text, const char *name) {
        _cleanup_(freep) char *key = x_printf("%s=", name);
        const char *found = text ? strcasestr(text, key) : NULL;

        if (!found)
                return NULL;
        found += strlen(key);
        if (*found == '"')
                return x_strndup(found + 1, strcspn(found + 1, "\""));
        return x_strndup(found, strcspn(found, "; \r\n"));
}

/*
 * The contents of the part of that name of a multipart body. Returns NULL if there is none, else
 * where it begins in the body, with its size.
 */
static const char *find_part(const struct request *req, const char *name, size_t *ret_size) {
        _cleanup_(freep) char *boundary = header_part(header(req, "Content-Type"), "boundary");
        _cleanup_(freep) char *delimiter = x_printf("--%s", boundary ? boundary : "");
        const char *at = req->raw, *end = req->raw ? req->raw + req->raw_size : NULL;

        while (boundary && at) {
                const char *head, *body, *next;
                _cleanup_(freep) char *headers = NULL, *part = NULL;

                at = memmem(at, (size_t)(end - at), delimiter, strlen(delimiter));
                if (!at)
                        break;
                head = at + strlen(delimiter);
                body = memmem(head, (size_t)(end - head), "\r\n\r\n", 4);
                if (!body)
                        break;
                headers = x_strndup(head, (size_t)(body - head));
                body += 4;
                next = memmem(body, (size_t)(end - body), delimiter, strlen(delimiter));
                if (!next || next < body + 2)
                        break;
                part = header_part(headers, " name");
                if (str_eq(part, name)) {
                        *ret_size = (size_t)(next - 2 - body);
                        return body;
                }
                at = next;
        }
        return NULL;
}

/* What to do with an item whose key and labels exist already. */
enum override { OVERRIDE_FORCE, OVERRIDE_ABORT, OVERRIDE_SKIP };

struct import {
        struct world *world;
        const char *store;
        enum override override;
        struct json_object *labels; /* owned: for every item instead of its own; NULL: its own */
        struct json_object *success, *failure;
        bool stopped;
};

static void add_failure(struct import *import, struct json_object *item, const char *code,
                        const char *message) {
        struct json_object *labels = js_get(item, "/labels");

        json_object_array_add(
                import->failure,
                js_pack("{'key': s, 'labels': O, 'error_code': s, 'error_message': s}",
                        js_str(item, "/key") ? js_str(item, "/key") : "",
                        json_object_is_type(labels, json_type_object) ? js_clone(labels) : NULL,
                        code, message));
}

/* Returns the code of what is wrong with an item, or NULL. */
static const char *item_problem(struct json_object *item, const char **ret_message) {
        const char *problem;

        *ret_message = "Configuration item key/value is null or not a string.";
        if (!js_str(item, "/key") || !js_str(item, "/value"))
                return "SVCSTG.00400652";
        *ret_message = "Key/value length exceeds the upper limit.";
        if (!*js_str(item, "/value"))
                return "SVCSTG.00400649";
        problem = kie_problem(item);
        if (!problem)
                return NULL;
        if (str_eq(problem, "labels")) {
                *ret_message = "Invalid label or body.";
                return "SVCSTG.00400653";
        }
        if (str_eq(problem, "key") || str_eq(problem, "value"))
                return "SVCSTG.00400649";
        *ret_message = "Invalid parameter(s)";
        return "SVCSTG.00400100";
}

static void import_new(struct import *import, struct json_object *item) {
        struct json_object *kv = kie_create(import->world, import->store, item);

        json_object_array_add(import->success, js_clone(kv));
}

static void import_item(struct import *import, struct json_object *given) {
        _cleanup_(freep) char *id = x_alloc(KIE_ID_SIZE);
        struct json_object *item = json_object_new_object(), *old;
        const char *message, *code;

        js_copy_members(item, given, "key value labels status value_type");
        if (import->labels)
                json_object_object_add(item, "labels", js_clone(import->labels));
        code = item_problem(item, &message);
        old = code ? NULL
                   : collection_get(kie_store(import->world, import->store),
                                    kie_id(js_str(item, "/key"), js_get(item, "/labels"), id));
        if (code) {
                add_failure(import, item, code, message);
        } else if (!old) {
                import_new(import, item);
        } else if (import->override != OVERRIDE_FORCE) {
                add_failure(import, item, "SVCSTG.00400107", "Record already exist");
                import->stopped = import->override == OVERRIDE_ABORT;
        } else {
                kie_update(import->world, import->store, old, js_str(item, "/value"),
                           js_str(item, "/status"));
                json_object_array_add(import->success, js_clone(old));
        }
        json_object_put(item);
}

static enum override override_of(const struct request *req) {
        const char *text = query_param(req, "override");

        return str_eq(text, "abort")  ? OVERRIDE_ABORT
               : str_eq(text, "skip") ? OVERRIDE_SKIP
                                      : OVERRIDE_FORCE;
}

/* The file of the request; answers and returns NULL when it is none. Owned. */
static struct json_object *uploaded(const struct request *req, struct response *resp) {
        size_t size = 0;
        const char *text = find_part(req, "upload_file", &size);
        _cleanup_(freep) char *copy = text ? x_strndup(text, size) : NULL;
        struct json_object *file = NULL;

        if (!copy || size == 0 || js_parse(copy, strlen(copy), &file) < 0) {
                reply_error_code(req, resp, 400, "SVCSTG.00400651");
                return NULL;
        }
        if (!json_object_is_type(js_get(file, "/data"), json_type_array)) {
                json_object_put(file);
                reply_error_code(req, resp, 400, "SVCSTG.00400650");
                return NULL;
        }
        return file;
}

static void import_configs(const struct request *req, struct response *resp) {
        struct json_object *engine = cse_engine_routed(req, resp, "CSE"), *file;
        struct import import = { .world = req->world, .override = override_of(req) };
        const char *label = query_param(req, "label");

        file = engine ? uploaded(req, resp) : NULL;
        if (!file)
                return;
        if (label && *label) {
                import.labels = json_object_new_object();
                if (kie_label_parse(label, import.labels) < 0) {
                        reply_error_code(req, resp, 400, "SVCSTG.00400653");
                        goto out;
                }
        }
        import.store = cse_host(engine);
        import.success = json_object_new_array();
        import.failure = json_object_new_array();
        for (size_t i = 0; !import.stopped && i < js_len(file, "/data"); i++)
                import_item(&import, js_at(js_get(file, "/data"), i));
        reply_json(resp, 200,
                   js_pack("{'success': o, 'failure': o}", import.success, import.failure));
out:
        json_object_put(import.labels);
        json_object_put(file);
}

static bool is_listed(struct json_object *ids, const char *id) {
        for (size_t i = 0; i < js_len(ids, ""); i++)
                if (str_eq(json_object_get_string(js_at(ids, i)), id))
                        return true;
        return js_len(ids, "") == 0; /* none named: everything */
}

static void export_configs(const struct request *req, struct response *resp) {
        struct json_object *engine = cse_engine_routed(req, resp, "CSE"), *data, *labels;
        bool exact = str_eq(query_param(req, "match"), "exact");
        const char *label = query_param(req, "label");

        if (!engine)
                return;
        labels = json_object_new_object();
        if (label && *label && kie_label_parse(label, labels) < 0) {
                reply_error_code(req, resp, 400, "SVCSTG.00400653");
                json_object_put(labels);
                return;
        }
        data = json_object_new_array();
        for (struct entry *e = collection_first(kie_store(req->world, cse_host(engine))); e;
             e = entry_next(e)) {
                struct json_object *item;

                if (!is_listed(js_get(req->body, "/ids"), entry_id(e)) ||
                    (label && *label &&
                     !kie_labels_match(js_get(entry_object(e), "/labels"), labels, exact)))
                        continue;
                item = json_object_new_object();
                js_copy_members(item, entry_object(e), "id key labels value value_type status");
                json_object_array_add(data, item);
        }
        json_object_put(labels);
        reply_json(resp, 200,
                   js_pack("{'metadata': {'version': s, 'annotations': {}}, 'data': o}", "1.0.0",
                           data));
}

/* Scopes of 1.x engines cannot be listed, so there is nothing to forget. */
static void delete_scope(const struct request *req, struct response *resp) {
        if (cse_engine_routed(req, resp, "CSE"))
                reply_json(resp, 200, js_pack("{'Result': s}", "Success"));
}

const struct handler cse_config_handlers[] = {
        { "importKieConfigs", import_configs },
        { "exportKieConfigs", export_configs },
        { "deleteConfigScope", delete_scope },
        { 0 },
};
