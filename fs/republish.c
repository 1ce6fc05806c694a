/* SPDX-License-Identifier: Apache-2.0 */
/* What is known anew is shown anew: everything below a directory that somebody has seen. */
#include "base/stamp.h"
#include "fs/content.h"
#include "fs/directory.h"
#include "fs/session.h"

enum { AGAIN_MS = 10, ROUNDS_MAX = 100 };

/* Nodes to be made anew; references. */
struct shown {
        struct node **list;
        size_t count, capacity;
};

/* What moves by itself is asked for at each look: whoever polls it is told so. Tree locked. */
static void expire(struct session *session, struct node *node) {
        content_outdate(node->content);
        pthread_cond_broadcast(&session->watch.changed);
}

static int add(struct shown *shown, struct node *node) {
        int r = array_grow(&shown->list, &shown->capacity, shown->count, SIZE_MAX / 16,
                           sizeof(struct node *));

        if (r == 0)
                shown->list[shown->count++] = node_ref(node);
        return r;
}

static bool was_shown(const struct node *node) {
        if (!node->is_named || node->branch->is_local)
                return false;
        if (node->type == ENTRY_DIRECTORY)
                return node->directory && node->directory->snapshot;
        return node->type == ENTRY_FILE && node->content && node->content->has_version;
}

/* Parents come before their children, because their nodes are older; directories come first. */
static void collect(struct session *session, const struct node *top, unsigned type,
                    struct shown *shown) {
        struct tree *tree = &session->tree;

        pthread_mutex_lock(&tree->lock);
        for (uint64_t id = NODE_ROOT; id < tree->next_id; id++) {
                struct node *node = tree_node(tree, id);

                if (!node && !tree->chunks[id / NODE_CHUNK])
                        id |= NODE_CHUNK - 1;
                if (!node || node->type != type || !was_shown(node) || !node_is_below(node, top))
                        continue;
                if (type == ENTRY_FILE && node->is_volatile)
                        expire(session, node);
                else if (add(shown, node) < 0)
                        break;
        }
        pthread_mutex_unlock(&tree->lock);
}

/* Another request may be about to show what was known before: then once more, after it. */
static bool make_anew(struct session *session, struct node *node) {
        enum want want = node->type == ENTRY_DIRECTORY ? WANT_LIST : WANT_BODY;

        pthread_mutex_lock(&session->tree.lock);
        node_ref(node);
        pthread_mutex_unlock(&session->tree.lock);
        return wait_ahead(session, node, want, OP_POLL, 0) != -EALREADY;
}

/* Locked tree: gives the reference back. */
static void let_go(struct session *session, struct node **node) {
        pthread_mutex_lock(&session->tree.lock);
        node_unref(&session->tree, *node);
        pthread_mutex_unlock(&session->tree.lock);
        *node = NULL;
}

static void make_all_anew(struct session *session, struct shown *shown) {
        const struct timespec pause = { .tv_nsec = AGAIN_MS * 1000000L };
        size_t left = shown->count;

        for (unsigned round = 0; left && round < ROUNDS_MAX; round++) {
                if (round > 0)
                        (void)clock_nanosleep(CLOCK_MONOTONIC, 0, &pause, NULL);
                for (size_t i = 0; i < shown->count; i++) {
                        if (!shown->list[i] || !make_anew(session, shown->list[i]))
                                continue;
                        let_go(session, &shown->list[i]);
                        left--;
                }
        }
        for (size_t i = 0; i < shown->count; i++)
                if (shown->list[i])
                        let_go(session, &shown->list[i]);
        free(shown->list);
}

/**
 * republish() - make lists and documents at and below @top (held by the caller) anew from what is
 * known, and tell the kernel where they are others. No call is made where all is known.
 */
void republish(struct session *session, struct node *top) {
        struct shown directories = { 0 }, files = { 0 };

        collect(session, top, ENTRY_DIRECTORY, &directories);
        make_all_anew(session, &directories);
        collect(session, top, ENTRY_FILE, &files);
        make_all_anew(session, &files);
}
