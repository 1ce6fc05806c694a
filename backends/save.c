/* SPDX-License-Identifier: Apache-2.0 */
/* Saving a document: checked, compared with what the service has, sent by the calls of its row. */
#include "backends/change-internal.h"
#include "backends/view-internal.h"
#include "base/stamp.h"
#include "base/text.h"

enum { CHANGED_MAX = 1024, POINTER_MAX = 4096 };

/* The pointers of what differs between two values. */
struct difference {
        char *list[CHANGED_MAX + 1];
        size_t count;
};

static void difference_done(struct difference *difference) {
        for (size_t i = 0; i < difference->count; i++)
                free(difference->list[i]);
}

static int note_difference(struct difference *difference, const struct buf *pointer) {
        if (difference->count >= CHANGED_MAX)
                return -E2BIG;
        difference->list[difference->count] = strdup(buf_str(pointer));
        if (!difference->list[difference->count])
                return -ENOMEM;
        difference->list[++difference->count] = NULL;
        return 0;
}

static int add_step(struct buf *pointer, const char *name) {
        (void)buf_add_char(pointer, '/');
        for (; *name; name++) {
                if (*name == '/')
                        (void)buf_add_str(pointer, "~1");
                else if (*name == '~')
                        (void)buf_add_str(pointer, "~0");
                else
                        (void)buf_add_char(pointer, *name);
        }
        return pointer->error;
}

static int compare(const struct json *a, const struct json *b, struct buf *pointer,
                   struct difference *difference);

static int compare_member(const struct json *a, const struct json *b, const char *name,
                          struct buf *pointer, struct difference *difference) {
        size_t before = pointer->len;
        int r = add_step(pointer, name);

        if (r == 0)
                r = compare(a, b, pointer, difference);
        buf_truncate(pointer, before);
        return r;
}

static bool is_object_or_nothing(const struct json *value) {
        return !value || json_is(value, JSON_OBJECT);
}

/* Objects are compared member by member, everything else as a whole. */
static int compare(const struct json *a, const struct json *b, struct buf *pointer,
                   struct difference *difference) {
        struct json_cursor cursor = { 0 };
        int r = 0;

        if (json_equal(a, b))
                return 0;
        if (!is_object_or_nothing(a) || !is_object_or_nothing(b))
                return note_difference(difference, pointer);
        while (r == 0 && json_next(a, &cursor))
                r = compare_member(cursor.value, json_member(b, cursor.name), cursor.name, pointer,
                                   difference);
        cursor = (struct json_cursor){ 0 };
        while (r == 0 && json_next(b, &cursor)) {
                if (!json_member(a, cursor.name) && cursor.value)
                        r = compare_member(NULL, cursor.value, cursor.name, pointer, difference);
        }
        return r;
}

static bool is_editable(const struct save *save, const char *pointer) {
        if (!save->editable)
                return true;
        for (const char *const *editable = save->editable; *editable; editable++)
                if (pointer_leads_into(*editable, pointer))
                        return true;
        return false;
}

/* Refuses a change to a member that no call changes, by its name. */
static int check_editable(struct planner *planner, const struct save *save) {
        for (const char *const *changed = planner->changed; *changed; changed++) {
                if (is_editable(save, *changed))
                        continue;
                return op_fail(planner->composer.op, EINVAL,
                               "%s cannot be changed%s%s; nothing was sent",
                               **changed ? *changed : "this value", save->hint ? ": " : "",
                               save->hint ? save->hint : "");
        }
        return 0;
}

static bool is_blank(const char *text, size_t len) {
        for (size_t i = 0; i < len; i++)
                if (!strchr(" \t\r\n", text[i]) || !text[i])
                        return false;
        return true;
}

/** read_text() - the value of a text as a file of this row holds it. 0 or -EINVAL with a reason. */
int read_text(struct op *op, const struct file *file, const char *text, size_t len,
              struct json **ret) {
        struct json_error error = { 0 };
        int r;

        if (!text_is_utf8(text, len))
                return op_fail(op, EINVAL, "the text is not UTF-8; nothing was sent");
        if (file->codec == CODEC_TEXT) {
                *ret = json_new_string(text, len);
                return *ret ? 0 : op_fail(op, ENOMEM, "out of memory");
        }
        if (is_blank(text, len))
                return op_fail(op, EINVAL, "an empty document is never sent");
        r = json_parse(text, len, ret, &error);
        if (r == -EBADMSG)
                return op_fail(op, EINVAL, "no JSON: line %zu, column %zu: %s", error.line,
                               error.column, error.reason);
        return r < 0 ? op_fail(op, -r, "the document cannot be read") : 0;
}

/** read_mine() - as read_text(), of a text that somebody wrote: a member that stands there twice
 * would be another one for each reader. */
int read_mine(struct op *op, const struct file *file, const char *text, size_t len,
              struct json **ret) {
        struct json_error error = { 0 };
        struct json *value;
        int r = read_text(op, file, text, len, &value);

        if (r < 0)
                return r;
        if (file->codec != CODEC_TEXT)
                r = json_check_names(text, len, &error);
        if (r == 0) {
                *ret = value;
                return 0;
        }
        (void)json_free(value);
        if (r == -EBADMSG)
                return op_fail(op, EINVAL, "line %zu, column %zu: %s; nothing was sent", error.line,
                               error.column, error.reason);
        return op_fail(op, -r, "the document cannot be read");
}

/** check_length() - does the service take so many characters? 0 or -EFBIG with a reason. */
int check_length(struct op *op, const struct file *file, const char *text, size_t len) {
        size_t chars = 0;

        for (size_t i = 0; i < len; i++)
                chars += ((unsigned char)text[i] & 0xc0) != 0x80;
        if (!file->most_chars || chars <= file->most_chars)
                return 0;
        return op_fail(op, EFBIG, "%zu characters, the service takes %u; nothing was sent", chars,
                       file->most_chars);
}

/* What the service has: where its row says so, that may be no JSON. */
static int read_theirs(struct op *op, const struct file *file, const struct document *now,
                       struct json **ret) {
        if (!file->may_be_text)
                return read_text(op, file, now->data, now->len, ret);
        if (json_parse(now->data, now->len, ret, NULL) == 0)
                return 0;
        *ret = json_new_string(now->data, now->len);
        return *ret ? 0 : op_fail(op, ENOMEM, "out of memory");
}

/* Reads the document as it is now, and the resource behind it. */
static int load(struct planner *planner, struct place *place, struct document **ret) {
        struct op *op = planner->composer.op;
        bool before = op->must_be_fresh;
        int r;

        op->must_be_fresh = true;
        op->fresh_since_ms = stamp_now_ms();
        r = view_read(planner->composer.view, op, place, ret);
        op->must_be_fresh = before;
        if (r < 0)
                return r;
        /* The same answers, just read: they are at hand now. */
        r = composer_object(&planner->composer, &planner->item);
        if (r == 0)
                r = read_theirs(op, place->file, *ret, &planner->theirs);
        return r;
}

/* Was the document changed by somebody else since the editor read it? */
static int check_conflict(struct planner *planner, const char *base, size_t len,
                          const struct document *now) {
        _cleanup_(json_freep) struct json *read = NULL;

        if (!base || (len == now->len && memcmp(base, now->data, len) == 0))
                return 0;
        if (planner->file->codec == CODEC_JSON && json_parse(base, len, &read, NULL) == 0 &&
            json_equal(read, planner->theirs))
                return 0;
        return op_fail(planner->composer.op, ESTALE,
                       "somebody else changed this document since it was read; nothing was sent");
}

static int plan_steps(struct planner *planner, const struct save *save) {
        int r = 0;

        if (save->plan)
                return save->plan(planner);
        for (const struct save_step *step = save->steps; r == 0 && step->call; step++) {
                bool wanted = !step->members;

                for (const char *const *member = step->members; member && *member; member++)
                        wanted |= planner_changes(planner, *member);
                if (wanted)
                        r = planner_allowed(planner, &step->allowed);
                if (wanted && r == 0)
                        r = planner_add_row(planner, step->call, step->body, step->params);
        }
        return r;
}

/* After a save: the version that the service has now; what it was is outdated in any case. */
static void read_back(struct view *view, struct op *op, struct place *place,
                      struct change_result *result) {
        struct op_fault before = op->fault;
        bool was_fresh = op->must_be_fresh;

        op->must_be_fresh = true;
        op->fresh_since_ms = stamp_now_ms();
        if (view_read(view, op, place, &result->document) < 0)
                result->document = NULL;
        op->must_be_fresh = was_fresh;
        op->fault = before;
}

/* Is that what was there before our change, told by somebody who has not heard of it? Then nobody
 * has read back what came of it (file rule 18). */
static bool lags(struct planner *planner, const struct place *place,
                 const struct document *document) {
        struct op *op = planner->composer.op;
        struct op_fault before = op->fault;
        _cleanup_(json_freep) struct json *now = NULL;
        bool is_same = document &&
                       read_text(op, place->file, document->data, document->len, &now) == 0 &&
                       json_equal(now, planner->theirs);

        op->fault = before;
        return is_same;
}

/* Was a save whose outcome is unknown done after all? Then it is no failure. */
static int settle_unknown(struct planner *planner, struct place *place, int error,
                          struct change_result *result) {
        struct op *op = planner->composer.op;
        struct op_fault before = op->fault;
        _cleanup_(json_freep) struct json *now = NULL;

        read_back(planner->composer.view, op, place, result);
        if (result->document &&
            read_text(op, place->file, result->document->data, result->document->len, &now) == 0 &&
            json_equal(now, planner->mine)) {
                op_clear(op);
                return 0;
        }
        op->fault = before;
        /* A server that answered has ended its work: what is there now is what came of it. */
        if (!now || !before.status)
                return planner_unknown(planner);
        op->fault.is_unknown = false;
        return error;
}

/* The service found two changes of one thing: what is there now is what to merge with. */
static int tell_conflict(struct planner *planner, struct place *place,
                         struct change_result *result) {
        struct op *op = planner->composer.op;
        struct op_fault before = op->fault;

        read_back(planner->composer.view, op, place, result);
        return op_fail_answer(op, ESTALE, before.status, before.code, before.request_id,
                              before.reason);
}

static int plan_save(struct planner *planner, struct place *place, const char *base,
                     size_t base_len, struct difference *difference, struct change_result *ret) {
        const struct save *save = place->file->save;
        struct buf pointer = BUF_INIT(POINTER_MAX);
        int r;

        r = load(planner, place, &ret->document);
        if (r < 0)
                return r;
        if (json_equal(planner->mine, planner->theirs))
                return 0;
        r = check_conflict(planner, base, base_len, ret->document);
        if (r < 0)
                return r;
        r = compare(planner->theirs, planner->mine, &pointer, difference);
        buf_done(&pointer);
        if (r < 0)
                return op_fail(planner->composer.op, -r, "the documents cannot be compared");
        planner->changed = (const char *const *)difference->list;
        r = check_editable(planner, save);
        if (r == 0)
                r = planner_check_needs(planner, save->needs);
        if (r == 0)
                r = planner_allowed(planner, &save->allowed);
        if (r == 0)
                r = plan_steps(planner, save);
        return r;
}

/** view_save() - save a document; see the header. */
int view_save(struct view *view, struct op *op, struct place *place, const char *base,
              size_t base_len, const char *text, size_t len, struct change_result *ret) {
        const struct save *save = place->file ? place->file->save : NULL;
        _cleanup_(freep) struct difference *difference = calloc(1, sizeof(*difference));
        struct planner planner;
        int r;

        *ret = (struct change_result){ 0 };
        if (!save)
                return op_fail(op, EPERM, "no call changes this document");
        if (!difference)
                return op_fail(op, ENOMEM, "out of memory");
        if (place->file->codec == CODEC_TEXT && !len && !save->may_be_empty)
                return op_fail(op, EINVAL, "an empty text is never sent");
        r = planner_begin(&planner, view, op, place);
        planner.text = text;
        planner.len = len;
        if (r == 0)
                r = read_mine(op, place->file, text, len, &planner.mine);
        if (r == 0)
                r = check_length(op, place->file, text, len);
        if (r == 0)
                r = planner_check_cover(&planner);
        if (r == 0)
                r = plan_save(&planner, place, base, base_len, difference, ret);
        if (r == 0 && planner.count) {
                ret->document = document_unref(ret->document);
                r = planner_run(&planner, ret);
                if (r < 0 && op->fault.is_unknown)
                        r = settle_unknown(&planner, place, r, ret);
                else if (r == -EEXIST)
                        r = tell_conflict(&planner, place, ret);
                else if (r == 0 && !op->plan_only)
                        read_back(view, op, place, ret);
                if (r == 0 && lags(&planner, place, ret->document))
                        ret->document = document_unref(ret->document);
        }
        planner_done(&planner);
        difference_done(difference);
        return r;
}
