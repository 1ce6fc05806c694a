/* SPDX-License-Identifier: Apache-2.0 */
/* What a feed tells of is seen at once; and when there is none, nothing gets worse. */
#include <dirent.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/stamp.h"
#include "base/text.h"
#include "tests/unit/fs/mounted.h"
#include "tests/unit/unit.h"

enum { WITHIN_MS = 20000 }; /* it takes a few ms where nothing else runs */

static struct mounted mounted;
static struct view *view;
static struct place *config, *value;

static void begin_as(bool is_read_only) {
        struct place *group;

        view = fake_new();
        config = fake_add(view, NULL, "config", ENTRY_DIRECTORY, NULL);
        group = fake_add(view, config, "app=shop", ENTRY_DIRECTORY, NULL);
        value = fake_add(view, group, "greeting", ENTRY_FILE, "hello\n");
        fake_add(view, group, "other", ENTRY_FILE, "same\n");
        fake_set_volatile(view, fake_add(view, group, "moving", ENTRY_FILE, "1\n"));
        fake_set_feed(view, config);
        mounted_start(&mounted, view, is_read_only);
}

static void begin(void) {
        begin_as(false);
}

static void end(void) {
        mounted_stop(&mounted);
}

static bool says(const char *command, const char *expected) {
        struct buf output = BUF_INIT(0);
        bool is_so;

        (void)mounted_run(&mounted, command, &output);
        is_so = text_eq(buf_str(&output), expected);
        buf_done(&output);
        return is_so;
}

/* Looks again and again. */
static bool says_soon(const char *command, const char *expected) {
        int64_t until = stamp_monotonic_ms() + WITHIN_MS;

        do
                if (says(command, expected))
                        return true;
        while (stamp_monotonic_ms() < until);
        return false;
}

static bool has_line(const char *wanted) {
        struct buf text = BUF_INIT(0);
        bool found;

        feeds_describe(mounted.session, &text);
        found = strstr(buf_str(&text), wanted);
        buf_done(&text);
        return found;
}

static bool has_line_soon(const char *wanted) {
        int64_t until = stamp_monotonic_ms() + WITHIN_MS;

        while (!has_line(wanted))
                if (stamp_monotonic_ms() > until || sched_yield() < 0)
                        return false;
        return true;
}

START_TEST(a_value_is_seen_at_once) {
        begin();
        ck_assert(says("cat demo/config/app=shop/greeting", "hello\n"));
        fake_await_watches(view, 1);
        fake_write(view, value, "good morning\n");
        ck_assert(says("cat demo/config/app=shop/greeting", "hello\n"));
        fake_tell(view);
        ck_assert(says_soon("cat demo/config/app=shop/greeting", "good morning\n"));
        ck_assert(has_line_soon("/demo/config: followed since"));
        ck_assert(has_line_soon("1 changes"));
        end();
}
END_TEST

START_TEST(names_come_and_go_at_once) {
        begin();
        ck_assert(says("ls demo/config", "app=shop\n"));
        fake_await_watches(view, 1);
        fake_add(view, config, "app=bank", ENTRY_DIRECTORY, NULL);
        ck_assert(says("ls demo/config", "app=shop\n"));
        fake_tell(view);
        ck_assert(says_soon("ls demo/config", "app=bank\napp=shop\n"));
        fake_remove(view, fake_at(view, "config/app=bank"));
        fake_tell(view);
        ck_assert(says_soon("ls demo/config", "app=shop\n"));
        ck_assert(says_soon("test -e demo/config/app=bank; echo $?", "1\n"));
        end();
}
END_TEST

/* What did not change stays where it is: the kernel keeps its pages. */
START_TEST(what_is_the_same_is_not_read_again) {
        unsigned long long reads;

        begin();
        ck_assert(says("cat demo/config/app=shop/*e*", "hello\nsame\n"));
        fake_await_watches(view, 1);
        fake_tell(view);
        ck_assert(has_line_soon("1 changes"));
        mounted_settle(&mounted);
        reads = mounted_count(&mounted, OPERATION_READ);
        ck_assert(says("cat demo/config/app=shop/*e*", "hello\nsame\n"));
        ck_assert_uint_eq(mounted_count(&mounted, OPERATION_READ), reads);
        end();
}
END_TEST

START_TEST(nobody_follows_what_nobody_uses) {
        begin();
        ck_assert(says("ls demo", "config\n"));
        ck_assert(!has_line("config"));
        end();
}
END_TEST

START_TEST(a_server_that_tells_nobody_is_left_alone) {
        begin();
        fake_fail_feed(view, EOPNOTSUPP);
        ck_assert(says("ls demo/config", "app=shop\n"));
        ck_assert(has_line_soon("not followed, the server tells nobody of changes"));
        ck_assert(says("cat demo/config/app=shop/greeting", "hello\n"));
        ck_assert(has_line("not followed, the server tells nobody of changes"));
        end();
}
END_TEST

/* It answers at once that nothing changed, however long it was to wait. */
START_TEST(a_server_that_does_not_wait_is_left_alone) {
        begin();
        fake_fail_feed(view, EALREADY);
        ck_assert(says("ls demo/config", "app=shop\n"));
        ck_assert(has_line_soon("not followed, the server tells nobody of changes"));
        end();
}
END_TEST

START_TEST(a_failure_is_tried_again) {
        begin();
        fake_fail_feed(view, EHOSTUNREACH);
        ck_assert(says("ls demo/config", "app=shop\n"));
        ck_assert(has_line_soon("not followed since"));
        ck_assert(has_line("the feed broke"));
        fake_fail_feed(view, 0);
        fake_tell(view);
        fake_await_watches(view, 2);
        ck_assert(has_line_soon("/demo/config: followed since"));
        end();
}
END_TEST

/* The kernel keeps files open without asking us: it is told all the same. */
START_TEST(a_read_only_mount_sees_changes_too) {
        begin_as(true);
        ck_assert(says("cat demo/config/app=shop/greeting", "hello\n"));
        fake_await_watches(view, 1);
        fake_write(view, value, "good morning\n");
        fake_tell(view);
        ck_assert(says_soon("cat demo/config/app=shop/greeting", "good morning\n"));
        end();
}
END_TEST

/* Readers hold on to what they began with. */
START_TEST(who_reads_reads_on_in_one_version) {
        begin();
        ck_assert(says("exec 3<demo/config/app=shop/greeting; head -c 2 <&3", "he"));
        fake_await_watches(view, 1);
        fake_write(view, value, "good morning\n");
        fake_tell(view);
        ck_assert(has_line_soon("1 changes"));
        ck_assert(says_soon("cat demo/config/app=shop/greeting", "good morning\n"));
        end();
}
END_TEST

START_TEST(what_moves_by_itself_is_looked_at_anew) {
        begin();
        ck_assert(says("cat demo/config/app=shop/moving", "1\n"));
        fake_await_watches(view, 1);
        fake_write(view, fake_at(view, "config/app=shop/moving"), "2\n");
        fake_tell(view);
        ck_assert(says_soon("cat demo/config/app=shop/moving", "2\n"));
        end();
}
END_TEST

/* Nobody tells, but asking costs next to nothing, and somebody looks. */
START_TEST(an_open_directory_is_looked_at_every_few_seconds) {
        struct place *list;
        char path[128];
        DIR *dir;

        begin();
        list = fake_add(view, NULL, "instances", ENTRY_DIRECTORY, NULL);
        fake_add(view, list, "a.json", ENTRY_FILE, "1\n");
        fake_set_confirms(view, list);
        ck_assert(says("ls demo/instances; cat demo/instances/a.json", "a.json\n1\n"));
        (void)snprintf(path, sizeof(path), "%s/demo/instances", mounted.path);
        dir = opendir(path);
        ck_assert_ptr_nonnull(dir);
        fake_add(view, list, "b.json", ENTRY_FILE, "2\n");
        fake_write(view, fake_at(view, "instances/a.json"), "3\n");
        ck_assert(says_soon("ls demo/instances", "a.json\nb.json\n"));
        ck_assert(says_soon("cat demo/instances/a.json", "3\n"));
        closedir(dir);
        end();
}
END_TEST

START_TEST(a_directory_that_was_closed_is_left_alone) {
        struct place *list;

        begin();
        list = fake_add(view, NULL, "instances", ENTRY_DIRECTORY, NULL);
        fake_set_confirms(view, list);
        ck_assert(says("ls demo/instances", ""));
        mounted_settle(&mounted);
        pthread_mutex_lock(&mounted.session->tree.lock);
        ck_assert_ptr_null(mounted.session->watch.directories);
        pthread_mutex_unlock(&mounted.session->tree.lock);
        end();
}
END_TEST

START_TEST(changes_are_written_down) {
        begin();
        ck_assert(says("cat demo/config/app=shop/greeting", "hello\n"));
        fake_await_watches(view, 1);
        fake_write(view, value, "good morning\n");
        fake_add(view, config, "app=bank", ENTRY_DIRECTORY, NULL);
        fake_tell(view);
        ck_assert(says_soon("cut -d ' ' -f 2- .hcloudfs/events",
                            "new /demo/config/app=bank\n"
                            "changed /demo/config/app=shop/greeting\n"));
        fake_remove(view, fake_at(view, "config/app=bank"));
        fake_tell(view);
        ck_assert(says_soon("tail -n 1 .hcloudfs/events | cut -d ' ' -f 2-",
                            "gone /demo/config/app=bank\n"));
        end();
}
END_TEST

/* Who reads goes on in his version; what others did is told when it is shown. */
START_TEST(a_change_is_written_down_when_its_readers_have_left) {
        char path[128], text[8];
        int file;

        begin();
        (void)snprintf(path, sizeof(path), "%s/demo/config/app=shop/greeting", mounted.path);
        file = open(path, O_RDONLY | O_CLOEXEC);
        ck_assert_int_eq(pread(file, text, sizeof(text), 0), 6);
        fake_await_watches(view, 1);
        fake_write(view, value, "good morning\n");
        fake_tell(view);
        ck_assert(has_line_soon("1 changes"));
        ck_assert(says_soon("grep -c newer: .hcloudfs/why/demo/config/app=shop/greeting", "1\n"));
        ck_assert(says("cut -d ' ' -f 2- .hcloudfs/events", ""));
        close(file);
        ck_assert(says_soon("cut -d ' ' -f 2- .hcloudfs/events",
                            "changed /demo/config/app=shop/greeting\n"));
        end();
}
END_TEST

static void write_log(unsigned lines) {
        struct record_entry entry = { .operation = OPERATION_READ, .path = "/some/where" };

        for (unsigned i = 0; i < lines; i++)
                record_operation(&mounted.session->record, &entry);
        entry.path = "/the/last";
        record_operation(&mounted.session->record, &entry);
}

/* Reads to the end, line by line; returns how many there were, the last in @ret. */
static unsigned read_lines(FILE *file, char ret[256]) {
        unsigned count = 0;

        clearerr(file);
        while (fgets(ret, 256, file)) {
                ck_assert_msg(strncmp(ret, "20", 2) == 0, "a line begins with: %s", ret);
                count++;
        }
        return count;
}

/* A log loses its beginning; who follows it goes on all the same, with whole lines. */
START_TEST(who_follows_a_log_that_is_cut_goes_on) {
        enum { MANY = 20000 };
        char path[128], line[256];
        FILE *file;

        begin();
        (void)snprintf(path, sizeof(path), "%s/.hcloudfs/accesslog", mounted.path);
        file = fopen(path, "re");
        ck_assert_ptr_nonnull(file);
        write_log(100);
        ck_assert_uint_ge(read_lines(file, line), 1);
        write_log(MANY);
        ck_assert_uint_gt(read_lines(file, line), MANY / 4);
        ck_assert_ptr_nonnull(strstr(line, "/the/last"));
        write_log(1);
        ck_assert_uint_eq(read_lines(file, line), 2);
        ck_assert_ptr_nonnull(strstr(line, "/the/last"));
        (void)fclose(file);
        end();
}
END_TEST

int main(void) {
        const struct unit_case cases[] = {
                { .name = "value", .test = a_value_is_seen_at_once },
                { .name = "names", .test = names_come_and_go_at_once },
                { .name = "same", .test = what_is_the_same_is_not_read_again },
                { .name = "unused", .test = nobody_follows_what_nobody_uses },
                { .name = "absent", .test = a_server_that_tells_nobody_is_left_alone },
                { .name = "hurried", .test = a_server_that_does_not_wait_is_left_alone },
                { .name = "failure", .test = a_failure_is_tried_again },
                { .name = "read-only", .test = a_read_only_mount_sees_changes_too },
                { .name = "readers", .test = who_reads_reads_on_in_one_version },
                { .name = "moving", .test = what_moves_by_itself_is_looked_at_anew },
                { .name = "open", .test = an_open_directory_is_looked_at_every_few_seconds },
                { .name = "closed", .test = a_directory_that_was_closed_is_left_alone },
                { .name = "events", .test = changes_are_written_down },
                { .name = "later events",
                  .test = a_change_is_written_down_when_its_readers_have_left },
                { .name = "log", .test = who_follows_a_log_that_is_cut_goes_on },
                { 0 },
        };

        if (!mounted_possible()) {
                puts("1..0 # SKIP cannot open /dev/fuse");
                return EXIT_SUCCESS; /* the plan says that all is skipped */
        }
        return unit_main("feed", cases);
}
