/* SPDX-License-Identifier: Apache-2.0 */
/* A place of the tree: which row it comes from and which ids lead to it. The chain of parents holds
 * the parameters of every call that is made for it. */
#pragma once

#include "backends/view.h"
#include "base/kind-change.h"

enum place_type {
        PLACE_FIXED,      /* an account, a service, a fixed directory: content of a place_row */
        PLACE_COLLECTION, /* the directory of a kind; also where its items stand in the parent */
        PLACE_GROUP,      /* a grouping level below a collection */
        PLACE_SUBDIR,     /* the directory that document patterns share, e.g. `.meta` */
        PLACE_ITEM,       /* a resource's directory */
        PLACE_BY_ID,      /* `.by-id` of a collection */
        PLACE_FILE,
        PLACE_LINK,
        PLACE_ACTIONS, /* `actions` of a resource, a collection or a fixed directory */
        PLACE_ACTION,  /* a verb in it */
};

/* A small owned list of name and value. */
struct param_list {
        struct param *list;
        size_t count;
};

struct place {
        atomic_uint refs;
        uint8_t type;                /* enum place_type */
        uint8_t depth;               /* GROUP: levels named, from 1 */
        bool names_item;             /* its id is the value of its kind's parameters */
        struct place *parent;        /* owned reference, NULL at the account */
        const struct place_row *row; /* FIXED: its content */
        const struct child *child;   /* FIXED and COLLECTION: the row that put it there, or NULL */
        const struct kind *kind;     /* all but FIXED and files of FIXED */
        const struct file *file;     /* FILE */
        const struct action *action; /* ACTIONS: the first of its list; ACTION: the verb */
        const struct link *link;     /* LINK of a resource: its row */
        /* Texts in the place's own block: */
        char *id;                 /* ITEM, FILE of a document, LINK to an item */
        char *level;              /* GROUP: the value of its level, not encoded */
        char *subdir;             /* SUBDIR: its name */
        char *identity;           /* account, service, kinds and ids: never changes */
        struct param_list *params; /* owned: known here beyond those above and the id; or NULL */
        uint64_t ino;              /* of the identity: digest_ino() */
};

int param_list_set(struct param_list *params, const char *name, const char *value);
const char *param_list_get(const struct param_list *params, const char *name);
void param_list_done(struct param_list *params);

/* What tells a new place from its siblings; @step is its part of the identity. */
struct place_seed {
        enum place_type type;
        unsigned depth;
        struct place *parent;
        const struct place_row *row;
        const struct child *child;
        const struct kind *kind;
        const struct file *file;
        const struct action *action;
        const struct link *link;
        const char *id;
        const char *level;
        const char *subdir;
        const char *step;
        const struct place *beside; /* whose identity the step is added to; NULL: the parent's */
};

int place_new(const struct place_seed *seed, struct place **ret);
int place_new_item(struct place *collection, const struct kind *kind, const char *id,
                   const struct json *item, struct place **ret);
int place_set_item(struct place *place, const struct json *item);
const char *const *place_item_params(const struct place *place);
const char *place_param(const struct place *place, const char *name);
struct place *place_collection(struct place *place);
struct place *place_item(struct place *place);
unsigned kind_levels(const struct kind *kind);
const struct removal *place_removal(const struct place *place);
