/* SPDX-License-Identifier: Apache-2.0 */
#include "backends/view-internal.h"

#include "backends/change.h"
#include "backends/select.h"
#include "base/digest.h"
#include "base/stamp.h"
#include "base/text.h"

/** document_ref() - one more reference; any thread. */
struct document *document_ref(struct document *document) {
        (void)atomic_fetch_add_explicit(&document->refs, 1, memory_order_relaxed);
        return document;
}

/** document_unref() - drop a reference; the last one frees; NULL is fine. Returns NULL. */
struct document *document_unref(struct document *document) {
        if (!document || atomic_fetch_sub_explicit(&document->refs, 1, memory_order_acq_rel) != 1)
                return NULL;
        free(document->data);
        free(document->request_id);
        free(document);
        return NULL;
}

/* What is shown in part is a part of an object: anything else is no answer of the service. */
static int call_value(struct composer *composer, const struct file *file, struct json **ret) {
        _cleanup_(json_freep) struct json *value = NULL;
        int r = composer_value(composer, file->call, &value);

        if (r < 0)
                return r;
        if (file->at && *file->at && !json_is(value, JSON_OBJECT))
                return op_fail(composer->op, EIO, "%s answered without %s", file->call->id,
                               file->at);
        *ret = STEAL(value);
        return 0;
}

static int source_value(struct composer *composer, const struct file *file, struct json **ret) {
        *ret = NULL;
        switch (file->from) {
        case FROM_OBJECT:
                return composer_object(composer, ret);
        case FROM_ITEM:
                return composer_item(composer, ret);
        case FROM_CALL:
                if (file->is_one)
                        return composer_one(composer, file->call, ret);
                return call_value(composer, file, ret);
        case FROM_NOWHERE:
                break;
        }
        return 0;
}

/* Narrows a value to what a file's row shows of it; the result is a reference of its own. */
static int show_part(struct composer *composer, const struct file *file, struct json *value,
                     struct json **ret) {
        _cleanup_(json_freep) struct json *part = json_share(json_at(value, file->at));
        struct json *kept;
        int r;

        if (file->only && part) {
                r = select_only(part, file->only, &kept);
                if (r < 0)
                        return op_fail(composer->op, -r, "out of memory");
                (void)json_free(part);
                part = kept;
        }
        select_without(part, file->without);
        if (!file->compose) {
                *ret = STEAL(part);
                return 0;
        }
        kept = NULL;
        r = file->compose(composer, part, &kept);
        if (r < 0)
                return r;
        *ret = kept;
        return 0;
}

/* The first pointer of a row that holds a time, in the whole value. */
static bool read_time(const char *const *pointers, const struct json *value, struct timespec *ret) {
        for (; pointers && *pointers; pointers++) {
                _cleanup_(freep) char *text = NULL;

                if (json_text_at(value, *pointers, &text) == 0 && stamp_parse(text, ret) == 0)
                        return true;
        }
        return false;
}

static int render(struct composer *composer, const struct file *file, const struct json *value,
                  struct document *document) {
        bool is_text =
                file->codec == CODEC_TEXT || (file->may_be_text && json_is(value, JSON_STRING));
        struct buf text = BUF_INIT(0);
        int r;

        if (is_text && !value)
                r = 0;
        else if (is_text)
                r = json_scalar(value, &text);
        else
                r = json_render(value, JSON_PRETTY, &text);
        if (r == 0 && !is_text)
                r = buf_add_char(&text, '\n');
        if (r == 0)
                r = buf_reserve(&text, 0);
        if (r < 0) {
                buf_done(&text);
                return op_fail(composer->op, r == -EINVAL ? EIO : -r, "cannot render %s",
                               file->name);
        }
        document->data = buf_steal(&text, &document->len);
        if (!document->data)
                return op_fail(composer->op, ENOMEM, "out of memory");
        document->hash = digest_hash64(document->data, document->len);
        return 0;
}

/*
 * Seconds: what the service says, else when we asked; but those of the first time these bytes were
 * seen, so that a time that moves without the content moves nothing. Nanoseconds from the bytes,
 * but never so that a time of ours is one to come.
 */
static void set_times(struct composer *composer, const struct place *place,
                      const struct timespec *modified, struct document *document) {
        int64_t asked = composer->fetched_ms ? composer->fetched_ms : stamp_now_ms(), told, first;

        told = modified->tv_sec ? modified->tv_sec : stamp_mark(asked, document->hash).tv_sec;
        if (source_seen(composer->view->source, place->identity, document->hash, told * 1000,
                        &first) < 0)
                first = told * 1000;
        document->modified = (struct timespec){ .tv_sec = first / 1000,
                                                .tv_nsec = (long)(document->hash % 1000000000) };
}

/** view_set_time() - see backends/change.h. */
void view_set_time(struct view *view, struct place *place, uint64_t hash, time_t modified) {
        int64_t ms = (int64_t)modified * 1000, first;

        /* That other bytes were there meanwhile makes it forget when it saw these first. */
        if (source_seen(view->source, place->identity, ~hash, ms, &first) == 0)
                (void)source_seen(view->source, place->identity, hash, ms, &first);
}

static int compose(struct composer *composer, struct place *place, struct document *document) {
        const struct file *file = place->file;
        const struct kind *kind = place->kind         ? place->kind
                                  : place_item(place) ? place_item(place)->kind
                                                      : NULL;
        _cleanup_(json_freep) struct json *value = NULL;
        _cleanup_(json_freep) struct json *shown = NULL;
        bool has_times = kind && !file->is_volatile &&
                         (file->from == FROM_OBJECT || file->from == FROM_ITEM);
        struct timespec modified = { 0 };
        int r;

        r = source_value(composer, file, &value);
        if (r < 0)
                return r;
        if (has_times) {
                (void)read_time(kind->modified, value, &modified);
                (void)read_time(kind->created, value, &document->created);
                if (!modified.tv_sec)
                        modified = document->created;
        }
        r = show_part(composer, file, value, &shown);
        if (r == 0)
                r = render(composer, file, shown, document);
        if (r == 0)
                set_times(composer, place, &modified, document);
        return r;
}

/**
 * document_of() - a document that shows a value made here, not an answer's file: always fresh, with
 * the time of this moment. 0 or -ENOMEM with a reason.
 */
int document_of(struct composer *composer, const struct json *value, struct document **ret) {
        static const struct file plain = { .name = "document", .from = FROM_NOWHERE };
        _cleanup_(document_unrefp) struct document *document = calloc(1, sizeof(*document));
        int r;

        if (!document)
                return op_fail(composer->op, ENOMEM, "out of memory");
        atomic_init(&document->refs, 1);
        r = render(composer, &plain, value, document);
        if (r < 0)
                return r;
        set_times(composer, composer->place, &(struct timespec){ 0 }, document);
        document->fetched_ms = composer->fetched_ms;
        document->fresh_until_ms = composer->fresh_until_ms;
        document->is_stale = composer->is_stale;
        *ret = STEAL(document);
        return 0;
}

/** file_value() - what a file shows, or NULL, before it is rendered. 0 or errno with a reason. */
int file_value(struct composer *composer, const struct place *place, struct json **ret) {
        _cleanup_(json_freep) struct json *value = NULL;
        int r;

        r = source_value(composer, place->file, &value);
        return r < 0 ? r : show_part(composer, place->file, value, ret);
}

/**
 * file_text() - what a file shows of a value that is at hand, owned by the caller; NULL where that
 * takes further calls, or memory is out.
 */
char *file_text(struct composer *composer, const struct file *file, struct json *value) {
        _cleanup_(json_freep) struct json *copy = json_copy(value);
        _cleanup_(json_freep) struct json *shown = NULL;
        struct document document = { 0 };

        if (!copy || file->compose || show_part(composer, file, copy, &shown) < 0 ||
            render(composer, file, shown, &document) < 0)
                return NULL;
        return document.data;
}

/** file_read() - make the document of a file's place; while its resource is in a transition, from
 * answers that are at most five seconds old. 0 or negative errno with a reason. */
int file_read(struct composer *composer, struct place *place, struct document **ret) {
        _cleanup_(document_unrefp) struct document *document = calloc(1, sizeof(*document));
        int r;

        if (!document)
                return op_fail(composer->op, ENOMEM, "out of memory");
        atomic_init(&document->refs, 1);
        r = compose(composer, place, document);
        if (r == 0 && composer->max_age_ms == 0 && composer_is_busy(composer)) {
                composer->max_age_ms = BUSY_AGE_MS;
                free(STEAL(document->data));
                r = compose(composer, place, document);
        }
        if (r < 0)
                return r;
        document->fetched_ms = composer->fetched_ms;
        document->fresh_until_ms = composer->fresh_until_ms;
        document->is_stale = composer->is_stale;
        if (composer->request_id[0])
                document->request_id = strdup(composer->request_id);
        *ret = STEAL(document);
        return 0;
}
