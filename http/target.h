/* SPDX-License-Identifier: Apache-2.0 */
/* Where a request goes, taken from its URL by libcurl's own parser. */
#pragma once

#include "http/http.h"

struct target {
        char *origin;      /* owned: `https://host:443`, the key of the host's connections */
        char *host;        /* owned: for people: host, and port if it is not the scheme's */
        bool is_plain;     /* http:// */
        bool is_loopback;  /* by its name: 127.0.0.0/8, ::1, localhost, *.localhost */
};

int target_parse(struct op *op, const struct http_request *request, struct target *ret);
void target_done(struct target *target);
bool address_is_loopback(const char *address);
bool host_is_loopback(const char *host);
