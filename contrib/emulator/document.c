/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An OpenAPI document: its JSON, references, and its regular expressions, compiled once.
 */
#include "contrib/emulator/document.h"

#include <string.h>

struct pattern {
        const char *text; /* in the document */
        regex_t regex;
        UT_hash_handle hh;
};

/*
 * The documents' patterns are ECMA-262, a subset that differs from POSIX only in brackets: there a
 * backslash escapes, and an escaped '-' must go to the end.
 */
static char *translate(const char *pattern) {
        char *out = x_alloc(strlen(pattern) * 2 + 1), *p = out;
        bool inside = false, minus = false;

        for (; *pattern; pattern++) {
                if (*pattern == '\\' && pattern[1]) {
                        pattern++;
                        if (inside && *pattern == '-') {
                                minus = true;
                                continue;
                        }
                        if (!inside)
                                *p++ = '\\';
                        *p++ = *pattern;
                        continue;
                }
                if (*pattern == ']' && inside) {
                        if (minus)
                                *p++ = '-';
                        inside = minus = false;
                } else if (*pattern == '[') {
                        inside = true;
                }
                *p++ = *pattern;
        }
        return out;
}

static int add_pattern(struct document *document, const char *text) {
        _cleanup_(freep) char *posix = NULL;
        struct pattern *pattern;
        int r;

        HASH_FIND_STR(document->patterns, text, pattern);
        if (pattern)
                return 0;
        posix = translate(text);
        pattern = x_alloc(sizeof(*pattern));
        pattern->text = text;
        r = regcomp(&pattern->regex, posix, REG_EXTENDED | REG_NOSUB);
        if (r != 0) {
                fprintf(stderr, "hcloud-emulator: cannot use the pattern %s\n", text);
                free(pattern);
                return -EBADMSG;
        }
        HASH_ADD_KEYPTR(hh, document->patterns, pattern->text, strlen(text), pattern);
        return 0;
}

/* Compiles every "pattern" that is a string; examples with such a member do no harm. */
static int add_patterns(struct document *document, struct json_object *node) {
        int r = 0;

        if (json_object_is_type(node, json_type_array))
                for (size_t i = 0; r == 0 && i < json_object_array_length(node); i++)
                        r = add_patterns(document, js_at(node, i));
        if (!json_object_is_type(node, json_type_object))
                return r;
        js_each_member(node, name, value) {
                if (strcmp(name, "pattern") == 0 && json_object_is_type(value, json_type_string))
                        r = add_pattern(document, json_object_get_string(value));
                else if (!str_begins(name, "x-") && !str_begins(name, "example"))
                        r = add_patterns(document, value);
                if (r < 0)
                        return r;
        }
        return 0;
}

bool document_matches(const struct document *document, const char *pattern, const char *text) {
        struct pattern *found;

        HASH_FIND_STR(document->patterns, pattern, found);
        return !found || regexec(&found->regex, text, 0, NULL, 0) == 0;
}

int document_load(const char *path, struct document **ret) {
        struct document *document = x_alloc(sizeof(*document));
        int r = js_parse_file(path, &document->root);

        if (r == 0 && !json_object_is_type(js_get(document->root, "/paths"), json_type_object))
                r = -EBADMSG;
        if (r < 0)
                fprintf(stderr, "hcloud-emulator: cannot read the contract %s: %s\n", path,
                        r == -EBADMSG ? "not an OpenAPI document" : strerror(-r));
        else
                r = add_patterns(document, document->root);
        if (r < 0) {
                document_free(document);
                return r;
        }
        *ret = document;
        return 0;
}

struct document *document_free(struct document *document) {
        struct pattern *pattern, *next;

        if (!document)
                return NULL;
        HASH_ITER (hh, document->patterns, pattern, next) {
                HASH_DEL(document->patterns, pattern);
                regfree(&pattern->regex);
                free(pattern);
        }
        json_object_put(document->root);
        free(document);
        return NULL;
}

struct json_object *document_root(const struct document *document) {
        return document->root;
}

struct json_object *document_resolve(const struct document *document, struct json_object *node) {
        for (int depth = 0; depth < 16; depth++) {
                const char *reference = js_str(node, "/$ref");

                if (!reference)
                        return node;
                if (!str_begins(reference, "#/"))
                        return NULL;
                node = js_get(document->root, reference + 1);
        }
        return NULL;
}
