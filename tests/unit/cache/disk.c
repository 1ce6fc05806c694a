/* SPDX-License-Identifier: Apache-2.0 */
/* What survives in the file, and who may have it. */
#include <fcntl.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/stamp.h"
#include "base/text.h"
#include "cache/lock.h"
#include "tests/unit/cache/directory.h"
#include "tests/unit/cache/fake.h"
#include "tests/unit/unit.h"

static struct fake fake;
static struct source *cache;
static struct fake_request made;

static void open_again(void) {
        if (cache) {
                (void)source_free(cache);
                fake_done(&fake);
        }
        fake_init(&fake);
        cache = cache_above(&fake, disk_path());
}

static void begin(void) {
        disk_begin();
        cache = NULL;
        open_again();
}

static void end(void) {
        (void)source_free(cache);
        fake_done(&fake);
        disk_end();
}

START_TEST(answers_survive) {
        const struct request *request = request_of(&made, &call_object, "c1");
        struct outcome before, after;

        begin();
        before = ask_for(cache, request);
        clock_move(1000);
        open_again();
        after = ask_for(cache, request);
        ck_assert_uint_eq(fake.fetches, 0);
        ck_assert_str_eq(after.body, "{\"n\":1}");
        ck_assert_int_eq(after.fetched_ms, before.fetched_ms);
        ck_assert_int_eq(after.changed_ms, before.changed_ms);
        ck_assert(!after.is_stale);
        clock_move(60000);
        fake.body = "{\"n\":2}";
        ck_assert_str_eq(ask_for(cache, request).body, "{\"n\":2}");
        end();
}
END_TEST

START_TEST(without_a_network_the_old_answers_are_served) {
        const struct request *request = request_of(&made, &call_object, "c1");
        struct outcome outcome;

        begin();
        (void)ask_for(cache, request);
        clock_move(3600000);
        open_again();
        fake.error = ENETUNREACH;
        outcome = ask_for(cache, request);
        ck_assert_int_eq(outcome.error, 0);
        ck_assert(outcome.is_stale);
        made.request.reach = REACH_CACHED;
        open_again();
        ck_assert(ask_for(cache, request).is_stale);
        ck_assert_uint_eq(fake.fetches, 0);
        end();
}
END_TEST

/* Bodies with everything that might be lost: quotes, UTF-8, no JSON, nothing. */
START_TEST(bytes_survive_exactly) {
        static const char *const bodies[] = { "", "{}", "text\nwith \"quotes\"",
                                              "\xc3\xa4\xe2\x82\xac", "{\"a\":1.50,\"b\":[]}" };
        struct fake_request requests[ELEMENTSOF(bodies)];
        char id[2] = "a";

        begin();
        for (size_t i = 0; i < ELEMENTSOF(bodies); i++, id[0]++) {
                fake.body = bodies[i];
                (void)ask_for(cache, request_of(&requests[i], &call_object, id));
        }
        open_again();
        id[0] = 'a';
        for (size_t i = 0; i < ELEMENTSOF(bodies); i++, id[0]++)
                ck_assert_str_eq(ask_for(cache, request_of(&requests[i], &call_object, id)).body,
                                 bodies[i]);
        ck_assert_uint_eq(fake.fetches, 0);
        end();
}
END_TEST

static const struct fake_item three[] = { { "c", "{\"id\":\"c\"}" },
                                          { "a", "{\"id\":\"a\"}" },
                                          { "b", "{\"id\":\"b\"}" } };

START_TEST(lists_survive_in_their_order) {
        const struct request *request = request_of(&made, &call_list, NULL);
        struct answer *answer;

        begin();
        memcpy(fake.items, three, sizeof(three));
        (void)ask_for(cache, request);
        open_again();
        ck_assert_int_eq(fetch(cache, request, &answer, NULL), 0);
        ck_assert_uint_eq(fake.fetches, 0);
        ck_assert_uint_eq(answer->count, 3);
        for (size_t i = 0; i < 3; i++) {
                ck_assert_str_eq(answer->items[i].id, three[i].id);
                ck_assert_str_eq(answer->items[i].body, three[i].body);
        }
        ck_assert_ptr_eq(answer_find(answer, "b"), &answer->items[2]);
        ck_assert(!answer->is_partial);
        answer_unref(answer);
        end();
}
END_TEST

START_TEST(one_item_of_a_stored_list_is_enough) {
        struct request *request = request_of(&made, &call_list, NULL);
        struct answer *answer;

        begin();
        memcpy(fake.items, three, sizeof(three));
        (void)ask_for(cache, request);
        open_again();
        request->only = "a";
        ck_assert_int_eq(fetch(cache, request, &answer, NULL), 0);
        ck_assert(answer->is_partial);
        ck_assert_uint_eq(answer->count, 1);
        ck_assert_str_eq(answer->items[0].body, "{\"id\":\"a\"}");
        answer_unref(answer);
        request->only = "x";
        ck_assert_int_eq(fetch(cache, request, &answer, NULL), 0);
        ck_assert_ptr_null(answer_find(answer, "x"));
        answer_unref(answer);
        request->only = NULL;
        ck_assert_uint_eq(ask_for(cache, request).count, 3);
        ck_assert_uint_eq(fake.fetches, 0);
        end();
}
END_TEST

START_TEST(a_refetch_writes_only_what_changed) {
        const struct request *request = request_of(&made, &call_list, NULL);

        begin();
        memcpy(fake.items, three, sizeof(three));
        (void)ask_for(cache, request);
        (void)source_free(STEAL(cache));
        fake_done(&fake);
        disk_run("CREATE TABLE log(what TEXT);"
                 "CREATE TRIGGER i AFTER INSERT ON item BEGIN"
                 " INSERT INTO log VALUES('add ' || NEW.id); END;"
                 "CREATE TRIGGER u AFTER UPDATE ON item BEGIN"
                 " INSERT INTO log VALUES('set ' || NEW.id); END;"
                 "CREATE TRIGGER d AFTER DELETE ON item BEGIN"
                 " INSERT INTO log VALUES('drop ' || OLD.id); END;");
        open_again();
        memcpy(fake.items, three, sizeof(three));
        fake.items[0] = (struct fake_item){ "d", "{\"id\":\"d\"}" };
        fake.items[2].body = "{\"id\":\"b\",\"new\":true}";
        clock_move(61000);
        ck_assert_uint_eq(ask_for(cache, request).count, 3);
        open_again();
        ck_assert_uint_eq(ask_for(cache, request).count, 3);
        clock_move(61000);
        memcpy(fake.items, three, sizeof(three));
        fake.items[0] = (struct fake_item){ "d", "{\"id\":\"d\"}" };
        fake.items[2].body = "{\"new\":true, \"id\":\"b\"}";
        (void)ask_for(cache, request);
        (void)source_free(STEAL(cache));
        fake_done(&fake);
        disk_expect("SELECT group_concat(what, '|') FROM (SELECT what FROM log ORDER BY what)",
                    "add d|drop c|set b");
        open_again();
        end();
}
END_TEST

/* Rows are used again where items go and come, and lists of any size and order come back. */
START_TEST(lists_change_in_every_way) {
        static const struct fake_item items[] = { { "a", "1" }, { "b", "2" }, { "c", "3" },
                                                  { "d", "4" }, { "e", "5" }, { "f", "6" } };
        const struct request *request = request_of(&made, &call_list, NULL);
        struct answer *answer;
        unsigned seed = 1;

        begin();
        for (int round = 0; round < 40; round++) {
                struct fake_item list[FAKE_ITEMS_MAX] = { 0 };
                size_t count = 0;

                for (size_t i = 0; i < ELEMENTSOF(items); i++) {
                        size_t at;

                        seed = seed * 1103515245 + 12345;
                        if (seed >> 16 & 1)
                                continue;
                        at = (seed >> 20) % (count + 1);
                        memmove(&list[at + 1], &list[at], (count - at) * sizeof(*list));
                        list[at] = items[(i + (seed >> 24 & 1)) % ELEMENTSOF(items)];
                        list[at].id = items[i].id;
                        count++;
                }
                memcpy(fake.items, list, sizeof(list));
                clock_move(61000);
                ck_assert_uint_eq(ask_for(cache, request).count, count);
                open_again();
                ck_assert_int_eq(fetch(cache, request, &answer, NULL), 0);
                ck_assert_uint_eq(fake.fetches, 0);
                ck_assert_uint_eq(answer->count, count);
                for (size_t i = 0; i < count; i++) {
                        ck_assert_str_eq(answer->items[i].id, list[i].id);
                        ck_assert_str_eq(answer->items[i].body, list[i].body);
                }
                answer_unref(answer);
        }
        end();
}
END_TEST

/* Also of a list that is not in memory. */
START_TEST(what_is_learnt_of_an_item_is_written) {
        const struct request *request = request_of(&made, &call_list, NULL);
        struct answer *answer;

        begin();
        memcpy(fake.items, three, sizeof(three));
        (void)ask_for(cache, request);
        open_again();
        source_note(cache, request, "a", "1", 1, stamp_now_ms());
        source_note(cache, request, "c", NULL, 0, stamp_now_ms());
        open_again();
        ck_assert_int_eq(fetch(cache, request, &answer, NULL), 0);
        ck_assert_uint_eq(fake.fetches, 0);
        ck_assert_uint_eq(answer->count, 2);
        ck_assert_str_eq(answer->items[0].body, "1");
        ck_assert_str_eq(answer->items[1].id, "b");
        answer_unref(answer);
        end();
}
END_TEST

START_TEST(a_change_is_remembered) {
        struct fake_request change;
        struct answer *answer;
        struct op op;

        begin();
        (void)ask_for(cache, request_of(&made, &call_object, "c1"));
        op_init(&op, OP_INTERACTIVE, 10000);
        ck_assert_int_eq(source_send(cache, &op, request_of(&change, &call_change, "c1"), &answer),
                         0);
        answer_unref(answer);
        open_again();
        (void)ask_for(cache, &made.request);
        ck_assert_uint_eq(fake.fetches, 1);
        open_again();
        (void)ask_for(cache, &made.request);
        ck_assert_uint_eq(fake.fetches, 0);
        end();
}
END_TEST

START_TEST(what_has_gone_is_deleted) {
        struct request *request = request_of(&made, &call_object, "c1");

        begin();
        (void)ask_for(cache, request);
        clock_move(61000);
        fake.error = ENOENT;
        (void)ask_for(cache, request);
        open_again();
        request->reach = REACH_CACHED;
        ck_assert_int_eq(ask_for(cache, request).error, -ENODATA);
        end();
}
END_TEST

START_TEST(first_times_survive) {
        int64_t ms;

        begin();
        ck_assert_int_eq(source_seen(cache, "key", 1, 1000, &ms), 0);
        ck_assert_int_eq(ms, 1000);
        ck_assert_int_eq(source_seen(cache, "other", 1, 1500, &ms), 0);
        ck_assert_int_eq(source_seen(cache, "key", 1, 2000, &ms), 0);
        ck_assert_int_eq(ms, 1000);
        open_again();
        ck_assert_int_eq(source_seen(cache, "key", 1, 3000, &ms), 0);
        ck_assert_int_eq(ms, 1000);
        ck_assert_int_eq(source_seen(cache, "key", 2, 4000, &ms), 0);
        ck_assert_int_eq(ms, 4000);
        open_again();
        ck_assert_int_eq(source_seen(cache, "key", 2, 5000, &ms), 0);
        ck_assert_int_eq(ms, 4000);
        ck_assert_int_eq(source_seen(cache, "key", 1, 6000, &ms), 0);
        ck_assert_int_eq(ms, 6000);
        ck_assert_int_eq(source_seen(cache, "other", 1, 7000, &ms), 0);
        ck_assert_int_eq(ms, 1500);
        end();
}
END_TEST

START_TEST(secrets_are_not_kept) {
        struct call secret = call_object;
        struct request *request = request_of(&made, &secret, "c1");

        begin();
        secret.risk = RISK_SECRET;
        fake.body = "{\"password\":\"hunter2\"}";
        (void)ask_for(cache, request);
        (void)ask_for(cache, request);
        ck_assert_uint_eq(fake.fetches, 2);
        request->reach = REACH_CACHED;
        ck_assert_int_eq(ask_for(cache, request).error, -ENODATA);
        (void)source_free(STEAL(cache));
        fake_done(&fake);
        disk_expect("SELECT count(*) FROM answer", "0");
        open_again();
        end();
}
END_TEST

START_TEST(only_one_process_has_the_file) {
        const struct cache_options options = { .path = NULL };
        struct cache_options same = options;
        struct source *second;
        struct fake other;
        char pid[32];
        struct op op;

        begin();
        same.path = disk_path();
        fake_init(&other);
        op_init(&op, OP_INTERACTIVE, 10000);
        ck_assert_int_eq(cache_new(&op, &same, &other.source, &second), -EBUSY);
        (void)snprintf(pid, sizeof(pid), "process %ld:", (long)getpid());
        ck_assert_ptr_nonnull(strstr(op.fault.reason, pid));
        fake_done(&other);
        end();
}
END_TEST

/* A cache of @owner on the same file; what is known of the object there, if anything is. */
static int known_to(const char *owner, bool *ret_was_others) {
        struct cache_options options = { .owner = owner };
        struct cache_state state;
        struct source *source;
        struct fake other;
        struct op op;
        int r;

        options.path = disk_path();
        fake_init(&other);
        op_init(&op, OP_INTERACTIVE, 10000);
        ck_assert_int_eq(cache_new(&op, &options, &other.source, &source), 0);
        ck_assert_int_eq(cache_state(source, &state), 0);
        *ret_was_others = state.was_others;
        (void)request_of(&made, &call_object, "c1");
        made.request.reach = REACH_CACHED;
        r = ask_for(source, &made.request).error;
        made.request.reach = REACH_ANY;
        if (r < 0)
                ck_assert_int_eq(ask_for(source, &made.request).error, 0);
        (void)source_free(source);
        fake_done(&other);
        return r;
}

START_TEST(answers_of_another_owner_are_dropped) {
        bool was_others;

        begin();
        (void)source_free(STEAL(cache));
        fake_done(&fake);
        ck_assert_int_eq(known_to("one", &was_others), -ENODATA);
        ck_assert(!was_others);
        ck_assert_int_eq(known_to("one", &was_others), 0);
        ck_assert(!was_others);
        ck_assert_int_eq(known_to("two", &was_others), -ENODATA);
        ck_assert(was_others);
        ck_assert_int_eq(known_to("it's \"two\"", &was_others), -ENODATA);
        ck_assert(was_others);
        ck_assert_int_eq(known_to("it's \"two\"", &was_others), 0);
        ck_assert_int_eq(known_to(NULL, &was_others), -ENODATA);
        fake_init(&fake);
        cache = cache_above(&fake, disk_path());
        end();
}
END_TEST

START_TEST(the_file_is_private) {
        static const char *const names[] = { "", "-wal", "-shm", ".lock" };
        char name[256];
        struct stat st;

        begin();
        (void)ask_for(cache, request_of(&made, &call_object, "c1"));
        for (size_t i = 0; i < ELEMENTSOF(names); i++) {
                (void)snprintf(name, sizeof(name), "%s%s", disk_path(), names[i]);
                ck_assert_int_eq(stat(name, &st), 0);
                ck_assert_uint_eq(st.st_mode & 07777, 0600);
        }
        (void)snprintf(name, sizeof(name), "%s", disk_path());
        *strrchr(name, '/') = '\0';
        ck_assert_int_eq(stat(name, &st), 0);
        ck_assert_uint_eq(st.st_mode & 07777, 0700);
        for (int fd = 3; fd < 64; fd++)
                ck_assert(fcntl(fd, F_GETFD) < 0 || (fcntl(fd, F_GETFD) & FD_CLOEXEC) ||
                          !disk_is_ours(fd));
        end();
}
END_TEST

START_TEST(a_directory_open_to_others_is_refused) {
        struct cache_options options = { 0 };
        struct source *source;
        struct fake other;
        char name[256];
        struct op op;

        begin();
        (void)snprintf(name, sizeof(name), "%s.d/cache.db", disk_path());
        options.path = name;
        *strrchr(name, '/') = '\0';
        ck_assert_int_eq(mkdir(name, 0700), 0);
        ck_assert_int_eq(chmod(name, 0777), 0);
        name[strlen(name)] = '/';
        fake_init(&other);
        op_init(&op, OP_INTERACTIVE, 10000);
        ck_assert_int_eq(cache_new(&op, &options, &other.source, &source), -EPERM);
        ck_assert_ptr_nonnull(strstr(op.fault.reason, "writable"));
        fake_done(&other);
        end();
}
END_TEST

/* statfs(2) of the file systems that a home directory may be on. */
START_TEST(network_file_systems_are_recognized) {
        ck_assert(place_is_remote(0x6969));
        ck_assert(place_is_remote(0xff534d42));
        ck_assert(place_is_remote(0xfe534d42));
        ck_assert(place_is_remote(0x65735546));
        ck_assert(!place_is_remote(0xef53));     /* ext4 */
        ck_assert(!place_is_remote(0x9123683e)); /* btrfs */
        ck_assert(!place_is_remote(0x58465342)); /* xfs */
        ck_assert(!place_is_remote(0x01021994)); /* tmpfs */
        ck_assert(!place_is_remote(0x794c7630)); /* overlayfs */
}
END_TEST

START_TEST(the_file_stays_within_its_bound) {
        struct cache_options options = { .max_bytes = 1 << 20, .path = NULL };
        char *body = malloc(16384), id[8];
        struct source *source;
        struct stat st;
        struct op op;

        begin();
        (void)source_free(STEAL(cache));
        fake_done(&fake);
        memset(body, 'x', 16383);
        body[16383] = '\0';
        fake_init(&fake);
        fake.body = body;
        options.path = disk_path();
        op_init(&op, OP_INTERACTIVE, 10000);
        ck_assert_int_eq(cache_new(&op, &options, &fake.source, &source), 0);
        for (unsigned i = 0; i < 200; i++) {
                (void)snprintf(id, sizeof(id), "c%u", i);
                clock_move(1);
                (void)ask_for(source, request_of(&made, &call_object, id));
        }
        (void)source_free(source);
        fake_done(&fake);
        ck_assert_int_eq(stat(disk_path(), &st), 0);
        ck_assert_int_le(st.st_size, (1 << 20) * 5 / 4);
        open_again();
        made.request.reach = REACH_CACHED;
        ck_assert_int_eq(ask_for(cache, &made.request).error, 0);
        made.params[2].value = "c0";
        ck_assert_int_eq(ask_for(cache, &made.request).error, -ENODATA);
        free(body);
        end();
}
END_TEST

int main(void) {
        const struct unit_case cases[] = {
                { "survive", answers_survive, 0 },
                { "offline", without_a_network_the_old_answers_are_served, 0 },
                { "bytes", bytes_survive_exactly, 0 },
                { "lists", lists_survive_in_their_order, 0 },
                { "item", one_item_of_a_stored_list_is_enough, 0 },
                { "rows", a_refetch_writes_only_what_changed, 0 },
                { "ways", lists_change_in_every_way, 0 },
                { "note", what_is_learnt_of_an_item_is_written, 0 },
                { "change", a_change_is_remembered, 0 },
                { "gone", what_has_gone_is_deleted, 0 },
                { "first times", first_times_survive, 0 },
                { "secrets", secrets_are_not_kept, 0 },
                { "lock", only_one_process_has_the_file, 0 },
                { "owner", answers_of_another_owner_are_dropped, 0 },
                { "private", the_file_is_private, 0 },
                { "open", a_directory_open_to_others_is_refused, 0 },
                { "network", network_file_systems_are_recognized, 0 },
                { "bound", the_file_stays_within_its_bound, 0 },
                { 0 },
        };

        return unit_main("cache-disk", cases);
}
