/* SPDX-License-Identifier: Apache-2.0 */
/* Changes of the fake view: each sends one request, tells the watch of it, and is written down. */
#include <string.h>

#include "base/digest.h"
#include "base/stamp.h"
#include "base/text.h"
#include "tests/unit/fs/fake-internal.h"

enum { CHILDREN_MAX = 100000 };

/** fake_allow() - what may be done with it; a set of enum ability. */
void fake_allow(struct view *view, struct place *place, unsigned can) {
        pthread_mutex_lock(&view->lock);
        place->can = can;
        pthread_mutex_unlock(&view->lock);
}

/** fake_set_document() - an item of its own, no attribute. */
void fake_set_document(struct view *view, struct place *place) {
        pthread_mutex_lock(&view->lock);
        place->is_document = true;
        pthread_mutex_unlock(&view->lock);
}

/** fake_refuse() - changes of it fail with this errno; 0 for none any more. */
void fake_refuse(struct view *view, struct place *place, int error) {
        pthread_mutex_lock(&view->lock);
        place->refuse = error;
        pthread_mutex_unlock(&view->lock);
}

/** fake_set_unknown() - changes of it are sent and not answered. */
void fake_set_unknown(struct view *view, struct place *place, bool is_unknown) {
        pthread_mutex_lock(&view->lock);
        place->is_unknown = is_unknown;
        pthread_mutex_unlock(&view->lock);
}

/** fake_set_slow() - so many of its lists do not tell of what was made while there were any. */
void fake_set_slow(struct view *view, struct place *place, unsigned lists) {
        pthread_mutex_lock(&view->lock);
        place->slow = lists;
        pthread_mutex_unlock(&view->lock);
}

/** fake_set_mute() - its creations do not tell what they have made. */
void fake_set_mute(struct view *view, bool is_mute) {
        pthread_mutex_lock(&view->lock);
        view->is_mute = is_mute;
        pthread_mutex_unlock(&view->lock);
}

/** fake_set_budget() - so many removals are let through from now on. */
void fake_set_budget(struct view *view, unsigned budget) {
        pthread_mutex_lock(&view->lock);
        view->has_budget = true;
        view->budget = budget;
        pthread_mutex_unlock(&view->lock);
}

/** fake_set_answer() - of an action. */
void fake_set_answer(struct view *view, struct place *place, const char *answer,
                     const char *secret) {
        pthread_mutex_lock(&view->lock);
        place->answer = strdup(answer);
        place->secret = secret ? strdup(secret) : NULL;
        pthread_mutex_unlock(&view->lock);
}

/** fake_set_forgetful() - what was saved cannot be read in the same go. */
void fake_set_forgetful(struct view *view, bool is_forgetful) {
        pthread_mutex_lock(&view->lock);
        view->is_forgetful = is_forgetful;
        pthread_mutex_unlock(&view->lock);
}

/** fake_set_lagging() - lists do not tell of what is made from now on, until this ends. */
void fake_set_lagging(struct view *view, bool is_lagging) {
        pthread_mutex_lock(&view->lock);
        view->is_lagging = is_lagging;
        pthread_mutex_unlock(&view->lock);
}

/** fake_changes() - how many were made. */
unsigned fake_changes(struct view *view) {
        unsigned n;

        pthread_mutex_lock(&view->lock);
        n = view->n_changes;
        pthread_mutex_unlock(&view->lock);
        return n;
}

/** fake_changes_text() - all of them, a line each; owned by the caller. */
char *fake_changes_text(struct view *view) {
        char *text;

        pthread_mutex_lock(&view->lock);
        text = strdup(buf_str(&view->changes));
        pthread_mutex_unlock(&view->lock);
        return text;
}

unsigned view_abilities(const struct view *view, const struct place *place) {
        (void)view;
        return place->can;
}

bool view_is_read_only(const struct view *view) {
        (void)view;
        return false;
}

void view_set_time(struct view *view, struct place *place, uint64_t hash, time_t modified) {
        pthread_mutex_lock(&view->lock);
        if (place->text && digest_hash64(place->text, strlen(place->text)) == hash)
                place->changed_ms = (int64_t)modified * 1000;
        pthread_mutex_unlock(&view->lock);
}

bool place_is_document(const struct place *place) {
        return place->is_document;
}

bool place_is_same_item(const struct place *a, const struct place *b) {
        return a == b;
}

/* Sends the one request of a change. Locked; unlocks it for the watch. */
static int send(struct view *view, struct op *op, struct place *place, const char *call,
                const char *name, const char *body, size_t len) {
        const struct op_step step = {
                .number = 1,
                .count = 1,
                .service = "fake",
                .call = call,
                .method = "PUT",
                .target = place->identity,
                .body = body,
                .body_len = len,
                .is_once = strcmp(call, "create") == 0,
        };
        int r = 0;

        pthread_mutex_unlock(&view->lock);
        if (op->watch)
                r = op->watch->before(op->watch->data, op, &step);
        pthread_mutex_lock(&view->lock);
        if (r < 0 || op->plan_only)
                return r;
        r = fake_pass(view, op, place);
        if (r == 0 && place->is_unknown) {
                r = op_fail(op, ETIMEDOUT, "no answer");
                op->fault.is_unknown = true;
        } else if (r == 0 && place->refuse) {
                r = op_fail_answer(op, place->refuse, 409, "FAKE.1", "request-9", "refused");
        } else if (r == 0) {
                view->n_changes++;
                (void)buf_printf(&view->changes, "%s %s%s%s", call, place->identity,
                                 name ? " " : "", name ? name : "");
                if (body)
                        (void)buf_printf(&view->changes, " %.*s", (int)strcspn(body, "\n"), body);
                (void)buf_add_char(&view->changes, '\n');
        }
        pthread_mutex_unlock(&view->lock);
        if (op->watch)
                op->watch->after(op->watch->data, op, &step, r);
        pthread_mutex_lock(&view->lock);
        return r;
}

static int check(struct op *op, bool is_json, const char *text, size_t len) {
        _cleanup_(json_freep) struct json *json = NULL;
        struct json_error error = { 0 };

        if (!is_json)
                return len ? 0 : op_fail(op, EINVAL, "an empty value is never sent");
        if (json_parse(text, len, &json, &error) == 0)
                return 0;
        return op_fail(op, EINVAL, "no JSON: line %zu, column %zu: %s", error.line, error.column,
                       error.reason ? error.reason : "empty");
}

int view_save(struct view *view, struct op *op, struct place *place, const char *base,
              size_t base_len, const char *text, size_t len, struct change_result *ret) {
        bool is_forgetful;
        int r;

        *ret = (struct change_result){ 0 };
        r = check(op, text_ends(place->name, ".json"), text, len);
        if (r == 0)
                r = view_read(view, op, place, &ret->document);
        if (r < 0)
                return r;
        pthread_mutex_lock(&view->lock);
        if (strlen(place->text) == len && memcmp(place->text, text, len) == 0) {
                pthread_mutex_unlock(&view->lock);
                return 0;
        }
        if (strstr(place->text, "\"id\"") && !memmem(text, len, "\"id\"", 4))
                r = op_fail(op, EINVAL, "/id cannot be changed; nothing was sent");
        else if (base &&
                 (base_len != strlen(place->text) || memcmp(base, place->text, base_len) != 0))
                r = op_fail(op, ESTALE, "somebody else changed it");
        if (r == 0)
                r = send(view, op, place, "save", NULL, text, len);
        if (r == 0 && !op->plan_only) {
                free(place->text);
                place->text = strndup(text, len);
                place->changed_ms = stamp_now_ms();
        }
        is_forgetful = view->is_forgetful;
        pthread_mutex_unlock(&view->lock);
        if (r < 0)
                return r;
        ret->document = document_unref(ret->document);
        ret->steps = 1;
        return op->plan_only || is_forgetful ? 0 : view_read(view, op, place, &ret->document);
}

int view_may_create(struct view *view, struct op *op, struct place *directory, const char *name,
                    const char *text, size_t len) {
        (void)view;
        (void)directory;
        return check(op, text_ends(name, ".json"), text, len);
}

int view_create(struct view *view, struct op *op, struct place *directory, const char *name,
                const char *text, size_t len, const struct change_secret *secrets, size_t n_secrets,
                struct change_result *ret) {
        struct place *place;
        int r = 0;

        *ret = (struct change_result){ 0 };
        place = fake_place(directory, name, text ? ENTRY_FILE : ENTRY_DIRECTORY, NULL);
        if (text && !(directory->can & (ANY_NAME | CAN_DRAFT)) && !text_ends(name, ".json"))
                r = op_fail(op, EINVAL, "a new policy must be called *.json");
        if (r == 0 && text)
                r = check(op, text_ends(name, ".json") || (directory->can & CAN_DRAFT), text, len);
        pthread_mutex_lock(&view->lock);
        place->is_late = view->is_lagging;
        for (size_t i = 0; r == 0 && i < directory->count; i++)
                if (text_eq(directory->children[i]->name, name))
                        r = op_fail(op, EEXIST, "%s is there already", name);
        if (r == 0)
                r = send(view, op, directory, "create", name, text, len);
        for (size_t i = 0; r == 0 && i < n_secrets; i++)
                (void)buf_printf(&view->changes, "secret %s %s\n", secrets[i].file,
                                 secrets[i].value);
        if (r == 0 && !op->plan_only &&
            array_grow(&directory->children, &directory->capacity, directory->count, CHILDREN_MAX,
                       sizeof(struct place *)) == 0) {
                place->text = text && !(directory->can & CAN_DRAFT) ? strndup(text, len) : NULL;
                place->is_document = place->text != NULL;
                if (text && !place->text)
                        place->type = ENTRY_DIRECTORY;
                place->can = place->is_document ? CAN_SAVE | CAN_REMOVE : CAN_REMOVE;
                directory->children[directory->count++] = place;
                directory->changed_ms = stamp_now_ms();
                place->is_late |= directory->slow > 0;
                if (!view->is_mute && !view->is_lagging)
                        fake_fill(place, &ret->entry);
                place = NULL;
        }
        pthread_mutex_unlock(&view->lock);
        place_unref(place);
        ret->steps = r == 0;
        return r;
}

static const struct secret_member fake_secrets[] = { { .at = "/password", .file = "password" },
                                                     { 0 } };

const struct secret_member *view_secrets(const struct place *place) {
        return place->can & CAN_DRAFT ? fake_secrets : NULL;
}

int view_draft(struct view *view, struct op *op, struct place *directory, const char *name,
               struct draft *ret) {
        (void)view;
        (void)op;
        (void)directory;
        *ret = (struct draft){ .document = "thing.json", .secrets = fake_secrets };
        if (asprintf(&ret->text, "{\n  \"name\": \"%s\"\n}\n", name) < 0)
                return -ENOMEM;
        ret->readme = strdup("a draft\n");
        return 0;
}

void draft_done(struct draft *draft) {
        free(draft->text);
        free(draft->readme);
}

int view_level(struct view *view, struct op *op, struct place *directory, const char *name,
               struct entry *ret) {
        struct place *place = fake_place(directory, name, ENTRY_DIRECTORY, NULL);

        (void)view;
        (void)op;
        place->can = directory->can & ~(unsigned)CAN_GROUP;
        fake_fill(place, ret);
        place_unref(place);
        return 0;
}

static int check_removal(struct op *op, const struct place *place) {
        return place->can & CAN_REMOVE ? 0 : op_fail(op, EPERM, "no call deletes this");
}

/* Locked. */
static int spend(struct view *view, struct op *op) {
        if (view->has_budget && !view->budget)
                return op_fail(op, EDQUOT, "acknowledge it");
        view->budget -= view->has_budget;
        return 0;
}

int view_pay_removal(struct view *view, struct op *op, const struct place *place) {
        int r = check_removal(op, place);

        pthread_mutex_lock(&view->lock);
        if (r == 0)
                r = spend(view, op);
        pthread_mutex_unlock(&view->lock);
        return r;
}

void view_refund_removal(struct view *view, const struct place *place) {
        (void)place;
        pthread_mutex_lock(&view->lock);
        view->budget += view->has_budget;
        pthread_mutex_unlock(&view->lock);
}

int view_remove(struct view *view, struct op *op, struct place *place, bool is_paid,
                struct change_result *ret) {
        int r;

        *ret = (struct change_result){ .status = 204 };
        r = check_removal(op, place);
        if (r < 0)
                return r;
        pthread_mutex_lock(&view->lock);
        if (!is_paid)
                r = spend(view, op);
        for (size_t i = 0; r == 0 && i < place->count; i++)
                if (place->children[i]->is_document)
                        r = op_fail(op, ENOTEMPTY, "it still has %s", place->children[i]->name);
        if (r == 0)
                r = send(view, op, place, "remove", NULL, NULL, 0);
        pthread_mutex_unlock(&view->lock);
        if (r == 0 && !op->plan_only)
                fake_remove(view, place);
        ret->steps = r == 0;
        return r;
}

int view_link(struct view *view, struct op *op, struct place *directory, const char *name,
              struct place *target, struct change_result *ret) {
        struct place *place;
        int r;

        *ret = (struct change_result){ 0 };
        if (!target)
                return op_fail(op, EINVAL, "a link must lead to something");
        pthread_mutex_lock(&view->lock);
        r = send(view, op, directory, "link", name, NULL, 0);
        pthread_mutex_unlock(&view->lock);
        if (r < 0 || op->plan_only)
                return r;
        place = fake_add(view, directory, name, ENTRY_LINK, target->name);
        fake_allow(view, place, CAN_REMOVE);
        pthread_mutex_lock(&view->lock);
        place->is_late = directory->slow > 0;
        if (!view->is_mute)
                fake_fill(place, &ret->entry);
        pthread_mutex_unlock(&view->lock);
        return 0;
}

int view_unlink(struct view *view, struct op *op, struct place *link, struct change_result *ret) {
        int r;

        *ret = (struct change_result){ 0 };
        pthread_mutex_lock(&view->lock);
        r = send(view, op, link, "unlink", NULL, NULL, 0);
        pthread_mutex_unlock(&view->lock);
        if (r == 0 && !op->plan_only)
                fake_remove(view, link);
        return r;
}

int view_rename(struct view *view, struct op *op, struct place *place, struct place *directory,
                const char *name, struct change_result *ret) {
        int r;

        *ret = (struct change_result){ 0 };
        if (place->parent != directory || text_starts(name, "no"))
                return op_fail(op, EXDEV, "no call renames it");
        pthread_mutex_lock(&view->lock);
        r = send(view, op, place, "rename", name, NULL, 0);
        if (r == 0 && !op->plan_only) {
                free(place->name);
                place->name = strdup(name);
                directory->changed_ms = stamp_now_ms();
        }
        pthread_mutex_unlock(&view->lock);
        return r;
}

int view_act(struct view *view, struct op *op, struct place *place, const char *text, size_t len,
             struct change_result *ret) {
        int r;

        *ret = (struct change_result){ .status = 200 };
        if (memmem(text, len, "_comment", strlen("_comment")))
                return op_fail(op, EINVAL, "take _comment out to send it");
        pthread_mutex_lock(&view->lock);
        r = send(view, op, place, "act", NULL, text, len);
        if (r == 0 && place->answer)
                ret->answer = strdup(place->answer);
        if (r == 0 && place->secret) {
                ret->secret = strdup(place->secret);
                ret->secret_file = "token";
        }
        pthread_mutex_unlock(&view->lock);
        return r;
}

void change_result_done(struct change_result *result) {
        if (result->document)
                document_unref(result->document);
        entry_done(&result->entry);
        free(result->answer);
        free(result->secret);
        *result = (struct change_result){ 0 };
}

int view_budget(struct view *view, struct json **ret) {
        (void)view;
        *ret = json_new_object();
        return *ret ? 0 : -ENOMEM;
}

void view_acknowledge(struct view *view) {
        pthread_mutex_lock(&view->lock);
        view->n_acknowledged++;
        pthread_mutex_unlock(&view->lock);
}

bool view_shares_answer(const struct place *changed, const struct place *file) {
        (void)changed;
        (void)file;
        return false;
}

bool view_has_life(const struct place *place) {
        (void)place;
        return false;
}

int view_life(struct view *view, struct op *op, struct place *place, struct life_state *ret) {
        (void)view;
        (void)op;
        (void)place;
        *ret = (struct life_state){ .phase = LIFE_NONE, .percent = -1 };
        return 0;
}

void life_state_done(struct life_state *state) {
        free(state->state);
        free(state->work);
        *state = (struct life_state){ 0 };
}
