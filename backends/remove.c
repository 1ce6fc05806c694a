/* SPDX-License-Identifier: Apache-2.0 */
/* Ending things: resources by rmdir, documents by rm. */
#include "backends/change-internal.h"
#include "backends/sent.h"
#include "backends/view-internal.h"
#include "base/stamp.h"
#include "base/text.h"

/** place_removal() - the row that ends the resource or document at a place; NULL where none does.
 */
const struct removal *place_removal(const struct place *place) {
        if (place->type == PLACE_ITEM)
                return place->kind->removal;
        if (place->type == PLACE_FILE && place_is_document(place))
                return place->file == place->kind->content.files ? place->kind->removal : NULL;
        if (place->type == PLACE_FIXED && place->row)
                return place->row->removal;
        return NULL;
}

/** place_is_document() - is it an item of a collection of documents, not an attribute? */
bool place_is_document(const struct place *place) {
        return place->type == PLACE_FILE && place->kind && place->id &&
               place->kind->shape == SHAPE_DOCUMENT;
}

static uint64_t collection_of(struct place *place) {
        const struct place *collection = place_collection(place);

        return collection ? collection->ino : 0;
}

/** place_is_same_item() - are both files of the same document, e.g. a value and what is told of
 * it? */
bool place_is_same_item(const struct place *a, const struct place *b) {
        return place_is_document(a) && place_is_document(b) && a->kind == b->kind &&
               text_eq(a->id, b->id) && collection_of(a->parent) == collection_of(b->parent);
}

/* The checks of a removal that need no request, but for the budget. 0, or -EPERM with a reason. */
static int check(struct view *view, struct op *op, const struct place *place) {
        const struct removal *removal = place_removal(place);

        if (!removal && place_is_document(place) && place->kind->removal)
                return op_fail(op, EPERM,
                               "this tells of something else that is still there, and goes with "
                               "it: remove that");
        if (!removal)
                return op_fail(op, EPERM,
                               "no call deletes this; a resource is deleted by rmdir of "
                               "its directory");
        return guard_check(&view->guard, op, removal->call, removal->weight, false);
}

/** view_pay_removal() - check it, take it out of the budget; see the header. */
int view_pay_removal(struct view *view, struct op *op, const struct place *place) {
        const struct removal *removal = place_removal(place);
        int r = check(view, op, place);

        return r < 0 ? r : guard_spend(&view->guard, op, removal->call, 1, false);
}

/** view_refund_removal() - it is not going to be sent. */
void view_refund_removal(struct view *view, const struct place *place) {
        const struct removal *removal = place_removal(place);

        if (removal)
                guard_refund(&view->guard, removal->call);
}

static int plan_remove(struct planner *planner, const struct removal *removal) {
        int r = 0;

        planner->weight = removal->weight;
        if (removal->blocked || removal->plan || removal->body || removal->allowed.when.at)
                r = planner_load(planner);
        if (r == 0)
                r = planner_allowed(planner, &removal->allowed);
        if (r == 0 && removal->blocked)
                r = removal->blocked(planner);
        if (r < 0)
                return r;
        return removal->plan ? removal->plan(planner)
                             : planner_add_row(planner, removal->call, removal->body, NULL);
}

/* Gone is gone: a removal whose outcome is unknown is settled by a look, as is one that found
 * nothing: a broken connection may have had it sent twice. */
static int settle(struct planner *planner, int error) {
        struct op *op = planner->composer.op;
        struct op_fault before = op->fault;
        bool has_item = planner->composer.place->type != PLACE_FIXED;
        int r;

        if (!op->fault.is_unknown && (error != -ENOENT || !before.status || !has_item))
                return error;
        op_clear(op);
        r = has_item ? planner_load(planner) : -EIO;
        op_clear(op);
        if (r == -ENOENT)
                return 0;
        op->fault = before;
        if (before.is_unknown && (r < 0 || !before.status))
                return planner_unknown(planner);
        op->fault.is_unknown = false;
        return error;
}

/* A fixed directory that was made is forgotten; what stands in the way of a deletion blocks it. */
static int conclude(struct planner *planner, const struct place *place, int r) {
        struct op *op = planner->composer.op;
        struct op_fault before = op->fault;

        if ((r == 0 || r == -ENOENT) && place->type == PLACE_FIXED && !op->plan_only)
                sent_mark(planner->composer.view, place->parent, place->child->name, false);
        else if (r == 0 && place->type == PLACE_ITEM && !op->plan_only)
                sent_forget(planner->composer.view, place, NULL);
        if (r != -EEXIST)
                return r;
        return op_fail_answer(op, ENOTEMPTY, before.status, before.code, before.request_id,
                              before.reason);
}

/* A file of a resource from answers that are at hand. NULL: there are none. */
static char *known_text(struct planner *planner, struct place *place, const struct file *file) {
        _cleanup_(document_unrefp) struct document *document = NULL;
        _cleanup_(place_unrefp) struct place *child = NULL;
        _cleanup_(json_freep) struct json *told = json_new_array();
        const struct op_fault fault = planner->composer.op->fault;
        struct composer composer;

        if (!told || place_new(&(struct place_seed){ .type = PLACE_FILE,
                                                     .parent = place,
                                                     .file = file,
                                                     .step = file->name },
                               &child) < 0)
                return NULL;
        composer_init(&composer, planner->composer.view, planner->composer.op, child);
        composer.told = told; /* nobody is asked */
        (void)file_read(&composer, child, &document);
        composer_done(&composer);
        planner->composer.op->fault = fault;
        return document ? STEAL(document->data) : NULL;
}

/* The resource's main document, as it is now where it was looked at just now, else as it is known;
 * lists tell less of it than its own call, but better that than nothing. */
static char *last_text(struct planner *planner, struct place *place, const struct file *file) {
        struct file listed = *file;
        char *text = NULL;

        if (file->from == FROM_OBJECT && planner->item)
                return file_text(&planner->composer, file, planner->item);
        text = known_text(planner, place, file);
        listed.from = FROM_ITEM;
        return !text && file->from == FROM_OBJECT ? known_text(planner, place, &listed) : text;
}

/* What the resource says goes into the history before the first request. 0 or -ENOMEM. */
static int keep_document(struct planner *planner, struct place *place) {
        const struct file *file = place->type == PLACE_ITEM ? place->kind->content.files : NULL;
        struct plan_step *step = planner->steps;

        if (!file || !file->name || file->is_volatile || !planner->count || step->loses)
                return 0;
        step->lost = last_text(planner, place, file);
        if (step->lost && text_format(&step->loses, "./%s", file->name) < 0)
                return -ENOMEM;
        return 0;
}

/** view_remove() - delete what a place is; see the header. */
int view_remove(struct view *view, struct op *op, struct place *place, bool is_paid,
                struct change_result *ret) {
        const struct removal *removal = place_removal(place);
        struct planner planner;
        int r;

        *ret = (struct change_result){ 0 };
        r = check(view, op, place);
        if (r == 0 && !is_paid)
                r = guard_may_spend(&view->guard, op, removal->call);
        if (r < 0)
                return r;
        r = planner_begin(&planner, view, op, place);
        planner.paid = is_paid ? removal->call : NULL;
        if (r == 0)
                r = plan_remove(&planner, removal);
        if (r == 0)
                r = keep_document(&planner, place);
        if (r == 0)
                r = planner_run(&planner, ret);
        if (r < 0)
                r = settle(&planner, r);
        r = conclude(&planner, place, r);
        planner_done(&planner);
        return r;
}

/** view_budget() - the account's settings and the deletion budget; see the header. */
int view_budget(struct view *view, struct json **ret) {
        return guard_describe(&view->guard, ret);
}

/** view_acknowledge() - the deletion budget begins anew. */
void view_acknowledge(struct view *view) {
        guard_acknowledge(&view->guard);
}
