/* SPDX-License-Identifier: Apache-2.0 */
/* Creating resources: at once by their name, by a new document, or from a draft. */
#include <regex.h>

#include "backends/change-internal.h"
#include "backends/name.h"
#include "backends/view-internal.h"
#include "base/stamp.h"
#include "base/text.h"

/* Children of a directory that is none of a collection. */
static const struct child *children_of(const struct place *place) {
        if (place->type == PLACE_ITEM)
                return place->kind->content.children;
        return place->type == PLACE_FIXED ? place->row->children : NULL;
}

/* The row of a fixed directory of this name (any, for NULL) that mkdir makes. */
static const struct create *fixed_row(const struct place *directory, const char *name) {
        const struct child *child = children_of(directory);

        for (; child && (child->kind || child->row); child++)
                if (child->row && child->row->create && (!name || text_eq(child->name, name)))
                        return child->row->create;
        return NULL;
}

/** has_fixed_creation() - can mkdir make one of a directory's fixed directories? */
bool has_fixed_creation(const struct place *place) {
        return fixed_row(place, NULL) != NULL;
}

static bool is_collection(const struct place *place) {
        return place->type == PLACE_COLLECTION || place->type == PLACE_GROUP;
}

/** create_row() - what creates an entry of this name in a directory, NULL if nothing does. */
const struct create *create_row(const struct place *directory, const char *name) {
        if (!is_collection(directory))
                return fixed_row(directory, name);
        /* Items stand below the last level only. */
        return directory->depth == kind_levels(directory->kind) ? directory->kind->create : NULL;
}

/* Would the service's name be shown as it was written? Else it would come back under another. */
static int check_spelling(struct op *op, const char *decoded, const char *written) {
        struct buf encoded = BUF_INIT(0);
        int r = name_encode(&encoded, decoded, strlen(decoded));

        if (r < 0)
                r = op_fail(op, -r, "out of memory");
        else if (!text_eq(buf_str(&encoded), written))
                r = op_fail(op, EINVAL, "this name would be shown as %s: write it so",
                            buf_str(&encoded));
        else if (encoded.len > NAME_LONGEST)
                r = op_fail(op, ENAMETOOLONG, "a name of %zu bytes would be cut: at most %d",
                            encoded.len, NAME_LONGEST);
        buf_done(&encoded);
        return r;
}

/* @pattern: of a kind's file, without the directory that it may begin with. */
static int decode_by(struct op *op, const struct kind *kind, const char *pattern, const char *name,
                     char **ret) {
        const char *star = strchr(pattern, '*');
        size_t tail = star ? strlen(star + 1) : 0, len = strlen(name);
        struct buf decoded = BUF_INIT(4096);
        _cleanup_(freep) char *item = NULL;
        char *text;
        int r;

        if (!star || len <= tail || !text_ends(name, star + 1))
                return op_fail(op, EINVAL, "a new %s must be called %s", kind->name, pattern);
        item = strndup(name, len - tail);
        if (item)
                (void)name_decode(&decoded, item);
        text = item ? buf_steal(&decoded, NULL) : NULL;
        if (!text)
                return op_fail(op, ENOMEM, "out of memory");
        r = check_spelling(op, text, item);
        if (r < 0) {
                free(text);
                return r;
        }
        *ret = text;
        return 0;
}

/**
 * decode_name() - the resource's name in a file's name: what stands for `*` in the pattern of its
 * kind's first file. 0, or -EINVAL with a reason where the name does not follow the pattern or
 * would be shown otherwise.
 */
int decode_name(struct op *op, const struct kind *kind, const char *name, char **ret) {
        bool has_pattern = kind->shape == SHAPE_DOCUMENT && kind->content.files;

        return decode_by(op, kind, has_pattern ? kind->content.files[0].name : "*", name, ret);
}

/** keeps_rule() - 1: it does, 0: it does not, or -EINVAL: that is no rule. */
int keeps_rule(const char *rule, const char *name) {
        regex_t regex;
        int r;

        if (regcomp(&regex, rule, REG_EXTENDED | REG_NOSUB) != 0)
                return -EINVAL;
        r = regexec(&regex, name, 0, NULL, 0);
        regfree(&regex);
        return r == 0;
}

/** check_new_name() - does a name keep the row's rule? 0, or -EINVAL with the rule in words. */
int check_new_name(struct op *op, const struct kind *kind, const char *name) {
        const char *rule = kind->create ? kind->create->name_rule : NULL;
        int r = rule ? keeps_rule(rule, name) : 1;

        if (r < 0)
                return op_fail(op, EINVAL, "%s: a rule for names that cannot be read", kind->name);
        if (r > 0)
                return 0;
        return op_fail(op, EINVAL, "%s is no name for a %s: %s", name, kind->name,
                       kind->create->name_hint ? kind->create->name_hint : rule);
}

/** fresh_listing() - a listing that is newer than this moment. As view_list(). */
int fresh_listing(struct view *view, struct op *op, struct place *directory, struct listing **ret) {
        bool before = op->must_be_fresh;
        int r;

        op->must_be_fresh = true;
        op->fresh_since_ms = stamp_now_ms();
        r = view_list(view, op, directory, ret);
        op->must_be_fresh = before;
        return r;
}

/* An entry of a name, with a place of its own. 0 or -ENOENT. */
static int take_entry(const struct listing *listing, const char *name, struct entry *ret) {
        const struct entry *found = listing_find(listing, name);
        struct entry entry;

        if (!found)
                return -ENOENT;
        entry = *found;
        entry.name = strdup(found->name);
        entry.target = found->target ? strdup(found->target) : NULL;
        entry.place = place_ref(found->place);
        if (!entry.name || (found->target && !entry.target)) {
                entry_done(&entry);
                return -ENOMEM;
        }
        *ret = entry;
        return 0;
}

/* Looks a name up in a fresh listing, and by asking for it where names are not listed. */
static int find_in(struct view *view, struct op *op, struct place *directory,
                   const struct listing *listing, const char *name, struct entry *ret) {
        bool before = op->must_be_fresh;
        int r = take_entry(listing, name, ret);

        if (r != -ENOENT || !listing->by_name)
                return r;
        op->must_be_fresh = true;
        op->fresh_since_ms = stamp_now_ms();
        r = view_find(view, op, directory, name, ret);
        op->must_be_fresh = before;
        return r;
}

/* 0, -ENOENT or the failure of a call. */
static int find_fresh(struct view *view, struct op *op, struct place *directory, const char *name,
                      struct entry *ret) {
        _cleanup_(listing_unrefp) struct listing *listing = NULL;
        int r = fresh_listing(view, op, directory, &listing);

        return r < 0 ? r : find_in(view, op, directory, listing, name, ret);
}

/* Is there one of this name among several that are told apart by suffixes? */
static bool is_shared(const struct listing *listing, const char *name) {
        const char *dot = strchr(name, '.');
        size_t stem = dot && dot > name ? (size_t)(dot - name) : strlen(name);

        for (size_t i = 0; i < listing->count; i++) {
                const char *other = listing->entries[i].name;

                if (strncmp(other, name, stem) == 0 && other[stem] == '~')
                        return true;
        }
        return false;
}

/** check_free() - is a name free, by a fresh list? 0, -EEXIST with a reason, the list's failure. */
int check_free(struct view *view, struct op *op, struct place *directory, const char *name) {
        _cleanup_(listing_unrefp) struct listing *listing = NULL;
        struct entry entry = { 0 };
        int r = fresh_listing(view, op, directory, &listing);

        if (r < 0)
                return r;
        r = find_in(view, op, directory, listing, name, &entry);
        entry_done(&entry);
        if (r == -ENOENT) {
                op_clear(op);
                if (!is_shared(listing, name))
                        return 0;
                return op_fail(op, EEXIST, "there are several called %s already", name);
        }
        return r < 0 ? r : op_fail(op, EEXIST, "%s is there already", name);
}

/** find_created() - the entry that a creation made, if it is listed by now. */
void find_created(struct view *view, struct op *op, struct place *directory, const char *name,
                  struct change_result *result) {
        struct op_fault before = op->fault;

        if (find_fresh(view, op, directory, name, &result->entry) < 0)
                result->entry = (struct entry){ 0 };
        op->fault = before;
}

/**
 * settle_creation() - what a creation whose outcome is unknown left behind decides: an entry of the
 * name, which was free before, is its proof. Returns 0, or as planner_unknown().
 */
int settle_creation(struct planner *planner, struct place *directory, const char *name, int error,
                    struct change_result *result) {
        struct op *op = planner->composer.op;
        struct op_fault before = op->fault;
        int r;

        op_clear(op);
        r = find_fresh(planner->composer.view, op, directory, name, &result->entry);
        if (r == 0) {
                op_clear(op);
                return 0;
        }
        result->entry = (struct entry){ 0 };
        op->fault = before;
        if (r != -ENOENT || !before.status)
                return planner_unknown(planner);
        op->fault.is_unknown = false;
        return error;
}

/* Secrets are no part of a document: one that has them is refused, their own files fill them in. */
static int put_secrets(struct planner *planner, const struct create *create,
                       const struct change_secret *secrets, size_t n_secrets) {
        int r = 0;

        for (const struct secret_member *member = create->secrets; member && member->file; member++)
                if (json_has(planner->mine, member->at))
                        return op_fail(planner->composer.op, EINVAL,
                                       "%s must not stand in the document: write it to the file %s "
                                       "beside it",
                                       member->at, member->file);
        for (size_t i = 0; r == 0 && i < n_secrets; i++)
                r = planner_secret(planner, secrets[i].file, secrets[i].value);
        return r < 0 ? op_fail(planner->composer.op, -r, "out of memory") : 0;
}

static int check_never(struct planner *planner, const struct create *create) {
        for (const char *const *pointer = create->never; pointer && *pointer; pointer++)
                if (json_has(planner->mine, *pointer))
                        return op_fail(planner->composer.op, EINVAL,
                                       "%s cannot be given on creation; nothing was sent",
                                       *pointer);
        return 0;
}

/* Calls know the new name by `={name}`, and as an id where it is one. */
static int put_name(struct planner *planner, const struct create *create) {
        const char *const *param = create->id_is_name ? planner->kind->params : NULL;
        int r = planner->name ? planner_param(planner, "name", planner->name) : 0;

        for (; r == 0 && param && *param; param++)
                r = planner_param(planner, *param, planner->name);
        return r < 0 ? op_fail(planner->composer.op, -r, "out of memory") : 0;
}

static int plan_create(struct planner *planner, const struct create *create,
                       const struct change_secret *secrets, size_t n_secrets) {
        int r;

        planner->weight = create->weight;
        planner->is_creation = true;
        r = planner_check_cover(planner);
        if (r == 0)
                r = put_secrets(planner, create, secrets, n_secrets);
        if (r == 0)
                r = check_never(planner, create);
        if (r == 0)
                r = planner_check_needs(planner, create->needs);
        if (r == 0)
                r = put_name(planner, create);
        if (r == 0)
                r = create->plan ? create->plan(planner)
                                 : planner_add_row(planner, create->call, create->body, NULL);
        return r;
}

/* The text of the new document, as its row reads it. */
static int read_new(struct planner *planner, const struct create *create) {
        static const struct file json = { .name = "document", .codec = CODEC_JSON };
        const struct file *file = create->how == CREATE_DRAFT ? &json : planner->file;
        struct op *op = planner->composer.op;
        int r;

        if (create->how == CREATE_AT_ONCE)
                return 0;
        if (!planner->text || !file)
                return op_fail(op, EINVAL, "a new document needs a text");
        if (file->codec == CODEC_TEXT && !planner->len && !(file->save && file->save->may_be_empty))
                return op_fail(op, EINVAL, "an empty text is never sent");
        r = read_mine(op, file, planner->text, planner->len, &planner->mine);
        return r < 0 ? r : check_length(op, file, planner->text, planner->len);
}

/* May something of this name be made in this directory? Asks nobody. */
static int check_name(struct view *view, struct op *op, struct place *directory, const char *name,
                      char **ret_decoded) {
        const struct create *create = create_row(directory, name);
        int r;

        if (!create || create->how == CREATE_NEVER)
                return op_fail(op, EPERM, "nothing can be created here");
        r = guard_check(&view->guard, op, create->call, create->weight, true);
        if (r < 0 || !is_collection(directory))
                return r;
        r = decode_name(op, directory->kind, name, ret_decoded);
        return r < 0 ? r : check_new_name(op, directory->kind, *ret_decoded);
}

/* What is to be sent, checked. */
static int plan(struct planner *planner, struct place *directory, const char *name,
                const struct change_secret *secrets, size_t n_secrets) {
        const struct create *create = create_row(directory, name);
        int r;

        if (!is_collection(directory) && !(planner->made = strdup(name)))
                return op_fail(planner->composer.op, ENOMEM, "out of memory");
        planner->file = is_collection(directory) ? directory->kind->content.files : NULL;
        r = read_new(planner, create);
        return r < 0 ? r : plan_create(planner, create, secrets, n_secrets);
}

/** view_may_create() - would view_create() send this text, if the name were free? */
int view_may_create(struct view *view, struct op *op, struct place *directory, const char *name,
                    const char *text, size_t len) {
        _cleanup_(freep) char *decoded = NULL;
        struct planner planner;
        int r = check_name(view, op, directory, name, &decoded);

        if (r < 0)
                return r;
        planner_init(&planner, view, op, directory);
        planner.name = decoded;
        planner.text = text;
        planner.len = len;
        r = plan(&planner, directory, name, NULL, 0);
        planner_done(&planner);
        return r;
}

/** ahead_row() - the file that is written in a shared directory before its item exists, or NULL. */
const struct file *ahead_row(const struct place *directory) {
        const struct file *file =
                directory->type == PLACE_SUBDIR ? directory->kind->content.files : NULL;

        for (; file && file->name; file++) {
                size_t len = 0;
                const char *subdir = file_subdir(file, &len);

                if (subdir && strlen(directory->subdir) == len &&
                    strncmp(subdir, directory->subdir, len) == 0 && file->save && file->save->ahead)
                        return file;
        }
        return NULL;
}

/* What is said of a document before it is made: nothing is sent, the creation will say it. */
static int create_ahead(struct view *view, struct op *op, struct place *directory, const char *name,
                        const char *text, size_t len, struct change_result *ret) {
        const struct file *file = ahead_row(directory);
        const struct create *create = directory->kind->create;
        _cleanup_(freep) char *decoded = NULL;
        struct planner planner;
        int r = guard_check(&view->guard, op, create->call, create->weight, true);

        if (r == 0)
                r = decode_by(op, directory->kind, strchr(file->name, '/') + 1, name, &decoded);
        if (r == 0)
                r = check_new_name(op, directory->kind, decoded);
        if (r == 0)
                r = check_free(view, op, directory, name);
        if (r < 0)
                return r;
        r = planner_begin(&planner, view, op, directory);
        planner.file = file;
        planner.name = decoded;
        planner.text = text;
        planner.len = len;
        if (r == 0)
                r = text ? read_mine(op, file, text, len, &planner.mine) : -EINVAL;
        if (r == 0)
                r = file->save->ahead(&planner);
        if (r == 0)
                r = planner_run(&planner, ret);
        planner_done(&planner);
        return r;
}

/* What the service took without a word, and what will not work with it. */
static void warn(const struct create *create, const char *name, struct change_result *result) {
        if (name && create->wise_rule && keeps_rule(create->wise_rule, name) == 0)
                result->warning = create->wise_hint;
}

/** view_create() - create a resource; see the header. */
int view_create(struct view *view, struct op *op, struct place *directory, const char *name,
                const char *text, size_t len, const struct change_secret *secrets, size_t n_secrets,
                struct change_result *ret) {
        _cleanup_(freep) char *decoded = NULL;
        struct planner planner;
        int r;

        *ret = (struct change_result){ 0 };
        if (ahead_row(directory))
                return create_ahead(view, op, directory, name, text, len, ret);
        r = check_name(view, op, directory, name, &decoded);
        if (r == 0)
                r = check_free(view, op, directory, name);
        if (r < 0)
                return r;
        r = planner_begin(&planner, view, op, directory);
        planner.name = decoded;
        planner.text = text;
        planner.len = len;
        if (r == 0)
                r = plan(&planner, directory, name, secrets, n_secrets);
        if (r == 0)
                r = planner_run(&planner, ret);
        if (r < 0 && op->fault.is_unknown)
                r = settle_creation(&planner, directory, name, r, ret);
        else if (r == 0 && !op->plan_only)
                find_created(view, op, directory, name, ret);
        if (r == 0)
                warn(create_row(directory, name), decoded, ret);
        planner_done(&planner);
        return r;
}
