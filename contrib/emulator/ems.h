/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the files of EMS share: clusters and the jobs that work on them.
 */
#pragma once

#include "contrib/emulator/handler.h"

/* Scope: a project. */
#define EMS_CLUSTERS "ems/clusters" /* as shown; deleted ones stay, in state DELETED */
#define EMS_JOBS     "ems/jobs"     /* as shown; "_…" are never shown */
#define EMS_NODES    "ems/nodes"    /* by cluster id: {nodes: [names]}: no call lists them */

enum { EMS_NODES_MIN = 3, EMS_NODES_MAX = 512 };

/*
 * A CCE cluster that is well-formed and never exists: creation on it is accepted, and its job
 * fails.
 */
#define EMS_NIL_K8S "00000000-0000-0000-0000-000000000000"
/* A CCE cluster in which somebody has set custom metrics by hand: refused with monitor_enable. */
#define EMS_CUSTOM_METRICS_K8S "c0570000-3333-4444-a555-666677778888"

/* The kinds of jobs: rows of the table in ems_jobs.c, in this order. */
enum ems_work { EMS_CREATE, EMS_ENROLL, EMS_DELETE, EMS_EXPAND, EMS_SHRINK };

/*
 * Makes a job for a cluster and returns its id, borrowed. Work on one cluster is done one after the
 * other: the job stays INIT until those before it are over. `nodes` (taken over, may be NULL) are
 * the node names of expansion and shrinking.
 */
const char *ems_job_start(struct world *world, const char *project, const char *cluster,
                          enum ems_work work, struct json_object *nodes);
/*
 * A job of the past, for the seed. Times in ms; end 0: none. status is its state, message may be
 * NULL.
 */
void ems_job_seed(struct world *world, const char *project, const char *cluster, enum ems_work work,
                  const char *status, int64_t begin_ms, int64_t end_ms, const char *message);

/*
 * A cluster as creation and enrolment make it, in state CREATING, with node names; `spec` is
 * borrowed.
 */
struct json_object *ems_cluster_new(struct world *world, const char *project, const char *id,
                                    struct json_object *spec);
void ems_cluster_state(struct world *world, struct json_object *cluster, const char *status,
                       const char *reason);
const char *ems_k8s_name(const char *k8s_id, char *buf); /* EMS_NAME_SIZE */
enum { EMS_NAME_SIZE = 64 };

extern const struct handler ems_handlers[], ems_job_handlers[];
extern const struct event ems_job_events[];
void ems_seed(struct world *world, enum seed_kind kind, int64_t scale);
