/* SPDX-License-Identifier: Apache-2.0 */
/* A source that answers each call with the example in the contract, counts, and records changes. */
#pragma once

#include "base/source.h"

enum { EXAMPLE_SENT_MAX = 1024 };

/* A changing request as it would have gone out. */
struct example_sent {
        const struct call *call;
        char *target;  /* path and query */
        char *headers; /* `Name: value` lines */
        char *body;    /* NULL: none */
};

struct example_source {
        struct source source;
        unsigned fetches;
        const char *missing; /* operationId that is answered by -ENOENT, or NULL */
        struct example_sent sent[EXAMPLE_SENT_MAX];
        size_t n_sent;
        /* What a change is answered: 0 with a body or NULL, or negative errno with the op's fault.
         */
        int (*send_result)(struct op *op, const struct request *request, const char **ret_body);
        struct json *(*answer_of)(const struct request *request); /* overrides examples, or NULL */
};

void example_init(struct example_source *example);
void example_done(struct example_source *example);
struct json *contract_operation(const char *service, const char *id, const char **ret_method,
                                const char **ret_path);
struct json *contract_document(const char *service);
struct json *contract_example(const char *service, const char *id);
