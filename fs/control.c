/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/control.h"

#include <string.h>

#include "backends/change.h"
#include "base/log.h"
#include "base/stamp.h"
#include "base/text.h"
#include "fs/branch.h"
#include "fs/ending.h"
#include "fs/local.h"
#include "fs/session.h"

enum { LINE_MAX_BYTES = 64 * 1024 };

static int write_log_level(struct session *session, struct op *op, const char *line) {
        enum log_level level;

        (void)session;
        if (log_level_parse(line, &level) < 0)
                return op_fail(op, EINVAL, "log_level is one of error, warning, info, debug");
        log_set_level(level);
        return 0;
}

/* Whatever is written to it: what was planned is forgotten. */
static int write_plan(struct session *session, struct op *op, const char *line) {
        (void)op;
        (void)line;
        plan_clear(&session->commits.plan);
        return 0;
}

/* The name of an account, or nothing for all of them. */
static int write_acknowledge(struct session *session, struct op *op, const char *line) {
        bool is_found = false;

        for (size_t i = 0; i < session->options.n_accounts; i++) {
                const struct session_account *account = &session->options.accounts[i];
                struct view *view = branch_view(account->branch);

                if (!view || (*line && !text_eq(line, account->name)))
                        continue;
                view_acknowledge(view);
                is_found = true;
        }
        return is_found ? 0 : op_fail(op, ENOENT, "there is no account %s", line);
}

/* How many seconds to wait until what was accepted is sent; nothing: as at the end of a mount. */
static int write_drain(struct session *session, struct op *op, const char *line) {
        unsigned seconds = ENDING_DRAIN_MS / 1000;

        if (*line && text_uint(line, seconds, &seconds) < 0)
                return op_fail(op, EINVAL, "a number of seconds, at most %d",
                               ENDING_DRAIN_MS / 1000);
        if (ending_drain(session, (int64_t)seconds * 1000))
                return 0;
        return op_fail(op, EBUSY, "%u changes are not sent yet: see .hcloudfs/queue",
                       ending_pending(session));
}

static struct branch *archive_branch(struct session *session) {
        return &session->archive_branch;
}

static struct branch *jobs_branch(struct session *session) {
        return &session->jobs_branch;
}

static struct branch *queue_branch(struct session *session) {
        return &session->queue_branch;
}

static struct branch *why_branch(struct session *session) {
        return &session->why;
}

static struct trail *accesslog(struct session *session) {
        return &session->record.access;
}

static struct trail *events(struct session *session) {
        return &session->events;
}

const struct control_row control_rows[] = {
        { .name = "README",
          .mode = 0444,
          .type = ENTRY_FILE,
          .is_fixed = true,
          .render = control_readme },
        { .name = "accesslog",
          .mode = 0444,
          .type = ENTRY_FILE,
          .is_live = true,
          .grows = true,
          .trail = accesslog },
        { .name = "acknowledge",
          .mode = 0644,
          .type = ENTRY_FILE,
          .is_live = true,
          .render = control_budget,
          .write = write_acknowledge },
        { .name = "drain",
          .mode = 0644,
          .type = ENTRY_FILE,
          .is_live = true,
          .render = control_pending,
          .write = write_drain },
        { .name = "errors",
          .mode = 0444,
          .type = ENTRY_FILE,
          .is_live = true,
          .grows = true,
          .render = control_errors },
        { .name = "events",
          .mode = 0444,
          .type = ENTRY_FILE,
          .is_live = true,
          .grows = true,
          .trail = events },
        { .name = "history", .mode = 0755, .type = ENTRY_DIRECTORY, .branch = archive_branch },
        { .name = "jobs", .mode = 0755, .type = ENTRY_DIRECTORY, .branch = jobs_branch },
        { .name = "last_error",
          .mode = 0444,
          .type = ENTRY_FILE,
          .is_live = true,
          .render = control_last_error },
        { .name = "limits", .mode = 0444, .type = ENTRY_FILE, .render = control_limits },
        { .name = "log_level",
          .mode = 0644,
          .type = ENTRY_FILE,
          .is_live = true,
          .render = control_log_level,
          .write = write_log_level },
        { .name = "metrics", .mode = 0444, .type = ENTRY_FILE, .render = control_metrics },
        { .name = "plan",
          .mode = 0644,
          .type = ENTRY_FILE,
          .is_live = true,
          .grows = true,
          .render = control_plan,
          .write = write_plan },
        { .name = "queue", .mode = 0755, .type = ENTRY_DIRECTORY, .branch = queue_branch },
        { .name = "refresh",
          .mode = 0644,
          .type = ENTRY_FILE,
          .is_live = true,
          .render = control_refresh_usage,
          .write = refresh_path },
        { .name = "rejected", .mode = 0755, .type = ENTRY_DIRECTORY, .branch = archive_branch },
        { .name = "status", .mode = 0444, .type = ENTRY_FILE, .render = control_status },
        { .name = "top", .mode = 0444, .type = ENTRY_FILE, .is_live = true, .render = control_top },
        { .name = "version",
          .mode = 0444,
          .type = ENTRY_FILE,
          .is_fixed = true,
          .render = control_version },
        { .name = "watch",
          .mode = 0644,
          .type = ENTRY_FILE,
          .is_live = true,
          .render = control_watch_usage,
          .write = jobs_watch },
        { .name = "why", .mode = 0555, .type = ENTRY_DIRECTORY, .branch = why_branch },
        { 0 },
};

static struct session *session_of(struct branch *branch) {
        return (struct session *)((char *)branch - offsetof(struct session, control));
}

/** control_row() - the row of a control file's node, NULL for all others. */
const struct control_row *control_row(const struct node *node) {
        if (node->branch->ops != &control_ops)
                return NULL;
        return node->data;
}

static int list(struct branch *branch, struct op *op, struct node *node, struct listing **ret) {
        _cleanup_(listing_unrefp) struct listing *listing = NULL;
        int r = local_listing_new(session_of(branch)->began_s * 1000, INT64_MAX, &listing);

        (void)op;
        (void)node;
        for (const struct control_row *row = control_rows; r == 0 && row->name; row++)
                r = local_listing_add(listing, row->name, row->type, row->mode);
        if (r < 0)
                return r;
        local_listing_end(listing);
        *ret = STEAL(listing);
        return 0;
}

static int read_file(struct branch *branch, struct op *op, struct node *node,
                     struct document **ret) {
        const struct control_row *row = node->data;
        struct session *session = session_of(branch);
        struct buf text = BUF_INIT(0);
        uint64_t cut = 0;
        int r;

        r = row->trail ? trail_copy(row->trail(session), &text, &cut)
                       : row->render(session, op, &text);
        if (r < 0)
                op_fail(op, -r, "cannot tell: %s", strerror(-r));
        else
                r = local_document_new(&text, row->is_fixed ? INT64_MAX : stamp_monotonic_ms(),
                                       ret);
        buf_done(&text);
        if (r == 0)
                (*ret)->cut = cut;
        return r;
}

static int attach(struct branch *branch, struct node *dir, struct node *node) {
        struct session *session = session_of(branch);
        const struct control_row *row = control_rows;

        while (row->name && !text_eq(row->name, node->name))
                row++;
        if (!row->name)
                return -ENOENT;
        node->data = row;
        node->is_live = row->is_live;
        node->is_volatile = !row->is_live && !row->is_fixed;
        if (row->type != ENTRY_DIRECTORY)
                return 0;
        node->branch = row->branch(session);
        node->data = node->branch == &session->why ? node_ref(dir->parent) : NULL;
        return 0;
}

const struct branch_ops control_ops = { .list = list, .read = read_file, .attach = attach };

/**
 * control_write() - what was written, line by line; nothing at all counts as an empty line.
 * Returns 0 or the first failure.
 */
int control_write(struct session *session, struct op *op, const struct control_row *row,
                  const char *data, size_t size) {
        const char *end = data + size;
        int r = 0;

        do {
                const char *newline = memchr(data, '\n', (size_t)(end - data));
                size_t len = (size_t)((newline ? newline : end) - data);
                _cleanup_(freep) char *line = NULL;

                if (len > LINE_MAX_BYTES)
                        return op_fail(op, E2BIG, "a line is too long");
                line = strndup(data, len);
                if (!line)
                        return op_fail(op, ENOMEM, "out of memory");
                r = row->write(session, op, line);
                data += len + (newline ? 1 : 0);
        } while (r == 0 && data < end);
        return r;
}
