/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/events.h"

#include "base/stamp.h"
#include "fs/content.h"
#include "fs/session.h"

enum { NAMES_MAX = 1000, LINE_BYTES_MAX = 16 * 1024 };

/* Tree locked. @name: below the node, or NULL. */
static void tell(struct session *session, const struct node *node, const char *word,
                 const char *name) {
        struct buf line = BUF_INIT(LINE_BYTES_MAX);
        char now[STAMP_TEXT_SIZE];

        stamp_format(stamp_now_ms() / 1000, now);
        (void)buf_printf(&line, "%s %s ", now, word);
        (void)node_path(node, &line);
        if (name)
                (void)buf_printf(&line, "/%s", name);
        if (buf_add_char(&line, '\n') == 0)
                trail_add(&session->events, line.data, line.len);
        buf_done(&line);
}

/* A file nobody has read has no version yet: its time tells that it is another one. */
static bool is_other(struct session *session, const struct node *dir, const struct entry *before,
                     const struct entry *after) {
        const struct node *node;

        if (before->modified.tv_sec == after->modified.tv_sec &&
            before->modified.tv_nsec == after->modified.tv_nsec)
                return false;
        node = tree_child(&session->tree, dir, after->name);
        return !node || node->type != ENTRY_FILE || !node->content || !node->content->has_version;
}

static unsigned tell_gone(struct session *session, const struct node *dir,
                          const struct listing *before, const struct listing *after) {
        unsigned count = 0;

        for (size_t i = 0; i < before->count && count < NAMES_MAX; i++) {
                if (listing_find(after, before->entries[i].name))
                        continue;
                tell(session, dir, "gone", before->entries[i].name);
                count++;
        }
        return count;
}

/**
 * events_names() - a directory holds other names than before, or other things under them. Of very
 * many, the first are told. Tree locked.
 */
void events_names(struct session *session, const struct node *dir, const struct listing *before,
                  const struct listing *after) {
        bool has_same_names = before->hash == after->hash && before->count == after->count;
        unsigned count = has_same_names ? 0 : tell_gone(session, dir, before, after);

        for (size_t i = 0; i < after->count && count < NAMES_MAX; i++) {
                const struct entry *entry = &after->entries[i];
                const struct entry *old =
                        has_same_names ? &before->entries[i] : listing_find(before, entry->name);

                if (old && !is_other(session, dir, old, entry))
                        continue;
                tell(session, dir, old ? "changed" : "new", entry->name);
                count++;
        }
        if (count)
                watch_wake_trail(&session->watch, &session->events);
}

/** events_changed() - a file says something else than before. Tree locked. */
void events_changed(struct session *session, const struct node *node) {
        tell(session, node, "changed", NULL);
        watch_wake_trail(&session->watch, &session->events);
}

/** events_say() - an account is reachable or not. Takes the tree's lock. */
void events_say(struct session *session, const char *word, const char *account,
                const char *reason) {
        struct buf line = BUF_INIT(LINE_BYTES_MAX);
        char now[STAMP_TEXT_SIZE];

        stamp_format(stamp_now_ms() / 1000, now);
        (void)buf_printf(&line, "%s %s /%s", now, word, account);
        if (reason && *reason)
                (void)buf_printf(&line, ": %s", reason);
        for (size_t i = 0; i < line.len; i++)
                if (line.data[i] == '\n')
                        line.data[i] = ' '; /* a line stays a line */
        if (buf_add_char(&line, '\n') == 0)
                trail_add(&session->events, line.data, line.len);
        buf_done(&line);
        pthread_mutex_lock(&session->tree.lock);
        watch_wake_trail(&session->watch, &session->events);
        pthread_mutex_unlock(&session->tree.lock);
}
