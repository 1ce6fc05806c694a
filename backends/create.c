/* SPDX-License-Identifier: Apache-2.0 */
/* Creating resources: at once by their name, by a new document, or from a draft. */
#include <regex.h>

#include "backends/name.h"
#include "backends/planner.h"
#include "backends/view-internal.h"
#include "base/stamp.h"
#include "base/text.h"

/* The row of a fixed directory of this name that mkdir makes, NULL if there is none. */
static const struct create *fixed_row(const struct place *directory, const char *name) {
        const struct child *child = NULL;

        if (directory->type == PLACE_ITEM)
                child = directory->kind->content.children;
        else if (directory->type == PLACE_FIXED)
                child = directory->row->children;
        for (; child && (child->kind || child->row); child++)
                if (child->row && child->row->create && text_eq(child->name, name))
                        return child->row->create;
        return NULL;
}

static bool has_fixed_creation(const struct place *place) {
        const struct child *child = place->type == PLACE_ITEM ? place->kind->content.children
                                                              : place->row->children;

        for (; child && (child->kind || child->row); child++)
                if (child->row && child->row->create)
                        return true;
        return false;
}

/* What creates an entry of this name in a directory, NULL if nothing does. */
static const struct create *create_row(const struct place *directory, const char *name) {
        switch (directory->type) {
        case PLACE_COLLECTION:
                return directory->kind->create;
        case PLACE_GROUP:
                /* Items stand below the last level only. */
                return directory->depth == kind_levels(directory->kind) ? directory->kind->create
                                                                        : NULL;
        default:
                return fixed_row(directory, name);
        }
}

/**
 * decode_name() - the resource's name in a file's name: what stands for `*` in the pattern of its
 * kind's first file. 0, or -EINVAL with a reason where the name does not follow the pattern.
 */
int decode_name(struct op *op, const struct kind *kind, const char *name, char **ret) {
        const char *pattern = kind->shape == SHAPE_DOCUMENT && kind->content.files
                                      ? kind->content.files[0].name
                                      : "*";
        const char *star = strchr(pattern, '*');
        size_t tail = star ? strlen(star + 1) : 0, len = strlen(name);
        struct buf decoded = BUF_INIT(4096);
        _cleanup_(freep) char *item = NULL;

        if (!star || len <= tail || !text_ends(name, star + 1))
                return op_fail(op, EINVAL, "a new %s must be called %s", kind->name, pattern);
        item = strndup(name, len - tail);
        if (item)
                (void)name_decode(&decoded, item);
        *ret = item ? buf_steal(&decoded, NULL) : NULL;
        return *ret ? 0 : op_fail(op, ENOMEM, "out of memory");
}

static int check_name(struct op *op, const struct kind *kind, const char *name) {
        const char *rule = kind->create->name_rule;
        regex_t regex;
        int r;

        if (!rule)
                return 0;
        if (regcomp(&regex, rule, REG_EXTENDED | REG_NOSUB) != 0)
                return op_fail(op, EINVAL, "%s: a rule for names that cannot be read", kind->name);
        r = regexec(&regex, name, 0, NULL, 0);
        regfree(&regex);
        if (r == 0)
                return 0;
        return op_fail(op, EINVAL, "%s is no name for a %s: %s", name, kind->name,
                       kind->create->name_hint ? kind->create->name_hint : rule);
}

/* A listing that is newer than this moment. */
static int fresh_listing(struct view *view, struct op *op, struct place *directory,
                         struct listing **ret) {
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

        if (!found)
                return -ENOENT;
        *ret = *found;
        ret->name = strdup(found->name);
        ret->target = found->target ? strdup(found->target) : NULL;
        ret->place = place_ref(found->place);
        return ret->name ? 0 : -ENOMEM;
}

/* Is there one of this name, or several that are told apart by suffixes? */
static bool is_taken(const struct listing *listing, const char *name) {
        const char *dot = strchr(name, '.');
        size_t stem = dot && dot > name ? (size_t)(dot - name) : strlen(name);

        if (listing_find(listing, name))
                return true;
        for (size_t i = 0; i < listing->count; i++) {
                const char *other = listing->entries[i].name;

                if (strncmp(other, name, stem) == 0 && other[stem] == '~')
                        return true;
        }
        return false;
}

static int check_required(struct planner *planner, const struct create *create) {
        for (const char *const *pointer = create->required; pointer && *pointer; pointer++)
                if (!json_has(planner->mine, *pointer))
                        return op_fail(planner->composer.op, EINVAL,
                                       "%s is missing; nothing was sent", *pointer);
        return 0;
}

/* Secrets are no part of a document: one that has them is refused, their own files fill them in. */
static int put_secrets(struct planner *planner, const struct create *create,
                       const struct change_secret *secrets, size_t n_secrets) {
        for (const struct secret_member *member = create->secrets; member && member->file; member++) {
                if (json_has(planner->mine, member->at))
                        return op_fail(planner->composer.op, EINVAL,
                                       "%s must not stand in the document: write it to the file %s "
                                       "beside it",
                                       member->at, member->file);
                for (size_t i = 0; i < n_secrets; i++) {
                        if (!text_eq(secrets[i].file, member->file))
                                continue;
                        if (planner_param(planner, member->file, secrets[i].value) < 0)
                                return op_fail(planner->composer.op, ENOMEM, "out of memory");
                }
        }
        return 0;
}

static int plan_create(struct planner *planner, const struct create *create,
                       const struct change_secret *secrets, size_t n_secrets) {
        int r;

        planner->weight = create->weight;
        planner->is_creation = true;
        r = check_required(planner, create);
        if (r == 0)
                r = put_secrets(planner, create, secrets, n_secrets);
        if (r == 0)
                r = create->plan ? create->plan(planner)
                                 : planner_add_row(planner, create->call, create->body, NULL);
        return r;
}

/* What a creation whose outcome is unknown left behind decides: an entry of the name is its proof. */
static int settle_unknown(struct view *view, struct op *op, struct place *directory,
                          const char *name, int error, struct change_result *result) {
        _cleanup_(listing_unrefp) struct listing *listing = NULL;
        struct op_fault before = op->fault;

        op_clear(op);
        if (fresh_listing(view, op, directory, &listing) == 0 &&
            take_entry(listing, name, &result->entry) == 0) {
                op_clear(op);
                return 0;
        }
        op->fault = before;
        return error;
}

static void find_created(struct view *view, struct op *op, struct place *directory,
                         const char *name, struct change_result *result) {
        _cleanup_(listing_unrefp) struct listing *listing = NULL;
        struct op_fault before = op->fault;

        if (fresh_listing(view, op, directory, &listing) < 0 ||
            take_entry(listing, name, &result->entry) < 0)
                result->entry = (struct entry){ 0 };
        op->fault = before;
}

static bool is_collection(const struct place *place) {
        return place->type == PLACE_COLLECTION || place->type == PLACE_GROUP;
}

/** view_abilities() - what may be done with a place, by its rows alone; a set of enum ability. */
unsigned view_abilities(const struct view *view, const struct place *place) {
        const struct create *create = is_collection(place) ? create_row(place, "") : NULL;
        unsigned can = 0;

        if (place->type == PLACE_ACTION)
                return CAN_ACT;
        if (place->file && place->file->save)
                can |= CAN_SAVE;
        if (create && create->how == CREATE_AT_ONCE)
                can |= CAN_MKDIR;
        if (create && create->how == CREATE_DOCUMENT)
                can |= CAN_CREATE_FILE;
        if (create && create->how == CREATE_DRAFT)
                can |= CAN_DRAFT;
        if (is_collection(place) && place->depth < kind_levels(place->kind) && place->kind->create)
                can |= CAN_GROUP;
        if (place->kind && place->kind->relation && place->type != PLACE_ITEM)
                can |= place->type == PLACE_LINK ? CAN_REMOVE : CAN_LINK;
        if (place_removal(place))
                can |= CAN_REMOVE;
        if (place->type == PLACE_ITEM || place->type == PLACE_FIXED)
                can |= has_fixed_creation(place) ? CAN_MKDIR : 0;
        return view->guard.access == ACCESS_READ_ONLY ? 0 : can;
}

/** view_create() - create a resource; see the header. */
int view_create(struct view *view, struct op *op, struct place *directory, const char *name,
                const char *text, size_t len, const struct change_secret *secrets,
                size_t n_secrets, struct change_result *ret) {
        const struct create *create = create_row(directory, name);
        _cleanup_(listing_unrefp) struct listing *listing = NULL;
        _cleanup_(freep) char *decoded = NULL;
        struct planner planner;
        int r = 0;

        *ret = (struct change_result){ 0 };
        if (!create || create->how == CREATE_NEVER)
                return op_fail(op, EPERM, "nothing can be created here");
        if (is_collection(directory)) {
                r = decode_name(op, directory->kind, name, &decoded);
                if (r == 0)
                        r = check_name(op, directory->kind, decoded);
        }
        if (r == 0)
                r = fresh_listing(view, op, directory, &listing);
        if (r < 0)
                return r;
        if (is_taken(listing, name))
                return op_fail(op, EEXIST, "%s is there already", name);
        planner_init(&planner, view, op, directory);
        planner.file = is_collection(directory) ? directory->kind->content.files : NULL;
        planner.name = decoded;
        planner.text = text;
        planner.len = len;
        if (text)
                r = create->how == CREATE_DRAFT
                            ? read_text(op, &(struct file){ .codec = CODEC_JSON }, text, len,
                                        &planner.mine)
                            : read_text(op, planner.file, text, len, &planner.mine);
        if (r == 0)
                r = plan_create(&planner, create, secrets, n_secrets);
        if (r == 0)
                r = planner_run(&planner, ret);
        if (r < 0 && op->fault.is_unknown)
                r = settle_unknown(view, op, directory, name, r, ret);
        else if (r == 0 && !op->plan_only)
                find_created(view, op, directory, name, ret);
        planner_done(&planner);
        return r;
}

/** draft_done() - free what a draft owns. */
void draft_done(struct draft *draft) {
        free(draft->text);
        free(draft->readme);
        *draft = (struct draft){ 0 };
}

static int write_readme(const struct create *create, const struct kind *kind, const char *name,
                        struct buf *text) {
        (void)buf_printf(text,
                         "This is a draft of the %s %s. It is local: nothing was sent yet.\n\n"
                         "Saving %s with all that is needed creates it; rmdir discards the draft.\n",
                         kind->name, name, create->document);
        if (create->required && *create->required)
                (void)buf_add_str(text, "\nNeeded:\n");
        for (const char *const *pointer = create->required; pointer && *pointer; pointer++)
                (void)buf_printf(text, "  %s\n", *pointer);
        if (create->secrets && create->secrets->file)
                (void)buf_add_str(text, "\nSecrets are no part of the document. Write each to its "
                                        "own file first; it is kept in memory only:\n");
        for (const struct secret_member *secret = create->secrets; secret && secret->file; secret++)
                (void)buf_printf(text, "  %s\n", secret->file);
        (void)buf_printf(text, "\nThe call: %s %s (%s).\n", method_name(create->call->method),
                         create->call->path, create->call->id);
        return text->error;
}

/** view_draft() - what mkdir puts into a draft; see the header. -EPERM where it makes none. */
int view_draft(struct view *view, struct op *op, struct place *directory, const char *name,
               struct draft *ret) {
        const struct create *create = create_row(directory, name);
        _cleanup_(listing_unrefp) struct listing *listing = NULL;
        _cleanup_(freep) char *decoded = NULL;
        struct buf text = BUF_INIT(0), readme = BUF_INIT(0);
        struct json *filled = NULL;
        struct planner planner;
        int r;

        if (!create || create->how != CREATE_DRAFT)
                return op_fail(op, EPERM, "nothing can be created here");
        r = decode_name(op, directory->kind, name, &decoded);
        if (r == 0)
                r = check_name(op, directory->kind, decoded);
        if (r == 0)
                r = guard_check(&view->guard, op, create->call, create->weight, true);
        if (r == 0)
                r = view_list(view, op, directory, &listing);
        if (r == 0 && is_taken(listing, name))
                r = op_fail(op, EEXIST, "there is a %s of this name", directory->kind->name);
        if (r < 0)
                return r;
        planner_init(&planner, view, op, directory);
        planner.name = decoded;
        r = planner_body(&planner, create->draft, &filled);
        planner_done(&planner);
        if (r == 0)
                r = json_render(filled, JSON_PRETTY, &text);
        (void)json_free(filled);
        (void)buf_add_char(&text, '\n');
        (void)write_readme(create, directory->kind, decoded, &readme);
        *ret = (struct draft){ .document = create->document, .secrets = create->secrets };
        ret->text = buf_steal(&text, NULL);
        ret->readme = buf_steal(&readme, NULL);
        if (r == 0 && ret->text && ret->readme)
                return 0;
        draft_done(ret);
        return r < 0 ? r : op_fail(op, ENOMEM, "out of memory");
}
