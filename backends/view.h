/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tree of one account, composed from its tables and the answers of a source. The file system
 * knows places and what they hold; which call tells it, and how, is decided here.
 * All functions are thread-safe; those that take an op may block until its deadline.
 */
#pragma once

#include <time.h>

#include "auth/auth.h"
#include "base/source.h"

struct view;

/* A directory, file or link of the tree: rows and ids. Immutable, shared by reference count. */
struct place;

enum entry_type { ENTRY_DIRECTORY, ENTRY_FILE, ENTRY_LINK };

/* One name in a directory. */
struct entry {
        char *name; /* encoded, 1 to 255 bytes, unique in its listing */
        enum entry_type type;
        struct place *place;               /* owned reference */
        char *target;                      /* ENTRY_LINK: relative path, owned */
        mode_t mode;                       /* permission bits */
        bool is_attribute;                 /* of the resource itself: comes before collections */
        bool is_volatile;                  /* content moves by itself */
        struct timespec modified, created; /* zero: unknown */
};

/* What a directory held at one moment. Immutable, shared by reference count. */
struct listing {
        atomic_uint refs;
        struct entry *entries; /* attributes first, then links, then directories */
        size_t count;
        uint64_t hash;          /* of the names, types and targets */
        int64_t fetched_ms;     /* realtime clock, of the oldest answer used; 0: fixed for ever */
        int64_t changed_ms;     /* realtime clock: when this set of names was first seen */
        int64_t fresh_until_ms; /* monotonic clock; INT64_MAX: for ever */
        bool is_stale;          /* nothing newer could be had */
        bool by_name;           /* further names may exist: ask view_find() */
};

/* The bytes of a file at one moment. Immutable, shared by reference count. */
struct document {
        atomic_uint refs;
        char *data; /* owned, terminated */
        size_t len;
        uint64_t hash; /* of the bytes */
        struct timespec modified, created;
        int64_t fetched_ms;     /* realtime clock */
        int64_t fresh_until_ms; /* monotonic clock; INT64_MAX: for ever */
        bool is_stale;
        bool is_sent;     /* as it was sent; the service may tell it otherwise */
        uint64_t cut;     /* of a log: bytes that stood before these and are gone */
        char *request_id; /* of the answer it was made from, or NULL */
};

/* Where values are kept that were sent and that no call tells, by the identity of their resource.
 * Members may be NULL: then they are known as long as the view lives. Thread-safe. */
struct view_keep {
        void (*put)(void *data, const char *identity, const char *name, const char *value);
        /* @ret: owned by the caller. 0 or -ENOENT. */
        int (*get)(void *data, const char *identity, const char *name, char **ret);
        /* @name: NULL: all of the resource's. */
        void (*drop)(void *data, const char *identity, const char *name);
        void *data;
};

struct view_options {
        const char *account; /* name, part of every identity */
        enum account_type type;
        const char *const *services; /* to show, NULL-terminated; NULL: all */
        const char *const *projects; /* to show, NULL-terminated; NULL: all */
        const char *lacks;           /* a name of the account's directory without an address
                                        behind it: not shown; NULL: there is none */
        unsigned ttl_s;              /* in place of the default of 60 s, 0: default */
        enum account_access access;
        enum account_allow allow_delete, allow_create;
        unsigned deletions_per_minute;                  /* 0: unlimited */
        int (*describe)(void *data, struct json **ret); /* account.json */
        void *describe_data;
        struct view_keep keep;
};

int view_new(const struct view_options *options, struct source *source, struct view **ret);
struct view *view_free(struct view *view);
DEFINE_CLEANUP(struct view *, view_free)

struct place *view_root(struct view *view);
struct place *place_ref(struct place *place);
struct place *place_unref(struct place *place);
DEFINE_CLEANUP(struct place *, place_unref)
uint64_t place_ino(const struct place *place);
const char *place_identity(const struct place *place);
int place_describe(const struct place *place, struct buf *buf); /* for people, lines */

/* The entries of a directory; `op->must_be_fresh` asks the cloud anew. */
int view_list(struct view *view, struct op *op, struct place *place, struct listing **ret);

/*
 * Of a directory whose list takes a call for its links alone: the entries that are there without
 * it. Asks nobody. 0 and a listing without times, -ENODATA for other directories, -ENOMEM.
 */
int view_certain(struct place *place, struct listing **ret);

/* An entry that a `by_name` directory does not list: 0 and a new entry, or -ENOENT. */
int view_find(struct view *view, struct op *op, struct place *directory, const char *name,
              struct entry *ret);

/* The bytes of a file. -ENOENT when it has gone, else the errno of the call that tells it. */
int view_read(struct view *view, struct op *op, struct place *place, struct document **ret);

/* Does listing this directory, or reading this file, cost a call of its own? Worth asking ahead. */
bool view_costs_call(const struct place *place);

/* Can what this directory holds be followed: does its service tell of changes? */
bool view_has_feed(const struct place *place);

/* Waits for a change of what a directory with a feed holds; as source_watch(). */
int view_watch(struct view *view, struct op *op, struct place *place, unsigned wait_s,
               char **revision);

/*
 * Asks the account's servers for what every walk begins with, to learn whether they can be reached.
 * 0 if one answered, or the failure with a reason.
 */
int view_probe(struct view *view, struct op *op);

/* Does asking again cost next to nothing: can the service say that what is known still holds? */
bool view_confirms(const struct place *place);

/*
 * What is shown at a place and where it comes from: an array with an object for each answer that it
 * is made of, in the order in which they are needed. Asks nobody. 0 or -ENOMEM.
 */
int view_explain(struct view *view, struct op *op, struct place *place, struct json **ret);

struct listing *listing_ref(struct listing *listing);
struct listing *listing_unref(struct listing *listing);
DEFINE_CLEANUP(struct listing *, listing_unref)
const struct entry *listing_find(const struct listing *listing, const char *name);
/* A copy with @count further entries, in place of those of the same names; its set of names is new
 * at this moment. 0, -E2BIG or -ENOMEM. */
int listing_with(const struct listing *listing, const struct entry *const *more, size_t count,
                 struct listing **ret);
struct document *document_ref(struct document *document);
struct document *document_unref(struct document *document);
DEFINE_CLEANUP(struct document *, document_unref)
void entry_done(struct entry *entry);

/* All services, NULL-terminated, for `hcloudfs operations` and the checks of the tables. */
extern const struct service *const services[];

/* Every operation and its place, in the contract's order: an array of objects with service,
 * operationId, method, path, and tree or reason. */
int view_operations(struct json **ret);

typedef void (*call_fn)(void *data, const struct call *call);

/* Tells of every row of a call that the tables have, extensions and those without a place too; of
 * one that serves several places as often. */
int view_each_call(call_fn visit, void *data);
