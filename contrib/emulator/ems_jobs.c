/* SPDX-License-Identifier: Apache-2.0 */
/*
 * EMS: jobs. Each does the tasks of its row in the table, one after the other, and then what it was
 * for.
 */
#include "contrib/emulator/ems.h"

#include "contrib/emulator/util.h"

#include <string.h>

enum {
        MINUTE_MS = 60 * 1000,
        QUEUE_MS = 5 * 1000,
        TASKS_MAX = 4,
        JOBS_PER_PAGE = 1000,
        IDS_MAX = 100
};

/* Done at the end of a job; false: it failed. The cluster exists. */
typedef bool (*finish_fn)(struct world *world, const char *project, struct json_object *cluster,
                          struct json_object *job);

static bool finish_create(struct world *world, const char *project, struct json_object *cluster,
                          struct json_object *job);
static bool finish_delete(struct world *world, const char *project, struct json_object *cluster,
                          struct json_object *job);
static bool finish_scale(struct world *world, const char *project, struct json_object *cluster,
                         struct json_object *job);

static const struct work {
        const char *name, *type; /* type: how ids begin; the list tells jobs apart by it */
        const char *state;       /* of the cluster meanwhile */
        int64_t cloud_ms;
        bool can_cancel;
        finish_fn finish;
        const char *tasks[TASKS_MAX];
} works[] = {
        [EMS_CREATE] = { "Create EMS cluster",
                         "long",
                         "CREATING",
                         6 * MINUTE_MS,
                         false,
                         finish_create,
                         { "Check add-ons", "Reserve huge pages", "Deploy cache", "Enrol" } },
        [EMS_ENROLL] = { "Enroll EMS cluster",
                         "short",
                         "CREATING",
                         MINUTE_MS,
                         false,
                         finish_create,
                         { "Check cluster", "Enrol" } },
        [EMS_DELETE] = { "Delete EMS cluster",
                         "short",
                         "DELETING",
                         2 * MINUTE_MS,
                         false,
                         finish_delete,
                         { "Stop cache", "Release huge pages" } },
        [EMS_EXPAND] = { "Expand EMS cluster",
                         "long",
                         "EXPANDING",
                         4 * MINUTE_MS,
                         true,
                         finish_scale,
                         { "Check nodes", "Reserve huge pages", "Deploy cache" } },
        [EMS_SHRINK] = { "Shrink EMS cluster",
                         "long",
                         "SHRINKING",
                         3 * MINUTE_MS,
                         true,
                         finish_scale,
                         { "Check nodes", "Move data", "Release huge pages" } },
};

static struct collection *jobs_of(struct world *world, const char *project) {
        return world_collection(world, EMS_JOBS, project);
}

static const struct work *work_of(struct json_object *job) {
        return &works[js_int(job, "/_work", 0)];
}

static size_t count_tasks(const struct work *work) {
        size_t count = 0;

        while (count < TASKS_MAX && work->tasks[count])
                count++;
        return count;
}

static bool is_over(struct json_object *job) {
        return !word_in("INIT RUNNING", js_str(job, "/status"), false);
}

/* A job in state INIT. */
static struct json_object *job_new(struct world *world, const char *project, const char *cluster,
                                   enum ems_work kind, int64_t created_ms) {
        const struct work *work = &works[kind];
        struct json_object *tasks = json_object_new_array();
        char uuid[UUID_SIZE], id[UUID_SIZE + 8];

        for (size_t i = 0; i < count_tasks(work); i++) {
                snprintf(id, sizeof(id), "%s-%s", work->type, world_uuid(world, uuid));
                json_object_array_add(
                        tasks,
                        js_pack("{'id': s, 'status': s, 'message': s, 'created_at': o}", id, "INIT",
                                work->tasks[i], time_json(TIME_RFC3339, created_ms)));
        }
        snprintf(id, sizeof(id), "%s-%s", work->type, world_uuid(world, uuid));
        return collection_put(
                jobs_of(world, project), id,
                js_pack("{'id': s, 'cluster_id': s, 'name': s, 'status': s, 'progress': f,"
                        "'created_at': o, 'task_list': o, '_work': i}",
                        id, cluster, work->name, "INIT", 0.0, time_json(TIME_RFC3339, created_ms),
                        tasks, (int64_t)kind));
}

/* Another job of the same cluster that is not over. */
static bool is_blocked(struct world *world, const char *project, struct json_object *job) {
        struct collection *jobs = jobs_of(world, project);

        for (struct entry *entry = collection_first(jobs); entry; entry = entry_next(entry)) {
                struct json_object *other = entry_object(entry);

                if (other == job)
                        return false;
                if (str_eq(js_str(other, "/cluster_id"), js_str(job, "/cluster_id")) &&
                    !is_over(other))
                        return true;
        }
        return false;
}

static void schedule(struct world *world, const char *project, struct json_object *job,
                     int64_t step, int64_t cloud_ms) {
        (void)js_set(job, "/_scheduled", json_object_new_boolean(true));
        life_event(
                world, cloud_ms, "ems.step",
                js_pack("{'project': s, 'job': s, 'step': i}", project, js_str(job, "/id"), step));
}

const char *ems_job_start(struct world *world, const char *project, const char *cluster,
                          enum ems_work work, struct json_object *nodes) {
        struct json_object *job = job_new(world, project, cluster, work, world_now(world));

        if (nodes)
                (void)js_set(job, "/_nodes", nodes);
        if (!is_blocked(world, project, job))
                schedule(world, project, job, 0, QUEUE_MS);
        return js_str(job, "/id");
}

static void set_times(struct json_object *thing, const char *status, int64_t begin_ms,
                      int64_t end_ms) {
        js_set_str(thing, "/status", status);
        if (begin_ms)
                (void)js_set(thing, "/begin_at", time_json(TIME_RFC3339, begin_ms));
        if (end_ms)
                (void)js_set(thing, "/end_at", time_json(TIME_RFC3339, end_ms));
}

void ems_job_seed(struct world *world, const char *project, const char *cluster, enum ems_work work,
                  const char *status, int64_t begin_ms, int64_t end_ms, const char *message) {
        struct json_object *job = job_new(world, project, cluster, work, begin_ms - QUEUE_MS),
                           *tasks;
        bool done = str_eq(status, "COMPLETED");

        set_times(job, status, begin_ms, end_ms);
        (void)js_set(job, "/progress", json_object_new_double(done ? 100 : 50));
        if (message)
                js_set_str(job, "/message", message);
        tasks = js_get(job, "/task_list");
        for (size_t i = 0; i < js_len(tasks, ""); i++) {
                bool is_last = i + 1 == js_len(tasks, "");

                set_times(js_at(tasks, i), is_last ? status : "COMPLETED", begin_ms, end_ms);
        }
}

/* Work that waited for the end of another. */
static void start_next(struct world *world, const char *project, const char *cluster) {
        struct collection *jobs = jobs_of(world, project);

        for (struct entry *entry = collection_first(jobs); entry; entry = entry_next(entry)) {
                struct json_object *job = entry_object(entry);

                if (!str_eq(js_str(job, "/cluster_id"), cluster) || is_over(job))
                        continue;
                if (!js_bool(job, "/_scheduled", false))
                        schedule(world, project, job, 0, QUEUE_MS);
                return;
        }
}

static void end_job(struct world *world, const char *project, struct json_object *job,
                    const char *status, const char *message) {
        struct json_object *tasks = js_get(job, "/task_list");

        for (size_t i = 0; i < js_len(tasks, ""); i++)
                if (!is_over(js_at(tasks, i)))
                        set_times(js_at(tasks, i), status, 0, world_now(world));
        set_times(job, status, 0, world_now(world));
        if (message)
                js_set_str(job, "/message", message);
        start_next(world, project, js_str(job, "/cluster_id"));
}

static bool finish_create(struct world *world, const char *project, struct json_object *cluster,
                          struct json_object *job) {
        (void)project;
        (void)job;
        if (str_eq(js_str(cluster,
                          "/cluster_specification/k8s_cluster_specification/k8s_cluster_id"),
                   EMS_NIL_K8S)) {
                /* No state stands for this: it stays in creation, with a reason. */
                ems_cluster_state(world, cluster, "CREATING", "The CCE cluster does not exist.");
                return false;
        }
        ems_cluster_state(world, cluster, "RUNNING", NULL);
        return true;
}

static bool finish_delete(struct world *world, const char *project, struct json_object *cluster,
                          struct json_object *job) {
        (void)job;
        collection_remove(world_collection(world, EMS_NODES, project),
                          js_str(cluster, "/cluster_metadata/id"));
        ems_cluster_state(world, cluster, "DELETED", "The cluster was deleted.");
        return true;
}

static void remove_name(struct json_object *names, const char *name) {
        for (size_t i = 0; i < js_len(names, ""); i++)
                if (str_eq(js_str(js_at(names, i), ""), name)) {
                        json_object_array_del_idx(names, i, 1);
                        return;
                }
}

static bool finish_scale(struct world *world, const char *project, struct json_object *cluster,
                         struct json_object *job) {
        struct json_object *names =
                js_get(collection_get(world_collection(world, EMS_NODES, project),
                                      js_str(cluster, "/cluster_metadata/id")),
                       "/nodes");
        struct json_object *wanted = js_get(job, "/_nodes");
        int64_t count;

        for (size_t i = 0; i < js_len(wanted, ""); i++) {
                const char *name = js_str(js_at(wanted, i), "");

                remove_name(names, name);
                if (work_of(job) == &works[EMS_EXPAND])
                        json_object_array_add(names, json_object_new_string(name));
        }
        count = (int64_t)js_len(names, "");
        ems_cluster_state(world, cluster, "RUNNING", NULL);
        if (count < EMS_NODES_MIN || count > EMS_NODES_MAX)
                return false; /* several jobs, each of them good when it was asked for */
        js_set_int(cluster, "/cluster_specification/k8s_cluster_specification/node_count", count);
        js_set_int(cluster, "/cluster_metadata/available_node_count", count);
        return true;
}

static void finish(struct world *world, const char *project, struct json_object *cluster,
                   struct json_object *job) {
        const struct work *work = work_of(job);

        if (cluster && work->finish(world, project, cluster, job)) {
                (void)js_set(job, "/progress", json_object_new_double(100));
                end_job(world, project, job, "COMPLETED", NULL);
        } else {
                end_job(world, project, job, "FAILED", "ems.0002");
        }
}

/* Step n begins task n, and with it ends the one before; after the last task the job is over. */
static void step(struct world *world, struct json_object *argument) {
        const char *project = js_str(argument, "/project");
        struct json_object *job = collection_get(jobs_of(world, project), js_str(argument, "/job")),
                           *cluster;
        size_t number = (size_t)js_int(argument, "/step", 0), count;
        const struct work *work;
        int64_t now = world_now(world);

        if (!job || is_over(job))
                return;
        work = work_of(job);
        count = count_tasks(work);
        cluster = collection_get(world_collection(world, EMS_CLUSTERS, project),
                                 js_str(job, "/cluster_id"));
        if (number == 0) {
                set_times(job, "RUNNING", now, 0);
                if (cluster)
                        ems_cluster_state(world, cluster, work->state, work->name);
        } else {
                set_times(js_at(js_get(job, "/task_list"), number - 1), "COMPLETED", 0, now);
        }
        if (number == count) {
                finish(world, project, cluster, job);
                return;
        }
        (void)js_set(job, "/progress",
                     json_object_new_double(100.0 * (double)number / (double)count));
        set_times(js_at(js_get(job, "/task_list"), number), "RUNNING", now, 0);
        schedule(world, project, job, (int64_t)number + 1, work->cloud_ms / (int64_t)count);
}

/* What is shown of a job: everything but the private members. */
static struct json_object *job_view(struct json_object *job) {
        struct json_object *view = json_object_new_object();

        js_each_member(job, name, value) {
                if (*name != '_')
                        json_object_object_add(view, name, json_object_get(value));
        }
        return view;
}

static void list_jobs(const struct request *req, struct response *resp) {
        const char *type = query_param(req, "job_type");
        struct collection *jobs = jobs_of(req->world, req->project);
        struct json_object *list;

        if (!*req->project) {
                reply_error_code(req, resp, 500, "ems.00040003");
                return;
        }
        list = json_object_new_array();
        for (struct entry *entry = collection_first(jobs); entry; entry = entry_next(entry))
                if (str_begins(entry_id(entry), type ? type : "short"))
                        json_object_array_add(list, job_view(entry_object(entry)));
        reply_json(resp, 200,
                   js_pack("{'jobs': o}",
                           page_cut(page_by_record(req, JOBS_PER_PAGE, JOBS_PER_PAGE), list)));
}

/* No code is printed for a job that is not there. */
static void show_job(const struct request *req, struct response *resp) {
        const char *id = path_param(req, "job_id");
        struct json_object *job = collection_get(jobs_of(req->world, req->project), id);

        if (job)
                reply_json(resp, 200, job_view(job));
        else
                reply_error(req, resp, 404, "EMS.00004000", "Job not found: [%s].", id);
}

static bool cancel(struct world *world, const char *project, const char *id) {
        struct json_object *job = collection_get(jobs_of(world, project), id), *cluster;
        bool was_running;

        if (!job || is_over(job) || !work_of(job)->can_cancel)
                return false;
        was_running = str_eq(js_str(job, "/status"), "RUNNING");
        cluster = collection_get(world_collection(world, EMS_CLUSTERS, project),
                                 js_str(job, "/cluster_id"));
        if (was_running && cluster)
                ems_cluster_state(world, cluster, "RUNNING", NULL);
        end_job(world, project, job, "STOPPED", NULL);
        return true;
}

/* Answers 200 whatever becomes of it; the ids of those that went on are cut at 100. */
static void cancel_jobs(const struct request *req, struct response *resp) {
        struct json_object *ids = js_get(req->body, "/job_ids"), *failed = json_object_new_array();
        int64_t good = 0, bad = 0;

        for (size_t i = 0; i < js_len(ids, ""); i++) {
                const char *id = js_str(js_at(ids, i), "");

                if (cancel(req->world, req->project, id)) {
                        good++;
                        continue;
                }
                if (bad++ < IDS_MAX)
                        json_object_array_add(failed, json_object_new_string(id));
        }
        reply_json(resp, 200,
                   js_pack("{'success_rows': i, 'failed_rows': i, 'failed_ids': o}", good, bad,
                           failed));
}

const struct handler ems_job_handlers[] = {
        { "listJobs", list_jobs },
        { "showJob", show_job },
        { "cancelJobs", cancel_jobs },
        { 0 },
};

const struct event ems_job_events[] = {
        { "ems.step", step },
        { 0 },
};
