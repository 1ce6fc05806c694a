/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The paging schemes of the services.
 */
#include "contrib/emulator/handler.h"
#include "contrib/emulator/util.h"

#include <string.h>

static struct page page(int64_t offset, int64_t limit, int64_t max) {
        if (limit < 0)
                limit = -1;
        if (max > 0 && (limit < 0 || limit > max))
                limit = max;
        return (struct page){ .offset = offset > 0 ? offset : 0, .limit = limit };
}

struct page page_by_record(const struct request *req, int64_t fallback, int64_t max) {
        return page(query_int(req, "offset", 0), query_int(req, "limit", fallback), max);
}

/* The product of two numbers of a client, without overflow: far behind any end is all the same. */
static int64_t records_before(int64_t pages, int64_t limit) {
        int64_t records;

        if (pages <= 0 || limit <= 0)
                return 0;
        return __builtin_mul_overflow(pages, limit, &records) ? INT64_MAX : records;
}

struct page page_by_page(const struct request *req, int64_t fallback, int64_t max) {
        struct page p = page(0, query_int(req, "limit", fallback), max);

        p.offset = records_before(query_int(req, "offset", 0), p.limit);
        return p;
}

struct page page_by_number(const struct request *req, const char *number, const char *size,
                           int64_t fallback) {
        struct page p = page(0, query_int(req, size, fallback), 0);

        p.offset = records_before(query_int(req, number, 1) - 1, p.limit);
        return p;
}

struct page page_by_continue(const struct request *req) {
        const char *token = query_param(req, "continue");
        int64_t limit = query_int(req, "limit", 0), offset = 0;

        if (token && str_begins(token, "after-"))
                (void)parse_int(token + strlen("after-"), &offset);
        return page(offset, limit > 0 ? limit : -1, 0);
}

struct json_object *page_cut(struct page p, struct json_object *all) {
        struct json_object *part = json_object_new_array();
        size_t count = js_len(all, "");

        for (size_t i = (size_t)p.offset; i < count; i++) {
                if (p.limit >= 0 && i - (size_t)p.offset >= (size_t)p.limit)
                        break;
                json_object_array_add(part, json_object_get(js_at(all, i)));
        }
        json_object_put(all);
        return part;
}

struct json_object *page_continue(struct page p, size_t total) {
        char token[32];

        if (p.limit < 0 || (size_t)p.limit >= total || (size_t)p.offset >= total - (size_t)p.limit)
                return NULL;
        snprintf(token, sizeof(token), "after-%lld", (long long)(p.offset + p.limit));
        return json_object_new_string(token);
}
