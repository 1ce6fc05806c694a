/* SPDX-License-Identifier: Apache-2.0 */
/* Going through the pages of a list: what to ask for next, and when there is no more. */
#pragma once

#include "base/source.h"

enum { PAGES_MAX = 100000, PAGES_RESTARTS = 3, PAGES_REPEATS = 2 };

/* Where we are; zeroed at first. */
struct pages {
        unsigned number; /* pages read */
        int64_t seen;    /* records received, repeated ones too */
        int64_t total;   /* what the last page said, 0: nothing */
        bool overlaps;   /* the next page begins with the last record of this one */
        char *last_id;   /* id of the last record, owned */
        char *cursor;    /* PAGING_CONTINUE: where to go on, owned */
        unsigned restarts;
        unsigned repeats; /* times that the last page was asked for again */
};

/* What a page brought. */
struct page {
        size_t received;      /* records in it */
        size_t added;         /* of those, not seen before */
        const char *first_id; /* id of its first record, NULL if it is empty */
        const char *last_id;
};

enum pages_next { PAGES_DONE, PAGES_MORE, PAGES_RESTART };

int pages_query(const struct call *call, const struct pages *pages, struct buf *query);
enum pages_next pages_advance(const struct call *call, struct pages *pages, const struct json *body,
                              const struct page *page);
void pages_done(struct pages *pages);
