/* SPDX-License-Identifier: Apache-2.0 */
#include "backends/view-internal.h"

#include "base/digest.h"
#include "base/stamp.h"
#include "base/text.h"

enum { LISTING_MAX = 2000000 };

/** entry_done() - free what an entry owns. */
void entry_done(struct entry *entry) {
        free(entry->name);
        free(entry->target);
        (void)place_unref(entry->place);
        *entry = (struct entry){ 0 };
}

/** listing_ref() - one more reference; any thread. */
struct listing *listing_ref(struct listing *listing) {
        (void)atomic_fetch_add_explicit(&listing->refs, 1, memory_order_relaxed);
        return listing;
}

/** listing_unref() - drop a reference; the last one frees; NULL is fine. Returns NULL. */
struct listing *listing_unref(struct listing *listing) {
        if (!listing || atomic_fetch_sub_explicit(&listing->refs, 1, memory_order_acq_rel) != 1)
                return NULL;
        for (size_t i = 0; i < listing->count; i++)
                entry_done(&listing->entries[i]);
        free(listing->entries);
        free(listing);
        return NULL;
}

/* Attributes, then links, then directories; each by name. */
static int compare_entries(const void *left, const void *right) {
        const struct entry *a = left, *b = right;
        int rank_a = a->is_attribute ? 0 : a->type == ENTRY_LINK ? 1 : 2;
        int rank_b = b->is_attribute ? 0 : b->type == ENTRY_LINK ? 1 : 2;

        return rank_a != rank_b ? rank_a - rank_b : strcmp(a->name, b->name);
}

/** listing_find() - the entry of a name, NULL if there is none; logarithmic in each of
 * its ranks. */
const struct entry *listing_find(const struct listing *listing, const char *name) {
        for (int rank = 0; rank < 3; rank++) {
                struct entry key = {
                        .name = (char *)(uintptr_t)name,
                        .is_attribute = rank == 0,
                        .type = rank == 1 ? ENTRY_LINK : ENTRY_DIRECTORY,
                };
                const struct entry *found = NULL;

                if (listing->count)
                        found = bsearch(&key, listing->entries, listing->count,
                                        sizeof(struct entry), compare_entries);
                if (found)
                        return found;
        }
        return NULL;
}

/** listing_begin() - an empty directory to be filled. 0 or -ENOMEM. */
int listing_begin(struct listing_builder *builder) {
        *builder = (struct listing_builder){ .listing = calloc(1, sizeof(struct listing)) };
        if (!builder->listing)
                return -ENOMEM;
        atomic_init(&builder->listing->refs, 1);
        return 0;
}

/**
 * listing_add() - add an entry; its name and target are copied, its place gets a reference.
 * Returns 0, -E2BIG or -ENOMEM.
 */
int listing_add(struct listing_builder *builder, const struct entry *entry) {
        struct listing *listing = builder->listing;
        struct entry copy = *entry;
        int r;

        r = array_grow(&listing->entries, &builder->capacity, listing->count, LISTING_MAX,
                       sizeof(struct entry));
        if (r < 0)
                return r;
        copy.name = strdup(entry->name);
        copy.target = entry->target ? strdup(entry->target) : NULL;
        copy.place = place_ref(entry->place);
        if (!copy.name || (entry->target && !copy.target)) {
                entry_done(&copy);
                return -ENOMEM;
        }
        listing->entries[listing->count++] = copy;
        return 0;
}

/** listing_abandon() - free a directory that will not be finished. */
void listing_abandon(struct listing_builder *builder) {
        builder->listing = listing_unref(builder->listing);
}

/* Of two entries with one name the first in order stays: a fixed name before an item's. */
static void drop_repeated(struct listing *listing) {
        size_t kept = 0;

        for (size_t i = 0; i < listing->count; i++) {
                if (kept && text_eq(listing->entries[kept - 1].name, listing->entries[i].name)) {
                        entry_done(&listing->entries[i]);
                        continue;
                }
                if (kept != i) {
                        listing->entries[kept] = listing->entries[i];
                        listing->entries[i] = (struct entry){ 0 };
                }
                kept++;
        }
        listing->count = kept;
}

static int hash_entries(const struct listing *listing, uint64_t *ret) {
        struct buf text = BUF_INIT(0);
        int r;

        for (size_t i = 0; i < listing->count; i++) {
                const struct entry *entry = &listing->entries[i];

                (void)buf_printf(&text, "%d%s/%s/", (int)entry->type, entry->name,
                                 entry->target ? entry->target : "");
        }
        r = text.error;
        if (r == 0)
                *ret = digest_hash64(buf_str(&text), text.len);
        buf_done(&text);
        return r;
}

static bool has_name(const struct entry *const *list, size_t count, const char *name) {
        for (size_t i = 0; i < count; i++)
                if (text_eq(list[i]->name, name))
                        return true;
        return false;
}

/** listing_with() - a copy of a list with further entries; see the header. */
int listing_with(const struct listing *listing, const struct entry *const *more, size_t count,
                 struct listing **ret) {
        struct listing_builder builder;
        int r = listing_begin(&builder);

        for (size_t i = 0; r == 0 && i < listing->count; i++)
                if (!has_name(more, count, listing->entries[i].name))
                        r = listing_add(&builder, &listing->entries[i]);
        for (size_t i = 0; r == 0 && i < count; i++)
                r = listing_add(&builder, more[i]);
        if (r < 0) {
                listing_abandon(&builder);
                return r;
        }
        qsort(builder.listing->entries, builder.listing->count, sizeof(struct entry),
              compare_entries);
        r = hash_entries(builder.listing, &builder.listing->hash);
        if (r < 0) {
                listing_abandon(&builder);
                return r;
        }
        builder.listing->fetched_ms = listing->fetched_ms;
        builder.listing->changed_ms = stamp_now_ms();
        builder.listing->fresh_until_ms = listing->fresh_until_ms;
        builder.listing->is_stale = listing->is_stale;
        builder.listing->by_name = listing->by_name;
        *ret = STEAL(builder.listing);
        return 0;
}

static int64_t first_seen(struct composer *composer, uint64_t hash) {
        struct buf key = BUF_INIT(64 * 1024);
        int64_t seen = 0, now = composer->fetched_ms ? composer->fetched_ms : stamp_now_ms();

        (void)buf_printf(&key, "%s/", composer->place->identity);
        if (key.error || source_seen(composer->view->source, buf_str(&key), hash, now, &seen) < 0)
                seen = now;
        buf_done(&key);
        return seen;
}

/** listing_sorted() - the entries in order, without times: not a whole directory. A reference. */
struct listing *listing_sorted(struct listing_builder *builder) {
        struct listing *listing = STEAL(builder->listing);

        if (listing->count)
                qsort(listing->entries, listing->count, sizeof(struct entry), compare_entries);
        return listing;
}

/** listing_end() - order the entries, give the directory its times. 0 or -ENOMEM. */
int listing_end(struct listing_builder *builder, struct composer *composer, struct listing **ret) {
        struct listing *listing = builder->listing;
        int r;

        if (listing->count)
                qsort(listing->entries, listing->count, sizeof(struct entry), compare_entries);
        drop_repeated(listing);
        array_trim(&listing->entries, &builder->capacity, listing->count, sizeof(struct entry));
        r = hash_entries(listing, &listing->hash);
        if (r < 0) {
                listing_abandon(builder);
                return op_fail(composer->op, -r, "a directory too large to list");
        }
        listing->fetched_ms = composer->fetched_ms;
        listing->fresh_until_ms = composer->fresh_until_ms;
        listing->is_stale = composer->is_stale;
        listing->changed_ms = first_seen(composer, listing->hash);
        *ret = STEAL(builder->listing);
        return 0;
}
