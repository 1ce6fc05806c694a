/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Mounts and their connections from outside: nothing here asks the daemon, so that it can be used
 * where nobody answers.
 */
#pragma once

#include "base/mem.h"

/* A line of mountinfo (proc(5)), parts of which it borrows. */
struct mounted_line {
        const char *device; /* MAJOR:MINOR; the minor of a FUSE mount is its connection's number */
        const char *root;
        const char *mountpoint;
        const char *type; /* and what follows it */
};

bool mounted_line_split(char *line, struct mounted_line *ret);
bool mounted_line_is_ours(const struct mounted_line *line);

int connection_find(const char *mountpoint, unsigned *ret);
bool connection_abort(const char *mountpoint);
int connection_unmount(const char *mountpoint);
