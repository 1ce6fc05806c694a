/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `.hcloudfs/why/PATH`: where what is shown at PATH comes from, how old it is, how long it serves.
 * The tree again, with an explanation in place of each file; a directory's own is its `.list`.
 * Nothing here ever asks the cloud: what is not known yet is not here.
 */
#include <inttypes.h>
#include <string.h>

#include "base/stamp.h"
#include "base/text.h"
#include "fs/content.h"
#include "fs/control.h"
#include "fs/directory.h"
#include "fs/local.h"
#include "fs/session.h"

enum { FRESH_MS = 1000 };

static const char own_name[] = ".list";

static struct session *session_of(struct branch *branch) {
        return (struct session *)((char *)branch - offsetof(struct session, why));
}

/* The node that is explained. */
static struct node *mirrored(const struct node *node) {
        return (struct node *)(uintptr_t)node->data;
}

/* What is known below the directory, or is there for certain; NULL: nothing. Tree locked. */
static struct listing *known_below(const struct node *dir) {
        struct listing *listing = NULL;

        if (dir->directory && dir->directory->snapshot)
                return listing_ref(dir->directory->snapshot->listing);
        if (dir->type == ENTRY_DIRECTORY && dir->branch->ops->certain)
                (void)dir->branch->ops->certain(dir, &listing);
        return listing;
}

/* Names of what is known below the directory; tree locked. */
static int add_known(struct listing *listing, const struct node *dir) {
        _cleanup_(listing_unrefp) struct listing *known = known_below(dir);
        int r = 0;

        for (size_t i = 0; known && r == 0 && i < known->count; i++) {
                const struct entry *entry = &known->entries[i];

                if (!dir->parent && text_eq(entry->name, ".hcloudfs"))
                        continue;
                if (entry->type == ENTRY_DIRECTORY)
                        r = local_listing_add(listing, entry->name, ENTRY_DIRECTORY, 0555);
                else
                        r = local_listing_add(listing, entry->name, ENTRY_FILE, 0444);
        }
        return r;
}

static int list(struct branch *branch, struct op *op, struct node *node, struct listing **ret) {
        struct session *session = session_of(branch);
        _cleanup_(listing_unrefp) struct listing *listing = NULL;
        int r = local_listing_new(session->began_s * 1000, stamp_monotonic_ms() + FRESH_MS,
                                  &listing);

        (void)op;
        if (r == 0)
                r = local_listing_add(listing, own_name, ENTRY_FILE, 0444);
        pthread_mutex_lock(&session->tree.lock);
        if (r == 0)
                r = add_known(listing, mirrored(node));
        pthread_mutex_unlock(&session->tree.lock);
        if (r < 0)
                return r;
        local_listing_end(listing);
        *ret = STEAL(listing);
        return 0;
}

/* A file here stands for the entry of the same name in the directory that ours mirrors. */
static int attach(struct branch *branch, struct node *dir, struct node *node) {
        struct session *session = session_of(branch);
        struct node *mirror = mirrored(dir), *child = NULL;
        _cleanup_(listing_unrefp) struct listing *known = NULL;
        const struct entry *entry = NULL;
        int r = 0;

        node->is_live = node->type == ENTRY_FILE;
        if (text_eq(node->name, own_name)) {
                node->data = node_ref(mirror);
                return 0;
        }
        known = known_below(mirror);
        if (known)
                entry = listing_find(known, node->name);
        if (!entry)
                return -ENOENT;
        r = tree_adopt(&session->tree, mirror, entry, &child);
        if (r == 0)
                node->data = node_ref(child);
        return r;
}

static void detach(struct node *node) {
        struct session *session = session_of(node->branch);

        if (node->data)
                node_unref(&session->tree, mirrored(node));
}

/* Of a clock that was set back meanwhile, the time alone. */
static void add_time(struct buf *buf, const char *word, int64_t ms) {
        int64_t ago_ms = stamp_now_ms() - ms;
        char text[STAMP_TEXT_SIZE];

        if (ms <= 0)
                return;
        stamp_format(ms / 1000, text);
        if (ago_ms < 0)
                (void)buf_printf(buf, "%s: %s\n", word, text);
        else
                (void)buf_printf(buf, "%s: %s (%" PRId64 " s ago)\n", word, text, ago_ms / 1000);
}

static void add_fresh(struct buf *buf, int64_t until_ms, bool is_stale) {
        int64_t left = until_ms - stamp_monotonic_ms();

        if (until_ms == INT64_MAX)
                (void)buf_add_str(buf, "serves: for ever\n");
        else if (left > 0)
                (void)buf_printf(buf, "serves: %" PRId64 ".%03" PRId64 " s more\n", left / 1000,
                                 left % 1000);
        else
                (void)buf_add_str(buf, "serves: no longer, is asked for at the next use\n");
        if (is_stale)
                (void)buf_add_str(buf, "stale: yes, nothing newer could be had\n");
}

static void explain_directory(const struct node *node, struct buf *buf) {
        const struct directory *directory = node->directory;
        const struct listing *listing;

        if (!directory || !directory->snapshot) {
                (void)buf_add_str(buf, "list: not asked for yet\n");
                return;
        }
        listing = directory->snapshot->listing;
        (void)buf_printf(buf, "entries: %zu\n", listing->count);
        add_time(buf, "fetched", listing->fetched_ms);
        add_time(buf, "changed", listing->changed_ms);
        add_fresh(buf, directory->fresh_until_ms, listing->is_stale);
}

static void explain_file(const struct node *node, int64_t now_ms, struct buf *buf) {
        const struct content *content = node->content;

        if (!content || !content->has_version) {
                (void)buf_add_str(buf, "content: not asked for yet\n");
                return;
        }
        (void)buf_printf(buf, "size: %zu\nversion: %016" PRIx64 "\n", content->len, content->hash);
        if (content->published) {
                add_time(buf, "fetched", content->published->fetched_ms);
                if (content->published->request_id)
                        (void)buf_printf(buf, "request: %s\n", content->published->request_id);
        }
        add_fresh(buf, content->fresh_until_ms, content->is_stale);
        if (content_is_pinned(content, now_ms))
                (void)buf_printf(buf,
                                 "open: by %u readers, stays as it is for up to %" PRId64 " s\n",
                                 content->readers, (content->pinned_until_ms - now_ms) / 1000);
        if (content_waits(content))
                (void)buf_add_str(buf, "newer: known, shown when the readers have closed it\n");
}

/* What the layers below call it, and what people do. */
static const struct {
        const char *member, *label;
        const char *when; /* shown only if it says this; NULL: always */
} facts[] = {
        { "/source", "known from", NULL },
        { "/age_s", "age in seconds", NULL },
        { "/fetched", "last answer", NULL },
        { "/status", "status", NULL },
        { "/request_id", "request", NULL },
        { "/revision", "revision", NULL },
        { "/changed", "changed", NULL },
        { "/fresh_until", "serves until", NULL },
        { "/refresh_ahead", "asked for ahead of that, if used, from", NULL },
        { "/outdated", "outdated by a change", "true" },
        { "/absent_since", "known to be absent since", NULL },
        { "/under_way", "being asked for", "true" },
        { "/silent_since", "server silent since", NULL },
        { "/silent_reason", "server silent because", NULL },
        { "/rate_limit_wait_ms", "wait for the rate limit in ms", NULL },
        { "/last_failure/time", "last failure", NULL },
        { "/last_failure/error", "failed with", NULL },
        { "/last_failure/status", "failed with status", NULL },
        { "/last_failure/code", "failed with code", NULL },
        { "/last_failure/request_id", "failed request", NULL },
        { "/last_failure/reason", "failed because", NULL },
};

static void explain_answer(const struct json *answer, struct buf *buf) {
        (void)buf_printf(buf, "answer: %s %s (%s of %s)\n", json_string(answer, "/method"),
                         json_string(answer, "/target"), json_string(answer, "/call"),
                         json_string(answer, "/service"));
        for (size_t i = 0; i < ELEMENTSOF(facts); i++) {
                _cleanup_(freep) char *text = NULL;

                if (json_text_at(answer, facts[i].member, &text) < 0 ||
                    (facts[i].when && !text_eq(facts[i].when, text)))
                        continue;
                for (char *p = text; *p; p++)
                        if (*p == '\n')
                                *p = ' '; /* a line stays a line */
                (void)buf_printf(buf, "  %s: %s\n", facts[i].label, text);
        }
}

/* The answers that it is made of, as far as they are known. Without the lock. */
static void explain_answers(struct op *op, struct node *mirror, struct buf *buf) {
        const struct branch_ops *ops = mirror->branch->ops;
        _cleanup_(json_freep) struct json *answers = NULL;

        if (!ops->explain || !mirror->place ||
            ops->explain(mirror->branch, op, mirror, &answers) < 0)
                return;
        for (size_t i = 0; i < json_count(answers); i++)
                explain_answer(json_item(answers, i), buf);
}

static int read_file(struct branch *branch, struct op *op, struct node *node,
                     struct document **ret) {
        struct session *session = session_of(branch);
        struct node *mirror = mirrored(node);
        struct buf text = BUF_INIT(0);
        int64_t now = stamp_monotonic_ms();
        int r;

        pthread_mutex_lock(&session->tree.lock);
        (void)buf_add_str(&text, "path: ");
        (void)node_path(mirror, &text);
        (void)buf_add_char(&text, '\n');
        if (mirror->place) {
                (void)buf_printf(&text, "identity: %s\n", place_identity(mirror->place));
                (void)place_describe(mirror->place, &text);
        }
        (void)buf_printf(&text, "inode: %" PRIu64 "\n", mirror->ino);
        if (mirror->type == ENTRY_DIRECTORY)
                explain_directory(mirror, &text);
        else if (mirror->type == ENTRY_FILE)
                explain_file(mirror, now, &text);
        else
                (void)buf_printf(&text, "target: %s\n", mirror->target);
        pthread_mutex_unlock(&session->tree.lock);
        explain_answers(op, mirror, &text);
        r = local_document_new(&text, now, ret);
        buf_done(&text);
        return r;
}

const struct branch_ops why_ops = {
        .list = list,
        .read = read_file,
        .attach = attach,
        .detach = detach,
};
