/* SPDX-License-Identifier: Apache-2.0 */
#include "backends/planner.h"

#include "backends/template.h"
#include "backends/view-internal.h"
#include "base/stamp.h"
#include "base/text.h"

/** change_result_done() - free what a result owns. */
void change_result_done(struct change_result *result) {
        (void)document_unref(result->document);
        entry_done(&result->entry);
        if (result->secret)
                explicit_bzero(result->secret, strlen(result->secret));
        free(result->secret);
        free(result->answer);
        *result = (struct change_result){ 0 };
}

/** planner_init() - begin a change at a place. Everything but what it makes is borrowed. */
void planner_init(struct planner *planner, struct view *view, struct op *op, struct place *place) {
        *planner = (struct planner){ .kind = place->kind, .file = place->file };
        composer_init(&planner->composer, view, op, place);
}

/** planner_done() - free what the change made; bodies may hold secrets and are wiped. */
void planner_done(struct planner *planner) {
        for (unsigned i = 0; i < planner->count; i++) {
                struct plan_step *step = &planner->steps[i];

                if (step->body)
                        explicit_bzero(step->body, step->len);
                free(step->body);
                param_list_done(&step->params);
        }
        (void)json_free(planner->mine);
        (void)json_free(planner->theirs);
        (void)json_free(planner->item);
        (void)answer_unref(planner->answer);
        composer_done(&planner->composer);
        *planner = (struct planner){ 0 };
}

/** planner_param() - set a parameter for the requests that are added next. 0 or -ENOMEM. */
int planner_param(struct planner *planner, const char *name, const char *value) {
        return param_list_set(&planner->composer.extra, name, value);
}

/** pointer_leads_into() - does @b name what @a names, or a part of it? A step `*` of @a is any. */
bool pointer_leads_into(const char *a, const char *b) {
        while (*a == '/' && *b == '/') {
                size_t len_a = strcspn(a + 1, "/"), len_b = strcspn(b + 1, "/");
                bool any = len_a == 1 && a[1] == '*';

                if (!any && (len_a != len_b || strncmp(a + 1, b + 1, len_a) != 0))
                        return false;
                a += len_a + 1;
                b += len_b + 1;
        }
        return !*a;
}

/** planner_changes() - does the change touch what a pointer (with `*`) names, or a part of it? */
bool planner_changes(const struct planner *planner, const char *pointer) {
        for (const char *const *changed = planner->changed; changed && *changed; changed++)
                if (pointer_leads_into(pointer, *changed) || pointer_leads_into(*changed, pointer))
                        return true;
        return false;
}

static int fill(struct planner *planner, const struct json *template, struct json **ret);

/* What a string of a template stands for: a value of its own, or *ret NULL where there is nothing. */
static int fill_string(struct planner *planner, const char *text, struct json **ret) {
        const char *value;
        size_t len = strlen(text);

        *ret = NULL;
        if (*text != '=') {
                *ret = json_new_string(text, len);
        } else if (text_eq(text, "=$text")) {
                *ret = json_new_string(planner->text, planner->len);
        } else if (text_eq(text, "=$name")) {
                *ret = planner->name ? json_new_string(planner->name, strlen(planner->name)) : NULL;
        } else if (text[1] == '@') {
                *ret = json_copy(json_at(planner->item, text + 2));
                return 0;
        } else if (text[1] == '{') {
                _cleanup_(freep) char *name = strndup(text + 2, len > 3 ? len - 3 : 0);

                value = name ? param_list_get(&planner->composer.extra, name) : NULL;
                if (!value && name)
                        value = place_param(planner->composer.place, name);
                *ret = value ? json_new_string(value, strlen(value)) : NULL;
                return 0;
        } else {
                *ret = json_copy(json_at(planner->mine, text + 1));
                return 0;
        }
        return *ret ? 0 : -ENOMEM;
}

static int fill_object(struct planner *planner, const struct json *template, struct json **ret) {
        _cleanup_(json_freep) struct json *object = json_new_object();
        struct json_cursor cursor = { 0 };

        while (object && json_next(template, &cursor)) {
                struct json *value = NULL;
                int r = fill(planner, cursor.value, &value);

                if (r == 0 && value)
                        r = json_set(object, cursor.name, value);
                if (r < 0)
                        return r;
        }
        if (!object)
                return -ENOMEM;
        *ret = STEAL(object);
        return 0;
}

static int fill_array(struct planner *planner, const struct json *template, struct json **ret) {
        _cleanup_(json_freep) struct json *array = json_new_array();

        for (size_t i = 0; array && i < json_count(template); i++) {
                struct json *value = NULL;
                int r = fill(planner, json_item(template, i), &value);

                if (r == 0 && value)
                        r = json_append(array, value);
                if (r < 0)
                        return r;
        }
        if (!array)
                return -ENOMEM;
        *ret = STEAL(array);
        return 0;
}

static int fill(struct planner *planner, const struct json *template, struct json **ret) {
        switch (json_kind(template)) {
        case JSON_STRING:
                return fill_string(planner, json_string(template, ""), ret);
        case JSON_OBJECT:
                return fill_object(planner, template, ret);
        case JSON_ARRAY:
                return fill_array(planner, template, ret);
        default:
                *ret = json_copy(template);
                return 0;
        }
}

/**
 * planner_body() - fill a body's template; see base/kind.h, plus `=@/pointer` for a part of the
 * resource as it is, `=$text` for the text written and `=$name` for the new name.
 * @ret: owned by the caller; NULL for an empty result.
 * Returns 0, -EINVAL for a template that is no JSON, -ENOMEM.
 */
int planner_body(struct planner *planner, const char *template, struct json **ret) {
        _cleanup_(json_freep) struct json *parsed = NULL;
        struct json *value = NULL;
        int r;

        if (text_eq(template, "=")) {
                *ret = json_copy(planner->mine);
                return 0;
        }
        if (json_parse(template, strlen(template), &parsed, NULL) < 0)
                return op_fail(planner->composer.op, EINVAL, "a template is no JSON: %s", template);
        r = fill(planner, parsed, &value);
        if (r < 0)
                return op_fail(planner->composer.op, -r, "out of memory");
        *ret = value;
        return 0;
}

static int copy_params(struct planner *planner, struct plan_step *step,
                       const char *const *params) {
        const struct param_list *extra = &planner->composer.extra;
        int r = 0;

        for (size_t i = 0; r == 0 && i < extra->count; i++)
                r = param_list_set(&step->params, extra->list[i].name, extra->list[i].value);
        for (; r == 0 && params && *params; params++) {
                const char *equals = strchr(*params, '=');
                _cleanup_(freep) char *name = NULL;
                _cleanup_(freep) char *value = NULL;

                if (!equals)
                        return -EINVAL;
                name = strndup(*params, (size_t)(equals - *params));
                if (json_text_at(planner->mine, equals + 1, &value) < 0)
                        continue;
                r = name ? param_list_set(&step->params, name, value) : -ENOMEM;
        }
        return r;
}

/**
 * planner_add() - add a request to the plan.
 * @body: taken over, also on failure; NULL for none. @params: `name=/pointer` in the new document.
 * Returns 0, -E2BIG beyond PLAN_STEPS_MAX, -ENOMEM.
 */
int planner_add(struct planner *planner, const struct call *call, struct json *body,
                const char *const *params) {
        _cleanup_(json_freep) struct json *owned = body;
        struct plan_step *step = &planner->steps[planner->count];
        struct buf text = BUF_INIT(0);
        int r;

        if (planner->count >= PLAN_STEPS_MAX)
                return op_fail(planner->composer.op, E2BIG, "a change of too many requests");
        *step = (struct plan_step){ .call = call };
        planner->count++;
        if (owned) {
                if (json_render(owned, JSON_COMPACT, &text) < 0)
                        return op_fail(planner->composer.op, ENOMEM, "out of memory");
                step->body = buf_steal(&text, &step->len);
        }
        r = copy_params(planner, step, params);
        return r < 0 ? op_fail(planner->composer.op, -r, "out of memory") : 0;
}

/** planner_add_row() - add a request whose body is a template. As planner_add(). */
int planner_add_row(struct planner *planner, const struct call *call, const char *body,
                    const char *const *params) {
        struct json *filled = NULL;
        int r = body ? planner_body(planner, body, &filled) : 0;

        return r < 0 ? r : planner_add(planner, call, filled, params);
}

/** planner_fresh() - an answer that is newer than this moment, as composer_value(). */
int planner_fresh(struct planner *planner, const struct call *call, struct json **ret) {
        struct op *op = planner->composer.op;
        bool before = op->must_be_fresh;
        int r;

        op->must_be_fresh = true;
        op->fresh_since_ms = stamp_now_ms();
        r = composer_value(&planner->composer, call, ret);
        op->must_be_fresh = before;
        return r;
}

/** planner_load() - read the resource anew, in full, into planner->item. 0 or the call's failure. */
int planner_load(struct planner *planner) {
        struct op *op = planner->composer.op;
        bool before = op->must_be_fresh;
        struct json *item = NULL;
        int r;

        op->must_be_fresh = true;
        op->fresh_since_ms = stamp_now_ms();
        r = composer_object(&planner->composer, &item);
        op->must_be_fresh = before;
        if (r < 0)
                return r;
        (void)json_free(planner->item);
        planner->item = item;
        return 0;
}

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

static int send_step(struct planner *planner, unsigned number, const struct request *request,
                     struct change_result *result) {
        struct op *op = planner->composer.op;
        const struct plan_step *step = &planner->steps[number];
        struct buf target = BUF_INIT(64 * 1024);
        struct op_step told = {
                .number = number + 1, .count = planner->count,
                .service = step->call->service, .call = step->call->id,
                .method = method_name(step->call->method), .body = step->body,
                .body_len = step->len, .is_once = step->call->repeat == REPEAT_ONCE,
        };
        int r;

        r = step_target(request, &target);
        if (r < 0)
                r = op_fail(op, -r, "%s: an id cannot stand in a path", step->call->id);
        told.target = buf_str(&target);
        if (r == 0 && op->watch && op->watch->before)
                r = op->watch->before(op->watch->data, op, &told);
        if (r == 0 && !op->plan_only) {
                struct answer *answer = NULL;

                r = guard_spend(&planner->composer.view->guard, op, step->call);
                if (r == 0)
                        r = source_send(planner->composer.view->source, op, request, &answer);
                if (r == 0) {
                        (void)answer_unref(planner->answer);
                        planner->answer = answer;
                        result->status = answer->status;
                }
                if (op->watch && op->watch->after)
                        op->watch->after(op->watch->data, op, &told, r);
        }
        result->steps += r == 0;
        buf_done(&target);
        return r;
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
                struct request_params params;
                struct request request = { 0 };
                struct param_list before = planner->composer.extra;

                planner->composer.extra = planner->steps[i].params;
                r = composer_prepare(&planner->composer, planner->steps[i].call, &params, &request);
                request.body = planner->steps[i].body;
                request.body_len = planner->steps[i].len;
                if (r == 0)
                        r = send_step(planner, i, &request, result);
                request_params_done(&params);
                planner->composer.extra = before;
                if (r < 0 && i > 0)
                        r = partial(planner, i);
        }
        return r;
}
