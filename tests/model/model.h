/* SPDX-License-Identifier: Apache-2.0 */
/* What the parts of the model share: one process, one thread. */
#pragma once

#include "tests/faults/truth.h"

enum { LOG_LINES = 40, SLOTS_MAX = 64, LINE_MAX_BYTES = 160 };

/* A document or resource that may be there or not. */
struct slot {
        enum sort sort;
        const char *labels; /* of a value: its level; NULL: that of the other values */
        const char *name;   /* as the mount has it */
        char *text;         /* owned; NULL: it is not there */
};

struct model {
        struct slot slots[SLOTS_MAX];
        size_t n_slots;
        struct dice dice;          /* of this operation alone: it needs none of those before it */
        unsigned long long number; /* of the operation */
        char log[LOG_LINES][LINE_MAX_BYTES];
        unsigned long long logged;
        bool is_bad;
};
extern struct model model;

/* An operation begins. */
_printf_(1, 2) void note(const char *format, ...);
/* The mount has said something else than the model: said once, with the latest operations. */
void fail(const char *what, const char *wanted, const char *found);
/* @result, @wanted: 0 or negative errno. */
void expect(const char *what, int result, int wanted);

/* members.c: clusters in fleets, which are links. */
void members_start(void);
void members_operate(void);
bool members_agree(void);
void members_check(void); /* says where the cloud differs */

/* shrink.c: which operations are wanted, and which of those that failed are needed. */
void only_read(const char *text); /* `3,7-9`; NULL: all */
bool only_has(unsigned long long number);
/* Runs this program again and again with fewer operations; prints how to repeat the shortest. */
void shrink(char **argv, unsigned long long failed);
