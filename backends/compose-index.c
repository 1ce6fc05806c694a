/* SPDX-License-Identifier: Apache-2.0 */
/* Lists, read once: what was read of an answer serves until the answer is another. */
#include <inttypes.h>

#include "backends/view-internal.h"
#include "base/text.h"

static bool same_content(const struct index *index, const struct answer *answer) {
        const struct answer *known = index->answer;

        if (known == answer)
                return true;
        return answer->changed_ms && known->changed_ms == answer->changed_ms &&
               known->count == answer->count;
}

static struct index *memo_get(struct view *view, const char *key, const struct answer *answer) {
        struct index *found = NULL;

        (void)pthread_mutex_lock(&view->lock);
        for (size_t i = 0; i < INDEX_MEMO && !found; i++) {
                struct memo *memo = &view->memo[i];

                if (memo->key && text_eq(memo->key, key) && same_content(memo->index, answer)) {
                        memo->used = ++view->clock;
                        found = index_ref(memo->index);
                }
        }
        (void)pthread_mutex_unlock(&view->lock);
        return found;
}

/* Keeps an index in place of the one with the same key, or of the least recently used. */
static void memo_put(struct view *view, const char *key, struct index *index) {
        char *copy = strdup(key);
        struct index *old_index;
        struct memo *slot;
        char *old_key;

        if (!copy)
                return;
        (void)pthread_mutex_lock(&view->lock);
        slot = &view->memo[0];
        for (size_t i = 0; i < INDEX_MEMO; i++) {
                struct memo *memo = &view->memo[i];

                if (memo->key && text_eq(memo->key, key)) {
                        slot = memo;
                        break;
                }
                if (memo->used < slot->used)
                        slot = memo;
        }
        old_key = slot->key;
        old_index = slot->index;
        *slot = (struct memo){ .key = copy, .index = index_ref(index), .used = ++view->clock };
        (void)pthread_mutex_unlock(&view->lock);
        free(old_key);
        (void)index_unref(old_index);
}

/* What tells one list from another here: its kind, and the request that asks for it. */
static int index_key(struct composer *composer, const struct kind *kind, struct buf *key) {
        struct request_params params;
        struct request request = { 0 };
        int r = composer_prepare(composer, kind->list, &params, &request);

        /* What was read before must not stand for what has to be fresher. */
        (void)buf_printf(key, "%s/%" PRId64 "/%" PRId64 "/", kind->name, composer->max_age_ms,
                         composer->op->must_be_fresh ? composer->op->fresh_since_ms : 0);
        if (r == 0)
                r = request_key(&request, key);
        request_params_done(&params);
        return r;
}

static struct index *find_index(const struct composer *composer, const char *key) {
        for (unsigned i = 0; i < composer->n_indexes; i++)
                if (text_eq(composer->indexes[i].key, key))
                        return composer->indexes[i].index;
        return NULL;
}

static void keep_index(struct composer *composer, const char *key, struct index *index) {
        char *copy = composer->n_indexes < COMPOSER_INDEXES ? strdup(key) : NULL;

        if (copy)
                composer->indexes[composer->n_indexes++] =
                        (struct composer_index){ .key = copy, .index = index_ref(index) };
}

static int read_index(struct composer *composer, const struct kind *kind, struct index **ret) {
        _cleanup_(answer_unrefp) struct answer *answer = NULL;
        struct buf key = BUF_INIT(64 * 1024);
        struct index *index;
        int r;

        (void)buf_printf(&key, "%s/", kind->name);
        r = composer_list(composer, kind, NULL, &answer, &key);
        if (r == 0) {
                index = memo_get(composer->view, buf_str(&key), answer);
                if (!index) {
                        r = index_new(composer->op, kind, answer, &index);
                        if (r == 0)
                                memo_put(composer->view, buf_str(&key), index);
                }
                if (r == 0)
                        *ret = index;
        }
        buf_done(&key);
        return r;
}

static int fetch_index(struct composer *composer, const struct kind *kind, struct index **ret) {
        struct buf key = BUF_INIT(64 * 1024);
        struct index *index = NULL;
        int r = index_key(composer, kind, &key);

        if (r == 0)
                index = find_index(composer, buf_str(&key));
        if (index)
                *ret = index_ref(index);
        if (r == 0 && !index) {
                r = read_index(composer, kind, ret);
                if (r == 0)
                        keep_index(composer, buf_str(&key), *ret);
        }
        buf_done(&key);
        return r;
}

/**
 * composer_index() - the list of a kind, read; while one of its items is in a transition, the list
 * is at most five seconds old. Returns 0 and a reference, or negative errno with a reason.
 */
int composer_index(struct composer *composer, const struct kind *kind, struct index **ret) {
        struct index *index = NULL;
        int64_t before = composer->max_age_ms;
        int r;

        r = fetch_index(composer, kind, &index);
        if (r < 0)
                return r;
        if (index->is_busy && before == 0) {
                (void)index_unref(index);
                composer->max_age_ms = BUSY_AGE_MS;
                r = fetch_index(composer, kind, &index);
                composer->max_age_ms = before;
                if (r < 0)
                        return r;
        }
        *ret = index;
        return 0;
}
