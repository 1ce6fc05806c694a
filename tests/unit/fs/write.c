/* SPDX-License-Identifier: Apache-2.0 */
/* What commands that write cause: which changes are made, what is seen meanwhile and afterwards. */
#include <string.h>
#include <unistd.h>

#include "backends/change.h"
#include "base/text.h"
#include "tests/unit/fs/expect.h"
#include "tests/unit/unit.h"

#define DIR "demo/policies"

static struct mounted mounted;
static struct place *dir, *document, *cluster;

static void start(void) {
        struct view *view = fake_new();

        dir = fake_add(view, NULL, "policies", ENTRY_DIRECTORY, NULL);
        fake_allow(view, dir, CAN_CREATE_FILE);
        document = fake_add(view, dir, "a.json", ENTRY_FILE, "{\"n\": 1}\n");
        fake_set_document(view, document);
        fake_allow(view, document, CAN_SAVE | CAN_REMOVE);
        cluster = fake_add(view, NULL, "cluster", ENTRY_DIRECTORY, NULL);
        fake_allow(view, cluster, CAN_REMOVE);
        fake_add(view, cluster, "status.json", ENTRY_FILE, "{}\n");
        mounted_start(&mounted, view, false);
}

START_TEST(each_way_to_write_is_one_save) {
        static const struct {
                const char *command, *text, *change;
        } ways[] = {
                { "echo '{\"n\": 2}' > a.json", "{\"n\": 2}\n", "{\"n\": 2}" },
                { "{ echo '{'; sleep 0.1; echo '\"n\": 3}'; } > a.json", "{\n\"n\": 3}\n", "{" },
                { "(echo '[4,' | cat; echo 5] | cat) > a.json", "[4,\n5]\n", "[4," },
                { "echo ' ' >> a.json", "[4,\n5]\n \n", "[4," },
                { "echo '{\"n\": 6}' | dd of=a.json 2>/dev/null", "{\"n\": 6}\n", "{\"n\": 6}" },
                { "echo '{\"n\": 7}' | tee a.json >/dev/null", "{\"n\": 7}\n", "{\"n\": 7}" },
                { "sed -i s/7/8/ a.json", "{\"n\": 8}\n", "{\"n\": 8}" },
                { "perl -pi -e s/8/9/ a.json", "{\"n\": 9}\n", "{\"n\": 9}" },
                { "truncate -s 8 a.json", "{\"n\": 9}", "{\"n\": 9}" },
                { "printf 1 | dd of=a.json bs=1 seek=6 conv=notrunc 2>/dev/null", "{\"n\": 1}",
                  "{\"n\": 1}" },
                { "echo '{\"n\": 2}' > /tmp/$$.json; cp /tmp/$$.json a.json; rm /tmp/$$.json",
                  "{\"n\": 2}\n", "{\"n\": 2}" },
                { "echo '{\"n\": 3}' > /tmp/$$.json; mv /tmp/$$.json a.json", "{\"n\": 3}\n",
                  "{\"n\": 3}" },
                { "echo '{\"n\": 4}' > /tmp/$$.json; install /tmp/$$.json a.json; rm /tmp/$$.json",
                  "{\"n\": 4}\n", "{\"n\": 4}" },
                { "echo '{\"n\": 5}' > .a.tmp && mv .a.tmp a.json", "{\"n\": 5}\n", "{\"n\": 5}" },
                { "mv a.json a.json~ && echo '{\"n\": 6}' > a.json && rm a.json~", "{\"n\": 6}\n",
                  "{\"n\": 6}" },
        };
        struct buf changes = BUF_INIT(0);

        start();
        for (size_t i = 0; i < ELEMENTSOF(ways); i++) {
                struct buf command = BUF_INIT(0);

                (void)buf_printf(&command, "cd " DIR " && %s", ways[i].command);
                expect_run(&mounted, buf_str(&command));
                expect_output(&mounted, "cat " DIR "/a.json", ways[i].text);
                (void)buf_printf(&changes, "save fake//policies/a.json %s\n", ways[i].change);
                expect_changes(&mounted, buf_str(&changes));
                expect_output(&mounted, "ls -A " DIR, "a.json\n");
                buf_done(&command);
        }
        buf_done(&changes);
        mounted_stop(&mounted);
}
END_TEST

START_TEST(a_refusal_says_why_and_keeps_the_text) {
        start();
        expect_run(&mounted, "cat " DIR "/a.json");
        expect_output(&mounted, "cp /etc/hostname " DIR "/a.json",
                      "cp: failed to close '" DIR "/a.json': Invalid argument\n");
        expect_part(&mounted, "cat " DIR "/a.json.error", "no JSON: line 1, column");
        expect_part(&mounted, "cat .hcloudfs/last_error", "EINVAL: no JSON");
        expect_output(&mounted, "cat " DIR "/a.json", "{\"n\": 1}\n");
        fake_refuse(mounted.view, document, EBUSY);
        expect_part(&mounted, "echo '{}' | cp /dev/stdin " DIR "/a.json",
                    "Device or resource busy");
        expect_part(&mounted, "cat " DIR "/a.json.error", "request: request-9");
        mounted_end(&mounted);
        mounted_again(&mounted, false);
        expect_part(&mounted, "cat " DIR "/a.json.error", "request: request-9");
        expect_part(&mounted, "cat " DIR "/a.json.error",
                    "kept: .hcloudfs/rejected/demo/policies/a.json/2\n");
        expect_run(&mounted, "rm " DIR "/a.json.error");
        mounted_end(&mounted);
        mounted_again(&mounted, false);
        expect_output(&mounted, "ls -A " DIR, "a.json\n");
        expect_part(&mounted, "echo '[]' | cp /dev/stdin " DIR "/a.json",
                    "Device or resource busy");
        mounted_end(&mounted);
        fake_refuse(mounted.view, document, 0);
        mounted_again(&mounted, false);
        expect_run(&mounted, "echo '{}' > " DIR "/a.json");
        expect_output(&mounted, "ls -A " DIR, "a.json\n");
        mounted_end(&mounted);
        mounted_again(&mounted, false);
        expect_output(&mounted, "ls -A " DIR, "a.json\n");
        expect_changes(&mounted, "save fake//policies/a.json {}\n");
        mounted_stop(&mounted);
}
END_TEST

/* A process that has read the document, waits to be told, and saves it. */
START_TEST(somebody_elses_change_is_not_overwritten) {
        const char *editor = "read -r line < " DIR "/a.json; echo ready > $F.ready; "
                             "read -r go < $F; echo '{\"n\": 2}' > " DIR "/a.json";
        struct buf command = BUF_INIT(0);
        pid_t child;

        start();
        (void)buf_printf(&command, "F=%s/fifo; mkfifo $F $F.ready; : > /dev/null", mounted.state);
        expect_run(&mounted, buf_str(&command));
        buf_truncate(&command, 0);
        (void)buf_printf(&command, "F=%s/fifo; %s; exit", mounted.state, editor);
        child = mounted_spawn(&mounted, buf_str(&command));
        buf_truncate(&command, 0);
        (void)buf_printf(&command, "read -r x < %s/fifo.ready", mounted.state);
        expect_run(&mounted, buf_str(&command));
        fake_write(mounted.view, document, "{\"n\": 50}\n");
        expect_run(&mounted, "echo / > .hcloudfs/refresh");
        expect_output(&mounted, "cat " DIR "/a.json", "{\"n\": 50}\n");
        buf_truncate(&command, 0);
        (void)buf_printf(&command, "echo go > %s/fifo", mounted.state);
        expect_run(&mounted, buf_str(&command));
        (void)mounted_wait(child);
        expect_part(&mounted, "cat " DIR "/a.json.error", "somebody else changed it");
        expect_output(&mounted, "cat " DIR "/a.json", "{\"n\": 50}\n");
        expect_changes(&mounted, "");
        buf_done(&command);
        mounted_stop(&mounted);
}
END_TEST

START_TEST(nothing_at_all_is_never_sent) {
        start();
        expect_run(&mounted, ": > " DIR "/a.json");
        expect_await(&mounted, "ls -A " DIR, "a.json\na.json.error\n");
        expect_output(&mounted, "cat " DIR "/a.json", "{\"n\": 1}\n");
        expect_part(&mounted, "cat " DIR "/a.json.error", "EINVAL");
        expect_part(&mounted, "dd if=/dev/null of=" DIR "/a.json conv=fsync 2>&1",
                    "Invalid argument");
        expect_output(&mounted, "cat " DIR "/a.json", "{\"n\": 1}\n");
        expect_run(&mounted, "{ : ; echo '{}' ; } > " DIR "/a.json");
        expect_output(&mounted, "ls -A " DIR, "a.json\n");
        expect_run(&mounted, ": > " DIR "/b.json");
        expect_output(&mounted, "ls -A " DIR, "a.json\nb.json\n");
        expect_run(&mounted, "rm " DIR "/b.json");
        expect_output(&mounted, "ls -A " DIR, "a.json\n");
        expect_changes(&mounted, "save fake//policies/a.json {}\n");
        mounted_stop(&mounted);
}
END_TEST

START_TEST(what_was_sent_stands_until_it_can_be_read) {
        start();
        expect_run(&mounted, "cat " DIR "/a.json");
        fake_set_forgetful(mounted.view, true);
        expect_run(&mounted, "echo '{\"n\": 2}' | cp /dev/stdin " DIR "/a.json");
        fake_fail(mounted.view, document, EIO, "a bad day");
        expect_output(&mounted, "cat " DIR "/a.json", "{\"n\": 2}\n");
        expect_output(&mounted, "ls -A " DIR, "a.json\n");
        fake_fail(mounted.view, document, 0, "");
        fake_set_forgetful(mounted.view, false);
        expect_run(&mounted, "echo '{\"n\": 3}' | cp /dev/stdin " DIR "/a.json");
        expect_output(&mounted, "cat " DIR "/a.json", "{\"n\": 3}\n");
        expect_changes(&mounted, "save fake//policies/a.json {\"n\": 2}\n"
                                 "save fake//policies/a.json {\"n\": 3}\n");
        mounted_stop(&mounted);
}
END_TEST

START_TEST(documents_are_made_and_removed) {
        start();
        expect_run(&mounted, "echo '{\"b\": 1}' > " DIR "/b.json");
        expect_output(&mounted, "cat " DIR "/b.json", "{\"b\": 1}\n");
        expect_output(&mounted, "ls " DIR, "a.json\nb.json\n");
        expect_run(&mounted, "touch " DIR "/c.json");
        expect_output(&mounted, "ls " DIR, "a.json\nb.json\nc.json\n");
        expect_run(&mounted, "rm " DIR "/b.json " DIR "/c.json");
        expect_output(&mounted, "ls " DIR, "a.json\n");
        expect_changes(&mounted, "create fake//policies b.json {\"b\": 1}\n");
        mounted_end(&mounted);
        expect_changes(&mounted,
                       "create fake//policies b.json {\"b\": 1}\nremove fake//policies/b.json\n");
        mounted_again(&mounted, false);
        expect_output(&mounted, "ls " DIR, "a.json\n");
        mounted_stop(&mounted);
}
END_TEST

START_TEST(removing_a_tree_changes_nothing) {
        start();
        expect_part(&mounted, "rm -rf demo/cluster", "Operation not permitted");
        expect_output(&mounted, "ls demo/cluster", "status.json\n");
        expect_changes(&mounted, "");
        expect_run(&mounted, "rmdir demo/cluster");
        expect_changes(&mounted, "remove fake//cluster\n");
        mounted_stop(&mounted);
}
END_TEST

int main(void) {
        const struct unit_case cases[] = {
                { "each way to write is one save", each_way_to_write_is_one_save, 0 },
                { "a refusal says why and keeps the text", a_refusal_says_why_and_keeps_the_text,
                  0 },
                { "somebody else's change is not overwritten",
                  somebody_elses_change_is_not_overwritten, 0 },
                { "nothing at all is never sent", nothing_at_all_is_never_sent, 0 },
                { "what was sent stands until it can be read",
                  what_was_sent_stands_until_it_can_be_read, 0 },
                { "documents are made and removed", documents_are_made_and_removed, 0 },
                { "removing a tree changes nothing", removing_a_tree_changes_nothing, 0 },
                { 0 },
        };

        if (!mounted_possible()) {
                puts("1..0 # SKIP cannot open /dev/fuse");
                return EXIT_SUCCESS; /* the plan says that all is skipped */
        }
        return unit_main("write", cases);
}
