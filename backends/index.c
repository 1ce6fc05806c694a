/* SPDX-License-Identifier: Apache-2.0 */
#include "backends/index.h"

#include <stdalign.h>
#include <strings.h>

#include "backends/name.h"
#include "backends/reading.h"
#include "backends/select.h"
#include "base/text.h"

/* The strings of a row before it is made, each terminated, and where they begin. */
struct strings {
        struct buf text;
        size_t filter, label, owner;
        size_t levels[KIND_LEVELS_MAX];
};

/* Adds the scalar at a pointer, or @fallback where it is none or empty. */
static int add_string(struct strings *strings, struct reading *reading, const char *pointer,
                      const char *fallback, size_t *ret) {
        int r;

        *ret = strings->text.len;
        r = reading_text(reading, pointer, &strings->text);
        if (r < 0)
                return r;
        if (strings->text.len == *ret)
                (void)buf_add_str(&strings->text, fallback);
        return buf_add_char(&strings->text, '\0');
}

static int add_levels(struct strings *strings, struct reading *reading, const struct kind *kind,
                      unsigned n_levels) {
        int r = 0;

        if (kind->group) {
                strings->levels[0] = strings->text.len;
                r = reading_group(reading, &strings->text);
                return r < 0 ? r : buf_add_char(&strings->text, '\0');
        }
        for (unsigned i = 0; r == 0 && i < n_levels; i++) {
                const char *level = kind->levels[i];
                bool is_constant = *level == '=';

                r = add_string(strings, reading, is_constant ? NULL : level,
                               is_constant ? level + 1 : "-", &strings->levels[i]);
        }
        return r;
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

/* Makes the row, its strings behind it. @id: lives as long as the index. */
static struct index_row *make_row(struct index *index, const struct strings *strings,
                                  const char *id) {
        size_t size = sizeof(struct index_row) + index->n_levels * sizeof(const char *);
        struct index_row *row =
                arena_take(&index->memory, size + strings->text.len, alignof(struct index_row));
        char *text;

        if (!row)
                return NULL;
        text = (char *)row + size;
        memcpy(text, strings->text.data, strings->text.len);
        *row = (struct index_row){
                .id = id,
                .filter = text + strings->filter,
                .label = text + strings->label,
                .owner = text + strings->owner,
        };
        for (unsigned i = 0; i < index->n_levels; i++)
                row->levels[i] = text + strings->levels[i];
        return row;
}

static int read_row(struct index *index, struct reading *reading, struct strings *strings,
                    const char *id, struct index_row **ret) {
        const struct kind *kind = index->kind;
        const struct json *item = NULL;
        struct index_row *row;
        int r;

        buf_truncate(&strings->text, 0);
        r = add_string(strings, reading, kind->filter, "", &strings->filter);
        if (r == 0)
                r = add_string(strings, reading, kind->label, kind->unnamed ? kind->unnamed : id,
                               &strings->label);
        if (r == 0)
                r = add_string(strings, reading, kind->owner_at, "", &strings->owner);
        if (r == 0)
                r = add_levels(strings, reading, kind, index->n_levels);
        if (r < 0)
                return r;
        row = make_row(index, strings, id);
        if (!row)
                return -ENOMEM;
        r = reading_time(reading, kind->modified, &row->modified);
        if (r == 0)
                r = reading_time(reading, kind->created, &row->created);
        if (r == 0 && kind->life)
                r = reading_tree(reading, &item);
        if (r < 0)
                return r;
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

static bool fits_pattern(const char *pattern, const char *name, const char *fixed) {
        const char *star = strchr(pattern, '*');
        size_t before = star ? (size_t)(star - pattern) : 0, len = strlen(name);

        return star && strncmp(fixed, pattern, before) == 0 &&
               strncmp(fixed + before, name, len) == 0 && text_eq(fixed + before + len, star + 1);
}

/* Would an item of that name, or a file of it, be called like this? */
static bool is_called(const struct kind *kind, const char *name, const char *fixed) {
        if (kind->shape != SHAPE_DOCUMENT)
                return text_eq(name, fixed);
        for (const struct file *file = kind->content.files; file && file->name; file++)
                if (fits_pattern(file->name, name, fixed))
                        return true;
        return false;
}

static bool is_among_files(const struct kind *kind, const struct file *files, const char *name) {
        for (const struct file *file = files; file && file->name; file++)
                if (is_called(kind, name, file->name))
                        return true;
        return false;
}

static bool is_in_row(const struct kind *kind, const struct place_row *row, const char *name) {
        if (is_among_files(kind, row->files, name))
                return true;
        for (const struct link *link = row->links; link && link->name; link++)
                if (is_called(kind, name, link->name))
                        return true;
        for (const struct child *child = row->children; child && (child->kind || child->row);
             child++)
                if (child->name && is_called(kind, name, child->name))
                        return true;
        return row->actions && is_called(kind, name, "actions");
}

/* Fixed names win in their directory: an item so named gets a suffix. */
static bool is_reserved(const struct kind *kind, const char *name) {
        if (kind->shape != SHAPE_DOCUMENT && text_eq(name, "actions"))
                return true;
        return is_in_row(kind, &kind->shared, name) ||
               (kind->beside && is_in_row(kind, kind->beside, name)) ||
               is_among_files(kind, kind->level_files, name);
}

static int name_once(struct index *index, struct index_row *row, size_t digits) {
        struct buf encoded = BUF_INIT(0), name = BUF_INIT(0);

        (void)name_encode(&encoded, row->label, strlen(row->label));
        if (digits)
                (void)name_with_suffix(&name, buf_str(&encoded), row->id, digits);
        else
                (void)name_fit(&name, buf_str(&encoded), NAME_LONGEST);
        if (text_eq(buf_str(&name), row->label))
                row->name = row->label;
        else
                row->name = arena_text(&index->memory, buf_str(&name), name.len);
        buf_done(&encoded);
        buf_done(&name);
        return row->name ? 0 : -ENOMEM;
}

/* Gives all of a run of equal names their suffix, longer until they differ. */
static int tell_apart(struct index *index, struct index_row **rows, size_t count) {
        for (size_t digits = 8; digits <= 64; digits *= 2) {
                bool differ = true;

                for (size_t i = 0; i < count; i++) {
                        int r = name_once(index, rows[i], digits);

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
                r = name_once(index, index->rows[i], 0);
        /* Sorted by label, so equal names stand together; cut ones differ by their digest. */
        while (r == 0 && begin < index->count) {
                size_t end = begin + 1;

                while (end < index->count && names_equal(index->rows[begin], index->rows[end]) &&
                       compare_siblings(index->rows[begin], index->rows[end], index->n_levels) == 0)
                        end++;
                if (end - begin > 1 || is_reserved(index->kind, index->rows[begin]->name))
                        r = tell_apart(index, index->rows + begin, end - begin);
                begin = end;
        }
        return r;
}

/* Does its kind show the item? 1, 0 or negative errno. */
static int is_shown(const struct index *index, struct reading *reading) {
        const struct json *item;
        int r;

        if (!index->kind->only.at)
                return 1;
        r = reading_tree(reading, &item);
        return r < 0 ? r : when_holds(&index->kind->only, item);
}

/* The id of an item: the list's, or one of its kind's own; NULL if it lacks that. 0 or errno. */
static int find_id(struct index *index, struct reading *reading, const char **ret) {
        struct buf text = BUF_INIT(0);
        int r;

        *ret = index->kind->id_at ? NULL : reading->item->id;
        r = reading_text(reading, index->kind->id_at, &text);
        if (r == 0 && text.len) {
                *ret = arena_text(&index->memory, text.data, text.len);
                r = *ret ? 0 : -ENOMEM;
        }
        buf_done(&text);
        return r;
}

/* Reads one item into the index, or leaves it out if its kind does not show it, or if it has
 * neither a name nor an id: no file can be called so, and no call can tell it from others. */
static int add_item(struct index *index, struct reading *reading, struct strings *strings,
                    uint32_t position) {
        struct index_row *row;
        const char *id;
        int r;

        reading_take(reading, &index->answer->items[position]);
        r = is_shown(index, reading);
        if (r <= 0)
                return r;
        r = find_id(index, reading, &id);
        if (r < 0 || !id)
                return r;
        r = read_row(index, reading, strings, id, &row);
        if (r < 0 || !*row->label)
                return r;
        row->position = position;
        index->is_busy |= row->is_busy;
        index->rows[index->count++] = row;
        return 0;
}

static int add_items(struct op *op, struct index *index) {
        struct strings strings = { .text = BUF_INIT(1024 * 1024) };
        struct reading reading;
        int r = 0;

        reading_begin(&reading, index->kind);
        for (size_t i = 0; r == 0 && i < index->answer->count; i++)
                r = add_item(index, &reading, &strings, (uint32_t)i);
        reading_done(&reading);
        buf_done(&strings.text);
        if (r == -EINVAL)
                return op_fail(op, EIO, "an element of the list of %s is no JSON",
                               index->kind->name);
        if (r < 0)
                return op_fail(op, -r, "cannot read an element of the list of %s",
                               index->kind->name);
        return 0;
}

/* Of rows that share an id of their kind's own, the first in order stays. */
static void drop_repeated(struct index *index) {
        size_t kept = 0;

        for (size_t i = 0; i < index->count; i++)
                if (!kept || !text_eq(index->rows[kept - 1]->id, index->rows[i]->id))
                        index->rows[kept++] = index->rows[i];
        index->count = kept;
}

static bool is_sorted(struct index *index) {
        for (size_t i = 1; i < index->count; i++)
                if (compare_rows(&index->rows[i - 1], &index->rows[i], index) > 0)
                        return false;
        return true;
}

/* The answer knows the order of its items' ids. */
static int sort_by_id(struct index *index) {
        const struct answer *answer = index->answer;
        struct index_row **at, **next = index->by_id;

        if (index->kind->id_at) {
                memcpy(index->by_id, index->rows, index->count * sizeof(struct index_row *));
                qsort(index->by_id, index->count, sizeof(struct index_row *), compare_ids);
                return 0;
        }
        at = calloc(answer->count, sizeof(struct index_row *));
        if (!at)
                return -ENOMEM;
        for (size_t i = 0; i < index->count; i++)
                at[index->rows[i]->position] = index->rows[i];
        for (size_t i = 0; i < answer->count; i++)
                if (at[answer->by_id[i]])
                        *next++ = at[answer->by_id[i]];
        free(at);
        return 0;
}

static int sort_rows(struct index *index) {
        int r;

        if (!index->count)
                return 0;
        if (!is_sorted(index))
                qsort_r(index->rows, index->count, sizeof(struct index_row *), compare_rows, index);
        if (index->kind->id_at)
                drop_repeated(index);
        r = sort_by_id(index);
        return r < 0 ? r : name_rows(index);
}

/**
 * index_new() - read a list's answer.
 * @answer: sealed; the index takes a reference.
 * Returns 0, -EIO for elements that are no JSON, -ENOMEM; the reason in @op.
 */
int index_new(struct op *op, const struct kind *kind, struct answer *answer, struct index **ret) {
        _cleanup_(index_unrefp) struct index *index = calloc(1, sizeof(*index));
        int r;

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
        r = add_items(op, index);
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
        arena_done(&index->memory);
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
