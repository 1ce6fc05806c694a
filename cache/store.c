/* SPDX-License-Identifier: Apache-2.0 */
#include "cache/store.h"

#include <pthread.h>
#include <string.h>

#include "cache/file.h"
#include "cache/lock.h"

enum { IDLE_MAX = 8 };

struct store {
        char *path, *owner;
        uint64_t max_bytes;
        bool was_others;           /* what another owner's answers were in is begun anew */
        int lock_fd;               /* -1: not held */
        struct connection *writer; /* of the one thread that writes; NULL: the file is gone */
        pthread_mutex_t lock;      /* protects what follows */
        pthread_cond_t returned;
        struct connection *idle; /* readers, the one used last first */
        unsigned n_idle, n_busy;
        unsigned renewals; /* files that were replaced */
        bool is_shut;      /* no reading: the file is being replaced */
        bool is_damaged;
};

/* A connection for this thread, until give_back(). -EBADMSG while there is no sound file. */
static int borrow(struct store *store, struct connection **ret) {
        struct connection *connection = NULL;
        int r = 0;

        (void)pthread_mutex_lock(&store->lock);
        if (store->is_shut || store->is_damaged) {
                r = -EBADMSG;
        } else {
                store->n_busy++;
                connection = store->idle;
                if (connection) {
                        store->idle = connection->next;
                        store->n_idle--;
                }
        }
        (void)pthread_mutex_unlock(&store->lock);
        if (r == 0)
                *ret = connection;
        return r;
}

/* A connection after a failure may be in any state: it is not used again. */
static void give_back(struct store *store, struct connection *connection, int error) {
        bool is_good = error == 0 || error == -ENOENT;

        if (!is_good)
                connection = connection_close(connection);
        (void)pthread_mutex_lock(&store->lock);
        if (error == -EBADMSG)
                store->is_damaged = true;
        if (connection && store->n_idle < IDLE_MAX) {
                connection->next = store->idle;
                store->idle = connection;
                store->n_idle++;
                connection = NULL;
        }
        (void)pthread_mutex_unlock(&store->lock);
        (void)connection_close(connection);
        (void)pthread_mutex_lock(&store->lock);
        store->n_busy--;
        (void)pthread_cond_broadcast(&store->returned);
        (void)pthread_mutex_unlock(&store->lock);
}

static int reader(struct store *store, struct connection **ret) {
        int r;

        r = borrow(store, ret);
        if (r < 0 || *ret)
                return r;
        r = connection_open(store->path, false, ret);
        if (r < 0)
                give_back(store, NULL, r);
        return r;
}

/** store_head() - what stands beside an answer. 0, -ENOENT, or another negative errno. */
int store_head(struct store *store, const struct key *key, struct head *ret) {
        struct connection *connection;
        int r;

        r = reader(store, &connection);
        if (r < 0)
                return r;
        r = load_head(connection, key, ret);
        give_back(store, connection, r);
        return r;
}

/** store_load() - see load_answer(). */
int store_load(struct store *store, const struct key *key, const char *only, struct head *ret_head,
               struct answer **ret) {
        struct connection *connection;
        int r;

        r = reader(store, &connection);
        if (r < 0)
                return r;
        r = load_answer(connection, key, only, ret_head, ret);
        give_back(store, connection, r);
        return r;
}

/** store_seen() - see load_seen(). */
int store_seen(struct store *store, uint64_t key, struct seen *ret) {
        struct connection *connection;
        int r;

        r = reader(store, &connection);
        if (r < 0)
                return r;
        r = load_seen(connection, key, ret);
        give_back(store, connection, r);
        return r;
}

/** store_begin() - begin to write. 0 with the connection, or negative errno. */
int store_begin(struct store *store, struct connection **ret) {
        int r;

        if (!store->writer)
                return -EBADMSG;
        r = connection_run(store->writer, STATEMENT_BEGIN);
        if (r == 0)
                *ret = store->writer;
        return r;
}

/**
 * store_end() - keep what was written, or, with an error, nothing of it; then make room.
 * Returns 0 when it is kept, else a negative errno: -ENOSPC, -EBADMSG, …
 */
int store_end(struct store *store, int error) {
        int r = error;

        if (r == 0)
                r = connection_run(store->writer, STATEMENT_COMMIT);
        if (r < 0 && !sqlite3_get_autocommit(store->writer->db))
                (void)connection_run(store->writer, STATEMENT_ROLLBACK);
        return r;
}

/* Deletes what was not used for the longest time until @max_bytes are in use. */
static int shrink_to(struct store *store, uint64_t max_bytes) {
        struct connection *connection = NULL;
        uint64_t bytes;
        int r;

        r = store->writer ? keep_bytes(store->writer, &bytes) : -EBADMSG;
        if (r < 0 || bytes <= max_bytes)
                return r;
        r = store_begin(store, &connection);
        if (r < 0)
                return r;
        return store_end(store, keep_within(connection, max_bytes));
}

/** store_trim() - keep the file within its bound. Returns 0 or negative errno. */
int store_trim(struct store *store) {
        uint64_t bytes;
        int r;

        r = store->writer ? keep_bytes(store->writer, &bytes) : -EBADMSG;
        if (r < 0 || bytes <= store->max_bytes)
                return r;
        return shrink_to(store, store->max_bytes / 10 * 9);
}

/** store_halve() - the disk is full, or the bound was overrun: do with half. 0 or errno. */
int store_halve(struct store *store) {
        uint64_t bytes;
        int r;

        r = store->writer ? keep_bytes(store->writer, &bytes) : -EBADMSG;
        return r < 0 ? r : shrink_to(store, bytes / 2);
}

/* Waits for the readers to come back; none begins until open_again(). */
static void shut(struct store *store) {
        struct connection *idle;

        (void)pthread_mutex_lock(&store->lock);
        store->is_shut = true;
        while (store->n_busy > 0)
                (void)pthread_cond_wait(&store->returned, &store->lock);
        idle = STEAL(store->idle);
        store->n_idle = 0;
        (void)pthread_mutex_unlock(&store->lock);
        while (idle) {
                struct connection *next = idle->next;

                (void)connection_close(idle);
                idle = next;
        }
}

static void open_again(struct store *store) {
        (void)pthread_mutex_lock(&store->lock);
        store->is_shut = false;
        store->is_damaged = false;
        store->renewals++;
        (void)pthread_mutex_unlock(&store->lock);
}

/** store_is_damaged() - did somebody find the file damaged? Then store_renew() is due. */
bool store_is_damaged(struct store *store) {
        bool is_damaged;

        (void)pthread_mutex_lock(&store->lock);
        is_damaged = store->is_damaged;
        (void)pthread_mutex_unlock(&store->lock);
        return is_damaged || !store->writer;
}

/** store_renew() - move the damaged file aside and begin a new one. 0 or negative errno. */
int store_renew(struct store *store) {
        int r;

        shut(store);
        store->writer = connection_close(store->writer);
        r = file_set_aside(store->path);
        if (r == 0)
                r = file_open(store->path, store->max_bytes, store->owner, &store->writer);
        if (r < 0)
                return r;
        open_again(store);
        return 0;
}

/** store_describe() - what the file holds; any thread. Returns 0 or negative errno. */
int store_describe(struct store *store, struct store_state *ret) {
        struct store_state state = { .max_bytes = store->max_bytes };
        struct connection *connection;
        int r;

        r = reader(store, &connection);
        if (r < 0)
                return r;
        r = keep_bytes(connection, &state.bytes);
        if (r == 0)
                r = connection_number(connection, STATEMENT_COUNT, &state.answers);
        give_back(store, connection, r);
        if (r < 0)
                return r;
        (void)pthread_mutex_lock(&store->lock);
        state.renewals = store->renewals;
        (void)pthread_mutex_unlock(&store->lock);
        *ret = state;
        return 0;
}

/** store_path() - the file's name, owned by the store. */
const char *store_path(const struct store *store) {
        return store->path;
}

/** store_was_others() - did the file hold another owner's answers when it was opened? */
bool store_was_others(const struct store *store) {
        return store->was_others;
}

/** store_max_bytes() - the bound for what the file has in use. */
uint64_t store_max_bytes(const struct store *store) {
        return store->max_bytes;
}

static int open_file(struct op *op, struct store *store) {
        int r;

        r = place_prepare(op, store->path);
        if (r == 0)
                r = lock_take(op, store->path, &store->lock_fd);
        if (r < 0)
                return r;
        r = file_open(store->path, store->max_bytes, store->owner, &store->writer);
        if (r == -EBADMSG) {
                store->renewals++;
                r = file_set_aside(store->path);
                if (r == 0)
                        r = file_open(store->path, store->max_bytes, store->owner, &store->writer);
        }
        store->was_others = r > 0;
        if (r < 0)
                return op_fail(op, -r, "cannot open the cache %s: %s", store->path, strerror(-r));
        return 0;
}

/**
 * store_open() - open or make the file and hold it for this process; a damaged one is moved aside,
 * another owner's is begun anew.
 * Returns 0, -EBUSY when another process has it, or another negative errno; the reason is in @op.
 */
int store_open(struct op *op, const char *path, uint64_t max_bytes, const char *owner,
               struct store **ret) {
        _cleanup_(store_closep) struct store *store = calloc(1, sizeof(*store));
        int r;

        if (!store)
                return op_fail(op, ENOMEM, "out of memory");
        store->lock_fd = -1;
        store->max_bytes = max_bytes;
        (void)pthread_mutex_init(&store->lock, NULL);
        (void)pthread_cond_init(&store->returned, NULL);
        store->path = strdup(path);
        store->owner = strdup(owner);
        r = store->path && store->owner ? open_file(op, store)
                                        : op_fail(op, ENOMEM, "out of memory");
        if (r < 0)
                return r;
        *ret = STEAL(store);
        return 0;
}

/** store_close() - give the file free; nobody may use the store any more. NULL is fine. */
struct store *store_close(struct store *store) {
        if (!store)
                return NULL;
        shut(store);
        (void)connection_close(store->writer);
        if (store->lock_fd >= 0)
                lock_release(store->lock_fd);
        (void)pthread_cond_destroy(&store->returned);
        (void)pthread_mutex_destroy(&store->lock);
        free(store->owner);
        free(store->path);
        free(store);
        return NULL;
}
