/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The contract: OpenAPI documents, their operations, and the few extensions that real servers have.
 * Loaded once and never changed afterwards, so any thread may read it without a lock.
 */
#pragma once

#include "contrib/emulator/handler.h"
#include "contrib/emulator/util.h"

struct document; /* one OpenAPI file: see schema.h for what may be asked of it */

enum param_in { PARAM_PATH, PARAM_QUERY, PARAM_HEADER };

struct param {
        const char *name;
        enum param_in in;
        bool required;
        bool explode; /* arrays: repeated parameters (true) or one with commas */
        struct json_object *schema;
};

/* BODY_FREE: the documented body is not checked, as the handler knows more forms. */
enum extension_body { BODY_NONE, BODY_OPTIONAL, BODY_REQUIRED, BODY_FREE };

/* A row of extensions.c: a call, or further query parameters of a documented one (path NULL). */
struct extension {
        const char *service, *id;
        const char *method, *path;
        const char *query; /* blank-separated names; NULL: none */
        enum extension_body body;
        int status; /* a status that is allowed beside the documented ones; 0: none */
};
extern const struct extension extensions[]; /* ends with service NULL */

struct operation {
        const struct document *document;
        const char *service, *id, *method, *path;
        char **segments; /* of the path; placeholders keep their braces */
        size_t segment_count;
        struct param *params;
        size_t param_count;
        struct json_object *node;         /* the operation in its document; NULL for an extension */
        struct json_object *request_body; /* resolved, or NULL */
        const struct extension *extension;
        handler_fn run; /* NULL: answer the example */
};

enum error_shape { SHAPE_ERROR_MSG, SHAPE_ERROR_MESSAGE, SHAPE_CAMEL, SHAPE_KUBERNETES };

struct contract;

/*
 * Reads SERVICE.openapi.json of all services from a directory and joins operations with handlers.
 * On failure (negative errno) the reason is on stderr.
 */
int contract_load(const char *directory, struct contract **ret);
struct contract *contract_free(struct contract *contract);
DEFINE_CLEANUP(struct contract *, contract_free)

/*
 * Finds the operation of a service for a raw path; fixed segments win over placeholders. The
 * decoded path parameters are added to `params`. Returns NULL when there is none; then *ret_known
 * tells whether the path exists with another method.
 */
const struct operation *contract_route(const struct contract *contract, const char *service,
                                       const char *method, const char *path, struct pairs *params,
                                       bool *ret_known);

/* The operation of that id, or NULL. */
const struct operation *contract_operation(const struct contract *contract, const char *service,
                                           const char *id);

/* Calls fn for every operation. */
void contract_each(const struct contract *contract,
                   void (*fn)(const struct operation *op, void *arg), void *arg);

/* The documented answer for a status (resolved; "default" counts), or NULL. */
struct json_object *operation_response(const struct operation *op, int status);

/* How errors of an operation (may be NULL) look. */
enum error_shape operation_error_shape(const struct operation *op, const char *service, int status);

/* The message of x-error-codes for a code, without regard to case; NULL if unknown. */
const char *contract_error_message(const struct operation *op, const char *code);
