/* SPDX-License-Identifier: Apache-2.0 */
#include "cache/merge.h"

#include "base/text.h"

/* What blocks and the text that does not fill them cost beside, for honest sums. */
enum { BLOCK_BYTES = 64 };

/** answer_bytes() - memory that an answer with its items takes, about. */
size_t answer_bytes(const struct answer *answer) {
        size_t bytes = 2 * sizeof(*answer) + BLOCK_BYTES + answer->len;

        for (size_t i = 0; i < answer->count; i++) {
                const struct answer_item *item = &answer->items[i];

                bytes += sizeof(*item) + sizeof(*answer->by_id) + strlen(item->id) + item->len + 2;
        }
        return bytes;
}

/** answer_shares() - do two answers show one content, of which there is only one copy? */
bool answer_shares(const struct answer *a, const struct answer *b) {
        return (a->base ? a->base : a) == (b->base ? b->base : b);
}

static bool same_bytes(const char *a, size_t a_len, const char *b, size_t b_len) {
        return a_len == b_len && (a_len == 0 || memcmp(a, b, a_len) == 0);
}

/* Texts that are no JSON are equal only byte by byte. */
static bool same_value(const char *a, size_t a_len, const char *b, size_t b_len) {
        _cleanup_(json_freep) struct json *left = NULL, *right = NULL;

        if (same_bytes(a, a_len, b, b_len))
                return true;
        if (!a_len || !b_len || json_parse(a, a_len, &left, NULL) < 0 ||
            json_parse(b, b_len, &right, NULL) < 0)
                return false;
        return json_equal(left, right);
}

/* How a received answer compares to the known one. */
struct comparison {
        const struct answer_item **twins; /* for each received item the known one of equal value */
        bool is_same_body;                /* equal in value */
        bool is_same;                     /* all of it, in the same order */
        bool has_old_bytes;               /* something equal came in other bytes */
};

static void compare_item(const struct answer *known, const struct answer *received, size_t i,
                         struct comparison *comparison) {
        const struct answer_item *item = &received->items[i];
        const struct answer_item *twin = answer_find(known, item->id);

        if (!twin || !same_value(twin->body, twin->len, item->body, item->len)) {
                comparison->is_same = false;
                return;
        }
        comparison->twins[i] = twin;
        if (!same_bytes(twin->body, twin->len, item->body, item->len))
                comparison->has_old_bytes = true;
        /* A part has one item, whose place in the whole says nothing. */
        if (!received->is_partial && twin != &known->items[i])
                comparison->is_same = false;
}

static int compare(const struct answer *known, const struct answer *received,
                   struct comparison *ret) {
        ret->twins = calloc(received->count + 1, sizeof(*ret->twins));
        if (!ret->twins)
                return -ENOMEM;
        ret->is_same_body = same_value(known->body, known->len, received->body, received->len);
        ret->is_same = ret->is_same_body || received->is_partial;
        if (ret->is_same_body &&
            !same_bytes(known->body, known->len, received->body, received->len))
                ret->has_old_bytes = true;
        if (!received->is_partial && known->count != received->count)
                ret->is_same = false;
        for (size_t i = 0; i < received->count; i++)
                compare_item(known, received, i, ret);
        return 0;
}

static int fill(const struct answer *known, const struct answer *received,
                const struct comparison *comparison, struct answer *answer) {
        const struct answer *body = comparison->is_same_body ? known : received;
        int r = 0;

        if (body->body)
                r = answer_set_body(answer, body->body, body->len);
        for (size_t i = 0; r == 0 && i < received->count; i++) {
                const struct answer_item *item = comparison->twins[i];

                if (!item)
                        item = &received->items[i];
                r = answer_add(answer, item->id, item->body, item->len);
        }
        return r == 0 ? answer_seal(answer) : r;
}

static int replace_text(char **text, const char *with) {
        char *copy = with ? strdup(with) : NULL;

        if (with && !copy)
                return -ENOMEM;
        free(*text);
        *text = copy;
        return 0;
}

/* The content of one answer with the circumstances of another. */
static int dress(struct answer *content, const struct answer *received, int64_t changed_ms,
                 struct answer **ret) {
        _cleanup_(answer_unrefp) struct answer *answer = NULL;
        int r;

        r = answer_alias(content, &answer);
        if (r == 0)
                r = replace_text(&answer->revision, received->revision);
        if (r == 0)
                r = replace_text(&answer->request_id, received->request_id);
        if (r < 0)
                return r;
        answer->status = received->status;
        answer->is_partial = received->is_partial;
        answer->is_stale = false;
        answer->fetched_ms = received->fetched_ms;
        answer->changed_ms = changed_ms;
        *ret = STEAL(answer);
        return 0;
}

/**
 * merge_unchanged() - what is known, confirmed by an answer that says that it still holds.
 * The revision stays where the confirmation does not repeat it. 0 or -ENOMEM.
 */
int merge_unchanged(struct answer *known, struct answer *confirmation, struct answer **ret) {
        _cleanup_(answer_unrefp) struct answer *answer = NULL;
        int r;

        r = answer_alias(known, &answer);
        if (r == 0 && confirmation->revision)
                r = replace_text(&answer->revision, confirmation->revision);
        if (r == 0)
                r = replace_text(&answer->request_id, confirmation->request_id);
        if (r < 0)
                return r;
        answer->fetched_ms = confirmation->fetched_ms;
        answer->is_stale = false;
        *ret = STEAL(answer);
        return 0;
}

/* The known bytes of what is equal and the received ones of what is not. */
static int weave(const struct answer *known, const struct answer *received,
                 const struct comparison *comparison, int64_t changed_ms, struct answer **ret) {
        _cleanup_(answer_unrefp) struct answer *content = NULL;
        int r;

        r = answer_new(&content);
        if (r == 0)
                r = fill(known, received, comparison, content);
        return r == 0 ? dress(content, received, changed_ms, ret) : r;
}

static int merge(struct answer *known, struct answer *received, const struct comparison *comparison,
                 struct answer **ret) {
        int64_t changed_ms = comparison->is_same ? known->changed_ms : received->fetched_ms;

        if (comparison->is_same && known->is_partial == received->is_partial)
                return dress(known, received, changed_ms, ret);
        if (comparison->has_old_bytes)
                return weave(known, received, comparison, changed_ms, ret);
        return dress(received, received, changed_ms, ret);
}

/**
 * merge_answers() - what is remembered of a received answer, given the one known before.
 * @known: NULL: none; of the same request, or the whole list where @received is a part of it.
 * What is equal in value keeps its bytes; if all is equal in the same order, it keeps the time of
 * its last change. What moves by itself (call->is_volatile) is not compared.
 * @ret: a new answer, exactly @known's content if nothing changed. Returns 0 or -ENOMEM.
 */
int merge_answers(const struct call *call, struct answer *known, struct answer *received,
                  struct answer **ret) {
        struct comparison comparison = { 0 };
        int r;

        if (!known || call->is_volatile)
                return dress(received, received, received->fetched_ms, ret);
        r = compare(known, received, &comparison);
        if (r == 0)
                r = merge(known, received, &comparison, ret);
        free(comparison.twins);
        return r;
}

/* All items but that of an id; in its place the new one, at the end where there was none. */
static int fill_but(const struct answer *known, const char *id, const char *body, size_t len,
                    struct answer *answer) {
        bool is_new = !answer_find(known, id);
        int r = 0;

        if (known->body)
                r = answer_set_body(answer, known->body, known->len);
        for (size_t i = 0; r == 0 && i < known->count; i++) {
                const struct answer_item *item = &known->items[i];

                if (strcmp(item->id, id) != 0)
                        r = answer_add(answer, item->id, item->body, item->len);
                else if (body)
                        r = answer_add(answer, id, body, len);
        }
        if (r == 0 && body && is_new)
                r = answer_add(answer, id, body, len);
        return r == 0 ? answer_seal(answer) : r;
}

/**
 * merge_item() - a list with one item as it is now; NULL as @body: the item has gone.
 * Returns 0, -EALREADY if it is so already, or -ENOMEM.
 */
int merge_item(struct answer *known, const char *id, const char *body, size_t len, int64_t now_ms,
               struct answer **ret) {
        _cleanup_(answer_unrefp) struct answer *content = NULL;
        const struct answer_item *item = answer_find(known, id);
        int r;

        if (body ? item && same_value(item->body, item->len, body, len) : !item)
                return -EALREADY;
        r = answer_new(&content);
        if (r == 0)
                r = fill_but(known, id, body, len, content);
        return r == 0 ? dress(content, known, now_ms, ret) : r;
}
