/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/wait.h"

#include <string.h>

#include "base/text.h"
#include "fs/fetch.h"
#include "fs/session.h"

enum { PART_LEVELS = 3 };

struct flight {
        struct flight *next;
        struct node *node; /* referenced; NULL for WANT_WORK */
        char *name;        /* WANT_FIND */
        enum want want;
        uint64_t part; /* of the tree that a service answers for */
        bool has_slot;
        int (*work)(struct task *task, struct op *op);
        struct op op;
        struct task *tasks;     /* that wait for it */
        struct node *found;     /* referenced result of WANT_FIND */
        struct op_fault *fault; /* where the reason of its failure goes; NULL: nowhere */
        bool is_ahead;          /* nobody need wait for it */
        bool is_change;         /* what it does is not given up half-way */
};

/** wait_init() - nobody waits. Returns 0 or -ENOMEM. */
int wait_init(struct wait *wait) {
        *wait = (struct wait){ .pending_end = &wait->pending };
        return pthread_mutex_init(&wait->lock, NULL) ? -ENOMEM : 0;
}

/** wait_done() - after the last thread has gone. */
void wait_done(struct wait *wait) {
        pthread_mutex_destroy(&wait->lock);
}

static struct flight *flight_free(struct session *session, struct flight *flight) {
        if (!flight)
                return NULL;
        pthread_mutex_lock(&session->tree.lock);
        node_unref(&session->tree, flight->found);
        node_unref(&session->tree, flight->node);
        pthread_mutex_unlock(&session->tree.lock);
        free(flight->name);
        free(flight);
        return NULL;
}

/* Takes the reference of @node over. NULL without memory. */
static struct flight *flight_new(struct session *session, struct node *node, enum want want,
                                 const char *name) {
        struct flight *flight = calloc(1, sizeof(*flight));

        if (flight) {
                flight->node = node;
                flight->want = want;
                op_init(&flight->op, OP_INTERACTIVE, session->options.timeout_ms);
                if (!name)
                        return flight;
                flight->name = strdup(name);
                if (flight->name)
                        return flight;
                flight_free(session, flight);
                return NULL;
        }
        pthread_mutex_lock(&session->tree.lock);
        node_unref(&session->tree, node);
        pthread_mutex_unlock(&session->tree.lock);
        return NULL;
}

static bool serves(const struct flight *flight, const struct node *node, enum want want,
                   const char *name) {
        return flight->node == node && flight->want == want && text_eq(flight->name, name) &&
               !atomic_load(&flight->op.cancelled);
}

/* Somebody else's flight that gets the same, if there is one. Locked. */
static struct flight *find(struct wait *wait, const struct node *node, enum want want,
                           const char *name) {
        struct flight *lists[] = { wait->running, wait->pending };

        for (size_t i = 0; node && i < ELEMENTSOF(lists); i++)
                for (struct flight *flight = lists[i]; flight; flight = flight->next)
                        if (serves(flight, node, want, name))
                                return flight;
        return NULL;
}

static void attach(struct wait *wait, struct flight *flight, struct task *task) {
        struct task **end = &flight->tasks;

        while (*end)
                end = &(*end)->next;
        *end = task;
        task->next = NULL;
        task->flight = flight;
        wait->n_waiting++;
}

static void detach(struct wait *wait, struct task *task) {
        struct task **p = &task->flight->tasks;

        while (*p != task)
                p = &(*p)->next;
        *p = task->next;
        task->next = NULL;
        task->flight = NULL;
        wait->n_waiting--;
}

/*
 * The caller was told to stop waiting (Ctrl-C): it gets its reply at once, others go on waiting;
 * what nobody waits for any more is cancelled. Runs with the request's lock of libfuse held.
 */
static void on_interrupt(fuse_req_t req, void *data) {
        struct task *task = data;
        struct wait *wait = &task->session->wait;
        struct flight *flight;
        bool is_out = false;

        (void)req;
        pthread_mutex_lock(&wait->lock);
        task->is_interrupted = true;
        flight = task->flight;
        if (flight && flight->is_change) {
                task->is_interrupted = false;
        } else if (flight && flight->want == WANT_WORK) {
                atomic_store(&flight->op.cancelled, true); /* it uses the task: ends by itself */
        } else if (flight) {
                detach(wait, task);
                if (!flight->tasks && !flight->is_ahead)
                        atomic_store(&flight->op.cancelled, true);
                is_out = true;
        }
        pthread_mutex_unlock(&wait->lock);
        if (is_out)
                task_fail(task, op_fail(&task->op, EINTR, "interrupted"));
}

/* The flight is over: serves the task again, or fails it for the same reason. */
static void land(struct task *task, struct flight *flight, int r, bool is_first) {
        fuse_req_interrupt_func(task->req, NULL, NULL);
        if (is_first)
                task->op.calls += flight->op.calls;
        if (r < 0 && flight->is_ahead && flight->op.must_be_fresh) {
                task->is_landing = true;
                task_run(task); /* it wanted something newer, the task can do with what there is */
                return;
        }
        if (r < 0) {
                if (flight->op.fault.error)
                        task->op.fault = flight->op.fault;
                task_fail(task, r);
                return;
        }
        if (flight->found) {
                pthread_mutex_lock(&task->session->tree.lock);
                task->found = node_ref(flight->found);
                pthread_mutex_unlock(&task->session->tree.lock);
        }
        task->waited |= 1U << flight->want;
        task->is_landing = true;
        task_run(task);
}

static void leave_running(struct wait *wait, struct flight *flight) {
        struct flight **p = &wait->running;

        while (*p != flight)
                p = &(*p)->next;
        *p = flight->next;
        if (flight->has_slot)
                wait->slots--;
}

/* Flies, lands everybody who waited, frees the flight. */
static int fly(struct session *session, struct flight *flight) {
        struct wait *wait = &session->wait;
        struct task *task;
        bool is_first = true;
        int r;

        if (atomic_load(&flight->op.cancelled))
                r = op_fail(&flight->op, EINTR, "interrupted");
        else if (flight->want == WANT_WORK)
                r = flight->work(flight->tasks, &flight->op);
        else
                r = fetch(session, &flight->op, flight->node, flight->want, flight->name,
                          &flight->found);

        pthread_mutex_lock(&wait->lock);
        leave_running(wait, flight);
        task = STEAL(flight->tasks);
        for (struct task *t = task; t; t = t->next) {
                t->flight = NULL;
                wait->n_waiting--;
        }
        pthread_mutex_unlock(&wait->lock);

        while (task) {
                struct task *next = STEAL(task->next);

                land(task, flight, r, is_first);
                is_first = false;
                task = next;
        }
        if (flight->fault)
                *flight->fault = flight->op.fault;
        if (is_first)
                record_ahead(&session->record, flight->op.calls);
        flight_free(session, flight);
        return r;
}

/* How many flights with a slot ask the same service. Locked. */
static unsigned count_alike(const struct wait *wait, const struct flight *flight) {
        unsigned n = 0;

        for (const struct flight *other = wait->running; other; other = other->next)
                n += other->has_slot && other->part == flight->part;
        return n;
}

/* Is there a slot for it? Locked. */
static bool may_fly(const struct wait *wait, const struct flight *flight) {
        if (wait->slots < WAIT_SLOTS - WAIT_SPARE)
                return true;
        return wait->slots < WAIT_SLOTS && count_alike(wait, flight) < WAIT_SPARE_EACH;
}

/* The first that waits for a slot and may have one, in its place in the list. Locked. */
static struct flight **next(struct wait *wait) {
        struct flight **p = &wait->pending;

        while (*p && wait->slots < WAIT_SLOTS && !may_fly(wait, *p))
                p = &(*p)->next;
        return *p && wait->slots < WAIT_SLOTS ? p : NULL;
}

/* It flies from now on. Locked. */
static void take_off(struct wait *wait, struct flight *flight) {
        wait->slots++;
        flight->has_slot = true;
        flight->next = wait->running;
        wait->running = flight;
}

static struct flight *pop(struct wait *wait) {
        struct flight **p = next(wait), *flight = p ? *p : NULL;

        if (!flight)
                return NULL;
        *p = flight->next;
        if (!*p)
                wait->pending_end = p;
        wait->n_pending--;
        take_off(wait, flight);
        return flight;
}

static void push(struct wait *wait, struct flight *flight) {
        flight->next = NULL;
        *wait->pending_end = flight;
        wait->pending_end = &flight->next;
        wait->n_pending++;
}

/* In the thread of one that has landed: those that wait for a slot, while there is one for them. */
static void fly_pending(struct session *session) {
        struct wait *wait = &session->wait;

        for (;;) {
                struct flight *flight;

                pthread_mutex_lock(&wait->lock);
                flight = pop(wait);
                pthread_mutex_unlock(&wait->lock);
                if (!flight)
                        return;
                (void)fly(session, flight);
        }
}

/* Starts the flight in this thread if there is a slot for it, else leaves it to who has one. */
static void start(struct session *session, struct flight *flight, struct task *task) {
        struct wait *wait = &session->wait;
        bool has_slot = !task->is_landing && may_fly(wait, flight);

        flight->op.uid = task->op.uid;
        flight->op.pid = task->op.pid;
        flight->op.command = task->op.command;
        attach(wait, flight, task);
        if (!has_slot) {
                push(wait, flight);
                pthread_mutex_unlock(&wait->lock);
                return;
        }
        take_off(wait, flight);
        pthread_mutex_unlock(&wait->lock);
        (void)fly(session, flight);
        fly_pending(session);
}

/* The part of the tree in which a service is asked: /account/region/service at the most. */
static uint64_t part_of(struct session *session, const struct node *node, fuse_ino_t id) {
        uint64_t part[PART_LEVELS] = { 0 };

        pthread_mutex_lock(&session->tree.lock);
        for (node = node ? node : tree_node(&session->tree, id); node; node = node->parent) {
                if (node->type != ENTRY_DIRECTORY || !node->parent)
                        continue;
                memmove(part + 1, part, sizeof(part) - sizeof(*part));
                part[0] = node->id;
        }
        pthread_mutex_unlock(&session->tree.lock);
        for (size_t i = PART_LEVELS; i-- > 0;)
                if (part[i])
                        return part[i];
        return 0;
}

/* Takes the flight over; joins @running if that serves. With it the task belongs to the flight. */
static int board(struct task *task, struct flight *flight) {
        struct session *session = task->session;
        struct wait *wait = &session->wait;
        struct flight *other;

        flight->part = part_of(session, flight->node, task->node);
        if (task->operation == OPERATION_LOOKUP)
                task_hold(task, task->node);
        fuse_req_interrupt_func(task->req, on_interrupt, task);
        pthread_mutex_lock(&wait->lock);
        if (!flight->is_change && (task->is_interrupted || wait->is_stopping)) {
                pthread_mutex_unlock(&wait->lock);
                fuse_req_interrupt_func(task->req, NULL, NULL);
                flight_free(session, flight);
                return op_fail(&task->op, EINTR, "interrupted");
        }
        other = find(wait, flight->node, flight->want, flight->name);
        if (other) {
                attach(wait, other, task);
                pthread_mutex_unlock(&wait->lock);
                flight_free(session, flight);
                return 0;
        }
        start(session, flight, task);
        return 0;
}

/* A local branch answers at once. */
static int fetch_here(struct task *task, struct node *node, enum want want) {
        struct session *session = task->session;
        int r = fetch(session, &task->op, node, want, task->name, &task->found);

        pthread_mutex_lock(&session->tree.lock);
        node_unref(&session->tree, node);
        pthread_mutex_unlock(&session->tree.lock);
        if (r < 0)
                return r;
        task->waited |= 1U << want;
        return task->serve(task);
}

/**
 * wait_for() - the task is served again once it is there, or failed.
 * @node: a reference, taken over. WANT_FIND looks for the task's name.
 * Returns as `serve` does: after 0 the task is not the caller's any more.
 */
int wait_for(struct task *task, struct node *node, enum want want) {
        struct flight *flight;

        if (node->branch->is_local)
                return fetch_here(task, node, want);
        flight = flight_new(task->session, node, want, want == WANT_FIND ? task->name : NULL);
        return flight ? board(task, flight) : -ENOMEM;
}

/**
 * wait_work() - @work is run with a slot, then the task is served again, or failed.
 * Returns as wait_for().
 */
int wait_work(struct task *task, int (*work)(struct task *task, struct op *op)) {
        struct flight *flight = flight_new(task->session, NULL, WANT_WORK, NULL);

        if (!flight)
                return -ENOMEM;
        flight->work = work;
        return board(task, flight);
}

/**
 * wait_change() - as wait_work(), for what changes something: it is not interrupted, not even by
 * the end of the mount, which waits for it.
 */
int wait_change(struct task *task, int (*work)(struct task *task, struct op *op)) {
        struct flight *flight = flight_new(task->session, NULL, WANT_WORK, NULL);

        if (!flight)
                return -ENOMEM;
        flight->work = work;
        flight->is_change = true;
        return board(task, flight);
}

/**
 * wait_ahead_or_why() - as wait_ahead().
 * @fault: NULL, or where the reason is put when it was asked for in vain.
 */
int wait_ahead_or_why(struct session *session, struct node *node, enum want want,
                      enum op_priority priority, int64_t fresh_since_ms, struct op_fault *fault) {
        struct wait *wait = &session->wait;
        struct flight *flight = flight_new(session, node, want, NULL);
        int r = 0;

        if (!flight)
                return -ENOMEM;
        flight->op.priority = priority;
        flight->op.must_be_fresh = fresh_since_ms > 0;
        flight->op.fresh_since_ms = fresh_since_ms;
        flight->is_ahead = true;
        flight->fault = fault;
        pthread_mutex_lock(&wait->lock);
        if (wait->is_stopping)
                r = -ECANCELED;
        else if (find(wait, node, want, NULL))
                r = -EALREADY;
        if (r == 0) {
                flight->next = wait->running;
                wait->running = flight;
        }
        pthread_mutex_unlock(&wait->lock);
        if (r < 0) {
                flight_free(session, flight);
                return r;
        }
        r = fly(session, flight);
        fly_pending(session); /* who landed may want more */
        return r;
}

/**
 * wait_ahead() - get something in this thread before anybody asks for it.
 * @node: a reference, taken over.
 * @fresh_since_ms: realtime clock: answers from before do not serve; 0: any.
 * Returns 0, the failure's negative errno, -EALREADY if it is on its way, -ECANCELED at the end.
 */
int wait_ahead(struct session *session, struct node *node, enum want want,
               enum op_priority priority, int64_t fresh_since_ms) {
        return wait_ahead_or_why(session, node, want, priority, fresh_since_ms, NULL);
}

/** wait_stop() - the mount ends: whatever is waited for is cancelled, nothing new begins. */
void wait_stop(struct wait *wait) {
        pthread_mutex_lock(&wait->lock);
        wait->is_stopping = true;
        for (struct flight *flight = wait->running; flight; flight = flight->next)
                if (!flight->is_change)
                        atomic_store(&flight->op.cancelled, true);
        for (struct flight *flight = wait->pending; flight; flight = flight->next)
                if (!flight->is_change)
                        atomic_store(&flight->op.cancelled, true);
        pthread_mutex_unlock(&wait->lock);
}
