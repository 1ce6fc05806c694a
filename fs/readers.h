/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which version of a document a process has read last, or saved after it had: the base of its
 * next save, so that a change by somebody else in between is noticed however the tool writes (file
 * rule 16).
 * Thread-safe; the lock is a leaf.
 */
#pragma once

#include <pthread.h>

#include "backends/view.h"

enum {
        READERS_MAX = 1024,
        READERS_BYTES_MAX = 64 * 1024 * 1024,
        READERS_LIFE_MS = 24 * 60 * 60 * 1000,
};

struct reader {
        uint64_t ino;          /* of the document; 0: a free place */
        pid_t thread, process; /* process 0: not looked up yet */
        int64_t when_ms;       /* as process_now_ms() */
        uint64_t order;
        struct document *document; /* owned reference */
};

struct readers {
        pthread_mutex_t lock;
        struct reader *list; /* READERS_MAX, unordered */
        size_t bytes;
        uint64_t clock;
};

int readers_init(struct readers *readers);
void readers_done(struct readers *readers);
void readers_note(struct readers *readers, pid_t thread, uint64_t ino, struct document *document);
void readers_saved(struct readers *readers, pid_t process, uint64_t ino, struct document *document);
struct document *readers_find(struct readers *readers, pid_t process, uint64_t ino);
