/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rows of changes: how a save, a creation, a removal, a link and an action become requests.
 * The engine (backends/planner.h) computes them; see base/kind.h for what they hang on.
 */
#pragma once

#include "base/kind.h"

struct planner;

/*
 * A body is a template: JSON in which these stand for something else, and what is not there
 * (or an empty parameter) is left out with its member, as is an object of which nothing is there.
 *   "=/pointer"  that part of the new document        "="         all of it
 *   "=@/pointer" that part of the resource as it is   "={name}"   a parameter
 *   "=#{name}"   a parameter, as a number             "=$name"    the new name
 *   "=$text"     the text as it was written           "=$sha256"  its SHA-256 in hex
 *   {"=": "/pointer", "else": …}  a part, or what to send where it is not there
 *   "...": …     in an object: the members of that object; a later one replaces its like, or takes
 *                it out where nothing is there, as null always does
 */

/* Adds the requests of a change to a plan, where rows cannot say them. 0 or negative errno. */
typedef int (*plan_fn)(struct planner *planner);

/* Whether a change may be, judged by the resource as it is now. */
struct only_if {
        struct when when;
        int error;        /* positive errno, 0: EPERM */
        const char *hint; /* why, in words */
};

/* One request of a save, sent when a member that it carries changed. */
struct save_step {
        const struct call *call;
        const char *const *members; /* pointers (with `*`), NULL-terminated; NULL: any change */
        const char *body;           /* NULL: none */
        const char *const *params;  /* further parameters, NULL-terminated: `name=/pointer` in the
                                       new document, `name=@/pointer` in the resource,
                                       `name={parameter}` or `name=text` */
        struct only_if allowed;
};

/* mv of a document within its collection. */
struct rename {
        const struct call *call;
        const char *body;
        const char *const *levels; /* parameters of levels that may differ, NULL-terminated */
};

/* How the save of a document becomes requests. */
struct save {
        const char *const *editable;   /* pointers (with `*`) that may differ; NULL: all */
        struct only_if allowed;
        const struct need *needs;      /* of the new document; end with neither pointer nor file */
        const struct save_step *steps; /* in the order they are sent; ends without a call */
        plan_fn plan;                  /* in place of `steps` … */
        const struct call *const *calls; /* … which makes these, NULL-terminated */
        plan_fn ahead;                   /* takes what is written before there is an item: it adds
                                            no request, but remembers what the creation is to say */
        const struct rename *rename;
        bool may_be_empty;             /* an empty text is a value, not a mistake */
        const char *hint;              /* what to do about the other members, for the refusal */
};

enum creation {
        CREATE_NEVER,
        CREATE_AT_ONCE,  /* mkdir: a name is all that is needed */
        CREATE_DOCUMENT, /* the first save of a new file */
        CREATE_DRAFT,    /* mkdir makes a local draft, saving its document sends it */
};

/* A setting's words: what `allow_create` and `allow_delete` must at least be. */
enum weight { WEIGHT_DOCUMENTS, WEIGHT_ALL };

/* A member of a creation that must not come back: a write-only file in the draft, `={file}` in the
 * body. */
struct secret_member {
        const char *file; /* name in the draft */
        const char *at;   /* pointer in the document, where it must not stand */
};

/* Something without which nothing is sent, or not as it is. */
struct need {
        const char *at;   /* pointer in the document, or … */
        const char *file; /* … a secret file of the draft */
        struct when when; /* on the document */
        const char *rule; /* regular expression (POSIX extended) that its text keeps, or NULL … */
        const char *hint; /* … and that in words */
        bool may_lack;    /* it need not be there; such needs come last */
};

struct create {
        enum creation how;
        enum weight weight;
        const struct call *call;
        const char *body;
        plan_fn plan;            /* in place of `body` … */
        const struct call *const *calls; /* … which makes these beside `call`, NULL-terminated */
        plan_fn prefill;         /* finds what the draft's template shows by `=@/pointer` */
        bool id_is_name;         /* calls know the new name as they know an id */
        const char *name_rule;   /* regular expression (POSIX extended) of legal names, or NULL */
        const char *name_hint;   /* the rule in words */
        const char *wise_rule;   /* of names that the service takes, those that work everywhere … */
        const char *wise_hint;   /* … and what does not work with others: told, not refused */
        const char *document;    /* CREATE_DRAFT: the document's file name */
        const char *draft;       /* CREATE_DRAFT: its template */
        const struct need *needs;            /* end with neither pointer nor file */
        const char *const *never;            /* pointers that must not stand in it */
        const struct secret_member *secrets; /* end with a NULL file */
};

struct removal {
        const struct call *call;
        enum weight weight;
        const char *body;
        plan_fn plan;            /* in place of `body` */
        struct only_if allowed;
        plan_fn blocked;         /* refuses with ENOTEMPTY, EBUSY or EPERM, on fresh answers */
};

/* Relations made by ln -s and ended by rm. The joined item's parameters are known to both. */
struct relation {
        const struct call *join;
        const char *join_body;
        const struct call *leave;
        const char *leave_body;
};

/* `actions/<verb>`. */
struct action {
        const char *verb;
        const struct call *call;
        const char *body; /* what is sent, `=` is the text written; NULL: no body */
        const char *form; /* what reading it shows, a template whose pointers lead into the
                             resource; NULL: `{}` */
        plan_fn plan;     /* in place of `body` … */
        const struct call *const *calls; /* … which makes these beside `call`, NULL-terminated */
        plan_fn prefill;           /* finds what `form` shows beside the resource */
        const char *const *params; /* as in a save's step */
        const struct need *needs;  /* end with neither pointer nor file */
        const char *counts;        /* pointer to an array: each element counts as a deletion */
        const char *const *secrets;  /* pointers in the text that are kept nowhere, or NULL */
        const char *issues;          /* secret file that appears, mode 0400; NULL: `.result` only */
        const char *secret;          /* pointer to the secret in the answer; NULL: all of it */
        struct when when;            /* on the item */
        struct only_if allowed;
        const char *hint;            /* one line for people */
        enum weight weight;
        bool is_creation;            /* obeys `allow_create` */
        bool adds;                   /* what was issued before stays: a list, each with its time */
};
