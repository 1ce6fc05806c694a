/* SPDX-License-Identifier: Apache-2.0 */
#include "base/digest.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/sha.h>
#include <pthread.h>

/* Constant once it is there. To look for it each time takes as long as to hash a small item. */
static const EVP_MD *algorithm;

static void find_algorithm(void) {
        algorithm = EVP_MD_fetch(NULL, "SHA256", NULL);
}

/** digest_sha256() - SHA-256 (FIPS 180-4) of @len bytes. */
void digest_sha256(const void *data, size_t len, uint8_t ret[DIGEST_SIZE]) {
        static pthread_once_t once = PTHREAD_ONCE_INIT;

        (void)pthread_once(&once, find_algorithm);
        if (!algorithm || !EVP_Digest(data ? data : "", len, ret, NULL, algorithm, NULL))
                (void)SHA256(data ? data : "", len, ret);
}

/** digest_hmac_sha256() - HMAC-SHA-256 (RFC 2104). Keys are at most a few hundred bytes here. */
void digest_hmac_sha256(const void *key, size_t key_len, const void *data, size_t len,
                        uint8_t ret[DIGEST_SIZE]) {
        unsigned size = DIGEST_SIZE;

        (void)HMAC(EVP_sha256(), key, (int)key_len, data, len, ret, &size);
}

/** digest_hex() - lower-case hexadecimal form, terminated. */
void digest_hex(const uint8_t digest[DIGEST_SIZE], char ret[DIGEST_HEX_SIZE]) {
        static const char digits[] = "0123456789abcdef";

        for (size_t i = 0; i < DIGEST_SIZE; i++) {
                ret[2 * i] = digits[digest[i] >> 4];
                ret[2 * i + 1] = digits[digest[i] & 15];
        }
        ret[2 * DIGEST_SIZE] = '\0';
}

/** digest_sha256_hex() - SHA-256 as lower-case hexadecimal text. */
void digest_sha256_hex(const void *data, size_t len, char ret[DIGEST_HEX_SIZE]) {
        uint8_t digest[DIGEST_SIZE];

        digest_sha256(data, len, digest);
        digest_hex(digest, ret);
}

/** digest_hash64() - the first eight bytes of SHA-256, most significant first: never 0. */
uint64_t digest_hash64(const void *data, size_t len) {
        uint8_t digest[DIGEST_SIZE];
        uint64_t hash = 0;

        digest_sha256(data, len, digest);
        for (size_t i = 0; i < 8; i++)
                hash = hash << 8 | digest[i];
        return hash ? hash : 1;
}

/**
 * digest_ino() - an inode number for what a text identifies: never 0, and within 63 bits. With the
 * 64th, du(1) keeps a table of its own for the number of every file, and signed readers see less
 * than nothing.
 */
uint64_t digest_ino(const char *text, size_t len) {
        uint64_t ino = digest_hash64(text, len) & INT64_MAX;

        return ino ? ino : 1;
}
