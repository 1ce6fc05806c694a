/* SPDX-License-Identifier: Apache-2.0 */
/* What each rename means. */
#include "fs/decide.h"

#include <errno.h>

#include "tests/unit/unit.h"

static const struct rename_end scratch = { .standing = STANDS_SCRATCH,
                                           .is_scratch_name = true,
                                           .is_of_cloud = true };
static const struct rename_end new = { .standing = STANDS_NEW,
                                       .can_save = true,
                                       .is_of_cloud = true };
static const struct rename_end document = {
        .standing = STANDS_DOCUMENT, .can_save = true, .can_create = true, .is_of_cloud = true
};
static const struct rename_end fixed = { .standing = STANDS_ATTRIBUTE, .is_of_cloud = true };
static const struct rename_end action = { .standing = STANDS_ACTION, .is_of_cloud = true };
static const struct rename_end resource = { .standing = STANDS_DIRECTORY, .is_of_cloud = true };
static const struct rename_end tools = { .standing = STANDS_SCRATCH_DIR,
                                         .is_scratch_name = true,
                                         .is_of_cloud = true };
static const struct rename_end link_end = { .standing = STANDS_LINK, .is_of_cloud = true };
static const struct rename_end draft = { .standing = STANDS_DRAFT, .is_of_cloud = true };
static const struct rename_end draft_file = { .standing = STANDS_DRAFT_FILE, .can_save = true };
static const struct rename_end note = { .standing = STANDS_LOCAL, .is_of_cloud = true };
static const struct rename_end free_name = { .can_create = true, .is_of_cloud = true };
static const struct rename_end no_name = { .is_of_cloud = true };
static const struct rename_end tool_name = { .is_scratch_name = true, .is_of_cloud = true };
static const struct rename_end in_tools = { .is_scratch_name = true };

static int error;

static enum rename_way way(const struct rename_end *from, const struct rename_end *to) {
        error = 0;
        return decide_rename(from, to, false, &error);
}

static void refused(const struct rename_end *from, const struct rename_end *to, int wanted) {
        ck_assert_int_eq(way(from, to), RENAME_REFUSE);
        ck_assert_int_eq(error, wanted);
}

START_TEST(a_tools_file_becomes_what_its_new_name_is) {
        ck_assert_int_eq(way(&scratch, &document), RENAME_SAVE);
        ck_assert_int_eq(way(&scratch, &free_name), RENAME_CREATE);
        ck_assert_int_eq(way(&scratch, &new), RENAME_CREATE);
        ck_assert_int_eq(way(&scratch, &draft_file), RENAME_DRAFT);
        ck_assert_int_eq(way(&scratch, &tool_name), RENAME_MOVE);
        ck_assert_int_eq(way(&scratch, &scratch), RENAME_MOVE);
        ck_assert_int_eq(way(&scratch, &in_tools), RENAME_MOVE);
        ck_assert_int_eq(way(&new, &document), RENAME_SAVE);
        refused(&scratch, &fixed, EACCES);
        refused(&scratch, &no_name, EPERM);
        refused(&scratch, &action, EPERM);
        refused(&scratch, &note, EPERM);
        refused(&scratch, &resource, EISDIR);
}
END_TEST

START_TEST(a_document_stays_where_it_is) {
        ck_assert_int_eq(way(&document, &tool_name), RENAME_COPY);
        ck_assert_int_eq(way(&document, &scratch), RENAME_COPY);
        ck_assert_int_eq(way(&document, &in_tools), RENAME_COPY);
        ck_assert_int_eq(way(&fixed, &tool_name), RENAME_COPY);
        ck_assert_int_eq(way(&document, &free_name), RENAME_CALL);
        ck_assert_int_eq(way(&document, &document), RENAME_CALL);
        refused(&fixed, &free_name, EPERM);
        refused(&document, &action, EPERM);
}
END_TEST

START_TEST(resources_are_not_moved) {
        refused(&resource, &free_name, EPERM);
        refused(&resource, &tool_name, EPERM);
        refused(&draft, &free_name, EPERM);
        refused(&action, &free_name, EPERM);
        refused(&note, &tool_name, EPERM);
        ck_assert_int_eq(way(&tools, &tool_name), RENAME_MOVE);
        refused(&tools, &free_name, EPERM);
        refused(&tools, &tools, ENOTEMPTY);
        ck_assert_int_eq(way(&link_end, &no_name), RENAME_CALL);
        refused(&link_end, &document, EPERM);
        refused(&no_name, &free_name, ENOENT);
}
END_TEST

START_TEST(what_must_not_be_replaced_is_not) {
        ck_assert_int_eq(decide_rename(&scratch, &document, true, &error), RENAME_REFUSE);
        ck_assert_int_eq(error, EEXIST);
        ck_assert_int_eq(decide_rename(&scratch, &tool_name, true, &error), RENAME_MOVE);
}
END_TEST

int main(void) {
        const struct unit_case cases[] = {
                { "a tool's file becomes what its new name is",
                  a_tools_file_becomes_what_its_new_name_is, 0 },
                { "a document stays where it is", a_document_stays_where_it_is, 0 },
                { "resources are not moved", resources_are_not_moved, 0 },
                { "what must not be replaced is not", what_must_not_be_replaced_is_not, 0 },
                { 0 },
        };

        return unit_main("decide", cases);
}
