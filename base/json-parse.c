/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json-internal.h"
#include "base/text.h"

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
        struct buf *marked; /* the text with its large numbers marked, as far as `copied` … */
        size_t copied;      /* … which is 0 while there was none */
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

/* json-c cuts whole numbers silently that do not fit its 64 bits, with a sign or without. */
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

/* Behind a whole number beyond 64 bits: json-c reads it as a fraction then, whose text it keeps.
 * unmark() takes it away again; where the text has it already, the value is the same without. */
static const char mark[] = "e0000000000";

static void mark_number(struct scan *scan) {
        (void)buf_add(scan->marked, scan->text + scan->copied, scan->at - scan->copied);
        (void)buf_add_str(scan->marked, mark);
        scan->copied = scan->at;
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
        if (!scan->reason && !is_fraction && !fits_64_bits(scan->text + began, scan->at - began))
                mark_number(scan);
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
 * What json-c takes although it is no JSON: numbers in other forms, control characters, single
 * quotes, NUL bytes, bytes that are no UTF-8.
 * @marked: gets the text with its large numbers marked, or stays empty if there are none.
 * Returns the offset of the first such thing, with the reason, or @len.
 */
static size_t find_alien(const char *text, size_t len, struct buf *marked,
                         const char **ret_reason) {
        struct scan scan = { .text = text, .len = len, .marked = marked };
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
        if (scan.copied)
                (void)buf_add(marked, text + scan.copied, len - scan.copied);
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

static int unmark_number(struct json_object *number) {
        const char *text = json_object_get_string(number);
        size_t len = text ? strlen(text) : 0, tail = strlen(mark);
        char *own;

        if (len <= tail || strcmp(text + len - tail, mark) != 0 ||
            strspn(text, "-0123456789") != len - tail || fits_64_bits(text, len - tail))
                return 0;
        own = strndup(text, len - tail);
        if (!own)
                return -ENOMEM;
        json_object_set_serializer(number, json_object_userdata_to_json_string, own,
                                   json_object_free_userdata);
        return 0;
}

/* As deep as the value, which the reader bounds. */
static int unmark(const struct json *json) {
        struct json_cursor cursor = { 0 };
        int r = 0;

        if (json_is(json, JSON_FRACTION))
                return unmark_number(json_raw(json));
        for (size_t i = 0; r == 0 && i < json_count(json); i++)
                r = unmark(json_item(json, i));
        while (r == 0 && json_next(json, &cursor))
                r = unmark(cursor.value);
        return r;
}

/* The tree of a text in which nothing is alien, or where it is no JSON all the same. */
static int read_text(const char *text, size_t len, struct json **ret,
                     struct json_error *ret_error) {
        struct json_tokener *tokener = json_tokener_new_ex(JSON_MAX_DEPTH);
        enum json_tokener_error code;
        struct json_object *object;
        size_t end;

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
        *ret = json_wrap(object);
        return 0;
}

/* @text: as it came, to say where it is none. */
static int read_marked(const struct buf *marked, const char *text, size_t len, struct json **ret,
                       struct json_error *ret_error) {
        struct json *json;
        int r;

        if (marked->error)
                return marked->error;
        r = read_text(marked->data, marked->len, &json, NULL);
        if (r == -EBADMSG && read_text(text, len, &json, ret_error) == 0) {
                (void)json_free(json);
                return refuse(text, len, "no JSON", ret_error);
        }
        if (r < 0)
                return r;
        r = unmark(json);
        if (r < 0) {
                (void)json_free(json);
                return r;
        }
        *ret = json;
        return 0;
}

/**
 * json_parse() - read one JSON text, nothing but blanks around it.
 * @ret: the tree, owned by the caller (json_free()); a lone `null` gives NULL and success.
 * @ret_error: where and why, set only with -EBADMSG; may be NULL.
 * Returns 0, -EBADMSG for a text that is no JSON or nests deeper than JSON_MAX_DEPTH, -EFBIG for
 * one over JSON_MAX_SIZE, -ENOMEM.
 */
int json_parse(const char *text, size_t len, struct json **ret, struct json_error *ret_error) {
        struct buf marked = BUF_INIT(0);
        const char *reason = NULL;
        size_t end;
        int r;

        if (len > JSON_MAX_SIZE)
                return -EFBIG;
        end = find_alien(text, len, &marked, &reason);
        if (reason)
                r = refuse(text, end, reason, ret_error);
        else if (marked.len || marked.error)
                r = read_marked(&marked, text, len, ret, ret_error);
        else
                r = read_text(text, len, ret, ret_error);
        buf_done(&marked);
        return r;
}

/* A member's name as it is written, and the object that it is of. */
struct name {
        size_t object, at, len;
};

enum { NAMES_MAX = 1024 * 1024, NAMES_DEPTH = 64 };

struct names {
        const char *text;
        struct name *list;
        size_t count, capacity;
        size_t objects[NAMES_DEPTH]; /* those that are open, as numbers */
        size_t depth, opened;
};

static int compare_names(const void *left, const void *right, void *data) {
        const struct name *a = left, *b = right;
        const char *text = data;
        size_t len = a->len < b->len ? a->len : b->len;
        int order;

        if (a->object != b->object)
                return a->object < b->object ? -1 : 1;
        order = memcmp(text + a->at, text + b->at, len);
        if (order == 0 && a->len != b->len)
                order = a->len < b->len ? -1 : 1;
        if (order == 0)
                order = a->at < b->at ? -1 : 1;
        return order;
}

/* The string that begins at the scan's place: kept if it is a name. */
static int note_name(struct names *names, struct scan *scan) {
        size_t began = scan->at;
        int r;

        scan_string(scan);
        if (!is_name(scan) || !names->depth || names->depth > NAMES_DEPTH)
                return 0;
        r = array_grow(&names->list, &names->capacity, names->count, NAMES_MAX,
                       sizeof(*names->list));
        if (r == 0)
                names->list[names->count++] = (struct name){
                        .object = names->objects[names->depth - 1],
                        .at = began,
                        .len = scan->at - began,
                };
        return r;
}

static int find_names(struct names *names, size_t len) {
        struct scan scan = { .text = names->text, .len = len };
        int r = 0;

        while (r == 0 && scan.at < len) {
                char c = names->text[scan.at];

                if (c == '"') {
                        r = note_name(names, &scan);
                        continue;
                }
                if (c == '{' || c == '[') {
                        if (names->depth++ < NAMES_DEPTH)
                                names->objects[names->depth - 1] = names->opened++;
                } else if ((c == '}' || c == ']') && names->depth) {
                        names->depth--;
                }
                scan.at++;
        }
        return r;
}

/**
 * json_check_names() - has an object two members of one name? Of those every reader keeps another.
 * @text: JSON, as json_parse() has found.
 * @ret_error: where the second is, set only with -EBADMSG.
 * Returns 0, -EBADMSG, -ENOMEM, -ENOSPC with more than a million members.
 */
int json_check_names(const char *text, size_t len, struct json_error *ret_error) {
        struct names names = { .text = text };
        size_t at = len;
        int r = find_names(&names, len);

        if (r == 0 && names.count)
                qsort_r(names.list, names.count, sizeof(*names.list), compare_names,
                        (void *)(uintptr_t)text);
        for (size_t i = 1; r == 0 && i < names.count; i++) {
                const struct name *a = &names.list[i - 1], *b = &names.list[i];

                if (a->object == b->object && a->len == b->len && b->at < at &&
                    memcmp(text + a->at, text + b->at, a->len) == 0)
                        at = b->at;
        }
        free(names.list);
        if (r == 0 && at < len)
                r = refuse(text, at, "a member of this name stands there already", ret_error);
        return r;
}
