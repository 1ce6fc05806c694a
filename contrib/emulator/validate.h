/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Requests and responses against the contract. Reads only the exchange and the contract.
 */
#pragma once

#include "contrib/emulator/exchange.h"

/* The query of a target as pairs, decoded, in order. */
void query_parse(const char *text, struct pairs *ret);

/*
 * Parses the body and checks a request against its operation. Returns whether it fits; if not,
 * x->violation says what is wrong, without any value of the client in it.
 */
bool validate_request(struct exchange *x);

/* Checks the answer of a handler; what is wrong goes to x->own_fault. */
void validate_response(struct exchange *x);

/* Answers with the documented example of a success, ids of the path put in. */
void reply_example(const struct request *req, struct response *resp);
