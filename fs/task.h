/* SPDX-License-Identifier: Apache-2.0 */
/* One request of the kernel, from its arrival to its reply. It is served by a function that answers
 * from memory or says what it has to wait for (fs/wait.h), and is served again afterwards. */
#pragma once

#include <fuse_lowlevel.h>

#include "base/op.h"
#include "fs/node.h"

struct flight;
struct session;

enum operation {
        OPERATION_LOOKUP,
        OPERATION_GETATTR,
        OPERATION_READLINK,
        OPERATION_OPEN,
        OPERATION_READ,
        OPERATION_FLUSH,
        OPERATION_FSYNC,
        OPERATION_RELEASE,
        OPERATION_POLL,
        OPERATION_OPENDIR,
        OPERATION_READDIR,
        OPERATION_READDIRPLUS,
        OPERATION_RELEASEDIR,
        OPERATION_STATFS,
        OPERATION_SETATTR,
        OPERATION_CREATE,
        OPERATION_WRITE,
        OPERATION_MKNOD,
        OPERATION_MKDIR,
        OPERATION_SYMLINK,
        OPERATION_LINK,
        OPERATION_UNLINK,
        OPERATION_RMDIR,
        OPERATION_RENAME,
        OPERATION_FORGET,
        OPERATION_MOUNT, /* of failures only: logging an account in */
        OPERATION_MAX,
};

enum {
        TASK_TIMEOUT_MS = 60 * 1000, /* where the session says nothing else */
        TASK_HELD_MAX = 4,
};

struct task {
        struct session *session;
        fuse_req_t req;
        enum operation operation;
        int (*serve)(struct task *task); /* 0: replied or waiting; negative errno: to be replied */
        struct op op;
        int64_t began_us;
        uint64_t node; /* nodeid it is about */
        char *name;    /* below that node; owned, or NULL */
        struct fuse_file_info fi;
        off_t offset;
        size_t size;
        char *data;                   /* to be written; owned */
        struct fuse_pollhandle *poll; /* owned */
        int changes;                  /* SETATTR: FUSE_SET_ATTR_… */
        struct stat attr;             /* SETATTR: to what */
        pid_t process;                /* that the asking thread belongs to; 0: not looked up */
        uint64_t to;                  /* RENAME: nodeid of the new directory … */
        char *to_name;                /* … and the name in it; SYMLINK: the target; owned */
        unsigned flags;               /* RENAME */
        mode_t mode;                  /* CREATE, MKDIR */
        uint64_t result;              /* of its work: a nodeid, referenced; 0: none */
        struct handle *handle;        /* of its work */
        bool takes_back;              /* CREATE: what had its name was on its way out */
        unsigned waited;              /* bit of each enum want that was waited for */
        unsigned tries;               /* to serve it from memory */
        struct node *found;           /* referenced result of WANT_FIND */
        uint64_t held[TASK_HELD_MAX]; /* directories that the kernel has locked for it */
        unsigned n_held;
        struct flight *flight; /* what it waits for; under the lock of fs/wait.h, … */
        struct task *next;     /* … as are these */
        bool is_interrupted, is_landing;
};

struct task *task_new(fuse_req_t req, enum operation operation, uint64_t node,
                      int (*serve)(struct task *task));
int task_set_name(struct task *task, const char *name);
void task_on_name(fuse_req_t req, enum operation operation, fuse_ino_t parent, const char *name,
                  int (*serve)(struct task *task));
void task_hold(struct task *task, uint64_t directory);
void task_hold_name(struct task *task, uint64_t directory, const char *name);
void task_run(struct task *task);
void task_fail(struct task *task, int r);
int task_end(struct task *task);
const char *operation_name(enum operation operation);
