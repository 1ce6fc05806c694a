/* SPDX-License-Identifier: Apache-2.0 */
/* Answers written to the file, inside a transaction of the writer. */
#pragma once

#include "cache/load.h"

/* An answer as it is written. All borrowed. */
struct record {
        const struct key *key;
        const char *service;
        bool is_list, is_outdated;
        bool is_confirmed;       /* the content is the one written last: look there first */
        int64_t asked_ms;        /* realtime clock */
        struct answer *answer;
};

int keep_prepare(struct connection *connection);
int keep_answer(struct connection *connection, const struct record *record);
int keep_use(struct connection *connection, const struct key *key, int64_t now_ms);
int keep_not(struct connection *connection, const struct key *key);
int keep_change(struct connection *connection, struct change *change);
int keep_seen(struct connection *connection, const struct seen *seen);
int keep_within(struct connection *connection, uint64_t max_bytes);
int keep_bytes(struct connection *connection, uint64_t *ret);
