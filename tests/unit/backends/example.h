/* SPDX-License-Identifier: Apache-2.0 */
/* A source that answers each call with the example in the contract, and counts. */
#pragma once

#include "base/source.h"

struct example_source {
        struct source source;
        unsigned fetches;
        struct json *(*answer_of)(const struct request *request); /* overrides examples, or NULL */
};

void example_init(struct example_source *example);
struct json *contract_operation(const char *service, const char *id, const char **ret_method,
                                const char **ret_path);
struct json *contract_document(const char *service);
struct json *contract_example(const char *service, const char *id);
