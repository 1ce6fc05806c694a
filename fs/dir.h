/* SPDX-License-Identifier: Apache-2.0 */
/* Requests about directories and the names in them. */
#pragma once

#include "fs/task.h"

int dir_reply_entry(struct task *task, struct node *node, double timeout);
void dir_on_lookup(fuse_req_t req, fuse_ino_t parent, const char *name);
void dir_on_forget(fuse_req_t req, fuse_ino_t node, uint64_t lookups);
void dir_on_forget_many(fuse_req_t req, size_t count, struct fuse_forget_data *forgets);
void dir_on_open(fuse_req_t req, fuse_ino_t node, struct fuse_file_info *fi);
void dir_on_read(fuse_req_t req, fuse_ino_t node, size_t size, off_t offset,
                 struct fuse_file_info *fi);
void dir_on_read_plus(fuse_req_t req, fuse_ino_t node, size_t size, off_t offset,
                      struct fuse_file_info *fi);
void dir_on_release(fuse_req_t req, fuse_ino_t node, struct fuse_file_info *fi);
void dir_on_statfs(fuse_req_t req, fuse_ino_t node);
