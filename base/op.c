/* SPDX-License-Identifier: Apache-2.0 */
#include "base/op.h"

#include <stdarg.h>
#include <string.h>

#include "base/stamp.h"

/**
 * op_init() - a request that begins now.
 * @timeout_ms: from now to its deadline; 0 for none.
 */
void op_init(struct op *op, enum op_priority priority, int64_t timeout_ms) {
        *op = (struct op){ .priority = priority };
        atomic_init(&op->cancelled, false);
        if (timeout_ms > 0)
                op->deadline_ms = stamp_monotonic_ms() + timeout_ms;
}

/** op_left_ms() - milliseconds to the deadline, at least 0; INT64_MAX without one. */
int64_t op_left_ms(const struct op *op) {
        int64_t left;

        if (!op->deadline_ms)
                return INT64_MAX;
        left = op->deadline_ms - stamp_monotonic_ms();
        return left > 0 ? left : 0;
}

/** op_check() - may the request go on? Returns 0, -EINTR when cancelled, -ETIMEDOUT when late. */
int op_check(struct op *op) {
        if (atomic_load_explicit(&op->cancelled, memory_order_relaxed))
                return op_fail(op, EINTR, "interrupted");
        if (op_left_ms(op) == 0)
                return op_fail(op, ETIMEDOUT, "the time for this operation is up");
        return 0;
}

/**
 * op_fail() - record why the request fails, once, where it is known.
 * @error: positive errno.
 * A later reason replaces an earlier one, which it may quote. Returns -@error.
 */
int op_fail(struct op *op, int error, const char *format, ...) {
        struct op_fault fault = { .error = -error };
        va_list args;

        va_start(args, format);
        (void)vsnprintf(fault.reason, sizeof(fault.reason), format, args);
        va_end(args);
        op->fault = fault;
        return -error;
}

static void copy_text(char *to, size_t size, const char *from) {
        (void)snprintf(to, size, "%s", from ? from : "");
}

/**
 * op_fail_answer() - record the failure that a server answered.
 * @error: positive errno; @status: HTTP status; @code, @request_id: may be NULL.
 * @reason: text for people, without secrets. Returns -@error.
 */
int op_fail_answer(struct op *op, int error, int status, const char *code, const char *request_id,
                   const char *reason) {
        struct op_fault fault = { .error = -error, .status = status };

        copy_text(fault.code, sizeof(fault.code), code);
        copy_text(fault.request_id, sizeof(fault.request_id), request_id);
        copy_text(fault.reason, sizeof(fault.reason), reason);
        op->fault = fault;
        return -error;
}

/** op_clear() - forget a failure that has been dealt with. */
void op_clear(struct op *op) {
        op->fault = (struct op_fault){ 0 };
}

/** op_is_silence() - is this what a call ends with that nobody answered? */
bool op_is_silence(int error) {
        switch (-error) {
        case EIO:
        case EPIPE:
        case EPROTO:
        case ETIMEDOUT:
        case ENETDOWN:
        case ENETUNREACH:
        case ENETRESET:
        case EHOSTDOWN:
        case EHOSTUNREACH:
        case ECONNABORTED:
        case ECONNREFUSED:
        case ECONNRESET:
                return true;
        default:
                return false;
        }
}
