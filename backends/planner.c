/* SPDX-License-Identifier: Apache-2.0 */
#include "backends/planner.h"

#include "backends/change-internal.h"
#include "backends/select.h"
#include "backends/sent.h"
#include "backends/template.h"
#include "backends/turn.h"
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

/** planner_init() - begin to plan at a place. Everything but what it makes is borrowed. */
void planner_init(struct planner *planner, struct view *view, struct op *op, struct place *place) {
        *planner = (struct planner){ .kind = place->kind, .file = place->file };
        composer_init(&planner->composer, view, op, place);
}

/**
 * planner_begin() - begin a change, once no other one of the same resource is under way.
 * planner_done() ends it in any case. Returns 0, or the failure of turn_take().
 */
int planner_begin(struct planner *planner, struct view *view, struct op *op, struct place *place) {
        planner_init(planner, view, op, place);
        return turn_take(view, op, place, &planner->turn);
}

static void wipe_params(struct param_list *params) {
        for (size_t i = 0; i < params->count; i++) {
                char *value = (char *)(uintptr_t)params->list[i].value;

                explicit_bzero(value, strlen(value));
        }
        param_list_done(params);
}

/** planner_done() - free what the change made; bodies may hold secrets and are wiped. */
void planner_done(struct planner *planner) {
        struct view *view = planner->composer.view;
        uint64_t turn = planner->turn;

        for (unsigned i = 0; i < planner->count; i++) {
                struct plan_step *step = &planner->steps[i];

                if (step->body)
                        explicit_bzero(step->body, step->len);
                free(step->body);
                free(step->told);
                free(step->loses);
                free(step->lost);
                param_list_done(&step->params);
        }
        wipe_params(&planner->secrets);
        param_list_done(&planner->sent);
        free(planner->made);
        free(planner->spent);
        (void)json_free(planner->mine);
        (void)json_free(planner->theirs);
        (void)json_free(planner->item);
        (void)answer_unref(planner->answer);
        composer_done(&planner->composer);
        *planner = (struct planner){ 0 };
        turn_give(view, turn);
}

/** planner_param() - set a parameter for the requests that are added next. 0 or -ENOMEM. */
int planner_param(struct planner *planner, const char *name, const char *value) {
        return param_list_set(&planner->composer.extra, name, value);
}

/** planner_number() - planner_param() with a whole number. */
int planner_number(struct planner *planner, const char *name, int64_t value) {
        _cleanup_(freep) char *text = NULL;

        if (text_format(&text, "%jd", (intmax_t)value) < 0)
                return -ENOMEM;
        return planner_param(planner, name, text);
}

/** planner_secret() - a value for bodies that nobody is told. 0 or -ENOMEM. */
int planner_secret(struct planner *planner, const char *name, const char *value) {
        return param_list_set(&planner->secrets, name, value);
}

/** planner_remember() - a write-only value that planner_recall() gives once it was sent. */
int planner_remember(struct planner *planner, const char *name, const char *value) {
        return param_list_set(&planner->sent, name, value);
}

/** planner_recall() - what was last sent as this resource's write-only value; owned, or NULL. */
char *planner_recall(struct planner *planner, const char *name) {
        return sent_get(planner->composer.view, planner->composer.place, name);
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

/* A row's further parameter: `name=/pointer`, `name=@/pointer`, `name={other}` or `name=text`. One
 * that is not there or empty is left out. */
static int add_param(struct planner *planner, struct plan_step *step, const char *row) {
        const char *equals = strchr(row, '='), *source = equals ? equals + 1 : "", *known;
        _cleanup_(freep) char *name = equals ? strndup(row, (size_t)(equals - row)) : NULL;
        _cleanup_(freep) char *value = NULL;
        int r = 0;

        if (!name)
                return equals ? -ENOMEM : -EINVAL;
        if (*source == '/' || *source == '@') {
                r = *source == '/' ? json_text_at(planner->mine, source, &value)
                                   : json_text_at(planner->item, source + 1, &value);
                return r < 0 || !*value ? 0 : param_list_set(&step->params, name, value);
        }
        if (*source != '{')
                return param_list_set(&step->params, name, source);
        value = strndup(source + 1, strcspn(source + 1, "}"));
        if (!value)
                return -ENOMEM;
        known = param_list_get(&planner->composer.extra, value);
        if (!known)
                known = place_param(planner->composer.place, value);
        return text_is_empty(known) ? 0 : param_list_set(&step->params, name, known);
}

static int copy_params(struct planner *planner, struct plan_step *step, const char *const *params) {
        const struct param_list *extra = &planner->composer.extra;
        int r = 0;

        for (size_t i = 0; r == 0 && i < extra->count; i++)
                r = param_list_set(&step->params, extra->list[i].name, extra->list[i].value);
        for (; r == 0 && params && *params; params++)
                r = add_param(planner, step, *params);
        return r;
}

static int render(struct planner *planner, const struct json *body, char **ret, size_t *ret_len) {
        struct buf text = BUF_INIT(0);

        if (json_render(body, JSON_COMPACT, &text) < 0) {
                buf_done(&text);
                return op_fail(planner->composer.op, ENOMEM, "out of memory");
        }
        *ret = buf_steal(&text, ret_len);
        return 0;
}

/**
 * planner_add() - add a request to the plan. A hook's own body holds no secret.
 * @body: taken over, also on failure; NULL for none. @params: as in a save's step.
 * Returns 0, -E2BIG beyond PLAN_STEPS_MAX, -ENOMEM.
 */
int planner_add(struct planner *planner, const struct call *call, struct json *body,
                const char *const *params) {
        _cleanup_(json_freep) struct json *owned = body;
        struct plan_step *step = &planner->steps[planner->count];
        int r = 0;

        if (planner->count >= PLAN_STEPS_MAX)
                return op_fail(planner->composer.op, E2BIG, "a change of too many requests");
        *step = (struct plan_step){ .call = call, .deletions = 1 };
        planner->count++;
        if (owned)
                r = render(planner, owned, &step->body, &step->len);
        if (r < 0)
                return r;
        r = copy_params(planner, step, params);
        return r < 0 ? op_fail(planner->composer.op, -r, "out of memory") : 0;
}

/** planner_add_row() - add a request whose body is a template. As planner_add(). */
int planner_add_row(struct planner *planner, const struct call *call, const char *body,
                    const char *const *params) {
        _cleanup_(json_freep) struct json *covered = NULL;
        struct json *filled = NULL;
        size_t len;
        int r = 0;

        if (body)
                r = planner_body(planner, body, &filled);
        if (r == 0)
                r = planner_add(planner, call, filled, params);
        if (r == 0 && body)
                r = planner_covered_body(planner, body, &covered);
        if (r == 0 && covered)
                r = render(planner, covered, &planner->steps[planner->count - 1].told, &len);
        return r;
}

/* Lets only answers serve that are newer than this moment; gives what was so before. */
static bool be_fresh(struct op *op) {
        bool before = op->must_be_fresh;

        op->must_be_fresh = true;
        op->fresh_since_ms = stamp_now_ms();
        return before;
}

/** planner_fresh() - an answer that is newer than this moment, as composer_value(). */
int planner_fresh(struct planner *planner, const struct call *call, struct json **ret) {
        bool before = be_fresh(planner->composer.op);
        int r = composer_value(&planner->composer, call, ret);

        planner->composer.op->must_be_fresh = before;
        return r;
}

/** planner_load() - read the resource anew, in full, into planner->item. 0 or the call's failure.
 */
int planner_load(struct planner *planner) {
        bool before = be_fresh(planner->composer.op);
        struct json *item = NULL;
        int r = composer_object(&planner->composer, &item);

        planner->composer.op->must_be_fresh = before;
        if (r < 0)
                return r;
        (void)json_free(planner->item);
        planner->item = item;
        return 0;
}

/** planner_allowed() - does the resource, as it was loaded, allow the change? 0 or the row's errno.
 */
int planner_allowed(struct planner *planner, const struct only_if *allowed) {
        if (when_holds(&allowed->when, planner->item))
                return 0;
        return op_fail(planner->composer.op, allowed->error ? allowed->error : EPERM,
                       "%s; nothing was sent",
                       allowed->hint ? allowed->hint : "this is not possible now");
}

static bool is_there(const struct planner *planner, const struct need *need) {
        _cleanup_(freep) char *text = NULL;

        if (need->file)
                return !text_is_empty(param_list_get(&planner->secrets, need->file));
        if (json_text_at(planner->mine, need->at, &text) == 0)
                return *text != '\0';
        return json_has(planner->mine, need->at);
}

/* Is it as its row wants it? It may be a secret, so it is not told. 0 or -EINVAL. */
static int check_rule(struct planner *planner, const struct need *need) {
        const char *secret = need->file ? param_list_get(&planner->secrets, need->file) : NULL;
        _cleanup_(freep) char *text = NULL;
        bool is_kept;

        if (need->at)
                (void)json_text_at(planner->mine, need->at, &text);
        is_kept = (secret || text) && keeps_rule(need->rule, secret ? secret : text) > 0;
        if (text)
                explicit_bzero(text, strlen(text));
        if (is_kept)
                return 0;
        return op_fail(planner->composer.op, EINVAL, "%s%s must be %s; nothing was sent",
                       need->file ? "the secret file " : "", need->file ? need->file : need->at,
                       need->hint);
}

/** planner_check_needs() - is all there that must be? 0, or -EINVAL with its name. */
int planner_check_needs(struct planner *planner, const struct need *needs) {
        for (; needs && (needs->at || needs->file); needs++) {
                bool is = is_there(planner, needs);
                int r = 0;

                if (!when_holds(&needs->when, planner->mine) || (!is && needs->may_lack))
                        continue;
                if (is && needs->rule)
                        r = check_rule(planner, needs);
                if (r < 0)
                        return r;
                if (is)
                        continue;
                if (needs->file)
                        return op_fail(planner->composer.op, EINVAL,
                                       "the secret file %s is empty; nothing was sent",
                                       needs->file);
                return op_fail(planner->composer.op, EINVAL, "%s is missing; nothing was sent",
                               needs->at);
        }
        return 0;
}

static bool holds_cover(const struct json *value) {
        struct json_cursor cursor = { 0 };
        bool found = text_eq(json_string(value, ""), PLANNER_COVER);

        for (size_t i = 0; !found && i < json_count(value); i++)
                found = holds_cover(json_item(value, i));
        while (!found && json_next(value, &cursor)) {
                found = holds_cover(cursor.value);
        }
        return found;
}

/** planner_check_cover() - a text that was shown without its secrets is not sent. 0 or -EINVAL. */
int planner_check_cover(struct planner *planner) {
        if (!holds_cover(planner->mine))
                return 0;
        return op_fail(planner->composer.op, EINVAL,
                       "the text still holds " PLANNER_COVER "; nothing was sent");
}
