/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/doubts.h"

#include "base/text.h"

/** doubts_init() - everything is known. Returns 0 or -ENOMEM. */
int doubts_init(struct doubts *doubts) {
        *doubts = (struct doubts){ 0 };
        return pthread_mutex_init(&doubts->lock, NULL) ? -ENOMEM : 0;
}

static void doubt_free(struct doubt *doubt) {
        free(doubt->identity);
        free(doubt->name);
        free(doubt);
}

/** doubts_done() - frees what is remembered. */
void doubts_done(struct doubts *doubts) {
        while (doubts->first) {
                struct doubt *next = doubts->first->next;

                doubt_free(doubts->first);
                doubts->first = next;
        }
        pthread_mutex_destroy(&doubts->lock);
}

/** doubts_add() - a change of the journal whose outcome is unknown. Returns 0 or -ENOMEM. */
int doubts_add(struct doubts *doubts, struct journal *journal, const struct edit *edit) {
        struct doubt *doubt = calloc(1, sizeof(*doubt));

        if (!doubt)
                return -ENOMEM;
        *doubt = (struct doubt){ .journal = journal, .id = edit->id, .act = edit->act };
        doubt->identity = strdup(edit->identity ? edit->identity : "");
        doubt->name = edit->name ? strdup(edit->name) : NULL;
        if (!doubt->identity || (edit->name && !doubt->name)) {
                doubt_free(doubt);
                return -ENOMEM;
        }
        pthread_mutex_lock(&doubts->lock);
        doubt->next = doubts->first;
        doubts->first = doubt;
        atomic_fetch_add(&doubts->count, 1);
        pthread_mutex_unlock(&doubts->lock);
        return 0;
}

/** doubts_find() - the change in the way of this one, 0 if there is none. */
int64_t doubts_find(struct doubts *doubts, enum edit_act act, const char *identity,
                    const char *name) {
        int64_t id = 0;

        pthread_mutex_lock(&doubts->lock);
        for (const struct doubt *doubt = doubts->first; doubt && !id; doubt = doubt->next)
                if (doubt->act == act && text_eq(doubt->identity, identity) &&
                    text_eq(doubt->name, name))
                        id = doubt->id;
        pthread_mutex_unlock(&doubts->lock);
        return id;
}

/** doubts_remove() - it was decided. */
void doubts_remove(struct doubts *doubts, const struct journal *journal, int64_t id) {
        struct doubt *found = NULL;

        pthread_mutex_lock(&doubts->lock);
        for (struct doubt **p = &doubts->first; *p; p = &(*p)->next) {
                if ((*p)->journal != journal || (*p)->id != id)
                        continue;
                found = *p;
                *p = found->next;
                atomic_fetch_sub(&doubts->count, 1);
                break;
        }
        pthread_mutex_unlock(&doubts->lock);
        if (found)
                doubt_free(found);
}

/**
 * doubts_settle() - something new is known of a place: @visit is told of each doubt about it; one
 * for which it answers true is no doubt any more.
 */
void doubts_settle(struct doubts *doubts, const char *identity,
                   bool (*visit)(void *data, const struct doubt *doubt), void *data) {
        struct doubt **p = &doubts->first;

        if (!atomic_load(&doubts->count))
                return;
        pthread_mutex_lock(&doubts->lock);
        while (*p) {
                struct doubt *doubt = *p;

                if (!text_eq(doubt->identity, identity) || !visit(data, doubt)) {
                        p = &doubt->next;
                        continue;
                }
                *p = doubt->next;
                atomic_fetch_sub(&doubts->count, 1);
                doubt_free(doubt);
        }
        pthread_mutex_unlock(&doubts->lock);
}
