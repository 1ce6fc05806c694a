/* SPDX-License-Identifier: Apache-2.0 */
/* Fills the templates of a call's row with the parameters of a request. */
#pragma once

#include "base/source.h"
#include "http/http.h"

int template_path(const struct request *request, struct buf *buf);
int template_query(const struct request *request, struct buf *buf);
int template_known(const struct request *request, struct buf *buf);
int template_headers(const struct request *request, struct http_headers *headers);
