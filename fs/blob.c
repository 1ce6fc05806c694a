/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/blob.h"

#include <string.h>

enum { SIZE_MIN = 4096 };

/** blob_init() - nothing in it yet. @store: outlives the blob. */
void blob_init(struct blob *blob, struct blob_store *store) {
        *blob = (struct blob){ .store = store };
}

/** blob_done() - frees the bytes. */
void blob_done(struct blob *blob) {
        if (blob->store)
                atomic_fetch_sub(&blob->store->used, blob->size);
        free(blob->data);
        *blob = (struct blob){ .store = blob->store };
}

/* Takes that much more out of the store's bound. */
static int take(struct blob_store *store, size_t more) {
        size_t used = atomic_load(&store->used);

        do {
                if (more > store->max - used)
                        return -ENOSPC;
        } while (!atomic_compare_exchange_weak(&store->used, &used, used + more));
        return 0;
}

/* Room for @len bytes and the NUL behind them. */
static int reserve(struct blob *blob, size_t len) {
        size_t wanted = blob->size ? blob->size : SIZE_MIN, more;
        char *data;
        int r;

        if (len > BLOB_MAX)
                return -EFBIG;
        if (len < blob->size)
                return 0;
        while (wanted <= len)
                wanted *= 2;
        more = wanted - blob->size;
        r = take(blob->store, more);
        if (r < 0)
                return r;
        data = realloc(blob->data, wanted);
        if (!data) {
                atomic_fetch_sub(&blob->store->used, more);
                return -ENOMEM;
        }
        blob->data = data;
        blob->size = wanted;
        return 0;
}

/** blob_set() - these bytes and no others. Returns as blob_write(); unchanged on failure. */
int blob_set(struct blob *blob, const char *data, size_t len) {
        int r = reserve(blob, len);

        if (r < 0)
                return r;
        if (len)
                memcpy(blob->data, data, len);
        blob->len = len;
        blob->data[len] = '\0';
        return 0;
}

/**
 * blob_write() - put bytes at an offset; what is skipped becomes zeros.
 * Returns 0, -EFBIG beyond BLOB_MAX, -ENOSPC beyond the store's bound, -ENOMEM, -EINVAL.
 */
int blob_write(struct blob *blob, const char *data, size_t len, off_t offset) {
        size_t end;
        int r;

        if (offset < 0)
                return -EINVAL;
        if (offset > BLOB_MAX || len > BLOB_MAX - (size_t)offset)
                return -EFBIG;
        if (!len)
                return 0;
        end = (size_t)offset + len;
        r = end > blob->len ? reserve(blob, end) : 0;
        if (r < 0)
                return r;
        if ((size_t)offset > blob->len)
                memset(blob->data + blob->len, 0, (size_t)offset - blob->len);
        memcpy(blob->data + offset, data, len);
        if (end > blob->len) {
                blob->len = end;
                blob->data[end] = '\0';
        }
        return 0;
}

/** blob_truncate() - so long and no longer; zeros where it was shorter. As blob_write(). */
int blob_truncate(struct blob *blob, off_t len) {
        int r;

        if (len < 0)
                return -EINVAL;
        if (len > BLOB_MAX)
                return -EFBIG;
        if ((size_t)len > blob->len) {
                r = reserve(blob, (size_t)len);
                if (r < 0)
                        return r;
                memset(blob->data + blob->len, 0, (size_t)len - blob->len);
        }
        blob->len = (size_t)len;
        if (blob->data)
                blob->data[blob->len] = '\0';
        return 0;
}

/**
 * blob_read() - what stands at an offset.
 * @ret: into the blob, until it is next changed.
 * Returns how many of the @len bytes there are.
 */
size_t blob_read(const struct blob *blob, size_t len, off_t offset, const char **ret) {
        size_t left;

        *ret = "";
        if (offset < 0 || (size_t)offset >= blob->len)
                return 0;
        left = blob->len - (size_t)offset;
        *ret = blob->data + offset;
        return len < left ? len : left;
}
