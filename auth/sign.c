/* SPDX-License-Identifier: Apache-2.0 */
#include "auth/sign.h"

#include <ctype.h>
#include <strings.h>

#include "base/digest.h"
#include "base/text.h"

#define ALGORITHM "SDK-HMAC-SHA256"

enum { PAIRS_MAX = 512 };

/* Where the parts of a URL are. */
struct url_parts {
        const char *host;
        size_t host_len;
        const char *path;
        size_t path_len;
        const char *query; /* NULL: none */
        size_t query_len;
        bool is_plain;
};

/* One name and value of the query, decoded. */
struct pair {
        char *name, *value;
        size_t name_len, value_len;
};

static int split(const char *url, struct url_parts *ret) {
        const char *host = strstr(url, "://");
        size_t len;

        if (!host)
                return -EINVAL;
        *ret = (struct url_parts){ .is_plain = text_starts(url, "http:"), .host = host + 3 };
        ret->host_len = strcspn(ret->host, "/?#");
        ret->path = ret->host + ret->host_len;
        ret->path_len = strcspn(ret->path, "?#");
        if (ret->path[ret->path_len] == '?') {
                ret->query = ret->path + ret->path_len + 1;
                len = strcspn(ret->query, "#");
                ret->query_len = len;
        }
        return ret->host_len ? 0 : -EINVAL;
}

/**
 * sign_host() - the Host header of a URL, as libcurl sends it: without the scheme's own port.
 * Returns 0 and a text of the caller, -EINVAL for what is no URL.
 */
int sign_host(const char *url, char **ret) {
        struct url_parts parts;
        const char *port;
        size_t len;
        int r;

        r = split(url, &parts);
        if (r < 0)
                return r;
        port = parts.is_plain ? ":80" : ":443";
        len = parts.host_len;
        if (len > strlen(port) && strncmp(parts.host + len - strlen(port), port, strlen(port)) == 0)
                len -= strlen(port);
        *ret = strndup(parts.host, len);
        return *ret ? 0 : -ENOMEM;
}

/* Encodes once what is encoded in whatever way: `%c3` and a raw `:` become `%C3` and `%3A`. */
static int recode(struct buf *buf, const char *text, size_t len) {
        struct buf plain = BUF_INIT(SIGN_SIZE_MAX);
        int r;

        r = text_percent_decode(&plain, text, len);
        if (r == 0)
                r = text_percent_encode(buf, buf_str(&plain), plain.len, NULL);
        buf_done(&plain);
        return r;
}

/* Segment by segment, with a final slash; empty segments stay. */
static int add_path(struct buf *buf, const struct url_parts *parts) {
        const char *segment = parts->path, *end = parts->path + parts->path_len;
        int r = 0;

        while (r == 0 && segment < end) {
                const char *slash = memchr(segment, '/', (size_t)(end - segment));
                size_t len = (size_t)((slash ? slash : end) - segment);

                r = recode(buf, segment, len);
                if (r == 0 && slash)
                        r = buf_add_char(buf, '/');
                segment += len + (slash ? 1 : 0);
        }
        if (r == 0 && (buf->len == 0 || buf->data[buf->len - 1] != '/'))
                r = buf_add_char(buf, '/');
        return r;
}

static int compare_bytes(const char *a, size_t a_len, const char *b, size_t b_len) {
        int order = memcmp(a, b, a_len < b_len ? a_len : b_len);

        if (order)
                return order;
        return (a_len > b_len) - (a_len < b_len);
}

static int compare_pairs(const void *a, const void *b) {
        const struct pair *left = a, *right = b;
        int order = compare_bytes(left->name, left->name_len, right->name, right->name_len);

        return order ? order
                     : compare_bytes(left->value, left->value_len, right->value, right->value_len);
}

static int decode(const char *text, size_t len, char **ret, size_t *ret_len) {
        struct buf plain = BUF_INIT(SIGN_SIZE_MAX);

        (void)text_percent_decode(&plain, text, len);
        *ret = buf_steal(&plain, ret_len);
        return *ret ? 0 : -ENOMEM;
}

static int read_pair(const char *text, size_t len, struct pair *ret) {
        const char *equals = memchr(text, '=', len);
        size_t name_len = equals ? (size_t)(equals - text) : len;
        int r;

        r = decode(text, name_len, &ret->name, &ret->name_len);
        if (r < 0)
                return r;
        return decode(equals ? equals + 1 : "", equals ? len - name_len - 1 : 0, &ret->value,
                      &ret->value_len);
}

/* Sorted by name and value, which is an order of the decoded bytes. */
static int add_query(struct buf *buf, const struct url_parts *parts) {
        const char *cursor = parts->query, *end = cursor ? cursor + parts->query_len : NULL;
        struct pair *pairs = calloc(PAIRS_MAX, sizeof(*pairs));
        size_t count = 0;
        int r = pairs ? 0 : -ENOMEM;

        while (r == 0 && cursor < end) {
                const char *amp = memchr(cursor, '&', (size_t)(end - cursor));
                size_t len = (size_t)((amp ? amp : end) - cursor);

                if (len > 0 && count == PAIRS_MAX)
                        r = -E2BIG;
                else if (len > 0)
                        r = read_pair(cursor, len, &pairs[count++]);
                cursor += len + (amp ? 1 : 0);
        }
        if (r == 0)
                qsort(pairs, count, sizeof(*pairs), compare_pairs);
        for (size_t i = 0; r == 0 && i < count; i++) {
                if (i > 0)
                        (void)buf_add_char(buf, '&');
                (void)text_percent_encode(buf, pairs[i].name, pairs[i].name_len, NULL);
                (void)buf_add_char(buf, '=');
                r = text_percent_encode(buf, pairs[i].value, pairs[i].value_len, NULL);
        }
        for (size_t i = 0; i < count; i++) {
                free(pairs[i].name);
                free(pairs[i].value);
        }
        free(pairs);
        return r;
}

static int compare_headers(const void *a, const void *b) {
        const struct sign_header *left = a, *right = b;

        return strcasecmp(left->name, right->name);
}

static int add_lower(struct buf *buf, const char *text) {
        for (; *text; text++)
                (void)buf_add_char(buf, (char)tolower((unsigned char)*text));
        return buf->error;
}

static int add_trimmed(struct buf *buf, const char *text) {
        size_t len;

        text += strspn(text, " \t\r\n");
        len = strlen(text);
        while (len > 0 && strchr(" \t\r\n", text[len - 1]))
                len--;
        return buf_add(buf, text, len);
}

static int add_names(struct buf *buf, const struct sign_header *headers, size_t count) {
        for (size_t i = 0; i < count; i++) {
                if (i > 0)
                        (void)buf_add_char(buf, ';');
                (void)add_lower(buf, headers[i].name);
        }
        return buf->error;
}

static int sort_headers(const struct sign_input *input, struct sign_header *ret) {
        if (input->n_headers > SIGN_HEADERS_MAX)
                return -E2BIG;
        for (size_t i = 0; i < input->n_headers; i++)
                ret[i] = input->headers[i];
        qsort(ret, input->n_headers, sizeof(*ret), compare_headers);
        return 0;
}

/* A hash that the sender gave, or UNSIGNED-PAYLOAD, stands in for that of the body. */
static int add_payload(struct buf *buf, const struct sign_input *input) {
        char hex[DIGEST_HEX_SIZE];

        for (size_t i = 0; i < input->n_headers; i++)
                if (strcasecmp(input->headers[i].name, "X-Sdk-Content-Sha256") == 0)
                        return add_trimmed(buf, input->headers[i].value);
        digest_sha256_hex(input->body, input->body ? input->body_len : 0, hex);
        return buf_add_str(buf, hex);
}

/**
 * sign_canonical() - append the canonical request: what both sides must see alike.
 * Returns 0, -EINVAL for a URL without scheme or host, -E2BIG beyond the bounds, -ENOMEM.
 */
int sign_canonical(const struct sign_input *input, struct buf *buf) {
        struct sign_header headers[SIGN_HEADERS_MAX];
        struct buf path = BUF_INIT(SIGN_SIZE_MAX);
        struct url_parts parts;
        int r;

        r = split(input->url, &parts);
        if (r == 0)
                r = sort_headers(input, headers);
        if (r == 0)
                r = add_path(&path, &parts);
        if (r == 0)
                r = buf_printf(buf, "%s\n%s\n", input->method, buf_str(&path));
        buf_done(&path);
        if (r == 0)
                r = add_query(buf, &parts);
        if (r < 0)
                return r;
        (void)buf_add_char(buf, '\n');
        for (size_t i = 0; i < input->n_headers; i++) {
                (void)add_lower(buf, headers[i].name);
                (void)buf_add_char(buf, ':');
                (void)add_trimmed(buf, headers[i].value);
                (void)buf_add_char(buf, '\n');
        }
        (void)buf_add_char(buf, '\n');
        (void)add_names(buf, headers, input->n_headers);
        (void)buf_add_char(buf, '\n');
        return add_payload(buf, input);
}

static int add_signature(struct buf *buf, const struct sign_input *input,
                         const struct buf *canonical) {
        struct buf text = BUF_INIT(1024);
        uint8_t mac[DIGEST_SIZE];
        char hex[DIGEST_HEX_SIZE];
        int r;

        digest_sha256_hex(canonical->data, canonical->len, hex);
        r = buf_printf(&text, "%s\n%s\n%s", ALGORITHM, input->date, hex);
        if (r == 0) {
                digest_hmac_sha256(input->sk, strlen(input->sk), text.data, text.len, mac);
                digest_hex(mac, hex);
                r = buf_add_str(buf, hex);
        }
        buf_done(&text);
        return r;
}

/**
 * sign_authorization() - the value of the Authorization header (conventions of the vendor's SDKs).
 * @ret: owned by the caller. Errors as sign_canonical().
 */
int sign_authorization(const struct sign_input *input, char **ret) {
        struct buf canonical = BUF_INIT(SIGN_SIZE_MAX), value = BUF_INIT(SIGN_SIZE_MAX);
        struct sign_header headers[SIGN_HEADERS_MAX];
        int r;

        /* Room for all at once: a buffer that grows would leave copies of a token behind. */
        r = buf_reserve(&canonical, 32 * 1024);
        if (r == 0)
                r = sign_canonical(input, &canonical);
        if (r == 0)
                r = sort_headers(input, headers);
        if (r == 0) {
                (void)buf_printf(&value, "%s Access=%s, SignedHeaders=", ALGORITHM, input->ak);
                (void)add_names(&value, headers, input->n_headers);
                (void)buf_add_str(&value, ", Signature=");
                r = add_signature(&value, input, &canonical);
        }
        if (canonical.data) /* it has the value of X-Security-Token */
                explicit_bzero(canonical.data, canonical.len);
        buf_done(&canonical);
        if (r == 0)
                *ret = buf_steal(&value, NULL);
        buf_done(&value);
        return r;
}
