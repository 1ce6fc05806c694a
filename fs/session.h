/* SPDX-License-Identifier: Apache-2.0 */
/* One mount: everything that its threads share. */
#pragma once

#include "fs/ahead.h"
#include "fs/archive.h"
#include "fs/commit.h"
#include "fs/ending.h"
#include "fs/jobs.h"
#include "fs/later.h"
#include "fs/feed.h"
#include "fs/notify.h"
#include "fs/overlay.h"
#include "fs/readers.h"
#include "fs/reasons.h"
#include "fs/shelves.h"
#include "fs/watch.h"
#include "fs/record.h"
#include "fs/wait.h"
#include "fs/wards.h"

struct recovery;

/* An account to be shown. */
struct session_account {
        const char *name;
        struct branch *branch;   /* borrowed, outlives the session */
        struct place *place;     /* its root, borrowed; NULL: it could not be set up */
        int64_t since_ms;        /* realtime, of its first mount; 0: unknown */
        const char *note;        /* how it is logged in, or why not; borrowed, or NULL */
        struct journal *journal; /* what its changes go through; borrowed, NULL: none are made */
        const struct op_fault *fault; /* why not, borrowed; NULL: it is logged in */
        const struct op_fault *doubt; /* what else is wrong with it, borrowed, or NULL */
};

struct session_options {
        const struct session_account *accounts; /* borrowed, as are all pointers here */
        size_t n_accounts;
        bool is_plan_only; /* `-o plan`: changes are written down and not sent */
        bool is_read_only; /* `-o ro`: the kernel keeps files open without asking us */
        uid_t uid;         /* whom everything belongs to */
        gid_t gid;
        const char *mountpoint;                     /* absolute */
        unsigned max_read;                          /* as its mount option; 0: none was given */
        int64_t timeout_ms;                         /* of one operation of a program; 0: a minute */
        bool is_lazy;                               /* nothing is asked for ahead of need */
        int (*limits)(void *data, struct buf *buf); /* text of `limits`; NULL: none */
        int (*state)(void *data, struct buf *buf);  /* further lines of `status`; NULL: none */
        void (*ready)(void *data);                  /* the mount can be used; or NULL */
        void *data;                                 /* for all three */
};

struct session {
        struct tree tree;
        struct wait wait;
        struct notify notify;
        struct ahead ahead;
        struct watch watch;
        struct feeds feeds;
        struct trail events; /* fs/events.h */
        struct record record;
        struct session_options options;
        struct branch root, control, why, overlay, archive_branch, queue_branch, jobs_branch;
        struct jobs jobs;
        struct archive archive;
        struct recovery *recovery;
        struct commits commits;
        struct later later;
        struct readers readers;
        struct blob_store blobs;
        struct scratch_store scratch; /* tree's lock */
        pthread_cond_t sent;          /* an edit was sent; with the tree's lock */
        struct shelves shelves;       /* tree's lock */
        struct reasons reasons;       /* tree's lock */
        struct wards wards;           /* tree's lock */
        struct aways aways;           /* tree's lock */
        struct leaving *leavings;     /* tree's lock */
        struct arrival *arrivals;     /* tree's lock */
        unsigned n_arrivals;          /* tree's lock */
        unsigned n_new;               /* new documents that were never sent; tree's lock */
        struct handle *handles;       /* that are open; tree's lock */
        struct ending_waits waits;    /* tree's lock */
        struct fuse_session *fuse;
        int64_t began_s;     /* realtime */
        size_t learnt_bytes; /* of documents since memory was looked over; tree's lock */
        pthread_t loop;      /* thread that runs the loop, while it runs */
        atomic_bool is_running, is_stopping;
        atomic_bool is_greeted; /* the kernel has its answer to INIT; fs/compat.c */
        bool has_parallel_directories;
};

int session_new(const struct session_options *options, struct session **ret);
struct session *session_free(struct session *session);
DEFINE_CLEANUP(struct session *, session_free)
int session_mount(struct session *session, struct fuse_args *args);
int session_run(struct session *session);
void session_stop(struct session *session);

/* fs/compat.c: what this libfuse lacks. */
int compat_attach(struct session *session);
