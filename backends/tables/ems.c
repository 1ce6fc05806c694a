/* SPDX-License-Identifier: Apache-2.0 */
/* EMS: memory clusters and their jobs. Facts: the contract's notes on EMS. */
#include "backends/rows.h"
#include "backends/tables/ems-calls.h"
#include "backends/tables/ems-change.h"

#define LIST(...) ((const char *const[]){ __VA_ARGS__, NULL })

#define EMS_GET(name, template) \
        .id = (name), .service = "ems", .path = (template), .scope = SCOPE_PROJECT

static const struct call list_releases = { EMS_GET("listReleases", "/v1/releases"),
                                           .items = "/releases",
                                           .key = "/version",
                                           .total = "/total",
                                           .paging = PAGING_OFFSET,
                                           .page_size = 1000,
                                           .ttl_s = 3600 };
static const struct call list_features = { EMS_GET("listFeatures", "/v1/features"),
                                           .items = "/features",
                                           .key = "/feature",
                                           .total = "/total",
                                           .paging = PAGING_OFFSET,
                                           .page_size = 100,
                                           .ttl_s = 600 };
/* Beyond record 4000 the offset's own bound ends the list. */
static const struct call list_clusters_labels = { EMS_GET("listClustersLabels",
                                                          "/v1/clusters/labels"),
                                                  .query = "k8s_cluster_id={k8s_cluster_id}",
                                                  .items = "/labels",
                                                  .key = "/key,/value",
                                                  .total = "/total",
                                                  .paging = PAGING_OFFSET,
                                                  .page_size = 2000,
                                                  .most = 4000 };
static const struct call list_clusters = { EMS_GET("listClusters", "/v1/clusters"),
                                           .items = "/clusters", .key = "/cluster_metadata/id",
                                           .paging = PAGING_OFFSET, .page_size = 1000 };
static const struct call show_cluster = { EMS_GET("showCluster", "/v1/clusters/{cluster_id}") };
static const struct call list_long_jobs = {
        EMS_GET("listJobs", "/v1/jobs"), .query = "job_type=long", .items = "/jobs", .key = "/id",
        .paging = PAGING_OFFSET,         .page_size = 1000
};
/* The list shows short jobs only unless it is asked twice. */
static const struct call list_jobs = { EMS_GET("listJobs", "/v1/jobs"),
                                       .query = "job_type=short",
                                       .items = "/jobs",
                                       .key = "/id",
                                       .paging = PAGING_OFFSET,
                                       .page_size = 1000,
                                       .also = &list_long_jobs };
static const struct call show_job = { EMS_GET("showJob", "/v1/jobs/{job_id}"),
                                      .is_volatile = true };

/* The contract has no state for a creation that failed: that shows in the job alone. */
static const struct life cluster_life = {
        .at = "/cluster_metadata/status",
        .busy = LIST("CREATING", "UPGRADING", "EXPANDING", "SHRINKING", "DELETING"),
        .good = LIST("RUNNING"),
        .bad = LIST("FREEZE"),
};
static const struct life job_life = {
        .at = "/status",
        .busy = LIST("INIT", "RUNNING"),
        .good = LIST("COMPLETED"),
        .bad = LIST("FAILED", "STOPPED"),
};

#define CLUSTER_MOVES                                           \
        "/cluster_metadata/status", "/cluster_metadata/reason", \
                "/cluster_metadata/available_node_count", "/cluster_metadata/updated_at"

static const struct kind cluster = {
        .name = "cluster",
        .service = "ems",
        .list = &list_clusters,
        .refresh = &show_cluster,
        .label = "/cluster_specification/name",
        .params = LIST("cluster_id"),
        .create = &ems_cluster_create,
        .removal = &ems_cluster_removal,
        .content.actions = ems_cluster_actions,
        .shared.actions = ems_clusters_actions,
        .modified = LIST("/cluster_metadata/updated_at"),
        .created = LIST("/cluster_metadata/created_at"),
        .only = { .at = "/cluster_metadata/status", .is = "DELETED", .negate = true },
        .life = &cluster_life,
        .content.files =
                (const struct file[]){
                        /* The list's elements are what showCluster answers: one call fills all of
                         * them. */
                        { .name = "cluster.json",
                          .from = FROM_ITEM,
                          .without = LIST(CLUSTER_MOVES) },
                        { .name = "status.json",
                          .from = FROM_ITEM,
                          .at = "/cluster_metadata",
                          .only = LIST("/status", "/reason", "/available_node_count",
                                       "/updated_at"),
                          .is_volatile = true },
                        { 0 },
                },
};
static const struct kind job = {
        .name = "job",
        .service = "ems",
        .shape = SHAPE_DOCUMENT,
        .list = &list_jobs,
        .refresh = &show_job,
        .params = LIST("job_id"),
        .shared.actions = ems_jobs_actions,
        .life = &job_life,
        .modified = LIST("/end_at", "/begin_at", "/created_at"),
        .created = LIST("/created_at"),
        .content.files =
                (const struct file[]){
                        { .name = "*.json", .from = FROM_ITEM, .is_volatile = true },
                        { 0 },
                },
};

/* Labels belong to a Kubernetes cluster; the ids to offer are those that memory clusters stand
 * on. */
static const struct kind node_labels = {
        .name = "node-labels",
        .service = "ems",
        .shape = SHAPE_DOCUMENT,
        .list = &list_clusters,
        .params = LIST("k8s_cluster_id"),
        .id_at = "/cluster_specification/k8s_cluster_specification/k8s_cluster_id",
        .only = { .at = "/cluster_metadata/status", .is = "DELETED", .negate = true },
        .content.files =
                (const struct file[]){
                        { .name = "*.json",
                          .from = FROM_CALL,
                          .call = &list_clusters_labels,
                          .at = "/labels" },
                        { 0 },
                },
};

const struct service ems_service = {
        .name = "ems",
        .title = "Elastic Memory Service",
        .calls = ems_calls,
        .content = {
                .actions = ems_actions,
                .files = (const struct file[]){
                        { .name = "releases.json", .from = FROM_CALL, .call = &list_releases,
                          .at = "/releases" },
                        { .name = "features.json", .from = FROM_CALL, .call = &list_features,
                          .at = "/features" },
                        { 0 },
                },
                .children = (const struct child[]){
                        { .name = "clusters", .kind = &cluster },
                        { .name = "node-labels", .kind = &node_labels },
                        { .name = "jobs", .kind = &job },
                        { 0 },
                },
        },
};
