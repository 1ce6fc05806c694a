/* SPDX-License-Identifier: Apache-2.0 */
#include "cache/keep.h"

#include <endian.h>

#include "base/digest.h"
#include "base/text.h"

enum { PLACE_NONE = UINT32_MAX, PAGE_BYTES = 4096, SEEN_STEP = 1024 };

/* How the items of a list come to their rows. */
struct plan {
        const struct answer *answer;
        int64_t number;
        uint64_t *sums;   /* of each item */
        uint32_t *places; /* of each item, PLACE_NONE until it has one */
        bool *is_kept;    /* the row has this body already */
        uint32_t *gone;   /* places whose items are no more */
        size_t n_gone, gone_capacity;
        uint32_t next; /* place behind the last one */
};

static void plan_done(struct plan *plan) {
        free(plan->sums);
        free(plan->places);
        free(plan->is_kept);
        free(plan->gone);
}

static int plan_init(struct plan *plan, const struct answer *answer, int64_t number) {
        *plan = (struct plan){ .answer = answer, .number = number };
        plan->sums = calloc(answer->count + 1, sizeof(*plan->sums));
        plan->places = calloc(answer->count + 1, sizeof(*plan->places));
        plan->is_kept = calloc(answer->count + 1, sizeof(*plan->is_kept));
        if (!plan->sums || !plan->places || !plan->is_kept)
                return -ENOMEM;
        for (size_t i = 0; i < answer->count; i++) {
                plan->sums[i] = digest_hash64(answer->items[i].body, answer->items[i].len);
                plan->places[i] = PLACE_NONE;
        }
        return 0;
}

static int plan_gone(struct plan *plan, uint32_t place) {
        int r;

        r = array_grow(&plan->gone, &plan->gone_capacity, plan->n_gone, PLACES_MAX,
                       sizeof(*plan->gone));
        if (r == 0)
                plan->gone[plan->n_gone++] = place;
        return r;
}

/* The rows and the positions by id are in the same order: one pass over both. */
static int plan_match(struct plan *plan, struct connection *connection) {
        _cleanup_(statement_end) sqlite3_stmt *row = NULL;
        const struct answer *answer = plan->answer;
        size_t i = 0;
        int r;

        r = connection_get(connection, STATEMENT_ITEM_SUMS, &row);
        if (r < 0)
                return r;
        (void)sqlite3_bind_int64(row, 1, plan->number);
        for (;;) {
                const char *id;
                uint32_t place;
                int order = 1;

                r = statement_step(row);
                if (r <= 0)
                        return r;
                id = (const char *)sqlite3_column_text(row, 0);
                place = (uint32_t)sqlite3_column_int64(row, 2);
                if (!id)
                        return -ENOMEM;
                if (place >= plan->next)
                        plan->next = place + 1;
                for (; i < answer->count; i++) {
                        order = strcmp(answer->items[answer->by_id[i]].id, id);
                        if (order >= 0)
                                break;
                }
                if (i < answer->count && order == 0) {
                        plan->places[answer->by_id[i]] = place;
                        plan->is_kept[answer->by_id[i]] = plan->sums[answer->by_id[i]] ==
                                                          (uint64_t)sqlite3_column_int64(row, 1);
                        i++;
                } else {
                        r = plan_gone(plan, place);
                        if (r < 0)
                                return r;
                }
        }
}

static int write_row(struct connection *connection, enum statement which, int64_t number,
                     uint32_t place, const struct answer_item *item, uint64_t sum) {
        sqlite3_stmt *statement;
        int r;

        r = connection_get(connection, which, &statement);
        if (r < 0)
                return r;
        (void)sqlite3_bind_int64(statement, 1, number);
        (void)sqlite3_bind_int64(statement, 2, place);
        if (item->id && which == STATEMENT_ADD_ITEM)
                (void)sqlite3_bind_text(statement, 3, item->id, -1, SQLITE_STATIC);
        (void)sqlite3_bind_int64(statement, 4, (int64_t)sum);
        (void)sqlite3_bind_blob64(statement, 5, item->len ? item->body : "", item->len,
                                  SQLITE_STATIC);
        return statement_run(statement);
}

static int drop_row(struct connection *connection, int64_t number, uint32_t place) {
        sqlite3_stmt *statement;
        int r;

        r = connection_get(connection, STATEMENT_DROP_ITEM, &statement);
        if (r < 0)
                return r;
        (void)sqlite3_bind_int64(statement, 1, number);
        (void)sqlite3_bind_int64(statement, 2, place);
        return statement_run(statement);
}

/* -ERANGE when the places are used up by those that came and went. */
static int plan_apply(struct plan *plan, struct connection *connection) {
        int r = 0;

        for (size_t i = 0; r == 0 && i < plan->n_gone; i++)
                r = drop_row(connection, plan->number, plan->gone[i]);
        for (size_t i = 0; r == 0 && i < plan->answer->count; i++) {
                enum statement which = STATEMENT_SET_ITEM;

                if (plan->is_kept[i])
                        continue;
                if (plan->places[i] == PLACE_NONE) {
                        which = STATEMENT_ADD_ITEM;
                        plan->places[i] = plan->n_gone ? plan->gone[--plan->n_gone] : plan->next++;
                        if (plan->places[i] >= PLACES_MAX)
                                return -ERANGE;
                }
                r = write_row(connection, which, plan->number, plan->places[i],
                              &plan->answer->items[i], plan->sums[i]);
        }
        return r;
}

static int run_with(struct connection *connection, enum statement which, int64_t number) {
        sqlite3_stmt *statement;
        int r;

        r = connection_get(connection, which, &statement);
        if (r < 0)
                return r;
        (void)sqlite3_bind_int64(statement, 1, number);
        return statement_run(statement);
}

/* Brings the rows of an answer's items to what they are now, and says where they stand. */
static int keep_items(struct connection *connection, int64_t number, const struct answer *answer,
                      uint32_t **ret) {
        struct plan plan;
        int r;

        r = plan_init(&plan, answer, number);
        if (r == 0)
                r = plan_match(&plan, connection);
        if (r == 0)
                r = plan_apply(&plan, connection);
        if (r == -ERANGE) {
                plan_done(&plan);
                r = plan_init(&plan, answer, number);
                if (r == 0)
                        r = run_with(connection, STATEMENT_DROP_ITEMS, number);
                if (r == 0)
                        r = plan_apply(&plan, connection);
        }
        for (size_t i = 0; r == 0 && i < answer->count; i++)
                plan.places[i] = htole32(plan.places[i]);
        if (r == 0)
                *ret = STEAL(plan.places);
        plan_done(&plan);
        return r;
}

/* The sum of the body's row; 0 and no row is -ENOENT. */
static int body_sum(struct connection *connection, int64_t number, uint64_t *ret) {
        _cleanup_(statement_end) sqlite3_stmt *row = NULL;
        int r;

        r = connection_get(connection, STATEMENT_ITEM, &row);
        if (r < 0)
                return r;
        (void)sqlite3_bind_int64(row, 1, number);
        (void)sqlite3_bind_int64(row, 2, PLACE_BODY);
        r = statement_step(row);
        if (r <= 0)
                return r < 0 ? r : -ENOENT;
        *ret = (uint64_t)sqlite3_column_int64(row, 0);
        return 0;
}

/* @ret_sum: of the body, if there is one. */
static int keep_body(struct connection *connection, int64_t number, const struct answer *answer,
                     uint64_t *ret_sum) {
        const struct answer_item body = { .body = answer->body, .len = answer->len };
        uint64_t known;
        int r;

        r = body_sum(connection, number, &known);
        if (!answer->body)
                return r == 0 ? drop_row(connection, number, PLACE_BODY) : r == -ENOENT ? 0 : r;
        *ret_sum = digest_hash64(body.body, body.len);
        if (r == 0 && *ret_sum == known)
                return 0;
        if (r < 0 && r != -ENOENT)
                return r;
        return write_row(connection, STATEMENT_ADD_ITEM, number, PLACE_BODY, &body, *ret_sum);
}

static int drop_answer(struct connection *connection, int64_t number) {
        int r;

        r = run_with(connection, STATEMENT_DROP_ITEMS, number);
        return r == 0 ? run_with(connection, STATEMENT_DROP, number) : r;
}

/* The number of a key's row. Returns 0, -ENOENT, or another negative errno. */
static int find_number(struct connection *connection, const struct key *key, int64_t *ret) {
        _cleanup_(statement_end) sqlite3_stmt *row = NULL;
        int64_t number;
        int r;

        r = connection_get(connection, STATEMENT_FIND, &row);
        if (r < 0)
                return r;
        (void)sqlite3_bind_int64(row, 1, (int64_t)key->hash);
        r = statement_step(row);
        if (r <= 0)
                return r < 0 ? r : -ENOENT;
        number = sqlite3_column_int64(row, 0);
        if (!text_eq((const char *)sqlite3_column_text(row, 1), key->text)) {
                /* Two keys with one hash: the later one has it. */
                statement_end(&row);
                r = drop_answer(connection, number);
                return r < 0 ? r : -ENOENT;
        }
        *ret = number;
        return 0;
}

static int add_answer(struct connection *connection, const struct record *record, int64_t *ret) {
        sqlite3_stmt *statement;
        int r;

        r = connection_get(connection, STATEMENT_ADD, &statement);
        if (r < 0)
                return r;
        (void)sqlite3_bind_int64(statement, 1, (int64_t)record->key->hash);
        (void)sqlite3_bind_text(statement, 2, record->key->text, -1, SQLITE_STATIC);
        (void)sqlite3_bind_text(statement, 3, record->service, -1, SQLITE_STATIC);
        (void)sqlite3_bind_int(statement, 4, record->is_list);
        r = statement_run(statement);
        if (r == 0)
                *ret = sqlite3_last_insert_rowid(connection->db);
        return r;
}

/* What STATEMENT_SET and STATEMENT_CONFIRM have in common. */
static void bind_circumstances(sqlite3_stmt *statement, const struct record *record) {
        const struct answer *answer = record->answer;

        (void)sqlite3_bind_int64(statement, 2, record->asked_ms);
        (void)sqlite3_bind_int64(statement, 3, answer->fetched_ms);
        (void)sqlite3_bind_int(statement, 4, record->is_outdated);
        (void)sqlite3_bind_int(statement, 5, answer->status);
        (void)sqlite3_bind_text(statement, 6, answer->revision, -1, SQLITE_STATIC);
        (void)sqlite3_bind_text(statement, 7, answer->request_id, -1, SQLITE_STATIC);
        (void)sqlite3_bind_int64(statement, 8, answer->changed_ms);
        (void)sqlite3_bind_int(statement, 9, answer->is_partial);
        (void)sqlite3_bind_int64(statement, 10, (int64_t)answer->count);
}

static int set_answer(struct connection *connection, int64_t number, const struct record *record,
                      const uint32_t *places, uint64_t body_sum) {
        sqlite3_stmt *statement;
        int r;

        r = connection_get(connection, STATEMENT_SET, &statement);
        if (r < 0)
                return r;
        (void)sqlite3_bind_int64(statement, 1, number);
        bind_circumstances(statement, record);
        if (record->answer->count)
                (void)sqlite3_bind_blob64(statement, 11, places,
                                          record->answer->count * sizeof(*places), SQLITE_STATIC);
        if (record->answer->body)
                (void)sqlite3_bind_int64(statement, 12, (int64_t)body_sum);
        return statement_run(statement);
}

/* Returns 1 if the row with this content was there, 0 if not. */
static int confirm_answer(struct connection *connection, const struct record *record) {
        sqlite3_stmt *statement;
        int r;

        r = connection_get(connection, STATEMENT_CONFIRM, &statement);
        if (r < 0)
                return r;
        (void)sqlite3_bind_int64(statement, 1, (int64_t)record->key->hash);
        bind_circumstances(statement, record);
        (void)sqlite3_bind_text(statement, 11, record->key->text, -1, SQLITE_STATIC);
        r = statement_run(statement);
        return r < 0 ? r : sqlite3_changes(connection->db) > 0;
}

/** keep_answer() - write an answer; of a list only the rows that changed. 0 or negative errno. */
int keep_answer(struct connection *connection, const struct record *record) {
        _cleanup_(freep) uint32_t *places = NULL;
        uint64_t body_sum = 0;
        int64_t number;
        int r = 0;

        if (record->is_confirmed)
                r = confirm_answer(connection, record);
        if (r != 0)
                return r < 0 ? r : 0;
        r = find_number(connection, record->key, &number);
        if (r == -ENOENT)
                r = add_answer(connection, record, &number);
        if (r == 0)
                r = keep_items(connection, number, record->answer, &places);
        if (r == 0)
                r = keep_body(connection, number, record->answer, &body_sum);
        return r == 0 ? set_answer(connection, number, record, places, body_sum) : r;
}

/** keep_use() - an answer was read: it goes later than others. 0 or negative errno. */
int keep_use(struct connection *connection, const struct key *key, int64_t now_ms) {
        sqlite3_stmt *statement;
        int r;

        r = connection_get(connection, STATEMENT_USE, &statement);
        if (r < 0)
                return r;
        (void)sqlite3_bind_int64(statement, 1, (int64_t)key->hash);
        (void)sqlite3_bind_int64(statement, 2, now_ms);
        return statement_run(statement);
}

/** keep_not() - delete an answer, if it is there. 0 or negative errno. */
int keep_not(struct connection *connection, const struct key *key) {
        int64_t number;
        int r;

        r = find_number(connection, key, &number);
        if (r < 0)
                return r == -ENOENT ? 0 : r;
        return drop_answer(connection, number);
}

/* SQL: touches(change, key, is_list) */
static void sql_touches(sqlite3_context *context, int count, sqlite3_value **values) {
        const struct change *change = sqlite3_value_pointer(values[0], "change");
        const char *key = (const char *)sqlite3_value_text(values[1]);

        (void)count;
        sqlite3_result_int(context,
                           !change || !key ||
                                   change_touches(change, key, sqlite3_value_int(values[2]) != 0));
}

/** keep_prepare() - make a connection fit for writing. 0 or negative errno. */
int keep_prepare(struct connection *connection) {
        int rc = sqlite3_create_function_v2(connection->db, "touches", 3,
                                            SQLITE_UTF8 | SQLITE_DIRECTONLY, NULL, sql_touches,
                                            NULL, NULL, NULL);

        return connection_error(connection, rc);
}

/** keep_change() - outdate what a change may have touched; NULL: everything. */
int keep_change(struct connection *connection, struct change *change) {
        sqlite3_stmt *statement;
        int r;

        if (!change)
                return connection_run(connection, STATEMENT_CHANGE_ALL);
        r = connection_get(connection, STATEMENT_CHANGE, &statement);
        if (r < 0)
                return r;
        (void)sqlite3_bind_text(statement, 1, change->service, -1, SQLITE_STATIC);
        (void)sqlite3_bind_pointer(statement, 2, change, "change", NULL);
        return statement_run(statement);
}

/** keep_seen() - write when a content was first seen. 0 or negative errno. */
int keep_seen(struct connection *connection, const struct seen *seen) {
        sqlite3_stmt *statement;
        int r;

        r = connection_get(connection, STATEMENT_ADD_SEEN, &statement);
        if (r < 0)
                return r;
        (void)sqlite3_bind_int64(statement, 1, (int64_t)seen->key);
        (void)sqlite3_bind_int64(statement, 2, (int64_t)seen->hash);
        (void)sqlite3_bind_int64(statement, 3, seen->ms);
        return statement_run(statement);
}

/** keep_bytes() - bytes of the file that are in use. 0 or negative errno. */
int keep_bytes(struct connection *connection, uint64_t *ret) {
        int64_t pages, unused;
        int r;

        r = connection_number(connection, STATEMENT_PAGES, &pages);
        if (r == 0)
                r = connection_number(connection, STATEMENT_FREE_PAGES, &unused);
        if (r < 0)
                return r;
        *ret = (uint64_t)(pages - unused) * PAGE_BYTES;
        return 0;
}

/*
 * Drops what was not used for the longest time; contents' first times when nothing else is left.
 * Returns 1, 0 when nothing at all is left, or negative errno.
 */
static int drop_oldest(struct connection *connection) {
        int64_t number = 0;
        int r;

        r = connection_number(connection, STATEMENT_OLDEST, &number);
        if (r < 0)
                return r;
        if (number) {
                r = drop_answer(connection, number);
                return r < 0 ? r : 1;
        }
        r = run_with(connection, STATEMENT_DROP_SEEN, SEEN_STEP);
        return r < 0 ? r : sqlite3_changes(connection->db) > 0;
}

/** keep_within() - delete until no more bytes are in use, or nothing is left. 0 or errno. */
int keep_within(struct connection *connection, uint64_t max_bytes) {
        uint64_t bytes;
        int r;

        for (;;) {
                r = keep_bytes(connection, &bytes);
                if (r < 0 || bytes <= max_bytes)
                        return r;
                r = drop_oldest(connection);
                if (r <= 0)
                        return r;
        }
}
