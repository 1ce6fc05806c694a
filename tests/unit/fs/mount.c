/* SPDX-License-Identifier: Apache-2.0 */
/* What commands see of a mount, and how many requests of the kernel that takes. */
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "fs/control.h"
#include "tests/unit/fs/mounted.h"
#include "tests/unit/unit.h"

#define CLUSTERS "demo/cn-north-4/dws/clusters"
#define CLUSTER  CLUSTERS "/cluster-001"

static struct mounted mounted;

static void start(unsigned clusters, bool is_read_only) {
        struct view *view = fake_new();

        fake_add_demo(view, clusters);
        mounted_start(&mounted, view, is_read_only);
}

static void expect(const char *command, const char *output) {
        struct buf buf = BUF_INIT(0);

        ck_assert_int_eq(mounted_run(&mounted, command, &buf), 0);
        ck_assert_str_eq(buf_str(&buf), output);
        buf_done(&buf);
}

static void expect_in(const char *command, const char *part) {
        struct buf buf = BUF_INIT(0);

        (void)mounted_run(&mounted, command, &buf);
        ck_assert_msg(strstr(buf_str(&buf), part), "%s: no `%s` in: %s", command, part,
                      buf_str(&buf));
        buf_done(&buf);
}

/* Requests by kind, to be compared with those of a moment before. */
struct counts {
        unsigned long long of[OPERATION_MAX];
};

static struct counts count(void) {
        struct counts counts;

        mounted_settle(&mounted);
        for (int i = 0; i < OPERATION_MAX; i++)
                counts.of[i] = mounted_count(&mounted, (enum operation)i);
        return counts;
}

/* Runs the command and writes down what it made the kernel ask, as `opendir=4 releasedir=4`. */
static void requests_of(const char *command, struct buf *ret) {
        struct counts before = count(), after;

        ck_assert_int_eq(mounted_run(&mounted, command, NULL), 0);
        after = count();
        for (int i = 0; i < OPERATION_MAX; i++)
                if (after.of[i] != before.of[i] && i != OPERATION_FORGET)
                        (void)buf_printf(ret, "%s%s=%llu", ret->len ? " " : "",
                                         operation_name((enum operation)i),
                                         after.of[i] - before.of[i]);
}

static void expect_requests(const char *command, const char *requests) {
        struct buf buf = BUF_INIT(0);

        requests_of(command, &buf);
        ck_assert_msg(strcmp(buf_str(&buf), requests) == 0, "%s: %s", command, buf_str(&buf));
        buf_done(&buf);
}

START_TEST(names_and_bytes_are_shown) {
        start(2, false);
        expect("ls -A", ".hcloudfs\ndemo\n");
        expect("ls " CLUSTERS, "cluster-000\ncluster-001\n");
        expect("cat demo/account.json", "{}\n");
        expect("cat " CLUSTER "/cluster.json", "{\n  \"name\": \"cluster-001\",\n  \"n\": 1\n}\n");
        expect("cat " CLUSTER "/fleet", "{}\n");
        expect("readlink " CLUSTER "/fleet", "../../../../account.json\n");
        expect("stat -c '%A %s %h' " CLUSTER "/cluster.json", "-r--r--r-- 38 1\n");
        expect("cat " CLUSTER "/nothing 2>&1 || true",
               "cat: " CLUSTER "/nothing: No such file or directory\n");
        mounted_stop(&mounted);
}
END_TEST

/* Eight directories: demo, cn-north-4, dws, clusters, and two for each of the two clusters. */
START_TEST(warm_walks_ask_for_nothing_but_the_directories) {
        const struct {
                const char *command;
                unsigned long long opened;
        } walks[] = {
                { "ls -lR demo", 8 },
                { "ls -laR demo", 8 },
                { "find demo", 10 }, /* and `.`, and */
                { "du -s demo", 9 }, /* and one again, on the way up from the fifth level */
        };

        start(2, false);
        for (size_t i = 0; i < ELEMENTSOF(walks); i++)
                ck_assert_int_eq(mounted_run(&mounted, walks[i].command, NULL), 0);
        for (size_t i = 0; i < ELEMENTSOF(walks); i++) {
                unsigned lists = fake_lists(mounted.view), reads = fake_reads(mounted.view);
                struct counts before = count(), after;

                ck_assert_int_eq(mounted_run(&mounted, walks[i].command, NULL), 0);
                after = count();
                ck_assert_msg(after.of[OPERATION_OPENDIR] - before.of[OPERATION_OPENDIR] ==
                                      walks[i].opened,
                              "%s: %llu directories", walks[i].command,
                              after.of[OPERATION_OPENDIR] - before.of[OPERATION_OPENDIR]);
                ck_assert_uint_eq(after.of[OPERATION_READDIRPLUS],
                                  before.of[OPERATION_READDIRPLUS]);
                ck_assert_uint_eq(after.of[OPERATION_LOOKUP], before.of[OPERATION_LOOKUP]);
                ck_assert_uint_eq(fake_lists(mounted.view), lists);
                ck_assert_uint_eq(fake_reads(mounted.view), reads);
        }
        mounted_stop(&mounted);
}
END_TEST

START_TEST(a_warm_walk_of_steady_files_is_open_and_release) {
        start(0, false);
        fake_add(mounted.view, fake_at(mounted.view, "cn-north-4"), "a.json", ENTRY_FILE, "a\n");
        fake_add(mounted.view, fake_at(mounted.view, "cn-north-4"), "l", ENTRY_LINK, "a.json");
        ck_assert_int_eq(mounted_run(&mounted, "ls -lR demo; du -s demo; ls -lR demo", NULL), 0);
        expect_requests("ls -lR demo", "opendir=4 releasedir=4");
        expect_requests("find demo/cn-north-4", "opendir=4 releasedir=4"); /* one is `.` */
        expect_requests("du -s demo", "opendir=4 releasedir=4");
        expect_requests("ls -l demo/cn-north-4", "opendir=1 releasedir=1");
        mounted_stop(&mounted);
}
END_TEST

START_TEST(a_warm_cat_reads_nothing) {
        start(2, false);
        expect_requests("cat demo/account.json", "lookup=2 getattr=1 open=1 read=1 release=1");
        ck_assert_int_eq(mounted_run(&mounted, "cat demo/account.json", NULL), 0);
        expect_requests("cat demo/account.json", "open=1 release=1");
        mounted_stop(&mounted);
}
END_TEST

START_TEST(a_read_only_mount_reads_without_asking) {
        start(2, true);
        expect("cat demo/account.json demo/account.json && cat demo/account.json", "{}\n{}\n{}\n");
        expect_requests("cat demo/account.json", "");
        expect("cat .hcloudfs/version", "hcloudfs " HCLOUDFS_VERSION "\n");
        expect("cat .hcloudfs/accesslog | head -c 4 | wc -c", "4\n");
        expect("test $(stat -c %s .hcloudfs/status) = $(cat .hcloudfs/status | wc -c)", "");
        ck_assert_int_ne(mounted_run(&mounted, "touch demo/x", NULL), 0);
        mounted_stop(&mounted);
}
END_TEST

START_TEST(changes_are_refused_with_a_reason) {
        const char *const changes[] = {
                "mkdir demo/x",
                "touch demo/x",
                "rm demo/account.json",
                "rmdir demo/cn-north-4",
                "mv demo/account.json demo/y",
                "ln -s a demo/x",
                "ln demo/account.json demo/x",
                "mkdir x",
                "rm -r .hcloudfs",
        };

        start(1, false);
        for (size_t i = 0; i < ELEMENTSOF(changes); i++)
                expect_in(changes[i], "Operation not permitted");
        expect_in("echo a > demo/account.json", "Permission denied");
        expect_in("cat .hcloudfs/last_error", "open /demo/account.json EACCES: no call changes");
        expect_in("cat .hcloudfs/errors", "mkdir /demo/x EPERM: nothing can be made here");
        expect_in("cat .hcloudfs/accesslog", " mkdir mkdir /demo/x EPERM ");
        expect("chmod 600 demo/account.json && stat -c %a demo/account.json", "444\n");
        mounted_stop(&mounted);
}
END_TEST

START_TEST(a_failure_says_why_and_hides_nothing_else) {
        start(2, false);
        fake_fail(mounted.view, fake_at(mounted.view, "cn-north-4/dws/clusters/cluster-000"),
                  EACCES, "the account may not list this");
        fake_fail(mounted.view,
                  fake_at(mounted.view, "cn-north-4/dws/clusters/cluster-001/cluster.json"), EIO,
                  "HTTP 500");
        expect("ls " CLUSTERS, "cluster-000\ncluster-001\n");
        expect_in("ls " CLUSTERS "/cluster-000", "Permission denied");
        expect_in("cat .hcloudfs/last_error", "EACCES: the account may not list this\n");
        expect_in("cat " CLUSTER "/cluster.json", "Input/output error");
        expect("ls " CLUSTER, "cluster.json\nfleet\nsnapshots\nstatus.json\n");
        expect_in("cat .hcloudfs/last_error", "cluster.json EIO: HTTP 500\n");
        mounted_stop(&mounted);
}
END_TEST

START_TEST(control_files_are_written_and_read) {
        start(1, false);
        expect("cat .hcloudfs/log_level", "warning\n");
        expect("echo error > .hcloudfs/log_level && cat .hcloudfs/log_level", "error\n");
        expect_in("echo loud > .hcloudfs/log_level", "Invalid argument");
        expect_in("cat .hcloudfs/last_error", "log_level is one of error, warning, info, debug");
        expect("ls .hcloudfs",
               "README\naccesslog\nacknowledge\ndrain\nerrors\nevents\nhistory\njobs\nlast_error\n"
               "limits\nlog_level\nmetrics\nplan\nqueue\nrefresh\nrejected\nstatus\ntop\nversion\n"
               "watch\nwhy\n");
        expect_in("cat .hcloudfs/metrics", "hcloudfs_operations_total{operation=\"lookup\"} ");
        /* Of the same opening: each tells what is true then, and counters grow. */
        expect("for f in .hcloudfs/*; do test -d $f || { test $(stat -c %s -) = "
               "$(cat | wc -c) || echo $f; } < $f; done",
               "");
        expect("tar cf - .hcloudfs | tar tf - | wc -l", "25\n");
        mounted_settle(&mounted); /* nobody has it open */
        expect("test $(stat -c %s .hcloudfs/metrics) = $(cat .hcloudfs/metrics | wc -c)", "");
        mounted_stop(&mounted);
}
END_TEST

START_TEST(refresh_returns_when_the_data_is_new) {
        struct place *file;

        start(1, false);
        file = fake_at(mounted.view, "account.json");
        expect("cat demo/account.json", "{}\n");
        fake_write(mounted.view, file, "[1]\n");
        expect("cat demo/account.json", "{}\n");
        expect("echo /demo/account.json > .hcloudfs/refresh && cat demo/account.json", "[1]\n");
        fake_write(mounted.view, file, "[22]\n");
        expect("echo $PWD/demo > .hcloudfs/refresh && cat demo/account.json", "[22]\n");
        fake_write(mounted.view, file, "[333]\n");
        expect("echo > .hcloudfs/refresh && cat demo/account.json", "[333]\n");
        expect("ls demo", "account.json\ncn-north-4\n");
        fake_add(mounted.view, NULL, "new", ENTRY_FILE, "new\n");
        ck_assert_int_ne(mounted_run(&mounted, "cat demo/new", NULL), 0);
        expect("echo demo > .hcloudfs/refresh && cat demo/new", "new\n");
        fake_remove(mounted.view, fake_at(mounted.view, "new"));
        expect_in("echo demo > .hcloudfs/refresh; cat demo/new", "No such file or directory");
        expect_in("echo demo/none > .hcloudfs/refresh", "No such file or directory");
        expect_in("cat .hcloudfs/last_error", "there is no none");
        mounted_stop(&mounted);
}
END_TEST

START_TEST(a_refresh_reaches_the_names_that_the_kernel_knows) {
        struct place *clusters;

        start(4, false);
        clusters = fake_at(mounted.view, "cn-north-4/dws/clusters");
        expect("ls -lR demo > /dev/null; ls " CLUSTER "/snapshots", "s.json\n");
        fake_remove(mounted.view, fake_at(mounted.view, "cn-north-4/dws/clusters/cluster-001"));
        expect("ls " CLUSTER "/snapshots", "s.json\n");
        expect("echo / > .hcloudfs/refresh; ls " CLUSTER "/snapshots 2> /dev/null || echo gone; "
               "test -e " CLUSTER " || echo gone",
               "gone\ngone\n");

        expect("test -e " CLUSTERS "/new || echo missing", "missing\n");
        fake_add(mounted.view, clusters, "new", ENTRY_FILE, "new\n");
        expect("echo demo/cn-north-4 > .hcloudfs/refresh; cat " CLUSTERS "/new", "new\n");
        fake_add(mounted.view, clusters, "newer", ENTRY_FILE, "newer\n");
        expect("echo " CLUSTERS "/newer > .hcloudfs/refresh && cat " CLUSTERS "/newer", "newer\n");

        /* Who works in what is still there stays there. */
        expect("cd " CLUSTERS "/cluster-002 && echo / > ../../../../../.hcloudfs/refresh && "
               "test $(readlink /proc/self/cwd) = $(pwd -P) && cat ../new",
               "new\n");

        fake_remove(mounted.view, fake_at(mounted.view, "cn-north-4/dws/clusters/cluster-003"));
        refresh_all(mounted.session);
        expect("i=0; while test -e " CLUSTERS "/cluster-003 && test $((i += 1)) -lt 10000; do :; "
               "done; test $i -lt 10000 && echo gone",
               "gone\n");
        mounted_stop(&mounted);
}
END_TEST

START_TEST(why_explains_what_is_known_without_asking) {
        unsigned reads;

        start(1, false);
        ck_assert_int_eq(mounted_run(&mounted, "cat demo/account.json", NULL), 0);
        reads = fake_reads(mounted.view);
        expect_in("cat .hcloudfs/why/demo/account.json", "path: /demo/account.json\n");
        expect_in("cat .hcloudfs/why/demo/account.json", "\nrequest: request-1\n");
        expect_in("cat .hcloudfs/why/demo/.list", "\nentries: 2\n");
        expect_in("cat .hcloudfs/why/demo/cn-north-4/.list", "not asked for yet");
        expect_in("ls -A .hcloudfs/why/demo", ".list\naccount.json\ncn-north-4\n");
        ck_assert_uint_eq(fake_reads(mounted.view), reads);
        mounted_stop(&mounted);
}
END_TEST

START_TEST(tools_agree_on_every_byte) {
        start(3, false);
        expect("cd demo; tar cf - . | tar df - && tar cf - . | tar tf - | wc -l", "23\n");
        expect("d=$(mktemp -d) && rsync -a demo/ $d/ && diff -r demo $d && "
               "rsync -ain demo/ $d/ && rm -r $d",
               "");
        expect("d=$(mktemp -d) && cp -a demo $d/ && diff -r demo $d/demo && rm -r $d", "");
        expect("cd " CLUSTER "; test $(git hash-object status.json) = "
               "$(git hash-object --stdin < status.json)",
               "");
        expect("cd " CLUSTER
               "; tail -n1 status.json; wc -c < status.json; jq -r .status status.json",
               "}\n28\nAVAILABLE\n");
        expect("grep -rl cluster-002 demo/cn-north-4 | sort",
               CLUSTERS "/cluster-002/cluster.json\n" CLUSTERS "/cluster-002/snapshots/s.json\n");
        mounted_stop(&mounted);
}
END_TEST

int main(void) {
        const struct unit_case cases[] = {
                { .name = "shown", .test = names_and_bytes_are_shown },
                { .name = "warm walks", .test = warm_walks_ask_for_nothing_but_the_directories },
                { .name = "warm walk", .test = a_warm_walk_of_steady_files_is_open_and_release },
                { .name = "warm cat", .test = a_warm_cat_reads_nothing },
                { .name = "changes", .test = changes_are_refused_with_a_reason },
                { .name = "failure", .test = a_failure_says_why_and_hides_nothing_else },
                { .name = "control", .test = control_files_are_written_and_read },
                { .name = "refresh", .test = refresh_returns_when_the_data_is_new },
                { .name = "names", .test = a_refresh_reaches_the_names_that_the_kernel_knows },
                { .name = "why", .test = why_explains_what_is_known_without_asking },
                { .name = "tools", .test = tools_agree_on_every_byte },
                { .name = "read-only", .test = a_read_only_mount_reads_without_asking },
                { 0 },
        };

        if (!mounted_possible()) {
                puts("1..0 # SKIP cannot open /dev/fuse");
                return EXIT_SUCCESS; /* the plan says that all is skipped */
        }
        return unit_main("mount", cases);
}
