/* SPDX-License-Identifier: Apache-2.0 */
/* What mkdir puts into a draft, what may be done with a place, and local levels of a tree. */
#include "backends/change-internal.h"
#include "backends/name.h"
#include "backends/view-internal.h"
#include "base/text.h"

static bool is_collection(const struct place *place) {
        return place->type == PLACE_COLLECTION || place->type == PLACE_GROUP;
}

static unsigned creation_abilities(const struct place *place) {
        const struct create *create = is_collection(place) ? create_row(place, "") : NULL;
        bool has_levels = is_collection(place) && place->depth < kind_levels(place->kind) &&
                          place->kind->create;
        unsigned can = has_levels ? CAN_GROUP : 0;

        if (ahead_row(place))
                return CAN_CREATE_FILE;
        if (!is_collection(place))
                return has_fixed_creation(place) ? CAN_MKDIR : 0;
        if (create && create->how == CREATE_AT_ONCE)
                can |= CAN_MKDIR;
        if (create && create->how == CREATE_DOCUMENT)
                can |= CAN_CREATE_FILE |
                       (text_eq(place->kind->content.files->name, "*") ? ANY_NAME : 0);
        if (create && create->how == CREATE_DRAFT)
                can |= CAN_DRAFT;
        return can;
}

/** view_abilities() - what may be done with a place, by its rows alone; a set of enum ability. */
unsigned view_abilities(const struct view *view, const struct place *place) {
        bool is_read_only = view_is_read_only(view);
        unsigned can = 0;

        if (place->type == PLACE_ACTION) {
                if (!is_read_only || place->action->call->risk == RISK_READ)
                        can |= CAN_ACT;
                return can | (place->action->secrets ? IS_SECRET : 0);
        }
        if (is_read_only)
                return 0;
        if (place->file && place->file->save)
                can |= CAN_SAVE;
        if (place_removal(place))
                can |= CAN_REMOVE;
        return can | creation_abilities(place) | relate_abilities(place);
}

/** view_is_read_only() - does the account's `access` forbid every change? */
bool view_is_read_only(const struct view *view) {
        return view->guard.access == ACCESS_READ_ONLY;
}

/* What a need is, and when. */
static void write_need(const struct need *need, struct buf *text) {
        if (need->may_lack)
                return;
        (void)buf_printf(text, "  %s%s", need->file ? "the secret file " : "",
                         need->file ? need->file : need->at);
        if (need->when.at && need->when.is)
                (void)buf_printf(text, "  (where %s is %s%s)", need->when.at,
                                 need->when.negate ? "not " : "", need->when.is);
        else if (need->when.at)
                (void)buf_printf(text, "  (%s %s)", need->when.negate ? "without" : "with",
                                 need->when.at);
        (void)buf_add_char(text, '\n');
}

static int write_readme(const struct create *create, const struct kind *kind, const char *name,
                        struct buf *text) {
        (void)buf_printf(
                text,
                "This is a draft of the %s %s. It is local: nothing was sent yet.\n\n"
                "Saving %s with all that is needed creates it; rmdir discards the draft.\n"
                "It ends with the mount: what was saved last is in .hcloudfs/rejected then.\n",
                kind->name, name, create->document);
        if (create->needs && !create->needs->may_lack)
                (void)buf_add_str(text, "\nNeeded:\n");
        for (const struct need *need = create->needs; need && (need->at || need->file); need++)
                write_need(need, text);
        if (create->secrets)
                (void)buf_add_str(text, "\nSecrets are no part of the document. Write each to its "
                                        "own file first; it is kept in memory only:\n");
        for (const struct secret_member *secret = create->secrets; secret && secret->file; secret++)
                (void)buf_printf(text, "  %s\n", secret->file);
        (void)buf_printf(text, "\nThe call: %s %s (%s).\n", method_name(create->call->method),
                         create->call->path, create->call->id);
        return text->error;
}

static const struct secret_member no_secrets;

static int fill_draft(struct planner *planner, const struct create *create, struct draft *draft) {
        struct buf text = BUF_INIT(0), readme = BUF_INIT(0);
        _cleanup_(json_freep) struct json *filled = NULL;
        int r = 0;

        if (create->prefill)
                r = create->prefill(planner);
        if (r == 0)
                r = planner_body(planner, create->draft, &filled);
        if (r < 0)
                return r;
        (void)json_render(filled, JSON_PRETTY, &text);
        (void)buf_add_char(&text, '\n');
        (void)write_readme(create, planner->kind, planner->name, &readme);
        *draft = (struct draft){ .document = create->document,
                                 .secrets = create->secrets ? create->secrets : &no_secrets };
        draft->text = buf_steal(&text, NULL);
        draft->readme = buf_steal(&readme, NULL);
        if (draft->text && draft->readme)
                return 0;
        draft_done(draft);
        return op_fail(planner->composer.op, ENOMEM, "out of memory");
}

/** view_secrets() - see the header. The same for what stands in a resource as for its draft. */
const struct secret_member *view_secrets(const struct place *place) {
        while (place && !place->kind)
                place = place->parent;
        return place && place->kind->create ? place->kind->create->secrets : NULL;
}

/** draft_done() - free what a draft owns. */
void draft_done(struct draft *draft) {
        free(draft->text);
        free(draft->readme);
        *draft = (struct draft){ 0 };
}

/** view_draft() - what mkdir puts into a draft; see the header. -EPERM where it makes none. */
int view_draft(struct view *view, struct op *op, struct place *directory, const char *name,
               struct draft *ret) {
        const struct create *create = create_row(directory, name);
        _cleanup_(freep) char *decoded = NULL;
        struct planner planner;
        int r;

        if (!create || create->how != CREATE_DRAFT)
                return op_fail(op, EPERM, "nothing can be created here");
        r = decode_name(op, directory->kind, name, &decoded);
        if (r == 0)
                r = check_new_name(op, directory->kind, decoded);
        if (r == 0)
                r = guard_check(&view->guard, op, create->call, create->weight, true);
        if (r == 0)
                r = check_free(view, op, directory, name);
        if (r < 0)
                return r;
        planner_init(&planner, view, op, directory);
        planner.name = decoded;
        r = fill_draft(&planner, create, ret);
        planner_done(&planner);
        return r;
}

static int check_level(struct op *op, const struct place *directory, const char *name,
                       const char *value) {
        const struct kind *kind = directory->kind;
        struct buf encoded = BUF_INIT(0);
        int r = 0;

        (void)name_encode(&encoded, value, strlen(value));
        if (encoded.error)
                r = op_fail(op, -encoded.error, "out of memory");
        else if (!text_eq(buf_str(&encoded), name))
                r = op_fail(op, EINVAL, "this name would be shown as %s: write it so",
                            buf_str(&encoded));
        buf_done(&encoded);
        if (r == 0 && kind->check_level)
                r = kind->check_level(op, directory->depth, value);
        return r;
}

/** view_level() - a local level of a tree, which stays empty until it has content; see the header.
 */
int view_level(struct view *view, struct op *op, struct place *directory, const char *name,
               struct entry *ret) {
        struct buf decoded = BUF_INIT(4096), step = BUF_INIT(8192);
        struct place *place = NULL;
        int r;

        if (!(view_abilities(view, directory) & CAN_GROUP))
                return op_fail(op, EPERM, "nothing can be created here");
        r = name_decode(&decoded, name);
        if (r == 0)
                r = check_level(op, directory, name, buf_str(&decoded));
        if (r == 0)
                r = buf_printf(&step, "=%s", buf_str(&decoded));
        if (r == 0)
                r = place_new(&(struct place_seed){ .type = PLACE_GROUP,
                                                    .parent = directory,
                                                    .kind = directory->kind,
                                                    .level = buf_str(&decoded),
                                                    .depth = directory->depth + 1,
                                                    .step = buf_str(&step) },
                              &place);
        buf_done(&decoded);
        buf_done(&step);
        if (r < 0)
                return op->fault.error ? r : op_fail(op, -r, "out of memory");
        *ret = (struct entry){
                .name = strdup(name), .type = ENTRY_DIRECTORY, .place = place, .mode = 0755
        };
        if (ret->name)
                return 0;
        entry_done(ret);
        return op_fail(op, ENOMEM, "out of memory");
}
