/* SPDX-License-Identifier: Apache-2.0 */
/* The slots of the nodes and the two maps that lead to them. */
#include <string.h>

#include "fs/node-internal.h"

enum { BUCKETS_MIN = 256 };

static uint64_t mix(uint64_t value) {
        value ^= value >> 32;
        value *= UINT64_C(0xd6e8feb86659fd93);
        value ^= value >> 32;
        return value;
}

static size_t name_bucket(const struct tree *tree, const struct node *parent, const char *name) {
        uint64_t hash = parent->id * UINT64_C(0x9e3779b97f4a7c15);

        for (const char *p = name; *p; p++)
                hash = (hash ^ (unsigned char)*p) * UINT64_C(0x100000001b3);
        return mix(hash) & (tree->n_buckets - 1);
}

static size_t ino_bucket(const struct tree *tree, uint64_t ino) {
        return mix(ino) & (tree->n_buckets - 1);
}

/** table_ino_first() - the first of the chain of nodes whose number may be this one. */
struct node *table_ino_first(const struct tree *tree, uint64_t ino) {
        return tree->by_ino[ino_bucket(tree, ino)];
}

/** table_link_name() - it is called as it says, in its parent. */
void table_link_name(struct tree *tree, struct node *node) {
        struct node **bucket = &tree->by_name[name_bucket(tree, node->parent, node->name)];

        node->name_next = *bucket;
        *bucket = node;
        node->is_named = true;
}

/** table_link_ino() - it is found by its number. */
void table_link_ino(struct tree *tree, struct node *node) {
        struct node **bucket = &tree->by_ino[ino_bucket(tree, node->ino)];

        node->ino_next = *bucket;
        *bucket = node;
}

/** table_unlink_ino() - before its number changes, or it goes. */
void table_unlink_ino(struct tree *tree, struct node *node) {
        struct node **p = &tree->by_ino[ino_bucket(tree, node->ino)];

        while (*p != node)
                p = &(*p)->ino_next;
        *p = node->ino_next;
}

/** tree_detach() - nothing is called like that any more; the node lives on while it is held. */
void tree_detach(struct tree *tree, struct node *node) {
        struct node **p;

        if (!node->is_named)
                return;
        p = &tree->by_name[name_bucket(tree, node->parent, node->name)];
        while (*p != node)
                p = &(*p)->name_next;
        *p = node->name_next;
        node->name_next = NULL;
        node->is_named = false;
}

/** table_grow() - room for one more: both maps have one size and double when they hold as many
 * nodes as buckets. Returns 0 or -ENOMEM. */
int table_grow(struct tree *tree) {
        struct node **by_name, **by_ino;
        size_t wanted = tree->n_buckets ? tree->n_buckets * 2 : BUCKETS_MIN;

        if (tree->count < tree->n_buckets)
                return 0;
        by_name = calloc(wanted, sizeof(*by_name));
        by_ino = calloc(wanted, sizeof(*by_ino));
        if (!by_name || !by_ino) {
                free(by_name);
                free(by_ino);
                return tree->n_buckets ? 0 : -ENOMEM; /* longer chains serve as well */
        }
        free(tree->by_name);
        free(tree->by_ino);
        tree->by_name = by_name;
        tree->by_ino = by_ino;
        tree->n_buckets = wanted;
        for (size_t i = 0; i < tree->n_chunks; i++) {
                for (size_t j = 0; tree->chunks[i] && j < NODE_CHUNK; j++) {
                        struct node *node = tree->chunks[i]->nodes[j];

                        if (!node)
                                continue;
                        table_link_ino(tree, node);
                        if (node->is_named)
                                table_link_name(tree, node);
                }
        }
        return 0;
}

/** table_take() - gives the node the next slot, whose number is its id. Returns 0 or -ENOMEM. */
int table_take(struct tree *tree, struct node *node) {
        size_t chunk = (size_t)(tree->next_id / NODE_CHUNK);
        struct node_chunk **chunks;

        if (chunk >= tree->n_chunks) {
                chunks = reallocarray(tree->chunks, chunk + 1, sizeof(struct node_chunk *));
                if (!chunks)
                        return -ENOMEM;
                tree->chunks = chunks;
                tree->chunks[chunk] = calloc(1, sizeof(struct node_chunk));
                if (!tree->chunks[chunk])
                        return -ENOMEM;
                tree->n_chunks = chunk + 1;
        }
        if (!tree->chunks[chunk]) {
                tree->chunks[chunk] = calloc(1, sizeof(struct node_chunk));
                if (!tree->chunks[chunk])
                        return -ENOMEM;
        }
        node->id = tree->next_id++;
        tree->chunks[chunk]->nodes[node->id % NODE_CHUNK] = node;
        tree->chunks[chunk]->live++;
        tree->count++;
        return 0;
}

/** table_leave() - its slot is empty from now on, and not given again. */
void table_leave(struct tree *tree, struct node *node) {
        size_t chunk = (size_t)(node->id / NODE_CHUNK);
        struct node_chunk *c = tree->chunks[chunk];

        c->nodes[node->id % NODE_CHUNK] = NULL;
        tree->count--;
        if (--c->live > 0)
                return;
        free(c);
        tree->chunks[chunk] = NULL;
}

/** tree_node() - the node in a slot, or NULL. */
struct node *tree_node(struct tree *tree, uint64_t id) {
        uint64_t chunk = id / NODE_CHUNK;

        if (chunk >= tree->n_chunks || !tree->chunks[chunk])
                return NULL;
        return tree->chunks[chunk]->nodes[id % NODE_CHUNK];
}

/** tree_child() - the node that is known under this name, or NULL. */
struct node *tree_child(struct tree *tree, const struct node *parent, const char *name) {
        struct node *node = tree->by_name[name_bucket(tree, parent, name)];

        while (node && (node->parent != parent || strcmp(node->name, name) != 0))
                node = node->name_next;
        return node;
}
