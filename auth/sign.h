/* SPDX-License-Identifier: Apache-2.0 */
/* SDK-HMAC-SHA256: how a request proves that its sender has the secret key. Pure functions. */
#pragma once

#include "base/buf.h"

struct sign_header {
        const char *name;  /* in any case */
        const char *value; /* blanks at both ends do not count */
};

/* What is signed; all borrowed. */
struct sign_input {
        const char *ak, *sk;
        const char *date;             /* X-Sdk-Date: YYYYMMDDTHHMMSSZ, UTC */
        const char *method;           /* upper case */
        const char *url;              /* as it goes out */
        const struct sign_header *headers; /* the ones to sign, X-Sdk-Date and Host among them */
        size_t n_headers;
        const void *body;             /* exactly what goes out, NULL: none */
        size_t body_len;
};

enum { SIGN_HEADERS_MAX = 64, SIGN_SIZE_MAX = 256 * 1024, SIGN_BODY_MAX = 12 * 1000 * 1000 };

#define SIGN_UNSIGNED_PAYLOAD "UNSIGNED-PAYLOAD"

int sign_canonical(const struct sign_input *input, struct buf *buf);
int sign_authorization(const struct sign_input *input, char **ret);
int sign_host(const char *url, char **ret);
