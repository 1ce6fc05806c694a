/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SDK-HMAC-SHA256 request signatures, from the server's side: what a request must have signed.
 * Written from the published description; shares nothing with the signer of hcloudfs. Thread-safe.
 */
#pragma once

#include "contrib/emulator/handler.h"

/* The parts of an Authorization header; they point into `text`. */
struct signature {
        char *text; /* owned */
        const char *access, *signed_headers, *value;
};

/*
 * Takes an Authorization header apart. Returns 0, or -EBADMSG when it is not of this algorithm's
 * form.
 */
int signature_parse(const char *authorization, struct signature *ret);
void signature_clear(struct signature *signature);

/* What was signed. */
struct signed_request {
        const char *method;
        const char *target; /* as received: path and query, percent-encoded */
        const struct pairs *headers;
        const char *body;
        size_t body_size;
};

/*
 * The canonical request for the signed header names. Returns NULL when a signed header is missing
 * from the request, names are not sorted, or X-Sdk-Date is not among them. The caller frees it.
 */
char *signature_canonical(const struct signed_request *req, const char *signed_headers);

/* Whether the signature over a canonical request and a date was made with this secret key. */
bool signature_matches(const char *canonical, const char *date, const char *secret_key,
                       const char *value);

/* The hex SHA-256 of bytes (ret: 65 bytes). */
void sha256_hex(const void *data, size_t size, char *ret);
