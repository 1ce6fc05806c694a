/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/fs/expect.h"

#include <sched.h>
#include <string.h>

#include "base/stamp.h"
#include "base/text.h"
#include "tests/unit/unit.h"

enum { AWAIT_MS = 20 * 1000 };

/** expect_run() - it succeeds. */
void expect_run(const struct mounted *mounted, const char *command) {
        struct buf buf = BUF_INIT(0);
        int status = mounted_run(mounted, command, &buf);

        ck_assert_msg(status == 0, "%s: %d: %s", command, status, buf_str(&buf));
        buf_done(&buf);
}

/** expect_fails() - it does not succeed, and says so. */
void expect_fails(const struct mounted *mounted, const char *command, const char *part) {
        struct buf buf = BUF_INIT(0);
        int status = mounted_run(mounted, command, &buf);

        ck_assert_msg(status != 0, "%s succeeds", command);
        ck_assert_msg(strstr(buf_str(&buf), part), "%s: no `%s` in: %s", command, part,
                      buf_str(&buf));
        buf_done(&buf);
}

/** expect_output() - it prints this. */
void expect_output(const struct mounted *mounted, const char *command, const char *output) {
        struct buf buf = BUF_INIT(0);

        (void)mounted_run(mounted, command, &buf);
        ck_assert_msg(text_eq(buf_str(&buf), output), "%s: %s, not %s", command, buf_str(&buf),
                      output);
        buf_done(&buf);
}

/** expect_part() - it prints this among other things. */
void expect_part(const struct mounted *mounted, const char *command, const char *part) {
        struct buf buf = BUF_INIT(0);

        (void)mounted_run(mounted, command, &buf);
        ck_assert_msg(strstr(buf_str(&buf), part), "%s: no `%s` in: %s", command, part,
                      buf_str(&buf));
        buf_done(&buf);
}

/** expect_changes() - all changes of the view so far, each a line. */
void expect_changes(const struct mounted *mounted, const char *changes) {
        char *text = fake_changes_text(mounted->view);

        ck_assert_msg(text_eq(text, changes), "changes: %s, not %s", text, changes);
        free(text);
}

/** expect_await() - it prints this before long. */
void expect_await(const struct mounted *mounted, const char *command, const char *output) {
        int64_t until = stamp_monotonic_ms() + AWAIT_MS;
        bool is_there = false;

        while (!is_there && stamp_monotonic_ms() < until) {
                struct buf buf = BUF_INIT(0);

                (void)mounted_run(mounted, command, &buf);
                is_there = text_eq(buf_str(&buf), output);
                buf_done(&buf);
                sched_yield();
        }
        if (!is_there)
                expect_output(mounted, command, output);
}
