/* SPDX-License-Identifier: Apache-2.0 */
/* What was promised is carried out: rm of what the servers cannot do just then, of what was being
 * made, and of what an earlier mount left behind. */
#include <sched.h>
#include <string.h>

#include "backends/change.h"
#include "base/stamp.h"
#include "fs/making.h"
#include "tests/unit/fs/expect.h"
#include "tests/unit/unit.h"

enum { LONG_AGO_MS = 60 * 1000 };

static struct mounted mounted;
static struct place *policies, *document, *groups, *things;

static struct view *make_view(void) {
        struct view *view = fake_new();

        policies = fake_add(view, NULL, "policies", ENTRY_DIRECTORY, NULL);
        fake_allow(view, policies, CAN_CREATE_FILE);
        document = fake_add(view, policies, "a.json", ENTRY_FILE, "{\"n\": 1}\n");
        fake_set_document(view, document);
        fake_allow(view, document, CAN_SAVE | CAN_REMOVE);
        groups = fake_add(view, NULL, "groups", ENTRY_DIRECTORY, NULL);
        fake_allow(view, groups, CAN_MKDIR);
        things = fake_add(view, NULL, "things", ENTRY_DIRECTORY, NULL);
        fake_allow(view, things, CAN_DRAFT);
        return view;
}

static void start(void) {
        mounted_start(&mounted, make_view(), false);
}

/* A mount that is killed with this in its journal, and the next one. */
static void resume(const struct edit *edit) {
        char file[128];
        int64_t id;
        struct op op;

        (void)snprintf(file, sizeof(file), "%s/journal", mounted.state);
        mounted_end(&mounted);
        op_init(&op, OP_INTERACTIVE, 0);
        ck_assert_int_eq(journal_open(&op, file, &mounted.journal), 0);
        ck_assert_int_eq(journal_accept(mounted.journal, &op, edit, &id), 0);
        journal_close(mounted.journal);
        mounted_again(&mounted, false);
}

/* One that is killed right after rm of a document has ended, so long ago. */
static void resume_removal(const char *name, const char *base, int64_t ago_ms) {
        char path[64], identity[64];

        (void)snprintf(path, sizeof(path), "/demo/policies/%s", name);
        (void)snprintf(identity, sizeof(identity), "fake//policies/%s", name);
        resume(&(struct edit){
                .act = EDIT_REMOVE,
                .path = path,
                .identity = identity,
                .target = (char *)(uintptr_t) "rm",
                .base = (char *)(uintptr_t)base,
                .base_len = base ? strlen(base) : 0,
                .accepted_ms = stamp_now_ms() - ago_ms,
        });
}

/* One that is killed while mkdir is not sent yet. */
static void resume_mkdir(const char *target) {
        static char path[] = "/demo/groups/g", identity[] = "fake//groups", name[] = "g";

        resume(&(struct edit){
                .act = EDIT_MKDIR,
                .path = path,
                .identity = identity,
                .name = name,
                .target = (char *)(uintptr_t)target,
        });
}

static void await_decided(void) {
        expect_await(&mounted, "ls .hcloudfs/queue", "");
}

START_TEST(a_removal_that_fails_for_a_while_is_tried_again) {
        start();
        expect_run(&mounted, "cat demo/policies/a.json");
        fake_fail(mounted.view, document, EIO, "not now");
        expect_run(&mounted, "rm demo/policies/a.json");
        expect_await(&mounted, "grep -o answered .hcloudfs/queue/demo-1", "answered\n");
        expect_output(&mounted, "ls -A demo/policies", "");
        expect_changes(&mounted, "");
        fake_fail(mounted.view, document, 0, "");
        await_decided();
        expect_changes(&mounted, "remove fake//policies/a.json\n");
        expect_output(&mounted, "ls -A demo/policies", "");
        expect_output(&mounted, "ls .hcloudfs/history/demo/policies/a.json | wc -l", "1\n");
        mounted_stop(&mounted);
}
END_TEST

START_TEST(what_is_made_again_meanwhile_stays) {
        start();
        expect_run(&mounted, "cat demo/policies/a.json");
        fake_set_unknown(mounted.view, document, true);
        expect_run(&mounted, "rm demo/policies/a.json");
        expect_await(&mounted, "grep -o answered .hcloudfs/queue/demo-1", "answered\n");
        fake_set_unknown(mounted.view, document, false);
        expect_run(&mounted, "echo '{\"n\": 2}' > demo/policies/a.json");
        await_decided();
        expect_output(&mounted, "cat demo/policies/a.json", "{\"n\": 2}\n");
        expect_part(&mounted, "ls demo/policies", "a.json");
        mounted_stop(&mounted);
}
END_TEST

START_TEST(a_removal_goes_on_after_a_new_mount) {
        start();
        resume_removal("a.json", NULL, LONG_AGO_MS);
        await_decided();
        expect_changes(&mounted, "remove fake//policies/a.json\n");
        expect_output(&mounted, "ls -A demo/policies", "");
        mounted_stop(&mounted);
}
END_TEST

START_TEST(and_after_servers_that_fail_for_a_while) {
        start();
        fake_fail(mounted.view, document, EIO, "not now");
        resume_removal("a.json", NULL, LONG_AGO_MS);
        expect_await(&mounted, "grep -o answered .hcloudfs/queue/demo-1", "answered\n");
        expect_changes(&mounted, "");
        fake_fail(mounted.view, document, 0, "");
        await_decided();
        expect_changes(&mounted, "remove fake//policies/a.json\n");
        mounted_stop(&mounted);
}
END_TEST

START_TEST(a_list_that_lags_decides_nothing) {
        start();
        resume_removal("b.json", NULL, 0);
        expect_output(&mounted, "ls .hcloudfs/queue", "demo-1\n");
        fake_allow(mounted.view,
                   fake_add(mounted.view, policies, "b.json", ENTRY_FILE, "{\"n\": 3}\n"),
                   CAN_REMOVE);
        await_decided();
        expect_changes(&mounted, "remove fake//policies/b.json\n");
        mounted_stop(&mounted);
}
END_TEST

START_TEST(what_no_list_shows_has_gone) {
        start();
        resume_removal("b.json", NULL, LONG_AGO_MS);
        await_decided();
        expect_changes(&mounted, "");
        mounted_stop(&mounted);
}
END_TEST

START_TEST(another_name_does_not_save_it) {
        struct place *place;

        start();
        place = fake_add(mounted.view, policies, "b~12345678.json", ENTRY_FILE, "{\"n\": 3}\n");
        fake_allow(mounted.view, place, CAN_REMOVE);
        fake_set_identity(mounted.view, place, "fake//policies/b.json", 4711);
        resume_removal("b.json", NULL, LONG_AGO_MS);
        await_decided();
        expect_changes(&mounted, "remove fake//policies/b.json\n");
        mounted_stop(&mounted);
}
END_TEST

START_TEST(what_others_changed_since_stays_and_says_why) {
        start();
        resume_removal("a.json", "{\"n\": 0}\n", LONG_AGO_MS);
        await_decided();
        expect_changes(&mounted, "");
        expect_await(&mounted, "ls demo/policies", "a.json\na.json.error\n");
        expect_part(&mounted, "cat demo/policies/a.json.error", "changed since it was removed");
        mounted_stop(&mounted);
}
END_TEST

START_TEST(what_is_made_anew_is_not_removed) {
        start();
        resume_removal("b.json", NULL, 0);
        expect_run(&mounted, "echo '{\"n\": 5}' > demo/policies/b.json");
        await_decided();
        expect_changes(&mounted, "create fake//policies b.json {\"n\": 5}\n");
        mounted_stop(&mounted);
}
END_TEST

START_TEST(what_no_list_shows_yet_is_removed_all_the_same) {
        start();
        expect_run(&mounted, "ls demo/groups demo/policies");
        fake_set_lagging(mounted.view, true);
        expect_run(&mounted, "mkdir demo/groups/g");
        expect_fails(&mounted, "rmdir demo/groups/g", "Device or resource busy");
        expect_part(&mounted, "cat .hcloudfs/last_error", "no list shows it yet");
        expect_output(&mounted, "ls demo/groups", "g\n");
        expect_run(&mounted, "echo '{\"n\": 2}' > demo/policies/b.json");
        expect_fails(&mounted, "rm demo/policies/b.json", "Device or resource busy");
        fake_set_lagging(mounted.view, false);
        expect_run(&mounted, "rmdir demo/groups/g");
        expect_run(&mounted, "rm demo/policies/b.json");
        expect_output(&mounted, "ls demo/groups", "");
        expect_output(&mounted, "ls demo/policies", "a.json\n");
        await_decided();
        expect_changes(&mounted, "create fake//groups g\n"
                                 "create fake//policies b.json {\"n\": 2}\n"
                                 "remove fake//groups/g\n"
                                 "remove fake//policies/b.json\n");
        mounted_stop(&mounted);
}
END_TEST

START_TEST(what_is_being_made_is_removed_when_it_is_there) {
        pid_t writer, remover;

        start();
        expect_run(&mounted, "ls demo/policies");
        fake_hold(mounted.view, true);
        writer = mounted_spawn(&mounted, "echo '{\"n\": 2}' > demo/policies/b.json");
        fake_await_held(mounted.view, 1);
        remover = mounted_spawn(&mounted, "rm demo/policies/b.json");
        while (mounted_count(&mounted, OPERATION_UNLINK) == 0)
                sched_yield();
        fake_hold(mounted.view, false);
        ck_assert_int_eq(mounted_wait(writer), 0);
        ck_assert_int_eq(mounted_wait(remover), 0);
        expect_output(&mounted, "ls demo/policies", "a.json\n");
        await_decided();
        expect_changes(&mounted, "create fake//policies b.json {\"n\": 2}\n"
                                 "remove fake//policies/b.json\n");
        mounted_stop(&mounted);
}
END_TEST

START_TEST(a_directory_that_was_promised_is_made) {
        start();
        resume_mkdir(MAKING_LATE);
        await_decided();
        expect_changes(&mounted, "create fake//groups g\n");
        expect_await(&mounted, "ls demo/groups", "g\n");
        mounted_stop(&mounted);
}
END_TEST

START_TEST(a_directory_that_nobody_was_promised_is_not) {
        start();
        resume_mkdir(NULL);
        await_decided();
        expect_changes(&mounted, "");
        mounted_stop(&mounted);
}
END_TEST

int main(void) {
        const struct unit_case cases[] = {
                { .name = "again", .test = a_removal_that_fails_for_a_while_is_tried_again },
                { .name = "meanwhile", .test = what_is_made_again_meanwhile_stays },
                { .name = "remount", .test = a_removal_goes_on_after_a_new_mount },
                { .name = "servers", .test = and_after_servers_that_fail_for_a_while },
                { .name = "lag", .test = a_list_that_lags_decides_nothing },
                { .name = "gone", .test = what_no_list_shows_has_gone },
                { .name = "name", .test = another_name_does_not_save_it },
                { .name = "changed", .test = what_others_changed_since_stays_and_says_why },
                { .name = "anew", .test = what_is_made_anew_is_not_removed },
                { .name = "unlisted", .test = what_no_list_shows_yet_is_removed_all_the_same },
                { .name = "making", .test = what_is_being_made_is_removed_when_it_is_there },
                { .name = "mkdir", .test = a_directory_that_was_promised_is_made },
                { .name = "waiting", .test = a_directory_that_nobody_was_promised_is_not },
                { 0 },
        };

        if (!mounted_possible()) {
                puts("1..0 # SKIP cannot open /dev/fuse");
                return EXIT_SUCCESS; /* the plan says that all is skipped */
        }
        return unit_main("promise", cases);
}
