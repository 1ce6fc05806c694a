/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the files of DWS share: where its state lies, warehouses (the API calls them clusters) and
 * the one task at a time that each of them may have.
 */
#pragma once

#include "contrib/emulator/handler.h"

/* Scope: a project; key: the cluster's id. Three parts of one cluster: */
#define DWS_CLUSTERS "dws/clusters" /* exactly what the list shows */
#define DWS_DETAILS  "dws/details"  /* the members that only the single-item call adds */
#define DWS_HIDDEN   "dws/hidden" /* what no call shows as it is: CNs, switch, backup settings… */
#define DWS_GONE     "dws/gone"   /* ids of deleted clusters */
/* Scope: a project. */
#define DWS_SNAPSHOTS "dws/snapshots" /* all members of the three forms; "_…" are never shown */
#define DWS_EVENTS    "dws/events"
#define DWS_QUOTAS    "dws/quotas"
/* Scope: a cluster's id. */
#define DWS_POLICIES       "dws/policies"
#define DWS_QUEUES         "dws/queues"
#define DWS_PLANS          "dws/plans"
#define DWS_SOURCES        "dws/sources"
#define DWS_CONFIGURATIONS "dws/configurations"
#define DWS_AUDIT          "dws/audit"

/*
 * An id that is well-formed and that no VPC, subnet, security group, EIP or MRS cluster ever has.
 */
#define DWS_NIL_UUID "00000000-0000-0000-0000-000000000000"

enum { SECOND_MS = 1000, MINUTE_MS = 60 * SECOND_MS };

/* One cluster; everything is borrowed from the world and from whoever named the project. */
struct warehouse {
        struct world *world;
        const char *project, *id;
        struct json_object *list, *detail, *hidden; /* entries of the three collections above */
};

/* Finds a cluster in any state. */
bool warehouse_find(struct world *world, const char *project, const char *id,
                    struct warehouse *ret);
/* The cluster of an event's argument (see warehouse_argument()); false when it is gone by now. */
bool warehouse_of_event(struct world *world, struct json_object *argument, struct warehouse *ret);
/* {project, cluster}, for warehouse_task(); more members may be added. */
struct json_object *warehouse_argument(const struct warehouse *w);

/* The cluster that {cluster_id} names. If there is none it answers so and returns false. */
bool warehouse_of(const struct request *req, struct response *resp, struct warehouse *ret);
/* The same; answers 403 DWS.7023 and returns false also when it is not usable or has a task. */
bool warehouse_idle(const struct request *req, struct response *resp, struct warehouse *ret);
/* Whether a known cluster is usable and has no task (or only one that failed). */
bool warehouse_is_idle(const struct warehouse *w);
void dws_refuse_busy(const struct request *req, struct response *resp);

/*
 * Begins a task: task_status is its name, action_progress grows from 0 to 80 percent under `key`
 * (NULL: the documents know no key for it), and after cloud_ms the event comes with the argument
 * (taken over).
 */
void warehouse_task(const struct warehouse *w, const char *task, const char *key, int64_t cloud_ms,
                    const char *event, struct json_object *argument);
/* Only the growing action_progress of warehouse_task(). */
void warehouse_progress(const struct warehouse *w, const char *key, int64_t cloud_ms);
/* Ends a task, with the state of failure or NULL; the cluster counts as changed. */
void warehouse_task_end(const struct warehouse *w, const char *failure);
void warehouse_touch(const struct warehouse *w);

/* Notes an event of a cluster for the event list: "createClusterSuccess", "Cluster %s created". */
void warehouse_event(const struct warehouse *w, const char *name, const char *display,
                     const char *severity, const char *template);
/* The same for anything: source_type is "cluster" or "backup". */
void dws_event(struct world *world, const char *project, const char *source_type,
               struct json_object *source, const char *name, const char *display,
               const char *severity, const char *template);

/*
 * 400 DWS.0001 with a text: what the service says of ids it does not know, where nothing better is
 * printed.
 */
void dws_unknown(const struct request *req, struct response *resp, const char *what,
                 const char *id);
/* 400 DWS.5065 with a text. */
void dws_invalid(const struct request *req, struct response *resp, const char *why);
/* 200 with a new job id; no call reads it. */
void dws_reply_job(const struct request *req, struct response *resp);

/* A new object with references to those members of `from` that the blank-separated list names. */
struct json_object *dws_view(struct json_object *from, const char *names);
/* An id that is always the same for the same two texts, into buf (UUID_SIZE). */
const char *dws_derived_uuid(const char *a, const char *b, char *buf);
bool dws_is_uuid(const char *text);
/*
 * The region that a project belongs to ("cn-north-4" for "cn-north-4_analytics"), into buf
 * (REGION_SIZE).
 */
enum { REGION_SIZE = 64 };
const char *dws_region(struct world *world, const char *project, char *buf);
/* The offset of "GMT", "UTC", "GMT+08:00", … in ms. Returns 0 or -EINVAL. */
int dws_time_zone(const char *text, int64_t *ret_ms);
/* The first time after `from_ms` that fits a cron expression with seconds. Returns 0 or -EINVAL. */
int dws_cron_next(const char *expression, int64_t from_ms, int64_t *ret_ms);

/* Flavors and zones: dws_catalog.c. */
struct flavor {
        const char *name, *id;
        const char *type; /* dws or hybrid */
        const char *architecture, *version;
        const char *sold_out; /* last letter of the zone that has no more of it, or NULL */
        int vcpus, ram, disk; /* GB per node */
        bool elastic;         /* whether the disk can be chosen */
        bool no_capacity;     /* creation is accepted and fails later */
};
const struct flavor *flavor_by_name(const char *name);
const struct flavor *flavor_by_id(const char *id);
enum zone_state { ZONE_UNKNOWN, ZONE_USABLE, ZONE_UNAVAILABLE };
enum zone_state dws_zone(struct world *world, const char *project, const char *code);
/* Nodes that the quota of the project still allows. */
int64_t dws_nodes_left(struct world *world, const char *project);
/* The number of nodes that the project may have from now on. */
void dws_quota_set(struct world *world, const char *project, int64_t nodes);

/* A warehouse as it is wished for, by whichever call. NULL where the caller said nothing. */
struct wish {
        const char *name, *zone, *vpc, *subnet, *group, *user, *password, *enterprise, *bind, *eip;
        const struct flavor *flavor;
        int64_t nodes, cns, port; /* 0: the default */
        struct json_object *tags; /* an array, borrowed */
        char zone_buf[REGION_SIZE + 1]; /* where `zone` may point to: one letter after the region */
};
/* Answers an error and returns false when the wish cannot be fulfilled; fills in the defaults. */
bool wish_check(const struct request *req, struct response *resp, struct wish *wish);
/* Makes the cluster, in state CREATING, without anything that goes on. */
void wish_build(struct world *world, const char *project, const struct wish *wish,
                struct warehouse *ret);
/* Lets the cluster become AVAILABLE (or fail, where the flavor has no capacity) after cloud_ms. */
void warehouse_create(const struct warehouse *w, const char *task, int64_t cloud_ms);
/* Makes it AVAILABLE at once. */
void warehouse_ready(const struct warehouse *w);
/* Whether a password is one of those remembered; remembers it. Passwords are kept as digests. */
bool warehouse_password_is_used(const struct warehouse *w, const char *password);
void warehouse_password_put(const struct warehouse *w, const char *password);
/* NULL, or the code of the rule that the password breaks. */
const char *dws_password_problem(const char *password, const char *user);
/* Gives it an elastic IP, or takes it away (NULL). */
void warehouse_eip(const struct warehouse *w, const char *bind, const char *eip);
/* Adds nodes in that state ("100", "199", "200"); they are not counted in number_of_node. */
void warehouse_add_nodes(const struct warehouse *w, int64_t count, const char *state);
/* Sets the state of all nodes that are in state `from` (NULL: of all). */
void warehouse_nodes_state(const struct warehouse *w, const char *from, const char *to);

/* Snapshots: dws_snapshots.c. */
/* A snapshot that is being made; type is MANUAL or AUTO. Borrowed from the world. */
struct json_object *snapshot_new(const struct warehouse *w, const char *name, const char *type,
                                 const char *description);
void snapshot_finish(struct json_object *snapshot, int64_t now_ms, double size);
/* What a deleted cluster leaves: the newest `keep` manual snapshots. */
void snapshots_reduce(struct world *world, const char *project, const char *cluster, int64_t keep);

/* Makes the load balancer of a cluster that goes a candidate again. */
void warehouse_release_elb(const struct warehouse *w);

/* The two policies and the settings that a new cluster has. */
void dws_policies_default(const struct warehouse *w);
/* Ends Pending-Reboot. */
void dws_configurations_restarted(const struct warehouse *w);
void dws_reboot(const struct warehouse *w);

extern const struct handler dws_catalog_handlers[], dws_cluster_handlers[], dws_scale_handlers[],
        dws_workload_handlers[], dws_snapshot_handlers[], dws_policy_handlers[],
        dws_source_handlers[], dws_network_handlers[], dws_tag_handlers[], dws_parameter_handlers[],
        dws_notice_handlers[];
extern const struct event dws_cluster_events[], dws_scale_events[], dws_snapshot_events[],
        dws_source_events[], dws_network_events[], dws_parameter_events[];
void dws_seed(struct world *world, enum seed_kind kind, int64_t scale);
