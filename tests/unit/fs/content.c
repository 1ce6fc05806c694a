/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/content.h"

#include <string.h>

#include "base/stamp.h"
#include "fs/local.h"
#include "tests/unit/unit.h"

static struct content *content;

static void learn(const char *text, int64_t now_ms, int64_t until_ms, bool is_visible) {
        struct buf buf = BUF_INIT(0);
        struct document *document;

        ck_assert_int_eq(buf_add_str(&buf, text), 0);
        ck_assert_int_eq(local_document_new(&buf, until_ms, &document), 0);
        ck_assert_int_eq(content_learn(content, document, now_ms), is_visible);
}

static void expect(const char *text) {
        ck_assert_str_eq(content->published->data, text);
        ck_assert_uint_eq(content->len, strlen(text));
}

START_TEST(a_version_serves_for_its_time) {
        content = content_new();
        ck_assert(!content_is_usable(content, 1000));
        learn("one", 1000, 1060, true);
        ck_assert(content_is_fresh(content, 1059));
        ck_assert(!content_is_usable(content, 1060));
        ck_assert(!content_is_ageing(content, 1044));
        ck_assert(content_is_ageing(content, 1046));
        learn("one", 2000, 2060, false);
        ck_assert(content_is_fresh(content, 2059));
        content_expire(content);
        ck_assert(!content_is_usable(content, 2001));
        content_free(content);
}
END_TEST

START_TEST(a_version_stays_while_it_is_read) {
        content = content_new();
        learn("one", 1000, 1060, true);
        content_open(content, 1010);
        ck_assert(content_is_usable(content, 1070));
        content_outdate(content);
        ck_assert(!content_is_fresh(content, 1020));
        ck_assert(content_is_usable(content, 1070));
        learn("two", 1070, 1130, false);
        expect("one");
        learn("three", 1080, 1140, false);
        ck_assert(!content_settle(content, 1090));
        expect("one");
        ck_assert(content_close(content, 1100));
        expect("three");
        content_free(content);
}
END_TEST

START_TEST(a_version_stays_half_a_minute_at_most) {
        content = content_new();
        learn("one", 0, 60, true);
        content_open(content, 10);
        learn("two", 20000, 20060, false);
        ck_assert(!content_settle(content, 10 + CONTENT_PIN_MS - 1));
        content_open(content, 25000); /* does not make it longer */
        ck_assert(content_settle(content, 10 + CONTENT_PIN_MS));
        expect("two");
        learn("three", 50000, 50060, true);
        content_free(content);
}
END_TEST

START_TEST(the_same_bytes_are_no_news_even_while_read) {
        content = content_new();
        learn("one", 0, 60, true);
        content_open(content, 10);
        learn("two", 70, 130, false);
        learn("one", 80, 500, false); /* back to what is shown */
        ck_assert(!content_waits(content));
        ck_assert(content_is_fresh(content, 499));
        ck_assert(!content_close(content, 90));
        content_free(content);
}
END_TEST

START_TEST(the_kernel_keeps_pages_of_the_last_version_only) {
        content = content_new();
        learn("one", 0, 60, true);
        ck_assert(!content_keep(content));
        ck_assert(content_keep(content));
        learn("two", 70, 130, true);
        ck_assert(!content_keep(content));
        learn("one", 140, 200, true);
        ck_assert(!content_keep(content));
        ck_assert(content_keep(content));
        content_free(content);
}
END_TEST

START_TEST(versions_within_a_second_have_different_times) {
        struct timespec first;

        content = content_new();
        learn("one", 0, 60, true);
        first = content_modified(content);
        ck_assert_int_ne(first.tv_sec, 0);
        learn("one", 70, 130, false);
        ck_assert_int_eq(content_modified(content).tv_sec, first.tv_sec);
        ck_assert_int_eq(content_modified(content).tv_nsec, first.tv_nsec);
        learn("two", 140, 200, true);
        ck_assert_int_ne(content_modified(content).tv_nsec, first.tv_nsec);
        ck_assert_int_lt(content_modified(content).tv_nsec, 1000000000);
        content_free(content);
}
END_TEST

START_TEST(a_time_that_nobody_told_is_none_to_come) {
        for (unsigned i = 0; i < 50; i++) {
                char text[16];
                int64_t ms;

                content = content_new();
                (void)snprintf(text, sizeof(text), "text %u", i);
                learn(text, 0, 60, true);
                ms = content->published->fetched_ms;
                ck_assert_int_le(content_modified(content).tv_sec * 1000 +
                                         content_modified(content).tv_nsec / 1000000,
                                 ms);
                ck_assert_int_ge(content_modified(content).tv_sec * 1000, ms - 2000);
                content = content_free(content);
        }
}
END_TEST

static void expect_read(const char *text) {
        struct document *document = content_read(content);

        ck_assert_str_eq(document->data, text);
        document_unref(document);
}

START_TEST(bytes_are_those_whose_size_was_told) {
        content = content_new();
        learn("one", 0, 60, true);
        expect_read("one");
        content_told(content, 0);
        learn("two and more", 70, 130, true);
        expect_read("one");
        learn("three", 140, 200, true);
        expect_read("one");
        content_told(content, 0);
        expect_read("three");
        learn("four", 210, 270, true);
        expect_read("three");
        learn("three", 280, 340, true);
        content_told(content, 0);
        expect_read("three");
        content = content_free(content);
}
END_TEST

START_TEST(a_size_that_was_told_holds_for_a_moment) {
        content = content_new();
        learn("one", 1000, 1000, true);
        ck_assert(!content_is_usable(content, 1000));
        content_hold(content, 1000);
        ck_assert(content_is_usable(content, 1999));
        ck_assert(!content_is_usable(content, 2000));
        for (int64_t now = 1000; now < 10000; now += 100) /* looking does not keep it for ever */
                content_hold(content, now);
        ck_assert(!content_is_usable(content, 3000));
        content_free(content);
}
END_TEST

START_TEST(bytes_may_go_and_what_is_known_stays) {
        content = content_new();
        learn("one", 0, 60, true);
        content_open(content, 10);
        ck_assert_uint_eq(content_drop(content), 0);
        content_close(content, 20);
        ck_assert_uint_eq(content_drop(content), 3);
        ck_assert_ptr_null(content->published);
        ck_assert(content_is_fresh(content, 59));
        ck_assert_uint_eq(content->len, 3);
        learn("one", 70, 130, false);
        expect("one");
        content_free(content);
}
END_TEST

/* File rule 18: what was there before our change is not shown for a while, and answers from before
 * the moment at which somebody told it do not serve any more. */
START_TEST(what_was_there_before_our_change_is_asked_for_anew) {
        struct document *sent;
        struct buf buf = BUF_INIT(0);
        int64_t now_ms = stamp_now_ms();

        content = content_new();
        learn("one", 0, 60, true);
        ck_assert_int_eq(content_doubted_ms(content), 0);
        ck_assert_int_eq(buf_add_str(&buf, "two"), 0);
        ck_assert_int_eq(local_document_new(&buf, 20, &sent), 0);
        sent->is_sent = true;
        ck_assert(content_commit(content, sent, 10));
        expect("two");
        ck_assert_int_ge(content_doubted_ms(content), now_ms);
        content->change->doubted_ms = 0;
        learn("one", 30, 90, false);
        expect("two");
        ck_assert(!content_is_fresh(content, 30 + CONTENT_BACKOFF_MS));
        ck_assert_int_ge(content_doubted_ms(content), now_ms);
        learn("one", 10 + CONTENT_SETTLE_MS, 10 + CONTENT_SETTLE_MS + 60, true);
        expect("one");
        content->change->doubted_ms = 0;
        content_doubt(content);
        ck_assert(!content_is_usable(content, 11 + CONTENT_SETTLE_MS));
        ck_assert_int_ge(content_doubted_ms(content), now_ms);
        content_free(content);
}
END_TEST

int main(void) {
        const struct unit_case cases[] = {
                { .name = "time", .test = a_version_serves_for_its_time },
                { .name = "pin", .test = a_version_stays_while_it_is_read },
                { .name = "pin's end", .test = a_version_stays_half_a_minute_at_most },
                { .name = "same", .test = the_same_bytes_are_no_news_even_while_read },
                { .name = "keep", .test = the_kernel_keeps_pages_of_the_last_version_only },
                { .name = "times", .test = versions_within_a_second_have_different_times },
                { .name = "mark", .test = a_time_that_nobody_told_is_none_to_come },
                { .name = "told", .test = bytes_are_those_whose_size_was_told },
                { .name = "hold", .test = a_size_that_was_told_holds_for_a_moment },
                { .name = "doubt", .test = what_was_there_before_our_change_is_asked_for_anew },
                { .name = "drop", .test = bytes_may_go_and_what_is_known_stays },
                { 0 },
        };

        return unit_main("content", cases);
}
