/* SPDX-License-Identifier: Apache-2.0 */
/* Lists of many pages, read from a server of each paging scheme and of each bad habit. */
#include "backends/pages.h"
#include "base/text.h"
#include "tests/unit/unit.h"

enum { RECORDS = 1000, RECORDS_MAX = 4096 };

/* A server with numbered records. */
static struct {
        unsigned ids[RECORDS_MAX];
        unsigned count;
        unsigned cap; /* most records a page, whatever is asked; 0: none */
        bool ignores_offset;
        unsigned repeat_call; /* this call is answered with the first page; 0: none */
        bool tells_no_total;
        unsigned total_offset; /* added to the total it tells */
        bool total_of_page;    /* the total it tells counts the page alone */
        unsigned drop_after;   /* after this many calls … */
        unsigned drop;         /* … so many of the first records go away */
        unsigned calls;
} server;

static void serve(unsigned count) {
        memset(&server, 0, sizeof(server));
        server.count = count;
        for (unsigned i = 0; i < count; i++)
                server.ids[i] = i;
}

static unsigned parameter(const char *query, const char *name) {
        const char *pair, *cursor = query;
        unsigned value;
        size_t len;

        while (text_word(&cursor, "&", &pair, &len)) {
                size_t n = strlen(name);
                _cleanup_(freep) char *text = NULL;

                if (len <= n || strncmp(pair, name, n) != 0 || pair[n] != '=')
                        continue;
                text = strndup(pair + n + 1, len - n - 1);
                ck_assert_int_eq(text_uint(text, 1000000, &value), 0);
                return value;
        }
        return 0;
}

/* What the client collected. */
static struct {
        bool seen[RECORDS_MAX];
        unsigned count;
        unsigned calls;
} client;

static unsigned first_record(const struct call *call, const char *query, unsigned size) {
        switch (call->paging) {
        case PAGING_OFFSET:
                return parameter(query, "offset");
        case PAGING_PAGE:
                return parameter(query, "offset") * size;
        case PAGING_NUMBER:
                return (parameter(query, "page") - 1) * size;
        case PAGING_CONTINUE:
                return parameter(query, "continue");
        default:
                return 0;
        }
}

static void drop_records(void) {
        memmove(server.ids, server.ids + server.drop,
                (server.count - server.drop) * sizeof(server.ids[0]));
        server.count -= server.drop;
}

/* One call: what the server answers, and what the client makes of it. */
static enum pages_next exchange(const struct call *call, struct pages *pages) {
        struct buf query = BUF_INIT(4096), text = BUF_INIT(4096);
        _cleanup_(json_freep) struct json *body = NULL;
        static char first_id[32], last_id[32];
        struct page page = { 0 };
        unsigned size, begin;

        ck_assert_int_eq(pages_query(call, pages, &query), 0);
        server.calls++;
        if (server.drop && server.calls == server.drop_after + 1)
                drop_records();
        client.calls++;
        size = parameter(buf_str(&query), call->paging == PAGING_NUMBER ? "number" : "limit");
        begin = server.ignores_offset || server.calls == server.repeat_call
                        ? 0
                        : first_record(call, buf_str(&query), size);
        if (server.cap && server.cap < size)
                size = server.cap;
        for (unsigned i = begin; i < server.count && i < begin + size; i++) {
                unsigned id = server.ids[i];

                (void)snprintf(page.received ? last_id : first_id, sizeof(first_id), "%u", id);
                if (!page.received)
                        (void)snprintf(last_id, sizeof(last_id), "%u", id);
                page.received++;
                page.added += !client.seen[id];
                client.count += !client.seen[id];
                client.seen[id] = true;
        }
        page.first_id = page.received ? first_id : NULL;
        page.last_id = page.received ? last_id : NULL;
        (void)buf_add_str(&text, "{");
        if (call->total)
                (void)buf_printf(&text, "\"total\":%u",
                                 server.total_of_page ? (unsigned)page.received
                                                      : server.count + server.total_offset);
        if (call->paging == PAGING_CONTINUE && begin + size < server.count)
                (void)buf_printf(&text, "\"metadata\":{\"continue\":\"%u\"}", begin + size);
        (void)buf_add_str(&text, "}");
        ck_assert_int_eq(json_parse(text.data, text.len, &body, NULL), 0);
        buf_done(&query);
        buf_done(&text);
        return pages_advance(call, pages, body, &page);
}

static void read_all(const struct call *call) {
        struct pages pages = { 0 };
        enum pages_next next;

        memset(&client, 0, sizeof(client));
        do {
                next = exchange(call, &pages);
                if (next == PAGES_RESTART) {
                        memset(client.seen, 0, sizeof(client.seen));
                        client.count = 0;
                }
                ck_assert_uint_lt(client.calls, 2000);
        } while (next != PAGES_DONE);
        pages_done(&pages);
}

static const struct call schemes[] = {
        { .id = "offset", .paging = PAGING_OFFSET, .page_size = 100, .total = "/total" },
        { .id = "offset without total", .paging = PAGING_OFFSET, .page_size = 100 },
        { .id = "page", .paging = PAGING_PAGE, .page_size = 100, .total = "/total" },
        { .id = "page without total", .paging = PAGING_PAGE, .page_size = 100 },
        { .id = "number", .paging = PAGING_NUMBER, .page_size = 100, .total = "/total" },
        { .id = "continue", .paging = PAGING_CONTINUE, .page_size = 100 },
};
enum { SCHEMES = ELEMENTSOF(schemes) };

START_TEST(a_thousand_records_come_once) {
        serve(RECORDS);
        read_all(&schemes[_i]);
        ck_assert_uint_eq(client.count, RECORDS);
        if (schemes[_i].total || schemes[_i].paging == PAGING_CONTINUE)
                ck_assert_uint_eq(client.calls, 10);
        else
                ck_assert_uint_le(client.calls, 11);
}
END_TEST

START_TEST(an_empty_list_costs_one_call) {
        serve(0);
        read_all(&schemes[_i]);
        ck_assert_uint_eq(client.count, 0);
        ck_assert_uint_eq(client.calls, 1);
}
END_TEST

START_TEST(a_short_list_costs_one_call) {
        serve(7);
        read_all(&schemes[_i]);
        ck_assert_uint_eq(client.count, 7);
        ck_assert_uint_eq(client.calls, 1);
}
END_TEST

START_TEST(a_server_that_repeats_a_page_ends_the_list) {
        serve(RECORDS);
        server.ignores_offset = true;
        read_all(&schemes[_i]);
        ck_assert_uint_eq(client.count, 100);
        ck_assert_uint_le(client.calls, 2 + PAGES_REPEATS);
}
END_TEST

START_TEST(a_page_repeated_by_mistake_loses_nothing) {
        serve(RECORDS);
        server.repeat_call = 4;
        read_all(&schemes[_i]);
        ck_assert_uint_eq(client.count, RECORDS);
        ck_assert_uint_le(client.calls, 12);
}
END_TEST

START_TEST(records_that_go_away_between_pages_hide_no_others) {
        serve(RECORDS);
        server.drop_after = 3;
        server.drop = 30;
        read_all(&schemes[_i]);
        for (unsigned i = 0; i < server.count; i++)
                ck_assert_msg(client.seen[server.ids[i]], "%s: record %u is missing",
                              schemes[_i].id, server.ids[i]);
        ck_assert_uint_le(client.calls, 30);
}
END_TEST

START_TEST(pages_shorter_than_asked_are_gone_on_from) {
        const struct call call = schemes[0];

        serve(RECORDS);
        server.cap = 60;
        read_all(&call);
        ck_assert_uint_eq(client.count, RECORDS);
}
END_TEST

START_TEST(a_total_that_lies_neither_loops_nor_cuts) {
        serve(250);
        server.total_offset = 500;
        read_all(&schemes[_i]);
        ck_assert_uint_eq(client.count, 250);
        ck_assert_uint_le(client.calls, 5);
}
END_TEST

START_TEST(a_total_of_each_page_alone_does_not_cut) {
        serve(250);
        server.total_of_page = true;
        read_all(&schemes[_i]);
        ck_assert_uint_eq(client.count, 250);
        ck_assert_uint_le(client.calls, 3);
}
END_TEST

int main(void) {
        const struct unit_case cases[] = {
                { .name = "thousand", .test = a_thousand_records_come_once, .rounds = SCHEMES },
                { .name = "empty", .test = an_empty_list_costs_one_call, .rounds = SCHEMES },
                { .name = "short", .test = a_short_list_costs_one_call, .rounds = SCHEMES },
                { .name = "repeated",
                  .test = a_server_that_repeats_a_page_ends_the_list,
                  .rounds = SCHEMES },
                { .name = "mistake",
                  .test = a_page_repeated_by_mistake_loses_nothing,
                  .rounds = 5 },
                /* Page numbers without a total, and cursors, cannot show a shift. */
                { .name = "shrinking",
                  .test = records_that_go_away_between_pages_hide_no_others,
                  .rounds = 3 },
                { .name = "capped", .test = pages_shorter_than_asked_are_gone_on_from },
                { .name = "lying",
                  .test = a_total_that_lies_neither_loops_nor_cuts,
                  .rounds = SCHEMES },
                { .name = "of the page",
                  .test = a_total_of_each_page_alone_does_not_cut,
                  .rounds = SCHEMES },
                {},
        };

        return unit_main("pages", cases);
}
