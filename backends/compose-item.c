/* SPDX-License-Identifier: Apache-2.0 */
/* The resource that a composition is about. */
#include "backends/view-internal.h"

/* The innermost place with an item: itself, a document of a collection, or an ancestor. */
static const struct place *item_place(const struct place *place) {
        while (place && !(place->id && place->kind))
                place = place->parent;
        return place;
}

/* Puts the members of one object over those of another; both stay the caller's. */
static int merge_members(struct json *into, const struct json *from) {
        struct json_cursor cursor = { 0 };
        int r = 0;

        while (r == 0 && json_next(from, &cursor))
                r = json_set(into, cursor.name, json_share(cursor.value));
        return r;
}

static void note_item(struct composer *composer, const struct place *place, const struct json *item,
                      int64_t now_ms) {
        struct request_params params;
        struct request request = { 0 };
        struct buf text = BUF_INIT(0);

        if (composer_prepare(composer, place->kind->list, &params, &request) == 0 &&
            json_render(item, JSON_COMPACT, &text) == 0)
                source_note(composer->view->source, &request, place->id, text.data, text.len,
                            now_ms);
        request_params_done(&params);
        buf_done(&text);
}

/* One item anew by its own call; the list that holds it learns of it. */
static int refresh_item(struct composer *composer, const struct place *place, struct json *known,
                        struct json **ret) {
        _cleanup_(answer_unrefp) struct answer *answer = NULL;
        _cleanup_(json_freep) struct json *body = NULL;
        _cleanup_(json_freep) struct json *item = NULL;
        int r;

        r = composer_fetch(composer, place->kind->refresh, NULL, &answer);
        if (r < 0)
                return r;
        if (answer_value(place->kind->refresh, answer, &body) < 0)
                return op_fail(composer->op, EIO, "%s answered no JSON", place->kind->refresh->id);
        item = json_share(json_at(body, place->kind->refresh_at));
        if (place->kind->refresh_is_part && item) {
                r = merge_members(known, item);
                (void)json_free(item);
                item = json_share(known);
        }
        if (r < 0 || !item)
                return op_fail(composer->op, EIO, "%s answered nothing", place->kind->refresh->id);
        note_item(composer, place, item, answer->fetched_ms);
        *ret = STEAL(item);
        return 0;
}

/* The item as a list that is at hand tells it, whatever its age; NULL where none does.
 * @ret_serves: it is as fresh as it must be. */
static struct json *known_item(struct composer *composer, const struct place *place,
                               bool *ret_serves) {
        _cleanup_(answer_unrefp) struct answer *answer = NULL;
        const struct answer_item *found;
        struct request_params params;
        struct request request = { .only = place->id, .reach = REACH_CACHED };
        struct op op;
        struct json *item = NULL;

        op_init(&op, OP_INTERACTIVE, 0);
        op.must_be_fresh = composer->op->must_be_fresh;
        op.fresh_since_ms = composer->op->fresh_since_ms;
        op.may_be_stale = composer->op->may_be_stale;
        op.stale_since_ms = composer->op->stale_since_ms;
        *ret_serves = false;
        if (composer_prepare(composer, place->kind->list, &params, &request) == 0 &&
            source_fetch(composer->view->source, &op, &request, &answer) == 0) {
                *ret_serves = !answer->is_stale;
                found = answer_find(answer, place->id);
                if (found)
                        (void)json_parse(found->body, found->len, &item, NULL);
        }
        request_params_done(&params);
        return item;
}

/* The item of the place out of a list. */
static int find_item(struct composer *composer, const struct place *place,
                     const struct answer *answer, struct json **ret) {
        const struct answer_item *item = answer_find(answer, place->id);

        if (!item)
                return op_fail(composer->op, ENOENT, "this %s is not there any more",
                               place->kind->name);
        if (json_parse(item->body, item->len, ret, NULL) < 0)
                return op_fail(composer->op, EIO, "an element of the list of %s is no JSON",
                               place->kind->name);
        return 0;
}

static int list_item(struct composer *composer, const struct place *place, struct json **ret) {
        _cleanup_(answer_unrefp) struct answer *answer = NULL;
        int r = composer_list(composer, place->kind, place->id, &answer, NULL);

        return r < 0 ? r : find_item(composer, place, answer, ret);
}

/**
 * composer_one() - the innermost resource as another list than its own tells it.
 * Returns 0 and a tree of the caller's own, -ENOENT when it is not there, or the call's failure.
 */
int composer_one(struct composer *composer, const struct call *list, struct json **ret) {
        const struct place *place = item_place(composer->place);
        _cleanup_(answer_unrefp) struct answer *answer = NULL;
        int r;

        if (!place)
                return op_fail(composer->op, EINVAL, "there is no resource here");
        r = composer_fetch(composer, list, place->id, &answer);
        return r < 0 ? r : find_item(composer, place, answer, ret);
}

/* As refresh_item(), but its last answer does not stand in for one that cannot be had: the list may
 * have told of something newer since. */
static int refresh_item_now(struct composer *composer, const struct place *place,
                            struct json *known, struct json **ret) {
        struct op *op = composer->op;
        bool before = op->may_be_stale;
        int r;

        op->may_be_stale = false;
        r = refresh_item(composer, place, known, ret);
        op->may_be_stale = before;
        return r;
}

static int fetch_item(struct composer *composer, const struct place *place, struct json **ret) {
        _cleanup_(json_freep) struct json *known = NULL;
        struct op *op = composer->op;
        bool serves = false;
        int r;

        if (op->must_be_fresh && place->kind->refresh)
                known = known_item(composer, place, &serves);
        if (!known || serves)
                return list_item(composer, place, ret);
        r = refresh_item_now(composer, place, known, ret);
        if (!op->may_be_stale || !(op_is_silence(r) || r == -EBUSY))
                return r;
        op_clear(op);
        return list_item(composer, place, ret);
}

/**
 * composer_item() - the innermost resource of the place, as its list tells it.
 * Places above all resources have none: *@ret is NULL then.
 * Returns 0 and a tree of the caller's own, -ENOENT when it has gone, or the call's failure.
 */
int composer_item(struct composer *composer, struct json **ret) {
        const struct place *place = item_place(composer->place);

        *ret = NULL;
        if (!place || !place->kind->list || place->kind->by_name)
                return 0;
        return fetch_item(composer, place, ret);
}

/**
 * composer_object() - the innermost resource in full: by its own call where its kind has one.
 * As composer_item() otherwise.
 */
int composer_object(struct composer *composer, struct json **ret) {
        const struct place *place = item_place(composer->place);
        _cleanup_(json_freep) struct json *value = NULL;
        const struct json *object;
        int r;

        if (!place || !place->kind->get)
                return composer_item(composer, ret);
        r = composer_value(composer, place->kind->get, &value);
        if (r < 0)
                return r;
        object = json_at(value, place->kind->object);
        if (!json_is(object, JSON_OBJECT) && !json_is(object, JSON_ARRAY))
                return op_fail(composer->op, EIO, "%s answered without %s", place->kind->get->id,
                               place->kind->object ? place->kind->object : "an object");
        *ret = json_share(object);
        return 0;
}

static bool is_busy_in_list(const struct place *place, const struct answer *list) {
        const struct answer_item *item = answer_find(list, place->id);
        _cleanup_(json_freep) struct json *value = NULL;

        return item && json_parse(item->body, item->len, &value, NULL) == 0 &&
               life_is_busy(place->kind->life, value);
}

static bool is_busy_itself(const struct place *place, const struct answer *object) {
        _cleanup_(json_freep) struct json *value = NULL;

        return answer_value(place->kind->get, object, &value) == 0 &&
               life_is_busy(place->kind->life, json_at(value, place->kind->object));
}

/**
 * composer_is_busy() - is the innermost resource in a transition, as far as is known? Its list and
 * its own call both tell; the later one is right. Nobody is asked.
 */
bool composer_is_busy(struct composer *composer) {
        const struct place *place = item_place(composer->place);
        _cleanup_(answer_unrefp) struct answer *list = NULL;
        _cleanup_(answer_unrefp) struct answer *object = NULL;

        if (!place || !place->kind->life || !place->kind->list)
                return false;
        list = composer_known(composer, place->kind->list, place->id);
        if (place->kind->get)
                object = composer_known(composer, place->kind->get, NULL);
        if (object && (!list || object->fetched_ms >= list->fetched_ms))
                return is_busy_itself(place, object);
        return list && is_busy_in_list(place, list);
}
