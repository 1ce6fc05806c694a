/* SPDX-License-Identifier: Apache-2.0 */
/* What is shown: why it is as it is, and how to hear that it is something else. */
#include "backends/view-internal.h"

#include "backends/template.h"
#include "base/stamp.h"
#include "base/text.h"

/* Where the request goes, as it stands in logs and in tickets. */
static int put_target(const struct request *request, struct json *into) {
        struct buf path = BUF_INIT(64 * 1024), query = BUF_INIT(64 * 1024);
        int r;

        r = template_path(request, &path);
        if (r == 0)
                r = template_query(request, &query);
        if (r == 0 && query.len)
                r = buf_printf(&path, "?%s", buf_str(&query));
        if (r == 0)
                r = json_set_string(into, "target", buf_str(&path));
        buf_done(&path);
        buf_done(&query);
        return r;
}

static int explain(struct source *source, const struct request *request, struct json *into) {
        int r;

        r = json_set_string(into, "service", request->call->service);
        if (r == 0)
                r = json_set_string(into, "call", request->call->id);
        if (r == 0)
                r = json_set_string(into, "method", method_name(request->call->method));
        if (r == 0)
                r = put_target(request, into);
        return r == 0 ? source_explain(source, request, into) : r;
}

static bool is_of(const struct json *known, const struct json *told) {
        return text_eq(json_string(known, "/call"), json_string(told, "/call")) &&
               text_eq(json_string(known, "/target"), json_string(told, "/target"));
}

/**
 * explain_request() - add what is known of a request's answer to an array, once: a request that is
 * needed again needs the younger answer. What cannot be told is left out.
 */
void explain_request(struct source *source, const struct request *request, struct json *told) {
        struct json *object = json_new_object();

        if (!object || explain(source, request, object) < 0) {
                (void)json_free(object);
                return;
        }
        for (size_t i = 0; i < json_count(told); i++)
                if (is_of(json_item(told, i), object)) {
                        (void)json_free(object);
                        return;
                }
        (void)json_append(told, object);
}

static void explain_file(struct composer *composer, const struct place *place) {
        _cleanup_(json_freep) struct json *value = NULL;

        if (composer_is_busy(composer))
                composer->max_age_ms = BUSY_AGE_MS;
        (void)file_value(composer, place, &value);
}

static void explain_list(struct composer *composer, struct place *place) {
        struct listing_builder builder;

        if (listing_begin(&builder) < 0)
                return;
        (void)list_place(composer, &builder, place);
        listing_abandon(&builder);
}

/** view_explain() - see the header. */
int view_explain(struct view *view, struct op *op, struct place *place, struct json **ret) {
        _cleanup_(json_freep) struct json *told = json_new_array();
        struct composer composer;

        if (!told)
                return op_fail(op, ENOMEM, "out of memory");
        composer_init(&composer, view, op, place);
        composer.told = told;
        /* It goes as far as what is known leads; that it ends somewhere is no failure. */
        if (place->type == PLACE_FILE)
                explain_file(&composer, place);
        else
                explain_list(&composer, place);
        composer_done(&composer);
        op_clear(op);
        *ret = STEAL(told);
        return 0;
}

/** view_has_feed() - is it a collection whose list can be followed? */
bool view_has_feed(const struct place *place) {
        return place->type == PLACE_COLLECTION && place->kind->list &&
               place->kind->list->wait_query;
}

/** view_watch() - see the header. */
int view_watch(struct view *view, struct op *op, struct place *place, unsigned wait_s,
               char **revision) {
        struct request_params params;
        struct request request = { 0 };
        struct composer composer;
        int r;

        if (!view_has_feed(place))
                return -EOPNOTSUPP;
        composer_init(&composer, view, op, place);
        r = composer_prepare(&composer, place->kind->list, &params, &request);
        request.wait_s = wait_s;
        if (r == 0)
                r = source_watch(view->source, op, &request, revision);
        request_params_done(&params);
        composer_done(&composer);
        return r;
}

/* Lists a collection of the account's own, as it is now. */
static int probe(struct view *view, struct op *op, const struct child *child) {
        _cleanup_(answer_unrefp) struct answer *answer = NULL;
        _cleanup_(place_unrefp) struct place *place = NULL;
        const struct place_seed seed = { .type = PLACE_COLLECTION,
                                         .parent = view->root,
                                         .child = child,
                                         .kind = child->kind,
                                         .step = child->name ? child->name : "" };
        struct composer composer;
        int r;

        if (place_new(&seed, &place) < 0)
                return op_fail(op, ENOMEM, "out of memory");
        composer_init(&composer, view, op, place);
        r = composer_fetch(&composer, child->kind->list, NULL, &answer);
        composer_done(&composer);
        return r;
}

/** view_probe() - see the header. */
int view_probe(struct view *view, struct op *op) {
        const struct child *child = view->root->row->children;
        int r = -ENOENT;

        op->must_be_fresh = true;
        op->fresh_since_ms = stamp_now_ms();
        for (; r == -ENOENT && child && (child->kind || child->row); child++) {
                if (!child->kind || (child->name && text_eq(child->name, view->lacks)))
                        continue;
                op_clear(op);
                r = probe(view, op, child);
        }
        return r;
}

/* The call that what is shown here is made of. */
static const struct call *call_of(const struct place *place) {
        if (place->type == PLACE_COLLECTION)
                return place->kind->list;
        if (place->type != PLACE_FILE)
                return NULL;
        if (place->file->from == FROM_CALL)
                return place->file->call;
        return place->kind && place->file->from == FROM_ITEM ? place->kind->list : NULL;
}

/** view_confirms() - see the header. */
bool view_confirms(const struct place *place) {
        const struct call *call = call_of(place);

        return call && call->revision_query;
}
