/* SPDX-License-Identifier: Apache-2.0 */
#include "cache/load.h"

#include <endian.h>

#include "base/digest.h"
#include "base/text.h"

/* Columns of STATEMENT_HEAD. */
enum {
        HEAD_NUMBER,
        HEAD_KEY,
        HEAD_ASKED,
        HEAD_FETCHED,
        HEAD_CHANGED,
        HEAD_USED,
        HEAD_STATUS,
        HEAD_OUTDATED,
        HEAD_PARTIAL,
        HEAD_COUNT,
        HEAD_BODY_SUM,
        HEAD_REVISION,
        HEAD_REQUEST_ID,
        HEAD_PLACES,
};

static void read_head(sqlite3_stmt *row, struct head *ret) {
        *ret = (struct head){
                .number = sqlite3_column_int64(row, HEAD_NUMBER),
                .asked_ms = sqlite3_column_int64(row, HEAD_ASKED),
                .fetched_ms = sqlite3_column_int64(row, HEAD_FETCHED),
                .changed_ms = sqlite3_column_int64(row, HEAD_CHANGED),
                .used_ms = sqlite3_column_int64(row, HEAD_USED),
                .status = sqlite3_column_int(row, HEAD_STATUS),
                .is_outdated = sqlite3_column_int(row, HEAD_OUTDATED) != 0,
                .is_partial = sqlite3_column_int(row, HEAD_PARTIAL) != 0,
                .count = (size_t)sqlite3_column_int64(row, HEAD_COUNT),
        };
}

/* Stands on the row of a key, until the statement is ended. -ENOENT without one. */
static int find_head(struct connection *connection, const struct key *key, sqlite3_stmt **ret) {
        sqlite3_stmt *row;
        int r;

        r = connection_get(connection, STATEMENT_HEAD, &row);
        if (r < 0)
                return r;
        (void)sqlite3_bind_int64(row, 1, (int64_t)key->hash);
        r = statement_step(row);
        if (r > 0 && text_eq((const char *)sqlite3_column_text(row, HEAD_KEY), key->text)) {
                *ret = row;
                return 0;
        }
        statement_end(&row);
        return r < 0 ? r : -ENOENT;
}

/** load_head() - what stands beside an answer. Returns 0, -ENOENT, or another negative errno. */
int load_head(struct connection *connection, const struct key *key, struct head *ret) {
        _cleanup_(statement_end) sqlite3_stmt *row = NULL;
        int r;

        r = find_head(connection, key, &row);
        if (r == 0)
                read_head(row, ret);
        return r;
}

/* Reads a column whose sum must be @sum; until the next step. */
static int read_blob(sqlite3_stmt *row, int column, int64_t sum, const char **ret,
                     size_t *ret_len) {
        const char *data = sqlite3_column_blob(row, column);
        size_t len = (size_t)sqlite3_column_bytes(row, column);

        if (len && !data)
                return -ENOMEM;
        if ((int64_t)digest_hash64(data, len) != sum)
                return -EBADMSG;
        *ret = len ? data : "";
        *ret_len = len;
        return 0;
}

/* An answer may have no body at all, and no sum then. */
static int load_body(struct connection *connection, sqlite3_stmt *head_row, const struct head *head,
                     struct answer *answer) {
        _cleanup_(statement_end) sqlite3_stmt *row = NULL;
        const char *body;
        size_t len;
        int r;

        if (sqlite3_column_type(head_row, HEAD_BODY_SUM) == SQLITE_NULL)
                return 0;
        r = connection_get(connection, STATEMENT_ITEM, &row);
        if (r < 0)
                return r;
        (void)sqlite3_bind_int64(row, 1, head->number);
        (void)sqlite3_bind_int64(row, 2, PLACE_BODY);
        r = statement_step(row);
        if (r <= 0)
                return r < 0 ? r : -EBADMSG;
        r = read_blob(row, 1, sqlite3_column_int64(head_row, HEAD_BODY_SUM), &body, &len);
        return r < 0 ? r : answer_set_body(answer, body, len);
}

/* Returns 1, 0 if no row has that id, or negative errno. */
static int load_item(struct connection *connection, const struct head *head, const char *id,
                     struct answer *answer) {
        _cleanup_(statement_end) sqlite3_stmt *row = NULL;
        const char *body;
        size_t len;
        int r;

        r = connection_get(connection, STATEMENT_ITEM_BY_ID, &row);
        if (r < 0)
                return r;
        (void)sqlite3_bind_int64(row, 1, head->number);
        (void)sqlite3_bind_text(row, 2, id, -1, SQLITE_STATIC);
        r = statement_step(row);
        if (r <= 0)
                return r;
        r = read_blob(row, 1, sqlite3_column_int64(row, 0), &body, &len);
        if (r == 0)
                r = answer_add(answer, id, body, len);
        return r < 0 ? r : 1;
}

/* Where an item stands in the file and in its list. */
struct position {
        uint32_t place, ordinal;
};

static int compare_positions(const void *a, const void *b) {
        const struct position *left = a, *right = b;

        return left->place < right->place ? -1 : left->place > right->place;
}

/* The positions of a list's items in the order of their rows. */
static int read_positions(sqlite3_stmt *head_row, size_t count, struct position **ret) {
        const uint8_t *places = sqlite3_column_blob(head_row, HEAD_PLACES);
        struct position *positions;
        uint32_t place;

        if (count > ANSWER_ITEMS_MAX || !places ||
            (size_t)sqlite3_column_bytes(head_row, HEAD_PLACES) != count * sizeof(place))
                return -EBADMSG;
        positions = calloc(count, sizeof(*positions));
        if (!positions)
                return -ENOMEM;
        for (size_t i = 0; i < count; i++) {
                memcpy(&place, places + i * sizeof(place), sizeof(place));
                positions[i] = (struct position){ le32toh(place), (uint32_t)i };
        }
        qsort(positions, count, sizeof(*positions), compare_positions);
        *ret = positions;
        return 0;
}

/* Puts the next row of the range where the list has it. */
static int take_item(sqlite3_stmt *row, const struct position *position, struct answer *answer) {
        struct answer_item *item = &answer->items[position->ordinal];
        const char *id = (const char *)sqlite3_column_text(row, 1);
        const char *body;
        size_t len;
        int r;

        if (!id || sqlite3_column_int64(row, 0) != position->place || item->id)
                return -EBADMSG;
        r = read_blob(row, 3, sqlite3_column_int64(row, 2), &body, &len);
        if (r < 0)
                return r;
        item->id = answer_keep(answer, id, strlen(id));
        item->body = answer_keep(answer, body, len);
        item->len = len;
        return item->id && item->body ? 0 : -ENOMEM;
}

static int load_rows(struct connection *connection, const struct head *head,
                     const struct position *positions, struct answer *answer) {
        _cleanup_(statement_end) sqlite3_stmt *row = NULL;
        int r;

        r = connection_get(connection, STATEMENT_ITEMS, &row);
        if (r < 0)
                return r;
        (void)sqlite3_bind_int64(row, 1, head->number);
        for (size_t i = 0; i < head->count; i++) {
                r = statement_step(row);
                if (r == 0)
                        return -EBADMSG;
                if (r > 0)
                        r = take_item(row, &positions[i], answer);
                if (r < 0)
                        return r;
        }
        return statement_step(row) == 0 ? 0 : -EBADMSG;
}

static int load_items(struct connection *connection, sqlite3_stmt *head_row,
                      const struct head *head, struct answer *answer) {
        _cleanup_(freep) struct position *positions = NULL;
        int r;

        if (!head->count)
                return 0;
        r = read_positions(head_row, head->count, &positions);
        if (r < 0)
                return r;
        answer->items = calloc(head->count, sizeof(*answer->items));
        if (!answer->items)
                return -ENOMEM;
        answer->count = answer->capacity = head->count;
        return load_rows(connection, head, positions, answer);
}

static int copy_column(sqlite3_stmt *row, int column, char **ret) {
        const char *text = (const char *)sqlite3_column_text(row, column);

        *ret = text ? strdup(text) : NULL;
        return text && !*ret ? -ENOMEM : 0;
}

/* What the index does not have is looked for in the whole list, whose rows are counted. */
static int load_some(struct connection *connection, sqlite3_stmt *head_row, const char *only,
                     const struct head *head, struct answer *answer) {
        int r;

        r = only ? load_item(connection, head, only, answer) : 0;
        if (r == 0)
                return load_items(connection, head_row, head, answer);
        if (r > 0)
                answer->is_partial = true;
        return r < 0 ? r : 0;
}

static int fill(struct connection *connection, sqlite3_stmt *head_row, const char *only,
                const struct head *head, struct answer *answer) {
        int r;

        answer->fetched_ms = head->fetched_ms;
        answer->changed_ms = head->changed_ms;
        answer->status = head->status;
        answer->is_partial = head->is_partial;
        r = copy_column(head_row, HEAD_REVISION, &answer->revision);
        if (r == 0)
                r = copy_column(head_row, HEAD_REQUEST_ID, &answer->request_id);
        if (r == 0)
                r = load_body(connection, head_row, head, answer);
        if (r == 0)
                r = load_some(connection, head_row, only, head, answer);
        return r == 0 ? answer_seal(answer) : r;
}

static int load_inside(struct connection *connection, const struct key *key, const char *only,
                       struct head *ret_head, struct answer **ret) {
        _cleanup_(statement_end) sqlite3_stmt *row = NULL;
        _cleanup_(answer_unrefp) struct answer *answer = NULL;
        struct head head;
        int r;

        r = find_head(connection, key, &row);
        if (r == 0)
                r = answer_new(&answer);
        if (r < 0)
                return r;
        read_head(row, &head);
        r = fill(connection, row, only, &head, answer);
        if (r < 0)
                return r;
        *ret_head = head;
        *ret = STEAL(answer);
        return 0;
}

/**
 * load_answer() - read an answer.
 * @only: id of the one item to read, which makes a partial answer; the whole list if it has none of
 * that id. @ret: a sealed answer.
 * Returns 0, -ENOENT, -EBADMSG when the file is damaged, or another negative errno.
 */
int load_answer(struct connection *connection, const struct key *key, const char *only,
                struct head *ret_head, struct answer **ret) {
        int r;

        r = connection_run(connection, STATEMENT_BEGIN_READ);
        if (r < 0)
                return r;
        r = load_inside(connection, key, only, ret_head, ret);
        (void)connection_run(connection, STATEMENT_COMMIT);
        return r;
}

/** load_seen() - when a content was first seen. Returns 0, -ENOENT, or another negative errno. */
int load_seen(struct connection *connection, uint64_t key, struct seen *ret) {
        _cleanup_(statement_end) sqlite3_stmt *row = NULL;
        int r;

        r = connection_get(connection, STATEMENT_SEEN, &row);
        if (r < 0)
                return r;
        (void)sqlite3_bind_int64(row, 1, (int64_t)key);
        r = statement_step(row);
        if (r <= 0)
                return r < 0 ? r : -ENOENT;
        *ret = (struct seen){ .key = key,
                              .hash = (uint64_t)sqlite3_column_int64(row, 0),
                              .ms = sqlite3_column_int64(row, 1) };
        return 0;
}
