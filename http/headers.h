/* SPDX-License-Identifier: Apache-2.0 */
/* What only this floor does with headers; the rest stands in http.h. */
#pragma once

#include "http/http.h"

enum {
        HTTP_HEADERS_MAX = 256,            /* of one request or answer */
        HTTP_HEAD_SIZE_MAX = 256 * 1024,   /* bytes of an answer's head */
};

int headers_add(struct http_headers *headers, const char *name, size_t name_len, const char *value,
                size_t value_len);
int headers_receive(struct http_headers *headers, const char *line, size_t len);
