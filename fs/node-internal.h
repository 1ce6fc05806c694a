/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the node table share. Under the tree's lock, as all of it. */
#pragma once

#include "fs/node.h"

struct node_chunk {
        struct node *nodes[NODE_CHUNK];
        unsigned live;
};

/* A number given to somebody because his own was taken; kept, so that he never gets a third. */
struct node_alias {
        struct node_alias *next;
        uint64_t ino;
        char identity[];
};

void table_link_name(struct tree *tree, struct node *node);
void table_link_ino(struct tree *tree, struct node *node);
void table_unlink_ino(struct tree *tree, struct node *node);
struct node *table_ino_first(const struct tree *tree, uint64_t ino);
int table_grow(struct tree *tree);
int table_take(struct tree *tree, struct node *node);
void table_leave(struct tree *tree, struct node *node);

uint64_t number_of(const struct tree *tree, const struct place *place);
int number_entry(struct tree *tree, const struct node *dir, const struct entry *entry,
                 uint64_t *ret);
uint64_t number_apart(struct tree *tree);

bool node_places_are_same(const struct place *a, const struct place *b);
