/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a directory held when it was last listed, with a number for each entry that it keeps as long
 * as it is there: the cookies of READDIR, which need no state of the reader (file rule 8).
 */
#pragma once

#include "backends/view.h"

struct overlay;

/* A listing and its numbers. Immutable, shared by reference count. */
struct snapshot {
        atomic_uint refs;
        struct listing *listing; /* owned reference */
        uint64_t *ordinals;      /* of the entries, by their position in the listing */
        uint32_t *order;         /* positions by ascending ordinal */
        uint64_t next;           /* first ordinal not given yet … */
        uint64_t next_told;      /* … and of the directories that tell of the others */
};

enum { SNAPSHOT_FIRST = 3 }; /* 1 and 2 are `.` and `..` */

int snapshot_new(struct listing *listing, const struct snapshot *before, struct snapshot **ret);
struct snapshot *snapshot_ref(struct snapshot *snapshot);
struct snapshot *snapshot_unref(struct snapshot *snapshot);
DEFINE_CLEANUP(struct snapshot *, snapshot_unref)
size_t snapshot_after(const struct snapshot *snapshot, uint64_t ordinal);
const struct entry *snapshot_at(const struct snapshot *snapshot, size_t position,
                                uint64_t *ret_ordinal);

/* Of a node; protected by the tree's lock. */
struct directory {
        struct snapshot *snapshot; /* NULL: never listed */
        struct timespec modified;  /* when this set of names was first seen */
        bool has_changed;          /* there were others before it, in this mount */
        int64_t fresh_until_ms;    /* monotonic clock */
        int64_t outdated_ms;       /* monotonic clock: lists asked for before it do not last */
        int64_t published_ms;      /* monotonic clock */
        int64_t refreshed_ms;      /* realtime clock: older answers do not serve below here */
        int64_t doubted_ms;        /* realtime clock: no older list is shown; 0: none is doubted */
        unsigned n_doubts;         /* lists in a row that lacked what was made */
        int64_t negative_until_ms; /* monotonic clock: the kernel may remember missing names */
        uint64_t kept_hash;        /* names the kernel was last told to keep */
        uint32_t body_needs;       /* files of it whose body was asked for … */
        uint32_t ahead_next;       /* … where the sweep ahead of them has come to … */
        uint32_t ahead_window;     /* … and how far it may be ahead; 0: no sweep */
        bool has_kept;
        bool is_believed; /* the kernel knows names in it; only while fs/refresh.c looks for such */
        struct overlay *overlays; /* what stands here beside the cloud, by ordinal */
        uint64_t next_overlay;    /* ordinal; above those of the list */
        uint64_t overlay_version; /* changes with every name among them */
        int64_t overlay_ms;       /* realtime clock: when it last did; 0: never */
        unsigned n_hidden;        /* names of the list that are not shown */
};

struct directory *directory_new(void);
struct directory *directory_free(struct directory *directory);
bool directory_is_fresh(const struct directory *directory, int64_t now_ms);
bool directory_is_ageing(const struct directory *directory, int64_t now_ms);
void directory_publish(struct directory *directory, struct snapshot *snapshot, int64_t now_ms);
bool directory_keep(struct directory *directory);
