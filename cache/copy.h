/* SPDX-License-Identifier: Apache-2.0 */
/* A request with everything it borrows, for later. */
#pragma once

#include "base/source.h"

struct request_copy {
        struct request request;
        struct param *params; /* owned, as is … */
        char *text;           /* … what the strings are in, one behind the other */
};

int request_copy_new(const struct request *request, struct request_copy **ret);
struct request_copy *request_copy_free(struct request_copy *copy);
DEFINE_CLEANUP(struct request_copy *, request_copy_free)
