/* SPDX-License-Identifier: Apache-2.0 */
/* A body as a file in a form: multipart/form-data (RFC 7578) with one part. */
#pragma once

#include "base/buf.h"

enum { UPLOAD_TYPE_SIZE = 128 };

int upload_form(const char *part, const char *body, size_t len, struct buf *form,
                char ret_type[UPLOAD_TYPE_SIZE]);
