/* SPDX-License-Identifier: Apache-2.0 */
#include <strings.h>

#include "base/text.h"
#include "http/http.h"

enum {
        BODY_MAX = 1024 * 1024, /* a larger body is shown by its beginning, not parsed */
        TEXT_MAX = 4096,        /* of a message, after cutting */
        CODE_MAX = 63,
};

/* Names of a code and its message, in the order in which they are tried. */
static const struct names {
        const char *code;
        const char *message;
} shapes[] = {
        { "error_code", "error_msg" },
        { "errorCode", "errorMsg" },
        { "errorCode", "errorMessage" },
        { "error_code", "error_message" },
        { "code", "message" },
        { "errCode", "externalMessage" },
        { "workload_res_code", "workload_res_str" },
};

static bool is_scalar(const struct json *value) {
        return value && !json_is(value, JSON_OBJECT) && !json_is(value, JSON_ARRAY);
}

static bool is_status(const struct json *object) {
        return text_eq(json_string(object, "/kind"), "Status");
}

/* Where a code and a message stand; @all: both must, else one is enough. */
static bool find_names(const struct json *object, bool all, struct json **ret_code,
                       struct json **ret_message) {
        for (size_t i = 0; i < ELEMENTSOF(shapes); i++) {
                struct json *code = json_member(object, shapes[i].code);
                struct json *message = json_member(object, shapes[i].message);
                bool has_code = is_scalar(code), has_message = is_scalar(message);

                if (all ? !has_code || !has_message : !has_code && !has_message)
                        continue;
                *ret_code = has_code ? code : NULL;
                *ret_message = has_message ? message : NULL;
                return true;
        }
        return false;
}

/* In the value itself, else one level down in its objects (and those of its arrays). */
static const struct json *find_object(const struct json *json, bool all, struct json **ret_code,
                                      struct json **ret_message) {
        struct json_cursor cursor = { 0 };

        if (json_is(json, JSON_ARRAY))
                json = json_item(json, 0);
        if (find_names(json, all, ret_code, ret_message))
                return json;
        while (json_next(json, &cursor)) {
                const struct json *inner = cursor.value;

                if (json_is(inner, JSON_ARRAY))
                        inner = json_item(inner, 0);
                if (find_names(inner, all, ret_code, ret_message))
                        return inner;
        }
        return NULL;
}

/* One line of clean UTF-8: control characters and damage become blanks, runs of blanks one. */
static void clean(struct buf *buf) {
        bool is_text = text_is_utf8(buf_str(buf), buf->len);
        size_t kept = 0;

        for (size_t i = 0; i < buf->len; i++) {
                unsigned char c = (unsigned char)buf->data[i];

                if (c < 0x20 || c == 0x7f || (c >= 0x80 && !is_text))
                        c = ' ';
                if (c == ' ' && (!kept || buf->data[kept - 1] == ' '))
                        continue;
                buf->data[kept++] = (char)c;
        }
        while (kept && buf->data[kept - 1] == ' ')
                kept--;
        buf_truncate(buf, kept);
}

/* Is this byte one of a UTF-8 character that has begun before? */
static bool is_inside(char c) {
        return ((unsigned char)c & 0xc0) == 0x80;
}

/* Cuts at a bound, not inside a character. */
static void shorten(struct buf *buf, size_t max) {
        if (buf->len <= max)
                return;
        while (max && is_inside(buf->data[max]))
                max--;
        buf_truncate(buf, max);
}

/* A text of the answer as it may be shown; NULL for an empty one. Takes the buffer's content. */
static int present(struct buf *text, size_t max, char **ret) {
        struct buf shown = BUF_INIT(0);
        char *copy = NULL;
        int r;

        r = http_redact(&shown, buf_str(text), text->len);
        buf_done(text);
        clean(&shown);
        shorten(&shown, max);
        if (r == 0 && shown.len) {
                copy = buf_steal(&shown, NULL);
                if (!copy)
                        r = -ENOMEM;
        }
        buf_done(&shown);
        if (r == 0)
                *ret = copy;
        return r;
}

static int present_value(const struct json *value, size_t max, char **ret) {
        struct buf text = BUF_INIT(0);

        if (value && json_scalar(value, &text) < 0) {
                buf_done(&text);
                return -ENOMEM;
        }
        return present(&text, max, ret);
}

/* The message, and the detail that some services add. */
static int present_message(const struct json *object, const struct json *message, char **ret) {
        const char *detail = json_string(object, "/detail");
        struct buf text = BUF_INIT(0);

        if (message)
                (void)json_scalar(message, &text);
        if (!text_is_empty(detail) && !text_eq(buf_str(&text), detail))
                (void)buf_printf(&text, text.len ? ": %s" : "%s", detail);
        if (text.error < 0) {
                buf_done(&text);
                return -ENOMEM;
        }
        return present(&text, TEXT_MAX, ret);
}

static int take_json(const struct json *json, struct http_fault *fault, bool *ret_found) {
        struct json *code = NULL, *message = NULL, *id;
        const struct json *object;
        int r;

        *ret_found = false;
        object = find_object(json, true, &code, &message);
        if (!object)
                object = find_object(json, false, &code, &message);
        if (!object)
                return 0;
        *ret_found = true;
        /* Kubernetes: the code is the HTTP status again, the reason is the name of the fault. */
        if (is_status(object) && json_string(object, "/reason"))
                code = json_at(object, "/reason");
        r = present_value(code, CODE_MAX, &fault->code);
        if (r == 0)
                r = present_message(object, message, &fault->message);
        id = json_at(json, "/request_id");
        if (!id)
                id = json_at(json, "/requestId");
        if (r == 0 && is_scalar(id))
                r = present_value(id, CODE_MAX * 2, &fault->request_id);
        return r;
}

static int base64_digit(char c) {
        static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                     "0123456789+/-_";
        const char *at = c ? strchr(digits, c) : NULL;

        if (!at)
                return -1;
        return at - digits < 64 ? (int)(at - digits) : (int)(at - digits) - 2;
}

/* Base64 of either alphabet; false for anything else. */
static bool decode_base64(const char *text, size_t len, struct buf *buf) {
        uint32_t bits = 0;
        int count = 0;

        while (len && strchr("=\r\n", text[len - 1]) && text[len - 1])
                len--;
        for (size_t i = 0; i < len; i++) {
                int digit = base64_digit(text[i]);

                if (digit < 0)
                        return false;
                bits = bits << 6 | (uint32_t)digit;
                count += 6;
                if (count >= 8) {
                        count -= 8;
                        (void)buf_add_char(buf, (char)(bits >> count & 0xff));
                }
        }
        return len && buf->error == 0;
}

/* The warehouse's log calls wrap the JSON of a 400 in base64url. */
static int parse_body(const char *body, size_t len, struct json **ret) {
        struct buf decoded = BUF_INIT(BODY_MAX);
        int r;

        if (len > BODY_MAX)
                return -EFBIG;
        r = json_parse(body, len, ret, NULL);
        if (r == -EBADMSG && decode_base64(body, len, &decoded) && *buf_str(&decoded) == '{')
                r = json_parse(decoded.data, decoded.len, ret, NULL);
        buf_done(&decoded);
        return r;
}

static bool begins(const char *text, size_t len, const char *what) {
        size_t n = strlen(what);

        return len >= n && strncasecmp(text, what, n) == 0;
}

/* Behind the end of an element that holds no text for people. */
static size_t skip_element(const char *text, size_t len, const char *end) {
        for (size_t at = 0; at < len; at++)
                if (begins(text + at, len - at, end))
                        return at + strlen(end);
        return len;
}

/* The words of a page: what is between its tags. */
static void strip_tags(const char *text, size_t len, struct buf *buf) {
        size_t at = 0;

        while (at < len) {
                if (begins(text + at, len - at, "<script")) {
                        at += skip_element(text + at, len - at, "</script>");
                } else if (begins(text + at, len - at, "<style")) {
                        at += skip_element(text + at, len - at, "</style>");
                } else if (text[at] == '<') {
                        at += skip_element(text + at, len - at, ">");
                        (void)buf_add_char(buf, ' ');
                } else {
                        (void)buf_add_char(buf, text[at++]);
                }
        }
}

/* What is no JSON of a known shape: a page of something in front, or any text. */
static int take_text(const char *body, size_t len, struct http_fault *fault) {
        struct buf text = BUF_INIT(0);
        const char *begin = body;

        if (len > 4 * TEXT_MAX)
                for (len = 4 * TEXT_MAX; len && is_inside(body[len]);)
                        len--;
        while (len && strchr(" \t\r\n", *begin) && *begin) {
                begin++;
                len--;
        }
        if (len && *begin == '<')
                strip_tags(begin, len, &text);
        else
                (void)buf_add(&text, begin, len);
        if (text.error < 0) {
                buf_done(&text);
                return -ENOMEM;
        }
        return present(&text, TEXT_MAX, &fault->message);
}

/**
 * http_fault_parse() - find code, message and request id in the body of an error answer.
 *
 * Knows the shapes of all services, nested ones, Kubernetes' Status, base64url of these, and takes
 * anything else as text: a page of something in front has no code, an empty body no message.
 * Secrets that the body echoes are cut out, control characters are blanks, lengths are bounded.
 * Returns 0, with the strings owned by the caller (http_fault_done()), or -ENOMEM.
 */
int http_fault_parse(const struct http_response *response, struct http_fault *ret) {
        _cleanup_(http_fault_done) struct http_fault fault = { 0 };
        _cleanup_(json_freep) struct json *json = NULL;
        bool is_found = false;
        int r;

        r = parse_body(response->body, response->len, &json);
        if (r == -ENOMEM)
                return r;
        if (r == 0) {
                r = take_json(json, &fault, &is_found);
                if (r < 0)
                        return r;
        }
        if (!is_found) {
                r = take_text(response->body, response->len, &fault);
                if (r < 0)
                        return r;
        }
        if (!fault.request_id && response->request_id) {
                fault.request_id = strdup(response->request_id);
                if (!fault.request_id)
                        return -ENOMEM;
        }
        *ret = fault;
        fault = (struct http_fault){ 0 };
        return 0;
}

/** http_fault_done() - free the strings. */
void http_fault_done(struct http_fault *fault) {
        free(fault->code);
        free(fault->message);
        free(fault->request_id);
        *fault = (struct http_fault){ 0 };
}
