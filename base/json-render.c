/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/json-internal.h"

static int render_string(const char *text, size_t len, struct buf *buf) {
        static const char letters[] = "btnvfr"; /* of the control characters 8 to 13 */

        (void)buf_add_char(buf, '"');
        for (size_t i = 0; i < len; i++) {
                unsigned char c = (unsigned char)text[i];

                if (c == '"' || c == '\\')
                        (void)buf_printf(buf, "\\%c", c);
                else if (c >= 8 && c <= 13 && c != 11)
                        (void)buf_printf(buf, "\\%c", letters[c - 8]);
                else if (c < 0x20)
                        (void)buf_printf(buf, "\\u%04x", c);
                else
                        (void)buf_add_char(buf, text[i]);
        }
        return buf_add_char(buf, '"');
}

static int render_scalar(const struct json *json, struct buf *buf) {
        size_t len = 4;
        const char *text = "null";

        if (json_is(json, JSON_STRING))
                return render_string(json_object_get_string(json_raw(json)),
                                     (size_t)json_object_get_string_len(json_raw(json)), buf);
        if (json)
                text = json_object_to_json_string_length(json_raw(json), JSON_C_TO_STRING_PLAIN,
                                                         &len);
        return text ? buf_add(buf, text, len) : -ENOMEM;
}

static void render_break(struct buf *buf, enum json_form form, int depth) {
        if (form == JSON_PRETTY)
                (void)buf_printf(buf, "\n%*s", 2 * depth, "");
}

static int render(const struct json *json, enum json_form form, int depth, struct buf *buf);

static int render_object(const struct json *json, enum json_form form, int depth, struct buf *buf) {
        struct json_cursor cursor = { 0 };
        bool is_empty = true;

        (void)buf_add_char(buf, '{');
        while (json_next(json, &cursor)) {
                if (!is_empty)
                        (void)buf_add_char(buf, ',');
                is_empty = false;
                render_break(buf, form, depth + 1);
                (void)render_string(cursor.name, strlen(cursor.name), buf);
                (void)buf_add_str(buf, form == JSON_PRETTY ? ": " : ":");
                (void)render(cursor.value, form, depth + 1, buf);
        }
        if (!is_empty)
                render_break(buf, form, depth);
        return buf_add_char(buf, '}');
}

static int render_array(const struct json *json, enum json_form form, int depth, struct buf *buf) {
        size_t count = json_count(json);

        (void)buf_add_char(buf, '[');
        for (size_t i = 0; i < count; i++) {
                if (i > 0)
                        (void)buf_add_char(buf, ',');
                render_break(buf, form, depth + 1);
                (void)render(json_item(json, i), form, depth + 1, buf);
        }
        if (count)
                render_break(buf, form, depth);
        return buf_add_char(buf, ']');
}

/* As deep as the value, which json_parse() bounds. */
static int render(const struct json *json, enum json_form form, int depth, struct buf *buf) {
        switch (json_kind(json)) {
        case JSON_OBJECT:
                return render_object(json, form, depth, buf);
        case JSON_ARRAY:
                return render_array(json, form, depth, buf);
        default:
                return render_scalar(json, buf);
        }
}

/**
 * json_render() - append a value as text: compact, or indented by two blanks, no final newline.
 * Members come in their order; empty containers are `{}` and `[]`. Errors as buf_reserve().
 */
int json_render(const struct json *json, enum json_form form, struct buf *buf) {
        int r = render(json, form, 0, buf);

        return buf->error ? buf->error : r;
}
