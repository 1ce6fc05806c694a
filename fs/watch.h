/* SPDX-License-Identifier: Apache-2.0 */
/* poll(2) on files that change by themselves: whoever polls is woken when the version differs from
 * the one last read; meanwhile a timer asks for it anew whenever its time is up (file rule 25). */
#pragma once

#include <pthread.h>
#include <fuse_lowlevel.h>

#include "fs/node.h"

struct handle;
struct session;

struct watch {
        struct session *session;
        struct handle *handles;  /* that are polled; the tree's lock */
        pthread_cond_t changed;  /* with the tree's lock */
        pthread_t thread;
        bool is_running, is_stopping;
};

int watch_init(struct watch *watch, struct session *session);
void watch_stop(struct watch *watch);
int watch_add(struct watch *watch, struct handle *handle, struct fuse_pollhandle *waker);
void watch_remove(struct watch *watch, struct handle *handle);
void watch_wake(struct watch *watch, const struct node *node);
