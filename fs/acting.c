/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/acting.h"

#include <string.h>

#include "base/stamp.h"
#include "base/text.h"
#include "fs/carry.h"
#include "fs/change.h"
#include "fs/session.h"
#include "fs/shelves.h"

static int write_result(struct session *session, struct op *op, const struct subject *subject,
                        const struct change_result *result) {
        struct buf text = BUF_INIT(0), name = BUF_INIT(256);
        char now[STAMP_TEXT_SIZE];
        int r;

        stamp_format(stamp_now_ms() / 1000, now);
        (void)buf_printf(&text, "time: %s\nHTTP status: %d\n", now, result->status);
        if (result->secret_file)
                (void)buf_printf(&text, "issued: %s\n", result->secret_file);
        if (result->answer && *result->answer)
                (void)buf_printf(&text, "\n%s%s", result->answer,
                                 result->answer[strlen(result->answer) - 1] == '\n' ? "" : "\n");
        r = text.error;
        if (r == 0)
                r = buf_printf(&name, "%s.result", subject->name);
        if (r == 0)
                r = shelves_put(session, op, subject->journal, subject->dir, SHELF_RESULT,
                                buf_str(&name), buf_str(&text), text.len);
        buf_done(&text);
        buf_done(&name);
        return r;
}

/* One element of the list: what was issued, and when. */
static int make_element(const char *secret, struct json **ret) {
        _cleanup_(json_freep) struct json *element = json_new_object(), *issued = NULL;
        char now[STAMP_TEXT_SIZE];
        struct json_cursor cursor = { 0 };
        int r = element ? 0 : -ENOMEM;

        stamp_format(stamp_now_ms() / 1000, now);
        if (r == 0)
                r = json_set_string(element, "time", now);
        if (r == 0 && json_parse(secret, strlen(secret), &issued, NULL) < 0)
                r = json_set_string(element, "answer", secret);
        while (r == 0 && json_next(issued, &cursor)) {
                struct json *copy = json_copy(cursor.value);

                r = json_set(element, cursor.name, copy);
        }
        if (r == 0)
                *ret = STEAL(element);
        return r;
}

/* What the file holds and one more, as a list. A text that is none becomes its first element. */
static int add_to_list(const char *before, const char *secret, struct buf *ret) {
        _cleanup_(json_freep) struct json *list = NULL;
        struct json *element = NULL;
        int r = 0;

        if (before && json_parse(before, strlen(before), &list, NULL) == 0 &&
            !json_is(list, JSON_ARRAY))
                list = json_free(list);
        if (!list) {
                list = json_new_array();
                if (list && before)
                        r = make_element(before, &element);
                if (r == 0 && element)
                        r = json_append(list, element);
        }
        if (r == 0)
                r = list ? make_element(secret, &element) : -ENOMEM;
        if (r == 0)
                r = json_append(list, element);
        if (r == 0)
                r = json_render(list, JSON_PRETTY, ret);
        return r;
}

static int put_secret(struct session *session, struct op *op, const struct subject *subject,
                      struct node *dir, const struct change_result *result) {
        _cleanup_(freep) char *before = NULL;
        struct buf list = BUF_INIT(JOURNAL_BLOB_MAX), path = BUF_INIT(64 * 1024);
        size_t len;
        int r;

        if (!result->secret_adds)
                return shelves_put(session, op, subject->journal, dir, SHELF_SECRET,
                                   result->secret_file, result->secret, strlen(result->secret));
        pthread_mutex_lock(&session->tree.lock);
        r = node_path(dir, &path);
        pthread_mutex_unlock(&session->tree.lock);
        if (r == 0)
                r = journal_fetch(subject->journal, SHELF_SECRET, buf_str(&path),
                                  result->secret_file, &before, &len);
        if (r == 0 || r == -ENOENT)
                r = add_to_list(before, result->secret, &list);
        if (r == 0)
                r = shelves_put(session, op, subject->journal, dir, SHELF_SECRET,
                                result->secret_file, buf_str(&list), list.len);
        else
                r = op_fail(op, -r, "what was issued before cannot be read");
        buf_done(&path);
        buf_done(&list);
        return r;
}

/* A secret that was issued is told once: it is durable before anything else happens. One at a
 * time: what is added to a list must not be lost to another. */
static int keep_secret(struct session *session, struct op *op, const struct subject *subject,
                       const struct change_result *result) {
        struct node *dir;
        int r;

        pthread_mutex_lock(&session->tree.lock);
        dir = subject->dir->parent ? node_ref(subject->dir->parent) : node_ref(subject->dir);
        while (session->shelves.is_adding)
                pthread_cond_wait(&session->sent, &session->tree.lock);
        session->shelves.is_adding = true;
        pthread_mutex_unlock(&session->tree.lock);
        r = put_secret(session, op, subject, dir, result);
        pthread_mutex_lock(&session->tree.lock);
        session->shelves.is_adding = false;
        pthread_cond_broadcast(&session->sent);
        node_unref(&session->tree, dir);
        pthread_mutex_unlock(&session->tree.lock);
        return r;
}

static int act(struct session *session, struct op *op, struct subject *subject, const char *text,
               size_t len) {
        struct change_result result;
        int r = carry_out(session, op,
                          &(struct carry){
                                  .subject = subject,
                                  .act = EDIT_ACTION,
                                  .text = text,
                                  .len = len,
                                  .is_secret = true, /* no action is repeated from the journal */
                          },
                          &result);

        if (r == 0 && !session->commits.is_plan_only) {
                if (result.secret && result.secret_file)
                        r = keep_secret(session, op, subject, &result);
                if (r == 0)
                        r = write_result(session, op, subject, &result);
                pthread_mutex_lock(&session->tree.lock);
                if (subject->dir->parent)
                        change_acts_on(session, subject->dir->parent);
                pthread_mutex_unlock(&session->tree.lock);
        }
        change_result_done(&result);
        return r;
}

/**
 * acting_send() - the action with what was written to it.
 * Returns as carry_out(), or why its result cannot be kept; the edit remembers it.
 */
int acting_send(struct session *session, struct op *op, struct subject *subject,
                struct editing *editing) {
        uint64_t changes;
        size_t len;
        char *text;
        int r;

        pthread_mutex_lock(&session->tree.lock);
        changes = editing->changes;
        len = editing->text.len;
        text = malloc(len + 1);
        if (text) {
                memcpy(text, editing->text.data, len);
                text[len] = '\0';
        }
        pthread_mutex_unlock(&session->tree.lock);
        if (!text)
                return op_fail(op, ENOMEM, "out of memory");
        r = act(session, op, subject, text, len);
        explicit_bzero(text, len);
        free(text);
        pthread_mutex_lock(&session->tree.lock);
        editing_end(editing, changes, r, NULL);
        pthread_mutex_unlock(&session->tree.lock);
        return r;
}
