/* SPDX-License-Identifier: Apache-2.0 */
#include "contrib/emulator/signature.h"

#include <string.h>

#include "contrib/emulator/exchange.h"
#include "tests/unit/unit.h"

static struct json_object *vectors;

/* The target of a URL: what follows the host. */
static const char *target_of(const char *url) {
        const char *host = strstr(url, "://") + 3, *path = host + strcspn(host, "/?");

        return *path ? path : "/";
}

static struct pairs headers_of(struct json_object *vector) {
        struct json_object *lists[] = { js_get(vector, "/signed") };
        struct pairs headers = { 0 };

        for (size_t i = 0; i < js_len(lists[0], ""); i++)
                pairs_add(&headers, js_str(js_at(lists[0], i), "/0"),
                          js_str(js_at(lists[0], i), "/1"));
        return headers;
}

/* The body of a vector, as text or in base64; short ones only. */
static size_t body_of(struct json_object *vector, unsigned char *ret) {
        const char *text = js_str(vector, "/body"), *base64 = js_str(vector, "/body_base64");
        size_t size = 0;
        unsigned bits = 0, have = 0;

        if (text) {
                memcpy(ret, text, strlen(text));
                return strlen(text);
        }
        for (; base64 && *base64 && *base64 != '='; base64++) {
                static const char digits[] =
                        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

                bits = bits << 6 | (unsigned)(strchr(digits, *base64) - digits);
                have += 6;
                if (have >= 8)
                        ret[size++] = (unsigned char)(bits >> (have -= 8));
        }
        return size;
}

/*
 * Runs one vector, with one byte of the secret key changed if asked. Returns whether it was
 * accepted.
 */
static bool accepts(struct json_object *vector, bool spoil) {
        unsigned char body[65536];
        struct pairs headers = headers_of(vector);
        struct signed_request req = {
                .method = js_str(vector, "/method"),
                .target = target_of(js_str(vector, "/url")),
                .headers = &headers,
                .body = (char *)body,
        };
        _cleanup_(freep) char *secret = x_strdup(js_str(vector, "/sk")), *canonical = NULL;
        struct signature signature;
        bool good;

        req.body_size = body_of(vector, body);
        ck_assert_int_eq(signature_parse(js_str(vector, "/authorization"), &signature), 0);
        ck_assert_str_eq(signature.access, js_str(vector, "/ak"));
        secret[0] = (char)(secret[0] + spoil);
        canonical = signature_canonical(&req, signature.signed_headers);
        ck_assert_ptr_nonnull(canonical);
        if (js_str(vector, "/canonical_request"))
                ck_assert_str_eq(canonical, js_str(vector, "/canonical_request"));
        good = signature_matches(canonical, js_str(vector, "/date"), secret, signature.value);
        signature_clear(&signature);
        pairs_clear(&headers);
        return good;
}

START_TEST(each_published_vector_is_accepted) {
        size_t count = js_len(vectors, "");

        ck_assert_uint_gt(count, 60);
        for (size_t i = 0; i < count; i++)
                ck_assert_msg(accepts(js_at(vectors, i), false), "%s",
                              js_str(js_at(vectors, i), "/name"));
}
END_TEST

START_TEST(another_key_is_refused) {
        for (size_t i = 0; i < js_len(vectors, ""); i++)
                ck_assert_msg(!accepts(js_at(vectors, i), true), "%s",
                              js_str(js_at(vectors, i), "/name"));
}
END_TEST

START_TEST(headers_of_other_forms_are_refused) {
        static const char *const wrong[] = {
                "",
                "Bearer x",
                "SDK-HMAC-SHA256",
                "SDK-HMAC-SHA256 Access=a",
                "SDK-HMAC-SHA256 Access=a, SignedHeaders=x-sdk-date, Signature=short",
                "SDK-HMAC-SM3 Access=a, SignedHeaders=x-sdk-date, Signature=0",
        };
        struct signature signature;

        for (size_t i = 0; i < ELEMENTSOF(wrong); i++)
                ck_assert_int_eq(signature_parse(wrong[i], &signature), -EBADMSG);
}
END_TEST

static bool has_canonical(const char *names) {
        struct pairs headers = { 0 };
        struct signed_request req = { .method = "GET",
                                      .target = "/path?limit=1",
                                      .headers = &headers };
        char *canonical;

        pairs_add(&headers, "Host", "h");
        pairs_add(&headers, "X-Sdk-Date", "20060102T150405Z");
        canonical = signature_canonical(&req, names);
        pairs_clear(&headers);
        free(canonical);
        return canonical != NULL;
}

START_TEST(what_was_not_sent_or_not_sorted_cannot_be_signed) {
        ck_assert(has_canonical("host;x-sdk-date"));
        ck_assert(!has_canonical("x-sdk-date;host"));
        ck_assert(!has_canonical("Host;x-sdk-date"));
        ck_assert(!has_canonical("host;x-other;x-sdk-date"));
        ck_assert(!has_canonical("host"));
        ck_assert(!has_canonical(""));
}
END_TEST

int main(void) {
        const struct unit_case cases[] = {
                { "vectors", each_published_vector_is_accepted, 0 },
                { "wrong key", another_key_is_refused, 0 },
                { "wrong form", headers_of_other_forms_are_refused, 0 },
                { "names", what_was_not_sent_or_not_sorted_cannot_be_signed, 0 },
                { 0 },
        };
        struct json_object *document = NULL;
        int status;

        if (js_parse_file(VECTORS, &document) < 0)
                return 1;
        vectors = js_get(document, "/vectors");
        status = unit_main("emulator-signature", cases);
        json_object_put(document);
        return status;
}
