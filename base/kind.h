/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A resource kind is data. These are the types of its rows: a call of the contract, a file made
 * from its answers, a relation, an action, a collection and a fixed directory. backends/ holds the
 * constant tables of each service; the engine performs their calls (backends/service.h) and the
 * view composes the tree (backends/view.h). Nothing here is ever changed at run time.
 *
 * Pointers into JSON are RFC 6901 with one extension where a field says so: a step `*` stands for
 * every element of an array or member of an object. "" is the value itself.
 */
#pragma once

#include "base/json.h"

struct answer;
struct composer;
struct kind;
struct op;

/* How things are changed: base/kind-change.h. */
struct action;
struct create;
struct relation;
struct removal;
struct save;

enum method { METHOD_GET, METHOD_POST, METHOD_PUT, METHOD_PATCH, METHOD_DELETE };

/* The address a call goes to. */
enum endpoint {
        ENDPOINT_SERVICE,  /* the service's regional or global host */
        ENDPOINT_REGISTRY, /* an engine's service-center */
        ENDPOINT_CONFIG,   /* an engine's kie */
        ENDPOINT_KUBE,     /* a Kubernetes API server */
};

/* What a token must be good for; AK/SK name it in a header instead. */
enum scope {
        SCOPE_PROJECT, /* a regional service: X-Project-Id */
        SCOPE_DOMAIN,  /* a global service: X-Domain-Id */
        SCOPE_ENGINE,  /* bearer token of a microservice engine, if it wants one */
        SCOPE_KUBE,    /* what the kubeconfig says */
        SCOPE_NONE,    /* the call is the login */
};

enum paging {
        PAGING_NONE,     /* everything comes at once */
        PAGING_OFFSET,   /* limit, and offset counts records from 0 */
        PAGING_PAGE,     /* limit, and offset counts pages from 0 (DWS) */
        PAGING_NUMBER,   /* number is the size, page counts from 1 (CSE monitoring) */
        PAGING_CONTINUE, /* limit, and continue carries a cursor (Kubernetes) */
};

/* What a call may do; decides what an account's `access` and `allow_…` settings let through. */
enum risk {
        RISK_READ,   /* changes nothing, whatever its method */
        RISK_CHANGE, /* creates or updates */
        RISK_DELETE, /* destroys, or counts as a deletion */
        RISK_SECRET, /* hands out something that is given once or must not be read by the way */
};

/* May a request be repeated when its outcome is unknown (file rule 20)? */
enum repeat {
        REPEAT_SAFE, /* yes, it changes nothing */
        REPEAT_SAME, /* yes, the second time makes no difference */
        REPEAT_ONCE, /* never after its first byte left */
};

/* Adds the items of one page to the answer, where they are no plain array. 0 or negative errno;
 * -EBADMSG for a page that has no list. */
typedef int (*split_fn)(const struct json *page, struct answer *answer);

/*
 * Asks, by one call, what many requests of another would be answered, and tells the source
 * (composer_learn()). Called once the second of them is wanted. 0 or negative errno: then each is
 * asked for by itself.
 */
typedef int (*many_fn)(struct composer *composer);

/* One call of the contract. */
struct call {
        const char *id;      /* operationId */
        const char *service; /* the contract that has it: dws, cse, servicecomb, ucs, ems, iam, … */
        enum method method;
        const char *path;    /* template as in the contract, {placeholder}s are parameters */
        const char *query;   /* `a=b&c={param}`; a pair whose parameter is unknown is left out, with
                                `{param?}` also if it is empty */
        const char *headers; /* `name: value` lines, values as in query */
        enum endpoint endpoint;
        enum scope scope;
        enum risk risk;
        enum repeat repeat;
        const char *items; /* list: pointer to the array in the answer, "" if it is the answer */
        const char *key;   /* list: pointer to an item's id; several joined by ',' give `a/b` */
        const char *total; /* list: pointer to the total, NULL if none comes */
        enum paging paging;
        unsigned page_size;           /* limit sent, 0: none */
        unsigned most;                /* list: no more than so many items are wanted, 0: all */
        split_fn split;               /* list: in place of `items`, for odd shapes */
        const char *success;          /* pointer (with `*`) to a result inside a 2xx … */
        const char *success_is;       /* … that must be absent or this text … */
        const char *failure_is;       /* … or, where this is said, anything but this text */
        int failure;                  /* positive errno of such a failure, 0: EIO */
        const char *upload;           /* the body goes as a file, in a form's part of this name */
        bool wants_engine_token;      /* beside the cloud's own credentials */
        const struct call *otherwise; /* asked in its place when this one is forbidden (403) */
        const struct call *also;      /* list: a second call whose items belong to the same list */
        many_fn many;                 /* answers many requests of this call at once … */
        const struct call *many_by;   /* … by this call */
        const char *revision_query;   /* `rev={}`: sent when an answer is known, with its revision
                                         in place of {}; 304 then says that it still holds … */
        const char *revision_header;  /* … and the header that tells the revision of an answer */
        const char *wait_query;       /* `wait={}s`: beside the revision, with seconds in place of
                                         {}: the server answers when something has changed, or 304
                                         when that time is up: a feed. NULL: there is none */
        unsigned ttl_s;   /* how long an answer serves; 0: the service's default of 60 s */
        bool is_volatile; /* what it tells moves by itself: shown, never compared */
        const char *extension; /* real servers have it, the contract does not: what it does, for
                                  those that do not know it */
};

/* Shown only if the object has, or has not, something at a pointer. */
struct when {
        const char *at;           /* pointer, `*` is any element; NULL: always */
        const char *is;           /* the scalar's text; NULL: anything but null */
        const char *const *among; /* in place of `is`: one of these texts, NULL-terminated */
        bool negate;
        const struct when *and; /* a further condition, or NULL */
        const struct when *or;  /* one that does as well as this and its further ones, or NULL */
};

/* How a file's bytes are made from a value. */
enum codec {
        CODEC_JSON, /* indented JSON and a final newline */
        CODEC_TEXT, /* the string's own bytes, nothing added */
};

enum from {
        FROM_OBJECT,  /* the item in full: its `get` where the kind has one, else the list's item */
        FROM_ITEM,    /* the item as the list tells it */
        FROM_CALL,    /* an answer of its own */
        FROM_NOWHERE, /* `compose` alone knows */
};

/*
 * Makes a document from answers: a pure function of them. @value is what `from` and `at` name (NULL
 * with FROM_NOWHERE). The result is a new tree, or NULL and -ENOENT if there is no such document.
 */
typedef int (*compose_fn)(struct composer *composer, const struct json *value, struct json **ret);

/*
 * A file. In a directory's table `name` is the whole name. In the table of a collection of
 * documents it is a pattern whose one `*` stands for the item's name, and may begin with a
 * directory that all items share: `*.json`, `*.info.json`, `.meta/ *.json` (without the blank).
 */
struct file {
        const char *name;
        enum from from;
        enum codec codec;
        const struct call *call;    /* FROM_CALL */
        const char *at;             /* pointer to the part shown; NULL: all */
        const char *const *only;    /* pointers (with `*`) to keep, NULL-terminated; NULL: all */
        const char *const *without; /* pointers (with `*`) to leave out */
        compose_fn compose;
        const struct call *further; /* that `compose` makes itself, if it does */
        struct when when;           /* on the item */
        const struct save *save;    /* how a save is sent; NULL: 0444 */
        unsigned most_chars;        /* that the service takes in a text; 0: no bound is told */
        bool may_be_text;           /* CODEC_JSON: a lone string is shown as its own bytes */
        bool is_one;                /* FROM_CALL: of that list the item with the resource's id */
        bool is_volatile;           /* changes by itself: never kept by the kernel */
};

/* A symbolic link to an item of another kind, found by its id. */
struct link {
        const char *name;
        enum from from; /* where the id is read */
        const char *at; /* pointer to the id; no id, no link */
        const struct kind
                *target; /* the kind the id is of; a sibling or a sibling of an ancestor */
        const struct relation *relation; /* NULL: the link cannot be changed */
};

struct param_list;

/*
 * Finds parameters that hold below a directory when a call there needs them, e.g. the addresses of
 * an engine's own servers. Adds them with param_list_set(). 0 or negative errno with a reason.
 */
typedef int (*resolve_fn)(struct composer *composer, struct param_list *params);

/* A directory below a resource or a service: a collection, or a fixed place of its own content. */
struct child {
        const char *name;            /* NULL with a kind whose items stand in the parent itself */
        const struct kind *kind;     /* the collection … */
        const struct place_row *row; /* … or the fixed directory */
        struct when when;            /* on the item that the parent is */
        const char *const *bind;     /* parameters that hold below, `name=value`, NULL-terminated */
        resolve_fn resolve;          /* further ones that must be asked for */
};

/* What a directory holds: of a service, a fixed place, or each item of a collection. */
struct place_row {
        const struct file *files; /* each list ends with a row whose name (verb) is NULL … */
        const struct link *links;
        const struct child *children; /* … here with neither kind nor row */
        const struct action *actions;
        const struct create *create;   /* of a fixed directory that mkdir makes */
        const struct removal *removal; /* and rmdir ends */
        const struct life *life;       /* told by its composed status.json */
};

/* The states a resource goes through; all that the contract lists, failures included. */
struct life {
        const char *at;          /* pointer to the state in the list's item */
        const char *or_at;       /* where that is not there */
        const char *ended_at;    /* pointer to what is there at an end only: a bad one if unknown */
        const char *busy_at;     /* pointer that is non-null and non-empty while work runs */
        const char *const *busy; /* NULL-terminated; compared without case */
        const char *const *good;
        const char *const *bad;
};

enum shape {
        SHAPE_DIRECTORY, /* an item is a directory */
        SHAPE_DOCUMENT,  /* an item is a file (or a few, by the patterns in `content.files`) */
        SHAPE_LINK,      /* an item is a link to the item of `target` with the same id */
};

/* Makes an item's directory path, one name a level, where pointers cannot. 0 or negative errno. */
typedef int (*path_fn)(const struct json *item, struct buf *levels, size_t count);

enum { KIND_LEVELS_MAX = 4 };

/* Refuses a new grouping level's value (not encoded), @depth from 0. 0 or -EINVAL with a reason. */
typedef int (*check_fn)(struct op *op, unsigned depth, const char *value);

/* A collection and its items. */
struct kind {
        const char *name;    /* singular, one word: identity, messages; unique in a service */
        const char *service; /* whose default settings hold */
        enum shape shape;
        const struct call *list;
        const struct call *sweep;   /* a list whose items include these, told apart by `filter`:
                                         used when its answer is at hand, never asked for */
        const struct call *get;     /* one item in full; NULL: the list has everything */
        const char *object;         /* pointer to the item in the answer of `get` */
        const struct call *refresh; /* one item as the list tells it, when it must be fresh */
        const char *refresh_at;     /* pointer to the item in the answer of `refresh` */
        bool refresh_is_part;       /* it tells some members only, the others stay */
        const char *const *levels;  /* pointers to the names of grouping levels above the item,
                                         NULL-terminated; `=text` is a constant; absent is `-` */
        const char *const *level_params; /* parameter names of the levels, same order */
        path_fn group;                   /* one level made by a function in place of `levels` … */
        const char *group_at;            /* … from the member in which this pointer begins */
        const char *id_at;               /* pointer to the item's id, where it is not the list's own
                                         key: of items that share one, the first stands for all */
        const char *label;               /* pointer to the item's name */
        const char *unnamed;             /* the name of an item whose name is empty */
        const char *const *params; /* names under which calls below know the id, NULL-terminated */
        const char *const *more;   /* further parameters from the item, `name=/pointer` */
        const char *const *modified; /* pointers to its times, the first that is one wins */
        const char *const *created;
        struct when only;          /* items to show; others are left out */
        const char *filter;        /* pointer whose text must equal … */
        const char *filter_param;  /* … this parameter: one list serves several directories */
        const struct kind *target; /* SHAPE_LINK; with SHAPE_DIRECTORY: a link where the item has
                                         an owner (`owner_at`) that exists, a directory else */
        const char *owner_at;      /* pointer to the owner's id in the item */
        const struct kind *owner;  /* the kind that id is of */
        struct place_row content;  /* of each item */
        struct place_row shared;   /* of the collection itself (and its `actions/`) */
        const struct place_row *beside; /* where the items stand in a directory that has names of
                                           its own: its content */
        const struct file *level_files; /* files in the directory of the last grouping level */
        const char *const *always;      /* values of the last level that are there without items */
        check_fn check_level;           /* may a new level have this value? NULL: any */
        const struct life *life;
        const struct create *create;     /* NULL: EPERM without a request */
        const struct removal *removal;   /* NULL: EPERM without a request */
        const struct relation *relation; /* SHAPE_LINK */
        bool by_name; /* not listable: a name is asked for by `get` when looked up */
        bool is_serial; /* takes one change at a time, also of what is below it */
};

/* A call that has no place in the tree, and why. */
struct omitted {
        const struct call *call;
        const char *reason;
};

/* A service: its directory and defaults. */
struct service {
        const char *name;  /* directory, and the word in configuration */
        const char *title; /* for people */
        struct place_row content;
        const struct call *const *calls; /* those that no row of the tree names, NULL-terminated */
        const struct omitted *omitted;   /* calls without a place; ends with a row without a call */
};
