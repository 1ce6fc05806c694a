/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Room on the disk. What must still be written when the disk is full, the states and refusals of
 * what was accepted, finds its room in the files: free pages in the database (journal_reserve()),
 * and a log that is never given up. Before anything new is written, the room for it is allocated
 * behind their ends, so that it does not fail half-way and nobody else gets it; if that is
 * refused, so is the new text. Where the file system cannot allocate ahead, as much must be free
 * instead.
 */
#pragma once

#include "base/mem.h"

/* What the log keeps on the disk while it is empty: four times what is brought into the file. */
enum { LOG_KEPT_BYTES = 4 * 1024 * 1024 };

struct room {
        int file_fd, log_fd; /* -1: not open */
        bool is_held;        /* the last attempt succeeded */
};

int room_open(struct room *room, const char *path);
void room_close(struct room *room);
int room_hold(struct room *room, int64_t file_bytes, int64_t log_bytes);
