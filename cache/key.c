/* SPDX-License-Identifier: Apache-2.0 */
#include "cache/key.h"

#include "base/digest.h"
#include "base/text.h"

/* Shorter values are no ids that could be recognized in the middle of a body. */
enum { BODY_VALUE_MIN = 4 };

static int key_set(struct key *key, struct buf *text) {
        size_t len;

        key->text = buf_steal(text, &len);
        if (!key->text)
                return -ENOMEM;
        key->hash = digest_hash64(key->text, len);
        return 0;
}

/* The base key has no body: only a few reading calls send one. */
static int whole_key(const struct request *request, struct buf *text) {
        char hex[DIGEST_HEX_SIZE];

        (void)request_key(request, text);
        if (request->body) {
                digest_sha256_hex(request->body, request->body_len, hex);
                (void)buf_printf(text, "#body=%s", hex);
        }
        return text->error;
}

/**
 * ask_init() - find the keys of a reading request, which is borrowed.
 * The caller ends it with ask_done(), also on failure. Returns 0, -EFBIG or -ENOMEM.
 */
int ask_init(struct ask *ask, const struct request *request) {
        struct buf text = BUF_INIT(0);
        int r;

        *ask = (struct ask){ .request = request };
        r = whole_key(request, &text);
        if (r == 0)
                r = key_set(&ask->whole, &text);
        if (r == 0 && request->only) {
                r = buf_printf(&text, "%s#only=%s", ask->whole.text, request->only);
                if (r == 0)
                        r = key_set(&ask->part, &text);
        }
        buf_done(&text);
        return r;
}

/** ask_done() - free the keys. */
void ask_done(struct ask *ask) {
        free(ask->whole.text);
        free(ask->part.text);
        *ask = (struct ask){ 0 };
}

/* Reads `<length>:` and steps over it; false where the text is none. */
static bool read_length(const char **cursor, size_t *ret) {
        const char *p = *cursor;
        size_t length = 0;

        for (; *p >= '0' && *p <= '9' && length < BUF_MAX; p++)
                length = length * 10 + (size_t)(*p - '0');
        if (p == *cursor || *p != ':' || strlen(p + 1) < length)
                return false;
        *cursor = p + 1;
        *ret = length;
        return true;
}

/* One `<n>:name=<n>:value;` of a key. */
struct pair {
        const char *name, *value; /* not terminated */
        size_t name_len, value_len;
};

/* Steps over the next pair; false at their end. The form is that of request_key(). */
static bool next_pair(const char **cursor, struct pair *ret) {
        const char *p = *cursor;
        struct pair pair;

        if (!read_length(&p, &pair.name_len))
                return false;
        pair.name = p;
        p += pair.name_len;
        if (*p++ != '=' || !read_length(&p, &pair.value_len))
                return false;
        pair.value = p;
        p += pair.value_len;
        if (*p++ != ';')
                return false;
        *cursor = p;
        *ret = pair;
        return true;
}

static bool pair_named(const struct pair *pair, const char *name) {
        return strlen(name) == pair->name_len && memcmp(pair->name, name, pair->name_len) == 0;
}

/* Where everything of a project or region is: that is no id of something that changes. */
static bool is_location(const struct pair *pair) {
        return pair_named(pair, "region") || pair_named(pair, "project_id") ||
               pair_named(pair, "domain_id");
}

static const char *pairs_of(const char *key) {
        const char *p = strchr(key, ';');

        return p ? p + 1 : "";
}

static void collect_values(struct change *change) {
        const char *cursor = pairs_of(change->text);
        struct pair pair;

        while (next_pair(&cursor, &pair)) {
                if (is_location(&pair) || !pair.value_len)
                        continue;
                if (change->count == CHANGE_VALUES_MAX) {
                        change->is_everything = true;
                        return;
                }
                change->values[change->count] = pair.value;
                change->lengths[change->count++] = pair.value_len;
        }
}

/** change_new() - what a changing request may change. Returns 0, -EFBIG or -ENOMEM. */
int change_new(const struct request *request, struct change **ret) {
        _cleanup_(change_freep) struct change *change = calloc(1, sizeof(*change));
        struct buf text = BUF_INIT(0);

        if (!change)
                return -ENOMEM;
        (void)request_key(request, &text);
        change->text = buf_steal(&text, NULL);
        if (!change->text)
                return -ENOMEM;
        if (request->body_len) {
                change->body = malloc(request->body_len);
                if (!change->body)
                        return -ENOMEM;
                memcpy(change->body, request->body, request->body_len);
                change->body_len = request->body_len;
        }
        change->service = request->call->service;
        collect_values(change);
        *ret = STEAL(change);
        return 0;
}

/** change_free() - free a change; NULL is fine. Returns NULL. */
struct change *change_free(struct change *change) {
        if (!change)
                return NULL;
        free(change->text);
        free(change->body);
        free(change);
        return NULL;
}

static bool has_value(const struct change *change, const struct pair *pair) {
        for (size_t i = 0; i < change->count; i++)
                if (change->lengths[i] == pair->value_len &&
                    memcmp(change->values[i], pair->value, pair->value_len) == 0)
                        return true;
        return change->body && pair->value_len >= BODY_VALUE_MIN &&
               memmem(change->body, change->body_len, pair->value, pair->value_len);
}

/**
 * change_touches() - may an answer of the change's own service be another one now?
 * Too often rather than too seldom: each list, and whatever has an id in its key that the change
 * has as a parameter or in its body.
 */
bool change_touches(const struct change *change, const char *key, bool is_list) {
        const char *cursor = pairs_of(key);
        struct pair pair;

        if (is_list || change->is_everything)
                return true;
        while (next_pair(&cursor, &pair))
                if (!is_location(&pair) && has_value(change, &pair))
                        return true;
        return false;
}
