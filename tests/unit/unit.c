/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/unit.h"

#include <stdlib.h>

/**
 * unit_main() - run the cases and print the outcome of each as TAP on standard output.
 * CK_FORK=no runs them in this process, for debuggers. Returns what main() returns.
 */
int unit_main(const char *name, const struct unit_case *cases) {
        Suite *suite = suite_create(name);
        SRunner *runner;
        int failed;

        for (const struct unit_case *c = cases; c->name; c++) {
                TCase *group = tcase_create(c->name);

                tcase_set_timeout(group, 60);
                if (c->rounds)
                        tcase_add_loop_test(group, c->test, 0, c->rounds);
                else
                        tcase_add_test(group, c->test);
                suite_add_tcase(suite, group);
        }
        runner = srunner_create(suite);
        srunner_set_tap(runner, "-");
        srunner_run_all(runner, CK_SILENT);
        failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
