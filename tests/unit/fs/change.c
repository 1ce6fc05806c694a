/* SPDX-License-Identifier: Apache-2.0 */
/* Making, removing, joining and acting; what is in doubt, planned, or left over from before. */
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "backends/change.h"
#include "base/text.h"
#include "tests/unit/fs/expect.h"
#include "tests/unit/unit.h"

static struct mounted mounted;
static struct place *policies, *document, *things, *groups, *links, *action, *cluster;

static struct view *make_view(void) {
        struct view *view = fake_new();
        struct place *actions;

        policies = fake_add(view, NULL, "policies", ENTRY_DIRECTORY, NULL);
        fake_allow(view, policies, CAN_CREATE_FILE);
        document = fake_add(view, policies, "a.json", ENTRY_FILE, "{\"n\": 1}\n");
        fake_set_document(view, document);
        fake_allow(view, document, CAN_SAVE | CAN_REMOVE);
        things = fake_add(view, NULL, "things", ENTRY_DIRECTORY, NULL);
        fake_allow(view, things, CAN_DRAFT);
        groups = fake_add(view, NULL, "groups", ENTRY_DIRECTORY, NULL);
        fake_allow(view, groups, CAN_MKDIR);
        links = fake_add(view, NULL, "links", ENTRY_DIRECTORY, NULL);
        fake_allow(view, links, CAN_LINK);
        cluster = fake_add(view, NULL, "cluster", ENTRY_DIRECTORY, NULL);
        fake_allow(view, cluster, CAN_REMOVE);
        fake_add(view, cluster, "cluster.json", ENTRY_FILE, "{}\n");
        actions = fake_add(view, cluster, "actions", ENTRY_DIRECTORY, NULL);
        action = fake_add(view, actions, "restart", ENTRY_FILE, "{\n  \"_comment\": \"…\"\n}\n");
        fake_allow(view, action, CAN_ACT);
        return view;
}

static void start(void) {
        mounted_start(&mounted, make_view(), false);
}

START_TEST(a_draft_is_local_until_it_is_complete) {
        start();
        expect_run(&mounted, "mkdir demo/things/t");
        expect_output(&mounted, "ls -A demo/things/t", "README\npassword\nthing.json\n");
        expect_output(&mounted, "cat demo/things/t/thing.json", "{\n  \"name\": \"t\"\n}\n");
        expect_output(&mounted, "stat -c %a demo/things/t/password", "200\n");
        expect_fails(&mounted, "rm demo/things/t/thing.json", "Operation not permitted");
        expect_changes(&mounted, "");
        expect_run(&mounted, "echo geheim-17 > demo/things/t/password");
        expect_fails(&mounted, "echo '{' | cp /dev/stdin demo/things/t/thing.json",
                     "Invalid argument");
        expect_part(&mounted, "cat demo/things/t/thing.json.error", "no JSON");
        expect_run(&mounted, "echo '{\"name\": \"t\"}' > demo/things/t/thing.json");
        expect_changes(&mounted, "create fake//things t {\"name\": \"t\"}\n"
                                 "secret password geheim-17\n");
        expect_output(&mounted, "ls -A demo/things/t", "");
        expect_output(&mounted, "grep -r geheim .hcloudfs || true", "");
        mounted_stop(&mounted);
}
END_TEST

START_TEST(a_draft_is_discarded_by_rmdir) {
        start();
        expect_run(&mounted, "mkdir demo/things/t && rmdir demo/things/t");
        expect_output(&mounted, "ls demo/things", "");
        expect_changes(&mounted, "");
        mounted_stop(&mounted);
}
END_TEST

START_TEST(a_document_with_a_secret_is_kept_without_it) {
        start();
        expect_run(&mounted, "mkdir demo/things/t");
        fake_refuse(mounted.view, things, EACCES);
        expect_fails(&mounted,
                     "echo '{\"name\": \"t\", \"password\": \"geheim-18\"}' | "
                     "cp /dev/stdin demo/things/t/thing.json",
                     "Permission denied");
        expect_output(&mounted, "grep -rl geheim .hcloudfs || true", "");
        expect_part(&mounted, "cat .hcloudfs/rejected/demo/things/t/1",
                    "\"password\": \"<write-only: enter again>\"");
        fake_refuse(mounted.view, things, 0);
        expect_fails(&mounted, "cp .hcloudfs/rejected/demo/things/t/1 demo/things/t/thing.json",
                     "Invalid argument");
        expect_part(&mounted, "cat demo/things/t/thing.json.error", "write the value itself");
        mounted_stop(&mounted);
}
END_TEST

START_TEST(mkdir_makes_at_once) {
        start();
        expect_run(&mounted, "mkdir demo/groups/g");
        expect_changes(&mounted, "create fake//groups g\n");
        expect_output(&mounted, "ls demo/groups", "g\n");
        expect_fails(&mounted, "mkdir demo/groups/g", "File exists");
        expect_run(&mounted, "rmdir demo/groups/g");
        expect_output(&mounted, "ls demo/groups", "");
        expect_run(&mounted, "mkdir demo/groups/g && rmdir demo/groups/g && mkdir demo/groups/g");
        expect_output(&mounted, "ls demo/groups", "g\n");
        expect_run(&mounted, "stat demo/groups/g");
        expect_run(&mounted, "rmdir demo/groups/g");
        expect_output(&mounted, "ls demo/groups", "");
        expect_fails(&mounted, "mkdir demo/policies/x", "Operation not permitted");
        expect_part(&mounted, "cat .hcloudfs/last_error", "nothing can be made here");
        mounted_stop(&mounted);
}
END_TEST

START_TEST(removals_over_the_budget_are_refused_at_once) {
        start();
        expect_run(&mounted, "cd demo/policies && for i in b c d; do echo '{}' > $i.json; done");
        fake_set_budget(mounted.view, 2);
        expect_fails(&mounted, "rm demo/policies/[bcd].json", "quota exceeded");
        expect_output(&mounted, "ls demo/policies", "a.json\nd.json\n");
        expect_fails(&mounted, "rm demo/policies/d.json", "quota exceeded");
        fake_set_budget(mounted.view, 1);
        expect_run(&mounted, "cd demo/policies && rm a.json && echo '{\"n\": 2}' > a.json");
        expect_run(&mounted, "rm demo/policies/d.json"); /* the save has given it back */
        expect_output(&mounted, "ls demo/policies", "a.json\n");
        expect_fails(&mounted, "rm demo/policies/a.json", "quota exceeded");
        mounted_end(&mounted);
        ck_assert_uint_eq(fake_changes(mounted.view), 3 + 1 + 3);
        mounted_again(&mounted, false);
        mounted_stop(&mounted);
}
END_TEST

START_TEST(what_is_made_again_is_an_update_where_it_can_be) {
        start();
        fake_write(mounted.view, document, "{\"id\": 1, \"n\": 1}\n");
        expect_run(&mounted, "echo / > .hcloudfs/refresh; cd demo/policies && rm a.json && "
                             "echo '{\"id\": 1, \"n\": 2}' > a.json");
        expect_run(&mounted, "cd demo/policies && rm a.json && echo '{\"n\": 3}' > a.json");
        expect_output(&mounted, "cat demo/policies/a.json; ls demo/policies",
                      "{\"n\": 3}\na.json\n");
        expect_run(&mounted, "echo '{\"n\": 4}' > demo/policies/a.json");
        expect_changes(&mounted, "save fake//policies/a.json {\"id\": 1, \"n\": 2}\n"
                                 "remove fake//policies/a.json\n"
                                 "create fake//policies a.json {\"n\": 3}\n"
                                 "save fake//policies/a.json {\"n\": 4}\n");
        mounted_stop(&mounted);
}
END_TEST

START_TEST(what_replaces_goes_on_where_it_has_replaced) {
        char path[128];
        int file;

        start();
        fake_write(mounted.view, document, "{\"id\": 1}\n");
        expect_run(&mounted, "rm demo/policies/a.json");
        (void)snprintf(path, sizeof(path), "%s/demo/policies/a.json", mounted.path);
        file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
        ck_assert_int_ge(file, 0);
        ck_assert_int_eq(pwrite(file, "{\"n\": 1}\n", 9, 0), 9);
        ck_assert_int_eq(fsync(file), 0);
        ck_assert_int_eq(pwrite(file, "{\"n\": 2}\n", 9, 0), 9);
        ck_assert_int_eq(close(file), 0);
        expect_changes(&mounted, "remove fake//policies/a.json\n"
                                 "create fake//policies a.json {\"n\": 1}\n"
                                 "save fake//policies/a.json {\"n\": 2}\n");
        expect_fails(&mounted, "cd demo/policies && rm a.json && echo '{' | cp /dev/stdin a.json",
                     "Invalid argument");
        expect_output(&mounted, "cat demo/policies/a.json", "{\"n\": 2}\n");
        mounted_stop(&mounted);
}
END_TEST

START_TEST(what_was_replaced_is_not_written_any_more) {
        char path[128], again[64];
        int file;

        start();
        fake_write(mounted.view, document, "{\"id\": 1}\n");
        (void)snprintf(path, sizeof(path), "%s/demo/policies/a.json", mounted.path);
        file = open(path, O_RDONLY | O_CLOEXEC);
        ck_assert_int_ge(file, 0);
        expect_run(&mounted, "cd demo/policies && rm a.json && echo '{\"n\": 1}' > a.json");
        (void)snprintf(again, sizeof(again), "/proc/self/fd/%d", file);
        ck_assert_int_eq(open(again, O_WRONLY | O_CLOEXEC), -1);
        ck_assert_int_eq(errno, ESTALE);
        close(file);
        mounted_stop(&mounted);
}
END_TEST

START_TEST(a_replacement_that_was_cut_off_is_made) {
        static char path[] = "/demo/policies/gone.json", identity[] = "fake//policies/of-before",
                    target[] = "new", text[] = "{\"n\": 1}\n";
        const struct edit edit = {
                .act = EDIT_SAVE,
                .state = EDIT_ACCEPTED,
                .path = path,
                .identity = identity,
                .target = target,
                .text = text,
                .len = strlen(text),
        };
        struct journal *journal;
        char file[128];
        struct op op;
        int64_t id;

        start();
        mounted_end(&mounted);
        op_init(&op, OP_INTERACTIVE, 1000);
        (void)snprintf(file, sizeof(file), "%s/journal", mounted.state);
        ck_assert_int_eq(journal_open(&op, file, &journal), 0);
        ck_assert_int_eq(journal_accept(journal, &op, &edit, &id), 0);
        journal_close(journal);
        mounted_again(&mounted, false);
        expect_await(&mounted, "cat demo/policies/gone.json", "{\"n\": 1}\n");
        expect_changes(&mounted, "create fake//policies gone.json {\"n\": 1}\n");
        mounted_stop(&mounted);
}
END_TEST

START_TEST(what_was_made_stays_where_lists_are_slow) {
        start();
        expect_run(&mounted, "mkdir demo/groups/a && ls demo/groups");
        fake_set_slow(mounted.view, groups, FAKE_ALWAYS);
        fake_set_slow(mounted.view, policies, FAKE_ALWAYS);
        fake_set_slow(mounted.view, links, FAKE_ALWAYS);
        expect_run(&mounted, "mkdir demo/groups/g && echo '{}' > demo/policies/b.json && "
                             "ln -s ../cluster demo/links/c");
        expect_output(&mounted, "ls demo/groups demo/policies demo/links",
                      "demo/groups:\na\ng\n\ndemo/links:\nc\n\n"
                      "demo/policies:\na.json\nb.json\n");
        expect_fails(&mounted, "mkdir demo/groups/g", "File exists");
        expect_output(&mounted, "cat demo/policies/b.json", "{}\n");
        expect_run(&mounted, "echo '[]' > demo/policies/b.json && rmdir demo/groups/a");
        expect_output(&mounted, "ls demo/groups", "g\n");
        expect_run(&mounted, "rmdir demo/groups/g && rm demo/policies/b.json demo/links/c");
        expect_output(&mounted, "ls demo/groups demo/policies demo/links",
                      "demo/groups:\n\ndemo/links:\n\ndemo/policies:\na.json\n");
        expect_run(&mounted, "mkdir demo/groups/g && rmdir demo/groups/g && mkdir demo/groups/g");
        expect_output(&mounted, "ls demo/groups", "g\n");
        mounted_stop(&mounted);
}
END_TEST

START_TEST(lists_decide_in_the_end) {
        start();
        fake_set_slow(mounted.view, groups, FAKE_ALWAYS);
        fake_set_slow(mounted.view, policies, FAKE_ALWAYS);
        expect_run(&mounted, "mkdir demo/groups/g && echo '{}' > demo/policies/b.json");
        fake_set_mute(mounted.view, true);
        expect_run(&mounted, "mkdir demo/groups/h && echo '{}' > demo/policies/c.json");
        expect_output(&mounted, "ls demo/groups demo/policies",
                      "demo/groups:\ng\nh\n\ndemo/policies:\na.json\nb.json\nc.json\n");
        expect_await(&mounted, "ls demo/groups demo/policies",
                     "demo/groups:\n\ndemo/policies:\na.json\n");
        fake_set_slow(mounted.view, groups, 0);
        fake_set_slow(mounted.view, policies, 0);
        expect_run(&mounted, "echo / > .hcloudfs/refresh");
        expect_output(&mounted, "ls demo/groups demo/policies",
                      "demo/groups:\ng\nh\n\ndemo/policies:\na.json\nb.json\nc.json\n");
        mounted_stop(&mounted);
}
END_TEST

START_TEST(what_is_not_listed_yet_is_waited_for) {
        start();
        fake_set_slow(mounted.view, policies, FAKE_ALWAYS);
        fake_set_mute(mounted.view, true);
        expect_run(&mounted, "echo '{}' > demo/policies/b.json; echo '{}' > demo/policies/c.json");
        fake_set_slow(mounted.view, policies, 3); /* lists that do not tell of them */
        expect_run(&mounted, "echo '[]' > demo/policies/b.json && rm demo/policies/c.json");
        expect_output(&mounted, "cat demo/policies/b.json; ls demo/policies",
                      "[]\na.json\nb.json\n");
        mounted_end(&mounted);
        expect_changes(&mounted, "create fake//policies b.json {}\n"
                                 "create fake//policies c.json {}\n"
                                 "save fake//policies/b.json []\n"
                                 "remove fake//policies/c.json\n");
        mounted_again(&mounted, false);
        mounted_stop(&mounted);
}
END_TEST

START_TEST(links_are_joined_and_ended) {
        start();
        expect_run(&mounted, "ln -s ../cluster demo/links/c");
        expect_fails(&mounted, "ln -s /etc demo/links/e", "Invalid cross-device link");
        expect_fails(&mounted, "ln -s ../nowhere demo/links/n", "No such file");
        expect_fails(&mounted, "ln -s ../cluster demo/groups/c", "Operation not permitted");
        expect_output(&mounted, "ls demo/links", "c\n");
        expect_run(&mounted, "rm demo/links/c");
        expect_output(&mounted, "ls demo/links", "");
        expect_changes(&mounted, "link fake//links c\nunlink fake//links/c\n");
        mounted_stop(&mounted);
}
END_TEST

START_TEST(an_action_is_sent_when_it_is_written) {
        start();
        expect_run(&mounted,
                   "cat demo/cluster/actions/restart && touch demo/cluster/actions/restart");
        expect_run(&mounted, "cp -r demo/cluster /tmp/$$ && rm -r /tmp/$$ && grep -r x demo; true");
        expect_fails(&mounted,
                     "cp demo/cluster/actions/restart /tmp/$$ && "
                     "cp /tmp/$$ demo/cluster/actions/restart; s=$?; rm /tmp/$$; exit $s",
                     "Invalid argument");
        expect_fails(&mounted,
                     "echo '{}' > demo/cluster/actions/.x && "
                     "mv demo/cluster/actions/.x demo/cluster/actions/restart",
                     "Operation not permitted");
        expect_changes(&mounted, "");
        fake_set_answer(mounted.view, action, "{\"job\": 7}", "token-4711");
        expect_run(&mounted, "echo '{}' > demo/cluster/actions/restart");
        expect_changes(&mounted, "act fake//cluster/actions/restart {}\n");
        expect_part(&mounted, "cat demo/cluster/actions/restart.result", "HTTP status: 200\n");
        expect_part(&mounted, "cat demo/cluster/actions/restart.result", "{\"job\": 7}\n");
        expect_output(&mounted, "stat -c '%a %s' demo/cluster/token", "400 10\n");
        expect_output(&mounted, "cat demo/cluster/token", "token-4711");
        expect_output(&mounted, "grep -rl token-4711 .hcloudfs demo/cluster/actions || true", "");
        mounted_end(&mounted);
        mounted_again(&mounted, false);
        expect_output(&mounted, "ls demo/cluster", "actions\ncluster.json\ntoken\n");
        expect_output(&mounted, "cat demo/cluster/token", "token-4711");
        expect_part(&mounted, "cat demo/cluster/actions/restart.result", "HTTP status: 200\n");
        expect_run(&mounted, "rm -f demo/cluster/token");
        expect_output(&mounted, "ls demo/cluster", "actions\ncluster.json\n");
        expect_changes(&mounted, "act fake//cluster/actions/restart {}\n");
        mounted_stop(&mounted);
}
END_TEST

START_TEST(what_nobody_knows_is_not_sent_again) {
        start();
        fake_set_unknown(mounted.view, document, true);
        expect_fails(&mounted, "echo '{\"n\": 2}' | cp /dev/stdin demo/policies/a.json",
                     "Connection timed out");
        expect_part(&mounted, "cat demo/policies/a.json.error", "it may have happened");
        expect_output(&mounted, "ls .hcloudfs/queue", "demo-1\n");
        expect_part(&mounted, "cat .hcloudfs/queue/demo-1", "nobody knows whether it happened");
        fake_set_unknown(mounted.view, document, false);
        expect_fails(&mounted, "echo '{\"n\": 3}' | cp /dev/stdin demo/policies/a.json",
                     "Device or resource busy");
        expect_fails(&mounted, "echo nonsense > .hcloudfs/queue/demo-1", "Invalid argument");
        expect_changes(&mounted, "");
        mounted_end(&mounted);
        mounted_again(&mounted, false);
        expect_fails(&mounted, "echo '{\"n\": 3}' | cp /dev/stdin demo/policies/a.json",
                     "Device or resource busy");
        expect_run(&mounted, "echo resend > .hcloudfs/queue/demo-1");
        expect_changes(&mounted, "save fake//policies/a.json {\"n\": 2}\n");
        expect_output(&mounted, "ls .hcloudfs/queue", "");
        expect_output(&mounted, "cat demo/policies/a.json", "{\"n\": 2}\n");
        mounted_stop(&mounted);
}
END_TEST

START_TEST(what_is_in_doubt_can_be_forgotten) {
        start();
        fake_set_unknown(mounted.view, policies, true);
        expect_fails(&mounted, "echo '{\"b\": 1}' | cp /dev/stdin demo/policies/b.json",
                     "Connection timed out");
        fake_set_unknown(mounted.view, policies, false);
        expect_run(&mounted, "echo forget > .hcloudfs/queue/demo-1");
        expect_output(&mounted, "ls .hcloudfs/queue", "");
        expect_output(&mounted, "cat .hcloudfs/rejected/demo/policies/b.json/1", "{\"b\": 1}\n");
        expect_run(&mounted, "echo '{\"b\": 2}' > demo/policies/b.json");
        expect_changes(&mounted, "create fake//policies b.json {\"b\": 2}\n");
        mounted_stop(&mounted);
}
END_TEST

START_TEST(a_plan_sends_nothing) {
        struct view *view = make_view();

        mounted_start(&mounted, view, false);
        mounted_end(&mounted);
        mounted.is_plan_only = true;
        mounted_again(&mounted, false);
        expect_run(&mounted, "echo '{\"n\": 2}' > demo/policies/a.json");
        expect_run(&mounted, "rm demo/policies/a.json");
        expect_run(&mounted, "mkdir demo/groups/g");
        expect_run(&mounted, "echo '{}' > demo/cluster/actions/restart");
        expect_run(&mounted, "echo '{\"b\": 1}' > demo/policies/b.json");
        expect_run(&mounted, "rmdir demo/cluster");
        expect_run(&mounted, "ln -s ../cluster demo/links/c");
        expect_output(&mounted, "readlink demo/links/c", "../cluster\n");
        expect_output(&mounted, "cat demo/policies/a.json", "{\"n\": 1}\n");
        expect_output(&mounted, "cat demo/policies/b.json", "{\"b\": 1}\n");
        expect_changes(&mounted, "");
        expect_output(&mounted, "grep -c '^fake PUT' .hcloudfs/plan", "7\n");
        expect_part(&mounted, "cat .hcloudfs/plan", "fake PUT fake//policies/a.json\n");
        expect_part(&mounted, "cat .hcloudfs/plan", "\n{\"n\": 2}\n");
        expect_run(&mounted, "echo > .hcloudfs/plan");
        expect_output(&mounted, "cat .hcloudfs/plan", "");
        mounted_stop(&mounted);
}
END_TEST

START_TEST(history_brings_a_document_back) {
        start();
        expect_run(&mounted, "echo '{\"n\": 2}' > demo/policies/a.json");
        expect_run(&mounted, "rm demo/policies/a.json && echo 5 > .hcloudfs/drain");
        expect_output(&mounted, "cat .hcloudfs/history/demo/policies/a.json/*.json",
                      "{\"n\": 1}\n{\"n\": 2}\n");
        expect_run(&mounted, "cp $(ls .hcloudfs/history/demo/policies/a.json/* | head -n 1) "
                             "demo/policies/a.json");
        expect_output(&mounted, "cat demo/policies/a.json", "{\"n\": 1}\n");
        expect_run(&mounted, "rm -rf .hcloudfs/history/demo");
        expect_output(&mounted, "ls .hcloudfs/history", "");
        expect_changes(&mounted, "save fake//policies/a.json {\"n\": 2}\n"
                                 "remove fake//policies/a.json\n"
                                 "create fake//policies a.json {\"n\": 1}\n");
        mounted_stop(&mounted);
}
END_TEST

START_TEST(a_refused_late_removal_brings_the_name_back) {
        start();
        fake_refuse(mounted.view, document, EACCES);
        expect_run(&mounted, "rm demo/policies/a.json");
        expect_output(&mounted, "ls demo/policies", "");
        expect_run(&mounted, "echo 5 > .hcloudfs/drain");
        expect_output(&mounted, "ls demo/policies", "a.json\na.json.error\n");
        expect_part(&mounted, "cat demo/policies/a.json.error", "tried: remove");
        expect_part(&mounted, "cat .hcloudfs/errors", "unlink /demo/policies/a.json EACCES");
        mounted_stop(&mounted);
}
END_TEST

START_TEST(times_stay_while_the_bytes_do) {
        start();
        expect_run(&mounted, "touch -d '2001-02-03 04:05:06.789 UTC' demo/policies/a.json");
        expect_output(&mounted, "stat -c %.Y demo/policies/a.json", "981173106.789000000\n");
        expect_run(&mounted, "echo / > .hcloudfs/refresh");
        expect_output(&mounted, "stat -c %.Y demo/policies/a.json", "981173106.789000000\n");
        expect_run(&mounted,
                   "echo '{\"n\": 2}' > /tmp/$$ && touch -d 2002-01-01T00:00:00Z /tmp/$$ && "
                   "cp -p /tmp/$$ demo/policies/a.json && rm /tmp/$$");
        expect_output(&mounted, "stat -c %Y demo/policies/a.json", "1009843200\n");
        mounted_end(&mounted);
        mounted_again(&mounted, false);
        expect_output(&mounted, "stat -c %Y demo/policies/a.json", "1009843200\n");
        fake_write(mounted.view, document, "{\"n\": 3}\n");
        expect_run(&mounted, "echo / > .hcloudfs/refresh");
        expect_output(&mounted, "test $(stat -c %Y demo/policies/a.json) -gt 1700000000; echo $?",
                      "0\n");
        mounted_stop(&mounted);
}
END_TEST

START_TEST(the_names_of_tools_are_local) {
        start();
        expect_run(&mounted, "cd demo/policies && echo 1 > .x && ln -s nowhere .#a.json && "
                             "mkdir .~tmp~ && echo 2 > .~tmp~/y && mv .x '#y#' && chmod 600 '#y#'");
        expect_output(&mounted, "ls -A demo/policies", "#y#\n.#a.json\n.~tmp~\na.json\n");
        expect_output(&mounted, "stat -c %a demo/policies/'#y#'; readlink demo/policies/.#a.json",
                      "600\nnowhere\n");
        expect_fails(&mounted, "rmdir demo/policies/.~tmp~", "Directory not empty");
        expect_fails(&mounted, "mv demo/policies/a.json demo/policies/no.txt", "Invalid argument");
        expect_fails(&mounted, "head -c 5000000 /dev/zero > demo/policies/.big", "File too large");
        expect_run(&mounted, "cd demo/policies && rm -r .~tmp~ .#a.json .big no.txt.error && "
                             "mv '#y#' .y");
        expect_changes(&mounted, "");
        mounted_end(&mounted);
        mounted_again(&mounted, false);
        expect_output(&mounted, "ls -A demo/policies", "a.json\n");
        expect_output(&mounted, "cat .hcloudfs/rejected/demo/policies/.y/*", "1\n");
        mounted_stop(&mounted);
}
END_TEST

int main(void) {
        const struct unit_case cases[] = {
                { .name = "draft", .test = a_draft_is_local_until_it_is_complete },
                { .name = "discarded", .test = a_draft_is_discarded_by_rmdir },
                { .name = "secret", .test = a_document_with_a_secret_is_kept_without_it },
                { .name = "mkdir", .test = mkdir_makes_at_once },
                { .name = "budget", .test = removals_over_the_budget_are_refused_at_once },
                { .name = "again", .test = what_is_made_again_is_an_update_where_it_can_be },
                { .name = "replaces", .test = what_replaces_goes_on_where_it_has_replaced },
                { .name = "replaced", .test = what_was_replaced_is_not_written_any_more },
                { .name = "cut-off", .test = a_replacement_that_was_cut_off_is_made },
                { .name = "slow", .test = what_was_made_stays_where_lists_are_slow },
                { .name = "decide", .test = lists_decide_in_the_end },
                { .name = "await", .test = what_is_not_listed_yet_is_waited_for },
                { .name = "links", .test = links_are_joined_and_ended },
                { .name = "action", .test = an_action_is_sent_when_it_is_written },
                { .name = "unknown", .test = what_nobody_knows_is_not_sent_again },
                { .name = "forgotten", .test = what_is_in_doubt_can_be_forgotten },
                { .name = "plan", .test = a_plan_sends_nothing },
                { .name = "history", .test = history_brings_a_document_back },
                { .name = "late", .test = a_refused_late_removal_brings_the_name_back },
                { .name = "times", .test = times_stay_while_the_bytes_do },
                { .name = "tools", .test = the_names_of_tools_are_local },
                { 0 },
        };

        if (!mounted_possible()) {
                puts("1..0 # SKIP cannot open /dev/fuse");
                return EXIT_SUCCESS; /* the plan says that all is skipped */
        }
        return unit_main("change", cases);
}
