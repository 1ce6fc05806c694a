/* SPDX-License-Identifier: Apache-2.0 */
#include "backends/sent.h"
#include "backends/view-internal.h"

#include "backends/name.h"
#include "backends/select.h"
#include "base/text.h"

static int add_place(struct listing_builder *builder, const struct place_seed *seed,
                     struct entry *entry) {
        _cleanup_(place_unrefp) struct place *place = NULL;
        int r;

        r = place_new(seed, &place);
        if (r < 0)
                return r;
        entry->place = place;
        return listing_add(builder, entry);
}

static int add_file(struct listing_builder *builder, struct place *parent,
                    const struct file *file) {
        return add_place(
                builder,
                &(struct place_seed){
                        .type = PLACE_FILE, .parent = parent, .file = file, .step = file->name },
                &(struct entry){ .name = (char *)(uintptr_t)file->name,
                                 .type = ENTRY_FILE,
                                 .mode = 0444,
                                 .is_attribute = true,
                                 .is_volatile = file->is_volatile });
}

static int add_files(struct listing_builder *builder, struct place *place, const struct file *files,
                     const struct json *item) {
        int r = 0;

        for (const struct file *file = files; r == 0 && file && file->name; file++)
                if (when_holds(&file->when, item))
                        r = add_file(builder, place, file);
        return r;
}

/* A link whose id is not told, or leads nowhere, is not shown. */
static int add_link(struct composer *composer, struct listing_builder *builder, struct place *place,
                    const struct link *link, const struct json *item) {
        _cleanup_(json_freep) struct json *object = NULL;
        _cleanup_(freep) char *id = NULL;
        struct buf path = BUF_INIT(4096);
        int r = 0;

        if (link->from == FROM_OBJECT) {
                r = composer_object(composer, &object);
                item = object;
        }
        if (r == 0)
                r = json_text_at(item, link->at, &id);
        if (r == 0 && *id)
                r = link_to(composer, place, link->target, id, &path);
        if (r == 0 && path.len)
                r = add_place(builder,
                              &(struct place_seed){ .type = PLACE_LINK,
                                                    .parent = place,
                                                    .link = link,
                                                    .id = id,
                                                    .step = link->name },
                              &(struct entry){ .name = (char *)(uintptr_t)link->name,
                                               .type = ENTRY_LINK,
                                               .mode = 0777,
                                               .target = path.data });
        buf_done(&path);
        /* What it leads to may be forbidden or gone: that must not hide the rest. */
        return r == -ENOMEM || r == -EINTR ? r : 0;
}

static int add_child(struct composer *composer, struct listing_builder *builder,
                     struct place *place, const struct child *child) {
        bool is_collection = child->kind != NULL;

        if (!child->name) {
                _cleanup_(place_unrefp) struct place *collection = NULL;
                int r = place_new(&(struct place_seed){ .type = PLACE_COLLECTION,
                                                        .parent = place,
                                                        .child = child,
                                                        .kind = child->kind,
                                                        .step = "" },
                                  &collection);

                return r < 0 ? r : list_collection(composer, builder, collection);
        }
        return add_place(
                builder,
                &(struct place_seed){ .type = is_collection ? PLACE_COLLECTION : PLACE_FIXED,
                                      .parent = place,
                                      .child = child,
                                      .kind = child->kind,
                                      .row = child->row,
                                      .step = child->name },
                &(struct entry){ .name = (char *)(uintptr_t)child->name,
                                 .type = ENTRY_DIRECTORY,
                                 .mode = 0755 });
}

static bool has_condition(const struct place_row *row) {
        for (const struct file *file = row->files; file && file->name; file++)
                if (file->when.at)
                        return true;
        for (const struct link *link = row->links; link && link->name; link++)
                if (link->from == FROM_ITEM)
                        return true;
        for (const struct child *child = row->children; child && (child->kind || child->row);
             child++)
                if (child->when.at)
                        return true;
        return false;
}

static bool is_service(const char *name) {
        for (const struct service *const *service = services; *service; service++)
                if (text_eq((*service)->name, name))
                        return true;
        return false;
}

/** view_shows_service() - is a service among those that the account's settings name? */
bool view_shows_service(const struct view *view, const char *name) {
        if (!view->services || !is_service(name))
                return true;
        for (const char *const *shown = view->services; *shown; shown++)
                if (text_eq(*shown, name))
                        return true;
        return false;
}

static const struct action *first_action(const struct action *actions, const struct json *item) {
        for (; actions && actions->verb; actions++)
                if (when_holds(&actions->when, item))
                        return actions;
        return NULL;
}

/* The directory `actions`, where one of them is offered. */
static int add_actions(struct listing_builder *builder, struct place *place,
                       const struct action *actions, const struct json *item) {
        if (!first_action(actions, item))
                return 0;
        return add_place(builder,
                         &(struct place_seed){ .type = PLACE_ACTIONS,
                                               .parent = place,
                                               .action = actions,
                                               .step = "actions" },
                         &(struct entry){ .name = (char *)(uintptr_t) "actions",
                                          .type = ENTRY_DIRECTORY,
                                          .mode = 0755 });
}

/** list_actions() - the verbs that are offered for the innermost resource. 0 or errno. */
int list_actions(struct composer *composer, struct listing_builder *builder, struct place *place) {
        _cleanup_(json_freep) struct json *item = NULL;
        int r = composer_item(composer, &item);

        for (const struct action *action = place->action; r == 0 && action->verb; action++) {
                if (!when_holds(&action->when, item))
                        continue;
                r = add_place(builder,
                              &(struct place_seed){ .type = PLACE_ACTION,
                                                    .parent = place,
                                                    .action = action,
                                                    .step = action->verb },
                              &(struct entry){ .name = (char *)(uintptr_t)action->verb,
                                               .type = ENTRY_FILE,
                                               .mode = 0644,
                                               .is_attribute = true,
                                               .is_volatile = true });
        }
        return r;
}

/* A directory that mkdir just made, before the service tells of it: making it may take long. */
static bool was_made(const struct composer *composer, const struct place *place,
                     const struct child *child) {
        return child->row && child->row->create &&
               sent_is_marked(composer->view, place, child->name);
}

/** list_content() - the entries that a row gives a fixed directory or a resource. 0 or errno. */
int list_content(struct composer *composer, struct listing_builder *builder, struct place *place,
                 const struct place_row *row) {
        _cleanup_(json_freep) struct json *item = NULL;
        int r = 0;

        if (has_condition(row))
                r = composer_item(composer, &item);
        if (r == 0)
                r = add_files(builder, place, row->files, item);
        if (r == 0)
                r = add_actions(builder, place, row->actions, item);
        for (const struct link *link = row->links; r == 0 && link && link->name; link++)
                r = add_link(composer, builder, place, link, item);
        for (const struct child *child = row->children;
             r == 0 && child && (child->kind || child->row); child++) {
                if (!when_holds(&child->when, item) && !was_made(composer, place, child))
                        continue;
                if (child->name && !view_shows_service(composer->view, child->name))
                        continue;
                if (child->name && !place->parent && text_eq(child->name, composer->view->lacks))
                        continue;
                r = add_child(composer, builder, place, child);
        }
        return r;
}

/**
 * list_certain() - of what list_content() adds, all that no answer decides on: what has no
 * condition and is no link. 0 or errno.
 */
int list_certain(struct listing_builder *builder, struct place *place,
                 const struct place_row *row) {
        const struct action *action = row->actions;
        int r = 0;

        for (const struct file *file = row->files; r == 0 && file && file->name; file++)
                if (!file->when.at)
                        r = add_file(builder, place, file);
        while (action && action->verb && action->when.at)
                action++;
        if (r == 0 && action && action->verb)
                r = add_actions(builder, place, row->actions, NULL);
        for (const struct child *child = row->children;
             r == 0 && child && (child->kind || child->row); child++)
                if (child->name && !child->when.at)
                        r = add_child(NULL, builder, place, child);
        return r;
}

/* The values of the grouping levels that lead to a place, outermost first. */
static unsigned place_levels(const struct place *place, const char *levels[KIND_LEVELS_MAX]) {
        unsigned depth = 0;

        for (; place && place->type != PLACE_COLLECTION; place = place->parent) {
                if (place->type != PLACE_GROUP || place->depth > KIND_LEVELS_MAX)
                        continue;
                levels[place->depth - 1] = place->level;
                if (place->depth > depth)
                        depth = place->depth;
        }
        return depth;
}

static int add_group(struct listing_builder *builder, struct place *place, const char *level,
                     const char *name, unsigned depth) {
        struct buf step = BUF_INIT(0);
        int r = buf_printf(&step, "=%s", level);

        if (r == 0)
                r = add_place(builder,
                              &(struct place_seed){ .type = PLACE_GROUP,
                                                    .parent = place,
                                                    .kind = place->kind,
                                                    .level = level,
                                                    .depth = depth + 1,
                                                    .step = buf_str(&step) },
                              &(struct entry){ .name = (char *)(uintptr_t)name,
                                               .type = ENTRY_DIRECTORY,
                                               .mode = 0755 });
        buf_done(&step);
        return r;
}

static bool has_level(const struct index *index, struct index_range range, unsigned depth,
                      const char *level) {
        for (size_t i = range.begin; i < range.end; i++)
                if (text_eq(index->rows[i]->levels[depth], level))
                        return true;
        return false;
}

/* The values of the last level that are there without items. */
static int add_always(struct listing_builder *builder, struct place *place,
                      const struct index *index, struct index_range range, unsigned depth) {
        const char *const *level = place->kind->always;
        int r = 0;

        for (; r == 0 && level && *level && depth + 1 == index->n_levels; level++)
                if (!has_level(index, range, depth, *level))
                        r = add_group(builder, place, *level, *level, depth);
        return r;
}

static int add_groups(struct listing_builder *builder, struct place *place,
                      const struct index *index, struct index_range range, unsigned depth) {
        const char *last = NULL;
        int r = 0;

        for (size_t i = range.begin; r == 0 && i < range.end; i++) {
                const struct index_row *row = index->rows[i];
                struct buf name = BUF_INIT(0);

                if (last && text_eq(last, row->levels[depth]))
                        continue;
                last = row->levels[depth];
                r = index_level_name(row, depth, &name);
                if (r == 0)
                        r = add_group(builder, place, last, buf_str(&name), depth);
                buf_done(&name);
        }
        return r < 0 ? r : add_always(builder, place, index, range, depth);
}

static int item_of(const struct index *index, const struct index_row *row, struct json **ret) {
        const struct answer_item *item = &index->answer->items[row->position];

        return json_parse(item->body, item->len, ret, NULL);
}

static int add_directory(struct composer *composer, struct listing_builder *builder,
                         struct place *place, const struct index *index,
                         const struct index_row *row) {
        _cleanup_(place_unrefp) struct place *made = NULL;
        _cleanup_(json_freep) struct json *item = NULL;
        int r;

        if (place->kind->more) {
                r = item_of(index, row, &item);
                if (r < 0)
                        return r;
        }
        r = place_new_item(place, place->kind, row->id, item, &made);
        if (r < 0)
                return op_fail(composer->op, -r, "out of memory");
        return listing_add(builder, &(struct entry){ .name = row->name,
                                                     .type = ENTRY_DIRECTORY,
                                                     .place = made,
                                                     .mode = 0755,
                                                     .modified = row->modified,
                                                     .created = row->created });
}

static int add_item_link(struct listing_builder *builder, struct place *place,
                         const struct index_row *row, const char *target) {
        return add_place(builder,
                         &(struct place_seed){ .type = PLACE_LINK,
                                               .parent = place,
                                               .kind = place->kind,
                                               .id = row->id,
                                               .step = row->id,
                                               .beside = place_collection(place) },
                         &(struct entry){ .name = row->name,
                                          .type = ENTRY_LINK,
                                          .mode = 0777,
                                          .target = (char *)(uintptr_t)target,
                                          .modified = row->modified,
                                          .created = row->created });
}

/* A link to the item where it really stands; with an owner that is gone, it stands here. */
static int add_linked(struct composer *composer, struct listing_builder *builder,
                      struct place *place, const struct index *index, const struct index_row *row) {
        const struct kind *kind = place->kind;
        struct buf path = BUF_INIT(4096);
        int r;

        if (kind->owner)
                r = link_to_owned(composer, place, kind, row, &path);
        else
                r = link_to(composer, place, kind->target, row->id, &path);
        if (r == 0)
                r = add_item_link(builder, place, row, buf_str(&path));
        else if (r == -ENOENT)
                r = kind->owner ? add_directory(composer, builder, place, index, row) : 0;
        buf_done(&path);
        return r;
}

/* One file of a document: its place is the item's, told apart by the pattern. */
static int add_document(struct listing_builder *builder, struct place *place,
                        const struct file *file, const struct index_row *row,
                        const struct json *item) {
        _cleanup_(place_unrefp) struct place *made = NULL;
        struct buf name = BUF_INIT(0), step = BUF_INIT(0);
        int r;

        r = document_name(file, row->name, &name);
        if (r == 0)
                r = buf_printf(&step, "%s:%s@%s", place->kind->name, row->id, file->name);
        if (r == 0)
                r = place_new(&(struct place_seed){ .type = PLACE_FILE,
                                                    .parent = place,
                                                    .kind = place->kind,
                                                    .file = file,
                                                    .id = row->id,
                                                    .step = buf_str(&step),
                                                    .beside = place_collection(place) },
                              &made);
        if (r == 0)
                r = place_set_item(made, item);
        if (r == 0)
                r = listing_add(builder, &(struct entry){ .name = name.data,
                                                          .type = ENTRY_FILE,
                                                          .place = made,
                                                          .mode = 0444,
                                                          .is_attribute = true,
                                                          .is_volatile = file->is_volatile,
                                                          .modified = row->modified,
                                                          .created = row->created });
        buf_done(&name);
        buf_done(&step);
        return r;
}

/* The files of a document that stand in one directory: the collection's, or a shared one. */
static int add_documents(struct listing_builder *builder, struct place *place,
                         const struct index *index, const struct index_row *row,
                         const char *subdir) {
        _cleanup_(json_freep) struct json *item = NULL;
        bool wants_item = place->kind->more != NULL;
        int r = 0;

        for (const struct file *file = place->kind->content.files; file && file->name; file++)
                wants_item |= file->when.at != NULL;
        if (wants_item)
                r = item_of(index, row, &item);
        for (const struct file *file = place->kind->content.files; r == 0 && file && file->name;
             file++) {
                size_t len = 0;
                const char *directory = file_subdir(file, &len);

                if ((directory == NULL) != (subdir == NULL))
                        continue;
                if (directory && (strlen(subdir) != len || strncmp(directory, subdir, len) != 0))
                        continue;
                if (when_holds(&file->when, item))
                        r = add_document(builder, place, file, row, item);
        }
        return r;
}

static int add_subdirs(struct listing_builder *builder, struct place *place) {
        int r = 0;

        if (place->kind->shape != SHAPE_DOCUMENT)
                return 0;
        for (const struct file *file = place->kind->content.files; r == 0 && file && file->name;
             file++) {
                size_t len = 0;
                const char *directory = file_subdir(file, &len);
                _cleanup_(freep) char *name = directory ? strndup(directory, len) : NULL;

                if (!directory)
                        continue;
                if (!name)
                        return -ENOMEM;
                r = add_place(
                        builder,
                        &(struct place_seed){ .type = PLACE_SUBDIR,
                                              .parent = place,
                                              .kind = place->kind,
                                              .subdir = name,
                                              .step = name },
                        &(struct entry){ .name = name, .type = ENTRY_DIRECTORY, .mode = 0755 });
        }
        return r;
}

static int add_items(struct composer *composer, struct listing_builder *builder,
                     struct place *place, const struct index *index, struct index_range range) {
        const struct kind *kind = place->kind;
        int r = 0;

        for (size_t i = range.begin; r == 0 && i < range.end; i++) {
                const struct index_row *row = index->rows[i];

                r = op_check(composer->op);
                if (r < 0)
                        break;
                if (kind->shape == SHAPE_DOCUMENT)
                        r = add_documents(builder, place, index, row, NULL);
                else if (kind->shape == SHAPE_LINK || kind->owner)
                        r = add_linked(composer, builder, place, index, row);
                else
                        r = add_directory(composer, builder, place, index, row);
        }
        return r;
}

static bool shows_by_id(const struct place *place) {
        return place->type == PLACE_COLLECTION && place->child && place->child->name &&
               !place->kind->by_name && place->kind->shape != SHAPE_LINK;
}

static int add_by_id(struct listing_builder *builder, struct place *place) {
        return add_place(builder,
                         &(struct place_seed){ .type = PLACE_BY_ID,
                                               .parent = place,
                                               .kind = place->kind,
                                               .step = ".by-id" },
                         &(struct entry){ .name = (char *)(uintptr_t) ".by-id",
                                          .type = ENTRY_DIRECTORY,
                                          .mode = 0755 });
}

/* A name with a suffix is chosen by what is before it. */
static bool shows_project(const struct view *view, const char *name) {
        for (const char *const *shown = view->projects; shown && *shown; shown++) {
                size_t len = strlen(*shown);

                if (strncmp(name, *shown, len) == 0 && (!name[len] || name[len] == '~'))
                        return true;
        }
        return !view->projects;
}

/* Projects are the one collection whose members the account's settings choose by name. */
static void drop_hidden_projects(const struct view *view, struct listing_builder *builder) {
        struct listing *listing = builder->listing;
        size_t kept = 0;

        for (size_t i = 0; i < listing->count; i++) {
                struct entry *entry = &listing->entries[i];
                const struct place *place = entry->place;

                if (place->type == PLACE_ITEM && text_eq(place->kind->name, "project") &&
                    !shows_project(view, entry->name)) {
                        entry_done(entry);
                        continue;
                }
                listing->entries[kept++] = *entry;
        }
        listing->count = kept;
}

/** list_collection() - the entries of a collection or of one of its groups. 0 or errno. */
int list_collection(struct composer *composer, struct listing_builder *builder,
                    struct place *place) {
        _cleanup_(index_unrefp) struct index *index = NULL;
        const struct kind *kind = place->kind;
        const char *levels[KIND_LEVELS_MAX] = { 0 };
        unsigned depth = place_levels(place, levels);
        const char *filter = kind->filter_param ? place_param(place, kind->filter_param) : "";
        struct place *before = composer->place;
        struct index_range range;
        int r;

        composer->place = place;
        r = composer_index(composer, kind, &index);
        composer->place = before;
        if (r < 0)
                return r;
        range = index_find(index, filter ? filter : "", levels, depth);
        if (depth < index->n_levels)
                r = add_groups(builder, place, index, range, depth);
        else if (kind->by_name)
                builder->listing->by_name = true;
        else
                r = add_items(composer, builder, place, index, range);
        if (r == 0 && depth == index->n_levels) {
                r = add_files(builder, place, kind->level_files, NULL);
                if (r == 0)
                        r = add_subdirs(builder, place);
        }
        if (r == 0 && depth == 0)
                r = add_files(builder, place, kind->shared.files, NULL);
        if (r == 0 && depth == 0)
                r = add_actions(builder, place, kind->shared.actions, NULL);
        if (r == 0 && shows_by_id(place))
                r = add_by_id(builder, place);
        drop_hidden_projects(composer->view, builder);
        return r;
}

/** list_subdir() - the files of a collection's documents that share a directory. 0 or errno. */
int list_subdir(struct composer *composer, struct listing_builder *builder, struct place *place) {
        _cleanup_(index_unrefp) struct index *index = NULL;
        const struct kind *kind = place->kind;
        const char *levels[KIND_LEVELS_MAX] = { 0 };
        unsigned depth = place_levels(place->parent, levels);
        const char *filter = kind->filter_param ? place_param(place, kind->filter_param) : "";
        struct index_range range;
        int r;

        r = composer_index(composer, kind, &index);
        if (r < 0)
                return r;
        range = index_find(index, filter ? filter : "", levels, depth);
        for (size_t i = range.begin; r == 0 && i < range.end; i++)
                r = add_documents(builder, place, index, index->rows[i], place->subdir);
        return r;
}
