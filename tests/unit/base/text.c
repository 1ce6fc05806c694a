/* SPDX-License-Identifier: Apache-2.0 */
#include "base/text.h"

#include "tests/unit/unit.h"

static const struct {
        const char *text;
        int r;
        int64_t value;
} numbers[] = {
        { "0", 0, 0 },
        { "-0", 0, 0 },
        { "+7", 0, 7 },
        { "007", 0, 7 },
        { "9223372036854775807", 0, INT64_MAX },
        { "-9223372036854775808", 0, INT64_MIN },
        { "9223372036854775808", -ERANGE, 0 },
        { "-9223372036854775809", -ERANGE, 0 },
        { "99999999999999999999999999", -ERANGE, 0 },
        { "", -EINVAL, 0 },
        { "-", -EINVAL, 0 },
        { "+", -EINVAL, 0 },
        { "--1", -EINVAL, 0 },
        { "+-1", -EINVAL, 0 },
        { "- 1", -EINVAL, 0 },
        { "+ 1", -EINVAL, 0 },
        { " 1", -EINVAL, 0 },
        { "\t1", -EINVAL, 0 },
        { "1 ", -EINVAL, 0 },
        { "1.0", -EINVAL, 0 },
        { "1e3", -EINVAL, 0 },
        { "0x10", -EINVAL, 0 },
        { "abc", -EINVAL, 0 },
        { NULL, -EINVAL, 0 },
};

START_TEST(numbers_are_read_whole_or_refused) {
        int64_t value = 42;

        ck_assert_int_eq(text_int64(numbers[_i].text, &value), numbers[_i].r);
        ck_assert_int_eq(value, numbers[_i].r == 0 ? numbers[_i].value : 42);
}
END_TEST

START_TEST(unsigned_numbers_stay_below_their_bound) {
        unsigned value = 42;

        ck_assert_int_eq(text_uint("11", 10, &value), -ERANGE);
        ck_assert_int_eq(text_uint("-1", 10, &value), -ERANGE);
        ck_assert_int_eq(text_uint("99999999999999999999", 10, &value), -ERANGE);
        ck_assert_int_eq(text_uint("ten", 10, &value), -EINVAL);
        ck_assert_uint_eq(value, 42);
        ck_assert_int_eq(text_uint("10", 10, &value), 0);
        ck_assert_uint_eq(value, 10);
        ck_assert_int_eq(text_uint("4294967295", UINT32_MAX, &value), 0);
        ck_assert_uint_eq(value, UINT32_MAX);
}
END_TEST

START_TEST(words_for_yes_and_no) {
        static const char *const yes[] = { "yes", "true", "on", "1", "YES", "True" };
        static const char *const no[] = { "no", "false", "off", "0", "Off" };
        static const char *const others[] = { "", "y", "2", "yes ", "none" };
        bool value;

        for (size_t i = 0; i < ELEMENTSOF(yes); i++) {
                value = false;
                ck_assert_int_eq(text_bool(yes[i], &value), 0);
                ck_assert(value);
        }
        for (size_t i = 0; i < ELEMENTSOF(no); i++) {
                value = true;
                ck_assert_int_eq(text_bool(no[i], &value), 0);
                ck_assert(!value);
        }
        for (size_t i = 0; i < ELEMENTSOF(others); i++)
                ck_assert_int_eq(text_bool(others[i], &value), -EINVAL);
        ck_assert_int_eq(text_bool(NULL, &value), -EINVAL);
}
END_TEST

static const struct {
        const char *text;
        bool valid;
} utf8[] = {
        { "", true },
        { "plain", true },
        { "\x7f", true },
        { "\xc2\x80", true },              /* the first of two bytes */
        { "\xdf\xbf", true },              /* the last of two */
        { "\xe0\xa0\x80", true },          /* the first of three */
        { "\xed\x9f\xbf", true },          /* the last before the surrogates */
        { "\xee\x80\x80", true },          /* the first after them */
        { "\xef\xbf\xbf", true },          /* the last of three */
        { "\xf0\x90\x80\x80", true },      /* the first of four */
        { "\xf4\x8f\xbf\xbf", true },      /* the last of all */
        { "\x80", false },                 /* a continuation alone */
        { "a\xbf", false },                /* … behind something */
        { "\xc0\x80", false },             /* overlong NUL */
        { "\xc1\xbf", false },             /* overlong */
        { "\xe0\x9f\xbf", false },         /* overlong */
        { "\xf0\x8f\xbf\xbf", false },     /* overlong */
        { "\xed\xa0\x80", false },         /* surrogate */
        { "\xf4\x90\x80\x80", false },     /* beyond U+10FFFF */
        { "\xf5\x80\x80\x80", false },     /* no lead */
        { "\xff", false },                 /* no lead */
        { "\xc2", false },                 /* cut */
        { "\xe2\x82", false },             /* cut */
        { "\xf0\x9f\x98", false },         /* cut */
        { "\xe2\x28\xa1", false },         /* no continuation */
        { "\xe2\x82\x28", false },         /* no continuation */
        { "\xf0\x9f\x28\x80", false },     /* no continuation */
        { "ok \xe4\xb8\xad \xff", false }, /* bad at the end */
};

START_TEST(only_well_formed_utf8_passes) {
        ck_assert_int_eq(text_is_utf8(utf8[_i].text, strlen(utf8[_i].text)), utf8[_i].valid);
}
END_TEST

static const struct {
        const char *text, *keep, *encoded;
} percent[] = {
        { "", NULL, "" },
        { "AZaz09-_.~", NULL, "AZaz09-_.~" },
        { "a b", NULL, "a%20b" },
        { "a/b", NULL, "a%2Fb" },
        { "a/b c", "/", "a/b%20c" },
        { "100%", NULL, "100%25" },
        { "\xe4\xb8\xad", NULL, "%E4%B8%AD" },
        { "\x01\x7f", NULL, "%01%7F" },
};

START_TEST(percent_encoding_and_back) {
        struct buf encoded = BUF_INIT(0), decoded = BUF_INIT(0);
        size_t len = strlen(percent[_i].text);

        ck_assert_int_eq(text_percent_encode(&encoded, percent[_i].text, len, percent[_i].keep), 0);
        ck_assert_str_eq(buf_str(&encoded), percent[_i].encoded);
        ck_assert_int_eq(text_percent_decode(&decoded, buf_str(&encoded), encoded.len), 0);
        ck_assert_str_eq(buf_str(&decoded), percent[_i].text);
        buf_done(&encoded);
        buf_done(&decoded);
}
END_TEST

START_TEST(a_nul_is_encoded_whatever_is_kept) {
        struct buf buf = BUF_INIT(0);

        ck_assert_int_eq(text_percent_encode(&buf, "a\0/", 3, "/"), 0);
        ck_assert_str_eq(buf_str(&buf), "a%00/");
        buf_done(&buf);
}
END_TEST

static const struct {
        const char *text, *decoded;
} undecodable[] = {
        { "%", "%" },     { "%4", "%4" },     { "%zz", "%zz" }, { "%4z", "%4z" },
        { "%%41", "%A" }, { "100%", "100%" }, { "%41%", "A%" }, { "%e4%b8%ad", "\xe4\xb8\xad" },
};

START_TEST(a_percent_sign_that_begins_nothing_stays) {
        struct buf buf = BUF_INIT(0);

        ck_assert_int_eq(
                text_percent_decode(&buf, undecodable[_i].text, strlen(undecodable[_i].text)), 0);
        ck_assert_str_eq(buf_str(&buf), undecodable[_i].decoded);
        buf_done(&buf);
}
END_TEST

START_TEST(words_between_separators) {
        const char *cursor = " ,one, two,,three ", *word;
        static const char *const words[] = { "one", "two", "three" };
        size_t len;

        for (size_t i = 0; i < ELEMENTSOF(words); i++) {
                ck_assert(text_word(&cursor, " ,", &word, &len));
                ck_assert_uint_eq(len, strlen(words[i]));
                ck_assert_mem_eq(word, words[i], len);
        }
        ck_assert(!text_word(&cursor, " ,", &word, &len));
        ck_assert(!text_word(&cursor, " ,", &word, &len));
}
END_TEST

START_TEST(comparisons) {
        ck_assert(text_eq("a", "a"));
        ck_assert(text_eq(NULL, NULL));
        ck_assert(!text_eq("a", NULL));
        ck_assert(!text_eq(NULL, "a"));
        ck_assert(!text_eq("a", "ab"));
        ck_assert(text_is_empty(NULL));
        ck_assert(text_is_empty(""));
        ck_assert(!text_is_empty(" "));
        ck_assert(text_starts("prefix", "pre"));
        ck_assert(text_starts("pre", ""));
        ck_assert(!text_starts("pr", "pre"));
        ck_assert(text_ends("x.json", ".json"));
        ck_assert(text_ends(".json", ".json"));
        ck_assert(!text_ends("json", ".json"));
}
END_TEST

int main(void) {
        const struct unit_case cases[] = {
                { "numbers", numbers_are_read_whole_or_refused, ELEMENTSOF(numbers) },
                { "unsigned", unsigned_numbers_stay_below_their_bound, 0 },
                { "booleans", words_for_yes_and_no, 0 },
                { "utf8", only_well_formed_utf8_passes, ELEMENTSOF(utf8) },
                { "percent", percent_encoding_and_back, ELEMENTSOF(percent) },
                { "percent-nul", a_nul_is_encoded_whatever_is_kept, 0 },
                { "percent-bad", a_percent_sign_that_begins_nothing_stays,
                  ELEMENTSOF(undecodable) },
                { "words", words_between_separators, 0 },
                { "comparisons", comparisons, 0 },
                {},
        };

        return unit_main("text", cases);
}
