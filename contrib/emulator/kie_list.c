/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kie: lists, with filters, revisions and waiting for a change.
 */
#include "contrib/emulator/kie.h"
#include "contrib/emulator/util.h"

#include <fnmatch.h>
#include <string.h>
#include <strings.h>

enum { LIMIT_MAX = 100, QUERY_LABELS_MAX = 8, KEY_PATTERN_MAX = 128, WAIT_MAX_MS = 5 * 60 * 1000 };

/* What a client asks for. */
struct wanted {
        struct json_object *labels; /* owned */
        bool exact;
        const char *key;
        int64_t revision;      /* -1: none given */
        int64_t wait_ms;       /* 0: no waiting */
        int64_t limit, offset; /* limit 0: everything */
};

/* A Go duration ("5s", "1m30s", "100ms") in ms. Returns -EINVAL for anything else. */
static int64_t duration_ms(const char *text) {
        int64_t total = 0;

        if (!*text)
                return -EINVAL;
        while (*text) {
                size_t digits = strspn(text, "0123456789");
                _cleanup_(freep) char *number = x_strndup(text, digits);
                const char *unit = text + digits;
                int64_t value, factor;
                size_t len = strspn(unit, "hms");

                factor = len == 2 && str_begins(unit, "ms") ? 1
                         : len != 1                         ? 0
                         : *unit == 's'                     ? 1000
                         : *unit == 'm'                     ? 60000
                                                            : 3600000;
                if (factor == 0 || parse_int(number, &value) < 0 || value > INT32_MAX)
                        return -EINVAL;
                total += value * factor;
                text = unit + len;
        }
        return total;
}

/* Returns NULL, or the error code that the request gets; *ret_what then names the parameter. */
static const char *read_labels(const struct request *req, struct wanted *w, const char **ret_what) {
        *ret_what = "label";
        for (size_t i = 0; i < req->query.count; i++)
                if (str_eq(req->query.items[i].name, "label") &&
                    kie_label_parse(req->query.items[i].value, w->labels) < 0)
                        return "400001";
        return json_object_object_length(w->labels) > QUERY_LABELS_MAX ? "400001" : NULL;
}

static const char *read_wait(const struct request *req, struct wanted *w, const char **ret_what) {
        const char *text = query_param(req, "wait");

        *ret_what = "wait";
        if (!text || !*text || kie_is_plain(req->world, req->instance))
                return NULL;
        w->wait_ms = duration_ms(text);
        if (w->wait_ms < 0 || w->key)
                return "400001";
        return w->wait_ms > WAIT_MAX_MS ? "400003" : NULL;
}

static const char *read_wanted(const struct request *req, struct wanted *w, const char **ret_what) {
        const char *code = read_labels(req, w, ret_what);

        w->exact = str_eq(query_param(req, "match"), "exact");
        w->key = query_param(req, "key");
        w->revision = query_int(req, "revision", -1);
        w->limit = query_int(req, "limit", 0);
        w->offset = query_int(req, "offset", 0);
        if (code)
                return code;
        *ret_what = "limit or offset";
        if ((query_param(req, "limit") && (w->limit < 1 || w->limit > LIMIT_MAX)) || w->offset < 0)
                return "400001";
        *ret_what = "key";
        if (w->key && strlen(w->key) > KEY_PATTERN_MAX)
                return "400001";
        return read_wait(req, w, ret_what);
}

/* "x" alone (whatever the case), beginWith(x) or wildcard(*x*). */
static bool key_matches(const char *pattern, const char *key) {
        _cleanup_(freep) char *inner = NULL;
        const char *open;

        if (!pattern || !*pattern)
                return true;
        open = strchr(pattern, '(');
        if (!open || !str_ends(pattern, ")"))
                return strcasecmp(pattern, key) == 0;
        inner = x_strndup(open + 1, strlen(open) - 2);
        if (str_begins(pattern, "beginWith("))
                return str_begins(key, inner);
        return str_begins(pattern, "wildcard(") && fnmatch(inner, key, 0) == 0;
}

/* The newest change first, as kie sorts. */
static int compare_revisions(const void *a, const void *b) {
        struct json_object *const *left = a, *const *right = b;
        int64_t l = js_int(*left, "/update_revision", 0), r = js_int(*right, "/update_revision", 0);

        return l < r ? 1 : l > r ? -1 : 0;
}

static struct json_object *collect(const struct request *req, const struct wanted *w,
                                   bool filter_key) {
        struct json_object *list = json_object_new_array();
        struct entry *e = collection_first(kie_store(req->world, req->instance));

        for (; e; e = entry_next(e)) {
                struct json_object *kv = entry_object(e);

                if (kie_labels_match(js_get(kv, "/labels"), w->labels, w->exact) &&
                    (!filter_key || key_matches(w->key, js_str(kv, "/key"))))
                        json_object_array_add(list, json_object_get(kv));
        }
        json_object_array_sort(list, compare_revisions);
        return list;
}

/* A woken answer holds everything that the labels let through: limits do not count then. */
static void answer(const struct request *req, struct response *resp, const struct wanted *w,
                   bool woken) {
        struct json_object *list = collect(req, w, !woken);
        int64_t total = (int64_t)js_len(list, "");
        char revision[32];

        if (!woken && w->limit > 0)
                list = page_cut((struct page){ w->offset, w->limit }, list);
        reply_json(resp, 200, js_pack("{'total': i, 'data': o}", total, list));
        if (kie_is_plain(req->world, req->instance))
                return;
        snprintf(revision, sizeof(revision), "%lld",
                 (long long)kie_revision(req->world, req->instance));
        reply_header(resp, "X-Kie-Revision", revision);
}

/* Whether something that the labels let through changed since the request came. */
static bool was_changed(const struct request *req, const struct wanted *w) {
        struct entry *e =
                collection_first(world_collection(req->world, "kie/events", req->instance));

        for (; e; e = entry_next(e)) {
                struct json_object *event = entry_object(e);
                bool is_new = w->revision >= 0 ? js_int(event, "/revision", 0) > w->revision
                                               : js_int(event, "/ms", 0) > req->first_ms;

                if (is_new && kie_labels_match(js_get(event, "/labels"), w->labels, w->exact))
                        return true;
        }
        return false;
}

static void wait_or_answer(const struct request *req, struct response *resp,
                           const struct wanted *w) {
        if (w->wait_ms > 0 && was_changed(req, w))
                answer(req, resp, w, true);
        else if (w->wait_ms > 0 && world_now(req->world) < req->first_ms + w->wait_ms)
                response_wait(resp, req->first_ms + w->wait_ms);
        else
                reply_empty(resp, 304);
}

static void refuse(const struct request *req, struct response *resp, const char *code,
                   const char *what) {
        _cleanup_(freep) char *text = x_printf("Invalid parameter(s): %s", what);

        kie_fail(req, resp, 400, code, text);
}

/*
 * A revision that is not the current one (be it larger) is answered at once; the current one, or
 * none with `wait`, waits for a change. Later rounds of a wait do not look at the revision again:
 * changes elsewhere move it.
 */
static void list_configs(const struct request *req, struct response *resp) {
        struct wanted w = { .labels = json_object_new_object() };
        const char *what, *code = read_wanted(req, &w, &what);

        if (code)
                refuse(req, resp, code, what);
        else if (req->round > 0)
                wait_or_answer(req, resp, &w);
        else if (w.revision >= 0 ? w.revision != kie_revision(req->world, req->instance)
                                 : w.wait_ms == 0)
                answer(req, resp, &w, false);
        else
                wait_or_answer(req, resp, &w);
        json_object_put(w.labels);
}

const struct handler kie_list_handlers[] = {
        { "listConfigs", list_configs },
        { 0 },
};
