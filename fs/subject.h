/* SPDX-License-Identifier: Apache-2.0 */
/* What a change is about, held on to while it is carried out: the place, who shows it, where it
 * stands in the tree. */
#pragma once

#include "fs/node.h"

struct journal;
struct session;
struct view;

struct subject {
        struct session *session;
        struct branch *branch;
        struct view *view;       /* borrowed of the branch, as is the journal */
        struct journal *journal; /* NULL: nothing can be changed */
        const char *account;
        struct place *place;     /* referenced; of creations: of the directory */
        struct node *dir;        /* referenced: where its notes stand */
        char *name;              /* owned: in that directory */
        char *path;              /* owned: below the mount */
};

int subject_of_node(struct session *session, struct node *node, struct subject *ret);
int subject_of_name(struct session *session, struct node *dir, const char *name,
                    struct subject *ret);
void subject_let_go(struct subject *subject);
void subject_done(struct subject *subject);
