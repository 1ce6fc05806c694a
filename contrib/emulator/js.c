/* SPDX-License-Identifier: Apache-2.0 */
#include "contrib/emulator/js.h"

#include "contrib/emulator/util.h"

#include <stdarg.h>
#include <string.h>

enum { FILE_MAX = 64 * 1024 * 1024, SEGMENT_MAX = 256 };

/* A va_list that may be passed by address to functions that take arguments from it. */
struct pack {
        const char *pattern, *at;
        va_list args;
};

static noreturn void bad_pattern(const struct pack *pack) {
        fprintf(stderr, "hcloud-emulator: wrong pattern at \"%s\" in \"%s\"\n", pack->at,
                pack->pattern);
        abort();
}

static char peek(struct pack *pack) {
        pack->at += strspn(pack->at, " ,:\n\t");
        return *pack->at;
}

static struct json_object *pack_value(struct pack *pack, bool *ret_omit);

static struct json_object *pack_object(struct pack *pack) {
        struct json_object *object = json_object_new_object();

        for (;;) {
                char key[SEGMENT_MAX];
                struct json_object *value;
                bool omit = false;
                size_t len;

                if (peek(pack) == '}') {
                        pack->at++;
                        return object;
                }
                if (*pack->at != '\'')
                        bad_pattern(pack);
                len = strcspn(++pack->at, "'");
                if (pack->at[len] != '\'' || len >= sizeof(key))
                        bad_pattern(pack);
                memcpy(key, pack->at, len);
                key[len] = 0;
                pack->at += len + 1;
                value = pack_value(pack, &omit);
                if (!omit)
                        json_object_object_add(object, key, value);
        }
}

static struct json_object *pack_array(struct pack *pack) {
        struct json_object *array = json_object_new_array();

        for (;;) {
                struct json_object *value;
                bool omit = false;

                if (peek(pack) == ']') {
                        pack->at++;
                        return array;
                }
                value = pack_value(pack, &omit);
                if (!omit)
                        json_object_array_add(array, value);
        }
}

static struct json_object *pack_string(struct pack *pack) {
        const char *text = va_arg(pack->args, const char *);

        return text ? json_object_new_string(text) : NULL;
}

static struct json_object *pack_value(struct pack *pack, bool *ret_omit) {
        struct json_object *value = NULL;

        switch (peek(pack)) {
        case '{':
                pack->at++;
                return pack_object(pack);
        case '[':
                pack->at++;
                return pack_array(pack);
        case 's':
        case 'S':
                value = pack_string(pack);
                break;
        case 'o':
        case 'O':
                value = va_arg(pack->args, struct json_object *);
                break;
        case 'i':
                value = json_object_new_int64(va_arg(pack->args, int64_t));
                break;
        case 'b':
                value = json_object_new_boolean(va_arg(pack->args, int));
                break;
        case 'f':
                value = json_object_new_double(va_arg(pack->args, double));
                break;
        case 'n':
                break;
        default:
                bad_pattern(pack);
        }
        *ret_omit = !value && (*pack->at == 'S' || *pack->at == 'O');
        pack->at++;
        return value;
}

struct json_object *js_pack(const char *pattern, ...) {
        struct pack pack = { .pattern = pattern, .at = pattern };
        struct json_object *value;
        bool omit = false;

        va_start(pack.args, pattern);
        value = pack_value(&pack, &omit);
        if (peek(&pack))
                bad_pattern(&pack);
        va_end(pack.args);
        return value;
}

/*
 * Takes one segment off a pointer, undoing ~1 and ~0. False at the end and for one that is too
 * long.
 */
static bool next_segment(const char **pointer, char *segment) {
        const char *p = *pointer;
        size_t len = 0;

        if (*p != '/')
                return false;
        for (p++; *p && *p != '/'; p++) {
                char c = *p;

                if (c == '~' && (p[1] == '0' || p[1] == '1'))
                        c = *++p == '0' ? '~' : '/';
                if (len + 1 >= SEGMENT_MAX)
                        return false;
                segment[len++] = c;
        }
        segment[len] = 0;
        *pointer = p;
        return true;
}

static bool array_index(struct json_object *array, const char *segment, size_t *ret) {
        int64_t i;

        if (parse_int(segment, &i) < 0 || i < 0 || (size_t)i >= json_object_array_length(array))
                return false;
        *ret = (size_t)i;
        return true;
}

static struct json_object *step(struct json_object *value, const char *segment) {
        struct json_object *next = NULL;
        size_t i;

        if (json_object_is_type(value, json_type_object))
                json_object_object_get_ex(value, segment, &next);
        else if (json_object_is_type(value, json_type_array) && array_index(value, segment, &i))
                next = json_object_array_get_idx(value, i);
        return next;
}

struct json_object *js_get(struct json_object *value, const char *pointer) {
        char segment[SEGMENT_MAX];

        while (value && *pointer) {
                if (!next_segment(&pointer, segment))
                        return NULL;
                value = step(value, segment);
        }
        return value;
}

const char *js_str(struct json_object *value, const char *pointer) {
        struct json_object *found = js_get(value, pointer);

        return json_object_is_type(found, json_type_string) ? json_object_get_string(found) : NULL;
}

int64_t js_int(struct json_object *value, const char *pointer, int64_t fallback) {
        struct json_object *found = js_get(value, pointer);

        if (json_object_is_type(found, json_type_int) ||
            json_object_is_type(found, json_type_boolean))
                return json_object_get_int64(found);
        return fallback;
}

bool js_bool(struct json_object *value, const char *pointer, bool fallback) {
        struct json_object *found = js_get(value, pointer);

        return json_object_is_type(found, json_type_boolean) ? json_object_get_boolean(found)
                                                             : fallback;
}

size_t js_len(struct json_object *value, const char *pointer) {
        struct json_object *found = js_get(value, pointer);

        return json_object_is_type(found, json_type_array) ? json_object_array_length(found) : 0;
}

struct json_object *js_at(struct json_object *array, size_t i) {
        return i < js_len(array, "") ? json_object_array_get_idx(array, i) : NULL;
}

static int set_child(struct json_object *parent, const char *segment, struct json_object *value) {
        size_t i;

        if (json_object_is_type(parent, json_type_object))
                return json_object_object_add(parent, segment, value) ? -ENOMEM : 0;
        if (!json_object_is_type(parent, json_type_array))
                return -EINVAL;
        if (strcmp(segment, "-") == 0)
                return json_object_array_add(parent, value) ? -ENOMEM : 0;
        if (!array_index(parent, segment, &i))
                return -EINVAL;
        return json_object_array_put_idx(parent, i, value) ? -ENOMEM : 0;
}

int js_set(struct json_object *root, const char *pointer, struct json_object *value) {
        char segment[SEGMENT_MAX];
        int r = -EINVAL;

        while (root && next_segment(&pointer, segment)) {
                struct json_object *next;

                if (!*pointer) {
                        r = set_child(root, segment, value);
                        break;
                }
                next = step(root, segment);
                if (!next) {
                        next = json_object_new_object();
                        if (set_child(root, segment, next) < 0) {
                                json_object_put(next);
                                break;
                        }
                }
                root = next;
        }
        if (r < 0)
                json_object_put(value);
        return r;
}

int js_set_str(struct json_object *root, const char *pointer, const char *text) {
        return js_set(root, pointer, text ? json_object_new_string(text) : NULL);
}

int js_set_int(struct json_object *root, const char *pointer, int64_t number) {
        return js_set(root, pointer, json_object_new_int64(number));
}

bool js_remove(struct json_object *root, const char *pointer) {
        char segment[SEGMENT_MAX];
        size_t i;

        while (root && next_segment(&pointer, segment)) {
                if (*pointer) {
                        root = step(root, segment);
                        continue;
                }
                if (json_object_is_type(root, json_type_object)) {
                        bool found = json_object_object_get_ex(root, segment, NULL);

                        json_object_object_del(root, segment);
                        return found;
                }
                return json_object_is_type(root, json_type_array) &&
                       array_index(root, segment, &i) && json_object_array_del_idx(root, i, 1) == 0;
        }
        return false;
}

struct json_object *js_clone(struct json_object *value) {
        struct json_object *copy = NULL;

        if (value && json_object_deep_copy(value, &copy, NULL) < 0)
                die("out of memory");
        return copy;
}

void js_copy_members(struct json_object *to, struct json_object *from, const char *names) {
        if (!json_object_is_type(from, json_type_object))
                return;
        js_each_member(from, name, value) {
                if (!names || word_in(names, name, false))
                        json_object_object_add(to, name, js_clone(value));
        }
}

void js_merge_patch(struct json_object *target, struct json_object *patch) {
        if (!json_object_is_type(patch, json_type_object))
                return;
        js_each_member(patch, name, value) {
                struct json_object *old = NULL;

                if (!value) {
                        json_object_object_del(target, name);
                        continue;
                }
                if (!json_object_is_type(value, json_type_object)) {
                        json_object_object_add(target, name, js_clone(value));
                        continue;
                }
                json_object_object_get_ex(target, name, &old);
                if (!json_object_is_type(old, json_type_object)) {
                        old = json_object_new_object();
                        json_object_object_add(target, name, old);
                }
                js_merge_patch(old, value);
        }
}

int js_parse(const char *text, size_t size, struct json_object **ret) {
        struct json_tokener *tokener = json_tokener_new_ex(64);
        struct json_object *value;
        enum json_tokener_error error;
        size_t used;

        if (!tokener)
                die("out of memory");
        json_tokener_set_flags(tokener, JSON_TOKENER_STRICT | JSON_TOKENER_ALLOW_TRAILING_CHARS |
                                                JSON_TOKENER_VALIDATE_UTF8);
        /* With its NUL, as a number is complete only when something follows it. */
        value = size >= INT32_MAX ? NULL : json_tokener_parse_ex(tokener, text, (int)size + 1);
        error = json_tokener_get_error(tokener);
        used = json_tokener_get_parse_end(tokener);
        json_tokener_free(tokener);
        if (error != json_tokener_success)
                return -EBADMSG;
        for (; used < size; used++)
                if (!strchr(" \t\r\n", text[used]) || !text[used]) {
                        json_object_put(value);
                        return -EBADMSG;
                }
        *ret = value;
        return 0;
}

int js_parse_file(const char *path, struct json_object **ret) {
        _cleanup_(freep) char *text = NULL;
        size_t size;
        int r = read_file(path, FILE_MAX, &text, &size);

        return r < 0 ? r : js_parse(text, size, ret);
}
