/* SPDX-License-Identifier: Apache-2.0 */
/* One attempt: a request goes out over a slot, an answer comes back or it does not. */
#pragma once

#include "http/pool.h"
#include "http/target.h"

struct attempt {
        struct op *op;
        struct http_request *request;
        const struct target *target;
        const char *user_agent;
        unsigned connect_ms;
        unsigned request_ms;
        bool is_fresh;          /* do not use an open connection */

        /* Out, also on failure. */
        struct slot_use use;
        bool may_repeat;        /* on failure: it is of a kind that may pass */
};

int send_once(struct attempt *attempt, struct slot *slot, struct http_response **ret);
