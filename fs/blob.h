/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bytes that are written anywhere and cut anywhere: what an edit or a scratch file holds. Bounded
 * one by one and all together. Not thread-safe by itself; the store is.
 */
#pragma once

#include <stdatomic.h>
#include <sys/types.h>

#include "base/mem.h"

enum {
        BLOB_MAX = 4 * 1024 * 1024,         /* of one: larger is EFBIG */
        BLOB_STORE_MAX = 256 * 1024 * 1024, /* of all: more is ENOSPC */
};

/* Counts what its blobs hold. */
struct blob_store {
        size_t max;
        atomic_size_t used;
};

struct blob {
        struct blob_store *store; /* borrowed */
        char *data;               /* owned; terminated; NULL while nothing was ever written */
        size_t len, size;
};

void blob_init(struct blob *blob, struct blob_store *store);
void blob_done(struct blob *blob);
int blob_set(struct blob *blob, const char *data, size_t len);
int blob_write(struct blob *blob, const char *data, size_t len, off_t offset);
int blob_truncate(struct blob *blob, off_t len);
size_t blob_read(const struct blob *blob, size_t len, off_t offset, const char **ret);
