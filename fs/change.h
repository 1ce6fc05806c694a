/* SPDX-License-Identifier: Apache-2.0 */
/* Requests that change something. */
#pragma once

#include "fs/task.h"

struct content;

int change_may_open(struct task *task, const struct node *node);
int change_refuse(struct op *op, const struct node *node, int error, const char *reason);
int change_ready(struct task *task, uint64_t id, struct node **ret);
void change_outdates(struct session *session, struct node *dir);
void change_refreshes(struct session *session, struct node *dir,
                      void (*forget)(struct content *content));
void change_is_told_with(struct session *session, struct node *dir, const struct place *place);
void change_sets_to_work(struct session *session, const struct node *dir);
void change_relates(struct session *session, struct node *node);
struct node *change_leads_to(struct session *session, struct node *dir, const char *target);
void change_acts_on(struct session *session, struct node *dir);
int change_work_for(struct session *session, struct op *op, struct node *dir, bool must_be_new);

/* fs/change.c */
void change_on_write(fuse_req_t req, fuse_ino_t node, const char *data, size_t size, off_t offset,
                     struct fuse_file_info *fi);
/* fs/setattr.c */
void change_on_setattr(fuse_req_t req, fuse_ino_t node, struct stat *attr, int to_set,
                       struct fuse_file_info *fi);
/* fs/create.c */
void change_on_create(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode,
                      struct fuse_file_info *fi);
void change_on_mknod(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode,
                     dev_t device);
/* fs/make.c */
void change_on_mkdir(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode);
void change_on_symlink(fuse_req_t req, const char *target, fuse_ino_t parent, const char *name);
void change_on_link(fuse_req_t req, fuse_ino_t node, fuse_ino_t parent, const char *name);
/* fs/remove.c */
void change_on_unlink(fuse_req_t req, fuse_ino_t parent, const char *name);
void change_on_rmdir(fuse_req_t req, fuse_ino_t parent, const char *name);
/* fs/rename.c */
void change_on_rename(fuse_req_t req, fuse_ino_t parent, const char *name, fuse_ino_t to_parent,
                      const char *to_name, unsigned flags);
