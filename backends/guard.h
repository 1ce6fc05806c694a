/* SPDX-License-Identifier: Apache-2.0 */
/* What the account's own settings let through: `access`, `allow_create`, `allow_delete`, and the
 * budget of deletions and of costly creations. Decided by a call's risk, not by its HTTP method. */
#pragma once

#include <pthread.h>

#include "auth/config.h"
#include "base/kind-change.h"
#include "base/op.h"

enum { GUARD_BUDGET_MAX = 1000 };

struct guard {
        const char *account; /* borrowed */
        enum account_access access;
        enum account_allow allow_delete, allow_create;
        unsigned per_minute;  /* deletions and costly creations; 0: none are counted */
        pthread_mutex_t lock; /* protects what follows */
        int64_t *times;       /* monotonic ms of the last `per_minute` deletions */
        unsigned next;
        bool is_exhausted; /* until it is acknowledged */
};

int guard_init(struct guard *guard, const char *account, enum account_access access,
               enum account_allow allow_delete, enum account_allow allow_create,
               unsigned per_minute);
void guard_done(struct guard *guard);
int guard_check(struct guard *guard, struct op *op, const struct call *call, enum weight weight,
                bool is_creation);
int guard_spend(struct guard *guard, struct op *op, const struct call *call, unsigned count,
                bool is_costly);
int guard_may_spend(struct guard *guard, struct op *op, const struct call *call);
void guard_refund(struct guard *guard, const struct call *call);
void guard_acknowledge(struct guard *guard);
int guard_describe(struct guard *guard, struct json **ret);
