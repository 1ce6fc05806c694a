/* SPDX-License-Identifier: Apache-2.0 */
#include "backends/template.h"

#include "base/text.h"

/* Appends one template with its {name}s replaced; -ENOENT when a value is unknown, or empty where
 * the name ends in `?`. */
static int expand(const struct request *request, const char *template, size_t len, bool encode,
                  struct buf *buf) {
        for (size_t i = 0; i < len; i++) {
                size_t name_len = strcspn(template + i, "}");
                _cleanup_(freep) char *name = NULL;
                const char *value;
                bool is_optional;

                if (template[i] != '{') {
                        (void)buf_add_char(buf, template[i]);
                        continue;
                }
                name = strndup(template + i + 1, name_len - 1);
                if (!name)
                        return -ENOMEM;
                is_optional = text_ends(name, "?");
                if (is_optional)
                        name[strlen(name) - 1] = '\0';
                value = request_param(request, name);
                if (!value || (is_optional && !*value))
                        return -ENOENT;
                if (encode)
                        (void)text_percent_encode(buf, value, strlen(value), NULL);
                else
                        (void)buf_add_str(buf, value);
                i += name_len;
        }
        return buf->error;
}

/**
 * template_path() - append the request's path; values are percent-encoded as one segment each.
 * A `/` in an id cannot be represented safely (contract conventions, 1.1 (3)): -EINVAL, as are `.`
 * and `..`. -ENOENT when a parameter is unknown.
 */
int template_path(const struct request *request, struct buf *buf) {
        for (size_t i = 0; i < request->n_params; i++) {
                const char *value = request->params[i].value;
                _cleanup_(freep) char *step = NULL;

                if (text_format(&step, "{%s}", request->params[i].name) < 0)
                        return -ENOMEM;
                if (!strstr(request->call->path, step))
                        continue;
                if (!*value || strchr(value, '/') || text_eq(value, ".") || text_eq(value, ".."))
                        return -EINVAL;
        }
        return expand(request, request->call->path, strlen(request->call->path), true, buf);
}

/** template_query() - append `a=b&c=d`; pairs whose parameter is unknown are left out, with
 * `{name?}` those whose parameter is empty too. */
int template_query(const struct request *request, struct buf *buf) {
        const char *cursor = request->call->query ? request->call->query : "";
        const char *pair;
        size_t len;

        while (text_word(&cursor, "&", &pair, &len)) {
                size_t before = buf->len;
                int r;

                if (before)
                        (void)buf_add_char(buf, '&');
                r = expand(request, pair, len, true, buf);
                if (r == -ENOENT)
                        buf_truncate(buf, before);
                else if (r < 0)
                        return r;
        }
        return buf->error;
}

/* Appends a pair whose value is a `{}` in the row. */
static void add_known(struct buf *buf, const char *pair, const char *value) {
        const char *hole = strstr(pair, "{}");

        if (!hole)
                return;
        if (buf->len)
                (void)buf_add_char(buf, '&');
        (void)buf_add(buf, pair, (size_t)(hole - pair));
        (void)text_percent_encode(buf, value, strlen(value), NULL);
        (void)buf_add_str(buf, hole + strlen("{}"));
}

/** template_known() - append what asks whether a known answer still holds, where the row can ask
 * that, and for how long the service may wait. Errors as buf_reserve(). */
int template_known(const struct request *request, struct buf *buf) {
        const struct call *call = request->call;
        char seconds[16];

        if (!request->known_revision || !call->revision_query)
                return buf->error;
        add_known(buf, call->revision_query, request->known_revision);
        if (request->wait_s && call->wait_query) {
                (void)snprintf(seconds, sizeof(seconds), "%u", request->wait_s);
                add_known(buf, call->wait_query, seconds);
        }
        return buf->error;
}

static int set_header(const struct request *request, const char *line, size_t len,
                      struct http_headers *headers) {
        const char *colon = memchr(line, ':', len);
        _cleanup_(freep) char *name = NULL;
        struct buf value = BUF_INIT(8192);
        int r;

        if (!colon)
                return -EINVAL;
        name = strndup(line, (size_t)(colon - line));
        if (!name)
                return -ENOMEM;
        colon++;
        while (*colon == ' ')
                colon++;
        r = expand(request, colon, len - (size_t)(colon - line), false, &value);
        if (r == 0)
                r = http_headers_set(headers, name, buf_str(&value));
        buf_done(&value);
        return r == -ENOENT ? 0 : r;
}

/** template_headers() - set the row's headers; lines whose parameter is unknown are left out. */
int template_headers(const struct request *request, struct http_headers *headers) {
        const char *cursor = request->call->headers ? request->call->headers : "";
        const char *line;
        size_t len;

        while (text_word(&cursor, "\n", &line, &len)) {
                int r = set_header(request, line, len, headers);

                if (r < 0)
                        return r;
        }
        return 0;
}
