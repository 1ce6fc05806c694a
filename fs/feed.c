/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/feed.h"

#include <string.h>

#include "base/backoff.h"
#include "base/stamp.h"
#include "base/text.h"
#include "fs/session.h"

enum {
        PATIENCE_MS = (FEED_WAIT_S + 30) * 1000,
        HURRY_MS = 1000, /* a server that waits does not answer so soon that nothing changed … */
        HURRIES_MAX = 2, /* … time and again */
};

/** feeds_init() - nothing is followed. Returns 0 or -ENOMEM. */
int feeds_init(struct feeds *feeds) {
        pthread_condattr_t attributes;
        int r;

        *feeds = (struct feeds){ 0 };
        if (pthread_mutex_init(&feeds->lock, NULL))
                return -ENOMEM;
        pthread_condattr_init(&attributes);
        pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
        r = pthread_cond_init(&feeds->changed, &attributes);
        pthread_condattr_destroy(&attributes);
        if (!r)
                return 0;
        pthread_mutex_destroy(&feeds->lock);
        return -ENOMEM;
}

/* The directory at or above the node that can be followed, as a reference, or NULL. Tree locked. */
static struct node *followed(struct node *node) {
        for (; node; node = node->parent)
                if (node->branch->ops->has_feed && node->branch->ops->has_feed(node))
                        return node_ref(node);
        return NULL;
}

static void let_go(struct session *session, struct node *node) {
        pthread_mutex_lock(&session->tree.lock);
        node_unref(&session->tree, node);
        pthread_mutex_unlock(&session->tree.lock);
}

/* Locked. Waits at most so long; whether the feed goes on. */
static bool rest(struct feed *feed, int64_t ms) {
        struct feeds *feeds = &feed->session->feeds;
        int64_t until_ms = stamp_monotonic_ms() + ms;
        const struct timespec until = { .tv_sec = (time_t)(until_ms / 1000),
                                        .tv_nsec = (long)(until_ms % 1000 * 1000000) };
        int r = 0;

        while (!feeds->is_stopping && r == 0 && ms > 0)
                r = pthread_cond_timedwait(&feeds->changed, &feeds->lock, &until);
        if (atomic_load(&feed->session->watch.follows_events))
                feed->used_ms = stamp_monotonic_ms(); /* somebody hears of what changes */
        return !feeds->is_stopping && stamp_monotonic_ms() - feed->used_ms < FEED_IDLE_MS;
}

static void set_state(struct feed *feed, enum feed_state state, const char *reason) {
        if (feed->state != state)
                feed->since_s = stamp_now_ms() / 1000;
        feed->state = state;
        (void)snprintf(feed->reason, sizeof(feed->reason), "%s", reason);
}

/*
 * Locked. What came of a question that took so long; returns how long to rest, < 0: for ever.
 * @has_moved: the revision is another one, though nothing here need have changed.
 */
static int64_t judge(struct feed *feed, int r, int64_t took_ms, bool has_moved) {
        bool is_hurried = r == -EALREADY && !has_moved && took_ms < HURRY_MS;

        feed->hurries = is_hurried ? feed->hurries + 1 : 0;
        if (r == -EOPNOTSUPP || feed->hurries >= HURRIES_MAX) {
                set_state(feed, FEED_ABSENT, "the server tells nobody of changes");
                return -1;
        }
        if (r < 0 && r != -EALREADY && r != -ESTALE) {
                set_state(feed, FEED_FAILS,
                          feed->op.fault.reason[0] ? feed->op.fault.reason : strerror(-r));
                return backoff_jittered_ms(FEED_BACKOFF_MIN_MS, FEED_BACKOFF_MAX_MS,
                                           feed->failures++);
        }
        set_state(feed, FEED_FOLLOWS, "");
        feed->failures = 0;
        feed->changes += r == 0;
        return took_ms < HURRY_MS ? FEED_PAUSE_MS : 0;
}

/* One question and what follows from it. Without the lock; returns as judge(). */
static int64_t ask(struct feed *feed, char **revision) {
        struct feeds *feeds = &feed->session->feeds;
        struct branch *branch = feed->node->branch;
        int64_t began_ms = stamp_monotonic_ms(), took_ms, pause;
        _cleanup_(freep) char *before = *revision ? strdup(*revision) : NULL;
        int r;

        r = branch->ops->watch(branch, &feed->op, feed->node, FEED_WAIT_S, revision);
        took_ms = stamp_monotonic_ms() - began_ms;
        record_ahead(&feed->session->record, feed->op.calls);
        if (r == 0)
                republish(feed->session, feed->node);
        pthread_mutex_lock(&feeds->lock);
        pause = judge(feed, r, took_ms, before && !text_eq(before, *revision));
        pthread_mutex_unlock(&feeds->lock);
        return pause;
}

static void *follow(void *data) {
        struct feed *feed = data;
        struct feeds *feeds = &feed->session->feeds;
        char *revision = NULL;
        int64_t pause = 0;

        pthread_mutex_lock(&feeds->lock);
        while (pause >= 0 && rest(feed, pause)) {
                op_init(&feed->op, OP_POLL, PATIENCE_MS);
                pthread_mutex_unlock(&feeds->lock);
                pause = ask(feed, &revision);
                pthread_mutex_lock(&feeds->lock);
        }
        feed->ended_ms = stamp_monotonic_ms();
        pthread_mutex_unlock(&feeds->lock);
        free(revision);
        return NULL;
}

/* The thread has ended or ends at once. */
static void feed_free(struct feed *feed) {
        pthread_join(feed->thread, NULL);
        let_go(feed->session, feed->node);
        free(feed);
}

/* Does it stand for nothing any more? Locked. */
static bool is_over(const struct feed *feed, int64_t now_ms) {
        if (!feed->ended_ms)
                return false;
        return feed->state != FEED_ABSENT || now_ms - feed->ended_ms > FEED_ABSENT_MS;
}

/* Takes those that are over out of the list. Locked; returns them. */
static struct feed *take_over(struct feeds *feeds, int64_t now_ms) {
        struct feed *over = NULL;

        for (struct feed **p = &feeds->first; *p;) {
                struct feed *feed = *p;

                if (!is_over(feed, now_ms)) {
                        p = &feed->next;
                        continue;
                }
                *p = feed->next;
                feeds->count--;
                feed->next = over;
                over = feed;
        }
        return over;
}

/* Takes the reference of @node over, if it begins to be followed. Locked. */
static bool begin(struct session *session, struct node *node) {
        struct feeds *feeds = &session->feeds;
        struct feed *feed;

        if (feeds->is_stopping || feeds->count >= FEEDS_MAX)
                return false;
        feed = calloc(1, sizeof(*feed));
        if (!feed)
                return false;
        *feed = (struct feed){
                .session = session,
                .node = node,
                .since_s = stamp_now_ms() / 1000,
                .used_ms = stamp_monotonic_ms(),
        };
        op_init(&feed->op, OP_POLL, PATIENCE_MS);
        if (pthread_create(&feed->thread, NULL, follow, feed)) {
                free(feed);
                return false;
        }
        feed->next = feeds->first;
        feeds->first = feed;
        feeds->count++;
        return true;
}

/**
 * feed_used() - somebody asked for this node: what it belongs to is followed from now on.
 * Takes the tree's lock.
 */
void feed_used(struct session *session, struct node *node) {
        struct feeds *feeds = &session->feeds;
        struct feed *feed, *over;
        int64_t now = stamp_monotonic_ms();

        if (node->branch->is_local || !node->branch->ops->watch)
                return;
        pthread_mutex_lock(&session->tree.lock);
        node = followed(node);
        pthread_mutex_unlock(&session->tree.lock);
        if (!node)
                return;
        pthread_mutex_lock(&feeds->lock);
        over = take_over(feeds, now);
        feed = feeds->first;
        while (feed && feed->node != node)
                feed = feed->next;
        if (feed)
                feed->used_ms = now;
        else if (begin(session, node))
                node = NULL;
        pthread_mutex_unlock(&feeds->lock);
        if (node)
                let_go(session, node);
        while (over) {
                feed = over->next;
                feed_free(over);
                over = feed;
        }
}

/** feeds_stop() - nothing is followed any more; what waits for a server is given up. */
void feeds_stop(struct session *session) {
        struct feeds *feeds = &session->feeds;

        pthread_mutex_lock(&feeds->lock);
        feeds->is_stopping = true;
        for (struct feed *feed = feeds->first; feed; feed = feed->next)
                atomic_store(&feed->op.cancelled, true);
        pthread_cond_broadcast(&feeds->changed);
        pthread_mutex_unlock(&feeds->lock);
        while (feeds->first) {
                struct feed *next = feeds->first->next;

                feed_free(feeds->first);
                feeds->first = next;
        }
        pthread_cond_destroy(&feeds->changed);
        pthread_mutex_destroy(&feeds->lock);
}

static void describe(struct session *session, const struct feed *feed, struct buf *buf) {
        char since[STAMP_TEXT_SIZE];

        stamp_format(feed->since_s, since);
        (void)buf_add_str(buf, "feed: ");
        pthread_mutex_lock(&session->tree.lock);
        (void)node_path(feed->node, buf);
        pthread_mutex_unlock(&session->tree.lock);
        switch (feed->state) {
        case FEED_FOLLOWS:
                (void)buf_printf(buf, ": %s since %s, %u changes\n",
                                 feed->ended_ms ? "not followed, unused" : "followed", since,
                                 feed->changes);
                break;
        case FEED_FAILS:
                (void)buf_printf(buf, ": not followed since %s: %s\n", since, feed->reason);
                break;
        case FEED_ABSENT:
                (void)buf_printf(buf, ": not followed, %s: looked at when its time is up\n",
                                 feed->reason);
                break;
        }
}

/** feeds_describe() - a line for each directory that is or could be followed. */
void feeds_describe(struct session *session, struct buf *buf) {
        struct feeds *feeds = &session->feeds;

        pthread_mutex_lock(&feeds->lock);
        for (const struct feed *feed = feeds->first; feed; feed = feed->next)
                describe(session, feed, buf);
        pthread_mutex_unlock(&feeds->lock);
}
