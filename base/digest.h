/* SPDX-License-Identifier: Apache-2.0 */
/* SHA-256, HMAC and the 64-bit identity hash made from it (by OpenSSL's libcrypto). */
#pragma once

#include "base/mem.h"

enum { DIGEST_SIZE = 32, DIGEST_HEX_SIZE = 65 };

void digest_sha256(const void *data, size_t len, uint8_t ret[DIGEST_SIZE]);
void digest_hmac_sha256(const void *key, size_t key_len, const void *data, size_t len,
                        uint8_t ret[DIGEST_SIZE]);
void digest_hex(const uint8_t digest[DIGEST_SIZE], char ret[DIGEST_HEX_SIZE]);
void digest_sha256_hex(const void *data, size_t len, char ret[DIGEST_HEX_SIZE]);
uint64_t digest_hash64(const void *data, size_t len);
uint64_t digest_ino(const char *text, size_t len);
