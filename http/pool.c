/* SPDX-License-Identifier: Apache-2.0 */
#include "http/pool.h"

#include "base/stamp.h"
#include "base/text.h"

/* libcurl asks for one lock for each kind of shared data. */
static void lock_share(CURL *easy, curl_lock_data data, curl_lock_access access, void *user) {
        struct pool *pool = user;

        (void)easy;
        (void)access;
        (void)pthread_mutex_lock(&pool->share_locks[data]);
}

static void unlock_share(CURL *easy, curl_lock_data data, void *user) {
        struct pool *pool = user;

        (void)easy;
        (void)pthread_mutex_unlock(&pool->share_locks[data]);
}

/* Connections are not shared: libcurl cannot do that between threads. */
static int share_init(struct pool *pool) {
        pool->share = curl_share_init();
        if (!pool->share)
                return -ENOMEM;
        if (curl_share_setopt(pool->share, CURLSHOPT_LOCKFUNC, lock_share) ||
            curl_share_setopt(pool->share, CURLSHOPT_UNLOCKFUNC, unlock_share) ||
            curl_share_setopt(pool->share, CURLSHOPT_USERDATA, pool) ||
            curl_share_setopt(pool->share, CURLSHOPT_SHARE, CURL_LOCK_DATA_DNS) ||
            curl_share_setopt(pool->share, CURLSHOPT_SHARE, CURL_LOCK_DATA_SSL_SESSION))
                return -ENOTSUP;
        return 0;
}

/**
 * pool_init() - an empty pool in place; it must not move afterwards.
 * @max: slots a host. Returns 0, -ENOMEM, or -ENOTSUP if libcurl cannot share; pool_done() in any
 * case.
 */
int pool_init(struct pool *pool, unsigned max) {
        *pool = (struct pool){ .max = max };
        if (max >= 2)
                pool->kept = max >= 16 ? max / 8 : 1;
        (void)pthread_mutex_init(&pool->lock, NULL);
        for (size_t i = 0; i < ELEMENTSOF(pool->share_locks); i++)
                (void)pthread_mutex_init(&pool->share_locks[i], NULL);
        return share_init(pool);
}

static struct slot *slot_free(struct slot *slot) {
        if (!slot)
                return NULL;
        curl_easy_cleanup(slot->easy);
        if (slot->multi)
                (void)curl_multi_cleanup(slot->multi);
        free(slot);
        return NULL;
}
DEFINE_CLEANUP(struct slot *, slot_free)

static void free_slots(struct slot *slot) {
        while (slot) {
                struct slot *next = slot->next;

                (void)slot_free(slot);
                slot = next;
        }
}

static void free_host(struct host *host) {
        free_slots(host->idle);
        free_slots(host->busy);
        free(host->origin);
        free(host);
}

/** pool_done() - close all connections; no slot may be in use. */
void pool_done(struct pool *pool) {
        while (pool->hosts) {
                struct host *host = pool->hosts;

                pool->hosts = host->next;
                free_host(host);
        }
        (void)curl_share_cleanup(pool->share);
        for (size_t i = 0; i < ELEMENTSOF(pool->share_locks); i++)
                (void)pthread_mutex_destroy(&pool->share_locks[i]);
        (void)pthread_mutex_destroy(&pool->lock);
}

/* One connection is enough: a slot serves one request at a time, to one host. */
static int slot_new(struct pool *pool, struct host *host, struct slot **ret) {
        _cleanup_(slot_freep) struct slot *slot = calloc(1, sizeof(*slot));

        if (!slot)
                return -ENOMEM;
        slot->host = host;
        slot->easy = curl_easy_init();
        slot->multi = curl_multi_init();
        if (!slot->easy || !slot->multi)
                return -ENOMEM;
        if (curl_easy_setopt(slot->easy, CURLOPT_SHARE, pool->share) ||
            curl_multi_setopt(slot->multi, CURLMOPT_MAXCONNECTS, 1L))
                return -ENOMEM;
        *ret = STEAL(slot);
        return 0;
}

static struct host *find_host(struct pool *pool, const char *origin) {
        for (struct host *host = pool->hosts; host; host = host->next)
                if (text_eq(host->origin, origin))
                        return host;
        return NULL;
}

/* Forgets the host that was not needed for the longest time; false if all are. */
static bool drop_host(struct pool *pool) {
        struct host **oldest = NULL, *host;

        for (struct host **at = &pool->hosts; *at; at = &(*at)->next) {
                if ((*at)->in_use || (*at)->waiting.count)
                        continue;
                if (!oldest || (*at)->used_ms < (*oldest)->used_ms)
                        oldest = at;
        }
        if (!oldest)
                return false;
        host = *oldest;
        *oldest = host->next;
        pool->n_hosts--;
        free_host(host);
        return true;
}

static int add_host(struct pool *pool, const char *origin, struct host **ret) {
        struct host *host;

        if (pool->n_hosts >= POOL_HOSTS_MAX && !drop_host(pool))
                return -EBUSY;
        host = calloc(1, sizeof(*host));
        if (!host)
                return -ENOMEM;
        host->origin = strdup(origin);
        if (!host->origin) {
                free(host);
                return -ENOMEM;
        }
        host->next = pool->hosts;
        pool->hosts = host;
        pool->n_hosts++;
        *ret = host;
        return 0;
}

/* Takes out the idle slots that have been so for long: the last ones of the stack. */
static struct slot *take_stale(struct host *host, int64_t now_ms) {
        struct slot **at = &host->idle, *stale;

        while (*at && now_ms - (*at)->idle_since_ms < POOL_IDLE_MS)
                at = &(*at)->next;
        stale = *at;
        *at = NULL;
        for (const struct slot *slot = stale; slot; slot = slot->next)
                host->n_idle--;
        return stale;
}

static bool may_take(const struct pool *pool, const struct host *host, enum op_priority priority) {
        unsigned max = priority == OP_INTERACTIVE ? pool->max : pool->max - pool->kept;

        return host->in_use < max;
}

/* Waits for the turn; the lock is held before and after. */
static int wait_turn(struct pool *pool, struct op *op, struct host *host) {
        struct waiter me;
        int r = 0;

        queue_join(&host->waiting, &me, op->priority);
        while (r == 0 && (host->waiting.first != &me || !may_take(pool, host, op->priority)))
                r = waiter_sleep(&me, &pool->lock, op, INT64_MAX);
        if (r == 0)
                host->in_use++;
        queue_leave(&host->waiting, &me);
        return r;
}

static void move_to_busy(struct host *host, struct slot *slot) {
        slot->next = host->busy;
        host->busy = slot;
}

static void leave_busy(struct host *host, struct slot *slot) {
        struct slot **at = &host->busy;

        while (*at != slot)
                at = &(*at)->next;
        *at = slot->next;
}

/* A slot that the caller has a right to: the warmest idle one, else a new one. */
static int get_slot(struct pool *pool, struct host *host, struct slot **ret) {
        struct slot *slot = NULL;
        int r = 0;

        (void)pthread_mutex_lock(&pool->lock);
        if (host->idle) {
                slot = host->idle;
                host->idle = slot->next;
                host->n_idle--;
                move_to_busy(host, slot);
        }
        (void)pthread_mutex_unlock(&pool->lock);
        if (!slot) {
                r = slot_new(pool, host, &slot);
                (void)pthread_mutex_lock(&pool->lock);
                if (r == 0) {
                        move_to_busy(host, slot);
                } else {
                        host->in_use--;
                        queue_wake_first(&host->waiting);
                }
                (void)pthread_mutex_unlock(&pool->lock);
        }
        if (r == 0)
                *ret = slot;
        return r;
}

/**
 * pool_take() - a slot for a request to a host, to be given back by pool_give().
 *
 * Waits while all are in use; the op's priority decides who is next. Returns 0, -EINTR or
 * -ETIMEDOUT as the op says, -EBUSY for too many hosts, -ENOMEM, each with a reason. Thread-safe.
 */
int pool_take(struct pool *pool, struct op *op, const char *origin, struct slot **ret) {
        struct host *host;
        int r = 0;

        (void)pthread_mutex_lock(&pool->lock);
        host = find_host(pool, origin);
        if (!host)
                r = add_host(pool, origin, &host);
        if (r < 0) {
                (void)pthread_mutex_unlock(&pool->lock);
                return op_fail(op, -r, "no connection to one more server: %s",
                               r == -EBUSY ? "too many are in use" : "out of memory");
        }
        r = wait_turn(pool, op, host);
        (void)pthread_mutex_unlock(&pool->lock);
        if (r < 0)
                return r;
        r = get_slot(pool, host, ret);
        if (r < 0)
                return op_fail(op, -r, "no connection to one more server: out of memory");
        return 0;
}

/** pool_give() - give a slot back; its connection stays open for the next one. Thread-safe. */
void pool_give(struct pool *pool, struct slot *slot, const struct slot_use *use) {
        struct host *host = slot->host;
        struct slot *stale;

        (void)pthread_mutex_lock(&pool->lock);
        host->used_ms = stamp_monotonic_ms();
        host->requests += use->went_out;
        host->opened += use->is_opened;
        host->failed += use->is_failed;
        if (use->http_version)
                host->http_version = use->http_version;
        leave_busy(host, slot);
        slot->idle_since_ms = host->used_ms;
        slot->next = host->idle;
        host->idle = slot;
        host->n_idle++;
        host->in_use--;
        stale = take_stale(host, host->used_ms);
        queue_wake_first(&host->waiting);
        (void)pthread_mutex_unlock(&pool->lock);
        free_slots(stale);
}

/** pool_wake() - let everybody who waits here look at his op. Thread-safe. */
void pool_wake(struct pool *pool) {
        (void)pthread_mutex_lock(&pool->lock);
        for (struct host *host = pool->hosts; host; host = host->next) {
                queue_wake_all(&host->waiting);
                for (struct slot *slot = host->busy; slot; slot = slot->next)
                        (void)curl_multi_wakeup(slot->multi);
        }
        (void)pthread_mutex_unlock(&pool->lock);
}

static const char *version_name(long version) {
        switch (version) {
        case CURL_HTTP_VERSION_1_0:
                return "1.0";
        case CURL_HTTP_VERSION_1_1:
                return "1.1";
        case CURL_HTTP_VERSION_2_0:
                return "2";
        case CURL_HTTP_VERSION_3:
                return "3";
        default:
                return NULL;
        }
}

static int describe_host(const struct host *host, struct json *list) {
        struct json *item = json_new_object();
        int r;

        if (!item)
                return -ENOMEM;
        r = json_set_string(item, "host", host->origin);
        if (r == 0 && host->http_version)
                r = json_set_string(item, "http", version_name(host->http_version));
        if (r == 0)
                r = json_set_int(item, "busy", host->in_use);
        if (r == 0)
                r = json_set_int(item, "idle", host->n_idle);
        if (r == 0)
                r = json_set_int(item, "waiting", host->waiting.count);
        if (r == 0)
                r = json_set_int(item, "requests", (int64_t)host->requests);
        if (r == 0)
                r = json_set_int(item, "connections_opened", (int64_t)host->opened);
        if (r == 0)
                r = json_set_int(item, "failed", (int64_t)host->failed);
        if (r < 0) {
                (void)json_free(item);
                return r;
        }
        return json_append(list, item);
}

/** pool_describe() - a JSON array of the hosts as they are now. 0 or -ENOMEM. Thread-safe. */
int pool_describe(struct pool *pool, struct json **ret) {
        _cleanup_(json_freep) struct json *list = json_new_array();
        int r = list ? 0 : -ENOMEM;

        (void)pthread_mutex_lock(&pool->lock);
        for (const struct host *host = pool->hosts; host && r == 0; host = host->next)
                r = describe_host(host, list);
        (void)pthread_mutex_unlock(&pool->lock);
        if (r == 0)
                *ret = STEAL(list);
        return r;
}
