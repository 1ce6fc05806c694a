/* SPDX-License-Identifier: Apache-2.0 */
#include "contrib/emulator/signature.h"

#include "contrib/emulator/exchange.h"
#include "contrib/emulator/validate.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <string.h>

static const char algorithm[] = "SDK-HMAC-SHA256";

static void to_hex(const unsigned char *bytes, size_t count, char *ret) {
        for (size_t i = 0; i < count; i++)
                snprintf(ret + 2 * i, 3, "%02x", bytes[i]);
}

void sha256_hex(const void *data, size_t size, char *ret) {
        unsigned char digest[EVP_MAX_MD_SIZE];
        unsigned int count = 0;

        if (!EVP_Digest(data, size, digest, &count, EVP_sha256(), NULL))
                die("SHA-256 is not available");
        to_hex(digest, count, ret);
}

/* Cuts "Name=value" off the list and returns the value if the name is the wanted one. */
static const char *take_part(char **rest, const char *name) {
        char *part = *rest, *end;
        size_t len = strlen(name);

        if (!part || strncmp(part, name, len) != 0 || part[len] != '=')
                return NULL;
        end = strchr(part, ',');
        if (end)
                *end++ = 0;
        *rest = end ? end + strspn(end, " ") : NULL;
        return part + len + 1;
}

int signature_parse(const char *authorization, struct signature *ret) {
        struct signature s = { 0 };
        size_t len = strlen(algorithm);
        char *rest;

        if (strncmp(authorization, algorithm, len) != 0 || authorization[len] != ' ')
                return -EBADMSG;
        rest = s.text = x_strdup(authorization + len);
        rest += strspn(rest, " ");
        s.access = take_part(&rest, "Access");
        s.signed_headers = take_part(&rest, "SignedHeaders");
        s.value = take_part(&rest, "Signature");
        if (!s.access || !s.signed_headers || !s.value || rest || strlen(s.value) != 64) {
                signature_clear(&s);
                return -EBADMSG;
        }
        *ret = s;
        return 0;
}

void signature_clear(struct signature *signature) {
        free(signature->text);
        *signature = (struct signature){ 0 };
}

/* Appends text with every byte but the unreserved ones (and those in `keep`) as %XX. */
static void add_encoded(struct buf *out, const char *text, const char *keep) {
        for (; *text; text++) {
                unsigned char c = (unsigned char)*text;

                if ((c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
                    strchr("-_.~", c) || strchr(keep, c))
                        buf_add_char(out, (char)c);
                else
                        buf_printf(out, "%%%02X", c);
        }
}

static void add_path(struct buf *out, const char *target, size_t size) {
        _cleanup_(freep) char *path = x_strndup(target, size);

        percent_decode(path, false);
        add_encoded(out, path, "/");
        if (out->len == 0 || out->data[out->len - 1] != '/')
                buf_add_char(out, '/');
}

static int compare_pairs(const void *a, const void *b) {
        const struct pair *left = a, *right = b;
        int r = strcmp(left->name, right->name);

        return r ? r : strcmp(left->value, right->value);
}

static void add_query(struct buf *out, const char *query) {
        struct pairs pairs = { 0 };

        query_parse(query, &pairs);
        if (pairs.count)
                qsort(pairs.items, pairs.count, sizeof(*pairs.items), compare_pairs);
        for (size_t i = 0; i < pairs.count; i++) {
                if (i > 0)
                        buf_add_char(out, '&');
                add_encoded(out, pairs.items[i].name, "");
                buf_add_char(out, '=');
                add_encoded(out, pairs.items[i].value, "");
        }
        pairs_clear(&pairs);
}

static void add_trimmed(struct buf *out, const char *value) {
        size_t size;

        value += strspn(value, " \t");
        size = strlen(value);
        while (size > 0 && (value[size - 1] == ' ' || value[size - 1] == '\t'))
                size--;
        buf_add(out, value, size);
}

/* False when a signed header is absent, the names are not in order, or the date is not signed. */
static bool add_headers(struct buf *out, const struct pairs *headers, const char *names) {
        _cleanup_(freep) char *copy = x_strdup(names);
        char *rest = copy, *before = NULL;
        bool has_date = false;

        while (rest) {
                char *name = strsep(&rest, ";");
                const char *value = pairs_get(headers, name, true);

                if (!value || (before && strcmp(before, name) >= 0))
                        return false;
                for (const char *p = name; *p; p++)
                        if (*p >= 'A' && *p <= 'Z')
                                return false;
                buf_printf(out, "%s:", name);
                add_trimmed(out, value);
                buf_add_char(out, '\n');
                has_date |= str_eq(name, "x-sdk-date");
                before = name;
        }
        return has_date;
}

static void add_payload_hash(struct buf *out, const struct signed_request *req) {
        const char *given = pairs_get(req->headers, "X-Sdk-Content-Sha256", true);
        char hash[65];

        if (given) {
                buf_add_str(out, given);
                return;
        }
        sha256_hex(req->body_size ? req->body : "", req->body_size, hash);
        buf_add_str(out, hash);
}

char *signature_canonical(const struct signed_request *req, const char *signed_headers) {
        struct buf out = { 0 };
        struct buf path = { 0 };
        size_t path_size = strcspn(req->target, "?");
        const char *query = req->target[path_size] ? req->target + path_size + 1 : "";
        bool good;

        add_path(&path, req->target, path_size);
        buf_printf(&out, "%s\n%s\n", req->method, buf_str(&path));
        buf_done(&path);
        add_query(&out, query);
        buf_add_char(&out, '\n');
        good = add_headers(&out, req->headers, signed_headers);
        buf_printf(&out, "\n%s\n", signed_headers);
        add_payload_hash(&out, req);
        if (!good || out.error) {
                buf_done(&out);
                return NULL;
        }
        return buf_steal(&out, NULL);
}

bool signature_matches(const char *canonical, const char *date, const char *secret_key,
                       const char *value) {
        _cleanup_(freep) char *to_sign = NULL;
        unsigned char mac[EVP_MAX_MD_SIZE];
        unsigned int count = 0;
        char hash[65], hex[65];

        sha256_hex(canonical, strlen(canonical), hash);
        to_sign = x_printf("%s\n%s\n%s", algorithm, date, hash);
        if (!HMAC(EVP_sha256(), secret_key, (int)strlen(secret_key), (const unsigned char *)to_sign,
                  strlen(to_sign), mac, &count) ||
            count != 32)
                die("HMAC-SHA-256 is not available");
        to_hex(mac, count, hex);
        return strlen(value) == 64 && CRYPTO_memcmp(hex, value, 64) == 0;
}
