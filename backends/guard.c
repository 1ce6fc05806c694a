/* SPDX-License-Identifier: Apache-2.0 */
#include "backends/guard.h"

#include "base/stamp.h"

enum { MINUTE_MS = 60 * 1000 };

/** guard_init() - the settings of an account. @per_minute: at most GUARD_BUDGET_MAX. 0 or -ENOMEM.
 */
int guard_init(struct guard *guard, const char *account, enum account_access access,
               enum account_allow allow_delete, enum account_allow allow_create,
               unsigned per_minute) {
        *guard = (struct guard){
                .account = account,
                .access = access,
                .allow_delete = allow_delete,
                .allow_create = allow_create,
                .per_minute = per_minute < GUARD_BUDGET_MAX ? per_minute : GUARD_BUDGET_MAX,
        };
        guard->times = calloc(guard->per_minute + 1, sizeof(*guard->times));
        if (!guard->times)
                return -ENOMEM;
        (void)pthread_mutex_init(&guard->lock, NULL);
        return 0;
}

/** guard_done() - free what the guard holds. */
void guard_done(struct guard *guard) {
        if (guard->times)
                (void)pthread_mutex_destroy(&guard->lock);
        free(guard->times);
        guard->times = NULL;
}

static const char *allow_name(enum account_allow allow) {
        static const char *const names[] = { "none", "documents", "all" };

        return names[allow];
}

static bool covers(enum account_allow allow, enum weight weight) {
        return allow == ALLOW_ALL || (allow == ALLOW_DOCUMENTS && weight == WEIGHT_DOCUMENTS);
}

/**
 * guard_check() - may this call be sent at all?
 * Returns 0, or -EPERM with a reason that names the setting and the value that would allow it.
 */
int guard_check(struct guard *guard, struct op *op, const struct call *call, enum weight weight,
                bool is_creation) {
        const char *wanted = weight == WEIGHT_ALL ? "all" : "documents";

        if (call->risk == RISK_READ)
                return 0;
        if (guard->access == ACCESS_READ_ONLY)
                return op_fail(op, EPERM, "%s: account %s has access = read-only", call->id,
                               guard->account);
        if (call->risk == RISK_DELETE && !covers(guard->allow_delete, weight))
                return op_fail(op, EPERM,
                               "%s: account %s has allow_delete = %s; this needs allow_delete = %s",
                               call->id, guard->account, allow_name(guard->allow_delete), wanted);
        if (is_creation && call->risk == RISK_CHANGE && !covers(guard->allow_create, weight))
                return op_fail(op, EPERM,
                               "%s: account %s has allow_create = %s; this needs allow_create = %s",
                               call->id, guard->account, allow_name(guard->allow_create), wanted);
        return 0;
}

/* Are so many deletions left in the budget? Asking for more than there are exhausts it. */
static bool has(struct guard *guard, int64_t now, unsigned count) {
        int64_t oldest;

        if (guard->is_exhausted || count > guard->per_minute)
                return false;
        oldest = guard->times[(guard->next + count - 1) % guard->per_minute];
        if (oldest && now - oldest < MINUTE_MS)
                guard->is_exhausted = true;
        return !guard->is_exhausted;
}

/* Takes deletions out of the budget; false, and none taken, if there are not so many left. */
static bool take(struct guard *guard, unsigned count) {
        int64_t now = stamp_monotonic_ms();

        if (!has(guard, now, count))
                return false;
        for (unsigned i = 0; i < count; i++)
                guard->times[(guard->next + i) % guard->per_minute] = now;
        guard->next = (guard->next + count) % guard->per_minute;
        return true;
}

static int fail_exhausted(const struct guard *guard, struct op *op, const struct call *call) {
        return op_fail(op, EDQUOT,
                       "%s: more than %u deletions or creations of infrastructure within a minute "
                       "in account %s; to go on: echo %s > .hcloudfs/acknowledge",
                       call->id, guard->per_minute, guard->account, guard->account);
}

/**
 * guard_spend() - count a call that deletes, or creates what is costly, right before it is sent.
 * @count: of deletions that it makes at once; more than the budget are never let through.
 * Returns 0, or -EDQUOT once more than the budget were asked for within a minute, until it is
 * acknowledged.
 */
int guard_spend(struct guard *guard, struct op *op, const struct call *call, unsigned count,
                bool is_costly) {
        bool may;

        if ((call->risk != RISK_DELETE && !is_costly) || !guard->per_minute || !count)
                return 0;
        (void)pthread_mutex_lock(&guard->lock);
        may = take(guard, count);
        (void)pthread_mutex_unlock(&guard->lock);
        if (may)
                return 0;
        if (count > guard->per_minute)
                return op_fail(op, EDQUOT,
                               "%s: %u deletions at once, account %s has deletions_per_minute = %u",
                               call->id, count, guard->account, guard->per_minute);
        return fail_exhausted(guard, op, call);
}

/**
 * guard_may_spend() - would one more deletion be let through now? To be told before anything is
 * asked for.
 * Returns 0 or -EDQUOT as guard_spend().
 */
int guard_may_spend(struct guard *guard, struct op *op, const struct call *call) {
        bool may;

        if (call->risk != RISK_DELETE || !guard->per_minute)
                return 0;
        (void)pthread_mutex_lock(&guard->lock);
        may = has(guard, stamp_monotonic_ms(), 1);
        (void)pthread_mutex_unlock(&guard->lock);
        return may ? 0 : fail_exhausted(guard, op, call);
}

/** guard_refund() - the deletion that was paid last is not going to be sent after all. */
void guard_refund(struct guard *guard, const struct call *call) {
        if (call->risk != RISK_DELETE || !guard->per_minute)
                return;
        (void)pthread_mutex_lock(&guard->lock);
        guard->next = (guard->next + guard->per_minute - 1) % guard->per_minute;
        guard->times[guard->next] = 0;
        (void)pthread_mutex_unlock(&guard->lock);
}

/** guard_acknowledge() - somebody has seen that the budget was used up: it begins anew. */
void guard_acknowledge(struct guard *guard) {
        (void)pthread_mutex_lock(&guard->lock);
        memset(guard->times, 0, guard->per_minute * sizeof(*guard->times));
        guard->is_exhausted = false;
        (void)pthread_mutex_unlock(&guard->lock);
}

/** guard_describe() - the settings and the budget, for control files. 0 or -ENOMEM. */
int guard_describe(struct guard *guard, struct json **ret) {
        _cleanup_(json_freep) struct json *json = json_new_object();
        bool is_exhausted;
        int r = json ? 0 : -ENOMEM;

        (void)pthread_mutex_lock(&guard->lock);
        is_exhausted = guard->is_exhausted;
        (void)pthread_mutex_unlock(&guard->lock);
        if (r == 0)
                r = json_set_string(json, "access",
                                    guard->access == ACCESS_READ_ONLY ? "read-only" : "read-write");
        if (r == 0)
                r = json_set_string(json, "allow_create", allow_name(guard->allow_create));
        if (r == 0)
                r = json_set_string(json, "allow_delete", allow_name(guard->allow_delete));
        if (r == 0)
                r = json_set_int(json, "deletions_per_minute", guard->per_minute);
        if (r == 0)
                r = json_set(json, "exhausted", json_new_bool(is_exhausted));
        if (r < 0)
                return r;
        *ret = STEAL(json);
        return 0;
}
