/* SPDX-License-Identifier: Apache-2.0 */
#include "backends/records.h"

#include "base/text.h"

/* The id of a record: the scalars that the row's pointers name, joined by `/`. */
static int record_id(const struct call *call, const struct json *record, struct buf *id) {
        const char *cursor = call->key ? call->key : "";
        const char *pointer;
        size_t len;

        if (!*cursor)
                return json_scalar(record, id);
        while (text_word(&cursor, ",", &pointer, &len)) {
                _cleanup_(freep) char *one = strndup(pointer, len);
                const struct json *value = one ? json_at(record, one) : NULL;

                if (id->len)
                        (void)buf_add_char(id, '/');
                if (value && json_scalar(value, id) < 0)
                        return -EINVAL;
        }
        return id->error;
}

static int split_array(const struct call *call, const struct json *body, struct answer *split) {
        const struct json *array = json_at(body, call->items);

        for (size_t i = 0; i < json_count(array); i++) {
                struct json *record = json_item(array, i);
                struct buf id = BUF_INIT(64 * 1024);
                int r;

                r = record_id(call, record, &id);
                if (r == 0)
                        r = answer_add_json(split, buf_str(&id), record);
                buf_done(&id);
                if (r < 0 && r != -EINVAL) /* a record without an id cannot be shown */
                        return r;
        }
        return 0;
}

/**
 * records_split() - add the records of a page to an answer, each with its id; a record without an
 * id cannot be shown and is left out. Returns 0, -E2BIG or -ENOMEM.
 */
int records_split(const struct call *call, const struct json *body, struct answer *answer) {
        return call->split ? call->split(body, answer) : split_array(call, body, answer);
}

/**
 * records_envelope() - keep what stands around the records as the answer's body, from the first
 * page
 * only; takes the records out of @body. Returns 0 or -ENOMEM.
 */
int records_envelope(const struct call *call, struct json *body, struct answer *answer) {
        bool has_envelope = !call->split && call->items && *call->items;
        struct buf text = BUF_INIT(0);
        int r = 0;

        if (answer->body)
                return 0;
        if (has_envelope) {
                json_remove_at(body, call->items);
                r = json_render(body, JSON_COMPACT, &text);
        }
        if (r == 0)
                r = answer_set_body(answer, buf_str(&text), text.len);
        buf_done(&text);
        return r;
}
