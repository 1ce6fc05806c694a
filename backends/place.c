/* SPDX-License-Identifier: Apache-2.0 */
#include "backends/place.h"

#include "base/digest.h"
#include "base/text.h"

enum { PARAMS_MAX = 64, IDENTITY_MAX = 16 * 1024 };

/* Room for one more and no further: there are many lists, of one or two. */
static int grow(struct param_list *params) {
        struct param *list;

        if (params->count >= PARAMS_MAX)
                return -E2BIG;
        list = reallocarray(params->list, params->count + 1, sizeof(*list));
        if (!list)
                return -ENOMEM;
        params->list = list;
        return 0;
}

/** param_list_set() - set a parameter, replacing its value; copies. 0, -E2BIG or -ENOMEM. */
int param_list_set(struct param_list *params, const char *name, const char *value) {
        char *copy = strdup(value);
        struct param param;
        int r;

        if (!copy)
                return -ENOMEM;
        for (size_t i = 0; i < params->count; i++) {
                if (text_eq(params->list[i].name, name)) {
                        free((void *)(uintptr_t)params->list[i].value);
                        params->list[i].value = copy;
                        return 0;
                }
        }
        r = grow(params);
        param = (struct param){ .name = r == 0 ? strdup(name) : NULL, .value = copy };
        if (!param.name) {
                free(copy);
                return r < 0 ? r : -ENOMEM;
        }
        params->list[params->count++] = param;
        return 0;
}

/** param_list_get() - a parameter's value, borrowed, or NULL. */
const char *param_list_get(const struct param_list *params, const char *name) {
        for (size_t i = 0; i < params->count; i++)
                if (text_eq(params->list[i].name, name))
                        return params->list[i].value;
        return NULL;
}

/** param_list_done() - free the parameters; the list is empty afterwards. */
void param_list_done(struct param_list *params) {
        for (size_t i = 0; i < params->count; i++) {
                free((void *)(uintptr_t)params->list[i].name);
                free((void *)(uintptr_t)params->list[i].value);
        }
        free(params->list);
        *params = (struct param_list){ 0 };
}

/** place_ref() - one more reference; any thread. */
struct place *place_ref(struct place *place) {
        (void)atomic_fetch_add_explicit(&place->refs, 1, memory_order_relaxed);
        return place;
}

/** place_unref() - drop a reference; the last one frees and drops the parent's. Returns NULL. */
struct place *place_unref(struct place *place) {
        while (place && atomic_fetch_sub_explicit(&place->refs, 1, memory_order_acq_rel) == 1) {
                struct place *parent = place->parent;

                if (place->params)
                        param_list_done(place->params);
                free(place->params);
                free(place);
                place = parent;
        }
        return NULL;
}

static int write_identity(const struct place *beside, const char *step, struct buf *identity) {
        if (beside)
                (void)buf_printf(identity, "%s/", beside->identity);
        return text_percent_encode(identity, step, strlen(step), ":,=*@");
}

static size_t size_of(const char *text) {
        return text ? strlen(text) + 1 : 0;
}

/* Copies to where @end points to and moves that on; NULL stays NULL. */
static char *put(char **end, const char *text) {
        char *copy = *end;

        if (!text)
                return NULL;
        memcpy(copy, text, strlen(text) + 1);
        *end += strlen(text) + 1;
        return copy;
}

/* The place and its texts are one block: there may be very many of them. NULL without memory. */
static struct place *allocate(const struct place_seed *seed, const char *identity) {
        size_t size = size_of(identity) + size_of(seed->id) + size_of(seed->level) +
                      size_of(seed->subdir);
        struct place *place = calloc(1, sizeof(*place) + size);
        char *end = (char *)(place + 1);

        if (!place)
                return NULL;
        atomic_init(&place->refs, 1);
        place->identity = put(&end, identity);
        place->id = put(&end, seed->id);
        place->level = put(&end, seed->level);
        place->subdir = put(&end, seed->subdir);
        place->ino = digest_ino(identity, strlen(identity));
        return place;
}

/* Nearly all places have none. */
static int set_param(struct place *place, const char *name, const char *value) {
        if (!place->params)
                place->params = calloc(1, sizeof(*place->params));
        return place->params ? param_list_set(place->params, name, value) : -ENOMEM;
}

static int bind_params(struct place *place) {
        const char *const *bind = place->child ? place->child->bind : NULL;

        for (; bind && *bind; bind++) {
                const char *equals = strchr(*bind, '=');
                _cleanup_(freep) char *name = NULL;
                int r;

                if (!equals)
                        return -EINVAL;
                name = strndup(*bind, (size_t)(equals - *bind));
                r = name ? set_param(place, name, equals + 1) : -ENOMEM;
                if (r < 0)
                        return r;
        }
        return 0;
}

static int bind_level(struct place *place) {
        const char *const *names = place->kind ? place->kind->level_params : NULL;

        if (place->type != PLACE_GROUP || !names)
                return 0;
        for (unsigned i = 1; i < place->depth && *names; i++)
                names++;
        /* `-` stands for a level that the item does not have. */
        return *names ? set_param(place, *names, text_eq(place->level, "-") ? "" : place->level)
                      : 0;
}

/**
 * place_new() - a place from its seed; all strings are copied.
 * @ret: one reference for the caller; the place holds one of its parent.
 * Returns 0, -ENOMEM, -EFBIG for an identity beyond all bounds.
 */
int place_new(const struct place_seed *seed, struct place **ret) {
        _cleanup_(place_unrefp) struct place *place = NULL;
        struct buf identity = BUF_INIT(IDENTITY_MAX);
        int r;

        r = write_identity(seed->beside ? seed->beside : seed->parent, seed->step, &identity);
        if (r == 0)
                place = allocate(seed, buf_str(&identity));
        buf_done(&identity);
        if (!place)
                return r < 0 ? r : -ENOMEM;
        place->type = (uint8_t)seed->type;
        place->depth = (uint8_t)seed->depth;
        place->parent = seed->parent ? place_ref(seed->parent) : NULL;
        place->row = seed->row;
        place->child = seed->child;
        place->kind = seed->kind;
        place->file = seed->file;
        place->action = seed->action;
        place->link = seed->link;
        r = bind_params(place);
        if (r == 0)
                r = bind_level(place);
        if (r < 0)
                return r;
        *ret = STEAL(place);
        return 0;
}

/* Sets the parameters that a kind's `more` reads from the item. */
static int bind_more(struct place *place, const struct json *item) {
        for (const char *const *more = place->kind->more; more && *more; more++) {
                const char *equals = strchr(*more, '=');
                _cleanup_(freep) char *name = NULL;
                _cleanup_(freep) char *value = NULL;
                int r;

                if (!equals)
                        return -EINVAL;
                r = json_text_at(item, equals + 1, &value);
                if (r == -ENOENT || r == -EINVAL)
                        continue;
                if (r < 0)
                        return r;
                name = strndup(*more, (size_t)(equals - *more));
                r = name ? set_param(place, name, value) : -ENOMEM;
                if (r < 0)
                        return r;
        }
        return 0;
}

/** place_set_item() - give a new place of an item the parameters that its row names. 0 or errno. */
int place_set_item(struct place *place, const struct json *item) {
        place->names_item = true;
        return bind_more(place, item);
}

/** place_item_params() - names of the parameters whose value is the place's id, NULL-terminated. */
const char *const *place_item_params(const struct place *place) {
        static const char *const none[] = { NULL };

        return place->names_item && place->kind->params ? place->kind->params : none;
}

/* A parameter's value that this very place knows, borrowed, or NULL. */
static const char *own_param(const struct place *place, const char *name) {
        const char *value = place->params ? param_list_get(place->params, name) : NULL;

        for (const char *const *param = place_item_params(place); !value && *param; param++)
                if (text_eq(*param, name))
                        value = place->id;
        return value;
}

/**
 * place_new_item() - the place of a resource's directory.
 * @collection: a collection or group; the identity is that of the collection, as an item stays the
 * same when it moves between groups.
 * Errors as place_new().
 */
int place_new_item(struct place *collection, const struct kind *kind, const char *id,
                   const struct json *item, struct place **ret) {
        _cleanup_(place_unrefp) struct place *place = NULL;
        struct buf step = BUF_INIT(IDENTITY_MAX);
        int r;

        r = buf_printf(&step, "%s:%s", kind->name, id);
        if (r == 0)
                r = place_new(&(struct place_seed){ .type = PLACE_ITEM,
                                                    .parent = collection,
                                                    .kind = kind,
                                                    .id = id,
                                                    .step = buf_str(&step),
                                                    .beside = place_collection(collection) },
                              &place);
        buf_done(&step);
        if (r == 0)
                r = place_set_item(place, item);
        if (r < 0)
                return r;
        *ret = STEAL(place);
        return 0;
}

/** place_param() - a parameter's value here: the innermost place that knows it wins. */
const char *place_param(const struct place *place, const char *name) {
        for (; place; place = place->parent) {
                const char *value = own_param(place, name);

                if (value)
                        return value;
        }
        return NULL;
}

/** place_collection() - the innermost collection at or above a place, or NULL. */
struct place *place_collection(struct place *place) {
        while (place && place->type != PLACE_COLLECTION)
                place = place->parent;
        return place;
}

/** place_item() - the innermost resource at or above a place, or NULL. */
struct place *place_item(struct place *place) {
        while (place && place->type != PLACE_ITEM)
                place = place->parent;
        return place;
}

/** kind_levels() - grouping levels above the items of a kind. */
unsigned kind_levels(const struct kind *kind) {
        unsigned n = 0;

        if (kind->group)
                return 1;
        while (kind->levels && kind->levels[n] && n < KIND_LEVELS_MAX)
                n++;
        return n;
}

/** place_ino() - the inode number: the same on every mount. */
uint64_t place_ino(const struct place *place) {
        return place->ino;
}

/** place_identity() - account, service, kind and ids as text; valid as long as the place. */
const char *place_identity(const struct place *place) {
        return place->identity;
}

/* The ids of the resources on the way to a place, outermost first. */
static void add_ids(const struct place *place, struct buf *buf) {
        if (place->parent)
                add_ids(place->parent, buf);
        if (place->id && place->kind && place->type != PLACE_LINK)
                (void)buf_printf(buf, "%s%s=%s", buf->len ? ", " : "", place->kind->name,
                                 place->id);
}

/**
 * place_describe() - append account, service, kind and ids, a line each where there is one, for
 * people. Returns 0 or the buffer's error.
 */
int place_describe(const struct place *place, struct buf *buf) {
        const struct place *root = place, *of = place;
        struct buf ids = BUF_INIT(IDENTITY_MAX);

        while (root->parent)
                root = root->parent;
        while (of && !of->kind && of->type != PLACE_FIXED)
                of = of->parent;
        (void)buf_printf(buf, "account: %s\n", root->identity);
        if (of && of->kind)
                (void)buf_printf(buf, "service: %s\nkind: %s\n", of->kind->service, of->kind->name);
        else if (place->file && place->file->call)
                (void)buf_printf(buf, "service: %s\n", place->file->call->service);
        add_ids(place, &ids);
        if (ids.len)
                (void)buf_printf(buf, "ids: %s\n", buf_str(&ids));
        buf_done(&ids);
        return buf->error;
}
