/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the kernel holds on to: one node for each directory, file or link that it was told of. A
 * nodeid is a slot of the table and is never used twice during a mount; st_ino is the hash of the
 * identity and the same on every mount.
 *
 * `tree->lock` protects everything in here but what a comment calls constant. It is never held
 * across a call of a branch that may block, a reply or a notification.
 */
#pragma once

#include <pthread.h>

#include "backends/view.h"

struct branch;
struct content;
struct directory;
struct overlay;

struct node {
        uint64_t id;                   /* constant */
        uint64_t ino;                  /* constant */
        uint64_t lookups;              /* of the kernel, ended by FORGET */
        uint32_t refs;                 /* ours: children, handles, waits */
        uint16_t mode;                 /* permission bits */
        uint8_t type;                  /* enum entry_type, constant */
        bool is_volatile;              /* content moves by itself */
        bool is_live;                  /* local, and every look makes it anew */
        bool is_named;                 /* parent and name lead here */
        bool is_apart;                 /* stands for no entry of its place, nor of the cloud */
        bool is_queued;                /* fs/ahead.c is going to get it */
        uint16_t can;                  /* of a file: set of enum ability */
        uint16_t writers;              /* handles that write it: node_written() */
        struct branch *_Atomic branch; /* who fills it; changes when it becomes something else */
        struct place *place;     /* owned reference; NULL: not of a view. Set before the branch is
                                   that of an account, constant from then on */
        struct overlay *overlay; /* what it is beside the cloud; owned; NULL: nothing */
        const void *data;        /* of a local branch, constant */
        struct node *parent;     /* referenced; NULL: the root */
        char *name;              /* the last one known; owned, or behind the node */
        struct node *name_next, *ino_next;
        struct timespec modified; /* as the directory tells it; zero: unknown */
        int64_t created_s;        /* the same */
        union {
                struct directory *directory; /* owned; NULL: never listed */
                struct content *content;     /* owned; NULL: body never seen */
                char *target;                /* owned, constant */
        };
};

/* What stands behind nodes: an account's view, or something local. */
struct branch_ops {
        int (*list)(struct branch *branch, struct op *op, struct node *node, struct listing **ret);
        /* An entry that a `by_name` listing lacks; NULL: there is none. */
        int (*find)(struct branch *branch, struct op *op, struct node *node, const char *name,
                    struct entry *ret);
        int (*read)(struct branch *branch, struct op *op, struct node *node, struct document **ret);
        /* What a directory has for certain (view_certain()); tree locked; NULL: nobody knows. */
        int (*certain)(const struct node *node, struct listing **ret);
        /* May be asked ahead of need? NULL: never. */
        bool (*costs_call)(const struct node *node);
        /* Can it be followed (view_has_feed(), view_watch())? NULL: never. */
        bool (*has_feed)(const struct node *node);
        int (*watch)(struct branch *branch, struct op *op, struct node *node, unsigned wait_s,
                     char **revision);
        bool (*confirms)(const struct node *node); /* view_confirms(); NULL: never */
        int (*explain)(struct branch *branch, struct op *op, struct node *node, struct json **ret);
        /* Completes a new node made from an entry of @dir; tree locked; NULL: nothing to do. */
        int (*attach)(struct branch *branch, struct node *dir, struct node *node);
        void (*detach)(struct node *node); /* before a node is freed; tree locked */
        /* What may be done with a place, a set of enum ability; NULL: nothing. */
        unsigned (*abilities)(struct branch *branch, const struct place *place);
};

struct branch {
        const struct branch_ops *ops;
        bool is_local; /* answers from memory, never blocks */
};

enum { NODE_ROOT = 1, NODE_CHUNK = 1024, WRITERS_MAX = UINT16_MAX };

struct node_chunk;
struct node_alias;

struct tree {
        pthread_mutex_t lock;
        struct node_chunk **chunks; /* of the slots; NULL where all its nodes have gone */
        size_t n_chunks;
        uint64_t next_id;
        struct node **by_name, **by_ino;
        size_t n_buckets, count;
        struct node_alias *aliases; /* st_ino of those whose own was taken */
        unsigned n_apart;           /* numbers given to what is no entry of the cloud */
};

int tree_init(struct tree *tree, struct branch *root);
void tree_done(struct tree *tree);
struct node *tree_node(struct tree *tree, uint64_t id);
struct node *tree_child(struct tree *tree, const struct node *parent, const char *name);
int tree_adopt(struct tree *tree, struct node *dir, const struct entry *entry, struct node **ret);
bool tree_is_same(const struct node *node, const struct entry *entry);
int tree_make(struct tree *tree, struct node *dir, const struct entry *entry, struct branch *branch,
              struct node **ret);
int tree_move(struct tree *tree, struct node *node, struct node *dir, const char *name);
int tree_become(struct tree *tree, struct node *node, const struct entry *entry,
                struct branch *branch);
void tree_outdate_others(struct tree *tree, const struct node *node);
void tree_part(struct tree *tree, struct node *node, struct branch *branch);
struct node *tree_find(struct tree *tree, const struct place *place);
void tree_detach(struct tree *tree, struct node *node);
void tree_forget(struct tree *tree, struct node *node, uint64_t lookups);
struct node *node_ref(struct node *node);
void node_written(struct node *node, bool begins);
void node_unref(struct tree *tree, struct node *node);
bool node_is_below(const struct node *node, const struct node *top);
int node_path(const struct node *node, struct buf *buf);
