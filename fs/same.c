/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/same.h"

#include <string.h>

#include "base/json.h"

static int parse(const char *data, size_t len, struct json **ret) {
        return json_parse(data, len, ret, NULL);
}

/** same_value() - has the document these bytes, or this value? Not for a @text of NULL. */
bool same_value(const struct document *document, const char *text, size_t len) {
        _cleanup_(json_freep) struct json *a = NULL, *b = NULL;

        if (!text)
                return false;
        if (document->len == len && memcmp(document->data, text, len) == 0)
                return true;
        return parse(document->data, document->len, &a) == 0 && parse(text, len, &b) == 0 &&
               json_equal(a, b);
}

static bool has_all(const struct json *whole, const struct json *part);

static bool has_members(const struct json *whole, const struct json *part) {
        struct json_cursor cursor = { 0 };

        if (!json_is(whole, JSON_OBJECT))
                return false;
        while (json_next(part, &cursor)) {
                const struct json *member = json_member(whole, cursor.name);

                if (!member || !has_all(member, cursor.value))
                        return false;
        }
        return true;
}

/* Lists may be told in more detail, but not be longer or in another order. */
static bool has_all(const struct json *whole, const struct json *part) {
        if (json_is(part, JSON_OBJECT))
                return has_members(whole, part);
        if (!json_is(part, JSON_ARRAY))
                return json_equal(whole, part);
        if (!json_is(whole, JSON_ARRAY) || json_count(whole) != json_count(part))
                return false;
        for (size_t i = 0; i < json_count(part); i++)
                if (!has_all(json_item(whole, i), json_item(part, i)))
                        return false;
        return true;
}

/**
 * same_parts() - as same_value(), but the document may have members that the text does not have:
 * services add some to what is made from it.
 */
bool same_parts(const struct document *document, const char *text, size_t len) {
        _cleanup_(json_freep) struct json *whole = NULL, *part = NULL;

        if (same_value(document, text, len))
                return true;
        return text && parse(document->data, document->len, &whole) == 0 &&
               parse(text, len, &part) == 0 && json_is(part, JSON_OBJECT) && has_all(whole, part);
}
