/* SPDX-License-Identifier: Apache-2.0 */
#include "backends/many.h"

#include "backends/view-internal.h"
#include "base/digest.h"
#include "base/stamp.h"
#include "base/text.h"

enum { MANY_MAX = 64, WAIT_MS = 50, KEY_MAX = 64 * 1024 };

/* The requests of one call at one address, as far as they matter here. */
struct many_state {
        uint64_t where;   /* hash of call, project and engine; 0: free */
        uint64_t first;   /* hash of the request that was wanted first */
        int64_t since_ms; /* monotonic: when it was wanted, or all were asked for */
        bool is_asking;
};

struct many_table {
        pthread_mutex_t lock;
        pthread_cond_t asked;
        struct many_state states[MANY_MAX];
};

/** many_table_new() - an empty table. 0 or -ENOMEM. */
int many_table_new(struct many_table **ret) {
        struct many_table *table = calloc(1, sizeof(*table));
        pthread_condattr_t attributes;

        if (!table)
                return -ENOMEM;
        (void)pthread_mutex_init(&table->lock, NULL);
        (void)pthread_condattr_init(&attributes);
        (void)pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
        (void)pthread_cond_init(&table->asked, &attributes);
        (void)pthread_condattr_destroy(&attributes);
        *ret = table;
        return 0;
}

/** many_table_free() - free a table; NULL is fine. Returns NULL. */
struct many_table *many_table_free(struct many_table *table) {
        if (!table)
                return NULL;
        (void)pthread_cond_destroy(&table->asked);
        (void)pthread_mutex_destroy(&table->lock);
        free(table);
        return NULL;
}

static int hash_request(const struct request *request, uint64_t *ret_where, uint64_t *ret_which) {
        static const char *const place[] = { "region", "project_id", "engine_id" };
        struct buf where = BUF_INIT(KEY_MAX), which = BUF_INIT(KEY_MAX);
        int r;

        (void)buf_add_str(&where, request->call->id);
        for (size_t i = 0; i < ELEMENTSOF(place); i++) {
                const char *value = request_param(request, place[i]);

                (void)buf_printf(&where, "/%s", value ? value : "");
        }
        r = request_key(request, &which);
        if (r == 0)
                r = where.error;
        if (r == 0) {
                *ret_where = digest_hash64(where.data, where.len);
                *ret_which = digest_hash64(which.data, which.len);
        }
        buf_done(&where);
        buf_done(&which);
        return r;
}

/* With the lock. The state of a place, or the longest unused one made anew. */
static struct many_state *find(struct many_table *table, uint64_t where) {
        struct many_state *oldest = NULL;

        for (size_t i = 0; i < MANY_MAX; i++) {
                struct many_state *state = &table->states[i];

                if (state->where == where)
                        return state;
                if (!state->is_asking && (!oldest || state->since_ms < oldest->since_ms))
                        oldest = state;
        }
        if (oldest)
                *oldest = (struct many_state){ .where = where };
        return oldest;
}

/* With the lock. Waits while another thread asks; true when it has ended, whatever came of it. */
static bool await(struct many_table *table, struct many_state *state, struct op *op) {
        while (state->is_asking) {
                struct timespec until;

                if (op_check(op) < 0)
                        return false;
                (void)clock_gettime(CLOCK_MONOTONIC, &until);
                until.tv_nsec += WAIT_MS * 1000000L;
                if (until.tv_nsec >= 1000000000L) {
                        until.tv_sec++;
                        until.tv_nsec -= 1000000000L;
                }
                (void)pthread_cond_timedwait(&table->asked, &table->lock, &until);
        }
        return true;
}

/* With the lock. Is this the second request of its kind, so that all are to be asked for? */
static bool is_second(struct many_state *state, uint64_t which, int64_t max_age_ms) {
        int64_t now = stamp_monotonic_ms();

        if (!state->first || now - state->since_ms > max_age_ms) {
                state->first = which;
                state->since_ms = now;
                return false;
        }
        return state->first != which;
}

static bool is_at_hand(struct composer *composer, const struct request *request) {
        _cleanup_(answer_unrefp) struct answer *answer = NULL;
        struct request look = *request;
        struct op op;

        op_init(&op, OP_INTERACTIVE, 0);
        look.reach = REACH_CACHED;
        if (source_fetch(composer->view->source, &op, &look, &answer) < 0)
                return false;
        return !answer->is_stale && stamp_now_ms() - answer->fetched_ms <= request->max_age_ms;
}

static void ask_for_all(struct composer *composer, const struct call *call) {
        struct op *op = composer->op;
        struct op_fault before = op->fault;
        struct composer all;

        composer_init(&all, composer->view, op, composer->place);
        /* What it cannot learn is asked for one by one. */
        (void)call->many(&all);
        composer_done(&all);
        op->fault = before;
}

/**
 * many_ask() - before a request of a call that another one answers for many: the first request of
 * its kind goes out by itself, with the second all are asked for at once, others wait for that.
 * Returns 0 (the request is then made as usual, and served from what was learnt), -EINTR or
 * -ETIMEDOUT when the op ends first.
 */
int many_ask(struct composer *composer, const struct request *request) {
        struct many_table *table = composer->view->many;
        uint64_t where = 0, which = 0;
        struct many_state *state;
        bool all = false;
        int r = 0;

        if (composer->op->must_be_fresh || is_at_hand(composer, request) ||
            hash_request(request, &where, &which) < 0)
                return 0;
        (void)pthread_mutex_lock(&table->lock);
        state = find(table, where);
        if (state && state->is_asking)
                r = await(table, state, composer->op) ? 0 : composer->op->fault.error;
        else if (state && is_second(state, which, request->max_age_ms))
                all = state->is_asking = true;
        (void)pthread_mutex_unlock(&table->lock);
        if (!all)
                return r;
        ask_for_all(composer, request->call);
        (void)pthread_mutex_lock(&table->lock);
        state->is_asking = false;
        state->first = 0;
        (void)pthread_cond_broadcast(&table->asked);
        (void)pthread_mutex_unlock(&table->lock);
        return 0;
}
