/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>
#include <unistd.h>

#include "tests/unit/fs/mounted.h"
#include "tests/unit/unit.h"

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

START_TEST(names_and_bytes_are_shown) {
        start(2, false);
        expect("ls -A", ".hcloudfs\ndemo\n");
        expect("ls demo/cn-north-4/dws/clusters", "cluster-000\ncluster-001\n");
        expect("cat demo/account.json", "{}\n");
        expect("cat demo/cn-north-4/dws/clusters/cluster-001/cluster.json",
               "{\n  \"name\": \"cluster-001\",\n  \"n\": 1\n}\n");
        expect("cat demo/cn-north-4/dws/clusters/cluster-001/fleet", "{}\n");
        mounted_stop(&mounted);
}
END_TEST

int main(void) {
        const struct unit_case cases[] = {
                { .name = "shown", .test = names_and_bytes_are_shown },
                { 0 },
        };

        if (!mounted_possible()) {
                puts("1..0 # SKIP cannot open /dev/fuse");
                return 77;
        }
        return unit_main("mount", cases);
}
