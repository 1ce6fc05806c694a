/* SPDX-License-Identifier: Apache-2.0 */
#include "backends/sent.h"

#include "backends/view-internal.h"
#include "base/digest.h"
#include "base/text.h"

static bool is_owner(const struct place *place) {
        return place->type == PLACE_ITEM ||
               (place->type == PLACE_COLLECTION && place->kind->shape == SHAPE_DOCUMENT);
}

/* Values belong to a resource, whichever of its files is at hand; those of documents to their
 * collection, under names that tell them apart. NULL: to none. */
static const char *owner_of(const struct place *place) {
        while (place && !is_owner(place))
                place = place->parent;
        return place ? place->identity : NULL;
}

static uint64_t key_of(const char *owner, const char *name) {
        _cleanup_(freep) char *text = NULL;

        if (!owner || text_format(&text, "%s\n%s", owner, name) < 0)
                return 0;
        return digest_hash64(text, strlen(text));
}

/* Of this view, the last SENT_MAX of them: what cannot be remembered is forgotten. */
static void remember(struct view *view, const char *owner, const char *name, const char *value) {
        uint64_t key = key_of(owner, name);
        char *copy = strdup(value), *old;
        size_t slot;

        if (!key || !copy) {
                free(copy);
                return;
        }
        (void)pthread_mutex_lock(&view->lock);
        for (slot = 0; slot < SENT_MAX && view->sent[slot].key != key; slot++)
                ;
        if (slot == SENT_MAX)
                slot = view->next_sent++ % SENT_MAX;
        old = view->sent[slot].value;
        view->sent[slot] = (struct sent){
                .key = key,
                .owner = digest_hash64(owner, strlen(owner)),
                .value = copy,
        };
        (void)pthread_mutex_unlock(&view->lock);
        free(old);
}

static char *recall(struct view *view, const char *owner, const char *name) {
        uint64_t key = key_of(owner, name);
        char *copy = NULL;

        (void)pthread_mutex_lock(&view->lock);
        for (size_t i = 0; key && i < SENT_MAX && !copy; i++)
                if (view->sent[i].key == key)
                        copy = strdup(view->sent[i].value);
        (void)pthread_mutex_unlock(&view->lock);
        return copy;
}

/**
 * sent_keep() - a write-only value of a place's resource was sent. Where the account keeps nothing,
 * it is remembered as long as the view lives. Thread-safe; may write to disk.
 */
void sent_keep(struct view *view, const struct place *place, const char *name, const char *value) {
        const char *owner = owner_of(place);

        if (!owner)
                return;
        remember(view, owner, name, value);
        if (view->keep.put)
                view->keep.put(view->keep.data, owner, name, value);
}

/** sent_get() - a copy of what was last sent, NULL if it is not known. May read from disk. */
char *sent_get(struct view *view, const struct place *place, const char *name) {
        const char *owner = owner_of(place);
        char *value = owner ? recall(view, owner, name) : NULL;

        if (value || !owner || !view->keep.get)
                return value;
        if (view->keep.get(view->keep.data, owner, name, &value) < 0)
                return NULL;
        remember(view, owner, name, value);
        return value;
}

/**
 * sent_forget() - a value does not hold any more; NULL: none does, for the resource has gone, and
 * one that gets its id later is another.
 */
void sent_forget(struct view *view, const struct place *place, const char *name) {
        const char *owner = owner_of(place);
        uint64_t hash = owner ? digest_hash64(owner, strlen(owner)) : 0;
        uint64_t key = name ? key_of(owner, name) : 0;

        if (!owner)
                return;
        (void)pthread_mutex_lock(&view->lock);
        for (size_t i = 0; i < SENT_MAX; i++) {
                if (!view->sent[i].key || view->sent[i].owner != hash ||
                    (name && view->sent[i].key != key))
                        continue;
                free(view->sent[i].value);
                view->sent[i] = (struct sent){ 0 };
        }
        (void)pthread_mutex_unlock(&view->lock);
        if (view->keep.drop)
                view->keep.drop(view->keep.data, owner, name);
}

/** sent_mark() - remember a word, or that it does not hold, for the life of the view. */
void sent_mark(struct view *view, const struct place *place, const char *name, bool is_so) {
        const char *owner = owner_of(place);

        if (owner)
                remember(view, owner, name, is_so ? "yes" : "");
}

/** sent_is_marked() - does the word hold? */
bool sent_is_marked(struct view *view, const struct place *place, const char *name) {
        _cleanup_(freep) char *value = recall(view, owner_of(place), name);

        return !text_is_empty(value);
}
