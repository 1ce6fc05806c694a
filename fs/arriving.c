/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/arriving.h"

#include <string.h>

#include "base/stamp.h"
#include "base/text.h"
#include "fs/change.h"
#include "fs/directory.h"
#include "fs/leaving.h"
#include "fs/session.h"

enum { DOUBLINGS_MAX = 4 };

static void drop(struct session *session, struct arrival *arrival) {
        *arrival->link = arrival->next;
        if (arrival->next)
                arrival->next->link = arrival->link;
        session->n_arrivals--;
        node_unref(&session->tree, arrival->dir);
        entry_done(&arrival->entry);
        free(arrival);
}

static int copy_entry(const struct entry *entry, struct entry *ret) {
        struct entry copy = *entry;

        copy.name = strdup(entry->name);
        copy.target = entry->target ? strdup(entry->target) : NULL;
        copy.place = entry->place ? place_ref(entry->place) : NULL;
        if (!copy.name || (entry->target && !copy.target)) {
                entry_done(&copy);
                return -ENOMEM;
        }
        *ret = copy;
        return 0;
}

/* Those that no list was ever asked for, and the oldest where there are too many. */
static void make_room(struct session *session) {
        int64_t now_ms = stamp_now_ms();
        struct arrival *arrival = session->arrivals, *next;

        for (unsigned i = 1; arrival; arrival = next, i++) {
                next = arrival->next;
                if (i >= ARRIVALS_MAX ||
                    (!arrival->is_unlisted && arrival->decided_ms + ARRIVING_KEPT_MS < now_ms))
                        drop(session, arrival);
        }
}

/** arriving_is_unlisted() - does no list of this directory tell what is in it? */
bool arriving_is_unlisted(const struct node *dir) {
        return dir->directory && dir->directory->snapshot &&
               dir->directory->snapshot->listing->by_name;
}

static void add(struct session *session, struct node *dir, const struct entry *entry) {
        struct arrival *arrival = calloc(1, sizeof(*arrival));

        arriving_forget(session, dir, entry->name);
        make_room(session);
        if (!arrival)
                return;
        if (copy_entry(entry, &arrival->entry) < 0) {
                free(arrival);
                return;
        }
        arrival->dir = node_ref(dir);
        arrival->decided_ms = stamp_now_ms() + ARRIVING_MS;
        arrival->is_unlisted = arriving_is_unlisted(dir);
        arrival->next = session->arrivals;
        arrival->link = &session->arrivals;
        if (arrival->next)
                arrival->next->link = &arrival->next;
        session->arrivals = arrival;
        session->n_arrivals++;
}

/**
 * arriving_note() - this entry is new to the cloud: it is shown in @dir from the next list on, and
 * nothing that had its name before hides it. Without memory lists alone decide.
 */
void arriving_note(struct session *session, struct node *dir, const struct entry *entry) {
        leaving_end(session, dir, entry->name, entry->place);
        add(session, dir, entry);
}

/** arriving_found() - a directory that is not listed has this entry: its next list shows it. */
void arriving_found(struct session *session, struct node *dir, const struct entry *entry) {
        if (!arriving_is_unlisted(dir) ||
            listing_find(dir->directory->snapshot->listing, entry->name))
                return;
        add(session, dir, entry);
        dir->directory->fresh_until_ms = 0;
}

/** arriving_forget() - it was removed, renamed, or is not there after all. */
void arriving_forget(struct session *session, const struct node *dir, const char *name) {
        struct arrival *arrival = session->arrivals, *next;

        for (; arrival; arrival = next) {
                next = arrival->next;
                if (arrival->dir == dir && text_eq(arrival->entry.name, name))
                        drop(session, arrival);
        }
}

/** arriving_decides() - is the list young enough to say that something is not there? */
bool arriving_decides(const struct listing *listing, int64_t decided_ms) {
        return !listing->is_stale && listing->fetched_ms >= decided_ms;
}

static bool is_same(const struct entry *a, const struct entry *b) {
        return !a->place || !b->place ||
               text_eq(place_identity(a->place), place_identity(b->place));
}

/* Has the list this entry, under whatever name? */
static bool has(const struct listing *listing, const struct entry *entry) {
        const struct entry *found = listing_find(listing, entry->name);

        if (found)
                return found->type == entry->type && is_same(found, entry);
        for (size_t i = 0; entry->place && i < listing->count; i++)
                if (listing->entries[i].place && listing->entries[i].type == entry->type &&
                    is_same(&listing->entries[i], entry))
                        return true;
        return false;
}

/* Is something that was made here, and of which nothing more is known, waited for? */
static bool awaits_overlay(const struct node *dir, const struct listing *listing) {
        const struct overlay *overlay = dir->directory ? dir->directory->overlays : NULL;

        for (; overlay; overlay = overlay->next)
                if (overlay->is_created && !listing_find(listing, overlay->node->name) &&
                    !arriving_decides(listing, overlay->decided_ms))
                        return true;
        return false;
}

/**
 * arriving_merge() - the list of a directory together with what it lacks of what was made there.
 * @ret: its listing is a reference. Returns 0, -ENOMEM or -E2BIG.
 */
int arriving_merge(struct session *session, struct node *dir, struct listing *listing,
                   struct arrived *ret) {
        const struct entry **missing = NULL;
        struct arrival *arrival = session->arrivals, *next;
        size_t count = 0;
        int r = 0;

        *ret = (struct arrived){ .is_doubted = awaits_overlay(dir, listing) };
        if (arrival)
                missing = calloc(session->n_arrivals, sizeof(*missing));
        for (; missing && arrival; arrival = next) {
                next = arrival->next;
                if (arrival->dir != dir)
                        continue;
                if (!listing->by_name && arriving_decides(listing, arrival->decided_ms))
                        drop(session, arrival);
                else if (!has(listing, &arrival->entry))
                        missing[count++] = &arrival->entry;
        }
        if (count) {
                r = listing_with(listing, missing, count, &ret->listing);
                ret->is_doubted |= !listing->by_name;
        } else {
                ret->listing = listing_ref(listing);
        }
        free(missing);
        return r;
}

/** arriving_doubt() - after a list was published: when is the next look due, and how new must it
 * be? */
void arriving_doubt(struct node *dir, bool is_doubted) {
        struct directory *directory = dir->directory;
        int64_t again_ms =
                stamp_monotonic_ms() + ((int64_t)ARRIVING_BACKOFF_MS << directory->n_doubts);

        if (!is_doubted) {
                directory->n_doubts = 0;
                directory->doubted_ms = 0;
                return;
        }
        if (directory->fresh_until_ms > again_ms)
                directory->fresh_until_ms = again_ms;
        if (directory->n_doubts < DOUBLINGS_MAX)
                directory->n_doubts++;
        directory->doubted_ms = stamp_now_ms();
}

/* Tree locked, but for the pause. */
static void pause_a_little(struct session *session) {
        int64_t until_ms = stamp_monotonic_ms() + ARRIVING_BACKOFF_MS;
        struct timespec until = { .tv_sec = (time_t)(until_ms / 1000),
                                  .tv_nsec = (long)(until_ms % 1000 * 1000000) };

        (void)pthread_cond_timedwait(&session->sent, &session->tree.lock, &until);
}

/**
 * arriving_await() - have a list tell of what was made, and of which nothing more is known than its
 * name. The tree must not be locked.
 * @node: with an overlay that is created, held by the caller. @wait_ms: for how long at most.
 * Returns 0 once it is listed, -EBUSY if it is not within its time, or the failure of a list.
 */
int arriving_await(struct session *session, struct op *op, struct node *node, int64_t wait_ms) {
        int64_t until_ms = stamp_monotonic_ms() + wait_ms;
        struct node *dir = NULL;
        bool is_waiting = true;
        int r = 0;

        pthread_mutex_lock(&session->tree.lock);
        dir = node_ref(node->parent);
        while (r == 0 && is_waiting) {
                pthread_mutex_unlock(&session->tree.lock);
                r = change_work_for(session, op, dir, true);
                pthread_mutex_lock(&session->tree.lock);
                is_waiting = node->overlay; /* what is listed stands for itself */
                if (r == 0 && is_waiting &&
                    (!node->overlay->link || stamp_monotonic_ms() >= until_ms))
                        r = op_fail(op, EBUSY, "it was just made, and no list shows it yet");
                if (r == 0 && is_waiting)
                        pause_a_little(session);
        }
        node_unref(&session->tree, dir);
        pthread_mutex_unlock(&session->tree.lock);
        return r;
}

/** arriving_end() - lets go of all. */
void arriving_end(struct session *session) {
        while (session->arrivals)
                drop(session, session->arrivals);
}
