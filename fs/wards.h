/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `rm -rf` of a resource changes nothing: when a process was refused the removal of a resource's
 * file, for a while it removes nothing at all below that resource (file rule 9). Protected by the
 * tree's lock.
 */
#pragma once

#include "fs/node.h"

enum { WARDS_MAX = 32, WARD_MS = 10 * 1000 };

struct ward {
        pid_t process;
        uint64_t above;   /* nodeid of the resource's directory */
        int64_t until_ms; /* monotonic clock; 0: a free place */
};

struct wards {
        struct ward list[WARDS_MAX];
        unsigned next;
};

void wards_raise(struct wards *wards, pid_t process, const struct node *above, int64_t now_ms);
bool wards_forbid(struct wards *wards, pid_t process, const struct node *dir, int64_t now_ms);
