/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/node.h"

#include <string.h>

#include "fs/local.h"
#include "tests/unit/fs/fake-view.h"
#include "tests/unit/unit.h"

static const struct branch_ops no_ops;
static struct branch branch = { .ops = &no_ops };
static struct tree tree;
static struct view *view;

static void begin(void) {
        view = fake_new();
        ck_assert_int_eq(tree_init(&tree, &branch), 0);
}

static void end(void) {
        tree_done(&tree);
        view_free(view);
}

static struct node *root(void) {
        return tree_node(&tree, NODE_ROOT);
}

static struct entry entry_of(const char *name, enum entry_type type, struct place *place) {
        return (struct entry){
                .name = (char *)(uintptr_t)name,
                .type = type,
                .place = place,
                .target = (char *)(uintptr_t)(type == ENTRY_LINK ? "target" : NULL),
                .mode = 0444,
        };
}

static struct node *adopt(struct node *dir, const char *name, enum entry_type type,
                          struct place *place) {
        const struct entry entry = entry_of(name, type, place);
        struct node *node = NULL;

        ck_assert_int_eq(tree_adopt(&tree, dir, &entry, &node), 0);
        return node;
}

/* As the kernel would hold it. */
static struct node *look_up(struct node *dir, const char *name, enum entry_type type,
                            struct place *place) {
        struct node *node = adopt(dir, name, type, place);

        node->lookups++;
        return node;
}

START_TEST(a_name_leads_to_one_node) {
        struct node *a, *b;

        begin();
        a = look_up(root(), "a", ENTRY_DIRECTORY, NULL);
        b = look_up(a, "a", ENTRY_FILE, NULL);
        ck_assert_ptr_ne(a, b);
        ck_assert_ptr_eq(adopt(root(), "a", ENTRY_DIRECTORY, NULL), a);
        ck_assert_ptr_eq(tree_child(&tree, a, "a"), b);
        ck_assert_ptr_null(tree_child(&tree, root(), "b"));
        ck_assert_ptr_eq(tree_node(&tree, b->id), b);
        ck_assert_ptr_null(tree_node(&tree, b->id + 1));
        ck_assert_ptr_null(tree_node(&tree, UINT64_MAX));
        end();
}
END_TEST

START_TEST(a_number_is_never_used_twice) {
        uint64_t last = NODE_ROOT;

        begin();
        for (int i = 0; i < 5000; i++) {
                struct node *node = look_up(root(), "a", ENTRY_FILE, NULL);

                ck_assert_uint_gt(node->id, last);
                last = node->id;
                tree_forget(&tree, node, 1);
                ck_assert_ptr_null(tree_node(&tree, last));
                ck_assert_ptr_null(tree_child(&tree, root(), "a"));
        }
        ck_assert_uint_eq(tree.count, 1);
        end();
}
END_TEST

START_TEST(a_node_stays_while_anybody_holds_it) {
        struct node *dir, *file;
        uint64_t id;

        begin();
        dir = look_up(root(), "d", ENTRY_DIRECTORY, NULL);
        file = look_up(dir, "f", ENTRY_FILE, NULL);
        file->lookups = 3;
        id = dir->id;
        tree_forget(&tree, dir, 1); /* the child holds it */
        ck_assert_ptr_eq(tree_node(&tree, id), dir);
        tree_forget(&tree, file, 2);
        node_ref(file);
        tree_forget(&tree, file, 1); /* we hold it */
        ck_assert_uint_eq(tree.count, 3);
        node_unref(&tree, file);
        ck_assert_uint_eq(tree.count, 1);
        end();
}
END_TEST

START_TEST(many_nodes_are_found) {
        char name[32];

        begin();
        for (int i = 0; i < 20000; i++) {
                (void)snprintf(name, sizeof(name), "file-%d", i);
                look_up(root(), name, ENTRY_FILE, NULL);
        }
        for (int i = 0; i < 20000; i++) {
                struct node *node;

                (void)snprintf(name, sizeof(name), "file-%d", i);
                node = tree_child(&tree, root(), name);
                ck_assert_ptr_nonnull(node);
                ck_assert_str_eq(node->name, name);
        }
        ck_assert_uint_le(sizeof(struct node), 240);
        end();
}
END_TEST

START_TEST(another_thing_under_the_name_is_another_node) {
        struct place *a, *b;
        struct node *old, *new;

        begin();
        a = fake_add(view, NULL, "a", ENTRY_FILE, "1");
        b = fake_add(view, NULL, "b", ENTRY_FILE, "2");
        old = look_up(root(), "n", ENTRY_FILE, a);
        new = look_up(root(), "n", ENTRY_FILE, b);
        ck_assert_ptr_ne(old, new);
        ck_assert(!old->is_named);
        ck_assert_ptr_eq(tree_child(&tree, root(), "n"), new);
        ck_assert_uint_eq(old->ino, place_ino(a));
        ck_assert_uint_eq(new->ino, place_ino(b));
        tree_forget(&tree, old, 1);
        ck_assert_ptr_eq(tree_child(&tree, root(), "n"), new);
        end();
}
END_TEST

START_TEST(a_renamed_thing_keeps_its_node) {
        struct place *place;
        struct node *node, *dir;

        begin();
        place = fake_add(view, NULL, "p", ENTRY_FILE, "1");
        node = look_up(root(), "old", ENTRY_FILE, place);
        dir = look_up(root(), "d", ENTRY_DIRECTORY, NULL);
        ck_assert_ptr_eq(adopt(root(), "new", ENTRY_FILE, place), node);
        ck_assert_ptr_null(tree_child(&tree, root(), "old"));
        ck_assert_ptr_eq(adopt(dir, "moved", ENTRY_FILE, place), node);
        ck_assert_ptr_eq(node->parent, dir);
        ck_assert_uint_eq(dir->refs, 1);
        end();
}
END_TEST

START_TEST(a_directory_never_moves_below_itself) {
        struct place *place;
        struct node *a, *b;

        begin();
        place = fake_add(view, NULL, "p", ENTRY_DIRECTORY, NULL);
        a = look_up(root(), "a", ENTRY_DIRECTORY, place);
        b = look_up(a, "b", ENTRY_DIRECTORY, place);
        ck_assert_ptr_ne(a, b);
        ck_assert_ptr_eq(b->parent, a);
        end();
}
END_TEST

START_TEST(a_link_to_elsewhere_is_another_node) {
        struct entry entry;
        struct node *a, *b;

        begin();
        entry = entry_of("l", ENTRY_LINK, fake_add(view, NULL, "l", ENTRY_LINK, "x"));
        ck_assert_int_eq(tree_adopt(&tree, root(), &entry, &a), 0);
        a->lookups++;
        entry.target = (char *)(uintptr_t) "elsewhere";
        ck_assert_int_eq(tree_adopt(&tree, root(), &entry, &b), 0);
        b->lookups++;
        ck_assert_ptr_ne(a, b);
        ck_assert_str_eq(a->target, "target");
        ck_assert_str_eq(b->target, "elsewhere");
        ck_assert_uint_eq(a->ino, b->ino);
        end();
}
END_TEST

START_TEST(equal_numbers_are_told_apart_for_ever) {
        struct place *a, *b, *c;
        struct node *first, *second, *third;
        uint64_t ino;

        begin();
        a = fake_add(view, NULL, "a", ENTRY_FILE, "1");
        b = fake_add(view, NULL, "b", ENTRY_FILE, "2");
        c = fake_add(view, NULL, "c", ENTRY_FILE, "3");
        fake_set_identity(view, a, "identity a", 77);
        fake_set_identity(view, b, "identity b", 77);
        fake_set_identity(view, c, "identity c", NODE_ROOT);
        first = look_up(root(), "a", ENTRY_FILE, a);
        second = look_up(root(), "b", ENTRY_FILE, b);
        third = look_up(root(), "c", ENTRY_FILE, c);
        ck_assert_uint_eq(first->ino, 77);
        ck_assert_uint_ne(second->ino, 77);
        ck_assert_uint_gt(third->ino, NODE_ROOT);
        ino = second->ino;
        tree_forget(&tree, first, 1);
        tree_forget(&tree, second, 1);
        ck_assert_uint_eq(look_up(root(), "b", ENTRY_FILE, b)->ino, ino);
        ck_assert_uint_eq(look_up(root(), "a", ENTRY_FILE, a)->ino, 77);
        end();
}
END_TEST

START_TEST(paths_are_told_from_the_root) {
        struct buf buf = BUF_INIT(0);
        struct node *dir;

        begin();
        ck_assert_int_eq(node_path(root(), &buf), 0);
        dir = look_up(root(), "a b", ENTRY_DIRECTORY, NULL);
        ck_assert_int_eq(node_path(look_up(dir, "c", ENTRY_FILE, NULL), &buf), 0);
        ck_assert_str_eq(buf_str(&buf), "//a b/c");
        buf_done(&buf);
        end();
}
END_TEST

int main(void) {
        const struct unit_case cases[] = {
                { .name = "name", .test = a_name_leads_to_one_node },
                { .name = "slot", .test = a_number_is_never_used_twice },
                { .name = "hold", .test = a_node_stays_while_anybody_holds_it },
                { .name = "many", .test = many_nodes_are_found },
                { .name = "replaced", .test = another_thing_under_the_name_is_another_node },
                { .name = "renamed", .test = a_renamed_thing_keeps_its_node },
                { .name = "circle", .test = a_directory_never_moves_below_itself },
                { .name = "link", .test = a_link_to_elsewhere_is_another_node },
                { .name = "collision", .test = equal_numbers_are_told_apart_for_ever },
                { .name = "path", .test = paths_are_told_from_the_root },
                { 0 },
        };

        return unit_main("node", cases);
}
