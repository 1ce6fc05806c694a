/* SPDX-License-Identifier: Apache-2.0 */
/* Ending things: resources by rmdir, documents by rm, relations by rm of their link. */
#include "backends/planner.h"
#include "backends/view-internal.h"
#include "base/stamp.h"
#include "base/text.h"

/** place_removal() - the row that ends the resource or document at a place; NULL where none does. */
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

/** view_may_remove() - the checks of a removal that need no request. 0 or -EPERM with a reason. */
int view_may_remove(struct view *view, struct op *op, const struct place *place) {
        const struct removal *removal = place_removal(place);

        if (!removal)
                return op_fail(op, EPERM, "no call deletes this; a resource is deleted by rmdir of "
                                          "its directory");
        return guard_check(&view->guard, op, removal->call, removal->weight, false);
}

static int plan_remove(struct planner *planner, const struct removal *removal) {
        int r = 0;

        planner->weight = removal->weight;
        if (removal->blocked || removal->plan || removal->body)
                r = planner_load(planner);
        if (r == 0 && removal->blocked)
                r = removal->blocked(planner);
        if (r < 0)
                return r;
        return removal->plan ? removal->plan(planner)
                             : planner_add_row(planner, removal->call, removal->body, NULL);
}

/* Gone is gone: a removal that finds nothing, or whose outcome is unknown, is settled by a look. */
static int settle(struct planner *planner, int error) {
        struct op *op = planner->composer.op;
        struct op_fault before = op->fault;

        if (!op->fault.is_unknown || planner->composer.place->type == PLACE_FIXED)
                return error;
        op_clear(op);
        if (planner_load(planner) == -ENOENT) {
                op_clear(op);
                return 0;
        }
        op->fault = before;
        return error;
}

/** view_remove() - delete what a place is; see the header. */
int view_remove(struct view *view, struct op *op, struct place *place, struct change_result *ret) {
        const struct removal *removal = place_removal(place);
        struct planner planner;
        int r;

        *ret = (struct change_result){ 0 };
        r = view_may_remove(view, op, place);
        if (r < 0)
                return r;
        planner_init(&planner, view, op, place);
        r = plan_remove(&planner, removal);
        if (r == 0)
                r = planner_run(&planner, ret);
        if (r < 0)
                r = settle(&planner, r);
        planner_done(&planner);
        return r;
}

/* The relation that a link, or links in a directory, stand for. */
static const struct relation *relation_row(const struct place *place) {
        if (place->kind && place->kind->relation && place->type != PLACE_ITEM)
                return place->kind->relation;
        return NULL;
}

static int check_target(struct op *op, const struct kind *kind, const char *name,
                        const struct place *target) {
        if (!target || target->kind != kind->target || !target->id)
                return op_fail(op, EINVAL, "a link here must lead to a %s", kind->target->name);
        (void)name;
        return 0;
}

/** view_link() - join an item; see the header. */
int view_link(struct view *view, struct op *op, struct place *directory, const char *name,
              struct place *target, struct change_result *ret) {
        const struct relation *relation = relation_row(directory);
        struct planner planner;
        int r;

        *ret = (struct change_result){ 0 };
        if (!relation)
                return op_fail(op, EPERM, "no call makes links here");
        r = check_target(op, directory->kind, name, target);
        if (r < 0)
                return r;
        planner_init(&planner, view, op, directory);
        for (const char *const *param = target->kind->params; r == 0 && param && *param; param++)
                r = planner_param(&planner, *param, target->id);
        if (r == 0)
                r = planner_add_row(&planner, relation->join, relation->join_body, NULL);
        if (r == 0)
                r = planner_run(&planner, ret);
        planner_done(&planner);
        return r;
}

/** view_unlink() - end a relation; see the header. */
int view_unlink(struct view *view, struct op *op, struct place *link, struct change_result *ret) {
        const struct relation *relation = relation_row(link);
        struct planner planner;
        int r = 0;

        *ret = (struct change_result){ 0 };
        if (!relation || !link->id)
                return op_fail(op, EPERM, "no call removes this link");
        planner_init(&planner, view, op, link);
        for (const char *const *param = link->kind->target->params; r == 0 && param && *param;
             param++)
                r = planner_param(&planner, *param, link->id);
        if (r == 0)
                r = planner_add_row(&planner, relation->leave, relation->leave_body, NULL);
        if (r == 0)
                r = planner_run(&planner, ret);
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
