/* SPDX-License-Identifier: Apache-2.0 */
/* What happened, for people who look: counters, the log of operations, recent failures and the last
 * one of each user. Thread-safe; the lock is a leaf. */
#pragma once

#include <pthread.h>

#include "fs/task.h"
#include "fs/trail.h"

enum {
        RECORD_FAILURES = 128,
        RECORD_USERS = 64,
        RECORD_PROCESSES = 256, /* then the one that did nothing for the longest time goes */
};

/* One finished operation. */
struct record_entry {
        enum operation operation;
        const char *path;
        const char *name; /* below that path, or NULL */
        uid_t uid;
        pid_t pid;
        int result;       /* 0 or negative errno */
        int64_t micros;
        unsigned calls;
};

struct record_failure {
        int64_t when_s;      /* 0: none */
        uid_t uid;
        pid_t pid;
        enum operation operation;
        char *path;          /* owned */
        struct op_fault fault;
};

enum { RECORD_COMMAND_SIZE = 16, RECORD_COMMANDS = 32 };

struct record_command {
        pid_t pid;
        int64_t until_ms;
        char name[RECORD_COMMAND_SIZE];
};

/* What a process did and caused. */
struct record_process {
        pid_t pid;          /* of a thread, as the kernel tells it; 0: a free place */
        uid_t uid;
        unsigned long long operations, calls;
        int64_t last_s;     /* realtime */
        uint64_t used;
        char name[RECORD_COMMAND_SIZE];
};

struct record {
        pthread_mutex_t lock;
        atomic_ullong operations[OPERATION_MAX], failures[OPERATION_MAX];
        atomic_ullong calls;       /* that requests caused … */
        atomic_ullong calls_ahead; /* … and that nobody waited for */
        struct trail access;
        struct record_failure recent[RECORD_FAILURES]; /* a ring; the next goes to … */
        size_t next;
        struct record_failure last[RECORD_USERS];      /* of each user */
        struct record_command commands[RECORD_COMMANDS];
        struct record_process processes[RECORD_PROCESSES];
        uint64_t clock;
};

int record_init(struct record *record);
void record_done(struct record *record);
void record_begin(struct record *record, enum operation operation);
void record_operation(struct record *record, const struct record_entry *entry);
void record_failed(struct record *record, const struct record_entry *entry,
                   const struct op_fault *fault);
void record_ahead(struct record *record, unsigned calls);
int record_top(struct record *record, struct buf *buf);
int record_recent(struct record *record, struct buf *buf);
int record_last(struct record *record, uid_t uid, struct buf *buf);
