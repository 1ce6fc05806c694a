/* SPDX-License-Identifier: Apache-2.0 */
/* Of which names the kernel is told: it drops what it has under them, and who works in a directory
 * of such a name is in none any more (file rule 23). */
#include <fuse_lowlevel.h>
#include <sched.h>
#include <string.h>

#include "backends/change.h"
#include "base/stamp.h"
#include "tests/unit/fs/expect.h"
#include "tests/unit/unit.h"

enum { WITHIN_MS = 20000 };

static struct mounted mounted;
static struct place *config;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char told[4096]; /* names, each behind a newline */

/* Stands for that of libfuse: what is told is written down here, and not told. */
int fuse_lowlevel_notify_inval_entry(struct fuse_session *fuse, fuse_ino_t parent, const char *name,
                                     size_t len) {
        size_t n;

        (void)fuse;
        (void)parent;
        (void)len;
        pthread_mutex_lock(&lock);
        n = strlen(told);
        (void)snprintf(told + n, sizeof(told) - n, "%s\n", name);
        pthread_mutex_unlock(&lock);
        return 0;
}

static bool was_told(const char *name) {
        char line[64];
        bool is;

        (void)snprintf(line, sizeof(line), "\n%s\n", name);
        pthread_mutex_lock(&lock);
        is = strstr(told, line);
        pthread_mutex_unlock(&lock);
        return is;
}

static void await_told(const char *name) {
        int64_t until_ms = stamp_monotonic_ms() + WITHIN_MS;

        while (!was_told(name) && stamp_monotonic_ms() < until_ms)
                sched_yield();
        ck_assert_msg(was_told(name), "%s was not told", name);
}

static void start(void) {
        struct view *view = fake_new();

        (void)snprintf(told, sizeof(told), "\n");
        config = fake_add(view, NULL, "config", ENTRY_DIRECTORY, NULL);
        fake_allow(view, config, CAN_GROUP | CAN_CREATE_FILE);
        fake_add(view, config, "app=old", ENTRY_DIRECTORY, NULL);
        mounted_start(&mounted, view, false);
}

/* mkdir asks for the name first, and is told that it is missing. */
START_TEST(what_the_kernel_knows_is_not_told) {
        start();
        expect_run(&mounted, "mkdir demo/config/app=new");
        fake_add(mounted.view, config, "app=new", ENTRY_DIRECTORY, NULL);
        fake_add(mounted.view, config, "app=other", ENTRY_DIRECTORY, NULL);
        expect_run(&mounted, "echo / > .hcloudfs/refresh");
        expect_output(&mounted, "ls demo/config", "app=new\napp=old\napp=other\n");
        await_told("app=other");
        ck_assert(!was_told("app=new"));
        ck_assert(!was_told("app=old"));
        mounted_stop(&mounted);
}
END_TEST

START_TEST(what_vanished_is_told) {
        start();
        expect_run(&mounted, "stat demo/config/app=old");
        fake_remove(mounted.view, fake_at(mounted.view, "config/app=old"));
        expect_run(&mounted, "echo / > .hcloudfs/refresh && ls demo/config");
        await_told("app=old");
        mounted_stop(&mounted);
}
END_TEST

int main(void) {
        const struct unit_case cases[] = {
                { .name = "known", .test = what_the_kernel_knows_is_not_told },
                { .name = "vanished", .test = what_vanished_is_told },
                { 0 },
        };

        if (!mounted_possible()) {
                puts("1..0 # SKIP cannot open /dev/fuse");
                return EXIT_SUCCESS; /* the plan says that all is skipped */
        }
        return unit_main("told", cases);
}
