/* SPDX-License-Identifier: Apache-2.0 */
/* What was tried, what of it was accepted, and whether the cloud and the mount are true to it. */
#pragma once

#include "tests/faults/truth.h"

enum { ATTEMPTS_MAX = 16, THINGS_MAX = 20000 };

struct attempt {
        char *text; /* owned; NULL: a removal */
        int result; /* 0: accepted; negative errno: refused, or nobody was told */
};

struct thing {
        enum sort sort;
        char name[40];
        char *before; /* owned: its text when it was last looked at; NULL: it was not there */
        struct attempt attempts[ATTEMPTS_MAX]; /* since then */
        size_t n_attempts;
        bool is_closed; /* not to be touched any more */
};

struct ledger {
        struct thing *things;
        size_t count;
        unsigned created[SORTS]; /* attempts to make one */
        unsigned accepted, refused, untold;
        unsigned kept, lost, wrong, doubled; /* verdicts: kept aside, and the bad ones */
};

struct thing *ledger_new(struct ledger *ledger, enum sort sort, const char *name);
/* One that may be touched, or NULL. */
struct thing *ledger_pick(struct ledger *ledger, struct dice *dice, enum sort sort);
bool thing_is_there(const struct thing *thing);
/* @text: taken over. */
void ledger_note(struct ledger *ledger, struct thing *thing, char *text, int result);
/* Holds everything that was touched against the cloud; prints what is bad. The mount must be up. */
void ledger_check(struct ledger *ledger);
void ledger_done(struct ledger *ledger);
