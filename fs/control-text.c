/* SPDX-License-Identifier: Apache-2.0 */
/* What the control files say. */
#include <unistd.h>

#include "backends/change.h"
#include "base/log.h"
#include "base/stamp.h"
#include "fs/branch.h"
#include "fs/control.h"
#include "fs/ending.h"
#include "fs/session.h"

/** control_version() - of the program. */
int control_version(struct session *session, const struct op *op, struct buf *buf) {
        (void)session;
        (void)op;
        return buf_printf(buf, "hcloudfs %s\n", HCLOUDFS_VERSION);
}

/** control_readme() - what the other files are for. */
int control_readme(struct session *session, const struct op *op, struct buf *buf) {
        (void)session;
        (void)op;
        return buf_add_str(
                buf,
                "This directory belongs to hcloudfs itself.\n"
                "\n"
                "version     of the program that serves this mount\n"
                "status      what is mounted, since when, and what it is doing\n"
                "errors      the last failures, oldest first, with HTTP status and request id\n"
                "last_error  the last failure that met you: the reason behind an errno\n"
                "accesslog   every operation: who, what, result, time, API calls it caused\n"
                "top         who asks: operations and API calls of each process\n"
                "events      what was learnt of changes, whoever made them; poll(2) wakes\n"
                "metrics     counters in Prometheus' text format\n"
                "limits      connections and rate limits of each service\n"
                "refresh     write a path to have it read anew from the cloud; the write returns\n"
                "            when that is done. A path is one inside the mount (/account/...) or\n"
                "            the full one. An empty line or / stands for everything.\n"
                "log_level   error, warning, info or debug; may be written\n"
                "rejected/   texts that were refused, by their paths: <n> is yours, <n>.base what\n"
                "            you had read, <n>.theirs what stood in the way, <n>.reason why\n"
                "history/    what documents were before each update or delete: cp it back\n"
                "queue/      changes on their way or in doubt; each says what to write to it\n"
                "jobs/       resources that are at work, until they are at an end\n"
                "watch       write a resource's path to have jobs/ tell of it\n"
                "plan        with -o plan: the requests that changes would have sent\n"
                "acknowledge what accounts allow; write an account's name when the budget of\n"
                "            deletions is used up and that was meant\n"
                "drain       changes not sent yet; write seconds to wait for them\n"
                "why/        the tree again: instead of each file where its content comes from,\n"
                "            how old it is and how long it serves; of a directory in .list\n");
}

/** control_status() - for people. */
int control_status(struct session *session, const struct op *op, struct buf *buf) {
        char since[STAMP_TEXT_SIZE];
        unsigned slots, pending, waiting;
        size_t nodes;

        (void)op;
        stamp_format(session->began_s, since);
        pthread_mutex_lock(&session->tree.lock);
        nodes = session->tree.count;
        pthread_mutex_unlock(&session->tree.lock);
        pthread_mutex_lock(&session->wait.lock);
        slots = session->wait.slots;
        pending = session->wait.n_pending;
        waiting = session->wait.n_waiting;
        pthread_mutex_unlock(&session->wait.lock);
        (void)buf_printf(buf, "version: %s\npid: %d\nmounted: %s\nsince: %s\nmode: %s\n",
                         HCLOUDFS_VERSION, (int)getpid(),
                         session->options.mountpoint ? session->options.mountpoint : "-", since,
                         session->options.is_read_only ? "read-only" : "read-write");
        (void)buf_printf(buf, "waiting: %u requests for %u answers, %u of them not asked for yet\n",
                         waiting, slots + pending, pending);
        (void)buf_printf(buf, "ahead: %zu queued\n", ahead_queued(&session->ahead));
        (void)buf_printf(buf, "nodes: %zu\nparallel directory operations: %s\n", nodes,
                         session->has_parallel_directories ? "yes" : "no");
        for (size_t i = 0; i < session->options.n_accounts; i++) {
                const struct session_account *account = &session->options.accounts[i];

                (void)buf_printf(buf, "account: %s%s%s%s\n", account->name,
                                 account->note ? ": " : "",
                                 account->fault ? "failed when it was mounted: " : "",
                                 account->note ? account->note : "");
        }
        if (session->options.state)
                (void)session->options.state(session->options.data, buf);
        feeds_describe(session, buf);
        return buf->error;
}

/** control_errors() - recent failures, oldest first. */
int control_errors(struct session *session, const struct op *op, struct buf *buf) {
        (void)op;
        return record_recent(&session->record, buf);
}

/** control_last_error() - the last failure of who asks. */
int control_last_error(struct session *session, const struct op *op, struct buf *buf) {
        return record_last(&session->record, op->uid, buf);
}

/** control_top() - who asks for what and what it costs. */
int control_top(struct session *session, const struct op *op, struct buf *buf) {
        (void)op;
        return record_top(&session->record, buf);
}

static void add_counters(struct session *session, struct buf *buf, const char *name,
                         const char *help, atomic_ullong *counters) {
        (void)session;
        (void)buf_printf(buf, "# HELP %s %s\n# TYPE %s counter\n", name, help, name);
        for (int i = 0; i < OPERATION_MOUNT; i++)
                (void)buf_printf(buf, "%s{operation=\"%s\"} %llu\n", name,
                                 operation_name((enum operation)i), atomic_load(&counters[i]));
}

static void add_value(struct buf *buf, const char *name, const char *type, const char *help,
                      unsigned long long value) {
        (void)buf_printf(buf, "# HELP %s %s\n# TYPE %s %s\n%s %llu\n", name, help, name, type, name,
                         value);
}

/** control_metrics() - Prometheus' text format. */
int control_metrics(struct session *session, const struct op *op, struct buf *buf) {
        size_t nodes;
        unsigned waiting;

        (void)op;
        pthread_mutex_lock(&session->tree.lock);
        nodes = session->tree.count;
        pthread_mutex_unlock(&session->tree.lock);
        pthread_mutex_lock(&session->wait.lock);
        waiting = session->wait.n_waiting;
        pthread_mutex_unlock(&session->wait.lock);
        add_counters(session, buf, "hcloudfs_operations_total", "Requests of the kernel.",
                     session->record.operations);
        add_counters(session, buf, "hcloudfs_failures_total", "Requests that failed.",
                     session->record.failures);
        add_value(buf, "hcloudfs_api_calls_total", "counter", "API calls that requests caused.",
                  atomic_load(&session->record.calls));
        add_value(buf, "hcloudfs_api_calls_ahead_total", "counter",
                  "API calls that nobody waited for: asked ahead, polled or followed.",
                  atomic_load(&session->record.calls_ahead));
        add_value(buf, "hcloudfs_nodes", "gauge", "Files and directories the kernel knows.", nodes);
        add_value(buf, "hcloudfs_waiting", "gauge", "Requests that wait for the cloud.", waiting);
        add_value(buf, "hcloudfs_ahead_queued", "gauge", "Prefetches that wait for their turn.",
                  ahead_queued(&session->ahead));
        return buf->error;
}

/** control_limits() - what the layers below say, as JSON. */
int control_limits(struct session *session, const struct op *op, struct buf *buf) {
        (void)op;
        if (!session->options.limits)
                return buf_add_str(buf, "{}\n");
        return session->options.limits(session->options.data, buf);
}

/** control_log_level() - the level in force. */
int control_log_level(struct session *session, const struct op *op, struct buf *buf) {
        (void)session;
        (void)op;
        return buf_printf(buf, "%s\n", log_level_name(log_get_level()));
}

/** control_refresh_usage() - how to use it. */
int control_refresh_usage(struct session *session, const struct op *op, struct buf *buf) {
        (void)session;
        (void)op;
        return buf_add_str(buf, "Write a path here to have it read anew, / for everything.\n");
}

/** control_plan() - the requests that changes would have sent. */
int control_plan(struct session *session, const struct op *op, struct buf *buf) {
        (void)op;
        if (!session->commits.is_plan_only)
                return buf_add_str(buf, "# changes are sent: mount with -o plan to have them "
                                        "written here instead\n");
        return plan_render(&session->commits.plan, buf);
}

/** control_budget() - what accounts allow, and how their budgets of deletions stand, as JSON. */
int control_budget(struct session *session, const struct op *op, struct buf *buf) {
        _cleanup_(json_freep) struct json *all = json_new_object();
        int r = all ? 0 : -ENOMEM;

        (void)op;
        for (size_t i = 0; r == 0 && i < session->options.n_accounts; i++) {
                struct view *view = branch_view(session->options.accounts[i].branch);
                struct json *budget = NULL;

                if (view)
                        r = view_budget(view, &budget);
                if (r == 0 && budget)
                        r = json_set(all, session->options.accounts[i].name, budget);
        }
        if (r == 0)
                r = json_render(all, JSON_PRETTY, buf);
        return r == 0 ? buf_add_char(buf, '\n') : r;
}

/** control_pending() - how many changes are on their way. */
int control_pending(struct session *session, const struct op *op, struct buf *buf) {
        (void)op;
        return buf_printf(buf, "%u\n", ending_pending(session));
}

/** control_watch_usage() - how to use it. */
int control_watch_usage(struct session *session, const struct op *op, struct buf *buf) {
        (void)session;
        (void)op;
        return buf_add_str(buf, "Write a resource's path here to have a file in jobs/ tell of its "
                                "state.\n");
}
