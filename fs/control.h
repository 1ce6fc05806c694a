/* SPDX-License-Identifier: Apache-2.0 */
/* `.hcloudfs/`: what the mount says of itself and where it is told what to do. A constant table,
 * one row a file. */
#pragma once

#include "fs/node.h"

struct session;

struct control_row {
        const char *name;
        enum entry_type type;
        mode_t mode;
        bool is_live;  /* made anew at every look, for who looks */
        bool is_fixed; /* never changes during a mount */
        bool grows;    /* with is_live: at its end, where a reader goes on */
        struct branch *(*branch)(struct session *session); /* a directory: who fills it */
        int (*render)(struct session *session, const struct op *op, struct buf *buf);
        struct trail *(*trail)(struct session *session); /* in place of it: a log */
        /* A line that was written to it; replies when done. May block. NULL: not writable. */
        int (*write)(struct session *session, struct op *op, const char *line);
};

extern const struct control_row control_rows[]; /* ends with a row without name */
extern const struct branch_ops control_ops, why_ops;

const struct control_row *control_row(const struct node *node);
int control_write(struct session *session, struct op *op, const struct control_row *row,
                  const char *data, size_t size);

/* fs/control-text.c */
int control_version(struct session *session, const struct op *op, struct buf *buf);
int control_readme(struct session *session, const struct op *op, struct buf *buf);
int control_status(struct session *session, const struct op *op, struct buf *buf);
int control_errors(struct session *session, const struct op *op, struct buf *buf);
int control_last_error(struct session *session, const struct op *op, struct buf *buf);
int control_metrics(struct session *session, const struct op *op, struct buf *buf);
int control_top(struct session *session, const struct op *op, struct buf *buf);
int control_limits(struct session *session, const struct op *op, struct buf *buf);
int control_log_level(struct session *session, const struct op *op, struct buf *buf);
int control_pending(struct session *session, const struct op *op, struct buf *buf);
int control_watch_usage(struct session *session, const struct op *op, struct buf *buf);
int control_plan(struct session *session, const struct op *op, struct buf *buf);
int control_budget(struct session *session, const struct op *op, struct buf *buf);
int control_refresh_usage(struct session *session, const struct op *op, struct buf *buf);

/* fs/refresh.c */
int refresh_path(struct session *session, struct op *op, const char *path);
void refresh_all(struct session *session);
