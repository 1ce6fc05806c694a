/* SPDX-License-Identifier: Apache-2.0 */
/* A collection's list, read once: who its items are, where they stand and what they are called.
 * Built from one answer, kept while that answer is the current one. */
#pragma once

#include "backends/place.h"

/* One item. Its strings live as long as the index. */
struct index_row {
        const char *id;
        const char *filter;                /* value of the kind's filter, "" without one */
        char *label;                       /* the item's name as the service has it */
        char *name;                        /* the file name: encoded, unique among siblings */
        const char *owner;                 /* id of its owner, "" without one */
        struct timespec modified, created; /* zero: unknown */
        uint32_t position;                 /* in the answer's items */
        bool is_busy;                      /* in a transition */
        const char *levels[];              /* values of the grouping levels, not encoded */
};

/* Immutable; shared by reference count. */
struct index {
        atomic_uint refs;
        const struct kind *kind;
        struct answer *answer; /* owned reference */
        struct arena memory;   /* of the rows and their strings */
        unsigned n_levels;
        struct index_row **rows; /* sorted by filter, levels, label, id */
        size_t count;
        struct index_row **by_id; /* the same, sorted by id */
        bool is_busy;             /* one of them is */
};

/* A run of siblings: rows[begin] up to rows[end - 1]. */
struct index_range {
        size_t begin, end;
};

int index_new(struct op *op, const struct kind *kind, struct answer *answer, struct index **ret);
struct index *index_ref(struct index *index);
struct index *index_unref(struct index *index);
DEFINE_CLEANUP(struct index *, index_unref)
struct index_range index_find(const struct index *index, const char *filter,
                              const char *const *levels, unsigned depth);
const struct index_row *index_by_id(const struct index *index, const char *id);
bool life_is_busy(const struct life *life, const struct json *item);
int index_level_name(const struct index_row *row, unsigned level, struct buf *buf);
