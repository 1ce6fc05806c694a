/* SPDX-License-Identifier: Apache-2.0 */
/* How long to wait before asking again: as the answer says, else longer each time. */
#pragma once

#include "http/http.h"

enum {
        BACKOFF_READ_MS = 1000,    /* first wait after a refusal for too many requests … */
        BACKOFF_WRITE_MS = 60000,
        BACKOFF_FAULT_MS = 250,    /* … and after a failure */
        BACKOFF_MAX_MS = 60000,
        THROTTLE_WAIT_MAX_MS = 24 * 3600 * 1000,
};

/* What an answer says about when to come back. */
struct throttle {
        int64_t wait_ms;    /* 0: it did not say */
        unsigned limit;     /* requests in `window_ms`, 0: it did not say */
        int64_t window_ms;
};

void throttle_read(const struct http_response *response, struct throttle *ret);
int64_t backoff_ms(int64_t base_ms, unsigned times);
