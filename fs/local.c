/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/local.h"

#include <string.h>

#include "base/digest.h"
#include "base/stamp.h"

enum { LISTING_MAX = 1000000 };

/** local_listing_new() - an empty listing; times as in struct listing. Returns 0 or -ENOMEM. */
int local_listing_new(int64_t changed_ms, int64_t fresh_until_ms, struct listing **ret) {
        struct listing *listing = calloc(1, sizeof(*listing));

        if (!listing)
                return -ENOMEM;
        atomic_init(&listing->refs, 1);
        listing->changed_ms = changed_ms;
        listing->fresh_until_ms = fresh_until_ms;
        *ret = listing;
        return 0;
}

/** local_listing_add() - one more name, no link. Returns 0, -ENOMEM or -E2BIG. */
int local_listing_add(struct listing *listing, const char *name, enum entry_type type,
                      mode_t mode) {
        size_t capacity = listing->count; /* grown by powers of two: full when it is one of them */
        char *copy = strdup(name);
        int r = copy ? 0 : -ENOMEM;

        if (r == 0 && (capacity & (capacity - 1)) == 0) {
                size_t wanted = capacity ? capacity * 2 : 1;
                struct entry *entries =
                        wanted <= LISTING_MAX
                                ? reallocarray(listing->entries, wanted, sizeof(*entries))
                                : NULL;

                if (entries)
                        listing->entries = entries;
                else
                        r = wanted <= LISTING_MAX ? -ENOMEM : -E2BIG;
        }
        if (r < 0) {
                free(copy);
                return r;
        }
        listing->entries[listing->count++] = (struct entry){
                .name = copy,
                .type = type,
                .mode = mode,
        };
        return 0;
}

/* The order that listing_find() relies on: without attributes and links it is that of names. */
static int compare(const void *left, const void *right) {
        const struct entry *a = left, *b = right;

        return strcmp(a->name, b->name);
}

/** local_listing_end() - puts it in order, gives it its hash. */
void local_listing_end(struct listing *listing) {
        uint64_t hash = listing->count;

        if (listing->count)
                qsort(listing->entries, listing->count, sizeof(*listing->entries), compare);
        for (size_t i = 0; i < listing->count; i++)
                hash = hash * UINT64_C(0x100000001b3) ^
                       digest_hash64(listing->entries[i].name, strlen(listing->entries[i].name)) ^
                       (uint64_t)listing->entries[i].type;
        listing->hash = hash;
}

/** local_document_new() - a document of the bytes in @buf, which is empty then. 0 or -ENOMEM. */
int local_document_new(struct buf *buf, int64_t fresh_until_ms, struct document **ret) {
        struct document *document = calloc(1, sizeof(*document));

        if (!document)
                return -ENOMEM;
        document->data = buf_steal(buf, &document->len);
        if (!document->data) {
                free(document);
                return -ENOMEM;
        }
        atomic_init(&document->refs, 1);
        document->hash = digest_hash64(document->data, document->len);
        document->fetched_ms = stamp_now_ms();
        document->fresh_until_ms = fresh_until_ms;
        *ret = document;
        return 0;
}
