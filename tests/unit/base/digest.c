/* SPDX-License-Identifier: Apache-2.0 */
#include "base/digest.h"

#include <string.h>

#include "tests/unit/unit.h"

/* FIPS 180-4's own examples. */
static const struct {
        const char *text, *hex;
} sha256[] = {
        { "", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" },
        { "abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" },
        { "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
          "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1" },
};

START_TEST(sha256_of_the_standards_examples) {
        char hex[DIGEST_HEX_SIZE];

        digest_sha256_hex(sha256[_i].text, strlen(sha256[_i].text), hex);
        ck_assert_str_eq(hex, sha256[_i].hex);
}
END_TEST

START_TEST(nothing_at_all_is_the_empty_text) {
        char hex[DIGEST_HEX_SIZE];

        digest_sha256_hex(NULL, 0, hex);
        ck_assert_str_eq(hex, sha256[0].hex);
}
END_TEST

/* RFC 4231, cases 1, 2, 3 and 6. */
START_TEST(hmac_of_the_standards_examples) {
        char key[131], data[50], hex[DIGEST_HEX_SIZE];
        uint8_t digest[DIGEST_SIZE];

        memset(key, 0x0b, 20);
        digest_hmac_sha256(key, 20, "Hi There", 8, digest);
        digest_hex(digest, hex);
        ck_assert_str_eq(hex, "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
        digest_hmac_sha256("Jefe", 4, "what do ya want for nothing?", 28, digest);
        digest_hex(digest, hex);
        ck_assert_str_eq(hex, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
        memset(key, 0xaa, sizeof(key));
        memset(data, 0xdd, sizeof(data));
        digest_hmac_sha256(key, 20, data, sizeof(data), digest);
        digest_hex(digest, hex);
        ck_assert_str_eq(hex, "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe");
        digest_hmac_sha256(key, sizeof(key),
                           "Test Using Larger Than Block-Size Key - Hash Key First", 54, digest);
        digest_hex(digest, hex);
        ck_assert_str_eq(hex, "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}
END_TEST

START_TEST(the_short_hash_is_the_beginning_of_the_long_one) {
        ck_assert_uint_eq(digest_hash64("abc", 3), UINT64_C(0xba7816bf8f01cfea));
        ck_assert_uint_ne(digest_hash64("abc", 3), digest_hash64("abd", 3));
        ck_assert_uint_eq(digest_ino("abc", 3), UINT64_C(0x3a7816bf8f01cfea));
}
END_TEST

int main(void) {
        const struct unit_case cases[] = {
                { "sha256", sha256_of_the_standards_examples, ELEMENTSOF(sha256) },
                { "nothing", nothing_at_all_is_the_empty_text, 0 },
                { "hmac", hmac_of_the_standards_examples, 0 },
                { "hash64", the_short_hash_is_the_beginning_of_the_long_one, 0 },
                {},
        };

        return unit_main("digest", cases);
}
