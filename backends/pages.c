/* SPDX-License-Identifier: Apache-2.0 */
#include "backends/pages.h"

#include <inttypes.h>

#include "base/text.h"

static void add_pair(struct buf *query, const char *name, int64_t value) {
        (void)buf_printf(query, "%s%s=%" PRId64, query->len ? "&" : "", name, value);
}

/* Does a list without a total read one record twice, to notice that earlier ones went away? */
static bool is_overlapping(const struct call *call) {
        return call->paging == PAGING_OFFSET && !call->total && call->page_size > 1;
}

/** pages_query() - append the parameters of the next page to a query. Errors as buf_reserve(). */
int pages_query(const struct call *call, const struct pages *pages, struct buf *query) {
        switch (call->paging) {
        case PAGING_NONE:
                break;
        case PAGING_OFFSET:
                add_pair(query, "limit", call->page_size);
                add_pair(query, "offset", pages->overlaps ? pages->seen - 1 : pages->seen);
                break;
        case PAGING_PAGE:
                add_pair(query, "limit", call->page_size);
                add_pair(query, "offset", pages->number);
                break;
        case PAGING_NUMBER:
                add_pair(query, "page", (int64_t)pages->number + 1);
                add_pair(query, "number", call->page_size);
                break;
        case PAGING_CONTINUE:
                add_pair(query, "limit", call->page_size);
                if (pages->cursor) {
                        (void)buf_add_str(query, "&continue=");
                        (void)text_percent_encode(query, pages->cursor, strlen(pages->cursor),
                                                  NULL);
                }
                break;
        }
        return query->error;
}

static enum pages_next restart(struct pages *pages) {
        unsigned restarts = pages->restarts + 1;

        pages_done(pages);
        pages->restarts = restarts;
        return PAGES_RESTART;
}

static enum pages_next follow_cursor(struct pages *pages, const struct json *body) {
        const char *cursor = json_string(body, "/metadata/continue");

        if (text_is_empty(cursor) || text_eq(cursor, pages->cursor))
                return PAGES_DONE;
        free(pages->cursor);
        pages->cursor = strdup(cursor);
        return pages->cursor ? PAGES_MORE : PAGES_DONE;
}

/* A page with nothing new: another one by mistake, or all there is from a server
 * without offsets. */
static enum pages_next ask_again(struct pages *pages) {
        if (pages->repeats++ >= PAGES_REPEATS)
                return PAGES_DONE;
        pages->number--;
        return PAGES_MORE;
}

static bool is_last(const struct call *call, const struct pages *pages, const struct page *page) {
        bool told = pages->total > 0;

        if (told && pages->seen >= pages->total)
                return true;
        /* A total of 0 beside records is no word (CSE); a short page ends the list then. */
        return page->received < call->page_size && !told;
}

/* Some servers call the records of a page its total. On a full page, or behind others, a total of
 * no more than that is none: 0, as from CSE, which tells 0 beside records. */
static int64_t told_total(const struct call *call, const struct pages *pages,
                          const struct json *body, const struct page *page) {
        int64_t total = 0;

        if (call->total)
                (void)json_int64(body, call->total, &total);
        if ((page->received >= call->page_size || pages->seen) && page->received &&
            total <= (int64_t)page->received)
                return 0;
        return total;
}

/**
 * pages_advance() - take note of a page and decide how to go on.
 *
 * A page with nothing new is asked for again, then ends the list: servers that ignore the offset
 * repeat themselves. Records that went away between two pages move later ones past the offset: a
 * total that shrinks, or without a total a page that does not begin with the record the last one
 * ended with, shows it. The list is then read again from its beginning, at most PAGES_RESTARTS
 * times.
 */
enum pages_next pages_advance(const struct call *call, struct pages *pages, const struct json *body,
                              const struct page *page) {
        bool may_restart = pages->restarts < PAGES_RESTARTS;
        int64_t total, received = (int64_t)page->received;

        if (call->paging == PAGING_NONE || ++pages->number >= PAGES_MAX)
                return PAGES_DONE;
        if (call->paging == PAGING_CONTINUE)
                return follow_cursor(pages, body);
        if (page->received && !page->added)
                return ask_again(pages);
        pages->repeats = 0;
        total = told_total(call, pages, body, page);
        if (pages->total && total && total < pages->total && may_restart)
                return restart(pages);
        if (pages->overlaps && may_restart && !text_eq(page->first_id, pages->last_id))
                return restart(pages);
        if (total)
                pages->total = total;
        pages->seen += pages->overlaps ? received - 1 : received;
        if (!page->received || is_last(call, pages, page))
                return PAGES_DONE;
        pages->overlaps = is_overlapping(call);
        free(pages->last_id);
        pages->last_id = strdup(page->last_id);
        return PAGES_MORE;
}

/** pages_done() - free what is held; back to the beginning, but for the count of restarts. */
void pages_done(struct pages *pages) {
        free(pages->last_id);
        free(pages->cursor);
        *pages = (struct pages){ .restarts = pages->restarts };
}
