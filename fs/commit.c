/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/commit.h"

#include <inttypes.h>
#include <string.h>

#include "base/stamp.h"
#include "base/text.h"
#include "fs/recovery.h"
#include "fs/report.h"

enum {
        NAME_BYTES_MAX = 1024,
        SUFFIX_MAX = 16,        /* longer ones are none */
        BASENAME_KEPT = 160,    /* of a name, in the name of a directory */
        HISTORY_VERSIONS = 100, /* of each document … */
        HISTORY_DAYS = 90,      /* … and for how long */
        HISTORY_TRIM_EVERY = 64,
};

static const char *const act_names[] = {
        [EDIT_SAVE] = "save",     [EDIT_CREATE] = "create", [EDIT_MKDIR] = "mkdir",
        [EDIT_REMOVE] = "remove", [EDIT_LINK] = "link",     [EDIT_UNLINK] = "unlink",
        [EDIT_RENAME] = "rename", [EDIT_ACTION] = "action",
};

/** commit_act_name() - one word for people, static. */
const char *commit_act_name(enum edit_act act) {
        return act_names[act];
}

/** commits_init() - nothing is under way. Returns 0 or -ENOMEM. */
int commits_init(struct commits *commits) {
        int r = doubts_init(&commits->doubts);

        if (r < 0)
                return r;
        r = plan_init(&commits->plan);
        if (r < 0)
                doubts_done(&commits->doubts);
        return r;
}

/** commits_done() - frees what is remembered. */
void commits_done(struct commits *commits) {
        doubts_done(&commits->doubts);
        plan_done(&commits->plan);
}

/** commit_done() - frees the results. */
void commit_done(struct commit *commit) {
        buf_done(&commit->report);
        buf_done(&commit->steps);
}

/** commit_queue_name() - the name below .hcloudfs/queue, owned by the caller. 0 or -ENOMEM. */
int commit_queue_name(const char *account, int64_t id, char **ret) {
        return text_format(ret, "%s-%" PRId64, account, id);
}

/* `20260102T030405.678Z.json`: sorts by time, and tools know the suffix. */
static int add_version_name(struct buf *buf, const char *path) {
        const char *slash = strrchr(path, '/'), *base = slash ? slash + 1 : path;
        const char *dot = strrchr(base, '.');
        int64_t ms = stamp_now_ms();
        char text[STAMP_TEXT_SIZE];

        stamp_format_compact(ms / 1000, text);
        return buf_printf(buf, "%.15s.%03" PRId64 "Z%s", text, ms % 1000,
                          dot && dot > base && strlen(dot) <= SUFFIX_MAX ? dot : "");
}

static int keep_bytes(struct commit *commit, struct op *op, const char *path, const char *data,
                      size_t len) {
        struct buf name = BUF_INIT(NAME_BYTES_MAX);
        int r = add_version_name(&name, path);

        if (r == 0)
                r = journal_put(commit->journal, op,
                                &(struct shelved){
                                        .shelf = SHELF_HISTORY,
                                        .path = path,
                                        .name = buf_str(&name),
                                        .data = data,
                                        .len = len,
                                });
        buf_done(&name);
        atomic_fetch_add(&commit->commits->version, 1);
        if (r == 0 && atomic_fetch_add(&commit->commits->stored, 1) % HISTORY_TRIM_EVERY == 0)
                journal_trim_history(commit->journal, HISTORY_VERSIONS, HISTORY_DAYS);
        return r;
}

/* Puts what is there before the change into the history. */
static int keep_history(struct commit *commit, struct op *op) {
        return commit->before
                       ? keep_bytes(commit, op, commit->path, commit->before, commit->before_len)
                       : 0;
}

/* Bytes of a path without its last name. */
static size_t without_name(const char *path, size_t len) {
        while (len > 0 && path[--len] != '/')
                ;
        return len;
}

/* And another document that a request takes away. */
static int keep_lost(struct commit *commit, struct op *op, const struct op_step *step) {
        size_t len = without_name(commit->path, strlen(commit->path));
        struct buf path = BUF_INIT(64 * 1024);
        const char *rest = step->loses;
        int r;

        if (text_starts(rest, "./")) {
                rest += strlen("./");
                len = strlen(commit->path);
        }
        for (; text_starts(rest, "../"); rest += strlen("../"))
                len = without_name(commit->path, len);
        (void)buf_add(&path, commit->path, len);
        r = buf_printf(&path, "/%s", rest);
        if (r == 0)
                r = keep_bytes(commit, op, buf_str(&path), step->lost, step->lost_len);
        buf_done(&path);
        return r;
}

/* Before the first byte of a request goes out. */
static int on_before(void *data, struct op *op, const struct op_step *step) {
        struct commit *commit = data;
        int r = 0;

        if (op->plan_only)
                return plan_step(&commit->steps, step);
        if (!commit->is_begun)
                r = keep_history(commit, op);
        if (r == 0 && step->loses)
                r = keep_lost(commit, op, step);
        if (r == 0)
                r = journal_step_begin(commit->journal, op, commit->id, step);
        commit->is_begun |= r == 0;
        commit->is_once |= step->is_once;
        return r;
}

/* The journal hears of answers only: one that did not come leaves the step as it is. */
static void on_after(void *data, struct op *op, const struct op_step *step, int result) {
        struct commit *commit = data;
        bool is_unknown = result < 0 && op->fault.is_unknown;

        commit->may_have_changed |= !op->plan_only && (result >= 0 || is_unknown);
        if (!op->plan_only && !is_unknown)
                journal_step_end(commit->journal, commit->id, step, result);
}

/* `-o plan`: computed, checked, written down, not sent. */
static int run_plan(struct op *op, struct commit *commit, struct change_result *ret) {
        int r;

        op->plan_only = true;
        r = commit->call(commit, op, ret);
        op->plan_only = false;
        if (r == 0)
                plan_add(&commit->commits->plan, commit_act_name(commit->act), commit->path,
                         &commit->steps);
        return r;
}

/* Puts something beside a refused text. */
static int put_beside(struct op *op, const struct commit *commit, const char *suffix,
                      const char *data, size_t len) {
        struct buf name = BUF_INIT(NAME_BYTES_MAX);
        int r = buf_printf(&name, "%" PRId64 ".%s", commit->id, suffix);

        if (r == 0)
                r = journal_put(commit->journal, op,
                                &(struct shelved){
                                        .shelf = SHELF_REJECTED,
                                        .path = commit->path,
                                        .name = buf_str(&name),
                                        .data = data,
                                        .len = len,
                                });
        buf_done(&name);
        return r;
}

static int write_report(const struct op *op, struct commit *commit, int error) {
        _cleanup_(freep) char *queue = NULL;
        struct buf kept = BUF_INIT(0);
        int r = 0;

        if (commit->is_unknown)
                r = commit_queue_name(commit->account, commit->id, &queue);
        if (r == 0 && commit->is_kept)
                r = buf_printf(&kept, "%s/%" PRId64, commit->path + (*commit->path == '/'),
                               commit->id);
        buf_truncate(&commit->report, 0);
        if (r == 0)
                r = report_render(
                        &(struct report){
                                .act = commit_act_name(commit->act),
                                .path = commit->path,
                                .fault = &op->fault,
                                .error = error,
                                .kept = kept.len ? buf_str(&kept) : NULL,
                                .queue = queue,
                                .can_resend = recovery_can_resend(commit->act),
                        },
                        &commit->report);
        buf_done(&kept);
        return r;
}

static int accept(struct op *op, struct commit *commit) {
        const struct edit edit = {
                .act = commit->act,
                .state = EDIT_ACCEPTED,
                .path = (char *)(uintptr_t)commit->path,
                .identity = (char *)(uintptr_t)commit->identity,
                .name = (char *)(uintptr_t)commit->name,
                .target = (char *)(uintptr_t)commit->target,
                .text = commit->is_secret
                                ? NULL
                                : (char *)(uintptr_t)(commit->kept_text ? commit->kept_text
                                                                        : commit->text),
                .len = commit->is_secret   ? 0
                       : commit->kept_text ? commit->kept_len
                                           : commit->len,
                .base = commit->base ? commit->base->data : NULL,
                .base_len = commit->base ? commit->base->len : 0,
                .uid = op->uid,
        };

        if (commit->id)
                return 0;
        return journal_accept(commit->journal, op, &edit, &commit->id);
}

/* Nobody knows whether it happened: it is not tried again until somebody decides. */
static int doubt(struct op *op, struct commit *commit, int error) {
        const struct edit edit = {
                .id = commit->id,
                .act = commit->act,
                .identity = (char *)(uintptr_t)commit->identity,
                .name = (char *)(uintptr_t)commit->name,
        };

        commit->is_unknown = true;
        journal_finish(commit->journal, commit->id, EDIT_UNKNOWN, &op->fault);
        (void)doubts_add(&commit->commits->doubts, commit->journal, &edit);
        (void)write_report(op, commit, error);
        return error;
}

/* Refused, and known to be: a text is kept with what it was compared with, and why. */
static int refuse(struct op *op, struct commit *commit, const struct change_result *result,
                  int error) {
        struct op_fault fault;

        if (!op->fault.error)
                op_fail(op, -error, "%s", strerror(-error));
        fault = op->fault;
        commit->is_kept = commit->text && !commit->is_secret;
        journal_finish(commit->journal, commit->id, EDIT_REJECTED, &fault);
        (void)write_report(op, commit, error);
        atomic_fetch_add(&commit->commits->version, 1);
        if (commit->is_kept && error == -ESTALE && result->document)
                (void)put_beside(op, commit, "theirs", result->document->data,
                                 result->document->len);
        if (commit->is_kept)
                (void)put_beside(op, commit, "reason", buf_str(&commit->report),
                                 commit->report.len);
        else
                (void)journal_forget(commit->journal, op, commit->id);
        atomic_fetch_add(&commit->commits->version, 1);
        op->fault = fault;
        return error;
}

/* Is it a failure that another time may not meet? 4xx are answers, but for 429; so is what the
 * service has a code for that means something else. */
static bool may_pass(int error, const struct op_fault *fault) {
        if (fault->status >= 400 && fault->status < 500 && fault->status != 429)
                return false;
        return error == -EINTR || error == -EAGAIN || error == -ENOMEM || error == -EBUSY ||
               error == -ENOSPC || op_is_silence(error);
}

/* Does the journal keep it, to be tried again? Not what must not be sent twice. */
static bool can_wait(const struct op *op, const struct commit *commit, int error) {
        return commit->is_patient && may_pass(error, &op->fault) &&
               !(op->fault.is_unknown && commit->is_once);
}

static int check_doubt(struct commits *commits, struct op *op, const struct commit *commit) {
        int64_t id = doubts_find(&commits->doubts, commit->act, commit->identity, commit->name);

        if (!id || id == commit->id)
                return 0;
        return op_fail(op, EBUSY,
                       "an earlier %s of it may have happened: write %s to "
                       ".hcloudfs/queue/%s-%" PRId64,
                       commit_act_name(commit->act),
                       recovery_can_resend(commit->act) ? "resend or forget" : "forget",
                       commit->account, id);
}

static int check_journal(struct op *op, const struct commit *commit) {
        if (commit->journal)
                return 0;
        return op_fail(op, EROFS,
                       "there is no journal to keep changes in safely: HOME, XDG_STATE_HOME or "
                       "state_dir must name a directory that can be written, and "
                       ".hcloudfs/errors says where a journal is another account's");
}

/**
 * commit_accept() - make a change durable that commit_run() carries out later, by its `id`.
 * Returns as commit_run().
 */
int commit_accept(struct commits *commits, struct op *op, struct commit *commit) {
        int r = check_journal(op, commit);

        if (r == 0)
                r = check_doubt(commits, op, commit);
        return r == 0 ? accept(op, commit) : r;
}

static int run(struct op *op, struct commit *commit, struct change_result *ret) {
        const struct op_watch watch = { .before = on_before, .after = on_after, .data = commit };
        const struct op_watch *before = op->watch;
        int r;

        op->watch = &watch;
        if (commit->commits->is_plan_only) {
                r = run_plan(op, commit, ret);
                op->watch = before;
                return r;
        }
        r = accept(op, commit);
        if (r == 0) {
                r = commit->call(commit, op, ret);
                if (r == 0)
                        journal_finish(commit->journal, commit->id, EDIT_DONE, NULL);
                else if (can_wait(op, commit, r))
                        commit->is_waiting = true;
                else if (op->fault.is_unknown)
                        r = doubt(op, commit, r);
                else
                        r = refuse(op, commit, ret, r);
        }
        op->watch = before;
        return r;
}

/**
 * commit_run() - the change, from the journal to its outcome.
 * @ret: to be ended with change_result_done() in any case.
 * Returns what the call returned; -EBUSY while an earlier one of the same is in doubt, -EROFS where
 * there is no journal, -ENOSPC and -EIO when the text cannot be made durable. On failure there is a
 * reason in @op and a text in `report`.
 */
int commit_run(struct commits *commits, struct op *op, struct commit *commit,
               struct change_result *ret) {
        int r = 0;

        *ret = (struct change_result){ 0 };
        commit->commits = commits;
        if (!commits->is_plan_only)
                r = check_journal(op, commit);
        if (r == 0)
                r = check_doubt(commits, op, commit);
        if (r == 0)
                r = run(op, commit, ret);
        if (r < 0 && !commit->report.len)
                (void)write_report(op, commit, r);
        return r;
}

/**
 * commit_shelve() - put a text aside that was never sent: what nobody closed, what nobody wanted
 * any more. Returns as journal_put().
 */
int commit_shelve(struct commits *commits, struct journal *journal, struct op *op, const char *path,
                  const char *data, size_t len, const char *reason) {
        struct buf name = BUF_INIT(NAME_BYTES_MAX);
        int r = add_version_name(&name, path);

        if (r == 0)
                r = journal_put(journal, op,
                                &(struct shelved){
                                        .shelf = SHELF_REJECTED,
                                        .path = path,
                                        .name = buf_str(&name),
                                        .data = data,
                                        .len = len,
                                        .error = reason,
                                });
        buf_done(&name);
        atomic_fetch_add(&commits->version, 1);
        return r;
}
