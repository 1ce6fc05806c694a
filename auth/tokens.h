/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tokens in memory by what they are good for. However many ask for one, one login is made and all
 * get its outcome; a token is renewed at about two thirds of its life while the old one still
 * serves; a refused login is not repeated for a while, for servers lock who tries too often.
 */
#pragma once

#include "base/op.h"

struct tokens;

enum {
        TOKENS_MAX = 512,                  /* the longest unused goes first */
        TOKENS_HOLD_MS = 5 * 60 * 1000,    /* a refused login counts so long */
        TOKENS_AGAIN_MS = 30 * 1000,       /* after a failed renewal the old token serves so long */
};

/* What a login gave. */
struct token_grant {
        char *value;      /* owned, secret; "" where none is needed */
        int64_t life_ms;  /* from now */
};

/* Makes one login. No lock is held. 0, or negative errno with the reason; -EACCES is a refusal. */
typedef int (*token_fetch_fn)(void *data, struct op *op, struct token_grant *ret);

int tokens_new(struct tokens **ret);
struct tokens *tokens_free(struct tokens *tokens);
DEFINE_CLEANUP(struct tokens *, tokens_free)

int tokens_get(struct tokens *tokens, struct op *op, const char *key, token_fetch_fn fetch,
               void *data, char **ret);
bool tokens_reject(struct tokens *tokens, const char *key, const char *value);
void tokens_worked(struct tokens *tokens, const char *key, const char *value);
void tokens_clear(struct tokens *tokens);
int64_t tokens_left_ms(struct tokens *tokens, const char *key);

/* For tests: another clock, monotonic milliseconds. Before the first use only. */
void tokens_set_clock(struct tokens *tokens, int64_t (*clock)(void));
