/* SPDX-License-Identifier: Apache-2.0 */
#include "backends/many.h"
#include "backends/view-internal.h"

#include "backends/name.h"
#include "base/stamp.h"
#include "base/text.h"

enum { DEFAULT_TTL_MS = 60 * 1000 };

/* Waits are bounded by the clock that nobody sets. */
static void init_condition(pthread_cond_t *condition) {
        pthread_condattr_t attributes;

        (void)pthread_condattr_init(&attributes);
        (void)pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
        (void)pthread_cond_init(condition, &attributes);
        (void)pthread_condattr_destroy(&attributes);
}

/**
 * view_new() - the tree of an account.
 * @options: strings and lists are borrowed for the life of the view, but the account's name.
 * @source: borrowed, must outlive the view.
 * Returns 0, -EINVAL for a type of account without tables, -ENOMEM.
 */
int view_new(const struct view_options *options, struct source *source, struct view **ret) {
        _cleanup_(view_freep) struct view *view = calloc(1, sizeof(*view));
        int r;

        if (!view)
                return -ENOMEM;
        (void)pthread_mutex_init(&view->lock, NULL);
        init_condition(&view->turned);
        view->account = strdup(options->account);
        view->type = options->type;
        view->services = options->services;
        view->projects = options->projects;
        view->lacks = options->lacks;
        view->ttl_ms = options->ttl_s ? (int64_t)options->ttl_s * 1000 : DEFAULT_TTL_MS;
        view->describe = options->describe;
        view->describe_data = options->describe_data;
        view->keep = options->keep;
        view->source = source;
        if (!view->account)
                return -ENOMEM;
        r = many_table_new(&view->many);
        if (r < 0)
                return r;
        r = guard_init(&view->guard, view->account, options->access, options->allow_delete,
                       options->allow_create, options->deletions_per_minute);
        if (r < 0)
                return r;
        if (!account_rows[options->type])
                return -EINVAL;
        r = place_new(&(struct place_seed){ .type = PLACE_FIXED,
                                            .row = account_rows[options->type],
                                            .step = view->account },
                      &view->root);
        if (r < 0)
                return r;
        *ret = STEAL(view);
        return 0;
}

/** view_free() - end a view; places and listings that are still held stay valid. Returns NULL. */
struct view *view_free(struct view *view) {
        if (!view)
                return NULL;
        for (size_t i = 0; i < INDEX_MEMO; i++) {
                free(view->memo[i].key);
                (void)index_unref(view->memo[i].index);
        }
        for (size_t i = 0; i < SENT_MAX; i++)
                free(view->sent[i].value);
        guard_done(&view->guard);
        (void)many_table_free(view->many);
        (void)place_unref(view->root);
        (void)pthread_cond_destroy(&view->turned);
        (void)pthread_mutex_destroy(&view->lock);
        free(view->account);
        free(view);
        return NULL;
}

/** view_root() - the account's directory; borrowed. */
struct place *view_root(struct view *view) {
        return view->root;
}

/** list_place() - the entries of any directory. 0 or errno. */
int list_place(struct composer *composer, struct listing_builder *builder, struct place *place) {
        switch (place->type) {
        case PLACE_FIXED:
                return list_content(composer, builder, place, place->row);
        case PLACE_ITEM:
                return list_content(composer, builder, place, &place->kind->content);
        case PLACE_COLLECTION:
        case PLACE_GROUP:
                return list_collection(composer, builder, place);
        case PLACE_BY_ID:
                return list_by_id(composer, builder, place);
        case PLACE_SUBDIR:
                return list_subdir(composer, builder, place);
        case PLACE_ACTIONS:
                return list_actions(composer, builder, place);
        default:
                return op_fail(composer->op, ENOTDIR, "not a directory");
        }
}

/**
 * view_list() - what a directory holds.
 * Returns 0 and a reference; -ENOENT when the directory's resource has gone; else the failure of
 * the call that lists it. The reason is in @op.
 */
int view_list(struct view *view, struct op *op, struct place *place, struct listing **ret) {
        struct listing_builder builder;
        struct composer composer;
        int r;

        composer_init(&composer, view, op, place);
        r = listing_begin(&builder);
        if (r < 0)
                return op_fail(op, -r, "out of memory");
        r = list_place(&composer, &builder, place);
        composer_done(&composer);
        if (r < 0) {
                listing_abandon(&builder);
                return op->fault.error ? r : op_fail(op, -r, "cannot list this directory");
        }
        return listing_end(&builder, &composer, ret);
}

/** view_read() - the bytes of a file; see the header. */
int view_read(struct view *view, struct op *op, struct place *place, struct document **ret) {
        struct composer composer;
        int r;

        if (place->type != PLACE_FILE && place->type != PLACE_ACTION)
                return op_fail(op, EISDIR, "not a file");
        composer_init(&composer, view, op, place);
        r = place->type == PLACE_ACTION ? action_read(&composer, place, ret)
                                        : file_read(&composer, place, ret);
        composer_done(&composer);
        if (r < 0 && !op->fault.error)
                return op_fail(op, -r, "cannot read this file");
        return r;
}

/* The item's name in a file name that follows a pattern; -ENOENT if it does not follow it. */
static int match_pattern(const char *pattern, const char *name, char **ret) {
        const char *star = strchr(pattern, '*');
        size_t before = star ? (size_t)(star - pattern) : 0;
        size_t after = star ? strlen(star + 1) : 0, len = strlen(name);
        _cleanup_(freep) char *item = NULL;
        struct buf decoded = BUF_INIT(4096);

        if (!star || len <= before + after || strncmp(name, pattern, before) != 0 ||
            !text_ends(name, star + 1))
                return -ENOENT;
        item = strndup(name + before, len - before - after);
        if (item)
                (void)name_decode(&decoded, item);
        *ret = item ? buf_steal(&decoded, NULL) : NULL;
        return *ret ? 0 : -ENOMEM;
}

/** view_find() - ask for a name that its directory does not list; see the header. */
int view_find(struct view *view, struct op *op, struct place *directory, const char *name,
              struct entry *ret) {
        const struct kind *kind = directory->kind;
        const struct file *file = kind ? kind->content.files : NULL;
        _cleanup_(document_unrefp) struct document *document = NULL;
        _cleanup_(place_unrefp) struct place *place = NULL;
        _cleanup_(freep) char *id = NULL;
        int r;

        if (!file || !kind->by_name || match_pattern(file->name, name, &id) < 0)
                return op_fail(op, ENOENT, "no such name here");
        r = place_new(&(struct place_seed){ .type = PLACE_FILE,
                                            .parent = directory,
                                            .kind = kind,
                                            .file = file,
                                            .id = id,
                                            .step = name },
                      &place);
        if (r == 0)
                r = place_set_item(place, NULL);
        if (r < 0)
                return op_fail(op, -r, "out of memory");
        r = view_read(view, op, place, &document);
        if (r < 0)
                return r;
        *ret = (struct entry){ .name = strdup(name),
                               .type = ENTRY_FILE,
                               .mode = 0444,
                               .is_attribute = true,
                               .is_volatile = file->is_volatile };
        if (!ret->name)
                return op_fail(op, ENOMEM, "out of memory");
        ret->place = STEAL(place);
        return 0;
}

/* A link whose target only the item in full tells. */
static bool has_link_of_object(const struct kind *kind) {
        for (const struct link *link = kind->content.links; link && link->name; link++)
                if (link->from == FROM_OBJECT)
                        return kind->get;
        return false;
}

/** view_certain() - see the header. */
int view_certain(struct place *place, struct listing **ret) {
        struct listing_builder builder;
        int r;

        if (place->type != PLACE_ITEM || !has_link_of_object(place->kind))
                return -ENODATA;
        r = listing_begin(&builder);
        if (r < 0)
                return r;
        r = list_certain(&builder, place, &place->kind->content);
        if (r < 0) {
                listing_abandon(&builder);
                return r;
        }
        *ret = listing_sorted(&builder);
        return 0;
}

/**
 * view_costs_call() - does it take a call of its own to list this directory or read this file?
 * Not if the call is one that others make as well: of lists that are shared by filters.
 */
bool view_costs_call(const struct place *place) {
        switch (place->type) {
        case PLACE_COLLECTION:
                return place->kind->list && (!place->kind->filter || place->kind->sweep);
        case PLACE_ITEM:
                return has_link_of_object(place->kind);
        case PLACE_FILE:
                if (place->file->from == FROM_OBJECT) {
                        const struct place *item = place;

                        while (item && !(item->id && item->kind))
                                item = item->parent;
                        return item && item->kind->get;
                }
                return place->file->from == FROM_CALL;
        default:
                return false;
        }
}
