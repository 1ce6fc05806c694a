/* SPDX-License-Identifier: Apache-2.0 */
#include "contrib/emulator/exchange.h"
#include "contrib/emulator/validate.h"
#include "tests/unit/unit.h"

/* The numbers 0 to 9 cut by a query, as text. */
static const char *cut(const char *query, struct page (*pages)(const struct request *req)) {
        static char text[64];
        struct json_object *all = json_object_new_array(), *part;
        struct request req = { 0 };

        for (int i = 0; i < 10; i++)
                json_object_array_add(all, json_object_new_int(i));
        query_parse(query, &req.query);
        part = page_cut(pages(&req), all);
        snprintf(text, sizeof(text), "%s",
                 json_object_to_json_string_ext(part, JSON_C_TO_STRING_PLAIN));
        json_object_put(part);
        pairs_clear(&req.query);
        return text;
}

static struct page records(const struct request *req) {
        return page_by_record(req, 4, 0);
}

static struct page few_records(const struct request *req) {
        return page_by_record(req, -1, 3);
}

static struct page pages(const struct request *req) {
        return page_by_page(req, 4, 0);
}

static struct page numbers(const struct request *req) {
        return page_by_number(req, "page", "per_page", 4);
}

START_TEST(offset_counts_records) {
        ck_assert_str_eq(cut("", records), "[0,1,2,3]");
        ck_assert_str_eq(cut("offset=8", records), "[8,9]");
        ck_assert_str_eq(cut("offset=2&limit=2", records), "[2,3]");
        ck_assert_str_eq(cut("offset=99", records), "[]");
        ck_assert_str_eq(cut("limit=-1&offset=7", records), "[7,8,9]");
        ck_assert_str_eq(cut("limit=0", records), "[]");
}
END_TEST

START_TEST(a_maximum_holds_for_all_as_well) {
        ck_assert_str_eq(cut("", few_records), "[0,1,2]");
        ck_assert_str_eq(cut("limit=100&offset=1", few_records), "[1,2,3]");
        ck_assert_str_eq(cut("limit=2", few_records), "[0,1]");
}
END_TEST

START_TEST(offset_counts_pages) {
        ck_assert_str_eq(cut("offset=1&limit=3", pages), "[3,4,5]");
        ck_assert_str_eq(cut("offset=2", pages), "[8,9]");
        ck_assert_str_eq(cut("offset=9223372036854775807&limit=9223372036854775807", pages), "[]");
}
END_TEST

START_TEST(page_numbers_begin_with_one) {
        ck_assert_str_eq(cut("page=1&per_page=3", numbers), "[0,1,2]");
        ck_assert_str_eq(cut("page=3", numbers), "[8,9]");
}
END_TEST

START_TEST(continue_leads_through_a_list) {
        struct request req = { 0 };
        struct json_object *token;
        struct page page;

        query_parse("limit=6", &req.query);
        page = page_by_continue(&req);
        token = page_continue(page, 10);
        ck_assert_ptr_nonnull(token);
        ck_assert_str_eq(cut("limit=6", page_by_continue), "[0,1,2,3,4,5]");
        pairs_clear(&req.query);
        pairs_add(&req.query, "limit", "6");
        pairs_add(&req.query, "continue", json_object_get_string(token));
        page = page_by_continue(&req);
        ck_assert_int_eq(page.offset, 6);
        ck_assert_ptr_null(page_continue(page, 10));
        ck_assert_str_eq(cut("", page_by_continue), "[0,1,2,3,4,5,6,7,8,9]");
        json_object_put(token);
        pairs_clear(&req.query);
}
END_TEST

int main(void) {
        const struct unit_case cases[] = {
                { "records", offset_counts_records, 0 },
                { "maximum", a_maximum_holds_for_all_as_well, 0 },
                { "pages", offset_counts_pages, 0 },
                { "numbers", page_numbers_begin_with_one, 0 },
                { "continue", continue_leads_through_a_list, 0 },
                { 0 },
        };

        return unit_main("emulator-paging", cases);
}
