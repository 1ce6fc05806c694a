/* SPDX-License-Identifier: Apache-2.0 */
/* What a kind's rows want to know of the items of a list, one after the other. Most of it stands in
 * an item's text as it is wanted; a tree is made only of what does not. Of one thread. */
#pragma once

#include "base/json-pick.h"
#include "base/source.h"

struct reading {
        const struct kind *kind;
        struct json_names names; /* members of an item that tell what is wanted */
        const struct answer_item *item;
        bool has_spans;
        struct json_span spans[JSON_NAMES_MAX];
        struct json *tree;       /* of these members; owned; NULL: not made yet */
        struct buf text;         /* for a moment */
        struct json_span member; /* what the latest group was made from … */
        struct buf group;        /* … and its name: neighbours are mostly of one group */
};

void reading_begin(struct reading *reading, const struct kind *kind);
void reading_done(struct reading *reading);
void reading_take(struct reading *reading, const struct answer_item *item);
int reading_tree(struct reading *reading, const struct json **ret);
int reading_text(struct reading *reading, const char *pointer, struct buf *buf);
int reading_time(struct reading *reading, const char *const *pointers, struct timespec *ret);
int reading_group(struct reading *reading, struct buf *buf);
