/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/jobs.h"

#include <string.h>

#include "base/log.h"
#include "base/stamp.h"
#include "base/text.h"
#include "fs/branch.h"
#include "fs/change.h"
#include "fs/content.h"
#include "fs/directory.h"
#include "fs/local.h"
#include "fs/session.h"
#include "fs/subject.h"
#include "fs/walk.h"

enum {
        TIMEOUT_MS = 60 * 1000,
        INTERVAL_MIN_MS = 1000,
        INTERVAL_MAX_MS = 30 * 1000,
        KEPT_MS = 24 * 60 * 60 * 1000, /* after its end */
        LEAVING_MS = 10 * 60 * 1000,
};

/* One resource that is watched; under the jobs' lock, but for what is constant. */
struct working {
        struct working *next;
        unsigned refs;
        struct session *session;
        struct view *view;       /* borrowed; constant, as are the four that follow */
        struct journal *journal; /* borrowed, or NULL */
        struct place *place;     /* referenced */
        char *path, *started_by; /* owned */
        char name[JOB_NAME_SIZE];
        struct life_state life;
        bool is_gone, is_ended, is_dropped;
        int error;                               /* of the last look; negative errno */
        int64_t started_ms, polled_ms, ended_ms; /* realtime */
        int64_t interval_ms;
        int64_t leaving_until_ms; /* a removal was accepted: until then, or until it is seen at
                                     work, no other state than its absence is an end */
};

static const char *const phases[] = {
        [LIFE_NONE] = "none", [LIFE_BUSY] = "busy",   [LIFE_GOOD] = "good",
        [LIFE_BAD] = "bad",   [LIFE_OTHER] = "other",
};

/** jobs_init() - nothing is under way. Returns 0 or -ENOMEM. */
int jobs_init(struct jobs *jobs) {
        *jobs = (struct jobs){ 0 };
        return pthread_mutex_init(&jobs->lock, NULL) ? -ENOMEM : 0;
}

/* Locked. */
static void unref(struct working *working) {
        if (--working->refs > 0)
                return;
        life_state_done(&working->life);
        place_unref(working->place);
        free(working->path);
        free(working->started_by);
        free(working);
}

/** jobs_done() - after the last thread has gone. */
void jobs_done(struct jobs *jobs) {
        while (jobs->first) {
                struct working *next = jobs->first->next;

                jobs->first->refs = 1;
                unref(jobs->first);
                jobs->first = next;
        }
        pthread_mutex_destroy(&jobs->lock);
}

/* Locked. */
static struct working *find(const struct jobs *jobs, const char *name) {
        struct working *working = jobs->first;

        while (working && !text_eq(working->name, name))
                working = working->next;
        return working;
}

/* Locked. */
static void leave(struct jobs *jobs, struct working *working) {
        struct working **p = &jobs->first;

        while (*p && *p != working)
                p = &(*p)->next;
        if (!*p)
                return;
        *p = working->next;
        jobs->count--;
        working->is_dropped = true;
        unref(working);
}

/* Files that show the state, and the list that it stands in, are looked at anew. */
static void expire(struct session *session, const struct working *working) {
        struct node *node, *parent;

        pthread_mutex_lock(&session->tree.lock);
        node = tree_find(&session->tree, working->place);
        parent = node ? node->parent : NULL;
        if (node)
                change_refreshes(session, node, content_outdate);
        if (parent && parent->directory && working->is_gone) {
                parent->directory->fresh_until_ms = 0;
                notify_inode(&session->notify, parent->id);
        }
        pthread_cond_broadcast(&session->watch.changed);
        pthread_mutex_unlock(&session->tree.lock);
}

static void store(struct working *working) {
        const struct job job = {
                .path = working->path,
                .identity = (char *)(uintptr_t)place_identity(working->place),
                .started_by = working->started_by,
                .state = working->is_gone      ? (char *)(uintptr_t) "gone"
                         : working->life.state ? working->life.state
                                               : (char *)(uintptr_t) "",
                .started_ms = working->started_ms,
                .polled_ms = working->polled_ms,
                .ended_ms = working->ended_ms,
        };
        struct op op;

        if (!working->journal)
                return;
        op_init(&op, OP_POLL, 0);
        if (journal_job_put(working->journal, &op, &job) < 0)
                log_warning("%s: the job cannot be kept: %s", working->path, op.fault.reason);
}

/* Locked. */
static bool is_at_end(struct working *working) {
        enum life_phase phase = working->life.phase;

        if (working->is_gone)
                return true;
        if (phase == LIFE_BUSY)
                working->leaving_until_ms = 0;
        if (working->leaving_until_ms > working->polled_ms)
                return false;
        return phase == LIFE_GOOD || phase == LIFE_BAD || phase == LIFE_NONE;
}

/* Takes what was found over. Returns whether it is something new. Locked. */
static bool learn(struct working *working, struct life_state *life, int r) {
        bool is_gone = r == -ENOENT, is_new;

        working->polled_ms = stamp_now_ms();
        working->error = is_gone ? 0 : r;
        if (r < 0 && !is_gone)
                return false;
        is_new = is_gone != working->is_gone || life->phase != working->life.phase ||
                 life->percent != working->life.percent ||
                 !text_eq(life->state, working->life.state);
        life_state_done(&working->life);
        working->life = *life;
        *life = (struct life_state){ 0 };
        if (is_gone)
                working->life.percent = -1;
        working->is_gone = is_gone;
        working->is_ended = is_at_end(working);
        if (working->is_ended && !working->ended_ms)
                working->ended_ms = working->polled_ms;
        if (!working->is_ended)
                working->ended_ms = 0;
        return is_new;
}

/* One look at it, in this thread. Returns 0 or negative errno with a reason. */
static int look(struct working *working, struct op *op) {
        struct session *session = working->session;
        struct life_state life = { 0 };
        bool is_new, is_kept;
        int r;

        op->must_be_fresh = true;
        op->fresh_since_ms = stamp_now_ms();
        r = view_life(working->view, op, working->place, &life);
        op->must_be_fresh = false;
        pthread_mutex_lock(&session->jobs.lock);
        is_new = learn(working, &life, r);
        is_kept = !working->is_dropped && (working->life.phase != LIFE_NONE || !working->is_ended);
        if (!is_kept && !working->is_dropped && !working->is_gone && r == 0)
                leave(&session->jobs, working); /* there is nothing to wait for */
        pthread_mutex_unlock(&session->jobs.lock);
        life_state_done(&life);
        if (is_new) {
                expire(session, working);
                if (is_kept)
                        store(working);
        }
        return r == -ENOENT ? 0 : r;
}

static void poll_job(void *data) {
        struct working *working = data;
        struct session *session = working->session;
        int64_t wait_ms = 0;
        struct op op;

        op_init(&op, OP_POLL, TIMEOUT_MS);
        op.command = "job";
        (void)look(working, &op);
        pthread_mutex_lock(&session->jobs.lock);
        if (!working->is_ended && !working->is_dropped) {
                wait_ms = working->interval_ms;
                working->interval_ms += working->interval_ms / 2;
                if (working->interval_ms > INTERVAL_MAX_MS)
                        working->interval_ms = INTERVAL_MAX_MS;
        } else {
                unref(working);
        }
        pthread_mutex_unlock(&session->jobs.lock);
        if (wait_ms)
                (void)later_add_idle(&session->later, wait_ms, poll_job, working);
}

/* Those whose end was long ago make room. Locked. */
static void trim(struct jobs *jobs) {
        int64_t now_ms = stamp_now_ms();

        for (struct working *working = jobs->first, *next; working; working = next) {
                next = working->next;
                if (working->is_ended && now_ms - working->ended_ms > KEPT_MS) {
                        if (working->journal)
                                (void)journal_job_drop(working->journal,
                                                       place_identity(working->place));
                        leave(jobs, working);
                }
        }
}

/* A new one with two references: the list's and the caller's. Locked. */
static struct working *add(struct session *session, struct branch *branch, struct place *place,
                           const char *path, const char *started_by) {
        struct jobs *jobs = &session->jobs;
        struct working *working;

        trim(jobs);
        if (jobs->count >= JOBS_MAX)
                return NULL;
        working = calloc(1, sizeof(*working));
        if (!working)
                return NULL;
        *working = (struct working){
                .refs = 2,
                .session = session,
                .view = branch_view(branch),
                .journal = branch_journal(branch),
                .place = place_ref(place),
                .path = strdup(path),
                .started_by = strdup(started_by),
                .life = { .percent = -1 },
                .started_ms = stamp_now_ms(),
                .interval_ms = INTERVAL_MIN_MS,
        };
        if (!working->path || !working->started_by) {
                working->refs = 1;
                unref(working);
                return NULL;
        }
        job_name(path, working->name);
        working->next = jobs->first;
        jobs->first = working;
        jobs->count++;
        return working;
}

/* Watches from now on; one that is watched already is begun anew. Returns a reference, or NULL. */
static struct working *begin(struct session *session, struct branch *branch, struct place *place,
                             const char *path, const char *started_by) {
        char name[JOB_NAME_SIZE];
        struct working *working;
        int64_t leaving_until_ms = 0;

        job_name(path, name);
        pthread_mutex_lock(&session->jobs.lock);
        working = find(&session->jobs, name);
        if (working) {
                if (!working->is_ended)
                        leaving_until_ms = working->leaving_until_ms;
                leave(&session->jobs, working);
        }
        working = add(session, branch, place, path, started_by);
        if (working)
                working->leaving_until_ms = leaving_until_ms;
        pthread_mutex_unlock(&session->jobs.lock);
        return working;
}

static void schedule(struct working *working, int64_t delay_ms) {
        struct session *session = working->session;

        if (later_add_idle(&session->later, delay_ms, poll_job, working) == 0)
                return;
        pthread_mutex_lock(&session->jobs.lock);
        unref(working);
        pthread_mutex_unlock(&session->jobs.lock);
}

/* After a look in the caller's thread, whose reference this takes over. */
static void schedule_next(struct working *working) {
        struct jobs *jobs = &working->session->jobs;
        bool is_over;

        pthread_mutex_lock(&jobs->lock);
        is_over = working->is_ended || working->is_dropped;
        if (is_over)
                unref(working);
        pthread_mutex_unlock(&jobs->lock);
        if (!is_over)
                schedule(working, INTERVAL_MIN_MS);
}

/**
 * jobs_note() - a change of ours may have set a resource to work.
 * @place: of it; @path: where it stands. Kinds without a life cycle cost nothing.
 * @is_removal: only its absence is a good end.
 */
void jobs_note(struct session *session, const struct subject *subject, struct place *place,
               const char *path, const char *started_by, bool is_removal) {
        struct working *working;

        if (!subject->view || !place || !view_has_life(place))
                return;
        working = begin(session, subject->branch, place, path, started_by);
        if (!working)
                return;
        if (is_removal) {
                pthread_mutex_lock(&session->jobs.lock);
                working->leaving_until_ms = stamp_now_ms() + LEAVING_MS;
                pthread_mutex_unlock(&session->jobs.lock);
        }
        schedule(working, 0);
}

/**
 * jobs_watch() - watch the resource at a path, and look at it once before this returns.
 * Returns 0 or negative errno with a reason.
 */
int jobs_watch(struct session *session, struct op *op, const char *path) {
        const char *mountpoint = session->options.mountpoint;
        size_t len = mountpoint ? strlen(mountpoint) : 0;
        struct buf whole = BUF_INIT(64 * 1024);
        struct working *working = NULL;
        struct node *node = NULL;
        int r;

        if (len && strncmp(path, mountpoint, len) == 0 && path[len] == '/')
                path += len;
        r = walk(session, op, NULL, path, &node);
        if (r < 0)
                return r;
        pthread_mutex_lock(&session->tree.lock);
        if (node->type != ENTRY_DIRECTORY && node->parent) { /* its status.json will do */
                struct node *parent = node_ref(node->parent);

                node_unref(&session->tree, node);
                node = parent;
        }
        (void)node_path(node, &whole);
        pthread_mutex_unlock(&session->tree.lock);
        if (node->overlay)
                r = op_fail(op, EAGAIN, "it is being created");
        else if (!node->place || !branch_view(node->branch))
                r = op_fail(op, EINVAL, "this is no resource");
        if (r == 0)
                working = begin(session, node->branch, node->place, buf_str(&whole), "watch");
        walk_let_go(session, node);
        buf_done(&whole);
        if (r == 0 && !working)
                r = op_fail(op, ENOSPC, "too much is watched already");
        if (r == 0) {
                r = look(working, op);
                schedule_next(working);
        }
        return r;
}

struct resuming {
        struct session *session;
        char **paths;
        size_t count, capacity;
};

static int note_job(void *data, const struct job *job) {
        struct resuming *resuming = data;

        if (job->ended_ms)
                return 0;
        if (array_grow(&resuming->paths, &resuming->capacity, resuming->count, JOBS_MAX,
                       sizeof(char *)) < 0)
                return 0;
        resuming->paths[resuming->count] = strdup(job->path);
        if (resuming->paths[resuming->count])
                resuming->count++;
        return 0;
}

static void resume(void *data) {
        struct resuming *resuming = data;

        for (size_t i = 0; i < resuming->count; i++) {
                struct op op;

                op_init(&op, OP_POLL, TIMEOUT_MS);
                op.command = "job";
                if (jobs_watch(resuming->session, &op, resuming->paths[i]) < 0)
                        log_info("%s: %s", resuming->paths[i], op.fault.reason);
                free(resuming->paths[i]);
        }
        free(resuming->paths);
        free(resuming);
}

/** jobs_start() - go on watching what an earlier mount watched. 0 or negative errno. */
int jobs_start(struct session *session) {
        struct resuming *resuming = calloc(1, sizeof(*resuming));
        int r = resuming ? 0 : -ENOMEM;

        for (size_t i = 0; r == 0 && i < session->options.n_accounts; i++) {
                struct journal *journal = session->options.accounts[i].journal;

                resuming->session = session;
                if (journal)
                        r = journal_jobs(journal, note_job, resuming);
        }
        if (r == 0 && resuming->count) {
                r = later_add_idle(&session->later, 0, resume, resuming);
                if (r == 0)
                        return 0;
        }
        for (size_t i = 0; resuming && i < resuming->count; i++)
                free(resuming->paths[i]);
        if (resuming)
                free(resuming->paths);
        free(resuming);
        return r;
}

static struct session *session_of(struct branch *branch) {
        return (struct session *)((char *)branch - offsetof(struct session, jobs_branch));
}

static int list(struct branch *branch, struct op *op, struct node *node, struct listing **ret) {
        struct session *session = session_of(branch);
        _cleanup_(listing_unrefp) struct listing *listing = NULL;
        int r = local_listing_new(stamp_now_ms(), stamp_monotonic_ms(), &listing);

        (void)node;
        pthread_mutex_lock(&session->jobs.lock);
        for (const struct working *working = session->jobs.first; r == 0 && working;
             working = working->next)
                r = local_listing_add(listing, working->name, ENTRY_FILE, 0444);
        pthread_mutex_unlock(&session->jobs.lock);
        if (r < 0)
                return op_fail(op, -r, "out of memory");
        local_listing_end(listing);
        *ret = STEAL(listing);
        return 0;
}

static int set_time(struct json *json, const char *name, int64_t ms) {
        char text[STAMP_TEXT_SIZE];

        if (!ms)
                return 0;
        stamp_format(ms / 1000, text);
        return json_set_string(json, name, text);
}

/* As far as anybody may go by it. Locked. */
static const char *phase_of(const struct working *working) {
        if (working->is_gone)
                return "gone";
        if (!working->is_ended && working->life.phase != LIFE_OTHER)
                return phases[LIFE_BUSY];
        return phases[working->life.phase];
}

/* Locked. */
static int describe(const struct working *working, struct buf *buf) {
        _cleanup_(json_freep) struct json *json = json_new_object();
        const struct life_state *life = &working->life;
        int r = json ? json_set_string(json, "path", working->path) : -ENOMEM;

        if (r == 0)
                r = json_set_string(json, "phase", phase_of(working));
        if (r == 0 && life->state)
                r = json_set_string(json, "state", life->state);
        if (r == 0 && life->work)
                r = json_set_string(json, "work", life->work);
        if (r == 0 && life->percent >= 0)
                r = json_set_int(json, "percent", life->percent);
        if (r == 0 && working->error)
                r = json_set_string(json, "error", strerrorname_np(-working->error));
        if (r == 0)
                r = json_set_string(json, "started_by", working->started_by);
        if (r == 0)
                r = set_time(json, "started", working->started_ms);
        if (r == 0)
                r = set_time(json, "polled", working->polled_ms);
        if (r == 0)
                r = set_time(json, "ended", working->ended_ms);
        if (r == 0)
                r = json_render(json, JSON_PRETTY, buf);
        return r == 0 ? buf_add_char(buf, '\n') : r;
}

static int read_file(struct branch *branch, struct op *op, struct node *node,
                     struct document **ret) {
        struct session *session = session_of(branch);
        const struct working *working;
        struct buf text = BUF_INIT(0);
        char name[JOB_NAME_SIZE];
        int r = -ENOENT;

        pthread_mutex_lock(&session->tree.lock);
        (void)snprintf(name, sizeof(name), "%s", node->name);
        pthread_mutex_unlock(&session->tree.lock);
        pthread_mutex_lock(&session->jobs.lock);
        working = find(&session->jobs, name);
        if (working)
                r = describe(working, &text);
        pthread_mutex_unlock(&session->jobs.lock);
        if (r == 0)
                r = local_document_new(&text, stamp_monotonic_ms(), ret);
        buf_done(&text);
        return r < 0 ? op_fail(op, -r, "it is not watched any more") : 0;
}

static int attach(struct branch *branch, struct node *dir, struct node *node) {
        (void)branch;
        (void)dir;
        node->is_live = node->type == ENTRY_FILE;
        return 0;
}

const struct branch_ops jobs_ops = { .list = list, .read = read_file, .attach = attach };

/** jobs_remove() - rm of a job's file: nobody watches it any more. Serves the task. */
int jobs_remove(struct task *task) {
        struct session *session = task->session;
        struct working *working;

        pthread_mutex_lock(&session->jobs.lock);
        working = find(&session->jobs, task->name);
        if (working && working->journal)
                (void)journal_job_drop(working->journal, place_identity(working->place));
        if (working)
                leave(&session->jobs, working);
        pthread_mutex_unlock(&session->jobs.lock);
        if (!working)
                return -ENOENT;
        fuse_reply_err(task->req, 0);
        return task_end(task);
}
