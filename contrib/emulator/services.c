/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The table of all service parts. A service may have several rows (one a file).
 * An operation that no row handles answers the example of the contract.
 */
#include "contrib/emulator/identity-internal.h"

const struct service_part service_parts[] = {
        { .service = "iam", .handlers = iam_handlers },
        { .service = "cse", .handlers = engine_login_handlers },
        { .service = "servicecomb", .handlers = login_handlers },
        { .service = "dws" },
        { .service = "ems" },
        { .service = "ucs" },
        { .service = "karmada" },
        { .service = "cse" },
        { .service = "servicecomb" },
        { 0 },
};
