/* SPDX-License-Identifier: Apache-2.0 */
#include "backends/view-internal.h"

#include "backends/name.h"
#include "base/text.h"

/* Is the place a directory of its own? Items of a nameless collection stand in the parent. */
static bool is_directory(const struct place *place) {
        return place->type != PLACE_COLLECTION || !place->child || place->child->name;
}

/* The content that a directory's row gives it, NULL for collections and groups. */
static const struct place_row *content_of(const struct place *place) {
        if (place->type == PLACE_FIXED)
                return place->row;
        return place->type == PLACE_ITEM ? &place->kind->content : NULL;
}

static const struct child *child_of_kind(const struct place_row *row, const struct kind *kind) {
        for (const struct child *child = row->children; child && (child->kind || child->row);
             child++)
                if (child->kind == kind)
                        return child;
        return NULL;
}

static int child_place(struct place *parent, const struct child *child, struct place **ret) {
        return place_new(&(struct place_seed){ .type = PLACE_COLLECTION,
                                               .parent = parent,
                                               .child = child,
                                               .kind = child->kind,
                                               .step = child->name ? child->name : "" },
                         ret);
}

/** document_name() - append the name of a document's file, without the directory it may share. */
int document_name(const struct file *file, const char *item, struct buf *name) {
        const char *slash = strrchr(file->name, '/');
        const char *pattern = slash ? slash + 1 : file->name;
        const char *star = strchr(pattern, '*');

        if (!star)
                return buf_add_str(name, pattern);
        (void)buf_add(name, pattern, (size_t)(star - pattern));
        (void)buf_add_str(name, item);
        return buf_add_str(name, star + 1);
}

/** file_subdir() - the directory that a pattern's files share, borrowed; NULL if it has none. */
const char *file_subdir(const struct file *file, size_t *ret_len) {
        const char *slash = strchr(file->name, '/');

        if (!slash)
                return NULL;
        *ret_len = (size_t)(slash - file->name);
        return file->name;
}

/* Appends the path of an item within its collection's directory. */
static int item_path(const struct kind *kind, const struct index *index,
                     const struct index_row *row, struct buf *path) {
        for (unsigned i = 0; i < index->n_levels; i++) {
                (void)index_level_name(row, i, path);
                (void)buf_add_char(path, '/');
        }
        if (kind->shape == SHAPE_DOCUMENT && kind->content.files)
                return document_name(&kind->content.files[0], row->name, path);
        return buf_add_str(path, row->name);
}

/* Path from a collection's parent to one item; -ENOENT if the collection has no such item. */
static int path_in(struct composer *composer, struct place *parent, const struct child *child,
                   const char *id, struct buf *path) {
        _cleanup_(place_unrefp) struct place *collection = NULL;
        _cleanup_(index_unrefp) struct index *index = NULL;
        struct place *before = composer->place;
        const struct index_row *row;
        int r;

        r = child_place(parent, child, &collection);
        if (r < 0)
                return op_fail(composer->op, -r, "out of memory");
        composer->place = collection;
        r = composer_index(composer, child->kind, &index);
        composer->place = before;
        if (r < 0)
                return r;
        row = index_by_id(index, id);
        if (!row)
                return -ENOENT;
        if (child->name)
                (void)buf_printf(path, "%s/", child->name);
        return item_path(child->kind, index, row, path);
}

/**
 * link_to() - append the relative path from a directory to the item of a kind with an id.
 * The collection is looked for in the directory itself, then in each one above it.
 * Returns 0, -ENOENT if there is no such item, or the failure of the list's call.
 */
int link_to(struct composer *composer, struct place *directory, const struct kind *target,
            const char *id, struct buf *path) {
        for (struct place *place = directory; place; place = place->parent) {
                const struct place_row *row = content_of(place);
                const struct child *child = row ? child_of_kind(row, target) : NULL;

                if (child)
                        return path_in(composer, place, child, id, path);
                if (is_directory(place))
                        (void)buf_add_str(path, "../");
        }
        return -ENOENT;
}

/**
 * link_to_owned() - append the path of an item that stands below its owner: to the owner, then into
 * the collection of the kind's target there. As link_to().
 */
int link_to_owned(struct composer *composer, struct place *directory, const struct kind *kind,
                  const struct index_row *row, struct buf *path) {
        _cleanup_(place_unrefp) struct place *owner = NULL;
        const struct child *child = child_of_kind(&kind->owner->content, kind->target);
        struct place *above = directory;
        int r;

        if (!child)
                return -ENOENT;
        r = link_to(composer, directory, kind->owner, row->owner, path);
        if (r < 0)
                return r;
        while (above && !(content_of(above) && child_of_kind(content_of(above), kind->owner)))
                above = above->parent;
        if (!above)
                return -ENOENT;
        r = place_new_item(above, kind->owner, row->owner, NULL, &owner);
        if (r < 0)
                return op_fail(composer->op, -r, "out of memory");
        (void)buf_add_char(path, '/');
        return path_in(composer, owner, child, row->id, path);
}

/** list_by_id() - the entries of `.by-id`: a link to each item of the collection. */
int list_by_id(struct composer *composer, struct listing_builder *builder, struct place *place) {
        _cleanup_(index_unrefp) struct index *index = NULL;
        struct place *collection = place->parent;
        const struct kind *kind = collection->kind;
        const char *filter = kind->filter_param ? place_param(place, kind->filter_param) : "";
        struct index_range range;
        int r;

        r = composer_index(composer, kind, &index);
        if (r < 0)
                return r;
        range = index_find(index, filter ? filter : "", NULL, 0);
        for (size_t i = range.begin; r == 0 && i < range.end; i++) {
                const struct index_row *row = index->rows[i];
                struct buf name = BUF_INIT(0), encoded = BUF_INIT(0), target = BUF_INIT(0);
                _cleanup_(place_unrefp) struct place *link = NULL;

                (void)name_encode(&encoded, row->id, strlen(row->id));
                /* The empty id (a reserved namespace) has no name but the item's own. */
                (void)name_fit(&name, *row->id ? buf_str(&encoded) : row->name, NAME_LONGEST);
                (void)buf_add_str(&target, "../");
                r = item_path(kind, index, row, &target);
                if (r == 0)
                        r = place_new(&(struct place_seed){ .type = PLACE_LINK,
                                                            .parent = place,
                                                            .kind = kind,
                                                            .id = row->id,
                                                            .step = row->id },
                                      &link);
                if (r == 0)
                        r = listing_add(builder, &(struct entry){ .name = name.data,
                                                                  .type = ENTRY_LINK,
                                                                  .place = link,
                                                                  .mode = 0777,
                                                                  .target = target.data });
                buf_done(&name);
                buf_done(&encoded);
                buf_done(&target);
        }
        return r;
}
