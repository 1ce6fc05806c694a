/* SPDX-License-Identifier: Apache-2.0 */
/* Requests about files and links. */
#pragma once

#include "fs/subject.h"
#include "fs/task.h"

struct editing;
struct scratch;

/* An open file. Protected by the tree's lock. */
struct handle {
        struct handle *next, **link;   /* all that are open */
        struct node *node;             /* referenced */
        struct document *snapshot;     /* direct: what this handle reads; referenced */
        struct fuse_pollhandle *waker; /* who polls and is to be woken; owned */
        struct handle *poll_next;
        int64_t polled_ms;             /* monotonic clock: last asked anew for its sake */
        uint64_t seen_hash;            /* version last read from its beginning */
        uint64_t begin, read_end;      /* of a log: where offset 0 stands, how far it was read */
        bool has_seen, is_direct, is_polled;
        bool can_write;
        bool is_ours;                  /* fs/write.c: not of a published version … */
        bool has_secret;               /* … and wiped when it ends */
        pid_t process;                 /* that opened it for writing */
        struct editing *editing;       /* what is written; referenced */
        struct scratch *scratch;       /* of the node, with `handles` counted */
        struct subject subject;        /* what an edit is of, where it existed when it was opened */
};

struct handle *handle_of(const struct task *task);
struct handle *handle_new(struct session *session, struct node *node);
void handle_drop(struct session *session, struct handle *handle);
void handle_end(struct session *session, struct handle *handle);
int file_ready(struct task *task, bool with_bytes, bool must_be_usable, struct node **ret);
int file_ready_to_open(struct task *task, struct node **ret);
int file_look_live(struct task *task, struct document **ret);
void file_end_all(struct session *session);
void file_on_getattr(fuse_req_t req, fuse_ino_t node, struct fuse_file_info *fi);
void file_on_readlink(fuse_req_t req, fuse_ino_t node);
void file_on_open(fuse_req_t req, fuse_ino_t node, struct fuse_file_info *fi);
void file_on_read(fuse_req_t req, fuse_ino_t node, size_t size, off_t offset,
                  struct fuse_file_info *fi);
void file_on_flush(fuse_req_t req, fuse_ino_t node, struct fuse_file_info *fi);
void file_on_fsync(fuse_req_t req, fuse_ino_t node, int datasync, struct fuse_file_info *fi);
void file_on_release(fuse_req_t req, fuse_ino_t node, struct fuse_file_info *fi);
void file_on_poll(fuse_req_t req, fuse_ino_t node, struct fuse_file_info *fi,
                  struct fuse_pollhandle *waker);
