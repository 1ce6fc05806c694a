/* SPDX-License-Identifier: Apache-2.0 */
#include "cache/journal-mend.h"

#include "cache/journal-image.h"
#include "cache/journal-path.h"
#include "cache/journal-state.h"

enum { NUMBERS_MAX = 1 << 20 };

/** numbers_have() - is it one of these? */
bool numbers_have(const struct numbers *numbers, int64_t number) {
        for (size_t i = 0; i < numbers->count; i++)
                if (numbers->of[i] == number)
                        return true;
        return false;
}

static int numbers_add(struct numbers *numbers, int64_t number) {
        int r;

        if (numbers_have(numbers, number))
                return 0;
        r = array_grow(&numbers->of, &numbers->capacity, numbers->count, NUMBERS_MAX,
                       sizeof(*numbers->of));
        if (r == 0)
                numbers->of[numbers->count++] = number;
        return r;
}

static void numbers_remove(struct numbers *numbers, int64_t number) {
        for (size_t i = 0; i < numbers->count; i++)
                if (numbers->of[i] == number) {
                        numbers->of[i] = numbers->of[--numbers->count];
                        return;
                }
}

static int begin(struct book *book) {
        return connection_run(book->connection, STATEMENT_BEGIN);
}

static int commit(struct book *book) {
        return connection_run(book->connection, STATEMENT_COMMIT);
}

static bool row_is_there(struct book *book, enum table table, int64_t number) {
        sqlite3_stmt *statement;
        struct row row;

        if (row_get(book, table, number, &statement, &row) < 0)
                return false;
        statement_end(&statement);
        return true;
}

/* Of two sound copies of an edit the one that went further counts. */
static int is_further(struct book *book, const struct row *row) {
        struct entry old, new;
        bool is_further;
        int r;

        r = entry_load(book, row->number, &old);
        if (r < 0)
                return r == -ENOENT ? 1 : r;
        r = entry_parse(row, &new);
        if (r < 0) {
                entry_clear(&old);
                return r == -EBADMSG ? 0 : r;
        }
        is_further = new.edit.state > old.edit.state ||
                     (new.edit.state == old.edit.state &&new.edit.step > old.edit.step);
        entry_clear(&old);
        entry_clear(&new);
        return is_further;
}

static bool is_text(const struct cell *cell) {
        return cell->type == CELL_TEXT;
}

/* Those above are not believed: from them, there would not be enough left to count on. */
static bool is_number(int64_t number) {
        return number >= 0 && number < INT64_C(1) << 48;
}

/* Can anything be made of a row that is not as it was written? */
static int is_of_use(const struct image_row *from) {
        const struct cell *cells = from->row.cells;
        struct entry entry;
        int r;

        switch (from->table) {
        case TABLE_BODY:
                return cells[BODY_DATA].type == CELL_BLOB;
        case TABLE_EDIT:
                r = entry_parse(&from->row, &entry);
                if (r < 0)
                        return r == -EBADMSG ? 0 : r;
                r = is_number(entry.text) && is_number(entry.base) && is_number(entry.secret);
                entry_clear(&entry);
                return r;
        case TABLE_SHELF:
                return cells[SHELF_SHELF].type == CELL_NUMBER && cells[SHELF_SHELF].number >= 0 &&
                       cells[SHELF_SHELF].number <= SHELF_LAST && is_text(&cells[SHELF_PATH]) &&
                       is_text(&cells[SHELF_NAME]) && cells[SHELF_BODY].type == CELL_NUMBER &&
                       is_number(cells[SHELF_BODY].number);
        default:
                return 0;
        }
}

/* A name that two rows claim is left to the first. */
static int rename_twin(struct book *book, struct row *row, char ret_name[48]) {
        _cleanup_(freep) char *path = NULL, *name = NULL;
        int64_t other;
        int r;

        r = cell_copy(&row->cells[SHELF_PATH], &path);
        if (r == 0)
                r = cell_copy(&row->cells[SHELF_NAME], &name);
        if (r == 0)
                r = shelf_find(book, (enum shelf)row->cells[SHELF_SHELF].number, path, name,
                               &other);
        if (r < 0 || other == row->number)
                return r == -ENOENT ? 0 : r;
        (void)snprintf(ret_name, 48, "twin-%lld", (long long)row->number);
        row->cells[SHELF_NAME] = cell_text(ret_name);
        return 0;
}

static int put(struct mending *mending, const struct image_row *from) {
        struct row row = from->row;
        char name[48];
        int r = 0;

        if (from->table == TABLE_SHELF)
                r = rename_twin(mending->book, &row, name);
        return r == 0 ? row_put(mending->book, from->table, &row, NULL) : r;
}

static int take_sound(struct mending *mending, const struct image_row *from) {
        struct numbers *damaged = &mending->damaged[from->table];
        int r = 1;

        if (row_is_there(mending->book, from->table, from->row.number) &&
            !numbers_have(damaged, from->row.number))
                r = from->table == TABLE_EDIT ? is_further(mending->book, &from->row) : 0;
        if (r <= 0)
                return r;
        numbers_remove(damaged, from->row.number);
        return put(mending, from);
}

static int take_damaged(struct mending *mending, const struct image_row *from) {
        int r;

        if (row_is_there(mending->book, from->table, from->row.number))
                return 0;
        r = from->row.number > 0 && is_number(from->row.number) ? is_of_use(from) : 0;
        if (r <= 0) {
                mending->lost_rows += r == 0;
                return r;
        }
        r = put(mending, from);
        return r == 0 ? numbers_add(&mending->damaged[from->table], from->row.number) : r;
}

static int take_row(void *data, const struct image_row *from) {
        struct mending *mending = data;
        int r;

        r = begin(mending->book);
        if (r == 0)
                r = from->is_whole && row_is_sound(from->table, &from->row, from->sum)
                            ? take_sound(mending, from)
                            : take_damaged(mending, from);
        if (r == 0)
                return commit(mending->book);
        if (!sqlite3_get_autocommit(mending->book->connection->db))
                (void)connection_run(mending->book->connection, STATEMENT_ROLLBACK);
        return r;
}

static int copy_rows(const char *path, struct mending *mending) {
        struct image image;
        int r;

        r = image_open(path, &image);
        if (r < 0)
                return r;
        r = image_each(&image, take_row, mending);
        image_close(&image);
        return r;
}

/* Until it is renamed nothing of the new file counts, so nothing is waited for before. */
static int write_book(const char *path, const char *to, struct mending *mending) {
        int64_t ignored;
        int r;

        r = book_open(to, &mending->book);
        if (r == 0)
                r = book_pragma(mending->book, "PRAGMA synchronous = NORMAL", &ignored);
        if (r == 0)
                r = copy_rows(path, mending);
        if (r == 0)
                r = begin(mending->book);
        if (r == 0)
                r = repair_run(mending);
        if (r == 0)
                r = commit(mending->book);
        if (r == 0)
                r = book_wipe_log(mending->book);
        mending->book = book_close(mending->book);
        return r;
}

/**
 * mend_write() - write all rows of the damaged journal at @path that can be read to a new one, make
 * the best of those that are damaged, and make the new one the journal: path_finish_mending() puts
 * it in its place. Nobody may have the damaged one open. Returns 0 or negative errno.
 */
int mend_write(const char *path, struct mending *mending) {
        _cleanup_(freep) char *to = NULL;
        int r;

        r = path_remove_mending(path);
        if (r == 0)
                r = path_join(path, ".mending", &to);
        if (r == 0)
                r = write_book(path, to, mending);
        if (r == 0)
                r = path_commit_mending(path);
        for (size_t i = 0; i < TABLES; i++)
                free(mending->damaged[i].of);
        /* Damage in the new file is no damage to be mended. */
        return r == -EBADMSG ? -EIO : r;
}
