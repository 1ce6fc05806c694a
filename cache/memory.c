/* SPDX-License-Identifier: Apache-2.0 */
#define HASH_NONFATAL_OOM 1
/* The keys are hashes already. */
#define HASH_FUNCTION(key, size, hash) ((hash) = (unsigned)*(const uint64_t *)(key))

#include "cache/memory.h"

#include <utlist.h>

#include "base/text.h"

static int key_copy(const struct key *key, struct key *ret) {
        char *text = strdup(key->text);

        if (!text)
                return -ENOMEM;
        *ret = (struct key){ .text = text, .hash = key->hash };
        return 0;
}

static void drop(struct memory *memory, struct entry *entry) {
        HASH_DEL(memory->entries, entry);
        if (!entry->is_pinned)
                DL_DELETE(memory->by_use, entry);
        memory->count--;
        memory->bytes -= entry->bytes;
        (void)answer_unref(entry->answer);
        free(entry->key.text);
        free(entry);
}

static void trim(struct memory *memory) {
        while (memory->bytes > memory->max_bytes && memory->by_use) {
                struct entry *oldest = memory->by_use->prev;

                if (memory->keeps_latest && oldest == memory->by_use)
                        return;
                drop(memory, oldest);
        }
}

static struct entry *find(const struct memory *memory, const struct key *key) {
        struct entry *entry;

        HASH_FIND(hh, memory->entries, &key->hash, sizeof(key->hash), entry);
        return entry && text_eq(entry->key.text, key->text) ? entry : NULL;
}

/** memory_find() - the entry of a key, which counts as used; NULL if there is none. */
struct entry *memory_find(struct memory *memory, const struct key *key) {
        struct entry *entry = key->text ? find(memory, key) : NULL;

        if (entry && !entry->is_pinned) {
                DL_DELETE(memory->by_use, entry);
                DL_PREPEND(memory->by_use, entry);
        }
        return entry;
}

/** memory_has_later() - is the answer of a later request known? */
bool memory_has_later(const struct memory *memory, const struct key *key, uint64_t turn) {
        const struct entry *entry = find(memory, key);

        return entry && entry->turn > turn;
}

static int add(struct memory *memory, const struct key *key, struct entry **ret) {
        struct entry *entry = calloc(1, sizeof(*entry));

        if (!entry)
                return -ENOMEM;
        if (key_copy(key, &entry->key) < 0) {
                free(entry);
                return -ENOMEM;
        }
        HASH_ADD(hh, memory->entries, key.hash, sizeof(entry->key.hash), entry);
        if (!entry->hh.tbl) {
                free(entry->key.text);
                free(entry);
                return -ENOMEM;
        }
        DL_PREPEND(memory->by_use, entry);
        memory->count++;
        *ret = entry;
        return 0;
}

static void drop_negative(struct memory *memory, struct negative *negative) {
        HASH_DEL(memory->negatives, negative);
        DL_DELETE(memory->by_time, negative);
        memory->n_negatives--;
        free(negative->key.text);
        free(negative);
}

static struct negative *find_negative(const struct memory *memory, const struct key *key) {
        struct negative *negative;

        HASH_FIND(hh, memory->negatives, &key->hash, sizeof(key->hash), negative);
        return negative && text_eq(negative->key.text, key->text) ? negative : NULL;
}

/* A hash that two keys share is taken by the later one. */
static void clear_place(struct memory *memory, const struct key *key) {
        struct entry *entry;

        HASH_FIND(hh, memory->entries, &key->hash, sizeof(key->hash), entry);
        if (entry && !text_eq(entry->key.text, key->text))
                drop(memory, entry);
}

static void set_pinned(struct memory *memory, struct entry *entry, bool is_pinned) {
        if (is_pinned && !entry->is_pinned)
                DL_DELETE(memory->by_use, entry);
        else if (!is_pinned && entry->is_pinned)
                DL_PREPEND(memory->by_use, entry);
        entry->is_pinned = is_pinned;
}

/**
 * memory_put() - remember an answer, of which a reference is taken, unless a later one is known.
 * @is_pinned: it stays until memory_unpin().
 * Returns 0 or -ENOMEM.
 */
int memory_put(struct memory *memory, const struct key *key, const struct origin *origin,
               struct answer *answer, bool is_pinned) {
        struct entry *entry;

        clear_place(memory, key);
        entry = memory_find(memory, key);
        if (entry && entry->turn > origin->turn)
                return 0;
        if (!entry && add(memory, key, &entry) < 0)
                return -ENOMEM;
        memory_allow(memory, key);
        (void)answer_ref(answer);
        (void)answer_unref(entry->answer);
        entry->answer = answer;
        entry->service = origin->call->service;
        entry->is_list = call_is_list(origin->call);
        entry->is_outdated = origin->is_outdated;
        entry->asked_ms = origin->asked_ms;
        entry->turn = origin->turn;
        entry->refresh_ms = 0;
        memory->bytes -= entry->bytes;
        entry->bytes = origin->bytes + sizeof(*entry) + strlen(key->text);
        memory->bytes += entry->bytes;
        set_pinned(memory, entry, is_pinned);
        trim(memory);
        return 0;
}

/** memory_unpin() - the file has the answer of that turn, or never will: it may go. */
void memory_unpin(struct memory *memory, const struct key *key, uint64_t turn) {
        struct entry *entry = find(memory, key);

        if (entry && entry->turn == turn)
                set_pinned(memory, entry, false);
        trim(memory);
}

/** memory_forget() - forget the answer of a key. Returns whether there was one. */
bool memory_forget(struct memory *memory, const struct key *key) {
        struct entry *entry = memory_find(memory, key);

        if (entry)
                drop(memory, entry);
        return entry;
}

/** memory_change() - outdate what a change may have touched; nothing is known to be absent. */
void memory_change(struct memory *memory, const struct change *change) {
        struct negative *negative, *later;
        struct entry *entry, *next;

        HASH_ITER (hh, memory->entries, entry, next)
                if (text_eq(entry->service, change->service) &&
                    change_touches(change, entry->key.text, entry->is_list))
                        entry->is_outdated = true;
        DL_FOREACH_SAFE (memory->by_time, negative, later)
                if (text_eq(negative->service, change->service))
                        drop_negative(memory, negative);
}

/** memory_deny() - remember for NEGATIVE_MS that it does not exist. Returns 0 or -ENOMEM. */
int memory_deny(struct memory *memory, const struct key *key, const struct origin *origin,
                const struct op_fault *fault) {
        struct negative *negative;

        HASH_FIND(hh, memory->negatives, &key->hash, sizeof(key->hash), negative);
        if (negative)
                drop_negative(memory, negative);
        else if (memory->n_negatives >= NEGATIVES_MAX)
                drop_negative(memory, memory->by_time->prev);
        negative = calloc(1, sizeof(*negative));
        if (!negative)
                return -ENOMEM;
        if (key_copy(key, &negative->key) < 0) {
                free(negative);
                return -ENOMEM;
        }
        negative->service = origin->call->service;
        negative->asked_ms = origin->asked_ms;
        negative->fault = *fault;
        HASH_ADD(hh, memory->negatives, key.hash, sizeof(negative->key.hash), negative);
        if (!negative->hh.tbl) {
                free(negative->key.text);
                free(negative);
                return -ENOMEM;
        }
        DL_PREPEND(memory->by_time, negative);
        memory->n_negatives++;
        return 0;
}

/** memory_allow() - it may exist. */
void memory_allow(struct memory *memory, const struct key *key) {
        struct negative *negative = find_negative(memory, key);

        if (negative)
                drop_negative(memory, negative);
}

/** memory_denied() - what said that it does not exist, whenever that was; NULL if nothing did. */
const struct negative *memory_denied(const struct memory *memory, const struct key *key) {
        return key->text ? find_negative(memory, key) : NULL;
}

/** memory_done() - forget everything. */
void memory_done(struct memory *memory) {
        struct entry *entry, *next;

        HASH_ITER (hh, memory->entries, entry, next)
                drop(memory, entry);
        while (memory->by_time)
                drop_negative(memory, memory->by_time);
}
