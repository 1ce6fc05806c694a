/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/acting.h"

#include <string.h>

#include "base/stamp.h"
#include "fs/carry.h"
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

/* A secret that was issued is told once: it is durable before anything else happens. */
static int keep_secret(struct session *session, struct op *op, const struct subject *subject,
                       const struct change_result *result) {
        struct node *dir;
        int r;

        pthread_mutex_lock(&session->tree.lock);
        dir = subject->dir->parent ? node_ref(subject->dir->parent) : node_ref(subject->dir);
        pthread_mutex_unlock(&session->tree.lock);
        r = shelves_put(session, op, subject->journal, dir, SHELF_SECRET, result->secret_file,
                        result->secret, strlen(result->secret));
        pthread_mutex_lock(&session->tree.lock);
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
