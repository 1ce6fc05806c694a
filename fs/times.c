/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/times.h"

#include "backends/change.h"
#include "fs/branch.h"
#include "fs/content.h"
#include "fs/session.h"

struct given_time {
        struct view *view;   /* borrowed */
        struct place *place; /* referenced */
        uint64_t hash;
        time_t modified;
};

static void keep(void *data) {
        struct given_time *given = data;

        view_set_time(given->view, given->place, given->hash, given->modified);
        place_unref(given->place);
        free(given);
}

/**
 * times_set() - the document shows this time as long as its bytes are what they are (file rule 5).
 * It is written down a little later, to the second; a failure of that is none. Tree locked.
 */
void times_set(struct session *session, struct node *node, const struct timespec *modified) {
        struct view *view = branch_view(node->branch);
        struct given_time *given = view && node->place ? malloc(sizeof(*given)) : NULL;

        content_set_time(node->content, modified);
        if (!given)
                return;
        *given = (struct given_time){
                .view = view,
                .place = place_ref(node->place),
                .hash = node->content->hash,
                .modified = modified->tv_sec,
        };
        if (later_add(&session->later, 0, keep, given) == 0)
                return;
        place_unref(given->place);
        free(given);
}
