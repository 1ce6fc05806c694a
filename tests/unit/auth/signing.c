/* SPDX-License-Identifier: Apache-2.0 */
/* Signatures against those that the vendor's own signers made of the same requests. */
#include "auth/sign.h"

#include <fcntl.h>
#include <openssl/evp.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/json.h"
#include "base/text.h"
#include "tests/unit/unit.h"

static const char *path;
static struct json *file;

static struct json *read_file(void) {
        struct buf text = BUF_INIT(JSON_MAX_SIZE);
        struct json *json = NULL;
        char block[8192];
        ssize_t n;
        int fd;

        fd = open(path, O_RDONLY | O_CLOEXEC);
        if (fd < 0)
                return NULL;
        while ((n = read(fd, block, sizeof(block))) > 0)
                (void)buf_add(&text, block, (size_t)n);
        (void)close(fd);
        if (text.error < 0 || json_parse(buf_str(&text), text.len, &json, NULL) < 0)
                json = NULL;
        buf_done(&text);
        return json;
}

/* Bytes of the body: text, or base64 where it is none. */
static char *body_of(const struct json *vector, size_t *ret_len) {
        const char *text = json_string(vector, "/body");
        const char *base64 = json_string(vector, "/body_base64");
        size_t len, padding = 0;
        char *body;
        int n;

        *ret_len = text ? strlen(text) : 0;
        if (text)
                return strdup(text);
        if (!base64)
                return NULL;
        len = strlen(base64);
        while (padding < len && base64[len - 1 - padding] == '=')
                padding++;
        body = malloc(len + 1);
        ck_assert_ptr_nonnull(body);
        n = EVP_DecodeBlock((unsigned char *)body, (const unsigned char *)base64, (int)len);
        ck_assert_int_ge(n, (int)padding);
        *ret_len = (size_t)n - padding;
        return body;
}

static size_t headers_of(const struct json *vector, struct sign_header *ret) {
        const struct json *list = json_at(vector, "/signed");
        size_t count = json_count(list);

        ck_assert_uint_le(count, SIGN_HEADERS_MAX);
        for (size_t i = 0; i < count; i++) {
                /* In an order that is not the right one. */
                const struct json *row = json_item(list, count - 1 - i);

                ret[i] = (struct sign_header){ json_string(row, "/0"), json_string(row, "/1") };
        }
        return count;
}

static void check_host(const struct sign_input *input) {
        char *host;

        for (size_t i = 0; i < input->n_headers; i++) {
                if (!text_eq(input->headers[i].name, "host"))
                        continue;
                ck_assert_int_eq(sign_host(input->url, &host), 0);
                ck_assert_str_eq(host, input->headers[i].value);
                free(host);
        }
}

static void check_canonical(const struct json *vector, const struct sign_input *input) {
        const char *wanted = json_string(vector, "/canonical_request");
        struct buf buf = BUF_INIT(SIGN_SIZE_MAX);

        ck_assert_int_eq(sign_canonical(input, &buf), 0);
        if (wanted)
                ck_assert_str_eq(buf_str(&buf), wanted);
        buf_done(&buf);
}

static void check_vector(const struct json *vector) {
        struct sign_header headers[SIGN_HEADERS_MAX];
        struct sign_input input = {
                .ak = json_string(vector, "/ak"),
                .sk = json_string(vector, "/sk"),
                .date = json_string(vector, "/date"),
                .method = json_string(vector, "/method"),
                .url = json_string(vector, "/url"),
                .headers = headers,
                .n_headers = headers_of(vector, headers),
        };
        char *body = body_of(vector, &input.body_len), *authorization;

        input.body = body;
        check_host(&input);
        check_canonical(vector, &input);
        ck_assert_int_eq(sign_authorization(&input, &authorization), 0);
        ck_assert_msg(text_eq(authorization, json_string(vector, "/authorization")),
                      "%s:\n got %s\nwant %s", json_string(vector, "/name"), authorization,
                      json_string(vector, "/authorization"));
        free(authorization);
        free(body);
}

START_TEST(every_vector_is_signed_alike) {
        const struct json *vectors = json_at(file, "/vectors");
        size_t count = json_count(vectors);

        ck_assert_uint_gt(count, 0);
        for (size_t i = 0; i < count; i++)
                check_vector(json_item(vectors, i));
}
END_TEST

static void refuse(const char *url) {
        struct sign_input input = {
                .ak = "a",
                .sk = "s",
                .date = "d",
                .method = "GET",
                .url = url,
        };
        char *text = NULL;

        ck_assert_int_eq(sign_authorization(&input, &text), -EINVAL);
        ck_assert_ptr_null(text);
}

START_TEST(what_is_no_url_is_refused) {
        refuse("");
        refuse("dws.example.com/v1");
        refuse("https://");
        refuse("https:///path");
}
END_TEST

START_TEST(too_many_parts_are_refused) {
        struct sign_header headers[SIGN_HEADERS_MAX + 1];
        struct sign_input input = { .ak = "a",
                                    .sk = "s",
                                    .date = "d",
                                    .method = "GET",
                                    .url = "https://h/",
                                    .headers = headers,
                                    .n_headers = SIGN_HEADERS_MAX + 1 };
        struct buf url = BUF_INIT(0);
        char *text = NULL;

        for (size_t i = 0; i < ELEMENTSOF(headers); i++)
                headers[i] = (struct sign_header){ "x", "y" };
        ck_assert_int_eq(sign_authorization(&input, &text), -E2BIG);
        input.n_headers = 0;
        ck_assert_int_eq(buf_add_str(&url, "https://h/?"), 0);
        for (int i = 0; i < 600; i++)
                ck_assert_int_eq(buf_printf(&url, "a%d=1&", i), 0);
        input.url = url.data;
        ck_assert_int_eq(sign_authorization(&input, &text), -E2BIG);
        buf_done(&url);
}
END_TEST

int main(int argc, char **argv) {
        const struct unit_case cases[] = {
                { "every vector is signed alike", every_vector_is_signed_alike, 0 },
                { "what is no URL is refused", what_is_no_url_is_refused, 0 },
                { "too many parts are refused", too_many_parts_are_refused, 0 },
                { NULL, NULL, 0 },
        };
        const char *other = getenv("SIGNING_VECTORS");
        int status;

        path = other && *other ? other : argc > 1 ? argv[1] : "tests/signing-vectors.json";
        file = read_file();
        if (!file) {
                (void)fprintf(stderr, "cannot read vectors from %s\n", path);
                return EXIT_FAILURE;
        }
        status = unit_main("signing", cases);
        (void)json_free(file);
        return status;
}
