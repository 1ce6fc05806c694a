/* SPDX-License-Identifier: Apache-2.0 */
/* An edit as a row and back. */
#include <string.h>

#include "cache/journal-state.h"

enum field_type { FIELD_WORD, FIELD_LONG, FIELD_SIZE, FIELD_BOOL, FIELD_STRING };

struct field {
        enum field_type type;
        size_t offset;
};

#define FIELD(kind, member) \
        { FIELD_##kind, offsetof(struct entry, member) }

/* The columns of the table, in their order. */
static const struct field fields[EDIT_COLUMNS] = {
        FIELD(WORD, edit.act),
        FIELD(WORD, edit.state),
        FIELD(STRING, edit.path),
        FIELD(STRING, edit.identity),
        FIELD(STRING, edit.name),
        FIELD(STRING, edit.target),
        FIELD(LONG, text),
        FIELD(SIZE, edit.len),
        FIELD(LONG, base),
        FIELD(SIZE, edit.base_len),
        FIELD(LONG, secret),
        FIELD(SIZE, edit.secret_len),
        FIELD(LONG, edit.accepted_ms),
        FIELD(WORD, edit.uid),
        FIELD(WORD, edit.step),
        FIELD(WORD, edit.steps),
        FIELD(BOOL, edit.step_answered),
        FIELD(BOOL, edit.step_is_once),
        FIELD(STRING, edit.step_service),
        FIELD(STRING, edit.step_call),
        FIELD(STRING, edit.step_method),
        FIELD(STRING, edit.step_target),
        FIELD(WORD, edit.step_result),
        FIELD(WORD, edit.error),
        FIELD(WORD, edit.status),
        FIELD(STRING, edit.code),
        FIELD(STRING, edit.reason),
        FIELD(STRING, edit.request_id),
};

_Static_assert(sizeof(enum edit_act) == 4 && sizeof(enum edit_state) == 4 && sizeof(uid_t) == 4,
               "words are of 32 bits");

static void wipe(char *data, size_t len) {
        if (data)
                explicit_bzero(data, len);
}

/** edit_done() - free what the copy owns; a secret is overwritten. */
void edit_done(struct edit *edit) {
        free(edit->path);
        free(edit->identity);
        free(edit->name);
        free(edit->target);
        free(edit->text);
        free(edit->base);
        wipe(edit->secret, edit->secret_len);
        free(edit->secret);
        free(edit->step_service);
        free(edit->step_call);
        free(edit->step_method);
        free(edit->step_target);
        free(edit->code);
        free(edit->reason);
        free(edit->request_id);
        *edit = (struct edit){ 0 };
}

void entry_clear(struct entry *entry) {
        edit_done(&entry->edit);
}

static int take_word(const struct cell *cell, void *to) {
        uint32_t word = (uint32_t)cell->number;

        if (cell->type != CELL_NUMBER || cell->number < INT32_MIN || cell->number > UINT32_MAX)
                return -EBADMSG;
        memcpy(to, &word, sizeof(word));
        return 0;
}

static int take(const struct field *field, const struct cell *cell, struct entry *entry) {
        void *to = (char *)entry + field->offset;

        switch (field->type) {
        case FIELD_WORD:
                return take_word(cell, to);
        case FIELD_LONG:
                if (cell->type != CELL_NUMBER)
                        return -EBADMSG;
                memcpy(to, &cell->number, sizeof(cell->number));
                return 0;
        case FIELD_SIZE:
                if (cell->type != CELL_NUMBER || cell->number < 0 ||
                    cell->number > JOURNAL_BLOB_MAX)
                        return -EBADMSG;
                *(size_t *)to = (size_t)cell->number;
                return 0;
        case FIELD_BOOL:
                *(bool *)to = cell->number != 0;
                return cell->type == CELL_NUMBER ? 0 : -EBADMSG;
        case FIELD_STRING:
                return cell_copy(cell, to);
        }
        return -EBADMSG;
}

/** entry_parse() - copy a row, whose sum need not have been right. 0, -EBADMSG or -ENOMEM. */
int entry_parse(const struct row *row, struct entry *ret) {
        struct entry entry = { .edit.id = row->number };
        int r = 0;

        for (size_t i = 0; r == 0 && i < EDIT_COLUMNS; i++)
                r = take(&fields[i], &row->cells[i], &entry);
        if (r == 0 &&
            (entry.edit.act > EDIT_ACTION || entry.edit.state > EDIT_UNKNOWN || !entry.edit.path))
                r = -EBADMSG;
        if (r < 0)
                entry_clear(&entry);
        else
                *ret = entry;
        return r;
}

/** entry_load() - an edit without its bytes; ended by entry_clear(). 0, -ENOENT, other errno. */
int entry_load(struct book *book, int64_t id, struct entry *ret) {
        sqlite3_stmt *statement;
        struct row row;
        int r;

        r = row_get(book, TABLE_EDIT, id, &statement, &row);
        if (r < 0)
                return r;
        r = entry_parse(&row, ret);
        statement_end(&statement);
        return r;
}

static struct cell give(const struct field *field, const struct entry *entry) {
        const void *from = (const char *)entry + field->offset;
        int64_t number;
        int32_t word;

        switch (field->type) {
        case FIELD_WORD:
                memcpy(&word, from, sizeof(word));
                return cell_number(word);
        case FIELD_LONG:
                memcpy(&number, from, sizeof(number));
                return cell_number(number);
        case FIELD_SIZE:
                return cell_number((int64_t) * (const size_t *)from);
        case FIELD_BOOL:
                return cell_number(*(const bool *)from);
        case FIELD_STRING:
                return cell_text(*(char *const *)from);
        }
        return cell_number(0);
}

/** entry_store() - write the row; an id of 0 gets one. Returns 0 or negative errno. */
int entry_store(struct book *book, const struct entry *entry, int64_t *ret_id) {
        struct row row = { .number = entry->edit.id, .count = EDIT_COLUMNS };

        for (size_t i = 0; i < EDIT_COLUMNS; i++)
                row.cells[i] = give(&fields[i], entry);
        return row_put(book, TABLE_EDIT, &row, ret_id);
}

/* A body that has gone is damage: rows are written together. */
static int load_body(struct book *book, int64_t number, bool is_secret, char **ret,
                     size_t *ret_len) {
        int r;

        if (!number)
                return 0;
        r = body_get(book, number, is_secret, ret, ret_len);
        return r == -ENOENT ? -EBADMSG : r;
}

/** entry_load_bodies() - read text, base and secret into the edit. Returns 0 or negative errno. */
int entry_load_bodies(struct book *book, struct entry *entry) {
        struct edit *edit = &entry->edit;
        int r;

        r = load_body(book, entry->text, false, &edit->text, &edit->len);
        if (r == 0)
                r = load_body(book, entry->base, false, &edit->base, &edit->base_len);
        if (r == 0)
                r = load_body(book, entry->secret, true, &edit->secret, &edit->secret_len);
        return r;
}

static int drop_body(struct book *book, int64_t number) {
        return number ? row_drop(book, TABLE_BODY, number) : 0;
}

/** entry_drop() - delete an edit with its bytes, in a transaction. Returns 0 or negative errno. */
int entry_drop(struct journal *journal, const struct entry *entry) {
        struct book *book = journal->book;
        int r;

        r = drop_body(book, entry->text);
        if (r == 0)
                r = drop_body(book, entry->base);
        if (r == 0)
                r = drop_body(book, entry->secret);
        if (entry->secret)
                journal->must_wipe = true;
        return r == 0 ? row_drop(book, TABLE_EDIT, entry->edit.id) : r;
}

static int put_on_shelf(struct book *book, const struct entry *entry, const char *suffix,
                        int64_t body, size_t len) {
        char name[48];
        const struct shelved item = {
                .shelf = SHELF_REJECTED,
                .path = entry->edit.path,
                .name = name,
                .len = len,
                .error = entry->edit.reason,
        };

        if (!body)
                return 0;
        (void)snprintf(name, sizeof(name), "%lld%s", (long long)entry->edit.id, suffix);
        return shelf_add(book, &item, body);
}

/**
 * entry_reject() - turn the edit into a refusal: text and base go to the shelf as they are, without
 * being written again, so that this works on a full disk. Returns 0 or negative errno.
 */
int entry_reject(struct book *book, struct entry *entry) {
        int r;

        r = put_on_shelf(book, entry, "", entry->text, entry->edit.len);
        if (r == 0)
                r = put_on_shelf(book, entry, ".base", entry->base, entry->edit.base_len);
        if (r == 0)
                r = drop_body(book, entry->secret);
        if (r < 0)
                return r;
        entry->text = entry->base = entry->secret = 0;
        entry->edit.len = entry->edit.base_len = entry->edit.secret_len = 0;
        entry->edit.state = EDIT_REJECTED;
        return entry_store(book, entry, NULL);
}
