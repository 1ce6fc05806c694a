/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json-internal.h"

#include "base/text.h"

/** json_free() - drop a tree; NULL is fine. Returns NULL. */
struct json *json_free(struct json *json) {
        json_object_put(json_raw(json));
        return NULL;
}

/** json_kind() - what kind of value; NULL is null. */
enum json_kind json_kind(const struct json *json) {
        switch (json_object_get_type(json_raw(json))) {
        case json_type_boolean:
                return JSON_BOOLEAN;
        case json_type_int:
                return JSON_INTEGER;
        case json_type_double:
                return JSON_FRACTION;
        case json_type_string:
                return JSON_STRING;
        case json_type_array:
                return JSON_ARRAY;
        case json_type_object:
                return JSON_OBJECT;
        default:
                return JSON_NULL;
        }
}

/** json_is() - is the value of this kind? */
bool json_is(const struct json *json, enum json_kind kind) {
        return json_kind(json) == kind;
}

/* Decodes one step of a pointer: ~1 is a slash, ~0 a tilde. */
static int pointer_step(const char *step, size_t len, struct buf *buf) {
        buf_truncate(buf, 0);
        for (size_t i = 0; i < len; i++) {
                if (step[i] == '~' && i + 1 < len && (step[i + 1] == '0' || step[i + 1] == '1')) {
                        (void)buf_add_char(buf, step[i + 1] == '1' ? '/' : '~');
                        i++;
                } else {
                        (void)buf_add_char(buf, step[i]);
                }
        }
        return buf->error;
}

static struct json *enter(const struct json *json, const char *step) {
        unsigned index;

        if (json_is(json, JSON_OBJECT))
                return json_member(json, step);
        if (!json_is(json, JSON_ARRAY) || step[strspn(step, "0123456789")] ||
            (*step == '0' && step[1]))
                return NULL;
        return text_uint(step, INT32_MAX, &index) == 0 ? json_item(json, index) : NULL;
}

/**
 * json_at() - the value that a pointer names.
 * @pointer: RFC 6901; empty or NULL is the value itself.
 * Returns a borrowed value; NULL where there is none, or where it is null.
 */
struct json *json_at(const struct json *json, const char *pointer) {
        struct json *value = json_wrap(json_raw(json));
        struct buf step = BUF_INIT(4096);

        while (value && pointer && *pointer == '/') {
                size_t len = strcspn(pointer + 1, "/");

                if (pointer_step(pointer + 1, len, &step) < 0)
                        value = NULL;
                else
                        value = enter(value, buf_str(&step));
                pointer += len + 1;
        }
        buf_done(&step);
        return pointer && *pointer ? NULL : value;
}

/** json_has() - is there a value other than null at the pointer? */
bool json_has(const struct json *json, const char *pointer) {
        return json_at(json, pointer) != NULL;
}

/** json_string() - the text of a string, borrowed; NULL for anything else. */
const char *json_string(const struct json *json, const char *pointer) {
        struct json *value = json_at(json, pointer);

        return json_is(value, JSON_STRING) ? json_object_get_string(json_raw(value)) : NULL;
}

/**
 * json_int64() - a whole number, or a string of digits, as services mix them.
 * Returns 0, -ENOENT when there is nothing, -ERANGE beyond 64 bits, -EINVAL for anything else.
 */
int json_int64(const struct json *json, const char *pointer, int64_t *ret) {
        struct json *value = json_at(json, pointer);
        int64_t number;

        if (!value)
                return -ENOENT;
        if (json_is(value, JSON_STRING))
                return text_int64(json_object_get_string(json_raw(value)), ret);
        if (!json_is(value, JSON_INTEGER))
                return -EINVAL;
        number = json_object_get_int64(json_raw(value));
        if (number == INT64_MAX && json_object_get_uint64(json_raw(value)) > INT64_MAX)
                return -ERANGE;
        *ret = number;
        return 0;
}

/** json_is_true() - true for the value true or the string "true", false for anything else. */
bool json_is_true(const struct json *json, const char *pointer) {
        struct json *value = json_at(json, pointer);

        if (json_is(value, JSON_STRING))
                return text_eq(json_object_get_string(json_raw(value)), "true");
        return json_is(value, JSON_BOOLEAN) && json_object_get_boolean(json_raw(value));
}

/** json_scalar() - append a string's text, or another scalar as JSON writes it; -EINVAL else. */
int json_scalar(const struct json *json, struct buf *buf) {
        switch (json_kind(json)) {
        case JSON_STRING:
                return buf_add(buf, json_object_get_string(json_raw(json)),
                               (size_t)json_object_get_string_len(json_raw(json)));
        case JSON_BOOLEAN:
        case JSON_INTEGER:
        case JSON_FRACTION:
                return json_render(json, JSON_COMPACT, buf);
        default:
                return -EINVAL;
        }
}

/**
 * json_text_at() - the scalar at a pointer as text of its own.
 * Returns 0, -ENOENT when there is nothing, -EINVAL for an object or array, -ENOMEM.
 */
int json_text_at(const struct json *json, const char *pointer, char **ret) {
        struct json *value = json_at(json, pointer);
        struct buf buf = BUF_INIT(0);
        char *text;
        int r;

        if (!value)
                return -ENOENT;
        r = json_scalar(value, &buf);
        if (r < 0) {
                buf_done(&buf);
                return r;
        }
        text = buf_steal(&buf, NULL);
        if (!text)
                return -ENOMEM;
        *ret = text;
        return 0;
}

/* Beyond the whole numbers that a fraction holds exactly it is the text that tells. */
static bool fractions_equal(const struct json *a, const struct json *b) {
        const double limit = 9007199254740992; /* 2^53 */
        double value = json_object_get_double(json_raw(a));
        bool is_exact = value > -limit && value < limit;

        return json_object_equal(json_raw(a), json_raw(b)) &&
               (is_exact ||
                text_eq(json_object_get_string(json_raw(a)), json_object_get_string(json_raw(b))));
}

static bool objects_equal(const struct json *a, const struct json *b) {
        struct json_cursor cursor = { 0 };

        if (json_object_object_length(json_raw(a)) != json_object_object_length(json_raw(b)))
                return false;
        while (json_next(a, &cursor)) {
                struct json_object *other = NULL;

                if (!json_object_object_get_ex(json_raw(b), cursor.name, &other) ||
                    !json_equal(cursor.value, json_wrap(other)))
                        return false;
        }
        return true;
}

static bool arrays_equal(const struct json *a, const struct json *b) {
        size_t count = json_count(a);

        if (count != json_count(b))
                return false;
        for (size_t i = 0; i < count; i++)
                if (!json_equal(json_item(a, i), json_item(b, i)))
                        return false;
        return true;
}

/** json_equal() - same value, whatever the order of members. */
bool json_equal(const struct json *a, const struct json *b) {
        if (json_kind(a) != json_kind(b))
                return false;
        switch (json_kind(a)) {
        case JSON_OBJECT:
                return objects_equal(a, b);
        case JSON_ARRAY:
                return arrays_equal(a, b);
        case JSON_FRACTION:
                return fractions_equal(a, b);
        default:
                return json_object_equal(json_raw(a), json_raw(b));
        }
}

/** json_count() - elements of an array, 0 for anything else. */
size_t json_count(const struct json *array) {
        return json_is(array, JSON_ARRAY) ? json_object_array_length(json_raw(array)) : 0;
}

/** json_item() - element of an array, borrowed; NULL beyond its end. */
struct json *json_item(const struct json *array, size_t index) {
        return index < json_count(array)
                       ? json_wrap(json_object_array_get_idx(json_raw(array), index))
                       : NULL;
}

/** json_member() - member of an object, borrowed; NULL where there is none. */
struct json *json_member(const struct json *object, const char *name) {
        struct json_object *value = NULL;

        if (!json_is(object, JSON_OBJECT) ||
            !json_object_object_get_ex(json_raw(object), name, &value))
                return NULL;
        return json_wrap(value);
}

/** json_next() - the next member; false at the end. The object must not change meanwhile. */
bool json_next(const struct json *object, struct json_cursor *cursor) {
        struct lh_entry *entry = cursor->entry;

        if (!json_is(object, JSON_OBJECT))
                return false;
        entry = cursor->began ? entry->next : json_object_get_object(json_raw(object))->head;
        cursor->began = true;
        cursor->entry = entry;
        if (!entry)
                return false;
        cursor->name = lh_entry_k(entry);
        cursor->value = json_wrap((struct json_object *)lh_entry_v(entry));
        return true;
}

/** json_new_object() - an empty object, NULL when memory is out. */
struct json *json_new_object(void) {
        return json_wrap(json_object_new_object());
}

/** json_new_array() - an empty array, NULL when memory is out. */
struct json *json_new_array(void) {
        return json_wrap(json_object_new_array());
}

/** json_new_string() - a string of @len bytes of UTF-8, NULL when memory is out. */
struct json *json_new_string(const char *text, size_t len) {
        return len <= INT32_MAX ? json_wrap(json_object_new_string_len(text, (int)len)) : NULL;
}

/** json_new_int() - a whole number, NULL when memory is out. */
struct json *json_new_int(int64_t value) {
        return json_wrap(json_object_new_int64(value));
}

/** json_new_bool() - true or false, NULL when memory is out. */
struct json *json_new_bool(bool value) {
        return json_wrap(json_object_new_boolean(value));
}

/** json_copy() - a deep copy that shares nothing, NULL when memory is out (or of null). */
struct json *json_copy(const struct json *json) {
        struct json_object *copy = NULL;

        if (!json || json_object_deep_copy(json_raw(json), &copy, NULL) < 0)
                return NULL;
        return json_wrap(copy);
}

/** json_share() - one more reference to a value, to put it into another tree of the same thread. */
struct json *json_share(const struct json *json) {
        return json_wrap(json_object_get(json_raw(json)));
}

/**
 * json_set() - set a member; takes @value over, also on failure.
 * Returns 0 or -ENOMEM. A NULL value sets null: callers check what they made.
 */
int json_set(struct json *object, const char *name, struct json *value) {
        if (json_object_object_add(json_raw(object), name, json_raw(value)) == 0)
                return 0;
        json_object_put(json_raw(value));
        return -ENOMEM;
}

/** json_set_string() - set a member to a string, to null for NULL. Returns 0 or -ENOMEM. */
int json_set_string(struct json *object, const char *name, const char *text) {
        struct json *value = text ? json_new_string(text, strlen(text)) : NULL;

        if (text && !value)
                return -ENOMEM;
        return json_set(object, name, value);
}

/** json_set_int() - set a member to a whole number. Returns 0 or -ENOMEM. */
int json_set_int(struct json *object, const char *name, int64_t value) {
        struct json *number = json_new_int(value);

        return number ? json_set(object, name, number) : -ENOMEM;
}

/** json_append() - add an element; takes @value over, also on failure. Returns 0 or -ENOMEM. */
int json_append(struct json *array, struct json *value) {
        if (json_object_array_add(json_raw(array), json_raw(value)) == 0)
                return 0;
        json_object_put(json_raw(value));
        return -ENOMEM;
}

/** json_remove() - take a member out of an object, if it is there. */
void json_remove(struct json *object, const char *name) {
        if (json_is(object, JSON_OBJECT))
                json_object_object_del(json_raw(object), name);
}

/** json_remove_at() - take the member that a pointer names out of its object, if it is there. */
void json_remove_at(struct json *json, const char *pointer) {
        const char *last = strrchr(pointer, '/');
        struct buf parent = BUF_INIT(4096), step = BUF_INIT(4096);

        if (last && buf_add(&parent, pointer, (size_t)(last - pointer)) == 0 &&
            pointer_step(last + 1, strlen(last + 1), &step) == 0)
                json_remove(json_at(json, buf_str(&parent)), buf_str(&step));
        buf_done(&parent);
        buf_done(&step);
}
