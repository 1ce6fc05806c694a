/* SPDX-License-Identifier: Apache-2.0 */
/* Names of resources as file names: reversible, legal, told apart for ever. */
#include "backends/name.h"
#include "backends/index.h"
#include "base/text.h"
#include "tests/unit/unit.h"

static const struct {
        const char *text;
        size_t len;
        const char *name;
} names[] = {
#define ROW(text, name) \
        { text, sizeof(text) - 1, name }
        ROW("plain", "plain"),
        ROW("with blank", "with blank"),
        ROW("trailing ", "trailing%20"),
        ROW("two  ", "two %20"),
        ROW("a/b", "a%2Fb"),
        ROW("/", "%2F"),
        ROW(".", "%2E"),
        ROW("..", "%2E."),
        ROW(".hidden", "%2Ehidden"),
        ROW("dot.inside", "dot.inside"),
        ROW("100%", "100%25"),
        ROW("a\nb\tc\x7f", "a%0Ab%09c%7F"),
        ROW("nul\0inside", "nul%00inside"),
        ROW("grün/Straße", "grün%2FStraße"),
        ROW("bad\xff\xfe", "bad%FF%FE"),
        ROW("x~1a2b3c4d", "x%7E1a2b3c4d"),
        ROW("x~1a2b3c4d.json", "x%7E1a2b3c4d.json"),
        ROW("x~short", "x~short"),
        ROW("~", "~"),
#undef ROW
};

START_TEST(names_are_encoded_and_decoded) {
        struct buf name = BUF_INIT(0), text = BUF_INIT(0);

        ck_assert_int_eq(name_encode(&name, names[_i].text, names[_i].len), 0);
        ck_assert_str_eq(buf_str(&name), names[_i].name);
        ck_assert_int_eq(name_decode(&text, buf_str(&name)), 0);
        ck_assert_uint_eq(text.len, names[_i].len);
        ck_assert_mem_eq(text.data, names[_i].text, names[_i].len);
        buf_done(&name);
        buf_done(&text);
}
END_TEST

START_TEST(long_names_are_cut_at_a_character_and_marked) {
        struct buf text = BUF_INIT(0), name = BUF_INIT(0), again = BUF_INIT(0);

        for (int i = 0; i < 199; i++)
                (void)buf_add_char(&text, 'a');
        for (int i = 0; i < 60; i++)
                (void)buf_add_str(&text, "ü");
        ck_assert_int_eq(name_fit(&name, text.data, NAME_LONGEST), 0);
        ck_assert_uint_eq(name.len, 199 + 1 + 16);
        ck_assert_int_eq(name.data[199], '~');
        (void)buf_add_str(&text, "x");
        ck_assert_int_eq(name_fit(&again, text.data, NAME_LONGEST), 0);
        ck_assert_str_ne(name.data, again.data);
        buf_done(&text);
        buf_done(&name);
        buf_done(&again);
}
END_TEST

/* An index over items that are given as `id label` pairs. */
static struct index *index_of(const struct kind *kind, const char *const (*items)[2],
                              size_t count) {
        struct answer *answer;
        struct index *index;
        struct op op;

        op_init(&op, OP_INTERACTIVE, 0);
        ck_assert_int_eq(answer_new(&answer), 0);
        for (size_t i = 0; i < count; i++) {
                _cleanup_(json_freep) struct json *item = json_new_object();

                ck_assert_int_eq(json_set_string(item, "name", items[i][1]), 0);
                ck_assert_int_eq(answer_add_json(answer, items[i][0], item), 0);
        }
        ck_assert_int_eq(answer_seal(answer), 0);
        ck_assert_int_eq(index_new(&op, kind, answer, &index), 0);
        (void)answer_unref(answer);
        return index;
}

static const struct kind thing = { .name = "thing", .service = "test", .label = "/name" };

START_TEST(all_siblings_of_one_name_get_a_suffix_of_their_id) {
        static const char *const items[][2] = { { "1", "twin" },
                                                { "2", "other" },
                                                { "3", "twin" } };
        static const char *const turned[][2] = { { "3", "twin" }, { "1", "twin" } };
        struct index *index = index_of(&thing, items, 3), *later = index_of(&thing, turned, 2);
        const char *first = index_by_id(index, "1")->name, *third = index_by_id(index, "3")->name;

        ck_assert_str_eq(index_by_id(index, "2")->name, "other");
        ck_assert_uint_eq(strlen(first), strlen("twin~") + 8);
        ck_assert(text_starts(first, "twin~") && text_starts(third, "twin~"));
        ck_assert_str_ne(first, third);
        ck_assert_str_eq(index_by_id(later, "1")->name, first);
        ck_assert_str_eq(index_by_id(later, "3")->name, third);
        (void)index_unref(index);
        (void)index_unref(later);
}
END_TEST

START_TEST(a_fixed_name_wins_over_an_item) {
        static const char *const items[][2] = { { "1", "actions" }, { "2", "plain" } };
        struct index *index = index_of(&thing, items, 2);

        ck_assert(text_starts(index_by_id(index, "1")->name, "actions~"));
        ck_assert_str_eq(index_by_id(index, "2")->name, "plain");
        (void)index_unref(index);
}
END_TEST

/* Items in a directory that has more, and documents beside one that all share. */
static const struct place_row around = {
        .files = (const struct file[]){ { .name = "all.json" }, { 0 } },
        .links = (const struct link[]){ { .name = "owner" }, { 0 } },
        .children = (const struct child[]){ { .name = "more", .kind = &thing },
                                            { .kind = &thing },
                                            { 0 } },
};

static const struct kind beside = {
        .name = "beside", .service = "test", .label = "/name", .beside = &around
};

static const struct kind document = {
        .name = "document",
        .service = "test",
        .label = "/name",
        .shape = SHAPE_DOCUMENT,
        .content = { .files = (const struct file[]){ { .name = "*.json" }, { 0 } } },
        .shared = { .files = (const struct file[]){ { .name = "all.json" }, { 0 } } },
};

START_TEST(names_of_the_directory_in_which_items_stand_win) {
        static const char *const items[][2] = { { "1", "all.json" },
                                                { "2", "owner" },
                                                { "3", "more" },
                                                { "4", "all" },
                                                { "5", ".." } };
        struct index *index = index_of(&beside, items, 5), *other = index_of(&document, items, 5);

        ck_assert(text_starts(index_by_id(index, "1")->name, "all.json~"));
        ck_assert(text_starts(index_by_id(index, "2")->name, "owner~"));
        ck_assert(text_starts(index_by_id(index, "3")->name, "more~"));
        ck_assert_str_eq(index_by_id(index, "4")->name, "all");
        ck_assert_str_eq(index_by_id(index, "5")->name, "%2E.");
        ck_assert_str_eq(index_by_id(other, "1")->name, "all.json");
        ck_assert(text_starts(index_by_id(other, "4")->name, "all~"));
        (void)index_unref(index);
        (void)index_unref(other);
}
END_TEST

START_TEST(an_item_without_a_name_is_called_by_its_id) {
        static const char *const items[][2] = { { "id-1", "" } };
        struct index *index = index_of(&thing, items, 1);

        ck_assert_str_eq(index_by_id(index, "id-1")->name, "id-1");
        (void)index_unref(index);
}
END_TEST

int main(void) {
        const struct unit_case cases[] = {
                { .name = "encode",
                  .test = names_are_encoded_and_decoded,
                  .rounds = ELEMENTSOF(names) },
                { .name = "long", .test = long_names_are_cut_at_a_character_and_marked },
                { .name = "twins", .test = all_siblings_of_one_name_get_a_suffix_of_their_id },
                { .name = "fixed", .test = a_fixed_name_wins_over_an_item },
                { .name = "around", .test = names_of_the_directory_in_which_items_stand_win },
                { .name = "unnamed", .test = an_item_without_a_name_is_called_by_its_id },
                {},
        };

        return unit_main("name", cases);
}
