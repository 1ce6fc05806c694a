/* SPDX-License-Identifier: Apache-2.0 */
/* How commands find a running mount and talk to it: by its control files. Each failure is said on
 * standard error where it is found. */
#pragma once

#include "base/buf.h"

enum { ANSWER_MAX = 64 * 1024 };

/* A path taken apart: where its mount is, and what stands below. */
struct spot {
        char *mountpoint; /* owned */
        char *below;      /* owned; begins with a slash, or is empty */
};

int spot_locate(const char *path, struct spot *ret);
void spot_done(struct spot *spot);
int spot_say(const char *path, const char *text);
int spot_say_lost(const char *path, int r);
int spot_say_refused(const struct spot *spot, const char *path, int r);
int spot_read(const struct spot *spot, const char *name, const char *below, struct buf *buf);
int spot_write(const struct spot *spot, const char *name, const char *text);
pid_t spot_daemon(const struct spot *spot);
