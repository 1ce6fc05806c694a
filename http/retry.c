/* SPDX-License-Identifier: Apache-2.0 */
#include "http/http-internal.h"
#include "http/send.h"
#include "http/throttle.h"

enum {
        STATUS_UNAUTHORIZED = 401,
        STATUS_TOO_MANY = 429,
        STATUS_BAD_GATEWAY = 502,
        STATUS_UNAVAILABLE = 503,
        STATUS_GATEWAY_TIMEOUT = 504,
};

/* A request on its way through its attempts. */
struct run {
        struct http *http;
        struct op *op;
        struct http_request *request;
        struct target target;
        struct http_response *response; /* owned; of the last attempt */
        unsigned attempts;              /* that went out */
        unsigned failures;              /* attempts without a good answer */
        bool is_renewed;
        bool is_fresh; /* the next attempt avoids open connections */
};

static void run_done(struct run *run) {
        target_done(&run->target);
        run->response = http_response_free(run->response);
}

/* Credentials come before the slot: getting them may take a request of its own. */
static int prepare(struct run *run, struct slot **ret) {
        struct http_request *request = run->request;
        int r;

        r = limiter_take(&run->http->limiter, run->op, request->bucket);
        if (r < 0)
                return r;
        if (request->authorize) {
                r = request->authorize(request->auth_data, run->op, request);
                if (r < 0)
                        return r;
        }
        return pool_take(&run->http->pool, run->op, run->target.origin, ret);
}

/* One attempt. Returns 0 with an answer in @run; @ret_again: another try could help. */
static int try_once(struct run *run, bool *ret_again) {
        struct attempt attempt = {
                .op = run->op,
                .request = run->request,
                .target = &run->target,
                .user_agent = run->http->user_agent,
                .connect_ms = run->http->connect_ms,
                .request_ms = run->http->request_ms + run->request->held_ms,
                .is_fresh = run->is_fresh,
        };
        struct slot *slot;
        int r;

        *ret_again = false;
        r = prepare(run, &slot);
        if (r < 0)
                return r;
        r = send_once(&attempt, slot, &run->response);
        pool_give(&run->http->pool, slot, &attempt.use);
        run->attempts += attempt.use.went_out;
        if (r == 0) {
                run->response->attempts = run->attempts;
                return 0;
        }
        if (attempt.use.went_out) {
                run->request->is_unknown = true;
                *ret_again = attempt.may_repeat && run->request->repeat == REPEAT_SAFE;
        } else {
                *ret_again = attempt.may_repeat;
        }
        run->is_fresh = true;
        return r;
}

/* Rests before the next attempt. Returns 1, 0 if there is no time for one, negative errno. */
static int rest(struct run *run, int64_t delay_ms) {
        int r;

        if (delay_ms >= op_left_ms(run->op))
                return 0;
        r = limiter_rest(&run->http->limiter, run->op, delay_ms);
        return r < 0 ? r : 1;
}

/* May one more attempt follow this failed one? What nobody waits for comes again by itself. */
static bool is_left(struct run *run) {
        if (run->op->priority == OP_POLL && run->request->repeat == REPEAT_SAFE)
                return false;
        return ++run->failures <= run->http->retries;
}

/* The whole bucket rests, and this request as long as its kind should. */
static int after_refusal(struct run *run) {
        bool reads = run->request->repeat == REPEAT_SAFE;
        struct throttle throttle;
        int64_t wait;

        throttle_read(run->response, &throttle);
        wait = limiter_refused(&run->http->limiter, run->request->bucket, &throttle);
        if (!is_left(run))
                return 0;
        if (!throttle.wait_ms && !reads)
                wait = backoff_ms(BACKOFF_WRITE_MS, run->failures - 1);
        return rest(run, wait);
}

/* 502, 503 and 504. */
static int after_fault(struct run *run) {
        struct throttle throttle = { 0 };
        int64_t wait = 0;

        if (run->response->status == STATUS_UNAVAILABLE)
                throttle_read(run->response, &throttle);
        if (throttle.wait_ms)
                wait = limiter_refused(&run->http->limiter, run->request->bucket, &throttle);
        if (run->request->repeat != REPEAT_SAFE || !is_left(run))
                return 0;
        return rest(run, wait ? wait : backoff_ms(BACKOFF_FAULT_MS, run->failures - 1));
}

static int after_unauthorized(struct run *run) {
        struct http_request *request = run->request;

        if (run->is_renewed || !request->renew)
                return 0;
        run->is_renewed = true;
        return request->renew(request->auth_data, run->op, run->response);
}

/* An answer came: 1 to try again, 0 if this one stands, negative errno to fail. */
static int after_answer(struct run *run) {
        run->is_fresh = false;
        switch (run->response->status) {
        case STATUS_TOO_MANY:
                return after_refusal(run);
        case STATUS_BAD_GATEWAY:
        case STATUS_UNAVAILABLE:
        case STATUS_GATEWAY_TIMEOUT:
                return after_fault(run);
        case STATUS_UNAUTHORIZED:
                return after_unauthorized(run);
        default:
                limiter_accepted(&run->http->limiter, run->request->bucket);
                return 0;
        }
}

/* No answer came: 1 to try again, else the failure @r. */
static int after_failure(struct run *run, int r, bool may_repeat) {
        struct op_fault fault = run->op->fault;
        int next;

        if (!may_repeat || !is_left(run))
                return r;
        next = rest(run, backoff_ms(BACKOFF_FAULT_MS, run->failures - 1));
        if (next > 0 || next == -EINTR)
                return next;
        run->op->fault = fault; /* says more than that time is up */
        return r;
}

/**
 * http_send() - ask, again where that is right, and wait for the answer.
 * @request: its `authorize` is called before each attempt, `renew` after the first 401.
 *
 * 429 is repeated for every request, as long as the op's deadline allows to wait as long as the
 * answer says; if not, the 429 is returned at once. 502, 503, 504 and broken connections are
 * repeated only for REPEAT_SAFE, failures before the first byte left for all. The op's deadline
 * bounds everything. Thread-safe; waits are ended by the op's `cancelled` (see http_wake()), but a
 * request that changes something is not given up once it left.
 *
 * Returns 0 with an answer of any status, owned by the caller, and no fault in @op. Negative errno
 * with the reason in @op: -EBUSY limited beyond the deadline, -EINTR, -ETIMEDOUT, -ENETUNREACH no
 * network or name,
 * -EHOSTUNREACH, -ECONNREFUSED, -EPROTO no trusted encryption, -EIO answer cut or damaged, -EFBIG
 * answer too large, -EPERM plain http to another machine, -EINVAL no URL, -ENOMEM; or what the
 * callbacks return.
 */
int http_send(struct http *http, struct op *op, struct http_request *request,
              struct http_response **ret) {
        _cleanup_(run_done) struct run run = { .http = http, .op = op, .request = request };
        int r;

        request->is_unknown = false;
        r = target_parse(op, request, &run.target);
        if (r < 0)
                return r;
        for (;;) {
                bool may_repeat;

                r = try_once(&run, &may_repeat);
                r = r < 0 ? after_failure(&run, r, may_repeat) : after_answer(&run);
                if (r <= 0)
                        break;
                run.response = http_response_free(run.response);
        }
        if (r < 0)
                return r;
        op_clear(op);
        *ret = STEAL(run.response);
        return 0;
}
