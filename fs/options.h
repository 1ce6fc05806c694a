/* SPDX-License-Identifier: Apache-2.0 */
/* The command line: `hcloudfs [OPTIONS] [ACCOUNT] MOUNTPOINT`, in the manners of mount(8) and of
 * programs on libfuse, and the commands beside it. One table serves parsing and --help. */
#pragma once

#include "base/buf.h"
#include "base/log.h"

enum command {
        COMMAND_MOUNT,
        COMMAND_OPERATIONS,
        COMMAND_CHECK,
        COMMAND_HELP,
        COMMAND_VERSION,
};

struct options {
        enum command command;
        char *account;      /* owned; NULL: all that are configured */
        char *mountpoint;   /* owned, as given */
        char *config;       /* owned, absolute; NULL: the default file */
        char *fsname;       /* owned; NULL: the default */
        struct buf pass;    /* mount options for libfuse, joined by commas */
        unsigned ttl_s;     /* 0: the default */
        enum log_level log_level;
        bool is_read_only, is_foreground, is_debug, is_demo, is_json;
        bool is_sealed;     /* the command line is complete: a file does not change it */
        uint64_t given;     /* mount options on the command line, by their row */
};

/* Says what is wrong on standard error. */
int options_parse(int argc, char **argv, struct options *ret);
int options_set(struct options *options, const char *name, const char *value, struct buf *reason);
void options_done(struct options *options);
int options_help(struct buf *buf);
