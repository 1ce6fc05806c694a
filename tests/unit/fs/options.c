/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/options.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "auth/keys.h"
#include "base/text.h"
#include "tests/unit/unit.h"

static struct options options;
static const char *manual;

/* Parses words separated by blanks; standard error is not to be seen. */
static int parse(const char *line) {
        char *argv[16], *copy = strdup(line);
        const char *cursor = copy, *word;
        int argc = 0, null = open("/dev/null", O_WRONLY), error = dup(STDERR_FILENO), r;
        size_t len;

        while (text_word(&cursor, " ", &word, &len))
                argv[argc++] = strndup(word, len);
        argv[argc] = NULL;
        dup2(null, STDERR_FILENO);
        r = options_parse(argc, argv, &options);
        dup2(error, STDERR_FILENO);
        close(null);
        close(error);
        for (int i = 0; i < argc; i++)
                free(argv[i]);
        free(copy);
        return r;
}

static void refuse(const char *line) {
        ck_assert_msg(parse(line) == -EINVAL, "accepted: %s", line);
        options_done(&options);
}

START_TEST(a_mount_point_is_enough) {
        ck_assert_int_eq(parse("hcloudfs /mnt"), 0);
        ck_assert_int_eq(options.command, COMMAND_MOUNT);
        ck_assert_str_eq(options.path, "/mnt");
        ck_assert_ptr_null(options.account);
        ck_assert(!options.is_read_only && !options.is_foreground && !options.is_demo);
        options_done(&options);
}
END_TEST

START_TEST(mount_helpers_write_options_behind) {
        ck_assert_int_eq(
                parse("hcloudfs work /mnt -o rw,dev,suid,_netdev,nofail,x-systemd.automount"
                      ",allow_other,ttl=5"),
                0);
        ck_assert_str_eq(options.account, "work");
        ck_assert_str_eq(options.path, "/mnt");
        ck_assert_str_eq(buf_str(&options.pass), "allow_other");
        ck_assert_uint_eq(options.ttl_s, 5);
        ck_assert(!options.is_read_only);
        options_done(&options);
}
END_TEST

START_TEST(a_source_may_mean_all_accounts) {
        const char *const all[] = { "hcloudfs none /mnt", "hcloudfs hcloudfs /mnt",
                                    "hcloudfs hcloudfs# /mnt" };

        for (size_t i = 0; i < ELEMENTSOF(all); i++) {
                ck_assert_int_eq(parse(all[i]), 0);
                ck_assert_ptr_null(options.account);
                options_done(&options);
        }
        ck_assert_int_eq(parse("hcloudfs hcloudfs#work /mnt"), 0);
        ck_assert_str_eq(options.account, "work");
        options_done(&options);
}
END_TEST

START_TEST(the_last_option_counts_and_a_file_fills_in) {
        struct buf reason = BUF_INIT(1024);

        ck_assert_int_eq(parse("hcloudfs -o rw,ttl=1 -o ro,ttl=2,fsname=a\\,b /mnt"), 0);
        ck_assert(options.is_read_only);
        ck_assert_uint_eq(options.ttl_s, 2);
        ck_assert_str_eq(options.fsname, "a,b");
        ck_assert_int_eq(options_set(&options, "ttl", "9", &reason), 0);
        ck_assert_int_eq(options_set(&options, "ro", "no", &reason), 0);
        ck_assert_int_eq(options_set(&options, "log_level", "info", &reason), 0);
        ck_assert_int_eq(options_set(&options, "allow_other", "yes", &reason), 0);
        ck_assert_uint_eq(options.ttl_s, 2);
        ck_assert(options.is_read_only);
        ck_assert_int_eq(options.log_level, LOG_LEVEL_INFO);
        ck_assert_str_eq(buf_str(&options.pass), "allow_other");
        options_done(&options);
        buf_done(&reason);
}
END_TEST

START_TEST(what_libfuse_may_know_is_passed_on) {
        ck_assert_int_eq(parse("hcloudfs /mnt -o max_read=4096,unheard_of"), 0);
        ck_assert_str_eq(buf_str(&options.pass), "max_read=4096,unheard_of");
        ck_assert_uint_eq(options.max_read, 4096);
        options_done(&options);
}
END_TEST

START_TEST(a_configuration_is_found_from_anywhere) {
        ck_assert_int_eq(parse("hcloudfs /mnt -o config=a.conf"), 0);
        ck_assert_int_eq(options.config[0], '/');
        ck_assert(text_ends(options.config, "/a.conf"));
        options_done(&options);
        ck_assert_int_eq(parse("hcloudfs /mnt -o config=/etc/a.conf"), 0);
        ck_assert_str_eq(options.config, "/etc/a.conf");
        options_done(&options);
}
END_TEST

START_TEST(commands_are_words) {
        ck_assert_int_eq(parse("hcloudfs operations --json"), 0);
        ck_assert_int_eq(options.command, COMMAND_OPERATIONS);
        ck_assert(options.is_json);
        options_done(&options);
        ck_assert_int_eq(parse("hcloudfs check work"), 0);
        ck_assert_int_eq(options.command, COMMAND_CHECK);
        ck_assert_str_eq(options.account, "work");
        options_done(&options);
        ck_assert_int_eq(parse("hcloudfs refresh"), 0);
        ck_assert_int_eq(options.command, COMMAND_REFRESH);
        ck_assert_ptr_null(options.path);
        options_done(&options);
        ck_assert_int_eq(parse("hcloudfs stat a/b"), 0);
        ck_assert_int_eq(options.command, COMMAND_STAT);
        ck_assert_str_eq(options.path, "a/b");
        options_done(&options);
        ck_assert_int_eq(parse("hcloudfs --help"), 0);
        ck_assert_int_eq(options.command, COMMAND_HELP);
        options_done(&options);
        ck_assert_int_eq(parse("hcloudfs ./check"), 0);
        ck_assert_int_eq(options.command, COMMAND_MOUNT);
        options_done(&options);
}
END_TEST

START_TEST(debug_stays_in_the_foreground) {
        ck_assert_int_eq(parse("hcloudfs -d /mnt"), 0);
        ck_assert(options.is_debug && options.is_foreground);
        ck_assert_int_eq(options.log_level, LOG_LEVEL_DEBUG);
        options_done(&options);
}
END_TEST

START_TEST(nonsense_is_refused) {
        refuse("hcloudfs");
        refuse("hcloudfs a b c");
        refuse("hcloudfs --demo a b");
        refuse("hcloudfs operations a");
        refuse("hcloudfs help me");
        refuse("hcloudfs check --json");
        refuse("hcloudfs --json /mnt");
        refuse("hcloudfs --demo check");
        refuse("hcloudfs stat");
        refuse("hcloudfs stat a b");
        refuse("hcloudfs refresh a b");
        refuse("hcloudfs /mnt --unheard-of");
        refuse("hcloudfs /mnt -o ttl=0");
        refuse("hcloudfs /mnt -o ttl=1x");
        refuse("hcloudfs /mnt -o ttl");
        refuse("hcloudfs /mnt -o ttl=");
        refuse("hcloudfs /mnt -o log_level=loud");
        refuse("hcloudfs /mnt -o ro=perhaps");
        refuse("hcloudfs /mnt -o allow_other=perhaps");
        refuse("hcloudfs /mnt -o access=none");
        refuse("hcloudfs /mnt -o prefetch=perhaps");
        refuse("hcloudfs /mnt -o retries=21");
        refuse("hcloudfs /mnt -o connections=0");
        refuse("hcloudfs /mnt -o cache_dir");
}
END_TEST

/* Every key of [mount] has a default, takes a value, and that of the command line is stronger. */
START_TEST(every_setting_is_set) {
        struct buf reason = BUF_INIT(1024);
        const struct {
                const char *name;
                unsigned *member, normal;
        } numbers[] = {
                { "ttl", &options.ttl_s, 60 },
                { "connect_timeout", &options.connect_timeout_s, 5 },
                { "request_timeout", &options.request_timeout_s, 30 },
                { "operation_timeout", &options.operation_timeout_s, 60 },
                { "connections", &options.connections, 32 },
                { "rate", &options.rate, 100 },
                { "burst", &options.burst, 100 },
                { "retries", &options.retries, 3 },
                { "deletions_per_minute", &options.deletions_per_minute, 5 },
        };

        for (size_t i = 0; i < ELEMENTSOF(numbers); i++) {
                char line[64];

                ck_assert_int_eq(parse("hcloudfs /mnt"), 0);
                ck_assert_uint_eq(*numbers[i].member, numbers[i].normal);
                ck_assert_int_eq(options_set(&options, numbers[i].name, "7", &reason), 0);
                ck_assert_uint_eq(*numbers[i].member, 7);
                options_done(&options);
                (void)snprintf(line, sizeof(line), "hcloudfs /mnt -o %s=9", numbers[i].name);
                ck_assert_int_eq(parse(line), 0);
                ck_assert_int_eq(options_set(&options, numbers[i].name, "7", &reason), 0);
                ck_assert_uint_eq(*numbers[i].member, 9);
                options_done(&options);
        }
        ck_assert_int_eq(parse("hcloudfs /mnt -o access=read-only,prefetch=no,retries=0"), 0);
        ck_assert_int_eq(options.access, ACCESS_READ_ONLY);
        ck_assert(!options.prefetch && !options.is_read_only);
        ck_assert_uint_eq(options.retries, 0);
        options_done(&options);
        ck_assert_int_eq(parse("hcloudfs /mnt"), 0);
        ck_assert(options.prefetch && options.access == ACCESS_READ_WRITE);
        ck_assert_ptr_null(options.cache_dir);
        ck_assert_int_eq(options_set(&options, "cache_dir", "/a", &reason), 0);
        ck_assert_int_eq(options_set(&options, "state_dir", "/b", &reason), 0);
        ck_assert_str_eq(options.cache_dir, "/a");
        ck_assert_str_eq(options.state_dir, "/b");
        options_done(&options);
        ck_assert_int_eq(parse("hcloudfs /mnt -o cache_dir=c,state_dir=/d"), 0);
        ck_assert(text_ends(options.cache_dir, "/c") && options.cache_dir[0] == '/');
        ck_assert_str_eq(options.state_dir, "/d");
        options_done(&options);
        buf_done(&reason);
}
END_TEST

/* The keys of the configuration's [mount] and the mount options are the same. */
START_TEST(every_key_is_an_option) {
        struct buf help = BUF_INIT(0);

        ck_assert_int_eq(options_help(&help), 0);
        for (size_t i = 0; i < n_key_rows; i++) {
                char name[64];

                if (!(key_rows[i].sections & SECTION_MOUNT))
                        continue;
                (void)snprintf(name, sizeof(name), "\n  %s", key_rows[i].name);
                ck_assert_msg(strstr(buf_str(&help), name), "no option %s", key_rows[i].name);
        }
        buf_done(&help);
}
END_TEST

/* Each mount option of the help has a paragraph in the manual. */
START_TEST(the_manual_has_every_option) {
        struct buf help = BUF_INIT(0), page = BUF_INIT(0);
        const char *cursor, *word;
        char data[4096];
        FILE *file = fopen(manual, "r");
        size_t n, found = 0;

        ck_assert_ptr_nonnull(file);
        while ((n = fread(data, 1, sizeof(data), file)) > 0)
                ck_assert_int_eq(buf_add(&page, data, n), 0);
        fclose(file);
        ck_assert_int_eq(options_help(&help), 0);
        cursor = strstr(buf_str(&help), "Mount options:\n") + strlen("Mount options:\n");
        for (; text_starts(cursor, "  "); cursor = strchr(cursor, '\n') + 1, found++) {
                struct buf plain = BUF_INIT(256), valued = BUF_INIT(256);
                const char *at = cursor;

                ck_assert(text_word(&at, " =", &word, &n));
                (void)buf_printf(&plain, "\n.TP\n.B %.*s\n", (int)n, word);
                (void)buf_printf(&valued, "\n.TP\n.BI %.*s= ", (int)n, word);
                ck_assert_msg(strstr(buf_str(&page), buf_str(&plain)) ||
                                      strstr(buf_str(&page), buf_str(&valued)),
                              "not in the manual: %.*s", (int)n, word);
                buf_done(&plain);
                buf_done(&valued);
        }
        ck_assert_uint_ge(found, 20);
        buf_done(&help);
        buf_done(&page);
}
END_TEST

int main(int argc, char **argv) {
        const struct unit_case cases[] = {
                { .name = "mount point", .test = a_mount_point_is_enough },
                { .name = "helper", .test = mount_helpers_write_options_behind },
                { .name = "source", .test = a_source_may_mean_all_accounts },
                { .name = "last", .test = the_last_option_counts_and_a_file_fills_in },
                { .name = "passed", .test = what_libfuse_may_know_is_passed_on },
                { .name = "config", .test = a_configuration_is_found_from_anywhere },
                { .name = "commands", .test = commands_are_words },
                { .name = "debug", .test = debug_stays_in_the_foreground },
                { .name = "nonsense", .test = nonsense_is_refused },
                { .name = "settings", .test = every_setting_is_set },
                { .name = "keys", .test = every_key_is_an_option },
                { .name = "manual", .test = the_manual_has_every_option },
                { 0 },
        };

        manual = argc > 1 ? argv[1] : "docs/hcloudfs.1";
        return unit_main("options", cases);
}
