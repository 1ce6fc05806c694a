/* SPDX-License-Identifier: Apache-2.0 */
#include "backends/many.h"
#include "backends/records.h"
#include "backends/view-internal.h"
#include "base/stamp.h"
#include "base/text.h"

enum { RESOLVE_DEPTH_MAX = 4, DEFAULT_TTL_S = 60 };

/** composer_init() - begin a composition for a place; everything is borrowed. */
void composer_init(struct composer *composer, struct view *view, struct op *op,
                   struct place *place) {
        *composer = (struct composer){
                .view = view, .op = op, .place = place, .fresh_until_ms = INT64_MAX
        };
}

/** composer_done() - free what hooks left behind. */
void composer_done(struct composer *composer) {
        param_list_done(&composer->extra);
        for (unsigned i = 0; i < composer->n_indexes; i++) {
                free(composer->indexes[i].key);
                (void)index_unref(composer->indexes[i].index);
        }
        composer->n_indexes = 0;
}

/** composer_join() - what another composition used was used here too. */
void composer_join(struct composer *composer, const struct composer *other) {
        if (other->fetched_ms &&
            (!composer->fetched_ms || other->fetched_ms < composer->fetched_ms))
                composer->fetched_ms = other->fetched_ms;
        if (other->fresh_until_ms < composer->fresh_until_ms)
                composer->fresh_until_ms = other->fresh_until_ms;
        composer->is_stale |= other->is_stale;
        if (other->request_id[0])
                (void)snprintf(composer->request_id, sizeof(composer->request_id), "%s",
                               other->request_id);
}

/** composer_param() - a parameter's value at the composed place, or NULL. */
const char *composer_param(const struct composer *composer, const char *name) {
        return place_param(composer->place, name);
}

static void add_param(struct request_params *params, const char *name, const char *value) {
        for (size_t i = 0; i < params->count; i++)
                if (text_eq(params->list[i].name, name))
                        return;
        if (params->count < REQUEST_PARAMS_MAX)
                params->list[params->count++] = (struct param){ name, value };
}

static void add_params(struct request_params *params, const struct param_list *list) {
        for (size_t i = 0; i < list->count; i++)
                add_param(params, list->list[i].name, list->list[i].value);
}

static void add_place(struct request_params *params, const struct place *place) {
        if (place->params)
                add_params(params, place->params);
        for (const char *const *name = place_item_params(place); *name; name++)
                add_param(params, *name, place->id);
}

/* Asks the resolvers between the place and the root for what a call to another address needs. */
static int resolve(struct composer *composer, const struct call *call,
                   struct request_params *params) {
        if (call->endpoint == ENDPOINT_SERVICE)
                return 0;
        for (struct place *place = composer->place; place; place = place->parent) {
                bool must_be_fresh = composer->op->must_be_fresh;
                struct composer inner;
                int r;

                if (!place->child || !place->child->resolve)
                        continue;
                if (composer->depth >= RESOLVE_DEPTH_MAX)
                        return op_fail(composer->op, ELOOP, "parameters that need each other");
                composer_init(&inner, composer->view, composer->op, place->parent);
                inner.depth = composer->depth + 1;
                inner.told = composer->told;
                /* Fresh is what is asked for below, not the address it is asked at. */
                composer->op->must_be_fresh = false;
                r = place->child->resolve(&inner, &params->resolved);
                composer->op->must_be_fresh = must_be_fresh;
                composer_done(&inner);
                if (r < 0)
                        return r;
        }
        add_params(params, &params->resolved);
        return 0;
}

static int64_t max_age(const struct composer *composer, const struct call *call) {
        int64_t age = call->ttl_s ? (int64_t)call->ttl_s * 1000 : composer->view->ttl_ms;

        if (composer->max_age_ms && composer->max_age_ms < age)
                age = composer->max_age_ms;
        return age;
}

static void note_answer(struct composer *composer, const struct answer *answer, int64_t age_ms) {
        int64_t left = age_ms - (stamp_now_ms() - answer->fetched_ms);
        struct composer used = { .fetched_ms = answer->fetched_ms, .is_stale = answer->is_stale };

        if (left < 0 || answer->is_stale)
                left = 0;
        used.fresh_until_ms = stamp_monotonic_ms() + left;
        if (answer->request_id)
                (void)snprintf(used.request_id, sizeof(used.request_id), "%s", answer->request_id);
        composer_join(composer, &used);
}

/** composer_prepare() - fill a request with the place's parameters; request_params_done() ends
 * them,
 * in any case. 0 or the failure of a resolver. */
int composer_prepare(struct composer *composer, const struct call *call,
                     struct request_params *params, struct request *request) {
        int r;

        *params = (struct request_params){ 0 };
        add_params(params, &composer->extra);
        /* An engine's own servers know one project, by a word of theirs. */
        if (call->endpoint == ENDPOINT_REGISTRY || call->endpoint == ENDPOINT_CONFIG)
                params->list[params->count++] = (struct param){ "project_id", "default" };
        for (const struct place *place = composer->place; place; place = place->parent)
                add_place(params, place);
        r = resolve(composer, call, params);
        request->call = call;
        request->params = params->list;
        request->n_params = params->count;
        request->max_age_ms = max_age(composer, call);
        return r;
}

/** request_params_done() - free what a resolver found. */
void request_params_done(struct request_params *params) {
        param_list_done(&params->resolved);
}

/* Performs a reading call with the place's parameters; gives the request's key if it is wanted. */
static int fetch(struct composer *composer, const struct call *call, const char *only,
                 enum reach reach, struct answer **ret, struct buf *ret_key) {
        _cleanup_(answer_unrefp) struct answer *answer = NULL;
        struct request request = { .only = only, .reach = composer->told ? REACH_CACHED : reach };
        struct request_params params;
        int r;

        r = composer_prepare(composer, call, &params, &request);
        if (r == 0 && call->many && request.reach == REACH_ANY)
                r = many_ask(composer, &request);
        if (r == 0)
                r = source_fetch(composer->view->source, composer->op, &request, &answer);
        if (composer->told && (r == 0 || reach == REACH_ANY))
                explain_request(composer->view->source, &request, composer->told);
        if (r == 0 && reach == REACH_CACHED &&
            (answer->is_stale || stamp_now_ms() - answer->fetched_ms > request.max_age_ms))
                r = -ENODATA;
        if (r == 0) {
                note_answer(composer, answer, request.max_age_ms);
                *ret = STEAL(answer);
        }
        if (r == 0 && ret_key)
                r = request_key(&request, ret_key);
        request_params_done(&params);
        return r;
}

/**
 * composer_fetch() - perform a reading call with the place's parameters.
 * @only: of a list, the id of the one item wanted; NULL for all.
 * Returns 0 and a reference, or negative errno with the reason in the op.
 */
int composer_fetch(struct composer *composer, const struct call *call, const char *only,
                   struct answer **ret) {
        return fetch(composer, call, only, REACH_ANY, ret, NULL);
}

/**
 * composer_ask() - perform a reading call that has a body (a search). Its answer is not remembered.
 * @ret: the value, owned by the caller; @ret_ms: when it was received, realtime.
 * Returns 0 or negative errno with a reason.
 */
int composer_ask(struct composer *composer, const struct call *call, const struct json *body,
                 struct json **ret, int64_t *ret_ms) {
        _cleanup_(answer_unrefp) struct answer *answer = NULL;
        struct request_params params;
        struct request request = { 0 };
        struct buf text = BUF_INIT(0);
        int r;

        if (composer->told)
                return -ENODATA;
        r = composer_prepare(composer, call, &params, &request);
        if (r == 0 && json_render(body, JSON_COMPACT, &text) < 0)
                r = op_fail(composer->op, ENOMEM, "out of memory");
        request.body = text.data;
        request.body_len = text.len;
        if (r == 0)
                r = source_fetch(composer->view->source, composer->op, &request, &answer);
        if (r == 0 && answer->is_stale)
                r = op_fail(composer->op, EIO, "%s could not be asked", call->id);
        if (r == 0 && answer_value(call, answer, ret) < 0)
                r = op_fail(composer->op, EIO, "%s answered no JSON", call->id);
        if (r == 0)
                *ret_ms = answer->fetched_ms;
        request_params_done(&params);
        buf_done(&text);
        return r;
}

/**
 * composer_learn() - tell the source what a reading call would be answered now.
 * @value: the whole answer as the call gives it; the parameters are the composer's.
 * @revision: what the service calls it, NULL if it does not.
 * Returns 0 or -ENOMEM.
 */
int composer_learn(struct composer *composer, const struct call *call, const struct json *value,
                   const char *revision, int64_t fetched_ms) {
        _cleanup_(answer_unrefp) struct answer *answer = NULL;
        _cleanup_(json_freep) struct json *copy = json_copy(value);
        struct request_params params;
        struct request request = { 0 };
        int r;

        r = copy ? answer_new(&answer) : -ENOMEM;
        if (r == 0)
                r = records_split(call, copy, answer);
        if (r == 0)
                r = records_envelope(call, copy, answer);
        if (r == 0)
                r = answer_seal(answer);
        if (r < 0)
                return op_fail(composer->op, -r, "out of memory");
        answer->fetched_ms = fetched_ms;
        answer->status = 200;
        answer->revision = text_is_empty(revision) ? NULL : strdup(revision);
        r = composer_prepare(composer, call, &params, &request);
        if (r == 0)
                source_learn(composer->view->source, &request, answer);
        request_params_done(&params);
        return r;
}

static int items_array(const struct answer *answer, struct json **ret) {
        _cleanup_(json_freep) struct json *array = json_new_array();

        if (!array)
                return -ENOMEM;
        for (size_t i = 0; i < answer->count; i++) {
                struct json *item;
                int r = json_parse(answer->items[i].body, answer->items[i].len, &item, NULL);

                if (r == 0)
                        r = json_append(array, item);
                if (r < 0)
                        return r;
        }
        *ret = STEAL(array);
        return 0;
}

/* Puts the items of all pages where the array of the first page stood. */
static int put_items(struct json *body, const char *pointer, struct json *array) {
        const char *last = strrchr(pointer, '/');
        _cleanup_(freep) char *parent = strndup(pointer, (size_t)(last - pointer));
        struct json *object = parent ? json_at(body, parent) : NULL;

        if (!json_is(object, JSON_OBJECT)) {
                (void)json_free(array);
                return parent ? -EBADMSG : -ENOMEM;
        }
        return json_set(object, last + 1, array);
}

/**
 * answer_value() - the whole of what a call answered as one value: the body, with the items of all
 * pages in their place. Returns 0, -EBADMSG for a body that is no JSON, -ENOMEM.
 */
int answer_value(const struct call *call, const struct answer *answer, struct json **ret) {
        _cleanup_(json_freep) struct json *body = NULL;
        struct json *array = NULL;
        bool is_list = call->items || call->split;
        int r;

        if (is_list) {
                r = items_array(answer, &array);
                if (r < 0)
                        return r;
        }
        if (is_list && (call->split || !*call->items)) {
                *ret = array;
                return 0;
        }
        r = answer->len ? json_parse(answer->body, answer->len, &body, NULL) : -EBADMSG;
        if (r < 0) {
                (void)json_free(array);
                return r;
        }
        if (is_list) {
                r = put_items(body, call->items, array);
                if (r < 0)
                        return r;
        }
        *ret = STEAL(body);
        return 0;
}

/** composer_value() - composer_fetch() and answer_value() in one; -EIO for an answer without
 * JSON. */
int composer_value(struct composer *composer, const struct call *call, struct json **ret) {
        _cleanup_(answer_unrefp) struct answer *answer = NULL;
        int r;

        r = composer_fetch(composer, call, NULL, &answer);
        if (r < 0)
                return r;
        r = answer_value(call, answer, ret);
        if (r == -EBADMSG)
                return op_fail(composer->op, EIO, "%s answered no JSON", call->id);
        return r;
}

/** composer_known() - what a call was answered, if that still serves; NULL if not. Nobody is asked.
 * @only: of a list, as in composer_fetch(). Returns a reference. */
struct answer *composer_known(struct composer *composer, const struct call *call,
                              const char *only) {
        struct answer *answer = NULL;
        struct request_params params;
        struct request request = { .only = only, .reach = REACH_CACHED };
        struct op op;

        op_init(&op, OP_INTERACTIVE, 0);
        if (composer_prepare(composer, call, &params, &request) == 0 &&
            source_fetch(composer->view->source, &op, &request, &answer) == 0 && answer->is_stale)
                answer = answer_unref(answer);
        request_params_done(&params);
        return answer;
}

/* Is a wider list at hand that tells of a kind's items what its own, if that is known, does not? */
static bool is_swept(struct composer *composer, const struct kind *kind, const char *only) {
        _cleanup_(answer_unrefp) struct answer *wide = NULL;
        _cleanup_(answer_unrefp) struct answer *own = NULL;

        if (!kind->sweep || composer->op->must_be_fresh)
                return false;
        wide = composer_known(composer, kind->sweep, only);
        if (wide)
                own = composer_known(composer, kind->list, only);
        return wide && (!own || wide->fetched_ms >= own->fetched_ms);
}

/**
 * composer_list() - a kind's list: out of a wider one that is at hand, else by its own call.
 * @ret_key: the key of what was asked is appended; may be NULL. As composer_fetch() otherwise.
 */
int composer_list(struct composer *composer, const struct kind *kind, const char *only,
                  struct answer **ret, struct buf *ret_key) {
        if (is_swept(composer, kind, only) &&
            fetch(composer, kind->sweep, only, REACH_CACHED, ret, ret_key) == 0)
                return 0;
        return fetch(composer, kind->list, only, REACH_ANY, ret, ret_key);
}
