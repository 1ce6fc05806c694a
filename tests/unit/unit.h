/* SPDX-License-Identifier: Apache-2.0 */
/* The end of every unit test program: runs its cases and tells the build's test runner of each. */
#pragma once

#include <check.h>

/* A row of cases that belong together; the last has a NULL name. */
struct unit_case {
        const char *name;
        const TTest *test;
        int rounds; /* of a loop test: _i counts from 0; 0: the test runs once */
};

int unit_main(const char *name, const struct unit_case *cases);
