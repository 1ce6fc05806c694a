/* SPDX-License-Identifier: Apache-2.0 */
/* Rows in the pages of an image: https://www.sqlite.org/fileformat2.html, sections 1.6 and 2.1. All
 * that is read may be damaged: nothing is believed but within its bounds. */
#include <string.h>

#include "cache/journal-image.h"

enum { LEAF = 0x0d, ROW_BYTES_MAX = 64 * 1024 * 1024 };

/* Bytes that are read one after the other; reading beyond them leaves `is_over`. */
struct cursor {
        const unsigned char *at, *end;
        bool is_over;
};

static uint64_t take_big(struct cursor *cursor, size_t len) {
        uint64_t value = 0;

        if ((size_t)(cursor->end - cursor->at) < len) {
                cursor->is_over = true;
                return 0;
        }
        for (size_t i = 0; i < len; i++)
                value = value << 8 | cursor->at[i];
        cursor->at += len;
        return value;
}

static uint64_t take_varint(struct cursor *cursor) {
        uint64_t value = 0;

        for (int i = 0; i < 8; i++) {
                uint64_t byte = take_big(cursor, 1);

                value = value << 7 | (byte & 0x7f);
                if (!(byte & 0x80))
                        return value;
        }
        return value << 8 | take_big(cursor, 1);
}

static int64_t take_signed(struct cursor *cursor, size_t len) {
        uint64_t value = take_big(cursor, len);
        unsigned shift = 64 - 8 * (unsigned)len;

        return (int64_t)(value << shift) >> shift;
}

/* A value by its serial type. Texts and bytes at the end of a row may be cut. */
static void take_value(struct cursor *cursor, uint64_t type, struct cell *ret) {
        static const uint8_t lengths[] = { 0, 1, 2, 3, 4, 6, 8 };
        uint64_t len;

        *ret = (struct cell){ .type = CELL_NULL };
        if (type >= 1 && type <= 6) {
                *ret = cell_number(take_signed(cursor, lengths[type]));
        } else if (type == 8 || type == 9) {
                *ret = cell_number((int64_t)type - 8);
        } else if (type >= 12) {
                len = (type - 12) / 2;
                if (len > (uint64_t)(cursor->end - cursor->at)) {
                        len = (uint64_t)(cursor->end - cursor->at);
                        cursor->is_over = true;
                }
                ret->type = type & 1 ? CELL_TEXT : CELL_BLOB;
                ret->data = cursor->at;
                ret->len = (size_t)len;
                cursor->at += len;
        } else if (type != 0) {
                cursor->is_over = true; /* no row of ours has one of the others */
        }
}

/* Whether this is a row of ours, whole or not. */
static bool parse_record(const unsigned char *data, size_t len, struct image_row *ret) {
        struct cursor types = { .at = data, .end = data + len }, values;
        struct cell cells[3 + CELLS_MAX];
        uint64_t head_len = take_varint(&types);
        size_t count = 0;

        if (types.is_over || head_len > len || data + head_len < types.at)
                return false;
        types.end = data + head_len;
        values = (struct cursor){ .at = types.end, .end = data + len };
        while (types.at < types.end && count < 3 + CELLS_MAX)
                take_value(&values, take_varint(&types), &cells[count++]);
        if (count < 4 || types.is_over || cells[0].type != CELL_NULL ||
            cells[1].type != CELL_NUMBER || cells[1].number < TAG_FIRST ||
            cells[1].number >= TAG_FIRST + TABLES || cells[2].type != CELL_NUMBER)
                return false;
        ret->table = (enum table)(cells[1].number - TAG_FIRST);
        ret->sum = cells[2].number;
        ret->row.count = table_columns[ret->table];
        if (count - 3 > ret->row.count)
                return false;
        memset(ret->row.cells, 0, sizeof(ret->row.cells));
        memcpy(ret->row.cells, cells + 3, (count - 3) * sizeof(*cells));
        ret->is_whole = ret->is_whole && !values.is_over;
        return true;
}

/* Adds what does not stand in the row's own page. Returns the bytes that there are. */
static size_t follow(const struct image *image, uint32_t next, unsigned char *data, size_t have,
                     size_t len, unsigned char *page) {
        const size_t usable = image->page_size - 4;

        while (have < len && image_read(image, next, page) == 0) {
                size_t part = len - have < usable ? len - have : usable;

                memcpy(data + have, page + 4, part);
                have += part;
                next = (uint32_t)page[0] << 24 | (uint32_t)page[1] << 16 | (uint32_t)page[2] << 8 |
                       page[3];
        }
        return have;
}

static size_t local_length(const struct image *image, size_t len) {
        size_t usable = image->page_size, most = usable - 35;
        size_t least = (usable - 12) * 32 / 255 - 23, part;

        if (len <= most)
                return len;
        part = least + (len - least) % (usable - 4);
        return part <= most ? part : least;
}

/* @scratch: room for a page. @ret_data: what the row's bytes are in, to be freed by the caller. */
static int read_cell(const struct image *image, struct cursor *cursor, unsigned char *scratch,
                     struct image_row *ret, unsigned char **ret_data) {
        uint64_t len = take_varint(cursor), number = take_varint(cursor);
        size_t local, have;
        unsigned char *data;

        if (cursor->is_over || len == 0 || len > ROW_BYTES_MAX)
                return 0;
        local = local_length(image, (size_t)len);
        if (local > (size_t)(cursor->end - cursor->at))
                return 0;
        data = malloc((size_t)len);
        if (!data)
                return -ENOMEM;
        memcpy(data, cursor->at, local);
        cursor->at += local;
        have = local;
        if (have < len)
                have = follow(image, (uint32_t)take_big(cursor, 4), data, have, (size_t)len,
                              scratch);
        *ret_data = data;
        ret->is_whole = have == len;
        ret->row.number = (int64_t)number;
        return parse_record(data, have, ret);
}

static int visit_page(const struct image *image, const unsigned char *page, size_t head,
                      unsigned char *scratch, int (*visit)(void *data, const struct image_row *row),
                      void *data) {
        struct cursor places = { .at = page + head + 8, .end = page + image->page_size };
        size_t count = (size_t)page[head + 3] << 8 | page[head + 4];
        int r = 0;

        for (size_t i = 0; r == 0 && i < count; i++) {
                size_t place = (size_t)take_big(&places, 2);
                struct cursor cursor = { .at = page + place, .end = page + image->page_size };
                unsigned char *bytes = NULL;
                struct image_row row;

                if (places.is_over)
                        break;
                if (place >= image->page_size)
                        continue;
                r = read_cell(image, &cursor, scratch, &row, &bytes);
                if (r > 0)
                        r = visit(data, &row);
                free(bytes);
        }
        return r;
}

/**
 * image_each() - call @visit for each row of ours in the pages that can be read, in any order,
 * until it returns other than 0. The row is valid during the call. Returns that, 0, or negative
 * errno.
 */
int image_each(const struct image *image, int (*visit)(void *data, const struct image_row *row),
               void *data) {
        _cleanup_(freep) unsigned char *page = malloc(image->page_size);
        _cleanup_(freep) unsigned char *scratch = malloc(image->page_size);
        int r = 0;

        if (!page || !scratch)
                return -ENOMEM;
        for (uint32_t i = 1; r == 0 && i <= image->pages; i++) {
                size_t head = i == 1 ? 100 : 0;

                r = image_read(image, i, page);
                if (r == 0 && page[head] == LEAF)
                        r = visit_page(image, page, head, scratch, visit, data);
                if (r == -ENODATA || r == -EIO) /* a bad sector costs its page */
                        r = 0;
        }
        return r;
}
