/* SPDX-License-Identifier: Apache-2.0 */
/* Where each operation of the contract is in the tree: read off the tables that make it. */
#include "backends/rows.h"
#include "backends/view.h"
#include "base/text.h"

/* One operation and the places found for it. */
struct operation {
        const struct call *call;
        struct buf places;
        const char *reason; /* without a place */
};

struct operations {
        struct operation *list;
        size_t count, capacity;
};

enum { OPERATIONS_MAX = 4096, DEPTH_MAX = 16 };

/* The same operation may have several rows, with other fixed parameters. */
static struct operation *find(struct operations *operations, const struct call *call) {
        struct operation *operation;

        for (size_t i = 0; i < operations->count; i++) {
                operation = &operations->list[i];
                if (text_eq(operation->call->id, call->id) &&
                    text_eq(operation->call->service, call->service))
                        return operation;
        }
        if (array_grow(&operations->list, &operations->capacity, operations->count, OPERATIONS_MAX,
                       sizeof(*operation)) < 0)
                return NULL;
        operation = &operations->list[operations->count++];
        *operation = (struct operation){ .call = call };
        return operation;
}

/* Is a place among those found already? */
static bool is_listed(const struct operation *operation, const char *place) {
        const char *cursor = buf_str(&operation->places), *word;
        size_t len;

        while (text_word(&cursor, ", ", &word, &len))
                if (strlen(place) == len && strncmp(word, place, len) == 0)
                        return true;
        return false;
}

static int add(struct operations *operations, const struct call *call, const char *directory,
               const char *name) {
        _cleanup_(freep) char *place = NULL;
        struct operation *operation;

        if (!call)
                return 0;
        operation = find(operations, call);
        if (!operation || asprintf(&place, "%s%s", directory, name) < 0)
                return -ENOMEM;
        if (is_listed(operation, place))
                return 0;
        return buf_printf(&operation->places, "%s%s", operation->places.len ? ", " : "", place);
}

static int walk(struct operations *operations, const struct place_row *row, const char *directory,
                const char *item, unsigned depth);

static int walk_files(struct operations *operations, const struct file *file,
                      const struct kind *kind, const char *directory) {
        int r = 0;

        for (; r == 0 && file && file->name; file++) {
                r = add(operations, file->further, directory, file->name);
                if (r < 0)
                        break;
                if (file->from == FROM_CALL)
                        r = add(operations, file->call, directory, file->name);
                else if (file->from == FROM_OBJECT && kind)
                        r = add(operations, kind->get, directory, file->name);
        }
        return r;
}

static int add_levels(const struct kind *kind, struct buf *directory) {
        const char *const *params = kind->level_params;

        if (kind->group)
                return buf_add_str(directory, "<labels>/");
        for (const char *const *level = kind->levels; level && *level; level++) {
                if (**level == '=')
                        (void)buf_printf(directory, "%s/", *level + 1);
                else
                        (void)buf_printf(directory, "<%s>/", params && *params ? *params : "-");
                if (params && *params)
                        params++;
        }
        return directory->error;
}

/* The file whose refresh asks for the item alone. */
static const char *first_file(const struct kind *kind) {
        return kind->content.files ? kind->content.files[0].name : "";
}

static int walk_kind(struct operations *operations, const struct kind *kind, const char *directory,
                     unsigned depth) {
        struct buf below = BUF_INIT(4096);
        size_t collection;
        int r;

        (void)buf_add_str(&below, directory);
        r = add_levels(kind, &below);
        if (r == 0)
                r = walk_files(operations, kind->level_files, NULL, buf_str(&below));
        collection = below.len;
        if (r == 0)
                r = add(operations, kind->list, directory, "");
        if (r == 0 && kind->list->also)
                r = add(operations, kind->list->also, directory, "");
        if (r == 0 && kind->list->otherwise)
                r = add(operations, kind->list->otherwise, directory, "");
        if (r == 0)
                r = add(operations, kind->sweep, buf_str(&below), "");
        if (r == 0)
                r = walk_files(operations, kind->shared.files, NULL, directory);
        if (r == 0 && kind->shape != SHAPE_LINK) {
                if (kind->shape == SHAPE_DIRECTORY)
                        (void)buf_printf(&below, "<%s>/", kind->name);
                r = walk_files(operations, kind->content.files, kind, buf_str(&below));
                if (r == 0)
                        r = add(operations, kind->refresh, buf_str(&below), first_file(kind));
                if (r == 0)
                        r = walk(operations, &kind->content, buf_str(&below), kind->name,
                                 depth + 1);
        }
        buf_truncate(&below, collection);
        buf_done(&below);
        return r;
}

static int walk(struct operations *operations, const struct place_row *row, const char *directory,
                const char *item, unsigned depth) {
        int r = 0;

        if (depth > DEPTH_MAX)
                return -ELOOP;
        if (!item)
                r = walk_files(operations, row->files, NULL, directory);
        for (const struct child *child = row->children;
             r == 0 && child && (child->kind || child->row); child++) {
                struct buf below = BUF_INIT(4096);

                (void)buf_add_str(&below, directory);
                if (child->name)
                        (void)buf_printf(&below, "%s/", child->name);
                if (child->kind)
                        r = walk_kind(operations, child->kind, buf_str(&below), depth + 1);
                else
                        r = walk(operations, child->row, buf_str(&below), NULL, depth + 1);
                buf_done(&below);
        }
        return r;
}

/* Calls that no row names, and those that the tables leave out. */
static int add_rest(struct operations *operations, const struct service *service) {
        for (const struct omitted *omitted = service->omitted; omitted && omitted->call;
             omitted++) {
                struct operation *operation = find(operations, omitted->call);

                if (!operation)
                        return -ENOMEM;
                operation->reason = omitted->reason;
        }
        for (const struct call *const *call = service->calls; call && *call; call++) {
                struct operation *operation = find(operations, *call);

                if (!operation)
                        return -ENOMEM;
                if (!operation->places.len && !operation->reason)
                        operation->reason = (*call)->risk == RISK_READ
                                                    ? "serves changes, which this version does "
                                                      "not make: it only reads"
                                                    : "this version only reads";
        }
        return 0;
}

static int describe(const struct operation *operation, struct json *array) {
        struct json *object = json_new_object();
        int r = object ? 0 : -ENOMEM;

        if (r == 0)
                r = json_set_string(object, "service", operation->call->service);
        if (r == 0)
                r = json_set_string(object, "operationId", operation->call->id);
        if (r == 0)
                r = json_set_string(object, "method", method_name(operation->call->method));
        if (r == 0)
                r = json_set_string(object, "path", operation->call->path);
        if (r == 0 && operation->places.len)
                r = json_set_string(object, "tree", operation->places.data);
        else if (r == 0)
                r = json_set_string(object, "reason", operation->reason ? operation->reason : "");
        if (r < 0) {
                (void)json_free(object);
                return r;
        }
        return json_append(array, object);
}

static int compare(const void *left, const void *right) {
        const struct operation *a = left, *b = right;
        int order = strcmp(a->call->service, b->call->service);

        return order ? order : strcmp(a->call->id, b->call->id);
}

/** view_operations() - every operation and its place; see the header. 0 or -ENOMEM. */
int view_operations(struct json **ret) {
        _cleanup_(json_freep) struct json *array = json_new_array();
        struct operations operations = { 0 };
        int r = array ? 0 : -ENOMEM;

        if (r == 0)
                r = walk(&operations, &iam_service.content, "/<account>/", NULL, 0);
        for (const struct service *const *service = services; r == 0 && *service; service++)
                r = add_rest(&operations, *service);
        if (r == 0)
                qsort(operations.list, operations.count, sizeof(*operations.list), compare);
        for (size_t i = 0; r == 0 && i < operations.count; i++)
                r = describe(&operations.list[i], array);
        for (size_t i = 0; i < operations.count; i++)
                buf_done(&operations.list[i].places);
        free(operations.list);
        if (r < 0)
                return r;
        *ret = STEAL(array);
        return 0;
}
