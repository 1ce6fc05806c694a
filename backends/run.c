/* SPDX-License-Identifier: Apache-2.0 */
/* Sending a plan: checked as a whole, told step by step, sent in order. */
#include "backends/planner.h"
#include "backends/sent.h"
#include "backends/template.h"
#include "backends/view-internal.h"
#include "base/text.h"

/* Adds what a step says to the message of a failure that left some done and some not. */
static int partial(struct planner *planner, unsigned failed) {
        struct op *op = planner->composer.op;
        struct op_fault before = op->fault;
        struct buf text = BUF_INIT(OP_REASON_SIZE);

        (void)buf_add_str(&text, "only a part was done: sent");
        for (unsigned i = 0; i < failed; i++)
                (void)buf_printf(&text, " %s", planner->steps[i].call->id);
        (void)buf_printf(&text, "; failed %s (%.300s)", planner->steps[failed].call->id,
                         before.reason);
        if (failed + 1 < planner->count)
                (void)buf_add_str(&text, "; not sent");
        for (unsigned i = failed + 1; i < planner->count; i++)
                (void)buf_printf(&text, " %s", planner->steps[i].call->id);
        (void)op_fail_answer(op, EIO, before.status, before.code, before.request_id,
                             buf_str(&text));
        op->fault.is_unknown = before.is_unknown;
        buf_done(&text);
        return -EIO;
}

/**
 * planner_unknown() - nobody can tell whether it was done: says so in the op, beside the reason.
 * Returns -ETIMEDOUT; -EIO where a part is known to be done.
 */
int planner_unknown(struct planner *planner) {
        struct op *op = planner->composer.op;
        struct op_fault before = op->fault;
        bool is_part = text_starts(before.reason, "only a part");
        struct buf text = BUF_INIT(OP_REASON_SIZE);
        int r;

        (void)buf_printf(&text, "%.800s; it may have happened: look before you repeat it",
                         before.reason);
        r = op_fail_answer(op, is_part ? EIO : ETIMEDOUT, before.status, before.code,
                           before.request_id, buf_str(&text));
        op->fault.is_unknown = true;
        buf_done(&text);
        return r;
}

static int step_target(const struct request *request, struct buf *target) {
        struct buf query = BUF_INIT(64 * 1024);
        int r = template_path(request, target);

        if (r == 0)
                r = template_query(request, &query);
        if (r == 0 && query.len)
                r = buf_printf(target, "?%s", buf_str(&query));
        buf_done(&query);
        return r;
}

static bool is_costly(const struct planner *planner, const struct call *call) {
        return planner->is_creation && planner->weight == WEIGHT_ALL && call->risk == RISK_CHANGE;
}

/* Takes the step out of the budget, unless it was paid when it was promised. */
static int pay(struct planner *planner, const struct plan_step *step) {
        struct guard *guard = &planner->composer.view->guard;

        if (step->call == planner->paid && step->deletions == 1) {
                planner->paid = NULL;
                return 0;
        }
        return guard_spend(guard, planner->composer.op, step->call, step->deletions,
                           is_costly(planner, step->call));
}

static int perform(struct planner *planner, const struct request *request,
                   const struct op_step *told, struct change_result *result) {
        const struct plan_step *step = &planner->steps[told->number - 1];
        struct view *view = planner->composer.view;
        struct op *op = planner->composer.op;
        struct answer *answer = NULL;
        int r;

        r = pay(planner, step);
        if (r == 0)
                r = source_send(view->source, op, request, &answer);
        if (r == 0) {
                (void)answer_unref(planner->answer);
                planner->answer = answer;
                result->status = answer->status;
                result->is_remade |= step->loses != NULL;
        }
        if (op->watch && op->watch->after)
                op->watch->after(op->watch->data, op, told, r);
        return r;
}

static int send_step(struct planner *planner, unsigned number, const struct request *request,
                     struct change_result *result) {
        struct op *op = planner->composer.op;
        const struct plan_step *step = &planner->steps[number];
        struct buf target = BUF_INIT(64 * 1024);
        struct op_step told = {
                .number = number + 1,
                .count = planner->count,
                .service = step->call->service,
                .call = step->call->id,
                .method = method_name(step->call->method),
                .body = step->told ? step->told : step->body,
                .body_len = step->told ? strlen(step->told) : step->len,
                .is_once = step->call->repeat == REPEAT_ONCE,
                .loses = step->loses,
                .lost = step->lost,
                .lost_len = step->lost ? strlen(step->lost) : 0,
        };
        int r;

        r = step_target(request, &target);
        if (r < 0)
                r = op_fail(op, r == -ENOENT ? EINVAL : -r,
                            "%s: a part of its address is missing, or cannot stand in a path",
                            step->call->id);
        told.target = buf_str(&target);
        if (r == 0 && op->watch && op->watch->before)
                r = op->watch->before(op->watch->data, op, &told);
        if (r == 0 && !op->plan_only)
                r = perform(planner, request, &told, result);
        result->steps += r == 0;
        buf_done(&target);
        return r;
}

/* One request of the plan, with the parameters of its own and those of its place. */
static int run_step(struct planner *planner, unsigned number, struct change_result *result) {
        struct composer *composer = &planner->composer;
        const struct plan_step *step = &planner->steps[number];
        struct param_list extra = composer->extra;
        struct place *place = composer->place;
        struct request_params params;
        struct request request = { 0 };
        int r;

        composer->extra = step->params;
        composer->place = step->place ? step->place : place;
        r = composer_prepare(composer, step->call, &params, &request);
        request.body = step->body;
        request.body_len = step->len;
        if (r == 0)
                r = send_step(planner, number, &request, result);
        request_params_done(&params);
        composer->extra = extra;
        composer->place = place;
        return r;
}

static void remember(struct planner *planner) {
        for (size_t i = 0; i < planner->sent.count; i++)
                sent_keep(planner->composer.view, planner->composer.place,
                          planner->sent.list[i].name, planner->sent.list[i].value);
        if (planner->made)
                sent_mark(planner->composer.view, planner->composer.place, planner->made, true);
        if (planner->spent)
                sent_forget(planner->composer.view, planner->composer.place, planner->spent);
}

/**
 * planner_run() - check all requests of the plan against the account's settings, then send them in
 * order. Returns 0, -EPERM before anything was sent, the failure of the first request, or -EIO with
 * what was done and what not when a later one failed.
 */
int planner_run(struct planner *planner, struct change_result *result) {
        struct op *op = planner->composer.op;
        int r = 0;

        for (unsigned i = 0; r == 0 && i < planner->count; i++)
                r = guard_check(&planner->composer.view->guard, op, planner->steps[i].call,
                                planner->weight, planner->is_creation);
        for (unsigned i = 0; r == 0 && i < planner->count; i++) {
                r = run_step(planner, i, result);
                if (r < 0 && i > 0)
                        r = partial(planner, i);
        }
        if (r == 0 && !op->plan_only)
                remember(planner);
        return r;
}
