/* SPDX-License-Identifier: Apache-2.0 */
#include "cache/seen.h"

/* The slot of a key, or the free one where it belongs. The keys are hashes already. */
static struct seen *slot(struct seen *slots, size_t size, uint64_t key) {
        size_t i = (size_t)key & (size - 1);

        while (slots[i].key && slots[i].key != key)
                i = (i + 1) & (size - 1);
        return &slots[i];
}

/** seen_find() - what is known of a key, NULL if nothing is; until the table changes. */
const struct seen *seen_find(const struct seen_table *table, uint64_t key) {
        const struct seen *found;

        if (!table->size)
                return NULL;
        found = slot(table->slots, table->size, key);
        return found->key ? found : NULL;
}

static int grow(struct seen_table *table) {
        size_t size = table->size ? table->size * 2 : 64;
        struct seen *slots = calloc(size, sizeof(*slots));

        if (!slots)
                return -ENOMEM;
        for (size_t i = 0; i < table->size; i++)
                if (table->slots[i].key)
                        *slot(slots, size, table->slots[i].key) = table->slots[i];
        free(table->slots);
        table->slots = slots;
        table->size = size;
        return 0;
}

/** seen_put() - set what is known of a key. Returns 0, -E2BIG when the table is full, -ENOMEM. */
int seen_put(struct seen_table *table, const struct seen *seen) {
        struct seen *place;

        if (table->count * 8 >= table->size * 7) {
                if (table->size >= SEEN_MAX)
                        return -E2BIG;
                if (grow(table) < 0)
                        return -ENOMEM;
        }
        place = slot(table->slots, table->size, seen->key);
        if (!place->key)
                table->count++;
        *place = *seen;
        return 0;
}

/** seen_clear() - forget everything. */
void seen_clear(struct seen_table *table) {
        free(table->slots);
        *table = (struct seen_table){ 0 };
}
