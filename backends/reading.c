/* SPDX-License-Identifier: Apache-2.0 */
#include "backends/reading.h"

#include "backends/select.h"
#include "base/stamp.h"

/** reading_begin() - for the items of a kind's list; reading_done() ends it. */
void reading_begin(struct reading *reading, const struct kind *kind) {
        const char *const one[] = { kind->filter, kind->label, kind->owner_at, kind->group_at,
                                    kind->id_at };
        const char *const *const lists[] = { kind->levels, kind->modified, kind->created };
        struct json_names *names = &reading->names;

        *reading = (struct reading){
                .kind = kind,
                .names.is_all = kind->group && !kind->group_at,
                .text = BUF_INIT(0),
                .group = BUF_INIT(0),
        };
        for (size_t i = 0; i < ELEMENTSOF(one); i++)
                json_names_add(names, one[i]);
        for (size_t i = 0; i < ELEMENTSOF(lists); i++)
                for (const char *const *pointer = lists[i]; pointer && *pointer; pointer++)
                        if (**pointer != '=') /* a constant */
                                json_names_add(names, *pointer);
        if (kind->life) {
                json_names_add(names, kind->life->at);
                json_names_add(names, kind->life->busy_at);
        }
        when_names(&kind->only, names);
}

/** reading_done() - frees what it holds. */
void reading_done(struct reading *reading) {
        reading->tree = json_free(reading->tree);
        buf_done(&reading->text);
        buf_done(&reading->group);
}

/** reading_take() - the next item, borrowed until reading_done(). */
void reading_take(struct reading *reading, const struct answer_item *item) {
        reading->tree = json_free(reading->tree);
        reading->item = item;
        reading->has_spans = !reading->names.is_all &&
                             json_find(item->body, item->len, &reading->names, reading->spans) == 0;
}

/** reading_tree() - the members that are wanted, borrowed until the next item. 0, -EINVAL if the
 * item is no JSON, or -ENOMEM. */
int reading_tree(struct reading *reading, const struct json **ret) {
        const struct answer_item *item = reading->item;
        int r;

        if (reading->tree) {
                *ret = reading->tree;
                return 0;
        }
        if (reading->has_spans) {
                buf_truncate(&reading->text, 0);
                r = json_pick(&reading->names, reading->spans, &reading->text);
                if (r == 0)
                        r = json_parse(reading->text.data, reading->text.len, &reading->tree, NULL);
        } else {
                r = json_parse(item->body, item->len, &reading->tree, NULL);
        }
        if (r == 0)
                *ret = reading->tree;
        return r;
}

/** reading_text() - append the scalar at a pointer; nothing if it is none, or NULL. Errors as
 * reading_tree(). */
int reading_text(struct reading *reading, const char *pointer, struct buf *buf) {
        int place = pointer && reading->has_spans ? json_names_find(&reading->names, pointer) : -1;
        const struct json *tree = NULL, *value;
        int r;

        if (!pointer || (place >= 0 && json_span_text(&reading->spans[place], buf)))
                return buf->error;
        r = reading_tree(reading, &tree);
        if (r < 0)
                return r;
        value = json_at(tree, pointer);
        if (value)
                (void)json_scalar(value, buf);
        return buf->error;
}

/** reading_time() - the first of the pointers that holds a time; zero if none does. Errors as
 * reading_tree(). */
int reading_time(struct reading *reading, const char *const *pointers, struct timespec *ret) {
        struct buf text = BUF_INIT(0);
        int r = 0;

        *ret = (struct timespec){ 0 };
        for (; r == 0 && pointers && *pointers; pointers++) {
                buf_truncate(&text, 0);
                r = reading_text(reading, *pointers, &text);
                if (r == 0 && stamp_parse(buf_str(&text), ret) == 0)
                        break;
        }
        buf_done(&text);
        return r;
}

/** reading_group() - append the name of the item's group. Errors as reading_tree(). */
int reading_group(struct reading *reading, struct buf *buf) {
        const struct kind *kind = reading->kind;
        int place = reading->has_spans ? json_names_find(&reading->names, kind->group_at) : -1;
        const struct json_span *member = place >= 0 ? &reading->spans[place] : NULL;
        const struct json *tree = NULL;
        int r;

        if (member && reading->group.len && json_span_equal(member, &reading->member))
                return buf_add(buf, reading->group.data, reading->group.len);
        r = reading_tree(reading, &tree);
        if (r < 0)
                return r;
        buf_truncate(&reading->group, 0);
        r = kind->group(tree, &reading->group, 1);
        if (r < 0)
                return r;
        r = buf_add(buf, reading->group.data, reading->group.len);
        if (member)
                reading->member = *member;
        else
                buf_truncate(&reading->group, 0);
        return r;
}
