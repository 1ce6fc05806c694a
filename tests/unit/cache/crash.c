/* SPDX-License-Identifier: Apache-2.0 */
/* What happens to the file when the process is killed, the disk is full, or bytes are lost. */
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/stamp.h"
#include "base/text.h"
#include "tests/unit/cache/directory.h"
#include "tests/unit/cache/fake.h"
#include "tests/unit/unit.h"

static struct fake fake;
static struct source *cache;
static struct fake_request made;

static void open_cache(void) {
        fake_init(&fake);
        cache = cache_above(&fake, disk_path());
}

static void close_cache(void) {
        (void)source_free(cache);
        fake_done(&fake);
}

static int64_t disk_number(const char *name) {
        struct json *state;
        char pointer[64];
        int64_t value = 0;

        (void)snprintf(pointer, sizeof(pointer), "/disk/%s", name);
        ck_assert_int_eq(cache_describe(cache, &state), 0);
        (void)json_int64(state, pointer, &value);
        (void)json_free(state);
        return value;
}

/* Overwrites a part of the file. */
static void spoil(off_t from, size_t len) {
        int fd = open(disk_path(), O_WRONLY | O_CLOEXEC);
        char bytes[4096];

        memset(bytes, 0xa5, sizeof(bytes));
        ck_assert_int_ge(fd, 0);
        for (size_t done = 0; done < len; done += sizeof(bytes))
                ck_assert_int_gt(pwrite(fd, bytes,
                                        len - done < sizeof(bytes) ? len - done : sizeof(bytes),
                                        from + (off_t)done),
                                 0);
        ck_assert_int_eq(close(fd), 0);
}

START_TEST(a_file_that_is_no_database_is_set_aside) {
        disk_begin();
        open_cache();
        (void)ask_for(cache, request_of(&made, &call_object, "c1"));
        close_cache();
        spoil(0, 4096);
        open_cache();
        ck_assert_int_eq(ask_for(cache, &made.request).error, 0);
        ck_assert_uint_eq(fake.fetches, 1);
        ck_assert_uint_eq(disk_count("cache.db.damaged-"), 1);
        ck_assert_int_eq(disk_number("renewals"), 1);
        close_cache();
        open_cache();
        (void)ask_for(cache, &made.request);
        ck_assert_uint_eq(fake.fetches, 0);
        close_cache();
        disk_end();
}
END_TEST

START_TEST(the_database_of_another_program_is_set_aside) {
        disk_begin();
        open_cache();
        close_cache();
        disk_run("PRAGMA application_id = 7");
        open_cache();
        ck_assert_uint_eq(disk_count("cache.db.damaged-"), 1);
        (void)ask_for(cache, request_of(&made, &call_object, "c1"));
        close_cache();
        disk_expect("SELECT count(*) FROM answer", "1");
        disk_end();
}
END_TEST

START_TEST(a_file_of_another_version_is_begun_anew) {
        disk_begin();
        open_cache();
        (void)ask_for(cache, request_of(&made, &call_object, "c1"));
        close_cache();
        disk_run("PRAGMA user_version = 999; DROP TABLE item");
        open_cache();
        ck_assert_uint_eq(disk_count("cache.db.damaged-"), 0);
        (void)ask_for(cache, request_of(&made, &call_object, "c1"));
        ck_assert_uint_eq(fake.fetches, 1);
        close_cache();
        open_cache();
        (void)ask_for(cache, request_of(&made, &call_object, "c1"));
        ck_assert_uint_eq(fake.fetches, 0);
        close_cache();
        disk_end();
}
END_TEST

/* Fills some pages, spoils one after the other, and reads everything each time. */
START_TEST(a_spoilt_page_shows_nothing_wrong) {
        struct fake_request requests[40];
        char bodies[40][600], ids[40][8];
        struct stat st;

        disk_begin();
        open_cache();
        for (unsigned i = 0; i < 40; i++) {
                (void)snprintf(ids[i], sizeof(ids[i]), "c%u", i);
                memset(bodies[i], 'a' + (int)i % 26, sizeof(bodies[i]));
                (void)snprintf(bodies[i], sizeof(bodies[i]), "%s", ids[i]);
                bodies[i][strlen(ids[i])] = 'x';
                bodies[i][sizeof(bodies[i]) - 1] = '\0';
                fake.body = bodies[i];
                (void)ask_for(cache, request_of(&requests[i], &call_object, ids[i]));
        }
        close_cache();
        ck_assert_int_eq(stat(disk_path(), &st), 0);
        ck_assert_int_gt(st.st_size, (_i + 1) * 4096);
        spoil(_i * 4096 + 1000, 1500);
        open_cache();
        for (unsigned i = 0; i < 40; i++) {
                struct answer *answer;

                fake.body = bodies[i];
                ck_assert_int_eq(fetch(cache, &requests[i].request, &answer, NULL), 0);
                ck_assert_str_eq(answer->body, bodies[i]);
                answer_unref(answer);
        }
        close_cache();
        open_cache();
        for (unsigned i = 0; i < 40; i++) {
                struct answer *answer;

                fake.body = bodies[i];
                ck_assert_int_eq(fetch(cache, &requests[i].request, &answer, NULL), 0);
                ck_assert_str_eq(answer->body, bodies[i]);
                answer_unref(answer);
        }
        close_cache();
        disk_end();
}
END_TEST

START_TEST(a_flipped_byte_in_a_body_is_noticed) {
        disk_begin();
        open_cache();
        (void)ask_for(cache, request_of(&made, &call_object, "c1"));
        close_cache();
        disk_run("UPDATE item SET body = '{\"n\":7}'");
        open_cache();
        ck_assert_str_eq(ask_for(cache, &made.request).body, "{\"n\":1}");
        ck_assert_uint_eq(fake.fetches, 1);
        close_cache();
        ck_assert_uint_eq(disk_count("cache.db.damaged-"), 1);
        disk_end();
}
END_TEST

/* The round that a list is of stands in each of its items. */
static char round_bodies[FAKE_ITEMS_MAX][32];

static void set_round(unsigned round) {
        static const char *const ids[] = { "a", "b", "c", "d", "e", "f", "g" };

        for (size_t i = 0; i < ELEMENTSOF(ids); i++) {
                (void)snprintf(round_bodies[i], sizeof(round_bodies[i]), "{\"round\":%u}", round);
                fake.items[i] = (struct fake_item){ ids[i], round_bodies[i] };
        }
}

/* Writes for ever; says by a byte that something is in the file. */
static void write_until_killed(int fd) {
        bool has_begun = false;
        char id[16];

        open_cache();
        for (unsigned round = 0;; round++) {
                set_round(round);
                clock_move(61000);
                (void)ask_for(cache, request_of(&made, &call_list, NULL));
                (void)snprintf(id, sizeof(id), "c%u", round % 50);
                (void)ask_for(cache, request_of(&made, &call_object, id));
                if (has_begun || !disk_number("kept"))
                        continue;
                has_begun = true;
                if (write(fd, "x", 1) != 1)
                        _exit(1);
        }
}

static void expect_one_round(void) {
        struct answer *answer;

        made.request.reach = REACH_CACHED;
        ck_assert_int_eq(fetch(cache, &made.request, &answer, NULL), 0);
        ck_assert_uint_eq(answer->count, 7);
        for (size_t i = 1; i < answer->count; i++)
                ck_assert_str_eq(answer->items[i].body, answer->items[0].body);
        answer_unref(answer);
}

/* After kill -9 at any moment the file opens, and no list is of two rounds. */
START_TEST(a_killed_process_leaves_a_sound_file) {
        int fds[2], status;
        char byte;
        pid_t pid;

        disk_begin();
        ck_assert_int_eq(pipe2(fds, O_CLOEXEC), 0);
        pid = fork();
        ck_assert_int_ge(pid, 0);
        if (pid == 0)
                write_until_killed(fds[1]);
        ck_assert_int_eq(read(fds[0], &byte, 1), 1);
        /* Not a wait for something: each round of the test kills at another moment. */
        for (volatile unsigned i = 0; i < 400000u * (unsigned)_i; i++)
                continue;
        ck_assert_int_eq(kill(pid, SIGKILL), 0);
        ck_assert_int_eq(waitpid(pid, &status, 0), pid);
        ck_assert(WIFSIGNALED(status));
        open_cache();
        ck_assert_uint_eq(disk_count("cache.db.damaged-"), 0);
        (void)request_of(&made, &call_list, NULL);
        made.request.max_age_ms = INT64_MAX;
        expect_one_round();
        close_cache();
        disk_expect("PRAGMA integrity_check", "ok");
        disk_end();
}
END_TEST

START_TEST(the_holder_is_named_while_it_lives) {
        const struct cache_options options = { .path = NULL };
        struct cache_options same = options;
        struct source *source;
        char byte, expected[48];
        int fds[2], status;
        struct op op;
        pid_t pid;

        disk_begin();
        ck_assert_int_eq(pipe2(fds, O_CLOEXEC), 0);
        pid = fork();
        ck_assert_int_ge(pid, 0);
        if (pid == 0)
                write_until_killed(fds[1]);
        ck_assert_int_eq(read(fds[0], &byte, 1), 1);
        same.path = disk_path();
        fake_init(&fake);
        op_init(&op, OP_INTERACTIVE, 10000);
        ck_assert_int_eq(cache_new(&op, &same, &fake.source, &source), -EBUSY);
        (void)snprintf(expected, sizeof(expected), "process %ld:", (long)pid);
        ck_assert_ptr_nonnull(strstr(op.fault.reason, expected));
        fake_done(&fake);
        ck_assert_int_eq(kill(pid, SIGKILL), 0);
        ck_assert_int_eq(waitpid(pid, &status, 0), pid);
        open_cache();
        close_cache();
        disk_end();
}
END_TEST

/* What the disk refuses is served all the same; it is counted, and nobody is told off. */
START_TEST(a_full_disk_stops_nothing_but_the_keeping) {
        const struct rlimit small = { (rlim_t)(40 + _i * 97) * 1024, RLIM_INFINITY };
        const struct rlimit large = { RLIM_INFINITY, RLIM_INFINITY };
        struct fake_request requests[64];
        char *body = malloc(16000), ids[64][8];

        memset(body, 'y', 15999);
        body[15999] = '\0';
        disk_begin();
        open_cache();
        fake.body = body;
        (void)signal(SIGXFSZ, SIG_IGN);
        ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &small), 0);
        for (unsigned i = 0; i < 64; i++) {
                (void)snprintf(ids[i], sizeof(ids[i]), "c%u", i);
                ck_assert_int_eq(
                        ask_for(cache, request_of(&requests[i], &call_object, ids[i])).error, 0);
        }
        for (unsigned i = 0; i < 64; i++)
                ck_assert_int_eq(ask_for(cache, &requests[i].request).error, 0);
        ck_assert_uint_eq(fake.fetches, 64);
        while (disk_number("waiting") || (!disk_number("lost") && !disk_number("kept")))
                (void)ask_for(cache, &requests[0].request);
        close_cache();
        ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &large), 0);
        open_cache();
        ck_assert_uint_eq(disk_count("cache.db.damaged-"), 0);
        fake.body = body;
        for (unsigned i = 0; i < 64; i++)
                ck_assert_int_eq(ask_for(cache, &requests[i].request).error, 0);
        close_cache();
        disk_expect("PRAGMA integrity_check", "ok");
        disk_end();
        free(body);
}
END_TEST

int main(void) {
        const struct unit_case cases[] = {
                { "no database", a_file_that_is_no_database_is_set_aside, 0 },
                { "other", the_database_of_another_program_is_set_aside, 0 },
                { "version", a_file_of_another_version_is_begun_anew, 0 },
                { "page", a_spoilt_page_shows_nothing_wrong, 12 },
                { "byte", a_flipped_byte_in_a_body_is_noticed, 0 },
                { "killed", a_killed_process_leaves_a_sound_file, 10 },
                { "holder", the_holder_is_named_while_it_lives, 0 },
                { "full", a_full_disk_stops_nothing_but_the_keeping, 12 },
                { 0 },
        };

        return unit_main("cache-crash", cases);
}
