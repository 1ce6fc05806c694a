/* SPDX-License-Identifier: Apache-2.0 */
/* A mount of the fake view in this process, and commands that use it from outside. */
#pragma once

#include "fs/session.h"
#include "tests/unit/fs/fake-view.h"

struct mounted {
        struct view *view;
        struct branch *branch;
        struct session_account account;
        struct session *session;
        struct journal *journal;
        char state[80];         /* directory of the journal */
        bool is_plan_only;      /* to be set before mounted_again() */
        pthread_t thread;
        char path[64];
        int result;
};

bool mounted_possible(void);
void mounted_start(struct mounted *mounted, struct view *view, bool is_read_only);
void mounted_again(struct mounted *mounted, bool is_read_only);
void mounted_end(struct mounted *mounted);
void mounted_stop(struct mounted *mounted);
int mounted_run(const struct mounted *mounted, const char *command, struct buf *ret_output);
pid_t mounted_spawn(const struct mounted *mounted, const char *command);
int mounted_wait(pid_t child);
unsigned long long mounted_count(const struct mounted *mounted, enum operation operation);
void mounted_settle(const struct mounted *mounted);
