/* SPDX-License-Identifier: Apache-2.0 */
#include "backends/turn.h"

#include "backends/view-internal.h"
#include "base/digest.h"
#include "base/stamp.h"
#include "base/text.h"

/* How often a waiter looks whether it is still wanted. */
enum { LOOK_MS = 100 };

/* Whose turn a change needs: the resource that takes one at a time, else the document or resource
 * itself whichever of its files is meant; 0 for what has no id yet, as something new. */
static uint64_t subject(const struct place *place) {
        const struct place *self = place;

        while (self && !(self->id && self->kind))
                self = self->parent;
        for (const struct place *at = self; at; at = at->parent)
                if (at->kind && at->kind->is_serial && at->id)
                        return at->ino;
        if (!self || place->type == PLACE_COLLECTION || place->type == PLACE_GROUP)
                return 0;
        if (self->type == PLACE_ITEM)
                return self->ino;
        return self->parent->ino ^ digest_hash64(self->id, strlen(self->id));
}

static bool is_taken(const struct view *view, uint64_t turn) {
        for (size_t i = 0; i < view->n_turns; i++)
                if (view->turns[i] == turn)
                        return true;
        return false;
}

static void wait_a_little(struct view *view) {
        struct timespec until;
        int64_t ms = stamp_monotonic_ms() + LOOK_MS;

        until = (struct timespec){ .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 };
        (void)pthread_cond_timedwait(&view->turned, &view->lock, &until);
}

/**
 * turn_take() - wait until no other change of the same resource is under way.
 * @ret: to be given back by turn_give(); 0 where nothing has to wait.
 * Returns 0, or -EBUSY, -EINTR when the op's time is up or nobody waits any more.
 */
int turn_take(struct view *view, struct op *op, const struct place *place, uint64_t *ret) {
        uint64_t turn = subject(place);
        int r = 0;

        *ret = 0;
        if (!turn || op->plan_only)
                return 0;
        (void)pthread_mutex_lock(&view->lock);
        while (r == 0 && (view->n_turns == TURNS_MAX || is_taken(view, turn))) {
                wait_a_little(view);
                r = op_check(op);
        }
        if (r == 0)
                view->turns[view->n_turns++] = turn;
        (void)pthread_mutex_unlock(&view->lock);
        if (r < 0)
                return op_fail(op, r == -ETIMEDOUT ? EBUSY : -r,
                               "another change of this is still under way");
        *ret = turn;
        return 0;
}

/** turn_give() - let the next change go on; 0 is fine. */
void turn_give(struct view *view, uint64_t turn) {
        if (!turn)
                return;
        (void)pthread_mutex_lock(&view->lock);
        for (size_t i = 0; i < view->n_turns; i++) {
                if (view->turns[i] != turn)
                        continue;
                view->turns[i] = view->turns[--view->n_turns];
                break;
        }
        (void)pthread_cond_broadcast(&view->turned);
        (void)pthread_mutex_unlock(&view->lock);
}
