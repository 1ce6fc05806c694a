/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one interface of everything that offers resources. A source answers calls: the service asks
 * the cloud, the cache remembers what another source answered, and tests put sources in between
 * that count, delay or fail. A stack is made by giving each the next one.
 */
#pragma once

#include <stdatomic.h>

#include "base/arena.h"
#include "base/kind.h"
#include "base/op.h"

struct param {
        const char *name;
        const char *value;
};

enum reach {
        REACH_ANY,    /* ask the cloud if need be */
        REACH_CACHED, /* only what is known; -ENODATA otherwise */
};

/* One call with its parameters. Everything is borrowed for the duration of the call. */
struct request {
        const struct call *call;
        const struct param *params;
        size_t n_params;
        const char *only;    /* of a list: the id of the one item wanted; NULL: all */
        int64_t max_age_ms;  /* an older answer does not serve (unless nothing newer can be had) */
        enum reach reach;
        const char *body;    /* of a change: JSON; NULL: none */
        size_t body_len;
        const char *known_revision; /* of an answer at hand: a service that can answer that it still
                                       holds (is_unchanged); NULL: none */
        unsigned wait_s;     /* with it: the service may wait so long for a change; 0: no */
};

/* One element of a list, as received: compact JSON. */
struct answer_item {
        char *id;     /* owned by the answer */
        char *body;   /* owned by the answer */
        size_t len;
};

/*
 * What a call answered: all pages of it. Immutable once answer_seal() was called, shared between
 * threads by reference count.
 */
struct answer {
        atomic_uint refs;
        int64_t fetched_ms;   /* realtime clock: when it was received, or last found unchanged */
        int64_t changed_ms;   /* realtime clock: when this content was first seen; 0: unknown */
        bool is_stale;        /* older than asked for: nothing newer could be had */
        bool is_partial;      /* holds only the item that was wanted */
        bool is_unchanged;    /* empty: what the request's known_revision names still holds. Only
                                 where the request has one; a cache never hands it out */
        int status;           /* HTTP */
        char *body;           /* compact JSON (text where it is none), without a list's items */
        size_t len;
        struct answer_item *items; /* of a list, in the order received, each id once */
        size_t count, capacity;
        uint32_t *by_id;      /* positions sorted by id */
        struct arena texts;   /* the items' ids and bodies */
        char *revision;       /* what the service calls this state, NULL if it does not */
        char *request_id;
        struct answer *base;  /* whose body and items these are, NULL: its own; owned reference */
};

enum { ANSWER_ITEMS_MAX = 1000000 };

struct source;

struct source_ops {
        /*
         * Performs a reading call, with all its pages. Thread-safe; may block until the op's
         * deadline. Returns 0 and a reference to a sealed answer, or negative errno with the reason
         * in @op: -ENOENT and -EACCES are answers too, transport errors are others.
         */
        int (*fetch)(struct source *source, struct op *op, const struct request *request,
                     struct answer **ret);

        /* Performs a changing call. As fetch; what the cache knew of it is outdated afterwards. */
        int (*send)(struct source *source, struct op *op, const struct request *request,
                    struct answer **ret);

        /*
         * When was this content first seen under this key? Answers the time of the first call with
         * the same (key, hash), realtime ms; a new hash makes @now_ms that time. -EOPNOTSUPP in a
         * source that remembers nothing.
         */
        int (*seen)(struct source *source, const char *key, uint64_t hash, int64_t now_ms,
                    int64_t *ret_ms);

        /*
         * Tells a source that remembers a list that one of its items is now @body (compact JSON),
         * or has gone (NULL), learnt at @now_ms (realtime clock). No failure: what cannot be kept
         * is forgotten, so that the list is asked for anew. NULL in a source that remembers
         * nothing.
         */
        void (*note)(struct source *source, const struct request *list, const char *id,
                     const char *body, size_t len, int64_t now_ms);

        /*
         * Tells a source that remembers answers what a reading request would be answered now,
         * learnt by another call that tells of many at once. @answer is sealed and stays the
         * caller's. NULL in a source that remembers nothing.
         */
        void (*learn)(struct source *source, const struct request *request, struct answer *answer);

        /*
         * Follows what a reading request is answered: waits until the service says that it is
         * something else, @request->wait_s at most, and remembers that. @revision: owned by the
         * caller, of what it has seen last; NULL: what is known now; replaced by what was seen.
         * Returns 0 when there was a change and it is known now; -EALREADY when there was none;
         * -ESTALE when there was one and something of ours came in between: who wants to know it
         * asks; -EOPNOTSUPP when the service tells nobody of changes; other errors as fetch. NULL
         * in a source that cannot.
         */
        int (*watch)(struct source *source, struct op *op, const struct request *request,
                     char **revision);

        /*
         * Adds to an object what is known of the answer to a reading request: its age and where it
         * is kept, how the last call ended, what asking would meet. 0 or -ENOMEM. NULL in a source
         * that has nothing to say.
         */
        int (*explain)(struct source *source, const struct request *request, struct json *into);

        void (*free)(struct source *source);
};

/* Embedded first in each implementation. */
struct source {
        const struct source_ops *ops;
};

int source_fetch(struct source *source, struct op *op, const struct request *request,
                 struct answer **ret);
int source_send(struct source *source, struct op *op, const struct request *request,
                struct answer **ret);
int source_seen(struct source *source, const char *key, uint64_t hash, int64_t now_ms,
                int64_t *ret_ms);
void source_note(struct source *source, const struct request *list, const char *id,
                 const char *body, size_t len, int64_t now_ms);
void source_learn(struct source *source, const struct request *request, struct answer *answer);
int source_watch(struct source *source, struct op *op, const struct request *request,
                 char **revision);
int source_explain(struct source *source, const struct request *request, struct json *into);
struct source *source_free(struct source *source);
DEFINE_CLEANUP(struct source *, source_free)

int answer_new(struct answer **ret);
struct answer *answer_ref(struct answer *answer);
struct answer *answer_unref(struct answer *answer);
DEFINE_CLEANUP(struct answer *, answer_unref)
char *answer_keep(struct answer *answer, const char *text, size_t len);
int answer_add(struct answer *answer, const char *id, const char *body, size_t len);
int answer_add_json(struct answer *answer, const char *id, const struct json *item);
int answer_set_body(struct answer *answer, const char *body, size_t len);
int answer_seal(struct answer *answer);
int answer_alias(struct answer *answer, struct answer **ret);
const struct answer_item *answer_find(const struct answer *answer, const char *id);

const char *request_param(const struct request *request, const char *name);
int request_key(const struct request *request, struct buf *buf);
const char *method_name(enum method method);
