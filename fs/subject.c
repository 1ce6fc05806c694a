/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/subject.h"

#include <string.h>

#include "base/text.h"
#include "fs/branch.h"
#include "fs/session.h"

static int fill(struct session *session, struct node *dir, const char *name, struct place *place,
                struct branch *branch, struct subject *ret) {
        struct buf path = BUF_INIT(64 * 1024);
        struct subject subject = {
                .session = session,
                .branch = branch,
                .view = branch_view(branch),
                .journal = branch_journal(branch),
                .account = branch_account(branch),
        };

        if (!subject.view || !place)
                return -EPERM;
        (void)node_path(dir, &path);
        if (path.len > 1)
                (void)buf_add_char(&path, '/');
        (void)buf_add_str(&path, name);
        subject.path = path.error ? NULL : buf_steal(&path, NULL);
        buf_done(&path);
        subject.name = strdup(name);
        if (!subject.path || !subject.name) {
                free(subject.path);
                free(subject.name);
                return -ENOMEM;
        }
        subject.place = place_ref(place);
        subject.dir = node_ref(dir);
        *ret = subject;
        return 0;
}

/**
 * subject_of_node() - a change of what a node of the cloud is. Tree locked.
 * Returns 0, -EPERM for what is of no account, -ENOMEM.
 */
int subject_of_node(struct session *session, struct node *node, struct subject *ret) {
        if (!node->parent)
                return -EPERM;
        return fill(session, node->parent, node->name, node->place, node->branch, ret);
}

/** subject_of_name() - a change of a name in a directory of the cloud. As subject_of_node(). */
int subject_of_name(struct session *session, struct node *dir, const char *name,
                    struct subject *ret) {
        return fill(session, dir, name, dir->place, dir->branch, ret);
}

/** subject_let_go() - nothing of it may be used any more. Tree locked. */
void subject_let_go(struct subject *subject) {
        if (!subject->session)
                return;
        node_unref(&subject->session->tree, subject->dir);
        if (subject->place)
                place_unref(subject->place);
        free(subject->name);
        free(subject->path);
        *subject = (struct subject){ 0 };
}

/** subject_done() - the same; the tree must not be locked. */
void subject_done(struct subject *subject) {
        struct session *session = subject->session;

        if (!session)
                return;
        pthread_mutex_lock(&session->tree.lock);
        subject_let_go(subject);
        pthread_mutex_unlock(&session->tree.lock);
}
