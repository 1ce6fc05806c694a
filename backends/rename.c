/* SPDX-License-Identifier: Apache-2.0 */
/* mv: a document's new name where its update can carry it, a member's move from one owner to
 * another. Everything else is EXDEV or EPERM. */
#include "backends/change-internal.h"
#include "backends/view-internal.h"
#include "base/text.h"

static bool same_collection(struct place *a, struct place *b) {
        a = place_collection(a);
        b = place_collection(b);
        return a && b && text_eq(a->identity, b->identity);
}

static bool is_listed(const char *const *list, const char *name) {
        for (; list && *list; list++)
                if (text_eq(*list, name))
                        return true;
        return false;
}

/* The new place's levels stand in for the old ones, where the call can change them. */
static int take_levels(struct planner *planner, const struct rename *rename,
                       const struct place *directory) {
        const struct place *place = planner->composer.place;
        int r = 0;

        for (const char *const *param = place->kind->level_params; r == 0 && param && *param;
             param++) {
                const char *from = place_param(place, *param), *to = place_param(directory, *param);

                if (!to || text_eq(from, to))
                        continue;
                if (!is_listed(rename->levels, *param))
                        return op_fail(planner->composer.op, EXDEV,
                                       "no call moves a %s to another %s", place->kind->name,
                                       *param);
                r = planner_param(planner, *param, to);
        }
        return r < 0 ? op_fail(planner->composer.op, -r, "out of memory") : 0;
}

static int rename_document(struct planner *planner, struct place *directory, const char *name,
                           struct change_result *result) {
        const struct rename *rename = planner->file->save->rename;
        _cleanup_(freep) char *decoded = NULL;
        int r;

        r = decode_name(planner->composer.op, planner->kind, name, &decoded);
        if (r < 0)
                return r;
        planner->name = decoded;
        r = planner_load(planner);
        if (r == 0)
                r = planner_allowed(planner, &planner->file->save->allowed);
        if (r == 0)
                r = take_levels(planner, rename, directory);
        if (r == 0)
                r = planner_add_row(planner, rename->call, rename->body, NULL);
        if (r == 0)
                r = planner_run(planner, result);
        planner->name = NULL;
        return r;
}

static int check_rename(struct op *op, struct place *place, struct place *directory) {
        if (place->type == PLACE_ITEM)
                return op_fail(op, EPERM, "a resource's directory keeps its name and place");
        if (place->type == PLACE_LINK)
                return relate_may_move(op, place, directory);
        if (!place->file || !place->file->save || !place->file->save->rename)
                return op_fail(op, EXDEV, "no call renames this document");
        if (!place->file->save->rename->call)
                return op_fail(op, EPERM, "a %s keeps its name: others refer to it",
                               place->kind->name);
        if (!place_is_document(place) || !same_collection(place, directory))
                return op_fail(op, EXDEV, "no call moves this document there");
        return 0;
}

/** view_rename() - give a document a new name within its collection; see the header. */
int view_rename(struct view *view, struct op *op, struct place *place, struct place *directory,
                const char *name, struct change_result *ret) {
        struct planner planner;
        int r;

        *ret = (struct change_result){ 0 };
        r = check_rename(op, place, directory);
        if (r == 0)
                r = check_free(view, op, directory, name);
        if (r < 0)
                return r;
        r = planner_begin(&planner, view, op, place);
        if (r == 0)
                r = place->type == PLACE_LINK ? relate_move(&planner, directory, name, ret)
                                              : rename_document(&planner, directory, name, ret);
        if (r < 0 && op->fault.is_unknown)
                r = settle_creation(&planner, directory, name, r, ret);
        planner_done(&planner);
        return r;
}
