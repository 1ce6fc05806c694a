/* SPDX-License-Identifier: Apache-2.0 */
/* What http.c makes and retry.c uses. */
#pragma once

#include "http/http.h"
#include "http/limit.h"
#include "http/pool.h"

struct http {
        unsigned connect_ms;
        unsigned request_ms;
        unsigned retries;
        char *user_agent;
        struct pool pool;
        struct limiter limiter;
};
