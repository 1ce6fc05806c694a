/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CSE: jobs. A record: id, type, status, createUser, startTime, endTime (0 while running),
 * is_failing, target, phases [{taskName, description, status, startTime, endTime}]. Each phase ends
 * by an event.
 */
#include "contrib/emulator/cse.h"
#include "contrib/emulator/util.h"

#include <string.h>

enum { FIRST_JOB = 17000, PHASES_MAX = 4 };

static const struct plan {
        const char *type, *while_running, *failed;
        int64_t duration_ms;
        const char *phases[PHASES_MAX][2];
} plans[] = {
        { "Create",
          "Creating",
          "CreateFailed",
          8 * 60000,
          { { "resourcePrepare", "Resource preparation" },
            { "resourceCreate", "Node creation" },
            { "engineInstall", "Component installation" },
            { "engineCheck", "Health check" } } },
        { "Delete",
          "Deleting",
          "DeleteFailed",
          4 * 60000,
          { { "engineUninstall", "Component removal" },
            { "resourceRelease", "Resource release" } } },
        { "Upgrade",
          "Upgrading",
          "UpgradeFailed",
          6 * 60000,
          { { "backup", "Data backup" },
            { "engineUpgrade", "Component upgrade" },
            { "engineCheck", "Health check" } } },
        { "Configure",
          "Modifying",
          "ModifyFailed",
          2 * 60000,
          { { "configUpdate", "Configuration update" },
            { "engineRestart", "Component restart" } } },
        { "Modify",
          "Modifying",
          "ModifyFailed",
          5 * 60000,
          { { "resourceModify", "Node change" }, { "engineCheck", "Health check" } } },
};

static const struct plan *plan_of(const char *type) {
        for (size_t i = 0; i < ELEMENTSOF(plans); i++)
                if (str_eq(plans[i].type, type))
                        return &plans[i];
        return &plans[0];
}

static size_t phase_count(const struct plan *plan) {
        size_t count = 0;

        while (count < PHASES_MAX && plan->phases[count][0])
                count++;
        return count;
}

static struct collection *jobs(struct world *world, struct json_object *engine) {
        return world_collection(world, "cse/jobs", js_str(engine, "/id"));
}

static struct json_object *new_job(struct world *world, struct json_object *engine,
                                   const char *type, const char *user, struct json_object *target) {
        const struct plan *plan = plan_of(type);
        struct json_object *phases = json_object_new_array(), *job;
        char id[32];

        for (size_t i = 0; i < phase_count(plan); i++)
                json_object_array_add(phases,
                                      js_pack("{'taskName': s, 'description': s, 'status': s, "
                                              "'startTime': i, 'endTime': i}",
                                              plan->phases[i][0], plan->phases[i][1], "Init",
                                              (int64_t)0, (int64_t)0));
        job = js_pack(
                "{'id': i, 'type': s, 'status': s, 'createUser': s, 'startTime': i, 'endTime': i, "
                "'is_failing': b, 'target': o, 'phases': o}",
                FIRST_JOB + world_counter(world, "cse.jobs"), type, "PreInit", user,
                world_now(world), (int64_t)0, str_begins(js_str(engine, "/name"), "fail-"), target,
                phases);
        snprintf(id, sizeof(id), "%lld", (long long)js_int(job, "/id", 0));
        js_set_int(engine, "/latestJobId", js_int(job, "/id", 0));
        return collection_put(jobs(world, engine), id, job);
}

static void schedule(struct world *world, struct json_object *engine, struct json_object *job,
                     size_t phase) {
        const struct plan *plan = plan_of(js_str(job, "/type"));

        life_event(world, plan->duration_ms / (int64_t)phase_count(plan), "cse.phase",
                   js_pack("{'project': s, 'engine': s, 'job': i, 'phase': i}",
                           js_str(engine, "/project"), js_str(engine, "/id"), js_int(job, "/id", 0),
                           (int64_t)phase));
}

static void begin_phase(struct world *world, struct json_object *engine, struct json_object *job,
                        size_t phase) {
        struct json_object *object = js_at(js_get(job, "/phases"), phase);

        js_set_str(object, "/status", "Executing");
        js_set_int(object, "/startTime", world_now(world));
        schedule(world, engine, job, phase);
}

static void begin(struct world *world, struct json_object *engine, struct json_object *job) {
        js_set_str(engine, "/status", plan_of(js_str(job, "/type"))->while_running);
        js_set(engine, "/actions", json_object_new_array());
        begin_phase(world, engine, job, 0);
}

int64_t cse_job_start(struct world *world, struct json_object *engine, const char *type,
                      const char *user, struct json_object *target) {
        struct json_object *job = new_job(world, engine, type, user, target);

        begin(world, engine, job);
        return js_int(job, "/id", 0);
}

int64_t cse_job_past(struct world *world, struct json_object *engine, const char *type,
                     const char *status, int64_t start_ms, int64_t duration_ms) {
        struct json_object *job = new_job(world, engine, type, js_str(engine, "/createUser"), NULL);
        struct json_object *phases = js_get(job, "/phases");
        int64_t count = (int64_t)js_len(phases, "");

        for (int64_t i = 0; i < count; i++) {
                struct json_object *phase = js_at(phases, (size_t)i);

                js_set_str(phase, "/status", i + 1 < count ? "Finished" : status);
                js_set_int(phase, "/startTime", start_ms + duration_ms * i / count);
                js_set_int(phase, "/endTime", start_ms + duration_ms * (i + 1) / count);
        }
        js_set_str(job, "/status", status);
        js_set_int(job, "/startTime", start_ms);
        js_set_int(job, "/endTime", start_ms + duration_ms);
        return js_int(job, "/id", 0);
}

/* A job is over: the engine is what it was to become. Deleting leaves neither engine nor job. */
static void finish(struct world *world, struct json_object *engine, struct json_object *job) {
        js_set_str(job, "/status", "Finished");
        js_set_int(job, "/endTime", world_now(world));
        if (str_eq(js_str(job, "/type"), "Delete")) {
                cse_remove(world, engine);
                return;
        }
        js_copy_members(engine, js_get(job, "/target"), NULL);
        js_set_str(engine, "/status", "Available");
        cse_open(world, engine);
}

static void fail(struct world *world, struct json_object *engine, struct json_object *job,
                 struct json_object *phase) {
        js_set_str(phase, "/status", "Error");
        js_set_int(phase, "/endTime", world_now(world));
        js_set_str(job, "/status", "Error");
        js_set_int(job, "/endTime", world_now(world));
        js_set_str(engine, "/status", plan_of(js_str(job, "/type"))->failed);
        js_set(engine, "/actions", js_pack("[s s]", "Retry", "ForceDelete"));
}

static struct json_object *job_by_number(struct world *world, struct json_object *engine,
                                         int64_t number) {
        char id[32];

        snprintf(id, sizeof(id), "%lld", (long long)number);
        return collection_get(jobs(world, engine), id);
}

static void end_phase(struct world *world, struct json_object *argument) {
        struct json_object *engine = collection_get(
                cse_engines(world, js_str(argument, "/project")), js_str(argument, "/engine"));
        struct json_object *job =
                engine ? job_by_number(world, engine, js_int(argument, "/job", 0)) : NULL;
        size_t phase = (size_t)js_int(argument, "/phase", 0);
        struct json_object *object = js_at(js_get(job, "/phases"), phase);

        if (!object)
                return;
        js_set_str(job, "/status", "Executing");
        if (js_bool(job, "/is_failing", false) && phase + 1 == js_len(job, "/phases")) {
                fail(world, engine, job, object);
                return;
        }
        js_set_str(object, "/status", "Finished");
        js_set_int(object, "/endTime", world_now(world));
        if (phase + 1 < js_len(job, "/phases"))
                begin_phase(world, engine, job, phase + 1);
        else
                finish(world, engine, job);
}

/* One procedure of a job, as the list has them; the detail has them below their phases. */
static struct json_object *task_view(struct json_object *engine, struct json_object *job, size_t i,
                                     const char *type) {
        struct json_object *phase = js_at(js_get(job, "/phases"), i);
        int64_t start = js_int(phase, "/startTime", 0), end = js_int(phase, "/endTime", 0);
        _cleanup_(freep) char *name = x_printf("%sExecutor", js_str(phase, "/taskName"));
        _cleanup_(freep) char *description =
                x_printf("%s: procedure", js_str(phase, "/description"));

        return js_pack(
                "{'jobId': i, 'id': i, 'type': s, 'assigned': s, 'taskName': s, 'engineName': s, "
                "'taskOrder': i, 'status': s, 'startTime': i, 'endTime': i, 'createTime': i, "
                "'updateTime': i, 'timeout': i, 'log': s, 'output': s, "
                "'taskExecutorBrief': {'duration': i, 'description': s}}",
                js_int(job, "/id", 0), js_int(job, "/id", 0) * 10 + (int64_t)i, type, "worker-0",
                name, js_str(engine, "/name"), (int64_t)i, js_str(phase, "/status"), start, end,
                js_int(job, "/startTime", 0), end ? end : start, (int64_t)-1, "", "{}",
                end ? end - start : (int64_t)0, description);
}

static struct json_object *job_view(struct json_object *job, const char *type, const char *status,
                                    struct json_object *engine, struct json_object *tasks) {
        bool running = js_int(job, "/endTime", 0) == 0;

        return js_pack("{'id': i, 'engineId': s, 'type': s, 'description': s, 'status': s, "
                       "'scheduling': i, "
                       "'createUser': s, 'startTime': i, 'endTime': i, 'context': s, 'tasks': o}",
                       js_int(job, "/id", 0), js_str(engine, "/id"), type, "", status,
                       (int64_t)running, js_str(job, "/createUser"), js_int(job, "/startTime", 0),
                       js_int(job, "/endTime", 0), "{}", tasks);
}

static void list_jobs(const struct request *req, struct response *resp) {
        struct json_object *engine = cse_engine(req, resp, "engine_id"), *all;
        int64_t total;

        if (!engine)
                return;
        all = json_object_new_array();
        for (struct entry *e = collection_first(jobs(req->world, engine)); e; e = entry_next(e)) {
                struct json_object *job = entry_object(e), *tasks = json_object_new_array();
                const char *type = js_str(job, "/type");

                for (size_t i = 0; i < js_len(job, "/phases"); i++)
                        json_object_array_add(tasks, task_view(engine, job, i, type));
                json_object_array_add(all,
                                      job_view(job, type, js_str(job, "/status"), engine, tasks));
        }
        total = (int64_t)js_len(all, "");
        reply_json(resp, 200,
                   js_pack("{'total': i, 'data': o}", total,
                           page_cut(page_by_record(req, -1, 0), all)));
}

/* The detail knows neither the type Configure nor the state PreInit. */
static struct json_object *detail(struct json_object *engine, struct json_object *job) {
        const char *type = js_str(job, "/type"), *status = js_str(job, "/status");
        struct json_object *phases = json_object_new_array();

        if (str_eq(type, "Configure"))
                type = "Modify";
        if (str_eq(status, "PreInit"))
                status = "Init";
        for (size_t i = 0; i < js_len(job, "/phases"); i++) {
                struct json_object *phase = js_at(js_get(job, "/phases"), i);
                struct json_object *task = task_view(engine, job, i, type);
                int64_t start = js_int(phase, "/startTime", 0), end = js_int(phase, "/endTime", 0);

                json_object_array_add(
                        phases,
                        js_pack("{'taskName': s, 'taskNames': [s], 'status': s, 'startTime': i, "
                                "'endTime': i, 'taskExecutorBrief': {'duration': i, "
                                "'description': s}, 'tasks': [o]}",
                                js_str(phase, "/taskName"), js_str(task, "/taskName"),
                                js_str(phase, "/status"), start, end,
                                end ? end - start : (int64_t)0, js_str(phase, "/description"),
                                task));
        }
        return job_view(job, type, status, engine, phases);
}

static void get_job(const struct request *req, struct response *resp) {
        struct json_object *engine = cse_engine(req, resp, "engine_id"), *job;
        int64_t number;

        if (!engine)
                return;
        if (parse_int(path_param(req, "job_id"), &number) < 0) {
                reply_error_code(req, resp, 400, "SVCSTG.00501152");
                return;
        }
        job = job_by_number(req->world, engine, number);
        if (job)
                reply_json(resp, 200, detail(engine, job));
        else
                reply_error_code(req, resp, 400, "SVCSTG.00501153");
}

/* The newest job once more, from its start; this time it succeeds. */
static void retry(const struct request *req, struct response *resp) {
        struct json_object *engine = cse_engine(req, resp, "engine_id"), *job, *phases;

        if (!engine)
                return;
        job = job_by_number(req->world, engine, js_int(engine, "/latestJobId", 0));
        if (!word_in("Error Timeout", js_str(job, "/status") ? js_str(job, "/status") : "",
                     false)) {
                reply_error(req, resp, 400, "SVCSTG.00400100", "There is nothing to retry.");
                return;
        }
        phases = js_get(job, "/phases");
        for (size_t i = 0; i < js_len(phases, ""); i++) {
                js_set_str(js_at(phases, i), "/status", "Init");
                js_set_int(js_at(phases, i), "/startTime", 0);
                js_set_int(js_at(phases, i), "/endTime", 0);
        }
        js_set_str(job, "/status", "PreInit");
        js_set_int(job, "/endTime", 0);
        js_set(job, "/is_failing", json_object_new_boolean(false));
        begin(req->world, engine, job);
        reply_json(resp, 200,
                   js_pack("{'id': s, 'name': s, 'jobId': i}", js_str(engine, "/id"),
                           js_str(engine, "/name"), js_int(job, "/id", 0)));
}

const struct handler cse_job_handlers[] = {
        { "listEngineJobs", list_jobs },
        { "getEngineJob", get_job },
        { "retryEngineJob", retry },
        { 0 },
};

const struct event cse_job_events[] = {
        { "cse.phase", end_phase },
        { 0 },
};
