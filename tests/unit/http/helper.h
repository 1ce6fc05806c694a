/* SPDX-License-Identifier: Apache-2.0 */
/* What the tests of this floor share: a server by its replies, a request in a thread of its own. */
#pragma once

#include <check.h>
#include <pthread.h>

#include "base/stamp.h"
#include "base/text.h"
#include "http/http.h"
#include "tests/unit/http/server.h"

/* The server of a test, with its script. */
#define SERVE(...)                                                                                 \
        static const struct reply replies[] = { __VA_ARGS__ };                                     \
        _cleanup_(server_freep) struct server *server = server_new(replies, ELEMENTSOF(replies))

/* Options that do not make a test wait for what it does not test. */
#define QUICK                                                                                      \
        { .connect_ms = 5000, .request_ms = 20000, .retries = 1, .rate = 1000, .burst = 1000 }

struct http *make_http(const struct http_options *options);

/* One request, in this thread or another. */
struct errand {
        struct http *http;
        struct op op;
        struct http_request request;
        struct http_response *response;
        int result;
        char url[512];
        pthread_t thread;
};

void errand_init(struct errand *errand, struct http *http, const char *url,
                 enum op_priority priority);
int errand_run(struct errand *errand);
void errand_start(struct errand *errand);
int errand_join(struct errand *errand);
void errand_done(struct errand *errand);

/* Spins until the pool or a limit has so many waiting; the sum over all. */
void wait_for_waiting(struct http *http, int64_t count);
