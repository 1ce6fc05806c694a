/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The bytes of a database, read without SQLite, which gives up a file where its first page or a
 * page high in a tree is damaged. Pages of the log stand before those of the file
 * (https://www.sqlite.org/fileformat2.html). Rows are found by looking at each page for itself.
 */
#pragma once

#include "cache/journal-book.h"

struct image {
        int fd, log_fd;           /* -1: there is none */
        uint32_t page_size;
        uint32_t pages;
        uint32_t *frames;         /* of each page: its latest frame in the log, from 1; 0: none */
        unsigned commits_behind;  /* in the log, behind the first frame that is damaged */
};

/* A row as it stands in the file. */
struct image_row {
        enum table table;
        struct row row;           /* missing columns are empty */
        int64_t sum;
        bool is_whole;            /* else the rest of its last column is missing */
};

int image_open(const char *path, struct image *ret);
void image_close(struct image *image);
int image_read(const struct image *image, uint32_t page, unsigned char *ret);
int image_each(const struct image *image, int (*visit)(void *data, const struct image_row *row),
               void *data);
int image_is_cut(const char *path, bool *ret);
int image_is_unreadable(const char *path, bool *ret);
