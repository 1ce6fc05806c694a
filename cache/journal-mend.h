/* SPDX-License-Identifier: Apache-2.0 */
/* A damaged journal, written anew from what can be read of it. */
#pragma once

#include "cache/journal-book.h"

/* Rows that came over, and in what state. */
struct numbers {
        int64_t *of;
        size_t count, capacity;
};

struct mending {
        struct book *book;              /* the new one, while it is written */
        struct numbers damaged[TABLES]; /* rows that are not as they were written */
        /* What came of it. */
        unsigned edits;                 /* whose texts are sound */
        unsigned rejected_edits;        /* whose texts or descriptions are damaged */
        unsigned items;                 /* on shelves, sound */
        unsigned damaged_items;
        unsigned lost_rows;             /* of which nothing could be made */
};

int mend_write(const char *path, struct mending *mending);

/* journal-repair.c: what is done with rows that came over damaged, or without their bytes. */
bool numbers_have(const struct numbers *numbers, int64_t number);
int repair_run(struct mending *mending);
