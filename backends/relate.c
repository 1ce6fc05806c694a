/* SPDX-License-Identifier: Apache-2.0 */
/* Relations: ln -s joins an item, rm of its link ends that, mv does both. */
#include "backends/change-internal.h"
#include "backends/view-internal.h"
#include "base/text.h"

/* The link of a resource's directory that ln -s makes, NULL if there is none of this name. */
static const struct link *link_row(const struct place *directory, const char *name) {
        const struct link *link =
                directory->type == PLACE_ITEM ? directory->kind->content.links : NULL;

        for (; link && link->name; link++)
                if (link->relation && (!name || text_eq(link->name, name)))
                        return link;
        return NULL;
}

/* What a link stands for, or links in a directory; and the kind that it leads to. */
static const struct relation *relation_of(const struct place *place, const char *name,
                                          const struct kind **ret_target) {
        const struct link *link = place->link ? place->link : link_row(place, name);

        if (link) {
                *ret_target = link->target;
                return link->relation;
        }
        if (!place->kind || place->kind->shape != SHAPE_LINK || place->type == PLACE_ITEM)
                return NULL;
        *ret_target = place->kind->target;
        return place->kind->relation;
}

/** relate_abilities() - what links may be made in a directory, or ended by rm; enum ability. */
unsigned relate_abilities(const struct place *place) {
        const struct kind *target;

        if (!relation_of(place, NULL, &target))
                return 0;
        return place->type == PLACE_LINK ? CAN_REMOVE : CAN_LINK;
}

/* A member's link is called as the item is in its own directory. */
static int check_name(struct planner *planner, const struct kind *target, struct place *collection,
                      const char *id, const char *name) {
        _cleanup_(index_unrefp) struct index *index = NULL;
        struct place *before = planner->composer.place;
        const struct index_row *row;
        int r;

        planner->composer.place = collection;
        r = composer_index(&planner->composer, target, &index);
        planner->composer.place = before;
        if (r < 0)
                return r;
        row = index_by_id(index, id);
        if (!row)
                return op_fail(planner->composer.op, ENOENT, "this %s is not there any more",
                               target->name);
        if (text_eq(row->name, name))
                return 0;
        return op_fail(planner->composer.op, EINVAL, "the link must be called %s as its %s is",
                       row->name, target->name);
}

static int add_target(struct planner *planner, const struct kind *target, const char *id) {
        int r = 0;

        for (const char *const *param = target->params; r == 0 && param && *param; param++)
                r = planner_param(planner, *param, id);
        return r < 0 ? op_fail(planner->composer.op, -r, "out of memory") : 0;
}

/* The one link of a resource must be free: what it leads to would be let go of unasked. */
static int check_single(struct planner *planner, const struct link *link) {
        _cleanup_(freep) char *bound = NULL;
        int r = planner_load(planner);

        if (r < 0)
                return r;
        if (json_text_at(planner->item, link->at, &bound) < 0 || !*bound)
                return 0;
        return op_fail(planner->composer.op, EEXIST, "%s is there already: rm it first",
                       link->name);
}

static int plan_link(struct planner *planner, const char *name, struct place *target) {
        struct place *directory = planner->composer.place;
        const struct link *link = link_row(directory, name);
        const struct kind *kind;
        const struct relation *relation = relation_of(directory, name, &kind);
        int r;

        if (target->kind != kind || !target->id)
                return op_fail(planner->composer.op, EINVAL, "a link here must lead to a %s",
                               kind->name);
        r = link ? check_single(planner, link)
                 : check_name(planner, kind, place_collection(target), target->id, name);
        if (r == 0)
                r = add_target(planner, kind, target->id);
        if (r == 0)
                r = planner_add_row(planner, relation->join, relation->join_body, NULL);
        return r;
}

/** view_link() - join an item; see the header. */
int view_link(struct view *view, struct op *op, struct place *directory, const char *name,
              struct place *target, struct change_result *ret) {
        const struct kind *kind;
        struct planner planner;
        int r;

        *ret = (struct change_result){ 0 };
        if (!relation_of(directory, name, &kind))
                return op_fail(op, EPERM, "no call makes links here");
        r = check_free(view, op, directory, name);
        if (r < 0)
                return r;
        r = planner_begin(&planner, view, op, directory);
        if (r == 0)
                r = plan_link(&planner, name, target);
        if (r == 0)
                r = planner_run(&planner, ret);
        if (r < 0 && op->fault.is_unknown)
                r = settle_creation(&planner, directory, name, r, ret);
        else if (r == 0 && !op->plan_only)
                find_created(view, op, directory, name, ret);
        planner_done(&planner);
        return r;
}

/* What was to be ended, and nobody knows whether it was: who is not in a fresh list has left. */
static int settle_unlink(struct planner *planner, struct place *link, int error) {
        _cleanup_(listing_unrefp) struct listing *listing = NULL;
        struct op *op = planner->composer.op;
        const struct op_fault before = op->fault;
        bool is_there = false;
        int r;

        op_clear(op);
        r = fresh_listing(planner->composer.view, op, link->parent, &listing);
        for (size_t i = 0; r == 0 && i < listing->count; i++)
                is_there |= listing->entries[i].place &&
                            text_eq(place_identity(listing->entries[i].place), link->identity);
        op_clear(op);
        if (r == 0 && !is_there)
                return 0;
        op->fault = before;
        if (r < 0 || !before.status)
                return planner_unknown(planner);
        op->fault.is_unknown = false;
        return error;
}

/** view_unlink() - end a relation; see the header. */
int view_unlink(struct view *view, struct op *op, struct place *link, struct change_result *ret) {
        const struct kind *kind;
        const struct relation *relation = relation_of(link, NULL, &kind);
        struct planner planner;
        int r;

        *ret = (struct change_result){ 0 };
        if (!relation || !link->id || link->type != PLACE_LINK)
                return op_fail(op, EPERM, "no call removes this link");
        r = planner_begin(&planner, view, op, link);
        if (r == 0)
                r = add_target(&planner, kind, link->id);
        if (r == 0)
                r = planner_add_row(&planner, relation->leave, relation->leave_body, NULL);
        if (r == 0)
                r = planner_run(&planner, ret);
        if (r < 0 && op->fault.is_unknown)
                r = settle_unlink(&planner, link, r);
        planner_done(&planner);
        return r;
}

/** relate_may_move() - can a link be moved there? 0, -EXDEV or -EPERM with a reason. */
int relate_may_move(struct op *op, const struct place *link, const struct place *directory) {
        if (link->link || !link->kind || link->kind->shape != SHAPE_LINK || !link->kind->relation)
                return op_fail(op, EPERM, "no call moves this link");
        if (directory->kind != link->kind || directory->type != PLACE_COLLECTION)
                return op_fail(op, EXDEV, "a link to a %s goes only where such links are",
                               link->kind->target->name);
        return 0;
}

/** relate_move() - leave the one and join the other, in this order: nothing can be in two. */
int relate_move(struct planner *planner, struct place *directory, const char *name,
                struct change_result *result) {
        struct place *link = planner->composer.place;
        const struct relation *relation = link->kind->relation;
        int r;

        r = check_name(planner, link->kind, place_collection(link), link->id, name);
        if (r == 0)
                r = add_target(planner, link->kind->target, link->id);
        if (r == 0)
                r = planner_add_row(planner, relation->leave, relation->leave_body, NULL);
        planner->composer.place = directory;
        if (r == 0)
                r = planner_add_row(planner, relation->join, relation->join_body, NULL);
        planner->composer.place = link;
        if (r < 0)
                return r;
        planner->steps[planner->count - 1].place = directory;
        return planner_run(planner, result);
}
