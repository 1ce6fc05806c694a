/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Long work: resources on their way to an end of their life cycle, asked about at longer and longer
 * intervals until they are there, over restarts too. `.hcloudfs/jobs/` tells of them, a file each;
 * a path written to `.hcloudfs/watch` has one watched that somebody else set to work.
 */
#pragma once

#include <pthread.h>

#include "backends/change.h"
#include "fs/node.h"

struct op;
struct session;
struct subject;
struct task;
struct working;

enum { JOBS_MAX = 1024, JOB_NAME_SIZE = 256 };

struct jobs {
        pthread_mutex_t lock; /* a leaf */
        struct working *first;
        size_t count;
};

extern const struct branch_ops jobs_ops;

int jobs_init(struct jobs *jobs);
void jobs_done(struct jobs *jobs);
int jobs_start(struct session *session);
int jobs_watch(struct session *session, struct op *op, const char *path);
void jobs_note(struct session *session, const struct subject *subject, struct place *place,
               const char *path, const char *started_by, bool is_removal);
int jobs_remove(struct task *task);
void job_name(const char *path, char ret[JOB_NAME_SIZE]);
