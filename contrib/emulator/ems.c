/* SPDX-License-Identifier: Apache-2.0 */
/*
 * EMS: releases, features, labels, clusters, credentials.
 */
#include "contrib/emulator/ems.h"

#include "base/digest.h"
#include "contrib/emulator/util.h"

#include <string.h>

enum {
        CLUSTERS_PER_PAGE = 1000,
        RELEASES_PER_PAGE = 100,
        LABELS_PER_PAGE = 2000,
        COREDNS_NODES = 256
};

/* Answers a page of rows under a name, with the number of all of them. */
static struct json_object *page_of(const struct request *req, int64_t fallback, const char *name,
                                   struct json_object *rows) {
        struct json_object *answer = js_pack("{'total': i}", (int64_t)js_len(rows, ""));

        json_object_object_add(answer, name, page_cut(page_by_record(req, fallback, 0), rows));
        return answer;
}

static void list_releases(const struct request *req, struct response *resp) {
        static const char *const releases[][3] = {
                { "v1", "", "First release; clusters of it are enrolled by hand" },
                { "v1.0", "PREFERRED_VERSION", "Supports the newest features" },
                { "25.9.0", "", "Long-term support" },
                { "25.12.0", "", "Clusters are enrolled by themselves from here on" },
        };
        struct json_object *rows = json_object_new_array();

        for (size_t i = 0; i < ELEMENTSOF(releases); i++)
                json_object_array_add(rows,
                                      js_pack("{'version': s, 'tag': s, 'description': s}",
                                              releases[i][0], releases[i][1], releases[i][2]));
        reply_json(resp, 200, page_of(req, RELEASES_PER_PAGE, "releases", rows));
}

/* A value is text whatever its type says. */
static void list_features(const struct request *req, struct response *resp) {
        static const struct {
                const char *name, *type, *value, *description;
                bool on;
        } features[] = {
                { "feature.gates.max_clusters", "INT", "10", "Most clusters of a project", true },
                { "feature.gates.max_nodes", "INT", "512", "", true },
                { "feature.gates.cancel_jobs", "BOOL", "true", "Jobs can be cancelled", true },
                { "feature.gates.upgrade", "BOOL", "false", "", false },
        };
        struct json_object *rows = json_object_new_array(), *answer;

        for (size_t i = 0; i < ELEMENTSOF(features); i++)
                json_object_array_add(rows,
                                      js_pack("{'feature': s, 'switch': b, 'type': s, 'value': s,"
                                              "'description': s}",
                                              features[i].name, features[i].on, features[i].type,
                                              features[i].value, features[i].description));
        answer = page_of(req, RELEASES_PER_PAGE, "features", rows);
        js_set_str(answer, "/project_id", req->project);
        reply_json(resp, 200, answer);
}

/* Labels of the nodes of a CCE cluster; a key may have several values. */
static void list_labels(const struct request *req, struct response *resp) {
        static const char *const labels[][2] = {
                { "ems", "true" }, { "os", "linux" },   { "arch", "arm64" }, { "zone", "a" },
                { "zone", "b" },   { "role", "cache" }, { "pool", "" },
        };
        struct json_object *rows = json_object_new_array();

        if (!str_eq(query_param(req, "k8s_cluster_id"), EMS_NIL_K8S))
                for (size_t i = 0; i < ELEMENTSOF(labels); i++)
                        json_object_array_add(rows, js_pack("{'key': s, 'value': s}", labels[i][0],
                                                            labels[i][1]));
        reply_json(resp, 200, page_of(req, LABELS_PER_PAGE, "labels", rows));
}

static struct collection *clusters_of(const struct request *req) {
        return world_collection(req->world, EMS_CLUSTERS, req->project);
}

/* Most calls take the project from the caller: without one, nothing can be said. */
static bool has_project(const struct request *req, struct response *resp) {
        if (*req->project)
                return true;
        reply_error_code(req, resp, 500, "ems.00040003");
        return false;
}

static void list_clusters(const struct request *req, struct response *resp) {
        if (!has_project(req, resp))
                return;
        reply_json(resp, 200,
                   js_pack("{'clusters': o}",
                           page_cut(page_by_record(req, CLUSTERS_PER_PAGE, CLUSTERS_PER_PAGE),
                                    collection_array(clusters_of(req)))));
}

/* The cluster of the path; if there is none, answers so and returns NULL. */
static struct json_object *cluster_of(const struct request *req, struct response *resp) {
        const char *id = path_param(req, "cluster_id");
        struct json_object *cluster;

        if (!has_project(req, resp))
                return NULL;
        cluster = collection_get(clusters_of(req), id);
        if (!cluster)
                reply_error(req, resp, 404, "ems.00030005", "Cluster not found: [%s].", id);
        return cluster;
}

/* The same; one that is DELETED can be looked at, but nothing can be done with it. */
static struct json_object *living_cluster_of(const struct request *req, struct response *resp) {
        struct json_object *cluster = cluster_of(req, resp);

        if (!cluster || !str_eq(js_str(cluster, "/cluster_metadata/status"), "DELETED"))
                return cluster;
        reply_error(req, resp, 404, "ems.00030005", "Cluster not found: [%s].",
                    path_param(req, "cluster_id"));
        return NULL;
}

static void show_cluster(const struct request *req, struct response *resp) {
        struct json_object *cluster = cluster_of(req, resp);

        if (cluster)
                reply_json(resp, 200, json_object_get(cluster));
}

static bool name_is_taken(const struct request *req, const char *name) {
        struct collection *clusters = clusters_of(req);

        for (struct entry *entry = collection_first(clusters); entry; entry = entry_next(entry)) {
                struct json_object *cluster = entry_object(entry);

                if (str_eq(js_str(cluster, "/cluster_specification/name"), name) &&
                    !str_eq(js_str(cluster, "/cluster_metadata/status"), "DELETED"))
                        return true;
        }
        return false;
}

const char *ems_k8s_name(const char *k8s_id, char *buf) {
        snprintf(buf, EMS_NAME_SIZE, "cce-%.8s", k8s_id);
        return buf;
}

static void set_default(struct json_object *spec, const char *pointer, struct json_object *value) {
        if (js_get(spec, pointer))
                json_object_put(value);
        else
                (void)js_set(spec, pointer, value);
}

/* What the service puts in where the request says nothing. */
static struct json_object *spec_of(struct json_object *body) {
        struct json_object *spec = json_object_new_object();

        js_copy_members(
                spec, body,
                "name description charge_mode k8s_cluster_specification memory_specification");
        set_default(spec, "/description", json_object_new_string(""));
        set_default(spec, "/charge_mode", json_object_new_int(0));
        set_default(spec, "/k8s_cluster_specification/namespace", json_object_new_string("ems"));
        set_default(spec, "/k8s_cluster_specification/label",
                    js_pack("{'key': s, 'value': s}", "ems", "true"));
        set_default(spec, "/k8s_cluster_specification/node_count",
                    json_object_new_int(EMS_NODES_MIN));
        set_default(spec, "/k8s_cluster_specification/flavor",
                    json_object_new_string("ems.standard"));
        set_default(spec, "/k8s_cluster_specification/version", json_object_new_string(""));
        set_default(spec, "/k8s_cluster_specification/lts_enable", json_object_new_boolean(true));
        set_default(spec, "/k8s_cluster_specification/lts_connect_type", json_object_new_int(0));
        set_default(spec, "/k8s_cluster_specification/monitor_enable",
                    json_object_new_boolean(true));
        set_default(spec, "/k8s_cluster_specification/node_type", json_object_new_int(0));
        set_default(spec, "/memory_specification/huge_page_num", json_object_new_int(131072));
        set_default(spec, "/memory_specification/huge_page_flavor", json_object_new_int(2));
        return spec;
}

struct json_object *ems_cluster_new(struct world *world, const char *project, const char *id,
                                    struct json_object *spec) {
        int64_t count = js_int(spec, "/k8s_cluster_specification/node_count", EMS_NODES_MIN);
        struct json_object *names = json_object_new_array();
        char k8s[EMS_NAME_SIZE], now[TIME_SIZE];

        ems_k8s_name(js_str(spec, "/k8s_cluster_specification/k8s_cluster_id"), k8s);
        time_text(TIME_RFC3339, world_now(world), now);
        for (int64_t i = 1; i <= count; i++) {
                _cleanup_(freep) char *node = x_printf("%s-node-%05lld", k8s, (long long)i);

                json_object_array_add(names, json_object_new_string(node));
        }
        collection_put(world_collection(world, EMS_NODES, project), id,
                       js_pack("{'nodes': o}", names));
        return collection_put(world_collection(world, EMS_CLUSTERS, project), id,
                              js_pack("{'cluster_metadata': {'id': s, 'status': s, 'project_id': s,"
                                      "'created_at': s, 'updated_at': s, 'k8s_name': s,"
                                      "'available_node_count': i}, 'cluster_specification': o}",
                                      id, "CREATING", project, now, now, k8s, count,
                                      js_clone(spec)));
}

/* The reason is there only while the cluster does not simply run. */
void ems_cluster_state(struct world *world, struct json_object *cluster, const char *status,
                       const char *reason) {
        js_set_str(cluster, "/cluster_metadata/status", status);
        (void)js_set(cluster, "/cluster_metadata/updated_at",
                     time_json(TIME_RFC3339, world_now(world)));
        if (reason && !str_eq(status, "RUNNING"))
                js_set_str(cluster, "/cluster_metadata/reason", reason);
        else
                (void)js_remove(cluster, "/cluster_metadata/reason");
}

static bool name_is_free(const struct request *req, struct response *resp, const char *name) {
        if (!has_project(req, resp))
                return false;
        if (!name_is_taken(req, name))
                return true;
        reply_error(req, resp, 400, "ems.00030033",
                    "the cluster name: [%s] exist, please change cluster name", name);
        return false;
}

static void accept(const struct request *req, struct response *resp, const char *id,
                   enum ems_work work) {
        struct json_object *spec = spec_of(req->body);
        const char *job;

        ems_cluster_new(req->world, req->project, id, spec);
        json_object_put(spec);
        job = ems_job_start(req->world, req->project, id, work, NULL);
        reply_json(resp, 202, js_pack("{'job_id': s, 'cluster_id': s}", job, id));
}

/* The two add-ons of the CCE cluster that the service looks at before it accepts. */
static bool addons_are_good(const struct request *req, struct response *resp) {
        struct json_object *spec = js_get(req->body, "/k8s_cluster_specification");
        int64_t nodes = js_int(spec, "/node_count", EMS_NODES_MIN);

        if (nodes > COREDNS_NODES) {
                reply_error(req, resp, 400, "ems.00030002",
                            "CoreDNS specification check failed. Required for %lld nodes: "
                            "replicas>[2], "
                            "CPU>[500m], Memory>[512Mi]. Please upgrade the CoreDNS add-on flavor "
                            "first.",
                            (long long)nodes);
                return false;
        }
        if (!str_eq(js_str(spec, "/k8s_cluster_id"), EMS_CUSTOM_METRICS_K8S) ||
            !js_bool(spec, "/monitor_enable", true))
                return true;
        reply_error(
                req, resp, 400, "ems.00030002",
                "CIE-collector add-on specification check failed. you explicitly configured the "
                "enable_custom_metrics=true, the content is not the configuration used by the EMS "
                "service. Please set the enable_custom_metrics=false or create ems cluster with "
                "monitor_enable=false in request body.");
        return false;
}

/*
 * The text does not say that a name may be left out, only its flag cannot be read: then one is
 * made.
 */
static void create_cluster(const struct request *req, struct response *resp) {
        char id[UUID_SIZE], name[EMS_NAME_SIZE];

        world_uuid(req->world, id);
        if (!js_str(req->body, "/name")) {
                snprintf(name, sizeof(name), "ems-%.8s", id);
                js_set_str(req->body, "/name", name);
        }
        if (name_is_free(req, resp, js_str(req->body, "/name")) && addons_are_good(req, resp))
                accept(req, resp, id, EMS_CREATE);
}

static void enroll_cluster(const struct request *req, struct response *resp) {
        const char *given = js_str(req->body, "/cluster_id");
        char id[UUID_SIZE];

        if (!name_is_free(req, resp, js_str(req->body, "/name")))
                return;
        if (given && collection_get(clusters_of(req), given)) {
                reply_error_code(req, resp, 400, "EMS.00004000");
                return;
        }
        world_uuid(req->world, id);
        if (!js_get(req->body, "/k8s_cluster_specification/version"))
                js_set_str(req->body, "/k8s_cluster_specification/version", "v1");
        accept(req, resp, given ? given : id, EMS_ENROLL);
}

static bool has_job(const struct request *req, const char *cluster) {
        struct collection *jobs = world_collection(req->world, EMS_JOBS, req->project);

        for (struct entry *entry = collection_first(jobs); entry; entry = entry_next(entry)) {
                const char *status = js_str(entry_object(entry), "/status");

                if (str_eq(js_str(entry_object(entry), "/cluster_id"), cluster) &&
                    (str_eq(status, "INIT") || str_eq(status, "RUNNING")))
                        return true;
        }
        return false;
}

/* Deletable: what runs, what is frozen, and what could not be created and is left lying. */
static void delete_cluster(const struct request *req, struct response *resp) {
        struct json_object *cluster = living_cluster_of(req, resp);
        const char *status = js_str(cluster, "/cluster_metadata/status");
        const char *id = path_param(req, "cluster_id");
        bool failed = str_eq(status, "CREATING") && !has_job(req, id);

        if (!cluster)
                return;
        if (!failed && !str_eq(status, "RUNNING") && !str_eq(status, "FREEZE")) {
                reply_error(req, resp, 400, "ems.00030034",
                            "Cluster cannot be deleted in current state: [%s]", status);
                return;
        }
        ems_cluster_state(req->world, cluster, "DELETING", "The cluster is being deleted.");
        reply_json(resp, 202,
                   js_pack("{'job_id': s}",
                           ems_job_start(req->world, req->project, id, EMS_DELETE, NULL)));
}

/* What this grants can neither be read nor taken back. */
static void authorize_cluster(const struct request *req, struct response *resp) {
        struct json_object *cluster = living_cluster_of(req, resp);

        if (cluster)
                reply_empty(resp, 204);
}

static bool holds(struct json_object *names, const char *name, size_t from) {
        for (size_t i = from; i < js_len(names, ""); i++)
                if (str_eq(js_str(js_at(names, i), ""), name))
                        return true;
        return false;
}

/* New names for an expansion, known ones for shrinking; none empty, none twice. */
static bool nodes_are_good(const struct request *req, struct json_object *wanted, bool known) {
        struct json_object *have =
                js_get(collection_get(world_collection(req->world, EMS_NODES, req->project),
                                      path_param(req, "cluster_id")),
                       "/nodes");

        for (size_t i = 0; i < js_len(wanted, ""); i++) {
                const char *name = js_str(js_at(wanted, i), "");

                if (!*name || holds(wanted, name, i + 1) || holds(have, name, 0) != known)
                        return false;
        }
        return js_len(wanted, "") > 0;
}

static void scale(const struct request *req, struct response *resp, enum ems_work work) {
        struct json_object *cluster = living_cluster_of(req, resp),
                           *wanted = js_get(req->body, "/node_name_list");
        const char *status = js_str(cluster, "/cluster_metadata/status");
        int64_t count =
                js_int(cluster, "/cluster_specification/k8s_cluster_specification/node_count", 0);

        if (!cluster)
                return;
        count += (work == EMS_EXPAND ? 1 : -1) * (int64_t)js_len(wanted, "");
        if (!word_in("RUNNING EXPANDING SHRINKING", status, false))
                reply_error(req, resp, 400, "ems.00030034",
                            "Cluster cannot be scaled in current state: [%s]", status);
        else if (!nodes_are_good(req, wanted, work == EMS_SHRINK))
                reply_error_code(req, resp, 400, "EMS.00004000");
        else if (count < EMS_NODES_MIN || count > EMS_NODES_MAX)
                reply_error(req, resp, 400, "common.00000400",
                            "[k8s_cluster_specification].[node_count]: must be %s than or equal to "
                            "[%d]",
                            count < EMS_NODES_MIN ? "greater" : "less",
                            count < EMS_NODES_MIN ? EMS_NODES_MIN : EMS_NODES_MAX);
        else
                reply_json(resp, 202,
                           js_pack("{'job_id': s}", ems_job_start(req->world, req->project,
                                                                  path_param(req, "cluster_id"),
                                                                  work, json_object_get(wanted))));
}

static void expand_cluster(const struct request *req, struct response *resp) {
        scale(req, resp, EMS_EXPAND);
}

static void shrink_cluster(const struct request *req, struct response *resp) {
        scale(req, resp, EMS_SHRINK);
}

/* The project of the path must be that of the caller. */
static bool owns_project(const struct request *req, struct response *resp) {
        const char *own = req->caller->project_id;

        if (!*own || str_eq(own, req->project))
                return true;
        reply_error_code(req, resp, 500, "ems.00040003");
        return false;
}

static void list_credentials(const struct request *req, struct response *resp) {
        if (owns_project(req, resp))
                reply_json(resp, 200,
                           collection_array(
                                   world_collection(req->world, "ems/credentials", req->project)));
}

/* What a second call does is not said: here it adds another one. */
static void create_credential(const struct request *req, struct response *resp) {
        struct json_object *credential;
        char key[33];

        if (!owns_project(req, resp))
                return;
        world_hex(req->world, key, 32);
        credential = js_pack("{'projectId': s, 'cdKey': s, 'createAt': i}", req->project, key,
                             world_now(req->world));
        collection_put(world_collection(req->world, "ems/credentials", req->project), key,
                       credential);
        reply_json(resp, 200, json_object_get(credential));
}

const struct handler ems_handlers[] = {
        { "listReleases", list_releases },
        { "listFeatures", list_features },
        { "listClustersLabels", list_labels },
        { "listClusters", list_clusters },
        { "showCluster", show_cluster },
        { "createCluster", create_cluster },
        { "enrollCluster", enroll_cluster },
        { "deleteClusterById", delete_cluster },
        { "authorizeCluster", authorize_cluster },
        { "expandCluster", expand_cluster },
        { "shrinkCluster", shrink_cluster },
        { "createCredentialInfo", create_credential },
        { "showCredentialInfo", list_credentials },
        { 0 },
};
