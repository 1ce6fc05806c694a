/* SPDX-License-Identifier: Apache-2.0 */
/*
 * uthash with a hash function that every compiler of ours takes without warnings.
 */
#pragma once

#include <stddef.h>

/* FNV-1a. */
static inline unsigned hash_bytes(const void *data, size_t size) {
        const unsigned char *bytes = data;
        unsigned hash = 2166136261u;

        for (size_t i = 0; i < size; i++)
                hash = (hash ^ bytes[i]) * 16777619u;
        return hash;
}

#define HASH_FUNCTION(key, size, hash) ((hash) = hash_bytes(key, size))

#include <uthash.h>
