/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The connections: for each host a bounded number of slots, the one used last first, so that few
 * stay warm rather than many go cold. A few slots are kept for those whom a person waits for.
 *
 * A slot is an easy handle in a multi handle of its own: what curl_easy_perform() does inside, but
 * its wait can be ended from another thread. It belongs to the thread that took it.
 */
#pragma once

#include <curl/curl.h>

#include "base/json.h"
#include "http/wait.h"

enum {
        POOL_HOSTS_MAX = 256,
        POOL_IDLE_MS = 300 * 1000, /* a slot that nobody needed for so long is closed */
};

struct host;

struct slot {
        CURL *easy;
        CURLM *multi;
        struct host *host;
        struct slot *next;      /* in the host's list of idle or busy slots */
        int64_t idle_since_ms;  /* monotonic */
};

/* What an attempt tells of its connection. */
struct slot_use {
        bool went_out;          /* a request was sent, perhaps not all of it */
        bool is_opened;         /* on a connection of its own making */
        bool is_failed;         /* and no answer came */
        long http_version;      /* CURL_HTTP_VERSION_…, 0: no answer */
};

struct host {
        char *origin;
        struct slot *idle;      /* stack: first = used last */
        struct slot *busy;
        unsigned in_use;        /* busy ones, and those being made */
        unsigned n_idle;
        struct queue waiting;
        uint64_t requests, opened, failed;
        long http_version;      /* of the last answer */
        int64_t used_ms;        /* monotonic */
        struct host *next;
};

/* `lock` guards everything but the share locks, which libcurl takes. */
struct pool {
        pthread_mutex_t lock;
        struct host *hosts;
        unsigned n_hosts;
        unsigned max;           /* slots a host */
        unsigned kept;          /* of these, only for OP_INTERACTIVE */
        CURLSH *share;          /* names and TLS sessions, for all slots */
        pthread_mutex_t share_locks[CURL_LOCK_DATA_LAST];
};

int pool_init(struct pool *pool, unsigned max);
void pool_done(struct pool *pool);
int pool_take(struct pool *pool, struct op *op, const char *origin, struct slot **ret);
void pool_give(struct pool *pool, struct slot *slot, const struct slot_use *use);
void pool_wake(struct pool *pool);
int pool_describe(struct pool *pool, struct json **ret);
