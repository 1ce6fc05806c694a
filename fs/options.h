/* SPDX-License-Identifier: Apache-2.0 */
/* The command line: `hcloudfs [OPTIONS] [ACCOUNT] MOUNTPOINT`, in the manners of mount(8) and of
 * programs on libfuse, and the commands beside it. One table serves parsing and --help. */
#pragma once

#include "auth/config.h"
#include "base/buf.h"
#include "base/log.h"

enum command {
        COMMAND_MOUNT,
        COMMAND_OPERATIONS,
        COMMAND_CHECK,
        COMMAND_REFRESH,
        COMMAND_STAT,
        COMMAND_UMOUNT,
        COMMAND_WAIT,
        COMMAND_HELP,
        COMMAND_VERSION,
};

struct options {
        enum command command;
        char *account;      /* owned; NULL: all that are configured */
        char *path;         /* owned: of a mount its mount point, of other commands what they are
                               about; as given, NULL: none */
        char *config;       /* owned, absolute; NULL: the default file */
        char *fsname;       /* owned; NULL: the default */
        char *cache_dir;    /* owned, absolute; NULL: the default directory */
        char *state_dir;    /* owned, absolute; NULL: the default directory */
        struct buf pass;    /* mount options for libfuse, joined by commas */
        unsigned ttl_s, connect_timeout_s, request_timeout_s, operation_timeout_s;
        unsigned connections, rate, burst, retries, deletions_per_minute;
        unsigned max_read;  /* bytes of one READ of the kernel; 0: any number */
        enum log_level log_level;
        enum account_access access;
        bool prefetch;
        bool is_read_only, is_plan_only, is_foreground, is_debug, is_demo, is_json;
        bool is_sealed;     /* the command line is complete: a file does not change it */
        uint64_t given;     /* mount options on the command line, by their row */
};

/* Says what is wrong on standard error. */
int options_parse(int argc, char **argv, struct options *ret);
void options_done(struct options *options);
int options_help(struct buf *buf);

/* fs/settings.c: what stands behind -o and in [mount]. */
void options_defaults(struct options *options);
int options_set(struct options *options, const char *name, const char *value, struct buf *reason);
int options_set_list(struct options *options, const char *list, struct buf *reason);
int options_help_settings(struct buf *buf);
