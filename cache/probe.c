/* SPDX-License-Identifier: Apache-2.0 */
#include "cache/probe.h"

#include "base/backoff.h"
#include "base/stamp.h"
#include "cache/state.h"
#include "cache/thread.h"

enum { TIMEOUT_MS = 20 * 1000 };

/* Protected by the cache's lock. */
struct probe {
        struct cache *cache;
        void (*on_reach)(void *data, bool is_reached, const char *reason);
        void *data;
        pthread_t thread;
        pthread_cond_t changed;
        struct op op;    /* of the call under way */
        int64_t next_ms; /* monotonic clock; 0: nothing to look for */
        unsigned tries;  /* in vain */
        bool is_told, is_ending;
};

static struct timespec at(int64_t ms) {
        return (struct timespec){ .tv_sec = (time_t)(ms / 1000),
                                  .tv_nsec = (long)(ms % 1000 * 1000000) };
}

/* Half of it for sure: those who lost the network together need not all come back at once, but
 * neither at the same moment again and again. */
static int64_t pause_ms(unsigned tries) {
        int64_t bound = PROBE_MIN_MS;

        while (tries-- && bound < PROBE_MAX_MS)
                bound *= 2;
        if (bound > PROBE_MAX_MS)
                bound = PROBE_MAX_MS;
        return bound / 2 + backoff_jittered_ms(bound / 2, bound / 2, 0);
}

/* With the lock, which is given up in between. */
static void tell(struct probe *probe, bool is_reached) {
        char reason[OP_REASON_SIZE] = "";

        if (!is_reached)
                (void)snprintf(reason, sizeof(reason), "%s",
                               outage_first(&probe->cache->outages)->fault.reason);
        probe->is_told = !is_reached;
        if (!probe->on_reach)
                return;
        (void)pthread_mutex_unlock(&probe->cache->lock);
        probe->on_reach(probe->data, is_reached, reason);
        (void)pthread_mutex_lock(&probe->cache->lock);
}

/* With the lock, which is given up in between. Asks again what was asked in vain. */
static void ask(struct probe *probe) {
        struct outage *outage = outage_next(&probe->cache->outages);
        _cleanup_(request_copy_freep) struct request_copy *copy = NULL;
        struct answer *answer = NULL;
        size_t before = probe->cache->outages.count;

        if (!outage || request_copy_new(&outage->request->request, &copy) < 0)
                return;
        outage->probed_ms = stamp_monotonic_ms();
        op_init(&probe->op, OP_POLL, TIMEOUT_MS);
        probe->op.must_be_fresh = true;
        probe->op.fresh_since_ms = stamp_now_ms();
        (void)pthread_mutex_unlock(&probe->cache->lock);
        if (source_fetch(&probe->cache->source, &probe->op, &copy->request, &answer) == 0)
                (void)answer_unref(answer);
        (void)pthread_mutex_lock(&probe->cache->lock);
        /* Where one is back, others are likely to be. */
        probe->tries = probe->cache->outages.count < before ? 0 : probe->tries + 1;
}

/* With the lock, which is given up in between. */
static void look(struct probe *probe) {
        bool is_reached = probe->cache->outages.count == 0;
        int64_t now_ms = stamp_monotonic_ms();
        struct timespec until;

        if (is_reached == probe->is_told) {
                tell(probe, is_reached);
                probe->tries = 0;
                probe->next_ms = now_ms + pause_ms(0);
                return;
        }
        if (is_reached) {
                (void)pthread_cond_wait(&probe->changed, &probe->cache->lock);
                return;
        }
        if (now_ms >= probe->next_ms) {
                ask(probe);
                probe->next_ms = stamp_monotonic_ms() + pause_ms(probe->tries);
                return;
        }
        until = at(probe->next_ms);
        (void)pthread_cond_timedwait(&probe->changed, &probe->cache->lock, &until);
}

static void *run(void *data) {
        struct probe *probe = data;

        (void)pthread_mutex_lock(&probe->cache->lock);
        while (!probe->is_ending)
                look(probe);
        (void)pthread_mutex_unlock(&probe->cache->lock);
        return NULL;
}

/** probe_new() - start the thread. Returns 0 or negative errno. */
int probe_new(struct cache *cache, const struct cache_options *options, struct probe **ret) {
        struct probe *probe = calloc(1, sizeof(*probe));
        pthread_condattr_t attributes;
        int r;

        if (!probe)
                return -ENOMEM;
        probe->cache = cache;
        probe->on_reach = options->on_reach;
        probe->data = options->data;
        op_init(&probe->op, OP_POLL, TIMEOUT_MS);
        (void)pthread_condattr_init(&attributes);
        (void)pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
        (void)pthread_cond_init(&probe->changed, &attributes);
        (void)pthread_condattr_destroy(&attributes);
        r = thread_start(&probe->thread, "cache-probe", run, probe);
        if (r < 0) {
                (void)pthread_cond_destroy(&probe->changed);
                free(probe);
                return r;
        }
        *ret = probe;
        return 0;
}

/** probe_free() - give up what is under way and end; NULL is fine. Returns NULL. */
struct probe *probe_free(struct probe *probe) {
        if (!probe)
                return NULL;
        (void)pthread_mutex_lock(&probe->cache->lock);
        probe->is_ending = true;
        atomic_store(&probe->op.cancelled, true);
        (void)pthread_cond_broadcast(&probe->changed);
        (void)pthread_mutex_unlock(&probe->cache->lock);
        (void)pthread_join(probe->thread, NULL);
        (void)pthread_cond_destroy(&probe->changed);
        free(probe);
        return NULL;
}

/** probe_look() - see the header. */
void probe_look(struct probe *probe) {
        (void)pthread_cond_signal(&probe->changed);
}
