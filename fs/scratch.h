/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The scratch overlay: temporary, backup and lock files that editors and tools make beside the file
 * they save. They are local, bounded, and never sent; one that nobody touches for an hour goes to
 * the rejected texts, never to nothing (file rule 13). Protected by the tree's lock.
 */
#pragma once

#include <sys/stat.h>
#include <time.h>

#include "fs/blob.h"

enum {
        SCRATCH_COUNT_MAX = 4096,
        SCRATCH_IDLE_MS = 60 * 60 * 1000,
};

/* The directory that a name is asked for in. */
struct scratch_where {
        bool is_strict;  /* plain names are legal names of resources there: configuration keys */
        bool is_private; /* it is being made as mkstemp(3) does: exclusively, 0600, read-write */
        bool (*exists)(const void *data, const char *name); /* has the cloud an entry so named? */
        const void *data;
};

bool scratch_is_name(const char *name, const struct scratch_where *where);

struct scratch_store {
        struct blob_store *blobs;      /* borrowed */
        struct scratch *first, **last; /* the one touched longest ago first */
        size_t count;
};

/* One file or link; a directory is no more than its node. */
struct scratch {
        struct scratch_store *store;
        struct scratch *next, **link;
        struct blob blob;
        char *target; /* of a link, owned; NULL: a file */
        mode_t mode;  /* permission bits */
        struct timespec modified;
        bool is_time_set;   /* by utimens: it goes with the bytes into a document */
        unsigned handles;         /* it is open: it does not expire */
        bool is_unlinked;         /* it has no name any more */
        uint64_t changes;   /* of its bytes */
        int64_t touched_ms; /* monotonic clock */
        void *owner;        /* for who expires it */
};

void scratch_store_init(struct scratch_store *store, struct blob_store *blobs);
int scratch_new(struct scratch_store *store, const char *target, mode_t mode, struct scratch **ret);
struct scratch *scratch_free(struct scratch *scratch);
DEFINE_CLEANUP(struct scratch *, scratch_free)
void scratch_touch(struct scratch *scratch);
void scratch_unlink(struct scratch *scratch);
int scratch_write(struct scratch *scratch, const char *data, size_t len, off_t offset);
int scratch_truncate(struct scratch *scratch, off_t len);
void scratch_set_time(struct scratch *scratch, const struct timespec *modified);
struct scratch *scratch_expired(struct scratch_store *store, int64_t now_ms);
