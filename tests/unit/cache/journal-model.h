/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a journal was told, and whether it knows it: random work with edits, each with bytes that
 * follow from its key, and a comparison with what is found after a crash. What is under way when
 * the crash comes may have happened or not; everything else must be exactly as told.
 */
#pragma once

#include "cache/journal.h"

enum deed {
        DEED_ACCEPT,
        DEED_BEGIN,
        DEED_END,
        DEED_FINISH,
        DEED_FORGET,
        DEED_PUT,
        DEED_DROP,
        DEEDS
};

/* Said twice, before and after. */
struct report {
        bool is_done;
        enum deed deed;
        unsigned key;          /* of the edit or secret */
        enum edit_state state; /* finish */
        int64_t id;            /* accept, done */
        int result;            /* done */
        bool is_owed;          /* done: not written, only promised */
};

enum { MODEL_KEYS_MAX = 512 };

struct told {
        bool is_there, is_gone;
        bool may_lag;          /* an end of it was not written */
        int64_t id;
        enum edit_state state;
        unsigned step;
        bool is_answered;
        bool has_secret;       /* on the shelf */
};

struct model {
        struct told told[MODEL_KEYS_MAX];
        unsigned count;        /* keys used */
        struct report under_way; /* is_done: nothing */
        uint64_t seed;
};

void model_init(struct model *model, uint64_t seed);
uint64_t model_random(struct model *model);
void model_note(struct model *model, const struct report *report);

/* One random deed; each report goes to @tell. Returns what the journal answered. */
int model_work(struct model *model, struct journal *journal,
               void (*tell)(void *data, const struct report *report), void *data);

/* Fails the test unless the journal knows all that it was told. */
void model_check(const struct model *model, struct journal *journal);

/* The bytes of an edit's text; @ret is to be freed. */
size_t model_text(unsigned key, char **ret);

/* The journal in the test's directory; must open. */
struct journal *open_journal(void);
