/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/ahead.h"

#include <string.h>

#include "base/log.h"
#include "base/stamp.h"
#include "base/text.h"
#include "fs/content.h"
#include "fs/directory.h"
#include "fs/fetch.h"
#include "fs/session.h"

enum { WALK_LISTS_MAX = 64 }; /* asked for by one job of a walk */

#define BEFORE_FIRST UINT32_MAX /* what comes before position 0 */

struct ahead_job {
        struct ahead_job *next;
        struct node *node; /* referenced */
        enum want want;
        int64_t fresh_since_ms; /* answers from before do not serve; 0: any */
        uint64_t directory;     /* nodeid: of a sweep; 0: none */
        unsigned levels;        /* of a walk; 0: none */
        char *name;             /* of a walk; owned */
};

/** ahead_init() - nothing to do yet; threads start with work. Returns 0 or -ENOMEM. */
int ahead_init(struct ahead *ahead, struct session *session) {
        *ahead = (struct ahead){ .session = session, .last = &ahead->first };
        if (pthread_mutex_init(&ahead->lock, NULL))
                return -ENOMEM;
        if (pthread_cond_init(&ahead->changed, NULL) == 0)
                return 0;
        pthread_mutex_destroy(&ahead->lock);
        return -ENOMEM;
}

/* Tree locked. */
static void job_free(struct session *session, struct ahead_job *job) {
        node_unref(&session->tree, job->node);
        free(job->name);
        free(job);
}

static struct ahead_job *pop(struct ahead *ahead) {
        struct ahead_job *job = ahead->first;

        if (!job)
                return NULL;
        ahead->first = job->next;
        if (!ahead->first)
                ahead->last = &ahead->first;
        ahead->queued--;
        return job;
}

/* Is what the job wants there by now? Tree locked. */
static bool is_done(const struct ahead_job *job) {
        const struct node *node = job->node;
        int64_t now = stamp_monotonic_ms();

        if (job->fresh_since_ms)
                return false;
        if (job->want == WANT_LIST)
                return directory_is_fresh(node->directory, now);
        return node->content && content_is_usable(node->content, now);
}

/* A failure ends the sweep it belongs to; one that says "not now" stops all for a while. */
static void note_failure(struct session *session, const struct ahead_job *job, int r) {
        struct node *dir;

        if (r == -ENOENT || r == -EALREADY || r == -ECANCELED || r == -EINTR)
                return;
        if (r == -EBUSY || r == -ETIMEDOUT || r == -ENETUNREACH || r == -EHOSTUNREACH) {
                log_debug("nothing is read ahead for a while: %s", strerror(-r));
                atomic_store(&session->ahead.paused_until_ms,
                             stamp_monotonic_ms() + AHEAD_PAUSE_MS);
        }
        pthread_mutex_lock(&session->tree.lock);
        dir = job->directory ? tree_node(&session->tree, job->directory) : NULL;
        if (dir && dir->type == ENTRY_DIRECTORY && dir->directory) {
                dir->directory->ahead_window = 0;
                dir->directory->body_needs = 0;
        }
        pthread_mutex_unlock(&session->tree.lock);
}

/* Was the sweep that this job belongs to ended? Tree locked. */
static bool is_ended(struct session *session, const struct ahead_job *job) {
        const struct node *dir;

        if (!job->directory)
                return false;
        dir = tree_node(&session->tree, job->directory);
        return !dir || !dir->directory || !dir->directory->ahead_window;
}

static void run_node(struct session *session, struct ahead_job *job) {
        struct node *node = NULL;
        int r;

        pthread_mutex_lock(&session->tree.lock);
        job->node->is_queued = false;
        if (!is_done(job) && !is_ended(session, job) &&
            atomic_load(&session->ahead.paused_until_ms) <= stamp_monotonic_ms())
                node = node_ref(job->node);
        pthread_mutex_unlock(&session->tree.lock);
        if (!node)
                return;
        r = wait_ahead(session, node, job->want, OP_AHEAD, job->fresh_since_ms);
        if (r < 0)
                note_failure(session, job, r);
}

static void let_go(struct session *session, struct node *node) {
        pthread_mutex_lock(&session->tree.lock);
        node_unref(&session->tree, node);
        pthread_mutex_unlock(&session->tree.lock);
}

static bool is_known(const struct node *node) {
        int64_t now = stamp_monotonic_ms();

        if (node->type == ENTRY_DIRECTORY)
                return directory_is_fresh(node->directory, now);
        return node->content && content_is_usable(node->content, now);
}

/* Lists a directory or reads a file if that is not known. A call is spent for the goal of a walk
 * (@is_goal) and where the walker comes next himself (@is_first), not for all that is between. */
static int get(struct session *session, struct node *node, bool is_goal, bool is_first,
               unsigned *left) {
        bool is_there, costs, is_worth;
        struct op op;
        int r;

        pthread_mutex_lock(&session->tree.lock);
        is_there = is_known(node);
        costs = node->branch->ops->costs_call && node->branch->ops->costs_call(node);
        is_worth = costs == is_goal || (costs && is_first);
        if (!is_there && is_worth && *left > 0)
                node_ref(node);
        pthread_mutex_unlock(&session->tree.lock);
        if (is_there)
                return 0;
        if (!is_worth || *left == 0)
                return -ECANCELED;
        --*left;
        r = wait_ahead(session, node, node->type == ENTRY_DIRECTORY ? WANT_LIST : WANT_BODY,
                       OP_AHEAD, 0);
        if (r != -EALREADY || is_goal)
                return r;
        /* on its way, but needed here, and costs nothing */
        op_init(&op, OP_AHEAD, session->options.timeout_ms);
        return fetch(session, &op, node, WANT_LIST, NULL, NULL);
}

/* The next entry in @dir from @position on, as a reference: a directory, or what @name names. */
static struct node *next_entry(struct session *session, struct node *dir, const char *name,
                               size_t *position) {
        const struct listing *listing = NULL;
        struct node *node = NULL;

        pthread_mutex_lock(&session->tree.lock);
        if (dir->directory && dir->directory->snapshot)
                listing = dir->directory->snapshot->listing;
        while (listing && !node && *position < listing->count) {
                const struct entry *entry = &listing->entries[(*position)++];

                if ((name ? entry->type != ENTRY_LINK && text_eq(entry->name, name)
                          : entry->type == ENTRY_DIRECTORY) &&
                    tree_adopt(&session->tree, dir, entry, &node) == 0)
                        node_ref(node);
        }
        pthread_mutex_unlock(&session->tree.lock);
        return node;
}

/* From @top that many levels down to each entry called as the job says. */
static int run_walk(struct session *session, const struct ahead_job *job, struct node *top,
                    unsigned levels, unsigned *left) {
        struct node *node;
        size_t position = 0;
        int r = get(session, top, false, top == job->node, left);

        while (r == 0) {
                node = next_entry(session, top, levels == 1 ? job->name : NULL, &position);
                if (!node)
                        return 0;
                if (levels == 1)
                        r = get(session, node, true, false, left);
                else
                        r = run_walk(session, job, node, levels - 1, left);
                if (r == -EALREADY || r == -ECANCELED)
                        r = *left ? 0 : r;
                let_go(session, node);
        }
        return r;
}

static void run(struct session *session, struct ahead_job *job) {
        unsigned left = WALK_LISTS_MAX;
        int r;

        if (!job->levels) {
                run_node(session, job);
                return;
        }
        if (atomic_load(&session->ahead.paused_until_ms) > stamp_monotonic_ms())
                return;
        r = run_walk(session, job, job->node, job->levels, &left);
        if (r < 0)
                note_failure(session, job, r);
}

static void *loop(void *data) {
        struct ahead *ahead = data;
        struct session *session = ahead->session;

        pthread_mutex_lock(&ahead->lock);
        while (!ahead->is_stopping) {
                struct ahead_job *job = pop(ahead);

                if (!job) {
                        ahead->n_idle++;
                        pthread_cond_wait(&ahead->changed, &ahead->lock);
                        ahead->n_idle--;
                        continue;
                }
                pthread_mutex_unlock(&ahead->lock);
                run(session, job);
                pthread_mutex_lock(&session->tree.lock);
                job_free(session, job);
                pthread_mutex_unlock(&session->tree.lock);
                pthread_mutex_lock(&ahead->lock);
        }
        pthread_mutex_unlock(&ahead->lock);
        return NULL;
}

/** ahead_stop() - after wait_stop(): ends the threads, forgets what was to be done. */
void ahead_stop(struct ahead *ahead) {
        struct session *session = ahead->session;
        struct ahead_job *job;

        pthread_mutex_lock(&ahead->lock);
        ahead->is_stopping = true;
        pthread_cond_broadcast(&ahead->changed);
        pthread_mutex_unlock(&ahead->lock);
        for (unsigned i = 0; i < ahead->n_threads; i++)
                pthread_join(ahead->threads[i], NULL);
        pthread_mutex_lock(&session->tree.lock);
        for (job = pop(ahead); job; job = pop(ahead))
                job_free(session, job);
        pthread_mutex_unlock(&session->tree.lock);
        for (size_t i = 0; i < AHEAD_WALKS; i++)
                free(ahead->walks[i].name);
        pthread_cond_destroy(&ahead->changed);
        pthread_mutex_destroy(&ahead->lock);
}

/* Takes the job over; what does not fit into the queue is not done. Tree locked. */
static void push(struct session *session, struct ahead_job *job) {
        struct ahead *ahead = &session->ahead;
        bool is_full;

        pthread_mutex_lock(&ahead->lock);
        is_full = ahead->queued >= AHEAD_QUEUE_MAX || ahead->is_stopping;
        if (!is_full) {
                *ahead->last = job;
                ahead->last = &job->next;
                ahead->queued++;
                if (ahead->queued > ahead->n_idle && ahead->n_threads < AHEAD_THREADS &&
                    pthread_create(&ahead->threads[ahead->n_threads], NULL, loop, ahead) == 0)
                        ahead->n_threads++;
                pthread_cond_signal(&ahead->changed);
        }
        pthread_mutex_unlock(&ahead->lock);
        if (!is_full)
                return;
        job->node->is_queued = false;
        job_free(session, job);
}

/* One thing to get, unless it is queued already. Tree locked. */
static void queue_node(struct session *session, struct node *node, enum want want,
                       int64_t fresh_since_ms, uint64_t directory) {
        struct ahead_job *job;

        if (node->is_queued)
                return;
        job = calloc(1, sizeof(*job));
        if (!job)
                return;
        job->node = node_ref(node);
        job->want = want;
        job->fresh_since_ms = fresh_since_ms;
        job->directory = directory;
        node->is_queued = true;
        push(session, job);
}

/** ahead_again() - it is in the last quarter of its time: have it newer before that is over. Tree
 * locked; @want is WANT_LIST or WANT_BODY and there is a version of it. */
void ahead_again(struct session *session, struct node *node, unsigned want) {
        int64_t fetched_ms = 0;

        if (node->branch->is_local || session->options.is_lazy)
                return;
        if (want == WANT_LIST)
                fetched_ms = node->directory->snapshot->listing->fetched_ms;
        else if (node->content->published)
                fetched_ms = node->content->published->fetched_ms;
        queue_node(session, node, want, fetched_ms + 1, 0);
}

/** ahead_renew() - this list is wanted anew, though nobody looks at it now. Tree locked.
 * @fresh_since_ms: realtime clock: answers from before do not serve. */
void ahead_renew(struct session *session, struct node *dir, int64_t fresh_since_ms) {
        queue_node(session, dir, WANT_LIST, fresh_since_ms, 0);
}

/* The body of an entry that follows in a sweep, if it is worth it. Tree locked. */
static void sweep_entry(struct session *session, struct node *dir, const struct entry *entry) {
        struct node *node;

        if (entry->type != ENTRY_FILE || tree_adopt(&session->tree, dir, entry, &node) < 0)
                return;
        if (dir->branch->ops->costs_call && dir->branch->ops->costs_call(node) &&
            !(node->content && content_is_usable(node->content, stamp_monotonic_ms())))
                queue_node(session, node, WANT_BODY, 0, dir->id);
        tree_forget(&session->tree, node, 0);
}

static uint32_t grown(uint32_t window) {
        return window < AHEAD_WINDOW_MAX / AHEAD_WINDOW_GROWTH ? window * AHEAD_WINDOW_GROWTH
                                                               : AHEAD_WINDOW_MAX;
}

/* The reader is at @position: the window in front of it is queued. Tree locked. */
static void sweep(struct session *session, struct node *dir, size_t position) {
        struct directory *directory = dir->directory;
        const struct listing *listing = directory->snapshot->listing;

        if (!directory->ahead_window) {
                directory->ahead_window = AHEAD_WINDOW_MIN;
                directory->ahead_next = (uint32_t)position + 1;
        } else if (position >= directory->ahead_next) {
                directory->ahead_next = (uint32_t)position + 1;
        } else if (position + directory->ahead_window / 2 >= directory->ahead_next &&
                   directory->ahead_window < AHEAD_WINDOW_MAX) {
                directory->ahead_window = grown(directory->ahead_window);
        }
        while (directory->ahead_next < listing->count &&
               directory->ahead_next <= position + directory->ahead_window)
                sweep_entry(session, dir, &listing->entries[directory->ahead_next++]);
}

/**
 * ahead_needed() - a file's body is needed; @is_missing: somebody has to wait for it. The third of
 * a directory that had to be waited for begins a sweep over those that follow. Tree locked.
 */
void ahead_needed(struct session *session, struct node *file, bool is_missing) {
        struct node *dir = file->parent;
        const struct listing *listing;
        const struct entry *entry;

        if (session->options.is_lazy || file->branch->is_local || !file->is_named)
                return;
        if (is_missing)
                ahead_entered(session, file, true);
        if (!dir->directory || !dir->directory->snapshot)
                return;
        if (is_missing && dir->directory->body_needs < AHEAD_BODY_NEEDS)
                dir->directory->body_needs++;
        if (dir->directory->body_needs < AHEAD_BODY_NEEDS ||
            atomic_load(&session->ahead.paused_until_ms) > stamp_monotonic_ms())
                return;
        listing = dir->directory->snapshot->listing;
        entry = listing_find(listing, file->name);
        if (entry)
                sweep(session, dir, (size_t)(entry - listing->entries));
}

/* The walk that came to this name that far below @top, or NULL. Tree locked. */
static struct ahead_walk *find_walk(struct ahead *ahead, const struct node *top, unsigned levels,
                                    const char *name) {
        for (size_t i = 0; i < AHEAD_WALKS; i++) {
                struct ahead_walk *walk = &ahead->walks[i];

                if (walk->name && walk->top == top->id && walk->levels == levels &&
                    text_eq(walk->name, name))
                        return walk;
        }
        return NULL;
}

/* Where the child stands in the list of @top; behind its end if it is not there any more. */
static uint32_t position_of(const struct node *top, const struct node *child) {
        const struct listing *listing = top->directory->snapshot->listing;
        const struct entry *entry = listing_find(listing, child->name);

        return (uint32_t)(entry ? (size_t)(entry - listing->entries) : listing->count);
}

static void begin_walk(struct ahead *ahead, const struct node *top, const struct node *child,
                       unsigned levels, const char *name) {
        struct ahead_walk *walk = &ahead->walks[0];

        for (size_t i = 1; i < AHEAD_WALKS; i++)
                if (ahead->walks[i].used < walk->used)
                        walk = &ahead->walks[i];
        free(walk->name);
        *walk = (struct ahead_walk){
                .top = top->id,
                .child = child->id,
                .position = position_of(top, child),
                .levels = levels,
                .used = ++ahead->clock,
                .name = strdup(name),
        };
}

/* Has a sibling walked ahead. Tree locked. */
static void queue_walk(struct session *session, struct node *top, const struct entry *entry,
                       const struct ahead_walk *walk) {
        struct ahead_job *job;
        struct node *node;

        if (entry->type != ENTRY_DIRECTORY || tree_adopt(&session->tree, top, entry, &node) < 0)
                return;
        job = calloc(1, sizeof(*job));
        if (job) {
                job->node = node_ref(node);
                job->want = WANT_LIST;
                job->levels = walk->levels;
                job->name = strdup(walk->name);
                if (job->name)
                        push(session, job);
                else
                        job_free(session, job);
        }
        tree_forget(&session->tree, node, 0);
}

/* How far ahead it goes from @position, and on from where it was: backwards as well, since shells
 * look at what a pattern matches from the last name to the first. */
static void aim(struct ahead_walk *walk, uint32_t position, bool with_child) {
        bool is_backward = position < walk->position;

        if (is_backward != walk->is_backward)
                walk->window = 0;
        walk->is_backward = is_backward;
        walk->position = position;
        if (!walk->window || (is_backward ? walk->next > position && walk->next != BEFORE_FIRST
                                          : walk->next < position))
                walk->next = position;
        if (walk->next == position && !with_child)
                walk->next += is_backward ? -1U : 1;
        walk->window = walk->window ? grown(walk->window) : AHEAD_WINDOW_MIN;
}

/* The walk came below another child of @top: those that follow come ahead, from that child itself
 * on if @with_child. Tree locked. */
static void go_on(struct session *session, struct ahead_walk *walk, struct node *top,
                  const struct node *child, bool with_child) {
        const struct listing *listing = top->directory->snapshot->listing;
        uint32_t position = position_of(top, child);

        if (position >= listing->count)
                return;
        aim(walk, position, with_child);
        if (walk->is_backward)
                while (walk->next < listing->count && walk->next + walk->window >= position)
                        queue_walk(session, top, &listing->entries[walk->next--], walk);
        else
                while (walk->next < listing->count && walk->next <= position + walk->window)
                        queue_walk(session, top, &listing->entries[walk->next++], walk);
}

/* Whoever does below one child what he did below the one before will do the rest of it, too. */
static void go_on_all(struct session *session, struct ahead_walk *walk, struct node *top,
                      const struct node *child) {
        struct ahead *ahead = &session->ahead;
        uint64_t before = walk->child;

        for (size_t i = 0; i < AHEAD_WALKS; i++) {
                struct ahead_walk *other = &ahead->walks[i];

                if (!other->name || other->top != walk->top || other->levels != walk->levels ||
                    other->child != before)
                        continue;
                other->child = child->id;
                other->used = ++ahead->clock;
                go_on(session, other, top, child, other != walk);
        }
}

/* A directory that costs a call was entered; if it is the next one to that before, which was the
 * next one to another, those that follow come ahead. Tree locked. */
static void entered_sibling(struct session *session, struct node *dir, bool was_missing) {
        struct node *top = dir->parent;
        struct ahead_walk *walk = find_walk(&session->ahead, top, 0, "");
        uint32_t position = position_of(top, dir);

        if (!walk) {
                begin_walk(&session->ahead, top, dir, 0, "");
                return;
        }
        if (walk->child == dir->id)
                return;
        if (position != walk->position + 1 && position + 1 != walk->position)
                walk->window = walk->run = 0;
        else if (++walk->run > 1 && (was_missing || walk->window))
                go_on(session, walk, top, dir, false);
        walk->child = dir->id;
        walk->position = position;
        walk->used = ++session->ahead.clock;
}

static bool is_listed(const struct node *node, const struct node *below) {
        return node && node->branch == below->branch && node->directory &&
               node->directory->snapshot;
}

/**
 * ahead_entered() - a directory is opened or a file's body needed; @was_missing: somebody had to
 * wait for it. When the same name is used below a second child of something, a walk is going on.
 * Tree locked.
 */
void ahead_entered(struct session *session, struct node *node, bool was_missing) {
        struct ahead *ahead = &session->ahead;
        struct node *child = node->parent;

        if (session->options.is_lazy || node->branch->is_local || !node->branch->ops->costs_call ||
            !node->branch->ops->costs_call(node))
                return;
        if (node->type == ENTRY_DIRECTORY && is_listed(child, node))
                entered_sibling(session, node, was_missing);
        for (unsigned levels = 1; levels <= AHEAD_LEVELS && child; levels++) {
                struct node *top = child->parent;
                struct ahead_walk *walk;

                if (!is_listed(top, node))
                        return;
                walk = find_walk(ahead, top, levels, node->name);
                if (!walk)
                        begin_walk(ahead, top, child, levels, node->name);
                else if (walk->child != child->id && (was_missing || walk->window))
                        go_on_all(session, walk, top, child);
                else
                        walk->child = child->id;
                child = top;
        }
}

/** ahead_queued() - how much waits for its turn. */
size_t ahead_queued(struct ahead *ahead) {
        size_t queued;

        pthread_mutex_lock(&ahead->lock);
        queued = ahead->queued;
        pthread_mutex_unlock(&ahead->lock);
        return queued;
}
