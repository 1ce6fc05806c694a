/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Room on the disk that is held for what must still be written when the disk is full: the states
 * and refusals of what was accepted. It is allocated behind the ends of the file and of its log, so
 * nobody else gets it; new texts are refused before they would use it. Where the file system cannot
 * allocate ahead, as much must be free instead.
 */
#pragma once

#include "base/mem.h"

/* What the log keeps on the disk when it is empty: four times what is brought into the file. */
enum { LOG_KEPT_BYTES = 4 * 1024 * 1024 };

struct room {
        int file_fd, log_fd;         /* -1: not open */
        int64_t file_held, log_held; /* bytes from the beginning that are known to be allocated */
        bool is_held;                /* the last attempt succeeded */
};

/* @file_bytes: what the file may grow to without the reserve. */
int room_open(struct room *room, const char *path);
void room_close(struct room *room);
int room_hold(struct room *room, int64_t file_bytes, int64_t log_bytes, unsigned pending);
