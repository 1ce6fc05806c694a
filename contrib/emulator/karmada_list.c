/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Karmada: lists with selectors and pages, and watches.
 */
#include "contrib/emulator/karmada.h"
#include "contrib/emulator/util.h"

#include <string.h>

enum { WATCH_MS = 30 * 60 * 1000, WATCH_MAX_S = 3600 };

/* One demand of a selector: a value (or not), one of several, or the mere presence of a label. */
static bool fits_values(const char *have, const char *values, bool wanted) {
        _cleanup_(freep) char *copy = x_strdup(values);
        char *rest = copy;

        while (rest) {
                char *value = strsep(&rest, ",");

                value += strspn(value, " ");
                value[strcspn(value, " ")] = 0;
                if (str_eq(have, value))
                        return wanted;
        }
        return !wanted;
}

/* The label or field of that name, or NULL. */
typedef const char *(*value_fn)(struct json_object *object, const char *name);

static const char *label_value(struct json_object *object, const char *name) {
        struct json_object *value = NULL;

        json_object_object_get_ex(js_get(object, "/metadata/labels"), name, &value);
        return value ? json_object_get_string(value) : NULL;
}

static const char *field_value(struct json_object *object, const char *name) {
        _cleanup_(freep) char *pointer = x_printf("/%s", name);
        struct json_object *value;

        for (char *p = pointer; *p; p++)
                if (*p == '.')
                        *p = '/';
        value = js_get(object, pointer);
        return value ? json_object_get_string(value) : "";
}

/* Cuts the next demand off at a comma outside of parentheses. */
static char *next_demand(char **rest) {
        char *start = *rest, *p = start;
        int depth = 0;

        for (; *p && (*p != ',' || depth > 0); p++)
                depth += *p == '(' ? 1 : *p == ')' ? -1 : 0;
        *rest = *p ? p + 1 : NULL;
        *p = 0;
        return start + strspn(start, " ");
}

static bool fits_set(char *demand, struct json_object *object, value_fn value) {
        char *open = strchr(demand, '('), *operator= strchr(demand, ' ');
        bool is_not = operator&& str_begins(operator+ 1, "notin");

        if (!open || !operator)
                return false;
        *operator= 0;
        open[strcspn(open, ")")] = 0;
        return fits_values(value(object, demand), open + 1, !is_not);
}

static bool fits_demand(char *demand, struct json_object *object, value_fn value) {
        char *equal = strchr(demand, '=');
        bool is_not;

        if (strchr(demand, '('))
                return fits_set(demand, object, value);
        if (!equal)
                return demand[0] == '!' ? !value(object, demand + 1)
                                        : value(object, demand) != NULL;
        is_not = equal > demand && equal[-1] == '!';
        equal[is_not ? -1 : 0] = 0;
        equal += equal[1] == '=' ? 2 : 1;
        return fits_values(value(object, demand), equal, !is_not);
}

static bool fits_selector(const char *selector, struct json_object *object, value_fn value) {
        _cleanup_(freep) char *copy = x_strdup(selector);
        char *rest = copy;

        while (rest && *rest)
                if (!fits_demand(next_demand(&rest), object, value))
                        return false;
        return true;
}

static bool is_selected(const struct request *req, const char *namespace,
                        struct json_object *object) {
        return (!namespace || str_eq(js_str(object, "/metadata/namespace"), namespace)) &&
               fits_selector(query_param(req, "labelSelector"), object, label_value) &&
               fits_selector(query_param(req, "fieldSelector"), object, field_value);
}

static int compare_names(const void *a, const void *b) {
        struct json_object *const *left = a, *const *right = b;
        const char *l = js_str(*left, "/metadata/namespace"),
                   *r = js_str(*right, "/metadata/namespace");
        int order = strcmp(l ? l : "", r ? r : "");

        return order ? order
                     : strcmp(js_str(*left, "/metadata/name"), js_str(*right, "/metadata/name"));
}

/* Items of lists do not name their kind, except those of custom resources. */
static struct json_object *listed(const struct kube_kind *kind, struct json_object *object) {
        struct json_object *item;

        if (kind->is_custom)
                return json_object_get(object);
        item = json_object_new_object();
        js_each_member(object, name, value) {
                if (!word_in("kind apiVersion", name, false))
                        json_object_object_add(item, name, json_object_get(value));
        }
        return item;
}

static struct json_object *items(const struct request *req, const struct kube_target *target) {
        struct json_object *all = json_object_new_array(), *list;
        struct entry *e =
                collection_first(kube_collection(req->world, req->instance, target->kind));
        struct page page = page_by_continue(req);

        for (; e; e = entry_next(e))
                if (is_selected(req, target->namespace, entry_object(e)))
                        json_object_array_add(all, json_object_get(entry_object(e)));
        json_object_array_sort(all, compare_names);
        list = json_object_new_array();
        for (size_t i = (size_t)page.offset; i < js_len(all, ""); i++)
                json_object_array_add(list, i - (size_t)page.offset < (size_t)page.limit
                                                    ? listed(target->kind, js_at(all, i))
                                                    : json_object_get(js_at(all, i)));
        json_object_put(all);
        return list;
}

/* What follows the page is counted and cut off. */
static void reply_list(const struct request *req, struct response *resp,
                       const struct kube_target *target) {
        struct page page = page_by_continue(req);
        struct json_object *list = items(req, target), *token = NULL, *remaining = NULL;
        size_t count = js_len(list, "");
        _cleanup_(freep) char *kind = x_printf("%sList", target->kind->kind);
        _cleanup_(freep) char *version = kube_api_version(target->kind);
        char revision[32];

        if (page.limit >= 0 && count > (size_t)page.limit) {
                token = page_continue(page, (size_t)page.offset + count);
                remaining = json_object_new_int64((int64_t)count - page.limit);
                json_object_array_del_idx(list, (size_t)page.limit, count - (size_t)page.limit);
        }
        snprintf(revision, sizeof(revision), "%lld",
                 (long long)kube_revision(req->world, req->instance));
        reply_json(resp, 200,
                   js_pack("{'kind': s, 'apiVersion': s, 'metadata': {'resourceVersion': s, "
                           "'continue': O, "
                           "'remainingItemCount': O}, 'items': o}",
                           kind, version, revision, token, remaining, list));
}

static void add_line(struct buf *out, struct json_object *event) {
        buf_add_str(out, json_object_to_json_string_ext(
                                 event, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE));
        buf_add_char(out, '\n');
        json_object_put(event);
}

static void add_expired(struct buf *out) {
        add_line(out, js_pack("{'type': s, 'object': {'kind': s, 'apiVersion': s, 'metadata': {}, "
                              "'status': s, 'message': s, 'reason': s, 'code': i}}",
                              "ERROR", "Status", "v1", "Failure", "too old resource version",
                              "Expired", (int64_t)410));
}

/*
 * Sends what the log has beyond the last version sent. state: {version, plural, group, namespace?}.
 */
static bool watch(const struct request *req, struct json_object *state, struct buf *out) {
        struct entry *e =
                collection_first(world_collection(req->world, "karmada/log", req->instance));
        int64_t last = js_int(state, "/version", 0), first = 0;

        if (e)
                (void)parse_int(entry_id(e), &first);
        if (first > last + 1 && last < kube_revision(req->world, req->instance)) {
                add_expired(out);
                return false;
        }
        for (; e; e = entry_next(e)) {
                struct json_object *event = entry_object(e), *object = js_get(event, "/object");
                int64_t version = 0;

                (void)parse_int(entry_id(e), &version);
                if (version <= last)
                        continue;
                last = version;
                if (str_eq(js_str(event, "/plural"), js_str(state, "/plural")) &&
                    str_eq(js_str(event, "/group"), js_str(state, "/group")) &&
                    is_selected(req, js_str(state, "/namespace"), object))
                        add_line(out, js_pack("{'type': s, 'object': o}", js_str(event, "/type"),
                                              json_object_get(object)));
        }
        js_set_int(state, "/version", last);
        return true;
}

/* Without a version (or from 0) the objects that exist come first, as ADDED. */
static bool watch_from_start(const struct request *req, struct json_object *state,
                             struct buf *out) {
        const struct kube_kind *kind =
                kube_find_kind(js_str(state, "/group"), js_str(state, "/plural"));
        struct entry *e;

        if (js_bool(state, "/is_fresh", false)) {
                e = collection_first(kube_collection(req->world, req->instance, kind));
                for (; e; e = entry_next(e))
                        if (is_selected(req, js_str(state, "/namespace"), entry_object(e)))
                                add_line(out, js_pack("{'type': s, 'object': o}", "ADDED",
                                                      json_object_get(entry_object(e))));
                js_remove(state, "/is_fresh");
        }
        return watch(req, state, out);
}

static void start_watch(const struct request *req, struct response *resp,
                        const struct kube_target *target) {
        const char *version = query_param(req, "resourceVersion");
        int64_t from = 0, life_s = query_int(req, "timeoutSeconds", 0);
        bool is_fresh = !version || parse_int(version, &from) < 0 || from <= 0;
        struct json_object *state;

        if (is_fresh)
                from = kube_revision(req->world, req->instance);
        state = js_pack("{'version': i, 'plural': s, 'group': s, 'namespace': S, 'is_fresh': b}",
                        from, target->kind->plural, target->kind->group, target->namespace,
                        is_fresh);
        reply_stream(resp, 200, "application/json",
                     req->first_ms +
                             (life_s > 0 && life_s < WATCH_MAX_S ? life_s * 1000 : WATCH_MS),
                     watch_from_start, state);
}

static void list(const struct request *req, struct response *resp) {
        struct kube_target target;

        if (kube_target(req, resp, &target) < 0)
                return;
        if (query_bool(req, "watch", false))
                start_watch(req, resp, &target);
        else
                reply_list(req, resp, &target);
        kube_target_clear(&target);
}

const struct handler karmada_list_handlers[] = {
        { "listDeployments", list },
        { "listAllDeployments", list },
        { "listPropagationPolicies", list },
        { "listResource", list },
        { 0 },
};
