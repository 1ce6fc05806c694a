/* SPDX-License-Identifier: Apache-2.0 */
/* What is equal keeps its bytes and its time. */
#pragma once

#include "base/source.h"

int merge_answers(const struct call *call, struct answer *known, struct answer *received,
                  struct answer **ret);
int merge_unchanged(struct answer *known, struct answer *confirmation, struct answer **ret);
int merge_item(struct answer *known, const char *id, const char *body, size_t len, int64_t now_ms,
               struct answer **ret);
bool answer_shares(const struct answer *a, const struct answer *b);
size_t answer_bytes(const struct answer *answer);
