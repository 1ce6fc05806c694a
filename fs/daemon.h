/* SPDX-License-Identifier: Apache-2.0 */
/* Into the background, but not before the mount is usable: the parent waits for its child's word.
 * To be done before there are threads, connections or databases. */
#pragma once

#include <pthread.h>

#include "base/mem.h"

struct session;

struct daemon {
        int ready_fd;        /* to the parent; -1: none waits */
        struct session *session;
        pthread_t thread;    /* of the signals */
        bool has_thread;
        void (*refresh)(void *data); /* on SIGHUP, in the signals' thread */
        void *data;
};

void daemon_fill_standard(void);
void daemon_protect(void);
void daemon_save_memory(void);
int daemon_fork(struct daemon *daemon);
void daemon_ready(struct daemon *daemon);
int daemon_block_signals(void);
int daemon_watch_signals(struct daemon *daemon);
void daemon_end(struct daemon *daemon);
