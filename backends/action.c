/* SPDX-License-Identifier: Apache-2.0 */
/* `actions/<verb>`: reading gives the body's template, writing sends the call. */
#include "backends/change-internal.h"
#include "backends/view-internal.h"
#include "base/text.h"

static const struct file plain = { .name = "action", .codec = CODEC_JSON };
static const char comment_member[] = "_comment";

static bool takes_nothing(const struct action *action) {
        return !action->form && !action->params && !action->plan;
}

static int write_comment(const struct action *action, struct buf *text) {
        (void)buf_printf(text, "%s %s. Write this back without _comment to send it",
                         method_name(action->call->method), action->call->path);
        if (takes_nothing(action))
                (void)buf_add_str(text, "; the call has no body, so write {}");
        (void)buf_add_char(text, '.');
        if (action->hint)
                (void)buf_printf(text, " %s", action->hint);
        return text->error;
}

/** action_read() - the template of an action's body, with a comment that must be taken out. */
int action_read(struct composer *composer, struct place *place, struct document **ret) {
        const struct action *action = place->action;
        _cleanup_(json_freep) struct json *form = NULL;
        _cleanup_(json_freep) struct json *template = json_new_object();
        struct buf comment = BUF_INIT(4096);
        struct json_cursor cursor = { 0 };
        struct planner planner;
        int r;

        planner_init(&planner, composer->view, composer->op, place);
        r = action->form ? composer_object(&planner.composer, &planner.item) : 0;
        if (r == 0 && action->prefill)
                r = action->prefill(&planner);
        if (r == 0 && action->form)
                r = planner_body(&planner, action->form, &form);
        composer_join(composer, &planner.composer);
        planner_done(&planner);
        (void)write_comment(action, &comment);
        if (r == 0 && template)
                r = json_set_string(template, comment_member, buf_str(&comment));
        buf_done(&comment);
        while (r == 0 && template && json_next(form, &cursor))
                r = json_set(template, cursor.name, json_share(cursor.value));
        if (r == 0 && !template)
                r = op_fail(composer->op, ENOMEM, "out of memory");
        if (r < 0)
                return r;
        return document_of(composer, template, ret);
}

/* What the caller wrote must be meant: a JSON object, without the template's comment. */
static int check_text(struct planner *planner, const struct action *action) {
        struct op *op = planner->composer.op;
        struct json_cursor cursor = { 0 };

        if (!json_is(planner->mine, JSON_OBJECT))
                return op_fail(op, EINVAL, "an action takes a JSON object");
        if (json_member(planner->mine, comment_member))
                return op_fail(op, EINVAL,
                               "this is still the template: take _comment out to send "
                               "it; nothing was sent");
        if (takes_nothing(action) && json_next(planner->mine, &cursor))
                return op_fail(op, EINVAL, "this call has no body: write {}");
        return planner_check_cover(planner);
}

/*
 * A file that is no JSON document may come as an array of strings, which are its pieces
 * (kubeconfigs). Returns whether it does. @text: to be ended by the caller.
 */
static bool join_pieces(const char *file, const struct json *body, struct buf *text) {
        size_t count = body && json_is(body, JSON_ARRAY) ? json_count(body) : 0;

        if (text_ends(file, ".json"))
                return false;
        for (size_t i = 0; i < count; i++)
                if (!json_is(json_item(body, i), JSON_STRING) ||
                    json_scalar(json_item(body, i), text) < 0)
                        return false;
        return count > 0;
}

/* Keeps what the call answered: a secret apart, all else for the `.result`. */
static int keep_answer(struct planner *planner, const struct action *action,
                       struct change_result *result) {
        const struct answer *answer = planner->answer;
        _cleanup_(json_freep) struct json *body = NULL;
        struct buf text = BUF_INIT(0);

        if (!answer)
                return 0;
        if (!action->issues) {
                result->answer = strndup(answer->body, answer->len);
                return result->answer ? 0 : -ENOMEM;
        }
        result->secret_file = action->issues;
        result->secret_adds = action->adds;
        (void)json_parse(answer->body, answer->len, &body, NULL);
        if (action->secret && body && json_has(body, action->secret)) {
                if (json_scalar(json_at(body, action->secret), &text) < 0)
                        (void)json_render(json_at(body, action->secret), JSON_PRETTY, &text);
                result->secret = buf_steal(&text, NULL);
        } else if (join_pieces(action->issues, body, &text)) {
                result->secret = buf_steal(&text, NULL);
        } else {
                buf_done(&text);
                result->secret = strndup(answer->body, answer->len);
        }
        return result->secret ? 0 : -ENOMEM;
}

static int plan_action(struct planner *planner, const struct action *action) {
        size_t count = action->counts ? json_count(json_at(planner->mine, action->counts)) : 1;
        int r = planner_check_needs(planner, action->needs);

        planner->weight = action->weight;
        planner->is_creation = action->is_creation;
        planner->secret_members = action->secrets;
        if (r == 0)
                r = action->plan
                            ? action->plan(planner)
                            : planner_add_row(planner, action->call, action->body, action->params);
        if (r == 0)
                planner->steps[planner->count - 1].deletions = (unsigned)count;
        return r;
}

static int run_action(struct planner *planner, const struct action *action,
                      struct change_result *result) {
        int r;

        r = read_mine(planner->composer.op, &plain, planner->text, planner->len, &planner->mine);
        if (r == 0)
                r = check_text(planner, action);
        if (r == 0)
                r = planner_load(planner);
        if (r == 0)
                r = planner_allowed(planner, &action->allowed);
        if (r == 0)
                r = plan_action(planner, action);
        if (r == 0)
                r = planner_run(planner, result);
        if (r == 0 && keep_answer(planner, action, result) < 0)
                r = op_fail(planner->composer.op, ENOMEM, "out of memory");
        return r;
}

/** view_act() - send an action; see the header. */
int view_act(struct view *view, struct op *op, struct place *place, const char *text, size_t len,
             struct change_result *ret) {
        const struct action *action = place->action;
        struct planner planner;
        int r;

        *ret = (struct change_result){ 0 };
        if (place->type != PLACE_ACTION)
                return op_fail(op, EPERM, "not an action");
        r = guard_check(&view->guard, op, action->call, action->weight, action->is_creation);
        if (r < 0)
                return r;
        r = planner_begin(&planner, view, op, place);
        planner.text = text;
        planner.len = len;
        if (r == 0)
                r = run_action(&planner, action, ret);
        if (r < 0 && op->fault.is_unknown)
                r = planner_unknown(&planner);
        planner_done(&planner);
        return r;
}
