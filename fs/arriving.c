/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/arriving.h"

#include "base/stamp.h"
#include "base/text.h"
#include "fs/directory.h"
#include "fs/leaving.h"
#include "fs/notify.h"
#include "fs/overlay.h"
#include "fs/session.h"

/* Behind what stands beside the cloud. */
static const uint64_t first_ordinal = UINT64_C(1) << 56;

static void clear(struct session *session, struct arrival *arrival) {
        struct node *node = arrival->node;

        *arrival = (struct arrival){ 0 };
        if (node)
                node_unref(&session->tree, node);
}

/** arriving_note() - this entry of the cloud was made a moment ago. */
void arriving_note(struct session *session, struct node *node) {
        struct arrivals *arrivals = &session->arrivals;
        struct arrival *arrival = &arrivals->list[arrivals->next++ % ARRIVALS_MAX];

        node_ref(node);
        clear(session, arrival);
        *arrival = (struct arrival){ .node = node, .until_ms = stamp_monotonic_ms() + ARRIVING_MS };
        overlay_touched(session, node->parent);
}

static bool is_of(const struct arrival *arrival, const struct node *dir) {
        const struct node *node = arrival->node;

        return node && node->is_named && node->parent == dir && !node->is_apart;
}

/* It goes again. */
static bool is_leaving(struct session *session, const struct node *node) {
        const struct entry entry = { .name = node->name, .place = node->place };

        return leaving_hides(session, node->parent, &entry);
}

static bool is_shown(struct session *session, const struct arrival *arrival, const struct node *dir,
                     int64_t now_ms) {
        return is_of(arrival, dir) && arrival->until_ms > now_ms &&
               !is_leaving(session, arrival->node);
}

/* It is not there, whatever the call that made it said. */
static void lapse(struct session *session, struct arrival *arrival, struct node *dir) {
        tree_detach(&session->tree, arrival->node);
        notify_entry(&session->notify, dir->id, arrival->node->name);
        overlay_touched(session, dir);
        clear(session, arrival);
}

/**
 * arriving_refuses() - does the list lack what was just made in this directory?
 * Returns after how many milliseconds to ask again, 0 if the list may be shown.
 */
int64_t arriving_refuses(struct session *session, struct node *dir, const struct listing *listing,
                         int64_t now_ms) {
        int64_t again_ms = 0;

        if (listing->by_name)
                return 0; /* it never tells of all */
        for (size_t i = 0; i < ARRIVALS_MAX; i++) {
                struct arrival *arrival = &session->arrivals.list[i];
                bool is_listed;

                if (!is_of(arrival, dir))
                        continue;
                is_listed = listing_find(listing, arrival->node->name);
                if (is_leaving(session, arrival->node) ||
                    (is_listed && arrival->until_ms <= now_ms)) {
                        clear(session, arrival);
                } else if (arrival->until_ms <= now_ms) {
                        lapse(session, arrival, dir);
                } else if (!is_listed) {
                        again_ms = ARRIVING_BACKOFF_MS << (arrival->tries < 4 ? arrival->tries : 4);
                        arrival->tries++;
                }
        }
        return again_ms;
}

static const struct entry *entry_of(struct arrival *arrival) {
        const struct node *node = arrival->node;

        arrival->entry = (struct entry){
                .name = node->name,
                .type = node->type,
                .place = node->place,
                .target = node->type == ENTRY_LINK ? node->target : NULL,
                .mode = node->mode,
                .is_volatile = node->is_volatile,
                .modified = node->modified,
                .created = node->created,
        };
        return &arrival->entry;
}

/** arriving_find() - what was just made under this name, NULL if nothing was. Borrowed. */
const struct entry *arriving_find(struct session *session, const struct node *dir,
                                  const char *name) {
        int64_t now_ms = stamp_monotonic_ms();

        for (size_t i = 0; i < ARRIVALS_MAX; i++) {
                struct arrival *arrival = &session->arrivals.list[i];

                if (is_of(arrival, dir) && text_eq(arrival->node->name, name) &&
                    is_shown(session, arrival, dir, now_ms))
                        return entry_of(arrival);
        }
        return NULL;
}

/**
 * arriving_after() - the first that the published list lacks above an ordinal.
 * @dir: has a list. Returns it, borrowed; NULL behind the last.
 */
struct node *arriving_after(struct session *session, const struct node *dir, uint64_t ordinal,
                            uint64_t *ret_ordinal) {
        const struct listing *listing = dir->directory->snapshot->listing;
        int64_t now_ms = stamp_monotonic_ms();
        size_t first = ordinal >= first_ordinal ? (size_t)(ordinal - first_ordinal) + 1 : 0;

        for (size_t i = first; i < ARRIVALS_MAX; i++) {
                const struct arrival *arrival = &session->arrivals.list[i];

                if (!is_shown(session, arrival, dir, now_ms) ||
                    listing_find(listing, arrival->node->name))
                        continue;
                *ret_ordinal = first_ordinal + i;
                return arrival->node;
        }
        return NULL;
}

/** arriving_end() - lets go of all. */
void arriving_end(struct session *session) {
        for (size_t i = 0; i < ARRIVALS_MAX; i++)
                clear(session, &session->arrivals.list[i]);
}
