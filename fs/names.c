/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/names.h"

#include "backends/change.h"
#include "base/text.h"
#include "fs/branch.h"
#include "fs/directory.h"
#include "fs/leaving.h"

/** names_abilities() - what may be done in a directory; a set of enum ability. */
unsigned names_abilities(const struct node *dir) {
        struct branch *branch = dir->branch;

        if (!dir->place || dir->is_apart || !branch->ops->abilities)
                return 0;
        return branch->ops->abilities(branch, dir->place);
}

static const struct entry *listed(const struct node *dir, const char *name) {
        if (!dir->directory || !dir->directory->snapshot)
                return NULL;
        return listing_find(dir->directory->snapshot->listing, name);
}

/** names_listed() - is it in the directory's list, hidden or not? */
bool names_listed(const struct node *dir, const char *name) {
        return listed(dir, name) != NULL;
}

/** names_entry() - what the list has under a name and shows, NULL if there is nothing. */
const struct entry *names_entry(struct session *session, struct node *dir, const char *name) {
        const struct entry *entry = listed(dir, name);

        return entry && !leaving_hides(session, dir, entry) ? entry : NULL;
}

static bool exists(const void *data, const char *name) {
        return names_listed(data, name) || overlay_find(data, name);
}

/** names_is_scratch() - is it a tool's name here? As scratch_is_name(). */
bool names_is_scratch(struct session *session, const struct node *dir, const char *name,
                      bool is_private) {
        unsigned can = names_abilities(dir);

        (void)session;
        if (dir->overlay && dir->is_apart)
                return true; /* a directory of tools, or a draft */
        return scratch_is_name(name, &(struct scratch_where){
                                             .is_strict = can & ANY_NAME,
                                             .is_private = is_private,
                                             .exists = exists,
                                             .data = dir,
                                     });
}

static enum standing of_overlay(const struct overlay *overlay) {
        switch (overlay->role) {
        case OVERLAY_SCRATCH:
                return STANDS_SCRATCH;
        case OVERLAY_SCRATCH_DIR:
                return STANDS_SCRATCH_DIR;
        case OVERLAY_NEW:
                return STANDS_NEW;
        case OVERLAY_DRAFT:
                return STANDS_DRAFT;
        case OVERLAY_DRAFT_DOCUMENT:
        case OVERLAY_DRAFT_SECRET:
                return STANDS_DRAFT_FILE;
        case OVERLAY_LEVEL:
        case OVERLAY_NOTE:
        case OVERLAY_SHELVED:
                break;
        }
        return STANDS_LOCAL;
}

static enum standing of_entry(const struct node *dir, const struct entry *entry) {
        struct branch *branch = dir->branch;

        if (entry->type == ENTRY_LINK)
                return STANDS_LINK;
        if (entry->type == ENTRY_DIRECTORY)
                return STANDS_DIRECTORY;
        if (entry->place && branch->ops->abilities &&
            (branch->ops->abilities(branch, entry->place) & CAN_ACT))
                return STANDS_ACTION;
        return entry->place && place_is_document(entry->place) ? STANDS_DOCUMENT : STANDS_ATTRIBUTE;
}

/**
 * names_standing() - what a name stands for.
 * @ret_entry: of the list, or NULL. @ret_overlay: beside it, or NULL. Both are borrowed.
 */
enum standing names_standing(struct session *session, struct node *dir, const char *name,
                             const struct entry **ret_entry, struct overlay **ret_overlay) {
        *ret_entry = NULL;
        *ret_overlay = overlay_find(dir, name);
        if (*ret_overlay)
                return of_overlay(*ret_overlay);
        *ret_entry = names_entry(session, dir, name);
        return *ret_entry ? of_entry(dir, *ret_entry) : STANDS_NOTHING;
}
