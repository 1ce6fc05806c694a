/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/trail.h"

#include <string.h>

enum { LINES_MAX = 64 * 1024 };

/** trail_init() - an empty log. Returns 0 or -ENOMEM. */
int trail_init(struct trail *trail) {
        *trail = (struct trail){ .text = BUF_INIT(TRAIL_MAX + LINES_MAX) };
        return pthread_mutex_init(&trail->lock, NULL) ? -ENOMEM : 0;
}

/** trail_done() - frees what it holds. */
void trail_done(struct trail *trail) {
        buf_done(&trail->text);
        pthread_mutex_destroy(&trail->lock);
}

/* The older half goes, at the end of a line. Locked. */
static void cut(struct trail *trail) {
        struct buf *text = &trail->text;
        const char *middle;
        size_t gone;

        if (text->len < TRAIL_MAX)
                return;
        middle = memchr(text->data + text->len / 2, '\n', text->len - text->len / 2);
        gone = middle ? (size_t)(middle + 1 - text->data) : text->len;
        memmove(text->data, text->data + gone, text->len - gone);
        buf_truncate(text, text->len - gone);
        trail->cut += gone;
}

/** trail_add() - whole lines, which are left out if they are too many or memory is. */
void trail_add(struct trail *trail, const char *lines, size_t len) {
        if (len > LINES_MAX)
                return;
        pthread_mutex_lock(&trail->lock);
        cut(trail);
        (void)buf_add(&trail->text, lines, len);
        trail->text.error = 0;
        pthread_mutex_unlock(&trail->lock);
}

/** trail_copy() - append what is there; @ret_cut: the position of its first byte. 0 or -ENOMEM. */
int trail_copy(struct trail *trail, struct buf *buf, uint64_t *ret_cut) {
        int r;

        pthread_mutex_lock(&trail->lock);
        r = buf_add(buf, trail->text.data, trail->text.len);
        *ret_cut = trail->cut;
        pthread_mutex_unlock(&trail->lock);
        return r;
}

/** trail_end() - the position behind its last byte. */
uint64_t trail_end(struct trail *trail) {
        uint64_t end;

        pthread_mutex_lock(&trail->lock);
        end = trail->cut + trail->text.len;
        pthread_mutex_unlock(&trail->lock);
        return end;
}
