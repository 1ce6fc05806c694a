/* SPDX-License-Identifier: Apache-2.0 */
/* Where a resource is in its life, by the states that its row knows. */
#include <strings.h>

#include "backends/change.h"
#include "backends/compose.h"
#include "backends/select.h"
#include "backends/sent.h"
#include "base/text.h"

static bool is_listed(const char *const *list, const char *state) {
        for (; state && list && *list; list++)
                if (strcasecmp(*list, state) == 0)
                        return true;
        return false;
}

/* `40%`, or a number; -1 if it is neither. */
static int percent_of(const struct json *value) {
        struct buf text = BUF_INIT(64);
        unsigned percent;
        int r = json_scalar(value, &text);

        if (r == 0 && text.len && text.data[text.len - 1] == '%')
                buf_truncate(&text, text.len - 1);
        r = r == 0 ? text_uint(buf_str(&text), 100, &percent) : r;
        buf_done(&text);
        return r == 0 ? (int)percent : -1;
}

/* The work that is under way: an object of kinds of work and how far they are, or a word. */
static bool read_work(const struct life *life, const struct json *item, struct life_state *state) {
        const struct json *work = life->busy_at ? json_at(item, life->busy_at) : NULL;
        struct json_cursor cursor = { 0 };

        if (json_is(work, JSON_STRING) && !text_is_empty(json_string(work, ""))) {
                state->work = strdup(json_string(work, ""));
                return true;
        }
        if (!json_is(work, JSON_OBJECT) || !json_next(work, &cursor))
                return false;
        state->work = strdup(cursor.name);
        state->percent = percent_of(cursor.value);
        return true;
}

static int read_state(const struct life *life, const struct json *item, struct life_state *ret) {
        struct life_state state = { .percent = -1, .phase = LIFE_OTHER };
        bool is_busy = read_work(life, item, &state);

        if (json_text_at(item, life->at, &state.state) < 0 &&
            (!life->or_at || json_text_at(item, life->or_at, &state.state) < 0))
                state.state = strdup("");
        if (!state.state) {
                free(state.work);
                return -ENOMEM;
        }
        if (state.percent < 0 && json_has(item, "/progress"))
                state.percent = percent_of(json_at(item, "/progress"));
        if (is_busy || is_listed(life->busy, state.state))
                state.phase = LIFE_BUSY;
        else if (is_listed(life->good, state.state))
                state.phase = LIFE_GOOD;
        else if (is_listed(life->bad, state.state))
                state.phase = LIFE_BAD;
        else if (life->ended_at && json_has(item, life->ended_at))
                state.phase = LIFE_BAD;
        *ret = state;
        return 0;
}

/* The innermost resource or document, as composer_item() reads it; NULL above all. */
static const struct kind *kind_of(const struct place *place) {
        while (place && !(place->id && place->kind))
                place = place->parent;
        return place ? place->kind : NULL;
}

/* The directory below a resource that has a life of its own at or above a place, NULL: none. */
static const struct place *own_of(const struct place *place) {
        while (place && !(place->id && place->kind)) {
                if (place->type == PLACE_FIXED && place->row && place->row->life)
                        return place;
                place = place->parent;
        }
        return NULL;
}

static const struct life *life_of(const struct place *place) {
        const struct place *own = own_of(place);
        const struct kind *kind = kind_of(place);

        if (own)
                return own->row->life;
        return kind ? kind->life : NULL;
}

/* What tells the state of such a directory, as its status.json has it. */
static int read_own(struct composer *composer, const struct place *own, struct json **ret) {
        _cleanup_(json_freep) struct json *item = NULL;
        const struct file *file = own->row->files;
        int r = composer_item(composer, &item);

        if (r < 0)
                return r;
        if (!item || (!when_holds(&own->child->when, item) &&
                      !sent_is_marked(composer->view, own->parent, own->child->name)))
                return op_fail(composer->op, ENOENT, "it has gone");
        while (file->name && !text_eq(file->name, "status.json"))
                file++;
        return file->name && file->compose ? file->compose(composer, NULL, ret) : -ENOENT;
}

/** view_has_life() - does the resource's kind have a life cycle? Without a request. */
bool view_has_life(const struct place *place) {
        return life_of(place) != NULL;
}

/** view_shares_answer() - is a file made of the answer that lists what was changed, or what is in
 * the collection that was? Then it tells of the change too. */
bool view_shares_answer(const struct place *changed, const struct place *file) {
        return changed->kind && changed->kind->list && file->file &&
               file->file->from == FROM_CALL && file->file->call == changed->kind->list;
}

/** view_life() - see the header. */
int view_life(struct view *view, struct op *op, struct place *place, struct life_state *ret) {
        _cleanup_(json_freep) struct json *item = NULL;
        const struct life *life = life_of(place);
        const struct place *own = own_of(place);
        struct composer composer;
        int r;

        if (!life) {
                *ret = (struct life_state){ .phase = LIFE_NONE, .percent = -1 };
                return 0;
        }
        while (own && place != own)
                place = place->parent;
        composer_init(&composer, view, op, place);
        r = own ? read_own(&composer, own, &item) : composer_item(&composer, &item);
        composer_done(&composer);
        /* A list may go on telling of what has gone, in a state that the tree does not show. */
        if (r == 0 && !own && (!item || !when_holds(&kind_of(place)->only, item)))
                r = op_fail(op, ENOENT, "it has gone");
        if (r == 0) {
                r = read_state(life, item, ret);
                if (r < 0)
                        (void)op_fail(op, -r, "out of memory");
        }
        return r;
}

/** life_state_done() - free what a state owns. */
void life_state_done(struct life_state *state) {
        free(state->state);
        free(state->work);
        *state = (struct life_state){ 0 };
}
