/* SPDX-License-Identifier: Apache-2.0 */
#include "backends/index.h"

#include <strings.h>

#include "backends/name.h"
#include "base/stamp.h"
#include "base/text.h"
#include "backends/select.h"

/* What is read from an item before its row is made. */
struct reading {
        struct buf text; /* all strings, each terminated */
        size_t filter, label, owner;
        size_t levels[KIND_LEVELS_MAX];
};

/* Appends the scalar at a pointer, or @fallback, with its NUL; returns where it begins. */
static size_t read_text(struct reading *reading, const struct json *item, const char *pointer,
                        const char *fallback) {
        size_t begin = reading->text.len;
        struct json *value = pointer ? json_at(item, pointer) : NULL;

        if (!value || json_scalar(value, &reading->text) < 0)
                (void)buf_add_str(&reading->text, fallback);
        if (reading->text.len == begin)
                (void)buf_add_str(&reading->text, fallback);
        (void)buf_add_char(&reading->text, '\0');
        return begin;
}

static int read_levels(struct reading *reading, const struct kind *kind, const struct json *item,
                       unsigned n_levels) {
        if (kind->group) {
                int r;

                reading->levels[0] = reading->text.len;
                r = kind->group(item, &reading->text, 1);
                return r < 0 ? r : buf_add_char(&reading->text, '\0');
        }
        for (unsigned i = 0; i < n_levels; i++) {
                const char *level = kind->levels[i];

                if (*level == '=')
                        reading->levels[i] = read_text(reading, NULL, NULL, level + 1);
                else
                        reading->levels[i] = read_text(reading, item, level, "-");
        }
        return reading->text.error;
}

static bool first_time(const char *const *pointers, const struct json *item, struct timespec *ret) {
        for (; pointers && *pointers; pointers++) {
                _cleanup_(freep) char *text = NULL;

                if (json_text_at(item, *pointers, &text) == 0 && stamp_parse(text, ret) == 0)
                        return true;
        }
        return false;
}

static bool is_listed(const char *const *list, const char *state) {
        for (; list && *list; list++)
                if (strcasecmp(*list, state) == 0)
                        return true;
        return false;
}

/** life_is_busy() - is a resource in a transition? @item: as its list, or its own call,
 * tells it. */
bool life_is_busy(const struct life *life, const struct json *item) {
        _cleanup_(freep) char *state = NULL;
        const struct json *work;

        if (!life)
                return false;
        if (json_text_at(item, life->at, &state) == 0 && is_listed(life->busy, state))
                return true;
        work = life->busy_at ? json_at(item, life->busy_at) : NULL;
        if (json_is(work, JSON_OBJECT)) {
                struct json_cursor cursor = { 0 };

                return json_next(work, &cursor);
        }
        return json_is(work, JSON_STRING) && !text_is_empty(json_string(work, ""));
}

/* Makes the row: one block with its strings behind it. */
static int make_row(const struct reading *reading, const char *id, unsigned n_levels,
                    struct index_row **ret) {
        struct index_row *row = calloc(1, sizeof(*row) + reading->text.len + strlen(id) + 1);
        char *text;

        if (!row)
                return -ENOMEM;
        text = (char *)(row + 1);
        memcpy(text, reading->text.data, reading->text.len);
        memcpy(text + reading->text.len, id, strlen(id) + 1);
        row->filter = text + reading->filter;
        row->label = text + reading->label;
        row->owner = text + reading->owner;
        row->id = text + reading->text.len;
        for (unsigned i = 0; i < n_levels; i++)
                row->levels[i] = text + reading->levels[i];
        *ret = row;
        return 0;
}

static int read_item(const struct kind *kind, const char *id, const struct json *item,
                     unsigned n_levels, struct index_row **ret) {
        struct reading reading = { .text = BUF_INIT(1024 * 1024) };
        struct index_row *row = NULL;
        int r;

        reading.filter = read_text(&reading, item, kind->filter, "");
        reading.label = read_text(&reading, item, kind->label, kind->unnamed ? kind->unnamed : id);
        reading.owner = read_text(&reading, item, kind->owner_at, "");
        r = read_levels(&reading, kind, item, n_levels);
        if (r == 0)
                r = reading.text.error;
        if (r == 0)
                r = make_row(&reading, id, n_levels, &row);
        buf_done(&reading.text);
        if (r < 0)
                return r;
        if (!first_time(kind->modified, item, &row->modified))
                row->modified = (struct timespec){ 0 };
        if (!first_time(kind->created, item, &row->created))
                row->created = (struct timespec){ 0 };
        row->is_busy = life_is_busy(kind->life, item);
        *ret = row;
        return 0;
}

static int compare_siblings(const struct index_row *a, const struct index_row *b,
                            unsigned n_levels) {
        int order = strcmp(a->filter, b->filter);

        for (unsigned i = 0; order == 0 && i < n_levels; i++)
                order = strcmp(a->levels[i], b->levels[i]);
        return order;
}

static int compare_rows(const void *left, const void *right, void *data) {
        const struct index_row *a = *(struct index_row *const *)left;
        const struct index_row *b = *(struct index_row *const *)right;
        const struct index *index = data;
        int order = compare_siblings(a, b, index->n_levels);

        if (order == 0)
                order = strcmp(a->label, b->label);
        return order ? order : strcmp(a->id, b->id);
}

static int compare_ids(const void *left, const void *right) {
        const struct index_row *a = *(struct index_row *const *)left;
        const struct index_row *b = *(struct index_row *const *)right;

        return strcmp(a->id, b->id);
}

static bool names_equal(const struct index_row *a, const struct index_row *b) {
        return strcmp(a->name, b->name) == 0;
}

/* Fixed names win in their directory: an item so named gets a suffix. */
static bool is_reserved(const struct kind *kind, const char *name) {
        if (text_eq(name, "actions"))
                return kind->shape != SHAPE_DOCUMENT;
        for (const struct file *file = kind->shared.files; file && file->name; file++)
                if (kind->shape != SHAPE_DOCUMENT && text_eq(file->name, name))
                        return true;
        return false;
}

static int name_once(struct index_row *row, size_t digits) {
        struct buf encoded = BUF_INIT(0), name = BUF_INIT(0);

        (void)name_encode(&encoded, row->label, strlen(row->label));
        if (digits)
                (void)name_with_suffix(&name, buf_str(&encoded), row->id, digits);
        else
                (void)name_fit(&name, buf_str(&encoded), NAME_LONGEST);
        buf_done(&encoded);
        free(row->name);
        row->name = buf_steal(&name, NULL);
        return row->name ? 0 : -ENOMEM;
}

/* Gives all of a run of equal names their suffix, longer until they differ. */
static int tell_apart(struct index_row **rows, size_t count) {
        for (size_t digits = 8; digits <= 64; digits *= 2) {
                bool differ = true;

                for (size_t i = 0; i < count; i++) {
                        int r = name_once(rows[i], digits);

                        if (r < 0)
                                return r;
                }
                for (size_t i = 0; i < count && differ; i++)
                        for (size_t j = i + 1; j < count && differ; j++)
                                differ = !names_equal(rows[i], rows[j]);
                if (differ)
                        return 0;
        }
        return 0;
}

static int name_rows(struct index *index) {
        size_t begin = 0;
        int r = 0;

        for (size_t i = 0; r == 0 && i < index->count; i++)
                r = name_once(index->rows[i], 0);
        /* Sorted by label, so equal names stand together; cut ones differ by their digest. */
        while (r == 0 && begin < index->count) {
                size_t end = begin + 1;

                while (end < index->count && names_equal(index->rows[begin], index->rows[end]) &&
                       compare_siblings(index->rows[begin], index->rows[end], index->n_levels) == 0)
                        end++;
                if (end - begin > 1 || is_reserved(index->kind, index->rows[begin]->name))
                        r = tell_apart(index->rows + begin, end - begin);
                begin = end;
        }
        return r;
}

/* Reads one item into the index, or leaves it out if its kind does not show it. */
static int add_item(struct op *op, struct index *index, uint32_t position) {
        const struct answer_item *source = &index->answer->items[position];
        _cleanup_(json_freep) struct json *item = NULL;
        _cleanup_(freep) char *other_id = NULL;
        struct index_row *row;
        int r;

        r = json_parse(source->body, source->len, &item, NULL);
        if (r < 0)
                return op_fail(op, EIO, "an element of the list of %s is no JSON",
                               index->kind->name);
        if (!when_holds(&index->kind->only, item))
                return 0;
        if (index->kind->id_at &&
            (json_text_at(item, index->kind->id_at, &other_id) < 0 || !*other_id))
                return 0;
        r = read_item(index->kind, other_id ? other_id : source->id, item, index->n_levels, &row);
        if (r < 0)
                return op_fail(op, -r, "cannot read an element of the list of %s",
                               index->kind->name);
        row->position = position;
        index->is_busy |= row->is_busy;
        index->rows[index->count++] = row;
        return 0;
}

/* Of rows that share an id of their kind's own, the first in order stays. */
static void drop_repeated(struct index *index) {
        size_t kept = 0;

        for (size_t i = 0; i < index->count; i++) {
                struct index_row *row = index->rows[i];

                if (kept && text_eq(index->rows[kept - 1]->id, row->id))
                        free(row);
                else
                        index->rows[kept++] = row;
        }
        index->count = kept;
}

static int sort_rows(struct index *index) {
        if (!index->count)
                return 0;
        qsort_r(index->rows, index->count, sizeof(struct index_row *), compare_rows, index);
        if (index->kind->id_at)
                drop_repeated(index);
        memcpy(index->by_id, index->rows, index->count * sizeof(struct index_row *));
        qsort(index->by_id, index->count, sizeof(struct index_row *), compare_ids);
        return name_rows(index);
}

/**
 * index_new() - read a list's answer.
 * @answer: sealed; the index takes a reference.
 * Returns 0, -EIO for elements that are no JSON, -ENOMEM; the reason in @op.
 */
int index_new(struct op *op, const struct kind *kind, struct answer *answer, struct index **ret) {
        _cleanup_(index_unrefp) struct index *index = calloc(1, sizeof(*index));
        int r = 0;

        if (!index)
                return op_fail(op, ENOMEM, "out of memory");
        atomic_init(&index->refs, 1);
        index->kind = kind;
        index->answer = answer_ref(answer);
        index->n_levels = kind_levels(kind);
        index->rows = calloc(answer->count + 1, sizeof(struct index_row *));
        index->by_id = calloc(answer->count + 1, sizeof(struct index_row *));
        if (!index->rows || !index->by_id)
                return op_fail(op, ENOMEM, "out of memory");
        for (size_t i = 0; r == 0 && i < answer->count; i++)
                r = add_item(op, index, (uint32_t)i);
        if (r == 0 && sort_rows(index) < 0)
                r = op_fail(op, ENOMEM, "out of memory");
        if (r < 0)
                return r;
        *ret = STEAL(index);
        return 0;
}

/** index_ref() - one more reference; any thread. */
struct index *index_ref(struct index *index) {
        (void)atomic_fetch_add_explicit(&index->refs, 1, memory_order_relaxed);
        return index;
}

/** index_unref() - drop a reference; the last one frees; NULL is fine. Returns NULL. */
struct index *index_unref(struct index *index) {
        if (!index || atomic_fetch_sub_explicit(&index->refs, 1, memory_order_acq_rel) != 1)
                return NULL;
        for (size_t i = 0; i < index->count; i++) {
                free(index->rows[i]->name);
                free(index->rows[i]);
        }
        free(index->rows);
        free(index->by_id);
        (void)answer_unref(index->answer);
        free(index);
        return NULL;
}

/* Orders a row against the beginning of a path. */
static int compare_path(const struct index_row *row, const char *filter, const char *const *levels,
                        unsigned depth) {
        int order = strcmp(row->filter, filter);

        for (unsigned i = 0; order == 0 && i < depth; i++)
                order = strcmp(row->levels[i], levels[i]);
        return order;
}

/* The first row whose path is not before (with @after: is behind) the one looked for. */
static size_t bound(const struct index *index, const char *filter, const char *const *levels,
                    unsigned depth, bool after) {
        size_t low = 0, high = index->count;

        while (low < high) {
                size_t middle = low + (high - low) / 2;
                int order = compare_path(index->rows[middle], filter, levels, depth);

                if (order < 0 || (after && order == 0))
                        low = middle + 1;
                else
                        high = middle;
        }
        return low;
}

/**
 * index_find() - the rows below a grouping directory.
 * @filter: value of the kind's filter, "" without one; @levels: the first @depth level values.
 */
struct index_range index_find(const struct index *index, const char *filter,
                              const char *const *levels, unsigned depth) {
        return (struct index_range){
                .begin = bound(index, filter, levels, depth, false),
                .end = bound(index, filter, levels, depth, true),
        };
}

/** index_by_id() - the row of an item, NULL if there is none. */
const struct index_row *index_by_id(const struct index *index, const char *id) {
        size_t low = 0, high = index->count;

        while (low < high) {
                size_t middle = low + (high - low) / 2;
                int order = strcmp(index->by_id[middle]->id, id);

                if (order == 0)
                        return index->by_id[middle];
                if (order < 0)
                        low = middle + 1;
                else
                        high = middle;
        }
        return NULL;
}

/** index_level_name() - append the file name of a row's grouping level, from 0. */
int index_level_name(const struct index_row *row, unsigned level, struct buf *buf) {
        struct buf encoded = BUF_INIT(0);

        (void)name_encode(&encoded, row->levels[level], strlen(row->levels[level]));
        (void)name_fit(buf, buf_str(&encoded), NAME_LONGEST);
        buf_done(&encoded);
        return buf->error;
}
