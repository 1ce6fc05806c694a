/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/levels.h"

#include "backends/change.h"
#include "base/stamp.h"
#include "fs/arriving.h"
#include "fs/change.h"
#include "fs/directory.h"
#include "fs/leaving.h"
#include "fs/names.h"
#include "fs/session.h"

/** levels_is_deserted() - is nothing left of a level but what is on its way out? Of directories
 * that were never listed nobody knows. */
bool levels_is_deserted(struct session *session, struct node *level) {
        const struct listing *listing = level->directory && level->directory->snapshot
                                                ? level->directory->snapshot->listing
                                                : NULL;

        for (size_t i = 0; listing && i < listing->count; i++)
                if (listing->entries[i].type != ENTRY_DIRECTORY &&
                    !leaving_hides(session, level, &listing->entries[i]))
                        return false;
        for (size_t i = 0; listing && i < listing->count; i++) {
                struct node *child = tree_child(&session->tree, level, listing->entries[i].name);

                if (listing->entries[i].type == ENTRY_DIRECTORY &&
                    !leaving_hides(session, level, &listing->entries[i]) &&
                    !(child && child->directory && child->directory->snapshot &&
                      levels_is_deserted(session, child)))
                        return false;
        }
        return overlay_is_empty(level);
}

/* A level at or below this one, or what belongs to it, whose list is not known; NULL: none. */
static struct node *unseen(struct session *session, struct node *level) {
        bool has_levels = names_abilities(level) & CAN_GROUP;
        const struct listing *listing;

        if (!directory_is_fresh(level->directory, stamp_monotonic_ms()))
                return level;
        listing = level->directory->snapshot->listing;
        for (size_t i = 0; i < listing->count; i++) {
                const struct entry *entry = &listing->entries[i];
                struct node *child, *found;

                if (entry->type != ENTRY_DIRECTORY || leaving_hides(session, level, entry) ||
                    (!has_levels && entry->name[0] != '.') ||
                    tree_adopt(&session->tree, level, entry, &child) < 0)
                        continue;
                found = unseen(session, child);
                if (found)
                        return found;
        }
        return NULL;
}

/**
 * levels_look() - have all lists that levels_is_deserted() goes by. The tree must not be locked.
 * @level: held by the caller. @ret: what else is held on to, for levels_let_go() in any case.
 * Returns 0 or the failure of a list.
 */
int levels_look(struct session *session, struct op *op, struct node *level, struct looks *ret) {
        int r = 0;

        *ret = (struct looks){ 0 };
        while (r == 0 && ret->count < LOOKS_MAX) {
                struct node *node;

                pthread_mutex_lock(&session->tree.lock);
                node = unseen(session, level);
                if (node)
                        ret->nodes[ret->count++] = node_ref(node);
                pthread_mutex_unlock(&session->tree.lock);
                if (!node)
                        return 0;
                r = change_work_for(session, op, node, false);
        }
        return r;
}

/** levels_let_go() - after the decision. Tree locked. */
void levels_let_go(struct session *session, struct looks *looks) {
        while (looks->count > 0)
                node_unref(&session->tree, looks->nodes[--looks->count]);
}

static struct overlay *level_overlay(const struct node *node) {
        return node->overlay && node->overlay->role == OVERLAY_LEVEL ? node->overlay : NULL;
}

/** levels_made() - something was made in @dir: the levels above that mkdir made are the cloud's. */
void levels_made(struct session *session, struct node *dir) {
        for (; dir && level_overlay(dir); dir = dir->parent) {
                overlay_created(dir->overlay);
                change_outdates(session, dir->parent);
        }
}

/* Does nothing keep the level but what a list may still tell of? What is told of values is gone
 * with them. */
static bool is_left(struct session *session, struct node *level) {
        const struct listing *listing = level->directory && level->directory->snapshot
                                                ? level->directory->snapshot->listing
                                                : NULL;

        for (size_t i = 0; listing && i < listing->count; i++)
                if (!leaving_hides(session, level, &listing->entries[i]) &&
                    listing->entries[i].name[0] != '.')
                        return false;
        return overlay_is_empty(level);
}

/** levels_left() - something in @dir has gone: the next list of those above decides whether they
 * are still there. */
void levels_left(struct session *session, struct node *dir) {
        for (; dir->parent && (names_abilities(dir->parent) & CAN_GROUP) && is_left(session, dir);
             dir = dir->parent) {
                arriving_forget(session, dir->parent, dir->name);
                if (level_overlay(dir))
                        dir->overlay->decided_ms = stamp_now_ms();
                change_outdates(session, dir->parent);
        }
}
