/* SPDX-License-Identifier: Apache-2.0 */
#include "base/source.h"

#include "base/text.h"

/** source_fetch() - see struct source_ops. */
int source_fetch(struct source *source, struct op *op, const struct request *request,
                 struct answer **ret) {
        return source->ops->fetch(source, op, request, ret);
}

/** source_send() - see struct source_ops. */
int source_send(struct source *source, struct op *op, const struct request *request,
                struct answer **ret) {
        if (!source->ops->send)
                return op_fail(op, EROFS, "this source can only be read");
        return source->ops->send(source, op, request, ret);
}

/** source_seen() - see struct source_ops; -EOPNOTSUPP where it is absent. */
int source_seen(struct source *source, const char *key, uint64_t hash, int64_t now_ms,
                int64_t *ret_ms) {
        if (!source->ops->seen)
                return -EOPNOTSUPP;
        return source->ops->seen(source, key, hash, now_ms, ret_ms);
}

/** source_note() - see struct source_ops; nothing where it is absent. */
void source_note(struct source *source, const struct request *list, const char *id,
                 const char *body, size_t len, int64_t now_ms) {
        if (source->ops->note)
                source->ops->note(source, list, id, body, len, now_ms);
}

/** source_learn() - see struct source_ops; nothing where it is absent. */
void source_learn(struct source *source, const struct request *request, struct answer *answer) {
        if (source->ops->learn)
                source->ops->learn(source, request, answer);
}

/** source_watch() - see struct source_ops; -EOPNOTSUPP where it is absent. */
int source_watch(struct source *source, struct op *op, const struct request *request,
                 char **revision) {
        if (!source->ops->watch)
                return -EOPNOTSUPP;
        return source->ops->watch(source, op, request, revision);
}

/** source_explain() - see struct source_ops; nothing where it is absent. */
int source_explain(struct source *source, const struct request *request, struct json *into) {
        return source->ops->explain ? source->ops->explain(source, request, into) : 0;
}

/** source_free() - end a source and those below it; NULL is fine. Returns NULL. */
struct source *source_free(struct source *source) {
        if (source)
                source->ops->free(source);
        return NULL;
}

/** answer_new() - an empty answer with one reference, to be filled and sealed. 0 or -ENOMEM. */
int answer_new(struct answer **ret) {
        struct answer *answer = calloc(1, sizeof(*answer));

        if (!answer)
                return -ENOMEM;
        atomic_init(&answer->refs, 1);
        *ret = answer;
        return 0;
}

/** answer_ref() - one more reference; any thread. */
struct answer *answer_ref(struct answer *answer) {
        (void)atomic_fetch_add_explicit(&answer->refs, 1, memory_order_relaxed);
        return answer;
}

static void free_content(struct answer *answer) {
        arena_done(&answer->texts);
        free(answer->items);
        free(answer->by_id);
        free(answer->body);
}

/** answer_unref() - drop a reference, the last one frees; NULL is fine. Returns NULL. */
struct answer *answer_unref(struct answer *answer) {
        if (!answer || atomic_fetch_sub_explicit(&answer->refs, 1, memory_order_acq_rel) != 1)
                return NULL;
        if (answer->base)
                (void)answer_unref(answer->base);
        else
                free_content(answer);
        free(answer->revision);
        free(answer->request_id);
        free(answer);
        return NULL;
}

/**
 * answer_keep() - a terminated copy of a text that lives as long as the answer's items.
 * For answers that are not sealed yet. Returns NULL when memory is out.
 */
char *answer_keep(struct answer *answer, const char *text, size_t len) {
        return arena_text(&answer->texts, text, len);
}

/** answer_add() - add an item of a list; copies. Returns 0, -E2BIG over the bound, -ENOMEM. */
int answer_add(struct answer *answer, const char *id, const char *body, size_t len) {
        struct answer_item item = { .len = len };
        int r;

        r = array_grow(&answer->items, &answer->capacity, answer->count, ANSWER_ITEMS_MAX,
                       sizeof(*answer->items));
        if (r < 0)
                return r;
        item.id = answer_keep(answer, id, strlen(id));
        item.body = answer_keep(answer, body, len);
        if (!item.id || !item.body)
                return -ENOMEM;
        answer->items[answer->count++] = item;
        return 0;
}

/** answer_add_json() - add an item that is at hand as a tree. Errors as answer_add(). */
int answer_add_json(struct answer *answer, const char *id, const struct json *item) {
        struct buf text = BUF_INIT(0);
        int r;

        r = json_render(item, JSON_COMPACT, &text);
        if (r == 0)
                r = answer_add(answer, id, text.data, text.len);
        buf_done(&text);
        return r;
}

/** answer_set_body() - set what is no item; copies, replaces. Returns 0 or -ENOMEM. */
int answer_set_body(struct answer *answer, const char *body, size_t len) {
        char *copy = malloc(len + 1);

        if (!copy)
                return -ENOMEM;
        if (len)
                memcpy(copy, body, len);
        copy[len] = '\0';
        free(answer->body);
        answer->body = copy;
        answer->len = len;
        return 0;
}

static int compare_positions(const void *a, const void *b, void *data) {
        const struct answer *answer = data;
        uint32_t left = *(const uint32_t *)a, right = *(const uint32_t *)b;
        int order = strcmp(answer->items[left].id, answer->items[right].id);

        if (order != 0)
                return order;
        return left < right ? -1 : left > right;
}

/* Takes out the later ones of items with the same id; the order of the others stays. */
static void drop_repeated(struct answer *answer) {
        size_t kept = 0;

        for (size_t i = 1; i < answer->count; i++) {
                struct answer_item *item = &answer->items[answer->by_id[i]];

                if (strcmp(answer->items[answer->by_id[i - 1]].id, item->id) == 0)
                        item->body = NULL;
        }
        for (size_t i = 0; i < answer->count; i++)
                if (answer->items[i].body)
                        answer->items[kept++] = answer->items[i];
        answer->count = kept;
}

static void sort_positions(struct answer *answer) {
        for (size_t i = 0; i < answer->count; i++)
                answer->by_id[i] = (uint32_t)i;
        if (answer->count)
                qsort_r(answer->by_id, answer->count, sizeof(*answer->by_id), compare_positions,
                        answer);
}

/**
 * answer_seal() - drop repeated ids (the first stays) and make items findable; nothing may be added
 * afterwards. Returns 0 or -ENOMEM.
 */
int answer_seal(struct answer *answer) {
        size_t before = answer->count;

        free(answer->by_id);
        answer->by_id = calloc(answer->count + 1, sizeof(*answer->by_id));
        if (!answer->by_id)
                return -ENOMEM;
        sort_positions(answer);
        drop_repeated(answer);
        if (answer->count != before)
                sort_positions(answer);
        array_trim(&answer->items, &answer->capacity, answer->count, sizeof(*answer->items));
        return 0;
}

static int copy_text(const char *text, char **ret) {
        *ret = text ? strdup(text) : NULL;
        return text && !*ret ? -ENOMEM : 0;
}

/**
 * answer_alias() - an answer of its own that shows the body and items of a sealed one without
 * copying them: for another age, or a mark. It is the caller's alone until it is handed out, and
 * nothing may be added to it. Returns 0 or -ENOMEM.
 */
int answer_alias(struct answer *answer, struct answer **ret) {
        _cleanup_(answer_unrefp) struct answer *alias = NULL;
        int r;

        r = answer_new(&alias);
        if (r < 0)
                return r;
        alias->fetched_ms = answer->fetched_ms;
        alias->changed_ms = answer->changed_ms;
        alias->is_stale = answer->is_stale;
        alias->is_partial = answer->is_partial;
        alias->status = answer->status;
        alias->body = answer->body;
        alias->len = answer->len;
        alias->items = answer->items;
        alias->count = answer->count;
        alias->by_id = answer->by_id;
        alias->base = answer_ref(answer->base ? answer->base : answer);
        r = copy_text(answer->revision, &alias->revision);
        if (r == 0)
                r = copy_text(answer->request_id, &alias->request_id);
        if (r < 0)
                return r;
        *ret = STEAL(alias);
        return 0;
}

/** answer_find() - the item with an id, NULL if there is none; for sealed answers. */
const struct answer_item *answer_find(const struct answer *answer, const char *id) {
        size_t low = 0, high = answer->count;

        while (low < high) {
                size_t middle = low + (high - low) / 2;
                const struct answer_item *item = &answer->items[answer->by_id[middle]];
                int order = strcmp(item->id, id);

                if (order == 0)
                        return item;
                if (order < 0)
                        low = middle + 1;
                else
                        high = middle;
        }
        return NULL;
}

/** request_param() - a parameter's value, NULL if it has none. */
const char *request_param(const struct request *request, const char *name) {
        for (size_t i = 0; i < request->n_params; i++)
                if (text_eq(request->params[i].name, name))
                        return request->params[i].value;
        return NULL;
}

/* A parameter whose name is not terminated. */
static const char *param_named(const struct request *request, const char *name, size_t len) {
        for (size_t i = 0; i < request->n_params; i++) {
                const struct param *param = &request->params[i];

                if (strncmp(param->name, name, len) == 0 && !param->name[len])
                        return param->value;
        }
        return NULL;
}

/* Appends `name=value` for each {name} of a template that has a value. */
static void add_template_params(const struct request *request, const char *template,
                                struct buf *buf) {
        const char *open = template;

        while (open && (open = strchr(open, '{'))) {
                size_t end = strcspn(open + 1, "}"), len = end;
                const char *name = open + 1, *value;

                /* `{name?}` is left out if it is empty. */
                if (len && name[len - 1] == '?')
                        len--;
                value = param_named(request, name, len);
                if (value)
                        (void)buf_printf(buf, "%zu:%.*s=%zu:%s;", len, (int)len, name,
                                         strlen(value), value);
                open += end + 1;
        }
}

/**
 * request_key() - what tells one reading request from another within an account: service, call,
 * each parameter that the call uses, and the place as far as its scope needs one. Errors as
 * buf_reserve().
 */
int request_key(const struct request *request, struct buf *buf) {
        static const char *const places[] = {
                [SCOPE_PROJECT] = "{region}{project_id}",
                [SCOPE_ENGINE] = "{region}{project_id}{engine_id}",
                [SCOPE_KUBE] = "{region}{project_id}{engine_id}",
                [SCOPE_DOMAIN] = "",
                [SCOPE_NONE] = "",
        };
        const struct call *call = request->call;

        (void)buf_printf(buf, "%s/%s;", call->service, call->id);
        add_template_params(request, places[call->scope], buf);
        add_template_params(request, call->path, buf);
        add_template_params(request, call->query, buf);
        add_template_params(request, call->headers, buf);
        if (call->query)
                (void)buf_printf(buf, "?%s", call->query);
        return buf->error;
}

/** method_name() - the method as HTTP writes it, static. */
const char *method_name(enum method method) {
        static const char *const names[] = { "GET", "POST", "PUT", "PATCH", "DELETE" };

        return names[method];
}
