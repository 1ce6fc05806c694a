/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json.h"

#include <json-c/json.h>

#include "base/text.h"

static struct json_object *raw(const struct json *json) {
        union {
                const struct json *json;
                struct json_object *object;
        } u = { .json = json };

        return u.object;
}

static struct json *wrap(struct json_object *object) {
        return (struct json *)object;
}

/* Columns count characters, as editors do. */
static void locate(const char *text, size_t offset, const char *reason, struct json_error *ret) {
        *ret = (struct json_error){ .line = 1, .column = 1, .reason = reason };
        for (size_t i = 0; i < offset; i++) {
                if (text[i] == '\n') {
                        ret->line++;
                        ret->column = 1;
                } else if (((unsigned char)text[i] & 0xc0) != 0x80) {
                        ret->column++;
                }
        }
}

/* A walk over the text, before json-c reads it; stops at the first thing that is no JSON. */
struct scan {
        const char *text;
        size_t len;
        size_t at;
        const char *reason; /* NULL while all is well */
};

/* The character at the walk's place, NUL at the end. */
static char peek(const struct scan *scan) {
        return scan->at < scan->len ? scan->text[scan->at] : '\0';
}

static bool is_digit(char c) {
        return c >= '0' && c <= '9';
}

/* One digit at least. Returns how many there were. */
static size_t scan_digits(struct scan *scan) {
        size_t began = scan->at;

        while (is_digit(peek(scan)))
                scan->at++;
        if (scan->at == began)
                scan->reason =
                        scan->at < scan->len ? "a digit is missing" : "the text ends too early";
        return scan->at - began;
}

/* Whole numbers must fit json-c's 64 bits, with a sign or without: it cuts larger ones silently. */
static bool fits_64_bits(const char *number, size_t len) {
        char text[24];
        int64_t value;

        if (len >= sizeof(text))
                return false;
        memcpy(text, number, len);
        text[len] = '\0';
        if (text_int64(text, &value) == 0)
                return true;
        return *text != '-' &&
               (len < 20 || (len == 20 && strcmp(text, "18446744073709551615") <= 0));
}

/* RFC 8259, section 6. */
static void scan_number(struct scan *scan) {
        size_t began = scan->at, whole;
        bool is_fraction = false;
        const char *digits;

        if (peek(scan) == '-')
                scan->at++;
        digits = scan->text + scan->at;
        whole = scan_digits(scan);
        if (whole > 1 && *digits == '0') {
                scan->at = began;
                scan->reason = "a number with a leading zero";
        }
        if (!scan->reason && peek(scan) == '.') {
                is_fraction = true;
                scan->at++;
                (void)scan_digits(scan);
        }
        if (!scan->reason && (peek(scan) == 'e' || peek(scan) == 'E')) {
                is_fraction = true;
                scan->at++;
                if (peek(scan) == '+' || peek(scan) == '-')
                        scan->at++;
                (void)scan_digits(scan);
        }
        if (!scan->reason && !is_fraction && !fits_64_bits(scan->text + began, scan->at - began)) {
                scan->at = began;
                scan->reason = "a whole number beyond 64 bits";
        }
}

/* Names are C strings to json-c: it would cut one at a NUL. */
static bool is_name(const struct scan *scan) {
        size_t at = scan->at;

        while (at < scan->len && strchr(" \t\r\n", scan->text[at]) && scan->text[at])
                at++;
        return at < scan->len && scan->text[at] == ':';
}

/* RFC 8259, section 7; escapes are checked by json-c. */
static void scan_string(struct scan *scan) {
        size_t began = scan->at;
        bool has_nul = false;

        for (scan->at++; scan->at < scan->len && scan->text[scan->at] != '"'; scan->at++) {
                if ((unsigned char)scan->text[scan->at] < 0x20) {
                        scan->reason = "a control character in a string; write it as \\u00XX";
                        return;
                }
                if (scan->text[scan->at] != '\\')
                        continue;
                if (scan->len - scan->at >= 6 && memcmp(scan->text + scan->at, "\\u0000", 6) == 0)
                        has_nul = true;
                scan->at++;
        }
        if (scan->at >= scan->len) {
                scan->at = scan->len;
                return;
        }
        scan->at++;
        if (has_nul && is_name(scan)) {
                scan->at = began;
                scan->reason = "a member's name with a NUL";
        }
}

static void scan_other(struct scan *scan) {
        switch (peek(scan)) {
        case '\0':
                scan->reason = "a NUL byte";
                break;
        case '\'':
                scan->reason = "a single quote where a double quote is expected";
                break;
        case 'N':
        case 'I':
                scan->reason = "NaN and Infinity are no JSON";
                break;
        default:
                scan->at++;
        }
}

/*
 * What json-c takes although it is no JSON, or takes and changes without a word: numbers in other
 * forms or beyond its range, control characters, single quotes, NUL bytes, bytes that are no UTF-8.
 * Returns the offset of the first such thing, with the reason, or @len.
 */
static size_t find_alien(const char *text, size_t len, const char **ret_reason) {
        struct scan scan = { .text = text, .len = len };
        size_t valid = text_utf8_span(text, len);

        while (!scan.reason && scan.at < valid) {
                char c = text[scan.at];

                if (c == '"')
                        scan_string(&scan);
                else if (c == '-' || is_digit(c))
                        scan_number(&scan);
                else
                        scan_other(&scan);
        }
        if (valid < len && (!scan.reason || scan.at >= valid)) {
                scan.at = valid;
                scan.reason = "bytes that are no UTF-8";
        }
        *ret_reason = scan.reason;
        return scan.at;
}

static int refuse(const char *text, size_t offset, const char *reason, struct json_error *ret) {
        struct json_error error;

        locate(text, offset, reason, &error);
        if (ret)
                *ret = error;
        return -EBADMSG;
}

/* Runs json-c's reader over the whole text and says where it stopped. */
static enum json_tokener_error tokenize(struct json_tokener *tokener, const char *text, size_t len,
                                        struct json_object **ret, size_t *ret_end) {
        enum json_tokener_error code;

        *ret = json_tokener_parse_ex(tokener, text, (int)len);
        *ret_end = json_tokener_get_parse_end(tokener);
        code = json_tokener_get_error(tokener);
        if (code != json_tokener_continue)
                return code;
        /* A number may go on: the end must be said. */
        *ret = json_tokener_parse_ex(tokener, "", -1);
        *ret_end = len;
        return json_tokener_get_error(tokener);
}

/**
 * json_parse() - read one JSON text, nothing but blanks around it.
 * @ret: the tree, owned by the caller (json_free()); a lone `null` gives NULL and success.
 * @ret_error: where and why, set only with -EBADMSG; may be NULL.
 * Returns 0, -EBADMSG for a text that is no JSON, nests deeper than JSON_MAX_DEPTH or has a whole
 * number beyond 64 bits, -EFBIG for one over JSON_MAX_SIZE, -ENOMEM.
 */
int json_parse(const char *text, size_t len, struct json **ret, struct json_error *ret_error) {
        enum json_tokener_error code;
        struct json_tokener *tokener;
        const char *reason = NULL;
        struct json_object *object;
        size_t end;

        if (len > JSON_MAX_SIZE)
                return -EFBIG;
        end = find_alien(text, len, &reason);
        if (reason)
                return refuse(text, end, reason, ret_error);
        tokener = json_tokener_new_ex(JSON_MAX_DEPTH);
        if (!tokener)
                return -ENOMEM;
        json_tokener_set_flags(tokener, JSON_TOKENER_STRICT);
        code = tokenize(tokener, text, len, &object, &end);
        json_tokener_free(tokener);
        if (code != json_tokener_success) {
                json_object_put(object);
                return refuse(text, end < len ? end : len,
                              code == json_tokener_continue || end >= len
                                      ? "the text ends too early"
                                      : json_tokener_error_desc(code),
                              ret_error);
        }
        *ret = wrap(object);
        return 0;
}

/** json_free() - drop a tree; NULL is fine. Returns NULL. */
struct json *json_free(struct json *json) {
        json_object_put(raw(json));
        return NULL;
}

/** json_kind() - what kind of value; NULL is null. */
enum json_kind json_kind(const struct json *json) {
        switch (json_object_get_type(raw(json))) {
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
        if (!json_is(json, JSON_ARRAY) || !is_digit(*step) || (*step == '0' && step[1]))
                return NULL;
        return text_uint(step, INT32_MAX, &index) == 0 ? json_item(json, index) : NULL;
}

/**
 * json_at() - the value that a pointer names.
 * @pointer: RFC 6901; empty or NULL is the value itself.
 * Returns a borrowed value; NULL where there is none, or where it is null.
 */
struct json *json_at(const struct json *json, const char *pointer) {
        struct json *value = wrap(raw(json));
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

        return json_is(value, JSON_STRING) ? json_object_get_string(raw(value)) : NULL;
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
                return text_int64(json_object_get_string(raw(value)), ret);
        if (!json_is(value, JSON_INTEGER))
                return -EINVAL;
        number = json_object_get_int64(raw(value));
        if (number == INT64_MAX && json_object_get_uint64(raw(value)) > INT64_MAX)
                return -ERANGE;
        *ret = number;
        return 0;
}

/** json_is_true() - true for the value true or the string "true", false for anything else. */
bool json_is_true(const struct json *json, const char *pointer) {
        struct json *value = json_at(json, pointer);

        if (json_is(value, JSON_STRING))
                return text_eq(json_object_get_string(raw(value)), "true");
        return json_is(value, JSON_BOOLEAN) && json_object_get_boolean(raw(value));
}

/** json_scalar() - append a string's text, or another scalar as JSON writes it; -EINVAL else. */
int json_scalar(const struct json *json, struct buf *buf) {
        switch (json_kind(json)) {
        case JSON_STRING:
                return buf_add(buf, json_object_get_string(raw(json)),
                               (size_t)json_object_get_string_len(raw(json)));
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

/** json_equal() - same value, whatever the order of members. */
bool json_equal(const struct json *a, const struct json *b) {
        return json_object_equal(raw(a), raw(b));
}

/** json_count() - elements of an array, 0 for anything else. */
size_t json_count(const struct json *array) {
        return json_is(array, JSON_ARRAY) ? json_object_array_length(raw(array)) : 0;
}

/** json_item() - element of an array, borrowed; NULL beyond its end. */
struct json *json_item(const struct json *array, size_t index) {
        return index < json_count(array) ? wrap(json_object_array_get_idx(raw(array), index))
                                         : NULL;
}

/** json_member() - member of an object, borrowed; NULL where there is none. */
struct json *json_member(const struct json *object, const char *name) {
        struct json_object *value = NULL;

        if (!json_is(object, JSON_OBJECT) || !json_object_object_get_ex(raw(object), name, &value))
                return NULL;
        return wrap(value);
}

/** json_next() - the next member; false at the end. The object must not change meanwhile. */
bool json_next(const struct json *object, struct json_cursor *cursor) {
        struct lh_entry *entry = cursor->entry;

        if (!json_is(object, JSON_OBJECT))
                return false;
        entry = cursor->began ? entry->next : json_object_get_object(raw(object))->head;
        cursor->began = true;
        cursor->entry = entry;
        if (!entry)
                return false;
        cursor->name = lh_entry_k(entry);
        cursor->value = wrap((struct json_object *)lh_entry_v(entry));
        return true;
}

/** json_new_object() - an empty object, NULL when memory is out. */
struct json *json_new_object(void) {
        return wrap(json_object_new_object());
}

/** json_new_array() - an empty array, NULL when memory is out. */
struct json *json_new_array(void) {
        return wrap(json_object_new_array());
}

/** json_new_string() - a string of @len bytes of UTF-8, NULL when memory is out. */
struct json *json_new_string(const char *text, size_t len) {
        return len <= INT32_MAX ? wrap(json_object_new_string_len(text, (int)len)) : NULL;
}

/** json_new_int() - a whole number, NULL when memory is out. */
struct json *json_new_int(int64_t value) {
        return wrap(json_object_new_int64(value));
}

/** json_new_bool() - true or false, NULL when memory is out. */
struct json *json_new_bool(bool value) {
        return wrap(json_object_new_boolean(value));
}

/** json_copy() - a deep copy that shares nothing, NULL when memory is out (or of null). */
struct json *json_copy(const struct json *json) {
        struct json_object *copy = NULL;

        if (!json || json_object_deep_copy(raw(json), &copy, NULL) < 0)
                return NULL;
        return wrap(copy);
}

/** json_share() - one more reference to a value, to put it into another tree of the same thread. */
struct json *json_share(const struct json *json) {
        return wrap(json_object_get(raw(json)));
}

/**
 * json_set() - set a member; takes @value over, also on failure.
 * Returns 0 or -ENOMEM. A NULL value sets null: callers check what they made.
 */
int json_set(struct json *object, const char *name, struct json *value) {
        if (json_object_object_add(raw(object), name, raw(value)) == 0)
                return 0;
        json_object_put(raw(value));
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
        if (json_object_array_add(raw(array), raw(value)) == 0)
                return 0;
        json_object_put(raw(value));
        return -ENOMEM;
}

/** json_remove() - take a member out of an object, if it is there. */
void json_remove(struct json *object, const char *name) {
        if (json_is(object, JSON_OBJECT))
                json_object_object_del(raw(object), name);
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
                return render_string(json_object_get_string(raw(json)),
                                     (size_t)json_object_get_string_len(raw(json)), buf);
        if (json)
                text = json_object_to_json_string_length(raw(json), JSON_C_TO_STRING_PLAIN, &len);
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
