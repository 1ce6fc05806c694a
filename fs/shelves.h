/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files that the journal keeps: results of actions, secrets that were issued. They stand in the
 * tree where they were made, also after a restart. Protected by the tree's lock.
 */
#pragma once

#include "cache/journal.h"
#include "fs/node.h"

struct session;

enum { SHELVES_MAX = 16384 };

/* One file on a shelf. */
struct shelf_record {
        enum shelf shelf;
        char *path, *name; /* owned; the directory's path below the mount */
        size_t len;
        int64_t stored_ms; /* realtime */
};

struct shelves {
        struct shelf_record *list;
        size_t count, capacity;
        bool is_adding; /* somebody is about to add to a list; with the session's `sent` */
};

int shelves_load(struct session *session, struct journal *journal);
void shelves_done(struct shelves *shelves);
int shelves_put(struct session *session, struct op *op, struct journal *journal, struct node *dir,
                enum shelf shelf, const char *name, const char *data, size_t len);
void shelves_attach(struct session *session, struct node *dir);
int shelves_remove(struct session *session, struct op *op, struct journal *journal,
                   struct node *node);
