/* SPDX-License-Identifier: Apache-2.0 */
/* What an answer's status and error code mean as errno. */
#pragma once

#include "base/kind.h"
#include "base/op.h"
#include "http/http.h"

int fault_errno(const char *service, int status, const char *code);
int fault_fail(struct op *op, const struct call *call, const struct http_response *response);
