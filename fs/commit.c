/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/commit.h"

#include <inttypes.h>
#include <string.h>

#include "base/stamp.h"
#include "base/text.h"
#include "fs/report.h"

enum {
        NAME_BYTES_MAX = 1024,
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
        free(commit->kept);
        commit->kept = NULL;
}

/** commit_queue_name() - the name below .hcloudfs/queue, owned by the caller. 0 or -ENOMEM. */
int commit_queue_name(const char *account, int64_t id, char **ret) {
        return asprintf(ret, "%s-%" PRId64, account, id) < 0 ? -ENOMEM : 0;
}

static const char *base_name(const char *path) {
        const char *slash = strrchr(path, '/');

        return slash ? slash + 1 : path;
}

/* `20260102T030405.678Z`: sorts by time. */
static int add_stamp(struct buf *buf) {
        int64_t ms = stamp_now_ms();
        char text[STAMP_TEXT_SIZE];

        stamp_format_compact(ms / 1000, text);
        return buf_printf(buf, "%.15s.%03" PRId64 "Z", text, ms % 1000);
}

/* Puts what is there before the change into the history. */
static int keep_history(struct commit *commit, struct op *op) {
        const char *base = base_name(commit->path), *dot = strrchr(base, '.');
        struct buf name = BUF_INIT(NAME_BYTES_MAX);
        int r;

        if (!commit->before)
                return 0;
        (void)add_stamp(&name);
        (void)buf_add_str(&name, dot && dot > base && strlen(dot) <= 16 ? dot : "");
        r = name.error;
        if (r == 0)
                r = journal_put(commit->journal, op,
                                &(struct shelved){
                                        .shelf = SHELF_HISTORY,
                                        .path = commit->path,
                                        .name = buf_str(&name),
                                        .data = commit->before,
                                        .len = commit->before_len,
                                        .stored_ms = stamp_now_ms(),
                                });
        buf_done(&name);
        if (r == 0 && atomic_fetch_add(&commit->commits->stored, 1) % HISTORY_TRIM_EVERY == 0)
                journal_trim_history(commit->journal, HISTORY_VERSIONS, HISTORY_DAYS);
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
        if (r == 0)
                r = journal_step_begin(commit->journal, op, commit->id, step);
        commit->is_begun |= r == 0;
        return r;
}

static void on_after(void *data, struct op *op, const struct op_step *step, int result) {
        struct commit *commit = data;

        if (!op->plan_only)
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

static int put_rejected(struct op *op, const struct commit *commit, const char *name,
                        const char *data, size_t len) {
        struct buf whole = BUF_INIT(NAME_BYTES_MAX);
        const char *base = base_name(commit->path), *dot = strrchr(base, '.');
        int r;

        if (!data)
                return 0;
        (void)buf_printf(&whole, "%s%s", name, dot && dot > base && strlen(dot) <= 16 ? dot : "");
        r = whole.error ? whole.error
                        : journal_put(commit->journal, op,
                                      &(struct shelved){
                                              .shelf = SHELF_REJECTED,
                                              .path = commit->kept,
                                              .name = buf_str(&whole),
                                              .data = data,
                                              .len = len,
                                              .stored_ms = stamp_now_ms(),
                                              .error = op->fault.reason,
                                      });
        buf_done(&whole);
        return r;
}

static int name_kept(struct commit *commit) {
        struct buf name = BUF_INIT(NAME_BYTES_MAX);

        (void)add_stamp(&name);
        (void)buf_printf(&name, "-%" PRId64 "-%.*s", commit->id, BASENAME_KEPT,
                         base_name(commit->path));
        free(commit->kept);
        commit->kept = buf_steal(&name, NULL);
        return commit->kept ? 0 : -ENOMEM;
}

static int write_report(const struct op *op, struct commit *commit, int error) {
        _cleanup_(freep) char *queue = NULL;

        if (commit->is_unknown && commit_queue_name(commit->account, commit->id, &queue) < 0)
                return -ENOMEM;
        buf_truncate(&commit->report, 0);
        return report_render(
                &(struct report){
                        .act = commit_act_name(commit->act),
                        .path = commit->path,
                        .fault = &op->fault,
                        .error = error,
                        .kept = commit->kept,
                        .queue = queue,
                },
                &commit->report);
}

/**
 * commit_reject() - keep a refused text with what it was compared with, and why.
 * @theirs: the version that stood in the way, or NULL. @error: negative errno.
 * Fills `kept` and `report`. Returns 0, or why it could not be kept; the op's reason stays.
 */
int commit_reject(struct op *op, struct commit *commit, const struct document *theirs, int error) {
        const struct op_fault fault = op->fault;
        const char *mine = commit->kept_text ? commit->kept_text : commit->text;
        size_t len = commit->kept_text ? commit->kept_len : commit->len;
        bool has_text = mine && !commit->is_secret;
        int r = has_text ? name_kept(commit) : 0;

        if (r == 0)
                r = write_report(op, commit, error);
        if (r == 0 && has_text)
                r = put_rejected(op, commit, "mine", mine, len);
        if (r == 0 && has_text && commit->base)
                r = put_rejected(op, commit, "base", commit->base->data, commit->base->len);
        if (r == 0 && has_text && theirs)
                r = put_rejected(op, commit, "theirs", theirs->data, theirs->len);
        if (r == 0 && has_text)
                r = journal_put(commit->journal, op,
                                &(struct shelved){
                                        .shelf = SHELF_REJECTED,
                                        .path = commit->kept,
                                        .name = "reason",
                                        .data = buf_str(&commit->report),
                                        .len = commit->report.len,
                                        .stored_ms = stamp_now_ms(),
                                        .error = fault.reason,
                                });
        op->fault = fault;
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
                .accepted_ms = stamp_now_ms(),
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

/* Refused, and known to be. */
static int refuse(struct op *op, struct commit *commit, const struct change_result *result,
                  int error) {
        int r;

        if (!op->fault.error)
                op_fail(op, -error, "%s", strerror(-error));
        r = commit_reject(op, commit, error == -ESTALE ? result->document : NULL, error);
        if (r < 0 && commit->text && !commit->is_secret)
                return error; /* what cannot be put aside stays where it is: in the journal */
        journal_finish(commit->journal, commit->id, EDIT_REJECTED, &op->fault);
        return error;
}

static int check_doubt(struct commits *commits, struct op *op, const struct commit *commit) {
        int64_t id = doubts_find(&commits->doubts, commit->act, commit->identity, commit->name);

        if (!id || id == commit->id)
                return 0;
        return op_fail(op, EBUSY,
                       "an earlier %s of it may have happened: write resend or forget to "
                       ".hcloudfs/queue/%s-%" PRId64,
                       commit_act_name(commit->act), commit->account, id);
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
        if (!commits->is_plan_only && !commit->journal)
                r = op_fail(op, EROFS,
                            "there is no place to keep changes safely: set HOME or "
                            "XDG_CACHE_HOME to a writable directory");
        if (r == 0)
                r = check_doubt(commits, op, commit);
        if (r == 0)
                r = run(op, commit, ret);
        if (r < 0 && !commit->report.len)
                (void)write_report(op, commit, r);
        return r;
}
