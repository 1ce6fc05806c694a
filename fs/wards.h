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

/*
 * A process that renamed a document away does not see it any more, so that it can make the name
 * anew; everybody else does (file rule 11).
 */
struct away {
        pid_t process;
        uint64_t dir;     /* nodeid */
        uint64_t name;    /* hash */
        int64_t until_ms; /* monotonic clock; 0: a free place */
};

/*
 * A process that makes a directory and fills it is likely to copy a tree. What comes with what it
 * makes (`.meta` with the values, its files with each of them) is not there for this process until
 * it makes that itself: cp and tar take everything in a directory of their own for new.
 */
struct copying {
        pid_t process;
        uint64_t dir;     /* nodeid: of the directory that it made, then of `.meta` in it */
        uint64_t made;    /* hash of the name that it made last in that */
        int64_t until_ms; /* monotonic clock; 0: a free place */
        bool is_inside;   /* it has made `.meta` */
};

enum { AWAYS_MAX = 32, AWAY_MS = 2000, COPIES_MAX = 16, COPYING_MS = 10 * 1000 };

struct aways {
        struct away list[AWAYS_MAX];
        unsigned next;
        int64_t until_ms; /* of the last: nobody is away after that */
        struct copying copies[COPIES_MAX];
        unsigned next_copy;
};

void aways_add(struct aways *aways, pid_t process, const struct node *dir, const char *name,
               int64_t now_ms);
bool aways_has(const struct aways *aways, pid_t thread, const struct node *dir, const char *name,
               int64_t now_ms);
void aways_copy(struct aways *aways, pid_t process, const struct node *dir, int64_t now_ms);
bool aways_copy_into(struct aways *aways, pid_t process, const struct node *dir,
                     const struct node *meta, int64_t now_ms);
void aways_copied(struct aways *aways, pid_t process, const struct node *dir, const char *name,
                  int64_t now_ms);
void aways_end(struct aways *aways, const struct node *dir, const char *name);

void wards_raise(struct wards *wards, pid_t process, const struct node *above, int64_t now_ms);
bool wards_forbid(struct wards *wards, pid_t process, const struct node *dir, int64_t now_ms);
