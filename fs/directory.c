/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/directory.h"

/* A list that could not be made newer serves this long before it is tried again. */
enum { STALE_MS = 1000 };

/* Orders positions by the ordinals that @data points to. */
static int compare(const void *a, const void *b, void *data) {
        const uint64_t *ordinals = data;
        uint64_t left = ordinals[*(const uint32_t *)a], right = ordinals[*(const uint32_t *)b];

        return left < right ? -1 : left > right;
}

/* What tells of other entries (`.meta`, `.status`, `.by-id`) comes behind them all, whenever these
 * came: `rm -r` removes them first, and what is told of them goes with them. */
static const uint64_t first_told = UINT64_C(1) << 47;

static bool is_told(const struct entry *entry) {
        return entry->type == ENTRY_DIRECTORY && entry->name[0] == '.';
}

/* Entries that were there keep their number, new ones get the next in the listing's order. */
static void number(struct snapshot *snapshot, const struct snapshot *before) {
        const struct listing *listing = snapshot->listing;
        bool is_sorted = true;

        snapshot->next = before ? before->next : SNAPSHOT_FIRST;
        snapshot->next_told = before ? before->next_told : first_told;
        for (size_t i = 0; i < listing->count; i++) {
                const struct entry *old =
                        before ? listing_find(before->listing, listing->entries[i].name) : NULL;

                uint64_t *next =
                        is_told(&listing->entries[i]) ? &snapshot->next_told : &snapshot->next;

                snapshot->ordinals[i] =
                        old ? before->ordinals[old - before->listing->entries] : (*next)++;
                snapshot->order[i] = (uint32_t)i;
                if (i > 0 && snapshot->ordinals[i] < snapshot->ordinals[i - 1])
                        is_sorted = false;
        }
        if (!is_sorted)
                qsort_r(snapshot->order, listing->count, sizeof(*snapshot->order), compare,
                        snapshot->ordinals);
}

/**
 * snapshot_new() - number the entries of a listing.
 * @listing: taken over, also on failure.
 * @before: what the directory held before, NULL at first.
 * Returns 0 or -ENOMEM.
 */
int snapshot_new(struct listing *listing, const struct snapshot *before, struct snapshot **ret) {
        _cleanup_(snapshot_unrefp) struct snapshot *snapshot = calloc(1, sizeof(*snapshot));

        if (!snapshot) {
                listing_unref(listing);
                return -ENOMEM;
        }
        atomic_init(&snapshot->refs, 1);
        snapshot->listing = listing;
        snapshot->ordinals = calloc(listing->count + 1, sizeof(*snapshot->ordinals));
        snapshot->order = calloc(listing->count + 1, sizeof(*snapshot->order));
        if (!snapshot->ordinals || !snapshot->order)
                return -ENOMEM;
        number(snapshot, before);
        *ret = STEAL(snapshot);
        return 0;
}

/** snapshot_ref() - one more owner; NULL allowed. */
struct snapshot *snapshot_ref(struct snapshot *snapshot) {
        if (snapshot)
                atomic_fetch_add_explicit(&snapshot->refs, 1, memory_order_relaxed);
        return snapshot;
}

/** snapshot_unref() - one owner less; NULL allowed; returns NULL. */
struct snapshot *snapshot_unref(struct snapshot *snapshot) {
        if (!snapshot || atomic_fetch_sub_explicit(&snapshot->refs, 1, memory_order_acq_rel) != 1)
                return NULL;
        listing_unref(snapshot->listing);
        free(snapshot->ordinals);
        free(snapshot->order);
        free(snapshot);
        return NULL;
}

/** snapshot_after() - the first place, in ordinal order, of an entry above @ordinal. */
size_t snapshot_after(const struct snapshot *snapshot, uint64_t ordinal) {
        size_t low = 0, high = snapshot->listing->count;

        while (low < high) {
                size_t middle = low + (high - low) / 2;

                if (snapshot->ordinals[snapshot->order[middle]] > ordinal)
                        high = middle;
                else
                        low = middle + 1;
        }
        return low;
}

/** snapshot_at() - the entry at a place in ordinal order, NULL behind the last. */
const struct entry *snapshot_at(const struct snapshot *snapshot, size_t position,
                                uint64_t *ret_ordinal) {
        if (position >= snapshot->listing->count)
                return NULL;
        *ret_ordinal = snapshot->ordinals[snapshot->order[position]];
        return &snapshot->listing->entries[snapshot->order[position]];
}

/** directory_new() - never listed; NULL without memory. */
struct directory *directory_new(void) {
        return calloc(1, sizeof(struct directory));
}

/** directory_free() - returns NULL. */
struct directory *directory_free(struct directory *directory) {
        if (!directory)
                return NULL;
        snapshot_unref(directory->snapshot);
        free(directory);
        return NULL;
}

/** directory_is_fresh() - may the list be used without asking anybody? */
bool directory_is_fresh(const struct directory *directory, int64_t now_ms) {
        return directory && directory->snapshot && now_ms < directory->fresh_until_ms;
}

/** directory_is_ageing() - is the list in the last quarter of its time (file rule 10)? */
bool directory_is_ageing(const struct directory *directory, int64_t now_ms) {
        int64_t life;

        if (!directory_is_fresh(directory, now_ms) || directory->fresh_until_ms == INT64_MAX)
                return false;
        life = directory->fresh_until_ms - directory->published_ms;
        return directory->fresh_until_ms - now_ms < life / 4;
}

/* The kernel drops its copy of a list when this moves, so the names have a part in it. */
static struct timespec modified_of(const struct listing *listing) {
        return (struct timespec){
                .tv_sec = (time_t)(listing->changed_ms / 1000),
                .tv_nsec = (long)(listing->changed_ms % 1000 * 1000000) +
                           (long)(listing->hash % 1000000U),
        };
}

/** directory_publish() - what everybody sees from now on. @snapshot: taken over. */
void directory_publish(struct directory *directory, struct snapshot *snapshot, int64_t now_ms) {
        const struct listing *listing = snapshot->listing;

        if (directory->snapshot && directory->snapshot->listing->hash != listing->hash)
                directory->has_changed = true;
        directory->modified = modified_of(listing);
        directory->published_ms = now_ms;
        directory->fresh_until_ms = listing->fresh_until_ms;
        if (listing->is_stale && directory->fresh_until_ms < now_ms + STALE_MS)
                directory->fresh_until_ms = now_ms + STALE_MS;
        snapshot_unref(directory->snapshot);
        directory->snapshot = snapshot;
}

/** directory_keep() - may the kernel keep the names it has? As content_keep(). */
bool directory_keep(struct directory *directory) {
        uint64_t hash = directory->snapshot->listing->hash + directory->overlay_version;
        bool is_kept = directory->has_kept && directory->kept_hash == hash;

        directory->has_kept = true;
        directory->kept_hash = hash;
        return is_kept;
}
