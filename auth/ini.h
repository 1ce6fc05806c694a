/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads INI text: `[section]`, `name = value`, comments in lines that begin with `#` or `;`.
 *
 * It stands in for inih, which as distributions build it cuts lines at 200 bytes and section names
 * at 49 without a word and tells no line numbers: a security token has 500 to 3000 characters, and
 * a cut secret costs a locked access key. A value goes to the end of its line, blanks around it cut
 * off; nothing inside it is special, so that a password may hold any character.
 */
#pragma once

#include "base/op.h"

enum {
        INI_SIZE_MAX = 256 * 1024, /* bytes of a text */
        INI_NAME_MAX = 128,        /* bytes of a section or name */
        INI_VALUE_MAX = 20 * 1024, /* bytes of a value: tokens have up to 16384 characters */
};

/* A section's head (name and value NULL), or one of its lines. Borrowed for the call. */
struct ini_entry {
        const char *section; /* "" before the first head */
        const char *name;
        const char *value;
        unsigned line;       /* from 1 */
};

/* 0 to go on; a negative errno ends the reading and is passed on. */
typedef int (*ini_fn)(void *data, struct op *op, const struct ini_entry *entry);

int ini_read(struct op *op, const char *path, char *text, size_t len, ini_fn fn, void *data);
