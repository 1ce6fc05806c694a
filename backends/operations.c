/* SPDX-License-Identifier: Apache-2.0 */
/* Where each operation of the contract is in the tree: read off the tables that make it. A place of
 * a change says what to do there; one without is read. */
#include "backends/rows.h"
#include "backends/view.h"
#include "base/kind-change.h"
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
        call_fn visit; /* is told of each row as it comes */
        void *data;
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
        size_t len = strlen(place);

        for (const char *at = buf_str(&operation->places); *at;) {
                const char *end = strstr(at, ", ");
                size_t size = end ? (size_t)(end - at) : strlen(at);

                if (size == len && strncmp(at, place, len) == 0)
                        return true;
                at += size + (end ? 2 : 0);
        }
        return false;
}

/* @act: what to do there, NULL for a read. */
static int add_one(struct operations *operations, const struct call *call, const char *directory,
                   const char *name, const char *act) {
        _cleanup_(freep) char *place = NULL;
        struct operation *operation;

        if (!call)
                return 0;
        operations->visit(operations->data, call);
        if (call->extension)
                return 0;
        operation = find(operations, call);
        if (!operation ||
            text_format(&place, act ? "%s%s (%s)" : "%s%s%s", directory, name, act ? act : "") < 0)
                return -ENOMEM;
        if (is_listed(operation, place))
                return 0;
        return buf_printf(&operation->places, "%s%s", operation->places.len ? ", " : "", place);
}

/* A call, and the one that answers many of it at once. */
static int add(struct operations *operations, const struct call *call, const char *directory,
               const char *name, const char *act) {
        int r = add_one(operations, call, directory, name, act);

        return r < 0 || !call ? r : add_one(operations, call->many_by, directory, name, act);
}

static int add_all(struct operations *operations, const struct call *const *calls,
                   const char *directory, const char *name, const char *act) {
        int r = 0;

        for (; r == 0 && calls && *calls; calls++)
                r = add(operations, *calls, directory, name, act);
        return r;
}

static int walk(struct operations *operations, const struct place_row *row, const char *directory,
                bool is_item, unsigned depth);

static int add_save(struct operations *operations, const struct file *file, const char *directory) {
        const struct save *save = file->save;
        int r;

        if (!save)
                return 0;
        r = add_all(operations, save->calls, directory, file->name, "save");
        for (const struct save_step *step = save->steps; r == 0 && step && step->call; step++)
                r = add(operations, step->call, directory, file->name, "save");
        if (r == 0 && save->rename)
                r = add(operations, save->rename->call, directory, file->name, "mv");
        return r;
}

static int walk_files(struct operations *operations, const struct file *file,
                      const struct kind *kind, const char *directory) {
        int r = 0;

        for (; r == 0 && file && file->name; file++) {
                r = add(operations, file->further, directory, file->name, NULL);
                if (r == 0 && file->from == FROM_CALL)
                        r = add(operations, file->call, directory, file->name, NULL);
                else if (r == 0 && file->from == FROM_OBJECT && kind)
                        r = add(operations, kind->get, directory, file->name, NULL);
                if (r == 0)
                        r = add_save(operations, file, directory);
        }
        return r;
}

static int walk_actions(struct operations *operations, const struct action *action,
                        const char *directory) {
        int r = 0;

        for (; r == 0 && action && action->verb; action++) {
                _cleanup_(freep) char *name = NULL;

                if (text_format(&name, "actions/%s", action->verb) < 0)
                        return -ENOMEM;
                r = add(operations, action->call, directory, name, "write");
                if (r == 0)
                        r = add_all(operations, action->calls, directory, name, "write");
        }
        return r;
}

static int walk_links(struct operations *operations, const struct link *link,
                      const char *directory) {
        int r = 0;

        for (; r == 0 && link && link->name; link++) {
                if (!link->relation)
                        continue;
                r = add(operations, link->relation->join, directory, link->name, "ln -s");
                if (r == 0)
                        r = add(operations, link->relation->leave, directory, link->name, "rm");
        }
        return r;
}

/* Where a link leads may be told by the resource in full alone. */
static int walk_targets(struct operations *operations, const struct kind *kind,
                        const char *directory) {
        int r = 0;

        for (const struct link *link = kind->content.links; r == 0 && link && link->name; link++)
                if (link->from == FROM_OBJECT)
                        r = add(operations, kind->get, directory, link->name, NULL);
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

static int walk_lists(struct operations *operations, const struct kind *kind, const char *directory,
                      const char *below) {
        int r = add(operations, kind->list, directory, "", NULL);

        if (r == 0)
                r = add(operations, kind->list->also, directory, "", NULL);
        if (r == 0)
                r = add(operations, kind->list->otherwise, directory, "", NULL);
        if (r == 0)
                r = add(operations, kind->sweep, below, "", NULL);
        if (r == 0)
                r = walk_files(operations, kind->level_files, NULL, below);
        if (r == 0)
                r = walk_files(operations, kind->shared.files, NULL, directory);
        if (r == 0)
                r = walk_actions(operations, kind->shared.actions, directory);
        return r;
}

/* How items come and go; @name is an item's own, with a slash if it is a directory. */
static int walk_life(struct operations *operations, const struct kind *kind, const char *below,
                     const char *name) {
        const struct create *create = kind->create;
        const char *act = !create                         ? NULL
                          : create->how == CREATE_AT_ONCE ? "mkdir"
                          : create->how == CREATE_DRAFT   ? "mkdir, then save"
                                                          : "new file";
        int r = 0;

        if (create)
                r = add(operations, create->call, below, name, act);
        if (create && r == 0)
                r = add_all(operations, create->calls, below, name, act);
        if (kind->removal && r == 0)
                r = add(operations, kind->removal->call, below, name,
                        kind->shape == SHAPE_DOCUMENT ? "rm" : "rmdir");
        if (kind->relation && r == 0)
                r = add(operations, kind->relation->join, below, name, "ln -s");
        if (kind->relation && r == 0)
                r = add(operations, kind->relation->leave, below, name, "rm");
        return r;
}

static int walk_kind(struct operations *operations, const struct kind *kind, const char *directory,
                     unsigned depth) {
        _cleanup_(freep) char *name = NULL;
        struct buf below = BUF_INIT(4096);
        int r;

        (void)buf_add_str(&below, directory);
        r = add_levels(kind, &below);
        if (text_format(&name, kind->shape == SHAPE_DIRECTORY ? "<%s>/" : "<%s>", kind->name) < 0)
                r = -ENOMEM;
        if (r == 0)
                r = walk_lists(operations, kind, directory, buf_str(&below));
        if (r == 0)
                r = walk_life(operations, kind, buf_str(&below),
                              kind->shape == SHAPE_DOCUMENT ? first_file(kind) : name);
        if (r == 0 && kind->shape != SHAPE_LINK) {
                if (kind->shape == SHAPE_DIRECTORY)
                        (void)buf_add_str(&below, name);
                r = walk_files(operations, kind->content.files, kind, buf_str(&below));
                if (r == 0)
                        r = walk_targets(operations, kind, buf_str(&below));
                if (r == 0)
                        r = add(operations, kind->refresh, buf_str(&below), first_file(kind), NULL);
                if (r == 0)
                        r = walk(operations, &kind->content, buf_str(&below), true, depth + 1);
        }
        buf_done(&below);
        return r;
}

/* A directory of its own that mkdir makes and rmdir ends. */
static int walk_fixed(struct operations *operations, const struct place_row *row,
                      const char *directory) {
        int r = 0;

        if (row->create)
                r = add(operations, row->create->call, directory, "", "mkdir");
        if (r == 0 && row->removal)
                r = add(operations, row->removal->call, directory, "", "rmdir");
        return r;
}

static int walk_child(struct operations *operations, const struct child *child,
                      const char *directory, unsigned depth) {
        struct buf below = BUF_INIT(4096);
        int r;

        (void)buf_add_str(&below, directory);
        if (child->name)
                (void)buf_printf(&below, "%s/", child->name);
        r = child->kind ? walk_kind(operations, child->kind, buf_str(&below), depth + 1)
                        : walk(operations, child->row, buf_str(&below), false, depth + 1);
        buf_done(&below);
        return r;
}

static int walk(struct operations *operations, const struct place_row *row, const char *directory,
                bool is_item, unsigned depth) {
        int r = 0;

        if (depth > DEPTH_MAX)
                return -ELOOP;
        if (!is_item)
                r = walk_files(operations, row->files, NULL, directory);
        if (r == 0)
                r = walk_fixed(operations, row, directory);
        if (r == 0)
                r = walk_actions(operations, row->actions, directory);
        if (r == 0)
                r = walk_links(operations, row->links, directory);
        for (const struct child *child = row->children;
             r == 0 && child && (child->kind || child->row); child++)
                r = walk_child(operations, child, directory, depth);
        return r;
}

/* Calls that the tables leave out, with the reason, and those that they forgot. */
static int add_rest(struct operations *operations, const struct service *service) {
        for (const struct omitted *omitted = service->omitted; omitted && omitted->call;
             omitted++) {
                struct operation *operation = find(operations, omitted->call);

                if (!operation)
                        return -ENOMEM;
                operations->visit(operations->data, omitted->call);
                if (!operation->places.len)
                        operation->reason = omitted->reason;
        }
        for (const struct call *const *call = service->calls; call && *call; call++) {
                struct operation *operation = find(operations, *call);

                if (!operation)
                        return -ENOMEM;
                operations->visit(operations->data, *call);
                if (!operation->places.len && !operation->reason)
                        operation->reason = "no row of the tree makes this call";
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

static int collect(struct operations *operations) {
        int r = walk(operations, &iam_service.content, "/<account>/", false, 0);

        for (const struct service *const *service = services; r == 0 && *service; service++)
                r = add_rest(operations, *service);
        return r;
}

static void operations_done(struct operations *operations) {
        for (size_t i = 0; i < operations->count; i++)
                buf_done(&operations->list[i].places);
        free(operations->list);
}

static void look_away(void *data, const struct call *call) {
        (void)data;
        (void)call;
}

/** view_operations() - every operation and its place; see the header. 0 or -ENOMEM. */
int view_operations(struct json **ret) {
        _cleanup_(json_freep) struct json *array = json_new_array();
        _cleanup_(operations_done) struct operations operations = { .visit = look_away };
        int r = array ? collect(&operations) : -ENOMEM;

        if (r == 0)
                qsort(operations.list, operations.count, sizeof(*operations.list), compare);
        for (size_t i = 0; r == 0 && i < operations.count; i++)
                r = describe(&operations.list[i], array);
        if (r < 0)
                return r;
        *ret = STEAL(array);
        return 0;
}

/** view_each_call() - every row of a call; see the header. 0 or -ENOMEM. */
int view_each_call(call_fn visit, void *data) {
        _cleanup_(operations_done) struct operations operations = { .visit = visit, .data = data };

        return collect(&operations);
}
