/* SPDX-License-Identifier: Apache-2.0 */
#include "contrib/emulator/world.h"

#include <string.h>

#include "contrib/emulator/world-internal.h"
#include "tests/unit/unit.h"

static struct world *world;

static void set_up(void) {
        world = world_new();
        world->seeding = true;
}

static void tear_down(void) {
        world = world_free(world);
}

/* Lets that much of the emulated time go by and what is due happen. */
static void pass(int64_t ms) {
        world->offset_ms += ms;
        world_enter(world);
        world_leave(world, false);
}

static const char *ids(struct collection *c) {
        static char text[64];
        size_t len = 0;

        text[0] = 0;
        for (struct entry *entry = collection_first(c); entry; entry = entry_next(entry))
                len += (size_t)snprintf(text + len, sizeof(text) - len, "%s ", entry_id(entry));
        return text;
}

START_TEST(collections_keep_their_order) {
        struct collection *c;

        set_up();
        c = world_collection(world, "a/b", "p");
        collection_put(c, "3", js_pack("{'name': s}", "three"));
        collection_put(c, "1", js_pack("{'name': s}", "one"));
        collection_put(c, "2", js_pack("{'name': s}", "two"));
        collection_put(c, "3", js_pack("{'name': s}", "THREE"));
        ck_assert_str_eq(ids(c), "3 1 2 ");
        ck_assert_str_eq(js_str(collection_get(c, "3"), "/name"), "THREE");
        ck_assert_str_eq(entry_id(collection_find(c, "/name", "two")), "2");
        ck_assert_ptr_null(collection_find(c, "/name", "four"));
        ck_assert(collection_remove(c, "1"));
        ck_assert(!collection_remove(c, "1"));
        ck_assert_str_eq(ids(c), "3 2 ");
        ck_assert_uint_eq(collection_count(world_collection(world, "a/b", "q")), 0);
        ck_assert_ptr_eq(world_collection(world, "a/b", "p"), c);
        world_drop(world, "a/b", "p");
        ck_assert_uint_eq(collection_count(c), 0);
        tear_down();
}
END_TEST

START_TEST(ids_are_the_same_on_every_start) {
        char first[UUID_SIZE], second[UUID_SIZE], again[UUID_SIZE];

        set_up();
        world_uuid(world, first);
        world_uuid(world, second);
        tear_down();
        set_up();
        world_uuid(world, again);
        ck_assert_str_eq(first, again);
        ck_assert_str_ne(first, second);
        ck_assert_uint_eq(strlen(first), 36);
        world->seeding = false;
        world_uuid(world, again);
        ck_assert_str_ne(second, again);
        ck_assert_int_eq(world_counter(world, "x"), 1);
        ck_assert_int_eq(world_counter(world, "x"), 2);
        ck_assert_int_eq(world_counter_peek(world, "x"), 2);
        ck_assert_int_eq(world_counter_peek(world, "y"), 0);
        tear_down();
}
END_TEST

START_TEST(times_have_the_forms_of_the_services) {
        const int64_t ms = 1699942820446;
        char buf[TIME_SIZE];
        int64_t back;

        ck_assert_str_eq(time_text(TIME_RFC3339, ms, buf), "2023-11-14T06:20:20Z");
        ck_assert_str_eq(time_text(TIME_NO_ZONE, ms, buf), "2023-11-14T06:20:20");
        ck_assert_str_eq(time_text(TIME_MICRO, ms, buf), "2023-11-14T06:20:20.446000Z");
        ck_assert_int_eq(time_parse(buf, &back), 0);
        ck_assert_int_eq(back, ms);
        ck_assert_str_eq(time_text(TIME_GO, ms, buf), "2023-11-14 06:20:20.446 +0000 UTC");
        ck_assert_str_eq(time_text(TIME_GO, ms - 6, buf), "2023-11-14 06:20:20.44 +0000 UTC");
        ck_assert_str_eq(time_text(TIME_GO, ms - 446, buf), "2023-11-14 06:20:20 +0000 UTC");
        ck_assert_str_eq(time_text(TIME_BLANK, ms, buf), "2023-11-14 06:20:20");
        ck_assert_str_eq(time_text(TIME_DAY, ms, buf), "2023-11-14");
        ck_assert_str_eq(time_text(TIME_SDK, ms, buf), "20231114T062020Z");
        ck_assert_int_eq(time_parse(buf, &back), 0);
        ck_assert_int_eq(back, ms - 446);
        ck_assert_int_eq(time_parse("yesterday", &back), -EINVAL);
        ck_assert_int_eq(time_parse("2023-11-14T06:20:20+08:00", &back), -EINVAL);
}
END_TEST

START_TEST(life_goes_on_with_the_clock) {
        struct collection *c;

        set_up();
        world->speed = 2;
        c = world_collection(world, "a/b", "");
        collection_put(c, "1", js_pack("{'status': s}", "CREATING"));
        life_set(world, 20000, "a/b", "", "1", "/status", json_object_new_string("AVAILABLE"));
        life_remove(world, 40000, "a/b", "", "1");
        pass(9000);
        ck_assert_str_eq(js_str(collection_get(c, "1"), "/status"), "CREATING");
        pass(2000);
        ck_assert_str_eq(js_str(collection_get(c, "1"), "/status"), "AVAILABLE");
        pass(10000);
        ck_assert_ptr_null(collection_get(c, "1"));
        tear_down();
}
END_TEST

START_TEST(life_can_be_cancelled) {
        struct collection *c;

        set_up();
        world->speed = 0;
        c = world_collection(world, "a/b", "s");
        collection_put(c, "1", js_pack("{'status': s}", "x"));
        life_set(world, 1000, "a/b", "s", "1", "/status", json_object_new_string("y"));
        life_set(world, 1000, "a/b", "s", "2", "/status", json_object_new_string("y"));
        life_cancel(world, "a/b", "s", "1");
        pass(0);
        ck_assert_str_eq(js_str(collection_get(c, "1"), "/status"), "x");
        tear_down();
}
END_TEST

START_TEST(a_saved_world_comes_back) {
        struct json_object *document;
        struct collection *c;

        set_up();
        c = world_collection(world, "a/b", "s");
        collection_put(c, "2", js_pack("{'status': s}", "x"));
        collection_put(c, "1", js_pack("{'status': s}", "y"));
        world_counter(world, "revision");
        life_set(world, 5000, "a/b", "s", "1", "/status", json_object_new_string("z"));
        document = world_save(world);
        tear_down();

        set_up();
        ck_assert_int_eq(world_load(world, document), 0);
        c = world_collection(world, "a/b", "s");
        ck_assert_str_eq(ids(c), "2 1 ");
        ck_assert_int_eq(world_counter_peek(world, "revision"), 1);
        pass(6000);
        ck_assert_str_eq(js_str(collection_get(c, "1"), "/status"), "z");
        tear_down();
        json_object_put(document);
}
END_TEST

START_TEST(another_document_is_no_world) {
        struct json_object *document = js_pack("{'format': i}", (int64_t)2);

        set_up();
        ck_assert_int_eq(world_load(world, document), -EBADMSG);
        ck_assert_int_eq(world_load(world, NULL), -EBADMSG);
        tear_down();
        json_object_put(document);
}
END_TEST

int main(void) {
        const struct unit_case cases[] = {
                { "order", collections_keep_their_order, 0 },
                { "ids", ids_are_the_same_on_every_start, 0 },
                { "times", times_have_the_forms_of_the_services, 0 },
                { "life", life_goes_on_with_the_clock, 0 },
                { "cancel", life_can_be_cancelled, 0 },
                { "state", a_saved_world_comes_back, 0 },
                { "no state", another_document_is_no_world, 0 },
                { 0 },
        };

        return unit_main("emulator-world", cases);
}
